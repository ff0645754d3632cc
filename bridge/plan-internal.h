/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan-internal.h — what the files of planning share: the two sides of the difference
 * (plan-rows.c), and the part about edge ports (plan-edge.c). */
#ifndef BRIDGE_PLAN_INTERNAL_H
#define BRIDGE_PLAN_INTERNAL_H

#include "base/diff.h"
#include "bridge/plan.h"

enum {
	RANK_LINK = 1,
	RANK_SYSCTL,
	RANK_UP,
	RANK_PORT,
	RANK_ADDR,
	RANK_ROUTE,
	RANK_UPLINK,
	RANK_FORWARD
};

/* One row of either side: the diff's part and the value behind it. */
struct item {
	union {
		struct link_row link;
		struct addr_row addr;
		struct route_row route;
		struct sysctl_row sysctl;
		struct port_row port;
	};
	uint32_t ifindex;
	char dev[LINK_NAME_MAX];
};

struct side {
	struct diff_row *rows;
	struct item **items; /* rows[].object; kept apart because rows are sorted */
	size_t n, cap_rows, cap_items;
	bool failed;
};

struct planner {
	const struct mirror *m;
	const struct bridge_want *want;
	const struct mirror_link *link; /* as it is now, or NULL */
	struct side wanted, found;
	struct bridge_plan plan;
	size_t cap_steps;
	struct bridge_step spare; /* written to without memory */
	bool failed;
};

/* Fill p->wanted from p->want, and then p->found from the mirror. What runs out of memory shows in
 * side.failed. */
void plan_collect_wanted(struct planner *p);
void plan_collect_found(struct planner *p);
/* The bridge as it is, as far as it can be compared with the wanted one. */
struct link_row plan_found_link(const struct planner *p);
void plan_side_done(struct side *s);

struct bridge_step *plan_add_step(struct planner *p, enum bridge_op op, uint32_t ifindex);

/* plan-uplink.c: what must come before all else, and what comes last. */
int plan_uplink_first(struct planner *p, struct err *e) mustcheck;
int plan_uplink_last(struct planner *p, struct err *e) mustcheck;

/* Append to `plan`, which has room for *cap steps, those that let edge ports forward: ports that
 * wait and ports that the plan attaches. -ENOMEM. */
int bridge_plan_edge_ports(const struct mirror *m, const struct bridge_want *want,
			   struct bridge_plan *plan, size_t *cap) mustcheck;

#endif
