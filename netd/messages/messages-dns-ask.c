/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/messages/messages-dns-ask.h"

#include "rpc/xdr.h"

#include <errno.h>

#define END_OCTETS 4

static int proto(const struct rd *r)
{
	return r->bad ? -EPROTO : 0;
}

/* Text that goes to terminals and into JSON. */
static void get_printable(struct rd *r, char *buf, size_t cap)
{
	xdr_get_text(r, buf, cap);
	for (const char *c = buf; *c; c++)
		if (*c < ' ' || *c > '~')
			r->bad = true;
}

static uint32_t get_below(struct rd *r, uint32_t limit)
{
	uint32_t v = rd_u32(r);

	if (v >= limit)
		r->bad = true;
	return r->bad ? 0 : v;
}

static uint16_t get_u16(struct rd *r)
{
	return (uint16_t)get_below(r, UINT16_MAX + 1u);
}

static void put_server(struct wr *w, const struct dns_upstream *u)
{
	xdr_put_ip(w, &u->address);
	wr_u32(w, u->port);
}

static struct dns_upstream get_server(struct rd *r)
{
	struct dns_upstream u = { .address = xdr_get_ip(r) };

	u.port = get_u16(r);
	return u;
}

/* ---- the question ---- */

void message_dns_ask_encode(struct wr *w, const struct message_dns_ask *m)
{
	wr_u32(w, m->net_id);
	wr_u64(w, m->token);
	wr_u32(w, m->what);
	xdr_put_string(w, m->name);
	wr_u32(w, m->type);
	wr_u64(w, m->after);
}

int message_dns_ask_decode(const uint8_t *body, size_t n, struct message_dns_ask *ret)
{
	struct rd r = rd_over(body, n);
	struct message_dns_ask m = { .net_id = rd_u32(&r) };

	m.token = rd_u64(&r);
	m.what = get_below(&r, DNS_ASK_COUNT);
	xdr_get_text(&r, m.name, sizeof(m.name));
	m.type = get_u16(&r);
	m.after = rd_u64(&r);
	if (r.bad || rd_left(&r) || !m.net_id || !m.token)
		return -EPROTO;
	*ret = m;
	return 0;
}

/* ---- the answer: heads ---- */

void message_dns_told_encode(struct wr *w, const struct message_dns_told *m)
{
	wr_u32(w, m->net_id);
	wr_u64(w, m->token);
	wr_u32(w, m->what);
	xdr_put_bool(w, m->served);
}

int message_dns_told_decode(struct rd *r, struct message_dns_told *ret)
{
	*ret = (struct message_dns_told){ .net_id = rd_u32(r) };
	ret->token = rd_u64(r);
	ret->what = get_below(r, DNS_ASK_COUNT);
	ret->served = get_below(r, 2);
	if (!ret->net_id || !ret->token || (!ret->served && rd_left(r)))
		r->bad = true;
	return proto(r);
}

void dns_told_put_lookup(struct wr *w, const struct dns_told_lookup *m)
{
	wr_u32(w, m->rcode);
	wr_u32(w, m->source);
	put_server(w, &m->server);
	xdr_put_bool(w, m->aa);
	xdr_put_bool(w, m->ad);
	xdr_put_bool(w, m->whole);
	wr_u64(w, m->took_usec);
	xdr_put_bool(w, m->answered);
}

int dns_told_get_lookup(struct rd *r, struct dns_told_lookup *ret)
{
	*ret = (struct dns_told_lookup){ .rcode = get_below(r, 4096) };
	ret->source = get_below(r, DNS_SOURCE_COUNT);
	ret->server = get_server(r);
	ret->aa = get_below(r, 2);
	ret->ad = get_below(r, 2);
	ret->whole = get_below(r, 2);
	ret->took_usec = rd_u64(r);
	ret->answered = get_below(r, 2);
	return proto(r);
}

void dns_told_put_cache(struct wr *w, const struct dns_told_cache *m)
{
	wr_u64(w, m->entries);
	wr_u64(w, m->bytes);
	wr_u64(w, m->max_bytes);
	xdr_put_bool(w, m->more);
}

int dns_told_get_cache(struct rd *r, struct dns_told_cache *ret)
{
	ret->entries = rd_u64(r);
	ret->bytes = rd_u64(r);
	ret->max_bytes = rd_u64(r);
	ret->more = get_below(r, 2);
	return proto(r);
}

static void put_numbers(struct wr *w, const uint64_t *v, size_t n)
{
	wr_u32(w, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		wr_u64(w, v[i]);
}

static void get_numbers(struct rd *r, uint64_t *ret, size_t n)
{
	if (rd_u32(r) != n)
		r->bad = true;
	for (size_t i = 0; i < n; i++)
		ret[i] = rd_u64(r);
}

void dns_told_put_stats(struct wr *w, const struct dns_told_stats *m)
{
	put_numbers(w, m->counter, DNS_COUNTER_COUNT);
	put_numbers(w, m->rcode, DNS_RCODES);
	put_numbers(w, m->source, DNS_SOURCE_COUNT);
	wr_u64(w, m->entries);
	wr_u64(w, m->bytes);
	wr_u64(w, m->max_bytes);
	wr_u64(w, m->in_flight);
	wr_u32(w, (uint32_t)m->n_askers);
	for (size_t i = 0; i < m->n_askers; i++) {
		xdr_put_ip(w, &m->asker[i].address);
		wr_u64(w, m->asker[i].queries);
		wr_u64(w, m->asker[i].surplus);
	}
	wr_u32(w, (uint32_t)m->n_upstreams);
	for (size_t i = 0; i < m->n_upstreams; i++) {
		put_server(w, &m->upstream[i].upstream);
		wr_u64(w, m->upstream[i].rtt);
		xdr_put_bool(w, m->upstream[i].silent);
	}
}

static void get_asker(struct rd *r, struct dns_asker *ret)
{
	ret->address = xdr_get_ip(r);
	ret->queries = rd_u64(r);
	ret->surplus = rd_u64(r);
	if (!ip_is_set(&ret->address))
		r->bad = true;
}

static void get_upstream(struct rd *r, struct dns_upstream_state *ret)
{
	ret->upstream = get_server(r);
	ret->rtt = rd_u64(r);
	ret->silent = get_below(r, 2);
	if (!ip_is_set(&ret->upstream.address))
		r->bad = true;
}

int dns_told_get_stats(struct rd *r, struct dns_told_stats *ret)
{
	*ret = (struct dns_told_stats){ 0 };
	get_numbers(r, ret->counter, DNS_COUNTER_COUNT);
	get_numbers(r, ret->rcode, DNS_RCODES);
	get_numbers(r, ret->source, DNS_SOURCE_COUNT);
	ret->entries = rd_u64(r);
	ret->bytes = rd_u64(r);
	ret->max_bytes = rd_u64(r);
	ret->in_flight = rd_u64(r);
	ret->n_askers = xdr_get_count(r, DNS_ASKERS_MAX);
	for (size_t i = 0; i < ret->n_askers; i++)
		get_asker(r, &ret->asker[i]);
	ret->n_upstreams = xdr_get_count(r, DNS_UPSTREAMS_MAX);
	for (size_t i = 0; i < ret->n_upstreams; i++)
		get_upstream(r, &ret->upstream[i]);
	return r->bad || rd_left(r) ? -EPROTO : 0;
}

void dns_told_put_log(struct wr *w, const struct dns_told_log *m)
{
	wr_u64(w, m->next);
	wr_u64(w, m->lost);
}

int dns_told_get_log(struct rd *r, struct dns_told_log *ret)
{
	ret->next = rd_u64(r);
	ret->lost = rd_u64(r);
	return proto(r);
}

/* ---- rows: each begins with 1, the end is 0 ---- */

void dns_told_put_end(struct wr *w)
{
	wr_u32(w, 0);
}

/* What doesn't fit, with the end behind it, was not written. */
static bool settle(struct wr *w, const struct wr *before)
{
	if (!w->bad && wr_room(w) >= END_OCTETS)
		return true;
	*w = *before;
	return false;
}

static int begin_row(struct rd *r)
{
	uint32_t more = get_below(r, 2);

	if (r->bad || (!more && rd_left(r)))
		return -EPROTO;
	return (int)more;
}

bool dns_told_put_record(struct wr *w, const struct dns_told_record *m)
{
	const struct wr before = *w;

	wr_u32(w, 1);
	wr_u32(w, m->section);
	wr_u32(w, m->type);
	wr_u32(w, m->ttl_sec);
	xdr_put_string(w, m->name);
	xdr_put_string(w, m->data);
	return settle(w, &before);
}

int dns_told_get_record(struct rd *r, struct dns_told_record *ret)
{
	int more = begin_row(r);

	if (more <= 0)
		return more;
	ret->section = get_below(r, 4);
	ret->type = get_u16(r);
	ret->ttl_sec = rd_u32(r);
	get_printable(r, ret->name, sizeof(ret->name));
	get_printable(r, ret->data, sizeof(ret->data));
	return r->bad || !ret->section ? -EPROTO : 1;
}

bool dns_told_put_entry(struct wr *w, const struct dns_told_entry *m)
{
	const struct wr before = *w;

	wr_u32(w, 1);
	wr_u64(w, m->number);
	wr_u32(w, m->type);
	xdr_put_bool(w, m->dnssec_ok);
	xdr_put_bool(w, m->checking_disabled);
	xdr_put_bool(w, m->negative);
	wr_u32(w, m->rcode);
	wr_u32(w, m->bytes);
	wr_u32(w, m->ttl_sec);
	xdr_put_string(w, m->name);
	return settle(w, &before);
}

int dns_told_get_entry(struct rd *r, struct dns_told_entry *ret)
{
	int more = begin_row(r);

	if (more <= 0)
		return more;
	ret->number = rd_u64(r);
	ret->type = get_u16(r);
	ret->dnssec_ok = get_below(r, 2);
	ret->checking_disabled = get_below(r, 2);
	ret->negative = get_below(r, 2);
	ret->rcode = get_below(r, 4096);
	ret->bytes = rd_u32(r);
	ret->ttl_sec = rd_u32(r);
	get_printable(r, ret->name, sizeof(ret->name));
	return r->bad || !ret->number ? -EPROTO : 1;
}

bool dns_told_put_query(struct wr *w, const struct dns_told_query *m)
{
	const struct wr before = *w;

	wr_u32(w, 1);
	wr_u64(w, m->ago_usec);
	xdr_put_ip(w, &m->client);
	xdr_put_bool(w, m->tcp);
	xdr_put_bool(w, m->has_question);
	wr_u32(w, m->type);
	wr_u32(w, m->rcode);
	wr_u32(w, m->answers);
	wr_u32(w, m->took_usec);
	wr_u32(w, m->source);
	put_server(w, &m->server);
	xdr_put_string(w, m->name);
	return settle(w, &before);
}

int dns_told_get_query(struct rd *r, struct dns_told_query *ret)
{
	int more = begin_row(r);

	if (more <= 0)
		return more;
	ret->ago_usec = rd_u64(r);
	ret->client = xdr_get_ip(r);
	if (!ip_is_set(&ret->client))
		r->bad = true;
	ret->tcp = get_below(r, 2);
	ret->has_question = get_below(r, 2);
	ret->type = get_u16(r);
	ret->rcode = get_below(r, 4096);
	ret->answers = get_below(r, UINT16_MAX + 1u);
	ret->took_usec = rd_u32(r);
	ret->source = get_below(r, DNS_SOURCE_COUNT);
	ret->server = get_server(r);
	get_printable(r, ret->name, sizeof(ret->name));
	return r->bad ? -EPROTO : 1;
}
