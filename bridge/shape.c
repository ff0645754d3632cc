/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/shape.h"

#include "base/diff.h"
#include "bridge/apply-internal.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>

#define ROOT        0x10000U    /* 1: */
#define LIMIT       0x10001U    /* 1:1, the limit */
#define EVERYTHING  0x10002U    /* 1:2, where packets without a class of their own go */
#define QUEUE       0x20000U    /* 2:, the queue of 1:2 */
#define INGRESS     0xffff0000U /* ffff: */
#define FILTER_PRIO 110U
#define TICK_NSEC   64 /* of HTB's buffers */
#define FRAME_MAX   1514U
#define QUEUE_MAX   (UINT64_C(1) << 26)
#define QUEUE_MIN                                                                                  \
	(UINT64_C(128) *                                                                           \
	 1024)          /* octets: two of the largest segments that a host hands over whole */
#define IFB_QUEUE 1000U /* frames */

/* What is wanted */

static struct shape_rate rate_of(const struct bandwidth_limit *l)
{
	return (struct shape_rate){ .rate = l->average * 1000,
				    .peak = l->peak * 1000,
				    .burst = l->burst * 1024 };
}

void shape_of(const struct bandwidth *b, struct shape_row *ret)
{
	*ret = (struct shape_row){ .to_guests = rate_of(&b->inbound),
				   .from_guests = rate_of(&b->outbound) };
}

void shape_wanted(const struct network *n, struct shape_row *ret)
{
	shape_of(&n->bandwidth, ret);
}

static bool rate_equal(const struct shape_rate *a, const struct shape_rate *b)
{
	return a->rate == b->rate && a->peak == b->peak && a->burst == b->burst;
}

bool shape_equal(const struct shape_row *a, const struct shape_row *b)
{
	return rate_equal(&a->to_guests, &b->to_guests) &&
	       rate_equal(&a->from_guests, &b->from_guests);
}

static void rate_text(const struct shape_rate *r, const char *bridge, const char *way,
		      struct text *out)
{
	if (!r->rate)
		return;
	text_addf(out, "limit %s %s guests to %llu octets/s", bridge, way,
		  (unsigned long long)r->rate);
	if (r->peak)
		text_addf(out, ", peak %llu", (unsigned long long)r->peak);
	if (r->burst)
		text_addf(out, ", burst %llu octets", (unsigned long long)r->burst);
	text_add(out, "\n");
}

void shape_text(const struct shape_row *s, const char *bridge, struct text *out)
{
	rate_text(&s->to_guests, bridge, "to", out);
	rate_text(&s->from_guests, bridge, "from", out);
}

/* Messages */

static struct nl_msg *tc_message(int type, int flags, uint32_t ifindex, uint32_t handle,
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
static struct nl_msg *whole(struct nl_msg *m, int puts)
{
	if (puts >= 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

/* An attribute that consists of another with a value. */
static int put_inside(struct nl_msg *m, int outer, int type, const void *value, size_t n)
{
	struct nlattr *nest = nla_nest_start(m, outer);
	int r = nest ? nla_put(m, type, (int)n, value) : -1;

	if (nest)
		nla_nest_end(m, nest);
	return r;
}

static struct nl_msg *htb_message(uint32_t ifindex)
{
	struct tc_htb_glob glob = { .version = 3,
				    .rate2quantum = 10,
				    .defcls = EVERYTHING & 0xffff };
	struct nl_msg *m = tc_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, ifindex, ROOT,
				      TC_H_ROOT, 0, "htb");

	return m ? whole(m, put_inside(m, TCA_OPTIONS, TCA_HTB_INIT, &glob, sizeof(glob))) : NULL;
}

static uint64_t ceil_of(const struct shape_rate *r)
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

static struct nl_msg *class_message(uint32_t ifindex, uint32_t class, uint32_t parent,
				    const struct shape_rate *r)
{
	uint64_t ceil = ceil_of(r);
	/* Link layer given: HTB then counts by itself and needs no tables. */
	struct tc_htb_opt opt = {
		.rate = { .linklayer = TC_LINKLAYER_ETHERNET, .rate = at_most_u32(r->rate) },
		.ceil = { .linklayer = TC_LINKLAYER_ETHERNET, .rate = at_most_u32(ceil) },
		.buffer = buffer_of(r->rate, r->burst),
		.cbuffer = buffer_of(ceil, 0),
		.quantum = 60000,
	};
	struct nl_msg *m = tc_message(RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_REPLACE, ifindex, class,
				      parent, 0, "htb");
	struct nlattr *options = m ? nla_nest_start(m, TCA_OPTIONS) : NULL;

	if (!options)
		return m ? whole(m, -1) : NULL;
	int puts = nla_put(m, TCA_HTB_PARMS, sizeof(opt), &opt);
	if (r->rate > UINT32_MAX)
		puts |= nla_put_u64(m, TCA_HTB_RATE64, r->rate);
	if (ceil > UINT32_MAX)
		puts |= nla_put_u64(m, TCA_HTB_CEIL64, ceil);
	nla_nest_end(m, options);
	return whole(m, puts);
}

/* Fair and short where the kernel can; else a queue of 200 ms. */
static struct nl_msg *queue_message(uint32_t ifindex, const struct shape_rate *r, bool fair)
{
	uint64_t octets = MIN_OF(MAX_OF(r->rate / 5, QUEUE_MIN), QUEUE_MAX);
	struct tc_fifo_qopt fifo = { .limit = (uint32_t)octets };
	struct nl_msg *m = tc_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, ifindex, QUEUE,
				      EVERYTHING, 0, fair ? "fq_codel" : "bfifo");

	return m && !fair ? whole(m, nla_put(m, TCA_OPTIONS, sizeof(fifo), &fifo)) : m;
}

/* Requests */

struct shaper {
	struct kernel_socket *ks;
	char words[RTNL_WORDS_MAX];
};

static int request(struct shaper *s, struct nl_msg *m)
{
	return rtnl_request(s->ks->fd, &s->ks->seq, m, s->words);
}

static int set_classes(struct shaper *s, uint32_t ifindex, const struct shape_rate *r)
{
	int rc = request(s, htb_message(ifindex));

	/* HTB that is there already can't be changed, and needn't. */
	if (rc < 0 && rc != -EINVAL && rc != -EOPNOTSUPP && rc != -EEXIST)
		return rc;
	rc = request(s, class_message(ifindex, LIMIT, ROOT, r));
	return rc < 0 ? rc : request(s, class_message(ifindex, EVERYTHING, LIMIT, r));
}

static void clear_root(struct shaper *s, uint32_t ifindex)
{
	(void)request(s, tc_message(RTM_DELQDISC, 0, ifindex, 0, TC_H_ROOT, 0, NULL));
}

static int set_rate(struct shaper *s, uint32_t ifindex, const struct shape_rate *r)
{
	int rc = set_classes(s, ifindex, r);

	if (rc < 0) { /* something that is in the way */
		clear_root(s, ifindex);
		rc = set_classes(s, ifindex, r);
	}
	if (rc < 0)
		clear_root(s, ifindex);
	else if (request(s, queue_message(ifindex, r, true)) < 0)
		(void)!request(s, queue_message(ifindex, r, false));
	return rc;
}

/* The ifb */

static void ifb_name(const struct uuid *u, char name[static LINK_NAME_MAX])
{
	uint64_t h = diff_hash(DIFF_HASH_START, u->b, sizeof(u->b));

	snprintf(name, LINK_NAME_MAX, "netdi%08x", (unsigned)(h ^ h >> 32));
}

static struct nl_msg *link_message(int type, int flags, uint32_t ifindex, unsigned if_flags)
{
	struct ifinfomsg ifi = { .ifi_index = (int)ifindex,
				 .ifi_flags = if_flags,
				 .ifi_change = if_flags };

	return rtnl_message(type, flags, &ifi, sizeof(ifi));
}

static int make_ifb(struct shaper *s, const char *name, uint32_t *ret)
{
	struct nl_msg *m = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, IFF_UP);
	int rc;

	if (m)
		m = whole(m,
			  nla_put_string(m, IFLA_IFNAME, name) |
			      nla_put_u32(m, IFLA_TXQLEN, IFB_QUEUE) |
			      put_inside(m, IFLA_LINKINFO, IFLA_INFO_KIND, "ifb", sizeof("ifb")));
	rc = request(s, m);
	if (rc < 0 && rc != -EEXIST)
		return rc;
	*ret = if_nametoindex(name);
	if (!*ret)
		return -errno;
	return request(s, link_message(RTM_SETLINK, 0, *ret, IFF_UP));
}

static void remove_ifb(struct shaper *s, const char *name)
{
	uint32_t ifindex = if_nametoindex(name);

	if (ifindex)
		(void)!request(s, link_message(RTM_DELLINK, 0, ifindex, 0));
}

/* The redirection */

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
		put_inside(m, TCA_ACT_OPTIONS, TCA_MIRRED_PARMS, &mirred, sizeof(mirred));
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

#define FILTER_INFO (FILTER_PRIO << 16 | (uint32_t)((ETH_P_ALL & 0xff) << 8 | ETH_P_ALL >> 8))

static struct nl_msg *filter_message(uint32_t bridge, const struct classifier *c, uint32_t ifb)
{
	/* u32's selector with one key whose mask is zero. */
	const struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = 1 };
	uint8_t any[sizeof(sel) + sizeof(struct tc_u32_key)] = { 0 };
	struct nl_msg *m = tc_message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, bridge, 0, INGRESS,
				      FILTER_INFO, c->kind);
	struct nlattr *options = m ? nla_nest_start(m, TCA_OPTIONS) : NULL;
	int puts = 0;

	memcpy(any, &sel, sizeof(sel));
	if (!options)
		return m ? whole(m, -1) : NULL;
	if (c->action == TCA_U32_ACT)
		puts = nla_put(m, TCA_U32_SEL, sizeof(any), any);
	puts |= put_action(m, c->action, ifb);
	nla_nest_end(m, options);
	return whole(m, puts);
}

static void clear_ingress(struct shaper *s, uint32_t bridge)
{
	(void)!request(s, tc_message(RTM_DELQDISC, 0, bridge, INGRESS, TC_H_INGRESS, 0, NULL));
}

static int redirect(struct shaper *s, uint32_t bridge, uint32_t ifb)
{
	int rc = request(
	    s, tc_message(RTM_NEWQDISC, NLM_F_CREATE, bridge, INGRESS, TC_H_INGRESS, 0, "ingress"));

	if (rc < 0)
		return rc;
	(void)!request(s, tc_message(RTM_DELTFILTER, 0, bridge, 0, INGRESS, FILTER_INFO, NULL));
	rc = -ENOENT;
	for (size_t i = 0; i < ARRAY_LEN(classifiers) && rc < 0; i++)
		rc = request(s, filter_message(bridge, &classifiers[i], ifb));
	return rc;
}

static int limit_from_guests(struct shaper *s, uint32_t bridge, const char *name,
			     const struct shape_rate *r, uint32_t *ret_ifb)
{
	uint32_t ifb = 0;
	int rc = make_ifb(s, name, &ifb);

	if (rc == 0)
		rc = set_rate(s, ifb, r);
	if (rc == 0)
		rc = redirect(s, bridge, ifb);
	if (rc < 0) {
		clear_ingress(s, bridge);
		remove_ifb(s, name);
		return rc;
	}
	*ret_ifb = ifb;
	return 0;
}

static void tell(const struct shaper *s, char ret[static 128], int rc)
{
	copy_text(ret, 128, *s->words ? s->words : strerror(-rc));
}

void bridge_shape(struct kernel_socket *ks, const struct uuid *network, uint32_t ifindex,
		  const struct shape_row *want, struct shape_result *ret)
{
	struct shaper s = { .ks = ks };
	char name[LINK_NAME_MAX];
	int rc = 0;

	*ret = (struct shape_result){ 0 };
	if (ks->fake)
		return;
	ifb_name(network, name);
	if (ifindex && want->to_guests.rate)
		rc = set_rate(&s, ifindex, &want->to_guests);
	else if (ifindex)
		clear_root(&s, ifindex);
	if (rc < 0)
		tell(&s, ret->trouble_to, rc);
	rc = 0;
	if (ifindex && want->from_guests.rate) {
		rc = limit_from_guests(&s, ifindex, name, &want->from_guests, &ret->ifb);
	} else {
		if (ifindex)
			clear_ingress(&s, ifindex);
		remove_ifb(&s, name);
	}
	if (rc < 0)
		tell(&s, ret->trouble_from, rc);
}
