// SPDX-License-Identifier: GPL-2.0-or-later
/* port.c — port-tap and port-remove: interfaces for virtual machines that others start. */
#include "netctl/connect.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#define NOBODY_IN_PARTICULAR UINT32_MAX

static int user_id(const struct ctl *ctl, const char *text, uint32_t *ret)
{
	const struct passwd *pw;

	if (parse_u32(text, 0, UINT32_MAX - 1, ret) == 0)
		return 0;
	pw = getpwnam(text);
	if (!pw)
		return fail(ctl, "there is no user '%s'", text);
	*ret = pw->pw_uid;
	return 0;
}

static int group_id(const struct ctl *ctl, const char *text, uint32_t *ret)
{
	const struct group *gr;

	if (parse_u32(text, 0, UINT32_MAX - 1, ret) == 0)
		return 0;
	gr = getgrnam(text);
	if (!gr)
		return fail(ctl, "there is no group '%s'", text);
	*ret = gr->gr_gid;
	return 0;
}

static int run_tap(struct ctl *ctl, const struct args *a)
{
	const char *owner = args_text(a, "owner"), *group = args_text(a, "group");
	uint32_t uid = getuid(), gid = NOBODY_IN_PARTICULAR, flags = 0;
	char name[16];
	struct rpc_net net;

	if ((owner && user_id(ctl, owner, &uid)) || (group && group_id(ctl, group, &gid)))
		return 1;
	flags |= args_has(a, "vnet-hdr") ? RPC_TAP_VNET_HDR : 0;
	flags |= args_has(a, "multi-queue") ? RPC_TAP_MULTI_QUEUE : 0;
	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return 1;
	if (client_tap_create(ctl->client, &net, args_text(a, "name"), uid, gid, flags, name,
			      &ctl->err) < 0)
		return fail(ctl, "Failed to create a tap on network %s", net.name);
	if (ctl->json)
		return say_json(ctl,
				json_pack("{s:s, s:s}", "interface", name, "network", net.name));
	printf("%s\n", name);
	return 0;
}

static int run_remove(struct ctl *ctl, const struct args *a)
{
	const char *interface = args_text(a, "interface");
	struct rpc_net net;

	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return 1;
	if (client_port_remove(ctl->client, &net, interface, &ctl->err) < 0)
		return fail(ctl, "Failed to remove %s from network %s", interface, net.name);
	say(ctl, "Interface %s removed from network %s\n", interface, net.name);
	return 0;
}

static const struct opt tap_opts[] = { OPT_NETWORK,
				       { "name", OPT_TEXT,
					 "the tap's name (default: the next free vnetN)" },
				       { "owner", OPT_TEXT,
					 "user that may open it (default: who calls)" },
				       { "group", OPT_TEXT, "group that may open it" },
				       { "vnet-hdr", OPT_FLAG, "frames carry a virtio header" },
				       { "multi-queue", OPT_FLAG,
					 "it can be opened several times, once for each queue" },
				       { NULL } },
			remove_opts[] = { OPT_NETWORK,
					  { "interface", OPT_WORD,
					    "the tap, as port-tap printed it" },
					  { NULL } };

// clang-format off
const struct verb port_verbs[] = {
	{ "port-tap", "create a tap on a network and print its name",
	  "The tap stays until port-remove. QEMU uses it with\n"
	  "    -netdev tap,id=n0,ifname=TAP,script=no,downscript=no -device virtio-net-pci,netdev=n0",
	  tap_opts, run_tap },
	{ "port-remove", "remove a port from a network",
	  "An interface that netd made is removed from the host too; others are taken out of the bridge.", remove_opts, run_remove },
	{ NULL },
};
// clang-format on
