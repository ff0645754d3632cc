/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resolved.h — networks with <domain register='yes'> at the host's systemd-resolved.
 *
 * On the link of the bridge it is told the network's server, the domain and the reverse zones for
 * routing only, that the link is no default route and that answers are not signed: so it asks the
 * network for these names and for nothing else. It forgets all of that when it ends, and is told
 * anew when another one appears on the bus. What it doesn't take, and that there is none, is a
 * condition (names-not-registered) and is tried again; a network runs in any case. Talks to the
 * system bus, and never waits for it. */
#ifndef NETD_RESOLVED_H
#define NETD_RESOLVED_H

#include "netd/controller/controller.h"
#include "netd/service/host-names.h"

struct resolved;

/* A bus that isn't there is looked for again later. NULL with a reason. */
struct resolved *resolved_new(struct controller *c, struct err *e) mustcheck;
/* What was told stays: bridges outlive netd, too. */
void resolved_free(struct resolved *r);

/* In these `r` may be NULL: then nothing happens. */

/* What the network's names are now; nothing is said that was said before. `h` is taken over, and
 * ended. */
void resolved_update(struct resolved *r, const struct net *n, struct host_names *h);
/* The network has stopped: take its names back. */
void resolved_forget(struct resolved *r, const struct net *n);

#endif
