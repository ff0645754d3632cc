/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-netd-dns.c — <netd:dns>, see network/netd-dns.h. */
#include "network/xml-internal.h"

#include "network/validate.h"

#include <errno.h>
#include <string.h>

#define CAA_VALUE_MAX 1024U /* octets */

static const struct word order_words[] = { { "fastest", NETD_DNS_FASTEST },
					   { "strict", NETD_DNS_STRICT },
					   { NULL, 0 } };

/* The network's names, or those below them: labels of letters, digits, '-' and '_'. */
static int attr_name(struct report *r, const struct spot *at, void *field)
{
	if (!is_dns_name(at->value) || at->value[0] == '-')
		return spot_refuse(r, at, "is not a domain name");
	return attr_text(r, at, field);
}

/* RFC 8659 §4.1.1: letters and digits. */
static int attr_tag(struct report *r, const struct spot *at, void *field)
{
	size_t n = strspn(at->value, "abcdefghijklmnopqrstuvwxyz0123456789");

	if (n == 0 || n > 15 || at->value[n])
		return spot_refuse(r, at,
				   "is not a property, such as issue, issuewild, iodef (RFC 8659)");
	return attr_text(r, at, field);
}

static int attr_caa_value(struct report *r, const struct spot *at, void *field)
{
	if (strlen(at->value) > CAA_VALUE_MAX)
		return spot_refuse(r, at, "is longer than %u octets", CAA_VALUE_MAX);
	return attr_text(r, at, field);
}

static int attr_file(struct report *r, const struct spot *at, void *field)
{
	if (at->value[0] != '/')
		return spot_refuse(r, at, "is not an absolute path");
	return attr_text(r, at, field);
}

#define TTL ATTR("ttl", attr_number, struct netd_dns_record, ttl_sec, .max = NETD_DNS_TTL_MAX_SEC)

static const struct attr alias_attrs[] = {
	ATTR("name", attr_name, struct netd_dns_record, name, .missing = ERR_XML),
	ATTR("of", attr_name, struct netd_dns_record, target, .missing = ERR_XML),
	TTL,
};
static const struct attr mx_attrs[] = {
	ATTR("name", attr_name, struct netd_dns_record, name),
	ATTR("exchange", attr_name, struct netd_dns_record, target, .missing = ERR_XML),
	ATTR("preference", attr_number, struct netd_dns_record, preference),
	TTL,
};
static const struct attr caa_attrs[] = {
	ATTR("name", attr_name, struct netd_dns_record, name),
	ATTR("flags", attr_number, struct netd_dns_record, flags),
	ATTR("tag", attr_tag, struct netd_dns_record, tag, .missing = ERR_XML),
	ATTR("value", attr_caa_value, struct netd_dns_record, target, .missing = ERR_XML,
	     .empty_counts = true),
	TTL,
};
static const struct attr wildcard_attrs[] = {
	ATTR("name", attr_name, struct netd_dns_record, name),
	ATTR("ip", attr_ip, struct netd_dns_record, ip, .missing = ERR_XML),
	TTL,
};

static const struct attr zone_attrs[] = {
	ATTR("file", attr_file, struct netd_dns, zone_file, .missing = ERR_XML),
};

static int read_zone(struct report *r, xmlNode *node, void *dns)
{
	struct netd_dns *d = dns;
	int err = READ_ATTRS(r, node, zone_attrs, d);

	d->zone_line = line_of(node);
	return err < 0 ? err : read_no_children(r, node);
}

static struct netd_dns_record *new_record(struct report *r, xmlNode *node, void *dns,
					  enum netd_dns_kind kind)
{
	struct netd_dns *d = dns;
	struct netd_dns_record *one = APPEND(r, d->records, d->n_records);

	if (!one)
		return NULL;
	one->line = line_of(node);
	one->kind = kind;
	one->ttl_sec = NETD_DNS_TTL_SEC;
	one->preference = 10;
	return one;
}

#define RECORD_READER(word, kind)                                                                  \
	static int read_##word(struct report *r, xmlNode *node, void *dns)                         \
	{                                                                                          \
		struct netd_dns_record *one = new_record(r, node, dns, kind);                      \
		int err = one ? READ_ATTRS(r, node, word##_attrs, one) : -ENOMEM;                  \
		return err < 0 ? err : read_no_children(r, node);                                  \
	}
RECORD_READER(alias, NETD_DNS_ALIAS)
RECORD_READER(mx, NETD_DNS_MX)
RECORD_READER(caa, NETD_DNS_CAA)
RECORD_READER(wildcard, NETD_DNS_WILDCARD)

static const struct element dns_children[] = {
	{ "alias", read_alias, .many = true, .ns = NETD_NAMESPACE },
	{ "caa", read_caa, .many = true, .ns = NETD_NAMESPACE },
	{ "mx", read_mx, .many = true, .ns = NETD_NAMESPACE },
	{ "wildcard", read_wildcard, .many = true, .ns = NETD_NAMESPACE },
	{ "zone", read_zone, .ns = NETD_NAMESPACE },
};

struct flags { /* as written */
	enum netd_dns_order order;
	enum tristate rebind_protection;
};

static const struct attr dns_attrs[] = {
	ATTR("order", attr_word, struct flags, order, .words = order_words),
	ATTR_YES_NO("rebindProtection", struct flags, rebind_protection),
};

int read_netd_dns(struct report *r, xmlNode *node, void *options)
{
	struct netd_dns *d = &((struct netd_options *)options)->dns;
	struct flags f = { NETD_DNS_FASTEST, TRI_ABSENT };
	int err = READ_ATTRS(r, node, dns_attrs, &f);

	d->line = line_of(node);
	d->order = f.order;
	d->rebind_protection = f.rebind_protection == TRI_YES;
	return err < 0 ? err : READ_CHILDREN(r, node, dns_children, d);
}
