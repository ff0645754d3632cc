/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsmasq-dns.c — dnsmasq's lines about names, as elements of <dns>. */
#include "network/dnsmasq-internal.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static struct network_dns *dns_of(struct dnsmasq_reading *x)
{
	return &x->n->dnsmasq.dns;
}

static int put_text(struct report *r, char **to, const char *text)
{
	*to = strdup(text);
	return *to ? 0 : report_no_memory(r);
}

static int add_name(struct dnsmasq_reading *x, struct dns_host *h, const char *name)
{
	char **to = APPEND(x->r, h->names, h->n_names);

	return to ? put_text(x->r, to, name) : -ENOMEM;
}

static int add_host(struct dnsmasq_reading *x, const struct ip *ip, char *const *names, size_t n)
{
	struct dns_host *h = APPEND(x->r, dns_of(x)->hosts, dns_of(x)->n_hosts);
	int err = h ? 0 : -ENOMEM;

	if (h)
		*h = (struct dns_host){ .line = x->option->line, .ip = *ip };
	for (size_t i = 0; i < n && err == 0; i++)
		err = add_name(x, h, names[i]);
	return err;
}

#define FIELDS_MAX 32

/* NAME[,NAME…],ADDRESS[,ADDRESS][,TTL] */
static int read_host_record(struct dnsmasq_reading *x)
{
	char *names[FIELDS_MAX], *field;
	struct ip ips[FIELDS_MAX];
	size_t n = 0, n_ips = 0;
	uint32_t ttl;
	int err = 0;

	while ((field = dnsmasq_field(x)) && n < FIELDS_MAX && n_ips < FIELDS_MAX) {
		if (ip_parse(field, &ips[n_ips]) == 0)
			n_ips++;
		else if (*field && !(n_ips && parse_u32(field, 0, UINT32_MAX, &ttl) == 0))
			names[n++] = field;
	}
	if (!n || !n_ips)
		x->why = "it has no name or no address";
	for (size_t i = 0; i < n_ips && n && err == 0; i++)
		err = add_host(x, &ips[i], names, n);
	return err;
}

/* Its strings become the record's, or are freed. */
static int add_record(struct dnsmasq_reading *x, struct netd_dns_record one)
{
	struct netd_dns *d = &x->n->dnsmasq.names;
	struct netd_dns_record *to = APPEND(x->r, d->records, d->n_records);

	one.line = x->option->line;
	one.ttl_sec = NETD_DNS_TTL_SEC;
	if (!to) {
		free(one.name);
		free(one.target);
		free(one.tag);
		return -ENOMEM;
	}
	*to = one;
	if (!one.name || (one.kind != NETD_DNS_WILDCARD && !one.target) ||
	    (one.kind == NETD_DNS_CAA && !one.tag))
		return report_no_memory(x->r);
	/* The domain itself; one label would be a name below it. It can't be an alias. */
	if (x->n->domain && one.kind != NETD_DNS_ALIAS && strcasecmp(one.name, x->n->domain) == 0) {
		free(to->name);
		to->name = NULL;
	}
	return 0;
}

static int add_wildcard(struct dnsmasq_reading *x, const struct ip *ip, const char *name)
{
	return add_record(x, (struct netd_dns_record){
				 .kind = NETD_DNS_WILDCARD, .name = strdup(name), .ip = *ip });
}

/* /NAME/[NAME/…]ADDRESS: for these names and all below them. */
static int read_address(struct dnsmasq_reading *x)
{
	char *last = x->rest && *x->rest == '/' ? strrchr(x->rest, '/') : NULL;
	struct ip ip;
	int err = 0;

	if (!last || last == x->rest || ip_parse(last + 1, &ip) < 0 || strchr(x->rest, '#') ||
	    strstr(x->rest, "//")) {
		x->why = "only /NAME/ADDRESS is understood";
		return 0;
	}
	for (char *p = x->rest + 1, *end; err == 0 && p < last; p = end + 1) {
		end = p + strcspn(p, "/");
		*end = '\0';
		err = add_host(x, &ip, &p, 1);
		if (err == 0)
			err = add_wildcard(x, &ip, p);
	}
	return err;
}

/* NAME,TARGET[,PREFERENCE] */
static int read_mx(struct dnsmasq_reading *x)
{
	char *name = dnsmasq_field(x), *target = dnsmasq_field(x), *text = dnsmasq_field(x);
	uint32_t preference = 1; /* dnsmasq's */

	if (!name || !*name || !target || !*target || x->rest ||
	    (text && parse_u32(text, 0, UINT16_MAX, &preference) < 0)) {
		x->why = "only NAME,TARGET and NAME,TARGET,PREFERENCE are understood";
		return 0;
	}
	return add_record(x, (struct netd_dns_record){ .kind = NETD_DNS_MX,
						       .name = strdup(name),
						       .target = strdup(target),
						       .preference = (uint16_t)preference });
}

#define CAA_TAG_MAX 15 /* RFC 8659 §4.1 */

static bool is_caa_tag(const char *tag)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	return *tag && !tag[strspn(tag, ok)] && strlen(tag) <= CAA_TAG_MAX;
}

/* NAME,FLAGS,TAG,VALUE */
static int read_caa(struct dnsmasq_reading *x)
{
	char *name = dnsmasq_field(x), *text = dnsmasq_field(x), *tag = dnsmasq_field(x),
	     *value = dnsmasq_field(x);
	uint32_t flags;

	if (!name || !*name || !value || x->rest || parse_u32(text, 0, UINT8_MAX, &flags) < 0 ||
	    !is_caa_tag(tag)) {
		x->why = "only NAME,FLAGS,TAG,VALUE is understood";
		return 0;
	}
	return add_record(x, (struct netd_dns_record){ .kind = NETD_DNS_CAA,
						       .name = strdup(name),
						       .target = strdup(value),
						       .tag = strdup(tag),
						       .flags = (uint8_t)flags });
}

static int add_alias(struct dnsmasq_reading *x, const char *name, const char *target)
{
	return add_record(x, (struct netd_dns_record){ .kind = NETD_DNS_ALIAS,
						       .name = strdup(name),
						       .target = strdup(target) });
}

/* ALIAS[,ALIAS…],TARGET[,TTL]: the alias has the addresses that the target has in the definition.
 */
static int read_cname(struct dnsmasq_reading *x)
{
	char *names[FIELDS_MAX], *field;
	size_t n = 0;
	uint32_t ttl;
	int err = 0;

	while ((field = dnsmasq_field(x)) && n < FIELDS_MAX)
		if (*field)
			names[n++] = field;
	if (n > 2 && parse_u32(names[n - 1], 0, UINT32_MAX, &ttl) == 0)
		n--;
	if (n < 2)
		x->why = "only ALIAS,TARGET is understood";
	for (size_t i = 0; i + 1 < n && err == 0; i++) {
		if (strchr(names[i], '*'))
			x->why = "netd has no names for whole domains";
		else
			err = add_alias(x, names[i], names[n - 1]);
	}
	return err;
}

static int read_txt(struct dnsmasq_reading *x)
{
	char *name = dnsmasq_field(x), *part;
	char value[1024] = "";
	size_t used = 0;

	while ((part = dnsmasq_field(x))) {
		size_t n = strlen(part);
		if (used + n >= sizeof(value)) {
			x->why = "it is too long";
			return 0;
		}
		memcpy(value + used, part, n + 1);
		used += n;
	}
	if (!name || !*name) {
		x->why = "it has no name";
		return 0;
	}
	struct dns_txt *t = APPEND(x->r, dns_of(x)->txts, dns_of(x)->n_txts);
	if (!t)
		return -ENOMEM;
	t->line = x->option->line;
	return put_text(x->r, &t->name, name) < 0 || put_text(x->r, &t->value, value) < 0 ? -ENOMEM
											  : 0;
}

static bool read_u16(const char *text, bool *given, uint16_t *ret)
{
	uint32_t v;

	if (!text)
		return true;
	if (parse_u32(text, 0, UINT16_MAX, &v) < 0)
		return false;
	*given = true;
	*ret = (uint16_t)v;
	return true;
}

/* _SERVICE._PROTOCOL[.DOMAIN][,TARGET[,PORT[,PRIORITY[,WEIGHT]]]] */
static int read_srv(struct dnsmasq_reading *x)
{
	struct dns_srv v = { .line = x->option->line };
	char *owner = dnsmasq_field(x), *target = dnsmasq_field(x);
	char *protocol = owner && *owner == '_' ? strstr(owner, "._") : NULL;
	char *domain = protocol ? strchr(protocol + 2, '.') : NULL;

	if (!protocol || !read_u16(dnsmasq_field(x), &v.has_port, &v.port) ||
	    !read_u16(dnsmasq_field(x), &v.has_priority, &v.priority) ||
	    !read_u16(dnsmasq_field(x), &v.has_weight, &v.weight)) {
		x->why = "only _SERVICE._PROTOCOL.DOMAIN,TARGET,PORT,PRIORITY,WEIGHT is understood";
		return 0;
	}
	struct dns_srv *to = APPEND(x->r, dns_of(x)->srvs, dns_of(x)->n_srvs);
	if (!to)
		return -ENOMEM;
	*to = v;
	*protocol = '\0';
	if (domain)
		*domain = '\0';
	if (put_text(x->r, &to->service, owner + 1) < 0 ||
	    put_text(x->r, &to->protocol, protocol + 2) < 0 ||
	    (domain && put_text(x->r, &to->domain, domain + 1) < 0) ||
	    (target && *target && put_text(x->r, &to->target, target) < 0))
		return -ENOMEM;
	return 0;
}

static int add_forwarder(struct dnsmasq_reading *x, const struct ip *ip, const char *domain)
{
	struct dns_forwarder *f = APPEND(x->r, dns_of(x)->forwarders, dns_of(x)->n_forwarders);

	if (!f)
		return -ENOMEM;
	*f = (struct dns_forwarder){ .line = x->option->line, .addr = *ip };
	return domain ? put_text(x->r, &f->domain, domain) : 0;
}

/* [/DOMAIN/…]ADDRESS, or # for the usual servers */
static int read_server(struct dnsmasq_reading *x)
{
	char *last = x->rest ? strrchr(x->rest, '/') : NULL;
	char *text = last ? last + 1 : x->rest, *port = text ? strchr(text, '#') : NULL;
	struct ip ip = { 0 };
	int err = 0;

	if (port && port > text && !strcmp(port, "#53"))
		*port = '\0';
	if (!text || (strcmp(text, "#") != 0 && ip_parse(text, &ip) < 0) ||
	    (!last && !ip_is_set(&ip))) {
		x->why = "only ADDRESS, /DOMAIN/ADDRESS and /DOMAIN/# are understood, with port 53";
		return 0;
	}
	if (!last)
		return add_forwarder(x, &ip, NULL);
	*last = '\0';
	for (char *p = x->rest + 1, *end; err == 0 && p <= last && *p; p = end + 1) {
		end = p + strcspn(p, "/");
		*end = '\0';
		err = add_forwarder(x, &ip, p);
		if (end == last)
			break;
	}
	return err;
}

static const struct {
	const char *key;
	int (*read)(struct dnsmasq_reading *x);
} readers[] = {
	{ "host-record", read_host_record },
	{ "address", read_address },
	{ "cname", read_cname },
	{ "txt-record", read_txt },
	{ "srv-host", read_srv },
	{ "server", read_server },
	{ "mx-host", read_mx },
	{ "caa-record", read_caa },
};

bool dnsmasq_is_dns(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(readers); i++)
		if (strcmp(readers[i].key, key) == 0)
			return true;
	return false;
}

int dnsmasq_read_dns(struct dnsmasq_reading *x)
{
	for (size_t i = 0; i < ARRAY_LEN(readers); i++)
		if (strcmp(readers[i].key, x->key) == 0)
			return readers[i].read(x);
	return 0;
}
