/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp4-internal.h"
#include "dhcp/dhcp4-names.h"

#include <errno.h>
#include <string.h>

/* Add under a key unless that is taken or empty. */
static int index_add(struct table *t, struct table_node *n, const void *key, size_t len,
		     bool wanted)
{
	return !wanted || table_find(t, key, len) ? 0 : table_add(t, n, key, len);
}

static int add_host(struct dhcp4_hosts *h, struct dhcp4_static *st, const struct dhcp4_host *from)
{
	st->h = *from;
	(void)dhcp4_clean_name((const uint8_t *)from->name, strnlen(from->name, DHCP4_NAME_MAX - 1),
			       st->h.name);
	const struct dhcp4_host *host = &st->h;
	if (index_add(&h->by_mac, &st->by_mac, host->mac.b, sizeof(host->mac.b), host->has_mac) <
		0 ||
	    index_add(&h->by_ip, &st->by_ip, &host->ip, sizeof(host->ip), host->ip != 0) < 0 ||
	    index_add(&h->by_name, &st->by_name, host->name, strlen(host->name), host->name[0]) < 0)
		return -ENOMEM;
	return 0;
}

int dhcp4_hosts_init(struct dhcp4_hosts *h, const struct dhcp4_config *c)
{
	*h = (struct dhcp4_hosts){ .n = c->n_hosts };
	table_init(&h->by_mac);
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
		struct dhcp4_reserved *r = &h->reserved[i];
		const char *name = c->reserved[i].s;
		bool ok = dhcp4_clean_name((const uint8_t *)name, strnlen(name, DHCP4_NAME_MAX - 1),
					   r->name);
		if (index_add(&h->by_reserved, &r->by_name, r->name, strlen(r->name), ok) < 0)
			goto out;
	}
	return 0;
out:
	dhcp4_hosts_done(h);
	return -ENOMEM;
}

void dhcp4_hosts_done(struct dhcp4_hosts *h)
{
	table_done(&h->by_mac);
	table_done(&h->by_ip);
	table_done(&h->by_name);
	table_done(&h->by_reserved);
	free(h->host);
	free(h->reserved);
	h->host = NULL;
	h->reserved = NULL;
}

#define STATIC_OF(node, member) ((node) ? container_of(node, struct dhcp4_static, member) : NULL)

struct dhcp4_static *dhcp4_hosts_find_mac(const struct dhcp4_hosts *h, const struct mac *mac)
{
	struct table_node *n = table_find(&h->by_mac, mac->b, sizeof(mac->b));

	return STATIC_OF(n, by_mac);
}

struct dhcp4_static *dhcp4_hosts_find_ip(const struct dhcp4_hosts *h, uint32_t ip)
{
	struct table_node *n = table_find(&h->by_ip, &ip, sizeof(ip));

	return STATIC_OF(n, by_ip);
}

struct dhcp4_static *dhcp4_hosts_find_name(const struct dhcp4_hosts *h, const char *name)
{
	struct table_node *n = table_find(&h->by_name, name, strlen(name));

	return STATIC_OF(n, by_name);
}

bool dhcp4_hosts_reserve(const struct dhcp4_hosts *h, const char *name)
{
	return dhcp4_name_is_special(name) || table_find(&h->by_reserved, name, strlen(name));
}
