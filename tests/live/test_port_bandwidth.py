# SPDX-License-Identifier: GPL-2.0-or-later
"""Bandwidth of single ports: as a VM manager asks for it, as their portgroup says, and what is guaranteed to them."""
import os
import re
import sys
import time
import unittest

import lib
import test_bandwidth
import test_python_libvirt

TOLERANCE = test_bandwidth.TOLERANCE
OWNER = '<owner><name>vm1</name><uuid>a1a1a1a1-0000-0000-0000-000000000001</uuid></owner>'


def network(bandwidth='', groups=''):
    xml = lib.network_xml(extra=f'<bandwidth>{bandwidth}</bandwidth>' if bandwidth else '',
                          forward="<forward mode='route'/>")
    return xml.replace('</network>', groups + '</network>')


def group(name, limits, default=False):
    return f"<portgroup name='{name}'{' default=' + repr('yes') if default else ''}><bandwidth>{limits}</bandwidth></portgroup>"


class PortBandwidth(lib.Case):
    to_guest = test_bandwidth.Bandwidth.to_guest
    from_guest = test_bandwidth.Bandwidth.from_guest
    rate = test_bandwidth.Bandwidth.rate
    assert_near = test_bandwidth.Bandwidth.assert_near

    def setUp(self):
        super().setUp()
        self.h = self.host()

    def guest_of(self, number):
        """A guest whose link has the guest's MAC with fe in front, as a VM's tap."""
        guest = self.guest(f'g{number}', self.h, 'virbr1', mac=f'52:54:00:aa:bb:{number:02x}')
        self.h.sh('ip', 'link', 'set', guest.port, 'address', 'fe' + guest.mac[2:])
        return guest

    def port(self, number, more='', network='net1', mac=None):
        path = os.path.join(self.folder, 'port.xml')
        with open(path, 'w') as f:
            f.write(f'<networkport><uuid>{number:08x}-1111-2222-3333-444444444444</uuid>{OWNER}{more}'
                    f"<mac address='{mac or f'52:54:00:aa:bb:{number:02x}'}'/></networkport>")
        return self.h.netctl('net-port-create', network, path).out.split()[2]

    def limits_of(self, guest):
        """(rate to the guest, rate from it) in bit/s, or None each."""
        return tuple(self.rate_of(dev) for dev in (guest.port, self.ifb_of(guest)))

    def classes(self, dev):
        """{minor: (is root, bit/s)} of HTB; tc's JSON of classes is none."""
        unit = {'': 1, 'K': 1e3, 'M': 1e6, 'G': 1e9}
        shown = self.h.sh('tc', 'class', 'show', 'dev', dev, check=False).out if dev else ''
        found = re.findall(r'class htb [0-9a-f]+:([0-9a-f]+) (root|parent).*? rate (\d+)([KMG]?)bit', shown)
        return {int(minor, 16): (where == 'root', int(n) * unit[u]) for minor, where, n, u in found}

    def rate_of(self, dev):
        rates = [rate for is_root, rate in self.classes(dev).values() if is_root]
        return rates[0] if rates else None

    def ifb_of(self, guest):
        rows = self.h.ip_json('link', 'show', 'dev', guest.port)
        name = f'netdp{rows[0]["ifindex"]:08x}'
        shown = self.h.sh('tc', 'filter', 'show', 'dev', guest.port, 'ingress', check=False).out
        return name if name in self.h.links() and name in shown else None

    def until(self, guest, *limits, seconds=1.0):
        lib.wait_for(f'limits {limits}, not {self.limits_of(guest)}', lambda: self.limits_of(guest) == limits, seconds)

    def listening(self, *places):
        for place in places:
            process = place.spawn(sys.executable, '-c', test_bandwidth.RECEIVE)
            lib.wait_for('the receiver', lambda: 'ready' in process.log())

    def outside_world(self):
        self.out = self.outside(self.h)
        self.out.sh('ip', 'route', 'add', '192.168.150.0/24', 'via', self.out.host_address)

    def test_rates(self):
        self.h.start_network(network())
        self.outside_world()
        self.g = self.guest_of(1)
        self.port(1, "<bandwidth><inbound average='1000'/><outbound average='500'/></bandwidth>")
        self.g.dhcp()
        self.until(self.g, 8e6, 4e6)
        self.listening(self.out, self.g)
        for kind in ('udp', 'tcp'):
            self.assert_near(self.to_guest, kind, 1000e3, 'to a port')
            self.assert_near(self.from_guest, kind, 500e3, 'from a port')

    def test_life(self):
        """Set with the port, changed, repaired, taken up by another controller, and gone with the port."""
        self.h.start_network(network())
        guest, other = self.guest_of(1), self.guest_of(2)
        uuid = self.port(1, "<bandwidth><inbound average='1000'/><outbound average='500'/></bandwidth>")
        self.until(guest, 8e6, 4e6)
        self.assertEqual(self.limits_of(other), (None, None))
        ifb = self.ifb_of(guest)
        for damage in (f'tc qdisc del dev {guest.port} root', f'tc qdisc del dev {guest.port} ingress',
                       f'tc filter del dev {guest.port} parent ffff:', f'tc qdisc del dev {ifb} root', f'ip link del {ifb}'):
            self.h.sh('sh', '-ec', damage)
            self.until(guest, 8e6, 4e6, seconds=0.5)
        self.h.virsh('net-port-dumpxml', 'net1', uuid)
        self.h.sh('ip', 'link', 'set', guest.port, 'nomaster')
        lib.wait_for('the port back', lambda: self.h.ip_json('link', 'show', guest.port)[0].get('master') == 'virbr1')
        self.until(guest, 8e6, 4e6)
        self.h.daemon.kill()
        before = self.h.sh('tc', 'qdisc', 'show').out
        self.h.start_netd()
        self.until(guest, 8e6, 4e6)
        self.assertEqual(self.h.sh('tc', 'qdisc', 'show').out, before)
        self.assertEqual(self.h.json('net-plan', 'net1')['plan'], '')
        self.h.netctl('net-port-delete', 'net1', uuid)
        self.until(guest, None, None)
        self.assertEqual([name for name in self.h.links() if name.startswith('netdp')], [])
        self.assertNotIn('ingress', self.h.sh('tc', 'qdisc', 'show', 'dev', guest.port).out)

    def test_gone_with_the_link(self):
        """… and with the network; also what ended while no controller ran."""
        self.h.start_network(network())
        one, two, three = self.guest_of(1), self.guest_of(2), self.guest_of(3)
        for number in (1, 2, 3):
            self.port(number, "<bandwidth><outbound average='500'/></bandwidth>")
        for guest in (one, two, three):
            self.until(guest, None, 4e6)

        def ifbs():
            return sorted(name for name in self.h.links() if name.startswith('netdp'))
        self.assertEqual(len(ifbs()), 3)
        self.h.sh('ip', 'link', 'del', one.port)
        lib.wait_for('two ifbs', lambda: len(ifbs()) == 2)
        self.h.stop_netd()
        self.h.sh('ip', 'link', 'del', two.port)
        self.h.start_netd()
        lib.wait_for('one ifb', lambda: ifbs() == [self.ifb_of(three)])
        self.h.netctl('net-destroy', 'net1')
        lib.wait_for('no ifb', lambda: ifbs() == [])
        self.assertEqual(self.limits_of(three), (None, None))

    def test_made_anew(self):
        """A tap of that MAC that comes again is limited as soon as it is attached."""
        self.h.start_network(network())
        self.port(1, "<bandwidth><inbound average='1000'/></bandwidth>")
        for _ in range(2):
            self.h.sh('sh', '-ec', 'ip tuntap add dev t1 mode tap; ip link set t1 address fe:54:00:aa:bb:01;'
                      'ip link set t1 master virbr1 up')
            lib.wait_for('its limit', lambda: self.rate_of('t1') == 8e6, 0.05 + 0.15, 0.005)
            self.h.sh('ip', 'link', 'del', 't1')

    @unittest.skipUnless(test_python_libvirt.installed(), 'not installed: python3-libvirt')
    def test_parameters(self):
        self.h.start_network(network("<inbound average='2000'/>"))
        guest = self.guest_of(1)
        uuid = self.port(1)
        self.assertEqual(self.limits_of(guest), (None, None))

        def tune(*words):
            self.set_params(uuid, *words)
        tune('inbound.average', 1000, 'outbound.average', 250)
        self.until(guest, 8e6, 2e6)
        tune('inbound.average', 700, 'outbound.average', 0)
        self.until(guest, 5.6e6, None)
        tune('inbound.floor', 300)
        lib.wait_for('the floor', lambda: self.floors() == {3: 2.4e6})
        tune('inbound.average', 0, 'inbound.floor', 0)
        self.until(guest, None, None)
        lib.wait_for('no floor', lambda: self.floors() == {})

    def set_params(self, uuid, *words):
        """By libvirt's own library: virsh has no verb for it."""
        script = '''
import libvirt, sys
c = libvirt.open(sys.argv[1])
n = c.networkLookupByName('net1')
p = n.portLookupByUUIDString(sys.argv[2])
p.setParameters({k: int(v) for k, v in zip(sys.argv[3::2], sys.argv[4::2])})
'''
        self.h.sh(test_python_libvirt.PYTHON, '-c', script, f'network:///system?mode=direct&socket={self.h.socket}', uuid, *words)

    def floors(self):
        return {minor: rate for minor, (_, rate) in self.classes('virbr1').items() if minor > 2}

    def test_groups(self):
        """A port without a port object is in the default group; what a group says is changed while guests run."""
        self.h.start_network(network(groups=group('a', "<inbound average='1000'/>", True) +
                                     group('b', "<inbound average='2000'/><outbound average='100'/>")))
        plain, named, own = (self.guest_of(i) for i in (1, 2, 3))
        self.until(plain, 8e6, None)
        self.port(2, '<group>b</group>')
        self.port(3, "<group>b</group><bandwidth><inbound average='3000'/></bandwidth>")
        self.until(named, 16e6, 0.8e6)
        self.until(own, 24e6, None)
        self.h.netctl('net-update', 'net1', 'modify', 'portgroup', group('b', "<inbound average='500'/>"), '--live')
        self.until(named, 4e6, None)
        self.until(own, 24e6, None)
        self.until(plain, 8e6, None)
        self.h.netctl('net-update', 'net1', 'modify', 'portgroup', group('a', "<outbound average='600'/>", True), '--live')
        self.until(plain, None, 4.8e6)
        self.h.netctl('net-update', 'net1', 'delete', 'portgroup', group('a', "<outbound average='600'/>", True), '--live')
        self.until(plain, None, None)
        self.assertIn("<inbound average='500'/>", self.h.netctl('net-port-dumpxml', 'net1',
                      '00000002-1111-2222-3333-444444444444').out)
        # Another group for the same guest: its VM manager makes the new port first.
        self.h.netctl('net-update', 'net1', 'add', 'portgroup', group('c', "<inbound average='250'/>"), '--live')
        self.port(9, '<group>c</group>', mac=named.mac)
        self.until(named, 2e6, None)
        self.h.netctl('net-port-delete', 'net1', '00000002-1111-2222-3333-444444444444')
        self.until(named, 2e6, None)

    def test_found_by_its_station(self):
        """A link with a MAC of its own is the port's behind which its guest has been heard."""
        self.h.start_network(network(groups=group('a', "<inbound average='1000'/>", True)))
        guest = self.guest('g1', self.h, 'virbr1', mac='52:54:00:aa:bb:01')
        self.until(guest, 8e6, None)
        self.port(1, "<bandwidth><inbound average='300'/><outbound average='200'/></bandwidth>")
        guest.dhcp()
        self.until(guest, 2.4e6, 1.6e6, seconds=3)
        self.h.netctl('net-port-delete', 'net1', '00000001-1111-2222-3333-444444444444')
        self.until(guest, 8e6, None)

    def test_foreign(self):
        """What somebody else has put there is left alone."""
        self.h.start_network(network())
        guest = self.guest_of(1)
        self.h.sh('tc', 'qdisc', 'add', 'dev', guest.port, 'root', 'handle', '1:', 'htb', 'default', '1')
        self.h.sh('tc', 'class', 'add', 'dev', guest.port, 'parent', '1:', 'classid', '1:1', 'htb', 'rate', '1mbit')
        uuid = self.port(1, "<bandwidth><inbound average='1000'/><outbound average='500'/></bandwidth>")
        lib.wait_for('a word', lambda: f"somebody else limits port '{guest.port}'" in self.h.daemon.log())
        self.assertEqual(self.limits_of(guest), (1e6, None))
        self.h.sh('tc', 'class', 'change', 'dev', guest.port, 'parent', '1:', 'classid', '1:1', 'htb', 'rate', '2mbit')
        self.h.netctl('net-port-delete', 'net1', uuid)
        time.sleep(0.2)
        self.assertEqual(self.limits_of(guest), (2e6, None))
        # And who takes over what is ours has it.
        self.port(2, "<bandwidth><inbound average='1000'/></bandwidth>")
        other = self.guest_of(2)
        self.until(other, 8e6, None)
        self.h.sh('tc', 'qdisc', 'replace', 'dev', other.port, 'root', 'handle', '7:', 'pfifo')
        time.sleep(0.3)
        self.assertIn('pfifo 7:', self.h.sh('tc', 'qdisc', 'show', 'dev', other.port).out)

    def flood(self, *guests):
        """Send to all at once, each more than the network has; octets per second that each receives."""
        senders = [self.out.spawn(sys.executable, '-c', test_bandwidth.SEND, 'udp', g.lease.address, 500e3) for g in guests]
        time.sleep(1)

        def received():
            return time.monotonic(), [int(g.sh('cat', '/sys/class/net/eth0/statistics/rx_bytes').out) for g in guests]
        (start, before), _, (end, after) = received(), time.sleep(2.5), received()
        for sender in senders:
            sender.kill()
        return [(b - a) / (end - start) for a, b in zip(before, after)]

    def test_floor(self):
        """Who has a floor gets it though others want all there is; the sum stays the network's."""
        self.h.start_network(network("<inbound average='1000'/>"))
        self.outside_world()
        guests = [self.guest_of(i) for i in (1, 2, 3)]
        for g in guests:
            g.dhcp()
        self.listening(*guests)
        first = self.port(1, "<bandwidth><inbound average='1000' floor='700'/></bandwidth>")
        self.port(2, "<bandwidth><inbound average='1000' floor='200'/></bandwidth>")
        lib.wait_for('the floors', lambda: self.floors() == {3: 5.6e6, 4: 1.6e6})
        for _ in range(3):
            rates = self.flood(*guests)
            print('# floors 700, 200, none:', [int(r) for r in rates], file=sys.stderr)
            self.assertLess(sum(rates), 1000e3 * (1 + TOLERANCE))
            if rates[0] > 700e3 * (1 - TOLERANCE) and rates[1] > 200e3 * (1 - TOLERANCE):
                break
        else:
            self.fail(f'{rates}')
        self.h.sh('tc', 'qdisc', 'del', 'dev', 'virbr1', 'root')
        lib.wait_for('repair', lambda: self.floors() == {3: 5.6e6, 4: 1.6e6}, 0.5)
        self.h.daemon.kill()
        self.h.start_netd()
        self.assertEqual(self.floors(), {3: 5.6e6, 4: 1.6e6})
        self.h.netctl('net-port-delete', 'net1', first)
        lib.wait_for('one floor', lambda: self.floors() == {4: 1.6e6})
        self.assertEqual(self.h.sh('tc', 'filter', 'show', 'dev', 'virbr1', 'parent', '1:').out.count('flowid'), 1)
        self.port(5, "<bandwidth><inbound average='1000' floor='100'/></bandwidth>")
        lib.wait_for('its class again', lambda: self.floors() == {3: 0.8e6, 4: 1.6e6})

    @unittest.skipUnless(test_python_libvirt.installed(), 'not installed: python3-libvirt')
    def test_many_floors(self):
        """Hundreds of ports, quickly; two whose MACs fall into one bucket are told apart."""
        self.h.start_network(network("<inbound average='100000'/>"))
        start = time.monotonic()
        script = '''
import libvirt, sys
c = libvirt.open(sys.argv[1])
n = c.networkLookupByName('net1')
for i in range(300):
    n.portCreateXML(f"<networkport><uuid>{i:08x}-1111-2222-3333-444444444444</uuid><owner><name>v</name>"
                    f"<uuid>a1a1a1a1-0000-0000-0000-000000000001</uuid></owner>"
                    f"<mac address='52:54:00:00:{i // 16:02x}:{i % 16:02x}'/>"
                    f"<bandwidth><inbound average='1' floor='10'/></bandwidth></networkport>")
'''
        self.h.sh(test_python_libvirt.PYTHON, '-c', script, f'network:///system?mode=direct&socket={self.h.socket}')
        print(f'# 300 ports with floors: {time.monotonic() - start:.2f} s', file=sys.stderr)
        lib.wait_for('all classes', lambda: len(self.floors()) == 300)
        filters = self.h.sh('tc', 'filter', 'show', 'dev', 'virbr1', 'parent', '1:').out
        self.assertEqual(filters.count('flowid'), 300)
        self.h.netctl('net-destroy', 'net1')
        self.assertNotIn('htb', self.h.sh('tc', 'qdisc', 'show').out)
