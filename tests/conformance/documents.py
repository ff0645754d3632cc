# SPDX-License-Identifier: GPL-2.0-or-later
"""Some three thousand definitions of networks, good and bad: every element and attribute with the values that a reader
can get wrong. Nothing here says which are good: that is what a real libvirtd says (record-verdicts), and what is
written down in documents.verdicts.

A case is a frame with a piece put in. `cases()` yields (name, document, live); the name is frame/piece, and `live` is
whether it is to be started, too.
"""
import collections

UUID = '5f1a2b3c-0000-4000-8000-000000000001'
HEAD = f'<name>t</name><uuid>{UUID}</uuid>'
LINK = "<bridge name='virbr7'/><mac address='52:54:00:00:00:07'/>"
IP = "<ip address='10.99.1.1' netmask='255.255.255.0'>%s</ip>"
IP6 = "<ip family='ipv6' address='fd00:99::1' prefix='64'>%s</ip>"


def net(inside, attrs=''):
    return f'<network{attrs}>{HEAD}{inside}</network>'


# Each holds %s where the piece goes.
FRAMES = {
    'bare': '<network>%s</network>',
    'link': net('%s' + IP % ''),
    'isolated': net(LINK + IP % '' + '%s'),
    'nat': net("<forward mode='nat'/>" + LINK + IP % '' + '%s'),
    'forward': net('%s' + LINK + IP % ''),
    'in-nat': net("<forward mode='nat'>%s</forward>" + LINK + IP % ''),
    'ip': net(LINK + '%s'),
    'in-ip': net(LINK + IP % '%s'),
    'in-ip6': net(LINK + IP6 % '%s'),
    'dhcp': net(LINK + IP % '<dhcp>%s</dhcp>'),
    'dhcp6': net(LINK + IP6 % '<dhcp>%s</dhcp>'),
    'dns': net(LINK + IP % '' + '<dns>%s</dns>'),
    'route': net(LINK + IP % '' + IP6 % '' + '%s'),
    'host-bridge': net("<forward mode='bridge'/><bridge name='br0'/>%s"),
    'in-bridge': net("<forward mode='bridge'>%s</forward>"),
    'in-private': net("<forward mode='private'>%s</forward>"),
    'in-vepa': net("<forward mode='vepa'>%s</forward>"),
    'in-passthrough': net("<forward mode='passthrough'>%s</forward>"),
    'in-hostdev': net("<forward mode='hostdev' managed='yes'>%s</forward>"),
    'passthrough': net("<forward mode='passthrough'><interface dev='eth1'/></forward>%s"),
    'hostdev': net("<forward mode='hostdev'/>%s"),
    'vepa': net("<forward mode='vepa'><interface dev='eth1'/></forward>%s"),
    'macvtap': net("<forward mode='bridge'><interface dev='eth1'/></forward>%s"),
    'open': net("<forward mode='open'/>" + LINK + IP % '' + '%s'),
    'routed': net("<forward mode='route'/>" + LINK + IP % '' + '%s'),
}

# What is tried for each kind of value.
YES_NO = ['yes', 'no', '', 'YES', 'Yes', 'on', 'off', 'true', 'false', '1', '0', ' yes', 'yes ', 'default', 'absent']
NUMBER = ['0', '1', '2', '', ' ', 'x', '-1', '-0', '+1', ' 1', '1 ', '01', '010', '0x10', '1.5', '1e3', '1k', '255', '256',
          '4095', '4096', '65535', '65536', '16777215', '16777216', '2147483647', '2147483648', '4294967295',
          '4294967296', '4294967297', '-4294967295', '9223372036854775807', '18014398509481984', '18014398509481985',
          '18446744073709551615', '18446744073709551616']
ADDRESS = ['', ' ', 'x', '10.99.1.9', '10.99.1.256', '10.99.1', '10.99', '10', '0', '10.99.1.9/24', '10.99.1.9#53', '010.99.1.9',
           '0x0a.99.1.9', ' 10.99.1.9', '10.99.1.9 ', '0.0.0.0', '255.255.255.255', '127.0.0.1', '224.0.0.1', '169.254.1.1',
           'fd00:99::9', 'FD00:99::9', 'fd00:0099:0000::0009', '::', '::1', 'fe80::9', 'fe80::9%lo', 'ff02::1', '::ffff:10.99.1.9',
           'fd00:99::9/64', '[fd00:99::9]', 'fd00:99:::9', 'example.org', 'localhost']
MAC = ['', ' ', '52:54:00:12:34:56', '52:54:00:AA:BB:CC', '52:54:0:1:2:3', '52-54-00-12-34-56', '525400123456',
       '52:54:00:12:34', '52:54:00:12:34:56:78', '52:54:00:12:34:5g', '01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff',
       '00:00:00:00:00:00', ' 52:54:00:12:34:56', '52:54:00:12:34:56 ', '052:54:00:12:34:56', '5254.0012.3456']
UUIDS = ['', UUID, UUID.upper(), UUID.replace('-', ''), '5f1a2b3c00004000-8000000000000001', UUID[:-1], UUID + '0',
         UUID[:-1] + 'g', ' ' + UUID, UUID + ' ', '{' + UUID + '}', '00000000-0000-0000-0000-000000000000',
         'ffffffff-ffff-ffff-ffff-ffffffffffff', '5-f-1-a2b3c-0000-4000-8000-000000000001', 'x']
NAME = ['a', '', ' ', 'a b', ' a', 'a ', 'a,b', 'a.b', 'a.', '.a', '.', '..', '-a', '_a', 'a_b', '9a', 'ä', 'a&#10;b', 'a&#9;b',
        'a&apos;b', 'a&quot;b', 'a&lt;b', 'a/b', '../a', 'a:b', 'a%b', 'a%d', '$a', '*', 'a' * 63, 'a' * 64, 'a' * 255,
        'a' * 300]
WORD = ['', 'x', ' ', 'none', 'default', '0']

# (frame, piece with @ for the value, values)
ROWS = [
    # <network> and what describes it
    ('bare', f'<name>@</name><uuid>{UUID}</uuid>', [n for n in NAME if n != 'a'] + ['a' * 247, 'a' * 248, 'a' * 200, '-rf']),
    ('bare', '<name>t</name><uuid>@</uuid>', UUIDS),
    ('bare', HEAD + '<title>@</title>', ['', ' ', 'A title', 'a&#10;b', '&#10;', '&#13;', 'a&#9;b', ' a ', 'a&amp;b&lt;c&gt;', "'\"", 'ä', 'x' * 300]),
    ('bare', HEAD + '<description>@</description>', ['', ' ', 'Text', 'a\nb', ' a ', 'a&amp;b&lt;c&gt;', "'\"", 'ä', '&#13;', '<b>a</b>', '<![CDATA[a<b]]>']),
    ('bare', HEAD + '<metadata>@</metadata>', [
        '', ' ', '<a/>', "<a xmlns='urn:a'/>", "<a:a xmlns:a='urn:a'/>", "<a:a xmlns:a='urn:a'><a:b c='d'>e</a:b></a:a>",
        "<a:a xmlns:a='urn:a'/><b:b xmlns:b='urn:b'/>", "<a:a xmlns:a='urn:a'>one</a:a><a:a xmlns:a='urn:a'>two</a:a>",
        "<a xmlns='urn:a'><b/></a><c/>", 'text', "<a:a xmlns:a='urn:a'>  <a:b/>  </a:a>", '<a:a/>', "<!-- no --><a xmlns='urn:a'/>",
        "<a xmlns='urn:a'>1 &lt; 2 &amp; \"3\"</a>", "<a xmlns='urn:a' b='&quot;&apos;&lt;'/>", "<a xmlns=''/>"]),

    # <bridge>, <mtu>, <mac>, <domain>, <port>
    ('link', "<bridge name='@'/>", NAME + ['virbr%d', 'virbr%d%d', '%d', 'a%da', '%s', 'a' * 14, 'a' * 15, 'a' * 16, 'lo', 'all', 'default']),
    ('link', "<bridge name='virbr7' stp='@'/>", ['on', 'off', 'yes', 'no', '', 'ON', 'OFF', '0', '1', ' off', 'x']),
    ('link', "<bridge name='virbr7' delay='@'/>", NUMBER),
    ('link', "<bridge name='virbr7' macTableManager='@'/>", ['kernel', 'libvirt', 'Kernel'] + WORD),
    ('link', "<bridge name='virbr7' zone='@'/>", NAME[:12]),
    ('link', "<bridge name='virbr7'/><mtu size='@'/>", NUMBER + ['67', '68', '575', '576', '1280', '1500', '9000', '70000']),
    ('link', "<bridge name='virbr7'/><mac address='@'/>", MAC),
    ('isolated', "<domain name='@'/>", NAME),
    ('isolated', "<domain name='d' localOnly='@'/>", YES_NO),
    ('isolated', "<domain name='d' register='@'/>", YES_NO),
    ('isolated', "<domain name='d' localOnly='yes' register='@'/>", YES_NO),
    ('isolated', "<domain name='d' localOnly='no' register='@'/>", ['yes', 'no']),
    ('isolated', "<port isolated='@'/>", YES_NO),

    # <forward>
    ('forward', "<forward mode='@'/>", ['nat', 'route', 'open', 'bridge', 'private', 'vepa', 'passthrough', 'hostdev', 'NAT', 'masquerade'] + WORD),
    ('bare', HEAD + "<forward mode='@'/>", ['nat', 'route', 'open', 'bridge', 'private', 'vepa', 'passthrough', 'hostdev', 'none', '']),
    ('forward', "<forward mode='nat' dev='@'/>", NAME[:10] + ['a' * 15, 'a' * 16]),
    ('forward', "<forward mode='route' dev='@'/>", ['eth0', '']),
    ('forward', "<forward mode='open' dev='@'/>", ['eth0', '']),
    ('forward', "<forward mode='none' dev='@'/>", ['eth0', '']),
    ('forward', "<forward dev='@'><interface dev='eth0'/></forward>", ['eth0', 'eth1', '']),
    ('bare', HEAD + "<forward mode='hostdev' managed='@'/>", YES_NO),
    ('bare', HEAD + "<forward mode='bridge' managed='@'/>", ['yes', 'no', 'x', '']),
    ('forward', "<forward mode='nat' managed='@'/>", ['yes', 'no', 'x', '']),
    ('in-nat', '<nat ipv6="@"/>', YES_NO),
    ('in-nat', "<nat><address start='@' end='10.1.1.9'/></nat>", ADDRESS + ['10.1.1.1', '10.1.1.9', '10.1.1.10', '10.0.1.10', '10.0.1.9']),
    ('in-nat', "<nat><address start='10.1.1.1' end='@'/></nat>", ['', 'x', '10.1.1', '10.2.1.0', '10.2.1.1', '::1', '255.255.255.255']),
    ('in-nat', "<nat><port start='@' end='65535'/></nat>", NUMBER),
    ('in-nat', "<nat><port start='0' end='@'/></nat>", NUMBER),
    ('in-nat', '@', [
        '<nat/>', '<nat></nat>', '<nat/><nat/>', "<nat><address start='10.1.1.1'/></nat>", "<nat><address end='10.1.1.1'/></nat>", '<nat><address/></nat>',
        "<nat><port start='1'/></nat>", "<nat><port end='1'/></nat>", '<nat><port/></nat>', "<nat><port start='9' end='1'/></nat>",
        "<nat><port start='1' end='2'/><port start='1' end='2'/></nat>", "<nat><address start='10.1.1.1' end='10.1.1.2'/><address start='10.1.1.1' end='10.1.1.2'/></nat>",
        "<nat ipv6='yes'><address start='10.1.1.1' end='10.1.1.2'/><port start='1' end='2'/></nat>", "<nat><port start='1' end='2'/><address start='10.1.1.1' end='10.1.1.2'/></nat>",
        "<nat><x/></nat>", "<nat x='y'/>", "<nat ipv6='no'><port start='0' end='0'/></nat>",
        "<interface dev='eth0'/>", "<interface dev='eth0'/><interface dev='eth1'/>", "<interface dev='eth0'/><interface dev='eth0'/>", '<interface/>', "<interface dev=''/>",
        "<interface dev='eth0' connections='3'/>", "<interface dev='eth0' connections='x'/>", "<interface dev='eth0' x='y'/>", "<interface dev='eth0'><x/></interface>",
        "<address type='pci' domain='0' bus='1' slot='2' function='3'/>", "<pf dev='eth0'/>", '<pf/>', "<pf dev=''/>", "<driver name='vfio'/>", '<x/>', 'text']),
]
for _frame in ('in-bridge', 'in-private', 'in-vepa', 'in-passthrough', 'in-hostdev'):
    ROWS.append((_frame, '@', [
        "<interface dev='eth1'/>", "<interface dev='eth1'/><interface dev='eth2'/>", "<interface dev='eth1'/><interface dev='eth1'/>", '<interface/>',
        "<pf dev='eth1'/>", '<pf/>', "<pf dev='eth1'/><pf dev='eth2'/>", "<interface dev='eth1'/><pf dev='eth2'/>", "<pf dev='eth2'/><interface dev='eth1'/>", '<nat/>',
        "<address type='pci' domain='0' bus='1' slot='2' function='3'/>", "<driver name='vfio'/><pf dev='eth1'/>", "<driver name='kvm' model='x'/>",
        "<driver model='mlx5_vfio_pci'/><pf dev='eth1'/>", '<driver/>', "<driver name=''/>", "<driver name='uio'/>", "<driver name='xen'/><driver name='kvm'/>"]))
ROWS += [
    ('in-hostdev', "<driver name='@'/>", ['kvm', 'vfio', 'xen', 'default', 'VFIO'] + WORD),
    ('in-hostdev', "<driver name='vfio' model='@'/>", ['', 'x', 'a b']),
    ('in-hostdev', "<address type='@' domain='0x0000' bus='0x01' slot='0x02' function='0x3'/>", ['pci', 'netdev', 'usb', 'PCI', '', 'none', 'x']),
    ('in-hostdev', "<address type='pci' domain='@' bus='1' slot='2' function='3'/>", NUMBER + ['0xffff', '0x10000', 'ffff']),
    ('in-hostdev', "<address type='pci' domain='0' bus='@' slot='2' function='3'/>", NUMBER[:20] + ['0xff', '0x100', '0xFF']),
    ('in-hostdev', "<address type='pci' domain='0' bus='1' slot='@' function='3'/>", NUMBER[:20] + ['0x1f', '0x20', '31', '32']),
    ('in-hostdev', "<address type='pci' domain='0' bus='1' slot='2' function='@'/>", NUMBER[:20] + ['7', '8', '0x7']),
    ('in-hostdev', '@', ["<address type='pci'/>", "<address bus='1'/>", "<address type='pci' bus='1'/><address type='pci' bus='1'/>",
                         "<address type='pci' bus='1'/><address type='pci' bus='0x1'/>", "<address type='pci' bus='1'/><address type='pci' bus='2'/>",
                         "<address type='pci' bus='1'/><interface dev='eth1'/>", "<address type='pci' bus='1'/><pf dev='eth1'/>",
                         "<address type='pci' domain='0' bus='0' slot='0' function='0'/>", "<address type='pci' bus='1' multifunction='on'/>"]),
    ('bare', HEAD + '@', [
        "<forward mode='hostdev' dev='eth1'/>", "<forward mode='passthrough' dev='eth1'/>", "<forward mode='bridge' dev='eth1'/>", "<forward mode='vepa' dev='eth1'/>",
        "<forward mode='passthrough' dev='eth1'><pf dev='eth2'/></forward>", "<forward mode='passthrough' dev='eth1'><interface dev='eth1'/><interface dev='eth2'/></forward>",
        "<forward mode='passthrough' dev='eth2'><interface dev='eth1'/><interface dev='eth2'/></forward>", "<forward mode='hostdev' dev='eth1'><address type='pci' bus='1'/></forward>",
        "<forward/>", "<forward mode='bridge'/>", "<forward mode='bridge'/><bridge name='br0'/>", "<forward mode='bridge'/><forward mode='vepa'/>",
        "<forward mode='bridge'><interface dev='eth1'/></forward><bridge name='br0'/>", "<forward mode='bridge'><pf dev='eth1'/></forward><bridge name='br0'/>",
        "<forward mode='private'/><bridge name='br0'/>", "<forward mode='vepa'/><bridge name='br0'/>", "<forward mode='passthrough'/><bridge name='br0'/>", "<forward mode='hostdev'/><bridge name='br0'/>",
        "<forward mode='private'/><bridge/>", "<forward mode='private'/><bridge stp='on'/>", "<forward mode='private'/><bridge delay='0'/>", "<forward mode='private'/><bridge macTableManager='kernel'/>",
        "<forward mode='private'/><bridge zone='z'/>",
        "<forward mode='bridge'/><bridge name='br0' stp='on'/>", "<forward mode='bridge'/><bridge name='br0' stp='off'/>", "<forward mode='bridge'/><bridge name='br0' delay='0'/>",
        "<forward mode='bridge'/><bridge name='br0' delay='1'/>", "<forward mode='bridge'/><bridge name='br0' zone='z'/>", "<forward mode='bridge'/><bridge name='br0' macTableManager='libvirt'/>",
        "<forward mode='bridge'/><bridge name='br0' macTableManager='kernel'/>", "<forward mode='bridge'/><bridge macTableManager='kernel'/>",
        "<forward mode='bridge'/><bridge name='br%d'/>", "<forward mode='bridge'/><bridge name='this-name-is-too-long'/>",
    ]),
]
for _frame in ('host-bridge', 'macvtap', 'vepa', 'passthrough', 'hostdev', 'isolated', 'nat', 'routed', 'open'):
    ROWS.append((_frame, '@', [
        "<mac address='52:54:00:00:00:09'/>", "<mtu size='1500'/>", "<mtu size='0'/>", "<ip address='10.98.1.1' prefix='24'/>", "<domain name='d'/>", "<domain localOnly='yes'/>", '<domain/>',
        "<dns/>", "<dns enable='no'/>", "<dns enable='yes'/>", "<dns forwardPlainNames='no'/>", "<dns><host ip='10.99.1.9'><hostname>a</hostname></host></dns>", "<dns><txt name='a' value='b'/></dns>", "<dns><srv service='a' protocol='tcp'/></dns>",
        "<dns><forwarder addr='10.9.9.9'/></dns>", "<route address='10.9.0.0' prefix='16' gateway='10.99.1.2'/>", "<port isolated='yes'/>",
        "<vlan><tag id='7'/></vlan>", "<vlan trunk='yes'><tag id='7'/><tag id='8' nativeMode='untagged'/></vlan>",
        "<bandwidth><inbound average='100'/></bandwidth>", "<bandwidth/>", '<bandwidth><inbound/></bandwidth>',
        "<virtualport type='openvswitch'/>", "<virtualport type='802.1Qbh'><parameters profileid='p'/></virtualport>", "<virtualport type='midonet'><parameters interfaceid='" + UUID + "'/></virtualport>",
        "<vlan><tag id='7'/></vlan><virtualport type='openvswitch'/>", "<vlan><tag id='7'/></vlan><virtualport type='802.1Qbh'/>",
        "<portgroup name='g'/>", "<portgroup name='g'><vlan><tag id='7'/></vlan></portgroup>", "<portgroup name='g'><bandwidth><inbound average='1'/></bandwidth></portgroup>",
        "<portgroup name='g'><virtualport type='openvswitch'/></portgroup>", "<portgroup name='g'><virtualport type='802.1Qbh'/></portgroup>",
        "<portgroup name='g'><vlan><tag id='7'/></vlan><virtualport type='openvswitch'/></portgroup>", "<portgroup name='g'><vlan><tag id='7'/></vlan><virtualport type='802.1Qbh'/></portgroup>",
        "<virtualport type='openvswitch'/><portgroup name='g'><vlan><tag id='7'/></vlan></portgroup>", "<virtualport type='802.1Qbh'/><portgroup name='g'><vlan><tag id='7'/></vlan></portgroup>",
        "<virtualport type='openvswitch'/><portgroup name='g'><vlan><tag id='7'/></vlan><virtualport type='802.1Qbh'/></portgroup>",
    ]))
ROWS += [
    # <ip>
    ('ip', "<ip address='@'/>", ADDRESS + ['10.99.1.1', '192.168.1.1', '172.16.1.1', '10.99.1.0', '10.99.1.255', '240.0.0.1']),
    ('ip', "<ip address='@' prefix='24'/>", ['10.99.1.1', '10.99.1.0', '10.99.1.255', '0.0.0.0', '0.0.0.1', '127.0.0.1', '127.16.10.1', '224.0.0.1', '239.1.1.1', '255.255.255.255', '10.99.1', 'fd00:99::1', '']),
    ('ip', "<ip family='ipv4' address='@' prefix='24'/>", ['10.99.1.1', 'fd00:99::1', '::ffff:10.99.1.1']),
    ('ip', "<ip family='ipv6' address='@' prefix='64'/>", ['10.99.1.1', 'fd00:99::1', 'fd00:99::', '::1', '::', 'fe80::1', 'ff02::1', '::ffff:10.99.1.1', '2001:DB8::0001', '2001:db8:0:0:0:0:0:1', '::10.1.2.3', 'fe80::1%lo', 'fe80::1%1', '']),
    ('ip', "<ip family='@' address='10.99.1.1' prefix='24'/>", ['ipv4', 'ipv6', 'inet', 'inet6', 'IPv4', '4', '', ' ipv4']),
    ('ip', "<ip family='@' address='fd00:99::1' prefix='64'/>", ['ipv4', 'ipv6', 'inet6', 'IPv6', '']),
    ('ip', "<ip address='10.99.1.1' netmask='@'/>", ['255.255.255.0', '255.255.255', '255.255', '255', '255.0.255.0', '0.0.0.255', '0.0.0.0', '255.255.255.255', '255.255.255.254', '128.0.0.0', '24', '/24',
                                                    '', ' ', 'x', 'ffff::', '::', '255.255.255.256', ' 255.255.255.0', '0xffffff00', '255.255.255.0 ']),
    ('ip', "<ip address='10.99.1.1' prefix='@'/>", NUMBER[:20] + ['/24', '8', '16', '24', '30', '31', '32', '33', '64', '4294967320']),
    ('ip', "<ip family='ipv6' address='fd00:99::1' prefix='@'/>", NUMBER[:20] + ['48', '64', '65', '126', '127', '128', '129', '4294967360']),
    ('ip', "<ip family='ipv6' address='fd00:99::1' netmask='@'/>", ['255.255.255.0', 'ffff:ffff:ffff:ffff::', '', 'x']),
    ('ip', "<ip family='ipv6' address='fd00:99::1' netmask='@' prefix='64'/>", ['255.255.255.0', 'ffff:ffff:ffff:ffff::', '', 'x']),
    ('ip', "<ip address='10.99.1.1' netmask='255.255.255.0' prefix='@'/>", ['24', '0', '', 'x', '-1', '33']),
    ('ip', "<ip address='10.99.1.1' prefix='24' localPtr='@'/>", YES_NO),
    ('ip', "<ip address='10.99.1.1' prefix='@' localPtr='yes'/>", ['8', '16', '20', '24', '25', '32', '0']),
    ('ip', "<ip family='ipv6' address='fd00:99::1' prefix='@' localPtr='yes'/>", ['60', '62', '64', '65']),
    ('ip', '@', [
        '<ip/>', "<ip netmask='255.255.255.0'/>", "<ip prefix='24'/>", "<ip family='ipv6'/>", "<ip family='ipv6' address='fd00:99::1'/>",
        "<ip address='10.99.1.1' prefix='24'/><ip address='10.99.1.1' prefix='24'/>", "<ip address='10.99.1.1' prefix='24'/><ip address='10.99.1.2' prefix='24'/>",
        "<ip address='10.99.1.1' prefix='24'/><ip address='10.99.0.1' prefix='16'/>", "<ip address='10.99.1.1' prefix='24'/><ip family='ipv6' address='fd00:99::1' prefix='64'/>",
        "<ip family='ipv6' address='fd00:99::1' prefix='64'/><ip address='10.99.1.1' prefix='24'/><ip family='ipv6' address='fd00:98::1' prefix='64'/>",
        "<ip address='10.99.1.1' prefix='24' x='y'/>", "<ip address='10.99.1.1' prefix='24'><x/></ip>", "<ip address='10.99.1.1' prefix='24'>text</ip>",
        "<ip address='10.99.1.1' prefix='24'><dhcp/></ip>", "<ip address='10.99.1.1' prefix='24'><dhcp></dhcp><dhcp><range start='10.99.1.9' end='10.99.1.10'/></dhcp></ip>",
        "<ip address='10.99.1.1' prefix='24'><dhcp><range start='10.99.1.9' end='10.99.1.10'/></dhcp></ip><ip address='10.98.1.1' prefix='24'><dhcp><range start='10.98.1.9' end='10.98.1.10'/></dhcp></ip>",
        "<ip address='10.99.1.1' prefix='24'><dhcp><range start='10.99.1.9' end='10.99.1.10'/></dhcp></ip><ip address='10.98.1.1' prefix='24'><dhcp><host name='a' ip='10.98.1.9'/></dhcp></ip>",
        "<ip address='10.99.1.1' prefix='24'><dhcp><range start='10.99.1.9' end='10.99.1.10'/></dhcp></ip><ip address='10.98.1.1' prefix='24'><dhcp/></ip>",
        "<ip address='10.99.1.1' prefix='24'><dhcp><range start='10.99.1.9' end='10.99.1.10'/></dhcp></ip><ip family='ipv6' address='fd00:99::1' prefix='64'><dhcp><range start='fd00:99::9' end='fd00:99::10'/></dhcp></ip>",
        "<ip family='ipv6' address='fd00:99::1' prefix='64'><dhcp><range start='fd00:99::9' end='fd00:99::10'/></dhcp></ip><ip family='ipv6' address='fd00:98::1' prefix='64'><dhcp><range start='fd00:98::9' end='fd00:98::10'/></dhcp></ip>",
        "<ip address='10.99.1.1' prefix='31'><dhcp><range start='10.99.1.0' end='10.99.1.1'/></dhcp></ip>", "<ip address='10.99.1.1' prefix='32'><dhcp><range start='10.99.1.1' end='10.99.1.1'/></dhcp></ip>",
        "<ip address='10.99.1.1' prefix='30'><dhcp><range start='10.99.1.2' end='10.99.1.2'/></dhcp></ip>", "<ip address='10.0.0.1' prefix='8'><dhcp><range start='10.1.0.0' end='10.1.255.255'/></dhcp></ip>",
        "<ip address='10.0.0.1' prefix='8'><dhcp><range start='10.1.0.0' end='10.2.0.0'/></dhcp></ip>", "<ip address='10.0.0.1'><dhcp><range start='10.1.0.5' end='10.1.0.9'/></dhcp></ip>",
        "<ip address='127.16.10.1' prefix='24'><dhcp><range start='172.16.10.101' end='172.16.10.199'/></dhcp></ip>",
        "<ip address='10.99.1.1' netmask='255.0.255.0'><dhcp><range start='10.99.1.5' end='10.99.1.9'/></dhcp></ip>",
        "<ip family='ipv6' address='fd00:99::1' prefix='112'><dhcp><range start='fd00:99::' end='fd00:99::ffff'/></dhcp></ip>", "<ip family='ipv6' address='fd00:99::1' prefix='128'><dhcp><range start='fd00:99::1' end='fd00:99::1'/></dhcp></ip>",
        "<ip family='ipv6' address='fd00:99::1' prefix='127'><dhcp><range start='fd00:99::' end='fd00:99::1'/></dhcp></ip>",
    ]),
    ('in-ip', "<tftp root='@'/>", ['/var/lib/tftp', '/', 'relative', '../x', '', ' ', '/a b', '/a&#10;b', "/a'b", '/a&quot;b', '/ä']),
    ('in-ip', '@', ['<tftp/>', "<tftp root='/a'/><tftp root='/b'/>", "<tftp root='/a' x='y'/>", "<tftp root='/a'><x/></tftp>"]),
    ('in-ip6', '@', ["<tftp root='/a'/>", '<tftp/>', "<dhcp/>"]),

    # <dhcp>
    ('dhcp', "<range start='@' end='10.99.1.254'/>", ADDRESS + ['10.99.1.0', '10.99.1.1', '10.99.1.2', '10.99.1.254', '10.99.1.255', '10.99.0.254', '10.99.2.1']),
    ('dhcp', "<range start='10.99.1.2' end='@'/>", ADDRESS + ['10.99.1.0', '10.99.1.1', '10.99.1.2', '10.99.1.254', '10.99.1.255', '10.99.0.254', '10.99.2.1']),
    ('dhcp', '@', [
        '<range/>', "<range start='10.99.1.5'/>", "<range end='10.99.1.5'/>", "<range start='10.99.1.5' end='10.99.1.9'/><range start='10.99.1.9' end='10.99.1.10'/>",
        "<range start='10.99.1.5' end='10.99.1.9'/><range start='10.99.1.5' end='10.99.1.9'/>", "<range start='10.99.1.5' end='10.99.1.9'/><range start='10.99.1.10' end='10.99.1.10'/>",
        "<range start='10.99.1.5' end='10.99.1.9' x='y'/>", "<range start='10.99.1.5' end='10.99.1.9'><x/></range>", "<range start='10.99.1.5' end='10.99.1.9'><lease/></range>",
        "<range start='10.99.1.5' end='10.99.1.9'><lease unit='hours'/></range>", "<range start='10.99.1.5' end='10.99.1.9'><lease expiry='5'/><lease expiry='6'/></range>",
        "<range start='10.99.1.5' end='10.99.1.9'><lease expiry='5' unit='hours' x='y'/></range>", '<x/>', 'text', "<range start='10.99.1.1' end='10.99.1.1'/>",
        "<host mac='52:54:00:00:00:01' ip='10.99.1.5'/><range start='10.99.1.5' end='10.99.1.9'/>", "<bootp file='a'/><range start='10.99.1.5' end='10.99.1.9'/>"]),
    ('dhcp', "<range start='10.99.1.5' end='10.99.1.9'><lease expiry='@'/></range>", NUMBER + ['3', '119', '120']),
    ('dhcp', "<range start='10.99.1.5' end='10.99.1.9'><lease expiry='@' unit='seconds'/></range>", ['0', '1', '119', '120', '121', '4294967295', '4294967296', '18446744073709551615', '-1', '']),
    ('dhcp', "<range start='10.99.1.5' end='10.99.1.9'><lease expiry='@' unit='hours'/></range>", ['0', '1', '24', '1193046', '1193047', '99999999999', '5124095576030431', '5124095576030432']),
    ('dhcp', "<range start='10.99.1.5' end='10.99.1.9'><lease expiry='5' unit='@'/></range>", ['seconds', 'minutes', 'hours', 'days', 'Minutes', 'second', 's'] + WORD),
    ('dhcp', "<host mac='52:54:00:00:00:01' ip='10.99.1.5'><lease expiry='@'/></host>", ['0', '1', '2', '5', '', 'x']),
    ('dhcp', "<host mac='@' ip='10.99.1.5'/>", MAC),
    ('dhcp', "<host mac='@' name='a' ip='10.99.1.5'/>", MAC[:3]),
    ('dhcp', "<host mac='52:54:00:00:00:01' name='@' ip='10.99.1.5'/>", NAME),
    ('dhcp', "<host name='@' ip='10.99.1.5'/>", NAME[:14]),
    ('dhcp', "<host mac='52:54:00:00:00:01' ip='@'/>", ADDRESS + ['10.99.1.1', '10.99.1.0', '10.99.1.255', '10.98.1.5']),
    ('dhcp', "<host id='@' mac='52:54:00:00:00:01' ip='10.99.1.5'/>", ['0:1', 'x', '', '01:02:03', 'ff:aa', 'FF']),
    ('dhcp', '@', [
        '<host/>', "<host ip='10.99.1.5'/>", "<host mac='52:54:00:00:00:01'/>", "<host name='a'/>", "<host id='0:1' ip='10.99.1.5'/>", "<host id='0:1' name='a' ip='10.99.1.5'/>",
        "<host mac='52:54:00:00:00:01' ip='10.99.1.5'/><host mac='52:54:00:00:00:01' ip='10.99.1.6'/>", "<host mac='52:54:00:00:00:01' ip='10.99.1.5'/><host mac='52:54:00:00:00:02' ip='10.99.1.5'/>",
        "<host mac='52:54:00:00:00:01' name='a' ip='10.99.1.5'/><host mac='52:54:00:00:00:02' name='a' ip='10.99.1.6'/>", "<host mac='52:54:00:00:00:01' name='a' ip='10.99.1.5'/><host mac='52:54:00:00:00:01' name='a' ip='10.99.1.5'/>",
        "<host mac='52:54:00:00:00:01' ip='10.99.1.5' x='y'/>", "<host mac='52:54:00:00:00:01' ip='10.99.1.5'><x/></host>", "<host mac='52:54:00:00:00:01' ip='10.99.1.5'><lease expiry='1'/></host>",
        "<range start='10.99.1.5' end='10.99.1.9'/><bootp file='a'/>", "<range start='10.99.1.5' end='10.99.1.9'/><bootp file='a' server='10.99.1.3'/>", "<range start='10.99.1.5' end='10.99.1.9'/><bootp server='10.99.1.3'/>",
        "<range start='10.99.1.5' end='10.99.1.9'/><bootp/>", "<range start='10.99.1.5' end='10.99.1.9'/><bootp file=''/>", "<range start='10.99.1.5' end='10.99.1.9'/><bootp file='a' x='y'/>", "<bootp file='a'/>", "<bootp file='a' server='x'/>",
        "<range start='10.99.1.5' end='10.99.1.9'/><bootp file='a'/><bootp file='b'/>", "<range start='10.99.1.5' end='10.99.1.9'/><bootp file='a b,c'/>", "<range start='10.99.1.5' end='10.99.1.9'/><bootp file='a&#10;b'/>", "<host name='a' ip='10.99.1.5'/><bootp file='a'/>"]),
    ('dhcp', "<range start='10.99.1.5' end='10.99.1.9'/><bootp file='a' server='@'/>", ADDRESS),
    ('dhcp6', "<range start='@' end='fd00:99::ffff'/>", ['', 'x', 'fd00:99::', 'fd00:99::1', 'fd00:99::2', 'fd00:99::ffff', 'fd00:99::1:0', 'fd00:98::2', '10.99.1.5', 'fd00:99::2/64', '::']),
    ('dhcp6', "<range start='fd00:99::2' end='@'/>", ['fd00:99::2', 'fd00:99::1', 'fd00:99::1:0', 'fd00:99::ffff', 'fd00:99:0:1::2', '10.99.1.5']),
    ('dhcp6', "<host id='@' ip='fd00:99::5'/>", ['0:1', '0:1:0:1:18:aa:62:fe:0:16:3e:44:55:66', '00:01', 'x', '0:1:xx', '', ' ', '::', ':', '0', 'FF:AA', '0-1', '0 1', '0:1 ', '0' * 300]),
    ('dhcp6', "<host id='0:1' ip='@'/>", ['fd00:99::5', 'FD00:99::5', 'fd00:98::5', '10.99.1.5', '', 'x', 'fd00:99::1', '::']),
    ('dhcp6', '@', [
        "<host/>", "<host ip='fd00:99::5'/>", "<host name='a' ip='fd00:99::5'/>", "<host name='_' ip='fd00:99::5'/>", "<host mac='52:54:00:00:00:01' ip='fd00:99::5'/>", "<host mac='52:54:00:00:00:01' id='0:1' ip='fd00:99::5'/>", "<host mac='' id='0:1' ip='fd00:99::5'/>",
        "<host id='0:1' name='a' ip='fd00:99::5'><lease expiry='0'/></host>", "<host id='0:1' ip='fd00:99::5'/><host id='0:1' ip='fd00:99::6'/>", "<range start='fd00:99::2' end='fd00:99::9'/><bootp file='a'/>", "<range start='fd00:99::2' end='fd00:99::9'/><bootp/>",
        "<range start='fd00:99::2' end='fd00:99::9'><lease expiry='2' unit='hours'/></range>", "<host id='0:1'/>"]),

    # <dns>
    ('isolated', "<dns enable='@'/>", YES_NO),
    ('isolated', "<dns forwardPlainNames='@'/>", YES_NO),
    ('isolated', "<dns enable='no'>@</dns>", ["<forwarder addr='10.9.9.9'/>", "<txt name='a' value='b'/>", "<srv service='a' protocol='tcp'/>", "<host ip='10.99.1.9'><hostname>a</hostname></host>", '<x/>', ' ', '<!-- -->', 'text', '<forwarder/>']),
    ('isolated', '@', ["<dns enable='yes' forwardPlainNames='yes'/>", "<dns enable='no' forwardPlainNames='no'/>", '<dns/><dns enable="no"/>', "<dns x='y'/>"]),
    ('dns', "<forwarder addr='@'/>", ADDRESS),
    ('dns', "<forwarder domain='@'/>", NAME),
    ('dns', "<forwarder domain='d' addr='@'/>", ['10.9.9.9', '', 'x', 'fd00::1']),
    ('dns', "<forwarder addr='10.9.9.9' port='@'/>", ['53', '0', '65536', 'x', '']),
    ('dns', "<txt name='@' value='v'/>", NAME),
    ('dns', "<txt name='n' value='@'/>", NAME),
    ('dns', "<host ip='@'><hostname>a</hostname></host>", ADDRESS),
    ('dns', "<host ip='10.99.1.9'><hostname>@</hostname></host>", NAME),
    ('dns', "<srv service='@' protocol='tcp'/>", NAME + ['a-b', 'a+b', 'a*b', 'a' * 482, 'a' * 483, '_a']),
    ('dns', "<srv service='s' protocol='@'/>", ['tcp', 'udp', 'sctp', 'TCP', '_tcp', 'a b', '', 'a.b', 'a-b', 'a+b', 'a/b', 'a*b', 'ä', 'a' * 300]),
    ('dns', "<srv service='s' protocol='tcp' domain='@'/>", NAME),
    ('dns', "<srv service='s' protocol='tcp' target='@'/>", NAME),
    ('dns', "<srv service='s' protocol='tcp' target='t' port='@'/>", NUMBER),
    ('dns', "<srv service='s' protocol='tcp' target='t' priority='@'/>", NUMBER),
    ('dns', "<srv service='s' protocol='tcp' target='t' weight='@'/>", NUMBER),
    ('dns', '@', [
        '<forwarder/>', "<forwarder addr='10.9.9.9' x='y'/>", "<forwarder addr='10.9.9.9'><x/></forwarder>", "<forwarder addr='10.9.9.9'/><forwarder addr='10.9.9.9'/>",
        '<txt/>', "<txt name='a'/>", "<txt value='a'/>", "<txt name='a' value='b'/><txt name='a' value='c'/>", "<txt name='a' value='b' x='y'/>",
        '<host/>', "<host ip='10.99.1.9'/>", '<host><hostname>a</hostname></host>', "<host ip='10.99.1.9'><hostname/></host>", "<host ip='10.99.1.9'><hostname>a</hostname><hostname>b</hostname></host>",
        "<host ip='10.99.1.9'><hostname>a</hostname><hostname>a</hostname></host>", "<host ip='10.99.1.9'><hostname>a</hostname></host><host ip='10.99.1.9'><hostname>b</hostname></host>",
        "<host ip='10.99.1.9'><hostname>a</hostname></host><host ip='10.99.1.8'><hostname>a</hostname></host>", "<host ip='10.99.1.9'><x/></host>", "<host ip='10.99.1.9'><hostname>a</hostname><x/></host>",
        "<host ip='10.99.1.9'><hostname><b>a</b></hostname></host>", "<host ip='10.99.1.9'><hostname>a</hostname><hostname/></host>", "<host ip='10.99.1.9' x='y'><hostname>a</hostname></host>",
        '<srv/>', "<srv service='a'/>", "<srv protocol='tcp'/>", "<srv service='a' protocol='tcp' port='1'/>", "<srv service='a' protocol='tcp' priority='1'/>", "<srv service='a' protocol='tcp' weight='1'/>",
        "<srv service='a' protocol='tcp' target='.' port='1' priority='2' weight='3' domain='d'/>", "<srv service='a' protocol='tcp'/><srv service='a' protocol='tcp'/>", "<srv service='a' protocol='tcp' x='y'/>",
        "<srv service='a' protocol='tcp' port='0'/>", "<srv service='a' protocol='tcp' priority='0'/>", "<srv service='a' protocol='tcp' domain='d' port='1'/>", '<x/>', 'text',
        "<host ip='10.99.1.8'><hostname>h</hostname></host><srv service='a' protocol='tcp'/><txt name='a' value='b'/><forwarder domain='d'/>"]),

    # <route>
    ('route', "<route address='@' prefix='16' gateway='10.99.1.2'/>", ADDRESS[:20] + ['10.9.0.0', '10.9.0.1', '10.9.0.0/16', 'fd00:77::']),
    ('route', "<route address='10.9.0.0' prefix='@' gateway='10.99.1.2'/>", NUMBER[:20] + ['8', '14', '15', '16', '24', '32', '33', '/16']),
    ('route', "<route address='10.9.0.0' netmask='@' gateway='10.99.1.2'/>", ['255.255.0.0', '255.255', '255.0.0.0', '255.255.255.255', '0.0.0.0', '255.0.255.0', 'x', '', '16', 'ffff::']),
    ('route', "<route address='10.9.0.0' prefix='16' gateway='@'/>", ADDRESS + ['10.99.1.1', '10.99.1.2', '10.98.1.2', '10.99.1.255', '10.99.1.0']),
    ('route', "<route address='10.9.0.0' prefix='16' gateway='10.99.1.2' metric='@'/>", NUMBER),
    ('route', "<route family='@' address='10.9.0.0' prefix='16' gateway='10.99.1.2'/>", ['ipv4', 'ipv6', 'inet', '', 'x']),
    ('route', "<route family='ipv6' address='@' prefix='48' gateway='fd00:99::2'/>", ['fd00:77::', 'fd00:77::1', '10.9.0.0', '::', '']),
    ('route', "<route family='ipv6' address='fd00:77::' prefix='48' gateway='@'/>", ['fd00:99::2', 'fd00:99::1', 'fd00:98::2', '10.99.1.2', '', 'x', 'fe80::1']),
    ('route', "<route family='ipv6' address='fd00:77::' prefix='@' gateway='fd00:99::2'/>", ['0', '16', '32', '64', '128', '129', '', 'x']),
    ('route', '@', [
        '<route/>', "<route address='10.9.0.0' prefix='16'/>", "<route gateway='10.99.1.2' prefix='16'/>", "<route address='10.9.0.0' gateway='10.99.1.2'/>", "<route address='0.0.0.0' prefix='0' gateway='10.99.1.2'/>",
        "<route address='0.0.0.0' netmask='0.0.0.0' gateway='10.99.1.2'/>", "<route address='0.0.0.0' gateway='10.99.1.2'/>", "<route address='10.9.0.0' prefix='16' netmask='255.255.0.0' gateway='10.99.1.2'/>",
        "<route address='10.9.0.0' prefix='0' netmask='255.255.0.0' gateway='10.99.1.2'/>",
        "<route address='fd00:77::' prefix='48' gateway='fd00:99::2'/>", "<route family='ipv6' address='fd00:77::' netmask='255.255.0.0' gateway='fd00:99::2'/>", "<route family='ipv6' address='fd00:77::' gateway='fd00:99::2'/>",
        "<route family='ipv6' address='::' prefix='0' gateway='fd00:99::2'/>", "<route family='ipv6' address='::' gateway='fd00:99::2'/>", "<route address='10.9.0.0' prefix='16' gateway='10.99.1.2' x='y'/>",
        "<route address='10.9.0.0' prefix='16' gateway='10.99.1.2'/><route address='10.9.0.0' prefix='16' gateway='10.99.1.2'/>", "<route address='10.99.1.0' prefix='24' gateway='10.99.1.2'/>"]),

    # <vlan>, <bandwidth>, <virtualport>, <portgroup>
    ('passthrough', "<vlan><tag id='@'/></vlan>", NUMBER + ['4094']),
    ('passthrough', "<vlan trunk='@'><tag id='7'/></vlan>", YES_NO),
    ('passthrough', "<vlan trunk='@'><tag id='7'/><tag id='8'/></vlan>", YES_NO[:4]),
    ('passthrough', "<vlan trunk='@'><tag id='7' nativeMode='tagged'/></vlan>", YES_NO[:4]),
    ('passthrough', "<vlan><tag id='7' nativeMode='@'/></vlan>", ['tagged', 'untagged', 'Tagged'] + WORD),
    ('passthrough', '@', ['<vlan/>', '<vlan></vlan>', '<vlan><tag/></vlan>', "<vlan><tag id='7'/><tag id='7'/></vlan>", "<vlan><tag id='7' nativeMode='tagged'/><tag id='8' nativeMode='untagged'/></vlan>",
                          "<vlan><tag id='7' x='y'/></vlan>", "<vlan x='y'><tag id='7'/></vlan>", "<vlan><x/><tag id='7'/></vlan>", "<vlan><tag id='7'/></vlan><vlan><tag id='8'/></vlan>"]),
    ('nat', "<bandwidth><inbound average='@'/></bandwidth>", NUMBER),
    ('nat', "<bandwidth><outbound average='@'/></bandwidth>", NUMBER[:8]),
    ('nat', "<bandwidth><inbound average='100' peak='@'/></bandwidth>", NUMBER + ['99']),
    ('nat', "<bandwidth><inbound average='100' burst='@'/></bandwidth>", NUMBER + ['4194303', '4194304']),
    ('nat', "<bandwidth><inbound average='100' floor='@'/></bandwidth>", NUMBER[:8]),
    ('nat', "<bandwidth classID='@'><inbound average='100'/></bandwidth>", ['', '0', '1', 'x']),
    ('nat', '@', [
        '<bandwidth/>', '<bandwidth><inbound/></bandwidth>', "<bandwidth><inbound peak='1'/></bandwidth>", "<bandwidth><inbound burst='1'/></bandwidth>", "<bandwidth><inbound floor='1'/></bandwidth>", "<bandwidth><inbound floor='1' peak='2'/></bandwidth>",
        "<bandwidth><outbound floor='1'/></bandwidth>", "<bandwidth><outbound average='1' floor='1'/></bandwidth>", "<bandwidth><inbound average='1' peak='2' burst='3'/><outbound average='4' peak='5' burst='6'/></bandwidth>",
        "<bandwidth><outbound average='1'/><inbound average='2'/></bandwidth>", "<bandwidth><inbound average='1'/><inbound average='2'/></bandwidth>", "<bandwidth><outbound average='1'/><outbound average='2'/></bandwidth>",
        "<bandwidth><x/></bandwidth>", "<bandwidth x='y'><inbound average='1'/></bandwidth>", "<bandwidth><inbound average='1' x='y'/></bandwidth>", "<bandwidth><inbound average='1'/></bandwidth><bandwidth><inbound average='2'/></bandwidth>",
        "<bandwidth><inbound average='0' peak='5'/></bandwidth>", "<bandwidth><inbound average='0'/><outbound average='0'/></bandwidth>",
        "<portgroup name='g'><bandwidth><inbound average='1' floor='1'/></bandwidth></portgroup>", "<portgroup name='g'><bandwidth><inbound average='18014398509481985'/></bandwidth></portgroup>", "<portgroup name='g'><bandwidth/></portgroup>"]),
    ('host-bridge', "<virtualport type='@'/>", ['802.1Qbg', '802.1Qbh', 'openvswitch', 'midonet', 'OpenVSwitch'] + WORD),
    ('macvtap', "<virtualport type='802.1Qbg'><parameters managerid='@' typeid='1' typeidversion='1' instanceid='" + UUID + "'/></virtualport>", NUMBER[:20] + ['0xff']),
    ('macvtap', "<virtualport type='802.1Qbg'><parameters managerid='1' typeid='@' typeidversion='1' instanceid='" + UUID + "'/></virtualport>", NUMBER[:26] + ['0xffffff', '0x1000000']),
    ('macvtap', "<virtualport type='802.1Qbg'><parameters managerid='1' typeid='1' typeidversion='@' instanceid='" + UUID + "'/></virtualport>", NUMBER[:20] + ['0xff']),
    ('macvtap', "<virtualport type='802.1Qbg'><parameters managerid='1' typeid='1' typeidversion='1' instanceid='@'/></virtualport>", UUIDS),
    ('host-bridge', "<virtualport type='openvswitch'><parameters interfaceid='@'/></virtualport>", UUIDS),
    ('host-bridge', "<virtualport type='openvswitch'><parameters profileid='@'/></virtualport>", NAME[:10] + ['a' * 39, 'a' * 40, 'a&apos;b']),
    ('macvtap', "<virtualport type='802.1Qbh'><parameters profileid='@'/></virtualport>", ['p', '', 'a' * 39, 'a' * 40]),
    ('host-bridge', '@', ["<virtualport/>", "<virtualport><parameters interfaceid='" + UUID + "'/></virtualport>", "<portgroup name='g'><virtualport/></portgroup>", "<portgroup name='g'><virtualport type=''/></portgroup>",
                          "<portgroup name='g'><virtualport><parameters profileid='p'/></virtualport></portgroup>", "<portgroup name='g'><virtualport><parameters managerid='1' profileid='p'/></virtualport></portgroup>",
                          "<virtualport type='openvswitch'/><virtualport type='midonet'/>", "<virtualport type='openvswitch'><parameters/></virtualport>", "<virtualport type='openvswitch'><parameters x='y'/></virtualport>",
                          "<virtualport type='openvswitch'><parameters profileid='a'/><parameters profileid='b'/></virtualport>", "<virtualport type='openvswitch' x='y'/>"]),
]
for _type in ('802.1Qbg', '802.1Qbh', 'openvswitch', 'midonet'):
    ROWS.append(('macvtap', f"<virtualport type='{_type}'><parameters @/></virtualport>", [
        "managerid='1'", "typeid='1'", "typeidversion='1'", f"instanceid='{UUID}'", f"interfaceid='{UUID}'", "profileid='p'", '', "managerid='1' typeid='2' typeidversion='3'",
        f"managerid='1' typeid='2' typeidversion='3' instanceid='{UUID}'", f"interfaceid='{UUID}' profileid='p'"]))
ROWS += [
    ('host-bridge', "<portgroup name='@'/>", NAME),
    ('host-bridge', "<portgroup name='g' default='@'/>", YES_NO),
    ('host-bridge', "<portgroup name='g' trustGuestRxFilters='@'/>", YES_NO),
    ('host-bridge', '@', [
        '<portgroup/>', "<portgroup default='yes'/>", "<portgroup name='g'/><portgroup name='g'/>", "<portgroup name='g' default='yes'/><portgroup name='h' default='yes'/>", "<portgroup name='g' default='yes'/><portgroup name='h' default='no'/>",
        "<portgroup name='g' x='y'/>", "<portgroup name='g'><x/></portgroup>",
        "<portgroup name='g' default='yes' trustGuestRxFilters='no'><vlan><tag id='7'/></vlan><virtualport type='openvswitch'><parameters profileid='p'/></virtualport><bandwidth><outbound average='1'/></bandwidth></portgroup>"]),

    # a single element twice, the unknown, the document itself
    ('isolated', '@', [
        '<name>u</name>', f'<uuid>{UUID[:-1]}2</uuid>', '<bridge name="virbr8"/>', "<mac address='52:54:00:00:00:08'/>", '<title>a</title><title>b</title>', "<mtu size='1400'/><mtu size='1500'/>", "<domain name='a'/><domain name='b'/>",
        "<port isolated='yes'/><port isolated='no'/>", '<brigde/>', '<x>y</x>', '<!-- comment -->', '<?pi?>', 'text', '<![CDATA[text]]>', "<x:x xmlns:x='urn:x'/>", '<title>a<!-- b -->c</title>', '<title>a<b/>c</title>',
        "<bandwidth><inbound average='1'/></bandwidth><vlan/>", '<port/>', '<mtu/>', '<mac/>', '<vlan/>', '<dhcp/>', "<connections/>", '<forward/>']),
]

WHOLE = {
    'empty': '', 'blank': ' ', 'text': 'text', 'root only': '<network/>', 'other root': '<domain/>', 'not closed': '<network>', 'closed wrongly': '<network></netork>',
    'two roots': net('') + net(''), 'declaration': "<?xml version='1.0' encoding='UTF-8'?>\n" + net(''), 'latin-1': "<?xml version='1.0' encoding='ISO-8859-1'?>\n" + net('<title>a</title>'),
    'blank first': ' ' + net(''), 'comment first': '<!-- a -->' + net(''), 'comment last': net('') + '<!-- a -->', 'text last': net('') + 'x',
    'doctype': '<!DOCTYPE network>' + net(''), 'doctype with entity': "<!DOCTYPE network [<!ENTITY a 'b'>]>" + net('<title>&a;</title>'),
    'external entity': "<!DOCTYPE network [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>" + net('<title>&a;</title>'),
    'external dtd': "<!DOCTYPE network SYSTEM 'file:///nonexistent.dtd'>" + net(''),
    'unknown entity': net('<title>&a;</title>'), 'bare ampersand': net('<title>a & b</title>'), 'attribute twice': net("<bridge name='a' name='b'/>"), 'no quotes': net('<bridge name=a/>'),
    'control character': net('<title>&#1;</title>'), 'undeclared prefix': net('<a:b/>'), 'default namespace': net('', " xmlns='urn:x'"), 'prefix on the root': f"<a:network xmlns:a='urn:a'>{HEAD}</a:network>",
    'xinclude': net("<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/hostname'/>"),
    'dnsmasq': net(LINK + "<dnsmasq:options><dnsmasq:option value='cname=a,b'/></dnsmasq:options>", " xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'"),
    'dnsmasq two': net(LINK + "<dnsmasq:options><dnsmasq:option value='a'/><dnsmasq:option value='b&apos;c'/></dnsmasq:options>", " xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'"),
    'dnsmasq empty': net(LINK + '<dnsmasq:options/>', " xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'"),
    'dnsmasq without value': net(LINK + '<dnsmasq:options><dnsmasq:option/></dnsmasq:options>', " xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'"),
    'dnsmasq empty value': net(LINK + "<dnsmasq:options><dnsmasq:option value=''/></dnsmasq:options>", " xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'"),
    'dnsmasq newline': net(LINK + "<dnsmasq:options><dnsmasq:option value='a&#10;b'/></dnsmasq:options>", " xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'"),
    'dnsmasq unknown child': net(LINK + '<dnsmasq:options><dnsmasq:x/></dnsmasq:options>', " xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'"),
    'dnsmasq undeclared': net(LINK + "<dnsmasq:options><dnsmasq:option value='a'/></dnsmasq:options>"),
    'dnsmasq other prefix': net(LINK + "<d:options><d:option value='a'/></d:options>", " xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'"),
    'dnsmasq declared inside': net(LINK + "<d:options xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'><d:option value='a'/></d:options>"),
    'dnsmasq only declared': net(LINK, " xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'"),
    'all of nat': net("<title>T</title><description>D</description><metadata><a:a xmlns:a='urn:a'>x</a:a></metadata><forward mode='nat' dev='eth0'><nat ipv6='yes'><address start='10.1.1.1' end='10.1.1.9'/><port start='500' end='1000'/></nat></forward>"
                      "<bridge name='virbr7' stp='off' delay='3' macTableManager='kernel'/><mtu size='1400'/><mac address='52:54:00:00:00:07'/><domain name='d' localOnly='yes'/>"
                      "<dns forwardPlainNames='no'><forwarder domain='e' addr='10.9.9.9'/><forwarder addr='10.9.9.8'/><txt name='a' value='b'/><srv service='s' protocol='tcp' domain='d' target='t' port='1' priority='2' weight='3'/>"
                      "<host ip='10.99.1.9'><hostname>h</hostname><hostname>i</hostname></host></dns><bandwidth><inbound average='1000' peak='2000' burst='64'/><outbound average='500'/></bandwidth><port isolated='yes'/>"
                      "<ip family='ipv4' address='10.99.1.1' prefix='24' localPtr='yes'><tftp root='/srv'/><dhcp><range start='10.99.1.100' end='10.99.1.199'><lease expiry='2' unit='hours'/></range>"
                      "<host mac='52:54:00:00:00:01' name='h' ip='10.99.1.9'><lease expiry='0'/></host><bootp file='pxe.0' server='10.99.1.3'/></dhcp></ip>"
                      "<ip family='ipv6' address='fd00:99::1' prefix='64'><dhcp><range start='fd00:99::100' end='fd00:99::1ff'/><host id='0:1:2' name='i' ip='fd00:99::9'/></dhcp></ip>"
                      "<route address='10.8.0.0' prefix='16' gateway='10.99.1.2' metric='5'/><route family='ipv6' address='fd00:88::' prefix='48' gateway='fd00:99::2'/><portgroup name='g' default='yes' trustGuestRxFilters='yes'><bandwidth><inbound average='1'/></bandwidth></portgroup>",
                      " ipv6='yes' trustGuestRxFilters='no' connections='7'"),
    'backwards': net("<portgroup name='g'/><ip address='10.99.1.1' prefix='24'><dhcp><host name='h' ip='10.99.1.9'/><range start='10.99.1.100' end='10.99.1.199'/></dhcp><tftp root='/srv'/></ip><port isolated='no'/><bandwidth><outbound average='500'/><inbound average='1'/></bandwidth>"
                     "<dns><host ip='10.99.1.9'><hostname>h</hostname></host><txt name='a' value='b'/><forwarder addr='10.9.9.8'/></dns><domain localOnly='no' name='d'/><mac address='52:54:00:00:00:07'/><mtu size='1400'/><bridge delay='0' stp='on' name='virbr7'/><forward mode='route'/><title>T</title>"),
    'same bridge as default': net("<bridge name='virbr0'/>"),
}
for _attr, _values in (('ipv6', YES_NO), ('trustGuestRxFilters', YES_NO), ('connections', ['0', '5', 'x', '-1', '']), ('x', ['y'])):
    for _v in _values:
        WHOLE[f"{_attr}='{_v}'"] = net(LINK, f" {_attr}='{_v}'")


def short(piece, value):
    """The name of a case: its piece with the value, long runs of one letter shortened."""
    text = piece.replace(HEAD, '').replace('@', value).replace(UUID, 'UUID').replace('\n', '\\n')
    for n in (300, 255, 248, 247, 200, 64, 63, 483, 482):
        for letter in 'ax0':
            if letter * n in text:
                return text.replace(letter * n, f'{letter}*{n}')
    return text


LIVE = ('whole/', 'in-nat/')


def cases():
    seen = collections.Counter()
    for frame in FRAMES:
        yield f'{frame}/', FRAMES[frame] % (HEAD if frame == 'bare' else ''), True
    for name, document in WHOLE.items():
        yield f'whole/{name}', document, True
    for frame, piece, values in ROWS:
        for value in values:
            name = f'{frame}/{short(piece, value)}'
            seen[name] += 1
            if seen[name] == 1:
                yield name, FRAMES[frame] % piece.replace('@', value), name.startswith(LIVE)
