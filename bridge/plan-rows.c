/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two sides of a plan: what is wanted and what the mirror shows, as keyed rows. */
#include "bridge/plan-internal.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

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

void plan_side_done(struct side *s)
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
	h = diff_hash(h, &l->vlan_filtering, sizeof(l->vlan_filtering));
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

void plan_collect_wanted(struct planner *p)
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
struct link_row plan_found_link(const struct planner *p)
{
	struct link_row row = p->link->row;

	if (p->link->foreign_root && p->want->link.stp) {
		row.forward_delay_cs = p->want->link.forward_delay_cs;
		row.hello_cs = p->want->link.hello_cs;
	}
	if (!p->want->link.hello_cs)
		row.hello_cs = 0;
	if (!p->link->knows_vlans) /* it can't be had; who needs it refuses elsewhere */
		row.vlan_filtering = p->want->link.vlan_filtering;
	return row;
}

/* An address that the mirror holds may be gone by the time; so may a port: applying forgives that.
 */
void plan_collect_found(struct planner *p)
{
	const struct mirror_link *l = p->link;

	if (l) {
		struct link_row row = plan_found_link(p);
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
