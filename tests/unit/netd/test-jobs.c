/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/jobs.h"
#include "tests/unit/test.h"

#include <poll.h>

#define N 200

struct numbered {
	struct job job;
	unsigned number;
};

static unsigned ran, collected; /* ran: written by the thread, read after it was collected */

static void run(struct job *j)
{
	struct numbered *n = container_of(j, struct numbered, job);

	if (n->number == ran)
		ran++;
}

static void done(struct job *j)
{
	struct numbered *n = container_of(j, struct numbered, job);

	assert_int_equal(n->number, collected);
	collected++;
	free(n);
}

static void push(struct jobs *js, unsigned number)
{
	struct numbered *n = malloc(sizeof(*n));

	assert_non_null(n);
	*n = (struct numbered){ .job = { .run = run, .done = done }, .number = number };
	jobs_push(js, &n->job);
}

static void keeps_the_order(void **state)
{
	struct err e = { 0 };
	struct jobs *js = jobs_new("test", &e);
	struct pollfd p = { .events = POLLIN };

	assert_non_null(js);
	p.fd = jobs_fd(js);
	for (unsigned i = 0; i < N; i++)
		push(js, i);
	while (collected < N) {
		assert_int_equal(poll(&p, 1, 5000), 1);
		jobs_collect(js);
	}
	assert_int_equal(ran, N);
	assert_int_equal(jobs_pending(js), 0);
	/* What is queued at the end is still done. */
	push(js, N);
	jobs_free(js);
	assert_int_equal(collected, N + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_the_order) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
