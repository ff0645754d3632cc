/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dhcp-parts.h — what the IPv4 files of the dhcp role share: role-dhcp.c takes in and serves,
 * role-dhcp-out.c sends, role-dhcp-control.c obeys the controller. */
#ifndef NETD_ROLE_DHCP_PARTS_H
#define NETD_ROLE_DHCP_PARTS_H

#include "base/log.h"
#include "base/table.h"
#include "dhcp/dhcp-guests.h"
#include "dhcp/dhcp4-frame.h"
#include "netd/messages/messages-dhcp.h"
#include "netd/messages/messages.h"
#include "netd/worker/intake.h"
#include "netd/worker/role-dhcp-internal.h"
#include "netd/worker/role-dhcp-links.h"

#define ROLE_DHCP_BATCH 32 /* datagrams served before what they bring about leaves */

struct dhcp_net {
	struct role *role;
	uint32_t id;
	struct table_node by_id;
	struct dhcp4 *engine;       /* of its own link */
	struct dhcp_links links;    /* behind relays */
	struct dhcp4_config config; /* as the controller has said it, for changes of its hosts */
	uint32_t server;
	struct mac bridge_mac;
	int udp, packet; /* -1 until MSG_DHCP4_SOCKETS */
	unsigned socket_errors;
	bool counters_moved;
	struct log_limit pool_empty, crowded;
};

struct frame {
	int fd;
	size_t n;
	uint8_t bytes[DHCP4_FRAME_MAX];
};

struct role {
	struct worker *w;
	struct role6 *six;
	struct table networks;
	struct dhcp_guests guests;
	usec_t deadline, counters_at;

	struct intake *intake;

	/* to be sent */
	struct frame frames[ROLE_DHCP_BATCH];
	size_t n_frames;
	struct msg_dhcp4_record records[MSG_DHCP_RECORDS_MAX];
	size_t n_records;
	uint8_t body[MSG_DHCP_BATCH_MAX];

	struct msg_dhcp4_record restored[MSG_DHCP_RECORDS_MAX];
};
/* role-dhcp.c */
void role_dhcp_readable(void *data, int fd, uint32_t events, usec_t now); /* data: the network */

/* role-dhcp-out.c */
/* Send what waits: bindings to the controller, then frames. */
void role_dhcp_flush(struct role *role);
/* What an engine wants done. `link`: whose engine says so, NULL for the network's own. */
void role_dhcp_perform(struct dhcp_net *net, const struct dhcp_link *link,
		       const struct dhcp4_action *actions, size_t n, usec_t now);
/* After every use of an engine: the loop comes by in time, and counters are told. */
void role_dhcp_after(struct dhcp_net *net, usec_t now);
usec_t role_dhcp_deadline(const struct dhcp_net *net);

/* role-dhcp-control.c */
struct dhcp_net *role_dhcp_find(const struct role *role, uint32_t id);
/* A message of the controller's. False: it isn't one of ours, or not as it should be. */
bool role_dhcp_obey(struct role *role, struct channel_message *m, usec_t now);

#endif
