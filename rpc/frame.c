/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc/frame.h"

#include <errno.h>

#define SPACE_MIN 4096u
#define START_CAP 8192u
#define IDLE_CAP  65536u /* a larger buffer isn't kept once it is empty */

void frame_reader_init(struct frame_reader *fr, size_t max)
{
	*fr = (struct frame_reader){ .max = max };
}

void frame_reader_done(struct frame_reader *fr)
{
	free(fr->b);
	*fr = (struct frame_reader){ .max = fr->max };
}

/* Move what waits to the front of the buffer. */
static void compact(struct frame_reader *fr)
{
	size_t n = fr->end - fr->start;

	if (fr->start && n)
		memmove(fr->b, fr->b + fr->start, n);
	fr->start = 0;
	fr->end = n;
	if (!n && fr->cap > IDLE_CAP)
		frame_reader_done(fr);
}

int frame_reader_space(struct frame_reader *fr, uint8_t **ret_p, size_t *ret_n)
{
	compact(fr);
	if (fr->cap - fr->end < SPACE_MIN) {
		size_t cap = fr->cap ? fr->cap * 2 : START_CAP;
		uint8_t *b = realloc(fr->b, cap);
		if (!b)
			return -ENOMEM;
		fr->b = b;
		fr->cap = cap;
	}
	*ret_p = fr->b + fr->end;
	*ret_n = fr->cap - fr->end;
	return 0;
}

void frame_reader_added(struct frame_reader *fr, size_t n)
{
	fr->end += n;
}

static bool carries_fds(uint32_t type)
{
	return type == RPC_CALL_WITH_FDS || type == RPC_REPLY_WITH_FDS;
}

static struct rpc_header get_header(struct rd *r)
{
	struct rpc_header h;

	h.program = rd_u32(r);
	h.version = rd_u32(r);
	h.procedure = (int32_t)rd_u32(r);
	h.type = rd_u32(r);
	h.serial = rd_u32(r);
	h.status = rd_u32(r);
	return h;
}

int frame_reader_next(struct frame_reader *fr, struct frame *ret)
{
	if (fr->end - fr->start < 4)
		return 0;
	struct rd r = rd_over(fr->b + fr->start, fr->end - fr->start);
	size_t length = rd_u32(&r);
	if (length < RPC_HEADER_SIZE || length > fr->max)
		return -EPROTO;
	if (rd_left(&r) < length - 4)
		return 0;
	struct frame f = { .body = rd_sub(&r, length - 4) };
	f.h = get_header(&f.body);
	if (carries_fds(f.h.type)) {
		f.n_fds = rd_u32(&f.body);
		if (f.body.bad || f.n_fds > RPC_FDS_MAX)
			return -EPROTO;
		if (rd_left(&r) < f.n_fds)
			return 0;
	}
	fr->start += length + f.n_fds;
	*ret = f;
	return 1;
}

size_t frame_begin(struct wr *w, const struct rpc_header *h, uint32_t n_fds)
{
	size_t at = wr_len(w);

	wr_u32(w, 0);
	wr_u32(w, h->program);
	wr_u32(w, h->version);
	wr_u32(w, (uint32_t)h->procedure);
	wr_u32(w, h->type);
	wr_u32(w, h->serial);
	wr_u32(w, h->status);
	if (carries_fds(h->type))
		wr_u32(w, n_fds);
	return at;
}

void frame_end(struct wr *w, size_t at)
{
	wr_patch_u32(w, at, (uint32_t)(wr_len(w) - at));
}
