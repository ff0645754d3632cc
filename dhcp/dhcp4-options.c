/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp4-options.h"

#include <string.h>

enum option_kind { OPT_NONE, OPT_U8, OPT_U16, OPT_U32, OPT_IP4, OPT_SPAN, OPT_SPAN16, OPT_FLAG };
enum fault { IGNORE, DROP }; /* what a wrong length means for the message */

struct option_row {
	enum option_kind kind;
	uint16_t min, max; /* octets */
	enum fault on_short, on_long;
	uint16_t at; /* in struct dhcp4_message */
};

#define ROW(k, lo, hi, s, l, field)                                                                \
	{                                                                                          \
		k, lo, hi, s, l, offsetof(struct dhcp4_message, field)                             \
	}
#define ANY DHCP4_PAYLOAD_MAX

/* What decides over an address must be right (DROP); what only decorates an answer is left out when
 * it is wrong (IGNORE), because clients with such flaws exist and still want an address. */
/* clang-format off */
static const struct option_row option_table[256] = {
	[DHCP4_OPT_HOST_NAME]      = ROW(OPT_SPAN, 1, 255, IGNORE, IGNORE, host_name),    /* 2132 3.14 */
	[DHCP4_OPT_REQUESTED]      = ROW(OPT_IP4, 4, 4, DROP, DROP, requested),           /* 2132 9.1 */
	[DHCP4_OPT_LEASE_TIME]     = ROW(OPT_U32, 4, 4, DROP, DROP, lease_sec),           /* 2132 9.2 */
	[DHCP4_OPT_TYPE]           = ROW(OPT_U8, 1, 1, DROP, DROP, type),                 /* 2132 9.6 */
	[DHCP4_OPT_SERVER_ID]      = ROW(OPT_IP4, 4, 4, DROP, DROP, server_id),           /* 2132 9.7 */
	[DHCP4_OPT_PARAMETER_LIST] = ROW(OPT_SPAN, 1, ANY, IGNORE, DROP, parameter_list), /* 2132 9.8 */
	[DHCP4_OPT_MAX_SIZE]       = ROW(OPT_U16, 2, 2, IGNORE, IGNORE, max_size),        /* 2132 9.10 */
	[DHCP4_OPT_VENDOR_CLASS]   = ROW(OPT_SPAN, 1, 255, IGNORE, IGNORE, vendor_class), /* 2132 9.13 */
	[DHCP4_OPT_CLIENT_ID]      = ROW(OPT_SPAN, 2, 255, IGNORE, DROP, client_id),      /* 2132 9.14 */
	[DHCP4_OPT_USER_CLASS]     = ROW(OPT_SPAN, 1, 255, IGNORE, IGNORE, user_class),   /* 3004 */
	[DHCP4_OPT_RAPID_COMMIT]   = ROW(OPT_FLAG, 0, 0, IGNORE, IGNORE, rapid_commit),   /* 4039 */
	[DHCP4_OPT_FQDN]           = ROW(OPT_SPAN, 3, 255, IGNORE, IGNORE, fqdn),         /* 4702 */
	[DHCP4_OPT_RELAY]          = ROW(OPT_SPAN, 0, ANY, DROP, DROP, relay),            /* 3046 */
	[DHCP4_OPT_ARCH]           = ROW(OPT_SPAN16, 2, 254, IGNORE, IGNORE, arch),       /* 4578 */
	[DHCP4_OPT_UUID]           = ROW(OPT_SPAN, 17, 17, IGNORE, IGNORE, uuid),         /* 4578 */
	[DHCP4_OPT_IPXE]           = ROW(OPT_SPAN, 0, ANY, IGNORE, IGNORE, ipxe),
};
/* clang-format on */

/* The pieces of each option of one message. */
struct pieces {
	struct piece {
		const uint8_t *p; /* of the first piece; of the whole once joined */
		uint16_t n;       /* of all pieces together */
		uint16_t count;
	} option[256];
	bool several; /* an option came in more than one piece */
};

typedef void piece_fn(struct pieces *all, void *data, uint8_t code, const uint8_t *p, size_t n);

/* Visit each option of one field. A field may end without an end option. */
static bool walk(struct rd r, piece_fn *visit, struct pieces *all, void *data)
{
	while (rd_left(&r)) {
		uint8_t code = rd_u8(&r);
		if (code == DHCP4_OPT_PAD)
			continue;
		if (code == DHCP4_OPT_END)
			break;
		size_t n = rd_u8(&r);
		const uint8_t *p = rd_bytes(&r, n);
		if (r.bad)
			return false;
		visit(all, data, code, p, n);
	}
	return true;
}

static void count_piece(struct pieces *all, void *data, uint8_t code, const uint8_t *p, size_t n)
{
	struct piece *o = &all->option[code];

	if (o->count++)
		all->several = true;
	else
		o->p = p;
	o->n = (uint16_t)(o->n + n);
}

static void join_piece(struct pieces *all, void *data, uint8_t code, const uint8_t *p, size_t n)
{
	uint8_t **end = data; /* per code: where its next piece goes; NULL: came in one piece */

	if (!end[code] || !n)
		return;
	memcpy(end[code], p, n);
	end[code] += n;
}

struct fields { /* the three places where options may be */
	struct rd options, file, sname;
};

static bool walk_fields(const struct fields *f, piece_fn *visit, struct pieces *all, void *data)
{
	return walk(f->options, visit, all, data) && walk(f->file, visit, all, data) &&
	       walk(f->sname, visit, all, data);
}

/* RFC 3396: the pieces of an option, in the order options, file, sname, are one value. Their sum is
 * less than the datagram, so `joined` is large enough. */
static void join(const struct fields *f, struct pieces *all, uint8_t *joined)
{
	uint8_t *end[256] = { 0 };
	uint8_t *at = joined;

	for (unsigned code = 0; code < 256; code++) {
		struct piece *o = &all->option[code];
		if (o->count < 2)
			continue;
		end[code] = at;
		o->p = at;
		at += o->n;
	}
	(void)walk_fields(f, join_piece, all, end);
}

static enum dhcp4_drop store(const struct option_row *row, const struct piece *o,
			     struct dhcp4_message *m)
{
	void *at = (uint8_t *)m + row->at;
	struct rd r = rd_over(o->p, o->n);

	if (o->n < row->min)
		return row->on_short == DROP ? DHCP4_DROP_OPTION_LENGTH : DHCP4_DROP_NONE;
	if (o->n > row->max)
		return row->on_long == DROP ? DHCP4_DROP_OPTION_LENGTH : DHCP4_DROP_NONE;
	switch (row->kind) {
	case OPT_NONE:
		break;
	case OPT_FLAG:
		*(bool *)at = true;
		break;
	case OPT_U8:
		*(uint8_t *)at = rd_u8(&r);
		break;
	case OPT_U16:
		*(uint16_t *)at = rd_u16(&r);
		break;
	case OPT_U32:
	case OPT_IP4:
		*(uint32_t *)at = rd_u32(&r);
		break;
	case OPT_SPAN16:
		if (o->n % 2)
			break;
		*(struct dhcp4_span *)at = (struct dhcp4_span){ o->p, o->n };
		break;
	case OPT_SPAN:
		*(struct dhcp4_span *)at = (struct dhcp4_span){ o->p, o->n };
		break;
	}
	return DHCP4_DROP_NONE;
}

static enum dhcp4_drop decode_options(struct fields *f, struct dhcp4_message *m)
{
	struct pieces all = { 0 };
	const struct piece *overload = &all.option[DHCP4_OPT_OVERLOAD];
	struct rd none = rd_over("", 0);
	struct fields own = { f->options, none, none };

	if (!walk(f->options, count_piece, &all, NULL))
		return DHCP4_DROP_SHORT;
	/* Only the options field can overload the others, so there is no loop. */
	uint8_t which = overload->count == 1 && overload->n == 1 ? overload->p[0] : 0;
	if (which == 1 || which == 3)
		own.file = f->file;
	if (which == 2 || which == 3)
		own.sname = f->sname;
	if (!walk(own.file, count_piece, &all, NULL) || !walk(own.sname, count_piece, &all, NULL))
		return DHCP4_DROP_SHORT;
	if (all.several)
		join(&own, &all, m->joined);

	m->has_type = all.option[DHCP4_OPT_TYPE].count > 0;
	for (unsigned code = 0; code < 256; code++) {
		const struct option_row *row = &option_table[code];
		if (!all.option[code].count || row->kind == OPT_NONE)
			continue;
		enum dhcp4_drop drop = store(row, &all.option[code], m);
		if (drop)
			return drop;
	}
	return DHCP4_DROP_NONE;
}

enum dhcp4_drop dhcp4_decode(const uint8_t *p, size_t n, struct dhcp4_message *m)
{
	struct rd r = rd_over(p, n);
	struct fields f;

	memset(m, 0, offsetof(struct dhcp4_message, joined));
	if (n > DHCP4_PAYLOAD_MAX)
		return DHCP4_DROP_LONG;
	if (n < DHCP4_FIXED_SIZE)
		return DHCP4_DROP_SHORT;
	if (rd_u8(&r) != 1)
		return DHCP4_DROP_OP;
	m->htype = rd_u8(&r);
	m->hlen = rd_u8(&r);
	m->hops = rd_u8(&r);
	m->xid = rd_u32(&r);
	rd_skip(&r, 2); /* secs: some send it little-endian, nothing depends on it */
	m->flags = rd_u16(&r);
	m->ciaddr = rd_u32(&r);
	rd_skip(&r, 8); /* yiaddr and siaddr are the server's to set */
	m->giaddr = rd_u32(&r);
	rd_copy(&r, m->chaddr, sizeof(m->chaddr));
	f.sname = rd_sub(&r, 64);
	f.file = rd_sub(&r, 128);
	if (rd_u32(&r) != DHCP4_COOKIE)
		return DHCP4_DROP_COOKIE;
	f.options = r;
	return decode_options(&f, m);
}

/* ---- writing ---- */

#define TAIL_SIZE 4 /* overload option and end option, kept free in the options field */
#define SNAME_AT  44
#define FILE_AT   108

void dhcp4_write_head(struct dhcp4_writer *w, uint8_t buf[static DHCP4_PAYLOAD_MAX], size_t limit,
		      const struct dhcp4_message *m, const struct dhcp4_reply_head *h)
{
	size_t file_len = strlen(h->boot_file);

	*w = (struct dhcp4_writer){ .main = wr_over(buf, limit - TAIL_SIZE),
				    .file = wr_over(buf + FILE_AT, 128 - 1),
				    .sname = wr_over(buf + SNAME_AT, 64 - 1),
				    .file_free = file_len == 0 };
	struct wr *r = &w->main;
	wr_u8(r, 2); /* BOOTREPLY */
	wr_u8(r, m->htype);
	wr_u8(r, m->hlen);
	wr_u8(r, 0);
	wr_u32(r, m->xid);
	wr_u16(r, 0);
	wr_u16(r, h->flags);
	wr_u32(r, h->ciaddr);
	wr_u32(r, h->yiaddr);
	wr_u32(r, h->siaddr);
	wr_u32(r, m->giaddr);
	wr_bytes(r, m->chaddr, sizeof(m->chaddr));
	wr_zero(r, 64);
	wr_bytes(r, h->boot_file, file_len);
	wr_zero(r, 128 - file_len);
	wr_u32(r, DHCP4_COOKIE);
}

/* How many octets of a long option find room in a field: each piece has a head of two. */
static size_t room_for_pieces(const struct wr *r)
{
	size_t room = wr_room(r), whole = room / (2 + 255), rest = room % (2 + 255);

	return whole * 255 + (rest > 2 ? rest - 2 : 0);
}

static size_t write_pieces(struct wr *r, uint8_t code, const uint8_t *value, size_t n)
{
	size_t done = 0;

	while (done < n && wr_room(r) > 2) {
		size_t piece = MIN_OF(MIN_OF(n - done, 255), wr_room(r) - 2);
		wr_u8(r, code);
		wr_u8(r, (uint8_t)piece);
		wr_bytes(r, value + done, piece);
		done += piece;
	}
	return done;
}

/* RFC 3396 §5: the pieces are read in the order options, file, sname. */
static bool write_long_option(struct dhcp4_writer *w, uint8_t code, const uint8_t *value, size_t n)
{
	size_t file_room = w->file_free ? room_for_pieces(&w->file) : 0, done;

	if (room_for_pieces(&w->main) + file_room + room_for_pieces(&w->sname) < n)
		return false;
	done = write_pieces(&w->main, code, value, n);
	if (done < n && file_room) {
		done += write_pieces(&w->file, code, value + done, n - done);
		w->overload |= 1;
	}
	if (done < n) {
		(void)write_pieces(&w->sname, code, value + done, n - done);
		w->overload |= 2;
	}
	return true;
}

bool dhcp4_write_option(struct dhcp4_writer *w, uint8_t code, const void *value, size_t n)
{
	struct wr *r = &w->main;

	if (n > 255)
		return write_long_option(w, code, value, n);
	if (wr_room(r) < n + 2 && w->file_free && wr_room(&w->file) >= n + 2) {
		r = &w->file;
		w->overload |= 1;
	} else if (wr_room(r) < n + 2) {
		r = &w->sname;
		if (wr_room(r) < n + 2)
			return false;
		w->overload |= 2;
	}
	wr_u8(r, code);
	wr_u8(r, (uint8_t)n);
	wr_bytes(r, value, n);
	return true;
}

bool dhcp4_write_option_u8(struct dhcp4_writer *w, uint8_t code, uint8_t v)
{
	return dhcp4_write_option(w, code, &v, 1);
}

bool dhcp4_write_option_u32(struct dhcp4_writer *w, uint8_t code, uint32_t v)
{
	uint8_t b[4];
	struct wr r = wr_over(b, sizeof(b));

	wr_u32(&r, v);
	return dhcp4_write_option(w, code, b, sizeof(b));
}

static void write_overload(struct dhcp4_writer *w)
{
	w->main.end += TAIL_SIZE - 1;
	if (w->overload) {
		wr_u8(&w->main, DHCP4_OPT_OVERLOAD);
		wr_u8(&w->main, 1);
		wr_u8(&w->main, w->overload);
	}
}

void dhcp4_write_keep(struct dhcp4_writer *w, size_t n)
{
	w->kept = n + 2 * ((n + 254) / 255);
	w->main.end -= w->kept;
}

void dhcp4_write_last(struct dhcp4_writer *w, uint8_t code, const void *value, size_t n)
{
	write_overload(w);
	w->overload_written = true;
	w->main.end += w->kept;
	(void)write_pieces(&w->main, code, value, n);
}

size_t dhcp4_write_end(struct dhcp4_writer *w)
{
	if (!w->overload_written)
		write_overload(w);
	w->main.end++;
	w->file.end++;
	w->sname.end++;
	wr_u8(&w->main, DHCP4_OPT_END);
	if (w->overload & 1)
		wr_u8(&w->file, DHCP4_OPT_END);
	if (w->overload & 2)
		wr_u8(&w->sname, DHCP4_OPT_END);
	if (wr_len(&w->main) < DHCP4_REPLY_MIN_SIZE)
		wr_zero(&w->main, DHCP4_REPLY_MIN_SIZE - wr_len(&w->main));
	return wr_len(&w->main);
}
