/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/service-rules.h"

#include "base/cursor.h"

#include <errno.h>
#include <string.h>

#define OPT6_BOOT_URL   59 /* RFC 5970 */
#define OPT6_BOOT_PARAM 60

struct making {
	struct dhcp_rules r;
	size_t cap_rules, cap_options, cap_bytes;
	int family;
	int err;
};

static unsigned family_at(int family)
{
	return family == AF_INET6 ? NETD_IP6 : NETD_IP4;
}

static void add_option(struct making *m, struct dhcp_rule *u, uint16_t code, bool force,
		       bool absent, const void *value, size_t n)
{
	struct dhcp_rules *r = &m->r;

	if (m->err || r->n_options == DHCP_RULE_OPTIONS_MAX ||
	    r->n_bytes + n > DHCP_RULE_BYTES_MAX || n > DHCP_RULE_VALUE_MAX)
		return;
	if (GROW(r->option, m->cap_options, r->n_options + 1) < 0 ||
	    GROW(r->bytes, m->cap_bytes, r->n_bytes + n) < 0) {
		m->err = -ENOMEM;
		return;
	}
	r->option[r->n_options++] = (struct dhcp_rule_option){ .code = code,
							       .force = force,
							       .absent = absent,
							       .n = (uint16_t)n,
							       .at = (uint32_t)r->n_bytes };
	u->n_options++;
	if (n)
		memcpy(r->bytes + r->n_bytes, value, n);
	r->n_bytes += n;
}

static void who(const struct netd_dhcp_rule *from, struct dhcp_rule *to)
{
	to->has_mac = from->has_mac;
	to->mac = from->mac;
	to->has_uuid = from->has_uuid;
	to->uuid = from->uuid;
	(void)copy_text(to->name, sizeof(to->name), from->name ? from->name : "");
	(void)copy_text(to->vendor, sizeof(to->vendor), from->vendor ? from->vendor : "");
	(void)copy_text(to->user, sizeof(to->user), from->user ? from->user : "");
	to->ipxe = from->ipxe == TRI_YES  ? DHCP_RULE_IPXE
		   : from->ipxe == TRI_NO ? DHCP_RULE_NOT_IPXE
					  : DHCP_RULE_ANY;
	to->n_arch = (uint8_t)MIN_OF(from->n_archs, DHCP_RULE_ARCHS_MAX);
	memcpy(to->arch, from->archs, to->n_arch * sizeof(to->arch[0]));
}

/* DHCPv6 has its boot file in options: the URL, and parameters that each have their length. */
static void boot6(struct making *m, struct dhcp_rule *to, const struct netd_dhcp_boot *b)
{
	uint8_t params[DHCP_RULE_VALUE_MAX];
	struct wr w = wr_over(params, sizeof(params));
	const char *p = b->params ? b->params : "";

	add_option(m, to, OPT6_BOOT_URL, false, false, b->url, strlen(b->url));
	while (*(p += strspn(p, " \t\r\n"))) {
		size_t n = strcspn(p, " \t\r\n");
		wr_u16(&w, (uint16_t)n);
		wr_bytes(&w, p, n);
		p += n;
	}
	if (wr_len(&w))
		add_option(m, to, OPT6_BOOT_PARAM, false, false, params, wr_len(&w));
}

static void boot4(struct dhcp_rule *to, const struct netd_dhcp_boot *b)
{
	to->has_boot = true;
	to->boot_server = ip_is_set(&b->server) ? b->server.v4 : 0;
	(void)copy_text(to->boot, sizeof(to->boot), b->url ? b->url : b->file);
}

static void what(struct making *m, const struct netd_dhcp_rule *from, struct dhcp_rule *to)
{
	const struct netd_dhcp_lease *l = &from->lease[family_at(m->family)];
	const struct netd_dhcp_boot *b = &from->boot[family_at(m->family)];

	to->first_option = (uint16_t)m->r.n_options;
	for (size_t i = 0; i < from->n_options; i++) {
		const struct netd_dhcp_option *o = &from->options[i];
		if (o->family == m->family)
			add_option(m, to, o->code, o->force, o->absent, o->value, o->n);
	}
	if (b->line && m->family == AF_INET6)
		boot6(m, to, b);
	else if (b->line)
		boot4(to, b);
	if (from->kind != NETD_DHCP_ALL) /* else it is the default, which ranges can replace */
		to->lease_sec = l->sec;
	to->t1_sec = l->renew_sec;
	to->t2_sec = l->rebind_sec;
}

static void add_rules(struct making *m, const struct netd_dhcp *d, unsigned kind)
{
	for (size_t i = 0; i < d->n_rules && !m->err && m->r.n < DHCP_RULES_MAX; i++) {
		struct dhcp_rule u = { 0 };
		if (d->rules[i].kind != kind)
			continue;
		if (GROW(m->r.rule, m->cap_rules, m->r.n + 1) < 0) {
			m->err = -ENOMEM;
			return;
		}
		who(&d->rules[i], &u);
		what(m, &d->rules[i], &u);
		m->r.rule[m->r.n++] = u;
	}
}

int service_rules(const struct network *def, int family, struct dhcp_rules *ret)
{
	const struct netd_dhcp *d = &def->options.dhcp;
	struct making m = { .family = family };

	const struct netd_dhcp *dnsmasq = &def->dnsmasq.dhcp;
	add_rules(&m, d, NETD_DHCP_HOST);
	add_rules(&m, d, NETD_DHCP_CLASS);
	add_rules(&m, dnsmasq, NETD_DHCP_CLASS);
	add_rules(&m, d, NETD_DHCP_ALL);
	add_rules(&m, dnsmasq, NETD_DHCP_ALL);
	if (m.err) {
		dhcp_rules_done(&m.r);
		return m.err;
	}
	*ret = m.r;
	return 0;
}

uint32_t service_default_lease(const struct network *def, int family)
{
	const struct netd_dhcp *d = &def->options.dhcp;

	return d->n_rules ? d->rules[0].lease[family_at(family)].sec : 0;
}
