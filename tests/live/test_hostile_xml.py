# SPDX-License-Identifier: GPL-2.0-or-later
"""Definitions by whom nobody should trust, through the sockets: documents that cost memory or time or make a reader open
files, names that are something else elsewhere, and files that are in the way."""
import os
import re
import resource
import socket
import stat
import struct
import time

import lib
from lib import sh

REMOTE, OPEN, DEFINE = 0x20008086, 1, 41
REFUSED, DENIED = (27, 35, 39), 29  # XML_ERROR, XML_DETAIL, RPC: larger than any call
CPU_SEC, RSS_KIB = 0.3, 32 * 1024

NET = '<network><name>evil</name>%s</network>'
PLAIN = '<network><name>lab</name><bridge name="virbr7"/><ip address="192.168.177.1" prefix="24"/></network>'
BOMB = ('<!DOCTYPE n [<!ENTITY a "aaaaaaaaaa">' + ''.join(
    f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9)) + ']>' + NET % '<title>&j;</title>')
DOCUMENTS = {
    'external file': '<!DOCTYPE n [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + NET % '<title>&x;</title>',
    'external host': '<!DOCTYPE n [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>' + NET % '<title>&x;</title>',
    'external DTD': '<!DOCTYPE n SYSTEM "file:///etc/hostname">' + NET % '',
    'parameter entity': '<!DOCTYPE n [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]>' + NET % '',
    'DOCTYPE alone': '<!DOCTYPE network>' + NET % '',
    'entity bomb': BOMB,
    'deep': '<a>' * 333_000,
    'deep in a network': NET % ('<metadata>' + '<a xmlns="urn:a">' * 40_000),
    'many elements': NET % ('<a/>' * 250_000),
    'many attributes': NET % ('<a ' + ' '.join(f'a{i}=""' for i in range(90_000)) + '/>'),
    'many namespaces': NET % ('<a ' + ' '.join(f'xmlns:a{i}="u"' for i in range(50_000)) + '/>'),
    'too long': NET % ('<title>' + 'a' * 1_100_000 + '</title>'),
    'long attribute': NET % ('<bridge name="' + 'a' * 1_100_000 + '"/>'),
    'not UTF-8': (NET % '<title>\udcff\udcfe</title>'),
    'UTF-16': '\udcff\udcfe<\0n\0e\0t\0/\0>\0',
    'NUL': NET % '<title>a&#0;b</title>',
    'XInclude': '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>',
    'not closed': '<network' + ' ' * 900_000,
    'quote not closed': '<network a="' + 'x' * 900_000,
    'comment not closed': '<!--' + '-' * 900_000,
    'CDATA not closed': '<network><![CDATA[' + ']' * 900_000,
}


def call(procedure, args=b''):
    return struct.pack('>IIIiIII', 28 + len(args), REMOTE, 1, procedure, 0, 7, 0) + args


def string(data):
    return struct.pack('>I', len(data)) + data + b'\0' * (-len(data) % 4)


class Wire:
    """libvirt's protocol by hand: libvirt's own client would refuse some of this itself."""

    def __init__(self, case, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        case.addCleanup(self.socket.close)
        read_only = path.endswith('-ro')
        self.call(OPEN, struct.pack('>I', 1) + string(b'network:///system') + struct.pack('>I', read_only))

    def receive(self, n):
        data = b''
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise ConnectionError('closed')
            data += more
        return data

    def call(self, procedure, args):
        """The error's number, 0 when there was none."""
        self.socket.sendall(call(procedure, args))
        n, = struct.unpack('>I', self.receive(4))
        reply = self.receive(n - 4)
        status, = struct.unpack('>I', reply[20:24])
        return struct.unpack('>I', reply[24:28])[0] if status else 0

    def define(self, document):
        return self.call(DEFINE, string(document.encode('utf-8', 'surrogateescape')))


class Hostile(lib.Case):
    def setUp(self):
        super().setUp()
        self.net = self.host()
        pids = sh('ip', 'netns', 'pids', self.net.ns).out.split()
        self.controller = next(p for p in pids if self.name_of(p) == 'netd-controller')

    @staticmethod
    def name_of(pid):
        with open(f'/proc/{pid}/comm', encoding='ascii') as f:
            return f.read().strip()

    def used(self):
        """(seconds of processor time, KiB of memory) of the controller."""
        with open(f'/proc/{self.controller}/stat', encoding='ascii') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        ticks = int(fields[11]) + int(fields[12])
        return ticks / os.sysconf('SC_CLK_TCK'), int(fields[21]) * resource.getpagesize() // 1024

    def networks(self):
        return [n['name'] for n in self.net.json('net-list', '--all')['networks']]


class Documents(Hostile):
    def test_costs_nothing(self):
        """Each is refused before it costs time or memory."""
        wire = Wire(self, self.net.socket)
        self.assertIn(wire.define('<network'), REFUSED)
        for name, document in DOCUMENTS.items():
            with self.subTest(name):
                time_before, memory_before = self.used()
                self.assertIn(wire.define(document), REFUSED)
                time_after, memory_after = self.used()
                self.assertLess(time_after - time_before, CPU_SEC)
                self.assertLess(memory_after - memory_before, RSS_KIB)
        self.assertEqual((wire.define(PLAIN), self.networks()), (0, ['lab']))

    def test_too_large_for_the_wire(self):
        """A gigabyte is not waited for."""
        wire = Wire(self, self.net.socket)
        _, before = self.used()
        wire.socket.sendall(struct.pack('>IIIiIII', 1 << 30, REMOTE, 1, DEFINE, 0, 8, 0))
        chunk = b'a' * (1 << 16)
        with self.assertRaises(OSError):
            for _ in range(1 << 14):
                wire.socket.sendall(chunk)
        self.assertLess(self.used()[1] - before, RSS_KIB)
        self.assertEqual(Wire(self, self.net.socket).define(PLAIN), 0)

    @lib.needs('strace')
    def test_opens_nothing(self):
        wire = Wire(self, self.net.socket)
        wire.define(BOMB)  # what libxml2 does once, it has done
        trace = os.path.join(self.folder, 'trace')
        strace = self.net.spawn('strace', '-f', '-qq', '-o', trace, '-e', 'trace=open,openat,openat2,connect,execve', '-p',
                                self.controller)
        lib.wait_for('strace', lambda: self.traced(), 5)
        for document in DOCUMENTS.values():
            wire.define(document)
        strace.stop()
        with open(trace, encoding='ascii') as f:
            calls = [line for line in f if '(' in line and '/run/netd' not in line
                     and '"/proc/sys/' not in line]  # which it looks at by itself now and then
        self.assertEqual(calls, [])

    def traced(self):
        with open(f'/proc/{self.controller}/status', encoding='ascii') as f:
            return 'TracerPid:\t0\n' not in f.read()

    def test_read_only_isnt_even_read(self):
        """Who may not define has nothing parsed."""
        wire = Wire(self, self.net.socket + '-ro')
        document = NET % ('<metadata>' + '<a xmlns="urn:a">text</a>' * 2_000 + '</metadata>')
        time_before, memory_before = self.used()
        for _ in range(50):
            self.assertEqual(wire.define(document), DENIED)
            self.assertEqual(wire.define('not xml'), DENIED)
        time_after, memory_after = self.used()
        self.assertLess(time_after - time_before, CPU_SEC)
        self.assertLess(memory_after - memory_before, RSS_KIB)


NASTY = ['../x', 'a/b', '/etc/passwd', 'a' * 300, 'a&#10;b', '-rf', '..', 'a&#13;b', '$(id)', '`id`', "a';", 'a&quot;b', 'a b', '%s%n', 'a;b']
DOCUMENT_OF = {
    'network': '<network><name>@</name></network>',
    'bridge': '<network><name>t</name><bridge name="@"/></network>',
    'domain': '<network><name>t</name><domain name="@"/></network>',
    'tftp root': '<network><name>t</name><ip address="192.168.177.1" prefix="24"><tftp root="@"/></ip></network>',
    'host': '<network><name>t</name><ip address="192.168.177.1" prefix="24"><dhcp><host mac="52:54:00:00:00:01" name="@" '
            'ip="192.168.177.9"/></dhcp></ip></network>',
    'hostname': '<network><name>t</name><dns><host ip="192.168.177.9"><hostname>@</hostname></host></dns></network>',
}
# What can be nothing but a name, however odd, or a path.
HARMLESS = {
    'network': {'..', '$(id)', '`id`', "a';", 'a&quot;b', 'a b', '%s%n', 'a;b'},
    'bridge': {'$(id)', '`id`', "a';", 'a&quot;b', 'a;b'},
    'tftp root': set(NASTY), 'hostname': set(NASTY),
    'host': {'a/b', 'a' * 300, "a';", 'a&quot;b', 'a;b'},
    'domain': set(),
}


class Names(Hostile):
    def test_refused_by_field(self):
        for field, document in DOCUMENT_OF.items():
            for value in NASTY:
                got = self.net.netctl('net-define', '-', stdin=document.replace('@', value), check=False)
                with self.subTest(field=field, value=value):
                    self.assertEqual(got.rc == 0, value in HARMLESS[field], got)
                    if got.rc:
                        self.assertRegex(got.err, r'line \d+: <(name|bridge|domain|host)\b')
                for name in self.networks():
                    self.net.netctl('net-undefine', '--', name)

    def test_stay_what_they_are(self):
        """Whatever is in a name ends up nowhere as something else: printed it can be read again, the files are where they
        should be, no rule is changed, and nobody's shell runs it."""
        self.net.start_network(PLAIN)
        rules, marker = self.net.rules(), os.path.join(self.folder, 'ran')
        name = f"a'\"<>&; $(touch {os.path.basename(marker)}) | x #%n"
        text = name.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
        value = text.replace("'", '&apos;').replace('"', '&quot;')
        self.net.netctl('net-define', '-', stdin=f"""<network><name>{text}</name><title>{text}</title><bridge name='virbr8'/>
            <dns><txt name='t' value='{value}&#9;&#13;}} accept'/><host ip='192.168.178.9'><hostname>{text}</hostname></host></dns>
            <ip address='192.168.178.1' prefix='24'><dhcp><range start='192.168.178.100' end='192.168.178.200'/></dhcp></ip>
            <portgroup name='{value}'/></network>""")
        self.net.netctl('net-start', '--', name)
        printed = self.net.netctl('net-dumpxml', '--inactive', '--', name).out
        self.net.netctl('net-destroy', '--', name)
        self.assertEqual(self.net.rules(), rules)
        self.net.netctl('net-define', '-', stdin=printed)
        self.assertEqual(self.net.netctl('net-dumpxml', '--inactive', '--', name).out, printed)
        self.net.netctl('net-undefine', '--', name)
        self.assertEqual(self.networks(), ['lab'])
        self.assertFalse(any('ran' in files for _, _, files in os.walk(self.folder)))

    def test_no_shell(self):
        """There is no way to a shell in the daemon."""
        used = sh('grep', '-rnE', r'\b(system|popen|wordexp)\s*\(', *(os.path.join(lib.TOP, room) for room in (
            'base', 'network', 'dhcp', 'dns', 'tftp', 'rpc', 'bridge', 'firewall', 'overlay', 'netd')), '--include=*.c', check=False)
        self.assertEqual(used.out, '')


class Files(Hostile):
    def folder_of(self):
        return os.path.join(self.net.root, 'etc/netd/networks')

    def test_links_in_the_way(self):
        """Links where a definition is to be written are replaced, not followed."""
        victim = os.path.join(self.folder, 'victim')
        with open(victim, 'w', encoding='ascii') as f:
            f.write('precious')
        folder = self.folder_of()
        os.makedirs(folder, exist_ok=True)
        for name in ('lab.xml', 'lab.xml.new', '.lab.xml.new', 'lab.xml.tmp'):
            os.symlink(victim, os.path.join(folder, name))
        os.link(victim, os.path.join(folder, 'hard.xml'))
        self.net.define(PLAIN)
        self.net.netctl('net-define', '-', stdin=PLAIN.replace('lab', 'hard').replace('virbr7', 'virbr8').replace('177', '178'))
        with open(victim, encoding='ascii') as f:
            self.assertEqual(f.read(), 'precious')
        for name in ('lab.xml', 'hard.xml'):
            found = os.lstat(os.path.join(folder, name))
            self.assertTrue(stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
            self.assertFalse(found.st_mode & 0o022)

    def test_race(self):
        """While somebody puts links there again and again."""
        victim = os.path.join(self.folder, 'victim')
        with open(victim, 'w', encoding='ascii') as f:
            f.write('precious')
        folder = self.folder_of()
        self.net.define(PLAIN)
        self.net.spawn('sh', '-c', f'while :; do ln -sf {victim} {folder}/lab.xml; ln -sf {victim} {folder}/lab.xml.new; done')
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self.net.netctl('net-define', '-', stdin=PLAIN, check=False)
        with open(victim, encoding='ascii') as f:
            self.assertEqual(f.read(), 'precious')
        self.assertEqual(self.networks(), ['lab'])

    def test_folders_are_closed(self):
        for path in ('etc/netd/networks', 'var/lib/netd', 'run/netd'):
            found = os.stat(os.path.join(self.net.root, path))
            with self.subTest(path):
                self.assertEqual((found.st_uid, found.st_mode & 0o022), (0, 0))
        self.assertFalse([m for m in re.findall(r'.*srwxrwx.*', sh('ls', '-lR', os.path.join(self.net.root, 'run')).out) if '-ro' not in m])
