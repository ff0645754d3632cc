# SPDX-License-Identifier: GPL-2.0-or-later
"""The dhcp worker and real clients. dhcp-host plays the controller: one bridge, one worker, every binding printed."""
import os
import signal
import subprocess
import time

import lib

HOST = os.path.join(lib.BUILD, 'tests/live/dhcp-host')
WORKER = os.path.join(lib.BUILD, 'netd/netd-worker')


class Network(lib.Namespace):
    """A namespace with a bridge br0, 10.77.0.1/24, served by a worker."""

    def __init__(self, case, *options, start='10.77.0.10', end='10.77.0.200', serve=True):
        super().__init__(case, 'net')
        self.sh('ip', 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0', 'stp_state', '0')
        self.sh('ip', 'addr', 'add', '10.77.0.1/24', 'dev', 'br0')
        self.sh('ip', 'link', 'set', 'br0', 'up')
        self.options, self.range = options, (start, end)
        self.daemon = self.serve() if serve else None

    def serve(self, *more):
        daemon = self.spawn(HOST, WORKER, 'br0', '10.77.0.1/24', *self.range, *self.options, *more,
                            stdin=subprocess.PIPE, env={**os.environ, 'NETD_SECCOMP': 'trap'})
        lib.wait_for('the worker', lambda: 'serving' in daemon.log())
        return daemon

    def stop(self):
        self.daemon.popen.stdin.close()
        return self.daemon.popen.wait(5)

    def events(self, word):
        return [line.split()[1:] for line in self.daemon.log().splitlines() if line.startswith(word + ' ')]


class Dhcp(lib.Case):
    def network(self, *options, **more):
        return Network(self, *options, **more)

    def check_client(self, client):
        net = self.network()
        guest = self.guest('vm1', net, 'br0')
        lease = guest.dhcp(client)
        self.assertRegex(lease.address, r'^10\.77\.0\.\d+$')
        self.assertEqual((lease.prefix, lease.router, lease.dns), (24, '10.77.0.1', ['10.77.0.1']))
        self.assertEqual((lease.domain, lease.seconds, lease.server), ('lab.test', '3600', '10.77.0.1'))
        self.assertIn([lease.address, guest.mac, 'vm1'], net.events('grant'))
        guest.ping('10.77.0.1')
        return net, guest, lease

    @lib.needs('udhcpc')
    def test_udhcpc(self):
        self.check_client('udhcpc')

    @lib.needs('dhclient')
    def test_dhclient(self):
        self.check_client('dhclient')

    @lib.needs('dhcpcd')
    def test_dhcpcd(self):
        self.check_client('dhcpcd')

    @lib.needs('udhcpc', 'dhclient', 'dhcpcd')
    def test_one_nic_one_address(self):
        net, guest, first = self.check_client('udhcpc')
        for client in 'dhcpcd', 'dhclient':
            guest.client.kill()
            guest.sh('ip', 'addr', 'flush', 'dev', 'eth0')
            self.assertEqual(guest.dhcp(client).address, first.address, client)

    @lib.needs('udhcpc')
    def test_renew_and_release(self):
        net = self.network('-l', '120')
        guest = self.guest('vm1', net, 'br0')
        client = guest.spawn('udhcpc', '-i', 'eth0', '-f', '-R', '-s', os.path.join(lib.HERE, 'dhcp-hook'),
                             env={**os.environ, 'NT_LEASE': self.folder + '/l', 'NT_RESOLV': self.folder + '/r'})
        granted = lib.wait_for('a lease', lambda: net.events('grant'))[0]
        lib.wait_for('its address', lambda: f'{granted[0]}/24' in guest.addresses('eth0'))
        time.sleep(6)  # extensions in quick succession aren't reported
        client.popen.send_signal(signal.SIGUSR1)
        extended = lib.wait_for('the extension', lambda: net.events('extend'))[0]
        self.assertEqual(extended[0], granted[0])
        client.popen.send_signal(signal.SIGTERM)
        released = lib.wait_for('the release', lambda: net.events('release'))[0]
        self.assertEqual(released[0], granted[0])

    @lib.needs('udhcpc')
    def test_static_isolated_boot(self):
        mac = '52:54:00:99:88:77'
        net = self.network('-s', mac + '=10.77.0.5,web', '-i', '-b', 'boot.ipxe')
        guest = self.guest('liar', net, 'br0', mac=mac)
        lease = guest.dhcp()
        self.assertEqual((lease.address, lease.router, lease.hostname), ('10.77.0.5', '', 'web'))

    @lib.needs('udhcpc')
    def test_store_failed(self):
        net = self.network('-n')
        self.assertEqual(self.guest('vm1', net, 'br0').dhcp().seconds, '300')

    @lib.needs('udhcpc')
    def test_worker_restart(self):
        net, guest, lease = self.check_client('udhcpc')
        self.assertEqual(net.stop(), 0)
        net.daemon = net.serve('-r', f'{guest.mac}={lease.address},vm1')
        other = self.guest('vm1', net, 'br0')
        self.assertNotEqual(other.dhcp().address, lease.address)
        self.assertEqual(net.events('grant'), [[other.lease.address, other.mac]])  # without the name: it is taken
        guest.client.kill()
        self.assertEqual(guest.dhcp().address, lease.address)

    @lib.needs('udhcpc', 'tcpdump')
    def test_frames(self):
        net = self.network()
        guest, other = self.guest('vm1', net, 'br0'), self.guest('vm2', net, 'br0')
        seen = [g.spawn('tcpdump', '-n', '-e', '-vv', '-l', '-i', 'eth0', 'udp', 'src', 'port', '67')
                for g in (guest, other)]
        for capture in seen:
            lib.wait_for('tcpdump', lambda: 'listening on' in capture.log())
        guest.dhcp()
        lib.wait_for('the ACK', lambda: 'DHCP-Message (53), length 1: ACK' in seen[0].log())
        text = seen[0].log()
        self.assertNotIn('bad udp cksum', text)
        self.assertNotIn('bad cksum', text)
        self.assertIn('tos 0xc0', text)
        self.assertIn('udp sum ok', text)
        self.assertIn(f'> {guest.mac}', text)
        self.assertNotIn('BOOTP/DHCP', seen[1].log())  # nobody else is woken

    @lib.needs('udhcpc', 'dnsmasq')
    def test_addresses_like_dnsmasq(self):
        net = self.network(serve=False)
        dnsmasq = net.spawn('dnsmasq', '-k', '-C', '/dev/null', '-p', '0', '-i', 'br0', '--bind-interfaces', '-l', self.folder + '/l',
                            '--dhcp-range=10.77.0.10,10.77.0.200,255.255.255.0', '--no-ping', '--log-facility=-',
                            '--dhcp-authoritative', '--user=root', '--pid-file=')
        lib.wait_for('dnsmasq', lambda: 'started' in dnsmasq.log() or 'DHCP' in dnsmasq.log())
        macs = [f'52:54:00:{n * 37 % 256:02x}:{n * 11 % 256:02x}:{n:02x}' for n in range(1, 7)]
        guests = [self.guest(f'g{n}', net, 'br0', mac=mac) for n, mac in enumerate(macs)]
        before = [g.dhcp().address for g in guests]
        dnsmasq.stop()
        for guest in guests:
            guest.sh('ip', 'addr', 'flush', 'dev', 'eth0')
        net.daemon = net.serve()
        self.assertEqual([g.dhcp().address for g in guests], before)

    @lib.needs('udhcpc')
    def test_pool_empty(self):
        net = self.network(end='10.77.0.11')
        for n in range(2):
            self.guest(f'g{n}', net, 'br0').dhcp()
        with self.assertRaises(lib.Failed):
            self.guest('late', net, 'br0').dhcp(seconds=4)
        self.assertEqual(net.daemon.log().count('no free address for a guest: 2 of 2 are in use'), 1)

    @lib.needs('udhcpc')
    def test_flood(self):
        for kind in ([], ['request']):
            net = self.network(end='10.77.0.60')
            noisy, quiet = self.guest('noisy', net, 'br0'), self.guest('quiet', net, 'br0')
            noisy.sh('ip', 'addr', 'add', '169.254.1.1/16', 'dev', 'eth0')
            noisy.sh('ip', 'route', 'add', 'default', 'dev', 'eth0')
            flood = noisy.spawn(os.path.join(lib.HERE, 'dhcp-flood'), 'eth0', 2000, *kind)
            lib.wait_for('the flood', lambda: 'ready' in flood.log())
            time.sleep(1)  # the pool of 51 is offered many times over
            lease = quiet.dhcp(seconds=10)
            self.assertIn([lease.address, quiet.mac, 'quiet'], net.events('grant'))
            counts = lib.wait_for('counters', lambda: dict(net.events('count')), 10)
            self.assertGreater(int(counts['rx-request' if kind else 'rx-discover']), 1000)
            self.assertIsNone(flood.popen.poll())
            self.assertIsNone(net.daemon.popen.poll())

    @lib.needs('perfdhcp')
    def test_guest_as_relay(self):
        """perfdhcp is a relay agent by its nature: of guests, relays are not served."""
        net = self.network()
        guest = self.guest('load', net, 'br0')
        guest.sh('ip', 'addr', 'add', '10.77.0.254/24', 'dev', 'eth0')
        guest.sh('perfdhcp', '-4', '-l', 'eth0', '-r', '20', '-R', '10', '-p', '1', check=False)
        counts = lib.wait_for('counters', lambda: dict(net.events('count')), 10)
        self.assertGreater(int(counts['drop-relay']), 5)
        self.assertNotIn('tx-offer', counts)
