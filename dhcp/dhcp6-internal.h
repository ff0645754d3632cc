/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp6-internal.h — what the engine's files share: the engine itself, static hosts, building
 * replies. */
#ifndef DHCP_DHCP6_INTERNAL_H
#define DHCP_DHCP6_INTERNAL_H

#include "dhcp/dhcp6-gate.h"
#include "dhcp/dhcp6-options.h"
#include "dhcp/dhcp6-pool.h"

/* ---- static hosts and reserved names (dhcp6-hosts.c) ---- */

struct dhcp6_static {
	struct dhcp6_host h; /* h.name is cleaned: one lower case label or "" */
	struct table_node by_duid, by_ip, by_name;
};
struct dhcp6_reserved {
	char name[DHCP6_NAME_MAX];
	struct table_node by_name;
};
struct dhcp6_hosts {
	struct dhcp6_static *host;
	struct dhcp6_reserved *reserved;
	struct table by_duid, by_ip, by_name, by_reserved;
};

/* Of two hosts with the same DUID, address or name the first counts. 0 or -ENOMEM (nothing to free
 * then). */
int dhcp6_hosts_init(struct dhcp6_hosts *h, const struct dhcp6_config *c) mustcheck;
void dhcp6_hosts_done(struct dhcp6_hosts *h);
struct dhcp6_static *dhcp6_hosts_find_duid(const struct dhcp6_hosts *h, const uint8_t *duid,
					   size_t n);
struct dhcp6_static *dhcp6_hosts_find_ip(const struct dhcp6_hosts *h, const struct ip *ip);
struct dhcp6_static *dhcp6_hosts_find_name(const struct dhcp6_hosts *h, const char *name);
/* No client can have this name. */
bool dhcp6_hosts_reserve(const struct dhcp6_hosts *h, const char *name);

/* ---- the engine ---- */

struct dhcp6 {
	bool configured;
	struct dhcp6_config c; /* without its arrays: they are in hosts, pool and rules */
	struct dhcp_rules rules;
	struct dhcp6_hosts hosts;
	struct dhcp6_pool pool;
	struct dhcp6_gate gate;
	dhcp6_name_taken_fn *name_taken;
	void *name_data;

	uint64_t count[DHCP6_COUNTER_N];
	enum dhcp6_drop last_drop;

	uint8_t reply[DHCP6_REPLY_MAX];
	struct dhcp6_binding told[DHCP6_ACTIONS_MAX]; /* what actions point to */
};

/* The actions of one call. */
struct dhcp6_turn {
	struct dhcp6 *s;
	usec_t now;
	struct dhcp6_action *out;
	size_t cap, n;
};
void dhcp6_tell(struct dhcp6_turn *t, enum dhcp4_change change, const struct dhcp6_lease *l,
		uint64_t token);
void dhcp6_send(struct dhcp6_turn *t, const struct mac *to_mac, const struct ip *to_ip,
		const uint8_t *payload, size_t n);
/* An address that a client of this network can have at all: in the prefix, not ours, not special.
 */
bool dhcp6_in_subnet(const struct dhcp6 *s, const struct ip *ip);
/* BOUND -> IDLE, with the reply that may still wait; or forget the lease altogether. */
void dhcp6_unbind(struct dhcp6 *s, struct dhcp6_lease *l);
void dhcp6_forget(struct dhcp6 *s, struct dhcp6_lease *l);

/* ---- replies (dhcp6-reply.c) ---- */

struct dhcp6_ia_answer {
	uint32_t iaid;
	enum dhcp6_status status; /* SUCCESS: `ip` for `sec` */
	struct ip ip;
	uint32_t sec;
	struct ip gone[DHCP6_IA_ADDRESSES_MAX]; /* that the client must give up */
	size_t n_gone;
};
struct dhcp6_answer {
	enum dhcp6_type type;
	bool rapid_commit;
	bool has_status; /* of the message as a whole */
	enum dhcp6_status status;
	struct dhcp6_ia_answer ia[DHCP6_IAS_MAX];
	size_t n_ia;
	bool parameters;          /* name servers and so on */
	const char *name;         /* "" for none */
	struct dhcp_settings set; /* what the rules have for this client */
};
/* `lifetimes_at` gets the places of the lifetimes of what is granted, for dhcp6_cut_lifetimes(). */
size_t dhcp6_build_reply(const struct dhcp6 *s, const struct dhcp6_message *m,
			 const struct dhcp6_answer *a, uint8_t buf[static DHCP6_REPLY_MAX],
			 size_t lifetimes_at[static DHCP6_IAS_MAX], size_t *n_lifetimes);
/* Shorten what a built reply grants to `sec`, T1 and T2 with it. */
void dhcp6_cut_lifetimes(uint8_t *payload, size_t n, const size_t *lifetimes_at, size_t n_lifetimes,
			 uint32_t sec);

#endif
