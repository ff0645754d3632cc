/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/shape-message.h"

#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/attr.h>
#include <string.h>

#define TICK_NSEC 64 /* of HTB's buffers */
#define FRAME_MAX 1514U
#define QUEUE_MAX (UINT64_C(1) << 26)
#define QUEUE_MIN                                                                                  \
	(UINT64_C(128) *                                                                           \
	 1024) /* octets: two of the largest segments that a host hands over whole */

struct nl_msg *shape_message(int type, int flags, uint32_t ifindex, uint32_t handle,
			     uint32_t parent, uint32_t info, const char *kind)
{
	struct tcmsg tc = { .tcm_ifindex = (int)ifindex,
			    .tcm_handle = handle,
			    .tcm_parent = parent,
			    .tcm_info = info };
	struct nl_msg *m = rtnl_message(type, flags, &tc, sizeof(tc));

	if (m && kind && nla_put_string(m, TCA_KIND, kind) < 0) {
		nlmsg_free(m);
		return NULL;
	}
	return m;
}

/* Free `m` and return NULL if a put failed: sending NULL is "out of memory". */
struct nl_msg *shape_whole(struct nl_msg *m, int puts)
{
	if (puts >= 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

/* An attribute that consists of another with a value. */
int shape_put_inside(struct nl_msg *m, int outer, int type, const void *value, size_t n)
{
	struct nlattr *nest = nla_nest_start(m, outer);
	int r = nest ? nla_put(m, type, (int)n, value) : -1;

	if (nest)
		nla_nest_end(m, nest);
	return r;
}

struct nl_msg *shape_htb(const struct shape_device *d)
{
	struct tc_htb_glob glob = { .version = 3, .rate2quantum = 10, .defcls = SHAPE_EVERYTHING };
	struct nl_msg *m =
	    shape_message(RTM_NEWQDISC, NLM_F_CREATE | (d->shared ? NLM_F_EXCL : NLM_F_REPLACE),
			  d->ifindex, d->root, TC_H_ROOT, 0, "htb");

	return m ? shape_whole(m,
			       shape_put_inside(m, TCA_OPTIONS, TCA_HTB_INIT, &glob, sizeof(glob)))
		 : NULL;
}

uint64_t shape_ceil(const struct shape_rate *r)
{
	return MAX_OF(r->rate, r->peak);
}

/* How long `octets` take, as HTB counts. At least 50 ms are allowed in one go: on a busy host
 * timers are late, and what was not sent by then would be lost. */
static uint32_t buffer_of(uint64_t rate, uint64_t octets)
{
	uint64_t least = MAX_OF(rate / 20, (uint64_t)2 * FRAME_MAX);
	double ticks = (double)MAX_OF(octets, least) * 1e9 / (double)rate / TICK_NSEC;

	return ticks < (double)UINT32_MAX ? (uint32_t)ticks : UINT32_MAX;
}

static uint32_t at_most_u32(uint64_t v)
{
	return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

struct nl_msg *shape_class(const struct shape_device *d, uint32_t minor, const struct shape_rate *r)
{
	uint32_t parent = minor == SHAPE_LIMIT ? d->root : d->root | SHAPE_LIMIT;
	uint64_t ceil = shape_ceil(r);
	/* Link layer given: HTB then counts by itself and needs no tables. */
	struct tc_htb_opt opt = {
		.rate = { .linklayer = TC_LINKLAYER_ETHERNET, .rate = at_most_u32(r->rate) },
		.ceil = { .linklayer = TC_LINKLAYER_ETHERNET, .rate = at_most_u32(ceil) },
		.buffer = buffer_of(r->rate, r->burst),
		.cbuffer = buffer_of(ceil, 0),
		.quantum = 60000,
	};
	struct nl_msg *m = shape_message(RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_REPLACE, d->ifindex,
					 d->root | minor, parent, 0, "htb");
	struct nlattr *options = m ? nla_nest_start(m, TCA_OPTIONS) : NULL;

	if (!options)
		return m ? shape_whole(m, -1) : NULL;
	int puts = nla_put(m, TCA_HTB_PARMS, sizeof(opt), &opt);
	if (r->rate > UINT32_MAX)
		puts |= nla_put_u64(m, TCA_HTB_RATE64, r->rate);
	if (ceil > UINT32_MAX)
		puts |= nla_put_u64(m, TCA_HTB_CEIL64, ceil);
	nla_nest_end(m, options);
	return shape_whole(m, puts);
}

/* Fair and short where the kernel can; else a queue of 200 ms. */
struct nl_msg *shape_queue(const struct shape_device *d, uint32_t minor, const struct shape_rate *r,
			   bool fair)
{
	uint64_t octets = MIN_OF(MAX_OF(r->rate / 5, QUEUE_MIN), QUEUE_MAX);
	struct tc_fifo_qopt fifo = { .limit = (uint32_t)octets };
	struct nl_msg *m = shape_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, d->ifindex,
					 minor == SHAPE_EVERYTHING ? d->queue : minor << 16,
					 d->root | minor, 0, fair ? "fq_codel" : "bfifo");

	return m && !fair ? shape_whole(m, nla_put(m, TCA_OPTIONS, sizeof(fifo), &fifo)) : m;
}

/* ---- floors: filters by the guest's MAC ---- */

/* u32 counts from the network header, behind the Ethernet header. */
#define DESTINATION_AT (-14)
#define BUCKETS        256U
#define TABLE          0x00100000U /* 100:, our table of buckets */
#define FIRST_TABLE    0x80000000U /* where u32 begins */

static struct nl_msg *floor_filter(const struct shape_device *d, int type, int flags,
				   uint32_t handle)
{
	return shape_message(type, flags, d->ifindex, handle, d->root, SHAPE_FLOOR_INFO, "u32");
}

struct nl_msg *shape_floor_table(const struct shape_device *d)
{
	struct nl_msg *m = floor_filter(d, RTM_NEWTFILTER, NLM_F_CREATE, TABLE);
	const uint32_t buckets = BUCKETS;

	return m ? shape_whole(m, shape_put_inside(m, TCA_OPTIONS, TCA_U32_DIVISOR, &buckets,
						   sizeof(buckets)))
		 : NULL;
}

/* A selector and its keys, sel->nkeys of them. */
static int put_selector(struct nl_msg *m, const struct tc_u32_sel *sel,
			const struct tc_u32_key *keys)
{
	uint8_t b[sizeof(*sel) + 2 * sizeof(*keys)];
	size_t n = sel->nkeys * sizeof(*keys);

	memcpy(b, sel, sizeof(*sel));
	memcpy(b + sizeof(*sel), keys, n);
	return nla_put(m, TCA_U32_SEL, (int)(sizeof(*sel) + n), b);
}

/* The bucket is the last octet of the destination, the low one of the four at +2. */
struct nl_msg *shape_floor_hash(const struct shape_device *d)
{
	const struct tc_u32_sel sel = { .nkeys = 1,
					.hmask = htonl(BUCKETS - 1),
					.hoff = DESTINATION_AT + 2 };
	const struct tc_u32_key any = { 0 };
	struct nl_msg *m = floor_filter(d, RTM_NEWTFILTER, NLM_F_CREATE, 0);
	struct nlattr *options = m ? nla_nest_start(m, TCA_OPTIONS) : NULL;

	if (!options)
		return m ? shape_whole(m, -1) : NULL;
	int puts = nla_put_u32(m, TCA_U32_HASH, FIRST_TABLE) | nla_put_u32(m, TCA_U32_LINK, TABLE) |
		   put_selector(m, &sel, &any);
	nla_nest_end(m, options);
	return shape_whole(m, puts);
}

static uint32_t floor_handle(const struct shape_floor *f)
{
	return TABLE | (uint32_t)f->mac.b[5] << 12 | f->class_id;
}

struct nl_msg *shape_floor_add(const struct shape_device *d, const struct shape_floor *f)
{
	const uint8_t *mac = f->mac.b;
	const struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = 2 };
	struct tc_u32_key keys[] = { { .mask = UINT32_MAX, .off = DESTINATION_AT },
				     { .mask = htonl(0xffff0000), .off = DESTINATION_AT + 4 } };
	struct nl_msg *m = floor_filter(d, RTM_NEWTFILTER, NLM_F_CREATE, floor_handle(f));
	struct nlattr *options = m ? nla_nest_start(m, TCA_OPTIONS) : NULL;

	if (!options)
		return m ? shape_whole(m, -1) : NULL;
	memcpy(&keys[0].val, mac, 4);
	memcpy(&keys[1].val, mac + 4, 2);
	int puts = nla_put_u32(m, TCA_U32_CLASSID, d->root | f->class_id) |
		   nla_put_u32(m, TCA_U32_HASH, TABLE | (uint32_t)mac[5] << 12) |
		   put_selector(m, &sel, keys);
	nla_nest_end(m, options);
	return shape_whole(m, puts);
}

struct nl_msg *shape_floor_remove(const struct shape_device *d, const struct shape_floor *f)
{
	return floor_filter(d, RTM_DELTFILTER, 0, floor_handle(f));
}

struct nl_msg *shape_floor_remove_all(const struct shape_device *d)
{
	return shape_message(RTM_DELTFILTER, 0, d->ifindex, 0, d->root, SHAPE_FLOOR_INFO, NULL);
}

/* ---- the redirection to an ifb ---- */

static int put_action(struct nl_msg *m, int type, uint32_t ifb)
{
	struct tc_mirred mirred = { .action = TC_ACT_STOLEN,
				    .eaction = TCA_EGRESS_REDIR,
				    .ifindex = ifb };
	struct nlattr *actions = nla_nest_start(m, type);
	struct nlattr *first = actions ? nla_nest_start(m, 1) : NULL;

	if (!first)
		return -1;
	int r = nla_put_string(m, TCA_ACT_KIND, "mirred") |
		shape_put_inside(m, TCA_ACT_OPTIONS, TCA_MIRRED_PARMS, &mirred, sizeof(mirred));
	nla_nest_end(m, first);
	nla_nest_end(m, actions);
	return r;
}

/* A filter that every packet passes: which of the classifiers is there differs. */
struct classifier {
	const char *kind;
	int action; /* attribute type */
};
static const struct classifier classifiers[] = {
	{ "matchall", TCA_MATCHALL_ACT },
	{ "u32", TCA_U32_ACT },
	{ "flower", TCA_FLOWER_ACT },
	{ "basic", TCA_BASIC_ACT },
};
_Static_assert(ARRAY_LEN(classifiers) == SHAPE_CLASSIFIERS, "shape_redirect() knows so many");

struct nl_msg *shape_redirect(uint32_t ifindex, unsigned i, uint32_t ifb)
{
	const struct classifier *c = i < ARRAY_LEN(classifiers) ? &classifiers[i] : NULL;
	/* u32's selector with one key whose mask is zero. */
	const struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = 1 };
	uint8_t any[sizeof(sel) + sizeof(struct tc_u32_key)] = { 0 };
	struct nl_msg *m = c ? shape_message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, ifindex, 0,
					     SHAPE_INGRESS, SHAPE_REDIRECT_INFO, c->kind)
			     : NULL;
	struct nlattr *options = m ? nla_nest_start(m, TCA_OPTIONS) : NULL;
	int puts = 0;

	memcpy(any, &sel, sizeof(sel));
	if (!options)
		return m ? shape_whole(m, -1) : NULL;
	if (c->action == TCA_U32_ACT)
		puts = nla_put(m, TCA_U32_SEL, sizeof(any), any);
	puts |= put_action(m, c->action, ifb);
	nla_nest_end(m, options);
	return shape_whole(m, puts);
}
