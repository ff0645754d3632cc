# SPDX-License-Identifier: GPL-2.0-or-later
"""<netd:zone file='…'/>: records out of a zone file, read at the start and whenever they change."""
import os
import signal

import lib
from test_dhcp_daemon import processes

XML = """<network><name>net1</name><metadata><netd:network xmlns:netd='urn:netd:network:1'><netd:dns>
<netd:zone file='%s'/>%s</netd:dns></netd:network></metadata><bridge name='virbr1' stp='off' delay='0'/>
<domain name='lab'/><dns><host ip='192.168.150.9'><hostname>web</hostname></host></dns>
<ip address='192.168.150.1' netmask='255.255.255.0'/></network>"""
TEXT = '$TTL 300\n@ SOA ns me 1 2 3 4 5\npub A 192.0.2.1\nftp CNAME pub\n@ MX 10 pub\n'


class Zone(lib.Case):
    def setUp(self):
        super().setUp()
        self.net = self.host()
        self.folder_of_zone = os.path.join(self.net.root, 'zones')
        os.mkdir(self.folder_of_zone)
        self.file = os.path.join(self.folder_of_zone, 'lab.zone')
        self.write(TEXT)

    def write(self, text):
        """As an editor does."""
        with open(self.file + '.new', 'w', encoding='ascii') as f:
            f.write(text)
        os.rename(self.file + '.new', self.file)

    def start(self, more=''):
        self.net.start_network(XML % (self.file, more))

    def data(self, name, kind='A'):
        o = self.net.json('dns-lookup', 'net1', name, kind)
        return [(r['type'], r['ttl'], r['data']) for r in o['answer']]

    def conditions(self):
        return [c['object'] for c in self.net.json('status')['conditions'] if c['kind'] == 'zone-file']

    def test_served_and_followed(self):
        self.start("<netd:alias name='www' of='web'/>")
        self.assertEqual(self.data('pub.lab'), [('A', 300, '192.0.2.1')])
        self.assertEqual(self.data('ftp.lab'), [('CNAME', 300, 'pub.lab.'), ('A', 300, '192.0.2.1')])
        self.assertEqual(self.data('lab', 'MX'), [('MX', 300, '10 pub.lab.')])
        self.assertEqual(self.data('www.lab')[-1][2], '192.168.150.9')
        self.assertEqual(self.data('lab', 'SOA')[0][2].split()[0], '_gateway.lab.')
        self.assertIn('records of type SOA are left out', self.net.daemon.log())
        # replaced, written in place, replaced as the target of a link
        self.write('pub A 192.0.2.2\n')
        lib.wait_for('the new one', lambda: self.data('pub.lab') == [('A', 60, '192.0.2.2')])
        self.assertEqual(self.data('ftp.lab'), [])
        with open(self.file, 'a', encoding='ascii') as f:
            f.write('more A 192.0.2.3\n')
        lib.wait_for('one more', lambda: self.data('more.lab'))
        # a mistake: all stays, and is said
        self.write('pub A 192.0.2.4\nbad A x\n')
        lib.wait_for('the condition', self.conditions)
        self.assertIn('line 2', self.net.netctl('status').out)
        self.assertEqual(self.data('pub.lab'), [('A', 60, '192.0.2.2')])
        self.assertTrue(self.data('more.lab'))
        # another change of the network keeps the records, too
        self.net.netctl('net-update', 'net1', 'add', 'dns-host', "<host ip='192.168.150.8'><hostname>x</hostname></host>", '--live')
        self.assertEqual((self.data('x.lab')[0][2], self.data('pub.lab')[0][2]), ('192.168.150.8', '192.0.2.2'))
        pid, = processes(self.net, 'netd-worker', 'dns')
        os.kill(pid, signal.SIGKILL)
        lib.wait_for('another worker', lambda: processes(self.net, 'netd-worker', 'dns') not in ([], [pid]))
        self.assertEqual(self.data('pub.lab')[0][2], '192.0.2.2')
        self.write('pub A 192.0.2.5\n')
        lib.wait_for('the good one', lambda: self.data('pub.lab') == [('A', 60, '192.0.2.5')])
        self.assertEqual(self.conditions(), [])

    def test_a_link_and_a_reload(self):
        real = os.path.join(self.net.root, 'real.zone')
        os.rename(self.file, real)
        os.symlink(real, self.file)
        self.start()
        with open(real + '.new', 'w', encoding='ascii') as f:
            f.write('pub A 192.0.2.2\n')
        os.rename(real + '.new', real)
        lib.wait_for('the target', lambda: self.data('pub.lab') == [('A', 60, '192.0.2.2')])
        pid, = processes(self.net, 'netd')
        os.kill(pid, signal.SIGHUP)
        lib.wait_for('the reload', lambda: self.net.daemon.log().count('has been read again') == 2)

    def test_survives_restarts(self):
        self.start()
        pid, = processes(self.net, 'netd-controller')
        os.kill(pid, signal.SIGKILL)
        lib.wait_for('another controller', lambda: processes(self.net, 'netd-controller') not in ([], [pid]))
        lib.wait_for('the records', lambda: self.net.netctl('dns-lookup', 'net1', 'pub.lab', check=False).out.find('192.0.2.1') > 0)
        self.write('pub A 192.0.2.2\n')
        lib.wait_for('it is followed', lambda: self.data('pub.lab') == [('A', 60, '192.0.2.2')])

    def test_refused_starts(self):
        fifo = os.path.join(self.folder_of_zone, 'fifo')
        os.mkfifo(fifo)
        self.net.define(XML % (self.file, ''))
        for text, why in (('a A 1.2.3.4\nb A x\n', 'lab.zone line 2: '), ('$INCLUDE /etc/passwd\n', "lab.zone line 1: $INCLUDE isn't allowed"),
                          ('web CNAME pub\n', "the network's definition has the name too"),
                          ('x.example.com. A 192.0.2.1\n', "isn't below the network's domain"),
                          ('; ' + 'x' * (1 << 20), 'is larger than')):
            self.write(text)
            refused = self.net.netctl('net-start', 'net1', check=False)
            self.assertEqual(refused.rc, 1)
            self.assertIn(why, refused.err)
            self.assertNotIn('virbr1', self.net.links())
        os.unlink(self.file)
        self.assertIn('No such file', self.net.netctl('net-start', 'net1', check=False).err)
        os.rename(fifo, self.file)
        self.assertIn('is not a regular file', self.net.netctl('net-start', 'net1', check=False).err)
        self.write(TEXT)
        self.net.netctl('net-start', 'net1')
        self.assertIn('<netd:zone file=', self.net.netctl('net-dumpxml', 'net1').out)

    def test_the_definition_names_another(self):
        self.start()
        other = os.path.join(self.folder_of_zone, 'other')
        with open(other, 'w', encoding='ascii') as f:
            f.write('other A 192.0.2.77\n')
        self.net.netctl('net-apply', '-', stdin=XML % (other, ''))
        lib.wait_for('the other', lambda: self.data('other.lab'))
        self.assertEqual(self.data('pub.lab'), [])


if __name__ == '__main__':
    import unittest
    unittest.main()
