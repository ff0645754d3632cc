# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of the sockets that mean no good, while others work: whatever is sent costs at most who sent it. Here
everything behind the sockets is real; what one message may look like is tests/fuzz/rpc's affair."""
import array
import os
import random
import socket
import struct
import threading
import time
import unittest

import lib

REMOTE, KEEPALIVE, NETD = 0x20008086, 0x6b656570, 0x6e657464
OPEN = struct.pack('>II17s3xI', 1, 17, b'network:///system', 0)
NET = b'\0\0\0\4net1' + b'\x11' * 16
CALL, REPLY, MESSAGE, STREAM, CALL_FDS, REPLY_FDS, HOLE = range(7)


def frame(procedure, args=b'', program=REMOTE, version=1, kind=CALL, serial=7, status=0, length=None):
    body = struct.pack('>IIiIII', program, version, procedure, kind, serial, status) + args
    return struct.pack('>I', len(body) + 4 if length is None else length) + body


class Client:
    """A connection, opened unless told otherwise."""

    def __init__(self, case, path, opened=True):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(path)  # waits when many do
        self.s.settimeout(10)
        case.clients.append(self.s)
        if opened:
            assert self.call(1, OPEN)[0] == 0

    def take(self, n):
        data = b''
        while len(data) < n:
            more = self.s.recv(n - len(data))
            if not more:
                raise EOFError(data)
            data += more
        return data

    def message(self):
        """The next one: header words and payload."""
        n = struct.unpack('>I', self.take(4))[0]
        data = self.take(n - 4)
        return struct.unpack('>IIiIII', data[:24]), data[24:]

    def reply(self):
        """Of a call: the code of the error (0: none), and the payload."""
        while True:
            head, body = self.message()
            if head[3] == REPLY:
                return (struct.unpack('>i', body[:4])[0] if head[5] else 0), body

    def call(self, procedure, args=b'', **header):
        self.s.sendall(frame(procedure, args, **header))
        return self.reply()

    def is_over(self, seconds=10):
        self.s.settimeout(seconds)
        try:
            while self.s.recv(65536):
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            return False
        return True


class Bystander(threading.Thread):
    """Somebody who works all the time, and tells how long the worst answer took."""

    def __init__(self, case, path):
        super().__init__(daemon=True)
        self.client, self.stop, self.worst, self.calls, self.trouble = Client(case, path), False, 0.0, 0, None

    def run(self):
        try:
            while not self.stop:
                begin = time.monotonic()
                code, body = self.client.call(46, b'\0\0\0\4net1')
                self.worst = max(self.worst, time.monotonic() - begin)
                assert code == 0 and b'net1' in body
                self.calls += 1
                time.sleep(0.002)
        except Exception as e:  # pylint: disable=broad-except
            self.trouble = e


class Hostile(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.h.start_network(lib.network_xml(uuid='11111111-1111-1111-1111-111111111111'))
        self.clients = []
        self.pid = self.controller()
        self.bystander = Bystander(self, self.h.socket)
        self.bystander.start()
        self.fds = self.open_fds()

    def controller(self):
        return [p for p in self.h.json('status')['processes'] if p['role'] == 'controller'][0]['pid']

    def open_fds(self):
        return len(os.listdir(f'/proc/{self.pid}/fd'))

    def resident(self):
        with open(f'/proc/{self.pid}/statm') as f:
            return int(f.read().split()[1]) * 4096

    def tearDown(self):
        lib.wait_for('the bystander', lambda: self.bystander.calls > 3 or self.bystander.trouble)
        self.bystander.stop = True
        self.bystander.join(10)
        for s in self.clients:
            s.close()
        if not any(e for _, e in getattr(self._outcome, 'errors', [])):
            self.assertIsNone(self.bystander.trouble)
            self.assertLess(self.bystander.worst, 2.0)
            self.assertEqual(self.controller(), self.pid, 'the controller died')
            lib.wait_for('descriptors to be closed', lambda: self.open_fds() <= self.fds + 2)
        super().tearDown()

    def client(self, **options):
        return Client(self, self.h.socket, **options)

    def test_every_word_of_the_header(self):
        """What can be answered is answered with libvirt's error and the connection goes on; the rest ends it."""
        odd = [2, 3, 255, 0x7fffffff, 0x80000000, 0xffffffff]
        for version in [0] + odd:
            c = self.client()
            self.assertEqual(c.call(3, version=version)[0], 39, version)
            self.assertEqual(c.call(3), (0, b'\0\0\0\7network\0'))
        for program in [0, 0x20008085, 0x20008087, 0x20008088, 0x06900690, 0xffffffff]:
            c = self.client()
            code, body = c.call(3, program=program)
            self.assertEqual((code, b'Cannot find program' in body), (39, True))
            self.assertEqual(c.call(3)[0], 0)
        c = self.client()
        for procedure in [0, -1, -2 ** 31, 2 ** 31 - 1, 447, 453, 9999]:
            code, body = c.call(procedure)
            self.assertEqual((code, f'unknown procedure: {procedure}'.encode() in body), (39, True))
        for procedure in (5, 51, 100, 300, 446):  # libvirt's, but not a network daemon's
            self.assertEqual(c.call(procedure)[0], 3, procedure)
        for status in [1] + odd:
            self.assertEqual(c.call(3, status=status)[0], 39, status)
        for serial in [0, 1, 0x80000000, 0xffffffff]:
            c.s.sendall(frame(3, serial=serial))
            head, _ = c.message()
            self.assertEqual(head[4], serial)
        self.assertEqual(c.call(3)[0], 0)
        for kind in [REPLY, MESSAGE, STREAM, HOLE, REPLY_FDS, 7, 255, 0x80000000, 0xffffffff]:
            c = self.client()
            c.s.sendall(frame(3, b'\0\0\0\0', kind=kind))
            self.assertTrue(c.is_over(), kind)
        for length in [0, 1, 4, 27, 4194305, 0x7fffffff, 0x80000000, 0xffffffff]:
            c = self.client()
            c.s.sendall(frame(3, length=length))
            self.assertTrue(c.is_over(), length)

    def test_arguments(self):
        """Cut off at any octet, and with lengths that lie: an error, and the connection goes on."""
        c = self.client()
        for procedure, args in ((46, b'\0\0\0\4net1'), (43, NET + b'\0\0\0\0'), (41, b'\0\0\0\3<a>\0'),
                                (406, NET + b'\0\0\0\3<a>\0\0\0\0\0'), (408, NET + b'\x22' * 16 + b'\0\0\0\1\0\0\0\1a\0\0\0'
                                 b'\0\0\0\2\0\0\0\5\0\0\0\0'), (291, NET + struct.pack('>IIi', 1, 4, -1) + b'\0\0\0\2<>\0\0'
                                                                  b'\0\0\0\0'),
                                (444, NET + b'\0\0\0\0\0\0\0\1\0\0\0\1a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0')):
            for n in range(len(args)):
                self.assertEqual(c.call(procedure, args[:n])[0], 39, (procedure, n))
            for at in range(0, len(args) - 3, 4):
                for lie in (b'\xff\xff\xff\xff', b'\x7f\xff\xff\xff', b'\x80\0\0\0', b'\0\x40\0\1'):
                    c.call(procedure, args[:at] + lie + args[at + 4:])
        self.assertEqual(c.call(46, b'\0\0\0\4net1')[0], 0)

    def test_torn(self):
        """A message may come in any pieces."""
        message = frame(46, b'\0\0\0\4net1')
        for at in range(1, len(message)):
            c = self.client()
            c.s.sendall(message[:at])
            time.sleep(0.001)
            c.s.sendall(message[at:])
            self.assertEqual(c.reply()[0], 0)
        for at in range(len(message)):  # and who stops in the middle of one
            self.client().s.sendall(message[:at])

    def test_octet_by_octet(self):
        """A hundred thousand octets, each sent alone, from four at a time: they are answered like others."""
        message = frame(46, b'\0\0\0\4net1')

        def drip(count):
            c = self.client()
            for _ in range(count):
                for octet in message:
                    c.s.send(bytes((octet,)))
                assert c.reply()[0] == 0
        threads = [threading.Thread(target=drip, args=(25000 // len(message),)) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(120)
            self.assertFalse(t.is_alive())

    def test_floods(self):
        """Calls without end by clients that read nothing: they wait, within bounds."""
        before = self.resident()
        crowd = [self.client() for _ in range(20)]
        sent = 0
        flood = frame(43, NET + b'\0\0\0\0') * 100
        for c in crowd:
            c.s.setblocking(False)
            try:
                for _ in range(2000):
                    sent += c.s.send(flood)
            except BlockingIOError:
                pass
        self.assertLess(sent, 20 * 2000 * len(flood))
        self.assertLess(self.resident() - before, 64 << 20)
        for c in crowd:
            c.s.close()
        # Nonsense without end.
        rnd = random.Random(1)
        for _ in range(200):
            c = self.client(opened=False)
            try:
                c.s.sendall(rnd.randbytes(rnd.randrange(1, 20000)))
            except ConnectionError:
                pass
            c.s.close()
        # Keepalive without end is answered as long as the answers are taken.
        c = self.client()
        for _ in range(1000):
            c.s.sendall(frame(1, program=KEEPALIVE, kind=MESSAGE, serial=0))
        pongs = c.take(28 * 1000)
        self.assertEqual(pongs, frame(2, program=KEEPALIVE, kind=MESSAGE, serial=0) * 1000)

    def test_half_closed(self):
        """Who only stops to speak still gets the answers; who stops to listen as well is gone."""
        c = self.client()
        c.s.sendall(frame(3) * 3 + frame(42, NET) + frame(39, NET))
        c.s.shutdown(socket.SHUT_WR)
        self.assertEqual([c.reply()[0] for _ in range(5)], [0] * 5)
        self.assertTrue(c.is_over())
        c = self.client()
        c.s.sendall(frame(3)[:20])
        c.s.shutdown(socket.SHUT_WR)
        self.assertTrue(c.is_over())
        c = self.client()
        c.s.shutdown(socket.SHUT_RD)
        c.s.sendall(frame(3))
        self.assertTrue(c.is_over())
        for _ in range(50):
            c = self.client()
            c.s.sendall(frame(42, NET) + frame(39, NET))
            c.s.close()
        lib.wait_for('the network to settle', lambda: 'active' in self.h.netctl('net-list').out or
                     self.h.netctl('net-start', 'net1', check=False).rc == 0)

    def fds_of(self, n):
        r = os.open('/dev/null', os.O_RDONLY)
        self.addCleanup(os.close, r)
        return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [r] * n))]

    def test_descriptors(self):
        """Descriptors that nobody asked for are closed, however they come."""
        with_fds = frame(3, struct.pack('>I', 1), kind=CALL_FDS)
        for n in (1, 2, 8, 9, 100, 253):
            for data in (frame(3), with_fds, frame(3, struct.pack('>I', n), kind=CALL_FDS), with_fds[:10], b'\0'):
                c = self.client()
                c.s.sendmsg([data], self.fds_of(n))
                c.s.close()
        for count in (0, 1, 31, 32, 33, 0x7fffffff, 0xffffffff):
            c = self.client()
            c.s.sendall(frame(3, struct.pack('>I', count), kind=CALL_FDS) + b'\0' * min(count, 40))
            if count:
                self.assertTrue(c.is_over(), count)
            else:
                self.assertEqual(c.reply()[0], 0)
        # A flood of them, each riding on an octet of a message that never ends.
        crowd = []
        for _ in range(60):
            c = self.client()
            crowd.append(c)
            try:
                c.s.sendall(frame(41, length=1 << 20))
                for _ in range(50):
                    c.s.sendmsg([b'\0'], self.fds_of(4))
            except OSError:
                pass
        self.assertLess(self.open_fds(), self.fds + 60 * 12)
        for c in crowd:
            c.s.close()

    def test_hundred_at_once(self):
        """A hundred clients, each with networks of its own; everything they do is done."""
        failures = []

        def work(i):
            try:
                c = self.client()
                name = f'c{i:03}'.encode()
                xml = b'<network><name>' + name + b"</name><bridge name='c" + name + b"' stp='off'/></network>"
                code, body = c.call(41, struct.pack('>I', len(xml)) + xml + b'\0' * (-len(xml) % 4))
                assert code == 0, body
                for procedure, args in ((39, b''), (43, b'\0\0\0\0'), (152, b''), (42, b''), (49, b'')):
                    code, answer = c.call(procedure, body + args)
                    assert code == 0, (procedure, answer)
            except Exception as e:  # pylint: disable=broad-except
                failures.append((i, repr(e)))
        threads = [threading.Thread(target=work, args=(i,)) for i in range(100)]
        begin = time.monotonic()
        for t in threads:
            t.start()
        for t in threads:
            t.join(100)
        self.assertEqual(failures, [])
        self.assertLess(time.monotonic() - begin, 100)
        self.assertEqual(self.h.netctl('net-list', '--all', '--name').out.split(), ['net1'])

    def test_mutations(self):
        """Calls as they should be, with a few octets changed: nobody notices."""
        rnd = random.Random(7)
        whole = [frame(46, b'\0\0\0\4net1'), frame(43, NET + b'\0\0\0\0'), frame(283, b'\0\0\0\1\0\0\0\0'),
                 frame(313, b'\0\0\0\0\0\0\0\0'), frame(341, NET + b'\0\0\0\0\0\0\0\1\0\0\0\0'), frame(66), frame(1, OPEN),
                 frame(419, b'\0\0\0\1\0\0\0\x09user-name\0\0\0\0\0\0\7\0\0\0\3joe\0\0\0\0\0'), frame(404, NET + b'\0' * 8),
                 frame(1, program=NETD), frame(8, b'\0\0\0\0', program=NETD), frame(5, NET + b'\0\0\0\0', program=NETD),
                 frame(14, NET, program=NETD), frame(291, NET + struct.pack('>IIi', 3, 4, -1) + b'\0\0\0\7<host/>\0\0\0\0\0')]
        for _ in range(1500):
            c = self.client(opened=rnd.random() < 0.8)
            try:
                for _ in range(rnd.randrange(1, 6)):
                    data = bytearray(rnd.choice(whole))
                    for _ in range(rnd.randrange(4)):
                        data[rnd.randrange(4, len(data))] = rnd.choice((0, 1, 2, 0x7f, 0x80, 0xff, rnd.randrange(256)))
                    c.s.sendall(data)
                c.s.setblocking(False)
                c.s.recv(65536)
            except (BlockingIOError, ConnectionError):
                pass
            c.s.close()

    def test_slow_reader_of_events(self):
        """Who lets events wait is dropped, and the log says so; the others get theirs."""
        slow, quick = self.client(), self.client()
        for c in (slow, quick):
            self.assertEqual(c.call(313, b'\0\0\0\1\0\0\0\0')[0], 0)
        slow.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        uri = b'urn:' + b'x' * 600
        got = [0]

        def read():
            try:
                while quick.message()[0][2] == 446:
                    got[0] += 1
            except (EOFError, OSError):
                pass
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        c = self.client()
        sent = 0
        text = struct.pack('>I', 1) + struct.pack('>I', 4) + b'<a/>'
        args = NET + struct.pack('>i', 2) + text + struct.pack('>II', 1, 1) + b'k\0\0\0' + struct.pack('>I', 1) + \
            struct.pack('>I', len(uri)) + uri + struct.pack('>I', 1)
        while 'take its events' not in self.h.daemon.log() and sent < 6000:
            self.assertEqual(c.call(444, args)[0], 0)
            sent += 1
        self.assertIn("is dropped: it doesn't take its events", self.h.daemon.log())
        lib.wait_for("the other's events", lambda: got[0] >= sent)
        self.assertTrue(slow.is_over())
        quick.s.close()


if __name__ == '__main__':
    unittest.main()
