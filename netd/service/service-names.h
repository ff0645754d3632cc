/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-names.h — what the dhcp worker is told of guests' names, which VM managers give with
 * their ports: a guest that sends none gets it, and nobody else does. Ports that come and go later:
 * services_guest_came(), services_guest_went(). */
#ifndef NETD_SERVICE_NAMES_H
#define NETD_SERVICE_NAMES_H

#include "netd/controller/controller.h"
#include "netd/service/workers.h"

/* All ports of a network that the worker doesn't know yet. */
void service_names_tell(struct worker_proc *p, const struct net *n, const struct controller *c);
#endif
