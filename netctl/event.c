// SPDX-License-Identifier: GPL-2.0-or-later
/* event.c — net-event: what happens to networks, as it happens. */
#include "netctl/connect.h"

#include "base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static const struct {
	const char *name;
	enum rpc_event_id id;
} types[] = {
	{ "lifecycle", RPC_EVENT_LIFECYCLE },
	{ "metadata-change", RPC_EVENT_METADATA_CHANGE },
	{ "condition", RPC_EVENT_CONDITION },
	{ "lease", RPC_EVENT_LEASE },
};

static const char *type_name(enum rpc_event_id id)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].id == id)
			return types[i].name;
	return "unknown";
}

static bool find_type(const char *name, enum rpc_event_id *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcmp(types[i].name, name) != 0)
			continue;
		*ret = types[i].id;
		return true;
	}
	return false;
}

static const char *condition_text(int32_t change)
{
	return change == RPC_CONDITION_RAISED ? "raised" : "cleared";
}

static const char *lifecycle_text(int32_t event)
{
	static const char *const text[] = { "Defined", "Undefined", "Started", "Stopped" };

	return event >= 0 && (size_t)event < ARRAY_LEN(text) ? text[event] : "unknown";
}

/* "2026-11-20 14:00:00.123+0000", UTC as virsh writes it. */
static const char *now_text(char buf[static 48])
{
	struct timespec ts;
	struct tm tm;
	char date[24];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(buf, 48, "%s.%03ld+0000", date, ts.tv_nsec / 1000000 % 1000);
	return buf;
}

static const char *metadata_text(int32_t type)
{
	static const char *const text[] = { "description", "title", "element" };

	return type >= 0 && (size_t)type < ARRAY_LEN(text) ? text[type] : "unknown";
}

static const char *lease_text(int32_t change)
{
	static const char *const text[] = { "granted",  "extended", "renamed",
					    "released", "declined", "expired" };

	return change >= 0 && (size_t)change < ARRAY_LEN(text) ? text[change] : "unknown";
}

static void add_lease(json_t *o, const struct rpc_event *ev)
{
	json_t *l = json_pack("{s:s, s:s, s:s, s:s?}", "change", lease_text(ev->event),
			      "ip-address", ev->ip, "mac-address", ev->mac, "hostname",
			      *ev->hostname ? ev->hostname : NULL);

	json_object_set_new(l, "expiry-time",
			    ev->expiry_sec ? json_integer(ev->expiry_sec) : json_null());
	json_object_update(o, l);
	json_decref(l);
}

static void add_condition(json_t *o, const struct rpc_event *ev)
{
	json_t *k = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "change", condition_text(ev->event),
			      "kind", ev->kind, "object", ev->object, "since",
			      (json_int_t)ev->since_sec, "text", ev->text, "to-do", ev->to_do);

	json_object_update(o, k);
	json_decref(k);
}

static void print_json(const struct rpc_event *ev, const char *now)
{
	json_t *o = json_pack("{s:s, s:s, s:s?}", "time", now, "event", type_name(ev->id),
			      "network", *ev->net.name ? ev->net.name : NULL);

	if (ev->id == RPC_EVENT_LIFECYCLE) {
		json_object_set_new(o, "change", json_string(lifecycle_text(ev->event)));
	} else if (ev->id == RPC_EVENT_CONDITION) {
		add_condition(o, ev);
	} else if (ev->id == RPC_EVENT_LEASE) {
		add_lease(o, ev);
	} else {
		json_object_set_new(o, "type", json_string(metadata_text(ev->event)));
		json_object_set_new(o, "uri", *ev->uri ? json_string(ev->uri) : json_null());
	}
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

/* Names of interfaces may hold what a terminal would obey. */
static void print_condition(const struct rpc_event *ev)
{
	struct text out = { 0 };

	text_addf(&out, "%s %s of ", condition_text(ev->event), ev->kind);
	text_add_escaped(&out, ev->object, strlen(ev->object), 256);
	if (ev->event == RPC_CONDITION_RAISED) {
		text_add(&out, ": ");
		text_add_escaped(&out, ev->text, strlen(ev->text), 1024);
	}
	auto_free char *line = text_take(&out);
	puts(line ? line : "out of memory");
}

/* What netd knows of a guest's name is clean, but this goes to a terminal. */
static void print_lease(const struct rpc_event *ev)
{
	struct text out = { 0 };

	text_addf(&out, "%s %s to %s", lease_text(ev->event), ev->ip, ev->mac);
	if (*ev->hostname) {
		text_add(&out, ", ");
		text_add_escaped(&out, ev->hostname, strlen(ev->hostname), 256);
	}
	auto_free char *line = text_take(&out);
	puts(line ? line : "out of memory");
}

static void print_event(const struct ctl *ctl, const struct rpc_event *ev, bool timestamp)
{
	char now[48];

	now_text(now);
	if (ctl->json) {
		print_json(ev, now);
	} else {
		if (timestamp)
			printf("%s: ", now);
		printf("event '%s' for %s%s: ", type_name(ev->id), *ev->net.name ? "network " : "",
		       *ev->net.name ? ev->net.name : "the host");
		if (ev->id == RPC_EVENT_LIFECYCLE)
			puts(lifecycle_text(ev->event));
		else if (ev->id == RPC_EVENT_CONDITION)
			print_condition(ev);
		else if (ev->id == RPC_EVENT_LEASE)
			print_lease(ev);
		else
			printf("type %s, uri %s\n", metadata_text(ev->event),
			       *ev->uri ? ev->uri : "<null>");
	}
	fflush(stdout);
}

/* Returns how many events came; *ret_why says what ended the loop, NULL for enough events. -1 on
 * failure. */
static int listen_events(struct ctl *ctl, const struct args *a, enum rpc_event_id id,
			 uint32_t timeout_sec, const char **ret_why)
{
	usec_t until = timeout_sec ? clock_boottime() + timeout_sec * USEC_PER_SEC : USEC_INFINITY;
	int count = 0;

	*ret_why = NULL;
	while (count == 0 || args_has(a, "loop")) {
		usec_t now = clock_boottime();
		struct rpc_event ev;
		int r;

		if (now >= until) {
			*ret_why = "event loop timed out";
			return count;
		}
		r = client_event_wait(ctl->client,
				      until == USEC_INFINITY ? -1 : (int)((until - now) / 1000 + 1),
				      &ev, &ctl->err);
		if (r < 0)
			return -1;
		if (interrupted) {
			*ret_why = "event loop interrupted";
			return count;
		}
		if (r == 0 || ev.id != id)
			continue;
		print_event(ctl, &ev, args_has(a, "timestamp"));
		count++;
	}
	return count;
}

static int subscribe(struct ctl *ctl, const struct args *a, enum rpc_event_id id)
{
	const char *name = args_text(a, "network");
	struct rpc_net net;
	int32_t callback;

	if (name ? ctl_network(ctl, a, ACCESS_READ, &net) < 0 : ctl_connect(ctl, ACCESS_READ) < 0)
		return -1;
	return client_event_register(ctl->client, id, name ? &net : NULL, &callback, &ctl->err);
}

static int list_events(struct ctl *ctl)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (ctl->json)
			json_array_append_new(list, json_string(types[i].name));
		else
			puts(types[i].name);
	}
	if (ctl->json)
		return say_json(ctl, json_pack("{s:o}", "events", list));
	json_decref(list);
	return 0;
}

static int run_event(struct ctl *ctl, const struct args *a)
{
	struct sigaction sa = { .sa_handler = on_interrupt }; /* no SA_RESTART: the wait must end */
	const char *event = args_text(a, "event"), *why;
	uint32_t timeout_sec = 0;
	enum rpc_event_id id;
	int count;

	if (args_has(a, "list"))
		return list_events(ctl);
	if (!event)
		return fail(ctl, "either --list or --event <type> is required");
	if (!find_type(event, &id))
		return fail(ctl, "unknown event type %s", event);
	if (args_number(a, "timeout", 1, 1000000, &timeout_sec) < 0 || subscribe(ctl, a, id) < 0)
		return 1;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	count = listen_events(ctl, a, id, timeout_sec, &why);
	if (count < 0)
		return 1;
	if (why)
		say(ctl, "%s\n", why);
	say(ctl, "events received: %d\n", count);
	return count ? 0 : 1;
}

static const struct opt event_opts[] = {
	{ "network", OPT_TEXT, "filter by network name or uuid" },
	{ "event", OPT_TEXT, "which event type to wait for" },
	{ "loop", OPT_FLAG, "loop until timeout or interrupt, rather than one-shot" },
	{ "timeout", OPT_NUMBER, "timeout seconds" },
	{ "list", OPT_FLAG, "list valid event types" },
	{ "timestamp", OPT_FLAG, "show timestamp for each printed event" },
	{ NULL }
};

// clang-format off
const struct verb event_verbs[] = {
	{ "net-event", "Network Events",
	  "List event types, or wait for network events to occur.", event_opts, run_event },
	{ NULL },
};
// clang-format on
