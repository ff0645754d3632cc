/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-internal.h — what the engine's files share: the engine itself, static hosts, building
 * replies. */
#ifndef DHCP_DHCP4_INTERNAL_H
#define DHCP_DHCP4_INTERNAL_H

#include "dhcp/dhcp4-gate.h"
#include "dhcp/dhcp4-options.h"
#include "dhcp/dhcp4-pool.h"

/* ---- static hosts and reserved names (dhcp4-hosts.c) ---- */

struct dhcp4_static {
	struct dhcp4_host h; /* h.name is cleaned: one lower case label or "" */
	struct table_node by_mac, by_ip, by_name;
};
struct dhcp4_reserved {
	char name[DHCP4_NAME_MAX];
	struct table_node by_name;
};
struct dhcp4_hosts {
	struct dhcp4_static *host;
	struct dhcp4_reserved *reserved;
	size_t n;
	struct table by_mac, by_ip, by_name, by_reserved;
};

/* Of two hosts with the same MAC, address or name the first counts. 0 or -ENOMEM (nothing to free
 * then). */
int dhcp4_hosts_init(struct dhcp4_hosts *h, const struct dhcp4_config *c) mustcheck;
void dhcp4_hosts_done(struct dhcp4_hosts *h);
struct dhcp4_static *dhcp4_hosts_find_mac(const struct dhcp4_hosts *h, const struct mac *mac);
struct dhcp4_static *dhcp4_hosts_find_ip(const struct dhcp4_hosts *h, uint32_t ip);
struct dhcp4_static *dhcp4_hosts_find_name(const struct dhcp4_hosts *h, const char *name);
/* No client can have this name, whatever its MAC. */
bool dhcp4_hosts_reserve(const struct dhcp4_hosts *h, const char *name);

/* ---- the engine ---- */

struct dhcp4 {
	bool configured;
	struct dhcp4_config c; /* without its arrays: they are in hosts, pool and rules */
	struct dhcp_rules rules;
	struct dhcp4_hosts hosts;
	struct dhcp4_pool pool;
	struct dhcp4_gate gate;
	dhcp4_name_taken_fn *name_taken;
	dhcp4_known_name_fn *known_name;
	void *known_data;
	void *name_data;

	uint64_t count[DHCP4_COUNTER_N];
	enum dhcp4_drop last_drop;
	usec_t naks_since; /* window for `naks` */
	unsigned naks;

	uint8_t reply[DHCP4_PAYLOAD_MAX];
	struct dhcp4_binding told[DHCP4_ACTIONS_MAX]; /* what actions point to */
};

/* The actions of one call. */
struct dhcp4_turn {
	struct dhcp4 *s;
	usec_t now;
	struct dhcp4_action *out;
	size_t cap, n;
};
void dhcp4_tell(struct dhcp4_turn *t, enum dhcp4_change change, const struct dhcp4_lease *l,
		uint64_t token);
void dhcp4_send(struct dhcp4_turn *t, const struct dhcp4_target *to, const uint8_t *payload,
		size_t n);
/* An address that a client of this network can have at all: in the prefix, not ours, not special.
 */
bool dhcp4_in_subnet(const struct dhcp4 *s, uint32_t ip);
/* Leave DHCP4_LEASE_BOUND, with the reply that may still wait; or forget the lease altogether. */
void dhcp4_unbind(struct dhcp4 *s, struct dhcp4_lease *l, enum dhcp4_lease_state state, usec_t now);
void dhcp4_forget(struct dhcp4 *s, struct dhcp4_lease *l);
/* An offer that was not taken: back to what the client had before. */
void dhcp4_lapse_offer(struct dhcp4 *s, struct dhcp4_lease *l, usec_t now);

/* ---- replies (dhcp4-reply.c) ---- */

struct dhcp4_answer {
	enum dhcp4_type type; /* OFFER, ACK, NAK; BOOTP for a BOOTREPLY */
	uint32_t ciaddr, yiaddr;
	uint32_t lease_sec;  /* 0: no lease (INFORM, NAK, BOOTP) */
	const char *name;    /* "" for none */
	const char *message; /* of a NAK */
	bool rapid_commit;
	const struct dhcp_settings *set; /* what the rules have for this client */
};
size_t dhcp4_build_reply(const struct dhcp4 *s, const struct dhcp4_message *m,
			 const struct dhcp4_answer *a, uint8_t buf[static DHCP4_PAYLOAD_MAX]);
/* Shorten the lease in a built reply to `sec`, T1 and T2 with it. */
void dhcp4_cut_lease(uint8_t *payload, size_t n, uint32_t sec);

#endif
