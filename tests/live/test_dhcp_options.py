# SPDX-License-Identifier: GPL-2.0-or-later
"""<netd:dhcp>: who is told what. A client that asks for anything, and real ones that only ask for what they want."""
import json
import os
import signal
import unittest

import lib
from test_dhcp_daemon import processes

# One DISCOVER, or what `type` says, and the reply's fields and options as JSON; runs in the guest.
CLIENT = '''
import json, os, socket, struct, sys
want = json.loads(sys.argv[1])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth0')
s.bind(('0.0.0.0', 68)); s.settimeout(3)
mac = bytes.fromhex(want['mac'].replace(':', ''))
def ask(type_, extra):
    xid = os.urandom(4)
    p = struct.pack('!4B4sHH16s16s192xI', 1, 1, 6, 0, xid, 0, 0x8000, b'', mac, 0x63825363)
    for code, value in [(53, bytes([type_]))] + extra:
        p += bytes([code, len(value)]) + value
    for again in range(6):
        s.sendto(p + b'\\xff', ('255.255.255.255', 67))
        try:
            while True:
                r = s.recv(2000)
                if r[4:8] == xid:
                    return r
        except TimeoutError:
            pass
    sys.exit('no answer')
def walk(b, into):
    while b and b[0] != 255:
        if b[0] == 0: b = b[1:]; continue
        into.setdefault(b[0], b''); into[b[0]] += b[2:2 + b[1]]; b = b[2 + b[1]:]
def show(r):
    o = {}; walk(r[240:], o)
    over = o.get(52, b'\\0')[0]
    if over & 1: walk(r[108:236], o)
    if over & 2: walk(r[44:108], o)
    return {'yiaddr': socket.inet_ntoa(r[16:20]), 'siaddr': socket.inet_ntoa(r[20:24]), 'overload': over,
            'file': '' if over & 1 else r[108:236].rstrip(b'\\0').decode(),
            'order': list(o), **{str(k): v.hex() for k, v in o.items()}}
extra = [(int(k), bytes.fromhex(v)) for k, v in want['send'].items()]
first = ask(1, extra)
out = show(first)
if want.get('request') and out['53'] == '02':
    out = show(ask(3, extra + [(50, first[16:20]), (54, bytes.fromhex(out['54']))]))
print(json.dumps(out))
'''


def text(s):
    return s.encode().hex()


PXE = 'PXEClient:Arch:{:05d}:UNDI:003000'.format


class Options(lib.Case):
    def xml(self, inside, **options):
        meta = f"<metadata><netd:network xmlns:netd='urn:netd:network:1'>{inside}</netd:network></metadata>"
        return lib.network_xml(**{'domain': 'lab', **options}).replace('<forward', meta + '<forward', 1)

    def serve(self, inside, name='g1', **options):
        self.net = self.host()
        self.net.start_network(self.xml(inside, **options))
        self.g = self.guest(name, self.net, 'virbr1')

    def ask(self, want=(), guest=None, mac=None, request=False, **send):
        """`want`: the parameter list; `send`: _60=hex."""
        guest = guest or self.g
        options = {k[1:]: v for k, v in send.items()}
        if want:
            options['55'] = bytes(want).hex()
        words = {'mac': mac or guest.mac, 'send': options, 'request': request}
        return json.loads(guest.sh('python3', '-c', CLIENT, json.dumps(words)).out)

    def test_for_everybody(self):
        """On request, forced, in place of what would be sent anyway, and left out."""
        self.serve("""<netd:dhcp><netd:option name='ntp-servers' value='192.168.150.7, 192.168.150.8'/>
            <netd:option name='domain-search' value='a.lab lab'/>
            <netd:option code='224' type='text' value='forced' force='yes'/>
            <netd:option name='domain-name-servers' value='192.168.150.9'/><netd:option name='domain-name' value=''/>
            <netd:option name='time-offset' value='-3600'/></netd:dhcp>""")
        got = self.ask([1, 42, 119])
        self.assertEqual(got['42'], 'c0a89607c0a89608')
        self.assertEqual(got['119'], '0161036c616200c002')
        self.assertEqual(got['224'], text('forced'))
        self.assertEqual(got['6'], 'c0a89609')
        self.assertNotIn('2', got)
        self.assertNotIn('15', got)
        self.assertLess(got['order'].index(1), got['order'].index(42))
        got = self.ask()  # who says nothing gets everything
        self.assertEqual((got['2'], got['42']), ('fffff1f0', 'c0a89607c0a89608'))

    def test_routes(self):
        """RFC 3442: with the default route, unless it is given; Windows asks by another number."""
        self.serve("<netd:dhcp><netd:option name='classless-static-routes' value='10.0.0.0/8 192.168.150.2'/></netd:dhcp>")
        want = '080ac0a89602' + '00c0a89601'
        got = self.ask([121, 249, 3])
        self.assertEqual((got['121'], got['249'], got['3']), (want, want, 'c0a89601'))

    def test_routes_with_a_default(self):
        self.serve("""<netd:dhcp><netd:option name='routers' value=''/><netd:option name='classless-static-routes'
            value='0.0.0.0/0 192.168.150.3, 10.1.0.0/16 192.168.150.2'/></netd:dhcp>""")
        got = self.ask([121, 3])
        self.assertEqual(got['121'], '00c0a89603' + '100a01c0a89602')
        self.assertNotIn('3', got)

    def test_long_value(self):
        """More than 255 octets go in pieces, and into the fields that are free."""
        self.serve(f"<netd:dhcp><netd:option code='230' type='text' value='{'x' * 300}{'y' * 100}'/></netd:dhcp>")
        got = self.ask([230])
        self.assertEqual(got['230'], text('x' * 300 + 'y' * 100))
        self.assertTrue(got['overload'])
        got = self.ask([230], _57='05dc')
        self.assertEqual((got['230'], got['overload']), (text('x' * 300 + 'y' * 100), 0))

    def test_classes(self):
        """A host's counts before a class's, a class's before everybody's; the first class before the second."""
        mac = '52:54:00:aa:00:07'
        self.serve(f"""<netd:dhcp><netd:option name='root-path' value='all'/><netd:option name='wpad-url' value='all'/>
            <netd:class vendor='acme'><netd:option name='root-path' value='vendor'/>
              <netd:option name='wpad-url' value='vendor'/></netd:class>
            <netd:class user='lab'><netd:option name='root-path' value='user'/></netd:class>
            <netd:class user='lab' vendor='acme-2'><netd:option name='captive-portal' value='both'/></netd:class>
            <netd:host mac='{mac}'><netd:option name='wpad-url' value='host'/></netd:host>
            <netd:host name='db'><netd:option name='wpad-url' value='by name'/></netd:host>
            <netd:host uuid='00112233-4455-6677-8899-aabbccddeeff'><netd:option name='wpad-url' value='by uuid'/></netd:host>
            </netd:dhcp>""")

        def told(**send):
            got = self.ask([17, 252, 114], **send)
            return [bytes.fromhex(got[k]).decode() if k in got else None for k in ('17', '252', '114')]
        self.assertEqual(told(), ['all', 'all', None])
        self.assertEqual(told(_60=text('acmeX')), ['vendor', 'vendor', None])
        self.assertEqual(told(_60=text('acm')), ['all', 'all', None])
        self.assertEqual(told(_77='03' + text('lab')), ['user', 'all', None])
        self.assertEqual(told(_77='01ff03' + text('lab')), ['user', 'all', None], 'the second of two')
        self.assertEqual(told(_77=text('lab')), ['user', 'all', None], 'without its length')
        self.assertEqual(told(_60=text('acme-2.1'), _77='03' + text('lab')), ['vendor', 'vendor', 'both'])
        self.assertEqual(told(mac=mac, _60=text('acme')), ['vendor', 'host', None])
        self.assertEqual(told(_12=text('DB')), ['all', 'by name', None])
        self.assertEqual(told(_97='0000112233445566778899aabbccddeeff'), ['all', 'by uuid', None])
        self.assertEqual(told(_97='0033221100554477668899aabbccddeeff'), ['all', 'by uuid', None])

    def test_boot_by_architecture(self):
        self.serve("""<netd:dhcp><netd:class ipxe='yes'><netd:boot url='http://192.168.150.1/boot.ipxe'/></netd:class>
            <netd:class arch='x86-bios'><netd:boot file='undionly.kpxe'/></netd:class>
            <netd:class arch='x64-uefi'><netd:boot file='snponly.efi'/></netd:class>
            <netd:class arch='arm64-uefi 0x1'><netd:boot file='arm64.efi' server='192.168.150.9'/></netd:class>
            <netd:class arch='x64-uefi-http'><netd:boot url='http://192.168.150.1/snponly.efi'/></netd:class></netd:dhcp>"""
                   .replace(' 0x1', ' 38'))

        def told(arch, **send):
            got = self.ask([66, 67, 60], _93=f'{arch:04x}', _60=text(PXE(arch)), **send)
            return got['file'], got['siaddr'], bytes.fromhex(got.get('67', '')).rstrip(b'\0').decode()
        own = '192.168.150.1'
        self.assertEqual(told(0), ('undionly.kpxe', own, 'undionly.kpxe'))
        self.assertEqual(told(7), ('snponly.efi', own, 'snponly.efi'))
        self.assertEqual(told(9), ('snponly.efi', own, 'snponly.efi'))
        self.assertEqual(told(11), ('arm64.efi', '192.168.150.9', 'arm64.efi'))
        self.assertEqual(told(38), ('arm64.efi', '192.168.150.9', 'arm64.efi'))
        self.assertEqual(told(6), ('', own, ''))
        url = 'http://192.168.150.1/boot.ipxe'
        for sign in ({'_175': 'b1050180861000'}, {'_77': text('iPXE')}, {'_77': '04' + text('iPXE')}):
            self.assertEqual(told(0, **sign), (url, own, url))
            self.assertEqual(told(7, **sign), (url, own, url))
        got = self.ask([1], _93='0010', _60=text('HTTPClient:Arch:00016:UNDI:003000'))
        self.assertEqual((got['60'], got['67']), (text('HTTPClient'), text('http://192.168.150.1/snponly.efi')))

    def test_own_files_by_http(self):
        """Firmware that boots by HTTP is told the URL of the file that others get by TFTP."""
        os.chmod(self.folder, 0o711)
        root = os.path.join(self.folder, 'boot')
        os.mkdir(root)
        self.net = self.host()
        xml = self.xml("<netd:http/><netd:dhcp><netd:class vendor='HTTPClient:Arch:00019'><netd:boot file='arm.efi'/>"
                       "</netd:class></netd:dhcp>")
        self.net.start_network(xml.replace('<dhcp>', f"<tftp root='{root}'/><dhcp>")
                               .replace('</dhcp>', "<bootp file='/x64.efi'/></dhcp>"))
        self.g = self.guest('g1', self.net, 'virbr1')

        def told(vendor):
            got = self.ask([67], _60=text(vendor))
            return bytes.fromhex(got['67']).rstrip(b'\0').decode(), got.get('60')
        self.assertEqual(told('HTTPClient:Arch:00016'), ('http://192.168.150.1/x64.efi', text('HTTPClient')))
        self.assertEqual(told('HTTPClient:Arch:00019'), ('http://192.168.150.1/arm.efi', text('HTTPClient')))
        self.assertEqual(told('PXEClient:Arch:00007'), ('/x64.efi', None))

    def test_lease_times(self):
        """By class, with T1 and T2; what is bound already keeps its lease, and gets the new one at its renewal."""
        self.serve("""<netd:dhcp><netd:lease expiry='30' renew='10' rebind='20'/>
            <netd:class vendor='short'><netd:lease expiry='300' unit='seconds' renew='100' rebind='200'/></netd:class>
            <netd:class vendor='ever'><netd:lease expiry='0'/></netd:class></netd:dhcp>""")

        def told(**send):
            got = self.ask(**send)
            return [int(got[k], 16) if k in got else None for k in ('51', '58', '59')]
        self.assertEqual(told(), [1800, 600, 1200])
        self.assertEqual(told(_60=text('short')), [300, 100, 200])
        self.assertEqual(told(_60=text('ever')), [2**32 - 1, None, None])
        self.assertEqual(told(_51='00000258'), [600, 300, 525], 'less than is offered: T1 and T2 as usual')
        got = self.ask(request=True, _60=text('short'))
        self.assertEqual((got['53'], int(got['51'], 16), int(got['58'], 16)), ('05', 300, 100))

    def test_rapid_commit(self):
        self.serve("<netd:dhcp rapidCommit='yes'/>")
        got = self.ask(_80='')
        self.assertEqual((got['53'], got['80']), ('05', ''))
        self.assertIn(got['yiaddr'], self.net.netctl('net-dhcp-leases', 'net1').out)
        self.assertEqual(self.ask()['53'], '02', 'only for who asks for it')

    def test_identity(self):
        """By client identifier the address follows from one card to another; by both every pair has its own."""
        self.serve("<netd:dhcp identity='client-id'/>")
        other = self.guest('g2', self.net, 'virbr1')
        first = self.ask(request=True, _61='ff' + text('system'))['yiaddr']
        self.assertNotEqual(self.ask(request=True, _61='ff' + text('loader'))['yiaddr'], first)
        self.assertEqual(self.ask(guest=other, request=True, _61='ff' + text('system'))['yiaddr'], first)

        def leases():
            return {(x['ip-address'], x['mac-address']) for x in self.net.json('net-dhcp-leases', 'net1')['leases']}
        self.assertIn((first, other.mac), leases())
        self.assertNotIn((first, self.g.mac), leases())
        self.net.netctl('net-metadata', 'net1', '--uri', 'urn:netd:network:1', '--key', 'netd', '--live', '--set',
                        "<network><dhcp identity='both'/></network>")
        mine = lib.wait_for('another address', lambda: (lambda ip: ip if ip != first else None)(
            self.ask(request=True, _61='ff' + text('system'))['yiaddr']))
        self.assertEqual(self.ask(guest=other, request=True, _61='ff' + text('system'))['yiaddr'], first)
        self.assertLessEqual({(first, other.mac), (mine, self.g.mac)}, leases())

    def test_live(self):
        """net-metadata and net-apply change what is said; leases stay; a restart knows it again."""
        self.serve("<netd:dhcp><netd:option name='wpad-url' value='one'/></netd:dhcp>")
        before = self.ask([252], request=True)
        self.assertEqual(before['252'], text('one'))
        uri = ['--uri', 'urn:netd:network:1', '--key', 'netd']

        def change(value, *where):
            self.net.netctl('net-metadata', 'net1', *uri, *where, '--set',
                            f"<network><dhcp><option name='wpad-url' value='{value}'/></dhcp></network>")
        change('two', '--live')
        got = lib.wait_for('the new option', lambda: (lambda g: g if g['252'] == text('two') else None)(self.ask([252])))
        self.assertEqual(got['yiaddr'], before['yiaddr'])
        change('three', '--live', '--config')
        lib.wait_for('the newest', lambda: self.ask([252])['252'] == text('three'))
        self.assertIn("value='three'", self.net.netctl('net-dumpxml', 'net1').out.replace('"', "'"))
        for words in (['netd-worker', 'dhcp'], ['netd-controller']):
            old = processes(self.net, *words)
            os.kill(old[0], signal.SIGKILL)
            lib.wait_for('another one', lambda: processes(self.net, *words) not in (old, []), 10)
            got = lib.wait_for('an answer', lambda: self.ask([252], request=True), 10)
            self.assertEqual((got['252'], got['yiaddr']), (text('three'), before['yiaddr']))
        wrong = self.net.netctl('net-metadata', 'net1', *uri, '--live', '--set',
                                "<network><dhcp><option name='wpad' value='x'/></dhcp></network>", check=False)
        self.assertIn("no option of IPv4 is called so", wrong.err)
        self.assertEqual(self.ask([252])['252'], text('three'))

    def dnsmasq(self, *lines):
        options = ''.join(f"<dnsmasq:option value='{x}'/>" for x in lines)
        return (lib.network_xml(domain='lab').replace('<network>', "<network xmlns:dnsmasq='http://libvirt.org/schemas/"
                                                      "network/dnsmasq/1.0'>")
                .replace('</network>', f'<dnsmasq:options>{options}</dnsmasq:options></network>'))

    def test_dnsmasq_options(self):
        """What users write for dnsmasq is obeyed: the usual chain to iPXE, options, names."""
        self.net = self.host()
        self.net.start_network(self.dnsmasq(
            'dhcp-match=set:ipxe,175', 'dhcp-match=set:efi64,option:client-arch,7', 'dhcp-boot=tag:ipxe,boot.ipxe',
            'dhcp-boot=tag:!ipxe,tag:efi64,snponly.efi', 'dhcp-boot=pxelinux.0,,192.168.150.7',
            'dhcp-option=option:ntp-server,0.0.0.0', 'dhcp-option=3', 'host-record=www.lab,192.168.150.20',
            'cname=ftp.lab,www.lab', 'txt-record=t.lab,&quot;some text&quot;', 'address=/apps.lab/far.example/192.168.150.21',
            'mx-host=lab,www.lab,50', 'caa-record=lab,0,issue,ca.example', 'bogus-priv', 'strict-order', 'domain-needed'))
        self.g = self.guest('g1', self.net, 'virbr1')

        def boot(**send):
            got = self.ask([42, 3], **send)
            return got['file'], got['siaddr']
        self.assertEqual(boot(_93='0007'), ('snponly.efi', '192.168.150.1'))
        self.assertEqual(boot(_93='0007', _175='b10501'), ('boot.ipxe', '192.168.150.1'))
        self.assertEqual(boot(_93='0000'), ('pxelinux.0', '192.168.150.7'))
        got = self.ask([42, 3])
        self.assertEqual(got['42'], 'c0a89601')
        self.assertNotIn('3', got)
        self.g.sh('ip', 'addr', 'add', '192.168.150.9/24', 'dev', 'eth0')
        self.assertEqual(self.g.dig('www.lab', server='192.168.150.1'), ['192.168.150.20'])
        self.assertEqual(self.g.dig('ftp.lab', server='192.168.150.1'), ['www.lab.', '192.168.150.20'])
        self.assertEqual(' '.join(self.g.dig('t.lab', 'TXT', server='192.168.150.1')), '"some text"')
        for name in 'apps.lab', 'x.y.apps.lab', 'far.example', 'a.far.example':
            self.assertEqual(self.g.dig(name, server='192.168.150.1'), ['192.168.150.21'], name)
        self.assertEqual(self.g.dig('lab', 'MX', server='192.168.150.1'), ['50', 'www.lab.'])
        self.assertEqual(self.g.dig('lab', 'CAA', server='192.168.150.1'), ['0', 'issue', '"ca.example"'])

    def test_dnsmasq_unknown(self):
        """What dnsmasq wouldn't start with keeps the network from starting; what only netd doesn't know is warned of."""
        self.net = self.host()
        name = self.net.define(self.dnsmasq('no-ping', 'dhcp-optoin=3'))
        done = self.net.netctl('net-start', name, check=False)
        self.assertEqual(done.rc, 1)
        self.assertRegex(done.err, r"line \d+: dnsmasq has no option 'dhcp-optoin' .*; remove it")
        self.net.netctl('net-undefine', name)
        done = self.net.netctl('net-define', '/dev/stdin', stdin=self.dnsmasq('ptr-record=a.lab,b.lab'))
        self.assertIn("'ptr-record=a.lab,b.lab' is kept, but not obeyed", self.net.daemon.log() + done.out + done.err)
        self.net.netctl('net-start', name)

    @lib.needs('udhcpc')
    def test_udhcpc(self):
        self.serve("<netd:dhcp><netd:option name='ntp-servers' value='192.168.150.7'/>"
                   "<netd:option name='tz-database-timezone' value='Europe/Vienna'/></netd:dhcp>")
        script = os.path.join(self.folder, 'script')
        with open(script, 'w') as f:
            f.write('#!/bin/sh\n[ "$1" = bound ] && echo "got $ntpsrv $tzdbstr"\nexit 0\n')
        os.chmod(script, 0o755)

        def run(*ask):
            return self.g.sh('udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', script, *ask).out
        self.assertIn('got 192.168.150.7 Europe/Vienna', run('-O', 'tzdbstr', '-O', 'ntpsrv'))
        self.assertRegex(run('-o', '-O', 'tzdbstr'), r'(?m)^got +Europe/Vienna$', 'what is not asked for is not sent')

    @lib.needs('dhclient')
    def test_dhclient(self):
        self.serve("""<netd:dhcp><netd:option name='ntp-servers' value='192.168.150.7'/>
            <netd:option name='domain-search' value='one.lab two.lab'/>
            <netd:class vendor='printer'><netd:option name='ntp-servers' value='192.168.150.8'/></netd:class></netd:dhcp>""")
        conf, leases = os.path.join(self.folder, 'conf'), os.path.join(self.folder, 'leases')

        def run(more=''):
            with open(conf, 'w') as f:
                f.write(f'request subnet-mask, ntp-servers, domain-search;\n{more}')
            open(leases, 'w').close()
            self.g.sh('dhclient', '-4', '-1', '-sf', '/bin/true', '-cf', conf, '-lf', leases,
                      '-pf', os.path.join(self.folder, 'pid'), 'eth0')
            self.g.sh('dhclient', '-4', '-x', '-sf', '/bin/true', '-cf', conf, '-lf', leases,
                      '-pf', os.path.join(self.folder, 'pid'), 'eth0')
            with open(leases) as f:
                return f.read()
        got = run()
        self.assertIn('option ntp-servers 192.168.150.7;', got)
        self.assertIn('option domain-search "one.lab.", "two.lab.";', got)
        self.assertIn('option ntp-servers 192.168.150.8;', run('send vendor-class-identifier "printer x";\n'))

    @lib.needs('dhclient')
    def test_dhclient6(self):
        """DHCPv6: by request, by class, the boot URL by architecture, lease times."""
        ip6 = ("<ip family='ipv6' address='fd00:150::1' prefix='64'><dhcp><range start='fd00:150::100' "
               "end='fd00:150::1ff'/></dhcp></ip>")
        self.serve("""<netd:dhcp><netd:option family='ipv6' name='sntp-servers' value='fd00:150::7'/>
            <netd:option family='ipv6' name='domain-search' value='one.lab two.lab'/>
            <netd:option family='ipv6' code='65001' type='text' value='forced' force='yes'/>
            <netd:lease family='ipv6' expiry='30' renew='5' rebind='10'/>
            <netd:class arch='x64-uefi'><netd:boot family='ipv6' url='tftp://[fd00:150::1]/x64.efi' params='one two'/></netd:class>
            <netd:class user='lab'><netd:option family='ipv6' name='sntp-servers' value='fd00:150::8'/>
              <netd:lease family='ipv6' expiry='10'/></netd:class></netd:dhcp>""", extra=ip6)
        conf, leases = os.path.join(self.folder, 'conf'), os.path.join(self.folder, 'leases')

        def run(more='', ask='dhcp6.sntp-servers, dhcp6.domain-search'):
            with open(conf, 'w') as f:
                f.write(f'option dhcp6.arch code 61 = unsigned integer 16;\noption dhcp6.url code 59 = text;\n'
                        f'option dhcp6.classes code 15 = string;\noption dhcp6.forced code 65001 = text;\n'
                        f'option dhcp6.params code 60 = string;\nrequest {ask};\n{more}')
            open(leases, 'w').close()
            words = ['-sf', '/bin/true', '-cf', conf, '-lf', leases, '-pf', os.path.join(self.folder, 'pid'), 'eth0']
            self.g.sh('dhclient', '-6', '-1', *words)
            self.g.sh('dhclient', '-6', '-x', *words)
            with open(leases) as f:
                return f.read()
        lib.wait_for('a link-local address', lambda: self.g.sh('ip', '-6', 'addr', 'show', 'dev', 'eth0', '-tentative').out)
        got = run()
        self.assertIn('option dhcp6.sntp-servers fd00:150::7;', got)
        self.assertIn('option dhcp6.domain-search "one.lab.", "two.lab.";', got)
        self.assertIn('option dhcp6.forced "forced";', got)
        self.assertNotIn('dhcp6.url', got)
        self.assertRegex(got, r'renew 300;\s+rebind 600;(?s:.*)max-life 1800;')
        got = run('send dhcp6.classes 00:03:6c:61:62;\n')
        self.assertIn('option dhcp6.sntp-servers fd00:150::8;', got)
        self.assertRegex(got, r'max-life 600;')
        got = run('send dhcp6.arch 7;\n', ask='dhcp6.url, dhcp6.params')
        self.assertIn('option dhcp6.url "tftp://[fd00:150::1]/x64.efi";', got)
        self.assertRegex(got, r'option dhcp6.params 0?0:0?3:6f:6e:65:0?0:0?3:74:77:6f;')
        self.assertNotIn('sntp', got)

    @lib.needs('dhcpcd')
    def test_dhcpcd(self):
        self.serve("<netd:dhcp rapidCommit='yes'><netd:option name='classless-static-routes' "
                   "value='10.9.0.0/16 192.168.150.2'/></netd:dhcp>")
        conf = os.path.join(self.folder, 'conf')
        with open(conf, 'w') as f:
            f.write('noarp\noption classless_static_routes, rapid_commit\n')
        self.g.spawn('sh', '-c', 'mount -t tmpfs t /var/lib/dhcpcd; mount -t tmpfs t /run; exec "$@"', 'sh',
                     'dhcpcd', '-B', '-4', '-f', conf, '-c', '/bin/true', 'eth0')
        routes = lib.wait_for('the route', lambda: [r for r in self.g.ip_json('route') if r['dst'] == '10.9.0.0/16'], 20)
        self.assertEqual(routes[0]['gateway'], '192.168.150.2')
        self.assertEqual(self.g.ip_json('route', 'show', 'default')[0]['gateway'], '192.168.150.1')


if __name__ == '__main__':
    unittest.main()
