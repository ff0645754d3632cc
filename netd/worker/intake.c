/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/worker/intake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH           32  /* datagrams read at once */
#define BATCHES_AT_ONCE 128 /* far more than arrive while a share of what waits is served */

struct intake {
	struct fair_queue queue;
	size_t bytes;
	intake_lost_fn *lost;
	void *data;
	struct datagram *hand[BATCH]; /* to be filled */
	struct mmsghdr messages[BATCH];
	struct iovec io[BATCH];
	struct sockaddr_storage from[BATCH];
	union {
		char space[CMSG_SPACE(sizeof(struct in_pktinfo)) +
			   CMSG_SPACE(sizeof(struct tpacket_auxdata)) +
			   CMSG_SPACE(sizeof(uint32_t))];
		struct cmsghdr align;
	} control[BATCH];
};

struct intake *intake_new(size_t bytes, intake_lost_fn *lost, void *data)
{
	struct intake *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->bytes = MIN_OF(bytes, (size_t)INTAKE_BYTES_MAX);
	in->lost = lost;
	in->data = data;
	if (fair_queue_init(&in->queue, INTAKE_WAITING + BATCH, sizeof(struct datagram)) < 0) {
		free(in);
		return NULL;
	}
	return in;
}

/* ---- what comes with a datagram ---- */

static void note_control(struct datagram *d, struct cmsghdr *c)
{
	struct in_pktinfo info;
	struct tpacket_auxdata aux;

	if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_MARK &&
	    c->cmsg_len >= CMSG_LEN(sizeof(d->port))) {
		memcpy(&d->port, CMSG_DATA(c), sizeof(d->port));
	} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO &&
		   c->cmsg_len >= CMSG_LEN(sizeof(info))) {
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		d->dst = ntohl(info.ipi_addr.s_addr);
	} else if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA &&
		   c->cmsg_len >= CMSG_LEN(sizeof(aux))) {
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		d->checksum_known = aux.tp_status & (TP_STATUS_CSUMNOTREADY | TP_STATUS_CSUM_VALID);
	}
}

static void note_source(struct datagram *d, const struct sockaddr_storage *from, size_t n)
{
	struct sockaddr_in in;

	if (n < sizeof(in) || from->ss_family != AF_INET)
		return;
	memcpy(&in, from, sizeof(in));
	d->src = ntohl(in.sin_addr.s_addr);
}

static void note(struct intake *in, unsigned i, uint32_t net_id)
{
	struct datagram *d = in->hand[i];
	struct msghdr *h = &in->messages[i].msg_hdr;

	d->net_id = net_id;
	d->port = d->src = d->dst = 0;
	d->checksum_known = false;
	d->n = in->messages[i].msg_len;
	d->truncated = h->msg_flags & MSG_TRUNC;
	note_source(d, &in->from[i], h->msg_namelen);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
		note_control(d, c);
}

/* ---- in ---- */

static struct datagram *take(struct intake *in)
{
	bool lost;
	struct fair_item *item = fair_queue_take(&in->queue, &lost);
	struct datagram *d = item ? container_of(item, struct datagram, item) : NULL;

	if (lost)
		in->lost(in->data, d);
	return d;
}

/* recvmmsg() overwrites what it was given room for. The queue has more items than one hand holds.
 */
static void prepare(struct intake *in)
{
	for (unsigned i = 0; i < BATCH; i++) {
		if (!in->hand[i])
			in->hand[i] = take(in);
		in->io[i] = (struct iovec){ in->hand[i]->bytes, in->bytes };
		in->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &in->from[i],
			.msg_namelen = sizeof(in->from[i]),
			.msg_iov = &in->io[i],
			.msg_iovlen = 1,
			.msg_control = &in->control[i],
			.msg_controllen = sizeof(in->control[i]),
		};
	}
}

static void put_in_line(struct intake *in, unsigned i)
{
	struct datagram *d = in->hand[i];

	if (fair_queue_push(&in->queue, &d->item, (uint64_t)d->net_id << 32 | d->port))
		in->hand[i] = NULL;
	else
		in->lost(in->data, d);
}

int intake_read(struct intake *in, int fd, uint32_t net_id)
{
	int total = 0;

	for (int round = 0; round < BATCHES_AT_ONCE; round++) {
		prepare(in);
		int n = recvmmsg(fd, in->messages, BATCH, MSG_DONTWAIT, NULL);
		if (n < 0 && !total)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		for (int i = 0; i < n; i++) {
			note(in, (unsigned)i, net_id);
			put_in_line(in, (unsigned)i);
		}
		total += MAX_OF(n, 0);
		if (n < BATCH)
			break;
	}
	return total;
}

/* ---- out ---- */

struct datagram *intake_next(struct intake *in)
{
	struct fair_item *item = fair_queue_next(&in->queue);

	return item ? container_of(item, struct datagram, item) : NULL;
}

void intake_served(struct intake *in, struct datagram *d)
{
	fair_queue_give_back(&in->queue, &d->item);
}

bool intake_is_empty(const struct intake *in)
{
	return fair_queue_is_empty(&in->queue);
}
