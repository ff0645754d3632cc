/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/netd-dhcp.h"

#include "base/dhcp-options.h"
#include "network/validate.h"

#include <string.h>

static void rule_done(struct netd_dhcp_rule *rule)
{
	for (size_t i = 0; i < rule->n_options; i++)
		free(rule->options[i].value);
	for (size_t f = 0; f < NETD_FAMILIES; f++) {
		free(rule->boot[f].file);
		free(rule->boot[f].url);
		free(rule->boot[f].params);
	}
	free(rule->options);
	free(rule->name);
	free(rule->vendor);
	free(rule->user);
}

void netd_dhcp_done(struct netd_dhcp *d)
{
	for (size_t i = 0; i < d->n_rules; i++)
		rule_done(&d->rules[i]);
	free(d->rules);
	free(d->relayed);
	*d = (struct netd_dhcp){ 0 };
}

/* ---- judgement ---- */

/* One option is said once in one place. */
static int validate_options_of(struct report *r, const struct netd_dhcp_rule *rule)
{
	for (size_t i = 0; i < rule->n_options; i++)
		for (size_t k = 0; k < i; k++) {
			const struct netd_dhcp_option *a = &rule->options[k],
						      *b = &rule->options[i];
			if (a->family == b->family && a->code == b->code)
				return report_unwise(
				    r, ERR_CONFIG_UNSUPPORTED, b->line,
				    "the DHCP option %u is there twice (line %u too); remove one",
				    b->code, a->line);
		}
	return 0;
}

static bool says_of(const struct netd_dhcp_rule *rule, int family)
{
	unsigned f = family == AF_INET6 ? NETD_IP6 : NETD_IP4;

	for (size_t i = 0; i < rule->n_options; i++)
		if (rule->options[i].family == family)
			return true;
	return rule->lease[f].line || rule->boot[f].line;
}

const struct network_ip *network_stateless_ip(const struct network *n)
{
	const struct netd_dhcp *d = &n->options.dhcp;
	bool says = false;

	for (size_t i = 0; i < d->n_rules; i++)
		says |= says_of(&d->rules[i], AF_INET6);
	for (size_t i = 0; says && !network_dhcp_ip(n, AF_INET6) && i < n->n_ips; i++)
		if (n->ips[i].address.family == AF_INET6)
			return &n->ips[i];
	return NULL;
}

/* What is said, to a family that is not served. */
static void doubt_unserved(struct report *r, const struct network *n,
			   const struct netd_dhcp_rule *rule)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (says_of(rule, families[i]) && !network_dhcp_ip(n, families[i]) &&
		    !(families[i] == AF_INET6 && network_stateless_ip(n)))
			report_doubt(r, rule->line,
				     "<netd:dhcp> says something for IPv%s, in which this network "
				     "serves no DHCP: no <ip> of that family has a <dhcp> with a "
				     "range or a host",
				     families[i] == AF_INET6 ? "6" : "4");
	if (rule->kind != NETD_DHCP_ALL && !says_of(rule, AF_INET) && !says_of(rule, AF_INET6))
		report_doubt(r, rule->line, "<netd:%s> says nothing",
			     rule->kind == NETD_DHCP_HOST ? "host" : "class");
}

int validate_netd_dhcp(struct report *r, const struct network *n)
{
	const struct netd_dhcp *d = &n->options.dhcp;
	int err = 0;

	if (d->line && !network_owns_bridge(n))
		return report_unwise(r, ERR_CONFIG_UNSUPPORTED, d->line,
				     "<netd:dhcp> needs a bridge that is made for the network: it "
				     "works isolated and in modes nat, route and open");
	for (size_t i = 0; i < d->n_rules && err == 0; i++) {
		err = validate_options_of(r, &d->rules[i]);
		if (err == 0)
			doubt_unserved(r, n, &d->rules[i]);
	}
	return err < 0 ? err : validate_relayed(r, n);
}
