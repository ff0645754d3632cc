/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bandwidth in the kernel. Setting what is there already changes nothing, so nothing is asked
 * before, but where something may be somebody else's. */
#include "base/diff.h"
#include "bridge/apply-internal.h"
#include "bridge/shape-message.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define IFB_QUEUE 1000U       /* frames */
#define PORT_ROOT 0x6e640000U /* of a port, so that we know it again */
#define PORT_NEXT 0x6e650000U
#define DUMP_BUF  32768

struct shaper {
	struct kernel_socket *ks;
	char words[RTNL_WORDS_MAX];
};

static int request(struct shaper *s, struct nl_msg *m)
{
	return rtnl_request(s->ks->fd, &s->ks->seq, m, s->words);
}

static struct shape_device own_device(uint32_t ifindex)
{
	return (struct shape_device){ .ifindex = ifindex, .root = 0x10000, .queue = 0x20000 };
}

static struct shape_device port_device(uint32_t ifindex)
{
	return (struct shape_device){
		.ifindex = ifindex, .root = PORT_ROOT, .queue = PORT_NEXT, .shared = true
	};
}

/* ---- what is there ---- */

struct seen {
	uint32_t ifindex;
	void (*see)(struct seen *seen, const struct tcmsg *tc);
	/* Filters at the ingress: */
	bool ours, others;
	/* Classes: */
	uint8_t minors[(SHAPE_CLASS_MAX + 1) / 8];
};

static void see_message(void *data, const struct nlmsghdr *h)
{
	struct seen *seen = data;
	const struct tcmsg *tc = nlmsg_data(h);

	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(*tc)) && (uint32_t)tc->tcm_ifindex == seen->ifindex)
		seen->see(seen, tc);
}

static int look(struct shaper *s, int type, uint32_t parent, struct seen *seen)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nl_msg *m = shape_message(type, NLM_F_DUMP, seen->ifindex, 0, parent, 0, NULL);
	auto_free uint8_t *buf = malloc(DUMP_BUF);
	int r = m && buf ? 0 : -ENOMEM;

	if (r == 0) {
		struct nlmsghdr *h = nlmsg_hdr(m);
		h->nlmsg_seq = ++s->ks->seq;
		if (sendto(s->ks->fd, h, h->nlmsg_len, 0, (struct sockaddr *)&kernel,
			   sizeof(kernel)) < 0)
			r = -errno;
	}
	nlmsg_free(m);
	return r < 0 ? r
		     : rtnl_read_answers(s->ks->fd, s->ks->seq, buf, DUMP_BUF, see_message, seen);
}

static void see_filter(struct seen *seen, const struct tcmsg *tc)
{
	if (tc->tcm_info >> 16 == SHAPE_PRIO_REDIRECT)
		seen->ours = true;
	else
		seen->others = true;
}

static void see_class(struct seen *seen, const struct tcmsg *tc)
{
	uint32_t minor = tc->tcm_handle & 0xffff;

	if (tc->tcm_handle >> 16 == 1 && minor <= SHAPE_CLASS_MAX)
		seen->minors[minor / 8] |= (uint8_t)(1U << minor % 8);
}

/* ---- limits ---- */

static int set_classes(struct shaper *s, const struct shape_device *d, const struct shape_rate *r,
		       const struct shape_rate *rest)
{
	int rc = request(s, shape_htb(d));

	/* HTB that is there already can't be changed, and needn't. */
	if (rc < 0 && rc != -EINVAL && rc != -EOPNOTSUPP && rc != -EEXIST)
		return rc;
	bool there = rc == -EEXIST;
	rc = request(s, shape_class(d, SHAPE_LIMIT, r));
	if (rc == -ENOENT && there && d->shared)
		return -EBUSY; /* what is there is another's */
	return rc < 0 ? rc : request(s, shape_class(d, SHAPE_EVERYTHING, rest));
}

/* A port's is removed by its number, so another's stays. */
static void clear_root(struct shaper *s, const struct shape_device *d)
{
	(void)!request(s, shape_message(RTM_DELQDISC, 0, d->ifindex, d->shared ? d->root : 0,
					TC_H_ROOT, 0, NULL));
}

static void set_queue(struct shaper *s, const struct shape_device *d, uint32_t minor,
		      const struct shape_rate *r)
{
	if (request(s, shape_queue(d, minor, r, true)) < 0)
		(void)!request(s, shape_queue(d, minor, r, false));
}

static int set_rate(struct shaper *s, const struct shape_device *d, const struct shape_rate *r,
		    const struct shape_rate *rest)
{
	int rc = set_classes(s, d, r, rest);

	if (rc < 0 && !d->shared) { /* something that is in the way */
		clear_root(s, d);
		rc = set_classes(s, d, r, rest);
	}
	if (rc < 0)
		clear_root(s, d);
	else
		set_queue(s, d, SHAPE_EVERYTHING, r);
	return rc;
}

/* ---- floors ---- */

static int set_floor(struct shaper *s, const struct shape_device *d, const struct shape_floor *f,
		     const struct shape_rate *limit)
{
	const struct shape_rate class = { .rate = f->rate, .peak = shape_ceil(limit) };
	int rc = request(s, shape_class(d, f->class_id, &class));

	if (rc < 0)
		return rc;
	set_queue(s, d, f->class_id, limit);
	return request(s, shape_floor_add(d, f));
}

static void remove_floor(struct shaper *s, const struct shape_device *d,
			 const struct shape_floor *f)
{
	(void)!request(s, shape_floor_remove(d, f));
	(void)!request(
	    s, shape_message(RTM_DELTCLASS, 0, d->ifindex, d->root | f->class_id, 0, 0, NULL));
}

static const struct shape_floor *floor_of(const struct shape_floors *fs, uint32_t class_id)
{
	size_t low = 0, high = fs->n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (fs->floor[middle].class_id < class_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < fs->n && fs->floor[low].class_id == class_id ? &fs->floor[low] : NULL;
}

/* From what we left to what is wanted. */
static int change_floors(struct shaper *s, const struct shape_device *d,
			 const struct shape_want *want)
{
	const struct shape_floors *had = want->had;
	int rc = 0;

	for (size_t i = 0; i < had->n; i++) {
		const struct shape_floor *now = floor_of(&want->floors, had->floor[i].class_id);
		if (!now || !shape_floor_equal(now, &had->floor[i]))
			remove_floor(s, d, &had->floor[i]);
	}
	if (!had->n && want->floors.n) {
		rc = request(s, shape_floor_table(d));
		if (rc == 0 || rc == -EEXIST)
			rc = request(s, shape_floor_hash(d));
	}
	for (size_t i = 0; i < want->floors.n && rc == 0; i++) {
		const struct shape_floor *f = &want->floors.floor[i];
		const struct shape_floor *before = floor_of(had, f->class_id);
		if (!before || !shape_floor_equal(before, f))
			rc = set_floor(s, d, f, &want->row.to_guests);
	}
	return rc;
}

/* Whatever is there: filters are made anew, classes that nobody wants go. */
static int set_floors_anew(struct shaper *s, const struct shape_device *d,
			   const struct shape_want *want)
{
	static const struct shape_floors none;
	struct shape_want all = *want;
	struct seen seen = { .ifindex = d->ifindex, .see = see_class };

	(void)!request(s, shape_floor_remove_all(d));
	if (look(s, RTM_GETTCLASS, 0, &seen) == 0)
		for (uint32_t i = SHAPE_EVERYTHING + 1; i <= SHAPE_CLASS_MAX; i++)
			if (seen.minors[i / 8] >> i % 8 & 1 && !floor_of(&want->floors, i))
				(void)!request(s, shape_message(RTM_DELTCLASS, 0, d->ifindex,
								d->root | i, 0, 0, NULL));
	all.had = &none;
	return change_floors(s, d, &all);
}

/* What is guaranteed to some is not guaranteed to the rest. */
static struct shape_rate rest_of(const struct shape_want *want)
{
	struct shape_rate rest = want->row.to_guests;
	uint64_t least = MAX_OF(rest.rate / 100, UINT64_C(1000)), sum = 0;

	for (size_t i = 0; i < want->floors.n; i++)
		sum += want->floors.floor[i].rate;
	if (!sum)
		return rest;
	rest.peak = shape_ceil(&rest);
	rest.rate = rest.rate > sum + least ? rest.rate - sum : least;
	return rest;
}

static int limit_to_guests(struct shaper *s, uint32_t bridge, const struct shape_want *want)
{
	const struct shape_device d = own_device(bridge);
	const struct shape_rate rest = rest_of(want);
	int rc = set_rate(s, &d, &want->row.to_guests, &rest);

	if (rc < 0)
		return rc;
	return want->had ? change_floors(s, &d, want) : set_floors_anew(s, &d, want);
}

/* ---- the ifb ---- */

static void network_ifb(const struct uuid *u, char name[static LINK_NAME_MAX])
{
	uint64_t h = diff_hash(DIFF_HASH_START, u->b, sizeof(u->b));

	snprintf(name, LINK_NAME_MAX, SHAPE_IFB "i%08x", (unsigned)(h ^ h >> 32));
}

static void port_ifb(uint32_t port, char name[static LINK_NAME_MAX])
{
	snprintf(name, LINK_NAME_MAX, SHAPE_IFB "p%08x", (unsigned)port);
}

static struct nl_msg *link_message(int type, int flags, uint32_t ifindex, unsigned if_flags)
{
	struct ifinfomsg ifi = { .ifi_index = (int)ifindex,
				 .ifi_flags = if_flags,
				 .ifi_change = if_flags };

	return rtnl_message(type, flags, &ifi, sizeof(ifi));
}

static struct nl_msg *ifb_message(const char *name)
{
	struct nl_msg *m = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, IFF_UP);

	return m ? shape_whole(m, nla_put_string(m, IFLA_IFNAME, name) |
				      nla_put_u32(m, IFLA_TXQLEN, IFB_QUEUE) |
				      shape_put_inside(m, IFLA_LINKINFO, IFLA_INFO_KIND, "ifb",
						       sizeof("ifb")))
		 : NULL;
}

static int make_ifb(struct shaper *s, const char *name, uint32_t *ret)
{
	int rc = request(s, ifb_message(name));

	if (rc < 0 && rc != -EEXIST)
		return rc;
	*ret = if_nametoindex(name);
	if (!*ret)
		return -errno;
	struct nl_msg *m = link_message(RTM_SETLINK, 0, *ret, IFF_UP);
	return request(s,
		       m ? shape_whole(m, nla_put_string(m, IFLA_IFALIAS, SHAPE_IFB_ALIAS)) : NULL);
}

static void remove_ifb(struct shaper *s, const char *name)
{
	uint32_t ifindex = if_nametoindex(name);

	if (ifindex)
		(void)!request(s, link_message(RTM_DELLINK, 0, ifindex, 0));
}

void bridge_shape_remove_ifb(struct kernel_socket *ks, const char *name)
{
	struct shaper s = { .ks = ks };

	if (!ks->fake)
		remove_ifb(&s, name);
}

/* ---- the redirection ---- */

static struct nl_msg *ingress_message(int type, int flags, uint32_t ifindex)
{
	return shape_message(type, flags, ifindex, SHAPE_INGRESS, TC_H_INGRESS, 0,
			     type == RTM_NEWQDISC ? "ingress" : NULL);
}

static void remove_redirection(struct shaper *s, uint32_t ifindex)
{
	(void)!request(s, shape_message(RTM_DELTFILTER, 0, ifindex, 0, SHAPE_INGRESS,
					SHAPE_REDIRECT_INFO, NULL));
}

/* Of a port only what is ours. */
static void clear_ingress(struct shaper *s, const struct shape_device *d)
{
	struct seen seen = { .ifindex = d->ifindex, .see = see_filter };

	if (d->shared) {
		if (look(s, RTM_GETTFILTER, SHAPE_INGRESS, &seen) < 0 || !seen.ours)
			return;
		if (seen.others)
			return remove_redirection(s, d->ifindex);
	}
	(void)!request(s, ingress_message(RTM_DELQDISC, 0, d->ifindex));
}

/* Something that isn't ours stands at the ingress. */
static bool is_foreign_ingress(struct shaper *s, const struct shape_device *d)
{
	struct seen seen = { .ifindex = d->ifindex, .see = see_filter };

	return d->shared && look(s, RTM_GETTFILTER, SHAPE_INGRESS, &seen) == 0 && seen.others;
}

static int redirect(struct shaper *s, const struct shape_device *d, uint32_t ifb)
{
	int rc = request(s, ingress_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, d->ifindex));

	if (rc < 0 && rc != -EEXIST)
		return rc;
	remove_redirection(s, d->ifindex);
	rc = -ENOENT;
	for (unsigned i = 0; i < SHAPE_CLASSIFIERS && rc < 0; i++)
		rc = request(s, shape_redirect(d->ifindex, i, ifb));
	return rc;
}

static int limit_from_guests(struct shaper *s, const struct shape_device *d, const char *name,
			     const struct shape_rate *r, uint32_t *ret_ifb)
{
	uint32_t ifb = 0;
	int rc = make_ifb(s, name, &ifb);
	const struct shape_device other = own_device(ifb);

	if (rc == 0)
		rc = set_rate(s, &other, r, r);
	if (rc == 0)
		rc = redirect(s, d, ifb);
	if (rc < 0) {
		clear_ingress(s, d);
		remove_ifb(s, name);
		return rc;
	}
	*ret_ifb = ifb;
	return 0;
}

/* ---- a bridge, a port ---- */

static void tell(const struct shaper *s, char ret[static SHAPE_TROUBLE_MAX], int rc)
{
	copy_text(ret, SHAPE_TROUBLE_MAX, *s->words ? s->words : strerror(-rc));
}

static void shape_from_guests(struct shaper *s, const struct shape_device *d, const char *ifb,
			      const struct shape_rate *r, struct shape_result *ret)
{
	int rc;

	if (d->ifindex && r->rate) {
		rc = limit_from_guests(s, d, ifb, r, &ret->ifb);
		if (rc < 0)
			tell(s, ret->trouble_from, rc);
		return;
	}
	if (d->ifindex)
		clear_ingress(s, d);
	remove_ifb(s, ifb);
}

void bridge_shape(struct kernel_socket *ks, const struct uuid *network, uint32_t ifindex,
		  const struct shape_want *want, struct shape_result *ret)
{
	struct shaper s = { .ks = ks };
	const struct shape_device d = own_device(ifindex);
	char name[LINK_NAME_MAX];
	int rc = 0;

	*ret = (struct shape_result){ 0 };
	if (ks->fake)
		return;
	if (ifindex && want->row.to_guests.rate)
		rc = limit_to_guests(&s, ifindex, want);
	else if (ifindex)
		clear_root(&s, &d);
	if (rc < 0)
		tell(&s, ret->trouble_to, rc);
	network_ifb(network, name);
	shape_from_guests(&s, &d, name, &want->row.from_guests, ret);
}

void bridge_shape_port(struct kernel_socket *ks, uint32_t ifindex, bool gone,
		       const struct shape_row *want, struct shape_result *ret)
{
	struct shaper s = { .ks = ks };
	const struct shape_device d = port_device(gone ? 0 : ifindex);
	char name[LINK_NAME_MAX];
	int rc = 0;

	*ret = (struct shape_result){ 0 };
	if (ks->fake)
		return;
	if (!gone && want->to_guests.rate)
		rc = set_rate(&s, &d, &want->to_guests, &want->to_guests);
	else if (!gone)
		clear_root(&s, &d);
	ret->foreign =
	    rc == -EBUSY || (!gone && want->from_guests.rate && is_foreign_ingress(&s, &d));
	if (rc < 0 && !ret->foreign)
		tell(&s, ret->trouble_to, rc);
	port_ifb(ifindex, name);
	shape_from_guests(&s, &d, name,
			  ret->foreign ? &(struct shape_rate){ 0 } : &want->from_guests, ret);
}
