/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker-child.h — a test program that is its own worker: started again with a role's name it runs
 * worker_main(). The test plays the controller. */
#ifndef TESTS_WORKER_CHILD_H
#define TESTS_WORKER_CHILD_H

#include "netd/worker/worker-frame.h"
#include "netd/worker/worker-page.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

/* The worker's root folder; the test makes it. */
static char empty[] = "/tmp/netd-sandbox-XXXXXX";

struct child {
	pid_t pid;
	struct channel *line;
	const struct worker_page *page;
};

static inline struct child start_worker(const char *role)
{
	int ends[2], page = memfd_create("page", 0);
	struct child c;

	assert_int_equal(ftruncate(page, WORKER_PAGE_SIZE), 0);
	assert_int_equal(channel_pair(ends, NULL), 0);
	c.pid = fork();
	if (c.pid == 0) {
		int line = fcntl(ends[1], F_DUPFD, 10), shared = fcntl(page, F_DUPFD, 10);
		dup2(line, WORKER_CHANNEL_FD);
		dup2(shared, WORKER_PAGE_FD);
		execl("/proc/self/exe", "worker", role, empty, NULL);
		_exit(127);
	}
	close(ends[1]);
	c.line = channel_new(ends[0]);
	c.page = mmap(NULL, WORKER_PAGE_SIZE, PROT_READ, MAP_SHARED, page, 0);
	close(page);
	return c;
}

static inline int end_worker(struct child *c)
{
	int status;

	channel_free(c->line);
	munmap((void *)(uintptr_t)c->page, WORKER_PAGE_SIZE);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	return status;
}

/* The next message within 5 s; false when the worker is gone. */
static inline bool wait_message(struct child *c, struct channel_message *m)
{
	struct pollfd p = { channel_fd(c->line), POLLIN, 0 };

	assert_int_equal(poll(&p, 1, 5000), 1);
	int r = channel_receive(c->line, m);
	return r == 1;
}

#endif
