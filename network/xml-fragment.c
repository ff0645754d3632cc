/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-fragment.c — one element of a definition by itself, as net-update is given it. */
#include "network/update-internal.h"
#include "network/xml-internal.h"

#include <string.h>

/* The struct that holds the element in a definition. */
enum parent { IN_NETWORK, IN_FORWARD, IN_DNS, IN_IP };

static const struct fragment {
	const char *element;
	int (*read)(struct report *r, xmlNode *node, void *parent);
	enum parent parent;
} fragments[] = {
	[NETWORK_SECTION_BRIDGE] = { "bridge", read_bridge },
	[NETWORK_SECTION_DOMAIN] = { "domain", read_domain },
	[NETWORK_SECTION_IP] = { "ip", read_ip },
	[NETWORK_SECTION_IP_DHCP_HOST] = { "host", read_dhcp_host, IN_IP },
	[NETWORK_SECTION_IP_DHCP_RANGE] = { "range", read_dhcp_range, IN_IP },
	[NETWORK_SECTION_FORWARD] = { "forward", read_forward },
	[NETWORK_SECTION_FORWARD_INTERFACE] = { "interface", read_forward_interface, IN_FORWARD },
	[NETWORK_SECTION_FORWARD_PF] = { "pf", read_forward_pf, IN_FORWARD },
	[NETWORK_SECTION_PORTGROUP] = { "portgroup", read_portgroup },
	[NETWORK_SECTION_DNS_HOST] = { "host", read_dns_host, IN_DNS },
	[NETWORK_SECTION_DNS_TXT] = { "txt", read_dns_txt, IN_DNS },
	[NETWORK_SECTION_DNS_SRV] = { "srv", read_dns_srv, IN_DNS },
};

static int read_part(struct report *r, const struct fragment *f, xmlNode *root,
		     struct network *part)
{
	void *parent = part;

	part->stp = true; /* as for a whole definition */
	if (f->parent == IN_FORWARD)
		parent = &part->forward;
	if (f->parent == IN_DNS)
		parent = &part->dns;
	if (f->parent == IN_IP && !(parent = APPEND(r, part->ips, part->n_ips)))
		return report_no_memory(r);
	return f->read(r, root, parent);
}

int fragment_read(struct report *r, enum network_section section, const char *xml, size_t n,
		  const char *network_name, struct network *part)
{
	const struct fragment *f = &fragments[section];
	xmlDoc *doc;
	int err;

	xmlResetLastError();
	doc = document_read(r, xml, n);
	if (!doc)
		return -r->e->code;
	xmlNode *root = xmlDocGetRootElement(doc);
	if (!root || root->ns || strcmp((const char *)root->name, f->element) != 0)
		err = report_refuse(
		    r, ERR_XML, 0,
		    "unexpected element <%.100s>, expecting <%s>, while updating network '%s'",
		    root ? (const char *)root->name : "", f->element, network_name);
	else
		err = read_part(r, f, root, part);
	xmlFreeDoc(doc);
	return document_is_torn() ? report_no_memory(r) : err;
}
