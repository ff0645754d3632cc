/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-gate.h — replies that wait until the store has what they promise. */
#ifndef DHCP_DHCP4_GATE_H
#define DHCP_DHCP4_GATE_H

#include "dhcp/dhcp4-pool.h"

#define DHCP4_GATE_CHUNK 4

struct dhcp4_target { /* of a reply, as in struct dhcp4_action */
	bool routed;
	uint16_t port;
	struct mac mac;
	uint32_t ip;
};

struct dhcp4_gated {
	uint64_t token; /* 0: unused; its low bits are `place` */
	unsigned place;
	struct dhcp4_lease *lease;
	struct list list;
	struct dhcp_member member;
	usec_t since;
	bool is_bootp;
	bool held; /* the client had this very binding before */
	struct dhcp4_target to;
	size_t n;
	uint8_t payload[DHCP4_PAYLOAD_MAX];
};

/* Slots are made by chunks: a quiet network pays for DHCP4_GATE_CHUNK of them. */
struct dhcp4_gate {
	struct dhcp4_gated *chunk[DHCP4_GATED_MAX / DHCP4_GATE_CHUNK];
	unsigned n_chunk;
	uint64_t tokens;             /* drawn so far */
	struct list waiting, unused; /* waiting: oldest first */
	unsigned n_waiting;
	struct dhcp_ports ports; /* of the clients whose replies wait */
};

void dhcp4_gate_init(struct dhcp4_gate *g);
void dhcp4_gate_done(struct dhcp4_gate *g);
/* A slot for a reply about `l`, in l->gated, with a token of its own; what waited for `l` before is
 * dropped. NULL when DHCP4_GATED_MAX replies wait. */
struct dhcp4_gated *dhcp4_gate_open(struct dhcp4_gate *g, struct dhcp4_lease *l, uint32_t port,
				    usec_t now);
/* Whether there is a slot for a reply to that port (memory permitting). One port leaves a part to
 * the others, as of the pool (dhcp_ports_sated()). */
bool dhcp4_gate_has_room(const struct dhcp4_gate *g, const struct dhcp4_lease *l, uint32_t port);
struct dhcp4_gated *dhcp4_gate_find(struct dhcp4_gate *g, uint64_t token);
/* Let go of a lease's slot. Its payload stays readable until the next dhcp4_gate_open(). */
void dhcp4_gate_close(struct dhcp4_gate *g, struct dhcp4_lease *l);
/* The slot that waits longest, or NULL. */
struct dhcp4_gated *dhcp4_gate_oldest(const struct dhcp4_gate *g);

#endif
