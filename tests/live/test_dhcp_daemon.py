# SPDX-License-Identifier: GPL-2.0-or-later
"""Leases in the whole daemon: shown, kept over every kind of restart, changed by live updates."""
import os
import signal
import time

import lib

XML = """<network><name>net1</name><forward mode='nat'/><bridge name='virbr1' stp='off'/><domain name='lab'/>
<ip address='192.168.150.1' netmask='255.255.255.0'><dhcp><range start='192.168.150.100' end='192.168.150.150'/>
</dhcp></ip></network>"""


def processes(host, *words):
    """Numbers of this namespace's processes whose command line begins with these words (the first without a path)."""
    found = []
    for pid in lib.sh('ip', 'netns', 'pids', host.ns).out.split():
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as f:
                line = f.read().decode(errors='replace').split('\0')
        except FileNotFoundError:
            continue
        if [os.path.basename(line[0]), *line[1:]][:len(words)] == list(words):
            found.append(int(pid))
    return found


def workers(host):
    return processes(host, 'netd-worker', 'dhcp')


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

    def test_no_address_twice(self):
        """Clients by the hundred while the parts of the daemon, then all of it, are killed: who was told an address
        keeps it, and nobody else is told it."""
        self.net.netctl('net-destroy', 'net1')
        self.net.netctl('net-undefine', 'net1')
        self.net.start_network(XML.replace('.150.150', '.150.250').replace('.150.100', '.150.10'))
        crowd = self.guest('crowd', self.net, 'virbr1')
        crowd.sh('ip', 'addr', 'add', '169.254.1.1/16', 'dev', 'eth0')
        crowd.sh('ip', 'route', 'add', 'default', 'dev', 'eth0')
        clients = crowd.spawn(os.path.join(lib.HERE, 'dhcp-many'), 'eth0', 200, 12)
        for wait, words in ((0.5, ['netd-worker', 'dhcp']), (1.0, ['netd-controller']), (1.0, ['netd-worker', 'dhcp']),
                            (1.0, ['netd-controller'])):
            time.sleep(wait)
            for pid in lib.wait_for(words[0], lambda: processes(self.net, *words), 10):
                os.kill(pid, signal.SIGKILL)
        time.sleep(1.5)
        self.net.daemon.kill()
        lib.wait_for('the end of all of it', lambda: not processes(self.net, 'netd-controller'), 10)
        self.net.start_netd()
        self.assertEqual(clients.popen.wait(30), 0, clients.log())
        self.check(clients.log())

    def check(self, log):
        holder, address = {}, {}
        for mac, ip in (line.split() for line in log.splitlines() if line != 'ready'):
            self.assertNotEqual(ip, 'nak', f'{mac} was refused {address.get(mac)}')
            self.assertEqual(holder.setdefault(ip, mac), mac, f'{ip} was given twice')
            self.assertEqual(address.setdefault(mac, ip), ip, f'{mac} was moved')
        self.assertEqual(len(address), 200)
        shown = {row['mac-address']: row['ip-address'] for row in self.net.json('net-dhcp-leases', 'net1')['leases']}
        self.assertEqual(shown, address)

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

    def test_hosts_come_and_go(self):
        """Of many static hosts one is added, changed, removed: guests and names follow at once, others stay."""
        hosts = ''.join(f"<host mac='52:54:00:aa:{i >> 8:02x}:{i & 255:02x}' name='h{i}' ip='10.60.{i >> 8}.{i & 255}'/>"
                        for i in range(256, 2256))
        self.net.start_network(
            "<network><name>many</name><bridge name='virbr60'/><domain name='lab'/><dns>"
            "<host ip='10.60.1.1'><hostname>fixed</hostname></host></dns>"
            f"<ip address='10.60.0.1' netmask='255.255.0.0'><dhcp>{hosts}</dhcp></ip></network>")

        def update(how, **host):
            words = ' '.join(f"{k}='{v}'" for k, v in host.items())
            self.net.netctl('net-update', 'many', how, 'ip-dhcp-host', f'<host {words}/>', '--live', '--config')

        def dig(*words):
            return guest.dig(*words, server='10.60.0.1')

        guest = self.guest('g', self.net, 'virbr60', mac='52:54:00:bb:00:01')
        update('add-first', mac=guest.mac, name='mine', ip='10.60.100.1')
        self.assertEqual(guest.dhcp().address, '10.60.100.1')
        self.assertEqual([dig(f'{name}.lab') for name in ('mine', 'h256', 'h2255', 'fixed')],
                         [['10.60.100.1'], ['10.60.1.0'], ['10.60.8.207'], ['10.60.1.1']])
        update('modify', mac=guest.mac, name='mine', ip='10.60.100.2')
        guest.sh('ip', 'addr', 'flush', 'dev', 'eth0')
        self.assertEqual(guest.dhcp().address, '10.60.100.2')
        self.assertEqual([dig('mine.lab'), dig('-x', '10.60.100.2'), dig('-x', '10.60.100.1')],
                         [['10.60.100.2'], ['mine.lab.'], []])
        update('delete', mac='52:54:00:aa:04:d2')  # in the middle
        self.assertEqual([dig('h1234.lab'), dig('h1233.lab')], [[], ['10.60.4.209']])
        other = self.guest('o', self.net, 'virbr60', mac='52:54:00:bb:00:02')
        update('add-last', mac=other.mac, name='h1234', ip='10.60.4.210')
        self.assertEqual(other.dhcp().address, '10.60.4.210')
        self.assertEqual(self.net.daemon.log().count('died'), 0)
        # Workers that are started again know it all.
        for p in self.net.json('status')['processes']:
            if p['role'] in ('dhcp', 'dns'):
                os.kill(p['pid'], signal.SIGKILL)
        lib.wait_for('names', lambda: dig('h1234.lab') == ['10.60.4.210'])
        self.assertEqual([dig('mine.lab'), dig('h1233.lab')], [['10.60.100.2'], ['10.60.4.209']])
        update('modify', mac=other.mac, name='h1234', ip='10.60.200.1')
        lib.wait_for('the name', lambda: dig('h1234.lab') == ['10.60.200.1'])
        other.sh('ip', 'addr', 'flush', 'dev', 'eth0')
        self.assertEqual(other.dhcp().address, '10.60.200.1')

    def test_subnet_changed_under_way(self):
        """The subnet changes while clients by the hundred are being served: what the worker reports by the old one is no
        reason to end it, and the guests come to the new one."""
        wide = XML.replace('.150.150', '.150.250').replace('.150.100', '.150.10')
        other = wide.replace('.150.', '.151.')
        self.net.netctl('net-destroy', 'net1')
        self.net.netctl('net-undefine', 'net1')
        self.net.start_network(wide)
        crowd = self.guest('crowd', self.net, 'virbr1')
        crowd.sh('ip', 'addr', 'add', '169.254.1.1/16', 'dev', 'eth0')
        crowd.sh('ip', 'route', 'add', 'default', 'dev', 'eth0')
        old = workers(self.net)
        file = os.path.join(self.folder, 'net1.xml')
        for round in range(3):
            clients = crowd.spawn(os.path.join(lib.HERE, 'dhcp-many'), 'eth0', 200, 3)
            lib.wait_for('the clients', lambda: 'ready' in clients.log())
            time.sleep(0.2)
            with open(file, 'w') as f:
                f.write(wide if round % 2 else other)
            self.net.netctl('net-apply', file)
            clients.popen.wait(10)
        self.assertEqual(workers(self.net), old, self.net.daemon.log()[-2000:])
        guest = self.guest('vm1', self.net, 'virbr1')
        self.assertRegex(guest.dhcp().address, r'^192\.168\.151\.')
