/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/worker/fair-queue.h"
#include "tests/unit/test.h"

#define ROOM 64

struct thing {
	struct fair_item item;
	uint64_t key;
	unsigned number;
};

static struct thing *thing_of(struct fair_item *item)
{
	return item ? container_of(item, struct thing, item) : NULL;
}

/* The one that was lost for it, or NULL; `lost` is overwritten with the new one afterwards. */
static bool say(struct fair_queue *q, uint64_t key, unsigned number, uint64_t *lost_of,
		unsigned *lost_number)
{
	bool lost;
	struct thing *t = thing_of(fair_queue_take(q, &lost));

	assert_non_null(t);
	if (lost) {
		*lost_of = t->key;
		*lost_number = t->number;
	}
	t->key = key;
	t->number = number;
	assert_true(fair_queue_push(q, &t->item, key));
	return lost;
}

static void expect(struct fair_queue *q, uint64_t key, unsigned number)
{
	struct thing *t = thing_of(fair_queue_next(q));

	assert_non_null(t);
	assert_int_equal(t->key, key);
	assert_int_equal(t->number, number);
	fair_queue_give_back(q, &t->item);
}

static void test_alone(void **state)
{
	struct fair_queue q;
	uint64_t of = 0;
	unsigned number = 0;

	assert_int_equal(fair_queue_init(&q, ROOM, sizeof(struct thing)), 0);
	assert_true(fair_queue_is_empty(&q));
	assert_null(fair_queue_next(&q));
	/* Who is alone has all the room, and its order. */
	for (unsigned i = 0; i < ROOM; i++)
		assert_false(say(&q, 1, i, &of, &number));
	assert_true(say(&q, 1, ROOM, &of, &number)); /* in the place of the newest */
	assert_int_equal(number, ROOM - 1);
	for (unsigned i = 0; i < ROOM - 1; i++)
		expect(&q, 1, i);
	expect(&q, 1, ROOM);
	assert_true(fair_queue_is_empty(&q));
	fair_queue_done(&q);
}

static void test_turns(void **state)
{
	struct fair_queue q;
	uint64_t of;
	unsigned number;

	assert_int_equal(fair_queue_init(&q, ROOM, sizeof(struct thing)), 0);
	for (unsigned i = 0; i < 10; i++)
		say(&q, 1, i, &of, &number);
	say(&q, 2, 0, &of, &number);
	say(&q, 3, 0, &of, &number);
	say(&q, 3, 1, &of, &number);
	expect(&q, 1, 0);
	expect(&q, 2, 0);
	expect(&q, 3, 0);
	expect(&q, 1, 1);
	expect(&q, 3, 1);
	expect(&q, 1, 2);
	say(&q, 2, 1, &of, &number); /* comes back, and waits for one of the other's */
	expect(&q, 1, 3);
	expect(&q, 2, 1);
	fair_queue_done(&q);
}

static void test_longest_pays(void **state)
{
	struct fair_queue q;
	uint64_t of = 0;
	unsigned number = 0;

	assert_int_equal(fair_queue_init(&q, ROOM, sizeof(struct thing)), 0);
	for (unsigned i = 0; i < 1000; i++)
		say(&q, 1, i, &of, &number);
	for (unsigned i = 0; i < 20; i++) {
		assert_true(say(&q, 2, i, &of, &number));
		assert_int_equal(of, 1);
	}
	/* A second one that takes what it can gets as much as the first, and no more. */
	for (unsigned i = 20; i < 1000; i++)
		assert_true(say(&q, 2, i, &of, &number));
	unsigned have[3] = { 0 };
	for (struct thing *t; (t = thing_of(fair_queue_next(&q)));) {
		have[t->key]++;
		fair_queue_give_back(&q, &t->item);
	}
	assert_int_equal(have[1] + have[2], ROOM);
	assert_in_range(have[1], ROOM / 2 - 1,
			ROOM / 2 + 1); /* place is made before it is known for whom */
	assert_int_equal(q.longest, 0);
	fair_queue_done(&q);
}

/* As many lines as there is room, over and over; what is lost is always of a longest line. */
static void test_many(void **state)
{
	struct fair_queue q;
	unsigned n[200] = { 0 }, seed = 1, number = 0;
	uint64_t of = 0;

	assert_int_equal(fair_queue_init(&q, ROOM, sizeof(struct thing)), 0);
	for (unsigned i = 0; i < 100000; i++) {
		seed = seed * 1103515245U + 12345U;
		unsigned key = (seed >> 16) % (i % 1000 < 500 ? 200U : 4U);
		unsigned most = 0;
		for (unsigned k = 0; k < ARRAY_LEN(n); k++)
			most = MAX_OF(most, n[k]);
		assert_int_equal(q.longest, most);
		if (say(&q, key, i, &of, &number)) {
			assert_int_equal(n[of], most);
			n[of]--;
		}
		n[key]++;
		if ((seed >> 8) % 3)
			continue;
		struct thing *t = thing_of(fair_queue_next(&q));
		assert_non_null(t);
		n[t->key]--;
		fair_queue_give_back(&q, &t->item);
	}
	fair_queue_done(&q);
}

static void test_all_in_hand(void **state)
{
	struct fair_queue q;
	struct fair_item *held[ROOM];
	bool lost;

	assert_int_equal(fair_queue_init(&q, ROOM, sizeof(struct thing)), 0);
	for (unsigned i = 0; i < ROOM; i++) {
		held[i] = fair_queue_take(&q, &lost);
		assert_non_null(held[i]);
		assert_false(lost);
	}
	assert_null(fair_queue_take(&q, &lost));
	fair_queue_give_back(&q, held[5]);
	assert_ptr_equal(fair_queue_take(&q, &lost), held[5]);
	fair_queue_done(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),        cmocka_unit_test(test_turns),
		cmocka_unit_test(test_longest_pays), cmocka_unit_test(test_many),
		cmocka_unit_test(test_all_in_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
