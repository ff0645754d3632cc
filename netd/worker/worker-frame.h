/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker-frame.h — the frame's own inside: how a worker is started. Roles include worker.h only. */
#ifndef NETD_WORKER_FRAME_H
#define NETD_WORKER_FRAME_H

#include "netd/worker/worker.h"

/* Where the keeper puts a worker's two descriptors. */
#define WORKER_CHANNEL_FD 3
#define WORKER_PAGE_FD    4

/* main() of a worker program that knows `roles` (ends with NULL): PROGRAM ROLE EMPTY-FOLDER.
 * Returns the exit status: 0 when the controller has closed the line, 1 after an error (logged), 2
 * when called wrongly. */
int worker_main(const struct worker_role *const *roles, int argc, char **argv);

/* Install the filter: the frame's calls and the role's. Every other one kills the process; with
 * `trap` its name is logged first. Does nothing in a program that was built with a sanitizer. */
int worker_seccomp(const struct worker_role *role, bool trap, struct err *e) mustcheck;
/* Whether the role lists a call. */
bool worker_role_calls(const struct worker_role *role, const char *name);

#endif
