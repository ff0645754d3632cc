# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels lack parts: what can't be had is left out and told, and everything else works."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'live'))
import lib
import test_every_step

NO_HTB, NO_INGRESS, NO_IFB, NO_MIRRED = range(3, 7)  # fault-calls.c
LIMITS = "<bandwidth><inbound average='2000'/><outbound average='1000'/></bandwidth>"


class Bandwidth(test_every_step.Preloaded):
    def troubles(self):
        return {c['object']: c for c in self.h.json('status')['conditions'] if c['kind'] == 'bandwidth'}

    def missing(self, part, ways):
        """A network with limits starts, serves a guest and says what it lacks; at the next start it has all."""
        self.h.define(lib.network_xml().replace('<bridge', LIMITS + '<bridge'))
        self.arm(-1, part)
        self.h.netctl('net-start', 'net1')
        self.assertEqual(set(self.troubles()), ways)
        for told in self.troubles().values():
            self.assertEqual(told['network'], 'net1')
            self.assertIn('sch_htb', told['to-do'])
        guest = self.guest('g1', self.h, 'virbr1')
        guest.dhcp()
        guest.ping('192.168.150.1')
        self.assertNotIn('ifb', self.h.sh('ip', '-br', 'link', 'show', 'type', 'ifb').out)
        left = self.h.sh('tc', 'qdisc', 'show', 'dev', 'virbr1').out
        self.assertEqual('htb' in left, 'inbound' not in ways)
        self.assertNotIn('ingress', left)
        self.arm(-1, 0)
        self.h.netctl('net-destroy', 'net1')
        self.h.netctl('net-start', 'net1')
        self.assertEqual(self.troubles(), {})
        self.assertIn('htb', self.h.sh('tc', 'qdisc', 'show', 'dev', 'virbr1').out)

    def test_no_htb(self):
        self.missing(NO_HTB, {'inbound', 'outbound'})

    def test_no_ingress(self):
        self.missing(NO_INGRESS, {'outbound'})

    def test_no_ifb(self):
        self.missing(NO_IFB, {'outbound'})

    def test_no_mirred(self):
        self.missing(NO_MIRRED, {'outbound'})

    def test_no_htb_for_a_port(self):
        """The same for a port's own limits: the guest gets its port and goes unlimited."""
        self.h.define(lib.network_xml())
        self.h.netctl('net-start', 'net1')
        self.arm(-1, NO_HTB)
        path = os.path.join(self.folder, 'port.xml')
        with open(path, 'w') as f:
            f.write("<networkport><uuid>5d2c8a50-0000-4000-8000-000000000071</uuid>"
                    "<owner><name>g1</name><uuid>7c7dd0a6-9e3c-4a9f-8a8f-000000000001</uuid></owner>"
                    f"<mac address='52:54:00:00:00:71'/>{LIMITS}</networkport>")
        self.h.netctl('net-port-create', 'net1', path)
        guest = self.guest('g1', self.h, 'virbr1', mac='52:54:00:00:00:71')
        guest.dhcp()
        lib.wait_for('the condition', self.troubles, 5)
        self.assertEqual(set(self.troubles()), {guest.port})


if __name__ == '__main__':
    lib.unittest.main()
