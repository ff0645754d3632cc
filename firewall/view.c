/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/view.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Which chain stands for which of libvirt's, by the first part of its name. */
struct role {
	const char *kind, *chain, *table;
	bool in, out; /* reached only by packets that came from, go to the bridge */
};
static const struct role roles[] = {
	{ "in_", "LIBVIRT_FWI", "filter", false, true },
	{ "out_", "LIBVIRT_FWO", "filter", true, false },
	{ "nat_", "LIBVIRT_PRT", "nat", false, false },
	{ "hin_", "LIBVIRT_INP", "filter", true, false },
	{ "hout_", "LIBVIRT_OUT", "filter", false, true },
};

static const struct role *role_of(const char *chain)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (strncmp(chain, roles[i].kind, strlen(roles[i].kind)) == 0)
			return &roles[i];
	return NULL;
}

static const char *protocol_name(uint8_t l4)
{
	switch (l4) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "ipv6-icmp";
	}
	return "all";
}

static const char *target_name(enum fw_verdict verdict)
{
	switch (verdict) {
	case FW_ACCEPT:
		return "ACCEPT";
	case FW_REJECT:
		return "REJECT";
	case FW_DROP:
		return "DROP";
	case FW_RETURN:
		return "RETURN";
	case FW_MASQUERADE:
		return "MASQUERADE";
	case FW_SNAT:
		return "SNAT";
	case FW_VMAP:
		break;
	}
	return "";
}

static void put_prefix(char *buf, size_t cap, const struct fw_prefix *p)
{
	char ip[IP_TEXT_MAX];

	if (ip_is_set(&p->net))
		snprintf(buf, cap, "%s/%u", ip_format(&p->net, ip), p->len);
}

static void add_option(struct fw_view_row *row, const char *fmt, ...) printflike(2, 3);

static void add_option(struct fw_view_row *row, const char *fmt, ...)
{
	size_t n = strlen(row->options);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(row->options + n, sizeof(row->options) - n, fmt, ap);
	va_end(ap);
}

/* A match of its own, apart from those before. */
static void add_match(struct fw_view_row *row, const char *fmt, ...) printflike(2, 3);

static void add_match(struct fw_view_row *row, const char *fmt, ...)
{
	char match[sizeof(row->options)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(match, sizeof(match), fmt, ap);
	va_end(ap);
	add_option(row, "%s%s", *row->options ? " " : "", match);
}

static void put_target_options(struct fw_view_row *row, const struct fw_rule *r)
{
	char first[IP_TEXT_MAX], last[IP_TEXT_MAX];

	if (r->verdict == FW_REJECT)
		add_match(row, "reject-with %s",
			  row->family == AF_INET6 ? "icmp6-port-unreachable"
						  : "icmp-port-unreachable");
	if (r->verdict == FW_SNAT)
		add_match(row, "to:%s%s%s", ip_format(&r->to_min, first),
			  ip_equal(&r->to_min, &r->to_max) ? "" : "-",
			  ip_equal(&r->to_min, &r->to_max) ? "" : ip_format(&r->to_max, last));
	if (r->port_min && r->verdict == FW_SNAT)
		add_option(row, ":%u-%u", r->port_min, r->port_max);
	else if (r->port_min)
		add_match(row, "masq ports: %u-%u", r->port_min, r->port_max);
}

static int family_of(const struct fw_rule *r)
{
	if (ip_is_set(&r->saddr.net))
		return r->saddr.net.family;
	if (ip_is_set(&r->daddr.net))
		return r->daddr.net.family;
	if (r->l4 == IPPROTO_ICMP)
		return AF_INET;
	return r->l4 == IPPROTO_ICMPV6 ? AF_INET6 : r->family;
}

bool fw_view(const struct fw_chain *c, size_t i, const char *bridge, struct fw_view_row *ret)
{
	const struct role *role = role_of(c->name);

	if (!role || i >= c->n_rules)
		return false;
	const struct fw_rule *r = &c->rules[i];
	struct fw_view_row row = { .chain = role->chain,
				   .table = role->table,
				   .family = family_of(r),
				   .target = target_name(r->verdict),
				   .protocol = protocol_name(r->l4) };

	if (role == &roles[0] && i == 0)
		row.chain = "LIBVIRT_FWX";
	copy_text(row.in, sizeof(row.in), role->in ? bridge : r->iif);
	copy_text(row.out, sizeof(row.out), role->out ? bridge : r->oif);
	put_prefix(row.source, sizeof(row.source), &r->saddr);
	put_prefix(row.destination, sizeof(row.destination), &r->daddr);
	if (r->from_isolated)
		add_match(&row, "match-set isolated in");
	if (r->established)
		add_match(&row, "ctstate RELATED,ESTABLISHED");
	if (r->dnat)
		add_match(&row, "ctstatus DNAT");
	if (r->dport_max)
		add_match(&row, "%s dpts:%u:%u", row.protocol, r->dport, r->dport_max);
	else if (r->dport)
		add_match(&row, "%s dpt:%u", row.protocol, r->dport);
	put_target_options(&row, r);
	*ret = row;
	return true;
}
