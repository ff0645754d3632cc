# SPDX-License-Identifier: GPL-2.0-or-later
"""<netd:uplink>: netd makes the host's bridge, and the host's own addresses go with the device, without a gap."""
import json
import os
import re
import signal
import socket
import threading
import time

import lib

NETD = 'urn:netd:network:1'
LAN = '198.51.100'
UUID = '6e657464-0000-4000-8000-0000000000a1'
COUNTER = """
import socket, sys, time
s = socket.create_connection((sys.argv[1], 7777), 10)
s.settimeout(10)
print('connected', flush=True)
longest, last = 0, time.monotonic()
for i in range(10 ** 6):
    s.sendall(b'%08d' % i)
    got = b''
    while len(got) < 8:
        part = s.recv(8 - len(got))
        if not part:
            sys.exit('the connection ended')
        got += part
    now = time.monotonic()
    longest, last = max(longest, now - last), now
    print(i, f'{longest:.3f}', flush=True)
    time.sleep(0.01)
"""
ECHO = """
import socket
s = socket.create_server(('0.0.0.0', 7777))
print('ready', flush=True)
while True:
    c, _ = s.accept()
    while (data := c.recv(64)):
        c.sendall(data)
"""


def document(name='lan', bridge='br0', dev='up0', vlan='', uuid=UUID, more=''):
    vlan = f" vlan='{vlan}'" if vlan else ''
    named = f"<bridge name='{bridge}'/>" if bridge else ''
    return (f"<network><name>{name}</name><uuid>{uuid}</uuid><metadata><netd:network xmlns:netd='{NETD}'>"
            f"<netd:uplink dev='{dev}'{vlan}/></netd:network></metadata><forward mode='bridge'/>{named}{more}</network>")


class Uplink(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.out = self.outside(self.h)  # up0 has 198.51.100.2, the default route goes there
        self.h.sh('ip', '-6', 'addr', 'add', '2001:db8:7::2/64', 'dev', 'up0', 'nodad')
        self.h.sh('ip', '-6', 'route', 'add', 'default', 'via', '2001:db8:7::1', 'dev', 'up0')
        self.h.sh('ip', 'route', 'add', '203.0.113.0/24', 'via', f'{LAN}.1', 'metric', '77')
        self.h.sh('ip', 'route', 'add', '192.0.2.0/24', 'via', f'{LAN}.1', 'table', '500')
        self.out.sh('ip', '-6', 'addr', 'add', '2001:db8:7::1/64', 'dev', 'eth0', 'nodad')

    def rows(self, dev):
        """What the host has on a device, without what the kernel makes by itself."""
        addresses = {a for a in self.h.addresses(dev) + self.h.addresses(dev, 'inet6') if not a.startswith('fe80')}
        routes = set()
        for family in '-4', '-6':
            for row in self.h.ip_json(family, 'route', 'show', 'table', 'all', 'dev', dev):
                if row.get('protocol') != 'kernel' and row.get('type') not in ('local', 'broadcast', 'multicast', 'anycast'):
                    routes.add((family, row['dst'], row.get('gateway'), row.get('metric'), row.get('table')))
        return addresses, routes

    def link(self, dev):
        return self.h.ip_json('-d', 'link', 'show', 'dev', dev)[0]

    def problem(self, name='lan'):
        found = [k['text'] for k in self.h.json('status')['conditions']
                 if k['network'] == name and k['kind'] == 'uplink-missing']
        return found[0] if found else None

    def controller(self):
        return [p['pid'] for p in self.h.json('status')['processes'] if p['role'] == 'controller'][0]

    def record(self):
        path = os.path.join(self.h.root, 'var/lib/netd/uplinks', UUID)
        if not os.path.exists(path):
            return ''
        with open(path) as f:
            return f.read()

    def wait_for_record(self):
        """What the host has on br0 is on disk."""
        index = self.link('br0')['ifindex']
        lib.wait_for('a record of br0', lambda: f'\nrows {index} ' in self.record())

    def echo(self):
        """A TCP connection of the host's to the outside that must not break; returns what tells the longest gap."""
        server = self.out.spawn('python3', '-c', ECHO)
        lib.wait_for('the echo server', lambda: 'ready' in server.log())
        client = self.h.spawn('python3', '-u', '-c', COUNTER, self.out.address)
        lib.wait_for('the connection', lambda: 'connected' in client.log())

        def longest():
            before = client.log().count('\n')
            lib.wait_for('the connection going on', lambda: client.log().count('\n') > before + 5)
            return float(client.log().split()[-1])
        return longest

    def test_there_and_back(self):
        before, mac = self.rows('up0'), self.link('up0')['address']
        gap = self.echo()
        self.h.start_network(document())
        self.assertEqual(self.rows('br0'), before)
        self.assertEqual(self.rows('up0'), (set(), set()))
        self.assertEqual((self.link('br0')['address'], self.link('up0')['master']), (mac, 'br0'))
        self.assertLess(gap(), 1)
        self.h.ping(self.out.address)
        self.h.ping('2001:db8:7::1')
        guest = self.guest('g1', self.h, 'br0')
        guest.sh('ip', 'addr', 'add', f'{LAN}.9/24', 'dev', 'eth0')
        guest.sh('ip', '-6', 'addr', 'add', '2001:db8:7::9/64', 'dev', 'eth0', 'nodad')
        for address in self.out.address, f'{LAN}.2', '2001:db8:7::1', '2001:db8:7::2':
            guest.ping(address)
        self.h.netctl('net-destroy', 'lan')
        self.assertEqual(self.rows('up0'), before)
        self.assertNotIn('master', self.link('up0'))
        self.assertNotIn('br0', self.h.links())
        self.assertLess(gap(), 1)
        self.h.ping('2001:db8:7::1')
        self.assertEqual(self.record(), '')
        self.h.netctl('net-start', 'lan')
        self.h.netctl('net-undefine', 'lan')
        self.assertEqual(self.rows('br0'), before)
        self.h.netctl('net-destroy', 'lan')
        self.assertEqual(self.rows('up0'), before)

    def test_round_trip(self):
        self.h.define(document(vlan='100'))
        xml = self.h.netctl('net-dumpxml', 'lan').out
        self.assertIn('<netd:uplink dev="up0" vlan="100"/>', xml)
        self.h.netctl('net-define', '--validate', '-', stdin=xml)
        self.assertEqual(self.h.netctl('net-dumpxml', 'lan').out, xml)
        self.h.define(document('other', '', uuid=UUID[:-1] + '2'))
        self.assertRegex(self.h.netctl('net-dumpxml', 'other').out, "<bridge name='virbr\\d'/>")

    def test_what_the_host_changes_meanwhile(self):
        """Addresses that a DHCP client puts on the device move over; those put on the bridge come back at the end."""
        self.h.start_network(document())
        self.h.sh('ip', 'addr', 'add', f'{LAN}.20/24', 'dev', 'up0', 'valid_lft', '600', 'preferred_lft', '500')
        lib.wait_for('the address on the bridge', lambda: f'{LAN}.20/24' in self.rows('br0')[0])
        self.assertEqual(self.rows('up0'), (set(), set()))
        left = [a for a in self.h.ip_json('addr', 'show', 'dev', 'br0')[0]['addr_info'] if a['local'] == f'{LAN}.20'][0]
        self.assertIn(left['valid_life_time'], range(550, 601))
        self.h.sh('ip', 'addr', 'add', f'{LAN}.30/24', 'dev', 'br0')
        self.h.sh('ip', 'addr', 'del', f'{LAN}.20/24', 'dev', 'br0')
        self.h.netctl('net-destroy', 'lan')
        self.assertEqual(self.rows('up0')[0], {f'{LAN}.2/24', f'{LAN}.30/24', '2001:db8:7::2/64'})

    def test_somebody_insists(self):
        """A program that puts its address back each time has its way for a while, and is told of."""
        self.h.start_network(document())
        for i in range(12):
            self.h.sh('ip', 'addr', 'replace', f'{LAN}.{100 + i}/24', 'dev', 'up0')
            time.sleep(0.05)
        self.assertIn("somebody keeps putting addresses on the uplink 'up0'", self.h.daemon.log())
        self.assertTrue(self.rows('up0')[0])

    def test_bridge_deleted(self):
        before = self.rows('up0')
        self.h.start_network(document())
        guest = self.guest('g1', self.h, 'br0')
        guest.sh('ip', 'addr', 'add', f'{LAN}.9/24', 'dev', 'eth0')
        self.wait_for_record()
        self.h.sh('ip', 'link', 'del', 'br0')
        lib.wait_for('all is back', lambda: 'br0' in self.h.links() and self.rows('br0') == before)
        self.assertEqual(self.link('up0')['master'], 'br0')
        lib.wait_for('the guest is back', lambda: self.link(guest.port).get('master') == 'br0')
        guest.ping(self.out.address)
        self.h.ping(self.out.address)

    def test_bridge_set_down(self):
        before = self.rows('up0')
        self.h.start_network(document())
        self.wait_for_record()
        self.h.sh('ip', 'link', 'set', 'br0', 'down')
        lib.wait_for('all is back', lambda: self.rows('br0') == before)
        self.h.ping('2001:db8:7::1')

    def test_bridge_deleted_while_netd_was_dead(self):
        before = self.rows('up0')
        self.h.start_network(document())
        self.wait_for_record()
        self.h.daemon.kill()
        self.h.sh('ip', 'link', 'del', 'br0')
        self.h.start_netd()
        self.assertEqual(self.rows('br0'), before)
        self.h.ping(self.out.address)
        self.h.netctl('net-destroy', 'lan')
        self.assertEqual(self.rows('up0'), before)

    def test_controller_dies_at_any_moment(self):
        before = self.rows('up0')
        self.h.define(document())
        for i in range(12):
            pid = self.controller()
            verb = 'net-start' if i % 2 == 0 else 'net-destroy'
            run = threading.Thread(target=self.h.netctl, args=(verb, 'lan'), kwargs={'check': False})
            run.start()
            time.sleep(0.002 + 0.004 * i)
            os.kill(pid, signal.SIGKILL)
            run.join()
            lib.wait_for('another controller', lambda: self.h.netctl('status', check=False).rc == 0, 10)
            active = 'active' in [n['state'] for n in self.h.json('status')['networks']]
            self.assertEqual(self.rows('br0' if active else 'up0'), before, f'round {i}')
            self.h.ping(self.out.address)
            if active != (i % 2 == 0):
                self.h.netctl(verb, 'lan')
        for verb in 'net-destroy', 'net-start':
            self.h.netctl(verb, 'lan', check=False)
        self.assertEqual(self.rows('br0'), before)

    def test_restart_leaves_all(self):
        self.h.start_network(document())
        before = self.h.state(), self.rows('br0')
        self.h.stop_netd()
        self.h.start_netd()
        self.assertEqual((self.h.state(), self.rows('br0')), before)

    def test_missing_and_coming(self):
        self.h.start_network(document(dev='late0'))
        self.assertEqual(self.problem(), "the uplink 'late0' is missing; it is taken as soon as it appears")
        self.assertIn("'late0' is missing", self.h.daemon.log())
        world = self.namespace('world')
        self.h.wire(world, 'late0', 'eth0', mac_here='52:54:00:0a:0b:0c')
        lib.wait_for('it is taken', lambda: self.link('late0').get('master') == 'br0')
        lib.wait_for('its MAC', lambda: self.link('br0')['address'] == '52:54:00:0a:0b:0c')
        lib.wait_for('no problem', lambda: self.problem() is None)
        self.h.sh('ip', 'link', 'del', 'late0')
        lib.wait_for('the problem is told', lambda: self.problem())
        self.h.wire(world, 'late0', 'eth0')
        self.h.sh('ip', 'addr', 'add', '192.0.2.77/24', 'dev', 'late0')
        lib.wait_for('it is taken again', lambda: self.link('late0').get('master') == 'br0')
        lib.wait_for('with what it got', lambda: '192.0.2.77/24' in self.rows('br0')[0])

    def test_taken_out_by_hand(self):
        self.h.start_network(document())
        self.h.sh('ip', 'link', 'set', 'up0', 'nomaster')
        lib.wait_for('it is back', lambda: self.link('up0').get('master') == 'br0')
        self.h.ping(self.out.address)

    def test_port_of_another(self):
        self.h.sh('ip', 'link', 'add', 'mine', 'type', 'bridge')
        self.h.sh('ip', 'link', 'set', 'up0', 'master', 'mine')
        self.h.define(document())
        done = self.h.netctl('net-start', 'lan', check=False)
        self.assertEqual(done.rc, 1)
        self.assertIn("the uplink 'up0' is a port of 'mine' already", done.err)
        self.assertNotIn('br0', self.h.links())
        self.h.sh('ip', 'link', 'set', 'up0', 'nomaster')
        self.h.netctl('net-start', 'lan')
        self.h.define(document('two', 'br1', uuid=UUID[:-1] + '2'))
        self.assertIn("is a port of 'br0' already", self.h.netctl('net-start', 'two', check=False).err)

    def test_changed_live(self):
        before = self.rows('up0')
        world = self.namespace('world')
        self.h.wire(world, 'up1', 'eth0')
        self.h.sh('ip', 'addr', 'add', '192.0.2.5/24', 'dev', 'up1')
        self.h.start_network(document())
        self.h.netctl('net-metadata', 'lan', NETD, '--live', '--config', '--key', 'netd', '--set',
                      "<network><uplink dev='up1'/></network>")
        self.assertEqual(self.rows('up0'), before)
        self.assertEqual(self.rows('br0')[0], {'192.0.2.5/24'})
        self.assertEqual(self.link('up1')['master'], 'br0')
        self.assertIn('dev="up1"', self.h.netctl('net-dumpxml', 'lan').out)

    def test_port_of_a_vm_manager(self):
        """libvirt's QEMU driver is told a bridge, to which it attaches its tap itself."""
        self.h.start_network(document())
        port = "<networkport><uuid>{0}</uuid><owner><name>vm</name><uuid>{0}</uuid></owner><mac address='52:54:00:00:00:01'/></networkport>"
        if lib.have('virsh'):
            path = os.path.join(self.folder, 'port.xml')
            with open(path, 'w') as f:
                f.write(port.format(UUID))
            out = self.h.virsh('net-port-create', 'lan', path).out
            number = re.search(r'Network port (\S+) created', out).group(1)
            self.assertIn("<plug type='bridge' bridge='br0'/>", self.h.virsh('net-port-dumpxml', 'lan', number).out)

    def test_refusals(self):
        for xml, why in (
                (document(more="<x/>").replace("mode='bridge'", "mode='nat'").replace(
                    '<x/>', "<ip address='192.0.2.1' prefix='24'/>"), "needs <forward mode='bridge'/>"),
                (document(bridge='up0'), 'cannot be the bridge as well'),
                (document(dev=''), "has no attribute 'dev'"),
                (document(dev='much-too-long-a-name'), 'more than 15 characters'),
                (document(vlan='4095'), 'not the number of a VLAN, 1 to 4094'),
                (document(bridge='').replace("mode='bridge'/>", "mode='bridge' dev='up0'/>"), 'exclude each other')):
            done = self.h.netctl('net-define', '-', stdin=xml, check=False)
            self.assertEqual(done.rc, 1)
            self.assertIn(why, done.err)

    def test_vlan_where_the_kernel_has_none(self):
        probe = self.h.sh('ip', 'link', 'add', 'link', 'up0', 'name', 'probe', 'type', 'vlan', 'id', '7', check=False)
        self.h.define(document(vlan='100'))
        done = self.h.netctl('net-start', 'lan', check=False)
        if probe.rc == 0:
            self.assertEqual(done.rc, 0)
            self.assertEqual(self.link('up0.100')['master'], 'br0')
            return
        self.assertEqual(done.rc, 1)
        self.assertIn("making VLAN 100 of 'up0': this kernel has no VLANs (CONFIG_VLAN_8021Q, module 8021q)", done.err)
        self.assertNotIn('br0', self.h.links())

    def test_dry_run(self):
        self.h.wire(self.namespace('world'), 'up1', 'eth0')
        self.h.start_network(document())
        text = self.h.netctl('net-apply', '--dry-run', '-', stdin=document(dev='up1')).out
        self.assertIn('release uplink up0 from br0, move addresses and routes to it', text)
        self.assertIn('attach uplink up1 to br0, move addresses and routes of up1 to br0', text)
        self.assertEqual(self.link('up0')['master'], 'br0')


if __name__ == '__main__':
    lib.unittest.main()
