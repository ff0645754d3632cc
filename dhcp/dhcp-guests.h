/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp-guests.h — what VM managers call the guests of networks, for those that send no name of
 * their own: a name is its guest's, so no other guest may take it. One guest may have more than one
 * MAC. Keyed by the network's number and the MAC; for both families. */
#ifndef DHCP_GUESTS_H
#define DHCP_GUESTS_H

#include "base/addr.h"
#include "base/list.h"
#include "base/table.h"
#include "dhcp/dhcp4.h"

#define DHCP_GUESTS_MAX 65536 /* of all networks */

struct dhcp_guests {
	struct table by_mac, by_name;
	struct list all;
};

void dhcp_guests_init(struct dhcp_guests *g);
void dhcp_guests_done(struct dhcp_guests *g);

/* The guest is called so from now on; "": it isn't called anything any more. `name` is clean
 * (dhcp4_clean_name()). 0, -ENOMEM or -ENOSPC. */
int dhcp_guests_set(struct dhcp_guests *g, uint32_t net_id, const struct mac *mac, const char *name)
    mustcheck;
void dhcp_guests_forget(struct dhcp_guests *g, uint32_t net_id);

/* "" without one. */
const char *dhcp_guests_name(const struct dhcp_guests *g, uint32_t net_id, const struct mac *mac);
/* Another guest of the network is called so, and this one isn't. */
bool dhcp_guests_is_others(const struct dhcp_guests *g, uint32_t net_id, const struct mac *mac,
			   const char *name);

#endif
