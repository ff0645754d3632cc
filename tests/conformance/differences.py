# SPDX-License-Identifier: GPL-2.0-or-later
"""Where netd means to differ from libvirt 11.3: (reason, what it does otherwise, which cases). The reasons are told in
docs/libvirt.md, "Where netd differs".

What: 'refuses' what libvirt accepts, 'accepts' what it refuses, refuses in another 'class', 'prints' otherwise.
"""
DOCUMENTS = [
    # what can never work is refused at define
    ('bridge-name', 'refuses', r"<bridge name='"),
    ('mtu', 'refuses', r"<mtu size='"),
    ('mac-zero', 'refuses', r"<mac address='00:00:00:00:00:00'"),
    ('domain', 'refuses', r"^isolated/<domain name='"),
    ('virtualport', 'refuses', r"^(isolated|nat|routed|open)/<virtualport type="),
    ('address', 'refuses', r"^ip/<ip (family='ipv6' )?address='[^']*'( prefix='\d+')?/>"),
    ('netmask', 'refuses', r"netmask='(255\.0\.255\.0|0\.0\.0\.\d+)'"),
    ('netmask', 'class', r"netmask='255\.0\.255\.0'"),
    ('local-ptr', 'refuses', r"localPtr='yes'"),
    ('twice', 'refuses', r"<ip address='10.99.1.1' prefix='24'/><ip address='10.99.1.1' prefix='24'/>|<range [^>]*/><range |<host [^>]*/><host "),
    ('lease', 'refuses', r"<lease expiry='"),
    ('host', 'refuses', r"^dhcp6?/<host .*(name|ip)='"),
    ('route', 'refuses', r"^route/<route .*(gateway='(10.99.1.1|fd00:99::1)'|address='(0.0.0.0|::)')"),
    ('bandwidth', 'refuses', r"average='(0|18014398509481985)'"),
    ('delay', 'refuses', r"<bridge name='virbr7' delay='\d{10,}'"),
    ('empty', 'refuses', r"(dev|id|file|domain|name|service|protocol)=''"),
    # what could be taken for something else
    ('short-address', 'refuses', r"='(10\.99\.1|10\.99|10|0|010\.99\.1\.9|0x0a\.99\.1\.9|24|255\.255\.255|255\.255|255|0xffffff00|10\.1\.1)'"),
    ('short-address', 'class', r"='(10\.99\.1|10\.99|10|0|010\.99\.1\.9|0x0a\.99\.1\.9|10\.1\.1)'"),
    ('scope', 'refuses', r"='fe80::\d%"),
    ('scope', 'class', r"='fe80::\d%"),
    ('name', 'refuses', r'<name>(-|.*&#9;)'),
    ('line-break', 'refuses', r'whole/dnsmasq newline'),
    ('sign', 'refuses', r"='-0'"),
    ('doctype', 'refuses', r'whole/(doctype|external)'),
    ('doctype', 'class', r'whole/(doctype|external)'),
    # what this host lacks
    ('device', 'accepts', r"^in-hostdev/<address type='pci'"),
    ('device', 'class', r"^in-hostdev/<address type='pci'"),
    ('mapped', 'class', r"='::ffff:10"),
    # printed so that it can be read again, and means the same then
    ('readable', 'prints', r'&#9;|&#10;|&#13;|&apos;|&quot;|&lt;'),
    ('idempotent', 'prints', r"<metadata><a|type='midonet'"),
    ('empty', 'prints', r"(name|model|id|domain|target)=''"),
]
UPDATES = [
    ('sections', 'accepts', r' (bridge|domain|ip|forward|forward-pf) '),
    ('sections', 'class', r' (bridge|domain|ip|forward|forward-pf) '),
    ('validated', 'refuses', r'ip-dhcp-host |ip-dhcp-range |portgroup |^host-bridge, .* dns-host '),
    ('validated', 'refuses', r'(plain|pf|nat), .* forward-interface '),
    ('empty', 'refuses', r"<interface dev=''"),
    ('empty', 'class', r"<interface dev=''"),
    ('by-id', 'accepts', r"modify ip-dhcp-host 1 config <host id='0:1:2'"),
    ('order', 'class', r'(ip-dhcp-host|ip-dhcp-range|forward-interface) '),
]
