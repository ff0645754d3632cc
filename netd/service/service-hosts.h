/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-hosts.h — a change of a few static hosts among many, said to the workers without the
 * rest. */
#ifndef NETD_SERVICE_HOSTS_H
#define NETD_SERVICE_HOSTS_H

#include "netd/service/workers.h"

/* The worker knows the network by the definition `before` (NULL: not at all). When n->live differs
 * from it in no more than some static hosts, say which, or nothing if there is nothing to say.
 * False: all has to be said. DHCPv6 hosts are always said all. */
bool service_tell_hosts(struct worker_proc *p, const struct net *n, const struct network *before)
    mustcheck;

#endif
