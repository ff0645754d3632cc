/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dns-udp.c — clients' datagrams, many by one system call each way. The address that was asked
 * comes in as packet info and leaves as the reply's source, so that aliases of the gateway work. */
#include "netd/worker/role-dns-internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define BATCH         64
#define BATCHES_ONCE  4 /* per wake-up, so that one network doesn't starve the others */
#define CONTROL_SPACE CMSG_SPACE(sizeof(struct in6_pktinfo))

struct slot {
	struct sockaddr_storage peer;
	struct iovec iov;
	uint8_t control[CONTROL_SPACE] __attribute__((aligned(sizeof(size_t))));
	uint8_t bytes[DNS_UDP_MAX + 1]; /* one more, to see what is too long */
};

struct dns_udp {
	struct slot in[BATCH], out[BATCH];
	struct mmsghdr in_msg[BATCH], out_msg[BATCH];
	unsigned n_out;
	int out_fd; /* all waiting replies leave through this one */
};

/* The kernel overwrites the lengths of what it fills. */
static void make_ready(struct dns_udp *u, unsigned i)
{
	struct slot *s = &u->in[i];

	s->iov = (struct iovec){ s->bytes, sizeof(s->bytes) };
	u->in_msg[i].msg_hdr = (struct msghdr){
		.msg_name = &s->peer,
		.msg_namelen = sizeof(s->peer),
		.msg_iov = &s->iov,
		.msg_iovlen = 1,
		.msg_control = s->control,
		.msg_controllen = sizeof(s->control),
	};
}

struct dns_udp *role_dns_udp_new(void)
{
	struct dns_udp *u = calloc(1, sizeof(*u));

	for (unsigned i = 0; u && i < BATCH; i++)
		make_ready(u, i);
	return u;
}

int role_dns_udp_prepare(int fd)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0)
		return -errno;
	return 0;
}

void role_dns_udp_flush(struct dns_role *role)
{
	struct dns_udp *u = role->udp;
	unsigned sent = 0;

	while (sent < u->n_out) {
		int r = sendmmsg(u->out_fd, &u->out_msg[sent], u->n_out - sent, 0);
		if (r > 0)
			sent += (unsigned)r;
		else if (errno == EAGAIN)
			break; /* the client asks again */
		else if (errno != EINTR)
			sent++; /* this one can't be reached */
	}
	u->n_out = 0;
}

/* From which address the reply leaves. */
static size_t put_source(struct slot *s, const struct ip *local)
{
	struct msghdr h = { .msg_control = s->control, .msg_controllen = sizeof(s->control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	if (local->family == AF_INET) {
		struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(local->v4) };
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		return CMSG_SPACE(sizeof(info));
	}
	if (local->family == AF_INET6) {
		struct in6_pktinfo info = { 0 };
		memcpy(&info.ipi6_addr, local->v6, sizeof(local->v6));
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		return CMSG_SPACE(sizeof(info));
	}
	return 0;
}

void role_dns_udp_reply(struct dns_net *net, const struct dns_action *a)
{
	struct dns_udp *u = net->role->udp;
	int fd = net->socket[a->client->token % DNS_SOCKET_COUNT].fd;

	if (fd < 0 || a->n > DNS_UDP_MAX)
		return;
	if (u->n_out == BATCH || (u->n_out && fd != u->out_fd))
		role_dns_udp_flush(net->role);
	struct slot *s = &u->out[u->n_out];
	struct msghdr *h = &u->out_msg[u->n_out].msg_hdr;
	memcpy(s->bytes, a->bytes, a->n);
	s->iov = (struct iovec){ s->bytes, a->n };
	*h = (struct msghdr){ .msg_name = &s->peer, .msg_iov = &s->iov, .msg_iovlen = 1 };
	h->msg_namelen = role_dns_sockaddr(&a->client->address, a->client->port, &s->peer);
	h->msg_controllen = put_source(s, &a->client->local);
	h->msg_control = h->msg_controllen ? s->control : NULL;
	u->out_fd = fd;
	u->n_out++;
}

static struct ip asked_address(struct msghdr *h)
{
	struct ip ip = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			return ip_from_v4(ntohl(info.ipi_addr.s_addr));
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			ip.family = AF_INET6;
			memcpy(ip.v6, &info.ipi6_addr, sizeof(ip.v6));
			return ip;
		}
	}
	return ip;
}

static void serve(struct dns_socket_slot *slot, struct mmsghdr *m, usec_t now)
{
	struct slot *s = container_of(m->msg_hdr.msg_iov, struct slot, iov);
	struct dns_client client = { .host = slot->kind == DNS_SOCKET_HOST_UDP,
				     .token = slot->kind };

	if (role_dns_address(&s->peer, &client.address, &client.port) < 0)
		return;
	client.local = asked_address(&m->msg_hdr);
	(void)dns_query(slot->net->server, &client, s->bytes, m->msg_len, now, &slot->net->out);
}

void role_dns_udp_ready(void *data, int fd, uint32_t events, usec_t now)
{
	struct dns_socket_slot *slot = data;
	struct dns_net *net = slot->net;
	struct dns_udp *u = net->role->udp;
	int n = BATCH;

	worker_serving(net->role->w, net->id);
	for (unsigned round = 0; round < BATCHES_ONCE && n == BATCH; round++) {
		n = recvmmsg(fd, u->in_msg, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			serve(slot, &u->in_msg[i], now);
			make_ready(u, (unsigned)i);
		}
		role_dns_settle(net, now);
	}
	worker_serving(net->role->w, 0);
}
