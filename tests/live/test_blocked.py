# SPDX-License-Identifier: GPL-2.0-or-later
"""Others' firewall rules that drop guests' packets: said within a second, by chain, and taken back when it is over."""
import os
import signal
import time

import lib

FORWARD = ('net1', 'rules-blocked', 'ip filter FORWARD')


class Blocked(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()

    def start(self, **options):
        self.h.start_network(lib.network_xml(**options))

    def blocked(self):
        return {(c['network'], c['kind'], c['object']) for c in self.h.json('status')['conditions']}

    def until(self, *rows):
        lib.wait_for(f'{rows}, not {self.blocked()}', lambda: self.blocked() == set(rows), 1.0)

    def text(self):
        return self.h.json('status')['conditions'][0]['text']

    def nft(self, *lines):
        self.h.sh('nft', '-f', '-', stdin='\n'.join(lines) + '\n')

    @lib.needs('iptables-nft')
    def test_f04_docker(self):
        """What dockerd does: policy drop, chains of its own, and nothing for our bridge; what its users do about it."""
        iptables = lambda *words: self.h.sh('iptables-nft', *words)
        self.start()
        iptables('-N', 'DOCKER-USER')
        iptables('-A', 'DOCKER-USER', '-j', 'RETURN')
        iptables('-A', 'FORWARD', '-j', 'DOCKER-USER')
        iptables('-A', 'FORWARD', '-o', 'docker0', '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT')
        iptables('-A', 'FORWARD', '-i', 'docker0', '!', '-o', 'docker0', '-j', 'ACCEPT')
        self.assertEqual(self.blocked(), set())
        iptables('-P', 'FORWARD', 'DROP')
        self.until(FORWARD)
        self.assertIn('policy drop', self.text())
        self.assertIn('what guests send and what is sent back', self.text())
        self.assertIn('DOCKER-USER', self.h.json('status')['conditions'][0]['to-do'])
        iptables('-I', 'DOCKER-USER', '-i', 'virbr1', '-j', 'ACCEPT')
        lib.wait_for('half of it', lambda: 'drops what is sent back to guests' in self.text(), 1)
        iptables('-I', 'DOCKER-USER', '-o', 'virbr1', '-m', 'conntrack', '--ctstate', 'ESTABLISHED', '-j', 'ACCEPT')
        self.until()
        iptables('-F', 'DOCKER-USER')
        self.until(FORWARD)
        iptables('-P', 'FORWARD', 'ACCEPT')
        self.until()
        iptables('-P', 'FORWARD', 'DROP')
        self.until(FORWARD)
        # Found again by the next controller; and the network's rules are as they were.
        self.h.daemon.kill()
        self.h.start_netd()
        self.until(FORWARD)
        self.h.netctl('net-destroy', 'net1')
        self.until()
        self.h.netctl('net-start', 'net1')
        self.until(FORWARD)
        self.h.sh('nft', 'flush', 'ruleset')
        self.until()

    def configure(self, text):
        os.makedirs(os.path.join(self.h.root, 'etc/netd'), exist_ok=True)
        with open(os.path.join(self.h.root, 'etc/netd/netd.conf'), 'w') as f:
            f.write(text)
        os.kill(self.h.daemon.pid, signal.SIGHUP)

    @lib.needs('iptables-nft')
    def test_f04_accepted(self):
        """Where the administrator wants it guests get through: by DOCKER-USER, kept there, and gone with the network."""
        iptables = lambda *words: self.h.sh('iptables-nft', *words).out
        self.start()
        out = self.outside(self.h)
        guest = self.guest('g1', self.h, 'virbr1')
        guest.dhcp()
        self.configure('foreign_accept = yes\n')
        iptables('-N', 'DOCKER-USER')
        iptables('-A', 'DOCKER-USER', '-j', 'RETURN')
        iptables('-A', 'FORWARD', '-j', 'DOCKER-USER')
        iptables('-P', 'FORWARD', 'DROP')

        def through():
            return guest.ping(out.address, check=False, wait=0.2).rc == 0
        lib.wait_for('a way out', through, 1.2)
        self.until()
        shown = iptables('-S', 'DOCKER-USER')
        self.assertIn('-A DOCKER-USER -i virbr1', shown)
        self.assertIn('-A DOCKER-USER -o virbr1', shown)
        self.assertEqual(shown.count('virbr1'), 2)
        iptables('-F', 'DOCKER-USER')
        lib.wait_for('it back', through, 1.2)
        lib.wait_for('two rules', lambda: iptables('-S', 'DOCKER-USER').count('virbr1') == 2, 1)
        self.h.daemon.kill()
        self.h.start_netd()
        time.sleep(0.3)
        self.assertEqual(iptables('-S', 'DOCKER-USER').count('virbr1'), 2)
        # Without such a chain, in the one that drops; and only what is dropped.
        self.h.sh('nft', 'add table ip f; add chain ip f i { type filter hook input priority 0; policy drop; }')
        lib.wait_for('names', lambda: guest.sh('dig', '+short', '+time=1', '+tries=1', '@192.168.150.1', 'g1',
                                               check=False).rc == 0, 1.5)
        self.assertNotEqual(guest.ping('192.168.150.1', check=False, wait=0.3).rc, 0)
        self.h.netctl('net-destroy', 'net1')
        lib.wait_for('no rule of ours', lambda: 'virbr1' not in self.h.sh('nft', 'list', 'ruleset').out, 1)
        self.h.netctl('net-start', 'net1')
        lib.wait_for('rules', lambda: iptables('-S', 'DOCKER-USER').count('virbr1') == 2, 1)
        self.configure('foreign_accept = no\n')
        lib.wait_for('none', lambda: 'virbr1' not in iptables('-S', 'DOCKER-USER'), 1)
        lib.wait_for('it is told again', self.blocked, 1)

    def test_it_is_true(self):
        """What is said to be dropped is dropped, and what isn't isn't."""
        self.start()
        out = self.outside(self.h)
        guest = self.guest('g1', self.h, 'virbr1')
        guest.dhcp()
        rows = [(('iifname "virbr1" accept', 'ct state established,related accept'), True),
                (('iifname "virbr1" accept',), False),
                (('iifname "virbr*" accept', 'oifname "virbr*" accept'), True),
                (('iifname { "virbr1", "eth9" } accept', 'ct state { established, related } accept'), True),
                (('iifname "other" accept', 'oifname "other" accept'), False),
                (('ct state vmap { invalid : drop, established : accept, related : accept }', 'ct state new accept'), True),
                (('meta nfproto ipv6 accept',), False),
                (('jump mine',), True)]
        for rules, passes in rows:
            self.nft('table inet f {', 'chain mine { iifname != "other" accept; }',
                     'chain through { type filter hook forward priority 0; policy drop;', *rules, '}', '}')
            self.assertEqual(guest.ping(out.address, check=False, wait=1).rc == 0, passes, rules)
            self.until(*([] if passes else [('net1', 'rules-blocked', 'inet f through')]))
            self.h.sh('nft', 'delete', 'table', 'inet', 'f')
            self.until()

    def test_a_reject_at_the_end(self):
        """As firewalld does: the policy is accept, the last rule rejects."""
        self.start()
        self.nft('table inet fire {', 'chain through { type filter hook forward priority 10; policy accept;',
                 'ct state established,related accept', 'reject with icmpx admin-prohibited', '}', '}')
        self.until(('net1', 'rules-blocked', 'inet fire through'))
        self.assertIn('a rule', self.text())

    def test_f05_input(self):
        """What guests ask the host for, service by service."""
        self.start()
        row = ('net1', 'service-blocked', 'ip f i')
        self.nft('add table ip f', 'add chain ip f i { type filter hook input priority 0; policy drop; }')
        self.until(row)
        for words in ('policy drop', 'DHCP (udp 67)', 'DNS (udp 53)', 'DNS (tcp 53)', 'virbr1'):
            self.assertIn(words, self.text())
        self.assertNotIn('547', self.text())
        self.nft('add rule ip f i iifname "virbr1" udp dport 67 accept')
        lib.wait_for('DHCP', lambda: 'DHCP' not in self.text(), 1)
        self.nft('add rule ip f i iifname "virbr1" meta l4proto { tcp, udp } th dport 53 accept')
        self.until()

    @lib.needs('iptables-nft')
    def test_f05_iptables(self):
        self.start()
        for words in (('-P', 'INPUT', 'DROP'), ('-A', 'INPUT', '-i', 'virbr1', '-p', 'udp', '--dport', '67', '-j', 'ACCEPT')):
            self.h.sh('iptables-nft', *words)
        lib.wait_for('DNS', lambda: self.blocked() and 'DHCP' not in self.text() and 'DNS' in self.text(), 1)
        self.h.sh('iptables-nft', '-A', 'INPUT', '-i', 'virbr+', '-p', 'udp', '-m', 'multiport', '--dports', '53,67', '-j', 'ACCEPT')
        self.h.sh('iptables-nft', '-A', 'INPUT', '-i', 'virbr1', '-p', 'tcp', '--dport', '53', '-j', 'ACCEPT')
        self.until()

    def bridged(self, value):
        """Whether firewalls see what the guests of one bridge send each other."""
        for way in ('iptables', 'ip6tables'):
            if os.path.exists(f'/proc/sys/net/bridge/bridge-nf-call-{way}'):
                self.h.sh('sysctl', '-qw', f'net.bridge.bridge-nf-call-{way}={value}')

    @lib.unittest.skipUnless(os.path.exists('/proc/sys/net/bridge'), 'no br_netfilter')
    def test_f31_bridged(self):
        """With bridge-nf-call-iptables others' chains drop frames between guests of one network: said, or mended."""
        self.bridged(1)
        self.start(forward='')
        one, other = self.guest('g1', self.h, 'virbr1'), self.guest('g2', self.h, 'virbr1')
        one.dhcp()
        other.dhcp()

        def through():
            return one.ping(other.lease.address, check=False, wait=0.2).rc == 0
        self.assertTrue(through())
        self.nft('add table ip filter', 'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }')
        self.until(FORWARD)
        self.assertIn('send each other', self.text())
        self.assertFalse(through())
        self.configure('foreign_accept = yes\n')
        lib.wait_for('a way', through, 1.2)
        self.until()
        self.configure('foreign_accept = no\n')
        self.until(FORWARD)
        self.bridged(0)
        self.configure('')
        self.until()
        self.assertTrue(through())

    def test_not_for_isolated_networks(self):
        self.bridged(0)
        self.start(forward='')
        self.nft('add table ip f', 'add chain ip f through { type filter hook forward priority 0; policy drop; }',
                 'add chain ip f nat { type nat hook postrouting priority 0; }')
        self.h.start_network(lib.network_xml('net2', 'virbr2', '192.168.151'))
        self.until(('net2', 'rules-blocked', 'ip f through'))
