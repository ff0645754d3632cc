/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper-link.h — the controller's end of the line to the keeper.
 *
 * Order at the start: keeper_link_open(); held() once for each descriptor that a former controller
 * (or systemd) left; hello(); the controller builds itself up, storing what shall outlive it;
 * keeper_link_ready(). From there on the keeper asks for a sign of life twice a second;
 * keeper_link_process() gives it, so a loop that doesn't come round for 2.5 s is taken for hung,
 * and killed. When the keeper is gone the kernel kills the controller.
 *
 * Names of descriptors: at most KEEPER_NAME_MAX printable characters without a colon. "door-rw" and
 * "door-ro" are the listening sockets that systemd passes. */
#ifndef NETD_KEEPER_LINK_H
#define NETD_KEEPER_LINK_H

#include "base/err.h"

struct keeper_link; /* opaque; heap */
struct worker_page;

/* What may come; descriptors belong to the callee. Called from keeper_link_process(). */
struct keeper_events {
	void (*held)(void *data, const char *name, int fd);
	/* `starts`: how many controllers this keeper has started before; 0: the first. */
	void (*hello)(void *data, const char *root, unsigned starts);
	void (*spawned)(void *data, uint32_t worker, pid_t pid, int channel_fd, int page_fd);
	/* As wait(2) tells it; exit status 127 also when the worker could not be started. */
	void (*died)(void *data, uint32_t worker, int wait_status);
	void (*reload)(void *data); /* SIGHUP */
	void (*stop)(void *data);   /* leave in good order: networks stay */
};

/* Descriptor 3 as the keeper gave it. Fails when the program was not started by a keeper. *events
 * is copied. */
int keeper_link_open(struct keeper_link **ret, const struct keeper_events *events, void *data,
		     struct err *e) mustcheck;
void keeper_link_free(struct keeper_link *l);

/* For the caller's loop: wait on the descriptor for keeper_link_wants() (EPOLLIN, with EPOLLOUT
 * while something is queued; ask again after each call of the functions below), then call
 * keeper_link_process(). That returns 0, or -EPIPE when the keeper is gone, or another -errno when
 * the line is broken: in both cases end. */
int keeper_link_fd(const struct keeper_link *l);
uint32_t keeper_link_wants(const struct keeper_link *l);
int keeper_link_process(struct keeper_link *l) mustcheck;

/* All of these queue and return at once. A failure to send shows in the next keeper_link_process().
 */
void keeper_link_store(struct keeper_link *l, const char *name,
		       int fd); /* the caller keeps its fd */
void keeper_link_drop(struct keeper_link *l, const char *name);
/* `worker` is the caller's number for it, not that of a living worker. spawned() or died() follows.
 */
void keeper_link_spawn(struct keeper_link *l, uint32_t worker, const char *role);
void keeper_link_kill(struct keeper_link *l, uint32_t worker); /* died() follows */
void keeper_link_ready(struct keeper_link *l, const char *status);
/* "Cannot serve, and why": at the first start the keeper shows it to whoever started netd, and
 * ends. Sent at once, as far as the line takes it; then exit with status 1. */
void keeper_link_failed(struct keeper_link *l, const char *why);

/* The page of spawned(), read-only; NULL after a failure. Closes the descriptor. */
const struct worker_page *worker_page_map(int page_fd) mustcheck;
void worker_page_unmap(const struct worker_page *p);

#endif
