# SPDX-License-Identifier: GPL-2.0-or-later
"""Many clients do anything to a few networks at once while processes die: afterwards the kernel holds what is defined,
nothing waits for ever, nothing is left over. NETD_STRESS_SEC makes it longer."""
import collections
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
import lib

SECONDS = float(os.environ.get('NETD_STRESS_SEC', 15))
CLIENTS, NETWORKS = 8, 10
ANSWER_SEC = 30  # no call may take longer, whatever dies meanwhile
SETTLE_SEC = 30
PARKED = r'netdp\d+$'
PORT = "<networkport><uuid>{0}</uuid><owner><name>vm</name><uuid>{0}</uuid></owner><mac address='52:54:00:00:00:01'/></networkport>"
PORT_UUID = '00000000-0000-4000-8000-00000000000{}'
HOST = "<host mac='52:54:00:00:01:{0:02x}' name='h{0}' ip='192.168.{1}.{2}'/>"


class Net:
    def __init__(self, i):
        self.i, self.name, self.bridge, self.third = i, f'net{i}', f'virbr{i}', 200 + i
        self.uuid = str(uuid.uuid4())

    def xml(self, folder):
        tftp = f"<tftp root='{folder}'/>" if self.i % 3 == 0 else ''
        return lib.network_xml(self.name, self.bridge, f'192.168.{self.third}', uuid=self.uuid,
                               extra=f"<mac address='52:54:00:aa:00:{self.i:02x}'/>").replace('<dhcp>', tftp + '<dhcp>')


class Client(threading.Thread):
    """One client after the other, each doing something; what they are told doesn't matter, only that they are."""

    def __init__(self, case, seed):
        super().__init__(daemon=True)
        self.case, self.random, self.stuck = case, random.Random(seed), []
        self.done = collections.Counter()

    def call(self, *words, stdin=''):
        words = self.case.h.words(*words)
        try:
            done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=ANSWER_SEC)
            return done.returncode
        except subprocess.TimeoutExpired:
            self.stuck.append(words)
            return -1

    def netctl(self, *words, stdin=''):
        return self.call(lib.NETCTL, '--root', self.case.h.root, *words, stdin=stdin)

    def virsh(self, *words):
        return self.call('virsh', '-q', '-c', f'network:///system?mode=direct&socket={self.case.h.socket}', *words)

    def do(self, net, what):
        n = self.random.randrange(10)
        xml = os.path.join(self.case.folder, f'{net.name}.xml')
        port = os.path.join(self.case.folder, f'port-{n % 5}.xml')
        host = HOST.format(n, net.third, 10 + n)
        return {
            'define': lambda: self.netctl('net-define', xml),
            'vdefine': lambda: self.virsh('net-define', xml),
            'create': lambda: self.netctl('net-create', xml),
            'start': lambda: self.netctl('net-start', net.name),
            'vstart': lambda: self.virsh('net-start', net.name),
            'destroy': lambda: self.netctl('net-destroy', net.name),
            'undefine': lambda: self.virsh('net-undefine', net.name),
            'autostart': lambda: self.netctl('net-autostart', net.name),
            'add': lambda: self.netctl('net-update', net.name, 'add', 'ip-dhcp-host', host),
            'delete': lambda: self.netctl('net-update', net.name, 'delete', 'ip-dhcp-host', host),
            'port': lambda: self.virsh('net-port-create', net.name, port),
            'unport': lambda: self.virsh('net-port-delete', net.name, PORT_UUID.format(n % 5)),
            'guest': lambda: self.netctl('guest-run', net.name, '--', 'true'),
            'dump': lambda: self.virsh('net-dumpxml', net.name),
            'rules': lambda: self.netctl('net-rules', net.name),
        }[what]()

    def run(self):
        kinds = ['define', 'define', 'vdefine', 'create', 'start', 'start', 'vstart', 'destroy', 'destroy', 'undefine',
                 'autostart', 'add', 'delete', 'port', 'unport', 'guest', 'guest', 'dump', 'rules']
        while not self.case.over:
            what = self.random.choice(kinds)
            self.done[what, self.do(self.random.choice(self.case.nets), what) == 0] += 1


class Stress(lib.Case):
    def setUp(self):
        super().setUp()
        self.h, self.over = self.host(), False
        self.seed = int(os.environ.get('NETD_STRESS_SEED', random.randrange(1 << 30)))
        self.nets = [Net(i) for i in range(NETWORKS)]
        os.chmod(self.folder, 0o755)
        for net in self.nets:
            self.write(f'{net.name}.xml', net.xml(self.folder))
        for i in range(5):
            self.write(f'port-{i}.xml', PORT.format(PORT_UUID.format(i)))

    def write(self, name, text):
        with open(os.path.join(self.folder, name), 'w') as f:
            f.write(text)

    def processes(self):
        return {p['role'] + str(i): p['pid'] for i, p in enumerate(self.h.json('status')['processes'])}

    def descriptors(self):
        """Of keeper and controller."""
        rows = self.h.json('status')['processes']
        return {p['role']: len(os.listdir(f"/proc/{p['pid']}/fd")) for p in rows if p['role'] in ('keeper', 'controller')}

    def start_all(self):
        for net in self.nets:
            self.h.netctl('net-define', os.path.join(self.folder, f'{net.name}.xml'))
            self.h.netctl('net-start', net.name)
        lib.wait_for('all workers', lambda: all(p['pid'] for p in self.h.json('status')['processes']), SETTLE_SEC)

    def clear(self):
        for net in self.nets:
            self.h.netctl('net-destroy', net.name, check=False, timeout=ANSWER_SEC)
            self.h.netctl('net-undefine', net.name, check=False, timeout=ANSWER_SEC)
        self.assertEqual(self.h.json('status')['networks'], [])

    def nothing_left(self):
        """But bridges that are parked until a quiet moment, each empty and down."""
        def left():
            return [row for row in self.h.ip_json('link') if row['ifname'] != 'lo' and
                    ('UP' in row['flags'] or row.get('master') or not re.match(PARKED, row['ifname']))]
        try:
            lib.wait_for('the last link to go', lambda: not left(), SETTLE_SEC, 0.2)
        except lib.Failed:
            self.fail(f"{self.h.sh('ip', '-d', 'link').out}; seed {self.seed}")
        self.assertNotRegex(self.h.rules(), 'virbr')
        roles = [p['role'] for p in self.h.json('status')['processes']]
        self.assertNotIn('files', roles)
        left = {k: os.listdir(os.path.join(self.h.root, p)) for k, p in
                (('run', 'run/netd/networks'), ('ports', 'run/netd/ports'), ('attached', 'run/netd/attached'),
                 ('etc', 'etc/netd/networks'), ('autostart', 'etc/netd/autostart')) if
                os.path.isdir(os.path.join(self.h.root, p))}
        self.assertEqual({k: v for k, v in left.items() if v}, {})

    def consistent(self):
        """What is active is in the kernel, what isn't is not."""
        rows = {n['name']: n for n in self.h.json('status')['networks']}
        links, rules = self.h.links(), self.h.rules()
        problems = []
        for net in self.nets:
            active = net.name in rows and rows[net.name]['state'] == 'active'
            if net.name in rows and rows[net.name]['state'] not in ('active', 'inactive'):
                problems.append(f"{net.name} is {rows[net.name]['state']}")
            if (net.bridge in links) != active:
                problems.append(f'{net.name}: active {active}, bridge {net.bridge in links}')
            if bool(re.search(rf'"{net.bridge}"', rules)) != active:
                problems.append(f'{net.name}: active {active}, but its rules say otherwise')
            if active and self.h.addresses(net.bridge) != [f'192.168.{net.third}.1/24']:
                problems.append(f'{net.name}: addresses {self.h.addresses(net.bridge)}')
        return problems

    def kill_now_and_then(self):
        dice = random.Random(self.seed)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(dice.uniform(0.2, 1.5))
            try:
                rows = [p for p in self.h.json('status')['processes'] if p['pid'] and p['role'] != 'keeper']
                victim = dice.choice(rows)
                os.kill(victim['pid'], dice.choice([signal.SIGKILL, signal.SIGABRT]))
            except (lib.Failed, ProcessLookupError):
                pass

    def test_everything_at_once(self):
        self.start_all()
        before = self.descriptors()
        clients = [Client(self, self.seed + i) for i in range(CLIENTS)]
        for c in clients:
            c.start()
        try:
            self.kill_now_and_then()
        finally:
            self.over = True
            for c in clients:
                c.join(ANSWER_SEC + 5)
        self.assertEqual([s for c in clients for s in c.stuck], [], f'no answer; seed {self.seed}')
        total = sum((c.done for c in clients), collections.Counter())
        print(dict(sorted(total.items(), key=str)), file=sys.stderr)
        try:
            lib.wait_for('the kernel to hold what is defined', lambda: not self.consistent(), SETTLE_SEC, 0.3)
        except lib.Failed:
            self.fail(f'{self.consistent()}; seed {self.seed}')
        self.clear()
        self.nothing_left()
        self.start_all()
        self.assertEqual(self.consistent(), [])
        after = self.descriptors()
        for role in before:
            self.assertLessEqual(abs(after[role] - before[role]), 3, f'{role}: {before} {after}; seed {self.seed}')
        self.clear()
        self.assertEqual(self.h.stop_netd(), 0)
        self.assertEqual(self.h.links(), set())
        self.assertNotIn('table inet netd', self.h.rules())


if __name__ == '__main__':
    import unittest
    unittest.main()
