# SPDX-License-Identifier: GPL-2.0-or-later
"""Every DHCP client that a guest may run, in every situation of its life, and perfdhcp. One test for each situation, all
clients in it side by side in one network; what a client can't do is a line of the table UNABLE."""
import os
import re
import shutil
import signal
import unittest

import lib
from dhcp_clients import ALL, Dhclient6, Dhcpcd6, Networkd, Networkd6, NetworkManager
from test_dhcp_daemon import processes

# T1 and T2 so short that a test can wait for them.
XML = """<network><name>net{n}</name><forward mode='nat'><nat ipv6='yes'/></forward><bridge name='virbr{n}' stp='off'/>
<domain name='lab'/>
<ip address='192.168.18{n}.1' netmask='255.255.255.0'><dhcp><range start='192.168.18{n}.100' end='192.168.18{n}.200'/></dhcp></ip>
<ip family='ipv6' address='fd8{n}::1' prefix='64'><dhcp><range start='fd8{n}::100' end='fd8{n}::1ff'/></dhcp></ip>
<metadata><netd:network xmlns:netd='urn:netd:network:1'><netd:dhcp>
<netd:lease expiry='120' unit='seconds' renew='{t1}' rebind='{t2}'/>
<netd:lease family='ipv6' expiry='120' unit='seconds' renew='{t1}' rebind='{t2}'/>
</netd:dhcp></netd:network></metadata></network>"""

# What a client can't do: (situation, client).
UNABLE = {
    ('decline', Networkd),  # has dropped its address and so its way to the server when it comes to say so
    ('decline', Dhclient6), ('decline', Dhcpcd6), ('decline', Networkd6),  # the kernel detects conflicts for these
    ('release', NetworkManager), ('release', Networkd6),  # go silently
}


class Clients(lib.Case):
    server = '192.168.181.1'

    def network(self, t1=60, t2=100, n=1, host=None):
        host = host or self.host()
        host.start_network(XML.format(n=n, t1=t1, t2=t2))
        return host

    def client(self, kind, bridge='virbr1'):
        guest = self.guest(kind.__name__.lower(), self.h, bridge)
        guest.sh('sysctl', '-qw', 'net.ipv6.conf.eth0.accept_ra=1', 'net.ipv6.conf.eth0.dad_transmits=0')
        guest.sh('ip', 'link', 'set', 'eth0', 'down')
        guest.sh('ip', 'link', 'set', 'eth0', 'up')
        lib.wait_for('its link-local address', lambda: [a for row in guest.ip_json('-6', 'addr', 'show', 'dev', 'eth0')
                                                        for a in row.get('addr_info', []) if not a.get('tentative')], 15)
        return kind(self, guest)

    def clients(self, situation, *kinds):
        """One of each that is installed and can be in that situation, at work."""
        self.situation = situation
        able = [k for k in kinds or ALL if k.here() and (situation, k) not in UNABLE]
        if not able:
            self.skipTest('no DHCP client is installed')
        return [self.client(k) for k in able]

    def each(self, clients, what, *words):
        """what(client) of each; the failures of all are told together."""
        failures = []
        for c in clients:
            try:
                what(c, *words)
            except Exception as why:  # the others' cells are worth knowing, too
                failures.append(f'{type(c).__name__} × {self.situation}: {why}')
        if failures:
            self.fail('\n'.join(failures))

    def bind(self, clients):
        for c in clients:
            c.start()
        self.addresses = {}
        self.each(clients, lambda c: self.addresses.setdefault(c, c.bound()))
        for c in clients:
            c.mark()

    def row(self, client, address=None):
        """Of the lease list; its protocol is the client's."""
        protocol = f'ipv{client.family}'
        for row in self.h.json('lease-list', self.name)['leases']:
            if row['mac-address'] == client.guest.mac and row['protocol'] == protocol and row['state'] == 'bound':
                return row if address in (None, row['ip-address']) else None
        return None

    name = 'net1'

    def keeps(self, client):
        """It goes on with the address that it had, and netd knows."""
        self.assertEqual(client.bound(), self.addresses[client])
        lib.wait_for('the lease in the list', lambda: self.row(client, self.addresses[client]))

    def deaf(self, family, kinds):
        """Drop these messages of guests, by nftables, until the returned function is called."""
        table = f'nt{family}'
        match = {4: lambda k: f'udp dport 67 @th,2000,8 {k}', 6: lambda k: f'udp dport 547 @th,64,8 {k}'}[family]
        rules = '\n'.join(f'{match(k)} {more} counter drop' for k, more in kinds)
        self.h.sh('nft', '-f', '-', stdin=f'table bridge {table} {{\nchain input {{\ntype filter hook input priority 0;\n'
                  f'{rules}\n}}\n}}\n')
        return lambda: self.h.sh('nft', 'delete', 'table', 'bridge', table)

    def test_new(self):
        self.h = self.network()
        clients = self.clients('new')
        self.bind(clients)

        def check(c):
            row = lib.wait_for('the lease in the list', lambda: self.row(c, self.addresses[c]))
            self.assertTrue(row['ip-address'].startswith('192.168.181.' if c.family == 4 else 'fd81::1'), row)
            if c.family == 4:
                self.assertEqual(row['hostname'], c.guest.name)
                c.guest.ping(self.server)
        self.each(clients, check)
        self.assertEqual(len(set(self.addresses.values())), len(clients))

    def test_renew(self):
        self.h = self.network(t1=6, t2=60)
        clients = self.clients('renew')
        self.bind(clients)
        for c in clients:
            c.renew()

        def check(c):
            c.said('4 REQUEST [^ ]+ renewing' if c.family == 4 else '6 RENEW')
            self.keeps(c)
        self.each(clients, check)

    def test_rebind(self):
        self.h = self.network(t1=4, t2=8)
        clients = self.clients('rebind')
        self.bind(clients)
        self.deaf(4, [(3, f'ip daddr {self.server}')])
        self.deaf(6, [(5, '')])
        for c in clients:
            c.rebind()

        def check(c):
            c.said('4 REQUEST [^ ]+ rebinding' if c.family == 4 else '6 REBIND', 30)
            self.keeps(c)
        self.each(clients, check)

    def test_moved(self):
        """Its cable is in another network when it asks for the address that it had."""
        self.h = self.network(t1=6, t2=10)
        self.network(t1=6, t2=10, n=2, host=self.h)
        clients = self.clients('moved')
        self.bind(clients)
        for c in clients:
            if c.paced and not c.notices_carrier:
                c.stop()
            self.h.sh('ip', 'link', 'set', c.guest.port, 'down')
            self.h.sh('ip', 'link', 'set', c.guest.port, 'master', 'virbr2')
        for c in clients:
            c.mark()
            self.h.sh('ip', 'link', 'set', c.guest.port, 'up')
            if not c.paced:
                c.rebind()
            elif not c.notices_carrier:
                c.start()
        self.name = 'net2'

        def check(c):
            if c.family == 4:
                c.said('4 NAK', 30)
            c.said(f'{c.family} (ACK|REPLY) (192.168.182|fd82:)[^ ]*', 30)
            lib.wait_for('a lease of the other network', lambda: self.row(c))
        self.each(clients, check)

    def test_decline(self):
        """Somebody else has the address: the client says so, and gets another."""
        self.h = self.network()
        clients = self.clients('decline')
        self.bind(clients)
        for c in clients:
            c.stop()
            squatter = self.guest('squatter', self.h, 'virbr1')
            squatter.sh('ip', 'addr', 'add', f'{self.addresses[c]}/24', 'dev', 'eth0')
            c.detect()
            c.mark()
        for c in clients:
            c.start()

        def check(c):
            self.assertEqual(c.said('4 DECLINE')[2], self.addresses[c])
            lib.wait_for('its new lease', lambda: self.row(c) and self.row(c)['ip-address'] != self.addresses[c], 25)
        self.each(clients, check)
        declined = {r['ip-address'] for r in self.h.json('lease-list', 'net1')['leases'] if r['state'] == 'declined'}
        self.assertEqual(declined, set(self.addresses.values()))

    def test_release(self):
        self.h = self.network()
        clients = self.clients('release')
        self.bind(clients)
        for c in clients:
            c.release()

        def check(c):
            c.said(f'{c.family} RELEASE {self.addresses[c]}')
            lib.wait_for('the lease to go', lambda: not self.row(c))
        self.each(clients, check)

    def test_restart_between(self):
        """Between OFFER and REQUEST the controller dies, and then all of netd is started anew: the offer stands."""
        self.h = self.network()
        clients = self.clients('restart between')
        hear = [self.deaf(f, [(3, '')]) for f in (4, 6)]
        for c in clients:
            c.start()
        offers = {}

        def offered(c):
            offers[c] = c.said(f'{c.family} (OFFER|ADVERTISE) [^-][^ ]*')[2]
            c.said(f'{c.family} REQUEST')
        self.each(clients, offered)
        old = processes(self.h, 'netd-controller')
        os.kill(old[0], signal.SIGKILL)
        lib.wait_for('another', lambda: [p for p in processes(self.h, 'netd-controller') if p not in old], 10)
        self.h.stop_netd()
        self.h.start_netd()
        for again in hear:
            again()

        def check(c):
            self.assertEqual(c.bound(30), offers[c])
            lib.wait_for('the lease in the list', lambda: self.row(c, offers[c]))
        self.each(clients, check)

    def test_store_lost(self):
        """Nobody knows of the leases any more: who renews gets his address again."""
        self.h = self.network(t1=8, t2=60)
        clients = self.clients('store lost')
        self.bind(clients)
        self.h.stop_netd()
        for name in os.listdir(os.path.join(self.h.root, 'var/lib/netd')):
            if name.startswith('leases.db'):
                os.unlink(os.path.join(self.h.root, 'var/lib/netd', name))
        self.h.start_netd()
        for c in clients:
            c.mark()
            c.renew()
        self.each(clients, self.keeps)

    def test_store_read_only(self):
        """The disk takes nothing: guests get addresses all the same, for a short time."""
        self.h = self.network()
        clients = self.clients('store read-only')
        store = os.path.join(self.h.root, 'var/lib/netd')
        self.h.stop_netd()
        shutil.copytree(store, store + '.copy')
        lib.sh('mount', '-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'nt-store', store)
        self.addCleanup(lib.sh, 'umount', '-l', store)
        lib.sh('cp', '-a', store + '.copy/.', store)
        lib.sh('mount', '-o', 'remount,ro', store)
        self.h.start_netd()
        self.bind(clients)
        self.each(clients, lambda c: self.assertTrue(self.row(c, self.addresses[c])))
        self.assertIn('leases-not-kept', [k['kind'] for k in self.h.json('status')['conditions']])
        lib.sh('mount', '-o', 'remount,rw', store)


RELAYED = """<netd:relayed address='10.9.0.1' prefix='16' via='192.168.181.9' relay='192.168.181.9' start='10.9.0.50'
end='10.9.9.255'/></netd:dhcp>"""


class Load(lib.Case):
    """perfdhcp is a relay in IPv4; that in IPv6 it is a link full of clients is in test_ip6.py."""

    @lib.needs('perfdhcp')
    def test_perfdhcp_4(self):
        host = self.host()
        host.start_network(XML.format(n=1, t1=60, t2=100).replace('</netd:dhcp>', RELAYED))
        crowd = self.guest('crowd', host, 'virbr1')
        crowd.sh('ip', 'addr', 'add', '192.168.181.9/24', 'dev', 'eth0')
        done = crowd.sh('perfdhcp', '-4', '-l', '192.168.181.9', '-r', 300, '-R', 500, '-n', 800, '-W', 500000,
                        '192.168.181.1', check=False)
        drops = re.findall(r'drops ratio: ([0-9.]+) %', done.out)
        self.assertTrue(drops and all(float(d) == 0 for d in drops), done)
        held = [r for r in host.json('lease-list', 'net1')['leases'] if r['ip-address'].startswith('10.9.')]
        self.assertEqual(len({r['ip-address'] for r in held}), len(held))
        self.assertGreaterEqual(len(held), 380)


if __name__ == '__main__':
    unittest.main()
