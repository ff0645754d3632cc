# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole definitions: net-apply, net-history, net-revert."""
import os
import re
import shutil
import time

import lib


def xml(name='net1', **options):
    return lib.network_xml(name, **options)


def packets_dropped():
    """What the machine has dropped because a CPU's queue of packets was full, whoever filled it."""
    with open('/proc/net/softnet_stat') as f:
        return sum(int(line.split()[1], 16) for line in f)


class Definitions(lib.Case):
    def setUp(self):
        super().setUp()
        self.net = self.host()
        self.files = os.path.join(self.folder, 'files')
        os.mkdir(self.files)

    def file(self, text, name='net1'):
        path = os.path.join(self.files, name + '.xml')
        with open(path, 'w') as f:
            f.write(text)
        return path

    def apply(self, *words, **options):
        """The first network's outcome: (definition, running)."""
        row = self.net.json('net-apply', *words)['networks'][0]
        return row['definition'], row['running']

    def dump(self, *options, name='net1'):
        return self.net.netctl('net-dumpxml', name, *options).out

    def names(self):
        return {row['name'] for row in self.net.json('net-list', '--all')['networks']}


class Apply(Definitions):
    def test_create_change_nothing(self):
        path = self.file(xml(bridge='virbr5', extra='<mtu size="1400"/>'))
        self.assertEqual(self.net.netctl('net-apply', path).out, f'Network net1 defined from {path}\n\n')
        before = self.dump()
        self.assertEqual(self.net.netctl('net-apply', path).out, 'Network net1 unchanged\n\n')
        stamp = os.stat(os.path.join(self.net.root, 'etc/netd/networks/net1.xml'))
        self.assertEqual(self.apply(path), ('unchanged', 'no'))
        self.assertEqual(os.stat(os.path.join(self.net.root, 'etc/netd/networks/net1.xml')).st_ino, stamp.st_ino)
        self.file(xml(bridge='virbr5', extra='<mtu size="1300"/>'))
        self.assertEqual(self.apply(path), ('changed', 'no'))
        self.assertEqual(self.dump(), before.replace('1400', '1300'))

    def test_identity_stays(self):
        """What the file doesn't say about uuid, MAC and bridge stays."""
        text = xml().replace("<bridge name='virbr1' stp='off' delay='0'/>", '')
        path = self.file(text)
        self.net.netctl('net-apply', '--start', path)
        before = self.dump()
        self.file(text.replace('.200', '.220'))
        self.assertEqual(self.apply(path), ('changed', 'changed'))
        self.assertEqual(self.dump(), before.replace('.200', '.220'))
        for line in re.findall(r'<(?:uuid|bridge|mac).*', before):
            self.assertIn(line, self.dump('--inactive'))

    def test_automatic_subnet_stays(self):
        path = self.file("""<network><name>net1</name><metadata>
            <netd:network xmlns:netd='urn:netd:network:1'><netd:subnet prefix='24'/></netd:network></metadata>
            <forward mode='nat'/></network>""")
        self.net.netctl('net-apply', '--start', path)
        address = re.search("<ip .*>", self.dump()).group()
        self.assertEqual(self.apply(path), ('unchanged', 'unchanged'))
        with open(path) as f:
            self.file(f.read().replace('<forward', "<domain name='d'/><forward"))
        self.assertEqual(self.apply('--dry-run', path), ('changed', 'changed'))
        self.assertEqual(self.apply(path), ('changed', 'changed'))
        self.assertIn(address, self.dump())

    def test_another_uuid_is_refused(self):
        self.net.netctl('net-apply', self.file(xml(uuid='11111111-1111-4111-8111-111111111111')))
        done = self.net.netctl('net-apply', self.file(xml(uuid='22222222-2222-4222-8222-222222222222')), check=False)
        self.assertEqual(done.rc, 1)
        self.assertIn("network 'net1' already exists with uuid 11111111-1111-4111-8111-111111111111", done.err)

    def test_running_network_loses_nothing(self):
        path = self.file(xml())
        self.assertEqual(self.apply('--start', path), ('defined', 'started'))
        guest = self.guest('g1', self.net, 'virbr1')
        guest.dhcp()
        index, dropped = self.net.ip_json('link', 'show', 'virbr1')[0]['ifindex'], packets_dropped()
        ping = guest.spawn('ping', '-n', '-i', '0.01', '-c', '150', guest.lease.router)
        lib.wait_for('the first answer', lambda: 'bytes from' in ping.log())
        for i in range(5):
            self.file(xml(extra=f'<mtu size="{1400 + i}"/>', domain=f'd{i}', forward="<forward mode='route'/>"))
            self.assertEqual(self.apply(path), ('changed', 'changed'))
        ping.popen.wait(20)
        sent, got = map(int, re.search(r'(\d+) packets transmitted, (\d+) received', ping.log()).groups())
        self.assertLessEqual(sent - got, packets_dropped() - dropped)
        row = self.net.ip_json('link', 'show', 'virbr1')[0]
        self.assertEqual((row['ifindex'], row['mtu']), (index, 1404))
        self.assertEqual(guest.sh('cat', '/sys/class/net/eth0/carrier').out.strip(), '1')

    def test_what_a_running_network_cannot_take(self):
        path = self.file(xml())
        self.net.netctl('net-apply', '--start', path)
        self.file(xml(bridge='virbr9'))
        for dry in (('--dry-run',), (), ()):  # told again as long as it is so
            done = self.net.netctl('net-apply', *dry, path)
            self.assertIn("can't change its bridge from 'virbr1' to 'virbr9' while it runs; destroy and start it",
                          done.out)
        self.assertEqual(self.apply(path), ('unchanged', 'pending'))
        self.assertIn("name='virbr1'", self.dump())
        self.assertIn("name='virbr9'", self.dump('--inactive'))
        self.net.netctl('net-destroy', 'net1')
        self.net.netctl('net-start', 'net1')
        self.assertEqual(self.apply(path), ('unchanged', 'unchanged'))
        self.assertIn("name='virbr9'", self.dump())

    def test_transient_becomes_persistent(self):
        self.net.netctl('net-create', '-', stdin=xml())
        before = self.dump()
        self.assertEqual(self.apply(self.file(xml(domain='d1'))), ('defined', 'changed'))
        self.assertEqual(self.dump(), before.replace("  <ip ", "  <domain name='d1'/>\n  <ip ", 1))
        self.assertTrue(self.net.json('net-info', 'net1')['persistent'])

    def test_refused_while_it_runs(self):
        """What is wrong changes neither the running network nor the definition."""
        path = self.file(xml())
        self.net.netctl('net-apply', '--start', path)
        before = self.dump(), self.dump('--inactive')
        self.net.start_network(xml('net2', bridge='virbr2', net='192.168.151'))
        for text in (xml(net='192.168.151'), xml(bridge='virbr2'), xml().replace('.100', '.300'), '<network/>', ''):
            self.file(text)
            self.assertEqual(self.net.netctl('net-apply', path, check=False).rc, 1, text)
            self.assertEqual((self.dump(), self.dump('--inactive')), before)

    def test_dry_run(self):
        path = self.file(xml())
        state = self.net.state()
        done = self.net.netctl('net-apply', '--dry-run', '--start', path)
        self.assertIn(f'Network net1 would be defined from {path} and started\n', done.out)
        self.assertRegex(done.out, r"\n--- .*\n\+\+\+ .*\n@@ -0,0 \+1,\d+ @@\n\+<network>\n")
        self.assertIn('virbr1', done.out.split('Steps:')[1])
        self.assertEqual((self.names(), self.net.state()), (set(), state))
        self.net.netctl('net-apply', '--start', path)
        state, text = self.net.state(), self.dump()
        self.file(xml(extra='<mtu size="1400"/>'))
        row = self.net.json('net-apply', '--dry-run', path)['networks'][0]
        self.assertEqual((row['definition'], row['running']), ('changed', 'changed'))
        self.assertEqual([line for line in row['diff'].splitlines() if re.match(r'[+-] ', line)],
                         ["+  <mtu size='1400'/>"])
        self.assertIn('1400', row['plan'])
        self.assertEqual((self.dump(), self.net.state()), (text, state))

    def test_dry_run_tells_what_would_fail(self):
        self.net.start_network(xml('net2', bridge='virbr2'))
        done = self.net.netctl('net-apply', '--dry-run', '--start', self.file(xml()), check=False)
        self.assertEqual(done.rc, 1)
        self.assertIn('192.168.150', done.err)

    def test_folder_and_prune(self):
        self.net.define(xml('foreign', bridge='virbr7', net='192.168.157'))
        for i in (1, 2, 3):
            self.file(xml(f'net{i}', bridge=f'virbr{i}', net=f'192.168.{150 + i}'), f'net{i}')
        self.file(xml('foreign', bridge='virbr7', net='192.168.157'), 'foreign')
        with open(os.path.join(self.files, 'README'), 'w') as f:
            f.write('no network')
        self.net.netctl('net-apply', self.files, '--start', '--autostart')
        self.assertEqual(self.names(), {'foreign', 'net1', 'net2', 'net3'})
        self.assertTrue(all(r['active'] and r['autostart'] for r in self.net.json('net-list', '--all')['networks']))
        for name in ('net2', 'net3', 'foreign'):
            os.unlink(os.path.join(self.files, name + '.xml'))
        self.net.netctl('net-apply', self.files)
        self.assertEqual(len(self.names()), 4)
        done = self.net.netctl('net-apply', self.files, '--prune', '--dry-run')
        self.assertIn('Network net2 would be removed\nNetwork net3 would be removed\n', done.out)
        self.assertEqual(len(self.names()), 4)
        self.net.stop_netd()  # it is remembered
        self.net.start_netd()
        other = os.path.join(self.folder, 'other')
        os.mkdir(other)
        self.assertEqual(self.net.json('net-apply', other, '--prune')['removed'], [])
        broken = self.file('<network', 'broken')
        done = self.net.netctl('net-apply', self.files, '--prune', check=False)
        self.assertEqual((done.rc, len(self.names())), (1, 4))
        os.unlink(broken)
        self.assertEqual(self.net.json('net-apply', self.files, '--prune')['removed'], ['net2', 'net3'])
        self.assertEqual(self.names(), {'foreign', 'net1'})
        self.assertEqual(self.net.links() & {'virbr2', 'virbr3'}, set())
        self.assertEqual(self.net.netctl('net-apply', broken, '--prune', check=False).rc, 1)

    def test_undefined_by_hand_is_no_longer_ours(self):
        path = self.file(xml())
        self.net.netctl('net-apply', self.files)
        self.net.netctl('net-undefine', 'net1')
        self.net.define(xml())
        os.unlink(path)
        self.assertEqual(self.net.json('net-apply', self.files, '--prune')['removed'], [])

    def test_one_bad_file_stops_no_other(self):
        self.file('<network><name>a</name><ip address="x"/></network>', 'a')
        self.file(xml())
        done = self.net.netctl('net-apply', self.files, check=False)
        self.assertEqual((done.rc, self.names()), (1, {'net1'}))
        self.assertIn(f'error: Failed to apply {self.files}/a.xml\nerror: ', done.err)

    def test_one_network_in_two_files(self):
        self.file(xml(domain='a'))
        path = self.file(xml(domain='b'), 'other')
        done = self.net.netctl('net-apply', self.files, check=False)
        self.assertEqual((done.rc, done.err), (1, "error: network 'net1' has more than one file here, the last is "
                                                  f'{path}: keep one of them\n'))

    def test_standard_input(self):
        self.assertIn('defined', self.net.netctl('net-apply', '-', stdin=xml()).out)


class History(Definitions):
    def define(self, mtu, **options):
        self.net.netctl('net-define', '-', stdin=self.text(mtu, **options))

    def text(self, mtu, **options):
        return xml(uuid='11111111-1111-4111-8111-111111111111', extra=f'<mtu size="{mtu}"/>', **options)

    def numbers(self, name='net1'):
        return [d['number'] for d in self.net.json('net-history', name)['definitions']]

    def mtu(self, *options):
        return int(re.search(r"mtu size='(\d+)'", self.dump(*options)).group(1))

    def test_list(self):
        for mtu in (1400, 1401, 1401):
            self.define(mtu)
        self.net.netctl('net-update', 'net1', 'add', 'dns-txt', "<txt name='a' value='b'/>")
        rows = self.net.json('net-history', 'net1')['definitions']
        self.assertEqual([(r['number'], r['current'], r.get('lines-removed'), r.get('lines-added')) for r in rows],
                         [(1, False, None, None), (2, False, 1, 1), (3, True, 0, 3)])
        self.assertLess(abs(rows[-1]['time'] - time.time()), 60)
        table = self.net.netctl('net-history', 'net1').out.splitlines()
        self.assertEqual(table[0].split(), ['Number', 'Defined', 'Change', 'Current'])
        self.assertEqual(table[4].split()[-2:], ['+3', 'yes'])
        self.assertIn("<mtu size='1400'/>", self.net.netctl('-q', 'net-history', 'net1', '--xml', '1').out)
        diff = self.net.netctl('net-history', 'net1', '--diff', '2').out
        self.assertEqual(len([line for line in diff.splitlines() if line.startswith('+ ')]), 3)
        done = self.net.netctl('net-history', 'net1', '--xml', '9', check=False)
        self.assertEqual((done.rc, done.err), (1, "error: Requested operation is not valid: there is no definition 9 "
                                                  "of network 'net1'\n"))
        self.assertEqual(self.net.netctl('net-history', '../../etc', check=False).rc, 1)

    def test_bounded(self):
        for mtu in range(1400, 1425):
            self.define(mtu)
        self.assertEqual(self.numbers(), list(range(6, 26)))

    def test_revert(self):
        for mtu in (1400, 1401, 1402):
            self.define(mtu)
        self.assertIn("-  <mtu size='1402'/>\n+  <mtu size='1401'/>",
                      self.net.netctl('net-revert', 'net1', '--dry-run').out)
        self.assertEqual(self.mtu(), 1402)
        self.assertEqual(self.net.netctl('net-revert', 'net1').out, 'Network net1 changed to definition 2\n\n')
        self.assertEqual(self.mtu(), 1401)
        self.net.netctl('net-revert', 'net1')
        self.assertEqual(self.mtu(), 1402)
        self.net.netctl('net-revert', 'net1', '1')
        self.assertEqual((self.mtu(), self.numbers()), (1400, [1, 2, 3, 4, 5, 6]))

    def test_live(self):
        self.define(1400)
        self.net.netctl('net-start', 'net1')
        self.define(1401)
        self.net.netctl('net-revert', 'net1')
        self.define(1402)
        self.net.netctl('net-revert', 'net1', '2')
        self.assertEqual((self.mtu(), self.mtu('--inactive')), (1400, 1401))
        self.net.netctl('net-revert', 'net1', '2', '--live')
        self.assertEqual((self.mtu(), self.mtu('--inactive')), (1401, 1401))
        self.assertEqual(self.net.ip_json('link', 'show', 'virbr1')[0]['mtu'], 1401)

    def test_undefined(self):
        """A network that was undefined by mistake comes back."""
        self.define(1400)
        self.define(1401)
        before = self.dump()
        self.net.netctl('net-undefine', 'net1')
        self.assertEqual([d['current'] for d in self.net.json('net-history', 'net1')['definitions']], [False, False])
        self.assertEqual(self.net.netctl('net-revert', 'net1').out, 'Network net1 defined from definition 2\n\n')
        self.assertEqual((self.dump(), self.numbers()), (before, [1, 2]))
        self.assertEqual(self.net.netctl('net-history', 'never', check=False).rc, 1)

    def test_survives_restart_and_older_files(self):
        """A definition from before there was a history is kept when it is changed."""
        self.define(1400)
        self.net.stop_netd()
        shutil.rmtree(os.path.join(self.net.root, 'var/lib/netd/history'))
        self.net.start_netd()
        self.assertEqual(self.net.netctl('net-history', 'net1', check=False).rc, 1)
        self.define(1401)
        self.assertEqual(self.numbers(), [1, 2])
        self.net.netctl('net-revert', 'net1')
        self.assertEqual(self.mtu(), 1400)
