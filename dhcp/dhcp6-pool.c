/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp6-pool.h"

#include "base/cursor.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* ---- ranges: one bit per address ---- */

static void halves(const struct ip *ip, uint64_t *high, uint64_t *low)
{
	struct rd r = rd_over(ip->v6, sizeof(ip->v6));

	*high = rd_u64(&r);
	*low = rd_u64(&r);
}

static struct ip whole(uint64_t high, uint64_t low)
{
	struct ip ip = { .family = AF_INET6 };
	struct wr w = wr_over(ip.v6, sizeof(ip.v6));

	wr_u64(&w, high);
	wr_u64(&w, low);
	return ip;
}

static uint32_t range_len(const struct dhcp6_pool_range *r)
{
	return (uint32_t)(r->end - r->start + 1);
}

static bool bit_get(const uint64_t *map, uint32_t i)
{
	return map[i / 64] >> (i % 64) & 1;
}

static struct dhcp6_pool_range *next_range_with(const struct dhcp6_pool *p, const struct ip *ip,
						size_t *i, uint32_t *ret_bit)
{
	uint64_t high, low;

	halves(ip, &high, &low);
	while (*i < p->n_range) {
		struct dhcp6_pool_range *r = &p->range[(*i)++];
		if (high != r->high || low < r->start || low > r->end)
			continue;
		*ret_bit = (uint32_t)(low - r->start);
		return r;
	}
	return NULL;
}

/* Ranges may overlap: an address is marked in each. */
static void mark_used(struct dhcp6_pool *p, const struct ip *ip, bool used)
{
	struct dhcp6_pool_range *r;
	uint32_t bit;

	for (size_t i = 0; (r = next_range_with(p, ip, &i, &bit));) {
		if (bit_get(r->used, bit) == used)
			continue;
		r->used[bit / 64] ^= UINT64_C(1) << (bit % 64);
		if (bit_get(r->fixed, bit))
			continue;
		if (used)
			r->n_free--;
		else
			r->n_free++;
	}
}

void dhcp6_pool_fix(struct dhcp6_pool *p, const struct ip *ip)
{
	struct dhcp6_pool_range *r;
	uint32_t bit;

	for (size_t i = 0; (r = next_range_with(p, ip, &i, &bit));) {
		if (bit_get(r->fixed, bit))
			continue;
		r->fixed[bit / 64] |= UINT64_C(1) << (bit % 64);
		p->size--;
		if (!bit_get(r->used, bit))
			r->n_free--;
	}
}

const struct dhcp6_pool_range *dhcp6_pool_range_of(const struct dhcp6_pool *p, const struct ip *ip)
{
	const struct dhcp6_pool_range *r;
	uint32_t bit;

	for (size_t i = 0; (r = next_range_with(p, ip, &i, &bit));)
		if (!bit_get(r->fixed, bit))
			return r;
	return NULL;
}

bool dhcp6_pool_is_free(const struct dhcp6_pool *p, const struct ip *ip)
{
	return dhcp6_pool_range_of(p, ip) && !dhcp6_pool_find_ip(p, ip) &&
	       !dhcp6_pool_is_quarantined(p, ip);
}

uint32_t dhcp6_pool_n_free(const struct dhcp6_pool *p)
{
	uint32_t n = p->count[DHCP6_LEASE_IDLE];

	for (size_t i = 0; i < p->n_range; i++)
		n += p->range[i].n_free;
	return n;
}

/* The first free bit in [from, to), or `to`. */
static uint32_t find_free(const struct dhcp6_pool_range *r, uint32_t from, uint32_t to)
{
	while (from < to) {
		uint64_t open = ~(r->used[from / 64] | r->fixed[from / 64]) >> (from % 64);
		if (open) {
			from += (uint32_t)__builtin_ctzll(open);
			return MIN_OF(from, to);
		}
		from = (from / 64 + 1) * 64;
	}
	return to;
}

/* SDBM over what tells clients apart: the same client gets the same address, lease or none. */
static uint32_t client_hash(const struct dhcp6_key *k)
{
	uint32_t h = 0;

	for (size_t i = 0; i < k->n; i++)
		h = k->b[i] + (h << 6) + (h << 16) - h;
	return h;
}

static bool is_among(const struct ip *list, size_t n, const struct ip *ip)
{
	for (size_t i = 0; i < n; i++)
		if (ip_equal(&list[i], ip))
			return true;
	return false;
}

/* At most n_but + 1 rounds find one that isn't in `but`. */
static bool pick_in(const struct dhcp6_pool_range *r, uint32_t start, const struct ip *but,
		    size_t n_but, struct ip *ret)
{
	uint32_t len = range_len(r), from = start;

	for (size_t i = 0; i <= n_but; i++) {
		uint32_t bit = find_free(r, from, len);
		if (bit == len)
			bit = find_free(r, 0, from);
		if (bit_get(r->used, bit) || bit_get(r->fixed, bit))
			return false;
		*ret = whole(r->high, r->start + bit);
		if (!is_among(but, n_but, ret))
			return true;
		from = bit + 1 < len ? bit + 1 : 0;
	}
	return false;
}

bool dhcp6_pool_pick(const struct dhcp6_pool *p, const struct dhcp6_key *k, const struct ip *but,
		     size_t n_but, struct ip *ret)
{
	struct dhcp6_lease *l;

	for (size_t i = 0; i < p->n_range; i++) {
		const struct dhcp6_pool_range *r = &p->range[i];
		if (r->n_free && pick_in(r, client_hash(k) % range_len(r), but, n_but, ret))
			return true;
	}
	list_foreach (l, &p->idle, struct dhcp6_lease, idle) {
		if (is_among(but, n_but, &l->b.ip))
			continue; /* at most n_but of them */
		*ret = l->b.ip;
		return true;
	}
	return false;
}

static void free_ranges(struct dhcp6_pool_range *range, size_t n)
{
	for (size_t i = 0; range && i < n; i++) {
		free(range[i].fixed);
		free(range[i].used);
	}
	free(range);
}

int dhcp6_pool_set_ranges(struct dhcp6_pool *p, const struct dhcp6_range *ranges, size_t n,
			  uint32_t default_lease_sec)
{
	struct dhcp6_pool_range *range = calloc(n ? n : 1, sizeof(*range));
	uint32_t size = 0;

	if (!range)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct dhcp6_pool_range *r = &range[i];
		halves(&ranges[i].start, &r->high, &r->start);
		halves(&ranges[i].end, &r->high, &r->end);
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

/* ---- stations ---- */

struct dhcp6_station *dhcp6_pool_find_station(const struct dhcp6_pool *p, const struct mac *mac)
{
	struct table_node *n = table_find(&p->by_mac, mac->b, sizeof(mac->b));

	return n ? container_of(n, struct dhcp6_station, by_mac) : NULL;
}

static struct dhcp6_station *find_or_add_station(struct dhcp6_pool *p, const struct mac *mac)
{
	struct dhcp6_station *st = dhcp6_pool_find_station(p, mac);

	if (st)
		return st;
	st = calloc(1, sizeof(*st));
	if (!st)
		return NULL;
	st->mac = *mac;
	list_init(&st->leases);
	if (table_add(&p->by_mac, &st->by_mac, st->mac.b, sizeof(st->mac.b)) < 0) {
		free(st);
		return NULL;
	}
	return st;
}

static void leave_station(struct dhcp6_pool *p, struct dhcp6_station *st)
{
	if (st->n_leases)
		return;
	table_remove(&p->by_mac, &st->by_mac);
	free(st);
}

/* ---- leases ---- */

void dhcp6_pool_init(struct dhcp6_pool *p)
{
	*p = (struct dhcp6_pool){ 0 };
	dhcp_quarantine_init(&p->quarantine);
	dhcp_ports_init(&p->ports);
	table_init(&p->by_client);
	table_init(&p->by_ip);
	table_init(&p->by_name);
	table_init(&p->by_mac);
	list_init(&p->idle);
	list_init(&p->parked);
}

static struct dhcp6_lease *lease_of(struct table_node *n, size_t member)
{
	return n ? (struct dhcp6_lease *)(void *)((char *)n - member) : NULL;
}

void dhcp6_pool_done(struct dhcp6_pool *p)
{
	struct dhcp6_lease *l;

	table_foreach (n, &p->by_mac) {
		struct dhcp6_station *st = container_of(n, struct dhcp6_station, by_mac);
		list_foreach (l, &st->leases, struct dhcp6_lease, of_station)
			free(l);
		list_init(&st->leases);
	}
	for (struct table_node *n; (n = table_next(&p->by_mac, NULL));) {
		table_remove(&p->by_mac, n);
		free(container_of(n, struct dhcp6_station, by_mac));
	}
	free_ranges(p->range, p->n_range);
	dhcp_ports_done(&p->ports);
	table_done(&p->by_client);
	table_done(&p->by_ip);
	table_done(&p->by_name);
	table_done(&p->by_mac);
	dhcp_heap_done(&p->ends);
}

void dhcp6_key_make(struct dhcp6_key *k, const struct mac *mac, uint32_t iaid, const uint8_t *duid,
		    size_t n)
{
	struct wr w = wr_over(k->b, sizeof(k->b));

	wr_bytes(&w, mac->b, sizeof(mac->b));
	wr_u32(&w, iaid);
	wr_bytes(&w, duid, n);
	k->n = wr_len(&w);
}

struct dhcp6_lease *dhcp6_pool_find_client(const struct dhcp6_pool *p, const struct dhcp6_key *k)
{
	return lease_of(table_find(&p->by_client, k->b, k->n),
			offsetof(struct dhcp6_lease, by_client));
}

struct dhcp6_lease *dhcp6_pool_find_ip(const struct dhcp6_pool *p, const struct ip *ip)
{
	return lease_of(table_find(&p->by_ip, ip->v6, sizeof(ip->v6)),
			offsetof(struct dhcp6_lease, by_ip));
}

struct dhcp6_lease *dhcp6_pool_find_name(const struct dhcp6_pool *p, const char *name)
{
	return lease_of(table_find(&p->by_name, name, strlen(name)),
			offsetof(struct dhcp6_lease, by_name));
}

static int index_lease(struct dhcp6_pool *p, struct dhcp6_lease *l)
{
	if (dhcp_heap_reserve(&p->ends, p->by_ip.count + 1) < 0 ||
	    table_add(&p->by_client, &l->by_client, l->key.b, l->key.n) < 0)
		return -ENOMEM;
	if (table_add(&p->by_ip, &l->by_ip, l->b.ip.v6, sizeof(l->b.ip.v6)) < 0) {
		table_remove(&p->by_client, &l->by_client);
		return -ENOMEM;
	}
	return 0;
}

struct dhcp6_lease *dhcp6_pool_add(struct dhcp6_pool *p, const struct mac *mac, uint32_t iaid,
				   const uint8_t *duid, size_t n_duid, const struct ip *ip)
{
	struct dhcp6_station *st = find_or_add_station(p, mac);
	struct dhcp6_lease *l = st ? calloc(1, sizeof(*l)) : NULL;

	if (!l)
		goto out;
	l->b = (struct dhcp6_binding){ .ip = *ip, .mac = *mac, .iaid = iaid };
	l->b.duid_len = (uint8_t)n_duid;
	memcpy(l->b.duid, duid, n_duid);
	dhcp6_key_make(&l->key, mac, iaid, duid, n_duid);
	list_init(&l->idle);
	l->station = st;
	if (index_lease(p, l) < 0)
		goto out;
	list_add_tail(&st->leases, &l->of_station);
	st->n_leases++;
	p->count[DHCP6_LEASE_NEW]++;
	mark_used(p, ip, true);
	return l;
out:
	free(l);
	if (st)
		leave_station(p, st);
	return NULL;
}

/* The index has a name once; another lease of the same station may go on with it. */
static void leave_name(struct dhcp6_pool *p, struct dhcp6_lease *l)
{
	struct dhcp6_lease *other;

	if (!l->has_name)
		return;
	table_remove(&p->by_name, &l->by_name);
	l->has_name = false;
	list_foreach (other, &l->station->leases, struct dhcp6_lease, of_station) {
		if (other == l || other->state != DHCP6_LEASE_BOUND ||
		    strcmp(other->b.name, l->b.name) != 0)
			continue;
		other->has_name = table_add(&p->by_name, &other->by_name, other->b.name,
					    strlen(other->b.name)) == 0;
		return;
	}
}

void dhcp6_pool_set_port(struct dhcp6_pool *p, struct dhcp6_lease *l, uint32_t port)
{
	dhcp_ports_join(&p->ports, &l->member, port);
	l->b.port = l->member.port ? l->member.port->id : 0;
}

void dhcp6_pool_set_name(struct dhcp6_pool *p, struct dhcp6_lease *l, const char *name)
{
	if (strcmp(l->b.name, name) == 0)
		return;
	leave_name(p, l);
	(void)copy_text(l->b.name, sizeof(l->b.name), name);
	if (!name[0] || dhcp6_pool_find_name(p, name))
		return;
	/* Without memory for the index the name stays unused. */
	if (table_add(&p->by_name, &l->by_name, l->b.name, strlen(l->b.name)) < 0)
		l->b.name[0] = '\0';
	else
		l->has_name = true;
}

void dhcp6_pool_enter(struct dhcp6_pool *p, struct dhcp6_lease *l, enum dhcp6_lease_state state)
{
	p->count[l->state]--;
	p->count[state]++;
	l->state = state;
	list_remove(&l->idle);
	if (state == DHCP6_LEASE_BOUND) {
		if (l->b.expires == USEC_INFINITY)
			dhcp_heap_stop(&p->ends, &l->timer);
		else
			dhcp_heap_set(&p->ends, &l->timer, l->b.expires);
		return;
	}
	assert(!l->gated);
	l->durable = false;
	dhcp_ports_leave(&p->ports, &l->member);
	leave_name(p, l);
	dhcp_heap_stop(&p->ends, &l->timer);
	list_add_tail(dhcp6_pool_range_of(p, &l->b.ip) ? &p->idle : &p->parked, &l->idle);
}

void dhcp6_pool_drop(struct dhcp6_pool *p, struct dhcp6_lease *l)
{
	struct dhcp6_station *st = l->station;

	assert(!l->gated);
	p->count[l->state]--;
	dhcp_ports_leave(&p->ports, &l->member);
	leave_name(p, l);
	dhcp_heap_stop(&p->ends, &l->timer);
	table_remove(&p->by_client, &l->by_client);
	table_remove(&p->by_ip, &l->by_ip);
	list_remove(&l->idle);
	list_remove(&l->of_station);
	st->n_leases--;
	leave_station(p, st);
	if (!dhcp6_pool_is_quarantined(p, &l->b.ip))
		mark_used(p, &l->b.ip, false);
	free(l);
}

/* What is idle and in no range is kept for nobody. */
static void drop_outside(struct dhcp6_pool *p, struct list *list)
{
	struct dhcp6_lease *l;

	list_foreach (l, list, struct dhcp6_lease, idle) {
		if (!dhcp6_pool_range_of(p, &l->b.ip)) {
			dhcp6_pool_drop(p, l);
		} else if (list != &p->idle) {
			list_remove(&l->idle);
			list_add_tail(&p->idle, &l->idle);
		}
	}
}

void dhcp6_pool_settle(struct dhcp6_pool *p)
{
	table_foreach (n, &p->by_ip)
		mark_used(p, &lease_of(n, offsetof(struct dhcp6_lease, by_ip))->b.ip, true);
	for (size_t i = 0; i < DHCP_QUARANTINE_MAX; i++)
		if (p->quarantine.place[i].active)
			mark_used(p, &p->quarantine.place[i].ip, true);
	drop_outside(p, &p->idle);
	drop_outside(p, &p->parked);
}

/* ---- quarantine ---- */

bool dhcp6_pool_is_quarantined(const struct dhcp6_pool *p, const struct ip *ip)
{
	return dhcp_quarantine_has(&p->quarantine, ip);
}

uint32_t dhcp6_pool_quarantine(struct dhcp6_pool *p, const struct ip *ip, const struct mac *mac,
			       usec_t now)
{
	uint32_t sec = dhcp_quarantine_add(&p->quarantine, ip, mac, p->size, now);

	if (sec)
		mark_used(p, ip, true);
	return sec;
}

bool dhcp6_pool_restore_quarantine(struct dhcp6_pool *p, const struct ip *ip, const struct mac *mac,
				   uint32_t sec, uint32_t left, usec_t now)
{
	if (!dhcp_quarantine_restore(&p->quarantine, ip, mac, sec, left, now))
		return false;
	mark_used(p, ip, true);
	return true;
}

static void let_go(struct dhcp6_pool *p, const struct ip *ip)
{
	if (!dhcp6_pool_find_ip(p, ip))
		mark_used(p, ip, false);
}

void dhcp6_pool_end_quarantine(struct dhcp6_pool *p, usec_t now)
{
	struct ip over;

	while (dhcp_quarantine_take_over(&p->quarantine, now, &over))
		let_go(p, &over);
}

bool dhcp6_pool_lift_quarantine(struct dhcp6_pool *p, const struct ip *ip)
{
	bool lifted = dhcp_quarantine_lift(&p->quarantine, ip);

	if (lifted)
		let_go(p, ip);
	return lifted;
}
