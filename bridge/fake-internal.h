/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake-internal.h — what the files of the fake kernel share. Functions return 0 or -errno, as Linux
 * would. */
#ifndef BRIDGE_FAKE_INTERNAL_H
#define BRIDGE_FAKE_INTERNAL_H

#include "bridge/fake.h"
#include "bridge/mirror-internal.h"

struct fake_link {
	struct mirror_link facts; /* tables and lists unused */
	struct addr_row *addrs;
	size_t n_addrs, cap_addrs;
	struct route_row *routes;
	size_t n_routes, cap_routes;
};

struct fake_kernel {
	struct fake_link **links;
	size_t n_links, cap_links;
	uint32_t next_ifindex;
	bool forward_ipv4, forward_ipv6;
	int event_fd;
	size_t fail_in; /* 0: never, 1: the next step */
	int fail_with;
	size_t steps;
};

struct fake_link *fake_link_at(struct fake_kernel *k, uint32_t ifindex);
int fake_new_link(struct fake_kernel *k, const struct link_row *row, enum link_kind kind,
		  struct fake_link **ret);
void fake_link_set_up(struct fake_kernel *k, struct fake_link *l, bool up);
int fake_link_add_addr(struct fake_link *l, const struct addr_row *a);
int fake_link_delete_addr(struct fake_link *l, const struct addr_row *a);
int fake_link_add_route(struct fake_kernel *k, struct fake_link *l, const struct route_row *t,
			bool replace);
int fake_link_delete_route(struct fake_link *l, const struct route_row *t);

/* fake-uplink.c: the steps from BRIDGE_ADD_VLAN on. */
int fake_uplink_step(struct fake_kernel *k, const struct bridge_step *s, uint32_t bridge);

#endif
