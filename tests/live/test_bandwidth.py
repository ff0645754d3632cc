# SPDX-License-Identifier: GPL-2.0-or-later
"""Bandwidth of a network: what guests as a whole receive (inbound) and send (outbound) is within 5 % of the definition."""
import re
import sys
import time

import lib

TOLERANCE = 0.05
SECONDS = 2.5

# Send without end, over UDP at about three times the limit, or over TCP.
SEND = """
import socket, sys, time
kind, address, octets = sys.argv[1], sys.argv[2], float(sys.argv[3])
if kind == 'tcp':
    s = socket.create_connection((address, 7778))
    while True:
        s.sendall(bytes(16384))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
start, sent = time.monotonic(), 0
while True:
    while sent < (time.monotonic() - start) * 3 * octets:
        try:
            s.sendto(bytes(1400), (address, 7778))
        except OSError:
            pass
        sent += 1400
    time.sleep(0.002)
"""
RECEIVE = """
import socket, threading
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(('', 7778))
t = socket.create_server(('', 7778))
print('ready', flush=True)
def swallow(s):
    while s.recv(65536):
        pass
threading.Thread(target=lambda: swallow(u), daemon=True).start()
while True:
    threading.Thread(target=swallow, args=(t.accept()[0],), daemon=True).start()
"""


def xml(limits):
    return lib.network_xml(extra=f'<bandwidth>{limits}</bandwidth>' if limits else '',
                           forward="<forward mode='route'/>")


class Bandwidth(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()

    def lab(self, limits):
        self.h.start_network(xml(limits))
        self.out = self.outside(self.h)
        self.out.sh('ip', 'route', 'add', '192.168.150.0/24', 'via', self.h.addresses(self.uplink())[0].split('/')[0])
        self.g = self.guest('g1', self.h, 'virbr1')
        self.g.dhcp()
        for place in (self.out, self.g):
            process = place.spawn(sys.executable, '-c', RECEIVE)
            lib.wait_for('the receiver', lambda: 'ready' in process.log())

    def uplink(self):
        return [r['dev'] for r in self.h.ip_json('route') if r['dst'] == 'default'][0]

    def rate(self, kind, source, target, address, limit):
        """Octets of frames per second that arrive at `target` while `source` sends more than that."""
        process = source.spawn(sys.executable, '-c', SEND, kind, address, limit)

        def received():
            return time.monotonic(), int(target.sh('cat', '/sys/class/net/eth0/statistics/rx_bytes').out)
        time.sleep(1)
        before = received()
        time.sleep(SECONDS)
        after = received()
        process.kill()
        time.sleep(0.3)
        return (after[1] - before[1]) / (after[0] - before[0])

    def to_guest(self, kind, limit):
        return self.rate(kind, self.out, self.g, self.g.lease.address, limit)

    def from_guest(self, kind, limit):
        return self.rate(kind, self.g, self.out, self.out.address, limit)

    def assert_near(self, measure, kind, limit, what):
        """Too much is always wrong; too little is measured again, for a busy machine may starve the sender."""
        for _ in range(3):
            rate = measure(kind, limit)
            print(f'# {kind} {what}: {rate:.0f} octets/s of {limit:.0f}', file=sys.stderr)
            self.assertLess(rate / limit - 1, TOLERANCE, f'{kind} {what}: {rate:.0f} octets/s instead of {limit}')
            if 1 - rate / limit < TOLERANCE:
                return
        self.fail(f'{kind} {what}: {rate:.0f} octets/s instead of {limit}')

    def test_rates(self):
        self.lab("<inbound average='1000'/><outbound average='500'/>")
        for kind in ('udp', 'tcp'):
            self.assert_near(self.to_guest, kind, 1000e3, 'inbound')
            self.assert_near(self.from_guest, kind, 500e3, 'outbound')

    def test_one_direction(self):
        self.lab("<inbound average='800' peak='1600' burst='64'/>")
        self.assert_near(self.to_guest, 'udp', 800e3, 'inbound with a peak')
        self.assertGreater(max(self.from_guest('udp', 800e3) for _ in range(3)), 1000e3)
        self.assertEqual([name for name in self.h.links() if name.startswith('netdi')], [])

    def test_peak(self):
        """The first `burst` octets come at the peak's rate."""
        self.lab("<inbound average='500' peak='4000' burst='2000'/>")
        start = int(self.g.sh('cat', '/sys/class/net/eth0/statistics/rx_bytes').out)
        process = self.out.spawn(sys.executable, '-c', SEND, 'udp', self.g.lease.address, 2000e3)
        time.sleep(0.9)
        early = int(self.g.sh('cat', '/sys/class/net/eth0/statistics/rx_bytes').out) - start
        process.kill()
        self.assertGreater(early, 1500e3)

    def shaped(self):
        out = self.h.sh('tc', 'class', 'show', 'dev', 'virbr1').out
        filters = self.h.sh('tc', 'filter', 'show', 'dev', 'virbr1', 'ingress').out
        ifb = [name for name in self.h.links() if name.startswith('netdi')]
        inner = self.h.sh('tc', 'class', 'show', 'dev', ifb[0]).out if ifb else ''
        return ('rate 8Mbit' in out, filters.count('mirred'), 'rate 4Mbit' in inner)

    def test_repair_and_end(self):
        self.h.start_network(xml("<inbound average='1000'/><outbound average='500'/>"))
        right = (True, 1, True)
        self.assertEqual(self.shaped(), right)
        self.assertEqual(self.h.json('net-plan', 'net1')['plan'], '')
        for damage in ('tc qdisc del dev virbr1 root', 'tc qdisc del dev virbr1 ingress',
                       'tc class change dev virbr1 parent 1:1 classid 1:2 htb rate 1mbit; '
                       'tc class change dev virbr1 parent 1: classid 1:1 htb rate 1mbit',
                       'tc filter del dev virbr1 parent ffff:', 'ip link del virbr1',
                       "ip link del $(ip -br link | sed -n 's/^\\(netdi[0-9a-f]*\\).*/\\1/p')"):
            self.h.sh('sh', '-ec', damage)
            lib.wait_for(f'repair after {damage}', lambda: self.shaped() == right, 0.5, 0.01)
        self.h.daemon.kill()
        self.h.start_netd()
        self.assertEqual(self.shaped(), right)
        self.h.netctl('net-destroy', 'net1')
        self.assertEqual([name for name in self.h.links() if name.startswith('netdi')], [])
        # The next network takes the parked bridge, and none of its limits.
        self.h.netctl('net-undefine', 'net1')
        self.h.define(xml('').replace('net1', 'net2'))
        self.h.netctl('net-start', 'net2')
        self.assertEqual(self.shaped(), (False, 0, False))

    def test_new_limits_at_next_start(self):
        self.h.start_network(xml("<inbound average='77'/>"))
        uuid = self.h.netctl('net-uuid', 'net1').out.strip()
        self.h.netctl('net-define', '-', stdin=xml("<inbound average='1000'/><outbound average='500'/>").replace(
            '</name>', f'</name><uuid>{uuid}</uuid>', 1))
        self.h.netctl('net-destroy', 'net1')
        self.h.netctl('net-start', 'net1')
        self.assertEqual(self.shaped(), (True, 1, True))

    def test_changed_while_running(self):
        """A limit comes, changes and goes, and the guest's flow goes on."""
        self.lab('')
        uuid = self.h.netctl('net-uuid', 'net1').out.strip()
        path = self.folder + '/net1.xml'

        def change(limits):
            with open(path, 'w') as f:
                f.write(xml(limits).replace('</name>', f'</name><uuid>{uuid}</uuid>', 1))
            self.h.netctl('net-apply', path)
        pings = self.g.spawn('ping', '-q', '-i', '0.02', self.out.address)
        change("<inbound average='1000'/><outbound average='500'/>")
        lib.wait_for('the limits', lambda: self.shaped() == (True, 1, True))
        change("<inbound average='700'/>")
        lib.wait_for('one limit', lambda: self.shaped() == (False, 0, False))
        self.assertIn('rate 5600Kbit', self.h.sh('tc', 'class', 'show', 'dev', 'virbr1').out)
        change('')
        lib.wait_for('no limit', lambda: 'htb' not in self.h.sh('tc', 'qdisc', 'show', 'dev', 'virbr1').out)
        change("<inbound average='700'/>")
        pings.popen.send_signal(2)
        pings.popen.wait(5)
        sent, received = map(int, re.search(r'(\d+) packets transmitted, (\d+) received', pings.log()).groups())
        self.assertLessEqual(sent - received, 2)
        self.assert_near(self.to_guest, 'udp', 700e3, 'inbound, changed')
