/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp6-gate.h — replies that wait until the store has every binding that they promise. */
#ifndef DHCP_DHCP6_GATE_H
#define DHCP_DHCP6_GATE_H

#include "dhcp/dhcp6-pool.h"

#define DHCP6_GATE_CHUNK 4

struct dhcp6_gated {
	uint64_t serial; /* 0: unused */
	unsigned place;
	struct dhcp6_lease
	    *lease[DHCP6_IAS_MAX]; /* that the store hasn't answered for yet, or NULL */
	struct list list;
	struct dhcp_member member;
	usec_t since;
	bool held[DHCP6_IAS_MAX]; /* the client had this very binding before */
	bool unstored;            /* the store has failed one of them, */
	bool refused;             /* and nothing is served without it */
	struct mac to_mac;
	struct ip to_ip;
	size_t lifetimes_at[DHCP6_IAS_MAX]; /* of the IAs that grant an address, in the payload */
	size_t n_lifetimes;
	size_t n;
	uint8_t payload[DHCP6_REPLY_MAX];
};

struct dhcp6_gate {
	struct dhcp6_gated *chunk[DHCP6_GATED_MAX / DHCP6_GATE_CHUNK];
	unsigned n_chunk;
	uint64_t serials;
	struct list waiting, unused; /* waiting: oldest first */
	unsigned n_waiting;
	struct dhcp_ports ports; /* of the clients whose replies wait */
};

void dhcp6_gate_init(struct dhcp6_gate *g);
void dhcp6_gate_done(struct dhcp6_gate *g);
/* A slot without leases; NULL when DHCP6_GATED_MAX replies wait, or so many of that port that the
 * others need what is left (dhcp_ports_sated()). */
struct dhcp6_gated *dhcp6_gate_open(struct dhcp6_gate *g, uint32_t port, usec_t now);
/* The reply waits for `l` as well, whose older reply is dropped. Returns the token. */
uint64_t dhcp6_gate_wait_for(struct dhcp6_gate *g, struct dhcp6_gated *slot, struct dhcp6_lease *l,
			     unsigned place);
/* The slot that a token is about, and which of its leases; NULL for an outdated one. */
struct dhcp6_gated *dhcp6_gate_find(struct dhcp6_gate *g, uint64_t token, unsigned *ret_place);
/* Whether no lease is waited for any more. */
bool dhcp6_gated_is_done(const struct dhcp6_gated *slot);
/* Let go of a slot and its leases. Its payload stays readable until the next dhcp6_gate_open(). */
void dhcp6_gate_close(struct dhcp6_gate *g, struct dhcp6_gated *slot);
/* The slot that waits longest, or NULL. */
struct dhcp6_gated *dhcp6_gate_oldest(const struct dhcp6_gate *g);

#endif
