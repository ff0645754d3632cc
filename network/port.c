/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/port.h"

#include "network/format-internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void network_port_free(struct network_port *p)
{
	if (!p)
		return;
	free(p->owner_name);
	free(p->group);
	free(p->virtualport.profileid);
	free(p->vlan.tags);
	free(p->plug.bridge);
	free(p->plug.dev);
	free(p->plug.driver_name);
	free(p->plug.driver_model);
	free(p->device_name);
	free(p);
}

/* ---- printing ---- */

static void format_owner(struct out *o, const struct network_port *p)
{
	char uuid[UUID_TEXT_MAX];

	out_start(o, "owner");
	out_open(o);
	out_element_text(o, "name", p->owner_name);
	out_element_text(o, "uuid", uuid_format(&p->owner_uuid, uuid));
	out_close(o, "owner");
}

static void format_pci_plug(struct out *o, const struct plug *plug)
{
	char buf[16];

	out_attr(o, "managed", plug->managed == TRI_YES ? "yes" : "no");
	out_open(o);
	if (plug->driver_name) {
		out_start(o, "driver");
		out_attr(o, "name", plug->driver_name);
		out_attr(o, "model", plug->driver_model);
		out_end_empty(o);
	}
	out_start(o, "address");
	snprintf(buf, sizeof(buf), "0x%04x", plug->pci.domain);
	out_attr(o, "domain", buf);
	snprintf(buf, sizeof(buf), "0x%02x", plug->pci.bus);
	out_attr(o, "bus", buf);
	snprintf(buf, sizeof(buf), "0x%02x", plug->pci.slot);
	out_attr(o, "slot", buf);
	snprintf(buf, sizeof(buf), "0x%x", plug->pci.function);
	out_attr(o, "function", buf);
	out_end_empty(o);
	out_close(o, "plug");
}

static const char *direct_mode(enum forward_mode mode)
{
	switch (mode) {
	case FORWARD_PRIVATE:
		return "private";
	case FORWARD_VEPA:
		return "vepa";
	case FORWARD_PASSTHROUGH:
		return "passthrough";
	case FORWARD_NONE:
	case FORWARD_NAT:
	case FORWARD_ROUTE:
	case FORWARD_OPEN:
	case FORWARD_BRIDGE:
	case FORWARD_HOSTDEV:
		break;
	}
	return "bridge";
}

static void format_plug(struct out *o, const struct plug *plug)
{
	static const char *const types[] = { [PLUG_NETWORK] = "network",
					     [PLUG_BRIDGE] = "bridge",
					     [PLUG_DIRECT] = "direct",
					     [PLUG_HOSTDEV_PCI] = "hostdev-pci" };
	static const char *const managers[] = {
		[MAC_TABLE_KERNEL] = "kernel", [MAC_TABLE_LIBVIRT] = "libvirt"
	};

	if (plug->type == PLUG_NONE)
		return;
	out_start(o, "plug");
	out_attr(o, "type", types[plug->type]);
	if (plug->type == PLUG_HOSTDEV_PCI) {
		format_pci_plug(o, plug);
		return;
	}
	out_attr(o, "bridge", plug->bridge);
	if (plug->mac_table_manager)
		out_attr(o, "macTableManager", managers[plug->mac_table_manager]);
	out_attr(o, "dev", plug->dev);
	if (plug->type == PLUG_DIRECT)
		out_attr(o, "mode", direct_mode(plug->mode));
	out_end_empty(o);
}

static void format_device(struct out *o, const struct network_port *p)
{
	if (p->device == PORT_DEVICE_NONE)
		return;
	out_start(o, "netd:device");
	out_attr(o, "xmlns:netd", NETD_NAMESPACE);
	out_attr(o, "type", p->device == PORT_DEVICE_TAP ? "tap" : "veth");
	out_attr(o, "name", p->device_name);
	out_end_empty(o);
}

char *network_port_format(const struct network_port *p)
{
	char uuid[UUID_TEXT_MAX], mac[MAC_TEXT_MAX];
	struct out o = { 0 };

	out_start(&o, "networkport");
	out_open(&o);
	out_element_text(&o, "uuid", uuid_format(&p->uuid, uuid));
	format_owner(&o, p);
	out_element_text(&o, "group", p->group);
	out_start(&o, "mac");
	out_attr(&o, "address", mac_format(&p->mac, mac));
	out_end_empty(&o);
	format_virtualport(&o, &p->virtualport);
	format_bandwidth(&o, &p->bandwidth, p->class_id);
	format_vlan(&o, &p->vlan);
	format_port(&o, p->isolated);
	if (p->trust_guest_rx_filters != TRI_ABSENT) {
		out_start(&o, "rxfilters");
		out_attr_yes_no(&o, "trustGuest", p->trust_guest_rx_filters);
		out_end_empty(&o);
	}
	format_plug(&o, &p->plug);
	format_device(&o, p);
	out_close(&o, "networkport");
	return text_take(&o.text);
}

/* ---- what it gets from the network ---- */

const struct portgroup *network_portgroup(const struct network *n, const char *name)
{
	for (size_t i = 0; i < n->n_portgroups; i++) {
		const struct portgroup *g = &n->portgroups[i];
		if (name ? strcmp(g->name, name) == 0 : g->is_default)
			return g;
	}
	return NULL;
}

static int inherit_vlan(struct vlan *to, const struct vlan *from)
{
	if (to->n_tags || !from->n_tags)
		return 0;
	to->tags = calloc(from->n_tags, sizeof(*to->tags));
	if (!to->tags)
		return -ENOMEM;
	memcpy(to->tags, from->tags, from->n_tags * sizeof(*to->tags));
	to->n_tags = from->n_tags;
	to->trunk = from->trunk;
	return 0;
}

static int inherit_virtualport(struct virtualport *to, const struct virtualport *from,
			       struct err *e)
{
	if (!from->given)
		return 0;
	if (to->type != VPORT_NONE && from->type != VPORT_NONE && to->type != from->type)
		return err_set(e, ERR_CONFIG_UNSUPPORTED,
			       "attempt to merge virtualports with mismatched types: the port asks "
			       "for another "
			       "one than its network or portgroup");
	struct virtualport own = *to;
	*to = *from;
	to->profileid = own.profileid     ? own.profileid
			: from->profileid ? strdup(from->profileid)
					  : NULL;
	if (from->profileid && !to->profileid)
		return err_sys(e, ENOMEM, "cannot set up a port");
	if (own.type != VPORT_NONE)
		to->type = own.type;
	if (own.has_interfaceid)
		to->interfaceid = own.interfaceid, to->has_interfaceid = true;
	if (own.has_instanceid)
		to->instanceid = own.instanceid, to->has_instanceid = true;
	return 0;
}

int network_port_inherit(struct network_port *p, const struct network *n, struct err *e)
{
	const struct portgroup *g = network_portgroup(n, p->group);

	if (g) {
		if (!p->bandwidth.given)
			p->bandwidth = g->bandwidth;
		if (p->trust_guest_rx_filters == TRI_ABSENT)
			p->trust_guest_rx_filters = g->trust_guest_rx_filters;
		if (inherit_vlan(&p->vlan, &g->vlan) < 0)
			return err_sys(e, ENOMEM, "cannot set up a port");
		int r = inherit_virtualport(&p->virtualport, &g->virtualport, e);
		if (r < 0)
			return r;
	}
	if (p->trust_guest_rx_filters == TRI_ABSENT)
		p->trust_guest_rx_filters = n->trust_guest_rx_filters;
	if (p->isolated == TRI_ABSENT)
		p->isolated = n->port_isolated;
	if (inherit_vlan(&p->vlan, &n->vlan) < 0)
		return err_sys(e, ENOMEM, "cannot set up a port");
	return inherit_virtualport(&p->virtualport, &n->virtualport, e);
}

int network_port_check(const struct network_port *p, const struct network *n, struct err *e)
{
	bool managed = network_owns_bridge(n);

	if (p->virtualport.type != VPORT_NONE && managed)
		return err_set(e, ERR_CONFIG_UNSUPPORTED,
			       "<virtualport type='…'> not supported for network '%s' which uses "
			       "IP forwarding",
			       n->name);
	if (p->vlan.n_tags && managed)
		return err_set(e, ERR_CONFIG_UNSUPPORTED,
			       "an interface connecting to network '%s' is requesting a vlan tag, "
			       "but that is not "
			       "supported for this type of network",
			       n->name);
	if (p->bandwidth.inbound.floor && (!managed || !n->bandwidth.inbound.average))
		return err_set(e, ERR_OPERATION_UNSUPPORTED,
			       "Invalid use of 'floor' on interface with MAC address "
			       "%02x:%02x:%02x:%02x:%02x:%02x - "
			       "network '%s' has no inbound QoS set",
			       p->mac.b[0], p->mac.b[1], p->mac.b[2], p->mac.b[3], p->mac.b[4],
			       p->mac.b[5], n->name);
	return 0;
}
