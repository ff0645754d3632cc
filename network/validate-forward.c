/* SPDX-License-Identifier: GPL-2.0-or-later */
/* validate-forward.c — what each forward mode allows, needs and excludes, ports included.
 *
 * libvirt asks some of this only at define, so that a stored document may break it. */
#include "network/validate.h"

#include <string.h>

/* One row for each mode: how many devices it may name, and whether it must have an <ip>. */
static const struct mode {
	const char *word;
	bool needs_ip;
	bool has_limit;
	size_t max_interfaces;
} modes[] = {
	[FORWARD_NONE] = { "isolated" },
	[FORWARD_NAT] = { "nat", .needs_ip = true, .has_limit = true, .max_interfaces = 1 },
	[FORWARD_ROUTE] = { "route", .needs_ip = true, .has_limit = true, .max_interfaces = 1 },
	[FORWARD_OPEN] = { "open", .has_limit = true, .max_interfaces = 0 },
	[FORWARD_BRIDGE] = { "bridge" },
	[FORWARD_PRIVATE] = { "private" },
	[FORWARD_VEPA] = { "vepa" },
	[FORWARD_PASSTHROUGH] = { "passthrough" },
	[FORWARD_HOSTDEV] = { "hostdev" },
};

static int validate_devices(struct report *r, const struct network *n)
{
	const struct forward *f = &n->forward;
	const struct mode *m = &modes[f->mode];
	bool hostdev = f->mode == FORWARD_HOSTDEV;

	if (m->has_limit && f->n_interfaces > m->max_interfaces)
		return report_refuse(r, ERR_XML, f->interfaces[m->max_interfaces].line,
				     "<forward mode='%s'> takes %s; remove %s", m->word,
				     m->max_interfaces ? "one interface only" : "no interface",
				     m->max_interfaces ? "the others" : "dev='…' and <interface>");
	if (f->pf && network_owns_bridge(n))
		report_doubt(r, f->line, "<pf dev='%.200s'> has no effect in mode '%s'", f->pf,
			     m->word);
	for (size_t i = 0; i < f->n_interfaces; i++) {
		const struct forward_interface *dev = &f->interfaces[i];
		if (dev->is_pci && !hostdev)
			return report_unwise(
			    r, ERR_CONFIG_UNSUPPORTED, dev->line,
			    "<address type='pci'> is for <forward mode='hostdev'>, not for "
			    "mode '%s'; name the device by <interface dev='…'>",
			    m->word);
		if (!dev->is_pci && hostdev)
			return report_unwise(
			    r, ERR_CONFIG_UNSUPPORTED, dev->line,
			    "<interface dev='%.200s'> cannot be passed to a guest in "
			    "<forward mode='hostdev'>; give its <address type='pci'>",
			    dev->dev);
	}
	return 0;
}

static int compare_devices(const void *a, const void *b)
{
	const struct forward_interface *x = a, *y = b;

	if (x->is_pci != y->is_pci)
		return x->is_pci ? 1 : -1;
	if (!x->is_pci)
		return strcmp(x->dev, y->dev);
	if (x->pci.domain != y->pci.domain)
		return x->pci.domain < y->pci.domain ? -1 : 1;
	if (x->pci.bus != y->pci.bus)
		return x->pci.bus - y->pci.bus;
	if (x->pci.slot != y->pci.slot)
		return x->pci.slot - y->pci.slot;
	return x->pci.function - y->pci.function;
}

static bool same_device(const void *a, const void *b)
{
	return compare_devices(a, b) == 0;
}

static int validate_devices_once(struct report *r, const struct forward *f)
{
	struct pair p;
	int err = find_pair(r, f->interfaces, f->n_interfaces, sizeof(*f->interfaces),
			    compare_devices, same_device, &p);

	if (err < 0 || !p.second)
		return err;
	const struct forward_interface *twin = p.second;
	return report_refuse(r, ERR_XML, twin->line, "%s%.200s is there twice; remove one",
			     twin->is_pci ? "this PCI <address>" : "<interface dev=…> ",
			     twin->is_pci ? "" : twin->dev);
}

/* What needs a bridge of ours cannot be asked of a host's bridge or of macvtap. */
static int validate_foreign_link(struct report *r, const struct network *n)
{
	const char *mode = modes[n->forward.mode].word;

	if (n->forward.mode != FORWARD_BRIDGE && (n->bridge || n->mac_table_manager))
		return report_refuse(
		    r, ERR_XML, n->bridge_line,
		    "<bridge> is not allowed with <forward mode='%s'>, which has no bridge; "
		    "remove it",
		    mode);
	if (n->has_stp || n->delay_sec || n->zone)
		return report_refuse(
		    r, ERR_XML, n->bridge_line,
		    "<bridge> may have stp, delay and zone in modes nat, route, open and "
		    "isolated only, not in mode '%s'",
		    mode);
	if (n->bridge && (n->forward.n_interfaces || n->forward.pf))
		return report_refuse(
		    r, ERR_XML, n->bridge_line,
		    "<bridge name='%.200s'> and devices in <forward> exclude each other; "
		    "remove one",
		    n->bridge);
	if (n->mtu)
		return report_refuse(
		    r, ERR_XML, n->mtu_line,
		    "<mtu> is allowed in modes nat, route, open and isolated only, not in "
		    "mode '%s'",
		    mode);
	return 0;
}

static int validate_foreign_services(struct report *r, const struct network *n)
{
	const struct network_dns *dns = &n->dns;
	const struct {
		bool present;
		const char *element;
		unsigned line;
	} services[] = {
		{ n->has_mac, "mac", n->mac_line },
		{ n->n_ips, "ip", n->n_ips ? n->ips[0].line : 0 },
		{ dns->n_hosts || dns->n_txts || dns->n_srvs, "dns", dns->line },
		{ n->domain, "domain", n->domain_line },
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_LEN(services) && err == 0; i++)
		if (services[i].present)
			err = report_unwise(
			    r, ERR_CONFIG_UNSUPPORTED, services[i].line,
			    "<%s> is not supported with <forward mode='%s'>, where addresses "
			    "and services are those of the host's network; remove it",
			    services[i].element, modes[n->forward.mode].word);
	return err;
}

int validate_forward(struct report *r, const struct network *n)
{
	const struct forward *f = &n->forward;
	const struct mode *m = &modes[f->mode];
	int err;

	if (m->needs_ip && !n->n_ips && !n->options.n_subnets)
		return report_refuse(
		    r, ERR_XML, f->line,
		    "%s forwarding requested, but no IP address provided for network "
		    "'%.200s'; add <ip address='…' prefix='…'/>",
		    m->word, n->name);
	err = validate_devices_once(r, f);
	if (err == 0)
		err = validate_devices(r, n);
	if (err < 0 || network_owns_bridge(n))
		return err;
	err = validate_foreign_link(r, n);
	return err < 0 ? err : validate_foreign_services(r, n);
}

/* Ports. */

static bool vlan_works(const struct network *n, const struct portgroup *g)
{
	enum forward_mode mode = n->forward.mode;
	bool ovs = n->virtualport.type == VPORT_OPENVSWITCH;

	if (g && g->virtualport.given)
		return mode == FORWARD_BRIDGE && g->virtualport.type == VPORT_OPENVSWITCH;
	return mode == FORWARD_HOSTDEV || mode == FORWARD_PASSTHROUGH ||
	       (mode == FORWARD_BRIDGE && (ovs || !n->virtualport.given));
}

static int refuse_vlan(struct report *r, unsigned line, const struct network *n,
		       const struct portgroup *g)
{
	if (n->forward.mode == FORWARD_BRIDGE && g && g->virtualport.given)
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, line,
		    "<vlan> in <portgroup name='%.200s'>, which has a <virtualport> of its own: "
		    "that "
		    "must have type='openvswitch'; add it, or remove the group's <virtualport>",
		    g->name);
	if (n->forward.mode == FORWARD_BRIDGE)
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, line,
		    "<vlan> goes with <virtualport type='openvswitch'> or none on a "
		    "bridge of the host's; change the network's, or remove <vlan>");
	return report_unwise(
	    r, ERR_CONFIG_UNSUPPORTED, line,
	    "<vlan> is not supported in mode '%s' here; it works in mode bridge (on a "
	    "host's bridge or Open vSwitch), passthrough and hostdev",
	    modes[n->forward.mode].word);
}

/* There is a device of the network's that all of it passes. */
static bool takes_bandwidth(const struct network *n)
{
	return network_owns_bridge(n) || (n->forward.mode == FORWARD_BRIDGE && n->bridge);
}

static bool limits(const struct bandwidth *b)
{
	return b->inbound.given || b->outbound.given;
}

static int refuse_bandwidth(struct report *r, unsigned line, const struct network *n)
{
	return report_unwise(r, ERR_CONFIG_UNSUPPORTED, line,
			     "<bandwidth> is not supported here in <forward mode='%s'>; remove it",
			     modes[n->forward.mode].word);
}

static int compare_groups(const void *a, const void *b)
{
	return strcmp(((const struct portgroup *)a)->name, ((const struct portgroup *)b)->name);
}

static bool same_group(const void *a, const void *b)
{
	return compare_groups(a, b) == 0;
}

static int validate_group_names(struct report *r, const struct network *n)
{
	struct pair p;
	int err = find_pair(r, n->portgroups, n->n_portgroups, sizeof(*n->portgroups),
			    compare_groups, same_group, &p);

	if (err < 0 || !p.second)
		return err;
	const struct portgroup *first = p.first, *second = p.second;
	return report_unwise(r, ERR_CONFIG_UNSUPPORTED, second->line,
			     "<portgroup name='%.200s'> is there twice (line %u too); rename one",
			     second->name, first->line);
}

static int validate_group(struct report *r, const struct network *n, const struct portgroup *g,
			  const struct portgroup **found_default)
{
	if (g->is_default && *found_default)
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, g->line,
		    "<portgroup name='%.200s'> and '%.200s' (line %u) are both the default; "
		    "only one can be",
		    g->name, (*found_default)->name, (*found_default)->line);
	if (g->is_default)
		*found_default = g;
	if (g->vlan.n_tags && !vlan_works(n, g))
		return refuse_vlan(r, g->vlan.line, n, g);
	if (limits(&g->bandwidth) && !takes_bandwidth(n))
		return refuse_bandwidth(r, g->bandwidth.line, n);
	if (g->virtualport.type != VPORT_NONE && network_owns_bridge(n))
		report_doubt(
		    r, g->virtualport.line,
		    "<virtualport> does not work on a bridge of ours: every port of the group "
		    "'%.200s' will be refused",
		    g->name);
	return 0;
}

int validate_ports(struct report *r, const struct network *n)
{
	const struct portgroup *found_default = NULL;
	int err = 0;

	if (n->vlan.n_tags && !vlan_works(n, NULL))
		return refuse_vlan(r, n->vlan.line, n, NULL);
	if (limits(&n->bandwidth) && !takes_bandwidth(n))
		return refuse_bandwidth(r, n->bandwidth.line, n);
	for (size_t i = 0; i < n->n_portgroups && err == 0; i++)
		err = validate_group(r, n, &n->portgroups[i], &found_default);
	if (err == 0)
		err = validate_group_names(r, n);
	if (err == 0 && n->virtualport.given && network_owns_bridge(n))
		err = report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, n->virtualport.line,
		    "<virtualport> does not work on a bridge of ours (mode '%s'): every "
		    "port would be refused; remove it",
		    modes[n->forward.mode].word);
	return err;
}
