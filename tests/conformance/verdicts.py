# SPDX-License-Identifier: GPL-2.0-or-later
"""What a real libvirtd said to the cases of documents.py and updates.py, as the tables documents.verdicts and
updates.verdicts have it, and how another daemon compares.

A line is a case: its name, a tab, and its verdicts, "ok" or CODE/DOMAIN. Indented lines below it say how what is
printed differs from what is printed of the case's frame (updates: of the definition before), which is given whole.
"""
import difflib
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS = {'documents': ('define', 'validate', 'start'), 'updates': ('update',)}
FORMS = ('dump', 'live')


def word(verdict):
    return 'ok' if verdict is None else f'{verdict[0]}/{verdict[1]}'


def base_of(kind, name):
    """The case whose printed form others are told by."""
    if kind == 'updates':
        definition, state = re.match(r'([\w-]+), (running|stopped)', name).groups()
        return f'{definition}, {state}'
    frame = name.split('/', 1)[0]
    return 'bare/' if frame in ('whole', 'bare') else f'{frame}/'


def difference(base, text):
    """Only what is to be removed and added, with its place."""
    lines = difflib.unified_diff(base.splitlines(), text.splitlines(), n=0, lineterm='')
    return [line for line in lines if not line.startswith(('---', '+++'))]


def lines_of(kind, found):
    """The table, line by line."""
    bases = {}
    for name, got in found.items():
        yield name + '\t' + ' '.join(f'{c} {word(got[c])}' for c in COLUMNS[kind] if c in got)
        for form in FORMS:
            if form not in got:
                continue
            key = base_of(kind, name), form
            if key not in bases:
                yield from (f'    {form}: {line}' for line in got[form].splitlines())
                bases[key] = got[form]
            else:
                yield from (f'    {form} {line}' for line in difference(bases[key], got[form]))


def parse(lines):
    """{name: (verdicts, [lines of what is printed])}."""
    cases, at = {}, None
    for line in lines:
        if line.startswith('    '):
            at[1].append(line)
        elif line and not line.startswith('#'):
            name, verdicts = line.split('\t')
            words = verdicts.split()
            at = cases[name] = dict(zip(words[::2], words[1::2])), []
    return cases


def path_of(kind):
    return os.path.join(HERE, f'{kind}.verdicts')


def read(kind):
    """The recorded table."""
    with open(path_of(kind), encoding='utf-8') as f:
        return parse(f.read().split('\n'))


def as_read(kind, found):
    """The same of what a probe found."""
    return parse(lines_of(kind, found))


def compare(kind, recorded, got, rules):
    """([what differs without a rule], {rules that nothing needs}). A rule is (reason, what, pattern)."""
    wrong, unused = [], set(rules)

    def allowed(name, what):
        hits = {r for r in rules if r[1] == what and re.search(r[2], name)}
        unused.difference_update(hits)
        return bool(hits)

    for name, (verdicts, printed) in recorded.items():
        mine, my_printed = got.get(name, ({}, []))
        same = True
        for column in COLUMNS[kind]:
            a, b = verdicts.get(column), mine.get(column)
            if a == b or (column == 'start' and (b is None or a != 'ok')):
                continue  # where it was recorded, the kernel or a device may have been missing
            same = False
            what = 'refuses' if a == 'ok' else 'accepts' if b == 'ok' else 'class'
            if not allowed(name, what):
                wrong.append(f'{name}: {column}: libvirt {a}, here {b}')
        if verdicts.get('start') != mine.get('start'):
            printed, my_printed = ([x for x in p if not x.startswith('    live')] for p in (printed, my_printed))
        if same and printed != my_printed and not allowed(name, 'prints'):
            wrong.append('\n'.join([f'{name}: printed', *difference('\n'.join(printed), '\n'.join(my_printed))]))
    wrong += [f'{name}: not in the table' for name in got if name not in recorded]
    return wrong, unused
