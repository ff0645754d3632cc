/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-askers.c — see dns-askers.h. */
#include "dns/dns-askers.h"

#include "base/cursor.h"
#include "base/table.h"

void dns_askers_init(struct dns_askers *a)
{
	memset(a, 0, sizeof(*a));
	random_bytes(a->secret, sizeof(a->secret));
}

static struct dns_asker *set_of(struct dns_askers *a, const struct ip *address)
{
	uint8_t key[16];
	struct wr w = wr_over(key, sizeof(key));

	if (address->family == AF_INET)
		wr_u32(&w, address->v4);
	else
		wr_bytes(&w, address->v6, sizeof(address->v6));
	return a->set[siphash24(key, wr_len(&w), a->secret) & (DNS_ASKERS_SETS - 1)];
}

static struct dns_asker *place_of(struct dns_askers *a, const struct ip *address)
{
	struct dns_asker *set = set_of(a, address), *least = set;

	for (unsigned i = 0; i < DNS_ASKERS_WAYS; i++) {
		if (set[i].queries && ip_equal(&set[i].address, address))
			return &set[i];
		if (set[i].queries < least->queries)
			least = &set[i];
	}
	least->address = *address;
	least->surplus = least->queries;
	return least;
}

/* Queries come in batches, mostly of one client. */
void dns_askers_count(struct dns_askers *a, const struct ip *address)
{
	if (!a->last || !ip_equal(&a->last->address, address))
		a->last = place_of(a, address);
	a->last->queries++;
}

static int busier(const void *a, const void *b)
{
	const struct dns_asker *x = a, *y = b;

	return x->queries > y->queries ? -1 : x->queries < y->queries;
}

size_t dns_askers_list(const struct dns_askers *a, struct dns_asker ret[static DNS_ASKERS_MAX])
{
	size_t n = 0;

	for (unsigned i = 0; i < DNS_ASKERS_MAX; i++) {
		const struct dns_asker *one = &a->set[i / DNS_ASKERS_WAYS][i % DNS_ASKERS_WAYS];
		if (one->queries)
			ret[n++] = *one;
	}
	qsort(ret, n, sizeof(*ret), busier);
	return n;
}
