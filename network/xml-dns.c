/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-dns.c — <dns>: forwarders and the network's own records. */
#include "network/xml-internal.h"

#include <errno.h>
#include <string.h>

#define SRV_SERVICE_MAX 482U /* libvirt's limit */

static const struct attr forwarder_attrs[] = {
	ATTR("addr", attr_ip, struct dns_forwarder, addr, .empty_counts = true),
	ATTR("domain", attr_text, struct dns_forwarder, domain),
};

static int read_forwarder(struct report *r, xmlNode *node, void *parent)
{
	struct network_dns *dns = parent;
	struct dns_forwarder *f = APPEND(r, dns->forwarders, dns->n_forwarders);
	int err;

	if (!f)
		return -ENOMEM;
	f->line = line_of(node);
	err = READ_ATTRS(r, node, forwarder_attrs, f);
	if (err < 0)
		return err;
	if (!ip_is_set(&f->addr) && !f->domain)
		return report_refuse(
		    r, ERR_XML, f->line,
		    "<forwarder> needs addr='…' (an IP address), domain='…', or both");
	return read_no_children(r, node);
}

static int attr_txt_name(struct report *r, const struct spot *at, void *field)
{
	if (strpbrk(at->value, " ,"))
		return spot_refuse(r, at, "holds a blank or a comma, which a name of DNS must not");
	return attr_text(r, at, field);
}

/* A line break would be the end of the record for whoever writes it into a file. */
static int attr_one_line(struct report *r, const struct spot *at, void *field)
{
	if (strchr(at->value, '\n'))
		return spot_refuse(r, at, "holds a line break; write it in one line");
	return attr_text(r, at, field);
}

static const struct attr txt_attrs[] = {
	ATTR("name", attr_txt_name, struct dns_txt, name, .class = ERR_XML_DETAIL,
	     .missing = ERR_XML_DETAIL),
	ATTR("value", attr_one_line, struct dns_txt, value, .class = ERR_XML_DETAIL,
	     .missing = ERR_XML_DETAIL, .empty_counts = true),
};

int read_dns_txt(struct report *r, xmlNode *node, void *parent)
{
	struct network_dns *dns = parent;
	struct dns_txt *txt = APPEND(r, dns->txts, dns->n_txts);
	int err;

	if (!txt)
		return -ENOMEM;
	txt->line = line_of(node);
	err = READ_ATTRS(r, node, txt_attrs, txt);
	return err < 0 ? err : read_no_children(r, node);
}

static int read_hostname(struct report *r, xmlNode *node, void *parent)
{
	struct dns_host *host = parent;
	char **name = APPEND(r, host->names, host->n_names);
	int err;

	if (!name)
		return -ENOMEM;
	err = read_no_attrs(r, node);
	if (err == 0)
		err = read_content(r, node, name);
	if (err == 0 && !*name)
		err = report_refuse(r, ERR_XML_DETAIL, line_of(node),
				    "<hostname> is empty; write the name of the host");
	return err;
}

static const struct attr dns_host_attrs[] = {
	ATTR("ip", attr_ip, struct dns_host, ip, .class = ERR_XML_DETAIL,
	     .missing = ERR_XML_DETAIL),
};
static const struct element dns_host_children[] = { { "hostname", read_hostname, .many = true } };

int read_dns_host(struct report *r, xmlNode *node, void *parent)
{
	struct network_dns *dns = parent;
	struct dns_host *host = APPEND(r, dns->hosts, dns->n_hosts);
	int err;

	if (!host)
		return -ENOMEM;
	host->line = line_of(node);
	err = READ_ATTRS(r, node, dns_host_attrs, host);
	if (err == 0)
		err = READ_CHILDREN(r, node, dns_host_children, host);
	if (err == 0 && !host->n_names && !r->partial)
		err = report_refuse(r, ERR_XML_DETAIL, host->line,
				    "<host> of <dns> has no <hostname>; add at least one");
	return err;
}

/* <srv>: service and protocol become labels _service._protocol. */

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static int attr_srv_service(struct report *r, const struct spot *at, void *field)
{
	if (strlen(at->value) > SRV_SERVICE_MAX)
		return spot_refuse(r, at, "is too long; at most %u octets fit", SRV_SERVICE_MAX);
	if (at->value[strspn(at->value, ALNUM "_-+/*")])
		return spot_refuse(r, at, "holds a character other than letters, digits and _-+/*");
	return attr_text(r, at, field);
}

static int attr_srv_protocol(struct report *r, const struct spot *at, void *field)
{
	if (at->value[strspn(at->value, ALNUM "-+/")])
		return spot_refuse(r, at,
				   "is not a protocol; write 'tcp' or 'udp', without underscore");
	return attr_text(r, at, field);
}

static int attr_srv_port(struct report *r, const struct spot *at, void *field)
{
	int err = attr_number(r, at, field);

	if (err == 0 && *(uint16_t *)field == 0)
		err = spot_refuse(r, at, "is not a port; write 1 to 65535");
	return err;
}

#define SRV_NUMBER(attr_name, reader, member)                                                      \
	ATTR(attr_name, reader, struct dns_srv, member, .class = ERR_XML_DETAIL,                   \
	     .given = GIVEN(struct dns_srv, has_##member))

static const struct attr srv_attrs[] = {
	ATTR("service", attr_srv_service, struct dns_srv, service, .class = ERR_XML_DETAIL,
	     .missing = ERR_XML_DETAIL),
	ATTR("protocol", attr_srv_protocol, struct dns_srv, protocol, .class = ERR_XML_DETAIL,
	     .missing = ERR_XML_DETAIL),
	ATTR("domain", attr_one_line, struct dns_srv, domain, .class = ERR_XML_DETAIL),
	ATTR("target", attr_one_line, struct dns_srv, target, .class = ERR_XML_DETAIL),
	SRV_NUMBER("port", attr_srv_port, port),
	SRV_NUMBER("priority", attr_number, priority),
	SRV_NUMBER("weight", attr_number, weight),
};

int read_dns_srv(struct report *r, xmlNode *node, void *parent)
{
	struct network_dns *dns = parent;
	struct dns_srv *srv = APPEND(r, dns->srvs, dns->n_srvs);
	int err;

	if (!srv)
		return -ENOMEM;
	srv->line = line_of(node);
	err = READ_ATTRS(r, node, srv_attrs, srv);
	if (err < 0)
		return err;
	if (!srv->target && (srv->has_port || srv->has_priority || srv->has_weight))
		return report_refuse(
		    r, ERR_XML_DETAIL, srv->line,
		    "<srv> has a port, priority or weight but no target; add target='…'");
	return read_no_children(r, node);
}

static const struct attr dns_attrs[] = {
	ATTR_YES_NO("enable", struct network_dns, enable),
	ATTR_YES_NO("forwardPlainNames", struct network_dns, forward_plain_names),
};
static const struct element dns_children[] = {
	{ "forwarder", read_forwarder, .many = true },
	{ "txt", read_dns_txt, .many = true },
	{ "host", read_dns_host, .many = true },
	{ "srv", read_dns_srv, .many = true },
};

int read_dns(struct report *r, xmlNode *node, void *network)
{
	struct network_dns *dns = &((struct network *)network)->dns;
	int err;

	dns->given = true;
	dns->line = line_of(node);
	err = READ_ATTRS(r, node, dns_attrs, dns);
	return err < 0 ? err : READ_CHILDREN(r, node, dns_children, dns);
}
