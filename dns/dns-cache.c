/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-cache.c — see dns-cache.h. Every operation takes constant time, however full the cache. */
#include "dns/dns-cache.h"

/* Bucket array and allocator take their share too. */
#define ENTRY_OVERHEAD (sizeof(struct dns_cache_entry) + 32)
#define NEGATIVE_SHARE 5 /* at most 1/5 of the octets */

void dns_cache_init(struct dns_cache *c, size_t max_bytes)
{
	memset(c, 0, sizeof(*c));
	table_init(&c->table);
	list_init(&c->positive);
	list_init(&c->negative);
	list_init(&c->by_age);
	c->max_bytes = max_bytes;
}

static size_t entry_bytes(const struct dns_cache_entry *e)
{
	return ENTRY_OVERHEAD + e->key_n + e->body_n;
}

static void drop(struct dns_cache *c, struct dns_cache_entry *e)
{
	c->bytes -= entry_bytes(e);
	if (e->negative)
		c->negative_bytes -= entry_bytes(e);
	table_remove(&c->table, &e->table);
	list_remove(&e->lru);
	list_remove(&e->aged);
	free(e);
}

void dns_cache_drop_negative(struct dns_cache *c)
{
	struct dns_cache_entry *e;

	list_foreach (e, &c->negative, struct dns_cache_entry, lru)
		drop(c, e);
}

void dns_cache_clear(struct dns_cache *c)
{
	struct dns_cache_entry *e;

	dns_cache_drop_negative(c);
	list_foreach (e, &c->positive, struct dns_cache_entry, lru)
		drop(c, e);
}

void dns_cache_done(struct dns_cache *c)
{
	dns_cache_clear(c);
	table_done(&c->table);
}

struct dns_cache_entry *dns_cache_find(struct dns_cache *c, const struct dns_key *key)
{
	struct table_node *t = table_find(&c->table, key->bytes, key->n);

	if (!t)
		return NULL;
	struct dns_cache_entry *e = container_of(t, struct dns_cache_entry, table);
	list_remove(&e->lru);
	list_add_tail(e->negative ? &c->negative : &c->positive, &e->lru);
	return e;
}

bool dns_cache_ends_soon(const struct dns_cache_entry *e, usec_t now)
{
	usec_t life = e->expires - e->stored;

	return !e->negative && e->expires > now && life >= DNS_PREFETCH_MIN_SEC * USEC_PER_SEC &&
	       e->expires - now <= life / DNS_PREFETCH_SHARE;
}

const struct dns_cache_entry *dns_cache_after(const struct dns_cache *c, uint64_t after)
{
	const struct dns_cache_entry *e;

	list_foreach (e, &c->by_age, struct dns_cache_entry, aged)
		if (e->number > after)
			return e;
	return NULL;
}

static void make_room(struct dns_cache *c, size_t bytes, bool negative)
{
	while (negative && !list_is_empty(&c->negative) &&
	       c->negative_bytes + bytes > c->max_bytes / NEGATIVE_SHARE) {
		drop(c, list_first(&c->negative, struct dns_cache_entry, lru));
		c->evicted++;
	}
	while (c->bytes + bytes > c->max_bytes && c->bytes > 0) {
		struct list *from = list_is_empty(&c->positive) ? &c->negative : &c->positive;
		drop(c, list_first(from, struct dns_cache_entry, lru));
		c->evicted++;
	}
}

void dns_cache_store(struct dns_cache *c, const struct dns_key *key, const struct dns_answer *a,
		     usec_t now)
{
	struct table_node *old = table_find(&c->table, key->bytes, key->n);
	size_t bytes = ENTRY_OVERHEAD + key->n + a->n;

	if (a->ttl_sec == 0 || a->n > DNS_CACHE_BODY_MAX)
		return;
	if (old)
		drop(c, container_of(old, struct dns_cache_entry, table));
	make_room(c, bytes, a->negative);
	struct dns_cache_entry *e = malloc(sizeof(*e) + key->n + a->n);
	if (!e)
		return;
	*e = (struct dns_cache_entry){
		.stored = now,
		.expires = now + a->ttl_sec * USEC_PER_SEC,
		.negative = a->negative,
		.ad = a->ad,
		.rcode = a->rcode,
		.counts = { a->counts[0], a->counts[1] },
		.body_n = (uint16_t)a->n,
		.key_n = key->n,
	};
	memcpy(e->bytes, key->bytes, key->n);
	if (a->n)
		memcpy(&e->bytes[key->n], a->body, a->n);
	if (table_add(&c->table, &e->table, e->bytes, e->key_n) < 0) {
		free(e);
		return;
	}
	e->number = ++c->last_number;
	list_add_tail(&c->by_age, &e->aged);
	c->bytes += bytes;
	c->negative_bytes += a->negative ? bytes : 0;
	list_add_tail(a->negative ? &c->negative : &c->positive, &e->lru);
}
