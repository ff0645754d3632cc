/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update-ip.c — <ip>, and the hosts and ranges of its <dhcp>. */
#include "network/update-internal.h"

#include <string.h>

/* The <ip> in which hosts or ranges are changed: the one at parent_index, else the one with DHCP,
 * else the first of IPv4, else the first. */
static struct network_ip *parent_ip(const struct change *c)
{
	struct network *n = c->def;
	struct network_ip *ip = NULL;

	if (c->parent_index >= 0) {
		if ((size_t)c->parent_index < n->n_ips)
			return &n->ips[c->parent_index];
		change_refuse(
		    c,
		    "couldn't update dhcp host entry - no <ip> element found at index %d in "
		    "network '%s'",
		    c->parent_index, n->name);
		return NULL;
	}
	for (size_t i = n->n_ips; i-- > 0;)
		if (n->ips[i].n_ranges || n->ips[i].n_hosts)
			ip = &n->ips[i];
	for (size_t i = 0; i < n->n_ips && !ip; i++)
		if (n->ips[i].address.family == AF_INET)
			ip = &n->ips[i];
	if (!ip && n->n_ips)
		ip = &n->ips[0];
	if (!ip)
		change_refuse(
		    c, "couldn't update dhcp host entry - no <ip> element found in network '%s'",
		    n->name);
	return ip;
}

/* DHCP is about to be served on `ip`: no other of its family may serve it. */
static int check_single(const struct change *c, const struct network_ip *ip)
{
	const struct network_ip *other = network_dhcp_ip(c->def, ip->address.family);

	if (!other || ip->n_ranges || ip->n_hosts)
		return 0;
	return change_refuse(c, "dhcp is supported only for a single %s address on each network",
			     ip->address.family == AF_INET6 ? "IPv6" : "IPv4");
}

/* Hosts. */

static bool same_mac(const struct dhcp_host *a, const struct dhcp_host *b)
{
	return a->has_mac && b->has_mac && mac_equal(&a->mac, &b->mac);
}

static bool same_text(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static bool same_ip(const struct ip *a, const struct ip *b)
{
	return ip_is_set(a) && ip_equal(a, b);
}

/* To add or modify: one thing in common is enough. */
static bool is_related(const struct change *c, const struct dhcp_host *old,
		       const struct dhcp_host *host)
{
	/* A client of DHCPv6 may ask for several addresses by one DUID. */
	bool by_id = c->command == NETWORK_UPDATE_MODIFY && same_text(host->id, old->id);

	return same_mac(host, old) || same_text(host->name, old->name) ||
	       same_ip(&host->ip, &old->ip) || by_id;
}

/* To delete: all that is given must agree. One without MAC address agrees with any, as in libvirt,
 * but not when nothing else tells that it is meant. */
static bool is_meant(const struct dhcp_host *old, const struct dhcp_host *host)
{
	bool told = host->name || host->id || ip_is_set(&host->ip);

	return (!host->has_mac || same_mac(host, old) || (!old->has_mac && told)) &&
	       (!host->name || same_text(host->name, old->name)) &&
	       (!host->id || same_text(host->id, old->id)) &&
	       (!ip_is_set(&host->ip) || ip_equal(&host->ip, &old->ip));
}

static size_t find_host(const struct change *c, const struct network_ip *ip,
			const struct dhcp_host *host)
{
	size_t i = 0;

	while (i < ip->n_hosts &&
	       !(c->command == NETWORK_UPDATE_DELETE ? is_meant(&ip->hosts[i], host)
						     : is_related(c, &ip->hosts[i], host)))
		i++;
	return i;
}

static int add_host(const struct change *c, struct network_ip *ip, const struct dhcp_host *host,
		    bool exists, struct list from)
{
	char addr[IP_TEXT_MAX], mac[MAC_TEXT_MAX];
	int err;

	if (exists)
		return change_refuse(
		    c,
		    "there is an existing dhcp host entry in network '%s' that matches \"<host "
		    "mac='%s' name='%s' ip='%s'/>\"",
		    c->def->name, host->has_mac ? dhcp_host_mac(host, mac) : "unknown",
		    host->name ? host->name : "", ip_format(&host->ip, addr));
	err = check_single(c, ip);
	return err < 0 ? err : list_add(c, LIST(ip->hosts, ip->n_hosts), from);
}

static int modify_host(const struct change *c, struct network_ip *ip, size_t i,
		       const struct dhcp_host *host, struct list from)
{
	char addr[IP_TEXT_MAX], mac[MAC_TEXT_MAX];

	if (i == ip->n_hosts)
		return change_refuse(
		    c,
		    "couldn't locate an existing dhcp host entry with \"mac='%s'\" \"name='%s'\" "
		    "\"ip='%s'\" in network '%s'",
		    dhcp_host_mac(host, mac), host->name ? host->name : "",
		    ip_format(&host->ip, addr), c->def->name);
	list_replace(LIST(ip->hosts, ip->n_hosts), i, from);
	return 0;
}

static int delete_host(const struct change *c, struct network_ip *ip, size_t i, struct list from)
{
	if (i == ip->n_hosts)
		return change_refuse(
		    c, "couldn't locate a matching dhcp host entry in network '%s'", c->def->name);
	return list_remove(c, LIST(ip->hosts, ip->n_hosts), i, from);
}

int update_dhcp_host(const struct change *c)
{
	struct network_ip *part = &c->part->ips[0], *ip = parent_ip(c);
	struct list from = LIST(part->hosts, part->n_hosts);
	const struct dhcp_host *host = &part->hosts[0];

	if (!ip)
		return -c->r->e->code;
	if (!host->has_mac && !host->name && !host->id && !ip_is_set(&host->ip))
		return report_refuse(
		    c->r, ERR_XML, 0,
		    "At least one of name, mac, or ip attribute must be specified for static "
		    "host definition in network '%s'",
		    c->def->name);
	size_t i = find_host(c, ip, host);
	if (c->command == NETWORK_UPDATE_DELETE)
		return delete_host(c, ip, i, from);
	if (c->command == NETWORK_UPDATE_MODIFY)
		return modify_host(c, ip, i, host, from);
	return add_host(c, ip, host, i < ip->n_hosts, from);
}

/* Ranges. */

int update_dhcp_range(const struct change *c)
{
	struct network_ip *part = &c->part->ips[0], *ip = parent_ip(c);
	struct list from = LIST(part->ranges, part->n_ranges);
	const struct dhcp_range *range = &part->ranges[0];
	char start[IP_TEXT_MAX], end[IP_TEXT_MAX];
	size_t i = 0;
	int err;

	if (!ip)
		return -c->r->e->code;
	struct list to = LIST(ip->ranges, ip->n_ranges);
	while (i < ip->n_ranges && !(ip_equal(&range->start, &ip->ranges[i].start) &&
				     ip_equal(&range->end, &ip->ranges[i].end)))
		i++;
	if (c->command == NETWORK_UPDATE_DELETE && i < ip->n_ranges)
		return list_remove(c, to, i, from);
	if (c->command == NETWORK_UPDATE_DELETE)
		return change_refuse(
		    c, "couldn't locate a matching dhcp range entry in network '%s'", c->def->name);
	if (i < ip->n_ranges)
		return change_refuse(
		    c,
		    "there is an existing dhcp range entry in network '%s' that matches \"<range "
		    "start='%s' end='%s'/>\"",
		    c->def->name, ip_format(&range->start, start), ip_format(&range->end, end));
	err = check_single(c, ip);
	return err < 0 ? err : list_add(c, to, from);
}

/* The <ip> itself: the one at parent_index, else by address. */

static size_t find_ip(const struct change *c, const struct network_ip *ip)
{
	const struct network *n = c->def;
	size_t i = 0;

	if (!change_adds(c) && c->parent_index >= 0)
		return MIN_OF((size_t)c->parent_index, n->n_ips);
	while (i < n->n_ips && !same_ip(&ip->address, &n->ips[i].address))
		i++;
	return i;
}

static int add_ip(const struct change *c, const struct network_ip *ip, bool exists, struct list to,
		  struct list from)
{
	char addr[IP_TEXT_MAX];

	if (exists)
		return change_refuse(c,
				     "there is an existing ip entry in network '%s' that matches "
				     "\"<ip address='%s'>\"",
				     c->def->name, ip_format(&ip->address, addr));
	return list_add(c, to, from);
}

int update_ip(const struct change *c)
{
	struct network *n = c->def;
	struct list to = LIST(n->ips, n->n_ips), from = LIST(c->part->ips, c->part->n_ips);
	const struct network_ip *ip = &c->part->ips[0];
	char addr[IP_TEXT_MAX] = "";
	size_t i = find_ip(c, ip);

	if (change_adds(c))
		return add_ip(c, ip, i < n->n_ips, to, from);
	if (ip_is_set(&ip->address))
		ip_format(&ip->address, addr);
	else if (c->parent_index < 0)
		return report_refuse(c->r, ERR_XML, 0,
				     "<ip> of network '%s' has no address='…', and no parent index "
				     "tells which one is meant",
				     n->name);
	if (i == n->n_ips)
		return change_refuse(
		    c, "couldn't find an ip entry in network '%s' matching <ip address='%s'>",
		    n->name, addr);
	if (c->command == NETWORK_UPDATE_MODIFY) {
		list_replace(to, i, from);
		return 0;
	}
	if (*addr && !ip_equal(&ip->address, &n->ips[i].address))
		return change_refuse(
		    c, "the ip entry at index %d of network '%s' does not match <ip address='%s'>",
		    c->parent_index, n->name, addr);
	return list_remove(c, to, i, from);
}
