/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/jobs.h"
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

struct chain {
	struct job job;
	struct jobs *js;
	unsigned left;
	bool has_run;
};

static void chain_run(struct job *j)
{
	container_of(j, struct chain, job)->has_run = true;
}

static void chain_done(struct job *j)
{
	struct chain *c = container_of(j, struct chain, job);

	assert_true(c->has_run);
	c->has_run = false;
	if (c->left && c->left--)
		jobs_push(c->js, j);
}

/* A network that is being made takes several jobs, one after the other. */
static void runs_at_the_end_what_follows(void **state)
{
	struct err e = { 0 };
	struct chain c = { .job = { .run = chain_run, .done = chain_done },
			   .js = jobs_new("test", &e),
			   .left = 3 };

	assert_non_null(c.js);
	jobs_push(c.js, &c.job);
	jobs_free(c.js);
	assert_int_equal(c.left, 0);
	assert_false(c.has_run);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_the_order),
					    cmocka_unit_test(runs_at_the_end_what_follows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
