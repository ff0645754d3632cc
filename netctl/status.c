// SPDX-License-Identifier: GPL-2.0-or-later
/* status.c — what netd says about itself and about what it built: status, check,
 * net-plan.
 *
 * The daemon sends status as one JSON object. For people it is laid out by its shape alone (a value
 * is a line, a list of objects is a table), so that a newer daemon's fields show up without a newer
 * netctl. */
#include "netctl/columns.h"
#include "netctl/conditions.h"
#include "netctl/connect.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 12

static const char *scalar_text(const json_t *v, char buf[static 64])
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return json_string_value(v);
	case JSON_INTEGER:
		snprintf(buf, 64, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return buf;
	case JSON_REAL:
		snprintf(buf, 64, "%.3f", json_real_value(v));
		return buf;
	case JSON_TRUE:
		return "yes";
	case JSON_FALSE:
		return "no";
	case JSON_NULL:
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return "-";
}

/* The first object's members are the columns. */
static int print_objects(const json_t *list, bool header)
{
	const char *titles[COLUMNS_MAX + 1] = { NULL }, *key;
	struct columns *c;
	size_t n = 0, i;
	json_t *row, *value;
	int r;

	json_object_foreach(json_array_get(list, 0), key,
			    value) if (n < COLUMNS_MAX && !json_is_object(value) &&
				       !json_is_array(value)) titles[n++] = key;
	c = columns_new(titles);
	if (!c)
		return -1;
	json_array_foreach(list, i, row)
	{
		const char *cells[COLUMNS_MAX];
		char text[COLUMNS_MAX][64];

		for (size_t k = 0; k < n; k++) {
			value = json_object_get(row, titles[k]);
			cells[k] = value ? scalar_text(value, text[k]) : NULL;
		}
		columns_add(c, cells);
	}
	r = columns_print(c, header);
	columns_free(c);
	return r;
}

static void print_object(const json_t *o, const char *prefix, bool header)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)o, key, value)
	{
		char name[128], text[64];

		snprintf(name, sizeof(name), "%s%s", prefix, key);
		if (json_is_object(value)) {
			strncat(name, "-", sizeof(name) - strlen(name) - 1);
			print_object(value, name, header);
		} else if (!*prefix && strcmp(key, "conditions") == 0) {
			conditions_print(value);
		} else if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
			printf("\n%s:\n", name);
			if (print_objects(value, header) < 0)
				fputs("error: out of memory\n", stderr);
		} else if (!json_is_array(value)) {
			strncat(name, ":", sizeof(name) - strlen(name) - 1);
			printf("%-15s %s\n", name, scalar_text(value, text));
		}
	}
}

static int run_status(struct ctl *ctl, const struct args *a)
{
	auto_free char *text = NULL;
	json_error_t why;
	json_t *o;

	if (ctl_connect(ctl, ACCESS_READ) < 0 || client_status(ctl->client, &text, &ctl->err) < 0)
		return 1;
	o = json_loads(text, 0, &why);
	if (!json_is_object(o)) {
		json_decref(o);
		return fail(
		    ctl,
		    "netd's status is not JSON (%s): netctl and netd are of different versions",
		    why.text);
	}
	if (ctl->json) {
		/* "version" is the schema's in all that netctl prints. */
		json_object_set(o, "netd-version", json_object_get(o, "version"));
		json_object_del(o, "version");
		return say_json(ctl, o);
	}
	print_object(o, "", !ctl->quiet);
	json_decref(o);
	return 0;
}

static int run_plan(struct ctl *ctl, const struct args *a)
{
	auto_free char *text = NULL;
	struct rpc_net net;

	if (ctl_network(ctl, a, ACCESS_READ, &net) < 0 ||
	    client_plan(ctl->client, &net, RPC_PLAN_ALL, &text, &ctl->err) < 0)
		return 1;
	if (ctl->json)
		return say_json(ctl, json_pack("{s:s, s:s}", "network", net.name, "plan", text));
	fputs(text, stdout);
	if (!*text)
		say(ctl, "Network %s is as its definition says: nothing to change\n", net.name);
	return 0;
}

static const struct opt no_opts[] = { { NULL } }, network_opts[] = { OPT_NETWORK, { NULL } };

// clang-format off
const struct verb status_verbs[] = {
	{ "status", "how netd is doing",
	  "Version, processes, networks and their state, and what is wrong now: since when, and what to do about it.", no_opts, run_status },
	{ "net-plan", "what netd would do to start a network",
	  "Print, and don't do, the steps that make the kernel what the network's definition says: links, addresses,\n"
	  "    routes, sysctls, firewall rules.",
	  network_opts, run_plan },
	{ NULL },
};
// clang-format on
