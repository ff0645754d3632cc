/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/options.h"
#include "network/validate.h"

#include <errno.h>
#include <string.h>

#define RANGE_MAX 65536U /* addresses of one <range> */

/* The longest prefixes that leave room for a guest: three addresses of IPv4; IPv6 guests choose the
 * last 64 bits (RFC 4862). */
#define PREFIX_MAX4 30U
#define PREFIX_MAX6 64U

static unsigned longest(const struct netd_subnet *s)
{
	return s->from.family == AF_INET6 ? PREFIX_MAX6 : PREFIX_MAX4;
}

static const struct network_ip *ip_of_family(const struct network *n, int family)
{
	for (size_t i = 0; i < n->n_ips; i++)
		if (n->ips[i].address.family == family)
			return &n->ips[i];
	return NULL;
}

const struct netd_subnet *network_open_subnet(const struct network *n)
{
	for (size_t i = 0; i < n->options.n_subnets; i++)
		if (!ip_of_family(n, n->options.subnets[i].from.family))
			return &n->options.subnets[i];
	return NULL;
}

uint64_t network_subnet_count(const struct netd_subnet *s)
{
	if (s->prefix > longest(s) || s->prefix < s->from_prefix)
		return 0;
	unsigned bits = s->prefix - s->from_prefix;
	return bits < 64 ? UINT64_C(1) << bits : UINT64_MAX;
}

struct ip network_subnet_at(const struct netd_subnet *s, uint64_t i)
{
	struct ip net = s->from;

	if (net.family == AF_INET) {
		net.v4 |= (uint32_t)(i << (32 - s->prefix));
		return net;
	}
	uint64_t bits = i << (64 - s->prefix);
	for (unsigned octet = 0; octet < 8; octet++)
		net.v6[octet] |= (uint8_t)(bits >> (56 - 8 * octet));
	return net;
}

static int fill4(struct network_ip *ip, uint32_t net, unsigned prefix)
{
	uint32_t last = (net | ~ip4_mask(prefix)) - 1; /* before the broadcast address */

	ip->address = ip_from_v4(net + 1);
	ip->netmask = ip_from_v4(ip4_mask(prefix));
	ip->ranges = calloc(1, sizeof(*ip->ranges));
	if (!ip->ranges)
		return -ENOMEM;
	ip->n_ranges = 1;
	ip->has_dhcp = true;
	ip->ranges[0].start = ip_from_v4(net + 2);
	ip->ranges[0].end = ip_from_v4(MIN_OF(last, net + 1 + RANGE_MAX));
	return 0;
}

static int fill6(struct network_ip *ip, const struct ip *net, unsigned prefix)
{
	ip->family = strdup("ipv6");
	ip->address = *net;
	ip->address.v6[15] |= 1;
	ip->has_prefix = true;
	ip->prefix_text = prefix;
	return ip->family ? 0 : -ENOMEM;
}

int network_apply_subnet(struct network *n, const struct ip *net, unsigned prefix)
{
	struct network_ip ip = { .prefix = prefix }, *ips;
	int err = net->family == AF_INET6 ? fill6(&ip, net, prefix) : fill4(&ip, net->v4, prefix);

	if (err < 0)
		return err;
	ips = reallocarray(n->ips, n->n_ips + 1, sizeof(*ips));
	if (!ips) {
		free(ip.ranges);
		free(ip.family);
		return -ENOMEM;
	}
	n->ips = ips;
	n->ips[n->n_ips++] = ip;
	return 0;
}

/* Judgement. */

static int validate_subnet(struct report *r, const struct network *n, const struct netd_subnet *s)
{
	const struct network_ip *ip = ip_of_family(n, s->from.family);
	bool v6 = s->from.family == AF_INET6;
	char from[IP_TEXT_MAX], addr[IP_TEXT_MAX];

	ip_format(&s->from, from);
	if (!network_owns_bridge(n))
		return report_unwise(r, ERR_CONFIG_UNSUPPORTED, s->line,
				     "<netd:subnet> needs a bridge that is made for the network: "
				     "it works isolated and in modes nat, route and open");
	if (s->prefix < s->from_prefix || s->prefix > longest(s))
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, s->line,
		    "<netd:subnet prefix='%u' from='%s/%u'>: the prefix must be from %u to %u",
		    s->prefix, from, s->from_prefix, s->from_prefix, longest(s));
	if (s->from_prefix == 0 || (!v6 && (s->from.v4 >> 24 == 0 || s->from.v4 >> 24 == 127)) ||
	    (v6 ? s->from.v6[0] == 0xff : s->from.v4 >= 0xe0000000U))
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, s->line,
		    "<netd:subnet from='%s/%u'> holds addresses that no bridge can have", from,
		    s->from_prefix);
	if (ip && !ip_in_prefix(&ip->address, &s->from, s->from_prefix))
		report_doubt(
		    r, s->line,
		    "<netd:subnet from='%s/%u'> has no effect: the network has <ip address='%s'>",
		    from, s->from_prefix, ip_format(&ip->address, addr));
	return 0;
}

static int compare_families(const void *a, const void *b)
{
	return ((const struct netd_subnet *)a)->from.family -
	       ((const struct netd_subnet *)b)->from.family;
}

static bool same_family(const void *a, const void *b)
{
	return compare_families(a, b) == 0;
}

int validate_options(struct report *r, const struct network *n)
{
	const struct netd_options *o = &n->options;
	struct pair p;
	int err = 0;

	err = validate_uplink(r, n);
	if (err == 0)
		err = validate_netd_dns(r, n);
	for (size_t i = 0; i < o->n_subnets && err == 0; i++)
		err = validate_subnet(r, n, &o->subnets[i]);
	if (err < 0)
		return err;
	err = find_pair(r, o->subnets, o->n_subnets, sizeof(*o->subnets), compare_families,
			same_family, &p);
	if (err < 0 || !p.second)
		return err;
	return report_unwise(
	    r, ERR_CONFIG_UNSUPPORTED, ((const struct netd_subnet *)p.second)->line,
	    "<netd:subnet> is there twice for one family (line %u too); remove one",
	    ((const struct netd_subnet *)p.first)->line);
}
