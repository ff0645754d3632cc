/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-ip.c — <ip> with its <dhcp> and <tftp>, and <route>. */
#include "network/xml-internal.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static const struct word lease_units[] = { { "seconds", LEASE_SECONDS },
					   { "minutes", LEASE_MINUTES },
					   { "hours", LEASE_HOURS },
					   { NULL, 0 } };

static const struct attr lease_attrs[] = {
	ATTR("expiry", attr_c_number, struct lease_time, expiry, .max = UINT64_MAX,
	     .given = GIVEN(struct lease_time, given), .empty_counts = true, .from = ERR_FROM_XML),
	ATTR("unit", attr_word, struct lease_time, unit, .words = lease_units, .empty_counts = true,
	     .from = ERR_FROM_XML),
};

static int read_lease(struct report *r, const xmlNode *node, struct lease_time *t)
{
	int err;

	t->unit = LEASE_MINUTES;
	err = READ_ATTRS(r, node, lease_attrs, t);
	if (err < 0)
		return err;
	if (!t->given) {
		return report_loose(r, line_of(node), "<lease> without expiry='…' is ignored");
	}
	uint64_t seconds = lease_time_seconds(t, 0);
	if (seconds < 120)
		return report_refuse(
		    r, ERR_CONFIG_UNSUPPORTED, line_of(node),
		    "<lease expiry='%llu'> is too short; use two minutes or more, or 0 "
		    "for a lease without end",
		    (unsigned long long)t->expiry);
	if (t->expiry && seconds == UINT32_MAX)
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, line_of(node),
		    "<lease expiry='%llu'> is longer than DHCP can say (136 years); use 0 "
		    "for a lease without end",
		    (unsigned long long)t->expiry);
	return read_no_children(r, node);
}

static int read_range_lease(struct report *r, xmlNode *node, void *range)
{
	return read_lease(r, node, &((struct dhcp_range *)range)->lease);
}

static const struct attr range_attrs[] = {
	ATTR("start", attr_ip, struct dhcp_range, start, .class = ERR_SYSTEM, .missing = ERR_XML,
	     .empty_counts = true, .from = ERR_FROM_NONE),
	ATTR("end", attr_ip, struct dhcp_range, end, .class = ERR_SYSTEM, .missing = ERR_XML,
	     .empty_counts = true, .from = ERR_FROM_NONE),
};
static const struct element range_children[] = { { "lease", read_range_lease } };

int read_dhcp_range(struct report *r, xmlNode *node, void *parent)
{
	struct network_ip *ip = parent;
	struct dhcp_range *range = APPEND(r, ip->ranges, ip->n_ranges);
	int err;

	if (!range)
		return -ENOMEM;
	range->line = line_of(node);
	err = READ_ATTRS(r, node, range_attrs, range);
	return err < 0 ? err : READ_CHILDREN(r, node, range_children, range);
}

/* A DUID: hexadecimal digits and colons, as dnsmasq writes it. */
static int attr_duid(struct report *r, const struct spot *at, void *field)
{
	if (at->value[strspn(at->value, "0123456789abcdefABCDEF:")])
		return spot_refuse(r, at,
				   "is not a DUID; write hexadecimal octets with colons, such as "
				   "0:1:0:1:18:aa:62:fe:0:16:3e:44:55:66");
	return attr_text(r, at, field);
}

static int attr_host_name(struct report *r, const struct spot *at, void *field)
{
	if (!isalnum((unsigned char)at->value[0]))
		return spot_refuse(r, at, "does not begin with a letter or digit");
	return attr_text(r, at, field);
}

static int attr_host_mac(struct report *r, const struct spot *at, void *field)
{
	struct dhcp_host *host = container_of(field, struct dhcp_host, mac_text);
	int err = attr_mac(r, at, &host->mac);

	if (err < 0)
		return err;
	host->has_mac = true;
	/* The usual form needs no copy of its own. */
	char usual[MAC_TEXT_MAX];
	return strcmp(mac_format(&host->mac, usual), at->value) == 0 ? 0 : attr_text(r, at, field);
}

static int read_host_lease(struct report *r, xmlNode *node, void *host)
{
	return read_lease(r, node, &((struct dhcp_host *)host)->lease);
}

static const struct attr host_attrs[] = {
	ATTR("mac", attr_host_mac, struct dhcp_host, mac_text, .empty_counts = true),
	ATTR("id", attr_duid, struct dhcp_host, id),
	ATTR("name", attr_host_name, struct dhcp_host, name, .empty_counts = true),
	ATTR("ip", attr_ip, struct dhcp_host, ip, .missing = ERR_XML),
};
static const struct element host_children[] = { { "lease", read_host_lease } };

int read_dhcp_host(struct report *r, xmlNode *node, void *parent)
{
	struct network_ip *ip = parent;
	struct dhcp_host *host = APPEND(r, ip->hosts, ip->n_hosts);
	int err;

	if (!host)
		return -ENOMEM;
	host->line = line_of(node);
	err = READ_ATTRS(r, node, host_attrs, host);
	return err < 0 ? err : READ_CHILDREN(r, node, host_children, host);
}

static const struct attr bootp_attrs[] = {
	ATTR("file", attr_text, struct network_ip, bootp_file, .missing = ERR_XML,
	     .from = ERR_FROM_XML),
	ATTR("server", attr_ip, struct network_ip, bootp_server, .class = ERR_SYSTEM,
	     .empty_counts = true, .from = ERR_FROM_NONE),
};

static int read_bootp(struct report *r, xmlNode *node, void *parent)
{
	struct network_ip *ip = parent;
	int err;

	if (ip->family && !strcmp(ip->family, "ipv6")) {
		report_doubt(r, line_of(node), "<bootp> in an IPv6 <ip> is ignored");
		return 0;
	}
	err = READ_ATTRS(r, node, bootp_attrs, ip);
	return err < 0 ? err : read_no_children(r, node);
}

static const struct element dhcp_children[] = {
	{ "range", read_dhcp_range, .many = true },
	{ "host", read_dhcp_host, .many = true },
	{ "bootp", read_bootp },
};

static int read_dhcp(struct report *r, xmlNode *node, void *parent)
{
	struct network_ip *ip = parent;
	int err = read_no_attrs(r, node);

	if (err < 0)
		return err;
	ip->has_dhcp = true;
	err = READ_CHILDREN(r, node, dhcp_children, ip);
	if (err == 0 && ip->bootp_file && !ip->n_ranges && !ip->n_hosts)
		report_doubt(r, line_of(node),
			     "<bootp> without a <range> or <host> beside it is ignored");
	return err;
}

static const struct attr tftp_attrs[] = { ATTR("root", attr_text, struct network_ip, tftp_root) };

static int read_tftp(struct report *r, xmlNode *node, void *parent)
{
	struct network_ip *ip = parent;
	unsigned line = line_of(node);
	int err = READ_ATTRS(r, node, tftp_attrs, ip);

	if (err < 0)
		return err;
	if (ip->family && !strcmp(ip->family, "ipv6"))
		return report_refuse(r, ERR_CONFIG_UNSUPPORTED, line,
				     "<tftp> is not supported in an IPv6 <ip>; move it to one of "
				     "IPv4");
	if (!ip->tftp_root)
		report_doubt(r, line, "<tftp> without root='…' is ignored");
	else if (ip->tftp_root[0] != '/')
		report_doubt(r, line, "<tftp root='%.200s'> is not an absolute path",
			     ip->tftp_root);
	return read_no_children(r, node);
}

/* family='ipv4' or 'ipv6', kept as it was written. */
static int attr_family(struct report *r, const struct spot *at, void *field)
{
	if (strcmp(at->value, "ipv4") != 0 && strcmp(at->value, "ipv6") != 0)
		return spot_refuse(r, at, "is not understood; write 'ipv4' or 'ipv6'");
	return attr_text(r, at, field);
}

/* A prefix length too long for its family is found out later, in another class than one that is no
 * number. */
static const struct attr ip_attrs[] = {
	ATTR("family", attr_family, struct network_ip, family),
	ATTR("address", attr_ip, struct network_ip, address, .missing = ERR_XML),
	ATTR("netmask", attr_ip, struct network_ip, netmask),
	ATTR("prefix", attr_number, struct network_ip, prefix_text,
	     .given = GIVEN(struct network_ip, has_prefix), .empty_counts = true,
	     .from = ERR_FROM_XML),
	ATTR_YES_NO("localPtr", struct network_ip, local_ptr),
};
static const struct element ip_children[] = {
	{ "tftp", read_tftp },
	{ "dhcp", read_dhcp },
};

int read_ip(struct report *r, xmlNode *node, void *network)
{
	struct network *n = network;
	struct network_ip *ip = APPEND(r, n->ips, n->n_ips);
	int err;

	if (!ip)
		return -ENOMEM;
	ip->line = line_of(node);
	err = READ_ATTRS(r, node, ip_attrs, ip);
	if (err < 0)
		return err;
	if (ip->has_prefix && ip->prefix_text == 0) {
		report_doubt(r, ip->line, "<ip prefix='0'> is the same as no prefix");
		ip->has_prefix = false;
	}
	ip->prefix = network_effective_prefix(ip);
	return READ_CHILDREN(r, node, ip_children, ip);
}

/* The leading ones of a mask, whose holes validate_routes() finds. */
static unsigned mask_prefix(const struct ip *mask)
{
	if (mask->family != AF_INET)
		return 0;
	return mask->v4 == UINT32_MAX ? 32 : (unsigned)__builtin_clz(~mask->v4);
}

static const struct attr route_attrs[] = {
	ATTR("family", attr_family, struct network_route, family, .empty_counts = true),
	ATTR("address", attr_ip, struct network_route, address, .missing = ERR_XML),
	ATTR("netmask", attr_ip, struct network_route, netmask),
	ATTR("prefix", attr_number, struct network_route, prefix_text,
	     .given = GIVEN(struct network_route, has_prefix), .empty_counts = true,
	     .from = ERR_FROM_XML),
	ATTR("gateway", attr_ip, struct network_route, gateway, .missing = ERR_XML),
	ATTR("metric", attr_number, struct network_route, metric,
	     .given = GIVEN(struct network_route, has_metric), .empty_counts = true,
	     .from = ERR_FROM_XML),
};

int read_route(struct report *r, xmlNode *node, void *network)
{
	struct network *n = network;
	struct network_route *route = APPEND(r, n->routes, n->n_routes);
	int err;

	if (!route)
		return -ENOMEM;
	route->line = line_of(node);
	err = READ_ATTRS(r, node, route_attrs, route);
	if (err < 0)
		return err;
	route->prefix =
	    ip_is_set(&route->netmask) ? mask_prefix(&route->netmask) : route->prefix_text;
	return read_no_children(r, node);
}
