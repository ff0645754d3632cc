/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host-names.h — what the host's own resolver has to know of a running network to ask it for its
 * guests' names: domain, reverse zones, server. Pure. Who is told: netd/service/resolved.h,
 * netd/service/resolvers-file.h. */
#ifndef NETD_HOST_NAMES_H
#define NETD_HOST_NAMES_H

#include "base/addr.h"
#include "base/text.h"
#include "dns/dns.h"
#include "network/network.h"

#define HOST_NAMES_ZONES    200 /* more are left out: a /25 has 128 */
#define HOST_NAMES_ZONE_MAX 80  /* octets: IPv6's longest has 72 */

struct host_names {
	char domain[DNS_TEXT_MAX]; /* without a dot at its end; "": the network has none */
	bool local_only;           /* nobody else has names in the domain */
	bool registered;           /* <domain register='yes'> */
	int ifindex;
	char bridge[16];
	struct ip server; /* is asked from the host itself */
	uint16_t port;
	size_t n_zones;
	char (
	    *zone)[HOST_NAMES_ZONE_MAX]; /* "50.168.192.in-addr.arpa", without the dot at its end */
};

/* Domain and zones of a definition; the caller fills in the rest. A subnet whose prefix is not at
 * a label's boundary is several zones, those for which the network's own server has authority.
 * -ENOMEM or 0; end with host_names_done(). */
int host_names_init(struct host_names *h, const struct network *def) mustcheck;
void host_names_done(struct host_names *h); /* a zeroed one is fine */
bool host_names_equal(const struct host_names *a, const struct host_names *b);

/* "NAME SERVER PORT NETWORK" for the domain and each zone; nothing where others have names in the
 * domain, too. */
void host_names_lines(const struct host_names *h, const char *network, struct text *t);

#endif
