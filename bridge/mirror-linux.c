/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mirror's two sockets: one that hears events, one that asks for dumps. The events are
 * subscribed before the snapshot is taken, so nothing is missed; what is heard twice makes no
 * change. */
#include "bridge/fake.h"
#include "bridge/mirror-internal.h"

#include "bridge/rtnl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define RCVBUF_DEFAULT (4 << 20)
#define READS_MAX      256 /* datagrams per mirror_read(), so that the loop serves others too */
#define DUMP_TRIES     20

static const int event_groups[] = { RTNLGRP_LINK,         RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				    RTNLGRP_IPV4_ROUTE,   RTNLGRP_IPV6_ROUTE,  RTNLGRP_IPV4_NETCONF,
				    RTNLGRP_IPV6_NETCONF, RTNLGRP_TC,          0 };

static void feed_answer(void *data, const struct nlmsghdr *nlh)
{
	mirror_feed_message(data, nlh);
}

/* Send `q` and take the answers in. */
static int ask(struct mirror *m, struct nl_msg *q)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int r = q ? 0 : -ENOMEM;

	if (q) {
		struct nlmsghdr *nlh = nlmsg_hdr(q);
		nlh->nlmsg_seq = ++m->dump_seq;
		if (sendto(m->dump_fd, nlh, nlh->nlmsg_len, 0, (struct sockaddr *)&kernel,
			   sizeof(kernel)) < 0)
			r = -errno;
	}
	nlmsg_free(q);
	return r < 0
		   ? r
		   : rtnl_read_answers(m->dump_fd, m->dump_seq, m->buf, MIRROR_BUF, feed_answer, m);
}

static int dump_links(struct mirror *m)
{
	struct ifinfomsg all = { .ifi_family = AF_UNSPEC };
	struct nl_msg *q = rtnl_message(RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));

	if (q && nla_put_u32(q, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0) {
		nlmsg_free(q);
		q = NULL;
	}
	return ask(m, q);
}

static int dump_addrs(struct mirror *m)
{
	struct ifaddrmsg all = { .ifa_family = AF_UNSPEC };

	return ask(m, rtnl_message(RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all)));
}

static int dump_routes(struct mirror *m, int family)
{
	struct rtmsg main_table = { .rtm_family = (uint8_t)family, .rtm_table = RT_TABLE_MAIN };
	int r = ask(m, rtnl_message(RTM_GETROUTE, NLM_F_DUMP, &main_table, sizeof(main_table)));

	/* No such table: nothing was ever put into it (kernels with policy routing). */
	return r == -ENOENT || r == -EAFNOSUPPORT || r == -EOPNOTSUPP ? 0 : r;
}
static int dump_ipv4_routes(struct mirror *m)
{
	return dump_routes(m, AF_INET);
}
static int dump_ipv6_routes(struct mirror *m)
{
	return dump_routes(m, AF_INET6);
}

static int ask_forwarding(struct mirror *m, int family)
{
	struct netconfmsg nc = { .ncm_family = (uint8_t)family };
	struct nl_msg *q = rtnl_message(RTM_GETNETCONF, NLM_F_ACK, &nc, sizeof(nc));

	if (q && nla_put_s32(q, NETCONFA_IFINDEX, NETCONFA_IFINDEX_ALL) < 0) {
		nlmsg_free(q);
		q = NULL;
	}
	int r = ask(m, q);
	return r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r; /* a kernel without IPv6 */
}
static int ask_ipv4_forwarding(struct mirror *m)
{
	return ask_forwarding(m, AF_INET);
}
static int ask_ipv6_forwarding(struct mirror *m)
{
	return ask_forwarding(m, AF_INET6);
}

/* Dumps that changed under us are asked for again; taking a part in twice does no harm, but links
 * and rows that are gone would stay, so after an interruption everything starts anew. */
static int snapshot_once(struct mirror *m)
{
	static int (*const parts[])(struct mirror *) = { dump_links,          dump_addrs,
							 dump_ipv4_routes,    dump_ipv6_routes,
							 ask_ipv4_forwarding, ask_ipv6_forwarding };
	int r = 0;

	mirror_begin_snapshot(m);
	for (size_t i = 0; i < ARRAY_LEN(parts) && r == 0; i++)
		r = parts[i](m);
	if (r == 0 && m->out_of_memory)
		r = -ENOMEM;
	return r;
}

/* What was told before the snapshot is in it. */
static void discard_events(struct mirror *m)
{
	for (unsigned i = 0; i < 1U << 20; i++)
		if (recv(m->event_fd, m->buf, MIRROR_BUF, MSG_DONTWAIT) < 0 && errno != EINTR &&
		    errno != ENOBUFS)
			return;
}

static int resync_linux(struct mirror *m, struct err *e)
{
	mirror_changed_fn *changed = m->changed;
	int r = -EAGAIN;

	m->changed = NULL; /* one MIRROR_RESYNC instead of thousands */
	discard_events(m);
	for (unsigned i = 0; i < DUMP_TRIES && r == -EAGAIN; i++)
		r = snapshot_once(m);
	m->changed = changed;
	if (r < 0 && r != -EAGAIN) {
		m->need_resync = true;
		return err_sys(e, -r, "cannot read the kernel's links, addresses and routes");
	}
	/* Somebody changes links without pause: take what we have, and look again at the next
	 * event. */
	m->need_resync = r == -EAGAIN;
	m->sender = 0;
	mirror_end_snapshot(m);
	return 0;
}

int mirror_resync(struct mirror *m, struct err *e)
{
	if (!m->fake)
		return resync_linux(m, e);
	fake_snapshot(m->fake, m);
	return 0;
}

static int open_sockets(struct mirror *m, int rcvbuf, struct err *e)
{
	int size = rcvbuf ? rcvbuf : RCVBUF_DEFAULT;

	m->event_fd = rtnl_open(event_groups, e);
	if (m->event_fd < 0)
		return m->event_fd;
	/* The FORCE form passes net.core.rmem_max and needs CAP_NET_ADMIN in the initial user
	 * namespace. */
	if (setsockopt(m->event_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(m->event_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	m->dump_fd = rtnl_open(NULL, e);
	return m->dump_fd < 0 ? m->dump_fd : 0;
}

int mirror_open(struct mirror **ret, int rcvbuf, struct err *e)
{
	struct mirror *m = mirror_new();
	int r = 0;

	if (m)
		m->buf = malloc(MIRROR_BUF);
	if (!m || !m->buf)
		r = err_set(e, ERR_NO_MEMORY, "out of memory");
	if (r == 0)
		r = open_sockets(m, rcvbuf, e);
	if (r == 0)
		r = resync_linux(m, e);
	if (r < 0) {
		mirror_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

int mirror_open_fake(struct mirror **ret, struct fake_kernel *k, struct err *e)
{
	struct mirror *m = mirror_new();

	if (!m)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	m->fake = k;
	fake_snapshot(k, m);
	*ret = m;
	return 0;
}

int mirror_fd(const struct mirror *m)
{
	return m->fake ? fake_event_fd(m->fake) : m->event_fd;
}

static int read_events(struct mirror *m, struct err *e)
{
	for (unsigned i = 0; i < READS_MAX && !m->need_resync; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(m->event_fd, m->buf, MIRROR_BUF, MSG_DONTWAIT | MSG_TRUNC,
				     (struct sockaddr *)&from, &from_len);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < 0 && errno != ENOBUFS)
			return err_sys(e, errno, "cannot read the kernel's events");
		if (n < 0 || n > MIRROR_BUF)
			m->need_resync = true;
		else if (from.nl_pid == 0)
			mirror_feed(m, m->buf, (size_t)n);
		m->need_resync |= m->out_of_memory;
	}
	return 0;
}

int mirror_read(struct mirror *m, mirror_changed_fn *fn, void *data, struct err *e)
{
	int r = 0;

	m->changed = fn;
	m->changed_data = data;
	if (m->fake) {
		uint64_t n;
		if (read(fake_event_fd(m->fake), &n, sizeof(n)) == sizeof(n))
			fake_snapshot(m->fake, m);
	} else {
		r = read_events(m, e);
		if (r == 0 && m->need_resync)
			r = resync_linux(m, e);
	}
	m->changed = NULL;
	return r;
}

int mirror_refresh_link(struct mirror *m, uint32_t ifindex, struct err *e)
{
	struct ifinfomsg one = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };

	if (m->fake) {
		fake_refresh_link(m->fake, m, ifindex);
		return 0;
	}
	struct ifaddrmsg of_link = { .ifa_family = AF_UNSPEC, .ifa_index = ifindex };
	int r = ask(m, rtnl_message(RTM_GETLINK, NLM_F_ACK, &one, sizeof(one)));
	if (r == 0) /* interrupted: what was read is right, and the rest has its events */
		r = ask(m, rtnl_message(RTM_GETADDR, NLM_F_DUMP, &of_link, sizeof(of_link)));
	if (r == -ENODEV)
		mirror_drop_link(m, ifindex);
	else if (r < 0 && r != -EAGAIN)
		return err_sys(e, -r, "cannot read link %u", ifindex);
	return 0;
}
