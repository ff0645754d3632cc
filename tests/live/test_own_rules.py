# SPDX-License-Identifier: GPL-2.0-or-later
"""An administrator's own rules of a network: they stand before netd's, and nothing that netd does takes them away."""
import os
import signal
import sys

import lib

SERVE = """
import socket, sys
s = socket.create_server(('', int(sys.argv[1])))
print('ready', flush=True)
while True:
    s.accept()[0].close()
"""
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1).close()
    print('connected')
except ConnectionRefusedError:
    print('refused')
except OSError as e:
    print(e)
"""


class OwnRules(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.h.start_network(lib.network_xml())
        self.out = self.outside(self.h)
        self.out.sh('ip', 'route', 'add', '192.168.150.0/24', 'via', self.out.host_address)
        self.guest_ = self.guest('g1', self.h, 'virbr1')
        self.lease = self.guest_.dhcp()
        self.file = os.path.join(self.h.root, 'etc', 'netd', 'rules', 'net1')

    def serve(self, place, port):
        p = place.spawn(sys.executable, '-c', SERVE, port)
        lib.wait_for('the server', lambda: 'ready' in p.log())

    def connect(self, place, address, port):
        return place.sh(sys.executable, '-c', CONNECT, address, port).out.strip()

    def set(self, text, check=True, name='net1'):
        return self.h.netctl('net-rules', name, '--set', '-', stdin=text, check=check)

    def own(self):
        return self.h.netctl('net-rules', 'net1', '--own', '-q').out

    def reached(self):
        return self.connect(self.out, self.lease.address, 22)

    def test_in_and_out(self):
        self.serve(self.guest_, 22)
        self.serve(self.guest_, 23)
        self.serve(self.out, 80)
        self.assertNotEqual(self.reached(), 'connected')
        text = (f'# what the world may\nin tcp dport 22 ip saddr {self.out.address} accept comment "ssh from outside"\n'
                'out tcp dport 80 reject\n')
        self.assertIn('Own rules of network net1 set', self.set(text).out)
        self.assertEqual(self.reached(), 'connected')
        self.assertNotEqual(self.connect(self.out, self.lease.address, 23), 'connected')
        self.assertEqual(self.connect(self.guest_, self.out.address, 80), 'refused')
        self.assertEqual(self.own(), text)
        rows = [r for r in self.h.json('net-rules', 'net1')['rules'] if r['comment'] in ('ssh from outside', 'own rule, line 3')]
        self.assertEqual([(r['chain'], r['target'], r['options']) for r in rows],
                         [('LIBVIRT_FWI', 'ACCEPT', 'tcp dpt:22'),
                          ('LIBVIRT_FWO', 'REJECT', 'tcp dpt:80 reject-with icmp-port-unreachable')])
        self.assertGreater(rows[0]['packets'], 0)
        self.assertGreater(rows[1]['packets'], 0)
        self.h.netctl('net-rules', 'net1', '--unset')
        self.assertNotEqual(self.reached(), 'connected')
        self.assertEqual(self.connect(self.guest_, self.out.address, 80), 'connected')
        self.assertEqual(self.own(), '')
        self.assertFalse(os.path.exists(self.file))

    def test_they_stay(self):
        """Flushes, a dead controller, a restart, a stop and a start."""
        self.serve(self.guest_, 22)
        self.set('in tcp dport 22 accept\n')
        self.h.sh('nft', 'flush', 'ruleset')
        lib.wait_for('repair', lambda: self.reached() == 'connected', 2)
        pid = [p['pid'] for p in self.h.json('status')['processes'] if p['role'] == 'controller'][0]
        os.kill(pid, signal.SIGKILL)
        lib.wait_for('another controller', lambda: self.h.netctl('status', check=False).rc == 0, 10)
        self.assertEqual(self.reached(), 'connected')
        self.h.stop_netd()
        self.h.start_netd()
        self.assertEqual(self.own(), 'in tcp dport 22 accept\n')
        self.assertEqual(self.reached(), 'connected')
        self.h.netctl('net-destroy', 'net1')
        self.h.netctl('net-start', 'net1')
        lib.wait_for('the port', lambda: self.reached() == 'connected', 2)

    def test_port_forward(self):
        """Somebody translates a port of the host to a guest; the guest's network lets it in."""
        self.serve(self.guest_, 22)
        self.h.sh('nft', 'add table ip his; add chain ip his pre { type nat hook prerouting priority -100; }; '
                  f'add rule ip his pre iifname up0 tcp dport 2222 dnat to {self.lease.address}:22')
        self.assertNotEqual(self.connect(self.out, self.out.host_address, 2222), 'connected')
        self.set('in ct status dnat accept\n')
        self.assertEqual(self.connect(self.out, self.out.host_address, 2222), 'connected')
        self.assertNotEqual(self.reached(), 'connected')

    def test_written_by_hand(self):
        """The file is read at SIGHUP; a mistake in it is told, and what was in force stays."""
        self.serve(self.guest_, 22)
        os.makedirs(os.path.dirname(self.file), exist_ok=True)

        def write(text):
            with open(self.file, 'w') as f:
                f.write(text)
            os.kill(self.h.daemon.pid, signal.SIGHUP)
        write('in tcp dport 22 accept\n')
        lib.wait_for('the rule', lambda: self.reached() == 'connected', 3)
        write('in tcp dport 22 accept\nin tcp port 23 accept\n')
        lib.wait_for('a word about it', lambda: "rules/net1: line 2: 'tcp' is no match" in self.h.netctl('status').out)
        self.assertIn('own-rules', self.h.netctl('status').out)
        self.assertEqual(self.reached(), 'connected')
        write('in tcp dport 24 accept\n')
        lib.wait_for('the change', lambda: self.reached() != 'connected', 3)
        self.assertNotIn('rules/net1', self.h.netctl('status').out)
        os.unlink(self.file)
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        lib.wait_for('the removal', lambda: self.own() == '')
        write('nonsense\n')
        lib.wait_for('a word about it', lambda: 'own-rules' in self.h.netctl('status').out)
        self.set('in tcp dport 22 accept\n')
        self.assertNotIn('own-rules', self.h.netctl('status').out)
        self.assertEqual(self.reached(), 'connected')

    def test_refused(self):
        self.set('in tcp dport 22 accept\n')
        for text, says in (('in tcp dport 22 accept\nin accept all\n',
                            "own rules of network 'net1': line 2: 'all' behind the verdict"),
                           ('x' * 70000, 'more than 65536 octets')):
            refused = self.set(text, check=False)
            self.assertEqual(refused.rc, 1)
            self.assertIn(says, refused.err)
        self.assertEqual(self.own(), 'in tcp dport 22 accept\n')
        self.assertEqual(self.h.netctl('net-rules', 'net1', '--set', '-', '--unset', check=False, stdin='').rc, 1)
        self.h.define(lib.network_xml('free', 'virbr2', '192.168.151', "<forward mode='open'/>"))
        self.assertIn('has no firewall rules of netd', self.set('in accept', check=False, name='free').err)

    def test_before_the_network_runs(self):
        self.h.define(lib.network_xml('net2', 'virbr2', '192.168.151'))
        self.set('out ip daddr 203.0.113.0/24 drop\n', name='net2')
        self.h.netctl('net-start', 'net2')
        self.assertRegex(self.h.netctl('net-rules', 'net2').out, r'LIBVIRT_FWO +DROP +ipv4 .* 203\.0\.113\.0/24')
