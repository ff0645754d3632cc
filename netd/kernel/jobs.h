/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jobs.h — a thread that does what may block, one thing after the other, for the loop that must
 * not.
 *
 * The controller has two: the kernel thread (rtnetlink and nftables: removing a bridge holds RTNL
 * for 30 ms) and the file thread (fsync). A job is owned by whoever pushed it, lies still while it
 * is on its way, and comes back through jobs_collect() in the order in which it was pushed. */
#ifndef NETD_JOBS_H
#define NETD_JOBS_H

#include "base/err.h"
#include "base/list.h"

struct jobs;

struct job {
	struct list node;
	void (*run)(struct job *j);  /* in the thread; touches nothing but the job and what the
					thread owns */
	void (*done)(struct job *j); /* in the loop; may free the job */
};

/* NULL when the thread can't be made. `name` is at most 15 characters. */
struct jobs *jobs_new(const char *name, struct err *e) mustcheck;
/* Run what is queued to its end, collect it, end the thread. What the last done() push is run at
 * once, by the caller. */
void jobs_free(struct jobs *js);
void jobs_push(struct jobs *js, struct job *j);
/* Readable when jobs_collect() has something to do. */
int jobs_fd(const struct jobs *js);
void jobs_collect(struct jobs *js);
/* Pushed and not yet collected. */
size_t jobs_pending(const struct jobs *js);

#endif
