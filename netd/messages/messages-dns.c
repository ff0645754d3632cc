/* SPDX-License-Identifier: GPL-2.0-or-later */
/* messages-dns.c — see messages-dns.h. */
#include "netd/messages/messages-dns.h"

#include "rpc/xdr.h"

#include <errno.h>

#define SUBNETS_MAX    256
#define FORWARDERS_MAX 4096
#define HOSTS_MAX      (256 * 1024)
#define TXTS_MAX       16384
#define SRVS_MAX       16384
#define RECORDS_MAX    65536
#define VALUE_MAX      4096
#define ROW_OCTETS     64 /* of a row without its texts, generously */

static size_t text_octets(const char *s)
{
	return s ? strlen(s) + 8 : 8;
}

static size_t config_octets(const struct dns_config *c)
{
	size_t n = ROW_OCTETS * (2 + c->n_subnets + c->n_forwarders + c->n_hosts + c->n_txts +
				 c->n_srvs + c->n_records) +
		   text_octets(c->domain);

	for (size_t i = 0; i < c->n_forwarders; i++)
		n += text_octets(c->forwarders[i].domain);
	for (size_t i = 0; i < c->n_hosts; i++)
		n += text_octets(c->hosts[i].name);
	for (size_t i = 0; i < c->n_txts; i++)
		n += text_octets(c->txts[i].name) + text_octets(c->txts[i].value);
	for (size_t i = 0; i < c->n_srvs; i++)
		n += text_octets(c->srvs[i].owner) + text_octets(c->srvs[i].target);
	for (size_t i = 0; i < c->n_records; i++)
		n += text_octets(c->records[i].name) + c->records[i].n;
	return n;
}

static void put_hosts(struct wr *w, const struct dns_config *c)
{
	wr_u32(w, (uint32_t)c->n_hosts);
	for (size_t i = 0; i < c->n_hosts; i++) {
		xdr_put_string(w, c->hosts[i].name);
		xdr_put_ip(w, &c->hosts[i].ip);
		xdr_put_bool(w, c->hosts[i].ptr);
	}
}

static void put_config(struct wr *w, const struct dns_config *c)
{
	xdr_put_string(w, c->domain);
	xdr_put_bool(w, c->local_only);
	xdr_put_bool(w, c->forward);
	xdr_put_bool(w, c->forward_plain_names);
	xdr_put_bool(w, c->rebind_protection);
	xdr_put_bool(w, c->strict_order);
	wr_u32(w, (uint32_t)c->n_subnets);
	for (size_t i = 0; i < c->n_subnets; i++) {
		xdr_put_ip(w, &c->subnets[i].gateway);
		wr_u32(w, c->subnets[i].prefix);
	}
	wr_u32(w, (uint32_t)c->n_forwarders);
	for (size_t i = 0; i < c->n_forwarders; i++) {
		xdr_put_ip(w, &c->forwarders[i].address);
		wr_u32(w, c->forwarders[i].port);
		xdr_put_string(w, c->forwarders[i].domain);
	}
	put_hosts(w, c);
	wr_u32(w, (uint32_t)c->n_txts);
	for (size_t i = 0; i < c->n_txts; i++) {
		xdr_put_string(w, c->txts[i].name);
		xdr_put_string(w, c->txts[i].value);
	}
	wr_u32(w, (uint32_t)c->n_srvs);
	for (size_t i = 0; i < c->n_srvs; i++) {
		xdr_put_string(w, c->srvs[i].owner);
		xdr_put_string(w, c->srvs[i].target);
		wr_u32(w, c->srvs[i].port);
		wr_u32(w, c->srvs[i].priority);
		wr_u32(w, c->srvs[i].weight);
	}
	wr_u32(w, (uint32_t)c->n_records);
	for (size_t i = 0; i < c->n_records; i++) {
		const struct dns_config_record *one = &c->records[i];
		xdr_put_string(w, one->name);
		wr_u32(w, one->type);
		wr_u32(w, one->ttl_sec);
		xdr_put_opaque(w, one->rdata, one->n);
	}
}

int message_dns_config_encode(uint32_t net_id, const struct dns_config *c, uint8_t **ret,
			      size_t *ret_n)
{
	size_t cap = config_octets(c);
	auto_free uint8_t *buf = malloc(cap);
	struct wr w = wr_over(buf, buf ? cap : 0);

	if (!buf)
		return -ENOMEM;
	wr_u32(&w, net_id);
	put_config(&w, c);
	if (w.bad)
		return -EMSGSIZE;
	*ret_n = wr_len(&w);
	*ret = take_ptr(buf);
	return 0;
}

int message_dns_hosts_encode(const struct message_dns_hosts *m, uint8_t **ret, size_t *ret_n)
{
	size_t cap = config_octets(m->gone) + config_octets(m->come);
	auto_free uint8_t *buf = malloc(cap);
	struct wr w = wr_over(buf, buf ? cap : 0);

	if (!buf)
		return -ENOMEM;
	wr_u32(&w, m->net_id);
	put_hosts(&w, m->gone);
	put_hosts(&w, m->come);
	if (w.bad)
		return -EMSGSIZE;
	*ret_n = wr_len(&w);
	*ret = take_ptr(buf);
	return 0;
}

static uint16_t get_u16(struct rd *r)
{
	uint32_t v = rd_u32(r);

	if (v > UINT16_MAX)
		r->bad = true;
	return (uint16_t)v;
}

/* All rows of each kind; -EPROTO as soon as one is bad, so that a large count alone costs nothing.
 */
static int get_subnets(struct rd *r, struct dns_config *c)
{
	for (uint32_t left = xdr_get_count(r, SUBNETS_MAX); left && !r->bad; left--) {
		struct ip gateway = xdr_get_ip(r);
		uint32_t prefix = rd_u32(r);
		if (!r->bad && dns_config_add_subnet(c, &gateway, prefix) < 0)
			return -ENOMEM;
	}
	return r->bad ? -EPROTO : 0;
}

static int get_forwarders(struct rd *r, struct dns_config *c)
{
	char domain[DNS_TEXT_MAX];

	for (uint32_t left = xdr_get_count(r, FORWARDERS_MAX); left && !r->bad; left--) {
		struct ip address = xdr_get_ip(r);
		uint16_t port = get_u16(r);
		xdr_get_text(r, domain, sizeof(domain));
		if (!r->bad && dns_config_add_forwarder(c, &address, port, domain) < 0)
			return -ENOMEM;
	}
	return r->bad ? -EPROTO : 0;
}

static int get_hosts(struct rd *r, struct dns_config *c)
{
	char name[DNS_TEXT_MAX];

	for (uint32_t left = xdr_get_count(r, HOSTS_MAX); left && !r->bad; left--) {
		xdr_get_text(r, name, sizeof(name));
		struct ip ip = xdr_get_ip(r);
		bool ptr = xdr_get_bool(r);
		if (!r->bad && dns_config_add_host(c, name, &ip, ptr) < 0)
			return -ENOMEM;
	}
	return r->bad ? -EPROTO : 0;
}

static int get_txts(struct rd *r, struct dns_config *c)
{
	char name[DNS_TEXT_MAX], value[VALUE_MAX];

	for (uint32_t left = xdr_get_count(r, TXTS_MAX); left && !r->bad; left--) {
		xdr_get_text(r, name, sizeof(name));
		xdr_get_text(r, value, sizeof(value));
		if (!r->bad && dns_config_add_txt(c, name, value) < 0)
			return -ENOMEM;
	}
	return r->bad ? -EPROTO : 0;
}

static int get_srvs(struct rd *r, struct dns_config *c)
{
	char owner[DNS_TEXT_MAX], target[DNS_TEXT_MAX];

	for (uint32_t left = xdr_get_count(r, SRVS_MAX); left && !r->bad; left--) {
		xdr_get_text(r, owner, sizeof(owner));
		xdr_get_text(r, target, sizeof(target));
		uint16_t port = get_u16(r), priority = get_u16(r), weight = get_u16(r);
		if (!r->bad && dns_config_add_srv(c, owner, target, port, priority, weight) < 0)
			return -ENOMEM;
	}
	return r->bad ? -EPROTO : 0;
}

static int get_records(struct rd *r, struct dns_config *c)
{
	char name[DNS_TEXT_MAX];
	uint8_t rdata[DNS_RDATA_MAX];

	for (uint32_t left = xdr_get_count(r, RECORDS_MAX); left && !r->bad; left--) {
		xdr_get_text(r, name, sizeof(name));
		uint16_t type = get_u16(r);
		uint32_t ttl = rd_u32(r);
		size_t n = xdr_get_opaque(r, rdata, sizeof(rdata));
		int e = r->bad ? 0 : dns_config_add_record(c, name, type, ttl, rdata, n);
		if (e < 0)
			return e == -EINVAL ? -EPROTO : e;
	}
	return r->bad ? -EPROTO : 0;
}

/* A whole body was read, no more and no less. */
static int complete(const struct rd *r)
{
	return r->bad || rd_left(r) ? -EPROTO : 0;
}

int message_dns_config_decode(const uint8_t *body, size_t n, uint32_t *ret_net_id,
			      struct dns_config **ret)
{
	static int (*const parts[])(struct rd *, struct dns_config *) = {
		get_subnets, get_forwarders, get_hosts, get_txts, get_srvs, get_records
	};
	struct rd r = rd_over(body, n);
	char domain[DNS_TEXT_MAX];
	uint32_t net_id = rd_u32(&r);

	xdr_get_text(&r, domain, sizeof(domain));
	if (r.bad || net_id == 0)
		return -EPROTO;
	struct dns_config *c = dns_config_new(domain);
	if (!c)
		return -ENOMEM;
	c->local_only = xdr_get_bool(&r);
	c->forward = xdr_get_bool(&r);
	c->forward_plain_names = xdr_get_bool(&r);
	c->rebind_protection = xdr_get_bool(&r);
	c->strict_order = xdr_get_bool(&r);
	int e = 0;
	for (size_t i = 0; e == 0 && i < ARRAY_LEN(parts); i++)
		e = parts[i](&r, c);
	if (e == 0)
		e = complete(&r);
	if (e < 0) {
		dns_config_free(c);
		return e;
	}
	*ret_net_id = net_id;
	*ret = c;
	return 0;
}

/* ---- a change of hosts ---- */

void message_dns_hosts_done(struct message_dns_hosts *m)
{
	dns_config_free(m->gone);
	dns_config_free(m->come);
	*m = (struct message_dns_hosts){ 0 };
}

static int hosts_new(uint32_t net_id, struct message_dns_hosts *ret)
{
	*ret = (struct message_dns_hosts){ .net_id = net_id,
					   .gone = dns_config_new(NULL),
					   .come = dns_config_new(NULL) };
	return ret->gone && ret->come ? 0 : -ENOMEM;
}

int message_dns_hosts_decode(const uint8_t *body, size_t n, struct message_dns_hosts *ret)
{
	struct rd r = rd_over(body, n);
	struct message_dns_hosts m;
	int e = hosts_new(rd_u32(&r), &m);

	if (e == 0)
		e = get_hosts(&r, m.gone);
	if (e == 0)
		e = get_hosts(&r, m.come);
	if (e == 0 &&
	    (complete(&r) < 0 || m.net_id == 0 || m.gone->n_hosts > DNS_HOSTS_CHANGE_MAX ||
	     m.come->n_hosts > DNS_HOSTS_CHANGE_MAX))
		e = -EPROTO;
	if (e < 0) {
		message_dns_hosts_done(&m);
		return e;
	}
	*ret = m;
	return 0;
}

/* The last one: names of <dns><host> stand before those of static hosts. */
static struct dns_config_host *find_host(struct dns_config *c, const struct dns_config_host *like)
{
	for (size_t i = c->n_hosts; i-- > 0;)
		if (c->hosts[i].ptr == like->ptr && ip_equal(&c->hosts[i].ip, &like->ip) &&
		    strcmp(c->hosts[i].name, like->name) == 0)
			return &c->hosts[i];
	return NULL;
}

int message_dns_hosts_apply(const struct message_dns_hosts *m, struct dns_config *c)
{
	for (size_t i = 0; i < m->gone->n_hosts; i++) {
		struct dns_config_host *h = find_host(c, &m->gone->hosts[i]);
		if (!h)
			return -EPROTO;
		free(h->name);
		memmove(h, h + 1, (size_t)(c->hosts + c->n_hosts - (h + 1)) * sizeof(*h));
		c->n_hosts--;
	}
	for (size_t i = 0; i < m->come->n_hosts; i++) {
		const struct dns_config_host *h = &m->come->hosts[i];
		if (dns_config_add_host(c, h->name, &h->ip, h->ptr) < 0)
			return -ENOMEM;
	}
	return 0;
}

void message_dns_lease_encode(struct wr *w, const struct message_dns_lease *m)
{
	wr_u32(w, m->net_id);
	xdr_put_bool(w, m->add);
	xdr_put_string(w, m->name);
	xdr_put_ip(w, &m->ip);
	wr_u64(w, m->expires);
}

int message_dns_lease_decode(const uint8_t *body, size_t n, struct message_dns_lease *ret)
{
	struct rd r = rd_over(body, n);
	struct message_dns_lease m = { .net_id = rd_u32(&r), .add = xdr_get_bool(&r) };

	xdr_get_text(&r, m.name, sizeof(m.name));
	m.ip = xdr_get_ip(&r);
	m.expires = rd_u64(&r);
	if (complete(&r) < 0 || m.net_id == 0 || !ip_is_set(&m.ip))
		return -EPROTO;
	*ret = m;
	return 0;
}

void message_dns_upstreams_encode(struct wr *w, const struct message_dns_upstreams *m)
{
	wr_u32(w, (uint32_t)m->n);
	for (size_t i = 0; i < m->n; i++) {
		xdr_put_ip(w, &m->server[i].address);
		wr_u32(w, m->server[i].port);
	}
}

int message_dns_upstreams_decode(const uint8_t *body, size_t n, struct message_dns_upstreams *ret)
{
	struct rd r = rd_over(body, n);
	struct message_dns_upstreams m = { .n = xdr_get_count(&r, DNS_UPSTREAMS_MAX) };

	for (size_t i = 0; i < m.n; i++) {
		m.server[i].address = xdr_get_ip(&r);
		m.server[i].port = get_u16(&r);
	}
	if (complete(&r) < 0)
		return -EPROTO;
	*ret = m;
	return 0;
}

void message_dns_sockets_encode(struct wr *w, uint32_t net_id, uint32_t mask)
{
	wr_u32(w, net_id);
	wr_u32(w, mask);
}

int message_dns_sockets_decode(const uint8_t *body, size_t n, uint32_t *ret_net_id,
			       uint32_t *ret_mask)
{
	struct rd r = rd_over(body, n);
	uint32_t net_id = rd_u32(&r), mask = rd_u32(&r);

	if (complete(&r) < 0 || net_id == 0 || mask >> DNS_SOCKET_COUNT)
		return -EPROTO;
	*ret_net_id = net_id;
	*ret_mask = mask;
	return 0;
}

void message_dns_net_encode(struct wr *w, uint32_t net_id)
{
	wr_u32(w, net_id);
}

int message_dns_net_decode(const uint8_t *body, size_t n, uint32_t *ret_net_id)
{
	struct rd r = rd_over(body, n);
	uint32_t net_id = rd_u32(&r);

	if (complete(&r) < 0 || net_id == 0)
		return -EPROTO;
	*ret_net_id = net_id;
	return 0;
}

void message_dns_counters_encode(struct wr *w, const struct message_dns_counters *m)
{
	wr_u32(w, m->net_id);
	wr_u32(w, DNS_COUNTER_COUNT);
	for (size_t i = 0; i < DNS_COUNTER_COUNT; i++)
		wr_u64(w, m->counter[i]);
}

int message_dns_counters_decode(const uint8_t *body, size_t n, struct message_dns_counters *ret)
{
	struct rd r = rd_over(body, n);
	struct message_dns_counters m = { .net_id = rd_u32(&r) };

	if (rd_u32(&r) != DNS_COUNTER_COUNT)
		return -EPROTO;
	for (size_t i = 0; i < DNS_COUNTER_COUNT; i++)
		m.counter[i] = rd_u64(&r);
	if (complete(&r) < 0 || m.net_id == 0)
		return -EPROTO;
	*ret = m;
	return 0;
}
