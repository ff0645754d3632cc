/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ports-internal.h — what the files of the ports share.
 *
 * ports.c         the objects: on disk, coming and going
 * ports-plug.c    what a new port gets: the plug, its share of the bandwidth
 * ports-known.c   found by UUID and MAC; classes and floors that are taken
 * ports-device.c  ports whose interface netd makes
 * ports-list.c    who hangs on a network, for people */
#ifndef NETD_PORTS_INTERNAL_H
#define NETD_PORTS_INTERNAL_H

#include "netd/controller/ports-known.h"
#include "netd/controller/ports.h"

/* Of network `n`, or of any when NULL; not the hidden ones. */
struct port *ports_find(const struct controller *c, const struct net *n, const struct uuid *u);
/* Free it, without touching its file. */
void ports_drop(struct controller *c, struct port *port);
void ports_remove_file(const struct controller *c, const struct port *port);

/* How many ports are plugged into the device, or the PCI function. */
size_t ports_users_of(const struct controller *c, const struct net *n,
		      const struct forward_interface *i);

/* Whether `p` may be on `n`, and everything it gets there. */
int ports_complete(struct controller *c, struct net *n, struct network_port *p, bool reclaim,
		   struct err *e) mustcheck;
/* A new, shown port; takes `p` over in every case. NULL when out of memory. */
struct port *ports_insert(struct controller *c, struct net *n, struct network_port *p,
			  struct err *e) mustcheck;

/* The link that a port's interface of this MAC has on the host: it bears the MAC itself, or as
 * libvirt's taps and ours do, with 0xfe in front. `master` 0: wherever. NULL: none. */
const struct mirror_link *ports_link(const struct controller *c, const struct mac *mac,
				     uint32_t master);

/* ports-device.c: the device of a port that was read from its file. False: there is none any
 * more. */
bool ports_find_device(struct controller *c, struct port *port);

#define ports_foreach(var, c) list_foreach (var, &(c)->ports, struct port, of_net)

#endif
