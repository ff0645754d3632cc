/* SPDX-License-Identifier: GPL-2.0-or-later */
/* leases.h — who holds which address, and which are out of service because a guest declined them:
 * in memory for readers, in the store for the next life. What the dhcp worker reports is checked
 * against the network's definition before it counts: the worker is not trusted. */
#ifndef NETD_LEASES_H
#define NETD_LEASES_H

#include "dhcp/dhcp4.h"
#include "netd/controller/controller.h"
#include "netd/lease/lease-store.h"

/* A binding of either family. */
struct lease_binding {
	struct ip ip;
	struct mac mac;
	uint32_t iaid;                          /* DHCPv6 */
	uint8_t client_id[LEASE_CLIENT_ID_MAX]; /* client identifier, or DUID */
	uint8_t n_client_id;                    /* 0: none was sent */
	char name[DHCP4_NAME_MAX];
	uint32_t lease_sec; /* DHCP4_LEASE_INFINITE: for ever */
	uint32_t port; /* ifindex of the bridge's port that the guest is behind; 0: not known */
};

struct lease_key {
	struct uuid net;
	int family;
	uint8_t ip[16];
};
struct lease {
	struct table_node by_address; /* of leases.by_address */
	struct list of_net;
	struct lease_key key;
	struct lease_binding b;
	int64_t since_wall; /* seconds since 1970: when this client got this address */
	usec_t expires;     /* CLOCK_BOOTTIME, USEC_INFINITY for never: no change of the wall clock
			       ends it or makes it eternal */
	bool declined;      /* b.mac found the address in use: nobody's until `expires` */
};

/* What the dhcp worker says has happened. */
struct lease_report {
	enum dhcp4_change change; /* the words of DHCPv4 serve both families */
	uint64_t token;           /* 0: no verdict wanted */
	struct lease_binding b;
	usec_t expires; /* CLOCK_BOOTTIME, USEC_INFINITY for never */
};

/* A boot time as people read it: seconds since 1970 by the wall clock of now; INT64_MAX for
 * never. */
int64_t leases_wall(usec_t boottime);

/* What the store's failure means for guests (`lease_store_failure` in netd.conf) is the
 * configuration's word; the failure itself is a condition. */
struct leases *leases_new(struct controller *c, struct err *e) mustcheck;
void leases_free(struct leases *l);

/* A change that the dhcp worker reports. False: the record can't be true, and the worker is not to
 * be trusted any more. With a token the verdict goes to services_lease_committed() when the store
 * has it. */
bool leases_apply(struct leases *l, struct net *n, const struct lease_report *r);

/* The lease of an address, or NULL; also one that was declined. */
const struct lease *leases_find(const struct leases *l, const struct net *n, const struct ip *ip);
/* Give it up on an administrator's word, whoever holds it. False: nobody does. */
bool leases_release(struct leases *l, struct net *n, const struct ip *ip);
/* Its history. */
struct lease_store *leases_disk(const struct leases *l);

/* Visit the network's leases that haven't ended, declined ones too, in no particular order. */
typedef void leases_visit_fn(void *data, const struct lease *lease);
void leases_visit(const struct leases *l, const struct net *n, leases_visit_fn *visit, void *data);

/* The port is no more: its leases end within DHCP_PORT_GRACE_SEC, as the worker says too, and none is
 * tied to it any longer, for its number may be given again. */
void leases_port_gone(struct leases *l, struct net *n, uint32_t port);
/* The network is gone for good. */
void leases_forget(struct leases *l, const struct net *n);

#endif
