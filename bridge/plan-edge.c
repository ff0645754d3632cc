/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ports of a bridge with spanning tree are to forward without delay; how is told in stp.c. */
#include "bridge/plan-internal.h"

#include <errno.h>

static int add_step(struct bridge_plan *plan, size_t *cap, const struct mirror_link *port)
{
	if (GROW(plan->steps, *cap, plan->n_steps + 1) < 0)
		return -ENOMEM;
	plan->steps[plan->n_steps++] = (struct bridge_step){ .op = BRIDGE_FORWARD_PORT,
							     .ifindex = port->ifindex,
							     .link = port->row };
	return 0;
}

static const struct mirror_link *attached_edge_port(const struct mirror *m,
						    const struct bridge_step *s)
{
	const struct mirror_link *l = NULL;

	if (s->op == BRIDGE_ATTACH_PORT && s->change & PORT_CHANGE_BRIDGE)
		l = mirror_by_ifindex(m, s->ifindex);
	return l && mirror_is_edge(l) ? l : NULL;
}

int bridge_plan_edge_ports(const struct mirror *m, const struct bridge_want *want,
			   struct bridge_plan *plan, size_t *cap)
{
	const struct mirror_link *bridge = mirror_by_ifindex(m, plan->ifindex), *l = NULL;
	size_t n = plan->n_steps;
	int r = 0;

	if (!want->running || !want->link.stp)
		return 0;
	for (size_t i = 0; i < n && r == 0; i++)
		if ((l = attached_edge_port(m, &plan->steps[i])))
			r = add_step(plan, cap, l);
	l = NULL;
	while (r == 0 && bridge && bridge->kernel_stp &&
	       (l = mirror_next_waiting(m, bridge->ifindex, l)))
		r = add_step(plan, cap, l);
	return r;
}
