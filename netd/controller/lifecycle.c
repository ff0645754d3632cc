/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lifecycle.c — networks come and go: defined, started, stopped, undefined. Each request is an op
 * in its network's queue (lifecycle-op.c). Ops on different networks run side by side; what must
 * hold among networks (names, bridges, subnets) is decided within one call from the loop. */
#include "netd/controller/lifecycle-internal.h"

#include "base/log.h"
#include "netd/controller/conditions.h"
#include "netd/controller/definitions.h"
#include "netd/controller/hooks.h"
#include "netd/controller/ports-device.h"
#include "netd/controller/ports.h"
#include "netd/door/door.h"
#include "netd/kernel/blocked.h"
#include "netd/kernel/conflicts.h"
#include "netd/kernel/pool.h"
#include "netd/kernel/reconcile.h"
#include "netd/kernel/subnets.h"
#include "netd/kernel/zones.h"
#include "netd/lease/leases.h"
#include "netd/service/services.h"
#include "network/dnsmasq.h"

#include <errno.h>
#include <string.h>

/* ---- define ---- */

bool op_link_exists(void *data, const char *name)
{
	return mirror_by_name(data, name) != NULL;
}

/* Everything a definition needs before it is written: identity, MAC, bridge name. */
static int complete_definition(struct op *op)
{
	struct net *n = op->net;
	struct network *def = op->def;

	if (net_is_shown(n) && (!def->has_uuid || !uuid_equal(&def->uuid, &n->uuid))) {
		char text[UUID_TEXT_MAX];
		return err_set(&op->err, ERR_OPERATION_FAILED,
			       "network '%s' already exists with uuid %s", n->name,
			       uuid_format(&n->uuid, text));
	}
	def->uuid = n->uuid;
	def->has_uuid = true;
	/* A redefinition without <mac> keeps the bridge's, so that no guest has to learn a new
	 * gateway. */
	if (!def->has_mac && n->config && n->config->has_mac && network_owns_bridge(def)) {
		def->mac = n->config->mac;
		def->has_mac = true;
	}
	network_complete(def);
	reconcile_read_mirror(op->c->reconcile);
	if (subnets_choose(op->c->mirror, &op->c->registry, n, NULL, def, &op->err) < 0)
		return -op->err.code;
	return registry_choose_bridge(&op->c->registry, n, def, op_link_exists, op->c->mirror,
				      &op->err);
}

static void define_written(void *data, const struct err *e)
{
	struct op *op = data;
	struct net *n = op->net;

	op_take_error(op, e);
	if (!op->err.code) {
		registry_set_config(&op->c->registry, n, take_ptr(op->def));
		free(n->broken);
		n->broken = NULL;
		n->embryo = false;
		door_emit_lifecycle(op->c->door, n->name, &n->uuid, RPC_LIFECYCLE_DEFINED);
	} else if (n->embryo) {
		registry_set_config(&op->c->registry, n, NULL);
		n->embryo = false; /* what waits in the queue may be a create */
	}
	op_finish(op);
}

static void begin_define(struct op *op)
{
	struct net *n = op->net;

	if (complete_definition(op) < 0)
		return op_finish(op);
	auto_free char *xml = network_format(op->def, 0, 0);
	if (!xml) {
		err_sys(&op->err, ENOMEM, "cannot define network '%s'", n->name);
		return op_finish(op);
	}
	/* The names are taken from now on, also while the disk works. */
	if (!net_is_shown(n)) {
		n->embryo = true;
		registry_set_config(&op->c->registry, n, network_share(op->def));
	}
	definitions_save(op->c, n->name, xml, define_written, op);
}

/* The network that `def` is about: a known one, or a new entry. NULL: `done` has been told why not.
 */
static struct net *find_or_add(struct controller *c, struct network *def, lifecycle_done_fn *done,
			       void *data)
{
	struct net *n = NULL;
	struct err e = { 0 };

	if (registry_check_identity(&c->registry, def, &n, &e) == 0 && !n) {
		struct uuid u = def->has_uuid ? def->uuid : uuid_random();
		n = registry_add(&c->registry, def->name, &u);
		if (!n)
			err_sys(&e, ENOMEM, "cannot define network '%s'", def->name);
	}
	if (!n || e.code) {
		network_free(def);
		done(data, NULL, &e);
		return NULL;
	}
	return n;
}

/* A network that is known by its name only, because its file can't be read, is whatever a
 * definition of that name says it is: the UUID it is listed with was made up. */
static void take_up_broken(struct controller *c, struct network *def)
{
	struct net *n = registry_find_name(&c->registry, def->name);

	if (!n || !n->broken || n->config || n->live || !list_is_empty(&n->ops))
		return;
	if (!def->has_uuid) {
		def->uuid = n->uuid;
		def->has_uuid = true;
	} else if (!registry_find_uuid(&c->registry, &def->uuid)) {
		char *why = take_ptr(n->broken);
		bool autostart = n->autostart;
		registry_remove(&c->registry, n);
		n = registry_add(&c->registry, def->name, &def->uuid);
		if (n) {
			n->broken = why;
			n->autostart = autostart;
		} else {
			free(why);
		}
	}
}

void lifecycle_define(struct controller *c, struct network *def, lifecycle_done_fn *done,
		      void *data)
{
	take_up_broken(c, def);
	struct net *n = find_or_add(c, def, done, data);

	if (n)
		op_push(c, n, begin_define, def, done, data, false);
}

/* ---- stop: also the way out of a failed start ---- */

static void stopped_hook_ended(void *data, const struct err *e)
{
	struct op *op = data;

	if (e->code)
		log_warning("network '%s': %s", op->net->name, e->msg);
	registry_set_live(&op->c->registry, op->net, NULL);
	op_finish(op);
}

static void stop_written(void *data, const struct err *e)
{
	struct op *op = data;
	struct net *n = op->net;
	bool was_active = n->state == NET_STOPPING || n->taking_up;

	op_take_error(op, e);
	n->state = NET_INACTIVE;
	n->taking_up = false;
	conflicts_look_soon(op->c->conflicts);
	conditions_forget(op->c->conditions, n);
	ports_forget(op->c, n);
	zones_leave(op->c->zones, n, n->live ? n->live->bridge : NULL);
	if (was_active) {
		log_info("network '%s' stopped", n->name);
		blocked_look_soon(op->c->blocked);
		door_emit_lifecycle(op->c->door, n->name, &n->uuid, RPC_LIFECYCLE_STOPPED);
		if (!n->config)
			leases_forget(op->c->leases, n);
	}
	hooks_run(op->c, n->live, HOOK_STOPPED, stopped_hook_ended, op);
}

/* Take the network out of the kernel; op->err may already tell why. */
static void stop_network(struct op *op)
{
	struct net *n = op->net;

	services_stop(op->c->services, n);
	reconcile_network(op->c->reconcile, n, stop_written, op);
}

static void begin_destroy(struct op *op)
{
	struct net *n = op->net;

	if (!op_needs_network(op))
		return;
	if (n->state != NET_ACTIVE) {
		err_set(&op->err, ERR_OPERATION_INVALID, "network '%s' is not active", n->name);
		return op_finish(op);
	}
	n->state = NET_STOPPING;
	stop_network(op);
}

void lifecycle_destroy(struct controller *c, struct net *n, lifecycle_done_fn *done, void *data)
{
	op_push(c, n, begin_destroy, NULL, done, data, false);
}

/* ---- start ---- */

void op_give_up_start(struct op *op)
{
	op->net->state = NET_INACTIVE; /* wanted from here on: nothing */
	stop_network(op);
}

void op_started(struct op *op)
{
	struct net *n = op->net;

	n->state = NET_ACTIVE;
	conflicts_look_soon(op->c->conflicts);
	port_devices_started(op->c, n);
	blocked_look_soon(op->c->blocked);
	log_info("network '%s' %s%s%s", n->name, n->taking_up ? "is taken up" : "started",
		 n->live->bridge ? " on bridge " : "", n->live->bridge ? n->live->bridge : "");
	if (!n->taking_up)
		door_emit_lifecycle(op->c->door, n->name, &n->uuid, RPC_LIFECYCLE_STARTED);
	n->taking_up = false;
	op_finish(op);
}

static void started_hook_ended(void *data, const struct err *e)
{
	struct op *op = data;

	op_take_error(op, e);
	if (op->err.code)
		op_give_up_start(op);
	else
		op_started(op);
}

static void start_written(void *data, const struct err *e)
{
	struct op *op = data;

	op_take_error(op, e);
	if (op->err.code || services_start(op->c->services, op->net, &op->err) < 0)
		op_give_up_start(op);
	else
		hooks_run(op->c, op->net->live, HOOK_STARTED, started_hook_ended, op);
}

/* Before the bridge is there: no packet shall pass it before it is in its zone. */
static void zone_joined(void *data, const struct err *e)
{
	struct op *op = data;
	struct net *n = op->net;

	op_take_error(op, e);
	if (op->err.code) {
		registry_set_live(&op->c->registry, n, NULL);
		op_finish(op);
		return;
	}
	/* firewalld may have taken its time: look now who else has the subnet. */
	reconcile_read_mirror(op->c->reconcile);
	if (subnets_check(op->c->mirror, &op->c->registry, n, n->live, &op->err) < 0) {
		zones_leave(op->c->zones, n, n->live->bridge);
		registry_set_live(&op->c->registry, n, NULL);
		op_finish(op);
		return;
	}
	n->state = NET_STARTING;
	reconcile_network(op->c->reconcile, n, start_written, op);
}

static void start_hook_ended(void *data, const struct err *e)
{
	struct op *op = data;
	struct net *n = op->net;

	op_take_error(op, e);
	/* The script may have taken its time: look now, not before, what is in the way. */
	reconcile_read_mirror(op->c->reconcile);
	if (op->err.code ||
	    subnets_check(op->c->mirror, &op->c->registry, n, n->live, &op->err) < 0 ||
	    pool_check(op->c->mirror, n->live, &op->err) < 0 || services_check(n, &op->err) < 0) {
		registry_set_live(&op->c->registry, n, NULL);
		op_finish(op);
		return;
	}
	subnets_warn(op->c->mirror, n, n->live);
	zones_join(op->c->zones, n, zone_joined, op);
}

/* Run by `def`, which is taken over. */
static void start_network(struct op *op, struct network *def)
{
	registry_set_live(&op->c->registry, op->net, def);
	hooks_run(op->c, def, HOOK_START, start_hook_ended, op);
}

/* A line that dnsmasq wouldn't start with, where libvirt would start one. */
static bool has_unknown_dnsmasq_option(struct op *op, const struct network *def)
{
	const struct dnsmasq_option *o =
	    network_owns_bridge(def) && def->n_ips ? dnsmasq_unknown_option(def) : NULL;

	if (o)
		err_set(&op->err, ERR_INTERNAL,
			"cannot start network '%s': line %u: dnsmasq has no option '%.*s' "
			"(<dnsmasq:option value='%.200s'/>); remove it",
			def->name, o->line, (int)strcspn(o->value, "="), o->value, o->value);
	return o != NULL;
}

static void refuse_broken(struct op *op)
{
	err_set(&op->err, ERR_INTERNAL, "network '%s' is broken: %s", op->net->name,
		op->net->broken ? op->net->broken : "?");
	op_finish(op);
}

static void begin_start(struct op *op)
{
	struct net *n = op->net;

	if (!op_needs_network(op))
		return;
	if (n->state != NET_INACTIVE)
		return op_refuse(op, "network is already active");
	if (!n->config)
		return refuse_broken(op);
	if (has_unknown_dnsmasq_option(op, n->config))
		return op_finish(op);
	start_network(op, network_share(n->config));
}

void lifecycle_start(struct controller *c, struct net *n, lifecycle_done_fn *done, void *data)
{
	op_push(c, n, begin_start, NULL, done, data, false);
}

static void begin_create(struct op *op)
{
	struct net *n = op->net;

	if (n->state != NET_INACTIVE) {
		err_set(&op->err, ERR_OPERATION_INVALID, "network is already active as '%s'",
			n->name);
		return op_finish(op);
	}
	if (complete_definition(op) < 0 || has_unknown_dnsmasq_option(op, op->def))
		return op_finish(op);
	start_network(op, take_ptr(op->def));
}

void lifecycle_create(struct controller *c, struct network *def, lifecycle_done_fn *done,
		      void *data)
{
	struct net *n = find_or_add(c, def, done, data);

	if (n)
		op_push(c, n, begin_create, def, done, data, false);
}

/* ---- undefine ---- */

static void undefine_written(void *data, const struct err *e)
{
	struct op *op = data;
	struct net *n = op->net;

	op_take_error(op, e);
	if (!op->err.code) {
		if (!n->live)
			leases_forget(op->c->leases, n);
		registry_set_config(&op->c->registry, n, NULL);
		free(n->broken);
		n->broken = NULL;
		free(n->source);
		n->source = NULL;
		n->autostart = false;
		door_emit_lifecycle(op->c->door, n->name, &n->uuid, RPC_LIFECYCLE_UNDEFINED);
	}
	op_finish(op);
}

static void begin_undefine(struct op *op)
{
	struct net *n = op->net;

	if (!op_needs_network(op))
		return;
	if (!n->config && !n->broken)
		return op_refuse(op, "can't undefine transient network");
	definitions_remove(op->c, n->name, undefine_written, op);
}

void lifecycle_undefine(struct controller *c, struct net *n, lifecycle_done_fn *done, void *data)
{
	op_push(c, n, begin_undefine, NULL, done, data, false);
}

/* ---- autostart ---- */

static void autostart_written(void *data, const struct err *e)
{
	struct op *op = data;

	op_take_error(op, e);
	if (!op->err.code)
		op->net->autostart = op->on;
	op_finish(op);
}

static void begin_autostart(struct op *op)
{
	struct net *n = op->net;

	if (!op_needs_network(op))
		return;
	if (n->broken && !n->config)
		return refuse_broken(op);
	if (!n->config)
		return op_refuse(op, "cannot set autostart for transient network");
	if (n->autostart == op->on)
		return op_finish(op);
	definitions_set_autostart(op->c, n->name, op->on, autostart_written, op);
}

void lifecycle_set_autostart(struct controller *c, struct net *n, bool on, lifecycle_done_fn *done,
			     void *data)
{
	op_push(c, n, begin_autostart, NULL, done, data, on);
}
