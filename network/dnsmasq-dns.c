/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsmasq-dns.c — dnsmasq's lines about names, as elements of <dns>. */
#include "network/dnsmasq-internal.h"

#include <errno.h>
#include <string.h>

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

/* /NAME/ADDRESS. For dnsmasq the names below it, too. */
static int read_address(struct dnsmasq_reading *x)
{
	char *name = x->rest && *x->rest == '/' ? x->rest + 1 : NULL;
	char *end = name ? strchr(name, '/') : NULL;
	struct ip ip;

	if (!end || end == name || *name == '#' || strchr(end + 1, '/') ||
	    ip_parse(end + 1, &ip) < 0) {
		x->why = "only /NAME/ADDRESS is understood";
		return 0;
	}
	*end = '\0';
	int err = add_host(x, &ip, &name, 1);
	x->why = "it holds for the name itself, but not for those below it";
	return err;
}

static int add_alias(struct dnsmasq_reading *x, const char *name, const char *target)
{
	struct dnsmasq_meaning *m = &x->n->dnsmasq;
	struct dnsmasq_alias *a = APPEND(x->r, m->aliases, m->n_aliases);

	if (!a)
		return -ENOMEM;
	return put_text(x->r, &a->name, name) < 0 || put_text(x->r, &a->target, target) < 0
		   ? -ENOMEM
		   : 0;
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
	{ "host-record", read_host_record }, { "address", read_address }, { "cname", read_cname },
	{ "txt-record", read_txt },          { "srv-host", read_srv },    { "server", read_server },
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
