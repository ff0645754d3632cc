# SPDX-License-Identifier: GPL-2.0-or-later
"""The sockets, with networks that exist only in memory behind them (fake-netd): virsh as it comes, and clients that
misbehave. No namespaces are needed."""
import os
import re
import select
import socket
import struct
import subprocess
import time

import lib

FAKE = os.path.join(lib.BUILD, 'tests', 'unit', 'rpc', 'fake-netd')
REMOTE, KEEPALIVE, NETD = 0x20008086, 0x6b656570, 0x6e657464
OPEN = struct.pack('>II17s3xI', 1, 17, b'network:///system', 0)


def call(procedure, args=b'', program=REMOTE, kind=0):
    return struct.pack('>IIIiIII', 28 + len(args), program, 1, procedure, kind, 7, 0) + args


class Door(lib.Case):
    def setUp(self):
        super().setUp()
        self.daemon = subprocess.Popen([FAKE, self.folder], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop)
        self.assertEqual(self.daemon.stdout.readline(), 'ready\n')

    def stop(self):
        self.daemon.terminate()
        self.assertEqual(self.daemon.wait(5), 0)
        self.daemon.stdout.close()

    def connect(self, name='sock'):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(5)
        s.connect(os.path.join(self.folder, name))
        self.addCleanup(s.close)
        return s

    def opened(self):
        s = self.connect()
        s.sendall(call(1, OPEN))
        self.assertEqual(s.recv(4096)[24:28], b'\0\0\0\0')
        return s


@lib.needs('virsh')
class Virsh(Door):
    def virsh(self, *words, socket_name='sock', options=(), check=True):
        uri = f'network:///system?socket={self.folder}/{socket_name}'
        return lib.sh('virsh', *options, '-c', uri, *words, check=check, env={**os.environ, 'TZ': 'UTC', 'LC_ALL': 'C'})

    def xml(self, name):
        path = os.path.join(self.folder, name + '.xml')
        with open(path, 'w', encoding='ascii') as f:
            f.write(f'<network><name>{name}</name></network>\n')
        return path

    def test_list(self):
        self.assertEqual(self.virsh('net-list', '--all').out,
                         ' Name      State      Autostart   Persistent\n'
                         '----------------------------------------------\n'
                         ' default   active     yes         yes\n'
                         ' lab       inactive   no          yes\n\n')
        self.assertEqual(self.virsh('net-list', '--name', '--inactive').out, 'lab\n\n')
        self.assertEqual(self.virsh('net-list', '--name', '--transient').out, '\n')

    def test_info(self):
        self.assertIn('Bridge:         virbr7\n', self.virsh('net-info', 'lab').out)
        uuid = self.virsh('net-uuid', 'lab').out.strip()
        self.assertEqual(self.virsh('net-name', uuid).out.strip(), 'lab')
        self.assertIn('<name>lab</name>', self.virsh('net-dumpxml', 'lab').out)

    def test_life_cycle(self):
        self.assertIn('Network new defined from', self.virsh('net-define', self.xml('new')).out)
        self.assertEqual(self.virsh('net-start', 'new').out, 'Network new started\n\n')
        again = self.virsh('net-start', 'new', check=False)
        self.assertEqual((again.rc, again.err), (1, 'error: Failed to start network new\nerror: Requested operation '
                                                    'is not valid: network is already active\n'))
        self.assertIn('marked as autostarted', self.virsh('net-autostart', 'new').out)
        self.assertIn('unmarked', self.virsh('net-autostart', 'new', '--disable').out)
        self.assertIn('has been undefined', self.virsh('net-undefine', 'new').out)
        self.assertIn('destroyed', self.virsh('net-destroy', 'new').out)
        gone = self.virsh('net-destroy', 'new', check=False)
        self.assertEqual(gone.err, "error: failed to get network 'new'\n"
                                   "error: Network not found: no network with matching name 'new'\n")
        self.assertIn('created from', self.virsh('net-create', self.xml('brief')).out)

    def test_leases(self):
        out = self.virsh('net-dhcp-leases', 'default').out
        self.assertRegex(out, r' 2027-01-15 08:00:00 +52:54:00:00:00:01 +ipv4 +192.168.122.10/24 +guest1 +ff:00')
        self.assertRegex(out, r'52:54:00:00:00:02 +ipv6 +fd00::10/64 +- +00:01:00:01:02')
        one = self.virsh('net-dhcp-leases', 'default', '--mac', '52:54:00:00:00:01').out
        self.assertNotIn('fd00::10', one)
        self.assertIn('invalid MAC address: zz', self.virsh('net-dhcp-leases', 'default', '--mac', 'zz', check=False).err)

    def test_update_and_ports(self):
        self.assertIn('live state', self.virsh('net-update', 'default', 'add', 'ip-dhcp-host', '<host/>').out)
        refused = self.virsh('net-update', 'default', 'add', 'bridge', '<bridge/>', check=False)
        self.assertIn("error: Operation not supported: can't update section 1", refused.err)
        self.assertEqual(len(re.findall('^ 0[12]000000-', self.virsh('net-port-list', 'default').out, re.M)), 2)

    def test_read_only(self):
        for name, options in (('sock-ro', ()), ('sock', ('-r',)), ('sock-ro', ('-r',))):
            ro = {'socket_name': name, 'options': options}
            self.assertIn('default', self.virsh('net-list', **ro).out)
            self.assertIn('<name>', self.virsh('net-dumpxml', 'default', **ro).out)
            refused = self.virsh('net-destroy', 'default', check=False, **ro)
            self.assertIn('error: operation forbidden: read only access prevents virNetworkDestroy', refused.err)
        self.assertIn('default', self.virsh('net-list').out)

    def test_events(self):
        uri = f'network:///system?socket={self.folder}/sock-ro'
        with subprocess.Popen(['virsh', '-c', uri, 'net-event', '--event', 'lifecycle', '--loop', '--timeout', '3'],
                              stdout=subprocess.PIPE, text=True) as watch:
            time.sleep(0.5)
            self.virsh('net-destroy', 'default')
            self.virsh('net-start', 'default')
            self.virsh('net-define', self.xml('new'))
            out = watch.communicate(timeout=10)[0]
        self.assertEqual([line for line in out.splitlines() if line.startswith('event ')][:3],
                         ["event 'lifecycle' for network default: Stopped",
                          "event 'lifecycle' for network default: Started",
                          "event 'lifecycle' for network new: Defined"])

    def test_keepalive(self):
        """virsh pings every second and gives up after two that nobody answers: it must live through four seconds."""
        out = self.virsh('net-event', '--event', 'lifecycle', '--loop', '--timeout', '4',
                         options=('-k', '1', '-K', '2'), check=False).out  # exit 1: no event came
        self.assertIn('event loop timed out', out)


class Manners(Door):
    def answers(self):
        s = self.opened()
        start = time.monotonic()
        s.sendall(call(3))
        self.assertIn(b'network', s.recv(4096))
        self.assertLess(time.monotonic() - start, 1)

    def ends(self, s, seconds=5):
        s.settimeout(seconds)
        try:
            while s.recv(65536):
                pass
        except ConnectionError:
            pass

    def test_half_a_message(self):
        s = self.connect()
        s.sendall(call(1, OPEN)[:30])
        self.answers()
        s.sendall(call(1, OPEN)[30:])
        self.assertEqual(len(s.recv(4096)), 28)

    def test_many_connections(self):
        """Beyond the limits of one user, connections are refused; root itself is still served, and others after."""
        self.answers()  # that connection stays; and the loop has its timers now
        before = len(os.listdir(f'/proc/{self.daemon.pid}/fd'))
        crowd = []
        for _ in range(1000):
            s = socket.socket(socket.AF_UNIX)
            s.setblocking(False)
            try:
                s.connect(os.path.join(self.folder, 'sock'))
            except BlockingIOError:
                s.close()
                time.sleep(0.002)
                continue
            crowd.append(s)
        self.assertLess(len(os.listdir(f'/proc/{self.daemon.pid}/fd')), 600)
        for s in crowd:
            s.close()
        lib.wait_for('their descriptors closed', lambda: len(os.listdir(f'/proc/{self.daemon.pid}/fd')) == before)
        self.answers()

    def test_many_of_one_user(self):
        """A user who isn't root gets so many connections and no more."""
        os.chmod(self.folder, 0o755)
        crowd = ('import os, select, socket, sys, time\n'
                 'os.setuid(65534)\n'
                 'all = [socket.socket(socket.AF_UNIX) for _ in range(90)]\n'
                 'for s in all: s.connect(sys.argv[1])\n'
                 'time.sleep(0.3)\n'
                 'print(90 - len(select.select(all, [], [], 0)[0]))\n')
        out = lib.sh('python3', '-c', crowd, os.path.join(self.folder, 'sock-ro')).out
        self.assertEqual(out, '64\n')
        self.answers()

    def test_never_opens(self):
        s = self.connect()
        start = time.monotonic()
        self.ends(s, 15)
        self.assertTrue(9 < time.monotonic() - start < 12)

    def test_keepalive_of_the_server(self):
        """After feature 10 was asked: a ping after each 5 s of silence, and the end when five went unanswered."""
        s = self.opened()
        s.sendall(call(60, struct.pack('>I', 10)))
        self.assertEqual(s.recv(4096)[-4:], b'\0\0\0\1')
        s.settimeout(7)
        ping = s.recv(4096)
        self.assertEqual(ping, call(1, program=KEEPALIVE, kind=2).replace(b'\0\0\0\7', b'\0\0\0\0'))
        s.sendall(call(2, program=KEEPALIVE, kind=2))
        start, pings = time.monotonic(), 0
        while True:
            data = s.recv(4096)
            if not data:
                break
            pings += len(data) // 28
        self.assertEqual(pings, 5)
        self.assertTrue(29 < time.monotonic() - start < 32)

    def test_memory(self):
        """Clients that ask and never read, and clients that claim large messages, cost a bounded amount."""
        def resident():
            with open(f'/proc/{self.daemon.pid}/statm', encoding='ascii') as f:
                return int(f.read().split()[1]) * 4096

        default = struct.pack('>I7sx', 7, b'default') + b'default' + b'\x11' * 9
        before = resident()
        crowd = []
        for _ in range(50):
            s = self.opened()
            s.setblocking(False)
            try:
                for _ in range(20000):
                    s.send(call(43, default + b'\0\0\0\0'))
            except BlockingIOError:
                pass
            crowd.append(s)
        for _ in range(50):
            s = self.connect()
            s.sendall(b'\0\x3f\xff\xff' + call(1)[4:])
            crowd.append(s)
        self.answers()
        self.assertLess(resident() - before, 64 << 20)
