/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cursor.h — the one way to read and write bytes.
 *
 * A reader (struct rd) never passes its end: a read that doesn't fit sets `bad`, yields zero and
 * sticks, so a caller checks once per record. rd_sub() confines a TLV to its own length. A writer
 * (struct wr) writes into a fixed buffer under the same rule. Integers are in network byte order on
 * the wire and in host order in memory: the swap happens here and nowhere else. */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include "base/util.h"

#include <string.h>

struct rd {
	const uint8_t *p, *end;
	bool bad;
};

static inline struct rd rd_over(const void *bytes, size_t n)
{
	const uint8_t *b = bytes;
	return (struct rd){ b, b + n, false };
}
static inline size_t rd_left(const struct rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}
/* The next n bytes, or NULL (and bad) when fewer are left. A NULL is never returned otherwise
 * unless the reader was made over a NULL pointer with length 0. */
static inline const uint8_t *rd_bytes(struct rd *r, size_t n)
{
	if (r->bad || (size_t)(r->end - r->p) < n) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return r->p - n;
}
static inline void rd_skip(struct rd *r, size_t n)
{
	(void)rd_bytes(r, n);
}
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *b = rd_bytes(r, n);
	return r->bad ? (struct rd){ .bad = true } : (struct rd){ b, b + n, false };
}
static inline void rd_copy(struct rd *r, void *dst, size_t n)
{
	const uint8_t *b = rd_bytes(r, n);
	if (r->bad)
		memset(dst, 0, n);
	else if (n)
		memcpy(dst, b, n);
}
static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *b = rd_bytes(r, 1);
	return b ? b[0] : 0;
}
static inline uint16_t rd_u16(struct rd *r)
{
	const uint8_t *b = rd_bytes(r, 2);
	return b ? (uint16_t)(b[0] << 8 | b[1]) : 0;
}
static inline uint32_t rd_u32(struct rd *r)
{
	const uint8_t *b = rd_bytes(r, 4);
	return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}
static inline uint64_t rd_u64(struct rd *r)
{
	uint64_t high = rd_u32(r);
	return high << 32 | rd_u32(r);
}

struct wr {
	uint8_t *start, *p, *end;
	bool bad; /* something did not fit; what is written so far is whole items only */
};

static inline struct wr wr_over(void *buf, size_t cap)
{
	uint8_t *b = buf;
	return (struct wr){ b, b, b + cap, false };
}
static inline size_t wr_len(const struct wr *w)
{
	return (size_t)(w->p - w->start);
}
static inline size_t wr_room(const struct wr *w)
{
	return w->bad ? 0 : (size_t)(w->end - w->p);
}
/* Reserve n bytes to be filled by the caller; NULL (and bad) if they don't fit. */
static inline uint8_t *wr_reserve(struct wr *w, size_t n)
{
	if (w->bad || (size_t)(w->end - w->p) < n) {
		w->bad = true;
		return NULL;
	}
	w->p += n;
	return w->p - n;
}
static inline void wr_bytes(struct wr *w, const void *bytes, size_t n)
{
	uint8_t *b = wr_reserve(w, n);
	if (b && n)
		memcpy(b, bytes, n);
}
static inline void wr_zero(struct wr *w, size_t n)
{
	uint8_t *b = wr_reserve(w, n);
	if (b && n)
		memset(b, 0, n);
}
static inline void wr_u8(struct wr *w, uint8_t v)
{
	uint8_t *b = wr_reserve(w, 1);
	if (b)
		b[0] = v;
}
static inline void wr_u16(struct wr *w, uint16_t v)
{
	uint8_t *b = wr_reserve(w, 2);
	if (b) {
		b[0] = (uint8_t)(v >> 8);
		b[1] = (uint8_t)v;
	}
}
static inline void wr_u32(struct wr *w, uint32_t v)
{
	uint8_t *b = wr_reserve(w, 4);
	if (b) {
		b[0] = (uint8_t)(v >> 24);
		b[1] = (uint8_t)(v >> 16);
		b[2] = (uint8_t)(v >> 8);
		b[3] = (uint8_t)v;
	}
}
static inline void wr_u64(struct wr *w, uint64_t v)
{
	wr_u32(w, (uint32_t)(v >> 32));
	wr_u32(w, (uint32_t)v);
}
/* Overwrite a 16- or 32-bit field written earlier at byte offset `at` from the start. */
static inline void wr_patch_u16(struct wr *w, size_t at, uint16_t v)
{
	if (at + 2 <= wr_len(w)) {
		w->start[at] = (uint8_t)(v >> 8);
		w->start[at + 1] = (uint8_t)v;
	}
}
static inline void wr_patch_u32(struct wr *w, size_t at, uint32_t v)
{
	wr_patch_u16(w, at, (uint16_t)(v >> 16));
	wr_patch_u16(w, at + 2, (uint16_t)v);
}

#endif
