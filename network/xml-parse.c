/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-parse.c — the <network> element, and the way from text to a valid definition:
 * document_read() makes a tree, the tables make a struct of it, validate_network() judges the
 * whole. */
#include "network/copy.h"
#include "network/format-internal.h"
#include "network/validate.h"
#include "network/xml-internal.h"

#include <errno.h>
#include <libxml/xmlerror.h>
#include <string.h>

/* Elements that hold text. */

static int read_text(struct report *r, xmlNode *node, char **field)
{
	int err = read_no_attrs(r, node);

	return err < 0 ? err : read_content(r, node, field);
}

static int read_name(struct report *r, xmlNode *node, void *network)
{
	return read_text(r, node, &((struct network *)network)->name);
}

static int read_uuid(struct report *r, xmlNode *node, void *network)
{
	struct network *n = network;
	auto_free char *text = NULL;
	int err = read_text(r, node, &text);

	if (err < 0 || !text)
		return err;
	if (uuid_parse(text, &n->uuid) < 0)
		return report_refuse(
		    r, ERR_INTERNAL, line_of(node),
		    "malformed uuid element: '%.100s' is not 32 hexadecimal digits; correct "
		    "it, or remove <uuid> to get a new one",
		    text);
	n->has_uuid = true;
	return 0;
}

static int read_title(struct report *r, xmlNode *node, void *network)
{
	struct network *n = network;
	int err = read_text(r, node, &n->title);

	if (err == 0 && n->title && strchr(n->title, '\n'))
		err = report_refuse(r, ERR_XML, line_of(node),
				    "<title> must be one line; put longer text into <description>");
	return err;
}

static int read_description(struct report *r, xmlNode *node, void *network)
{
	return read_text(r, node, &((struct network *)network)->description);
}

static int read_metadata(struct report *r, xmlNode *node, void *network)
{
	struct network *n = network;
	int err = metadata_read(r, node, &n->metadata);

	return err < 0 ? err : read_netd_options(r, node, &n->options);
}

/* The link. */

static const struct word mac_table_managers[] = { { "kernel", MAC_TABLE_KERNEL },
						  { "libvirt", MAC_TABLE_LIBVIRT },
						  { NULL, 0 } };
static const struct attr bridge_attrs[] = {
	ATTR("name", attr_text, struct network, bridge),
	ATTR("stp", attr_on_off, struct network, stp, .given = GIVEN(struct network, has_stp)),
	ATTR("delay", attr_number, struct network, delay_sec,
	     .given = GIVEN(struct network, has_delay)),
	ATTR("macTableManager", attr_word, struct network, mac_table_manager,
	     .words = mac_table_managers),
	ATTR("zone", attr_text, struct network, zone),
};

int read_bridge(struct report *r, xmlNode *node, void *network)
{
	struct network *n = network;
	int err;

	n->bridge_line = line_of(node);
	err = READ_ATTRS(r, node, bridge_attrs, n);
	return err < 0 ? err : read_no_children(r, node);
}

/* libvirt reads '-1' as 4294967295; so does a stored document, with a warning from
 * validate_network(). */
static int attr_mtu(struct report *r, const struct spot *at, void *field)
{
	const char *digits = at->value + strspn(at->value, " \t\n\r");
	bool negative = digits[0] == '-';
	uint32_t v;

	digits += negative || digits[0] == '+';
	if (parse_u32(digits, 0, UINT32_MAX, &v) < 0)
		return spot_refuse(r, at, "is not a number of octets, such as 1500");
	*(uint32_t *)field = negative ? -v : v;
	return 0;
}

static const struct attr mtu_attrs[] = { ATTR("size", attr_mtu, struct network, mtu) };

static int read_mtu(struct report *r, xmlNode *node, void *network)
{
	struct network *n = network;
	int err;

	n->mtu_line = line_of(node);
	err = READ_ATTRS(r, node, mtu_attrs, n);
	return err < 0 ? err : read_no_children(r, node);
}

static const struct attr mac_attrs[] = {
	ATTR("address", attr_mac, struct network, mac, .given = GIVEN(struct network, has_mac)),
};

static int read_mac(struct report *r, xmlNode *node, void *network)
{
	struct network *n = network;
	int err;

	n->mac_line = line_of(node);
	err = READ_ATTRS(r, node, mac_attrs, n);
	return err < 0 ? err : read_no_children(r, node);
}

static const struct attr domain_attrs[] = {
	ATTR("name", attr_text, struct network, domain),
	ATTR_YES_NO("localOnly", struct network, domain_local_only),
	ATTR_YES_NO("register", struct network, domain_register),
};

int read_domain(struct report *r, xmlNode *node, void *network)
{
	struct network *n = network;
	int err;

	n->domain_line = line_of(node);
	err = READ_ATTRS(r, node, domain_attrs, n);
	if (err < 0)
		return err;
	if (!n->domain)
		return report_loose(r, n->domain_line, "<domain> without name='…' is ignored");
	return read_no_children(r, node);
}

/* Ports. */

static const struct attr port_attrs[] = { ATTR_YES_NO("isolated", struct network, port_isolated) };

static int read_port(struct report *r, xmlNode *node, void *network)
{
	int err = READ_ATTRS(r, node, port_attrs, network);

	return err < 0 ? err : read_no_children(r, node);
}

static int read_network_vlan(struct report *r, xmlNode *node, void *network)
{
	return read_vlan(r, node, &((struct network *)network)->vlan);
}

static int read_network_bandwidth(struct report *r, xmlNode *node, void *network)
{
	return read_bandwidth(r, node, &((struct network *)network)->bandwidth);
}

static int read_network_virtualport(struct report *r, xmlNode *node, void *network)
{
	struct virtualport *v = &((struct network *)network)->virtualport;
	int err = read_virtualport(r, node, v);

	if (err == 0 && v->type == VPORT_NONE)
		err = report_from(r, ERR_FROM_NONE,
				  report_refuse(r, ERR_XML, v->line,
						"<virtualport> of a network needs type='…'"));
	return err;
}

/* <dnsmasq:options>: kept for those who go back to libvirt. */

static int attr_dnsmasq_option(struct report *r, const struct spot *at, void *field)
{
	int err = 0;

	if (strpbrk(at->value, "\n\r"))
		err = report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, line_of(at->node),
		    "<dnsmasq:option> holds a line break; write one <dnsmasq:option> for "
		    "each line");
	return err < 0 ? err : attr_text(r, at, field);
}

static const struct attr dnsmasq_option_attrs[] = {
	ATTR("value", attr_dnsmasq_option, struct dnsmasq_option, value, .missing = ERR_INTERNAL,
	     .empty_counts = true),
};

static int read_dnsmasq_option(struct report *r, xmlNode *node, void *network)
{
	struct network *n = network;
	struct dnsmasq_option *o = APPEND(r, n->dnsmasq_options, n->n_dnsmasq_options);
	int err;

	if (!o)
		return -ENOMEM;
	o->line = line_of(node);
	err = READ_ATTRS(r, node, dnsmasq_option_attrs, o);
	return err < 0 ? err : read_no_children(r, node);
}

static const struct element dnsmasq_children[] = {
	{ "option", read_dnsmasq_option, .many = true, .ns = DNSMASQ_NAMESPACE },
};

static int read_dnsmasq_options(struct report *r, xmlNode *node, void *network)
{
	int err = read_no_attrs(r, node);

	return err < 0 ? err : READ_CHILDREN(r, node, dnsmasq_children, network);
}

/* <network> */

static const struct attr network_attrs[] = {
	ATTR("connections", attr_ignore, struct network, line),
	ATTR("ipv6", attr_word, struct network, ipv6, .words = words_yes_no),
	ATTR_YES_NO("trustGuestRxFilters", struct network, trust_guest_rx_filters),
};
static const struct element network_children[] = {
	{ "name", read_name },
	{ "uuid", read_uuid },
	{ "title", read_title },
	{ "description", read_description },
	{ "metadata", read_metadata },
	{ "forward", read_forward },
	{ "bridge", read_bridge },
	{ "mtu", read_mtu },
	{ "mac", read_mac },
	{ "domain", read_domain },
	{ "dns", read_dns },
	{ "vlan", read_network_vlan },
	{ "bandwidth", read_network_bandwidth },
	{ "port", read_port },
	{ "ip", read_ip, .many = true },
	{ "route", read_route, .many = true },
	{ "virtualport", read_network_virtualport },
	{ "portgroup", read_portgroup, .many = true },
	{ "options", read_dnsmasq_options, .ns = DNSMASQ_NAMESPACE },
};

static int read_network(struct report *r, const xmlDoc *doc, struct network *n)
{
	const xmlNode *root = xmlDocGetRootElement(doc);
	int err;

	if (!root || strcmp((const char *)root->name, "network") != 0)
		return report_from(
		    r, ERR_FROM_XML,
		    report_refuse(r, ERR_XML, root ? line_of(root) : 0,
				  "unexpected root element <%.100s>, expecting <network>",
				  root ? (const char *)root->name : ""));
	n->line = line_of(root);
	n->stp = true;
	err = READ_ATTRS(r, root, network_attrs, n);
	return err < 0 ? err : READ_CHILDREN(r, root, network_children, n);
}

/* Octets that a host takes at most when it is printed: all its characters as entities. */
static size_t most_of_hosts(const struct network *net)
{
	size_t n = 0;

	for (size_t i = 0; i < net->n_ips; i++)
		for (size_t k = 0; k < net->ips[i].n_hosts; k++) {
			const struct dhcp_host *h = &net->ips[i].hosts[k];
			n += 256 +
			     6 * ((h->name ? strlen(h->name) : 0) + (h->id ? strlen(h->id) : 0));
		}
	return n;
}

/* What is accepted must fit into the file that it is kept in, and printing makes it longer: at most
 * sixteen times, for short elements at the bottom of <metadata>. */
static int check_printed_size(struct report *r, const struct network *net)
{
	auto_free char *rest = network_format(net, NETWORK_FORMAT_NO_HOSTS, 0), *all = NULL;

	if (!rest)
		return report_no_memory(r);
	if (strlen(rest) + most_of_hosts(net) <= NETWORK_XML_MAX)
		return 0;
	all = network_format(net, 0, 0);
	if (!all)
		return report_no_memory(r);
	if (strlen(all) <= NETWORK_XML_MAX)
		return 0;
	return report_refuse(r, ERR_XML, 0,
			     "the definition is printed with %zu octets; the largest is %u",
			     strlen(all), (unsigned)NETWORK_XML_MAX);
}

/* `doc` is freed. */
static int read_document(struct report *r, xmlDoc *doc, size_t n, bool judge, struct network **ret)
{
	struct network *net = calloc(1, sizeof(*net));
	int err = net ? read_network(r, doc, net) : report_no_memory(r);

	if (err == 0)
		err = dnsmasq_translate(r, net);
	if (err == 0 && judge)
		err = validate_network(r, net);
	if (r->flags & NETWORK_PARSE_VALIDATE)
		err = schema_check(r, doc, err);
	xmlFreeDoc(doc);
	if (document_is_torn())
		err = report_no_memory(r);
	if (err == 0 && judge && n > NETWORK_XML_MAX / 16)
		err = check_printed_size(r, net);
	if (err < 0)
		network_free(net);
	else
		*ret = net;
	return err;
}

static int parse(struct report *r, const char *xml, size_t n, bool judge, struct network **ret)
{
	xmlDoc *doc;

	xmlResetLastError();
	doc = document_read(r, xml, n);
	if (!doc)
		return r->e ? -r->e->code : -EINVAL;
	return read_document(r, doc, n, judge, ret);
}

int network_parse(const char *xml, size_t n, unsigned flags, struct network **ret,
		  struct network_warnings *warnings, struct err *e)
{
	struct report r = { flags, warnings, e };

	return parse(&r, xml, n, true, ret);
}

int network_read(struct report *r, const char *xml, size_t n, struct network **ret)
{
	return parse(r, xml, n, false, ret);
}

int network_judge(struct report *r, const struct network *n)
{
	int err = validate_network(r, n);

	return err < 0 ? err : check_printed_size(r, n);
}
