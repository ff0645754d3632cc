/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing a network while it runs. The new definitions are made and validated first; then the
 * running one is put in place and reconciled, then the file is written. Whatever fails on the way,
 * the old running definition is put back and reconciled, so that nothing is half done. */
#include "netd/controller/definitions.h"
#include "netd/controller/hooks.h"
#include "netd/controller/lifecycle-internal.h"
#include "netd/controller/ports.h"
#include "netd/kernel/conflicts.h"
#include "netd/kernel/reconcile.h"
#include "netd/kernel/subnets.h"
#include "netd/kernel/zones.h"
#include "netd/service/services.h"
#include "rpc/protocol.h"

#include <errno.h>
#include <string.h>

struct change {
	lifecycle_change_fn *change;
	void *how;
	void (*free_how)(void *how);
	unsigned flags;
	struct network *live,
	    *config; /* the new ones, until they are in place; then the old live one */
	bool live_swapped;
};

static void free_change(struct op *op)
{
	struct change *ch = op->extra;

	ch->free_how(ch->how);
	network_free(ch->live);
	network_free(ch->config);
	free(ch);
}

static void swap_live(struct op *op)
{
	struct change *ch = op->extra;

	ch->live = registry_swap_live(&op->c->registry, op->net, ch->live);
	ports_follow_groups(op->c, op->net, ch->live);
	op->net->live_changed = true;
	ch->live_swapped = !ch->live_swapped;
}

static void put_back_done(void *data, const struct err *e)
{
	struct op *op = data;
	struct err ignored = { 0 };

	(void)!services_update(op->c->services, op->net, &ignored);
	op_finish(op);
}

/* op->err says why: the network goes on as it was. */
static void put_back(struct op *op)
{
	struct change *ch = op->extra;

	if (!ch->live_swapped) {
		op_finish(op);
		return;
	}
	swap_live(op);
	reconcile_network(op->c->reconcile, op->net, put_back_done, op);
}

static void hook_ended(void *data, const struct err *e)
{
	struct op *op = data;

	op_take_error(op, e);
	op_finish(op);
}

/* As libvirt: the change stands, whatever the script says; a failure is the caller's to know. */
static void call_hook(struct op *op)
{
	if (op->net->live)
		hooks_run(op->c, op->net->live, HOOK_UPDATED, hook_ended, op);
	else
		op_finish(op);
}

static void config_written(void *data, const struct err *e)
{
	struct op *op = data;
	struct change *ch = op->extra;

	op_take_error(op, e);
	if (op->err.code) {
		put_back(op);
		return;
	}
	registry_set_config(&op->c->registry, op->net, take_ptr(ch->config));
	call_hook(op);
}

static void write_config(struct op *op)
{
	struct change *ch = op->extra;
	auto_free char *xml = ch->config ? network_format(ch->config, 0, 0) : NULL;

	if (xml) {
		definitions_save(op->c, op->net->name, xml, config_written, op);
		return;
	}
	if (ch->config) {
		err_sys(&op->err, ENOMEM, "cannot write network '%s'", op->net->name);
		put_back(op);
		return;
	}
	call_hook(op);
}

static bool same_zone(const struct network *a, const struct network *b)
{
	const char *x = a->zone ? a->zone : "", *y = b->zone ? b->zone : "";

	return a->forward.mode == b->forward.mode && strcmp(x, y) == 0;
}

static void zone_joined(void *data, const struct err *e)
{
	struct op *op = data;

	op_take_error(op, e);
	if (op->err.code)
		put_back(op);
	else
		write_config(op);
}

static void live_reconciled(void *data, const struct err *e)
{
	struct op *op = data;

	op_take_error(op, e);
	conflicts_look_soon(op->c->conflicts);
	if (op->err.code || services_update(op->c->services, op->net, &op->err) < 0)
		put_back(op);
	else if (same_zone(op->net->live, ((struct change *)op->extra)->live))
		write_config(op);
	else
		zones_join(op->c->zones, op->net, zone_joined, op);
}

/* What the flags mean for this network now, with libvirt's words when they can't be. */
static int resolve_flags(const struct net *n, unsigned *flags, struct err *e)
{
	bool active = n->state == NET_ACTIVE;

	if (*flags & LIFECYCLE_CHANGE_ALL)
		*flags = RPC_AFFECT_CONFIG | (active ? RPC_AFFECT_LIVE : 0);
	if (!*flags)
		*flags = active ? RPC_AFFECT_LIVE : RPC_AFFECT_CONFIG;
	if (*flags & RPC_AFFECT_LIVE && !active)
		return err_set(e, ERR_OPERATION_INVALID, "network is not running");
	if (*flags & RPC_AFFECT_CONFIG && !n->config)
		return err_set(e, ERR_OPERATION_INVALID,
			       "cannot change persistent config of a transient network");
	return 0;
}

/* The bridge and the identity of a running network stay what they are. */
int lifecycle_check_live(const struct network *now, const struct network *next, struct err *e)
{
	const char *was = now->bridge ? now->bridge : "",
		   *wanted = next->bridge ? next->bridge : "";

	if (network_owns_bridge(now) != network_owns_bridge(next) ||
	    network_makes_bridge(now) != network_makes_bridge(next))
		return err_set(e, ERR_OPERATION_UNSUPPORTED,
			       "network '%s' can't change who owns its bridge while it runs; "
			       "destroy and start it",
			       next->name);
	if (strcmp(was, wanted) != 0)
		return err_set(e, ERR_OPERATION_UNSUPPORTED,
			       "network '%s' can't change its bridge from '%s' to '%s' while it "
			       "runs; destroy and "
			       "start it",
			       next->name, was, wanted);
	return 0;
}

static bool has_interface(const struct network *def, const struct forward_interface *i)
{
	for (size_t k = 0; k < def->forward.n_interfaces; k++) {
		const struct forward_interface *other = &def->forward.interfaces[k];
		if (i->is_pci ? other->is_pci && memcmp(&i->pci, &other->pci, sizeof(i->pci)) == 0
			      : !other->is_pci && strcmp(i->dev, other->dev) == 0)
			return true;
	}
	return false;
}

/* A device that guests are plugged into stays in the pool. */
static int check_devices(struct op *op, const struct network *now)
{
	const struct change *ch = op->extra;
	const struct forward *f = &now->forward;
	auto_free unsigned *users = calloc(f->n_interfaces + 1, sizeof(*users));

	if (!users)
		return err_sys(&op->err, ENOMEM, "cannot change network '%s'", now->name);
	(void)ports_count(op->c, op->net, users);
	for (size_t i = 0; i < f->n_interfaces; i++)
		if (users[i] && !has_interface(ch->live, &f->interfaces[i]))
			return err_set(
			    &op->err, ERR_OPERATION_INVALID,
			    "unable to delete interface '%s' in network '%s'. It is currently "
			    "being used by %u domains.",
			    f->interfaces[i].dev ? f->interfaces[i].dev : "(PCI)", now->name,
			    users[i]);
	return 0;
}

static int check_live(struct op *op, const struct network *now)
{
	struct change *ch = op->extra;
	int r = lifecycle_check_live(now, ch->live, &op->err);

	if (r == 0)
		r = zones_check(op->c->zones, ch->live, &op->err);
	if (r == 0)
		r = check_devices(op, now);
	if (r == 0)
		r = subnets_check(op->c->mirror, &op->c->registry, op->net, ch->live, &op->err);
	return r;
}

/* The new one; NULL: it stays as it is. */
static int make_definition(struct change *ch, const struct network *old, struct network **ret,
			   struct err *e)
{
	int r = ch->change(ch->how, old, ret, e);

	if (r == 0 && *ret == old) {
		network_free(*ret);
		*ret = NULL;
	}
	return r;
}

/* A change may have brought in an automatic subnet. */
static int complete_change(struct op *op)
{
	struct change *ch = op->extra;
	int r = 0;

	reconcile_read_mirror(op->c->reconcile);
	if (ch->live)
		r = subnets_choose(op->c->mirror, &op->c->registry, op->net, NULL, ch->live,
				   &op->err);
	if (r == 0 && ch->config && ch->config != ch->live)
		r = subnets_choose(op->c->mirror, &op->c->registry, op->net, ch->live, ch->config,
				   &op->err);
	return r;
}

static int make_definitions(struct op *op)
{
	struct change *ch = op->extra;
	struct net *n = op->net;
	int r = resolve_flags(n, &ch->flags, &op->err);

	if (r == 0 && ch->flags & RPC_AFFECT_LIVE)
		r = make_definition(ch, n->live, &ch->live, &op->err);
	if (r == 0 && ch->flags & RPC_AFFECT_CONFIG) {
		/* It runs by the definition on disk: so it will. */
		if (ch->flags & RPC_AFFECT_LIVE && n->live == n->config)
			ch->config = ch->live ? network_share(ch->live) : NULL;
		else
			r = make_definition(ch, n->config, &ch->config, &op->err);
	}
	if (r == 0)
		r = complete_change(op);
	if (r == 0 && ch->live)
		r = check_live(op, n->live);
	return r;
}

static void begin_change(struct op *op)
{
	struct change *ch = op->extra;

	if (!op_needs_network(op))
		return;
	if (make_definitions(op) < 0) {
		op_finish(op);
		return;
	}
	if (!ch->live && !ch->config) {
		op_finish(op);
		return;
	}
	if (!ch->live) {
		write_config(op);
		return;
	}
	swap_live(op);
	reconcile_network(op->c->reconcile, op->net, live_reconciled, op);
}

void lifecycle_change(struct controller *c, struct net *n, unsigned flags,
		      lifecycle_change_fn *change, void *how, void (*free_how)(void *how),
		      lifecycle_done_fn *done, void *data)
{
	struct op *op = calloc(1, sizeof(*op));
	struct change *ch = calloc(1, sizeof(*ch));

	if (!op || !ch) {
		struct err e = { 0 };
		err_sys(&e, ENOMEM, "cannot change network '%s'", n->name);
		free(op);
		free(ch);
		free_how(how);
		done(data, n, &e);
		return;
	}
	*ch = (struct change){ .change = change, .how = how, .free_how = free_how, .flags = flags };
	*op = (struct op){ .c = c,
			   .net = n,
			   .begin = begin_change,
			   .extra = ch,
			   .free_extra = free_change,
			   .done = done,
			   .data = data };
	op_enqueue(op);
}
