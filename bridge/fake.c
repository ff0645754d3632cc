/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake kernel. It models what plans depend on, no more: names are unique, rows hang on links, a
 * route needs a way to its gateway, and some things vanish together. */
#include "bridge/fake.h"

#include "bridge/apply-internal.h"
#include "bridge/fake-internal.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

struct fake_kernel *fake_kernel_new(void)
{
	struct fake_kernel *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	k->next_ifindex = 1;
	return k;
}

static void free_link(struct fake_link *l)
{
	free(l->addrs);
	free(l->routes);
	free(l);
}

void fake_kernel_free(struct fake_kernel *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->n_links; i++)
		free_link(k->links[i]);
	free(k->links);
	close_fd(&k->event_fd);
	free(k);
}

static void tell(struct fake_kernel *k)
{
	uint64_t one = 1;

	if (write(k->event_fd, &one, sizeof(one)) < 0)
		return; /* full: it is readable anyway */
}

struct fake_link *fake_link_at(struct fake_kernel *k, uint32_t ifindex)
{
	for (size_t i = 0; i < k->n_links; i++)
		if (k->links[i]->facts.ifindex == ifindex)
			return k->links[i];
	return NULL;
}

static struct fake_link *link_named(struct fake_kernel *k, const char *name)
{
	for (size_t i = 0; i < k->n_links; i++)
		if (!strcmp(k->links[i]->facts.row.name, name))
			return k->links[i];
	return NULL;
}

/* Links */

static const char *kind_text(enum link_kind kind)
{
	switch (kind) {
	case LINK_BRIDGE:
		return "bridge";
	case LINK_VETH:
		return "veth";
	case LINK_TUN:
		return "tun";
	case LINK_VLAN:
		return "vlan";
	case LINK_OTHER:
		break;
	}
	return "dummy";
}

int fake_new_link(struct fake_kernel *k, const struct link_row *row, enum link_kind kind,
		  struct fake_link **ret)
{
	struct fake_link *l;

	if (link_named(k, row->name))
		return -EEXIST;
	if (row->mtu < 68 || row->mtu > 65535)
		return -EINVAL;
	l = calloc(1, sizeof(*l));
	if (!l || GROW(k->links, k->cap_links, k->n_links + 1) < 0) {
		free(l);
		return -ENOMEM;
	}
	l->facts.ifindex = k->next_ifindex++;
	l->facts.kind = kind;
	copy_text(l->facts.kind_text, sizeof(l->facts.kind_text), kind_text(kind));
	l->facts.row = *row;
	l->facts.kernel_stp = kind == LINK_BRIDGE && row->stp;
	l->facts.has_ipv6 = row->mtu >= 1280;
	l->facts.accept_ra = l->facts.autoconf = l->facts.has_ipv6;
	k->links[k->n_links++] = l;
	*ret = l;
	return 0;
}

uint32_t fake_add_link(struct fake_kernel *k, const struct link_row *row, enum link_kind kind,
		       bool up)
{
	struct fake_link *l;

	if (fake_new_link(k, row, kind, &l) < 0)
		return 0;
	l->facts.flags = up ? IFF_UP : 0;
	tell(k);
	return l->facts.ifindex;
}

void fake_delete_link(struct fake_kernel *k, uint32_t ifindex)
{
	for (size_t i = 0; i < k->n_links; i++) {
		if (k->links[i]->facts.ifindex == ifindex) {
			free_link(k->links[i]);
			k->links[i] = k->links[--k->n_links];
			i--;
		} else if (k->links[i]->facts.master == ifindex) {
			k->links[i]->facts.master = 0;
			k->links[i]->facts.port_state = PORT_DISABLED;
		}
	}
	tell(k);
}

static void drop_routes(struct fake_link *l, int family)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_routes; i++)
		if (l->routes[i].destination.family != family)
			l->routes[n++] = l->routes[i];
	l->n_routes = n;
}

static void drop_ipv6_addrs(struct fake_link *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_addrs; i++)
		if (l->addrs[i].address.family != AF_INET6)
			l->addrs[n++] = l->addrs[i];
	l->n_addrs = n;
	drop_routes(l, AF_INET6);
}

static enum port_state state_after_up(struct fake_kernel *k, const struct fake_link *l)
{
	const struct fake_link *b = l->facts.master ? fake_link_at(k, l->facts.master) : NULL;

	if (!b || !(l->facts.flags & IFF_UP))
		return PORT_DISABLED;
	return b->facts.row.stp ? PORT_LISTENING : PORT_FORWARDING;
}

void fake_link_set_up(struct fake_kernel *k, struct fake_link *l, bool up)
{
	bool was_up = l->facts.flags & IFF_UP;

	if (!up && was_up) {
		drop_routes(l, AF_INET);
		drop_ipv6_addrs(l);
	}
	l->facts.flags = up ? IFF_UP : 0;
	if (up != was_up)
		l->facts.port_state = state_after_up(k, l);
}

int fake_set_up(struct fake_kernel *k, uint32_t ifindex, bool up)
{
	struct fake_link *l = fake_link_at(k, ifindex);

	if (!l)
		return -ENODEV;
	fake_link_set_up(k, l, up);
	tell(k);
	return 0;
}

int fake_set_master(struct fake_kernel *k, uint32_t ifindex, uint32_t master)
{
	return fake_attach(k, ifindex, master, false);
}

int fake_attach(struct fake_kernel *k, uint32_t ifindex, uint32_t master, bool isolated)
{
	struct fake_link *l = fake_link_at(k, ifindex),
			 *b = master ? fake_link_at(k, master) : NULL;

	if (!l || (master && !b))
		return -ENODEV;
	if (b && l->facts.kind == LINK_BRIDGE)
		return -ELOOP;
	l->facts.master = master;
	l->facts.port_isolated = isolated;
	if (master)
		l->facts.flags = IFF_UP;
	l->facts.port_state = state_after_up(k, l);
	tell(k);
	return 0;
}

int fake_set_port_state(struct fake_kernel *k, uint32_t ifindex, enum port_state state)
{
	struct fake_link *l = fake_link_at(k, ifindex);

	if (!l)
		return -ENODEV;
	l->facts.port_state = state;
	tell(k);
	return 0;
}

int fake_add_port(struct fake_kernel *k, const struct link_row *row, enum link_kind kind,
		  uint32_t master, bool isolated, uint32_t *ret_ifindex)
{
	struct fake_link *l;
	int r;

	if (!fake_link_at(k, master))
		return -ENODEV;
	r = fake_new_link(k, row, kind, &l);
	if (r < 0)
		return r;
	*ret_ifindex = l->facts.ifindex;
	l->facts.peer_elsewhere = kind == LINK_VETH;
	return fake_attach(k, l->facts.ifindex, master, isolated);
}

bool fake_alias(struct fake_kernel *k, uint32_t ifindex, char buf[static LINK_ALIAS_MAX])
{
	struct fake_link *l = fake_link_at(k, ifindex);

	if (l)
		memcpy(buf, l->facts.row.alias, LINK_ALIAS_MAX);
	return l;
}

/* Addresses */

static bool same_subnet(const struct addr_row *a, const struct addr_row *b)
{
	return a->address.family == AF_INET && b->address.family == AF_INET &&
	       a->prefix == b->prefix && ip_in_prefix(&a->address, &b->address, b->prefix);
}

/* The index of the address, or n_addrs. */
static size_t addr_index(const struct fake_link *l, const struct addr_row *a)
{
	size_t i = 0;

	for (; i < l->n_addrs; i++)
		if (ip_equal(&l->addrs[i].address, &a->address) &&
		    (a->address.family == AF_INET6 || l->addrs[i].prefix == a->prefix))
			break;
	return i;
}

int fake_link_add_addr(struct fake_link *l, const struct addr_row *a)
{
	struct addr_row row = *a;

	if (a->address.family == AF_INET6 && (!l->facts.has_ipv6 || l->facts.disable_ipv6))
		return -EACCES;
	if (addr_index(l, a) < l->n_addrs)
		return 0; /* NLM_F_REPLACE */
	if (GROW(l->addrs, l->cap_addrs, l->n_addrs + 1) < 0)
		return -ENOMEM;
	row.secondary = false;
	for (size_t i = 0; i < l->n_addrs; i++)
		row.secondary |= same_subnet(&l->addrs[i], a);
	l->addrs[l->n_addrs++] = row;
	return 0;
}

static bool has_ipv4(const struct fake_link *l)
{
	for (size_t i = 0; i < l->n_addrs; i++)
		if (l->addrs[i].address.family == AF_INET)
			return true;
	return false;
}

int fake_link_delete_addr(struct fake_link *l, const struct addr_row *a)
{
	size_t at = addr_index(l, a), n = 0;

	if (at == l->n_addrs)
		return -EADDRNOTAVAIL;
	struct addr_row gone = l->addrs[at];
	for (size_t i = 0; i < l->n_addrs; i++)
		if (i != at &&
		    !(l->addrs[i].secondary && !gone.secondary && same_subnet(&l->addrs[i], &gone)))
			l->addrs[n++] = l->addrs[i];
	l->n_addrs = n;
	if (gone.address.family == AF_INET && !has_ipv4(l))
		drop_routes(l, AF_INET);
	return 0;
}

int fake_add_addr(struct fake_kernel *k, uint32_t ifindex, const struct addr_row *a)
{
	struct fake_link *l = fake_link_at(k, ifindex);

	tell(k);
	return l ? fake_link_add_addr(l, a) : -ENODEV;
}

int fake_delete_addr(struct fake_kernel *k, uint32_t ifindex, const struct addr_row *a)
{
	struct fake_link *l = fake_link_at(k, ifindex);

	tell(k);
	return l ? fake_link_delete_addr(l, a) : -ENODEV;
}

/* Routes */

static bool same_key(const struct route_row *a, const struct route_row *b)
{
	return a->prefix == b->prefix && a->metric == b->metric &&
	       ip_equal(&a->destination, &b->destination);
}

static bool reaches(const struct fake_link *l, const struct ip *gateway)
{
	for (size_t i = 0; i < l->n_addrs; i++)
		if (ip_in_prefix(gateway, &l->addrs[i].address, l->addrs[i].prefix))
			return true;
	return !ip_is_set(gateway);
}

static void delete_key(struct fake_link *l, const struct route_row *t, size_t *ret_deleted)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_routes; i++)
		if (!same_key(&l->routes[i], t))
			l->routes[n++] = l->routes[i];
	*ret_deleted += l->n_routes - n;
	l->n_routes = n;
}

int fake_link_add_route(struct fake_kernel *k, struct fake_link *l, const struct route_row *t,
			bool replace)
{
	size_t deleted = 0;

	if (!(l->facts.flags & IFF_UP))
		return -ENETDOWN;
	if (!reaches(l, &t->gateway))
		return -ENETUNREACH;
	for (size_t i = 0; i < k->n_links; i++) {
		struct fake_link *o = k->links[i];
		for (size_t j = 0; j < o->n_routes && !replace; j++)
			if (same_key(&o->routes[j], t))
				return -EEXIST;
		if (replace)
			delete_key(o, t, &deleted);
	}
	if (GROW(l->routes, l->cap_routes, l->n_routes + 1) < 0)
		return -ENOMEM;
	l->routes[l->n_routes++] = *t;
	return 0;
}

int fake_link_delete_route(struct fake_link *l, const struct route_row *t)
{
	size_t deleted = 0;

	delete_key(l, t, &deleted);
	return deleted ? 0 : -ESRCH;
}

int fake_add_route(struct fake_kernel *k, uint32_t ifindex, const struct route_row *r)
{
	struct fake_link *l = fake_link_at(k, ifindex);

	tell(k);
	return l ? fake_link_add_route(k, l, r, false) : -ENODEV;
}

/* Sysctls */

static int set_link_sysctl(struct fake_link *l, const struct sysctl_row *s)
{
	if (!l || !l->facts.has_ipv6)
		return -ENOENT;
	if (s->key == SYSCTL_DISABLE_IPV6) {
		l->facts.disable_ipv6 = s->value;
		if (s->value)
			drop_ipv6_addrs(l);
	} else if (s->key == SYSCTL_ACCEPT_RA) {
		l->facts.accept_ra = s->value;
	} else if (s->key == SYSCTL_AUTOCONF) {
		l->facts.autoconf = s->value;
	} else {
		l->facts.addr_gen_mode = s->value;
	}
	return 0;
}

/* Routes learned from advertisements go when forwarding is switched on, but for accept_ra=2. */
static void forget_ra_routes(struct fake_kernel *k)
{
	for (size_t i = 0; i < k->n_links; i++) {
		struct fake_link *l = k->links[i];
		size_t n = 0;
		if (l->facts.accept_ra == 2)
			continue;
		for (size_t j = 0; j < l->n_routes; j++)
			if (l->routes[j].proto != 9)
				l->routes[n++] = l->routes[j];
		l->n_routes = n;
	}
}

int fake_set_sysctl(struct fake_kernel *k, const struct sysctl_row *s)
{
	tell(k);
	if (s->key == SYSCTL_IPV4_FORWARD) {
		k->forward_ipv4 = s->value;
	} else if (s->key == SYSCTL_IPV6_FORWARD) {
		if (s->value && !k->forward_ipv6)
			forget_ra_routes(k);
		k->forward_ipv6 = s->value;
	} else {
		return set_link_sysctl(link_named(k, s->dev), s);
	}
	return 0;
}

/* Steps */

void fake_fail_step(struct fake_kernel *k, size_t countdown, int errnum)
{
	k->fail_in = countdown + 1;
	k->fail_with = errnum;
}

size_t fake_steps(const struct fake_kernel *k)
{
	return k->steps;
}

static int set_values(struct fake_kernel *k, struct fake_link *l, const struct link_row *row,
		      unsigned what)
{
	struct fake_link *other = what & LINK_CHANGE_NAME ? link_named(k, row->name) : NULL;

	if (other && other != l)
		return -EEXIST;
	if (what & LINK_CHANGE_MTU && (row->mtu < 68 || row->mtu > 65535))
		return -EINVAL;
	if (what & LINK_CHANGE_NAME)
		memcpy(l->facts.row.name, row->name, sizeof(row->name));
	if (what & LINK_CHANGE_ALIAS)
		memcpy(l->facts.row.alias, row->alias, sizeof(row->alias));
	if (what & LINK_CHANGE_MAC)
		l->facts.row.mac = row->mac;
	if (what & LINK_CHANGE_STP)
		l->facts.row.stp = l->facts.kernel_stp = row->stp;
	if (what & LINK_CHANGE_DELAY)
		l->facts.row.forward_delay_cs = row->forward_delay_cs;
	if (what & LINK_CHANGE_HELLO && row->hello_cs)
		l->facts.row.hello_cs = row->hello_cs;
	if (what & LINK_CHANGE_MTU) {
		bool had = l->facts.has_ipv6;
		l->facts.row.mtu = row->mtu;
		l->facts.has_ipv6 = row->mtu >= 1280;
		if (!l->facts.has_ipv6 || !had) {
			drop_ipv6_addrs(l);
			l->facts.disable_ipv6 = l->facts.addr_gen_mode = 0;
			l->facts.accept_ra = l->facts.autoconf = l->facts.has_ipv6;
		}
	}
	return 0;
}

static bool parked_as(const struct fake_link *l, uint32_t ifindex)
{
	char name[LINK_NAME_MAX + 8];

	snprintf(name, sizeof(name), "netdp%u", ifindex);
	return l && !strcmp(l->facts.row.name, name);
}

static int do_add_link(struct fake_kernel *k, const struct bridge_step *s,
		       struct bridge_result *result)
{
	struct fake_link *l = s->recycle ? fake_link_at(k, s->recycle) : NULL;
	struct link_row row = s->link;
	int r;

	if (parked_as(l, s->recycle)) {
		r = set_values(k, l, &s->link, ~0U);
		result->recycled = r == 0;
	} else {
		row.alias[0] = '\0'; /* as Linux: not taken by the message that creates */
		r = fake_new_link(k, &row, LINK_BRIDGE, &l);
		result->created = r == 0;
	}
	if (r == 0)
		result->ifindex = l->facts.ifindex;
	return r;
}

static int do_park(struct fake_kernel *k, struct fake_link *l)
{
	struct link_row row = { .alias = LINK_MARK_PARKED };

	snprintf(row.name, sizeof(row.name), "netdp%u", l->facts.ifindex);
	fake_link_set_up(k, l, false);
	return set_values(k, l, &row, LINK_CHANGE_NAME | LINK_CHANGE_ALIAS);
}

static int do_link_step(struct fake_kernel *k, const struct bridge_step *s, struct fake_link *l)
{
	int r;

	switch (s->op) {
	case BRIDGE_CHANGE_LINK:
		return set_values(k, l, &s->link, s->change);
	case BRIDGE_LINK_UP:
		r = set_values(k, l, &s->link, s->change);
		if (r == 0)
			fake_link_set_up(k, l, true);
		return r;
	case BRIDGE_PARK_LINK:
		return do_park(k, l);
	case BRIDGE_REMOVE_LINK:
		if (parked_as(l, l->facts.ifindex))
			fake_delete_link(k, l->facts.ifindex);
		return 0;
	case BRIDGE_RELEASE_PORT:
		l->facts.master = 0;
		l->facts.port_state = PORT_DISABLED;
		return 0;
	case BRIDGE_FORWARD_PORT:
		if (l->facts.port_state == PORT_LISTENING || l->facts.port_state == PORT_LEARNING)
			l->facts.port_state = PORT_FORWARDING;
		return 0;
	case BRIDGE_ADD_ADDR:
		return fake_link_add_addr(l, &s->addr);
	case BRIDGE_DELETE_ADDR:
		r = fake_link_delete_addr(l, &s->addr);
		return r == -EADDRNOTAVAIL ? 0 : r;
	case BRIDGE_ADD_ROUTE:
	case BRIDGE_CHANGE_ROUTE:
		return fake_link_add_route(k, l, &s->route, s->op == BRIDGE_CHANGE_ROUTE);
	case BRIDGE_DELETE_ROUTE:
		r = fake_link_delete_route(l, &s->route);
		return r == -ESRCH ? 0 : r;
	case BRIDGE_ADD_LINK:
	case BRIDGE_ATTACH_PORT:
	case BRIDGE_SET_SYSCTL:
	case BRIDGE_ADD_VLAN:
	case BRIDGE_REMOVE_VLAN:
	case BRIDGE_TAKE_UPLINK:
	case BRIDGE_GIVE_UPLINK:
	case BRIDGE_RESTORE_UPLINK:
		break;
	}
	return 0;
}

static int do_attach(struct fake_kernel *k, const struct bridge_step *s, uint32_t bridge)
{
	struct fake_link *l = fake_link_at(k, s->ifindex);

	if (!l)
		return 0;
	return fake_attach(k, s->ifindex, s->change & PORT_CHANGE_BRIDGE ? bridge : l->facts.master,
			   s->isolated);
}

static int do_step(struct fake_kernel *k, const struct bridge_step *s, struct bridge_result *result)
{
	struct fake_link *l;

	k->steps++;
	if (k->fail_in && --k->fail_in == 0)
		return -k->fail_with;
	if (s->op == BRIDGE_ADD_LINK)
		return do_add_link(k, s, result);
	if (s->op == BRIDGE_ATTACH_PORT)
		return do_attach(k, s, result->ifindex);
	if (s->op == BRIDGE_SET_SYSCTL)
		return fake_set_sysctl(k, &s->sysctl);
	if (s->op >= BRIDGE_ADD_VLAN)
		return fake_uplink_step(k, s, result->ifindex);
	l = fake_link_at(k, s->ifindex ? s->ifindex : result->ifindex);
	if (!l)
		return s->op == BRIDGE_REMOVE_LINK || s->op == BRIDGE_RELEASE_PORT ||
			       s->op == BRIDGE_FORWARD_PORT
			   ? 0
			   : -ENODEV;
	return do_link_step(k, s, l);
}

/* As apply.c does: a bridge that could not be finished gets its mark. */
static void mark(struct fake_kernel *k, const struct bridge_plan *plan, uint32_t ifindex)
{
	struct fake_link *l = fake_link_at(k, ifindex);

	for (size_t i = 0; i < plan->n_steps && l; i++)
		if (plan->steps[i].op == BRIDGE_ADD_LINK)
			(void)set_values(k, l, &plan->steps[i].link, LINK_CHANGE_ALIAS);
}

int fake_apply(struct fake_kernel *k, const struct bridge_plan *plan, struct bridge_result *ret,
	       struct err *e)
{
	struct bridge_result result = { .failed_step = plan->n_steps, .ifindex = plan->ifindex };
	int r = 0;

	for (size_t i = 0; i < plan->n_steps && r == 0; i++) {
		const struct bridge_step *s = &plan->steps[i];
		r = do_step(k, s, &result);
		if (r < 0) {
			if (result.created)
				mark(k, plan, result.ifindex);
			r = bridge_step_failed(plan, i, -r, NULL, &result, e);
			break;
		}
		result.n_done++;
		result.needs_refresh |= s->op == BRIDGE_SET_SYSCTL;
		if (s->op == BRIDGE_PARK_LINK)
			result.ifindex = 0;
	}
	tell(k);
	*ret = result;
	return r;
}

/* The mirror's source */

int fake_event_fd(struct fake_kernel *k)
{
	return k->event_fd;
}

void fake_snapshot(struct fake_kernel *k, struct mirror *m)
{
	mirror_begin_snapshot(m);
	for (size_t i = 0; i < k->n_links; i++) {
		const struct fake_link *l = k->links[i];
		mirror_put_link(m, &l->facts);
		for (size_t j = 0; j < l->n_addrs; j++)
			mirror_put_addr(m, l->facts.ifindex, &l->addrs[j], false);
		for (size_t j = 0; j < l->n_routes; j++)
			mirror_put_route(m, l->facts.ifindex, &l->routes[j], 0);
	}
	mirror_put_forward(m, AF_INET, k->forward_ipv4);
	mirror_put_forward(m, AF_INET6, k->forward_ipv6);
	mirror_end_snapshot(m);
}

void fake_refresh_link(struct fake_kernel *k, struct mirror *m, uint32_t ifindex)
{
	struct fake_link *l = fake_link_at(k, ifindex);

	if (l)
		mirror_put_link(m, &l->facts);
	else
		mirror_drop_link(m, ifindex);
}
