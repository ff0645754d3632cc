/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/service-relay.h"

#include "dhcp/dhcp4-options.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int service_relay_config(struct dhcp4_config *dc, const struct netd_relayed *l)
{
	free(dc->hosts);
	dc->hosts = NULL;
	dc->n_hosts = 0;
	free(dc->ranges);
	dc->ranges = calloc(1, sizeof(*dc->ranges));
	dc->n_ranges = dc->ranges ? 1 : 0;
	if (!dc->ranges)
		return -ENOMEM;
	dc->ranges[0] = (struct dhcp4_range){ .start = l->start.v4, .end = l->end.v4 };
	dc->subnet = dc->router = l->address.v4;
	dc->prefix = l->prefix;
	dc->relay = l->relay.v4;
	dc->via = l->via.v4;
	dc->mtu = 0; /* that of the bridge is not that of the link */
	dc->links = 0;
	return 0;
}

static bool may_route(const struct network *def, const struct msg_dhcp4_route *m)
{
	const struct netd_dhcp *d = &def->options.dhcp;

	for (size_t i = 0; i < d->n_relayed; i++) {
		const struct netd_relayed *l = &d->relayed[i];
		if (m->to_port == DHCP4_PORT_SERVER
			? m->to_ip == l->relay.v4
			: ((m->to_ip ^ l->address.v4) & ip4_mask(l->prefix)) == 0)
			return true;
	}
	return false;
}

/* From the gateway's address, whatever else the bridge has. What can't be sent is lost like any
 * other packet: the client asks again. */
static void send_routed(int fd, uint32_t from, const struct msg_dhcp4_route *m)
{
	union {
		char space[CMSG_SPACE(sizeof(struct in_pktinfo))];
		struct cmsghdr align;
	} control = { 0 };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(m->to_port),
				  .sin_addr.s_addr = htonl(m->to_ip) };
	struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(from) };
	struct iovec io = { (void *)m->payload, m->n };
	struct msghdr h = { .msg_name = &to,
			    .msg_namelen = sizeof(to),
			    .msg_iov = &io,
			    .msg_iovlen = 1,
			    .msg_control = control.space,
			    .msg_controllen = sizeof(control.space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	(void)!sendmsg(fd, &h, MSG_DONTWAIT);
}

void service_relay_send(const struct net *n, int fd, const struct msg_dhcp4_route *m)
{
	const struct network_ip *ip = network_dhcp_ip(n->live, AF_INET);

	/* The worker may not have heard yet that a relay is gone. */
	if (ip && fd >= 0 && may_route(n->live, m))
		send_routed(fd, ip->address.v4, m);
}
