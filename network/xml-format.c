/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-format.c — a definition as libvirt 11.3 prints it, to the byte: tools compare dumpxml texts.
 *
 * The order of elements and attributes here is libvirt's, not the alphabet's nor the header's. */
#include "network/xml.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#define DNSMASQ_NAMESPACE "http://libvirt.org/schemas/network/dnsmasq/1.0"

/* What is being written: the text, the depth of indentation, and what network_format() was asked
 * for. */
struct out {
	struct text text;
	unsigned depth, flags;
};

static void indent(struct out *o)
{
	for (unsigned i = 0; i < o->depth; i++)
		text_add(&o->text, "  ");
}

/* Start an element: "<name"; its attributes follow. */
static void start(struct out *o, const char *name)
{
	indent(o);
	text_addf(&o->text, "<%s", name);
}

/* End the start tag; what is written until close_tag() is inside. */
static void open_tag(struct out *o)
{
	text_add(&o->text, ">\n");
	o->depth++;
}

static void close_tag(struct out *o, const char *name)
{
	o->depth--;
	indent(o);
	text_addf(&o->text, "</%s>\n", name);
}

static void end_empty(struct out *o)
{
	text_add(&o->text, "/>\n");
}

/* Line breaks and tabs as references: written raw, a reader would turn them into blanks. */
static void attr(struct out *o, const char *name, const char *value)
{
	if (!value)
		return;
	text_addf(&o->text, " %s='", name);
	for (size_t n; *value; value += n) {
		n = strcspn(value, "\t\n\r");
		if (n) {
			auto_free char *plain = strndup(value, n);
			if (plain)
				text_add_xml(&o->text, plain);
			else
				o->text.failed = true;
		} else {
			text_addf(&o->text, "&#%d;", *value);
			n = 1;
		}
	}
	text_add(&o->text, "'");
}

static void attr_ull(struct out *o, const char *name, uint64_t value)
{
	text_addf(&o->text, " %s='%" PRIu64 "'", name, value);
}

static void attr_yes_no(struct out *o, const char *name, enum tristate t)
{
	if (t != TRI_ABSENT)
		attr(o, name, t == TRI_YES ? "yes" : "no");
}

static void attr_address(struct out *o, const char *name, const struct ip *a)
{
	char buf[IP_TEXT_MAX];

	if (ip_is_set(a))
		attr(o, name, ip_format(a, buf));
}

static void attr_uuid(struct out *o, const char *name, const struct uuid *u)
{
	char buf[UUID_TEXT_MAX];

	attr(o, name, uuid_format(u, buf));
}

/* <name>content</name>; nothing for NULL. */
static void element_text(struct out *o, const char *name, const char *content)
{
	if (!content)
		return;
	start(o, name);
	text_add(&o->text, ">");
	for (const char *cr; (cr = strchr(content, '\r')); content = cr + 1) {
		auto_free char *plain = strndup(content, (size_t)(cr - content));
		text_add_xml(&o->text, plain ? plain : "");
		text_add(&o->text, "&#13;");
		o->text.failed |= !plain;
	}
	text_add_xml(&o->text, content);
	text_addf(&o->text, "</%s>\n", name);
}

/* <forward> */

static const char *const mode_words[] = {
	[FORWARD_NONE] = "none",       [FORWARD_NAT] = "nat",
	[FORWARD_ROUTE] = "route",     [FORWARD_OPEN] = "open",
	[FORWARD_BRIDGE] = "bridge",   [FORWARD_PRIVATE] = "private",
	[FORWARD_VEPA] = "vepa",       [FORWARD_PASSTHROUGH] = "passthrough",
	[FORWARD_HOSTDEV] = "hostdev",
};

/* The running form shows the ports that are used when none were given. */
static struct nat_options shown_nat(const struct out *o, const struct forward *f)
{
	struct nat_options nat = f->nat;

	if (f->mode != FORWARD_NAT)
		return (struct nat_options){ 0 };
	if (o->flags & NETWORK_FORMAT_LIVE && !nat.port_end) {
		nat.port_start = 1024;
		nat.port_end = 65535;
	}
	return nat;
}

static void format_nat(struct out *o, const struct nat_options *nat)
{
	struct ip from = ip_from_v4(nat->address_start), to = ip_from_v4(nat->address_end);
	bool has_address = nat->address_end, has_port = nat->port_end;

	if (!has_address && !has_port && !nat->ipv6)
		return;
	start(o, "nat");
	attr_yes_no(o, "ipv6", nat->ipv6);
	if (!has_address && !has_port) {
		end_empty(o);
		return;
	}
	open_tag(o);
	if (has_address) {
		start(o, "address");
		attr_address(o, "start", &from);
		attr_address(o, "end", &to);
		end_empty(o);
	}
	if (has_port) {
		start(o, "port");
		attr_ull(o, "start", nat->port_start);
		attr_ull(o, "end", nat->port_end);
		end_empty(o);
	}
	close_tag(o, "nat");
}

static void format_forward_interface(struct out *o, const struct forward_interface *i)
{
	if (i->is_pci) {
		start(o, "address");
		text_addf(&o->text,
			  " type='pci' domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'",
			  i->pci.domain, i->pci.bus, i->pci.slot, i->pci.function);
	} else {
		start(o, "interface");
		attr(o, "dev", i->dev);
	}
	end_empty(o);
}

static void format_forward(struct out *o, const struct forward *f)
{
	struct nat_options nat = shown_nat(o, f);
	bool has_driver = f->driver_name || f->driver_model;

	if (f->mode == FORWARD_NONE)
		return;
	start(o, "forward");
	attr(o, "dev", f->dev);
	attr(o, "mode", mode_words[f->mode]);
	if (f->mode == FORWARD_HOSTDEV)
		attr(o, "managed", f->managed == TRI_YES ? "yes" : "no");
	if (!f->n_interfaces && !f->pf && !has_driver && !nat.address_end && !nat.port_end &&
	    !nat.ipv6) {
		end_empty(o);
		return;
	}
	open_tag(o);
	if (has_driver) {
		start(o, "driver");
		attr(o, "name", f->driver_name);
		attr(o, "model", f->driver_model);
		end_empty(o);
	}
	format_nat(o, &nat);
	if (f->pf) {
		start(o, "pf");
		attr(o, "dev", f->pf);
		end_empty(o);
	}
	for (size_t i = 0; i < f->n_interfaces; i++)
		format_forward_interface(o, &f->interfaces[i]);
	close_tag(o, "forward");
}

/* The link. */

static void format_bridge(struct out *o, const struct network *n)
{
	static const char *const managers[] = {
		[MAC_TABLE_KERNEL] = "kernel", [MAC_TABLE_LIBVIRT] = "libvirt"
	};
	bool ours = network_owns_bridge(n);

	if (!ours && !n->bridge && !n->mac_table_manager)
		return;
	start(o, "bridge");
	attr(o, "name", n->bridge);
	attr(o, "zone", n->zone);
	if (ours) {
		attr(o, "stp", n->stp ? "on" : "off");
		attr_ull(o, "delay", n->delay_sec);
	}
	if (n->mac_table_manager)
		attr(o, "macTableManager", managers[n->mac_table_manager]);
	end_empty(o);
}

static void format_link(struct out *o, const struct network *n)
{
	char mac[MAC_TEXT_MAX];

	format_bridge(o, n);
	if (n->mtu) {
		start(o, "mtu");
		attr_ull(o, "size", n->mtu);
		end_empty(o);
	}
	if (n->has_mac) {
		start(o, "mac");
		attr(o, "address", mac_format(&n->mac, mac));
		end_empty(o);
	}
	if (n->domain) {
		start(o, "domain");
		attr(o, "name", n->domain);
		attr_yes_no(o, "localOnly", n->domain_local_only);
		attr_yes_no(o, "register", n->domain_register);
		end_empty(o);
	}
}

/* <dns> */

static void format_srv(struct out *o, const struct dns_srv *srv)
{
	start(o, "srv");
	attr(o, "service", srv->service);
	attr(o, "protocol", srv->protocol);
	attr(o, "domain", srv->domain);
	attr(o, "target", srv->target);
	if (srv->port)
		attr_ull(o, "port", srv->port);
	if (srv->priority)
		attr_ull(o, "priority", srv->priority);
	if (srv->weight)
		attr_ull(o, "weight", srv->weight);
	end_empty(o);
}

static void format_dns_host(struct out *o, const struct dns_host *host)
{
	start(o, "host");
	attr_address(o, "ip", &host->ip);
	open_tag(o);
	for (size_t i = 0; i < host->n_names; i++)
		element_text(o, "hostname", host->names[i]);
	close_tag(o, "host");
}

static void format_dns(struct out *o, const struct network_dns *dns)
{
	bool has_children = dns->n_forwarders || dns->n_txts || dns->n_srvs || dns->n_hosts;

	if (!dns->enable && !dns->forward_plain_names && !has_children)
		return;
	start(o, "dns");
	attr_yes_no(o, "enable", dns->enable);
	attr_yes_no(o, "forwardPlainNames", dns->forward_plain_names);
	if (!has_children) {
		end_empty(o);
		return;
	}
	open_tag(o);
	for (size_t i = 0; i < dns->n_forwarders; i++) {
		start(o, "forwarder");
		attr(o, "domain", dns->forwarders[i].domain);
		attr_address(o, "addr", &dns->forwarders[i].addr);
		end_empty(o);
	}
	for (size_t i = 0; i < dns->n_txts; i++) {
		start(o, "txt");
		attr(o, "name", dns->txts[i].name);
		attr(o, "value", dns->txts[i].value);
		end_empty(o);
	}
	for (size_t i = 0; i < dns->n_srvs; i++)
		format_srv(o, &dns->srvs[i]);
	for (size_t i = 0; i < dns->n_hosts; i++)
		format_dns_host(o, &dns->hosts[i]);
	close_tag(o, "dns");
}

/* <vlan>, <bandwidth>, <virtualport>, <portgroup> */

static void format_vlan(struct out *o, const struct vlan *v)
{
	static const char *const native[] = {
		[VLAN_NATIVE_TAGGED] = "tagged", [VLAN_NATIVE_UNTAGGED] = "untagged"
	};

	if (!v->n_tags)
		return;
	start(o, "vlan");
	if (v->trunk == TRI_YES)
		attr(o, "trunk", "yes");
	open_tag(o);
	for (size_t i = 0; i < v->n_tags; i++) {
		start(o, "tag");
		attr_ull(o, "id", v->tags[i].id);
		if (v->tags[i].native)
			attr(o, "nativeMode", native[v->tags[i].native]);
		end_empty(o);
	}
	close_tag(o, "vlan");
}

static void format_limit(struct out *o, const char *name, const struct bandwidth_limit *l)
{
	if (!l->average && !l->floor)
		return;
	start(o, name);
	if (l->average)
		attr_ull(o, "average", l->average);
	if (l->peak)
		attr_ull(o, "peak", l->peak);
	if (l->floor)
		attr_ull(o, "floor", l->floor);
	if (l->burst)
		attr_ull(o, "burst", l->burst);
	end_empty(o);
}

static void format_bandwidth(struct out *o, const struct bandwidth *b)
{
	if (!b->inbound.average && !b->inbound.floor && !b->outbound.average && !b->outbound.floor)
		return;
	start(o, "bandwidth");
	open_tag(o);
	format_limit(o, "inbound", &b->inbound);
	format_limit(o, "outbound", &b->outbound);
	close_tag(o, "bandwidth");
}

static void format_parameters(struct out *o, const struct virtualport *v)
{
	start(o, "parameters");
	if (v->has_managerid)
		attr_ull(o, "managerid", v->managerid);
	if (v->has_typeid)
		attr_ull(o, "typeid", v->typeid);
	if (v->has_typeidversion)
		attr_ull(o, "typeidversion", v->typeidversion);
	if (v->has_instanceid)
		attr_uuid(o, "instanceid", &v->instanceid);
	if (v->has_interfaceid)
		attr_uuid(o, "interfaceid", &v->interfaceid);
	attr(o, "profileid", v->profileid);
	end_empty(o);
}

static void format_virtualport(struct out *o, const struct virtualport *v)
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
	start(o, "virtualport");
	attr(o, "type", types[v->type]);
	if (!has_parameters) {
		end_empty(o);
		return;
	}
	open_tag(o);
	format_parameters(o, v);
	close_tag(o, "virtualport");
}

static void format_portgroup(struct out *o, const struct portgroup *g)
{
	start(o, "portgroup");
	attr(o, "name", g->name);
	if (g->is_default)
		attr(o, "default", "yes");
	attr_yes_no(o, "trustGuestRxFilters", g->trust_guest_rx_filters);
	open_tag(o);
	format_vlan(o, &g->vlan);
	format_virtualport(o, &g->virtualport);
	format_bandwidth(o, &g->bandwidth);
	close_tag(o, "portgroup");
}

/* <ip> and <route> */

/* End <range …> or <host …>: around its <lease>, or at once. */
static void end_with_lease(struct out *o, const char *name, const struct lease_time *t)
{
	static const char *const units[] = {
		[LEASE_SECONDS] = "seconds", [LEASE_MINUTES] = "minutes", [LEASE_HOURS] = "hours"
	};

	if (!t->given) {
		end_empty(o);
		return;
	}
	open_tag(o);
	start(o, "lease");
	attr_ull(o, "expiry", t->expiry);
	if (t->expiry)
		attr(o, "unit", units[t->unit]);
	end_empty(o);
	close_tag(o, name);
}

static void format_dhcp_host(struct out *o, const struct dhcp_host *host)
{
	char mac[MAC_TEXT_MAX];

	start(o, "host");
	if (host->has_mac)
		attr(o, "mac", host->mac_text ? host->mac_text : mac_format(&host->mac, mac));
	attr(o, "id", host->id);
	attr(o, "name", host->name);
	attr_address(o, "ip", &host->ip);
	end_with_lease(o, "host", &host->lease);
}

static void format_dhcp(struct out *o, const struct network_ip *ip)
{
	if (!ip->n_ranges && !ip->n_hosts)
		return;
	start(o, "dhcp");
	open_tag(o);
	for (size_t i = 0; i < ip->n_ranges; i++) {
		start(o, "range");
		attr_address(o, "start", &ip->ranges[i].start);
		attr_address(o, "end", &ip->ranges[i].end);
		end_with_lease(o, "range", &ip->ranges[i].lease);
	}
	for (size_t i = 0; i < ip->n_hosts; i++)
		format_dhcp_host(o, &ip->hosts[i]);
	if (ip->bootp_file) {
		start(o, "bootp");
		attr(o, "file", ip->bootp_file);
		attr_address(o, "server", &ip->bootp_server);
		end_empty(o);
	}
	close_tag(o, "dhcp");
}

static void format_ip(struct out *o, const struct network_ip *ip)
{
	start(o, "ip");
	attr(o, "family", ip->family);
	attr_address(o, "address", &ip->address);
	attr_address(o, "netmask", &ip->netmask);
	if (ip->has_prefix)
		attr_ull(o, "prefix", ip->prefix_text);
	attr_yes_no(o, "localPtr", ip->local_ptr);
	open_tag(o);
	if (ip->tftp_root) {
		start(o, "tftp");
		attr(o, "root", ip->tftp_root);
		end_empty(o);
	}
	format_dhcp(o, ip);
	close_tag(o, "ip");
}

static void format_route(struct out *o, const struct network_route *route)
{
	start(o, "route");
	attr(o, "family", route->family);
	attr_address(o, "address", &route->address);
	attr_address(o, "netmask", &route->netmask);
	if (route->has_prefix)
		attr_ull(o, "prefix", route->prefix_text);
	attr_address(o, "gateway", &route->gateway);
	if (route->has_metric)
		attr_ull(o, "metric", route->metric);
	end_empty(o);
}

/* <network> */

static void format_root(struct out *o, const struct network *n, unsigned connections)
{
	start(o, "network");
	if (n->n_dnsmasq_options)
		attr(o, "xmlns:dnsmasq", DNSMASQ_NAMESPACE);
	if (o->flags & NETWORK_FORMAT_LIVE && connections)
		attr_ull(o, "connections", connections);
	if (n->ipv6 == TRI_YES)
		attr(o, "ipv6", "yes");
	attr_yes_no(o, "trustGuestRxFilters", n->trust_guest_rx_filters);
	open_tag(o);
}

static void format_who(struct out *o, const struct network *n)
{
	char uuid[UUID_TEXT_MAX];

	element_text(o, "name", n->name);
	if (n->has_uuid)
		element_text(o, "uuid", uuid_format(&n->uuid, uuid));
	element_text(o, "title", n->title);
	element_text(o, "description", n->description);
	if (n->metadata)
		text_addf(&o->text, "  %s\n", n->metadata);
}

static void format_port(struct out *o, enum tristate isolated)
{
	if (isolated == TRI_ABSENT)
		return;
	start(o, "port");
	attr_yes_no(o, "isolated", isolated);
	end_empty(o);
}

static void format_dnsmasq(struct out *o, char *const *options, size_t n)
{
	if (!n)
		return;
	start(o, "dnsmasq:options");
	open_tag(o);
	for (size_t i = 0; i < n; i++) {
		start(o, "dnsmasq:option");
		attr(o, "value", options[i]);
		end_empty(o);
	}
	close_tag(o, "dnsmasq:options");
}

char *network_format(const struct network *n, unsigned flags, unsigned connections)
{
	struct out o = { .flags = flags };

	format_root(&o, n, connections);
	format_who(&o, n);
	format_forward(&o, &n->forward);
	format_link(&o, n);
	format_dns(&o, &n->dns);
	format_vlan(&o, &n->vlan);
	format_bandwidth(&o, &n->bandwidth);
	format_port(&o, n->port_isolated);
	for (size_t i = 0; i < n->n_ips; i++)
		format_ip(&o, &n->ips[i]);
	for (size_t i = 0; i < n->n_routes; i++)
		format_route(&o, &n->routes[i]);
	format_virtualport(&o, &n->virtualport);
	for (size_t i = 0; i < n->n_portgroups; i++)
		format_portgroup(&o, &n->portgroups[i]);
	format_dnsmasq(&o, n->dnsmasq_options, n->n_dnsmasq_options);
	close_tag(&o, "network");
	return text_take(&o.text);
}
