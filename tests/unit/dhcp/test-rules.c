/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp-rules.h"
#include "tests/unit/test.h"

#include <string.h>

static const struct mac mac_a = { { 0x52, 0x54, 0, 0, 0, 1 } },
			mac_b = { { 0x52, 0x54, 0, 0, 0, 2 } };

static struct dhcp_text text(const char *s)
{
	return (struct dhcp_text){ (const uint8_t *)s, strlen(s) };
}

static bool is_for(const struct dhcp_rule *rule, const struct dhcp_client *c)
{
	struct dhcp_rule r[] = { *rule };
	struct dhcp_rule_option o = { .code = 1 };
	struct dhcp_settings s;

	r->n_options = 1;
	dhcp_rules_apply(&(struct dhcp_rules){ .rule = r, .n = 1, .option = &o, .n_options = 1 }, c,
			 &s);
	return s.n == 1;
}

static void test_who(void **state)
{
	const struct dhcp_client a = { .mac = &mac_a,
				       .name = "web",
				       .vendor = { text("PXEClient:Arch:00007") },
				       .n_vendor = 1,
				       .user = { text("\003one\003two"), text("one"), text("two") },
				       .n_user = 3,
				       .has_arch = true,
				       .arch = 7,
				       .has_uuid = true,
				       .uuid = { 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
				 nobody = { .mac = &mac_b, .name = "" };
	static const struct {
		struct dhcp_rule rule;
		bool a, nobody;
	} rows[] = {
		{ { .n_arch = 0 }, true, true },
		{ { .has_mac = true, .mac = { { 0x52, 0x54, 0, 0, 0, 1 } } }, true, false },
		{ { .name = "web" }, true, false },
		{ { .name = "we" }, false, false },
		{ { .vendor = "PXEClient" }, true, false },
		{ { .vendor = "PXEClient:Arch:00007:" }, false, false },
		{ { .user = "two" }, true, false },
		{ { .user = "tw" }, false, false },
		{ { .arch = { 9, 7 }, .n_arch = 2 }, true, false },
		{ { .arch = { 9 }, .n_arch = 1 }, false, false },
		{ { .arch = { 0 }, .n_arch = 1 }, false, false },
		{ { .ipxe = DHCP_RULE_IPXE }, false, false },
		{ { .ipxe = DHCP_RULE_NOT_IPXE }, true, true },
		{ { .has_uuid = true, .uuid = { { 1, 2, 3, 4, 5, 6, 7, 8, 9 } } }, true, false },
		{ { .has_uuid = true, .uuid = { { 4, 3, 2, 1, 6, 5, 8, 7, 9 } } }, true, false },
		{ { .has_uuid = true, .uuid = { { 0 } } }, false, false },
		{ { .name = "web", .vendor = "x" }, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (is_for(&rows[i].rule, &a) != rows[i].a ||
		    is_for(&rows[i].rule, &nobody) != rows[i].nobody)
			fail_msg("row %zu", i);
}

/* The first that says something decides it; the others still say the rest. */
static void test_precedence(void **state)
{
	struct dhcp_rule rules[] = {
		{ .vendor = "other", .n_options = 1, .lease_sec = 7 },
		{ .n_options = 1, .first_option = 1, .t1_sec = 10, .t2_sec = 20 },
		{ .n_options = 2, .first_option = 1, .lease_sec = 60, .has_boot = true },
		{ .t1_sec = 1, .t2_sec = 2, .has_boot = true, .boot = "late" },
	};
	struct dhcp_rule_option options[] = { { .code = 5 },
					      { .code = 6, .at = 1 },
					      { .code = 5 } };
	const struct dhcp_rules r = { .rule = rules, .n = 4, .option = options, .n_options = 3 };
	const struct dhcp_client c = { .mac = &mac_a, .name = "" };
	struct dhcp_settings s;
	uint32_t t1 = 0, t2 = 0;

	dhcp_rules_apply(&r, &c, &s);
	assert_int_equal(s.n, 2);
	assert_ptr_equal(dhcp_settings_find(&s, 6), &options[1]);
	assert_ptr_equal(dhcp_settings_find(&s, 5), &options[2]);
	assert_null(dhcp_settings_find(&s, 7));
	assert_int_equal(s.lease_sec, 60);
	assert_ptr_equal(s.boot, &rules[2]);
	assert_true(dhcp_settings_times(&s, 60, &t1, &t2));
	assert_int_equal(t1, 10);
	assert_int_equal(t2, 20);
	assert_false(dhcp_settings_times(&s, 20, &t1, &t2));
}

static void test_sound(void **state)
{
	struct dhcp_rule rule = { .n_options = 1 };
	struct dhcp_rule_option option = { .n = 3, .at = 1 };
	uint8_t bytes[4] = { 0 };
	struct dhcp_rules r = { &rule, 1, &option, 1, bytes, 4 }, copy;

	assert_true(dhcp_rules_are_sound(&r));
	assert_int_equal(dhcp_rules_copy(&copy, &r), 0);
	assert_memory_equal(copy.bytes, bytes, 4);
	dhcp_rules_done(&copy);
	option.at = 2;
	assert_false(dhcp_rules_are_sound(&r));
	option.at = UINT32_MAX;
	assert_false(dhcp_rules_are_sound(&r));
	option.at = 0;
	rule.first_option = 1;
	assert_false(dhcp_rules_are_sound(&r));
	rule.first_option = 0;
	rule.n_arch = DHCP_RULE_ARCHS_MAX + 1;
	assert_false(dhcp_rules_are_sound(&r));
	rule.n_arch = 0;
	memset(rule.user, 'x', sizeof(rule.user));
	assert_false(dhcp_rules_are_sound(&r));
}

static void test_classes(void **state)
{
	struct dhcp_text t[DHCP_CLIENT_TEXTS_MAX];

	assert_int_equal(dhcp_user_class4((const uint8_t *)"\003one\003two", 8, t), 3);
	assert_int_equal(t[0].n, 8);
	assert_memory_equal(t[2].p, "two", 3);
	assert_int_equal(dhcp_user_class4((const uint8_t *)"iPXE", 4, t), 1);
	assert_int_equal(dhcp_user_class4((const uint8_t *)"\0\0", 2, t), 1);
	assert_int_equal(dhcp_user_class4(NULL, 0, t), 0);
	assert_int_equal(dhcp_user_class4((const uint8_t *)"\1a\1b\1c\1d\1e", 10, t),
			 DHCP_CLIENT_TEXTS_MAX);
	assert_int_equal(dhcp_class6((const uint8_t *)"\0\003one\0\1x", 8, t), 2);
	assert_memory_equal(t[0].p, "one", 3);
	assert_int_equal(dhcp_class6((const uint8_t *)"\0\003on", 4, t), 0);
	assert_int_equal(dhcp_class6((const uint8_t *)"\0", 1, t), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
