# SPDX-License-Identifier: GPL-2.0-or-later
"""What a query costs a name server: of the network itself, out of the cache, asked upstream anew, pipelined over TCP. A part
of `run`, beside dnsmasq, unbound, knot-resolver and a server that only sends each datagram back."""
import os
import re
import shutil
import subprocess
import time

from __main__ import Netd, Samples, Table, bridge, dnsmasq, guest, inside, sh

OWN, CACHED, ANEW = 250, 100, 10000  # names; dnsmasq's cache has 150 places unless told otherwise
WINDOW = 128
ASKERS = 8  # who ask for names anew: netd lets one client have 1000 a second asked upstream, after 2000 at once

NETWORK = """<network><name>names</name><forward mode='nat'/><bridge name='br0' stp='off' delay='0'/>
<ip address='10.77.0.1' netmask='255.255.0.0'/><dns><forwarder addr='%s'/>%s</dns></network>"""
UNBOUND = """server:
 interface: 10.77.0.1
 access-control: 10.77.0.0/16 allow
 do-daemonize: no
 username: ""
 chroot: ""
 pidfile: ""
 use-syslog: no
 logfile: "/dev/null"
 num-threads: 1
 module-config: "iterator"
%s
forward-zone:
 name: "."
 forward-addr: %s
remote-control:
 control-enable: no
"""
KRESD = """net.listen('10.77.0.1', 53, { kind = 'dns' })
modules = { 'hints > iterate', 'policy' }
hints.add_hosts('%s')
trust_anchors.remove('.')
policy.add(policy.all(policy.STUB('%s')))
cache.size = 100 * MB
"""


def cpu_us(pid):
    """Time on a CPU, of all threads."""
    total = 0
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/schedstat') as f:
            total += int(f.read().split()[0])
    return total / 1e3


def queries(bench, name, names):
    path = os.path.join(bench.folder, name)
    with open(path, 'w') as f:
        f.writelines(f'{n} A\n' for n in names)
    return path


class Server:
    """A name server in a namespace `ns`, with a guest on its bridge and the upstream behind it."""

    def __init__(self, bench, name, number, ns):
        self.name, self.ns, self.process = name, ns, None
        self.upstream = f'198.51.{100 + number}.1'
        sh('ip', '-n', ns, 'link', 'add', 'up0', 'type', 'veth', 'peer', f'down{number}', 'netns', bench.names_upstream)
        sh('ip', '-n', ns, 'addr', 'add', f'198.51.{100 + number}.2/24', 'dev', 'up0')
        sh('ip', '-n', ns, 'link', 'set', 'up0', 'up')
        sh('ip', '-n', bench.names_upstream, 'addr', 'add', f'{self.upstream}/24', 'dev', f'down{number}')
        sh('ip', '-n', bench.names_upstream, 'link', 'set', f'down{number}', 'up')
        self.number = number

    def begin(self, bench, pid):
        self.pid = pid
        self.guest = guest(bench, self.ns)
        sh('ip', '-n', self.guest, 'addr', 'add', f'10.77.251.{self.number + 1}/16', 'dev', 'eth0')
        for i in range(ASKERS):
            sh('ip', '-n', self.guest, 'addr', 'add', f'10.77.252.{i + 1}/16', 'dev', 'eth0')

    def works(self, path):
        for _ in range(20):
            if 'NOERROR' in inside(self.guest, 'dig', '+time=1', '+tries=1', '@10.77.0.1', 'host1', check=False):
                return True
            time.sleep(0.1)
        return False

    def measure(self, jobs):
        """CPU time per query (us), queries per second, lost ones, answers that are none: of so many dnsperf at a time."""
        before, begin = cpu_us(self.pid), time.monotonic()
        running = [subprocess.Popen(['ip', 'netns', 'exec', self.guest, 'dnsperf', '-s', '10.77.0.1', '-c', '1', *map(str, job)],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for job in jobs]
        text = [p.communicate()[0] for p in running]
        seconds, cpu, done, lost, good = time.monotonic() - begin, cpu_us(self.pid) - before, 0, 0, 0
        for out in text:
            stats = {k.strip(): v for k, _, v in (x.partition(':') for x in out.splitlines()) if v.split()}
            done += int(stats['Queries completed'].split()[0])
            lost += int(stats['Queries lost'].split()[0])
            good += int((re.search(r'NOERROR (\d+)', stats.get('Response codes', '')) or [0, 0])[1])
        return cpu / max(1, done), done / seconds, lost, done - good

    def measure_file(self, path, seconds, *more):
        return self.measure([['-d', path, '-q', WINDOW, *(['-l', seconds] if seconds else ['-n', 1]), *more]])

    def measure_anew(self, bench, prefix):
        share = ANEW // ASKERS
        files = [queries(bench, f'anew{i}', [f'{prefix}-{i}-{k}.example.com' for k in range(share)]) for i in range(ASKERS)]
        return self.measure([['-d', path, '-q', WINDOW // ASKERS, '-n', 1, '-a', f'10.77.252.{i + 1}'] for i, path in enumerate(files)])


def own_names():
    return [(f'host{i}', f'10.77.200.{i + 1}') for i in range(OWN)]


def start_netd(bench, number):
    netd = Netd(bench)
    server = Server(bench, 'netd', number, netd.ns)
    path = os.path.join(bench.folder, 'names.xml')
    with open(path, 'w') as f:
        f.write(NETWORK % (server.upstream, ''.join(f"<host ip='{ip}'><hostname>{n}</hostname></host>" for n, ip in own_names())))
    netd.netctl('net-define', path)
    netd.netctl('net-start', 'names')
    time.sleep(0.5)
    server.begin(bench, netd.children()['dns'])
    return server


def start_dnsmasq(bench, number):
    ns = bridge(bench)
    server = Server(bench, 'dnsmasq', number, ns)
    folder = os.path.join(bench.folder, 'names-dnsmasq')
    os.makedirs(folder)
    os.chmod(folder, 0o777)
    bench.start('dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', f'--pid-file={folder}/pid', '--strict-order',
                '--except-interface=lo', '--bind-dynamic', '--interface=br0', '--no-resolv', '--no-hosts',
                f'--server={server.upstream}', f'--addn-hosts={bench.folder}/hosts', ns=ns,
                stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    with open(f'{folder}/pid') as f:
        server.begin(bench, int(f.read()))
    return server


def start_unbound(bench, number):
    ns = bridge(bench)
    server = Server(bench, 'unbound', number, ns)
    path = os.path.join(bench.folder, 'unbound.conf')
    with open(path, 'w') as f:
        f.write(UNBOUND % ('\n'.join(f' local-data: "{n}. A {ip}"' for n, ip in own_names()), server.upstream))
    p = bench.start(shutil.which('unbound'), '-d', '-c', path, ns=ns, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    server.begin(bench, p.pid)
    return server


def start_kresd(bench, number):
    ns = bridge(bench)
    server = Server(bench, 'kresd', number, ns)
    folder = os.path.join(bench.folder, 'kresd')
    os.makedirs(folder)
    with open(os.path.join(folder, 'conf'), 'w') as f:
        f.write(KRESD % (os.path.join(bench.folder, 'hosts'), server.upstream))
    p = bench.start(shutil.which('kresd'), '-n', '-c', os.path.join(folder, 'conf'), folder, ns=ns,
                    stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    server.begin(bench, p.pid)
    return server


def start_floor(bench, number):
    ns = bridge(bench)
    server = Server(bench, 'floor', number, ns)
    server.begin(bench, bench.start(bench.program('bench-dns'), '10.77.0.1', 'echo', ns=ns).pid)
    return server


def start_all(bench):
    bench.names_upstream = bench.namespace('upstream')
    with open(os.path.join(bench.folder, 'hosts'), 'w') as f:
        f.writelines(f'{ip} {name}\n' for name, ip in own_names())
    os.chmod(bench.folder, 0o755)
    bench.start(bench.program('bench-dns'), '0.0.0.0', 'answer', ns=bench.names_upstream)
    found = []
    for number, (program, start) in enumerate((('netd', start_netd), ('floor', start_floor), ('dnsmasq', start_dnsmasq),
                                               ('unbound', start_unbound), ('kresd', start_kresd))):
        if number > 1 and not shutil.which(program, path=os.environ['PATH'] + ':/usr/sbin'):
            continue
        server = start(bench, number)
        if server.works(None) or program == 'floor':
            found.append(server)
        else:
            print(f'{program} does not answer and is left out')
    return found


def part_dns(bench, rounds):
    if not shutil.which('dnsperf'):
        print('\nDNS: dnsperf is not installed')
        return
    servers, s, seconds = start_all(bench), Samples(), 1
    own = queries(bench, 'own', [n for n, _ in own_names()])
    cached = queries(bench, 'cached', [f'c{i}.example.com' for i in range(CACHED)])
    for server in servers:
        if server.name != 'floor':
            server.measure_file(cached, 0)
    for r in range(max(3, rounds // 10)):
        for server in servers:
            runs = {'own': lambda: server.measure_file(own, seconds), 'cached': lambda: server.measure_file(cached, seconds)}
            if server.name != 'floor':
                runs['anew'] = lambda: server.measure_anew(bench, f'a{r}-{server.name}')
                runs['tcp'] = lambda: server.measure_file(own, seconds, '-m', 'tcp')
            for what, run in runs.items():
                for key, value in zip(('', '.rate', '.lost', '.bad'), run()):
                    s[f'{what}.{server.name}{key}'].append(value)
    titles = {'own': f'{OWN} names of the network itself', 'cached': f'{CACHED} names from upstream, cached',
              'anew': f'{ANEW} names from upstream, each asked once', 'tcp': 'names of the network itself, pipelined on one connection'}
    for what, title in titles.items():
        t = Table(s, f'DNS, CPU per query with {WINDOW} on their way (dnsperf): {title}')
        for server in servers:
            others = [f'{what}.{o.name}' for o in servers if o.name != 'netd'] if server.name == 'netd' else None
            t.row(server.name, f'{what}.{server.name}', unit=(1, 'us'), beside=others,
                  note=''.join(f', {sum(s[f"{what}.{server.name}.{k}"]):.0f} {k}' for k in ('lost', 'bad')))
        for server in servers:
            t.row(f'{server.name}: queries per second', f'{what}.{server.name}.rate', unit=(1, '/s'), digits=0)
