# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes die at the worst moments: nothing that guests have is lost, and service is back at once."""
import os
import random
import re
import signal
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
import lib
from test_dhcp_daemon import processes as processes_of

BACK_SEC = 0.2      # from the death of a worker or the controller to the first answer
END_SEC = 1.0       # from the death of the keeper to the end of the others
STP_OFF = ("<network><name>net1</name><forward mode='nat'/><bridge name='virbr1' stp='off'/><domain name='lab.example'/>"
           "<ip address='192.168.150.1' netmask='255.255.255.0'><dhcp><range start='192.168.150.100'"
           " end='192.168.150.200'/></dhcp></ip></network>")


def processes(host):
    """role -> pid of the host's netd."""
    return {p['role']: p['pid'] for p in host.json('status')['processes']}


def alive(pid):
    try:
        with open(f'/proc/{pid}/stat') as f:
            return f.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except FileNotFoundError:
        return False


class Pinger:
    """Pings 50 times a second; tells how many were lost."""

    def __init__(self, guest, address):
        self.process = guest.spawn('ping', '-q', '-i', '0.02', address)
        self.since = time.monotonic()

    def lost(self):
        time.sleep(max(0, self.since + 0.5 - time.monotonic()))  # what is tested may be over before ping has begun
        self.process.popen.send_signal(signal.SIGINT)
        self.process.popen.wait(5)
        sent, received = map(int, re.search(r'(\d+) packets transmitted, (\d+) received', self.process.log()).groups())
        if sent < 10:
            raise lib.Failed(f'too few pings to tell anything:\n{self.process.log()}')
        return sent - received


class Death(lib.Case):
    def lab(self):
        self.h = self.host()
        self.h.start_network(STP_OFF)
        self.out = self.outside(self.h)
        self.g1 = self.guest('g1', self.h, 'virbr1')
        self.g1.dhcp()
        lib.wait_for('the workers', lambda: {'dhcp', 'dns'} <= {r for r, p in processes(self.h).items() if p})

    def answers_names(self, guest):
        return guest.sh('dig', '+short', '+time=1', '+tries=1', '@192.168.150.1', 'g1.lab.example', check=False,
                        ).out.split() == [self.g1.lease.address]

    def assert_back(self, since, what):
        """A name is resolved and a new guest gets an address; the first of it soon after the death."""
        lib.wait_for(what, lambda: self.answers_names(self.g1), 5, step=0.005)
        took = time.monotonic() - since
        self.assertLess(took, BACK_SEC + 0.1, f'{what} was back only after {took:.3f} s')  # 0.1: dig's own start
        return took

    def test_workers(self):
        self.lab()
        pings = Pinger(self.g1, self.out.address)
        for turn in range(3):
            for role in ('dhcp', 'dns'):
                before = processes(self.h)
                os.kill(before[role], signal.SIGKILL)
                since = time.monotonic()
                self.assert_back(since, f'service after the death of {role}')
                lib.wait_for('another process', lambda: processes(self.h)[role] not in (0, before[role]))
                guest = self.guest(f'n{turn}{role}', self.h, 'virbr1')
                guest.dhcp()
                self.assertNotEqual(guest.lease.address, self.g1.lease.address)
                self.assertIsNotNone(self.h.lease_of('net1', self.g1.mac))
        self.assertEqual(pings.lost(), 0)

    def crash_serving(self, pid, net_id):
        """As if a packet of that network had ended the worker."""
        with open(f'/proc/{pid}/maps') as f:
            start = int(next(line for line in f if 'memfd:netd-worker' in line).split('-')[0], 16)
        with open(f'/proc/{pid}/mem', 'r+b', buffering=0) as f:
            f.seek(start)
            f.write(struct.pack('=I', net_id))
        os.kill(pid, signal.SIGABRT)

    def test_worker_of_its_own(self):
        """A network that ends a worker twice gets one of its own, for as long as it runs."""
        def of_dhcp():
            return [p['pid'] for p in self.h.json('status')['processes'] if p['role'] == 'dhcp']
        self.lab()
        for turn in range(2):
            pid = lib.wait_for('the worker', of_dhcp)[0]
            lib.wait_for('its page', lambda: any('memfd:netd-worker' in line for line in open(f'/proc/{pid}/maps')))
            self.crash_serving(pid, 1)
            lib.wait_for('another process', lambda: of_dhcp()[0] not in (0, pid))
        lib.wait_for('a worker of its own', lambda: len(of_dhcp()) == 2 and all(of_dhcp()))
        self.guest('g2', self.h, 'virbr1').dhcp()
        own = of_dhcp()[1]
        self.h.netctl('net-destroy', 'net1')
        self.assertEqual(len(of_dhcp()), 1)
        lib.wait_for('its end', lambda: not alive(own))
        self.h.netctl('net-start', 'net1')
        self.guest('g3', self.h, 'virbr1').dhcp()
        self.assertEqual(len(of_dhcp()), 1)

    def test_hung_worker(self):
        self.lab()
        pid = processes(self.h)['dns']
        os.kill(pid, signal.SIGSTOP)
        lib.wait_for('the hung worker to be replaced', lambda: processes(self.h)['dns'] not in (0, pid), 8)
        lib.wait_for('names', lambda: self.answers_names(self.g1))

    def test_controller(self):
        self.lab()
        before = self.h.state()
        lease = self.h.lease_of('net1', self.g1.mac)
        pings = Pinger(self.g1, self.out.address)
        for _ in range(5):
            pids = processes(self.h)
            os.kill(pids['controller'], signal.SIGKILL)
            since = time.monotonic()
            # The door is held by the keeper: a client that connects now is answered by the next controller.
            self.h.netctl('net-list')
            self.assertLess(time.monotonic() - since, BACK_SEC + 0.1)
            self.assert_back(since, 'service after the death of the controller')
            lib.wait_for('the old workers to end', lambda: not alive(pids['dhcp']) and not alive(pids['dns']))
        self.assertEqual(self.h.lease_of('net1', self.g1.mac), lease)
        self.assertEqual(pings.lost(), 0)
        self.assertEqual(self.h.state(), before)
        self.guest('g2', self.h, 'virbr1').dhcp()

    def test_keeper(self):
        self.lab()
        before = self.h.state()
        lease = self.h.lease_of('net1', self.g1.mac)
        pings = Pinger(self.g1, self.out.address)
        pids = processes(self.h)
        os.kill(pids['keeper'], signal.SIGKILL)
        lib.wait_for('the others to end', lambda: not any(alive(p) for p in pids.values()), END_SEC, step=0.01)
        time.sleep(0.5)
        self.assertEqual(self.h.state(), before)
        self.h.start_netd()
        self.assertEqual(self.h.state(), before)
        self.assertEqual(self.h.lease_of('net1', self.g1.mac), lease)
        self.assertEqual(pings.lost(), 0)
        self.assertTrue(self.answers_names(self.g1))
        self.guest('g2', self.h, 'virbr1').dhcp()

    def test_stop_leaves_networks(self):
        self.lab()
        before = self.h.state()
        pings = Pinger(self.g1, self.out.address)
        self.h.stop_netd()
        self.assertEqual(self.h.state(), before)
        self.h.start_netd()
        self.assertEqual(self.h.state(), before)
        self.assertEqual(pings.lost(), 0)


    def test_stop_in_the_middle(self):
        """The daemon ends while networks are being defined and started; each is there afterwards, or it isn't."""
        h = self.host()
        nets = [lib.network_xml(f'net{i}', f'virbr{i}', f'192.168.{150 + i}') for i in range(4)]
        for xml in nets:
            h.define(xml)
        for turn in range(5):
            for i, xml in enumerate(nets):
                with open(os.path.join(self.folder, 'new.xml'), 'w') as f:
                    f.write(xml.replace('net', f'more{turn}-').replace('virbr', f'more{turn}-').replace('168', f'{turn}'))
                h.spawn(lib.NETCTL, '--root', h.root, 'net-start', f'net{i}')
            h.spawn(lib.NETCTL, '--root', h.root, 'net-define', os.path.join(self.folder, 'new.xml'))
            time.sleep(0.004 * turn + 0.01)
            self.assertEqual(h.stop_netd(), 0)
            h.start_netd()
            active = [n['bridge'] for n in h.json('status')['networks'] if n['state'] == 'active']
            self.assertEqual(sorted(active), sorted(n for n in h.links() if n.startswith('virbr')))
            for bridge in active:
                h.netctl('net-destroy', bridge.replace('virbr', 'net'))


class Leases(lib.Case):
    """No address that was acknowledged is forgotten or given to anybody else, whoever died in between."""
    COUNT, SECONDS = 60, 10
    SIX = ("<ip family='ipv6' address='fd00:150::1' prefix='64'><dhcp><range start='fd00:150::100' end='fd00:150::1ff'/></dhcp>"
           "</ip></network>")

    def kill(self, role):
        try:
            pid = processes(self.h)[role]
            if not pid:
                return False  # it is being started
            os.kill(pid, signal.SIGKILL)
        except (lib.Failed, ProcessLookupError):
            return False
        if role == 'keeper':
            self.h.daemon.popen.wait(5)
            lib.wait_for('the others to end', lambda: not parts(self.h), 5)
            self.h.start_netd()
        return True

    def check(self, log):
        """Each client has had one address all the time, alone, and netd knows it."""
        address, holder = {}, {}
        for mac, ip in (line.split() for line in log.splitlines() if line.startswith('52:')):
            self.assertNotEqual(ip, 'nak', f'{mac} was refused {address.get(mac)}')
            self.assertEqual(address.setdefault(mac, ip), ip, f'{mac} was moved')
            self.assertEqual(holder.setdefault(ip, mac), mac, f'{ip} was acknowledged twice')
        self.assertEqual(len(address), 2 * self.COUNT)
        known = {row['mac-address']: row['ip-address'] for row in self.h.json('net-dhcp-leases', 'net1')['leases']}
        self.assertEqual(known, address)

    def test_storm_with_deaths(self):
        """The worker, the controller and the keeper, at random times, while clients of both families come and renew."""
        self.h = self.host()
        self.h.start_network(STP_OFF.replace('</network>', self.SIX))
        client = self.guest('storm', self.h, 'virbr1')
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'dhcp-storm')
        storm = client.spawn(sys.executable, script, 'eth0', self.COUNT, self.SECONDS)
        seed = int(os.environ.get('NT_SEED', time.time_ns() % 10**6))
        print(f'# NT_SEED={seed}', flush=True)
        chance, end, deaths = random.Random(seed), time.monotonic() + self.SECONDS - 1, []
        while storm.popen.poll() is None and time.monotonic() < end:
            time.sleep(chance.uniform(0, 0.5))
            role = chance.choice(['dhcp', 'dhcp', 'controller', 'controller', 'keeper'])
            deaths += [role] if self.kill(role) else []
        self.assertEqual(storm.popen.wait(60), 0, storm.log()[-2000:])
        self.check(storm.log())
        print(f'# deaths: {" ".join(deaths)}; {storm.log().count("52:54")} acknowledgements', flush=True)
        self.assertGreater(len(deaths), 4)


def parts(host):
    return [pid for word in ('netd-controller', 'netd-worker') for pid in processes_of(host, word)]


if __name__ == '__main__':
    import unittest
    unittest.main()
