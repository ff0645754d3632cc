# SPDX-License-Identifier: GPL-2.0-or-later
"""The installed virsh gets along as with libvirt's own daemon: what succeeds there succeeds here, and what is refused
there is refused here."""
import os
import re

import lib

SCRIPT = os.path.join(lib.TOP, 'tests/conformance/virsh-versions')


@lib.needs('virsh')
class VirshSession(lib.Case):
    def test_nothing_contradicts_libvirt(self):
        got = lib.sh(SCRIPT, '--netd', lib.BUILD, check=False, timeout=120)
        wrong = re.findall(r'^\$ .*(?:\n(?!\$).*)*?\nexit \d INSTEAD OF \d', got.out, re.M)
        self.assertEqual((wrong, got.rc), ([], 0), got.err)
        events = got.out.split('# Events: lifecycle\n')[1]
        self.assertIn("event 'lifecycle' for network lab: Defined\n", events)
        self.assertIn("event 'lifecycle' for network small: Stopped\n", events)
