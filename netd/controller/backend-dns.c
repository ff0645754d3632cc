/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backend-dns.c — the door's calls about a network's name service: the question goes to its worker,
 * the answer becomes JSON. What a worker says is decoded by netd/messages/messages-dns-ask.h; a
 * message from the network itself is never seen here. */
#include "base/clock.h"
#include "dns/dns-show.h"
#include "netd/controller/backend-internal.h"
#include "netd/messages/messages-dns-ask.h"
#include "netd/service/services.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct pending {
	struct door_call *call;
	char *net;
	struct message_dns_ask ask;
};
/* Reads the body; NULL: it isn't what it should be, or memory is short (then body->bad is not set).
 */
typedef json_t *answer_fn(const struct pending *p, struct rd *body);

static void set(json_t *o, const char *key, json_t *value)
{
	(void)!json_object_set_new(o, key, value);
}

static const char *status_text(uint32_t rcode, char buf[static 16])
{
	const char *name = dns_rcode_name(rcode);

	if (name)
		return name;
	snprintf(buf, 16, "RCODE%u", rcode);
	return buf;
}

/* "192.0.2.1", with "#5353" when it isn't the usual port; null: none. */
static json_t *server_json(const struct dns_upstream *u)
{
	char ip[IP_TEXT_MAX], text[IP_TEXT_MAX + 8];

	if (!ip_is_set(&u->address))
		return json_null();
	ip_format(&u->address, ip);
	if (u->port == DNS_PORT)
		return json_string(ip);
	snprintf(text, sizeof(text), "%s#%u", ip, u->port);
	return json_string(text);
}

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)MIN_OF(v, (uint64_t)INT64_MAX));
}

/* ---- the answers ---- */

static json_t *record_json(const struct dns_told_record *r)
{
	char type[DNS_TYPE_TEXT_MAX];

	return json_pack("{s:s, s:s, s:I, s:s}", "name", r->name, "type",
			 dns_type_name(r->type, type), "ttl", (json_int_t)r->ttl_sec, "data",
			 r->data);
}

static int add_records(struct rd *body, json_t *o)
{
	static const char *const names[] = { NULL, "answer", "authority", "additional" };
	static struct dns_told_record row;
	int more;

	for (size_t i = DNS_ANSWER; i < ARRAY_LEN(names); i++)
		set(o, names[i], json_array());
	while ((more = dns_told_get_record(body, &row)) > 0)
		(void)!json_array_append_new(json_object_get(o, names[row.section]),
					     record_json(&row));
	return more;
}

static json_t *lookup_answer(const struct pending *p, struct rd *body)
{
	char type[DNS_TYPE_TEXT_MAX], status[16];
	struct dns_told_lookup m;

	if (dns_told_get_lookup(body, &m) < 0)
		return NULL;
	json_t *o = json_pack("{s:s, s:s, s:s, s:s?, s:s, s:o, s:b, s:b, s:o, s:b}", "network",
			      p->net, "name", p->ask.name, "type", dns_type_name(p->ask.type, type),
			      "status", m.answered ? status_text(m.rcode, status) : NULL, "source",
			      dns_source_name(m.source), "server", server_json(&m.server),
			      "authoritative", m.aa, "authenticated", m.ad, "took-usec",
			      number(m.took_usec), "complete", m.whole);
	if (o && add_records(body, o) < 0) {
		json_decref(o);
		body->bad = true;
		o = NULL;
	}
	return o;
}

static json_t *entry_json(const struct dns_told_entry *e)
{
	char type[DNS_TYPE_TEXT_MAX], status[16];

	return json_pack("{s:s, s:s, s:s, s:I, s:b, s:b, s:b, s:b, s:I}", "name", e->name, "type",
			 dns_type_name(e->type, type), "status", status_text(e->rcode, status),
			 "ttl", (json_int_t)e->ttl_sec, "expired", e->ttl_sec == 0, "negative",
			 e->negative, "dnssec", e->dnssec_ok, "checking-disabled",
			 e->checking_disabled, "octets", (json_int_t)e->bytes);
}

static json_t *cache_answer(const struct pending *p, struct rd *body)
{
	uint64_t last = p->ask.after;
	struct dns_told_cache m;
	static struct dns_told_entry row;
	json_t *list = json_array();
	int more = -EPROTO;

	if (dns_told_get_cache(body, &m) == 0)
		while ((more = dns_told_get_entry(body, &row)) > 0) {
			if (row.number <= last) { /* it would never end */
				more = -EPROTO;
				break;
			}
			last = row.number;
			(void)!json_array_append_new(list, entry_json(&row));
		}
	if (more < 0 || (m.more && last == p->ask.after)) {
		body->bad = true;
		json_decref(list);
		return NULL;
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "network", p->net, "entries",
			 number(m.entries), "octets", number(m.bytes), "octets-max",
			 number(m.max_bytes), "next", m.more ? number(last) : json_null(), "cache",
			 list);
}

static json_t *flush_answer(const struct pending *p, struct rd *body)
{
	uint64_t n = rd_u64(body);

	if (rd_left(body))
		body->bad = true;
	return body->bad ? NULL : json_pack("{s:s, s:o}", "network", p->net, "removed", number(n));
}

static json_t *status_json(const struct dns_told_stats *m)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < DNS_RCODES; i++) {
		const char *name = i == DNS_RCODES - 1 ? "other" : dns_rcode_name(i);
		char text[16];
		if (m->rcode[i] || (name && i <= 5))
			set(o, name ? name : status_text(i, text), number(m->rcode[i]));
	}
	return o;
}

static json_t *source_json(const struct dns_told_stats *m)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < DNS_SOURCE_COUNT; i++)
		set(o, dns_source_name(i), number(m->source[i]));
	return o;
}

static json_t *counters_json(const struct dns_told_stats *m)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < DNS_COUNTER_COUNT; i++)
		set(o, dns_counter_name(i), number(m->counter[i]));
	return o;
}

static json_t *clients_json(const struct dns_told_stats *m)
{
	json_t *list = json_array();
	char ip[IP_TEXT_MAX];

	for (size_t i = 0; i < m->n_askers; i++) {
		const struct dns_asker *a = &m->asker[i];
		(void)!json_array_append_new(
		    list, json_pack("{s:s, s:o, s:o}", "address", ip_format(&a->address, ip),
				    "queries", number(a->queries), "at-least",
				    number(a->queries - MIN_OF(a->surplus, a->queries))));
	}
	return list;
}

static json_t *upstreams_json(const struct dns_told_stats *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->n_upstreams; i++) {
		const struct dns_upstream_state *u = &m->upstream[i];
		(void)!json_array_append_new(list, json_pack("{s:o, s:o, s:b}", "server",
							     server_json(&u->upstream), "rtt-usec",
							     u->rtt ? number(u->rtt) : json_null(),
							     "silent", u->silent));
	}
	return list;
}

static json_t *stats_answer(const struct pending *p, struct rd *body)
{
	static struct dns_told_stats m;

	if (dns_told_get_stats(body, &m) < 0) {
		body->bad = true;
		return NULL;
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:o, s:o}", "network",
			 p->net, "status", status_json(&m), "source", source_json(&m), "counters",
			 counters_json(&m), "cache", "entries", number(m.entries), "octets",
			 number(m.bytes), "octets-max", number(m.max_bytes), "in-flight",
			 number(m.in_flight), "clients", clients_json(&m), "upstreams",
			 upstreams_json(&m));
}

static int64_t wall_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * (int64_t)USEC_PER_SEC + ts.tv_nsec / 1000;
}

static json_t *query_json(const struct dns_told_query *q, int64_t now)
{
	char ip[IP_TEXT_MAX], type[DNS_TYPE_TEXT_MAX], status[16];
	int64_t ago = (int64_t)MIN_OF(q->ago_usec, (uint64_t)now);

	return json_pack("{s:I, s:s, s:s, s:s?, s:s?, s:s, s:I, s:s, s:o, s:I}", "time-usec",
			 (json_int_t)(now - ago), "client", ip_format(&q->client, ip), "transport",
			 q->tcp ? "tcp" : "udp", "name", q->has_question ? q->name : NULL, "type",
			 q->has_question ? dns_type_name(q->type, type) : NULL, "status",
			 status_text(q->rcode, status), "answers", (json_int_t)q->answers, "source",
			 dns_source_name(q->source), "server", server_json(&q->server), "took-usec",
			 (json_int_t)q->took_usec);
}

static json_t *log_answer(const struct pending *p, struct rd *body)
{
	json_t *list = json_array();
	static struct dns_told_query row;
	int64_t now = wall_usec();
	struct dns_told_log m;
	int more = -EPROTO;

	if (dns_told_get_log(body, &m) == 0)
		while ((more = dns_told_get_query(body, &row)) > 0)
			(void)!json_array_append_new(list, query_json(&row, now));
	if (more < 0) {
		body->bad = true;
		json_decref(list);
		return NULL;
	}
	return json_pack("{s:s, s:o, s:o, s:o}", "network", p->net, "next", number(m.next), "lost",
			 number(m.lost), "queries", list);
}

/* ---- asking ---- */

static answer_fn *const answers[DNS_ASK_COUNT] = {
	[DNS_ASK_LOOKUP] = lookup_answer, [DNS_ASK_CACHE] = cache_answer,
	[DNS_ASK_FLUSH] = flush_answer,   [DNS_ASK_STATS] = stats_answer,
	[DNS_ASK_LOG] = log_answer,
};

static void pending_free(struct pending *p)
{
	free(p->net);
	free(p);
}

static void reply(struct pending *p, json_t *o, bool malformed)
{
	auto_free char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	if (text)
		door_reply_text(p->call, text);
	else if (malformed)
		door_failf(p->call, ERR_OPERATION_FAILED,
			   "the name service of network '%s' had to be restarted; try again",
			   p->net);
	else
		door_failf(p->call, ERR_NO_MEMORY, "%s", "");
	json_decref(o);
}

static bool told(void *data, const struct message_dns_told *head, struct rd *body,
		 const struct err *why)
{
	struct pending *p = data;
	bool ok = true;

	if (head) {
		json_t *o = answers[head->what](p, body);
		ok = o || !body->bad;
		reply(p, o, !ok);
	} else {
		door_fail(p->call, why);
	}
	pending_free(p);
	return ok;
}

static void ask(struct controller *c, struct door_call *call, const struct rpc_net *ref,
		const struct message_dns_ask *what)
{
	struct net *n = backend_net(c, call, ref);
	struct err e = { 0 };

	if (!n)
		return;
	struct pending *p = calloc(1, sizeof(*p));
	if (!p || !(p->net = strdup(n->name))) {
		free(p);
		return door_failf(call, ERR_NO_MEMORY, "%s", "");
	}
	p->call = call;
	p->ask = *what;
	if (services_dns_ask(c->services, n, &p->ask, told, p, &e) == 0)
		return;
	door_fail(call, &e);
	pending_free(p);
}

void backend_dns_lookup(void *data, struct door_call *call, const struct rpc_net *ref,
			const char *name, const char *type)
{
	struct message_dns_ask m = { .what = DNS_ASK_LOOKUP };

	if (dns_type_parse(type, &m.type) < 0)
		return door_failf(call, ERR_INVALID_ARG,
				  "'%s' is not a type of record; there are A, AAAA, TXT, … and "
				  "TYPE followed by a number",
				  type);
	if (!dns_is_name(name))
		return door_failf(call, ERR_INVALID_ARG, "'%s' is not a domain name", name);
	copy_text(m.name, sizeof(m.name), name);
	ask(data, call, ref, &m);
}

void backend_dns_cache(void *data, struct door_call *call, const struct rpc_net *ref,
		       uint64_t after)
{
	ask(data, call, ref, &(struct message_dns_ask){ .what = DNS_ASK_CACHE, .after = after });
}

void backend_dns_flush(void *data, struct door_call *call, const struct rpc_net *ref)
{
	ask(data, call, ref, &(struct message_dns_ask){ .what = DNS_ASK_FLUSH });
}

void backend_dns_stats(void *data, struct door_call *call, const struct rpc_net *ref)
{
	ask(data, call, ref, &(struct message_dns_ask){ .what = DNS_ASK_STATS });
}

void backend_dns_log(void *data, struct door_call *call, const struct rpc_net *ref, uint64_t after)
{
	ask(data, call, ref, &(struct message_dns_ask){ .what = DNS_ASK_LOG, .after = after });
}
