/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lifecycle-internal.h — what lifecycle.c (coming and going), lifecycle-update.c (change) and
 * lifecycle-resume.c (the daemon's start) share: the op, and its queue (lifecycle-op.c). */
#ifndef NETD_LIFECYCLE_INTERNAL_H
#define NETD_LIFECYCLE_INTERNAL_H

#include "netd/controller/lifecycle.h"

struct op {
	struct list node; /* of net.ops */
	struct controller *c;
	struct net *net;
	void (*begin)(struct op *op);
	struct network *def; /* what is defined or created, until the network has it */
	bool on;             /* autostart */
	void *extra;         /* of the kind of op; free_extra() frees what hangs on it */
	void (*free_extra)(struct op *op);
	lifecycle_done_fn *done;
	void *data;
	struct err err;
	sd_event_source *deferred;
};

/* Queue an op; `def` is taken over. Without memory `done` is told at once. */
void op_push(struct controller *c, struct net *n, void (*begin)(struct op *), struct network *def,
	     lifecycle_done_fn *done, void *data, bool on);
/* Put behind the network's other ops. */
void op_enqueue(struct op *op);
/* Tell `done` what op->err says, free the op, go on with the next. */
void op_finish(struct op *op);
/* The first error counts. */
void op_take_error(struct op *op, const struct err *e);
/* ERR_OPERATION_INVALID, and finished. */
void op_refuse(struct op *op, const char *why);
/* False: the network went while the op waited; it is finished then. */
bool op_needs_network(struct op *op);

/* The ends of a start: the network runs; or what was made so far goes again, op->err says why. */
void op_started(struct op *op);
void op_give_up_start(struct op *op);

/* Whether the host has a link of that name; `data` is the mirror. */
bool op_link_exists(void *data, const char *name);

#endif
