/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reconcile.h — makes the kernel hold what a network's definition says. The only writer of links,
 * addresses, routes and rules: start, stop, repair and the take-over after a restart are this one
 * call.
 *
 * Level-triggered: it looks at what is wanted now (n->live, or nothing while it is stopping) and at
 * what the mirror says is there, has the difference applied by the kernel thread, and looks again.
 * No difference, no write. */
#ifndef NETD_RECONCILE_H
#define NETD_RECONCILE_H

#include "firewall/firewall.h"
#include "netd/controller/controller.h"

struct fw_kernel;
struct kernel_socket;
struct reconcile;

/* Opens the kernel's sockets and takes the first snapshot (c->mirror is set). NULL with a reason.
 */
struct reconcile *reconcile_new(struct controller *c, struct err *e) mustcheck;
void reconcile_free(struct reconcile *r);

/* e->code is 0 when the kernel holds what is wanted. n->ifindex is up to date then. */
typedef void reconcile_done_fn(void *data, const struct err *e);

/* Bring the whole table of rules in order, whoever left it as it is. At start, when no network may
 * follow. */
void reconcile_rules(struct reconcile *r);

/* Take over the settings of c->config; what they change is done by the next reconcile_audit(). */
void reconcile_configure(struct reconcile *r);

/* Something about the network may have changed: repair it when it isn't as wanted. Nobody waits. */
void reconcile_look(struct reconcile *r, const struct net *n);

/* Read the kernel anew, also what changes without an event, and repair what isn't as wanted. */
void reconcile_audit(struct reconcile *r);

/* One call at a time for each network (lifecycle sees to it); never calls `done` before it has
 * returned. */
void reconcile_network(struct reconcile *r, struct net *n, reconcile_done_fn *done, void *data);

/* What reconcile_network() would do now, as text; NULL when out of memory. */
char *reconcile_plan_text(struct reconcile *r, const struct network *def) mustcheck;

/* Take in what the kernel has told the mirror up to now. */
void reconcile_read_mirror(struct reconcile *r);

/* For jobs of the kernel thread (netd/kernel/guests.c, netd/kernel/rules.c): the sockets that it
 * owns. */
struct kernel_socket *reconcile_kernel_socket(struct reconcile *r);
struct fw_kernel *reconcile_rules_kernel(struct reconcile *r);
/* The settings, with the network's own rules. */
struct fw_options reconcile_rules_options(const struct reconcile *r, const char *network);

/* At the daemon's end, after the kernel thread has ended: leave nothing behind but what running
 * networks need. Takes 35 ms for each parked bridge. */
void reconcile_leave(struct reconcile *r);

#endif
