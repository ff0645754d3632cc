/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-route.c — see dns-route.h. */
#include "dns/dns-route.h"

#include "dns/dns-message.h"

#include <errno.h>

enum cut_flag {
	CUT_APEX = 1,  /* a zone begins here */
	CUT_OWN = 2,   /* names below that aren't local don't exist */
	CUT_FIXED = 4, /* … and no forwarder can change that */
	CUT_LOCALHOST = 8,
	CUT_FORWARD = 16,
};

struct cut {
	struct table_node table;
	unsigned flags;
	struct dns_group *group; /* NULL: the default servers */
	uint8_t key[];
};

/* Names that must not leave the host. A forwarder or a domain of the configuration at or below one
 * of them wins. */
static const char *const special_names[] = {
	"invalid",
	"test",
	"onion", /* RFC 6761 §6.4, §6.2, RFC 7686 */
	"local",
	"home.arpa",     /* RFC 6762 §22.1, RFC 8375 §4 */
	"resolver.arpa", /* RFC 9462 §6.4 */
	/* RFC 6303 §4: reverse zones of addresses that mean nothing outside */
	"10.in-addr.arpa",
	"16.172.in-addr.arpa",
	"17.172.in-addr.arpa",
	"18.172.in-addr.arpa",
	"19.172.in-addr.arpa",
	"20.172.in-addr.arpa",
	"21.172.in-addr.arpa",
	"22.172.in-addr.arpa",
	"23.172.in-addr.arpa",
	"24.172.in-addr.arpa",
	"25.172.in-addr.arpa",
	"26.172.in-addr.arpa",
	"27.172.in-addr.arpa",
	"28.172.in-addr.arpa",
	"29.172.in-addr.arpa",
	"30.172.in-addr.arpa",
	"31.172.in-addr.arpa",
	"168.192.in-addr.arpa",
	"0.in-addr.arpa",
	"127.in-addr.arpa",
	"254.169.in-addr.arpa",
	"2.0.192.in-addr.arpa",
	"100.51.198.in-addr.arpa",
	"113.0.203.in-addr.arpa",
	"255.255.255.255.in-addr.arpa",
	"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
	"d.f.ip6.arpa",
	"8.e.f.ip6.arpa",
	"9.e.f.ip6.arpa",
	"a.e.f.ip6.arpa",
	"b.e.f.ip6.arpa",
	"8.b.d.0.1.0.0.2.ip6.arpa",
};

static struct cut *cut_find(const struct dns_routes *t, const uint8_t *wire, size_t n)
{
	struct table_node *node = table_find(&t->cuts, wire, n);
	return node ? container_of(node, struct cut, table) : NULL;
}

static struct cut *cut_add(struct dns_routes *t, const struct dns_name *key, unsigned flags)
{
	struct cut *c = cut_find(t, key->wire, key->n);

	if (!c) {
		c = calloc(1, sizeof(*c) + key->n);
		if (!c)
			return NULL;
		memcpy(c->key, key->wire, key->n);
		if (table_add(&t->cuts, &c->table, c->key, key->n) < 0) {
			free(c);
			return NULL;
		}
	}
	c->flags |= flags;
	return c;
}

void dns_routes_done(struct dns_routes *t)
{
	struct table_node *node = table_next(&t->cuts, NULL);

	while (node) {
		struct table_node *next = table_next(&t->cuts, node);
		struct cut *cut = container_of(node, struct cut, table);
		free(cut->group);
		free(cut);
		node = next;
	}
	table_done(&t->cuts);
}

static int add_text(struct dns_routes *t, const char *text, unsigned flags, struct cut **ret)
{
	struct dns_name key;

	if (dns_name_parse(text, &key) < 0)
		return -EINVAL;
	dns_name_lower(&key);
	*ret = cut_add(t, &key, flags);
	return *ret ? 0 : -ENOMEM;
}

/* A subnet whose prefix isn't on a label boundary is several zones: 10.0.0.0/22 is four /24. */
static int add_subnet(struct dns_routes *t, const struct dns_config_subnet *s)
{
	unsigned step = s->gateway.family == AF_INET ? 8 : 4;
	unsigned whole = (s->prefix + step - 1) / step * step;
	struct ip net = ip_network(&s->gateway, s->prefix);

	for (unsigned i = 0; i < 1u << (whole - s->prefix); i++) {
		struct ip one = net;
		if (one.family == AF_INET && whole > 0)
			one.v4 |= i << (32 - whole);
		else if (whole > 0)
			one.v6[(whole - 1) / 8] |= (uint8_t)(whole % 8 ? i << 4 : i);
		struct dns_name key = dns_name_reverse(&one, whole);
		if (!cut_add(t, &key, CUT_APEX | CUT_OWN | CUT_FIXED))
			return -ENOMEM;
	}
	return 0;
}

static int add_forwarder(struct dns_routes *t, const struct dns_config_forwarder *f)
{
	struct cut *cut = NULL;

	if (!f->domain)
		return ip_is_set(&f->address)
			   ? dns_group_add(&t->explicit_servers, &f->address, f->port)
			   : 0;
	int r = add_text(t, f->domain, CUT_FORWARD, &cut);
	if (r < 0 || !ip_is_set(&f->address))
		return r;
	if (!cut->group)
		cut->group = calloc(1, sizeof(*cut->group));
	return cut->group ? dns_group_add(cut->group, &f->address, f->port) : -ENOMEM;
}

static int build(struct dns_routes *t, const struct dns_config *c, struct err *e)
{
	struct cut *cut;
	int r;

	for (size_t i = 0; i < ARRAY_LEN(special_names); i++)
		if ((r = add_text(t, special_names[i], CUT_APEX | CUT_OWN, &cut)) < 0)
			return err_sys(e, -r, "name '%s'", special_names[i]);
	if ((r = add_text(t, "localhost", CUT_APEX | CUT_OWN | CUT_FIXED | CUT_LOCALHOST, &cut)) <
	    0)
		return err_sys(e, -r, "name 'localhost'");
	for (size_t i = 0; i < c->n_subnets; i++)
		if ((r = add_subnet(t, &c->subnets[i])) < 0)
			return err_sys(e, -r, "reverse zone");
	for (size_t i = 0; i < c->n_forwarders; i++)
		if ((r = add_forwarder(t, &c->forwarders[i])) < 0)
			return err_sys(e, -r, "<forwarder domain='%s'>",
				       c->forwarders[i].domain ? c->forwarders[i].domain : "");
	unsigned domain_flags = CUT_APEX | (c->local_only ? CUT_OWN | CUT_FIXED : 0);
	if (c->domain && (r = add_text(t, c->domain, domain_flags, &cut)) < 0)
		return err_sys(e, -r, "<domain name='%s'>", c->domain);
	return 0;
}

int dns_routes_init(struct dns_routes *t, const struct dns_config *c, struct err *e)
{
	memset(t, 0, sizeof(*t));
	table_init(&t->cuts);
	t->forward = c->forward;
	t->forward_plain_names = c->forward_plain_names;
	for (size_t i = 0; i < c->n_subnets; i++) {
		const struct dns_config_subnet *s = &c->subnets[i];
		if ((s->gateway.family != AF_INET || s->prefix > 32) &&
		    (s->gateway.family != AF_INET6 || s->prefix > 128))
			return err_set(e, ERR_INVALID_ARG, "subnet with prefix %u", s->prefix);
	}
	int r = build(t, c, e);
	if (r < 0)
		dns_routes_done(t);
	return r;
}

/* Single labels are looked up by people's typing mistakes and search lists; the records that DNSSEC
 * validators need of top level domains are not. */
static bool is_plain_name(const struct dns_name *key, uint16_t type)
{
	return key->labels == 1 && type != DNS_NS && type != DNS_SOA && type != DNS_DS &&
	       type != DNS_DNSKEY;
}

/* What `cut` decides; false: the next shorter one is to be asked. */
static bool cut_decides(struct dns_routes *t, struct cut *cut, bool from_host,
			struct dns_route *ret)
{
	bool domain = (cut->flags & (CUT_APEX | CUT_OWN)) == CUT_APEX;

	if (cut->flags & CUT_LOCALHOST) {
		ret->kind = DNS_ROUTE_LOCALHOST;
	} else if (cut->flags & CUT_FIXED) {
		ret->kind = DNS_ROUTE_OWN;
	} else if (domain && (!t->forward || from_host)) {
		ret->kind = DNS_ROUTE_OWN;
	} else if (cut->flags & CUT_FORWARD && t->forward) {
		ret->kind = DNS_ROUTE_FORWARD;
		ret->group = cut->group ? cut->group : ret->group;
	} else if (cut->flags & CUT_OWN) {
		ret->kind = DNS_ROUTE_OWN;
	} else {
		return false;
	}
	return true;
}

struct dns_route dns_route_find(struct dns_routes *t, const struct dns_name *key, uint16_t type,
				bool from_host)
{
	struct dns_route route = { .group = t->explicit_servers.n ? &t->explicit_servers : NULL };
	size_t at = 0;

	for (unsigned label = 0; label < key->labels; label++) {
		struct cut *cut = cut_find(t, &key->wire[at], key->n - at);
		if (cut && cut->flags & CUT_APEX && !route.has_apex) {
			route.has_apex = true;
			route.apex = label;
		}
		if (cut && cut_decides(t, cut, from_host, &route))
			return route;
		at += 1u + key->wire[at];
	}
	if (!t->forward) {
		route.kind = DNS_ROUTE_REFUSED;
	} else if (is_plain_name(key, type) && !t->forward_plain_names) {
		route.kind = DNS_ROUTE_OWN;
		route.has_apex = true;
		route.apex = key->labels;
	} else {
		route.kind = DNS_ROUTE_FORWARD;
	}
	return route;
}

static bool v4_is_private(uint32_t a)
{
	static const struct {
		uint32_t net;
		unsigned prefix;
	} private_nets[] = {
		{ 0x00000000, 8 },  { 0x0a000000, 8 },  { 0x7f000000, 8 },  { 0xa9fe0000, 16 },
		{ 0xac100000, 12 }, { 0xc0a80000, 16 }, { 0x64400000, 10 },
	};

	for (size_t i = 0; i < ARRAY_LEN(private_nets); i++)
		if ((a & ip4_mask(private_nets[i].prefix)) == private_nets[i].net)
			return true;
	return false;
}

bool dns_address_is_private(const struct ip *ip)
{
	static const struct {
		const char *net;
		unsigned prefix, v4_at; /* octet at which an IPv4 address is wrapped in; 0: none */
	} nets[] = {
		{ "::ffff:0:0", 96, 12 }, { "64:ff9b::", 96, 12 }, { "2002::", 16, 2 },
		{ "fc00::", 7, 0 },       { "fe80::", 10, 0 },     { "fec0::", 10, 0 },
		{ "::", 96, 12 }, /* ::, ::1 and IPv4-compatible: wraps 0.0.0.0/8 or a real address
				   */
	};

	if (ip->family == AF_INET)
		return v4_is_private(ip->v4);
	for (size_t i = 0; i < ARRAY_LEN(nets); i++) {
		struct ip net;
		if (ip_parse(nets[i].net, &net) < 0 || !ip_in_prefix(ip, &net, nets[i].prefix))
			continue;
		struct rd r = rd_over(ip->v6, sizeof(ip->v6));
		rd_skip(&r, nets[i].v4_at);
		return nets[i].v4_at == 0 || v4_is_private(rd_u32(&r));
	}
	return false;
}
