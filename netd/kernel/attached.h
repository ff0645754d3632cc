/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attached.h — which links are ports of which network, remembered beyond the bridge: a guest's link
 * comes back to its network after a stop and a start, after somebody deleted the bridge or took the
 * port out of it, and also when the controller was not there to see it.
 *
 * Whatever hangs on a running network's bridge is learned, whoever attached it, with its own
 * setting (isolated). A port is forgotten when its link is gone, is enslaved elsewhere or was
 * removed through netd, and when its network is gone. One that leaves its bridge has a moment to go
 * elsewhere before it is wanted back: tools that move a link do it in two steps. */
#ifndef NETD_ATTACHED_H
#define NETD_ATTACHED_H

#include "bridge/plan.h"
#include "netd/controller/controller.h"

#define ATTACHED_MAX        1024                 /* of one network; what a Linux bridge can hold */
#define ATTACHED_GRACE_USEC (50 * USEC_PER_MSEC) /* after leaving */

struct attached;

struct attached *attached_new(struct controller *c, struct err *e) mustcheck;
/* Also frees what the registry's networks know, so before that is gone. */
void attached_free(struct attached *p);

/* At the controller's start, when it is known which networks run: read what was remembered, look at
 * the mirror. */
void attached_load(struct attached *p);
/* Write what isn't yet written: at the end, while the file thread still works. */
void attached_save(struct attached *p);

/* Whatever the mirror tells. */
void attached_heard(struct attached *p, const struct mirror_change *change);

/* Fill in want->ports. 0 or -ENOMEM. */
int attached_want(const struct attached *p, const struct net *n, struct bridge_want *want)
    mustcheck;
/* The plan was carried out and the mirror has heard of it: what could not be attached is forgotten,
 * or it would be tried for ever. */
void attached_tried(struct attached *p, const struct bridge_plan *plan);

/* The line by which a file says that the interface indexes in it hold: they mean something in one
 * boot and one network namespace only. */
void attached_validity(char *buf, size_t cap);

void attached_forget(struct attached *p, uint32_t ifindex);
void attached_forget_network(struct attached *p, struct net *n);
/* Visit the links that hang, or hung, on the network's bridge. */
void attached_visit(const struct net *n, void (*visit)(void *data, uint32_t ifindex), void *data);
/* How many there are. */
size_t attached_count(const struct net *n);

#endif
