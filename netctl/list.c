// SPDX-License-Identifier: GPL-2.0-or-later
/* list.c — the verbs that print tables: net-list and net-dhcp-leases. */
#include "netctl/columns.h"
#include "netctl/connect.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *yes_no(bool b)
{
	return b ? "yes" : "no";
}

static uint32_t list_flags(const struct args *a)
{
	uint32_t flags = RPC_LIST_ACTIVE;

	if (args_has(a, "inactive"))
		flags = RPC_LIST_INACTIVE;
	if (args_has(a, "all"))
		flags = RPC_LIST_INACTIVE | RPC_LIST_ACTIVE;
	flags |= args_has(a, "persistent") ? RPC_LIST_PERSISTENT : 0;
	flags |= args_has(a, "transient") ? RPC_LIST_TRANSIENT : 0;
	flags |= args_has(a, "autostart") ? RPC_LIST_AUTOSTART : 0;
	flags |= args_has(a, "no-autostart") ? RPC_LIST_NO_AUTOSTART : 0;
	return flags;
}

static int rows_json(const struct ctl *ctl, const struct rpc_row *row, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct rpc_row *r = &row[i];
		char uuid[UUID_TEXT_MAX];

		json_array_append_new(
		    list,
		    json_pack("{s:s, s:s, s:b, s:b, s:b, s:s?, s:s?}", "name", r->net.name, "uuid",
			      uuid_format(&r->net.uuid, uuid), "active", r->active, "autostart",
			      r->autostart, "persistent", r->persistent, "bridge",
			      *r->bridge ? r->bridge : NULL, "title", *r->title ? r->title : NULL));
	}
	return say_json(ctl, json_pack("{s:o}", "networks", list));
}

static int rows_table(const struct ctl *ctl, const struct rpc_row *row, size_t n, bool title)
{
	static const char *const titles[] = { "Name", "State", "Autostart", "Persistent", NULL },
				 *const with_title[] = { "Name",       "State", "Autostart",
							 "Persistent", "Title", NULL };
	struct columns *c = columns_new(title ? with_title : titles);
	int r = -1;

	for (size_t i = 0; c && i < n; i++) {
		const char *cells[] = { row[i].net.name, row[i].active ? "active" : "inactive",
					yes_no(row[i].autostart), yes_no(row[i].persistent),
					row[i].title };
		columns_add(c, cells);
	}
	if (c)
		r = columns_print(c, !ctl->quiet);
	columns_free(c);
	return r < 0 ? fail(ctl, "Out of memory") : 0;
}

static int run_list(struct ctl *ctl, const struct args *a)
{
	auto_free struct rpc_row *row = NULL;
	bool name = args_has(a, "name"), uuid = args_has(a, "uuid");
	char text[UUID_TEXT_MAX];
	size_t n = 0;

	if (name + uuid + args_has(a, "table") > 1)
		return fail(ctl,
			    "Only one argument from --table, --name and --uuid may be specified.");
	if (ctl_connect(ctl, ACCESS_READ) < 0)
		return 1;
	if (client_list(ctl->client, list_flags(a), &row, &n, &ctl->err) < 0)
		return fail(ctl, "Failed to list networks");
	if (ctl->json)
		return rows_json(ctl, row, n);
	if (!name && !uuid)
		return rows_table(ctl, row, n, args_has(a, "title"));
	for (size_t i = 0; i < n; i++)
		printf("%s\n", name ? row[i].net.name : uuid_format(&row[i].net.uuid, text));
	return 0;
}

static int by_mac(const void *a, const void *b)
{
	const struct rpc_lease *x = a, *y = b;

	return strcmp(x->mac ? x->mac : "", y->mac ? y->mac : "");
}

static const char *expiry_text(int64_t seconds, char buf[static 32])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!localtime_r(&t, &tm) || strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return NULL;
	return buf;
}

static int leases_table(const struct ctl *ctl, const struct rpc_leases *leases)
{
	static const char *const titles[] = { "Expiry Time", "MAC address", "Protocol",
					      "IP address",  "Hostname",    "Client ID or DUID",
					      NULL };
	struct columns *c = columns_new(titles);
	int r = -1;

	for (size_t i = 0; c && i < leases->n; i++) {
		const struct rpc_lease *l = &leases->lease[i];
		char expiry[32], ip[IP_TEXT_MAX + 16];

		snprintf(ip, sizeof(ip), "%s/%u", l->ip, l->prefix);
		columns_add(c, (const char *[]){ expiry_text(l->expiry_sec, expiry), l->mac,
						 l->type == RPC_LEASE_IPV6 ? "ipv6" : "ipv4", ip,
						 l->hostname, l->client_id });
	}
	if (c)
		r = columns_print(c, !ctl->quiet);
	columns_free(c);
	return r < 0 ? fail(ctl, "Out of memory") : 0;
}

static int leases_json(const struct ctl *ctl, const struct rpc_leases *leases)
{
	json_t *list = json_array();

	for (size_t i = 0; i < leases->n; i++) {
		const struct rpc_lease *l = &leases->lease[i];
		json_t *o = json_pack("{s:s, s:i, s:s, s:s?, s:s?, s:s?, s:s?, s:s}", "ip-address",
				      l->ip, "prefix", (int)l->prefix, "protocol",
				      l->type == RPC_LEASE_IPV6 ? "ipv6" : "ipv4", "mac-address",
				      l->mac, "hostname", l->hostname, "client-id", l->client_id,
				      "iaid", l->iaid, "interface", l->interface);

		/* null: never */
		json_object_set_new(o, "expiry-time",
				    l->expiry_sec ? json_integer(l->expiry_sec) : json_null());
		json_array_append_new(list, o);
	}
	return say_json(ctl, json_pack("{s:o}", "leases", list));
}

static int run_leases(struct ctl *ctl, const struct args *a)
{
	struct rpc_leases leases = { 0 };
	struct rpc_net net;
	int r;

	if (ctl_network(ctl, a, ACCESS_READ, &net) < 0)
		return 1;
	if (client_get_leases(ctl->client, &net, args_text(a, "mac"), &leases, &ctl->err) < 0)
		return fail(ctl, "Failed to get leases info for %s", net.name);
	if (leases.n)
		qsort(leases.lease, leases.n, sizeof(*leases.lease), by_mac);
	r = ctl->json ? leases_json(ctl, &leases) : leases_table(ctl, &leases);
	rpc_leases_done(&leases);
	return r;
}

static const struct opt
    list_opts[] = { { "inactive", OPT_FLAG, "list inactive networks" },
		    { "all", OPT_FLAG, "list inactive & active networks" },
		    { "persistent", OPT_FLAG, "list persistent networks" },
		    { "transient", OPT_FLAG, "list transient networks" },
		    { "autostart", OPT_FLAG, "list networks with autostart enabled" },
		    { "no-autostart", OPT_FLAG, "list networks with autostart disabled" },
		    { "uuid", OPT_FLAG, "list uuid's only" },
		    { "name", OPT_FLAG, "list network names only" },
		    { "table", OPT_FLAG, "list table (default)" },
		    { "title", OPT_FLAG, "show network title" },
		    { NULL } },
    leases_opts[] = { OPT_NETWORK, { "mac", OPT_TEXT, "MAC address" }, { NULL } };

// clang-format off
const struct verb list_verbs[] = {
	{ "net-list", "list networks", "Returns list of networks.", list_opts, run_list },
	{ "net-dhcp-leases", "print lease info for a given network",
	  "Print lease info for a given network.", leases_opts, run_leases },
	{ NULL },
};
// clang-format on
