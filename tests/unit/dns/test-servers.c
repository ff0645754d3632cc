/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which upstream server is asked, how it is asked, and how often. */
#include "forward-fixture.h"

static bool went_to(struct fixture *f, const char *server)
{
	struct caught *sent = nth(f, DNS_SEND_UPSTREAM, 0);
	struct ip ip = ip_of(server);

	assert_non_null(sent);
	return ip_equal(&sent->server.address, &ip);
}

static void set_order(struct world *w, bool strict)
{
	struct err e = { 0 };

	w->cfg->strict_order = strict;
	assert_int_equal(dns_server_configure(w->f->s, w->cfg, &e), 0);
}

/* Ask something new, let it be answered after msec. Returns whether S1 was asked. */
static bool one_question(struct world *w, unsigned i, unsigned s1_msec, unsigned s2_msec)
{
	char name[40];

	snprintf(name, sizeof(name), "n%u.example.com", i);
	ask_again(w, (uint16_t)i, name, 1);
	bool s1 = went_to(w->f, S1);
	struct caught *sent = nth(w->f, DNS_SEND_UPSTREAM, 0);
	w->f->now += (s1 ? s1_msec : s2_msec) * USEC_PER_MSEC;
	deliver(w->f, sent, 3, "", SOA);
	return s1;
}

static unsigned asked_s1(struct world *w, unsigned from, unsigned n, unsigned s1_msec,
			 unsigned s2_msec)
{
	unsigned times = 0;

	for (unsigned i = from; i < from + n; i++)
		times += one_question(w, i, s1_msec, s2_msec);
	return times;
}

static void the_quickest_is_asked(void **state)
{
	struct world *w = *state;

	set_order(w, false);
	/* 2 ms against 40 ms: the slow one is tried first, and now and then again */
	assert_in_range(asked_s1(w, 0, 400, 40, 2), 1, 8);
	/* when the other one becomes slow, it is found out within a few questions */
	assert_in_range(asked_s1(w, 400, 400, 2, 40), 330, 399);
}

static void in_strict_order_the_first_is_asked(void **state)
{
	struct world *w = *state;

	assert_int_equal(asked_s1(w, 0, 100, 40, 2), 100);
}

/* The question's octets as they were sent. */
static void sent_name(const struct caught *sent, struct dns_name *ret)
{
	struct rd r = rd_over(sent->bytes, sent->n);

	rd_skip(&r, DNS_HEADER_OCTETS);
	assert_true(dns_name_read(&r, sent->bytes, sent->n, ret));
}

static void case_is_random_and_hidden_from_clients(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	struct dns_name first, other, lower;
	unsigned different = 0;

	ask_again(w, 1, "www.example.com", 1);
	sent_name(nth(f, DNS_SEND_UPSTREAM, 0), &first);
	assert_int_equal(dns_name_parse("www.example.com", &lower), 0);
	assert_true(dns_name_equal(&first, &lower));
	/* the answer's records carry our case; the client gets its own, from the cache another's */
	char owner[64], answer[128];
	snprintf(answer, sizeof(answer), "%s. 300 IN A 203.0.113.5",
		 dns_name_text(&first, owner, sizeof(owner)));
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, answer, "");
	check_reply(f, 0, 0, WWW_A, "");
	ask_again(w, 2, "WWW.example.com", 1);
	check_reply(f, 0, 0, "WWW.example.com. 300 IN A 203.0.113.5", "");
	for (unsigned i = 0; i < 20; i++) {
		f->now += 400 * USEC_PER_SEC;
		ask_again(w, 3, "www.example.com", 1);
		sent_name(nth(f, DNS_SEND_UPSTREAM, 0), &other);
		different += memcmp(first.wire, other.wire, first.n) != 0;
		deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, WWW_A, "");
	}
	assert_in_range(different, 18, 20); /* 13 letters: 1 in 8192 is the same */
}

/* As a server would that doesn't keep the case of questions. */
static void deliver_lower(struct fixture *f, const struct caught *sent, const char *answer)
{
	size_t n;
	uint8_t *wire = answer_to(sent, 0, answer, "", "", &n);
	uint32_t exchange = sent->exchange;

	for (size_t i = DNS_HEADER_OCTETS; wire[i]; i += 1u + wire[i])
		for (size_t k = 1; k <= wire[i]; k++)
			wire[i + k] = dns_lower(wire[i + k]);
	fixture_forget(f);
	dns_upstream_reply(f->s, exchange, wire, n, f->now, &f->out);
	free(wire);
}

static void a_server_that_loses_the_case_is_asked_by_tcp(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;

	for (unsigned i = 0; i < 3; i++) {
		f->now += 400 * USEC_PER_SEC;
		ask_again(w, 1, "www.example.com", 1);
		assert_false(nth(f, DNS_SEND_UPSTREAM, 0)->tcp);
		deliver_lower(f, nth(f, DNS_SEND_UPSTREAM, 0), WWW_A);
		assert_int_equal(count(f, DNS_REPLY), 0);
		assert_true(nth(f, DNS_SEND_UPSTREAM, 0)->tcp);
		assert_true(went_to(f, S1));
		deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, WWW_A, "");
		check_reply(f, 0, 0, WWW_A, "");
	}
	assert_int_equal(dns_counters(f->s)[DNS_N_UPSTREAM_CASE], 3);
	/* known by now: its questions keep the client's case, and its answers are believed */
	f->now += 400 * USEC_PER_SEC;
	ask_again(w, 2, "www.example.com", 1);
	deliver_lower(f, nth(f, DNS_SEND_UPSTREAM, 0), WWW_A);
	check_reply(f, 0, 0, WWW_A, "");
	/* a new list of servers starts anew */
	dns_server_set_upstreams(f->s, &(struct dns_upstream){ ip_of(S1), 53 }, 1);
	f->now += 400 * USEC_PER_SEC;
	ask_again(w, 3, "www.example.com", 1);
	deliver_lower(f, nth(f, DNS_SEND_UPSTREAM, 0), WWW_A);
	assert_int_equal(count(f, DNS_REPLY), 0);
}

static void what_is_asked_for_is_made_new_in_time(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;

	ask_again(w, 1, "www.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, WWW_A, "");
	f->now += 269 * USEC_PER_SEC;
	ask_again(w, 2, "www.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 0);
	f->now += USEC_PER_SEC;
	ask_again(w, 3, "www.example.com", 1);
	check_reply(f, 0, 0, "www.example.com. 30 IN A 203.0.113.5", "");
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	struct caught sent = *nth(f, DNS_SEND_UPSTREAM, 0);
	sent.bytes = memcpy(malloc(sent.n), sent.bytes, sent.n);
	/* once is enough */
	ask_again(w, 4, "www.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 0);
	deliver(f, &sent, 0, WWW_A, "");
	assert_int_equal(count(f, DNS_REPLY), 0);
	ask_again(w, 5, "www.example.com", 1);
	check_reply(f, 0, 0, WWW_A, "");
	free(sent.bytes);
}

static void a_prefetch_that_fails_takes_nothing_away(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;

	ask_again(w, 1, "www.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, WWW_A, "");
	f->now += 280 * USEC_PER_SEC;
	ask_again(w, 2, "www.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	while (dns_deadline(f->s) != USEC_INFINITY) {
		f->now = dns_deadline(f->s);
		fixture_forget(f);
		dns_tick(f->s, f->now, &f->out);
		assert_int_equal(count(f, DNS_REPLY), 0);
	}
	ask_again(w, 3, "www.example.com", 1);
	check_reply(f, 0, 0, "www.example.com. 15 IN A 203.0.113.5", "");
}

/* 2000 questions at once, then 1000 in a second; another client isn't touched, and what we know
 * ourselves is never counted. */
static void a_client_that_asks_too_much(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	struct dns_client other = client_of("192.168.122.51", 4001);
	char name[40];
	unsigned sent = 0;

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 3000; i++) {
			snprintf(name, sizeof(name), "r%u-%u.example.com", round, i);
			fixture_forget(f);
			if (ask(f, &w->c, 1, name, 1, 1232) == DNS_N_UPSTREAM_SENT) {
				sent++;
				deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 3, "", SOA);
			}
		}
		assert_int_equal(sent, round == 0 ? 2000 : 3000);
		fixture_forget(f);
		assert_int_equal(ask(f, &other, 1, name, 28, 1232), DNS_N_UPSTREAM_SENT);
		deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 3, "", SOA);
		ask_again(w, 1, "web.lab.test", 1);
		check_reply(f, 0, 0, NULL, "");
		f->now += USEC_PER_SEC;
	}
}

static void the_hosts_resolver_that_asks_us_back(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	struct dns_client host = client_of("127.0.0.1", 4002);

	host.host = true;
	dns_server_set_upstreams(f->s, &(struct dns_upstream){ ip_of("127.0.0.53"), 53 }, 1);
	ask_again(w, 1, "www.example.com", 1);
	fixture_forget(f);
	assert_int_equal(ask(f, &host, 9, "www.example.com", 1, 1232), DNS_N_REFUSED);
	check_reply(f, 0, 5, "", "");
	assert_int_equal(dns_counters(f->s)[DNS_N_LOOP], 1);
	/* a host that asks the same while somebody else is asked simply waits too */
	dns_server_set_upstreams(f->s, &(struct dns_upstream){ ip_of(S1), 53 }, 1);
	ask_again(w, 1, "ftp.example.com", 1);
	fixture_forget(f);
	assert_int_equal(ask(f, &host, 9, "ftp.example.com", 1, 1232), DNS_N_COALESCED);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_quickest_is_asked),
		T(in_strict_order_the_first_is_asked),
		T(case_is_random_and_hidden_from_clients),
		T(a_server_that_loses_the_case_is_asked_by_tcp),
		T(what_is_asked_for_is_made_new_in_time),
		T(a_prefetch_that_fails_takes_nothing_away),
		T(a_client_that_asks_too_much),
		T(the_hosts_resolver_that_asks_us_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
