# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules do to packets: every pair of guests, host and outside world against firewall-truth.txt."""
import ctypes
import os
import select
import socket
import time

import lib

PORT = 7000
APPLY = os.path.join(lib.BUILD, 'tests', 'live', 'live-firewall-apply')
libc = ctypes.CDLL(None, use_errno=True)

# name: (number, <forward>, IPv6); the subnets are 10.NUMBER.0.0/24 and 2001:db8:NUMBER::/64
NETWORKS = {
    'nat': (1, "<forward mode='nat'><nat ipv6='yes'/></forward>", True),
    'nat2': (2, "<forward mode='nat'/>", True),
    'natdev': (3, "<forward mode='nat' dev='up0'/>", False),
    'snat': (4, "<forward mode='nat'><nat><address start='192.0.2.101' end='192.0.2.103'/>"
                "<port start='500' end='1000'/></nat></forward>", False),
    'iso': (5, '', True),
    'route': (6, "<forward mode='route'/>", True),
    'open': (7, "<forward mode='open'/>", False),
}
UPLINKS = {'outside': ('up0', '198.51.100', '2001:db8:100'), 'outside2': ('up1', '203.0.113', '2001:db8:200')}


def socket_in(namespace, family=socket.AF_INET6):
    """A UDP socket of another network namespace: a socket stays where it was made."""
    with open('/proc/thread-self/ns/net') as here, open(f'/run/netns/{namespace.ns}') as there:
        try:
            if libc.setns(there.fileno(), 0):
                raise OSError(ctypes.get_errno(), f'setns to {namespace.ns}')
            return socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        finally:
            libc.setns(here.fileno(), 0)


def read_truth():
    """{family: {from: {to: expectation}}}"""
    truth, columns, family = {}, [], None
    with open(os.path.join(lib.HERE, 'firewall-truth.txt')) as f:
        for words in (line.split() for line in f if line.strip() and line[0] != '#'):
            if words[0] in ('ipv4', 'ipv6'):
                family, columns = words[0], words[1:]
                truth[family] = {}
            else:
                truth[family][words[0]] = dict(zip(columns, words[1:], strict=True))
    return truth


class Truth(lib.Case):
    def setUp(self):
        super().setUp()
        self.router = self.namespace('host')
        for key in ('net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.conf.all.rp_filter=0',
                    'net.ipv4.conf.default.rp_filter=0', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0'):
            self.router.sh('sysctl', '-qw', key)
        self.places, self.addresses, self.spare, files = {'host': self.router}, {}, {}, []
        for name, (number, forward, ipv6) in NETWORKS.items():
            files.append(self.make_network(name, number, forward, ipv6))
        for name, (dev, v4, v6) in UPLINKS.items():
            self.make_outside(name, dev, v4, v6)
        self.router.sh(APPLY, *files)
        self.echo = {name: self.serve(place) for name, place in self.places.items()}
        self.spare_echo = {name: self.serve(place) for name, place in self.spare.items()}

    def make_network(self, name, number, forward, ipv6):
        bridge, v4, v6 = f'br-{name}', f'10.{number}.0', f'2001:db8:{number}'
        self.router.sh('ip', 'link', 'add', bridge, 'up', 'type', 'bridge')
        self.router.sh('ip', 'addr', 'add', f'{v4}.1/24', 'dev', bridge)
        if ipv6:
            self.router.sh('ip', 'addr', 'add', f'{v6}::1/64', 'dev', bridge, 'nodad')
        for i, places in ((2, self.places), (3, self.spare)):
            guest = places[name] = lib.Guest(self, f'{name}{i}', self.router, bridge)
            self.address(guest, name, i, v4, v6 if ipv6 else None, places is self.places)
        path = os.path.join(self.folder, name + '.xml')
        with open(path, 'w') as f:
            f.write(f"<network><name>{name}</name><uuid>c0ffee00-0000-4000-8000-00000000000{number}</uuid>{forward}"
                    f"<bridge name='{bridge}'/><ip address='{v4}.1' prefix='24'/>")
            f.write(f"<ip family='ipv6' address='{v6}::1' prefix='64'/></network>" if ipv6 else '</network>')
        return path

    def make_outside(self, name, dev, v4, v6):
        place = self.places[name] = self.namespace(name)
        self.router.wire(place, dev, 'eth0')
        self.router.sh('ip', 'addr', 'add', f'{v4}.2/24', 'dev', dev)
        self.router.sh('ip', 'addr', 'add', f'{v6}::2/64', 'dev', dev, 'nodad')
        self.address(place, name, 1, v4, v6, True, gateway=2)

    def address(self, place, name, i, v4, v6, known, gateway=1):
        """The outside has a route to the guests too: what keeps it out is to be the firewall."""
        place.sh('ip', 'addr', 'add', f'{v4}.{i}/24', 'dev', 'eth0')
        place.sh('ip', 'route', 'add', 'default', 'via', f'{v4}.{gateway}')
        if v6:
            place.sh('ip', 'addr', 'add', f'{v6}::{i}/64', 'dev', 'eth0', 'nodad')
            place.sh('ip', 'route', 'add', 'default', 'via', f'{v6}::{gateway}')
        if known:
            self.addresses[name] = {'ipv4': f'{v4}.{i}', 'ipv6': f'{v6}::{i}', 'gateway4': f'{v4}.{gateway}',
                                    'gateway6': f'{v6}::{gateway}'}

    def serve(self, place):
        s = socket_in(place)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.bind(('::', PORT))
        self.addCleanup(s.close)
        return s

    # --- one probe ---

    def probe(self, sender, target, address, bind=None, seconds=1.0):
        """Send one datagram and serve it: (what the sender sees, the address and port that the target saw)."""
        family = socket.AF_INET6 if ':' in address else socket.AF_INET
        seen, outcome = None, 'lost'
        with socket_in(sender, family) as client:
            if bind:
                client.bind(bind)
            client.connect((address, PORT))
            client.send(b'probe')
            end = time.monotonic() + seconds
            while outcome == 'lost' and (left := end - time.monotonic()) > 0:
                ready, _, _ = select.select([client, target], [], [], left if seen is None else min(left, 0.2))
                if target in ready:
                    data, peer = target.recvfrom(100)
                    seen = (peer[0].removeprefix('::ffff:'), peer[1])
                    target.sendto(data, peer)
                elif client in ready:
                    try:
                        client.recv(100)
                        outcome = 'ok'
                    except OSError:
                        outcome = 'rej'
                elif seen:
                    outcome = '1way'
        return outcome, seen

    def kind(self, family, source, target):
        """The word of the table for one pair."""
        place, echo = self.places[source], self.echo[target]
        if source == target:  # another guest of the same network
            place, echo = self.spare[source], self.echo[target]
        address = self.addresses[source]['gateway' + family[3:]] if target == 'host' else self.addresses[target][family]
        outcome, seen = self.probe(place, echo, address)
        if outcome == 'rej' and seen:
            return '1way'
        if outcome != 'ok':
            return outcome
        own = {a['local'] for row in place.ip_json('addr') for a in row['addr_info']}
        hosts = {a['local'] for row in self.router.ip_json('addr') for a in row['addr_info']}
        if seen[0] in own:
            return 'own'
        return 'masq' if seen[0] in hosts else 'range' if seen[0].startswith('192.0.2.10') else f'as {seen[0]}'

    def check_family(self, family):
        wrong = []
        for source, row in read_truth()[family].items():
            for target, wanted in row.items():
                if wanted != '-' and (got := self.kind(family, source, target)) != wanted:
                    wrong.append(f'{source} -> {target}: {got}, not {wanted}')
        self.assertEqual(wrong, [])

    # --- the tests ---

    def test_ipv4(self):
        self.check_family('ipv4')

    def test_ipv6(self):
        self.check_family('ipv6')

    def test_forged_source(self):
        """A guest that lies about its address reaches nobody; one of an open network is not looked at."""
        for name, arrives in (('nat', False), ('snat', False), ('iso', False), ('route', False), ('open', True)):
            self.places[name].sh('ip', 'addr', 'add', '10.99.0.5/32', 'dev', 'lo')
            for target in ('outside', 'nat2'):
                outcome, seen = self.probe(self.places[name], self.echo[target], self.addresses[target]['ipv4'],
                                           bind=('10.99.0.5', 0), seconds=0.2)
                self.assertEqual(seen is not None, arrives and target == 'outside', f'{name} to {target}: {outcome}')

    def test_ports(self):
        """Privileged source ports are translated away, others kept; a configured range is kept to."""
        def seen_port(network, port):
            outcome, seen = self.probe(self.places[network], self.echo['outside'], self.addresses['outside']['ipv4'],
                                       bind=('0.0.0.0', port))
            self.assertEqual(outcome, 'ok')
            return seen[1]

        self.assertGreaterEqual(seen_port('nat', 700), 1024)
        self.assertEqual(seen_port('nat', 40000), 40000)
        self.assertIn(seen_port('snat', 40000), range(500, 1001))

    def test_bridge_made_again(self):
        """Rules hold for the bridge's name: a new bridge of that name is no less guarded."""
        bridge, guest = 'br-nat', self.places['nat']
        self.router.sh('ip', 'link', 'del', bridge)
        self.router.sh('ip', 'link', 'add', bridge, 'up', 'type', 'bridge')
        self.router.sh('ip', 'addr', 'add', '10.1.0.1/24', 'dev', bridge)
        self.router.sh('ip', 'link', 'set', guest.port, 'master', bridge)
        lib.wait_for('the bridge', lambda: self.kind('ipv4', 'nat', 'outside') == 'masq')
        self.assertEqual(self.kind('ipv4', 'outside', 'nat'), 'rej')
