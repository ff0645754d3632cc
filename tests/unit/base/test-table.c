/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/table.h"
#include "tests/unit/test.h"

#define N 5000

struct item {
	struct table_node node;
	uint32_t key;
	bool seen;
};

static void holds_and_forgets(void **state)
{
	static struct item items[N];
	struct table t;
	size_t visited = 0;

	table_init(&t);
	for (uint32_t i = 0; i < N; i++) {
		items[i].key = i * 7919;
		assert_int_equal(table_add(&t, &items[i].node, &items[i].key, sizeof(items[i].key)), 0);
	}
	for (uint32_t i = 0; i < N; i += 2)
		table_remove(&t, &items[i].node);
	assert_int_equal(t.count, N / 2);
	for (uint32_t i = 0; i < N; i++) {
		struct table_node *found = table_find(&t, &items[i].key, sizeof(items[i].key));
		assert_ptr_equal(found, i % 2 ? &items[i].node : NULL);
	}
	table_foreach (node, &t) {
		struct item *item = container_of(node, struct item, node);
		assert_false(item->seen);
		item->seen = true;
		visited++;
	}
	assert_int_equal(visited, N / 2);
	table_done(&t);
}

static void keys_are_bytes_of_a_length(void **state)
{
	struct item a = { 0 }, b = { 0 };
	struct table t;

	table_init(&t);
	assert_null(table_find(&t, "ab", 2));
	assert_int_equal(table_add(&t, &a.node, "ab", 2), 0);
	assert_int_equal(table_add(&t, &b.node, "ab", 3), 0);
	assert_ptr_equal(table_find(&t, "ab", 2), &a.node);
	assert_ptr_equal(table_find(&t, "ab", 3), &b.node);
	assert_null(table_find(&t, "a", 1));
	table_done(&t);
}

/* The reference vector of SipHash-2-4: key 00..0f, input 00..0e. */
static void hash_is_siphash(void **state)
{
	uint8_t key[16], input[15];

	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 15; i++)
		input[i] = i;
	assert_true(siphash24(input, sizeof(input), key) == UINT64_C(0xa129ca6149be45e5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_and_forgets),
		cmocka_unit_test(keys_are_bytes_of_a_length),
		cmocka_unit_test(hash_is_siphash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
