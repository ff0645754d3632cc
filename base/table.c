/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/table.h"

#include <errno.h>
#include <string.h>

static inline uint64_t rotate(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

static inline uint64_t load_le64(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

struct sip {
	uint64_t a, b, c, d;
};

static inline void sip_rounds(struct sip *s, unsigned n)
{
	while (n--) {
		s->a += s->b;
		s->b = rotate(s->b, 13) ^ s->a;
		s->a = rotate(s->a, 32);
		s->c += s->d;
		s->d = rotate(s->d, 16) ^ s->c;
		s->a += s->d;
		s->d = rotate(s->d, 21) ^ s->a;
		s->c += s->b;
		s->b = rotate(s->b, 17) ^ s->c;
		s->c = rotate(s->c, 32);
	}
}

uint64_t siphash24(const void *bytes, size_t n, const uint8_t secret[static 16])
{
	const uint8_t *p = bytes;
	uint64_t k0 = load_le64(secret, 8), k1 = load_le64(secret + 8, 8);
	uint64_t last = (uint64_t)n << 56;
	struct sip s = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
			 k1 ^ 0x7465646279746573 };

	for (; n >= 8; n -= 8, p += 8) {
		uint64_t m = load_le64(p, 8);
		s.d ^= m;
		sip_rounds(&s, 2);
		s.a ^= m;
	}
	last |= load_le64(p, n);
	s.d ^= last;
	sip_rounds(&s, 2);
	s.a ^= last;
	s.c ^= 0xff;
	sip_rounds(&s, 4);
	return s.a ^ s.b ^ s.c ^ s.d;
}

void table_init(struct table *t)
{
	*t = (struct table){ 0 };
	random_bytes(t->secret, sizeof(t->secret));
}

void table_done(struct table *t)
{
	free(t->bucket);
	t->bucket = NULL;
	t->n_bucket = t->count = 0;
}

static struct table_node **slot_of(const struct table *t, uint64_t hash)
{
	return &t->bucket[hash & (t->n_bucket - 1)];
}

static int grow(struct table *t)
{
	struct table_node **old = t->bucket;
	size_t n_old = t->n_bucket, n_new = n_old ? n_old * 2 : 16;
	struct table_node **bucket = calloc(n_new, sizeof(struct table_node *));

	if (!bucket)
		return n_old ? 0 : -ENOMEM; /* longer chains still work */
	t->bucket = bucket;
	t->n_bucket = n_new;
	for (size_t i = 0; i < n_old; i++) {
		for (struct table_node *n = old[i], *next; n; n = next) {
			struct table_node **slot = slot_of(t, n->hash);
			next = n->next;
			n->next = *slot;
			*slot = n;
		}
	}
	free(old);
	return 0;
}

int table_add(struct table *t, struct table_node *n, const void *key, size_t key_len)
{
	if (t->count >= t->n_bucket) {
		int r = grow(t);
		if (r < 0)
			return r;
	}
	n->key = key;
	n->key_len = key_len;
	n->hash = siphash24(key, key_len, t->secret);
	struct table_node **slot = slot_of(t, n->hash);
	n->next = *slot;
	*slot = n;
	t->count++;
	return 0;
}

struct table_node *table_find(const struct table *t, const void *key, size_t key_len)
{
	if (!t->count)
		return NULL;
	uint64_t hash = siphash24(key, key_len, t->secret);
	for (struct table_node *n = *slot_of(t, hash); n; n = n->next)
		if (n->hash == hash && n->key_len == key_len && memcmp(n->key, key, key_len) == 0)
			return n;
	return NULL;
}

void table_remove(struct table *t, struct table_node *n)
{
	for (struct table_node **link = slot_of(t, n->hash); *link; link = &(*link)->next) {
		if (*link == n) {
			*link = n->next;
			n->next = NULL;
			t->count--;
			return;
		}
	}
}

struct table_node *table_next(const struct table *t, const struct table_node *n)
{
	size_t i = 0;

	if (n) {
		if (n->next)
			return n->next;
		i = (n->hash & (t->n_bucket - 1)) + 1;
	}
	for (; i < t->n_bucket; i++)
		if (t->bucket[i])
			return t->bucket[i];
	return NULL;
}
