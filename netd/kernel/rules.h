/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rules.h — what a network's firewall rules are and what they have counted. The counters are read
 * by the kernel thread; the call is answered when it is done. */
#ifndef NETD_RULES_H
#define NETD_RULES_H

#include "netd/controller/controller.h"
#include "netd/door/door.h"

/* Replies a JSON object: network, bridge, and rules: an array of objects, in the order in which
 * packets meet them: chain, table       libvirt's: LIBVIRT_FWX …, filter or nat family "ipv4",
 * "ipv6", "any" target, protocol   "ACCEPT"; "tcp", "all" in, out, source, destination   null: any
 *   options            what iptables prints behind the columns, may be empty
 *   packets, bytes     null: the kernel doesn't have the rule now (it is about to be repaired)
 *   comment            why the rule is there
 *   nft-chain, nft     the chain of table inet netd that holds it, and the rule in nft's words
 * A network without rules (mode open, or a bridge that isn't netd's) has an empty array; one that
 * isn't active is refused. */
void rules_reply(struct controller *c, struct net *n, struct door_call *call);

#endif
