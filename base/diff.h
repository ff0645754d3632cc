/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diff.h — the keyed difference that reconcile is made of: what is wanted, what is there, and the
 * steps from one to the other. Pure.
 *
 * Both sides are arrays of rows sorted by key (diff_compare order), each key once. A row that is
 * there but not ours is never deleted; where it stands in the way of a wanted one the step is a
 * conflict. */
#ifndef BASE_DIFF_H
#define BASE_DIFF_H

#include "base/util.h"

#define DIFF_KEY_MAX 160

struct diff_row {
	char key[DIFF_KEY_MAX]; /* such as "addr/virbr0/10.7.0.1/16" */
	uint64_t hash;          /* over everything of the object that a change could alter */
	unsigned rank;          /* adds run in rising rank, deletes in falling rank */
	bool ours;              /* of a row that is there: it bears our mark */
	const void *object;     /* the caller's; handed back in the step */
};

enum diff_op { DIFF_ADD, DIFF_CHANGE, DIFF_DELETE, DIFF_CONFLICT };

struct diff_step {
	enum diff_op op;
	const struct diff_row *want; /* NULL for DIFF_DELETE */
	const struct diff_row *have; /* NULL for DIFF_ADD */
};

void diff_sort(struct diff_row *rows, size_t n);

/* Write the steps (at most n_want + n_have) to `out` in the order in which they must run: deletes
 * in falling rank, then changes and adds in rising rank; conflicts come first. Returns their
 * number. */
size_t diff_plan(const struct diff_row *want, size_t n_want, const struct diff_row *have,
		 size_t n_have, struct diff_step *out);

/* FNV-1a, chained: start with DIFF_HASH_START. For equality of our own rows, not for foreign keys.
 */
#define DIFF_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t diff_hash(uint64_t h, const void *bytes, size_t n);

#endif
