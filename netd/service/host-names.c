/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/host-names.h"

#include "dns/dns-name.h"

#include <errno.h>
#include <string.h>

/* The bits of a subnet's prefix, and those to the next boundary of a label. */
static unsigned whole_labels(const struct network_ip *ip)
{
	unsigned step = ip->address.family == AF_INET ? 8 : 4;

	return (ip->prefix + step - 1) / step * step;
}

static size_t count_zones(const struct network_ip *ip)
{
	return ip_is_set(&ip->address) ? (size_t)1 << (whole_labels(ip) - ip->prefix) : 0;
}

static struct dns_name zone_of(const struct network_ip *ip, unsigned i)
{
	struct ip one = ip_network(&ip->address, ip->prefix);
	unsigned whole = whole_labels(ip);

	if (one.family == AF_INET && whole)
		one.v4 |= i << (32 - whole);
	else if (whole)
		one.v6[(whole - 1) / 8] |= (uint8_t)(whole % 8 ? i << 4 : i);
	return dns_name_reverse(&one, whole);
}

static void add_zones(struct host_names *h, const struct network_ip *ip)
{
	size_t n = count_zones(ip);

	for (unsigned i = 0; i < n && h->n_zones < HOST_NAMES_ZONES; i++) {
		struct dns_name name = zone_of(ip, i);
		dns_name_text(&name, h->zone[h->n_zones++], sizeof(*h->zone));
	}
}

int host_names_init(struct host_names *h, const struct network *def)
{
	size_t n = 0;

	for (size_t i = 0; i < def->n_ips; i++)
		n += count_zones(&def->ips[i]);
	*h = (struct host_names){ .local_only = def->domain_local_only == TRI_YES,
				  .registered = def->domain_register == TRI_YES,
				  .zone = calloc(MIN_OF(n, (size_t)HOST_NAMES_ZONES) + 1,
						 sizeof(*h->zone)) };
	if (!h->zone)
		return -ENOMEM;
	copy_text(h->domain, sizeof(h->domain), def->domain ? def->domain : "");
	copy_text(h->bridge, sizeof(h->bridge), def->bridge ? def->bridge : "");
	for (size_t i = 0; i < def->n_ips; i++)
		add_zones(h, &def->ips[i]);
	return 0;
}

void host_names_done(struct host_names *h)
{
	free(h->zone);
	*h = (struct host_names){ 0 };
}

bool host_names_equal(const struct host_names *a, const struct host_names *b)
{
	if (strcmp(a->domain, b->domain) != 0 || a->local_only != b->local_only ||
	    a->registered != b->registered || a->ifindex != b->ifindex ||
	    strcmp(a->bridge, b->bridge) != 0 || a->port != b->port ||
	    !ip_equal(&a->server, &b->server) || a->n_zones != b->n_zones)
		return false;
	for (size_t i = 0; i < a->n_zones; i++)
		if (strcmp(a->zone[i], b->zone[i]) != 0)
			return false;
	return true;
}

static void add_line(struct text *t, const struct host_names *h, const char *name,
		     const char *network)
{
	char address[IP_TEXT_MAX];

	text_addf(t, "%s %s %u %s\n", name, ip_format(&h->server, address), h->port, network);
}

void host_names_lines(const struct host_names *h, const char *network, struct text *t)
{
	if (!*h->domain || !h->local_only)
		return;
	add_line(t, h, h->domain, network);
	for (size_t i = 0; i < h->n_zones; i++)
		add_line(t, h, h->zone[i], network);
}
