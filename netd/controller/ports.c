/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/ports.h"

#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PORTS_MAX      16384 /* of one network: libvirt's limit of a list */
#define PORT_XML_MAX   (64 * 1024)
#define FIRST_CLASS_ID 3 /* 1 and 2 are the network's own */

struct port {
	struct list of_net; /* of controller.ports */
	struct uuid net;
	struct network_port *p;
	bool loaded; /* made before this life of ours */
};

/* ---- files ---- */

static int path_of(const struct controller *c, const struct uuid *net, const struct uuid *u,
		   char buf[static PATH_MAX])
{
	char a[UUID_TEXT_MAX], b[UUID_TEXT_MAX];

	return snprintf(buf, PATH_MAX, "%s/ports/%s.%s.xml", c->paths.run, uuid_format(net, a),
			uuid_format(u, b));
}

int ports_save(const struct controller *c, const struct net *n, const struct network_port *p,
	       struct err *e)
{
	char path[PATH_MAX];
	auto_free char *xml = network_port_format(p);

	if (!xml)
		return err_sys(e, ENOMEM, "cannot keep a port of network '%s'", n->name);
	path_of(c, &n->uuid, &p->uuid, path);
	return file_write_replace(path, 0600, xml, strlen(xml), e);
}

static void remove_file(const struct controller *c, const struct port *port)
{
	char path[PATH_MAX];

	path_of(c, &port->net, &port->p->uuid, path);
	if (unlink(path) < 0 && errno != ENOENT)
		log_warning("cannot remove %s: %s", path, strerror(errno));
}

static void drop(struct port *port)
{
	list_remove(&port->of_net);
	network_port_free(port->p);
	free(port);
}

static int load_one(struct controller *c, const char *path, const struct uuid *net)
{
	auto_free char *xml = NULL;
	struct network_port *p = NULL;
	struct err e = { 0 };
	size_t n;
	struct net *owner = registry_find_uuid(&c->registry, net);

	if (!owner || owner->state != NET_ACTIVE)
		return -ENOENT;
	if (file_read(path, PORT_XML_MAX, &xml, &n, &e) < 0 ||
	    network_port_parse(xml, n, NETWORK_PARSE_STORED, &p, NULL, &e) < 0) {
		log_warning("%s: %s", path, e.msg);
		return -EINVAL;
	}
	struct port *port = calloc(1, sizeof(*port));
	if (!port) {
		network_port_free(p);
		return -ENOMEM;
	}
	port->net = *net;
	port->p = p;
	port->loaded = true;
	list_add_tail(&c->ports, &port->of_net);
	return 0;
}

/* NETWORK-UUID.PORT-UUID.xml; what a crash left half written has another ending. */
static bool is_port_file(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".xml") == 0;
}

void ports_load(struct controller *c)
{
	char dir[PATH_MAX], path[PATH_MAX];
	struct err e = { 0 };

	snprintf(dir, sizeof(dir), "%s/ports", c->paths.run);
	if (file_make_dirs(dir, 0700, &e) < 0) {
		log_err("%s", e.msg);
		return;
	}
	DIR *d = opendir(dir);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		char net[UUID_TEXT_MAX] = "";
		struct uuid u;
		snprintf(net, sizeof(net), "%.36s", entry->d_name);
		if (entry->d_name[0] == '.' || uuid_parse(net, &u) < 0 ||
		    !is_port_file(entry->d_name) ||
		    snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path))
			continue;
		if (load_one(c, path, &u) == -ENOENT)
			(void)unlink(path);
	}
	if (d)
		closedir(d);
}

void ports_free(struct controller *c)
{
	struct port *port;

	if (!c->ports.next)
		return;
	list_foreach (port, &c->ports, struct port, of_net)
		drop(port);
}

/* ---- looking ---- */

static struct port *find(const struct controller *c, const struct net *n, const struct uuid *u)
{
	struct port *port;

	list_foreach (port, &c->ports, struct port, of_net)
		if (uuid_equal(&port->p->uuid, u) && (!n || uuid_equal(&port->net, &n->uuid)))
			return port;
	return NULL;
}

int ports_get(const struct controller *c, const struct net *n, const struct uuid *u,
	      struct network_port **ret, struct err *e)
{
	char text[UUID_TEXT_MAX];
	struct port *port = find(c, n, u);

	if (!port)
		return err_set(e, ERR_NO_NETWORK_PORT, "Network port with UUID %s does not exist",
			       uuid_format(u, text));
	*ret = port->p;
	return 0;
}

size_t ports_count(const struct controller *c, const struct net *n)
{
	struct port *port;
	size_t count = 0;

	list_foreach (port, &c->ports, struct port, of_net)
		count += uuid_equal(&port->net, &n->uuid);
	return count;
}

void ports_visit(const struct controller *c, const struct net *n, ports_visit_fn *visit, void *data)
{
	struct port *port;

	list_foreach (port, &c->ports, struct port, of_net)
		if (uuid_equal(&port->net, &n->uuid))
			visit(data, port->p);
}

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

/* How many ports use the device, or the PCI function, already. */
static size_t users_of(const struct controller *c, const struct net *n,
		       const struct forward_interface *i)
{
	struct port *port;
	size_t users = 0;

	list_foreach (port, &c->ports, struct port, of_net) {
		const struct plug *plug = &port->p->plug;
		if (!uuid_equal(&port->net, &n->uuid))
			continue;
		if (i->is_pci)
			users +=
			    plug->type == PLUG_HOSTDEV_PCI && same_function(&plug->pci, &i->pci);
		else
			users += plug->type == PLUG_DIRECT && plug->dev &&
				 strcmp(plug->dev, i->dev) == 0;
	}
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
		size_t users = users_of(c, n, &f->interfaces[i]);
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

static int plug_direct(const struct controller *c, const struct net *n, struct network_port *p,
		       struct err *e)
{
	const struct network *def = n->live;
	bool exclusive =
	    def->forward.mode == FORWARD_PASSTHROUGH ||
	    (def->forward.mode == FORWARD_PRIVATE && p->virtualport.type == VPORT_8021QBH);
	const struct forward_interface *i = choose_device(c, n, exclusive, e);

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
	return f->driver_name ? copy_name(&p->plug.driver_name, f->driver_name, e) : 0;
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
	uint64_t sum = p->bandwidth.inbound.floor, most = in->peak ? in->peak : in->average;
	struct port *port;

	if (!p->bandwidth.inbound.floor)
		return 0;
	list_foreach (port, &c->ports, struct port, of_net)
		if (uuid_equal(&port->net, &n->uuid) && !uuid_equal(&port->p->uuid, &p->uuid))
			sum += port->p->bandwidth.inbound.floor;
	if (sum > most)
		return err_set(e, ERR_OPERATION_INVALID,
			       "Cannot plug interface into bridge '%s': the floors of its ports "
			       "would be %llu kilobytes "
			       "per second, network '%s' has %llu",
			       n->live->bridge, (unsigned long long)sum, n->name,
			       (unsigned long long)most);
	return 0;
}

static uint32_t free_class_id(const struct controller *c, const struct net *n)
{
	struct port *port;

	for (uint32_t id = FIRST_CLASS_ID;; id++) {
		bool used = false;
		list_foreach (port, &c->ports, struct port, of_net)
			used |= uuid_equal(&port->net, &n->uuid) && port->p->class_id == id;
		if (!used)
			return id;
	}
}

/* ---- coming and going ---- */

static int check_new(const struct controller *c, const struct net *n, const struct network_port *p,
		     bool reclaim, struct err *e)
{
	char text[UUID_TEXT_MAX];

	if (n->state != NET_ACTIVE)
		return err_set(e, ERR_OPERATION_INVALID, "network '%s' is not active", n->name);
	if (find(c, NULL, &p->uuid))
		return err_set(e, ERR_NETWORK_PORT_EXIST,
			       "Network port with UUID %s already exists",
			       uuid_format(&p->uuid, text));
	if (reclaim != (p->plug.type != PLUG_NONE))
		return err_set(e, ERR_INVALID_ARG,
			       reclaim ? "a port that is reclaimed must tell its <plug>"
				       : "a new port must not have a <plug>: netd chooses it");
	if (ports_count(c, n) >= PORTS_MAX)
		return err_set(e, ERR_INTERNAL, "network '%s' has %d ports, the most there can be",
			       n->name, PORTS_MAX);
	return 0;
}

static int complete(struct controller *c, struct net *n, struct network_port *p, bool reclaim,
		    struct err *e)
{
	int r = check_new(c, n, p, reclaim, e);

	if (r == 0)
		r = network_port_inherit(p, n->live, e);
	if (r == 0)
		r = network_port_check(p, n->live, e);
	if (r == 0)
		r = ports_check_floor(c, n, p, e);
	if (r == 0 && !reclaim)
		r = choose_plug(c, n, p, e);
	if (r == 0 && p->bandwidth.inbound.floor && !p->class_id)
		p->class_id = free_class_id(c, n);
	return r;
}

/* Whether a link leads to a guest's interface of this MAC. libvirt gives its taps the guest's with
 * 0xfe in front. */
static bool has_link(const struct controller *c, const struct mac *mac)
{
	struct mac tap = *mac;

	tap.b[0] = 0xfe;
	for (const struct mirror_link *l = NULL; (l = mirror_next(c->mirror, l));)
		if (mac_equal(&l->row.mac, mac) || mac_equal(&l->row.mac, &tap))
			return true;
	return false;
}

/* A VM manager that cannot reach us when its guest ends never tells us again. When the same guest
 * asks for the same interface anew, and no link of it is there, such a port only keeps devices and
 * bandwidth from others. A port made in this life of ours can't be one: then it is a live change,
 * which makes the new port first. */
static void forget_abandoned(struct controller *c, const struct net *n,
			     const struct network_port *p)
{
	struct port *port;
	char text[UUID_TEXT_MAX];

	list_foreach (port, &c->ports, struct port, of_net) {
		if (!port->loaded || !uuid_equal(&port->net, &n->uuid) ||
		    !uuid_equal(&port->p->owner_uuid, &p->owner_uuid) ||
		    !mac_equal(&port->p->mac, &p->mac) || has_link(c, &p->mac))
			continue;
		log_info("network '%s': port %s was left behind by '%s', which asks for another",
			 n->name, uuid_format(&port->p->uuid, text), p->owner_name);
		remove_file(c, port);
		drop(port);
	}
}

int ports_create(struct controller *c, struct net *n, struct network_port *p, bool reclaim,
		 struct err *e)
{
	if (!reclaim && p->has_owner_uuid)
		forget_abandoned(c, n, p);
	struct port *port = calloc(1, sizeof(*port));
	int r = port ? complete(c, n, p, reclaim, e) : err_sys(e, ENOMEM, "cannot create a port");

	if (r == 0)
		r = ports_save(c, n, p, e);
	if (r < 0) {
		network_port_free(p);
		free(port);
		return r;
	}
	port->net = n->uuid;
	port->p = p;
	list_add_tail(&c->ports, &port->of_net);
	return 0;
}

int ports_delete(struct controller *c, struct net *n, const struct uuid *u, struct err *e)
{
	struct network_port *p;
	int r = ports_get(c, n, u, &p, e);

	if (r < 0)
		return r;
	struct port *port = find(c, n, u);
	remove_file(c, port);
	drop(port);
	return 0;
}

void ports_forget(struct controller *c, const struct net *n)
{
	struct port *port;

	list_foreach (port, &c->ports, struct port, of_net) {
		if (!uuid_equal(&port->net, &n->uuid))
			continue;
		remove_file(c, port);
		drop(port);
	}
}
