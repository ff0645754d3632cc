/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/shaping.h"

#include "base/log.h"
#include "netd/controller/conditions.h"
#include "netd/controller/ports-known.h"
#include "netd/kernel/attached.h"
#include "netd/kernel/reconcile.h"

#include <errno.h>
#include <string.h>

/* What was set at a port. */
struct port_shape {
	struct table_node by_ifindex;
	uint32_t ifindex;
	char name[LINK_NAME_MAX];
	struct shape_row row;
	struct shape_result result;
	bool touched; /* by somebody else, since */
	bool seen;    /* while it is worked out what is wanted */
};

struct net_shape {
	struct shape_row row;
	struct shape_floors floors;
	uint32_t bridge; /* 0: nothing was set */
	bool touched;    /* by somebody else, since */
	struct shape_result result;
	struct table ports;
};

static struct port_shape *port_of(const struct net *n, uint32_t ifindex)
{
	struct table_node *node =
	    n->shape ? table_find(&n->shape->ports, &ifindex, sizeof(ifindex)) : NULL;

	return node ? container_of(node, struct port_shape, by_ifindex) : NULL;
}

static struct net_shape *shape_of_net(struct controller *c, struct net *n)
{
	if (!n->shape && (n->shape = calloc(1, sizeof(*n->shape)))) {
		table_init(&n->shape->ports);
		list_add_tail(&c->registry.shaped, &n->shaped);
	}
	return n->shape;
}

static void drop_port(struct net *n, struct port_shape *ps)
{
	table_remove(&n->shape->ports, &ps->by_ifindex);
	free(ps);
}

void shaping_free(struct net *n)
{
	struct table_node *node;

	if (!n->shape)
		return;
	while ((node = table_next(&n->shape->ports, NULL)))
		drop_port(n, container_of(node, struct port_shape, by_ifindex));
	table_done(&n->shape->ports);
	free(n->shape->floors.floor);
	free(n->shape);
	n->shape = NULL;
	list_remove(&n->shaped);
}

/* ---- what is wanted of a port ---- */

static const struct portgroup *default_group(const struct network *def)
{
	return network_portgroup(def, NULL);
}

/* By its MAC; else as the bridge has learned it (netd/kernel/stations.h). */
static const struct port *port_behind(const struct net *n, const struct mirror_link *l)
{
	struct port *port = ports_known_mac(n, &l->row.mac, l->row.mac.b[0] == 0xfe);

	if (port) {
		port->link = l->ifindex;
		return port;
	}
	if (n->ports && n->ports->n_behind)
		list_foreach (port, &n->ports->ports, struct port, in_net)
			if (port->link == l->ifindex && !port->shadowed)
				return port;
	return NULL;
}

static void port_wanted(const struct net *n, const struct mirror_link *l, struct shape_row *ret)
{
	const struct port *port = port_behind(n, l);
	const struct portgroup *g = port ? NULL : default_group(n->live);

	*ret = (struct shape_row){ 0 };
	if (port && !port->shaped_by_owner)
		shape_of(&port->p->bandwidth, ret);
	else if (g)
		shape_of(&g->bandwidth, ret);
}

/* Without any of these no port is to be looked at. */
static bool has_port_limits(const struct net *n)
{
	const struct portgroup *g = default_group(n->live);

	return n->ports || (g && g->bandwidth.given);
}

static const struct mirror_link *bridge_of(const struct controller *c, const struct net *n)
{
	return mirror_by_uuid(c->mirror, &n->uuid);
}

/* What somebody else limits is left to him until something else is wanted. */
static bool is_right(const struct port_shape *ps, const struct shape_row *row)
{
	return ps && shape_equal(row, &ps->row) && (!ps->touched || ps->result.foreign);
}

bool shaping_wants(const struct controller *c, const struct net *n, const struct mirror_link *port)
{
	const struct port_shape *ps = port_of(n, port->ifindex);
	struct shape_row row = { 0 };

	if (net_is_wanted(n) && has_port_limits(n))
		port_wanted(n, port, &row);
	return ps ? !is_right(ps, &row) : !shape_is_empty(&row);
}

/* ---- what is due ---- */

struct gathering {
	const struct controller *c;
	const struct net *n;
	const struct mirror_link *bridge;
	struct shaping_work *work;
	size_t cap;
	bool failed;
};

static void add_port(struct gathering *g, uint32_t ifindex, bool gone, const char *name,
		     const struct shape_row *row)
{
	if (g->failed || GROW(g->work->ports, g->cap, g->work->n_ports + 1) < 0) {
		g->failed = true;
		return;
	}
	struct shaping_port *p = &g->work->ports[g->work->n_ports++];
	*p = (struct shaping_port){ .ifindex = ifindex, .gone = gone, .want = *row };
	copy_text(p->name, sizeof(p->name), name);
}

static void gather_port(void *data, uint32_t ifindex)
{
	struct gathering *g = data;
	const struct mirror_link *l = mirror_by_ifindex(g->c->mirror, ifindex);
	struct port_shape *ps = port_of(g->n, ifindex);
	struct shape_row row;

	if (!l)
		return;
	if (!g->bridge || l->master != g->bridge->ifindex) { /* it will come back */
		if (ps)
			ps->seen = true;
		return;
	}
	port_wanted(g->n, l, &row);
	if (shape_is_empty(&row)) /* what was set goes with the unseen */
		return;
	if (ps)
		ps->seen = true;
	if (is_right(ps, &row))
		return;
	g->work->repair |= ps && ps->touched;
	add_port(g, ifindex, false, l->row.name, &row);
}

/* What was set, and is wanted no more. */
static void gather_unseen(struct gathering *g)
{
	static const struct shape_row nothing;

	if (!g->n->shape)
		return;
	table_foreach (node, &g->n->shape->ports) {
		struct port_shape *ps = container_of(node, struct port_shape, by_ifindex);
		const struct mirror_link *l = mirror_by_ifindex(g->c->mirror, ps->ifindex);
		if (!ps->seen)
			add_port(g, ps->ifindex, !l, ps->name, &nothing);
	}
}

static int gather_ports(const struct controller *c, const struct net *n, bool wanted,
			struct shaping_work *w)
{
	struct gathering g = { .c = c, .n = n, .bridge = bridge_of(c, n), .work = w };

	if (n->shape)
		table_foreach (node, &n->shape->ports)
			container_of(node, struct port_shape, by_ifindex)->seen = false;
	if (wanted && n->live && has_port_limits(n))
		attached_visit(n, gather_port, &g);
	gather_unseen(&g);
	return g.failed ? -ENOMEM : 0;
}

static int by_class(const void *a, const void *b)
{
	const struct shape_floor *x = a, *y = b;

	return x->class_id < y->class_id ? -1 : x->class_id > y->class_id;
}

static int gather_floors(const struct net *n, struct shape_floors *ret)
{
	struct port *port;

	/* A port that was reclaimed may have a floor where there is nothing to take it from. */
	if (!n->ports || !n->ports->floors || !n->live->bandwidth.inbound.average)
		return 0;
	ret->floor = calloc(n->ports->n, sizeof(*ret->floor));
	if (!ret->floor)
		return -ENOMEM;
	list_foreach (port, &n->ports->ports, struct port, in_net)
		if (port->p->bandwidth.inbound.floor && port->p->class_id <= SHAPE_CLASS_MAX)
			ret->floor[ret->n++] =
			    (struct shape_floor){ .mac = port->p->mac,
						  .class_id = port->p->class_id,
						  .rate = port->p->bandwidth.inbound.floor * 1000 };
	qsort(ret->floor, ret->n, sizeof(*ret->floor), by_class);
	return 0;
}

static int copy_floors(const struct shape_floors *from, struct shape_floors *ret)
{
	if (!from->n)
		return 0;
	ret->floor = malloc(from->n * sizeof(*ret->floor));
	if (!ret->floor)
		return -ENOMEM;
	memcpy(ret->floor, from->floor, from->n * sizeof(*ret->floor));
	ret->n = from->n;
	return 0;
}

/* What we left there is known only while nobody touched it, and on the same bridge. */
static bool is_known(const struct net_shape *s, const struct mirror_link *bridge)
{
	return s && s->bridge && !s->touched && bridge && bridge->ifindex == s->bridge;
}

int shaping_due(const struct controller *c, const struct net *n, bool wanted,
		struct shaping_work *ret)
{
	const struct mirror_link *bridge = bridge_of(c, n);
	const struct net_shape *s = n->shape;
	bool known = is_known(s, bridge);

	*ret = (struct shaping_work){ .network = n->uuid };
	if (wanted && n->live) {
		shape_wanted(n->live, &ret->want.row);
		if (gather_floors(n, &ret->want.floors) < 0)
			return -ENOMEM;
	}
	if (!s || !s->bridge)
		ret->bridge = !shape_is_empty(&ret->want.row);
	else
		ret->bridge = !known || !shape_equal(&ret->want.row, &s->row) ||
			      !shape_floors_equal(&ret->want.floors, &s->floors);
	ret->repair = s && s->touched;
	/* Only floors have changed: the others stay. */
	if (ret->bridge && known && shape_equal(&ret->want.row, &s->row)) {
		if (copy_floors(&s->floors, &ret->had) < 0)
			return -ENOMEM;
		ret->want.had = &ret->had;
	}
	return gather_ports(c, n, wanted, ret);
}

void shaping_work_done(struct shaping_work *w)
{
	free(w->want.floors.floor);
	free(w->had.floor);
	free(w->ports);
	*w = (struct shaping_work){ 0 };
}

void shaping_run(struct kernel_socket *ks, struct shaping_work *w, uint32_t bridge, bool anew)
{
	if (w->want.had)
		w->want.had = anew ? NULL : &w->had; /* the work may have been moved */
	if (w->bridge || anew)
		bridge_shape(ks, &w->network, bridge, &w->want, &w->result);
	for (size_t i = 0; i < w->n_ports; i++)
		bridge_shape_port(ks, w->ports[i].ifindex, w->ports[i].gone, &w->ports[i].want,
				  &w->ports[i].result);
}

/* ---- what came of it ---- */

static void tell(const struct controller *c, const struct net *n, const char *way,
		 const char *trouble)
{
	if (*trouble)
		conditions_raise(c->conditions, n, CONDITION_BANDWIDTH, way,
				 "%s bandwidth is not limited: %s", way, trouble);
	else
		conditions_clear(c->conditions, n, CONDITION_BANDWIDTH, way);
}

static void tell_port(const struct controller *c, const struct net *n, const struct shaping_port *p)
{
	const char *to = p->result.trouble_to, *from = p->result.trouble_from;

	if (*to || *from)
		conditions_raise(c->conditions, n, CONDITION_BANDWIDTH, p->name,
				 "bandwidth of port '%s' is not limited%s: %s", p->name,
				 *to && *from ? ""
				 : *to        ? " to its guest"
					      : " from its guest",
				 *to ? to : from);
	else
		conditions_clear(c->conditions, n, CONDITION_BANDWIDTH, p->name);
}

static void port_done(const struct controller *c, struct net *n, const struct shaping_port *p)
{
	struct port_shape *ps = port_of(n, p->ifindex);
	bool nothing = shape_is_empty(&p->want);

	tell_port(c, n, p);
	if (p->result.foreign && (!ps || !ps->result.foreign))
		log_info("network '%s': somebody else limits port '%s'; left alone", n->name,
			 p->name);
	if (ps && nothing)
		drop_port(n, ps);
	if (nothing || (!ps && !(ps = calloc(1, sizeof(*ps)))))
		return;
	bool is_new = !ps->ifindex;
	ps->ifindex = p->ifindex;
	copy_text(ps->name, sizeof(ps->name), p->name);
	ps->row = p->want;
	ps->result = p->result;
	ps->touched = false;
	if (is_new &&
	    table_add(&n->shape->ports, &ps->by_ifindex, &ps->ifindex, sizeof(ps->ifindex)) < 0)
		free(ps);
}

void shaping_done(struct controller *c, struct net *n, uint32_t bridge, struct shaping_work *w)
{
	struct net_shape *s = shape_of_net(c, n);

	if (!s)
		return;
	if (w->bridge) {
		tell(c, n, "inbound", w->result.trouble_to);
		tell(c, n, "outbound", w->result.trouble_from);
		free(s->floors.floor);
		s->row = w->want.row;
		s->floors = w->want.floors;
		w->want.floors = (struct shape_floors){ 0 };
		s->bridge = shape_is_empty(&s->row) ? 0 : bridge;
		s->result = w->result;
		s->touched = false;
	}
	for (size_t i = 0; i < w->n_ports; i++)
		port_done(c, n, &w->ports[i]);
	if (!s->bridge && !s->ports.count)
		shaping_free(n);
}

void shaping_text(const struct shaping_work *w, const char *bridge, struct text *out)
{
	if (w->bridge) {
		shape_text(&w->want.row, bridge, out);
		shape_floors_text(&w->want.floors, bridge, out);
	}
	for (size_t i = 0; i < w->n_ports; i++) {
		if (shape_is_empty(&w->ports[i].want))
			text_addf(out, "limit %s no more\n", w->ports[i].name);
		else
			shape_text(&w->ports[i].want, w->ports[i].name, out);
	}
}

/* ---- what others do ---- */

/* The ifb of the bridge, or of a port. */
static bool is_ifb(const struct net *n, uint32_t ifindex, bool **ret_touched)
{
	if (n->shape->result.ifb == ifindex) {
		*ret_touched = &n->shape->touched;
		return true;
	}
	table_foreach (node, &n->shape->ports) {
		struct port_shape *ps = container_of(node, struct port_shape, by_ifindex);
		if (ps->result.ifb != ifindex)
			continue;
		*ret_touched = &ps->touched;
		return true;
	}
	return false;
}

bool shaping_heard(struct net *n, const struct mirror_change *change)
{
	struct port_shape *ps = port_of(n, change->ifindex);
	bool *touched = NULL;

	if (!n->shape || (change->what != MIRROR_SHAPE && change->what != MIRROR_LINK))
		return false;
	if (ps && change->what == MIRROR_LINK && !change->gone)
		return true; /* it may have left */
	if (ps)
		touched = &ps->touched;
	else if (change->what == MIRROR_SHAPE && change->ifindex == n->shape->bridge)
		touched = &n->shape->touched;
	else if (!is_ifb(n, change->ifindex, &touched))
		return false;
	*touched = true;
	return true;
}

void shaping_forget(struct net *n)
{
	if (!n->shape)
		return;
	n->shape->touched = n->shape->bridge != 0;
	table_foreach (node, &n->shape->ports)
		container_of(node, struct port_shape, by_ifindex)->touched = true;
}

/* ---- what an earlier life has left ---- */

struct sweep_job {
	struct job job;
	struct kernel_socket *ks;
	size_t n, cap;
	char (*name)[LINK_NAME_MAX];
};

static void sweep_run(struct job *j)
{
	struct sweep_job *s = container_of(j, struct sweep_job, job);

	for (size_t i = 0; i < s->n; i++)
		bridge_shape_remove_ifb(s->ks, s->name[i]);
}

static void sweep_done(struct job *j)
{
	struct sweep_job *s = container_of(j, struct sweep_job, job);

	free(s->name);
	free(s);
}

static bool is_wanted_ifb(const struct controller *c, uint32_t ifindex)
{
	struct net *n;
	bool *touched;

	registry_foreach(n, &c->registry) if (n->shape && is_ifb(n, ifindex, &touched)) return true;
	return false;
}

void shaping_sweep(struct controller *c)
{
	struct sweep_job *s = calloc(1, sizeof(*s));

	if (!s)
		return;
	s->job = (struct job){ .run = sweep_run, .done = sweep_done };
	s->ks = reconcile_kernel_socket(c->reconcile);
	for (const struct mirror_link *l = NULL; (l = mirror_next(c->mirror, l));)
		if (strcmp(l->kind_text, "ifb") == 0 &&
		    strcmp(l->row.alias, SHAPE_IFB_ALIAS) == 0 && !is_wanted_ifb(c, l->ifindex) &&
		    GROW(s->name, s->cap, s->n + 1) == 0)
			memcpy(s->name[s->n++], l->row.name, LINK_NAME_MAX);
	if (s->n)
		jobs_push(c->kernel, &s->job);
	else
		sweep_done(&s->job);
}
