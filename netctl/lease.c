// SPDX-License-Identifier: GPL-2.0-or-later
/* lease.c — the verbs on leases: lease-list, lease-release, lease-pin, lease-history. */
#include "netctl/columns.h"
#include "netctl/connect.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- what is printed ---- */

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static const char *time_text(const json_t *o, const char *key, char buf[static 32])
{
	const json_t *v = json_object_get(o, key);
	time_t t = (time_t)json_integer_value(v);
	struct tm tm;

	return json_is_integer(v) && localtime_r(&t, &tm) &&
		       strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm)
		   ? buf
		   : NULL;
}

static int print(const struct ctl *ctl, struct columns *c)
{
	int r = c ? columns_print(c, !ctl->quiet) : -1;

	columns_free(c);
	return r < 0 ? fail(ctl, "Out of memory") : 0;
}

/* ---- lease-list ---- */

/* Keep what is this guest's: its MAC, its name, or one of its addresses. */
static void keep_guest(json_t *list, const char *guest)
{
	const char *mac = guest;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		const char *name = text_of(o, "hostname"), *ip = text_of(o, "ip-address");
		if ((name && strcasecmp(name, guest) == 0) || (ip && strcmp(ip, guest) == 0))
			mac = text_of(o, "mac-address");
	}
	char copy[MAC_TEXT_MAX];
	copy_text(copy, sizeof(copy), mac);
	for (size_t i = json_array_size(list); i-- > 0;)
		if (strcasecmp(text_of(json_array_get(list, i), "mac-address"), copy) != 0)
			json_array_remove(list, i);
}

static int leases_table(const struct ctl *ctl, const json_t *list)
{
	static const char *const titles[] = { "MAC address", "IP address", "Hostname", "State",
					      "Since",       "Expires",    NULL };
	struct columns *c = columns_new(titles);
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		char ip[IP_TEXT_MAX + 16], since[32], until[32];
		bool declined = strcmp(text_of(o, "state"), "declined") == 0;

		snprintf(ip, sizeof(ip), "%s/%d", text_of(o, "ip-address"),
			 (int)json_integer_value(json_object_get(o, "prefix")));
		const char *expires = time_text(o, "expiry-time", until);
		columns_add(c, (const char *[]){
				   text_of(o, "mac-address"), ip, text_of(o, "hostname"),
				   declined                                     ? "declined"
				   : json_is_true(json_object_get(o, "static")) ? "static"
										: "bound",
				   time_text(o, "since", since), expires ? expires : "never" });
	}
	return print(ctl, c);
}

static void say_pools(const struct ctl *ctl, const json_t *pools)
{
	const json_t *o;
	size_t i;

	json_array_foreach(pools, i, o)
	{
		say(ctl,
		    "%s pool: %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
		    " addresses bound, %" JSON_INTEGER_FORMAT " declined, %" JSON_INTEGER_FORMAT
		    " free\n",
		    text_of(o, "protocol"), json_integer_value(json_object_get(o, "bound")),
		    json_integer_value(json_object_get(o, "size")),
		    json_integer_value(json_object_get(o, "declined")),
		    json_integer_value(json_object_get(o, "free")));
	}
}

static int run_list(struct ctl *ctl, const struct args *a)
{
	const char *guest = args_text(a, "guest");
	auto_free char *text = NULL;
	struct rpc_net net;

	if (ctl_network(ctl, a, ACCESS_READ, &net) < 0)
		return 1;
	if (client_lease_list(ctl->client, &net, &text, &ctl->err) < 0)
		return fail(ctl, "Failed to list the leases of network %s", net.name);
	json_t *reply = json_loads(text, 0, NULL);
	json_t *list = json_object_get(reply, "leases");
	if (guest)
		keep_guest(list, guest);
	if (ctl->json)
		return say_json(ctl, reply);
	int r = leases_table(ctl, list);
	say_pools(ctl, json_object_get(reply, "pools"));
	json_decref(reply);
	return r;
}

/* ---- lease-release, lease-pin ---- */

typedef int lease_fn(struct rpc_client *c, const struct rpc_net *net, const char *address,
		     struct err *e);

static int change(struct ctl *ctl, const struct args *a, lease_fn *call, const char *verb,
		  const char *done)
{
	const char *address = args_text(a, "address");
	struct rpc_net net;

	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return 1;
	if (call(ctl->client, &net, address, &ctl->err) < 0)
		return fail(ctl, "Failed to %s the lease of %s in network %s", verb, address,
			    net.name);
	say(ctl, "Lease of %s in network %s %s\n", address, net.name, done);
	return 0;
}

static int run_release(struct ctl *ctl, const struct args *a)
{
	return change(ctl, a, client_lease_release, "release", "released");
}

static int run_pin(struct ctl *ctl, const struct args *a)
{
	return change(ctl, a, client_lease_pin, "pin", "pinned");
}

/* ---- lease-history ---- */

static int history_table(const struct ctl *ctl, const json_t *list)
{
	static const char *const titles[] = { "From",        "Until",    "IP address",
					      "MAC address", "Hostname", NULL };
	struct columns *c = columns_new(titles);
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		char from[32], until[32];
		const char *end = time_text(o, "until", until);

		columns_add(c,
			    (const char *[]){ time_text(o, "from", from), end ? end : "now",
					      text_of(o, "ip-address"), text_of(o, "mac-address"),
					      text_of(o, "hostname") });
	}
	return print(ctl, c);
}

static int run_history(struct ctl *ctl, const struct args *a)
{
	auto_free char *text = NULL;
	uint32_t max = 100;
	struct rpc_net net;
	int r = 0;

	if (args_number(a, "last", 1, RPC_LEASES_MAX, &max) < 0 ||
	    ctl_network(ctl, a, ACCESS_READ, &net) < 0)
		return 1;
	if (client_lease_history(ctl->client, &net, args_text(a, "address"), args_text(a, "mac"),
				 max, &text, &ctl->err) < 0)
		return fail(ctl, "Failed to get the history of network %s's leases", net.name);
	json_t *reply = json_loads(text, 0, NULL);
	if (ctl->json)
		return say_json(ctl, reply);
	r = history_table(ctl, json_object_get(reply, "history"));
	json_decref(reply);
	return r;
}

static const struct opt
    list_opts[] = { OPT_NETWORK,
		    { "guest", OPT_TEXT, "only of the guest with this MAC, host name or address" },
		    { NULL } },
    address_opts[] = { OPT_NETWORK, { "address", OPT_WORD, "the leased IP address" }, { NULL } },
    history_opts[] = { OPT_NETWORK,
		       { "address", OPT_TEXT, "only of this IP address" },
		       { "mac", OPT_TEXT, "only of the guest with this MAC" },
		       { "last", OPT_NUMBER, "at most so many, the newest (default: 100)" },
		       { NULL } };

// clang-format off
const struct verb lease_verbs[] = {
	{ "lease-list", "who has which address",
	  "List the leases of a network, guest by guest, and how much of its address pools is in use.", list_opts, run_list },
	{ "lease-release", "take a lease away",
	  "Free an address whoever holds it, also one that is out of service because a guest declined it.", address_opts, run_release },
	{ "lease-pin", "make a lease a static host",
	  "Add a <host> to the definition, so that the guest keeps its address.", address_opts, run_pin },
	{ "lease-history", "who had which address when",
	  "List who has had which address, newest first.", history_opts, run_history },
	{ NULL },
};
// clang-format on
