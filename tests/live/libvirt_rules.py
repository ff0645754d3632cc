# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules that libvirt 11.3 makes for a network, in both of its forms, for comparing what they do to packets.

A network here is a Net: bridge, mode ('nat', 'route', 'open' or None for isolated), device, subnets, and for mode nat
whether IPv6 is translated, the port range and the address range. Newer networks' rules stand before older ones'."""
from dataclasses import dataclass, field


@dataclass
class Net:
    bridge: str
    mode: str | None
    dev: str | None = None
    subnets: list = field(default_factory=list)  # '10.1.0.0/24', '2001:db8:1::/64'
    nat6: bool = False
    ports: str = '1024-65535'
    addresses: str | None = None

    def of(self, family):
        """Its subnets of a family; later ones first, as each rule is put before those that are there."""
        return [s for s in reversed(self.subnets) if (':' in s) == (family == 6)]

    def translates(self, family):
        return self.mode == 'nat' and (family == 4 or self.nat6)


def with_rules(nets, family):
    """The networks that have rules of this family, newest first. IPv4 rules are there for every network."""
    return [n for n in reversed(nets) if n.mode != 'open' and (family == 4 or n.of(6))]


# ---- iptables backend ----

def iptables(nets, family):
    """Input of iptables-restore or ip6tables-restore."""
    filter_, nat = [], []
    for chain, hook in (('INP', 'INPUT'), ('OUT', 'OUTPUT'), ('FWX', 'FORWARD'), ('FWI', 'FORWARD'), ('FWO', 'FORWARD')):
        filter_.insert(0, f':LIBVIRT_{chain} - [0:0]')
        filter_.append(f'-A {hook} -j LIBVIRT_{chain}')
    for n in with_rules(nets, family):
        filter_ += service_rules(n, family) + forward_rules(n, family)
        nat += nat_rules(n, family) if n.translates(family) else []
    return '\n'.join(['*filter', *filter_, 'COMMIT', '*nat', ':LIBVIRT_PRT - [0:0]', '-A POSTROUTING -j LIBVIRT_PRT', *nat,
                      'COMMIT', ''])


def service_rules(n, family):
    dhcp = {4: (('udp', 67, 68), ('tcp', 67, 68)), 6: (('udp', 547, 546),)}[family]
    services = (('udp', 53, 53), ('tcp', 53, 53), *dhcp)
    return [f'-A LIBVIRT_INP -i {n.bridge} -p {p} -m {p} --dport {to} -j ACCEPT' for p, to, _ in services] + \
           [f'-A LIBVIRT_OUT -o {n.bridge} -p {p} -m {p} --dport {back} -j ACCEPT' for p, _, back in services]


def forward_rules(n, family):
    reject = f'REJECT --reject-with {"icmp" if family == 4 else "icmp6"}-port-unreachable'
    rules = [f'-A LIBVIRT_FWX -i {n.bridge} -o {n.bridge} -j ACCEPT']
    state = '-m conntrack --ctstate RELATED,ESTABLISHED ' if n.translates(family) else ''
    for s in n.of(family) if n.mode else []:
        rules.append(f'-A LIBVIRT_FWI -d {s} {f"-i {n.dev} " if n.dev else ""}-o {n.bridge} {state}-j ACCEPT')
        rules.append(f'-A LIBVIRT_FWO -s {s} -i {n.bridge} {f"-o {n.dev} " if n.dev else ""}-j ACCEPT')
    return rules + [f'-A LIBVIRT_FWI -o {n.bridge} -j {reject}', f'-A LIBVIRT_FWO -i {n.bridge} -j {reject}']


def nat_rules(n, family):
    out, rules = f' -o {n.dev}' if n.dev else '', []
    for s in n.of(family):
        for kept in ('224.0.0.0/24', '255.255.255.255/32') if family == 4 else ('ff02::/16',):
            rules.append(f'-A LIBVIRT_PRT -s {s} -d {kept}{out} -j RETURN')
        for p in ('tcp', 'udp', None):
            if n.addresses and family == 4:
                target = f'SNAT --to-source {n.addresses}{f":{n.ports}" if p else ""}'
            else:
                target = f'MASQUERADE{f" --to-ports {n.ports}" if p else ""}'
            rules.append(f'-A LIBVIRT_PRT -s {s}{f" -p {p}" if p else ""} ! -d {s}{out} -j {target}')
    return rules


# ---- nftables backend ----

def nftables(nets, family):
    """Input of nft -f. It names bridges by `iif` and `oif`, so by their numbers."""
    chains = {'guest_cross': [], 'guest_input': [], 'guest_output': [], 'guest_nat': []}
    ip = 'ip' if family == 4 else 'ip6'
    for n in with_rules(nets, family):
        br = f'"{n.bridge}"'
        state = 'ct state established,related ' if n.translates(family) else ''
        chains['guest_cross'].append(f'iif {br} oif {br} counter accept')
        for s in n.of(family) if n.mode else []:
            chains['guest_input'].append(
                f'{f"iifname {n.dev} " if n.dev else ""}oif {br} {ip} daddr {s} {state}counter accept')
            chains['guest_output'].append(f'{ip} saddr {s} iif {br} {f"oifname {n.dev} " if n.dev else ""}counter accept')
        chains['guest_input'].append(f'oif {br} counter reject')
        chains['guest_output'].append(f'iif {br} counter reject')
        chains['guest_nat'] += nft_nat_rules(n, family, ip) if n.translates(family) else []
    hooks = {'guest_nat': 'type nat hook postrouting priority 100; policy accept;\n'}
    text = ''.join(f'chain {name} {{\n{hooks.get(name, "")}' + ''.join(f'{r}\n' for r in rules) + '}\n'
                   for name, rules in chains.items())
    return (f'table {ip} libvirt_network {{\n{text}chain forward {{\ntype filter hook forward priority 0; policy accept;\n'
            'counter jump guest_cross\ncounter jump guest_input\ncounter jump guest_output\n}\n}\n')


def nft_nat_rules(n, family, ip):
    out, rules = f'oifname {n.dev} ' if n.dev else '', []
    for s in n.of(family):
        for kept in ('224.0.0.0/24', '255.255.255.255/32') if family == 4 else ('ff02::/16',):
            rules.append(f'{ip} saddr {s} {ip} daddr {kept} {out}counter return')
        for p in ('tcp', 'udp', None):
            ports = f':{n.ports}' if p else ''
            target = f'snat to {n.addresses}{ports}' if n.addresses and family == 4 else \
                     f'masquerade{f" to {ports}" if ports else ""}'
            rules.append(f'{f"meta l4proto {p} " if p else ""}{ip} saddr {s} {ip} daddr != {s} {out}counter {target}')
    return rules
