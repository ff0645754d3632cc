/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-server.c — the server of one network: its configuration, built beside the old one and swapped
 * in, the names of leases, and the host's resolvers. */
#include "dns/dns-internal.h"

#include "base/diff.h"

#include <errno.h>

/* A configuration on its way to become the server's. */
struct draft {
	struct dns_zone zone;
	struct dns_leases leases;
	struct dns_routes routes;
	bool has_domain;
	struct dns_name domain, soa_mname, soa_rname;
	struct dns_config_subnet *subnets;
};

static void draft_done(struct draft *d)
{
	dns_zone_done(&d->zone);
	dns_leases_done(&d->leases);
	dns_routes_done(&d->routes);
	free(d->subnets);
}

/* A name of the configuration as key, with the network's domain if it has no dot. */
static int config_name(const struct draft *d, const char *text, struct dns_name *ret_alone,
		       struct dns_name *ret_full)
{
	if (dns_name_parse(text, ret_alone) < 0 || ret_alone->labels == 0)
		return -EINVAL;
	dns_name_lower(ret_alone);
	*ret_full = *ret_alone;
	return ret_alone->labels == 1 && d->has_domain ? dns_name_append(ret_full, &d->domain) : 0;
}

static int add_host(struct draft *d, const char *text, const struct ip *ip, bool ptr)
{
	struct dns_name alone, full;
	struct dns_record *r;

	if (!ip_is_set(ip) || config_name(d, text, &alone, &full) < 0)
		return -EINVAL;
	if (dns_zone_add_address(&d->zone, &full, ip, false, USEC_INFINITY, &r) < 0)
		return -ENOMEM;
	if (!dns_name_equal(&alone, &full) &&
	    dns_zone_add_address(&d->zone, &alone, ip, false, USEC_INFINITY, &r) < 0)
		return -ENOMEM;
	return ptr ? dns_zone_add_ptr(&d->zone, ip, &full, false, USEC_INFINITY, &r) : 0;
}

/* Only the first name of an address is what the address resolves to. */
static int add_config_host(struct draft *d, const struct dns_config_host *h)
{
	struct dns_name reverse = dns_name_reverse(&h->ip, h->ip.family == AF_INET ? 32 : 128);
	return add_host(d, h->name, &h->ip, h->ptr && !dns_zone_find(&d->zone, &reverse));
}

static bool is_gateway(const struct dns_config_subnet *s)
{
	struct ip net = ip_network(&s->gateway, s->prefix);

	return s->gateway.family != AF_INET || s->prefix > 30 || !ip_equal(&net, &s->gateway);
}

/* host.DOMAIN, unless a machine that the definition names is called so; false: it can't be had. */
static bool has_free_host_name(const struct draft *d, struct dns_name *ret)
{
	if (!d->has_domain || dns_name_parse("host", ret) < 0 ||
	    dns_name_append(ret, &d->domain) < 0) /* a domain too long for it */
		return false;
	const struct dns_node *node = dns_zone_find(&d->zone, ret);
	return !node || !node->fixed;
}

/* _gateway (as systemd's nss-myhostname names it) and `host`, if not NULL, are every gateway
 * address. */
static int add_gateway(struct draft *d, const struct ip *ip, const struct dns_name *host)
{
	struct dns_record *r;
	struct dns_name reverse = dns_name_reverse(ip, ip->family == AF_INET ? 32 : 128);
	int e = add_host(d, "_gateway", ip, !dns_zone_find(&d->zone, &reverse));

	if (e < 0 || !host)
		return e;
	return dns_zone_add_address(&d->zone, host, ip, false, USEC_INFINITY, &r);
}

static int add_txt(struct draft *d, const struct dns_config_txt *t)
{
	struct dns_name name;
	struct dns_record *r;
	size_t left = strlen(t->value);
	struct rd value = rd_over(t->value, left);
	uint8_t rdata[4096];
	struct wr w = wr_over(rdata, sizeof(rdata));

	if (dns_name_parse(t->name, &name) < 0)
		return -EINVAL;
	dns_name_lower(&name);
	do { /* character-strings of at most 255 octets */
		size_t n = MIN_OF(left, 255u);
		wr_u8(&w, (uint8_t)n);
		wr_bytes(&w, rd_bytes(&value, n), n);
		left -= n;
	} while (left);
	if (w.bad)
		return -EINVAL;
	return dns_zone_add(&d->zone, &name, DNS_TXT, rdata, wr_len(&w), false, USEC_INFINITY, &r);
}

static int add_srv(struct draft *d, const struct dns_config_srv *v)
{
	struct dns_name owner, target = { 0 };
	struct dns_record *r;
	uint8_t rdata[6 + DNS_NAME_MAX];
	struct wr w = wr_over(rdata, sizeof(rdata));

	if (dns_name_parse(v->owner, &owner) < 0 ||
	    dns_name_parse(v->target ? v->target : "", &target) < 0)
		return -EINVAL;
	dns_name_lower(&owner);
	if (owner.labels == 2 && d->has_domain && dns_name_append(&owner, &d->domain) < 0)
		return -EINVAL;
	/* A bare target is a machine of this network. */
	if (target.labels == 1 && d->has_domain && dns_name_append(&target, &d->domain) < 0)
		return -EINVAL;
	wr_u16(&w, v->priority);
	wr_u16(&w, v->weight);
	wr_u16(&w, v->port);
	wr_bytes(&w, target.wire, target.n);
	return dns_zone_add(&d->zone, &owner, DNS_SRV, rdata, wr_len(&w), false, USEC_INFINITY, &r);
}

static int put_record(struct draft *d, const struct dns_name *owner,
		      const struct dns_config_record *c)
{
	struct dns_record *r;
	int e = dns_zone_add(&d->zone, owner, c->type, c->rdata, c->n, false, USEC_INFINITY, &r);

	if (e == 0 && r)
		r->ttl_sec = MIN_OF(c->ttl_sec, (uint32_t)DNS_TTL_MAX_SEC);
	return e;
}

/* A name of one label, "*" too, is one of the network's domain; "" is the domain. An alias is known
 * alone as well, as hosts are. */
static int add_record(struct draft *d, const struct dns_config_record *c)
{
	struct dns_name alone, full;

	if (dns_name_parse(c->name ? c->name : "", &alone) < 0)
		return -EINVAL;
	dns_name_lower(&alone);
	full = alone;
	if (alone.labels <= 1 && d->has_domain && dns_name_append(&full, &d->domain) < 0)
		return -EINVAL;
	if (full.labels == 0)
		return -EINVAL;
	int e = put_record(d, &full, c);
	if (e == 0 && c->type == DNS_CNAME && !dns_name_equal(&alone, &full))
		e = put_record(d, &alone, c);
	return e;
}

static int add_loopback_ptr(struct draft *d)
{
	struct dns_name localhost;
	struct dns_record *r;
	struct ip v4 = ip_from_v4(0x7f000001), v6 = { .family = AF_INET6, .v6 = { [15] = 1 } };

	if (dns_name_parse("localhost", &localhost) < 0)
		return -EINVAL;
	int e = dns_zone_add_ptr(&d->zone, &v4, &localhost, false, USEC_INFINITY, &r);
	return e < 0 ? e : dns_zone_add_ptr(&d->zone, &v6, &localhost, false, USEC_INFINITY, &r);
}

static int add_records(struct draft *d, const struct dns_config *c, struct err *e)
{
	int r = add_loopback_ptr(d);
	struct dns_name host;

	if (r < 0)
		return err_sys(e, -r, "localhost");
	for (size_t i = 0; i < c->n_hosts; i++)
		if ((r = add_config_host(d, &c->hosts[i])) < 0)
			return err_sys(e, -r, "DNS host '%s'", c->hosts[i].name);
	bool host_free = has_free_host_name(d, &host);
	for (size_t i = 0; i < c->n_subnets; i++)
		if (is_gateway(&c->subnets[i]) &&
		    (r = add_gateway(d, &c->subnets[i].gateway, host_free ? &host : NULL)) < 0)
			return err_sys(e, -r, "gateway name");
	for (size_t i = 0; i < c->n_txts; i++)
		if ((r = add_txt(d, &c->txts[i])) < 0)
			return err_sys(e, -r, "DNS TXT record '%s'", c->txts[i].name);
	for (size_t i = 0; i < c->n_srvs; i++)
		if ((r = add_srv(d, &c->srvs[i])) < 0)
			return err_sys(e, -r, "DNS SRV record '%s'", c->srvs[i].owner);
	for (size_t i = 0; i < c->n_records; i++)
		if ((r = add_record(d, &c->records[i])) < 0)
			return err_sys(e, -r, "DNS record '%s'", c->records[i].name);
	return 0;
}

static int draft_names(struct draft *d, const struct dns_config *c, struct err *e)
{
	if (c->domain) {
		if (dns_name_parse(c->domain, &d->domain) < 0 || d->domain.labels == 0)
			return err_set(e, ERR_INVALID_ARG, "domain '%s' is not a domain name",
				       c->domain);
		dns_name_lower(&d->domain);
		d->has_domain = true;
	}
	if (dns_name_parse("_gateway", &d->soa_mname) < 0 ||
	    dns_name_parse("nobody.invalid", &d->soa_rname) < 0)
		return -EINVAL;
	if (d->has_domain)
		(void)!dns_name_append(&d->soa_mname, &d->domain);
	return 0;
}

/* The leases of before, in their order, below the new domain. */
static int copy_leases(struct draft *d, const struct dns_leases *from, struct err *e)
{
	struct dns_lease *one;

	list_foreach (one, &from->all, struct dns_lease, link) {
		int r = dns_leases_add(&d->leases, &d->zone, d->has_domain ? &d->domain : NULL,
				       &one->label, &one->ip, one->expires);
		if (r == -ENOMEM)
			return err_sys(e, ENOMEM, "lease names");
	}
	return 0;
}

static int draft_build(struct draft *d, const struct dns_config *c, const struct dns_leases *leases,
		       struct err *e)
{
	int r;

	memset(d, 0, sizeof(*d));
	r = dns_routes_init(&d->routes, c, e);
	if (r < 0)
		return r;
	dns_zone_init(&d->zone);
	dns_leases_init(&d->leases);
	d->subnets = calloc(c->n_subnets + 1, sizeof(*d->subnets));
	r = d->subnets ? draft_names(d, c, e) : err_sys(e, ENOMEM, "name service");
	if (r == 0)
		r = add_records(d, c, e);
	if (r == 0)
		r = copy_leases(d, leases, e);
	if (r < 0) {
		draft_done(d);
		return r;
	}
	if (c->n_subnets)
		memcpy(d->subnets, c->subnets, c->n_subnets * sizeof(*d->subnets));
	return 0;
}

static void server_drop_config(struct dns_server *s)
{
	dns_zone_done(&s->zone);
	dns_leases_done(&s->leases);
	dns_routes_done(&s->routes);
	free(s->subnets);
}

/* A list's head is part of the object that moves: hang the elements into the new one. */
static void leases_move(struct dns_leases *to, struct dns_leases *from)
{
	*to = *from;
	list_init(&to->all);
	struct dns_lease *one;
	list_foreach (one, &from->all, struct dns_lease, link) {
		list_remove(&one->link);
		list_add_tail(&to->all, &one->link);
	}
}

static uint64_t forwarders_hash(const struct dns_config *c)
{
	uint64_t h = DIFF_HASH_START;

	for (size_t i = 0; i < c->n_forwarders; i++) {
		const struct dns_config_forwarder *f = &c->forwarders[i];
		char text[IP_TEXT_MAX] = "";
		if (ip_is_set(&f->address))
			ip_format(&f->address, text);
		h = diff_hash(h, text, strlen(text) + 1);
		h = diff_hash(h, &f->port, sizeof(f->port));
		if (f->domain)
			h = diff_hash(h, f->domain, strlen(f->domain) + 1);
	}
	return h;
}

static void server_take(struct dns_server *s, struct draft *d, const struct dns_config *c)
{
	uint32_t serial = s->zone.serial;

	s->zone = d->zone;
	s->zone.serial += serial;
	leases_move(&s->leases, &d->leases);
	s->routes = d->routes;
	s->has_domain = d->has_domain;
	s->domain = d->domain;
	s->soa_mname = d->soa_mname;
	s->soa_rname = d->soa_rname;
	s->subnets = d->subnets;
	s->n_subnets = c->n_subnets;
	s->rebind_protection = c->rebind_protection;
	s->strict_order = c->strict_order;
	s->forwarders = forwarders_hash(c);
}

_Thread_local struct dns_scratch dns_scratch;

struct dns_server *dns_server_new(const struct dns_config *c, struct err *e)
{
	struct dns_server *s = calloc(1, sizeof(*s));
	struct dns_leases none;
	struct draft d;

	if (!s) {
		err_sys(e, ENOMEM, "name service");
		return NULL;
	}
	dns_leases_init(&none);
	int r = draft_build(&d, c, &none, e);
	dns_leases_done(&none);
	if (r < 0) {
		free(s);
		return NULL;
	}
	server_take(s, &d, c);
	dns_cache_init(&s->cache, DNS_CACHE_MAX_BYTES);
	dns_forward_init(&s->forward);
	dns_askers_init(&s->askers);
	return s;
}

void dns_server_free(struct dns_server *s)
{
	if (!s)
		return;
	dns_forward_done(&s->forward);
	dns_cache_done(&s->cache);
	server_drop_config(s);
	free(s);
}

int dns_server_configure(struct dns_server *s, const struct dns_config *c, struct err *e)
{
	struct draft d;
	int r = draft_build(&d, c, &s->leases, e);

	if (r < 0)
		return r;
	/* Other servers, perhaps with another view of the world: what the old ones said doesn't
	 * count. */
	if (forwarders_hash(c) != s->forwarders || (c->rebind_protection && !s->rebind_protection))
		dns_cache_clear(&s->cache);
	dns_cache_drop_negative(&s->cache);
	server_drop_config(s);
	server_take(s, &d, c);
	return 0;
}

static bool is_own_address(const struct dns_server *s, const struct ip *ip)
{
	for (size_t i = 0; i < s->n_subnets; i++)
		if (ip_equal(ip, &s->subnets[i].gateway))
			return true;
	return false;
}

void dns_server_set_upstreams(struct dns_server *s, const struct dns_upstream *u, size_t n)
{
	struct dns_group *g = &s->host_servers;

	memset(g, 0, sizeof(*g));
	for (size_t i = 0; i < n && g->n < DNS_UPSTREAMS_MAX; i++) {
		if (!ip_is_set(&u[i].address) || is_own_address(s, &u[i].address))
			continue;
		(void)!dns_group_add(g, &u[i].address, u[i].port);
	}
	dns_cache_drop_negative(&s->cache);
}

/* A guest's name: one label; one below the network's domain is cut. */
static int lease_label(const struct dns_server *s, const char *text, struct dns_name *ret)
{
	if (dns_name_parse(text, ret) < 0)
		return -EINVAL;
	dns_name_lower(ret);
	if (s->has_domain && ret->labels == s->domain.labels + 1 &&
	    dns_name_is_below(ret, &s->domain)) {
		ret->n = (uint8_t)(1 + ret->wire[0] + 1);
		ret->wire[ret->n - 1] = 0;
		ret->labels = 1;
	}
	if (ret->labels != 1 || (ret->n == 11 && memcmp(ret->wire, "\x09localhost", 10) == 0))
		return -EINVAL;
	return 0;
}

int dns_lease_add(struct dns_server *s, const char *name, const struct ip *ip, usec_t expires)
{
	struct dns_name label;

	if (!ip_is_set(ip) || lease_label(s, name, &label) < 0)
		return -EINVAL;
	return dns_leases_add(&s->leases, &s->zone, s->has_domain ? &s->domain : NULL, &label, ip,
			      expires);
}

void dns_lease_remove(struct dns_server *s, const char *name, const struct ip *ip)
{
	struct dns_name label;

	if (lease_label(s, name, &label) == 0)
		dns_leases_remove(&s->leases, &s->zone, &label, ip);
}
