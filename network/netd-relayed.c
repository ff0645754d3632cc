/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netd-relayed.c — <netd:relayed>: which subnets there are behind relays, and whether they can be
 * served. */
#include "network/validate.h"

#include <stdio.h>

const struct netd_relayed *network_relayed(const struct network *n, const struct ip *ip)
{
	const struct netd_dhcp *d = &n->options.dhcp;

	for (size_t i = 0; i < d->n_relayed; i++)
		if (ip->family == AF_INET &&
		    ip_in_prefix(ip, &d->relayed[i].address, d->relayed[i].prefix))
			return &d->relayed[i];
	return NULL;
}

unsigned network_dhcp_prefix(const struct network *n, const struct ip *ip)
{
	const struct netd_relayed *l = network_relayed(n, ip);
	const struct network_ip *own = network_dhcp_ip(n, ip->family);

	return l ? l->prefix : own ? own->prefix : 0;
}

static int refuse(struct report *r, const struct netd_relayed *l, const char *name,
		  const struct ip *ip, const char *why)
{
	char text[IP_TEXT_MAX];

	return report_unwise(r, ERR_CONFIG_UNSUPPORTED, l->line, "<netd:relayed %s='%s'>: %s", name,
			     ip_format(ip, text), why);
}

static bool is_host_of(const struct ip *ip, const struct ip *subnet, unsigned prefix)
{
	uint32_t host = ~ip4_mask(prefix);

	return ip->family == AF_INET && ip_in_prefix(ip, subnet, prefix) && (ip->v4 & host) != 0 &&
	       (ip->v4 & host) != host;
}

/* Its own subnet and range. */
static int validate_subnet(struct report *r, const struct netd_relayed *l)
{
	if (l->prefix < 8 || l->prefix > 30)
		return report_unwise(r, ERR_CONFIG_UNSUPPORTED, l->line,
				     "<netd:relayed prefix='%u'>: a subnet with clients has a "
				     "prefix of 8 to 30",
				     l->prefix);
	if (!is_host_of(&l->address, &l->address, l->prefix))
		return refuse(r, l, "address", &l->address,
			      "it must be the IPv4 address of the subnet's router, which its "
			      "clients are told, such as 10.9.0.1");
	if (l->relay.family != AF_INET)
		return refuse(r, l, "relay", &l->relay, "it must be an IPv4 address");
	if (!is_host_of(&l->start, &l->address, l->prefix))
		return refuse(r, l, "start", &l->start,
			      "it is no address for a client of this subnet");
	if (!is_host_of(&l->end, &l->address, l->prefix))
		return refuse(r, l, "end", &l->end, "it is no address for a client of this subnet");
	if (l->start.v4 > l->end.v4)
		return refuse(r, l, "end", &l->end, "it comes before start; swap them");
	if (l->end.v4 - l->start.v4 >= NETD_RELAYED_RANGE_MAX)
		return refuse(r, l, "end", &l->end,
			      "the range holds more than 65536 addresses; make it shorter");
	return 0;
}

static bool overlap(const struct ip *a, unsigned a_prefix, const struct ip *b, unsigned b_prefix)
{
	return a->family == b->family &&
	       ip_in_prefix(a, b, a_prefix < b_prefix ? a_prefix : b_prefix);
}

/* What else the host knows of it. */
static int validate_place(struct report *r, const struct network *n, size_t which)
{
	const struct netd_relayed *l = &n->options.dhcp.relayed[which], *other;
	const struct network_ip *own = network_dhcp_ip(n, AF_INET);

	if (!own)
		return report_unwise(r, ERR_CONFIG_UNSUPPORTED, l->line,
				     "<netd:relayed> needs an IPv4 <ip> with a <dhcp> that has a "
				     "range or a host: where the requests arrive");
	if (!is_host_of(&l->via, &own->address, own->prefix) || ip_equal(&l->via, &own->address))
		return refuse(r, l, "via", &l->via,
			      "it must be the relay's address in this network's own <ip>, where "
			      "its requests come from");
	for (size_t i = 0; i < n->n_ips; i++)
		if (overlap(&l->address, l->prefix, &n->ips[i].address, n->ips[i].prefix))
			return refuse(r, l, "address", &l->address,
				      "its subnet overlaps an <ip> of this network; it must be "
				      "another one, behind the relay");
	for (size_t i = 0; i < which; i++) {
		other = &n->options.dhcp.relayed[i];
		if (overlap(&l->address, l->prefix, &other->address, other->prefix))
			return refuse(r, l, "address", &l->address,
				      "its subnet overlaps that of an earlier <netd:relayed>");
	}
	return 0;
}

/* Without a route replies find no way, and the kernel may drop requests as coming from nowhere. */
static void doubt_route(struct report *r, const struct network *n, const struct netd_relayed *l)
{
	char net[IP_TEXT_MAX], via[IP_TEXT_MAX];
	struct ip subnet = ip_network(&l->address, l->prefix);

	for (size_t i = 0; i < n->n_routes; i++)
		if (n->routes[i].address.family == AF_INET && n->routes[i].prefix <= l->prefix &&
		    ip_in_prefix(&l->address, &n->routes[i].address, n->routes[i].prefix))
			return;
	ip_format(&subnet, net);
	ip_format(&l->via, via);
	report_doubt(r, l->line,
		     "<netd:relayed> has no <route> to its clients, who would not be answered; add "
		     "<route address='%s' prefix='%u' gateway='%s'/>",
		     net, l->prefix, via);
}

int validate_relayed(struct report *r, const struct network *n)
{
	const struct netd_dhcp *d = &n->options.dhcp;
	int err = 0;

	for (size_t i = 0; i < d->n_relayed && err == 0; i++) {
		err = validate_subnet(r, &d->relayed[i]);
		if (err == 0)
			err = validate_place(r, n, i);
		if (err == 0)
			doubt_route(r, n, &d->relayed[i]);
	}
	return err;
}
