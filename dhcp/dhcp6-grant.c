/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp6-grant.c — which addresses and name a client gets, how it is bound to them, and how it is
 * told. It goes two ways: a plan chooses for every IA and changes nothing; if the plan is
 * acceptable (room at the gate, not too many changes) it is carried out, which binds. An ADVERTISE
 * is a plan that is only told. */
#include "dhcp/dhcp6-exchange.h"

#include <string.h>

#define CHANGES_MAX      32 /* of its bindings by one station */
#define CHANGES_SEC      10
#define REPORT_EVERY_SEC 5 /* extensions reported for one binding */

/* ---- which address ---- */

static bool is_chosen(const struct dhcp6_exchange *x, const struct ip *ip)
{
	for (size_t i = 0; i < x->n_chosen; i++)
		if (ip_equal(&x->chosen[i], ip))
			return true;
	return false;
}

/* Firmware and system of one machine differ in IAID, a renewed interface in MAC: a static address
 * follows the client that it was written for, unless the holder asks in this very message. */
static bool may_take_static(const struct dhcp6_exchange *x, size_t i,
			    const struct dhcp6_lease *holder)
{
	for (size_t k = 0; k < x->m.n_ia; k++)
		if (k != i && x->lease[k] == holder)
			return false;
	return mac_equal(&holder->b.mac, &x->in->from) ||
	       (holder->b.duid_len == x->m.client_id.n &&
		memcmp(holder->b.duid, x->m.client_id.p, x->m.client_id.n) == 0);
}

bool dhcp6_static_is_available(const struct dhcp6_exchange *x, size_t i)
{
	const struct ip *ip = x->host ? &x->host->h.ip : NULL;

	if (!ip || !dhcp6_in_subnet(x->s, ip) || dhcp6_pool_is_quarantined(&x->s->pool, ip) ||
	    is_chosen(x, ip))
		return false;
	const struct dhcp6_lease *l = dhcp6_pool_find_ip(&x->s->pool, ip);
	return !l || l == x->lease[i] || l->state != DHCP6_LEASE_BOUND || may_take_static(x, i, l);
}

/* The configuration lets this client have this address: it is its static one, or a dynamic one. */
static bool fits(const struct dhcp6_exchange *x, const struct ip *ip)
{
	const struct dhcp6_static *of = dhcp6_hosts_find_ip(&x->s->hosts, ip);

	if (!dhcp6_in_subnet(x->s, ip))
		return false;
	return of ? of == x->host : dhcp6_pool_range_of(&x->s->pool, ip) != NULL;
}

bool dhcp6_choose_hinted(const struct dhcp6_exchange *x, size_t i, struct ip *ret)
{
	const struct dhcp6_ia *ia = &x->m.ia[i];

	for (size_t k = 0; k < ia->n; k++) {
		const struct ip *ip = &ia->address[k].ip;
		if (!fits(x, ip) || is_chosen(x, ip) || !dhcp6_pool_is_free(&x->s->pool, ip))
			continue;
		*ret = *ip;
		return true;
	}
	return false;
}

/* When the pool runs short, a station or port that has many addresses gets no more. */
static bool has_its_share(const struct dhcp6_exchange *x)
{
	const struct dhcp6_pool *p = &x->s->pool;
	const struct dhcp6_station *st = dhcp6_pool_find_station(p, &x->in->from);

	if (dhcp_ports_sated(&p->ports, x->in->port, p->size, dhcp6_pool_n_free(p)))
		return true;
	return st && st->n_leases >= DHCP6_STATION_FAIR && dhcp6_pool_n_free(p) < p->size / 4;
}

static bool choose(const struct dhcp6_exchange *x, size_t i, struct ip *ret)
{
	const struct dhcp6_lease *l = x->lease[i];

	if (dhcp6_static_is_available(x, i)) {
		*ret = x->host->h.ip;
		return true;
	}
	if (l && fits(x, &l->b.ip) && !is_chosen(x, &l->b.ip) &&
	    (l->state == DHCP6_LEASE_BOUND || !dhcp6_pool_is_quarantined(&x->s->pool, &l->b.ip))) {
		*ret = l->b.ip;
		return true;
	}
	if ((!l || l->state != DHCP6_LEASE_BOUND) && has_its_share(x))
		return false;
	return dhcp6_choose_hinted(x, i, ret) ||
	       dhcp6_pool_pick(&x->s->pool, &x->key[i], x->chosen, x->n_chosen, ret);
}

/* A shorter time than the configured one is granted on request; what a client that renews repeats
 * is only what it was told before. */
static uint32_t lease_term(const struct dhcp6_exchange *x, size_t i, const struct ip *ip)
{
	const struct dhcp6_pool_range *r = dhcp6_pool_range_of(&x->s->pool, ip);
	uint32_t sec = r ? r->lease_sec : x->s->c.default_lease_sec, asked = 0;

	if (x->host && ip_equal(&x->host->h.ip, ip) && x->host->h.lease_sec)
		sec = x->host->h.lease_sec;
	else if (x->a.set.lease_sec)
		sec = x->a.set.lease_sec;
	if (x->m.ia[i].n && (x->m.type == DHCP6_TYPE_SOLICIT || x->m.type == DHCP6_TYPE_REQUEST))
		asked = x->m.ia[i].address[0].valid;
	return asked ? MIN_OF(sec, MAX_OF(asked, (uint32_t)DHCP6_LEASE_MIN_SEC)) : sec;
}

/* ---- names ---- */

static bool may_be_called(const struct dhcp6_exchange *x, const char *name)
{
	const struct dhcp6_static *of = dhcp6_hosts_find_name(&x->s->hosts, name);

	if (!name[0] || dhcp6_hosts_reserve(&x->s->hosts, name) || (of && of != x->host))
		return false;
	return !dhcp6_name_taken(x->s, &x->in->from, name) &&
	       !(x->s->name_taken && x->s->name_taken(x->s->name_data, &x->in->from, name));
}

void dhcp6_choose_name(struct dhcp6_exchange *x)
{
	const char *known = x->in->known_name ? x->in->known_name : "";
	const char *name = "";

	if (x->host && x->host->h.name[0])
		name = x->host->h.name;
	else if (may_be_called(x, x->asked))
		name = x->asked;
	else if (may_be_called(x, known))
		name = known;
	if (x->asked[0] && !name[0])
		dhcp6_count(x, DHCP6_COUNT_NAME_REFUSED);
	for (size_t i = 0; !name[0] && i < x->m.n_ia; i++)
		if (x->lease[i] && x->lease[i]->state == DHCP6_LEASE_BOUND)
			name = x->lease[i]->b.name;
	(void)copy_text(x->name, sizeof(x->name), name);
}

/* A static host's name may be in use by a guest that took it before it was configured. */
static void name_lease(struct dhcp6_exchange *x, struct dhcp6_lease *l)
{
	struct dhcp6_lease *holder = dhcp6_pool_find_name(&x->s->pool, x->name);

	if (holder && !mac_equal(&holder->b.mac, &l->b.mac)) {
		dhcp6_pool_set_name(&x->s->pool, holder, "");
		dhcp6_tell(&x->t, DHCP4_RENAME, holder, 0);
	}
	dhcp6_pool_set_name(&x->s->pool, l, x->name);
}

/* ---- the plan ---- */

void dhcp6_refuse(struct dhcp6_exchange *x, size_t i, enum dhcp6_status status)
{
	x->plan[i] = DHCP6_PLAN_REFUSE;
	x->a.ia[i].status = status;
	if (status == DHCP6_STATUS_NO_ADDRS)
		dhcp6_count(x, DHCP6_COUNT_NO_ADDRS);
}

void dhcp6_plan_ia(struct dhcp6_exchange *x, size_t i)
{
	struct dhcp6_ia_answer *a = &x->a.ia[i];
	const struct dhcp6_lease *l = x->lease[i];

	if (!choose(x, i, &a->ip)) {
		dhcp6_refuse(x, i, DHCP6_STATUS_NO_ADDRS);
		return;
	}
	a->sec = lease_term(x, i, &a->ip);
	x->chosen[x->n_chosen++] = a->ip;
	bool same = l && l->state == DHCP6_LEASE_BOUND && ip_equal(&l->b.ip, &a->ip) &&
		    strcmp(l->b.name, x->name) == 0;
	if (same && l->durable)
		x->plan[i] = DHCP6_PLAN_EXTEND;
	else
		x->plan[i] = same && l->gated ? DHCP6_PLAN_WAIT : DHCP6_PLAN_BIND;
}

void dhcp6_plan(struct dhcp6_exchange *x)
{
	dhcp6_choose_name(x);
	for (size_t i = 0; i < x->m.n_ia; i++)
		dhcp6_plan_ia(x, i);
}

void dhcp6_list_gone(struct dhcp6_exchange *x)
{
	for (size_t i = 0; i < x->m.n_ia; i++) {
		struct dhcp6_ia_answer *a = &x->a.ia[i];
		bool granted = a->status == DHCP6_STATUS_SUCCESS;
		for (size_t k = 0; k < x->m.ia[i].n; k++) {
			const struct ip *ip = &x->m.ia[i].address[k].ip;
			if (!(granted && ip_equal(ip, &a->ip)))
				a->gone[a->n_gone++] = *ip;
		}
	}
}

/* ---- binding ---- */

static void forget(struct dhcp6_exchange *x, struct dhcp6_lease *l)
{
	for (size_t i = 0; i < x->m.n_ia; i++)
		if (x->lease[i] == l)
			x->lease[i] = NULL;
	if (l->state == DHCP6_LEASE_BOUND)
		dhcp6_tell(&x->t, DHCP4_RELEASE, l, 0);
	else
		dhcp6_count(x, DHCP6_COUNT_RECLAIMED);
	dhcp6_forget(x->s, l);
}

/* The lease of this IA at `ip`, made if need be; what stands in the way is gone afterwards. */
static struct dhcp6_lease *take_lease(struct dhcp6_exchange *x, size_t i, const struct ip *ip)
{
	struct dhcp6_lease *other = dhcp6_pool_find_ip(&x->s->pool, ip);

	if (other && other == x->lease[i])
		return other;
	if (other)
		forget(x, other);
	if (x->lease[i])
		forget(x, x->lease[i]);
	x->lease[i] = dhcp6_pool_add(&x->s->pool, &x->in->from, x->m.ia[i].iaid, x->m.client_id.p,
				     x->m.client_id.n, ip);
	return x->lease[i];
}

/* A lease never ends before the client's own idea of it, should this reply get lost. */
static void set_term(struct dhcp6_exchange *x, struct dhcp6_lease *l, uint32_t sec)
{
	usec_t until = sec == DHCP6_LEASE_INFINITE ? USEC_INFINITY : x->t.now + sec * USEC_PER_SEC;
	bool held = l->state == DHCP6_LEASE_BOUND && l->b.expires != USEC_INFINITY;

	l->b.lease_sec = sec;
	l->b.expires = held ? MAX_OF(l->b.expires, until) : until;
	dhcp6_pool_enter(&x->s->pool, l, DHCP6_LEASE_BOUND);
	dhcp6_pool_set_port(&x->s->pool, l, x->in->port);
}

static void extend(struct dhcp6_exchange *x, size_t i)
{
	struct dhcp6_lease *l = x->lease[i];

	set_term(x, l, x->a.ia[i].sec);
	if (x->plan[i] == DHCP6_PLAN_WAIT ||
	    x->t.now - l->reported < REPORT_EVERY_SEC * USEC_PER_SEC)
		return;
	l->reported = x->t.now;
	dhcp6_tell(&x->t, DHCP4_EXTEND, l, 0);
}

static bool bind_address(struct dhcp6_exchange *x, size_t i, struct dhcp6_gated *g)
{
	struct dhcp6_lease *l = x->lease[i];
	const struct ip ip = x->a.ia[i].ip;
	bool rename = l && l->state == DHCP6_LEASE_BOUND && ip_equal(&l->b.ip, &ip) && l->durable;

	l = take_lease(x, i, &ip);
	if (!l)
		return false;
	set_term(x, l, x->a.ia[i].sec);
	name_lease(x, l);
	l->durable = false;
	l->reported = x->t.now;
	uint64_t token = dhcp6_gate_wait_for(&x->s->gate, g, l, (unsigned)i);
	g->held[i] = rename;
	dhcp6_tell(&x->t, rename ? DHCP4_RENAME : DHCP4_GRANT, l, token);
	return true;
}

/* Counted by station: a client that forges identifiers is slowed down as well. */
static bool may_change(struct dhcp6_exchange *x, unsigned *ret_changes, usec_t *ret_since)
{
	struct dhcp6_station *st = dhcp6_pool_find_station(&x->s->pool, &x->in->from);

	*ret_changes = 1;
	*ret_since = x->t.now;
	if (!st || x->t.now - st->changes_since >= CHANGES_SEC * USEC_PER_SEC)
		return true;
	*ret_changes = st->changes + 1;
	*ret_since = st->changes_since;
	return st->changes < CHANGES_MAX + st->n_leases;
}

void dhcp6_send_reply(struct dhcp6_exchange *x)
{
	size_t at[DHCP6_IAS_MAX], n_at;
	size_t n = dhcp6_build_reply(x->s, &x->m, &x->a, x->s->reply, at, &n_at);

	dhcp6_send(&x->t, &x->in->from, &x->in->src, x->s->reply, n);
	dhcp6_count(x, x->a.type == DHCP6_TYPE_ADVERTISE ? DHCP6_COUNT_TX_ADVERTISE
							 : DHCP6_COUNT_TX_REPLY);
}

static void reply_later(struct dhcp6_exchange *x, struct dhcp6_gated *g)
{
	g->n = dhcp6_build_reply(x->s, &x->m, &x->a, g->payload, g->lifetimes_at, &g->n_lifetimes);
	g->to_mac = x->in->from;
	g->to_ip = x->in->src;
}

/* The reply that already waits for all that this message waits for, and for nothing else: it is
 * renewed instead of storing the same once more. Else what waits is bound again. */
static struct dhcp6_gated *find_same_wait(struct dhcp6_exchange *x)
{
	struct dhcp6_gated *g = NULL;
	size_t waiting = 0, in_slot = 0;

	for (size_t i = 0; i < x->m.n_ia; i++) {
		if (x->plan[i] == DHCP6_PLAN_BIND)
			return NULL;
		if (x->plan[i] != DHCP6_PLAN_WAIT)
			continue;
		if (g && g != x->lease[i]->gated)
			return NULL;
		g = x->lease[i]->gated;
		waiting++;
	}
	for (size_t i = 0; g && i < DHCP6_IAS_MAX; i++)
		in_slot += g->lease[i] != NULL;
	return waiting == in_slot && g && !g->unstored ? g : NULL;
}

static enum dhcp6_drop bind_all(struct dhcp6_exchange *x)
{
	unsigned changes;
	usec_t since;

	if (!may_change(x, &changes, &since))
		return DHCP6_DROP_RATE;
	struct dhcp6_gated *g = dhcp6_gate_open(&x->s->gate, x->in->port, x->t.now);
	if (!g)
		return DHCP6_DROP_GATE_FULL;
	for (size_t i = 0; i < x->m.n_ia; i++) {
		if (x->plan[i] == DHCP6_PLAN_EXTEND && x->lease[i])
			extend(x, i);
		else if (x->plan[i] != DHCP6_PLAN_REFUSE && !bind_address(x, i, g))
			dhcp6_refuse(x, i, DHCP6_STATUS_NO_ADDRS);
	}
	struct dhcp6_station *st = dhcp6_pool_find_station(&x->s->pool, &x->in->from);
	if (st) {
		st->changes = changes;
		st->changes_since = since;
	}
	reply_later(x, g);
	if (!dhcp6_gated_is_done(g))
		return DHCP6_DROP_NONE;
	dhcp6_gate_close(&x->s->gate, g); /* no memory for any of them */
	return DHCP6_DROP_MEMORY;
}

enum dhcp6_drop dhcp6_carry_out(struct dhcp6_exchange *x)
{
	struct dhcp6_gated *g = find_same_wait(x);
	bool store = false;

	for (size_t i = 0; i < x->m.n_ia; i++)
		store |= x->plan[i] == DHCP6_PLAN_BIND || x->plan[i] == DHCP6_PLAN_WAIT;
	if (store && !g)
		return bind_all(x);
	for (size_t i = 0; i < x->m.n_ia; i++)
		if (x->plan[i] != DHCP6_PLAN_REFUSE)
			extend(x, i);
	if (g)
		reply_later(x, g);
	else
		dhcp6_send_reply(x);
	return DHCP6_DROP_NONE;
}
