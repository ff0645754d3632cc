/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp4-pool.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define CHUNK_LEASES 8

struct dhcp4_lease_chunk {
	struct dhcp4_lease_chunk *next;
	struct dhcp4_lease lease[CHUNK_LEASES];
};

/* ---- ranges: one bit per address ---- */

static uint32_t range_len(const struct dhcp4_pool_range *r)
{
	return r->end - r->start + 1;
}

static bool bit_get(const uint64_t *map, uint32_t i)
{
	return map[i / 64] >> (i % 64) & 1;
}

static struct dhcp4_pool_range *next_range_with(const struct dhcp4_pool *p, uint32_t ip, size_t *i)
{
	while (*i < p->n_range) {
		struct dhcp4_pool_range *r = &p->range[(*i)++];
		if (ip >= r->start && ip <= r->end)
			return r;
	}
	return NULL;
}

/* Ranges may overlap: an address is marked in each. */
static void mark_used(struct dhcp4_pool *p, uint32_t ip, bool used)
{
	struct dhcp4_pool_range *r;

	for (size_t i = 0; (r = next_range_with(p, ip, &i));) {
		uint32_t bit = ip - r->start;
		uint64_t mask = UINT64_C(1) << (bit % 64);
		if (bit_get(r->used, bit) == used)
			continue;
		r->used[bit / 64] ^= mask;
		if (bit_get(r->fixed, bit))
			continue;
		if (used)
			r->n_free--;
		else
			r->n_free++;
	}
}

void dhcp4_pool_fix(struct dhcp4_pool *p, uint32_t ip)
{
	struct dhcp4_pool_range *r;

	for (size_t i = 0; (r = next_range_with(p, ip, &i));) {
		uint32_t bit = ip - r->start;
		if (bit_get(r->fixed, bit))
			continue;
		r->fixed[bit / 64] |= UINT64_C(1) << (bit % 64);
		p->size--;
		if (!bit_get(r->used, bit))
			r->n_free--;
	}
}

const struct dhcp4_pool_range *dhcp4_pool_range_of(const struct dhcp4_pool *p, uint32_t ip)
{
	const struct dhcp4_pool_range *r;

	for (size_t i = 0; (r = next_range_with(p, ip, &i));)
		if (!bit_get(r->fixed, ip - r->start))
			return r;
	return NULL;
}

bool dhcp4_pool_is_free(const struct dhcp4_pool *p, uint32_t ip)
{
	const struct dhcp4_pool_range *r = dhcp4_pool_range_of(p, ip);

	return r && !bit_get(r->used, ip - r->start);
}

/* The first free bit in [from, to), or `to`. */
static uint32_t find_free(const struct dhcp4_pool_range *r, uint32_t from, uint32_t to)
{
	while (from < to) {
		uint64_t taken = r->used[from / 64] | r->fixed[from / 64];
		uint64_t open = ~taken >> (from % 64);
		if (open) {
			from += (uint32_t)__builtin_ctzll(open);
			return MIN_OF(from, to);
		}
		from = (from / 64 + 1) * 64;
	}
	return to;
}

/* SDBM over the MAC: neighbouring MACs get neighbouring addresses. */
static uint32_t mac_hash(const struct mac *mac)
{
	uint32_t h = 0;

	for (size_t i = 0; i < sizeof(mac->b); i++)
		h = mac->b[i] + (h << 6) + (h << 16) - h;
	return h;
}

static uint32_t pick_free(const struct dhcp4_pool *p, const struct mac *mac)
{
	for (size_t i = 0; i < p->n_range; i++) {
		const struct dhcp4_pool_range *r = &p->range[i];
		uint32_t len = range_len(r), start = mac_hash(mac) % len;
		if (!r->n_free)
			continue;
		uint32_t bit = find_free(r, start, len);
		if (bit == len)
			bit = find_free(r, 0, start);
		return r->start + bit;
	}
	return 0;
}

uint32_t dhcp4_pool_pick(struct dhcp4_pool *p, const struct mac *mac,
			 enum dhcp4_lease_state *ret_victim)
{
	struct list *order[] = { &p->expired, &p->released, &p->offered };
	uint32_t ip = pick_free(p, mac);

	*ret_victim = DHCP4_LEASE_NEW;
	for (size_t i = 0; !ip && i < ARRAY_LEN(order); i++) {
		struct dhcp4_lease *l = list_first(order[i], struct dhcp4_lease, list);
		if (!l)
			continue;
		ip = l->b.ip;
		*ret_victim = l->state;
		dhcp4_pool_drop(p, l);
	}
	return ip;
}

static void free_ranges(struct dhcp4_pool_range *range, size_t n)
{
	for (size_t i = 0; range && i < n; i++) {
		free(range[i].fixed);
		free(range[i].used);
	}
	free(range);
}

int dhcp4_pool_set_ranges(struct dhcp4_pool *p, const struct dhcp4_range *ranges, size_t n,
			  uint32_t default_lease_sec)
{
	struct dhcp4_pool_range *range = calloc(n ? n : 1, sizeof(*range));
	uint32_t size = 0;

	if (!range)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct dhcp4_pool_range *r = &range[i];
		r->start = ranges[i].start;
		r->end = ranges[i].end;
		r->lease_sec = ranges[i].lease_sec ? ranges[i].lease_sec : default_lease_sec;
		r->n_free = range_len(r);
		r->fixed = calloc(r->n_free / 64 + 1, sizeof(uint64_t));
		r->used = calloc(r->n_free / 64 + 1, sizeof(uint64_t));
		if (!r->fixed || !r->used) {
			free_ranges(range, n);
			return -ENOMEM;
		}
		size += r->n_free;
	}
	free_ranges(p->range, p->n_range);
	p->range = range;
	p->n_range = n;
	p->size = size;
	return 0;
}

/* ---- leases ---- */

void dhcp4_pool_init(struct dhcp4_pool *p)
{
	*p = (struct dhcp4_pool){ 0 };
	dhcp_quarantine_init(&p->quarantine);
	table_init(&p->by_client);
	dhcp_ports_init(&p->ports);
	table_init(&p->by_mac);
	table_init(&p->by_ip);
	table_init(&p->by_name);
	list_init(&p->offered);
	list_init(&p->released);
	list_init(&p->expired);
	list_init(&p->parked);
	list_init(&p->unused);
}

void dhcp4_pool_done(struct dhcp4_pool *p)
{
	free_ranges(p->range, p->n_range);
	table_done(&p->by_client);
	dhcp_ports_done(&p->ports);
	table_done(&p->by_mac);
	table_done(&p->by_ip);
	table_done(&p->by_name);
	dhcp_heap_done(&p->ends);
	for (struct dhcp4_lease_chunk *c = p->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
}

static struct dhcp4_lease *lease_of(struct table_node *n, size_t member)
{
	return n ? (struct dhcp4_lease *)(void *)((char *)n - member) : NULL;
}

/* ---- clients ---- */

_Static_assert(offsetof(struct dhcp4_binding, client_id) ==
		   offsetof(struct dhcp4_binding, mac) + sizeof(struct mac),
	       "one key holds MAC and client identifier");

struct client_key {
	const uint8_t *p;
	size_t n;
};

/* What of a binding says whose it is: its MAC, its identifier, or both, which stand side by side.
 */
static struct client_key key_of(enum dhcp4_identity identity, const struct dhcp4_binding *b)
{
	const uint8_t *mac = (const uint8_t *)b + offsetof(struct dhcp4_binding, mac);
	size_t id = b->client_id_len, n = sizeof(b->mac);

	switch (identity) {
	case DHCP4_BY_MAC:
		break;
	case DHCP4_BY_CLIENT_ID:
		return id ? (struct client_key){ b->client_id, id } : (struct client_key){ mac, n };
	case DHCP4_BY_BOTH:
		return (struct client_key){ mac, n + id };
	}
	return (struct client_key){ mac, n };
}

struct dhcp4_lease *dhcp4_pool_find_client(const struct dhcp4_pool *p, const struct mac *mac,
					   const uint8_t *id, size_t n)
{
	struct dhcp4_binding b;

	b.mac = *mac;
	b.client_id_len = (uint8_t)n;
	if (n)
		memcpy(b.client_id, id, n);
	struct client_key key = key_of(p->identity, &b);
	return lease_of(table_find(&p->by_client, key.p, key.n),
			offsetof(struct dhcp4_lease, by_client));
}

static int enter_client(struct dhcp4_pool *p, struct dhcp4_lease *l)
{
	struct client_key key = key_of(p->identity, &l->b);

	l->has_client = !table_find(&p->by_client, key.p, key.n) &&
			table_add(&p->by_client, &l->by_client, key.p, key.n) == 0;
	return l->has_client ? 0 : -ENOMEM;
}

static void leave_client(struct dhcp4_pool *p, struct dhcp4_lease *l)
{
	if (l->has_client)
		table_remove(&p->by_client, &l->by_client);
	l->has_client = false;
}

void dhcp4_pool_set_identity(struct dhcp4_pool *p, enum dhcp4_identity identity)
{
	if (identity == p->identity)
		return;
	table_foreach (n, &p->by_ip)
		leave_client(p, container_of(n, struct dhcp4_lease, by_ip));
	p->identity = identity;
	table_foreach (n, &p->by_ip)
		(void)enter_client(p, container_of(n, struct dhcp4_lease, by_ip));
}

static void leave_mac(struct dhcp4_pool *p, struct dhcp4_lease *l)
{
	if (l->has_mac)
		table_remove(&p->by_mac, &l->by_mac);
	l->has_mac = false;
}

static int enter_mac(struct dhcp4_pool *p, struct dhcp4_lease *l)
{
	struct dhcp4_lease *before = dhcp4_pool_find_mac(p, &l->b.mac);

	if (before)
		leave_mac(p, before);
	l->has_mac = table_add(&p->by_mac, &l->by_mac, l->b.mac.b, sizeof(l->b.mac.b)) == 0;
	return l->has_mac ? 0 : -ENOMEM;
}

struct dhcp4_lease *dhcp4_pool_find_mac(const struct dhcp4_pool *p, const struct mac *mac)
{
	return lease_of(table_find(&p->by_mac, mac->b, sizeof(mac->b)),
			offsetof(struct dhcp4_lease, by_mac));
}

struct dhcp4_lease *dhcp4_pool_find_ip(const struct dhcp4_pool *p, uint32_t ip)
{
	return lease_of(table_find(&p->by_ip, &ip, sizeof(ip)),
			offsetof(struct dhcp4_lease, by_ip));
}

struct dhcp4_lease *dhcp4_pool_find_name(const struct dhcp4_pool *p, const char *name)
{
	return lease_of(table_find(&p->by_name, name, strlen(name)),
			offsetof(struct dhcp4_lease, by_name));
}

static int more_leases(struct dhcp4_pool *p)
{
	struct dhcp4_lease_chunk *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->next = p->chunks;
	p->chunks = c;
	for (size_t i = 0; i < CHUNK_LEASES; i++)
		list_add_tail(&p->unused, &c->lease[i].list);
	return 0;
}

struct dhcp4_lease *dhcp4_pool_add(struct dhcp4_pool *p, const struct mac *mac, const uint8_t *id,
				   size_t n, uint32_t ip)
{
	if (list_is_empty(&p->unused) && more_leases(p) < 0)
		return NULL;
	if (dhcp_heap_reserve(&p->ends, p->by_ip.count + 1) < 0)
		return NULL;
	struct dhcp4_lease *l = list_first(&p->unused, struct dhcp4_lease, list);
	list_remove(&l->list);
	*l = (struct dhcp4_lease){ .b = { .ip = ip, .mac = *mac, .client_id_len = (uint8_t)n } };
	if (n)
		memcpy(l->b.client_id, id, n);
	list_init(&l->list);
	if (enter_client(p, l) < 0 || enter_mac(p, l) < 0 ||
	    table_add(&p->by_ip, &l->by_ip, &l->b.ip, sizeof(l->b.ip)) < 0)
		goto out;
	p->count[DHCP4_LEASE_NEW]++;
	mark_used(p, ip, true);
	return l;
out:
	leave_client(p, l);
	leave_mac(p, l);
	list_add_head(&p->unused, &l->list);
	return NULL;
}

uint32_t dhcp4_pool_n_free(const struct dhcp4_pool *p)
{
	uint32_t n = p->count[DHCP4_LEASE_RELEASED] + p->count[DHCP4_LEASE_EXPIRED];

	for (size_t i = 0; i < p->n_range; i++)
		n += p->range[i].n_free;
	return n;
}

void dhcp4_pool_set_port(struct dhcp4_pool *p, struct dhcp4_lease *l, uint32_t port)
{
	dhcp_ports_join(&p->ports, &l->member, port);
	l->b.port = l->member.port ? l->member.port->id : 0;
}

void dhcp4_pool_set_name(struct dhcp4_pool *p, struct dhcp4_lease *l, const char *name)
{
	if (strcmp(l->b.name, name) == 0 && l->has_name == (name[0] != '\0'))
		return;
	if (l->has_name)
		table_remove(&p->by_name, &l->by_name);
	l->has_name = false;
	(void)copy_text(l->b.name, sizeof(l->b.name), name);
	/* Without memory for the index the name stays unused. */
	if (name[0] && table_add(&p->by_name, &l->by_name, l->b.name, strlen(l->b.name)) == 0)
		l->has_name = true;
	if (!l->has_name)
		l->b.name[0] = '\0';
}

static void leave_name(struct dhcp4_pool *p, struct dhcp4_lease *l)
{
	if (l->has_name)
		table_remove(&p->by_name, &l->by_name);
	l->has_name = false;
}

static struct list *list_for(struct dhcp4_pool *p, const struct dhcp4_lease *l)
{
	if (!dhcp4_pool_range_of(p, l->b.ip))
		return &p->parked;
	switch (l->state) {
	case DHCP4_LEASE_OFFERED:
		return &p->offered;
	case DHCP4_LEASE_RELEASED:
		return &p->released;
	case DHCP4_LEASE_EXPIRED:
		return &p->expired;
	case DHCP4_LEASE_NEW:
	case DHCP4_LEASE_BOUND:
	case DHCP4_LEASE_STATE_N:
		break;
	}
	return NULL;
}

void dhcp4_pool_enter(struct dhcp4_pool *p, struct dhcp4_lease *l, enum dhcp4_lease_state state,
		      usec_t now)
{
	p->count[l->state]--;
	p->count[state]++;
	l->state = state;
	l->state_since = now;
	list_remove(&l->list);
	if (state == DHCP4_LEASE_BOUND) {
		l->was_bound = true;
		if (l->b.expires == USEC_INFINITY)
			dhcp_heap_stop(&p->ends, &l->timer);
		else
			dhcp_heap_set(&p->ends, &l->timer, l->b.expires);
		return;
	}
	assert(!l->gated);
	l->durable = false;
	if (state != DHCP4_LEASE_OFFERED)
		dhcp_ports_leave(&p->ports, &l->member);
	leave_name(p, l);
	dhcp_heap_stop(&p->ends, &l->timer);
	struct list *list = list_for(p, l);
	if (list)
		list_add_tail(list, &l->list);
}

void dhcp4_pool_drop(struct dhcp4_pool *p, struct dhcp4_lease *l)
{
	assert(!l->gated);
	p->count[l->state]--;
	dhcp_ports_leave(&p->ports, &l->member);
	leave_name(p, l);
	dhcp_heap_stop(&p->ends, &l->timer);
	leave_client(p, l);
	leave_mac(p, l);
	table_remove(&p->by_ip, &l->by_ip);
	list_remove(&l->list);
	if (!dhcp4_pool_is_quarantined(p, l->b.ip))
		mark_used(p, l->b.ip, false);
	list_add_head(&p->unused, &l->list);
}

/* Move what belongs on another list now; drop what is idle and in no range. */
static void settle_list(struct dhcp4_pool *p, struct list *list)
{
	struct dhcp4_lease *l;

	list_foreach (l, list, struct dhcp4_lease, list) {
		struct list *right = list_for(p, l);
		if (right == &p->parked) {
			dhcp4_pool_drop(p, l);
		} else if (right != list) {
			list_remove(&l->list);
			list_add_tail(right, &l->list);
		}
	}
}

void dhcp4_pool_settle(struct dhcp4_pool *p)
{
	table_foreach (n, &p->by_ip)
		mark_used(p, lease_of(n, offsetof(struct dhcp4_lease, by_ip))->b.ip, true);
	for (size_t i = 0; i < DHCP_QUARANTINE_MAX; i++)
		if (p->quarantine.place[i].active)
			mark_used(p, p->quarantine.place[i].ip.v4, true);
	settle_list(p, &p->offered);
	settle_list(p, &p->released);
	settle_list(p, &p->expired);
	settle_list(p, &p->parked);
}

/* ---- quarantine ---- */

bool dhcp4_pool_is_quarantined(const struct dhcp4_pool *p, uint32_t ip)
{
	struct ip a = ip_from_v4(ip);

	return dhcp_quarantine_has(&p->quarantine, &a);
}

uint32_t dhcp4_pool_quarantine(struct dhcp4_pool *p, uint32_t ip, const struct mac *mac, usec_t now)
{
	struct ip a = ip_from_v4(ip);
	uint32_t sec = dhcp_quarantine_add(&p->quarantine, &a, mac, p->size, now);

	if (sec)
		mark_used(p, ip, true);
	return sec;
}

bool dhcp4_pool_restore_quarantine(struct dhcp4_pool *p, uint32_t ip, const struct mac *mac,
				   uint32_t sec, uint32_t left, usec_t now)
{
	struct ip a = ip_from_v4(ip);

	if (!dhcp_quarantine_restore(&p->quarantine, &a, mac, sec, left, now))
		return false;
	mark_used(p, ip, true);
	return true;
}

static void let_go(struct dhcp4_pool *p, uint32_t ip)
{
	if (!dhcp4_pool_find_ip(p, ip))
		mark_used(p, ip, false);
}

void dhcp4_pool_end_quarantine(struct dhcp4_pool *p, usec_t now)
{
	struct ip over;

	while (dhcp_quarantine_take_over(&p->quarantine, now, &over))
		let_go(p, over.v4);
}

bool dhcp4_pool_lift_quarantine(struct dhcp4_pool *p, uint32_t ip)
{
	struct ip a = ip_from_v4(ip);
	bool lifted = dhcp_quarantine_lift(&p->quarantine, &a);

	if (lifted)
		let_go(p, ip);
	return lifted;
}
