/* SPDX-License-Identifier: GPL-2.0-or-later */
/* validate-ip.c — addresses, masks and routes. */
#include "network/validate.h"

#include <string.h>

#define IPS_MAX 1024U

static unsigned longest_prefix(const struct ip *a)
{
	return a->family == AF_INET6 ? 128 : 32;
}

static bool says_ipv6(const char *family)
{
	return family && !strcmp(family, "ipv6");
}

static bool is_all_zero(const struct ip *a)
{
	return ip_equal(a, &(struct ip){ .family = a->family });
}

static int validate_family(struct report *r, const struct network_ip *ip)
{
	char addr[IP_TEXT_MAX];
	bool v6 = ip->address.family == AF_INET6;

	ip_format(&ip->address, addr);
	if (v6 && !ip->family)
		return report_refuse(
		    r, ERR_CONFIG_UNSUPPORTED, ip->line,
		    "<ip address='%s'> is an IPv6 address, and family='ipv6' is missing; "
		    "add it",
		    addr);
	if (v6 != says_ipv6(ip->family))
		return report_refuse(
		    r, ERR_CONFIG_UNSUPPORTED, ip->line,
		    "<ip family='%s' address='%s'>: the address is of the other family; "
		    "write family='%s'",
		    ip->family, addr, v6 ? "ipv6" : "ipv4");
	return 0;
}

static int validate_netmask(struct report *r, const struct network_ip *ip)
{
	char addr[IP_TEXT_MAX], mask[IP_TEXT_MAX];

	if (!ip_is_set(&ip->netmask))
		return 0;
	ip_format(&ip->address, addr);
	ip_format(&ip->netmask, mask);
	if (ip->address.family == AF_INET6 || ip->netmask.family == AF_INET6)
		return report_refuse(
		    r, ERR_CONFIG_UNSUPPORTED, ip->line,
		    "<ip address='%s' netmask='%s'>: %s; write prefix='…' instead", addr, mask,
		    ip->address.family == AF_INET6 ? "netmask not allowed for IPv6"
						   : "this is not a netmask of IPv4");
	if (ip->has_prefix)
		return report_refuse(
		    r, ERR_CONFIG_UNSUPPORTED, ip->line,
		    "<ip address='%s'> has both netmask='%s' and prefix='%u'; remove one", addr,
		    mask, ip->prefix_text);
	if (ip4_mask_prefix(ip->netmask.v4) <= 0)
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, ip->line,
		    "<ip address='%s' netmask='%s'>: not a netmask, whose binary digits "
		    "are ones and then zeros; write such as 255.255.255.0",
		    addr, mask);
	return 0;
}

static int validate_prefix(struct report *r, const struct network_ip *ip)
{
	unsigned max = longest_prefix(&ip->address);
	char addr[IP_TEXT_MAX];

	ip_format(&ip->address, addr);
	if (ip->prefix > max)
		return report_refuse(
		    r, ERR_CONFIG_UNSUPPORTED, ip->line,
		    "<ip address='%s' prefix='%u'>: the longest prefix of this family is "
		    "%u",
		    addr, ip->prefix, max);
	if (ip->address.family == AF_INET && !ip->has_prefix && !ip_is_set(&ip->netmask))
		report_doubt(
		    r, ip->line,
		    "<ip address='%s'> has no netmask or prefix; the old class of the address is "
		    "used, prefix='%u'",
		    addr, ip->prefix);
	if (ip->local_ptr == TRI_YES && ip->prefix % (ip->address.family == AF_INET6 ? 4 : 8))
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, ip->line,
		    "<ip address='%s' localPtr='yes'> needs a prefix that is a multiple of "
		    "%u, and has %u",
		    addr, ip->address.family == AF_INET6 ? 4U : 8U, ip->prefix);
	return 0;
}

/* Why an address cannot be that of a bridge, or NULL. */
static const char *address_flaw4(uint32_t a, unsigned prefix)
{
	uint32_t host = ~ip4_mask(prefix);

	if (a >> 24 == 127)
		return "is a loopback address of the host itself";
	if (a >> 24 == 0)
		return "is not the address of a host";
	if (a >= 0xe0000000 && a < 0xf0000000)
		return "is a multicast address";
	if (a == UINT32_MAX || (prefix < 31 && (a & host) == host))
		return "is the broadcast address of its subnet";
	if (prefix < 31 && !(a & host))
		return "is the address of the subnet itself";
	return NULL;
}

static const char *address_flaw6(const struct ip *a)
{
	static const struct ip loopback = { .family = AF_INET6, .v6 = { [15] = 1 } };

	if (a->v6[0] == 0xff)
		return "is a multicast address";
	if (is_all_zero(a))
		return "is not the address of a host";
	if (ip_equal(a, &loopback))
		return "is a loopback address of the host itself";
	return NULL;
}

static int validate_address(struct report *r, const struct network_ip *ip)
{
	const char *flaw = ip->address.family == AF_INET6
			       ? address_flaw6(&ip->address)
			       : address_flaw4(ip->address.v4, ip->prefix);
	char addr[IP_TEXT_MAX];

	if (!flaw)
		return 0;
	return report_unwise(
	    r, ERR_CONFIG_UNSUPPORTED, ip->line,
	    "<ip address='%s'> with prefix %u %s; write the address that the bridge "
	    "shall have in the subnet, such as the first one",
	    ip_format(&ip->address, addr), ip->prefix, flaw);
}

static int validate_ip(struct report *r, const struct network_ip *ip)
{
	int err = validate_family(r, ip);

	if (err == 0)
		err = validate_netmask(r, ip);
	if (err == 0)
		err = validate_prefix(r, ip);
	if (err == 0 && ip->tftp_root && ip->address.family == AF_INET6)
		err = report_refuse(r, ERR_CONFIG_UNSUPPORTED, ip->line,
				    "<tftp> is for IPv4 only; move it into the IPv4 <ip>");
	if (err == 0)
		err = validate_dhcp(r, ip);
	/* Last, because a range elsewhere tells better what is wrong with the address. */
	return err < 0 ? err : validate_address(r, ip);
}

static int compare_addresses(const void *a, const void *b)
{
	return ip_compare(&((const struct network_ip *)a)->address,
			  &((const struct network_ip *)b)->address);
}

static bool same_address(const void *a, const void *b)
{
	return compare_addresses(a, b) == 0;
}

/* Subnets are nested or apart: ordered by start, the wider first, an overlap shows between
 * neighbours. */
static int compare_subnets(const void *a, const void *b)
{
	const struct network_ip *x = a, *y = b;
	struct ip from = ip_network(&x->address, x->prefix),
		  to = ip_network(&y->address, y->prefix);
	int c = ip_compare(&from, &to);

	return c ? c : (x->prefix > y->prefix) - (x->prefix < y->prefix);
}

static bool subnets_overlap(const void *a, const void *b)
{
	const struct network_ip *x = a, *y = b;

	return ip_prefix_overlap(&x->address, x->prefix, &y->address, y->prefix);
}

static int validate_ip_pairs(struct report *r, const struct network *n)
{
	char one[IP_TEXT_MAX], two[IP_TEXT_MAX];
	struct pair p;
	int err =
	    find_pair(r, n->ips, n->n_ips, sizeof(*n->ips), compare_addresses, same_address, &p);

	if (err < 0)
		return err;
	const struct network_ip *x = p.first, *y = p.second;
	if (y)
		return report_unwise(r, ERR_CONFIG_UNSUPPORTED, y->line,
				     "<ip address='%s'> is there twice (line %u too); remove one",
				     ip_format(&y->address, one), x->line);
	err = find_pair(r, n->ips, n->n_ips, sizeof(*n->ips), compare_subnets, subnets_overlap, &p);
	if (err < 0)
		return err;
	x = p.first;
	y = p.second;
	if (y)
		report_doubt(r, y->line,
			     "the subnets of <ip address='%s'> and <ip address='%s'> (line %u) "
			     "overlap",
			     ip_format(&y->address, one), ip_format(&x->address, two), x->line);
	return 0;
}

static bool serves_dhcp(const struct network_ip *ip)
{
	return ip->n_ranges || ip->n_hosts;
}

int validate_ips(struct report *r, const struct network *n)
{
	const struct network_ip *dhcp4 = NULL, *dhcp6 = NULL;
	int err;

	if (n->n_ips > IPS_MAX)
		return report_refuse(r, ERR_XML, n->ips[IPS_MAX].line,
				     "a network may have at most %u <ip> elements", IPS_MAX);
	for (size_t i = 0; i < n->n_ips; i++) {
		const struct network_ip *ip = &n->ips[i];
		const struct network_ip **dhcp = ip->address.family == AF_INET6 ? &dhcp6 : &dhcp4;

		err = validate_ip(r, ip);
		if (err < 0)
			return err;
		if (!serves_dhcp(ip))
			continue;
		if (*dhcp)
			err = report_unwise(
			    r, ERR_CONFIG_UNSUPPORTED, ip->line,
			    "<dhcp> is in two <ip> of the same family (line %u too); only "
			    "one of each family can serve it",
			    (*dhcp)->line);
		else
			*dhcp = ip;
		if (err < 0)
			return err;
	}
	return validate_ip_pairs(r, n);
}

/* Routes. */

static int validate_route_mask(struct report *r, const struct network_route *route,
			       const char *addr)
{
	bool v6 = route->address.family == AF_INET6, has_mask = ip_is_set(&route->netmask);

	if (v6 && !route->family)
		return report_refuse(
		    r, ERR_XML, route->line,
		    "<route address='%s'> is an IPv6 address, and family='ipv6' is missing; "
		    "add it",
		    addr);
	if (v6 != says_ipv6(route->family) || route->gateway.family != route->address.family)
		return report_refuse(
		    r, ERR_XML, route->line,
		    "<route address='%s'>: family, address and gateway are not of one "
		    "family",
		    addr);
	if (has_mask && v6)
		return report_refuse(r, ERR_XML, route->line,
				     "<route address='%s'>: netmask is not allowed for IPv6; write "
				     "prefix='…'",
				     addr);
	if (has_mask && route->has_prefix)
		return report_refuse(r, ERR_XML, route->line,
				     "<route address='%s'> has both netmask and prefix; remove one",
				     addr);
	if (has_mask && route->netmask.family != AF_INET)
		return report_refuse(r, ERR_XML, route->line,
				     "<route address='%s'>: netmask is not one of IPv4", addr);
	if (has_mask && ip4_mask_prefix(route->netmask.v4) < 0)
		return report_unwise(r, ERR_XML, route->line,
				     "<route address='%s'>: not a netmask, whose binary digits are "
				     "ones and then zeros; write such as 255.255.0.0",
				     addr);
	if (route->prefix > longest_prefix(&route->address))
		return report_refuse(r, ERR_XML, route->line,
				     "<route address='%s' prefix='%u'>: the longest prefix is %u",
				     addr, route->prefix, longest_prefix(&route->address));
	return 0;
}

/* The <ip> in whose subnet the gateway is. */
static const struct network_ip *ip_of_gateway(const struct network *n, const struct ip *gateway)
{
	for (size_t i = 0; i < n->n_ips; i++)
		if (ip_in_prefix(gateway, &n->ips[i].address, n->ips[i].prefix))
			return &n->ips[i];
	return NULL;
}

static int validate_gateway(struct report *r, const struct network *n,
			    const struct network_route *route, const char *addr)
{
	char gateway[IP_TEXT_MAX];

	ip_format(&route->gateway, gateway);
	if (!ip_of_gateway(n, &route->gateway))
		return report_refuse(
		    r, ERR_CONFIG_UNSUPPORTED, route->line,
		    "<route address='%s' gateway='%s'>: the gateway is in the subnet of no "
		    "<ip> of this network; name a guest that forwards",
		    addr, gateway);
	for (size_t i = 0; i < n->n_ips; i++)
		if (ip_equal(&route->gateway, &n->ips[i].address))
			return report_unwise(
			    r, ERR_CONFIG_UNSUPPORTED, route->line,
			    "<route address='%s' gateway='%s'>: the gateway is the bridge "
			    "itself (line %u); name the guest that forwards",
			    addr, gateway, n->ips[i].line);
	return 0;
}

static int validate_route(struct report *r, const struct network *n,
			  const struct network_route *route)
{
	struct ip net = ip_network(&route->address, route->prefix);
	char addr[IP_TEXT_MAX];
	int err;

	ip_format(&route->address, addr);
	err = validate_route_mask(r, route, addr);
	if (err < 0)
		return err;
	if (route->has_metric && route->metric == 0)
		return report_from(
		    r, ERR_FROM_XML,
		    report_refuse(r, ERR_XML, route->line,
				  "<route address='%s' metric='0'>: the metric must be 1 or more",
				  addr));
	if (!ip_equal(&net, &route->address))
		return report_refuse(
		    r, ERR_XML, route->line,
		    "<route address='%s'> with prefix %u is not the address of a subnet; "
		    "correct the address, or add the prefix",
		    addr, route->prefix);
	err = validate_gateway(r, n, route, addr);
	if (err == 0 && route->prefix == 0)
		err = report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, route->line,
		    "<route address='%s'> with prefix 0 would replace the host's default "
		    "route; name the subnets that are behind the gateway",
		    addr);
	return err;
}

int validate_routes(struct report *r, const struct network *n)
{
	int err = 0;

	for (size_t i = 0; i < n->n_routes && err == 0; i++)
		err = validate_route(r, n, &n->routes[i]);
	return err;
}
