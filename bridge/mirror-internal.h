/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mirror-internal.h — the store behind the mirror, and its two sources: Linux and the fake kernel.
 */
#ifndef BRIDGE_MIRROR_INTERNAL_H
#define BRIDGE_MIRROR_INTERNAL_H

#include "bridge/mirror.h"

struct fake_kernel;
struct nlmsghdr;

struct mirror {
	struct table by_ifindex, by_name, by_uuid, routes, routes_by_dest;
	size_t n_routes; /* of links that aren't our bridges; at most MIRROR_ROUTES_MAX */
	size_t n_parked, n_waits;
	bool forward_ipv4, forward_ipv6;

	int event_fd, dump_fd; /* Linux */
	uint32_t dump_seq;
	uint8_t *buf;       /* MIRROR_BUF octets */
	bool need_resync;   /* events were lost, or one came that only a new snapshot explains */
	bool out_of_memory; /* something could not be stored: the same */

	struct fake_kernel *fake;

	uint32_t sender;            /* of the message that is being taken in */
	mirror_changed_fn *changed; /* only inside mirror_read() */
	void *changed_data;
};

#define MIRROR_BUF 65536

/* A mirror without any kernel. NULL without memory. */
struct mirror *mirror_new(void);
/* Forget addresses and routes, and mark every link; then, after the new snapshot, drop the links
 * that nobody has put again. */
void mirror_begin_snapshot(struct mirror *m);
void mirror_end_snapshot(struct mirror *m);

/* One fact of the kernel. Of `facts` only the values count, not tables and lists; `ours`, `parked`
 * and `uuid` are worked out from the alias, `port_waits` from what was known before. What stands in
 * the mirror already makes no change. */
void mirror_put_link(struct mirror *m, const struct mirror_link *facts);
void mirror_drop_link(struct mirror *m, uint32_t ifindex);
void mirror_put_shape(struct mirror *m, uint32_t ifindex); /* something of it changed */
void mirror_put_port_isolated(struct mirror *m, uint32_t ifindex, bool isolated);
void mirror_put_port_state(struct mirror *m, uint32_t ifindex, enum port_state state);
void mirror_put_addr(struct mirror *m, uint32_t ifindex, const struct addr_row *row, bool dynamic);
void mirror_drop_addr(struct mirror *m, uint32_t ifindex, const struct addr_row *row);
void mirror_put_route(struct mirror *m, uint32_t ifindex, const struct route_row *row,
		      uint32_t prefsrc);
void mirror_drop_route(struct mirror *m, uint32_t ifindex, const struct route_row *row);
/* A route to `row`'s destination with its metric has taken the place of another; forget the other.
 */
void mirror_replace_route(struct mirror *m, const struct route_row *row);
void mirror_put_forward(struct mirror *m, int family, bool on);

/* Take in a buffer of netlink messages: an event datagram or a part of a dump. Anything that isn't
 * a well formed message about links, addresses, routes or forwarding is passed over. */
void mirror_feed(struct mirror *m, const void *buf, size_t n);
void mirror_feed_message(struct mirror *m, const struct nlmsghdr *nlh);

/* The fake kernel's side. */
void fake_snapshot(struct fake_kernel *k, struct mirror *m);
void fake_refresh_link(struct fake_kernel *k, struct mirror *m, uint32_t ifindex);
int fake_event_fd(struct fake_kernel *k);

#endif
