/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-forward.c — <forward>: how packets leave the network, and by which devices. */
#include "network/xml-internal.h"

#include <errno.h>
#include <string.h>

static const struct word forward_modes[] = {
	{ "none", FORWARD_NONE },       { "nat", FORWARD_NAT },
	{ "route", FORWARD_ROUTE },     { "open", FORWARD_OPEN },
	{ "bridge", FORWARD_BRIDGE },   { "private", FORWARD_PRIVATE },
	{ "vepa", FORWARD_VEPA },       { "passthrough", FORWARD_PASSTHROUGH },
	{ "hostdev", FORWARD_HOSTDEV }, { NULL, 0 },
};

/* <nat> */

struct nat_range { /* <address>, as ips before it is known to be one of IPv4 */
	struct ip start, end;
};
static const struct attr nat_address_attrs[] = {
	ATTR("start", attr_ip, struct nat_range, start, .missing = ERR_XML),
	ATTR("end", attr_ip, struct nat_range, end, .missing = ERR_XML),
};

static int refuse_nat_range(struct report *r, unsigned line, const char *why)
{
	return report_from(r, ERR_FROM_NONE,
			   report_refuse(r, ERR_INTERNAL, line, "<address> of <nat>: %s", why));
}

static int read_nat_address(struct report *r, xmlNode *node, void *parent)
{
	struct nat_options *nat = parent;
	struct nat_range range = { 0 };
	unsigned line = line_of(node);
	int err;

	if (nat->address_end)
		return report_refuse(r, ERR_XML, line, "<nat> may hold one <address> only");
	err = READ_ATTRS(r, node, nat_address_attrs, &range);
	if (err < 0)
		return err;
	if (range.start.family != AF_INET || range.end.family != AF_INET)
		return report_refuse(r, ERR_XML, line,
				     "<address> of <nat> takes IPv4 addresses only");
	if (range.start.v4 > range.end.v4)
		return refuse_nat_range(r, line, "end comes before start; swap them");
	if (range.end.v4 - range.start.v4 >= 65536)
		return refuse_nat_range(r, line, "it spans more than 65536 addresses");
	nat->address_start = range.start.v4;
	nat->address_end = range.end.v4;
	return read_no_children(r, node);
}

static const struct attr nat_port_attrs[] = {
	ATTR("start", attr_number, struct nat_options, port_start, .class = ERR_XML_DETAIL,
	     .missing = ERR_XML_DETAIL),
	ATTR("end", attr_number, struct nat_options, port_end, .class = ERR_XML_DETAIL,
	     .missing = ERR_XML_DETAIL),
};

static int read_nat_port(struct report *r, xmlNode *node, void *parent)
{
	struct nat_options *nat = parent;
	unsigned line = line_of(node);
	int err;

	if (nat->port_given)
		return report_refuse(r, ERR_XML, line, "<nat> may hold one <port> only");
	nat->port_given = true;
	err = READ_ATTRS(r, node, nat_port_attrs, nat);
	if (err < 0)
		return err;
	if (nat->port_start > nat->port_end)
		return report_refuse(
		    r, ERR_XML_DETAIL, line,
		    "<port start='%u' end='%u'>: end comes before start; swap them",
		    nat->port_start, nat->port_end);
	if (!nat->port_end)
		err = report_loose(r, line, "<port start='0' end='0'> is the same as no <port>");
	return err < 0 ? err : read_no_children(r, node);
}

static const struct attr nat_attrs[] = { ATTR_YES_NO("ipv6", struct nat_options, ipv6) };
static const struct element nat_children[] = {
	{ "address", read_nat_address, .many = true },
	{ "port", read_nat_port, .many = true },
};

static int read_nat(struct report *r, xmlNode *node, void *parent)
{
	struct forward *f = parent;
	int err;

	if (f->mode != FORWARD_NAT)
		return report_refuse(r, ERR_XML, line_of(node),
				     "<nat> is allowed in <forward mode='nat'> only");
	if (f->nat.given)
		return report_refuse(r, ERR_XML, line_of(node),
				     "<forward> may hold one <nat> only");
	f->nat.given = true;
	err = READ_ATTRS(r, node, nat_attrs, &f->nat);
	return err < 0 ? err : READ_CHILDREN(r, node, nat_children, &f->nat);
}

/* The devices. */

static const struct attr interface_attrs[] = {
	ATTR("dev", attr_text, struct forward_interface, dev, .missing = ERR_XML),
	ATTR("connections", attr_ignore, struct forward_interface, dev),
};

int read_forward_interface(struct report *r, xmlNode *node, void *parent)
{
	struct forward *f = parent;
	struct forward_interface *i = APPEND(r, f->interfaces, f->n_interfaces);
	int err;

	if (!i)
		return -ENOMEM;
	i->line = line_of(node);
	err = READ_ATTRS(r, node, interface_attrs, i);
	return err < 0 ? err : read_no_children(r, node);
}

/* Only PCI devices can be given by address. */
static int attr_pci_type(struct report *r, const struct spot *at, void *field)
{
	if (!strcmp(at->value, "pci"))
		return 0;
	bool other = !strcmp(at->value, "netdev") || !strcmp(at->value, "none");
	return report_refuse(r, other ? ERR_XML : ERR_CONFIG_UNSUPPORTED, line_of(at->node),
			     "<address type='%.200s'> is not supported; write 'pci'", at->value);
}

#define PCI_NUMBER(attr_name, member, limit)                                                       \
	ATTR(attr_name, attr_c_number, struct forward_interface, member, .max = (limit),           \
	     .empty_counts = true, .from = ERR_FROM_XML)

static const struct attr pci_attrs[] = {
	ATTR("type", attr_pci_type, struct forward_interface, is_pci, .missing = ERR_XML,
	     .given = GIVEN(struct forward_interface, is_pci), .empty_counts = true),
	PCI_NUMBER("domain", pci.domain, UINT32_MAX),
	PCI_NUMBER("bus", pci.bus, 0xff),
	PCI_NUMBER("slot", pci.slot, 0x1f),
	PCI_NUMBER("function", pci.function, 7),
};

static int read_pci(struct report *r, xmlNode *node, void *parent)
{
	struct forward *f = parent;
	struct forward_interface *i = APPEND(r, f->interfaces, f->n_interfaces);
	int err;

	if (!i)
		return -ENOMEM;
	i->line = line_of(node);
	err = READ_ATTRS(r, node, pci_attrs, i);
	return err < 0 ? err : read_no_children(r, node);
}

static const struct attr pf_attrs[] = { ATTR("dev", attr_text, struct forward, pf,
					     .missing = ERR_XML) };

int read_forward_pf(struct report *r, xmlNode *node, void *parent)
{
	struct forward *f = parent;
	int err;

	if (f->pf)
		return report_refuse(r, ERR_XML, line_of(node), "<forward> may hold one <pf> only");
	err = READ_ATTRS(r, node, pf_attrs, f);
	return err < 0 ? err : read_no_children(r, node);
}

static const struct word driver_names[] = {
	{ "kvm", 0 }, { "vfio", 0 }, { "xen", 0 }, { NULL, 0 }
};

static int attr_driver_name(struct report *r, const struct spot *at, void *field)
{
	unsigned known;
	int err = attr_word(r, at, &known);

	return err < 0 ? err : attr_text(r, at, field);
}

static const struct attr driver_attrs[] = {
	ATTR("name", attr_driver_name, struct forward, driver_name, .words = driver_names,
	     .empty_counts = true, .from = ERR_FROM_XML),
	ATTR("model", attr_text, struct forward, driver_model),
};

static int read_driver(struct report *r, xmlNode *node, void *parent)
{
	int err = READ_ATTRS(r, node, driver_attrs, parent);

	return err < 0 ? err : read_no_children(r, node);
}

static const struct attr forward_attrs[] = {
	ATTR("mode", attr_word, struct forward, mode, .words = forward_modes,
	     .class = ERR_CONFIG_UNSUPPORTED),
	ATTR("dev", attr_text, struct forward, dev),
	ATTR("managed", attr_yes_else, struct forward, managed),
};
static const struct element forward_children[] = {
	{ "nat", read_nat, .many = true },
	{ "interface", read_forward_interface, .many = true },
	{ "address", read_pci, .many = true },
	{ "pf", read_forward_pf, .many = true },
	{ "driver", read_driver },
};

/* forward@dev is the first <interface> by another name: whichever was written, both are there
 * afterwards. */
static int join_dev(struct report *r, struct forward *f)
{
	const char *first = f->n_interfaces ? f->interfaces[0].dev : NULL;

	if (f->dev && (f->pf || (f->n_interfaces && !first)))
		return report_refuse(
		    r, ERR_XML, f->line,
		    "<forward dev='%.200s'> and %s%.200s%s exclude each other; remove one", f->dev,
		    f->pf ? "<pf dev='" : "<address>", f->pf ? f->pf : "", f->pf ? "'>" : "");
	if (f->dev && first && strcmp(f->dev, first) != 0)
		return report_refuse(
		    r, ERR_XML, f->interfaces[0].line,
		    "the first <interface> is '%.200s', not '%.200s' as <forward dev='…'> "
		    "says; remove dev or put its <interface> first",
		    first, f->dev);
	if (f->dev && !f->n_interfaces) {
		struct forward_interface *i = APPEND(r, f->interfaces, f->n_interfaces);
		if (!i || !(i->dev = strdup(f->dev)))
			return report_no_memory(r);
		i->line = f->line;
	} else if (!f->dev && first && !(f->dev = strdup(first))) {
		return report_no_memory(r);
	}
	if (f->n_interfaces && f->pf) {
		report_doubt(r, f->line,
			     "<pf dev='%.200s'> is ignored beside <interface> or <address>", f->pf);
		free(take_ptr(f->pf));
	}
	return 0;
}

int read_forward(struct report *r, xmlNode *node, void *network)
{
	struct forward *f = &((struct network *)network)->forward;
	int err;

	f->given = true;
	f->line = line_of(node);
	f->mode = r->partial ? FORWARD_NONE : FORWARD_NAT;
	err = READ_ATTRS(r, node, forward_attrs, f);
	if (err == 0 && f->mode == FORWARD_NONE && !r->partial)
		err = report_loose(r, f->line, "<forward mode='none'> is the same as no <forward>");
	if (err == 0)
		err = READ_CHILDREN(r, node, forward_children, f);
	return err < 0 ? err : join_dev(r, f);
}
