/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applying a plan. Steps become messages of a batch; a batch is sent when it is full, when a file
 * under /proc/sys must be written, and when the ifindex of a new link is needed. Three system calls
 * make a bridge: one message creates it down, then sysctls, then one batch marks it, sets it up and
 * adds its rows. (The alias is not taken by the creating message, and the MTU does not stick to a
 * bridge unless it *changes* after creation: so it is created with another one.) */
#include "bridge/apply-internal.h"

#include "base/cursor.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>

#ifndef IFA_PROTO
#define IFA_PROTO 11 /* Linux 5.18 */
#endif

struct job {
	struct kernel_socket *ks;
	const struct bridge_plan *plan;
	struct bridge_result *result;
	uint32_t ifindex;   /* of the plan's bridge, once known */
	size_t n_forwarded; /* BRIDGE_FORWARD_PORT steps before this index are done */
	struct err *e;
};

int kernel_socket_open(struct kernel_socket **ret, struct err *e)
{
	struct kernel_socket *ks = calloc(1, sizeof(*ks));

	if (!ks)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	ks->packet_fd = -1;
	ks->fd = rtnl_open(NULL, e);
	if (ks->fd < 0) {
		int r = ks->fd;
		free(ks);
		return r;
	}
	*ret = ks;
	return 0;
}

int kernel_socket_open_fake(struct kernel_socket **ret, struct fake_kernel *k, struct err *e)
{
	struct kernel_socket *ks = calloc(1, sizeof(*ks));

	if (!ks)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	ks->fd = ks->packet_fd = -1;
	ks->fake = k;
	*ret = ks;
	return 0;
}

void kernel_socket_free(struct kernel_socket *ks)
{
	if (!ks)
		return;
	close_fd(&ks->fd);
	close_fd(&ks->packet_fd);
	free(ks);
}

/* Messages */

static struct nl_msg *link_message(int type, int flags, uint32_t ifindex, unsigned if_flags,
				   unsigned change)
{
	struct ifinfomsg ifi = { .ifi_index = (int)ifindex,
				 .ifi_flags = if_flags,
				 .ifi_change = change };

	return rtnl_message(type, flags, &ifi, sizeof(ifi));
}

/* Whether `m` was made and all attributes fitted; frees it otherwise, so that the batch sees NULL.
 */
static struct nl_msg *whole(struct nl_msg *m, int puts)
{
	if (puts >= 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

/* Every nla_put is 0 or negative: OR-ing them tells whether one failed. */
static int put_bridge_options(struct nl_msg *m, const struct link_row *l, unsigned what)
{
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	int r = info ? nla_put_string(m, IFLA_INFO_KIND, "bridge") : -1;
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);

	if (!info || !data)
		return -1;
	if (what & LINK_CHANGE_DELAY)
		r |= nla_put_u32(m, IFLA_BR_FORWARD_DELAY, l->forward_delay_cs);
	if (what & LINK_CHANGE_HELLO && l->hello_cs)
		r |= nla_put_u32(m, IFLA_BR_HELLO_TIME, l->hello_cs);
	if (what & LINK_CHANGE_VLANS)
		r |= nla_put_u8(m, IFLA_BR_VLAN_FILTERING, l->vlan_filtering);
	if (what & LINK_CHANGE_STP)
		r |= nla_put_u32(m, IFLA_BR_STP_STATE, l->stp);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	return r;
}

static int put_link(struct nl_msg *m, const struct link_row *l, unsigned what)
{
	int r = 0;

	if (what & LINK_CHANGE_NAME)
		r |= nla_put_string(m, IFLA_IFNAME, l->name);
	if (what & LINK_CHANGE_MAC)
		r |= nla_put(m, IFLA_ADDRESS, sizeof(l->mac.b), l->mac.b);
	if (what & LINK_CHANGE_MTU)
		r |= nla_put_u32(m, IFLA_MTU, l->mtu);
	if (what & LINK_CHANGE_ALIAS)
		r |= nla_put(m, IFLA_IFALIAS, (int)strlen(l->alias), l->alias);
	if (what & (LINK_CHANGE_STP | LINK_CHANGE_DELAY | LINK_CHANGE_HELLO | LINK_CHANGE_VLANS))
		r |= put_bridge_options(m, l, what);
	return r;
}

/* Not VLANs: a kernel without them would refuse the bridge. Whether it has them can be seen once
 * the bridge is there; the plan after this one sets them. */
#define LINK_CHANGE_ALL                                                                            \
	(LINK_CHANGE_NAME | LINK_CHANGE_MAC | LINK_CHANGE_MTU | LINK_CHANGE_STP |                  \
	 LINK_CHANGE_DELAY | LINK_CHANGE_HELLO | LINK_CHANGE_ALIAS)

/* RTM_NEWLINK on a link that exists changes it; RTM_SETLINK would pass the bridge's options over.
 */
static struct nl_msg *change_message(uint32_t ifindex, const struct link_row *l, unsigned what)
{
	struct nl_msg *m = link_message(RTM_NEWLINK, 0, ifindex, 0, 0);

	return m ? whole(m, put_link(m, l, what)) : NULL;
}

static struct nl_msg *create_message(const struct link_row *l)
{
	struct nl_msg *m = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, 0, 0);
	struct link_row first = *l;

	/* Never below 1280 in passing: the kernel would make the link without IPv6. */
	first.mtu = l->mtu == 65535 ? l->mtu - 1 : l->mtu + 1;
	return m ? whole(m, put_link(m, &first, LINK_CHANGE_ALL & ~(unsigned)LINK_CHANGE_ALIAS))
		 : NULL;
}

static struct nl_msg *up_message(uint32_t ifindex, const struct link_row *l, unsigned what)
{
	struct nl_msg *m = link_message(RTM_SETLINK, 0, ifindex, IFF_UP, IFF_UP);

	return m ? whole(m, put_link(m, l, what)) : NULL;
}

static int put_ip(struct nl_msg *m, int type, const struct ip *a)
{
	uint8_t v4[4];
	struct wr w = wr_over(v4, sizeof(v4));

	if (a->family == AF_INET6)
		return nla_put(m, type, sizeof(a->v6), a->v6);
	wr_u32(&w, a->v4);
	return nla_put(m, type, sizeof(v4), v4);
}

static struct nl_msg *addr_message(int type, int flags, uint32_t ifindex, const struct addr_row *a)
{
	struct ifaddrmsg ifa = { .ifa_family = (uint8_t)a->address.family,
				 .ifa_prefixlen = (uint8_t)a->prefix,
				 .ifa_index = ifindex };
	struct ip broadcast = ip_from_v4(a->broadcast);
	struct nl_msg *m;
	int r;

	if (a->address.family == AF_INET6 &&
	    (a->address.v6[0] == 0xfe && (a->address.v6[1] & 0xc0) == 0x80))
		ifa.ifa_scope = RT_SCOPE_LINK;
	m = rtnl_message(type, flags, &ifa, sizeof(ifa));
	if (!m)
		return NULL;
	r = put_ip(m, IFA_LOCAL, &a->address) | put_ip(m, IFA_ADDRESS, &a->address);
	if (type == RTM_NEWADDR) {
		if (a->broadcast)
			r |= put_ip(m, IFA_BROADCAST, &broadcast);
		if (a->nodad)
			r |= nla_put_u32(m, IFA_FLAGS, IFA_F_NODAD);
		r |= nla_put_u8(m, IFA_PROTO, a->proto);
	}
	return whole(m, r);
}

static struct nl_msg *route_message(int type, int flags, uint32_t ifindex,
				    const struct route_row *t)
{
	struct rtmsg rtm = { .rtm_family = (uint8_t)t->destination.family,
			     .rtm_dst_len = (uint8_t)t->prefix,
			     .rtm_table = RT_TABLE_MAIN,
			     .rtm_protocol = t->proto,
			     .rtm_scope = RT_SCOPE_UNIVERSE,
			     .rtm_type = RTN_UNICAST };
	struct nl_msg *m;
	int r;

	if (t->destination.family == AF_INET && !ip_is_set(&t->gateway))
		rtm.rtm_scope = RT_SCOPE_LINK;
	if (type == RTM_DELROUTE && !ip_is_set(&t->gateway))
		rtm.rtm_scope = RT_SCOPE_NOWHERE; /* any */
	m = rtnl_message(type, flags, &rtm, sizeof(rtm));
	if (!m)
		return NULL;
	r = put_ip(m, RTA_DST, &t->destination) | nla_put_u32(m, RTA_OIF, ifindex) |
	    nla_put_u32(m, RTA_PRIORITY, t->metric);
	if (ip_is_set(&t->gateway))
		r |= put_ip(m, RTA_GATEWAY, &t->gateway);
	return whole(m, r);
}

/* Failures */

/* What was to be removed is gone already: somebody was quicker, or the kernel took it along. */
static bool forgiven(enum bridge_op op, int errnum)
{
	switch (op) {
	case BRIDGE_DELETE_ADDR:
		return errnum == EADDRNOTAVAIL || errnum == ENODEV;
	case BRIDGE_DELETE_ROUTE:
		return errnum == ESRCH || errnum == ENODEV;
	case BRIDGE_ATTACH_PORT: /* no guest's link is worth the network */
		return true;
	case BRIDGE_RELEASE_PORT:
	case BRIDGE_REMOVE_LINK:
	case BRIDGE_PARK_LINK:
		return errnum == ENODEV;
	case BRIDGE_FORWARD_PORT:
	case BRIDGE_ADD_LINK:
	case BRIDGE_CHANGE_LINK:
	case BRIDGE_LINK_UP:
	case BRIDGE_SET_SYSCTL:
	case BRIDGE_ADD_ADDR:
	case BRIDGE_ADD_ROUTE:
	case BRIDGE_CHANGE_ROUTE:
	case BRIDGE_ADD_VLAN:
	case BRIDGE_REMOVE_VLAN:
	case BRIDGE_TAKE_UPLINK:
	case BRIDGE_GIVE_UPLINK:
	case BRIDGE_RESTORE_UPLINK:
		break;
	}
	return false;
}

static void describe(const struct bridge_plan *plan, const struct bridge_step *s, char *buf,
		     size_t cap)
{
	char row[ROUTE_ROW_TEXT_MAX];

	switch (s->op) {
	case BRIDGE_ADD_LINK:
		snprintf(buf, cap, "error creating bridge interface %s", s->link.name);
		return;
	case BRIDGE_CHANGE_LINK:
		snprintf(buf, cap, "bridge '%s': changing it", plan->bridge);
		return;
	case BRIDGE_LINK_UP:
		snprintf(buf, cap, "bridge '%s': setting it up with mtu %u", plan->bridge,
			 s->link.mtu);
		return;
	case BRIDGE_PARK_LINK:
		snprintf(buf, cap, "bridge '%s': setting it down and renaming it", s->link.name);
		return;
	case BRIDGE_REMOVE_LINK:
		snprintf(buf, cap, "removing bridge '%s'", s->link.name);
		return;
	case BRIDGE_ATTACH_PORT:
		snprintf(buf, cap, "bridge '%s': attaching port '%s'", plan->bridge, s->link.name);
		return;
	case BRIDGE_RELEASE_PORT:
		snprintf(buf, cap, "bridge '%s': releasing port '%s'", plan->bridge, s->link.name);
		return;
	case BRIDGE_FORWARD_PORT:
		snprintf(buf, cap, "bridge '%s': letting port '%s' forward", plan->bridge,
			 s->link.name);
		return;
	case BRIDGE_SET_SYSCTL:
		snprintf(buf, cap, "bridge '%s': writing %d to /proc/sys/%s", plan->bridge,
			 s->sysctl.value, sysctl_row_path(&s->sysctl, row));
		return;
	case BRIDGE_ADD_ADDR:
	case BRIDGE_DELETE_ADDR:
		snprintf(buf, cap, "bridge '%s': %s address %s", plan->bridge,
			 s->op == BRIDGE_ADD_ADDR ? "adding" : "deleting",
			 addr_row_text(&s->addr, row));
		return;
	case BRIDGE_ADD_ROUTE:
	case BRIDGE_CHANGE_ROUTE:
	case BRIDGE_DELETE_ROUTE:
		snprintf(buf, cap, "bridge '%s': %s route %s", plan->bridge,
			 s->op == BRIDGE_DELETE_ROUTE ? "deleting" : "adding",
			 route_row_text(&s->route, row));
		return;
	case BRIDGE_ADD_VLAN:
	case BRIDGE_REMOVE_VLAN:
	case BRIDGE_TAKE_UPLINK:
	case BRIDGE_GIVE_UPLINK:
	case BRIDGE_RESTORE_UPLINK: /* these tell what failed by themselves */
		snprintf(buf, cap, "bridge '%s': uplink '%s'", plan->bridge, s->link.name);
		return;
	}
}

int bridge_step_failed(const struct bridge_plan *plan, size_t step, int errnum, const char *words,
		       struct bridge_result *result, struct err *e)
{
	char what[256];

	result->failed_step = step;
	describe(plan, &plan->steps[step], what, sizeof(what));
	return rtnl_err(e, errnum, words, "%s", what);
}

/* Batches */

/* The caller sees in the mirror that the port is missing; why, only here. */
static void tell_forgiven(const struct bridge_step *s, int errnum, const char *words)
{
	if (s->op == BRIDGE_ATTACH_PORT && errnum != ENODEV)
		log_warning("port '%s' cannot be attached again: %s", s->link.name,
			    *words ? words : strerror(errnum));
}

/* The message of batch `b` that failed unforgiven among those of the step that begins at `*i`, or
 * b->n; *i moves on to the next step. */
static size_t failed_message(const struct job *j, const struct rtnl_batch *b, size_t *i)
{
	size_t step = b->tags[*i], failed = b->n;

	for (; *i < b->n && b->tags[*i] == step; (*i)++) {
		if (b->results[*i] == 0)
			continue;
		if (forgiven(j->plan->steps[step].op, -b->results[*i]))
			tell_forgiven(&j->plan->steps[step], -b->results[*i], b->words[*i]);
		else if (failed == b->n)
			failed = *i;
	}
	return failed;
}

/* Send what has been collected. A step is done when all its messages were taken. */
static int flush(struct job *j)
{
	struct rtnl_batch *b = &j->ks->batch;
	int r = rtnl_batch_send(j->ks->fd, &j->ks->seq, b);
	size_t first = b->n;

	if (r < 0)
		r = bridge_step_failed(j->plan, b->n ? b->tags[0] : 0, -r, NULL, j->result, j->e);
	else
		for (size_t i = 0; i < b->n;) {
			size_t failed = failed_message(j, b, &i);
			if (failed == b->n)
				j->result->n_done++;
			else
				first = MIN_OF(first, failed);
		}
	if (first < b->n)
		r = bridge_step_failed(j->plan, b->tags[first], -b->results[first], b->words[first],
				       j->result, j->e);
	rtnl_batch_reset(b);
	return r;
}

static int add_message(struct job *j, struct nl_msg *m, size_t step)
{
	struct rtnl_batch *b = &j->ks->batch;

	if (b->n == RTNL_BATCH_MAX) {
		int r = flush(j);
		if (r < 0) {
			nlmsg_free(m);
			return r;
		}
	}
	rtnl_batch_add(b, m, step); /* without memory it is broken, and says so when sent */
	return 0;
}

/* Steps */

static bool is_parked(uint32_t ifindex)
{
	char name[IF_NAMESIZE] = "", expected[IF_NAMESIZE + 8];

	/* This thread is the only one that takes parked bridges, so looking is enough. */
	snprintf(expected, sizeof(expected), "netdp%u", ifindex);
	return ifindex && if_indextoname(ifindex, name) && !strcmp(name, expected);
}

static int recycle_link(struct job *j, const struct bridge_step *s, size_t i)
{
	struct link_row off = s->link;
	int r = 0;

	/* While STP is on, a delay outside of 2..30 s is refused. */
	off.stp = false;
	if (s->stp_before && !s->link.stp)
		r = add_message(j, change_message(s->recycle, &off, LINK_CHANGE_STP), i);
	if (r == 0)
		r = add_message(j, change_message(s->recycle, &s->link, LINK_CHANGE_ALL), i);
	if (r == 0)
		r = flush(j);
	if (r == 0) {
		j->ifindex = s->recycle;
		j->result->recycled = true;
	}
	return r;
}

static int add_link(struct job *j, const struct bridge_step *s, size_t i)
{
	int r = flush(j);

	if (r == 0 && is_parked(s->recycle))
		return recycle_link(j, s, i);
	if (r == 0)
		r = add_message(j, create_message(&s->link), i);
	if (r == 0)
		r = flush(j);
	if (r < 0)
		return r;
	j->result->created = true;
	j->ifindex = if_nametoindex(s->link.name);
	if (!j->ifindex)
		return bridge_step_failed(j->plan, i, errno, NULL, j->result, j->e);
	return 0;
}

/* Before Linux 6.2 a link that is up can't be renamed. Set down it loses IPv6 addresses and routes:
 * the next plan finds that. */
static int rename_link(struct job *j, const struct bridge_step *s, size_t i)
{
	char words[RTNL_WORDS_MAX];
	int r = flush(j);

	if (r == 0)
		r = rtnl_request(j->ks->fd, &j->ks->seq,
				 change_message(s->ifindex, &s->link, LINK_CHANGE_NAME), words);
	if (r != -EBUSY)
		return r < 0 ? bridge_step_failed(j->plan, i, -r, words, j->result, j->e) : 0;
	r = add_message(j, link_message(RTM_SETLINK, 0, s->ifindex, 0, IFF_UP), i);
	if (r == 0)
		r = add_message(j, change_message(s->ifindex, &s->link, LINK_CHANGE_NAME), i);
	return r == 0 ? add_message(j, up_message(s->ifindex, &s->link, 0), i) : r;
}

static int change_link(struct job *j, const struct bridge_step *s, size_t i)
{
	struct link_row off = s->link;
	int r = 0;

	off.stp = false;
	if (s->change & LINK_CHANGE_NAME)
		r = rename_link(j, s, i);
	if (r == 0 && s->stp_before && s->change & LINK_CHANGE_DELAY && !s->link.stp)
		r = add_message(j, change_message(s->ifindex, &off, LINK_CHANGE_STP), i);
	if (r == 0)
		r = add_message(
		    j,
		    change_message(s->ifindex, &s->link, s->change & ~(unsigned)LINK_CHANGE_NAME),
		    i);
	return r;
}

static int link_up(struct job *j, const struct bridge_step *s, size_t i)
{
	return add_message(j, up_message(j->ifindex, &s->link, s->change), i);
}

static int park_link(struct job *j, const struct bridge_step *s, size_t i)
{
	struct link_row parked = { .alias = LINK_MARK_PARKED };
	struct nl_msg *m = link_message(RTM_SETLINK, 0, s->ifindex, 0, IFF_UP);
	int r;

	snprintf(parked.name, sizeof(parked.name), "netdp%u", s->ifindex);
	/* Two messages: before Linux 6.2 a link that is up can't be renamed. The alias goes with
	 * the first, because a change of it makes no event of its own once the link is down. */
	if (m)
		m = whole(m, put_link(m, &parked, LINK_CHANGE_ALIAS));
	r = add_message(j, m, i);
	if (r == 0)
		r = add_message(j, change_message(s->ifindex, &parked, LINK_CHANGE_NAME), i);
	return r;
}

/* Its MAC, MTU, alias and state stay as they are. */
static int attach_port(struct job *j, const struct bridge_step *s, size_t i)
{
	struct nl_msg *m = link_message(RTM_SETLINK, 0, s->ifindex, 0, 0);
	int r = 0;

	if (s->change & PORT_CHANGE_BRIDGE)
		r = add_message(j, m ? whole(m, nla_put_u32(m, IFLA_MASTER, j->ifindex)) : NULL, i);
	else
		nlmsg_free(m);
	return r < 0 ? r : add_message(j, bridge_isolated_message(s->ifindex, s->isolated), i);
}

static int release_port(struct job *j, const struct bridge_step *s, size_t i)
{
	struct nl_msg *m = link_message(RTM_SETLINK, 0, s->ifindex, 0, 0);

	return add_message(j, m ? whole(m, nla_put_u32(m, IFLA_MASTER, 0)) : NULL, i);
}

static int remove_link(struct job *j, const struct bridge_step *s, size_t i)
{
	if (!is_parked(s->ifindex)) {
		j->result->n_done++; /* taken by a start meanwhile */
		return 0;
	}
	return add_message(j, link_message(RTM_DELLINK, 0, s->ifindex, 0, 0), i);
}

/* Whether a sysctl that could not be written is right as it is: in a container /proc/sys may be
 * read-only, and a kernel without IPv6 has nothing to be switched off. */
static bool is_so_anyway(const struct sysctl_row *s, const char *path)
{
	char line[16];
	uint32_t value;

	if (file_read_proc(path, line, sizeof(line)) == 0)
		return parse_u32(line, 0, INT32_MAX, &value) == 0 && (int)value == s->value;
	return s->dev[0] && s->value == (s->key == SYSCTL_DISABLE_IPV6) &&
	       access("/proc/sys/net/ipv6", F_OK) < 0;
}

static int set_sysctl(struct job *j, const struct bridge_step *s, size_t i)
{
	char path[SYSCTL_PATH_MAX], full[SYSCTL_PATH_MAX + 16], value[16];
	int r = flush(j);

	if (r < 0)
		return r;
	snprintf(full, sizeof(full), "/proc/sys/%s", sysctl_row_path(&s->sysctl, path));
	snprintf(value, sizeof(value), "%d", s->sysctl.value);
	r = file_write_proc(full, value);
	if (r < 0 && !is_so_anyway(&s->sysctl, full))
		return bridge_step_failed(j->plan, i, -r, NULL, j->result, j->e);
	j->result->n_done++;
	return 0;
}

/* The ports of a bridge are switched together: the first step does the work of those that follow.
 * Nothing depends on it: a port that fails has to wait, and no more. */
static int forward_ports(struct job *j, size_t i)
{
	uint32_t ports[STP_PORTS_MAX];
	size_t n = 0;
	int r = flush(j);

	if (r < 0)
		return r;
	j->result->n_done++;
	if (i < j->n_forwarded)
		return 0;
	for (; n < STP_PORTS_MAX && i + n < j->plan->n_steps; n++) {
		const struct bridge_step *s = &j->plan->steps[i + n];
		if (s->op != BRIDGE_FORWARD_PORT)
			break;
		ports[n] = s->ifindex;
	}
	j->n_forwarded = i + n;
	r = bridge_stp_forward(j->ks, j->ifindex, ports, n);
	if (r < 0)
		log_warning("bridge '%s': %zu ports wait for the forward delay: %s",
			    j->plan->bridge, n, strerror(-r));
	return 0;
}

/* What was collected goes first: it must not be undone by what comes later, nor the other way
 * round.
 */
static int uplink_step(struct job *j, size_t i)
{
	int r = flush(j);

	if (r == 0) {
		r = bridge_uplink_step(j->ks, j->plan, &j->plan->steps[i], j->ifindex, j->e);
		if (r < 0) {
			j->result->failed_step = i;
			return err_in(j->e, "bridge '%s'", j->plan->bridge);
		}
		j->result->n_done++;
	}
	return r;
}

static int apply_step(struct job *j, size_t i)
{
	const struct bridge_step *s = &j->plan->steps[i];
	uint32_t dev = s->ifindex ? s->ifindex : j->ifindex;

	switch (s->op) {
	case BRIDGE_ADD_LINK:
		return add_link(j, s, i);
	case BRIDGE_CHANGE_LINK:
		return change_link(j, s, i);
	case BRIDGE_LINK_UP:
		return link_up(j, s, i);
	case BRIDGE_PARK_LINK:
		return park_link(j, s, i);
	case BRIDGE_REMOVE_LINK:
		return remove_link(j, s, i);
	case BRIDGE_ATTACH_PORT:
		return attach_port(j, s, i);
	case BRIDGE_RELEASE_PORT:
		return release_port(j, s, i);
	case BRIDGE_FORWARD_PORT:
		return forward_ports(j, i);
	case BRIDGE_SET_SYSCTL:
		return set_sysctl(j, s, i);
	case BRIDGE_ADD_ADDR: /* REPLACE: one that is there already is as good */
		return add_message(
		    j, addr_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, dev, &s->addr), i);
	case BRIDGE_DELETE_ADDR:
		return add_message(j, addr_message(RTM_DELADDR, 0, dev, &s->addr), i);
	case BRIDGE_ADD_ROUTE:
		return add_message(
		    j, route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, dev, &s->route), i);
	case BRIDGE_CHANGE_ROUTE:
		return add_message(
		    j, route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, dev, &s->route),
		    i);
	case BRIDGE_DELETE_ROUTE:
		return add_message(j, route_message(RTM_DELROUTE, 0, dev, &s->route), i);
	case BRIDGE_ADD_VLAN:
	case BRIDGE_REMOVE_VLAN:
	case BRIDGE_TAKE_UPLINK:
	case BRIDGE_GIVE_UPLINK:
	case BRIDGE_RESTORE_UPLINK:
		return uplink_step(j, i);
	}
	return 0;
}

/* A bridge that was made but could not be finished gets its mark at least, so that the plan that
 * follows finds it. */
static void mark(struct job *j)
{
	struct link_row l = { 0 };
	char words[RTNL_WORDS_MAX];

	for (size_t i = 0; i < j->plan->n_steps; i++)
		if (j->plan->steps[i].op == BRIDGE_ADD_LINK)
			l = j->plan->steps[i].link;
	(void)rtnl_request(j->ks->fd, &j->ks->seq,
			   change_message(j->ifindex, &l, LINK_CHANGE_ALIAS), words);
}

/* What the mirror does not hear of in time: IPv6 addresses are told by a worker some milliseconds
 * later, and sysctls of a link only with its next event, which setting it up is. */
static bool is_unheard(const struct bridge_plan *plan)
{
	bool unheard = false;

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct bridge_step *s = &plan->steps[i];
		if (s->op == BRIDGE_SET_SYSCTL && !strcmp(s->sysctl.dev, plan->bridge))
			unheard = true;
		else if (s->op == BRIDGE_LINK_UP)
			unheard = false;
		else if ((s->op == BRIDGE_ADD_ADDR && s->addr.address.family == AF_INET6) ||
			 s->op == BRIDGE_TAKE_UPLINK || s->op == BRIDGE_RESTORE_UPLINK)
			unheard = true;
	}
	return unheard;
}

int bridge_apply(struct kernel_socket *ks, const struct bridge_plan *plan,
		 struct bridge_result *ret, struct err *e)
{
	struct bridge_result result = { .failed_step = plan->n_steps };
	struct job j = {
		.ks = ks, .plan = plan, .result = &result, .ifindex = plan->ifindex, .e = e
	};
	int r = 0;

	if (ks->fake)
		return fake_apply(ks->fake, plan, ret, e);
	for (size_t i = 0; i < plan->n_steps && r == 0; i++)
		r = apply_step(&j, i);
	if (r == 0)
		r = flush(&j);
	rtnl_batch_reset(&ks->batch);
	result.needs_refresh = r < 0 || is_unheard(plan);
	if (r < 0 && result.created && j.ifindex)
		mark(&j);
	for (size_t i = 0; i < plan->n_steps && r == 0; i++)
		if (plan->steps[i].op == BRIDGE_PARK_LINK)
			j.ifindex = 0;
	result.ifindex = j.ifindex;
	*ret = result;
	return r;
}
