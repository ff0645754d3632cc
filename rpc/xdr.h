/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xdr.h — External Data Representation (RFC 4506) over the byte cursor: the codec of libvirt's wire
 * and of the messages between netd's own processes.
 *
 * Decoding allocates nothing: strings are slices of the packet or copies into buffers of the
 * caller, and a length from the wire is compared with the caller's maximum before it is used. Like
 * every cursor read a failed one sets r->bad and sticks, so a procedure's arguments are checked
 * once, at their end. As libvirt's server does, padding content is ignored and any non-zero
 * optional flag means "present" (go-libvirt sends 01 00 00 00); unlike it, a NUL inside a string is
 * refused. */
#ifndef RPC_XDR_H
#define RPC_XDR_H

#include "base/addr.h"
#include "base/cursor.h"

/* A string inside a packet: not terminated. p is NULL for an absent optional string. */
struct xdr_str {
	const char *p;
	size_t n;
};

static inline int32_t xdr_get_i32(struct rd *r)
{
	return (int32_t)rd_u32(r);
}
static inline int64_t xdr_get_i64(struct rd *r)
{
	return (int64_t)rd_u64(r);
}
static inline bool xdr_get_bool(struct rd *r)
{
	return rd_u32(r) != 0;
}
/* string<max> */
struct xdr_str xdr_get_string(struct rd *r, size_t max);
/* string *: optional string */
struct xdr_str xdr_get_optional(struct rd *r, size_t max);
/* string<cap-1> into a terminated buffer; empty after a failure. */
void xdr_get_text(struct rd *r, char *buf, size_t cap);
/* opaque<cap> into a buffer; returns the length. */
size_t xdr_get_opaque(struct rd *r, void *buf, size_t cap);
struct uuid xdr_get_uuid(struct rd *r);
struct mac xdr_get_mac(struct rd *r);
/* struct ip: u32 family (0, 4 or 6), then 4 or 16 octets. */
struct ip xdr_get_ip(struct rd *r);
/* The count of an array<max>; 0 and bad when larger. */
uint32_t xdr_get_count(struct rd *r, uint32_t max);

static inline void xdr_put_i32(struct wr *w, int32_t v)
{
	wr_u32(w, (uint32_t)v);
}
static inline void xdr_put_i64(struct wr *w, int64_t v)
{
	wr_u64(w, (uint64_t)v);
}
static inline void xdr_put_bool(struct wr *w, bool v)
{
	wr_u32(w, v);
}
void xdr_put_string(struct wr *w, const char *s);   /* NULL is written as "" */
void xdr_put_optional(struct wr *w, const char *s); /* NULL: absent */
void xdr_put_opaque(struct wr *w, const void *bytes, size_t n);
void xdr_put_uuid(struct wr *w, const struct uuid *u);
void xdr_put_mac(struct wr *w, const struct mac *m);
void xdr_put_ip(struct wr *w, const struct ip *a);

/* A new terminated copy; NULL when absent or out of memory. */
char *xdr_str_dup(struct xdr_str s) mustcheck;
bool xdr_str_equal(struct xdr_str s, const char *text);

#endif
