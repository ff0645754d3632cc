# SPDX-License-Identifier: GPL-2.0-or-later
"""net-rules: a network's rules in libvirt's terms, with what they have counted."""
import os
import re
import signal

import lib

XML = lib.network_xml()


def chains(text):
    """Chain name -> lines of rules, from the shape of `iptables -L -v -n`."""
    found, chain = {}, None
    for line in text.splitlines():
        start = re.match(r'Chain (\S+) \(1 references\)$', line)
        if start:
            chain = found.setdefault(start.group(1), [])
        elif line and not line.startswith(('#', ' pkts')):
            chain.append(line.split())
    return found


class Rules(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()

    def counted(self, chain, **columns):
        for rule in self.h.json('net-rules', 'net1')['rules']:
            if rule['chain'] == chain and all(rule[k] == v for k, v in columns.items()):
                return rule['packets']
        self.fail(f'no rule {chain} {columns}')

    def test_counters_follow_packets(self):
        self.h.start_network(XML)
        out = self.outside(self.h)
        guest = self.guest('g1', self.h, 'virbr1')
        guest.dhcp()
        before = self.counted('LIBVIRT_FWO', target='ACCEPT'), self.counted('LIBVIRT_FWI', target='ACCEPT')
        guest.ping(out.address, count=3)
        self.assertEqual(self.counted('LIBVIRT_FWO', target='ACCEPT'), before[0] + 3)
        self.assertEqual(self.counted('LIBVIRT_FWI', target='ACCEPT'), before[1] + 3)
        self.assertGreater(self.counted('LIBVIRT_PRT', target='MASQUERADE', protocol='all'), 0)

    def test_shapes(self):
        self.h.start_network(XML)
        rows = self.h.json('net-rules', 'net1')
        self.assertEqual((rows['network'], rows['bridge']), ('net1', 'virbr1'))
        self.assertEqual([r['chain'][-3:] for r in rows['rules']], ['FWX', 'FWI', 'FWI', 'FWO', 'FWO'] + ['PRT'] * 4)
        self.assertEqual({r['nft-chain'] for r in rows['rules']}, {'in_net1', 'out_net1', 'nat_net1'})

        text = self.h.netctl('net-rules', 'net1').out
        self.assertRegex(text, r'LIBVIRT_FWI +ACCEPT +ipv4 +all +\* +virbr1 +anywhere +192\.168\.150\.0/24 +ctstate')
        self.assertNotIn('Packets', text)
        self.assertIn('Packets', self.h.netctl('net-rules', 'net1', '--counters').out)

        shape = chains(self.h.netctl('net-rules', 'net1', '--as', 'iptables').out)
        self.assertEqual(set(shape), {'LIBVIRT_FWX', 'LIBVIRT_FWI', 'LIBVIRT_FWO', 'LIBVIRT_PRT'})
        self.assertEqual(shape['LIBVIRT_FWX'][0][2:],
                         ['ACCEPT', 'all', '--', 'virbr1', 'virbr1', '0.0.0.0/0', '0.0.0.0/0'])
        self.assertEqual(shape['LIBVIRT_FWI'][1][2:], ['REJECT', 'all', '--', '*', 'virbr1', '0.0.0.0/0', '0.0.0.0/0',
                                                       'reject-with', 'icmp-port-unreachable'])

    def test_both_families(self):
        self.h.start_network(XML.replace('</network>', "<ip family='ipv6' address='fd50::1' prefix='64'/></network>"))
        text = self.h.netctl('net-rules', 'net1', '--as', 'iptables').out
        four, six = text.split('# ip6tables')
        self.assertIn('icmp-port-unreachable', four)
        self.assertNotIn('fd50', four)
        self.assertIn('fd50::/64', six)
        self.assertIn('icmp6-port-unreachable', six)
        self.assertNotIn('192.168.150', six)

    def test_networks_without_rules(self):
        self.h.define(XML)
        self.assertIn("network 'net1' is not active", self.h.netctl('net-rules', 'net1', check=False).err)
        self.h.start_network(lib.network_xml('free', 'virbr2', '192.168.151', "<forward mode='open'/>"))
        self.assertEqual(self.h.netctl('net-rules', 'free').out.strip(), 'Network free has no firewall rules')
        self.assertEqual(self.h.json('net-rules', 'free')['rules'], [])
        self.assertEqual(self.h.netctl('net-rules', 'free', '--as', 'ebtables', check=False).rc, 1)

    def test_all_modes(self):
        """Which of libvirt's chains a network of each mode has, and that both listings hold the same rules."""
        self.host_rules(True)
        ip6 = "<ip family='ipv6' address='fd50:{}::1' prefix='64'/></network>"
        services = ['INP', 'OUT']
        modes = {'nat': ("<forward mode='nat'/>", ['FWX', 'FWI', 'FWO', 'PRT']),
                 'nat6': ("<forward mode='nat'><nat ipv6='yes'><port start='2000' end='3000'/></nat></forward>",
                          ['FWX', 'FWI', 'FWO', 'PRT']),
                 'range': ("<forward mode='nat'><nat><address start='192.0.2.1' end='192.0.2.9'/></nat></forward>",
                           ['FWX', 'FWI', 'FWO', 'PRT']),
                 'natdev': ("<forward mode='nat' dev='up0'/>", ['FWX', 'FWI', 'FWO', 'PRT']),
                 'route': ("<forward mode='route'/>", ['FWX', 'FWI', 'FWO']),
                 'iso': ('', ['FWX', 'FWI', 'FWO']), 'free': ("<forward mode='open'/>", [])}
        for i, (name, (forward, wanted)) in enumerate(modes.items()):
            xml = lib.network_xml(name, f'virbr{i + 2}', f'192.168.{160 + i}', forward)
            self.h.start_network(xml.replace('</network>', ip6.format(i)))
            rules = self.h.json('net-rules', name)['rules']
            wanted = wanted + services if wanted else []
            self.assertEqual({r['chain'].removeprefix('LIBVIRT_') for r in rules}, set(wanted), name)
            self.assertNotIn(None, [r['packets'] for r in rules], name)
            shape = chains(self.h.netctl('net-rules', name, '--as', 'iptables').out) if wanted else {}
            self.assertEqual(set(shape), {f'LIBVIRT_{c}' for c in wanted})
            for r in rules:  # each rule is in the kernel, word for word but for its counter
                listed = self.h.sh('nft', '-y', 'list', 'chain', 'inet', 'netd', r['nft-chain']).out
                self.assertIn(r['nft'], re.sub(r'counter packets \d+ bytes \d+', 'counter', listed).replace(
                    'reject comment', 'reject with icmpx port-unreachable comment'), name)

    def host_rules(self, on):
        conf = os.path.join(self.h.root, 'etc', 'netd', 'netd.conf')
        with open(conf, 'w') as f:
            f.write(f'host_rules = {"yes" if on else "no"}\n')
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        if on and self.h.netctl('net-list', '--name').out.strip():
            lib.wait_for('the setting', lambda: 'chain input' in self.h.rules())

    def test_services_of_the_host_are_counted(self):
        self.h.start_network(XML)
        self.host_rules(True)
        guest = self.guest('g1', self.h, 'virbr1')
        guest.dhcp()
        guest.dig('g1')
        self.assertGreaterEqual(self.counted('LIBVIRT_INP', options='udp dpt:67'), 2)
        self.assertGreaterEqual(self.counted('LIBVIRT_OUT', protocol='all'), 1)  # DHCP's answers go past the rules
        self.assertGreaterEqual(self.counted('LIBVIRT_INP', options='udp dpt:53'), 1)
        self.host_rules(False)
        lib.wait_for('the chains to go', lambda: 'hin_net1' not in self.h.rules())
        self.assertEqual([r for r in self.h.json('net-rules', 'net1')['rules'] if r['chain'] == 'LIBVIRT_INP'], [])
