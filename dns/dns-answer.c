/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-answer.c — replies: local records with authority, negative answers with an SOA (RFC 2308),
 * relayed and cached answers. What is too long for the client's datagram leaves as an empty reply
 * with TC set: whole RRsets or none. */
#include "dns/dns-internal.h"

#define SOA_REFRESH_SEC 3600
#define SOA_RETRY_SEC   600
#define SOA_EXPIRE_SEC  86400

/* How a reply ends, and for whoever counts. */
struct outcome {
	unsigned rcode;
	enum dns_source source;
	enum dns_ede ede;
};

static void count(struct dns_server *s, const struct outcome *o)
{
	s->rcode[MIN_OF(o->rcode, DNS_RCODES - 1u)]++;
	s->source[o->source]++;
	switch (o->rcode) {
	case DNS_NOERROR:
		break;
	case DNS_FORMERR:
		s->counter[DNS_N_FORMERR]++;
		break;
	case DNS_SERVFAIL:
		s->counter[DNS_N_SERVFAIL]++;
		break;
	case DNS_NXDOMAIN:
		s->counter[DNS_N_NXDOMAIN]++;
		break;
	case DNS_NOTIMP:
		s->counter[DNS_N_NOTIMP]++;
		break;
	case DNS_BADVERS:
		s->counter[DNS_N_BADVERS]++;
		break;
	default:
		s->counter[DNS_N_REFUSED]++;
		break;
	}
}

static size_t limit_of(const struct dns_reply_to *to)
{
	return to->client->tcp ? DNS_TCP_MAX : to->q->udp_size;
}

static unsigned flags_of(const struct dns_server *s, const struct dns_request *q, unsigned more)
{
	unsigned ra = s->routes.forward ? DNS_RA : 0;
	return DNS_QR | (q->flags & (DNS_OPCODE | DNS_RD | DNS_CD)) | ra | more;
}

static void begin(struct dns_server *s, const struct dns_reply_to *to, struct dns_writer *m,
		  unsigned flags)
{
	dns_write_begin(m, dns_scratch.out, limit_of(to), to->q, flags_of(s, to->q, flags));
	m->counts_of = 1;
}

/* Close the message and hand it over; when it doesn't fit, an empty one with TC. */
static void finish(struct dns_server *s, const struct dns_reply_to *to, struct dns_writer *m,
		   unsigned flags, const struct outcome o)
{
	dns_put_opt(m, to->q, o.rcode, o.ede);
	size_t n = dns_write_end(m);
	if (n == 0) {
		begin(s, to, m, flags | DNS_TC);
		dns_put_opt(m, to->q, o.rcode, DNS_EDE_NONE);
		n = dns_write_end(m);
		s->counter[DNS_N_TRUNCATED]++;
	}
	count(s, &o);
	struct dns_action a = { .kind = DNS_REPLY,
				.bytes = dns_scratch.out,
				.n = n,
				.client = to->client,
				.request = to->q,
				.source = o.source,
				.rcode = o.rcode,
				.took = to->since ? to->now - to->since : 0 };
	if (o.source == DNS_FROM_UPSTREAM && to->upstream)
		a.server = *to->upstream;
	to->out->act(to->out->data, &a);
}

void dns_reply_error(struct dns_server *s, const struct dns_reply_to *to, unsigned rcode,
		     enum dns_ede ede)
{
	struct dns_writer m;
	unsigned flags = rcode & DNS_RCODE;

	begin(s, to, &m, flags);
	finish(s, to, &m, flags, (struct outcome){ rcode, DNS_FROM_NOWHERE, ede });
}

static void put_soa(struct dns_server *s, struct dns_writer *m, const struct dns_name *apex)
{
	size_t at = dns_put_rr(m, apex, DNS_SOA, DNS_NEGATIVE_TTL_SEC);

	dns_put_name(m, &s->soa_mname);
	dns_put_name(m, &s->soa_rname);
	wr_u32(&m->w, s->zone.serial);
	wr_u32(&m->w, SOA_REFRESH_SEC);
	wr_u32(&m->w, SOA_RETRY_SEC);
	wr_u32(&m->w, SOA_EXPIRE_SEC);
	wr_u32(&m->w, DNS_NEGATIVE_TTL_SEC);
	dns_put_rr_end(m, at);
}

/* NODATA or NXDOMAIN. The zone's name is the end of the question's, in the case that the client
 * wrote. */
static void reply_negative(struct dns_server *s, const struct dns_reply_to *to, unsigned rcode,
			   unsigned apex_label)
{
	struct dns_name apex = dns_name_suffix(&to->q->name, apex_label);
	unsigned flags = DNS_AA | rcode;
	struct dns_writer m;

	begin(s, to, &m, flags);
	m.counts_of = 2;
	put_soa(s, &m, &apex);
	s->counter[DNS_N_LOCAL]++;
	finish(s, to, &m, flags, (struct outcome){ rcode, DNS_FROM_ZONE, DNS_EDE_NONE });
}

static enum dns_source source_of(const struct dns_record *r)
{
	return r->lease ? DNS_FROM_LEASE : DNS_FROM_RECORD;
}

static uint32_t record_ttl(const struct dns_record *r, usec_t now)
{
	if (!r->lease || r->expires == USEC_INFINITY)
		return r->lease ? DNS_LOCAL_TTL_SEC : r->ttl_sec;
	uint64_t half = (r->expires - now) / USEC_PER_SEC / 2;
	return (uint32_t)MIN_OF(half, DNS_LEASE_TTL_SEC);
}

static void put_record(struct dns_writer *m, const struct dns_name *owner,
		       const struct dns_record *r, usec_t now)
{
	size_t at = dns_put_rr(m, owner, r->type, record_ttl(r, now));

	wr_bytes(&m->w, r->rdata, r->n);
	dns_put_rr_end(m, at);
}

/* The network of ours that an address is in; n_subnets: none. */
static size_t subnet_of(const struct dns_server *s, const struct ip *ip)
{
	size_t i;

	for (i = 0; i < s->n_subnets; i++)
		if (ip_in_prefix(ip, &s->subnets[i].gateway, s->subnets[i].prefix))
			break;
	return i;
}

/* Round robin, but addresses in the asker's own subnet first: it reaches them without a hop. */
static void order_addresses(struct dns_server *s, const struct ip *client,
			    const struct dns_record **set, size_t n)
{
	const struct dns_record *turned[DNS_RRSET_MAX];
	size_t near = subnet_of(s, client), first = 0, turn = s->rotation++ % n;

	for (size_t i = 0; i < n; i++)
		turned[i] = set[(i + turn) % n];
	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n; i++) {
			struct rd r = rd_over(turned[i]->rdata, turned[i]->n);
			struct ip ip = ip_from_v4(rd_u32(&r));
			bool is_near = turned[i]->type == DNS_A && near < s->n_subnets &&
				       subnet_of(s, &ip) == near;
			if (is_near == (pass == 0))
				set[first++] = turned[i];
		}
	}
}

/* Addresses of SRV targets; left out when they don't fit. */
static void put_additional(struct dns_server *s, const struct dns_reply_to *to,
			   struct dns_writer *m, const struct dns_record *srv)
{
	static const uint16_t types[] = { DNS_A, DNS_AAAA };
	const struct dns_record *set[DNS_RRSET_MAX];
	struct rd r = rd_over(srv->rdata, srv->n);
	struct dns_name target;

	rd_skip(&r, 6);
	if (!dns_name_read(&r, srv->rdata, srv->n, &target))
		return;
	struct dns_name key = target;
	dns_name_lower(&key);
	const struct dns_node *node = dns_zone_find(&s->zone, &key);
	if (!node)
		return;
	m->counts_of = 3;
	for (unsigned t = 0; t < ARRAY_LEN(types); t++) {
		struct dns_writer before = *m;
		size_t n = dns_node_select(node, types[t], to->now, set);
		for (size_t i = 0; i < n; i++)
			put_record(m, &target, set[i], to->now);
		if (m->w.bad || wr_room(&m->w) < DNS_OPT_OCTETS)
			*m = before;
	}
}

/* Types about which a name with an address is asked together with it: to answer them by somebody
 * else's NXDOMAIN would make clients forget the address. */
static bool goes_with_address(uint16_t type)
{
	return type == DNS_A || type == DNS_AAAA || type == DNS_SVCB || type == DNS_HTTPS;
}

/* The alias at `node`, if that is what it has. */
static const struct dns_record *alias_of(const struct dns_node *node, usec_t now)
{
	const struct dns_record *set[DNS_RRSET_MAX];

	return node && dns_node_select(node, DNS_CNAME, now, set) ? set[0] : NULL;
}

static void put_set(struct dns_server *s, const struct dns_reply_to *to, struct dns_writer *m,
		    const struct dns_name *owner, const struct dns_record **set, size_t n)
{
	if (n > 1 && set[0]->type == DNS_A)
		order_addresses(s, &to->client->address, set, n);
	for (size_t i = 0; i < n; i++)
		put_record(m, owner, set[i], to->now);
}

static const struct dns_node *node_for(const struct dns_server *s, const struct dns_name *key)
{
	const struct dns_node *node = dns_zone_find(&s->zone, key);

	return node ? node : dns_zone_find_wildcard(&s->zone, key);
}

struct chain { /* from an alias to what it leads to */
	const struct dns_record *alias[DNS_CHAIN_MAX];
	unsigned n;
	struct dns_name end;         /* the last alias' target */
	const struct dns_node *node; /* the end's; NULL: there is no such name here */
	const struct dns_record *set[DNS_RRSET_MAX];
	size_t n_set;
};

static struct dns_name target_of(const struct dns_record *alias)
{
	struct rd r = rd_over(alias->rdata, alias->n);
	struct dns_name name = { .n = 1 };

	(void)!dns_name_read(&r, alias->rdata, alias->n, &name);
	return name;
}

static void follow(const struct dns_server *s, const struct dns_reply_to *to,
		   const struct dns_record *alias, struct chain *ret)
{
	ret->n = 0;
	while (alias && ret->n < DNS_CHAIN_MAX) {
		ret->alias[ret->n++] = alias;
		ret->end = target_of(alias);
		struct dns_name key = ret->end;
		dns_name_lower(&key);
		ret->node = node_for(s, &key);
		ret->n_set =
		    ret->node ? dns_node_select(ret->node, to->q->type, to->now, ret->set) : 0;
		alias = ret->n_set == 0 ? alias_of(ret->node, to->now) : NULL;
	}
}

/* The SOA of our zone that says that the chain's end has no such record. */
static void put_denial(struct dns_server *s, const struct dns_reply_to *to, struct dns_writer *m,
		       const struct dns_name *end)
{
	struct dns_name key = *end;

	dns_name_lower(&key);
	struct dns_route route = dns_route_find(&s->routes, &key, to->q->type, to->client->host);
	if (!route.has_apex)
		return;
	struct dns_name apex = dns_name_suffix(end, route.apex);
	m->counts_of = 2;
	put_soa(s, m, &apex);
}

/* An alias and what it leads to: its target's records, or that there are none (RFC 6604). */
static void reply_alias(struct dns_server *s, const struct dns_reply_to *to,
			const struct dns_record *alias)
{
	struct dns_name owner = to->q->name;
	struct dns_writer m;
	struct chain c;

	follow(s, to, alias, &c);
	unsigned rcode = c.node ? DNS_NOERROR : DNS_NXDOMAIN, flags = DNS_AA | rcode;
	begin(s, to, &m, flags);
	for (unsigned i = 0; i < c.n; i++) {
		put_record(&m, &owner, c.alias[i], to->now);
		owner = target_of(c.alias[i]);
	}
	put_set(s, to, &m, &c.end, c.set, c.n_set);
	if (c.n_set == 0)
		put_denial(s, to, &m, &c.end);
	s->counter[DNS_N_LOCAL]++;
	finish(s, to, &m, flags, (struct outcome){ rcode, DNS_FROM_RECORD, DNS_EDE_NONE });
}

bool dns_reply_local(struct dns_server *s, const struct dns_reply_to *to,
		     const struct dns_node *node)
{
	const struct dns_record *set[DNS_RRSET_MAX];
	const struct dns_request *q = to->q;
	struct dns_writer m;
	uint16_t type = q->type == DNS_ANY ? dns_node_first_type(node, to->now) : q->type;
	size_t n = dns_node_select(node, type, to->now, set);
	const struct dns_record *alias = n == 0 ? alias_of(node, to->now) : NULL;

	if (alias) {
		reply_alias(s, to, alias);
		return true;
	}
	if (n == 0) {
		bool ours =
		    q->key.labels == 1 || (s->has_domain && dns_name_is_below(&q->key, &s->domain));
		if (!dns_node_has_address(node, to->now) || !(ours || goes_with_address(type)))
			return false;
		struct dns_route route =
		    dns_route_find(&s->routes, &q->key, type, to->client->host);
		reply_negative(s, to, DNS_NOERROR, route.has_apex ? route.apex : 0);
		return true;
	}
	begin(s, to, &m, DNS_AA);
	put_set(s, to, &m, &q->name, set, n);
	if (type == DNS_SRV && !m.w.bad)
		for (size_t i = 0; i < n; i++)
			put_additional(s, to, &m, set[i]);
	s->counter[DNS_N_LOCAL]++;
	finish(s, to, &m, DNS_AA, (struct outcome){ DNS_NOERROR, source_of(set[0]), DNS_EDE_NONE });
	return true;
}

/* SOA and NS of a zone of ours. */
static void reply_apex(struct dns_server *s, const struct dns_reply_to *to)
{
	struct dns_writer m;

	begin(s, to, &m, DNS_AA);
	if (to->q->type == DNS_SOA) {
		put_soa(s, &m, &to->q->name);
	} else {
		size_t at = dns_put_rr(&m, &to->q->name, DNS_NS, DNS_LOCAL_TTL_SEC);
		dns_put_name(&m, &s->soa_mname);
		dns_put_rr_end(&m, at);
	}
	s->counter[DNS_N_LOCAL]++;
	finish(s, to, &m, DNS_AA, (struct outcome){ DNS_NOERROR, DNS_FROM_ZONE, DNS_EDE_NONE });
}

/* RFC 9462 §6.4: below resolver.arpa nothing is said to exist or not to exist, so that clients
 * don't cut the tree. */
static bool is_discovery(const struct dns_request *q)
{
	static const uint8_t name[] = "\x04_dns\x08resolver\x04"
				      "arpa";
	return q->key.n == sizeof(name) && memcmp(q->key.wire, name, sizeof(name)) == 0;
}

void dns_reply_own(struct dns_server *s, const struct dns_reply_to *to,
		   const struct dns_route *route, bool exists)
{
	if (route->apex == 0 && (to->q->type == DNS_SOA || to->q->type == DNS_NS))
		reply_apex(s, to);
	else
		reply_negative(s, to,
			       exists || route->apex == 0 || is_discovery(to->q) ? DNS_NOERROR
										 : DNS_NXDOMAIN,
			       route->apex);
}

void dns_reply_localhost(struct dns_server *s, const struct dns_reply_to *to,
			 const struct dns_route *route)
{
	static const uint8_t v4[] = { 127, 0, 0, 1 }, v6[16] = { [15] = 1 };
	struct dns_writer m;

	if (to->q->type != DNS_A && to->q->type != DNS_AAAA) {
		dns_reply_own(s, to, route, true);
		return;
	}
	begin(s, to, &m, DNS_AA);
	size_t at = dns_put_rr(&m, &to->q->name, to->q->type, DNS_LOCAL_TTL_SEC);
	if (to->q->type == DNS_A)
		wr_bytes(&m.w, v4, sizeof(v4));
	else
		wr_bytes(&m.w, v6, sizeof(v6));
	dns_put_rr_end(&m, at);
	s->counter[DNS_N_LOCAL]++;
	finish(s, to, &m, DNS_AA, (struct outcome){ DNS_NOERROR, DNS_FROM_ZONE, DNS_EDE_NONE });
}

/* ANY about names of others is not worth a question (RFC 8482 §4.2). */
void dns_reply_hinfo(struct dns_server *s, const struct dns_reply_to *to)
{
	static const uint8_t rdata[] =
	    "\x07RFC8482"; /* the literal's NUL is the empty second string */
	struct dns_writer m;

	begin(s, to, &m, 0);
	size_t at = dns_put_rr(&m, &to->q->name, DNS_HINFO, DNS_TTL_MAX_SEC);
	wr_bytes(&m.w, rdata, sizeof(rdata));
	dns_put_rr_end(&m, at);
	finish(s, to, &m, 0, (struct outcome){ DNS_NOERROR, DNS_FROM_NOWHERE, DNS_EDE_NONE });
}

/* Local records beside an upstream's "no such name": the name exists. */
static unsigned rcode_beside_local(const struct dns_server *s, const struct dns_request *q,
				   unsigned rcode)
{
	return rcode == DNS_NXDOMAIN && dns_zone_find(&s->zone, &q->key) ? DNS_NOERROR : rcode;
}

struct body {
	const uint8_t *bytes;
	size_t n;
	const uint16_t *counts;
	unsigned rcode;
	bool ad;
	uint32_t age_sec, fixed_ttl_sec;
	enum dns_source source;
	enum dns_ede ede;
};

static void reply_body(struct dns_server *s, const struct dns_reply_to *to, const struct body *b)
{
	bool ad = b->ad && (to->q->dnssec_ok || to->q->flags & DNS_AD);
	unsigned rcode = rcode_beside_local(s, to->q, b->rcode);
	unsigned flags = (ad ? DNS_AD : 0) | rcode;
	struct dns_writer m;

	begin(s, to, &m, flags);
	size_t from = wr_len(&m.w);
	wr_bytes(&m.w, b->bytes, b->n);
	m.counts[1] = b->counts[0];
	m.counts[2] = b->counts[1];
	if (!m.w.bad && (b->age_sec || b->fixed_ttl_sec))
		dns_relay_age(dns_scratch.out, wr_len(&m.w), from,
			      (unsigned)b->counts[0] + b->counts[1], b->age_sec, b->fixed_ttl_sec);
	finish(s, to, &m, flags, (struct outcome){ rcode, b->source, b->ede });
}

void dns_reply_relayed(struct dns_server *s, const struct dns_reply_to *to,
		       const struct dns_answer *a)
{
	const struct body b = { a->body, a->n, a->counts,         a->rcode,    a->ad,
				0,       0,    DNS_FROM_UPSTREAM, DNS_EDE_NONE };

	s->counter[DNS_N_FORWARDED]++;
	reply_body(s, to, &b);
}

void dns_reply_cached(struct dns_server *s, const struct dns_reply_to *to,
		      const struct dns_cache_entry *e)
{
	bool stale = e->expires <= to->now, failure = e->rcode == DNS_SERVFAIL;
	const struct body b = {
		.bytes = &e->bytes[e->key_n],
		.n = e->body_n,
		.counts = e->counts,
		.rcode = e->rcode,
		.ad = e->ad,
		.age_sec = (uint32_t)((to->now - e->stored) / USEC_PER_SEC),
		.fixed_ttl_sec = stale ? DNS_STALE_TTL_SEC : 0,
		.source = stale ? DNS_FROM_STALE : DNS_FROM_CACHE,
		.ede = stale     ? DNS_EDE_STALE
		       : failure ? DNS_EDE_CACHED_ERROR
				 : DNS_EDE_NONE,
	};

	s->counter[stale ? DNS_N_STALE : DNS_N_CACHE_HIT]++;
	reply_body(s, to, &b);
}
