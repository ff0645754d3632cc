/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update-dns.c — the records of <dns>: hosts by address (or, to delete, by a name), TXT by name,
 * SRV by whatever is given. */
#include "network/update-internal.h"

#include <string.h>

/* Which elements of the definition are meant. */
struct found {
	size_t n, last;
};

static int refuse_found(const struct change *c, const char *what, const struct found *f)
{
	if (f->n == 0)
		return change_refuse(c, "couldn't locate a matching DNS %s record in network %s",
				     what, c->def->name);
	if (!strcmp(what, "SRV"))
		return change_refuse(
		    c,
		    "multiple DNS SRV records matching all specified fields were found in "
		    "network %s",
		    c->def->name);
	return change_refuse(c, "multiple matching DNS %s records were found in network %s", what,
			     c->def->name);
}

/* Modify or delete the only one. */
static int change_found(const struct change *c, const char *what, const struct found *f,
			struct list to, struct list from)
{
	if (f->n != 1)
		return refuse_found(c, what, f);
	if (c->command == NETWORK_UPDATE_DELETE)
		return list_remove(c, to, f->last, from);
	list_replace(to, f->last, from);
	return 0;
}

/* Hosts. */

static bool have_common_name(const struct dns_host *a, const struct dns_host *b)
{
	for (size_t i = 0; i < a->n_names; i++)
		for (size_t k = 0; k < b->n_names; k++)
			if (!strcmp(a->names[i], b->names[k]))
				return true;
	return false;
}

/* Several addresses of one name are usual, so that only to delete a name is enough. */
static struct found find_hosts(const struct change *c, const struct dns_host *host)
{
	const struct network_dns *dns = &c->def->dns;
	bool by_name = c->command == NETWORK_UPDATE_DELETE;
	struct found f = { 0 };

	for (size_t i = 0; i < dns->n_hosts; i++) {
		const struct dns_host *old = &dns->hosts[i];
		if (!(ip_is_set(&host->ip) && ip_equal(&host->ip, &old->ip)) &&
		    !(by_name && have_common_name(host, old)))
			continue;
		f.n++;
		f.last = i;
	}
	return f;
}

int update_dns_host(const struct change *c)
{
	struct network_dns *dns = &c->def->dns, *part = &c->part->dns;
	struct list to = LIST(dns->hosts, dns->n_hosts), from = LIST(part->hosts, part->n_hosts);
	const struct dns_host *host = &part->hosts[0];

	if (!ip_is_set(&host->ip) && !host->n_names)
		return report_refuse(c->r, ERR_XML_DETAIL, 0,
				     "Missing ip and hostname in network '%s' DNS HOST record",
				     c->def->name);
	struct found f = find_hosts(c, host);
	if (!change_adds(c))
		return change_found(c, "HOST", &f, to, from);
	if (f.n)
		return change_refuse(
		    c,
		    "there is already at least one DNS HOST record with a matching field in "
		    "network %s",
		    c->def->name);
	return list_add(c, to, from);
}

/* Texts. */

int update_dns_txt(const struct change *c)
{
	struct network_dns *dns = &c->def->dns, *part = &c->part->dns;
	struct list to = LIST(dns->txts, dns->n_txts), from = LIST(part->txts, part->n_txts);
	const char *name = part->txts[0].name;
	struct found f = { 0 };

	if (!name)
		return report_refuse(
		    c->r, ERR_XML_DETAIL, 0,
		    "missing required name attribute in DNS TXT record of network %s",
		    c->def->name);
	/* The first of several, as libvirt. */
	while (f.last < dns->n_txts && strcmp(dns->txts[f.last].name, name) != 0)
		f.last++;
	f.n = f.last < dns->n_txts;
	if (c->command == NETWORK_UPDATE_MODIFY && !part->txts[0].value)
		return change_refuse(c, "missing value of modifying DNS TXT record in network %s",
				     c->def->name);
	if (!change_adds(c))
		return change_found(c, "TXT", &f, to, from);
	if (f.n)
		return change_refuse(
		    c, "there is already a DNS TXT record with name '%s' in network %s", name,
		    c->def->name);
	return list_add(c, to, from);
}

/* Services. */

static bool agrees(const char *wanted, const char *have)
{
	return !wanted || (have && !strcmp(wanted, have));
}

int update_dns_srv(const struct change *c)
{
	struct network_dns *dns = &c->def->dns, *part = &c->part->dns;
	struct list to = LIST(dns->srvs, dns->n_srvs), from = LIST(part->srvs, part->n_srvs);
	const struct dns_srv *srv = &part->srvs[0];
	struct found f = { 0 };

	for (size_t i = 0; i < dns->n_srvs; i++) {
		const struct dns_srv *old = &dns->srvs[i];
		if (!agrees(srv->service, old->service) || !agrees(srv->protocol, old->protocol) ||
		    !agrees(srv->domain, old->domain) || !agrees(srv->target, old->target))
			continue;
		f.n++;
		f.last = i;
	}
	if (!change_adds(c))
		return change_found(c, "SRV", &f, to, from);
	if (f.n)
		return change_refuse(
		    c,
		    "there is already at least one DNS SRV record matching all specified fields in "
		    "network %s",
		    c->def->name);
	return list_add(c, to, from);
}
