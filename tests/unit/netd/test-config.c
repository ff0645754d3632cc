/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's settings: what is taken, and what each mistake is told as. */
#include "netd/controller/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_taken(void **state)
{
	struct netd_config c = { .table_owner = true };
	struct err e = { 0 };

	assert_int_equal(config_parse("", "f", &c, &e), 0);
	assert_false(c.table_owner || c.libvirt_isolated || c.host_rules);
	assert_false(c.refuse_unstored || c.libvirt_lease_files);
	assert_int_equal(config_parse("# table_owner = maybe\n\n \t table_owner=yes \r\n"
				      "isolated =  libvirt\nhost_rules = yes",
				      "f", &c, &e),
			 0);
	assert_true(c.table_owner && c.libvirt_isolated && c.host_rules);
	assert_int_equal(config_parse("isolated=libvirt\nisolated=strict\n", "f", &c, &e), 0);
	assert_false(c.libvirt_isolated || c.table_owner);
	assert_int_equal(config_load("/nowhere/netd.conf", &c, &e), 0);
	assert_int_equal(e.code, 0);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} vectors[] = {
		{ "table_owner = maybe", "f line 1: table_owner is 'yes' or 'no', not 'maybe'" },
		{ "\n#\nisolated = yes", "f line 3: isolated is 'libvirt' or 'strict', not 'yes'" },
		{ "tableowner = yes",
		  "f line 1: 'tableowner' is no setting; there are: table_owner" },
		{ "table_owner yes", "f line 1: expected 'setting = value'" },
		{ "table_owner =", "not ''" },
		{ "= yes", "'' is no setting" },
		{ "table_owner = yes = no", "not 'yes = no'" },
		{ "table_owner = yes # always", "not 'yes # always'" },
		{ "\x1b[2J = yes", "'\\x1b[2J' is no setting" },
	};

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct netd_config c = { .host_rules = true };
		struct err e = { 0 };
		assert_int_equal(config_parse(vectors[i].text, "f", &c, &e), -EINVAL);
		if (!strstr(e.msg, vectors[i].says))
			fail_msg("%s: %s", vectors[i].text, e.msg);
		assert_true(c.host_rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
