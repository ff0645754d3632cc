/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of every kind: octets in, status, range and fields out. */
#include "base/util.h"
#include "tftp/http.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DATE              "Sun, 06 Nov 1994 08:49:37 GMT"
#define EPOCH             784111777
#define H                 "Host: gw\r\n"
#define END               "\r\n"
#define G(target, fields) "GET " target " HTTP/1.1\r\n" fields END
#define F(fields)         G("/f", H fields)

static const struct http_file file = { .size = 1000, .modified = EPOCH };

static const struct vector {
	const char *request;
	unsigned status;
	uint64_t offset, length;
	bool close;
	const char *contains; /* in the answer's head; NULL: nothing special */
} vectors[] = {
	{ F(""), 200, 0, 1000, false, "Content-Length: 1000\r\n" },
	{ F(""), 200, 0, 1000, false, "Last-Modified: " DATE "\r\nAccept-Ranges: bytes\r\n" },
	{ "GET /f HTTP/1.1\nHost: gw\n\n", 200, 0, 1000, false, NULL },
	{ "\r\nGET /f HTTP/1.1\r\n" H END, 200, 0, 1000, false, NULL },
	{ "HEAD /f HTTP/1.1\r\n" H END, 200, 0, 0, false, "Content-Length: 1000\r\n" },
	{ "HEAD /f HTTP/1.1\r\n" H "Range: bytes=0-9\r\n" END, 200, 0, 0, false,
	  "Content-Length: 1000\r\n" },
	{ "GET /f HTTP/1.0\r\n" END, 200, 0, 1000, true, "Connection: close\r\n" },
	{ "GET /f HTTP/1.0\r\nConnection: Keep-Alive\r\n" END, 200, 0, 1000, false,
	  "Connection: keep-alive\r\n" },
	{ F("Connection: close\r\n"), 200, 0, 1000, true, "Connection: close\r\n" },
	{ F("Connection: x, CLOSE ,y\r\n"), 200, 0, 1000, true, NULL },
	{ F("Content-Length: 0\r\n"), 200, 0, 1000, false, NULL },
	/* targets */
	{ G("/f?arch=x64#frag", H), 200, 0, 1000, false, NULL },
	{ G("/%66", H), 200, 0, 1000, false, NULL },
	{ G("//./f", H), 200, 0, 1000, false, NULL },
	{ G("http://gw/f", H), 200, 0, 1000, false, NULL },
	{ G("HTTP://gw:80/f", H), 200, 0, 1000, false, NULL },
	{ G("http://gw", H), 404, 0, 0, false, NULL },
	{ G("http:///f", H), 200, 0, 1000, false, NULL },
	{ G("/", H), 404, 0, 0, false, NULL },
	{ G("/absent", H), 404, 0, 0, false, "Content-Length: 14\r\n" },
	{ G("/secret", H), 403, 0, 0, false, NULL },
	{ G("/outside", H), 403, 0, 0, false, NULL },
	{ G("/loop", H), 404, 0, 0, false, NULL },
	{ G("/broken", H), 500, 0, 0, false, NULL },
	{ G("/../f", H), 403, 0, 0, false, NULL },
	{ G("/a/../../f", H), 403, 0, 0, false, NULL },
	{ G("/%2e%2e/f", H), 403, 0, 0, false, NULL },
	{ G("/..%2ff", H), 403, 0, 0, false, NULL },
	{ G("/..\\f", H), 404, 0, 0, false, NULL },
	{ G("/f%00.efi", H), 400, 0, 0, true, NULL },
	{ G("/%6", H), 400, 0, 0, true, NULL },
	{ G("/%zz", H), 400, 0, 0, true, NULL },
	{ G("f", H), 400, 0, 0, true, NULL },
	{ G("*", H), 400, 0, 0, true, NULL },
	{ G("", H), 400, 0, 0, true, NULL },
	{ G("https://gw/f", H), 400, 0, 0, true, NULL },
	/* request lines */
	{ "POST /f HTTP/1.1\r\n" H END, 405, 0, 0, true, "Allow: GET, HEAD\r\n" },
	{ "PUT /f HTTP/1.1\r\n" H END, 405, 0, 0, true, NULL },
	{ "CONNECT gw:80 HTTP/1.1\r\n" H END, 405, 0, 0, true, NULL },
	{ "BREW /f HTTP/1.1\r\n" H END, 501, 0, 0, true, NULL },
	{ "get /f HTTP/1.1\r\n" H END, 501, 0, 0, true, NULL },
	{ " /f HTTP/1.1\r\n" H END, 400, 0, 0, true, NULL },
	{ "GET /f HTTP/2.0\r\n" H END, 505, 0, 0, true, NULL },
	{ "GET /f HTTP/1.1 \r\n" H END, 400, 0, 0, true, NULL },
	{ "GET  /f HTTP/1.1\r\n" H END, 400, 0, 0, true, NULL },
	{ "GET /f HTTX/1.1\r\n" H END, 400, 0, 0, true, NULL },
	{ "GET /f\r\n" H END, 400, 0, 0, true, NULL },
	{ "GET\r\n\r\n", 400, 0, 0, true, NULL },
	{ "\r\n\r\n", 400, 0, 0, true, NULL },
	{ "\x16\x03\x01\n\n", 400, 0, 0, true, NULL },
	/* fields */
	{ G("/f", ""), 400, 0, 0, true, NULL },
	{ G("/f", H H), 400, 0, 0, true, NULL },
	{ F("no colon\r\n"), 400, 0, 0, true, NULL },
	{ F("Range : bytes=0-9\r\n"), 400, 0, 0, true, NULL },
	{ F("X: a\r\n folded\r\n"), 400, 0, 0, true, NULL },
	{ F(": v\r\n"), 400, 0, 0, true, NULL },
	{ F("Content-Length: 5\r\n"), 400, 0, 0, true, NULL },
	{ F("Transfer-Encoding: chunked\r\n"), 400, 0, 0, true, NULL },
	{ F("X:\r\n"), 200, 0, 1000, false, NULL },
	/* ranges */
	{ F("Range: bytes=0-99\r\n"), 206, 0, 100, false, "Content-Range: bytes 0-99/1000\r\n" },
	{ F("range:bytes=900-\r\n"), 206, 900, 100, false,
	  "Content-Range: bytes 900-999/1000\r\n" },
	{ F("Range: bytes=-100\r\n"), 206, 900, 100, false, "Content-Length: 100\r\n" },
	{ F("Range: bytes=-5000\r\n"), 206, 0, 1000, false, "Content-Range: bytes 0-999/1000\r\n" },
	{ F("Range: bytes=990-5000\r\n"), 206, 990, 10, false, NULL },
	{ F("Range: bytes=0-18446744073709551615\r\n"), 206, 0, 1000, false, NULL },
	{ F("Range: bytes=999-999\r\n"), 206, 999, 1, false, NULL },
	{ F("Range: bytes=1000-\r\n"), 416, 0, 0, false, "Content-Range: bytes */1000\r\n" },
	{ F("Range: bytes=18446744073709551615-18446744073709551615\r\n"), 416, 0, 0, false, NULL },
	{ F("Range: bytes=-0\r\n"), 416, 0, 0, false, NULL },
	{ F("Range: bytes=5-4\r\n"), 200, 0, 1000, false, NULL },
	{ F("Range: bytes=0-1,5-9\r\n"), 200, 0, 1000, false, NULL },
	{ F("Range: bytes=-\r\n"), 200, 0, 1000, false, NULL },
	{ F("Range: bytes=1--2\r\n"), 200, 0, 1000, false, NULL },
	{ F("Range: bytes=+1-2\r\n"), 200, 0, 1000, false, NULL },
	{ F("Range: bytes=99999999999999999999999-\r\n"), 200, 0, 1000, false, NULL },
	{ F("Range: lines=1-2\r\n"), 200, 0, 1000, false, NULL },
	{ F("Range: -\r\n"), 200, 0, 1000, false, NULL },
	{ F("Range: bytes=0-9\r\nIf-Range: " DATE "\r\n"), 206, 0, 10, false, NULL },
	{ F("Range: bytes=0-9\r\nIf-Range: Mon, 07 Nov 1994 08:49:37 GMT\r\n"), 200, 0, 1000, false,
	  NULL },
	{ F("Range: bytes=0-9\r\nIf-Range: \"abcdefghijklmnopqrstuvwxyzabcdefghijkl\"\r\n"), 200, 0,
	  1000, false, NULL },
	/* dates */
	{ F("If-Modified-Since: " DATE "\r\n"), 304, 0, 0, false, "Content-Length: 1000\r\n" },
	{ F("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n"), 200, 0, 1000, false, NULL },
	{ F("If-Modified-Since: yesterday\r\n"), 200, 0, 1000, false, NULL },
	/* types */
	{ G("/boot.efi", H), 200, 0, 1000, false, "Content-Type: application/efi\r\n" },
	{ G("/CD.ISO", H), 200, 0, 1000, false, "Content-Type: application/vnd.efi-iso\r\n" },
};

static int open_error(const char *path)
{
	static const struct {
		const char *path;
		int error;
	} errors[] = { { "absent", -ENOENT }, { "..\\f", -ENOENT },  { "secret", -EACCES },
		       { "loop", -ELOOP },    { "outside", -EXDEV }, { "broken", -EIO } };

	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (strcmp(errors[i].path, path) == 0)
			return errors[i].error;
	return 0;
}

/* In a block of exactly its size, so that the sanitizer sees a step too far. */
static size_t parse(const char *bytes, size_t n, struct http_request *q)
{
	uint8_t *exact = malloc(n ? n : 1);

	memcpy(exact, bytes, n);
	size_t len = http_request_parse(exact, n, q);
	free(exact);
	return len;
}

static void table(void **state)
{
	struct http_request q;
	struct http_answer a;

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		size_t n = strlen(v->request);
		if (parse(v->request, n, &q) != n)
			fail_msg("not read as a whole: %s", v->request);
		http_answer(&q, q.status ? -ENOENT : open_error(q.path), &file, EPOCH, &a);
		assert_true(a.n < sizeof(a.head));
		a.head[a.n] = '\0';
		if (a.status != v->status || a.offset != v->offset || a.length != v->length ||
		    a.close != v->close || (v->contains && !strstr(a.head, v->contains)))
			fail_msg("%s\n%u, %llu octets from %llu%s\n%s", v->request, a.status,
				 (unsigned long long)a.length, (unsigned long long)a.offset,
				 a.close ? ", close" : "", a.head);
		assert_non_null(strstr(a.head, "\r\nContent-Length: "));
		assert_non_null(strstr(a.head, "\r\nDate: " DATE "\r\n"));
	}
}

/* However it is cut, a head is whole at its last octet and not before; what follows isn't touched.
 */
static void pieces(void **state)
{
	static const char two[] = F("Range: bytes=0-9\r\n") G("/second", H);
	struct http_request q;
	size_t first = strlen(F("Range: bytes=0-9\r\n"));

	for (size_t n = 0; n < first; n++)
		assert_int_equal(parse(two, n, &q), 0);
	for (size_t n = first; n < sizeof(two); n++)
		assert_int_equal(parse(two, n, &q), first);
	assert_string_equal(q.path, "f");
	assert_int_equal(parse(two + first, strlen(two + first), &q), strlen(two + first));
	assert_string_equal(q.path, "second");
}

static void too_long(void **state)
{
	static char bytes[HTTP_HEAD_MAX];
	struct http_request q;

	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "GET /", 5);
	assert_int_equal(parse(bytes, sizeof(bytes) - 1, &q), 0);
	assert_int_equal(parse(bytes, sizeof(bytes), &q), sizeof(bytes));
	assert_int_equal(q.status, 431);
	assert_false(q.keep);
	/* many fields */
	size_t n = (size_t)snprintf(bytes, sizeof(bytes), "GET /f HTTP/1.1\r\n" H);
	for (int i = 0; i < 100; i++)
		n += (size_t)snprintf(bytes + n, sizeof(bytes) - n, "X: y\r\n");
	n += (size_t)snprintf(bytes + n, sizeof(bytes) - n, END);
	assert_int_equal(parse(bytes, n, &q), n);
	assert_int_equal(q.status, 431);
	/* a path that a file can't have */
	n = (size_t)snprintf(bytes, sizeof(bytes), "GET /%0300d HTTP/1.1\r\n" H END, 0);
	assert_int_equal(parse(bytes, n, &q), n);
	assert_int_equal(q.status, 404);
	n = (size_t)snprintf(bytes, sizeof(bytes), "GET /%03000d HTTP/1.1\r\n" H END, 0);
	assert_int_equal(parse(bytes, n, &q), n);
	assert_int_equal(q.status, 400);
	/* NUL */
	memcpy(bytes, "GET /f\0 HTTP/1.1\r\n\r\n", 21);
	assert_int_equal(parse(bytes, 20, &q), 20);
	assert_int_equal(q.status, 400);
}

static void dates(void **state)
{
	static const struct {
		int64_t sec;
		const char *text;
	} rows[] = {
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ EPOCH, DATE },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ 951868799, "Tue, 29 Feb 2000 23:59:59 GMT" },
		{ 951868800, "Wed, 01 Mar 2000 00:00:00 GMT" },
		{ 1735689599, "Tue, 31 Dec 2024 23:59:59 GMT" },
		{ 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT" },
		{ 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ -1, "Thu, 01 Jan 1970 00:00:00 GMT" },
	};
	char text[HTTP_DATE_MAX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		http_date(rows[i].sec, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void empty_file(void **state)
{
	static const struct http_file empty = { 0, 0 };
	struct http_request q;
	struct http_answer a;

	assert_true(parse(F(""), strlen(F("")), &q) > 0);
	http_answer(&q, 0, &empty, 0, &a);
	assert_int_equal(a.status, 200);
	assert_int_equal(a.length, 0);
	assert_true(parse(F("Range: bytes=0-\r\n"), strlen(F("Range: bytes=0-\r\n")), &q) > 0);
	http_answer(&q, 0, &empty, 0, &a);
	assert_int_equal(a.status, 416);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table), cmocka_unit_test(pieces),     cmocka_unit_test(too_long),
		cmocka_unit_test(dates), cmocka_unit_test(empty_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
