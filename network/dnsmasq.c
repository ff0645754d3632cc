/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/dnsmasq-internal.h"

#include <errno.h>
#include <string.h>

char *dnsmasq_field(struct dnsmasq_reading *x)
{
	char *from = x->rest, *to = from, *field = from;
	bool quoted = false;

	if (!from)
		return NULL;
	for (; *from && (quoted || *from != ','); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	x->rest = *from ? from + 1 : NULL;
	*to = '\0';
	return field;
}

/* Options that stand alone. */
static bool read_switch(struct network *n, const char *key)
{
	if (!strcmp(key, "no-resolv"))
		n->dnsmasq.no_resolv = true;
	else if (!strcmp(key, "stop-dns-rebind"))
		n->dnsmasq.names.rebind_protection = true;
	else if (!strcmp(key, "strict-order"))
		n->dnsmasq.names.order = NETD_DNS_STRICT;
	else if (!strcmp(key, "domain-needed"))
		n->dnsmasq.domain_needed = true;
	else if (!strcmp(key, "dhcp-rapid-commit"))
		n->dnsmasq.dhcp.rapid_commit = TRI_YES;
	else
		return false;
	return true;
}

/* What others refer to, tags and names, is read first. */
enum pass { PASS_FIRST, PASS_LAST };

static enum pass pass_of(const char *key)
{
	return dnsmasq_is_dhcp(key) ? PASS_LAST : PASS_FIRST;
}

/* Lines that netd can't obey, and what there is in their place. */
static const char *why_not(const char *key)
{
	static const struct {
		const char *key, *why;
	} rows[] = {
		{ "all-servers",
		  "netd asks one server at a time, the one that answers soonest, and the next one "
		  "when it doesn't" },
		{ "ptr-record",
		  "netd makes PTR records of addresses itself: write <dns><host ip='…'>, or a zone "
		  "file (<netd:zone>)" },
		{ "dhcp-ignore",
		  "netd serves every client; for chosen ones only, give <host> without "
		  "<range>" },
		{ "dhcp-relay",
		  "netd is a server for relays (<netd:relayed>), not a relay itself" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(rows[i].key, key))
			return rows[i].why;
	return "netd has nothing like it";
}

static int read_line(struct dnsmasq_reading *x, struct dnsmasq_tags *tags)
{
	if (dnsmasq_is_tag(x->key))
		return dnsmasq_read_tag(tags, x);
	if (dnsmasq_is_dhcp(x->key))
		return dnsmasq_read_dhcp(tags, x);
	if (dnsmasq_is_dns(x->key))
		return dnsmasq_read_dns(x);
	if (!read_switch(x->n, x->key) && !dnsmasq_is_needless(x->key, strlen(x->key)))
		x->why = why_not(x->key);
	return 0;
}

static void warn(struct report *r, const struct dnsmasq_option *o, const char *why)
{
	report_doubt(r, o->line, "dnsmasq option '%.200s' is kept, but not obeyed: %s", o->value,
		     why);
}

static int read_option(struct report *r, struct network *n, const struct dnsmasq_option *o,
		       struct dnsmasq_tags *tags, enum pass pass)
{
	auto_free char *copy = strdup(o->value);
	struct dnsmasq_reading x = { .r = r, .n = n, .option = o, .key = copy };
	size_t len = strcspn(o->value, "=");
	int err;

	if (!copy)
		return report_no_memory(r);
	if (!dnsmasq_has_option(o->value, len)) {
		if (pass == PASS_FIRST)
			warn(r, o,
			     "dnsmasq has no such option, and with it the network can't be "
			     "started; remove it");
		return 0;
	}
	if (copy[len])
		x.rest = copy + len + 1;
	copy[len] = '\0';
	err = pass_of(x.key) == pass ? read_line(&x, tags) : 0;
	if (err == 0 && x.why)
		warn(r, o, x.why);
	return err;
}

int dnsmasq_translate(struct report *r, struct network *n)
{
	struct dnsmasq_tags *tags = n->n_dnsmasq_options ? dnsmasq_tags_new() : NULL;
	int err = 0;

	if (!n->n_dnsmasq_options)
		return 0;
	if (!tags || !APPEND(r, n->dnsmasq.dhcp.rules, n->dnsmasq.dhcp.n_rules))
		err = report_no_memory(r);
	for (size_t i = 0; i < n->n_dnsmasq_options && err == 0; i++)
		err = read_option(r, n, &n->dnsmasq_options[i], tags, PASS_FIRST);
	for (size_t i = n->n_dnsmasq_options; i-- > 0 && err == 0;)
		err = read_option(r, n, &n->dnsmasq_options[i], tags, PASS_LAST);
	dnsmasq_tags_free(tags);
	return err;
}

const struct dnsmasq_option *dnsmasq_unknown_option(const struct network *n)
{
	for (size_t i = 0; i < n->n_dnsmasq_options; i++) {
		const char *value = n->dnsmasq_options[i].value;
		if (!dnsmasq_has_option(value, strcspn(value, "=")))
			return &n->dnsmasq_options[i];
	}
	return NULL;
}
