/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Length of the well-formed, printable UTF-8 sequence at `s`, 0 if there is none. */
static size_t printable(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < 0x20 || s[0] == 0x7f || (s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4)
		return 0;
	if (s[0] == 0xc2 && s[1] < 0xa0) /* C1: terminals obey these */
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

void report_clean(char *text)
{
	for (unsigned char *s = (unsigned char *)text; *s;) {
		size_t n = printable(s);
		if (!n)
			*s = *s < 0x20 ? ' ' : '?';
		s += n ? n : 1;
	}
}

printflike(4, 0) static void compose(char *buf, size_t cap, unsigned line, const char *fmt,
				     va_list ap)
{
	int n = line ? snprintf(buf, cap, "line %u: ", line) : 0;

	vsnprintf(buf + n, cap - (size_t)n, fmt, ap);
	report_clean(buf);
}

static int set(struct report *r, enum err_class class, const char *msg)
{
	int err = err_set(r->e, class, "%s", msg);

	if (r->e)
		r->e->from = r->from;
	return err;
}

int report_refuse(struct report *r, enum err_class class, unsigned line, const char *fmt, ...)
{
	char msg[sizeof(r->e->msg)];
	va_list ap;

	va_start(ap, fmt);
	compose(msg, sizeof(msg), line, fmt, ap);
	va_end(ap);
	return set(r, class, msg);
}

static void warn(struct report *r, const char *line)
{
	struct network_warnings *w = r->warnings;

	if (!w || w->n > NETWORK_WARNINGS_MAX)
		return;
	if (w->n == NETWORK_WARNINGS_MAX)
		line = "there are more warnings; these are the first ones";
	/* Out of memory here only loses a warning. */
	if (GROW(w->line, w->cap, w->n + 1) < 0)
		return;
	w->line[w->n] = strdup(line);
	if (w->line[w->n])
		w->n++;
}

/* An error of `class`, or a warning. */
static int refuse_or_warn(struct report *r, bool refuse, enum err_class class, const char *msg)
{
	if (refuse)
		return set(r, class, msg);
	warn(r, msg);
	return 0;
}

int report_unwise(struct report *r, enum err_class class, unsigned line, const char *fmt, ...)
{
	char msg[sizeof(r->e->msg)];
	va_list ap;

	va_start(ap, fmt);
	compose(msg, sizeof(msg), line, fmt, ap);
	va_end(ap);
	return refuse_or_warn(r, !(r->flags & NETWORK_PARSE_STORED), class, msg);
}

int report_loose(struct report *r, unsigned line, const char *fmt, ...)
{
	char msg[sizeof(r->e->msg)];
	va_list ap;

	va_start(ap, fmt);
	compose(msg, sizeof(msg), line, fmt, ap);
	va_end(ap);
	return refuse_or_warn(r, r->flags & NETWORK_PARSE_VALIDATE, ERR_XML_INVALID_SCHEMA, msg);
}

int report_from(struct report *r, enum err_from from, int err)
{
	if (err < 0 && r->e)
		r->e->from = from;
	return err;
}

void report_doubt(struct report *r, unsigned line, const char *fmt, ...)
{
	char msg[sizeof(r->e->msg)];
	va_list ap;

	va_start(ap, fmt);
	compose(msg, sizeof(msg), line, fmt, ap);
	va_end(ap);
	warn(r, msg);
}

int report_no_memory(struct report *r)
{
	return err_set(r->e, ERR_NO_MEMORY, "no memory for the definition of the network");
}

void network_warnings_done(struct network_warnings *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->line[i]);
	free(w->line);
	*w = (struct network_warnings){ 0 };
}
