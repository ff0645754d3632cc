/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/conditions.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

struct heard {
	unsigned raised, cleared;
	char last[CONDITION_TEXT_MAX];
};

static void hear(void *data, const struct condition *k, bool raised)
{
	struct heard *h = data;

	*(raised ? &h->raised : &h->cleared) += 1;
	copy_text(h->last, sizeof(h->last), k->text);
}

static char name1[] = "one", name2[] = "two";
static struct net net1 = { .id = 1, .name = name1 }, net2 = { .id = 2, .name = name2 };

static size_t count(const struct conditions *cs)
{
	size_t n = 0;

	for (const struct condition *k = NULL; (k = conditions_next(cs, k));)
		n++;
	return n;
}

static void raised_once_and_cleared_once(void **state)
{
	struct heard h = { 0 };
	struct conditions *cs = conditions_new(hear, &h);

	for (unsigned mtu = 1300; mtu < 1303; mtu++)
		conditions_raise(cs, &net1, CONDITION_PORT_MTU, "vnet0", "an MTU of %u", mtu);
	assert_int_equal(h.raised, 1);
	assert_int_equal(count(cs), 1);
	assert_string_equal(conditions_next(cs, NULL)->text, "an MTU of 1302");
	conditions_clear(cs, &net1, CONDITION_PORT_MTU, "vnet1");
	conditions_clear(cs, &net2, CONDITION_PORT_MTU, "vnet0");
	conditions_clear(cs, &net1, CONDITION_BANDWIDTH, "vnet0");
	assert_int_equal(h.cleared, 0);
	conditions_clear(cs, &net1, CONDITION_PORT_MTU, "vnet0");
	conditions_clear(cs, &net1, CONDITION_PORT_MTU, "vnet0");
	assert_int_equal(h.cleared, 1);
	assert_int_equal(count(cs), 0);
	conditions_free(cs);
}

static void each_key_is_its_own(void **state)
{
	struct heard h = { 0 };
	struct conditions *cs = conditions_new(hear, &h);

	conditions_raise(cs, NULL, CONDITION_FORWARDING_OFF, "ipv4", "x");
	conditions_raise(cs, NULL, CONDITION_FORWARDING_OFF, "ipv6", "x");
	conditions_raise(cs, &net1, CONDITION_FORWARDING_OFF, "ipv4", "x");
	conditions_raise(cs, &net1, CONDITION_PORT_MTU, "ipv4", "x");
	conditions_raise(cs, &net2, CONDITION_PORT_MTU, "ipv4", "x");
	assert_int_equal(count(cs), 5);
	conditions_clear(cs, NULL, CONDITION_FORWARDING_OFF, NULL);
	assert_int_equal(count(cs), 3);
	conditions_forget(cs, &net1);
	assert_int_equal(count(cs), 1);
	assert_string_equal(conditions_next(cs, NULL)->network, "two");
	assert_int_equal(h.cleared, 4);
	conditions_free(cs);
}

static void bounded(void **state)
{
	struct conditions *cs = conditions_new(NULL, NULL);
	char object[200];

	for (unsigned i = 0; i < CONDITIONS_MAX + 10; i++) {
		snprintf(object, sizeof(object), "port%u", i);
		conditions_raise(cs, &net1, CONDITION_PORT_MTU, object, "x");
	}
	assert_int_equal(count(cs), CONDITIONS_MAX);
	conditions_forget(cs, &net1);
	/* Longer than is kept: cut, and found again. */
	memset(object, 'a', sizeof(object) - 1);
	object[sizeof(object) - 1] = '\0';
	conditions_raise(cs, &net1, CONDITION_PORT_MTU, object, "%s", object);
	conditions_raise(cs, &net1, CONDITION_PORT_MTU, object, "%s", object);
	assert_int_equal(count(cs), 1);
	conditions_clear(cs, &net1, CONDITION_PORT_MTU, object);
	assert_int_equal(count(cs), 0);
	conditions_free(cs);
	conditions_raise(NULL, &net1, CONDITION_PORT_MTU, "x", "x");
	conditions_clear(NULL, &net1, CONDITION_PORT_MTU, "x");
	conditions_forget(NULL, &net1);
	conditions_free(NULL);
}

static void as_json(void **state)
{
	struct conditions *cs = conditions_new(NULL, NULL);
	const char *network, *kind, *object, *since, *text, *to_do;
	json_error_t e;

	for (unsigned kind_ = 0; kind_ < CONDITION_KINDS; kind_++) {
		assert_non_null(condition_kind_name((enum condition_kind)kind_));
		assert_non_null(condition_to_do((enum condition_kind)kind_));
	}
	conditions_raise(cs, &net1, CONDITION_PORT_MTU, "vnet0", "it is small");
	conditions_raise(cs, NULL, CONDITION_FORWARDING_OFF, "ipv4", "it is off");
	json_t *list = conditions_json(cs);
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(json_unpack_ex(json_array_get(list, 0), &e, JSON_STRICT,
					"{s:s, s:s, s:s, s:s, s:s, s:s}", "network", &network,
					"kind", &kind, "object", &object, "since", &since, "text",
					&text, "to-do", &to_do),
			 0);
	assert_string_equal(network, "one");
	assert_string_equal(kind, "port-mtu");
	assert_string_equal(object, "vnet0");
	assert_int_equal(strlen(since), 20);
	assert_string_equal(text, "it is small");
	assert_true(json_is_null(json_object_get(json_array_get(list, 1), "network")));
	json_decref(list);
	conditions_free(cs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raised_once_and_cleared_once),
		cmocka_unit_test(each_key_is_its_own),
		cmocka_unit_test(bounded),
		cmocka_unit_test(as_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
