/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door's questions, put to the registry and the life cycle. No decision is taken here but the
 * translation of who is meant and of what came out. */
#include "netd/controller/backend-internal.h"

#include "base/log.h"
#include "netd/controller/lifecycle.h"
#include "netd/controller/ports.h"
#include "netd/controller/status.h"
#include "netd/kernel/guests.h"
#include "netd/kernel/own-rules.h"
#include "netd/kernel/reconcile.h"
#include "netd/kernel/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct net *backend_net(struct controller *c, struct door_call *call, const struct rpc_net *ref)
{
	struct net *n = registry_find_uuid(&c->registry, &ref->uuid);

	if (n && net_is_shown(n))
		return n;
	door_fail_no_network(call, ref);
	return NULL;
}

/* ---- facts ---- */

static bool describe(const struct net *n, struct door_network *ret)
{
	const struct network *def = net_definition(n);

	if (!net_is_shown(n))
		return false;
	*ret = (struct door_network){ .name = n->name,
				      .uuid = n->uuid,
				      .active = net_is_active(n),
				      .persistent = n->config || n->broken,
				      .autostart = n->autostart,
				      .bridge = def ? def->bridge : NULL,
				      .title = def ? def->title : NULL };
	return true;
}

static void each(void *data, bool (*visit)(void *ctx, const struct door_network *n), void *ctx)
{
	struct controller *c = data;
	struct door_network row;
	struct net *n;

	registry_foreach(n, &c->registry) if (describe(n, &row) && !visit(ctx, &row)) return;
}

static bool find(void *data, const char *name, const struct uuid *uuid, struct door_network *ret)
{
	struct controller *c = data;
	struct net *n =
	    name ? registry_find_name(&c->registry, name) : registry_find_uuid(&c->registry, uuid);

	return n && describe(n, ret);
}

/* ---- definitions ---- */

static void replied_net(void *data, const struct net *n, const struct err *e)
{
	struct door_call *call = data;

	if (e->code)
		door_fail(call, e);
	else
		door_reply_net(call, n->name, &n->uuid);
}

void backend_replied_void(void *data, const struct net *n, const struct err *e)
{
	struct door_call *call = data;

	if (e->code)
		door_fail(call, e);
	else
		door_reply_void(call);
}

/* Doubts go to the log; they don't stop the client. */
struct network *backend_parse(struct door_call *call, const char *xml, size_t n, unsigned flags)
{
	struct network_warnings warnings = { 0 };
	struct network *def = NULL;
	struct err e = { 0 };
	int r = network_parse(xml, n, flags, &def, &warnings, &e);

	for (size_t i = 0; i < warnings.n; i++)
		log_warning("definition from %s: %s", door_call_who(call), warnings.line[i]);
	network_warnings_done(&warnings);
	if (r == 0)
		return def;
	door_fail(call, &e);
	return NULL;
}

struct wish {
	struct controller *c;
	struct network *def;
	void (*go)(struct controller *c, struct network *def, lifecycle_done_fn *done, void *data);
};

static void permitted(void *data, struct door_call *call, bool yes)
{
	struct wish *w = data;

	if (yes)
		w->go(w->c, w->def, replied_net, call);
	else
		network_free(w->def);
	free(w);
}

/* Whether the client may is known only now that the document has told the name. */
static void permit(struct controller *c, struct door_call *call, struct network *def,
		   void (*go)(struct controller *c, struct network *def, lifecycle_done_fn *done,
			      void *data))
{
	struct wish *w = calloc(1, sizeof(*w));

	if (!w) {
		network_free(def);
		door_failf(call, ERR_NO_MEMORY, "%s", "");
		return;
	}
	*w = (struct wish){ c, def, go };
	door_call_permit(call, def->name, def->has_uuid ? &def->uuid : NULL, permitted, w);
}

static void define_xml(void *data, struct door_call *call, const char *xml, size_t n, bool validate)
{
	struct network *def = backend_parse(call, xml, n, validate ? NETWORK_PARSE_VALIDATE : 0);

	if (def)
		permit(data, call, def, lifecycle_define);
}

static void create_xml(void *data, struct door_call *call, const char *xml, size_t n, bool validate)
{
	struct network *def = backend_parse(call, xml, n, validate ? NETWORK_PARSE_VALIDATE : 0);

	if (def)
		permit(data, call, def, lifecycle_create);
}

static char *format_running(struct controller *c, const struct net *n)
{
	size_t n_interfaces = n->live->forward.n_interfaces;
	auto_free unsigned *users = calloc(n_interfaces ? n_interfaces : 1, sizeof(*users));

	if (!users)
		return NULL;
	unsigned connections = (unsigned)ports_count(c, n, users);
	return network_format_live(n->live, &(struct network_use){ connections, users });
}

static void get_xml(void *data, struct door_call *call, const struct rpc_net *ref, bool inactive)
{
	struct net *n = backend_net(data, call, ref);

	if (!n)
		return;
	const struct network *def = inactive && n->config ? n->config : net_definition(n);
	if (!def) {
		door_failf(call, ERR_INTERNAL, "network '%s' is broken: %s", n->name, n->broken);
		return;
	}
	bool live = def == n->live && !inactive;
	auto_free char *xml = live ? format_running(data, n) : network_format(def, 0, 0);
	if (xml)
		door_reply_text(call, xml);
	else
		door_failf(call, ERR_NO_MEMORY, "%s", "");
}

/* ---- life cycle ---- */

static void start(void *data, struct door_call *call, const struct rpc_net *ref)
{
	struct net *n = backend_net(data, call, ref);

	if (n)
		lifecycle_start(data, n, backend_replied_void, call);
}

static void destroy(void *data, struct door_call *call, const struct rpc_net *ref)
{
	struct net *n = backend_net(data, call, ref);

	if (n)
		lifecycle_destroy(data, n, backend_replied_void, call);
}

static void undefine(void *data, struct door_call *call, const struct rpc_net *ref)
{
	struct net *n = backend_net(data, call, ref);

	if (n)
		lifecycle_undefine(data, n, backend_replied_void, call);
}

static void set_autostart(void *data, struct door_call *call, const struct rpc_net *ref, bool on)
{
	struct net *n = backend_net(data, call, ref);

	if (n)
		lifecycle_set_autostart(data, n, on, backend_replied_void, call);
}

/* ---- netd's own ---- */

static void status(void *data, struct door_call *call)
{
	auto_free char *json = status_json(data);

	if (json)
		door_reply_text(call, json);
	else
		door_failf(call, ERR_NO_MEMORY, "%s", "");
}

static void plan(void *data, struct door_call *call, const struct rpc_net *ref, uint32_t what)
{
	struct controller *c = data;
	struct net *n = backend_net(c, call, ref);
	const struct network *def = n ? net_definition(n) : NULL;

	if (!n)
		return;
	auto_free char *text = def ? reconcile_plan_text(c->reconcile, def) : NULL;
	if (text)
		door_reply_text(call, text);
	else
		door_failf(call, ERR_INTERNAL, "network '%s' cannot be planned", n->name);
}

static void rules(void *data, struct door_call *call, const struct rpc_net *ref)
{
	struct net *n = backend_net(data, call, ref);

	if (n)
		rules_reply(data, n, call);
}

static void own_rules(void *data, struct door_call *call, const struct rpc_net *ref)
{
	struct controller *c = data;
	struct net *n = backend_net(c, call, ref);

	if (n)
		own_rules_get(c->own_rules, n, call);
}

static void own_rules_change(void *data, struct door_call *call, const struct rpc_net *ref,
			     const char *text)
{
	struct controller *c = data;
	struct net *n = backend_net(c, call, ref);

	if (n)
		own_rules_set(c->own_rules, n, text, call);
}

static void guest_attach(void *data, struct door_call *call, const struct rpc_net *ref,
			 const char *interface, const struct mac *mac, int netns_fd)
{
	struct net *n = backend_net(data, call, ref);

	if (n)
		guests_attach(data, n, call, interface, mac, netns_fd);
}

void backend_init(struct door_backend *b, struct controller *c)
{
	*b = (struct door_backend){
		.data = c,
		.each = each,
		.find = find,
		.define_xml = define_xml,
		.create_xml = create_xml,
		.start = start,
		.destroy = destroy,
		.undefine = undefine,
		.set_autostart = set_autostart,
		.get_xml = get_xml,
		.leases = backend_leases,
		.update = backend_update,
		.set_metadata = backend_set_metadata,
		.get_metadata = backend_get_metadata,
		.port_list = backend_port_list,
		.port_lookup = backend_port_lookup,
		.port_create = backend_port_create,
		.port_get_xml = backend_port_get_xml,
		.port_delete = backend_port_delete,
		.port_get_params = backend_port_get_params,
		.port_set_params = backend_port_set_params,
		.status = status,
		.plan = plan,
		.rules = rules,
		.own_rules = own_rules,
		.own_rules_set = own_rules_change,
		.history = backend_history,
		.history_get = backend_history_get,
		.apply = backend_apply,
		.applied = backend_applied,
		.guest_attach = guest_attach,
		.lease_list = backend_lease_list,
		.lease_release = backend_lease_release,
		.lease_pin = backend_lease_pin,
		.lease_history = backend_lease_history,
		.dns_lookup = backend_dns_lookup,
		.dns_cache = backend_dns_cache,
		.dns_flush = backend_dns_flush,
		.dns_stats = backend_dns_stats,
		.dns_log = backend_dns_log,
		.port_add = backend_port_add,
		.ports = backend_ports,
		.port_remove = backend_port_remove,
	};
}
