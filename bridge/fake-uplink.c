/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uplinks and VLANs of the fake kernel. Rows that were lost are not brought back: it keeps none of
 * what host-rows.h writes. */
#include "bridge/apply-internal.h"
#include "bridge/fake-internal.h"

#include <errno.h>

static int move_rows(struct fake_kernel *k, struct fake_link *from, struct fake_link *to)
{
	int r = 0;

	for (size_t i = 0; i < from->n_addrs && r == 0; i++)
		r = fake_link_add_addr(to, &from->addrs[i]);
	for (size_t i = 0; i < from->n_routes && r == 0; i++)
		r = fake_link_add_route(k, to, &from->routes[i], true);
	while (r == 0 && from->n_routes) {
		struct route_row row = from->routes[0];
		r = fake_link_delete_route(from, &row);
	}
	while (r == 0 && from->n_addrs) {
		struct addr_row row = from->addrs[0];
		r = fake_link_delete_addr(from, &row);
	}
	return r;
}

static int take(struct fake_kernel *k, const struct bridge_step *s, struct fake_link *uplink,
		struct fake_link *bridge)
{
	if (s->change & PORT_CHANGE_BRIDGE) {
		int r = fake_attach(k, uplink->facts.ifindex, bridge->facts.ifindex, false);
		if (r < 0)
			return r;
	}
	return move_rows(k, uplink, bridge);
}

static int give(struct fake_kernel *k, struct fake_link *uplink, struct fake_link *bridge)
{
	int r = move_rows(k, bridge, uplink);

	return r < 0 ? r : fake_attach(k, uplink->facts.ifindex, 0, false);
}

static int add_vlan(struct fake_kernel *k, const struct bridge_step *s)
{
	const struct fake_link *parent = fake_link_at(k, s->ifindex);
	struct link_row row = s->link;
	struct fake_link *l;

	if (!parent)
		return -ENODEV;
	row.mac = parent->facts.row.mac;
	row.mtu = parent->facts.row.mtu;
	int r = fake_new_link(k, &row, LINK_VLAN, &l);
	if (r < 0)
		return r;
	l->facts.lower = s->ifindex;
	l->facts.vlan = s->vlan;
	return 0;
}

int fake_uplink_step(struct fake_kernel *k, const struct bridge_step *s, uint32_t bridge)
{
	struct fake_link *l = fake_link_at(k, s->ifindex), *b = fake_link_at(k, bridge);

	switch ((int)s->op) {
	case BRIDGE_ADD_VLAN:
		return add_vlan(k, s);
	case BRIDGE_REMOVE_VLAN:
		fake_delete_link(k, s->ifindex);
		return 0;
	case BRIDGE_TAKE_UPLINK:
		return l && b ? take(k, s, l, b) : -ENODEV;
	case BRIDGE_GIVE_UPLINK:
		return l && b ? give(k, l, b) : 0;
	}
	return 0;
}
