# SPDX-License-Identifier: GPL-2.0-or-later
"""Other programs' rules beside netd's: restored, replaced, saved and loaded again. Nothing of netd's is lost or doubled,
nothing of theirs is touched."""
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
import lib

# What dockerd, ufw and the like have: policies that drop, user chains, rules in the same hooks.
DOCKER = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:DOCKER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
"""
UFW = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-user-input - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j ufw-user-input
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
"""
OPEN = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
FOREIGN = ('table inet his {\n\tset blocked {\n\t\ttype ipv4_addr\n\t\telements = { 203.0.113.9 }\n\t}\n\n\tchain forward {\n'
           '\t\ttype filter hook forward priority 10; policy accept;\n\t\tip daddr @blocked drop\n\t}\n}\n')
SECONDS = 0.25  # a repair takes 5 ms; the rest is what starting nft takes on a busy machine


class Foreign(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.h.start_network(lib.network_xml())
        self.h.start_network(lib.network_xml('iso', 'virbr2', '192.168.151', forward=''))
        self.want, self.handles = self.rules(), self.table()

    def rules(self):
        """The table's chains and maps, without handles and counters; their order tells nothing."""
        text = self.h.sh('nft', '-s', 'list', 'table', 'inet', 'netd', check=False).out
        return sorted(block.strip('}\n') for block in text.replace('table inet netd {', '').split('\n\n'))

    def table(self):
        """The same with handles: what was made anew has others."""
        return sorted(self.h.sh('nft', '-a', '-s', 'list', 'table', 'inet', 'netd').out.splitlines())

    def repaired(self):
        try:
            lib.wait_for('repair', lambda: self.rules() == self.want, SECONDS, 0.001)
        except lib.Failed:
            self.assertEqual(self.rules(), self.want)

    def foreign(self):
        """His rules, without times and counters."""
        text = self.h.sh('iptables-nft-save').out
        return [re.sub(r'\[\d+:\d+\]', '', line) for line in text.splitlines() if not line.startswith('#')]

    @lib.needs('iptables-nft-restore')
    def test_f03_iptables_restore(self):
        """Flushed, saved, restored, again and again: netd's table isn't even written."""
        for rules in (DOCKER, UFW, OPEN):
            self.h.sh('iptables-nft-restore', stdin=rules)
            for _ in range(3):
                saved = self.h.sh('iptables-nft-save').out
                self.h.sh('iptables-nft', '-F')
                self.h.sh('iptables-nft', '-t', 'nat', '-F')
                self.h.sh('iptables-nft-restore', stdin=saved)
            self.assertEqual(self.table(), self.handles)

    @lib.needs('iptables-nft-restore')
    def test_policies_that_drop(self):
        """While another's policy drops what guests send, netd's rules stay as they are; when it has gone guests are
        served as before, and what is his is never touched."""
        out = self.outside(self.h)
        guest = self.guest('g1', self.h, 'virbr1')
        guest.dhcp()
        for rules in (DOCKER, UFW):
            guest.ping(out.address)
            self.h.sh('iptables-nft-restore', stdin=rules)
            before = self.foreign()
            self.assertNotEqual(guest.ping(out.address, check=False, wait=1).rc, 0)
            self.h.sh('nft', 'delete', 'table', 'inet', 'netd')
            self.repaired()
            self.h.netctl('net-destroy', 'iso')
            self.h.netctl('net-start', 'iso')
            self.assertEqual(self.foreign(), before)
            self.h.sh('iptables-nft-restore', stdin=OPEN)
            guest.ping(out.address)

    def test_saved_and_loaded(self):
        """An administrator saves the ruleset and loads it: on top of what is there, or in its place."""
        self.h.sh('nft', '-f', '-', stdin=FOREIGN)
        saved = self.h.sh('nft', 'list', 'ruleset').out
        for script in (saved, 'flush ruleset\n' + saved):
            self.h.sh('nft', '-f', '-', stdin=script, check=False)
            self.repaired()
            his = self.h.sh('nft', 'list', 'table', 'inet', 'his').out
            self.assertIn('203.0.113.9', his)
            self.assertIn('ip daddr @blocked drop', his)

    def test_loaded_while_netd_is_away(self):
        """As at a boot: the saved ruleset has netd's table of another day in it, with a network that is no more."""
        saved = self.h.sh('nft', 'list', 'ruleset').out
        self.h.netctl('net-destroy', 'iso')
        self.h.netctl('net-undefine', 'iso')
        self.want = self.rules()
        self.h.stop_netd()
        self.h.sh('nft', '-f', '-', stdin='flush ruleset\n' + saved, check=False)
        self.h.start_netd()
        self.repaired()

    def test_f07_started_again_and_again(self):
        """Controllers come and go, and the table is not written at all."""
        for _ in range(15):
            pid = [p['pid'] for p in self.h.json('status')['processes'] if p['role'] == 'controller'][0]
            os.kill(pid, signal.SIGKILL)
            lib.wait_for('another controller', lambda: self.h.netctl('status', check=False).rc == 0, 20)
            self.assertEqual(self.table(), self.handles)
        for _ in range(5):
            self.h.stop_netd()
            self.assertEqual(self.table(), self.handles)
            self.h.start_netd()
            self.assertEqual(self.table(), self.handles)

    def test_f36_device_that_comes_and_goes(self):
        """Rules are by name: a network's only way out may go and come back, and no rule is written for that."""
        self.h.start_network(lib.network_xml('dev', 'virbr3', '192.168.152', "<forward mode='nat' dev='up9'/>"))
        handles = self.table()
        for _ in range(3):
            self.h.sh('ip', 'link', 'add', 'up9', 'type', 'veth', 'peer', 'name', 'peer9')
            self.h.sh('ip', 'link', 'set', 'up9', 'up')
            self.h.sh('ip', 'link', 'del', 'up9')
            self.assertEqual(self.table(), handles)

    def test_two_who_change_it_back(self):
        """Somebody undoes what netd does at once, for a while: netd neither hangs nor gives up for good."""
        end = time.monotonic() + 2
        while time.monotonic() < end:
            self.h.sh('nft', 'flush', 'chain', 'inet', 'netd', 'in_net1', check=False)
        self.h.netctl('net-list')
        lib.wait_for('the last word', lambda: self.rules() == self.want, 2)

    def test_isolated_as_libvirt_has_it(self):
        """The setting that restores parity, at once and back."""
        self.h.start_network(lib.network_xml('routed', 'virbr3', '192.168.152', "<forward mode='route'/>"))
        conf = os.path.join(self.h.root, 'etc', 'netd', 'netd.conf')

        def rows():
            return [r for r in self.h.json('net-rules', 'routed')['rules'] if 'isolated' in r['comment']]
        self.assertEqual([(r['chain'], r['target'], r['options']) for r in rows()],
                         [('LIBVIRT_FWI', 'REJECT', 'match-set isolated in reject-with icmp-port-unreachable')])
        for text, count in (('isolated = libvirt\n', 0), ('', 1)):
            with open(conf, 'w') as f:
                f.write(text)
            os.kill(self.h.daemon.pid, signal.SIGHUP)
            lib.wait_for('the setting', lambda: len(rows()) == count)
            lib.wait_for('the set', lambda: ('virbr2' in self.h.sh('nft', 'list', 'set', 'inet', 'netd', 'isolated').out)
                         == bool(count))


if __name__ == '__main__':
    lib.unittest.main()
