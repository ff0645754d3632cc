/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-relay.h — DHCPv4 for links behind relays (<netd:relayed>): what the worker is told of
 * one, and the way of its replies.
 *
 * The worker can only put frames on the bridge. Where a relay is, and how to reach a client behind
 * it, is known to the kernel's routes and neighbours: so such replies are sent by the controller,
 * which checks where they go and doesn't look into them. */
#ifndef NETD_SERVICE_RELAY_H
#define NETD_SERVICE_RELAY_H

#include "netd/controller/registry.h"
#include "netd/messages/messages-dhcp.h"

/* Make the configuration of the network's own link that of a link behind a relay: as it, but for
 * the subnet, its pool and its router; the network's static hosts are in its own subnet. 0 or
 * -ENOMEM (dc is to be freed either way). */
int service_relay_config(struct dhcp4_config *dc, const struct netd_relayed *l) mustcheck;

/* Send a reply, if the network has such a relay, from `fd`, the network's UDP socket. */
void service_relay_send(const struct net *n, int fd, const struct msg_dhcp4_route *m);

#endif
