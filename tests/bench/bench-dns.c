/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench-dns ADDRESS echo|answer — the ends between which name servers are measured: `echo` sends
 * each datagram back as a response, which is what the kernel takes of any server (the floor);
 * `answer` is an upstream that has an address for every name. One thread, batches both ways. */
#include "base/cursor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH   64
#define OCTETS  1500
#define TTL_SEC 3600

struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in peer[BATCH];
	uint8_t bytes[BATCH][OCTETS];
};

static void make_ready(struct batch *b)
{
	for (unsigned i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){ b->bytes[i], OCTETS };
		b->msg[i].msg_hdr = (struct msghdr){ .msg_name = &b->peer[i],
						     .msg_namelen = sizeof(b->peer[i]),
						     .msg_iov = &b->iov[i],
						     .msg_iovlen = 1 };
	}
}

/* The question and one address. Returns the length; 0: no query. */
static size_t answer(uint8_t *bytes, size_t n)
{
	static const uint8_t record[] = { 0xc0,          12, 0, 1,   0, 1, 0, 0, TTL_SEC >> 8,
					  TTL_SEC & 255, 0,  4, 192, 0, 2, 1 };
	struct rd r = rd_over(bytes, n);

	rd_skip(&r, 12);
	for (unsigned len = rd_u8(&r); len; len = rd_u8(&r))
		rd_skip(&r, len);
	rd_skip(&r, 4);
	size_t end = n - rd_left(&r);
	if (r.bad || end + sizeof(record) > OCTETS)
		return 0;
	memcpy(bytes + end, record, sizeof(record));
	bytes[3] = 0x80;
	bytes[7] = 1;
	bytes[9] = bytes[11] = 0;
	return end + sizeof(record);
}

static int serve(int fd, bool answers)
{
	static struct batch b;

	for (;;) {
		make_ready(&b);
		int n = recvmmsg(fd, b.msg, BATCH, MSG_WAITFORONE, NULL), kept = 0;
		if (n < 0)
			return 1;
		for (int i = 0; i < n; i++) {
			size_t len = b.msg[i].msg_len;
			b.bytes[i][2] |= 0x80;
			b.iov[i].iov_len = answers ? answer(b.bytes[i], len) : len;
			b.msg[kept++].msg_hdr = b.msg[i].msg_hdr;
		}
		for (int sent = 0; sent < kept;) {
			int r = sendmmsg(fd, b.msg + sent, (unsigned)(kept - sent), 0);
			sent += r > 0 ? r : 1;
		}
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(53) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 4 << 20;

	if (argc != 3 || fd < 0 || inet_pton(AF_INET, argv[1], &at.sin_addr) != 1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		fprintf(stderr, "usage: bench-dns ADDRESS echo|answer\n");
		return 1;
	}
	return serve(fd, strcmp(argv[2], "answer") == 0);
}
