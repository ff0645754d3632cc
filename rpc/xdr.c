/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc/xdr.h"

#include <string.h>

static size_t padding(size_t n)
{
	return (4 - n % 4) % 4;
}

/* The body of a counted item, or NULL with bad set. Its length is *ret_n <= max. */
static const uint8_t *counted(struct rd *r, size_t max, size_t *ret_n)
{
	uint32_t n = rd_u32(r);

	*ret_n = 0;
	if (n > max)
		r->bad = true;
	const uint8_t *p = rd_bytes(r, n);
	rd_skip(r, padding(n));
	if (r->bad)
		return NULL;
	*ret_n = n;
	return p;
}

struct xdr_str xdr_get_string(struct rd *r, size_t max)
{
	size_t n;
	const uint8_t *p = counted(r, max, &n);

	if (p && n && memchr(p, '\0', n)) {
		r->bad = true;
		p = NULL;
	}
	return p ? (struct xdr_str){ (const char *)p, n } : (struct xdr_str){ NULL, 0 };
}

struct xdr_str xdr_get_optional(struct rd *r, size_t max)
{
	return rd_u32(r) ? xdr_get_string(r, max) : (struct xdr_str){ NULL, 0 };
}

void xdr_get_text(struct rd *r, char *buf, size_t cap)
{
	struct xdr_str s = xdr_get_string(r, cap - 1);

	if (s.n)
		memcpy(buf, s.p, s.n);
	buf[s.n] = '\0';
}

size_t xdr_get_opaque(struct rd *r, void *buf, size_t cap)
{
	size_t n;
	const uint8_t *p = counted(r, cap, &n);

	if (n)
		memcpy(buf, p, n);
	return n;
}

struct uuid xdr_get_uuid(struct rd *r)
{
	struct uuid u;

	rd_copy(r, u.b, sizeof(u.b));
	return u;
}

struct mac xdr_get_mac(struct rd *r)
{
	struct mac m;

	rd_copy(r, m.b, sizeof(m.b));
	rd_skip(r, padding(sizeof(m.b)));
	return m;
}

struct ip xdr_get_ip(struct rd *r)
{
	struct ip a = { 0 };

	switch (rd_u32(r)) {
	case 0:
		break;
	case 4:
		a.family = AF_INET;
		a.v4 = rd_u32(r);
		break;
	case 6:
		a.family = AF_INET6;
		rd_copy(r, a.v6, sizeof(a.v6));
		break;
	default:
		r->bad = true;
	}
	return r->bad ? (struct ip){ 0 } : a;
}

uint32_t xdr_get_count(struct rd *r, uint32_t max)
{
	uint32_t n = rd_u32(r);

	if (n > max)
		r->bad = true;
	return r->bad ? 0 : n;
}

void xdr_put_opaque(struct wr *w, const void *bytes, size_t n)
{
	wr_u32(w, (uint32_t)n);
	wr_bytes(w, bytes, n);
	wr_zero(w, padding(n));
}

void xdr_put_string(struct wr *w, const char *s)
{
	xdr_put_opaque(w, s, s ? strlen(s) : 0);
}

void xdr_put_optional(struct wr *w, const char *s)
{
	xdr_put_bool(w, s != NULL);
	if (s)
		xdr_put_string(w, s);
}

void xdr_put_uuid(struct wr *w, const struct uuid *u)
{
	wr_bytes(w, u->b, sizeof(u->b));
}

void xdr_put_mac(struct wr *w, const struct mac *m)
{
	wr_bytes(w, m->b, sizeof(m->b));
	wr_zero(w, padding(sizeof(m->b)));
}

void xdr_put_ip(struct wr *w, const struct ip *a)
{
	switch (a->family) {
	case AF_INET:
		wr_u32(w, 4);
		wr_u32(w, a->v4);
		break;
	case AF_INET6:
		wr_u32(w, 6);
		wr_bytes(w, a->v6, sizeof(a->v6));
		break;
	default:
		wr_u32(w, 0);
	}
}

char *xdr_str_dup(struct xdr_str s)
{
	return s.p ? strndup(s.p, s.n) : NULL;
}

bool xdr_str_equal(struct xdr_str s, const char *text)
{
	return s.p && strlen(text) == s.n && memcmp(s.p, text, s.n) == 0;
}
