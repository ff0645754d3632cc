# SPDX-License-Identifier: GPL-2.0-or-later
"""What the public EDNS compliance checks ask, one line of dig each (RFC 6891, 7873, 8906), to the network's server for a
name of its own and for one from upstream; what delv and systemd-resolved need; and what isn't answered to everybody."""
import re

import lib
from test_dns import GATEWAY, GUEST, UPSTREAM, Wire


def fields(out):
    """status, flags, the EDNS line, numbers of records: of dig's full output."""
    status = re.search(r'status: (\w+)', out)
    flags = re.search(r';; flags: ([a-z ]*);', out)
    edns = re.search(r'; EDNS: version: (\d+), flags:([a-z ]*); .*udp: (\d+)', out)
    counts = dict((k, int(n)) for k, n in re.findall(r'(QUERY|ANSWER|AUTHORITY|ADDITIONAL): (\d+)', out))
    return (status and status.group(1), flags.group(1).split() if flags else [],
            (int(edns.group(1)), edns.group(2).split(), int(edns.group(3))) if edns else None, counts)


# options of dig, and what must come: status, EDNS there or not, DO, records in the answer
ROWS = [
    ('+noedns', 'NOERROR', False, False, 1),
    ('+edns=0', 'NOERROR', True, False, 1),
    ('+edns=0 +dnssec', 'NOERROR', True, True, 1),
    ('+edns=0 +ednsopt=100', 'NOERROR', True, False, 1),
    ('+edns=0 +ednsopt=100 +dnssec', 'NOERROR', True, True, 1),
    ('+edns=0 +ednsflags=0x40', 'NOERROR', True, False, 1),
    ('+edns=1 +noednsneg', 'BADVERS', True, False, 0),
    ('+edns=100 +noednsneg', 'BADVERS', True, False, 0),
    ('+edns=1 +noednsneg +ednsopt=100', 'BADVERS', True, False, 0),
    ('+edns=1 +noednsneg +dnssec', 'BADVERS', True, True, 0),
    ('+edns=1 +noednsneg +ednsflags=0x40', 'BADVERS', True, False, 0),
    ('+edns=0 +bufsize=512', 'NOERROR', True, False, 1),
    ('+edns=0 +bufsize=0', 'NOERROR', True, False, 1),
    ('+edns=0 +bufsize=65535', 'NOERROR', True, False, 1),
    ('+edns=0 +nsid', 'NOERROR', True, False, 1),
    ('+edns=0 +subnet=192.0.2.0/24', 'NOERROR', True, False, 1),
    ('+edns=0 +subnet=0/0', 'NOERROR', True, False, 1),
    ('+edns=0 +expire', 'NOERROR', True, False, 1),
    ('+edns=0 +cookie', 'NOERROR', True, False, 1),
    ('+edns=0 +nocookie', 'NOERROR', True, False, 1),
    ('+edns=0 +cookie=0102030405060708090a', 'FORMERR', None, None, 0),
    ('+edns=0 +padding=64', 'NOERROR', True, False, 1),
    ('+edns=0 +keepalive +tcp', 'NOERROR', True, False, 1),
    ('+edns=0 +tcp', 'NOERROR', True, False, 1),
    ('+noedns +tcp', 'NOERROR', False, False, 1),
    ('+noad +noedns', 'NOERROR', False, False, 1),
    ('+cd', 'NOERROR', True, False, 1),
    ('+zflag', 'NOERROR', True, False, 1),
    ('+adflag', 'NOERROR', True, False, 1),
    ('+opcode=1', 'NOTIMP', None, None, 0),
    ('+opcode=15 +noedns', 'NOTIMP', False, None, 0),
]


@lib.needs('dig')
class Edns(Wire):
    def full(self, *words):
        return fields(self.guest1.sh('dig', '+qr', '+nocookie', '+time=3', '+tries=2', f'@{GATEWAY}', *words).out.split(';; Got answer')[-1])

    def test_compliance(self):
        self.serve('-u', UPSTREAM)
        for name in 'vm1.lab.test', 'www.example.com', 'www.example.com':  # own, upstream, cache
            for options, status, edns, do, answers in ROWS:
                with self.subTest(name=name, options=options):
                    got = self.full(*options.split(), name, 'A')
                    self.assertEqual((got[0], got[3].get('ANSWER', 0)), (status, answers))
                    self.assertNotIn('z', got[1])
                    if edns is not None:
                        self.assertEqual(got[2] is not None, edns)
                    if edns and got[2]:
                        self.assertEqual(got[2][0], 0)  # our version
                        self.assertEqual('do' in got[2][1], do)
                        self.assertEqual(set(got[2][1]) - {'do'}, set())  # no unknown flag is echoed
                        self.assertLessEqual(got[2][2], 1232)

    def test_policy(self):
        self.serve('-u', UPSTREAM)
        for words, status in ((('CH', 'TXT', 'version.bind'), 'REFUSED'), (('CH', 'TXT', 'id.server'), 'REFUSED'),
                              (('HS', 'A', 'vm1.lab.test'), 'REFUSED'), (('ANY', 'vm1.lab.test', '+notcp'), 'NOERROR'),
                              (('AXFR', 'lab.test', '+tcp'), None), (('TYPE0', 'vm1.lab.test'), 'NOTIMP'),
                              (('MAILB', 'vm1.lab.test'), 'NOTIMP'),
                              (('TYPE65280', 'vm1.lab.test'), 'NOERROR')):
            with self.subTest(words):
                out = self.guest1.sh('dig', '+time=3', '+tries=2', f'@{GATEWAY}', *words, check=False).out
                if status is None:
                    self.assertIn('Transfer failed', out)
                    continue
                self.assertEqual(fields(out)[0], status)
                self.assertNotRegex(out, r'netd|[vV]ersion \d')  # what serves is nobody's business
        # the network says of itself that it has no such name: with a SOA, so that it may be kept
        got = self.full('nope.lab.test')
        self.assertEqual((got[0], got[3]['AUTHORITY']), ('NXDOMAIN', 1))
        self.assertIn('aa', got[1])
        got = self.full('vm1.lab.test', 'AAAA')
        self.assertEqual((got[0], got[3]['ANSWER'], got[3]['AUTHORITY']), ('NOERROR', 0, 1))

    @lib.needs('delv')
    def test_delv(self):
        """It asks as a validator does (DO, CD); what isn't signed is an answer all the same."""
        self.serve('-u', UPSTREAM)
        for name in 'vm1.lab.test', 'www.example.com':
            out = self.guest1.sh('delv', '-i', f'@{GATEWAY}', name, 'A', '+noroot', check=False).out
            self.assertNotIn('failed', out)
            self.assertIn(GUEST if name.startswith('vm1') else '192.0.2.0', out)
        out = self.guest1.sh('delv', '-i', f'@{GATEWAY}', 'vm1.lab.test', 'AAAA', '+noroot', check=False)
        self.assertIn('ncache nxrrset', out.out + out.err)
        out = self.guest1.sh('delv', '-i', f'@{GATEWAY}', 'nope.lab.test', '+noroot', check=False)
        self.assertIn('ncache nxdomain', out.out + out.err)

    def test_what_resolved_asks(self):
        """systemd-resolved finds out what a server can: DO with 65494 octets, then EDNS, UDP, TCP, each in turn; it asks
        for DS and SOA above a name of one label, and expects NODATA rather than silence."""
        self.serve('-u', UPSTREAM)
        out = self.python(f'''
            def edns(m, size, do): return m[:10] + b'\\0\\1' + m[12:] + b'\\0' + struct.pack('!HHIH', 41, size, 0x8000 * do, 0)
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3); s.connect((GATEWAY, 53))
            for name, kind in ('vm1.lab.test', 1), ('vm1', 28), ('vm1.lab.test', 43), ('lab.test', 6), ('test', 43), ('vm1.lab.test', 48), \\
                              ('_gateway', 1), ('vm1.lab.test', 65), ('www.example.com', 1):
                for m in ask(name, 7, kind), edns(ask(name, 7, kind), 512, 0), edns(ask(name, 7, kind), 65494, 1):
                    s.send(m); r = s.recv(2000); print(name, kind, r[3] & 15, end=' ')
                t = talk(); t.sendall(framed(edns(ask(name, 7, kind), 65494, 1))); print(read(t)[3] & 15)
        ''')
        rows = [line.split() for line in out.splitlines()]
        self.assertEqual(len(rows), 9)
        for row in rows:
            codes = [row[i] for i in (2, 5, 8, 9)]
            self.assertEqual(len(set(codes)), 1, row)  # whatever the transport
            self.assertIn(codes[0], ('0', '3') if row[0] == 'test' else ('0',), row)

    def test_cut_packets(self):
        """Each cut of a good query: silence where there is no header, FORMERR behind it."""
        self.serve('-u', UPSTREAM)
        out = self.python('''
            m, s = ask('vm1.lab.test', 5), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(0.3); s.connect((GATEWAY, 53))
            got = ''
            for n in range(len(m)):
                s.send(m[:n])
                if n < 12: continue
                r = s.recv(600); got += str(r[3] & 15) + str(len(r) >= 12)
            try: s.recv(600); got += 'late'
            except TimeoutError: pass
            two = m[:4] + b'\\0\\2' + m[6:] + m[12:]; s.send(two); r = s.recv(600)
            print(set(got.replace('True', ' ').split()), got.count('True') == len(m) - 12, r[3] & 15, struct.unpack('!H', r[4:6])[0])
        ''')
        self.assertEqual(out.strip(), "{'1'} True 1 0")


if __name__ == '__main__':
    import unittest
    unittest.main()
