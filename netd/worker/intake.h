/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake.h — what guests send to the address services, between the sockets and the engines: read at
 * once, so that no socket's own queue runs over however slow the engines are, and served in turn by
 * the port that it came in by (fair-queue.h). One port that sends more than can be served so costs
 * the others nothing but its turn. Datagrams of unknown ports of a network share one line. */
#ifndef NETD_INTAKE_H
#define NETD_INTAKE_H

#include "netd/worker/fair-queue.h"

#define INTAKE_WAITING   2048 /* datagrams of all networks together */
#define INTAKE_BYTES_MAX 1536 /* of one */

struct intake;
struct datagram {
	struct fair_item item;
	uint32_t net_id;
	uint32_t port;     /* of the bridge, by which it came in; 0: not known */
	uint32_t src, dst; /* IPv4, 0: not known */
	uint32_t n;
	bool truncated;      /* longer than the intake reads */
	bool checksum_known; /* the kernel answers for it, or it is still to be computed */
	uint8_t bytes[INTAKE_BYTES_MAX];
};
/* `d` was thrown away for others' sake. */
typedef void intake_lost_fn(void *data, const struct datagram *d);

/* Reads up to `bytes` octets of each datagram, at most INTAKE_BYTES_MAX. NULL without memory. */
struct intake *intake_new(size_t bytes, intake_lost_fn *lost, void *data) mustcheck;
/* Take in what waits in the socket. How much it was (0 when nothing), or -errno of the socket. */
int intake_read(struct intake *in, int fd, uint32_t net_id) mustcheck;
/* The next to be served, until intake_served(); NULL: there is none. */
struct datagram *intake_next(struct intake *in) mustcheck;
void intake_served(struct intake *in, struct datagram *d);
bool intake_is_empty(const struct intake *in);

#endif
