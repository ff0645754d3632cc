# SPDX-License-Identifier: GPL-2.0-or-later
"""table_owner = yes: nobody but netd changes the rules, not for a moment, and no death of a process changes that."""
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
import lib

# Datagrams to a guest as fast as they go, for 3 s; prints how many were sent.
FLOOD = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end, n = time.monotonic() + 3, 0
while time.monotonic() < end:
    try:
        s.sendto(b'?', (sys.argv[1], 7777))
        n += 1
    except ConnectionRefusedError:
        s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except OSError:
        pass
print(n)
"""
# Counts what arrives; prints the number when asked to end.
COUNT = """
import signal, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 7777))
n = 0
def end(*_):
    print(n, flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print('ready', flush=True)
while True:
    s.recv(100)
    n += 1
"""


class Owner(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host(start=False)
        self.conf = os.path.join(self.h.root, 'etc', 'netd', 'netd.conf')
        os.makedirs(os.path.dirname(self.conf), 0o700)
        self.configure('table_owner = yes\n')
        self.h.start_netd()

    def configure(self, text):
        with open(self.conf, 'w') as f:
            f.write(text)

    def table(self):
        """The table with its handles: what was made anew has others. Without counters."""
        text = self.h.sh('nft', '-a', '-s', 'list', 'table', 'inet', 'netd', check=False).out
        return sorted(re.sub(r' progname \S+', '', line) for line in text.splitlines())

    def controller(self):
        return [p['pid'] for p in self.h.json('status')['processes'] if p['role'] == 'controller'][0]

    def lonely(self, name, bridge, net):
        """A guest of an isolated network, with an address and a default route by hand."""
        self.h.start_network(lib.network_xml(name, bridge, net, forward='', dhcp=False))
        guest = self.guest(f'g-{name}', self.h, bridge)
        guest.sh('ip', 'addr', 'add', f'{net}.9/24', 'dev', 'eth0')
        guest.sh('ip', 'route', 'add', 'default', 'via', f'{net}.1')
        return guest

    def test_f01_no_packet_in_the_gap(self):
        """Ruleset flushes, and not one datagram gets from one isolated network to another."""
        one, two = self.lonely('iso1', 'virbr1', '192.168.151'), self.lonely('iso2', 'virbr2', '192.168.152')
        self.h.sh('sysctl', '-qw', 'net.ipv4.ip_forward=1')
        count = two.spawn(sys.executable, '-c', COUNT)
        lib.wait_for('the counter', lambda: 'ready' in count.log())
        before = self.table()
        flood = one.spawn(sys.executable, '-c', FLOOD, '192.168.152.9')
        end = time.monotonic() + 2.5
        flushes = 0
        while time.monotonic() < end:
            self.h.sh('nft', 'flush', 'ruleset')
            flushes += 1
        flood.popen.wait(10)
        count.stop()
        self.assertGreater(flushes, 10)
        self.assertGreater(int(flood.log()), 1000)
        self.assertEqual(int(count.log().split()[1]), 0)
        self.assertEqual(self.table(), before)

    def test_strangers_are_refused(self):
        self.h.start_network(lib.network_xml())
        before = self.table()
        for command in ('delete table inet netd', 'flush table inet netd', 'add rule inet netd forward accept',
                        'add element inet netd to_net { "virbr1" : accept }', 'add table inet netd { flags dormant; }'):
            self.assertNotEqual(self.h.sh('nft', command, check=False).rc, 0, command)
        self.assertEqual(self.table(), before)
        self.h.sh('nft', 'add', 'table', 'inet', 'his')
        saved = self.h.sh('nft', 'list', 'table', 'inet', 'his').out
        self.h.sh('nft', '-f', '-', stdin='flush ruleset\n' + saved)
        self.assertEqual(self.table(), before)

    def test_controller_dies(self):
        """The keeper holds the socket: the table stays as it is, protected, and the next controller can change it."""
        self.h.start_network(lib.network_xml())
        before = self.table()
        for _ in range(5):
            old = self.controller()
            os.kill(old, signal.SIGKILL)
            self.h.sh('nft', 'flush', 'ruleset')
            self.assertEqual(self.table(), before)
            lib.wait_for('another controller', lambda: self.h.netctl('status', check=False).rc == 0 and
                         self.controller() != old, 10)
            self.assertEqual(self.table(), before)
        self.h.start_network(lib.network_xml('net2', 'virbr2', '192.168.151'))
        self.assertIn('in_net2', '\n'.join(self.table()))
        self.h.netctl('net-destroy', 'net2')
        self.h.netctl('net-start', 'net2')
        self.h.netctl('net-destroy', 'net2')
        self.assertNotIn('in_net2', '\n'.join(self.table()))

    def test_everything_dies(self):
        """Without any process of netd the rules go on; the next netd adopts the table as it is."""
        self.h.start_network(lib.network_xml())
        before = self.table()
        os.killpg(self.h.daemon.pid, signal.SIGKILL)
        lib.wait_for('the end of all', lambda: not subprocess.run(
            ['ip', 'netns', 'pids', self.h.ns], capture_output=True, text=True).stdout.split(), 10)
        if not self.table():
            self.skipTest('this kernel removes owned tables with their owner')
        self.h.start_netd()
        self.h.sh('nft', 'flush', 'ruleset')
        handles = [line for line in before if 'handle' in line and not line.startswith('table')]
        self.assertEqual([line for line in self.table() if 'handle' in line and not line.startswith('table')], handles)

    def test_leaves_in_good_order(self):
        self.h.start_network(lib.network_xml())
        self.h.stop_netd()
        self.assertIn('in_net1', '\n'.join(self.table()))
        self.h.start_netd()
        self.h.sh('nft', 'flush', 'ruleset')
        self.assertIn('in_net1', '\n'.join(self.table()))

    def test_changed_while_running(self):
        """The option takes effect at a reload, both ways, and a mistake changes nothing."""
        self.h.start_network(lib.network_xml())
        self.configure('table_owner = no\n')
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        lib.wait_for('a table for everybody', lambda: 'owner' not in '\n'.join(self.table()) and self.table())
        self.configure('table_owner = perhaps\n')
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        lib.wait_for('a word about it', lambda: "netd.conf line 1: table_owner is 'yes' or 'no', not 'perhaps'"
                     in self.h.daemon.log())
        self.assertEqual(self.h.sh('nft', 'add', 'rule', 'inet', 'netd', 'forward', 'accept', check=False).rc, 0)
        self.configure('table_owner = yes\n')
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        lib.wait_for('an owned table', lambda: 'owner' in '\n'.join(self.table()))

    def test_mistake_at_the_start(self):
        self.h.stop_netd()
        self.configure('table_owner = yes\nisolated = perhaps\n')
        with self.assertRaisesRegex(lib.Failed, r"netd\.conf line 2: isolated is 'libvirt' or 'strict', not 'perhaps'"):
            self.h.start_netd()


if __name__ == '__main__':
    lib.unittest.main()
