# SPDX-License-Identifier: GPL-2.0-or-later
"""Spanning tree: guests don't wait for it, and loops end nevertheless."""
import json
import re
import subprocess
import time

import lib

XML = lib.network_xml('tree', 'virbr9', '192.168.159', stp='on')
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 2, 0x1000


class Tree(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.h.start_network(XML)

    def states(self):
        rows = json.loads(self.h.sh('bridge', '-j', 'link', 'show').out or '[]')
        return {row['ifname']: row['state'] for row in rows if row.get('master') == 'virbr9'}

    def info(self):
        return self.h.ip_json('-d', 'link', 'show', 'virbr9')[0]['linkinfo']['info_data']

    def spanning_tree(self):
        return self.info()['stp_state']

    def wait_until(self, port, state, seconds):
        begin = time.monotonic()
        lib.wait_for(f'{port} {state}', lambda: self.states().get(port) == state, seconds, 0.001)
        return time.monotonic() - begin

    def attach(self, *ports):
        for port in ports:
            self.h.sh('ip', 'link', 'set', port, 'up', 'master', 'virbr9')

    def watch(self):
        """What ports go through from now on: a function that returns [(name, state)]."""
        monitor = self.h.spawn('bridge', 'monitor', 'link')
        time.sleep(0.2)

        def events():
            last, changes = {}, []
            for port, state in re.findall(r'^\d+: ([^@:\s]+)[@:].* master virbr9 state (\w+) ', monitor.log(), re.M):
                if last.get(port) != state:
                    changes.append((port, state))
                last[port] = state
            return changes
        return events


class Edge(Tree):
    """Ports that lead to a guest."""

    @lib.needs('udhcpc')
    def test_a_veth_that_somebody_attaches(self):
        def lease(i):
            guest = self.guest(f'g{i}', self.h, 'virbr9')
            begin = time.monotonic()
            guest.dhcp()
            self.assertEqual(self.states()[guest.port], 'forwarding')
            return time.monotonic() - begin
        self.assertLess(self.middle(lease), 0.3, 'from carrier to a lease')
        self.assertEqual(self.spanning_tree(), 1)

    @lib.needs('udhcpc')
    def test_a_veth_of_ours(self):
        def run(i):
            begin = time.monotonic()
            self.h.guest_run('tree', 'true', name=f'g{i}', options=['--client', 'udhcpc'])
            return time.monotonic() - begin
        self.assertLess(self.middle(run), 0.3, 'a whole guest, with its lease')

    def middle(self, measure):
        seconds = sorted(measure(i) for i in range(7))
        self.assertLess(seconds[-1], 2, 'nobody waited for the forward delay')
        return seconds[3]

    def test_a_tap(self):
        name = self.h.netctl('port-tap', 'tree').out.strip()
        self.wait_until(name, 'disabled', 5)  # nobody has it open
        events = self.watch()
        script = ("import fcntl, os, struct, sys; f = os.open('/dev/net/tun', os.O_RDWR); "
                  f"fcntl.ioctl(f, {TUNSETIFF}, struct.pack('16sH22x', sys.argv[1].encode(), {IFF_TAP | IFF_NO_PI})); "
                  "sys.stdin.read()")
        for _ in range(3):
            vm = self.h.spawn('python3', '-c', script, name, stdin=subprocess.PIPE)
            self.wait_until(name, 'forwarding', 0.5)
            vm.kill()
            self.wait_until(name, 'disabled', 5)  # the kernel takes its time
        went = [state for _, state in events()]
        self.assertEqual(went[went.index('listening'):], ['listening', 'forwarding', 'disabled'] * 3)

    def test_carrier_comes_and_goes(self):
        guest = self.guest('g', self.h, 'virbr9')
        for _ in range(3):
            self.wait_until(guest.port, 'forwarding', 0.3)
            guest.sh('ip', 'link', 'set', 'eth0', 'down')
            self.wait_until(guest.port, 'disabled', 2)
            guest.sh('ip', 'link', 'set', 'eth0', 'up')

    def test_a_guest_that_flaps(self):
        guest = self.guest('g', self.h, 'virbr9')
        for _ in range(4):
            self.wait_until(guest.port, 'forwarding', 0.3)
            guest.sh('ip', 'link', 'set', 'eth0', 'down')
            self.wait_until(guest.port, 'disabled', 2)
            guest.sh('ip', 'link', 'set', 'eth0', 'up')
        self.wait_until(guest.port, 'forwarding', 0.3)
        events = self.watch()
        for _ in range(50):
            guest.sh('ip', 'link', 'set', 'eth0', 'down')
            guest.sh('ip', 'link', 'set', 'eth0', 'up')
        time.sleep(0.5)
        self.assertNotIn((guest.port, 'forwarding'), events(), 'it has used up its attempts')
        self.wait_until(guest.port, 'forwarding', 6)

    def test_many_at_once(self):
        guests = [self.namespace(f'g{i}') for i in range(40)]
        for i, guest in enumerate(guests):
            self.h.wire(guest, f'many{i}', 'eth0')
        events = self.watch()
        batch = ''.join(f'link set many{i} master virbr9\n' for i in range(40))
        self.h.sh('ip', '-batch', '-', stdin=batch)
        lib.wait_for('all forward', lambda: list(self.states().values()) == ['forwarding'] * 40, 1)
        self.assertEqual(self.spanning_tree(), 1)
        self.assertEqual(sum(state == 'forwarding' for _, state in events()), 40)

    def test_after_a_restart_of_the_daemon(self):
        self.h.stop_netd()
        guest = self.guest('g', self.h, 'virbr9')
        self.assertEqual(self.states()[guest.port], 'listening')
        self.h.start_netd()
        self.wait_until(guest.port, 'forwarding', 0.5)

    def test_after_a_restart_of_the_network(self):
        guest = self.guest('g', self.h, 'virbr9')
        self.wait_until(guest.port, 'forwarding', 0.3)
        self.h.netctl('net-destroy', 'tree')
        self.h.netctl('net-start', 'tree')
        self.wait_until(guest.port, 'forwarding', 0.5)
        self.assertEqual(self.spanning_tree(), 1)


class Others(Tree):
    """Ports that may lead to anywhere have to listen and learn."""

    def test_they_wait(self):
        self.h.sh('ip', 'link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there')
        self.h.sh('ip', 'link', 'set', 'there', 'up')
        self.attach('here')
        guest = self.guest('g', self.h, 'virbr9')
        self.wait_until(guest.port, 'forwarding', 0.3)
        self.assertEqual(self.states(), {'here': 'listening', guest.port: 'forwarding'})
        time.sleep(1.5)
        self.assertIn(self.states()['here'], ('listening', 'learning'))
        self.wait_until('here', 'forwarding', 4)

    def test_a_bridge_without_spanning_tree_is_left_alone(self):
        self.h.start_network(lib.network_xml('flat', 'virbr8', '192.168.158'))
        events = self.watch()
        guest = self.guest('g', self.h, 'virbr8')
        self.assertEqual(json.loads(self.h.sh('bridge', '-j', 'link', 'show', 'dev', guest.port).out)[0]['state'],
                         'forwarding')
        self.assertEqual(events(), [])


class Loops(Tree):
    def two_armed(self, name, close=True):
        """A guest with two NICs; closed: it bridges them."""
        guest = self.namespace(name)
        arms = [f'{name}{end}' for end in 'ab']
        for arm, dev in zip(arms, ('ea', 'eb')):
            self.h.wire(guest, arm, dev)
        guest.sh('ip', 'link', 'add', 'inner', 'type', 'bridge')
        guest.sh('ip', 'link', 'set', 'inner', 'up')
        guest.sh('ip', 'addr', 'add', '192.168.159.50/24', 'dev', 'inner')
        if close:
            self.close(guest)
        return guest, arms

    def close(self, guest):
        for dev in ('ea', 'eb'):
            guest.sh('ip', 'link', 'set', dev, 'master', 'inner')

    def frames(self, ports):
        rows = self.h.ip_json('-s', 'link')
        return sum(row['stats64']['rx']['packets'] for row in rows if row['ifname'] in ports)

    def storm(self, guest, ports, seconds):
        """Stir once; for how long the ports carry more than 5000 frames per second, and how many in all."""
        first = last = self.frames(ports)
        begin = before = time.monotonic()
        end = 0
        guest.sh('ping', '-c1', '-W0.1', '192.168.159.77', check=False)
        while time.monotonic() - begin < seconds:
            time.sleep(0.05)
            now, n = time.monotonic(), self.frames(ports)
            if (n - last) / (now - before) > 5000:
                end = now - begin
            before, last = now, n
        return end, last - first

    def test_one_that_is_there_before_the_ports(self):
        guest, arms = self.two_armed('two')
        events = self.watch()
        self.attach(*arms)
        lib.wait_for('a port blocks', lambda: sorted(self.states().values()) == ['blocking', 'forwarding'], 0.5, 0.001)
        length, frames = self.storm(guest, arms, 3)
        self.assertLess(length, 0.2)
        self.assertLess(frames, 2000, 'no storm')
        self.assertEqual(sorted(self.states().values()), ['blocking', 'forwarding'])
        self.assertEqual(len([e for e in events() if e[1] == 'forwarding']), 1, events())
        self.assertEqual(self.spanning_tree(), 1)

    def test_many_that_are_there_before_the_ports(self):
        guests = [self.two_armed(f'l{i}x') for i in range(5)]
        arms = [arm for _, pair in guests for arm in pair]
        self.h.sh('ip', '-batch', '-', stdin=''.join(f'link set {arm} master virbr9\n' for arm in arms))
        lib.wait_for('each guest keeps one', lambda: sorted(self.states().values()) ==
                     ['blocking'] * 5 + ['forwarding'] * 5, 0.5)
        length, frames = self.storm(guests[0][0], arms, 3)
        self.assertLess(length, 0.2)

    def test_one_that_closes_later(self):
        guest, arms = self.two_armed('two', close=False)
        self.attach(*arms)
        for arm in arms:
            self.wait_until(arm, 'forwarding', 0.3)
        self.close(guest)
        length, frames = self.storm(guest, arms, 5)
        self.assertLess(length, 3, 'the next hello ends it')
        self.assertEqual(sorted(self.states().values()), ['blocking', 'forwarding'])

    def test_many_ports_one_after_the_other_do_not_hide_one(self):
        """Each port switches STP off and on, and with that the kernel's next hello is put off."""
        guest, arms = self.two_armed('two', close=False)
        self.attach(*arms)
        for arm in arms:
            self.wait_until(arm, 'forwarding', 0.3)
        self.h.wire(self.namespace('restless'), 'flap', 'eth0')
        self.close(guest)
        end = time.monotonic() + 3
        while time.monotonic() < end and 'blocking' not in self.states().values():
            self.h.sh('ip', 'link', 'set', 'flap', 'master', 'virbr9')
            self.wait_until('flap', 'forwarding', 0.5)
            self.h.sh('ip', 'link', 'set', 'flap', 'nomaster')
        self.assertEqual(sorted(self.states()[arm] for arm in arms), ['blocking', 'forwarding'])

    def test_a_guest_that_makes_itself_root(self):
        guest, arms = self.two_armed('two')
        guest.sh('ip', 'link', 'set', 'inner', 'type', 'bridge', 'stp_state', 1, 'priority', 0, 'hello_time', 300,
                 'forward_delay', 1500)
        self.attach(*arms)
        lib.wait_for('virbr9 to follow', lambda: self.info()['root_port'], 5)
        self.h.sh('ip', 'link', 'set', 'virbr9', 'txqueuelen', 999)  # an event of the bridge
        other = self.guest('g', self.h, 'virbr9')
        self.wait_until(other.port, 'forwarding', 0.3)
        self.assertNotIn('repair', self.h.daemon.log())
