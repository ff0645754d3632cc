# SPDX-License-Identifier: GPL-2.0-or-later
"""Hook scripts: called as libvirt calls them, in order, and obeyed as libvirt obeys them."""
import os
import shutil
import threading
import time

import lib

XML = lib.network_xml(name='net1', bridge='virbr1')


class Hooks(lib.Case):
    def setUp(self):
        super().setUp()
        self.h = self.host()
        self.dir = os.path.join(self.h.root, 'etc/netd/hooks')
        self.log = os.path.join(self.folder, 'calls')
        os.makedirs(os.path.join(self.dir, 'network.d'))

    def script(self, name, text, mode=0o755):
        path = os.path.join(self.dir, name)
        with open(path, 'w') as f:
            f.write('#!/bin/sh\n' + text)
        os.chmod(path, mode)
        return path

    def calls(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log) as f:
            return f.read().splitlines()

    def test_order_and_arguments(self):
        say = f'echo "$(basename $0)|$*|$(pwd)|$(env | sort | cut -d= -f1 | tr "\\n" " ")" >>{self.log}\n'
        self.script('network', say)
        self.script('network.d/20-b', say)
        self.script('network.d/10-a', say)
        self.script('network.d/30-not-executable', say, 0o644)
        self.script('network.d/40-of-everybody', say, 0o777)
        self.h.start_network(XML)
        self.h.netctl('net-destroy', 'net1')
        self.assertEqual([c.split('|')[:3] for c in self.calls()],
                         [[s, f'net1 {op} -', '/'] for op in ('start begin', 'started begin', 'stopped end')
                          for s in ('network', '10-a', '20-b')])
        self.assertLessEqual(set(self.calls()[0].split('|')[3].split()), {'HOME', 'LC_ALL', 'PATH', 'PWD', '_', 'SHLVL', 'OLDPWD'})

    def test_of_libvirt(self):
        """By a setting, scripts stay where libvirt has them; ours come after."""
        folder = os.path.join(self.h.root, 'etc/libvirt/hooks')
        os.makedirs(os.path.join(folder, 'network.d'))
        for path in ('network', 'network.d/10-a', 'qemu'):
            shutil.copy(self.script('network', f'echo "$0 $2" >>{self.log}\n'), os.path.join(folder, path))
        self.h.start_network(XML)
        self.assertEqual(self.calls(), [f'{self.dir}/network {op}' for op in ('start', 'started')])
        with open(os.path.join(self.h.root, 'etc/netd/netd.conf'), 'w') as f:
            f.write('libvirt_hooks = yes\n')
        self.h.stop_netd()
        self.h.start_netd()
        os.unlink(self.log)
        self.h.netctl('net-destroy', 'net1')
        self.assertEqual(self.calls(), [f'{path} stopped' for path in (
            f'{folder}/network', f'{folder}/network.d/10-a', f'{self.dir}/network')])

    def test_document(self):
        self.script('network', f'cat >{self.log}.$2\n')
        self.h.start_network(XML)
        with open(self.log + '.started') as f:
            document = f.read()
        self.assertTrue(document.startswith('<hookData>\n  <network>\n    <name>net1</name>\n'), document)
        self.assertTrue(document.endswith('  </network>\n</hookData>'), document)

    def test_failures(self):
        before = self.h.state()
        for operation in ('start', 'started'):
            self.script('network', f'echo $2 >>{self.log}; [ $2 != {operation} ] || {{ echo "no, not $2" >&2; exit 3; }}\n')
            self.h.define(XML)
            refused = self.h.netctl('net-start', 'net1', check=False)
            self.assertEqual(refused.rc, 1)
            self.assertIn(f'net1 {operation} begin -: ended with status 3: no, not {operation}', refused.err)
            self.assertEqual(self.h.json('net-info', 'net1')['active'], False)
            self.h.netctl('net-undefine', 'net1')
        self.assertEqual(self.calls(), ['start', 'start', 'started', 'stopped'])
        lib.wait_for('the parked bridge to go', lambda: self.h.state()['links'] == before['links'], 10)
        # A failure of "stopped" changes nothing.
        self.script('network', '[ $2 != stopped ]\n')
        self.h.start_network(XML)
        self.h.netctl('net-destroy', 'net1')

    def test_others_go_on_meanwhile(self):
        self.script('network', '[ $1 != net1 ] || sleep 2\n')
        self.h.define(XML)
        slow = self.h.spawn(lib.NETCTL, '--root', self.h.root, 'net-start', 'net1')
        time.sleep(0.2)
        since = time.monotonic()
        self.h.start_network(lib.network_xml(name='net2', bridge='virbr2', net='192.168.151'))
        self.assertLess(time.monotonic() - since, 1)
        self.assertEqual(self.h.netctl('net-list', '--name').out.split(), ['net2'])
        self.assertEqual(slow.popen.wait(10), 0)
        self.assertEqual(self.h.netctl('net-list', '--name').out.split(), ['net1', 'net2'])

    PORT = ("<networkport><uuid>{}</uuid><owner><name>vm1</name><uuid>0a1b2c3d-0000-4000-8000-00000000000a</uuid></owner>"
            "<mac address='52:54:00:11:22:33'/></networkport>")
    FIRST, SECOND = (f'0a1b2c3d-0000-4000-8000-00000000010{i}' for i in (1, 2))

    def port(self, uuid, check=True):
        return self.h.netctl('net-port-create', 'net1', '-', stdin=self.PORT.format(uuid), check=check)

    def test_ports(self):
        self.h.start_network(XML)
        self.script('network', f'echo "$*" >>{self.log}; cat >{self.log}.$2\n')
        self.port(self.FIRST)
        self.h.netctl('net-port-delete', 'net1', self.FIRST)
        self.assertEqual(self.calls(), ['net1 port-created begin -', 'net1 port-deleted begin -'])
        for operation in 'port-created', 'port-deleted':
            with open(f'{self.log}.{operation}') as f:
                document = f.read()
            self.assertRegex(document, '(?s)^<hookData>\n  <network>\n    <name>net1</name>\n.*\n  </network>\n'
                             f'  <networkport>\n    <uuid>{self.FIRST}</uuid>\n.*bridge=.virbr1.*\n'
                             '  </networkport>\n</hookData>$')
        # With an interface made by netd, too.
        made = self.h.json('port-add', 'net1', '--tap', 'tap7')
        self.assertEqual(made['interface'], 'tap7')
        self.h.netctl('port-remove', 'net1', 'tap7')
        self.assertEqual(self.calls()[2:], ['net1 port-created begin -', 'net1 port-deleted begin -'])
        self.script('network', 'exit 4\n')
        refused = self.h.netctl('port-add', 'net1', '--tap', 'tap8', check=False)
        self.assertIn('port-created begin -: ended with status 4', refused.err)
        lib.wait_for('its interface to go', lambda: 'tap8' not in self.h.links())

    def test_port_refused(self):
        self.h.start_network(XML)
        self.script('network', 'echo "no room" >&2; exit 4\n')
        refused = self.port(self.FIRST, check=False)
        self.assertEqual(refused.rc, 1)
        self.assertIn('net1 port-created begin -: ended with status 4: no room', refused.err)
        self.assertNotIn(self.FIRST, self.h.netctl('net-port-list', 'net1').out)
        self.script('network', '[ $2 != port-deleted ]\n')
        self.port(self.SECOND)
        self.h.netctl('net-port-delete', 'net1', self.SECOND)  # a failure there is only logged
        self.assertNotIn(self.SECOND, self.h.netctl('net-port-list', 'net1').out)
        self.assertIn('net1 port-deleted begin -: ended with status 1', self.h.daemon.log())

    def test_ports_one_after_the_other(self):
        """Scripts about one network don't overlap, whoever is waiting."""
        self.h.start_network(XML)
        self.script('network', f'echo begin >>{self.log}; sleep 0.3; echo end >>{self.log}\n')
        both = [self.h.spawn('sh', '-c', 'printf %s "$0" | exec "$@"', self.PORT.format(u), lib.NETCTL, '--root', self.h.root,
                             'net-port-create', 'net1', '-') for u in (self.FIRST, self.SECOND)]
        self.assertEqual([p.popen.wait(10) for p in both], [0, 0])
        self.assertEqual(self.calls(), ['begin', 'end', 'begin', 'end'])

    def test_slow_at_the_start(self):
        """A script that takes its time keeps its own network waiting, not everybody's clients."""
        self.h.define(lib.network_xml(name='net2', bridge='virbr2', net='192.168.151'))
        self.h.define(XML)
        for name in ('net1', 'net2'):
            self.h.netctl('net-autostart', name)
        self.script('network', '[ "$1 $2" != "net1 start" ] || exec sleep 25\n')
        self.h.stop_netd()
        self.h.start_netd(seconds=22)
        self.assertEqual(self.h.netctl('net-list', '--name').out.split(), ['net2'])
        lib.wait_for('the other network', lambda: 'net1' in self.h.netctl('net-list', '--name').out.split(), 20, 0.2)

    def test_answers_before_it_is_ready(self):
        """While autostart is under way clients are told what is true: what ran runs, the rest doesn't yet."""
        self.h.start_network(lib.network_xml(name='net2', bridge='virbr2', net='192.168.151'))
        self.h.define(XML)
        self.h.netctl('net-autostart', 'net1')
        self.h.stop_netd()
        self.script('network', '[ "$1 $2" != "net1 start" ] || exec sleep 3\n')
        since = time.monotonic()
        starting = threading.Thread(target=self.h.start_netd)
        starting.start()
        lib.wait_for('an answer', lambda: self.h.netctl('net-list', check=False).rc == 0, 2)
        self.assertEqual(self.h.netctl('net-list', '--name').out.split(), ['net2'])
        states = {n['name']: n['state'] for n in self.h.json('status')['networks']}
        self.assertEqual(states, {'net1': 'inactive', 'net2': 'active'})
        self.h.netctl('net-destroy', 'net2')
        self.assertLess(time.monotonic() - since, 2.5)
        self.assertTrue(starting.is_alive(), 'READY=1 before the networks were started')
        starting.join()
        self.assertEqual(self.h.netctl('net-list', '--name').out.split(), ['net1'])

    def test_not_at_a_restart(self):
        self.h.start_network(XML)
        self.script('network', f'echo $2 >>{self.log}\n')
        self.h.daemon.kill()
        self.h.start_netd()
        self.assertEqual(self.h.netctl('net-list', '--name').out.split(), ['net1'])
        self.assertEqual(self.calls(), [])


if __name__ == '__main__':
    import unittest
    unittest.main()
