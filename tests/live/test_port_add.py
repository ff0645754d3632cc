# SPDX-License-Identifier: GPL-2.0-or-later
"""port-add: ports with their interfaces, for guests that nobody's VM manager starts."""
import os
import re
import signal
import subprocess
import unittest

import lib

MAC = '52:54:00:aa:bb:01'
GROUPS = lib.network_xml(name='net1', bridge='virbr1', extra="""<portgroup name='slow'><bandwidth>
<inbound average='250'/><outbound average='125'/></bandwidth></portgroup><portgroup name='all' default='yes'/>""")
NOBODY = 65534


class PortAdd(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.h.start_network(GROUPS)

    def add(self, *words, network='net1', check=True):
        done = self.h.netctl('-q', 'port-add', network, *words, check=check)
        return done.out.strip() if check else done.err

    def row(self, interface, network='net1'):
        rows = [r for r in self.h.json('port-list', network)['ports'] if r['interface'] == interface]
        self.assertEqual(len(rows), 1, interface)
        return rows[0]

    def uuids(self, network='net1'):
        return set(self.h.netctl('-q', 'net-port-list', network, '--uuid').out.split())

    def link(self, name):
        rows = self.h.ip_json('-d', 'link', 'show', 'dev', name)
        return rows[0]

    def master(self, name):
        return self.link(name).get('master')

    def test_tap(self):
        name = self.add('--tap', 'guest1', '--owner', NOBODY, '--mac', MAC, '--vnet-hdr', '--multi-queue', '--for', 'vm1')
        self.assertEqual(name, 'guest1')
        link = self.link('guest1')
        self.assertEqual((link['master'], link['address']), ('virbr1', 'fe:54:00:aa:bb:01'))
        tap = [r for r in self.h.ip_json('tuntap') if r['ifname'] == 'guest1'][0]
        self.assertEqual((tap.get('user'), set(tap['flags']) >= {'tap', 'multi_queue', 'persist', 'vnet_hdr'}),
                         (NOBODY, True), tap)
        row = self.row('guest1')
        self.assertEqual((row['type'], row['mac'], row['owner'], row['portgroup'], row['made-by-netd']),
                         ('tap', MAC, 'vm1', None, True))
        self.assertEqual(self.uuids(), {row['uuid']})
        xml = self.h.netctl('net-port-dumpxml', 'net1', row['uuid']).out
        self.assertIn(f"<mac address='{MAC}'/>\n  <plug type='network' bridge='virbr1'/>\n", xml)
        self.assertIn("type='tap' name='guest1'/>", xml)
        self.assertIn("<network connections='1'>", self.h.netctl('net-dumpxml', 'net1').out)
        # That user can open it, nobody else but root.
        script = ("import fcntl, os, struct, sys\nos.setgid(65534); os.setuid(int(sys.argv[1]))\n"
                  "f = os.open('/dev/net/tun', os.O_RDWR)\n"
                  "fcntl.ioctl(f, 0x400454ca, struct.pack('16sH22x', b'guest1', 0x5102))\n")
        self.assertEqual(self.h.sh('python3', '-c', script, NOBODY, check=False).rc, 0)
        self.assertIn('not permitted', self.h.sh('python3', '-c', script, 12345, check=False).err)
        self.h.netctl('port-remove', 'net1', 'guest1')
        self.assertNotIn('guest1', self.h.links())
        self.assertEqual(self.uuids(), set())

    def test_stays(self):
        """Through net-destroy and net-start, and the controller's end at any time."""
        mine = self.add('--mac', MAC, '--isolated', '--inbound', '300,,,')
        uuid = self.row(mine)['uuid']
        theirs = os.path.join(self.folder, 'port.xml')
        with open(theirs, 'w') as f:
            f.write('<networkport><uuid>00000001-1111-2222-3333-444444444444</uuid><owner><name>vm1</name><uuid>'
                    "a1a1a1a1-0000-0000-0000-000000000001</uuid></owner><mac address='52:54:00:aa:bb:02'/></networkport>")
        self.h.netctl('net-port-create', 'net1', theirs)
        self.assertEqual(len(self.uuids()), 2)

        def whole():
            row = self.row(mine)
            self.assertEqual((row['uuid'], row['mac'], row['isolated']), (uuid, MAC, True))
            self.assertEqual(self.master(mine), 'virbr1')
            self.assertTrue(self.link(mine)['linkinfo']['info_slave_data']['isolated'])
            self.assertIn('inbound.average: 300\n', self.h.netctl('port-tune', 'net1', mine).out)
            self.assertIn("<inbound average='300'/>", self.h.netctl('net-port-dumpxml', 'net1', uuid).out)

        self.h.netctl('net-destroy', 'net1')
        self.assertIsNone(self.master(mine))
        self.assertIn('is not active', self.h.netctl('net-port-list', 'net1', check=False).err)
        self.assertEqual(self.row(mine)['state'], 'detached')
        self.h.netctl('net-start', 'net1')
        whole()
        self.assertEqual(self.uuids(), {uuid}, "a VM manager's ports go with the network")
        self.kill_controller()
        whole()
        self.h.netctl('net-destroy', 'net1')
        self.kill_controller()
        self.h.netctl('net-start', 'net1')
        whole()
        # Under another name, on a bridge of another name, it is still the same.
        self.h.sh('ip', 'link', 'set', mine, 'name', 'renamed')
        mine = 'renamed'
        lib.wait_for('the new name', lambda: mine in self.h.netctl('port-list', 'net1').out)
        self.h.stop_netd()
        self.h.sh('ip', 'link', 'set', mine, 'name', 'again')
        mine = 'again'
        self.h.start_netd()
        whole()
        self.assertIn('name=\'again\'', self.h.netctl('net-port-dumpxml', 'net1', uuid).out)
        self.h.netctl('net-destroy', 'net1')
        self.h.netctl('net-define', '-', stdin=self.h.netctl('net-dumpxml', 'net1').out.replace('virbr1', 'virbr5'))
        self.h.netctl('net-start', 'net1')
        self.assertIn("<plug type='network' bridge='virbr5'/>", self.h.netctl('net-port-dumpxml', 'net1', uuid).out)
        self.assertEqual(self.master(mine), 'virbr5')
        # With the network it goes.
        self.h.netctl('net-undefine', 'net1')
        self.assertIn(mine, self.h.links())
        self.h.netctl('net-destroy', 'net1')
        lib.wait_for('the tap to go', lambda: mine not in self.h.links())
        self.assertEqual(os.listdir(os.path.join(self.h.root, 'run/netd/ports')), [])

    def kill_controller(self):
        before = [p for p in self.h.json('status')['processes'] if p['role'] == 'controller'][0]['pid']
        os.kill(before, signal.SIGKILL)

        def back():
            done = self.h.netctl('--json', 'status', check=False)
            return done.rc == 0 and f'"pid": {before}' not in done.out
        lib.wait_for('another controller', back)

    def test_netns(self):
        guest = lib.Namespace(self, 'guest')
        name = self.add('--netns', guest.ns, '--ifname', 'eth7', '--mac', MAC)
        inside = guest.ip_json('link', 'show', 'dev', 'eth7')[0]
        self.assertEqual(inside['address'], MAC)
        self.assertEqual((self.row(name)['type'], self.master(name)), ('veth', 'virbr1'))
        guest.sh('ip', 'link', 'set', 'eth7', 'up')
        guest.sh('ip', 'addr', 'add', '192.168.150.9/24', 'dev', 'eth7')
        guest.ping('192.168.150.1')
        self.h.netctl('net-destroy', 'net1')
        self.h.netctl('net-start', 'net1')
        guest.ping('192.168.150.1')
        self.kill_controller()
        guest.ping('192.168.150.1')
        # By a path and by a process; eth0 is what it is called otherwise.
        other = self.add('--netns', f'/run/netns/{guest.ns}')
        self.assertIn('eth0', guest.links())
        self.h.netctl('port-remove', 'net1', self.row(other)['uuid'])
        lib.wait_for('eth0 to go', lambda: 'eth0' not in guest.links())
        sleeper = guest.spawn('sleep', '60')
        lib.wait_for('the sleeper', lambda: os.readlink(f'/proc/{sleeper.pid}/ns/net') != os.readlink('/proc/self/ns/net'))
        third = self.add('--netns', sleeper.pid, '--ifname', 'eth1')
        self.assertIn('eth1', guest.links())
        # When the namespace goes, so do its ports.
        self.assertEqual(len(self.uuids()), 2)
        sleeper.kill()
        guest.remove()
        lib.wait_for('the ports to go', lambda: self.uuids() == set())
        self.assertFalse({name, third} & self.h.links())

    def test_refusals(self):
        guest = lib.Namespace(self, 'guest')
        self.h.define(lib.network_xml(name='off', bridge='virbr2', net='192.168.151'))
        self.h.start_network("<network><name>host</name><forward mode='bridge'/><bridge name='br0'/></network>")
        self.h.sh('ip', 'link', 'add', 'taken', 'type', 'bridge')
        self.add('--tap', 'mine', '--mac', MAC)
        plain = os.path.join(self.folder, 'plain')
        open(plain, 'w').close()
        before, ports = self.h.links(), self.uuids()
        rows = [((), 'nosuch', "failed to get network 'nosuch'"),
                ((), 'off', "network 'off' is not active"),
                ((), 'host', "the bridge 'br0' of this host is missing"),
                (('--tap', 'taken'), 'net1', "interface 'taken' exists already"),
                (('--tap', 'mine'), 'net1', "interface 'mine' exists already"),
                (('--tap', 'a-name-that-is-too-long'), 'net1', "can't be the name of an interface"),
                (('--tap', 'a/b'), 'net1', 'is no interface name'),
                (('--portgroup', 'nosuch'), 'net1', "network 'net1' has no portgroup 'nosuch'"),
                (('--mac', MAC), 'net1', f'a port with the MAC address {MAC} already'),
                (('--mac', '01:00:5e:00:00:01'), 'net1', "invalid MAC address: 01:00:5e:00:00:01 can't be"),
                (('--mac', 'zz'), 'net1', 'invalid MAC address: zz'),
                (('--mac', re.search(r"<mac address='(.*)'", self.h.netctl('net-dumpxml', 'net1').out).group(1)), 'net1',
                 "is the gateway's"),
                (('--owner', 'nosuchuser'), 'net1', "there is no user 'nosuchuser'"),
                (('--owner', '4294967295'), 'net1', "there is no user '4294967295'"),
                (('--group', 'nosuchgroup'), 'net1', "there is no group 'nosuchgroup'"),
                (('--netns', 'nt-nosuch'), 'net1', "cannot open network namespace 'nt-nosuch'"),
                (('--netns', plain), 'net1', 'not a network namespace'),
                (('--netns', f'/run/netns/{self.h.ns}'), 'net1', "the host's own"),
                (('--netns', guest.ns, '--ifname', 'lo'), 'net1', "'lo' exists already in the guest's network namespace"),
                (('--netns', guest.ns, '--ifname', 'a-name-that-is-too-long'), 'net1', "can't be the name of an interface"),
                (('--netns', guest.ns, '--owner', '0'), 'net1', 'mutually exclusive'),
                (('--ifname', 'eth0'), 'net1', '--netns'),
                (('--inbound', 'x'), 'net1', '--inbound must be average,peak,burst,floor'),
                (('--outbound', '1,2,3,4'), 'net1', '--outbound must be average,peak,burst'),
                (('--inbound', '1,1,1,10'), 'net1', "Invalid use of 'floor'")]
        for words, network, text in rows:
            done = self.h.netctl('port-add', network, *words, check=False)
            self.assertIn(text, done.err, words)
            self.assertEqual(done.rc, 1, words)
        self.assertEqual((self.h.links(), self.uuids(), guest.links()), (before, ports, set()))
        self.assertEqual(len(os.listdir(os.path.join(self.h.root, 'run/netd/ports'))), 1)
        self.assertIn('read only access', self.h.netctl('--connect', self.h.socket + '-ro', 'port-add', 'net1',
                                                        check=False).err)
        for words, text in ((('port-remove', 'net1', 'nosuch'), "'nosuch' is no port"),
                            (('port-remove', 'net1', 'taken'), "'taken' is no port"),
                            (('port-tune', 'net1', 'nosuch'), "has no port 'nosuch'")):
            self.assertIn(text, self.h.netctl(*words, check=False).err)

    @lib.needs('python3')
    def test_not_into_a_strangers_namespace(self):
        """Whoever isn't root gives interfaces to namespaces of their own only."""
        guest = lib.Namespace(self, 'guest')
        for path in (self.folder, self.h.root):
            os.chmod(path, 0o755)
        os.chmod(self.h.socket, 0o666)
        words = [lib.NETCTL, '--root', self.h.root, '-q', 'port-add', 'net1', '--netns']
        as_nobody = ['setpriv', '--reuid', str(NOBODY), '--regid', str(NOBODY), '--clear-groups']
        done = self.h.sh(*as_nobody, *words, guest.ns, check=False)
        self.assertIn(f"the network namespace doesn't belong to user {NOBODY}", done.err)
        self.assertEqual(guest.links(), set())
        own = subprocess.Popen(self.h.words(*as_nobody, 'unshare', '-Urn', 'sleep', '30'), stdout=subprocess.DEVNULL)
        self.addCleanup(own.wait)
        self.addCleanup(own.kill)
        lib.wait_for('its namespaces', lambda: own.poll() is not None or
                     os.readlink(f'/proc/{own.pid}/ns/user') != os.readlink('/proc/self/ns/user'))
        if own.poll() is not None:
            self.skipTest('users may make no namespaces here')
        here = self.h.sh('readlink', '/proc/self/ns/net').out.strip()
        lib.wait_for('its network', lambda: os.readlink(f'/proc/{own.pid}/ns/net') != here)
        self.h.sh(*words, str(own.pid))
        self.assertEqual(len(self.uuids()), 1)

    def test_groups_and_bandwidth(self):
        slow = self.add('--portgroup', 'slow')
        uuid = self.row(slow)['uuid']
        self.assertEqual(self.row(slow)['portgroup'], 'slow')
        xml = self.h.netctl('net-port-dumpxml', 'net1', uuid).out
        self.assertIn("<inbound average='250'/>", xml)
        self.assertIn("<outbound average='125'/>", xml)
        if 'htb' not in self.h.sh('tc', 'qdisc', 'show', 'dev', slow).out:
            self.skipTest('this kernel has no HTB')
        self.assertIn('rate 2Mbit', self.h.sh('tc', 'class', 'show', 'dev', slow).out)
        ifbs = {n for n in self.h.links() if n.startswith('netdi')}
        self.h.netctl('port-tune', 'net1', slow, '--inbound', '500,1000')
        shown = self.h.sh('tc', 'class', 'show', 'dev', slow).out
        self.assertIn('rate 4Mbit ceil 8Mbit', shown)
        self.assertEqual(self.h.json('port-tune', 'net1', slow)['inbound.average'], 500)
        self.assertEqual(self.h.json('port-tune', 'net1', uuid)['outbound.average'], 125)
        # A floor needs what the network has.
        self.assertIn("Invalid use of 'floor'",
                      self.h.netctl('port-tune', 'net1', slow, '--inbound', '1,1,1,7', check=False).err)
        self.h.netctl('port-tune', 'net1', slow, '--inbound', '0', '--outbound', '0')
        self.assertNotIn('htb', self.h.sh('tc', 'qdisc', 'show', 'dev', slow).out)
        self.h.netctl('port-tune', 'net1', slow, '--outbound', '100')
        self.h.netctl('port-remove', 'net1', slow)
        self.assertFalse({n for n in self.h.links() if n.startswith('netdi')}, ifbs)

    def test_device_gone(self):
        """Deleted by hand, the interface takes its port along, whether somebody watches or not."""
        one, two = self.add(), self.add('--outbound', '100')
        self.h.sh('ip', 'link', 'del', one)
        lib.wait_for('the port to go', lambda: len(self.uuids()) == 1)
        self.h.stop_netd()
        self.h.sh('ip', 'link', 'del', two)
        self.h.start_netd()
        self.assertEqual(self.uuids(), set())
        self.assertEqual(os.listdir(os.path.join(self.h.root, 'run/netd/ports')), [])

    def test_deleted_as_libvirts(self):
        """net-port-delete leaves no interface behind."""
        name = self.add()
        self.h.netctl('net-port-delete', 'net1', self.row(name)['uuid'])
        self.assertNotIn(name, self.h.links())
        again = self.h.netctl('net-port-dumpxml', 'net1', self.uuid_of_new_port()).out
        path = os.path.join(self.folder, 'copy.xml')
        with open(path, 'w') as f:
            f.write(re.sub(r"<plug.*\n", '', again))
        self.assertIn('netctl port-add', self.h.netctl('net-port-create', 'net1', path, check=False).err)

    def uuid_of_new_port(self):
        return self.row(self.add())['uuid']

    def test_many_at_once(self):
        """Callers side by side, some with the same wishes: one of them wins, nothing is left of the others."""
        crowd = [subprocess.Popen(self.h.words(lib.NETCTL, '--root', self.h.root, '-q', 'port-add', 'net1', '--mac',
                                               f'52:54:00:00:00:{i // 2:02x}', '--tap', f'p{i // 3}'),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for i in range(24)]
        won = [p.communicate()[0].strip() for p in crowd]
        made = {w for w in won if w}
        self.assertEqual({n for n in self.h.links() if re.fullmatch(r'p\d', n)}, made)
        rows = [r for r in self.h.json('port-list', 'net1')['ports']]
        self.assertEqual({r['interface'] for r in rows}, made)
        self.assertEqual(len({r['mac'] for r in rows}), len(rows))
        self.assertEqual(len(self.uuids()), len(made))
        self.assertGreaterEqual(len(made), 4)

    def test_foreign_ones_are_listed(self):
        self.h.sh('ip', 'link', 'add', 'dum0', 'type', 'veth', 'peer', 'name', 'dum1')
        self.h.sh('ip', 'link', 'set', 'dum0', 'master', 'virbr1')
        tap = self.add()
        listed = self.h.netctl('port-list', 'net1').out
        self.assertRegex(listed, r' dum0 +veth +- +- +- +\w+ +-\n')
        self.assertRegex(listed, rf' {tap} +tap +52:54:00\S+ +- +netctl +\w+ +\S{{36}}\n')
        self.h.netctl('port-remove', 'net1', 'dum0')
        self.assertIn('dum0', self.h.links())
        self.assertIsNone(self.master('dum0'))


if __name__ == '__main__':
    unittest.main()
