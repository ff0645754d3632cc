/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/zones.h"

#include "base/log.h"
#include "netd/controller/conditions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define FIREWALLD      "org.fedoraproject.FirewallD1"
#define FIREWALLD_PATH "/org/fedoraproject/FirewallD1"
#define ZONE_INTERFACE "org.fedoraproject.FirewallD1.zone"
#define CALL_USEC      (10 * USEC_PER_SEC) /* firewalld takes seconds for a reload */
#define CONNECT_USEC   (5 * USEC_PER_SEC)  /* between two looks for a bus */

struct zones {
	struct controller *c;
	sd_bus *bus; /* NULL: there is none now */
	bool there;  /* firewalld runs */
	struct list joining;
	sd_event_source *connect; /* timer */
};

/* Where libvirt's zones aren't, ours; the first that firewalld knows. */
static const char *const defaults[] = { "libvirt", "netd", NULL };
static const char *const defaults_routed[] = { "libvirt-routed", "libvirt", "netd", NULL };

struct joining {
	struct list node; /* of zones.joining */
	struct zones *z;
	uint32_t net_id;
	char bridge[16];
	const char *const *choice; /* the zones to try; the definition's own: NULL */
	char wanted[64];           /* that one */
	sd_bus_slot *call;
	sd_event_source *later;
	zones_done_fn *done;
	void *data;
	struct err err;
};

static struct net *net_of(const struct joining *j)
{
	return registry_find_id(&j->z->c->registry, j->net_id);
}

/* ---- joining ---- */

static void finish(struct joining *j)
{
	list_remove(&j->node);
	sd_bus_slot_unref(j->call);
	sd_event_source_disable_unref(j->later);
	if (j->done)
		j->done(j->data, &j->err);
	else if (j->err.code)
		log_warning("%s", j->err.msg);
	free(j);
}

static int finish_later(sd_event_source *s, void *data)
{
	finish(data);
	return 0;
}

static const char *current(const struct joining *j)
{
	return j->choice ? *j->choice : j->wanted;
}

static void try_zone(struct joining *j);

/* No zone speaks for the bridge: guests may get no answer, but the network can run. */
static void tell_none(struct joining *j)
{
	struct net *n = net_of(j);

	if (n)
		conditions_raise(j->z->c->conditions, n, CONDITION_ZONE_MISSING, j->bridge,
				 "firewalld runs and has neither the zone 'libvirt' nor 'netd' for "
				 "bridge '%s': it may reject guests' traffic",
				 j->bridge);
}

static void tell_refusal(struct joining *j, const sd_bus_error *error)
{
	struct net *n = net_of(j);

	err_set(&j->err, ERR_INTERNAL,
		"network '%s': firewalld does not put bridge '%s' into zone "
		"'%s': %s",
		n ? n->name : "?", j->bridge, current(j),
		error->message && *error->message ? error->message : error->name);
}

static bool is_unknown_zone(const sd_bus_error *error)
{
	return error->message && strncmp(error->message, "INVALID_ZONE", 12) == 0;
}

static int zone_answered(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct joining *j = data;
	const sd_bus_error *error = sd_bus_message_get_error(m);
	struct net *n = net_of(j);

	j->call = sd_bus_slot_unref(j->call);
	if (!error) {
		if (n)
			conditions_clear(j->z->c->conditions, n, CONDITION_ZONE_MISSING, NULL);
		log_debug("bridge '%s' is in firewalld's zone '%s'", j->bridge, current(j));
	} else if (is_unknown_zone(error) && j->choice) {
		j->choice++;
		try_zone(j);
		return 0;
	} else if (j->choice) { /* asked by nobody: firewalld may be in the middle of its end */
		tell_refusal(j, error);
		log_warning("%s", j->err.msg);
		err_clear(&j->err);
	} else {
		tell_refusal(j, error);
	}
	finish(j);
	return 1;
}

static void try_zone(struct joining *j)
{
	sd_bus_message *m = NULL;
	const char *zone = current(j);
	int r;

	if (!zone) {
		tell_none(j);
		finish(j);
		return;
	}
	r = sd_bus_message_new_method_call(j->z->bus, &m, FIREWALLD, FIREWALLD_PATH, ZONE_INTERFACE,
					   "changeZoneOfInterface");
	if (r >= 0)
		r = sd_bus_message_append(m, "ss", zone, j->bridge);
	if (r >= 0)
		r = sd_bus_call_async(j->z->bus, &j->call, m, zone_answered, j, CALL_USEC);
	sd_bus_message_unref(m);
	if (r >= 0)
		return;
	err_sys(&j->err, -r, "cannot ask firewalld for zone '%s'", zone);
	finish(j);
}

int zones_check(struct zones *z, const struct network *def, struct err *e)
{
	if (!def->zone || z->there)
		return 0;
	return err_set(e, ERR_INTERNAL,
		       "zone %s requested for network %s but firewalld is not active: start "
		       "firewalld, or remove zone='…' from <bridge>",
		       def->zone, def->name);
}

static const char *const *choice_of(const struct network *def)
{
	static const char *const none[] = { NULL };

	if (def->zone || def->forward.mode == FORWARD_OPEN || !network_owns_bridge(def))
		return none;
	return def->forward.mode == FORWARD_ROUTE ? defaults_routed : defaults;
}

static void begin(struct joining *j, const struct network *def)
{
	const char *const *choice = choice_of(def);

	if (zones_check(j->z, def, &j->err) < 0)
		;
	else if (j->z->there && def->zone)
		copy_text(j->wanted, sizeof(j->wanted), def->zone);
	else if (j->z->there && *choice)
		j->choice = choice;
	if (j->choice || j->wanted[0])
		try_zone(j);
	else if (sd_event_add_defer(j->z->c->loop, &j->later, finish_later, j) < 0)
		finish(j);
}

static void connect_now(struct zones *z);

void zones_join(struct zones *z, struct net *n, zones_done_fn *done, void *data)
{
	struct joining *j = calloc(1, sizeof(*j));
	struct err e = { 0 };

	if (!j) {
		err_sys(&e, ENOMEM, "cannot ask firewalld");
		if (done)
			done(data, &e);
		return;
	}
	*j = (struct joining){ .z = z, .net_id = n->id, .done = done, .data = data };
	list_add_tail(&z->joining, &j->node);
	copy_text(j->bridge, sizeof(j->bridge), n->live->bridge ? n->live->bridge : "");
	if (!z->bus)
		connect_now(z);
	begin(j, n->live);
}

void zones_leave(struct zones *z, const struct net *n, const char *bridge)
{
	conditions_clear(z->c->conditions, n, CONDITION_ZONE_MISSING, NULL);
	if (z->bus && z->there && bridge && n->live && (n->live->zone || *choice_of(n->live)))
		(void)!sd_bus_call_method_async(z->bus, NULL, FIREWALLD, FIREWALLD_PATH,
						ZONE_INTERFACE, "removeInterface", NULL, NULL, "ss",
						"", bridge);
}

/* ---- firewalld comes, goes and forgets ---- */

static void join_all(struct zones *z)
{
	struct net *n;

	registry_foreach(n, &z->c->registry) if (net_is_wanted(n) && network_owns_bridge(n->live) &&
						 n->live->bridge) zones_join(z, n, NULL, NULL);
}

static int reloaded(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct zones *z = data;

	log_info("firewalld was reloaded: bridges are put into their zones again");
	z->there = true;
	join_all(z);
	return 0;
}

static void now_there(struct zones *z, bool there)
{
	if (z->there == there)
		return;
	z->there = there;
	log_info("firewalld %s", there ? "runs: bridges are put into its zones" : "has ended");
	if (there)
		join_all(z);
}

static int owner_changed(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct zones *z = data;
	const char *name, *before, *after;

	if (sd_bus_message_read(m, "sss", &name, &before, &after) < 0)
		return 0;
	/* Another one in the old one's place knows nothing of what that was told. */
	if (*before && *after)
		z->there = false;
	now_there(z, *after);
	return 0;
}

/* ---- the bus ---- */

static void look_for_bus_later(struct zones *z)
{
	sd_event_source_set_time_relative(z->connect, CONNECT_USEC);
	sd_event_source_set_enabled(z->connect, SD_EVENT_ONESHOT);
}

static int disconnected(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct zones *z = data;

	log_warning("the system bus has ended");
	z->there = false;
	z->bus = sd_bus_close_unref(z->bus);
	look_for_bus_later(z);
	return 0;
}

static int watch(struct zones *z)
{
	int r = sd_bus_match_signal_async(z->bus, NULL, FIREWALLD, FIREWALLD_PATH, FIREWALLD,
					  "Reloaded", reloaded, NULL, z);

	if (r >= 0)
		r = sd_bus_add_match_async(z->bus, NULL,
					   "type='signal',sender='org.freedesktop.DBus',"
					   "member='NameOwnerChanged',arg0='" FIREWALLD "'",
					   owner_changed, NULL, z);
	if (r >= 0)
		r = sd_bus_match_signal_async(z->bus, NULL, "org.freedesktop.DBus.Local", NULL,
					      "org.freedesktop.DBus.Local", "Disconnected",
					      disconnected, NULL, z);
	return r;
}

/* The bus itself answers this, at once. */
static bool is_there(struct zones *z)
{
	sd_bus_message *reply = NULL;
	int there = 0;

	if (sd_bus_call_method(z->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			       "org.freedesktop.DBus", "NameHasOwner", NULL, &reply, "s",
			       FIREWALLD) >= 0)
		(void)!sd_bus_message_read(reply, "b", &there);
	sd_bus_message_unref(reply);
	return there;
}

static void connect_now(struct zones *z)
{
	sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, USEC_PER_SEC);
	if (r >= 0)
		r = sd_bus_attach_event(bus, z->c->loop, SD_EVENT_PRIORITY_NORMAL);
	if (r < 0) {
		sd_bus_close_unref(bus);
		look_for_bus_later(z);
		return;
	}
	z->bus = bus;
	if (watch(z) < 0)
		log_warning("out of memory: firewalld is not heard");
	now_there(z, is_there(z));
}

static int look_for_bus(sd_event_source *s, uint64_t usec, void *data)
{
	struct zones *z = data;

	if (!z->bus)
		connect_now(z);
	return 0;
}

struct zones *zones_new(struct controller *c, struct err *e)
{
	struct zones *z = calloc(1, sizeof(*z));

	if (!z) {
		err_sys(e, ENOMEM, "cannot hear firewalld");
		return NULL;
	}
	z->c = c;
	list_init(&z->joining);
	if (sd_event_add_time_relative(c->loop, &z->connect, CLOCK_BOOTTIME, 0, USEC_PER_SEC,
				       look_for_bus, z) < 0) {
		err_sys(e, ENOMEM, "cannot make a timer");
		free(z);
		return NULL;
	}
	sd_event_source_set_enabled(z->connect, SD_EVENT_OFF);
	connect_now(z);
	return z;
}

void zones_free(struct zones *z)
{
	struct joining *j;

	if (!z)
		return;
	list_foreach (j, &z->joining, struct joining, node) {
		list_remove(&j->node);
		sd_bus_slot_unref(j->call);
		sd_event_source_disable_unref(j->later);
		free(j);
	}
	sd_event_source_disable_unref(z->connect);
	sd_bus_flush_close_unref(z->bus);
	free(z);
}
