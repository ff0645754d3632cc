# SPDX-License-Identifier: GPL-2.0-or-later
"""Others pull at what netd has built in the kernel: it is put right again, in time, and nothing else is touched."""
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
import lib

XML = lib.network_xml(extra="<mtu size='1500'/><mac address='52:54:00:11:22:33'/>").replace(
    '</network>', "<ip family='ipv6' address='fd50::1' prefix='64'/>"
    "<route address='10.99.0.0' prefix='16' gateway='192.168.150.9'/></network>")
FLUSH = 'ip addr flush dev virbr1 || true'  # fails when the addresses come back again and again
TOOLS_SEC = 0.15   # what starting ip, nft and sh may take on a busy machine

# New UDP flows for 3 s; prints the longest time without an answer.
GAPS = """
import socket, sys, time
last = time.monotonic()
end, longest = last + 3, 0
print('ready', flush=True)
while time.monotonic() < end:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.002)
        try:
            s.sendto(b'?', (sys.argv[1], 7777))
            s.recv(100)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
            time.sleep(0.0005)
        except (TimeoutError, OSError):
            pass
print(max(longest, time.monotonic() - last))
"""
# A new UDP flow every millisecond or so, until one is answered; prints how long that took.
PROBE = """
import socket, sys, time
start = time.monotonic()
while time.monotonic() < start + 5:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.002)
        try:
            s.sendto(b'?', (sys.argv[1], 7777))
            s.recv(100)
            break
        except (TimeoutError, OSError):
            pass
print(time.monotonic() - start)
"""
ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 7777))
print('ready', flush=True)
while True:
    try:
        s.sendto(b'!', s.recvfrom(100)[1])
    except OSError:  # untranslated: no way back
        pass
"""
# A router advertisement, RFC 4861 §4.2, with the lifetime of a default router.
ADVERTISE = """
import socket, struct, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.sendto(struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 1800, 0, 0), ('ff02::1', 0, 0, socket.if_nametoindex(sys.argv[1])))
"""


class Repair(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()

    def start(self):
        self.h.start_network(XML)
        self.want = self.picture()

    def picture(self):
        """What is ours, for comparing; without indexes and counters."""
        link = {k: v for k, v in self.link('virbr1').items() if k in ('address', 'mtu', 'ifalias')}
        return {'link': link, 'up': 'UP' in self.link('virbr1')['flags'], 'addresses': self.h.addresses('virbr1'),
                'addresses6': sorted(self.h.addresses('virbr1', 'inet6')),
                'routes': sorted(self.h.sh('ip', 'route', 'show', 'dev', 'virbr1').out.replace('linkdown', '').split()),
                'rules': self.rules(),
                'forward': [self.sysctl('net/ipv4/ip_forward'), self.sysctl('net/ipv6/conf/all/forwarding')]}

    def rules(self):
        """The table's chains and maps; their order tells nothing."""
        text = self.h.sh('nft', '-s', 'list', 'table', 'inet', 'netd', check=False).out
        return sorted(block.strip('}\n') for block in text.replace('table inet netd {', '').split('\n\n'))

    def sysctl(self, path, value=None):
        if value is not None:
            self.h.sh('sh', '-c', f'echo {value} >/proc/sys/{path}')
        return self.h.sh('cat', f'/proc/sys/{path}').out.strip()

    def link(self, name):
        rows = self.h.sh('ip', '-j', '-d', 'link', 'show', 'dev', name, check=False).out
        return lib.json.loads(rows)[0] if rows.strip() else {'flags': []}

    def repaired(self, *script, seconds=0.1):
        """Do the damage; all is as it was within so many seconds."""
        self.h.sh('sh', '-ec', '; '.join(script))
        try:
            lib.wait_for(f'repair after {script}', lambda: self.picture() == self.want, seconds + TOOLS_SEC, 0.001)
        except lib.Failed:
            self.assertEqual(self.picture(), self.want)

    # ---- rules ----

    def test_f01_ruleset_flushed(self):
        self.start()
        out = self.outside(self.h)
        echo = out.spawn(sys.executable, '-c', ECHO)
        lib.wait_for('the echo', lambda: 'ready' in echo.log())
        guest = self.guest('g1', self.h, 'virbr1')
        guest.dhcp()
        probe = guest.spawn(sys.executable, '-c', GAPS, out.address)
        lib.wait_for('the probe', lambda: 'ready' in probe.log())
        for _ in range(8):
            self.repaired('nft flush ruleset')
            time.sleep(0.1)
        probe.popen.wait(10)
        self.assertLess(float(probe.log().split()[1]), 0.1)

    def controller(self):
        return [p['pid'] for p in self.h.json('status')['processes'] if p['role'] == 'controller'][0]

    def test_f01_flushed_while_working(self):
        """Flushes hit jobs that are on their way: the controller doesn't mistake what is there."""
        self.start()
        self.h.define(lib.network_xml('net2', 'virbr2', '192.168.151'))
        before = self.controller()
        flusher = self.h.spawn('sh', '-c', 'while :; do nft flush ruleset; done')
        for _ in range(10):
            self.h.netctl('net-start', 'net2', check=False)
            self.h.netctl('net-destroy', 'net2', check=False)
        flusher.kill()
        self.repaired('true', seconds=1)
        self.assertEqual(self.controller(), before)

    def test_f03_iptables_restored(self):
        """What iptables-restore does by way of nf_tables: its own tables are replaced, and none else."""
        self.start()
        rules = 'table ip filter {\n\tchain FORWARD {\n\t\tip protocol 99 drop\n\t}\n}\n'
        for table in ('filter', 'nat'):
            self.h.sh('nft', 'add', 'table', 'ip', table)
        for _ in range(3):
            self.h.sh('nft', '-f', '-', stdin='flush table ip filter\nflush table ip nat\ndelete table ip filter\n'
                      'delete table ip nat\nadd table ip nat\n' + rules)
            self.assertEqual(self.picture(), self.want)
        self.assertIn('ip protocol 99', self.h.rules())

    def test_f06_one_rule_deleted_or_added(self):
        self.start()
        self.h.start_network(lib.network_xml('net2', 'virbr2', '192.168.151'))
        self.want = self.picture()
        guest = self.guest('g2', self.h, 'virbr2')
        guest.dhcp()
        guest.ping('192.168.150.1', check=False)
        for out, change in (('in_net1', 'delete rule inet netd in_net1 handle {}'),
                            ('out_net1', 'delete rule inet netd out_net1 handle {}'),
                            ('nat_net1', 'add rule inet netd nat_net1 accept'),
                            ('in_net1', 'flush chain inet netd in_net1'),
                            ('forward', 'insert rule inet netd forward drop'),
                            ('to_net', 'delete element inet netd to_net {{ "virbr1" }}')):
            listed = self.h.sh('nft', '-a', 'list', 'table', 'inet', 'netd').out
            chain = listed[listed.index(f'{out} {{'):]
            handle = re.search(r'comment ".*# handle (\d+)', chain).group(1)
            self.repaired("nft '" + change.format(handle) + "'")
        self.h.sh('nft', 'delete', 'table', 'inet', 'netd')
        self.repaired('true')

    def test_f08_one_guest_leaves(self):
        self.start()
        one, two = self.guest('g1', self.h, 'virbr1'), self.guest('g2', self.h, 'virbr1')
        two.dhcp()
        self.h.sh('ip', 'link', 'del', one.port)
        self.assertEqual(self.picture(), self.want)
        two.ping('192.168.150.1')

    # ---- start ----

    def test_f19_killed_while_starting_and_stopping(self):
        """The controller dies at any moment; what it left is finished or undone in one go, and nothing foreign goes."""
        self.h.sh('ip', 'link', 'add', 'foreign0', 'type', 'bridge')
        self.h.sh('nft', 'add', 'table', 'inet', 'foreign')
        self.h.define(XML)
        self.h.netctl('net-start', 'net1')
        self.want = self.picture()
        self.h.netctl('net-destroy', 'net1')
        roll = random.Random(19)
        for turn in range(50):
            verb = 'net-start' if turn % 2 == 0 else 'net-destroy'
            pid = self.controller()
            call = subprocess.Popen(self.h.words(lib.NETCTL, '--root', self.h.root, verb, 'net1'),
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(roll.uniform(0.002, 0.02))
            os.kill(pid, signal.SIGKILL)
            call.wait(20)
            lib.wait_for('another controller', lambda: self.h.netctl('status', check=False).rc == 0, 10)
            active = self.h.netctl('net-list', '--name').out.split() == ['net1']
            if verb == 'net-start':
                if not active:
                    self.h.netctl('net-start', 'net1')
                self.assertEqual(self.picture(), self.want, f'turn {turn}')
            else:
                if active:
                    self.h.netctl('net-destroy', 'net1')
                self.assertNotIn('virbr1', self.h.links(), f'turn {turn}')
                self.assertNotIn('net1', self.h.rules(), f'turn {turn}')
                self.assertNotIn('10.99.0.0', self.h.sh('ip', 'route').out)
        self.assertIn('foreign0', self.h.links())
        self.assertIn('table inet foreign', self.h.rules())

    def test_f21_foreign_link_of_that_name(self):
        self.h.define(XML)
        for kind in ('veth', 'bridge'):
            self.h.sh('ip', 'link', 'add', 'virbr1', 'type', kind)
            self.h.sh('ip', 'link', 'set', 'virbr1', 'up')
            before = self.h.state()
            refused = self.h.netctl('net-start', 'net1', check=False)
            self.assertEqual(refused.rc, 1)
            self.assertRegex(refused.err, 'virbr1.*' + kind)
            after = self.h.state()
            self.assertEqual((after['links'], after['addresses']), (before['links'], before['addresses']))
            self.assertNotIn('net1', after['rules'])
            self.h.sh('ip', 'link', 'del', 'virbr1')
        self.h.netctl('net-start', 'net1')

    # ---- the bridge ----

    def test_f22_bridge_deleted(self):
        self.start()
        guest = self.guest('g1', self.h, 'virbr1')
        lease = guest.dhcp()
        took = []
        for _ in range(3):
            since = time.monotonic()
            self.h.sh('ip', 'link', 'del', 'virbr1')
            lib.wait_for('the guest reaches its gateway', lambda: guest.ping(lease.router, check=False, wait=0.05).rc == 0,
                         2, 0.001)
            took.append(time.monotonic() - since)
            self.repaired('true')
            self.assertEqual(guest.sh('dig', '+short', '+time=1', '+tries=1', '@' + lease.router, 'g1', check=False).rc, 0)
        self.assertLess(max(took), 0.5 + TOOLS_SEC)
        self.assertEqual(guest.dhcp().address, lease.address)

    def test_f22_bridge_replaced_by_another(self):
        """Somebody's own bridge stands in the way for a while; when it goes, guests are served again."""
        self.start()
        guest = self.guest('g1', self.h, 'virbr1')
        lease = guest.dhcp()
        controller = [p['pid'] for p in self.h.json('status')['processes'] if p['role'] == 'controller'][0]
        os.kill(controller, signal.SIGSTOP)
        self.h.sh('ip', 'link', 'del', 'virbr1')
        self.h.sh('ip', 'link', 'add', 'virbr1', 'type', 'bridge')
        os.kill(controller, signal.SIGCONT)
        time.sleep(0.3)
        self.h.sh('ip', 'link', 'del', 'virbr1')
        self.repaired('true', seconds=1)
        guest.ping(lease.router)
        self.assertEqual(guest.dhcp().address, lease.address)
        self.assertEqual(guest.sh('dig', '+short', '+time=1', '+tries=1', '@' + lease.router, 'g1', check=False).rc, 0)

    def test_f23_down_and_flushed(self):
        self.start()
        self.repaired('ip link set virbr1 down')
        self.repaired(FLUSH)
        self.repaired('ip addr del 192.168.150.1/24 dev virbr1')
        self.repaired('ip -6 addr del fd50::1/64 dev virbr1')
        self.repaired('ip route del 10.99.0.0/16')

    def test_f24_renamed(self):
        self.start()
        guest = self.guest('g1', self.h, 'virbr1')
        guest.dhcp()
        self.repaired('ip link set virbr1 down', 'ip link set virbr1 name other', 'ip link set other up || true')
        self.assertNotIn('other', self.h.links())
        guest.ping('192.168.150.1')

    def test_f25_f26_ports(self):
        """Ports taken out come back with their setting; a tap made anew gets the network's as soon as it is attached."""
        self.h.start_network(lib.network_xml(extra="<port isolated='yes'/>"))

        def isolated():
            data = self.link('t0').get('linkinfo', {}).get('info_slave_data', {})
            return self.link('t0').get('master') == 'virbr1' and data.get('isolated')
        for _ in range(2):
            self.h.sh('sh', '-ec', 'ip tuntap add dev t0 mode tap; ip link set t0 master virbr1 up')
            lib.wait_for('isolation', isolated, 0.05 + TOOLS_SEC, 0.001)
            self.h.sh('ip', 'link', 'set', 't0', 'nomaster')
            lib.wait_for('attached again', isolated, 0.1 + TOOLS_SEC, 0.001)
            self.h.sh('ip', 'link', 'del', 't0')

    def test_f27_f28_mac(self):
        self.start()
        for i in range(5):
            self.h.sh('ip', 'tuntap', 'add', 'dev', f'low{i}', 'mode', 'tap')
            self.h.sh('ip', 'link', 'set', f'low{i}', 'address', f'02:00:00:00:00:0{9 - i}', 'master', 'virbr1', 'up')
            self.assertEqual(self.link('virbr1')['address'], '52:54:00:11:22:33')
        for i in range(5):
            self.h.sh('ip', 'link', 'del', f'low{i}')
            self.assertEqual(self.link('virbr1')['address'], '52:54:00:11:22:33')
        self.repaired('ip link set virbr1 address 02:00:00:00:00:01')

    def test_f29_small_mtu_joins(self):
        self.start()
        self.h.sh('ip', 'tuntap', 'add', 'dev', 'small', 'mode', 'tap')
        self.h.sh('ip', 'link', 'set', 'small', 'mtu', '1300', 'master', 'virbr1', 'up')
        lib.wait_for('a word about it', lambda: "'small' has an MTU of 1300" in self.h.daemon.log())
        self.assertEqual(self.link('virbr1')['mtu'], 1500)
        self.repaired('ip link set virbr1 mtu 1400')

    # ---- the host ----

    def test_f36_uplink_goes_and_returns(self):
        uplink = 'up9'
        self.h.start_network(lib.network_xml(forward=f"<forward mode='nat' dev='{uplink}'/>"))
        guest = self.guest('g1', self.h, 'virbr1')
        guest.dhcp()
        out = self.namespace('out')
        echo = out.spawn(sys.executable, '-c', ECHO)
        lib.wait_for('the echo', lambda: 'ready' in echo.log())
        for _ in range(3):
            self.h.wire(out, uplink, 'u0')
            out.sh('ip', 'addr', 'add', '198.51.100.1/24', 'dev', 'u0')
            self.h.sh('ip', 'addr', 'add', '198.51.100.2/24', 'dev', uplink)
            self.assertLess(float(guest.sh(sys.executable, '-c', PROBE, '198.51.100.1').out), 0.1)
            self.h.sh('ip', 'link', 'del', uplink)

    def test_f50_host_keeps_its_ipv6_route(self):
        out = self.namespace('out')
        self.h.wire(out, 'up9', 'u0')
        self.assertEqual(self.sysctl('net/ipv6/conf/up9/accept_ra'), '1')
        lib.wait_for('link-local addresses', lambda: 'tentative' not in out.sh('ip', '-6', 'addr', 'show', 'dev', 'u0').out
                     and 'fe80' in out.sh('ip', '-6', 'addr', 'show', 'dev', 'u0').out)

        def route():
            return 'proto ra' in self.h.sh('ip', '-6', 'route', 'show', 'default').out

        def learned():
            out.sh(sys.executable, '-c', ADVERTISE, 'u0')
            return route()
        lib.wait_for('the route that the host learns', learned)
        self.start()
        self.assertTrue(route())
        self.assertEqual(self.sysctl('net/ipv6/conf/up9/accept_ra'), '2')
        self.assertEqual(self.sysctl('net/ipv6/conf/all/forwarding'), '1')
        self.assertEqual(self.sysctl('net/ipv6/conf/virbr1/accept_ra'), '0')

    def test_f52_another_manager_tidies_up(self):
        self.start()
        self.repaired('ip route flush proto 110')
        self.repaired(FLUSH, 'ip route flush dev virbr1', 'ip link set virbr1 down')
        self.repaired('ip link set virbr1 mtu 9000', 'ip link set virbr1 alias nobody')

    def test_f53_forwarding_switched_off(self):
        self.start()
        self.repaired('echo 0 >/proc/sys/net/ipv4/ip_forward', seconds=1)
        self.repaired('echo 0 >/proc/sys/net/ipv6/conf/all/forwarding', seconds=1)

    def test_f53_sysctl_of_the_bridge(self):
        """Nothing tells of such a change: the audit finds it."""
        self.start()
        self.sysctl('net/ipv6/conf/virbr1/accept_ra', 2)
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        lib.wait_for('repair', lambda: self.sysctl('net/ipv6/conf/virbr1/accept_ra') == '0')

    def test_f54_events_lost(self):
        """More links than the event socket holds, while the controller sleeps."""
        self.start()
        pid = self.controller()
        os.kill(pid, signal.SIGSTOP)
        batch = ''.join(f'link add l{i} type veth peer name k{i}\n' for i in range(1000))
        self.h.sh('ip', '-batch', '-', stdin=batch)
        self.h.sh('ip', 'addr', 'flush', 'dev', 'virbr1')
        os.kill(pid, signal.SIGCONT)
        self.repaired('true', seconds=1)
        self.h.netctl('net-list')
