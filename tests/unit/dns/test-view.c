/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be seen of a server: from where answers come and how long they took, who asks, the cache
 * in pages. */
#include "forward-fixture.h"

static void sources(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	struct ip vm = ip_of("192.168.122.77");

	assert_int_equal(dns_lease_add(f->s, "vm7", &vm, USEC_INFINITY), 0);
	static const struct {
		const char *name;
		uint16_t type;
		enum dns_source source;
	} rows[] = {
		{ "web.lab.test", 1, DNS_FROM_RECORD },
		{ "vm7.lab.test", 1, DNS_FROM_LEASE },
		{ "77.122.168.192.in-addr.arpa", 12, DNS_FROM_LEASE },
		{ "web.lab.test", 15, DNS_FROM_ZONE },
		{ "nope.lab.test", 1, DNS_FROM_ZONE },
		{ "localhost", 1, DNS_FROM_ZONE },
		{ "www.example.com", 255, DNS_FROM_NOWHERE },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ask_again(w, 1, rows[i].name, rows[i].type);
		assert_int_equal(nth(f, DNS_REPLY, 0)->source, rows[i].source);
		assert_int_equal(nth(f, DNS_REPLY, 0)->took, 0);
	}
	ask_again(w, 2, "www.example.com", 1);
	f->now += 30 * USEC_PER_MSEC;
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, WWW_A, "");
	const struct caught *reply = nth(f, DNS_REPLY, 0);
	assert_int_equal(reply->source, DNS_FROM_UPSTREAM);
	assert_int_equal(reply->took, 30 * USEC_PER_MSEC);
	assert_true(ip_equal(&reply->server.address, &(struct ip){ AF_INET, .v4 = 0xc0000201 }));
	ask_again(w, 3, "www.example.com", 1);
	assert_int_equal(nth(f, DNS_REPLY, 0)->source, DNS_FROM_CACHE);
	/* expired, and nobody answers */
	f->now += 400 * USEC_PER_SEC;
	ask_again(w, 4, "www.example.com", 1);
	advance(f, 400);
	advance(f, 400);
	assert_int_equal(nth(f, DNS_REPLY, 0)->source, DNS_FROM_STALE);
	assert_int_equal(nth(f, DNS_REPLY, 0)->took, 800 * USEC_PER_MSEC);
	const uint64_t *n = dns_source_counts(f->s);
	assert_int_equal(n[DNS_FROM_LEASE], 2);
	assert_int_equal(n[DNS_FROM_ZONE], 3);
	assert_int_equal(n[DNS_FROM_UPSTREAM] + n[DNS_FROM_CACHE] + n[DNS_FROM_STALE], 3);
	assert_int_equal(dns_rcode_counts(f->s)[DNS_NXDOMAIN], 1);
	assert_int_equal(dns_rcode_counts(f->s)[DNS_NOERROR], 9);
}

static bool take_one(void *data, const struct dns_cached *e)
{
	struct dns_cached *last = data;

	assert_true(e->number > last->number);
	*last = *e;
	last->name = NULL;
	return false;
}

static void the_cache_in_pages(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	struct dns_cached e = { 0 };
	char name[64], answer[128];
	unsigned pages = 0;

	for (unsigned i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "n%u.example.com", i);
		snprintf(answer, sizeof(answer), "%s. %u IN A 203.0.113.5", name, 100 + i);
		ask_again(w, 1, name, 1);
		deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, answer, "");
	}
	/* used ones change their place in the cache, but not in the pages */
	ask_again(w, 1, "n9.example.com", 1);
	ask_again(w, 1, "n0.example.com", 1);
	for (uint64_t before = 0;; before = e.number, pages++) {
		dns_cache_visit(f->s, before, take_one, &e);
		if (e.number == before)
			break;
		assert_int_equal(e.expires, f->now + (100 + pages) * USEC_PER_SEC);
		assert_int_equal(e.type, 1);
	}
	assert_int_equal(pages, 10);
	assert_int_equal(dns_cache_size(f->s).entries, 10);
	assert_int_equal(dns_cache_flush(f->s), 10);
	assert_int_equal(dns_cache_size(f->s).entries, 0);
	assert_int_equal(dns_cache_size(f->s).bytes, 0);
}

/* However many ask, whoever asks most is known. */
static void askers(void **state)
{
	struct dns_asker list[DNS_ASKERS_MAX];
	struct ip busy = ip_of("10.0.0.1"), second = ip_of("fd00::2");
	struct dns_askers a;

	dns_askers_init(&a);
	assert_int_equal(dns_askers_list(&a, list), 0);
	for (unsigned i = 0; i < 30000; i++) {
		struct ip other = ip_from_v4(0x0b000000 + i % 5000);
		dns_askers_count(&a, &other);
		dns_askers_count(&a, &busy);
		dns_askers_count(&a, &busy);
		dns_askers_count(&a, &second);
	}
	assert_int_equal(dns_askers_list(&a, list), DNS_ASKERS_MAX);
	assert_true(ip_equal(&list[0].address, &busy));
	assert_true(ip_equal(&list[1].address, &second));
	assert_true(list[0].queries >= 60000 && list[0].queries - list[0].surplus <= 60000);
}

static void upstream_states(void **state)
{
	struct dns_upstream_state u[DNS_UPSTREAMS_MAX];
	struct world *w = *state;

	assert_int_equal(dns_upstream_states(w->f->s, w->f->now, u), 2);
	assert_int_equal(u[1].upstream.port, 5353);
	assert_int_equal(u[0].rtt, 0);
	ask_again(w, 1, "www.example.com", 1);
	advance(w->f, 400);
	assert_int_equal(dns_upstream_states(w->f->s, w->f->now, u), 2);
	assert_true(u[0].silent && !u[1].silent);
	w->f->now += 20 * USEC_PER_MSEC;
	deliver(w->f, nth(w->f, DNS_SEND_UPSTREAM, 0), 0, WWW_A, "");
	(void)dns_upstream_states(w->f->s, w->f->now, u);
	assert_int_equal(u[1].rtt, 20 * USEC_PER_MSEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sources, setup, teardown),
		cmocka_unit_test_setup_teardown(the_cache_in_pages, setup, teardown),
		cmocka_unit_test(askers),
		cmocka_unit_test_setup_teardown(upstream_states, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
