/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop of the frame: deadlines, watched descriptors, the line to the controller when it is
 * full. */
#include "worker-child.h"

#include "netd/messages/messages.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

enum {
	MSG_DEADLINE = 100, /* u8: tenths of a second from now; comes back when it has passed */
	MSG_WATCH,          /* 2 descriptors: the first that is ready unwatches the other */
	MSG_FLOOD,          /* u8: so many thousand messages at once */
	MSG_TOO_LONG,
};

/* --- the worker's side --- */

static struct {
	struct worker *w;
	int fd[2];
	unsigned ticks;
} role;

static void *role_start(struct worker *w)
{
	role.w = w;
	return &role;
}

static void on_ready(void *data, int fd, uint32_t events, usec_t now)
{
	int other = fd == role.fd[0] ? role.fd[1] : role.fd[0];
	char c;

	(void)!read(fd, &c, 1);
	worker_unwatch(role.w, other);
	worker_send(role.w, MSG_WATCH, &c, 1);
}

static bool watch_both(struct channel_message *m)
{
	for (int i = 0; i < 2; i++) {
		role.fd[i] = m->fds[i];
		if (worker_watch(role.w, m->fds[i], EPOLLIN, on_ready, NULL) < 0)
			return false;
	}
	return true;
}

static void flood(unsigned thousands)
{
	uint8_t number[4];

	for (unsigned i = 0; i < thousands * 1000; i++) {
		number[0] = (uint8_t)(i >> 16);
		number[1] = (uint8_t)(i >> 8);
		number[2] = (uint8_t)i;
		worker_send(role.w, MSG_FLOOD, number, 3);
	}
}

static bool role_message(void *state, struct channel_message *m)
{
	static uint8_t large[CHANNEL_INLINE_MAX + 1];

	if (m->type == MSG_DEADLINE)
		worker_set_deadline(role.w, clock_boottime() + m->body[0] * 100 * USEC_PER_MSEC);
	else if (m->type == MSG_WATCH && m->n_fds == 2)
		return watch_both(m);
	else if (m->type == MSG_FLOOD)
		flood(m->body[0]);
	else if (m->type == MSG_TOO_LONG)
		worker_send(role.w, MSG_TOO_LONG, large, sizeof(large));
	else
		return false;
	return true;
}

static void role_tick(void *state, usec_t now)
{
	uint8_t n = (uint8_t)++role.ticks;

	worker_send(role.w, MSG_DEADLINE, &n, 1);
}

static const struct worker_role plain = { "plain", NULL, role_start, role_message, role_tick };

/* --- the test's side --- */

static void ask(struct child *c, uint32_t type, uint8_t value)
{
	assert_int_equal(channel_send(c->line, type, &value, 1, NULL, 0), 0);
}

static bool nothing_within(struct child *c, int msec)
{
	struct pollfd p = { channel_fd(c->line), POLLIN, 0 };

	return poll(&p, 1, msec) == 0;
}

static void deadlines(void **state)
{
	struct child c = start_worker("plain");
	struct channel_message m;

	ask(&c, MSG_DEADLINE, 1);
	assert_true(wait_message(&c, &m));
	assert_int_equal(m.body[0], 1);
	assert_true(nothing_within(&c, 250)); /* once */

	ask(&c, MSG_DEADLINE, 1); /* put off before it passes */
	ask(&c, MSG_DEADLINE, 4);
	assert_true(nothing_within(&c, 250));
	assert_true(wait_message(&c, &m));

	ask(&c, MSG_DEADLINE, 100); /* brought forward */
	ask(&c, MSG_DEADLINE, 1);
	usec_t before = clock_boottime();
	assert_true(wait_message(&c, &m));
	assert_in_range(clock_boottime() - before, 50 * USEC_PER_MSEC, USEC_PER_SEC);

	ask(&c, MSG_DEADLINE, 0); /* already past */
	assert_true(wait_message(&c, &m));
	assert_int_equal(m.body[0], 4);
	assert_int_equal(end_worker(&c), 0);
}

/* Both are ready in the same round; the one that is unwatched in it must not be called any more. */
static void unwatched_in_the_same_round(void **state)
{
	struct child c = start_worker("plain");
	struct channel_message m;
	int a[2], b[2];

	assert_int_equal(pipe2(a, O_CLOEXEC), 0);
	assert_int_equal(pipe2(b, O_CLOEXEC), 0);
	assert_int_equal(write(a[1], "aA", 2), 2);
	assert_int_equal(write(b[1], "bB", 2), 2);
	int fds[] = { a[0], b[0] };
	assert_int_equal(channel_send(c.line, MSG_WATCH, "", 0, fds, 2), 0);
	assert_true(wait_message(&c, &m));
	uint8_t first = m.body[0];
	assert_true(first == 'a' || first == 'b');
	assert_true(wait_message(&c, &m)); /* level-triggered: the same one again */
	assert_int_equal(m.body[0], first - ('a' - 'A'));
	assert_true(nothing_within(&c, 100));
	assert_int_equal(end_worker(&c), 0);
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}

static void full_line(void **state)
{
	struct child c = start_worker("plain");
	struct channel_message m;

	ask(&c, MSG_FLOOD, 20);
	for (unsigned i = 0; i < 20000; i++) {
		if (!wait_message(&c, &m))
			fail_msg("message %u is missing", i);
		assert_int_equal(m.body[0] << 16 | m.body[1] << 8 | m.body[2], i);
	}
	assert_int_equal(channel_send(c.line, MSG_PING, "12345678", 8, NULL, 0), 0);
	assert_true(wait_message(&c, &m));
	assert_int_equal(m.type, MSG_PONG);
	assert_int_equal(end_worker(&c), 0);
}

static void too_long(void **state)
{
	struct child c = start_worker("plain");
	struct channel_message m;

	ask(&c, MSG_TOO_LONG, 0);
	assert_false(wait_message(&c, &m));
	assert_int_equal(WEXITSTATUS(end_worker(&c)), 1);
}

static int make_empty(void **state)
{
	return mkdtemp(empty) ? 0 : -1;
}

static int remove_empty(void **state)
{
	return rmdir(empty);
}

int main(int argc, char **argv)
{
	static const struct worker_role *const roles[] = { &plain, NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deadlines),
		cmocka_unit_test(unwatched_in_the_same_round),
		cmocka_unit_test(full_line),
		cmocka_unit_test(too_long),
	};

	if (argc > 1)
		return worker_main(roles, argc, argv);
	if (geteuid() != 0) /* a worker must be able to give up what it has */
		return puts("1..0 # SKIP needs root") < 0;
	return cmocka_run_group_tests(tests, make_empty, remove_empty);
}
