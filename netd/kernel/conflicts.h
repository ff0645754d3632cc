/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conflicts.h — subnets of running networks that somebody else comes to use: an address or a
 * connected route of the host that equals such a subnet, lies inside it, or (an address) contains
 * it. Each is a condition as long as it lasts. The network goes on as it is: its guests are not the
 * ones who came later. */
#ifndef NETD_CONFLICTS_H
#define NETD_CONFLICTS_H

#include "bridge/mirror.h"
#include "netd/controller/controller.h"

#define CONFLICTS_DELAY_USEC (100 * USEC_PER_MSEC) /* what happens meanwhile is looked at once */

struct conflicts *conflicts_new(struct controller *c, struct err *e) mustcheck;
void conflicts_free(struct conflicts *cf);

/* The running networks, or addresses and routes of the host, may have changed. */
void conflicts_look_soon(struct conflicts *cf);
/* The same, if this change can matter. */
void conflicts_heard(struct conflicts *cf, const struct mirror_change *change);

#endif
