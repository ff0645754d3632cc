/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/fdb.h"

#include "bridge/apply-internal.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>

#define DUMP_BUF 32768

struct hearing {
	bridge_station_fn *fn;
	void *data;
};

static void take(void *data, const struct nlmsghdr *nlh)
{
	struct hearing *h = data;
	struct nlmsghdr *m = (struct nlmsghdr *)(uintptr_t)nlh; /* libnl's parsers only read */
	const struct ndmsg *nd = nlmsg_data(m);
	struct nlattr *a;
	struct mac mac;

	if (m->nlmsg_type != RTM_NEWNEIGH || m->nlmsg_len < NLMSG_LENGTH(sizeof(*nd)))
		return;
	a = nlmsg_find_attr(m, sizeof(*nd), NDA_LLADDR);
	if (!a || nla_len(a) != sizeof(mac.b) || nd->ndm_state & NUD_PERMANENT)
		return;
	memcpy(mac.b, nla_data(a), sizeof(mac.b));
	h->fn(h->data, (uint32_t)nd->ndm_ifindex, &mac);
}

int bridge_stations(struct kernel_socket *ks, uint32_t ifindex, bridge_station_fn *fn, void *data)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct ndmsg nd = { .ndm_family = AF_BRIDGE };
	struct nl_msg *m = rtnl_message(RTM_GETNEIGH, NLM_F_DUMP, &nd, sizeof(nd));
	auto_free uint8_t *buf = malloc(DUMP_BUF);
	struct hearing h = { fn, data };
	int r = m && buf && nla_put_u32(m, NDA_MASTER, ifindex) == 0 ? 0 : -ENOMEM;

	if (ks->fake) {
		nlmsg_free(m);
		return 0;
	}
	if (r == 0) {
		struct nlmsghdr *q = nlmsg_hdr(m);
		q->nlmsg_seq = ++ks->seq;
		if (sendto(ks->fd, q, q->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) <
		    0)
			r = -errno;
	}
	nlmsg_free(m);
	return r < 0 ? r : rtnl_read_answers(ks->fd, ks->seq, buf, DUMP_BUF, take, &h);
}
