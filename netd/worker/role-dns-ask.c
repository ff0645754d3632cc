/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dns-ask.c — what an administrator wants to know of a network's name service, answered from
 * the engine. A lookup is a query like a guest's, from the gateway's own address. */
#include "netd/worker/role-dns-internal.h"

#include "dns/dns-message.h"
#include "dns/dns-name.h"
#include "dns/dns-show.h"
#include "netd/messages/messages.h"

#include <string.h>

#define LOOKUP_PORT 1024 /* no reflecting one */
#define LOOKUP_MAX  (DNS_HEADER_OCTETS + DNS_NAME_MAX + 4)

static void told_head(struct role_dns_told *t, uint32_t net_id, uint64_t token,
		      enum dns_ask_what what, bool served)
{
	const struct message_dns_told head = { net_id, token, what, served };

	t->w = wr_over(t->body, sizeof(t->body));
	message_dns_told_encode(&t->w, &head);
}

void role_dns_told_begin(struct role_dns_told *t, const struct dns_net *net, uint64_t token,
			 enum dns_ask_what what)
{
	told_head(t, net->id, token, what, true);
}

void role_dns_told_send(struct role_dns_told *t, struct dns_net *net)
{
	worker_send(net->role->w, MSG_DNS_TOLD, t->body, wr_len(&t->w));
}

/* ---- lookups ---- */

/* Rows are written as long as they fit. */
static bool put_record(void *data, const struct dns_shown *r)
{
	struct role_dns_told *t = data;
	struct dns_told_record row = { .section = r->section,
				       .type = r->type,
				       .ttl_sec = r->ttl_sec };

	copy_text(row.name, sizeof(row.name), r->name);
	copy_text(row.data, sizeof(row.data), r->data);
	return dns_told_put_record(&t->w, &row);
}

/* Whether all records fit is known only behind them, and is said in front of them: the second time
 * round. */
static void tell_lookup(struct dns_net *net, uint64_t token, struct dns_told_lookup *head,
			const uint8_t *bytes, size_t n)
{
	static struct role_dns_told t;
	struct dns_shown_flags flags;

	head->whole = true;
	for (unsigned round = 0; round < 2; round++) {
		bool whole = head->whole;
		role_dns_told_begin(&t, net, token, DNS_ASK_LOOKUP);
		dns_told_put_lookup(&t.w, head);
		head->whole = !n || dns_show_message(bytes, n, &flags, put_record, &t);
		head->aa = n && flags.aa;
		head->ad = n && flags.ad;
		if (round && whole == head->whole)
			break;
	}
	dns_told_put_end(&t.w);
	role_dns_told_send(&t, net);
}

void role_dns_ask_reply(struct dns_net *net, const struct dns_action *a)
{
	struct dns_told_lookup head = { .rcode = a->rcode,
					.source = a->source,
					.server = a->server,
					.took_usec = a->took,
					.answered = true };

	tell_lookup(net, a->client->token & ~ROLE_DNS_ASK_TOKEN, &head, a->bytes, a->n);
}

/* 0 when the name is none. */
static size_t make_query(const struct message_dns_ask *ask, uint8_t *buf, size_t cap)
{
	struct wr w = wr_over(buf, cap);
	struct dns_name name;

	if (dns_name_parse(ask->name, &name) < 0)
		return 0;
	wr_u16(&w, 0);
	wr_u16(&w, DNS_RD);
	wr_u16(&w, 1);
	wr_zero(&w, 6);
	wr_bytes(&w, name.wire, name.n);
	wr_u16(&w, ask->type);
	wr_u16(&w, DNS_IN);
	return w.bad ? 0 : wr_len(&w);
}

/* There will be no reply. */
static bool is_dropped(enum dns_counter outcome)
{
	return outcome == DNS_N_DROP_SHORT || outcome == DNS_N_DROP_LONG ||
	       outcome == DNS_N_DROP_RESPONSE || outcome == DNS_N_DROP_SOURCE ||
	       outcome == DNS_N_DROP_REPEATED || outcome == DNS_N_DROP_OVERLOAD;
}

static void lookup(struct dns_net *net, const struct message_dns_ask *ask, usec_t now)
{
	struct dns_client client = { .port = LOOKUP_PORT,
				     .tcp = true,
				     .token = ROLE_DNS_ASK_TOKEN | ask->token };
	struct dns_told_lookup none = { 0 };
	uint8_t query[LOOKUP_MAX];
	size_t n = make_query(ask, query, sizeof(query));
	enum dns_counter outcome = DNS_N_DROP_SHORT;

	if (net->config && net->config->n_subnets)
		client.address = net->config->subnets[0].gateway;
	if (n)
		outcome = dns_query(net->server, &client, query, n, now, &net->out);
	if (is_dropped(outcome))
		tell_lookup(net, ask->token, &none, NULL, 0);
	role_dns_settle(net, now);
}

/* ---- the cache ---- */

struct page {
	struct role_dns_told t;
	usec_t now;
	bool full;
};

static bool put_entry(void *data, const struct dns_cached *e)
{
	struct page *p = data;
	usec_t left = e->expires > p->now ? e->expires - p->now : 0;
	struct dns_told_entry row = {
		.number = e->number,
		.type = e->type,
		.dnssec_ok = e->dnssec_ok,
		.checking_disabled = e->checking_disabled,
		.negative = e->negative,
		.rcode = e->rcode,
		.bytes = (uint32_t)e->bytes,
		.ttl_sec = (uint32_t)((left + USEC_PER_SEC - 1) / USEC_PER_SEC),
	};

	copy_text(row.name, sizeof(row.name), e->name);
	p->full = !dns_told_put_entry(&p->t.w, &row);
	return !p->full;
}

static void tell_cache(struct dns_net *net, const struct message_dns_ask *ask, usec_t now)
{
	const struct dns_cache_size size = dns_cache_size(net->server);
	struct dns_told_cache head = { size.entries, size.bytes, size.max_bytes, true };
	static struct page p;

	p.now = now;
	p.full = false;
	role_dns_told_begin(&p.t, net, ask->token, DNS_ASK_CACHE);
	const struct wr at = p.t.w;
	dns_told_put_cache(&p.t.w, &head);
	dns_cache_visit(net->server, ask->after, put_entry, &p);
	dns_told_put_end(&p.t.w);
	head.more = p.full;
	struct wr again = at; /* it is as long as before */
	dns_told_put_cache(&again, &head);
	role_dns_told_send(&p.t, net);
}

static void flush(struct dns_net *net, const struct message_dns_ask *ask)
{
	static struct role_dns_told t;

	role_dns_told_begin(&t, net, ask->token, DNS_ASK_FLUSH);
	wr_u64(&t.w, dns_cache_flush(net->server));
	role_dns_told_send(&t, net);
}

/* ---- statistics ---- */

static void tell_stats(struct dns_net *net, const struct message_dns_ask *ask, usec_t now)
{
	const struct dns_cache_size size = dns_cache_size(net->server);
	static struct role_dns_told t;
	struct dns_told_stats m = { .entries = size.entries,
				    .bytes = size.bytes,
				    .max_bytes = size.max_bytes,
				    .in_flight = size.in_flight };

	memcpy(m.counter, dns_counters(net->server), sizeof(m.counter));
	memcpy(m.rcode, dns_rcode_counts(net->server), sizeof(m.rcode));
	memcpy(m.source, dns_source_counts(net->server), sizeof(m.source));
	m.n_askers = dns_server_askers(net->server, m.asker);
	m.n_upstreams = dns_upstream_states(net->server, now, m.upstream);
	role_dns_told_begin(&t, net, ask->token, DNS_ASK_STATS);
	dns_told_put_stats(&t.w, &m);
	role_dns_told_send(&t, net);
}

/* ---- all ---- */

static void not_served(struct dns_role *role, const struct message_dns_ask *ask)
{
	static struct role_dns_told t;

	told_head(&t, ask->net_id, ask->token, ask->what, false);
	worker_send(role->w, MSG_DNS_TOLD, t.body, wr_len(&t.w));
}

void role_dns_ask(struct dns_role *role, struct dns_net *net, const struct message_dns_ask *ask,
		  usec_t now)
{
	if (!net) {
		not_served(role, ask);
		return;
	}
	switch (ask->what) {
	case DNS_ASK_LOOKUP:
		return lookup(net, ask, now);
	case DNS_ASK_CACHE:
		return tell_cache(net, ask, now);
	case DNS_ASK_FLUSH:
		return flush(net, ask);
	case DNS_ASK_STATS:
		return tell_stats(net, ask, now);
	case DNS_ASK_LOG:
		return role_dns_log_ask(net, ask, now);
	case DNS_ASK_COUNT:
		break;
	}
}
