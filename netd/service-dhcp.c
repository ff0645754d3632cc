/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service-dhcp.h"

#include <errno.h>

/* Strings of a definition are valid by its own rules; what doesn't fit a DHCP field is left out. */
static void put_name(char *dst, size_t cap, const char *src)
{
	if (src && !copy_text(dst, cap, src))
		dst[0] = '\0';
}

static int add_ranges(struct dhcp4_config *dc, const struct network_ip *ip)
{
	dc->ranges = calloc(ip->n_ranges ? ip->n_ranges : 1, sizeof(*dc->ranges));
	if (!dc->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < ip->n_ranges && dc->n_ranges < DHCP4_RANGES_MAX; i++) {
		const struct dhcp_range *r = &ip->ranges[i];
		dc->ranges[dc->n_ranges++] = (struct dhcp4_range){ .start = r->start.v4, .end = r->end.v4,
			                                           .lease_sec = lease_time_seconds(&r->lease, 0) };
	}
	return 0;
}

static int add_hosts(struct dhcp4_config *dc, const struct network_ip *ip)
{
	dc->hosts = calloc(ip->n_hosts ? ip->n_hosts : 1, sizeof(*dc->hosts));
	if (!dc->hosts)
		return -ENOMEM;
	for (size_t i = 0; i < ip->n_hosts && dc->n_hosts < DHCP4_HOSTS_MAX; i++) {
		const struct dhcp_host *h = &ip->hosts[i];
		struct dhcp4_host *to = &dc->hosts[dc->n_hosts++];
		*to = (struct dhcp4_host){ .has_mac = h->has_mac, .mac = h->mac, .ip = h->ip.v4,
			                   .lease_sec = lease_time_seconds(&h->lease, 0) };
		put_name(to->name, sizeof(to->name), h->name);
	}
	return 0;
}

static void reserve(struct dhcp4_config *dc, const char *name)
{
	if (dc->n_reserved < DHCP4_RESERVED_MAX)
		put_name(dc->reserved[dc->n_reserved++].s, DHCP4_NAME_MAX, name);
}

/* Names that no guest can take by asking for them. */
static int add_reserved(struct dhcp4_config *dc, const struct network_dns *dns)
{
	size_t n = 2;

	for (size_t i = 0; i < dns->n_hosts; i++)
		n += dns->hosts[i].n_names;
	dc->reserved = calloc(n, sizeof(*dc->reserved));
	if (!dc->reserved)
		return -ENOMEM;
	reserve(dc, "_gateway");
	reserve(dc, "host");
	for (size_t i = 0; i < dns->n_hosts; i++)
		for (size_t k = 0; k < dns->hosts[i].n_names; k++)
			reserve(dc, dns->hosts[i].names[k]);
	return 0;
}

int service_dhcp4_config(const struct network *def, bool dns, struct dhcp4_config *dc)
{
	const struct network_ip *ip = network_dhcp_ip(def, AF_INET);

	*dc = (struct dhcp4_config){ .server = ip->address.v4, .prefix = ip->prefix, .bridge_mac = def->mac,
		                     .mtu = def->mtu, .authoritative = true };
	dc->router = def->forward.mode == FORWARD_NONE ? 0 : ip->address.v4;
	dc->dns = dns ? ip->address.v4 : 0;
	dc->next_server = ip_is_set(&ip->bootp_server) ? ip->bootp_server.v4 : 0;
	put_name(dc->domain, sizeof(dc->domain), def->domain);
	put_name(dc->boot_file, sizeof(dc->boot_file), ip->bootp_file);
	int r;
	if ((r = add_ranges(dc, ip)) < 0 || (r = add_hosts(dc, ip)) < 0 || (r = add_reserved(dc, &def->dns)) < 0)
		dhcp4_config_done(dc);
	return r;
}
