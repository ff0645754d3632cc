/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Router advertisements: what they say, when they are sent, what is no solicitation; and the frames
 * in which they travel. */
#include "scene6.h"

#include "dhcp/ip6-frame.h"
#include "dhcp/ra.h"

struct stage {
	struct ra *s;
	struct ra_config c;
	usec_t now;
	struct ra_action out;
};

static void open_stage(struct stage *t)
{
	memset(t, 0, sizeof(*t));
	t->now = 1000 * USEC_PER_SEC;
	t->c = (struct ra_config){ .mac = bridge_mac6,
				   .link_local = ip6_link_local(&bridge_mac6),
				   .mtu = 1450,
				   .router_lifetime = RA_ROUTER_LIFETIME,
				   .dns = host6(1),
				   .domain = "lab.test",
				   .n_prefixes = 1 };
	t->c.prefix[0] = (struct ra_prefix){ ip6("fd77::1"), 64, true, 86400, 14400 };
	t->s = ra_new(1);
	assert_non_null(t->s);
	ra_configure(t->s, &t->c, t->now);
}

static const uint8_t good[] = { 133, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0x52, 0x54, 0, 0, 0, 1 };

static size_t solicit(struct stage *t, const void *bytes, size_t n, const char *src, uint8_t hops)
{
	uint8_t *exact = malloc(n ? n : 1);

	assert_non_null(exact);
	memcpy(exact, bytes, n);
	struct ra_solicit in = { exact, n, ip6(src), client6(1), hops };
	size_t r = ra_input(t->s, &in, t->now, &t->out);
	free(exact);
	return r;
}

/* The value of the `nth` such option, from its length octet's end; bad when absent. */
static struct rd nd_option(const struct ra_action *a, uint8_t code, unsigned nth)
{
	struct rd r = rd_over(a->message, a->n);

	rd_skip(&r, 16);
	while (rd_left(&r)) {
		uint8_t found = rd_u8(&r);
		struct rd v = rd_sub(&r, rd_u8(&r) * 8U - 2);
		if (found == code && nth-- == 0)
			return v;
	}
	return (struct rd){ .bad = true };
}

static void test_content(void **state)
{
	struct stage t;

	open_stage(&t);
	assert_int_equal(solicit(&t, good, sizeof(good), "fe80::1", 255), 1);
	assert_int_equal(t.out.message[0], 134);
	assert_int_equal(t.out.message[5], 0);
	struct rd r = rd_over(t.out.message + 6, 2);
	assert_int_equal(rd_u16(&r), 1800);
	r = nd_option(&t.out, 3, 0);
	assert_int_equal(rd_u8(&r), 64);
	assert_int_equal(rd_u8(&r), 0xc0);
	assert_int_equal(rd_u32(&r), 86400);
	assert_int_equal(rd_u32(&r), 14400);
	rd_skip(&r, 4);
	assert_memory_equal(rd_bytes(&r, 16), ip6("fd77::").v6, 16);
	r = nd_option(&t.out, 5, 0);
	rd_skip(&r, 2);
	assert_int_equal(rd_u32(&r), 1450);
	r = nd_option(&t.out, 25, 0);
	rd_skip(&r, 6);
	assert_memory_equal(rd_bytes(&r, 16), host6(1).v6, 16);
	r = nd_option(&t.out, 31, 0);
	rd_skip(&r, 6);
	assert_memory_equal(rd_bytes(&r, 10), "\3lab\4test", 10);
	assert_int_equal(t.out.n % 8, 0);
	ra_free(t.s);
}

static void test_managed_and_isolated(void **state)
{
	struct stage t;

	open_stage(&t);
	t.c.managed = true;
	t.c.router_lifetime = 0;
	t.c.prefix[0].autonomous = false;
	ra_configure(t.s, &t.c, t.now);
	solicit(&t, good, sizeof(good), "fe80::1", 255);
	assert_int_equal(t.out.message[5], 0xc0);
	assert_int_equal(t.out.message[6] | t.out.message[7], 0);
	struct rd r = nd_option(&t.out, 3, 0);
	rd_skip(&r, 1);
	assert_int_equal(rd_u8(&r), 0x80);
	ra_free(t.s);
}

/* Addresses by SLAAC, all else by DHCPv6; and a domain that isn't the network's any more is taken
 * back (RFC 8106 §5.3.1). */
static void test_stateless(void **state)
{
	struct stage t;

	open_stage(&t);
	copy_text(t.c.domain, sizeof(t.c.domain), "lab.test");
	ra_configure(t.s, &t.c, t.now);
	t.c.other = true;
	t.c.domain[0] = '\0';
	ra_configure(t.s, &t.c, t.now);
	solicit(&t, good, sizeof(good), "fe80::1", 255);
	assert_int_equal(t.out.message[5], 0x40);
	struct rd r = nd_option(&t.out, 3, 0);
	rd_skip(&r, 1);
	assert_int_equal(rd_u8(&r), 0xc0);
	r = nd_option(&t.out, 31, 0);
	rd_skip(&r, 2);
	assert_int_equal(rd_u32(&r), 0);
	assert_memory_equal(rd_bytes(&r, 10), "\3lab\4test", 10);
	/* It comes back: then it is there once, and for long. */
	copy_text(t.c.domain, sizeof(t.c.domain), "lab.test");
	ra_configure(t.s, &t.c, t.now);
	solicit(&t, good, sizeof(good), "fe80::1", 255);
	r = nd_option(&t.out, 31, 0);
	rd_skip(&r, 2);
	assert_int_equal(rd_u32(&r), RA_DNS_LIFETIME);
	r = nd_option(&t.out, 31, 1);
	assert_int_equal(rd_left(&r), 0);
	ra_free(t.s);
}

static void test_no_slaac_but_with_64(void **state)
{
	struct stage t;

	open_stage(&t);
	t.c.prefix[0].length = 80;
	ra_configure(t.s, &t.c, t.now);
	solicit(&t, good, sizeof(good), "fe80::1", 255);
	struct rd r = nd_option(&t.out, 3, 0);
	assert_int_equal(rd_u8(&r), 80);
	assert_int_equal(rd_u8(&r), 0x80);
	ra_free(t.s);
}

static void test_pace(void **state)
{
	struct stage t;
	usec_t at[8];

	open_stage(&t);
	for (unsigned i = 0; i < ARRAY_LEN(at); i++) {
		t.now = at[i] = ra_deadline(t.s);
		assert_int_equal(ra_tick(t.s, t.now, &t.out), 1);
		assert_memory_equal(t.out.to_mac.b, "\x33\x33\0\0\0\1", 6);
		assert_int_equal(ra_tick(t.s, t.now, &t.out), 0);
	}
	assert_true(at[0] == 1000 * USEC_PER_SEC);
	for (unsigned i = 1; i < RA_INITIAL; i++)
		assert_true(at[i] - at[i - 1] <= RA_INITIAL_SEC * USEC_PER_SEC);
	for (unsigned i = RA_INITIAL; i < ARRAY_LEN(at); i++)
		assert_in_range(at[i] - at[i - 1], RA_INTERVAL_MIN * USEC_PER_SEC,
				RA_INTERVAL_MAX * USEC_PER_SEC);
	/* without a source: answered to all, but not within three seconds of the last */
	static const uint8_t bare[8] = { 133 };
	assert_int_equal(solicit(&t, bare, sizeof(bare), "::", 255), 0);
	assert_true(ra_deadline(t.s) == at[7] + RA_MIN_DELAY * USEC_PER_SEC);
	ra_free(t.s);
}

static void test_flood(void **state)
{
	struct stage t;
	unsigned answers = 0;

	open_stage(&t);
	for (unsigned i = 0; i < 100000; i++)
		answers += solicit(&t, good, sizeof(good), "fe80::1", 255) == 1;
	assert_int_equal(answers, RA_ANSWERS_PER_SEC);
	t.now += USEC_PER_SEC;
	assert_int_equal(solicit(&t, good, sizeof(good), "fe80::1", 255), 1);
	ra_free(t.s);
}

static const struct {
	const char *what;
	uint8_t bytes[32];
	size_t n;
	const char *src;
	uint8_t hops;
	enum ra_counter counter;
} hostile[] = {
	{ "nothing", { 0 }, 0, "fe80::1", 255, RA_COUNT_DROP_SHORT },
	{ "cut", { 133 }, 7, "fe80::1", 255, RA_COUNT_DROP_SHORT },
	{ "hop limit", { 133 }, 8, "fe80::1", 64, RA_COUNT_DROP_HOP_LIMIT },
	{ "code", { 133, 1 }, 8, "fe80::1", 255, RA_COUNT_DROP_TYPE },
	{ "advertisement", { 134 }, 16, "fe80::1", 255, RA_COUNT_DROP_TYPE },
	{ "redirect", { 137 }, 40 - 8, "fe80::1", 255, RA_COUNT_DROP_TYPE },
	{ "option of no length", { 133, [8] = 1, 0 }, 16, "fe80::1", 255, RA_COUNT_DROP_SHORT },
	{ "option past the end", { 133, [8] = 1, 2 }, 16, "fe80::1", 255, RA_COUNT_DROP_SHORT },
	{ "half an option", { 133, [8] = 1 }, 9, "fe80::1", 255, RA_COUNT_DROP_SHORT },
	{ "link-layer address of nobody",
	  { 133, [8] = 1, 1 },
	  16,
	  "::",
	  255,
	  RA_COUNT_DROP_SOURCE },
	{ "global source", { 133 }, 8, "fd77::5", 255, RA_COUNT_DROP_SOURCE },
	{ "long link-layer address", { 133, [8] = 1, 3 }, 32, "fe80::1", 255, RA_COUNT_RX_SOLICIT },
};

static void test_hostile(void **state)
{
	struct stage t;

	open_stage(&t);
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		uint64_t before = ra_counters(t.s)[hostile[i].counter];
		solicit(&t, hostile[i].bytes, hostile[i].n, hostile[i].src, hostile[i].hops);
		if (ra_counters(t.s)[hostile[i].counter] != before + 1)
			fail_msg("%s", hostile[i].what);
	}
	static uint8_t huge[65000] = { 133 };
	assert_int_equal(solicit(&t, huge, sizeof(huge), "fe80::1", 255), 0);
	ra_free(t.s);
}

static uint64_t solicitations(const struct stage *t)
{
	const uint64_t *count = ra_counters(t->s);

	return count[RA_COUNT_RX_SOLICIT] + count[RA_COUNT_DROP_SHORT] +
	       count[RA_COUNT_DROP_HOP_LIMIT] + count[RA_COUNT_DROP_TYPE] +
	       count[RA_COUNT_DROP_SOURCE];
}

/* Cut at every octet and with every value of every octet: each is counted once, as something, and
 * the honest guest after it is answered. */
static void test_mutilated(void **state)
{
	struct stage t;
	uint8_t bytes[32];

	open_stage(&t);
	for (size_t i = 0; i <= ARRAY_LEN(hostile); i++) {
		bool honest = i == ARRAY_LEN(hostile);
		size_t n = honest ? sizeof(good) : hostile[i].n;
		const char *src = honest ? "fe80::1" : hostile[i].src;
		memcpy(bytes, honest ? good : hostile[i].bytes, n);
		for (size_t k = 0; k < 256 * n; k++) {
			size_t at = k / 256;
			uint8_t was = bytes[at];
			uint64_t before = solicitations(&t);
			bytes[at] = (uint8_t)k;
			solicit(&t, bytes, n, src, 255);
			bytes[at] = was;
			solicit(&t, bytes, at, src, 255);
			assert_int_equal(solicitations(&t), before + 2);
		}
		t.now += USEC_PER_SEC;
		assert_int_equal(solicit(&t, good, sizeof(good), "fe80::1", 255), 1);
	}
	ra_free(t.s);
}

static void test_withdrawal(void **state)
{
	struct stage t;

	open_stage(&t);
	t.now = ra_deadline(t.s);
	ra_tick(t.s, t.now, &t.out);
	t.c.prefix[0].prefix = ip6("fd88::1");
	t.c.dns = ip6("fd88::1");
	ra_configure(t.s, &t.c, t.now);
	assert_true(ra_deadline(t.s) == t.now + RA_MIN_DELAY * USEC_PER_SEC);
	t.now = ra_deadline(t.s);
	ra_tick(t.s, t.now, &t.out);
	struct rd r = nd_option(&t.out, 3, 1);
	rd_skip(&r, 2);
	assert_in_range(rd_u32(&r), 7190, 7200);
	assert_int_equal(rd_u32(&r), 0);
	rd_skip(&r, 4);
	assert_memory_equal(rd_bytes(&r, 16), ip6("fd77::").v6, 16);
	r = nd_option(&t.out, 25, 1);
	rd_skip(&r, 2);
	assert_int_equal(rd_u32(&r), 0);
	t.now += (RA_WITHDRAWN_SEC + 1) * USEC_PER_SEC;
	solicit(&t, good, sizeof(good), "fe80::1", 255);
	assert_true(nd_option(&t.out, 3, 1).bad);
	/* the same once more is no change */
	usec_t planned = ra_deadline(t.s);
	ra_configure(t.s, &t.c, t.now);
	assert_true(ra_deadline(t.s) == planned);
	ra_free(t.s);
}

static void test_final(void **state)
{
	struct stage t;
	uint8_t buf[RA_MESSAGE_MAX];

	open_stage(&t);
	struct ra_action a = { .message = buf, .n = ra_final(&t.c, buf) };
	assert_int_equal(buf[6] | buf[7], 0);
	struct rd r = nd_option(&a, 3, 0);
	rd_skip(&r, 2);
	assert_int_equal(rd_u32(&r) | rd_u32(&r), 0);
	r = nd_option(&a, 25, 0);
	rd_skip(&r, 2);
	assert_int_equal(rd_u32(&r), 0);
	assert_false(r.bad);
	ra_free(t.s);
}

static void test_frames(void **state)
{
	struct ip6_packet p = { .from = bridge_mac6,
				.to = client6(1),
				.src = ip6_link_local(&bridge_mac6),
				.dst = ip6("fe80::1"),
				.hop_limit = 64,
				.protocol = IP6_PROTO_UDP,
				.src_port = 547,
				.dst_port = 546,
				.payload = (const uint8_t *)"hello",
				.n = 5 };
	struct ip6_packet q;
	uint8_t frame[256];
	size_t n = ip6_frame_make(frame, sizeof(frame), &p);

	assert_int_equal(n, IP6_FRAME_OVERHEAD + 5);
	assert_true(ip6_frame_parse(frame, n, false, &q));
	assert_int_equal(q.src_port, 547);
	assert_int_equal(q.n, 5);
	assert_memory_equal(q.payload, "hello", 5);
	assert_true(ip_equal(&q.dst, &p.dst));
	for (size_t i = 22; i < n; i++) { /* the checksum is looked at */
		frame[i] ^= 0x10;
		assert_false(ip6_frame_parse(frame, n, false, &q));
		frame[i] ^= 0x10;
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t *exact = malloc(i ? i : 1);
		assert_non_null(exact);
		memcpy(exact, frame, i);
		assert_false(ip6_frame_parse(exact, i, true, &q));
		free(exact);
	}
	frame[20] = 44; /* a fragment */
	assert_false(ip6_frame_parse(frame, n, true, &q));
	assert_int_equal(ip6_frame_make(frame, n - 1, &p), 0);
	struct ip expected = ip6("fe80::5054:ff:feff:ff01");
	assert_true(ip_equal(&p.src, &expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content),    cmocka_unit_test(test_managed_and_isolated),
		cmocka_unit_test(test_stateless),  cmocka_unit_test(test_no_slaac_but_with_64),
		cmocka_unit_test(test_pace),       cmocka_unit_test(test_flood),
		cmocka_unit_test(test_mutilated),  cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_withdrawal), cmocka_unit_test(test_final),
		cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
