# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests' names on the host: what its resolvers are told. <domain register='yes'>: the host finds guests by systemd-resolved. On a system bus of the test's own, with a stand-in
and, where its package can be fetched, with systemd-resolved itself, unpacked aside: installing it would take over
resolv.conf."""
import json
import os
import signal
import subprocess
import unittest

import lib

MOCK = os.path.join(lib.HERE, 'resolved-mock')
SERVICE = ['org.freedesktop.resolve1', '/org/freedesktop/resolve1', 'org.freedesktop.resolve1.Manager']
ZONE = '150.168.192.in-addr.arpa'


def document(name='net1', bridge='virbr1', net='192.168.150', domain='lab', register='yes'):
    return lib.network_xml(name, bridge, net, domain=domain).replace(
        f"<domain name='{domain}'/>", f"<domain name='{domain}' localOnly='yes' register='{register}'/>")


def kill_controller(host):
    os.kill(host.pids_of('netd-controller')[0], signal.SIGKILL)
    lib.wait_for('another controller', lambda: host.netctl('net-list', check=False).rc == 0, 10)


class Resolved(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host(start=False)
        self.bus = lib.Bus(self.h)
        self.bus.start()

    def start_netd(self):
        self.h.start_netd(env=self.bus.env)

    def conditions(self):
        return [(k['network'], k['kind'], k['object']) for k in self.h.json('status')['conditions']]

    def resolve(self, name):
        """What a program of the host gets that asks resolved for IPv4 addresses."""
        done = self.h.sh('busctl', '--json=short', f'--address=unix:path={self.bus.path}', 'call', *SERVICE, 'ResolveHostname',
                         'isit', '0', name, '2', '0', check=False)
        return ['.'.join(map(str, row[2])) for row in json.loads(done.out)['data'][0]] if done.rc == 0 else None

    def wait_resolved(self, name, address, seconds=5):
        lib.wait_for(f'{name} is {address}', lambda: self.resolve(name) == [address], seconds, 0.1)

    def a_guest(self):
        guest = self.guest('g1', self.h, 'virbr1')
        return guest, guest.dhcp(hostname='web').address


class List(lib.Case):
    """ROOT/run/netd/resolvers, for other resolvers."""

    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.path = os.path.join(self.h.root, 'run/netd/resolvers')

    def rows(self):
        with open(self.path) as f:
            return [line.rstrip('\n').split(' ', 3) for line in f if not line.startswith('#')]

    def wait_rows(self, *wanted):
        lib.wait_for('the list', lambda: self.rows() == [w.split(' ', 3) for w in wanted], 2)

    def test_follows_the_networks(self):
        lib.wait_for('an empty list', lambda: os.path.exists(self.path))
        self.wait_rows()
        self.h.start_network(document(register='no'))
        self.h.start_network(document('other', 'virbr2', '192.168.151', 'other').replace('<name>other', '<name>other net'))
        self.h.start_network(lib.network_xml('forwarded', 'virbr3', '192.168.152', domain='example.org'))
        self.h.start_network(lib.network_xml('nameless', 'virbr4', '192.168.153'))
        lab = 'lab 192.168.150.1 53 net1', ZONE + ' 192.168.150.1 53 net1'
        other = 'other 192.168.151.1 53 other net', '151.168.192.in-addr.arpa 192.168.151.1 53 other net'
        self.wait_rows(*lab, *other)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o644)
        self.h.netctl('net-update', 'net1', 'modify', 'domain', "<domain name='lab2' localOnly='yes'/>", '--live')
        lab2 = lab[0].replace('lab', 'lab2'), lab[1]
        self.wait_rows(*lab2, *other)
        kill_controller(self.h)
        self.h.netctl('net-destroy', 'other net')
        self.wait_rows(*lab2)
        self.h.stop_netd()
        with open(self.path, 'w') as f:
            f.write('torn')
        self.h.start_netd()
        self.wait_rows(*lab2)

    @lib.needs('dnsmasq', 'dig')
    def test_dnsmasq(self):
        """By the words of the manual."""
        self.h.start_network(document())
        address = self.guest('g1', self.h, 'virbr1').dhcp(hostname='web').address
        with open(os.path.join(lib.TOP, 'docs', 'netd.8.scd')) as f:
            words = next(line for line in f if line.startswith('awk') and 'server=/' in line)
        conf = os.path.join(self.folder, 'dnsmasq.conf')
        lib.wait_for('the list', self.rows)
        lib.sh('sh', '-c', words.replace('/run/netd/resolvers', self.path).replace('/etc/dnsmasq.d/netd.conf', conf))
        self.h.spawn('dnsmasq', '-k', '-C', conf, '--no-resolv', '--listen-address=127.0.0.1', '--bind-interfaces', '--user=root',
                     '--pid-file=')
        lib.wait_for('web.lab', lambda: self.ask('web.lab') == [address])
        self.assertEqual(self.ask('-x', address), ['web.lab.'])

    def ask(self, *words):
        return self.h.sh('dig', '+short', '+time=1', '+tries=1', '@127.0.0.1', *words, check=False).out.split()


@lib.needs('dbus-daemon', 'busctl')
@unittest.skipUnless(lib.has_python_modules('dbus', 'gi'), 'not installed: python3-dbus, python3-gi')
class Mock(Resolved):
    def resolved(self):
        self.state = os.path.join(self.folder, f'links-{self.next_number()}')
        self.mock = self.h.spawn(lib.SYSTEM_PYTHON, MOCK, self.state, env=self.bus.env, stdin=subprocess.PIPE)
        lib.wait_for('the stand-in', lambda: 'ready' in self.mock.log(), 10)

    def tell(self, word):
        self.mock.popen.stdin.write((word + '\n').encode())
        self.mock.popen.stdin.flush()

    def end(self):
        self.tell('end')
        self.mock.popen.wait(5)

    def links(self):
        with open(self.state) as f:
            return json.load(f)

    def wait_links(self, wanted, seconds=2):
        try:
            lib.wait_for('the links', lambda: self.links() == wanted, seconds)
        except lib.Failed:
            self.assertEqual(self.links(), wanted)

    @staticmethod
    def link(domain='lab', zones=(ZONE,), server='192.168.150.1'):
        return {'default': False, 'domains': ['~' + d for d in (domain, *zones)], 'dnssec': 'no', 'servers': [[server, 53]]}

    def test_told_and_taken_back(self):
        self.resolved()
        self.start_netd()
        self.h.start_network(document())
        self.wait_links({'virbr1': self.link()})
        _, address = self.a_guest()
        self.wait_resolved('web.lab', address)
        self.wait_resolved('host.lab', '192.168.150.1')
        self.assertEqual(self.conditions(), [])
        self.h.start_network(document('net2', 'virbr2', '192.168.151', 'other', register='no'))
        self.h.netctl('net-destroy', 'net1')
        self.wait_links({})
        self.h.netctl('net-start', 'net1')
        self.wait_links({'virbr1': self.link()})

    def test_restarts(self):
        """resolved forgets when it ends; netd's controller, and netd."""
        self.resolved()
        self.start_netd()
        self.h.start_network(document())
        self.wait_links({'virbr1': self.link()})
        self.end()
        lib.wait_for('it is told', lambda: ('net1', 'names-not-registered', 'lab') in self.conditions())
        self.resolved()
        self.wait_links({'virbr1': self.link()}, 1)
        lib.wait_for('it is over', lambda: self.conditions() == [])
        self.end()
        kill_controller(self.h)
        lib.wait_for('it is told', lambda: ('net1', 'names-not-registered', 'lab') in self.conditions())
        self.resolved()
        self.wait_links({'virbr1': self.link()}, 1)
        kill_controller(self.h)
        _, address = self.a_guest()
        self.wait_resolved('web.lab', address)
        self.h.stop_netd()
        self.end()
        self.resolved()
        self.start_netd()
        self.wait_links({'virbr1': self.link()})
        self.wait_resolved('web.lab', address)

    def test_without_resolved(self):
        """A start succeeds at once, without a bus and without resolved on it; and then they come."""
        self.bus.stop()
        self.start_netd()
        self.h.start_network(document())
        self.assertEqual(self.conditions(), [('net1', 'names-not-registered', 'lab')])
        self.assertIn('systemd-resolved does not run', self.h.netctl('status').out)
        self.bus.start()
        self.resolved()
        self.wait_links({'virbr1': self.link()}, 8)
        lib.wait_for('it is over', lambda: self.conditions() == [])
        self.end()
        lib.wait_for('it is told', lambda: self.conditions())
        self.h.netctl('net-destroy', 'net1')
        self.assertEqual(self.conditions(), [])

    def test_live_changes(self):
        """Another domain, none, another subnet, and a bridge that was made anew."""
        self.resolved()
        self.start_netd()
        self.h.start_network(document())
        self.wait_links({'virbr1': self.link()})
        self.h.netctl('net-update', 'net1', 'modify', 'domain', "<domain name='lab2' localOnly='yes' register='yes'/>", '--live')
        self.wait_links({'virbr1': self.link('lab2')})
        self.h.netctl('net-update', 'net1', 'modify', 'domain', "<domain name='lab2' localOnly='yes'/>", '--live')
        self.wait_links({})
        self.h.netctl('net-update', 'net1', 'modify', 'domain', "<domain name='lab' localOnly='yes' register='yes'/>", '--live')
        self.wait_links({'virbr1': self.link()})
        before = self.h.ip_json('link', 'show', 'virbr1')[0]['ifindex']
        self.h.sh('ip', 'link', 'del', 'virbr1')
        lib.wait_for('another bridge', lambda: 'virbr1' in self.h.links())
        self.assertNotEqual(self.h.ip_json('link', 'show', 'virbr1')[0]['ifindex'], before)
        self.wait_links({'virbr1': self.link()})

    def test_zones_of_odd_prefixes(self):
        self.resolved()
        self.start_netd()
        xml = document().replace("netmask='255.255.255.0'", "prefix='22'").replace('192.168.150.', '192.168.148.')
        self.h.start_network(xml.replace('</network>', "<ip family='ipv6' address='fd00:150::1' prefix='64'/></network>"))
        zones = [f'{n}.168.192.in-addr.arpa' for n in (148, 149, 150, 151)]
        self.wait_links({'virbr1': self.link(zones=(*zones, '0.0.0.0.0.0.0.0.0.5.1.0.0.0.d.f.ip6.arpa'),
                                             server='192.168.148.1')})

    def test_refusal(self):
        self.resolved()
        self.tell('busy')
        self.start_netd()
        self.h.start_network(document())
        lib.wait_for('it is told', lambda: self.conditions() == [('net1', 'names-not-registered', 'lab')])
        self.assertIn('Link virbr1 is managed', self.h.netctl('status').out)

    def test_resolved_that_hangs(self):
        """Nothing waits for it."""
        self.resolved()
        self.start_netd()
        self.mock.popen.send_signal(signal.SIGSTOP)
        self.h.start_network(document())
        self.a_guest()
        self.mock.popen.send_signal(signal.SIGCONT)
        self.wait_links({'virbr1': self.link()})


@lib.needs('dbus-daemon', 'busctl')
class Real(Resolved):
    def setUp(self):
        super().setUp()
        self.root = lib.unpacked('systemd-resolved')
        os.chmod(self.folder, 0o711)  # the bus is in it
        # It wants to be a user of its own, and the bus wants to know that user, too: it is 'daemon' by another name.
        for name, row in (('passwd', 'systemd-resolve:x:1:1::/:/usr/sbin/nologin'), ('group', 'systemd-resolve:x:1:')):
            with open('/etc/' + name) as f, open(os.path.join(self.folder, name), 'w') as out:
                out.write(''.join(line for line in f if not line.startswith('systemd-resolve:')) + row + '\n')

    def start_resolved(self):
        script = '''mount -t tmpfs t /run
            mkdir -p /run/systemd/resolve /run/systemd/netif/links
            mount --bind "$1/passwd" /etc/passwd
            mount --bind "$1/group" /etc/group
            chown systemd-resolve:systemd-resolve /run/systemd/resolve
            exec "$0"'''
        for path in 'usr/lib/systemd/systemd-resolved', 'lib/systemd/systemd-resolved':
            if os.path.exists(os.path.join(self.root, path)):
                program = os.path.join(self.root, path)
        self.process = self.h.spawn('sh', '-c', script, program, self.folder,
                                    env={**self.bus.env, 'SYSTEMD_LOG_TARGET': 'console', 'SYSTEMD_LOG_LEVEL': 'debug'})
        lib.wait_for('systemd-resolved on the bus', self.is_there, 10, 0.1)

    def is_there(self):
        if self.process.popen.poll() is not None:
            raise lib.Failed('systemd-resolved ended:\n' + self.process.log())
        return self.h.sh('busctl', f'--address=unix:path={self.bus.path}', 'get-property', *SERVICE, 'DNSSECSupported',
                         check=False).rc == 0

    def ask_by_stub(self, *words):
        return self.h.sh('dig', '+short', '+time=2', '+tries=1', '@127.0.0.53', *words, check=False).out.split()

    def test_guests_are_found(self):
        self.start_resolved()
        self.start_netd()
        self.h.start_network(document())
        _, address = self.a_guest()
        self.wait_resolved('web.lab', address, 10)
        self.assertEqual(self.ask_by_stub('web.lab'), [address])
        self.assertEqual(self.ask_by_stub('-x', address), ['web.lab.'])
        self.assertEqual(self.conditions(), [])
        self.process.stop()
        self.start_resolved()
        self.wait_resolved('web.lab', address, 10)
        kill_controller(self.h)
        self.wait_resolved('web.lab', address, 10)
        self.h.netctl('net-destroy', 'net1')
        lib.wait_for('it is taken back', lambda: self.resolve('web.lab') is None, 10, 0.1)


if __name__ == '__main__':
    unittest.main()
