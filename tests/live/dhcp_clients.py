# SPDX-License-Identifier: GPL-2.0-or-later
"""DHCP clients that live on: how each is started, told to renew, stopped without a word and told to give its lease back.

    client = dhcp_clients.Dhclient(case, guest)     # nothing runs yet
    client.start(); client.said('4 ACK')            # its messages since the last mark(), as dhcp-watch prints them
"""
import os
import re
import signal

import lib

HOOK = os.path.join(lib.HERE, 'dhcp-hook')
WATCH = os.path.join(lib.HERE, 'dhcp-watch')
SYSTEMD = '/lib/systemd/systemd-networkd'


class Client:
    """Files of its own, so that it may be started again with what it remembers; a watch on eth0."""
    family, program = 4, None
    notices_carrier = True  # loses and regains its lease with the link, without a restart
    paced = True            # keeps to T1 and T2 that the server sent

    def __init__(self, case, guest):
        self.case, self.guest = case, guest
        self.folder = os.path.join(case.folder, f'client-{case.next_number()}')
        os.makedirs(self.folder)
        self.process = self.seen = None
        self.watch = guest.spawn(WATCH, 'eth0')
        lib.wait_for('dhcp-watch', lambda: 'ready' in self.watch.log())
        self.mark()

    @classmethod
    def here(cls):
        return lib.have(cls.program)

    def file(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, 'w') as f:
                f.write(text)
        return path

    def spawn(self, *words, **env):
        env = {**os.environ, 'NT_LEASE': self.file('lease'), 'NT_RESOLV': self.file('resolv.conf'), **env}
        self.process = self.guest.spawn(*words, env=env)

    def mark(self):
        self.seen = len(self.watch.log().splitlines())

    def lines(self):
        return [line for line in self.watch.log().splitlines()[self.seen:] if line != 'ready']

    def said(self, pattern, seconds=20, what=None):
        """Wait for a line that matches; the words of the last one that does."""
        try:
            found = lib.wait_for(what or pattern, lambda: [x for x in self.lines() if re.match(f'{pattern}( |$)', x)], seconds)
        except lib.Failed as why:
            log = self.process.log()[-1500:] if self.process else ''
            raise lib.Failed(f'{type(self).__name__}: {why}\non the wire: {self.lines()}\n{log}')
        return found[-1].split()

    def bound(self, seconds=20):
        """Wait for an address; the address."""
        return self.said(f'{self.family} {"ACK" if self.family == 4 else "REPLY"} [^-][^ ]* [1-9][0-9]*', seconds)[2]

    def stop(self):
        """Without a word to the server, its memory intact."""
        self.process.kill()
        for family in '-4', '-6':
            self.guest.sh('ip', family, 'addr', 'flush', 'dev', 'eth0', 'scope', 'global')

    def renew(self):
        """Now, or when T1 is over."""

    def rebind(self):
        """The server is deaf to renewals: go on to rebinding, now or when T2 is over."""

    def release(self):
        self.process.popen.send_signal(signal.SIGTERM)

    def detect(self):
        """From the next start on look whether somebody else has the address."""


class Udhcpc(Client):
    program, notices_carrier, paced = 'udhcpc', False, False
    more = ()

    def start(self):
        self.spawn('udhcpc', '-i', 'eth0', '-f', '-R', '-s', HOOK, '-x', f'hostname:{self.guest.name}', '-t', 20, '-T', 1,
                   '-A', 1, *self.more)

    def renew(self):
        self.process.popen.send_signal(signal.SIGUSR1)

    def rebind(self):
        self.guest.sh('ip', 'route', 'add', 'prohibit', f'{self.case.server}/32')  # it rebinds when it can't send
        self.renew()

    def detect(self):
        self.more = ('-a', '-O', '1')


class Dhclient(Client):
    program, notices_carrier = 'dhclient', False

    def words(self, *more):
        conf = self.file('conf', f'send host-name "{self.guest.name}";\ninitial-interval 1;\nbackoff-cutoff 2;\n'
                         'request subnet-mask, routers, domain-name;\n')
        return ['dhclient', '-4', '-d', '-sf', self.file('script'), '-cf', conf, '-lf', self.file('leases'),
                '-pf', self.file('pid'), '-e', f'NT_LEASE={self.file("lease")}', '-e', f'NT_RESOLV={self.file("resolv.conf")}',
                *more, 'eth0']

    def start(self):
        if not os.path.exists(self.file('script')):
            os.symlink(HOOK, self.file('script'))
        self.spawn(*self.words())

    def release(self):
        self.process.kill()
        self.guest.sh(*self.words('-r'))

    def detect(self):
        # Its script's status says whether the address may be used.
        self.file('script-text', f'#!/bin/sh\ncase $reason in BOUND|REBOOT)\n'
                  'busybox arping -D -q -c 1 -w 1 -I "$interface" "$new_ip_address" || exit 1\nesac\n'
                  f'exec {HOOK}\n')
        os.chmod(self.file('script-text'), 0o755)
        if os.path.lexists(self.file('script')):
            os.unlink(self.file('script'))
        os.symlink(self.file('script-text'), self.file('script'))


class Dhcpcd(Client):
    program, arp = 'dhcpcd', 'noarp\n'
    options = '-4'

    def start(self):
        conf = self.file('conf', f'{self.arp}hostname {self.guest.name}\nreboot 5\nduid\nnodelay\n'
                         'option domain_name_servers, domain_name\n')
        os.makedirs(self.file('memory'), exist_ok=True)
        self.spawn('sh', '-c', 'mount --bind "$0" /var/lib/dhcpcd; mount -t tmpfs t /run; exec "$@"', self.file('memory'),
                   'dhcpcd', '-B', self.options, '-d', '-f', conf, '-c', '/bin/true', 'eth0')

    def release(self):
        self.process.popen.send_signal(signal.SIGALRM)

    def detect(self):
        self.arp = ''


class Networkd(Client):
    program, settings = SYSTEMD, ''
    section = ('DHCP=ipv4\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n'
               '[DHCPv4]\nClientIdentifier=mac\nHostname={name}\n{settings}')

    @classmethod
    def here(cls):
        return os.path.exists(SYSTEMD)

    def start(self):
        conf = self.file('eth0.network', '[Match]\nName=eth0\n[Network]\n' +
                         self.section.format(name=self.guest.name, settings=self.settings))
        self.spawn('sh', '-c', '''mount -t tmpfs t /run
            mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
            cp "$0" /run/systemd/network/eth0.network
            chown -R systemd-network /run/systemd/netif
            mount -o remount,ro,bind /sys
            exec /lib/systemd/systemd-networkd''', conf, container='lxc', SYSTEMD_LOG_TARGET='console')

    def detect(self):
        self.settings = 'SendDecline=yes\n'


class NetworkManager(Client):
    program = 'NetworkManager'

    def start(self):
        self.file('nm.conf', '[main]\nplugins=keyfile\ndns=none\nrc-manager=unmanaged\nno-auto-default=*\n')
        self.file('eth0.nmconnection', '[connection]\nid=eth0\ntype=ethernet\ninterface-name=eth0\n'
                  f'[ipv4]\nmethod=auto\ndhcp-hostname={self.guest.name}\n{self.settings}[ipv6]\nmethod=disabled\n')
        os.makedirs(self.file('memory'), exist_ok=True)
        self.file('inside', '''cd "$0"
            mount -t tmpfs t /run; mount -t tmpfs t /etc/NetworkManager; mount --bind memory /var/lib/NetworkManager
            mkdir -p /run/dbus /run/NetworkManager /etc/NetworkManager/system-connections
            cp nm.conf /etc/NetworkManager/NetworkManager.conf
            install -m 600 eth0.nmconnection /etc/NetworkManager/system-connections/
            mount -o remount,ro,bind /sys
            dbus-daemon --system --nofork --nopidfile &
            while [ ! -S /run/dbus/system_bus_socket ]; do sleep 0.05; done
            exec NetworkManager --no-daemon --log-level=INFO
            ''')
        with open(self.file('inside')) as f:
            self.spawn('sh', '-c', f.read(), self.folder, container='lxc')

    settings = ''

    def release(self):
        self.guest.sh('nsenter', '-t', self.process.pid, '-m', 'nmcli', 'connection', 'down', 'eth0')

    def detect(self):
        self.settings = 'dad-timeout=1000\n'


class Dhclient6(Dhclient):
    family, notices_carrier = 6, False

    def words(self, *more):
        conf = self.file('conf', f'send fqdn.fqdn "{self.guest.name}";\nrequest dhcp6.name-servers, dhcp6.domain-search;\n')
        return ['dhclient', '-6', '-d', '-sf', self.file('script'), '-cf', conf, '-lf', self.file('leases'),
                '-pf', self.file('pid'), *more, 'eth0']

    def start(self):
        if not os.path.exists(self.file('script')):
            os.symlink('/bin/true', self.file('script'))
        self.spawn(*self.words())


class Dhcpcd6(Dhcpcd):
    family, options, arp = 6, '-6', 'noipv4\n'


class Networkd6(Networkd):
    family = 6
    section = 'DHCP=ipv6\nIPv6AcceptRA=yes\n[DHCPv6]\nDUIDType=link-layer\nRapidCommit=no\n{settings}'


ALL = (Udhcpc, Dhclient, Dhcpcd, Networkd, NetworkManager, Dhclient6, Dhcpcd6, Networkd6)
