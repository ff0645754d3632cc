/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port is put in its place, hidden, before the kernel thread makes its device, so that nobody
 * else gets its MAC address or its share of the bandwidth meanwhile; and it is hidden again while
 * the device is removed. Whoever waits for the device holds no pointer to the port: the link may
 * go, and the port with it, at any time. */
#include "netd/controller/ports-device.h"

#include "base/log.h"
#include "netd/controller/hooks.h"
#include "netd/controller/ports-internal.h"
#include "netd/kernel/devices.h"
#include "netd/kernel/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* ---- devices of ports ---- */

/* What netd made for network `u`'s port of this MAC. A link that was renamed is still it. */
static bool is_device(const struct mirror_link *l, const struct uuid *u, const struct mac *mac)
{
	char alias[LINK_ALIAS_MAX];
	struct mac host = *mac;

	host.b[0] = 0xfe;
	link_alias_port(u, alias);
	return strcmp(l->row.alias, alias) == 0 &&
	       (mac_equal(&l->row.mac, &host) ||
		(strcmp(l->kind_text, "macvtap") == 0 && mac_equal(&l->row.mac, mac)));
}

static bool note_device(struct port *port, const struct mirror_link *l)
{
	char *name = port->p->device_name;

	port->ifindex = l->ifindex;
	if (name && strcmp(name, l->row.name) == 0)
		return false;
	port->p->device_name = strdup(l->row.name);
	free(name);
	return true;
}

bool ports_find_device(struct controller *c, struct port *port)
{
	for (const struct mirror_link *l = NULL; (l = mirror_next(c->mirror, l));) {
		if (!is_device(l, &port->net, &port->p->mac))
			continue;
		note_device(port, l);
		if (port->p->device_name)
			return true;
	}
	return false;
}

/* The device has gone by itself, or by somebody's hand. */
static void device_gone(struct controller *c, struct port *port)
{
	struct net *n = registry_find_uuid(&c->registry, &port->net);

	if (!port->hidden)
		log_info("network '%s': interface '%s' has gone, and its port with it",
			 n ? n->name : "?", port->p->device_name ? port->p->device_name : "?");
	ports_remove_file(c, port);
	ports_drop(c, port);
}

static struct port_settings settings_of(const struct network_port *p)
{
	struct port_settings s = { .vlan = p->vlan };

	if (p->plug.mac_table_manager == MAC_TABLE_LIBVIRT)
		s.fixed_mac = p->mac;
	return s;
}

/* With its bridge a port loses what it was given there. */
static void settle_again(struct controller *c, struct port *port, const struct mirror_link *l)
{
	struct port_settings s = settings_of(port->p);
	bool joined = l->master && l->master != port->master;

	port->master = l->master;
	if (joined && !port->hidden && !port_settings_are_empty(&s) &&
	    port->p->device != PORT_DEVICE_NONE)
		devices_settle(c, l->ifindex, l->row.name, &s);
}

static void look_at(struct controller *c, struct port *port)
{
	const struct mirror_link *l = mirror_by_ifindex(c->mirror, port->ifindex);
	struct net *n = registry_find_uuid(&c->registry, &port->net);
	struct err e = { 0 };

	if (l)
		settle_again(c, port, l);
	if (!l)
		device_gone(c, port);
	else if (note_device(port, l) && n && ports_save(c, n, port->p, &e) < 0)
		log_warning("%s", e.msg);
}

void port_devices_heard(struct controller *c, const struct mirror_change *change)
{
	struct port *port;

	if (change->what != MIRROR_RESYNC && change->what != MIRROR_LINK)
		return;
	ports_foreach(port, c)
	{
		if (port->ifindex &&
		    (change->what == MIRROR_RESYNC || change->ifindex == port->ifindex))
			look_at(c, port);
	}
}

void port_devices_started(struct controller *c, const struct net *n)
{
	struct port *port;
	struct err e = { 0 };

	ports_foreach(port, c)
	{
		struct plug *plug = &port->p->plug;
		char *bridge;
		if (!uuid_equal(&port->net, &n->uuid) || port->p->device == PORT_DEVICE_NONE ||
		    !network_makes_bridge(n->live) ||
		    (plug->bridge && strcmp(plug->bridge, n->live->bridge) == 0) ||
		    !(bridge = strdup(n->live->bridge)))
			continue;
		free(plug->bridge);
		plug->bridge = bridge;
		if (ports_save(c, n, port->p, &e) < 0)
			log_warning("%s", e.msg);
	}
}

void port_devices_forget(struct controller *c, const struct net *n)
{
	struct port *port;

	ports_foreach(port, c)
	{
		if (!uuid_equal(&port->net, &n->uuid))
			continue;
		if (port->ifindex)
			devices_remove(c, port->ifindex, port->p->device_name, NULL, NULL);
		ports_remove_file(c, port);
		ports_drop(c, port);
	}
}

/* ---- a new one ---- */

struct adding {
	struct controller *c;
	struct door_call *call;
	struct uuid net, port;
	struct bridge_port made;
};

static char *device_json(const struct net *n, const struct network_port *p)
{
	char uuid[UUID_TEXT_MAX], mac[MAC_TEXT_MAX];
	json_t *o =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:s?}", "network", n->name, "uuid",
		      uuid_format(&p->uuid, uuid), "interface", p->device_name, "type",
		      p->device == PORT_DEVICE_TAP ? "tap" : "veth", "mac",
		      mac_format(&p->mac, mac), "bridge", p->plug.bridge, "portgroup", p->group);
	char *text = o ? json_dumps(o, 0) : NULL;

	json_decref(o);
	return text;
}

/* It could not be kept: the device goes, and with it the port. */
static void take_back(struct controller *c, struct port *port, const struct bridge_port *made)
{
	if (port) {
		ports_remove_file(c, port);
		ports_drop(c, port);
	}
	if (made)
		devices_remove(c, made->ifindex, made->name, NULL, NULL);
}

static int keep(struct controller *c, const struct net *n, struct port *port,
		const struct bridge_port *made, struct err *e)
{
	const struct mirror_link *l = mirror_by_ifindex(c->mirror, made->ifindex);

	if (!n || !port)
		return err_set(e, ERR_OPERATION_INVALID, "the network was removed meanwhile");
	if (!l)
		return err_set(e, ERR_OPERATION_FAILED, "interface '%s' was removed at once",
			       made->name);
	note_device(port, l);
	if (!port->p->device_name)
		return err_sys(e, ENOMEM, "cannot keep a port of network '%s'", n->name);
	int r = ports_save(c, n, port->p, e);
	if (r == 0)
		port->hidden = false;
	return r;
}

static void adding_ended(void *data, const struct err *failed)
{
	struct adding *a = data;
	struct net *n = registry_find_uuid(&a->c->registry, &a->net);
	struct port *port = ports_known(a->c, &a->port);
	auto_free char *json = n && port ? device_json(n, port->p) : NULL;

	if (failed->code) {
		take_back(a->c, port, port ? &a->made : NULL);
		door_fail(a->call, failed);
	} else {
		door_reply_text(a->call, json ? json : "{}");
	}
	free(a);
}

static void device_made(void *data, const struct bridge_port *made, const struct err *failed)
{
	struct adding *a = data;
	struct hook_call *scripts = NULL;
	struct net *n = registry_find_uuid(&a->c->registry, &a->net);
	struct port *port = ports_known(a->c, &a->port);
	struct err e = *failed;

	if (e.code || keep(a->c, n, port, made, &e) < 0) {
		take_back(a->c, port, made);
		door_fail(a->call, &e);
		free(a);
		return;
	}
	a->made = *made;
	if (n->live &&
	    hooks_prepare_port(a->c, n->live, port->p, HOOK_PORT_CREATED, &scripts, &e) < 0)
		adding_ended(a, &e);
	else
		hooks_go(scripts, adding_ended, a);
}

/* Whose interfaces may be put into that namespace: one's own, and root's anybody's. The host's own
 * namespace holds the bridge, so there is no guest in it. */
static int check_netns(int fd, const struct door_peer *peer, struct err *e)
{
	struct stat there, here;
	uid_t owner = 0;

	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return err_set(e, ERR_INVALID_ARG, "what was passed is not a network namespace");
	if (fstat(fd, &there) < 0 || stat("/proc/self/ns/net", &here) < 0)
		return err_sys(e, errno, "cannot look at the network namespace");
	if (there.st_dev == here.st_dev && there.st_ino == here.st_ino)
		return err_set(e, ERR_INVALID_ARG,
			       "that network namespace is the host's own, in which the bridge is: "
			       "choose a guest's");
	if (peer->uid == 0)
		return 0;
	auto_close int user = ioctl(fd, NS_GET_USERNS);
	if (user < 0 || ioctl(user, NS_GET_OWNER_UID, &owner) < 0 || owner != peer->uid)
		return err_set(e, ERR_OPERATION_DENIED,
			       "the network namespace doesn't belong to user %u", peer->uid);
	return 0;
}

static uint32_t bridge_of(const struct controller *c, const struct net *n)
{
	const struct mirror_link *l = foreign_bridge(c, n);

	return l ? l->ifindex : 0;
}

/* No second station with this address, as far as can be seen. */
static int check_mac(const struct controller *c, const struct net *n, const struct mac *mac,
		     struct err *e)
{
	char text[MAC_TEXT_MAX];
	const struct mirror_link *l = ports_link(c, mac, bridge_of(c, n));
	struct port *port;

	mac_format(mac, text);
	if (mac_is_multicast(mac) || mac_is_zero(mac))
		return err_set(e, ERR_INVALID_MAC, "%s can't be an interface's", text);
	if (mac_equal(mac, &n->live->mac))
		return err_set(e, ERR_OPERATION_FAILED,
			       "the MAC address %s is the gateway's of network '%s'", text,
			       n->name);
	ports_foreach(port, c)
	{
		if (uuid_equal(&port->net, &n->uuid) && mac_equal(&port->p->mac, mac))
			return err_set(e, ERR_OPERATION_FAILED,
				       "network '%s' has a port with the MAC address %s already",
				       n->name, text);
	}
	if (l)
		return err_set(e, ERR_OPERATION_FAILED,
			       "interface '%s' on network '%s' has the MAC address %s already",
			       l->row.name, n->name, text);
	return 0;
}

static int check_name(const struct controller *c, const char *name, struct err *e)
{
	if (!link_name_valid(name))
		return err_set(e, ERR_INVALID_ARG,
			       "'%.64s' is no interface name: 1 to 15 characters without '/', ':' "
			       "or blanks",
			       name);
	if (mirror_by_name(c->mirror, name))
		return err_set(e, ERR_OPERATION_FAILED, "interface '%s' exists already", name);
	return 0;
}

/* The node /dev/tapN is root's: to give it to somebody else takes rights that netd doesn't have. */
static int check_macvtap(const struct net *n, const struct door_port_wish *w, struct err *e)
{
	if (!devices_are_macvtaps(n->live))
		return 0;
	if (w->guest_interface)
		return err_set(
		    e, ERR_OPERATION_UNSUPPORTED,
		    "network '%s' connects guests by macvtap: it has taps, and nothing to "
		    "put into a namespace",
		    n->name);
	if ((w->uid != UINT32_MAX && w->uid != 0) || (w->gid != UINT32_MAX && w->gid != 0))
		return err_set(e, ERR_OPERATION_UNSUPPORTED,
			       "network '%s' connects guests by macvtap, whose device /dev/tapN is "
			       "root's: --owner and --group can't be had",
			       n->name);
	return 0;
}

static int check_wish(const struct controller *c, const struct net *n,
		      const struct door_port_wish *w, const struct door_peer *peer, struct err *e)
{
	int r = devices_check(c, n, e);

	if (r == 0)
		r = check_macvtap(n, w, e);

	if (r == 0 && w->interface)
		r = check_name(c, w->interface, e);
	if (r == 0 && w->guest_interface && !link_name_valid(w->guest_interface))
		r = err_set(e, ERR_INVALID_ARG,
			    "'%.64s' is no interface name: 1 to 15 characters without '/', ':' or "
			    "blanks",
			    w->guest_interface);
	if (r == 0 && w->group && !network_portgroup(n->live, w->group))
		r = err_set(e, ERR_INVALID_ARG, "network '%s' has no portgroup '%s'", n->name,
			    w->group);
	if (r == 0 && w->mac)
		r = check_mac(c, n, w->mac, e);
	if (r == 0 && w->guest_interface)
		r = check_netns(w->netns_fd, peer, e);
	return r;
}

/* The object; NULL: *e says why. */
static struct network_port *port_of(struct controller *c, struct net *n,
				    const struct door_port_wish *w,
				    const struct bandwidth *bandwidth, struct err *e)
{
	struct network_port *p = calloc(1, sizeof(*p));

	if (!p) {
		err_sys(e, ENOMEM, "cannot create a port");
		return NULL;
	}
	p->uuid = p->owner_uuid = uuid_random();
	p->has_uuid = p->has_owner_uuid = p->has_mac = true;
	p->mac = w->mac ? *w->mac : mac_random();
	p->owner_name = strdup(w->owner && *w->owner ? w->owner : "netctl");
	p->group = w->group ? strdup(w->group) : NULL;
	p->device = w->guest_interface ? PORT_DEVICE_VETH : PORT_DEVICE_TAP;
	p->device_name = w->interface ? strdup(w->interface) : NULL;
	p->isolated = w->flags & RPC_PORT_ADD_ISOLATED ? TRI_YES : TRI_ABSENT;
	p->bandwidth = *bandwidth;
	if (!p->owner_name || (w->group && !p->group) || (w->interface && !p->device_name))
		err_sys(e, ENOMEM, "cannot create a port");
	else if (ports_complete(c, n, p, false, e) == 0)
		return p;
	network_port_free(p);
	return NULL;
}

static void make_device(struct controller *c, const struct net *n, const struct port *port,
			const struct door_port_wish *w, struct adding *a)
{
	struct device_spec spec = {
		.veth = w->guest_interface,
		.mac = port->p->mac,
		.isolated = port->p->isolated == TRI_YES,
		.settings = settings_of(port->p),
		.netns_fd = w->guest_interface ? fcntl(w->netns_fd, F_DUPFD_CLOEXEC, 0) : -1,
		.tap = { .vnet_hdr = w->flags & RPC_TAP_VNET_HDR,
			 .multi_queue = w->flags & RPC_TAP_MULTI_QUEUE,
			 .has_owner = w->uid != UINT32_MAX,
			 .has_group = w->gid != UINT32_MAX,
			 .owner = w->uid,
			 .group = w->gid },
	};
	struct err e = { 0 };

	copy_text(spec.name, sizeof(spec.name), w->interface ? w->interface : "");
	copy_text(spec.guest_name, sizeof(spec.guest_name),
		  w->guest_interface ? w->guest_interface : "");
	if (port->p->plug.type == PLUG_DIRECT) {
		copy_text(spec.macvtap.lower_name, sizeof(spec.macvtap.lower_name),
			  port->p->plug.dev);
		spec.macvtap.mode = port->p->plug.mode;
	}
	if (spec.veth && spec.netns_fd < 0) {
		err_sys(&e, errno, "cannot keep the guest's namespace");
		device_made(a, NULL, &e);
		return;
	}
	devices_make(c, n, &spec, device_made, a);
}

void port_device_add(struct controller *c, struct net *n, struct door_call *call,
		     const struct door_port_wish *w, const struct bandwidth *bandwidth)
{
	struct network_port *p = NULL;
	struct port *port = NULL;
	struct err e = { 0 };
	struct adding *a = calloc(1, sizeof(*a));

	if (!a)
		err_sys(&e, ENOMEM, "cannot create a port");
	else if (check_wish(c, n, w, door_call_peer(call), &e) == 0 &&
		 (p = port_of(c, n, w, bandwidth, &e)))
		port = ports_insert(c, n, p, &e);
	if (!port) {
		free(a);
		door_fail(call, &e);
		return;
	}
	port->hidden = true;
	*a = (struct adding){ .c = c, .call = call, .net = n->uuid, .port = p->uuid };
	/* Written before it is there: should we die while it is made, the next of us finds it. */
	if (ports_save(c, n, p, &e) < 0)
		device_made(a, NULL, &e);
	else
		make_device(c, n, port, w, a);
}

/* ---- away with one ---- */

struct removing {
	struct controller *c;
	struct door_call *call;
	struct uuid port;
	struct hook_call *scripts;
};

static void removed_hook_ended(void *data, const struct err *e)
{
	if (e->code)
		log_warning("%s", e->msg);
	door_reply_void(data);
}

static void device_removed(void *data, const struct err *e)
{
	struct removing *r = data;
	struct port *port = ports_known(r->c, &r->port); /* it goes with its device's event, too */

	if (port && e->code) {
		port->hidden = false;
	} else if (port) {
		ports_remove_file(r->c, port);
		ports_drop(r->c, port);
	}
	if (e->code) {
		hooks_drop(r->scripts);
		door_fail(r->call, e);
	} else {
		hooks_go(r->scripts, removed_hook_ended, r->call);
	}
	free(r);
}

static void remove_with_device(struct controller *c, const struct net *n, struct port *port,
			       struct door_call *call)
{
	struct removing *r = calloc(1, sizeof(*r));
	struct err e = { 0 };

	if (!r) {
		door_failf(call, ERR_NO_MEMORY, "%s", "");
		return;
	}
	*r = (struct removing){ .c = c, .call = call, .port = port->p->uuid };
	if (n->live &&
	    hooks_prepare_port(c, n->live, port->p, HOOK_PORT_DELETED, &r->scripts, &e) < 0)
		log_warning("%s", e.msg);
	port->hidden = true;
	devices_remove(c, port->ifindex, port->p->device_name, device_removed, r);
}

bool port_device_delete(struct controller *c, struct net *n, const struct uuid *u,
			struct door_call *call)
{
	struct port *port = ports_find(c, n, u);

	if (!port || !port->ifindex)
		return false;
	remove_with_device(c, n, port, call);
	return true;
}

/* By the port's uuid or by its interface. */
static struct port *find_device(const struct controller *c, const struct net *n, const char *which)
{
	struct port *port;
	struct uuid u;

	if (strlen(which) == UUID_TEXT_MAX - 1 && uuid_parse(which, &u) == 0)
		return ports_find(c, n, &u);
	ports_foreach(port, c)
	{
		if (!port->hidden && uuid_equal(&port->net, &n->uuid) && port->ifindex &&
		    strcmp(port->p->device_name, which) == 0)
			return port;
	}
	return NULL;
}

static void link_removed(void *data, const struct err *e)
{
	struct door_call *call = data;

	if (e->code)
		door_fail(call, e);
	else
		door_reply_void(call);
}

/* A link that is no port's device. What somebody else made is only taken out. */
static void remove_link(struct controller *c, const struct net *n, const char *interface,
			struct door_call *call)
{
	const struct mirror_link *l = mirror_by_name(c->mirror, interface);
	char alias[LINK_ALIAS_MAX];

	if (!l || l->master != (uint32_t)n->ifindex || !n->ifindex) {
		door_failf(call, ERR_INVALID_ARG, "'%.64s' is no port of network '%s'", interface,
			   n->name);
		return;
	}
	link_alias_port(&n->uuid, alias);
	if (strcmp(l->row.alias, alias) == 0)
		devices_remove(c, l->ifindex, interface, link_removed, call);
	else
		devices_detach(c, l->ifindex, interface, link_removed, call);
}

void port_device_remove(struct controller *c, struct net *n, struct door_call *call,
			const char *which)
{
	struct port *port = find_device(c, n, which);
	struct err e = { 0 };

	if (port && port->ifindex)
		return remove_with_device(c, n, port, call);
	if (!port)
		return remove_link(c, n, which, call);
	struct uuid u = port->p->uuid;
	struct hook_call *scripts = NULL;
	if (n->live && hooks_prepare_port(c, n->live, port->p, HOOK_PORT_DELETED, &scripts, &e) < 0)
		log_warning("%s", e.msg);
	if (ports_delete(c, n, &u, &e) < 0) {
		hooks_drop(scripts);
		door_fail(call, &e);
		return;
	}
	hooks_go(scripts, removed_hook_ended, call);
}
