// SPDX-License-Identifier: GPL-2.0-or-later
/* connect.c — finding and opening the daemon's socket. */
#include "netctl/connect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SOCKET "/run/libvirt/virtnetworkd-sock"

/* What to do about a socket that doesn't answer. */
static const char *advice(int code, const struct ctl *ctl)
{
	if (code == EACCES || code == EPERM)
		return "run netctl as root, or as a member of the group that the socket belongs to";
	if (code != ENOENT && code != ECONNREFUSED)
		return "see the log of netd";
	if (ctl->socket)
		return "nothing listens there: check --connect";
	if (*ctl->root)
		return "netd is not running there: start it with 'netd --root DIR', or check "
		       "--root";
	return "netd is not running: start it with 'systemctl start netd', or from its source tree "
	       "with "
	       "'./bootstrap run'";
}

int ctl_connect(struct ctl *ctl, enum access access)
{
	char path[108], read_only[sizeof(path) + 4];
	int r;

	snprintf(path, sizeof(path), "%s", ctl->socket ? ctl->socket : SOCKET);
	if (!ctl->socket &&
	    snprintf(path, sizeof(path), "%s" SOCKET, ctl->root) >= (int)sizeof(path) - 3) {
		fail(ctl,
		     "the path of a socket has at most 107 characters: choose a shorter --root");
		return -1;
	}
	r = client_open(path, false, &ctl->client, &ctl->err);
	if ((r == -EACCES || r == -EPERM) && access == ACCESS_READ && !ctl->socket) {
		snprintf(read_only, sizeof(read_only), "%s-ro", path);
		err_clear(&ctl->err);
		r = client_open(read_only, true, &ctl->client, &ctl->err);
	}
	if (r == 0)
		return 0;
	fail(ctl, "failed to connect to netd");
	fail(ctl, "%s; %s", ctl->err.msg, advice(-r, ctl));
	err_clear(&ctl->err);
	return -1;
}

int ctl_network(struct ctl *ctl, const struct args *args, enum access access, struct rpc_net *ret)
{
	const char *name = args_text(args, "network");

	if (ctl_connect(ctl, access) < 0)
		return -1;
	if (client_lookup(ctl->client, name, ret, &ctl->err) == 0)
		return 0;
	fail(ctl, "failed to get network '%s'", name);
	return -1;
}

int ctl_affect(const struct ctl *ctl, const struct args *args, uint32_t *ret)
{
	if (!args_exclusive(ctl, args, "current", "live") ||
	    !args_exclusive(ctl, args, "current", "config"))
		return -1;
	*ret = (args_has(args, "live") ? RPC_AFFECT_LIVE : 0) |
	       (args_has(args, "config") ? RPC_AFFECT_CONFIG : 0);
	return 0;
}
