/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-relay.h — requests that a relay brings (RFC 1542 §4, RFC 3046).
 *
 * A link behind a relay has an engine of its own, whose configuration names the relay. Its clients
 * come in two ways: by the relay, which writes its address into giaddr and may add option 82; and,
 * once they have an address, straight to us, routed like any other packet (RENEWING, RELEASE,
 * INFORM). */
#ifndef DHCP_DHCP4_RELAY_H
#define DHCP_DHCP4_RELAY_H

#include "dhcp/dhcp4-options.h"

#define DHCP4_GIADDR_AT 24

/* What option 82 says that a server acts on; 0 when it doesn't. */
struct dhcp4_relay_info {
	uint32_t link; /* RFC 3527: an address of the client's subnet, in the place of giaddr */
	uint32_t server_id; /* RFC 5107: what the client is told as the server's address */
};
void dhcp4_relay_read(struct dhcp4_span option, struct dhcp4_relay_info *ret);

/* Which link a datagram is from, before it is given to an engine. */
struct dhcp4_where {
	uint32_t giaddr; /* 0: not relayed */
	uint32_t link;   /* an address of the client's subnet, be it the client's own */
};
/* False: from our own link, as far as can be told. */
bool dhcp4_where(const struct dhcp4_dgram *in, struct dhcp4_where *ret) mustcheck;

/* Whether a request may come this way. Without a relay in the configuration none may be relayed. */
enum dhcp4_drop dhcp4_relay_check(const struct dhcp4_config *c, const struct dhcp4_message *m,
				  const struct dhcp4_dgram *in) mustcheck;

#endif
