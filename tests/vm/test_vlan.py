# SPDX-License-Identifier: GPL-2.0-or-later
"""VLANs of uplinks and of bridges, in a virtual machine with Debian's stock kernel: not every kernel has them.

netd itself runs in the machine, with the programs and libraries that it and the test need. The machine's script tells
"nt ok WHAT" or "nt failed WHAT" on its console."""
import os
import re
import shutil
import stat
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_machine as machine  # noqa: E402
from test_machine import lib  # noqa: E402

MODULES = ('8021q', 'bridge', 'veth', 'tun', 'nfnetlink', 'nf_tables', 'nft_chain_nat', 'nft_masq', 'nft_ct', 'nft_reject_inet')
PROGRAMS = ('ip', 'bridge')
INIT = r'''#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /etc /run /tmp /root /var /usr/bin /usr/sbin /sbin
/bin/busybox --install -s /usr/bin
export PATH=/nt:/usr/bin:/usr/sbin:/bin:/sbin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devtmpfs /dev; mount -t tmpfs tmpfs /run
exec > /dev/ttyS0 2>&1 < /dev/null
ip() { /usr/sbin/ip "$@"; } # not busybox's
say() { echo "nt $*"; }
ok() { what=$1; shift; "$@" > /tmp/out 2>&1 && say ok $what || { say failed $what; cat /tmp/out; }; }
not() { what=$1; shift; "$@" > /tmp/out 2>&1 && { say failed $what; cat /tmp/out; } || say ok $what; }
soon() { for i in $(seq 20); do "$@" > /dev/null 2>&1 && return 0; sleep 0.5; done; return 1; }
for m in @modules@; do insmod /$m.ko || say failed insmod $m; done
ip link set lo up
echo 'root:x:0:0::/root:/bin/sh' > /etc/passwd; echo 'root:x:0:' > /etc/group; : > /etc/resolv.conf
for n in world g1 g2; do ip netns add $n; ip -n $n link set lo up; done
ip link add up0 type veth peer name w0 netns world
ip -n world link set w0 up
ip -n world addr add 198.51.100.1/24 dev w0
ip -n world link add link w0 name w0.100 type vlan id 100
ip -n world addr add 192.0.2.1/24 dev w0.100
ip -n world link set w0.100 up
ip addr add 198.51.100.2/24 dev up0; ip link set up0 up
mkdir -p /r
/nt/netd --root /r > /tmp/netd.log 2>&1 &
ctl() { /nt/netctl --root /r "$@"; }
soon ctl net-list || { say failed start; cat /tmp/netd.log; }
network() { # NAME BRIDGE ELEMENTS
	printf "<network><name>%s</name><metadata><netd:network xmlns:netd='urn:netd:network:1'>%s</netd:network></metadata><forward mode='bridge'/><bridge name='%s'/>%s</network>" $1 "$3" $2 "$4"
}
guest() { # NETWORK NAMESPACE ADDRESS [OPTIONS]
	to=$1; ns=$2; address=$3; shift 3
	ctl port-add $to --netns $ns "$@" && ip -n $ns link set eth0 up && ip -n $ns addr add $address dev eth0
}
reach() { soon ip netns exec $1 ping -c 1 -W 1 $2; }
@script@
say done
poweroff -f
'''
UPLINKS = r'''
network tagged br100 "<netd:uplink dev='up0' vlan='100'/>" | ctl net-define - > /dev/null
ok start-of-a-vlan ctl net-start tagged
ok device-of-the-vlan ip link show up0.100
ok its-bridge grep -q br100 /sys/class/net/up0.100/master/uevent
ok guest-of-the-vlan guest tagged g1 192.0.2.9/24
ok reaches-the-vlan reach g1 192.0.2.1
ok host-keeps-its-own ping -c 1 -W 2 198.51.100.1
ok host-is-not-in-the-vlan grep -q 1 /proc/sys/net/ipv6/conf/br100/disable_ipv6
network plain br0 "<netd:uplink dev='up0'/>" | ctl net-define - > /dev/null
ok start-of-the-device ctl net-start plain
ok guest-beside-the-vlan guest plain g2 198.51.100.9/24
ok reaches-the-device reach g2 198.51.100.1
ok still-reaches-the-vlan reach g1 192.0.2.1
ok host-on-the-bridge soon ping -c 1 -W 1 198.51.100.1
ok delete-the-vlan ip link del up0.100
ok vlan-is-back soon ip link show up0.100
ok reaches-it-again reach g1 192.0.2.1
ok stop-of-a-vlan ctl net-destroy tagged
not vlan-is-gone ip link show up0.100
ok stop-of-the-device ctl net-destroy plain
ok host-has-its-own-again ping -c 1 -W 2 198.51.100.1
ip link add link up0 name mine type vlan id 100; ip addr add 192.0.2.77/24 dev mine; ip link set mine up
ok start-on-the-administrators ctl net-start tagged
ok its-address-moved sh -c '/usr/sbin/ip -4 addr show dev br100 | grep -q 192.0.2.77'
ok stop-there ctl net-destroy tagged
ok its-address-came-back sh -c '/usr/sbin/ip -4 addr show dev mine | grep -q 192.0.2.77'
'''
PORTS = r'''
network trunk br0 "<netd:uplink dev='up0'/>" "<portgroup name='blue'><vlan><tag id='100'/></vlan></portgroup><portgroup name='plain' default='yes'/>" | ctl net-define - > /dev/null
ok start ctl net-start trunk
ok bridge-filters grep -q 1 /sys/class/net/br0/bridge/vlan_filtering
ok guest-in-a-vlan guest trunk g1 192.0.2.9/24 --portgroup blue
ok guest-without guest trunk g2 198.51.100.9/24
ok reaches-the-vlan reach g1 192.0.2.1
ok reaches-the-device reach g2 198.51.100.1
ok host-on-the-bridge soon ping -c 1 -W 1 198.51.100.1
ip -n g2 addr add 192.0.2.10/24 dev eth0
not nobody-crosses ip netns exec g2 ping -c 1 -W 1 192.0.2.9
ok delete-the-bridge ip link del br0
ok reaches-again reach g1 192.0.2.1
ok host-has-its-own-again soon ping -c 1 -W 1 198.51.100.1
ok stop ctl net-destroy trunk
ip link add br9 type bridge; ip link set br9 up
printf "<network><name>host</name><forward mode='bridge'/><bridge name='br9'/><vlan><tag id='7'/></vlan></network>" | ctl net-define - > /dev/null
ok start-on-the-hosts ctl net-start host
not refused-without-filtering ctl port-add host
ok why sh -c '/nt/netctl --root /r port-add host 2>&1 | grep -q "ip link set br9 type bridge vlan_filtering 1"'
ip link set br9 type bridge vlan_filtering 1
ok port-with-a-vlan ctl port-add host --tap tap7
ok its-vlan sh -c 'bridge vlan show dev tap7 | grep -q "7 PVID Egress Untagged"'
not not-the-first sh -c 'bridge vlan show dev tap7 | grep -qw 1'
printf "<network><name>known</name><bridge name='br5' macTableManager='libvirt'/><ip address='10.5.0.1' prefix='24'/></network>" | ctl net-define - > /dev/null
ok start-with-known-macs ctl net-start known
ok filters-too grep -q 1 /sys/class/net/br5/bridge/vlan_filtering
'''


def libraries(*programs):
    """The shared objects that these need, by the paths under which they are looked for."""
    out = ''.join(lib.sh('ldd', p, check=False).out for p in programs)
    return sorted(set(re.findall(r'(/\S+) \(0x', out)))


def entry(path):
    with open(path, 'rb') as f:
        return f.read()


def make_initrd(kernel, script):
    program, folder = stat.S_IFREG | 0o755, stat.S_IFDIR | 0o755
    ours = {'nt/' + os.path.basename(p): p for p in
            (lib.NETD, lib.NETCTL, *(os.path.join(lib.BUILD, 'netd', n) for n in os.listdir(os.path.join(lib.BUILD, 'netd'))
                                     if re.fullmatch(r'netd-(controller|worker-?[a-z0-9]*)', n)))}
    tools = {'usr/sbin/' + p: shutil.which(p, path='/usr/sbin:/usr/bin:/sbin:/bin') for p in PROGRAMS}
    files = {**ours, **tools}
    files.update({p.lstrip('/'): p for p in libraries(*files.values())})
    loadable = machine.modules(kernel, MODULES)
    init = INIT.replace('@modules@', ' '.join(loadable)).replace('@script@', script)
    folders = sorted({'/'.join(p.split('/')[:i]) for p in (*files, 'bin/busybox') for i in range(1, p.count('/') + 1)})
    entries = [(f, folder, b'') for f in folders]
    entries += [('bin/busybox', program, machine.static_busybox()), ('init', program, init.encode())]
    entries += [(to, program, entry(source)) for to, source in files.items()]
    return machine.cpio(entries + [(f'{m}.ko', stat.S_IFREG | 0o644, code) for m, code in loadable.items()])


@lib.needs(machine.QEMU, *PROGRAMS)
@unittest.skipUnless(os.uname().machine == 'x86_64', 'the machines are x86-64')
class Vlans(lib.Case):
    def run_in_machine(self, script):
        kernel = machine.fetch_kernel()
        initrd = os.path.join(self.folder, 'initrd')
        with open(initrd, 'wb') as f:
            f.write(make_initrd(kernel, script))
        vm = lib.Process(self, [machine.QEMU, '-accel', 'tcg', '-cpu', 'max', '-m', '512', '-nodefaults', '-kernel',
                                machine.find(kernel, 'vmlinuz-*'), '-initrd', initrd, '-append', machine.KERNEL_WORDS,
                                *machine.CONSOLE])
        lib.wait_for('the end of the machine', lambda: vm.popen.poll() is not None, 150, 0.2)
        wanted = re.findall(r'^(?:ok|not) (\S+)', script, re.M)
        done = re.findall(r'^nt ok (\S+)', vm.log(), re.M)
        self.assertEqual((re.findall(r'^nt failed (.*?)\r?$', vm.log(), re.M), done), ([], wanted), vm.log()[-6000:])

    def test_uplinks(self):
        self.run_in_machine(UPLINKS)

    def test_ports(self):
        self.run_in_machine(PORTS)


if __name__ == '__main__':
    unittest.main()
