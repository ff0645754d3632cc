# SPDX-License-Identifier: GPL-2.0-or-later
"""Every forward mode, by packets of both families: who reaches whom, and from which address it seems to come."""
import unittest

import lib

OUT6, HOST6 = '2001:db8:7::1', '2001:db8:7::2'
IP6 = "<ip family='ipv6' address='2001:db8:{0}::1' prefix='64'/>"
WHO = """
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 7777))
print('ready', flush=True)
while True:
    _, peer = s.recvfrom(64)
    s.sendto(f'{peer[0]} {peer[1]}'.encode(), peer)
"""
ASK = """
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.settimeout(1)
s.bind(('', int(sys.argv[2])))
s.connect((sys.argv[1], 7777))
for i in range(5):  # neighbours of IPv6 are still being found
    s.send(b'x')
    try:
        sys.exit(print(s.recv(64).decode()))
    except TimeoutError:
        pass
sys.exit('no answer')
"""


def document(name='net1', forward='', net='192.168.150', six=None, extra='', bridge='virbr1', attributes=''):
    ip6 = IP6.format(six) if six else ''
    return (f"<network{attributes}><name>{name}</name>{forward}<bridge name='{bridge}' stp='off'/>{extra}"
            f"<ip address='{net}.1' netmask='255.255.255.0'/>{ip6}</network>")


class Modes(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.out = self.outside(self.h)
        self.h.sh('ip', '-6', 'addr', 'add', f'{HOST6}/64', 'dev', 'up0', 'nodad')
        self.h.sh('ip', '-6', 'route', 'add', 'default', 'via', OUT6)
        self.out.sh('ip', '-6', 'addr', 'add', f'{OUT6}/64', 'dev', 'eth0', 'nodad')
        for address in self.out.address, OUT6:
            server = self.out.spawn('python3', '-u', '-c', WHO, address)
            lib.wait_for('the server', lambda: 'ready' in server.log())

    def member(self, name='g1', net='192.168.150', six=None, last=9, bridge='virbr1'):
        guest = self.guest(name, self.h, bridge)
        guest.sh('ip', 'addr', 'add', f'{net}.{last}/24', 'dev', 'eth0')
        guest.sh('ip', 'route', 'add', 'default', 'via', f'{net}.1')
        if six:
            guest.sh('ip', '-6', 'addr', 'add', f'2001:db8:{six}::{last}/64', 'dev', 'eth0', 'nodad')
            guest.sh('ip', '-6', 'route', 'replace', 'default', 'via', f'2001:db8:{six}::1')
        return guest

    def seen_as(self, guest, address, port=40000, check=True):
        done = guest.sh('python3', '-c', ASK, address, port, check=check)
        return tuple(done.out.split()) if done.rc == 0 else None

    def let_back(self, net='192.168.150', six=None):
        self.out.sh('ip', 'route', 'add', f'{net}.0/24', 'via', self.out.host_address)
        if six:
            self.out.sh('ip', '-6', 'route', 'add', f'2001:db8:{six}::/64', 'via', HOST6)

    def reaches(self, who, address):
        return who.ping(address, check=False, wait=1).rc == 0

    def test_nat(self):
        self.h.start_network(document(forward="<forward mode='nat'><nat ipv6='yes'/></forward>", six='a'))
        guest = self.member(six='a')
        self.assertEqual(self.seen_as(guest, self.out.address)[0], self.out.host_address)
        self.assertEqual(self.seen_as(guest, OUT6)[0], HOST6)
        self.let_back(six='a')
        self.assertFalse(self.reaches(self.out, '192.168.150.9'))
        self.assertFalse(self.reaches(self.out, '2001:db8:a::9'))
        self.assertGreaterEqual(int(self.seen_as(guest, self.out.address, 700)[1]), 1024)

    def test_nat_from_ranges(self):
        for last in 50, 51:
            self.h.sh('ip', 'addr', 'add', f'198.51.100.{last}/24', 'dev', 'up0')
        self.h.start_network(document(forward="<forward mode='nat'><nat><address start='198.51.100.50' end='198.51.100.51'/>"
                                              "<port start='500' end='1000'/></nat></forward>"))
        address, port = self.seen_as(self.member(), self.out.address)
        self.assertIn(address, ('198.51.100.50', '198.51.100.51'))
        self.assertIn(int(port), range(500, 1001))

    def test_nat_by_one_device(self):
        other = lib.Outside(self, self.h, 'other', '203.0.113', 'up1')
        self.h.sh('ip', 'route', 'replace', 'default', 'via', self.out.address)
        self.h.start_network(document(forward="<forward mode='nat' dev='up0'/>"))
        guest = self.member()
        self.assertTrue(self.reaches(guest, self.out.address))
        self.assertFalse(self.reaches(guest, other.address))

    def test_route(self):
        self.h.start_network(document(forward="<forward mode='route'/>", six='a'))
        guest = self.member(six='a')
        self.let_back(six='a')
        self.assertEqual(self.seen_as(guest, self.out.address), ('192.168.150.9', '40000'))
        self.assertEqual(self.seen_as(guest, OUT6)[0], '2001:db8:a::9')
        self.assertTrue(self.reaches(self.out, '192.168.150.9'))
        self.assertTrue(self.reaches(self.out, '2001:db8:a::9'))

    def test_open(self):
        self.h.start_network(document(forward="<forward mode='open'/>", six='a'))
        guest = self.member(six='a')
        self.let_back(six='a')
        self.assertEqual(self.seen_as(guest, self.out.address)[0], '192.168.150.9')
        self.assertTrue(self.reaches(self.out, '2001:db8:a::9'))
        self.assertNotIn('virbr1', self.h.rules())

    def test_isolated(self):
        self.h.start_network(document(six='a'))
        guest, other = self.member(six='a'), self.member('g2', six='a', last=10)
        self.let_back(six='a')
        for address in '192.168.150.1', '2001:db8:a::1', '192.168.150.10', '2001:db8:a::10':
            guest.ping(address)
        other.ping('2001:db8:a::9')
        self.h.sh('sysctl', '-q', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
        self.assertFalse(self.reaches(guest, self.out.address))
        self.assertFalse(self.reaches(guest, OUT6))
        self.assertFalse(self.reaches(self.out, '192.168.150.9'))

    def test_isolated_without_address(self):
        self.h.start_network("<network><name>dark</name><bridge name='virbr1' stp='off'/></network>")
        guest, other = self.guest('g1', self.h, 'virbr1'), self.guest('g2', self.h, 'virbr1')
        guest.sh('ip', 'addr', 'add', '10.9.9.1/24', 'dev', 'eth0')
        other.sh('ip', 'addr', 'add', '10.9.9.2/24', 'dev', 'eth0')
        guest.ping('10.9.9.2')
        self.assertEqual(self.h.addresses('virbr1') + self.h.addresses('virbr1', 'inet6'), [])

    def test_port_isolation(self):
        self.h.start_network(document(extra="<port isolated='yes'/>"))
        guest, other = self.member(), self.member('g2', last=10)
        lib.wait_for('both are isolated', lambda: all(
            self.h.ip_json('-d', 'link', 'show', 'dev', g.port)[0]['linkinfo']['info_slave_data']['isolated'] for g in (guest, other)))
        guest.ping('192.168.150.1')
        self.assertFalse(self.reaches(guest, '192.168.150.10'))

    def test_known_macs(self):
        """macTableManager='libvirt': the bridge learns nothing and floods nothing; it is told who is where."""
        self.h.start_network(document().replace("stp='off'", "stp='off' macTableManager='libvirt'"))
        guest = self.namespace('g1')
        name = self.h.netctl('-q', 'port-add', 'net1', '--netns', guest.ns, '--mac', '52:54:00:00:07:01').out.split()[0]

        def settled():
            data = self.h.ip_json('-d', 'link', 'show', 'dev', name)[0].get('linkinfo', {}).get('info_slave_data', {})
            return data.get('learning') is False and data.get('flood') is False and '52:54:00:00:07:01' in self.h.sh(
                'bridge', 'fdb', 'show', 'dev', name).out
        self.assertTrue(settled())
        guest.sh('ip', 'link', 'set', 'eth0', 'up')
        guest.sh('ip', 'addr', 'add', '192.168.150.9/24', 'dev', 'eth0')
        guest.ping('192.168.150.1')
        self.h.sh('ip', 'link', 'del', 'virbr1')
        lib.wait_for('it is so on the next bridge', settled)
        guest.ping('192.168.150.1')

    def test_several_subnets_routes_and_mtu(self):
        self.h.start_network(document(forward="<forward mode='route'/>", six='a', extra="<mtu size='9000'/>").replace(
            '</network>', "<ip address='192.168.151.1' prefix='24'/><route address='10.77.0.0' prefix='16' gateway='192.168.150.9'/>"
            "<route family='ipv6' address='2001:db8:77::' prefix='48' gateway='2001:db8:a::9'/></network>"))
        guest, other = self.member(six='a'), self.member('g2', '192.168.151')
        guest.sh('sysctl', '-q', 'net.ipv4.ip_forward=1')
        guest.sh('ip', 'addr', 'add', '10.77.1.1/32', 'dev', 'lo')
        guest.sh('ip', '-6', 'addr', 'add', '2001:db8:77::1/128', 'dev', 'lo')
        for who in guest, other:
            who.sh('ip', 'link', 'set', 'eth0', 'mtu', '9000')
        for g in guest, other:
            self.h.sh('ip', 'link', 'set', g.port, 'mtu', '9000')
        self.h.ping('10.77.1.1')
        self.h.ping('2001:db8:77::1')
        other.ping('192.168.150.9')
        guest.sh('ping', '-n', '-c', '1', '-W', '2', '-M', 'do', '-s', '8900', '192.168.150.1')


class HostBridge(lib.Case):
    """Mode bridge on a bridge that netd leaves alone."""

    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.h.define("<network><name>lan</name><forward mode='bridge'/><bridge name='br9'/></network>")

    def make_bridge(self):
        self.h.sh('ip', 'link', 'add', 'br9', 'type', 'bridge')
        self.h.sh('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'br9')
        self.h.sh('ip', 'link', 'set', 'br9', 'up')

    def master(self, name):
        return self.h.ip_json('link', 'show', 'dev', name)[0].get('master')

    def test_ports(self):
        self.make_bridge()
        self.h.sh('ip', 'link', 'set', 'br9', 'alias', "the administrator's")
        self.h.netctl('net-start', 'lan')
        self.assertEqual(self.h.ip_json('link', 'show', 'dev', 'br9')[0]['ifalias'], "the administrator's")
        guest = self.namespace('g1')
        name = self.h.netctl('-q', 'port-add', 'lan', '--netns', guest.ns).out.split()[0]
        self.assertEqual(self.master(name), 'br9')
        guest.sh('ip', 'link', 'set', 'eth0', 'up')
        guest.sh('ip', 'addr', 'add', '192.0.2.9/24', 'dev', 'eth0')
        guest.ping('192.0.2.1')
        tap = self.h.netctl('-q', 'port-add', 'lan').out.split()[0]
        self.assertEqual(self.master(tap), 'br9')
        self.h.sh('ip', 'link', 'set', name, 'nomaster')
        lib.wait_for('it is back', lambda: self.master(name) == 'br9')
        self.h.sh('ip', 'link', 'del', 'br9')
        self.make_bridge()
        lib.wait_for('both are back', lambda: self.master(name) == self.master(tap) == 'br9')
        guest.ping('192.0.2.1')
        # While netd was away, too.
        self.h.stop_netd()
        self.h.sh('ip', 'link', 'set', name, 'nomaster')
        self.h.start_netd()
        lib.wait_for('it is back', lambda: self.master(name) == 'br9')
        self.h.netctl('port-remove', 'lan', tap)
        self.assertNotIn(tap, self.h.links())
        self.h.netctl('net-destroy', 'lan')
        self.h.netctl('net-undefine', 'lan')
        lib.wait_for('the port is gone', lambda: name not in self.h.links())
        self.assertEqual(self.h.addresses('br9'), ['192.0.2.1/24'])

    def test_vlan_where_the_kernel_has_none(self):
        self.make_bridge()
        if 'vlan_default_pvid' in self.h.sh('ip', '-d', 'link', 'show', 'dev', 'br9').out:
            self.skipTest('this kernel has VLANs on bridges: tests/vm/test_vlan.py')
        tag = "<vlan><tag id='7'/></vlan>"
        self.h.start_network(f"<network><name>v</name><forward mode='bridge'/><bridge name='br9'/>{tag}</network>")
        done = self.h.netctl('port-add', 'v', check=False)
        self.assertEqual(done.rc, 1)
        self.assertIn('CONFIG_BRIDGE_VLAN_FILTERING', done.err)
        self.h.wire(self.namespace('world'), 'up1', 'eth0')
        self.h.define("<network><name>u</name><metadata><netd:network xmlns:netd='urn:netd:network:1'><netd:uplink dev='up1'/>"
                      f"</netd:network></metadata><forward mode='bridge'/><bridge name='br8'/>{tag}</network>")
        done = self.h.netctl('net-start', 'u', check=False)
        self.assertEqual(done.rc, 1)
        self.assertIn('CONFIG_BRIDGE_VLAN_FILTERING', done.err)
        self.assertNotIn('br8', self.h.links())

    def test_bridge_missing(self):
        self.h.netctl('net-start', 'lan')
        done = self.h.netctl('port-add', 'lan', check=False)
        self.assertEqual(done.rc, 1)
        self.assertIn("the bridge 'br9' of this host is missing", done.err)
        self.make_bridge()
        self.h.netctl('port-add', 'lan')

    def test_not_ours_to_make(self):
        for xml, why in (
                ("<network><name>x</name><forward mode='bridge'/><bridge name='ovs0'/><virtualport type='openvswitch'/></network>",
                 "no bridge of Linux's"),
                ("<network><name>x</name><forward mode='hostdev' managed='yes'/></network>", "a VM manager's to make")):
            self.h.start_network(xml)
            done = self.h.netctl('port-add', 'x', check=False)
            self.assertEqual(done.rc, 1)
            self.assertIn(why, done.err)
            self.h.netctl('net-destroy', 'x')
            self.h.netctl('net-undefine', 'x')


class Macvtap(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.world = self.namespace('world')
        self.h.wire(self.world, 'up1', 'eth0')
        self.world.sh('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0')
        self.world.sh('ip', '-6', 'addr', 'add', '2001:db8:9::1/64', 'dev', 'eth0', 'nodad')
        probe = self.h.sh('ip', 'link', 'add', 'link', 'up1', 'name', 'probe', 'type', 'macvtap', check=False)
        if probe.rc:
            self.skipTest('this kernel has no macvtap')
        self.h.sh('ip', 'link', 'del', 'probe')

    def start(self, mode):
        self.h.start_network(f"<network><name>direct</name><forward mode='{mode}' dev='up1'/></network>")

    def add(self, *words, check=True):
        return self.h.netctl('-q', 'port-add', 'direct', *words, check=check)

    def use(self, tap, last):
        """A macvtap is an interface as well: let a guest have it."""
        guest = self.namespace(f'g{last}')
        self.h.sh('ip', 'link', 'set', tap, 'netns', guest.ns)
        guest.sh('ip', 'link', 'set', tap, 'up')
        guest.sh('ip', 'addr', 'add', f'192.0.2.{last}/24', 'dev', tap)
        guest.sh('ip', '-6', 'addr', 'add', f'2001:db8:9::{last}/64', 'dev', tap, 'nodad')
        return guest

    def mode_of(self, tap):
        return self.h.ip_json('-d', 'link', 'show', 'dev', tap)[0]['linkinfo']['info_data']['mode']

    def test_modes(self):
        for mode, kernel, meet in ('bridge', 'bridge', True), ('private', 'private', False), ('vepa', 'vepa', False):
            self.start(mode)
            taps = [self.add('--mac', f'52:54:00:00:09:0{i}').out.split()[0] for i in (1, 2)]
            self.assertEqual([self.mode_of(t) for t in taps], [kernel] * 2)
            self.assertEqual(self.h.ip_json('link', 'show', 'dev', taps[0])[0]['address'], '52:54:00:00:09:01')
            guests = [self.use(t, 7 + i) for i, t in enumerate(taps)]
            for g in guests:
                g.ping('192.0.2.1')
                g.ping('2001:db8:9::1')
            self.assertEqual(guests[0].ping('192.0.2.8', check=False, wait=1).rc == 0, meet, mode)
            for g, tap in zip(guests, taps):
                g.sh('ip', 'link', 'del', tap)
            self.h.netctl('net-destroy', 'direct')
            self.h.netctl('net-undefine', 'direct')

    def test_passthrough_is_exclusive(self):
        self.start('passthrough')
        tap = self.add().out.split()[0]
        self.assertEqual(self.mode_of(tap), 'passthru')
        done = self.add(check=False)
        self.assertEqual(done.rc, 1)
        self.assertIn('requires exclusive access', done.err)
        self.h.netctl('port-remove', 'direct', tap)
        self.assertNotIn(tap, self.h.links())
        self.add()

    def test_pool_shares(self):
        self.h.wire(self.world, 'up2', 'eth1')
        self.h.start_network("<network><name>direct</name><forward mode='bridge'><interface dev='up1'/><interface dev='up2'/>"
                             "</forward></network>")
        taps = [self.add().out.split()[0] for _ in range(2)]
        lower = {self.h.ip_json('link', 'show', 'dev', t)[0]['link'] for t in taps}
        self.assertEqual(lower, {'up1', 'up2'})

    def test_survives_netd(self):
        self.start('bridge')
        tap = self.add().out.split()[0]
        self.h.stop_netd()
        self.h.start_netd()
        self.assertIn(tap, self.h.netctl('port-list', 'direct').out)
        self.h.netctl('port-remove', 'direct', tap)
        self.assertNotIn(tap, self.h.links())

    def test_refusals(self):
        self.start('bridge')
        for words, why in ((('--netns', self.world.ns), 'nothing to put into a namespace'), (('--owner', 'nobody'), "is root's")):
            done = self.add(*words, check=False)
            self.assertEqual(done.rc, 1)
            self.assertIn(why, done.err)
        self.h.sh('ip', 'link', 'del', 'up1')
        done = self.add(check=False)
        self.assertIn("the device 'up1' is missing on this host", done.err)


if __name__ == '__main__':
    unittest.main()
