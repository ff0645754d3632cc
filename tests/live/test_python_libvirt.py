# SPDX-License-Identifier: GPL-2.0-or-later
"""libvirt's Python binding, which belongs to Debian's own Python."""
import os
import re
import unittest

import lib

PYTHON = '/usr/bin/python3'
CONFORMANCE = os.path.join(lib.TOP, 'tests/conformance')


def installed():
    return os.path.exists(PYTHON) and lib.sh(PYTHON, '-c', 'import libvirt', check=False).rc == 0


class PythonLibvirt(lib.Case):
    def run_script(self, name):
        if not installed():
            self.skipTest('not installed: python3-libvirt')
        host = self.host()
        got = host.sh(PYTHON, os.path.join(CONFORMANCE, name), host.socket, check=False, timeout=120)
        self.assertEqual((re.findall(r'^not ok.*(?:\n#.*)*', got.out, re.M), got.rc), ([], 0), got.err)

    def test_conformance(self):
        self.run_script('python-libvirt')

    def test_compatibility_kit(self):
        self.run_script('tck')


if __name__ == '__main__':
    unittest.main()
