/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guests and upstreams send on purpose: the rest of the catalogue beside test-message.c
 * (single queries) and test-forward.c (single answers), and whole families: every opcode, pointers
 * by the thousand, every cut and every bent octet of an answer, random queries beside ldns. */
#include "forward-fixture.h"

#include "dns-agree.h"

#include <stdlib.h>

static void every_opcode(void **state)
{
	struct world *w = *state;
	uint8_t q[512];
	size_t n = make_query(q, sizeof(q), 1, "web.lab.test", 1, 1232, false);

	for (unsigned op = 1; op < 16; op++) {
		fixture_forget(w->f);
		q[2] = (uint8_t)(op << 3 | 1);
		assert_int_equal(feed(w->f, &w->c, q, n), DNS_N_NOTIMP);
		ldns_pkt *p = decoded(w->f, 0);
		assert_int_equal(ldns_pkt_get_rcode(p), LDNS_RCODE_NOTIMPL);
		assert_int_equal(ldns_pkt_get_opcode(p), op);
		ldns_pkt_free(p);
	}
}

/* Over TCP there is room for thousands, each two octets before the last. */
static void pointers_by_the_thousand(void **state)
{
	struct world *w = *state;
	static uint8_t q[DNS_TCP_MAX];
	struct wr m = wr_over(q, sizeof(q));

	w->c.tcp = true;
	wr_u32(&m, 0x00010100);
	wr_u32(&m, 0x00010000);
	wr_u32(&m, 0);
	for (unsigned i = 0; i < 8000; i++)
		wr_u16(&m, (uint16_t)(0xc000 | (DNS_HEADER_OCTETS + 2 * (i + 1))));
	assert_int_equal(feed(w->f, &w->c, q, wr_len(&m)), DNS_N_FORMERR);
	/* the question's name is at the end of the chain: it may be read in one step only */
	m = wr_over(q, sizeof(q));
	wr_u32(&m, 0x00010100);
	wr_u32(&m, 0x00010000);
	wr_u32(&m, 1);
	wr_u8(&m, 0);
	wr_u32(&m, 0x00010001);
	for (unsigned i = 0; i < 8000; i++)
		wr_u16(&m, (uint16_t)(0xc000 | (DNS_HEADER_OCTETS + 5 + 2 * (i ? i - 1 : 0))));
	fixture_forget(w->f);
	assert_int_equal(feed(w->f, &w->c, q, wr_len(&m)), DNS_N_FORMERR);
}

static void names_of_255_and_256(void **state)
{
	struct world *w = *state;

	for (unsigned last = 61; last <= 62; last++) {
		uint8_t q[512];
		struct wr m = wr_over(q, sizeof(q));
		wr_u32(&m, 0x00010100);
		wr_u32(&m, 0x00010000);
		wr_u32(&m, 0);
		for (unsigned i = 0; i < 4; i++) {
			unsigned n = i < 3 ? 63 : last;
			wr_u8(&m, (uint8_t)n);
			for (unsigned k = 0; k < n; k++)
				wr_u8(&m, 'a');
		}
		wr_u8(&m, 0);
		wr_u32(&m, 0x00010001);
		fixture_forget(w->f);
		enum dns_counter c = feed(w->f, &w->c, q, wr_len(&m));
		assert_int_equal(c, last == 61 ? DNS_N_UPSTREAM_SENT : DNS_N_FORMERR);
	}
}

/* SIG(0), and what isn't a TSIG at all: neither is checked, neither does harm. */
static void signed_queries(void **state)
{
	struct world *w = *state;
	uint8_t q[512];
	size_t n = make_query(q, sizeof(q), 1, "web.lab.test", 1, 0, false);
	struct wr m = wr_over(q + n, sizeof(q) - n);

	q[11] = 1;
	wr_u8(&m, 0);
	wr_u16(&m, 24);
	wr_u16(&m, 255);
	wr_u32(&m, 0);
	wr_u16(&m, 0);
	assert_int_equal(feed(w->f, &w->c, q, n + wr_len(&m)), DNS_N_LOCAL);
	q[n + 2] = 250;
	fixture_forget(w->f);
	(void)feed(w->f, &w->c, q, n + wr_len(&m));
	ldns_pkt *p = decoded(w->f, 0);
	assert_int_equal(ldns_pkt_get_rcode(p), 9); /* NOTAUTH */
	ldns_pkt_free(p);
}

/* Whatever is asked, a datagram from nowhere makes no more than 1232 octets, ANY next to nothing.
 */
static void amplification(void **state)
{
	static const uint16_t sizes[] = { 0, 512, 1232, 4096, 65535 };
	struct world *w = *state;
	uint8_t q[512];

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		size_t n = make_query(q, sizeof(q), 1, "big.lab.test", 16, sizes[i], true);
		fixture_forget(w->f);
		(void)feed(w->f, &w->c, q, n);
		assert_true(w->f->caught[0].n <= (sizes[i] < 1232 ? MAX_OF(sizes[i], 512) : 1232));
	}
	fixture_forget(w->f);
	ask(w->f, &w->c, 1, "www.example.com", 255, 4096);
	assert_true(w->f->caught[0].n < 100);
}

#define RICH                                                                                       \
	"www.example.com. 300 IN CNAME a.example.com.; a.example.com. 300 IN A 203.0.113.5; "      \
	"a.example.com. 300 IN RRSIG A 8 3 300 20300101000000 20200101000000 1 example.com. AAAA"
#define RICH_AUTHORITY                                                                             \
	"example.com. 300 IN NS ns.example.com.; a.example.com. 300 IN NSEC b.example.com. A "     \
	"RRSIG "

/* Every cut and every bent octet of an upstream's answer: the client gets whole messages that ldns
 * can read, or none yet; nothing stays behind. */
static void bent_answers(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	size_t n = 1;

	for (size_t i = 0; i < 12 * n; i++) {
		ask_again(w, (uint16_t)i, "www.example.com", 1);
		const struct caught *sent = nth(f, DNS_SEND_UPSTREAM, 0);
		if (sent) {
			uint8_t *wire = answer_to(sent, 0, RICH, RICH_AUTHORITY, "", &n);
			uint32_t exchange = sent->exchange;
			size_t at = i / 12, len = n;
			if (i % 12 == 0)
				len = at;
			else if (i % 12 < 9)
				wire[at] ^= (uint8_t)(1u << (i % 12 - 1));
			else
				wire[at] = i % 12 == 9 ? 0 : i % 12 == 10 ? 0xff : 0xc0;
			uint8_t *exact = memcpy(malloc(len + 1), wire, len);
			dns_upstream_reply(f->s, exchange, exact, len, f->now, &f->out);
			free(exact);
			free(wire);
		}
		f->now += 10 * USEC_PER_SEC;
		for (unsigned k = 0; k < 6 && dns_deadline(f->s) != USEC_INFINITY; k++)
			dns_tick(f->s, f->now += 3 * USEC_PER_SEC, &f->out);
		assert_int_equal(count(f, DNS_REPLY), 1);
		for (size_t k = 0; k < f->n; k++)
			if (f->caught[k].kind == DNS_REPLY)
				ldns_pkt_free(decoded(f, k));
		assert_int_equal(dns_cache_size(f->s).in_flight, 0);
		dns_cache_flush(f->s);
	}
}

/* What is beside the point, or beside the zone that was asked about, is neither told nor kept. */
static void other_peoples_records(void **state)
{
	struct world *w = *state;

	ask_again(w, 1, "www.example.com", 1);
	deliver(w->f, nth(w->f, DNS_SEND_UPSTREAM, 0), 0,
		WWW_A "; www.bank.test. 300 IN A 203.0.113.66; www.example.com. 300 IN TXT x",
		"bank.test. 300 IN NS ns.example.com.");
	check_reply(w->f, 0, 0, WWW_A, "");
	assert_int_equal(dns_cache_size(w->f->s).entries, 1);
	ask_again(w, 2, "www.bank.test", 1);
	assert_int_equal(count(w->f, DNS_SEND_UPSTREAM), 0); /* .test is ours to deny */
	ask_again(w, 3, "ns.example.com", 1);
	assert_int_equal(count(w->f, DNS_SEND_UPSTREAM), 1);
}

/* Queries as they are sent, with octets changed, put in and taken out: a few hundred thousand. */
static void random_queries_beside_ldns(void **state)
{
	static const char *const names[] = { "www.example.com", "a.b.c.d.e.f", "x", "" };
	unsigned taken = 0;

	srandom(7);
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t q[600];
		struct dns_request parsed;
		size_t n = make_query(q, sizeof(q), (uint16_t)i, names[i % 4], (uint16_t)(i % 70),
				      i % 3 ? 1232 : 0, i % 5 == 0);
		for (unsigned k = (unsigned)random() % 4; k; k--)
			q[(unsigned long)random() % n] = (uint8_t)(random() % 3   ? random()
								   : random() % 2 ? 0xc0
										  : 0);
		if (random() % 8 == 0)
			n -= (unsigned long)random() % n;
		uint8_t *exact = memcpy(malloc(n + 1), q, n);
		if (!dns_agree(exact, n))
			fail_msg("query %u is read in two ways", i);
		taken += dns_request_parse(&parsed, exact, n) == DNS_PARSE_ANSWER &&
			 parsed.rcode != DNS_FORMERR;
		free(exact);
	}
	assert_true(taken > 20000); /* or it compares nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_opcode, setup, teardown),
		cmocka_unit_test_setup_teardown(pointers_by_the_thousand, setup, teardown),
		cmocka_unit_test_setup_teardown(names_of_255_and_256, setup, teardown),
		cmocka_unit_test_setup_teardown(signed_queries, setup, teardown),
		cmocka_unit_test_setup_teardown(amplification, setup, teardown),
		cmocka_unit_test_setup_teardown(bent_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(other_peoples_records, setup, teardown),
		cmocka_unit_test(random_queries_beside_ldns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
