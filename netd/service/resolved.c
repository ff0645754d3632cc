/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/resolved.h"

#include "base/log.h"
#include "dns/dns.h"
#include "netd/controller/conditions.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define RESOLVED      "org.freedesktop.resolve1"
#define RESOLVED_PATH "/org/freedesktop/resolve1"
#define MANAGER       "org.freedesktop.resolve1.Manager"
#define CALL_USEC     (10 * USEC_PER_SEC)
#define CONNECT_USEC  (5 * USEC_PER_SEC)    /* between two looks for a bus */
#define AGAIN_USEC    (200 * USEC_PER_MSEC) /* doubled with each attempt … */
#define AGAIN_MOST    8                     /* … but so often at most: 51 s */
#define QUIET_TRIES   3 /* a link that resolved hasn't heard of yet is nobody's worry */

enum presence { UNKNOWN, THERE, ABSENT };

struct resolved {
	struct controller *c;
	sd_bus *bus; /* NULL: there is none now */
	enum presence presence;
	struct list told;         /* networks with register='yes' that run */
	sd_event_source *connect; /* timer */
};

/* What is said of a link, in this order: it is made harmless before it gets a server. */
enum call { CALL_DEFAULT_ROUTE, CALL_DOMAINS, CALL_DNSSEC, CALL_SERVER, CALLS };

struct told {
	struct list node; /* of resolved.told */
	struct resolved *r;
	uint32_t net_id;
	struct host_names names;
	sd_bus_slot *call[CALLS];
	unsigned waiting;       /* calls without an answer */
	unsigned tries;         /* that failed, one after the other */
	bool failed, no_link;   /* in this attempt */
	sd_event_source *again; /* timer */
};

static struct net *net_of(const struct told *t)
{
	return registry_find_id(&t->r->c->registry, t->net_id);
}

static struct told *find(struct resolved *r, uint32_t net_id)
{
	struct told *t;

	list_foreach (t, &r->told, struct told, node)
		if (t->net_id == net_id)
			return t;
	return NULL;
}

static void drop_calls(struct told *t)
{
	for (unsigned i = 0; i < CALLS; i++)
		t->call[i] = sd_bus_slot_unref(t->call[i]);
	t->waiting = 0;
	t->again = sd_event_source_disable_unref(t->again);
}

/* ---- the calls ---- */

static int put_domains(sd_bus_message *m, const struct host_names *h)
{
	int r = sd_bus_message_open_container(m, 'a', "(sb)");

	if (r >= 0)
		r = sd_bus_message_append(m, "(sb)", h->domain, 1);
	for (size_t i = 0; r >= 0 && i < h->n_zones; i++)
		r = sd_bus_message_append(m, "(sb)", h->zone[i], 1);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int put_octets(sd_bus_message *m, const struct ip *a)
{
	uint32_t v4 = htonl(a->v4);
	int r = sd_bus_message_append(m, "i", a->family);

	if (r < 0)
		return r;
	return a->family == AF_INET6 ? sd_bus_message_append_array(m, 'y', a->v6, 16)
				     : sd_bus_message_append_array(m, 'y', &v4, 4);
}

/* With a port and no name for TLS where the port isn't DNS's own; resolved has that since 246. */
static int put_server(sd_bus_message *m, const struct host_names *h)
{
	bool own = h->port == DNS_PORT;
	int r = sd_bus_message_open_container(m, 'a', own ? "(iay)" : "(iayqs)");

	if (r >= 0)
		r = sd_bus_message_open_container(m, 'r', own ? "iay" : "iayqs");
	if (r >= 0)
		r = put_octets(m, &h->server);
	if (r >= 0 && !own)
		r = sd_bus_message_append(m, "qs", h->port, "");
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static const char *method_of(const struct told *t, enum call which)
{
	static const char *const method[CALLS] = { "SetLinkDefaultRoute", "SetLinkDomains",
						   "SetLinkDNSSEC", "SetLinkDNS" };

	return which == CALL_SERVER && t->names.port != DNS_PORT ? "SetLinkDNSEx" : method[which];
}

static int put_arguments(sd_bus_message *m, const struct host_names *h, enum call which)
{
	int r = sd_bus_message_append(m, "i", h->ifindex);

	if (r < 0)
		return r;
	switch (which) {
	case CALL_DEFAULT_ROUTE:
		return sd_bus_message_append(m, "b", 0);
	case CALL_DOMAINS:
		return put_domains(m, h);
	case CALL_DNSSEC:
		return sd_bus_message_append(m, "s", "no");
	case CALL_SERVER:
		return put_server(m, h);
	case CALLS:
		break;
	}
	return -EINVAL;
}

static void tell(struct told *t);

static int tell_again(sd_event_source *s, uint64_t usec, void *data)
{
	tell(data);
	return 0;
}

static void tell_later(struct told *t)
{
	usec_t wait = AGAIN_USEC << MIN_OF(t->tries, (unsigned)AGAIN_MOST);

	t->tries++;
	t->again = sd_event_source_disable_unref(t->again);
	if (sd_event_add_time_relative(t->r->c->loop, &t->again, CLOCK_BOOTTIME, wait,
				       USEC_PER_SEC / 20, tell_again, t) < 0)
		log_warning("out of memory: systemd-resolved is not asked again");
}

static void refused(struct told *t, const char *why)
{
	struct net *n = net_of(t);

	t->failed = true;
	if (n && (!t->no_link || t->tries >= QUIET_TRIES))
		conditions_raise(t->r->c->conditions, n, CONDITION_NAMES_NOT_REGISTERED,
				 t->names.domain,
				 "systemd-resolved does not take domain '%s' on %s: %s",
				 t->names.domain, t->names.bridge, why);
}

static void all_answered(struct told *t)
{
	struct net *n = net_of(t);

	if (t->failed)
		return tell_later(t);
	t->tries = 0;
	log_debug("systemd-resolved asks %s for names in '%s'", t->names.bridge, t->names.domain);
	if (n)
		conditions_clear(t->r->c->conditions, n, CONDITION_NAMES_NOT_REGISTERED, NULL);
}

static int answered(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct told *t = data;
	const sd_bus_error *e = sd_bus_message_get_error(m);

	if (e) {
		t->no_link = sd_bus_error_has_name(e, RESOLVED ".NoSuchLink");
		refused(t, e->message && *e->message ? e->message : e->name);
	}
	if (--t->waiting == 0)
		all_answered(t);
	return 1;
}

static int send_call(struct told *t, enum call which)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(t->r->bus, &m, RESOLVED, RESOLVED_PATH, MANAGER,
					       method_of(t, which));

	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, 0);
	if (r >= 0)
		r = put_arguments(m, &t->names, which);
	if (r >= 0)
		r = sd_bus_call_async(t->r->bus, &t->call[which], m, answered, t, CALL_USEC);
	sd_bus_message_unref(m);
	return r;
}

static void tell(struct told *t)
{
	drop_calls(t);
	t->failed = t->no_link = false;
	for (unsigned i = 0; i < CALLS; i++) {
		int r = send_call(t, i);
		if (r >= 0)
			t->waiting++;
		else
			refused(t, strerror(-r));
	}
	if (t->waiting == 0)
		tell_later(t);
}

static void tell_absence(struct told *t)
{
	struct net *n = net_of(t);

	if (n)
		conditions_raise(
		    t->r->c->conditions, n, CONDITION_NAMES_NOT_REGISTERED, t->names.domain,
		    "systemd-resolved does not run: the host does not find guests' names in "
		    "'%s' by itself",
		    t->names.domain);
}

/* Whatever is to be said of the network as things are. */
static void act(struct told *t)
{
	drop_calls(t);
	t->tries = 0;
	if (t->r->presence == THERE)
		tell(t);
	else if (t->r->presence == ABSENT)
		tell_absence(t);
}

/* Nobody waits for it, and a link that has gone needs it no more. */
static void revert(struct resolved *r, int ifindex)
{
	sd_bus_message *m = NULL;

	if (r->presence != THERE)
		return;
	if (sd_bus_message_new_method_call(r->bus, &m, RESOLVED, RESOLVED_PATH, MANAGER,
					   "RevertLink") >= 0 &&
	    sd_bus_message_set_auto_start(m, 0) >= 0 &&
	    sd_bus_message_append(m, "i", ifindex) >= 0 &&
	    sd_bus_message_set_expect_reply(m, 0) >= 0)
		(void)!sd_bus_send(r->bus, m, NULL);
	sd_bus_message_unref(m);
}

/* ---- networks ---- */

static void forget(struct told *t)
{
	struct net *n = net_of(t);

	if (n)
		conditions_clear(t->r->c->conditions, n, CONDITION_NAMES_NOT_REGISTERED, NULL);
	drop_calls(t);
	list_remove(&t->node);
	host_names_done(&t->names);
	free(t);
}

void resolved_forget(struct resolved *r, const struct net *n)
{
	struct told *t = r ? find(r, n->id) : NULL;

	if (!t)
		return;
	revert(r, t->names.ifindex);
	forget(t);
}

static void connect_now(struct resolved *r);

static struct told *add(struct resolved *r, const struct net *n)
{
	struct told *t = calloc(1, sizeof(*t));

	if (!t) {
		log_warning("network '%s': out of memory: its names are not registered", n->name);
		return NULL;
	}
	t->r = r;
	t->net_id = n->id;
	list_add_tail(&r->told, &t->node);
	return t;
}

void resolved_update(struct resolved *r, const struct net *n, struct host_names *h)
{
	struct told *t = r ? find(r, n->id) : NULL;

	if (t && host_names_equal(&t->names, h)) {
		host_names_done(h);
		return;
	}
	/* Another domain on the same link takes the place of the one before. */
	if (t && (!h->registered || t->names.ifindex != h->ifindex)) {
		resolved_forget(r, n);
		t = NULL;
	}
	if (r && !t && h->registered && *h->domain)
		t = add(r, n);
	if (!t) {
		host_names_done(h);
		return;
	}
	if (strcmp(t->names.domain, h->domain) != 0)
		conditions_clear(r->c->conditions, n, CONDITION_NAMES_NOT_REGISTERED, NULL);
	host_names_done(&t->names);
	t->names = *h;
	*h = (struct host_names){ 0 };
	if (!r->bus)
		connect_now(r);
	act(t);
}

/* ---- resolved comes and goes ---- */

static void now_there(struct resolved *r, enum presence presence)
{
	struct told *t;

	r->presence = presence;
	list_foreach (t, &r->told, struct told, node)
		act(t);
}

static int owner_changed(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	const char *name, *before, *after;

	if (sd_bus_message_read(m, "sss", &name, &before, &after) < 0)
		return 0;
	log_info("systemd-resolved %s", *after ? "runs" : "has ended");
	now_there(data, *after ? THERE : ABSENT);
	return 0;
}

/* The answer to whether somebody has the name. Changes after it are signals. */
static int presence_answered(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	int there = 0;

	if (!sd_bus_message_get_error(m))
		(void)!sd_bus_message_read(m, "b", &there);
	now_there(data, there ? THERE : ABSENT);
	return 1;
}

/* ---- the bus ---- */

static void look_for_bus_later(struct resolved *r)
{
	(void)!sd_event_source_set_time_relative(r->connect, CONNECT_USEC);
	(void)!sd_event_source_set_enabled(r->connect, SD_EVENT_ONESHOT);
}

static void no_bus(struct resolved *r)
{
	struct told *t;

	list_foreach (t, &r->told, struct told, node)
		drop_calls(t);
	r->bus = sd_bus_close_unref(r->bus);
	now_there(r, ABSENT);
	look_for_bus_later(r);
}

static int disconnected(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	no_bus(data);
	return 0;
}

static int watch(struct resolved *r)
{
	int result = sd_bus_add_match_async(r->bus, NULL,
					    "type='signal',sender='org.freedesktop.DBus',"
					    "member='NameOwnerChanged',arg0='" RESOLVED "'",
					    owner_changed, NULL, r);

	if (result >= 0)
		result = sd_bus_match_signal_async(r->bus, NULL, "org.freedesktop.DBus.Local", NULL,
						   "org.freedesktop.DBus.Local", "Disconnected",
						   disconnected, NULL, r);
	if (result >= 0)
		result = sd_bus_call_method_async(
		    r->bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
		    "org.freedesktop.DBus", "NameHasOwner", presence_answered, r, "s", RESOLVED);
	return result;
}

static void connect_now(struct resolved *r)
{
	int result = sd_bus_open_system(&r->bus);

	if (result >= 0)
		result = sd_bus_attach_event(r->bus, r->c->loop, SD_EVENT_PRIORITY_NORMAL);
	if (result >= 0)
		result = watch(r);
	if (result < 0)
		no_bus(r);
	else
		r->presence = UNKNOWN;
}

static int look_for_bus(sd_event_source *s, uint64_t usec, void *data)
{
	struct resolved *r = data;

	if (!r->bus && !list_is_empty(&r->told))
		connect_now(r);
	return 0;
}

struct resolved *resolved_new(struct controller *c, struct err *e)
{
	struct resolved *r = calloc(1, sizeof(*r));

	if (r) {
		r->c = c;
		list_init(&r->told);
	}
	if (!r || sd_event_add_time_relative(c->loop, &r->connect, CLOCK_BOOTTIME, 0, USEC_PER_SEC,
					     look_for_bus, r) < 0) {
		free(r);
		err_sys(e, ENOMEM, "cannot register names with systemd-resolved");
		return NULL;
	}
	(void)!sd_event_source_set_enabled(r->connect, SD_EVENT_OFF);
	return r;
}

void resolved_free(struct resolved *r)
{
	struct told *t;

	if (!r)
		return;
	list_foreach (t, &r->told, struct told, node) {
		drop_calls(t);
		list_remove(&t->node);
		host_names_done(&t->names);
		free(t);
	}
	sd_event_source_disable_unref(r->connect);
	sd_bus_close_unref(r->bus);
	free(r);
}
