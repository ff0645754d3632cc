// SPDX-License-Identifier: GPL-2.0-or-later
/* networks.c — the verbs on one network: define, create, start, destroy, undefine, autostart, and
 * what is said about it: info, dumpxml, name, uuid. */
#include "netctl/connect.h"
#include "netctl/document.h"
#include "netctl/xpath.h"

#include <stdio.h>
#include <string.h>

typedef int from_xml_fn(struct rpc_client *c, const char *xml, uint32_t flags, struct rpc_net *ret,
			struct err *e);

static int from_file(struct ctl *ctl, const struct args *a, from_xml_fn *call, const char *verb,
		     const char *done)
{
	const char *path = args_text(a, "file");
	auto_free char *xml = document_read(ctl, path);
	struct rpc_net net;

	if (!xml || ctl_connect(ctl, ACCESS_WRITE) < 0)
		return 1;
	if (call(ctl->client, xml, args_has(a, "validate") ? RPC_DEFINE_VALIDATE : 0, &net,
		 &ctl->err) < 0)
		return fail(ctl, "Failed to %s network from %s", verb, path);
	say(ctl, "Network %s %s from %s\n", net.name, done, path);
	return 0;
}

static int run_define(struct ctl *ctl, const struct args *a)
{
	return from_file(ctl, a, client_define_xml, "define", "defined");
}

static int run_create(struct ctl *ctl, const struct args *a)
{
	return from_file(ctl, a, client_create_xml, "create", "created");
}

typedef int change_fn(struct rpc_client *c, const struct rpc_net *net, struct err *e);

static int change(struct ctl *ctl, const struct args *a, change_fn *call, const char *verb,
		  const char *done)
{
	const char *name = args_text(a, "network");
	struct rpc_net net;

	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return 1;
	if (call(ctl->client, &net, &ctl->err) < 0)
		return fail(ctl, "Failed to %s network %s", verb, name);
	say(ctl, "Network %s %s\n", net.name, done);
	return 0;
}

static int run_destroy(struct ctl *ctl, const struct args *a)
{
	return change(ctl, a, client_destroy, "destroy", "destroyed");
}

static int run_undefine(struct ctl *ctl, const struct args *a)
{
	return change(ctl, a, client_undefine, "undefine", "has been undefined");
}

static int run_autostart(struct ctl *ctl, const struct args *a)
{
	const char *name = args_text(a, "network"),
		   *mark = args_has(a, "disable") ? "unmark" : "mark";
	struct rpc_net net;

	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return 1;
	if (client_set_autostart(ctl->client, &net, !args_has(a, "disable"), &ctl->err) < 0)
		return fail(ctl, "failed to %s network %s as autostarted", mark, name);
	say(ctl, "Network %s %sed as autostarted\n", net.name, mark);
	return 0;
}

static int run_dumpxml(struct ctl *ctl, const struct args *a)
{
	auto_free char *xml = NULL;
	struct rpc_net net;

	if (ctl_network(ctl, a, ACCESS_READ, &net) < 0 ||
	    client_get_xml(ctl->client, &net, args_has(a, "inactive") ? RPC_XML_INACTIVE : 0, &xml,
			   &ctl->err) < 0)
		return 1;
	if (!ctl->json)
		return xpath_print(ctl, a, xml);
	return say_json(ctl, json_pack("{s:s, s:s}", "name", net.name, "xml", xml));
}

struct info {
	bool active, persistent, autostart;
	char *bridge; /* NULL: has none */
};

static int get_info(struct ctl *ctl, const struct rpc_net *net, struct info *ret)
{
	struct err no_bridge = { 0 };

	if (client_is_active(ctl->client, net, &ret->active, &ctl->err) < 0 ||
	    client_is_persistent(ctl->client, net, &ret->persistent, &ctl->err) < 0 ||
	    client_get_autostart(ctl->client, net, &ret->autostart, &ctl->err) < 0)
		return -1;
	if (client_get_bridge(ctl->client, net, &ret->bridge, &no_bridge) < 0)
		ret->bridge = NULL;
	return 0;
}

static int info_json(const struct ctl *ctl, const struct rpc_net *net, const struct info *info)
{
	char uuid[UUID_TEXT_MAX];

	return say_json(ctl,
			json_pack("{s:s, s:s, s:b, s:b, s:b, s:s?}", "name", net->name, "uuid",
				  uuid_format(&net->uuid, uuid), "active", info->active,
				  "persistent", info->persistent, "autostart", info->autostart,
				  "bridge", info->bridge && *info->bridge ? info->bridge : NULL));
}

static const char *yes_no(bool b)
{
	return b ? "yes" : "no";
}

static int run_info(struct ctl *ctl, const struct args *a)
{
	struct info info = { 0 };
	char uuid[UUID_TEXT_MAX];
	struct rpc_net net;
	int r = 0;

	if (ctl_network(ctl, a, ACCESS_READ, &net) < 0 || get_info(ctl, &net, &info) < 0)
		return 1;
	if (ctl->json) {
		r = info_json(ctl, &net, &info);
	} else {
		printf("%-15s %s\n", "Name:", net.name);
		printf("%-15s %s\n", "UUID:", uuid_format(&net.uuid, uuid));
		printf("%-15s %s\n", "Active:", yes_no(info.active));
		printf("%-15s %s\n", "Persistent:", yes_no(info.persistent));
		printf("%-15s %s\n", "Autostart:", yes_no(info.autostart));
		if (info.bridge && *info.bridge)
			printf("%-15s %s\n", "Bridge:", info.bridge);
	}
	free(info.bridge);
	return r;
}

static int say_identity(const struct ctl *ctl, const struct rpc_net *net, bool name)
{
	char uuid[UUID_TEXT_MAX];

	uuid_format(&net->uuid, uuid);
	if (ctl->json)
		return say_json(ctl, json_pack("{s:s, s:s}", "name", net->name, "uuid", uuid));
	printf("%s\n", name ? net->name : uuid);
	return 0;
}

/* As in virsh only a uuid will do here, and only a name in net-uuid. */
static int run_name(struct ctl *ctl, const struct args *a)
{
	const char *text = args_text(a, "network");
	struct rpc_net net;
	struct uuid uuid;

	if (ctl_connect(ctl, ACCESS_READ) < 0)
		return 1;
	if (strlen(text) != UUID_TEXT_MAX - 1 || uuid_parse(text, &uuid) < 0 ||
	    client_lookup_uuid(ctl->client, &uuid, &net, &ctl->err) < 0)
		return fail(ctl, "failed to get network '%s'", text);
	return say_identity(ctl, &net, true);
}

static int run_uuid(struct ctl *ctl, const struct args *a)
{
	const char *text = args_text(a, "network");
	struct rpc_net net;

	if (ctl_connect(ctl, ACCESS_READ) < 0)
		return 1;
	if (client_lookup_name(ctl->client, text, &net, &ctl->err) < 0)
		return fail(ctl, "failed to get network '%s'", text);
	return say_identity(ctl, &net, false);
}

static const struct opt
    file_opts[] = { { "file", OPT_WORD,
		      "file containing an XML network description; - for standard input" },
		    { "validate", OPT_FLAG, "validate the XML against the schema" },
		    { NULL } },
    network_opts[] = { OPT_NETWORK, { NULL } },
    autostart_opts[] = { OPT_NETWORK, { "disable", OPT_FLAG, "disable autostarting" }, { NULL } },
    dumpxml_opts[] = { OPT_NETWORK,
		       { "inactive", OPT_FLAG,
			 "the definition for the next start, not the running one" },
		       OPTS_XPATH,
		       { NULL } },
    name_opts[] = { { "network", OPT_WORD, "network uuid" }, { NULL } },
    uuid_opts[] = { { "network", OPT_WORD, "network name" }, { NULL } };

// clang-format off
const struct verb network_verbs[] = {
	{ "net-autostart", "autostart a network",
	  "Configure a network to be automatically started at boot.", autostart_opts, run_autostart },
	{ "net-create", "create a network from an XML file",
	  "Create and start a network that is forgotten when it is destroyed.", file_opts, run_create },
	{ "net-define", "define an inactive persistent virtual network or modify an existing persistent one from an XML file",
	  "Define or modify a persistent virtual network. A change takes effect at its next start.", file_opts, run_define },
	{ "net-destroy", "destroy (stop) a network",
	  "Forcefully stop a given network. Its definition stays.", network_opts, run_destroy },
	{ "net-dumpxml", "network information in XML",
	  "Output the network information as an XML dump to stdout.", dumpxml_opts, run_dumpxml },
	{ "net-info", "network information",
	  "Returns basic information about the network.", network_opts, run_info },
	{ "net-name", "convert a network UUID to network name",
	  "Print the name of the network with this uuid.", name_opts, run_name },
	{ "net-undefine", "undefine a persistent network",
	  "Undefine the configuration for a persistent network. If the network is active, make it transient.",
	  network_opts, run_undefine },
	{ "net-uuid", "convert a network name to network UUID",
	  "Print the uuid of the network with this name.", uuid_opts, run_uuid },
	{ NULL },
};
// clang-format on
