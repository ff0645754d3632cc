/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows.h — what netd wants in the kernel's link layer, and what it finds there, as plain values.
 *
 * The same rows describe the wanted and the found; nobody needs a kernel or a socket to make,
 * compare or print one. All are self-contained: no pointers, safe to copy and to hand to another
 * thread. */
#ifndef BRIDGE_ROWS_H
#define BRIDGE_ROWS_H

#include "base/addr.h"
#include "base/text.h"

/* The origin that our addresses and routes carry in the kernel (rtm_protocol, IFA_PROTO): routing
 * daemons leave protocols alone that aren't theirs, and netd tells its own rows by it. Unused in
 * the lists of iproute2, FRR and BIRD. An administrator can name it: echo "110 netd"
 * >>/etc/iproute2/rt_protos. */
#define BRIDGE_RTPROTO 110

#define LINK_NAME_MAX  16 /* with the terminating zero: IFNAMSIZ */
#define LINK_ALIAS_MAX 64 /* longer foreign aliases are cut; ours never are */

/* The mark on a link that is ours (ip link show: "alias netd:…"). */
#define LINK_MARK_BRIDGE "netd:"      /* followed by the network's UUID */
#define LINK_MARK_PORT   "netd:port:" /* followed by the network's UUID */
#define LINK_MARK_PARKED "netd:parked"
#define LINK_MARK_UPLINK "netd:uplink:" /* a VLAN made for the bridge of network UUID */

enum link_kind { LINK_OTHER, LINK_BRIDGE, LINK_VETH, LINK_TUN, LINK_VLAN };

struct link_row {
	char name[LINK_NAME_MAX];
	char alias[LINK_ALIAS_MAX];
	struct mac mac;
	uint32_t mtu; /* octets, never 0 */
	bool stp;
	/* In force, 1/100 s. With STP the kernel keeps it within 2..30 s, so a wanted row does too.
	 */
	uint32_t forward_delay_cs;
	bool vlan_filtering;
	uint32_t hello_cs; /* of STP, in force, 1/100 s; 0 in a wanted row: no matter */
};

struct addr_row {
	struct ip address;
	unsigned prefix;
	uint32_t broadcast; /* IPv4, host order; 0: none */
	uint8_t proto;      /* BRIDGE_RTPROTO when ours */
	bool nodad;         /* IPv6: usable at once, also while the bridge has no carrier */
	bool secondary;     /* found IPv4 rows: goes when the primary of its subnet goes */
};

struct route_row {
	struct ip destination; /* no bits set after the prefix */
	unsigned prefix;
	struct ip gateway; /* or not set */
	uint32_t metric;   /* as the kernel keeps it */
	uint8_t proto;     /* BRIDGE_RTPROTO when ours */
};

/* A link that hangs on the bridge. */
struct port_row {
	uint32_t ifindex;
	char name[LINK_NAME_MAX];
	bool isolated; /* no frames between isolated ports of a bridge */
};

/* The way out of a bridge: a device of the host's, or a VLAN of it. */
struct uplink_row {
	char dev[LINK_NAME_MAX]; /* empty: none */
	uint16_t vlan;           /* 1..4094, 0: the device itself */
};

/* Sysctls that netd sets: some of one interface, two of the whole network namespace. */
enum sysctl_key {
	SYSCTL_DISABLE_IPV6, /* net/ipv6/conf/DEV/disable_ipv6 */
	SYSCTL_ACCEPT_RA,
	SYSCTL_AUTOCONF,
	SYSCTL_ADDR_GEN_MODE,
	SYSCTL_IPV4_FORWARD, /* net/ipv4/ip_forward */
	SYSCTL_IPV6_FORWARD, /* net/ipv6/conf/all/forwarding */
};
struct sysctl_row {
	enum sysctl_key key;
	char dev[LINK_NAME_MAX]; /* empty for the two of the namespace */
	int value;
};

#define SYSCTL_PATH_MAX 80
/* "net/ipv6/conf/virbr0/accept_ra": below /proc/sys, dots in interface names are no problem. */
const char *sysctl_row_path(const struct sysctl_row *s, char buf[static SYSCTL_PATH_MAX]);

#define ADDR_ROW_TEXT_MAX  (IP_TEXT_MAX + 4)
#define ROUTE_ROW_TEXT_MAX (2 * IP_TEXT_MAX + 40)
/* "192.168.122.1/24" */
const char *addr_row_text(const struct addr_row *a, char buf[static ADDR_ROW_TEXT_MAX]);
/* "10.1.0.0/16 via 192.168.122.2 metric 1" */
const char *route_row_text(const struct route_row *r, char buf[static ROUTE_ROW_TEXT_MAX]);

/* The alias that marks the bridge, or a port, of network `u`. */
void link_alias_bridge(const struct uuid *u, char buf[static LINK_ALIAS_MAX]);
void link_alias_port(const struct uuid *u, char buf[static LINK_ALIAS_MAX]);
void link_alias_uplink(const struct uuid *u, char buf[static LINK_ALIAS_MAX]);
/* Whether `alias` is the mark of some network's bridge (not a port's, not a parked one's); then
 * *ret. */
bool link_alias_parse(const char *alias, struct uuid *ret);

#endif
