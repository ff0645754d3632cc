/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/dhcp-options.h"
#include "tests/unit/test.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Sorted, so that nothing stands there twice; every name once, and found by name and code. */
static void check_table(int family)
{
	size_t n;
	const struct dhcp_option *o = dhcp_options(family, &n);

	for (size_t i = 0; i < n; i++) {
		if (i && o[i].code <= o[i - 1].code)
			fail_msg("%s: out of order", o[i].name);
		assert_ptr_equal(dhcp_option_by_code(family, o[i].code), &o[i]);
		assert_ptr_equal(dhcp_option_by_name(family, o[i].name, false), &o[i]);
		assert_ptr_equal(dhcp_option_by_name(family, o[i].name, true), &o[i]);
		if (o[i].dnsmasq && dhcp_option_by_name(family, o[i].dnsmasq, true) != &o[i])
			fail_msg("%s: dnsmasq's name is another one's", o[i].name);
	}
}

static void tables(void **state)
{
	check_table(AF_INET);
	check_table(AF_INET6);
	assert_null(dhcp_option_by_code(AF_INET, 224));
	assert_null(dhcp_option_by_code(AF_INET, 70000));
	assert_null(dhcp_option_by_name(AF_INET, "router", false));
	assert_int_equal(dhcp_option_by_name(AF_INET, "router", true)->code, 3);
	assert_int_equal(dhcp_option_by_name(AF_INET6, "ntp-servers", false)->code, 56);
}

static void kinds(void **state)
{
	enum dhcp_kind k;

	for (unsigned i = 0; i < DHCP_KIND_N; i++) {
		assert_int_equal(dhcp_kind_parse(dhcp_kind_name((enum dhcp_kind)i), &k), 0);
		assert_int_equal(k, i);
	}
	assert_true(dhcp_kind_parse("string", &k) < 0);
}

struct row {
	enum dhcp_kind kind;
	int family;
	const char *text, *hex; /* hex NULL: refused, */
	const char *why;        /* with this in the message */
};

/* clang-format off */
static const struct row rows[] = {
	{ DHCP_HEX, AF_INET, "0a:1B:ff", "0a1bff" },
	{ DHCP_HEX, AF_INET, "0a1b ff", "0a1bff" },
	{ DHCP_HEX, AF_INET, "", "" },
	{ DHCP_HEX, AF_INET, "abc", NULL, "'c' is not octets" },
	{ DHCP_HEX, AF_INET, "0x12", NULL, "'0x12' is not octets" },
	{ DHCP_TEXT, AF_INET, "a, b", "612c2062" },
	{ DHCP_EMPTY, AF_INET, "", "" },
	{ DHCP_EMPTY, AF_INET, "x", NULL, "has no value" },
	{ DHCP_BOOL, AF_INET, "yes", "01" },
	{ DHCP_BOOL, AF_INET, "0", "00" },
	{ DHCP_BOOL, AF_INET, "on", NULL, "neither 'yes' nor 'no'" },
	{ DHCP_NUMBER8, AF_INET, "255", "ff" },
	{ DHCP_NUMBER8, AF_INET, "256", NULL, "from 0 to 255" },
	{ DHCP_NUMBER8, AF_INET, "-1", NULL, "from 0 to 255" },
	{ DHCP_NUMBER8, AF_INET, "1 2", NULL, "'2' is one too many: the type is number8" },
	{ DHCP_NUMBER16, AF_INET, "1500", "05dc" },
	{ DHCP_NUMBER32, AF_INET, "4294967295", "ffffffff" },
	{ DHCP_NUMBER32, AF_INET, "4294967296", NULL, "from 0 to 4294967295" },
	{ DHCP_SIGNED32, AF_INET, "-3600", "fffff1f0" },
	{ DHCP_SIGNED32, AF_INET, "7200", "00001c20" },
	{ DHCP_SIGNED32, AF_INET, "-2147483648", "80000000" },
	{ DHCP_SIGNED32, AF_INET, "2147483648", NULL, "is not a number" },
	{ DHCP_NUMBERS8, AF_INET, "1,2, 3", "010203" },
	{ DHCP_NUMBERS16, AF_INET, "68 576", "00440240" },
	{ DHCP_ADDRESS, AF_INET, "192.168.7.1", "c0a80701" },
	{ DHCP_ADDRESS, AF_INET, "fd00::1", NULL, "'fd00::1' is not an IPv4 address" },
	{ DHCP_ADDRESS, AF_INET6, "fd00::1", "fd000000000000000000000000000001" },
	{ DHCP_ADDRESS, AF_INET6, "10.0.0.1", NULL, "is not an IPv6 address" },
	{ DHCP_ADDRESSES, AF_INET, "10.0.0.1, 10.0.0.2", "0a0000010a000002" },
	{ DHCP_ADDRESSES, AF_INET, "", NULL, "there is no value of the type addresses" },
	{ DHCP_ADDRESSES, AF_INET, ",", NULL, "there is no value" },
	/* The example of RFC 3397, section 4 */
	{ DHCP_NAMES, AF_INET, "eng.apple.com. marketing.apple.com.",
	  "03656e67056170706c6503636f6d00 096d61726b6574696e67c004" },
	{ DHCP_NAMES, AF_INET, "a.lab,lab,A.LAB", "0161036c616200 c002 c000" },
	{ DHCP_NAMES, AF_INET6, "a.lab lab", "0161036c616200 036c616200" },
	{ DHCP_NAMES, AF_INET, "a..b", NULL, "'a..b' is not a domain name" },
	{ DHCP_NAMES, AF_INET, "a b!", NULL, "'b!' is not a domain name" },
	{ DHCP_NAMES, AF_INET, ".", NULL, "is not a domain name" },
	/* RFC 3442: significant octets only */
	{ DHCP_ROUTES, AF_INET, "0.0.0.0/0 10.0.0.1", "000a000001" },
	{ DHCP_ROUTES, AF_INET, "10.0.0.0/8 10.0.0.1, 10.17.0.0/16 10.0.0.2",
	  "080a0a000001 100a110a000002" },
	{ DHCP_ROUTES, AF_INET, "10.27.129.0/25 10.0.0.1", "190a1b81000a000001" },
	{ DHCP_ROUTES, AF_INET, "10.1.2.3,10.0.0.1", "200a0102030a000001" },
	{ DHCP_ROUTES, AF_INET, "10.0.0.1/8 10.0.0.1", NULL, "has bits behind its prefix" },
	{ DHCP_ROUTES, AF_INET, "10.0.0.0/8", NULL, "has no gateway" },
	{ DHCP_ROUTES, AF_INET, "10.0.0.0/33 10.0.0.1", NULL, "is not a subnet" },
	{ DHCP_ROUTES, AF_INET, "10.0.0.0/8 x", NULL, "'x' is not an IPv4 address" },
	{ DHCP_NTP, AF_INET6, "fd00::7b", "00010010fd00000000000000000000000000007b" },
	{ DHCP_NTP, AF_INET6, "ntp.lab", "00030009036e7470036c616200" },
};
/* clang-format on */

static void to_hex(const uint8_t *b, size_t n, char *out)
{
	*out = '\0';
	for (size_t i = 0; i < n; i++)
		out += sprintf(out, "%02x", b[i]);
}

static void values(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		uint8_t buf[DHCP_OPTION_VALUE_MAX];
		char got[2 * DHCP_OPTION_VALUE_MAX + 1], want[200] = "";
		struct err e = { 0 };
		int n = dhcp_value_encode(row->kind, row->family, row->text, buf, &e);
		if (!row->hex) {
			if (n >= 0 || !strstr(e.msg, row->why))
				fail_msg("%s '%s': %s", dhcp_kind_name(row->kind), row->text,
					 e.msg);
			continue;
		}
		if (n < 0)
			fail_msg("%s '%s': %s", dhcp_kind_name(row->kind), row->text, e.msg);
		for (const char *p = row->hex; *p; p++)
			if (*p != ' ')
				strncat(want, p, 1);
		to_hex(buf, (size_t)n, got);
		assert_string_equal(got, want);
	}
}

/* What is longer than a value may be is refused, whole. */
static void too_long(void **state)
{
	char text[4 * DHCP_OPTION_VALUE_MAX];
	uint8_t buf[DHCP_OPTION_VALUE_MAX];
	struct err e = { 0 };

	memset(text, 'a', sizeof(text) - 1);
	text[DHCP_OPTION_VALUE_MAX] = '\0';
	assert_int_equal(dhcp_value_encode(DHCP_TEXT, AF_INET, text, buf, NULL),
			 DHCP_OPTION_VALUE_MAX);
	text[DHCP_OPTION_VALUE_MAX] = 'a';
	text[sizeof(text) - 1] = '\0';
	assert_true(dhcp_value_encode(DHCP_TEXT, AF_INET, text, buf, &e) < 0);
	assert_non_null(strstr(e.msg, "longer than 1024 octets"));
	assert_true(dhcp_value_encode(DHCP_NAMES, AF_INET, text, buf, &e) < 0);
	assert_true(dhcp_value_encode(DHCP_NUMBER8, AF_INET, text, buf, &e) < 0);
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "7,", 2);
	text[sizeof(text) - 2] = '\0';
	assert_true(dhcp_value_encode(DHCP_NUMBERS8, AF_INET, text, buf, &e) < 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(tables),
	cmocka_unit_test(kinds),
	cmocka_unit_test(values),
	cmocka_unit_test(too_long),
};
int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
