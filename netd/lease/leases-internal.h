/* SPDX-License-Identifier: GPL-2.0-or-later */
/* leases-internal.h — what the halves of netd/lease/leases.h share: leases.c has what is known,
 * leases-disk.c what the store has of it. */
#ifndef NETD_LEASES_INTERNAL_H
#define NETD_LEASES_INTERNAL_H

#include "netd/lease/leases.h"

/* The leases of one network; kept also while the network is unknown (a broken file comes back one
 * day). */
struct lease_net {
	struct table_node by_uuid;
	struct uuid uuid;
	struct list leases;
	size_t n;
};

struct leases {
	struct controller *c;
	struct lease_store *store;
	struct table by_uuid;    /* struct lease_net */
	struct table by_address; /* struct lease */
	struct list pending;
	uint64_t replaced; /* how often the store's file had been replaced when all leases were last
			      put into it */
};

/* Now, in seconds since 1970. */
int64_t leases_now(void);

/* leases.c: add or replace, as bound. NULL when out of memory, or when the network has too many. */
struct lease *leases_keep(struct leases *l, const struct uuid *net, const struct lease_binding *b,
			  usec_t expires);

/* leases-disk.c */
struct lease_store *leases_open_store(struct leases *l, struct err *e) mustcheck;
void leases_drop_pending(struct leases *l);
/* Have it stored; `lease` NULL: have it removed. Whoever waits for a verdict gets it then, or at
 * once when there is no place in the queue. */
void leases_store(struct leases *l, const struct net *n, const struct lease_report *r,
		  const struct lease *lease);
/* Nothing is stored: say so to whoever waits. */
void leases_answer(struct leases *l, const struct net *n, const struct lease_report *r,
		   enum dhcp4_verdict verdict);
/* What a guest gets when the store has failed. */
enum dhcp4_verdict leases_policy(const struct leases *l);

#endif
