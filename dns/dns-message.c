/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-message.c — see dns-message.h. */
#include "dns/dns-message.h"

#include "dns/dns.h"

#define UDP_PLAIN_MAX  512 /* without EDNS (RFC 1035 §4.2.1) */
#define POINTER_REACH  0x4000
#define OPTION_COOKIE  10
#define OPTION_EDE     15
#define DNSSEC_OK      0x8000
#define ADDITIONAL_MAX 4 /* OPT, TSIG or SIG(0), and a little room */

/* RFC 7873 §5.2.2: a cookie of a wrong length is FORMERR. Other options, ECS among them, are
 * ignored here and never sent on. */
static bool edns_options_valid(struct rd *options)
{
	while (rd_left(options)) {
		unsigned code = rd_u16(options);
		size_t len = rd_u16(options);
		rd_skip(options, len);
		if (options->bad)
			return false;
		if (code == OPTION_COOKIE && len != 8 && (len < 16 || len > 40))
			return false;
	}
	return !options->bad;
}

static unsigned parse_opt(struct dns_request *q, const struct dns_name *owner, unsigned size,
			  uint32_t ttl, struct rd *options)
{
	if (q->edns || owner->n != 1 || !edns_options_valid(options))
		return DNS_FORMERR;
	q->edns = true;
	q->dnssec_ok = ttl & DNSSEC_OK;
	q->udp_size = (uint16_t)MIN_OF(MAX_OF(size, UDP_PLAIN_MAX), DNS_UDP_MAX);
	return (ttl >> 16 & 0xff) ? DNS_BADVERS : DNS_NOERROR;
}

/* One record of the additional section; returns an rcode. */
static unsigned parse_additional(struct dns_request *q, struct rd *r, const uint8_t *bytes,
				 size_t n)
{
	struct dns_name owner;
	if (!dns_name_read(r, bytes, n, &owner))
		return DNS_FORMERR;
	unsigned type = rd_u16(r), class = rd_u16(r);
	uint32_t ttl = rd_u32(r);
	struct rd data = rd_sub(r, rd_u16(r));

	if (r->bad)
		return DNS_FORMERR;
	if (type == DNS_OPT)
		return parse_opt(q, &owner, class, ttl, &data);
	return type == DNS_TSIG ? DNS_NOTAUTH : DNS_NOERROR;
}

static unsigned parse_body(struct dns_request *q, struct rd *r, const uint8_t *bytes, size_t n,
			   unsigned additional)
{
	unsigned rcode = DNS_NOERROR;

	if (!dns_name_read(r, bytes, n, &q->name))
		return DNS_FORMERR;
	q->type = rd_u16(r);
	q->class = rd_u16(r);
	if (r->bad || additional > ADDITIONAL_MAX)
		return DNS_FORMERR;
	q->has_question = true;
	q->key = q->name;
	dns_name_lower(&q->key);
	while (additional--) {
		unsigned one = parse_additional(q, r, bytes, n);
		if (one == DNS_FORMERR)
			return one;
		if (one != DNS_NOERROR)
			rcode = one;
	}
	return rd_left(r) ? DNS_FORMERR : rcode;
}

/* What is well-formed but not for us. */
static unsigned judge_question(const struct dns_request *q)
{
	if (q->class != DNS_IN)
		return DNS_REFUSED;
	if (q->type == DNS_AXFR || q->type == DNS_IXFR)
		return DNS_REFUSED;
	if (q->type == 0 || q->type == DNS_OPT ||
	    (q->type >= DNS_TKEY && q->type < DNS_ANY)) /* TKEY, TSIG, MAILB, MAILA */
		return DNS_NOTIMP;
	return DNS_NOERROR;
}

enum dns_parse dns_request_parse(struct dns_request *ret, const uint8_t *bytes, size_t n)
{
	struct rd r = rd_over(bytes, n);
	unsigned counts[4], rcode;

	ret->has_question = ret->edns = ret->dnssec_ok = false;
	ret->udp_size = UDP_PLAIN_MAX;
	ret->id = rd_u16(&r);
	ret->flags = rd_u16(&r);
	for (unsigned i = 0; i < ARRAY_LEN(counts); i++)
		counts[i] = rd_u16(&r);
	if (r.bad)
		return DNS_PARSE_SHORT;
	if (ret->flags & DNS_QR)
		return DNS_PARSE_RESPONSE;
	if (ret->flags & DNS_OPCODE)
		rcode = DNS_NOTIMP;
	else if (counts[0] != 1 || counts[1] || counts[2])
		rcode = DNS_FORMERR;
	else
		rcode = parse_body(ret, &r, bytes, n, counts[3]);
	if (rcode == DNS_NOERROR)
		rcode = judge_question(ret);
	ret->rcode = (uint8_t)rcode;
	return DNS_PARSE_ANSWER;
}

static void remember_labels(struct dns_writer *m, size_t at, const struct dns_name *name,
			    unsigned labels)
{
	size_t in_name = 0;

	for (unsigned i = 0; i < labels && m->n_at < DNS_COMPRESS_MAX; i++) {
		if (at + in_name >= POINTER_REACH)
			return;
		m->at[m->n_at++] = (uint16_t)(at + in_name);
		in_name += 1u + name->wire[in_name];
	}
}

void dns_write_begin(struct dns_writer *m, void *buf, size_t cap, const struct dns_request *q,
		     unsigned flags)
{
	m->w = wr_over(buf, cap);
	m->n_at = m->counts_of = 0;
	memset(m->counts, 0, sizeof(m->counts));
	wr_u16(&m->w, q->id);
	wr_u16(&m->w, (uint16_t)flags);
	wr_zero(&m->w, sizeof(m->counts));
	if (!q->has_question)
		return;
	m->counts[0] = 1;
	remember_labels(m, wr_len(&m->w), &q->name, q->name.labels);
	wr_bytes(&m->w, q->name.wire, q->name.n);
	wr_u16(&m->w, q->type);
	wr_u16(&m->w, q->class);
}

/* Whether the name written at offset `at` is `name` from its octet `from` on. What stands before
 * the end was written by us: its pointers lead backwards. */
static bool written_equals(const struct dns_writer *m, size_t at, const struct dns_name *name,
			   size_t from)
{
	const uint8_t *b = m->w.start;

	for (;;) {
		while ((b[at] & 0xc0) == 0xc0)
			at = (size_t)(b[at] & 0x3f) << 8 | b[at + 1];
		unsigned len = b[at];
		if (len != name->wire[from])
			return false;
		if (len == 0)
			return true;
		for (unsigned i = 1; i <= len; i++)
			if (dns_lower(b[at + i]) != dns_lower(name->wire[from + i]))
				return false;
		at += len + 1;
		from += len + 1;
	}
}

void dns_put_name(struct dns_writer *m, const struct dns_name *name)
{
	size_t from = 0, start = wr_len(&m->w);

	for (unsigned label = 0; label < name->labels; label++) {
		for (unsigned i = 0; i < m->n_at; i++) {
			if (!written_equals(m, m->at[i], name, from))
				continue;
			uint8_t *room = wr_reserve(&m->w, from + 2);
			if (!room)
				return;
			memcpy(room, name->wire, from);
			room[from] = (uint8_t)(0xc0 | m->at[i] >> 8);
			room[from + 1] = (uint8_t)m->at[i];
			remember_labels(m, start, name, label);
			return;
		}
		from += 1u + name->wire[from];
	}
	wr_bytes(&m->w, name->wire, name->n);
	if (!m->w.bad)
		remember_labels(m, start, name, name->labels);
}

void dns_put_name_whole(struct dns_writer *m, const struct dns_name *name)
{
	wr_bytes(&m->w, name->wire, name->n);
}

size_t dns_put_rr(struct dns_writer *m, const struct dns_name *owner, uint16_t type, uint32_t ttl)
{
	dns_put_name(m, owner);
	wr_u16(&m->w, type);
	wr_u16(&m->w, DNS_IN);
	wr_u32(&m->w, ttl);
	wr_u16(&m->w, 0);
	return wr_len(&m->w);
}

void dns_put_rr_end(struct dns_writer *m, size_t at)
{
	if (m->w.bad)
		return;
	wr_patch_u16(&m->w, at - 2, (uint16_t)(wr_len(&m->w) - at));
	m->counts[m->counts_of]++;
}

void dns_put_opt(struct dns_writer *m, const struct dns_request *q, unsigned rcode,
		 enum dns_ede ede)
{
	if (!q->edns)
		return;
	wr_u8(&m->w, 0);
	wr_u16(&m->w, DNS_OPT);
	wr_u16(&m->w, DNS_UDP_MAX);
	wr_u32(&m->w, (rcode >> 4) << 24 | (q->dnssec_ok ? DNSSEC_OK : 0));
	if (ede == DNS_EDE_NONE) {
		wr_u16(&m->w, 0);
	} else {
		wr_u16(&m->w, 6);
		wr_u16(&m->w, OPTION_EDE);
		wr_u16(&m->w, 2);
		wr_u16(&m->w, (uint16_t)ede);
	}
	m->counts[3]++;
}

size_t dns_write_end(struct dns_writer *m)
{
	if (m->w.bad)
		return 0;
	for (unsigned i = 0; i < ARRAY_LEN(m->counts); i++)
		wr_patch_u16(&m->w, 4 + 2 * i, m->counts[i]);
	return wr_len(&m->w);
}
