/* SPDX-License-Identifier: GPL-2.0-or-later */
/* definition.h — definitions for the tests of this room, as the parser would leave them. */
#ifndef TESTS_BRIDGE_DEFINITION_H
#define TESTS_BRIDGE_DEFINITION_H

#include "network/network.h"

#include <string.h>

#define DEFINITION_ROWS 4

struct definition {
	struct network n;
	char name[16], bridge[16];
	struct network_ip ips[DEFINITION_ROWS];
	struct network_route routes[DEFINITION_ROWS];
};

/* "lab": nat, virbr7, STP, no address yet. */
static inline void definition_init(struct definition *d)
{
	memset(d, 0, sizeof(*d));
	copy_text(d->name, sizeof(d->name), "lab");
	copy_text(d->bridge, sizeof(d->bridge), "virbr7");
	d->n = (struct network){ .name = d->name,
				 .bridge = d->bridge,
				 .stp = true,
				 .has_mac = true,
				 .ips = d->ips,
				 .routes = d->routes };
	d->n.forward.mode = FORWARD_NAT;
	if (uuid_parse("11111111-2222-3333-4444-555555555555", &d->n.uuid) < 0 ||
	    mac_parse("52:54:00:aa:bb:cc", &d->n.mac) < 0)
		abort();
}

static inline void definition_ip(struct definition *d, const char *address, unsigned prefix)
{
	struct network_ip *ip = &d->ips[d->n.n_ips++];

	if (ip_parse(address, &ip->address) < 0)
		abort();
	ip->prefix = prefix;
}

static inline void definition_route(struct definition *d, const char *to, unsigned prefix,
				    const char *via)
{
	struct network_route *r = &d->routes[d->n.n_routes++];

	if (ip_parse(to, &r->address) < 0 || ip_parse(via, &r->gateway) < 0)
		abort();
	r->prefix = prefix;
}

#endif
