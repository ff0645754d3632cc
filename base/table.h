/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table.h — hash table with a keyed hash (SipHash-2-4), because guests and clients choose the keys
 * (MACs, client identifiers, names): nobody outside can make them collide on purpose.
 *
 * Intrusive: the object holds a `struct table_node` and its key bytes; the table owns only the
 * bucket array. Keys are compared as bytes and must not change or move while the object is in the
 * table. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/util.h"

struct table_node {
	struct table_node *next;
	const void *key;
	size_t key_len;
	uint64_t hash;
};
struct table {
	struct table_node **bucket;
	size_t n_bucket; /* a power of two, or 0 before the first insertion */
	size_t count;
	uint8_t secret[16];
};

void table_init(struct table *t); /* draws the secret */
void table_done(struct table *t); /* frees the buckets, not the objects */
/* Insert; the caller has made sure that the key is absent. 0 or -ENOMEM. */
int table_add(struct table *t, struct table_node *n, const void *key, size_t key_len) mustcheck;
struct table_node *table_find(const struct table *t, const void *key, size_t key_len);
/* Take an object out that is in the table. */
void table_remove(struct table *t, struct table_node *n);
/* Walk all objects in no particular order: start with NULL, NULL ends. The visited node must not be
 * removed before the next call. */
struct table_node *table_next(const struct table *t, const struct table_node *n);

#define table_foreach(node, t)                                                                     \
	for (struct table_node *node = table_next(t, NULL); node; node = table_next(t, node))

uint64_t siphash24(const void *bytes, size_t n, const uint8_t secret[static 16]);

#endif
