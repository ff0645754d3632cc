/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/shaping.h"

#include "netd/controller/conditions.h"

#include <string.h>

struct net_shape {
	struct shape_row row;
	uint32_t bridge;
	bool touched; /* by somebody else, since */
	struct shape_result result;
};

bool shaping_due(const struct controller *c, const struct net *n, bool wanted,
		 struct shape_row *ret)
{
	const struct mirror_link *bridge = mirror_by_uuid(c->mirror, &n->uuid);

	*ret = (struct shape_row){ 0 };
	if (wanted && n->live)
		shape_wanted(n->live, ret);
	if (!n->shape)
		return !shape_is_empty(ret);
	return n->shape->touched || !shape_equal(ret, &n->shape->row) || !bridge ||
	       bridge->ifindex != n->shape->bridge;
}

static void tell(const struct controller *c, const struct net *n, const char *way,
		 const char *trouble)
{
	if (*trouble)
		conditions_raise(c->conditions, n, CONDITION_BANDWIDTH, way,
				 "%s bandwidth is not limited: %s", way, trouble);
	else
		conditions_clear(c->conditions, n, CONDITION_BANDWIDTH, way);
}

void shaping_done(struct controller *c, struct net *n, uint32_t bridge, const struct shape_row *row,
		  const struct shape_result *result)
{
	tell(c, n, "inbound", result->trouble_to);
	tell(c, n, "outbound", result->trouble_from);
	if (shape_is_empty(row)) {
		free(n->shape);
		n->shape = NULL;
		list_remove(&n->shaped);
		return;
	}
	if (!n->shape && (n->shape = calloc(1, sizeof(*n->shape))))
		list_add_tail(&c->registry.shaped, &n->shaped);
	if (n->shape)
		*n->shape = (struct net_shape){ .row = *row, .bridge = bridge, .result = *result };
}

bool shaping_heard(struct net *n, const struct mirror_change *change)
{
	bool ifb = n->shape && n->shape->result.ifb && change->ifindex == n->shape->result.ifb;
	bool bridge = n->shape && change->ifindex == n->shape->bridge;

	if (!(change->what == MIRROR_SHAPE && (ifb || bridge)) &&
	    !(change->what == MIRROR_LINK && ifb))
		return false;
	n->shape->touched = true;
	return true;
}
