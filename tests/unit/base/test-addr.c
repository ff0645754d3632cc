/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"
#include "tests/unit/test.h"

#include <string.h>

static void macs(void **state)
{
	static const struct {
		const char *text, *want; /* want NULL: refused */
	} rows[] = {
		{ "52:54:00:12:34:56", "52:54:00:12:34:56" },
		{ "AA:bb:CC:0:1:2", "aa:bb:cc:00:01:02" },
		{ "52:54:00:12:34", NULL },
		{ "52:54:00:12:34:56:78", NULL },
		{ "52:54:00:12:34:5g", NULL },
		{ "525400123456", NULL },
		{ "52:54:00:12:34:567", NULL },
		{ " 52:54:00:12:34:56", NULL },
		{ "", NULL },
	};
	char buf[MAC_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mac m;
		int r = mac_parse(rows[i].text, &m);
		assert_int_equal(r == 0, rows[i].want != NULL);
		if (r == 0)
			assert_string_equal(mac_format(&m, buf), rows[i].want);
	}
	struct mac random = mac_random();
	assert_false(mac_is_multicast(&random));
	assert_memory_equal(random.b, "\x52\x54\x00", 3);
}

static void addresses(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "10.0.0.1", "10.0.0.1" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "FD00::1", "fd00::1" },
		{ "10.1", NULL },
		{ "10.0.0.256", NULL },
		{ "10.0.0.1/24", NULL },
		{ "host", NULL },
		{ "fe80::1%eth0", NULL },
		{ "", NULL },
	};
	char buf[IP_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip a;
		int r = ip_parse(rows[i].text, &a);
		assert_int_equal(r == 0, rows[i].want != NULL);
		if (r == 0)
			assert_string_equal(ip_format(&a, buf), rows[i].want);
	}
}

static struct ip ip(const char *text)
{
	struct ip a = { 0 };

	assert_int_equal(ip_parse(text, &a), 0);
	return a;
}

static void prefixes(void **state)
{
	static const struct {
		const char *a;
		unsigned a_len;
		const char *b;
		unsigned b_len;
		bool overlap;
	} rows[] = {
		{ "10.0.0.0", 8, "10.7.0.0", 16, true },
		{ "10.7.0.0", 16, "10.0.0.0", 8, true },
		{ "10.7.0.0", 24, "10.7.1.0", 24, false },
		{ "0.0.0.0", 0, "10.7.1.0", 24, true },
		{ "10.7.1.9", 32, "10.7.1.8", 31, true },
		{ "fd00::", 64, "fd00:0:0:1::", 64, false },
		{ "fd00::", 63, "fd00:0:0:1::", 64, true },
		{ "fd00::", 0, "10.0.0.0", 0, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip a = ip(rows[i].a), b = ip(rows[i].b);
		assert_int_equal(ip_prefix_overlap(&a, rows[i].a_len, &b, rows[i].b_len), rows[i].overlap);
	}
	assert_int_equal(ip4_mask(0), 0);
	assert_int_equal(ip4_mask(24), 0xffffff00);
	assert_int_equal(ip4_mask(32), 0xffffffff);
	assert_int_equal(ip4_mask_prefix(0xffffff00), 24);
	assert_true(ip4_mask_prefix(0xff00ff00) < 0);
	struct ip net = ip("fd00:1:2:3ff::"), cut = ip_network(&net, 57);
	char buf[IP_TEXT_MAX];
	assert_string_equal(ip_format(&cut, buf), "fd00:1:2:380::");
}

static void uuids(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "c7a5fdbd-edaf-9455-926a-d65c16db1809", true },
		{ "c7a5fdbdedaf9455926ad65c16db1809", true },
		{ " C7A5FDBD-edaf-9455-926a-d65c16db1809 ", true },
		{ "c7-a5-fd bd--edaf-9455-926a-d65c16db1809", true },
		{ "c-7a5fdbd-edaf-9455-926a-d65c16db1809", false },
		{ "c7a5fdbd-edaf-9455-926a-d65c16db180", false },
		{ "c7a5fdbd-edaf-9455-926a-d65c16db18090", false },
		{ "c7a5fdbd-edaf-9455-926a-d65c16db180x", false },
		{ "", false },
	};
	char buf[UUID_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct uuid u;
		int r = uuid_parse(rows[i].text, &u);
		assert_int_equal(r == 0, rows[i].good);
		if (r == 0)
			assert_string_equal(uuid_format(&u, buf), rows[0].text);
	}
	struct uuid a = uuid_random(), b = uuid_random();
	assert_false(uuid_equal(&a, &b));
	assert_int_equal(a.b[6] >> 4, 4);
	assert_int_equal(a.b[8] >> 6, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(macs),
		cmocka_unit_test(addresses),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(uuids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
