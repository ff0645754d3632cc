# SPDX-License-Identifier: GPL-2.0-or-later
"""The life cycle of networks, through netctl and through virsh: same words, same exit codes, same rules."""
import os
import re
import signal
import time

import lib

UUID = '6f3c1bd1-54a1-4c35-9d2e-0f6a3ccf4a11'
OTHER = '0c8b0a6e-9a55-4a4e-8f0b-2f3f1f7f2b22'
XML = lib.network_xml('life', 'virbr7', '192.168.157', uuid=UUID)


def table(*rows):
    """net-list's output for rows of cells."""
    rows = [('Name', 'State', 'Autostart', 'Persistent'), *rows]
    width = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [''.join(f' {cell:<{w}}  ' for cell, w in zip(row, width)).rstrip() for row in rows]
    lines.insert(1, '-' * sum(w + 3 for w in width))
    return '\n'.join(lines) + '\n\n'


def info(active, persistent, autostart, bridge=True):
    text = (f'Name:           life\nUUID:           {UUID}\nActive:         {active}\n'
            f'Persistent:     {persistent}\nAutostart:      {autostart}\n')
    return text + ('Bridge:         virbr7\n\n' if bridge else '\n')


def refused(*lines):
    return 1, '\n', ''.join(f'error: {line}\n' for line in lines)


def done(text):
    return 0, text + '\n\n', ''


NOT_FOUND = refused("failed to get network 'life'", "Network not found: no network with matching name 'life'")

# Words, and what comes of them: exit status, stdout, stderr.
PERSISTENT = [
    ('net-list --all', (0, table(), '')),
    ('net-start life', NOT_FOUND),
    ('net-define FILE', done('Network life defined from FILE')),
    ('net-list', (0, table(), '')),
    ('net-list --all', (0, table(('life', 'inactive', 'no', 'yes')), '')),
    ('net-list --inactive --name', done('life')),
    ('net-list --all --uuid', done(UUID)),
    ('net-info life', (0, info('no', 'yes', 'no'), '')),
    ('net-destroy life', refused('Failed to destroy network life',
                                 "Requested operation is not valid: network 'life' is not active")),
    ('net-start life', done('Network life started')),
    ('net-start life', refused('Failed to start network life',
                               'Requested operation is not valid: network is already active')),
    ('net-list', (0, table(('life', 'active', 'no', 'yes')), '')),
    ('net-autostart life', done('Network life marked as autostarted')),
    ('net-autostart life', done('Network life marked as autostarted')),
    ('net-list --autostart', (0, table(('life', 'active', 'yes', 'yes')), '')),
    ('net-list --no-autostart', (0, table(), '')),
    ('net-info life', (0, info('yes', 'yes', 'yes'), '')),
    ('net-autostart life --disable', done('Network life unmarked as autostarted')),
    ('net-name ' + UUID, done('life')),
    ('net-uuid life', done(UUID)),
    ('net-info ' + UUID, (0, info('yes', 'yes', 'no'), '')),
    ('net-name life', refused("failed to get network 'life'")),
    ('net-uuid nosuch', refused("failed to get network 'nosuch'",
                                "Network not found: no network with matching name 'nosuch'")),
    ('net-define FILE', done('Network life defined from FILE')),
    ('net-destroy life', done('Network life destroyed')),
    ('net-list --all', (0, table(('life', 'inactive', 'no', 'yes')), '')),
    ('net-undefine life', done('Network life has been undefined')),
    ('net-list --all', (0, table(), '')),
    ('net-undefine life', NOT_FOUND),
]
TRANSIENT = [
    ('net-create FILE', done('Network life created from FILE')),
    ('net-list --transient', (0, table(('life', 'active', 'no', 'no')), '')),
    ('net-info life', (0, info('yes', 'no', 'no'), '')),
    ('net-autostart life', refused('failed to mark network life as autostarted',
                                   'Requested operation is not valid: cannot set autostart for transient network')),
    ('net-undefine life', refused('Failed to undefine network life',
                                  "Requested operation is not valid: can't undefine transient network")),
    ('net-define FILE', done('Network life defined from FILE')),
    ('net-list --persistent', (0, table(('life', 'active', 'no', 'yes')), '')),
    ('net-undefine life', done('Network life has been undefined')),
    ('net-list --all', (0, table(('life', 'active', 'no', 'no')), '')),
    ('net-destroy life', done('Network life destroyed')),
    ('net-list --all', (0, table(), '')),
]
USAGE = [
    ('net-start', (1, '', "error: command 'net-start' requires <network> option\n")),
    ('net-start a b', (1, '', "error: unexpected data 'b'\n")),
    ('net-list --nosuch', (1, '', "error: command 'net-list' doesn't support option --nosuch\n")),
    ('net-nosuch', (1, '', "error: unknown command: 'net-nosuch'\n")),
    ('net-define /nonexistent/x.xml', refused("Failed to open file '/nonexistent/x.xml': No such file or directory")),
    ('net-list --name --uuid', refused('Only one argument from --table, --name and --uuid may be specified.')),
]


class Words(lib.Case):
    """Each script of words by both tools."""

    def both(self, script):
        for tool in ('netctl', 'virsh'):
            if tool == 'virsh' and not lib.have('virsh'):
                continue
            host = self.host(tool)
            path = os.path.join(self.folder, 'life.xml')
            with open(path, 'w') as f:
                f.write(XML)
            for words, (rc, out, err) in script:
                with self.subTest(tool=tool, words=words):
                    got = getattr(host, tool)(*words.replace('FILE', path).split(), check=False)
                    self.assertEqual((got.rc, got.out, got.err), (rc, out.replace('FILE', path), err))

    def test_persistent(self):
        self.both(PERSISTENT)

    def test_transient(self):
        self.both(TRANSIENT)

    def test_usage(self):
        self.both(USAGE)

    @lib.needs('virsh')
    def test_xpath(self):
        """Parts of the document: both print the same."""
        host = self.host()
        host.start_network(XML)
        uuid = '00000001-1111-2222-3333-444444444444'
        path = os.path.join(self.folder, 'port.xml')
        with open(path, 'w') as f:
            f.write(f"<networkport><uuid>{uuid}</uuid><owner><name>vm</name><uuid>{uuid}</uuid></owner>"
                    "<mac address='52:54:00:00:00:01'/></networkport>")
        host.netctl('net-port-create', 'life', path)
        for what in (('net-dumpxml', 'life'), ('net-dumpxml', 'life', '--inactive'), ('net-port-dumpxml', 'life', uuid)):
            for words in (('--xpath', '//ip'), ('--xpath', '//ip', '--wrap'), ('--xpath', '//@address'),
                          ('--xpath', '//plug/@bridge', '--wrap'), ('--xpath', '/'), ('--xpath', '//nosuch'),
                          ('--xpath', '//nosuch', '--wrap'), ('--xpath', '//name/text()'), ('--xpath', 'name'),
                          ('--xpath', '//range|//mac'), ('--xpath', '//range|//mac', '--wrap'), ('--wrap',),
                          ('--xpath', 'string(//name)'), ('--xpath', 'count(//ip)'), ('--xpath', '//['), ('--xpath', ''),
                          ('--xpath',), ('--wrap=x',)):
                got = [getattr(host, tool)(*what, *words, check=False, env={**os.environ, 'LC_ALL': 'C'})
                       for tool in ('virsh', 'netctl')]
                # Of a port virsh forgets to say what is wrong with such an expression, or says that it leaks.
                silent = what[0] == 'net-port-dumpxml' and ('(' in words[-1] or not words[-1])
                self.assertEqual(*[(r.rc, r.out, silent or r.err) for r in got], (what, words))


class Rules(lib.Case):
    """What may be done when, and what it leaves in the kernel."""

    def test_start_makes_and_destroy_removes(self):
        host = self.host()
        before = host.state()
        host.start_network(XML)
        self.assertIn('virbr7', host.links())
        self.assertEqual(host.addresses('virbr7'), ['192.168.157.1/24'])
        self.assertIn('192.168.157', host.rules())
        host.netctl('net-destroy', 'life')
        after = host.state()
        self.assertNotIn('virbr7', host.links())
        self.assertEqual((after['addresses'], after['routes']), (before['addresses'], before['routes']))
        self.assertNotIn('192.168.157', after['rules'])

    def test_starts_again_and_again(self):
        host = self.host()
        host.define(XML)
        for _ in range(5):
            host.netctl('net-start', 'life')
            self.assertEqual(host.addresses('virbr7'), ['192.168.157.1/24'])
            host.netctl('net-destroy', 'life')
            self.assertNotIn('virbr7', host.links())

    def test_same_name_needs_same_uuid(self):
        host = self.host()
        host.define(XML)
        for other in (XML.replace(UUID, OTHER), re.sub('<uuid>.*</uuid>', '', XML)):
            for verb in ('net-define', 'net-create'):
                got = host.netctl(verb, '-', stdin=other, check=False)
                self.assertEqual(got.rc, 1)
                self.assertIn(f"error: operation failed: network 'life' already exists with uuid {UUID}", got.err)
        got = host.netctl('net-define', '-', stdin=XML.replace('>life<', '>other<'), check=False)
        self.assertEqual(got.rc, 1)
        self.assertIn('error: operation failed: network', got.err)

    def test_define_of_active_network_waits_for_next_start(self):
        host = self.host()
        host.start_network(XML)
        host.define(XML.replace('192.168.157', '192.168.158'))
        self.assertEqual(host.addresses('virbr7'), ['192.168.157.1/24'])
        self.assertIn('192.168.157.1', host.netctl('net-dumpxml', 'life').out)
        self.assertIn('192.168.158.1', host.netctl('net-dumpxml', 'life', '--inactive').out)
        host.netctl('net-destroy', 'life')
        host.netctl('net-start', 'life')
        self.assertEqual(host.addresses('virbr7'), ['192.168.158.1/24'])

    def test_bad_xml_is_refused_with_a_line(self):
        host = self.host()
        got = host.netctl('net-define', '-', stdin='<network>\n<name>x</name>\n', check=False)
        self.assertEqual(got.rc, 1)
        self.assertIn('error: Failed to define network from -\nerror: ', got.err)
        self.assertRegex(got.err, r'line \d')
        self.assertEqual(host.json('net-list', '--all')['networks'], [])

    def test_private1_mistake(self):
        host = self.host()
        with open(os.path.join(lib.EXAMPLES, 'private1-mistake.xml')) as f:
            mistake = f.read()
        for tool in (host.netctl, host.virsh) if lib.have('virsh') else (host.netctl,):
            path = os.path.join(self.folder, 'private1.xml')
            with open(path, 'w') as f:
                f.write(mistake)
            got = tool('net-define', path, check=False)
            self.assertEqual(got.rc, 1)
            self.assertIn(f'error: Failed to define network from {path}\n', got.err)
            self.assertRegex(got.err, r'172\.16\.10\.101')
            self.assertRegex(got.err, r'127\.16\.10\.')
        self.assertEqual(host.json('net-list', '--all')['networks'], [])
        self.assertEqual(host.start_network('private1'), 'private1')

    def test_subnet_in_use_is_refused(self):
        host = self.host()
        host.sh('ip', 'link', 'add', 'd0', 'type', 'bridge')
        host.sh('ip', 'link', 'set', 'd0', 'up')
        host.sh('ip', 'addr', 'add', '192.168.157.77/24', 'dev', 'd0')
        host.define(XML)
        got = host.netctl('net-start', 'life', check=False)
        self.assertEqual(got.rc, 1)
        self.assertIn('already in use by interface d0', got.err)
        self.assertNotIn('virbr7', host.links())

    def test_foreign_bridge_is_left_alone(self):
        host = self.host()
        host.sh('ip', 'link', 'add', 'virbr7', 'type', 'bridge')
        before = host.ip_json('link', 'show', 'virbr7')
        host.define(XML)
        got = host.netctl('net-start', 'life', check=False)
        self.assertEqual(got.rc, 1)
        self.assertIn('virbr7', got.err)
        self.assertEqual(host.ip_json('link', 'show', 'virbr7'), before)

    def test_devices_that_the_host_lacks(self):
        """They are in definitions as any others; starting says what is missing, and refuses what libvirt refuses."""
        host = self.host()
        pci = "<address type='pci' domain='0x0000' bus='0xfe' slot='0x1e' function='0x7'/>"
        for forward, error in (
                (f"<forward mode='hostdev' managed='yes'>{pci}</forward>", "the PCI device '0000:fe:1e.7' is missing"),
                ("<forward mode='hostdev' managed='no'><pf dev='eth9'/></forward>", "No usable Vf's present on SRIOV PF eth9"),
                ("<forward mode='passthrough'><pf dev='lo'/></forward>", '/sys/class/net/lo/device/sriov_numvfs'),
                ("<forward dev='eth9' mode='passthrough'><interface dev='eth9'/></forward>", None),
                ("<forward mode='bridge'/><bridge name='ovs9'/><virtualport type='openvswitch'/>", None),
                ("<forward dev='eth9' mode='private'><interface dev='eth9'/></forward>"
                 "<virtualport type='802.1Qbh'><parameters profileid='p'/></virtualport>", None)):
            with self.subTest(forward):
                host.define(f'<network><name>far</name>{forward}</network>')
                host.netctl('net-update', 'far', 'add', 'portgroup', "<portgroup name='g'/>", '--config')
                printed = re.sub(r'\s*\n\s*', '', host.netctl('net-dumpxml', 'far').out)
                self.assertIn(forward, printed)
                got = host.netctl('net-start', 'far', check=False)
                if error:
                    self.assertEqual(got.rc, 1)
                    self.assertIn(error, got.err)
                else:
                    device = re.search(r'(?:dev|name)=.(\w*9)', forward).group(1)
                    self.assertRegex(host.netctl('net-info', 'far').out, r'Active: +yes')
                    self.assertIn(f"'{device}', which is missing on this host", host.daemon.log())
                    host.netctl('net-destroy', 'far')
                host.netctl('net-undefine', 'far')

    def test_json(self):
        host = self.host()
        host.start_network(XML)
        listed = host.json('net-list', '--all')
        self.assertEqual(listed['version'], 1)
        self.assertEqual([(n['name'], n['uuid'], n['active'], n['bridge']) for n in listed['networks']],
                         [('life', UUID, True, 'virbr7')])
        self.assertIn('netctl-version', host.json('version'))
        one = host.json('net-info', 'life')
        self.assertEqual((one['name'], one['persistent'], one['autostart']), ('life', True, False))
        self.assertIn('<name>life</name>', host.json('net-dumpxml', 'life')['xml'])
        self.assertEqual(host.json('net-dhcp-leases', 'life')['leases'], [])
        self.assertEqual([n['name'] for n in host.json('status')['networks']], ['life'])

    def test_events(self):
        host = self.host()
        watch = host.spawn(lib.NETCTL, '--root', host.root, 'net-event', '--event', 'lifecycle', '--loop')
        # The watcher has registered once it sees something; define until it does.
        def seen():
            host.define(XML)
            return 'Defined' in watch.log()
        lib.wait_for('the first event', seen, step=0.1)
        host.netctl('net-start', 'life')
        host.netctl('net-destroy', 'life')
        host.netctl('net-undefine', 'life')
        lib.wait_for('the last event', lambda: 'Undefined' in watch.log())
        lines = [line for line in watch.log().splitlines() if 'Defined' not in line]
        self.assertEqual(lines, [f"event 'lifecycle' for network life: {what}"
                                 for what in ('Started', 'Stopped', 'Undefined')])

    def test_plan_says_and_does_nothing(self):
        host = self.host()
        host.define(XML)
        before = host.state()
        plan = host.netctl('net-plan', 'life').out
        self.assertIn('add link virbr7 bridge', plan)
        self.assertIn('add address 192.168.157.1/24 dev virbr7', plan)
        self.assertEqual(host.state(), before)
        host.netctl('net-start', 'life')
        self.assertEqual(host.json('net-plan', 'life')['plan'], '')

    def test_autostart_survives_the_daemon(self):
        host = self.host()
        host.define(XML)
        host.netctl('net-autostart', 'life')
        host.stop_netd()
        host.start_netd()
        self.assertIn('virbr7', host.links())
        self.assertTrue(host.json('net-info', 'life')['active'])

    def test_reload_changes_nothing(self):
        """A look at everything that finds nothing wrong says nothing of repairs."""
        host = self.host()
        host.start_network(XML)
        before = host.state()
        for _ in range(2):
            os.kill(host.daemon.pid, signal.SIGHUP)
            time.sleep(0.3)
        self.assertEqual(host.state(), before)
        self.assertNotIn('repairing', host.daemon.log())

    def test_read_only_socket_refuses_changes(self):
        host = self.host()
        host.define(XML)
        read_only = ['--connect', host.socket + '-ro']
        self.assertIn('life', host.netctl(*read_only, 'net-list', '--all').out)
        got = host.netctl(*read_only, 'net-start', 'life', check=False)
        self.assertEqual(got.rc, 1)
        self.assertIn('read only access prevents', got.err)

    def test_hundred_defines_at_once(self):
        """Each gets a bridge of its own, with the lowest numbers that the host has free, and each starts."""
        h = self.host()
        h.sh('ip', 'link', 'add', 'virbr3', 'type', 'bridge')  # somebody else's
        ns = "<metadata><netd:network xmlns:netd='urn:netd:network:1'><netd:subnet from='10.64.0.0/16'/></netd:network></metadata>"
        script = f"""
            for i in $(seq 100); do
                printf '<network><name>n%s</name>{ns.replace("'", chr(34))}%s</network>' $i "$([ $((i % 4)) = 0 ] &&
                    echo '<bridge name="lab%d"/>')" | {lib.NETCTL} --root {h.root} -q net-define - &
            done
            wait"""
        self.assertEqual(h.sh('sh', '-c', script).err, '')
        rows = h.json('status')['networks']
        self.assertEqual(sorted(n['bridge'] for n in rows), sorted(
            [f'lab{i}' for i in range(25)] + [f'virbr{i}' for i in range(76) if i != 3]))
        self.assertEqual(len(h.json('net-start', '--all')['started']), 100)

    def test_start_all(self):
        """All that don't run, one after the other; one that can't keeps no other from it."""
        h = self.host()
        for i, name in enumerate(('a', 'b', 'c', 'd')):
            h.define(lib.network_xml(name=name, bridge=f'virbr{i}', net=f'192.168.{160 + i % 3}'))
        h.netctl('net-autostart', 'b')
        done = h.netctl('net-start', '--autostart')
        self.assertEqual(done.out, 'Network b started (1 of 1)\n\n')
        done = h.netctl('net-start', '--all', check=False)  # d wants a's subnet
        self.assertEqual((done.rc, done.out), (1, 'Network a started (1 of 3)\nNetwork c started (2 of 3)\n'
                                               '2 of 3 networks started\n\n'))
        self.assertIn('error: Failed to start network d\nerror: internal error: Network is already in use', done.err)
        h.netctl('net-undefine', 'd')
        h.netctl('net-destroy', 'a')
        self.assertEqual(h.json('net-start', '--all')['started'], ['a'])
        self.assertEqual(h.netctl('net-start', '--all').out, 'All networks are active\n\n')
        for words in (('net-start', '--all', 'a'), ('net-start',)):
            self.assertEqual(h.netctl(*words, check=False).rc, 1)


class NoDaemon(lib.Case):
    def test_says_what_to_do(self):
        host = self.host(start=False)
        got = host.netctl('net-list', check=False)
        self.assertEqual(got.rc, 1)
        self.assertIn('error: failed to connect to netd\n', got.err)
        self.assertIn('start it with', got.err)
