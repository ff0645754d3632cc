/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mirror.h — what the kernel has: links, addresses and unicast routes of the main table, kept
 * current.
 *
 * Full snapshot at open; afterwards an event socket keeps it so. When the kernel drops events
 * (ENOBUFS) the snapshot is taken again; a dump that changed under the reader (NLM_F_DUMP_INTR) is
 * read again. Sysctls of interfaces travel with the link messages but have no event of their own:
 * mirror_refresh_link() after writing one, mirror_resync() as the slow audit.
 *
 * Owned by one thread (the loop). Pointers to links are good until the next mirror_read(),
 * _refresh_link() or _resync(). Memory is bounded by MIRROR_ROUTES_MAX; addresses and links are the
 * host's own. */
#ifndef BRIDGE_MIRROR_H
#define BRIDGE_MIRROR_H

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/table.h"
#include "bridge/rows.h"

/* Beyond so many, routes that don't leave by one of our bridges are not kept (a router with a full
 * table); subnet conflicts with them then go unnoticed. */
#define MIRROR_ROUTES_MAX 65536

/* IFLA_BRPORT_STATE: what spanning tree lets a port of a bridge do. */
enum port_state {
	PORT_DISABLED, /* down or without carrier; also: no port of a bridge */
	PORT_LISTENING,
	PORT_LEARNING,
	PORT_FORWARDING,
	PORT_BLOCKING,
};

struct mirror_link {
	struct table_node by_ifindex, by_name, by_uuid; /* by_uuid only for our bridges */
	struct list addrs;                              /* of struct mirror_addr */
	struct list routes; /* of struct mirror_route: those leaving here */
	uint32_t ifindex;
	enum link_kind kind;
	char kind_text[LINK_NAME_MAX]; /* "bridge", "veth", "dummy"; empty for hardware */
	uint32_t lower;                /* of a VLAN: ifindex of its device */
	uint16_t vlan;                 /* of a VLAN */
	uint32_t master; /* ifindex of the bridge (or bond, …) that it is a port of, or 0 */
	unsigned flags;  /* IFF_* */
	bool carrier;
	struct link_row row; /* stp and delay only for bridges */
	bool ours;           /* a bridge marked with a network's UUID; then `uuid` */
	bool parked;         /* ours too, of no network */
	struct uuid uuid;
	bool knows_vlans;    /* a bridge of a kernel that has VLANs on bridges */
	bool kernel_stp;     /* a bridge whose spanning tree runs in the kernel, now */
	bool foreign_root;   /* another bridge is root: the times in `row` are that one's */
	bool peer_elsewhere; /* a veth whose other end is in another network namespace */
	bool port_isolated;
	enum port_state port_state;
	/* A port that came up and sits out the forward delay, neither blocked nor forwarding since:
	 * nothing is known to be wrong with it. False after mirror_port_tried(). */
	bool port_waits;
	uint8_t port_tries; /* so often tried since port_tries_since */
	usec_t port_tries_since;
	bool seen;     /* the mirror's own, during a snapshot */
	bool has_ipv6; /* false: MTU too small, or IPv6 not in the kernel; the four below are then 0
			*/
	int disable_ipv6, accept_ra, autoconf, addr_gen_mode;
};

struct mirror_addr {
	struct list on_link;
	struct mirror_link *link;
	struct addr_row row;
	bool dynamic; /* IPv6: not permanent, so learned from an advertisement or by DHCPv6 */
};

/* Octets: metric, prefix, family, destination; then ifindex and gateway. */
#define MIRROR_ROUTE_DEST 22
#define MIRROR_ROUTE_KEY  (MIRROR_ROUTE_DEST + 20)
struct mirror_route {
	struct list on_link;
	struct table_node by_key, by_dest;
	uint8_t key[MIRROR_ROUTE_KEY];
	struct mirror_link *link;
	struct route_row row;
	uint32_t prefsrc; /* IPv4, or 0 */
};

struct mirror; /* opened by mirror_open() */

/* Open the sockets in the calling thread's network namespace and take the snapshot. `rcvbuf` is the
 * size of the event socket's buffer in octets, 0 for the default (4 MiB). */
int mirror_open(struct mirror **ret, int rcvbuf, struct err *e) mustcheck;
void mirror_free(struct mirror *m);

/* Readable (level-triggered) when mirror_read() has work. */
int mirror_fd(const struct mirror *m);

enum mirror_what {
	MIRROR_LINK,  /* link added, changed or removed: name, master, MAC, MTU, flags, alias, port
			 options */
	MIRROR_ADDR,  /* an address of it */
	MIRROR_ROUTE, /* a route leaving by it */
	MIRROR_SHAPE, /* a queueing discipline, class or filter of it; what, is not kept */
	MIRROR_FORWARD, /* forwarding of the namespace; ifindex 0 */
	MIRROR_RESYNC,  /* events were lost and everything was read anew; ifindex 0: look at all */
};
struct mirror_change {
	enum mirror_what what;
	bool gone;        /* the object was removed (the link itself, for MIRROR_LINK) */
	uint32_t ifindex; /* of the link concerned */
	uint32_t bridge; /* ifindex of the bridge concerned: the link itself when it is (was) one of
			    ours, or its master; 0: none */
	uint32_t bridge_before; /* a port that changed master: the one that it left, or 0 */
	char name[LINK_NAME_MAX];
	uint32_t sender; /* netlink port of whoever did it, most often his pid; 0: the kernel */
};
typedef void mirror_changed_fn(void *data, const struct mirror_change *c);

/* Take in what the kernel has told since, a bounded amount per call; `fn` (may be NULL) is called
 * after each change that made a difference, and must not call back into the mirror's reading
 * functions. Never blocks, but for the resync after lost events. */
int mirror_read(struct mirror *m, mirror_changed_fn *fn, void *data, struct err *e) mustcheck;
/* Read one link again, with its sysctls and addresses; a link that is gone is no error. Read the
 * events first: older ones, taken in later, would bring old values back. */
int mirror_refresh_link(struct mirror *m, uint32_t ifindex, struct err *e) mustcheck;
/* Read everything again. */
int mirror_resync(struct mirror *m, struct err *e) mustcheck;

const struct mirror_link *mirror_by_ifindex(const struct mirror *m, uint32_t ifindex);
const struct mirror_link *mirror_by_name(const struct mirror *m, const char *name);
/* The bridge marked as network `u`'s, whatever its name is now. */
const struct mirror_link *mirror_by_uuid(const struct mirror *m, const struct uuid *u);
/* Walk all links in no particular order: start with NULL, NULL ends. */
const struct mirror_link *mirror_next(const struct mirror *m, const struct mirror_link *l);
/* Walk the ports of bridge `ifindex` likewise. */
const struct mirror_link *mirror_next_port(const struct mirror *m, uint32_t bridge,
					   const struct mirror_link *l);

/* An edge port leads to a guest and no further, as far as can be seen: a tap, or a veth whose other
 * end is in another network namespace. */
static inline bool mirror_is_edge(const struct mirror_link *l)
{
	return l->kind == LINK_TUN || (l->kind == LINK_VETH && l->peer_elsewhere);
}
/* Walk the edge ports of bridge `ifindex` that wait for their forward delay, likewise. */
const struct mirror_link *mirror_next_waiting(const struct mirror *m, uint32_t bridge,
					      const struct mirror_link *l);
bool mirror_is_waiting(const struct mirror_link *l); /* whether it is one of those */
/* Whatever comes of it, port `ifindex` has had its one attempt: it waits no more until it goes down
 * and up, or changes its bridge. A port that had MIRROR_TRIES_MAX attempts within
 * MIRROR_TRIES_USEC waits for the kernel until the kernel has let it forward once: a guest can set
 * its end of a veth down and up as often as it likes, and each attempt costs the whole bridge. */
#define MIRROR_TRIES_MAX  5
#define MIRROR_TRIES_USEC (10 * USEC_PER_SEC)
void mirror_port_tried(struct mirror *m, uint32_t ifindex, usec_t now);

/* Walk the routes to `to`'s destination with its metric, on whatever links. */
const struct mirror_route *mirror_next_route_to(const struct mirror *m, const struct route_row *to,
						const struct mirror_route *r);
/* Walk the parked bridges. */
const struct mirror_link *mirror_next_parked(const struct mirror *m, const struct mirror_link *l);

bool mirror_forwards_ipv4(const struct mirror *m);
bool mirror_forwards_ipv6(const struct mirror *m);
/* An interface that would lose what it learned from router advertisements once IPv6 forwarding is
 * switched on: accept_ra is 1 and it has a route or address from one. Walk as mirror_next(). */
const struct mirror_link *mirror_next_ra_uplink(const struct mirror *m,
						const struct mirror_link *l);

/* What on the host stands in the way of subnet `net`/`prefix`: an address or route that equals it,
 * contains it or lies inside it. Default routes and those of prefix length 1 (VPNs) don't count,
 * nor do multicast and link-local ones, nor anything on the bridge of network `own` (which may be
 * NULL). */
struct mirror_conflict {
	bool is_address;
	bool wider; /* a route to more than the subnet: then there is nothing worse than such */
	struct ip net;
	unsigned prefix;
	char dev[LINK_NAME_MAX];
	char text[ROUTE_ROW_TEXT_MAX + LINK_NAME_MAX + 32]; /* "the route to 10.0.0.0/8 on eth0" */
};
/* Whether an address or route of the host keeps others from using `net`: link-local ones and
 * default routes never do. */
bool mirror_in_the_way(const struct ip *a, unsigned a_prefix, const struct ip *net,
		       unsigned prefix);
bool mirror_subnet_conflict(const struct mirror *m, const struct ip *net, unsigned prefix,
			    const struct uuid *own, struct mirror_conflict *ret);

#endif
