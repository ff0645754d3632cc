/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One step after the other, each an op of the life cycle: define or change, remember the source,
 * autostart, start. Between two of them anybody may do anything to the network, so each step looks
 * it up again. */
#include "netd/controller/apply.h"

#include "netd/controller/definitions.h"
#include "netd/controller/lifecycle.h"
#include "netd/kernel/reconcile.h"
#include "netd/kernel/subnets.h"
#include "rpc/protocol.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

struct apply {
	struct controller *c;
	struct network *def;
	char *source; /* or NULL */
	uint32_t flags;
	apply_done_fn *done;
	void *data;

	struct uuid uuid;
	bool made;   /* there was no such network */
	bool called; /* the change function, and so the rules for changes */
	bool ran;    /* … for the running definition, which differs: */
	bool live_differs, config_differs;
	const char *definition, *running; /* as in the reply */
	char *pending;                    /* why the running network didn't take it, or NULL */
};

static void apply_free(struct apply *a)
{
	network_free(a->def);
	free(a->source);
	free(a->pending);
	free(a);
}

static void finish(struct apply *a, const struct err *e, json_t *reply)
{
	auto_free char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;
	struct err oom = { 0 };

	json_decref(reply);
	if (!e->code && !text) {
		err_sys(&oom, ENOMEM, "cannot tell what was done to network '%s'", a->def->name);
		e = &oom;
	}
	a->done(a->data, text, e);
	apply_free(a);
}

/* The network; NULL: it has gone, and the apply is over. */
static struct net *find(struct apply *a)
{
	struct net *n = registry_find_uuid(&a->c->registry, &a->uuid);
	struct err e = { 0 };

	if (n && net_is_shown(n))
		return n;
	err_set(&e, ERR_NO_NETWORK, "network '%s' was removed meanwhile", a->def->name);
	finish(a, &e, NULL);
	return NULL;
}

static json_t *reply_json(const struct apply *a)
{
	char uuid[UUID_TEXT_MAX];

	return json_pack("{s:s, s:s, s:s, s:s, s:s?}", "network", a->def->name, "uuid",
			 uuid_format(&a->uuid, uuid), "definition", a->definition, "running",
			 a->running, "pending", a->pending);
}

/* ---- the definition, with the identity that it doesn't give ---- */

static bool link_exists(void *data, const char *name)
{
	return mirror_by_name(data, name) != NULL;
}

/* `wanted` is NULL or a template that the registry would fill in. */
static bool keeps_bridge(const char *wanted, const char *old)
{
	const char *mark = wanted ? strstr(wanted, "%d") : NULL;

	return old && (!wanted || (mark && strncmp(wanted, old, (size_t)(mark - wanted)) == 0));
}

static int take_identity(struct apply *a, struct network *def, const struct network *old,
			 struct err *e)
{
	bool both = network_owns_bridge(def) && network_owns_bridge(old);
	char text[UUID_TEXT_MAX];

	if (def->has_uuid && !uuid_equal(&def->uuid, &old->uuid) &&
	    !(a->flags & RPC_APPLY_KEEP_UUID))
		return err_set(e, ERR_OPERATION_FAILED, "network '%s' already exists with uuid %s",
			       old->name, uuid_format(&old->uuid, text));
	def->uuid = old->uuid;
	def->has_uuid = true;
	if (both && !def->has_mac && old->has_mac) {
		def->mac = old->mac;
		def->has_mac = true;
	}
	if (both && keeps_bridge(def->bridge, old->bridge)) {
		free(def->bridge);
		def->bridge = strdup(old->bridge);
		if (!def->bridge)
			return err_sys(e, ENOMEM, "cannot apply network '%s'", def->name);
	}
	return 0;
}

/* What `old` (NULL: nothing) becomes. */
static int wanted_definition(struct apply *a, const struct net *n, const struct network *old,
			     struct network **ret, struct err *e)
{
	struct network *def = network_copy(a->def);
	const struct net nobody = { .uuid = a->uuid };
	int r = def ? 0 : err_sys(e, ENOMEM, "cannot apply network '%s'", a->def->name);

	reconcile_read_mirror(a->c->reconcile);
	if (r == 0 && old)
		r = take_identity(a, def, old, e);
	if (r == 0 && old)
		network_complete(def);
	if (r == 0)
		r = subnets_choose(a->c->mirror, &a->c->registry, n ? n : &nobody, old, def, e);
	if (r == 0)
		r = registry_choose_bridge(&a->c->registry, n, def, link_exists, a->c->mirror, e);
	if (r < 0)
		network_free(def);
	else
		*ret = def;
	return r;
}

/* ---- dry run ---- */

/* What would become of the running network, with the plan in *ret; NULL: it would fail. */
static const char *plan(struct apply *a, const struct net *n, const struct network *next,
			char **ret, struct err *e)
{
	const struct network *now = n ? n->live : NULL;
	const struct net nobody = { .uuid = a->uuid };
	struct err why = { 0 };

	if (!now && !(a->flags & RPC_APPLY_START))
		return "no";
	if (now && (a->flags & RPC_APPLY_CONFIG || network_equal(now, next)))
		return "unchanged";
	if (now && lifecycle_check_live(now, next, &why) < 0) {
		a->pending = strdup(why.msg);
		return "pending";
	}
	if (subnets_check(a->c->mirror, &a->c->registry, n ? n : &nobody, next, e) < 0)
		return NULL;
	*ret = reconcile_plan_text(a->c->reconcile, next);
	return now ? "changed" : "started";
}

static void dry_run(struct apply *a, const struct net *n)
{
	const struct network *old = n ? n->config ? n->config : n->live : NULL;
	auto_free char *before = NULL, *after = NULL, *steps = NULL;
	struct network *next = NULL;
	struct err e = { 0 };
	json_t *reply;

	struct net *same = NULL;

	if (n)
		a->uuid = n->uuid;
	if ((!n && registry_check_identity(&a->c->registry, a->def, &same, &e) < 0) ||
	    wanted_definition(a, n, old, &next, &e) < 0) {
		finish(a, &e, NULL);
		return;
	}
	before = n && n->config ? network_format(n->config, 0, 0) : NULL;
	after = network_format(next, 0, 0);
	a->definition = !before                               ? "defined"
			: after && strcmp(before, after) == 0 ? "unchanged"
							      : "changed";
	a->running = plan(a, n, next, &steps, &e);
	network_free(next);
	if (!a->running) {
		finish(a, &e, NULL);
		return;
	}
	reply = reply_json(a);
	if (!n)
		json_object_set_new(reply, "uuid", json_null());
	json_object_set_new(reply, "before", before ? json_string(before) : json_null());
	json_object_set_new(reply, "after", json_string(after));
	json_object_set_new(reply, "plan", json_string(steps ? steps : ""));
	finish(a, &e, reply);
}

/* ---- for good: the steps after the definition ---- */

static void started(void *data, const struct net *n, const struct err *e)
{
	struct apply *a = data;

	if (!e->code)
		a->running = "started";
	finish(a, e, e->code ? NULL : reply_json(a));
}

static void autostart_set(void *data, const struct net *n, const struct err *e)
{
	struct apply *a = data;
	struct err none = { 0 };
	struct net *now;

	if (e->code) {
		finish(a, e, NULL);
		return;
	}
	now = find(a);
	if (!now)
		return;
	if (a->flags & RPC_APPLY_START && now->state == NET_INACTIVE)
		lifecycle_start(a->c, now, started, a);
	else
		finish(a, &none, reply_json(a));
}

static void mark_autostart(struct apply *a)
{
	struct err none = { 0 };
	struct net *n = find(a);

	if (!n)
		return;
	if (a->flags & RPC_APPLY_AUTOSTART)
		lifecycle_set_autostart(a->c, n, true, autostart_set, a);
	else
		autostart_set(a, n, &none);
}

static void source_written(void *data, const struct err *e)
{
	struct apply *a = data;
	struct net *n;

	if (e->code) {
		finish(a, e, NULL);
		return;
	}
	n = find(a);
	if (!n)
		return;
	free(n->source);
	n->source = take_ptr(a->source);
	mark_autostart(a);
}

static void defined_and_running(struct apply *a)
{
	struct net *n = find(a);

	if (!n)
		return;
	/* Of a network that somebody else made the source isn't remembered: prune must not take it.
	 */
	if (a->source && (a->made || n->source) &&
	    !(n->source && strcmp(n->source, a->source) == 0))
		definitions_set_source(a->c, n->name, a->source, source_written, a);
	else
		mark_autostart(a);
}

/* ---- for good: the definition ---- */

struct how {
	struct apply *apply;
};

static int change(const void *how, const struct network *old, struct network **ret, struct err *e)
{
	struct apply *a = ((const struct how *)how)->apply;
	const struct net *n = registry_find_uuid(&a->c->registry, &old->uuid);
	struct network *next = NULL;
	int r = wanted_definition(a, n, old, &next, e);

	if (r < 0)
		return r;
	bool differs = !network_equal(old, next);
	a->called = true;
	if (n && old == n->live) {
		a->ran = true;
		a->live_differs = differs;
	}
	if (n && old == n->config)
		a->config_differs = differs;
	if (!differs) {
		network_free(next);
		next = network_share((struct network *)(uintptr_t)old);
	}
	*ret = next;
	return 0;
}

static void change_network(struct apply *a, struct net *n, unsigned flags, lifecycle_done_fn *done)
{
	struct how *how = calloc(1, sizeof(*how));
	struct err e = { 0 };

	a->called = a->ran = a->live_differs = a->config_differs = false;
	if (how) {
		how->apply = a;
		lifecycle_change(a->c, n, flags, change, how, free, done, a);
		return;
	}
	err_sys(&e, ENOMEM, "cannot apply network '%s'", n->name);
	finish(a, &e, NULL);
}

static void config_changed(void *data, const struct net *n, const struct err *e)
{
	struct apply *a = data;

	if (e->code) {
		finish(a, e, NULL);
		return;
	}
	a->definition = a->config_differs ? "changed" : "unchanged";
	defined_and_running(a);
}

/* Both; or the running one refused, then the definition alone. */
static void all_changed(void *data, const struct net *n, const struct err *e)
{
	struct apply *a = data;
	struct net *now;

	if (e->code && e->class == ERR_OPERATION_UNSUPPORTED && a->called) {
		now = find(a);
		if (!now)
			return;
		a->pending = strdup(e->msg);
		a->running = "pending";
		change_network(a, now, RPC_AFFECT_CONFIG, config_changed);
		return;
	}
	if (e->code) {
		finish(a, e, NULL);
		return;
	}
	a->definition = a->config_differs ? "changed" : "unchanged";
	if (a->ran)
		a->running = a->live_differs ? "changed" : "unchanged";
	defined_and_running(a);
}

static void live_changed(void *data, const struct net *n, const struct err *e)
{
	struct apply *a = data;

	if (e->code && e->class != ERR_OPERATION_UNSUPPORTED) {
		finish(a, e, NULL);
		return;
	}
	if (e->code)
		a->pending = strdup(e->msg);
	a->running = e->code ? "pending" : a->live_differs ? "changed" : "unchanged";
	defined_and_running(a);
}

static void defined(void *data, const struct net *n, const struct err *e)
{
	struct apply *a = data;
	struct net *now;

	if (e->code) {
		finish(a, e, NULL);
		return;
	}
	a->uuid = n->uuid;
	a->definition = "defined";
	now = find(a);
	if (!now)
		return;
	if (now->state == NET_ACTIVE && !(a->flags & RPC_APPLY_CONFIG))
		change_network(a, now, RPC_AFFECT_LIVE, live_changed);
	else
		defined_and_running(a);
}

/* A network without a definition on disk: a new one, a transient one, or one whose file is torn. */
static void define(struct apply *a, const struct net *n)
{
	const struct network *old = n ? net_definition(n) : NULL;
	struct network *next = NULL;
	struct err e = { 0 };

	if (old ? wanted_definition(a, n, old, &next, &e) < 0 : !(next = network_copy(a->def))) {
		if (!e.code)
			err_sys(&e, ENOMEM, "cannot apply network '%s'", a->def->name);
		finish(a, &e, NULL);
		return;
	}
	if (n && !next->has_uuid) {
		next->uuid = n->uuid;
		next->has_uuid = true;
	}
	lifecycle_define(a->c, next, defined, a);
}

void apply_definition(struct controller *c, struct network *def, const char *source, uint32_t flags,
		      apply_done_fn *done, void *data)
{
	struct net *n = registry_find_name(&c->registry, def->name);
	struct apply *a = calloc(1, sizeof(*a));
	char *copy = source ? strdup(source) : NULL;

	if (!a || (source && !copy)) {
		struct err e = { 0 };
		err_sys(&e, ENOMEM, "cannot apply network '%s'", def->name);
		network_free(def);
		free(a);
		free(copy);
		done(data, NULL, &e);
		return;
	}
	*a = (struct apply){
		.c = c, .def = def, .source = copy, .flags = flags, .done = done, .data = data
	};
	if (n && !net_is_shown(n) && !n->embryo)
		n = NULL;
	a->running = n && net_is_active(n) ? "unchanged" : "no";
	a->made = !n;
	if (n)
		a->uuid = n->uuid;
	if (flags & RPC_APPLY_DRY_RUN)
		dry_run(a, n);
	else if (n && n->config)
		change_network(a, n,
			       flags & RPC_APPLY_CONFIG ? RPC_AFFECT_CONFIG : LIFECYCLE_CHANGE_ALL,
			       flags & RPC_APPLY_CONFIG ? config_changed : all_changed);
	else
		define(a, n);
}

char *apply_list(const struct controller *c, const char *source)
{
	json_t *list = json_array(), *o;
	struct net *n;
	char *text;

	registry_foreach(n, &c->registry) if (n->source && net_is_shown(n) &&
					      strcmp(n->source, source) == 0)
	    json_array_append_new(list, json_string(n->name));
	o = json_pack("{s:o}", "networks", list);
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return text;
}
