/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door's calls about ports: what libvirt's QEMU driver says when a guest comes, changes and
 * goes. */
#include "netd/controller/backend-internal.h"

#include "base/file.h"
#include "base/log.h"
#include "netd/controller/hooks.h"
#include "netd/controller/ports-device.h"
#include "netd/controller/ports.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct uuids {
	struct uuid *uuid;
	size_t n, cap;
	bool failed;
};

static void add_uuid(void *data, const struct network_port *p)
{
	struct uuids *list = data;

	if (GROW(list->uuid, list->cap, list->n + 1) < 0)
		list->failed = true;
	else
		list->uuid[list->n++] = p->uuid;
}

void backend_port_list(void *data, struct door_call *call, const struct rpc_net *ref)
{
	struct net *n = backend_net(data, call, ref);
	struct uuids list = { 0 };

	if (!n)
		return;
	if (!net_is_active(n)) {
		door_failf(call, ERR_OPERATION_INVALID, "network '%s' is not active", n->name);
		return;
	}
	ports_visit(data, n, add_uuid, &list);
	if (list.failed)
		door_failf(call, ERR_NO_MEMORY, "%s", "");
	else
		door_reply_ports(call, ref, list.uuid, list.n);
	free(list.uuid);
}

/* The port that is meant, or NULL: the call has been failed then. */
static struct network_port *the_port(struct controller *c, struct door_call *call,
				     const struct rpc_net *ref, const struct uuid *u,
				     struct net **ret_net)
{
	struct network_port *p = NULL;
	struct err e = { 0 };
	struct net *n = backend_net(c, call, ref);

	if (!n)
		return NULL;
	if (ports_get(c, n, u, &p, &e) < 0) {
		door_fail(call, &e);
		return NULL;
	}
	*ret_net = n;
	return p;
}

static void reply_port(struct door_call *call, const struct net *n, const struct uuid *u)
{
	struct rpc_port port = { .uuid = *u, .net.uuid = n->uuid };

	copy_text(port.net.name, sizeof(port.net.name), n->name);
	door_reply_port(call, &port);
}

void backend_port_lookup(void *data, struct door_call *call, const struct rpc_net *ref,
			 const struct uuid *u)
{
	struct net *n;

	if (the_port(data, call, ref, u, &n))
		reply_port(call, n, u);
}

static struct network_port *parse(struct door_call *call, const char *xml, size_t n, uint32_t flags)
{
	struct network_warnings warnings = { 0 };
	struct network_port *p = NULL;
	struct err e = { 0 };
	unsigned how = flags & RPC_PORT_VALIDATE ? NETWORK_PARSE_VALIDATE : 0;
	int r = network_port_parse(xml, n, how, &p, &warnings, &e);

	for (size_t i = 0; i < warnings.n; i++)
		log_warning("port from %s: %s", door_call_who(call), warnings.line[i]);
	network_warnings_done(&warnings);
	if (r < 0)
		door_fail(call, &e);
	return r < 0 ? NULL : p;
}

/* libvirt's drivers of virtual machines and containers set a <bandwidth> on the guest's link by
 * themselves, and fail when something is set there already; others expect that netd does it. */
static bool is_libvirt_driver(const struct door_peer *peer)
{
	static const char *const names[] = { "libvirtd", "virtqemud", "virtlxcd", "virtchd",
					     "virtxend" };
	char path[64], name[32] = "";

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)peer->pid);
	if (file_read_proc(path, name, sizeof(name)) < 0)
		return false;
	name[strcspn(name, "\n")] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* A call that waits for scripts. */
struct hooked {
	struct controller *c;
	struct door_call *call;
	struct uuid net, port;
};

static struct hooked *hooked_new(struct controller *c, struct door_call *call, const struct net *n,
				 const struct uuid *port)
{
	struct hooked *h = calloc(1, sizeof(*h));

	if (h)
		*h = (struct hooked){ c, call, n->uuid, *port };
	else
		door_failf(call, ERR_NO_MEMORY, "%s", "");
	return h;
}

static void port_created_hook_ended(void *data, const struct err *e)
{
	struct hooked *h = data;
	struct net *n = registry_find_uuid(&h->c->registry, &h->net);
	struct network_port *p = NULL;
	struct err gone = { 0 };

	if (!n || ports_get(h->c, n, &h->port, &p, &gone) < 0) {
		door_failf(h->call, ERR_OPERATION_INVALID, "the port was removed meanwhile");
	} else if (e->code) {
		if (ports_delete(h->c, n, &h->port, &gone) < 0)
			log_warning("%s", gone.msg);
		door_fail(h->call, e);
	} else {
		reply_port(h->call, n, &h->port);
	}
	free(h);
}

/* The port is there: let the scripts have their say. */
static void call_created_hook(struct controller *c, struct door_call *call, struct net *n,
			      const struct uuid *u)
{
	struct hooked *h = hooked_new(c, call, n, u);
	struct hook_call *scripts = NULL;
	struct network_port *p = NULL;
	struct err e = { 0 };

	if (!h)
		return;
	if (ports_get(c, n, u, &p, &e) < 0 ||
	    hooks_prepare_port(c, n->live, p, HOOK_PORT_CREATED, &scripts, &e) < 0)
		port_created_hook_ended(h, &e);
	else
		hooks_go(scripts, port_created_hook_ended, h);
}

void backend_port_create(void *data, struct door_call *call, const struct rpc_net *ref,
			 const char *xml, size_t len, uint32_t flags)
{
	struct net *n = backend_net(data, call, ref);
	struct network_port *p = n ? parse(call, xml, len, flags) : NULL;
	struct err e = { 0 };

	if (!p)
		return;
	struct uuid u = p->uuid;
	unsigned how = (flags & RPC_PORT_RECLAIM ? PORT_RECLAIM : 0) |
		       (is_libvirt_driver(door_call_peer(call)) ? PORT_SHAPED_BY_OWNER : 0);
	if (ports_create(data, n, p, how, &e) < 0)
		door_fail(call, &e);
	else
		call_created_hook(data, call, n, &u);
}

void backend_port_get_xml(void *data, struct door_call *call, const struct rpc_port *ref)
{
	struct net *n;
	struct network_port *p = the_port(data, call, &ref->net, &ref->uuid, &n);
	auto_free char *xml = p ? network_port_format(p) : NULL;

	if (xml)
		door_reply_text(call, xml);
	else if (p)
		door_failf(call, ERR_NO_MEMORY, "%s", "");
}

static void port_deleted_hook_ended(void *data, const struct err *e)
{
	if (e->code)
		log_warning("%s", e->msg);
	door_reply_void(data);
}

void backend_port_delete(void *data, struct door_call *call, const struct rpc_port *ref)
{
	struct net *n;
	struct hook_call *scripts = NULL;
	struct err e = { 0 };
	struct network_port *p = the_port(data, call, &ref->net, &ref->uuid, &n);

	if (!p || port_device_delete(data, n, &ref->uuid, call))
		return;
	if (n->live && hooks_prepare_port(data, n->live, p, HOOK_PORT_DELETED, &scripts, &e) < 0)
		log_warning("%s", e.msg);
	if (ports_delete(data, n, &ref->uuid, &e) < 0) {
		hooks_drop(scripts);
		door_fail(call, &e);
		return;
	}
	hooks_go(scripts, port_deleted_hook_ended, call);
}

/* ---- parameters ---- */

static const struct {
	const char *field;
	size_t at;
} params[] = {
	{ "inbound.average", offsetof(struct bandwidth, inbound.average) },
	{ "inbound.peak", offsetof(struct bandwidth, inbound.peak) },
	{ "inbound.floor", offsetof(struct bandwidth, inbound.floor) },
	{ "inbound.burst", offsetof(struct bandwidth, inbound.burst) },
	{ "outbound.average", offsetof(struct bandwidth, outbound.average) },
	{ "outbound.peak", offsetof(struct bandwidth, outbound.peak) },
	{ "outbound.burst", offsetof(struct bandwidth, outbound.burst) },
};

static uint64_t *param_of(struct bandwidth *b, size_t i)
{
	return (uint64_t *)(void *)((char *)b + params[i].at);
}

void backend_port_get_params(void *data, struct door_call *call, const struct rpc_port *ref)
{
	struct net *n;
	struct network_port *p = the_port(data, call, &ref->net, &ref->uuid, &n);
	struct rpc_param list[ARRAY_LEN(params)] = { 0 };

	if (!p)
		return;
	for (size_t i = 0; i < ARRAY_LEN(params); i++) {
		copy_text(list[i].field, sizeof(list[i].field), params[i].field);
		list[i].type = RPC_PARAM_UINT;
		list[i].number = *param_of(&p->bandwidth, i);
	}
	door_reply_params(call, list, ARRAY_LEN(list));
}

/* Put one parameter into place; false: there is no such. */
static bool set_param(struct bandwidth *b, const struct rpc_param *param)
{
	for (size_t i = 0; i < ARRAY_LEN(params); i++) {
		if (strcmp(params[i].field, param->field) != 0 || param->type != RPC_PARAM_UINT)
			continue;
		*param_of(b, i) = param->number;
		return true;
	}
	return false;
}

/* False: the call has been failed. */
static bool set_params(struct bandwidth *b, const struct rpc_param *list, size_t count,
		       struct door_call *call)
{
	for (size_t i = 0; i < count; i++) {
		if (!set_param(b, &list[i])) {
			door_failf(call, ERR_INVALID_ARG,
				   "parameter '%s' is not one of a port, or not an unsigned number",
				   list[i].field);
			return false;
		}
	}
	b->inbound.given = b->inbound.average || b->inbound.floor;
	b->outbound.given = b->outbound.average;
	b->given = b->inbound.given || b->outbound.given;
	return true;
}

void backend_port_set_params(void *data, struct door_call *call, const struct rpc_port *ref,
			     const struct rpc_param *list, size_t count)
{
	struct net *n;
	struct err e = { 0 };
	struct network_port *p = the_port(data, call, &ref->net, &ref->uuid, &n);

	if (!p)
		return;
	struct bandwidth now = p->bandwidth;
	if (!set_params(&now, list, count, call))
		return;
	if (ports_set_bandwidth(data, n, p, &now, &e) < 0) {
		door_fail(call, &e);
		return;
	}
	door_reply_void(call);
}

/* ---- ports with their interfaces ---- */

void backend_port_add(void *data, struct door_call *call, const struct rpc_net *ref,
		      const struct door_port_wish *wish)
{
	struct net *n = backend_net(data, call, ref);
	struct bandwidth bandwidth = { 0 };

	if (n && set_params(&bandwidth, wish->params, wish->n_params, call))
		port_device_add(data, n, call, wish, &bandwidth);
}

void backend_ports(void *data, struct door_call *call, const struct rpc_net *ref)
{
	struct net *n = backend_net(data, call, ref);
	auto_free char *json = n ? ports_list_json(data, n) : NULL;

	if (json)
		door_reply_text(call, json);
	else if (n)
		door_failf(call, ERR_NO_MEMORY, "%s", "");
}

void backend_port_remove(void *data, struct door_call *call, const struct rpc_net *ref,
			 const char *which)
{
	struct net *n = backend_net(data, call, ref);

	if (n)
		port_device_remove(data, n, call, which);
}
