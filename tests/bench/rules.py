# SPDX-License-Identifier: GPL-2.0-or-later
"""What rules cost: packets that pass them, and networks that come and go. Parts of `run`, beside libvirt's rules and the
kernel without any."""
import os
import shutil
import sys
import time

from __main__ import TOP, Samples, Table, inside, sh

sys.path.insert(0, os.path.join(TOP, 'tests', 'live'))
import libvirt_rules  # noqa: E402

SIZES = 1, 100, 1000
FLUSH = 'flush ruleset\n'


def nets(n):
    """As bench-rules has them."""
    return [libvirt_rules.Net(bridge=f'br{i}', mode='nat', subnets=[f'10.{64 + i // 256}.{i % 256}.0/24']) for i in range(n)]


class Router:
    """A host with bridge br0, its guest, and an outside that drops what arrives, counted. The other networks' bridges
    are of a kind that goes sooner: rules don't see the difference."""

    def __init__(self, bench, n):
        self.bench, self.n = bench, n
        self.ns, self.guest, self.out = bench.namespace('router'), bench.namespace('guest'), bench.namespace('out')
        batch = ['link add br0 type bridge', 'addr add 10.64.0.1/24 dev br0', 'link set br0 up',
                 f'link add port type veth peer name eth0 netns {self.guest}', 'link set port master br0 up',
                 f'link add up0 type veth peer name eth0 netns {self.out}', 'addr add 198.51.100.2/24 dev up0',
                 'link set up0 up', 'neigh add 198.51.100.1 lladdr 02:00:00:00:00:01 dev up0 nud permanent']
        batch += [f'link add br{i} type veth peer br{i + 1}' for i in range(1, n, 2)]
        inside(self.ns, 'ip', '-batch', '-', input='\n'.join(batch))
        inside(self.ns, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0')
        inside(self.guest, 'ip', 'link', 'set', 'eth0', 'up')
        sh('ip', '-n', self.out, 'link', 'set', 'eth0', 'address', '02:00:00:00:00:01', 'up')
        inside(self.out, 'nft', 'add table netdev sink; add chain netdev sink in { type filter hook ingress device eth0 '
               'priority 0; policy drop; }; add rule netdev sink in udp dport 9-65535 counter drop')
        self.mac = sh('ip', '-n', self.ns, '-br', 'link', 'show', 'br0').split()[2]

    def arrived(self):
        text = inside(self.out, 'nft', 'list', 'chain', 'netdev', 'sink', 'in')
        return int(text.split('packets ')[1].split()[0])

    def load(self, rules):
        """Instead of what is there: 'none', 'nat' (one masquerade rule, the floor of any NAT), 'netd', 'libvirt',
        'libvirt-iptables'."""
        inside(self.ns, 'nft', '-f', '-', input=FLUSH)
        if rules == 'netd':
            inside(self.ns, self.bench.program('bench-rules'), 'apply', self.n)
        elif rules == 'libvirt':
            inside(self.ns, 'nft', '-f', '-', input=libvirt_rules.nftables(nets(self.n), 4))
        elif rules == 'libvirt-iptables':
            inside(self.ns, 'iptables-nft-restore', input=libvirt_rules.iptables(nets(self.n), 4))
        elif rules == 'nat':
            inside(self.ns, 'nft', '-f', '-', input='table ip floor { chain post { type nat hook postrouting priority 100; '
                   'oifname up0 masquerade; }; }')
        sh('ip', 'netns', 'exec', self.ns, 'conntrack', '-F', check=False)

    def send(self, count, flow):
        before = self.arrived()
        out = inside(self.guest, self.bench.program('bench-packets'), 'eth0', self.mac, '10.64.0.2', '198.51.100.1',
                     count, flow)
        return float(out.split('\t')[1]), count - (self.arrived() - before)


def part_packets(bench, rounds):
    designs = ['none', 'nat', 'netd', 'libvirt']
    if shutil.which('iptables-nft-restore', path=os.environ['PATH'] + ':/usr/sbin'):
        designs.append('libvirt-iptables')
    counts = {'same': 50000, 'new': 10000}
    for n in SIZES:
        s, router, lost = Samples(), Router(bench, n), 0
        for _ in range(max(3, rounds // 8)):
            for design in designs:
                router.load(design)
                for flow, count in counts.items():
                    slow = n == 1000 and design.startswith('libvirt')
                    ns, missing = router.send(count // 5 if slow else count, flow)
                    s[f'{design}.{flow}'].append(ns)
                    lost += max(0, missing - 100 if flow == 'same' else missing)
        t = Table(s, f'A packet from a guest to the outside, {n} networks: CPU time of the whole way; {lost} lost')
        for flow, text in (('same', 'established'), ('new', 'new flow')):
            for design in designs:
                t.row(f'{design}: {text}', f'{design}.{flow}', unit=(1, 'ns'), digits=0,
                      beside=None if design == 'none' else f'none.{flow}')


def one_by_one(s, router, n, rounds):
    """A network more and one less, as libvirt does it: an nft process for each rule."""
    ns, net = router.ns, nets(n + 1)[-1]
    inside(ns, 'ip', 'link', 'add', net.bridge, 'type', 'bridge', check=False)
    rules = []
    for line in libvirt_rules.nftables([net], 4).splitlines():
        if line.startswith('chain '):
            chain = line.split()[1]
        elif ' counter ' in line and ' jump ' not in line:
            rules.append((chain, line))
    for _ in range(rounds):
        start = time.monotonic()
        handles = []
        for chain, rule in reversed(rules):
            out = inside(ns, 'nft', '-ae', 'insert', 'rule', 'ip', 'libvirt_network', chain, rule)
            handles.append((chain, out.split('# handle ')[1].split()[0]))
        s['libvirt.add'].append((time.monotonic() - start) * 1e6)
        start = time.monotonic()
        for chain, handle in handles:
            inside(ns, 'nft', 'delete', 'rule', 'ip', 'libvirt_network', chain, 'handle', handle)
        s['libvirt.remove'].append((time.monotonic() - start) * 1e6)


def part_rules(bench, rounds):
    for n in SIZES:
        s, router = Samples(), Router(bench, n)
        s.take(inside(router.ns, bench.program('bench-rules'), 'time', n, max(5, rounds // 4)), 'netd.')
        router.load('libvirt')
        one_by_one(s, router, n, 3)
        t = Table(s, f'Rules of {n} networks')
        t.row('netd: one network more', 'netd.add')
        t.row('netd: one network less', 'netd.remove')
        t.row('libvirt: one network more', 'libvirt.add', beside='netd.add')
        t.row('libvirt: one network less', 'libvirt.remove', beside='netd.remove')
        t.row('netd: what is wanted, as rows', 'netd.want')
        t.row('netd: all at once', 'netd.whole')
        t.row('netd: a look, nothing to do', 'netd.look')
