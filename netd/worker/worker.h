/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker.h — the frame in which a guest-service role runs: one unprivileged process, one loop.
 *
 * A role supplies callbacks and a system call list; the frame drops every privilege (chroot to an
 * empty folder, own uid, no capabilities, no_new_privs, seccomp) before the first message is read,
 * then waits in epoll for the channel to the controller, the role's descriptors and its one
 * deadline. Nothing here allocates per packet.
 *
 * MSG_PING is answered by the frame and never reaches message(). A role holds what it has in memory
 * only: it cannot open a file, unless it lists openat2: then privileges_read_beneath() must be its
 * first act. NETD_SECCOMP=trap in the environment names the system call that a role's list lacks.
 */
#ifndef NETD_WORKER_H
#define NETD_WORKER_H

#include "base/clock.h"
#include "netd/process/channel.h"

struct worker; /* the frame */

struct worker_role {
	const char *name; /* "dhcp", "dns", "files": argv[1] and the role in process lists */
	/* System calls beyond the frame's own, for the filter; ends with NULL. Which arguments of
	 * them are allowed stands in worker-seccomp.c. send() and recv() are the frame's own; a
	 * role that holds packet sockets must list none of bind, connect, sendmsg, sendmmsg. */
	const char *const *syscalls;
	void *(*start)(struct worker *w); /* after privileges are gone; NULL: cannot start */
	/* A message from the controller. Its descriptors are the role's now. A false return ends
	 * the process: the message was not one of ours. */
	bool (*message)(void *role, struct channel_message *m);
	/* Called when the deadline of worker_set_deadline() has passed; there is none until the
	 * role sets the next. */
	void (*tick)(void *role, usec_t now);
};

extern const struct worker_role role_dhcp, role_dns, role_files;

/* `ready` is called with the descriptor's epoll events (EPOLLIN, EPOLLOUT, …). The frame doesn't
 * own fd: call worker_unwatch() before closing it. */
typedef void worker_ready_fn(void *data, int fd, uint32_t events, usec_t now);
int worker_watch(struct worker *w, int fd, uint32_t events, worker_ready_fn *ready, void *data)
    mustcheck;
int worker_rewatch(struct worker *w, int fd, uint32_t events) mustcheck;
void worker_unwatch(struct worker *w, int fd);

/* The next time tick() must run; USEC_INFINITY for never. */
void worker_set_deadline(struct worker *w, usec_t at);

/* Send to the controller, at most CHANNEL_INLINE_MAX octets; a full line or a dead controller ends
 * the process. */
void worker_send(struct worker *w, uint32_t type, const void *body, size_t n);

/* Which network is being served now (0: none): a word shared with the controller, so that it knows
 * whose packets killed a worker. */
void worker_serving(struct worker *w, uint32_t net_id);

#endif
