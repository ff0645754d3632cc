/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about a name service and their answers: there and back, cut anywhere, out of range. */
#include "netd/messages/messages-dns-ask.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t buf[DNS_TOLD_MAX];

static void ask_there_and_back(void **state)
{
	struct message_dns_ask m = { 7, 99, DNS_ASK_LOOKUP, "vm1.lab", 28, 5 }, got;
	struct wr w = wr_over(buf, sizeof(buf));

	message_dns_ask_encode(&w, &m);
	size_t n = wr_len(&w);
	assert_true(n <= DNS_ASK_MAX);
	assert_int_equal(message_dns_ask_decode(buf, n, &got), 0);
	assert_int_equal(got.net_id, 7);
	assert_int_equal(got.token, 99);
	assert_string_equal(got.name, "vm1.lab");
	assert_int_equal(got.type, 28);
	assert_int_equal(got.after, 5);
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *exact = memcpy(malloc(cut + 1), buf, cut);
		assert_int_equal(message_dns_ask_decode(exact, cut, &got), -EPROTO);
		free(exact);
	}
	assert_int_equal(message_dns_ask_decode(buf, n + 4, &got), -EPROTO);
	buf[15] = DNS_ASK_COUNT;
	assert_int_equal(message_dns_ask_decode(buf, n, &got), -EPROTO);
}

static struct rd head_of(struct wr *w, enum dns_ask_what what)
{
	const struct message_dns_told head = { 7, 99, what, true };

	*w = wr_over(buf, sizeof(buf));
	message_dns_told_encode(w, &head);
	return rd_over(buf + wr_len(w), sizeof(buf) - wr_len(w));
}

static void lookup_there_and_back(void **state)
{
	const struct dns_told_lookup head = { .rcode = 3,
					      .source = DNS_FROM_UPSTREAM,
					      .server = { ip_from_v4(0x01020304), 5353 },
					      .ad = true,
					      .took_usec = 1234,
					      .answered = true };
	struct dns_told_record row = { 2, 6, 60, "a.b", "data \\# \"x\"" }, got_row;
	struct dns_told_lookup got;
	struct wr w;
	struct rd r = head_of(&w, DNS_ASK_LOOKUP);

	dns_told_put_lookup(&w, &head);
	assert_true(dns_told_put_record(&w, &row));
	assert_true(dns_told_put_record(&w, &row));
	dns_told_put_end(&w);
	r.end = buf + wr_len(&w);
	assert_int_equal(dns_told_get_lookup(&r, &got), 0);
	assert_int_equal(got.server.port, 5353);
	assert_true(got.ad && !got.aa && got.took_usec == 1234 && got.rcode == 3);
	assert_int_equal(dns_told_get_record(&r, &got_row), 1);
	assert_string_equal(got_row.data, row.data);
	assert_int_equal(dns_told_get_record(&r, &got_row), 1);
	assert_int_equal(dns_told_get_record(&r, &got_row), 0);
}

/* What a terminal would obey, or what can't be. */
static void untrusted_rows(void **state)
{
	static const struct {
		uint32_t section, type;
		const char *name, *data;
	} bad[] = {
		{ 0, 1, "a", "b" },        { 4, 1, "a", "b" },   { 1, 65536, "a", "b" },
		{ 1, 1, "a\x1b[2J", "b" }, { 1, 1, "a", "b\n" }, { 1, 1, "a", "\xc3\xa4" },
	};
	struct dns_told_record got;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct wr w = wr_over(buf, sizeof(buf));
		struct dns_told_record row = { .section = bad[i].section,
					       .type = (uint16_t)bad[i].type };
		strcpy(row.name, bad[i].name);
		strcpy(row.data, bad[i].data);
		assert_true(dns_told_put_record(&w, &row));
		if (bad[i].type > UINT16_MAX)
			wr_patch_u32(&w, 8, bad[i].type);
		struct rd r = rd_over(buf, wr_len(&w));
		assert_int_equal(dns_told_get_record(&r, &got), -EPROTO);
	}
	/* octets behind the end */
	struct wr w = wr_over(buf, sizeof(buf));
	dns_told_put_end(&w);
	dns_told_put_end(&w);
	struct rd r = rd_over(buf, wr_len(&w));
	assert_int_equal(dns_told_get_record(&r, &got), -EPROTO);
}

/* A full body keeps room for its end. */
static void rows_until_full(void **state)
{
	struct dns_told_entry row = { .number = 1, .type = 1 }, got;
	unsigned n = 0, m = 0;
	struct wr w;
	struct rd r = head_of(&w, DNS_ASK_CACHE);

	memset(row.name, 'x', 900);
	while (dns_told_put_entry(&w, &row))
		row.number = ++n + 1;
	dns_told_put_end(&w);
	assert_false(w.bad);
	assert_true(n > 20);
	r.end = buf + wr_len(&w);
	while (dns_told_get_entry(&r, &got) == 1)
		m++;
	assert_int_equal(n, m);
	assert_false(r.bad);
}

static void stats_there_and_back(void **state)
{
	static struct dns_told_stats m, got;
	struct wr w;
	struct rd r = head_of(&w, DNS_ASK_STATS);

	for (size_t i = 0; i < DNS_COUNTER_COUNT; i++)
		m.counter[i] = i;
	m.rcode[3] = 33;
	m.n_askers = DNS_ASKERS_MAX;
	for (size_t i = 0; i < m.n_askers; i++)
		m.asker[i] = (struct dns_asker){ { AF_INET6, .v6 = { 0xfd } }, i, 1 };
	m.n_upstreams = DNS_UPSTREAMS_MAX;
	for (size_t i = 0; i < m.n_upstreams; i++)
		m.upstream[i].upstream.address = ip_from_v4(1);
	dns_told_put_stats(&w, &m);
	assert_false(w.bad);
	size_t n = (size_t)(buf + wr_len(&w) - r.p);
	for (size_t cut = 0; cut < n; cut += 3) {
		struct rd part = rd_over(r.p, cut);
		assert_int_equal(dns_told_get_stats(&part, &got), -EPROTO);
	}
	r.end = r.p + n;
	assert_int_equal(dns_told_get_stats(&r, &got), 0);
	assert_int_equal(got.counter[5], 5);
	assert_int_equal(got.asker[9].queries, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ask_there_and_back),   cmocka_unit_test(lookup_there_and_back),
		cmocka_unit_test(untrusted_rows),       cmocka_unit_test(rows_until_full),
		cmocka_unit_test(stats_there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
