/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each request is an op in its network's queue; the first one is running. An op begins in
 * begin_*(), which checks the rules and sets the next step going, and ends in op_finish(), whatever
 * happened. Ops on different networks run side by side; what must hold among networks (names,
 * bridges, subnets) is decided within one call from the loop. */
#include "netd/controller/lifecycle-internal.h"

#include "base/log.h"
#include "netd/controller/conditions.h"
#include "netd/controller/definitions.h"
#include "netd/controller/hooks.h"
#include "netd/controller/ports-device.h"
#include "netd/controller/ports.h"
#include "netd/door/door.h"
#include "netd/kernel/attached.h"
#include "netd/kernel/blocked.h"
#include "netd/kernel/conflicts.h"
#include "netd/kernel/pool.h"
#include "netd/kernel/reconcile.h"
#include "netd/kernel/shaping.h"
#include "netd/kernel/subnets.h"
#include "netd/kernel/uplinks.h"
#include "netd/kernel/zones.h"
#include "netd/lease/leases.h"
#include "netd/service/services.h"
#include "network/dnsmasq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void run_next(struct net *n);

static void op_free(struct op *op)
{
	sd_event_source_disable_unref(op->deferred);
	network_free(op->def);
	if (op->free_extra)
		op->free_extra(op);
	free(op);
}

/* A network that nothing is left of: no definition, not running, nothing asked of it. */
static bool is_gone(const struct net *n)
{
	return !n->config && !n->live && !n->broken && list_is_empty(&n->ops);
}

void op_finish(struct op *op)
{
	struct net *n = op->net;
	struct controller *c = op->c;

	list_remove(&op->node);
	op->done(op->data, n, &op->err);
	op_free(op);
	if (is_gone(n)) {
		port_devices_forget(c, n);
		attached_forget_network(c->attached, n);
		uplinks_forget(c->uplinks, n);
		shaping_free(n);
		conditions_forget(c->conditions, n);
		registry_remove(&c->registry, n);
	} else {
		run_next(n);
	}
}

static int begin_deferred(sd_event_source *s, void *data)
{
	struct op *op = data;

	op->begin(op);
	return 0;
}

/* Begin the first op of the queue from the loop, never from inside the caller. */
static void run_next(struct net *n)
{
	struct op *op = list_first(&n->ops, struct op, node);

	if (op && !op->deferred &&
	    sd_event_add_defer(op->c->loop, &op->deferred, begin_deferred, op) < 0)
		op->begin(op); /* out of memory: recursion is the lesser evil */
}

void op_enqueue(struct op *op)
{
	bool idle = list_is_empty(&op->net->ops);

	list_add_tail(&op->net->ops, &op->node);
	if (idle)
		run_next(op->net);
}

/* Queue an op; `def` is taken over. Without memory `done` is told at once. */
static void op_push(struct controller *c, struct net *n, void (*begin)(struct op *),
		    struct network *def, lifecycle_done_fn *done, void *data, bool on)
{
	struct op *op = calloc(1, sizeof(*op));

	if (!op) {
		struct err e = { 0 };
		err_sys(&e, ENOMEM, "cannot change network '%s'", n->name);
		network_free(def);
		done(data, n, &e);
		if (is_gone(n)) /* made for this op alone; its names would be taken for ever */
			registry_remove(&c->registry, n);
		return;
	}
	*op = (struct op){
		.c = c, .net = n, .begin = begin, .def = def, .done = done, .data = data, .on = on
	};
	op_enqueue(op);
}

/* The network may have gone while the op waited in the queue. */
bool op_needs_network(struct op *op)
{
	struct net *n = op->net;
	char text[UUID_TEXT_MAX];

	if (net_is_shown(n))
		return true;
	err_set(&op->err, ERR_NO_NETWORK, "no network with matching uuid '%s' (%s)",
		uuid_format(&n->uuid, text), n->name);
	op_finish(op);
	return false;
}

void op_refuse(struct op *op, const char *why)
{
	err_set(&op->err, ERR_OPERATION_INVALID, "%s", why);
	op_finish(op);
}

void op_take_error(struct op *op, const struct err *e)
{
	if (e->code && !op->err.code)
		op->err = *e;
}

/* ---- define ---- */

static bool link_exists(void *data, const char *name)
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
	return registry_choose_bridge(&op->c->registry, n, def, link_exists, op->c->mirror,
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

void lifecycle_define(struct controller *c, struct network *def, lifecycle_done_fn *done,
		      void *data)
{
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
	bool was_active = n->state == NET_STOPPING;

	op_take_error(op, e);
	n->state = NET_INACTIVE;
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

/* What was made so far goes again; op->err says why. */
static void give_up_start(struct op *op)
{
	op->net->state = NET_INACTIVE; /* wanted from here on: nothing */
	stop_network(op);
}

static void started(struct op *op)
{
	struct net *n = op->net;

	n->state = NET_ACTIVE;
	conflicts_look_soon(op->c->conflicts);
	port_devices_started(op->c, n);
	blocked_look_soon(op->c->blocked);
	log_info("network '%s' started%s%s", n->name, n->live->bridge ? " on bridge " : "",
		 n->live->bridge ? n->live->bridge : "");
	door_emit_lifecycle(op->c->door, n->name, &n->uuid, RPC_LIFECYCLE_STARTED);
	op_finish(op);
}

static void started_hook_ended(void *data, const struct err *e)
{
	struct op *op = data;

	op_take_error(op, e);
	if (op->err.code)
		give_up_start(op);
	else
		started(op);
}

static void start_written(void *data, const struct err *e)
{
	struct op *op = data;

	op_take_error(op, e);
	if (op->err.code || services_start(op->c->services, op->net, &op->err) < 0)
		give_up_start(op);
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
	    pool_check(op->c->mirror, n->live, &op->err) < 0 ||
	    services_check(n, &op->err) < 0) {
		registry_set_live(&op->c->registry, n, NULL);
		op_finish(op);
		return;
	}
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

static void begin_start(struct op *op)
{
	struct net *n = op->net;

	if (!op_needs_network(op))
		return;
	if (n->state != NET_INACTIVE)
		return op_refuse(op, "network is already active");
	if (!n->config) {
		err_set(&op->err, ERR_INTERNAL, "network '%s' is broken: %s", n->name,
			n->broken ? n->broken : "?");
		return op_finish(op);
	}
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

/* ---- at the daemon's start ---- */

/* Scripts may take minutes, one after the other; clients of the other networks need not wait for
 * them, nor would the keeper. */
#define RESUME_USEC (15 * USEC_PER_SEC)

struct resume {
	struct controller *c;
	unsigned left;
	void (*done)(struct controller *c); /* NULL: has been called */
	sd_event_source *patience;
};

static void resume_tell(struct resume *r)
{
	void (*done)(struct controller * c) = r->done;

	r->patience = sd_event_source_disable_unref(r->patience);
	r->done = NULL;
	if (done)
		done(r->c);
}

static void resume_one_less(struct resume *r)
{
	if (--r->left)
		return;
	resume_tell(r);
	free(r);
}

static int resume_late(sd_event_source *s, uint64_t usec, void *data)
{
	struct resume *r = data;

	log_warning("%u networks are still on their way; going on without them", r->left);
	resume_tell(r);
	return 0;
}

static void autostarted(void *data, const struct net *n, const struct err *e)
{
	if (e->code)
		log_err("network '%s' is not started: %s", n->name, e->msg);
	resume_one_less(data);
}

static void taken_up(void *data, const struct net *n, const struct err *e)
{
	if (e->code)
		log_err("network '%s' is not taken up: %s", n->name, e->msg);
	resume_one_less(data);
}

static void taken_up_written(void *data, const struct err *e)
{
	struct op *op = data;

	op_take_error(op, e);
	if (op->err.code || services_start(op->c->services, op->net, &op->err) < 0) {
		give_up_start(op);
	} else {
		zones_join(op->c->zones, op->net, NULL, NULL);
		started(op);
	}
}

/* As a start, but nothing is checked and no hook is called: the network runs already. */
static void begin_take_up(struct op *op)
{
	reconcile_network(op->c->reconcile, op->net, taken_up_written, op);
}

/* A bridge that bears the network's mark runs, also when nothing in /run says so. */
static bool runs_unnoticed(const struct controller *c, const struct net *n)
{
	return !n->live && n->config && mirror_by_uuid(c->mirror, &n->uuid);
}

static void saved_completed(void *data, const struct err *e)
{
	if (e->code)
		log_err("what was added to a definition is not kept: %s", e->msg);
}

/* A file that somebody copied here may lack what a definition by netctl gets: it is given once and
 * kept. */
static void complete_loaded(struct controller *c, struct net *n)
{
	struct err e = { 0 };

	if (!n->unsaved)
		return;
	n->unsaved = false;
	if (subnets_choose(c->mirror, &c->registry, n, NULL, n->config, &e) < 0 ||
	    registry_choose_bridge(&c->registry, n, n->config, link_exists, c->mirror, &e) < 0) {
		log_err("network '%s': %s", n->name, e.msg);
		return;
	}
	(void)!registry_swap_config(&c->registry, n, n->config);
	auto_free char *xml = network_format(n->config, 0, 0);
	if (xml)
		definitions_save(c, n->name, xml, saved_completed, NULL);
}

void lifecycle_resume(struct controller *c, void (*done)(struct controller *c))
{
	struct resume *r = calloc(1, sizeof(*r));
	struct net *n;

	if (!r) {
		log_err("out of memory: no network is taken up");
		done(c);
		return;
	}
	*r = (struct resume){ .c = c, .left = 1, .done = done };
	if (sd_event_add_time_relative(c->loop, &r->patience, CLOCK_BOOTTIME, RESUME_USEC, 0,
				       resume_late, r) < 0)
		log_warning("out of memory: clients wait for the slowest network");
	registry_foreach(n, &c->registry)
	{
		complete_loaded(c, n);
		if (runs_unnoticed(c, n))
			registry_set_live(&c->registry, n, network_share(n->config));
		/* Wanted from now on: the first look at the rules must not miss any network that
		 * runs. */
		if (n->live)
			n->state = NET_STARTING;
	}
	uplinks_load(c->uplinks);
	attached_load(c->attached);
	ports_load(c);
	reconcile_rules(c->reconcile);
	registry_foreach(n, &c->registry)
	{
		if (!n->live && (!n->autostart || n->stopped_on_request))
			continue;
		r->left++;
		if (n->live)
			op_push(c, n, begin_take_up, NULL, taken_up, r, false);
		else
			lifecycle_start(c, n, autostarted, r);
	}
	resume_one_less(r);
}
