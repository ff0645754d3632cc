/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/messages/messages-dhcp.h"

#include "netd/messages/messages-rules.h"
#include "rpc/xdr.h"

#include <errno.h>
#include <string.h>

/* Octets on the wire, at least (arrays are allocated by their count) and at most. */
#define RANGE_SIZE    12
#define HOST_MIN_SIZE 24
#define HOST_MAX_SIZE (HOST_MIN_SIZE + DHCP4_NAME_MAX)
#define NAME_MIN_SIZE 4
#define NAME_MAX_SIZE (NAME_MIN_SIZE + DHCP4_NAME_MAX)
#define CONFIG_SIZE   (96 + DHCP4_DOMAIN_MAX + DHCP4_BOOT_FILE_MAX)

/* The whole body was read, and nothing but it. */
static int finish(const struct rd *r)
{
	return r->bad || rd_left(r) ? -EPROTO : 0;
}

/* ---- config ---- */

size_t msg_dhcp4_config_size(const struct dhcp4_config *c)
{
	return CONFIG_SIZE + c->n_ranges * RANGE_SIZE + c->n_hosts * HOST_MAX_SIZE +
	       c->n_reserved * NAME_MAX_SIZE + msg_rules_size(&c->rules);
}

static void put_host(struct wr *w, const struct dhcp4_host *h)
{
	xdr_put_bool(w, h->has_mac);
	xdr_put_mac(w, &h->mac);
	xdr_put_string(w, h->name);
	wr_u32(w, h->ip);
	wr_u32(w, h->lease_sec);
}

void msg_put_dhcp4_config(struct wr *w, uint32_t net_id, const struct dhcp4_config *c)
{
	wr_u32(w, net_id);
	wr_u32(w, c->server);
	wr_u32(w, c->prefix);
	wr_u32(w, c->subnet);
	wr_u32(w, c->relay);
	wr_u32(w, c->via);
	wr_u32(w, c->links);
	xdr_put_mac(w, &c->bridge_mac);
	wr_u32(w, c->router);
	wr_u32(w, c->dns);
	xdr_put_string(w, c->domain);
	wr_u32(w, c->mtu);
	wr_u32(w, c->default_lease_sec);
	xdr_put_string(w, c->boot_file);
	wr_u32(w, c->next_server);
	wr_u32(w, c->identity);
	xdr_put_bool(w, c->http);
	xdr_put_bool(w, c->rapid_commit);
	xdr_put_bool(w, c->authoritative);
	wr_u32(w, (uint32_t)c->n_ranges);
	for (size_t i = 0; i < c->n_ranges; i++) {
		wr_u32(w, c->ranges[i].start);
		wr_u32(w, c->ranges[i].end);
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

int msg_get_array(struct rd *r, uint32_t max, size_t wire_size, size_t size, void *ret_array,
		  size_t *ret_n)
{
	void **array = ret_array;
	uint32_t n = xdr_get_count(r, max);

	if (r->bad || n > rd_left(r) / wire_size) {
		r->bad = true;
		return -EPROTO;
	}
	*array = calloc(n ? n : 1, size);
	if (!*array)
		return -ENOMEM;
	*ret_n = n;
	return 0;
}

static int get_ranges(struct rd *r, struct dhcp4_config *c)
{
	int err = msg_get_array(r, DHCP4_RANGES_MAX, RANGE_SIZE, sizeof(*c->ranges), &c->ranges,
				&c->n_ranges);

	for (size_t i = 0; !err && i < c->n_ranges; i++) {
		c->ranges[i].start = rd_u32(r);
		c->ranges[i].end = rd_u32(r);
		c->ranges[i].lease_sec = rd_u32(r);
	}
	return err;
}

static int get_hosts(struct rd *r, uint32_t max, struct dhcp4_host **hosts, size_t *n_hosts)
{
	int err = msg_get_array(r, max, HOST_MIN_SIZE, sizeof(**hosts), hosts, n_hosts);

	for (size_t i = 0; !err && i < *n_hosts; i++) {
		struct dhcp4_host *h = &(*hosts)[i];
		h->has_mac = xdr_get_bool(r);
		h->mac = xdr_get_mac(r);
		xdr_get_text(r, h->name, sizeof(h->name));
		h->ip = rd_u32(r);
		h->lease_sec = rd_u32(r);
	}
	return err;
}

static int get_reserved(struct rd *r, struct dhcp4_config *c)
{
	int err = msg_get_array(r, DHCP4_RESERVED_MAX, NAME_MIN_SIZE, sizeof(*c->reserved),
				&c->reserved, &c->n_reserved);

	for (size_t i = 0; !err && i < c->n_reserved; i++)
		xdr_get_text(r, c->reserved[i].s, sizeof(c->reserved[i].s));
	return err;
}

int msg_get_dhcp4_config(const void *body, size_t n, uint32_t *ret_net_id, struct dhcp4_config *ret)
{
	struct rd r = rd_over(body, n);
	struct dhcp4_config c = { 0 };
	uint32_t net_id = rd_u32(&r);

	c.server = rd_u32(&r);
	c.prefix = rd_u32(&r);
	c.subnet = rd_u32(&r);
	c.relay = rd_u32(&r);
	c.via = rd_u32(&r);
	c.links = rd_u32(&r);
	r.bad |= c.links > DHCP4_LINKS_MAX || (c.links && c.relay);
	c.bridge_mac = xdr_get_mac(&r);
	c.router = rd_u32(&r);
	c.dns = rd_u32(&r);
	xdr_get_text(&r, c.domain, sizeof(c.domain));
	c.mtu = rd_u32(&r);
	c.default_lease_sec = rd_u32(&r);
	xdr_get_text(&r, c.boot_file, sizeof(c.boot_file));
	c.next_server = rd_u32(&r);
	uint32_t identity = rd_u32(&r);
	r.bad |= identity > DHCP4_BY_BOTH;
	c.identity = identity;
	c.http = xdr_get_bool(&r);
	c.rapid_commit = xdr_get_bool(&r);
	c.authoritative = xdr_get_bool(&r);
	int err = get_ranges(&r, &c);
	if (!err)
		err = get_hosts(&r, DHCP4_HOSTS_MAX, &c.hosts, &c.n_hosts);
	if (!err)
		err = get_reserved(&r, &c);
	if (!err)
		err = msg_get_rules(&r, &c.rules);
	if (!err)
		err = net_id ? finish(&r) : -EPROTO;
	if (err) {
		dhcp4_config_done(&c);
		return err;
	}
	*ret_net_id = net_id;
	*ret = c;
	return 0;
}

/* ---- a reply to be routed ---- */

void msg_put_dhcp4_route(struct wr *w, const struct msg_dhcp4_route *m)
{
	wr_u32(w, m->net_id);
	wr_u32(w, m->to_ip);
	wr_u32(w, m->to_port);
	wr_bytes(w, m->payload, m->n);
}

int msg_get_dhcp4_route(const void *body, size_t n, struct msg_dhcp4_route *ret)
{
	struct rd r = rd_over(body, n);
	struct msg_dhcp4_route m = { .net_id = rd_u32(&r) };

	m.to_ip = rd_u32(&r);
	uint32_t port = rd_u32(&r);
	m.to_port = (uint16_t)port;
	m.n = rd_left(&r);
	m.payload = rd_bytes(&r, m.n);
	if (r.bad || !m.net_id || !m.n || m.n > DHCP4_PAYLOAD_MAX || (port != 67 && port != 68))
		return -EPROTO;
	*ret = m;
	return 0;
}

/* ---- a change of hosts ---- */

size_t msg_dhcp4_hosts_size(const struct msg_dhcp4_hosts *m)
{
	return 20 + m->n_hosts * HOST_MAX_SIZE;
}

void msg_put_dhcp4_hosts(struct wr *w, const struct msg_dhcp4_hosts *m)
{
	wr_u32(w, m->net_id);
	wr_u32(w, m->of);
	wr_u32(w, m->first);
	wr_u32(w, m->n_before);
	wr_u32(w, (uint32_t)m->n_hosts);
	for (size_t i = 0; i < m->n_hosts; i++)
		put_host(w, &m->hosts[i]);
}

int msg_get_dhcp4_hosts(const void *body, size_t n, struct msg_dhcp4_hosts *ret)
{
	struct rd r = rd_over(body, n);
	struct msg_dhcp4_hosts m = { .net_id = rd_u32(&r) };

	m.of = rd_u32(&r);
	m.first = rd_u32(&r);
	m.n_before = rd_u32(&r);
	int err = get_hosts(&r, MSG_DHCP_HOSTS_MAX, &m.hosts, &m.n_hosts);
	if (!err &&
	    (finish(&r) < 0 || !m.net_id || m.of > DHCP4_HOSTS_MAX || m.first > m.of ||
	     m.n_before > m.of - m.first || m.of - m.n_before + m.n_hosts > DHCP4_HOSTS_MAX))
		err = -EPROTO;
	if (err) {
		free(m.hosts);
		return err;
	}
	*ret = m;
	return 0;
}

/* ---- short ones ---- */

void msg_put_net_id(struct wr *w, uint32_t net_id)
{
	wr_u32(w, net_id);
}

int msg_get_net_id(const void *body, size_t n, uint32_t *ret)
{
	struct rd r = rd_over(body, n);
	uint32_t net_id = rd_u32(&r);

	if (finish(&r) < 0 || !net_id)
		return -EPROTO;
	*ret = net_id;
	return 0;
}

void msg_put_dhcp4_free(struct wr *w, uint32_t net_id, uint32_t ip)
{
	wr_u32(w, net_id);
	wr_u32(w, ip);
}

int msg_get_dhcp4_free(const void *body, size_t n, uint32_t *ret_net_id, uint32_t *ret_ip)
{
	struct rd r = rd_over(body, n);
	uint32_t net_id = rd_u32(&r), ip = rd_u32(&r);

	if (finish(&r) < 0 || !net_id)
		return -EPROTO;
	*ret_net_id = net_id;
	*ret_ip = ip;
	return 0;
}

void msg_put_dhcp_port(struct wr *w, uint32_t net_id, uint32_t port)
{
	wr_u32(w, net_id);
	wr_u32(w, port);
}

int msg_get_dhcp_port(const void *body, size_t n, uint32_t *ret_net_id, uint32_t *ret_port)
{
	uint32_t port;
	int r = msg_get_dhcp4_free(body, n, ret_net_id, &port);

	if (r < 0 || !port)
		return -EPROTO;
	*ret_port = port;
	return 0;
}

/* ---- names of guests ---- */

void msg_put_dhcp_names(struct wr *w, uint32_t net_id, const struct msg_dhcp_name *rows, size_t n)
{
	wr_u32(w, net_id);
	wr_u32(w, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		xdr_put_mac(w, &rows[i].mac);
		xdr_put_string(w, rows[i].name);
	}
}

int msg_get_dhcp_names(const void *body, size_t n, uint32_t *ret_net_id,
		       struct msg_dhcp_name ret[static MSG_DHCP_NAMES_MAX])
{
	struct rd r = rd_over(body, n);
	uint32_t id = rd_u32(&r), count = rd_u32(&r);

	if (!id || !count || count > MSG_DHCP_NAMES_MAX)
		return -EPROTO;
	for (uint32_t i = 0; i < count; i++) {
		ret[i].mac = xdr_get_mac(&r);
		xdr_get_text(&r, ret[i].name, sizeof(ret[i].name));
		if (r.bad || mac_is_zero(&ret[i].mac) || mac_is_multicast(&ret[i].mac) ||
		    !msg_is_clean_name(ret[i].name))
			return -EPROTO;
	}
	if (r.p != r.end)
		return -EPROTO;
	*ret_net_id = id;
	return (int)count;
}

/* ---- bindings ---- */

static void put_record(struct wr *w, const struct msg_dhcp4_record *m)
{
	const struct dhcp4_binding *b = &m->binding;

	wr_u32(w, m->net_id);
	wr_u64(w, m->token);
	wr_u32(w, m->change);
	wr_u32(w, b->ip);
	xdr_put_mac(w, &b->mac);
	xdr_put_opaque(w, b->client_id, b->client_id_len);
	xdr_put_string(w, b->name);
	wr_u32(w, b->lease_sec);
	wr_u64(w, b->expires);
	wr_u32(w, b->port);
	xdr_put_i64(w, m->expires_wall);
}

bool msg_is_clean_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	return name[n] == '\0' && (n == 0 || (name[0] != '-' && name[n - 1] != '-'));
}

bool msg_is_time(int64_t wall)
{
	return wall == INT64_MAX || (wall > -MSG_DHCP_WALL_MAX && wall < MSG_DHCP_WALL_MAX);
}

static void get_record(struct rd *r, struct msg_dhcp4_record *m)
{
	struct dhcp4_binding *b = &m->binding;

	memset(m, 0, sizeof(*m));
	m->net_id = rd_u32(r);
	m->token = rd_u64(r);
	uint32_t change = rd_u32(r);
	b->ip = rd_u32(r);
	b->mac = xdr_get_mac(r);
	b->client_id_len = (uint8_t)xdr_get_opaque(r, b->client_id, sizeof(b->client_id));
	xdr_get_text(r, b->name, sizeof(b->name));
	b->lease_sec = rd_u32(r);
	b->expires = rd_u64(r);
	b->port = rd_u32(r);
	m->expires_wall = xdr_get_i64(r);
	if (!m->net_id || change > DHCP4_EXPIRE || !b->ip || mac_is_zero(&b->mac) ||
	    mac_is_multicast(&b->mac) || !msg_is_clean_name(b->name) ||
	    !msg_is_time(m->expires_wall))
		r->bad = true;
	else
		m->change = (enum dhcp4_change)change;
}

void msg_put_dhcp4_records(struct wr *w, const struct msg_dhcp4_record *records, size_t count)
{
	wr_u32(w, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		put_record(w, &records[i]);
}

int msg_get_dhcp4_records(const void *body, size_t n, struct msg_dhcp4_record *ret)
{
	struct rd r = rd_over(body, n);
	uint32_t count = xdr_get_count(&r, MSG_DHCP_RECORDS_MAX);

	for (uint32_t i = 0; i < count && !r.bad; i++)
		get_record(&r, &ret[i]);
	return finish(&r) < 0 || !count ? -EPROTO : (int)count;
}

void msg_put_dhcp4_verdicts(struct wr *w, const struct msg_dhcp4_verdict *verdicts, size_t count)
{
	wr_u32(w, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		wr_u32(w, verdicts[i].net_id);
		wr_u64(w, verdicts[i].token);
		wr_u32(w, verdicts[i].verdict);
	}
}

int msg_get_dhcp4_verdicts(const void *body, size_t n, struct msg_dhcp4_verdict *ret)
{
	struct rd r = rd_over(body, n);
	uint32_t count = xdr_get_count(&r, MSG_DHCP_RECORDS_MAX);

	for (uint32_t i = 0; i < count && !r.bad; i++) {
		ret[i].net_id = rd_u32(&r);
		ret[i].token = rd_u64(&r);
		uint32_t verdict = rd_u32(&r);
		r.bad |= verdict >= DHCP4_VERDICT_N;
		ret[i].verdict = (enum dhcp4_verdict)verdict;
	}
	return finish(&r) < 0 || !count ? -EPROTO : (int)count;
}

/* ---- counters ---- */

void msg_put_dhcp4_counters(struct wr *w, uint32_t net_id, const struct dhcp4_usage *u)
{
	wr_u32(w, net_id);
	wr_u32(w, u->pool);
	wr_u32(w, u->bound);
	wr_u32(w, u->offered);
	wr_u32(w, u->released);
	wr_u32(w, u->expired);
	wr_u32(w, u->quarantined);
	wr_u32(w, DHCP4_COUNTER_N);
	for (size_t i = 0; i < DHCP4_COUNTER_N; i++)
		wr_u64(w, u->count[i]);
}

int msg_get_dhcp4_counters(const void *body, size_t n, uint32_t *ret_net_id,
			   struct dhcp4_usage *ret)
{
	struct rd r = rd_over(body, n);
	struct dhcp4_usage u;
	uint32_t net_id = rd_u32(&r);

	u.pool = rd_u32(&r);
	u.bound = rd_u32(&r);
	u.offered = rd_u32(&r);
	u.released = rd_u32(&r);
	u.expired = rd_u32(&r);
	u.quarantined = rd_u32(&r);
	if (rd_u32(&r) != DHCP4_COUNTER_N)
		return -EPROTO;
	for (size_t i = 0; i < DHCP4_COUNTER_N; i++)
		u.count[i] = rd_u64(&r);
	if (finish(&r) < 0 || !net_id)
		return -EPROTO;
	*ret_net_id = net_id;
	*ret = u;
	return 0;
}
