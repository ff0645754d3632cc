# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that boot from the network by their own firmware, to a running kernel: examples/pxe.xml as it stands, but for
its folder.

Debian's firmware under QEMU's own processor: iPXE as the ROM of a BIOS machine, OVMF with its own PXE, OVMF that boots by
HTTP."""
import os
import re
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../live'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import test_machine as machine  # noqa: E402

IPXE = '/usr/lib/ipxe'
OVMF = '/usr/share/OVMF'
FIRMWARE_SEC = 160  # OVMF under emulation; 30 s on a quiet machine
MAC = '52:54:00:56:4e:01'
KERNEL = f'kernel vmlinuz initrd=initrd {machine.KERNEL_WORDS} nt.name=${{platform}}'
SCRIPT = f'#!ipxe\n{KERNEL}\ninitrd initrd\nboot\n'


def needs_files(*paths):
    missing = [p for p in paths if not os.path.exists(p)]
    return unittest.skipIf(missing, 'not there: ' + ', '.join(missing))


@lib.needs(machine.QEMU)
@unittest.skipUnless(os.uname().machine == 'x86_64', 'the machines are x86-64')
class Netboot(machine.MachineCase):
    def setUp(self):
        super().setUp()
        self.boot = os.path.join(self.folder, 'boot')
        os.makedirs(self.boot)
        for source, name in ((self.vmlinuz, 'vmlinuz'), (self.initrd, 'initrd'), (f'{IPXE}/snponly.efi', 'snponly.efi'),
                             (f'{IPXE}/undionly.kpxe', 'undionly.kpxe')):
            if os.path.exists(source):
                shutil.copy(source, os.path.join(self.boot, name))
        with open(os.path.join(self.boot, 'boot.ipxe'), 'w') as f:
            f.write(SCRIPT)
        machine.let_all_read(self.folder, self.boot)

    def serve(self, change=lambda xml: xml):
        with open(os.path.join(lib.EXAMPLES, 'pxe.xml')) as f:
            xml = change(f.read().replace('/srv/netboot', self.boot).replace("name='virbr60'", "name='virbr60' stp='off'"))
        self.net = self.host()
        self.net.start_network(xml)

    def run_machine(self, *words):
        return self.net.spawn(machine.QEMU, '-accel', 'tcg,thread=multi', '-cpu', 'max', '-uuid',
                              '11223344-5566-7788-99aa-bbccddeeff00', *machine.CONSOLE, '-netdev',
                              f'tap,id=n0,ifname={self.tap(self.net, "pxe")},script=no,downscript=no', *words)

    def run_uefi(self, *words):
        variables = os.path.join(self.folder, 'vars.fd')
        shutil.copy(f'{OVMF}/OVMF_VARS_4M.fd', variables)
        return self.run_machine(
            '-m', '512', '-drive', f'if=pflash,unit=0,format=raw,readonly=on,file={OVMF}/OVMF_CODE_4M.fd',
            '-drive', f'if=pflash,unit=1,format=raw,file={variables}', '-object', 'rng-random,id=r0,filename=/dev/urandom',
            '-device', 'virtio-rng-pci,rng=r0', '-device', f'virtio-net-pci,netdev=n0,mac={MAC},bootindex=1,romfile=', *words)

    def becomes_linux(self, vm, platform):
        """Linux runs, by iPXE on that platform, which gave the machine its name; all had the same address."""
        address, prefix, router = self.wait_for(vm, 'lease', FIRMWARE_SEC)[0].split()
        self.assertEqual((prefix, router), ('24', '192.168.160.1'))
        self.wait_for(vm, 'done')
        leases = self.net.json('net-dhcp-leases', 'pxe')['leases']
        self.assertEqual([(x['ip-address'], x['mac-address'], x['hostname']) for x in leases],
                         [(address, MAC, platform)])
        self.assertEqual(vm.popen.wait(30), 0)

    def test_bios(self):
        """The ROM is iPXE already, and goes on with the script."""
        self.serve()
        vm = self.run_machine('-m', '512', '-boot', 'n', '-device', f'virtio-net-pci,netdev=n0,mac={MAC}')
        self.becomes_linux(vm, 'pcbios')

    @needs_files(f'{OVMF}/OVMF_CODE_4M.fd', f'{IPXE}/snponly.efi')
    def test_uefi(self):
        """OVMF's own PXE loads snponly.efi by TFTP, which is iPXE and goes on with the script."""
        self.serve()
        vm = self.run_uefi('-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n')
        self.becomes_linux(vm, 'efi')

    @needs_files(f'{OVMF}/OVMF_CODE_4M.fd', f'{IPXE}/snponly.efi')
    def test_uefi_http(self):
        """OVMF's HTTP boot."""
        self.serve()
        vm = self.run_uefi('-fw_cfg', 'name=opt/org.tianocore/IPv4PXESupport,string=n', '-fw_cfg',
                           'name=opt/org.tianocore/IPv6PXESupport,string=n')
        self.becomes_linux(vm, 'efi')

    @needs_files(f'{OVMF}/OVMF_CODE_4M.fd', f'{IPXE}/snponly.efi')
    def test_uefi_http_by_ipv6(self):
        """OVMF's HTTP boot where only DHCPv6 tells what to boot: its class gets the URL, and iPXE its own."""
        rules = """<netd:class ipxe='yes'><netd:boot family='ipv6' url='http://[fd00:160::1]/boot.ipxe'/></netd:class>
            <netd:class arch='x64-uefi-http'><netd:boot family='ipv6' url='http://[fd00:160::1]/snponly.efi'/></netd:class>"""
        ip6 = """<ip family='ipv6' address='fd00:160::1' prefix='64'><dhcp><range start='fd00:160::100'
            end='fd00:160::1ff'/></dhcp></ip>"""

        def change(xml):
            xml = re.sub(r'(<netd:dhcp>).*(</netd:dhcp>)', lambda m: m[1] + rules + m[2], xml, flags=re.S)
            return xml.replace('</network>', ip6 + '</network>')
        self.serve(change)
        vm = self.run_uefi('-fw_cfg', 'name=opt/org.tianocore/IPv4PXESupport,string=n', '-fw_cfg',
                           'name=opt/org.tianocore/IPv6PXESupport,string=n')
        self.wait_for(vm, 'done', FIRMWARE_SEC)
        leases = self.net.json('net-dhcp-leases', 'pxe')['leases']
        self.assertIn(('ipv6', MAC), {(x['protocol'], x['mac-address']) for x in leases})
        self.assertEqual(vm.popen.wait(30), 0)


if __name__ == '__main__':
    unittest.main()
