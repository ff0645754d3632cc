/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guests.h — ports that netd makes for guests: veth pairs into network namespaces, and taps. Each
 * call is answered when the kernel thread has done it. */
#ifndef NETD_GUESTS_H
#define NETD_GUESTS_H

#include "netd/controller/controller.h"
#include "netd/door/door.h"

/* `netns_fd` stays the caller's; mac NULL: a random one. */
void guests_attach(struct controller *c, struct net *n, struct door_call *call,
		   const char *interface, const struct mac *mac, int netns_fd);
void guests_create_tap(struct controller *c, struct net *n, struct door_call *call,
		       const char *name, uint32_t uid, uint32_t gid, uint32_t flags);
void guests_remove_port(struct controller *c, struct net *n, struct door_call *call,
			const char *interface);

#endif
