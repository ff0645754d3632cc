# SPDX-License-Identifier: GPL-2.0-or-later
"""libvirt's Python binding, which belongs to Debian's own Python."""
import os
import re
import unittest

import lib

PYTHON = '/usr/bin/python3'
SCRIPT = os.path.join(lib.TOP, 'tests/conformance/python-libvirt')


def installed():
    return os.path.exists(PYTHON) and lib.sh(PYTHON, '-c', 'import libvirt', check=False).rc == 0


class PythonLibvirt(lib.Case):
    @unittest.skipUnless(installed(), 'not installed: python3-libvirt')
    def test_conformance(self):
        host = self.host()
        got = host.sh(PYTHON, SCRIPT, host.socket, check=False, timeout=120)
        self.assertEqual((re.findall(r'^not ok.*(?:\n#.*)*', got.out, re.M), got.rc), ([], 0), got.err)


if __name__ == '__main__':
    unittest.main()
