/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shaping.h — which bandwidth is to be set in the kernel, and when: of networks at their start,
 * when the definition changes, when the bridge or the ifb is another one, and when somebody else
 * touches their queueing disciplines; of ports when they come, when a VM manager or their portgroup
 * says otherwise, and likewise. reconcile.c has it done by the kernel thread.
 *
 * A port's limits are those of the port that a VM manager made for its MAC; without one, those of
 * the default portgroup. What its VM manager sets on the link by itself (libvirt's drivers do) is
 * not ours, nor is what anybody else has put there.
 *
 * The kernel is not asked what it holds: such questions are told to every listener like changes.
 * Setting what is there already changes nothing. */
#ifndef NETD_SHAPING_H
#define NETD_SHAPING_H

#include "bridge/shape.h"
#include "netd/controller/controller.h"

struct shaping_port {
	uint32_t ifindex;
	bool gone;
	char name[LINK_NAME_MAX];
	struct shape_row want;
	struct shape_result result;
};

/* What is to be set now, and what came of it. */
struct shaping_work {
	bool bridge; /* the network's own */
	bool repair; /* because others have touched it */
	struct uuid network;
	struct shape_want want;
	struct shape_floors had; /* want.had, when it isn't NULL */
	struct shape_result result;
	struct shaping_port *ports;
	size_t n_ports;
};

/* `wanted`: the network is to run. 0 or -ENOMEM; ends with shaping_work_done() in any case. */
int shaping_due(const struct controller *c, const struct net *n, bool wanted,
		struct shaping_work *ret) mustcheck;
static inline bool shaping_is_due(const struct shaping_work *w)
{
	return w->bridge || w->n_ports;
}
void shaping_work_done(struct shaping_work *w);
/* In the kernel thread. `anew`: whatever the bridge has, it isn't known. */
void shaping_run(struct kernel_socket *ks, struct shaping_work *w, uint32_t bridge, bool anew);
/* It was done on `bridge`, and the mirror has heard of it. */
void shaping_done(struct controller *c, struct net *n, uint32_t bridge, struct shaping_work *w);
/* For people, one line for each. */
void shaping_text(const struct shaping_work *w, const char *bridge, struct text *out);

/* True when the change is about the network's bandwidth. */
bool shaping_heard(struct net *n, const struct mirror_change *change);
/* Events were lost, or everything is to be looked at again. */
void shaping_forget(struct net *n);
/* Whether a link that hangs on the network's bridge now is to be limited and isn't, or the reverse.
 */
bool shaping_wants(const struct controller *c, const struct net *n, const struct mirror_link *port);
/* The network is gone: what is remembered of it, too. */
void shaping_free(struct net *n);

/* At the controller's start, when it is known which networks run: ifbs of ports and networks that
 * are no more. */
void shaping_sweep(struct controller *c);

#endif
