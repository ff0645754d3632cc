/* SPDX-License-Identifier: GPL-2.0-or-later */
/* own.h — an administrator's own rules of one network: a text with a rule in each line, in nft's
 * words as far as they go, read into rows that stand before netd's own in the network's chains.
 *
 *   in  tcp dport 22 ip saddr 198.51.100.0/24 accept
 *   in  ct status dnat accept comment "port forwards of this host"
 *   out ip daddr 10.0.0.0/8 reject
 *
 * WHERE MATCH… VERDICT [comment "TEXT"]; empty lines and what follows a # mean nothing.
 * WHERE: `in`, to the guests, before LIBVIRT_FWI's; `out`, from the guests to where no network of
 * netd is, before LIBVIRT_FWO's. MATCH, each at most once: iifname NAME (in), oifname NAME (out),
 * ip or ip6 saddr or daddr ADDRESS[/LEN], tcp or udp dport N[-M], meta l4proto tcp|udp|icmp|icmpv6,
 * ct state established,related, ct status dnat. VERDICT: accept, reject, drop. */
#ifndef FIREWALL_OWN_H
#define FIREWALL_OWN_H

#include "firewall/firewall.h"

#define FW_OWN_MAX       256   /* rules of one network */
#define FW_OWN_TEXT_MAX  65536 /* octets of the text */
#define FW_OWN_LINE_MAX  512   /* octets of a line */
#define FW_OWN_WORDS_MAX 32    /* words of a line */

struct fw_own {
	struct fw_rule *in, *out;
	size_t n_in, n_out, cap_in, cap_out;
};
void fw_own_free(struct fw_own *o); /* NULL is fine */

/* Read the text. -EINVAL with the line's number, what is wrong and what could stand there; nothing
 * is kept then. */
int fw_own_parse(const char *text, struct fw_own **ret, struct err *e) mustcheck;

#endif
