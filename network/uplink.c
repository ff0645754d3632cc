/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether an <netd:uplink> fits into its network. */
#include "network/validate.h"

#include <string.h>

static int refuse(struct report *r, const struct netd_uplink *u, const char *why)
{
	return report_unwise(r, ERR_CONFIG_UNSUPPORTED, u->line, "<netd:uplink dev='%.15s'> %s",
			     u->dev, why);
}

int validate_uplink(struct report *r, const struct network *n)
{
	const struct netd_uplink *u = &n->options.uplink;

	if (!u->dev)
		return 0;
	if (n->forward.mode != FORWARD_BRIDGE)
		return refuse(r, u,
			      "needs <forward mode='bridge'/>: guests are on the uplink's own "
			      "network then, and netd makes the bridge");
	if (n->forward.n_interfaces || n->forward.pf)
		return refuse(r, u,
			      "and devices in <forward> (macvtap) exclude each other; remove one");
	if (n->virtualport.given)
		return refuse(r, u, "and <virtualport> exclude each other: the bridge is Linux's");
	if (n->bridge && !strcmp(n->bridge, u->dev))
		return refuse(r, u,
			      "cannot be the bridge as well; give <bridge> another name. (A bridge "
			      "that the host has already is used without <netd:uplink>.)");
	return 0;
}
