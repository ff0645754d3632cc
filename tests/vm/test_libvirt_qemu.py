# SPDX-License-Identifier: GPL-2.0-or-later
"""libvirt's QEMU driver on netd's networks, under the one big libvirtd of Debian with libnetd-libvirt.so preloaded.

libvirtd runs in the namespace of the test and with folders of its own in the place of /run, /etc/libvirt, /var/lib,
/var/log and /var/cache, so nothing of the host's libvirt is seen or changed. Its guests are emulated."""
import glob
import json
import os
import re
import shutil
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../live'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import test_machine as machine  # noqa: E402

PRELOAD = os.path.join(lib.BUILD, 'preload', 'libnetd-libvirt.so')
MODULES = '/usr/lib/*/libvirt/connection-driver/libvirt_driver_{}.so'
MAC, SECOND_MAC = '52:54:00:56:4c:01', '52:54:00:56:4c:02'
FOLDERS = {'run': '/run', 'etc/libvirt': '/etc/libvirt', 'var/lib': '/var/lib', 'var/log': '/var/log',
           'var/cache': '/var/cache'}
FILES = {'etc/passwd': '/etc/passwd', 'etc/group': '/etc/group'}
LIBVIRTD_CONF = '''
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_group = "root"
log_outputs = "3:stderr"
'''
QEMU_CONF = '''
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
security_driver = "none"
stdio_handler = "file"
'''
DOMAIN = '''<domain type='qemu'><name>vm1</name><memory unit='MiB'>256</memory>
<os><type arch='x86_64' machine='pc'>hvm</type><kernel>{kernel}</kernel><initrd>{initrd}</initrd>
<cmdline>{words} nt.name=vm1 nt.stay=1000</cmdline></os>
<features><acpi/></features><cpu mode='maximum'/>
<devices><emulator>{qemu}</emulator><controller type='usb' model='none'/><memballoon model='none'/>
<interface type='network'><mac address='{mac}'/><source network='lab'/><model type='virtio'/></interface>
<serial type='file'><source path='{console}'/></serial></devices></domain>'''


@lib.needs('libvirtd', 'virsh', machine.QEMU)
@unittest.skipUnless(glob.glob(MODULES.format('qemu')), 'not installed: libvirt-daemon-driver-qemu')
@unittest.skipUnless(os.path.exists(PRELOAD), 'not built, as libvirt-dev is not installed: libnetd-libvirt.so')
@unittest.skipUnless(os.uname().machine == 'x86_64', 'the machines are x86-64')
class LibvirtQemu(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        for folder in FOLDERS:
            os.makedirs(os.path.join(self.h.root, folder), exist_ok=True)
        for name, text in (('libvirtd.conf', LIBVIRTD_CONF), ('qemu.conf', QEMU_CONF)):
            with open(os.path.join(self.h.root, 'etc/libvirt', name), 'w') as f:
                f.write(text)
        self.add_user('passwd', 'libvirt-qemu:x:64055:64055::/:/bin/false\n')
        self.add_user('group', 'libvirt-qemu:x:64055:\n')
        self.console = os.path.join(self.folder, 'console')
        self.h.start_network(lib.network_xml('lab', 'virbr1', '192.168.158', domain='qemu.lab'))
        self.start_libvirtd()

    def add_user(self, name, line):
        """libvirtd looks this one up, even when it isn't told to use it."""
        shutil.copy(f'/etc/{name}', os.path.join(self.h.root, 'etc', name))
        with open(os.path.join(self.h.root, 'etc', name), 'a') as f:
            f.write(line)

    def start_libvirtd(self):
        """Each start has a mount namespace of its own, on the same folders."""
        binds = [f'mount --bind {self.h.root}/{ours} {theirs}' for ours, theirs in {**FOLDERS, **FILES}.items()]
        script = ' && '.join([*binds, f'LD_PRELOAD={PRELOAD} exec libvirtd'])
        self.libvirtd = self.h.spawn('sh', '-c', script)
        try:
            lib.wait_for('libvirtd', lambda: not self.virsh('uri', check=False).rc or
                         self.libvirtd.popen.poll() is not None, 30, 0.1)
            self.virsh('uri')
        except lib.Failed as why:
            raise lib.Failed(f'{why}\n{self.libvirtd.log()}') from None

    def uri(self, scheme='qemu', socket='libvirt-sock'):
        return f'{scheme}+unix:///system?socket={self.h.root}/run/libvirt/{socket}'

    def virsh(self, *words, check=True):
        return self.h.sh('virsh', '-q', '-c', self.uri(), *words, check=check)

    def boot(self):
        """Define and start vm1 and wait for its address."""
        kernel = machine.fetch_kernel()
        initrd = os.path.join(self.folder, 'initrd')
        with open(initrd, 'wb') as f:
            f.write(machine.make_initrd(kernel))
        vmlinuz = shutil.copy(machine.find(kernel, 'vmlinuz-*'), os.path.join(self.folder, 'vmlinuz'))
        path = os.path.join(self.folder, 'vm1.xml')
        with open(path, 'w') as f:
            f.write(DOMAIN.format(kernel=vmlinuz, initrd=initrd, words=machine.KERNEL_WORDS, mac=MAC,
                                  qemu=shutil.which(machine.QEMU), console=self.console))
        self.virsh('define', path)
        self.virsh('start', 'vm1')
        try:
            return lib.wait_for('the address of vm1', self.address, machine.BOOT_SEC, 0.2)
        except lib.Failed as why:
            raise lib.Failed(f'{why}\n{self.said()[-4000:]}\n{self.libvirtd.log()}') from None

    def said(self):
        with open(self.console, errors='replace') as f:
            return f.read()

    def address(self):
        """As the guest itself says."""
        found = re.search(r'^nt lease (\S+)', self.said(), re.M)
        return found and found.group(1)

    def ports(self):
        """By libvirt's QEMU driver, as netd knows them."""
        return set(self.h.virsh('-q', 'net-port-list', 'lab', '--uuid').out.split())

    def taps(self):
        """What libvirtd says of the guest's interfaces: {MAC: tap}."""
        rows = [row.split() for row in self.virsh('domiflist', 'vm1').out.splitlines()]
        return {row[4]: row[0] for row in rows if row}

    def on_bridge(self):
        return {row['ifname'] for row in self.h.ip_json('link', 'show', 'master', 'virbr1')}

    def wait_for_bridge(self, *taps):
        lib.wait_for(f'{taps} on the bridge', lambda: self.on_bridge() == set(taps), 5)

    def runs_in(self, pid):
        with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/environ') as environment:
            return maps.read(), environment.read()

    def test_clients_of_the_hypervisor_see_our_networks(self):
        self.assertRegex(self.virsh('net-list').out, r'^ *lab +active +no +yes')
        self.assertEqual(self.virsh('net-dumpxml', 'lab').out, self.h.virsh('-q', 'net-dumpxml', 'lab').out)
        path = os.path.join(self.folder, 'net.xml')
        with open(path, 'w') as f:
            f.write(lib.network_xml('second', 'virbr2', '192.168.159', dhcp=False))
        self.virsh('net-create', path)
        self.assertIn('virbr2', self.h.links())
        self.virsh('net-update', 'second', 'add', 'dns-host', "<host ip='192.168.159.9'><hostname>n</hostname></host>")
        self.assertIn('192.168.159.9', self.h.netctl('net-dumpxml', 'second').out)
        self.assertIn("no network with matching name 'third'", self.virsh('net-info', 'third', check=False).err)
        # Who may only read, may only read; be it because of the socket or by own choice.
        for words in (['-c', self.uri(socket='libvirt-sock-ro')], ['-r', '-c', self.uri()]):
            self.assertIn('second', self.h.sh('virsh', *words, 'net-list').out)
            for verb in ('net-destroy', 'net-undefine'):
                self.assertIn('read only access', self.h.sh('virsh', *words, verb, 'second', check=False).err)
            self.assertIn('read only access', self.h.sh('virsh', *words, 'net-define', path, check=False).err)
        # As from another host, where only libvirtd's socket can be reached.
        self.assertIn('second', self.h.sh('virsh', '-c', self.uri('network'), 'net-list').out)
        self.virsh('net-destroy', 'second')
        self.assertNotIn('second', self.virsh('net-list', '--all').out)
        # What goes well leaves no trace in libvirtd's log.
        self.assertNotIn('End of file', self.libvirtd.log())
        maps, environment = self.runs_in(self.libvirtd.pid)
        self.assertIn('libvirt_driver_qemu.so', maps)
        self.assertNotIn('libvirt_driver_network.so', maps)
        self.stop_netd_and_ask()

    def listen(self, *words):
        """Listen to events; wait until that is heard of."""
        process = self.h.spawn('stdbuf', '-oL', 'virsh', '-q', '-c', self.uri(), 'net-event', '--event', 'lifecycle',
                               '--loop', *words)
        self.heard(process, *words)
        return process

    def heard(self, process, network=None):
        """Restart a network until the process tells of it."""
        before, network = process.log(), network or 'lab'

        def told():
            self.h.netctl('net-destroy', network)
            self.h.netctl('net-start', network)
            return re.search(f'network {network}: Stopped.*network {network}: Started', process.log()[len(before):], re.S)
        lib.wait_for(f'events of {network}', told, 10, 0.3)

    def test_events(self):
        """They reach clients of the hypervisor; also after netd was away."""
        self.h.start_network(lib.network_xml('lab2', 'virbr2', '192.168.159'))
        every, second = self.listen(), self.listen('lab2')
        for disturb in (self.kill_controller, self.stop_netd_and_ask):
            disturb()
            self.heard(every)
            self.heard(second, 'lab2')
        self.assertIn('network lab2: ', every.log())
        self.assertNotIn('network lab: ', second.log())
        second.stop()
        every.stop()
        self.virsh('net-list')

    def stop_netd_and_ask(self):
        self.h.stop_netd()
        self.assertIn('virtnetworkd-sock', self.virsh('net-list', check=False).err)
        self.virsh('list')
        self.h.start_netd()
        self.assertRegex(self.virsh('net-list').out, r'^ *lab +active')

    def test_life_of_a_guest(self):
        address = self.boot()
        (tap,) = self.taps().values()
        (port,) = self.ports()
        self.assertEqual(self.on_bridge(), {tap})
        self.assertIn('<name>vm1</name>', self.h.virsh('net-port-dumpxml', 'lab', port).out)
        self.assertIn("<network connections='1'>", self.virsh('net-dumpxml', 'lab').out)
        self.assertEqual(self.virsh('domifaddr', 'vm1', '--source', 'lease').out.split(), [tap, MAC, 'ipv4', f'{address}/24'])
        self.h.ping(address)
        with open(os.path.join(self.h.root, 'run/libvirt/qemu/vm1.pid')) as f:
            maps, environment = self.runs_in(int(f.read()))
        self.assertNotIn('libnetd', maps + environment)
        # A second interface comes and goes while the guest runs.
        self.virsh('attach-interface', 'vm1', 'network', 'lab', '--model', 'virtio', '--mac', SECOND_MAC, '--live')
        second = self.taps()[SECOND_MAC]
        self.wait_for_bridge(tap, second)
        self.assertEqual(len(self.ports()), 2)
        self.virsh('detach-interface', 'vm1', 'network', '--mac', SECOND_MAC, '--live')
        lib.wait_for('the second interface to go', lambda: self.ports() == {port}, 20, 0.1)
        self.wait_for_bridge(tap)
        self.assertEqual(self.taps(), {MAC: tap})
        # The network can be refused for good reason, in words that reach the user.
        self.virsh('net-destroy', 'lab')
        refused = self.virsh('attach-interface', 'vm1', 'network', 'lab', '--live', check=False)
        self.assertIn("network 'lab' is not active", refused.err)
        self.virsh('net-start', 'lab')
        self.wait_for_bridge(tap)
        self.virsh('destroy', 'vm1')
        self.assertEqual(self.ports(), set())
        self.assertEqual(self.on_bridge(), set())
        self.assertNotIn(tap, self.h.links())

    def test_interruptions(self):
        address = self.boot()
        (tap,) = self.taps().values()
        ports = self.ports()
        # libvirtd comes back: the port is there.
        self.libvirtd.stop(20)
        self.h.ping(address)
        self.start_libvirtd()
        self.assertEqual((self.ports(), self.taps()), (ports, {MAC: tap}))
        # The controller is killed: nobody notices, and what comes next works.
        self.kill_controller()
        self.h.ping(address)
        self.assertEqual(self.ports(), ports)
        self.assertIn(address, self.virsh('domifaddr', 'vm1', '--source', 'lease').out)
        # The network goes and comes: so does the tap, though not the port, as libvirt has it.
        self.virsh('net-destroy', 'lab')
        self.assertNotIn('virbr1', self.h.links())
        self.virsh('net-start', 'lab')
        self.wait_for_bridge(tap)
        self.h.ping(address)
        self.assertEqual(self.ports(), set())
        # libvirtd comes back and finds no port: it claims the same again.
        self.libvirtd.stop(20)
        self.start_libvirtd()
        lib.wait_for('the port to be claimed', lambda: self.ports() == ports, 10, 0.1)
        self.assertEqual(self.on_bridge(), {tap})
        # The guest ends while netd isn't there: what it leaves behind is forgotten when it comes again.
        self.h.stop_netd()
        self.virsh('destroy', 'vm1')
        self.h.start_netd()
        self.assertEqual((self.ports(), self.on_bridge()), (ports, set()))
        self.virsh('start', 'vm1')
        self.assertEqual((len(self.ports()), self.ports() & ports), (1, set()))
        self.virsh('destroy', 'vm1')
        self.assertEqual((self.ports(), self.on_bridge()), (set(), set()))

    def kill_controller(self):
        old = self.controller()
        os.kill(old, signal.SIGKILL)
        lib.wait_for('a new controller', lambda: self.controller() not in (None, old), 10)

    def controller(self):
        done = self.h.netctl('--json', 'status', check=False)
        found = [p['pid'] for p in json.loads(done.out)['processes'] if p['role'] == 'controller'] if not done.rc else []
        return found[0] if found else None


if __name__ == '__main__':
    unittest.main()
