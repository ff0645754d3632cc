/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.h — how parser and validator speak to the person who wrote the document.
 *
 * Four voices, each with the line in front. What libvirt refuses is refused. What can never work is
 * refused too, but only warned of in a document that is on disk already. What libvirt passes over
 * in silence, while its schema refuses it, is refused with --validate and else warned of. What is
 * merely doubtful is a warning. `line` 0 means unknown and is left out. */
#ifndef NETWORK_REPORT_H
#define NETWORK_REPORT_H

#include "network/xml.h"

#include <stdarg.h>

#define NETWORK_WARNINGS_MAX 100 /* then one line that says that there are more */

struct report {
	unsigned flags;                    /* enum network_parse_flags */
	struct network_warnings *warnings; /* may be NULL */
	struct err *e;                     /* may be NULL */
	enum err_from from;                /* of the errors that are set */
	bool partial; /* an element that only has to tell which one is meant: nothing is required */
};

/* Always an error: returns -EINVAL or what the class stands for. */
int report_refuse(struct report *r, enum err_class class, unsigned line, const char *fmt, ...)
    printflike(4, 5);

/* An error at define; a warning and 0 for a stored document. */
int report_unwise(struct report *r, enum err_class class, unsigned line, const char *fmt, ...)
    printflike(4, 5) mustcheck;

/* An error of the schema with NETWORK_PARSE_VALIDATE; otherwise a warning and 0. */
int report_loose(struct report *r, unsigned line, const char *fmt, ...) printflike(3, 4) mustcheck;

/* The error that was just set, if `err` is one, comes from that part of libvirt. Returns `err`. */
int report_from(struct report *r, enum err_from from, int err);

/* A warning. */
void report_doubt(struct report *r, unsigned line, const char *fmt, ...) printflike(3, 4);

int report_no_memory(struct report *r);

/* Make a message fit for terminals, logs and the wire: control characters become blanks, and what
 * is not whole UTF-8 (a value cut in the middle) becomes '?'. */
void report_clean(char *text);

#endif
