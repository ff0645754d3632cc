/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake-netd DIR [N] — a door on DIR/sock and DIR/sock-ro with two networks (or N more) behind it
 * that exist only in memory: something for virsh and netctl to talk to. Prints "ready"; ends on
 * SIGTERM. */
#include "fake-backend.h"

#include <signal.h>
#include <stdio.h>

static int add_listener(struct door *d, const char *dir, const char *name, bool read_only,
			struct err *e)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int r = door_listen(path, read_only ? 0666 : 0600, (gid_t)-1, &fd, e);
	return r < 0 ? r : door_add_listener(d, fd, read_only, e);
}

static void add_many(struct fake *f, const char *count)
{
	uint32_t n;

	if (parse_u32(count, 0, FAKE_NETWORKS_MAX - 2, &n) < 0)
		return;
	for (uint32_t i = 0; i < n; i++) {
		char name[16], bridge[16];
		snprintf(name, sizeof(name), "net%u", i);
		snprintf(bridge, sizeof(bridge), "virbr%u", i);
		fake_add(f, name, bridge, true);
	}
}

int main(int argc, char **argv)
{
	struct door_backend backend;
	struct err e = { 0 };
	struct fake fake;
	sd_event *loop;
	sigset_t mask;

	if (argc < 2)
		return 2;
	fake_init(&fake, &backend);
	fake_add_usual(&fake);
	if (argc > 2)
		add_many(&fake, argv[2]);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	if (sd_event_default(&loop) < 0 || sd_event_add_signal(loop, NULL, SIGTERM, NULL, NULL) < 0)
		return 1;
	fake.loop = loop;
	fake.start_delay_usec = 20 * USEC_PER_MSEC;
	fake.door = door_new(loop, &backend);
	if (!fake.door || add_listener(fake.door, argv[1], "sock", false, &e) < 0 ||
	    add_listener(fake.door, argv[1], "sock-ro", true, &e) < 0) {
		fprintf(stderr, "fake-netd: %s\n", e.msg);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	int r = sd_event_loop(loop);
	door_free(fake.door);
	sd_event_unref(loop);
	fake_done(&fake);
	return r < 0;
}
