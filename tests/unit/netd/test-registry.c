/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/registry.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static struct network *definition(const char *name, const char *extra)
{
	char xml[512];
	struct network *def = NULL;
	struct err e = { 0 };

	snprintf(xml, sizeof(xml), "<network><name>%s</name>%s</network>", name, extra);
	if (network_parse(xml, strlen(xml), 0, &def, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	return def;
}

#define UUID_1 "<uuid>11111111-1111-1111-1111-111111111111</uuid>"
#define UUID_2 "<uuid>22222222-2222-2222-2222-222222222222</uuid>"

static struct net *add(struct registry *r, const char *name, const char *extra)
{
	struct network *def = definition(name, extra);

	network_complete(def);
	struct net *n = registry_add(r, name, &def->uuid);
	assert_non_null(n);
	registry_set_config(r, n, def);
	return n;
}

static void names_and_uuids_are_unique(void **state)
{
	static const struct {
		const char *name, *extra;
		const char *refused; /* NULL: allowed */
		bool redefines;
	} rows[] = {
		{ "new", "", NULL, false },
		{ "new", UUID_2, NULL, false },
		{ "one", UUID_1, NULL, true },
		{ "one", "", "already exists with uuid 11111111", false },
		{ "one", UUID_2, "already exists with uuid 11111111", false },
		{ "new", UUID_1, "network 'one' is already defined with uuid 11111111", false },
	};
	struct registry r;

	registry_init(&r);
	struct net *one = add(&r, "one", UUID_1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network *def = definition(rows[i].name, rows[i].extra);
		struct net *found = NULL;
		struct err e = { 0 };
		int result = registry_check_identity(&r, def, &found, &e);
		assert_int_equal(result == 0, rows[i].refused == NULL);
		if (rows[i].refused) {
			assert_int_equal(e.class, ERR_OPERATION_FAILED);
			assert_non_null(strstr(e.msg, rows[i].refused));
		} else {
			assert_ptr_equal(found, rows[i].redefines ? one : NULL);
		}
		network_free(def);
	}
	registry_done(&r);
}

static bool virbr1_exists(void *data, const char *name)
{
	return strcmp(name, "virbr1") == 0;
}

static const char *chosen(struct registry *r, const struct net *self, const char *extra,
			  char buf[64])
{
	struct network *def = definition("x", extra);
	struct err e = { 0 };

	if (registry_choose_bridge(r, self, def, virbr1_exists, NULL, &e) == 0)
		copy_text(buf, 64, def->bridge ? def->bridge : "none");
	else
		copy_text(buf, 64, e.msg);
	network_free(def);
	return buf;
}

static void bridge_names_are_chosen(void **state)
{
	struct registry r;
	char buf[64];

	registry_init(&r);
	struct net *one = add(&r, "one", UUID_1 "<bridge name='virbr0'/>");
	assert_string_equal(chosen(&r, NULL, "", buf), "virbr2");
	assert_string_equal(chosen(&r, NULL, "<bridge name='lab%d'/>", buf), "lab0");
	assert_string_equal(chosen(&r, NULL, "<bridge name='virbr7'/>", buf), "virbr7");
	assert_non_null(strstr(chosen(&r, NULL, "<bridge name='virbr0'/>", buf),
			       "already in use by network 'one'"));
	assert_string_equal(chosen(&r, one, "<bridge name='virbr0'/>", buf), "virbr0");
	assert_string_equal(chosen(&r, one, "", buf), "virbr0");
	assert_string_equal(
	    chosen(&r, NULL, "<forward mode='bridge'/><bridge name='virbr0'/>", buf), "virbr0");
	registry_done(&r);
}

/* As a loop that defines ten thousand networks would: each takes the lowest number there is. */
static void bridge_names_of_many(void **state)
{
	enum { MANY = 10000 };
	struct net *nets[MANY];
	struct registry r;
	char name[16], buf[64];
	struct err e = { 0 };

	registry_init(&r);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u", i * 7919 % MANY);
		nets[i] = add(&r, name, "");
		assert_int_equal(
		    registry_choose_bridge(&r, nets[i], nets[i]->config, virbr1_exists, NULL, &e),
		    0);
		(void)!registry_swap_config(&r, nets[i], nets[i]->config);
		snprintf(name, sizeof(name), "virbr%u", i ? i + 1 : 0);
		assert_string_equal(nets[i]->config->bridge, name);
	}
	/* What becomes free is given again, the lowest first. */
	registry_set_config(&r, nets[5000], NULL);
	registry_remove(&r, nets[70]);
	assert_string_equal(chosen(&r, NULL, "", buf), "virbr71");
	assert_string_equal(chosen(&r, NULL, "<bridge name='virbr71'/>", buf), "virbr71");
	add(&r, "x71", "<bridge name='virbr71'/>");
	assert_string_equal(chosen(&r, NULL, "", buf), "virbr5001");
	assert_string_equal(chosen(&r, NULL, "<bridge name='virbr%d'/>", buf), "virbr5001");
	assert_string_equal(chosen(&r, nets[3], "<bridge name='virbr%d'/>", buf), "virbr4");
	registry_done(&r);
}

static void running_networks_are_found_by_their_bridge(void **state)
{
	struct registry r;
	char buf[64];

	registry_init(&r);
	struct net *one = add(&r, "one", "<bridge name='br7'/>");
	struct net *two = add(&r, "two", "");
	assert_null(registry_find_bridge(&r, "br7"));
	registry_set_live(&r, one, network_share(one->config));
	registry_set_ifindex(&r, one, 12);
	assert_ptr_equal(registry_find_bridge(&r, "br7"), one);
	assert_ptr_equal(registry_find_ifindex(&r, 12), one);
	/* It runs by another name than its next definition has: both are taken. */
	registry_set_config(&r, one, definition("one", "<bridge name='br8'/>"));
	assert_non_null(strstr(chosen(&r, two, "<bridge name='br7'/>", buf), "in use"));
	assert_non_null(strstr(chosen(&r, two, "<bridge name='br8'/>", buf), "in use"));
	registry_set_live(&r, one, NULL);
	assert_null(registry_find_bridge(&r, "br7"));
	assert_string_equal(chosen(&r, two, "<bridge name='br7'/>", buf), "br7");
	registry_set_ifindex(&r, two, 12); /* the kernel gave the number again */
	assert_ptr_equal(registry_find_ifindex(&r, 12), two);
	assert_int_equal(one->ifindex, 0);
	registry_done(&r);
}

static void order_is_by_name(void **state)
{
	struct registry r;
	struct net *n;
	char got[32] = "";

	registry_init(&r);
	add(&r, "b", "");
	add(&r, "c", "");
	struct net *a = add(&r, "a", "");
	registry_foreach(n, &r) strncat(got, n->name, sizeof(got) - strlen(got) - 1);
	assert_string_equal(got, "abc");
	assert_ptr_equal(registry_find_name(&r, "a"), a);
	assert_ptr_equal(registry_find_uuid(&r, &a->uuid), a);
	assert_ptr_equal(registry_find_id(&r, a->id), a);
	registry_remove(&r, a);
	assert_null(registry_find_name(&r, "a"));
	registry_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_uuids_are_unique),
		cmocka_unit_test(bridge_names_are_chosen),
		cmocka_unit_test(bridge_names_of_many),
		cmocka_unit_test(running_networks_are_found_by_their_bridge),
		cmocka_unit_test(order_is_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
