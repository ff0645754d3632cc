# SPDX-License-Identifier: GPL-2.0-or-later
"""<netd:subnet>: networks whose subnet netd chooses."""
import os
import re
import time

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

    def conflicts(self):
        return [(c['network'], c['object'], c['text']) for c in self.net.json('status')['conditions']
                if c['kind'] == 'subnet-conflict']

    def other(self, *address):
        self.net.sh('ip', 'link', 'add', 'other', 'type', 'bridge')
        self.net.sh('ip', 'link', 'set', 'other', 'up')
        for a in address:
            self.net.sh('ip', 'addr', 'add', a, 'dev', 'other')

    def until(self, *expected):
        def found():
            now = self.conflicts()
            return len(now) == len(expected) and all(o == e[0] and e[1] in t for (_, o, t), e in zip(now, expected))
        lib.wait_for(f'{expected} in {self.conflicts()}', found, 1)

    def test_later_conflict(self):
        """Somebody takes a subnet that is in use: told within a second, and taken back when it is over."""
        words = ('ip', 'netns', 'exec', self.net.ns, lib.NETCTL, '--root', self.net.root)
        self.net.start_network(lib.network_xml('a', 'virbra', '192.168.160', forward=''))
        self.net.start_network(lib.network_xml('b', 'virbrb', '192.168.161', forward=''))
        event = lib.Process(self, [*words, 'net-event', '--event', 'condition', '--loop'])
        self.other()
        self.until()
        subnet = '192.168.160.0/24'
        for address in '192.168.160.200/24', '192.168.160.7/32', '192.168.0.9/16':
            self.net.sh('ip', 'addr', 'add', address, 'dev', 'other')
            both = [(subnet, f'the address {address} on other')]
            if address.endswith('/16'):
                both.append(('192.168.161.0/24', f'the address {address} on other'))
            self.until(*both)
            self.net.sh('ip', 'addr', 'del', address, 'dev', 'other')
            self.until()
        for route in '192.168.160.128/25', subnet:
            self.net.sh('ip', 'route', 'add', route, 'dev', 'other', 'metric', 5)
            self.until((subnet, f'the route to {route} on other'))
            self.net.sh('ip', 'link', 'set', 'other', 'down')  # takes the route with it, without a word
            self.until()
            self.net.sh('ip', 'link', 'set', 'other', 'up')
        self.net.sh('ip', 'route', 'add', '192.168.0.0/16', 'dev', 'other')  # a VPN's: it leaves room
        self.net.sh('ip', 'addr', 'add', '192.168.160.200/24', 'dev', 'other')
        self.until((subnet, 'on other'))
        self.assertIn(f"network 'a': subnet {subnet} is used by", self.net.daemon.log())
        self.net.netctl('net-destroy', 'a')
        self.until()
        self.assertIn(f'raised subnet-conflict of {subnet}', event.log())
        self.assertIn(f'cleared subnet-conflict of {subnet}', event.log())
        refused = self.net.netctl('net-start', 'a', check=False)
        self.assertIn(f'{subnet} of <ip> overlaps the address 192.168.160.200/24 on other', refused.err)

    def test_conflict_over_a_restart(self):
        self.net.start_network(lib.network_xml('a', 'virbra', '192.168.160', forward=''))
        self.other('192.168.160.200/24')
        self.until(('192.168.160.0/24', 'on other'))
        self.net.daemon.kill()
        self.net.start_netd()
        self.until(('192.168.160.0/24', 'on other'))

    def test_real_conflict_behind_a_vpn(self):
        """That a subnet lies inside a larger route doesn't hide that somebody has it."""
        self.net.sh('ip', 'link', 'add', 'avpn', 'type', 'bridge')
        self.net.sh('ip', 'link', 'set', 'avpn', 'up')
        self.net.sh('ip', 'route', 'add', '192.168.0.0/16', 'dev', 'avpn')
        self.net.define(lib.network_xml('next', 'virbrn', '192.168.123', forward=''))
        self.net.define(lib.network_xml('a', 'virbra', '192.168.160', forward=''))
        self.net.netctl('net-start', 'a')
        self.net.netctl('net-destroy', 'a')
        self.other('192.168.160.200/24')
        refused = self.net.netctl('net-start', 'a', check=False)
        self.assertEqual(refused.rc, 1)
        # Neither what is routed away nor what another network will use is proposed.
        self.assertIn('Network is already in use by interface other', refused.err)
        self.assertIn('192.168.124.0/24 is free', refused.err)

    def test_very_many_routes(self):
        """A subnet is found among more routes than there are candidates, and nobody waits for it."""
        self.other('172.20.0.1/30')
        batch = os.path.join(self.folder, 'routes')
        with open(batch, 'w') as f:
            f.writelines(f'route add 10.{i >> 8}.{i & 255}.0/24 dev other\n' for i in range(60000))
        self.net.sh('ip', '-batch', batch)
        start = time.monotonic()
        self.net.define(document('a', "from='10.0.0.0/8'"))
        self.assertLess(time.monotonic() - start, 1)
        self.assertEqual(self.address('a'), ['10.234.96.1'])

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
        self.assertEqual(self.net.daemon.log().count('lies inside the route to 10.0.0.0/8'), 1)

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
