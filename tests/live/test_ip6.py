# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv6 guests: addresses by DHCPv6 and by router advertisements, for real clients and for the kernel itself."""
import os
import re
import signal
import unittest

import lib
from test_dhcp_daemon import processes, workers

BOTH = """<network><name>six</name><forward mode='nat'><nat ipv6='yes'/></forward><bridge name='virbr6' stp='off'/>
<domain name='lab'/>
<ip address='192.168.166.1' netmask='255.255.255.0'><dhcp><range start='192.168.166.100' end='192.168.166.200'/></dhcp></ip>
<ip family='ipv6' address='fd66::1' prefix='64'><dhcp><range start='fd66::100' end='fd66::1ff'/>
<host name='fixed' ip='fd66::50'/></dhcp></ip></network>"""
SLAAC = """<network><name>six</name><forward mode='route'/><bridge name='virbr6' stp='off'/><domain name='lab'/>
<ip family='ipv6' address='fd67::1' prefix='64'/></network>"""
ISOLATED = SLAAC.replace("<forward mode='route'/>", '')
SYSTEMD = '/lib/systemd/systemd-networkd'


class Six(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()

    def start(self, xml):
        self.h.start_network(xml)

    def leases(self, mac=None):
        rows = self.h.json('net-dhcp-leases', 'six')['leases']
        return [r for r in rows if r['protocol'] == 'ipv6' and mac in (None, r['mac-address'])]

    def global_addresses(self, guest):
        return [a for a in guest.addresses('eth0', 'inet6') if not a.startswith('fe80')]

    def up(self, name, accept_ra=True):
        """A guest; the link comes up again, so that the kernel solicits with the wanted settings."""
        guest = self.guest(name, self.h, 'virbr6')
        guest.sh('sysctl', '-qw', f'net.ipv6.conf.eth0.accept_ra={int(accept_ra)}', 'net.ipv6.conf.eth0.dad_transmits=0')
        guest.sh('ip', 'link', 'set', 'eth0', 'down')
        guest.sh('ip', 'link', 'set', 'eth0', 'up')
        lib.wait_for('its link-local address', lambda: [
            a for row in guest.ip_json('-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'link')
            for a in row.get('addr_info', []) if not a.get('tentative')])
        return guest

    def default_routes(self, guest):
        return guest.ip_json('-6', 'route', 'show', 'default')

    def dhclient(self, guest, *options, send=''):
        conf = os.path.join(self.folder, f'dhclient6-{self.next_number()}')
        with open(conf, 'w') as f:
            f.write(f'{send}\nrequest dhcp6.name-servers, dhcp6.domain-search;\n')
        return guest.spawn('dhclient', '-6', '-1', '-v', '-d', '-sf', '/bin/true', '-cf', conf, '-lf', conf + '.leases',
                           '-pf', conf + '.pid', *options, 'eth0')


    def lease(self, guest, client, seconds=10):
        try:
            return lib.wait_for('the lease', lambda: self.leases(guest.mac), seconds)[0]
        except lib.Failed as why:
            raise lib.Failed(f'{why}\n{client.log()[-3000:]}')


class Dhcp6(Six):
    @lib.needs('dhclient')
    def test_dhclient(self):
        self.start(BOTH)
        guest = self.up('vm1')
        client = self.dhclient(guest)
        row = self.lease(guest, client)
        lib.wait_for('the client', lambda: 'Bound' in client.log() or 'bound' in client.log(), 10)
        self.assertRegex(row['ip-address'], r'^fd66::1[0-9a-f]{2}$')
        self.assertEqual(row['prefix'], 64)
        self.assertTrue(row['iaid'])
        self.assertTrue(row['client-id'])
        shown = self.h.virsh('net-dhcp-leases', 'six').out
        self.assertIn(f"{row['ip-address']}/64", shown)
        self.assertIn('ipv6', shown)

    @lib.needs('dhclient')
    def test_name_and_static_address(self):
        self.start(BOTH)
        guest = self.up('vm1')
        row = self.lease(guest, self.dhclient(guest, send='send fqdn.fqdn "fixed";'))
        self.assertEqual((row['ip-address'], row['hostname']), ('fd66::50', 'fixed'))

    @lib.needs('dhclient', 'udhcpc', 'dig')
    def test_one_name_for_both_families(self):
        self.start(BOTH)
        guest = self.up('vm1')
        self.lease(guest, self.dhclient(guest))
        guest.dhcp()  # says that it is vm1
        row = lib.wait_for('its name', lambda: [r for r in self.leases(guest.mac) if r['hostname'] == 'vm1'])[0]
        ask = lambda *words: guest.dig(*words, server='192.168.166.1')
        self.assertEqual(lib.wait_for('its AAAA', lambda: ask('vm1.lab', 'AAAA')), [row['ip-address']])
        self.assertEqual(ask('vm1.lab', 'A'), [guest.lease.address])
        self.assertEqual(ask('-x', row['ip-address']), ['vm1.lab.'])
        guest.sh('ip', 'addr', 'add', f"{row['ip-address']}/64", 'dev', 'eth0', 'nodad')
        self.assertEqual(guest.dig('vm1.lab', 'AAAA', server='fd66::1'), [row['ip-address']])
        self.assertEqual(guest.dig('+tcp', 'vm1.lab', 'AAAA', server='fd66::1'), [row['ip-address']])

    @lib.needs('dhcpcd')
    def test_dhcpcd(self):
        self.start(BOTH)
        guest = self.up('vm1')
        conf = os.path.join(self.folder, 'dhcpcd.conf')
        with open(conf, 'w') as f:
            f.write('duid\nnoipv4\noption dhcp6_name_servers\nhostname vm1\n')
        client = guest.spawn('sh', '-c', 'mount -t tmpfs t /var/lib/dhcpcd; mount -t tmpfs t /run; exec "$@"', 'sh',
                             'dhcpcd', '-B', '-6', '-d', '-f', conf, '-c', '/bin/true', 'eth0')
        try:
            row = self.lease(guest, client, 20)
            lib.wait_for('its address', lambda: [a for a in self.global_addresses(guest) if a.startswith(row['ip-address'])])
        except lib.Failed as why:
            raise lib.Failed(f'{why}\n{client.log()}')

    @unittest.skipUnless(os.path.exists(SYSTEMD), 'not installed: systemd')
    def test_networkd(self):
        self.start(BOTH)
        guest = self.up('vm1', accept_ra=False)
        conf = os.path.join(self.folder, 'eth0.network')
        with open(conf, 'w') as f:
            f.write('[Match]\nName=eth0\n[Network]\nDHCP=ipv6\nIPv6AcceptRA=yes\n'
                    '[DHCPv6]\nDUIDType=vendor\nDUIDRawData=00:00:ab:11:f9:2a:c2:77:29:f9:5c:00\n')
        client = guest.spawn('sh', '-c', '''mount -t tmpfs t /run
            mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
            cp "$0" /run/systemd/network/eth0.network
            chown -R systemd-network /run/systemd/netif
            mount -o remount,ro,bind /sys
            exec /lib/systemd/systemd-networkd''', conf,
            env={**os.environ, 'container': 'lxc', 'SYSTEMD_LOG_TARGET': 'console', 'SYSTEMD_LOG_LEVEL': 'debug'})
        try:
            row = self.lease(guest, client, 20)
            lib.wait_for('its address', lambda: [a for a in self.global_addresses(guest) if a.startswith(row['ip-address'])])
            lib.wait_for('its route', lambda: self.default_routes(guest))
        except lib.Failed as why:
            raise lib.Failed(f'{why}\n{client.log()[-4000:]}')
        guest.ping('fd66::1')

    @lib.needs('dhclient')
    def test_host_added_live(self):
        self.start(BOTH)
        guest = self.up('vm1')
        update = self.h.virsh('net-update', 'six', 'add', 'ip-dhcp-host', '--live', '--parent-index', '1',
                              "<host name='web' ip='fd66::77'/>", check=False)
        self.assertEqual(update.rc, 0, update)
        row = self.lease(guest, self.dhclient(guest, send='send fqdn.fqdn "web";'))
        self.assertEqual(row['ip-address'], 'fd66::77')

    @unittest.skipUnless(lib.have('perfdhcp'), 'not installed: kea-admin')
    def test_hundreds_of_clients(self):
        self.start(BOTH.replace('fd66::1ff', 'fd66::fff'))
        crowd = self.up('crowd', accept_ra=False)
        done = crowd.sh('perfdhcp', '-6', '-l', 'eth0', '-r', 300, '-R', 400, '-n', 800, '-W', 200000, check=False)
        drops = re.findall(r'drops ratio: ([0-9.]+) %', done.out)
        self.assertTrue(drops and all(float(d) == 0 for d in drops), done)
        held = self.leases()
        self.assertEqual(len({r['ip-address'] for r in held}), len(held))
        self.assertGreaterEqual(len(held), 350)

    @lib.needs('dhclient')
    def test_release(self):
        self.start(BOTH)
        guest = self.up('vm1')
        client = self.dhclient(guest)
        self.lease(guest, client)
        lib.wait_for('the client', lambda: 'ound' in client.log(), 10)
        client.stop()
        leases = [w for w in client.words if w.endswith('.leases')][0]
        guest.sh('dhclient', '-6', '-r', '-v', '-sf', '/bin/true', '-lf', leases, '-pf', leases + '.pid2', 'eth0')
        lib.wait_for('the lease to go', lambda: not self.leases(guest.mac))

    @lib.needs('dhclient')
    def test_kept_over_deaths_and_a_restart(self):
        self.start(BOTH)
        guest, other = self.up('vm1'), self.up('vm2')
        first = self.lease(guest, self.dhclient(guest))
        for words in (['netd-worker', 'dhcp'], ['netd-controller']):
            old = lib.wait_for(words[0], lambda: processes(self.h, *words), 10)
            os.kill(old[0], signal.SIGKILL)
            lib.wait_for('another', lambda: [p for p in processes(self.h, *words) if p not in old], 10)
        self.h.stop_netd()
        self.h.start_netd()
        self.assertEqual(self.leases(guest.mac), [first])
        second = self.lease(other, self.dhclient(other))
        self.assertNotEqual(first['ip-address'], second['ip-address'])
        self.dhclient(guest)  # from the start, with no memory of its own
        lib.wait_for('the same address', lambda: self.leases(guest.mac)[0]['ip-address'] == first['ip-address'])
        self.assertEqual(len(self.leases(guest.mac)), 1)


class Advertisements(Six):
    def test_kernel_makes_an_address(self):
        self.start(SLAAC)
        guest = self.up('vm1')
        address = lib.wait_for('an address', lambda: self.global_addresses(guest))[0]
        self.assertTrue(address.startswith('fd67::') and address.endswith('/64'), address)
        route = lib.wait_for('a route', lambda: self.default_routes(guest))[0]
        self.assertTrue(route['gateway'].startswith('fe80::'))
        guest.ping('fd67::1')

    def test_managed_network_makes_none(self):
        self.start(BOTH)
        guest = self.up('vm1')
        lib.wait_for('a route', lambda: self.default_routes(guest))
        self.assertEqual(self.global_addresses(guest), [])
        lib.wait_for('the subnet', lambda: guest.ip_json('-6', 'route', 'show', 'fd66::/64'))

    def test_isolated_network_is_no_way_out(self):
        self.start(ISOLATED)
        guest = self.up('vm1')
        lib.wait_for('an address', lambda: self.global_addresses(guest))
        self.assertEqual(self.default_routes(guest), [])
        guest.ping('fd67::1')

    @lib.needs('tcpdump')
    def test_last_word_at_the_end(self):
        self.start(SLAAC)
        guest = self.up('vm1')
        lib.wait_for('a route', lambda: self.default_routes(guest))
        ear = guest.spawn('tcpdump', '-n', '-l', '-v', '-i', 'eth0', 'icmp6 and ip6[40] == 134')
        lib.wait_for('tcpdump', lambda: 'listening on' in ear.log())
        self.h.netctl('net-destroy', 'six')
        lib.wait_for('the route to go', lambda: not self.default_routes(guest))
        lib.wait_for('three last words', lambda: ear.log().count('router lifetime 0s') == 3)
        self.assertEqual(ear.log().count('valid time 0s'), 3)

    def test_worker_killed(self):
        self.start(SLAAC)
        guest = self.up('vm1')
        lib.wait_for('an address', lambda: self.global_addresses(guest))
        old = workers(self.h)
        os.kill(old[0], signal.SIGKILL)
        lib.wait_for('a new worker', lambda: [p for p in workers(self.h) if p not in old], 10)
        other = self.up('vm2')
        lib.wait_for('an address', lambda: self.global_addresses(other))
        self.assertTrue(self.default_routes(guest))

    @lib.needs('rdisc6')
    def test_content(self):
        self.start(SLAAC.replace('<domain', "<mtu size='1400'/><domain"))
        guest = self.up('vm1', accept_ra=False)
        out = guest.sh('rdisc6', '-1', 'eth0').out
        for line in (r'Hop limit\s*:\s*64', r'Stateful address conf\.\s*:\s*No', r'Router lifetime\s*:\s*1800',
                     r'Prefix\s*:\s*fd67::/64', r'On-link\s*:\s*Yes', r'Autonomous address conf\.:\s*Yes',
                     r'MTU\s*:\s*1400', r'Recursive DNS server\s*:\s*fd67::1', r'DNS search list\s*:\s*lab',
                     r'Source link-layer address:\s*52:54:00'):
            self.assertRegex(out, line)

    @lib.needs('rdisc6')
    def test_content_where_managed(self):
        self.start(BOTH)
        guest = self.up('vm1', accept_ra=False)
        out = guest.sh('rdisc6', '-1', 'eth0').out
        for line in (r'Stateful address conf\.\s*:\s*Yes', r'Stateful other conf\.\s*:\s*Yes',
                     r'Autonomous address conf\.:\s*No', r'Recursive DNS server\s*:\s*fd66::1'):
            self.assertRegex(out, line)

    @lib.needs('rdisc6', 'dhclient')
    def test_stateless(self):
        """Addresses by SLAAC; what <netd:dhcp> says for IPv6 by DHCPv6, which gives no address."""
        self.start(SLAAC.replace('<domain', """<metadata><netd:network xmlns:netd='urn:netd:network:1'><netd:dhcp>
            <netd:option family='ipv6' name='domain-search' value='one.lab'/></netd:dhcp></netd:network></metadata><domain"""))
        guest = self.up('vm1')
        lib.wait_for('an address', lambda: self.global_addresses(guest))
        out = guest.sh('rdisc6', '-1', 'eth0').out
        for line in (r'Stateful address conf\.\s*:\s*No', r'Stateful other conf\.\s*:\s*Yes', r'Autonomous address conf\.:\s*Yes'):
            self.assertRegex(out, line)
        script = os.path.join(self.folder, 'say')
        with open(script, 'w') as f:
            f.write('#!/bin/sh\nset\n')
        os.chmod(script, 0o755)
        client = self.dhclient(guest, '-S', '-sf', script)
        lib.wait_for('the options', lambda: 'one.lab' in client.log(), 10)
        self.assertIn("new_dhcp6_name_servers='fd67::1'", client.log())
        other = self.dhclient(guest)
        lib.wait_for('a refusal', lambda: 'No Addresses' in other.log() or 'no addrs' in other.log().lower() or
                     'NoAddrsAvail' in other.log(), 10)
        self.assertEqual(self.leases(), [])


if __name__ == '__main__':
    unittest.main()
