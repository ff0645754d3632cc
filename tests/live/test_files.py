# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot files for guests: real TFTP and HTTP clients, hostile names, a worker that dies."""
import hashlib
import os
import re
import signal
import socket
import struct
import sys
import textwrap
import time
import unittest

import lib

GATEWAY = '192.168.150.1'

# Runs in the guest: a TFTP client that does as it is told.
PREFACE = f'''
import os, socket, struct, sys, time
GATEWAY = {GATEWAY!r}
def udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); return s
def rrq(name, *options, mode=b'octet', op=1):
    return struct.pack('!H', op) + b''.join(x + b'\\0' for x in (name, mode, *options))
def ask(s, packet):
    s.sendto(packet, (GATEWAY, 69)); return get(s)
def get(s):
    try: p, peer = s.recvfrom(70000)
    except TimeoutError: return None, None
    return p, peer
def show(p):
    if p is None: return '-'
    op, n = struct.unpack('!HH', p[:4])
    return {{3: f'd{{n}}:{{len(p) - 4}}', 5: f'e{{n}}', 6: 'o ' + p[2:].decode().replace('\\0', ' ').strip()}}.get(op, '?')
'''


class Files(lib.Case):
    def setUp(self):
        super().setUp()
        self.root, self.killed = os.path.join(self.folder, 'boot'), False
        os.mkdir(self.root)
        os.chmod(self.folder, 0o711)
        os.umask(0o022)

    def tearDown(self):
        """No guest, however hostile, ends a worker."""
        for host in self.hosts:
            if host.daemon and not self.killed:
                self.assertNotIn('another one is started', host.daemon.log())
        super().tearDown()

    def file(self, name, content, mode=0o644):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(content)
        os.chmod(path, mode)
        return content

    def xml(self, root=None, **options):
        http = "<metadata><netd:network xmlns:netd='urn:netd:network:1'><netd:http/></netd:network></metadata>"
        text = lib.network_xml(**options).replace('<forward', http + '<forward', 1)
        return text.replace("<dhcp>", f"<tftp root='{root or self.root}'/><dhcp>").replace(
            '</dhcp>', "<bootp file='pxe/boot.bin'/></dhcp>")

    def serve(self, guests=1, **options):
        self.hosting = self.host()
        self.hosting.start_network(self.xml(**options))
        self.guests = [self.guest(f'g{i}', self.hosting, 'virbr1') for i in range(guests)]
        for i, guest in enumerate(self.guests):
            guest.sh('ip', 'addr', 'add', f'192.168.150.{10 + i}/24', 'dev', 'eth0')
        self.g = self.guests[0]
        self.out = os.path.join(self.folder, 'out')

    def pid_of(self, program, *arguments):
        for pid in lib.sh('ip', 'netns', 'pids', self.hosting.ns).out.split():
            try:
                with open(f'/proc/{pid}/cmdline') as f:
                    words = f.read().split('\0')
            except OSError:  # it has ended meanwhile
                continue
            if os.path.basename(words[0]) == program and tuple(words[1:1 + len(arguments)]) == arguments:
                return int(pid)
        return None

    def worker(self):
        return self.pid_of('netd-worker', 'files')

    def fetched(self):
        with open(self.out, 'rb') as f:
            content = f.read()
        os.unlink(self.out)
        return content

    def python(self, code, guest=None, timeout=60):
        return (guest or self.g).sh(sys.executable, '-c', PREFACE + textwrap.dedent(code), timeout=timeout).out

    def curl(self, url, *words, check=True):
        return self.g.sh('curl', '-sS', '--max-time', 60, '-o', self.out, *words, url, check=check)

    @lib.needs('curl')
    def test_curl_tftp(self):
        big = self.file('pxe/boot.bin', os.urandom(3_000_001))
        even = self.file('even', os.urandom(512 * 8))
        self.file('empty', b'')
        self.serve()
        for blksize in '512', '8', '1024', '1468', '65464':
            if blksize == '8':
                self.curl(f'tftp://{GATEWAY}/even', '--tftp-blksize', blksize)
                self.assertEqual(self.fetched(), even)
                continue
            self.curl(f'tftp://{GATEWAY}/pxe/boot.bin', '--tftp-blksize', blksize)
            self.assertEqual(self.fetched(), big)
        self.curl(f'tftp://{GATEWAY}/even', '--tftp-no-options')
        self.assertEqual(self.fetched(), even)
        self.curl(f'tftp://{GATEWAY}/empty', '--tftp-no-options')  # curl takes a size of 0 for an error
        self.assertEqual(os.path.getsize(self.out) if os.path.exists(self.out) else 0, 0)
        self.assertEqual(self.curl(f'tftp://{GATEWAY}/absent', check=False).rc, 68)  # not found
        self.assertEqual(self.g.sh('curl', '-sS', '-T', self.out if os.path.exists(self.out) else '/etc/hostname',
                                   f'tftp://{GATEWAY}/new', check=False).rc, 69)  # access violation

    @lib.needs('curl')
    def test_more_than_65535_blocks(self):
        with open(os.path.join(self.root, 'forty'), 'wb') as f:
            for i in range(40):
                f.write(bytes([i]) * (1 << 20))
        self.serve()
        self.curl(f'tftp://{GATEWAY}/forty', '--tftp-blksize', 512)
        self.assertEqual(hashlib.sha256(self.fetched()).digest(),
                         hashlib.sha256(b''.join(bytes([i]) * (1 << 20) for i in range(40))).digest())

    @lib.needs('atftp')
    def test_atftp(self):
        big = self.file('big', os.urandom(3_000_001))
        self.serve()
        for options in ([], ['blksize 1468'], ['blksize 1400', 'windowsize 4'], ['blksize 1468', 'windowsize 64'],
                        ['windowsize 65535'], ['tsize', 'timeout 2', 'blksize 65464', 'windowsize 16']):
            words = [w for o in options for w in ('--option', o)]
            self.g.sh('atftp', *words, '-g', '-r', 'big', '-l', self.out, GATEWAY)
            self.assertEqual(self.fetched(), big, options)

    @lib.needs('atftp')
    def test_way_that_is_narrower_than_the_bridge(self):
        """Windows can't be cut into segments on the way then: they leave as single datagrams."""
        big = self.file('big', os.urandom(300_001))
        self.serve()
        self.hosting.sh('ip', 'route', 'add', '192.168.150.10/32', 'dev', 'virbr1', 'mtu', 'lock', 1000)
        begin = time.monotonic()
        self.g.sh('atftp', '--option', 'blksize 1468', '--option', 'windowsize 16', '-g', '-r', 'big', '-l', self.out,
                  GATEWAY)
        self.assertEqual(self.fetched(), big)
        self.assertLess(time.monotonic() - begin, 5)  # not by the timer

    @lib.needs('tftp')
    def test_tftp_hpa(self):
        big = self.file('big', os.urandom(300_001))
        text = self.file('text', b'one\ntwo\rthree\r\n' * 999)
        self.serve()
        self.g.sh('tftp', '-m', 'binary', GATEWAY, '-c', 'get', 'big', self.out)
        self.assertEqual(self.fetched(), big)
        self.g.sh('tftp', '-m', 'ascii', GATEWAY, '-c', 'get', 'text', self.out)
        self.assertEqual(self.fetched(), text)
        result = self.g.sh('tftp', '-m', 'binary', GATEWAY, '-c', 'get', 'absent', self.out, check=False)
        self.assertIn('file not found', result.out + result.err)

    @lib.needs('busybox')
    def test_busybox(self):
        big = self.file('big', os.urandom(1_000_001))
        self.serve()
        for options in ([], ['-b', 1468], ['-b', 65464]):
            self.g.sh('busybox', 'tftp', '-g', *options, '-r', 'big', '-l', self.out, GATEWAY)
            self.assertEqual(self.fetched(), big)

    @lib.needs('atftp', 'curl')
    def test_many_at_once(self):
        """Few sockets, many transfers: each client gets its own file."""
        contents = [self.file(f'f{i}', os.urandom(400_000 + i)) for i in range(7)]
        self.serve(guests=4)
        running = []
        for g, guest in enumerate(self.guests):
            for i in range(7):
                out = os.path.join(self.folder, f'out-{g}-{i}')
                tftp = ['atftp', '--option', f'blksize {1468 - 100 * i}', '--option', f'windowsize {1 << i}', '-g', '-r',
                        f'f{i}', '-l', out, GATEWAY]
                http = ['curl', '-sS', '-o', out, f'http://{GATEWAY}/f{i}']
                running.append((guest.spawn(*(http if (g + i) % 4 == 0 else tftp)), out, contents[i]))
        for process, out, content in running:
            self.assertEqual(process.popen.wait(60), 0, process.log())
            with open(out, 'rb') as f:
                self.assertEqual(f.read(), content, process.words)

    def test_what_dhcp_says_is_there(self):
        boot = self.file('pxe/boot.bin', b'boot' * 999)
        self.serve()
        self.g.sh('ip', 'addr', 'flush', 'dev', 'eth0')
        hook = os.path.join(self.folder, 'hook')
        with open(hook, 'w') as f:
            f.write('#!/bin/sh\n[ "$1" = bound ] || exit 0\nip addr add $ip/$mask dev eth0\n'
                    f'echo $siaddr $boot_file > {hook}.out\n')
        os.chmod(hook, 0o755)
        self.g.sh('udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', hook, '-t', 10, '-T', 1)
        with open(hook + '.out') as f:
            server, name = f.read().split()
        self.assertEqual((server, name), (GATEWAY, 'pxe/boot.bin'))
        self.curl(f'tftp://{server}/{name}')
        self.assertEqual(self.fetched(), boot)

    def test_hostile_names(self):
        """What exists beside the root, above it or isn't a plain file is not given out; nothing hangs."""
        self.file('inside', b'in' * 50)
        self.file('private', b'x', 0o600)
        self.file('dir/deep', b'deep')
        secret = os.path.join(self.folder, 'secret')
        with open(secret, 'w') as f:
            f.write('secret')
        r = self.root
        os.symlink('../secret', r + '/out')
        os.symlink(secret, r + '/absolute-out')
        os.symlink(r + '/inside', r + '/absolute-in')
        os.symlink('/proc/self/root/etc/passwd', r + '/magic')
        os.symlink('inside', r + '/link')
        os.symlink('../inside', r + '/dir/link')
        os.symlink('loop', r + '/loop')
        os.symlink('..', r + '/up')
        os.mkfifo(r + '/fifo', 0o666)
        os.mknod(r + '/null', 0o666 | 0o020000, os.makedev(1, 3))
        door = socket.socket(socket.AF_UNIX)
        door.bind(r + '/socket')
        self.addCleanup(door.close)
        os.chmod(r + '/socket', 0o777)
        self.serve()
        wanted = {
            'inside': 'd1:100', '/inside': 'd1:100', '\\\\inside': 'd1:100', 'link': 'd1:100', 'dir/link': 'd1:100',
            'dir/../inside': 'e2', '../secret': 'e2', 'dir/../../secret': 'e2', '..\\\\secret': 'e2', '/etc/passwd': 'e1',
            f'{r}/../secret': 'e2', secret: 'e1', '....//secret': 'e1', '..%2fsecret': 'e1', 'out': 'e2',
            'absolute-out': 'e2', 'absolute-in': 'e2', 'magic': 'e2', 'loop': 'e1', 'up/secret': 'e2', '.': 'e2', '': 'e1',
            'dir': 'e2', 'dir/': 'e2', 'fifo': 'e2', 'null': 'e2', 'socket': 'e2', 'private': 'e2', 'inside/x': 'e1',
            'a' * 255: 'e1', 'a' * 256: 'e4', 'absent': 'e1',
        }
        out = self.python(f'''
            for name in {list(wanted)!r}:
                p, peer = ask(udp(), rrq(name.replace('\\\\\\\\', '\\\\').encode()))
                print(show(p))
                if p and p[1] == 5 and (b'/tmp' in p or b'secret' in p): print('path disclosed')
        ''').split('\n')
        self.assertEqual(dict(zip(wanted, out)), wanted)
        self.assertNotIn('path disclosed', out)
        for name, status in {'inside': 200, 'dir/%2e%2e/inside': 403, '..%2fsecret': 403, 'out': 403, 'loop': 404,
                             'dir': 403, 'fifo': 403, 'private': 403, '': 404, '%00': 400, 'absent': 404}.items():
            code = self.g.sh('curl', '-s', '--path-as-is', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', 5,
                             f'http://{GATEWAY}/{name}').out
            self.assertEqual((name, code), (name, str(status)))

    def test_hostile_packets(self):
        self.file('small', b'x' * 100)
        self.file('ten', b'x' * 10000)
        self.serve(guests=2)
        out = self.python('''
            for p in b'', b'\\0', b'\\0\\0small\\0octet\\0', b'\\0\\7small\\0octet\\0', b'\\0\\3\\0\\1x', b'\\0\\4\\0\\1', b'\\0\\5\\0\\1no\\0', b'\\0\\6a\\0b\\0':
                s = udp(); s.settimeout(0.2)
                print(show(ask(s, p)[0]), end=' ')
            print(show(ask(udp(), b'\\0\\1small')[0]), show(ask(udp(), rrq(b'small', mode=b'mail'))[0]), show(ask(udp(), rrq(b'small', op=2))[0]))
            print(show(ask(udp(), rrq(b'x' * 9000))[0]), show(ask(udp(), rrq(b'small', b'blksize', b'-1'))[0]))
        ''').split('\n')
        self.assertEqual(out[0].split(), ['-'] * 8 + ['e4', 'e4', 'e2'])
        self.assertEqual(out[1].split(), ['e4', 'd1:100'])
        # many requests by one client: 8, the others are told; another client gets its file
        out = self.python('''
            socks = [udp() for i in range(100)]
            print(sorted({show(ask(s, rrq(b'ten'))[0]) for s in socks[:8]}), {show(ask(s, rrq(b'ten'))[0]) for s in socks[8:]})
        ''', guest=self.guests[1])
        self.assertEqual(out.strip(), "['d1:512'] {'e0'}")
        self.assertEqual(self.python("print(show(ask(udp(), rrq(b'ten'))[0]))").strip(), 'd1:512')

    def test_stray_transfer_ids(self):
        self.file('ten', b'x' * 10000)
        self.serve(guests=2)
        out = self.python('''
            s = udp()
            p, peer = ask(s, rrq(b'ten'))
            stranger = udp(); stranger.sendto(struct.pack('!HH', 4, 1), peer)
            print(show(p), show(get(stranger)[0]))
            stranger.settimeout(0.3)
            stranger.sendto(struct.pack('!HH', 5, 0) + b'\\0', peer); print(show(get(stranger)[0]))
            s.sendto(struct.pack('!HH', 4, 1), peer); print(show(get(s)[0]))
            # the data port isn't the port that was asked, but the address is
            print(peer[0] == GATEWAY, peer[1] != 69)
            # an ACK that comes twice, then silence: one repeat after a second
            s.sendto(struct.pack('!HH', 4, 1), peer); begin = time.monotonic()
            print(show(get(s)[0]), 0.7 < time.monotonic() - begin < 2.9)
        ''').split('\n')
        self.assertEqual(out[:5], ['d1:512 e5', '-', 'd2:512', 'True True', 'd2:512 True'])

    def test_file_changes(self):
        self.file('cut', b'x' * 10000)
        self.file('gone', b'y' * 1000)
        self.serve()
        code = '''
            s = udp()
            p, peer = ask(s, rrq(b'NAME'))
            print(show(p), flush=True)
            sys.stdin.readline()
            s.sendto(struct.pack('!HH', 4, 1), peer); print(show(get(s)[0]), flush=True)
        '''
        for name, change, then in (('cut', lambda p: os.truncate(p, 600), 'e0'), ('gone', os.unlink, 'd2:488')):
            read, write = os.pipe()
            process = self.g.spawn(sys.executable, '-c', PREFACE + textwrap.dedent(code.replace('NAME', name)), stdin=read)
            lib.wait_for('the first block', lambda: 'd1' in process.log())
            change(os.path.join(self.root, name))
            os.write(write, b'\n')
            process.popen.wait(10)
            os.close(read)
            os.close(write)
            self.assertEqual(process.log().split(), ['d1:512', then])

    def test_proc_like(self):
        """A file that says it is empty and isn't."""
        host = self.host()
        host.start_network(self.xml(root='/proc/sys/kernel'))
        self.hosting, self.g = host, self.guest('g', host, 'virbr1')
        self.g.sh('ip', 'addr', 'add', '192.168.150.10/24', 'dev', 'eth0')
        out = self.python("print(show(ask(udp(), rrq(b'ostype', b'tsize', b'0'))[0]))").strip()
        self.assertEqual(out, 'd1:6')  # "Linux\n"

    @lib.needs('curl')
    def test_http(self):
        big = self.file('big.iso', os.urandom(20_000_001))
        self.file('boot.efi', b'x' * 100)
        self.serve()
        url = f'http://{GATEWAY}/big.iso'
        self.curl(url)
        self.assertEqual(self.fetched(), big)
        for range_, part in (('0-0', big[:1]), ('100-999', big[100:1000]), ('-5', big[-5:]), ('20000000-', big[20000000:])):
            self.curl(url, '-r', range_)
            self.assertEqual(self.fetched(), part)
        with open(self.out, 'wb') as f:
            f.write(big[:1_000_000])
        self.curl(url, '-C', '-')
        self.assertEqual(self.fetched(), big)
        head = self.g.sh('curl', '-sSI', url).out
        self.assertIn('HTTP/1.1 200 OK', head)
        self.assertIn(f'Content-Length: {len(big)}', head)
        modified = next(line for line in head.splitlines() if line.startswith('Last-Modified'))
        self.assertIn('304', self.g.sh('curl', '-sSI', '-H', f'If-Modified-Since: {modified[15:].strip()}', url).out)
        # many requests, one connection
        said = self.g.sh('curl', '-sv', *[f'http://{GATEWAY}/boot.efi'] * 20, '-o', '/dev/null').err
        self.assertEqual(said.count('Connected to'), 1)
        self.assertEqual(said.count('HTTP/1.1 200 OK'), 20)
        for words, status in ((['-X', 'DELETE'], '405'), (['-d', 'x=1'], '405'), (['-X', 'BREW'], '501'),
                              (['-r', '30000000-'], '416')):
            code = self.g.sh('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', *words, url).out
            self.assertEqual((words, code), (words, status))

    def test_http_by_hand(self):
        self.file('small', b'x' * 10)
        self.serve()
        out = self.python('''
            def talk(): return socket.create_connection((GATEWAY, 80), 5)
            def all(s):
                b = b''
                while True:
                    try: part = s.recv(65536)
                    except ConnectionResetError: return b
                    if not part: return b
                    b += part
            get = b'GET /small HTTP/1.1\\r\\nHost: g\\r\\n'
            s = talk(); s.sendall((get + b'\\r\\n') * 50 + get + b'Connection: close\\r\\n\\r\\n'); print(all(s).count(b'200 OK'))
            s = talk(); s.sendall(b'x' * 20000); print(all(s).split(b'\\r\\n')[0])
            s = talk(); s.sendall(b'POST /small HTTP/1.1\\r\\nHost: g\\r\\nContent-Length: 9000\\r\\n\\r\\n' + b'x' * 9000); print(all(s).split(b'\\r\\n')[0])
            s = talk()
            for c in get + b'Connection: close\\r\\n\\r\\n': s.send(bytes([c]))
            print(all(s).endswith(b'xxxxxxxxxx'))
            # too many connections of one client, then room again
            hoard = []
            for i in range(50):
                try: hoard.append(talk())
                except OSError: pass
            for s in hoard: s.close()
            time.sleep(0.3)
            s = talk(); s.sendall(get + b'Connection: close\\r\\n\\r\\n'); print(all(s).count(b'200 OK'))
        ''').split('\n')
        self.assertEqual(out[:5], ['51', "b'HTTP/1.1 431 Request Header Fields Too Large'",
                                   "b'HTTP/1.1 405 Method Not Allowed'", 'True', '1'])

    def test_slow_http_clients(self):
        self.file('big', bytes(50_000_000))
        self.file('small', b'x' * 10)
        self.serve()
        out = self.python('''
            def talk(): return socket.create_connection((GATEWAY, 80), 20)
            stuck = talk(); stuck.sendall(b'GET /big HTTP/1.1\\r\\nHost: g\\r\\n\\r\\n')   # reads nothing
            dribble, begin = talk(), time.monotonic()
            for c in b'GET /small HTTP/1.1\\r\\nHost: ggggggggggggggggggggggggggg':
                try: dribble.send(bytes([c])); time.sleep(0.5)
                except OSError: break
            print(10 < time.monotonic() - begin < 20)
            s = talk(); s.sendall(b'GET /small HTTP/1.1\\r\\nHost: g\\r\\n\\r\\n'); print(s.recv(1000)[:12])
        ''')
        self.assertEqual(out.split('\n')[:2], ['True', "b'HTTP/1.1 200'"])

    def test_port_80_is_taken(self):
        self.file('small', b'x' * 10)
        self.hosting = self.host()
        self.hosting.spawn(sys.executable, '-c', 'import socket, time; s = socket.socket(); '
                           's.bind(("0.0.0.0", 80)); s.listen(); print("ready", flush=True); time.sleep(99)')
        lib.wait_for('the other server', lambda: ':80 ' in self.hosting.sh('ss', '-tln').out)
        self.hosting.start_network(self.xml())
        self.g = self.guest('g', self.hosting, 'virbr1')
        self.g.sh('ip', 'addr', 'add', '192.168.150.10/24', 'dev', 'eth0')
        self.assertIn('HTTP', self.hosting.daemon.log())
        self.assertEqual(self.python("print(show(ask(udp(), rrq(b'small'))[0]))").strip(), 'd1:10')

    def test_http_only_where_asked_for(self):
        """The host's own server can have port 80 of all addresses while files are given by TFTP."""
        self.file('small', b'x' * 10)
        self.hosting = self.host()
        self.hosting.start_network(re.sub('<metadata>.*</metadata>', '', self.xml()))
        self.assertNotIn(':80 ', self.hosting.sh('ss', '-tln').out)
        self.hosting.sh(sys.executable, '-c', 'import socket; s = socket.socket(); s.bind(("0.0.0.0", 80)); s.listen()')
        self.g = self.guest('g', self.hosting, 'virbr1')
        self.g.sh('ip', 'addr', 'add', '192.168.150.10/24', 'dev', 'eth0')
        self.assertEqual(self.python("print(show(ask(udp(), rrq(b'small'))[0]))").strip(), 'd1:10')

    def test_only_on_the_bridge(self):
        self.file('small', b'x' * 10)
        self.serve()
        outside = self.outside(self.hosting)
        outside.sh('ip', 'route', 'add', '192.168.150.0/24', 'via', outside.host_address)
        out = outside.sh(sys.executable, '-c', PREFACE + textwrap.dedent('''
            print(show(ask(udp(), rrq(b'small'))[0]))
            try: socket.create_connection((GATEWAY, 80), 1); print('open')
            except OSError: print('closed')
        ''')).out.split()
        self.assertEqual(out, ['-', 'closed'])

    @lib.needs('curl')
    def test_http_by_ipv6(self):
        """The same files at the bridge's IPv6 address; also after the address changes on the running network."""
        content = self.file('pxe/boot.bin', os.urandom(300000))
        ip6 = "<ip family='ipv6' address='{}' prefix='64'/>"
        self.serve(extra=ip6.format('fd00:150::1'))
        self.g.sh('ip', '-6', 'addr', 'add', 'fd00:150::9/64', 'dev', 'eth0', 'nodad')
        for address in ('[fd00:150::1]', GATEWAY):
            self.g.sh('curl', '-sgf', '-m', '10', '-o', self.out, f'http://{address}/pxe/boot.bin')
            with open(self.out, 'rb') as f:
                self.assertEqual(f.read(), content)
        self.hosting.netctl('net-update', 'net1', 'delete', 'ip', ip6.format('fd00:150::1'), '--live')
        self.hosting.netctl('net-update', 'net1', 'add', 'ip', ip6.format('fd00:150::2'), '--live')
        lib.wait_for('the new address', lambda: self.g.sh('curl', '-sgf', '-m', '5', '-o', self.out,
                                                          'http://[fd00:150::2]/pxe/boot.bin', check=False).rc == 0, 10)

    @unittest.skipUnless(os.path.exists('/dev/fuse'), 'no /dev/fuse')
    def test_root_that_does_not_answer(self):
        """A file system whose server is gone: only that network can't be started, and nobody waits for it."""
        host = self.host()
        dead = os.path.join(self.folder, 'dead')
        os.mkdir(dead)
        script = """if 1:
            import ctypes, os, sys, time
            fd = os.open('/dev/fuse', os.O_RDWR)
            libc = ctypes.CDLL(None, use_errno=True)
            options = f'fd={fd},rootmode=40755,user_id=0,group_id=0,allow_other'
            if libc.mount(b'dead', sys.argv[1].encode(), b'fuse', 6, options.encode()):
                sys.exit(os.strerror(ctypes.get_errno()))
            print('mounted', flush=True); time.sleep(100)"""
        server = host.spawn('nsenter', '-t', host.daemon.pid, '-m', 'python3', '-c', script, dead)
        lib.wait_for('the mount', lambda: 'mounted' in server.log() or server.popen.poll() is not None)
        if 'mounted' not in server.log():
            self.skipTest(f'no FUSE: {server.log()}')
        host.define(self.xml(root=dead + '/boot'))
        begin = time.monotonic()
        starting = host.spawn(lib.NETCTL, '--root', host.root, 'net-start', 'net1')
        slowest = 0
        while starting.popen.poll() is None:
            asked = time.monotonic()
            host.netctl('net-list', '--all')
            slowest = max(slowest, time.monotonic() - asked)
            self.assertLess(time.monotonic() - begin, 10)
        self.assertIn("its file system doesn't answer", starting.log())
        self.assertLess(slowest, 2)
        host.netctl('net-undefine', 'net1')
        host.start_network(self.xml())
        server.kill()

    def test_root_that_cannot_be_served(self):
        host = self.host()
        for root, why in ((self.folder + '/nowhere', 'No such file'), ('boot', 'absolute'), ('/etc/hostname', 'Not a directory')):
            host.define(self.xml(root=root))
            result = host.virsh('net-start', 'net1', check=False)
            self.assertEqual(result.rc, 1)
            self.assertIn('internal error', result.err)
            self.assertIn(why, result.err)
            self.assertNotIn('virbr1', host.links())
            host.netctl('net-undefine', 'net1')
        os.chmod(self.root, 0o700)
        host.define(self.xml())
        self.assertIn('0700', host.netctl('net-start', 'net1', check=False).err)
        os.chmod(self.root, 0o755)
        host.netctl('net-start', 'net1')

    def test_worker_dies_in_a_transfer(self):
        self.file('ten', b'x' * 10000)
        self.serve()
        code = '''
            s = udp()
            p, peer = ask(s, rrq(b'ten'))
            print(show(p), flush=True)
            sys.stdin.readline()
            s.sendto(struct.pack('!HH', 4, 1), peer); print(show(get(s)[0]), flush=True)
            s = udp(); print(show(ask(s, rrq(b'ten'))[0]), flush=True)
        '''
        lib.wait_for('the worker', self.worker)
        read, write = os.pipe()
        process = self.g.spawn(sys.executable, '-c', PREFACE + textwrap.dedent(code), stdin=read)
        lib.wait_for('the first block', lambda: 'd1' in process.log())
        before, self.killed = self.worker(), True
        os.kill(before, signal.SIGKILL)
        lib.wait_for('another worker', lambda: self.worker() not in (None, before))
        os.write(write, b'\n')
        process.popen.wait(10)
        os.close(read)
        os.close(write)
        # The client is told that its transfer is over, and the next one runs.
        self.assertEqual(process.log().split(), ['d1:512', 'e5', 'd1:512'])

    def test_controller_dies(self):
        self.file('small', b'x' * 10)
        self.serve()
        controller = self.pid_of('netd-controller')
        worker = lib.wait_for('the worker', self.worker)
        os.rename(self.root, self.root + '-moved')  # the folder that is held counts, not its name
        os.kill(controller, signal.SIGKILL)
        lib.wait_for('another worker', lambda: self.worker() not in (None, worker))
        self.assertEqual(self.python("print(show(ask(udp(), rrq(b'small'))[0]))").strip(), 'd1:10')

    def test_folder_has_gone_when_netd_is_restarted(self):
        """The network goes on, and is served what there is."""
        self.serve()
        os.rename(self.root, self.root + '-moved')
        self.hosting.stop_netd()
        self.hosting.start_netd()
        self.assertIn('net1', self.hosting.netctl('net-list').out)
        self.assertIn('No such file', self.hosting.daemon.log())
        self.g.sh('ip', 'addr', 'flush', 'dev', 'eth0')
        self.assertEqual(self.g.dhcp().router, GATEWAY)
        # It can be told to serve none.
        pids = [p['pid'] for p in self.hosting.json('status')['processes'] if p['role'] == 'controller']
        without = re.sub('<tftp[^>]*>', '', self.xml())
        self.hosting.netctl('net-apply', '-', stdin=without)
        self.assertNotIn('<tftp', self.hosting.netctl('net-dumpxml', 'net1').out)
        self.assertEqual([p['pid'] for p in self.hosting.json('status')['processes'] if p['role'] == 'controller'], pids)
        self.hosting.netctl('net-destroy', 'net1')
        self.hosting.netctl('net-apply', '-', stdin=self.xml())
        self.assertIn('No such file', self.hosting.netctl('net-start', 'net1', check=False).err)

    def test_stop_and_start(self):
        self.file('small', b'x' * 10)
        self.serve()
        lib.wait_for('the worker', self.worker)
        for i in range(5):
            self.hosting.netctl('net-destroy', 'net1')
            self.hosting.netctl('net-start', 'net1')
            self.g.sh('ip', 'addr', 'flush', 'dev', 'eth0')
            self.hosting.sh('ip', 'link', 'set', self.g.port, 'master', 'virbr1')
            self.g.sh('ip', 'addr', 'add', '192.168.150.10/24', 'dev', 'eth0')
            self.assertEqual(self.python("print(show(ask(udp(), rrq(b'small'))[0]))").strip(), 'd1:10')
            self.curl(f'http://{GATEWAY}/small')
        self.hosting.netctl('net-destroy', 'net1')
        lib.wait_for('no worker', lambda: self.worker() is None)

    def test_changing_the_network_disturbs_no_transfer(self):
        self.file('two', b'x' * 700)
        self.serve()
        code = '''
            s = udp()
            p, peer = ask(s, rrq(b'two'))
            print(show(p), flush=True)
            sys.stdin.readline()
            s.sendto(struct.pack('!HH', 4, 1), peer); print(show(get(s)[0]), flush=True)
        '''
        read, write = os.pipe()
        process = self.g.spawn(sys.executable, '-c', PREFACE + textwrap.dedent(code), stdin=read)
        lib.wait_for('the first block', lambda: 'd1' in process.log())
        worker = self.worker()
        self.hosting.virsh('net-update', 'net1', 'add', 'dns-host', '--live',
                           "<host ip='192.168.150.2'><hostname>new</hostname></host>")
        os.write(write, b'\n')
        process.popen.wait(10)
        os.close(read)
        os.close(write)
        self.assertEqual(process.log().split(), ['d1:512', 'd2:188'])
        self.assertEqual(self.worker(), worker)
        self.assertEqual([w['role'] for w in self.hosting.json('status')['processes']].count('files'), 1)

    def test_two_networks_two_folders(self):
        other = os.path.join(self.folder, 'other')
        os.mkdir(other)
        for folder, name in ((self.root, 'one'), (other, 'two')):
            with open(os.path.join(folder, name), 'w') as f:
                f.write(name)
        self.serve()
        self.hosting.start_network(self.xml(root=other, name='net2', bridge='virbr2', net='192.168.151'))
        second = self.guest('g2', self.hosting, 'virbr2')
        second.sh('ip', 'addr', 'add', '192.168.151.10/24', 'dev', 'eth0')
        code = "print(*[show(ask(udp(), rrq(n))[0]) for n in (b'one', b'two')])"
        self.assertEqual(self.python(code).strip(), 'd1:3 e1')
        self.assertEqual(self.python(code.replace('ask(udp()', "ask(udp()").replace('print', 'GATEWAY = "192.168.151.1"\nprint'),
                                     guest=second).strip(), 'e1 d1:3')


if __name__ == '__main__':
    unittest.main()
