/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp6-options.h"

#include "dhcp/dhcp4-names.h"

#include <string.h>

enum option_kind { OPT_NONE, OPT_SPAN, OPT_FLAG, OPT_LIST16, OPT_IA_NA, OPT_OTHER_IA, OPT_REFUSED };
enum fault { IGNORE, DROP }; /* what a wrong length means for the message */

struct option_row {
	enum option_kind kind;
	enum fault wrong;
	uint16_t min, max;     /* octets */
	enum dhcp6_drop twice; /* NONE: the first counts */
	uint16_t at;           /* in struct dhcp6_message */
};

#define ANY DHCP6_PAYLOAD_MAX
#define ROW(k, w, lo, hi, field)                                                                   \
	{                                                                                          \
		.kind = k, .wrong = w, .min = lo, .max = hi,                                       \
		.at = offsetof(struct dhcp6_message, field)                                        \
	}
#define ONCE(lo, hi, drop, field)                                                                  \
	{                                                                                          \
		.kind = OPT_SPAN, .wrong = DROP, .min = lo, .max = hi, .twice = drop,              \
		.at = offsetof(struct dhcp6_message, field)                                        \
	}

/* What decides over an address must be right (DROP); what only decorates an answer is left out when
 * it is wrong (IGNORE). */
/* clang-format off */
static const struct option_row option_table[DHCP6_OPT_N] = {
	[DHCP6_OPT_CLIENT_ID]     = ONCE(DHCP6_DUID_MIN, DHCP6_DUID_MAX, DHCP6_DROP_CLIENT_ID, client_id), /* 8415 21.2 */
	[DHCP6_OPT_SERVER_ID]     = ONCE(DHCP6_DUID_MIN, DHCP6_DUID_MAX, DHCP6_DROP_SERVER_ID, server_id), /* 8415 21.3 */
	[DHCP6_OPT_IA_NA]         = ROW(OPT_IA_NA, DROP, 12, ANY, ia),                                     /* 8415 21.4 */
	[DHCP6_OPT_IA_TA]         = ROW(OPT_OTHER_IA, DROP, 4, ANY, other),                                /* 8415 21.5 */
	[DHCP6_OPT_ORO]           = ROW(OPT_LIST16, IGNORE, 0, ANY, oro),                                  /* 8415 21.7 */
	[DHCP6_OPT_RELAY_MESSAGE] = { .kind = OPT_REFUSED, .max = ANY, .twice = DHCP6_DROP_RELAY },
	[DHCP6_OPT_RAPID_COMMIT]  = ROW(OPT_FLAG, IGNORE, 0, 0, rapid_commit),                             /* 8415 21.14 */
	[DHCP6_OPT_USER_CLASS]    = ROW(OPT_SPAN, IGNORE, 2, ANY, user_class),                             /* 8415 21.15 */
	[DHCP6_OPT_VENDOR_CLASS]  = ROW(OPT_SPAN, IGNORE, 4, ANY, vendor_class),                           /* 8415 21.16 */
	[DHCP6_OPT_IA_PD]         = ROW(OPT_OTHER_IA, DROP, 12, ANY, other),                               /* 8415 21.21 */
	[DHCP6_OPT_FQDN]          = ROW(OPT_SPAN, IGNORE, 2, 256, fqdn),                                   /* 4704 4 */
	[DHCP6_OPT_ARCH]          = ROW(OPT_LIST16, IGNORE, 2, ANY, arch),                                 /* 5970 3.3 */
};
/* clang-format on */

/* ---- identity associations ---- */

/* What IAs hold: options of their own. Those inside an address or prefix decide nothing and are not
 * looked at, so depth is bounded by this code and not by the message. */
typedef enum dhcp6_drop inner_fn(struct rd *value, uint16_t code, void *data);

static enum dhcp6_drop walk_inner(struct rd *r, inner_fn *visit, void *data)
{
	while (rd_left(r)) {
		uint16_t code = rd_u16(r);
		struct rd value = rd_sub(r, rd_u16(r));
		if (r->bad)
			return DHCP6_DROP_SHORT;
		enum dhcp6_drop drop = visit(&value, code, data);
		if (drop)
			return drop;
	}
	return DHCP6_DROP_NONE;
}

static enum dhcp6_drop address_in_ia(struct rd *value, uint16_t code, void *data)
{
	struct dhcp6_ia *ia = data;
	struct ip ip = { .family = AF_INET6 };

	if (code != DHCP6_OPT_IA_ADDRESS)
		return DHCP6_DROP_NONE;
	rd_copy(value, ip.v6, sizeof(ip.v6));
	uint32_t preferred = rd_u32(value), valid = rd_u32(value);
	if (value->bad)
		return DHCP6_DROP_OPTION_LENGTH;
	if (preferred > valid || ia->n == DHCP6_IA_ADDRESSES_MAX)
		return DHCP6_DROP_NONE;
	ia->address[ia->n].ip = ip;
	ia->address[ia->n].preferred = preferred;
	ia->address[ia->n++].valid = valid;
	return DHCP6_DROP_NONE;
}

static bool has_iaid(const struct dhcp6_message *m, uint32_t iaid)
{
	for (size_t i = 0; i < m->n_ia; i++)
		if (m->ia[i].iaid == iaid)
			return true;
	return false;
}

static enum dhcp6_drop decode_ia(struct dhcp6_message *m, struct rd value)
{
	struct dhcp6_ia ia = { .iaid = rd_u32(&value) };
	uint32_t t1 = rd_u32(&value), t2 = rd_u32(&value);
	enum dhcp6_drop drop = walk_inner(&value, address_in_ia, &ia);

	m->has_ia = true;
	if (drop)
		return drop;
	if (t1 > t2 && t2 > 0) /* RFC 8415 §21.4: such an IA is discarded */
		return DHCP6_DROP_NONE;
	if (m->n_ia < DHCP6_IAS_MAX && !has_iaid(m, ia.iaid))
		m->ia[m->n_ia++] = ia;
	return DHCP6_DROP_NONE;
}

static enum dhcp6_drop check_other(struct rd *value, uint16_t code, void *data)
{
	struct rd v = *value;

	if (code == DHCP6_OPT_IA_ADDRESS && rd_left(&v) < 24)
		return DHCP6_DROP_OPTION_LENGTH;
	if (code != DHCP6_OPT_IA_PREFIX)
		return DHCP6_DROP_NONE;
	rd_skip(&v, 8);
	uint8_t length = rd_u8(&v);
	rd_skip(&v, 16);
	return v.bad || length > 128 ? DHCP6_DROP_OPTION_LENGTH : DHCP6_DROP_NONE;
}

static enum dhcp6_drop decode_other_ia(struct dhcp6_message *m, uint16_t code, struct rd value)
{
	struct dhcp6_other_ia ia = { .code = code, .iaid = rd_u32(&value) };

	m->has_ia = true;
	if (code == DHCP6_OPT_IA_PD)
		rd_skip(&value, 8); /* T1 and T2 */
	enum dhcp6_drop drop = walk_inner(&value, check_other, NULL);
	if (!drop && m->n_other < DHCP6_IAS_MAX)
		m->other[m->n_other++] = ia;
	return drop;
}

/* ---- messages ---- */

static enum dhcp6_drop wrong_length(const struct option_row *row, uint16_t code)
{
	if (row->wrong == IGNORE)
		return DHCP6_DROP_NONE;
	if (code == DHCP6_OPT_CLIENT_ID || code == DHCP6_OPT_SERVER_ID)
		return row->twice;
	return DHCP6_DROP_OPTION_LENGTH;
}

static enum dhcp6_drop decode_option(struct dhcp6_message *m, uint16_t code, struct rd value)
{
	const struct option_row *row = &option_table[code];
	size_t n = rd_left(&value);
	char *at = (char *)m + row->at;

	if (row->kind == OPT_NONE)
		return DHCP6_DROP_NONE;
	if (n < row->min || n > row->max || (row->kind == OPT_LIST16 && n % 2))
		return wrong_length(row, code);
	switch (row->kind) {
	case OPT_SPAN:
	case OPT_LIST16: {
		struct dhcp6_span *span = (struct dhcp6_span *)(void *)at;
		if (span->p)
			return row->twice;
		*span = (struct dhcp6_span){ value.p, (uint16_t)n };
		break;
	}
	case OPT_FLAG:
		*at = true;
		break;
	case OPT_IA_NA:
		return decode_ia(m, value);
	case OPT_OTHER_IA:
		return decode_other_ia(m, code, value);
	case OPT_REFUSED:
		return row->twice;
	case OPT_NONE:
		break;
	}
	return DHCP6_DROP_NONE;
}

enum dhcp6_drop dhcp6_decode(const uint8_t *p, size_t n, struct dhcp6_message *m)
{
	struct rd r = rd_over(p, n);

	memset(m, 0, sizeof(*m));
	if (n > DHCP6_PAYLOAD_MAX)
		return DHCP6_DROP_LONG;
	m->type = rd_u8(&r);
	m->xid = (uint32_t)rd_u8(&r) << 16;
	m->xid |= rd_u16(&r);
	if (r.bad)
		return DHCP6_DROP_SHORT;
	if (m->type == DHCP6_TYPE_RELAY_FORW || m->type == DHCP6_TYPE_RELAY_REPL)
		return DHCP6_DROP_RELAY; /* another header: nothing of it is read */
	while (rd_left(&r)) {
		uint16_t code = rd_u16(&r);
		struct rd value = rd_sub(&r, rd_u16(&r));
		if (r.bad)
			return DHCP6_DROP_SHORT;
		enum dhcp6_drop drop =
		    code < DHCP6_OPT_N ? decode_option(m, code, value) : DHCP6_DROP_NONE;
		if (drop)
			return drop;
	}
	return DHCP6_DROP_NONE;
}

bool dhcp6_wants(const struct dhcp6_message *m, uint16_t code)
{
	struct rd r = rd_over(m->oro.p, m->oro.n);

	while (rd_left(&r))
		if (rd_u16(&r) == code)
			return true;
	return false;
}

bool dhcp6_fqdn_name(struct dhcp6_span fqdn, char buf[static DHCP6_NAME_MAX])
{
	struct rd r = rd_over(fqdn.p, fqdn.n);
	size_t n;

	buf[0] = '\0';
	rd_skip(&r, 1); /* flags */
	struct rd first = rd_sub(&r, rd_u8(&r));
	/* Every label is looked at, so that a flawed name isn't half believed. */
	for (uint8_t len; !r.bad && rd_left(&r) && (len = rd_u8(&r)) != 0;)
		rd_skip(&r, len > 63 ? SIZE_MAX : len);
	n = rd_left(&first);
	if (r.bad || first.bad || rd_left(&r) || !n || n > 63)
		return false;
	const uint8_t *label = rd_bytes(&first, n);
	return !memchr(label, '.', n) && !memchr(label, 0, n) && dhcp4_clean_name(label, n, buf);
}

/* ---- replies ---- */

void dhcp6_write_head(struct wr *w, enum dhcp6_type type, uint32_t xid)
{
	wr_u32(w, (uint32_t)type << 24 | (xid & 0xffffff));
}

void dhcp6_write_option(struct wr *w, uint16_t code, const void *value, size_t n)
{
	wr_u16(w, code);
	wr_u16(w, (uint16_t)n);
	wr_bytes(w, value, n);
}

size_t dhcp6_write_open(struct wr *w, uint16_t code)
{
	size_t at = wr_len(w);

	wr_u16(w, code);
	wr_u16(w, 0);
	return at;
}

void dhcp6_write_close(struct wr *w, size_t at)
{
	wr_patch_u16(w, at + 2, (uint16_t)(wr_len(w) - at - 4));
}

void dhcp6_write_status(struct wr *w, enum dhcp6_status status)
{
	static const char *const text[] = {
		[DHCP6_STATUS_SUCCESS] = "",
		[DHCP6_STATUS_NO_ADDRS] = "no addresses available",
		[DHCP6_STATUS_NO_BINDING] = "no such binding",
		[DHCP6_STATUS_NOT_ON_LINK] = "not on this link",
		[DHCP6_STATUS_USE_MULTICAST] = "use multicast",
		[DHCP6_STATUS_NO_PREFIX] = "no prefixes are delegated",
	};
	size_t at = dhcp6_write_open(w, DHCP6_OPT_STATUS);

	wr_u16(w, (uint16_t)status);
	if (text[status])
		wr_bytes(w, text[status], strlen(text[status]));
	dhcp6_write_close(w, at);
}

void dhcp6_write_address(struct wr *w, const struct ip *ip, uint32_t preferred, uint32_t valid)
{
	wr_u16(w, DHCP6_OPT_IA_ADDRESS);
	wr_u16(w, 24);
	wr_bytes(w, ip->v6, sizeof(ip->v6));
	wr_u32(w, preferred);
	wr_u32(w, valid);
}

void dhcp6_write_labels(struct wr *w, const char *text, bool end)
{
	while (*text && !w->bad) {
		size_t n = strcspn(text, ".");
		if (n > 63)
			w->bad = true;
		if (n) {
			wr_u8(w, (uint8_t)n);
			wr_bytes(w, text, n);
		}
		text += n + (text[n] == '.');
	}
	if (end)
		wr_u8(w, 0);
}
