/* SPDX-License-Identifier: GPL-2.0-or-later */
/* leases.h — who holds which address: in memory for readers, in the store for the next life. What the dhcp worker
 * reports is checked against the network's definition before it counts: the worker is not trusted. */
#ifndef NETD_LEASES_H
#define NETD_LEASES_H

#include "netd/controller.h"
#include "netd/messages-dhcp.h"

struct lease {
	struct table_node by_address; /* of leases.by_address: key {net uuid, ip} */
	struct list of_net;
	struct {
		struct uuid net;
		uint32_t ip;
	} key;
	struct dhcp4_binding binding;
	int64_t expires_wall; /* seconds since 1970, INT64_MAX for never */
};

struct leases *leases_new(struct controller *c, struct err *e) mustcheck;
void leases_free(struct leases *l);

/* A change that the dhcp worker reports. False: the record can't be true, and the worker is not to be trusted
 * any more. With a token the verdict goes to services_lease_committed() when the store has it. */
bool leases_apply(struct leases *l, struct net *n, const struct msg_dhcp4_record *r);

/* Visit the network's leases that haven't ended, in no particular order. */
typedef void leases_visit_fn(void *data, const struct lease *lease);
void leases_visit(const struct leases *l, const struct net *n, leases_visit_fn *visit, void *data);

/* The network is gone for good. */
void leases_forget(struct leases *l, const struct net *n);

#endif
