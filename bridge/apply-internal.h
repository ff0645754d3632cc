/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply-internal.h — what apply.c, port.c and fake.c share. */
#ifndef BRIDGE_APPLY_INTERNAL_H
#define BRIDGE_APPLY_INTERNAL_H

#include "bridge/apply.h"
#include "bridge/fake.h"
#include "bridge/rtnl.h"

struct kernel_socket {
	int fd;
	int packet_fd; /* to send BPDUs by; -1: not opened yet */
	uint32_t seq;
	struct rtnl_batch batch;
	unsigned next_vnet;       /* where the search for a free vnetN goes on */
	struct fake_kernel *fake; /* or NULL */
};

/* Fill `result` and `e` for a step that failed. Returns -errnum. */
int bridge_step_failed(const struct bridge_plan *plan, size_t step, int errnum, const char *words,
		       struct bridge_result *result, struct err *e);

/* Set the isolation of a bridge's port; NULL without memory. */
struct nl_msg *bridge_isolated_message(uint32_t ifindex, bool isolated);
/* Of `ports` of `bridge` set those forwarding that wait for the forward delay of the kernel's STP
 * and aren't part of a loop; at most STP_PORTS_MAX. Takes 1 ms, with taps 10 ms. 0 or -errno; what
 * has gone meanwhile is no failure. */
#define STP_PORTS_MAX (RTNL_BATCH_MAX - 2)
int bridge_stp_forward(struct kernel_socket *ks, uint32_t bridge, const uint32_t *ports, size_t n);

/* Make a link by `make`, named as wished, or by the first vnetN that nobody takes before us. */
typedef int bridge_make_fn(struct kernel_socket *ks, const char *name, void *how, struct err *e);
int bridge_port_named(struct kernel_socket *ks, const char *wish, bridge_make_fn *make, void *how,
		      char name[static LINK_NAME_MAX], struct err *e);

/* port-settle.c: let all VLANs pass a port, tagged but for the first. */
int bridge_port_trunk(struct kernel_socket *ks, uint32_t ifindex, struct err *e);

/* uplink.c: carry out a step about an uplink or a VLAN; `bridge` is the plan's, 0 when it has none.
 */
int bridge_uplink_step(struct kernel_socket *ks, const struct bridge_plan *plan,
		       const struct bridge_step *s, uint32_t bridge, struct err *e);

int fake_apply(struct fake_kernel *k, const struct bridge_plan *plan, struct bridge_result *ret,
	       struct err *e);
int fake_add_port(struct fake_kernel *k, const struct link_row *row, enum link_kind kind,
		  uint32_t master, bool isolated, uint32_t *ret_ifindex);
int fake_attach(struct fake_kernel *k, uint32_t ifindex, uint32_t master, bool isolated);
bool fake_alias(struct fake_kernel *k, uint32_t ifindex, char buf[static LINK_ALIAS_MAX]);

#endif
