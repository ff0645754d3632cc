# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong now: netctl status says what, with which network, since when and what to do; the log says it once."""
import os
import signal
import time

import lib


class Conditions(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()

    def conditions(self):
        return [(row['network'], row['kind'], row['object']) for row in self.h.json('status')['conditions']]

    def until(self, *rows, seconds=1.0):
        lib.wait_for(f'conditions {rows}, not {self.conditions()}', lambda: self.conditions() == list(rows), seconds)

    def test_none(self):
        self.assertEqual(self.h.json('status')['conditions'], [])
        self.assertRegex(self.h.netctl('status').out, r'(?m)^conditions: +none$')

    def small_port(self, mtu=1300):
        self.h.sh('ip', 'tuntap', 'add', 'dev', 'small', 'mode', 'tap')
        self.h.sh('ip', 'link', 'set', 'small', 'mtu', mtu, 'master', 'virbr1', 'up')

    def test_port_mtu(self):
        """Comes and goes with the port's MTU, the bridge's, and the port; and with the network."""
        self.h.start_network(lib.network_xml())
        row = ('net1', 'port-mtu', 'small')
        self.small_port()
        self.until(row)
        shown = self.h.json('status')['conditions'][0]
        self.assertIn('MTU of 1300', shown['text'])
        self.assertIn('<mtu', shown['to-do'])
        self.assertRegex(shown['since'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
        self.h.sh('ip', 'link', 'set', 'small', 'mtu', 1400)
        self.until(row)
        self.assertIn('MTU of 1400', self.h.json('status')['conditions'][0]['text'])
        self.h.sh('ip', 'link', 'set', 'small', 'mtu', 1500)
        self.until()
        self.h.sh('ip', 'link', 'set', 'small', 'mtu', 1300)
        self.until(row)
        self.h.sh('ip', 'link', 'del', 'small')
        self.until()
        self.small_port()
        self.until(row)
        self.h.netctl('net-destroy', 'net1')
        self.until()
        self.h.netctl('net-start', 'net1')
        self.until(row)
        log = self.h.daemon.log()
        self.assertEqual(log.count("'small' has an MTU of"), 4)
        self.assertEqual(log.count('port-mtu of small is over'), 3)

    def test_for_people(self):
        self.h.start_network(lib.network_xml())
        self.small_port()
        self.until(('net1', 'port-mtu', 'small'))
        out = self.h.netctl('status').out
        self.assertRegex(out, r'(?m)^ network   condition   object   since$')
        self.assertRegex(out, r'(?m)^ net1      port-mtu    small    \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(\d+ s\)$')
        self.assertRegex(out, r'(?m)^   To do: give the port')

    def test_events(self):
        """Each coming and going is told to whoever waits: of one network, or of all."""
        self.h.start_network(lib.network_xml())
        self.h.start_network(lib.network_xml('net2', 'virbr2', '192.168.151'))
        words = ('ip', 'netns', 'exec', self.h.ns, lib.NETCTL, '--root', self.h.root)
        one = lib.Process(self, [*words, '--json', 'net-event', '--event', 'condition', '--loop', '--network', 'net1'])
        other = lib.Process(self, [*words, 'net-event', '--event', 'condition', '--loop', '--network', 'net2'])
        all_ = lib.Process(self, [*words, 'net-event', '--event', 'condition', '--loop'])
        time.sleep(0.3)
        self.small_port()
        lib.wait_for('the event', lambda: 'raised' in one.log() and 'raised' in all_.log())
        self.h.sh('ip', 'link', 'del', 'small')
        lib.wait_for('its end', lambda: 'cleared' in one.log() and 'cleared' in all_.log())
        first, last = (lib.json.loads(line) for line in one.log().splitlines())
        self.assertEqual([first[k] for k in ('event', 'network', 'change', 'kind', 'object')],
                         ['condition', 'net1', 'raised', 'port-mtu', 'small'])
        self.assertEqual((last['change'], last['since']), ('cleared', first['since']))
        self.assertIn("event 'condition' for network net1: raised port-mtu of small: port 'small' has an MTU",
                      all_.log())
        self.assertIn("event 'condition' for network net1: cleared port-mtu of small\n", all_.log())
        self.assertEqual(other.log(), '')

    def loop(self, script):
        return self.h.spawn('sh', '-c', f'while :; do {script}; done')

    def mtu(self):
        return self.h.ip_json('link', 'show', 'virbr1')[0]['mtu']

    def test_repair_loop(self):
        """Who undoes netd's work again and again is named, and slowed down; it is right again when he stops."""
        self.h.start_network(lib.network_xml())
        loop = self.loop('ip addr del 192.168.150.1/24 dev virbr1; ip link set virbr1 mtu 1400; sleep 0.01')
        self.until(('net1', 'repair-loop', 'virbr1'), seconds=10)
        self.assertRegex(self.h.json('status')['conditions'][0]['text'], r'again and again: (ip \(pid \d+\)|pid \d+)')
        before = self.h.daemon.log().count('repairing')
        time.sleep(2)
        self.assertLess(self.h.daemon.log().count('repairing') - before, 10)
        loop.kill()
        lib.wait_for('repair', lambda: self.mtu() == 1500, 1)
        self.h.netctl('net-destroy', 'net1')
        self.until()

    @lib.needs('nft')
    def test_repair_loop_of_rules(self):
        self.h.start_network(lib.network_xml())
        loop = self.loop('nft flush chain inet netd in_net1')
        self.until((None, 'repair-loop', 'table inet netd'), seconds=10)
        self.assertRegex(self.h.json('status')['conditions'][0]['text'], r'nft \(pid \d+\)')
        loop.kill()
        lib.wait_for('repair', lambda: 'replies' in self.h.sh('nft', 'list', 'chain', 'inet', 'netd', 'in_net1').out, 1)
        self.assertRegex(self.h.daemon.log(), r'firewall: nft \(pid \d+\) changed our table')

    def test_forwarding_off(self):
        self.h.start_network(lib.network_xml())
        self.h.sh('sh', '-c', 'echo 0 >/proc/sys/net/ipv4/ip_forward')
        self.until((None, 'forwarding-off', 'ipv4'))
        self.assertIn("network 'net1'", self.h.json('status')['conditions'][0]['text'])
        lib.wait_for('forwarding', lambda: self.h.sh('cat', '/proc/sys/net/ipv4/ip_forward').out.strip() == '1', 1)
        self.assertIn('the host', self.h.netctl('status').out + self.h.daemon.log())
        self.until(seconds=12)

    def test_not_repaired(self):
        """Somebody's bridge stands where ours was; told until it goes."""
        self.h.start_network(lib.network_xml())
        controller = [p['pid'] for p in self.h.json('status')['processes'] if p['role'] == 'controller'][0]
        os.kill(controller, signal.SIGSTOP)
        self.h.sh('ip', 'link', 'del', 'virbr1')
        self.h.sh('ip', 'link', 'add', 'virbr1', 'type', 'bridge')
        os.kill(controller, signal.SIGCONT)
        self.until(('net1', 'not-repaired', 'network'))
        self.assertIn('virbr1', self.h.json('status')['conditions'][0]['text'])
        self.h.sh('ip', 'link', 'del', 'virbr1')
        self.until()

    def test_service_down(self):
        self.h.start_network(lib.network_xml())

        def raised():
            for p in self.h.json('status')['processes']:
                if p['role'] == 'dns' and p['pid'] > 0:
                    os.kill(p['pid'], signal.SIGKILL)
            return 'service-down' in self.h.daemon.log()
        lib.wait_for('the condition', raised, 20, 0.05)
        self.until(seconds=15)
        self.assertIn('service-down of dns is over', self.h.daemon.log())

    def test_kept_over_a_restart(self):
        """What is still wrong is found again by the next controller."""
        self.h.start_network(lib.network_xml())
        self.small_port()
        self.until(('net1', 'port-mtu', 'small'))
        self.h.daemon.kill()
        self.h.start_netd()
        self.until(('net1', 'port-mtu', 'small'))
