/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan.h — the steps from what the kernel has to what a network wants. Pure.
 *
 * Start, repair, live change, stop and undo of a failed start are the same call; where everything
 * is right the plan is empty. A plan is made of values only, so that it can be handed to the thread
 * that applies it.
 *
 * Stop does not remove the bridge, because that holds the kernel's RTNL lock for 35 ms and more:
 * the bridge is *parked*: ports released, stripped, set down, renamed to "netdp<ifindex>" and
 * marked `netd:parked`. A later start takes a parked bridge where there is one;
 * bridge_plan_remove_parked() removes the rest in a quiet moment.
 *
 * Edge ports of a bridge whose STP runs in the kernel forward: a guest need not wait 4 s for its
 * lease. Each has one such step each time that it comes up (mirror_port_tried()), never one that
 * STP has blocked. How and why that is safe: stp.c.
 *
 * An uplink that is there is taken, with what the host has on it; one that is missing is no error,
 * and taken by a later plan. It is given back, with what the host has on the bridge by then, when
 * the network is stopped or wants another one. A VLAN that isn't there is made by one plan and
 * taken by the next, and removed when the network needs it no more, if it was made by us.
 *
 * Only what is marked ours is touched: links by their alias, addresses and routes by their protocol
 * number. One more case counts as ours: a bridge that is down, unmarked and without ports and bears
 * the network's name and MAC was made by a start that was killed before the mark was set. */
#ifndef BRIDGE_PLAN_H
#define BRIDGE_PLAN_H

#include "bridge/bridge.h"
#include "bridge/mirror.h"

enum bridge_op {
	BRIDGE_ADD_LINK, /* link; made down. recycle: ifindex of a parked one to take instead, or 0
			  */
	BRIDGE_CHANGE_LINK,  /* link, as far as `change` says */
	BRIDGE_LINK_UP,      /* after the sysctls; sets the mark and the MTU of a new one too */
	BRIDGE_PARK_LINK,    /* down, renamed, marked as parked */
	BRIDGE_REMOVE_LINK,  /* a parked one: RTM_DELLINK */
	BRIDGE_ATTACH_PORT,  /* ifindex, name, isolated; as far as `change` says */
	BRIDGE_RELEASE_PORT, /* ifindex, name */
	BRIDGE_FORWARD_PORT, /* ifindex, name: spares an edge port the forward delay of STP */
	BRIDGE_SET_SYSCTL,
	BRIDGE_ADD_ADDR,
	BRIDGE_DELETE_ADDR,
	BRIDGE_ADD_ROUTE,
	BRIDGE_CHANGE_ROUTE,
	BRIDGE_DELETE_ROUTE,
	BRIDGE_ADD_VLAN,    /* of ifindex: vlan, link */
	BRIDGE_REMOVE_VLAN, /* ifindex, name */
	BRIDGE_TAKE_UPLINK, /* ifindex, name: its rows move to the bridge; `change` as for ports */
	BRIDGE_GIVE_UPLINK, /* ifindex, name: leaves the bridge, whose rows move to it */
	BRIDGE_RESTORE_UPLINK, /* plan->lost comes to ifindex; 0: to the bridge */
};

enum {
	LINK_CHANGE_NAME = 1,
	LINK_CHANGE_MAC = 2,
	LINK_CHANGE_MTU = 4,
	LINK_CHANGE_STP = 8,
	LINK_CHANGE_DELAY = 16,
	LINK_CHANGE_ALIAS = 32,
	LINK_CHANGE_HELLO = 64,
	LINK_CHANGE_VLANS = 128
};

/* For BRIDGE_ATTACH_PORT. */
enum { PORT_CHANGE_BRIDGE = 1, PORT_CHANGE_ISOLATED = 2 };

struct bridge_step {
	enum bridge_op op;
	uint32_t ifindex; /* of the link; 0: the bridge that this plan adds */
	unsigned change;  /* LINK_CHANGE_*, for BRIDGE_CHANGE_LINK and _LINK_UP; PORT_CHANGE_* */
	bool isolated;    /* of BRIDGE_ATTACH_PORT */
	uint16_t vlan;    /* of BRIDGE_ADD_VLAN */
	bool trunk;       /* of BRIDGE_TAKE_UPLINK: all VLANs pass it */
	bool stp_before;  /* STP is on: the delay can leave 2..30 s only once it is off */
	uint32_t recycle;
	union {
		struct link_row link; /* of PARK, REMOVE, RELEASE and FORWARD only the name counts:
					 the present one */
		struct addr_row addr;
		struct route_row route;
		struct sysctl_row sysctl;
	};
};

struct bridge_plan {
	char bridge[LINK_NAME_MAX]; /* empty for bridge_plan_remove_parked() */
	uint32_t ifindex; /* of the bridge as it is now, 0: this plan adds it or there is none */
	struct bridge_step *steps; /* in the order in which they must run */
	size_t n_steps;
	/* For BRIDGE_RESTORE_UPLINK, of struct uplink_want; the plan's own copy. */
	char *lost;
	uint32_t lost_from;
	usec_t since;
};

/* The link that `u` stands for, or NULL: it isn't there (yet). */
const struct mirror_link *bridge_find_uplink(const struct mirror *m, const struct uplink_row *u);
/* Whether the host has something on this uplink that belongs on the bridge. */
bool bridge_uplink_has_rows(const struct mirror_link *uplink);
/* Complete what bridge_wanted() could not know: MAC, MTU and what IPv6 does are the uplink's.
 * -ENOMEM or 0. */
int bridge_want_as_uplink(const struct mirror *m, struct bridge_want *want) mustcheck;

/* The plan for one network. A foreign link of the bridge's name, a foreign address or route in the
 * way of a wanted one: ERR_SYSTEM "…: File exists", naming it; -EEXIST. `ret` needs
 * bridge_plan_done() after success. */
int bridge_plan_make(const struct mirror *m, const struct bridge_want *want,
		     struct bridge_plan *ret, struct err *e) mustcheck;

/* Remove at most `max` parked bridges, beyond `keep` that are left for the next starts. Each takes
 * some 35 ms during which nobody on the host can change a link. */
int bridge_plan_remove_parked(const struct mirror *m, size_t keep, size_t max,
			      struct bridge_plan *ret, struct err *e) mustcheck;

static inline bool bridge_plan_is_empty(const struct bridge_plan *p)
{
	return p->n_steps == 0;
}
void bridge_plan_done(struct bridge_plan *p);

/* One line per step, such as "add address 192.168.122.1/24 dev virbr0". */
void bridge_plan_text(const struct bridge_plan *p, struct text *out);
void bridge_step_text(const struct bridge_plan *p, const struct bridge_step *s, struct text *out);

#endif
