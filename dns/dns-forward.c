/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-forward.c — questions on their way upstream.
 *
 * A *flight* is one question (name, type, DO, CD) with all clients that wait for its answer: an
 * equal question joins it, so that there is never a second one to forge an answer to. A flight
 * makes up to DNS_ATTEMPTS attempts, each an exchange with one server; a slow server's exchange
 * stays open beside the next ones. The first good answer ends all. Attempts that take too long are
 * found in constant time: the n-th attempt of every flight has the same patience, so that the list
 * of flights at their n-th attempt is in order of time.
 *
 * An answer must carry the 16 random bits of its query and the question in the letters' random case
 * (until a server has shown that it doesn't repeat that), and comes to a socket that is connected
 * to the server from a random port (the caller's part). Whoever shows DNS_MISMATCH_MAX wrong ones
 * makes the question go over TCP. */
#include "dns/dns-internal.h"

/* An exchange's number: generation, slot, attempt. */
#define ATTEMPT_BITS 3
#define SLOT_BITS    11
_Static_assert(DNS_IN_FLIGHT_MAX <= 1 << SLOT_BITS, "slots fit");
_Static_assert(DNS_ATTEMPTS <= 1 << ATTEMPT_BITS, "attempts fit");

static const unsigned patience_msec[DNS_ATTEMPTS] = DNS_ATTEMPT_MSEC;

struct waiter {
	struct list link;
	struct dns_client client;
	struct quota *quota;
	struct dns_request q;
	usec_t since;
};

struct quota { /* one client address that waits for something */
	struct table_node table;
	unsigned waiting;
	struct ip address;
	uint8_t key_n;
	uint8_t key[17];
};

void dns_forward_init(struct dns_forward *f)
{
	memset(f, 0, sizeof(*f));
	table_init(&f->flights);
	table_init(&f->quotas);
	dns_rate_init(&f->rate);
	for (unsigned i = 0; i < DNS_ATTEMPTS; i++)
		list_init(&f->timers[i]);
}

/* From a store, because the kernel's own answer costs a system call. */
static uint64_t random_bits(struct dns_forward *f)
{
	uint64_t bits;

	if (f->random_left < sizeof(bits)) {
		random_bytes(f->random, sizeof(f->random));
		f->random_left = sizeof(f->random);
	}
	f->random_left -= sizeof(bits);
	memcpy(&bits, &f->random[f->random_left], sizeof(bits));
	return bits;
}

static struct quota *quota_get(struct dns_forward *f, const struct ip *address)
{
	uint8_t key[17];
	struct wr w = wr_over(key, sizeof(key));

	wr_u8(&w, address->family == AF_INET ? 4 : 6);
	if (address->family == AF_INET)
		wr_u32(&w, address->v4);
	else
		wr_bytes(&w, address->v6, sizeof(address->v6));
	struct table_node *t = table_find(&f->quotas, key, wr_len(&w));
	if (t)
		return container_of(t, struct quota, table);
	struct quota *q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->key_n = (uint8_t)wr_len(&w);
	memcpy(q->key, key, q->key_n);
	if (table_add(&f->quotas, &q->table, q->key, q->key_n) < 0) {
		free(q);
		return NULL;
	}
	return q;
}

static void quota_put(struct dns_forward *f, struct quota *q)
{
	if (q->waiting)
		return;
	table_remove(&f->quotas, &q->table);
	free(q);
}

static void waiter_free(struct dns_forward *f, struct dns_flight *fl, struct waiter *w)
{
	list_remove(&w->link);
	fl->n_waiters--;
	w->quota->waiting--;
	quota_put(f, w->quota);
	free(w);
}

static void flight_free(struct dns_forward *f, struct dns_flight *fl)
{
	struct waiter *w;

	list_foreach (w, &fl->waiters, struct waiter, link)
		waiter_free(f, fl, w);
	table_remove(&f->flights, &fl->table);
	list_remove(&fl->timer);
	f->slot[fl->slot] = NULL;
	free(fl);
}

void dns_forward_done(struct dns_forward *f)
{
	for (unsigned i = 0; f->slot && i < DNS_IN_FLIGHT_MAX; i++)
		if (f->slot[i])
			flight_free(f, f->slot[i]);
	free(f->slot);
	table_done(&f->flights);
	table_done(&f->quotas);
	dns_rate_done(&f->rate);
}

static bool same_client(const struct waiter *w, const struct dns_reply_to *to)
{
	return w->q.id == to->q->id && w->client.port == to->client->port &&
	       w->client.token == to->client->token && w->client.tcp == to->client->tcp &&
	       ip_equal(&w->client.address, &to->client->address);
}

/* Let a client wait for the flight. */
static enum dns_counter wait_for(struct dns_server *s, struct dns_flight *fl,
				 const struct dns_reply_to *to)
{
	struct waiter *w;

	list_foreach (w, &fl->waiters, struct waiter, link)
		if (same_client(w, to))
			return DNS_N_DROP_REPEATED;
	struct quota *quota = quota_get(&s->forward, &to->client->address);
	if (!quota)
		return DNS_N_OVER_QUOTA;
	w = NULL;
	if (quota->waiting < DNS_PER_CLIENT_MAX && fl->n_waiters < DNS_FLIGHT_WAITERS)
		w = malloc(sizeof(*w));
	if (!w) {
		quota_put(&s->forward, quota);
		return DNS_N_OVER_QUOTA;
	}
	w->client = *to->client;
	w->q = *to->q;
	w->since = to->now;
	w->quota = quota;
	quota->waiting++;
	fl->n_waiters++;
	list_add_tail(&fl->waiters, &w->link);
	return DNS_N_COALESCED;
}

static uint32_t exchange_of(const struct dns_flight *fl, unsigned attempt)
{
	return fl->generation << (SLOT_BITS + ATTEMPT_BITS) | fl->slot << ATTEMPT_BITS | attempt;
}

static struct dns_flight *flight_of(struct dns_forward *f, uint32_t exchange, unsigned *ret_attempt)
{
	uint32_t slot = exchange >> ATTEMPT_BITS & ((1u << SLOT_BITS) - 1);
	unsigned attempt = exchange & ((1u << ATTEMPT_BITS) - 1);
	struct dns_flight *fl = f->slot ? f->slot[slot % DNS_IN_FLIGHT_MAX] : NULL;

	if (!fl || attempt >= fl->n_attempts || !fl->attempt[attempt].open ||
	    exchange_of(fl, attempt) != exchange)
		return NULL;
	*ret_attempt = attempt;
	return fl;
}

static struct dns_flight *flight_new(struct dns_forward *f, const struct dns_request *q,
				     const struct dns_key *key)
{
	if (f->flights.count >= DNS_IN_FLIGHT_MAX)
		return NULL;
	if (!f->slot)
		f->slot = calloc(DNS_IN_FLIGHT_MAX, sizeof(struct dns_flight *));
	struct dns_flight *fl = f->slot ? calloc(1, sizeof(*fl)) : NULL;
	if (!fl)
		return NULL;
	fl->q = *q;
	fl->key = *key;
	list_init(&fl->waiters);
	list_init(&fl->timer);
	if (table_add(&f->flights, &fl->table, fl->key.bytes, fl->key.n) < 0) {
		free(fl);
		return NULL;
	}
	while (f->slot[f->next_slot])
		f->next_slot = (f->next_slot + 1) % DNS_IN_FLIGHT_MAX;
	fl->slot = f->next_slot;
	fl->generation = ++f->generation & ((1u << (32 - SLOT_BITS - ATTEMPT_BITS)) - 1);
	f->slot[fl->slot] = fl;
	return fl;
}

static void end_exchange(struct dns_flight *fl, unsigned attempt, const struct dns_out *out)
{
	if (!fl->attempt[attempt].open)
		return;
	fl->attempt[attempt].open = false;
	out->act(out->data, &(struct dns_action){ .kind = DNS_END_UPSTREAM,
						  .exchange = exchange_of(fl, attempt) });
}

static void flight_end(struct dns_server *s, struct dns_flight *fl, const struct dns_out *out)
{
	for (unsigned i = 0; i < fl->n_attempts; i++)
		end_exchange(fl, i, out);
	flight_free(&s->forward, fl);
}

/* The group that answers for the flight's question now; the configuration may have changed since it
 * began. */
static struct dns_group *group_of(struct dns_server *s, const struct dns_flight *fl)
{
	struct dns_route route = dns_route_find(&s->routes, &fl->q.key, fl->q.type, false);

	if (route.kind != DNS_ROUTE_FORWARD)
		return NULL;
	return route.group ? route.group : &s->host_servers;
}

/* Who is asked next; a server that wants to be asked in another way comes first. */
static struct dns_group_server *pick_server(struct dns_server *s, const struct dns_flight *fl,
					    usec_t now)
{
	struct dns_group *g = group_of(s, fl);
	struct dns_group_server *again = fl->again ? dns_group_find(g, &fl->again_to) : NULL;

	return again ? again : dns_group_pick(g, fl->asked, fl->n_attempts, s->strict_order, now);
}

/* Over TCP nobody needs to guess; a server that doesn't repeat the case gets the client's. */
static struct dns_relay_sent sent_to(struct dns_forward *f, const struct dns_group_server *server,
				     bool tcp)
{
	bool mix = !tcp && server->lost_case < DNS_LOST_CASE;

	return (struct dns_relay_sent){
		.id = (uint16_t)random_bits(f),
		.tcp = tcp,
		.mix = mix ? random_bits(f) : 0,
	};
}

/* Start the next attempt; false when there is none left or nobody to ask. */
static bool attempt_next(struct dns_server *s, struct dns_flight *fl, usec_t now,
			 const struct dns_out *out)
{
	uint8_t buf[DNS_HEADER_OCTETS + DNS_NAME_MAX + 4 + DNS_OPT_OCTETS];

	if (fl->n_attempts == DNS_ATTEMPTS)
		return false;
	struct dns_group_server *server = pick_server(s, fl, now);
	if (!server)
		return false;
	fl->again = false;
	unsigned i = fl->n_attempts++;
	struct dns_attempt *a = &fl->attempt[i];
	*a = (struct dns_attempt){ true, sent_to(&s->forward, server, fl->tcp), now };
	fl->asked[i] = server->upstream;
	size_t n = dns_relay_query(&fl->q, &a->sent, !fl->no_edns, buf, sizeof(buf));
	fl->due = now + patience_msec[i] * USEC_PER_MSEC;
	list_remove(&fl->timer);
	list_add_tail(&s->forward.timers[i], &fl->timer);
	s->counter[fl->tcp ? DNS_N_UPSTREAM_TCP : DNS_N_UPSTREAM_SENT]++;
	if (i > 0)
		s->counter[DNS_N_UPSTREAM_RETRY]++;
	out->act(out->data, &(struct dns_action){ .kind = DNS_SEND_UPSTREAM,
						  .bytes = buf,
						  .n = n,
						  .exchange = exchange_of(fl, i),
						  .server = fl->asked[i],
						  .tcp = a->sent.tcp });
	return true;
}

/* Whom an attempt asked; NULL when the list of servers has changed since. */
static struct dns_group_server *server_of(struct dns_server *s, const struct dns_flight *fl,
					  unsigned attempt)
{
	return dns_group_find(group_of(s, fl), &fl->asked[attempt]);
}

static void server_silent(struct dns_server *s, const struct dns_flight *fl, unsigned attempt,
			  usec_t now)
{
	struct dns_group_server *server = server_of(s, fl, attempt);

	if (server)
		dns_group_silent(server, now - fl->attempt[attempt].at, now);
}

/* Answer all who wait, each by its own question's case, size and transport. */
static void answer_waiters(struct dns_server *s, struct dns_flight *fl, const struct dns_answer *a,
			   const struct dns_cache_entry *stale, enum dns_ede ede, usec_t now,
			   const struct dns_out *out)
{
	struct waiter *w;

	list_foreach (w, &fl->waiters, struct waiter, link) {
		struct dns_reply_to to = { &w->client, &w->q, now, out, w->since, fl->answered_by };
		if (a)
			dns_reply_relayed(s, &to, a);
		else if (stale)
			dns_reply_cached(s, &to, stale);
		else
			dns_reply_error(s, &to, DNS_SERVFAIL, ede);
		waiter_free(&s->forward, fl, w);
	}
}

/* An expired answer that may still be served; it then is for DNS_FAILURE_SEC without asking again.
 */
static struct dns_cache_entry *stale_entry(struct dns_server *s, const struct dns_flight *fl,
					   usec_t now)
{
	struct dns_cache_entry *e = dns_cache_find(&s->cache, &fl->key);

	if (!e || e->negative || e->expires > now ||
	    now - e->expires > DNS_STALE_MAX_SEC * USEC_PER_SEC)
		return NULL;
	e->stale_until = now + DNS_FAILURE_SEC * USEC_PER_SEC;
	return e;
}

static bool is_fresh(struct dns_server *s, const struct dns_key *key, usec_t now)
{
	const struct dns_cache_entry *e = dns_cache_find(&s->cache, key);

	return e && e->expires > now;
}

static void flight_failed(struct dns_server *s, struct dns_flight *fl, enum dns_ede ede, usec_t now,
			  const struct dns_out *out)
{
	const struct dns_answer failure = { .rcode = DNS_SERVFAIL,
					    .negative = true,
					    .ttl_sec = DNS_FAILURE_SEC };
	struct dns_cache_entry *stale = stale_entry(s, fl, now);

	s->counter[DNS_N_UPSTREAM_FAILED]++;
	answer_waiters(s, fl, NULL, stale, ede, now, out);
	/* With no server at all it isn't the question that failed: the next list of servers may
	 * come at once. And what could not be made new is good until it expires. */
	if (!stale && fl->n_attempts && !is_fresh(s, &fl->key, now))
		dns_cache_store(&s->cache, &fl->key, &failure, now);
	flight_end(s, fl, out);
}

/* This attempt is lost. Another one begins at once, unless one is still open. */
static void attempt_failed(struct dns_server *s, struct dns_flight *fl, unsigned attempt,
			   usec_t now, const struct dns_out *out)
{
	end_exchange(fl, attempt, out);
	if (attempt_next(s, fl, now, out))
		return;
	for (unsigned i = 0; i < fl->n_attempts; i++)
		if (fl->attempt[i].open)
			return;
	flight_failed(s, fl, DNS_EDE_NETWORK, now, out);
}

/* Over quota: a few are told so, for their resolvers' sake; a flood isn't worth a datagram each. */
static enum dns_counter refuse(struct dns_server *s, const struct dns_reply_to *to)
{
	struct dns_forward *f = &s->forward;

	if (to->now - f->refused_since >= USEC_PER_SEC) {
		f->refused_since = to->now;
		f->refused = 0;
	}
	if (!to->client->tcp && f->refused >= DNS_REFUSED_PER_SEC)
		return DNS_N_DROP_OVERLOAD;
	f->refused++;
	dns_reply_error(s, to, DNS_REFUSED, DNS_EDE_OTHER);
	return DNS_N_OVER_QUOTA;
}

/* The server lives and wants the question in another way. */
static void attempt_again(struct dns_server *s, struct dns_flight *fl, unsigned attempt, usec_t now,
			  const struct dns_out *out)
{
	fl->again = true;
	fl->again_to = fl->asked[attempt];
	attempt_failed(s, fl, attempt, now, out);
}

/* The host's resolver is being asked this very question. */
static bool asks_loopback(const struct dns_flight *fl)
{
	for (unsigned i = 0; i < fl->n_attempts; i++)
		if (fl->attempt[i].open && ip_is_loopback(&fl->asked[i].address))
			return true;
	return false;
}

/* We ask the host's resolver and it asks us: it has to know by somebody else. */
static enum dns_counter reply_loop(struct dns_server *s, const struct dns_reply_to *to)
{
	s->counter[DNS_N_LOOP]++;
	dns_reply_error(s, to, DNS_REFUSED, DNS_EDE_PROHIBITED);
	return DNS_N_REFUSED;
}

void dns_forward_refresh(struct dns_server *s, const struct dns_reply_to *to,
			 const struct dns_key *key)
{
	struct dns_forward *f = &s->forward;

	if (f->flights.count >= DNS_IN_FLIGHT_MAX / 2 ||
	    table_find(&f->flights, key->bytes, key->n))
		return;
	struct dns_flight *fl = flight_new(f, to->q, key);
	if (fl && !attempt_next(s, fl, to->now, to->out))
		flight_free(f, fl);
	else if (fl)
		s->counter[DNS_N_PREFETCH]++;
}

enum dns_counter dns_forward_query(struct dns_server *s, const struct dns_reply_to *to,
				   const struct dns_key *key)
{
	struct table_node *t = table_find(&s->forward.flights, key->bytes, key->n);
	struct dns_flight *fl = t ? container_of(t, struct dns_flight, table) : NULL;
	enum dns_counter joined;

	if (fl && to->client->host && asks_loopback(fl))
		return reply_loop(s, to);
	if (!to->client->host && !dns_rate_take(&s->forward.rate, &to->client->address, to->now))
		return refuse(s, to);
	if (!t)
		fl = flight_new(&s->forward, to->q, key);
	joined = fl ? wait_for(s, fl, to) : DNS_N_OVER_QUOTA;
	if (joined == DNS_N_OVER_QUOTA) {
		if (fl && !t)
			flight_free(&s->forward, fl);
		return refuse(s, to);
	}
	if (t)
		return joined;
	if (!attempt_next(s, fl, to->now, to->out)) {
		flight_failed(s, fl, DNS_EDE_NO_AUTHORITY, to->now, to->out);
		return DNS_N_UPSTREAM_FAILED;
	}
	return DNS_N_UPSTREAM_SENT;
}

static void answered(struct dns_server *s, struct dns_flight *fl, unsigned attempt,
		     const struct dns_answer *a, usec_t now, const struct dns_out *out)
{
	struct dns_group_server *server = server_of(s, fl, attempt);

	if (server)
		dns_group_answered(server, now - fl->attempt[attempt].at);
	if (server && fl->attempt[attempt].sent.mix)
		server->lost_case = 0;
	dns_cache_store(&s->cache, &fl->key, a, now);
	fl->answered_by = &fl->asked[attempt];
	answer_waiters(s, fl, a, NULL, DNS_EDE_NONE, now, out);
	flight_end(s, fl, out);
}

/* A private address from outside: an answer without records, not kept. */
static void answer_blocked(struct dns_server *s, struct dns_flight *fl, usec_t now,
			   const struct dns_out *out)
{
	struct waiter *w;

	s->counter[DNS_N_UPSTREAM_REBIND]++;
	list_foreach (w, &fl->waiters, struct waiter, link) {
		struct dns_reply_to to = { &w->client, &w->q, now, out, w->since, fl->answered_by };
		dns_reply_error(s, &to, DNS_NOERROR, DNS_EDE_BLOCKED);
		waiter_free(&s->forward, fl, w);
	}
	flight_end(s, fl, out);
}

static void mismatched(struct dns_server *s, struct dns_flight *fl, unsigned attempt, usec_t now,
		       const struct dns_out *out)
{
	s->counter[DNS_N_UPSTREAM_MISMATCH]++;
	if (fl->attempt[attempt].sent.tcp) {
		attempt_failed(s, fl, attempt, now, out);
	} else if (++fl->mismatches == DNS_MISMATCH_MAX) {
		fl->tcp = true;
		attempt_failed(s, fl, attempt, now, out);
	}
}

/* Right but for the letters' case: a server that doesn't keep it, or somebody who guessed the id.
 * Over TCP the question is safe from the latter. */
static void case_lost(struct dns_server *s, struct dns_flight *fl, unsigned attempt, usec_t now,
		      const struct dns_out *out)
{
	struct dns_group_server *server = server_of(s, fl, attempt);

	if (server && server->lost_case < DNS_LOST_CASE)
		server->lost_case++;
	s->counter[DNS_N_UPSTREAM_CASE]++;
	fl->tcp = true;
	attempt_again(s, fl, attempt, now, out);
}

/* Names that no upstream may speak about: those with records here, and all of our zones. */
static bool is_ours(void *data, const struct dns_name *key)
{
	struct dns_server *s = data;

	return dns_zone_find(&s->zone, key) ||
	       dns_route_find(&s->routes, key, DNS_A, false).kind != DNS_ROUTE_FORWARD;
}

void dns_upstream_reply(struct dns_server *s, uint32_t exchange, const uint8_t *bytes, size_t n,
			usec_t now, const struct dns_out *out)
{
	unsigned i;
	struct dns_flight *fl = flight_of(&s->forward, exchange, &i);
	struct dns_answer answer;

	if (!fl)
		return;
	const struct dns_relay_rules rules = { s->rebind_protection, is_ours, s };
	switch (dns_relay_read(&fl->q, &fl->attempt[i].sent, &rules, bytes, n, dns_scratch.relay,
			       &answer)) {
	case DNS_RELAY_OK:
		answered(s, fl, i, &answer, now, out);
		break;
	case DNS_RELAY_MISMATCH:
		mismatched(s, fl, i, now, out);
		break;
	case DNS_RELAY_CASE:
		case_lost(s, fl, i, now, out);
		break;
	case DNS_RELAY_TRUNCATED:
		fl->tcp = true;
		attempt_again(s, fl, i, now, out);
		break;
	case DNS_RELAY_NO_EDNS:
		if (fl->no_edns) {
			attempt_failed(s, fl, i, now, out);
		} else {
			fl->no_edns = true;
			attempt_again(s, fl, i, now, out);
		}
		break;
	case DNS_RELAY_MALFORMED:
		s->counter[DNS_N_UPSTREAM_MALFORMED]++;
		attempt_failed(s, fl, i, now, out);
		break;
	case DNS_RELAY_FAILED:
		attempt_failed(s, fl, i, now, out);
		break;
	case DNS_RELAY_REBIND:
		answer_blocked(s, fl, now, out);
		break;
	}
}

void dns_upstream_failed(struct dns_server *s, uint32_t exchange, usec_t now,
			 const struct dns_out *out)
{
	unsigned i;
	struct dns_flight *fl = flight_of(&s->forward, exchange, &i);

	if (!fl)
		return;
	server_silent(s, fl, i, now);
	attempt_failed(s, fl, i, now, out);
}

usec_t dns_deadline(const struct dns_server *s)
{
	usec_t first = USEC_INFINITY;

	for (unsigned i = 0; i < DNS_ATTEMPTS; i++) {
		const struct dns_flight *fl =
		    list_first(&s->forward.timers[i], struct dns_flight, timer);
		if (fl)
			first = MIN_OF(first, fl->due);
	}
	return first;
}

/* The newest attempt has taken too long: the server gets a bad mark, another one its chance. */
static void flight_overdue(struct dns_server *s, struct dns_flight *fl, usec_t now,
			   const struct dns_out *out)
{
	server_silent(s, fl, fl->n_attempts - 1, now);
	if (fl->n_attempts >= DNS_STALE_ATTEMPT && fl->n_waiters) {
		struct dns_cache_entry *stale = stale_entry(s, fl, now);
		if (stale)
			answer_waiters(s, fl, NULL, stale, DNS_EDE_STALE, now, out);
	}
	if (!attempt_next(s, fl, now, out))
		flight_failed(s, fl, DNS_EDE_NO_AUTHORITY, now, out);
}

void dns_tick(struct dns_server *s, usec_t now, const struct dns_out *out)
{
	/* From the last list to the first: what moves on to the next list is due later than now. */
	for (unsigned i = DNS_ATTEMPTS; i-- > 0;) {
		struct dns_flight *fl;
		while ((fl = list_first(&s->forward.timers[i], struct dns_flight, timer)) &&
		       fl->due <= now)
			flight_overdue(s, fl, now, out);
	}
}
