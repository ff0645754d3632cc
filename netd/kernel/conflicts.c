/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running networks' subnets are sorted, and each address and route of the host is looked up
 * among them: the cost of a look is the sum of both, not their product. Subnets are nested or
 * apart, so the subnets that hold an address are the last one that begins at or before it, and
 * those around that one. */
#include "netd/kernel/conflicts.h"

#include "netd/controller/conditions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct subnet {
	struct net *net;
	struct ip from;
	unsigned prefix;
	size_t around; /* the index of the next wider subnet that it lies in, or its own */
	char other[ROUTE_ROW_TEXT_MAX + LINK_NAME_MAX + 32]; /* who has it as well; "": nobody */
};

struct conflicts {
	struct controller *c;
	sd_event_source *timer;
	bool due;
	bool any; /* a conflict was there at the last look */
	struct subnet *subnet;
	size_t n, cap;
};

/* ---- the subnets ---- */

static int compare(const void *a, const void *b)
{
	const struct subnet *x = a, *y = b;
	int c = ip_compare(&x->from, &y->from);

	return c ? c : (x->prefix > y->prefix) - (x->prefix < y->prefix);
}

static void add_network(struct conflicts *cf, struct net *n)
{
	for (size_t i = 0; i < n->live->n_ips; i++) {
		const struct network_ip *ip = &n->live->ips[i];
		if (GROW(cf->subnet, cf->cap, cf->n + 1) < 0)
			return; /* a condition less; the next look may have memory */
		cf->subnet[cf->n++] = (struct subnet){ .net = n,
						       .from = ip_network(&ip->address, ip->prefix),
						       .prefix = ip->prefix };
	}
}

static bool holds(const struct subnet *s, const struct ip *a)
{
	return s->from.family == a->family && ip_in_prefix(a, &s->from, s->prefix);
}

static void gather(struct conflicts *cf)
{
	struct net *n;

	cf->n = 0;
	registry_foreach(n, &cf->c->registry) if (net_is_wanted(n) && network_owns_bridge(n->live))
	    add_network(cf, n);
	if (cf->n)
		qsort(cf->subnet, cf->n, sizeof(*cf->subnet), compare);
	for (size_t i = 0; i < cf->n; i++) {
		size_t around = i ? i - 1 : 0;
		while (i && !holds(&cf->subnet[around], &cf->subnet[i].from) &&
		       cf->subnet[around].around != around)
			around = cf->subnet[around].around;
		bool inside = i && holds(&cf->subnet[around], &cf->subnet[i].from);
		cf->subnet[i].around = inside ? around : i;
	}
}

/* ---- who else has them ---- */

static void note(struct subnet *s, const struct mirror_link *l, bool is_address,
		 const struct ip *ip, unsigned prefix)
{
	char text[IP_TEXT_MAX];

	/* An address tells more than its connected route. */
	if ((s->other[0] && !is_address) || (l->ours && uuid_equal(&l->uuid, &s->net->uuid)) ||
	    !mirror_in_the_way(ip, prefix, &s->from, s->prefix))
		return;
	if (!is_address && prefix < s->prefix)
		return; /* a VPN's 10.0.0.0/8 leaves room */
	snprintf(s->other, sizeof(s->other), "the %s%s/%u on %s",
		 is_address ? "address " : "route to ", ip_format(ip, text), prefix, l->row.name);
}

/* How many subnets begin before `from`, or (`too`) with it. */
static size_t count_before(const struct conflicts *cf, const struct ip *from, bool too)
{
	size_t low = 0, high = cf->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = ip_compare(&cf->subnet[middle].from, from);
		if (c < 0 || (too && c == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void look_up(struct conflicts *cf, const struct mirror_link *l, bool is_address,
		    const struct ip *ip, unsigned prefix)
{
	struct ip from = ip_network(ip, prefix);
	size_t i = count_before(cf, &from, true);

	if (i) { /* those that hold it */
		size_t at = i - 1;
		for (note(&cf->subnet[at], l, is_address, ip, prefix);
		     cf->subnet[at].around != at;) {
			at = cf->subnet[at].around;
			note(&cf->subnet[at], l, is_address, ip, prefix);
		}
	}
	/* those inside it */
	for (i = count_before(cf, &from, false);
	     i < cf->n && ip_in_prefix(&cf->subnet[i].from, &from, prefix); i++)
		note(&cf->subnet[i], l, is_address, ip, prefix);
}

static void look_at_host(struct conflicts *cf)
{
	struct mirror_addr *a;
	struct mirror_route *r;

	for (const struct mirror_link *l = NULL; (l = mirror_next(cf->c->mirror, l));) {
		list_foreach (a, &l->addrs, struct mirror_addr, on_link)
			look_up(cf, l, true, &a->row.address, a->row.prefix);
		list_foreach (r, &l->routes, struct mirror_route, on_link)
			if (r->row.prefix > 1)
				look_up(cf, l, false, &r->row.destination, r->row.prefix);
	}
}

/* ---- the conditions ---- */

static void object_of(const struct subnet *s, char buf[static CONDITION_OBJECT_MAX])
{
	char text[IP_TEXT_MAX];

	snprintf(buf, CONDITION_OBJECT_MAX, "%s/%u", ip_format(&s->from, text), s->prefix);
}

static bool still_holds(const struct conflicts *cf, const struct condition *k)
{
	char object[CONDITION_OBJECT_MAX];

	for (size_t i = 0; i < cf->n; i++) {
		const struct subnet *s = &cf->subnet[i];
		if (!s->other[0] || s->net->id != k->net_id)
			continue;
		object_of(s, object);
		if (strcmp(object, k->object) == 0)
			return true;
	}
	return false;
}

static void clear_old(struct conflicts *cf)
{
	struct conditions *cs = cf->c->conditions;
	const struct condition *k = conditions_next(cs, NULL), *next;

	for (; k; k = next) {
		next = conditions_next(cs, k);
		if (k->kind != CONDITION_SUBNET_CONFLICT || still_holds(cf, k))
			continue;
		char object[CONDITION_OBJECT_MAX];
		struct net *n = registry_find_id(&cf->c->registry, k->net_id);
		copy_text(object, sizeof(object), k->object);
		conditions_clear(cs, n, CONDITION_SUBNET_CONFLICT, object);
	}
}

static void tell(struct conflicts *cf)
{
	char object[CONDITION_OBJECT_MAX];

	clear_old(cf);
	cf->any = false;
	for (size_t i = 0; i < cf->n; i++) {
		const struct subnet *s = &cf->subnet[i];
		if (!s->other[0])
			continue;
		cf->any = true;
		object_of(s, object);
		conditions_raise(cf->c->conditions, s->net, CONDITION_SUBNET_CONFLICT, object,
				 "subnet %s is used by %s, too: one of the two can't be reached",
				 object, s->other);
	}
}

static int look(sd_event_source *source, uint64_t usec, void *data)
{
	struct conflicts *cf = data;

	cf->due = false;
	gather(cf);
	if (cf->n)
		look_at_host(cf);
	tell(cf);
	return 0;
}

/* ---- when ---- */

void conflicts_look_soon(struct conflicts *cf)
{
	if (!cf || cf->due)
		return;
	cf->due = sd_event_source_set_time_relative(cf->timer, CONFLICTS_DELAY_USEC) >= 0 &&
		  sd_event_source_set_enabled(cf->timer, SD_EVENT_ONESHOT) >= 0;
}

void conflicts_heard(struct conflicts *cf, const struct mirror_change *change)
{
	const struct mirror_link *l;

	if (!cf || change->what == MIRROR_SHAPE || change->what == MIRROR_FORWARD)
		return;
	/* Routes vanish in silence when their link goes down. */
	if (change->what == MIRROR_LINK && !change->gone && !cf->any)
		return;
	l = mirror_by_ifindex(cf->c->mirror, change->ifindex);
	/* What happens on our own bridges is our own doing: a start looks by itself. */
	if (!l || !l->ours || registry_find_ifindex(&cf->c->registry, change->ifindex))
		conflicts_look_soon(cf);
}

struct conflicts *conflicts_new(struct controller *c, struct err *e)
{
	struct conflicts *cf = calloc(1, sizeof(*cf));

	if (cf)
		cf->c = c;
	if (!cf || sd_event_add_time(c->loop, &cf->timer, CLOCK_BOOTTIME, 0, 0, look, cf) < 0 ||
	    sd_event_source_set_enabled(cf->timer, SD_EVENT_OFF) < 0) {
		conflicts_free(cf);
		err_sys(e, ENOMEM, "cannot watch over subnets");
		return NULL;
	}
	return cf;
}

void conflicts_free(struct conflicts *cf)
{
	if (!cf)
		return;
	sd_event_source_disable_unref(cf->timer);
	free(cf->subnet);
	free(cf);
}
