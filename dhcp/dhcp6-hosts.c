/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp4-names.h"
#include "dhcp/dhcp6-internal.h"

#include <errno.h>
#include <string.h>

/* Add under a key unless that is taken or empty. */
static int index_add(struct table *t, struct table_node *n, const void *key, size_t len)
{
	return !len || table_find(t, key, len) ? 0 : table_add(t, n, key, len);
}

static int add_host(struct dhcp6_hosts *h, struct dhcp6_static *st, const struct dhcp6_host *from)
{
	st->h = *from;
	(void)dhcp4_clean_name((const uint8_t *)from->name, strnlen(from->name, DHCP6_NAME_MAX - 1),
			       st->h.name);
	const struct dhcp6_host *host = &st->h;
	size_t n_ip = host->ip.family == AF_INET6 ? sizeof(host->ip.v6) : 0;
	if (index_add(&h->by_duid, &st->by_duid, host->duid, host->duid_len) < 0 ||
	    index_add(&h->by_ip, &st->by_ip, host->ip.v6, n_ip) < 0 ||
	    index_add(&h->by_name, &st->by_name, host->name, strlen(host->name)) < 0)
		return -ENOMEM;
	return 0;
}

int dhcp6_hosts_init(struct dhcp6_hosts *h, const struct dhcp6_config *c)
{
	*h = (struct dhcp6_hosts){ 0 };
	table_init(&h->by_duid);
	table_init(&h->by_ip);
	table_init(&h->by_name);
	table_init(&h->by_reserved);
	h->host = calloc(c->n_hosts ? c->n_hosts : 1, sizeof(*h->host));
	h->reserved = calloc(c->n_reserved ? c->n_reserved : 1, sizeof(*h->reserved));
	if (!h->host || !h->reserved)
		goto out;
	for (size_t i = 0; i < c->n_hosts; i++)
		if (add_host(h, &h->host[i], &c->hosts[i]) < 0)
			goto out;
	for (size_t i = 0; i < c->n_reserved; i++) {
		struct dhcp6_reserved *r = &h->reserved[i];
		const char *name = c->reserved[i].s;
		if (dhcp4_clean_name((const uint8_t *)name, strnlen(name, DHCP6_NAME_MAX - 1),
				     r->name) &&
		    index_add(&h->by_reserved, &r->by_name, r->name, strlen(r->name)) < 0)
			goto out;
	}
	return 0;
out:
	dhcp6_hosts_done(h);
	return -ENOMEM;
}

void dhcp6_hosts_done(struct dhcp6_hosts *h)
{
	table_done(&h->by_duid);
	table_done(&h->by_ip);
	table_done(&h->by_name);
	table_done(&h->by_reserved);
	free(h->host);
	free(h->reserved);
	h->host = NULL;
	h->reserved = NULL;
}

#define STATIC_OF(node, member) ((node) ? container_of(node, struct dhcp6_static, member) : NULL)

struct dhcp6_static *dhcp6_hosts_find_duid(const struct dhcp6_hosts *h, const uint8_t *duid,
					   size_t n)
{
	struct table_node *node = table_find(&h->by_duid, duid, n);

	return STATIC_OF(node, by_duid);
}

struct dhcp6_static *dhcp6_hosts_find_ip(const struct dhcp6_hosts *h, const struct ip *ip)
{
	struct table_node *node = table_find(&h->by_ip, ip->v6, sizeof(ip->v6));

	return STATIC_OF(node, by_ip);
}

struct dhcp6_static *dhcp6_hosts_find_name(const struct dhcp6_hosts *h, const char *name)
{
	struct table_node *node = table_find(&h->by_name, name, strlen(name));

	return STATIC_OF(node, by_name);
}

bool dhcp6_hosts_reserve(const struct dhcp6_hosts *h, const char *name)
{
	return dhcp4_name_is_special(name) || table_find(&h->by_reserved, name, strlen(name));
}
