/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shaping.h — which networks' bandwidth is to be set in the kernel, and when: at their start, when
 * the definition changes, when the bridge or the ifb is another one, and when somebody else touches
 * their queueing disciplines. reconcile.c has it done by the kernel thread.
 *
 * The kernel is not asked what it holds: such questions are told to every listener like changes.
 * Setting what is there already changes nothing. */
#ifndef NETD_SHAPING_H
#define NETD_SHAPING_H

#include "bridge/shape.h"
#include "netd/controller/controller.h"

/* Whether something is to be set now; then *ret is what. `wanted`: the network is to run. */
bool shaping_due(const struct controller *c, const struct net *n, bool wanted,
		 struct shape_row *ret);
/* It was set on `bridge`, and the mirror has heard of it. */
void shaping_done(struct controller *c, struct net *n, uint32_t bridge, const struct shape_row *row,
		  const struct shape_result *result);
/* True when the change is about the network's bandwidth. */
bool shaping_heard(struct net *n, const struct mirror_change *change);

#endif
