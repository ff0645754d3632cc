/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper-held.h — descriptors kept by name for the next controller, and the copy of them in
 * systemd's store, which outlives the keeper as well. */
#ifndef NETD_KEEPER_HELD_H
#define NETD_KEEPER_HELD_H

#include "base/table.h"
#include "netd/messages/messages-keeper.h"

#define HELD_MAX 32768 /* 4,000 networks with eight sockets each */

struct held_one {
	struct table_node by_name;
	size_t at; /* its place in the list */
	int fd;
	char name[KEEPER_NAME_MAX + 1];
};

struct held {
	struct table by_name;
	struct held_one **list;
	size_t n, cap, max;
};

void held_init(
    struct held *h); /* the maximum leaves some of the process's descriptors for other uses */
void held_done(struct held *h); /* closes all; systemd keeps its copies */

/* Take over what systemd passes: listening sockets of socket units and the content of its store. */
void held_take_passed(struct held *h);
/* Hold fd, which is taken over, instead of what has this name; -ENOBUFS when there are too many. */
int held_put(struct held *h, const char *name, int fd) mustcheck;
void held_drop(struct held *h, const char *name);

#endif
