# SPDX-License-Identifier: GPL-2.0-or-later
"""What the live tests are made of: hosts, guests, real DHCP clients, an outside world.

Everything lives in network namespaces named nt-PID-X and in one temporary folder, so tests run side by side and
beside a netd of the machine itself. What a test makes it registers with `case.addCleanup`; what a killed test
leaves behind is removed by `run`.

    class Start(lib.Case):
        def test_lease(self):
            host = self.host()                     # a namespace with its own netd
            host.start_network('default')          # examples/default.xml
            guest = self.guest('g1', host, 'virbr0')
            lease = guest.dhcp()                   # udhcpc; .address, .router, .dns, .server
"""
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get('NETD_BUILD', os.path.join(TOP, 'build'))
NETD = os.path.join(BUILD, 'netd', 'netd')
NETCTL = os.path.join(BUILD, 'netctl', 'netctl')
EXAMPLES = os.path.join(TOP, 'examples')
HERE = os.path.dirname(os.path.abspath(__file__))
SH_TIMEOUT = 60


class Result:
    """How a command ended."""

    def __init__(self, words, rc, out, err):
        self.words, self.rc, self.out, self.err = words, rc, out, err

    def __repr__(self):
        return f'{" ".join(self.words)}\nexit {self.rc}\nstdout: {self.out!r}\nstderr: {self.err!r}'


class Failed(AssertionError):
    """A command that had to succeed didn't."""


def sh(*words, check=True, stdin=None, env=None, timeout=SH_TIMEOUT, cwd=None):
    """Run a command and wait for it. With `check` anything but exit 0 is a failure of the test."""
    words = [str(w) for w in words]
    done = subprocess.run(words, input=stdin if stdin is not None else '', capture_output=True, text=True, env=env,
                          timeout=timeout, cwd=cwd, errors='replace')
    result = Result(words, done.returncode, done.stdout, done.stderr)
    if check and result.rc:
        raise Failed(repr(result))
    return result


def wait_for(what, condition, seconds=5.0, step=0.02):
    """Poll until condition() is true; its value. Fails by name after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f'waited {seconds} s in vain: {what}')
        time.sleep(step)


def have(program):
    return shutil.which(program, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin') is not None


def needs(*programs):
    """Decorator: skip with a reason when a program isn't installed."""
    missing = [p for p in programs if not have(p)]
    return unittest.skipIf(missing, 'not installed: ' + ', '.join(missing))


SYSTEM_PYTHON = '/usr/bin/python3'
CACHE = os.path.join(os.environ.get('XDG_CACHE_HOME') or '/var/cache', 'netd-tests')
BUS_CONF = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
'''


def has_python_modules(*names):
    return subprocess.run([SYSTEM_PYTHON, '-c', 'import ' + ', '.join(names)], capture_output=True).returncode == 0


def unpacked(*packages):
    """Packages unpacked into the cache, where nothing starts them; the folder. Skips the test where they can't be had."""
    final = os.path.join(CACHE, packages[0])
    if os.path.isdir(final):
        return final
    folder = os.path.join(CACHE, f'{packages[0]}-{os.getpid()}')
    os.makedirs(folder, exist_ok=True)
    try:
        got = sh('apt-get', '-q', '-o', 'Acquire::Retries=0', 'download', *packages, check=False, cwd=folder, timeout=100)
        debs = glob.glob(os.path.join(folder, '*.deb'))
        if got.rc or len(debs) < len(packages):
            reason = (got.err.strip().splitlines() or ['no reason given'])[-1]
            raise unittest.SkipTest(f'no {packages[0]}: {reason}')
        for deb in debs:
            sh('dpkg-deb', '-x', deb, os.path.join(folder, 'root'))
        try:
            os.rename(os.path.join(folder, 'root'), final)
        except OSError:
            pass  # another test was quicker
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return final


class Namespace:
    """A network namespace with lo up, removed at the end with all processes in it."""

    def __init__(self, case, name):
        self.case, self.label = case, name
        self.ns = f'nt-{os.getpid()}-{case.next_number()}-{name}'
        sh('ip', 'netns', 'add', self.ns)
        case.addCleanup(self.remove)
        self.sh('ip', 'link', 'set', 'lo', 'up')

    def remove(self):
        remove_namespace(self.ns)

    def words(self, *words):
        return ['ip', 'netns', 'exec', self.ns, *[str(w) for w in words]]

    def sh(self, *words, **options):
        return sh(*self.words(*words), **options)

    def pids_of(self, program):
        """The processes in the namespace that run this program."""
        found = []
        for pid in sh('ip', 'netns', 'pids', self.ns).out.split():
            try:
                with open(f'/proc/{pid}/comm') as f:
                    found += [int(pid)] if f.read().strip() == program else []
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has just ended
        return found

    def spawn(self, *words, **options):
        """Start a process in the namespace; it is ended with the test. stdout and stderr go to a file: .log()."""
        return Process(self.case, self.words(*words), **options)

    def ip_json(self, *words):
        return json.loads(self.sh('ip', '-j', *words).out or '[]')

    def links(self):
        return {row['ifname'] for row in self.ip_json('link') if row['ifname'] != 'lo'}

    def addresses(self, dev, family='inet'):
        rows = self.ip_json('-4' if family == 'inet' else '-6', 'addr', 'show', 'dev', dev)
        return [f"{a['local']}/{a['prefixlen']}" for row in rows for a in row.get('addr_info', [])]

    def rules(self):
        """The whole ruleset for comparing: without counters, handles, and what packets put into dynamic sets."""
        text = self.sh('nft', '-s', 'list', 'ruleset').out if have('nft') else ''
        return re.sub(r'(\tset [^{]*\{[^{}]*\bflags [^\n]*\bdynamic\b[^{}]*?)\n\t*elements = \{[^{}]*\}', r'\1', text)

    def ping(self, address, check=True, count=1, wait=2):
        return self.sh('ping', '-n', '-c', count, '-i', '0.2', '-W', wait, address, check=check)

    def wire(self, other, here, there, mac_here=None, mac_there=None):
        """A veth pair from here to `other`."""
        sh('ip', 'link', 'add', here, 'netns', self.ns, 'type', 'veth', 'peer', 'name', there, 'netns', other.ns)
        if mac_here:
            self.sh('ip', 'link', 'set', here, 'address', mac_here)
        if mac_there:
            other.sh('ip', 'link', 'set', there, 'address', mac_there)
        self.sh('ip', 'link', 'set', here, 'up')
        other.sh('ip', 'link', 'set', there, 'up')


def remove_namespace(name):
    pids = sh('ip', 'netns', 'pids', name, check=False).out.split()
    for pid in pids:
        try:
            os.kill(int(pid), signal.SIGKILL)
        except (ProcessLookupError, ValueError):
            pass
    sh('ip', 'netns', 'del', name, check=False)


class Process:
    """A process that ends with the test."""

    def __init__(self, case, words, env=None, stdin=subprocess.DEVNULL):
        self.words = words
        self.file = tempfile.NamedTemporaryFile(dir=case.folder, prefix='log-', delete=False)
        self.popen = subprocess.Popen(words, stdin=stdin, stdout=self.file, stderr=subprocess.STDOUT, env=env,
                                      start_new_session=True)
        case.addCleanup(self.kill)

    @property
    def pid(self):
        return self.popen.pid

    def log(self):
        with open(self.file.name, errors='replace') as f:
            return f.read()

    def stop(self, seconds=5, number=signal.SIGTERM):
        """Ask it to end and wait; its exit status."""
        self.popen.send_signal(number)
        return self.popen.wait(seconds)

    def kill(self):
        if self.popen.poll() is None:
            try:
                os.killpg(self.popen.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.popen.wait(30)  # its namespaces go with it
        self.file.close()


class Host(Namespace):
    """A namespace with a netd of its own, below a root folder of its own."""

    def __init__(self, case, name='host', start=True):
        super().__init__(case, name)
        self.root = os.path.join(case.folder, self.ns)
        os.makedirs(os.path.join(self.root, 'etc'))
        self.resolv_conf = os.path.join(self.root, 'etc', 'resolv.conf')
        self.daemon = None
        self.own_etc = False
        self.set_upstreams()
        if start:
            self.start_netd()

    def have_own_etc(self):
        """Let netd see a folder of its own as /etc, where resolv.conf can be replaced as editors and managers do it."""
        for name in 'passwd', 'group', 'nsswitch.conf', 'ld.so.cache':
            shutil.copy('/etc/' + name, os.path.join(self.root, 'etc'))
        self.own_etc = True

    def set_upstreams(self, *servers):
        """What this host's /etc/resolv.conf says. Without servers: a resolver that isn't there."""
        with open(self.resolv_conf, 'w') as f:
            f.writelines(f'nameserver {s}\n' for s in servers or ['127.0.0.253'])

    @property
    def socket(self):
        return os.path.join(self.root, 'run/libvirt/virtnetworkd-sock')

    def start_netd(self, *options, seconds=10, env=None):
        """Start netd and wait until it says READY=1. Its private mount namespace has our resolv.conf."""
        notify = os.path.join(self.case.folder, f'notify-{self.case.next_number()}')
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.bind(notify)
            door.settimeout(0.1)
            what, where = (os.path.dirname(self.resolv_conf), '/etc') if self.own_etc else (self.resolv_conf, '/etc/resolv.conf')
            script = f'mount --bind {what} {where} && exec "$@"'
            self.daemon = self.spawn('sh', '-c', script, 'sh', NETD, '--root', self.root, *options,
                                     env={**os.environ, 'NOTIFY_SOCKET': notify, **(env or {})})
            end = time.monotonic() + seconds
            while True:
                try:
                    if b'READY=1' in door.recv(4096).split(b'\n'):
                        break
                except TimeoutError:
                    pass
                if self.daemon.popen.poll() is not None:
                    raise Failed(f'netd ended with {self.daemon.popen.returncode}:\n{self.daemon.log()}')
                if time.monotonic() > end:
                    raise Failed(f'netd is not ready after {seconds} s:\n{self.daemon.log()}')
        os.unlink(notify)
        return self.daemon

    def stop_netd(self):
        return self.daemon.stop(10)

    def netctl(self, *words, check=True, **options):
        return self.sh(NETCTL, '--root', self.root, *words, check=check, **options)

    def json(self, *words):
        return json.loads(self.netctl('--json', *words).out)

    def virsh(self, *words, check=True, **options):
        return self.sh('virsh', '-c', f'network:///system?mode=direct&socket={self.socket}', *words, check=check,
                       **options)

    def define(self, xml):
        """Define a network from its text; returns its name."""
        self.netctl('net-define', '-', stdin=xml)
        return re.search(r'<name>([^<]+)</name>', xml).group(1)

    def start_network(self, what):
        """Define and start a network: its XML, or the name of a file in examples/. Returns its name."""
        if '<' not in what:
            with open(os.path.join(EXAMPLES, what + '.xml')) as f:
                what = f.read()
        name = self.define(what)
        self.netctl('net-start', name)
        return name

    def guest_run(self, network, *command, name=None, options=(), check=True, **more):
        words = ['--name', name] if name else []
        return self.netctl('guest-run', network, *words, *options, '--', *command, check=check, **more)

    def lease_of(self, network, mac):
        rows = [r for r in self.json('net-dhcp-leases', network)['leases'] if r['mac-address'] == mac]
        return rows[0] if rows else None

    def state(self):
        """Everything of ours in the kernel, for comparing before and after."""
        links = [(row['ifname'], row.get('ifindex'), row.get('address'), 'UP' in row.get('flags', []), row.get('master'))
                 for row in self.ip_json('link')]
        return {'links': sorted(links, key=str), 'addresses': self.sh('ip', '-o', '-4', 'addr').out,
                'routes': self.sh('ip', 'route').out.replace(' linkdown', ''), 'rules': self.rules()}


class Lease:
    def __init__(self, fields):
        self.address, self.prefix = fields['address'], int(fields['prefix'])
        self.router, self.server = fields.get('router'), fields.get('server')
        self.dns, self.domain = fields.get('dns', '').split(), fields.get('domain')
        self.hostname, self.seconds = fields.get('hostname'), fields.get('lease')

    def __repr__(self):
        return f'Lease({self.__dict__})'


class Guest(Namespace):
    """A guest: a namespace whose eth0 is a port of a host's bridge, as a VM's tap would be."""

    def __init__(self, case, name, host, bridge, mac=None):
        super().__init__(case, name)
        n = case.next_number()
        self.name, self.host, self.port = name, host, f'nt{os.getpid() % 100000}-{n}'
        self.mac = mac or f'52:54:00:{os.getpid() >> 8 & 0xff:02x}:{os.getpid() & 0xff:02x}:{n & 0xff:02x}'
        self.resolv_conf = os.path.join(case.folder, self.ns + '-resolv.conf')
        open(self.resolv_conf, 'w').close()
        host.wire(self, self.port, 'eth0', mac_there=self.mac)
        host.sh('ip', 'link', 'set', self.port, 'master', bridge)
        self.lease = None

    def dhcp(self, client='udhcpc', seconds=20, hostname=None):
        """Let a real client get a lease and configure eth0 and this guest's resolv.conf."""
        out = os.path.join(self.case.folder, f'lease-{self.case.next_number()}')
        hook = os.path.join(HERE, 'dhcp-hook')
        name = hostname or self.name
        env = {**os.environ, 'NT_LEASE': out, 'NT_RESOLV': self.resolv_conf}
        conf = os.path.join(self.case.folder, f'conf-{self.case.next_number()}')
        if client == 'udhcpc':
            words = ['udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', hook, '-x', f'hostname:{name}', '-t', 10, '-T', 1]
        elif client == 'dhclient':
            with open(conf, 'w') as f:
                f.write(f'send host-name "{name}";\nrequest subnet-mask, routers, domain-name, domain-name-servers;\n')
            words = ['dhclient', '-4', '-1', '-d', '-q', '-sf', hook, '-cf', conf, '-lf', conf + '.leases',
                     '-pf', conf + '.pid', '-e', f'NT_LEASE={out}', '-e', f'NT_RESOLV={self.resolv_conf}', 'eth0']
        elif client == 'dhcpcd':
            with open(conf, 'w') as f:
                f.write(f'noarp\nhostname {name}\noption domain_name_servers, domain_name\nenv NT_LEASE={out}\nenv NT_RESOLV={self.resolv_conf}\n')
            words = ['sh', '-c', 'mount -t tmpfs t /var/lib/dhcpcd; mount -t tmpfs t /run; exec "$@"',
                     'sh', 'dhcpcd', '-B', '-4', '-q', '-f', conf, '-c', hook, 'eth0']
        elif client == 'networkd':
            return self.networkd(seconds)
        else:
            raise ValueError(client)
        process = self.spawn(*words, env=env)
        try:
            wait_for(f'a lease for {self.name} by {client}', lambda: os.path.exists(out) or
                     process.popen.poll() not in (None, 0), seconds)
            if not os.path.exists(out):
                raise Failed('no lease')
        except Failed as why:
            raise Failed(f'{why}\n{process.log()}')
        with open(out) as f:
            self.lease = Lease(dict(line.rstrip('\n').split('=', 1) for line in f if '=' in line))
        self.client = process
        return self.lease

    def networkd(self, seconds=20, settings='ClientIdentifier=mac\n'):
        """systemd-networkd with private /run and a read-only /sys, so that it doesn't wait for udev. `settings` are
        lines of its section [DHCPv4]."""
        conf = os.path.join(self.case.folder, f'{self.case.next_number()}-eth0.network')
        with open(conf, 'w') as f:
            f.write('[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n'
                    f'[DHCPv4]\n{settings}Hostname={self.name}\n')
        script = '''mount -t tmpfs t /run
            mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
            cp "$0" /run/systemd/network/eth0.network
            chown -R systemd-network /run/systemd/netif
            mount -o remount,ro,bind /sys
            exec /lib/systemd/systemd-networkd'''
        process = self.spawn('sh', '-c', script, conf,
                             env={**os.environ, 'container': 'lxc', 'SYSTEMD_LOG_TARGET': 'console'})
        try:
            got = wait_for('a lease by networkd', lambda: self.addresses('eth0'), seconds)
            wait_for('a route by networkd', lambda: self.ip_json('route', 'show', 'default'), 5)
        except Failed as why:
            raise Failed(f'{why}\n{process.log()}')
        address, prefix = got[0].split('/')
        router = self.ip_json('route', 'show', 'default')[0]['gateway']
        self.client, self.lease = process, Lease({'address': address, 'prefix': prefix, 'router': router, 'dns': router})
        return self.lease

    def dig(self, *words, server=None, check=True):
        """dig +short at the name server of the lease; the answer's lines."""
        at = server or self.lease.dns[0]
        return self.sh('dig', '+short', '+time=2', '+tries=2', f'@{at}', *words, check=check).out.split()


class Bus:
    """A system bus of the test's own: give `env` to whom shall use it."""

    def __init__(self, host):
        self.host, self.path = host, os.path.join(host.case.folder, f'bus-{host.case.next_number()}')
        self.env = {**os.environ, 'DBUS_SYSTEM_BUS_ADDRESS': 'unix:path=' + self.path}

    def start(self):
        with open(self.path + '.conf', 'w') as f:
            f.write(BUS_CONF.format(path=self.path))
        self.daemon = self.host.spawn('dbus-daemon', '--nofork', '--nopidfile', '--config-file', self.path + '.conf')
        wait_for('the bus', lambda: os.path.exists(self.path))

    def stop(self):
        self.daemon.kill()
        if os.path.exists(self.path):
            os.unlink(self.path)


class Outside(Namespace):
    """The rest of the world: a namespace behind the host's uplink. It knows no route to any guest network, so only
    what the host masquerades is answered."""

    def __init__(self, case, host, name='outside', net='198.51.100', uplink='up0'):
        super().__init__(case, name)
        self.address, self.host_address = f'{net}.1', f'{net}.2'
        host.wire(self, uplink, 'eth0')
        host.sh('ip', 'addr', 'add', f'{self.host_address}/24', 'dev', uplink)
        self.sh('ip', 'addr', 'add', f'{self.address}/24', 'dev', 'eth0')
        host.sh('ip', 'route', 'replace', 'default', 'via', self.address)

    def serve_names(self, **names):
        """A DNS server that knows these A records and says NXDOMAIN to the rest; dots are written as _."""
        records = [f'{n.replace("_", ".")}={a}' for n, a in names.items()]
        process = self.spawn(sys.executable, os.path.join(HERE, 'dns-stub'), self.address, *records)
        wait_for('the DNS stub', lambda: 'ready' in process.log())
        return process

    def capture(self, *words):
        """tcpdump in the background; call .stop() and then .log()."""
        process = self.spawn('tcpdump', '-n', '-l', '-i', 'eth0', *words)
        wait_for('tcpdump', lambda: 'listening on' in process.log())
        return process


class Case(unittest.TestCase):
    """A test with a temporary folder, hosts and guests."""
    maxDiff = None

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest('needs root')
        self.number = 0
        self.folder = tempfile.mkdtemp(prefix=f'nt-{os.getpid()}-', dir='/tmp')  # short: a root has at most 74 characters
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        os.environ['NT_FOLDER'] = self.folder  # for the programs that a test starts
        self.hosts = []

    def next_number(self):
        self.number += 1
        return self.number

    def host(self, name='host', start=True):
        host = Host(self, name, start)
        self.hosts.append(host)
        return host

    def guest(self, name, host, bridge, mac=None):
        return Guest(self, name, host, bridge, mac)

    def outside(self, host, **options):
        return Outside(self, host, **options)

    def namespace(self, name):
        return Namespace(self, name)

    def reports(self):
        """What the sanitizers had to say, in a build with them."""
        found = []
        for path in glob.glob(os.path.join(self.folder, 'log-*')):
            with open(path, errors='replace') as f:
                lines = f.read().splitlines()
            at = [i for i, line in enumerate(lines) if 'ERROR: AddressSanitizer' in line or 'runtime error:' in line]
            found += ['\n'.join(lines[i:i + 40]) for i in at]
        return found

    def tearDown(self):
        for text in self.reports():
            self.fail(text)
        outcome = getattr(self, '_outcome', None)
        failed = outcome and not outcome.success
        for host in self.hosts if failed else []:
            if host.daemon:
                print(f'# netd in {host.ns}:', file=sys.stderr)
                for line in host.daemon.log().splitlines()[-40:]:
                    print(f'#   {line}', file=sys.stderr)


def network_xml(name='net1', bridge='virbr1', net='192.168.150', forward="<forward mode='nat'/>", dhcp=True, extra='',
                domain=None, uuid=None, stp='off'):
    """A small network. Spanning tree has tests of its own: test_stp.py."""
    range_ = f"<dhcp><range start='{net}.100' end='{net}.200'/></dhcp>" if dhcp else ''
    return (f"<network><name>{name}</name>{f'<uuid>{uuid}</uuid>' if uuid else ''}{forward}"
            f"<bridge name='{bridge}' stp='{stp}' delay='0'/>{f'<domain name={domain!r}/>' if domain else ''}{extra}"
            f"<ip address='{net}.1' netmask='255.255.255.0'>{range_}</ip></network>")
