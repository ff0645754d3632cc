# SPDX-License-Identifier: GPL-2.0-or-later
"""What an administrator sees of a network's name server: dns-lookup, dns-cache, dns-stats, dns-log."""
import json
import os
import signal

import lib
from test_dhcp_daemon import processes

XML = """<network><name>net1</name><forward mode='nat'/><bridge name='virbr1' stp='off' delay='0'/>
<domain name='lab' localOnly='yes'/><dns>%s<host ip='192.168.150.9'><hostname>web</hostname></host>
<txt name='info.lab' value='two "words"'/></dns>
<ip address='192.168.150.1' netmask='255.255.255.0'><dhcp><range start='192.168.150.100' end='192.168.150.150'/></dhcp></ip>
</network>"""
SERVER = '192.168.150.1'


@lib.needs('udhcpc', 'dig')
class View(lib.Case):
    def setUp(self):
        super().setUp()
        self.net = self.host()
        self.world = self.outside(self.net)
        self.world.serve_names(www_example_com='192.0.2.7', **{f'n{i}_example_com': '192.0.2.8' for i in range(400)})
        self.net.start_network(XML % f"<forwarder addr='{self.world.address}'/>")
        self.vm = self.guest('vm1', self.net, 'virbr1')
        self.address = self.vm.dhcp().address

    def lookup(self, *words):
        return self.net.json('dns-lookup', 'net1', *words)

    def dig(self, *words):
        return self.vm.dig(*words, server=SERVER)

    def test_lookup_says_from_where(self):
        def seen(*words):
            o = self.lookup(*words)
            return o['status'], o['source'], [(r['name'], r['type'], r['data']) for r in o['answer']]
        self.assertEqual(seen('vm1.lab'), ('NOERROR', 'lease', [('vm1.lab', 'A', self.address)]))
        self.assertEqual(seen('web.lab', 'a'), ('NOERROR', 'record', [('web.lab', 'A', '192.168.150.9')]))
        self.assertEqual(seen('info.lab', 'TXT'), ('NOERROR', 'record', [('info.lab', 'TXT', '"two \\"words\\""')]))
        self.assertEqual(seen('nope.lab'), ('NXDOMAIN', 'zone', []))
        reverse = '.'.join(reversed(self.address.split('.'))) + '.in-addr.arpa'
        self.assertEqual(seen(self.address), ('NOERROR', 'lease', [(reverse, 'PTR', 'vm1.lab.')]))
        self.assertEqual(seen('www.example.com'), ('NOERROR', 'upstream', [('www.example.com', 'A', '192.0.2.7')]))
        self.assertEqual(seen('www.example.com')[1], 'cache')
        self.assertEqual(seen('no-such.example.com')[:2], ('NXDOMAIN', 'upstream'))
        self.assertEqual(seen('version.bind', 'TXT')[1], 'upstream')  # of class IN
        first = self.lookup('n1.example.com')
        self.assertEqual((first['server'], first['authoritative'], first['complete']), (self.world.address, False, True))
        self.assertGreater(first['took-usec'], 0)
        shown = self.net.netctl('dns-lookup', 'net1', 'n1.example.com').out
        self.assertIn('NOERROR from the cache', shown)
        self.assertIn('192.0.2.8', shown)
        negative = self.lookup('nope.lab')['authority'][0]
        self.assertEqual((negative['name'], negative['type']), ('lab', 'SOA'))

    def test_lookup_of_what_is_none(self):
        for words, why in (('a..b',), 'is not a domain name'), (('x.lab', 'QQ'), 'is not a type of record'), \
                          (('x' * 64 + '.lab',), 'is not a domain name'):
            refused = self.net.netctl('dns-lookup', 'net1', *words, check=False)
            self.assertEqual(refused.rc, 1)
            self.assertIn(why, refused.err)
        self.net.netctl('net-destroy', 'net1')
        refused = self.net.netctl('dns-lookup', 'net1', 'vm1.lab', check=False)
        self.assertIn("network 'net1' is not active", refused.err)
        self.net.start_network(lib.network_xml('net2', 'virbr2', '192.168.152', extra="<dns enable='no'/>"))
        self.assertIn('has no name service', self.net.netctl('dns-stats', 'net2', check=False).err)
        # asked in the very moment of the start
        self.net.netctl('net-start', 'net1')
        self.assertEqual(self.lookup('web.lab')['source'], 'record')

    def test_silent_upstream(self):
        self.world.sh('ip', 'link', 'set', 'eth0', 'down')
        o = self.lookup('other.example.com')
        self.assertEqual((o['status'], o['source']), ('SERVFAIL', 'none'))

    def test_cache(self):
        for i in range(400):
            self.lookup(f'n{i}.example.com')
        self.dig('+dnssec', 'www.example.com')
        self.lookup('gone.example.com')  # without an SOA nobody may keep that
        o = self.net.json('dns-cache', 'net1')  # more than a page
        self.assertEqual(o['entries'], len(o['cache']))
        rows = {(r['name'], r['type'], r['dnssec']): r for r in o['cache']}
        self.assertEqual(len(rows), 401)
        self.assertLessEqual(o['octets'], o['octets-max'])
        one = rows['n7.example.com', 'A', False]
        self.assertEqual((one['status'], one['negative'], one['expired']), ('NOERROR', False, False))
        self.assertGreater(one['ttl'], 0)
        self.assertIn(('www.example.com', 'A', True), rows)
        self.assertNotIn(('gone.example.com', 'A', False), rows)
        self.assertIn('401 entries', self.net.netctl('dns-cache', 'net1').out)
        self.assertEqual(self.net.json('dns-cache', 'net1', '--flush')['removed'], 401)
        self.assertEqual(self.net.json('dns-cache', 'net1')['cache'], [])
        self.assertEqual(self.lookup('n7.example.com')['source'], 'upstream')

    def test_stats(self):
        for words in ('vm1.lab',), ('nope.lab',), ('www.example.com',), ('www.example.com',), ('x.lab', 'CH', 'TXT'):
            self.dig(*words)
        o = self.net.json('dns-stats', 'net1')
        self.assertEqual((o['status']['NXDOMAIN'], o['status']['REFUSED']), (1, 1))
        self.assertEqual({k: o['source'][k] for k in ('lease', 'zone', 'cache', 'upstream')},
                         {'lease': 1, 'zone': 1, 'cache': 1, 'upstream': 1})
        self.assertEqual(o['clients'], [{'address': self.address, 'queries': 5, 'at-least': 5}])
        self.assertEqual(o['counters']['upstream-sent'], 1)
        self.assertEqual(o['upstreams'][0]['server'], self.world.address)
        self.assertGreater(o['upstreams'][0]['rtt-usec'], 0)
        self.assertEqual(o['cache']['entries'], 1)
        self.assertIn(self.address, self.net.netctl('dns-stats', 'net1').out)

    def follow(self, *options):
        log = self.net.spawn(lib.NETCTL, '--root', self.net.root, '--json', 'dns-log', 'net1', *options)

        def there():
            self.dig('web.lab')
            return 'web.lab' in log.log()
        lib.wait_for('the log', there, 10)
        return log

    def rows(self, log, name):
        rows = [json.loads(line) for line in log.log().splitlines() if line.startswith('{')]
        return [r for r in rows if r.get('name') == name]

    def test_log(self):
        log = self.follow()
        self.dig('vm1.lab')
        self.dig('+tcp', 'www.example.com', 'AAAA')
        self.dig('www.example.com')
        self.dig('a\\032b\\027\\200.lab')
        lib.wait_for('the last', lambda: self.rows(log, 'a\\032b\\027\\200.lab'))
        one, = self.rows(log, 'vm1.lab')
        self.assertEqual((one['client'], one['transport'], one['type'], one['status'], one['source'], one['answers']),
                         (self.address, 'udp', 'A', 'NOERROR', 'lease', 1))
        two = self.rows(log, 'www.example.com')
        self.assertEqual([(r['transport'], r['type'], r['source'], r['server']) for r in two],
                         [('tcp', 'AAAA', 'upstream', self.world.address), ('udp', 'A', 'upstream', self.world.address)])
        self.assertGreater(two[1]['took-usec'], 0)
        os.kill(log.pid, signal.SIGINT)
        self.assertEqual(log.popen.wait(5), 0)

    def test_log_of_a_flood_is_bounded(self):
        log = self.follow('--timeout', '6')
        self.vm.sh('python3', '-c', f'''
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(({SERVER!r}, 53))
q = bytes.fromhex('000101000001000000000000') + b'\\x05flood\\x03lab\\0\\0\\1\\0\\1'
end = time.monotonic() + 2
while time.monotonic() < end:
    for i in range(50): s.send(q)
    time.sleep(0.001)
''')
        self.dig('after.lab')
        lib.wait_for('what came after', lambda: self.rows(log, 'after.lab'), 10)
        lost = sum(json.loads(line)['lost'] for line in log.log().splitlines() if line.startswith('{"lost"'))
        self.assertGreater(lost, 1000)
        self.assertLess(len(self.rows(log, 'flood.lab')), 20000)

    def test_the_worker_is_replaced(self):
        log = self.follow()
        pid, = processes(self.net, 'netd-worker', 'dns')
        os.kill(pid, signal.SIGKILL)
        lib.wait_for('another worker', lambda: processes(self.net, 'netd-worker', 'dns') not in ([], [pid]))
        self.assertEqual(self.lookup('vm1.lab')['source'], 'lease')
        self.dig('again.lab')
        if log.popen.poll() is None:
            lib.wait_for('the log goes on', lambda: self.rows(log, 'again.lab') or self.dig('again.lab') is None)

    def test_readers(self):
        ro = os.path.join(self.net.root, 'run/libvirt/virtnetworkd-sock-ro')
        for words, ok in (('dns-lookup', 'vm1.lab'), True), (('dns-stats',), True), (('dns-cache',), False), \
                         (('dns-cache', '--flush'), False), (('dns-log', '--timeout', '1'), False):
            done = self.net.sh(lib.NETCTL, '--connect', ro, words[0], 'net1', *words[1:], check=False)
            self.assertEqual(done.rc == 0, ok, done)


if __name__ == '__main__':
    import unittest
    unittest.main()
