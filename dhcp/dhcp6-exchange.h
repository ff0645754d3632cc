/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp6-exchange.h — one datagram while it is served: dhcp6-message.c knows what it means,
 * dhcp6-grant.c what its client gets. */
#ifndef DHCP_DHCP6_EXCHANGE_H
#define DHCP_DHCP6_EXCHANGE_H

#include "dhcp/dhcp6-internal.h"

enum dhcp6_plan {
	DHCP6_PLAN_REFUSE, /* answer->status says why */
	DHCP6_PLAN_EXTEND, /* nothing but a later end */
	DHCP6_PLAN_WAIT,   /* asked again while the store works: the same binding */
	DHCP6_PLAN_BIND,
};

/* One datagram being served. */
struct dhcp6_exchange {
	struct dhcp6_turn t;
	struct dhcp6 *s;
	const struct dhcp6_dgram *in;
	struct dhcp6_static *host;                /* the client's, or NULL */
	char asked[DHCP6_NAME_MAX];               /* the name that it wants, "" for none */
	char name[DHCP6_NAME_MAX];                /* that it gets */
	struct dhcp6_lease *lease[DHCP6_IAS_MAX]; /* of each IA, in any state, or NULL */
	struct dhcp6_key key[DHCP6_IAS_MAX];
	enum dhcp6_plan plan[DHCP6_IAS_MAX];
	struct ip chosen[DHCP6_IAS_MAX]; /* those granted so far */
	size_t n_chosen;
	struct dhcp6_answer a;
	struct dhcp6_message m;
};

static inline void dhcp6_count(struct dhcp6_exchange *x, enum dhcp6_counter c)
{
	x->s->count[c]++;
}

/* Its static address can be had for IA `i` now. */
bool dhcp6_static_is_available(const struct dhcp6_exchange *x, size_t i);
/* One of the addresses that the client names, if nobody has it. */
bool dhcp6_choose_hinted(const struct dhcp6_exchange *x, size_t i, struct ip *ret);
/* A static host's name; else what the client asks for; else what its station is called already. */
void dhcp6_choose_name(struct dhcp6_exchange *x);

void dhcp6_refuse(struct dhcp6_exchange *x, size_t i, enum dhcp6_status status);
/* dhcp6_choose_name() comes before it. */
void dhcp6_plan_ia(struct dhcp6_exchange *x, size_t i);
/* The name and every IA. */
void dhcp6_plan(struct dhcp6_exchange *x);
/* What the client lists and won't have. */
void dhcp6_list_gone(struct dhcp6_exchange *x);
void dhcp6_send_reply(struct dhcp6_exchange *x);
/* Do what was planned, and answer: now if nothing has to be stored first. */
enum dhcp6_drop dhcp6_carry_out(struct dhcp6_exchange *x);

#endif
