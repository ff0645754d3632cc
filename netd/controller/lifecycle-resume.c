/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lifecycle-resume.c — at the daemon's start: networks that run are taken up as they are, those
 * with autostart are started, and definitions that somebody copied here get what they lack. */
#include "netd/controller/lifecycle-internal.h"

#include "base/log.h"
#include "netd/controller/definitions.h"
#include "netd/controller/ports.h"
#include "netd/kernel/attached.h"
#include "netd/kernel/reconcile.h"
#include "netd/kernel/subnets.h"
#include "netd/kernel/uplinks.h"
#include "netd/kernel/zones.h"
#include "netd/service/services.h"

/* Scripts may take minutes, one after the other; who waits for the daemon to be ready need not wait
 * for them, nor would the keeper. */
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
		op_give_up_start(op);
	} else {
		zones_join(op->c->zones, op->net, NULL, NULL);
		op_started(op);
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
	    registry_choose_bridge(&c->registry, n, n->config, op_link_exists, c->mirror, &e) < 0) {
		log_err("network '%s': %s", n->name, e.msg);
		return;
	}
	(void)!registry_swap_config(&c->registry, n, n->config);
	auto_free char *xml = network_format(n->config, 0, 0);
	if (xml)
		definitions_save(c, n->name, xml, saved_completed, NULL);
}

/* Wanted from now on: the first look at the rules must not miss any network that runs. Clients are
 * told that it runs, and where, before it has had its turn. */
static void begin_taking_up(struct controller *c, struct net *n)
{
	const struct mirror_link *l = mirror_by_uuid(c->mirror, &n->uuid);

	n->state = NET_STARTING;
	n->taking_up = true;
	registry_set_ifindex(&c->registry, n, l ? (int)l->ifindex : 0);
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
		log_warning("out of memory: the keeper waits for the slowest network");
	registry_foreach(n, &c->registry)
	{
		complete_loaded(c, n);
		if (runs_unnoticed(c, n))
			registry_set_live(&c->registry, n, network_share(n->config));
		if (n->live)
			begin_taking_up(c, n);
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
