/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ports-device.h — ports whose interface netd makes, for callers without a VM manager's own means:
 * a tap that a user may open, or a veth pair whose other end is in a network namespace.
 *
 * Port and interface are one thing: they come together, and when one goes so does the other. They
 * outlive a stop of the network and the controller, not the network itself nor the host. */
#ifndef NETD_PORTS_DEVICE_H
#define NETD_PORTS_DEVICE_H

#include "netd/controller/controller.h"
#include "netd/door/door.h"
#include "network/port.h"

/* Make a port as `wish` says, of this bandwidth. Answered when the interface hangs on the bridge:
 * JSON {network, uuid, interface, type, mac, bridge, portgroup}. */
void port_device_add(struct controller *c, struct net *n, struct door_call *call,
		     const struct door_port_wish *wish, const struct bandwidth *bandwidth);

/* Take the port `which`, an interface or a port's UUID, off the network: what netd made is removed,
 * another interface only taken out of the bridge. Answered when that is done. */
void port_device_remove(struct controller *c, struct net *n, struct door_call *call,
			const char *which);

/* True: the port has a device, so it is removed with it, and the call will be answered. */
bool port_device_delete(struct controller *c, struct net *n, const struct uuid *u,
			struct door_call *call);

/* The network has started: its ports know by which bridge. */
void port_devices_started(struct controller *c, const struct net *n);
/* The network is no more: nor are its ports and their devices. */
void port_devices_forget(struct controller *c, const struct net *n);
/* Whatever the mirror tells. */
void port_devices_heard(struct controller *c, const struct mirror_change *change);

/* {network, bridge, ports: [{interface, type, mac, uuid, portgroup, owner, isolated, state}]}: the
 * network's ports, and what else hangs on its bridge; NULL when out of memory. ports-list.c. */
char *ports_list_json(const struct controller *c, const struct net *n);

#endif
