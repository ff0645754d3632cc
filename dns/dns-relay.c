/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-relay.c — see dns-relay.h. */
#include "dns/dns-relay.h"

#include "dns/dns-cache.h"
#include "dns/dns-route.h"

/* Where names stand in the rdata of a type (RFC 3597 §4: only types of RFC 1035 are compressed, all
 * others are opaque unless RFC 3597 lists them). What follows them is `rest` octets, or at least
 * that many if `open`. */
struct rdata_form {
	uint16_t type;
	uint8_t before, names, rest;
	bool open, compress;
};
static const struct rdata_form forms[] = {
	{ DNS_A, 4, 0, 0, false, false },     { DNS_NS, 0, 1, 0, false, true },
	{ DNS_CNAME, 0, 1, 0, false, true },  { DNS_SOA, 0, 2, 20, false, true },
	{ DNS_PTR, 0, 1, 0, false, true },    { DNS_MX, 2, 1, 0, false, true },
	{ 17, 0, 2, 0, false, false }, /* RP */
	{ 18, 2, 1, 0, false, false }, /* AFSDB */
	{ 21, 2, 1, 0, false, false }, /* RT */
	{ DNS_AAAA, 16, 0, 0, false, false }, { DNS_SRV, 6, 1, 0, false, false },
	{ 36, 2, 1, 0, false, false }, /* KX */
	{ DNS_DNAME, 0, 1, 0, false, false }, { DNS_DS, 5, 0, 0, true, false },
	{ DNS_RRSIG, 18, 1, 1, true, false }, { DNS_NSEC, 0, 1, 0, true, false },
	{ DNS_DNSKEY, 5, 0, 0, true, false }, { DNS_NSEC3, 6, 0, 0, true, false },
};

struct rr {
	struct dns_name owner;
	uint16_t type, class;
	uint32_t ttl;
	struct rd data;
};

struct relay {
	const struct dns_request *q;
	const uint8_t *msg;
	size_t msg_n;
	const struct dns_relay_rules *rules;
	bool rebound;
	struct dns_writer out;
	struct dns_name target; /* the end of the CNAME chain so far */
	uint32_t ttl_min;
};

static const struct rdata_form *form_of(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (forms[i].type == type)
			return &forms[i];
	return NULL;
}

/* RFC 2181 §8: a TTL with the top bit set is 0. */
static uint32_t sane_ttl(uint32_t ttl)
{
	return ttl & 0x80000000u ? 0 : MIN_OF(ttl, DNS_TTL_MAX_SEC);
}

static bool rr_read(const struct relay *y, struct rd *r, struct rr *ret)
{
	if (!dns_name_read(r, y->msg, y->msg_n, &ret->owner))
		return false;
	ret->type = rd_u16(r);
	ret->class = rd_u16(r);
	ret->ttl = sane_ttl(rd_u32(r));
	ret->data = rd_sub(r, rd_u16(r));
	return !r->bad;
}

/* Type bitmaps of NSEC and NSEC3 (RFC 4034 §4.1.2): windows of 1..32 octets in rising order. */
static bool bitmap_valid(struct rd *r)
{
	int last = -1;

	while (rd_left(r)) {
		int window = rd_u8(r);
		unsigned len = rd_u8(r);
		rd_skip(r, len);
		if (r->bad || window <= last || len < 1 || len > 32)
			return false;
		last = window;
	}
	return !r->bad;
}

static bool tail_valid(const struct rdata_form *f, struct rd *r)
{
	if (f->type == DNS_NSEC)
		return bitmap_valid(r);
	if (f->type != DNS_NSEC3)
		return f->open ? rd_left(r) >= f->rest : rd_left(r) == f->rest;
	return true;
}

static bool nsec3_valid(struct rd r)
{
	rd_skip(&r, 4);
	rd_skip(&r, rd_u8(&r));
	rd_skip(&r, rd_u8(&r));
	return !r.bad && bitmap_valid(&r);
}

static bool strings_valid(struct rd r) /* TXT */
{
	while (rd_left(&r))
		rd_skip(&r, rd_u8(&r));
	return !r.bad;
}

/* Read the rdata by its form, and write it if `out` is given. */
static bool rdata_copy(const struct relay *y, const struct rr *rr, struct dns_writer *out)
{
	const struct rdata_form *f = form_of(rr->type);
	struct rd r = rr->data;
	struct dns_name name;

	if (rr->type == DNS_TXT && !strings_valid(r))
		return false;
	if (rr->type == DNS_NSEC3 && !nsec3_valid(r))
		return false;
	if (f) {
		const uint8_t *before = rd_bytes(&r, f->before);
		if (r.bad)
			return false;
		if (out)
			wr_bytes(&out->w, before, f->before);
		for (unsigned i = 0; i < f->names; i++) {
			if (!dns_name_read(&r, y->msg, y->msg_n, &name))
				return false;
			if (out && f->compress)
				dns_put_name(out, &name);
			else if (out)
				dns_put_name_whole(out, &name);
		}
		struct rd tail = r;
		if (!tail_valid(f, &tail))
			return false;
	}
	size_t n = rd_left(&r);
	if (out && n)
		wr_bytes(&out->w, rd_bytes(&r, n), n);
	return true;
}

/* The name that was asked is written in the client's case, not in that of our question. */
static void emit(struct relay *y, const struct rr *rr, uint32_t ttl)
{
	const struct dns_name *owner =
	    dns_name_equal(&rr->owner, &y->q->name) ? &y->q->name : &rr->owner;
	size_t at = dns_put_rr(&y->out, owner, rr->type, ttl);

	(void)rdata_copy(y, rr, &y->out);
	dns_put_rr_end(&y->out, at);
	y->ttl_min = MIN_OF(y->ttl_min, ttl);
}

static uint16_t covered_type(const struct rr *rr)
{
	struct rd r = rr->data;
	return rd_u16(&r);
}

static bool rr_is_private(const struct rr *rr)
{
	struct rd r = rr->data;
	struct ip ip = { .family = rr->type == DNS_A ? AF_INET : AF_INET6 };

	if (rr->type != DNS_A && rr->type != DNS_AAAA)
		return false;
	if (rr->type == DNS_A)
		ip.v4 = rd_u32(&r);
	else
		rd_copy(&r, ip.v6, sizeof(ip.v6));
	return dns_address_is_private(&ip);
}

/* A DNAME above the target belongs to the answer: its CNAME was made from it. */
static bool is_dname_of(const struct rr *rr, uint16_t type, const struct dns_name *target)
{
	struct dns_name owner = rr->owner, below = *target;

	dns_name_lower(&owner);
	dns_name_lower(&below);
	return type == DNS_DNAME && owner.labels < below.labels &&
	       dns_name_is_below(&below, &owner);
}

/* One pass over the answer section for the current target. Returns how many records of the type
 * asked were kept, or -1 when it is malformed; *ret_cname is set when the target is an alias. */
static int keep_for_target(struct relay *y, struct rd answers, unsigned count, bool *ret_cname,
			   struct dns_name *ret_next)
{
	int found = 0;
	struct rr rr;

	*ret_cname = false;
	while (count--) {
		if (!rr_read(y, &answers, &rr))
			return -1;
		uint16_t type = rr.type == DNS_RRSIG ? covered_type(&rr) : rr.type;
		bool own = dns_name_equal(&rr.owner, &y->target);
		if (rr.class != DNS_IN ||
		    (rr.type == DNS_RRSIG && !y->q->dnssec_ok && y->q->type != DNS_RRSIG))
			continue;
		if (is_dname_of(&rr, type, &y->target)) {
			emit(y, &rr, rr.ttl);
		} else if (own && (type == y->q->type || rr.type == y->q->type)) {
			y->rebound |= y->rules->rebind_protection && rr_is_private(&rr);
			emit(y, &rr, rr.ttl);
			found++;
		} else if (own && type == DNS_CNAME) {
			if (rr.type == DNS_CNAME && *ret_cname)
				continue; /* a name has one alias at most */
			emit(y, &rr, rr.ttl);
			struct rd data = rr.data;
			if (rr.type == DNS_CNAME) {
				*ret_cname = dns_name_read(&data, y->msg, y->msg_n, ret_next);
			}
		}
	}
	return found;
}

/* Follow the chain. Returns the records found at its end, or -1. */
static int keep_answers(struct relay *y, struct rd answers, unsigned count)
{
	y->target = y->q->name;
	for (unsigned step = 0; step <= DNS_CHAIN_MAX; step++) {
		struct dns_name next;
		bool cname;
		int found = keep_for_target(y, answers, count, &cname, &next);
		if (found != 0 || !cname)
			return found;
		dns_name_lower(&next);
		if (y->rules->is_ours(y->rules->data, &next))
			return 0;
		y->target = next;
	}
	return -1;
}

static bool keeps_proof(const struct relay *y, const struct rr *rr, bool negative)
{
	uint16_t type = rr->type == DNS_RRSIG ? covered_type(rr) : rr->type;

	if (rr->type == DNS_RRSIG && !y->q->dnssec_ok)
		return false;
	if (type == DNS_SOA)
		return negative;
	return y->q->dnssec_ok && (type == DNS_NSEC || type == DNS_NSEC3 || type == DNS_DS);
}

static uint32_t soa_minimum(const struct relay *y, const struct rr *rr)
{
	struct rd r = rr->data;
	struct dns_name name;

	if (!dns_name_read(&r, y->msg, y->msg_n, &name) ||
	    !dns_name_read(&r, y->msg, y->msg_n, &name))
		return 0;
	rd_skip(&r, 16);
	return sane_ttl(rd_u32(&r));
}

/* The authority section: SOA of a zone above the target, and proofs. Returns whether there was an
 * SOA. */
static bool keep_authority(struct relay *y, struct rd r, unsigned count, bool negative)
{
	struct dns_name target = y->target;
	bool soa = false;
	struct rr rr;

	dns_name_lower(&target);
	while (count--) {
		if (!rr_read(y, &r, &rr))
			return soa;
		if (rr.class != DNS_IN || !keeps_proof(y, &rr, negative))
			continue;
		struct dns_name owner = rr.owner;
		dns_name_lower(&owner);
		uint32_t ttl = rr.ttl;
		if (rr.type == DNS_SOA) {
			if (soa || !dns_name_is_below(&target, &owner))
				continue;
			ttl = MIN_OF(MIN_OF(ttl, soa_minimum(y, &rr)), DNS_NEGATIVE_MAX_SEC);
			soa = true;
		}
		emit(y, &rr, ttl);
	}
	return soa;
}

/* All records of a section are well-formed; advances r. */
static bool section_valid(const struct relay *y, struct rd *r, unsigned count)
{
	struct rr rr;

	while (count--)
		if (!rr_read(y, r, &rr) || (rr.type != DNS_OPT && !rdata_copy(y, &rr, NULL)))
			return false;
	return true;
}

struct reply_header {
	uint16_t id, flags, counts[4];
};

static enum dns_relay judge_header(const struct reply_header *h, bool tcp)
{
	unsigned rcode = h->flags & DNS_RCODE;

	if (h->flags & DNS_TC)
		return tcp ? DNS_RELAY_MALFORMED : DNS_RELAY_TRUNCATED;
	if (rcode == DNS_FORMERR || rcode == DNS_NOTIMP)
		return DNS_RELAY_NO_EDNS;
	return rcode == DNS_NOERROR || rcode == DNS_NXDOMAIN ? DNS_RELAY_OK : DNS_RELAY_FAILED;
}

/* Header and question are those of our query (DNS_RELAY_OK); r stands behind them then. */
static enum dns_relay matches(const struct dns_request *q, const struct dns_relay_sent *sent,
			      struct rd *r, const uint8_t *bytes, size_t n,
			      struct reply_header *ret)
{
	struct dns_name name;

	ret->id = rd_u16(r);
	ret->flags = rd_u16(r);
	for (unsigned i = 0; i < ARRAY_LEN(ret->counts); i++)
		ret->counts[i] = rd_u16(r);
	if (r->bad || ret->id != sent->id || !(ret->flags & DNS_QR) || ret->flags & DNS_OPCODE)
		return DNS_RELAY_MISMATCH;
	/* Servers that don't understand a query, or won't, may leave the question out. */
	unsigned rcode = ret->flags & DNS_RCODE;
	if (ret->counts[0] == 0 && rcode != DNS_NOERROR && rcode != DNS_NXDOMAIN)
		return DNS_RELAY_OK;
	if (ret->counts[0] != 1 || !dns_name_read(r, bytes, n, &name) ||
	    !dns_name_equal(&name, &q->name))
		return DNS_RELAY_MISMATCH;
	uint16_t type = rd_u16(r), class = rd_u16(r);
	if (r->bad || type != q->type || class != q->class)
		return DNS_RELAY_MISMATCH;
	struct dns_name asked = q->name;
	dns_name_mix_case(&asked, sent->mix);
	return sent->mix == 0 || memcmp(asked.wire, name.wire, asked.n) == 0 ? DNS_RELAY_OK
									     : DNS_RELAY_CASE;
}

static enum dns_relay rewrite(struct relay *y, const struct reply_header *h, struct rd answers,
			      struct rd authority, struct dns_answer *ret)
{
	unsigned rcode = h->flags & DNS_RCODE;
	size_t question_end = wr_len(&y->out.w);

	y->out.counts_of = 1;
	int found = keep_answers(y, answers, h->counts[1]);
	if (found < 0)
		return DNS_RELAY_MALFORMED;
	if (y->rebound)
		return DNS_RELAY_REBIND;
	bool negative = rcode == DNS_NXDOMAIN || found == 0;
	y->out.counts_of = 2;
	bool soa = keep_authority(y, authority, h->counts[2], negative);
	/* A referral or an empty answer of a server that doesn't recurse says nothing about the
	 * name. */
	if (negative && !soa && !y->out.counts[1] && rcode == DNS_NOERROR &&
	    !(h->flags & (DNS_RA | DNS_AA)))
		return DNS_RELAY_FAILED;
	if (y->out.w.bad)
		return DNS_RELAY_MALFORMED;
	*ret = (struct dns_answer){
		.rcode = (uint8_t)rcode,
		.ad = h->flags & DNS_AD,
		.negative = negative,
		.counts = { y->out.counts[1], y->out.counts[2] },
		.ttl_sec = negative && !soa ? 0 : y->ttl_min,
		.body = &y->out.w.start[question_end],
		.n = wr_len(&y->out.w) - question_end,
	};
	return DNS_RELAY_OK;
}

enum dns_relay dns_relay_read(const struct dns_request *q, const struct dns_relay_sent *sent,
			      const struct dns_relay_rules *rules, const uint8_t *bytes, size_t n,
			      uint8_t *buf, struct dns_answer *ret)
{
	struct relay y = {
		.q = q, .msg = bytes, .msg_n = n, .rules = rules, .ttl_min = DNS_TTL_MAX_SEC
	};
	struct rd r = rd_over(bytes, n);
	struct reply_header h;

	enum dns_relay verdict = matches(q, sent, &r, bytes, n, &h);
	if (verdict == DNS_RELAY_OK)
		verdict = judge_header(&h, sent->tcp);
	if (verdict != DNS_RELAY_OK)
		return verdict;
	struct rd answers = r;
	if (!section_valid(&y, &r, h.counts[1]))
		return DNS_RELAY_MALFORMED;
	struct rd authority = r;
	if (!section_valid(&y, &r, h.counts[2]) || !section_valid(&y, &r, h.counts[3]) ||
	    rd_left(&r))
		return DNS_RELAY_MALFORMED;
	dns_write_begin(&y.out, buf, DNS_TCP_MAX, q, 0);
	return rewrite(&y, &h, answers, authority, ret);
}

/* A name that dns_put_name() wrote. */
static void skip_name(struct rd *r)
{
	for (;;) {
		uint8_t len = rd_u8(r);
		if (len == 0 || r->bad)
			return;
		if (len >= 0xc0) {
			rd_skip(r, 1);
			return;
		}
		rd_skip(r, len);
	}
}

void dns_relay_age(uint8_t *message, size_t n, size_t from, unsigned records, uint32_t age_sec,
		   uint32_t fixed_sec)
{
	struct rd r = rd_over(message, n);
	struct wr w = wr_over(message, n);

	(void)wr_reserve(&w, n); /* for wr_patch_u32() */
	rd_skip(&r, from);
	while (records-- && !r.bad) {
		skip_name(&r);
		rd_skip(&r, 4);
		size_t at = (size_t)(r.p - message);
		uint32_t ttl = rd_u32(&r);
		rd_skip(&r, rd_u16(&r));
		if (!r.bad)
			wr_patch_u32(&w, at, fixed_sec ? fixed_sec : ttl - MIN_OF(ttl, age_sec));
	}
}

size_t dns_relay_query(const struct dns_request *q, const struct dns_relay_sent *sent, bool edns,
		       uint8_t *buf, size_t cap)
{
	struct dns_request ours = *q;
	struct dns_writer m;

	ours.id = sent->id;
	dns_name_mix_case(&ours.name, sent->mix);
	ours.edns = edns;
	/* AD asks for the AD bit without DNSSEC records (RFC 6840 §5.7). */
	dns_write_begin(&m, buf, cap, &ours, DNS_RD | DNS_AD | (q->flags & DNS_CD));
	dns_put_opt(&m, &ours, DNS_NOERROR, DNS_EDE_NONE);
	return dns_write_end(&m);
}
