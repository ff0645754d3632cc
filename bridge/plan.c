/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Planning: wanted rows and the mirror's rows become keyed rows for base/diff.h, and its steps
 * become those of the bridge. What the kernel takes away by itself is foreseen here (secondary
 * addresses go with their primary, IPv4 routes with the last address), so that one plan is always
 * enough. */
#include "bridge/plan-internal.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct bridge_step *plan_add_step(struct planner *p, enum bridge_op op, uint32_t ifindex)
{
	if (GROW(p->plan.steps, p->cap_steps, p->plan.n_steps + 1) < 0) {
		p->failed = true;
		return &p->spare;
	}
	struct bridge_step *s = &p->plan.steps[p->plan.n_steps++];
	*s = (struct bridge_step){ .op = op, .ifindex = ifindex };
	return s;
}

/* Steps of links */

static const struct mirror_link *parked_one(const struct mirror *m)
{
	const struct mirror_link *l = NULL;

	/* A port that came too late for its network's end must not join another network. */
	while ((l = mirror_next_parked(m, l)))
		if (!(l->flags & IFF_UP) && !mirror_next_port(m, l->ifindex, NULL))
			return l;
	return NULL;
}

static void step_add_link(struct planner *p)
{
	const struct mirror_link *parked = parked_one(p->m);
	struct bridge_step *s = plan_add_step(p, BRIDGE_ADD_LINK, 0);

	s->link = p->want->link;
	s->recycle = parked ? parked->ifindex : 0;
	s->stp_before = parked && parked->row.stp;
}

static void step_change_link(struct planner *p)
{
	const struct link_row found = plan_found_link(p), *w = &p->want->link, *h = &found;
	struct bridge_step *s = plan_add_step(p, BRIDGE_CHANGE_LINK, p->link->ifindex);

	s->link = *w;
	s->stp_before = h->stp;
	s->change = (strcmp(w->name, h->name) ? LINK_CHANGE_NAME : 0) |
		    (strcmp(w->alias, h->alias) ? LINK_CHANGE_ALIAS : 0) |
		    (mac_equal(&w->mac, &h->mac) ? 0 : LINK_CHANGE_MAC) |
		    (w->mtu == h->mtu ? 0 : LINK_CHANGE_MTU) |
		    (w->stp == h->stp ? 0 : LINK_CHANGE_STP) |
		    (w->hello_cs == h->hello_cs ? 0 : LINK_CHANGE_HELLO) |
		    (w->vlan_filtering == h->vlan_filtering ? 0 : LINK_CHANGE_VLANS) |
		    (w->forward_delay_cs == h->forward_delay_cs ? 0 : LINK_CHANGE_DELAY);
}

static void step_link_up(struct planner *p)
{
	struct bridge_step *s = plan_add_step(p, BRIDGE_LINK_UP, p->plan.ifindex);

	s->link = p->want->link;
	if (!p->link)
		s->change = LINK_CHANGE_ALIAS | LINK_CHANGE_MTU;
}

static void step_attach_port(struct planner *p, enum diff_op op, const struct item *it)
{
	struct bridge_step *s = plan_add_step(p, BRIDGE_ATTACH_PORT, it->ifindex);

	copy_text(s->link.name, sizeof(s->link.name), it->port.name);
	s->isolated = it->port.isolated;
	s->change = PORT_CHANGE_ISOLATED | (op == DIFF_CHANGE ? 0 : PORT_CHANGE_BRIDGE);
}

/* Steps from the diff */

static void step_delete(struct planner *p, const struct diff_row *row)
{
	const struct item *it = row->object;
	struct bridge_step *s;

	switch (row->rank) {
	case RANK_LINK:
		plan_add_step(p, BRIDGE_PARK_LINK, p->link->ifindex)->link = it->link;
		break;
	case RANK_PORT:
		s = plan_add_step(p, BRIDGE_RELEASE_PORT, it->ifindex);
		s->link = it->link;
		break;
	case RANK_ADDR:
		plan_add_step(p, BRIDGE_DELETE_ADDR, p->link->ifindex)->addr = it->addr;
		break;
	case RANK_ROUTE:
		plan_add_step(p, BRIDGE_DELETE_ROUTE, p->link->ifindex)->route = it->route;
		break;
	}
}

static void step_add(struct planner *p, enum diff_op op, const struct diff_row *row)
{
	const struct item *it = row->object;
	struct bridge_step *s;

	switch (row->rank) {
	case RANK_LINK:
		if (op == DIFF_CHANGE)
			step_change_link(p);
		else
			step_add_link(p);
		break;
	case RANK_UP:
		step_link_up(p);
		break;
	case RANK_PORT:
		step_attach_port(p, op, it);
		break;
	case RANK_ADDR:
		plan_add_step(p, BRIDGE_ADD_ADDR, p->plan.ifindex)->addr = it->addr;
		break;
	case RANK_ROUTE:
		s = plan_add_step(p, op == DIFF_CHANGE ? BRIDGE_CHANGE_ROUTE : BRIDGE_ADD_ROUTE,
				  p->plan.ifindex);
		s->route = it->route;
		break;
	default: /* sysctls */
		plan_add_step(p, BRIDGE_SET_SYSCTL, it->ifindex)->sysctl = it->sysctl;
	}
}

static bool removes_addr(const struct diff_step *s)
{
	return s->have && s->have->rank == RANK_ADDR &&
	       (s->op == DIFF_DELETE || s->op == DIFF_CHANGE);
}

static bool is_removed(const struct diff_step *steps, size_t n, const struct diff_row *row)
{
	for (size_t i = 0; i < n; i++)
		if (removes_addr(&steps[i]) && steps[i].have == row)
			return true;
	return false;
}

static bool same_subnet(const struct addr_row *a, const struct addr_row *b)
{
	return a->address.family == AF_INET && b->address.family == AF_INET &&
	       a->prefix == b->prefix && ip_in_prefix(&a->address, &b->address, b->prefix);
}

/* Whether the kernel drops the secondary address `a`, because its primary is being removed. */
static bool loses_primary(const struct diff_step *steps, size_t n, const struct addr_row *a)
{
	for (size_t i = 0; i < n && a->secondary; i++) {
		const struct item *gone = removes_addr(&steps[i]) ? steps[i].have->object : NULL;
		if (gone && !gone->addr.secondary && same_subnet(a, &gone->addr))
			return true;
	}
	return false;
}

/* Add again what the removals above take along: secondary addresses, and all IPv4 routes once no
 * IPv4 address is left for a moment. */
static void restore_addrs(struct planner *p, const struct diff_step *steps, size_t n,
			  bool *ret_emptied)
{
	size_t before = 0, kept = 0;

	for (size_t i = 0; i < p->found.n; i++) {
		const struct diff_row *row = &p->found.rows[i];
		const struct item *it = row->object;
		if (row->rank != RANK_ADDR || it->addr.address.family != AF_INET)
			continue;
		before++;
		if (is_removed(steps, n, row))
			continue;
		if (loses_primary(steps, n, &it->addr))
			plan_add_step(p, BRIDGE_ADD_ADDR, p->link->ifindex)->addr = it->addr;
		else
			kept++;
	}
	*ret_emptied = before && !kept;
}

static bool has_step(const struct diff_step *steps, size_t n, const struct diff_row *want)
{
	for (size_t i = 0; i < n; i++)
		if (steps[i].want == want)
			return true;
	return false;
}

static void restore_routes(struct planner *p, const struct diff_step *steps, size_t n)
{
	for (size_t i = 0; i < p->wanted.n; i++) {
		const struct diff_row *row = &p->wanted.rows[i];
		const struct item *it = row->object;
		if (row->rank == RANK_ROUTE && it->route.destination.family == AF_INET &&
		    !has_step(steps, n, row))
			plan_add_step(p, BRIDGE_CHANGE_ROUTE, p->link->ifindex)->route = it->route;
	}
}

static void translate(struct planner *p, const struct diff_step *steps, size_t n)
{
	bool emptied = false;
	size_t i;

	for (i = 0; i < n; i++)
		if (steps[i].op == DIFF_DELETE || removes_addr(&steps[i]))
			step_delete(p, steps[i].have);
	for (i = 0; i < n && (steps[i].op == DIFF_DELETE || steps[i].want->rank <= RANK_ADDR); i++)
		if (steps[i].op != DIFF_DELETE)
			step_add(p, steps[i].op, steps[i].want);
	if (p->link && p->want->running) {
		restore_addrs(p, steps, n, &emptied);
		if (emptied)
			restore_routes(p, steps, n);
	}
	for (; i < n; i++)
		step_add(p, steps[i].op, steps[i].want);
}

/* Conflicts */

static int refuse_link(const struct mirror_link *l, const char *name, struct err *e)
{
	char uuid[UUID_TEXT_MAX];

	if (l->ours)
		return err_sys(
		    e, EEXIST,
		    "error creating bridge interface %s: it is the bridge of the network with "
		    "UUID %s",
		    name, uuid_format(&l->uuid, uuid));
	return err_sys(
	    e, EEXIST,
	    "error creating bridge interface %s: a link of this name, %s with ifindex %u, was "
	    "not made by netd; remove it or choose another bridge name",
	    name, l->kind_text[0] ? l->kind_text : "a device", l->ifindex);
}

static int refuse_row(const struct planner *p, const struct diff_step *s, struct err *e)
{
	const struct item *want = s->want->object, *have = s->have->object;
	char a[ROUTE_ROW_TEXT_MAX], b[ROUTE_ROW_TEXT_MAX];

	if (s->want->rank == RANK_ADDR)
		return err_sys(
		    e, EEXIST, "bridge '%s': adding address %s: somebody else has put %s there",
		    p->want->name, addr_row_text(&want->addr, a), addr_row_text(&have->addr, b));
	return err_sys(e, EEXIST, "bridge '%s': adding route %s: there is the route %s on %s",
		       p->want->name, route_row_text(&want->route, a),
		       route_row_text(&have->route, b), have->dev);
}

/* A start that was killed between making the bridge and marking it. */
static bool is_half_made(const struct planner *p, const struct mirror_link *l)
{
	return l->kind == LINK_BRIDGE && !l->row.alias[0] && !(l->flags & IFF_UP) &&
	       mac_equal(&l->row.mac, &p->want->link.mac) &&
	       !mirror_next_port(p->m, l->ifindex, NULL);
}

/* The bridge that the caller made, from which somebody has taken the mark. */
static const struct mirror_link *unmarked_link(const struct planner *p)
{
	const struct mirror_link *l =
	    p->want->ifindex ? mirror_by_ifindex(p->m, p->want->ifindex) : NULL;

	return l && l->kind == LINK_BRIDGE && !l->ours && !l->parked ? l : NULL;
}

static int find_link(struct planner *p, struct err *e)
{
	const struct mirror_link *named = mirror_by_name(p->m, p->want->name);

	p->link = mirror_by_uuid(p->m, &p->want->uuid);
	if (!p->link)
		p->link = unmarked_link(p);
	/* Two with our mark: the one that also has the name, so that the choice is steady. */
	if (named && named->ours && uuid_equal(&named->uuid, &p->want->uuid))
		p->link = named;
	if (p->want->running && named && named != p->link) {
		if (p->link || !is_half_made(p, named))
			return refuse_link(named, p->want->name, e);
		p->link = named;
	}
	p->plan.ifindex = p->link ? p->link->ifindex : 0;
	copy_text(p->plan.bridge, sizeof(p->plan.bridge),
		  p->link && !p->want->running ? p->link->row.name : p->want->name);
	return 0;
}

static int run_diff(struct planner *p, struct err *e)
{
	struct side *w = &p->wanted, *f = &p->found;

	if (w->failed || f->failed)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	diff_sort(w->rows, w->n);
	diff_sort(f->rows, f->n);
	auto_free struct diff_step *steps = calloc(w->n + f->n + 1, sizeof(*steps));
	if (!steps)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	size_t n = diff_plan(w->rows, w->n, f->rows, f->n, steps);
	if (n && steps[0].op == DIFF_CONFLICT)
		return refuse_row(p, &steps[0], e);
	int r = plan_uplink_first(p, e);
	if (r < 0)
		return r;
	translate(p, steps, n);
	r = plan_uplink_last(p, e);
	if (r < 0)
		return r;
	if (bridge_plan_edge_ports(p->m, p->want, &p->plan, &p->cap_steps) < 0)
		p->failed = true;
	return p->failed ? err_set(e, ERR_NO_MEMORY, "out of memory") : 0;
}

int bridge_plan_make(const struct mirror *m, const struct bridge_want *want,
		     struct bridge_plan *ret, struct err *e)
{
	struct planner p = { .m = m, .want = want };
	int r = find_link(&p, e);

	if (r == 0 && (want->running || p.link || want->n_ports || want->uplink.row.dev[0])) {
		plan_collect_wanted(&p);
		plan_collect_found(&p);
		r = run_diff(&p, e);
	}
	plan_side_done(&p.wanted);
	plan_side_done(&p.found);
	if (r < 0) {
		bridge_plan_done(&p.plan);
		return r;
	}
	*ret = p.plan;
	return 0;
}
