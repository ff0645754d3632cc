/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/rows.h"

#include <stdio.h>
#include <string.h>

const char *sysctl_row_path(const struct sysctl_row *s, char buf[static SYSCTL_PATH_MAX])
{
	static const char *const names[] = {
		[SYSCTL_DISABLE_IPV6] = "disable_ipv6",
		[SYSCTL_ACCEPT_RA] = "accept_ra",
		[SYSCTL_AUTOCONF] = "autoconf",
		[SYSCTL_ADDR_GEN_MODE] = "addr_gen_mode",
		[SYSCTL_IPV4_FORWARD] = "net/ipv4/ip_forward",
		[SYSCTL_IPV6_FORWARD] = "net/ipv6/conf/all/forwarding",
	};

	if (s->key == SYSCTL_IPV4_FORWARD || s->key == SYSCTL_IPV6_FORWARD)
		snprintf(buf, SYSCTL_PATH_MAX, "%s", names[s->key]);
	else
		snprintf(buf, SYSCTL_PATH_MAX, "net/ipv6/conf/%s/%s", s->dev, names[s->key]);
	return buf;
}

const char *addr_row_text(const struct addr_row *a, char buf[static ADDR_ROW_TEXT_MAX])
{
	char ip[IP_TEXT_MAX];

	snprintf(buf, ADDR_ROW_TEXT_MAX, "%s/%u", ip_format(&a->address, ip), a->prefix);
	return buf;
}

const char *route_row_text(const struct route_row *r, char buf[static ROUTE_ROW_TEXT_MAX])
{
	char dst[IP_TEXT_MAX], gw[IP_TEXT_MAX];
	bool via = ip_is_set(&r->gateway);

	snprintf(buf, ROUTE_ROW_TEXT_MAX, "%s/%u%s%s metric %u", ip_format(&r->destination, dst),
		 r->prefix, via ? " via " : "", via ? ip_format(&r->gateway, gw) : "", r->metric);
	return buf;
}

static void alias_with_uuid(const char *mark, const struct uuid *u, char buf[static LINK_ALIAS_MAX])
{
	char text[UUID_TEXT_MAX];

	snprintf(buf, LINK_ALIAS_MAX, "%s%s", mark, uuid_format(u, text));
}

void link_alias_bridge(const struct uuid *u, char buf[static LINK_ALIAS_MAX])
{
	alias_with_uuid(LINK_MARK_BRIDGE, u, buf);
}

void link_alias_port(const struct uuid *u, char buf[static LINK_ALIAS_MAX])
{
	alias_with_uuid(LINK_MARK_PORT, u, buf);
}

void link_alias_uplink(const struct uuid *u, char buf[static LINK_ALIAS_MAX])
{
	alias_with_uuid(LINK_MARK_UPLINK, u, buf);
}

bool link_alias_parse(const char *alias, struct uuid *ret)
{
	char again[LINK_ALIAS_MAX];
	struct uuid u;

	if (strncmp(alias, LINK_MARK_BRIDGE, strlen(LINK_MARK_BRIDGE)) ||
	    uuid_parse(alias + strlen(LINK_MARK_BRIDGE), &u) < 0)
		return false;
	/* Only in the form that we write: uuid_parse() takes others too. */
	link_alias_bridge(&u, again);
	if (strcmp(alias, again))
		return false;
	*ret = u;
	return true;
}
