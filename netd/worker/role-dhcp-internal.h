/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dhcp-internal.h — what the two halves of the dhcp role share. role-dhcp.c has IPv4 and the
 * frame of the role; role-dhcp6.c has DHCPv6 and router advertisements. They meet where one machine
 * has a name in both families. */
#ifndef NETD_ROLE_DHCP_INTERNAL_H
#define NETD_ROLE_DHCP_INTERNAL_H

#include "dhcp/dhcp4.h"
#include "netd/worker/worker.h"

struct role;
struct role6;

/* role-dhcp.c */
/* The loop must come by at `at`, if not before. */
void role_dhcp_wake_at(struct role *role, usec_t at);
/* The network's DHCPv4 server, or NULL. */
struct dhcp4 *role_dhcp_engine4(const struct role *role, uint32_t net_id);
/* Whether DHCPv4 has given the name to another machine. */
bool role_dhcp_name_taken(const struct role *role, uint32_t net_id, const struct mac *mac,
			  const char *name);
/* What the guest is called by its VM manager; "" by nobody. */
const char *role_dhcp_guest_name(const struct role *role, uint32_t net_id, const struct mac *mac);
/* Another guest is called so. */
bool role_dhcp_is_others_name(const struct role *role, uint32_t net_id, const struct mac *mac,
			      const char *name);
/* The network isn't served any more, in one family at least. */
void role_dhcp_forget_guests(struct role *role, uint32_t net_id);
/* A boot time as wall-clock seconds; INT64_MAX for never. */
int64_t role_dhcp_wall_seconds(usec_t boottime, usec_t now);
/* How long it is until then, but not longer than `term` seconds. */
uint32_t role_dhcp_seconds_left(int64_t wall, uint32_t term);

/* role-dhcp6.c */
struct role6 *role_dhcp6_new(struct role *role, struct worker *w) mustcheck;
/* The port of the bridge is no more. */
void role_dhcp6_port_gone(struct role6 *r6, uint32_t net_id, uint32_t port, usec_t now);
/* A message from the controller that role-dhcp.c doesn't know. False: nor do we. */
bool role_dhcp6_message(struct role6 *r6, struct channel_message *m, usec_t now);
/* Serve what is due; returns the next deadline. */
usec_t role_dhcp6_tick(struct role6 *r6, usec_t now);
/* DHCPv4 has named a machine. */
void role_dhcp6_named(struct role6 *r6, uint32_t net_id, const struct mac *mac, const char *name,
		      usec_t now);
/* Whether DHCPv6 has given the name to another machine. */
bool role_dhcp6_name_taken(struct role6 *r6, uint32_t net_id, const struct mac *mac,
			   const char *name);

#endif
