// SPDX-License-Identifier: GPL-2.0-or-later
/* update.c — net-update: change one element of a definition. */
#include "netctl/connect.h"
#include "netctl/document.h"

#include <string.h>

/* By libvirt's numbers, counted from 1. */
static const char *const commands[] = { "modify", "delete", "add-last", "add-first" },
			 *const sections[] = {
				 "bridge",
				 "domain",
				 "ip",
				 "ip-dhcp-host",
				 "ip-dhcp-range",
				 "forward",
				 "forward-interface",
				 "forward-pf",
				 "portgroup",
				 "dns-host",
				 "dns-txt",
				 "dns-srv",
			 };

/* 0: not in the list. */
static unsigned number_of(const char *name, const char *const list[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return (unsigned)i + 1;
	return 0;
}

struct update {
	enum rpc_update_command command;
	enum rpc_update_section section;
	int32_t parent_index; /* negative: let the daemon find the <ip> */
	uint32_t flags;
	char *xml;
};

static int read_words(struct ctl *ctl, const struct args *a, struct update *u)
{
	const char *command = args_text(a, "command"), *section = args_text(a, "section"),
		   *xml = args_text(a, "xml");
	unsigned c = number_of(command, commands, ARRAY_LEN(commands)),
		 s = number_of(section, sections, ARRAY_LEN(sections));

	if (strcmp(command, "add") == 0)
		c = RPC_UPDATE_ADD_LAST;
	if (!c)
		return fail(ctl, "unrecognized command name '%s'", command);
	if (!s)
		return fail(ctl, "unrecognized section name '%s'", section);
	u->command = c;
	u->section = s;
	u->parent_index = -1;
	if (args_integer(a, "parent-index", &u->parent_index) < 0)
		return 1;
	u->xml = *xml == '<' ? strdup(xml) : document_read(ctl, xml);
	return u->xml ? 0 : 1;
}

/* What was changed, as virsh words it. */
static const char *affected(struct ctl *ctl, const struct rpc_net *net, uint32_t flags)
{
	struct err ignored = { 0 };
	bool active = flags == RPC_AFFECT_LIVE;

	if (flags == (RPC_AFFECT_LIVE | RPC_AFFECT_CONFIG))
		return "persistent config and live state";
	if (!flags && client_is_active(ctl->client, net, &active, &ignored) < 0)
		active = false;
	return active ? "live state" : "persistent config";
}

static int run_update(struct ctl *ctl, const struct args *a)
{
	struct update u = { 0 };
	struct rpc_net net;
	int r;

	if (ctl_affect(ctl, a, &u.flags) < 0 || ctl_network(ctl, a, ACCESS_WRITE, &net) < 0 ||
	    read_words(ctl, a, &u) != 0)
		return 1;
	r = client_update(ctl->client, &net, u.command, u.section, u.parent_index, u.xml, u.flags,
			  &ctl->err);
	free(u.xml);
	if (r < 0)
		return fail(ctl, "Failed to update network %s", net.name);
	say(ctl, "Updated network %s %s", net.name, affected(ctl, &net, u.flags));
	return 0;
}

static const struct opt update_opts[] = {
	OPT_NETWORK,
	{ "command", OPT_WORD, "type of update (add-first, add-last (add), delete, or modify)" },
	{ "section", OPT_WORD, "which section of network configuration to update" },
	{ "xml", OPT_WORD,
	  "name of file containing xml (or, if it starts with '<', the complete xml element "
	  "itself) "
	  "to add/modify, or to be matched for search; - for standard input" },
	{ "parent-index", OPT_NUMBER, "which parent object to search through" },
	OPTS_AFFECT("change the"),
	{ NULL }
};

// clang-format off
const struct verb update_verbs[] = {
	{ "net-update", "update parts of an existing network's configuration",
	  "Change one element of a definition. A running network goes on without a break.", update_opts, run_update },
	{ NULL },
};
// clang-format on
