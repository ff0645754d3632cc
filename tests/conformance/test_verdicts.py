# SPDX-License-Identifier: GPL-2.0-or-later
"""Three thousand definitions and nine hundred changes to networks mean here what they mean to libvirt 11.3: accepted or
refused, in the same class, from the same part, and printed the same. Where netd means to differ stands in differences.py."""
import json
import os
import re
import subprocess
import sys
import unittest

import lib

HERE = os.path.join(lib.TOP, 'tests/conformance')
sys.path.insert(0, HERE)
import differences
import verdicts

has_binding = not subprocess.run(['/usr/bin/python3', '-c', 'import libvirt'], capture_output=True, check=False).returncode


@unittest.skipIf(not has_binding, 'not installed: python3-libvirt')
class Verdicts(lib.Case):
    def compare(self, kind, rules):
        host = self.host()
        found = json.loads(lib.sh(os.path.join(HERE, 'probe-verdicts'), host.socket, kind, timeout=170).out)
        wrong, unused = verdicts.compare(kind, verdicts.read(kind), verdicts.as_read(kind, found), rules)
        self.assertEqual(wrong[:20], [], f'{len(wrong)} differences from libvirt')
        self.assertEqual(unused, set(), 'differences that there are no longer')
        return found

    def test_documents(self):
        found = self.compare('documents', differences.DOCUMENTS)
        # Whatever is refused is refused with its place, what was wrong, and in UTF-8.
        vague = [(name, got['define'][2]) for name, got in found.items()
                 if got['define'] and not re.search(r'\bline \d+: ', got['define'][2]) and
                 not name.startswith('bare/<forward')]
        self.assertEqual(vague, [])

    def test_updates(self):
        self.compare('updates', differences.UPDATES)

    def test_reasons_are_told(self):
        with open(os.path.join(lib.TOP, 'docs/libvirt.md'), encoding='utf-8') as f:
            told = set(re.findall(r'^\| \*([\w-]+)\* \|', f.read(), re.M))
        self.assertEqual({r[0] for r in differences.DOCUMENTS + differences.UPDATES}, told)
