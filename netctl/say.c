// SPDX-License-Identifier: GPL-2.0-or-later
/* say.c — remarks, errors and JSON. */
#include "netctl/verb.h"

#include <stdarg.h>
#include <stdio.h>

/* Raised when a field changes its meaning or goes; new fields don't raise it. */
#define JSON_SCHEMA_VERSION 1

void say(const struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	if (ctl->quiet || ctl->json)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

int fail(const struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("error: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 1;
}

int say_json(const struct ctl *ctl, json_t *object)
{
	json_t *out = json_pack("{s:i}", "version", JSON_SCHEMA_VERSION);
	int r = object && out ? json_object_update(out, object) : -1;

	if (r == 0)
		r = json_dumpf(out, stdout, JSON_INDENT(2));
	json_decref(object);
	json_decref(out);
	if (r < 0)
		return fail(ctl, "cannot write JSON: out of memory, or standard output is closed");
	putchar('\n');
	return 0;
}
