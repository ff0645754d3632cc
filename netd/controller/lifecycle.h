/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lifecycle.h — what a network goes through: define, create, start, destroy, undefine, autostart.
 *
 *   undefined -(define)-> inactive -(start)-> active -(destroy)-> inactive -(undefine)-> gone
 *   undefined -(create)-> transient -(destroy)-> gone;  transient -(define)-> persistent
 *   active -(undefine)-> transient
 *
 * Each call is queued behind what the same network is already going through and ends with exactly
 * one call of `done`, never before the function has returned. Rules and words are those of
 * libvirt's network driver. */
#ifndef NETD_LIFECYCLE_H
#define NETD_LIFECYCLE_H

#include "netd/controller/controller.h"

/* `net` is what was acted on (NULL after a failed define of a new network); e->code is 0 on
 * success. */
typedef void lifecycle_done_fn(void *data, const struct net *net, const struct err *e);

/* `def` is taken over in every case. */
void lifecycle_define(struct controller *c, struct network *def, lifecycle_done_fn *done,
		      void *data);
void lifecycle_create(struct controller *c, struct network *def, lifecycle_done_fn *done,
		      void *data);

void lifecycle_start(struct controller *c, struct net *n, lifecycle_done_fn *done, void *data);
void lifecycle_destroy(struct controller *c, struct net *n, lifecycle_done_fn *done, void *data);
void lifecycle_undefine(struct controller *c, struct net *n, lifecycle_done_fn *done, void *data);
void lifecycle_set_autostart(struct controller *c, struct net *n, bool on, lifecycle_done_fn *done,
			     void *data);

/* A change of a part, made by a pure function: from the old definition a new, valid one. Called
 * once for each definition that is to change (so once when the network runs by the one on disk),
 * with whatever lifecycle_change() was given. */
typedef int lifecycle_change_fn(const void *how, const struct network *old, struct network **ret,
				struct err *e);

/* Among the flags: change the definition on disk, and the running one too if the network runs then.
 */
#define LIFECYCLE_CHANGE_ALL 0x100u

/* Apply it to the running network, to the one on disk, or to both (`flags`: RPC_AFFECT_*; 0: to the
 * running one if it runs, else to the one on disk). The running network goes on without a break;
 * when one of the two can't be changed, none is. A change that hands back network_share(old) leaves
 * that definition alone. `how` is freed by `free_how` in every case. */
void lifecycle_change(struct controller *c, struct net *n, unsigned flags,
		      lifecycle_change_fn *change, void *how, void (*free_how)(void *how),
		      lifecycle_done_fn *done, void *data);

/* Whether a network that runs by `now` can go on as `next`; ERR_OPERATION_UNSUPPORTED says what has
 * to be done. */
int lifecycle_check_live(const struct network *now, const struct network *next, struct err *e)
    mustcheck;

/* At the daemon's start: take up what runs, and start what is marked autostart unless somebody
 * stopped it in this boot. `done` is called once, when all of it has been tried, or while hook
 * scripts keep some of it waiting. Clients may be let in before: what runs is shown as active at
 * once (net.taking_up), and what they ask of a network waits until it has been taken up. */
void lifecycle_resume(struct controller *c, void (*done)(struct controller *c));

#endif
