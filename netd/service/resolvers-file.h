/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resolvers-file.h — RUN/netd/resolvers: which names the host's own resolver can ask which network
 * for, for hosts without systemd-resolved.
 *
 * A line for each domain and reverse zone of the running networks that have a domain of their own
 * (localOnly='yes'): "NAME SERVER PORT NETWORK", with a blank between, sorted as networks are; the
 * network's name is the rest of the line. Lines that begin with # are comments. The file is
 * replaced as a whole, after a turn of the loop, when its text has changed. */
#ifndef NETD_RESOLVERS_FILE_H
#define NETD_RESOLVERS_FILE_H

#include "netd/controller/controller.h"

struct resolvers_file;

/* Writes it anew, whatever is there of an earlier life. NULL with a reason. */
struct resolvers_file *resolvers_file_new(struct controller *c, struct err *e) mustcheck;
void resolvers_file_free(struct resolvers_file *f);
/* What some network serves has changed. `f` may be NULL: then nothing happens. */
void resolvers_file_changed(struct resolvers_file *f);

#endif
