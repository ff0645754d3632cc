/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests behind one another. Whatever comes: a path stays below the root, a range inside the
 * file, an answer inside its buffer. */
#include "base/cursor.h"
#include "tftp/http.h"

#include <errno.h>

#define SIZE 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct http_request *q)
{
	static const struct http_file file = { SIZE, 784111777 };
	struct http_answer a;

	if (!q->status && (q->path[0] == '/' || q->path[0] == '\0' || strstr(q->path, "/../")))
		abort();
	http_answer(q, q->path[0] == 'x' ? -ENOENT : 0, &file, 784111777, &a);
	if (a.status < 200 || a.n >= sizeof(a.head) || a.offset > SIZE ||
	    a.length > SIZE - a.offset)
		abort();
	if (a.length && (q->status || q->head))
		abort();
	if (!memmem(a.head, a.n, "\r\nContent-Length: ", 18) || !memmem(a.head, a.n, "\r\n\r\n", 4))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct rd r = rd_over(exact, size);
	struct http_request q;
	size_t n;

	memcpy(exact, data, size);
	while (rd_left(&r) && (n = http_request_parse(r.p, rd_left(&r), &q)) > 0) {
		check(&q);
		rd_skip(&r, n);
	}
	if (r.bad)
		abort();
	free(exact);
	return 0;
}
