# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that runs systemd-networkd: its identity by DUID, what it makes of each option, renewal and release."""
import os
import re
import unittest

import lib

PROGRAM = '/lib/systemd/systemd-networkd'
# The default identity is made of /etc/machine-id, which not every test machine has.
DUID = 'ClientIdentifier=duid\nDUIDType=vendor\nDUIDRawData=00:00:ab:11:f9:2a:c2:77:29:f9:5c:00\nIAID=7\n'
NAT = lib.network_xml('nat', 'virbr1', '192.168.158', domain='nat.lab', extra="<mtu size='1400'/>")


def seconds(text):
    """"3150" of networkd 252, "52min 30s" of 257."""
    return sum(int(n) * {'h': 3600, 'min': 60}.get(unit, 1) for n, unit in re.findall(r'(\d+)(h|min|s|)', text))


@unittest.skipUnless(os.path.exists(PROGRAM), 'not installed: systemd')
class Networkd(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()

    def client(self, xml=NAT, settings=DUID):
        self.h.start_network(xml)
        guest = self.guest('web', self.h, 'virbr1')
        guest.networkd(settings=settings)
        return guest

    def row(self, guest):
        return self.h.lease_of('nat', guest.mac)

    def learned(self, guest):
        """What networkd wrote down of its lease, once it did."""
        folder = f'/proc/{guest.client.pid}/root/run/systemd/netif/leases'
        names = lib.wait_for('networkd\'s lease file', lambda: os.listdir(folder))
        with open(os.path.join(folder, names[0])) as f:
            return dict(line.rstrip('\n').split('=', 1) for line in f if '=' in line)

    def test_identity_by_duid(self):
        guest = self.client()
        row = self.row(guest)
        self.assertEqual((row['ip-address'], row['hostname']), (guest.lease.address, 'web'))
        self.assertEqual(row['client-id'], 'ff:00:00:00:07:00:02:00:00:ab:11:f9:2a:c2:77:29:f9:5c:00')
        guest.ping('192.168.158.1')

    def test_understands_each_option(self):
        guest = self.client(settings=DUID + 'UseMTU=yes\n')
        learned = self.learned(guest)
        self.assertEqual({k: learned.get(k) for k in ('ADDRESS', 'NETMASK', 'ROUTER', 'SERVER_ADDRESS', 'DNS',
                                                      'DOMAINNAME', 'MTU')},
                         {'ADDRESS': guest.lease.address, 'NETMASK': '255.255.255.0', 'ROUTER': '192.168.158.1',
                          'SERVER_ADDRESS': '192.168.158.1', 'DNS': '192.168.158.1', 'DOMAINNAME': 'nat.lab',
                          'MTU': '1400'})
        self.assertEqual([seconds(learned[k]) for k in ('LIFETIME', 'T1', 'T2')], [3600, 1800, 3150])
        lib.wait_for('its MTU', lambda: guest.ip_json('link', 'show', 'eth0')[0]['mtu'] == 1400)

    def test_release_at_its_end(self):
        guest = self.client()
        guest.client.stop()
        lib.wait_for('the lease to go', lambda: self.row(guest) is None)
        self.assertEqual(guest.addresses('eth0'), [])

    def test_same_address_after_its_restart(self):
        guest = self.client(settings=DUID + 'SendRelease=no\n')
        first = guest.lease.address
        guest.client.stop()
        self.assertEqual(guest.networkd(settings=DUID).address, first)
        self.assertEqual(len(self.h.json('net-dhcp-leases', 'nat')['leases']), 1)

    def test_renews_with_a_netd_that_was_restarted(self):
        guest = self.client(NAT.replace("200'/>", "200'><lease expiry='120' unit='seconds'/></range>"))
        before = self.row(guest)['expiry-time']
        self.h.stop_netd()
        self.h.start_netd()
        self.assertEqual(self.row(guest)['expiry-time'], before)
        lib.wait_for('the renewal after half of 120 s', lambda: self.row(guest)['expiry-time'] > before, 80, 1)
        self.assertEqual(guest.addresses('eth0'), [f'{guest.lease.address}/24'])


if __name__ == '__main__':
    unittest.main()
