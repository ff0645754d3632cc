/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-networkport.c — the <networkport> document. */
#include "network/port.h"
#include "network/xml-internal.h"

#include <errno.h>
#include <libxml/xmlerror.h>
#include <string.h>

static int read_uuid_text(struct report *r, xmlNode *node, struct uuid *ret, bool *given)
{
	auto_free char *text = NULL;
	int err = read_no_attrs(r, node);

	if (err == 0)
		err = read_content(r, node, &text);
	if (err < 0)
		return err;
	if (!text || uuid_parse(text, ret) < 0)
		return report_refuse(
		    r, ERR_INTERNAL, line_of(node),
		    "Failed to parse UUID '%.100s': it needs 32 hexadecimal digits",
		    text ? text : "");
	*given = true;
	return 0;
}

static int read_port_uuid(struct report *r, xmlNode *node, void *port)
{
	struct network_port *p = port;

	return read_uuid_text(r, node, &p->uuid, &p->has_uuid);
}

/* <owner> */

static int read_owner_name(struct report *r, xmlNode *node, void *port)
{
	int err = read_no_attrs(r, node);

	return err < 0 ? err : read_content(r, node, &((struct network_port *)port)->owner_name);
}

static int read_owner_uuid(struct report *r, xmlNode *node, void *port)
{
	struct network_port *p = port;

	return read_uuid_text(r, node, &p->owner_uuid, &p->has_owner_uuid);
}

static const struct element owner_children[] = {
	{ "name", read_owner_name },
	{ "uuid", read_owner_uuid },
};

static int read_owner(struct report *r, xmlNode *node, void *port)
{
	int err = read_no_attrs(r, node);

	return err < 0 ? err : READ_CHILDREN(r, node, owner_children, port);
}

/* What it wishes. */

static int read_group(struct report *r, xmlNode *node, void *port)
{
	int err = read_no_attrs(r, node);

	return err < 0 ? err : read_content(r, node, &((struct network_port *)port)->group);
}

static const struct attr mac_attrs[] = {
	ATTR("address", attr_mac, struct network_port, mac, .missing = ERR_INTERNAL,
	     .class = ERR_INTERNAL, .given = GIVEN(struct network_port, has_mac)),
};
static const struct attr isolation_attrs[] = { ATTR_YES_NO("isolated", struct network_port,
							   isolated) };
static const struct attr rxfilters_attrs[] = {
	ATTR_YES_NO("trustGuest", struct network_port, trust_guest_rx_filters),
};

static int read_port_mac(struct report *r, xmlNode *node, void *port)
{
	int err = READ_ATTRS(r, node, mac_attrs, port);

	return err < 0 ? err : read_no_children(r, node);
}

static int read_isolation(struct report *r, xmlNode *node, void *port)
{
	int err = READ_ATTRS(r, node, isolation_attrs, port);

	return err < 0 ? err : read_no_children(r, node);
}

static int read_rxfilters(struct report *r, xmlNode *node, void *port)
{
	int err = READ_ATTRS(r, node, rxfilters_attrs, port);

	return err < 0 ? err : read_no_children(r, node);
}

static int read_port_virtualport(struct report *r, xmlNode *node, void *port)
{
	return read_virtualport(r, node, &((struct network_port *)port)->virtualport);
}

static int read_port_vlan(struct report *r, xmlNode *node, void *port)
{
	return read_vlan(r, node, &((struct network_port *)port)->vlan);
}

static int read_bandwidth_of_port(struct report *r, xmlNode *node, void *port)
{
	struct network_port *p = port;
	struct port_bandwidth b = { 0 };
	int err = read_port_bandwidth(r, node, &b);

	p->bandwidth = b.bandwidth;
	p->class_id = b.class_id;
	return err;
}

/* <plug>: only where a VM manager claims back what it has */

static const struct word plug_types[] = {
	{ "none", PLUG_NONE },     { "network", PLUG_NETWORK },         { "bridge", PLUG_BRIDGE },
	{ "direct", PLUG_DIRECT }, { "hostdev-pci", PLUG_HOSTDEV_PCI }, { NULL, 0 },
};
static const struct word managers[] = { { "kernel", MAC_TABLE_KERNEL },
					{ "libvirt", MAC_TABLE_LIBVIRT },
					{ NULL, 0 } };
static const struct word direct_modes[] = {
	{ "bridge", FORWARD_BRIDGE },
	{ "private", FORWARD_PRIVATE },
	{ "vepa", FORWARD_VEPA },
	{ "passthrough", FORWARD_PASSTHROUGH },
	{ NULL, 0 },
};
static const struct attr plug_attrs[] = {
	ATTR("type", attr_word, struct plug, type, .words = plug_types, .from = ERR_FROM_XML),
	ATTR("bridge", attr_text, struct plug, bridge),
	ATTR("macTableManager", attr_word, struct plug, mac_table_manager, .words = managers),
	ATTR("dev", attr_text, struct plug, dev),
	ATTR("mode", attr_word, struct plug, mode, .words = direct_modes),
	ATTR("managed", attr_yes_else, struct plug, managed),
};
static const struct attr driver_attrs[] = {
	ATTR("name", attr_text, struct plug, driver_name),
	ATTR("model", attr_text, struct plug, driver_model),
};
static const struct attr address_attrs[] = {
	ATTR("domain", attr_c_number, struct plug, pci.domain, .max = UINT32_MAX),
	ATTR("bus", attr_c_number, struct plug, pci.bus, .max = 0xff),
	ATTR("slot", attr_c_number, struct plug, pci.slot, .max = 0x1f),
	ATTR("function", attr_c_number, struct plug, pci.function, .max = 7),
};

static int read_driver(struct report *r, xmlNode *node, void *plug)
{
	int err = READ_ATTRS(r, node, driver_attrs, plug);

	return err < 0 ? err : read_no_children(r, node);
}

static int read_address(struct report *r, xmlNode *node, void *plug)
{
	int err = READ_ATTRS(r, node, address_attrs, plug);

	return err < 0 ? err : read_no_children(r, node);
}

static const struct element plug_children[] = {
	{ "driver", read_driver },
	{ "address", read_address },
};

static int read_plug(struct report *r, xmlNode *node, void *port)
{
	struct plug *plug = &((struct network_port *)port)->plug;
	int err = READ_ATTRS(r, node, plug_attrs, plug);

	if (err == 0)
		err = READ_CHILDREN(r, node, plug_children, plug);
	if (err < 0)
		return err;
	if (plug->type == PLUG_NONE && r->flags & NETWORK_PARSE_VALIDATE)
		return report_refuse(r, ERR_XML, line_of(node),
				     "<plug> has no type that tells what it is; remove it");
	if ((plug->type == PLUG_NETWORK || plug->type == PLUG_BRIDGE) && !plug->bridge)
		return report_refuse(r, ERR_XML, line_of(node),
				     "Missing network port bridge name: <plug> needs bridge='…'");
	if (plug->type == PLUG_DIRECT && !plug->dev)
		return report_refuse(r, ERR_XML, line_of(node),
				     "Missing network port link device name: <plug> needs dev='…'");
	if (plug->type == PLUG_HOSTDEV_PCI && !xmlFirstElementChild(node))
		return report_refuse(r, ERR_XML, line_of(node),
				     "Missing network port PCI address: <plug> needs <address …/>");
	return 0;
}

/* <netd:device>: what netd has noted about a port of its own making */

static const struct word device_types[] = { { "tap", PORT_DEVICE_TAP },
					    { "veth", PORT_DEVICE_VETH },
					    { NULL, 0 } };
static const struct attr device_attrs[] = {
	ATTR("type", attr_word, struct network_port, device, .words = device_types,
	     .missing = ERR_XML),
	ATTR("name", attr_text, struct network_port, device_name),
};

static int read_device(struct report *r, xmlNode *node, void *port)
{
	if (!(r->flags & NETWORK_PARSE_STORED))
		return report_refuse(r, ERR_INVALID_ARG, line_of(node),
				     "a new port can't bring a <netd:device>: 'netctl port-add' "
				     "makes ports with one");
	int err = READ_ATTRS(r, node, device_attrs, port);

	return err < 0 ? err : read_no_children(r, node);
}

/* <networkport> */

static const struct element port_children[] = {
	{ "uuid", read_port_uuid },
	{ "owner", read_owner },
	{ "group", read_group },
	{ "mac", read_port_mac },
	{ "virtualport", read_port_virtualport },
	{ "bandwidth", read_bandwidth_of_port },
	{ "vlan", read_port_vlan },
	{ "port", read_isolation },
	{ "rxfilters", read_rxfilters },
	{ "plug", read_plug },
	{ "device", read_device, .ns = NETD_NAMESPACE },
};

static int check_complete(struct report *r, const struct network_port *p)
{
	if (!p->has_uuid)
		return report_refuse(r, ERR_INTERNAL, 0, "Missing network port uuid: add <uuid>");
	if (!p->owner_name)
		return report_refuse(r, ERR_INTERNAL, 0,
				     "Missing network port owner name: add <owner><name>");
	if (!p->has_owner_uuid)
		return report_refuse(r, ERR_INTERNAL, 0,
				     "Missing network port owner UUID: add <owner><uuid>");
	if (!p->has_mac)
		return report_refuse(r, ERR_INTERNAL, 0,
				     "Missing network port mac: add <mac address='…'/>");
	return 0;
}

static int read_document(struct report *r, const xmlDoc *doc, struct network_port *p)
{
	const xmlNode *root = xmlDocGetRootElement(doc);
	int err;

	if (!root || strcmp((const char *)root->name, "networkport") != 0)
		return report_from(
		    r, ERR_FROM_XML,
		    report_refuse(r, ERR_XML, root ? line_of(root) : 0,
				  "unexpected root element <%.100s>, expecting <networkport>",
				  root ? (const char *)root->name : ""));
	err = read_no_attrs(r, root);
	if (err == 0)
		err = READ_CHILDREN(r, root, port_children, p);
	if (err == 0)
		err = check_complete(r, p);
	/* There is no schema of ports here; these tables are nearly one. */
	if (err < 0 && err != -ENOMEM && r->e && r->flags & NETWORK_PARSE_VALIDATE) {
		r->e->class = ERR_XML_INVALID_SCHEMA;
		r->e->from = ERR_FROM_USUAL;
	}
	return err;
}

int network_port_parse(const char *xml, size_t n, unsigned flags, struct network_port **ret,
		       struct network_warnings *warnings, struct err *e)
{
	struct report r = { flags, warnings, e };

	xmlResetLastError();
	xmlDoc *doc = document_read(&r, xml, n);
	if (!doc)
		return e ? -e->code : -EINVAL;
	struct network_port *p = calloc(1, sizeof(*p));
	int err = p ? read_document(&r, doc, p) : report_no_memory(&r);
	xmlFreeDoc(doc);
	if (document_is_torn())
		err = report_no_memory(&r);
	if (err < 0) {
		network_port_free(p);
		return err;
	}
	*ret = p;
	return 0;
}
