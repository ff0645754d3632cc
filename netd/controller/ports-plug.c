/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/ports-internal.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

#define PORTS_MAX 16384 /* of one network: libvirt's limit of a list */

/* ---- the plug ---- */

static int copy_name(char **dst, const char *src, struct err *e)
{
	*dst = strdup(src);
	return *dst ? 0 : err_sys(e, ENOMEM, "cannot plug a port");
}

static bool same_function(const struct pci_address *a, const struct pci_address *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot &&
	       a->function == b->function;
}

static bool plugs_into(const struct plug *plug, const struct forward_interface *i)
{
	if (i->is_pci)
		return plug->type == PLUG_HOSTDEV_PCI && same_function(&plug->pci, &i->pci);
	return plug->type == PLUG_DIRECT && plug->dev && i->dev && strcmp(plug->dev, i->dev) == 0;
}

/* How many ports use the device, or the PCI function, already. */
size_t ports_users_of(const struct controller *c, const struct net *n,
		      const struct forward_interface *i)
{
	struct port *port;
	size_t users = 0;

	if (!n->ports)
		return 0;
	list_foreach (port, &n->ports->ports, struct port, in_net)
		users += plugs_into(&port->p->plug, i);
	return users;
}

/* The device with the fewest users; an exclusive one must have none. */
static const struct forward_interface *
choose_device(const struct controller *c, const struct net *n, bool exclusive, struct err *e)
{
	const struct forward *f = &n->live->forward;
	const struct forward_interface *best = NULL;
	size_t fewest = SIZE_MAX;

	for (size_t i = 0; i < f->n_interfaces; i++) {
		size_t users = ports_users_of(c, n, &f->interfaces[i]);
		if (users < fewest) {
			fewest = users;
			best = &f->interfaces[i];
		}
	}
	if (!best)
		err_set(e, ERR_INTERNAL, "network '%s' has no <interface> to connect a guest to",
			n->name);
	else if (exclusive && fewest)
		err_set(
		    e, ERR_INTERNAL,
		    "network '%s' requires exclusive access to interfaces, but none are available",
		    n->name);
	return best && !(exclusive && fewest) ? best : NULL;
}

/* Whether its device can be nobody else's. */
static bool is_exclusive(const struct net *n, const struct network_port *p)
{
	enum forward_mode mode = n->live->forward.mode;

	return mode == FORWARD_PASSTHROUGH || mode == FORWARD_HOSTDEV ||
	       (mode == FORWARD_PRIVATE && p->virtualport.type == VPORT_8021QBH);
}

static int plug_direct(const struct controller *c, const struct net *n, struct network_port *p,
		       struct err *e)
{
	const struct network *def = n->live;
	const struct forward_interface *i = choose_device(c, n, is_exclusive(n, p), e);

	if (!i)
		return -EINVAL;
	p->plug.type = PLUG_DIRECT;
	p->plug.mode = def->forward.mode;
	return copy_name(&p->plug.dev, i->dev ? i->dev : "", e);
}

static int plug_hostdev(const struct controller *c, const struct net *n, struct network_port *p,
			struct err *e)
{
	const struct forward *f = &n->live->forward;
	const struct forward_interface *i = choose_device(c, n, true, e);

	if (!i)
		return -EINVAL;
	p->plug.type = PLUG_HOSTDEV_PCI;
	p->plug.managed = f->managed;
	p->plug.pci = i->pci;
	int r = f->driver_name ? copy_name(&p->plug.driver_name, f->driver_name, e) : 0;
	return r == 0 && f->driver_model ? copy_name(&p->plug.driver_model, f->driver_model, e) : r;
}

/* A port that is reclaimed has its device already: it must be one of the network's, and an
 * exclusive one nobody else's. Which bridge it is on is not asked: the network's may have had
 * another name when the guest began. */
static int check_plug(const struct controller *c, const struct net *n, const struct network_port *p,
		      struct err *e)
{
	const struct forward *f = &n->live->forward;
	const struct plug *plug = &p->plug;

	if (plug->type == PLUG_NETWORK || plug->type == PLUG_BRIDGE)
		return n->live->bridge ? 0
				       : err_set(e, ERR_INTERNAL,
						 "network '%s' has no bridge that a port could be "
						 "plugged into",
						 n->name);
	for (size_t i = 0; i < f->n_interfaces; i++) {
		const struct forward_interface *dev = &f->interfaces[i];
		if (!plugs_into(plug, dev))
			continue;
		if (is_exclusive(n, p) && ports_users_of(c, n, dev))
			return err_set(e, ERR_INTERNAL,
				       "network '%s' claims dev='%s' is already in use by a "
				       "different port",
				       n->name, plug->dev ? plug->dev : "PCI");
		return 0;
	}
	return err_set(e, ERR_INTERNAL, "network '%s' doesn't have dev='%s' in use by network port",
		       n->name, plug->dev ? plug->dev : "PCI");
}

static int choose_plug(const struct controller *c, const struct net *n, struct network_port *p,
		       struct err *e)
{
	const struct network *def = n->live;

	p->plug.mac_table_manager = def->mac_table_manager;
	if (network_owns_bridge(def)) {
		p->plug.type = PLUG_NETWORK;
		return copy_name(&p->plug.bridge, def->bridge, e);
	}
	if (def->forward.mode == FORWARD_BRIDGE && def->bridge) {
		p->plug.type = PLUG_BRIDGE;
		return copy_name(&p->plug.bridge, def->bridge, e);
	}
	return def->forward.mode == FORWARD_HOSTDEV ? plug_hostdev(c, n, p, e)
						    : plug_direct(c, n, p, e);
}

/* ---- floors ---- */

int ports_check_floor(const struct controller *c, const struct net *n, const struct network_port *p,
		      struct err *e)
{
	const struct bandwidth_limit *in = &n->live->bandwidth.inbound;
	uint64_t most = in->peak ? in->peak : in->average;
	uint64_t sum = p->bandwidth.inbound.floor + ports_other_floors(c, n, p);

	if (!p->bandwidth.inbound.floor)
		return 0;
	if (sum > most)
		return err_set(e, ERR_OPERATION_INVALID,
			       "Cannot plug interface into bridge '%s': the floors of its ports "
			       "would be %llu kilobytes "
			       "per second, network '%s' has %llu",
			       n->live->bridge, (unsigned long long)sum, n->name,
			       (unsigned long long)most);
	return 0;
}

/* ---- everything ---- */

static int check_new(const struct controller *c, const struct net *n, const struct network_port *p,
		     bool reclaim, struct err *e)
{
	char text[UUID_TEXT_MAX];

	if (!net_runs(n))
		return err_set(e, ERR_OPERATION_INVALID, "network '%s' is not active", n->name);
	if (ports_known(c, &p->uuid))
		return err_set(e, ERR_NETWORK_PORT_EXIST,
			       "Network port with UUID %s already exists",
			       uuid_format(&p->uuid, text));
	if (reclaim != (p->plug.type != PLUG_NONE))
		return err_set(e, ERR_INVALID_ARG,
			       reclaim ? "a port that is reclaimed must tell its <plug>"
				       : "a new port must not have a <plug>: netd chooses it");
	if (ports_count(c, n, NULL) >= PORTS_MAX)
		return err_set(e, ERR_INTERNAL, "network '%s' has %d ports, the most there can be",
			       n->name, PORTS_MAX);
	return 0;
}

/* As libvirt 11.3 a port may have a VLAN anywhere; a bridge that switches by MAC addresses alone
 * doesn't heed it. */
static void warn_of_vlan(const struct net *n, const struct network_port *p)
{
	char mac[MAC_TEXT_MAX];

	if (p->vlan.n_tags && network_owns_bridge(n->live) &&
	    n->live->mac_table_manager != MAC_TABLE_LIBVIRT)
		log_warning("network '%s': the port of %s asks for a VLAN, but bridge %s doesn't "
			    "filter by VLANs: its frames are on the network like all others",
			    n->name, mac_format(&p->mac, mac), n->live->bridge);
}

static int settle_new(const struct controller *c, const struct net *n, struct network_port *p,
		      struct err *e)
{
	int r = network_port_inherit(p, n->live, e);

	if (r == 0)
		r = network_port_settle_virtualport(p, n->live, e);
	if (r == 0)
		r = network_port_check_floor(p, n->live, e);
	if (r == 0)
		r = ports_check_floor(c, n, p, e);
	if (r == 0)
		r = choose_plug(c, n, p, e);
	if (r == 0)
		warn_of_vlan(n, p);
	return r;
}

int ports_complete(struct controller *c, struct net *n, struct network_port *p, bool reclaim,
		   struct err *e)
{
	int r = check_new(c, n, p, reclaim, e);

	/* Its guest runs with what the port says: nothing is added or refused that can't be undone.
	 */
	if (r == 0 && reclaim)
		r = check_plug(c, n, p, e);
	else if (r == 0)
		r = settle_new(c, n, p, e);
	return r == 0 ? ports_choose_class(n, p, e) : r;
}
