/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h — a growing, always terminated string for XML, tables and plans.
 *
 * Running out of memory sets `failed` and sticks; text_take() then returns NULL. Check once, at the
 * end. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/util.h"

#include <string.h>

struct text {
	char *s; /* NULL while empty */
	size_t len, cap;
	bool failed;
};

void text_add_n(struct text *t, const char *s, size_t n);
static inline void text_add(struct text *t, const char *s)
{
	size_t n = strlen(s); /* of most of them the compiler knows it */

	if (n < t->cap - t->len && !t->failed) {
		memcpy(t->s + t->len, s, n + 1);
		t->len += n;
	} else {
		text_add_n(t, s, n);
	}
}
void text_addf(struct text *t, const char *fmt, ...) printflike(2, 3);
/* Append with & < > ' " as entities, for XML attribute values in single quotes and for content. */
void text_add_xml(struct text *t, const char *s);
/* Append what a log line or terminal may show of untrusted bytes: printable ASCII as it is, all
 * else as \xNN, at most `max` bytes of input, then "…". */
void text_add_escaped(struct text *t, const void *bytes, size_t n, size_t max);
/* The string, now owned by the caller (free); NULL after a failure. Never NULL otherwise. */
char *text_take(struct text *t) mustcheck;
void text_done(struct text *t);

#endif
