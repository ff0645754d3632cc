/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans as people read them: --dry-run, the log, golden tests. */
#include "bridge/plan.h"

#include <string.h>

static void add_delay(uint32_t cs, struct text *out)
{
	text_addf(out, cs % 100 ? " delay %u.%02u" : " delay %u", cs / 100, cs % 100);
}

static void add_link_values(const struct link_row *l, struct text *out)
{
	char mac[MAC_TEXT_MAX];

	text_addf(out, " mac %s mtu %u stp %s", mac_format(&l->mac, mac), l->mtu,
		  l->stp ? "on" : "off");
	add_delay(l->forward_delay_cs, out);
}

static void add_changes(const struct bridge_step *s, struct text *out)
{
	const struct link_row *l = &s->link;
	char mac[MAC_TEXT_MAX];

	if (s->change & LINK_CHANGE_NAME)
		text_addf(out, " name %s", l->name);
	if (s->change & LINK_CHANGE_ALIAS)
		text_addf(out, " alias %s", l->alias);
	if (s->change & LINK_CHANGE_MAC)
		text_addf(out, " mac %s", mac_format(&l->mac, mac));
	if (s->change & LINK_CHANGE_MTU)
		text_addf(out, " mtu %u", l->mtu);
	if (s->change & LINK_CHANGE_STP)
		text_addf(out, " stp %s", l->stp ? "on" : "off");
	if (s->change & LINK_CHANGE_DELAY)
		add_delay(l->forward_delay_cs, out);
	if (s->change & LINK_CHANGE_VLANS)
		text_addf(out, " vlans %s", l->vlan_filtering ? "on" : "off");
	if (s->change & LINK_CHANGE_HELLO && l->hello_cs)
		text_addf(out, " hello %u", l->hello_cs / 100);
}

static void link_step_text(const struct bridge_plan *p, const struct bridge_step *s,
			   struct text *out)
{
	switch (s->op) {
	case BRIDGE_ADD_LINK:
		text_addf(out, "add link %s bridge", s->link.name);
		add_link_values(&s->link, out);
		if (s->recycle)
			text_addf(out, " recycling netdp%u", s->recycle);
		break;
	case BRIDGE_CHANGE_LINK:
		text_addf(out, "change link %s", p->bridge);
		add_changes(s, out);
		break;
	case BRIDGE_LINK_UP:
		text_addf(out, "set link %s up", s->link.name);
		add_changes(s, out);
		break;
	case BRIDGE_PARK_LINK:
		text_addf(out, "park link %s as netdp%u", s->link.name, s->ifindex);
		break;
	case BRIDGE_REMOVE_LINK:
		text_addf(out, "remove link %s", s->link.name);
		break;
	case BRIDGE_ATTACH_PORT:
		if (s->change & PORT_CHANGE_BRIDGE)
			text_addf(out, "attach port %s to %s%s", s->link.name, p->bridge,
				  s->isolated ? " isolated" : "");
		else
			text_addf(out, "set port %s of %s isolated %s", s->link.name, p->bridge,
				  s->isolated ? "on" : "off");
		break;
	case BRIDGE_RELEASE_PORT:
		text_addf(out, "release port %s from %s", s->link.name, p->bridge);
		break;
	case BRIDGE_FORWARD_PORT:
		text_addf(out, "forward port %s of %s", s->link.name, p->bridge);
		break;
	case BRIDGE_SET_SYSCTL:
	case BRIDGE_ADD_ADDR:
	case BRIDGE_DELETE_ADDR:
	case BRIDGE_ADD_ROUTE:
	case BRIDGE_CHANGE_ROUTE:
	case BRIDGE_DELETE_ROUTE:
	case BRIDGE_ADD_VLAN:
	case BRIDGE_REMOVE_VLAN:
	case BRIDGE_TAKE_UPLINK:
	case BRIDGE_GIVE_UPLINK:
	case BRIDGE_RESTORE_UPLINK:
		break;
	}
}

static void uplink_step_text(const struct bridge_plan *p, const struct bridge_step *s,
			     struct text *out)
{
	const char *name = s->link.name;

	switch ((int)s->op) {
	case BRIDGE_ADD_VLAN:
		text_addf(out, "add link %s vlan %u", name, s->vlan);
		break;
	case BRIDGE_REMOVE_VLAN:
		text_addf(out, "remove link %s", name);
		break;
	case BRIDGE_TAKE_UPLINK:
		if (s->change & PORT_CHANGE_BRIDGE)
			text_addf(out, "attach uplink %s to %s, ", name, p->bridge);
		text_addf(out, "move addresses and routes of %s to %s", name, p->bridge);
		break;
	case BRIDGE_GIVE_UPLINK:
		text_addf(out, "release uplink %s from %s, move addresses and routes to it", name,
			  p->bridge);
		break;
	case BRIDGE_RESTORE_UPLINK:
		text_addf(out, "bring back addresses and routes that %s had", p->bridge);
		break;
	}
}

static const char *verb(enum bridge_op op)
{
	return op == BRIDGE_DELETE_ADDR || op == BRIDGE_DELETE_ROUTE ? "delete"
	       : op == BRIDGE_CHANGE_ROUTE                           ? "replace"
								     : "add";
}

void bridge_step_text(const struct bridge_plan *p, const struct bridge_step *s, struct text *out)
{
	char buf[ROUTE_ROW_TEXT_MAX];

	switch (s->op) {
	case BRIDGE_SET_SYSCTL:
		text_addf(out, "set sysctl %s %d", sysctl_row_path(&s->sysctl, buf),
			  s->sysctl.value);
		break;
	case BRIDGE_ADD_ADDR:
	case BRIDGE_DELETE_ADDR:
		text_addf(out, "%s address %s dev %s", verb(s->op), addr_row_text(&s->addr, buf),
			  p->bridge);
		break;
	case BRIDGE_ADD_ROUTE:
	case BRIDGE_CHANGE_ROUTE:
	case BRIDGE_DELETE_ROUTE:
		text_addf(out, "%s route %s dev %s", verb(s->op), route_row_text(&s->route, buf),
			  p->bridge);
		break;
	case BRIDGE_ADD_LINK:
	case BRIDGE_CHANGE_LINK:
	case BRIDGE_LINK_UP:
	case BRIDGE_PARK_LINK:
	case BRIDGE_REMOVE_LINK:
	case BRIDGE_ATTACH_PORT:
	case BRIDGE_RELEASE_PORT:
	case BRIDGE_FORWARD_PORT:
		link_step_text(p, s, out);
		break;
	case BRIDGE_ADD_VLAN:
	case BRIDGE_REMOVE_VLAN:
	case BRIDGE_TAKE_UPLINK:
	case BRIDGE_GIVE_UPLINK:
	case BRIDGE_RESTORE_UPLINK:
		uplink_step_text(p, s, out);
		break;
	}
}

void bridge_plan_text(const struct bridge_plan *p, struct text *out)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		bridge_step_text(p, &p->steps[i], out);
		text_add(out, "\n");
	}
}
