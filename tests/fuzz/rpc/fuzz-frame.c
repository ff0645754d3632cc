/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A byte stream in pieces of the size that its first octet tells, through the framing: each message
 * lies within what was sent, and nothing is left over but an unfinished one. */
#include "rpc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(const struct frame *f)
{
	struct rd body = f->body;
	volatile uint8_t sum = 0;

	while (rd_left(&body))
		sum = (uint8_t)(sum + rd_u8(&body));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_reader fr;
	struct frame f;
	size_t piece = size ? data[0] + 1u : 1, taken = 0;
	int r = 0;

	frame_reader_init(&fr, 65536);
	for (size_t at = 1; at < size && r >= 0; at += piece) {
		size_t n = MIN_OF(piece, size - at), room;
		uint8_t *space;
		if (frame_reader_space(&fr, &space, &room) < 0)
			break;
		memcpy(space, data + at, n);
		frame_reader_added(&fr, n);
		while ((r = frame_reader_next(&fr, &f)) > 0) {
			taken += rd_left(&f.body) + f.n_fds;
			touch(&f);
		}
	}
	if (taken > size || fr.cap > 4 * 65536)
		abort();
	frame_reader_done(&fr);
	return 0;
}
