/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shape-message.h — the messages of which bandwidth is made: HTB with its classes and queues, the
 * filters that choose a class, the redirection to an ifb. Each returns NULL without memory, which
 * rtnl_request() takes for that. */
#ifndef BRIDGE_SHAPE_MESSAGE_H
#define BRIDGE_SHAPE_MESSAGE_H

#include "bridge/rtnl.h"
#include "bridge/shape.h"

#include <linux/if_ether.h>

/* Minor numbers of HTB's classes; a floor's is its class_id. */
#define SHAPE_LIMIT      1U
#define SHAPE_EVERYTHING 2U

#define SHAPE_INGRESS       0xffff0000U /* ffff: */
#define SHAPE_PRIO_REDIRECT 110U
#define SHAPE_PRIO_FLOOR    111U
#define SHAPE_INFO(prio)    ((prio) << 16 | (uint32_t)((ETH_P_ALL & 0xff) << 8 | ETH_P_ALL >> 8))
#define SHAPE_REDIRECT_INFO SHAPE_INFO(SHAPE_PRIO_REDIRECT)
#define SHAPE_FLOOR_INFO    SHAPE_INFO(SHAPE_PRIO_FLOOR)

/* A link whose root queueing discipline is ours. */
struct shape_device {
	uint32_t ifindex;
	uint32_t root, queue; /* handles: of HTB, and of the queue of SHAPE_EVERYTHING */
	bool shared;          /* somebody else's discipline is left alone */
};

/* A message of the kinds RTM_…QDISC, …TCLASS and …TFILTER. */
struct nl_msg *shape_message(int type, int flags, uint32_t ifindex, uint32_t handle,
			     uint32_t parent, uint32_t info, const char *kind);
/* An attribute that consists of another with a value. */
int shape_put_inside(struct nl_msg *m, int outer, int type, const void *value, size_t n);
/* Free `m` and return NULL if a put failed. */
struct nl_msg *shape_whole(struct nl_msg *m, int puts);

uint64_t shape_ceil(const struct shape_rate *r);

struct nl_msg *shape_htb(const struct shape_device *d);
struct nl_msg *shape_class(const struct shape_device *d, uint32_t minor,
			   const struct shape_rate *r);
/* `fair`: short and fair, where the kernel can; else a plain one of 200 ms. */
struct nl_msg *shape_queue(const struct shape_device *d, uint32_t minor, const struct shape_rate *r,
			   bool fair);

/* A table of 256 buckets by the last octet of the MAC, the way into it, and its entries. */
struct nl_msg *shape_floor_table(const struct shape_device *d);
struct nl_msg *shape_floor_hash(const struct shape_device *d);
struct nl_msg *shape_floor_add(const struct shape_device *d, const struct shape_floor *f);
struct nl_msg *shape_floor_remove(const struct shape_device *d, const struct shape_floor *f);
struct nl_msg *shape_floor_remove_all(const struct shape_device *d);

/* All that arrives goes to `ifb`, by the i-th of the classifiers that can do it: which of them a
 * kernel has differs. */
#define SHAPE_CLASSIFIERS 4U
struct nl_msg *shape_redirect(uint32_t ifindex, unsigned i, uint32_t ifb);

#endif
