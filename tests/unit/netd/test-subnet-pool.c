/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/subnet-pool.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static struct ip ip_of(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

static void use(struct subnet_pool *p, const char *text)
{
	char address[64];
	unsigned prefix;
	char wide[8] = "";

	assert_true(sscanf(text, "%63[^/]/%u %7s", address, &prefix, wide) >= 2);
	struct ip ip = ip_of(address);
	subnet_pool_take(p, &ip, prefix, wide[0]);
}

static void the_first_that_nothing_uses(void **state)
{
	static const struct {
		const char *from;
		unsigned from_prefix, prefix;
		const char *used[6];
		const char *expected; /* NULL: none */
	} rows[] = {
		{ "10.64.0.0", 16, 24, { NULL }, "10.64.0.0" },
		{ "10.64.0.0", 16, 24, { "10.64.0.9/24", "10.64.1.1/32" }, "10.64.2.0" },
		{ "10.64.0.0", 16, 24, { "10.64.0.0/17" }, "10.64.128.0" },
		{ "10.64.0.0", 16, 17, { "10.64.1.9/24" }, "10.64.128.0" },
		{ "10.64.0.0", 16, 16, { "10.65.0.0/16" }, "10.64.0.0" },
		{ "10.64.0.0", 16, 24, { "10.0.0.0/8" }, NULL },
		{ "10.64.0.0", 16, 24, { "10.0.0.0/8 wider" }, "10.64.0.0" },
		{ "10.64.0.0", 16, 24, { "10.64.0.0/17 wider", "10.64.128.1/24" }, "10.64.129.0" },
		{ "10.64.0.0", 16, 24, { "10.0.0.0/8 wider", "10.64.0.1/24" }, "10.64.1.0" },
		{ "10.64.0.0", 24, 24, { "10.64.0.1/24" }, NULL },
		{ "10.64.0.0", 16, 24, { "0.0.0.0/0", "0.0.0.0/1", "fd00::/8" }, "10.64.0.0" },
		/* More candidates than are looked at: the first 65536 count. */
		{ "10.0.0.0", 8, 30, { "10.0.0.0/14" }, NULL },
		{ "10.0.0.0",
		  8,
		  30,
		  { "10.3.255.252/30", "10.0.0.0/15", "10.2.0.0/16" },
		  "10.3.0.0" },
		{ "10.0.0.0", 8, 30, { "10.9.0.0/16" }, "10.0.0.0" },
		{ "fd00::", 8, 64, { "fd00::1/64", "fd00:0:0:1::/64" }, "fd00:0:0:2::" },
		{ "fd00::", 8, 64, { "fd00::/16" }, NULL },
		{ "fd00::", 48, 64, { "fe80::1/64", "fd00:0:0:8000::/49" }, "fd00::" },
	};
	static struct subnet_pool p;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct netd_subnet s = { .from = ip_of(rows[i].from),
					 .from_prefix = rows[i].from_prefix,
					 .prefix = rows[i].prefix };
		char text[IP_TEXT_MAX] = "none";
		struct ip found;

		subnet_pool_init(&p, &s);
		for (size_t k = 0; rows[i].used[k]; k++)
			use(&p, rows[i].used[k]);
		if (subnet_pool_find(&p, 0, &found))
			ip_format(&found, text);
		if (strcmp(text, rows[i].expected ? rows[i].expected : "none") != 0)
			fail_msg("row %zu: %s", i, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_nothing_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
