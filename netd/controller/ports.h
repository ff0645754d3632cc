/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ports.h — the ports that VM managers ask for: objects, not devices. Who creates one is told what
 * to plug its guest into and does so itself; ports are what `connections`, bandwidth floors and
 * exclusive devices are counted by.
 *
 * Kept in RUN/ports, one file each, so that they outlive the daemon but not the host. A network's
 * ports go with it when it is destroyed. */
#ifndef NETD_PORTS_H
#define NETD_PORTS_H

#include "netd/controller/controller.h"
#include "network/port.h"

/* Read what an earlier life left; ports of networks that don't run are dropped. After
 * lifecycle_resume(). */
void ports_load(struct controller *c);
void ports_free(struct controller *c);

#define PORT_RECLAIM 1u /* the guest is plugged in already, as p->plug says */
#define PORT_SHAPED_BY_OWNER                                                                       \
	2u /* who asks limits the guest's link by itself; only the floor is ours */
/* `p` is taken over in every case. Unless it is reclaimed the plug is chosen here, and what the
 * same guest left behind for the same interface while netd didn't run is forgotten.
 * ERR_OPERATION_INVALID, ERR_NETWORK_PORT_EXIST and the refusals of
 * network_port_settle_virtualport() and network_port_check_floor(). */
int ports_create(struct controller *c, struct net *n, struct network_port *p, unsigned how,
		 struct err *e) mustcheck;
int ports_delete(struct controller *c, struct net *n, const struct uuid *u, struct err *e)
    mustcheck;
/* ERR_NO_NETWORK_PORT when there is none; the port stays ours. */
int ports_get(const struct controller *c, const struct net *n, const struct uuid *u,
	      struct network_port **ret, struct err *e) mustcheck;
/* After a change of *p: written again. */
int ports_save(const struct controller *c, const struct net *n, const struct network_port *p,
	       struct err *e) mustcheck;

/* Whether floors of `p` and of the network's other ports fit into its bandwidth. */
int ports_check_floor(const struct controller *c, const struct net *n, const struct network_port *p,
		      struct err *e) mustcheck;
/* Another bandwidth for port `p`: in force at once, and kept. ERR_OPERATION_INVALID when the floors
 * of the network's ports don't fit into its own. */
int ports_set_bandwidth(struct controller *c, struct net *n, struct network_port *p,
			const struct bandwidth *b, struct err *e) mustcheck;
/* The running definition was `was` until now: ports that have their group's bandwidth get what it
 * has now. */
void ports_follow_groups(struct controller *c, struct net *n, const struct network *was);

/* How many there are, and how many of them use each of the live definition's forward.interfaces:
 * users[] has a place for each, 0 at first; NULL: not asked. */
size_t ports_count(const struct controller *c, const struct net *n, unsigned *users);
typedef void ports_visit_fn(void *data, const struct network_port *p);
void ports_visit(const struct controller *c, const struct net *n, ports_visit_fn *visit,
		 void *data);

/* The network is gone: so are its ports. */
void ports_forget(struct controller *c, const struct net *n);

#endif
