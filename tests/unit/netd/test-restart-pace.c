/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/process/restart-pace.h"
#include "tests/unit/test.h"

static void killed_every_second(void **state)
{
	struct restart_pace p = { 0 };
	usec_t now = 1;

	for (unsigned i = 0; i < 1000; i++, now += USEC_PER_SEC)
		assert_int_equal(restart_wait(&p, now), 0);
}

static void cannot_live(void **state)
{
	struct restart_pace p = { 0 };
	usec_t now = 1, end = 60 * USEC_PER_SEC;
	unsigned starts = 0, at_once = 0;

	for (; now < end; starts++) {
		usec_t wait = restart_wait(&p, now);
		at_once += starts < 20 && wait == 0;
		assert_true(wait <= RESTART_MOST);
		now += wait + 10 * USEC_PER_MSEC;
	}
	assert_int_equal(at_once, 20);
	assert_in_range(starts, 20, 20 + 2 * 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_every_second),
		cmocka_unit_test(cannot_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
