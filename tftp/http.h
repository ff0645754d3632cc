/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http.h — a static file server's half of HTTP/1.1 (RFC 9110, RFC 9112) without its sockets and
 * files: read the head of a request, decide on the answer, write the answer's head.
 *
 * GET and HEAD, one byte range, If-Modified-Since, connections that stay open. Every answer has a
 * Content-Length, as UEFI's HTTP boot demands. There are no directory listings. A request that is
 * wrong is answered and the connection closed: where the next one begins can't be known. */
#ifndef TFTP_HTTP_H
#define TFTP_HTTP_H

#include "base/util.h"
#include "tftp/path.h"

#define HTTP_HEAD_MAX   8192 /* octets of a request's head */
#define HTTP_ANSWER_MAX 640  /* octets of an answer's head, with a short text for people */
#define HTTP_DATE_MAX   30   /* "Sun, 06 Nov 1994 08:49:37 GMT" */

enum http_range { HTTP_RANGE_NONE, HTTP_RANGE_FROM, HTTP_RANGE_FROM_TO, HTTP_RANGE_LAST };

struct http_request {
	unsigned status; /* 0, or the answer that it deserves whatever the file */
	bool head;       /* HEAD, not GET */
	bool keep;       /* the connection may stay open */
	bool is_http10;
	char path[BOOT_PATH_MAX + 1];
	enum http_range range;
	uint64_t from,
	    to; /* FROM: from; FROM_TO: both, from <= to; LAST: `from` octets at the end */
	char modified_since[HTTP_DATE_MAX],
	    if_range[HTTP_DATE_MAX]; /* "": not given, or no date of ours */
};

/* Length of the request's head at the front of `bytes`, *ret filled; 0: it isn't whole yet. More
 * than HTTP_HEAD_MAX octets are never asked for. */
size_t http_request_parse(const uint8_t *bytes, size_t n, struct http_request *ret) mustcheck;

struct http_file {
	uint64_t size;
	int64_t modified; /* s since 1970 */
};

struct http_answer {
	unsigned status;
	bool close;              /* the connection, once all is sent */
	uint64_t offset, length; /* what of the file follows the head; length 0: nothing */
	size_t n;
	char head[HTTP_ANSWER_MAX]; /* n octets, not terminated */
};

/* `opened`: 0 with *file filled, or the -errno for which q->path couldn't be opened. `now` in s
 * since 1970. */
void http_answer(const struct http_request *q, int opened, const struct http_file *file,
		 int64_t now, struct http_answer *ret);

/* RFC 9110 5.6.7; years 1970 .. 9999, what is outside is taken for the nearer end. */
void http_date(int64_t sec, char to[static HTTP_DATE_MAX]);

#endif
