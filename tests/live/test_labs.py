# SPDX-License-Identifier: GPL-2.0-or-later
"""Bigger pictures: daemons that restart, hosts side by side, a router among guests, bootstrap."""
import os
import signal
import time

import lib

NAT = lib.network_xml('nat', 'virbr1', '192.168.151', domain='nat.lab')


@lib.needs('udhcpc')
class Restart(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.out = self.outside(self.h)
        self.h.start_network(NAT)
        self.g = self.guest('web', self.h, 'virbr1')
        self.lease = self.g.dhcp()

    def same_after(self, action):
        """The action changes nothing that a guest or the kernel could see."""
        before = self.h.state()
        stream = self.g.spawn('ping', '-n', '-i', '0.05', '-W', '1', self.out.address)
        lib.wait_for('pings', lambda: stream.log().count('bytes from') > 3)
        action()
        lib.wait_for('netd to answer', lambda: self.h.netctl('net-list', check=False).rc == 0, 10)
        time.sleep(0.3)
        stream.popen.send_signal(signal.SIGINT)
        stream.popen.wait(5)
        self.assertRegex(stream.log(), r' 0% packet loss|, [0-2]% packet loss')
        self.assertEqual(self.h.state(), before)
        self.assertTrue(self.h.json('net-info', 'nat')['active'])
        self.assertEqual(self.h.lease_of('nat', self.g.mac)['ip-address'], self.lease.address)
        self.assertEqual(self.g.dhcp().address, self.lease.address)
        self.assertEqual(self.g.dig('web.nat.lab'), [self.lease.address])

    def test_in_good_order(self):
        def action():
            self.h.stop_netd()
            self.h.start_netd()
        self.same_after(action)

    def test_killed(self):
        def action():
            os.killpg(self.h.daemon.pid, signal.SIGKILL)
            self.h.daemon.popen.wait(5)
            for pid in lib.sh('ip', 'netns', 'pids', self.h.ns).out.split():
                with open(f'/proc/{pid}/comm') as f:
                    if f.read().startswith('netd'):
                        os.kill(int(pid), signal.SIGKILL)
            self.h.start_netd()
        self.same_after(action)

    def test_controller_killed(self):
        def action():
            [pid] = [p for p in lib.sh('ip', 'netns', 'pids', self.h.ns).out.split()
                     if os.path.basename(os.readlink(f'/proc/{p}/exe')) == 'netd-controller']
            os.kill(int(pid), signal.SIGKILL)
        self.same_after(action)


class Repair(lib.Case):
    def test_flushed_rules_come_back(self):
        if not lib.have('nft'):
            self.skipTest('not installed: nft')
        host = self.host()
        host.start_network(NAT)
        before = host.rules()
        host.sh('nft', 'flush', 'ruleset')
        lib.wait_for('the rules', lambda: host.rules() == before, 3)


class Side(lib.Case):
    """The same network on two hosts at once."""

    def test_two_hosts(self):
        hosts = [self.host('left'), self.host('right')]
        for h in hosts:
            h.start_network(NAT)
        guests = [self.guest(f'g{i}', h, 'virbr1') for i, h in enumerate(hosts)]
        for g in guests:
            g.dhcp()
        for mine, other, g in ((*hosts, guests[0]), (*reversed(hosts), guests[1])):
            self.assertEqual(mine.lease_of('nat', g.mac)['hostname'], g.name)
            self.assertIsNone(other.lease_of('nat', g.mac))
        hosts[0].netctl('net-destroy', 'nat')
        self.assertEqual(guests[1].dhcp().prefix, 24)
        self.assertIn('virbr1', hosts[1].links())

    def test_second_daemon_on_one_root_is_refused(self):
        host = self.host()
        got = host.sh(lib.NETD, '--foreground', '--root', host.root, check=False)
        self.assertEqual(got.rc, 1)
        self.assertIn('another netd', got.err)
        host.netctl('net-list')


@lib.needs('udhcpc')
class Router(lib.Case):
    """Two isolated networks and a guest that routes between them, as in a teacher's lab."""

    def test_router_guest(self):
        host = self.host()
        left, right = ('left', 'virbr1', '192.168.161'), ('right', 'virbr2', '192.168.162')
        for name, bridge, net in (left, right):
            host.start_network(lib.network_xml(name, bridge, net, forward=''))
        a, b = self.guest('a', host, 'virbr1'), self.guest('b', host, 'virbr2')
        router = self.guest('router', host, 'virbr1')
        host.wire(router, 'nt-second', 'eth1')
        host.sh('ip', 'link', 'set', 'nt-second', 'master', 'virbr2')
        for g in (a, b, router):
            g.dhcp()
        router.sh('ip', 'addr', 'add', '192.168.162.250/24', 'dev', 'eth1')
        router.sh('sysctl', '-qw', 'net.ipv4.ip_forward=1')
        self.assertNotEqual(a.ping(b.lease.address, check=False, wait=1).rc, 0)
        a.sh('ip', 'route', 'add', '192.168.162.0/24', 'via', router.lease.address)
        b.sh('ip', 'route', 'add', '192.168.161.0/24', 'via', '192.168.162.250')
        a.ping(b.lease.address)
        b.ping(a.lease.address)


class Examples(lib.Case):
    def test_all_start_as_they_stand(self):
        host = self.host()
        names = [f[:-4] for f in sorted(os.listdir(lib.EXAMPLES)) if f.endswith('.xml') and 'mistake' not in f]
        self.assertIn('default', names)
        for name in names:
            with self.subTest(example=name):
                with open(os.path.join(lib.EXAMPLES, name + '.xml'), encoding='utf-8') as f:
                    xml = f.read().replace('/srv/netboot', '/usr/share')  # a folder that is there
                network = host.start_network(xml)
                self.assertTrue(host.json('net-info', network)['active'])
                host.netctl('net-destroy', network)


class Bootstrap(lib.Case):
    """./bootstrap run and stop, in a namespace as if it were a fresh host."""

    def bootstrap(self, host, *words):
        return host.sh(os.path.join(lib.TOP, 'bootstrap'), *words, '--root', host.root, timeout=120,
                       env={**os.environ, 'NETD_BUILD': lib.BUILD})

    def test_run_and_stop(self):
        host = self.host(start=False)
        self.outside(host)
        before = host.state()
        for _ in range(2):
            text = self.bootstrap(host, 'run').out
            for what in (r"network 'default' (started in|is running)", r'leased 192\.168\.122\.\d+/24 from 192.168.122.1',
                         r"the guest's own name: first", r"the host's default gateway\) answered the guest's ping",
                         r'port-add default', r'bootstrap stop'):
                self.assertRegex(text, what)
        self.assertEqual(host.netctl('net-list', '--name').out.split(), ['default'])
        for _ in range(2):
            text = self.bootstrap(host, 'stop').out
        self.assertIn('nothing to stop', text)
        after = host.state()
        self.assertEqual((after['links'], after['addresses'], after['routes']),
                         (before['links'], before['addresses'], before['routes']))
        self.assertNotRegex(after['rules'], 'netd|192.168.122')
        self.assertNotEqual(host.netctl('net-list', check=False).rc, 0)

    def test_run_where_libvirts_default_is_taken(self):
        host = self.host(start=False)
        host.sh('ip', 'link', 'add', 'virbr0', 'type', 'bridge')
        host.sh('ip', 'addr', 'add', '192.168.122.1/24', 'dev', 'virbr0')
        host.sh('ip', 'link', 'set', 'virbr0', 'up')
        text = self.bootstrap(host, 'run').out
        self.assertRegex(text, r"network 'default-netd' started")
        self.assertRegex(text, r'leased 192\.168\.123\.')
        self.assertIn('a namespace made for this proof', text)
        self.bootstrap(host, 'stop')
        self.assertEqual(host.links(), {'virbr0'})
