/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dhcp-links.h — the links behind relays of one network, each with an engine of its own.
 *
 * To the controller they are one network with its own link: an engine is found by the datagram, by
 * the address, or by the token of a verdict, in which the number of the link stands above the
 * engine's. Link 0 is the network's own, and not in here. */
#ifndef NETD_ROLE_DHCP_LINKS_H
#define NETD_ROLE_DHCP_LINKS_H

#include "dhcp/dhcp4.h"

struct dhcp_link {
	uint16_t number; /* never 0; another one for each link that ever was */
	struct dhcp4 *engine;
	uint32_t subnet, relay;
	unsigned prefix;
	bool stale; /* not in the configuration that is coming in */
};
struct dhcp_links {
	struct dhcp_link *link;
	size_t n;
	uint16_t numbers; /* drawn so far */
	uint32_t due;     /* configurations of links to come */
};

void dhcp_links_done(struct dhcp_links *l);

/* A configuration begins, with that many links. */
void dhcp_links_begin(struct dhcp_links *l, uint32_t n);
/* The link that `c` is about, made if need be: with an engine that isn't configured. NULL without
 * memory. It may move when the next one is added. */
struct dhcp_link *dhcp_links_take(struct dhcp_links *l, const struct dhcp4_config *c) mustcheck;
/* One that is gone, all of those that were announced being there; or NULL. */
struct dhcp_link *dhcp_links_gone(const struct dhcp_links *l);
void dhcp_links_drop(struct dhcp_links *l, struct dhcp_link *link);

/* Whose a datagram, an address, a token is; NULL: the network's own link's. A token of a link that
 * is no more gives NULL and false. */
struct dhcp_link *dhcp_links_of(const struct dhcp_links *l, const struct dhcp4_dgram *in);
struct dhcp_link *dhcp_links_at(const struct dhcp_links *l, uint32_t ip);
bool dhcp_links_token(const struct dhcp_links *l, uint64_t *token, struct dhcp_link **ret)
    mustcheck;
/* The token as the controller gets it. */
uint64_t dhcp_link_token(const struct dhcp_link *link, uint64_t token);

/* USEC_INFINITY without any. */
usec_t dhcp_links_deadline(const struct dhcp_links *l);
bool dhcp_links_name_taken(const struct dhcp_links *l, const struct mac *mac, const char *name);
/* Add what all links have. */
void dhcp_links_add_usage(const struct dhcp_links *l, struct dhcp4_usage *u);

#endif
