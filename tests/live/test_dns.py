# SPDX-License-Identifier: GPL-2.0-or-later
"""The dns worker on the wire, without a controller: dig and raw sockets against it, a bent upstream behind it."""
import os
import socket
import struct
import subprocess
import sys
import textwrap
import time
import unittest

import lib

WORKER = os.path.join(lib.BUILD, 'netd', 'netd-worker')
DNS_HOST = os.path.join(lib.BUILD, 'tests', 'live', 'dns-host')
GATEWAY, GUEST, OTHER, UPSTREAM = '10.77.0.1', '10.77.0.10', '10.77.0.11', '198.51.100.1'

# Runs in the guest: `ask(name)` makes a query, `talk()` a connection, `read(s)` reads one answer.
PREFACE = f'''
import socket, struct, sys, time
GATEWAY = {GATEWAY!r}
def ask(name, ident=1, kind=1):
    labels = b''.join(bytes([len(l)]) + l.encode() for l in name.split('.'))
    return struct.pack('!HHHHHH', ident, 0x100, 1, 0, 0, 0) + labels + b'\\0' + struct.pack('!HH', kind, 1)
def framed(m): return struct.pack('!H', len(m)) + m
def talk(): return socket.create_connection((GATEWAY, 53), 5)
def exactly(s, n):
    b = b''
    while len(b) < n:
        part = s.recv(n - len(b))
        if not part: raise EOFError(len(b))
        b += part
    return b
def read(s): return exactly(s, struct.unpack('!H', exactly(s, 2))[0])
def ident(m): return struct.unpack('!H', m[:2])[0]
'''

# An upstream with a mind of its own, by the first label of the name.
BENT = r'''
import socket, struct, sys, threading, time
def question(p):
    at, labels = 12, []
    while p[at]:
        labels.append(p[at+1:at+1+p[at]].decode().lower()); at += 1 + p[at]
    return labels, at + 5
def a(p, end, n=1, flags=0x8180, ident=None):
    rr = b''.join(b'\xc0\x0c' + struct.pack('!HHIH', 1, 1, 60, 4) + bytes([192, 0, 2, i % 250]) for i in range(n))
    return (ident or p[:2]) + struct.pack('!HHHHH', flags, 1, n, 0, 0) + p[12:end] + rr
def udp():
    while True:
        p, peer = u.recvfrom(4096)
        labels, end = question(p)
        print('udp', *labels, peer[1], flush=True)
        if labels[0] == 'silent': continue
        if labels[0] == 'big': u.sendto(a(p, end, 0, 0x8380), peer)
        elif labels[0] == 'forged':
            for i in range(50): u.sendto(a(p, end, 1, ident=struct.pack('!H', (p[0] * 256 + p[1] + 1 + i) % 65536)), peer)
            u.sendto(a(p, end), peer)
        elif labels[0] == 'junk': u.sendto(p[:2] + b'\x81\x80' + b'\xff' * 30, peer)
        elif labels[0] == 'late': threading.Timer(0.6, u.sendto, (a(p, end), peer)).start()
        else: u.sendto(a(p, end), peer)
def serve(c):
    n = struct.unpack('!H', c.recv(2, socket.MSG_WAITALL))[0]
    p = c.recv(n, socket.MSG_WAITALL)
    labels, end = question(p)
    print('tcp', *labels, flush=True)
    m = a(p, end, 300)
    m = struct.pack('!H', len(m)) + m
    for i in range(0, len(m), 1000):
        c.sendall(m[i:i+1000]); time.sleep(0.01)
    c.close()
def tcp():
    while True:
        c, _ = t.accept()
        threading.Thread(target=serve, args=(c,), daemon=True).start()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind((sys.argv[1], 53))
t = socket.create_server((sys.argv[1], 53))
threading.Thread(target=tcp, daemon=True).start()
print('ready', flush=True)
udp()
'''


class Wire(lib.Case):
    """A worker on a bridge with two guests, and the upstream behind it."""

    def setUp(self):
        super().setUp()
        self.hosting = self.namespace('host')
        self.guest1, self.guest2, self.world = (self.namespace(n) for n in ('g1', 'g2', 'up'))
        host = self.hosting
        host.sh('ip', 'link', 'add', 'br0', 'type', 'bridge')
        host.sh('ip', 'link', 'set', 'br0', 'up')
        host.sh('ip', 'addr', 'add', f'{GATEWAY}/24', 'dev', 'br0')
        for number, (guest, address) in enumerate(((self.guest1, GUEST), (self.guest2, OTHER))):
            host.wire(guest, f'p{number}', 'eth0')
            host.sh('ip', 'link', 'set', f'p{number}', 'master', 'br0')
            guest.sh('ip', 'addr', 'add', f'{address}/24', 'dev', 'eth0')
            guest.sh('ip', 'route', 'add', 'default', 'via', GATEWAY)
        host.wire(self.world, 'up0', 'eth0')
        host.sh('ip', 'addr', 'add', '198.51.100.2/24', 'dev', 'up0')
        self.world.sh('ip', 'addr', 'add', f'{UPSTREAM}/24', 'dev', 'eth0')
        self.world.sh('ip', 'route', 'add', '10.77.0.0/24', 'via', '198.51.100.2')

    def serve(self, *options):
        self.upstream = self.world.spawn(sys.executable, '-c', BENT, UPSTREAM)
        lib.wait_for('the upstream', lambda: 'ready' in self.upstream.log())
        read, write = os.pipe()
        self.addCleanup(os.close, write)
        # what the filter would kill is named, and ends the worker all the same
        self.worker = self.hosting.spawn(DNS_HOST, WORKER, 'br0', f'{GATEWAY}/24', '-l', f'vm1={GUEST}', *options,
                                         stdin=read, env={**os.environ, 'NETD_SECCOMP': 'trap'})
        os.close(read)
        lib.wait_for('the worker', lambda: 'serving' in self.worker.log() and self.dig('vm1'))

    def dig(self, *words, guest=None, check=False):
        """The answer's lines; dig's remarks about a lost datagram are left out."""
        out = (guest or self.guest1).sh('dig', '+short', '+time=3', '+tries=3', f'@{GATEWAY}', *words, check=check).out
        return [line for line in out.splitlines() if not line.startswith(';')]

    def python(self, code, guest=None, timeout=60):
        """Run code in a guest; what it prints."""
        return (guest or self.guest1).sh(sys.executable, '-c', PREFACE + textwrap.dedent(code), timeout=timeout).out

    def start_python(self, code, guest=None):
        return (guest or self.guest1).spawn(sys.executable, '-c', PREFACE + textwrap.dedent(code))

    def asked(self):
        return [line for line in self.upstream.log().splitlines() if line != 'ready']


class Dns(Wire):
    @lib.needs('dig')
    def test_answers(self):
        self.serve('-u', UPSTREAM)
        for transport in '+notcp', '+tcp':
            self.assertEqual(self.dig('vm1.lab.test', transport), [GUEST])
            self.assertEqual(self.dig('-x', GUEST, transport), ['vm1.lab.test.'])
            self.assertEqual(self.dig('www.example.com', transport), ['192.0.2.0'])
            self.assertEqual(self.dig('vm1', transport, guest=self.hosting), [GUEST])
        self.assertEqual(len(self.asked()), 1)  # the second came from the cache
        # not from outside
        self.assertEqual(self.dig('vm1', guest=self.world)[:1] == [GUEST], False)
        # ports differ from query to query
        for i in range(20):
            self.dig(f'n{i}.example.com')
        ports = {line.split()[-1] for line in self.asked()}
        self.assertGreater(len(ports), 18)

    def test_isolated(self):
        self.serve('-u', UPSTREAM, '-i')
        self.assertEqual(self.dig('vm1.lab.test'), [GUEST])
        out = self.guest1.sh('dig', f'@{GATEWAY}', 'www.example.com', '+tries=1', check=False).out
        self.assertIn('status: REFUSED', out)
        self.assertEqual(self.asked(), [])

    def test_hostile_upstream(self):
        self.serve('-u', UPSTREAM)
        self.assertEqual(self.dig('forged.example.com')[:1], ['192.0.2.0'])
        self.assertEqual(len(self.dig('big.example.com')), 300)  # TC on both sides: dig goes on over TCP
        self.assertIn('tcp big example com', self.asked())
        self.assertEqual(self.dig('late.example.com'), ['192.0.2.0'])
        begin = time.monotonic()
        out = self.guest1.sh('dig', f'@{GATEWAY}', 'silent.example.com', '+tries=1', '+time=9').out
        self.assertIn('status: SERVFAIL', out)
        self.assertLess(time.monotonic() - begin, 6)
        self.assertEqual(self.dig('vm1.lab.test'), [GUEST])

    def test_dead_upstream_is_noticed_at_once(self):
        self.serve('-u', '198.51.100.2:5399', '-u', UPSTREAM)  # port unreachable
        begin = time.monotonic()
        self.assertEqual(self.dig('www.example.com'), ['192.0.2.0'])
        self.assertLess(time.monotonic() - begin, 0.35)

    def test_pipelining(self):
        self.serve('-u', UPSTREAM)
        out = self.python('''
            s = talk()
            s.sendall(framed(ask('late.example.com', 1)) + framed(ask('vm1.lab.test', 2)) + framed(ask('vm1', 3)))
            print([ident(read(s)) for i in range(3)])
            n = 5000
            import threading
            all = b''.join(framed(ask('vm1.lab.test', i)) for i in range(n))
            threading.Thread(target=s.sendall, args=(all,)).start()
            print(sorted(ident(read(s)) for i in range(n)) == list(range(n)))
            s.sendall(framed(ask('late2.example.com', 9)))
            s.shutdown(socket.SHUT_WR)   # half closed: the answer comes all the same, then the end
            print(ident(read(s)), s.recv(1))
        ''')
        self.assertEqual(out.split('\n')[:3], ['[2, 3, 1]', 'True', "9 b''"])

    def test_malformed_and_slow_connections(self):
        self.serve('-u', UPSTREAM)
        out = self.python('''
            def end(s):
                try: return s.recv(100)
                except ConnectionResetError: return b''
            for first in b'\\0\\0', b'\\0\\1x', framed(b'x' * 11), b'\\xff\\xffabc', framed(b'\\0\\0\\x81\\0' + bytes(8)):
                s = talk(); s.sendall(first); s.settimeout(3); print(end(s))
            # a byte per second renews nothing; silence doesn't either
            slow, silent, begin = talk(), talk(), time.monotonic()
            for b in framed(ask('vm1.lab.test'))[:14]:
                try: slow.sendall(bytes([b])); time.sleep(1)
                except OSError: break
            slow.settimeout(1); print(end(slow), 9 < time.monotonic() - begin < 16); print(end(silent))
        ''')
        self.assertEqual(out.split('\n')[:7], ["b''"] * 5 + ["b'' True", "b''"])

    def test_hoarded_connections(self):
        self.serve('-u', UPSTREAM)
        hoard = self.start_python('''
            s = []
            for i in range(1000):
                try: s.append(talk())
                except OSError: pass
            print('done', flush=True)
            time.sleep(5)
        ''')
        lib.wait_for('the hoard', lambda: 'done' in hoard.log(), 30)
        self.assertEqual(self.dig('vm1', '+tcp', guest=self.guest2), [GUEST])
        self.assertEqual(self.dig('vm1', guest=self.guest1), [GUEST])

    def test_other_guests_during_a_flood(self):
        self.serve('-u', UPSTREAM)
        flood = self.start_python('''
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            end, i = time.monotonic() + 3, 0
            while time.monotonic() < end:
                s.sendto(ask('silent.%d.example.com' % i, i % 65536), (GATEWAY, 53)); i += 1
        ''')
        time.sleep(0.5)
        for i in range(5):
            self.assertEqual(self.dig('vm1.lab.test', guest=self.guest2), [GUEST])
            self.assertEqual(self.dig(f'n{i}.example.com', guest=self.guest2), ['192.0.2.0'])
        flood.popen.wait(10)

    def test_reply_comes_from_the_address_asked(self):
        self.serve('-u', UPSTREAM)
        out = self.python('''
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.connect((GATEWAY, 53))
            s.send(ask('vm1.lab.test', 77)); print(ident(s.recv(1000)))
            # reflecting ports, cut and long datagrams: silence
            for port, m in (53, ask('vm1')), (0, b''), (0, ask('vm1')[:11]), (0, ask('vm1') + bytes(1300)):
                q = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); q.settimeout(0.3); q.bind(('', port))
                q.sendto(m, (GATEWAY, 53))
                try: print(q.recv(100))
                except TimeoutError: print('silence')
        ''')
        self.assertEqual(out.split(), ['77'] + ['silence'] * 4)


if __name__ == '__main__':
    unittest.main()
