/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/diff.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static struct diff_row row(const char *key, uint64_t hash, unsigned rank, bool ours)
{
	struct diff_row r = { .hash = hash, .rank = rank, .ours = ours };

	copy_text(r.key, sizeof(r.key), key);
	return r;
}

static void orders_the_steps(void **state)
{
	struct diff_row want[] = { row("addr/a", 1, 2, false), row("link/a", 1, 1, false), row("link/b", 2, 1, false),
		                   row("link/c", 1, 1, false) };
	struct diff_row have[] = { row("addr/old", 1, 2, true), row("link/b", 1, 1, true), row("link/c", 1, 1, false),
		                   row("link/foreign", 1, 1, false), row("link/old", 1, 1, true) };
	struct diff_step steps[9];

	diff_sort(want, ARRAY_LEN(want));
	diff_sort(have, ARRAY_LEN(have));
	size_t n = diff_plan(want, ARRAY_LEN(want), have, ARRAY_LEN(have), steps);
	char got[200] = "";
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(got);
		snprintf(got + len, sizeof(got) - len, "%c%s ", "+~-!"[steps[i].op],
		         steps[i].want ? steps[i].want->key : steps[i].have->key);
	}
	assert_string_equal(got, "!link/c -addr/old -link/old +link/a ~link/b +addr/a ");
}

/* Whatever is wanted and found: applying the plan gives what is wanted, and a second plan is empty. */
static void converges(void **state)
{
	for (unsigned seed = 0; seed < 2000; seed++) {
		struct diff_row want[8], have[16];
		size_t n_want = 0, n_have = 0;
		struct diff_step steps[24];
		for (unsigned k = 0; k < 8; k++) {
			char key[8];
			unsigned v = (seed * 2654435761u) >> (3 * k) & 7;
			snprintf(key, sizeof(key), "k%u", k);
			if (v & 1)
				want[n_want++] = row(key, v >> 1, k % 3, false);
			if (v & 2)
				have[n_have++] = row(key, v >> 2, k % 3, true);
		}
		size_t n = diff_plan(want, n_want, have, n_have, steps);
		for (size_t i = 0; i < n; i++)
			assert_true(steps[i].op != DIFF_CONFLICT);
		for (size_t i = 0; i < n_want; i++)
			have[i] = want[i], have[i].ours = true;
		assert_int_equal(diff_plan(want, n_want, have, n_want, steps), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_the_steps),
		cmocka_unit_test(converges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
