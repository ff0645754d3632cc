/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-files-internal.h — what the files of the files role share.
 *
 * role-files.c: the one network, its folder, messages; -tftp.c: datagrams; -http.c: connections. */
#ifndef NETD_ROLE_FILES_INTERNAL_H
#define NETD_ROLE_FILES_INTERNAL_H

#include "base/list.h"
#include "netd/messages/messages-files.h"
#include "netd/worker/worker.h"

#include <sys/epoll.h>
#include <sys/stat.h>

#define FILES_CONNECTIONS_MAX 128
#define FILES_PER_CLIENT_MAX  16
#define FILES_HEAD_SEC        15 /* for a request to come, counted from the last answer's end */
#define FILES_STUCK_SEC       30 /* for a client to take something of its answer */

struct files_tftp; /* buffers */

struct files_role {
	struct worker *w;
	uint32_t net_id; /* 0: nothing to do yet */
	int root;
	int requests, data[FILES_DATA_SOCKETS], http, http6; /* -1: none */
	struct tftp *tftp;
	struct files_tftp *packets;
	struct list connections;
	unsigned n_connections;
	uint64_t n_http; /* requests */
	usec_t deadline; /* what the frame was told */
	struct message_files_counters told;
	usec_t counters_at; /* USEC_INFINITY: nothing has moved */
};

/* role-files.c */
/* A regular file beneath the root that everybody may read: a descriptor, with *ret filled, or
 * -errno. */
int role_files_open(const struct files_role *role, const char *path, struct stat *ret) mustcheck;
/* After anything was done: the deadline is set. */
void role_files_settle(struct files_role *role, usec_t now);

/* role-files-tftp.c */
/* False: out of memory. */
bool role_files_tftp_start(struct files_role *role, unsigned mtu) mustcheck;
worker_ready_fn role_files_tftp_ready; /* data: the role */
void role_files_tftp_tick(struct files_role *role, usec_t now);

/* role-files-http.c */
worker_ready_fn role_files_http_ready; /* the listener; data: the role */
usec_t role_files_http_deadline(const struct files_role *role);
void role_files_http_tick(struct files_role *role, usec_t now);

#endif
