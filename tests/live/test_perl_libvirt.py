# SPDX-License-Identifier: GPL-2.0-or-later
"""libvirt's Perl binding, Sys::Virt."""
import os
import re
import unittest

import lib

PERL = '/usr/bin/perl'
SCRIPT = os.path.join(lib.TOP, 'tests/conformance/perl-sys-virt')


def installed():
    return os.path.exists(PERL) and lib.sh(PERL, '-MSys::Virt', '-MTest::More', '-e', '1', check=False).rc == 0


class PerlLibvirt(lib.Case):
    @unittest.skipUnless(installed(), 'not installed: libsys-virt-perl')
    def test_conformance(self):
        host = self.host()
        got = host.sh(PERL, SCRIPT, host.socket, check=False, timeout=120)
        self.assertEqual((re.findall(r'^not ok.*(?:\n#.*)*', got.out, re.M), got.rc), ([], 0), got.err)


if __name__ == '__main__':
    unittest.main()
