/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnl.h — rtnetlink sockets as this room uses them: batches with one acknowledgement, and the
 * kernel's own words about what failed. */
#ifndef BRIDGE_RTNL_H
#define BRIDGE_RTNL_H

#include "base/err.h"

#include <netlink/msg.h>

struct sockaddr_nl;

/* A socket in the thread's network namespace: extended acknowledgements on, requests not echoed in
 * errors, dumps filtered strictly. `groups` (a zero-terminated list of RTNLGRP_*) may be NULL.
 * Returns the fd. */
int rtnl_open(const int *groups, struct err *e) mustcheck;

/* A message being built: `type` with fixed part `body`. Attributes are added with nla_put*();
 * running out of room or memory shows when it is sent. */
struct nl_msg *rtnl_message(int type, int flags, const void *body, size_t n);

#define RTNL_BATCH_MAX 64
#define RTNL_WORDS_MAX 200
struct rtnl_batch {
	struct nl_msg *msgs[RTNL_BATCH_MAX];
	size_t tags[RTNL_BATCH_MAX]; /* the caller's */
	int results[RTNL_BATCH_MAX]; /* after sending: 0 or -errno of each */
	size_t n;
	bool broken;                                /* a message was NULL: out of memory */
	char words[RTNL_BATCH_MAX][RTNL_WORDS_MAX]; /* what the kernel said to each failed one */
};

/* Take over `m`; false (and the batch unchanged, m freed) when it is full or m is NULL.
 * Full is the caller's to avoid. */
bool rtnl_batch_add(struct rtnl_batch *b, struct nl_msg *m, size_t tag);
/* Send all in one system call and read the answers; fills results. Only the last message asks for
 * an acknowledgement: errors come anyway. The kernel goes on after an error. 0, or -errno when the
 * socket itself fails. */
int rtnl_batch_send(int fd, uint32_t *seq, struct rtnl_batch *b);
/* Free the messages; the batch is empty again. */
void rtnl_batch_reset(struct rtnl_batch *b);

/* One request with an acknowledgement; `words` (RTNL_WORDS_MAX octets) gets the kernel's. 0 or
 * -errno. */
int rtnl_request(int fd, uint32_t *seq, struct nl_msg *m, char *words);

/* Fill `e` for a failed request: the kernel's words where there are some, then the errno's text. */
int rtnl_err(struct err *e, int errnum, const char *words, const char *fmt, ...) printflike(4, 5);

/* Read answers to request `seq` until it ends, calling `fn` for each message of it. -EAGAIN: the
 * dump was interrupted by a change, ask again. Other -errno: the kernel's refusal or the socket's
 * failure. */
typedef void rtnl_message_fn(void *data, const struct nlmsghdr *nlh);
int rtnl_read_answers(int fd, uint32_t seq, uint8_t *buf, size_t cap, rtnl_message_fn *fn,
		      void *data);

#endif
