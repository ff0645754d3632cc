/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/ports-internal.h"

#include "base/file.h"
#include "base/log.h"
#include "netd/kernel/reconcile.h"
#include "netd/kernel/stations.h"
#include "netd/lease/lease-files.h"
#include "netd/service/services.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PORT_XML_MAX (64 * 1024)

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

void ports_remove_file(const struct controller *c, const struct port *port)
{
	char path[PATH_MAX];

	path_of(c, &port->net, &port->p->uuid, path);
	if (unlink(path) < 0 && errno != ENOENT)
		log_warning("cannot remove %s: %s", path, strerror(errno));
}

void ports_drop(struct controller *c, struct port *port)
{
	const struct net *n = port->owner;
	const struct port *other;

	ports_unknow(c, port);
	list_remove(&port->of_net);
	other = ports_known_mac(n, &port->p->mac, false);
	if (c->services) /* not at the end of the daemon */
		services_guest_went(n, port->p, other ? other->p : NULL);
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

	if (!owner)
		return -ENOENT;
	if (file_read(path, PORT_XML_MAX, &xml, &n, &e) < 0 ||
	    network_port_parse(xml, n, NETWORK_PARSE_STORED, &p, NULL, &e) < 0) {
		log_warning("%s: %s", path, e.msg);
		return -EINVAL;
	}
	if (ports_choose_class(owner, p, &e) < 0)
		log_warning("%s: %s", path, e.msg);
	struct port *port = ports_insert(c, owner, p, &e);
	if (!port)
		return -ENOMEM;
	port->loaded = true;
	/* Those with a device outlive a stop of the network. */
	if (p->device == PORT_DEVICE_NONE ? net_is_wanted(owner) : ports_find_device(c, port))
		return 0;
	ports_drop(c, port);
	return -ENOENT;
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
	ports_foreach(port, c) ports_drop(c, port);
	table_done(&c->ports_by_uuid);
}

/* ---- looking ---- */

struct port *ports_find(const struct controller *c, const struct net *n, const struct uuid *u)
{
	struct port *port = ports_known(c, u);

	return port && !port->hidden && (!n || port->owner == n) ? port : NULL;
}

int ports_get(const struct controller *c, const struct net *n, const struct uuid *u,
	      struct network_port **ret, struct err *e)
{
	char text[UUID_TEXT_MAX];
	struct port *port = ports_find(c, n, u);

	if (!port)
		return err_set(e, ERR_NO_NETWORK_PORT, "Network port with UUID %s does not exist",
			       uuid_format(u, text));
	*ret = port->p;
	return 0;
}

size_t ports_count(const struct controller *c, const struct net *n, unsigned *users)
{
	const struct forward *f = n->live ? &n->live->forward : NULL;
	struct port *port;
	size_t count = 0;

	if (!n->ports)
		return 0;
	for (size_t i = 0; users && f && i < f->n_interfaces; i++)
		users[i] = (unsigned)ports_users_of(c, n, &f->interfaces[i]);
	list_foreach (port, &n->ports->ports, struct port, in_net)
		count += !port->hidden;
	return count;
}

void ports_visit(const struct controller *c, const struct net *n, ports_visit_fn *visit, void *data)
{
	struct port *port;

	if (!n->ports)
		return;
	list_foreach (port, &n->ports->ports, struct port, in_net)
		if (!port->hidden)
			visit(data, port->p);
}

const struct mirror_link *ports_link(const struct controller *c, const struct mac *mac,
				     uint32_t master)
{
	struct mac tap = *mac;

	tap.b[0] = 0xfe;
	for (const struct mirror_link *l = NULL; (l = mirror_next(c->mirror, l));)
		if ((!master || l->master == master) &&
		    (mac_equal(&l->row.mac, mac) || mac_equal(&l->row.mac, &tap)))
			return l;
	return NULL;
}

/* ---- coming and going ---- */

/* A VM manager that cannot reach us when its guest ends never tells us again. When the same guest
 * asks for the same interface anew, and no link of it is there, such a port only keeps devices and
 * bandwidth from others. A port made in this life of ours can't be one: then it is a live change,
 * which makes the new port first. */
static void forget_abandoned(struct controller *c, const struct net *n,
			     const struct network_port *p)
{
	struct port *port;
	char text[UUID_TEXT_MAX];

	ports_foreach(port, c)
	{
		if (!port->loaded || !uuid_equal(&port->net, &n->uuid) ||
		    !uuid_equal(&port->p->owner_uuid, &p->owner_uuid) ||
		    !mac_equal(&port->p->mac, &p->mac) || ports_link(c, &p->mac, 0))
			continue;
		log_info("network '%s': port %s was left behind by '%s', which asks for another",
			 n->name, uuid_format(&port->p->uuid, text), p->owner_name);
		ports_remove_file(c, port);
		ports_drop(c, port);
	}
}

struct port *ports_insert(struct controller *c, struct net *n, struct network_port *p,
			  struct err *e)
{
	struct port *port = calloc(1, sizeof(*port));

	if (port) {
		port->net = n->uuid;
		port->p = p;
	}
	if (!port || ports_know(c, n, port) < 0) {
		free(port);
		network_port_free(p);
		err_sys(e, ENOMEM, "cannot create a port of network '%s'", n->name);
		return NULL;
	}
	list_add_tail(&c->ports, &port->of_net);
	services_guest_came(n, p);
	return port;
}

int ports_create(struct controller *c, struct net *n, struct network_port *p, unsigned how,
		 struct err *e)
{
	bool reclaim = how & PORT_RECLAIM;

	if (!reclaim && p->has_owner_uuid)
		forget_abandoned(c, n, p);
	int r = ports_complete(c, n, p, reclaim, e);

	if (r == 0)
		r = ports_save(c, n, p, e);
	if (r < 0) {
		network_port_free(p);
		return r;
	}
	struct port *port = ports_insert(c, n, p, e);
	if (!port)
		return -ENOMEM;
	lease_files_changed(c->lease_files, n);
	port->shaped_by_owner = how & PORT_SHAPED_BY_OWNER;
	if (p->bandwidth.given) {
		reconcile_look(c->reconcile, n);
		stations_look(c->stations);
	}
	return 0;
}

int ports_delete(struct controller *c, struct net *n, const struct uuid *u, struct err *e)
{
	struct network_port *p;
	int r = ports_get(c, n, u, &p, e);

	if (r < 0)
		return r;
	struct port *port = ports_find(c, n, u);
	if (p->bandwidth.given)
		reconcile_look(c->reconcile, n);
	ports_remove_file(c, port);
	ports_drop(c, port);
	lease_files_changed(c->lease_files, n);
	return 0;
}

void ports_forget(struct controller *c, const struct net *n)
{
	struct port *port;

	ports_foreach(port, c)
	{
		if (!uuid_equal(&port->net, &n->uuid) || port->p->device != PORT_DEVICE_NONE)
			continue;
		ports_remove_file(c, port);
		ports_drop(c, port);
	}
}

/* ---- bandwidth ---- */

int ports_set_bandwidth(struct controller *c, struct net *n, struct network_port *p,
			const struct bandwidth *b, struct err *e)
{
	struct network_port like = *p;
	struct port *port = ports_known(c, &p->uuid);
	uint32_t class_before = p->class_id;
	struct bandwidth before = p->bandwidth;

	like.bandwidth = *b;
	int r = network_port_check_floor(&like, n->live, e);
	if (r == 0)
		r = ports_check_floor(c, n, &like, e);
	if (r == 0 && !before.inbound.floor)
		r = ports_choose_class(n, &like, e);
	if (r < 0)
		return r;
	p->class_id = like.class_id;
	ports_replace_bandwidth(port, b);
	r = ports_save(c, n, p, e);
	if (r < 0) {
		ports_replace_bandwidth(port, &before);
		p->class_id = class_before;
		return r;
	}
	stations_look(c->stations);
	reconcile_look(c->reconcile, n);
	return 0;
}

static bool limits_equal(const struct bandwidth_limit *a, const struct bandwidth_limit *b)
{
	return a->average == b->average && a->peak == b->peak && a->burst == b->burst &&
	       a->floor == b->floor;
}

static bool bandwidths_equal(const struct bandwidth *a, const struct bandwidth *b)
{
	return limits_equal(&a->inbound, &b->inbound) && limits_equal(&a->outbound, &b->outbound);
}

/* What a port got from its group isn't marked as such, for libvirt's document has no place for it:
 * what equals the group's is the group's. */
void ports_follow_groups(struct controller *c, struct net *n, const struct network *was)
{
	static const struct bandwidth none;
	struct port *port;

	if (!n->ports || !was || !n->live || (!was->n_portgroups && !n->live->n_portgroups))
		return;
	list_foreach (port, &n->ports->ports, struct port, in_net) {
		const struct portgroup *before = network_portgroup(was, port->p->group),
				       *now = network_portgroup(n->live, port->p->group);
		const struct bandwidth *from = before ? &before->bandwidth : &none,
				       *to = now ? &now->bandwidth : &none;
		struct err e = { 0 };
		if (bandwidths_equal(from, to) || !bandwidths_equal(&port->p->bandwidth, from))
			continue;
		ports_replace_bandwidth(port, to);
		if (ports_save(c, n, port->p, &e) < 0)
			log_warning("%s", e.msg);
	}
}
