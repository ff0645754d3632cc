/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-pool.h — which address is whose: leases, ranges, offers, quarantine. Knows no message
 * format and no policy beyond the order in which addresses are chosen.
 *
 * A lease is one address tied to one client; each client and each address have at most one. Free
 * addresses are found in bitmaps. What is in a range but never handed out (our own address, static
 * hosts', network and broadcast) is marked `fixed`. */
#ifndef DHCP_DHCP4_POOL_H
#define DHCP_DHCP4_POOL_H

#include "base/list.h"
#include "base/table.h"
#include "dhcp/dhcp-heap.h"
#include "dhcp/dhcp-ports.h"
#include "dhcp/dhcp-quarantine.h"
#include "dhcp/dhcp4.h"

enum dhcp4_lease_state {
	DHCP4_LEASE_NEW, /* in no state yet */
	DHCP4_LEASE_OFFERED,
	DHCP4_LEASE_BOUND,
	DHCP4_LEASE_RELEASED, /* kept for its client until somebody else needs the address */
	DHCP4_LEASE_EXPIRED,
	DHCP4_LEASE_STATE_N
};

struct dhcp4_gated;

struct dhcp4_lease {
	struct dhcp4_binding b;
	enum dhcp4_lease_state state;
	bool was_bound;            /* a lapsed offer goes back to EXPIRED */
	bool durable;              /* the store has b's address, name and identifier */
	struct dhcp4_gated *gated; /* the reply that waits for the store, or NULL */
	usec_t reported;           /* when the last extension was reported */
	usec_t changes_since;      /* window for `changes` */
	unsigned changes;
	usec_t state_since;

	bool has_name;   /* in by_name */
	bool has_client; /* in by_client; not if two became one by a change of policy */
	bool has_mac;    /* in by_mac: the newest of several with that MAC */
	struct table_node by_client, by_mac, by_ip, by_name;
	struct list list;          /* on the list of its state */
	struct dhcp_member member; /* while OFFERED or BOUND: of its port */
	struct dhcp_timer timer;
};

struct dhcp4_pool_range {
	uint32_t start, end, lease_sec;
	uint32_t n_free;
	uint64_t *fixed, *used;
};

struct dhcp4_lease_chunk;

struct dhcp4_pool {
	struct dhcp4_pool_range *range;
	size_t n_range;
	uint32_t size; /* addresses that are not fixed */
	enum dhcp4_identity identity;
	struct table by_client, by_mac, by_ip, by_name;
	struct list offered, released, expired, parked; /* oldest first; parked: in no range */
	struct list unused;
	struct dhcp4_lease_chunk *chunks;
	struct dhcp_heap ends; /* of bound leases */
	uint32_t count[DHCP4_LEASE_STATE_N];

	struct dhcp_ports ports;
	struct dhcp_quarantine quarantine;
};

void dhcp4_pool_init(struct dhcp4_pool *p);
void dhcp4_pool_done(struct dhcp4_pool *p);

/* Replace the ranges. 0 or -ENOMEM (nothing changed). */
int dhcp4_pool_set_ranges(struct dhcp4_pool *p, const struct dhcp4_range *ranges, size_t n,
			  uint32_t default_lease_sec) mustcheck;
/* Never hand this address out. For addresses outside all ranges nothing happens. */
void dhcp4_pool_fix(struct dhcp4_pool *p, uint32_t ip);
/* After the last dhcp4_pool_fix(): sort the leases into the new ranges, forget idle ones outside.
 */
void dhcp4_pool_settle(struct dhcp4_pool *p);

/* What tells clients apart. Leases are sorted anew; of two that become the same client's, one is
 * found no more, and ends with its time. */
void dhcp4_pool_set_identity(struct dhcp4_pool *p, enum dhcp4_identity identity);

/* A client identifier of no octets is none. */
struct dhcp4_lease *dhcp4_pool_find_client(const struct dhcp4_pool *p, const struct mac *mac,
					   const uint8_t *id, size_t n);
/* The newest lease of this MAC, be there several. */
struct dhcp4_lease *dhcp4_pool_find_mac(const struct dhcp4_pool *p, const struct mac *mac);
struct dhcp4_lease *dhcp4_pool_find_ip(const struct dhcp4_pool *p, uint32_t ip);
struct dhcp4_lease *dhcp4_pool_find_name(const struct dhcp4_pool *p, const char *name);
/* The range that may hand `ip` out, or NULL. */
const struct dhcp4_pool_range *dhcp4_pool_range_of(const struct dhcp4_pool *p, uint32_t ip);
/* In a range, and nobody's. */
bool dhcp4_pool_is_free(const struct dhcp4_pool *p, uint32_t ip);

/* An address for a client that has none: the first free one from the place that its MAC hashes to
 * (dnsmasq's hash with seed 0, so that guests keep their addresses after a migration), range by
 * range; then one taken from the oldest expired, the oldest released lease, the oldest offer (that
 * lease is dropped and counted in *ret_victim); never an unexpired lease. 0 when there is none. */
uint32_t dhcp4_pool_pick(struct dhcp4_pool *p, const struct mac *mac,
			 enum dhcp4_lease_state *ret_victim);

/* Addresses that a new client could get without taking an offer from another. */
uint32_t dhcp4_pool_n_free(const struct dhcp4_pool *p);
/* The lease came in by that port of the bridge. */
void dhcp4_pool_set_port(struct dhcp4_pool *p, struct dhcp4_lease *l, uint32_t port);

/* A new lease; neither the client nor the address has one. NULL when out of memory. */
struct dhcp4_lease *dhcp4_pool_add(struct dhcp4_pool *p, const struct mac *mac, const uint8_t *id,
				   size_t n, uint32_t ip);
/* Forget the lease. It must have no gated reply. */
void dhcp4_pool_drop(struct dhcp4_pool *p, struct dhcp4_lease *l);
/* Enter a state. BOUND: the timer runs to b.expires. Otherwise the name is given up. */
void dhcp4_pool_enter(struct dhcp4_pool *p, struct dhcp4_lease *l, enum dhcp4_lease_state state,
		      usec_t now);
/* Set the name, "" for none; nobody else has it. */
void dhcp4_pool_set_name(struct dhcp4_pool *p, struct dhcp4_lease *l, const char *name);

/* Take `ip` out of service after a DECLINE by `mac`. For how many seconds; 0 when the client or the
 * network is over its cap. */
uint32_t dhcp4_pool_quarantine(struct dhcp4_pool *p, uint32_t ip, const struct mac *mac,
			       usec_t now);
/* As dhcp_quarantine_restore(). */
bool dhcp4_pool_restore_quarantine(struct dhcp4_pool *p, uint32_t ip, const struct mac *mac,
				   uint32_t sec, uint32_t left, usec_t now);
bool dhcp4_pool_is_quarantined(const struct dhcp4_pool *p, uint32_t ip);
/* End what is over; or that of one address, before its time: false when it isn't quarantined. */
void dhcp4_pool_end_quarantine(struct dhcp4_pool *p, usec_t now);
bool dhcp4_pool_lift_quarantine(struct dhcp4_pool *p, uint32_t ip);

#endif
