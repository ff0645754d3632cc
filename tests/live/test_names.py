# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of guests: what their VM managers call them, and that nobody takes another's."""
import os
import signal
import unittest
import uuid

import lib

XML = lib.network_xml(domain='lab', extra="<dns><host ip='192.168.150.9'><hostname>printer</hostname></host></dns>").replace(
    '</dhcp>', "<host mac='52:54:00:00:00:09' name='fixed' ip='192.168.150.10'/></dhcp>").replace(
    '</network>', "<ip family='ipv6' address='fd66::1' prefix='64'><dhcp><range start='fd66::100' end='fd66::1ff'/></dhcp></ip>"
    '</network>')


class Names(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.h.start_network(XML)

    def port(self, vm, mac):
        """A port, as libvirt's QEMU driver makes one before it starts a guest; its UUID."""
        name = str(uuid.uuid4())
        self.h.netctl('net-port-create', 'net1', '-', stdin=f'<networkport><uuid>{name}</uuid><owner><name>{vm}</name>'
                      f'<uuid>{uuid.uuid4()}</uuid></owner><mac address="{mac}"/></networkport>')
        return name

    def ask(self, guest, words=()):
        """Let udhcpc get a lease, by default without a word about its name; what the lease is called."""
        hook = os.path.join(lib.HERE, 'dhcp-hook')
        out = os.path.join(self.folder, f'lease-{self.next_number()}')
        guest.sh('udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', hook, '-t', 10, '-T', 1, *words,
                 env={**os.environ, 'NT_LEASE': out, 'NT_RESOLV': guest.resolv_conf})
        return self.h.lease_of('net1', guest.mac).get('hostname')

    def resolve(self, name, kind='A'):
        return self.h.sh('dig', '+short', '+time=1', '+tries=1', '@192.168.150.1', name, kind, check=False).out.split()

    def test_silent_guest(self):
        mac = '52:54:00:00:01:01'
        port = self.port('Web Server (1)', mac)
        guest = self.guest('g1', self.h, 'virbr1', mac)
        self.assertEqual(self.ask(guest), 'web-server-1')
        address = self.h.lease_of('net1', mac)['ip-address']
        self.assertEqual(self.resolve('web-server-1.lab'), [address])
        self.assertEqual(self.resolve(f'{".".join(reversed(address.split(".")))}.in-addr.arpa', 'PTR'), ['web-server-1.lab.'])
        # The worker and the controller end and come back: all is as it was.
        for name in 'netd-worker', 'netd-controller':
            for pid in self.h.pids_of(name):
                os.kill(pid, signal.SIGKILL)
            lib.wait_for('it is there again', lambda: self.h.netctl('net-list', check=False).rc == 0, 10)
            self.assertEqual(self.ask(guest), 'web-server-1')
            lib.wait_for('its name', lambda: self.resolve('web-server-1.lab') == [address])
        # What it says itself counts, if it may be called so.
        self.assertEqual(self.ask(guest, ('-x', 'hostname:own')), 'own')
        self.h.netctl('net-port-delete', 'net1', port)

    def test_another_cannot_take_it(self):
        """Neither before nor after the guest has its lease; when the port has gone the name is free."""
        port = self.port('db', '52:54:00:00:01:02')
        thief = self.guest('g2', self.h, 'virbr1', '52:54:00:00:01:03')
        self.assertIsNone(self.ask(thief, ('-x', 'hostname:db')))
        guest = self.guest('g1', self.h, 'virbr1', '52:54:00:00:01:02')
        self.assertEqual(self.ask(guest), 'db')
        self.assertIsNone(self.ask(thief, ('-x', 'hostname:db')))
        self.assertEqual(self.resolve('db.lab'), [self.h.lease_of('net1', guest.mac)['ip-address']])
        other = self.port('free', '52:54:00:00:01:05')
        self.h.netctl('net-port-delete', 'net1', other)
        self.assertEqual(self.ask(thief, ('-x', 'hostname:free')), 'free')
        self.h.netctl('net-port-delete', 'net1', port)

    def test_it_takes_no_others(self):
        """Names of static hosts, of DNS, of the gateway and of other guests aren't given, whatever a VM is called."""
        holder = self.guest('g0', self.h, 'virbr1', '52:54:00:00:02:00')
        self.assertEqual(self.ask(holder, ('-x', 'hostname:early')), 'early')
        for n, vm in enumerate(('fixed', 'printer', '_gateway', 'host', 'localhost', 'wpad', 'early', '---', 'ü')):
            mac = f'52:54:00:00:02:1{n}'
            self.port(vm, mac)
            self.assertIsNone(self.ask(self.guest(f'g{n + 1}', self.h, 'virbr1', mac)), vm)
        self.assertEqual(self.resolve('early.lab'), [self.h.lease_of('net1', holder.mac)['ip-address']])
        # Who had a name before a VM of that name came keeps it.
        self.assertEqual(self.ask(holder, ('-x', 'hostname:early')), 'early')

    def test_two_interfaces(self):
        """One machine with two interfaces on the network: the first has the name, the other none."""
        macs = '52:54:00:00:03:01', '52:54:00:00:03:02'
        for mac in macs:
            self.port('two', mac)
        names = [self.ask(self.guest(f'g{n}', self.h, 'virbr1', mac)) for n, mac in enumerate(macs)]
        self.assertEqual(names, ['two', None])

    @lib.needs('dhclient')
    def test_ipv6(self):
        """The other family's server knows it, too: a guest that asks it alone, and one that would take the name by it."""
        self.port('six', '52:54:00:00:04:01')
        for n, (mac, send, wanted) in enumerate((('52:54:00:00:04:02', 'send fqdn.fqdn "six";', None),
                                                 ('52:54:00:00:04:01', '', 'six'))):
            guest = self.guest(f'g{n}', self.h, 'virbr1', mac)
            conf = os.path.join(self.folder, f'dhclient-{n}')
            with open(conf, 'w') as f:
                f.write(f'{send}\nrequest dhcp6.name-servers;\n')
            guest.sh('sysctl', '-qw', 'net.ipv6.conf.eth0.dad_transmits=0')
            guest.sh('ip', 'link', 'set', 'eth0', 'down')
            guest.sh('ip', 'link', 'set', 'eth0', 'up')
            lib.wait_for('its link-local address', lambda: [
                a for row in guest.ip_json('-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'link')
                for a in row.get('addr_info', []) if not a.get('tentative')], 20)
            guest.spawn('dhclient', '-6', '-1', '-v', '-d', '-sf', '/bin/true', '-cf', conf, '-lf', conf + '.leases',
                        '-pf', conf + '.pid', 'eth0')
            lease = lib.wait_for('a lease', lambda: self.h.lease_of('net1', mac), 30)
            self.assertEqual(lease.get('hostname'), wanted)
        self.assertEqual(self.resolve('six.lab', 'AAAA'), [lease['ip-address']])

    def test_gateway_has_names(self):
        for name in '_gateway', '_gateway.lab', 'host.lab':
            self.assertEqual(self.resolve(name), ['192.168.150.1'], name)
            self.assertEqual(self.resolve(name, 'AAAA'), ['fd66::1'], name)

    def test_conflicts_of_guests(self):
        """A name of a static host, of DNS, an alias, or of another guest in either family is refused to a guest."""
        self.h.netctl('net-destroy', 'net1')
        self.h.define(self.h.netctl('net-dumpxml', 'net1').out.replace(
            '</network>', "<metadata><netd:network xmlns:netd='urn:netd:network:1'><netd:dns><netd:alias name='www' of='printer'/>"
            '</netd:dns></netd:network></metadata></network>'))
        self.h.netctl('net-start', 'net1')
        first = self.guest('g1', self.h, 'virbr1', '52:54:00:00:05:01')
        self.assertEqual(self.ask(first, ('-x', 'hostname:mine')), 'mine')
        second = self.guest('g2', self.h, 'virbr1', '52:54:00:00:05:02')
        for name in 'mine', 'MINE', 'mine.lab', 'fixed', 'printer', 'www', '_gateway', 'host', 'localhost', 'wpad', 'isatap':
            self.assertIsNone(self.ask(second, ('-x', f'hostname:{name}')), name)


if __name__ == '__main__':
    unittest.main()
