/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool reserve(struct text *t, size_t more)
{
	if (t->failed || more > SIZE_MAX - t->len - 1 || GROW(t->s, t->cap, t->len + more + 1) < 0)
		t->failed = true;
	return !t->failed;
}

void text_add_n(struct text *t, const char *s, size_t n)
{
	if (!reserve(t, n))
		return;
	if (n)
		memcpy(t->s + t->len, s, n);
	t->len += n;
	t->s[t->len] = '\0';
}

void text_addf(struct text *t, const char *fmt, ...)
{
	va_list ap;

	if (!reserve(t, 0))
		return;
	size_t room = t->cap - t->len;
	va_start(ap, fmt);
	int n = vsnprintf(t->s + t->len, room, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < room) {
		t->len += (size_t)n;
		return;
	}
	if (n < 0 || !reserve(t, (size_t)n)) {
		t->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(t->s + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

void text_add_xml(struct text *t, const char *s)
{
	for (;; s++) {
		size_t plain = strcspn(s, "&<>'\"");
		text_add_n(t, s, plain);
		s += plain;
		switch (*s) {
		case '\0':
			return;
		case '&':
			text_add(t, "&amp;");
			break;
		case '<':
			text_add(t, "&lt;");
			break;
		case '>':
			text_add(t, "&gt;");
			break;
		case '\'':
			text_add(t, "&apos;");
			break;
		case '"':
			text_add(t, "&quot;");
			break;
		}
	}
}

void text_add_escaped(struct text *t, const void *bytes, size_t n, size_t max)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n && i < max; i++) {
		if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\')
			text_add_n(t, (const char *)p + i, 1);
		else
			text_addf(t, "\\x%02x", p[i]);
	}
	if (n > max)
		text_add(t, "…");
}

char *text_take(struct text *t)
{
	text_add_n(t, "", 0);
	char *s = t->failed ? NULL : take_ptr(t->s);

	text_done(t);
	return s;
}

void text_done(struct text *t)
{
	free(t->s);
	*t = (struct text){ 0 };
}
