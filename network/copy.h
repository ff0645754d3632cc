/* SPDX-License-Identifier: GPL-2.0-or-later */
/* copy.h — the static hosts of a definition, apart from the rest of it. There may be tens of
 * thousands, and printing and parsing them takes a hundred times as long as copying; the rest is
 * small and of many parts, so that its text is the surest copy. */
#ifndef NETWORK_COPY_H
#define NETWORK_COPY_H

#include "network/report.h"

/* `to` has the same <ip> elements as `from`, and no hosts. False when out of memory (some are
 * copied then). */
bool copy_hosts(struct network *to, const struct network *from) mustcheck;
/* `to` gets those of `from`, which has none afterwards. */
void move_hosts(struct network *to, struct network *from);

/* As the definition would come out if its text were parsed with `flags`. The hosts of `n` move into
 * the result; after an error they are where they were. */
int settle_moving(struct network *n, unsigned flags, struct network **ret,
		  struct network_warnings *warnings, struct err *e) mustcheck;
/* The same judgement, without a result. */
int settle_looking(const struct network *n, unsigned flags, struct network_warnings *warnings,
		   struct err *e) mustcheck;

/* network_parse() in its two halves (xml-parse.c): text to struct, and whether it is a valid
 * definition. */
int network_read(struct report *r, const char *xml, size_t n, struct network **ret) mustcheck;
int network_judge(struct report *r, const struct network *n) mustcheck;

#endif
