/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-exchange.h — one datagram while it is served: dhcp4-message.c knows what it means,
 * dhcp4-grant.c what its client gets. */
#ifndef DHCP_DHCP4_EXCHANGE_H
#define DHCP_DHCP4_EXCHANGE_H

#include "dhcp/dhcp4-internal.h"

#define IP4_BROADCAST UINT32_MAX

static const struct mac mac_broadcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

/* One datagram being served. */
struct dhcp4_exchange {
	struct dhcp4_turn t;
	struct dhcp4 *s;
	const struct dhcp4_dgram *in;
	struct mac mac;
	struct dhcp4_lease *lease;  /* the client's, in any state, or NULL */
	struct dhcp4_static *host;  /* the client's, or NULL */
	char asked[DHCP4_NAME_MAX]; /* the name that it wants, "" for none */
	bool stranger;              /* it came in by another port than the lease's */
	bool sated;                 /* no address, because its port has enough */
	struct dhcp_settings set;   /* what the rules have for it */
	struct dhcp4_message m;
};

static inline void dhcp4_count(struct dhcp4_exchange *x, enum dhcp4_counter c)
{
	x->s->count[c]++;
}

/* The client has a static address and can have it now. */
bool dhcp4_static_is_available(const struct dhcp4_exchange *x);
/* The client may have `ip` now. An offer to somebody else stands in the way unless `over_offer`. */
bool dhcp4_can_have(const struct dhcp4_exchange *x, uint32_t ip, bool over_offer);
/* Give up a lease that the configuration doesn't cover any more. */
void dhcp4_drop_misfit(struct dhcp4_exchange *x);
/* RFC 2131 §4.3.1: static, current or previous, requested, any. 0 when there is none. */
uint32_t dhcp4_choose(struct dhcp4_exchange *x);
/* The term for `ip`: what is configured, less if the client wants less, but not absurdly little. */
uint32_t dhcp4_lease_term(const struct dhcp4_exchange *x, uint32_t ip);
/* The name for the client at `ip`. A static host's comes from the configuration; any other must be
 * free: who has a name keeps it, the newcomer gets none. */
const char *dhcp4_choose_name(struct dhcp4_exchange *x, uint32_t ip);

/* RFC 2131 §4.1. A client without an address is reached by its MAC: nobody else is woken, no ARP is
 * needed. */
struct dhcp4_target dhcp4_address_reply(const struct dhcp4_exchange *x,
					const struct dhcp4_answer *a);
void dhcp4_reply_now(struct dhcp4_exchange *x, const struct dhcp4_answer *a);
enum dhcp4_drop dhcp4_nak(struct dhcp4_exchange *x, const char *message);
/* A lease of this client at `ip`, in no state yet; NULL without memory. */
struct dhcp4_lease *dhcp4_add_lease(struct dhcp4_exchange *x, uint32_t ip);
/* Grant `ip`, which dhcp4_can_have(), for `sec`: now if that is stored already, else when it is. */
enum dhcp4_drop dhcp4_bind(struct dhcp4_exchange *x, uint32_t ip, uint32_t sec);

#endif
