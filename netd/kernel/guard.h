/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard.h — the guests' ports as the address services need them: from which port of a bridge a
 * datagram came, and that nobody but netd answers as a DHCP server or
 * router where netd is one, unless its port is trusted (<netd:trusted-port>). Who tries is dropped
 * (firewall/nft-guard.h) and shown as a condition as long as it goes on.
 *
 * Written a moment after ports or services have changed, by the kernel thread. Without it, on a
 * kernel that lacks what it needs, guests are served all the same: ports are then not known. */
#ifndef NETD_GUARD_H
#define NETD_GUARD_H

#include "base/clock.h"
#include "netd/controller/controller.h"

#define GUARD_GATHER_USEC (5 * USEC_PER_MSEC) /* changes are gathered so long */
#define GUARD_LOOK_USEC   (2 * USEC_PER_SEC)  /* between two looks for rogue servers */

struct guard;

/* Never fails for a lack in the kernel. NULL without memory. */
struct guard *guard_new(struct controller *c, struct err *e) mustcheck;
void guard_free(struct guard *g);
/* Ports, services or definitions have changed; g may be NULL. */
void guard_changed(struct guard *g);
/* Somebody may have touched the rules: write all of them. */
void guard_repair(struct guard *g);

#endif
