/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What VM managers call guests: dhcp/dhcp-guests.h. */
#include "dhcp/dhcp-guests.h"
#include "dhcp/dhcp4-names.h"
#include "tests/unit/test.h"

static const struct mac a = { { 0x52, 0x54, 0, 0, 0, 1 } }, b = { { 0x52, 0x54, 0, 0, 0, 2 } },
			other = { { 0x52, 0x54, 0, 0, 0, 9 } };

static void names_belong_to_guests(void **state)
{
	struct dhcp_guests g;

	dhcp_guests_init(&g);
	assert_int_equal(dhcp_guests_set(&g, 1, &a, "web"), 0);
	assert_string_equal(dhcp_guests_name(&g, 1, &a), "web");
	assert_string_equal(dhcp_guests_name(&g, 2, &a), "");
	assert_false(dhcp_guests_is_others(&g, 1, &a, "web"));
	assert_true(dhcp_guests_is_others(&g, 1, &other, "web"));
	assert_false(dhcp_guests_is_others(&g, 1, &other, "we"));
	assert_false(dhcp_guests_is_others(&g, 2, &other, "web"));
	assert_int_equal(dhcp_guests_set(&g, 1, &a, "db"), 0);
	assert_false(dhcp_guests_is_others(&g, 1, &other, "web"));
	assert_true(dhcp_guests_is_others(&g, 1, &other, "db"));
	assert_int_equal(dhcp_guests_set(&g, 1, &a, ""), 0);
	assert_int_equal(dhcp_guests_set(&g, 1, &a, ""), 0);
	assert_string_equal(dhcp_guests_name(&g, 1, &a), "");
	assert_false(dhcp_guests_is_others(&g, 1, &other, "db"));
	dhcp_guests_done(&g);
}

/* The name is taken as long as one of its interfaces is there. */
static void two_interfaces(void **state)
{
	struct dhcp_guests g;

	dhcp_guests_init(&g);
	assert_int_equal(dhcp_guests_set(&g, 1, &a, "two"), 0);
	assert_int_equal(dhcp_guests_set(&g, 1, &b, "two"), 0);
	assert_int_equal(dhcp_guests_set(&g, 2, &b, "two"), 0);
	assert_false(dhcp_guests_is_others(&g, 1, &a, "two"));
	assert_false(dhcp_guests_is_others(&g, 1, &b, "two"));
	assert_int_equal(dhcp_guests_set(&g, 1, &a, ""), 0);
	assert_true(dhcp_guests_is_others(&g, 1, &other, "two"));
	assert_int_equal(dhcp_guests_set(&g, 1, &b, ""), 0);
	assert_false(dhcp_guests_is_others(&g, 1, &other, "two"));
	assert_int_equal(dhcp_guests_set(&g, 1, &a, "two"), 0);
	assert_int_equal(dhcp_guests_set(&g, 1, &b, "two"), 0);
	dhcp_guests_forget(&g, 1);
	assert_false(dhcp_guests_is_others(&g, 1, &other, "two"));
	assert_true(dhcp_guests_is_others(&g, 2, &other, "two"));
	dhcp_guests_done(&g);
}

static void machines_names(void **state)
{
	static const struct {
		const char *machine, *domain, *want;
	} rows[] = {
		{ "web", NULL, "web" },
		{ "Web Server (1)", "lab", "web-server-1" },
		{ "web.lab", "lab", "web" },
		{ "web.LAB", "lab", "web" },
		{ "web.lab", "example.org", "web-lab" },
		{ "weblab", "lab", "weblab" },
		{ ".lab", "lab", "lab" },
		{ "-a--b-", NULL, "a-b" },
		{ "a_b", NULL, "a_b" },
		{ "\xc3\xbc", NULL, "" },
		{ "---", NULL, "" },
		{ "", NULL, "" },
		{ "localhost", NULL, "" },
		{ "WPAD", NULL, "" },
		{ "0123456789012345678901234567890123456789012345678901234567890123456789", NULL,
		  "012345678901234567890123456789012345678901234567890123456789012" },
		{ "01234567890123456789012345678901234567890123456789012345678901 x", NULL,
		  "01234567890123456789012345678901234567890123456789012345678901" },
	};
	char got[DHCP4_NAME_MAX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		dhcp4_machine_name(rows[i].machine, rows[i].domain, got);
		assert_string_equal(got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_belong_to_guests),
		cmocka_unit_test(two_interfaces),
		cmocka_unit_test(machines_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
