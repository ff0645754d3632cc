/* SPDX-License-Identifier: GPL-2.0-or-later */
/* definitions.h — network definitions on disk.
 *
 *   ETC/networks/NAME.xml    the definition, written whole and durable
 *   ETC/autostart/NAME.xml   symbolic link to it: start with the daemon
 *   LIB/networks/NAME.xml    the last good copy, for the day the first is torn
 *   LIB/applied/NAME.xml     the folder that net-apply made it from
 *   RUN/networks/NAME.xml    by what a running network runs, in this boot
 *   RUN/stopped/NAME.xml     stopped by somebody in this boot: not autostarted again
 *
 * Loading never drops a network: a file that can't be read or parsed is replaced by its last good
 * copy, and when there is none the network is listed as broken with the reason. A file that has the
 * uuid of another network was copied from it, and gets one of its own; whichever of the two has a
 * last good copy is the original, else the first by name. Of two with one bridge name both are
 * kept; one can run. Files that are no definitions, and definitions whose file is gone, are told in
 * the log. */
#ifndef NETD_DEFINITIONS_H
#define NETD_DEFINITIONS_H

#include "netd/controller/controller.h"

/* Fill the registry at start: config and autostart of all, live of those that were running when the
 * daemon ended. Only the lack of memory or of the folders fails. */
int definitions_load(struct controller *c, struct err *e) mustcheck;

/* At SIGHUP: files that are new, or say something else than before, are defined as by a client, bit
 * by bit from the loop; a link in autostart/ counts from now on. What can't be read, and files that
 * have gone, change nothing and are told in the log. */
void definitions_reload(struct controller *c);

typedef void definitions_done_fn(void *data, const struct err *e);

/* Written by the file thread; `done` runs in the loop. Strings are copied. */
void definitions_save(struct controller *c, const char *name, const char *xml,
		      definitions_done_fn *done, void *data);
void definitions_remove(struct controller *c, const char *name, definitions_done_fn *done,
			void *data);
void definitions_set_autostart(struct controller *c, const char *name, bool on,
			       definitions_done_fn *done, void *data);

/* NULL: none. */
void definitions_set_source(struct controller *c, const char *name, const char *source,
			    definitions_done_fn *done, void *data);

/* The running state, synchronously and without fsync (it lives in memory): called by the kernel
 * thread's jobs. */
int definitions_save_running(const struct paths *p, const char *name, const char *xml,
			     struct err *e) mustcheck;
/* `on_request`: somebody asked for the stop, so it is to last until the next boot. */
int definitions_remove_running(const struct paths *p, const char *name, bool on_request,
			       struct err *e) mustcheck;

#endif
