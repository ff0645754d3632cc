# SPDX-License-Identifier: GPL-2.0-or-later
"""Leases in the whole daemon: shown, kept over every kind of restart, changed by live updates."""
import os
import signal

import lib

XML = """<network><name>net1</name><forward mode='nat'/><bridge name='virbr1' stp='off'/><domain name='lab'/>
<ip address='192.168.150.1' netmask='255.255.255.0'><dhcp><range start='192.168.150.100' end='192.168.150.150'/>
</dhcp></ip></network>"""


def workers(host):
    """Process numbers of the dhcp workers in this namespace."""
    found = []
    for pid in lib.sh('ip', 'netns', 'pids', host.ns).out.split():
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as f:
                words = f.read().split(b'\0')
        except FileNotFoundError:
            continue
        if words[0].endswith(b'netd-worker') and words[1] == b'dhcp':
            found.append(int(pid))
    return found


@lib.needs('udhcpc')
class Leases(lib.Case):
    def setUp(self):
        super().setUp()
        self.net = self.host()
        self.net.start_network(XML)

    def renewing(self, guest):
        """A client that stays; SIGUSR1 makes it renew. Returns it and the file that each answer rewrites."""
        out = os.path.join(self.folder, f'lease-{self.next_number()}')
        env = {**os.environ, 'NT_LEASE': out, 'NT_RESOLV': guest.resolv_conf}
        client = guest.spawn('udhcpc', '-i', 'eth0', '-f', '-s', os.path.join(lib.HERE, 'dhcp-hook'), '-t', '10', '-T', '1',
                             '-A', '1', env=env)
        lib.wait_for('a lease', lambda: os.path.exists(out), 15)
        return client, out

    def renew(self, client, out):
        os.unlink(out)
        client.popen.send_signal(signal.SIGUSR1)
        lib.wait_for('the renewal', lambda: os.path.exists(out), 15)
        with open(out) as f:
            return f.readline().strip().split('=')[1]

    def test_shown(self):
        guest = self.guest('vm1', self.net, 'virbr1')
        lease = guest.dhcp()
        shown = self.net.lease_of('net1', guest.mac)
        self.assertEqual((shown['ip-address'], shown['hostname']), (lease.address, 'vm1'))
        self.assertIn(f'{lease.address}/24', self.net.virsh('net-dhcp-leases', 'net1').out)

    def test_worker_killed(self):
        guest, other = self.guest('vm1', self.net, 'virbr1'), self.guest('vm2', self.net, 'virbr1')
        client, out = self.renewing(guest)
        address = self.renew(client, out)
        old = workers(self.net)
        self.assertEqual(len(old), 1)
        os.kill(old[0], signal.SIGKILL)
        lib.wait_for('a new worker', lambda: [p for p in workers(self.net) if p not in old], 10)
        self.assertEqual(self.renew(client, out), address)
        self.assertNotEqual(other.dhcp(hostname='vm1').address, address)
        self.assertEqual(self.net.lease_of('net1', guest.mac)['ip-address'], address)

    def test_daemon_restarted(self):
        guest, other = self.guest('vm1', self.net, 'virbr1'), self.guest('vm2', self.net, 'virbr1')
        client, out = self.renewing(guest)
        address = self.renew(client, out)
        self.net.stop_netd()
        self.net.start_netd()
        self.assertEqual(self.net.lease_of('net1', guest.mac)['ip-address'], address)
        self.assertEqual(self.renew(client, out), address)
        self.assertNotEqual(other.dhcp().address, address)

    def test_host_added_live(self):
        guest = self.guest('vm1', self.net, 'virbr1')
        client, out = self.renewing(guest)
        before = self.renew(client, out)
        self.assertNotEqual(before, '192.168.150.20')
        update = self.net.virsh('net-update', 'net1', 'add', 'ip-dhcp-host', '--live',
                                f"<host mac='{guest.mac}' name='web' ip='192.168.150.20'/>", check=False)
        if 'not supported' in update.err:
            self.skipTest('live updates are not served')
        self.assertEqual(update.rc, 0, update)
        self.assertEqual(self.renew(client, out), '192.168.150.20')  # NAKed, then from the start
        self.assertEqual(self.net.lease_of('net1', guest.mac)['ip-address'], '192.168.150.20')
        self.assertEqual(guest.dig('web.lab', server='192.168.150.1'), ['192.168.150.20'])
