/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper-log.h — where standard error goes once netd is in the background. */
#ifndef NETD_KEEPER_LOG_H
#define NETD_KEEPER_LOG_H

#include "netd/process/paths.h"

/* The journal, if there is one and the root folder is "/"; otherwise the file paths->log, with the
 * time before each line. All three programs write there. */
int keeper_log_to_background(const struct paths *p, struct err *e) mustcheck;
/* Move the file's content to FILE.1 when it has grown beyond 8 MiB; to be called now and then. */
void keeper_log_bound(const struct paths *p);

#endif
