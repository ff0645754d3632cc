# SPDX-License-Identifier: GPL-2.0-or-later
"""Definitions survive what happens to files."""
import os
import shutil
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
import lib

XML = lib.network_xml(name='keep', bridge='virbr7', net='192.168.157')


class Definitions(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.file = os.path.join(self.h.root, 'etc/netd/networks/keep.xml')
        self.spare = os.path.join(self.h.root, 'var/lib/netd/networks/keep.xml')

    def row(self):
        rows = [n for n in self.h.json('status')['networks'] if n['name'] == 'keep']
        return rows[0] if rows else None

    def restart(self):
        self.h.stop_netd()
        self.h.start_netd()

    def test_torn_file(self):
        """Whatever is left of the file, the network is there with its last good definition, and says so."""
        self.h.define(XML)
        whole = self.h.netctl('net-dumpxml', 'keep').out
        size = os.path.getsize(self.file)
        for length in (0, 1, size // 2, size - 2):
            with open(self.spare, 'rb') as f:
                good = f.read()
            with open(self.file, 'wb') as f:
                f.write(good[:length])
            self.restart()
            self.assertEqual(self.h.netctl('net-dumpxml', 'keep').out, whole)
            self.assertIn('keep.xml', self.row()['problem'])
            self.h.netctl('net-start', 'keep')
            self.h.netctl('net-destroy', 'keep')
        # Defining it again mends it.
        self.h.netctl('net-define', '-', stdin=whole)
        self.assertIsNone(self.row()['problem'])
        self.restart()
        self.assertIsNone(self.row()['problem'])

    def test_torn_without_copy(self):
        self.h.define(XML)
        os.unlink(self.spare)
        with open(self.file, 'w') as f:
            f.write('<network><na')
        self.restart()
        self.assertEqual(self.row()['state'], 'broken')
        self.assertIn('keep', self.h.netctl('net-list', '--all', '--name').out.split())
        refused = self.h.netctl('net-start', 'keep', check=False)
        self.assertEqual(refused.rc, 1)
        self.assertIn('keep.xml', refused.err)
        self.h.netctl('net-undefine', 'keep')
        self.assertFalse(os.path.exists(self.file))

    def test_torn_while_running(self):
        self.h.start_network(XML)
        before = self.h.state()
        open(self.file, 'w').close()
        os.unlink(self.spare)
        self.h.daemon.kill()
        self.h.start_netd()
        self.assertEqual(self.h.state(), before)
        self.assertEqual(self.row()['state'], 'active')

    def test_copied_file(self):
        """A file put there by hand, without uuid, mac and bridge: it works, and keeps what it was given."""
        self.h.stop_netd()
        with open(self.file, 'w') as f:
            f.write("<network><name>keep</name><ip address='192.168.157.1' netmask='255.255.255.0'/></network>")
        self.h.start_netd()
        first = self.h.netctl('net-dumpxml', 'keep').out
        self.assertIn('<uuid>', first)
        self.assertIn("<bridge name='virbr", first)
        self.restart()
        self.assertEqual(self.h.netctl('net-dumpxml', 'keep').out, first)

    def test_copied_network(self):
        """A file that was copied from another network's: both are there, the first is who it was."""
        self.h.start_network(XML)
        self.h.netctl('net-destroy', 'keep')
        before = self.h.netctl('net-dumpxml', 'keep').out
        self.h.stop_netd()
        with open(self.file) as f:
            text = f.read()
        for name in 'a-copy', 'z-copy':
            with open(os.path.join(os.path.dirname(self.file), name + '.xml'), 'w') as f:
                f.write(text.replace('<name>keep', f'<name>{name}'))
        self.h.start_netd()
        self.assertEqual(self.h.netctl('net-dumpxml', 'keep').out, before)
        rows = {n['name']: n for n in self.h.json('status')['networks']}
        self.assertEqual(len({n['uuid'] for n in rows.values()}), 3)
        self.assertEqual(len({n['bridge'] for n in rows.values()}), 3)
        self.assertIn("had the uuid of network 'keep'", rows['a-copy']['problem'])
        self.assertIn("network 'z-copy' has the uuid of network 'keep'", self.h.daemon.log())
        copy = self.h.netctl('net-dumpxml', 'a-copy').out
        self.restart()  # and they keep it
        self.assertEqual(self.h.netctl('net-dumpxml', 'a-copy').out, copy)
        self.assertEqual(self.h.netctl('net-dumpxml', 'keep').out, before)
        self.h.netctl('net-start', 'a-copy')

    def test_strangers(self):
        """What is no definition is told, and harms nobody; nor does a folder, a pipe or a link to nowhere."""
        self.h.define(XML)
        self.h.define(lib.network_xml(name='lost', bridge='virbr8', net='192.168.158'))
        self.h.stop_netd()
        folder = os.path.dirname(self.file)
        os.makedirs(os.path.join(folder, 'dir.xml'))
        os.mkfifo(os.path.join(folder, 'pipe.xml'))
        os.symlink('/nowhere', os.path.join(folder, 'link.xml'))
        with open(os.path.join(folder, 'huge.xml'), 'wb') as f:
            f.truncate(1 << 30)
        shutil.copy(self.file, os.path.join(folder, 'keep.xml.bak'))
        os.unlink(os.path.join(folder, 'lost.xml'))
        self.h.start_netd()
        rows = {n['name']: n['state'] for n in self.h.json('status')['networks']}
        self.assertEqual(rows, {'keep': 'inactive', 'dir': 'broken', 'pipe': 'broken', 'link': 'broken', 'huge': 'broken'})
        for words in 'keep.xml.bak is no definition', "network 'lost' has no file in":
            self.assertIn(words, self.h.daemon.log())
        self.h.netctl('net-start', 'keep')

    def test_defined_anew(self):
        """Where nothing is left of a definition, one of that name takes its place, whatever its uuid."""
        uuid = '5f1a2b3c-0000-4000-8000-0000000000aa'
        for identity, wanted in ('', None), (f'<uuid>{uuid}</uuid>', uuid):
            self.h.define(XML)
            self.h.netctl('net-autostart', 'keep')
            self.h.stop_netd()
            open(self.file, 'w').close()
            os.unlink(self.spare)
            self.h.start_netd()
            row = self.row()
            self.assertEqual(row['state'], 'broken')
            self.assertIn("network 'keep' is broken", self.h.netctl('net-autostart', 'keep', '--disable', check=False).err)
            self.h.netctl('net-define', '-', stdin=f"<network><name>keep</name>{identity}<bridge name='virbr7'/></network>")
            self.assertEqual(self.row()['state'], 'inactive')
            self.assertEqual(self.h.netctl('net-uuid', 'keep').out.strip(), wanted or row['uuid'])
            self.assertTrue(self.row()['autostart'])
            self.restart()
            self.assertEqual(self.h.netctl('net-uuid', 'keep').out.strip(), wanted or row['uuid'])
            self.h.netctl('net-destroy', 'keep', check=False)
            self.h.netctl('net-undefine', 'keep')

    def test_one_bridge_twice(self):
        self.h.define(XML)
        self.h.stop_netd()
        with open(os.path.join(os.path.dirname(self.file), 'twin.xml'), 'w') as f:
            f.write("<network><name>twin</name><bridge name='virbr7'/></network>")
        self.h.start_netd()
        rows = {n['name']: n for n in self.h.json('status')['networks']}
        self.assertEqual(rows['twin']['problem'], "its bridge 'virbr7' is that of network 'keep', too")
        self.assertIn('only one of them can run', self.h.daemon.log())

    def test_reload(self):
        """At SIGHUP files that are new or were edited count, others are left alone, and mistakes change nothing."""
        def reload(words):
            before = self.h.daemon.log().count(words)
            os.kill(self.h.daemon.pid, signal.SIGHUP)
            lib.wait_for(words, lambda: self.h.daemon.log().count(words) > before)

        self.h.start_network(XML)
        folder, log = os.path.dirname(self.file), self.h.daemon.log
        whole = self.h.netctl('net-dumpxml', 'keep', '--inactive').out
        uuid = self.h.netctl('net-uuid', 'keep').out.strip()
        with open(os.path.join(folder, 'new.xml'), 'w') as f:
            f.write("<network><name>new</name><bridge name='virbr9'/></network>")
        with open(os.path.join(folder, 'copy.xml'), 'w') as f:
            f.write(f"<network><name>copy</name><uuid>{uuid}</uuid></network>")
        os.makedirs(os.path.join(folder, '../autostart'), exist_ok=True)
        os.symlink('../networks/keep.xml', os.path.join(folder, '../autostart/keep.xml'))
        reload("network 'new' is defined as its file says now")
        rows = {n['name']: n for n in self.h.json('status')['networks']}
        self.assertEqual(sorted(rows), ['copy', 'keep', 'new'])
        self.assertTrue(rows['keep']['autostart'])
        self.assertNotEqual(rows['copy']['uuid'], uuid)
        self.assertEqual(self.h.netctl('net-dumpxml', 'keep', '--inactive').out, whole)
        self.assertNotIn("'keep' is defined as", log())
        # Who it is need not be in the file; the network runs on as it was started.
        with open(self.file, 'w') as f:
            f.write("<network><name>keep</name><mtu size='1400'/><bridge name='virbr7'/></network>")
        reload("network 'keep' is defined as its file says now")
        self.assertIn("<mtu size='1400'/>", self.h.netctl('net-dumpxml', 'keep', '--inactive').out)
        self.assertNotIn('<mtu', self.h.netctl('net-dumpxml', 'keep').out)
        self.assertEqual(self.h.netctl('net-uuid', 'keep').out.strip(), uuid)
        self.assertIn('<uuid>', open(self.file).read())
        # A mistake, and a file that has gone.
        with open(self.file, 'w') as f:
            f.write('<network><na')
        os.unlink(os.path.join(folder, 'new.xml'))
        reload("network 'new' has no file")
        self.assertIn('the definition stays as it is', log())
        self.assertIn("<mtu size='1400'/>", self.h.netctl('net-dumpxml', 'keep', '--inactive').out)
        self.assertIn('new', self.h.netctl('net-list', '--all', '--name').out.split())

    def test_wrong_name(self):
        self.h.define(XML)
        shutil.copy(self.file, os.path.join(os.path.dirname(self.file), 'other.xml'))
        self.restart()
        rows = {n['name']: n for n in self.h.json('status')['networks']}
        self.assertEqual(rows['keep']['state'], 'inactive')
        self.assertEqual(rows['other']['state'], 'broken')
        self.assertIn("holds the network 'keep'", rows['other']['problem'])

    def test_autostart(self):
        self.h.define(XML)
        self.h.netctl('net-autostart', 'keep')
        self.assertEqual(os.readlink(os.path.join(self.h.root, 'etc/netd/autostart/keep.xml')), '../networks/keep.xml')
        self.restart()
        self.assertEqual(self.row()['state'], 'active')
        # Stopped on request: stays so until the next boot …
        self.h.netctl('net-destroy', 'keep')
        self.restart()
        self.assertEqual(self.row()['state'], 'inactive')
        # … which has an empty /run.
        self.h.stop_netd()
        shutil.rmtree(os.path.join(self.h.root, 'run'))
        self.h.start_netd()
        self.assertEqual(self.row()['state'], 'active')
        self.h.netctl('net-autostart', 'keep', '--disable')
        self.assertFalse(os.path.lexists(os.path.join(self.h.root, 'etc/netd/autostart/keep.xml')))

    def test_run_folder_lost(self):
        """Running state is found again in the kernel."""
        self.h.start_network(XML)
        before = self.h.state()
        self.h.daemon.kill()
        shutil.rmtree(os.path.join(self.h.root, 'run'))
        self.h.start_netd()
        self.assertEqual(self.row()['state'], 'active')
        self.assertEqual(self.h.state(), before)

    def test_renamed_while_running(self):
        """The file got another name while nobody looked: one network of that uuid runs, by the new name."""
        self.h.start_network(XML)
        before = self.h.state()
        self.h.daemon.kill()
        renamed = os.path.join(os.path.dirname(self.file), 'aaa.xml')
        with open(self.file) as f:
            text = f.read()
        with open(renamed, 'w') as f:
            f.write(text.replace('<name>keep</name>', '<name>aaa</name>'))
        os.unlink(self.file)
        self.h.start_netd()
        self.assertEqual([(n['name'], n['state']) for n in self.h.json('status')['networks']], [('aaa', 'active')])
        self.assertEqual(self.h.state()['links'], before['links'])
        self.h.netctl('net-destroy', 'aaa')
        self.assertEqual(self.h.json('status')['networks'][0]['state'], 'inactive')

    def test_folders_lost(self):
        """Whichever folder is gone when the controller is started again: what runs goes on, and guests are served."""
        for folder in ('etc/netd', 'etc/netd/networks', 'etc/netd/autostart', 'var/lib/netd', 'run/netd'):
            self.h.start_network(XML)
            before = self.h.state()
            controller = [p['pid'] for p in self.h.json('status')['processes'] if p['role'] == 'controller'][0]
            shutil.rmtree(os.path.join(self.h.root, folder))
            os.kill(controller, signal.SIGKILL)
            lib.wait_for('another controller', lambda: controller not in
                         [p['pid'] for p in self.h.json('status')['processes']])
            self.assertEqual(self.row()['state'], 'active', folder)
            self.assertEqual(self.h.state(), before, folder)
            guest = self.guest('g', self.h, 'virbr7')
            guest.dhcp()
            guest.remove()
            lib.wait_for('its port to go', lambda: guest.port not in self.h.links())
            self.h.define(lib.network_xml(name='other', bridge='virbr8', net='192.168.158'))
            for name in ('keep', 'other'):
                self.h.netctl('net-destroy', name, check=False)
                self.h.netctl('net-undefine', name, check=False)

    def test_disk_full(self):
        """What can't be written is refused, and nothing is half there."""
        self.h.stop_netd()
        etc = os.path.join(self.h.root, 'etc/netd')
        lib.sh('mount', '-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'nt-etc', etc)
        self.addCleanup(lib.sh, 'umount', '-l', etc)
        self.h.start_netd()
        self.h.define(XML)
        with open(os.path.join(etc, 'filler'), 'wb', buffering=0) as f:
            try:
                while f.write(bytes(4096)):
                    pass
            except OSError:
                pass
        refused = self.h.netctl('net-define', '-', stdin=XML.replace('keep', 'more').replace('virbr7', 'virbr8'), check=False)
        self.assertEqual(refused.rc, 1)
        self.assertIn('No space left on device', refused.err)
        self.assertEqual(self.h.netctl('net-list', '--all', '--name').out.split(), ['keep'])
        self.assertEqual(os.listdir(os.path.join(etc, 'networks')), ['keep.xml'])
        self.h.netctl('net-start', 'keep')
        os.unlink(os.path.join(etc, 'filler'))
        self.h.define(XML.replace('keep', 'more').replace('virbr7', 'virbr8'))


if __name__ == '__main__':
    import unittest
    unittest.main()
