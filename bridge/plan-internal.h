/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan-internal.h — a part of planning that stands by itself. */
#ifndef BRIDGE_PLAN_INTERNAL_H
#define BRIDGE_PLAN_INTERNAL_H

#include "bridge/plan.h"

/* Append to `plan`, which has room for *cap steps, those that let edge ports forward: ports that
 * wait and ports that the plan attaches. -ENOMEM. */
int bridge_plan_edge_ports(const struct mirror *m, const struct bridge_want *want,
			   struct bridge_plan *plan, size_t *cap) mustcheck;

#endif
