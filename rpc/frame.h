/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frame.h — from a byte stream to messages and back.
 *
 * A message is a u32 length that counts itself, six header words, then the payload. The types
 * WITH_FDS have a u32 count before the payload and, after the message and not counted in its
 * length, one octet for each descriptor that carries it (SCM_RIGHTS).
 *
 * Pure: the caller reads and writes the socket. Memory grows with the bytes that have come, never
 * with a length that was only claimed. */
#ifndef RPC_FRAME_H
#define RPC_FRAME_H

#include "base/cursor.h"
#include "rpc/protocol.h"

struct rpc_header {
	uint32_t program, version;
	int32_t procedure;
	uint32_t type;   /* enum rpc_type, unless the peer says otherwise */
	uint32_t serial; /* the caller's to choose; a reply repeats it */
	uint32_t status; /* enum rpc_status */
};

struct frame {
	struct rpc_header h;
	struct rd body; /* the payload */
	uint32_t n_fds; /* 0..RPC_FDS_MAX; their octets have been taken off the stream */
};

struct frame_reader {
	uint8_t *b;
	size_t start, end, cap; /* bytes start..end have come and are not taken yet */
	size_t max;             /* octets of one message, its length word included */
};

void frame_reader_init(struct frame_reader *fr, size_t max);
void frame_reader_done(struct frame_reader *fr);

/* Where the next bytes of the stream go: at least 4096 octets at *ret_p. Frames taken before become
 * invalid. 0 or -ENOMEM. */
int frame_reader_space(struct frame_reader *fr, uint8_t **ret_p, size_t *ret_n) mustcheck;
void frame_reader_added(struct frame_reader *fr, size_t n);

/* Take the next whole message: 1; 0: more bytes are needed; -EPROTO: the stream can't be understood
 * any further (a length below RPC_HEADER_SIZE or above max, too many descriptors). */
int frame_reader_next(struct frame_reader *fr, struct frame *ret) mustcheck;

/* No byte waits. */
static inline bool frame_reader_is_empty(const struct frame_reader *fr)
{
	return fr->start == fr->end;
}

/* Write length (0 for now), header and, for the types WITH_FDS, the count. Returns where the
 * message starts. */
size_t frame_begin(struct wr *w, const struct rpc_header *h, uint32_t n_fds);
/* Set the length of the message that frame_begin() started at `at`. */
void frame_end(struct wr *w, size_t at);

#endif
