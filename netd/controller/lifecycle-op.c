/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lifecycle-op.c — the queue of what is asked of a network. Each request is an op; the first one is
 * running. An op begins in begin_*(), which checks the rules and sets the next step going, and ends
 * in op_finish(), whatever happened. */
#include "netd/controller/lifecycle-internal.h"

#include "netd/controller/conditions.h"
#include "netd/controller/ports-device.h"
#include "netd/kernel/attached.h"
#include "netd/kernel/shaping.h"
#include "netd/kernel/uplinks.h"

#include <errno.h>

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

void op_push(struct controller *c, struct net *n, void (*begin)(struct op *), struct network *def,
	     lifecycle_done_fn *done, void *data, bool on)
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
