/* SPDX-License-Identifier: GPL-2.0-or-later */
/* privileges.h — what each of netd's processes may still do once it has started.
 *
 * The keeper is root, yet holds CAP_KILL alone: enough to end a worker, which has another uid. What
 * the controller and the workers need at their start stays in its *bounding* set: a program that
 * root executes gains what is there, so that each of them begins with these few and gives up the
 * rest as its first act. no_new_privs would forbid exactly this gain, so it cannot be set on the
 * keeper; the others set it. */
#ifndef NETD_PRIVILEGES_H
#define NETD_PRIVILEGES_H

#include "base/err.h"

#define PRIVILEGES_WORKER_USER "netd-worker"
#define PRIVILEGES_NOBODY      65534 /* used when that user doesn't exist */

/* Whose members may change networks when netd makes its sockets itself; as libvirt's own. */
#define PRIVILEGES_DOOR_GROUP "libvirt"
/* That group's number, or (gid_t)-1 when there is none; from the local file. */
gid_t privileges_door_group(void);

/* Die when the parent dies. The kernel forgets this wish when a process gains or changes
 * credentials: call it last. */
void privileges_die_with_parent(void);

/* Raise the soft limit of open descriptors to the hard one. */
void privileges_many_fds(void);

int privileges_keeper(struct err *e) mustcheck;
/* CAP_NET_ADMIN, NET_RAW, NET_BIND_SERVICE and no way to gain more. Its only supplementary group is
 * PRIVILEGES_DOOR_GROUP, so that it can give a socket to that group without CAP_CHOWN. */
int privileges_controller(struct err *e) mustcheck;

enum privileges_need {
	PRIVILEGES_CONNECT = 1, /* TCP connections to the outside are part of the work */
	PRIVILEGES_READ = 2,    /* files will be read: privileges_read_beneath() follows */
};
/* Nothing at all: root folder `empty`, own user, no capability, no new privileges, no core dump,
 * nobody of the same user may look in, no file (Landlock, where the kernel has it). `needs`: of
 * enum privileges_need. Only the system call filter is left to do. */
int privileges_worker(const char *empty, unsigned needs, struct err *e) mustcheck;

/* From now on files can be opened for reading only beneath this directory, wherever it is: Landlock
 * looks at the file's true place, so that neither "..", which would lead from `dir` out of the root
 * folder, nor a link leaves it. A second call narrows what the first has left. The calls named
 * landlock_* must be in the filter. */
int privileges_read_beneath(int dir, struct err *e) mustcheck;

#endif
