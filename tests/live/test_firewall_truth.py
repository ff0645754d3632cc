# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules do to packets, against firewall-truth.txt: netd's rules, and libvirt's in both of their forms."""
import ctypes
import os
import select
import socket
import struct
import time

import lib
import libvirt_rules

PORT = 7000
CLOSED = 7001   # nobody listens there
FORWARDED = 7002
IP_RECVERR, IPV6_RECVERR, IP_MULTICAST_IF = 11, 25, 32
APPLY = os.path.join(lib.BUILD, 'tests', 'live', 'live-firewall-apply')
libc = ctypes.CDLL(None, use_errno=True)

# name: (number, <forward>, IPv6, and the same in libvirt_rules.Net's terms); the subnets are 10.NUMBER.0.0/24 and
# 2001:db8:NUMBER::/64
NETWORKS = {
    'nat': (1, "<forward mode='nat'><nat ipv6='yes'/></forward>", True, {'mode': 'nat', 'nat6': True}),
    'nat2': (2, "<forward mode='nat'><nat><port start='2000' end='2010'/></nat></forward>", True,
             {'mode': 'nat', 'ports': '2000-2010'}),
    'natdev': (3, "<forward mode='nat' dev='up0'/>", False, {'mode': 'nat', 'dev': 'up0'}),
    'snat': (4, "<forward mode='nat'><nat><address start='192.0.2.101' end='192.0.2.103'/>"
                "<port start='500' end='1000'/></nat></forward>", False,
             {'mode': 'nat', 'addresses': '192.0.2.101-192.0.2.103', 'ports': '500-1000'}),
    'iso': (5, '', True, {'mode': None}),
    'route': (6, "<forward mode='route'/>", True, {'mode': 'route'}),
    'open': (7, "<forward mode='open'/>", False, {'mode': 'open'}),
    'two': (8, "<forward mode='nat'/>", False, {'mode': 'nat'}),
}
SECOND = '10.28.0'  # the other subnet of `two`
UPLINKS = {'outside': ('up0', '198.51.100', '2001:db8:100'), 'outside2': ('up1', '203.0.113', '2001:db8:200')}


def socket_in(namespace, family=socket.AF_INET6, kind=socket.SOCK_DGRAM):
    """A socket of another network namespace: a socket stays where it was made."""
    with open('/proc/thread-self/ns/net') as here, open(f'/run/netns/{namespace.ns}') as there:
        try:
            if libc.setns(there.fileno(), 0):
                raise OSError(ctypes.get_errno(), f'setns to {namespace.ns}')
            return socket.socket(family, kind | socket.SOCK_NONBLOCK)
        finally:
            libc.setns(here.fileno(), 0)


def read_truth(column):
    """{section: {row: {column: expectation}}}; of an expectation in several words the one of this ruleset."""
    truth, columns, section = {}, [], None
    with open(os.path.join(lib.HERE, 'firewall-truth.txt')) as f:
        for words in (line.split() for line in f if line.strip() and line[0] != '#'):
            if words[0] in ('ipv4', 'ipv6', 'forged', 'services', 'cases'):
                section, columns = words[0], words[1:]
                truth[section] = {}
            else:
                expected = [w.split('|') for w in words[1:]]
                truth[section][words[0]] = {c: e[min(column, len(e) - 1)] for c, e in zip(columns, expected, strict=True)}
    return truth


class Truth(lib.Case):
    """The laboratory and the questions; a subclass says by whose rules."""
    ruleset = 0

    def setUp(self):
        super().setUp()
        self.truth = read_truth(self.ruleset)
        self.router = self.namespace('host')
        for key in ('net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.conf.all.rp_filter=0',
                    'net.ipv4.conf.default.rp_filter=0', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0'):
            self.router.sh('sysctl', '-qw', key)
        self.places, self.addresses, self.spare, self.files, self.nets = {'host': self.router}, {}, {}, [], []
        for name, (number, forward, ipv6, terms) in NETWORKS.items():
            self.files.append(self.make_network(name, number, forward, ipv6))
            subnets = [f'10.{number}.0.0/24'] + ([f'{SECOND}.0/24'] if name == 'two' else []) + \
                ([f'2001:db8:{number}::/64'] if ipv6 else [])
            self.nets.append(libvirt_rules.Net(bridge=f'br-{name}', subnets=subnets, **terms))
        for name, (dev, v4, v6) in UPLINKS.items():
            self.make_outside(name, dev, v4, v6)
        self.apply()
        self.echo = {name: self.serve(place) for name, place in self.places.items()}
        self.spare_echo = {name: self.serve(place) for name, place in self.spare.items()}

    def apply(self):
        self.router.sh(APPLY, *self.files)

    def make_network(self, name, number, forward, ipv6):
        bridge, v4, v6 = f'br-{name}', f'10.{number}.0', f'2001:db8:{number}'
        self.router.sh('ip', 'link', 'add', bridge, 'up', 'type', 'bridge')
        self.router.sh('ip', 'addr', 'add', f'{v4}.1/24', 'dev', bridge)
        second = f"<ip address='{SECOND}.1' prefix='24'/>" if name == 'two' else ''
        if second:
            self.router.sh('ip', 'addr', 'add', f'{SECOND}.1/24', 'dev', bridge)
        if ipv6:
            self.router.sh('ip', 'addr', 'add', f'{v6}::1/64', 'dev', bridge, 'nodad')
        for i, places in ((2, self.places), (3, self.spare)):
            guest = places[name] = lib.Guest(self, f'{name}{i}', self.router, bridge)
            other = second and places is self.spare
            self.address(guest, name, i, SECOND if other else v4, v6 if ipv6 else None, places is self.places)
        path = os.path.join(self.folder, name + '.xml')
        with open(path, 'w') as f:
            f.write(f"<network><name>{name}</name><uuid>c0ffee00-0000-4000-8000-00000000000{number}</uuid>{forward}"
                    f"<bridge name='{bridge}'/><ip address='{v4}.1' prefix='24'/>{second}")
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
        for source, row in self.truth[family].items():
            for target, wanted in row.items():
                if wanted != '-' and (got := self.kind(family, source, target)) != wanted:
                    wrong.append(f'{family}: {source} -> {target}: {got}, not {wanted}')
        return wrong

    def check_forged(self):
        wrong = []
        for source, row in self.truth['forged'].items():
            self.places[source].sh('ip', 'addr', 'add', '10.99.0.5/32', 'dev', 'lo')
            for target, wanted in row.items():
                if wanted == '-':
                    continue
                _, seen = self.probe(self.places[source], self.echo[target], self.addresses[target]['ipv4'],
                                     bind=('10.99.0.5', 0), seconds=0.15)
                if (got := 'in' if seen else 'no') != wanted:
                    wrong.append(f'forged: {source} -> {target}: {got}, not {wanted}')
            self.places[source].sh('ip', 'addr', 'del', '10.99.0.5/32', 'dev', 'lo')
        return wrong

    # --- the host's services ---

    def service(self, source, port, family, tcp):
        """Whether a guest reaches a port of its gateway."""
        kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
        address = self.addresses[source]['gateway' + family[3:]]
        inet = socket.AF_INET6 if family == 'ipv6' else socket.AF_INET
        with socket_in(self.router, inet, kind) as server, socket_in(self.places[source], inet, kind) as client:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((address, port))
            if not tcp:
                client.sendto(b'?', (address, port))
                return bool(select.select([server], [], [], 1)[0])
            server.listen()
            client.connect_ex((address, port))
            return bool(select.select([server], [], [], 1)[0])

    def check_services(self):
        wrong = []
        for source, row in self.truth['services'].items():
            for family, wanted in row.items():
                if wanted == '-':
                    continue
                for port, tcp in ((53, False), (67, False), (69, False), (547, False), (8080, False), (53, True),
                                  (80, True)):
                    if not self.service(source, port, family, tcp):
                        wrong.append(f'{source} does not reach {"TCP" if tcp else "UDP"} {port} of the host ({family})')
        return wrong

    # --- single questions ---

    def check_cases(self):
        wrong = []
        for name, row in self.truth['cases'].items():
            got = getattr(self, 'case_' + name)()
            if got != row['answer']:
                wrong.append(f'{name}: {got}, not {row["answer"]}')
        return wrong

    def arrives(self, server, seconds=0.5):
        return bool(select.select([server], [], [], seconds)[0]) and server.recvfrom(100)

    def flow(self):
        """A flow from the nat guest to the outside: the guest's socket, and what the outside knows it by."""
        client = socket_in(self.places['nat'], socket.AF_INET)
        self.addCleanup(client.close)
        client.sendto(b'1', (self.addresses['outside']['ipv4'], PORT))
        _, peer = self.arrives(self.echo['outside'])
        self.echo['outside'].sendto(b'2', peer)
        self.assertTrue(self.arrives(client))
        return client, peer

    def case_second_reply_of_a_flow(self):
        client, peer = self.flow()
        self.echo['outside'].sendto(b'3', peer)
        return 'arrives' if self.arrives(client) else 'lost'

    def case_another_port_to_a_flow(self):
        client, peer = self.flow()
        with socket_in(self.places['outside'], socket.AF_INET) as other:
            other.connect((peer[0].removeprefix('::ffff:'), peer[1]))
            other.send(b'?')
            ready = select.select([client, other], [], [], 1)[0]
            return 'rej' if other in ready else 'arrives' if client in ready else 'lost'

    def unreachable(self, source, family=socket.AF_INET):
        """A port where nobody listens, outside: does the guest learn so from there?"""
        address = self.addresses['outside']['ipv6' if family == socket.AF_INET6 else 'ipv4']
        with socket_in(self.places[source], family) as client:
            if family == socket.AF_INET6:
                client.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
            else:
                client.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            client.sendto(b'?', (address, CLOSED))
            poll = select.poll()
            poll.register(client, 0)
            if not poll.poll(1000):
                return 'lost'
            _, more, _, _ = client.recvmsg(100, 1000, socket.MSG_ERRQUEUE)
            # struct sock_extended_err, then who sent the error
            at = more[0][2][16:]
            offender = socket.inet_ntop(family, at[8:24] if family == socket.AF_INET6 else at[4:8])
            return 'told' if offender == address else f'told by {offender}'

    def case_port_unreachable_to_nat(self):
        return self.unreachable('nat')

    def case_port_unreachable_to_nat_ipv6(self):
        return self.unreachable('nat', socket.AF_INET6)

    def case_port_unreachable_to_snat(self):
        return self.unreachable('snat')

    def case_port_unreachable_to_route(self):
        return self.unreachable('route')

    def ping(self, source, family):
        done = self.places[source].ping(self.addresses['outside'][family], check=False, wait=1)
        return 'answered' if done.rc == 0 else 'lost'

    def case_ping_from_nat(self):
        return self.ping('nat', 'ipv4')

    def case_ping_from_nat_ipv6(self):
        return self.ping('nat', 'ipv6')

    def tcp(self, source, target, bind=None):
        """(outcome, the address and port that the target saw)"""
        with socket_in(self.places[target], socket.AF_INET, socket.SOCK_STREAM) as server, \
                socket_in(self.places[source], socket.AF_INET, socket.SOCK_STREAM) as client:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(('', PORT))
            server.listen()
            if bind:
                client.bind(bind)
            client.connect_ex((self.addresses[target]['ipv4'], PORT))
            ready = select.select([server], [client], [], 1)
            if server in ready[0]:
                connection, peer = server.accept()
                connection.close()
                return 'ok', peer
            return ('rej' if client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) else 'lost'), None

    def tcp_kind(self, source, target):
        outcome, seen = self.tcp(source, target)
        if not seen:
            return outcome
        return 'own' if seen[0] == self.addresses[source]['ipv4'] else 'masq'

    def case_tcp_from_nat(self):
        return self.tcp_kind('nat', 'outside')

    def case_tcp_to_nat(self):
        return self.tcp_kind('outside', 'nat')

    def case_tcp_to_route(self):
        return self.tcp_kind('outside', 'route')

    def seen_port(self, source, port):
        outcome, seen = self.probe(self.places[source], self.echo['outside'], self.addresses['outside']['ipv4'],
                                   bind=('0.0.0.0', port))
        return seen[1] if outcome == 'ok' else outcome

    def case_low_port_of_nat(self):
        return '>=1024' if self.seen_port('nat', 700) >= 1024 else 'low'

    def case_low_tcp_port_of_nat(self):
        return '>=1024' if self.tcp('nat', 'outside', bind=('', 701))[1][1] >= 1024 else 'low'

    def case_high_port_of_nat(self):
        return 'kept' if self.seen_port('nat', 40000) == 40000 else 'changed'

    def case_port_of_nat2(self):
        return '2000-2010' if 2000 <= self.seen_port('nat2', 40000) <= 2010 else 'another'

    def case_port_of_snat(self):
        return '500-1000' if 500 <= self.seen_port('snat', 40000) <= 1000 else 'another'

    def case_port_of_route(self):
        return 'kept' if self.seen_port('route', 700) == 700 else 'changed'

    def case_second_subnet_to_outside(self):
        outcome, seen = self.probe(self.spare['two'], self.echo['outside'], self.addresses['outside']['ipv4'])
        return ('masq' if seen[0] == '198.51.100.2' else seen[0]) if outcome == 'ok' else outcome

    def case_host_with_the_gateways_address(self):
        outcome, seen = self.probe(self.router, self.echo['outside'], self.addresses['outside']['ipv4'],
                                   bind=('10.1.0.1', 0))
        return ('masq' if seen[0] == '198.51.100.2' else seen[0]) if outcome == 'ok' else outcome

    def host_sends(self, address):
        """What a guest of nat sees of a datagram that the host sends from its gateway's address and a low port."""
        guest = self.places['nat']
        with socket_in(self.router, socket.AF_INET) as host, socket_in(guest, socket.AF_INET) as server:
            server.bind(('', CLOSED))
            index = next(row['ifindex'] for row in guest.ip_json('link') if row['ifname'] == 'eth0')
            server.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                              socket.inet_aton('224.0.0.251') + bytes(4) + struct.pack('=i', index))
            host.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            host.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'br-nat\0')
            host.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_IF, socket.inet_aton('10.1.0.1'))
            host.bind(('10.1.0.1', 67))
            host.sendto(b'?', (address, CLOSED))
            got = self.arrives(server)
            return 'lost' if not got else 'kept' if got[1] == ('10.1.0.1', 67) else str(got[1])

    def case_host_to_broadcast(self):
        return self.host_sends('255.255.255.255')

    def case_host_to_broadcast_of_the_subnet(self):
        return self.host_sends('10.1.0.255')

    def case_host_to_multicast(self):
        return self.host_sends('224.0.0.251')

    def dnat(self, source, target):
        """A port of the host that somebody forwards to a guest, by a table of his own."""
        self.router.sh('nft', f'add table ip his; add chain ip his pre {{ type nat hook prerouting priority -100; }}; '
                       f'add rule ip his pre udp dport {FORWARDED} dnat to {self.addresses[target]["ipv4"]}:{PORT}')
        with socket_in(self.places[source], socket.AF_INET) as client:
            client.connect((self.addresses[source]['gateway4'], FORWARDED))
            client.send(b'?')
            ready = select.select([client, self.echo[target]], [], [], 1)[0]
            got = 'rej' if client in ready else 'lost'
            if self.echo[target] in ready:
                peer = self.echo[target].recvfrom(100)[1][0].removeprefix('::ffff:')
                got = 'own' if peer == self.addresses[source]['ipv4'] else peer
        self.router.sh('nft', 'delete', 'table', 'ip', 'his')
        return got

    def case_outside_by_dnat_to_nat(self):
        return self.dnat('outside', 'nat')

    def case_outside_by_dnat_to_route(self):
        return self.dnat('outside', 'route')

    def case_iso_by_dnat_to_nat(self):
        return self.dnat('iso', 'nat')

    def case_new_bridge_of_that_name(self):
        """Somebody removes the bridge and makes another: who comes to the guests now?"""
        bridge, guest = 'br-nat', self.places['nat']
        mac = self.router.ip_json('link', 'show', 'dev', bridge)[0]['address']
        self.router.sh('ip', 'link', 'del', bridge)
        self.router.sh('ip', 'link', 'add', bridge, 'address', mac, 'up', 'type', 'bridge')
        self.router.sh('ip', 'addr', 'add', '10.1.0.1/24', 'dev', bridge)
        self.router.sh('ip', 'link', 'set', guest.port, 'master', bridge)
        lib.wait_for('the bridge', lambda: self.kind('ipv4', 'nat', 'host') == 'own')
        return self.kind('ipv4', 'outside', 'nat')

    # --- the tests ---

    def test_who_reaches_whom(self):
        self.assertEqual(self.check_family('ipv4') + self.check_family('ipv6'), [])

    def test_forged_sources_and_services(self):
        self.assertEqual(self.check_forged() + self.check_services(), [])

    def test_cases(self):
        self.assertEqual(self.check_cases(), [])


class NetdWithoutBridgeFilter(Truth):
    """Bridged frames don't pass the rules (net.bridge.bridge-nf-call-* = 0): nothing else changes."""

    def apply(self):
        super().apply()
        for family in ('iptables', 'ip6tables'):
            path = f'/proc/sys/net/bridge/bridge-nf-call-{family}'
            if self.router.sh('test', '-e', path, check=False).rc:
                self.skipTest('no br_netfilter')
            value = self.router.sh('cat', path).out.strip()
            self.router.sh('sh', '-c', f'echo {1 - int(value)} >{path}')


class NetdAsLibvirt(Truth):
    ruleset = 1

    def apply(self):
        self.router.sh(APPLY, '--open-isolated', *self.files)


@lib.needs('iptables-nft-restore', 'ip6tables-nft-restore')
class LibvirtIptables(Truth):
    ruleset = 2

    def apply(self):
        self.router.sh('iptables-nft-restore', stdin=libvirt_rules.iptables(self.nets, 4))
        self.router.sh('ip6tables-nft-restore', stdin=libvirt_rules.iptables(self.nets, 6))


class LibvirtNftables(Truth):
    ruleset = 3

    def apply(self):
        for family in (4, 6):
            self.router.sh('nft', '-f', '-', stdin=libvirt_rules.nftables(self.nets, family))
