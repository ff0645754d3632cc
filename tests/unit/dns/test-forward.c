/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forwarder: what is asked, believed, kept and answered. */
#include "forward-fixture.h"

static void relayed_and_cached(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;

	assert_int_equal(ask(f, &w->c, 7, "wWw.eXample.com", 1, 4096), DNS_N_UPSTREAM_SENT);
	assert_int_equal(f->n, 1);
	struct caught *sent = nth(f, DNS_SEND_UPSTREAM, 0);
	assert_non_null(sent);
	assert_false(sent->tcp);
	struct ip s1 = ip_of(S1);
	assert_true(ip_equal(&sent->server.address, &s1));
	assert_int_equal(sent->server.port, 53);
	deliver(f, sent, 0, WWW_A, "");
	assert_int_equal(count(f, DNS_END_UPSTREAM), 1);
	/* the client's own case and id, its TTL, no AA */
	check_reply(f, 0, 0, "wWw.eXample.com. 300 IN A 203.0.113.5", "");
	ldns_pkt *p = decoded(f, 0);
	assert_int_equal(ldns_pkt_id(p), 7);
	assert_false(ldns_pkt_aa(p));
	assert_true(ldns_pkt_ra(p));
	ldns_pkt_free(p);
	assert_int_equal(dns_deadline(f->s), USEC_INFINITY);
	/* 100 s later from the cache, aged, in another case */
	f->now += 100 * USEC_PER_SEC;
	fixture_forget(f);
	assert_int_equal(ask(f, &w->c, 8, "www.example.COM", 1, 0), DNS_N_CACHE_HIT);
	check_reply(f, 0, 0, "www.example.COM. 200 IN A 203.0.113.5", "");
	/* without RD nobody looks into the cache */
	uint8_t q[128];
	size_t n = make_query(q, sizeof(q), 9, "www.example.com", 1, 0, false);
	q[2] = 0;
	fixture_forget(f);
	assert_int_equal(feed(f, &w->c, q, n), DNS_N_REFUSED);
	/* with DO it is another question */
	fixture_forget(f);
	n = make_query(q, sizeof(q), 10, "www.example.com", 1, 1232, true);
	assert_int_equal(feed(f, &w->c, q, n), DNS_N_UPSTREAM_SENT);
	/* expired: asked again */
	f->now += 200 * USEC_PER_SEC;
	fixture_forget(f);
	assert_int_equal(ask(f, &w->c, 11, "www.example.com", 1, 0), DNS_N_UPSTREAM_SENT);
}

static void what_is_sent(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	uint8_t q[256];
	/* a client subnet and a cookie must not leave */
	struct wr m = wr_over(q, sizeof(q));
	size_t n = make_query(q, sizeof(q), 7, "www.example.com", 1, 4096, true);
	(void)wr_reserve(&m, n);
	wr_patch_u16(&m, n - 2, 12 + 11);
	wr_u16(&m, 8);
	wr_u16(&m, 7);
	wr_u32(&m, 0x00011800);
	wr_u8(&m, 10), wr_u8(&m, 1), wr_u8(&m, 2);
	wr_u16(&m, 10);
	wr_u16(&m, 8);
	wr_u64(&m, 0x0102030405060708);
	assert_int_equal(feed(f, &w->c, q, wr_len(&m)), DNS_N_UPSTREAM_SENT);
	ldns_pkt *p = NULL;
	struct caught *sent = nth(f, DNS_SEND_UPSTREAM, 0);
	assert_int_equal(ldns_wire2pkt(&p, sent->bytes, sent->n), LDNS_STATUS_OK);
	assert_true(ldns_pkt_rd(p));
	assert_true(ldns_pkt_edns(p));
	assert_true(ldns_pkt_edns_do(p));
	assert_int_equal(ldns_pkt_edns_udp_size(p), 1232);
	assert_null(ldns_pkt_edns_data(p));
	ldns_pkt_free(p);
}

/* Ids don't repeat more often than chance would have it. */
static void ids_are_random(void **state)
{
	struct world *w = *state;
	static uint8_t seen[65536];
	unsigned repeated = 0;

	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < 1000; i++) {
		char name[32];
		snprintf(name, sizeof(name), "n%u.example.com", i);
		ask_again(w, 1, name, 1);
		struct caught *sent = nth(w->f, DNS_SEND_UPSTREAM, 0);
		unsigned id = (unsigned)sent->bytes[0] << 8 | sent->bytes[1];
		repeated += seen[id]++;
		deliver(w->f, sent, 3, "", SOA);
	}
	assert_in_range(repeated, 0, 40); /* expected 7.6 */
}

static void negative_answers(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;

	ask_again(w, 1, "no.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 3, "", SOA);
	/* the TTL is that of the SOA's minimum */
	check_reply(f, 0, 3, "",
		    "example.com. 600 IN SOA ns.example.com. root.example.com. 1 2 3 4 600");
	f->now += 10 * USEC_PER_SEC;
	ask_again(w, 2, "no.example.com", 1);
	check_reply(f, 0, 3, "",
		    "example.com. 590 IN SOA ns.example.com. root.example.com. 1 2 3 4 600");
	/* no data is about a type */
	ask_again(w, 3, "www.example.com", 28);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, "", SOA);
	check_reply(f, 0, 0, "", NULL);
	ask_again(w, 4, "www.example.com", 28);
	check_reply(f, 0, 0, "", NULL);
	ask_again(w, 5, "www.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	/* without SOA it isn't kept, and an SOA of elsewhere is none */
	ask_again(w, 6, "nosoa.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 3, "",
		"example.org. 900 IN SOA a. b. 1 2 3 4 600");
	check_reply(f, 0, 3, "", "");
	ask_again(w, 7, "nosoa.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	/* another list of servers may know better */
	dns_server_set_upstreams(f->s, &(struct dns_upstream){ ip_of(S2), 53 }, 1);
	ask_again(w, 8, "no.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
}

static void coalesced(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	struct dns_client other = client_of("192.168.122.51", 4001);

	ask(f, &w->c, 1, "www.example.com", 1, 1232);
	assert_int_equal(ask(f, &w->c, 1, "www.example.com", 1, 1232), DNS_N_DROP_REPEATED);
	assert_int_equal(ask(f, &w->c, 2, "WWW.example.com", 1, 1232), DNS_N_COALESCED);
	assert_int_equal(ask(f, &other, 1, "www.EXAMPLE.com", 1, 0), DNS_N_COALESCED);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, WWW_A, "");
	assert_int_equal(count(f, DNS_REPLY), 3);
	check_reply(f, 0, 0, "www.example.com. 300 IN A 203.0.113.5", "");
	check_reply(f, 1, 0, "WWW.example.com. 300 IN A 203.0.113.5", "");
	check_reply(f, 2, 0, "www.EXAMPLE.com. 300 IN A 203.0.113.5", "");
	assert_int_equal(f->caught[2].client.port, 4001);
}

static void retry_and_failover(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	usec_t start = f->now;
	struct ip s1 = ip_of(S1), s2 = ip_of(S2);

	ask(f, &w->c, 1, "www.example.com", 1, 1232);
	struct caught first = *nth(f, DNS_SEND_UPSTREAM, 0);
	first.bytes = memcpy(malloc(first.n), first.bytes, first.n);
	assert_int_equal(dns_deadline(f->s), start + 400 * USEC_PER_MSEC);
	advance(f, 399);
	assert_int_equal(f->n, 0);
	advance(f, 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	assert_true(ip_equal(&nth(f, DNS_SEND_UPSTREAM, 0)->server.address, &s2));
	assert_int_equal(nth(f, DNS_SEND_UPSTREAM, 0)->server.port, 5353);
	/* the first server's late answer still counts; both exchanges end */
	deliver(f, &first, 0, WWW_A, "");
	assert_int_equal(count(f, DNS_REPLY), 1);
	assert_int_equal(count(f, DNS_END_UPSTREAM), 2);
	/* nobody answers: five attempts in 5 s, then SERVFAIL with its reason, kept for 5 s */
	ask_again(w, 2, "dead.example.com", 1);
	unsigned sent = 0;
	start = f->now;
	while (count(f, DNS_REPLY) == 0) {
		sent += count(f, DNS_SEND_UPSTREAM);
		assert_true(dns_deadline(f->s) != USEC_INFINITY);
		f->now = dns_deadline(f->s);
		fixture_forget(f);
		dns_tick(f->s, f->now, &f->out);
	}
	assert_int_equal(sent, 5);
	assert_int_equal(f->now - start, 5 * USEC_PER_SEC);
	check_reply(f, 0, 2, "", "");
	ldns_pkt *p = decoded(f, 0);
	assert_non_null(ldns_pkt_edns_data(p));
	ldns_pkt_free(p);
	ask_again(w, 3, "dead.example.com", 1);
	check_reply(f, 0, 2, "", "");
	f->now += 5 * USEC_PER_SEC;
	/* both servers are avoided now: the order is that of preference again */
	ask_again(w, 4, "dead.example.com", 1);
	assert_true(ip_equal(&nth(f, DNS_SEND_UPSTREAM, 0)->server.address, &s1));
	free(first.bytes);
}

/* A dead first server costs one query its patience, not every one. */
static void dead_server_is_avoided(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	struct ip s1 = ip_of(S1), s2 = ip_of(S2);

	ask(f, &w->c, 1, "a.example.com", 1, 1232);
	advance(f, 400);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 3, "", SOA);
	ask_again(w, 2, "b.example.com", 1);
	assert_true(ip_equal(&nth(f, DNS_SEND_UPSTREAM, 0)->server.address, &s2));
	f->now += 11 * USEC_PER_SEC;
	ask_again(w, 3, "c.example.com", 1);
	assert_true(ip_equal(&nth(f, DNS_SEND_UPSTREAM, 0)->server.address, &s1));
	/* port unreachable: the other one at once */
	uint32_t exchange = nth(f, DNS_SEND_UPSTREAM, 0)->exchange;
	fixture_forget(f);
	dns_upstream_failed(f->s, exchange, f->now, &f->out);
	assert_true(ip_equal(&nth(f, DNS_SEND_UPSTREAM, 0)->server.address, &s2));
	/* refused and failing servers, too */
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 5, "", "");
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 2, "", "");
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	/* one that doesn't know EDNS is asked without */
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 1, "", "");
	ldns_pkt *p = NULL;
	struct caught *sent = nth(f, DNS_SEND_UPSTREAM, 0);
	assert_int_equal(ldns_wire2pkt(&p, sent->bytes, sent->n), LDNS_STATUS_OK);
	assert_false(ldns_pkt_edns(p));
	ldns_pkt_free(p);
	/* a refusal may come without the question */
	size_t n;
	uint8_t *wire = answer_to(sent, 5, "", "", "", &n);
	wire[5] = 0;
	exchange = sent->exchange;
	fixture_forget(f);
	dns_upstream_reply(f->s, exchange, wire, DNS_HEADER_OCTETS, f->now, &f->out);
	free(wire);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 0); /* that was the fifth attempt */
	check_reply(f, 1, 2, "", "");
	ask_again(w, 4, "c2.example.com", 1);
	sent = nth(f, DNS_SEND_UPSTREAM, 0);
	deliver(f, sent, 0, "c2.example.com. 1 IN A 1.2.3.4", "");
	check_reply(f, 0, 0, "c2.example.com. 1 IN A 1.2.3.4", "");
}

static void truncated_goes_over_tcp(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	char big[8192] = "";
	size_t n;

	ask(f, &w->c, 1, "big.example.com", 1, 1232);
	uint8_t *wire = answer_to(nth(f, DNS_SEND_UPSTREAM, 0), 0, "", "", "", &n);
	wire[2] |= 0x02;
	uint32_t exchange = nth(f, DNS_SEND_UPSTREAM, 0)->exchange;
	fixture_forget(f);
	dns_upstream_reply(f->s, exchange, wire, n, f->now, &f->out);
	free(wire);
	struct caught *sent = nth(f, DNS_SEND_UPSTREAM, 0);
	assert_non_null(sent);
	assert_true(sent->tcp);
	struct ip s1 = ip_of(S1);
	assert_true(ip_equal(&sent->server.address, &s1)); /* the server that has it */
	for (unsigned i = 0; i < 150; i++)
		snprintf(big + strlen(big), sizeof(big) - strlen(big),
			 "big.example.com. 60 IN A 198.51.100.%u;", i);
	deliver(f, sent, 0, big, "");
	/* too long for the client's datagram: nothing but TC */
	ldns_pkt *p = decoded(f, 0);
	assert_true(ldns_pkt_tc(p));
	assert_int_equal(ldns_pkt_ancount(p), 0);
	ldns_pkt_free(p);
	/* over TCP from the cache, whole */
	w->c.tcp = true;
	ask_again(w, 2, "big.example.com", 1);
	p = decoded(f, 0);
	assert_false(ldns_pkt_tc(p));
	assert_int_equal(ldns_pkt_ancount(p), 150);
	ldns_pkt_free(p);
}

static void cname_chains(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	char chain[4096] = "";

	ask(f, &w->c, 1, "alias.example.com", 1, 1232);
	deliver(
	    f, nth(f, DNS_SEND_UPSTREAM, 0), 0,
	    "end.example.net. 60 IN A 1.2.3.4; alias.example.com. 50 IN CNAME end.example.net.; "
	    "evil.example.com. 1 IN A 6.6.6.6; www.lab.test. 1 IN A 6.6.6.6",
	    "example.net. 60 IN NS ns.evil.com.");
	check_reply(
	    f, 0, 0,
	    "alias.example.com. 50 IN CNAME end.example.net.; end.example.net. 60 IN A 1.2.3.4",
	    "");
	/* what stood beside the chain is nowhere */
	ask_again(w, 2, "evil.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	/* an alias to nothing keeps its SOA */
	ask_again(w, 3, "dangling.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 3,
		"dangling.example.com. 50 IN CNAME gone.example.org.",
		"example.org. 900 IN SOA a. b. 1 2 3 4 60");
	check_reply(f, 0, 3, "dangling.example.com. 50 IN CNAME gone.example.org.",
		    "example.org. 60 IN SOA a. b. 1 2 3 4 60");
	/* what an upstream says about our names isn't passed on */
	ask_again(w, 3, "hijack.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0,
		"hijack.example.com. 50 IN CNAME WWW.lab.test.; www.lab.test. 60 IN A 6.6.6.6", "");
	check_reply(f, 0, 0, "hijack.example.com. 50 IN CNAME WWW.lab.test.", "");
	ask_again(w, 3, "hijack2.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0,
		"hijack2.example.com. 50 IN CNAME x.localhost.; x.localhost. 60 IN A 6.6.6.6", "");
	check_reply(f, 0, 0, "hijack2.example.com. 50 IN CNAME x.localhost.", "");
	/* 12 links, and 13 */
	for (unsigned links = 12; links <= 13; links++) {
		char name[32];
		chain[0] = '\0';
		for (unsigned i = 0; i < links; i++)
			snprintf(chain + strlen(chain), sizeof(chain) - strlen(chain),
				 "c%u-%u.example.com. 60 IN CNAME c%u-%u.example.com.;", i, links,
				 i + 1, links);
		snprintf(chain + strlen(chain), sizeof(chain) - strlen(chain),
			 "c%u-%u.example.com. 60 IN A 1.2.3.4", links, links);
		snprintf(name, sizeof(name), "c0-%u.example.com", links);
		ask_again(w, 4, name, 1);
		deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, chain, "");
		assert_int_equal(count(f, DNS_REPLY), links == 12);
	}
	/* a loop */
	ask_again(w, 5, "loop.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0,
		"loop.example.com. 60 IN CNAME pool.example.com.; pool.example.com. 60 IN CNAME "
		"loop.example.com.",
		"");
	assert_int_equal(count(f, DNS_REPLY), 0);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
}

/* Forgeries: ignored and counted; after 20 of them TCP. */
static void forgeries(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	size_t n;

	ask(f, &w->c, 1, "www.example.com", 1, 1232);
	struct caught *sent = nth(f, DNS_SEND_UPSTREAM, 0);
	uint32_t exchange = sent->exchange;
	uint8_t *good = answer_to(sent, 0, WWW_A, "", "", &n);
	static const struct {
		size_t at;
		uint8_t flip;
	} bends[] = { { 0, 1 }, { 1, 0x80 }, { 2, 0x80 }, { 2, 0x08 },
		      { 5, 1 }, { 13, 1 },   { 30, 1 },   { 32, 2 } };
	fixture_forget(f);
	for (size_t i = 0; i < 19; i++) {
		uint8_t *bad = memcpy(malloc(n), good, n);
		bad[bends[i % ARRAY_LEN(bends)].at] ^= bends[i % ARRAY_LEN(bends)].flip;
		dns_upstream_reply(f->s, exchange, bad, n, f->now, &f->out);
		free(bad);
		assert_int_equal(f->n, 0);
	}
	assert_int_equal(dns_counters(f->s)[DNS_N_UPSTREAM_MISMATCH], 19);
	dns_upstream_reply(f->s, exchange ^ 8, good, n, f->now, &f->out);
	dns_upstream_reply(f->s, exchange | 7, good, n, f->now, &f->out);
	dns_upstream_reply(f->s, UINT32_MAX, good, n, f->now, &f->out);
	assert_int_equal(f->n, 0);
	dns_upstream_reply(f->s, exchange, good, 5, f->now, &f->out);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	assert_true(nth(f, DNS_SEND_UPSTREAM, 0)->tcp);
	assert_int_equal(count(f, DNS_END_UPSTREAM), 1);
	/* the exchange that ended hears nothing any more, the good one answers */
	size_t before = f->n;
	dns_upstream_reply(f->s, exchange, good, n, f->now, &f->out);
	assert_int_equal(f->n, before);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, WWW_A, "");
	check_reply(f, 0, 0, "www.example.com. 300 IN A 203.0.113.5", "");
	free(good);
}

/* Answers that lie about their own shape: the server isn't believed, the other one is asked. */
static void malformed_answers(void **state)
{
	static const struct {
		const char *what, *rr;
		int cut;     /* octets taken off RDLENGTH and the end */
		int counts;  /* added to ANCOUNT */
		bool behind; /* one octet behind the message */
		uint16_t type;
	} cases[] = {
		{ "A of 3", "x.example.com. 1 IN A 1.2.3.4", 1, 0, false, 1 },
		{ "AAAA of 15", "x.example.com. 1 IN AAAA ::1", 1, 0, false, 28 },
		{ "SRV without target", "x.example.com. 1 IN SRV 1 2 3 .", 1, 0, false, 33 },
		{ "SRV of 3", "x.example.com. 1 IN SRV 1 2 3 .", 4, 0, false, 33 },
		{ "SOA cut", "x.example.com. 1 IN SOA . . 1 2 3 4 5", 1, 0, false, 6 },
		{ "MX of 2", "x.example.com. 1 IN MX 1 .", 1, 0, false, 15 },
		{ "CNAME of 0", "x.example.com. 1 IN CNAME .", 1, 0, false, 5 },
		{ "TXT longer than itself", "x.example.com. 1 IN TXT \"abc\"", 1, 0, false, 16 },
		{ "RRSIG of its fixed part",
		  "x.example.com. 1 IN RRSIG A 8 2 1 20300101000000 20200101000000 1 . AAAA", 4, 0,
		  false, 46 },
		{ "NSEC with an empty window", "x.example.com. 1 IN TYPE65280 \\# 3 000000", 0, 0,
		  false, 47 },
		{ "NSEC with a window past the end", "x.example.com. 1 IN TYPE65280 \\# 4 00000501",
		  0, 0, false, 47 },
		{ "NSEC with windows that go back",
		  "x.example.com. 1 IN TYPE65280 \\# 7 00010101000101", 0, 0, false, 47 },
		{ "NSEC3 cut in its salt", "x.example.com. 1 IN TYPE65280 \\# 6 010000010801", 0, 0,
		  false, 50 },
		{ "DS of 4", "x.example.com. 1 IN TYPE65280 \\# 4 00010101", 0, 0, false, 43 },
		{ "more counted than there", "x.example.com. 1 IN A 1.2.3.4", 0, 1, false, 1 },
		{ "65535 counted", "x.example.com. 1 IN A 1.2.3.4", 0, -2, false, 1 },
		{ "less counted than there", "x.example.com. 1 IN A 1.2.3.4", 0, -1, false, 1 },
		{ "an octet behind", "x.example.com. 1 IN A 1.2.3.4", 0, 0, true, 1 },
	};
	struct world *w = *state;
	struct fixture *f = w->f;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char query[64], rr[256];
		snprintf(query, sizeof(query), "n%zu.x.example.com", i);
		snprintf(rr, sizeof(rr), "n%zu.%s", i, cases[i].rr);
		ask_again(w, 1, query, cases[i].type);
		struct caught *sent = nth(f, DNS_SEND_UPSTREAM, 0);
		assert_non_null(sent);
		/* without OPT the record is the last thing in the message */
		struct caught plain = *sent;
		plain.n -= DNS_OPT_OCTETS;
		plain.bytes = memcpy(malloc(plain.n), sent->bytes, plain.n);
		plain.bytes[11] = 0;
		size_t n;
		uint8_t *wire = answer_to(&plain, 0, rr, "", "", &n);
		wire = realloc(wire, n + 1);
		wire[n] = 0;
		ldns_rr *whole = NULL;
		assert_int_equal(ldns_rr_new_frm_str(&whole, rr, 0, NULL, NULL), LDNS_STATUS_OK);
		size_t rdlen = 0;
		for (size_t k = 0; k < ldns_rr_rd_count(whole); k++)
			rdlen += ldns_rdf_size(ldns_rr_rdf(whole, k));
		ldns_rr_free(whole);
		/* a private type stands for one whose rdata ldns wouldn't write */
		wire[n - rdlen - 9] = (uint8_t)cases[i].type;
		wire[n - rdlen - 10] = 0;
		if (cases[i].cut) {
			wire[n - rdlen - 1] = (uint8_t)(rdlen - (size_t)cases[i].cut);
			n -= (size_t)cases[i].cut;
		}
		wire[7] = (uint8_t)(wire[7] + cases[i].counts);
		if (cases[i].counts == -2)
			wire[6] = 0xff;
		uint64_t before = dns_counters(f->s)[DNS_N_UPSTREAM_MALFORMED];
		uint32_t exchange = sent->exchange;
		fixture_forget(f);
		dns_upstream_reply(f->s, exchange, wire, n + cases[i].behind, f->now, &f->out);
		if (dns_counters(f->s)[DNS_N_UPSTREAM_MALFORMED] != before + 1)
			fail_msg("believed: %s", cases[i].what);
		assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
		assert_int_equal(count(f, DNS_REPLY), 0);
		deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 3, "", SOA);
		assert_int_equal(count(f, DNS_REPLY), 1);
		free(wire);
		free(plain.bytes);
	}
}

static void ttls(void **state)
{
	static const struct {
		uint32_t sent, relayed;
		bool kept;
	} cases[] = { { 0, 0, false },
		      { 1, 1, true },
		      { 86400, 86400, true },
		      { 86401, 86400, true },
		      { INT32_MAX, 86400, true },
		      { 0x80000000u, 0, false },
		      { UINT32_MAX, 0, false } };
	struct world *w = *state;
	struct fixture *f = w->f;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char name[64], want[128];
		size_t n;
		snprintf(name, sizeof(name), "t%zu.example.com", i);
		ask_again(w, 1, name, 1);
		struct caught *sent = nth(f, DNS_SEND_UPSTREAM, 0);
		snprintf(want, sizeof(want), "%s. 7777777 IN A 1.2.3.4", name);
		uint8_t *wire = answer_to(sent, 0, want, "", "", &n);
		struct wr bend = wr_over(wire, n);
		(void)wr_reserve(&bend, n);
		for (size_t at = 12; at + 4 < n; at++) {
			struct rd r = rd_over(wire, n);
			rd_skip(&r, at);
			if (rd_u32(&r) == 7777777)
				wr_patch_u32(&bend, at, cases[i].sent);
		}
		uint32_t exchange = sent->exchange;
		fixture_forget(f);
		dns_upstream_reply(f->s, exchange, wire, n, f->now, &f->out);
		free(wire);
		snprintf(want, sizeof(want), "%s. %u IN A 1.2.3.4", name, cases[i].relayed);
		check_reply(f, 0, 0, want, "");
		ask_again(w, 2, name, 1);
		assert_int_equal(count(f, DNS_REPLY), cases[i].kept);
	}
	/* an SOA minimum of 2^31 is none */
	ask_again(w, 1, "m.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 3, "",
		"example.com. 900 IN SOA a. b. 1 2 3 4 2147483648");
	ask_again(w, 2, "m.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
}

static void dnssec_passes(void **state)
{
	static const char answer[] = "www.example.com. 300 IN A 203.0.113.5; www.example.com. 300 "
				     "IN RRSIG A 8 3 300 20300101000000 "
				     "20200101000000 1 example.com. AAAA";
	struct world *w = *state;
	struct fixture *f = w->f;
	uint8_t q[128];
	size_t n;

	for (unsigned dnssec = 0; dnssec < 2; dnssec++) {
		fixture_forget(f);
		n = make_query(q, sizeof(q), 1, "www.example.com", 1, 1232, dnssec);
		feed(f, &w->c, q, n);
		uint8_t *wire = answer_to(nth(f, DNS_SEND_UPSTREAM, 0), 0, answer, "", "", &n);
		wire[3] |= 0x20; /* AD */
		uint32_t exchange = nth(f, DNS_SEND_UPSTREAM, 0)->exchange;
		fixture_forget(f);
		dns_upstream_reply(f->s, exchange, wire, n, f->now, &f->out);
		free(wire);
		ldns_pkt *p = decoded(f, 0);
		assert_int_equal(ldns_pkt_ancount(p), dnssec ? 2 : 1);
		assert_int_equal(ldns_pkt_ad(p), dnssec);
		assert_int_equal(ldns_pkt_edns_do(p), dnssec);
		ldns_pkt_free(p);
	}
	/* proofs of absence come with DO */
	fixture_forget(f);
	n = make_query(q, sizeof(q), 1, "no.example.com", 1, 1232, true);
	feed(f, &w->c, q, n);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 3, "",
		SOA "; example.com. 600 IN NSEC www.example.com. A NS SOA");
	ldns_pkt *p = decoded(f, 0);
	assert_int_equal(ldns_pkt_nscount(p), 2);
	ldns_pkt_free(p);
}

static void rebinding(void **state)
{
	static const struct {
		const char *rr;
		bool blocked;
	} cases[] = { { "A 10.0.0.1", true },
		      { "A 127.0.0.1", true },
		      { "A 0.0.0.0", true },
		      { "A 169.254.169.254", true },
		      { "A 192.168.1.1", true },
		      { "A 172.31.255.255", true },
		      { "A 172.32.0.0", false },
		      { "A 203.0.113.5", false },
		      { "AAAA ::1", true },
		      { "AAAA ::", true },
		      { "AAAA fe80::1", true },
		      { "AAAA fd00::1", true },
		      { "AAAA ::ffff:10.0.0.1", true },
		      { "AAAA 64:ff9b::a00:1", true },
		      { "AAAA ::ffff:8.8.8.8", false },
		      { "AAAA 2001:db8::1", false } };
	struct world *w = *state;
	struct fixture *f = w->f;

	for (unsigned on = 0; on < 2; on++) {
		w->cfg->rebind_protection = on;
		assert_int_equal(dns_server_configure(f->s, w->cfg, NULL), 0);
		for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
			char name[64], rr[128];
			snprintf(name, sizeof(name), "r%zu-%u.example.com", i, on);
			snprintf(rr, sizeof(rr), "%s. 0 IN %s", name, cases[i].rr);
			ask_again(w, 1, name, strncmp(cases[i].rr, "AAAA", 4) ? 1 : 28);
			deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, rr, "");
			ldns_pkt *p = decoded(f, 0);
			assert_int_equal(ldns_pkt_ancount(p), !(on && cases[i].blocked));
			ldns_pkt_free(p);
		}
	}
}

static void quotas(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	struct dns_client other = client_of("192.168.122.51", 4000);
	char name[64];

	for (unsigned i = 0; i < DNS_PER_CLIENT_MAX + 10; i++) {
		snprintf(name, sizeof(name), "q%u.example.com", i);
		ask_again(w, (uint16_t)i, name, 1);
		assert_int_equal(count(f, DNS_SEND_UPSTREAM), i < DNS_PER_CLIENT_MAX);
		assert_int_equal(count(f, DNS_REPLY), i >= DNS_PER_CLIENT_MAX);
	}
	check_reply(f, 0, 5, "", "");
	/* others, and local names, are served */
	fixture_forget(f);
	assert_int_equal(ask(f, &other, 1, "x.example.com", 1, 0), DNS_N_UPSTREAM_SENT);
	ask_again(w, 9999, "www.lab.test", 1);
	check_reply(f, 0, 0, "www.lab.test. 60 IN A 192.168.122.10", NULL);
	/* all in flight end after 5 s, and the quota with them */
	while (dns_deadline(f->s) != USEC_INFINITY) {
		f->now = dns_deadline(f->s);
		for (unsigned k = 0; k < 400 && dns_deadline(f->s) <= f->now; k++) {
			fixture_forget(f);
			f->out.act = fixture_ignore;
			dns_tick(f->s, f->now, &f->out);
			f->out.act = fixture_catch;
		}
	}
	ask_again(w, 1, "fresh.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
}

/* Very many clients with very many questions: bounded, and nobody waits for ever. */
static void flood(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;

	f->out.act = fixture_ignore;
	for (unsigned i = 0; i < 20000; i++) {
		char name[64];
		struct dns_client c = client_of("192.168.122.2", 4000);
		c.address.v4 += i % 200;
		snprintf(name, sizeof(name), "f%u.example.com", i);
		ask(f, &c, (uint16_t)i, name, 1, 1232);
	}
	assert_int_equal(dns_counters(f->s)[DNS_N_UPSTREAM_SENT], DNS_IN_FLIGHT_MAX);
	/* a flood isn't answered by a flood */
	assert_int_equal(dns_counters(f->s)[DNS_N_OVER_QUOTA], 500);
	assert_int_equal(dns_counters(f->s)[DNS_N_DROP_OVERLOAD], 20000 - DNS_IN_FLIGHT_MAX - 500);
	f->now += 30 * USEC_PER_SEC;
	for (unsigned i = 0; i < 10 && dns_deadline(f->s) != USEC_INFINITY; i++) {
		dns_tick(f->s, f->now, &f->out);
		f->now += 5 * USEC_PER_SEC;
	}
	assert_int_equal(dns_deadline(f->s), USEC_INFINITY);
	assert_int_equal(dns_counters(f->s)[DNS_N_SERVFAIL], DNS_IN_FLIGHT_MAX);
	f->out.act = fixture_catch;
}

/* Random names can't push good answers out: they have a fifth of the cache. */
static void cache_is_bounded(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	char name[160];

	ask_again(w, 1, "www.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, "www.example.com. 86400 IN A 203.0.113.5", "");
	for (unsigned i = 0; i < 12000; i++) {
		snprintf(name, sizeof(name), "%0100u.example.com", i);
		name[50] = '.';
		f->now += USEC_PER_MSEC; /* no faster than a client may */
		ask_again(w, 1, name, 1);
		deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 3, "", SOA);
		assert_true(dns_cache_size(f->s).bytes < DNS_CACHE_MAX_BYTES / 4);
	}
	ask_again(w, 1, "www.example.com", 1);
	assert_int_equal(count(f, DNS_REPLY), 1);
	for (unsigned i = 0; i < 30000; i++) {
		char rr[512];
		snprintf(name, sizeof(name), "p%u.example.com", i);
		snprintf(rr, sizeof(rr), "%s. 300 IN TXT \"%0100u\"", name, i);
		f->now += USEC_PER_MSEC;
		ask_again(w, 1, name, 16);
		deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, rr, "");
		assert_true(dns_cache_size(f->s).bytes <= DNS_CACHE_MAX_BYTES);
	}
	/* the oldest is gone, the newest is there */
	ask_again(w, 1, "p0.example.com", 16);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	ask_again(w, 1, "p29999.example.com", 16);
	assert_int_equal(count(f, DNS_REPLY), 1);
}

static void stale_answers(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;

	ask_again(w, 1, "www.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, WWW_A, "");
	f->now += 1000 * USEC_PER_SEC;
	ask_again(w, 2, "www.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	/* nobody answers within 0.8 s: better the old one than none */
	advance(f, 400);
	assert_int_equal(count(f, DNS_REPLY), 0);
	advance(f, 400);
	check_reply(f, 0, 0, "www.example.com. 30 IN A 203.0.113.5", "");
	/* at once for the next ones */
	ask_again(w, 3, "www.example.com", 1);
	check_reply(f, 0, 0, "www.example.com. 30 IN A 203.0.113.5", "");
	/* not for ever */
	f->now += 2 * 86400 * USEC_PER_SEC;
	dns_tick(f->s, f->now, &f->out);
	for (unsigned i = 0; i < 6; i++)
		advance(f, 5000);
	ask_again(w, 4, "www.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(count(f, DNS_REPLY), 0);
		advance(f, 2200);
	}
	check_reply(f, 0, 2, "", "");
}

static void routes(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		const char *server; /* NULL: answered here with rcode */
		int rcode;
	} rows[] = {
		{ "www.example.com", 1, S1, 0 },
		{ "corp.example.net", 1, "192.0.2.10", 0 },
		{ "a.corp.example.net", 1, "192.0.2.10", 0 },
		{ "xcorp.example.net", 1, S1, 0 },
		{ "deep.corp.example.net", 1, "192.0.2.11", 0 },
		{ "x.deep.corp.example.net", 1, "192.0.2.11", 0 },
		{ "back.corp.example.net", 1, S1,
		  0 }, /* domain without address: the default servers */
		{ "dc.ad.local", 1, "192.0.2.12", 0 },
		{ "other.local", 1, NULL, 3 },
		{ "1.0.16.172.in-addr.arpa", 12, "192.0.2.13", 0 },
		{ "1.0.17.172.in-addr.arpa", 12, NULL, 3 },
		{ "9.122.168.192.in-addr.arpa", 12, NULL, 3 },
		{ "sub.lab.test", 1, "192.0.2.14", 0 },
		{ "unknown.lab.test", 1, NULL, 3 }, /* lab.test is special-use and ours */
		{ "plain", 1, S1, 0 },
		{ "com", 43, S1, 0 },
		{ "nope.localhost", 1, NULL, 0 },
	};
	static const struct {
		const char *domain, *address;
	} forwarders[] = {
		{ "corp.example.net", "192.0.2.10" },    { "deep.corp.example.net", "192.0.2.11" },
		{ "back.corp.example.net", NULL },       { "ad.local", "192.0.2.12" },
		{ "16.172.in-addr.arpa", "192.0.2.13" }, { "sub.lab.test", "192.0.2.14" },
		{ "168.192.in-addr.arpa", "192.0.2.15" }
	};
	struct world *w = *state;
	struct fixture *f = w->f;

	for (size_t i = 0; i < ARRAY_LEN(forwarders); i++) {
		struct ip ip = { 0 };
		if (forwarders[i].address)
			ip = ip_of(forwarders[i].address);
		assert_int_equal(dns_config_add_forwarder(w->cfg, &ip, 0, forwarders[i].domain), 0);
	}
	assert_int_equal(dns_server_configure(f->s, w->cfg, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ask_again(w, 1, rows[i].name, rows[i].type);
		if (!rows[i].server) {
			check_reply(f, 0, rows[i].rcode, NULL, NULL);
			continue;
		}
		struct ip want = ip_of(rows[i].server);
		struct caught *sent = nth(f, DNS_SEND_UPSTREAM, 0);
		if (!sent || !ip_equal(&sent->server.address, &want))
			fail_msg("%s went elsewhere", rows[i].name);
	}
	/* a server for everything replaces the host's */
	struct ip all = ip_of("192.0.2.99");
	assert_int_equal(dns_config_add_forwarder(w->cfg, &all, 5300, NULL), 0);
	w->cfg->forward_plain_names = false;
	assert_int_equal(dns_server_configure(f->s, w->cfg, NULL), 0);
	ask_again(w, 2, "else.example.com", 1);
	assert_true(ip_equal(&nth(f, DNS_SEND_UPSTREAM, 0)->server.address, &all));
	assert_int_equal(nth(f, DNS_SEND_UPSTREAM, 0)->server.port, 5300);
	ask_again(w, 3, "plain2", 1);
	check_reply(f, 0, 3, "", NULL);
	ask_again(w, 4, "org", 43);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
}

/* The host's resolver may send our domain back to us: such a question ends here. */
static void no_loop_through_the_host(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;
	struct dns_client host = client_of("127.0.0.1", 4000);
	struct dns_upstream own[] = { { ip_of("192.168.122.1"), 53 } };

	free(w->cfg->domain);
	w->cfg->domain = strdup("vms.example.com");
	assert_int_equal(dns_server_configure(f->s, w->cfg, NULL), 0);
	ask_again(w, 1, "unknown.vms.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	host.host = true;
	fixture_forget(f);
	ask(f, &host, 1, "unknown.vms.example.com", 1, 0);
	check_reply(f, 0, 3, "", NULL);
	fixture_forget(f);
	assert_int_equal(ask(f, &host, 1, "www.example.com", 1, 0), DNS_N_UPSTREAM_SENT);
	/* and we are nobody's upstream server */
	dns_server_set_upstreams(f->s, own, 1);
	ask_again(w, 2, "other.example.com", 1);
	check_reply(f, 0, 2, "", NULL);
}

/* "No such name" from outside doesn't deny a name that has records here. */
static void local_beside_nxdomain(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;

	ask_again(w, 1, "override.example.com", 15);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 3, "", SOA);
	check_reply(f, 0, 0, "", NULL);
}

/* A new configuration loses neither what is in flight nor what is known. */
static void live_replacement(void **state)
{
	struct world *w = *state;
	struct fixture *f = w->f;

	ask_again(w, 1, "www.example.com", 1);
	deliver(f, nth(f, DNS_SEND_UPSTREAM, 0), 0, WWW_A, "");
	ask_again(w, 2, "slow.example.com", 1);
	struct caught *sent = nth(f, DNS_SEND_UPSTREAM, 0);
	assert_int_equal(dns_server_configure(f->s, w->cfg, NULL), 0);
	deliver(f, sent, 0, "slow.example.com. 60 IN A 1.2.3.4", "");
	check_reply(f, 0, 0, "slow.example.com. 60 IN A 1.2.3.4", "");
	ask_again(w, 3, "www.example.com", 1);
	check_reply(f, 0, 0, "www.example.com. 300 IN A 203.0.113.5", "");
	/* but what other forwarders said is forgotten */
	struct ip all = ip_of("192.0.2.99");
	assert_int_equal(dns_config_add_forwarder(w->cfg, &all, 0, NULL), 0);
	assert_int_equal(dns_server_configure(f->s, w->cfg, NULL), 0);
	ask_again(w, 3, "www.example.com", 1);
	assert_int_equal(count(f, DNS_SEND_UPSTREAM), 1);
	/* cut off while in flight: the next attempt has nobody to ask */
	ask_again(w, 4, "cut.example.com", 1);
	w->cfg->forward = false;
	assert_int_equal(dns_server_configure(f->s, w->cfg, NULL), 0);
	advance(f, 400);
	check_reply(f, 0, 2, "", "");
	ask_again(w, 5, "www.example.com", 1);
	check_reply(f, 0, 5, "", "");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(relayed_and_cached),
		T(what_is_sent),
		T(ids_are_random),
		T(negative_answers),
		T(coalesced),
		T(retry_and_failover),
		T(dead_server_is_avoided),
		T(truncated_goes_over_tcp),
		T(cname_chains),
		T(forgeries),
		T(malformed_answers),
		T(ttls),
		T(dnssec_passes),
		T(rebinding),
		T(quotas),
		T(flood),
		T(cache_is_bounded),
		T(stale_answers),
		T(routes),
		T(no_loop_through_the_host),
		T(local_beside_nxdomain),
		T(live_replacement),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
