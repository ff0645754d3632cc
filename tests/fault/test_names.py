# SPDX-License-Identifier: GPL-2.0-or-later
"""What others do to name service: the host's resolvers change, die, and hold the ports."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
import lib

UPSTREAMS = '198.51.100.1', '198.51.100.11', '198.51.100.12'


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


if __name__ == '__main__':
    lib.unittest.main()
