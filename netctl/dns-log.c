// SPDX-License-Identifier: GPL-2.0-or-later
/* dns-log.c — dns-log: who asks a network's name server what, as it happens.
 *
 * Each page of queries is asked for by the number of the last one that is known; the daemon lets
 * the question wait until there is something to tell. */
#include "netctl/connect.h"

#include "base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PAUSE_MSEC 100 /* between two questions, whatever the daemon does */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static json_int_t number_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *time_text(json_int_t usec, char buf[static 48])
{
	time_t t = (time_t)(usec / 1000000);
	struct tm tm;
	char clock[24] = "";

	if (localtime_r(&t, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	snprintf(buf, 48, "%s.%03d", clock, (int)(usec / 1000 % 1000));
	return buf;
}

/* "12:00:00.123 10.0.0.2 udp A www.example.com: NOERROR, 2 records, upstream 192.0.2.1, 23.1 ms" */
static void print_query(const json_t *q)
{
	const char *name = text_of(q, "name"), *server = text_of(q, "server"),
		   *client = text_of(q, "client"), *status = text_of(q, "status"),
		   *source = text_of(q, "source"), *transport = text_of(q, "transport");
	json_int_t answers = number_of(q, "answers");
	char when[48];

	printf("%s %s %s %s %s: %s, ", time_text(number_of(q, "time-usec"), when),
	       client ? client : "?", transport ? transport : "?", name ? text_of(q, "type") : "-",
	       name ? name : "(no question)", status ? status : "?");
	printf("%" JSON_INTEGER_FORMAT " record%s, %s%s%s, %.1f ms\n", answers,
	       answers == 1 ? "" : "s", source ? source : "?", server ? " " : "",
	       server ? server : "", (double)number_of(q, "took-usec") / 1000);
}

static void print_page(const struct ctl *ctl, const json_t *page)
{
	json_int_t lost = number_of(page, "lost");
	json_t *q;
	size_t i;

	if (lost && ctl->json)
		printf("{\"lost\":%" JSON_INTEGER_FORMAT "}\n", lost);
	else if (lost)
		say(ctl, "(%" JSON_INTEGER_FORMAT " queries not shown: too many at a time)\n",
		    lost);
	json_array_foreach(json_object_get(page, "queries"), i, q)
	{
		if (ctl->json) {
			json_dumpf(q, stdout, JSON_COMPACT);
			putchar('\n');
		} else {
			print_query(q);
		}
	}
	fflush(stdout);
}

static int follow(struct ctl *ctl, const struct rpc_net *net, usec_t until)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MSEC * 1000000L };
	uint64_t after = 0;

	while (!interrupted && clock_boottime() < until) {
		auto_free char *text = NULL;
		int r = client_dns_log(ctl->client, net, after, &text, &ctl->err);
		if (interrupted)
			break;
		if (r < 0)
			return fail(ctl, "Failed to follow the queries of network %s", net->name);
		json_t *page = json_loads(text, 0, NULL);
		after = (uint64_t)number_of(page, "next");
		print_page(ctl, page);
		json_decref(page);
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int run_log(struct ctl *ctl, const struct args *a)
{
	struct sigaction sa = { .sa_handler = on_interrupt }; /* no SA_RESTART: the wait must end */
	uint32_t timeout_sec = 0;
	struct rpc_net net;

	if (args_number(a, "timeout", 1, 1000000, &timeout_sec) < 0 ||
	    ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return 1;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	return follow(ctl, &net,
		      timeout_sec ? clock_boottime() + timeout_sec * USEC_PER_SEC : USEC_INFINITY);
}

static const struct opt log_opts[] = { OPT_NETWORK,
				       { "timeout", OPT_NUMBER, "end after so many seconds" },
				       { NULL } };

// clang-format off
const struct verb dns_log_verbs[] = {
	{ "dns-log", "who asks for which name, as it happens",
	  "Follow the queries of a network's guests: who asked for what, what was answered, from where, and how long it took.", log_opts, run_log },
	{ NULL },
};
// clang-format on
