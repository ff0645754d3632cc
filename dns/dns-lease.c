/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-lease.c — names that come and go with leases (the second half of dns-zone.h). */
#include "dns/dns-zone.h"

#include <errno.h>

void dns_leases_init(struct dns_leases *l)
{
	table_init(&l->by_id);
	list_init(&l->all);
}

void dns_leases_done(struct dns_leases *l)
{
	struct dns_lease *one;

	list_foreach (one, &l->all, struct dns_lease, link)
		free(one);
	table_done(&l->by_id);
}

/* Name and address as one key. */
static size_t lease_id(uint8_t *id, size_t cap, const struct dns_name *label, const struct ip *ip)
{
	struct wr w = wr_over(id, cap);

	wr_bytes(&w, label->wire, label->n);
	wr_u8(&w, ip->family == AF_INET ? 4 : 6);
	if (ip->family == AF_INET)
		wr_u32(&w, ip->v4);
	else
		wr_bytes(&w, ip->v6, sizeof(ip->v6));
	return w.bad ? 0 : wr_len(&w);
}

static struct dns_lease *lease_find(const struct dns_leases *l, const struct dns_name *label,
				    const struct ip *ip)
{
	uint8_t id[sizeof(((struct dns_lease *)0)->id)];
	size_t n = lease_id(id, sizeof(id), label, ip);
	struct table_node *t = n ? table_find(&l->by_id, id, n) : NULL;

	return t ? container_of(t, struct dns_lease, table) : NULL;
}

static void lease_drop(struct dns_leases *l, struct dns_zone *z, struct dns_lease *one)
{
	for (unsigned i = 0; i < ARRAY_LEN(one->record); i++)
		if (one->record[i])
			dns_zone_remove(z, one->record[i]);
	table_remove(&l->by_id, &one->table);
	list_remove(&one->link);
	free(one);
}

static int publish(struct dns_lease *one, struct dns_zone *z, const struct dns_name *domain)
{
	struct dns_name full = one->label;
	int r;

	if (domain) {
		r = dns_name_append(&full, domain);
		if (r < 0)
			return r;
		r = dns_zone_add_address(z, &full, &one->ip, true, one->expires, &one->record[1]);
		if (r < 0)
			return r;
	}
	r = dns_zone_add_address(z, &one->label, &one->ip, true, one->expires, &one->record[0]);
	if (r < 0)
		return r;
	return dns_zone_add_ptr(z, &one->ip, &full, true, one->expires, &one->record[2]);
}

static void extend(struct dns_lease *one, usec_t expires)
{
	one->expires = expires;
	for (unsigned i = 0; i < ARRAY_LEN(one->record); i++)
		if (one->record[i])
			one->record[i]->expires = expires;
}

int dns_leases_add(struct dns_leases *l, struct dns_zone *z, const struct dns_name *domain,
		   const struct dns_name *label, const struct ip *ip, usec_t expires)
{
	struct dns_lease *one = lease_find(l, label, ip);

	if (one) {
		extend(one, expires);
		return 0;
	}
	if (l->by_id.count >= DNS_LEASES_MAX)
		return -ENOSPC;
	one = calloc(1, sizeof(*one));
	if (!one)
		return -ENOMEM;
	one->label = *label;
	one->ip = *ip;
	one->expires = expires;
	one->id_n = (uint8_t)lease_id(one->id, sizeof(one->id), label, ip);
	if (!one->id_n || table_add(&l->by_id, &one->table, one->id, one->id_n) < 0) {
		int r = one->id_n ? -ENOMEM : -EINVAL;
		free(one);
		return r;
	}
	list_add_tail(&l->all, &one->link);
	int r = publish(one, z, domain);
	if (r < 0)
		lease_drop(l, z, one);
	return r;
}

void dns_leases_remove(struct dns_leases *l, struct dns_zone *z, const struct dns_name *label,
		       const struct ip *ip)
{
	struct dns_lease *one = lease_find(l, label, ip);

	if (one)
		lease_drop(l, z, one);
}
