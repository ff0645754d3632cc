/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-format.c — a definition as libvirt 11.3 prints it, to the byte: tools compare dumpxml texts.
 *
 * The order of elements and attributes here is libvirt's, not the alphabet's nor the header's. */
#include "network/format-internal.h"

#include <inttypes.h>
#include <string.h>

#define DNSMASQ_NAMESPACE "http://libvirt.org/schemas/network/dnsmasq/1.0"

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
	out_start(o, "nat");
	out_attr_yes_no(o, "ipv6", nat->ipv6);
	if (!has_address && !has_port) {
		out_end_empty(o);
		return;
	}
	out_open(o);
	if (has_address) {
		out_start(o, "address");
		out_attr_address(o, "start", &from);
		out_attr_address(o, "end", &to);
		out_end_empty(o);
	}
	if (has_port) {
		out_start(o, "port");
		out_attr_ull(o, "start", nat->port_start);
		out_attr_ull(o, "end", nat->port_end);
		out_end_empty(o);
	}
	out_close(o, "nat");
}

static void format_forward_interface(struct out *o, const struct forward_interface *i,
				     unsigned users)
{
	if (i->is_pci) {
		out_start(o, "address");
		text_addf(&o->text,
			  " type='pci' domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'",
			  i->pci.domain, i->pci.bus, i->pci.slot, i->pci.function);
	} else {
		out_start(o, "interface");
		out_attr(o, "dev", i->dev);
		if (users)
			out_attr_ull(o, "connections", users);
	}
	out_end_empty(o);
}

static void format_forward(struct out *o, const struct forward *f)
{
	struct nat_options nat = shown_nat(o, f);
	bool has_driver = f->driver_name || f->driver_model;

	if (f->mode == FORWARD_NONE)
		return;
	out_start(o, "forward");
	out_attr(o, "dev", f->dev);
	out_attr(o, "mode", mode_words[f->mode]);
	if (f->mode == FORWARD_HOSTDEV)
		out_attr(o, "managed", f->managed == TRI_YES ? "yes" : "no");
	if (!f->n_interfaces && !f->pf && !has_driver && !nat.address_end && !nat.port_end &&
	    !nat.ipv6) {
		out_end_empty(o);
		return;
	}
	out_open(o);
	if (has_driver) {
		out_start(o, "driver");
		out_attr(o, "name", f->driver_name);
		out_attr(o, "model", f->driver_model);
		out_end_empty(o);
	}
	format_nat(o, &nat);
	if (f->pf) {
		out_start(o, "pf");
		out_attr(o, "dev", f->pf);
		out_end_empty(o);
	}
	for (size_t i = 0; i < f->n_interfaces; i++)
		format_forward_interface(o, &f->interfaces[i], o->users ? o->users[i] : 0);
	out_close(o, "forward");
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
	out_start(o, "bridge");
	out_attr(o, "name", n->bridge);
	out_attr(o, "zone", n->zone);
	if (ours) {
		out_attr(o, "stp", n->stp ? "on" : "off");
		out_attr_ull(o, "delay", n->delay_sec);
	}
	if (n->mac_table_manager)
		out_attr(o, "macTableManager", managers[n->mac_table_manager]);
	out_end_empty(o);
}

static void format_link(struct out *o, const struct network *n)
{
	char mac[MAC_TEXT_MAX];

	format_bridge(o, n);
	if (n->mtu) {
		out_start(o, "mtu");
		out_attr_ull(o, "size", n->mtu);
		out_end_empty(o);
	}
	if (n->has_mac) {
		out_start(o, "mac");
		out_attr(o, "address", mac_format(&n->mac, mac));
		out_end_empty(o);
	}
	if (n->domain) {
		out_start(o, "domain");
		out_attr(o, "name", n->domain);
		out_attr_yes_no(o, "localOnly", n->domain_local_only);
		out_attr_yes_no(o, "register", n->domain_register);
		out_end_empty(o);
	}
}

/* <dns> */

static void format_srv(struct out *o, const struct dns_srv *srv)
{
	out_start(o, "srv");
	out_attr(o, "service", srv->service);
	out_attr(o, "protocol", srv->protocol);
	out_attr(o, "domain", srv->domain);
	out_attr(o, "target", srv->target);
	if (srv->port)
		out_attr_ull(o, "port", srv->port);
	if (srv->priority)
		out_attr_ull(o, "priority", srv->priority);
	if (srv->weight)
		out_attr_ull(o, "weight", srv->weight);
	out_end_empty(o);
}

static void format_dns_host(struct out *o, const struct dns_host *host)
{
	out_start(o, "host");
	out_attr_address(o, "ip", &host->ip);
	out_open(o);
	for (size_t i = 0; i < host->n_names; i++)
		out_element_text(o, "hostname", host->names[i]);
	out_close(o, "host");
}

static void format_dns(struct out *o, const struct network_dns *dns)
{
	bool has_children = dns->n_forwarders || dns->n_txts || dns->n_srvs || dns->n_hosts;

	if (!dns->enable && !dns->forward_plain_names && !has_children)
		return;
	out_start(o, "dns");
	out_attr_yes_no(o, "enable", dns->enable);
	out_attr_yes_no(o, "forwardPlainNames", dns->forward_plain_names);
	if (!has_children) {
		out_end_empty(o);
		return;
	}
	out_open(o);
	for (size_t i = 0; i < dns->n_forwarders; i++) {
		out_start(o, "forwarder");
		out_attr(o, "domain", dns->forwarders[i].domain);
		out_attr_address(o, "addr", &dns->forwarders[i].addr);
		out_end_empty(o);
	}
	for (size_t i = 0; i < dns->n_txts; i++) {
		out_start(o, "txt");
		out_attr(o, "name", dns->txts[i].name);
		out_attr(o, "value", dns->txts[i].value);
		out_end_empty(o);
	}
	for (size_t i = 0; i < dns->n_srvs; i++)
		format_srv(o, &dns->srvs[i]);
	for (size_t i = 0; i < dns->n_hosts; i++)
		format_dns_host(o, &dns->hosts[i]);
	out_close(o, "dns");
}

/* <ip> and <route> */

/* End <range …> or <host …>: around its <lease>, or at once. */
static void end_with_lease(struct out *o, const char *name, const struct lease_time *t)
{
	static const char *const units[] = {
		[LEASE_SECONDS] = "seconds", [LEASE_MINUTES] = "minutes", [LEASE_HOURS] = "hours"
	};

	if (!t->given) {
		out_end_empty(o);
		return;
	}
	out_open(o);
	out_start(o, "lease");
	out_attr_ull(o, "expiry", t->expiry);
	if (t->expiry)
		out_attr(o, "unit", units[t->unit]);
	out_end_empty(o);
	out_close(o, name);
}

static void format_dhcp_host(struct out *o, const struct dhcp_host *host)
{
	char mac[MAC_TEXT_MAX];

	out_start(o, "host");
	if (host->has_mac)
		out_attr(o, "mac", dhcp_host_mac(host, mac));
	out_attr(o, "id", host->id);
	out_attr(o, "name", host->name);
	out_attr_address(o, "ip", &host->ip);
	end_with_lease(o, "host", &host->lease);
}

static void format_dhcp(struct out *o, const struct network_ip *ip)
{
	if (!ip->n_ranges && !ip->n_hosts)
		return;
	out_start(o, "dhcp");
	out_open(o);
	for (size_t i = 0; i < ip->n_ranges; i++) {
		out_start(o, "range");
		out_attr_address(o, "start", &ip->ranges[i].start);
		out_attr_address(o, "end", &ip->ranges[i].end);
		end_with_lease(o, "range", &ip->ranges[i].lease);
	}
	for (size_t i = 0; i < ip->n_hosts && !(o->flags & NETWORK_FORMAT_NO_HOSTS); i++)
		format_dhcp_host(o, &ip->hosts[i]);
	if (ip->bootp_file) {
		out_start(o, "bootp");
		out_attr(o, "file", ip->bootp_file);
		out_attr_address(o, "server", &ip->bootp_server);
		out_end_empty(o);
	}
	out_close(o, "dhcp");
}

static void format_ip(struct out *o, const struct network_ip *ip)
{
	out_start(o, "ip");
	out_attr(o, "family", ip->family);
	out_attr_address(o, "address", &ip->address);
	out_attr_address(o, "netmask", &ip->netmask);
	if (ip->has_prefix)
		out_attr_ull(o, "prefix", ip->prefix_text);
	out_attr_yes_no(o, "localPtr", ip->local_ptr);
	out_open(o);
	if (ip->tftp_root) {
		out_start(o, "tftp");
		out_attr(o, "root", ip->tftp_root);
		out_end_empty(o);
	}
	format_dhcp(o, ip);
	out_close(o, "ip");
}

static void format_route(struct out *o, const struct network_route *route)
{
	out_start(o, "route");
	out_attr(o, "family", route->family);
	out_attr_address(o, "address", &route->address);
	out_attr_address(o, "netmask", &route->netmask);
	if (route->has_prefix)
		out_attr_ull(o, "prefix", route->prefix_text);
	out_attr_address(o, "gateway", &route->gateway);
	if (route->has_metric)
		out_attr_ull(o, "metric", route->metric);
	out_end_empty(o);
}

/* <network> */

static void format_root(struct out *o, const struct network *n, unsigned connections)
{
	out_start(o, "network");
	if (n->n_dnsmasq_options)
		out_attr(o, "xmlns:dnsmasq", DNSMASQ_NAMESPACE);
	if (o->flags & NETWORK_FORMAT_LIVE && connections)
		out_attr_ull(o, "connections", connections);
	if (n->ipv6 == TRI_YES)
		out_attr(o, "ipv6", "yes");
	out_attr_yes_no(o, "trustGuestRxFilters", n->trust_guest_rx_filters);
	out_open(o);
}

static void format_who(struct out *o, const struct network *n)
{
	char uuid[UUID_TEXT_MAX];

	out_element_text(o, "name", n->name);
	if (n->has_uuid)
		out_element_text(o, "uuid", uuid_format(&n->uuid, uuid));
	out_element_text(o, "title", n->title);
	out_element_text(o, "description", n->description);
	if (n->metadata)
		text_addf(&o->text, "  %s\n", n->metadata);
}

static void format_dnsmasq(struct out *o, const struct dnsmasq_option *options, size_t n)
{
	if (!n)
		return;
	out_start(o, "dnsmasq:options");
	out_open(o);
	for (size_t i = 0; i < n; i++) {
		out_start(o, "dnsmasq:option");
		out_attr(o, "value", options[i].value);
		out_end_empty(o);
	}
	out_close(o, "dnsmasq:options");
}

static char *format(struct out o, const struct network *n, unsigned connections)
{
	format_root(&o, n, connections);
	format_who(&o, n);
	format_forward(&o, &n->forward);
	format_link(&o, n);
	format_dns(&o, &n->dns);
	format_vlan(&o, &n->vlan);
	format_bandwidth(&o, &n->bandwidth, 0);
	format_port(&o, n->port_isolated);
	for (size_t i = 0; i < n->n_ips; i++)
		format_ip(&o, &n->ips[i]);
	for (size_t i = 0; i < n->n_routes; i++)
		format_route(&o, &n->routes[i]);
	format_virtualport(&o, &n->virtualport);
	for (size_t i = 0; i < n->n_portgroups; i++)
		format_portgroup(&o, &n->portgroups[i]);
	format_dnsmasq(&o, n->dnsmasq_options, n->n_dnsmasq_options);
	out_close(&o, "network");
	return text_take(&o.text);
}

char *network_format(const struct network *n, unsigned flags, unsigned connections)
{
	return format((struct out){ .flags = flags }, n, connections);
}

char *network_format_live(const struct network *n, const struct network_use *use)
{
	return format((struct out){ .flags = NETWORK_FORMAT_LIVE, .users = use->interfaces }, n,
		      use->connections);
}
