# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest can do to others by way of the address services: nothing. Whose a request is, is known by the port of the
bridge that it came in by."""
import json
import os
import sys
import time

import lib
from test_dhcp_daemon import XML

SAY = os.path.join(lib.HERE, 'dhcp-say')
FLOOD = os.path.join(lib.HERE, 'dhcp-flood')
ASK = os.path.join(lib.HERE, 'dhcp-ask')
SERVER = '192.168.150.1'
ULA = "<ip family='ipv6' address='fd00:150::1' prefix='64'/></network>"
ADVERTISE = """
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.sendto(b'\\x86\\0\\0\\0\\x40\\0\\x07\\x08' + bytes(8), ('ff02::1', 0, 0, socket.if_nametoindex('eth0')))
"""
LARGE = """<network><name>net2</name><forward mode='nat'/><bridge name='virbr2' stp='off'/>
<ip address='10.150.0.1' netmask='255.255.0.0'><dhcp><range start='10.150.1.0' end='10.150.200.255'/></dhcp></ip>
<ip family='ipv6' address='fd00:152::1' prefix='64'><dhcp><range start='fd00:152::1:0' end='fd00:152::1:ffff'/></dhcp></ip>
</network>"""


def link_local(guest):
    return [a for a in guest.ip_json('-6', 'addr', 'show', 'dev', 'eth0')[0]['addr_info'] if not a.get('tentative')]


@lib.needs('udhcpc', 'nft', 'tcpdump')
class Guard(lib.Case):
    def setUp(self):
        super().setUp()
        self.net = self.host()
        self.net.start_network(XML.replace('</network>', ULA))
        self.good, self.bad = self.guest('good', self.net, 'virbr1'), self.guest('bad', self.net, 'virbr1')
        lib.wait_for('the guard', lambda: self.guarded(self.bad.port))

    def table(self):
        return self.net.sh('nft', 'list', 'table', 'bridge', 'netd_dhcp', check=False).out

    def guarded(self, port):
        return f'"{port}" : 0x' in self.table()

    def lease(self, guest):
        rows = [r for r in self.net.json('lease-list', 'net1')['leases'] if r['mac-address'] == guest.mac]
        return rows[0] if rows else None

    def rogues(self):
        return [(k['network'], k['object']) for k in self.net.json('status')['conditions'] if k['kind'] == 'rogue-server']

    def test_forged_release_and_decline(self):
        address = self.good.dhcp().address
        self.assertEqual(self.lease(self.good)['port'], self.good.port)
        self.bad.dhcp()
        forged = [f'chaddr={self.good.mac}', f'server={SERVER}']
        for sender in ([], [f'from={self.good.mac}']):
            self.bad.sh(SAY, 'eth0', 7, f'ciaddr={address}', f'src={address}', *forged, *sender)
            self.bad.sh(SAY, 'eth0', 4, f'requested={address}', *forged, *sender)
            self.bad.sh(SAY, 'eth0', 3, f'ciaddr={address}', f'src={address}', *forged, *sender)  # a renewal may be forged
        self.bad.sh(SAY, 'eth0', 7, f'ciaddr={address}', f'src={address}', *forged)
        time.sleep(0.3)
        row = self.lease(self.good)
        self.assertEqual((row['ip-address'], row['state'], row['hostname'], row['port']),
                         (address, 'bound', 'good', self.good.port))
        self.good.sh(SAY, 'eth0', 7, f'ciaddr={address}', f'src={address}', f'server={SERVER}')
        lib.wait_for('the honest release', lambda: not self.lease(self.good))

    def test_starved_by_one_port(self):
        """51 addresses, thousands of made-up clients behind one port: another gets an address at once."""
        flood = self.bad.spawn(sys.executable, FLOOD, 'eth0', 300, 'request')
        lib.wait_for('the flood', lambda: 'ready' in flood.log())
        offers = self.bad.spawn(sys.executable, FLOOD, 'eth0', 2000)
        lib.wait_for('the flood', lambda: 'ready' in offers.log())
        time.sleep(2)
        begin = time.monotonic()
        self.good.dhcp(seconds=5)
        self.assertLess(time.monotonic() - begin, 1.0)  # udhcpc and its script take most of it
        self.assertIsNone(flood.popen.poll())
        rows = self.net.json('lease-list', 'net1')['leases']
        self.assertLessEqual(len([r for r in rows if r['port'] == self.bad.port]), 45)
        third = self.guest('third', self.net, 'virbr1')
        third.dhcp(seconds=5)

    def test_rogue_dhcp_server(self):
        ear = self.good.spawn('tcpdump', '-n', '-l', '-i', 'eth0', 'udp and src port 67 and ether src ' + self.bad.mac)
        lib.wait_for('tcpdump', lambda: 'listening on' in ear.log())
        offer = [SAY, 'eth0', 2, 'op=2', 'sport=67', 'dport=68', 'src=192.168.150.66', 'yiaddr=192.168.150.9']
        self.bad.sh(*offer)
        self.bad.sh(*offer, f'to={self.good.mac}', 'dst=192.168.150.9')
        lib.wait_for('the condition', lambda: self.rogues() == [('net1', f'{self.bad.port} dhcp')], 10)
        self.assertNotIn('BOOTP', ear.log())
        self.net.netctl('net-metadata', 'net1', 'urn:netd:network:1', '--key', 'netd', '--live', '--set',
                        f"<network><trusted-port dev='{self.bad.port}'/></network>")
        self.assertIn('trusted-port', self.net.netctl('net-dumpxml', 'net1').out)

        def heard():
            self.bad.sh(*offer)
            return 'BOOTP' in ear.log()
        lib.wait_for('a trusted port', heard)

    def test_trusted_port_in_xml(self):
        def define(element):
            xml = XML.replace('net1', 'net2').replace('virbr1', 'virbr2').replace('150', '151').replace('<domain', """<metadata>
                <netd:network xmlns:netd='urn:netd:network:1'>%s</netd:network></metadata><domain""" % element)
            return self.net.netctl('net-define', '--validate', '-', stdin=xml, check=False)
        self.assertEqual(define("<netd:trusted-port dev='eth1'/><netd:trusted-port dev='eth2'/>").rc, 0)
        self.assertIn("<netd:trusted-port dev='eth2'/>".replace("'", '"'), self.net.netctl('net-dumpxml', 'net2').out)
        for wrong in ('<netd:trusted-port/>', "<netd:trusted-port dev='a/b'/>", "<netd:trusted-port dev='sixteencharacter'/>"):
            self.assertEqual(define(wrong).rc, 1, wrong)

    def test_rogue_router(self):
        ear = self.good.spawn('tcpdump', '-n', '-l', '-i', 'eth0', 'icmp6 and ip6[40] == 134 and ether src ' + self.bad.mac)
        lib.wait_for('tcpdump', lambda: 'listening on' in ear.log())
        lib.wait_for('a link-local address', lambda: link_local(self.bad))
        self.bad.sh(sys.executable, '-c', ADVERTISE)
        lib.wait_for('the condition', lambda: self.rogues() == [('net1', f'{self.bad.port} router')], 10)
        self.assertNotIn('router advertisement', ear.log())

    def test_vanished_port(self):
        address = self.good.dhcp().address
        self.assertGreater(self.lease(self.good)['expiry-time'] - time.time(), 3000)
        self.net.sh('ip', 'link', 'del', self.good.port)
        lib.wait_for('the short end', lambda: self.lease(self.good)['expiry-time'] - time.time() < 301)
        self.assertIsNone(self.lease(self.good)['port'])
        self.assertFalse(self.guarded(self.good.port))
        again = self.guest('good', self.net, 'virbr1', mac=self.good.mac)
        lib.wait_for('the guard', lambda: self.guarded(again.port))
        self.assertEqual(again.dhcp().address, address)
        self.assertGreater(self.lease(again)['expiry-time'] - time.time(), 3000)
        self.assertEqual(self.lease(again)['port'], again.port)

    def test_repaired(self):
        self.net.sh('nft', 'flush', 'ruleset')
        lib.wait_for('the guard', lambda: self.guarded(self.bad.port), 10)
        saved = os.path.join(self.folder, 'saved')
        with open(saved, 'w') as f:
            f.write(self.net.sh('nft', 'list', 'ruleset').out)
        self.net.sh('nft', '-f', saved)  # an administrator's own habits
        self.net.sh('nft', 'delete', 'table', 'bridge', 'netd_dhcp')
        lib.wait_for('the guard', lambda: self.guarded(self.bad.port), 10)

    def test_goes_with_the_network(self):
        self.net.netctl('net-destroy', 'net1')
        lib.wait_for('the end of the guard', lambda: not self.table())
        self.net.netctl('net-start', 'net1')
        lib.wait_for('the guard', lambda: self.guarded(self.bad.port))


@lib.needs('nft')
class Flooded(lib.Case):
    def setUp(self):
        super().setUp()
        self.net = self.host()
        self.net.start_network(LARGE)
        self.good, self.bad, self.second = (self.guest(name, self.net, 'virbr2') for name in ('good', 'bad', 'second'))
        for guest in (self.good, self.bad, self.second):
            lib.wait_for('the guard', lambda: f'"{guest.port}" : 0x' in self.net.sh('nft', 'list', 'table', 'bridge',
                                                                                    'netd_dhcp', check=False).out)
            lib.wait_for('a link-local address', lambda: link_local(guest))

    def answered_in_turn(self, kind, *ask):
        """One port says all it can, and a second one too: another guest has each of its answers within 200 ms."""
        floods = [g.spawn(sys.executable, FLOOD, 'eth0', rate, kind) for g, rate in ((self.bad, 0), (self.second, 3000))]
        lib.wait_for('the floods', lambda: all('ready' in f.log() for f in floods))
        time.sleep(1)
        waits = json.loads(self.good.sh(sys.executable, ASK, 'eth0', 40, *ask).out)
        self.assertEqual([f.popen.poll() for f in floods], [None, None])
        rate = int(floods[0].log().split()[-3])
        self.assertGreater(rate, 5000)
        print(f'{kind}: at {rate} a second from one port another waits', max(w or 1e6 for w in waits), 'ms at most')
        self.assertTrue(all(w is not None and w < 200 for w in waits), waits)

    def test_answered_under_a_flood(self):
        self.answered_in_turn('discover')

    def test_answered_under_a_flood_of_requests(self):
        self.answered_in_turn('request')

    def test_answered_under_a_flood_of_ipv6(self):
        self.answered_in_turn('solicit', 6)
