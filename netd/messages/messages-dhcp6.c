/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/messages/messages-dhcp6.h"

#include "netd/messages/messages-rules.h"
#include "rpc/xdr.h"

#include <errno.h>
#include <string.h>

/* Octets on the wire, at least (arrays are allocated by their count) and at most. */
#define IP_MIN_SIZE   4
#define IP_SIZE       24
#define RANGE_SIZE    (2 * IP_MIN_SIZE + 4)
#define RANGE_MAX     (2 * IP_SIZE + 4)
#define HOST_MIN_SIZE (4 + 4 + IP_MIN_SIZE + 4)
#define HOST_MAX_SIZE (8 + DHCP6_DUID_MAX + 8 + DHCP6_NAME_MAX + IP_SIZE + 4)
#define NAME_MIN_SIZE 4
#define NAME_MAX_SIZE (NAME_MIN_SIZE + DHCP6_NAME_MAX)
#define CONFIG_SIZE   (128 + 2 * IP_SIZE + DHCP6_DOMAIN_MAX + DHCP6_DUID_MAX)

static int finish(const struct rd *r)
{
	return r->bad || rd_left(r) ? -EPROTO : 0;
}

/* An IPv6 address, or none where that is allowed. */
static struct ip get_ip6(struct rd *r, bool may_be_none)
{
	struct ip ip = xdr_get_ip(r);

	if (ip.family != AF_INET6 && (ip_is_set(&ip) || !may_be_none))
		r->bad = true;
	return ip;
}

/* ---- router advertisements ---- */

void msg_put_ra_config(struct wr *w, uint32_t net_id, const struct ra_config *c)
{
	wr_u32(w, net_id);
	xdr_put_mac(w, &c->mac);
	xdr_put_ip(w, &c->link_local);
	wr_u32(w, c->mtu);
	xdr_put_bool(w, c->managed);
	xdr_put_bool(w, c->other);
	wr_u32(w, c->router_lifetime);
	xdr_put_ip(w, &c->dns);
	xdr_put_string(w, c->domain);
	wr_u32(w, (uint32_t)c->n_prefixes);
	for (size_t i = 0; i < c->n_prefixes; i++) {
		const struct ra_prefix *p = &c->prefix[i];
		xdr_put_ip(w, &p->prefix);
		wr_u32(w, p->length);
		xdr_put_bool(w, p->autonomous);
		wr_u32(w, p->valid);
		wr_u32(w, p->preferred);
	}
}

int msg_get_ra_config(const void *body, size_t n, uint32_t *ret_net_id, struct ra_config *ret)
{
	struct rd r = rd_over(body, n);
	struct ra_config c;
	uint32_t net_id = rd_u32(&r);

	memset(&c, 0, sizeof(c)); /* the engine compares whole configurations */
	c.mac = xdr_get_mac(&r);
	c.link_local = get_ip6(&r, false);
	c.mtu = rd_u32(&r);
	c.managed = xdr_get_bool(&r);
	c.other = xdr_get_bool(&r);
	c.router_lifetime = (uint16_t)rd_u32(&r);
	c.dns = get_ip6(&r, true);
	xdr_get_text(&r, c.domain, sizeof(c.domain));
	c.n_prefixes = xdr_get_count(&r, RA_PREFIXES_MAX);
	for (size_t i = 0; i < c.n_prefixes && !r.bad; i++) {
		struct ra_prefix *p = &c.prefix[i];
		p->prefix = get_ip6(&r, false);
		p->length = rd_u32(&r);
		p->autonomous = xdr_get_bool(&r);
		p->valid = rd_u32(&r);
		p->preferred = rd_u32(&r);
		r.bad |= p->length > 128;
	}
	if (finish(&r) < 0 || !net_id)
		return -EPROTO;
	*ret_net_id = net_id;
	memcpy(ret, &c, sizeof(c));
	return 0;
}

/* ---- DHCPv6 ---- */

size_t msg_dhcp6_config_size(const struct dhcp6_config *c)
{
	return CONFIG_SIZE + c->n_ranges * RANGE_MAX + c->n_hosts * HOST_MAX_SIZE +
	       c->n_reserved * NAME_MAX_SIZE + msg_rules_size(&c->rules);
}

static void put_host(struct wr *w, const struct dhcp6_host *h)
{
	xdr_put_opaque(w, h->duid, h->duid_len);
	xdr_put_string(w, h->name);
	xdr_put_ip(w, &h->ip);
	wr_u32(w, h->lease_sec);
}

void msg_put_dhcp6_config(struct wr *w, uint32_t net_id, const struct dhcp6_config *c)
{
	wr_u32(w, net_id);
	xdr_put_ip(w, &c->server);
	wr_u32(w, c->prefix);
	xdr_put_mac(w, &c->bridge_mac);
	xdr_put_opaque(w, c->duid, c->duid_len);
	xdr_put_ip(w, &c->dns);
	xdr_put_string(w, c->domain);
	wr_u32(w, c->default_lease_sec);
	wr_u32(w, (uint32_t)c->n_ranges);
	for (size_t i = 0; i < c->n_ranges; i++) {
		xdr_put_ip(w, &c->ranges[i].start);
		xdr_put_ip(w, &c->ranges[i].end);
		wr_u32(w, c->ranges[i].lease_sec);
	}
	wr_u32(w, (uint32_t)c->n_hosts);
	for (size_t i = 0; i < c->n_hosts; i++)
		put_host(w, &c->hosts[i]);
	wr_u32(w, (uint32_t)c->n_reserved);
	for (size_t i = 0; i < c->n_reserved; i++)
		xdr_put_string(w, c->reserved[i].s);
	msg_put_rules(w, &c->rules);
}

static int get_arrays(struct rd *r, struct dhcp6_config *c)
{
	int err = msg_get_array(r, DHCP6_RANGES_MAX, RANGE_SIZE, sizeof(*c->ranges), &c->ranges,
				&c->n_ranges);

	for (size_t i = 0; !err && i < c->n_ranges; i++) {
		c->ranges[i].start = get_ip6(r, false);
		c->ranges[i].end = get_ip6(r, false);
		c->ranges[i].lease_sec = rd_u32(r);
	}
	if (!err)
		err = msg_get_array(r, DHCP6_HOSTS_MAX, HOST_MIN_SIZE, sizeof(*c->hosts), &c->hosts,
				    &c->n_hosts);
	for (size_t i = 0; !err && i < c->n_hosts; i++) {
		struct dhcp6_host *h = &c->hosts[i];
		h->duid_len = (uint8_t)xdr_get_opaque(r, h->duid, sizeof(h->duid));
		xdr_get_text(r, h->name, sizeof(h->name));
		h->ip = get_ip6(r, true);
		h->lease_sec = rd_u32(r);
	}
	if (!err)
		err = msg_get_array(r, DHCP4_RESERVED_MAX, NAME_MIN_SIZE, sizeof(*c->reserved),
				    &c->reserved, &c->n_reserved);
	for (size_t i = 0; !err && i < c->n_reserved; i++)
		xdr_get_text(r, c->reserved[i].s, sizeof(c->reserved[i].s));
	return err;
}

int msg_get_dhcp6_config(const void *body, size_t n, uint32_t *ret_net_id, struct dhcp6_config *ret)
{
	struct rd r = rd_over(body, n);
	struct dhcp6_config c = { 0 };
	uint32_t net_id = rd_u32(&r);

	c.server = get_ip6(&r, false);
	c.prefix = rd_u32(&r);
	c.bridge_mac = xdr_get_mac(&r);
	c.duid_len = (uint8_t)xdr_get_opaque(&r, c.duid, sizeof(c.duid));
	c.dns = get_ip6(&r, true);
	xdr_get_text(&r, c.domain, sizeof(c.domain));
	c.default_lease_sec = rd_u32(&r);
	int err = get_arrays(&r, &c);
	if (!err)
		err = msg_get_rules(&r, &c.rules);
	if (!err)
		err = net_id ? finish(&r) : -EPROTO;
	if (err) {
		dhcp6_config_done(&c);
		return err;
	}
	*ret_net_id = net_id;
	*ret = c;
	return 0;
}

/* ---- short ones ---- */

void msg_put_dhcp6_free(struct wr *w, uint32_t net_id, const struct ip *ip)
{
	wr_u32(w, net_id);
	xdr_put_ip(w, ip);
}

int msg_get_dhcp6_free(const void *body, size_t n, uint32_t *ret_net_id, struct ip *ret)
{
	struct rd r = rd_over(body, n);
	uint32_t net_id = rd_u32(&r);
	struct ip ip = get_ip6(&r, false);

	if (finish(&r) < 0 || !net_id)
		return -EPROTO;
	*ret_net_id = net_id;
	*ret = ip;
	return 0;
}

/* ---- bindings ---- */

static void put_record(struct wr *w, const struct msg_dhcp6_record *m)
{
	const struct dhcp6_binding *b = &m->binding;

	wr_u32(w, m->net_id);
	wr_u64(w, m->token);
	wr_u32(w, m->change);
	xdr_put_ip(w, &b->ip);
	xdr_put_mac(w, &b->mac);
	wr_u32(w, b->iaid);
	xdr_put_opaque(w, b->duid, b->duid_len);
	xdr_put_string(w, b->name);
	wr_u32(w, b->lease_sec);
	wr_u64(w, b->expires);
	wr_u32(w, b->port);
	xdr_put_i64(w, m->expires_wall);
}

static void get_record(struct rd *r, struct msg_dhcp6_record *m)
{
	struct dhcp6_binding *b = &m->binding;

	memset(m, 0, sizeof(*m));
	m->net_id = rd_u32(r);
	m->token = rd_u64(r);
	uint32_t change = rd_u32(r);
	b->ip = get_ip6(r, false);
	b->mac = xdr_get_mac(r);
	b->iaid = rd_u32(r);
	b->duid_len = (uint8_t)xdr_get_opaque(r, b->duid, sizeof(b->duid));
	xdr_get_text(r, b->name, sizeof(b->name));
	b->lease_sec = rd_u32(r);
	b->expires = rd_u64(r);
	b->port = rd_u32(r);
	m->expires_wall = xdr_get_i64(r);
	if (!m->net_id || change > DHCP4_EXPIRE || mac_is_zero(&b->mac) ||
	    mac_is_multicast(&b->mac) || b->duid_len < DHCP6_DUID_MIN ||
	    !msg_is_clean_name(b->name) || !msg_is_time(m->expires_wall))
		r->bad = true;
	else
		m->change = (enum dhcp4_change)change;
}

void msg_put_dhcp6_records(struct wr *w, const struct msg_dhcp6_record *records, size_t count)
{
	wr_u32(w, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		put_record(w, &records[i]);
}

int msg_get_dhcp6_records(const void *body, size_t n, struct msg_dhcp6_record *ret)
{
	struct rd r = rd_over(body, n);
	uint32_t count = xdr_get_count(&r, MSG_DHCP_RECORDS_MAX);

	for (uint32_t i = 0; i < count && !r.bad; i++)
		get_record(&r, &ret[i]);
	return finish(&r) < 0 || !count ? -EPROTO : (int)count;
}

/* ---- counters ---- */

void msg_put_ip6_counters(struct wr *w, uint32_t net_id, const struct dhcp6_usage *dhcp,
			  const uint64_t ra[static RA_COUNTER_N])
{
	wr_u32(w, net_id);
	wr_u32(w, dhcp->pool);
	wr_u32(w, dhcp->bound);
	wr_u32(w, dhcp->idle);
	wr_u32(w, dhcp->quarantined);
	for (size_t i = 0; i < DHCP6_COUNTER_N; i++)
		wr_u64(w, dhcp->count[i]);
	for (size_t i = 0; i < RA_COUNTER_N; i++)
		wr_u64(w, ra[i]);
}

int msg_get_ip6_counters(const void *body, size_t n, uint32_t *ret_net_id, struct dhcp6_usage *dhcp,
			 uint64_t ra[static RA_COUNTER_N])
{
	struct rd r = rd_over(body, n);
	uint32_t net_id = rd_u32(&r);

	dhcp->pool = rd_u32(&r);
	dhcp->bound = rd_u32(&r);
	dhcp->idle = rd_u32(&r);
	dhcp->quarantined = rd_u32(&r);
	for (size_t i = 0; i < DHCP6_COUNTER_N; i++)
		dhcp->count[i] = rd_u64(&r);
	for (size_t i = 0; i < RA_COUNTER_N; i++)
		ra[i] = rd_u64(&r);
	*ret_net_id = net_id;
	return finish(&r) < 0 || !net_id ? -EPROTO : 0;
}
