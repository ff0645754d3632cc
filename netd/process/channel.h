/* SPDX-License-Identifier: GPL-2.0-or-later */
/* channel.h — one end of the line between two of netd's processes: whole messages, with
 * descriptors.
 *
 * A message is a type and a body of XDR (rpc/xdr.h) in one SOCK_SEQPACKET datagram, with at most
 * CHANNEL_FDS_MAX descriptors. A body over CHANNEL_INLINE_MAX octets (a network with thousands of
 * static hosts) travels in a sealed memfd instead; the receiver does not notice, but a worker,
 * whose system call filter knows neither memfd_create() nor sendmsg(), sends inline bodies without
 * descriptors only. Never blocks: what the socket does not take now is queued (at most
 * CHANNEL_QUEUE_MAX octets) and sent by channel_flush().
 *
 * Whoever receives treats the sender as hostile: a body that doesn't decode ends the connection. */
#ifndef NETD_CHANNEL_H
#define NETD_CHANNEL_H

#include "base/err.h"

#define CHANNEL_FDS_MAX    8
#define CHANNEL_INLINE_MAX (32 * 1024)
#define CHANNEL_BODY_MAX   (16 * 1024 * 1024)
#define CHANNEL_QUEUE_MAX  (32 * 1024 * 1024)

struct channel; /* opaque; heap */

struct channel_message {
	uint32_t type;
	const uint8_t *body; /* the channel's buffer: valid until the next call on this channel */
	size_t n;
	int fds[CHANNEL_FDS_MAX]; /* owned by the receiver once channel_receive() has returned 1 */
	size_t n_fds;
};

/* Both ends of a new pair, CLOEXEC and non-blocking. */
int channel_pair(int ret_fd[2], struct err *e) mustcheck;

/* Takes the descriptor over. NULL when out of memory (the descriptor is closed then). */
struct channel *channel_new(int fd) mustcheck;
void channel_free(struct channel *c); /* closes; NULL is fine */
int channel_fd(const struct channel *c);

/* Descriptors are duplicated by the kernel: the caller keeps its own. 0; -ENOBUFS when the queue is
 * full, -EPIPE when the other side is gone. */
int channel_send(struct channel *c, uint32_t type, const void *body, size_t n, const int *fds,
		 size_t n_fds) mustcheck;
bool channel_wants_write(const struct channel *c);
int channel_flush(struct channel *c) mustcheck; /* 0 (also when some is left) or -errno */

/* 1: *m is filled; 0: nothing more now; -EPIPE: the other side is gone; -EPROTO: not a message of
 * ours. */
int channel_receive(struct channel *c, struct channel_message *m) mustcheck;
void channel_message_close_fds(struct channel_message *m);

#endif
