/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-format-port.c — what a guest's port is given, printed: for networks, portgroups and ports
 * alike. */
#include "network/format-internal.h"

void format_vlan(struct out *o, const struct vlan *v)
{
	static const char *const native[] = {
		[VLAN_NATIVE_TAGGED] = "tagged", [VLAN_NATIVE_UNTAGGED] = "untagged"
	};

	if (!v->n_tags)
		return;
	out_start(o, "vlan");
	if (v->trunk == TRI_YES)
		out_attr(o, "trunk", "yes");
	out_open(o);
	for (size_t i = 0; i < v->n_tags; i++) {
		out_start(o, "tag");
		out_attr_ull(o, "id", v->tags[i].id);
		if (v->tags[i].native)
			out_attr(o, "nativeMode", native[v->tags[i].native]);
		out_end_empty(o);
	}
	out_close(o, "vlan");
}

static void format_limit(struct out *o, const char *name, const struct bandwidth_limit *l)
{
	if (!l->average && !l->floor)
		return;
	out_start(o, name);
	if (l->average)
		out_attr_ull(o, "average", l->average);
	if (l->peak)
		out_attr_ull(o, "peak", l->peak);
	if (l->floor)
		out_attr_ull(o, "floor", l->floor);
	if (l->burst)
		out_attr_ull(o, "burst", l->burst);
	out_end_empty(o);
}

void format_bandwidth(struct out *o, const struct bandwidth *b, uint32_t class_id)
{
	if (!b->inbound.average && !b->inbound.floor && !b->outbound.average && !b->outbound.floor)
		return;
	out_start(o, "bandwidth");
	if (class_id)
		out_attr_ull(o, "classID", class_id);
	out_open(o);
	format_limit(o, "inbound", &b->inbound);
	format_limit(o, "outbound", &b->outbound);
	out_close(o, "bandwidth");
}

static void format_parameters(struct out *o, const struct virtualport *v)
{
	out_start(o, "parameters");
	if (v->has_managerid)
		out_attr_ull(o, "managerid", v->managerid);
	if (v->has_typeid)
		out_attr_ull(o, "typeid", v->typeid);
	if (v->has_typeidversion)
		out_attr_ull(o, "typeidversion", v->typeidversion);
	if (v->has_instanceid)
		out_attr_uuid(o, "instanceid", &v->instanceid);
	if (v->has_interfaceid)
		out_attr_uuid(o, "interfaceid", &v->interfaceid);
	out_attr(o, "profileid", v->profileid);
	out_end_empty(o);
}

void format_virtualport(struct out *o, const struct virtualport *v)
{
	static const char *const types[] = {
		[VPORT_8021QBG] = "802.1Qbg",
		[VPORT_8021QBH] = "802.1Qbh",
		[VPORT_OPENVSWITCH] = "openvswitch",
		[VPORT_MIDONET] = "midonet",
	};
	bool has_parameters = v->has_managerid || v->has_typeid || v->has_typeidversion ||
			      v->has_instanceid || v->has_interfaceid || v->profileid;

	if (v->type == VPORT_NONE && !has_parameters)
		return;
	out_start(o, "virtualport");
	out_attr(o, "type", types[v->type]);
	if (!has_parameters) {
		out_end_empty(o);
		return;
	}
	out_open(o);
	format_parameters(o, v);
	out_close(o, "virtualport");
}

void format_portgroup(struct out *o, const struct portgroup *g)
{
	out_start(o, "portgroup");
	out_attr(o, "name", g->name);
	if (g->is_default)
		out_attr(o, "default", "yes");
	out_attr_yes_no(o, "trustGuestRxFilters", g->trust_guest_rx_filters);
	out_open(o);
	format_vlan(o, &g->vlan);
	format_virtualport(o, &g->virtualport);
	format_bandwidth(o, &g->bandwidth, 0);
	out_close(o, "portgroup");
}

void format_port(struct out *o, enum tristate isolated)
{
	if (isolated == TRI_ABSENT)
		return;
	out_start(o, "port");
	out_attr_yes_no(o, "isolated", isolated);
	out_end_empty(o);
}
