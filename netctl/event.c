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

static void print_event(const struct ctl *ctl, const struct rpc_event *ev, bool timestamp)
{
	char now[48];

	if (ctl->json) {
		json_t *o =
		    json_pack("{s:s, s:s, s:s, s:s}", "time", now_text(now), "event", "lifecycle",
			      "network", ev->net.name, "change", lifecycle_text(ev->event));
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
	} else {
		if (timestamp)
			printf("%s: ", now_text(now));
		printf("event 'lifecycle' for network %s: %s\n", ev->net.name,
		       lifecycle_text(ev->event));
	}
	fflush(stdout);
}

/* Returns how many events came; *ret_why says what ended the loop, NULL for enough events. -1 on
 * failure. */
static int listen_events(struct ctl *ctl, const struct args *a, uint32_t timeout_sec,
			 const char **ret_why)
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
		if (r == 0 || ev.id != RPC_EVENT_LIFECYCLE)
			continue;
		print_event(ctl, &ev, args_has(a, "timestamp"));
		count++;
	}
	return count;
}

static int subscribe(struct ctl *ctl, const struct args *a)
{
	const char *name = args_text(a, "network");
	struct rpc_net net;
	int32_t callback;

	if (name ? ctl_network(ctl, a, ACCESS_READ, &net) < 0 : ctl_connect(ctl, ACCESS_READ) < 0)
		return -1;
	return client_event_register(ctl->client, RPC_EVENT_LIFECYCLE, name ? &net : NULL,
				     &callback, &ctl->err);
}

static int run_event(struct ctl *ctl, const struct args *a)
{
	struct sigaction sa = { .sa_handler = on_interrupt }; /* no SA_RESTART: the wait must end */
	const char *event = args_text(a, "event"), *why;
	uint32_t timeout_sec = 0;
	int count;

	if (args_has(a, "list")) {
		puts("lifecycle");
		return 0;
	}
	if (!event)
		return fail(ctl, "either --list or --event <type> is required");
	if (strcmp(event, "lifecycle") != 0)
		return fail(ctl, "unknown event type %s", event);
	if (args_number(a, "timeout", 1, 1000000, &timeout_sec) < 0 || subscribe(ctl, a) < 0)
		return 1;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	count = listen_events(ctl, a, timeout_sec, &why);
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
