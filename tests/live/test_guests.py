# SPDX-License-Identifier: GPL-2.0-or-later
"""What guests get: addresses by real clients, names, the outside where it is allowed and nothing where it isn't."""
import os
import re
import signal
import unittest

import lib

NAT = lib.network_xml('nat', 'virbr1', '192.168.151', domain='nat.lab')
ISOLATED = lib.network_xml('iso', 'virbr2', '192.168.152', forward='')


class Addresses(lib.Case):
    def lease_by(self, client):
        host = self.host()
        host.start_network(NAT)
        guest = self.guest('web', host, 'virbr1')
        lease = guest.dhcp(client)
        self.assertRegex(lease.address, r'^192\.168\.151\.(1\d\d|200)$')
        self.assertEqual((lease.prefix, lease.router), (24, '192.168.151.1'))
        self.assertIn(f'{lease.address}/24', guest.addresses('eth0'))
        guest.ping('192.168.151.1')
        row = host.lease_of('nat', guest.mac)
        self.assertEqual((row['ip-address'], row['hostname'], row['prefix']), (lease.address, 'web', 24))
        return host, guest, lease

    @lib.needs('udhcpc')
    def test_udhcpc(self):
        host, guest, lease = self.lease_by('udhcpc')
        self.assertEqual((lease.dns, lease.domain, lease.server), (['192.168.151.1'], 'nat.lab', '192.168.151.1'))
        self.assertEqual(guest.dhcp('udhcpc').address, lease.address, 'the same guest gets its address again')
        text = host.netctl('net-dhcp-leases', 'nat').out
        self.assertRegex(text, rf'{guest.mac}   ipv4       {re.escape(lease.address)}/24   web ')
        self.assertEqual(text, host.virsh('net-dhcp-leases', 'nat').out if lib.have('virsh') else text)

    @lib.needs('dhclient')
    def test_dhclient(self):
        self.lease_by('dhclient')

    @lib.needs('dhcpcd')
    def test_dhcpcd(self):
        self.lease_by('dhcpcd')

    @unittest.skipUnless(os.path.exists('/lib/systemd/systemd-networkd'), 'not installed: systemd-networkd')
    def test_networkd(self):
        self.lease_by('networkd')

    @lib.needs('udhcpc')
    def test_reservation(self):
        host = self.host()
        mac = '52:54:00:99:99:01'
        host.start_network(NAT.replace('</dhcp>', f"<host mac='{mac}' name='fixed' ip='192.168.151.42'/></dhcp>"))
        self.assertEqual(self.guest('g', host, 'virbr1', mac).dhcp().address, '192.168.151.42')

    @lib.needs('udhcpc')
    def test_leases_survive_a_restart_of_the_network(self):
        host = self.host()
        host.start_network(NAT)
        guest = self.guest('web', host, 'virbr1')
        first = guest.dhcp().address
        host.netctl('net-destroy', 'nat')
        host.netctl('net-start', 'nat')
        host.sh('ip', 'link', 'set', guest.port, 'master', 'virbr1')
        other = self.guest('other', host, 'virbr1')
        self.assertNotEqual(other.dhcp().address, first)
        self.assertEqual(guest.dhcp().address, first)

    @lib.needs('udhcpc')
    def test_twenty_guests_get_twenty_addresses(self):
        host = self.host()
        host.start_network(NAT)
        guests = [self.guest(f'g{i}', host, 'virbr1') for i in range(20)]
        self.assertEqual(len({g.dhcp().address for g in guests}), 20)
        self.assertEqual(len(host.json('net-dhcp-leases', 'nat')['leases']), 20)


@lib.needs('udhcpc', 'dig')
class Names(lib.Case):
    def test_guests_find_each_other(self):
        host = self.host()
        host.start_network(NAT)
        web, db = self.guest('web', host, 'virbr1'), self.guest('db', host, 'virbr1')
        a, b = web.dhcp(), db.dhcp()
        self.assertEqual(web.dig('db.nat.lab'), [b.address])
        self.assertEqual(db.dig('web.nat.lab'), [a.address])
        self.assertEqual(db.dig('web'), [a.address])
        self.assertEqual(db.dig('-x', a.address), ['web.nat.lab.'])
        self.assertEqual(web.dig('+tcp', 'db.nat.lab'), [b.address])
        self.assertEqual(web.sh('cat', web.resolv_conf).out, 'search nat.lab\nnameserver 192.168.151.1\n')

    def test_hosts_of_the_definition(self):
        host = self.host()
        host.start_network(NAT.replace('<ip ', "<dns><host ip='192.168.151.7'><hostname>store</hostname></host>"
                                       "<txt name='about' value='hello world'/></dns><ip ", 1))
        guest = self.guest('g', host, 'virbr1')
        guest.dhcp()
        self.assertEqual(guest.dig('store'), ['192.168.151.7'])
        self.assertIn('hello world', guest.sh('dig', '+short', '@192.168.151.1', 'about', 'TXT').out)

    def test_outside_names_are_asked_upstream(self):
        host = self.host(start=False)
        outside = self.outside(host)
        outside.serve_names(www_example_org='203.0.113.80')
        host.set_upstreams(outside.address)
        host.start_netd()
        host.start_network(NAT)
        guest = self.guest('g', host, 'virbr1')
        guest.dhcp()
        self.assertEqual(guest.dig('www.example.org'), ['203.0.113.80'])
        self.assertIn('NXDOMAIN', guest.sh('dig', '@192.168.151.1', 'nosuch.example.org').out)
        self.assertEqual(guest.dig('nosuch.nat.lab'), [])

    def test_private_addresses_from_outside(self):
        host = self.host(start=False)
        outside = self.outside(host)
        outside.serve_names(www_example_org='203.0.113.80', evil_example_org='192.168.151.1')
        host.set_upstreams(outside.address)
        host.start_netd()
        host.start_network(NAT)
        guest = self.guest('g', host, 'virbr1')
        guest.dhcp()
        self.assertEqual(guest.dig('evil.example.org'), ['192.168.151.1'])
        host.netctl('net-metadata', 'nat', '--uri', 'urn:netd:network:1', '--key', 'netd', '--live', '--config',
                    '--set', "<network><dns rebindProtection='yes'/></network>")
        self.assertEqual(guest.dig('evil.example.org'), [])
        self.assertEqual(guest.dig('www.example.org'), ['203.0.113.80'])

    def test_records_beside_hosts(self):
        host = self.host()
        host.start_network(NAT)
        web = self.guest('web', host, 'virbr1')
        web.dhcp()
        host.netctl('net-metadata', 'nat', '--uri', 'urn:netd:network:1', '--key', 'netd', '--live', '--config',
                    '--set', "<network><dns><alias name='www' of='web'/><mx exchange='web'/>"
                    "<wildcard name='apps' ip='192.168.151.9'/></dns></network>")
        self.assertEqual(web.dig('www.nat.lab'), ['web.nat.lab.', web.lease.address])
        self.assertEqual(web.dig('www'), ['web.nat.lab.', web.lease.address])
        self.assertEqual(web.sh('dig', '+short', '@192.168.151.1', 'nat.lab', 'MX').out, '10 web.nat.lab.\n')
        self.assertEqual(web.dig('shop.apps.nat.lab'), ['192.168.151.9'])

    def test_isolated_network_does_not_forward_names(self):
        host = self.host(start=False)
        outside = self.outside(host)
        log = outside.serve_names(www_example_org='203.0.113.80')
        host.set_upstreams(outside.address)
        host.start_netd()
        host.start_network(ISOLATED)
        guest = self.guest('g', host, 'virbr2')
        guest.dhcp()
        self.assertEqual(guest.dig('www.example.org', server='192.168.152.1'), [])
        self.assertNotIn('www.example.org', log.log())
        self.assertEqual(guest.dig('g', server='192.168.152.1'), [guest.lease.address])


@lib.needs('udhcpc')
class Reach(lib.Case):
    """Who reaches whom. The outside has no route to any guest network."""

    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.out = self.outside(self.h)
        self.h.start_network(NAT)
        self.h.start_network(ISOLATED)
        self.a, self.b = self.guest('a', self.h, 'virbr1'), self.guest('b', self.h, 'virbr1')
        self.i, self.j = self.guest('i', self.h, 'virbr2'), self.guest('j', self.h, 'virbr2')
        for g in (self.a, self.b, self.i, self.j):
            g.dhcp()

    def reaches(self, who, address):
        return who.ping(address, check=False, wait=1).rc == 0

    def test_nat(self):
        self.assertTrue(self.reaches(self.a, self.out.address), 'guest to outside, masqueraded')
        self.assertTrue(self.reaches(self.a, self.b.lease.address), 'guest to guest')
        self.assertTrue(self.reaches(self.h, self.a.lease.address), 'host to guest')
        self.out.sh('ip', 'route', 'add', '192.168.151.0/24', 'via', self.out.host_address)
        self.assertFalse(self.reaches(self.out, self.a.lease.address), 'outside to guest, although it knows a route')

    def test_isolated(self):
        self.i.sh('ip', 'route', 'replace', 'default', 'via', '192.168.152.1')
        self.assertTrue(self.reaches(self.i, self.j.lease.address), 'guest to guest')
        self.assertFalse(self.reaches(self.i, self.out.address), 'guest to outside')
        self.assertFalse(self.reaches(self.i, self.a.lease.address), 'isolated to NAT network')
        self.assertFalse(self.reaches(self.a, self.i.lease.address), 'NAT network to isolated')
        self.assertIsNone(self.i.lease.router or None, 'an isolated network offers no router')

    def test_source_is_the_hosts(self):
        if not lib.have('tcpdump'):
            self.skipTest('not installed: tcpdump')
        capture = self.out.capture('icmp')
        self.a.ping(self.out.address)
        lib.wait_for('the echo request', lambda: 'echo request' in capture.log())
        self.assertIn(f'{self.out.host_address} > {self.out.address}: ICMP echo request', capture.log())
        self.assertNotIn('192.168.151.', capture.log())


class GuestRun(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.h.start_network(NAT)

    def test_command_sees_a_configured_guest(self):
        got = self.h.guest_run('nat', 'sh', '-c', 'hostname; cat /etc/resolv.conf; ip -o -4 addr show eth0; ip route',
                               name='box')
        self.assertIn('box\nsearch nat.lab\nnameserver 192.168.151.1\n', got.out)
        self.assertIn('inet 192.168.151.', got.out)
        self.assertIn('default via 192.168.151.1', got.out)

    def test_exit_status_and_nothing_left(self):
        before = self.h.links()
        self.assertEqual(self.h.guest_run('nat', 'sh', '-c', 'sleep 100 & exit 7', check=False).rc, 7)
        self.assertEqual(self.h.guest_run('nat', '/nonexistent', check=False).rc, 127)
        self.assertEqual(self.h.guest_run('nosuch', 'true', check=False).rc, 125)
        lib.wait_for('the guests\' interfaces to go', lambda: self.h.links() == before)

    def started(self, *command):
        """guest-run in the background, once the command runs."""
        process = self.h.spawn(lib.NETCTL, '--root', self.h.root, 'guest-run', 'nat', '--', *command)
        lib.wait_for('the command in the guest', lambda: 'runs' in process.log())
        return process

    def test_signals(self):
        for command, status in (('echo runs; exec sleep 100', 143), ('trap "exit 3" TERM; echo runs; sleep 100 & wait', 3)):
            self.assertEqual(self.started('sh', '-c', command).stop(), status)

    def test_killed_netctl_leaves_nothing(self):
        before = self.h.links()
        process = self.started('sh', '-c', 'echo runs; sleep 100')
        self.assertNotEqual(self.h.links(), before)
        process.stop(number=signal.SIGKILL)
        lib.wait_for("the guest's interface to go", lambda: self.h.links() == before)

    def test_same_name_gets_same_address(self):
        first, second = (self.h.guest_run('nat', 'hostname', '-I', name='box').out for _ in range(2))
        self.assertEqual(first, second)

    def test_each_client(self):
        for client in ('udhcpc', 'dhclient', 'dhcpcd'):
            if lib.have(client):
                got = self.h.guest_run('nat', 'hostname', '-I', name=f'by-{client}', options=['--client', client])
                self.assertRegex(got.out, r'192\.168\.151\.', client)

    def test_isolated_from_the_host(self):
        got = self.h.guest_run('nat', 'sh', '-c', 'ip -o link | wc -l; ls /run/netns | wc -l; cat /proc/1/comm')
        self.assertEqual(got.out.split()[0], '2', 'lo and eth0 are all it sees')
        self.assertEqual(got.out.split()[-1], 'netctl', 'its first process is its own')

    def test_without_dhcp(self):
        host = self.h
        host.start_network(lib.network_xml('bare', 'virbr3', '192.168.153', dhcp=False))
        self.assertEqual(host.guest_run('bare', 'true', options=['--client', 'none']).rc, 0)
        got = host.guest_run('bare', 'true', options=['--timeout', '1'], check=False)
        self.assertEqual(got.rc, 125)
        self.assertIn('no DHCP lease', got.err)


class Taps(lib.Case):
    def test_tap_is_a_port_until_removed(self):
        host = self.host()
        host.start_network(NAT)
        tap = host.netctl('-q', 'port-tap', 'nat').out.strip()
        row = host.ip_json('link', 'show', tap)[0]
        self.assertEqual((row['master'], row['operstate'] != 'UNKNOWN'), ('virbr1', True))
        host.netctl('port-remove', 'nat', tap)
        self.assertNotIn(tap, host.links())
        got = host.netctl('port-remove', 'nat', tap, check=False)
        self.assertEqual(got.rc, 1)
        self.assertIn(tap, got.err)

    def test_never_a_foreign_interface(self):
        host = self.host()
        host.start_network(NAT)
        host.sh('ip', 'link', 'add', 'd0', 'type', 'bridge')
        got = host.netctl('port-remove', 'nat', 'd0', check=False)
        self.assertEqual(got.rc, 1)
        self.assertIn('d0', host.links())
