// SPDX-License-Identifier: GPL-2.0-or-later
/* start.c — net-start, of one network or of all. */
#include "netctl/connect.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define PROGRESS_EVERY (100 * USEC_PER_MSEC)

static int start_one(struct ctl *ctl, const struct args *a)
{
	const char *name = args_text(a, "network");
	struct rpc_net net;

	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return 1;
	if (client_start(ctl->client, &net, &ctl->err) < 0)
		return fail(ctl, "Failed to start network %s", name);
	say(ctl, "Network %s started\n", net.name);
	return 0;
}

struct all {
	struct ctl *ctl;
	size_t n, done, failed;
	bool draws; /* a line on the terminal shows how far it is */
	usec_t drawn;
	json_t *started, *refused;
};

static void draw(struct all *s, const char *name)
{
	usec_t now = clock_boottime();

	if (!s->draws || (name && now - s->drawn < PROGRESS_EVERY))
		return;
	s->drawn = now;
	if (name)
		fprintf(stderr, "\r\033[K%zu of %zu networks: %s", s->done, s->n, name);
	else
		fputs("\r\033[K", stderr);
	fflush(stderr);
}

static void start_row(struct all *s, const struct rpc_net *net)
{
	struct ctl *ctl = s->ctl;

	draw(s, net->name);
	s->done++;
	if (client_start(ctl->client, net, &ctl->err) == 0) {
		json_array_append_new(s->started, json_string(net->name));
		if (!s->draws)
			say(ctl, "Network %s started (%zu of %zu)\n", net->name, s->done, s->n);
		return;
	}
	s->failed++;
	if (s->draws)
		fputs("\r\033[K", stderr);
	fail(ctl, "Failed to start network %s", net->name);
	fail(ctl, "%s", ctl->err.msg);
	json_array_append_new(s->refused,
			      json_pack("{s:s, s:s}", "network", net->name, "error", ctl->err.msg));
	err_clear(&ctl->err);
}

static int finish(struct all *s)
{
	struct ctl *ctl = s->ctl;

	draw(s, NULL);
	if (ctl->json)
		return say_json(ctl, json_pack("{s:o, s:o}", "started", s->started, "failed",
					       s->refused)) ||
		       s->failed;
	json_decref(s->started);
	json_decref(s->refused);
	if (!s->n)
		say(ctl, "All networks are active\n");
	else if (s->draws || s->failed)
		say(ctl, "%zu of %zu networks started\n", s->n - s->failed, s->n);
	return s->failed ? 1 : 0;
}

/* In the order of their names; one that can't be started keeps no other from it. */
static int start_all(struct ctl *ctl, uint32_t which)
{
	struct rpc_row *rows = NULL;
	struct all s = { .ctl = ctl,
			 .draws = !ctl->quiet && !ctl->json && isatty(STDERR_FILENO),
			 .started = json_array(),
			 .refused = json_array() };

	if (ctl_connect(ctl, ACCESS_WRITE) < 0 ||
	    client_list(ctl->client, RPC_LIST_INACTIVE | which, &rows, &s.n, &ctl->err) < 0)
		return 1;
	for (size_t i = 0; i < s.n; i++)
		start_row(&s, &rows[i].net);
	free(rows);
	return finish(&s);
}

static int run_start(struct ctl *ctl, const struct args *a)
{
	bool all = args_has(a, "all"), autostart = args_has(a, "autostart");

	if ((all || autostart) && args_has(a, "network"))
		return fail(ctl, "--all and --autostart start many networks, a name one: give one "
				 "of the two");
	if (all || autostart)
		return start_all(ctl, autostart ? RPC_LIST_AUTOSTART : 0);
	return start_one(ctl, a);
}

static const struct opt start_opts[] = {
	{ "network", OPT_WORD, "network name or uuid", { "all", "autostart" } },
	{ "all", OPT_FLAG, "all networks that don't run" },
	{ "autostart", OPT_FLAG, "all of those that are marked as autostarted" },
	{ NULL }
};

// clang-format off
const struct verb start_verbs[] = {
	{ "net-start", "start a (previously defined) inactive network",
	  "Start a network, or all.", start_opts, run_start },
	{ NULL },
};
// clang-format on
