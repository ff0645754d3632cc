/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/subnet-pool.h"

#include <string.h>

void subnet_pool_init(struct subnet_pool *p, const struct netd_subnet *s)
{
	uint64_t n = network_subnet_count(s);

	*p = (struct subnet_pool){ .s = *s };
	p->n = (uint32_t)MIN_OF(n, SUBNET_CANDIDATES_MAX);
}

static unsigned bit_of(const struct ip *a, unsigned bit)
{
	return a->family == AF_INET6 ? a->v6[bit / 8] >> (7 - bit % 8) & 1u
				     : a->v4 >> (31 - bit) & 1u;
}

/* The candidate that begins with the first `bits` bits of the address; SUBNET_CANDIDATES_MAX when
 * it has a higher number than any. */
static uint32_t number_of(const struct subnet_pool *p, const struct ip *a, unsigned bits)
{
	uint32_t number = 0;

	for (unsigned bit = p->s.from_prefix; bit < p->s.prefix; bit++) {
		number = number << 1 | (bit < bits ? bit_of(a, bit) : 0);
		if (number >= SUBNET_CANDIDATES_MAX)
			return SUBNET_CANDIDATES_MAX;
	}
	return number;
}

void subnet_pool_take(struct subnet_pool *p, const struct ip *net, unsigned prefix, bool wider)
{
	uint32_t first, count = 1;

	if (!mirror_in_the_way(net, prefix, &p->s.from, p->s.from_prefix))
		return;
	unsigned bits = MAX_OF(prefix, p->s.from_prefix);
	first = number_of(p, net, bits);
	if (bits < p->s.prefix)
		count =
		    p->s.prefix - bits < 17 ? 1u << (p->s.prefix - bits) : SUBNET_CANDIDATES_MAX;
	for (uint32_t i = first; i < p->n && i - first < count; i++)
		*(wider ? &p->routed[i / 8] : &p->taken[i / 8]) |= (uint8_t)(1u << i % 8);
}

void subnet_pool_take_host(struct subnet_pool *p, const struct mirror *m, const struct uuid *self)
{
	struct mirror_addr *a;
	struct mirror_route *r;

	for (const struct mirror_link *l = NULL; (l = mirror_next(m, l));) {
		if (l->ours && self && uuid_equal(&l->uuid, self))
			continue;
		list_foreach (a, &l->addrs, struct mirror_addr, on_link)
			subnet_pool_take(p, &a->row.address, a->row.prefix, false);
		list_foreach (r, &l->routes, struct mirror_route, on_link)
			subnet_pool_take(p, &r->row.destination, r->row.prefix,
					 r->row.prefix < p->s.prefix);
	}
}

static void take_definition(struct subnet_pool *p, const struct network *def)
{
	for (size_t i = 0; def && i < def->n_ips; i++)
		subnet_pool_take(p, &def->ips[i].address, def->ips[i].prefix, false);
}

void subnet_pool_take_networks(struct subnet_pool *p, const struct registry *r,
			       const struct uuid *self)
{
	const struct net *n;

	registry_foreach(n, r)
	{
		if (self && uuid_equal(&n->uuid, self))
			continue;
		take_definition(p, n->config);
		if (n->live != n->config)
			take_definition(p, n->live);
	}
}

static bool is_marked(const uint8_t *bits, uint32_t i)
{
	return bits[i / 8] >> i % 8 & 1;
}

bool subnet_pool_find(const struct subnet_pool *p, uint32_t from, struct ip *ret)
{
	for (int lenient = 0; lenient < 2; lenient++) {
		for (uint32_t i = from; i < p->n; i++) {
			if (is_marked(p->taken, i) || (!lenient && is_marked(p->routed, i)))
				continue;
			*ret = network_subnet_at(&p->s, i);
			return true;
		}
	}
	return false;
}
