/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view.h — a network's rules as libvirt's users know them: chains LIBVIRT_FWX, FWI, FWO, PRT (and
 * INP, OUT where host chains are on), targets and columns of `iptables -L -v -n`. Pure.
 *
 *   in_NET, first rule   LIBVIRT_FWX   between guests of the network
 *   in_NET, the rest     LIBVIRT_FWI   to its guests
 *   out_NET              LIBVIRT_FWO   from its guests
 *   nat_NET              LIBVIRT_PRT   address translation (table nat)
 *   hin_NET, hout_NET    LIBVIRT_INP, LIBVIRT_OUT
 *
 * What a chain of ours needs not match, because only that bridge's packets reach it, is put back
 * into the columns. */
#ifndef FIREWALL_VIEW_H
#define FIREWALL_VIEW_H

#include "firewall/firewall.h"

struct fw_view_row {
	const char *chain;                                          /* "LIBVIRT_FWI" */
	const char *table;                                          /* "filter" or "nat" */
	int family;                                                 /* AF_INET, AF_INET6, 0: both */
	const char *target;                                         /* "ACCEPT" */
	const char *protocol;                                       /* "tcp"; "all" */
	char in[IFNAMSIZ], out[IFNAMSIZ];                           /* empty: any */
	char source[IP_TEXT_MAX + 4], destination[IP_TEXT_MAX + 4]; /* with prefix; empty: any */
	char options[2 * IP_TEXT_MAX + 48]; /* what iptables prints behind the columns, or "" */
};

/* Rule `i` of chain `c`, a chain of network rows (fw_want_network()) on bridge `bridge`. False: not
 * a chain that libvirt has a name for. */
bool fw_view(const struct fw_chain *c, size_t i, const char *bridge, struct fw_view_row *ret);

#endif
