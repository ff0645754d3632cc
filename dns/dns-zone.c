/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-zone.c — see dns-zone.h. */
#include "dns/dns-zone.h"

#include "dns/dns-message.h"

#include <errno.h>

void dns_zone_init(struct dns_zone *z)
{
	table_init(&z->nodes);
	z->serial = 1;
}

static void node_free(struct dns_node *node)
{
	struct dns_record *r;

	list_foreach (r, &node->records, struct dns_record, link)
		free(r);
	free(node);
}

void dns_zone_done(struct dns_zone *z)
{
	struct table_node *t = table_next(&z->nodes, NULL);

	while (t) {
		struct table_node *next = table_next(&z->nodes, t);
		node_free(container_of(t, struct dns_node, table));
		t = next;
	}
	table_done(&z->nodes);
}

struct dns_node *dns_zone_find(const struct dns_zone *z, const struct dns_name *key)
{
	struct table_node *t = table_find(&z->nodes, key->wire, key->n);
	return t ? container_of(t, struct dns_node, table) : NULL;
}

struct dns_node *dns_zone_find_wildcard(const struct dns_zone *z, const struct dns_name *key)
{
	for (unsigned skip = 1; skip < key->labels; skip++) {
		struct dns_name above = dns_name_suffix(key, skip);
		if (!dns_zone_find(z, &above))
			continue;
		struct dns_name star = { .n = 3, .labels = 1, .wire = { 1, '*' } };
		return dns_name_append(&star, &above) == 0 ? dns_zone_find(z, &star) : NULL;
	}
	return NULL;
}

/* Remove a node that is no longer needed, and then perhaps its parents. */
static void node_drop_unused(struct dns_zone *z, struct dns_node *node)
{
	while (node && list_is_empty(&node->records) && node->children == 0) {
		struct dns_node *parent = node->parent;
		table_remove(&z->nodes, &node->table);
		free(node);
		if (parent)
			parent->children--;
		node = parent;
	}
}

static struct dns_node *node_new(struct dns_zone *z, const struct dns_name *key,
				 struct dns_node *parent)
{
	struct dns_node *node = calloc(1, sizeof(*node) + key->n);

	if (!node)
		return NULL;
	list_init(&node->records);
	node->n = key->n;
	memcpy(node->key, key->wire, key->n);
	if (table_add(&z->nodes, &node->table, node->key, node->n) < 0) {
		free(node);
		return NULL;
	}
	node->parent = parent;
	if (parent)
		parent->children++;
	return node;
}

/* The node of `key`, made together with those above it if need be. */
static struct dns_node *node_get(struct dns_zone *z, const struct dns_name *key)
{
	struct dns_node *node = NULL;
	unsigned skip = 0;

	while (skip < key->labels) {
		struct dns_name above = dns_name_suffix(key, skip);
		node = dns_zone_find(z, &above);
		if (node)
			break;
		skip++;
	}
	while (skip > 0) {
		struct dns_name below = dns_name_suffix(key, --skip);
		struct dns_node *made = node_new(z, &below, node);
		if (!made) {
			node_drop_unused(z, node);
			return NULL;
		}
		node = made;
	}
	return node;
}

static bool is_address(uint16_t type)
{
	return type == DNS_A || type == DNS_AAAA;
}

static bool config_has(const struct dns_node *node, uint16_t type, const void *rdata, size_t n)
{
	struct dns_record *r;

	list_foreach (r, &node->records, struct dns_record, link)
		if (!r->lease && r->type == type && r->n == n && memcmp(r->rdata, rdata, n) == 0)
			return true;
	return false;
}

int dns_zone_add(struct dns_zone *z, const struct dns_name *key, uint16_t type, const void *rdata,
		 size_t n, bool lease, usec_t expires, struct dns_record **ret)
{
	struct dns_node *node = node_get(z, key);

	if (!node)
		return -ENOMEM;
	if (!lease && config_has(node, type, rdata, n)) {
		*ret = NULL;
		return 0;
	}
	struct dns_record *r = malloc(sizeof(*r) + n);
	if (!r) {
		node_drop_unused(z, node);
		return -ENOMEM;
	}
	*r = (struct dns_record){
		.node = node,
		.expires = expires,
		.lease = lease,
		.type = type,
		.n = (uint16_t)n,
		.ttl_sec = DNS_LOCAL_TTL_SEC,
	};
	memcpy(r->rdata, rdata, n);
	if (lease) {
		list_add_head(&node->records, &r->link);
	} else {
		list_add_tail(&node->records, &r->link);
		node->fixed |= is_address(type) || type == DNS_CNAME;
	}
	z->serial++;
	*ret = r;
	return 0;
}

/* Only leases leave one by one; the configuration is replaced as a whole. */
void dns_zone_remove(struct dns_zone *z, struct dns_record *r)
{
	struct dns_node *node = r->node;

	list_remove(&r->link);
	free(r);
	z->serial++;
	node_drop_unused(z, node);
}

int dns_zone_add_address(struct dns_zone *z, const struct dns_name *key, const struct ip *ip,
			 bool lease, usec_t expires, struct dns_record **ret)
{
	uint8_t v4[4];
	struct wr w = wr_over(v4, sizeof(v4));

	if (ip->family == AF_INET6)
		return dns_zone_add(z, key, DNS_AAAA, ip->v6, sizeof(ip->v6), lease, expires, ret);
	wr_u32(&w, ip->v4);
	return dns_zone_add(z, key, DNS_A, v4, sizeof(v4), lease, expires, ret);
}

int dns_zone_add_ptr(struct dns_zone *z, const struct ip *ip, const struct dns_name *target,
		     bool lease, usec_t expires, struct dns_record **ret)
{
	struct dns_name reverse = dns_name_reverse(ip, ip->family == AF_INET ? 32 : 128);
	return dns_zone_add(z, &reverse, DNS_PTR, target->wire, target->n, lease, expires, ret);
}

static bool is_answered(const struct dns_node *node, const struct dns_record *r, usec_t now)
{
	return !r->lease || (r->expires > now && !(node->fixed && is_address(r->type)));
}

size_t dns_node_select(const struct dns_node *node, uint16_t type, usec_t now,
		       const struct dns_record *ret[static DNS_RRSET_MAX])
{
	const struct dns_record *newest = NULL;
	struct dns_record *r;
	size_t n = 0;

	list_foreach (r, &node->records, struct dns_record, link) {
		if (r->type != type || !is_answered(node, r, now))
			continue;
		if (r->lease) {
			newest = newest ? newest : r;
			if (is_address(type)) /* then no other record counts */
				break;
		} else if (n < DNS_RRSET_MAX) {
			ret[n++] = r;
		}
	}
	if (n == 0 && newest)
		ret[n++] = newest;
	return n;
}

bool dns_node_has_address(const struct dns_node *node, usec_t now)
{
	struct dns_record *r;

	if (node->fixed)
		return true;
	list_foreach (r, &node->records, struct dns_record, link)
		if (is_address(r->type) && r->expires > now)
			return true;
	return false;
}

uint16_t dns_node_first_type(const struct dns_node *node, usec_t now)
{
	struct dns_record *r;

	list_foreach (r, &node->records, struct dns_record, link)
		if (is_answered(node, r, now))
			return r->type;
	return 0;
}
