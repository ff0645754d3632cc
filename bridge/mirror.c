/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store of the mirror: who is there, found by ifindex, name and UUID, and what hangs on whom.
 * It knows no netlink; mirror-linux.c and fake.c tell it facts. Linux does not announce all that it
 * forgets (IPv4 routes vanish in silence with their link or address), so that is modelled here. */
#include "bridge/mirror-internal.h"

#include "base/cursor.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct mirror *mirror_new(void)
{
	struct mirror *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	table_init(&m->by_ifindex);
	table_init(&m->by_name);
	table_init(&m->by_uuid);
	table_init(&m->routes);
	table_init(&m->routes_by_dest);
	m->event_fd = m->dump_fd = -1;
	return m;
}

static void report(struct mirror *m, const struct mirror_change *c)
{
	struct mirror_change told = *c;

	told.sender = m->sender;
	if (m->changed)
		m->changed(m->changed_data, &told);
}

static uint32_t bridge_of(const struct mirror_link *l)
{
	return l->ours || l->parked ? l->ifindex : l->master;
}

static void report_link(struct mirror *m, enum mirror_what what, const struct mirror_link *l,
			bool gone)
{
	struct mirror_change c = {
		.what = what, .gone = gone, .ifindex = l->ifindex, .bridge = bridge_of(l)
	};

	memcpy(c.name, l->row.name, sizeof(c.name));
	report(m, &c);
}

static struct mirror_link *link_at(const struct mirror *m, uint32_t ifindex)
{
	struct table_node *n = table_find(&m->by_ifindex, &ifindex, sizeof(ifindex));

	return n ? container_of(n, struct mirror_link, by_ifindex) : NULL;
}

/* Addresses */

static void free_addr(struct mirror_addr *a)
{
	list_remove(&a->on_link);
	free(a);
}

static void free_route(struct mirror *m, struct mirror_route *r)
{
	if (!r->link->ours)
		m->n_routes--;
	list_remove(&r->on_link);
	table_remove(&m->routes, &r->by_key);
	table_remove(&m->routes_by_dest, &r->by_dest);
	free(r);
}

/* IPv4 routes go without a word when their link goes down or loses its last address; those with the
 * source `prefsrc` when that address goes. 0: all. */
static void forget_ipv4_routes(struct mirror *m, struct mirror_link *l, uint32_t prefsrc)
{
	struct mirror_route *r;

	list_foreach (r, &l->routes, struct mirror_route, on_link)
		if (r->row.destination.family == AF_INET && (!prefsrc || r->prefsrc == prefsrc))
			free_route(m, r);
}

static struct mirror_addr *addr_at(const struct mirror_link *l, const struct addr_row *row)
{
	struct mirror_addr *a;

	list_foreach (a, &l->addrs, struct mirror_addr, on_link)
		if (a->row.prefix == row->prefix && ip_equal(&a->row.address, &row->address))
			return a;
	return NULL;
}

static bool same_addr(const struct mirror_addr *a, const struct addr_row *row, bool dynamic)
{
	return a->row.broadcast == row->broadcast && a->row.proto == row->proto &&
	       a->row.secondary == row->secondary && a->dynamic == dynamic;
}

void mirror_put_addr(struct mirror *m, uint32_t ifindex, const struct addr_row *row, bool dynamic)
{
	struct mirror_link *l = link_at(m, ifindex);
	struct mirror_addr *a = l ? addr_at(l, row) : NULL;

	if (!l || (a && same_addr(a, row, dynamic)))
		return;
	if (!a) {
		a = calloc(1, sizeof(*a));
		if (!a) {
			m->out_of_memory = true;
			return;
		}
		a->link = l;
		list_add_tail(&l->addrs, &a->on_link);
	}
	a->row = *row;
	a->dynamic = dynamic;
	report_link(m, MIRROR_ADDR, l, false);
}

static bool has_ipv4(const struct mirror_link *l)
{
	struct mirror_addr *a;

	list_foreach (a, &l->addrs, struct mirror_addr, on_link)
		if (a->row.address.family == AF_INET)
			return true;
	return false;
}

void mirror_drop_addr(struct mirror *m, uint32_t ifindex, const struct addr_row *row)
{
	struct mirror_link *l = link_at(m, ifindex);
	struct mirror_addr *a = l ? addr_at(l, row) : NULL;

	if (!a)
		return;
	free_addr(a);
	if (row->address.family == AF_INET)
		forget_ipv4_routes(m, l, has_ipv4(l) ? row->address.v4 : 0);
	report_link(m, MIRROR_ADDR, l, true);
}

/* Routes */

static void put_ip(struct wr *w, const struct ip *a)
{
	if (a->family == AF_INET6) {
		wr_bytes(w, a->v6, sizeof(a->v6));
	} else {
		wr_u32(w, a->family ? a->v4 : 0);
		wr_zero(w, 12);
	}
}

static void route_key(uint32_t ifindex, const struct route_row *row,
		      uint8_t key[static MIRROR_ROUTE_KEY])
{
	struct wr w = wr_over(key, MIRROR_ROUTE_KEY);

	wr_u32(&w, row->metric);
	wr_u8(&w, (uint8_t)row->prefix);
	wr_u8(&w, (uint8_t)row->destination.family);
	put_ip(&w, &row->destination);
	wr_u32(&w, ifindex);
	put_ip(&w, &row->gateway);
}

static struct mirror_route *route_at(const struct mirror *m, const uint8_t *key)
{
	struct table_node *n = table_find(&m->routes, key, MIRROR_ROUTE_KEY);

	return n ? container_of(n, struct mirror_route, by_key) : NULL;
}

static struct mirror_route *new_route(struct mirror *m, struct mirror_link *l, const uint8_t *key)
{
	struct mirror_route *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	memcpy(r->key, key, sizeof(r->key));
	if (table_add(&m->routes, &r->by_key, r->key, sizeof(r->key)) < 0) {
		free(r);
		return NULL;
	}
	if (table_add(&m->routes_by_dest, &r->by_dest, r->key, MIRROR_ROUTE_DEST) < 0) {
		table_remove(&m->routes, &r->by_key);
		free(r);
		return NULL;
	}
	r->link = l;
	list_add_tail(&l->routes, &r->on_link);
	if (!l->ours)
		m->n_routes++;
	return r;
}

void mirror_put_route(struct mirror *m, uint32_t ifindex, const struct route_row *row,
		      uint32_t prefsrc)
{
	uint8_t key[MIRROR_ROUTE_KEY];
	struct mirror_link *l = link_at(m, ifindex);

	if (!l || (!l->ours && m->n_routes >= MIRROR_ROUTES_MAX))
		return;
	route_key(ifindex, row, key);
	struct mirror_route *r = route_at(m, key);
	if (r && r->row.proto == row->proto && r->prefsrc == prefsrc)
		return;
	if (!r)
		r = new_route(m, l, key);
	if (!r) {
		m->out_of_memory = true;
		return;
	}
	r->row = *row;
	r->prefsrc = prefsrc;
	report_link(m, MIRROR_ROUTE, l, false);
}

void mirror_drop_route(struct mirror *m, uint32_t ifindex, const struct route_row *row)
{
	uint8_t key[MIRROR_ROUTE_KEY];
	struct mirror_link *l = link_at(m, ifindex);

	route_key(ifindex, row, key);
	struct mirror_route *r = l ? route_at(m, key) : NULL;
	if (!r)
		return;
	free_route(m, r);
	report_link(m, MIRROR_ROUTE, l, true);
}

void mirror_replace_route(struct mirror *m, const struct route_row *row)
{
	uint8_t key[MIRROR_ROUTE_KEY];
	struct table_node *n;

	route_key(0, row, key);
	while ((n = table_find(&m->routes_by_dest, key, MIRROR_ROUTE_DEST))) {
		struct mirror_route *r = container_of(n, struct mirror_route, by_dest);
		struct mirror_link *l = r->link;
		free_route(m, r);
		report_link(m, MIRROR_ROUTE, l, true);
	}
}

/* Links */

static void forget_all_of(struct mirror *m, struct mirror_link *l)
{
	struct mirror_addr *a;
	struct mirror_route *r;

	list_foreach (a, &l->addrs, struct mirror_addr, on_link)
		free_addr(a);
	list_foreach (r, &l->routes, struct mirror_route, on_link)
		free_route(m, r);
}

static void unindex(struct mirror *m, struct mirror_link *l)
{
	m->n_parked -= l->parked;
	m->n_waits -= l->port_waits;
	table_remove(&m->by_name, &l->by_name);
	if (l->ours)
		table_remove(&m->by_uuid, &l->by_uuid);
}

/* The values of `l` have changed: put it under its names. */
static int index_link(struct mirror *m, struct mirror_link *l)
{
	int r = table_add(&m->by_name, &l->by_name, l->row.name, strlen(l->row.name));

	if (r < 0)
		return r;
	if (l->ours) {
		r = table_add(&m->by_uuid, &l->by_uuid, &l->uuid, sizeof(l->uuid));
		if (r < 0)
			table_remove(&m->by_name, &l->by_name);
	}
	if (r == 0) {
		m->n_parked += l->parked;
		m->n_waits += l->port_waits;
	}
	return r;
}

/* A port that begins to listen has just come up, or STP has released it after it was blocked: the
 * two differ in the state before. */
static bool waits_now(const struct mirror_link *before, const struct mirror_link *now)
{
	if (!now->master || (now->port_state != PORT_LISTENING && now->port_state != PORT_LEARNING))
		return false;
	if (before->master != now->master || before->port_state == PORT_DISABLED)
		return now->port_tries < MIRROR_TRIES_MAX;
	return before->port_waits;
}

static void take_values(struct mirror_link *l, const struct mirror_link *facts)
{
	struct mirror_link keep = *l;

	*l = *facts;
	l->by_ifindex = keep.by_ifindex;
	l->by_name = keep.by_name;
	l->by_uuid = keep.by_uuid;
	l->addrs = keep.addrs;
	l->routes = keep.routes;
	l->seen = true;
	l->parked = l->kind == LINK_BRIDGE && !strcmp(l->row.alias, LINK_MARK_PARKED);
	l->ours = l->kind == LINK_BRIDGE && link_alias_parse(l->row.alias, &l->uuid);
	if (keep.port_state != PORT_LEARNING || l->port_state != PORT_FORWARDING) {
		l->port_tries = keep.port_tries;
		l->port_tries_since = keep.port_tries_since;
	}
	l->port_waits = waits_now(&keep, l);
}

static bool same_values(const struct mirror_link *l, const struct mirror_link *f)
{
	return l->kind == f->kind && !strcmp(l->kind_text, f->kind_text) && l->lower == f->lower &&
	       l->vlan == f->vlan && l->master == f->master && l->flags == f->flags &&
	       l->carrier == f->carrier && !strcmp(l->row.name, f->row.name) &&
	       !strcmp(l->row.alias, f->row.alias) && mac_equal(&l->row.mac, &f->row.mac) &&
	       l->row.mtu == f->row.mtu && l->row.stp == f->row.stp &&
	       l->row.forward_delay_cs == f->row.forward_delay_cs &&
	       l->row.hello_cs == f->row.hello_cs && l->foreign_root == f->foreign_root &&
	       l->row.vlan_filtering == f->row.vlan_filtering && l->knows_vlans == f->knows_vlans &&
	       l->kernel_stp == f->kernel_stp && l->peer_elsewhere == f->peer_elsewhere &&
	       l->port_isolated == f->port_isolated && l->port_state == f->port_state &&
	       l->has_ipv6 == f->has_ipv6 && l->disable_ipv6 == f->disable_ipv6 &&
	       l->accept_ra == f->accept_ra && l->autoconf == f->autoconf &&
	       l->addr_gen_mode == f->addr_gen_mode;
}

static struct mirror_link *new_link(struct mirror *m, uint32_t ifindex)
{
	struct mirror_link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->ifindex = ifindex;
	list_init(&l->addrs);
	list_init(&l->routes);
	if (table_add(&m->by_ifindex, &l->by_ifindex, &l->ifindex, sizeof(l->ifindex)) < 0) {
		free(l);
		return NULL;
	}
	return l;
}

static void free_link(struct mirror *m, struct mirror_link *l)
{
	forget_all_of(m, l);
	table_remove(&m->by_ifindex, &l->by_ifindex);
	free(l);
}

/* Routes of our bridges don't count against the limit: recount when a link becomes ours, or ceases.
 */
static void recount_routes(struct mirror *m, const struct mirror_link *l, bool was_ours)
{
	struct mirror_route *r;
	size_t n = 0;

	if (was_ours == l->ours)
		return;
	list_foreach (r, &l->routes, struct mirror_route, on_link)
		n += r->link == l;
	m->n_routes = l->ours ? m->n_routes - n : m->n_routes + n;
}

void mirror_put_link(struct mirror *m, const struct mirror_link *facts)
{
	struct mirror_link *l = link_at(m, facts->ifindex);
	bool is_new = !l, was_ours = l && l->ours;
	struct mirror_change c = { .what = MIRROR_LINK, .ifindex = facts->ifindex };

	if (l && same_values(l, facts)) {
		l->seen = true;
		return;
	}
	if (is_new) {
		l = new_link(m, facts->ifindex);
	} else {
		c.bridge_before = l->master != facts->master ? l->master : 0;
		if (l->flags & IFF_UP && !(facts->flags & IFF_UP))
			forget_ipv4_routes(m, l, 0);
		unindex(m, l);
	}
	if (!l) {
		m->out_of_memory = true;
		return;
	}
	take_values(l, facts);
	recount_routes(m, l, was_ours);
	if (index_link(m, l) < 0) {
		free_link(m, l);
		m->out_of_memory = true;
		return;
	}
	c.bridge = was_ours ? l->ifindex : bridge_of(l);
	memcpy(c.name, l->row.name, sizeof(c.name));
	report(m, &c);
}

void mirror_put_port_state(struct mirror *m, uint32_t ifindex, enum port_state state)
{
	struct mirror_link *l = link_at(m, ifindex), facts;

	if (!l || l->port_state == state)
		return;
	facts = *l;
	facts.port_state = state;
	mirror_put_link(m, &facts);
}

void mirror_put_port_isolated(struct mirror *m, uint32_t ifindex, bool isolated)
{
	struct mirror_link *l = link_at(m, ifindex), facts;

	if (!l || l->port_isolated == isolated)
		return;
	facts = *l;
	facts.port_isolated = isolated;
	mirror_put_link(m, &facts);
}

void mirror_put_shape(struct mirror *m, uint32_t ifindex)
{
	struct mirror_link *l = link_at(m, ifindex);

	if (l)
		report_link(m, MIRROR_SHAPE, l, false);
}

void mirror_port_tried(struct mirror *m, uint32_t ifindex, usec_t now)
{
	struct mirror_link *l = link_at(m, ifindex);

	if (!l)
		return;
	m->n_waits -= l->port_waits;
	l->port_waits = false;
	if (!l->port_tries || now - l->port_tries_since > MIRROR_TRIES_USEC) {
		l->port_tries = 0;
		l->port_tries_since = now;
	}
	if (l->port_tries < MIRROR_TRIES_MAX)
		l->port_tries++;
}

void mirror_drop_link(struct mirror *m, uint32_t ifindex)
{
	struct mirror_link *l = link_at(m, ifindex);

	if (!l)
		return;
	struct mirror_link last = *l;
	unindex(m, l);
	free_link(m, l);
	report_link(m, MIRROR_LINK, &last, true);
}

void mirror_put_forward(struct mirror *m, int family, bool on)
{
	bool *is = family == AF_INET6 ? &m->forward_ipv6 : &m->forward_ipv4;

	if (*is == on)
		return;
	*is = on;
	report(m, &(struct mirror_change){ .what = MIRROR_FORWARD });
}

void mirror_begin_snapshot(struct mirror *m)
{
	table_foreach (n, &m->by_ifindex) {
		struct mirror_link *l = container_of(n, struct mirror_link, by_ifindex);
		forget_all_of(m, l);
		l->seen = false;
	}
	m->need_resync = m->out_of_memory = false;
}

void mirror_end_snapshot(struct mirror *m)
{
	struct table_node *n = table_next(&m->by_ifindex, NULL);

	while (n) {
		struct mirror_link *l = container_of(n, struct mirror_link, by_ifindex);
		n = table_next(&m->by_ifindex, n);
		if (!l->seen) {
			unindex(m, l);
			free_link(m, l);
		}
	}
	report(m, &(struct mirror_change){ .what = MIRROR_RESYNC });
}

void mirror_free(struct mirror *m)
{
	if (!m)
		return;
	m->changed = NULL;
	mirror_begin_snapshot(m);
	mirror_end_snapshot(m);
	table_done(&m->by_ifindex);
	table_done(&m->by_name);
	table_done(&m->by_uuid);
	table_done(&m->routes);
	table_done(&m->routes_by_dest);
	close_fd(&m->event_fd);
	close_fd(&m->dump_fd);
	free(m->buf);
	free(m);
}

/* Lookups */

const struct mirror_link *mirror_by_ifindex(const struct mirror *m, uint32_t ifindex)
{
	return link_at(m, ifindex);
}

const struct mirror_link *mirror_by_name(const struct mirror *m, const char *name)
{
	struct table_node *n = table_find(&m->by_name, name, strlen(name));

	return n ? container_of(n, struct mirror_link, by_name) : NULL;
}

const struct mirror_link *mirror_by_uuid(const struct mirror *m, const struct uuid *u)
{
	struct table_node *n = table_find(&m->by_uuid, u, sizeof(*u));

	return n ? container_of(n, struct mirror_link, by_uuid) : NULL;
}

const struct mirror_link *mirror_next(const struct mirror *m, const struct mirror_link *l)
{
	struct table_node *n = table_next(&m->by_ifindex, l ? &l->by_ifindex : NULL);

	return n ? container_of(n, struct mirror_link, by_ifindex) : NULL;
}

const struct mirror_link *mirror_next_port(const struct mirror *m, uint32_t bridge,
					   const struct mirror_link *l)
{
	do
		l = mirror_next(m, l);
	while (l && l->master != bridge);
	return l;
}

bool mirror_is_waiting(const struct mirror_link *l)
{
	return l->port_waits && mirror_is_edge(l);
}

const struct mirror_link *mirror_next_waiting(const struct mirror *m, uint32_t bridge,
					      const struct mirror_link *l)
{
	if (!m->n_waits)
		return NULL; /* the usual case, and links may be many */
	do
		l = mirror_next(m, l);
	while (l && (l->master != bridge || !mirror_is_waiting(l)));
	return l;
}

const struct mirror_route *mirror_next_route_to(const struct mirror *m, const struct route_row *to,
						const struct mirror_route *r)
{
	uint8_t key[MIRROR_ROUTE_KEY];
	struct table_node *n;

	route_key(0, to, key);
	/* Objects of one key are in one chain of the table. */
	n = r ? r->by_dest.next : table_find(&m->routes_by_dest, key, MIRROR_ROUTE_DEST);
	while (n && memcmp(n->key, key, MIRROR_ROUTE_DEST) != 0)
		n = n->next;
	return n ? container_of(n, struct mirror_route, by_dest) : NULL;
}

const struct mirror_link *mirror_next_parked(const struct mirror *m, const struct mirror_link *l)
{
	if (!m->n_parked)
		return NULL; /* the usual case, and links may be many */
	do
		l = mirror_next(m, l);
	while (l && !l->parked);
	return l;
}

bool mirror_forwards_ipv4(const struct mirror *m)
{
	return m->forward_ipv4;
}

bool mirror_forwards_ipv6(const struct mirror *m)
{
	return m->forward_ipv6;
}

#define RTPROT_FROM_RA 9 /* RTPROT_RA of linux/rtnetlink.h */

static bool learned_from_ra(const struct mirror_link *l)
{
	struct mirror_route *r;
	struct mirror_addr *a;

	list_foreach (r, &l->routes, struct mirror_route, on_link)
		if (r->row.proto == RTPROT_FROM_RA && r->row.destination.family == AF_INET6)
			return true;
	list_foreach (a, &l->addrs, struct mirror_addr, on_link)
		if (a->dynamic && a->row.address.family == AF_INET6)
			return true;
	return false;
}

const struct mirror_link *mirror_next_ra_uplink(const struct mirror *m, const struct mirror_link *l)
{
	do
		l = mirror_next(m, l);
	while (l && !(l->has_ipv6 && l->accept_ra == 1 && !l->ours && learned_from_ra(l)));
	return l;
}

/* Conflicts of subnets */

/* Link-local (RFC 3927, RFC 4291 §2.5.6), multicast and loopback are on every link or none. */
static bool is_special(const struct ip *a)
{
	if (a->family == AF_INET)
		return a->v4 >> 24 == 127 || a->v4 >> 28 == 14 || a->v4 >> 16 == 0xa9fe;
	return a->v6[0] == 0xff || (a->v6[0] == 0xfe && (a->v6[1] & 0xc0) == 0x80);
}

bool mirror_in_the_way(const struct ip *a, unsigned a_prefix, const struct ip *net, unsigned prefix)
{
	return a_prefix > 1 && !is_special(a) && ip_prefix_overlap(a, a_prefix, net, prefix);
}

static void tell_conflict(struct mirror_conflict *ret, const struct mirror_link *l, bool is_address,
			  const struct ip *a, unsigned prefix)
{
	char ip[IP_TEXT_MAX];

	*ret = (struct mirror_conflict){ .is_address = is_address,
					 .net = ip_network(a, prefix),
					 .prefix = prefix };
	memcpy(ret->dev, l->row.name, sizeof(ret->dev));
	snprintf(ret->text, sizeof(ret->text), "the %s%s/%u on %s",
		 is_address ? "address " : "route to ", ip_format(a, ip), prefix, l->row.name);
}

/* True when *ret has become the worst that there can be. */
static bool link_conflicts(const struct mirror_link *l, const struct ip *net, unsigned prefix,
			   struct mirror_conflict *ret)
{
	struct mirror_addr *a;
	struct mirror_route *r;

	/* Addresses first: a message that names the address says more than its connected route. */
	list_foreach (a, &l->addrs, struct mirror_addr, on_link) {
		if (mirror_in_the_way(&a->row.address, a->row.prefix, net, prefix)) {
			tell_conflict(ret, l, true, &a->row.address, a->row.prefix);
			return true;
		}
	}
	list_foreach (r, &l->routes, struct mirror_route, on_link) {
		bool wider = r->row.prefix < prefix;
		if ((wider && ret->dev[0]) ||
		    !mirror_in_the_way(&r->row.destination, r->row.prefix, net, prefix))
			continue;
		tell_conflict(ret, l, false, &r->row.destination, r->row.prefix);
		ret->wider = wider;
		if (!wider)
			return true;
	}
	return false;
}

bool mirror_subnet_conflict(const struct mirror *m, const struct ip *net, unsigned prefix,
			    const struct uuid *own, struct mirror_conflict *ret)
{
	*ret = (struct mirror_conflict){ 0 };
	for (const struct mirror_link *l = mirror_next(m, NULL); l; l = mirror_next(m, l)) {
		if (own && l->ours && uuid_equal(&l->uuid, own))
			continue;
		if (link_conflicts(l, net, prefix, ret))
			return true;
	}
	return ret->dev[0];
}
