/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp6.c — the engine's life: configuration, bindings from the store, time, the store's answers.
 *
 * How the parts fit: dhcp6-message.c decides what a datagram means, with dhcp6-options.c for the
 * bytes, and dhcp6-grant.c what its client gets, with dhcp6-hosts.c for what is fixed by
 * configuration, dhcp6-pool.c for who has which address, dhcp6-reply.c for the answer and
 * dhcp6-gate.c for answers that must wait. Only this file and those of message, grant and reply
 * know struct dhcp6. */
#include "dhcp/dhcp4-names.h"
#include "dhcp/dhcp6-internal.h"

#include <errno.h>
#include <string.h>

const char *dhcp6_counter_name(enum dhcp6_counter c)
{
	/* clang-format off */
	static const char *const name[DHCP6_COUNTER_N] = {
#define X(id, text) [DHCP6_COUNT_##id] = text,
		DHCP6_EVENTS(X)
#undef X
#define X(id, text) [DHCP6_COUNT_DROP_##id] = "drop-" text,
		DHCP6_DROPS(X)
#undef X
	};
	/* clang-format on */
	return c < DHCP6_COUNTER_N ? name[c] : "?";
}

void dhcp6_config_done(struct dhcp6_config *c)
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

struct dhcp6 *dhcp6_new(void)
{
	struct dhcp6 *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	dhcp6_pool_init(&s->pool);
	dhcp6_gate_init(&s->gate);
	return s;
}

void dhcp6_free(struct dhcp6 *s)
{
	if (!s)
		return;
	if (s->configured)
		dhcp6_hosts_done(&s->hosts);
	dhcp6_pool_done(&s->pool);
	dhcp6_gate_done(&s->gate);
	dhcp_rules_done(&s->rules);
	free(s);
}

/* ---- configuration ---- */

/* The address whose host bits are all zero means any router of the subnet (RFC 4291 §2.6.1). */
bool dhcp6_in_subnet(const struct dhcp6 *s, const struct ip *ip)
{
	const struct dhcp6_config *c = &s->c;
	struct ip anycast = ip_network(ip, c->prefix);

	return ip->family == AF_INET6 && ip->v6[0] != 0xff &&
	       ip_in_prefix(ip, &c->server, c->prefix) && !ip_equal(ip, &c->server) &&
	       (c->prefix >= 127 || !ip_equal(ip, &anycast));
}

static uint64_t low_half(const struct ip *ip)
{
	struct rd r = rd_over(ip->v6 + 8, 8);

	return rd_u64(&r);
}

static int check_ranges(const struct dhcp6_config *c, struct err *e)
{
	char a[IP_TEXT_MAX], b[IP_TEXT_MAX];
	uint64_t total = 0;

	for (size_t i = 0; i < c->n_ranges; i++) {
		const struct dhcp6_range *r = &c->ranges[i];
		if (r->start.family != AF_INET6 || r->end.family != AF_INET6 ||
		    ip_compare(&r->start, &r->end) > 0 ||
		    !ip_in_prefix(&r->start, &c->server, c->prefix) ||
		    !ip_in_prefix(&r->end, &c->server, c->prefix))
			return err_set(e, ERR_INVALID_ARG,
				       "the range %s - %s is not inside the network's prefix /%u",
				       ip_format(&r->start, a), ip_format(&r->end, b), c->prefix);
		uint64_t more = low_half(&r->end) - low_half(&r->start);
		if (memcmp(r->start.v6, r->end.v6, 8) != 0 || more >= DHCP6_POOL_MAX ||
		    (total += more + 1) > DHCP6_POOL_MAX)
			return err_set(
			    e, ERR_INVALID_ARG,
			    "the ranges have more than the %u addresses that can be served",
			    DHCP6_POOL_MAX);
	}
	return 0;
}

static int check_config(const struct dhcp6_config *c, struct err *e)
{
	if (c->server.family != AF_INET6 || c->prefix < 1 || c->prefix > 128)
		return err_set(e, ERR_INVALID_ARG,
			       "DHCPv6 needs an IPv6 address with a prefix of 1 to 128");
	if (c->duid_len < DHCP6_DUID_MIN || c->duid_len > DHCP6_DUID_MAX)
		return err_set(e, ERR_INVALID_ARG, "a server DUID of %u octets", c->duid_len);
	if (c->n_ranges > DHCP6_RANGES_MAX || c->n_hosts > DHCP6_HOSTS_MAX ||
	    c->n_reserved > DHCP4_RESERVED_MAX)
		return err_set(e, ERR_INVALID_ARG,
			       "too many DHCPv6 ranges (%zu), static hosts (%zu) or names (%zu)",
			       c->n_ranges, c->n_hosts, c->n_reserved);
	for (size_t i = 0; i < c->n_hosts; i++)
		if (c->hosts[i].duid_len > DHCP6_DUID_MAX)
			return err_set(e, ERR_INVALID_ARG, "a static host's DUID is too long");
	if (!memchr(c->domain, 0, sizeof(c->domain)))
		return err_set(e, ERR_INVALID_ARG, "a domain without an end");
	if (!dhcp_rules_are_sound(&c->rules))
		return err_set(e, ERR_INVALID_ARG, "DHCP rules that contradict themselves");
	return check_ranges(c, e);
}

static void fix_addresses(struct dhcp6 *s, const struct dhcp6_config *c)
{
	struct ip anycast = ip_network(&c->server, c->prefix);

	dhcp6_pool_fix(&s->pool, &c->server);
	if (c->prefix < 127)
		dhcp6_pool_fix(&s->pool, &anycast);
	if (ip_is_set(&c->dns))
		dhcp6_pool_fix(&s->pool, &c->dns);
	for (size_t i = 0; i < c->n_hosts; i++)
		if (ip_is_set(&c->hosts[i].ip))
			dhcp6_pool_fix(&s->pool, &c->hosts[i].ip);
	dhcp6_pool_settle(&s->pool);
}

int dhcp6_configure(struct dhcp6 *s, const struct dhcp6_config *c, struct err *e)
{
	struct dhcp6_hosts hosts;
	struct dhcp_rules rules;
	uint32_t term = c->default_lease_sec ? c->default_lease_sec : DHCP6_LEASE_DEFAULT;
	int r = check_config(c, e);

	if (r < 0)
		return r;
	r = dhcp6_hosts_init(&hosts, c);
	if (r < 0)
		return err_sys(e, -r, "cannot keep %zu static DHCPv6 hosts", c->n_hosts);
	r = dhcp_rules_copy(&rules, &c->rules);
	if (r == 0)
		r = dhcp6_pool_set_ranges(&s->pool, c->ranges, c->n_ranges, term);
	if (r < 0) {
		dhcp_rules_done(&rules);
		dhcp6_hosts_done(&hosts);
		return err_sys(e, -r, "cannot keep %zu DHCPv6 ranges", c->n_ranges);
	}
	if (s->configured)
		dhcp6_hosts_done(&s->hosts);
	dhcp_rules_done(&s->rules);
	s->hosts = hosts;
	s->rules = rules;
	s->c = *c;
	s->c.default_lease_sec = term;
	s->c.ranges = NULL;
	s->c.hosts = NULL;
	s->c.reserved = NULL;
	s->c.rules = (struct dhcp_rules){ 0 };
	s->configured = true;
	fix_addresses(s, c);
	return 0;
}

int dhcp6_restore(struct dhcp6 *s, const struct dhcp6_binding *b, usec_t now)
{
	struct dhcp6_key key;
	char name[DHCP6_NAME_MAX];

	if (!s->configured || !dhcp6_in_subnet(s, &b->ip) || mac_is_multicast(&b->mac) ||
	    b->duid_len < DHCP6_DUID_MIN || b->duid_len > DHCP6_DUID_MAX)
		return -EINVAL;
	dhcp6_key_make(&key, &b->mac, b->iaid, b->duid, b->duid_len);
	if (dhcp6_pool_find_ip(&s->pool, &b->ip))
		return -EEXIST;
	if (dhcp6_pool_find_client(&s->pool, &key))
		return -ENOTUNIQ;
	if (s->pool.by_ip.count >= DHCP6_POOL_MAX + DHCP6_HOSTS_MAX)
		return -ENOSPC;
	struct dhcp6_lease *l =
	    dhcp6_pool_add(&s->pool, &b->mac, b->iaid, b->duid, b->duid_len, &b->ip);
	if (!l)
		return -ENOMEM;
	uint32_t sec = b->lease_sec ? b->lease_sec : DHCP6_LEASE_DEFAULT;
	l->b.lease_sec = sec;
	l->b.expires = sec == DHCP6_LEASE_INFINITE ? USEC_INFINITY : now + sec * USEC_PER_SEC;
	if (dhcp4_clean_name((const uint8_t *)b->name, strnlen(b->name, DHCP6_NAME_MAX - 1),
			     name) &&
	    !dhcp6_name_taken(s, &b->mac, name))
		dhcp6_pool_set_name(&s->pool, l, name);
	l->durable = true;
	dhcp6_pool_enter(&s->pool, l, DHCP6_LEASE_BOUND);
	dhcp6_pool_set_port(&s->pool, l, b->port);
	return 0;
}

void dhcp6_restore_declined(struct dhcp6 *s, const struct dhcp6_binding *b, uint32_t left,
			    usec_t now)
{
	if (s->configured && dhcp6_in_subnet(s, &b->ip) && !dhcp6_pool_find_ip(&s->pool, &b->ip))
		(void)dhcp6_pool_restore_quarantine(&s->pool, &b->ip, &b->mac, b->lease_sec, left,
						    now);
}

/* ---- names ---- */

void dhcp6_set_name_check(struct dhcp6 *s, dhcp6_name_taken_fn *taken, void *data)
{
	s->name_taken = taken;
	s->name_data = data;
}

bool dhcp6_name_taken(const struct dhcp6 *s, const struct mac *mac, const char *name)
{
	const struct dhcp6_lease *l = dhcp6_pool_find_name(&s->pool, name);

	return l && !mac_equal(&l->b.mac, mac);
}

size_t dhcp6_name_station(struct dhcp6 *s, const struct mac *mac, const char *name,
			  struct dhcp6_action *out, size_t cap)
{
	struct dhcp6_turn t = { s, 0, out, cap, 0 };
	struct dhcp6_station *st = dhcp6_pool_find_station(&s->pool, mac);
	struct dhcp6_lease *l;

	if (!st || !name[0] || dhcp6_name_taken(s, mac, name))
		return 0;
	list_foreach (l, &st->leases, struct dhcp6_lease, of_station) {
		if (l->state != DHCP6_LEASE_BOUND || l->b.name[0] || t.n == cap)
			continue;
		dhcp6_pool_set_name(&s->pool, l, name);
		dhcp6_tell(&t, DHCP4_RENAME, l, 0);
	}
	return t.n;
}

/* ---- actions ---- */

static struct dhcp6_action *next_action(struct dhcp6_turn *t)
{
	if (t->n >= t->cap)
		return NULL;
	struct dhcp6_action *a = &t->out[t->n];
	*a = (struct dhcp6_action){ 0 };
	return a;
}

void dhcp6_tell(struct dhcp6_turn *t, enum dhcp4_change change, const struct dhcp6_lease *l,
		uint64_t token)
{
	struct dhcp6_action *a = next_action(t);

	if (!a)
		return;
	/* A copy while there is room for it: the lease may be dropped in this very turn. Longer
	 * turns (ticks) don't drop what they tell. */
	const struct dhcp6_binding *b = &l->b;
	if (t->n < DHCP6_ACTIONS_MAX) {
		t->s->told[t->n] = l->b;
		b = &t->s->told[t->n];
	}
	t->n++;
	a->kind = DHCP6_BINDING;
	a->token = token;
	a->change = change;
	a->binding = b;
}

void dhcp6_send(struct dhcp6_turn *t, const struct mac *to_mac, const struct ip *to_ip,
		const uint8_t *payload, size_t n)
{
	struct dhcp6_action *a = n ? next_action(t) : NULL;

	if (!a)
		return;
	t->n++;
	a->kind = DHCP6_SEND;
	a->to_mac = *to_mac;
	a->to_ip = *to_ip;
	a->payload = payload;
	a->n = n;
}

void dhcp6_unbind(struct dhcp6 *s, struct dhcp6_lease *l)
{
	if (l->gated)
		dhcp6_gate_close(&s->gate, l->gated);
	dhcp6_pool_enter(&s->pool, l, DHCP6_LEASE_IDLE);
}

void dhcp6_forget(struct dhcp6 *s, struct dhcp6_lease *l)
{
	if (l->gated)
		dhcp6_gate_close(&s->gate, l->gated);
	dhcp6_pool_drop(&s->pool, l);
}

/* ---- the store's answer, the administrator, time ---- */

/* Nobody has it, as if the client hadn't asked. Its reply waits for no answer about it any more. */
static void refuse(struct dhcp6_turn *t, struct dhcp6_lease *l)
{
	t->s->count[DHCP6_COUNT_REFUSED]++;
	dhcp6_tell(t, DHCP4_RELEASE, l, 0);
	dhcp6_pool_drop(&t->s->pool, l);
}

size_t dhcp6_committed(struct dhcp6 *s, uint64_t token, enum dhcp4_verdict verdict,
		       struct dhcp6_action *out, size_t cap)
{
	struct dhcp6_turn t = { s, 0, out, cap, 0 };
	unsigned place;
	struct dhcp6_gated *g = dhcp6_gate_find(&s->gate, token, &place);

	if (!g || !cap)
		return 0;
	struct dhcp6_lease *l = take_ptr(g->lease[place]);
	l->durable = verdict == DHCP4_STORED;
	l->gated = NULL;
	g->unstored |= verdict == DHCP4_UNSTORED;
	s->count[DHCP6_COUNT_UNSTORED] += verdict == DHCP4_UNSTORED;
	if (verdict == DHCP4_REFUSED && !g->held[place]) {
		g->refused = true;
		refuse(&t, l);
	}
	if (!dhcp6_gated_is_done(g))
		return t.n;
	if (g->refused) {
		dhcp6_gate_close(&s->gate, g);
		return t.n;
	}
	if (g->unstored)
		dhcp6_cut_lifetimes(g->payload, g->n, g->lifetimes_at, g->n_lifetimes,
				    DHCP6_LEASE_UNSTORED);
	s->count[DHCP6_COUNT_TX_REPLY]++;
	dhcp6_send(&t, &g->to_mac, &g->to_ip, g->payload, g->n);
	dhcp6_gate_close(&s->gate, g);
	return t.n;
}

size_t dhcp6_release(struct dhcp6 *s, const struct ip *ip, struct dhcp6_action *out, size_t cap)
{
	struct dhcp6_turn t = { s, 0, out, cap, 0 };
	struct dhcp6_lease *l = dhcp6_pool_find_ip(&s->pool, ip);

	(void)dhcp6_pool_lift_quarantine(&s->pool, ip);
	if (!l || !cap)
		return 0;
	if (l->state == DHCP6_LEASE_BOUND)
		dhcp6_tell(&t, DHCP4_RELEASE, l, 0);
	dhcp6_forget(s, l);
	return t.n;
}

void dhcp6_port_gone(struct dhcp6 *s, uint32_t port, usec_t now)
{
	usec_t end = now + DHCP_PORT_GRACE_SEC * USEC_PER_SEC;
	struct dhcp_port *p;

	while ((p = dhcp_ports_find(&s->pool.ports, port))) {
		struct dhcp6_lease *l = list_first(&p->members, struct dhcp6_lease, member.of_port);
		dhcp_ports_leave(&s->pool.ports, &l->member);
		l->b.port = 0;
		l->reported = 0; /* the next extension is news */
		l->b.expires = MIN_OF(l->b.expires, end);
		dhcp_heap_set(&s->pool.ends, &l->timer, l->b.expires);
	}
}

static usec_t gate_end(const struct dhcp6 *s)
{
	struct dhcp6_gated *g = dhcp6_gate_oldest(&s->gate);

	return g ? g->since + DHCP6_GATE_SEC * USEC_PER_SEC : USEC_INFINITY;
}

static usec_t lease_end(const struct dhcp6 *s)
{
	struct dhcp_timer *t = dhcp_heap_first(&s->pool.ends);

	return t ? t->at : USEC_INFINITY;
}

usec_t dhcp6_deadline(const struct dhcp6 *s)
{
	usec_t ends = MIN_OF(lease_end(s), s->pool.quarantine.end);

	return MIN_OF(gate_end(s), ends);
}

size_t dhcp6_tick(struct dhcp6 *s, usec_t now, struct dhcp6_action *out, size_t cap)
{
	struct dhcp6_turn t = { s, now, out, cap, 0 };

	while (gate_end(s) <= now) {
		s->count[DHCP6_COUNT_GATE_LAPSED]++;
		dhcp6_gate_close(&s->gate, dhcp6_gate_oldest(&s->gate));
	}
	while (lease_end(s) <= now && t.n < cap) {
		struct dhcp6_lease *l =
		    container_of(dhcp_heap_first(&s->pool.ends), struct dhcp6_lease, timer);
		s->count[DHCP6_COUNT_EXPIRED]++;
		dhcp6_tell(&t, DHCP4_EXPIRE, l, 0);
		dhcp6_unbind(s, l);
	}
	dhcp6_pool_end_quarantine(&s->pool, now);
	return t.n;
}

void dhcp6_note_drop(struct dhcp6 *s, enum dhcp6_drop why)
{
	s->count[DHCP6_COUNT_DROP_LONG + why - DHCP6_DROP_LONG]++;
}

enum dhcp6_drop dhcp6_last_drop(const struct dhcp6 *s)
{
	return s->last_drop;
}

void dhcp6_get_usage(const struct dhcp6 *s, struct dhcp6_usage *ret)
{
	*ret = (struct dhcp6_usage){
		.pool = s->pool.size,
		.bound = s->pool.count[DHCP6_LEASE_BOUND],
		.idle = s->pool.count[DHCP6_LEASE_IDLE],
		.quarantined = s->pool.quarantine.n,
	};
	memcpy(ret->count, s->count, sizeof(ret->count));
}
