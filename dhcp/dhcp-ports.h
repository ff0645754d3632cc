/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp-ports.h — which leases, or replies that wait for the store, are of which port of the bridge,
 * and what a port's fair share is.
 * A guest can make up as many clients as it likes, but no port.
 *
 * A port is a number that the caller knows from the packet, 0 when it doesn't: what is unknown
 * belongs to nobody and is judged by nothing. */
#ifndef DHCP_DHCP_PORTS_H
#define DHCP_DHCP_PORTS_H

#include "base/list.h"
#include "base/table.h"

#define DHCP_PORT_GRACE_SEC 300 /* that the leases of a port live on when it is gone */

struct dhcp_port { /* lives as long as it has any */
	uint32_t id;
	struct table_node by_id;
	struct list members;
	uint32_t n;
};
struct dhcp_member {            /* in a lease or reply */
	struct dhcp_port *port; /* NULL: not known */
	struct list of_port;
};
struct dhcp_ports {
	struct table by_id;
};

void dhcp_ports_init(struct dhcp_ports *ps);
void dhcp_ports_done(struct dhcp_ports *ps);
struct dhcp_port *dhcp_ports_find(const struct dhcp_ports *ps, uint32_t id);
/* The lease came in by that port. One whose port is known already stays there: only the end of that
 * port (dhcp_ports_leave()) frees it, or anybody could draw it over. */
void dhcp_ports_join(struct dhcp_ports *ps, struct dhcp_member *m, uint32_t id);
void dhcp_ports_leave(struct dhcp_ports *ps, struct dhcp_member *m);
/* What comes in by `id` may be from the lease's client: the ports are the same, or one isn't known.
 */
bool dhcp_ports_match(const struct dhcp_member *m, uint32_t id);

/* The port has as many leases as it can have while others may want some: out of `size` addresses,
 * `n_free` of which are free, it leaves others as many as it has itself, but not more than an
 * eighth. So a port with a hundred guests behind it is served while there is room, and one that
 * takes all it can leaves something to the next, and that one to the one after it. */
bool dhcp_ports_sated(const struct dhcp_ports *ps, uint32_t id, uint32_t size, uint32_t n_free);

#endif
