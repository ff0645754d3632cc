/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/diff.h"

#include <string.h>

static int by_key(const void *a, const void *b)
{
	const struct diff_row *x = a, *y = b;

	return strcmp(x->key, y->key);
}

void diff_sort(struct diff_row *rows, size_t n)
{
	if (n)
		qsort(rows, n, sizeof(*rows), by_key);
}

/* Conflicts first, so that nothing is touched before somebody has looked at them; then deletes from
 * the leaves up, then adds and changes from the roots down. */
static int running_order(const struct diff_step *s)
{
	switch (s->op) {
	case DIFF_CONFLICT:
		return 0;
	case DIFF_DELETE:
		return 1;
	case DIFF_CHANGE:
	case DIFF_ADD:
		break;
	}
	return 2;
}

static int by_running_order(const void *a, const void *b)
{
	const struct diff_step *x = a, *y = b;
	int c = running_order(x) - running_order(y);

	if (c)
		return c;
	const struct diff_row *p = x->want ? x->want : x->have, *q = y->want ? y->want : y->have;
	if (p->rank != q->rank)
		return (p->rank < q->rank ? -1 : 1) * (x->op == DIFF_DELETE ? -1 : 1);
	return strcmp(p->key, q->key);
}

size_t diff_plan(const struct diff_row *want, size_t n_want, const struct diff_row *have,
		 size_t n_have, struct diff_step *out)
{
	size_t i = 0, j = 0, n = 0;

	while (i < n_want || j < n_have) {
		int c = i == n_want ? 1 : j == n_have ? -1 : strcmp(want[i].key, have[j].key);
		if (c < 0) {
			out[n++] = (struct diff_step){ DIFF_ADD, &want[i++], NULL };
		} else if (c > 0) {
			if (have[j].ours)
				out[n++] = (struct diff_step){ DIFF_DELETE, NULL, &have[j] };
			j++;
		} else {
			enum diff_op op = have[j].ours ? DIFF_CHANGE : DIFF_CONFLICT;
			if (!have[j].ours || want[i].hash != have[j].hash)
				out[n++] = (struct diff_step){ op, &want[i], &have[j] };
			i++, j++;
		}
	}
	if (n)
		qsort(out, n, sizeof(*out), by_running_order);
	return n;
}

uint64_t diff_hash(uint64_t h, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	while (n--)
		h = (h ^ *p++) * UINT64_C(0x100000001b3);
	return h;
}
