/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conflict.c — two networks that want one key of a map. Many networks' rows are made at once, so
 * the elements are found by bridge and by chain in a hash; subnets that are translated are compared
 * with each other one by one. */
#include "firewall/firewall-internal.h"

#include "base/diff.h"

#include <string.h>

bool fw_ranges_overlap(const struct fw_element *a, const struct fw_element *b)
{
	return a->first.family == b->first.family && ip_compare(&a->first, &b->last) <= 0 &&
	       ip_compare(&b->first, &a->last) <= 0;
}

/* The network that a chain belongs to, as its chains are named. */
static const char *stem_of(const char *chain)
{
	const char *u = strchr(chain, '_');

	return u ? u + 1 : chain;
}

int fw_refuse_conflict(const char *name, const struct fw_element *wanted,
		       const struct fw_element *there, struct err *e)
{
	char first[IP_TEXT_MAX], last[IP_TEXT_MAX];
	bool iface = fw_map_desc[wanted->map].key == FW_KEY_IFACE;

	/* What is in a set is in a map as well; subnets are told apart in several maps. */
	if (fw_map_desc[wanted->map].set ||
	    iface != (fw_map_desc[there->map].key == FW_KEY_IFACE) ||
	    (iface && wanted->map != there->map))
		return 0;
	if (iface && strcmp(wanted->chain, there->chain) == 0)
		return err_set(e, ERR_OPERATION_FAILED,
			       "network '%s': its chain '%s' is another network's", name,
			       wanted->chain);
	if (iface && strcmp(wanted->iface, there->iface) == 0)
		return err_set(e, ERR_OPERATION_FAILED,
			       "network '%s': bridge '%s' has the rules of network '%s'", name,
			       wanted->iface, stem_of(there->chain));
	if (!iface && fw_ranges_overlap(wanted, there))
		return err_set(e, ERR_OPERATION_FAILED,
			       "network '%s': its subnet %s to %s overlaps that of network '%s', "
			       "and one address "
			       "can't be translated for both; choose another <ip address>",
			       name, ip_format(&wanted->first, first),
			       ip_format(&wanted->last, last), stem_of(there->chain));
	return 0;
}

/* --- the index --- */

static size_t slot_of(const struct fw_index *x, const char *key)
{
	uint64_t h = diff_hash(DIFF_HASH_START, key, strlen(key));

	return (size_t)(h ^ h >> 32) & (x->n_slots - 1);
}

static void put(struct fw_index *x, const char *key, size_t element)
{
	size_t i = slot_of(x, key);

	while (x->slot[i])
		i = (i + 1) & (x->n_slots - 1);
	x->slot[i] = (uint32_t)element + 1;
}

static void put_both(struct fw_rows *r, size_t i)
{
	put(&r->index, r->elements[i].iface, i);
	put(&r->index, r->elements[i].chain, i);
}

/* Room for two entries more, at most half full. */
static int reserve(struct fw_rows *r, size_t n_elements)
{
	struct fw_index *x = &r->index;

	if (x->slot && (x->n_used + 2) * 2 <= x->n_slots)
		return 0;
	size_t n = x->n_slots ? x->n_slots * 2 : 64;
	uint32_t *bigger = calloc(n, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	free(x->slot);
	x->slot = bigger;
	x->n_slots = n;
	for (size_t i = 0; i < n_elements; i++)
		if (r->elements[i].map == FW_TO_NET)
			put_both(r, i);
	return 0;
}

static bool is_nat(const struct fw_element *element)
{
	return fw_map_desc[element->map].key != FW_KEY_IFACE;
}

static int check_key(const struct fw_rows *r, const char *key, const char *name,
		     const struct fw_element *wanted, struct err *e)
{
	const struct fw_index *x = &r->index;
	int rc = 0;

	if (!x->slot)
		return 0;
	for (size_t i = slot_of(x, key); x->slot[i] && rc == 0; i = (i + 1) & (x->n_slots - 1))
		rc = fw_refuse_conflict(name, wanted, &r->elements[x->slot[i] - 1], e);
	return rc;
}

static int check(const struct fw_rows *r, const char *name, const struct fw_element *wanted,
		 struct err *e)
{
	int rc = 0;

	if (wanted->map == FW_TO_NET) {
		rc = check_key(r, wanted->iface, name, wanted, e);
		return rc < 0 ? rc : check_key(r, wanted->chain, name, wanted, e);
	}
	for (size_t i = 0; is_nat(wanted) && i < r->index.n_nat && rc == 0; i++)
		rc = fw_refuse_conflict(name, wanted, &r->elements[r->index.nat[i]], e);
	return rc;
}

/* Keeps what is there already: the elements before `i`. */
static int enter(struct fw_rows *r, size_t i)
{
	struct fw_index *x = &r->index;

	if (r->elements[i].map == FW_TO_NET) {
		if (reserve(r, i) < 0)
			return -ENOMEM;
		put_both(r, i);
		x->n_used += 2;
	} else if (is_nat(&r->elements[i])) {
		if (GROW(x->nat, x->cap_nat, x->n_nat + 1) < 0)
			return -ENOMEM;
		x->nat[x->n_nat++] = (uint32_t)i;
	}
	return 0;
}

int fw_index_elements(struct fw_rows *r, size_t from, const char *name, struct err *e)
{
	int rc = 0;

	for (size_t i = from; i < r->n_elements && rc == 0; i++)
		rc = check(r, name, &r->elements[i], e);
	for (size_t i = from; i < r->n_elements && rc == 0; i++)
		rc = enter(r, i) < 0 ? err_sys(e, ENOMEM, "network '%s': firewall rules", name) : 0;
	return rc;
}
