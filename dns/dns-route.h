/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-route.h — who answers for a name that has no local records: nobody, we ourselves, or which
 * upstream servers.
 *
 * A *cut* is a name at which responsibility changes: the network's domain, the reverse zones of its
 * subnets, an explicit forwarder's domain, the special-use names (RFC 6761, 6762, 7686, 8375, 9462)
 * and the empty reverse zones (RFC 6303). The longest cut that covers a name decides. */
#ifndef DNS_DNS_ROUTE_H
#define DNS_DNS_ROUTE_H

#include "base/table.h"
#include "dns/dns-group.h"
#include "dns/dns-name.h"

struct dns_routes {
	struct table cuts;
	bool forward, forward_plain_names;
	struct dns_group
	    explicit_servers; /* forwarders for everything; if any, the host's are not used */
};

enum dns_route_kind {
	DNS_ROUTE_OWN,       /* we are the authority: what isn't here does not exist */
	DNS_ROUTE_LOCALHOST, /* loopback addresses */
	DNS_ROUTE_FORWARD,
	DNS_ROUTE_REFUSED,
};
struct dns_route {
	enum dns_route_kind kind;
	bool has_apex;           /* some zone of ours covers the name … */
	unsigned apex;           /* … and begins at this label */
	struct dns_group *group; /* of DNS_ROUTE_FORWARD; NULL: the host's resolvers */
};

/* Build from a configuration. 0, -EINVAL with *e, -ENOMEM with *e; after a failure nothing is held.
 */
int dns_routes_init(struct dns_routes *t, const struct dns_config *c, struct err *e) mustcheck;
void dns_routes_done(struct dns_routes *t);
/* from_host: the host itself asks; what it has no answer for below our domain must not be sent back
 * to it. */
struct dns_route dns_route_find(struct dns_routes *t, const struct dns_name *key, uint16_t type,
				bool from_host);

/* Whether an address must not come from outside where rebinding protection is on: private,
 * loopback, link-local, unspecified, also when wrapped into IPv6. */
bool dns_address_is_private(const struct ip *ip);

#endif
