# SPDX-License-Identifier: GPL-2.0-or-later
"""Port objects, as libvirt's QEMU driver makes them: by virsh's net-port verbs."""
import os
import re

import lib

MAC = '52:54:00:aa:bb:01'
OWNER = '<owner><name>vm1</name><uuid>a1a1a1a1-0000-0000-0000-000000000001</uuid></owner>'


def port_xml(number, more='', mac=MAC):
    return (f'<networkport><uuid>{number:08x}-1111-2222-3333-444444444444</uuid>{OWNER}'
            f"<mac address='{mac}'/>{more}</networkport>")


class Ports(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()

    def create(self, network, xml, check=True):
        path = os.path.join(self.folder, f'port-{self.next_number()}.xml')
        with open(path, 'w') as f:
            f.write(xml)
        done = self.h.virsh('net-port-create', network, path, check=check)
        return done.out.split()[2] if not done.rc else done.err

    def dump(self, network, uuid):
        return self.h.virsh('net-port-dumpxml', network, uuid).out

    def test_life(self):
        self.h.start_network(lib.network_xml(name='net1', bridge='virbr1'))
        one = self.create('net1', port_xml(1))
        self.assertEqual(self.dump('net1', one), f"""<networkport>
  <uuid>{one}</uuid>
  <owner>
    <name>vm1</name>
    <uuid>a1a1a1a1-0000-0000-0000-000000000001</uuid>
  </owner>
  <mac address='{MAC}'/>
  <plug type='network' bridge='virbr1'/>
</networkport>

""")
        two = self.create('net1', port_xml(2))  # the same MAC and owner: a live change makes the new port first
        listed = self.h.virsh('net-port-list', 'net1').out
        self.assertIn(one, listed)
        self.assertIn(two, listed)
        self.assertIn("<network connections='2'>", self.h.virsh('net-dumpxml', 'net1').out)
        self.assertNotIn('connections', self.h.virsh('net-dumpxml', 'net1', '--inactive').out)
        self.assertIn(f'Network port with UUID {one} already exists', self.create('net1', port_xml(1), check=False))
        # They outlive the daemon.
        self.h.daemon.kill()
        self.h.start_netd()
        self.assertIn("<network connections='2'>", self.h.virsh('net-dumpxml', 'net1').out)
        self.assertIn("<plug type='network' bridge='virbr1'/>", self.dump('net1', two))
        self.h.virsh('net-port-delete', 'net1', one)
        self.assertIn(f"failed to get network port '{one}'",
                      self.h.virsh('net-port-dumpxml', 'net1', one, check=False).err)
        # Destroying the network takes the rest along, for good.
        self.h.netctl('net-destroy', 'net1')
        self.assertIn("network 'net1' is not active", self.h.virsh('net-port-list', 'net1', check=False).err)
        self.h.netctl('net-start', 'net1')
        self.assertNotIn('connections', self.h.virsh('net-dumpxml', 'net1').out)
        self.assertIn("not active", self.inactive_create())

    def inactive_create(self):
        self.h.netctl('net-destroy', 'net1')
        return self.create('net1', port_xml(9), check=False)

    def test_left_behind(self):
        """Ports of guests that ended while netd didn't run are forgotten when the guest comes again."""
        self.h.start_network("<network><name>pass</name><forward mode='passthrough'><interface dev='up1'/></forward></network>")
        self.h.start_network(lib.network_xml(name='net1', bridge='virbr1'))
        self.create('pass', port_xml(1))
        running = self.create('net1', port_xml(2, mac='52:54:00:aa:bb:02'))
        gone = self.create('net1', port_xml(3, mac='52:54:00:aa:bb:03'))
        self.h.sh('ip', 'tuntap', 'add', 'vnet2', 'mode', 'tap')
        self.h.sh('ip', 'link', 'set', 'vnet2', 'address', 'fe:54:00:aa:bb:02')
        self.assertIn('requires exclusive access', self.create('pass', port_xml(4), check=False), 'in one life')
        self.h.stop_netd()
        self.h.start_netd()
        other = port_xml(5).replace('a1a1a1a1', 'b2b2b2b2')
        self.assertIn('requires exclusive access', self.create('pass', other, check=False), "somebody else's")
        again = self.create('pass', port_xml(6))
        self.assertEqual(self.h.virsh('net-port-list', 'pass', '--uuid').out.split(), [again])
        changed = self.create('net1', port_xml(7, mac='52:54:00:aa:bb:02'))
        back = self.create('net1', port_xml(8, mac='52:54:00:aa:bb:03'))
        listed = set(self.h.virsh('net-port-list', 'net1', '--uuid').out.split())
        self.assertEqual(listed, {running, changed, back})
        self.assertNotIn(gone, listed)

    def test_plugs(self):
        rows = [("<forward mode='bridge'/><bridge name='br0'/>", "<plug type='bridge' bridge='br0'/>"),
                ("<forward mode='bridge'><interface dev='up1'/><interface dev='up2'/></forward>",
                 "<plug type='direct' dev='up1' mode='bridge'/>"),
                ("<forward mode='vepa'><interface dev='up1'/></forward>", "<plug type='direct' dev='up1' mode='vepa'/>"),
                ("<bridge name='virbr4' macTableManager='libvirt'/>",
                 "<plug type='network' bridge='virbr4' macTableManager='libvirt'/>")]
        for number, (body, plug) in enumerate(rows):
            self.h.start_network(f'<network><name>n{number}</name>{body}</network>')
            uuid = self.create(f'n{number}', port_xml(10 + number))
            self.assertIn(plug, self.dump(f'n{number}', uuid))
        # The device with the fewest users; an exclusive one is used once.
        second = self.create('n1', port_xml(20))
        self.assertIn("dev='up2'", self.dump('n1', second))
        self.h.start_network("<network><name>pass</name><forward mode='passthrough'><interface dev='up1'/></forward></network>")
        self.create('pass', port_xml(30))
        self.assertIn('requires exclusive access to interfaces', self.create('pass', port_xml(31), check=False))

    def test_used_device_stays(self):
        """A device that a guest is plugged into isn't taken out of the pool, be it by net-update or by net-apply."""
        self.h.start_network("<network><name>pool</name><forward mode='bridge'><interface dev='up1'/><interface dev='up2'/>"
                             "</forward></network>")
        port = self.create('pool', port_xml(1))
        drop = ('net-update', 'pool', 'delete', 'forward-interface', "<interface dev='up1'/>", '--live', '--config')
        whole = self.h.netctl('net-dumpxml', 'pool', '--inactive').out
        less = whole.replace("    <interface dev='up1'/>\n", '').replace("dev='up1' ", "dev='up2' ")
        for refused in self.h.virsh(*drop, check=False), self.h.netctl('net-apply', '-', stdin=less, check=False):
            self.assertEqual(refused.rc, 1)
            self.assertIn("unable to delete interface 'up1' in network 'pool'. It is currently being used by 1 domains.",
                          refused.err)
        self.assertEqual(self.h.netctl('net-dumpxml', 'pool', '--inactive').out, whole)
        self.h.virsh('net-port-delete', 'pool', port)
        self.h.virsh(*drop)
        self.assertNotIn('up1', self.h.netctl('net-dumpxml', 'pool').out)

    def test_users_of_devices(self):
        """What a pool's devices have is shown in the running form, and in that alone."""
        self.h.start_network("<network><name>pool</name><forward mode='bridge'><interface dev='up1'/><interface dev='up2'/>"
                             "</forward></network>")
        self.h.start_network("<network><name>own</name><forward mode='passthrough'><interface dev='up3'/>"
                             "<interface dev='up4'/></forward></network>")
        for number in range(3):
            self.create('pool', port_xml(number))
        text = self.h.virsh('net-dumpxml', 'pool').out
        self.assertIn("<network connections='3'>", text)
        self.assertIn("""    <interface dev='up1' connections='2'/>
    <interface dev='up2' connections='1'/>""", text)
        self.assertNotIn('connections', self.h.virsh('net-dumpxml', 'pool', '--inactive').out)
        self.assertNotIn('connections', self.h.virsh('net-dumpxml', 'own').out)
        self.h.define(text.replace('pool', 'copy').replace('<uuid>', '<!--').replace('</uuid>', '-->'))
        self.assertNotIn('connections', self.h.virsh('net-dumpxml', 'copy').out)
        first, second = (self.create('own', port_xml(n)) for n in (10, 11))
        self.assertIn("dev='up3' mode='passthrough'", self.dump('own', first))
        self.assertIn("dev='up4' mode='passthrough'", self.dump('own', second))
        self.assertIn('requires exclusive access', self.create('own', port_xml(12), check=False))
        self.h.daemon.kill()
        self.h.start_netd()
        self.assertIn("<interface dev='up3' connections='1'/>", self.h.virsh('net-dumpxml', 'own').out)
        self.h.virsh('net-port-delete', 'own', first)
        self.assertIn("<interface dev='up3'/>", self.h.virsh('net-dumpxml', 'own').out)
        self.assertIn("dev='up3'", self.dump('own', self.create('own', port_xml(12))))

    def test_groups(self):
        self.h.start_network("<network><name>g</name><bridge name='virbr5'/><bandwidth><inbound average='1000' peak='2000'/>"
                             "</bandwidth><port isolated='yes'/><portgroup name='a' default='yes'><bandwidth>"
                             "<outbound average='10'/></bandwidth></portgroup><portgroup name='b' trustGuestRxFilters='yes'/></network>")
        by_default = self.dump('g', self.create('g', port_xml(1)))
        self.assertIn("<outbound average='10'/>", by_default)
        self.assertIn("<port isolated='yes'/>", by_default)
        by_name = self.dump('g', self.create('g', port_xml(2, '<group>b</group>')))
        self.assertIn('<group>b</group>', by_name)
        self.assertIn("<rxfilters trustGuest='yes'/>", by_name)
        self.assertNotIn('bandwidth', by_name)
        # Floors are counted against the network's peak.
        floor = "<bandwidth><inbound average='100' floor='{}'/></bandwidth>"
        first = self.dump('g', self.create('g', port_xml(3, floor.format(1500))))
        self.assertRegex(first, r"<bandwidth classID='3'>")
        self.assertIn('2100 kilobytes per second', self.create('g', port_xml(4, floor.format(600)), check=False))
        self.assertRegex(self.dump('g', self.create('g', port_xml(5, floor.format(500)))), r"<bandwidth classID='4'>")

    def test_refusals(self):
        self.h.start_network(lib.network_xml(name='net1', bridge='virbr1'))
        rows = [(port_xml(1, "<plug type='network' bridge='x'/>"), 'must not have a <plug>'),
                (port_xml(1).replace(OWNER, ''), 'Missing network port owner name'),
                (re.sub('<uuid>0.*?</uuid>', '', port_xml(1), count=1), 'Missing network port uuid'),
                (port_xml(1, "<virtualport type='openvswitch'/>"),
                 "<virtualport type='openvswitch'> not supported for network 'net1' which uses IP forwarding"),
                (port_xml(1, '<virtualport/>'), "<virtualport type='none'> not supported"),
                (port_xml(1, "<bandwidth><inbound average='1' floor='1'/></bandwidth>"), 'has no inbound QoS set'),
                ('<port/>', 'expecting <networkport>'), ('<networkport', 'end of Start Tag')]
        for xml, words in rows:
            self.assertIn(words, self.create('net1', xml, check=False))
        self.assertEqual(self.h.virsh('net-port-list', 'net1', '--uuid').out.split(), [])

    def test_virtualports(self):
        """As libvirt: which types a kind of network takes, what is merged, and what is chosen."""
        for device in ('up1', 'br1'):
            self.h.sh('ip', 'link', 'add', device, 'type', 'bridge')
        qbg = "<virtualport type='802.1Qbg'><parameters managerid='{}' typeid='7' typeidversion='2'/></virtualport>"
        self.h.start_network("<network><name>v</name><forward mode='vepa'><interface dev='up1'/></forward>"
                             f'{qbg.format(11)}</network>')
        self.h.start_network("<network><name>m</name><forward mode='bridge'><interface dev='up1'/></forward></network>")
        self.h.start_network("<network><name>b</name><forward mode='bridge'/><bridge name='br1'/></network>")
        self.assertRegex(self.dump('v', self.create('v', port_xml(1))),
                         "<parameters managerid='11' typeid='7' typeidversion='2' instanceid='[0-9a-f-]{36}'/>")
        self.assertRegex(self.dump('b', self.create('b', port_xml(2, "<virtualport type='openvswitch'/>"))),
                         "<parameters interfaceid='[0-9a-f-]{36}'/>")
        for net, xml, words in (
                ('v', qbg.format(12), 'mismatched managerids'),
                ('v', "<virtualport type='openvswitch'/>", 'mismatched types'),
                ('m', "<virtualport type='openvswitch'/>", 'which uses a macvtap device'),
                ('m', "<virtualport type='802.1Qbg'/>", 'missing managerid'),
                ('m', "<virtualport type='802.1Qbh'/>", 'missing profileid'),
                ('b', qbg.format(11), 'which uses a bridge device')):
            self.assertIn(words, self.create(net, port_xml(3, xml), check=False))

    def test_vlan(self):
        """A port's VLAN is kept; that the bridge doesn't heed it is in the log."""
        self.h.start_network(lib.network_xml(name='net1', bridge='virbr1'))
        self.assertIn("<tag id='7'/>", self.dump('net1', self.create('net1', port_xml(1, "<vlan><tag id='7'/></vlan>"))))
        lib.wait_for('the warning', lambda: 'asks for a VLAN' in self.h.daemon.log())

    @lib.needs('virsh')
    def test_words(self):
        """netctl has virsh's verbs on ports, to the byte."""
        self.h.start_network(lib.network_xml(name='net1', bridge='virbr1'))
        self.h.define(lib.network_xml(name='off', bridge='virbr2', net='192.168.151'))
        path = os.path.join(self.folder, 'port.xml')
        uuid = '00000001-1111-2222-3333-444444444444'
        nosuch = '00000009-1111-2222-3333-444444444444'
        with open(path, 'w') as f:
            f.write(port_xml(1))
        with open(path + '.bad', 'w') as f:
            f.write('<networkport>')
        for words in ('net-port-list net1', f'net-port-create net1 {path}', f'net-port-create net1 {path}',
                      f'net-port-create net1 {path}.bad', f'net-port-create net1 {path} --validate',
                      'net-port-create net1 /nonexistent', f'net-port-create off {path}', f'net-port-create nosuch {path}',
                      'net-port-create net1', 'net-port-list net1', 'net-port-list net1 --uuid', 'net-port-list net1 --table',
                      'net-port-list net1 --table --uuid', 'net-port-list off', 'net-port-list nosuch', 'net-port-list',
                      f'net-port-dumpxml net1 {uuid}', f'net-port-dumpxml net1 {nosuch}', f'net-port-dumpxml nosuch {uuid}', f'net-port-delete nosuch {uuid}', 'net-port-dumpxml net1 x',
                      'net-port-dumpxml net1', f'net-port-delete net1 {uuid}', f'net-port-delete net1 {nosuch}',
                      f'net-port-delete off {uuid}', 'net-port-delete net1 x', 'net-port-delete net1'):
            if words == f'net-port-delete net1 {uuid}':
                undo = ('net-port-create', 'net1', path)
            elif words == f'net-port-create net1 {path}' and not self.h.json('net-port-list', 'net1')['ports']:
                undo = ('net-port-delete', 'net1', uuid)
            else:
                undo = ()
            got = []
            for tool in ('virsh', 'netctl'):
                done = getattr(self.h, tool)(*words.split(), check=False, env={**os.environ, 'LC_ALL': 'C'})
                got.append((done.rc, done.out, done.err))
                if undo:
                    self.h.netctl(*undo)
            self.assertEqual(got[0], got[1], words)
            if words == f'net-port-create net1 {path}' and undo:
                self.h.netctl('net-port-create', 'net1', path)
        self.assertEqual(self.h.json('net-port-list', 'net1')['ports'], [uuid])
        self.assertEqual(self.h.netctl('-q', 'net-port-list', 'net1').out, self.h.virsh('-q', 'net-port-list', 'net1').out)


if __name__ == '__main__':
    import unittest
    unittest.main()
