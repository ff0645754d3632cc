/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Planning: wanted rows and the mirror's rows become keyed rows for base/diff.h, and its steps
 * become those of the bridge. What the kernel takes away by itself is foreseen here (secondary
 * addresses go with their primary, IPv4 routes with the last address), so that one plan is always
 * enough. */
#include "bridge/plan-internal.h"

#include "base/diff.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

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

static struct item *side_add(struct side *s, struct diff_row row)
{
	struct item *it = calloc(1, sizeof(*it));

	if (!it || GROW(s->rows, s->cap_rows, s->n + 1) < 0 ||
	    GROW(s->items, s->cap_items, s->n + 1) < 0) {
		free(it);
		s->failed = true;
		return NULL;
	}
	row.object = it;
	s->rows[s->n] = row;
	s->items[s->n++] = it;
	return it;
}

static void side_done(struct side *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->items[i]);
	free(s->items);
	free(s->rows);
}

static struct diff_row *side_find(struct side *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->rows[i].key, key))
			return &s->rows[i];
	return NULL;
}

static struct bridge_step *add_step(struct planner *p, enum bridge_op op, uint32_t ifindex)
{
	if (GROW(p->plan.steps, p->cap_steps, p->plan.n_steps + 1) < 0) {
		p->failed = true;
		return &p->spare;
	}
	struct bridge_step *s = &p->plan.steps[p->plan.n_steps++];
	*s = (struct bridge_step){ .op = op, .ifindex = ifindex };
	return s;
}

/* Keys and hashes */

static struct diff_row key_of_addr(const struct addr_row *a)
{
	struct diff_row r = { .rank = RANK_ADDR, .ours = true };
	char ip[IP_TEXT_MAX];

	/* IPv4 may have an address twice with different masks, IPv6 only once on a link. */
	ip_format(&a->address, ip);
	if (a->address.family == AF_INET)
		snprintf(r.key, sizeof(r.key), "addr/%s/%u", ip, a->prefix);
	else
		snprintf(r.key, sizeof(r.key), "addr/%s", ip);
	r.hash = diff_hash(DIFF_HASH_START, &a->prefix, sizeof(a->prefix));
	r.hash = diff_hash(r.hash, &a->broadcast, sizeof(a->broadcast));
	return r;
}

static struct diff_row key_of_route(const struct route_row *t)
{
	struct diff_row r = { .rank = RANK_ROUTE, .ours = true };
	char ip[IP_TEXT_MAX];

	snprintf(r.key, sizeof(r.key), "route/%s/%u/%u", ip_format(&t->destination, ip), t->prefix,
		 t->metric);
	r.hash = DIFF_HASH_START;
	if (ip_is_set(&t->gateway)) {
		ip_format(&t->gateway, ip);
		r.hash = diff_hash(r.hash, ip, strlen(ip));
	}
	return r;
}

static struct diff_row key_of_sysctl(const struct sysctl_row *s, unsigned rank)
{
	struct diff_row r = { .rank = rank, .ours = true };
	char path[SYSCTL_PATH_MAX];

	snprintf(r.key, sizeof(r.key), "sysctl/%s", sysctl_row_path(s, path));
	r.hash = diff_hash(DIFF_HASH_START, &s->value, sizeof(s->value));
	return r;
}

static struct diff_row key_of_port(uint32_t ifindex, bool isolated)
{
	struct diff_row r = { .rank = RANK_PORT, .ours = true, .hash = isolated };

	snprintf(r.key, sizeof(r.key), "port/%u", ifindex);
	return r;
}

static uint64_t hash_of_link(const struct link_row *l)
{
	uint64_t h = diff_hash(DIFF_HASH_START, l->name, strlen(l->name));

	h = diff_hash(h, l->alias, strlen(l->alias));
	h = diff_hash(h, l->mac.b, sizeof(l->mac.b));
	h = diff_hash(h, &l->mtu, sizeof(l->mtu));
	h = diff_hash(h, &l->stp, sizeof(l->stp));
	h = diff_hash(h, &l->hello_cs, sizeof(l->hello_cs));
	return diff_hash(h, &l->forward_delay_cs, sizeof(l->forward_delay_cs));
}

static struct diff_row key_of_link(const struct bridge_want *w, const struct link_row *l)
{
	struct diff_row r = { .rank = RANK_LINK, .ours = true, .hash = hash_of_link(l) };

	snprintf(r.key, sizeof(r.key), "link/%s", w->name);
	return r;
}

static void add_addr(struct side *s, const struct addr_row *a, struct diff_row row)
{
	struct item *it = side_add(s, row);

	if (it)
		it->addr = *a;
}

static void add_sysctl(struct side *s, const struct sysctl_row *row, unsigned rank,
		       uint32_t ifindex)
{
	struct item *it = side_add(s, key_of_sysctl(row, rank));

	if (it) {
		it->sysctl = *row;
		it->ifindex = ifindex;
	}
}

/* What is wanted */

static void want_forwarding(struct planner *p)
{
	const struct mirror *m = p->m;

	/* Switching forwarding on makes the kernel drop the routes that it learned from
	 * advertisements, except where accept_ra is 2: so that comes first, on every link that
	 * would lose something. */
	if (p->want->forward_ipv6 && !mirror_forwards_ipv6(m)) {
		for (const struct mirror_link *l = mirror_next_ra_uplink(m, NULL); l;
		     l = mirror_next_ra_uplink(m, l)) {
			struct sysctl_row s = { .key = SYSCTL_ACCEPT_RA, .value = 2 };
			memcpy(s.dev, l->row.name, sizeof(s.dev));
			add_sysctl(&p->wanted, &s, RANK_UPLINK, l->ifindex);
		}
		add_sysctl(&p->wanted,
			   &(struct sysctl_row){ .key = SYSCTL_IPV6_FORWARD, .value = 1 },
			   RANK_FORWARD, 0);
	}
	if (p->want->forward_ipv4 && !mirror_forwards_ipv4(m))
		add_sysctl(&p->wanted,
			   &(struct sysctl_row){ .key = SYSCTL_IPV4_FORWARD, .value = 1 },
			   RANK_FORWARD, 0);
}

/* The port's link as long as it is that port still, and nobody else's: a parked bridge is nobody.
 */
static const struct mirror_link *usable_port(const struct planner *p, const struct port_row *port)
{
	const struct mirror_link *l = mirror_by_ifindex(p->m, port->ifindex);

	if (!l || l == p->link || strcmp(l->row.name, port->name))
		return NULL;
	if (!l->master || (p->link && l->master == p->link->ifindex))
		return l;
	const struct mirror_link *master = mirror_by_ifindex(p->m, l->master);
	return master && master->parked ? l : NULL;
}

static void want_ports(struct planner *p)
{
	for (size_t i = 0; i < p->want->n_ports; i++) {
		const struct port_row *port = &p->want->ports[i];
		const struct mirror_link *l = usable_port(p, port);
		struct item *it =
		    l ? side_add(&p->wanted, key_of_port(port->ifindex, port->isolated)) : NULL;
		if (it) {
			it->port = *port;
			it->ifindex = port->ifindex;
		}
		if (l && p->link && l->master == p->link->ifindex)
			side_add(&p->found, key_of_port(l->ifindex, l->port_isolated));
	}
}

static void collect_wanted(struct planner *p)
{
	const struct bridge_want *w = p->want;
	struct item *it;

	if (!w->running)
		return;
	it = side_add(&p->wanted, key_of_link(w, &w->link));
	if (it)
		it->link = w->link;
	it = side_add(&p->wanted, (struct diff_row){ .key = "up", .rank = RANK_UP });
	if (it)
		it->link = w->link;
	/* A link of that MTU without IPv6: this kernel has none, and so no files either. */
	bool no_ipv6 = p->link && !p->link->has_ipv6 && p->link->row.mtu >= 1280;
	for (size_t i = 0; i < w->n_sysctls && !no_ipv6; i++)
		add_sysctl(&p->wanted, &w->sysctls[i], RANK_SYSCTL, 0);
	for (size_t i = 0; i < w->n_addrs; i++)
		add_addr(&p->wanted, &w->addrs[i], key_of_addr(&w->addrs[i]));
	for (size_t i = 0; i < w->n_routes; i++) {
		struct diff_row row = key_of_route(&w->routes[i]);
		if (side_find(&p->wanted, row.key))
			continue; /* written twice: the first counts */
		it = side_add(&p->wanted, row);
		if (it)
			it->route = w->routes[i];
	}
	want_ports(p);
	want_forwarding(p);
}

/* What is there */

/* A row of somebody else that is just what we want serves as well as ours; otherwise it stays as it
 * is. */
static void claim_if_equal(struct planner *p, struct diff_row *row, bool equal)
{
	struct diff_row *w = side_find(&p->wanted, row->key);

	row->ours = w && equal;
	if (row->ours)
		row->hash = w->hash;
}

static void find_addrs(struct planner *p)
{
	struct mirror_addr *a;

	list_foreach (a, &p->link->addrs, struct mirror_addr, on_link) {
		struct diff_row row = key_of_addr(&a->row), *w = side_find(&p->wanted, row.key);
		/* Of a bridge that is to be parked everything goes. */
		if (a->row.proto != BRIDGE_RTPROTO && p->want->running) {
			const struct item *it = w ? w->object : NULL;
			claim_if_equal(p, &row, it && it->addr.prefix == a->row.prefix);
		}
		add_addr(&p->found, &a->row, row);
	}
}

static bool route_is_ours(const struct planner *p, const struct mirror_route *r)
{
	return r->link == p->link && (r->row.proto == BRIDGE_RTPROTO || !p->want->running);
}

static void find_route(struct planner *p, const struct mirror_route *r)
{
	struct diff_row row = key_of_route(&r->row), *w = side_find(&p->wanted, row.key);

	row.ours = route_is_ours(p, r);
	if (!row.ours) {
		if (!w)
			return;
		claim_if_equal(p, &row, r->link == p->link && row.hash == w->hash);
	}
	struct diff_row *other = side_find(&p->found, row.key);
	if (other && (other->ours || !row.ours))
		return;
	struct item *it;
	if (other) { /* ours wins over a foreign one of the same key */
		it = (struct item *)other->object;
		row.object = it;
		*other = row;
	} else {
		it = side_add(&p->found, row);
	}
	if (it) {
		it->route = r->row;
		it->ifindex = r->link->ifindex;
		memcpy(it->dev, r->link->row.name, sizeof(it->dev));
	}
}

/* Routes that the kernel makes for addresses (RTPROT_KERNEL) come and go with these. */
#define RTPROT_OF_KERNEL 2

static void find_routes(struct planner *p)
{
	struct mirror_route *r;

	if (p->link)
		list_foreach (r, &p->link->routes, struct mirror_route, on_link)
			if (r->row.proto != RTPROT_OF_KERNEL)
				find_route(p, r);
	for (size_t i = 0; i < p->want->n_routes; i++) {
		const struct route_row *to = &p->want->routes[i];
		const struct mirror_route *other = NULL;
		while ((other = mirror_next_route_to(p->m, to, other)))
			if (other->link != p->link)
				find_route(p, other);
	}
}

/* The sysctls of link `l`, under the name that it shall have. */
static void find_sysctls(struct planner *p, const struct mirror_link *l, const char *name,
			 unsigned rank)
{
	const struct {
		enum sysctl_key key;
		int value;
	} have[] = {
		{ SYSCTL_DISABLE_IPV6, l->disable_ipv6 },
		{ SYSCTL_ACCEPT_RA, l->accept_ra },
		{ SYSCTL_AUTOCONF, l->autoconf },
		{ SYSCTL_ADDR_GEN_MODE, l->addr_gen_mode },
	};

	if (!l->has_ipv6)
		return;
	for (size_t i = 0; i < ARRAY_LEN(have); i++) {
		struct sysctl_row s = { .key = have[i].key, .value = have[i].value };
		copy_text(s.dev, sizeof(s.dev), name);
		/* Only what is wanted: a sysctl can be changed, never deleted. */
		if (side_find(&p->wanted, key_of_sysctl(&s, rank).key))
			add_sysctl(&p->found, &s, rank, l->ifindex);
	}
}

static void find_port(struct planner *p, const struct mirror_link *l)
{
	struct item *it = side_add(&p->found, key_of_port(l->ifindex, l->port_isolated));

	if (it) {
		it->link = l->row;
		it->ifindex = l->ifindex;
	}
}

/* What a stop has to release: all ports, and those that came just before the bridge was parked. */
static void find_ports(struct planner *p)
{
	const struct mirror_link *l = NULL, *master;

	while (p->link && (l = mirror_next_port(p->m, p->link->ifindex, l)))
		find_port(p, l);
	for (size_t i = 0; i < p->want->n_ports; i++) {
		l = mirror_by_ifindex(p->m, p->want->ports[i].ifindex);
		master = l && l->master ? mirror_by_ifindex(p->m, l->master) : NULL;
		if (master && master->parked)
			find_port(p, l);
	}
}

/* The bridge as it is. Under the root of another bridge its own times can't be seen, and aren't in
 * force: whatever they are, they will do. (A guest can make itself root.) */
static struct link_row found_link(const struct planner *p)
{
	struct link_row row = p->link->row;

	if (p->link->foreign_root && p->want->link.stp) {
		row.forward_delay_cs = p->want->link.forward_delay_cs;
		row.hello_cs = p->want->link.hello_cs;
	}
	if (!p->want->link.hello_cs)
		row.hello_cs = 0;
	return row;
}

/* An address that the mirror holds may be gone by the time; so may a port: applying forgives that.
 */
static void collect_found(struct planner *p)
{
	const struct mirror_link *l = p->link;

	if (l) {
		struct link_row row = found_link(p);
		struct item *it = side_add(&p->found, key_of_link(p->want, &row));
		if (it)
			it->link = l->row;
		if (l->flags & IFF_UP && p->want->running)
			side_add(&p->found,
				 (struct diff_row){ .key = "up", .rank = RANK_UP, .ours = true });
		find_addrs(p);
		if (p->want->running)
			find_sysctls(p, l, p->want->name, RANK_SYSCTL);
	}
	if (!p->want->running)
		find_ports(p);
	find_routes(p);
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
	struct bridge_step *s = add_step(p, BRIDGE_ADD_LINK, 0);

	s->link = p->want->link;
	s->recycle = parked ? parked->ifindex : 0;
	s->stp_before = parked && parked->row.stp;
}

static void step_change_link(struct planner *p)
{
	const struct link_row found = found_link(p), *w = &p->want->link, *h = &found;
	struct bridge_step *s = add_step(p, BRIDGE_CHANGE_LINK, p->link->ifindex);

	s->link = *w;
	s->stp_before = h->stp;
	s->change = (strcmp(w->name, h->name) ? LINK_CHANGE_NAME : 0) |
		    (strcmp(w->alias, h->alias) ? LINK_CHANGE_ALIAS : 0) |
		    (mac_equal(&w->mac, &h->mac) ? 0 : LINK_CHANGE_MAC) |
		    (w->mtu == h->mtu ? 0 : LINK_CHANGE_MTU) |
		    (w->stp == h->stp ? 0 : LINK_CHANGE_STP) |
		    (w->hello_cs == h->hello_cs ? 0 : LINK_CHANGE_HELLO) |
		    (w->forward_delay_cs == h->forward_delay_cs ? 0 : LINK_CHANGE_DELAY);
}

static void step_link_up(struct planner *p)
{
	struct bridge_step *s = add_step(p, BRIDGE_LINK_UP, p->plan.ifindex);

	s->link = p->want->link;
	if (!p->link)
		s->change = LINK_CHANGE_ALIAS | LINK_CHANGE_MTU;
}

static void step_attach_port(struct planner *p, enum diff_op op, const struct item *it)
{
	struct bridge_step *s = add_step(p, BRIDGE_ATTACH_PORT, it->ifindex);

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
		add_step(p, BRIDGE_PARK_LINK, p->link->ifindex)->link = it->link;
		break;
	case RANK_PORT:
		s = add_step(p, BRIDGE_RELEASE_PORT, it->ifindex);
		s->link = it->link;
		break;
	case RANK_ADDR:
		add_step(p, BRIDGE_DELETE_ADDR, p->link->ifindex)->addr = it->addr;
		break;
	case RANK_ROUTE:
		add_step(p, BRIDGE_DELETE_ROUTE, p->link->ifindex)->route = it->route;
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
		add_step(p, BRIDGE_ADD_ADDR, p->plan.ifindex)->addr = it->addr;
		break;
	case RANK_ROUTE:
		s = add_step(p, op == DIFF_CHANGE ? BRIDGE_CHANGE_ROUTE : BRIDGE_ADD_ROUTE,
			     p->plan.ifindex);
		s->route = it->route;
		break;
	default: /* sysctls */
		add_step(p, BRIDGE_SET_SYSCTL, it->ifindex)->sysctl = it->sysctl;
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
			add_step(p, BRIDGE_ADD_ADDR, p->link->ifindex)->addr = it->addr;
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
			add_step(p, BRIDGE_CHANGE_ROUTE, p->link->ifindex)->route = it->route;
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
	translate(p, steps, n);
	if (bridge_plan_edge_ports(p->m, p->want, &p->plan, &p->cap_steps) < 0)
		p->failed = true;
	return p->failed ? err_set(e, ERR_NO_MEMORY, "out of memory") : 0;
}

int bridge_plan_make(const struct mirror *m, const struct bridge_want *want,
		     struct bridge_plan *ret, struct err *e)
{
	struct planner p = { .m = m, .want = want };
	int r = find_link(&p, e);

	if (r == 0 && (want->running || p.link || want->n_ports)) {
		collect_wanted(&p);
		collect_found(&p);
		r = run_diff(&p, e);
	}
	side_done(&p.wanted);
	side_done(&p.found);
	if (r < 0) {
		bridge_plan_done(&p.plan);
		return r;
	}
	*ret = p.plan;
	return 0;
}
