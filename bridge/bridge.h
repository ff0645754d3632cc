/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bridge.h — from a network's definition to the rows that it wants in the kernel. Pure.
 *
 * A network that owns its bridge (isolated, nat, route, open) wants: one bridge, up, marked with
 * its UUID, MAC and MTU set explicitly (the kernel otherwise lets them follow the ports); its
 * addresses without duplicate address detection; its static routes; IPv6 on the bridge off unless
 * there is an IPv6 <ip>, no router advertisements accepted from guests; and forwarding, where it
 * forwards. With IPv6 the link-local address is a row as well (EUI-64 of the MAC, the kernel's own
 * generation off): the kernel would make it only after the first port has carrier and then test it
 * for a second, too late for the first guest.
 *
 * The bridge of an uplink (mode bridge with <netd:uplink>) is a part of the uplink's network: it
 * has the uplink's MAC and MTU, no spanning tree, and all that the host has on the uplink:
 * addresses, routes, and what IPv6 is set to do there. On a VLAN that is made for the network the
 * host has no part.
 *
 * A stopped network wants nothing: no bridge, no rows. */
#ifndef BRIDGE_BRIDGE_H
#define BRIDGE_BRIDGE_H

#include "base/clock.h"
#include "base/err.h"
#include "bridge/rows.h"
#include "network/network.h"

#define BRIDGE_MTU_DEFAULT 1500

/* The least that IEEE 802.1D allows, against 2 s in Linux. A loop that a guest closes is found by
 * the next hello that gets through, and until then frames go round by the hundred thousand and
 * crowd hellos out. Six trials each on a busy machine of two cores: one loop lasted 0.2..1.3 s
 * (Linux's value: 0.3..1.0 s), two at a time 0.5..5.1 s (0.2..7.9 s). So it helps with the worst
 * case and bounds nothing. */
#define BRIDGE_HELLO_CS 100

/* The way out of the bridge, and what has become of it so far; the caller knows the latter. */
struct uplink_want {
	struct uplink_row row;    /* wanted, also while the network is being stopped */
	struct uplink_row before; /* by which `held` was taken */
	uint32_t held;            /* ifindex of the port that was taken; 0: none */
	bool leave_rows;          /* what comes to it while it is held stays there */
	/* What the host had on the bridge that is no more, as host_rows_text() told it at `since`
	 * of link `lost_from`; NULL: nothing is to be brought back. Freed with the rest. */
	char *lost;
	uint32_t lost_from;
	usec_t since;
};

struct bridge_want {
	struct uuid uuid; /* whose bridge */
	char name[LINK_NAME_MAX];
	uint32_t
	    ifindex;  /* of its bridge as the caller knows it, or 0: ours also without its mark */
	bool running; /* false: nothing below is wanted */
	struct link_row link;
	struct addr_row *addrs;
	size_t n_addrs;
	struct route_row *routes;
	size_t n_routes;
	struct sysctl_row *sysctls; /* of the bridge */
	size_t n_sysctls;
	/* Ports that it had, filled in by the caller and freed with the rest: those that exist and
	 * are nobody else's are attached again; those left on a parked bridge are released. Other
	 * ports of the bridge are left as they are. */
	struct port_row *ports;
	size_t n_ports;
	bool forward_ipv4, forward_ipv6; /* of the namespace; switched on, never off */
	struct uplink_want uplink;
};

/* What the running network `n` wants. `n` has a UUID and a bridge name without %d, and owns its
 * bridge; otherwise, or when the name is no interface name (1-15 octets, no '/', blank or ':'),
 * ERR_SYSTEM. A definition without MAC gets one made of its UUID. `ret` needs bridge_want_done()
 * after success. */
int bridge_wanted(const struct network *n, struct bridge_want *ret, struct err *e) mustcheck;
/* What network `uuid` wants once it is stopped. */
void bridge_wanted_nothing(const struct uuid *uuid, const char *name, struct bridge_want *ret);
void bridge_want_done(struct bridge_want *w);

/* Whether `name` can be the name of an interface. */
bool link_name_valid(const char *name);

#endif
