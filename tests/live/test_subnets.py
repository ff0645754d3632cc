# SPDX-License-Identifier: GPL-2.0-or-later
"""<netd:subnet>: networks whose subnet netd chooses."""
import os
import re

import lib

NETD = 'urn:netd:network:1'


def document(name, subnet="from='10.64.0.0/16'", more=''):
    return (f"<network><name>{name}</name><metadata><netd:network xmlns:netd='{NETD}'><netd:subnet {subnet}/>"
            f"</netd:network></metadata><forward mode='nat'/>{more}</network>")


class Subnets(lib.Case):
    def setUp(self):
        super().setUp()
        self.net = self.host()

    def address(self, name, *options):
        return re.findall(r"<ip .*?address='(.*?)'", self.net.netctl('net-dumpxml', name, *options).out)

    def test_next_free(self):
        self.net.sh('ip', 'link', 'add', 'other', 'type', 'bridge')
        self.net.sh('ip', 'addr', 'add', '10.64.1.9/24', 'dev', 'other')
        self.net.sh('ip', 'link', 'set', 'other', 'up')
        for name, address in ('a', '10.64.0.1'), ('b', '10.64.2.1'), ('c', '10.64.3.1'):
            self.net.define(document(name))
            self.assertEqual(self.address(name), [address])
        self.net.netctl('net-start', 'b')
        self.net.define(document('big', "prefix='17' from='10.64.0.0/16'"))
        self.assertEqual(self.address('big'), ['10.64.128.1'])

    def test_two_at_once(self):
        """The second is refused although the kernel doesn't hold the first yet when it is looked at."""
        for name in 'ab':
            self.net.define(lib.network_xml(name, f'virbr{name}', forward=''))
            self.net.netctl('net-autostart', name)
        self.net.stop_netd()
        self.net.start_netd()
        self.assertEqual([n['state'] for n in self.net.json('status')['networks']], ['active', 'inactive'])
        self.assertIn("in use by interface virbra: 192.168.150.0/24 of <ip> overlaps network 'a'", self.net.daemon.log())

    def test_link_local_is_everybodys(self):
        for i, name in enumerate('ab'):
            self.net.start_network(lib.network_xml(name, f'virbr{name}', f'192.168.{160 + i}').replace(
                '</network>', "<ip family='ipv6' address='fe80::1' prefix='64'/></network>"))

    def test_none_free(self):
        self.net.define(document('a', "from='10.64.0.0/24'"))
        done = self.net.netctl('net-define', '-', check=False, stdin=document('b', "from='10.64.0.0/24'"))
        self.assertEqual(done.rc, 1)
        self.assertIn('no /24 of 10.64.0.0/24 is free', done.err)
        self.assertNotIn(' b ', self.net.netctl('net-list', '--all').out)

    def test_inside_a_larger_route(self):
        """A VPN that claims all of 10/8 leaves room, as for a subnet that was chosen by hand."""
        self.net.sh('ip', 'link', 'add', 'vpn', 'type', 'bridge')
        self.net.sh('ip', 'link', 'set', 'vpn', 'up')
        self.net.sh('ip', 'route', 'add', '10.0.0.0/8', 'dev', 'vpn')
        self.net.start_network(document('a'))
        self.assertEqual(self.address('a'), ['10.64.0.1'])

    def test_kept(self):
        """By a redefinition, by another start of the daemon, and after others have gone."""
        for name in 'a', 'b':
            self.net.define(document(name))
        self.net.netctl('net-undefine', 'a')
        uuid = self.net.netctl('net-uuid', 'b').out.strip()
        again = document('b', more=f'<uuid>{uuid}</uuid>')
        self.net.netctl('net-define', '-', stdin=again)
        self.assertEqual(self.address('b'), ['10.64.1.1'])

    def test_copied_file(self):
        """A definition that came as a file is given its subnet once."""
        self.net.define(document('a'))
        self.net.stop_netd()
        for name in 'b', 'c':
            with open(os.path.join(self.net.root, f'etc/netd/networks/{name}.xml'), 'w') as f:
                f.write(document(name))
        for _ in range(2):
            self.net.start_netd()
            self.assertEqual([self.address(n) for n in 'abc'], [['10.64.0.1'], ['10.64.1.1'], ['10.64.2.1']])
            self.net.stop_netd()

    def test_both_families(self):
        self.net.define(document('a', "/><netd:subnet from='fd00:1::/48'"))
        self.assertEqual(self.address('a'), ['10.64.0.1', 'fd00:1::1'])

    def test_created_by_metadata(self):
        """An isolated network without <ip> gets one while it runs; live and next start agree."""
        self.net.start_network('<network><name>a</name></network>')
        self.net.netctl('net-metadata', 'a', NETD, '--key', 'netd', '--set', '<network><subnet/></network>', '--live',
                        '--config')
        self.assertEqual((self.address('a'), self.address('a', '--inactive')), (['10.64.0.1'], ['10.64.0.1']))
        self.assertIn('10.64.0.1/24', self.net.sh('ip', '-br', 'addr', 'show', 'dev', 'virbr0').out)

    def test_example(self):
        self.net.start_network('auto-subnet')
        self.assertEqual(self.guest('g', self.net, 'virbr11').dhcp().router, self.address('auto1')[0])
