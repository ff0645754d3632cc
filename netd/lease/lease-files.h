/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lease-files.h — leases and guests where libvirt's programs look for them: BRIDGE.status and
 * BRIDGE.macs in /var/lib/libvirt/dnsmasq (below the root folder), which libnss-libvirt and many a
 * script read. Only with `libvirt_lease_files = yes` in netd.conf.
 *
 * Written whole, by the thread that may wait for the disk, LEASE_FILES_USEC after the first of what
 * they are to show. A network's files stay when it is stopped and go when it is forgotten. */
#ifndef NETD_LEASE_FILES_H
#define NETD_LEASE_FILES_H

#include "base/clock.h"
#include "netd/controller/controller.h"

#define LEASE_FILES_USEC (50 * USEC_PER_MSEC)

struct lease_files;

struct lease_files *lease_files_new(struct controller *c, struct err *e) mustcheck;
void lease_files_free(struct lease_files *f);

/* In these `f` may be NULL: then nothing happens. */

/* A lease of the network, or the MAC of a guest on it, has come, changed or gone. */
void lease_files_changed(struct lease_files *f, struct net *n);
/* The settings were read again: all networks. */
void lease_files_reload(struct lease_files *f);
/* The network is gone for good. */
void lease_files_forget(struct lease_files *f, const struct net *n);

#endif
