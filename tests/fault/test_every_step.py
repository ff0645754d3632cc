# SPDX-License-Identifier: GPL-2.0-or-later
"""At every single call by which a start or a stop changes the kernel or a file: the controller dies, or the call fails.
What follows puts it right in one go."""
import errno
import mmap
import os
import shutil
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
import lib

LIBRARY = os.path.join(lib.BUILD, 'tests', 'fault', 'libfault-calls.so')
KILL_BEFORE, KILL_AFTER, FAIL = range(3)
XML = lib.network_xml().replace('</network>', "<ip family='ipv6' address='fd50::1' prefix='64'/>"
                                "<route address='10.99.0.0' prefix='16' gateway='192.168.150.9'/></network>")


@lib.unittest.skipUnless(os.path.exists(LIBRARY), 'the library is not built')
class Preloaded(lib.Case):
    """self.h runs a netd whose controller has the library; arm() says what shall go wrong."""

    def setUp(self):
        super().setUp()
        self.h = self.host(start=False)
        programs = os.path.join(self.folder, 'programs')
        os.makedirs(programs)
        build = os.path.dirname(lib.NETD)
        shutil.copy(lib.NETD, os.path.join(programs, 'netd'))
        os.symlink(os.path.join(build, 'netd-worker'), os.path.join(programs, 'netd-worker'))
        wish = os.path.join(self.folder, 'fault')
        with open(wish, 'wb') as f:
            f.write(struct.pack('=iiii', -1, 0, 0, 0))
        with open(os.path.join(programs, 'netd-controller'), 'w') as f:
            f.write(f'#!/bin/sh\nexport LD_PRELOAD={LIBRARY} FAULT_FILE={wish}\nexec {build}/netd-controller "$@"\n')
            os.fchmod(f.fileno(), 0o755)
        with open(wish, 'r+b') as f:
            self.wish = mmap.mmap(f.fileno(), 16)
        self.addCleanup(setattr, lib, 'NETD', lib.NETD)
        lib.NETD = os.path.join(programs, 'netd')
        self.h.start_netd()

    def arm(self, at, mode, errnum=0):
        self.wish[:] = struct.pack('=iiii', at, mode, errnum, 0)

    def fired(self):
        return struct.unpack('=iiii', self.wish[:])[0] == -1


class EveryStep(Preloaded):
    def setUp(self):
        super().setUp()
        self.h.sh('ip', 'link', 'add', 'foreign0', 'type', 'bridge')
        self.h.sh('nft', 'add', 'table', 'inet', 'foreign')
        self.h.define(XML)
        self.h.netctl('net-start', 'net1')
        self.want = self.picture()
        self.h.netctl('net-destroy', 'net1')

    def picture(self):
        """What is ours in the kernel, without indexes, handles and what the kernel adds."""
        blocks = self.h.sh('nft', '-s', 'list', 'table', 'inet', 'netd', check=False).out
        return {'rules': sorted(b.strip('}\n') for b in blocks.replace('table inet netd {', '').split('\n\n')),
                'addresses': self.h.addresses('virbr1'),
                'addresses6': [a for a in self.h.addresses('virbr1', 'inet6') if not a.startswith('fe80')],
                'routes': sorted(self.h.sh('ip', 'route', 'show', 'dev', 'virbr1').out.replace('linkdown', '').split())}

    def assert_started(self, what):
        self.assertEqual(self.picture(), self.want, what)

    def assert_stopped(self, what):
        self.assertNotIn('virbr1', self.h.links(), what)
        self.assertNotIn('net1', self.h.rules(), what)
        self.assertNotIn('10.99.0.0', self.h.sh('ip', 'route').out, what)

    def active(self):
        return self.h.netctl('net-list', '--name').out.split() == ['net1']

    def serving(self):
        lib.wait_for('a controller', lambda: self.h.netctl('status', check=False).rc == 0, 20, 0.01)

    def steps(self, mode, starting, errnum=0):
        """Every call of a start or a stop, until one goes by without the fault."""
        verb, other = ('net-start', 'net-destroy') if starting else ('net-destroy', 'net-start')
        self.serving()
        if self.active() == starting:
            self.h.netctl(other, 'net1')
        at = 0
        while True:
            what = f'{verb}, call {at}, mode {mode}, {errnum and errno.errorcode[errnum]}'
            self.arm(at, mode, errnum)
            result = self.h.netctl(verb, 'net1', check=False)
            if not self.fired():
                break
            self.serving()
            if self.active() != starting:
                # As it was before, then: and the next attempt goes through.
                if starting and result.rc and mode == FAIL:
                    self.assert_stopped(what)
                self.h.netctl(verb, 'net1')
            (self.assert_started if starting else self.assert_stopped)(what)
            self.h.netctl(other, 'net1')
            (self.assert_stopped if starting else self.assert_started)(what)
            at += 1
        self.arm(-1, FAIL)
        self.assertEqual(result.rc, 0)
        self.assertGreater(at, 5 if starting else 3)
        self.assertIn('foreign0', self.h.links())
        self.assertIn('table inet foreign', self.h.rules())

    def test_f19_dies_before_a_call_of_a_start(self):
        self.steps(KILL_BEFORE, True)

    def test_f19_dies_after_a_call_of_a_start(self):
        self.steps(KILL_AFTER, True)

    def test_f19_dies_after_a_call_of_a_stop(self):
        self.steps(KILL_AFTER, False)

    def test_f20_calls_of_a_start_fail(self):
        for errnum in (errno.ENOMEM, errno.EPERM, errno.EEXIST):
            self.steps(FAIL, True, errnum)

    def test_f20_calls_of_a_stop_fail(self):
        for errnum in (errno.ENOMEM, errno.EPERM):
            self.steps(FAIL, False, errnum)

    def test_one_of_many_fails(self):
        """Networks that start together share a transaction; a call that fails costs at most one of them its start."""
        names = [f'many{i}' for i in range(6)]
        for i, name in enumerate(names):
            self.h.define(lib.network_xml(name, f'virbr{i + 10}', f'10.77.{i}'))
        everything = None
        for at in range(-1, 40):
            self.arm(at, FAIL, errno.ENOMEM)
            starts = [self.h.spawn(lib.NETCTL, '--root', self.h.root, 'net-start', name) for name in names]
            ends = [s.popen.wait(20) for s in starts]
            fired = self.fired()
            self.arm(-1, FAIL)
            failed = [name for name, end in zip(names, ends) if end]
            self.assertLessEqual(len(failed), 1 if at >= 0 else 0, f'call {at}')
            active = self.h.netctl('net-list', '--name').out.split()
            self.assertEqual(active, [name for name in names if name not in failed], f'call {at}')
            for name in failed:
                self.assertNotIn(f'_{name}', self.h.rules(), f'call {at}')
                self.h.netctl('net-start', name)
            rules = sorted(self.h.rules().split('\n'))
            everything = everything or rules
            self.assertEqual(rules, everything, f'call {at}')
            self.h.netctl('net-destroy', *names, check=False)
            for name in self.h.netctl('net-list', '--name').out.split():
                self.h.netctl('net-destroy', name)
            if not fired:
                break
