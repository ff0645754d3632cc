/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/worker/worker.h"

#include "base/log.h"
#include "netd/messages/messages.h"
#include "netd/process/privileges.h"
#include "netd/worker/worker-frame.h"
#include "netd/worker/worker-page.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>

#define EVENTS_AT_ONCE   64
#define MESSAGES_AT_ONCE 64

/* One for each descriptor number. An event carries the generation of the watch it was for, so that
 * one that comes out of the same epoll_wait() after its watch was taken away, and its number used
 * again, is dropped. */
struct watch {
	worker_ready_fn *ready; /* NULL: not watched */
	void *data;
	uint32_t generation;
};

struct worker {
	const struct worker_role *role;
	void *state; /* the role's */
	struct channel *channel;
	struct worker_page *page;
	int epoll, timer;
	struct watch *watches;
	size_t watch_cap;
	usec_t deadline, armed; /* armed: when the timer will fire */
	bool wants_write;       /* what epoll was told about the channel */
};

static uint64_t tag(int fd, uint32_t generation)
{
	return (uint64_t)generation << 32 | (uint32_t)fd;
}

int worker_watch(struct worker *w, int fd, uint32_t events, worker_ready_fn *ready, void *data)
{
	size_t before = w->watch_cap;

	if (fd < 0)
		return -EBADF;
	if (GROW(w->watches, w->watch_cap, (size_t)fd + 1) < 0)
		return -ENOMEM;
	if (w->watch_cap > before)
		memset(w->watches + before, 0, (w->watch_cap - before) * sizeof(*w->watches));
	struct watch *one = &w->watches[fd];
	struct epoll_event ev = { .events = events, .data.u64 = tag(fd, one->generation + 1) };
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -errno;
	*one = (struct watch){ ready, data, one->generation + 1 };
	return 0;
}

int worker_rewatch(struct worker *w, int fd, uint32_t events)
{
	if (fd < 0 || (size_t)fd >= w->watch_cap || !w->watches[fd].ready)
		return -ENOENT;
	struct epoll_event ev = { .events = events,
				  .data.u64 = tag(fd, w->watches[fd].generation) };
	return epoll_ctl(w->epoll, EPOLL_CTL_MOD, fd, &ev) < 0 ? -errno : 0;
}

void worker_unwatch(struct worker *w, int fd)
{
	if (fd < 0 || (size_t)fd >= w->watch_cap || !w->watches[fd].ready)
		return;
	w->watches[fd].ready = NULL;
	(void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void worker_set_deadline(struct worker *w, usec_t at)
{
	w->deadline = at;
}

void worker_serving(struct worker *w, uint32_t net_id)
{
	atomic_store_explicit(&w->page->serving, net_id, memory_order_relaxed);
}

static void leave(int status, const char *why) __attribute__((noreturn));
static void leave(int status, const char *why)
{
	if (status)
		log_err("ending: %s", why);
	_exit(status); /* there is nothing to tidy up, and no call to spare for it */
}

/* The line broke or the controller did: nothing is left to work for. */
static void check_line(int r)
{
	if (r == -EPIPE)
		leave(0, "");
	if (r < 0)
		leave(1, strerror(-r));
}

void worker_send(struct worker *w, uint32_t type, const void *body, size_t n)
{
	if (n > CHANNEL_INLINE_MAX)
		leave(1, "a message is too long for the line to the controller");
	check_line(channel_send(w->channel, type, body, n, NULL, 0));
}

static void receive(struct worker *w)
{
	struct channel_message m;

	for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
		int r = channel_receive(w->channel, &m);
		check_line(r);
		if (r == 0)
			return;
		if (m.type == MSG_PING && m.n == 8 && m.n_fds == 0)
			worker_send(w, MSG_PONG, m.body, m.n);
		else if (!w->role->message(w->state, &m))
			leave(1, "the controller sent what isn't a message of ours");
	}
}

static void on_channel(void *data, int fd, uint32_t events, usec_t now)
{
	struct worker *w = data;

	if (events & EPOLLOUT)
		check_line(channel_flush(w->channel));
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(w);
}

static void on_timer(void *data, int fd, uint32_t events, usec_t now)
{
	struct worker *w = data;
	uint64_t times;

	w->armed = USEC_INFINITY;
	(void)!read(fd, &times, sizeof(times));
}

/* The timer is set only when it would fire too late; one that fires too early is harmless and
 * seldom: deadlines mostly move away. CLOCK_BOOTTIME, so that what fell due in a suspended machine
 * runs at once after it. */
static void arm(struct worker *w)
{
	struct itimerspec t = { 0 };

	if (w->deadline >= w->armed)
		return;
	usec_t at = w->deadline ? w->deadline : 1; /* zero would disarm */
	t.it_value.tv_sec = (time_t)(at / USEC_PER_SEC);
	t.it_value.tv_nsec = (long)(at % USEC_PER_SEC * 1000);
	if (timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &t, NULL) < 0)
		leave(1, "cannot set the timer");
	w->armed = w->deadline;
}

static void watch_line(struct worker *w)
{
	bool wants = channel_wants_write(w->channel);

	if (wants == w->wants_write)
		return;
	w->wants_write = wants;
	check_line(worker_rewatch(w, channel_fd(w->channel), wants ? EPOLLIN | EPOLLOUT : EPOLLIN));
}

static void dispatch(struct worker *w, const struct epoll_event *ev, usec_t now)
{
	int fd = (int)(uint32_t)ev->data.u64;
	struct watch one = w->watches[fd]; /* a copy: the table may move while it runs */

	if (one.ready && one.generation == ev->data.u64 >> 32)
		one.ready(one.data, fd, ev->events, now);
}

static void loop(struct worker *w)
{
	struct epoll_event ev[EVENTS_AT_ONCE];

	for (;;) {
		watch_line(w);
		arm(w);
		int n = epoll_wait(w->epoll, ev, EVENTS_AT_ONCE, -1);
		if (n < 0 && errno != EINTR)
			leave(1, "cannot wait for events");
		usec_t now = clock_boottime();
		for (int i = 0; i < n; i++)
			dispatch(w, &ev[i], now);
		now = clock_boottime();
		if (now >= w->deadline) {
			w->deadline = USEC_INFINITY; /* tick() sets the next one */
			w->role->tick(w->state, now);
		}
	}
}

/* What needs the kernel's leave: before the filter is there. */
static int prepare(struct worker *w, struct err *e)
{
	w->channel = channel_new(WORKER_CHANNEL_FD);
	if (!w->channel)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	w->page =
	    mmap(NULL, WORKER_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_PAGE_FD, 0);
	if (w->page == MAP_FAILED)
		return err_sys(e, errno, "cannot map the page shared with the controller");
	close(WORKER_PAGE_FD);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->epoll < 0 || w->timer < 0)
		return err_sys(e, errno, "cannot make the event loop");
	w->deadline = w->armed = USEC_INFINITY;
	int r = worker_watch(w, w->timer, EPOLLIN, on_timer, w);
	if (r == 0)
		r = worker_watch(w, WORKER_CHANNEL_FD, EPOLLIN, on_channel, w);
	return r < 0 ? err_sys(e, -r, "cannot watch the line to the controller") : 0;
}

bool worker_role_calls(const struct worker_role *role, const char *name)
{
	for (const char *const *s = role->syscalls; s && *s; s++)
		if (strcmp(*s, name) == 0)
			return true;
	return false;
}

static const struct worker_role *find_role(const struct worker_role *const *roles, const char *name)
{
	for (; *roles; roles++)
		if (strcmp((*roles)->name, name) == 0)
			return *roles;
	return NULL;
}

static unsigned needs_of(const struct worker_role *role)
{
	return (worker_role_calls(role, "connect") ? PRIVILEGES_CONNECT : 0) |
	       (worker_role_calls(role, "openat2") ? PRIVILEGES_READ : 0);
}

int worker_main(const struct worker_role *const *roles, int argc, char **argv)
{
	static struct worker w;
	struct err e = { 0 };
	char name[32];
	const char *seccomp = getenv("NETD_SECCOMP");
	bool trap = seccomp && strcmp(seccomp, "trap") == 0;

	w.role = argc == 3 ? find_role(roles, argv[1]) : NULL;
	if (!w.role) {
		fprintf(stderr, "netd-worker is started by netd: netd-worker ROLE FOLDER\n");
		return 2;
	}
	snprintf(name, sizeof(name), "netd-worker %s", w.role->name);
	log_open(name);
	privileges_many_fds();
	int r = prepare(&w, &e);
	if (r == 0)
		r = privileges_worker(argv[2], needs_of(w.role), &e);
	if (r == 0)
		r = worker_seccomp(w.role, trap, &e);
	if (r < 0) {
		log_err("%s", e.msg);
		return 1;
	}
	w.state = w.role->start(&w);
	if (!w.state)
		leave(1, "the role cannot start");
	loop(&w);
	return 0;
}
