# SPDX-License-Identifier: GPL-2.0-or-later
"""What others do to name service: the host's resolvers change, die, and hold the ports."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
import lib

UPSTREAMS = '198.51.100.1', '198.51.100.11', '198.51.100.12'

# PORT KIND...: hold sockets and say so.
HOLD = """
import socket, sys, time
held = []
for kind in sys.argv[2:]:
    name = kind.rstrip('+')
    six = name.endswith('6')
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET,
                      socket.SOCK_STREAM if name.startswith('tcp') else socket.SOCK_DGRAM)
    if kind.endswith('+'):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if six:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int('udp' in sys.argv))
    if name == 'lo':
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo')
    s.bind(('127.0.0.53' if name == 'lo' else '', int(sys.argv[1])))
    if name.startswith('tcp'):
        s.listen()
    held.append(s)
print('ready', flush=True)
time.sleep(1000)
"""


class Names(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host(start=False)
        self.out = self.outside(self.h)
        for address in UPSTREAMS[1:]:
            self.out.sh('ip', 'addr', 'add', address + '/24', 'dev', 'eth0')
        self.questions = 0

    def serve(self, address, answer):
        process = self.out.spawn(sys.executable, os.path.join(lib.HERE, 'dns-stub'), address, f'*={answer}')
        lib.wait_for('the DNS stub', lambda: 'ready' in process.log())
        return process

    def serve_all(self):
        """Three servers of which each gives an answer of its own: 10.0.0.N for the N-th."""
        return [self.serve(address, f'10.0.0.{n}') for n, address in enumerate(UPSTREAMS)]

    def start(self, extra=''):
        self.h.start_netd()
        self.h.start_network(lib.network_xml(domain='lab', extra=extra))
        self.g = self.guest('g1', self.h, 'virbr1')
        self.g.dhcp(hostname='web')

    def ask(self, name=None):
        """A name that nobody has asked for yet, in one attempt."""
        self.questions += 1
        return self.g.sh('dig', '+short', '+time=2', '+tries=1', '@192.168.150.1', name or f'q{self.questions}.example',
                         check=False).out.split()

    def conditions(self):
        return [(k['kind'], k['object']) for k in self.h.json('status')['conditions']]


class Resolvers(Names):
    def setUp(self):
        super().setUp()
        self.h.have_own_etc()
        self.serve_all()

    def put(self, path, *servers):
        path = os.path.join(self.h.root, 'etc', path)
        with open(path + '.new', 'w') as f:
            f.writelines(f'nameserver {s}\n' for s in servers)
        os.rename(path + '.new', path)

    def link(self, target):
        path = os.path.join(self.h.root, 'etc', 'resolv.conf')
        os.symlink(target, path + '.new')
        os.rename(path + '.new', path)

    def wait_server(self, n, seconds=1):
        lib.wait_for(f'the server {n}', lambda: self.ask() == [f'10.0.0.{n}'], seconds)

    def test_f37_resolv_conf_changes(self):
        """Renamed over, written in place, a link that is swapped, a file that goes and comes back: within a second."""
        self.put('resolv.conf', UPSTREAMS[0])
        self.start()
        self.wait_server(0)
        self.put('resolv.conf', UPSTREAMS[1])
        self.wait_server(1)
        self.h.set_upstreams(UPSTREAMS[2])
        self.wait_server(2)
        self.put('a', UPSTREAMS[0])
        self.put('b', UPSTREAMS[1])
        self.link('a')
        self.wait_server(0)
        self.link('b')
        self.wait_server(1)
        os.unlink(self.h.resolv_conf)
        lib.wait_for('it is told', lambda: self.conditions() == [('no-resolvers', '/etc/resolv.conf')], 1)
        self.assertEqual(self.ask(), ['10.0.0.1'])
        self.put('resolv.conf', UPSTREAMS[2])
        self.wait_server(2)
        self.put('resolv.conf')
        lib.wait_for('it is told', lambda: self.conditions() == [('no-resolvers', '/etc/resolv.conf')], 1)
        self.assertEqual(self.ask(), ['10.0.0.2'])
        self.put('resolv.conf', UPSTREAMS[0])
        self.wait_server(0)
        self.assertEqual(self.conditions(), [])

    def test_f37_missing_at_start(self):
        """As with systemd-resolved that starts later: a link into a folder that isn't there yet."""
        self.link('later/resolve/stub.conf')
        self.start()
        self.assertEqual(self.conditions(), [('no-resolvers', '/etc/resolv.conf')])
        self.assertEqual(self.ask('web.lab'), [self.g.lease.address])
        self.assertEqual(self.ask(), [])
        for n in 1, 2:
            os.makedirs(os.path.join(self.h.root, 'etc', 'later/resolve'))
            self.put('later/resolve/stub.conf', UPSTREAMS[n])
            self.wait_server(n)
            self.assertEqual(self.conditions(), [])
            lib.sh('rm', '-r', os.path.join(self.h.root, 'etc', 'later'))
            lib.wait_for('it is told', lambda: self.conditions(), 1)
            self.assertEqual(self.ask(), [f'10.0.0.{n}'])

    def test_f37_bind_mount(self):
        """As in a container: the file is mounted over another, and written in place."""
        self.h.own_etc = False
        self.h.set_upstreams(UPSTREAMS[0])
        self.start()
        self.wait_server(0)
        self.h.set_upstreams(UPSTREAMS[1])
        self.wait_server(1)


class Upstreams(Names):
    def asked_within(self, seconds, answer, questions=6):
        for _ in range(questions):
            begin = time.monotonic()
            self.assertEqual(self.ask(), answer)
            self.assertLess(time.monotonic() - begin, seconds)

    def check_local_names(self):
        begin = time.monotonic()
        self.assertEqual(self.ask('web.lab'), [self.g.lease.address])
        self.assertLess(time.monotonic() - begin, 0.5)

    def test_f38_dead(self):
        """The first server's host is gone without a word; the second one answers."""
        self.out.sh('nft', 'add table ip t; add chain ip t in { type filter hook input priority 0; }; '
                    f'add rule ip t in ip daddr {UPSTREAMS[1]} drop')
        self.serve(UPSTREAMS[2], '10.0.0.2')
        self.h.set_upstreams(UPSTREAMS[1], UPSTREAMS[2])
        self.start()
        self.check_local_names()
        self.asked_within(1.5, ['10.0.0.2'])
        self.check_local_names()

    def test_f38_dies_later(self):
        """It answered until now; what is in the cache still comes at once."""
        first = self.serve(UPSTREAMS[1], '10.0.0.1')
        self.h.set_upstreams(UPSTREAMS[1], UPSTREAMS[2])
        self.start()
        self.assertEqual(self.ask('known.example'), ['10.0.0.1'])
        self.serve(UPSTREAMS[2], '10.0.0.2')
        self.out.sh('nft', 'add table ip t; add chain ip t in { type filter hook input priority 0; }; '
                    f'add rule ip t in ip daddr {UPSTREAMS[1]} drop')
        self.assertIsNone(first.popen.poll())
        self.assertEqual(self.ask('known.example'), ['10.0.0.1'])
        self.asked_within(1.5, ['10.0.0.2'])

    def test_f38_failing(self):
        """SERVFAIL of one is no answer while another has one."""
        self.serve(UPSTREAMS[1], 'fail')
        self.serve(UPSTREAMS[2], '10.0.0.2')
        self.h.set_upstreams(UPSTREAMS[1], UPSTREAMS[2])
        self.start()
        self.asked_within(1.5, ['10.0.0.2'])

    def test_f38_all_dead(self):
        """Nobody answers: local names do, at once, also while others wait."""
        self.h.set_upstreams('198.51.100.77')
        self.start()
        waiting = [self.g.spawn('dig', '+time=4', '+tries=1', '@192.168.150.1', f'dead{n}.example') for n in range(20)]
        self.check_local_names()
        self.assertTrue(any(p.popen.poll() is None for p in waiting))


class Ports(Names):
    """Others have port 53 or 67."""

    def hold(self, port, *sockets, check=True):
        """A process with these sockets: "udp", "tcp", "udp6", "tcp6", behind them "+" for one that shares."""
        process = self.h.spawn(sys.executable, '-c', HOLD, port, *sockets)
        lib.wait_for('the holder', lambda: process.log() or process.popen.poll() is not None)
        if check:
            self.assertEqual(process.log(), 'ready\n')
        return process

    def check_served(self, server='192.168.150.1'):
        for words in ((), ('+tcp',)):
            got = self.g.sh('dig', '+short', '+time=2', '+tries=1', '@' + server, *words, 'web.lab', check=False).out.split()
            self.assertEqual(got, [self.g.lease.address], (server, words))

    def table(self):
        return self.h.sh('nft', '-s', 'list', 'table', 'inet', 'netd_dns', check=False).out

    def redirected(self):
        return [(k['network'], k['object']) for k in self.h.json('status')['conditions'] if k['kind'] == 'dns-redirected']

    def host_port(self):
        """Where the host is told to ask."""
        with open(os.path.join(self.h.root, 'run/netd/resolvers')) as f:
            return {line.split()[2] for line in f if line.split()[0] == 'lab'}

    def wait_host_port(self):
        lib.wait_for('port 53 in the list', lambda: self.host_port() == {'53'}, 2)

    def ask_from_host(self, port):
        return self.h.sh('dig', '+short', '+time=1', '+tries=1', '-p', port, '@192.168.150.1', 'web.lab', check=False).out.split()

    def start(self, extra=''):
        self.h.start_netd()
        self.h.start_network(lib.network_xml(domain='lab', extra=extra).replace(
            "<domain name='lab'/>", "<domain name='lab' localOnly='yes'/>").replace(
            '</network>', "<ip family='ipv6' address='fd50::1' prefix='64'/></network>"))
        self.g = self.guest('g1', self.h, 'virbr1')
        self.g.dhcp(hostname='web')
        self.g.sh('ip', 'addr', 'add', 'fd50::99/64', 'dev', 'eth0', 'nodad')

    def test_f09_wildcard_resolver(self):
        for sockets in ('udp', 'tcp'), ('udp',), ('tcp',), ('udp+', 'tcp+'), ('udp6', 'tcp6'):
            with self.subTest(sockets):
                holder = self.hold(53, *sockets)
                self.start()
                self.assertEqual(self.redirected(), [('net1', '53')])
                self.check_served()
                self.check_served('fd50::1')
                port = lib.wait_for('the list', lambda: self.host_port() - {'53'}).pop()
                self.assertEqual(self.ask_from_host(port), [self.g.lease.address])
                self.h.netctl('net-destroy', 'net1')
                lib.wait_for('no table', lambda: not self.table())
                self.assertEqual(self.redirected(), [])
                holder.kill()
                self.h.netctl('net-start', 'net1')
                self.assertEqual(self.redirected(), [])
                self.wait_host_port()
                self.h.netctl('net-undefine', 'net1', check=False)
                self.h.netctl('net-destroy', 'net1')
                lib.remove_namespace(self.g.ns)
                self.h.stop_netd()

    def test_f09_that_shares(self):
        """UDP alone, by one who lets others in: nothing has to be done."""
        self.hold(53, 'udp+')
        self.start()
        self.assertEqual(self.redirected(), [])
        self.assertEqual(self.table(), '')
        self.check_served()

    def test_f09_keeps_working(self):
        """The ruleset is flushed, the controller and netd end and start; then port 53 is free again."""
        holder = self.hold(53, 'udp', 'tcp')
        self.start()
        self.check_served()
        before = self.table()
        self.h.sh('nft', 'flush', 'ruleset')
        lib.wait_for('the table is back', lambda: self.table() == before, 1)
        self.check_served()
        self.h.sh('nft', 'delete', 'table', 'inet', 'netd_dns')
        os.kill(self.h.pids_of('netd-controller')[0], signal.SIGKILL)
        lib.wait_for('another controller', lambda: self.h.netctl('net-list', check=False).rc == 0, 10)
        lib.wait_for('the table is back', lambda: self.table() == before, 1)
        self.check_served()
        self.assertEqual(self.redirected(), [('net1', '53')])
        self.h.stop_netd()
        self.h.start_netd()
        lib.wait_for('the table is there', self.table, 1)
        self.check_served()
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        time.sleep(0.2)
        self.assertEqual(self.redirected(), [('net1', '53')])
        self.check_served()
        holder.kill()
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        lib.wait_for('port 53 again', lambda: not self.redirected() and not self.table(), 2)
        self.wait_host_port()
        self.check_served()
        self.assertEqual(self.ask_from_host(53), [self.g.lease.address])

    def test_f10_netd_was_first(self):
        """A resolver for all addresses can't start beside a network's; with dns_listen = redirect it can."""
        self.start()
        self.assertNotEqual(self.hold(53, 'udp', check=False).popen.wait(5), 0)
        self.assertNotEqual(self.hold(53, 'tcp+', check=False).popen.wait(5), 0)
        self.hold(53, 'udp+').kill()
        with open(os.path.join(self.h.root, 'etc/netd/netd.conf'), 'w') as f:
            f.write('dns_listen = redirect\n')
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        lib.wait_for('the move', self.table, 2)
        self.hold(53, 'udp', 'tcp', 'udp6', 'tcp6')
        self.check_served()
        self.check_served('fd50::1')
        self.assertEqual(self.redirected(), [])
        os.unlink(os.path.join(self.h.root, 'etc/netd/netd.conf'))

    def test_f11_resolved_on_the_loopback(self):
        """As systemd-resolved: 127.0.0.53 on lo alone. Neither is in the other's way."""
        holder = self.hold(53, 'lo')
        self.start()
        self.assertEqual(self.redirected(), [])
        self.check_served()
        self.assertEqual(self.ask_from_host(53), [self.g.lease.address])
        holder.kill()
        self.hold(53, 'lo')

    def test_f12_another_dhcp_server(self):
        """On all addresses: beside one that shares guests are served; another is named, and nothing is left behind."""
        holder = self.hold(67, 'udp+')
        self.start()
        self.h.netctl('net-destroy', 'net1')
        holder.kill()
        before = self.h.state()
        self.hold(67, 'udp')
        done = self.h.netctl('net-start', 'net1', check=False)
        self.assertEqual(done.rc, 1)
        self.assertRegex(done.err, r'cannot bind UDP port 67 on virbr1: a socket of user 0 \(inode \d+\) on 0\.0\.0\.0 has it')
        self.assertIn('ss -lunp', done.err)
        self.assertEqual(self.h.state()['rules'], before['rules'])
        self.assertNotIn('virbr1', self.h.links())


if __name__ == '__main__':
    lib.unittest.main()
