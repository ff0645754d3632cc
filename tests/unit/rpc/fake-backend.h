/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake-backend.h — networks that exist only in memory, behind a real door: for tests of the door
 * and its clients. Starting one answers after `start_delay_usec`, as a kernel that takes its time.
 */
#ifndef FAKE_BACKEND_H
#define FAKE_BACKEND_H

#include "netd/door/door.h"

#define FAKE_NETWORKS_MAX 4096

struct fake_network {
	char name[64], bridge[16], title[64];
	struct uuid uuid;
	bool active, persistent, autostart;
	char *xml;
};
struct fake {
	struct door *door; /* set by the test after door_new(); NULL: no events */
	sd_event *loop;    /* NULL: no delays */
	usec_t start_delay_usec;
	struct fake_network *net; /* sorted by name */
	size_t n, cap;
	unsigned handed_on; /* calls that reached the backend */
	int netns_fds;      /* descriptors seen by guest_attach */
	char last_xml_head[32];
	struct door_call *held; /* with hold_starts: the start that waits for fake_release() */
	bool hold_starts;
};

void fake_init(struct fake *f, struct door_backend *b);
void fake_done(struct fake *f);
/* "default" (active, autostart, virbr0) and "lab" (inactive, virbr7). */
void fake_add_usual(struct fake *f);
struct fake_network *fake_add(struct fake *f, const char *name, const char *bridge, bool active);
/* Answer the held start. */
void fake_release(struct fake *f);

#endif
