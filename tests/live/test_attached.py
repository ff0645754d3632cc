# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports of a bridge survive what happens to the bridge: stop and start, removal by hand, a restart of netd."""
import os
import signal
import subprocess
import time

import lib

XML = lib.network_xml(uuid='6e657464-0000-4000-8000-000000000001')
BACK_SEC = 0.1


class Attached(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.h.start_network(XML)

    def link(self, name):
        rows = self.h.ip_json('-d', 'link', 'show', 'dev', name)
        return rows[0]

    def bridge_of(self, name):
        return self.link(name).get('master')

    def isolated(self, name):
        return self.link(name)['linkinfo']['info_slave_data']['isolated']

    def tap(self, name, bridge='virbr1'):
        """A tap as QEMU makes it: none of netd's."""
        self.h.sh('ip', 'tuntap', 'add', 'dev', name, 'mode', 'tap')
        self.h.sh('ip', 'link', 'set', name, 'master', bridge, 'up')

    def isolate(self, name, how):
        """By either tool: one of them is told of in a family of its own."""
        words = ['bridge', 'link', 'set', 'dev', name] if how == 'on' else ['ip', 'link', 'set', 'dev', name, 'type', 'bridge_slave']
        self.h.sh(*words, 'isolated', how)

    def on_bridge(self, name, bridge='virbr1', seconds=5):
        lib.wait_for(f'{name} on {bridge}', lambda: self.bridge_of(name) == bridge, seconds, 0.005)

    def known(self, name):
        """netd has heard of it: it stands in the file for the next controller."""
        folder = os.path.join(self.h.root, 'run/netd/attached')

        def listed():
            for file in os.listdir(folder):
                with open(os.path.join(folder, file)) as f:
                    if f' {name}\n' in f.read():
                        return True
        lib.wait_for(f'{name} is known', listed)

    def restart(self):
        self.h.netctl('net-destroy', 'net1')
        self.h.netctl('net-start', 'net1')

    def controller(self):
        return [p['pid'] for p in self.h.json('status')['processes'] if p['role'] == 'controller'][0]

    def test_stop_and_start(self):
        """Taps and veths, of netd and of others, come back with their setting; the guest goes on."""
        guest = self.guest('g1', self.h, 'virbr1')
        guest.dhcp()
        ours = self.h.netctl('port-tap', 'net1').out.strip()
        self.tap('q0')
        self.isolate('q0', 'on')
        self.known('q0')
        for _ in range(3):
            self.h.netctl('net-destroy', 'net1')
            for name in (guest.port, ours, 'q0'):
                self.assertIsNone(self.bridge_of(name))
            self.h.netctl('net-start', 'net1')
            for name in (guest.port, ours, 'q0'):
                self.assertEqual(self.bridge_of(name), 'virbr1', 'attached before net-start is answered')
            self.assertEqual((self.isolated('q0'), self.isolated(ours)), (True, False))
        guest.ping('192.168.150.1')

    def test_bridge_deleted(self):
        guest = self.guest('g1', self.h, 'virbr1')
        lease = guest.dhcp()
        self.tap('q0')
        self.isolate('q0', 'on')
        self.known('q0')
        for _ in range(3):
            self.h.sh('ip', 'link', 'del', 'virbr1')
            self.on_bridge(guest.port, seconds=0.5)
            self.on_bridge('q0', seconds=0.5)
            lib.wait_for('isolation', lambda: self.isolated('q0'), 0.5)
            guest.ping(lease.router)
        self.assertEqual(guest.dhcp().address, lease.address)

    def test_taken_out_by_hand(self):
        self.tap('q0')
        self.isolate('q0', 'on')
        self.known('q0')
        for _ in range(3):
            self.h.sh('ip', 'link', 'set', 'q0', 'nomaster')
            self.on_bridge('q0', seconds=BACK_SEC + 0.1)  # 0.1: ip's own time
            lib.wait_for('isolation', lambda: self.isolated('q0'), 0.5)

    def test_gone_elsewhere(self):
        """Who is enslaved elsewhere, in one step or in two, is let go for good."""
        self.h.sh('ip', 'link', 'add', 'br9', 'type', 'bridge')
        for name, script in (('q0', 'ip link set q0 master br9'),
                             ('q1', 'ip link set q1 nomaster; ip link set q1 master br9')):
            self.tap(name)
            self.known(name)
            self.h.sh('sh', '-c', script)
            time.sleep(0.15)
            self.assertEqual(self.bridge_of(name), 'br9')
        self.restart()
        self.h.sh('ip', 'link', 'set', 'q0', 'nomaster')
        time.sleep(0.15)
        self.assertIsNone(self.bridge_of('q0'))
        self.assertEqual(self.bridge_of('q1'), 'br9')

    def test_removed_through_netd(self):
        """A link that somebody else made is taken out and stays out; one of netd's is gone."""
        self.tap('q0')
        self.known('q0')
        ours = self.h.netctl('port-tap', 'net1').out.strip()
        self.h.netctl('port-remove', 'net1', 'q0')
        self.h.netctl('port-remove', 'net1', ours)
        time.sleep(0.15)
        self.assertIsNone(self.bridge_of('q0'))
        self.restart()
        self.assertIsNone(self.bridge_of('q0'))
        self.assertNotIn(ours, self.h.links())

    def test_unknown_left_alone(self):
        self.h.sh('ip', 'tuntap', 'add', 'dev', 'q0', 'mode', 'tap')
        self.restart()
        self.assertIsNone(self.bridge_of('q0'))

    def test_recreated(self):
        """A new link of an old name is another link: whoever made it says where it belongs."""
        self.tap('q0')
        self.known('q0')
        self.h.sh('ip', 'link', 'del', 'q0')
        self.h.sh('ip', 'tuntap', 'add', 'dev', 'q0', 'mode', 'tap')
        self.restart()
        self.assertIsNone(self.bridge_of('q0'))

    def test_controller_dies(self):
        """Remembered by the next controller: of a running network and of a stopped one."""
        self.tap('q0')
        self.isolate('q0', 'on')
        self.known('q0')
        for stopped in (False, True):
            if stopped:
                self.h.netctl('net-destroy', 'net1')
            before = self.controller()
            os.kill(before, signal.SIGKILL)
            lib.wait_for('another controller', lambda: self.h.netctl('status', check=False).rc == 0 and
                         self.controller() != before)
            if stopped:
                self.h.netctl('net-start', 'net1')
            else:
                self.h.sh('ip', 'link', 'set', 'q0', 'nomaster')
            self.on_bridge('q0')
            lib.wait_for('isolation', lambda: self.isolated('q0'))

    def test_while_netd_was_away(self):
        self.tap('q0')
        self.known('q0')
        self.h.stop_netd()
        self.tap('q1')
        self.h.sh('ip', 'link', 'set', 'q0', 'nomaster')
        self.h.start_netd()
        self.on_bridge('q0')
        self.restart()
        self.assertEqual((self.bridge_of('q0'), self.bridge_of('q1')), ('virbr1', 'virbr1'))

    def test_file_of_the_gone_goes(self):
        """Nothing stays in the folder that is of no link and no network."""
        folder = os.path.join(self.h.root, 'run/netd/attached')
        self.tap('tap1')
        self.known('tap1')
        with open(os.path.join(folder, '6e657464-0000-4000-8000-00000000dead'), 'w') as f:
            f.write('boot of a network that was undefined when netd was killed\n')
        self.h.daemon.kill()
        self.h.sh('ip', 'link', 'del', 'tap1')
        self.h.start_netd()
        self.assertEqual(os.listdir(folder), [])

    def test_undefined_network_forgets(self):
        self.tap('q0')
        self.known('q0')
        self.h.netctl('net-destroy', 'net1')
        self.h.netctl('net-undefine', 'net1')
        self.h.start_network(XML)
        self.assertIsNone(self.bridge_of('q0'))

    def test_isolated_network(self):
        """<port isolated='yes'/> goes for every port, whoever attached it."""
        self.h.start_network(lib.network_xml('alone', 'virbr2', '192.168.151', extra="<port isolated='yes'/>"))
        self.tap('q0', 'virbr2')
        lib.wait_for('isolation', lambda: self.isolated('q0'), 0.5)
        self.isolate('q0', 'off')
        lib.wait_for('isolation again', lambda: self.isolated('q0'), 0.5)

    def test_attaching_while_stopping(self):
        """A port never ends on a bridge that its network has given up, least of all on another network's."""
        self.h.define(lib.network_xml('net2', 'virbr2', '192.168.151'))
        for turn in range(15):
            taps = [self.h.words(lib.NETCTL, '--root', self.h.root, 'port-tap', 'net1', '--name', f't{turn}-{i}')
                    for i in range(4)]
            calls = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for words in taps]
            time.sleep(0.002 * (turn % 8))
            self.h.netctl('net-destroy', 'net1')
            self.h.netctl('net-start', 'net2')
            for call in calls:
                err = call.communicate()[1].decode()
                self.assertTrue(call.returncode == 0 or 'not active' in err, err)
            for row in self.h.ip_json('link'):
                if row['ifname'].startswith('t'):
                    self.assertIsNone(row.get('master'), row)
            self.h.netctl('net-destroy', 'net2')
            self.h.netctl('net-start', 'net1')
            for row in self.h.ip_json('link'):
                if row['ifname'].startswith('t'):
                    self.assertEqual(row.get('master'), 'virbr1', row)
