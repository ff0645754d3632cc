/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp6-message.c — what each message of a client means (RFC 8415 §16, §18.3).
 *
 * First the whole datagram is judged by a table, then one function for each message type decides.
 * What grants addresses goes two ways: plan() chooses for every IA and changes nothing; if the plan
 * is acceptable (room at the gate, not too many changes) carry_out() binds. An ADVERTISE is a plan
 * that is only told. */
#include "dhcp/dhcp4-names.h"
#include "dhcp/dhcp6-internal.h"

#include <string.h>

#define CHANGES_MAX      32 /* of its bindings by one station */
#define CHANGES_SEC      10
#define REPORT_EVERY_SEC 5 /* extensions reported for one binding */

enum plan_kind {
	PLAN_REFUSE, /* answer->status says why */
	PLAN_EXTEND, /* nothing but a later end */
	PLAN_WAIT,   /* asked again while the store works: the same binding */
	PLAN_BIND,
};

/* One datagram being served. */
struct exchange {
	struct dhcp6_turn t;
	struct dhcp6 *s;
	const struct dhcp6_dgram *in;
	struct dhcp6_static *host;                /* the client's, or NULL */
	char asked[DHCP6_NAME_MAX];               /* the name that it wants, "" for none */
	char name[DHCP6_NAME_MAX];                /* that it gets */
	struct dhcp6_lease *lease[DHCP6_IAS_MAX]; /* of each IA, in any state, or NULL */
	struct dhcp6_key key[DHCP6_IAS_MAX];
	enum plan_kind plan[DHCP6_IAS_MAX];
	struct ip chosen[DHCP6_IAS_MAX]; /* those granted so far */
	size_t n_chosen;
	struct dhcp6_answer a;
	struct dhcp6_message m;
};

static void count(struct exchange *x, enum dhcp6_counter c)
{
	x->s->count[c]++;
}

/* ---- which address ---- */

static bool is_chosen(const struct exchange *x, const struct ip *ip)
{
	for (size_t i = 0; i < x->n_chosen; i++)
		if (ip_equal(&x->chosen[i], ip))
			return true;
	return false;
}

/* Firmware and system of one machine differ in IAID, a renewed interface in MAC: a static address
 * follows the client that it was written for, unless the holder asks in this very message. */
static bool may_take_static(const struct exchange *x, size_t i, const struct dhcp6_lease *holder)
{
	for (size_t k = 0; k < x->m.n_ia; k++)
		if (k != i && x->lease[k] == holder)
			return false;
	return mac_equal(&holder->b.mac, &x->in->from) ||
	       (holder->b.duid_len == x->m.client_id.n &&
		memcmp(holder->b.duid, x->m.client_id.p, x->m.client_id.n) == 0);
}

static bool static_is_available(const struct exchange *x, size_t i)
{
	const struct ip *ip = x->host ? &x->host->h.ip : NULL;

	if (!ip || !dhcp6_in_subnet(x->s, ip) || dhcp6_pool_is_quarantined(&x->s->pool, ip) ||
	    is_chosen(x, ip))
		return false;
	const struct dhcp6_lease *l = dhcp6_pool_find_ip(&x->s->pool, ip);
	return !l || l == x->lease[i] || l->state != DHCP6_LEASE_BOUND || may_take_static(x, i, l);
}

/* The configuration lets this client have this address: it is its static one, or a dynamic one. */
static bool fits(const struct exchange *x, const struct ip *ip)
{
	const struct dhcp6_static *of = dhcp6_hosts_find_ip(&x->s->hosts, ip);

	if (!dhcp6_in_subnet(x->s, ip))
		return false;
	return of ? of == x->host : dhcp6_pool_range_of(&x->s->pool, ip) != NULL;
}

/* One of the addresses that the client names, if nobody has it. */
static bool choose_hinted(const struct exchange *x, size_t i, struct ip *ret)
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
static bool has_its_share(const struct exchange *x)
{
	const struct dhcp6_pool *p = &x->s->pool;
	const struct dhcp6_station *st = dhcp6_pool_find_station(p, &x->in->from);

	if (dhcp_ports_sated(&p->ports, x->in->port, p->size, dhcp6_pool_n_free(p)))
		return true;
	return st && st->n_leases >= DHCP6_STATION_FAIR && dhcp6_pool_n_free(p) < p->size / 4;
}

static bool choose(const struct exchange *x, size_t i, struct ip *ret)
{
	const struct dhcp6_lease *l = x->lease[i];

	if (static_is_available(x, i)) {
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
	return choose_hinted(x, i, ret) ||
	       dhcp6_pool_pick(&x->s->pool, &x->key[i], x->chosen, x->n_chosen, ret);
}

/* A shorter time than the configured one is granted on request; what a client that renews repeats
 * is only what it was told before. */
static uint32_t lease_term(const struct exchange *x, size_t i, const struct ip *ip)
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

static bool may_be_called(const struct exchange *x, const char *name)
{
	const struct dhcp6_static *of = dhcp6_hosts_find_name(&x->s->hosts, name);

	if (!name[0] || dhcp6_hosts_reserve(&x->s->hosts, name) || (of && of != x->host))
		return false;
	return !dhcp6_name_taken(x->s, &x->in->from, name) &&
	       !(x->s->name_taken && x->s->name_taken(x->s->name_data, &x->in->from, name));
}

/* A static host's name; else what the client asks for; else what its station is called already. */
static void choose_name(struct exchange *x)
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
		count(x, DHCP6_COUNT_NAME_REFUSED);
	for (size_t i = 0; !name[0] && i < x->m.n_ia; i++)
		if (x->lease[i] && x->lease[i]->state == DHCP6_LEASE_BOUND)
			name = x->lease[i]->b.name;
	(void)copy_text(x->name, sizeof(x->name), name);
}

/* A static host's name may be in use by a guest that took it before it was configured. */
static void name_lease(struct exchange *x, struct dhcp6_lease *l)
{
	struct dhcp6_lease *holder = dhcp6_pool_find_name(&x->s->pool, x->name);

	if (holder && !mac_equal(&holder->b.mac, &l->b.mac)) {
		dhcp6_pool_set_name(&x->s->pool, holder, "");
		dhcp6_tell(&x->t, DHCP4_RENAME, holder, 0);
	}
	dhcp6_pool_set_name(&x->s->pool, l, x->name);
}

/* ---- the plan ---- */

static void refuse(struct exchange *x, size_t i, enum dhcp6_status status)
{
	x->plan[i] = PLAN_REFUSE;
	x->a.ia[i].status = status;
	if (status == DHCP6_STATUS_NO_ADDRS)
		count(x, DHCP6_COUNT_NO_ADDRS);
}

static void plan_ia(struct exchange *x, size_t i)
{
	struct dhcp6_ia_answer *a = &x->a.ia[i];
	const struct dhcp6_lease *l = x->lease[i];

	if (!choose(x, i, &a->ip)) {
		refuse(x, i, DHCP6_STATUS_NO_ADDRS);
		return;
	}
	a->sec = lease_term(x, i, &a->ip);
	x->chosen[x->n_chosen++] = a->ip;
	bool same = l && l->state == DHCP6_LEASE_BOUND && ip_equal(&l->b.ip, &a->ip) &&
		    strcmp(l->b.name, x->name) == 0;
	if (same && l->durable)
		x->plan[i] = PLAN_EXTEND;
	else
		x->plan[i] = same && l->gated ? PLAN_WAIT : PLAN_BIND;
}

static void plan(struct exchange *x)
{
	choose_name(x);
	for (size_t i = 0; i < x->m.n_ia; i++)
		plan_ia(x, i);
}

/* What the client lists and won't have. */
static void list_gone(struct exchange *x)
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

static void forget(struct exchange *x, struct dhcp6_lease *l)
{
	for (size_t i = 0; i < x->m.n_ia; i++)
		if (x->lease[i] == l)
			x->lease[i] = NULL;
	if (l->state == DHCP6_LEASE_BOUND)
		dhcp6_tell(&x->t, DHCP4_RELEASE, l, 0);
	else
		count(x, DHCP6_COUNT_RECLAIMED);
	dhcp6_forget(x->s, l);
}

/* The lease of this IA at `ip`, made if need be; what stands in the way is gone afterwards. */
static struct dhcp6_lease *take_lease(struct exchange *x, size_t i, const struct ip *ip)
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
static void set_term(struct exchange *x, struct dhcp6_lease *l, uint32_t sec)
{
	usec_t until = sec == DHCP6_LEASE_INFINITE ? USEC_INFINITY : x->t.now + sec * USEC_PER_SEC;
	bool held = l->state == DHCP6_LEASE_BOUND && l->b.expires != USEC_INFINITY;

	l->b.lease_sec = sec;
	l->b.expires = held ? MAX_OF(l->b.expires, until) : until;
	dhcp6_pool_enter(&x->s->pool, l, DHCP6_LEASE_BOUND);
	dhcp6_pool_set_port(&x->s->pool, l, x->in->port);
}

static void extend(struct exchange *x, size_t i)
{
	struct dhcp6_lease *l = x->lease[i];

	set_term(x, l, x->a.ia[i].sec);
	if (x->plan[i] == PLAN_WAIT || x->t.now - l->reported < REPORT_EVERY_SEC * USEC_PER_SEC)
		return;
	l->reported = x->t.now;
	dhcp6_tell(&x->t, DHCP4_EXTEND, l, 0);
}

static bool bind_address(struct exchange *x, size_t i, struct dhcp6_gated *g)
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
static bool may_change(struct exchange *x, unsigned *ret_changes, usec_t *ret_since)
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

static void send_reply(struct exchange *x)
{
	size_t at[DHCP6_IAS_MAX], n_at;
	size_t n = dhcp6_build_reply(x->s, &x->m, &x->a, x->s->reply, at, &n_at);

	dhcp6_send(&x->t, &x->in->from, &x->in->src, x->s->reply, n);
	count(x,
	      x->a.type == DHCP6_TYPE_ADVERTISE ? DHCP6_COUNT_TX_ADVERTISE : DHCP6_COUNT_TX_REPLY);
}

static void reply_later(struct exchange *x, struct dhcp6_gated *g)
{
	g->n = dhcp6_build_reply(x->s, &x->m, &x->a, g->payload, g->lifetimes_at, &g->n_lifetimes);
	g->to_mac = x->in->from;
	g->to_ip = x->in->src;
}

/* The reply that already waits for all that this message waits for, and for nothing else: it is
 * renewed instead of storing the same once more. Else what waits is bound again. */
static struct dhcp6_gated *find_same_wait(struct exchange *x)
{
	struct dhcp6_gated *g = NULL;
	size_t waiting = 0, in_slot = 0;

	for (size_t i = 0; i < x->m.n_ia; i++) {
		if (x->plan[i] == PLAN_BIND)
			return NULL;
		if (x->plan[i] != PLAN_WAIT)
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

static enum dhcp6_drop bind_all(struct exchange *x)
{
	unsigned changes;
	usec_t since;

	if (!may_change(x, &changes, &since))
		return DHCP6_DROP_RATE;
	struct dhcp6_gated *g = dhcp6_gate_open(&x->s->gate, x->in->port, x->t.now);
	if (!g)
		return DHCP6_DROP_GATE_FULL;
	for (size_t i = 0; i < x->m.n_ia; i++) {
		if (x->plan[i] == PLAN_EXTEND && x->lease[i])
			extend(x, i);
		else if (x->plan[i] != PLAN_REFUSE && !bind_address(x, i, g))
			refuse(x, i, DHCP6_STATUS_NO_ADDRS);
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

/* Do what was planned, and answer: now if nothing has to be stored first. */
static enum dhcp6_drop carry_out(struct exchange *x)
{
	struct dhcp6_gated *g = find_same_wait(x);
	bool store = false;

	for (size_t i = 0; i < x->m.n_ia; i++)
		store |= x->plan[i] == PLAN_BIND || x->plan[i] == PLAN_WAIT;
	if (store && !g)
		return bind_all(x);
	for (size_t i = 0; i < x->m.n_ia; i++)
		if (x->plan[i] != PLAN_REFUSE)
			extend(x, i);
	if (g)
		reply_later(x, g);
	else
		send_reply(x);
	return DHCP6_DROP_NONE;
}

/* ---- the messages ---- */

static enum dhcp6_drop on_solicit(struct exchange *x)
{
	if (!x->m.n_ia && !x->m.n_other)
		return DHCP6_DROP_NO_IA;
	plan(x);
	if (x->m.rapid_commit && x->n_chosen) {
		x->a.rapid_commit = true;
		return carry_out(x);
	}
	x->a.type = DHCP6_TYPE_ADVERTISE;
	send_reply(x);
	return DHCP6_DROP_NONE;
}

/* RFC 8415 §18.3.2: an address of another link is an error of the client's. */
static bool names_other_link(const struct exchange *x, size_t i)
{
	for (size_t k = 0; k < x->m.ia[i].n; k++)
		if (!ip_in_prefix(&x->m.ia[i].address[k].ip, &x->s->c.server, x->s->c.prefix))
			return true;
	return false;
}

static enum dhcp6_drop on_request(struct exchange *x)
{
	if (!x->m.n_ia && !x->m.n_other)
		return DHCP6_DROP_NO_IA;
	choose_name(x);
	for (size_t i = 0; i < x->m.n_ia; i++) {
		if (names_other_link(x, i))
			refuse(x, i, DHCP6_STATUS_NOT_ON_LINK);
		else
			plan_ia(x, i);
	}
	return carry_out(x);
}

/* A client whose binding we don't know keeps its address if nobody has it (we may have lost our
 * memory), gets another one if its own is of another subnet, and else starts again. */
static bool can_recreate(const struct exchange *x, size_t i)
{
	struct ip ip;

	return x->m.ia[i].n && (choose_hinted(x, i, &ip) || names_other_link(x, i) ||
				(static_is_available(x, i) && x->host->h.ip.family));
}

static enum dhcp6_drop on_renew(struct exchange *x)
{
	if (!x->m.n_ia && !x->m.n_other)
		return DHCP6_DROP_NO_IA;
	choose_name(x);
	for (size_t i = 0; i < x->m.n_ia; i++) {
		if (x->lease[i] || can_recreate(x, i))
			plan_ia(x, i);
		else
			refuse(x, i, DHCP6_STATUS_NO_BINDING);
		if (x->plan[i] == PLAN_REFUSE)
			x->a.ia[i].status = DHCP6_STATUS_NO_BINDING;
	}
	list_gone(x);
	return carry_out(x);
}

static enum dhcp6_drop on_confirm(struct exchange *x)
{
	size_t n = 0, off_link = 0;

	for (size_t i = 0; i < x->m.n_ia; i++) {
		n += x->m.ia[i].n;
		off_link += names_other_link(x, i);
	}
	if (!n)
		return DHCP6_DROP_CANNOT_TELL;
	x->a.n_ia = 0;
	x->a.has_status = true;
	x->a.status = off_link ? DHCP6_STATUS_NOT_ON_LINK : DHCP6_STATUS_SUCCESS;
	send_reply(x);
	return DHCP6_DROP_NONE;
}

static bool holds(const struct exchange *x, size_t i)
{
	const struct dhcp6_lease *l = x->lease[i];

	for (size_t k = 0; l && l->state == DHCP6_LEASE_BOUND && k < x->m.ia[i].n; k++)
		if (ip_equal(&x->m.ia[i].address[k].ip, &l->b.ip))
			return dhcp_ports_match(&l->member, x->in->port);
	return false;
}

/* RFC 8415 §18.3.7: only what the server doesn't know is listed, then the message as a whole
 * succeeds. */
static enum dhcp6_drop give_back(struct exchange *x, void (*end)(struct exchange *, size_t))
{
	size_t unknown = 0;

	if (!x->m.n_ia)
		return DHCP6_DROP_NO_IA;
	for (size_t i = 0; i < x->m.n_ia; i++) {
		if (holds(x, i)) {
			end(x, i);
			continue;
		}
		x->a.ia[unknown].iaid = x->m.ia[i].iaid;
		x->a.ia[unknown++].status = DHCP6_STATUS_NO_BINDING;
	}
	x->a.n_ia = unknown;
	x->a.parameters = false;
	x->a.has_status = true;
	send_reply(x);
	return DHCP6_DROP_NONE;
}

static void release_ia(struct exchange *x, size_t i)
{
	dhcp6_tell(&x->t, DHCP4_RELEASE, x->lease[i], 0);
	dhcp6_unbind(x->s, x->lease[i]);
}

static void decline_ia(struct exchange *x, size_t i)
{
	struct dhcp6_lease *l = x->lease[i];
	uint32_t sec = dhcp6_pool_quarantine(&x->s->pool, &l->b.ip, &l->b.mac, x->t.now);

	if (!sec) {
		/* Over the cap: kept as released, with its station's count of changes, so that a
		 * client in a loop of requests and declines is slowed down. */
		count(x, DHCP6_COUNT_QUARANTINE_FULL);
		release_ia(x, i);
		return;
	}
	count(x, DHCP6_COUNT_QUARANTINED);
	l->b.lease_sec = sec;
	l->b.expires = x->t.now + sec * USEC_PER_SEC;
	dhcp6_tell(&x->t, DHCP4_DECLINE, l, 0);
	x->lease[i] = NULL;
	dhcp6_forget(x->s, l);
}

static enum dhcp6_drop on_release(struct exchange *x)
{
	return give_back(x, release_ia);
}

static enum dhcp6_drop on_decline(struct exchange *x)
{
	return give_back(x, decline_ia);
}

static enum dhcp6_drop on_information_request(struct exchange *x)
{
	if (x->m.has_ia) /* RFC 8415 §16.12 */
		return DHCP6_DROP_NO_IA;
	send_reply(x);
	return DHCP6_DROP_NONE;
}

/* ---- dispatch ---- */

enum presence { FORBIDDEN, OPTIONAL, NEEDED };

static const struct handler {
	enum dhcp6_counter received;
	enum presence client_id, server_id;
	bool use_multicast; /* sent to our own address: told so, not ignored (§18.4) */
	enum dhcp6_drop (*on)(struct exchange *x);
} handlers[] = {
	[DHCP6_TYPE_SOLICIT] = { DHCP6_COUNT_RX_SOLICIT, NEEDED, FORBIDDEN, false, on_solicit },
	[DHCP6_TYPE_REQUEST] = { DHCP6_COUNT_RX_REQUEST, NEEDED, NEEDED, true, on_request },
	[DHCP6_TYPE_CONFIRM] = { DHCP6_COUNT_RX_CONFIRM, NEEDED, FORBIDDEN, false, on_confirm },
	[DHCP6_TYPE_RENEW] = { DHCP6_COUNT_RX_RENEW, NEEDED, NEEDED, true, on_renew },
	[DHCP6_TYPE_REBIND] = { DHCP6_COUNT_RX_REBIND, NEEDED, FORBIDDEN, false, on_renew },
	[DHCP6_TYPE_RELEASE] = { DHCP6_COUNT_RX_RELEASE, NEEDED, NEEDED, true, on_release },
	[DHCP6_TYPE_DECLINE] = { DHCP6_COUNT_RX_DECLINE, NEEDED, NEEDED, true, on_decline },
	[DHCP6_TYPE_INFORMATION_REQUEST] = { DHCP6_COUNT_RX_INFORMATION_REQUEST, OPTIONAL, OPTIONAL,
					     false, on_information_request },
};

static bool is_link_local(const struct ip *ip)
{
	return ip->family == AF_INET6 && ip->v6[0] == 0xfe && (ip->v6[1] & 0xc0) == 0x80;
}

static bool is_ours(const struct exchange *x)
{
	const struct dhcp6_config *c = &x->s->c;

	return x->m.server_id.n == c->duid_len &&
	       memcmp(x->m.server_id.p, c->duid, c->duid_len) == 0;
}

static enum dhcp6_drop check(const struct exchange *x, const struct handler *h)
{
	const struct mac *from = &x->in->from;

	if (!is_link_local(&x->in->src) || mac_is_zero(from) || mac_is_multicast(from) ||
	    mac_equal(from, &x->s->c.bridge_mac))
		return DHCP6_DROP_SOURCE;
	if (!x->m.client_id.p && h->client_id == NEEDED)
		return DHCP6_DROP_CLIENT_ID;
	if (x->m.server_id.p ? h->server_id == FORBIDDEN : h->server_id == NEEDED)
		return DHCP6_DROP_SERVER_ID;
	if (x->m.server_id.p && !is_ours(x))
		return DHCP6_DROP_OTHER_SERVER;
	if (x->in->dst.family != AF_INET6 || (x->in->dst.v6[0] != 0xff && !h->use_multicast))
		return DHCP6_DROP_UNICAST;
	return DHCP6_DROP_NONE;
}

static enum dhcp6_drop say_use_multicast(struct exchange *x)
{
	x->a.n_ia = 0;
	x->a.parameters = false;
	x->a.has_status = true;
	x->a.status = DHCP6_STATUS_USE_MULTICAST;
	send_reply(x);
	return DHCP6_DROP_NONE;
}

static void look_up_client(struct exchange *x)
{
	const struct dhcp6_span *id = &x->m.client_id;
	struct dhcp6_static *by_name;

	if (x->m.fqdn.p && !dhcp6_fqdn_name(x->m.fqdn, x->asked))
		count(x, DHCP6_COUNT_NAME_REFUSED);
	x->a.type = DHCP6_TYPE_REPLY;
	x->a.name = x->name;
	x->a.parameters = true;
	x->a.n_ia = x->m.n_ia;
	if (!id->p)
		return;
	for (size_t i = 0; i < x->m.n_ia; i++) {
		x->a.ia[i].iaid = x->m.ia[i].iaid;
		dhcp6_key_make(&x->key[i], &x->in->from, x->m.ia[i].iaid, id->p, id->n);
		x->lease[i] = dhcp6_pool_find_client(&x->s->pool, &x->key[i]);
	}
	x->host = dhcp6_hosts_find_duid(&x->s->hosts, id->p, id->n);
	if (x->host)
		return;
	by_name = dhcp6_hosts_find_name(&x->s->hosts, x->asked);
	if (!by_name && !x->asked[0] && x->in->known_name)
		by_name = dhcp6_hosts_find_name(&x->s->hosts, x->in->known_name);
	if (by_name && !by_name->h.duid_len)
		x->host = by_name;
}

/* What the rules have for this client; its name is the one that it has, or will have if it's free.
 */
static void look_up_rules(struct exchange *x)
{
	const struct dhcp6_message *m = &x->m;
	struct dhcp_client c = { .mac = &x->in->from, .name = x->asked };
	struct rd arch = rd_over(m->arch.p, m->arch.n), vendor;

	if (x->host && x->host->h.name[0])
		c.name = x->host->h.name;
	else if (!x->asked[0] && x->in->known_name)
		c.name = x->in->known_name;
	vendor = rd_over(m->vendor_class.p, m->vendor_class.n);
	rd_skip(&vendor, 4); /* the enterprise's number */
	if (m->vendor_class.p && !vendor.bad)
		c.n_vendor = dhcp_class6(vendor.p, rd_left(&vendor), c.vendor);
	c.n_user = dhcp_class6(m->user_class.p, m->user_class.n, c.user);
	for (size_t i = 0; i < c.n_user; i++)
		c.ipxe |= c.user[i].n == 4 && memcmp(c.user[i].p, "iPXE", 4) == 0;
	c.has_arch = m->arch.p;
	c.arch = rd_u16(&arch);
	dhcp_rules_apply(&x->s->rules, &c, &x->a.set);
}

static enum dhcp6_drop serve(struct exchange *x)
{
	enum dhcp6_drop drop;

	if (!x->s->configured)
		return DHCP6_DROP_TYPE;
	if (x->in->truncated)
		return DHCP6_DROP_LONG;
	drop = dhcp6_decode(x->in->payload, x->in->n, &x->m);
	if (drop)
		return drop;
	if (x->m.type >= ARRAY_LEN(handlers) || !handlers[x->m.type].on)
		return DHCP6_DROP_TYPE;
	const struct handler *h = &handlers[x->m.type];
	drop = check(x, h);
	if (drop)
		return drop;
	count(x, h->received);
	look_up_client(x);
	look_up_rules(x);
	return x->in->dst.v6[0] == 0xff ? h->on(x) : say_use_multicast(x);
}

size_t dhcp6_input(struct dhcp6 *s, const struct dhcp6_dgram *in, usec_t now,
		   struct dhcp6_action *out, size_t cap)
{
	struct exchange x;

	/* Not an initialiser: the decoder clears its part of the message itself. */
	memset(&x, 0, offsetof(struct exchange, m));
	x.t = (struct dhcp6_turn){ s, now, out, cap, 0 };
	x.s = s;
	x.in = in;
	s->last_drop = cap < DHCP6_ACTIONS_MAX ? DHCP6_DROP_MEMORY : serve(&x);
	if (s->last_drop)
		dhcp6_note_drop(s, s->last_drop);
	return x.t.n;
}
