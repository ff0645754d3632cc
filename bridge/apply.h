/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply.h — carry a plan out in the kernel. Blocking; runs in the thread that owns the
 * kernel_socket.
 *
 * There is no undo here: after a failure the caller makes a plan of what it wants then (mostly
 * nothing) and applies that. Errors carry the kernel's own words (extended acknowledgements) and
 * name the object. */
#ifndef BRIDGE_APPLY_H
#define BRIDGE_APPLY_H

#include "bridge/plan.h"

struct kernel_socket; /* one rtnetlink socket, for one thread */

/* In the calling thread's network namespace. */
int kernel_socket_open(struct kernel_socket **ret, struct err *e) mustcheck;
void kernel_socket_free(struct kernel_socket *ks);

struct bridge_result {
	uint32_t ifindex; /* of the bridge, 0: parked or never made */
	bool created, recycled;
	size_t n_done;      /* steps that the kernel has taken, of plan->n_steps */
	size_t failed_step; /* index of the first that failed; n_steps: none */
	/* The kernel tells of sysctls never and of IPv6 addresses late: mirror_read() what it told,
	 * then mirror_refresh_link(ifindex). */
	bool needs_refresh;
};

/* Apply every step, in few messages: what depends on nothing that can fail is sent at once. After a
 * failed step no later batch is sent, but later steps of the same batch may have been taken. *ret
 * is filled after a failure too. */
int bridge_apply(struct kernel_socket *ks, const struct bridge_plan *plan,
		 struct bridge_result *ret, struct err *e) mustcheck;

#endif
