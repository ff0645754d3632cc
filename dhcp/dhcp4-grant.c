/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-grant.c — which address and name a client gets, how it is bound to them, and how it is
 * told. */
#include "dhcp/dhcp4-exchange.h"

#include <string.h>

#define CHANGES_MAX      16 /* of its binding by one client */
#define CHANGES_SEC      10
#define NAKS_MAX         200 /* a NAK is a broadcast: every guest of the network is woken */
#define NAKS_SEC         1
#define REPORT_EVERY_SEC 5 /* extensions reported for one binding */

/* ---- which address ---- */

bool dhcp4_static_is_available(const struct dhcp4_exchange *x)
{
	if (!x->host || !x->host->h.ip || !dhcp4_in_subnet(x->s, x->host->h.ip))
		return false;
	const struct dhcp4_lease *l = dhcp4_pool_find_ip(&x->s->pool, x->host->h.ip);
	if (l && l != x->lease && l->state == DHCP4_LEASE_BOUND)
		return false;
	return !dhcp4_pool_is_quarantined(&x->s->pool, x->host->h.ip);
}

/* The configuration lets this client have this address: it is its static one, or a dynamic one. */
static bool fits(const struct dhcp4_exchange *x, uint32_t ip)
{
	const struct dhcp4_static *of = dhcp4_hosts_find_ip(&x->s->hosts, ip);

	if (!dhcp4_in_subnet(x->s, ip))
		return false;
	return of ? of == x->host : dhcp4_pool_range_of(&x->s->pool, ip) != NULL;
}

bool dhcp4_can_have(const struct dhcp4_exchange *x, uint32_t ip, bool over_offer)
{
	if (dhcp4_static_is_available(x))
		return ip == x->host->h.ip;
	if (!fits(x, ip) || dhcp4_pool_is_quarantined(&x->s->pool, ip))
		return false;
	if (x->lease && x->lease->b.ip != ip && fits(x, x->lease->b.ip))
		return false;
	const struct dhcp4_lease *l = dhcp4_pool_find_ip(&x->s->pool, ip);
	if (!l || l == x->lease)
		return true;
	return l->state != DHCP4_LEASE_BOUND && (over_offer || l->state != DHCP4_LEASE_OFFERED);
}

void dhcp4_drop_misfit(struct dhcp4_exchange *x)
{
	if (!x->lease || fits(x, x->lease->b.ip))
		return;
	if (x->lease->state == DHCP4_LEASE_BOUND)
		dhcp4_tell(&x->t, DHCP4_RELEASE, x->lease, 0);
	dhcp4_forget(x->s, x->lease);
	x->lease = NULL;
}

/* A port that has its share gets no further address out of the pool. */
static bool is_sated(const struct dhcp4_exchange *x)
{
	return dhcp_ports_sated(&x->s->pool.ports, x->in->port, x->s->pool.size,
				dhcp4_pool_n_free(&x->s->pool));
}

uint32_t dhcp4_choose(struct dhcp4_exchange *x)
{
	enum dhcp4_lease_state victim;

	if (dhcp4_static_is_available(x))
		return x->host->h.ip;
	dhcp4_drop_misfit(x);
	if (x->lease)
		return x->lease->b.ip;
	x->sated = is_sated(x);
	if (x->sated)
		return 0;
	if (x->m.requested && fits(x, x->m.requested) &&
	    dhcp4_pool_is_free(&x->s->pool, x->m.requested))
		return x->m.requested;
	uint32_t ip = dhcp4_pool_pick(&x->s->pool, &x->mac, &victim);
	if (victim == DHCP4_LEASE_OFFERED)
		dhcp4_count(x, DHCP4_COUNT_OFFER_TAKEN);
	else if (victim != DHCP4_LEASE_NEW)
		dhcp4_count(x, DHCP4_COUNT_RECLAIMED);
	return ip;
}

uint32_t dhcp4_lease_term(const struct dhcp4_exchange *x, uint32_t ip)
{
	const struct dhcp4_pool_range *r = dhcp4_pool_range_of(&x->s->pool, ip);
	uint32_t term = x->s->c.default_lease_sec;

	if (x->host && x->host->h.ip == ip && x->host->h.lease_sec)
		term = x->host->h.lease_sec;
	else if (x->set.lease_sec)
		term = x->set.lease_sec;
	else if (r)
		term = r->lease_sec;
	if (!x->m.lease_sec)
		return term;
	return MIN_OF(MAX_OF(x->m.lease_sec, DHCP4_LEASE_MIN_SEC), term);
}

/* ---- which name ---- */

static bool may_be_called(const struct dhcp4_exchange *x, const char *name)
{
	const struct dhcp4_lease *holder = dhcp4_pool_find_name(&x->s->pool, name);

	return !dhcp4_hosts_reserve(&x->s->hosts, name) &&
	       !dhcp4_hosts_find_name(&x->s->hosts, name) && (!holder || holder == x->lease) &&
	       !(x->s->name_taken && x->s->name_taken(x->s->name_data, &x->mac, name));
}

const char *dhcp4_choose_name(struct dhcp4_exchange *x, uint32_t ip)
{
	const struct dhcp4_static *h = x->host;

	if (h && h->h.name[0] && (h->h.has_mac || h->h.ip == ip))
		return h->h.name;
	if (x->asked[0] && may_be_called(x, x->asked))
		return x->asked;
	if (x->asked[0])
		dhcp4_count(x, DHCP4_COUNT_NAME_REFUSED);
	if (x->lease && x->lease->has_name && may_be_called(x, x->lease->b.name))
		return x->lease->b.name;
	const char *known = x->s->known_name ? x->s->known_name(x->s->known_data, &x->mac) : "";
	return known[0] && may_be_called(x, known) ? known : "";
}

/* A static host's name may be in use by a guest that took it before it was configured. */
static void name_lease(struct dhcp4_exchange *x, struct dhcp4_lease *l, const char *name)
{
	struct dhcp4_lease *holder = dhcp4_pool_find_name(&x->s->pool, name);
	char copy[DHCP4_NAME_MAX];

	(void)copy_text(copy, sizeof(copy), name);
	if (holder && holder != l) {
		dhcp4_pool_set_name(&x->s->pool, holder, "");
		dhcp4_tell(&x->t, DHCP4_RENAME, holder, 0);
	}
	dhcp4_pool_set_name(&x->s->pool, l, copy);
}

/* ---- answers ---- */

struct dhcp4_target dhcp4_address_reply(const struct dhcp4_exchange *x,
					const struct dhcp4_answer *a)
{
	struct dhcp4_target to = { .port = DHCP4_PORT_CLIENT, .mac = x->mac };
	bool flag = x->m.flags & DHCP4_FLAG_BROADCAST;

	if (x->m.giaddr)
		return (struct dhcp4_target){ .routed = true,
					      .port = DHCP4_PORT_SERVER,
					      .ip = x->m.giaddr };
	/* A client behind a relay that asks us directly; no broadcast reaches it, not a NAK's. */
	if (x->s->c.relay)
		return (struct dhcp4_target){ .routed = true,
					      .port = DHCP4_PORT_CLIENT,
					      .ip = x->m.ciaddr };
	if (a->type != DHCP4_TYPE_NAK && a->ciaddr) {
		to.ip = a->ciaddr;
	} else if (a->type != DHCP4_TYPE_NAK && !flag && a->yiaddr) {
		to.ip = a->yiaddr;
	} else {
		to.mac = mac_broadcast;
		to.ip = IP4_BROADCAST;
	}
	return to;
}

void dhcp4_reply_now(struct dhcp4_exchange *x, const struct dhcp4_answer *a)
{
	struct dhcp4_target to = dhcp4_address_reply(x, a);

	dhcp4_send(&x->t, &to, x->s->reply, dhcp4_build_reply(x->s, &x->m, a, x->s->reply));
}

static void reply_later(struct dhcp4_exchange *x, const struct dhcp4_answer *a,
			struct dhcp4_gated *g)
{
	g->n = dhcp4_build_reply(x->s, &x->m, a, g->payload);
	g->is_bootp = !x->m.has_type;
	g->to = dhcp4_address_reply(x, a);
}

enum dhcp4_drop dhcp4_nak(struct dhcp4_exchange *x, const char *message)
{
	struct dhcp4_answer a = { .type = DHCP4_TYPE_NAK, .name = "", .message = message };

	if (x->t.now - x->s->naks_since >= NAKS_SEC * USEC_PER_SEC) {
		x->s->naks_since = x->t.now;
		x->s->naks = 0;
	}
	if (++x->s->naks > NAKS_MAX)
		return DHCP4_DROP_NAK_RATE;
	dhcp4_reply_now(x, &a);
	dhcp4_count(x, DHCP4_COUNT_TX_NAK);
	return DHCP4_DROP_NONE;
}

/* The answer that grants `l`. */
static struct dhcp4_answer grant_answer(const struct dhcp4_exchange *x, const struct dhcp4_lease *l)
{
	bool bootp = !x->m.has_type;

	return (struct dhcp4_answer){
		.type = bootp ? DHCP4_TYPE_BOOTP : DHCP4_TYPE_ACK,
		.ciaddr = x->m.ciaddr == l->b.ip ? l->b.ip : 0,
		.yiaddr = l->b.ip,
		.lease_sec = bootp ? 0 : l->b.lease_sec,
		.name = l->b.name,
		.rapid_commit = x->m.type == DHCP4_TYPE_DISCOVER,
		.set = &x->set,
	};
}

/* ---- binding ---- */

static bool may_change(struct dhcp4_lease *l, usec_t now)
{
	if (now - l->changes_since >= CHANGES_SEC * USEC_PER_SEC) {
		l->changes_since = now;
		l->changes = 0;
	}
	return l->changes++ < CHANGES_MAX;
}

struct dhcp4_lease *dhcp4_add_lease(struct dhcp4_exchange *x, uint32_t ip)
{
	return dhcp4_pool_add(&x->s->pool, &x->mac, x->m.client_id.p, x->m.client_id.n, ip);
}

/* The lease of this client at `ip`, made if need be; what stands in the way is gone afterwards. A
 * client that is known by its identifier and comes with another MAC gets a new one, so that who
 * looks after leases hears of an end and a beginning. */
static struct dhcp4_lease *take_lease(struct dhcp4_exchange *x, uint32_t ip)
{
	struct dhcp4_lease *old = x->lease, *other = dhcp4_pool_find_ip(&x->s->pool, ip);
	struct dhcp4_lease before = { 0 };

	if (old && old->b.ip == ip && mac_equal(&old->b.mac, &x->mac))
		return old;
	if (other && other != old) {
		dhcp4_count(x, other->state == DHCP4_LEASE_OFFERED ? DHCP4_COUNT_OFFER_TAKEN
								   : DHCP4_COUNT_RECLAIMED);
		dhcp4_forget(x->s, other);
	}
	if (old) {
		before = *old;
		if (old->state == DHCP4_LEASE_BOUND)
			dhcp4_tell(&x->t, DHCP4_RELEASE, old, 0);
		dhcp4_forget(x->s, old);
	}
	x->lease = dhcp4_add_lease(x, ip);
	if (x->lease) {
		x->lease->changes = before.changes;
		x->lease->changes_since = before.changes_since;
	}
	return x->lease;
}

/* A lease never ends before the client's own idea of it, should this reply get lost. */
static void set_term(struct dhcp4_exchange *x, struct dhcp4_lease *l, uint32_t sec)
{
	usec_t until = sec == DHCP4_LEASE_INFINITE ? USEC_INFINITY : x->t.now + sec * USEC_PER_SEC;
	bool held = l->state == DHCP4_LEASE_BOUND && l->b.expires != USEC_INFINITY;

	l->b.lease_sec = sec;
	l->b.expires = held ? MAX_OF(l->b.expires, until) : until;
	dhcp4_pool_enter(&x->s->pool, l, DHCP4_LEASE_BOUND, x->t.now);
	dhcp4_pool_set_port(&x->s->pool, l, x->in->port);
}

/* A lost extension only makes the store's end too early, and what is restored gets a full term: so
 * the reply needn't wait, and a client that renews all the time needn't be written down each time.
 */
static enum dhcp4_drop extend(struct dhcp4_exchange *x, struct dhcp4_lease *l, uint32_t sec)
{
	set_term(x, l, sec);
	struct dhcp4_answer a = grant_answer(x, l);
	if (x->t.now - l->reported >= REPORT_EVERY_SEC * USEC_PER_SEC) {
		l->reported = x->t.now;
		dhcp4_tell(&x->t, DHCP4_EXTEND, l, 0);
	}
	dhcp4_reply_now(x, &a);
	dhcp4_count(x, x->m.has_type ? DHCP4_COUNT_TX_ACK : DHCP4_COUNT_TX_BOOTP);
	return DHCP4_DROP_NONE;
}

static bool same_client_id(const struct dhcp4_exchange *x, const struct dhcp4_lease *l)
{
	struct dhcp4_span id = x->m.client_id;

	return !id.p || (id.n == l->b.client_id_len && memcmp(id.p, l->b.client_id, id.n) == 0);
}

enum dhcp4_drop dhcp4_bind(struct dhcp4_exchange *x, uint32_t ip, uint32_t sec)
{
	struct dhcp4_lease *l = x->lease;
	const char *name = dhcp4_choose_name(x, ip);
	bool held =
	    l && l->b.ip == ip && l->state == DHCP4_LEASE_BOUND && mac_equal(&l->b.mac, &x->mac);
	bool same = held && same_client_id(x, l) && strcmp(name, l->b.name) == 0;
	enum dhcp4_change change = held && l->durable ? DHCP4_RENAME : DHCP4_GRANT;

	if (same && l->durable)
		return extend(x, l, sec);
	if (same && l->gated) { /* asked again: the same wait, the newer reply */
		struct dhcp4_answer again = grant_answer(x, l);
		reply_later(x, &again, l->gated);
		return DHCP4_DROP_NONE;
	}
	bool counted = l && (l->state == DHCP4_LEASE_BOUND || l->state == DHCP4_LEASE_OFFERED);
	if (!counted && dhcp4_pool_range_of(&x->s->pool, ip) && is_sated(x))
		return DHCP4_DROP_SHARE;
	if (l && !may_change(l, x->t.now))
		return DHCP4_DROP_RATE;
	if (!dhcp4_gate_has_room(&x->s->gate, l, x->in->port))
		return DHCP4_DROP_GATE_FULL;
	char kept_name[DHCP4_NAME_MAX]; /* `name` may be the old lease's */
	(void)copy_text(kept_name, sizeof(kept_name), name);
	l = take_lease(x, ip);
	if (!l)
		return DHCP4_DROP_MEMORY;
	set_term(x, l, sec);
	name_lease(x, l, kept_name);
	if (x->m.client_id.p) {
		l->b.client_id_len = (uint8_t)x->m.client_id.n;
		memcpy(l->b.client_id, x->m.client_id.p, x->m.client_id.n);
	}
	l->durable = false;
	l->reported = x->t.now;
	struct dhcp4_gated *g = dhcp4_gate_open(&x->s->gate, l, x->in->port, x->t.now);
	if (!g)
		return DHCP4_DROP_MEMORY;
	struct dhcp4_answer a = grant_answer(x, l);
	reply_later(x, &a, g);
	g->held = change == DHCP4_RENAME;
	dhcp4_tell(&x->t, change, l, g->token);
	return DHCP4_DROP_NONE;
}
