# SPDX-License-Identifier: GPL-2.0-or-later
"""Every element and attribute of the schema is in a definition that the fuzzers begin with, and each of libvirt's in one
that is compared with libvirt."""
import glob
import os
import re
import sys
import unittest
import xml.etree.ElementTree

import lib

sys.path.insert(0, os.path.join(lib.TOP, 'tests/conformance'))
import documents

RELAXNG = '{http://relaxng.org/ns/structure/1.0}'
NETD = 'urn:netd:network:1'


def schema():
    """(element, attribute) by name: those of libvirt's, and netd's own."""
    theirs, ours = set(), set()

    def walk(node, inside_ours):
        for child in node:
            here = inside_ours
            if child.tag == RELAXNG + 'element' and child.get('name'):
                here = child.get('ns') == NETD
                (ours if here else theirs).add(child.get('name'))
            elif child.tag == RELAXNG + 'attribute' and child.get('name'):
                (ours if here else theirs).add('@' + child.get('name'))
            walk(child, here)
    for define in xml.etree.ElementTree.parse(os.path.join(lib.TOP, 'network/network.rng')).getroot():
        walk(define, (define.get('name') or '').startswith('netd'))
    return theirs, ours


def named_in(text):
    return set(re.findall(r'<(?:\w+:)?([\w-]+)', text)) | {'@' + a for a in re.findall(r'\s(\w+)\s*=\s*["\']', text)}


class Coverage(unittest.TestCase):
    def test_fuzz_corpus(self):
        theirs, ours = schema()
        have = set()
        for path in glob.glob(os.path.join(lib.TOP, 'tests/fuzz/network/corpus-xml/*')):
            with open(path, encoding='utf-8', errors='replace') as f:
                have |= named_in(f.read())
        self.assertEqual((theirs | ours) - have, set())

    def test_documents(self):
        theirs, _ = schema()
        have = set()
        for _, document, _ in documents.cases():
            have |= named_in(document)
        self.assertEqual(theirs - have, set())


if __name__ == '__main__':
    unittest.main()
