/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update-link.c — <bridge> and <domain>, of which there is one at most. */
#include "network/update-internal.h"

#include <string.h>

/* The whole element but its name changes: a bridge keeps that unless another one is given. */
static void take_bridge(struct network *n, struct network *part)
{
	if (part->bridge)
		EXCHANGE(n->bridge, part->bridge);
	EXCHANGE(n->zone, part->zone);
	n->stp = part->stp;
	n->has_stp = part->has_stp;
	n->delay_sec = part->delay_sec;
	n->has_delay = part->has_delay;
	n->mac_table_manager = part->mac_table_manager;
}

int update_bridge(const struct change *c)
{
	struct network *n = c->def, *part = c->part;
	bool ours = network_owns_bridge(n), has = ours || n->bridge || n->mac_table_manager;

	if (change_adds(c) && has)
		return change_refuse(c, "there is an existing bridge entry in network '%s'",
				     n->name);
	if (!change_adds(c) && !has)
		return change_refuse(c, "couldn't find a bridge entry in network '%s'", n->name);
	if (c->command == NETWORK_UPDATE_DELETE) {
		if (ours)
			return change_refuse(
			    c, "the bridge of network '%s' is made for it and cannot be deleted",
			    n->name);
		if (part->bridge && (!n->bridge || strcmp(part->bridge, n->bridge) != 0))
			return change_refuse(c,
					     "couldn't find a bridge entry in network '%s' "
					     "matching <bridge name='%s'>",
					     n->name, part->bridge);
		free(take_ptr(n->bridge));
		free(take_ptr(part->bridge));
	}
	take_bridge(n, part);
	return 0;
}

int update_domain(const struct change *c)
{
	struct network *n = c->def, *part = c->part;

	if (c->command != NETWORK_UPDATE_DELETE && !part->domain)
		return report_refuse(c->r, ERR_XML, 0,
				     "<domain> has no attribute 'name'; add name='…'");
	if (change_adds(c) && n->domain)
		return change_refuse(c,
				     "there is an existing domain entry in network '%s': "
				     "<domain name='%s'>",
				     n->name, n->domain);
	if (!change_adds(c) && !n->domain)
		return change_refuse(c, "couldn't find a domain entry in network '%s'", n->name);
	if (c->command == NETWORK_UPDATE_DELETE) {
		if (part->domain && strcmp(part->domain, n->domain) != 0)
			return change_refuse(c,
					     "couldn't find a domain entry in network '%s' "
					     "matching <domain name='%s'>",
					     n->name, part->domain);
		free(take_ptr(part->domain));
	}
	EXCHANGE(n->domain, part->domain);
	n->domain_local_only = part->domain_local_only;
	n->domain_register = part->domain_register;
	return 0;
}
