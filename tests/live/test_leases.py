# SPDX-License-Identifier: GPL-2.0-or-later
"""What an administrator sees of leases and does about them: lease-list, lease-release, lease-pin, lease-history and the
events; and that an address which a guest declined stays out of service whatever restarts."""
import contextlib
import json
import os
import signal
import sqlite3
import time

import lib
from test_dhcp_daemon import XML, workers

SAY = os.path.join(lib.HERE, 'dhcp-say')
SERVER = '192.168.150.1'
ULA = """<ip family='ipv6' address='fd00:150::1' prefix='64'><dhcp><range start='fd00:150::100' end='fd00:150::1ff'/></dhcp></ip>
</network>"""


@lib.needs('udhcpc')
class Leases(lib.Case):
    def setUp(self):
        super().setUp()
        self.net = self.host()
        self.net.start_network(XML.replace('</network>', ULA))
        self.vm = self.guest('vm1', self.net, 'virbr1')

    def leases(self, **fields):
        rows = self.net.json('lease-list', 'net1')['leases']
        return [r for r in rows if all(r[k.replace('_', '-')] == v for k, v in fields.items())]

    def pool(self, protocol='ipv4'):
        return {p['protocol']: p for p in self.net.json('lease-list', 'net1')['pools']}[protocol]

    def decline(self, guest, address):
        guest.sh(SAY, 'eth0', 4, f'requested={address}', f'server={SERVER}')
        lib.wait_for('the quarantine', lambda: self.leases(ip_address=address, state='declined'))

    def test_list(self):
        address = self.vm.dhcp().address
        row, = self.leases()
        self.assertEqual((row['ip-address'], row['prefix'], row['mac-address'], row['hostname'], row['protocol']),
                         (address, 24, self.vm.mac, 'vm1', 'ipv4'))
        self.assertEqual((row['state'], row['static']), ('bound', False))
        self.assertAlmostEqual(row['expiry-time'] - row['since'], 3600, delta=1)
        self.assertEqual(self.pool(), {'protocol': 'ipv4', 'size': 51, 'bound': 1, 'declined': 0, 'free': 50})
        self.assertEqual(self.pool('ipv6')['size'], 256)
        shown = self.net.netctl('lease-list', 'net1', '--guest', 'vm1').out
        self.assertIn(f'{address}/24', shown)
        self.assertIn('ipv4 pool: 1 of 51 addresses bound, 0 declined, 50 free', shown)
        self.assertNotIn(address, self.net.netctl('lease-list', 'net1', '--guest', 'other').out)

    @lib.needs('dhcpcd')
    def test_both_families_are_one_guest(self):
        other = self.guest('vm2', self.net, 'virbr1', mac='52:54:00:00:00:01')
        for guest in (self.vm, other):
            guest.dhcp(hostname=guest.name)
            guest.spawn('sh', '-c', 'mount -t tmpfs t /var/lib/dhcpcd; mount -t tmpfs t /run; exec dhcpcd -B -6 -q --noipv4 '
                        '-f /dev/null -c /bin/true eth0')  # its own script would write the host's resolv.conf
            lib.wait_for('an IPv6 lease', lambda: self.leases(mac_address=guest.mac, protocol='ipv6'), 20)
        rows = self.leases()
        self.assertEqual([(r['mac-address'], r['protocol']) for r in rows],
                         sorted((g.mac, p) for g in (self.vm, other) for p in ('ipv4', 'ipv6')))
        self.assertEqual({(r['mac-address'], r['hostname']) for r in rows}, {(self.vm.mac, 'vm1'), (other.mac, 'vm2')})
        six, = self.leases(mac_address=self.vm.mac, protocol='ipv6')
        self.assertIn('iaid', six)
        self.net.netctl('lease-pin', 'net1', six['ip-address'])
        self.assertIn(f"<host id='{six['client-id']}' name='vm1' ip='{six['ip-address']}'/>",
                      self.net.netctl('net-dumpxml', 'net1').out)
        self.net.netctl('lease-release', 'net1', six['ip-address'])
        self.assertEqual(self.leases(ip_address=six['ip-address']), [])
        self.assertEqual(len(self.leases()), 3)

    def test_release(self):
        address = self.vm.dhcp().address
        self.net.netctl('lease-release', 'net1', address)
        self.assertEqual(self.leases(), [])
        self.assertEqual(self.vm.dig('vm1.lab', server=SERVER), [])
        refused = self.net.netctl('lease-release', 'net1', address, check=False)
        self.assertEqual(refused.rc, 1)
        self.assertIn(f"nobody has a lease of {address} in network 'net1'", refused.err)
        self.assertIn('is not an IP address', self.net.netctl('lease-release', 'net1', 'x', check=False).err)
        other = self.guest('vm2', self.net, 'virbr1')
        other.dhcp(hostname='vm1')  # the name is free as well
        self.assertEqual(self.leases()[0]['hostname'], 'vm1')

    def test_pin(self):
        address = self.vm.dhcp().address
        self.net.netctl('lease-pin', 'net1', address)
        host = f"<host mac='{self.vm.mac}' name='vm1' ip='{address}'/>"
        self.assertIn(host, self.net.netctl('net-dumpxml', 'net1').out)
        self.assertIn(host, self.net.netctl('net-dumpxml', 'net1', '--inactive').out)
        self.assertTrue(self.leases()[0]['static'])
        self.assertEqual(self.vm.dhcp().address, address)
        self.net.netctl('lease-release', 'net1', address)
        self.assertEqual(self.pool()['size'], 50)
        self.assertNotEqual(self.guest('vm2', self.net, 'virbr1').dhcp().address, address)
        self.assertEqual(self.net.netctl('lease-pin', 'net1', '192.168.150.140', check=False).rc, 1)

    def test_history(self):
        address = self.vm.dhcp().address
        self.net.netctl('lease-release', 'net1', address)
        other = self.guest('vm2', self.net, 'virbr1')
        self.net.netctl('net-update', 'net1', 'add', 'ip-dhcp-host', f"<host mac='{other.mac}' ip='{address}'/>", '--live')
        self.assertEqual(other.dhcp().address, address)
        past = self.net.json('lease-history', 'net1', '--address', address)['history']
        self.assertEqual([(p['mac-address'], p['hostname'], p['until'] is None) for p in past],
                         [(other.mac, 'vm2', True), (self.vm.mac, 'vm1', False)])
        self.assertGreaterEqual(past[1]['until'], past[1]['from'])
        past = self.net.json('lease-history', 'net1', '--mac', self.vm.mac)['history']
        self.assertEqual([p['ip-address'] for p in past], [address])
        self.assertEqual(len(self.net.json('lease-history', 'net1', '--last', 1)['history']), 1)
        self.assertIn('now', self.net.netctl('lease-history', 'net1').out)

    def test_events(self):
        listener = self.net.spawn(lib.NETCTL, '--root', self.net.root, '--json', 'net-event', '--event', 'lease', '--network',
                                  'net1', '--loop', '--timeout', 30)
        lib.wait_for('the registration', lambda: self.net.netctl('status') and listener.popen.poll() is None)
        self.vm.sh('sleep', 0.3)
        address = self.vm.dhcp().address
        self.net.netctl('lease-release', 'net1', address)
        lines = lib.wait_for('two events', lambda: (lambda all: all if len(all) > 1 else None)(listener.log().splitlines()))
        events = [json.loads(line) for line in lines]
        self.assertEqual([(e['change'], e['ip-address'], e['mac-address'], e['hostname']) for e in events],
                         [(change, address, self.vm.mac, 'vm1') for change in ('granted', 'released')])

    def test_declined_stays_declined(self):
        address = self.vm.dhcp().address
        self.decline(self.vm, address)
        self.assertEqual(self.pool(), {'protocol': 'ipv4', 'size': 51, 'bound': 0, 'declined': 1, 'free': 50})
        until = self.leases()[0]['expiry-time']
        self.assertEqual(self.net.json('net-dhcp-leases', 'net1')['leases'], [])
        self.assertNotEqual(self.vm.dhcp().address, address)
        old = workers(self.net)
        os.kill(old[0], signal.SIGKILL)
        lib.wait_for('a new worker', lambda: [p for p in workers(self.net) if p not in old], 10)
        self.net.netctl('lease-release', 'net1', self.vm.dhcp().address)
        self.assertNotEqual(self.vm.dhcp().address, address, 'its hash is where it was')
        self.net.stop_netd()
        self.net.start_netd()
        self.assertEqual(self.leases(state='declined')[0]['expiry-time'], until)
        self.net.netctl('lease-release', 'net1', self.leases(state='bound')[0]['ip-address'])
        self.assertNotEqual(self.vm.dhcp().address, address)
        self.net.netctl('lease-release', 'net1', address)
        self.net.netctl('lease-release', 'net1', self.leases(state='bound')[0]['ip-address'])
        self.assertEqual(self.vm.dhcp().address, address, 'an administrator has the last word')


@lib.needs('udhcpc')
class Disk(lib.Case):
    """The disk of the lease store is full: what guests get is the administrator's choice."""

    def start(self, settings=''):
        host = self.host(start=False)
        store = os.path.join(host.root, 'var/lib/netd')
        os.makedirs(store)
        lib.sh('mount', '-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'nt-store', store)
        self.addCleanup(lib.sh, 'umount', '-l', store)
        os.makedirs(os.path.join(host.root, 'etc/netd'))
        with open(os.path.join(host.root, 'etc/netd/netd.conf'), 'w') as f:
            f.write(settings)
        host.start_netd()
        host.start_network(XML)
        self.net, self.filler = host, os.path.join(store, 'filler')

    def fill(self):
        with open(self.filler, 'wb', buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass

    def conditions(self):
        return [k['kind'] for k in self.net.json('status')['conditions']]

    def test_serve(self):
        self.start()
        first, second, third = (self.guest(n, self.net, 'virbr1') for n in ('vm1', 'vm2', 'vm3'))
        self.assertEqual(first.dhcp().seconds, '3600')
        self.fill()
        self.assertEqual(second.dhcp().seconds, '300')
        lib.wait_for('the condition', lambda: 'leases-not-kept' in self.conditions())
        self.assertIsNotNone(self.net.lease_of('net1', second.mac))
        self.assertEqual(first.dhcp().seconds, '3600', 'it is stored already')
        os.unlink(self.filler)
        self.assertEqual(third.dhcp().seconds, '3600')
        lib.wait_for('its end', lambda: 'leases-not-kept' not in self.conditions())
        self.assertEqual(second.dhcp().seconds, '3600')

    def test_refuse(self):
        self.start('lease_store_failure = refuse\n')
        first, second = self.guest('vm1', self.net, 'virbr1'), self.guest('vm2', self.net, 'virbr1')
        address = first.dhcp().address
        self.fill()
        with self.assertRaises(lib.Failed):
            second.dhcp(seconds=3)
        self.assertIn('leases-not-kept', self.conditions())
        self.assertIsNone(self.net.lease_of('net1', second.mac))
        self.assertEqual((first.dhcp().address, first.lease.seconds), (address, '3600'))
        os.unlink(self.filler)
        self.assertEqual(second.dhcp().seconds, '3600')


@lib.needs('udhcpc')
class LibvirtFiles(lib.Case):
    """libvirt's NSS modules, unmodified, find guests in the files that netd writes."""

    def setUp(self):
        super().setUp()
        self.net = self.host(start=False)
        os.makedirs(os.path.join(self.net.root, 'etc/netd'))
        with open(os.path.join(self.net.root, 'etc/netd/netd.conf'), 'w') as f:
            f.write('libvirt_lease_files = yes\n')
        self.net.start_netd()
        self.net.start_network(XML)
        self.files = os.path.join(self.net.root, 'var/lib/libvirt/dnsmasq')

    def load(self, suffix):
        try:
            with open(os.path.join(self.files, 'virbr1.' + suffix)) as f:
                return json.load(f)
        except FileNotFoundError:
            return None

    def getent(self, module, name):
        nsswitch = os.path.join(self.folder, 'nsswitch.conf')
        with open(nsswitch, 'w') as f:
            f.write(f'hosts: {module}\n')
        script = f'''mount --bind {nsswitch} /etc/nsswitch.conf && mount -t tmpfs t /var/lib &&
            mkdir /var/lib/libvirt && mount --bind {self.net.root}/var/lib/libvirt /var/lib/libvirt && exec getent hosts "$0"'''
        return lib.sh('unshare', '-m', 'sh', '-c', script, name, check=False).out.split()

    def test_files(self):
        guest = self.guest('vm1', self.net, 'virbr1')
        address = guest.dhcp().address
        row, = lib.wait_for('the lease', lambda: self.load('status'))
        self.assertEqual((row['ip-address'], row['mac-address'], row['hostname']), (address, guest.mac, 'vm1'))
        self.assertIsInstance(row['expiry-time'], int)
        self.net.netctl('lease-release', 'net1', address)
        lib.wait_for('its end', lambda: self.load('status') == [])
        self.assertEqual([f for f in os.listdir(self.files) if not f.endswith(('.status', '.macs'))], [])
        guest.dhcp()
        lib.wait_for('the lease', lambda: self.load('status'))
        self.net.netctl('net-destroy', 'net1')
        self.net.netctl('net-undefine', 'net1')
        lib.wait_for('the end of the files', lambda: os.listdir(self.files) == [])

    @lib.needs('virsh')
    def test_libnss(self):
        if not lib.glob.glob('/lib/*/libnss_libvirt.so.2') + lib.glob.glob('/usr/lib/*/libnss_libvirt.so.2'):
            self.skipTest('not installed: libnss-libvirt')
        guest = self.guest('vm1', self.net, 'virbr1')
        address = guest.dhcp().address
        lib.wait_for('the lease', lambda: self.load('status'))
        self.assertEqual(self.getent('libvirt', 'vm1'), [address, 'vm1'])
        self.assertEqual(self.getent('libvirt', 'vm2'), [])
        port = os.path.join(self.folder, 'port.xml')
        with open(port, 'w') as f:
            f.write(f"""<networkport><uuid>5a7c4bb8-9b3c-4b0e-9e0a-5b5d2a9d1f12</uuid><owner><name>domain-of-vm1</name><uuid>5a7c4bb8-9b3c-4b0e-9e0a-5b5d2a9d1f11</uuid></owner>
                <mac address='{guest.mac}'/></networkport>""")
        self.net.virsh('net-port-create', 'net1', port)
        lib.wait_for('the domain', lambda: self.load('macs'))
        self.assertEqual(self.load('macs'), [{'domain': 'domain-of-vm1', 'macs': [guest.mac]}])
        self.assertEqual(self.getent('libvirt_guest', 'domain-of-vm1'), [address, 'domain-of-vm1'])


@lib.needs('udhcpc')
class Many(lib.Case):
    """A hundred thousand leases in two networks: the daemon is back within a second, and knows them all."""
    N = 50000

    def rows(self, net, k):
        """Of network netK, 10.6K.0.0/16."""
        uuid, now = net.netctl('net-uuid', f'net{k}').out.strip(), int(time.time())
        return [(uuid, f'10.6{k}.{i >> 8}.{i & 255}', f'52:54:00:0{k}:{i >> 8:02x}:{i & 255:02x}', b'', 0, f'vm{i}', now, now + 3600,
                 now, 0) for i in range(2, self.N + 2)]

    def test_recovered(self):
        net = self.host()
        for k in (1, 2):
            net.start_network(f"""<network><name>net{k}</name><bridge name='virbr{k}' stp='off'/><ip address='10.6{k}.0.1'
                prefix='16'><dhcp><range start='10.6{k}.0.2' end='10.6{k}.255.254'/></dhcp></ip></network>""")
        rows = self.rows(net, 1) + self.rows(net, 2)
        net.stop_netd()
        with contextlib.closing(sqlite3.connect(os.path.join(net.root, 'var/lib/netd/leases.db'))) as db, db:
            db.executemany('INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', rows)
        begin = time.monotonic()
        net.start_netd()
        ready = time.monotonic() - begin
        guest = self.guest('vm4711', net, 'virbr2', mac=f'52:54:00:02:{4711 >> 8:02x}:{4711 & 255:02x}')
        self.assertEqual(guest.dhcp().address, f'10.62.{4711 >> 8}.{4711 & 255}')
        served = time.monotonic() - begin
        for k in (1, 2):
            self.assertEqual(net.json('lease-list', f'net{k}')['pools'][0]['bound'], self.N)
        print(f'# {2 * self.N} leases: ready after {ready:.2f} s, a guest has its address after {served:.2f} s', flush=True)
        self.assertLess(ready, 1.0)
