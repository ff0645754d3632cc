/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4.c — the engine's life: configuration, bindings from the store, time, the store's answers.
 *
 * How the parts fit: dhcp4-message.c decides what a datagram means, with dhcp4-options.c for the
 * bytes, and dhcp4-grant.c what its client gets, with dhcp4-hosts.c for what is fixed by
 * configuration, dhcp4-pool.c for who has which address, dhcp4-names.c for what a client may be
 * called, dhcp4-reply.c for the answer and dhcp4-gate.c for answers that must wait. Only this file
 * and those of message, grant and reply know struct dhcp4.
 *
 * A lease goes OFFERED -> BOUND -> RELEASED or EXPIRED -> (the same client returns) OFFERED or
 * BOUND. The last two keep the address for their client until the pool runs short. BOUND is entered
 * when the request is read, not when the store has answered: in between `durable` is false, the
 * reply waits, and a client that asks again is made to wait for the same answer. */
#include "dhcp/dhcp4-internal.h"
#include "dhcp/dhcp4-names.h"

#include <errno.h>
#include <string.h>

const char *dhcp4_change_name(enum dhcp4_change c)
{
	switch (c) {
	case DHCP4_GRANT:
		return "grant";
	case DHCP4_EXTEND:
		return "extend";
	case DHCP4_RENAME:
		return "rename";
	case DHCP4_RELEASE:
		return "release";
	case DHCP4_DECLINE:
		return "decline";
	case DHCP4_EXPIRE:
		return "expire";
	}
	return "?";
}

const char *dhcp4_counter_name(enum dhcp4_counter c)
{
	/* clang-format off */
	static const char *const name[DHCP4_COUNTER_N] = {
#define X(id, text) [DHCP4_COUNT_##id] = text,
		DHCP4_EVENTS(X)
#undef X
#define X(id, text) [DHCP4_COUNT_DROP_##id] = "drop-" text,
		DHCP4_DROPS(X)
#undef X
	};
	/* clang-format on */
	return c < DHCP4_COUNTER_N ? name[c] : "?";
}

void dhcp4_config_done(struct dhcp4_config *c)
{
	free(c->ranges);
	free(c->hosts);
	free(c->reserved);
	dhcp_rules_done(&c->rules);
	c->ranges = NULL;
	c->hosts = NULL;
	c->reserved = NULL;
	c->n_ranges = c->n_hosts = c->n_reserved = 0;
}

struct dhcp4 *dhcp4_new(void)
{
	struct dhcp4 *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	dhcp4_pool_init(&s->pool);
	dhcp4_gate_init(&s->gate);
	return s;
}

void dhcp4_free(struct dhcp4 *s)
{
	if (!s)
		return;
	if (s->configured)
		dhcp4_hosts_done(&s->hosts);
	dhcp_rules_done(&s->rules);
	dhcp4_pool_done(&s->pool);
	dhcp4_gate_done(&s->gate);
	free(s);
}

/* ---- configuration ---- */

/* An address of the subnet whose clients are served. */
static uint32_t subnet_of(const struct dhcp4_config *c)
{
	return c->relay ? c->subnet : c->server;
}

static bool same_prefix(const struct dhcp4_config *c, uint32_t ip)
{
	return ((ip ^ subnet_of(c)) & ip4_mask(c->prefix)) == 0;
}

bool dhcp4_in_subnet(const struct dhcp4 *s, uint32_t ip)
{
	uint32_t host_bits = ~ip4_mask(s->c.prefix);

	if (!same_prefix(&s->c, ip) || ip == s->c.server || (s->c.relay && ip == s->c.router))
		return false;
	return s->c.prefix >= 31 || ((ip & host_bits) != 0 && (ip & host_bits) != host_bits);
}

static int check_ranges(const struct dhcp4_config *c, struct err *e)
{
	char a[IP_TEXT_MAX], b[IP_TEXT_MAX];
	uint64_t total = 0;

	for (size_t i = 0; i < c->n_ranges; i++) {
		const struct dhcp4_range *r = &c->ranges[i];
		if (r->start > r->end || !same_prefix(c, r->start) || !same_prefix(c, r->end))
			return err_set(e, ERR_INVALID_ARG,
				       "the range %s - %s is not inside the network's prefix /%u",
				       ip4_format(r->start, a), ip4_format(r->end, b), c->prefix);
		total += (uint64_t)r->end - r->start + 1;
	}
	if (total > DHCP4_POOL_MAX)
		return err_set(
		    e, ERR_INVALID_ARG,
		    "the ranges have %llu addresses, more than the %u that can be served",
		    (unsigned long long)total, DHCP4_POOL_MAX);
	return 0;
}

static int check_config(const struct dhcp4_config *c, struct err *e)
{
	if (!c->server || c->prefix < 1 || c->prefix > 31)
		return err_set(e, ERR_INVALID_ARG,
			       "DHCP needs an address with a prefix of 1 to 31");
	if (c->n_ranges > DHCP4_RANGES_MAX)
		return err_set(e, ERR_INVALID_ARG, "%zu DHCP ranges, at most %d can be served",
			       c->n_ranges, DHCP4_RANGES_MAX);
	if (c->n_hosts > DHCP4_HOSTS_MAX)
		return err_set(e, ERR_INVALID_ARG,
			       "%zu static DHCP hosts, at most %d can be served", c->n_hosts,
			       DHCP4_HOSTS_MAX);
	if (c->n_reserved > DHCP4_RESERVED_MAX)
		return err_set(e, ERR_INVALID_ARG, "%zu reserved names, at most %d can be kept",
			       c->n_reserved, DHCP4_RESERVED_MAX);
	if (!memchr(c->domain, 0, sizeof(c->domain)) ||
	    !memchr(c->boot_file, 0, sizeof(c->boot_file)))
		return err_set(e, ERR_INVALID_ARG, "domain or boot file name without an end");
	if (!dhcp_rules_are_sound(&c->rules))
		return err_set(e, ERR_INVALID_ARG, "DHCP rules that contradict themselves");
	return check_ranges(c, e);
}

/* Old Windows and some routers can't use .0 and .255 of a class C network even where the prefix is
 * shorter; dnsmasq leaves them out as well, so addresses stay the same after a migration. */
static void fix_class_c_ends(struct dhcp4_pool *p, const struct dhcp4_range *r)
{
	for (uint64_t ip = r->start & ~UINT32_C(0xff); ip <= r->end; ip += 256) {
		if (ip >> 29 != 6)
			continue;
		dhcp4_pool_fix(p, (uint32_t)ip);
		dhcp4_pool_fix(p, (uint32_t)ip + 255);
	}
}

static void fix_addresses(struct dhcp4 *s, const struct dhcp4_config *c)
{
	uint32_t mask = ip4_mask(c->prefix);

	dhcp4_pool_fix(&s->pool, c->server);
	dhcp4_pool_fix(&s->pool, c->router);
	dhcp4_pool_fix(&s->pool, c->dns);
	dhcp4_pool_fix(&s->pool, c->next_server);
	dhcp4_pool_fix(&s->pool, c->relay);
	if (c->prefix < 31) {
		dhcp4_pool_fix(&s->pool, subnet_of(c) & mask);
		dhcp4_pool_fix(&s->pool, subnet_of(c) | ~mask);
	}
	for (size_t i = 0; i < c->n_ranges; i++)
		fix_class_c_ends(&s->pool, &c->ranges[i]);
	for (size_t i = 0; i < c->n_hosts; i++)
		dhcp4_pool_fix(&s->pool, c->hosts[i].ip);
	dhcp4_pool_settle(&s->pool);
}

int dhcp4_configure(struct dhcp4 *s, const struct dhcp4_config *c, usec_t now, struct err *e)
{
	struct dhcp4_hosts hosts;
	struct dhcp_rules rules;
	uint32_t term = c->default_lease_sec ? c->default_lease_sec : DHCP4_LEASE_DEFAULT;
	int r = check_config(c, e);

	if (r < 0)
		return r;
	r = dhcp4_hosts_init(&hosts, c);
	if (r < 0)
		return err_sys(e, -r, "cannot keep %zu static DHCP hosts", c->n_hosts);
	r = dhcp_rules_copy(&rules, &c->rules);
	if (r == 0)
		r = dhcp4_pool_set_ranges(&s->pool, c->ranges, c->n_ranges, term);
	if (r < 0) {
		dhcp_rules_done(&rules);
		dhcp4_hosts_done(&hosts);
		return err_sys(e, -r, "cannot keep %zu DHCP ranges", c->n_ranges);
	}
	if (s->configured)
		dhcp4_hosts_done(&s->hosts);
	dhcp_rules_done(&s->rules);
	s->hosts = hosts;
	s->rules = rules;
	s->c = *c;
	s->c.default_lease_sec = term;
	s->c.ranges = NULL;
	s->c.hosts = NULL;
	s->c.reserved = NULL;
	s->c.rules = (struct dhcp_rules){ 0 };
	s->c.n_ranges = c->n_ranges;
	s->configured = true;
	dhcp4_pool_set_identity(&s->pool, c->identity);
	fix_addresses(s, c);
	return 0;
}

int dhcp4_restore(struct dhcp4 *s, const struct dhcp4_binding *b, usec_t now)
{
	char name[DHCP4_NAME_MAX];

	if (!s->configured || !dhcp4_in_subnet(s, b->ip) || mac_is_zero(&b->mac) ||
	    mac_is_multicast(&b->mac))
		return -EINVAL;
	if (dhcp4_pool_find_ip(&s->pool, b->ip))
		return -EEXIST;
	if (dhcp4_pool_find_client(&s->pool, &b->mac, b->client_id, b->client_id_len))
		return -ENOTUNIQ;
	if (s->pool.by_ip.count >= DHCP4_POOL_MAX)
		return -ENOSPC;
	struct dhcp4_lease *l =
	    dhcp4_pool_add(&s->pool, &b->mac, b->client_id, b->client_id_len, b->ip);
	if (!l)
		return -ENOMEM;
	uint32_t sec = b->lease_sec ? b->lease_sec : DHCP4_LEASE_DEFAULT;
	l->b.lease_sec = sec;
	l->b.expires = sec == DHCP4_LEASE_INFINITE ? USEC_INFINITY : now + sec * USEC_PER_SEC;
	if (dhcp4_clean_name((const uint8_t *)b->name, strnlen(b->name, DHCP4_NAME_MAX - 1),
			     name) &&
	    !dhcp4_pool_find_name(&s->pool, name))
		dhcp4_pool_set_name(&s->pool, l, name);
	l->durable = true;
	dhcp4_pool_enter(&s->pool, l, DHCP4_LEASE_BOUND, now);
	dhcp4_pool_set_port(&s->pool, l, b->port);
	return 0;
}

void dhcp4_restore_declined(struct dhcp4 *s, const struct dhcp4_binding *b, uint32_t left,
			    usec_t now)
{
	if (s->configured && dhcp4_in_subnet(s, b->ip) && !dhcp4_pool_find_ip(&s->pool, b->ip))
		(void)dhcp4_pool_restore_quarantine(&s->pool, b->ip, &b->mac, b->lease_sec, left,
						    now);
}

/* ---- names, for the network's other DHCP server ---- */

void dhcp4_set_name_check(struct dhcp4 *s, dhcp4_name_taken_fn *taken, void *data)
{
	s->name_taken = taken;
	s->name_data = data;
}

void dhcp4_set_known_names(struct dhcp4 *s, dhcp4_known_name_fn *known, void *data)
{
	s->known_name = known;
	s->known_data = data;
}

const char *dhcp4_name_of(const struct dhcp4 *s, const struct mac *mac)
{
	const struct dhcp4_lease *l = dhcp4_pool_find_mac(&s->pool, mac);
	const struct dhcp4_static *h = s->configured ? dhcp4_hosts_find_mac(&s->hosts, mac) : NULL;

	if (l && l->has_name)
		return l->b.name;
	return h ? h->h.name : "";
}

bool dhcp4_name_taken(const struct dhcp4 *s, const struct mac *mac, const char *name)
{
	const struct dhcp4_lease *l = dhcp4_pool_find_name(&s->pool, name);
	const struct dhcp4_static *h =
	    s->configured ? dhcp4_hosts_find_name(&s->hosts, name) : NULL;

	return (l && !mac_equal(&l->b.mac, mac)) ||
	       (h && h->h.has_mac && !mac_equal(&h->h.mac, mac));
}

/* ---- actions ---- */

static struct dhcp4_action *next_action(struct dhcp4_turn *t)
{
	if (t->n >= t->cap)
		return NULL;
	struct dhcp4_action *a = &t->out[t->n];
	*a = (struct dhcp4_action){ 0 };
	return a;
}

void dhcp4_tell(struct dhcp4_turn *t, enum dhcp4_change change, const struct dhcp4_lease *l,
		uint64_t token)
{
	struct dhcp4_action *a = next_action(t);

	if (!a)
		return;
	/* A copy while there is room for it: the lease may be dropped and its memory used again in
	 * this very turn. Longer turns (ticks) don't drop what they tell. */
	const struct dhcp4_binding *b = &l->b;
	if (t->n < DHCP4_ACTIONS_MAX) {
		t->s->told[t->n] = l->b;
		b = &t->s->told[t->n];
	}
	t->n++;
	a->kind = DHCP4_BINDING;
	a->token = token;
	a->change = change;
	a->binding = b;
}

void dhcp4_send(struct dhcp4_turn *t, const struct dhcp4_target *to, const uint8_t *payload,
		size_t n)
{
	struct dhcp4_action *a = next_action(t);

	if (!a)
		return;
	t->n++;
	a->kind = DHCP4_SEND;
	a->routed = to->routed;
	a->to_port = to->port;
	a->to_mac = to->mac;
	a->to_ip = to->ip;
	a->payload = payload;
	a->n = n;
}

void dhcp4_unbind(struct dhcp4 *s, struct dhcp4_lease *l, enum dhcp4_lease_state state, usec_t now)
{
	dhcp4_gate_close(&s->gate, l);
	dhcp4_pool_enter(&s->pool, l, state, now);
}

void dhcp4_forget(struct dhcp4 *s, struct dhcp4_lease *l)
{
	dhcp4_gate_close(&s->gate, l);
	dhcp4_pool_drop(&s->pool, l);
}

void dhcp4_lapse_offer(struct dhcp4 *s, struct dhcp4_lease *l, usec_t now)
{
	s->count[DHCP4_COUNT_OFFER_LAPSED]++;
	if (l->was_bound)
		dhcp4_unbind(s, l, DHCP4_LEASE_EXPIRED, now);
	else
		dhcp4_forget(s, l);
}

/* ---- the store's answer, the administrator, time ---- */

/* No answer, and as if the client hadn't asked. */
static void refuse(struct dhcp4_turn *t, struct dhcp4_lease *l)
{
	t->s->count[DHCP4_COUNT_REFUSED]++;
	dhcp4_tell(t, DHCP4_RELEASE, l, 0);
	dhcp4_forget(t->s, l);
}

size_t dhcp4_committed(struct dhcp4 *s, uint64_t token, enum dhcp4_verdict verdict, usec_t now,
		       struct dhcp4_action *out, size_t cap)
{
	struct dhcp4_turn t = { s, now, out, cap, 0 };
	struct dhcp4_gated *g = dhcp4_gate_find(&s->gate, token);

	if (!g || !cap)
		return 0;
	struct dhcp4_lease *l = g->lease;
	l->durable = verdict == DHCP4_STORED;
	if (verdict == DHCP4_REFUSED && !g->held) {
		refuse(&t, l);
		return t.n;
	}
	if (verdict == DHCP4_UNSTORED) {
		s->count[DHCP4_COUNT_UNSTORED]++;
		dhcp4_cut_lease(g->payload, g->n, DHCP4_LEASE_UNSTORED);
	}
	s->count[g->is_bootp ? DHCP4_COUNT_TX_BOOTP : DHCP4_COUNT_TX_ACK]++;
	dhcp4_send(&t, &g->to, g->payload, g->n);
	dhcp4_gate_close(&s->gate, l);
	return t.n;
}

size_t dhcp4_release(struct dhcp4 *s, uint32_t ip, usec_t now, struct dhcp4_action *out, size_t cap)
{
	struct dhcp4_turn t = { s, now, out, cap, 0 };
	struct dhcp4_lease *l = dhcp4_pool_find_ip(&s->pool, ip);

	(void)dhcp4_pool_lift_quarantine(&s->pool, ip);
	if (!l || !cap)
		return 0;
	if (l->state == DHCP4_LEASE_BOUND)
		dhcp4_tell(&t, DHCP4_RELEASE, l, 0);
	dhcp4_forget(s, l);
	return t.n;
}

size_t dhcp4_release_all(struct dhcp4 *s, usec_t now, struct dhcp4_action *out, size_t cap)
{
	struct dhcp4_turn t = { s, now, out, cap, 0 };
	struct table_node *n;

	cap = MIN_OF(cap, DHCP4_ACTIONS_MAX); /* more could not be told: what they say is gone */
	while (t.n < cap && (n = table_next(&s->pool.by_ip, NULL))) {
		struct dhcp4_lease *l = container_of(n, struct dhcp4_lease, by_ip);
		if (l->state == DHCP4_LEASE_BOUND)
			dhcp4_tell(&t, DHCP4_RELEASE, l, 0);
		dhcp4_forget(s, l);
	}
	return t.n;
}

void dhcp4_port_gone(struct dhcp4 *s, uint32_t port, usec_t now)
{
	usec_t end = now + DHCP_PORT_GRACE_SEC * USEC_PER_SEC;
	struct dhcp_port *p;

	while ((p = dhcp_ports_find(&s->pool.ports, port))) {
		struct dhcp4_lease *l = list_first(&p->members, struct dhcp4_lease, member.of_port);
		dhcp_ports_leave(&s->pool.ports, &l->member);
		l->b.port = 0;
		l->reported = 0; /* the next extension is news */
		if (l->state != DHCP4_LEASE_BOUND)
			continue;
		l->b.expires = MIN_OF(l->b.expires, end);
		dhcp_heap_set(&s->pool.ends, &l->timer, l->b.expires);
	}
}

static usec_t offer_end(const struct dhcp4 *s)
{
	struct dhcp4_lease *l = list_first(&s->pool.offered, struct dhcp4_lease, list);

	return l ? l->state_since + DHCP4_OFFER_SEC * USEC_PER_SEC : USEC_INFINITY;
}

static usec_t gate_end(const struct dhcp4 *s)
{
	struct dhcp4_gated *g = dhcp4_gate_oldest(&s->gate);

	return g ? g->since + DHCP4_GATE_SEC * USEC_PER_SEC : USEC_INFINITY;
}

static usec_t lease_end(const struct dhcp4 *s)
{
	struct dhcp_timer *t = dhcp_heap_first(&s->pool.ends);

	return t ? t->at : USEC_INFINITY;
}

usec_t dhcp4_deadline(const struct dhcp4 *s)
{
	usec_t a = MIN_OF(offer_end(s), gate_end(s)),
	       b = MIN_OF(lease_end(s), s->pool.quarantine.end);

	return MIN_OF(a, b);
}

size_t dhcp4_tick(struct dhcp4 *s, usec_t now, struct dhcp4_action *out, size_t cap)
{
	struct dhcp4_turn t = { s, now, out, cap, 0 };

	while (gate_end(s) <= now) {
		s->count[DHCP4_COUNT_GATE_LAPSED]++;
		dhcp4_gate_close(&s->gate, dhcp4_gate_oldest(&s->gate)->lease);
	}
	while (offer_end(s) <= now)
		dhcp4_lapse_offer(s, list_first(&s->pool.offered, struct dhcp4_lease, list), now);
	while (lease_end(s) <= now && t.n < cap) {
		struct dhcp4_lease *l =
		    container_of(dhcp_heap_first(&s->pool.ends), struct dhcp4_lease, timer);
		s->count[DHCP4_COUNT_EXPIRED]++;
		dhcp4_tell(&t, DHCP4_EXPIRE, l, 0);
		dhcp4_unbind(s, l, DHCP4_LEASE_EXPIRED, now);
	}
	dhcp4_pool_end_quarantine(&s->pool, now);
	return t.n;
}

void dhcp4_note_drop(struct dhcp4 *s, enum dhcp4_drop why)
{
	s->count[DHCP4_COUNT_DROP_LONG + why - DHCP4_DROP_LONG]++;
}

enum dhcp4_drop dhcp4_last_drop(const struct dhcp4 *s)
{
	return s->last_drop;
}

void dhcp4_get_usage(const struct dhcp4 *s, struct dhcp4_usage *ret)
{
	*ret = (struct dhcp4_usage){
		.pool = s->pool.size,
		.bound = s->pool.count[DHCP4_LEASE_BOUND],
		.offered = s->pool.count[DHCP4_LEASE_OFFERED],
		.released = s->pool.count[DHCP4_LEASE_RELEASED],
		.expired = s->pool.count[DHCP4_LEASE_EXPIRED],
		.quarantined = s->pool.quarantine.n,
	};
	memcpy(ret->count, s->count, sizeof(ret->count));
}
