/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-definition.c — what a network's definition says to its name service (a part of
 * messages-dns.h). */
#include "netd/messages/messages-dns.h"

#include "dns/dns-message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What can't be a name on the wire is left out here, and doesn't take the others with it. */
static bool is_name(const char *text)
{
	struct dns_name name;
	return text && dns_name_parse(text, &name) == 0 && name.labels > 0;
}

static int add_static_hosts(struct dns_config *c, const struct dhcp_host *hosts, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (is_name(hosts[i].name) && ip_is_set(&hosts[i].ip))
			r = dns_config_add_host(c, hosts[i].name, &hosts[i].ip, true);
	return r;
}

int message_dns_hosts_from_change(const struct network_ip *before, const struct network_ip *now,
				  const struct hosts_change *change, struct message_dns_hosts *ret)
{
	*ret = (struct message_dns_hosts){ .gone = dns_config_new(NULL),
					   .come = dns_config_new(NULL) };
	int r = ret->gone && ret->come ? 0 : -ENOMEM;

	if (r == 0 && change->n_before)
		r = add_static_hosts(ret->gone, before->hosts + change->first, change->n_before);
	if (r == 0 && change->n_now)
		r = add_static_hosts(ret->come, now->hosts + change->first, change->n_now);
	if (r < 0)
		message_dns_hosts_done(ret);
	return r;
}

static int add_ip(struct dns_config *c, const struct network_ip *ip)
{
	int r = ip_is_set(&ip->address) ? dns_config_add_subnet(c, &ip->address, ip->prefix) : 0;

	return r < 0 ? r : add_static_hosts(c, ip->hosts, ip->n_hosts);
}

/* Subnets behind relays: their clients ask here, and have names. */
static int add_relayed(struct dns_config *c, const struct netd_dhcp *d)
{
	int r = 0;

	for (size_t i = 0; i < d->n_relayed && r == 0; i++) {
		struct ip net = ip_network(&d->relayed[i].address, d->relayed[i].prefix);
		r = dns_config_add_subnet(c, &net, d->relayed[i].prefix);
	}
	return r;
}

static int add_hosts(struct dns_config *c, const struct network_dns *dns)
{
	int r = 0;

	for (size_t i = 0; i < dns->n_hosts; i++)
		for (size_t k = 0; r == 0 && k < dns->hosts[i].n_names; k++)
			if (is_name(dns->hosts[i].names[k]))
				r = dns_config_add_host(c, dns->hosts[i].names[k],
							&dns->hosts[i].ip, k == 0);
	return r;
}

static int add_srv(struct dns_config *c, const struct dns_srv *v)
{
	char owner[DNS_TEXT_MAX];

	snprintf(owner, sizeof(owner), "_%s._%s%s%s", v->service ? v->service : "",
		 v->protocol ? v->protocol : "", v->domain ? "." : "", v->domain ? v->domain : "");
	if (!is_name(owner) || (v->target && strcmp(v->target, ".") != 0 && !is_name(v->target)))
		return 0;
	/* dnsmasq's default where a target stands without a port */
	uint16_t port = v->has_port ? v->port : v->target ? 1 : 0;
	return dns_config_add_srv(c, owner, v->target, port, v->has_priority ? v->priority : 0,
				  v->has_weight ? v->weight : 0);
}

/* A name in rdata: with the network's domain if it is of one label. */
static void put_target(struct wr *w, const struct network *n, const char *text)
{
	struct dns_name name, domain;

	if (dns_name_parse(text, &name) < 0) {
		w->bad = true;
		return;
	}
	if (name.labels == 1 && n->domain && dns_name_parse(n->domain, &domain) == 0 &&
	    dns_name_append(&name, &domain) < 0)
		w->bad = true;
	wr_bytes(w, name.wire, name.n);
}

static uint16_t put_record(struct wr *w, const struct network *n, const struct netd_dns_record *one)
{
	switch (one->kind) {
	case NETD_DNS_ALIAS:
		put_target(w, n, one->target);
		return DNS_CNAME;
	case NETD_DNS_MX:
		wr_u16(w, one->preference);
		put_target(w, n, one->target);
		return DNS_MX;
	case NETD_DNS_CAA: /* RFC 8659 §4.1 */
		wr_u8(w, one->flags);
		wr_u8(w, (uint8_t)strlen(one->tag));
		wr_bytes(w, one->tag, strlen(one->tag));
		wr_bytes(w, one->target, strlen(one->target));
		return DNS_CAA;
	case NETD_DNS_WILDCARD:
		break;
	}
	if (one->ip.family == AF_INET6) {
		wr_bytes(w, one->ip.v6, sizeof(one->ip.v6));
		return DNS_AAAA;
	}
	wr_u32(w, one->ip.v4);
	return DNS_A;
}

/* As dns_config_add_record() wants it: "" is the domain, "*.apps" without one is absolute. */
static void record_owner(const struct network *n, const struct netd_dns_record *one, char *buf,
			 size_t cap)
{
	const char *name = one->name ? one->name : "";
	const char *domain = n->domain && !strchr(name, '.') ? n->domain : "";

	if (one->kind == NETD_DNS_WILDCARD && *name)
		snprintf(buf, cap, "*.%s%s%s", name, *domain ? "." : "", domain);
	else
		snprintf(buf, cap, "%s", one->kind == NETD_DNS_WILDCARD ? "*" : name);
}

/* What is too long for a name with the domain behind it is left out. */
static int add_record(struct dns_config *c, const struct network *n,
		      const struct netd_dns_record *one)
{
	char owner[DNS_TEXT_MAX];
	uint8_t rdata[DNS_RDATA_MAX];
	struct wr w = wr_over(rdata, sizeof(rdata));
	uint16_t type = put_record(&w, n, one);

	record_owner(n, one, owner, sizeof(owner));
	if (w.bad)
		return 0;
	return dns_config_add_record(c, owner, type, one->ttl_sec, rdata, wr_len(&w));
}

static int add_dns(struct dns_config *c, const struct network_dns *dns)
{
	int r = add_hosts(c, dns);

	for (size_t i = 0; r == 0 && i < dns->n_forwarders; i++)
		if (!dns->forwarders[i].domain || is_name(dns->forwarders[i].domain))
			r = dns_config_add_forwarder(c, &dns->forwarders[i].addr, DNS_PORT,
						     dns->forwarders[i].domain);
	for (size_t i = 0; r == 0 && i < dns->n_txts; i++)
		if (is_name(dns->txts[i].name))
			r = dns_config_add_txt(c, dns->txts[i].name, dns->txts[i].value);
	for (size_t i = 0; r == 0 && i < dns->n_srvs; i++)
		r = add_srv(c, &dns->srvs[i]);
	return r;
}

static int add_records(struct dns_config *c, const struct network *n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n->options.dns.n_records; i++)
		r = add_record(c, n, &n->options.dns.records[i]);
	for (size_t i = 0; r == 0 && i < n->dnsmasq.names.n_records; i++) {
		const struct netd_dns_record *one = &n->dnsmasq.names.records[i];
		if (one->name ? is_name(one->name) : is_name(n->domain))
			r = add_record(c, n, one);
	}
	return r;
}

static int add_all(struct dns_config *c, const struct network *n)
{
	int r = add_dns(c, &n->dns);

	for (size_t i = 0; r == 0 && i < n->n_ips; i++)
		r = add_ip(c, &n->ips[i]);
	if (r == 0)
		r = add_relayed(c, &n->options.dhcp);
	if (r == 0)
		r = add_dns(c, &n->dnsmasq.dns);
	return r < 0 ? r : add_records(c, n);
}

struct dns_config *dns_config_from_network(const struct network *n)
{
	struct dns_config *c = dns_config_new(is_name(n->domain) ? n->domain : NULL);

	if (!c)
		return NULL;
	c->local_only = n->domain_local_only == TRI_YES;
	c->forward = n->forward.mode != FORWARD_NONE;
	c->forward_plain_names = n->dns.forward_plain_names != TRI_NO && !n->dnsmasq.domain_needed;
	c->strict_order =
	    n->options.dns.order == NETD_DNS_STRICT || n->dnsmasq.names.order == NETD_DNS_STRICT;
	c->rebind_protection =
	    n->options.dns.rebind_protection || n->dnsmasq.names.rebind_protection;
	if (n->dnsmasq.no_resolv && !n->dns.n_forwarders && !n->dnsmasq.dns.n_forwarders)
		c->forward = false;
	if (add_all(c, n) < 0) {
		dns_config_free(c);
		return NULL;
	}
	return c;
}
