# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may come in at the sockets, and who may do what: by polkit (a private bus and an authority with the test's mind)
and by rules of netd's own."""
import os
import re
import signal
import socket
import struct
import time
import unittest

import lib

POLKITD = os.path.join(lib.BUILD, 'tests', 'live', 'fake-polkitd')
NOBODY = 65534
REMOTE = 0x20008086
OPEN = struct.pack('>II17s3xI', 1, 17, b'network:///system', 0)
MANAGE, MONITOR = 'org.libvirt.unix.manage', 'org.libvirt.unix.monitor'


def call(procedure, args=b'', serial=7):
    return struct.pack('>IIIiIII', 28 + len(args), REMOTE, 1, procedure, 0, serial, 0) + args


class Access(lib.Case):
    def make_host(self, conf):
        h = self.host(start=False)
        for path in (self.folder, h.root):
            os.chmod(path, 0o755)
        os.makedirs(os.path.join(h.root, 'etc/netd'))
        self.write_conf(h, conf)
        self.bus_socket = os.path.join(self.folder, 'bus')
        self.env = {'DBUS_SYSTEM_BUS_ADDRESS': f'unix:path={self.bus_socket}'}
        return h

    def write_conf(self, h, conf):
        with open(os.path.join(h.root, 'etc/netd/netd.conf'), 'w') as f:
            f.write(conf)

    def start_bus(self, h):
        conf = os.path.join(self.folder, 'bus.conf')
        with open(conf, 'w') as f:
            f.write('<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" '
                    '"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">\n<busconfig><type>system</type>'
                    f'<listen>unix:path={self.bus_socket}</listen><auth>EXTERNAL</auth><policy context="default">'
                    '<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>'
                    '</busconfig>\n')
        if os.path.exists(self.bus_socket):
            os.unlink(self.bus_socket)
        self.bus = h.spawn('dbus-daemon', '--nofork', '--nopidfile', f'--config-file={conf}')
        lib.wait_for('the bus', lambda: os.path.exists(self.bus_socket))

    def start_polkit(self, h, mind='* no'):
        self.think(mind)
        self.polkit = h.spawn(POLKITD, os.path.join(self.folder, 'mind'), env={**os.environ, **self.env})
        lib.wait_for('polkit', lambda: 'ready' in self.polkit.log())

    def think(self, *lines):
        with open(os.path.join(self.folder, 'mind.new'), 'w') as f:
            f.write('\n'.join(lines) + '\n')
        os.rename(os.path.join(self.folder, 'mind.new'), os.path.join(self.folder, 'mind'))

    def nobody(self, h, *words, check=True, tool='netctl', groups=()):
        """The tool as a user who isn't root."""
        groups = ['--groups', ','.join(map(str, groups))] if groups else ['--clear-groups']
        way = ['setpriv', '--reuid', str(NOBODY), '--regid', str(NOBODY), *groups]
        if tool == 'netctl':
            words = [lib.NETCTL, '--connect', h.socket, *words]
        else:
            words = ['virsh', '-c', f'network:///system?mode=direct&socket={h.socket}', *words]
        return h.sh(*way, *words, check=check, env={**os.environ, 'HOME': '/nonexistent', 'XDG_CACHE_HOME': self.folder})

    def raw(self, path, uid=NOBODY):
        """A connection of that user's; this process is root again afterwards."""
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(5)
        self.addCleanup(s.close)
        os.seteuid(uid)
        try:
            s.connect(path)
        finally:
            os.seteuid(0)
        return s

    def answer(self, s, procedure, args=b''):
        """What a call is answered: the code of the error (0: none) and its payload."""
        s.sendall(call(procedure, args))
        head = self.take(s, 28)
        body = self.take(s, struct.unpack('>I', head[:4])[0] - 28)
        return (struct.unpack('>i', body[:4])[0] if head[27] else 0), body

    def take(self, s, n):
        data = b''
        while len(data) < n:
            more = s.recv(n - len(data))
            if not more:
                raise EOFError(data)
            data += more
        return data


@lib.needs('dbus-daemon', 'virsh', 'setpriv')
class Polkit(Access):
    def setUp(self):
        super().setUp()
        self.h = self.make_host('auth_unix_rw = polkit\nauth_unix_ro = polkit\n')
        self.start_bus(self.h)
        self.start_polkit(self.h)
        self.h.start_netd(env=self.env)

    def test_answers(self):
        for tool in ('netctl', 'virsh'):
            self.think(f'{MANAGE} yes')
            self.assertIn('Persistent', self.nobody(self.h, 'net-list', tool=tool).out)
            asked = self.polkit.log().splitlines()[-1]
            self.assertRegex(asked, rf'^yes {MANAGE} pid=[1-9]\d* start=[1-9]\d* uid={NOBODY} flags=1 id=netd-\d+$')
            for mind, text in (('no', 'authentication failed: access denied by policy'),
                               ('challenge', 'authentication unavailable: no polkit agent available to authenticate '
                                             f"action '{MANAGE}'"),
                               ('dismissed', 'authentication cancelled: user cancelled authentication process'),
                               ('error', 'polkit cannot be asked: out of order')):
                self.think(f'* {mind}')
                done = self.nobody(self.h, 'net-list', check=False, tool=tool)
                self.assertEqual((done.rc, text in done.err), (1, True), (tool, done))
        # Root isn't asked about.
        n = len(self.polkit.log().splitlines())
        self.h.netctl('net-list')
        self.h.virsh('net-list')
        self.assertEqual(len(self.polkit.log().splitlines()), n)

    def test_monitor(self):
        """The read-only socket has an action of its own."""
        self.think(f'{MONITOR} yes')
        words = ('--connect', self.h.socket + '-ro', 'net-list')
        self.assertIn('Persistent', self.nobody(self.h, *words).out)
        self.assertIn(f'yes {MONITOR} ', self.polkit.log())
        self.h.define(lib.network_xml())
        self.assertIn('read only access', self.nobody(self.h, *words[:2], 'net-start', 'net1', check=False).err)

    def test_outside(self):
        """Whoever isn't in yet gets nothing done, nor an XML parsed; and is in afterwards."""
        self.think('* no')
        s = self.raw(self.h.socket)
        self.assertEqual(self.answer(s, 66), (0, struct.pack('>II', 1, 2)))
        for procedure, args in ((1, OPEN), (38, b'\0\0\0\1'), (41, b'\xff' * 8), (60, b'\0\0\0\x0a'), (999, b''),
                                (419, b'\0' * 8), (2, b'')):
            code, body = self.answer(s, procedure, args)
            self.assertEqual((code, b'authentication required' in body), (39, True), procedure)
        for procedure in (67, 68, 69):
            code, body = self.answer(s, procedure)
            self.assertEqual((code, b'SASL is not offered' in body), (45, True))
        self.assertEqual(self.answer(s, 70)[0], 45)
        self.assertEqual(self.answer(s, 1, OPEN)[0], 39)
        self.think('* challenge')
        self.assertEqual(self.answer(s, 70)[0], 94)
        self.think('* yes')
        self.assertEqual(self.answer(s, 70), (0, b'\0\0\0\1'))
        self.assertEqual(self.answer(s, 66), (0, struct.pack('>II', 1, 0)))
        self.assertEqual(self.answer(s, 70)[0], 45)
        self.assertEqual(self.answer(s, 1, OPEN)[0], 0)
        self.assertEqual(self.answer(s, 52), (0, b'\0\0\0\0'))
        # Three refusals are enough.
        self.think('* no')
        s = self.raw(self.h.socket)
        for _ in range(3):
            self.assertEqual(self.answer(s, 70)[0], 45)
        self.assertEqual(s.recv(1), b'')

    def test_slow(self):
        """Polkit thinks: others are served, the client's further calls wait, and who leaves is withdrawn."""
        self.think('* never')
        s = self.raw(self.h.socket)
        s.sendall(call(70, serial=1) + call(1, OPEN, serial=2))
        lib.wait_for('the question', lambda: f'never {MANAGE}' in self.polkit.log())
        begin = time.monotonic()
        for _ in range(3):
            self.h.netctl('net-list')
        self.assertLess(time.monotonic() - begin, 3)
        s.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            s.recv(1)
        s.close()
        lib.wait_for('the withdrawal', lambda: re.search(r'withdrawn netd-\d+', self.polkit.log()))
        self.think('* yes')
        self.nobody(self.h, 'net-list')

    def test_dead(self):
        """Without polkit, and without a bus: a clear refusal at once; with them again, no restart is needed."""
        self.polkit.kill()
        self.refused_soon()
        self.bus.kill()
        self.refused_soon()
        self.start_bus(self.h)
        self.start_polkit(self.h, '* yes')
        self.nobody(self.h, 'net-list')
        self.h.netctl('net-list')

    def test_dies_while_asked(self):
        self.think('* never')
        for killed in (lambda: self.polkit.kill(), lambda: self.bus.kill()):
            s = self.raw(self.h.socket)
            s.sendall(call(70))
            n = self.polkit.log().count('never ')
            lib.wait_for('the question', lambda: self.polkit.log().count('never ') >= max(n, 1))
            killed()
            body = self.take(s, 28)
            self.assertEqual(body[24:28], b'\0\0\0\1')
            if self.bus.popen.poll() is None:
                self.start_polkit(self.h, '* never')
        self.h.netctl('net-list')

    def refused_soon(self):
        begin = time.monotonic()
        done = self.nobody(self.h, 'net-list', check=False)
        self.assertEqual(done.rc, 1)
        self.assertIn('authentication failed: polkit', done.err)
        self.assertLess(time.monotonic() - begin, 5)
        self.h.netctl('net-list')

    def test_strangers_are_few(self):
        """So many may stand outside and no more; whoever is in, and root, isn't among them."""
        self.think('* yes')
        inside = self.raw(self.h.socket)
        self.assertEqual(self.answer(inside, 70)[0], 0)
        crowd = [self.raw(self.h.socket) for _ in range(30)]
        time.sleep(0.3)
        open_ones = 0
        for s in crowd:
            s.settimeout(0.05)
            try:
                open_ones += s.recv(1) != b''
            except TimeoutError:
                open_ones += 1
            except ConnectionError:
                pass
        self.assertEqual(open_ones, 20)
        self.h.netctl('net-list')
        self.assertEqual(self.answer(inside, 1, OPEN)[0], 0)
        for s in crowd:
            s.close()
        self.nobody(self.h, 'net-list')

    def test_socket_mode(self):
        """Who is to be asked about must reach the socket; a change of the settings takes effect at a reload."""
        self.assertEqual(os.stat(self.h.socket).st_mode & 0o777, 0o666)
        self.write_conf(self.h, '')
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        lib.wait_for('the mode', lambda: os.stat(self.h.socket).st_mode & 0o777 == 0o660)
        self.assertIn('Permission denied', self.nobody(self.h, 'net-list', check=False).err)
        self.write_conf(self.h, 'auth_unix_rw = polkit\n')
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        lib.wait_for('the mode', lambda: os.stat(self.h.socket).st_mode & 0o777 == 0o666)
        self.assertIn('access denied by policy', self.nobody(self.h, 'net-list', check=False).err)


@lib.needs('dbus-daemon', 'virsh', 'setpriv')
class PolkitActions(Access):
    """access = polkit: each action of libvirt's API is asked for, with the network's name."""

    def setUp(self):
        super().setUp()
        self.h = self.make_host('access = polkit\nunix_sock_rw_perms = 0666\n')
        self.start_bus(self.h)
        self.start_polkit(self.h)
        self.h.start_netd(env=self.env)
        self.h.define(lib.network_xml(name='lab1', bridge='virbr1'))
        self.h.define(lib.network_xml(name='prod', bridge='virbr2', net='192.168.151'))

    def test_actions(self):
        api = 'org.libvirt.api'
        self.think(f'{api}.connect.* yes', f'{api}.network.* yes network_name=lab*', f'{api}.network.undefine no',
                   f'{api}.network.stop no', f'{api}.network-port.* yes network_name=lab*')
        for tool in ('virsh', 'netctl'):
            rows = self.nobody(self.h, 'net-list', '--all', '--name', tool=tool).out.split()
            self.assertEqual(rows, ['lab1'], tool)
            self.assertIn('<name>lab1</name>', self.nobody(self.h, 'net-dumpxml', 'lab1', tool=tool).out)
            for words in (('net-dumpxml', 'prod'), ('net-start', 'prod'), ('net-info', 'prod')):
                done = self.nobody(self.h, *words, check=False, tool=tool)
                self.assertEqual((done.rc, 'access denied: ' in done.err), (1, True), (tool, done))
        self.nobody(self.h, 'net-start', 'lab1', tool='virsh')
        self.assertRegex(self.polkit.log(), rf'yes {api}.network.start pid=\d+ start=\d+ uid={NOBODY} flags=0 id= '
                                            r'connect_driver=network network_name=lab1 network_uuid=\S{36}\n')
        denied = self.nobody(self.h, 'net-destroy', 'lab1', check=False, tool='virsh').err
        self.assertIn(f"access denied: 'polkit' denied access: {api}.network.stop", denied)
        self.assertIn('active', self.h.netctl('net-list').out)
        name = self.nobody(self.h, '-q', 'port-add', 'lab1').out.strip()
        self.nobody(self.h, 'port-remove', 'lab1', name)
        path = os.path.join(self.folder, 'n.xml')
        for name, fine in (('lab2', True), ('prod2', False), ('prod', False)):
            with open(path, 'w') as f:
                f.write(f'<network><name>{name}</name></network>')
            os.chmod(path, 0o644)
            done = self.nobody(self.h, 'net-define', path, check=False, tool='virsh')
            self.assertEqual(done.rc == 0, fine, done)
            done = self.nobody(self.h, 'net-apply', path, check=False)
            self.assertEqual(done.rc == 0, fine, done)
        self.assertEqual(self.h.netctl('net-list', '--all', '--name').out.split(), ['lab1', 'lab2', 'prod'])
        # Root may everything, without being asked about, and speaks for others with their rights.
        n = len(self.polkit.log())
        self.h.virsh('net-destroy', 'lab1')
        self.assertEqual(len(self.polkit.log()), n)
        self.spoken_for()

    def spoken_for(self):
        """As virtqemud does: SET_IDENTITY, then a call for that user."""
        s = self.raw(self.h.socket, uid=0)
        self.assertEqual(self.answer(s, 1, OPEN)[0], 0)

        def param(field, kind, value):
            field = field.encode()
            return (struct.pack('>I', len(field)) + field + b'\0' * (-len(field) % 4) + struct.pack('>i', kind) +
                    struct.pack('>Q', value))
        start = int(open(f'/proc/{os.getpid()}/stat').read().rsplit(')', 1)[1].split()[19])
        identity = struct.pack('>I', 3) + param('unix-user-id', 4, NOBODY) + param('process-id', 3, os.getpid()) + \
            param('process-time', 4, start) + struct.pack('>I', 0)
        self.assertEqual(self.answer(s, 419, identity)[0], 0)
        name = struct.pack('>I', 4)
        self.assertEqual(self.answer(s, 46, name + b'prod')[0], 88)
        self.assertEqual(self.answer(s, 46, name + b'lab1')[0], 0)
        self.assertIn(f'pid={os.getpid()} start={start} uid={NOBODY}', self.polkit.log())

    def test_polkit_is_gone(self):
        self.polkit.kill()
        done = self.nobody(self.h, 'net-start', 'lab1', check=False)
        self.assertIn('polkit cannot be asked', done.err)
        self.assertEqual(self.h.netctl('net-list', '--name').out.split(), [])
        self.h.netctl('net-start', 'lab1')

    def test_never(self):
        """A call that waits when its client leaves is withdrawn, whichever it is."""
        self.think('* yes', 'org.libvirt.api.network.* never')
        for procedure, args in ((46, b'\0\0\0\4lab1'), (283, b'\0\0\0\1\0\0\0\0'),
                                (41, b'\0\0\0\x24<network><name>lab9</name></network>')):
            s = self.raw(self.h.socket)
            self.assertEqual(self.answer(s, 1, OPEN)[0], 0)
            n = self.polkit.log().count('never')
            s.sendall(call(procedure, args))
            lib.wait_for('the question', lambda: self.polkit.log().count('never') > n)
            s.close()
        self.h.netctl('net-list')
        self.assertEqual(self.h.netctl('net-list', '--all', '--name').out.split(), ['lab1', 'prod'])


@lib.needs('setpriv')
class Rules(Access):
    """access = rules: lines of netd's own, for users and groups."""

    def setUp(self):
        super().setUp()
        self.h = self.make_host('access = rules\nunix_sock_rw_perms = 0666\nallow = * connect.*,network.getattr,network.read\n'
                                f'allow = group:4242 network.*,network-port.* lab*\nallow = user:{NOBODY} network.start prod\n')
        self.h.start_netd()
        for name, bridge, net in (('lab1', 'virbr1', '192.168.150'), ('prod', 'virbr2', '192.168.151')):
            self.h.define(lib.network_xml(name=name, bridge=bridge, net=net))

    def test_rules(self):
        self.assertEqual(self.nobody(self.h, 'net-list', '--all', '--name').out.split(), ['lab1', 'prod'])
        denied = self.nobody(self.h, 'net-start', 'lab1', check=False)
        self.assertIn("access denied: 'netd' denied access: org.libvirt.api.network.start of network 'lab1'", denied.err)
        self.nobody(self.h, 'net-start', 'lab1', groups=[4242])
        self.nobody(self.h, 'net-start', 'prod')
        self.assertIn('network.stop', self.nobody(self.h, 'net-destroy', 'prod', check=False, groups=[4242]).err)
        port = self.nobody(self.h, '-q', 'port-add', 'lab1', groups=[4242]).out.strip()
        self.assertIn('network-port.delete', self.nobody(self.h, 'port-remove', 'lab1', port, check=False).err)
        self.nobody(self.h, 'port-remove', 'lab1', port, groups=[4242])
        self.nobody(self.h, 'net-destroy', 'lab1', groups=[4242])

    def test_documents(self):
        """Who may define nothing at all is told so before the document is looked at; else its name counts."""
        bad = os.path.join(self.folder, 'bad.xml')
        with open(bad, 'w') as f:
            f.write('<netw')
        fine = os.path.join(self.folder, 'fine.xml')
        for path in (bad, fine):
            open(path, 'a').close()
            os.chmod(path, 0o644)
        self.assertIn('access denied', self.nobody(self.h, 'net-define', bad, check=False).err)
        self.assertIn('at line 1', self.nobody(self.h, 'net-define', bad, check=False, groups=[4242]).err)
        for name, allowed in (('lab7', True), ('other', False), ('prod', False)):
            with open(fine, 'w') as f:
                f.write(f'<network><name>{name}</name></network>')
            for verb in ('net-define', 'net-create', 'net-apply'):
                done = self.nobody(self.h, verb, fine, check=False, groups=[4242])
                self.assertEqual('access denied' not in done.err, allowed, done)
        self.assertNotIn('other', self.h.netctl('net-list', '--all').out)

    def test_unseen(self):
        """Networks that one may not see are in no list and no event."""
        self.write_conf(self.h, f'access = rules\nunix_sock_rw_perms = 666\nallow = user:{NOBODY} connect.*\nallow = user:{NOBODY} network.* lab*\n')
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        lib.wait_for('the rules', lambda: self.nobody(self.h, 'net-list', '--all', '--name').out.split() == ['lab1'])
        if lib.have('virsh'):
            self.assertEqual(self.nobody(self.h, 'net-list', '--all', '--name', tool='virsh').out.split(), ['lab1'])
        for verb in ('net-info', 'net-uuid', 'net-dumpxml', 'net-history'):
            self.assertIn('access denied', self.nobody(self.h, verb, 'prod', check=False).err, verb)
        watch = self.h.spawn('setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', lib.NETCTL, '--connect',
                             self.h.socket, 'net-event', '--event', 'lifecycle', '--loop')
        time.sleep(0.5)
        self.h.netctl('net-start', 'prod')
        self.h.netctl('net-start', 'lab1')
        lib.wait_for('the event', lambda: 'lab1' in watch.log())
        self.assertNotIn('prod', watch.log())
        # A mistake in the settings changes nothing.
        self.write_conf(self.h, 'access = rules\nallow = user:nosuchuser network.*\n')
        os.kill(self.h.daemon.pid, signal.SIGHUP)
        lib.wait_for('the complaint', lambda: "there is no user 'nosuchuser'" in self.h.daemon.log())
        self.assertEqual(self.nobody(self.h, 'net-list', '--all', '--name').out.split(), ['lab1'])


if __name__ == '__main__':
    unittest.main()
