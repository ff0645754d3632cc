/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dns-log.c — the last queries of a network, for whoever follows them.
 *
 * A follower asks for what came after the query it knows; its question waits for one, TELL_MAX at
 * most. Nothing is kept unless somebody has asked lately, LOG_ENTRIES at most, and a follower is
 * told one page every TELL_EVERY: a flood costs the oldest entries, which are counted as lost, and
 * neither memory nor the line to the controller. */
#include "netd/worker/role-dns-internal.h"

#include "dns/dns-message.h"

#include <string.h>

#define LOG_ENTRIES    512
#define FOLLOWERS_MAX  8                     /* questions that wait */
#define LISTENING_USEC (5 * USEC_PER_SEC)    /* after the last question nobody listens any more */
#define TELL_MAX       USEC_PER_SEC          /* a question is answered by then, with nothing */
#define TELL_EVERY     (100 * USEC_PER_MSEC) /* pages don't follow each other closer */

struct entry {
	usec_t at;
	struct ip client;
	bool tcp, has_question;
	uint16_t type, answers;
	unsigned rcode;
	enum dns_source source;
	struct dns_upstream server;
	usec_t took;
	struct dns_name name;
};
struct follower {
	uint64_t token, after;
	usec_t until;
};
struct dns_log {
	uint64_t first; /* numbers above it are in the log, unless overwritten */
	usec_t until;   /* nobody listens any more */
	usec_t told;    /* the last page */
	struct follower follower[FOLLOWERS_MAX];
	size_t n_followers;
	struct entry entry[LOG_ENTRIES];
};

void role_dns_log_free(struct dns_net *net)
{
	free(net->log);
	net->log = NULL;
}

static uint16_t answers_in(const uint8_t *bytes, size_t n)
{
	struct rd r = rd_over(bytes, n);

	rd_skip(&r, 6);
	return rd_u16(&r);
}

void role_dns_log_add(struct dns_net *net, const struct dns_action *a)
{
	const struct dns_request *q = a->request;
	struct entry *e = &net->log->entry[++net->logged % LOG_ENTRIES];

	*e = (struct entry){
		.at = clock_boottime(),
		.client = a->client->address,
		.tcp = a->client->tcp,
		.has_question = q->has_question,
		.type = q->has_question ? q->type : 0,
		.answers = answers_in(a->bytes, a->n),
		.rcode = a->rcode,
		.source = a->source,
		.server = a->server,
		.took = a->took,
	};
	if (q->has_question)
		e->name = q->name;
}

static bool put_entry(struct wr *w, const struct entry *e, usec_t now)
{
	struct dns_told_query row = {
		.ago_usec = now > e->at ? now - e->at : 0,
		.client = e->client,
		.tcp = e->tcp,
		.has_question = e->has_question,
		.type = e->type,
		.rcode = e->rcode,
		.answers = e->answers,
		.took_usec = (uint32_t)MIN_OF(e->took, (usec_t)UINT32_MAX),
		.source = e->source,
		.server = e->server,
	};

	if (e->has_question)
		dns_name_text(&e->name, row.name, sizeof(row.name));
	return dns_told_put_query(w, &row);
}

/* The number after which there are entries for who knows all up to `after`. */
static uint64_t oldest_after(const struct dns_net *net, uint64_t after)
{
	uint64_t kept = net->logged > LOG_ENTRIES ? net->logged - LOG_ENTRIES : 0;

	return MAX_OF(after, MAX_OF(net->log->first, kept));
}

static void tell(struct dns_net *net, const struct follower *f, usec_t now)
{
	static struct role_dns_told t;
	uint64_t from = oldest_after(net, f->after);
	/* What came while nobody listened has no number and isn't missed. */
	struct dns_told_log head = { .next = from, .lost = from - f->after };

	role_dns_told_begin(&t, net, f->token, DNS_ASK_LOG);
	struct wr at = t.w;
	dns_told_put_log(&t.w, &head);
	while (head.next < net->logged &&
	       put_entry(&t.w, &net->log->entry[(head.next + 1) % LOG_ENTRIES], now))
		head.next++;
	dns_told_put_end(&t.w);
	dns_told_put_log(&at, &head);
	role_dns_told_send(&t, net);
	net->log->told = now;
}

static usec_t due(const struct dns_net *net, const struct follower *f)
{
	return net->logged > f->after ? net->log->told + TELL_EVERY : f->until;
}

usec_t role_dns_log_deadline(const struct dns_net *net)
{
	if (!net->log)
		return USEC_INFINITY;
	usec_t at = net->log->until;
	for (size_t i = 0; i < net->log->n_followers; i++)
		at = MIN_OF(at, due(net, &net->log->follower[i]));
	return at;
}

void role_dns_log_tick(struct dns_net *net, usec_t now)
{
	struct dns_log *log = net->log;

	if (!log)
		return;
	for (size_t i = log->n_followers; i-- > 0;) {
		if (due(net, &log->follower[i]) > now)
			continue;
		const struct follower f = log->follower[i];
		log->follower[i] = log->follower[--log->n_followers];
		tell(net, &f, now);
	}
	if (log->until <= now)
		role_dns_log_free(net);
}

void role_dns_log_ask(struct dns_net *net, const struct message_dns_ask *ask, usec_t now)
{
	struct follower f = { ask->token, ask->after, now + TELL_MAX };

	if (!net->log) {
		net->log = calloc(1, sizeof(*net->log));
		if (net->log)
			net->log->first = net->logged;
	}
	/* From now on; also for who knows the numbers of another process. */
	if (f.after == 0 || f.after > net->logged)
		f.after = net->logged;
	if (!net->log || net->log->n_followers == FOLLOWERS_MAX) {
		static struct role_dns_told t;
		role_dns_told_begin(&t, net, f.token, DNS_ASK_LOG);
		dns_told_put_log(&t.w, &(struct dns_told_log){ .next = f.after });
		dns_told_put_end(&t.w);
		role_dns_told_send(&t, net);
		return;
	}
	net->log->until = now + LISTENING_USEC;
	net->log->follower[net->log->n_followers++] = f;
	role_dns_log_tick(net, now);
	role_dns_settle(net, now);
}
