/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http-request.c — a request's head: the request line, then the few fields that matter here. */
#include "tftp/http.h"

#include "base/cursor.h"

#include <errno.h>
#include <strings.h>

#define FIELDS_MAX 64

/* Part of the head: never terminated, never past its line. */
struct span {
	const char *s;
	size_t n;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span trim(struct span v)
{
	while (v.n && is_blank(v.s[0])) {
		v.s++;
		v.n--;
	}
	while (v.n && is_blank(v.s[v.n - 1]))
		v.n--;
	return v;
}

static bool span_is(struct span v, const char *text)
{
	return v.n == strlen(text) && strncasecmp(v.s, text, v.n) == 0;
}

/* What stands before `stop`, which is taken off as well; without one all that is left. */
static struct span split(struct span *rest, char stop)
{
	const char *at = rest->n ? memchr(rest->s, stop, rest->n) : NULL;
	size_t n = at ? (size_t)(at - rest->s) : rest->n;
	struct span first = { rest->s, n };

	n = at ? n + 1 : n;
	*rest = (struct span){ rest->s + n, rest->n - n };
	return first;
}

/* ---- the target ---- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: no URI, or far too long. */
static bool decode(struct span v, uint8_t *to, size_t cap, size_t *ret_n)
{
	struct wr w = wr_over(to, cap);

	for (size_t i = 0; i < v.n && v.s[i] != '?' && v.s[i] != '#'; i++) {
		int c = (uint8_t)v.s[i];
		if (c == '%') {
			int high = i + 1 < v.n ? hex(v.s[i + 1]) : -1,
			    low = i + 2 < v.n ? hex(v.s[i + 2]) : -1;
			if (high < 0 || low < 0)
				return false;
			c = high << 4 | low;
			i += 2;
		}
		wr_u8(&w, (uint8_t)c);
	}
	*ret_n = wr_len(&w);
	return !w.bad;
}

static unsigned read_target(struct http_request *q, struct span v)
{
	static const char scheme[] = "http://";
	uint8_t name[4 * BOOT_PATH_MAX];
	size_t n = 0;

	if (v.n > sizeof(scheme) && strncasecmp(v.s, scheme, sizeof(scheme) - 1) == 0) {
		v = (struct span){ v.s + sizeof(scheme) - 1, v.n - (sizeof(scheme) - 1) };
		struct span host = split(&v, '/');
		v = (struct span){ host.s + host.n, v.n + 1 }; /* from the slash on */
		if (v.n == 1)
			return 404; /* the root folder has no page */
	}
	if (!v.n || v.s[0] != '/')
		return 400;
	if (!decode(v, name, sizeof(name), &n))
		return 400;
	switch (boot_path(name, n, false, q->path)) {
	case 0:
		return 0;
	case -EINVAL:
		return 400;
	case -EACCES:
		return n == 1 ? 404 : 403;
	default:
		return 404;
	}
}

/* ---- the request line ---- */

static unsigned read_method(struct http_request *q, struct span v)
{
	static const char *const others[] = { "POST",  "PUT",     "DELETE", "OPTIONS",
					      "TRACE", "CONNECT", "PATCH" };

	q->head = v.n == 4 && memcmp(v.s, "HEAD", 4) == 0;
	if (q->head || (v.n == 3 && memcmp(v.s, "GET", 3) == 0))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (v.n == strlen(others[i]) && memcmp(v.s, others[i], v.n) == 0)
			return 405;
	return v.n ? 501 : 400;
}

static unsigned read_version(struct http_request *q, struct span v)
{
	if (v.n != 8 || memcmp(v.s, "HTTP/", 5) != 0 || v.s[6] != '.')
		return 400;
	if (v.s[5] != '1')
		return v.s[5] >= '0' && v.s[5] <= '9' ? 505 : 400;
	q->is_http10 = v.s[7] == '0';
	q->keep = !q->is_http10;
	return v.s[7] >= '0' && v.s[7] <= '9' ? 0 : 400;
}

static unsigned read_line(struct http_request *q, struct span line)
{
	struct span method = split(&line, ' '), target = split(&line, ' ');
	unsigned status = read_version(q, line);

	if (status == 0)
		status = read_method(q, method);
	return status ? status : read_target(q, target);
}

/* ---- fields ---- */

/* "bytes=0-99", "bytes=100-", "bytes=-100"; anything else, several ranges as well, is as if not
 * there. */
static void read_range(struct http_request *q, struct span v)
{
	char text[48];
	uint64_t from = 0, to = 0;

	if (v.n >= sizeof(text))
		return;
	memcpy(text, v.s, v.n);
	text[v.n] = '\0';
	char *dash = strchr(text, '-');
	if (strncasecmp(text, "bytes=", 6) != 0 || !dash)
		return;
	const char *first = text + 6, *last = dash + 1;
	*dash = '\0';
	bool has_from = parse_u64(first, 0, UINT64_MAX, &from) == 0,
	     has_to = parse_u64(last, 0, UINT64_MAX, &to) == 0;
	if ((!has_from && *first) || (!has_to && *last) || (!has_from && !has_to) ||
	    (has_from && has_to && to < from))
		return;
	q->range = !has_from ? HTTP_RANGE_LAST : has_to ? HTTP_RANGE_FROM_TO : HTTP_RANGE_FROM;
	q->from = has_from ? from : to;
	q->to = to;
}

static void read_connection(struct http_request *q, struct span v)
{
	while (v.n) {
		struct span one = trim(split(&v, ','));
		if (span_is(one, "close"))
			q->keep = false;
		else if (span_is(one, "keep-alive") && q->is_http10)
			q->keep = true;
	}
}

static void read_date(char to[static HTTP_DATE_MAX], struct span v)
{
	if (v.n >= HTTP_DATE_MAX)
		return;
	memcpy(to, v.s, v.n);
	to[v.n] = '\0';
}

static bool is_token(struct span v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.s[i] <= ' ' || v.s[i] > '~' || strchr("\"(),/:;<=>?@[\\]{}", v.s[i]))
			return false;
	return v.n > 0;
}

static unsigned read_field(struct http_request *q, struct span line, unsigned *hosts)
{
	bool has_colon = memchr(line.s, ':', line.n) != NULL;
	struct span name = split(&line, ':'), value = trim(line);

	if (!has_colon || !is_token(name)) /* a folded line as well: RFC 9112 5.2 */
		return 400;
	if (span_is(name, "Host"))
		return ++*hosts > 1 ? 400 : 0;
	/* A body would have to be read to find the next request. */
	if (span_is(name, "Transfer-Encoding") ||
	    (span_is(name, "Content-Length") && !span_is(value, "0")))
		return 400;
	if (span_is(name, "Connection"))
		read_connection(q, value);
	else if (span_is(name, "Range"))
		read_range(q, value);
	else if (span_is(name, "If-Modified-Since"))
		read_date(q->modified_since, value);
	else if (span_is(name, "If-Range"))
		/* "?": something is asked for that can't be compared, so it is no match */
		value.n < HTTP_DATE_MAX ? read_date(q->if_range, value)
					: read_date(q->if_range, (struct span){ "?", 1 });
	return 0;
}

/* ---- the head ---- */

/* The next line without its end (CR LF; a bare LF is taken as well, RFC 9112 2.2); false: it isn't
 * whole. */
static bool next_line(struct rd *r, struct span *ret)
{
	const uint8_t *end = rd_left(r) ? memchr(r->p, '\n', rd_left(r)) : NULL;

	if (!end)
		return false;
	size_t n = (size_t)(end - r->p);
	const char *s = (const char *)rd_bytes(r, n + 1);
	*ret = (struct span){ s, n && s[n - 1] == '\r' ? n - 1 : n };
	return true;
}

static unsigned read_fields(struct http_request *q, struct rd *r)
{
	unsigned hosts = 0, status = 0, first_status = 0;
	struct span line;

	for (unsigned i = 0; next_line(r, &line) && line.n; i++) {
		status = i < FIELDS_MAX ? read_field(q, line, &hosts) : 431;
		if (!first_status)
			first_status = status;
	}
	if (!first_status && hosts == 0 && !q->is_http10)
		first_status = 400;
	return first_status;
}

/* Length of the head, its empty line included; 0: not whole. */
static size_t head_length(const uint8_t *bytes, size_t n, bool *ret_nul)
{
	struct rd r = rd_over(bytes, n);
	struct span line;
	bool first = true;

	while (next_line(&r, &line)) {
		*ret_nul |= memchr(line.s, '\0', line.n) != NULL;
		if (!line.n && !first)
			return (size_t)(r.p - bytes);
		first = false;
	}
	return 0;
}

size_t http_request_parse(const uint8_t *bytes, size_t n, struct http_request *ret)
{
	bool nul = false;
	size_t len = head_length(bytes, MIN_OF(n, HTTP_HEAD_MAX), &nul);
	struct rd r = rd_over(bytes, len);
	struct span line;

	*ret = (struct http_request){ 0 };
	if (len == 0 && n < HTTP_HEAD_MAX)
		return 0;
	if (len == 0) {
		ret->status = 431;
		return n;
	}
	bool has_line = next_line(&r, &line) && (line.n || next_line(&r, &line)); /* RFC 9112 2.2 */
	if (!has_line || nul) {
		ret->status = 400;
		return len;
	}
	ret->status = read_line(ret, line);
	unsigned status = read_fields(ret, &r);
	if (!ret->status)
		ret->status = status;
	/* 403 and 404 say nothing against the request itself. */
	if (ret->status && ((ret->status != 403 && ret->status != 404) || status))
		ret->keep = false;
	return len;
}
