/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uplinks.h — the devices that are the way out of bridges (<netd:uplink>), and what the host had on
 * these bridges.
 *
 * While such a network runs, the host's addresses and routes are on its bridge and nowhere else.
 * Whoever removes the bridge removes them; then they are put on the next one, or at the network's
 * end on the device. So they are kept in a file below /var/lib/netd, which is written before the
 * device is taken, and each time that the host changes them. It holds for one boot: afterwards the
 * host's own configuration sets them anew. */
#ifndef NETD_UPLINKS_H
#define NETD_UPLINKS_H

#include "bridge/plan.h"
#include "netd/controller/controller.h"

struct uplinks;
struct kernel_socket;

struct uplinks *uplinks_new(struct controller *c, struct err *e) mustcheck;
/* Also frees what the registry's networks know, so before that is gone. */
void uplinks_free(struct uplinks *u);

/* At the controller's start, when it is known which networks run. */
void uplinks_load(struct uplinks *u);

/* Fill in want->uplink and what follows from it, also for a network that is being stopped. 0 or
 * -ENOMEM. */
int uplinks_want(const struct uplinks *u, const struct net *n, struct bridge_want *want) mustcheck;

/* What must be on disk before a plan is carried out; in the kernel thread. */
struct uplink_note;
/* NULL in *ret: nothing. */
int uplinks_note(const struct uplinks *u, const struct net *n, const struct bridge_plan *plan,
		 struct uplink_note **ret) mustcheck;
int uplink_note_run(struct uplink_note *note, struct kernel_socket *ks, struct err *e) mustcheck;
void uplink_note_free(struct uplink_note *note);

/* The plan was carried out, on `bridge` (0: which is no more), and the mirror has heard of it. */
void uplinks_done(struct uplinks *u, struct net *n, const struct bridge_plan *plan,
		  uint32_t bridge);

/* Whatever the mirror tells: networks that it concerns are looked at. */
void uplinks_heard(struct uplinks *u, const struct mirror_change *change);

/* The link is no guest's port, but the uplink of a network that runs, or ran until now. */
bool uplinks_is_one(const struct uplinks *u, const struct net *n, const struct mirror_link *l);

/* Whether the running network has its way out: a condition. From now on its uplink is watched. */
void uplinks_tell(struct uplinks *u, struct net *n);

/* The network is no more. */
void uplinks_forget(struct uplinks *u, struct net *n);

#endif
