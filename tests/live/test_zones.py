# SPDX-License-Identifier: GPL-2.0-or-later
"""firewalld's zones: bridges are put into them, again after each reload. On a system bus of the test's own, with a
stand-in for firewalld and, where its packages can be fetched, with firewalld itself."""
import json
import os
import re
import subprocess
import time
import unittest

import lib

MOCK = os.path.join(lib.HERE, 'firewalld-mock')


class Zones(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host(start=False)
        self.bus = lib.Bus(self.h)

    def start_netd(self):
        self.h.start_netd(env=self.bus.env)

    def conditions(self):
        return [(k['network'], k['kind']) for k in self.h.json('status')['conditions']]


def document(name, bridge, net, mode, zone=''):
    forward = f"<forward mode='{mode}'/>" if mode else ''
    xml = lib.network_xml(name, bridge, net, forward=forward)
    return xml.replace(" stp='off'", f" zone='{zone}' stp='off'" if zone else " stp='off'")


@lib.needs('dbus-daemon')
@unittest.skipUnless(lib.has_python_modules('dbus', 'gi'), 'not installed: python3-dbus, python3-gi')
class Mock(Zones):
    def firewalld(self, *zones):
        self.state = os.path.join(self.folder, f'zones-{self.next_number()}')
        self.mock = self.h.spawn(lib.SYSTEM_PYTHON, MOCK, self.state, *zones, env=self.bus.env, stdin=subprocess.PIPE)
        lib.wait_for('the stand-in', lambda: 'ready' in self.mock.log(), 10)

    def tell(self, word):
        self.mock.popen.stdin.write((word + '\n').encode())
        self.mock.popen.stdin.flush()

    def read(self):
        with open(self.state) as f:
            return json.load(f)

    def zones(self):
        return {zone: sorted(held) for zone, held in self.read()['zones'].items() if held}

    def reload(self):
        before = self.read()['reloads']
        self.tell('reload')
        lib.wait_for('the reload', lambda: self.read()['reloads'] > before)

    def start_three(self):
        self.h.start_network(document('n', 'virbrn', '192.168.150', 'nat'))
        self.h.start_network(document('r', 'virbrr', '192.168.151', 'route'))
        self.h.start_network(document('o', 'virbro', '192.168.152', 'open'))
        self.h.start_network(document('i', 'virbri', '192.168.153', ''))
        return {'libvirt': ['virbri', 'virbrn'], 'libvirt-routed': ['virbrr']}

    def test_defaults(self):
        self.bus.start()
        self.firewalld('public', 'libvirt', 'libvirt-routed')
        self.start_netd()
        self.assertEqual(self.start_three(), self.zones())
        self.assertEqual(self.conditions(), [])
        self.h.netctl('net-destroy', 'n')
        lib.wait_for('it is out', lambda: self.zones()['libvirt'] == ['virbri'])

    def test_reload(self):
        self.bus.start()
        self.firewalld('libvirt', 'libvirt-routed', 'mine')
        self.start_netd()
        wanted = self.start_three()
        self.h.start_network(document('z', 'virbrz', '192.168.154', 'open', 'mine'))
        wanted['mine'] = ['virbrz']
        self.reload()
        lib.wait_for('all are back', lambda: self.zones() == wanted, 1)
        # firewalld ends and another one starts.
        self.tell('end')
        lib.wait_for('the end is heard', lambda: 'firewalld has ended' in self.h.daemon.log())
        self.firewalld('libvirt', 'libvirt-routed', 'mine')
        lib.wait_for('all are back', lambda: self.zones() == wanted, 2)
        # netd ends and another one starts.
        self.h.stop_netd()
        self.reload()
        self.start_netd()
        lib.wait_for('all are back', lambda: self.zones() == wanted, 2)

    def test_zone_of_the_definition(self):
        self.bus.start()
        self.firewalld('libvirt', 'mine', 'other')
        self.start_netd()
        self.h.start_network(document('z', 'virbrz', '192.168.154', 'nat', 'mine'))
        self.assertEqual(self.zones(), {'mine': ['virbrz']})
        self.h.netctl('net-update', 'z', 'modify', 'bridge', "<bridge name='virbrz' zone='other' stp='off'/>", '--live')
        self.assertEqual(self.zones(), {'other': ['virbrz']})
        done = self.h.netctl('net-update', 'z', 'modify', 'bridge', "<bridge name='virbrz' zone='none' stp='off'/>", '--live',
                             check=False)
        self.assertEqual(done.rc, 1)
        self.assertIn("does not put bridge 'virbrz' into zone 'none': INVALID_ZONE", done.err)
        self.assertIn("zone='other'", self.h.netctl('net-dumpxml', 'z').out)
        self.h.define(document('y', 'virbry', '192.168.155', 'nat', 'none'))
        done = self.h.netctl('net-start', 'y', check=False)
        self.assertEqual(done.rc, 1)
        self.assertIn("into zone 'none'", done.err)
        self.assertNotIn('virbry', self.h.links())

    def test_no_zone_of_libvirts(self):
        self.bus.start()
        self.firewalld('public', 'netd')
        self.start_netd()
        self.h.start_network(document('n', 'virbrn', '192.168.150', 'route'))
        self.assertEqual(self.zones(), {'netd': ['virbrn']})
        self.tell('end')
        lib.wait_for('the end is heard', lambda: 'firewalld has ended' in self.h.daemon.log())
        self.firewalld('public')
        lib.wait_for('it is told', lambda: ('n', 'zone-missing') in self.conditions())
        self.h.netctl('net-destroy', 'n')
        self.assertEqual(self.conditions(), [])

    def test_without_firewalld(self):
        """Neither a bus, nor firewalld on it."""
        for bus in False, True:
            if bus:
                self.h.stop_netd()
                self.bus.start()
            self.start_netd()
            self.h.netctl('net-define', '-', stdin=document('z', 'virbrz', '192.168.154', 'nat', 'mine')
                          .replace('<forward', '<uuid>6e657464-0000-4000-8000-0000000000b1</uuid><forward'))
            done = self.h.netctl('net-start', 'z', check=False)
            self.assertEqual(done.rc, 1)
            self.assertIn('zone mine requested for network z but firewalld is not active', done.err)
            self.assertNotIn('virbrz', self.h.links())
        # The bus goes, comes back, and firewalld with it.
        self.h.start_network(document('n', 'virbrn', '192.168.150', 'nat'))
        self.bus.stop()
        self.bus.start()
        self.firewalld('libvirt')
        lib.wait_for('it is in its zone', lambda: self.zones() == {'libvirt': ['virbrn']}, 10)


@lib.needs('dbus-daemon', 'nft')
@unittest.skipUnless(lib.has_python_modules('dbus', 'gi', 'nftables'), 'not installed: python3-dbus, python3-gi, python3-nftables')
class Real(Zones):
    def setUp(self):
        super().setUp()
        self.root = lib.unpacked('firewalld', 'python3-firewall')
        self.bus.start()
        conf = os.path.join(self.folder, 'firewalld')
        os.makedirs(os.path.join(conf, 'zones'))
        with open(os.path.join(conf, 'zones', 'libvirt.xml'), 'w') as f:
            f.write('<zone target="ACCEPT"><short>libvirt</short></zone>\n')
        self.firewalld = self.h.spawn(
            lib.SYSTEM_PYTHON, os.path.join(self.root, 'usr/sbin/firewalld'), '--nofork', '--nopid', '--debug', '--log-file',
            os.path.join(conf, 'log'), '--default-config', os.path.join(self.root, 'usr/lib/firewalld'), '--system-config', conf,
            env={**self.bus.env, 'PYTHONPATH': os.path.join(self.root, 'usr/lib/python3/dist-packages')})
        lib.wait_for('firewalld', lambda: self.ask('state', check=False) == 'running', 60, 0.2)

    def ask(self, *words, check=True):
        done = self.h.sh(lib.SYSTEM_PYTHON, os.path.join(self.root, 'usr/bin/firewall-cmd'), *[f'--{w}' for w in words], check=check,
                         env={**self.bus.env, 'PYTHONPATH': os.path.join(self.root, 'usr/lib/python3/dist-packages')})
        return done.out.strip()

    def zone(self):
        return self.ask('get-zone-of-interface=virbr1', check=False)

    def test_guests_are_served(self):
        self.start_netd()
        self.h.start_network(lib.network_xml())
        self.assertEqual(self.zone(), 'libvirt')
        guest = self.guest('g1', self.h, 'virbr1')
        self.assertTrue(re.match(r'192\.168\.150\.', guest.dhcp().address))
        self.ask('zone=libvirt', 'remove-interface=virbr1')
        self.ask('complete-reload')
        lib.wait_for('it is in its zone again', lambda: self.zone() == 'libvirt', 5)
        guest.dhcp()
        self.h.netctl('net-destroy', 'net1')
        lib.wait_for('it is out', lambda: self.zone() != 'libvirt')


if __name__ == '__main__':
    unittest.main()
