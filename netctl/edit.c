// SPDX-License-Identifier: GPL-2.0-or-later
/* edit.c — net-edit: the definition of a network in the user's editor. */
#include "netctl/connect.h"
#include "netctl/editor.h"

static char *get_definition(struct ctl *ctl, void *data)
{
	const struct rpc_net *net = data;
	char *xml;

	return client_get_xml(ctl->client, net, RPC_XML_INACTIVE, &xml, &ctl->err) < 0 ? NULL : xml;
}

static int put_definition(struct ctl *ctl, void *data, const char *xml)
{
	struct rpc_net *net = data;

	return client_define_xml(ctl->client, xml, 0, net, &ctl->err);
}

static int run_edit(struct ctl *ctl, const struct args *a)
{
	struct rpc_net net;
	const struct edit edit = { .data = &net, .get = get_definition, .put = put_definition };

	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return 1;
	switch (editor_edit(ctl, &edit)) {
	case EDIT_FAILED:
		return 1;
	case EDIT_UNCHANGED:
		say(ctl, "Network %s XML configuration not changed.\n", net.name);
		return 0;
	case EDIT_CHANGED:
		break;
	}
	say(ctl, "Network %s XML configuration edited.\n", net.name);
	return 0;
}

static const struct opt edit_opts[] = { OPT_NETWORK, { NULL } };

// clang-format off
const struct verb edit_verbs[] = {
	{ "net-edit", "edit XML configuration for a network",
	  "Edit the XML configuration for a network. It takes effect at the network's next start.", edit_opts, run_edit },
	{ NULL },
};
// clang-format on
