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
	if (plug->driver_name || plug->driver_model) {
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
