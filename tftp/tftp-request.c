/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tftp-request.c — read requests: strict where it matters (names, numbers), lenient where old boot
 * ROMs are sloppy (rubbish behind the mode, 0xff at the end of the name). */
#include "tftp/tftp-internal.h"

#include "base/cursor.h"

#include <errno.h>
#include <strings.h>

#define OPTIONS_MAX 16 /* more in one request are not looked at */

struct string {
	const char *s; /* terminated, in the packet; NULL: the packet ends before it does */
	size_t n;
};

static struct string next_string(struct rd *r)
{
	const uint8_t *end = rd_left(r) ? memchr(r->p, '\0', rd_left(r)) : NULL;

	if (!end) {
		rd_skip(r, rd_left(r) + 1);
		return (struct string){ NULL, 0 };
	}
	size_t n = (size_t)(end - r->p);
	return (struct string){ (const char *)rd_bytes(r, n + 1), n };
}

static void take_number(const struct string *v, uint64_t min, uint64_t max, bool *has,
			uint64_t *ret)
{
	if (!*has)
		*has = parse_u64(v->s, min, max, ret) == 0;
}

/* tsize is a question: which number stands there makes no difference, that it is one does. */
static bool is_number(const struct string *v)
{
	return v->n > 0 && strspn(v->s, "0123456789") == v->n;
}

static void take_option(struct tftp_request *q, bool seen[static 4], const struct string *name,
			const struct string *value)
{
	static const char *const known[4] = { "blksize", "timeout", "tsize", "windowsize" };
	uint64_t number = 0;
	unsigned i = 0;

	while (i < ARRAY_LEN(known) && strcasecmp(known[i], name->s) != 0)
		i++;
	if (i == ARRAY_LEN(known) || seen[i])
		return;
	seen[i] = true;
	switch (i) {
	case 0:
		take_number(value, TFTP_BLOCK_MIN, TFTP_BLOCK_MAX, &q->has_blksize, &number);
		q->blksize = (uint16_t)number;
		break;
	case 1:
		take_number(value, 1, 255, &q->has_timeout, &number);
		q->timeout = (uint8_t)number;
		break;
	case 2:
		q->has_tsize = is_number(value);
		break;
	case 3:
		take_number(value, 1, 65535, &q->has_windowsize, &number);
		q->windowsize = (uint16_t)number;
		break;
	}
}

static void take_options(struct tftp_request *q, struct rd *r)
{
	bool seen[4] = { false };

	for (unsigned i = 0; i < OPTIONS_MAX && rd_left(r); i++) {
		struct string name = next_string(r), value = next_string(r);
		if (!name.s || !value.s)
			return;
		take_option(q, seen, &name, &value);
	}
}

static enum tftp_counter take_name(struct tftp_request *q, struct string name)
{
	while (name.n && (uint8_t)name.s[name.n - 1] == 0xff)
		name.n--;
	switch (boot_path((const uint8_t *)name.s, name.n, true, q->path)) {
	case 0:
		return TFTP_N_STARTED;
	case -ENOENT:
		return TFTP_N_REFUSED_ABSENT;
	case -EACCES:
		return TFTP_N_REFUSED_ACCESS;
	default:
		return TFTP_N_REFUSED_NAME;
	}
}

enum tftp_counter tftp_request_parse(const uint8_t *bytes, size_t n, struct tftp_request *ret)
{
	struct rd r = rd_over(bytes, n);
	uint16_t op = rd_u16(&r);

	*ret = (struct tftp_request){ 0 };
	if (r.bad)
		return TFTP_N_DROP_SHORT;
	if (op == TFTP_OP_WRQ)
		return TFTP_N_REFUSED_WRITE;
	if (op != TFTP_OP_RRQ)
		return op == 0 || op > TFTP_OP_OACK ? TFTP_N_DROP_OPCODE : TFTP_N_DROP_NO_REQUEST;
	struct string name = next_string(&r);
	if (!name.s || name.n > BOOT_PATH_MAX)
		return TFTP_N_REFUSED_NAME;
	struct string mode = next_string(&r);
	if (!mode.s)
		return TFTP_N_REFUSED_MODE;
	ret->netascii = strcasecmp(mode.s, "netascii") == 0;
	if (!ret->netascii && strcasecmp(mode.s, "octet") != 0)
		return TFTP_N_REFUSED_MODE;
	take_options(ret, &r);
	return take_name(ret, name);
}
