/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns.c — the way of a query.
 *
 * A query is parsed whole; then records of our own answer, then zones of ours say "no", then the
 * cache answers, then an upstream is asked. */
#include "dns/dns-internal.h"

static const char *const counter_names[] = {
#define DNS_COUNTER_NAME(id, text) [id] = text,
	DNS_COUNTERS(DNS_COUNTER_NAME)
#undef DNS_COUNTER_NAME
};

static const char *const source_names[] = {
#define DNS_SOURCE_NAME(id, text) [id] = text,
	DNS_SOURCES(DNS_SOURCE_NAME)
#undef DNS_SOURCE_NAME
};

const char *dns_counter_name(enum dns_counter c)
{
	return (unsigned)c < DNS_COUNTER_COUNT ? counter_names[c] : "?";
}

const char *dns_source_name(enum dns_source s)
{
	return (unsigned)s < DNS_SOURCE_COUNT ? source_names[s] : "?";
}

const uint64_t *dns_counters(const struct dns_server *s)
{
	return s->counter;
}

/* Reflectors: services that would answer our answer. */
static bool is_reflecting_port(uint16_t port)
{
	return port == 0 || port == 7 || port == 19 || port == DNS_PORT;
}

static bool client_allowed(const struct dns_server *s, const struct dns_client *c)
{
	if (!c->tcp && is_reflecting_port(c->port))
		return false;
	if (c->host)
		return true;
	for (size_t i = 0; i < s->n_subnets; i++) {
		const struct dns_config_subnet *net = &s->subnets[i];
		if (!ip_in_prefix(&c->address, &net->gateway, net->prefix))
			continue;
		/* Nobody is the network's own broadcast address. */
		return c->address.family != AF_INET || net->prefix > 30 ||
		       (c->address.v4 | ip4_mask(net->prefix)) != UINT32_MAX;
	}
	return false;
}

static void make_key(const struct dns_request *q, struct dns_key *ret)
{
	struct wr w = wr_over(ret->bytes, sizeof(ret->bytes));

	wr_bytes(&w, q->key.wire, q->key.n);
	wr_u16(&w, q->type);
	wr_u8(&w,
	      (uint8_t)((q->dnssec_ok ? DNS_KEY_DO : 0) | (q->flags & DNS_CD ? DNS_KEY_CD : 0)));
	ret->n = (uint16_t)wr_len(&w);
}

static enum dns_counter forward(struct dns_server *s, const struct dns_reply_to *to)
{
	struct dns_key key;

	/* Without RD a client asks what we know already; what others asked is none of its business.
	 */
	if (!(to->q->flags & DNS_RD)) {
		dns_reply_error(s, to, DNS_REFUSED, DNS_EDE_PROHIBITED);
		return DNS_N_REFUSED;
	}
	if (to->q->type == DNS_ANY) {
		dns_reply_hinfo(s, to);
		return DNS_N_LOCAL;
	}
	make_key(to->q, &key);
	struct dns_cache_entry *e = dns_cache_find(&s->cache, &key);
	if (e && (e->expires > to->now || e->stale_until > to->now)) {
		bool ends_soon = dns_cache_ends_soon(e, to->now);
		dns_reply_cached(s, to, e);
		if (ends_soon)
			dns_forward_refresh(s, to, &key);
		return DNS_N_CACHE_HIT;
	}
	enum dns_counter c = dns_forward_query(s, to, &key);
	if (c == DNS_N_COALESCED || c == DNS_N_OVER_QUOTA || c == DNS_N_DROP_REPEATED ||
	    c == DNS_N_DROP_OVERLOAD)
		s->counter[c]++;
	return c;
}

static enum dns_counter answer(struct dns_server *s, const struct dns_reply_to *to)
{
	const struct dns_node *node = dns_zone_find(&s->zone, &to->q->key);

	if (!node)
		node = dns_zone_find_wildcard(&s->zone, &to->q->key);
	if (node && dns_reply_local(s, to, node))
		return DNS_N_LOCAL;
	struct dns_route route =
	    dns_route_find(&s->routes, &to->q->key, to->q->type, to->client->host);
	switch (route.kind) {
	case DNS_ROUTE_OWN:
		dns_reply_own(s, to, &route, node != NULL);
		return DNS_N_LOCAL;
	case DNS_ROUTE_LOCALHOST:
		dns_reply_localhost(s, to, &route);
		return DNS_N_LOCAL;
	case DNS_ROUTE_FORWARD:
		return forward(s, to);
	case DNS_ROUTE_REFUSED:
		break;
	}
	dns_reply_error(s, to, DNS_REFUSED, DNS_EDE_PROHIBITED);
	return DNS_N_REFUSED;
}

static enum dns_counter dropped(struct dns_server *s, enum dns_counter why)
{
	s->counter[why]++;
	return why;
}

static enum dns_counter counter_of_error(unsigned rcode)
{
	return rcode == DNS_FORMERR   ? DNS_N_FORMERR
	       : rcode == DNS_NOTIMP  ? DNS_N_NOTIMP
	       : rcode == DNS_BADVERS ? DNS_N_BADVERS
				      : DNS_N_REFUSED;
}

enum dns_counter dns_query(struct dns_server *s, const struct dns_client *client,
			   const uint8_t *bytes, size_t n, usec_t now, const struct dns_out *out)
{
	struct dns_request q;
	struct dns_reply_to to = { client, &q, now, out, 0, NULL };

	s->counter[client->tcp ? DNS_N_QUERIES_TCP : DNS_N_QUERIES_UDP]++;
	if (!client_allowed(s, client))
		return dropped(s, DNS_N_DROP_SOURCE);
	dns_askers_count(&s->askers, &client->address);
	if (n > (client->tcp ? DNS_TCP_MAX : DNS_UDP_MAX))
		return dropped(s, DNS_N_DROP_LONG);
	switch (dns_request_parse(&q, bytes, n)) {
	case DNS_PARSE_SHORT:
		return dropped(s, DNS_N_DROP_SHORT);
	case DNS_PARSE_RESPONSE:
		return dropped(s, DNS_N_DROP_RESPONSE);
	case DNS_PARSE_ANSWER:
		break;
	}
	if (q.rcode == DNS_NOERROR)
		return answer(s, &to);
	dns_reply_error(s, &to, q.rcode, DNS_EDE_NONE);
	return counter_of_error(q.rcode);
}
