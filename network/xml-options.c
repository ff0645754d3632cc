/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-options.c — <netd:network> in <metadata>: what netd's networks have beyond libvirt's.
 *
 * libvirt and its tools keep the element and can edit it (net-metadata), which is why it is there.
 * A family of options is one row in netd_children, one reader, and one array in struct
 * netd_options. Unlike elsewhere, what is not known is refused: nobody but netd gives it a meaning.
 */
#include "network/xml-internal.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define ANY_VERSION "urn:netd:network:"

/* <netd:subnet> */

#define SUBNET_FROM      0x0a400000U /* 10.64.0.0/10: rarely used by home routers and offices */
#define SUBNET_FROM_BITS 10U

/* ADDRESS/PREFIX */
static int attr_subnet(struct report *r, const struct spot *at, void *field)
{
	struct netd_subnet *s = container_of(field, struct netd_subnet, from);
	const char *slash = strchr(at->value, '/');
	char addr[IP_TEXT_MAX];
	uint32_t prefix;

	if (!slash || (size_t)(slash - at->value) >= sizeof(addr))
		return spot_refuse(r, at, "is not a subnet, such as 10.64.0.0/10");
	snprintf(addr, sizeof(addr), "%.*s", (int)(slash - at->value), at->value);
	if (ip_parse(addr, &s->from) < 0 ||
	    parse_u32(slash + 1, 0, s->from.family == AF_INET6 ? 128 : 32, &prefix) < 0)
		return spot_refuse(r, at, "is not a subnet, such as 10.64.0.0/10");
	s->from_prefix = prefix;
	struct ip net = ip_network(&s->from, prefix);
	if (!ip_equal(&net, &s->from))
		return spot_refuse(r, at, "has bits behind its prefix; write %s/%u",
				   ip_format(&net, addr), prefix);
	return 0;
}

static const struct attr subnet_attrs[] = {
	ATTR("prefix", attr_number, struct netd_subnet, prefix, .max = 128),
	ATTR("from", attr_subnet, struct netd_subnet, from),
};

static int read_subnet(struct report *r, xmlNode *node, void *options)
{
	struct netd_options *o = options;
	struct netd_subnet *s = APPEND(r, o->subnets, o->n_subnets);
	int err;

	if (!s)
		return -ENOMEM;
	s->line = line_of(node);
	err = READ_ATTRS(r, node, subnet_attrs, s);
	if (err < 0)
		return err;
	if (!ip_is_set(&s->from)) {
		s->from = ip_from_v4(SUBNET_FROM);
		s->from_prefix = SUBNET_FROM_BITS;
	}
	if (!s->prefix)
		s->prefix = s->from.family == AF_INET6 ? 64 : 24;
	return read_no_children(r, node);
}

/* <netd:http/> */

static int read_http(struct report *r, xmlNode *node, void *options)
{
	int err = read_no_attrs(r, node);

	((struct netd_options *)options)->http = true;
	return err < 0 ? err : read_no_children(r, node);
}

/* <netd:trusted-port dev='…'/> */

#define TRUSTED_MAX 64

static int attr_port(struct report *r, const struct spot *at, void *field)
{
	size_t n = strlen(at->value);

	if (n == 0 || n >= IF_NAMESIZE || strpbrk(at->value, "/ \t\n:"))
		return spot_refuse(r, at, "can't be the name of an interface");
	*(char **)field = strdup(at->value);
	return *(char **)field ? 0 : report_no_memory(r);
}

static const struct attr trusted_attrs[] = {
	ATTR("dev", attr_port, struct netd_trusted, dev, .missing = ERR_XML),
};

static int read_trusted(struct report *r, xmlNode *node, void *options)
{
	struct netd_options *o = options;
	struct netd_trusted *t;
	int err;

	if (o->n_trusted == TRUSTED_MAX)
		return report_refuse(r, ERR_XML, line_of(node),
				     "there are more than %d <netd:trusted-port>", TRUSTED_MAX);
	t = APPEND(r, o->trusted, o->n_trusted);
	if (!t)
		return -ENOMEM;
	t->line = line_of(node);
	err = READ_ATTRS(r, node, trusted_attrs, t);
	return err < 0 ? err : read_no_children(r, node);
}

/* <netd:network> */

static const struct element netd_children[] = {
	{ "dhcp", read_netd_dhcp, .ns = NETD_NAMESPACE },
	{ "dns", read_netd_dns, .ns = NETD_NAMESPACE },
	{ "http", read_http, .ns = NETD_NAMESPACE },
	{ "subnet", read_subnet, .many = true, .ns = NETD_NAMESPACE },
	{ "trusted-port", read_trusted, .many = true, .ns = NETD_NAMESPACE },
	{ "uplink", read_netd_uplink, .ns = NETD_NAMESPACE },
};

static int read_options(struct report *r, xmlNode *node, struct netd_options *ret)
{
	int err;

	if (strcmp((const char *)node->name, "network") != 0)
		return report_unwise(r, ERR_XML, line_of(node),
				     "<netd:%.100s> must stand inside of <netd:network>",
				     (const char *)node->name);
	if (ret->line)
		return report_unwise(
		    r, ERR_XML, line_of(node),
		    "<netd:network> is there twice (line %u too); only one is kept", ret->line);
	ret->line = line_of(node);
	err = read_no_attrs(r, node);
	return err < 0 ? err : READ_CHILDREN(r, node, netd_children, ret);
}

/* A later version is for a later netd: it cannot be obeyed here. */
static bool is_other_version(const xmlNode *node)
{
	return node->type == XML_ELEMENT_NODE && node->ns && !is_netd_element(node) &&
	       !strncmp((const char *)node->ns->href, ANY_VERSION, strlen(ANY_VERSION));
}

int read_netd_options(struct report *r, xmlNode *metadata, struct netd_options *ret)
{
	int err = 0;

	for (xmlNode *node = metadata->children; node && err == 0; node = node->next) {
		if (is_netd_element(node))
			err = read_options(r, node, ret);
		else if (is_other_version(node))
			err = report_unwise(
			    r, ERR_CONFIG_UNSUPPORTED, line_of(node),
			    "the namespace '%.100s' is not known; this netd knows '%s'",
			    (const char *)node->ns->href, NETD_NAMESPACE);
	}
	return err;
}
