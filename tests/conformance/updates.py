# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes to running and to stopped networks by net-update: every section, every command, with elements that are there
already, that aren't, that are half and that are wrong. Which are good is written down in updates.verdicts.

`cases()` yields (name, definition, command, section, index, element, flags, start).
"""
import documents

COMMANDS = {'modify': 1, 'delete': 2, 'add-last': 3, 'add-first': 4}
SECTIONS = {'bridge': 1, 'domain': 2, 'ip': 3, 'ip-dhcp-host': 4, 'ip-dhcp-range': 5, 'forward': 6, 'forward-interface': 7,
            'forward-pf': 8, 'portgroup': 9, 'dns-host': 10, 'dns-txt': 11, 'dns-srv': 12}
CURRENT, LIVE, CONFIG, BOTH = 0, 1, 2, 3
FLAGS = {CURRENT: 'current', LIVE: 'live', CONFIG: 'config', BOTH: 'live+config'}

net, HEAD = documents.net, documents.HEAD
LINK = "<bridge name='virbr7'/><mac address='52:54:00:00:00:07'/>"

# Every list has two or three elements, so that first, last and middle differ.
DEFINITIONS = {
    'nat': net("<forward mode='nat'/>" + LINK + "<domain name='d'/><dns><txt name='t1' value='v1'/><txt name='t2' value='v2'/><srv service='s' protocol='tcp' domain='d' target='x' port='1'/>"
               "<srv service='s' protocol='udp'/><host ip='10.99.1.7'><hostname>a</hostname><hostname>b</hostname></host><host ip='10.99.1.8'><hostname>b</hostname></host></dns>"
               "<ip address='10.99.1.1' netmask='255.255.255.0'><dhcp><range start='10.99.1.100' end='10.99.1.149'/><range start='10.99.1.150' end='10.99.1.199'/>"
               "<host mac='52:54:00:00:00:01' name='one' ip='10.99.1.11'/><host mac='52:54:00:00:00:02' ip='10.99.1.12'/><host name='three' ip='10.99.1.13'/></dhcp></ip>"
               "<ip family='ipv6' address='fd00:99::1' prefix='64'><dhcp><range start='fd00:99::100' end='fd00:99::1ff'/><host id='0:1:2' name='six' ip='fd00:99::11'/></dhcp></ip>"
               "<ip address='10.98.1.1' netmask='255.255.255.0'/><portgroup name='p1'/><portgroup name='p2' default='yes'/>"),
    'plain': net(LINK + "<ip address='10.99.1.1' netmask='255.255.255.0'/>"),
    'bare': net(LINK),
    'host-bridge': net("<forward mode='bridge'/><bridge name='br0'/>"),
    'pool': net("<forward mode='passthrough'><interface dev='eth1'/><interface dev='eth2'/></forward><portgroup name='p1'/>"),
    'route': net("<forward mode='route' dev='eth1'/>" + LINK + "<ip address='10.99.1.1' netmask='255.255.255.0'/>"),
    'pf': net("<forward mode='passthrough'><pf dev='eth1'/></forward>"),
}

# section: [(definition, index, element)]
ELEMENTS = {
    'ip-dhcp-host': [
        ('nat', -1, "<host mac='52:54:00:00:00:09' name='nine' ip='10.99.1.19'/>"), ('nat', -1, "<host mac='52:54:00:00:00:01' name='one' ip='10.99.1.11'/>"),
        ('nat', -1, "<host mac='52:54:00:00:00:01' name='uno' ip='10.99.1.21'/>"), ('nat', -1, "<host mac='52:54:00:00:00:01'/>"), ('nat', -1, "<host name='one'/>"),
        ('nat', -1, "<host ip='10.99.1.12'/>"), ('nat', -1, "<host name='three' ip='10.99.1.13'/>"), ('nat', -1, "<host name='nine' ip='10.99.1.12'/>"), ('nat', -1, '<host/>'),
        ('nat', -1, "<host mac='52:54:00:00:00:01' ip='10.99.1.12'/>"), ('nat', -1, "<host mac='52:54:00:00:00:09' ip='10.97.1.9'/>"), ('nat', -1, "<host mac='52:54:00:00:00:09' ip='10.99.1.1'/>"),
        ('nat', -1, "<host mac='52:54:00:00:00:09' name='nine' ip='10.99.1.19'><lease expiry='1' unit='hours'/></host>"), ('nat', -1, "<host mac='52:54:00' ip='10.99.1.19'/>"), ('nat', -1, "<hst/>"), ('nat', -1, "<host"),
        ('nat', 0, "<host mac='52:54:00:00:00:09' ip='10.99.1.19'/>"), ('nat', 1, "<host id='0:1:9' ip='fd00:99::19'/>"), ('nat', 1, "<host id='0:1:2' name='six' ip='fd00:99::11'/>"), ('nat', 1, "<host name='six' ip='fd00:99::12'/>"),
        ('nat', 1, "<host id='0:1:2' ip='fd00:99::12'/>"), ('nat', 1, "<host mac='52:54:00:00:00:09' ip='fd00:99::19'/>"), ('nat', 2, "<host mac='52:54:00:00:00:09' ip='10.98.1.19'/>"), ('nat', 3, "<host mac='52:54:00:00:00:09' ip='10.98.1.19'/>"),
        ('nat', 99, "<host mac='52:54:00:00:00:09' ip='10.98.1.19'/>"), ('plain', -1, "<host mac='52:54:00:00:00:09' ip='10.99.1.19'/>"), ('plain', 0, "<host name='nine' ip='10.99.1.19'/>"), ('bare', -1, "<host mac='52:54:00:00:00:09' ip='10.99.1.19'/>"),
        ('host-bridge', -1, "<host mac='52:54:00:00:00:09' ip='10.99.1.19'/>")],
    'ip-dhcp-range': [
        ('nat', -1, "<range start='10.99.1.50' end='10.99.1.59'/>"), ('nat', -1, "<range start='10.99.1.100' end='10.99.1.149'/>"), ('nat', -1, "<range start='10.99.1.100' end='10.99.1.148'/>"), ('nat', -1, "<range start='10.97.1.50' end='10.97.1.59'/>"),
        ('nat', -1, "<range start='10.99.1.140' end='10.99.1.160'/>"), ('nat', -1, "<range start='10.99.1.59' end='10.99.1.50'/>"), ('nat', -1, "<range start='10.99.1.50'/>"), ('nat', -1, '<range/>'), ('nat', -1, "<range start='x' end='y'/>"),
        ('nat', -1, "<host/>"), ('nat', -1, "<range start='10.99.1.50' end='10.99.1.59'><lease expiry='5'/></range>"), ('nat', -1, "<range start='fd00:99::200' end='fd00:99::2ff'/>"), ('nat', 1, "<range start='fd00:99::200' end='fd00:99::2ff'/>"),
        ('nat', 1, "<range start='fd00:99::100' end='fd00:99::1ff'/>"), ('nat', 2, "<range start='10.98.1.50' end='10.98.1.59'/>"), ('nat', 9, "<range start='10.99.1.50' end='10.99.1.59'/>"), ('plain', -1, "<range start='10.99.1.50' end='10.99.1.59'/>"),
        ('bare', -1, "<range start='10.99.1.50' end='10.99.1.59'/>")],
    'forward-interface': [
        ('nat', -1, "<interface dev='eth1'/>"), ('route', -1, "<interface dev='eth1'/>"), ('route', -1, "<interface dev='eth2'/>"), ('pool', -1, "<interface dev='eth1'/>"), ('pool', -1, "<interface dev='eth2'/>"), ('pool', -1, "<interface dev='eth3'/>"),
        ('pool', -1, '<interface/>'), ('pool', -1, "<interface dev=''/>"), ('pool', -1, "<x/>"), ('plain', -1, "<interface dev='eth1'/>"), ('host-bridge', -1, "<interface dev='eth1'/>"), ('pf', -1, "<interface dev='eth1'/>")],
    'forward-pf': [('nat', -1, "<pf dev='eth1'/>"), ('pool', -1, "<pf dev='eth9'/>"), ('pf', -1, "<pf dev='eth1'/>"), ('pf', -1, "<pf dev='eth2'/>"), ('pf', -1, '<pf/>')],
    'portgroup': [
        ('nat', -1, "<portgroup name='p3'/>"), ('nat', -1, "<portgroup name='p1'/>"), ('nat', -1, "<portgroup name='p2'/>"), ('nat', -1, "<portgroup name='p3' default='yes'/>"), ('nat', -1, "<portgroup name='p1' default='yes'/>"), ('nat', -1, "<portgroup name='p2' default='yes'/>"),
        ('nat', -1, '<portgroup/>'), ('nat', -1, "<portgroup name=''/>"), ('nat', -1, "<group name='p1'/>"), ('nat', -1, "<portgroup name='p1'><bandwidth><inbound average='9'/></bandwidth></portgroup>"), ('nat', -1, "<portgroup name='p3'><vlan><tag id='7'/></vlan></portgroup>"),
        ('nat', -1, "<portgroup name='p3' trustGuestRxFilters='x'/>"), ('pool', -1, "<portgroup name='p3'><vlan><tag id='7'/></vlan></portgroup>"), ('host-bridge', -1, "<portgroup name='p3'><virtualport type='openvswitch'/></portgroup>")],
    'dns-host': [
        ('nat', -1, "<host ip='10.99.1.9'><hostname>c</hostname></host>"), ('nat', -1, "<host ip='10.99.1.7'><hostname>c</hostname></host>"), ('nat', -1, "<host ip='10.99.1.7'/>"), ('nat', -1, "<host><hostname>a</hostname></host>"), ('nat', -1, "<host><hostname>b</hostname></host>"),
        ('nat', -1, "<host><hostname>z</hostname></host>"), ('nat', -1, '<host/>'), ('nat', -1, "<host ip='x'><hostname>c</hostname></host>"), ('nat', -1, "<host ip='10.99.1.9'><hostname/></host>"), ('nat', -1, "<hst/>"), ('nat', -1, "<host ip='fd00:99::9'><hostname>c</hostname></host>"),
        ('nat', -1, "<host ip='10.99.1.8'><hostname>a</hostname></host>"), ('plain', -1, "<host ip='10.99.1.9'><hostname>c</hostname></host>"), ('bare', -1, "<host ip='10.99.1.9'><hostname>c</hostname></host>"), ('host-bridge', -1, "<host ip='10.99.1.9'><hostname>c</hostname></host>")],
    'dns-txt': [
        ('nat', -1, "<txt name='t3' value='v3'/>"), ('nat', -1, "<txt name='t1' value='v9'/>"), ('nat', -1, "<txt name='t1' value='v1'/>"), ('nat', -1, "<txt name='t1'/>"), ('nat', -1, "<txt value='v1'/>"), ('nat', -1, '<txt/>'), ('nat', -1, "<txt name='a b' value='v'/>"),
        ('nat', -1, "<text name='t1'/>"), ('nat', -1, "<txt name='T1' value='v'/>"), ('plain', -1, "<txt name='t1' value='v1'/>")],
    'dns-srv': [
        ('nat', -1, "<srv service='n' protocol='tcp'/>"), ('nat', -1, "<srv service='s' protocol='tcp'/>"), ('nat', -1, "<srv service='s' protocol='tcp' domain='d'/>"), ('nat', -1, "<srv service='s' protocol='tcp' domain='d' target='x' port='1'/>"), ('nat', -1, "<srv service='s'/>"),
        ('nat', -1, "<srv service='s' protocol='tcp' target='y' port='2'/>"), ('nat', -1, "<srv service='s' protocol='tcp' domain='d' target='x' port='2'/>"), ('nat', -1, "<srv protocol='udp'/>"), ('nat', -1, "<srv target='x'/>"), ('nat', -1, '<srv/>'), ('nat', -1, "<srv service='n' protocol='tcp' port='1'/>"),
        ('nat', -1, "<srvx/>"), ('plain', -1, "<srv service='s' protocol='tcp'/>")],
    'bridge': [('nat', -1, "<bridge name='virbr7' stp='off'/>"), ('host-bridge', -1, "<bridge name='br0'/>")],
    'domain': [('nat', -1, "<domain name='e'/>"), ('plain', -1, "<domain name='e'/>")],
    'ip': [('nat', -1, "<ip address='10.97.1.1' prefix='24'/>"), ('nat', -1, "<ip address='10.98.1.1'/>")],
    'forward': [('plain', -1, "<forward mode='nat'/>"), ('nat', -1, "<forward mode='route'/>")],
}


def case(definition, command, section, index, element, flags, start):
    at = '' if index == -1 else f' {index}'
    state = 'running' if start else 'stopped'
    return (f'{definition}, {state}: {command} {section}{at} {FLAGS[flags]} {element}', DEFINITIONS[definition],
            COMMANDS[command], SECTIONS[section], index, element, flags, start)


def cases():
    for section, rows in ELEMENTS.items():
        for definition, index, element in rows:
            for command in COMMANDS:
                yield case(definition, command, section, index, element, CONFIG, False)
    for section, rows in ELEMENTS.items():
        for definition, index, element in [r for r in rows if r[0] in ('nat', 'plain')][:2]:
            for command in COMMANDS:
                for flags in (CURRENT, LIVE, CONFIG, BOTH):
                    yield case(definition, command, section, index, element, flags, True)
            yield case(definition, 'add-last', section, index, element, LIVE, False)
            yield case(definition, 'add-last', section, index, element, BOTH, False)
            yield case(definition, 'add-last', section, index, element, CURRENT, False)
