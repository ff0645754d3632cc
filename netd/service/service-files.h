/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-files.h — what a network with <tftp root='…'> needs for its boot files: the folder, the
 * sockets, the word to its worker. A part of netd/service/services.c. */
#ifndef NETD_SERVICE_FILES_H
#define NETD_SERVICE_FILES_H

#include "netd/messages/messages-files.h"
#include "netd/service/workers.h"
#include "network/network.h"

/* The folder; NULL when no files are served. One for each network, as libvirt has it. */
const char *service_files_root(const struct network *def);

/* Whether there is none, or it can be served. */
int service_files_check(const struct network *def, struct err *e) mustcheck;

/* The descriptor with that number in MSG_FILES_SERVE, or -errno with *e filled. `address` is the
 * gateway's, of the family that is meant. */
int service_files_open(const struct network *def, unsigned which, const struct ip *address,
		       struct err *e) mustcheck;

/* Say it to a process that has been told nothing yet. fds: all FILES_FD_COUNT, -1 for no HTTP. */
void service_files_tell(struct worker_proc *p, uint32_t net_id, const struct network *def,
			const int *fds);

#endif
