# SPDX-License-Identifier: GPL-2.0-or-later
"""netctl's verbs that change definitions: net-update, net-desc, net-metadata, net-edit, and net-event's types."""
import json
import os
import pty
import re
import stat
import time

import lib

HOST = "<host mac='52:54:00:00:00:01' ip='192.168.122.20' name='a'/>"
URI = 'http://example.org/x'


class Verbs(lib.Case):
    def setUp(self):
        super().setUp()
        self.net = self.host()
        self.net.start_network('default')

    def program(self, text):
        """An editor: a shell script that gets the file as $1."""
        path = os.path.join(self.folder, f'editor-{self.next_number()}')
        with open(path, 'w') as f:
            f.write(f'#!/bin/sh\n{text}\n')
        os.chmod(path, stat.S_IRWXU)
        return path

    def run_as(self, tool, words, env):
        env = {k: v for k, v in {**os.environ, 'LC_ALL': 'C', **env}.items() if k != 'VISUAL'}
        done = getattr(self.net, tool)(*words, check=False, env=env)
        hidden = re.sub(r'/tmp/(virsh|netctl)\w{6}\.xml', 'TEMPORARY', done.err)
        return done.rc, done.out, hidden

    def same(self, *words, undo=None, **env):
        """virsh and netctl print the same and end the same."""
        results = []
        for tool in ('virsh', 'netctl'):
            results.append(self.run_as(tool, words, env))
            if undo:
                self.net.netctl(*undo)
        self.assertEqual(results[0], results[1], words)
        return results[0]

    def says(self, words, out, rc=0, err='', **env):
        self.assertEqual(self.run_as('netctl', words, env), (rc, out, err), words)

    def reservations(self, *options):
        return re.findall(r"<host .*/>", self.net.netctl('net-dumpxml', 'default', *options).out)


class Update(Verbs):
    @lib.needs('virsh')
    def test_as_virsh(self):
        path = os.path.join(self.folder, 'host.xml')
        with open(path, 'w') as f:
            f.write(HOST)
        add = ('net-update', 'default', 'add', 'ip-dhcp-host')
        drop = ('net-update', 'default', 'delete', 'ip-dhcp-host', HOST)
        for words, undo in (
                ((*add, path), drop), ((*add, HOST, '--live'), drop), ((*add, HOST, '--config'), (*drop, '--config')),
                ((*add, HOST, '--live', '--config'), (*drop, '--live', '--config')),
                ((*add, HOST, '--parent-index', '-1'), drop), ((*add, HOST, '--current'), drop),
                ((*add, HOST, '--current', '--live'), None), ((*add, HOST, '--config', '--current'), None),
                ((*add, HOST, '--parent-index', '7'), None), ((*add, HOST, '--parent-index', 'x'), None),
                (drop, None), (('net-update', 'default', 'modify', 'ip-dhcp-host', HOST), None),
                (('net-update', 'default', 'foo', 'ip-dhcp-host', HOST), None),
                (('net-update', 'default', 'add', 'foo', HOST), None), ((*add, '/nonexistent'), None),
                (('net-update', 'nosuch', 'add', 'ip-dhcp-host', HOST), None), (add, None), (('net-update',), None)):
            self.same(*words, undo=undo)
        self.net.netctl('net-destroy', 'default')
        self.same(*add, HOST, undo=drop)
        self.same(*add, HOST, '--live')

    def test_live_config_both(self):
        self.net.netctl('net-update', 'default', 'add-last', 'ip-dhcp-host', HOST)
        self.assertEqual((len(self.reservations()), len(self.reservations('--inactive'))), (1, 0))
        self.net.netctl('net-update', 'default', 'delete', 'ip-dhcp-host', HOST)
        self.net.netctl('net-update', 'default', 'add-last', 'ip-dhcp-host', '-', '--live', '--config', stdin=HOST)
        self.assertEqual((len(self.reservations()), len(self.reservations('--inactive'))), (1, 1))


class Describe(Verbs):
    def test_notes(self):
        net = 'default'
        for option, name in ((), 'description'), (('--title',), 'title'):
            self.says(('net-desc', net, *option), f'No {name} for network: {net}\n')
            self.says(('net-desc', net, *option, 'two', 'words'), f'Network {name} updated successfully\n')
            self.says(('net-desc', net, *option), 'two words\n')
            self.assertEqual(self.net.json('net-desc', net, *option)[name], 'two words')
            self.says(('net-desc', net, *option, ''), f'Network {name} updated successfully\n')
            self.assertIsNone(self.net.json('net-desc', net, *option)[name])
        self.says(('net-desc', net, '--title', 'a\nb'), '\n', 1,
                  "error: Failed to set new network title\nerror: metadata title can't contain newlines\n")
        self.says(('net-desc', net, '--live', '--config'), '\n', 1,
                  "error: Flags 'VIR_NETWORK_UPDATE_AFFECT_LIVE' and 'VIR_NETWORK_UPDATE_AFFECT_CONFIG' are mutually "
                  'exclusive\n')
        self.net.netctl('net-destroy', net)
        for words in ((), ('x',)):
            self.says(('net-desc', net, '--live', *words), '\n', 1,
                      'error: Requested operation is not valid: network is not running\n')

    def test_edited(self):
        write = self.program('echo "$TEXT" > "$1"')
        self.says(('net-desc', 'default', '--edit'), 'Network description not changed\n\n', EDITOR='true')
        self.says(('net-desc', 'default', '--edit', '--title'), 'Network title updated successfully\n', EDITOR=write,
                  TEXT='a title')
        self.says(('net-desc', 'default', '--title'), 'a title\n')
        self.says(('net-desc', 'default', '--edit'), 'Network description updated successfully\n', EDITOR=write,
                  TEXT='lines')
        self.says(('net-desc', 'default'), 'lines\n\n')

    def test_metadata(self):
        words = ('net-metadata', 'default', URI)
        self.says(words, '\n\n')
        self.says((*words, '--set', '<a/>'), '\n', 1,
                  'error: namespace key is required when modifying metadata\n')
        self.says((*words, '--key', 'k', '--set', '<a><b/></a>'), 'Metadata modified\n\n')
        self.says(words, '<a>\n  <b/>\n</a>\n\n')
        self.assertIn('<b/>', self.net.json(*words)['metadata'])
        self.says((*words, '--remove', '--set', 'x'), '\n', 1,
                  'error: Options --remove and --set are mutually exclusive\n')
        self.says((*words, '--edit', '--key', 'k'), 'Metadata not changed\n', EDITOR='true')
        write = self.program('echo "<c/>" > "$1"')
        self.says((*words, '--edit', '--key', 'k'), 'Metadata modified\n\n', EDITOR=write)
        self.says((*words, '--remove'), 'Metadata removed\n\n')
        self.assertIsNone(self.net.json(*words)['metadata'])


class Edit(Verbs):
    @lib.needs('virsh')
    def test_as_virsh(self):
        change = self.program('''sed -i "s,<mac,<domain name='x'/><mac," "$1"''')
        self.same('net-edit', 'default', EDITOR='true')
        self.same('net-edit', 'default', EDITOR='false')
        self.same('net-edit', 'default', EDITOR='true; false')
        self.same('net-edit', 'nosuch', EDITOR='true')
        before = os.path.join(self.folder, 'before.xml')
        with open(before, 'w') as f:
            f.write(self.net.netctl('net-dumpxml', 'default').out)
        self.same('net-edit', 'default', EDITOR=change, undo=('net-define', before))

    def test_visual_goes_first(self):
        done = self.net.netctl('net-edit', 'default', env={**os.environ, 'VISUAL': 'true', 'EDITOR': 'false'})
        self.assertEqual(done.out, 'Network default XML configuration not changed.\n\n')

    def test_changed_by_somebody_else(self):
        """What another one wrote meanwhile isn't overwritten."""
        other = self.program(f'{lib.NETCTL} -q --root {self.net.root} net-desc default --config theirs\n'
                             '''sed -i "s,<mac,<domain name='mine'/><mac," "$1"''')
        self.says(('net-edit', 'default'), '\n', 1, 'error: The XML configuration was changed by another user.\n',
                  EDITOR=other)
        text = self.net.netctl('net-dumpxml', '--inactive', 'default').out
        self.assertIn('theirs', text)
        self.assertNotIn('mine', text)

    def test_refused(self):
        """A refusal is a failure, and says why."""
        spoil = self.program('''sed -i "s,end='192.168.122.254',end='192.168.99.254'," "$1"''')
        rc, _, err = self.run_as('netctl', ('net-edit', 'default'), {'EDITOR': spoil})
        self.assertEqual((rc, err.split('\n')[0]), (1, 'error: Failed.'))
        self.assertIn('192.168.99.254', err)


class Terminal(Verbs):
    """What is refused is offered again to somebody who sits there."""

    def at_terminal(self, words, keys, env):
        """Run it on a terminal of its own and press `keys` whenever it asks; (status, all that was shown)."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execvpe(words[0], words, {**os.environ, 'LC_ALL': 'C', **env})
        shown, keys = b'', list(keys)
        while True:
            try:
                data = os.read(fd, 4096)
            except OSError:  # the other end is closed
                break
            shown += data
            if shown.endswith(b'?]: ') and keys:
                os.write(fd, keys.pop(0).encode())
        os.close(fd)
        text = re.sub('Authorization not available.*\n', '', shown.decode())
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text

    @lib.needs('virsh')
    def test_as_virsh(self):
        spoil = self.program('''sed -i "s,end='192.168.122.254',end='192.168.99.254'," "$1"''')
        uri = f'network:///system?mode=direct&socket={self.net.socket}'
        for keys in 'n', '?n', 'fn', 'yxn':
            results = [self.at_terminal(self.net.words(*words, 'net-edit', 'default'), keys, {'EDITOR': spoil})
                       for words in (('virsh', '-c', uri), (lib.NETCTL, '--root', self.net.root))]
            self.assertEqual(results[0], results[1], keys)
            self.assertEqual(results[0][0], 1)
            self.assertIn('Failed. Try again? [y,n,f,?]: ', results[0][1])

    def test_mended(self):
        """What was written is still there to be mended."""
        editor = self.program('''if grep -q 192.168.99 "$1"; then sed -i s,192.168.99.254,192.168.122.99, "$1"
                                 else sed -i "s,end='192.168.122.254',end='192.168.99.254'," "$1"; fi''')
        words = self.net.words(lib.NETCTL, '--root', self.net.root, 'net-edit', 'default')
        status, text = self.at_terminal(words, 'y', {'EDITOR': editor})
        self.assertEqual((status, text.splitlines()[-2]), (0, 'Network default XML configuration edited.'))
        self.assertIn("end='192.168.122.99'", self.net.netctl('net-dumpxml', '--inactive', 'default').out)


class Event(Verbs):
    def test_types(self):
        self.says(('net-event', '--list'), 'lifecycle\nmetadata-change\ncondition\nlease\n\n')
        self.assertEqual(self.net.json('net-event', '--list')['events'], ['lifecycle', 'metadata-change', 'condition', 'lease'])
        self.says(('net-event', '--event', 'x'), '\n', 1, 'error: unknown event type x\n')
        self.says(('net-event', '--event', 'metadata-change', '--timeout', '1'),
                  'event loop timed out\nevents received: 0\n\n', 1)

    def test_metadata_change(self):
        words = [lib.NETCTL, '--root', self.net.root, 'net-event', '--event', 'metadata-change', '--loop']
        text, objects = self.net.spawn(*words), self.net.spawn(*words, '--json')
        time.sleep(0.5)
        self.net.netctl('net-desc', 'default', 'text')
        self.net.netctl('net-metadata', 'default', URI, '--key', 'k', '--set', '<a/>')
        lib.wait_for('two events', lambda: text.log().count('\n') == 2 and objects.log().count('\n') == 2)
        self.assertEqual(text.log(), "event 'metadata-change' for network default: type description, uri <null>\n"
                                     f"event 'metadata-change' for network default: type element, uri {URI}\n")
        got = [json.loads(line) for line in objects.log().splitlines()]
        self.assertEqual([(o['type'], o['uri']) for o in got], [('description', None), ('element', URI)])
