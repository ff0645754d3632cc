/* SPDX-License-Identifier: GPL-2.0-or-later */
/* workers.h — the controller's view of the worker processes: started by the keeper on our word,
 * spoken to over a channel, pinged, replaced when they die or hang. What is said to them is
 * netd/service/services.h's affair. */
#ifndef NETD_WORKERS_H
#define NETD_WORKERS_H

#include "base/clock.h"
#include "netd/controller/controller.h"
#include "netd/process/channel.h"

#define WORKERS_MAX      1000 /* places; the keeper's limit has room for those that are just ending */
#define WORKER_HANG_USEC (3 * USEC_PER_SEC) /* a ping not answered by then: killed */

enum worker_kind { WORKER_DHCP, WORKER_DNS, WORKER_FILES, WORKER_KINDS };

struct worker_proc; /* one place; the process in it may be replaced */
struct workers;

struct worker_events {
	/* A fresh process stands in this place: tell it everything. */
	void (*up)(void *data, struct worker_proc *p);
	/* False: no message of ours; the process is killed. The callee closes the message's
	 * descriptors. */
	bool (*message)(void *data, struct worker_proc *p, struct channel_message *m);
	/* It died by itself while it served that network (0: none, or it was not a crash). */
	void (*crashed)(void *data, struct worker_proc *p, uint32_t serving);
};

struct workers *workers_new(struct controller *c, const struct worker_events *events, void *data)
    mustcheck;
void workers_free(struct workers *ws);

/* The place for `kind` that serves all networks (only_net 0) or just one; made, and a process
 * started, when there is none yet. NULL when out of memory, or when there are WORKERS_MAX. */
struct worker_proc *workers_get(struct workers *ws, enum worker_kind kind, uint32_t only_net)
    mustcheck;

/* End the process and forget the place. Not from within events.message(). */
void workers_drop(struct worker_proc *p);

enum worker_kind worker_kind(const struct worker_proc *p);
uint32_t worker_only_net(const struct worker_proc *p);
/* Of the process now in this place, never used twice; 0 while there is none that can be spoken to.
 */
uint32_t worker_id(const struct worker_proc *p);

/* The place of the process with this id, or NULL. */
struct worker_proc *workers_find(struct workers *ws, uint32_t id);
/* Walk all places: NULL starts, NULL ends. */
struct worker_proc *workers_next(struct workers *ws, struct worker_proc *p);

/* Say it, or don't: without a process nothing is said, for events.up() will say everything to the
 * next one. */
void worker_post(struct worker_proc *p, uint32_t type, const void *body, size_t n, const int *fds,
		 size_t n_fds);

/* From the keeper. Descriptors are taken over. */
void workers_spawned(struct workers *ws, uint32_t id, pid_t pid, int channel_fd, int page_fd);
void workers_died(struct workers *ws, uint32_t id, int wait_status);

typedef void workers_visit_fn(void *data, const char *role, pid_t pid, unsigned restarts);
void workers_visit(const struct workers *ws, workers_visit_fn *visit, void *data);

#endif
