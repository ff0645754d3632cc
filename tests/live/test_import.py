# SPDX-License-Identifier: GPL-2.0-or-later
"""net-import and net-export: networks in the files of libvirt's network driver."""
import os
import re
import shutil

import lib

BANNER = '''<!--
WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE
OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:
  virsh net-edit {}
or other application using the libvirt API.
-->

'''
DEFAULT = '''<network>
  <name>default</name>
  <uuid>0a1b2c3d-0000-4000-8000-000000000001</uuid>
  <forward mode='nat'/>
  <bridge name='virbr5' stp='on' delay='0'/>
  <mac address='52:54:00:93:37:e4'/>
  <ip address='10.77.122.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='10.77.122.2' end='10.77.122.254'/>
    </dhcp>
  </ip>
</network>
'''
# libvirt runs it, and netd wouldn't have it defined today: two ranges that overlap.
LOOSE = DEFAULT.replace('default', 'loose').replace('0001<', '0002<').replace('virbr5', 'virbr6').replace(
    '10.77.122', '10.77.123').replace('    </dhcp>', "      <range start='10.77.123.9' end='10.77.123.11'/>\n    </dhcp>")


class Import(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.files = os.path.join(self.h.root, 'etc/libvirt/qemu/networks')
        os.makedirs(os.path.join(self.files, 'autostart'))
        self.put('default', DEFAULT)
        self.put('loose', LOOSE)
        os.symlink('/etc/libvirt/qemu/networks/default.xml', os.path.join(self.files, 'autostart/default.xml'))

    def put(self, name, xml):
        with open(os.path.join(self.files, name + '.xml'), 'w') as f:
            f.write(BANNER.format(name) + xml)

    def run_import(self, *words, rc=0):
        done = self.h.netctl('--json', 'net-import', *words, check=False)
        self.assertEqual(done.rc, rc, done)
        return {n['network']: n['result'] for n in lib.json.loads(done.out)['networks']}, done.err

    def rows(self):
        return [(n['name'], n['state'], n['autostart']) for n in self.h.json('status')['networks']]

    def test_once_and_again(self):
        self.assertEqual(self.run_import('--dry-run')[0], {'default': 'defined', 'loose': 'defined'})
        self.assertEqual(self.rows(), [])
        out = self.h.netctl('net-import').out
        self.assertIn(f'Network default defined from {self.files}/default.xml, autostarted\n', out)
        self.assertIn(f'Network loose defined from {self.files}/loose.xml\n', out)
        self.assertEqual(self.rows(), [('default', 'inactive', True), ('loose', 'inactive', False)])
        self.assertEqual(self.h.netctl('net-dumpxml', 'default').out.rstrip('\n'), DEFAULT.rstrip('\n'))
        self.h.netctl('net-autostart', 'default', '--disable')
        kept = os.listdir(os.path.join(self.h.root, 'var/lib/netd/history/default.d'))
        self.assertEqual(self.run_import()[0], {'default': 'unchanged', 'loose': 'unchanged'})
        self.assertEqual(self.rows(), [('default', 'inactive', False), ('loose', 'inactive', False)])
        self.assertEqual(os.listdir(os.path.join(self.h.root, 'var/lib/netd/history/default.d')), kept)
        for name in 'default', 'loose':
            self.h.netctl('net-start', name)
        self.h.stop_netd()
        self.h.start_netd()
        self.assertEqual([r[1] for r in self.rows()], ['active', 'active'])

    def test_what_is_in_the_way(self):
        """Each that can't be taken over is told, and stops no other."""
        self.h.define(lib.network_xml(name='loose', bridge='virbr9', net='192.168.157'))
        before = self.h.netctl('net-dumpxml', 'loose').out
        self.put('other', DEFAULT)  # another name than the file's
        self.put('torn', DEFAULT[:40])
        self.put('twin', DEFAULT.replace('<name>default', '<name>twin'))  # a uuid that is taken
        results, err = self.run_import(rc=1)
        self.assertEqual(results, {'default': 'defined', 'loose': 'refused', 'other': 'skipped', 'torn': 'refused',
                                   'twin': 'refused'})
        for words in ("network 'loose' already exists with uuid", "other.xml holds the network 'default'",
                      'torn.xml: at line', "network 'default' is already defined with uuid"):
            self.assertIn(words, err)
        self.assertEqual(self.h.netctl('net-dumpxml', 'loose').out, before)
        # Of the same uuid, but changed since.
        self.h.netctl('net-desc', 'default', '--title', 'mine')
        os.unlink(os.path.join(self.files, 'other.xml'))
        results, err = self.run_import(rc=1)
        self.assertEqual(results['default'], 'differs')
        self.assertIn("network 'default' exists, and", err)
        self.assertIn('<title>mine', self.h.netctl('net-dumpxml', 'default').out)

    def test_no_folder(self):
        done = self.h.netctl('net-import', '/nowhere/at/all', check=False)
        self.assertEqual(done.rc, 1)
        self.assertIn('cannot read the folder /nowhere/at/all: No such file', done.err)

    def test_there_and_back(self):
        """What is exported is what libvirt had, to the byte; with another daemon it is imported again."""
        self.h.netctl('net-import')
        self.h.define("<network><name>odd -- name</name><bridge name='virbr8'/></network>")
        back = os.path.join(self.files, 'back')
        said = self.h.netctl('net-export', back, '--dry-run').out
        self.assertIn(f'Network default would be written to {back}/default.xml, autostarted', said)
        self.assertFalse(os.path.exists(back))
        self.h.netctl('net-export', back)
        for name in 'default', 'loose':
            with open(os.path.join(self.files, name + '.xml')) as a, open(os.path.join(back, name + '.xml')) as b:
                self.assertEqual(a.read(), b.read())
            self.assertEqual(os.stat(os.path.join(back, name + '.xml')).st_mode & 0o777, 0o600)
        self.assertEqual(os.readlink(os.path.join(back, 'autostart/default.xml')), f'{back}/default.xml')
        self.assertEqual(os.listdir(os.path.join(back, 'autostart')), ['default.xml'])
        with open(os.path.join(back, 'odd -- name.xml')) as f:
            text = f.read()
        uuid = re.search('<uuid>(.*)</uuid>', text).group(1)
        self.assertIn(f'  virsh net-edit {uuid}\n', text)
        self.assertIn('Network default unchanged in', self.h.netctl('net-export', back).out)
        # What is there and says something else is not lost.
        self.h.netctl('net-desc', 'default', '--title', 'mine')
        self.h.netctl('net-autostart', 'default', '--disable')
        refused = self.h.netctl('net-export', back, 'default', check=False)
        self.assertEqual(refused.rc, 1)
        self.assertIn('is there and differs: --force overwrites it', refused.err)
        self.h.netctl('net-export', back, 'default', '--force')
        self.assertEqual(os.listdir(os.path.join(back, 'autostart')), [])
        other = self.host('other')
        other.netctl('net-import', back)
        self.assertEqual(other.netctl('net-dumpxml', 'default').out, self.h.netctl('net-dumpxml', 'default').out)
        shutil.rmtree(back)
        missing = self.h.netctl('net-export', back, 'nosuch', check=False)
        self.assertEqual((missing.rc, os.path.exists(back)), (1, False))


if __name__ == '__main__':
    import unittest
    unittest.main()
