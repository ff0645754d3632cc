/* SPDX-License-Identifier: GPL-2.0-or-later */
/* paths.h — where netd's files are. Everything lies below one root ("/" unless --root says
 * otherwise), so that many instances run side by side. */
#ifndef NETD_PATHS_H
#define NETD_PATHS_H

#include "base/err.h"

/* Long enough for every path below the longest root; a root is that short so that the doors' names
 * fit into a struct sockaddr_un. */
#define PATHS_ROOT_MAX 74
#define PATHS_MAX      108

struct paths {
	char root[PATHS_MAX];        /* absolute, without a slash at its end; "" for "/" */
	char etc[PATHS_MAX];         /* ROOT/etc/netd */
	char conf[PATHS_MAX];        /* ROOT/etc/netd/netd.conf */
	char rules[PATHS_MAX];       /* ROOT/etc/netd/rules: own rules by network */
	char networks[PATHS_MAX];    /* ROOT/etc/netd/networks: NAME.xml */
	char autostart[PATHS_MAX];   /* ROOT/etc/netd/autostart: links to them */
	char lib[PATHS_MAX];         /* ROOT/var/lib/netd */
	char leases[PATHS_MAX];      /* ROOT/var/lib/netd/leases.db */
	char log[PATHS_MAX];         /* ROOT/var/log/netd.log */
	char run[PATHS_MAX];         /* ROOT/run/netd */
	char lock[PATHS_MAX];        /* ROOT/run/netd/lock */
	char empty[PATHS_MAX];       /* ROOT/run/netd/empty: the workers' root folder */
	char run_libvirt[PATHS_MAX]; /* ROOT/run/libvirt */
	char door_rw[PATHS_MAX];     /* ROOT/run/libvirt/virtnetworkd-sock */
	char door_ro[PATHS_MAX];     /* ROOT/run/libvirt/virtnetworkd-sock-ro */
};

/* Fill *p for a root folder, NULL or "" for "/". A relative one is taken from the current folder.
 * Touches nothing. */
int paths_init(struct paths *p, const char *root, struct err *e) mustcheck;

/* Make the folders: those of our own 0700 where secrets or definitions are (etc, lib), 0755 where
 * others look in (run, run/libvirt), and `empty` 0555. Fails when one exists and belongs to
 * somebody else or may be written by others. */
int paths_make(const struct paths *p, struct err *e) mustcheck;

#endif
