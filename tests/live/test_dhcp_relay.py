# SPDX-License-Identifier: GPL-2.0-or-later
"""<netd:relayed>: DHCPv4 for a subnet behind a relay, which is a guest with a second leg; real relays, real clients."""
import os
import signal
import socket

import lib
from test_dhcp_daemon import workers

RELAYED = "<netd:relayed address='10.9.0.1' prefix='24' via='192.168.150.9' start='10.9.0.50' end='10.9.0.59'/>"
ROUTE = "<route address='10.9.0.0' prefix='24' gateway='192.168.150.9'/>"

# A request with giaddr, as a relay sends it; says how many answers came.
FORGE = '''
import os, socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 67)); s.settimeout(1)
p = struct.pack('!4B4sHH12x4s16s192xI', 1, 1, 6, 1, os.urandom(4), 0, 0, socket.inet_aton(sys.argv[2]),
                bytes.fromhex('52540000aa01'), 0x63825363) + b'\\x35\\x01\\x01' + bytes.fromhex(sys.argv[3]) + b'\\xff'
s.sendto(p, ('192.168.150.1', 67))
try:
    print(s.recv(2000)[240:].hex())
except TimeoutError:
    print('silence')
'''


@lib.needs('udhcpc')
class Relay(lib.Case):
    def xml(self, inside=RELAYED, route=ROUTE):
        meta = f"<metadata><netd:network xmlns:netd='urn:netd:network:1'><netd:dhcp>{inside}</netd:dhcp></netd:network></metadata>"
        return lib.network_xml(domain='lab', extra=route).replace('<forward', meta + '<forward', 1)

    def serve(self, **words):
        self.net = self.host()
        self.net.start_network(self.xml(**words))
        self.relay = self.guest('relay', self.net, 'virbr1')
        self.relay.sh('ip', 'addr', 'add', '192.168.150.9/24', 'dev', 'eth0')
        self.relay.sh('ip', 'link', 'set', 'eth0', 'up')
        self.relay.sh('ip', 'route', 'add', 'default', 'via', '192.168.150.1')
        self.relay.sh('ip', 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0')
        self.relay.sh('ip', 'addr', 'add', '10.9.0.1/24', 'dev', 'br0')
        self.relay.sh('ip', 'link', 'set', 'br0', 'up')
        self.relay.sh('sysctl', '-qw', 'net.ipv4.ip_forward=1')
        self.far = self.guest('far1', self.relay, 'br0')

    def relay_by(self, *words):
        """Start a relay and wait for its socket."""
        process = self.relay.spawn(*words)
        lib.wait_for('the relay', lambda: ':67 ' in self.relay.sh('ss', '-Hlun').out or process.popen.poll() is not None)
        self.assertIsNone(process.popen.poll(), process.log())
        return process

    def dhcrelay(self):
        return self.relay_by('dhcrelay', '-4', '-d', '-a', '-m', 'append', '-id', 'br0', '-iu', 'eth0', '192.168.150.1')

    def holds(self, lease, prefix=24):
        self.assertRegex(lease.address, r'^10\.9\.0\.5\d$')
        self.assertEqual((lease.prefix, lease.router, lease.domain), (prefix, '10.9.0.1', 'lab'))

    @lib.needs('dhcrelay')
    def test_dhcrelay(self):
        """With option 82: address, mask and router of the far subnet; listed, named, reached; renewed directly."""
        self.serve()
        self.dhcrelay()
        lease = self.far.dhcp()
        self.holds(lease)
        self.assertEqual(lease.server, '192.168.150.1')
        shown = self.net.lease_of('net1', self.far.mac)
        self.assertEqual((shown['ip-address'], shown['prefix'], shown['hostname']), (lease.address, 24, 'far1'))
        self.assertIn(f'{lease.address}/24', self.net.virsh('net-dhcp-leases', 'net1').out)
        self.far.ping('192.168.150.1')
        self.assertEqual(self.far.dig('far1.lab'), [lease.address])
        self.assertEqual(self.far.dig('-x', lease.address), ['far1.lab.'])
        self.assertEqual(self.far.dig('_gateway'), ['192.168.150.1'])
        near = self.guest('near', self.net, 'virbr1').dhcp()
        self.assertRegex(near.address, r'^192\.168\.150\.')

    @lib.needs('dnsmasq')
    def test_dnsmasq(self):
        """A relay without option 82, which speaks from the address that it writes into giaddr."""
        self.serve()
        self.relay_by('dnsmasq', '-k', '-C', '/dev/null', '--port=0', '--dhcp-relay=10.9.0.1,192.168.150.1', '--user=root',
                      '--pid-file=')
        self.holds(self.far.dhcp())

    @lib.needs('dhcrelay')
    def test_renewal_and_release(self):
        """A client that has an address asks the server itself, through its router."""
        self.serve()
        relay = self.dhcrelay()
        out = os.path.join(self.folder, 'lease')
        env = {**os.environ, 'NT_LEASE': out, 'NT_RESOLV': self.far.resolv_conf}
        client = self.far.spawn('udhcpc', '-i', 'eth0', '-f', '-R', '-s', os.path.join(lib.HERE, 'dhcp-hook'), '-T', '1',
                                '-A', '1', env=env)
        lib.wait_for('a lease', lambda: os.path.exists(out), 15)
        relay.stop()
        for which in 'the renewal', 'the renewal by a new worker':
            os.unlink(out)
            client.popen.send_signal(signal.SIGUSR1)
            lib.wait_for(which, lambda: os.path.exists(out), 15)
            old = workers(self.net)
            os.kill(old[0], signal.SIGKILL)
            lib.wait_for('another worker', lambda: workers(self.net) not in ([], old))
        client.stop()
        lib.wait_for('the release', lambda: not self.net.json('lease-list', 'net1')['leases'])

    @lib.needs('dhcrelay')
    def test_live_and_restart(self):
        """The link comes and goes on the running network; a lease outlives the daemon."""
        self.serve(inside='')
        self.dhcrelay()
        with self.assertRaises(lib.Failed):
            self.far.dhcp(seconds=3)

        def change(inside):
            self.net.netctl('net-metadata', 'net1', '--uri', 'urn:netd:network:1', '--key', 'netd', '--live', '--config',
                            '--set', f'<network><dhcp>{inside}</dhcp></network>')
        change(RELAYED.replace('netd:', ''))
        self.assertIn("via='192.168.150.9'", self.net.netctl('net-dumpxml', 'net1').out.replace('"', "'"))
        first = self.far.dhcp()
        self.holds(first)
        self.net.stop_netd()
        self.net.start_netd()
        self.assertEqual(self.net.lease_of('net1', self.far.mac)['ip-address'], first.address)
        self.assertEqual(self.far.dhcp().address, first.address)
        change('')
        lib.wait_for('the end of the lease', lambda: not self.net.lease_of('net1', self.far.mac))
        with self.assertRaises(lib.Failed):
            self.far.dhcp(seconds=3)
        change(RELAYED.replace('netd:', ''))
        self.holds(self.far.dhcp())

    def test_ports(self):
        """Replies leave by port 67, whatever the network's address translation would make of it."""
        self.serve()
        seen = self.relay.spawn('tcpdump', '-lnni', 'eth0', 'dst host 10.9.0.1 and udp')
        lib.wait_for('tcpdump', lambda: 'listening' in seen.log())
        self.relay.sh('python3', '-c', FORGE, '0.0.0.0', '10.9.0.1', '')
        lib.wait_for('the reply', lambda: '192.168.150.1.67 > 10.9.0.1.67' in seen.log())

    def test_others_are_dropped(self):
        """A relay that isn't configured, and a guest that claims to be one that is."""
        self.serve()
        self.relay.sh('ip', 'addr', 'add', '10.8.0.1/24', 'dev', 'br0')
        liar = self.guest('liar', self.net, 'virbr1')
        liar.sh('ip', 'addr', 'add', '192.168.150.66/24', 'dev', 'eth0')
        forge = lambda guest, *words: guest.sh('python3', '-c', FORGE, *words).out.strip()
        self.assertEqual(forge(self.relay, '192.168.150.9', '10.8.0.1', ''), 'silence')
        self.assertEqual(forge(liar, '192.168.150.66', '10.9.0.1', ''), 'silence')
        self.assertEqual(forge(liar, '192.168.150.66', '0.0.0.0', '5204010261 62'.replace(' ', '')), 'silence')
        # From the relay: an offer, in which option 82 is as it came, and last.
        sub = '0104' + '0001abcd' + '0b04' + socket.inet_aton('10.9.0.1').hex()
        option = f'52{len(sub) // 2:02x}{sub}'
        got = forge(self.relay, '0.0.0.0', '10.9.0.1', option)
        self.assertTrue(got.startswith('350102' + '3604' + socket.inet_aton('10.9.0.1').hex()), got)  # RFC 5107
        self.assertTrue(got.rstrip('0').endswith(option + 'ff'), got)
