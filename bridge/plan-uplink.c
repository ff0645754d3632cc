/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which device is the way out of a bridge, and what is to be done about it: see plan.h. */
#include "bridge/plan-internal.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define RTPROT_OF_KERNEL 2

static const struct mirror_link *find_vlan(const struct mirror *m, uint32_t parent, uint16_t vlan)
{
	const struct mirror_link *l = NULL;

	while ((l = mirror_next(m, l)))
		if (l->kind == LINK_VLAN && l->lower == parent && l->vlan == vlan)
			return l;
	return NULL;
}

const struct mirror_link *bridge_find_uplink(const struct mirror *m, const struct uplink_row *u)
{
	const struct mirror_link *l = u->dev[0] ? mirror_by_name(m, u->dev) : NULL;

	return l && u->vlan ? find_vlan(m, l->ifindex, u->vlan) : l;
}

static bool is_link_local6(const struct ip *a)
{
	return a->family == AF_INET6 && a->v6[0] == 0xfe && (a->v6[1] & 0xc0) == 0x80;
}

bool bridge_uplink_has_rows(const struct mirror_link *uplink)
{
	struct mirror_addr *a;
	struct mirror_route *r;

	list_foreach (a, &uplink->addrs, struct mirror_addr, on_link)
		if (!is_link_local6(&a->row.address))
			return true;
	list_foreach (r, &uplink->routes, struct mirror_route, on_link)
		if (r->row.proto != RTPROT_OF_KERNEL)
			return true;
	return false;
}

static bool made_by_us(const struct mirror_link *l)
{
	return l->kind == LINK_VLAN &&
	       !strncmp(l->row.alias, LINK_MARK_UPLINK, strlen(LINK_MARK_UPLINK));
}

/* ---- what is wanted ---- */

static void add_sysctl(struct bridge_want *w, enum sysctl_key key, int value)
{
	struct sysctl_row *s = &w->sysctls[w->n_sysctls++];

	*s = (struct sysctl_row){ .key = key, .value = value };
	copy_text(s->dev, sizeof(s->dev), w->name);
}

/* Only while the bridge is new: later it is the host's to say what it does there. */
static int want_ipv6(struct bridge_want *w, const struct mirror_link *uplink)
{
	bool apart = w->uplink.row.vlan && (!uplink || made_by_us(uplink));

	free(w->sysctls);
	w->n_sysctls = 0;
	w->sysctls = calloc(4, sizeof(*w->sysctls));
	if (!w->sysctls)
		return -ENOMEM;
	if (w->link.mtu < 1280 || (uplink && !uplink->has_ipv6))
		return 0;
	if (apart || !uplink) {
		add_sysctl(w, SYSCTL_ACCEPT_RA, 0);
		add_sysctl(w, SYSCTL_AUTOCONF, 0);
		add_sysctl(w, SYSCTL_DISABLE_IPV6, apart);
		return 0;
	}
	add_sysctl(w, SYSCTL_ACCEPT_RA, uplink->accept_ra);
	add_sysctl(w, SYSCTL_AUTOCONF, uplink->autoconf);
	add_sysctl(w, SYSCTL_DISABLE_IPV6, uplink->disable_ipv6);
	return 0;
}

int bridge_want_as_uplink(const struct mirror *m, struct bridge_want *w)
{
	const struct mirror_link *uplink = bridge_find_uplink(m, &w->uplink.row),
				 *bridge = mirror_by_uuid(m, &w->uuid);
	const struct mirror_link *like = uplink               ? uplink
					 : w->uplink.row.vlan ? mirror_by_name(m, w->uplink.row.dev)
							      : NULL;

	if (!w->uplink.row.dev[0] || !w->running)
		return 0;
	if (!like)
		like = bridge; /* as it was, until the uplink comes */
	if (like && !mac_is_zero(&like->row.mac))
		w->link.mac = like->row.mac;
	if (like)
		w->link.mtu = like->row.mtu;
	if (!bridge)
		return want_ipv6(w, uplink);
	w->n_sysctls = 0;
	return 0;
}

/* ---- what is to be done ---- */

static struct bridge_step *add_named_step(struct planner *p, enum bridge_op op,
					  const struct mirror_link *l)
{
	struct bridge_step *s = plan_add_step(p, op, l->ifindex);

	s->link = l->row;
	return s;
}

static bool same_uplink(const struct uplink_row *a, const struct uplink_row *b)
{
	return !strcmp(a->dev, b->dev) && a->vlan == b->vlan;
}

/* The device that is on the bridge as its uplink and is not to be it any longer. */
static const struct mirror_link *unwanted(const struct planner *p)
{
	const struct uplink_want *u = &p->want->uplink;
	const struct mirror_link *held = u->held ? mirror_by_ifindex(p->m, u->held) : NULL;
	const struct mirror_link *now = bridge_find_uplink(p->m, &u->row);

	if (!held && !p->want->running)
		held = now;
	if (!held || !p->link || held->master != p->link->ifindex)
		return NULL;
	return !p->want->running || !same_uplink(&u->row, &u->before) || (now && now != held)
		   ? held
		   : NULL;
}

/* A VLAN of ours that hangs on nothing: left over, or just given back. */
static void remove_vlans(struct planner *p, const struct mirror_link *given)
{
	const struct mirror_link *l = NULL,
				 *wanted = p->want->running
					       ? bridge_find_uplink(p->m, &p->want->uplink.row)
					       : NULL;
	char alias[LINK_ALIAS_MAX];

	link_alias_uplink(&p->want->uuid, alias);
	while ((l = mirror_next(p->m, l)))
		if (l->kind == LINK_VLAN && !strcmp(l->row.alias, alias) && l != wanted &&
		    (l == given || !l->master))
			add_named_step(p, BRIDGE_REMOVE_VLAN, l);
}

static int restore(struct planner *p, uint32_t ifindex, struct err *e)
{
	const struct uplink_want *u = &p->want->uplink;

	p->plan.lost = strdup(u->lost);
	if (!p->plan.lost)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	p->plan.lost_from = u->lost_from;
	p->plan.since = u->since;
	plan_add_step(p, BRIDGE_RESTORE_UPLINK, ifindex);
	return 0;
}

int plan_uplink_first(struct planner *p, struct err *e)
{
	const struct mirror_link *old = unwanted(p);
	const struct uplink_want *u = &p->want->uplink;
	const struct mirror_link *home =
	    !p->want->running && u->lost && !p->link ? bridge_find_uplink(p->m, &u->row) : NULL;

	if (!u->row.dev[0] && !u->held)
		return 0;
	/* Somebody removed the bridge, and the network is stopped before it was made again. */
	if (home) {
		int r = restore(p, home->ifindex, e);
		if (r < 0)
			return r;
	}
	if (old)
		add_named_step(p, BRIDGE_GIVE_UPLINK, old);
	remove_vlans(p, old);
	return 0;
}

static int refuse_uplink(const struct planner *p, const struct mirror_link *l, struct err *e)
{
	const struct mirror_link *master = mirror_by_ifindex(p->m, l->master);

	return err_sys(e, EBUSY,
		       "bridge '%s': the uplink '%s' is a port of '%s' already; remove it from "
		       "there, or choose another <netd:uplink>",
		       p->want->name, l->row.name, master ? master->row.name : "another link");
}

/* "eth1.100", as everybody names it, or where that isn't possible "vlan12.100" by the device's
 * index. */
static void name_vlan(const struct planner *p, const struct mirror_link *parent, uint16_t vlan,
		      char name[static LINK_NAME_MAX])
{
	char wish[2 * LINK_NAME_MAX];

	snprintf(wish, sizeof(wish), "%s.%u", parent->row.name, vlan);
	if (strlen(wish) >= LINK_NAME_MAX || mirror_by_name(p->m, wish))
		snprintf(wish, sizeof(wish), "vl%u.%u", parent->ifindex, vlan);
	copy_text(name, LINK_NAME_MAX, wish);
}

static void make_vlan(struct planner *p, const struct mirror_link *parent)
{
	struct bridge_step *s = plan_add_step(p, BRIDGE_ADD_VLAN, parent->ifindex);

	s->vlan = p->want->uplink.row.vlan;
	name_vlan(p, parent, s->vlan, s->link.name);
	link_alias_uplink(&p->want->uuid, s->link.alias);
}

int plan_uplink_last(struct planner *p, struct err *e)
{
	const struct uplink_want *u = &p->want->uplink;
	const struct mirror_link *parent = u->row.dev[0] ? mirror_by_name(p->m, u->row.dev) : NULL,
				 *l = bridge_find_uplink(p->m, &u->row);
	uint32_t bridge = p->link ? p->link->ifindex : 0;
	int r = 0;

	if (!p->want->running || !u->row.dev[0])
		return 0;
	if (p->link && !p->link->knows_vlans && p->want->link.vlan_filtering)
		return err_sys(
		    e, EOPNOTSUPP,
		    "bridge '%s': <vlan> needs VLANs on bridges, which this kernel doesn't "
		    "have (CONFIG_BRIDGE_VLAN_FILTERING)",
		    p->want->name);
	if (u->lost)
		r = restore(p, 0, e);
	if (r < 0)
		return r;
	if (parent && u->row.vlan && !l)
		make_vlan(p, parent);
	bool trunk = p->want->link.vlan_filtering &&
		     (!p->link || !p->link->row.vlan_filtering || (l && l->master != bridge));
	if (!l || (bridge && l->master == bridge && !trunk &&
		   (u->leave_rows || !bridge_uplink_has_rows(l))))
		return 0;
	if (l->master && l->master != bridge)
		return refuse_uplink(p, l, e);
	struct bridge_step *s = add_named_step(p, BRIDGE_TAKE_UPLINK, l);
	s->change = l->master ? 0 : PORT_CHANGE_BRIDGE;
	s->trunk = p->want->link.vlan_filtering;
	return 0;
}
