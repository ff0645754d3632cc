# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole virtual machines: Debian's cloud kernel under QEMU's own processor (no KVM needed), on a tap that netd made.

The kernel is unpacked from its package into a cache folder and never installed; the machine's only program is busybox,
in an initrd made here. It tells on its serial console, in lines "nt WORD VALUE…", what it got and saw."""
import contextlib
import fcntl
import glob
import lzma
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../live'))
import lib  # noqa: E402

CACHE = os.path.join(os.environ.get('XDG_CACHE_HOME') or '/var/cache', 'netd-tests')
QEMU = 'qemu-system-x86_64'
BOOT_SEC = 120  # under emulation on a busy machine; 8 s otherwise
KERNEL_WORDS = 'console=ttyS0 quiet panic=-1'
CONSOLE = ['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot']
MODULES = ('virtio_pci', 'virtio_net', 'virtio_blk')

INIT = r'''#!/bin/busybox sh
/bin/busybox mkdir -p /bin /proc /sys /dev /etc
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devtmpfs /dev
exec > /dev/ttyS0 2>&1 < /dev/null
say() { echo "nt $*"; }
for m in @modules@; do insmod /$m.ko || say failed insmod $m; done
for want in $(cat /proc/cmdline); do
	case $want in nt.*=*) export "${want#nt.}" ;; esac
done
hostname "$name"
ip link set lo up; ip link set eth0 up
[ ! -b /dev/vda ] || say disk $(cat /sys/block/vda/size)
udhcpc -i eth0 -n -q -f -s /bound -x hostname:$name -t 10 -T 1 || say failed udhcpc
router=$(ip route | sed -n 's/^default via \([0-9.]*\).*/\1/p')
can_ping() { ping -c 1 -W 5 "$1" > /dev/null && say reaches "$1" || say failed ping "$1"; }
can_ping "$router"
for n in $(echo "$ask" | tr , ' '); do
	say name $n $(nslookup -type=a $n | sed -n '/^Name/,$s/^Address[^:]*: *//p')
done
for a in $(echo "$ping" | tr , ' '); do can_ping $a; done
say done
if [ -n "$stay" ]; then sleep $stay; fi
poweroff -f
'''
BOUND = r'''#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add $ip/$mask dev eth0
[ -z "$router" ] || ip route add default via $router
: > /etc/resolv.conf
[ -z "$domain" ] || echo "search $domain" >> /etc/resolv.conf
for d in $dns; do echo "nameserver $d" >> /etc/resolv.conf; done
echo "nt lease $ip $mask $router"
'''


def cpio(entries):
    """An initrd: (path, mode, bytes) in the "newc" format of cpio."""
    out = bytearray()
    for number, (path, mode, data) in enumerate([*entries, ('TRAILER!!!', 0, b'')], 1):
        name = path.encode() + b'\0'
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        out += b'070701' + b''.join(b'%08X' % f for f in fields) + name
        out += b'\0' * (-len(out) % 4) + data
        out += b'\0' * (-len(out) % 4)
    return bytes(out)


@contextlib.contextmanager
def only_one():
    """Tests that run side by side shall fetch the kernel once."""
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, 'lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch_kernel():
    """Unpack the kernel package of this Debian into the cache; its folder. Raises SkipTest with the reason."""
    with only_one():
        have = sorted(glob.glob(os.path.join(CACHE, 'linux-image-*')))
        if have:
            return have[-1]
        depends = lib.sh('apt-cache', 'depends', 'linux-image-cloud-amd64', check=False).out
        package = re.search(r'Depends: (linux-image-\S+)', depends)
        if not package:
            raise unittest.SkipTest('no kernel: apt knows no package linux-image-cloud-amd64')
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            got = lib.sh('apt-get', '-q', 'download', package.group(1), check=False, cwd=folder, timeout=150)
            debs = glob.glob(os.path.join(folder, '*.deb'))
            if got.rc or not debs:
                last = (got.err.strip().splitlines() or ['no reason given'])[-1]
                raise unittest.SkipTest(f'no kernel: apt-get download {package.group(1)}: {last}')
            lib.sh('dpkg-deb', '-x', debs[0], os.path.join(folder, 'root'))
            final = os.path.join(CACHE, package.group(1))
            os.rename(os.path.join(folder, 'root'), final)
        return final


def find(folder, pattern):
    found = glob.glob(os.path.join(folder, '**', pattern), recursive=True)
    if not found:
        raise unittest.SkipTest(f'no kernel: {folder} has no {pattern}; remove the folder to fetch it again')
    return found[0]


def module(kernel, name):
    """The object code of a module, or None: it is built in."""
    found = glob.glob(os.path.join(kernel, '**', re.sub('[-_]', '[-_]', name) + '.ko*'), recursive=True)
    if not found:
        with open(find(kernel, 'modules.builtin')) as f:
            if f'/{name}.ko\n' in f.read():
                return None
        find(kernel, name + '.ko')
    with (lzma.open if found[0].endswith('.xz') else open)(found[0], 'rb') as f:
        return f.read()


def modules(kernel, names, into=None):
    """These modules and what they depend on, in an order in which they can be loaded: a dict of their object codes."""
    into = {} if into is None else into
    for name in names:
        code = module(kernel, name) if name not in into else None
        if code:
            depends = re.search(rb'\0depends=([^\0]*)\0', code)
            modules(kernel, depends.group(1).decode().split(',') if depends and depends.group(1) else [], into)
            into[name] = code
    return into


def static_busybox():
    path = shutil.which('busybox')
    if path:
        with open(path, 'rb') as f:
            data = f.read()
        if b'/ld-linux' not in data[:4096]:
            return data
    raise unittest.SkipTest('not installed: busybox-static')


def make_initrd(kernel):
    program, folder = stat.S_IFREG | 0o755, stat.S_IFDIR | 0o755
    loadable = modules(kernel, MODULES)
    init = INIT.replace('@modules@', ' '.join(loadable))
    files = [('bin', folder, b''), ('bin/busybox', program, static_busybox()), ('init', program, init.encode()),
             ('bound', program, BOUND.encode())]
    return cpio(files + [(f'{m}.ko', stat.S_IFREG | 0o644, code) for m, code in loadable.items()])


def let_all_read(*folders):
    """The workers are nobody."""
    for folder in folders:
        os.chmod(folder, 0o755)
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                os.chmod(path, 0o644)


class MachineCase(lib.Case):
    """What tests that boot machines have in common."""

    def setUp(self):
        super().setUp()
        kernel = fetch_kernel()
        self.vmlinuz = find(kernel, 'vmlinuz-*')
        self.initrd = os.path.join(self.folder, 'initrd')
        with open(self.initrd, 'wb') as f:
            f.write(make_initrd(kernel))

    def boot_words(self, **tell):
        """What makes any QEMU command line boot our machine and talk to us; `tell` are words for it, without blanks."""
        told = ' '.join(f'nt.{k}={v}' for k, v in tell.items())
        return ['-kernel', self.vmlinuz, '-initrd', self.initrd, '-append', f'{KERNEL_WORDS} {told}', *CONSOLE]

    def tap(self, host, network):
        return host.netctl('-q', 'port-tap', network).out.strip()

    def start(self, host, tap, mac, **tell):
        words = [QEMU, '-accel', 'tcg', '-cpu', 'max', '-m', '256', '-netdev',
                 f'tap,id=n0,ifname={tap},script=no,downscript=no', '-device', f'virtio-net-pci,netdev=n0,mac={mac}',
                 *self.boot_words(**tell), '-nodefaults']
        return host.spawn(*words)

    def told(self, machine, word):
        """All that the machine said of `word`."""
        lines = re.findall(r'^nt (\S+) ?([^\r\n]*)', machine.log(), re.M)
        return [rest for first, rest in lines if first == word]

    def wait_for(self, machine, word, seconds=BOOT_SEC):
        """Wait until the machine says `word`."""
        def said():
            return self.told(machine, word) or machine.popen.poll() is not None
        try:
            lib.wait_for(f'the machine saying "{word}"', said, seconds, 0.1)
            if not self.told(machine, word):
                raise lib.Failed(f'the machine ended and never said "{word}"')
        except lib.Failed as why:
            raise lib.Failed(f'{why}\n{machine.log()[-4000:]}') from None
        return self.told(machine, word)

    def wait_for_the_end(self, machine):
        self.assertEqual(machine.popen.wait(30), 0)
        self.assertEqual(self.told(machine, 'failed'), [], machine.log())


@lib.needs(QEMU)
@unittest.skipUnless(os.uname().machine == 'x86_64', 'the machines are x86-64')
class Machines(MachineCase):
    def test_boots_and_finds_the_world(self):
        host = self.host(start=False)
        outside = self.outside(host)
        outside.serve_names(www_example_org='203.0.113.80')
        host.set_upstreams(outside.address)
        host.start_netd()
        host.start_network(lib.network_xml('lab', 'virbr1', '192.168.157', domain='nat.lab'))
        mac, tap = '52:54:00:56:4d:01', self.tap(host, 'lab')
        vm = self.start(host, tap, mac, name='vm1', ask='vm1.nat.lab,www.example.org',
                        ping=outside.address)
        address, prefix, router = self.wait_for(vm, 'lease')[0].split()
        self.assertRegex(address, r'^192\.168\.157\.(1\d\d|200)$')
        self.assertEqual((prefix, router), ('24', '192.168.157.1'))
        self.wait_for(vm, 'done')
        self.assertEqual(self.told(vm, 'reaches'), ['192.168.157.1', outside.address])
        self.assertEqual(self.told(vm, 'name'), [f'vm1.nat.lab {address}', 'www.example.org 203.0.113.80'])
        self.wait_for_the_end(vm)
        self.assertRegex(host.netctl('net-dhcp-leases', 'lab').out,
                         rf'{mac}   ipv4       {re.escape(address)}/24   vm1 ')
        self.assertIn(tap, host.links(), 'the tap is there for the next start of the machine')
        host.netctl('port-remove', 'lab', tap)
        self.assertNotIn(tap, host.links())

    def test_two_machines_meet_by_name(self):
        host = self.host()
        host.start_network(lib.network_xml('lab', 'virbr1', '192.168.157', forward='', domain='iso.lab'))
        first = self.start(host, self.tap(host, 'lab'), '52:54:00:56:4d:01', name='vm1', stay='100')
        address = self.wait_for(first, 'lease')[0].split()[0]
        second = self.start(host, self.tap(host, 'lab'), '52:54:00:56:4d:02', name='vm2', ask='vm1.iso.lab',
                            ping=address)
        self.assertEqual(self.wait_for(second, 'name'), [f'vm1.iso.lab {address}'])
        self.wait_for(second, 'done')
        self.assertIn(address, self.told(second, 'reaches'))
        self.assertEqual(second.popen.wait(30), 0)

    def test_boots_from_the_network(self):
        """The firmware's iPXE learns server and file by DHCP and gets everything else by TFTP."""
        self.boot_from_the_network('')

    def test_boots_by_http(self):
        """The same, yet kernel and initrd come by HTTP."""
        self.boot_from_the_network('http://192.168.157.1/')

    def boot_from_the_network(self, where):
        root = os.path.join(self.folder, 'boot')
        os.makedirs(root)
        for source, name in ((self.vmlinuz, 'vmlinuz'), (self.initrd, 'initrd')):
            shutil.copy(source, os.path.join(root, name))
        with open(os.path.join(root, 'boot.ipxe'), 'w') as f:
            f.write(f'#!ipxe\nkernel {where}vmlinuz {KERNEL_WORDS} nt.name=vm1\ninitrd {where}initrd\nboot\n')
        let_all_read(self.folder, root)
        host = self.host()
        xml = lib.network_xml('lab', 'virbr1', '192.168.157', forward='')
        http = "<metadata><netd:network xmlns:netd='urn:netd:network:1'><netd:http/></netd:network></metadata>"
        xml = xml.replace('<bridge', http + '<bridge', 1)
        host.start_network(xml.replace('<dhcp>', f"<tftp root='{root}'/><dhcp>")
                           .replace('</dhcp>', "<bootp file='boot.ipxe'/></dhcp>"))
        vm = host.spawn(QEMU, '-accel', 'tcg', '-cpu', 'max', '-m', '512', '-boot', 'n', *CONSOLE, '-netdev',
                        f'tap,id=n0,ifname={self.tap(host, "lab")},script=no,downscript=no',
                        '-device', 'virtio-net-pci,netdev=n0,mac=52:54:00:56:4d:03')
        self.assertRegex(self.wait_for(vm, 'lease')[0], r'^192\.168\.157\.\d+ 24 ')
        self.wait_for(vm, 'done')
        self.assertEqual(vm.popen.wait(30), 0)

    def test_command_line_that_bootstrap_prints(self):
        """Take what `bootstrap run` says about a VM literally, but for a disk of our own and the kernel."""
        host = self.host(start=False)
        env = {**os.environ, 'NETD_BUILD': lib.BUILD}
        self.outside(host)
        out = host.sh(os.path.join(lib.TOP, 'bootstrap'), 'run', '--root', host.root, env=env, timeout=100).out
        self.addCleanup(host.sh, os.path.join(lib.TOP, 'bootstrap'), 'stop', '--root', host.root, env=env, check=False)
        printed = re.search(r'^  a VM +(tap=\$\(.*?\))\n((?: .*\\\n)* .*)\n', out, re.M)
        self.assertTrue(printed, out)
        with open(os.path.join(host.root, 'disk.qcow2'), 'wb') as f:
            f.truncate(1 << 20)
        script = f'{printed.group(1)}\nexec {printed.group(2).strip()} "$@"'
        vm = host.spawn('sh', '-c', f'cd {shlex.quote(host.root)} && {script}', 'sh',
                        *self.boot_words(name='vm1'))
        self.assertRegex(self.wait_for(vm, 'lease')[0], r'^192\.168\.\d+\.\d+ 24 192\.168\.\d+\.1$')
        self.wait_for(vm, 'done')
        self.assertEqual(self.told(vm, 'disk'), ['2048'])
        self.wait_for_the_end(vm)


if __name__ == '__main__':
    unittest.main()
