/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netd-dns.c — <netd:dns> against the rest of its definition. */
#include "network/validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void netd_dns_free(struct netd_dns *d)
{
	for (size_t i = 0; i < d->n_records; i++) {
		free(d->records[i].name);
		free(d->records[i].target);
		free(d->records[i].tag);
	}
	free(d->records);
	free(d->zone_file);
	*d = (struct netd_dns){ 0 };
}

#define RECORDS_MAX 1024U /* each alias is compared with all names */
#define FULL_MAX    512   /* octets of two names and a dot */

/* A name of one label is one below the network's domain. */
static const char *full_name(const struct network *n, const char *name, char buf[static FULL_MAX])
{
	if (strchr(name, '.') || !n->domain)
		return name;
	snprintf(buf, FULL_MAX, "%s.%s", name, n->domain);
	return buf;
}

static bool same_name(const struct network *n, const char *a, const char *b)
{
	char full_a[FULL_MAX], full_b[FULL_MAX];

	return strcasecmp(full_name(n, a, full_a), full_name(n, b, full_b)) == 0;
}

static bool is_of_network(const struct network *n, const char *name)
{
	size_t len = strlen(name), domain = n->domain ? strlen(n->domain) : 0;

	return !strchr(name, '.') || (domain && len > domain && name[len - domain - 1] == '.' &&
				      strcasecmp(&name[len - domain], n->domain) == 0);
}

/* Where a name is that has an address already; 0: nowhere. */
static unsigned line_of_host(const struct network *n, const char *name)
{
	for (size_t i = 0; i < n->dns.n_hosts; i++)
		for (size_t k = 0; k < n->dns.hosts[i].n_names; k++)
			if (same_name(n, n->dns.hosts[i].names[k], name))
				return n->dns.hosts[i].line;
	for (size_t i = 0; i < n->n_ips; i++)
		for (size_t k = 0; k < n->ips[i].n_hosts; k++)
			if (n->ips[i].hosts[k].name && same_name(n, n->ips[i].hosts[k].name, name))
				return n->ips[i].hosts[k].line;
	return 0;
}

static int validate_alias(struct report *r, const struct network *n,
			  const struct netd_dns_record *one)
{
	unsigned line = line_of_host(n, one->name);
	const struct netd_dns *d = &n->options.dns;

	if (!is_of_network(n, one->target))
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, one->line,
		    "<netd:alias name='%s' of='%s'>: an alias must be of a name of "
		    "this network, for others can't be answered for here",
		    one->name, one->target);
	if (same_name(n, one->name, one->target))
		return report_unwise(r, ERR_CONFIG_UNSUPPORTED, one->line,
				     "<netd:alias name='%s'> is an alias of itself", one->name);
	if (line)
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, one->line,
		    "<netd:alias name='%s'>: the name has an address already (line "
		    "%u), and an alias can have nothing else (RFC 1034 3.6.2)",
		    one->name, line);
	for (const struct netd_dns_record *o = d->records; o < &d->records[d->n_records]; o++)
		if (o != one && o->kind != NETD_DNS_WILDCARD && o->name &&
		    same_name(n, o->name, one->name))
			return report_unwise(
			    r, ERR_CONFIG_UNSUPPORTED, one->line,
			    "<netd:alias name='%s'>: the name is used in line %u too, and an alias "
			    "can have nothing else (RFC 1034 3.6.2)",
			    one->name, o->line);
	return 0;
}

int validate_netd_dns(struct report *r, const struct network *n)
{
	const struct netd_dns *d = &n->options.dns;

	if (d->line && n->dns.enable == TRI_NO)
		report_doubt(r, d->line,
			     "<netd:dns> has no effect: the network has <dns enable='no'>");
	if (d->zone_file && !n->domain)
		return report_unwise(r, ERR_CONFIG_UNSUPPORTED, d->zone_line,
				     "<netd:zone file='%.200s'>: its names are below the "
				     "network's domain, and there is no <domain>",
				     d->zone_file);
	if (d->n_records > RECORDS_MAX)
		return report_unwise(r, ERR_CONFIG_UNSUPPORTED, d->records[RECORDS_MAX].line,
				     "more than %u records in <netd:dns>", RECORDS_MAX);
	for (size_t i = 0; i < d->n_records; i++) {
		const struct netd_dns_record *one = &d->records[i];
		int err = one->kind == NETD_DNS_ALIAS ? validate_alias(r, n, one) : 0;
		if (err < 0)
			return err;
		if (!one->name && !n->domain)
			return report_unwise(r, ERR_CONFIG_UNSUPPORTED, one->line,
					     "a record without a name is one of the network's "
					     "domain, and there is no <domain>");
	}
	return 0;
}
