/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guests.h — interfaces for throw-away guests: they vanish with the guest's network namespace, and
 * are no port objects. The call is answered when the kernel thread has done it. */
#ifndef NETD_GUESTS_H
#define NETD_GUESTS_H

#include "netd/controller/controller.h"
#include "netd/door/door.h"

/* `netns_fd` stays the caller's; mac NULL: a random one. */
void guests_attach(struct controller *c, struct net *n, struct door_call *call,
		   const char *interface, const struct mac *mac, int netns_fd);

#endif
