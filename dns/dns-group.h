/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-group.h — a list of upstream servers that may answer the same questions, and which of them to
 * ask next.
 *
 * The quickest is asked; one that is passed over looks a little quicker each time, so that it gets
 * its chance again and a server that has recovered is found. With strict order the list's order
 * decides, as resolv.conf(5) has it. In both cases servers that lately did not answer come last. */
#ifndef DNS_DNS_GROUP_H
#define DNS_DNS_GROUP_H

#include "dns/dns.h"

#define DNS_AVOID_SEC 10 /* a server that did not answer is asked last for so long */
#define DNS_LOST_CASE 3  /* answers in another case than asked, after which it isn't varied */

struct dns_group_server {
	struct dns_upstream upstream;
	usec_t avoid_until; /* it did not answer lately */
	usec_t rtt;         /* smoothed; 0: not known, to be tried */
	uint8_t lost_case;  /* answers in a row that did not repeat the question's case */
};
struct dns_group { /* servers in order of preference */
	size_t n;
	struct dns_group_server server[DNS_UPSTREAMS_MAX];
};

bool dns_upstream_equal(const struct dns_upstream *a, const struct dns_upstream *b);

/* Append a server; port 0 is DNS_PORT. 0 or -ENOSPC. */
int dns_group_add(struct dns_group *g, const struct ip *address, uint16_t port) mustcheck;
/* NULL when it isn't (any more) in the group, or g is NULL. */
struct dns_group_server *dns_group_find(struct dns_group *g, const struct dns_upstream *u);
/* The server to ask, when `asked` of `n_asked` servers have been asked the same before: one that
 * was asked least. NULL: the group is empty, or NULL. */
struct dns_group_server *dns_group_pick(struct dns_group *g, const struct dns_upstream *asked,
					unsigned n_asked, bool strict, usec_t now);
/* It answered after `took`, or was waited for in vain for so long. */
void dns_group_answered(struct dns_group_server *one, usec_t took);
void dns_group_silent(struct dns_group_server *one, usec_t waited, usec_t now);

#endif
