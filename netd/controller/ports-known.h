/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ports-known.h — the ports that there are: found by UUID, and on a network by MAC, and the classes
 * and floors that they have taken. What a port may be, and its file, are ports.c's.
 *
 * Nothing here grows with the number of a network's ports but memory. */
#ifndef NETD_PORTS_KNOWN_H
#define NETD_PORTS_KNOWN_H

#include "base/table.h"
#include "netd/controller/controller.h"
#include "network/port.h"

#define CLASS_ID_FIRST 3    /* 1 and 2 are the network's own */
#define CLASS_ID_MAX   4095 /* what a filter's number has room for */

struct port {
	struct list of_net; /* of controller.ports */
	struct uuid net;
	struct network_port *p;
	bool loaded; /* made before this life of ours */
	bool hidden; /* its device is being made or removed: it holds what it has, no more */
	bool shaped_by_owner; /* its VM manager limits the guest's link by itself */
	uint32_t ifindex;     /* of its device; 0: none (yet) */
	uint32_t link;        /* the link that it was found to have on the host; 0: none yet */
	uint32_t master;      /* the bridge that the device was last seen on */
	/* The rest is ports-known.c's. */
	struct net *owner;
	struct list in_net;        /* of net_ports */
	struct table_node by_uuid; /* of controller.ports_by_uuid */
	struct table_node by_mac;  /* of net_ports, unless `shadowed` */
	uint8_t mac_key[6]; /* its first octet counts not: a tap's differs from its guest's */
	bool shadowed;      /* another port of this MAC is newer */
};

struct net_ports {
	struct list ports; /* by in_net, in the order of their making */
	struct table by_mac;
	size_t n;
	size_t n_behind; /* how often one was found behind a link of another MAC */
	uint64_t floors; /* kilobytes per second, the sum */
	uint64_t classes[(CLASS_ID_MAX + 1) / 64];
};

/* Also a hidden one. */
struct port *ports_known(const struct controller *c, const struct uuid *u);
/* The newest port of that MAC, or NULL. `tap`: a tap's, whose first octet is not its guest's. */
struct port *ports_known_mac(const struct net *n, const struct mac *mac, bool tap);

/* Whether the port is known from now on: its UUID must be new. Its class and floor are taken. 0 or
 * -ENOMEM. */
int ports_know(struct controller *c, struct net *n, struct port *port) mustcheck;
void ports_unknow(struct controller *c, struct port *port);
/* Put another bandwidth in the place of the port's; what is counted follows. */
void ports_replace_bandwidth(struct port *port, const struct bandwidth *b);

/* A class for a port with a floor in p->class_id; what it says is tried first.
 * ERR_OPERATION_INVALID when all are taken. */
int ports_choose_class(const struct net *n, struct network_port *p, struct err *e) mustcheck;
/* The sum of floors of all ports but `p`, in kilobytes per second. */
uint64_t ports_other_floors(const struct controller *c, const struct net *n,
			    const struct network_port *p);

#endif
