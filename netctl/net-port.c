// SPDX-License-Identifier: GPL-2.0-or-later
/* net-port.c — virsh's verbs on port objects: what a VM manager has asked a network for. */
#include "netctl/columns.h"
#include "netctl/connect.h"
#include "netctl/document.h"
#include "netctl/xpath.h"

#include <stdio.h>
#include <string.h>

static int by_uuid(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

static int list_table(const struct ctl *ctl, const struct uuid *uuids, size_t n)
{
	struct columns *c = columns_new((const char *const[]){ "UUID", NULL });
	char text[UUID_TEXT_MAX];
	int r = -1;

	for (size_t i = 0; c && i < n; i++)
		columns_add(c, (const char *[]){ uuid_format(&uuids[i], text) });
	if (c)
		r = columns_print(c, !ctl->quiet);
	columns_free(c);
	return r < 0 ? fail(ctl, "Out of memory") : 0;
}

static int list_json(const struct ctl *ctl, const struct rpc_net *net, const struct uuid *uuids,
		     size_t n)
{
	json_t *list = json_array();
	char text[UUID_TEXT_MAX];

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(uuid_format(&uuids[i], text)));
	return say_json(ctl, json_pack("{s:s, s:o}", "network", net->name, "ports", list));
}

static int run_list(struct ctl *ctl, const struct args *a)
{
	auto_free struct uuid *uuids = NULL;
	char text[UUID_TEXT_MAX];
	struct rpc_net net;
	size_t n = 0;

	if (args_has(a, "table") && args_has(a, "uuid"))
		return fail(ctl, "Only one argument from --table and --uuid may be specified.");
	if (ctl_network(ctl, a, ACCESS_READ, &net) < 0)
		return 1;
	if (client_port_list(ctl->client, &net, &uuids, &n, &ctl->err) < 0)
		return 1; /* virsh says no more than the reason either */
	if (n)
		qsort(uuids, n, sizeof(*uuids), by_uuid);
	if (ctl->json)
		return list_json(ctl, &net, uuids, n);
	if (!args_has(a, "uuid"))
		return list_table(ctl, uuids, n);
	for (size_t i = 0; i < n; i++)
		printf("%s\n", uuid_format(&uuids[i], text));
	return 0;
}

static int run_create(struct ctl *ctl, const struct args *a)
{
	const char *path = args_text(a, "file");
	auto_free char *xml = NULL;
	char text[UUID_TEXT_MAX];
	struct rpc_net net;
	struct rpc_port port;

	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0 || !(xml = document_read(ctl, path)))
		return 1;
	if (client_port_create(ctl->client, &net, xml,
			       args_has(a, "validate") ? RPC_PORT_VALIDATE : 0, &port,
			       &ctl->err) < 0)
		return fail(ctl, "Failed to create network from %s", path);
	uuid_format(&port.uuid, text);
	if (ctl->json)
		return say_json(ctl, json_pack("{s:s, s:s}", "network", net.name, "uuid", text));
	say(ctl, "Network port %s created from %s\n", text, path);
	return 0;
}

/* The port that is named by its uuid. 0; or, when the failure has been printed, the exit status in
 * *ret_status: virsh says no reason and ends with 0 when there is no such port or network, and
 * scripts know it so. */
static int the_port(struct ctl *ctl, const struct args *a, enum access access, struct rpc_port *ret,
		    int *ret_status)
{
	const char *text = args_text(a, "port");
	struct rpc_net net;
	struct uuid uuid;

	*ret_status = 1;
	if (ctl_network(ctl, a, access, &net) < 0) {
		*ret_status = ctl->err.class != ERR_NO_NETWORK;
	} else if (strlen(text) != UUID_TEXT_MAX - 1 || uuid_parse(text, &uuid) < 0 ||
		   client_port_lookup(ctl->client, &net, &uuid, ret, &ctl->err) < 0) {
		*ret_status = ctl->err.code && ctl->err.class != ERR_NO_NETWORK_PORT;
		fail(ctl, "failed to get network port '%s'", text);
	} else {
		return 0;
	}
	if (*ret_status == 0)
		err_clear(&ctl->err);
	return -1;
}

static int run_dumpxml(struct ctl *ctl, const struct args *a)
{
	auto_free char *xml = NULL;
	struct rpc_port port;
	int status;

	if (the_port(ctl, a, ACCESS_READ, &port, &status) < 0)
		return status;
	if (client_port_get_xml(ctl->client, &port, &xml, &ctl->err) < 0)
		return 1;
	if (ctl->json)
		return say_json(ctl, json_pack("{s:s}", "xml", xml));
	return xpath_print(ctl, a, xml);
}

static int run_delete(struct ctl *ctl, const struct args *a)
{
	const char *text = args_text(a, "port");
	struct rpc_port port;
	int status;

	if (the_port(ctl, a, ACCESS_WRITE, &port, &status) < 0)
		return status;
	if (client_port_delete(ctl->client, &port, &ctl->err) < 0)
		return fail(ctl, "Failed to delete network port %s", text);
	say(ctl, "Network port %s deleted\n", text);
	return 0;
}

#define OPT_PORT                                                                                   \
	{                                                                                          \
		"port", OPT_WORD, "port UUID"                                                      \
	}

static const struct opt
    list_opts[] = { OPT_NETWORK,
		    { "uuid", OPT_FLAG, "list uuid's only" },
		    { "table", OPT_FLAG, "list table (default)" },
		    { NULL } },
    create_opts[] = { OPT_NETWORK,
		      { "file", OPT_WORD,
			"file containing an XML network port description; - for "
			"standard input" },
		      { "validate", OPT_FLAG, "validate the XML against the schema" },
		      { NULL } },
    port_opts[] = { OPT_NETWORK, OPT_PORT, { NULL } },
    dumpxml_opts[] = { OPT_NETWORK, OPT_PORT, OPTS_XPATH, { NULL } };

// clang-format off
const struct verb net_port_verbs[] = {
	{ "net-port-list", "list network ports", "Returns list of network ports.", list_opts, run_list },
	{ "net-port-create", "create a network port from an XML file", "Create a network port.", create_opts, run_create },
	{ "net-port-dumpxml", "network port information in XML",
	  "Output the network port information as an XML dump to stdout.", dumpxml_opts, run_dumpxml },
	{ "net-port-delete", "delete the specified network port",
	  "Delete the specified network port.", port_opts, run_delete },
	{ NULL },
};
// clang-format on
