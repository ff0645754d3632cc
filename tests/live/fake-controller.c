/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A controller for the keeper's test: it does on the test's word (datagrams to ROOT/control) what a
 * controller may do, and what it must not, and writes what it sees to ROOT/events. */
#include "base/text.h"
#include "netd/process/keeper-link.h"
#include "netd/process/privileges.h"
#include "netd/worker/worker-page.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct keeper_link *keeper;
static struct text held;
static char root[200];
static int control = -1;

static void note(const char *fmt, ...) printflike(1, 2);
static void note(const char *fmt, ...)
{
	char path[256], line[512];
	va_list ap;

	snprintf(path, sizeof(path), "%s/events", root);
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	strcat(line, "\n");
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		_exit(70);
	close(fd);
}

static void on_held(void *data, const char *name, int fd)
{
	char content[32] = "";

	(void)!pread(fd, content, sizeof(content) - 1, 0);
	text_addf(&held, " %s=%s", name, content);
	close(fd);
}

static bool told_to(const char *what)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, what);
	return access(path, F_OK) == 0;
}

static void on_hello(void *data, const char *where, unsigned starts)
{
	struct err e = { 0 };
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	copy_text(root, sizeof(root), where);
	if (privileges_controller(&e) < 0)
		note("privileges %s", e.msg);
	note("hello pid=%d starts=%u held=%s", getpid(), starts, held.s ? held.s : "");
	if (told_to("crash"))
		abort();
	if (told_to("fail")) {
		keeper_link_failed(keeper, "the test wants it so");
		exit(1);
	}
	snprintf(at.sun_path, sizeof(at.sun_path), "%.90s/control", root);
	unlink(at.sun_path);
	control = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(control, (struct sockaddr *)&at, sizeof(at)) < 0)
		exit(71);
	keeper_link_ready(keeper, "ready\nfor the test");
}

static void on_spawned(void *data, uint32_t worker, pid_t pid, int channel_fd, int page_fd)
{
	const struct worker_page *page = worker_page_map(page_fd);

	note("spawned %u pid=%d serving=%d", worker, pid, page ? (int)page->serving : -1);
	worker_page_unmap(page); /* the channel stays open until we die */
}

static void on_died(void *data, uint32_t worker, int wait_status)
{
	note("died %u status=%d", worker, wait_status);
}

static void on_reload(void *data)
{
	note("reload");
}

static void on_stop(void *data)
{
	note("stop");
	exit(0);
}

static void store(const char *name, const char *content)
{
	FILE *f = tmpfile();

	if (!f || fputs(content, f) < 0 || fflush(f) < 0)
		exit(72);
	keeper_link_store(keeper, name, fileno(f));
	fclose(f);
}

static void obey(void)
{
	char line[200] = "", verb[32] = "", a[64] = "", b[64] = "";

	if (recv(control, line, sizeof(line) - 1, 0) < 0)
		exit(73);
	(void)!sscanf(line, "%31s %63s %63s", verb, a, b);
	if (strcmp(verb, "store") == 0)
		store(a, b);
	else if (strcmp(verb, "drop") == 0)
		keeper_link_drop(keeper, a);
	else if (strcmp(verb, "spawn") == 0)
		keeper_link_spawn(keeper, (uint32_t)strtoul(a, NULL, 10), b);
	else if (strcmp(verb, "kill") == 0)
		keeper_link_kill(keeper, (uint32_t)strtoul(a, NULL, 10));
	else if (strcmp(verb, "hang") == 0)
		for (;;)
			pause();
	else if (strcmp(verb, "garbage") == 0)
		(void)!send(keeper_link_fd(keeper), "garbage", 7, 0);
	note("did %s", line);
}

int main(void)
{
	static const struct keeper_events events = { on_held, on_hello,  on_spawned,
						     on_died, on_reload, on_stop };
	struct err e = { 0 };

	if (keeper_link_open(&keeper, &events, NULL, &e) < 0) {
		fprintf(stderr, "fake-controller: %s\n", e.msg);
		return 2;
	}
	for (;;) {
		struct pollfd p[] = { { keeper_link_fd(keeper), POLLIN, 0 },
				      { control, POLLIN, 0 } };
		if (keeper_link_wants(keeper) & EPOLLOUT)
			p[0].events |= POLLOUT;
		if (poll(p, 2, -1) < 0)
			return 74;
		if (p[0].revents && keeper_link_process(keeper) < 0)
			return 75;
		if (p[1].revents)
			obey();
	}
}
