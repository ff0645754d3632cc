/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens to a plan beside being made for a network: clearing parked bridges away, and the
 * end. */
#include "bridge/plan.h"

int bridge_plan_remove_parked(const struct mirror *m, size_t keep, size_t max,
			      struct bridge_plan *ret, struct err *e)
{
	struct bridge_plan p = { 0 };
	const struct mirror_link *l = NULL;
	size_t cap = 0;

	while (p.n_steps < max && (l = mirror_next_parked(m, l))) {
		if (keep) {
			keep--;
			continue;
		}
		if (GROW(p.steps, cap, p.n_steps + 1) < 0) {
			bridge_plan_done(&p);
			return err_set(e, ERR_NO_MEMORY, "out of memory");
		}
		p.steps[p.n_steps++] = (struct bridge_step){ .op = BRIDGE_REMOVE_LINK,
							     .ifindex = l->ifindex,
							     .link = l->row };
	}
	*ret = p;
	return 0;
}

void bridge_plan_done(struct bridge_plan *p)
{
	free(p->steps);
	free(p->lost);
	*p = (struct bridge_plan){ 0 };
}
