# SPDX-License-Identifier: GPL-2.0-or-later
"""net-update on a running network: every section and command takes effect at once, and while it does no packet, no
question and no lease is lost, and nothing is started anew."""
import os
import re
import signal
import sys
import time

import lib

NET = """<network><name>up</name><forward mode='nat'/><bridge name='virbr7'/><domain name='up.test' localOnly='yes'/>
<dns><host ip='192.168.177.5'><hostname>fixed</hostname></host></dns>
<ip address='192.168.177.1' prefix='24'><dhcp><range start='192.168.177.100' end='192.168.177.150'/></dhcp></ip>
<portgroup name='p1'/></network>"""

# Each step leaves the network as it must be for the next one: (command, section, element, what dumpxml says then).
STEPS = [
    ('add-last', 'ip-dhcp-host', "<host mac='52:54:00:00:00:aa' name='aa' ip='192.168.177.10'/>", "name='aa'"),
    ('add-first', 'ip-dhcp-host', "<host mac='52:54:00:00:00:ab' name='ab' ip='192.168.177.11'/>", "name='ab'"),
    ('modify', 'ip-dhcp-host', "<host mac='52:54:00:00:00:aa' name='aa' ip='192.168.177.12'/>", '192.168.177.12'),
    ('delete', 'ip-dhcp-host', "<host mac='52:54:00:00:00:aa'/>", "!name='aa'"),
    ('add-last', 'ip-dhcp-range', "<range start='192.168.177.200' end='192.168.177.210'/>", '177.210'),
    ('delete', 'ip-dhcp-range', "<range start='192.168.177.200' end='192.168.177.210'/>", '!177.210'),
    ('add-last', 'dns-host', "<host ip='192.168.177.6'><hostname>six</hostname></host>", '>six<'),
    ('modify', 'dns-host', "<host ip='192.168.177.6'><hostname>seis</hostname></host>", '>seis<'),
    ('delete', 'dns-host', "<host><hostname>seis</hostname></host>", '!>seis<'),
    ('add-first', 'dns-txt', "<txt name='t' value='v'/>", "value='v'"),
    ('modify', 'dns-txt', "<txt name='t' value='w'/>", "value='w'"),
    ('delete', 'dns-txt', "<txt name='t'/>", "!<txt"),
    ('add-last', 'dns-srv', "<srv service='s' protocol='tcp' domain='up.test' target='fixed.up.test' port='7'/>", "<srv"),
    ('delete', 'dns-srv', "<srv service='s' protocol='tcp'/>", "!<srv"),
    ('add-last', 'portgroup', "<portgroup name='p2'/>", "name='p2'"),
    ('modify', 'portgroup', "<portgroup name='p2' default='yes'/>", "default='yes'"),
    ('delete', 'portgroup', "<portgroup name='p2'/>", "!name='p2'"),
    ('add-last', 'forward-interface', "<interface dev='up0'/>", "dev='up0'"),
    ('delete', 'forward-interface', "<interface dev='up0'/>", "!up0"),
    ('modify', 'forward', "<forward mode='nat'><nat><port start='2000' end='3000'/></nat></forward>", "start='2000'"),
    ('modify', 'bridge', "<bridge stp='off'/>", "stp='off'"),
    ('modify', 'bridge', "<bridge stp='on'/>", "stp='on'"),
    ('delete', 'domain', '<domain/>', '!<domain'),
    ('add-last', 'domain', "<domain name='up.test' localOnly='yes'/>", '<domain'),
    ('add-last', 'ip', "<ip family='ipv6' address='fd00:177::1' prefix='64'/>", 'fd00:177::1'),
    ('delete', 'ip', "<ip family='ipv6' address='fd00:177::1'/>", '!fd00:177::1'),
    ('add-last', 'ip', "<ip address='192.168.178.1' prefix='24'/>", '192.168.178.1'),
    ('delete', 'ip', "<ip address='192.168.178.1'/>", '!192.168.178.1'),
]

# Ask again and again; on SIGINT say how many questions there were and how many had no answer in a second.
ASK = r"""
import signal, socket, struct, sys, time
asked = lost = 0
def end(*_):
    print(asked, lost, flush=True); sys.exit(0)
signal.signal(signal.SIGINT, end)
name = b''.join(bytes([len(l)]) + l.encode() for l in sys.argv[2].split('.')) + b'\0'
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); s.connect((sys.argv[1], 53))
while True:
    asked += 1
    s.send(struct.pack('>HHHHHH', asked & 0xffff, 0x100, 1, 0, 0, 0) + name + struct.pack('>HH', 1, 1))
    try:
        while True:
            r = s.recv(512)
            if r[:2] == struct.pack('>H', asked & 0xffff):
                break
        lost += r[3] & 15 != 0 or r[6:8] == b'\0\0'
    except OSError:
        lost += 1
    time.sleep(0.005)
"""


@lib.needs('udhcpc')
class Update(lib.Case):
    def setUp(self):
        super().setUp()
        self.net = self.host()
        self.out = self.outside(self.net)
        self.net.start_network(NET)
        self.a, self.b = self.guest('a', self.net, 'virbr7'), self.guest('b', self.net, 'virbr7')
        self.a.dhcp()
        self.b.dhcp()

    def processes(self):
        found = {}
        for pid in lib.sh('ip', 'netns', 'pids', self.net.ns).out.split():
            with open(f'/proc/{pid}/comm', encoding='ascii') as f:
                name = f.read().strip()
            if name.startswith('netd'):
                found[pid] = name
        return found

    def end_ping(self, process):
        process.popen.send_signal(signal.SIGINT)
        process.popen.wait(10)
        sent, received = map(int, re.search(r'(\d+) packets transmitted, (\d+) received', process.log()).groups())
        self.assertGreater(sent, 100)
        return sent - received

    def test_nothing_is_lost(self):
        pings = {to: self.a.spawn('ping', '-n', '-q', '-i', '0.01', to) for to in
                 ('192.168.177.1', self.b.lease.address, self.out.address)}
        # The name that is asked for is the network's own, by whichever domain it has at the moment.
        asking = self.a.spawn(sys.executable, '-c', ASK, '192.168.177.1', 'fixed')
        before = self.processes()
        third = self.guest('c', self.net, 'virbr7')
        time.sleep(0.3)
        for command, section, element, says in STEPS:
            self.net.netctl('net-update', 'up', command, section, element, '--live', '--config')
            for dump in ([], ['--inactive']):
                text = self.net.netctl('net-dumpxml', 'up', *dump).out
                self.assertEqual(says.lstrip('!') in text, not says.startswith('!'), f'{command} {section}\n{text}')
            # A lease with the first packet of each kind, whatever is going on.
            third.sh('udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', '/bin/true', '-t', '1', '-T', '3')
        self.assertEqual({to: self.end_ping(p) for to, p in pings.items()}, dict.fromkeys(pings, 0))
        asking.popen.send_signal(signal.SIGINT)
        asking.popen.wait(10)
        asked, lost = map(int, asking.log().split()[-2:])
        self.assertGreater(asked, 100)
        self.assertEqual(lost, 0)
        self.assertEqual(self.processes(), before)

    def test_takes_effect(self):
        def update(*words):
            self.net.netctl('net-update', 'up', *words, '--live')
        update('add-last', 'dns-host', "<host ip='192.168.177.6'><hostname>six</hostname></host>")
        self.assertEqual(self.a.dig('six.up.test'), ['192.168.177.6'])
        update('add-last', 'dns-txt', "<txt name='t.up.test' value='v w'/>")
        self.assertEqual(self.a.sh('dig', '+short', '@192.168.177.1', 't.up.test', 'TXT').out, '"v w"\n')
        update('add-last', 'dns-srv', "<srv service='s' protocol='tcp' domain='up.test' target='six.up.test' port='7'/>")
        self.assertEqual(self.a.sh('dig', '+short', '@192.168.177.1', '_s._tcp.up.test', 'SRV').out, '0 0 7 six.up.test.\n')
        update('delete', 'dns-host', "<host ip='192.168.177.6'/>")
        self.assertEqual(self.a.dig('six.up.test'), [])
        update('add-last', 'ip-dhcp-host', f"<host mac='{self.b.mac}' ip='192.168.177.20'/>")
        self.assertEqual(self.b.dhcp().address, '192.168.177.20')
        update('add-last', 'ip', "<ip address='192.168.178.1' prefix='24'/>")
        self.assertIn('192.168.178.1/24', self.net.addresses('virbr7'))
        update('modify', 'bridge', "<bridge stp='off' delay='3'/>")
        link = self.net.sh('ip', '-d', 'link', 'show', 'virbr7').out
        self.assertIn('stp_state 0', link)
        update('delete', 'forward', '<forward/>')
        self.assertNotEqual(self.a.ping(self.out.address, check=False, wait=1).rc, 0)
        update('add-last', 'forward', "<forward mode='nat'/>")
        self.a.ping(self.out.address)

    def test_metadata_is_a_definition(self):
        """<netd:network> by net-metadata is judged like one in a definition, and obeyed at once."""
        def set_to(inside, *flags, check=True):
            return self.net.netctl('net-metadata', 'up', 'urn:netd:network:1', '--key', 'netd', '--set', f'<network>{inside}</network>',
                                   *flags, check=check)
        before = self.net.netctl('net-dumpxml', 'up').out
        for wrong in ('<nonsense/>', "<subnet prefix='99'/>", '<http x="y"/>', 'text'):
            for flags in (['--live'], ['--config'], ['--live', '--config']):
                got = set_to(wrong, *flags, check=False)
                self.assertEqual(got.rc, 1, f'{wrong} {flags}')
        self.assertEqual(self.net.netctl('net-dumpxml', 'up').out, before)
        set_to('<http/>', '--live')
        self.assertIn('http', self.net.netctl('net-dumpxml', 'up').out)
        self.assertNotIn('http', self.net.netctl('net-dumpxml', 'up', '--inactive').out)
        folder = os.path.join(self.folder, 'srv')
        os.mkdir(folder, 0o755)
        os.chmod(self.folder, 0o755)
        with open(os.path.join(folder, 'f'), 'w', encoding='ascii') as f:
            f.write('hello')
        self.net.netctl('net-update', 'up', 'modify', 'ip', '--live', f"""<ip address='192.168.177.1' prefix='24'><tftp root='{folder}'/>
            <dhcp><range start='192.168.177.100' end='192.168.177.150'/></dhcp></ip>""")
        if lib.have('curl'):
            lib.wait_for('the file by HTTP', lambda: self.a.sh('curl', '-s', 'http://192.168.177.1/f', check=False).out == 'hello', 5)
