/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp6-pool.h — which address is whose: leases, stations, ranges, quarantine. Knows no message
 * format and no policy beyond the order in which addresses are chosen.
 *
 * A lease is one address tied to one client; each client and each address have at most one. It is
 * BOUND, or IDLE: released or expired, and kept for its client until the pool runs short. Free
 * addresses are found in bitmaps. What is in a range but never handed out (our own address, static
 * hosts') is marked `fixed`. */
#ifndef DHCP_DHCP6_POOL_H
#define DHCP_DHCP6_POOL_H

#include "base/list.h"
#include "base/table.h"
#include "dhcp/dhcp-heap.h"
#include "dhcp/dhcp-ports.h"
#include "dhcp/dhcp-quarantine.h"
#include "dhcp/dhcp6.h"

enum dhcp6_lease_state {
	DHCP6_LEASE_NEW, /* in no state yet */
	DHCP6_LEASE_BOUND,
	DHCP6_LEASE_IDLE,
	DHCP6_LEASE_STATE_N
};

struct dhcp6_station { /* lives as long as it has leases */
	struct mac mac;
	struct table_node by_mac;
	struct list leases;
	uint32_t n_leases;
	usec_t changes_since; /* window for `changes` */
	unsigned changes;
};

struct dhcp6_gated;

/* A client as bytes, for a table: MAC, IAID, DUID. */
struct dhcp6_key {
	uint8_t b[10 + DHCP6_DUID_MAX];
	size_t n;
};

struct dhcp6_lease {
	struct dhcp6_binding b;
	enum dhcp6_lease_state state;
	bool durable;              /* the store has b's address and name */
	struct dhcp6_gated *gated; /* the reply that waits for the store, or NULL */
	unsigned gated_place;      /* this lease's place in it */
	usec_t reported;           /* when the last extension was reported */
	struct dhcp6_station *station;

	struct dhcp6_key key;
	bool has_name; /* in by_name */
	struct table_node by_client, by_ip, by_name;
	struct list of_station, idle;
	struct dhcp_member member; /* while BOUND: of its port */
	struct dhcp_timer timer;
};

struct dhcp6_pool_range {
	uint64_t high, start, end; /* the halves of the addresses; inclusive */
	uint32_t lease_sec, n_free;
	uint64_t *fixed, *used;
};

struct dhcp6_pool {
	struct dhcp6_pool_range *range;
	size_t n_range;
	uint32_t size; /* addresses that are not fixed */
	struct table by_client, by_ip, by_name, by_mac;
	struct list idle, parked; /* idle leases, oldest first; parked: in no range */
	struct dhcp_heap ends;
	uint32_t count[DHCP6_LEASE_STATE_N];

	struct dhcp_ports ports;
	struct dhcp_quarantine quarantine;
};

void dhcp6_pool_init(struct dhcp6_pool *p);
void dhcp6_pool_done(struct dhcp6_pool *p);

/* Replace the ranges. 0 or -ENOMEM (nothing changed). */
int dhcp6_pool_set_ranges(struct dhcp6_pool *p, const struct dhcp6_range *ranges, size_t n,
			  uint32_t default_lease_sec) mustcheck;
void dhcp6_pool_fix(struct dhcp6_pool *p, const struct ip *ip); /* never hand it out */
/* After the last dhcp6_pool_fix(): mark what is taken in the new ranges. */
void dhcp6_pool_settle(struct dhcp6_pool *p);

void dhcp6_key_make(struct dhcp6_key *k, const struct mac *mac, uint32_t iaid, const uint8_t *duid,
		    size_t n);
struct dhcp6_lease *dhcp6_pool_find_client(const struct dhcp6_pool *p, const struct dhcp6_key *k);
struct dhcp6_lease *dhcp6_pool_find_ip(const struct dhcp6_pool *p, const struct ip *ip);
struct dhcp6_lease *dhcp6_pool_find_name(const struct dhcp6_pool *p, const char *name);
struct dhcp6_station *dhcp6_pool_find_station(const struct dhcp6_pool *p, const struct mac *mac);
/* The range that may hand `ip` out, or NULL. */
const struct dhcp6_pool_range *dhcp6_pool_range_of(const struct dhcp6_pool *p, const struct ip *ip);
/* In a range, and nobody's. */
bool dhcp6_pool_is_free(const struct dhcp6_pool *p, const struct ip *ip);
/* Addresses that a new client could get. */
uint32_t dhcp6_pool_n_free(const struct dhcp6_pool *p);

/* An address for a client that has none: the first free one from the place that DUID and IAID hash
 * to, range by range, that is not in `but`; then the longest idle lease's (still its lease until
 * the caller drops that). False when there is none. */
bool dhcp6_pool_pick(const struct dhcp6_pool *p, const struct dhcp6_key *k, const struct ip *but,
		     size_t n_but, struct ip *ret);

/* The lease came in by that port of the bridge. */
void dhcp6_pool_set_port(struct dhcp6_pool *p, struct dhcp6_lease *l, uint32_t port);

/* A new lease; neither the client nor the address has one. NULL when out of memory. */
struct dhcp6_lease *dhcp6_pool_add(struct dhcp6_pool *p, const struct mac *mac, uint32_t iaid,
				   const uint8_t *duid, size_t n_duid, const struct ip *ip);
/* Forget the lease. It must have no gated reply. */
void dhcp6_pool_drop(struct dhcp6_pool *p, struct dhcp6_lease *l);
/* BOUND: the timer runs to b.expires. IDLE: the name is given up. */
void dhcp6_pool_enter(struct dhcp6_pool *p, struct dhcp6_lease *l, enum dhcp6_lease_state state);
/* Set the name, "" for none; no other station has it. */
void dhcp6_pool_set_name(struct dhcp6_pool *p, struct dhcp6_lease *l, const char *name);

/* Take `ip` out of service after a DECLINE. For how many seconds; 0 when the station or the network
 * is over its cap. */
uint32_t dhcp6_pool_quarantine(struct dhcp6_pool *p, const struct ip *ip, const struct mac *mac,
			       usec_t now);
/* As dhcp_quarantine_restore(). */
bool dhcp6_pool_restore_quarantine(struct dhcp6_pool *p, const struct ip *ip, const struct mac *mac,
				   uint32_t sec, uint32_t left, usec_t now);
bool dhcp6_pool_is_quarantined(const struct dhcp6_pool *p, const struct ip *ip);
/* End what is over; or that of one address, before its time: false when it isn't quarantined. */
void dhcp6_pool_end_quarantine(struct dhcp6_pool *p, usec_t now);
bool dhcp6_pool_lift_quarantine(struct dhcp6_pool *p, const struct ip *ip);

#endif
