// SPDX-License-Identifier: GPL-2.0-or-later
/* diff.c — longest common subsequence of lines, by table: definitions are short. What begins and
 * ends equal is left out of the table, so that one change in a long definition costs one line's
 * work. */
#include "netctl/diff.h"

#include <string.h>

#define CONTEXT   3
#define TABLE_MAX (16u * 1024 * 1024) /* cells of 2 octets */

struct line {
	const char *s;
	size_t n;
};
struct lines {
	struct line *line;
	size_t n, cap;
};

/* One line of the result: of which text, and where it stands in both. */
struct row {
	char mark; /* ' ', '-' or '+' */
	struct line line;
	size_t old_at, new_at;
};
struct rows {
	struct row *row;
	size_t n, cap;
};

static int split(const char *text, struct lines *ret)
{
	while (*text) {
		const char *end = strchrnul(text, '\n');

		if (GROW(ret->line, ret->cap, ret->n + 1) < 0)
			return -1;
		ret->line[ret->n++] = (struct line){ text, (size_t)(end - text) };
		text = *end ? end + 1 : end;
	}
	return 0;
}

static bool same(struct line a, struct line b)
{
	return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

static int add(struct rows *rows, char mark, struct line line, size_t old_at, size_t new_at)
{
	if (GROW(rows->row, rows->cap, rows->n + 1) < 0)
		return -1;
	rows->row[rows->n++] = (struct row){ mark, line, old_at, new_at };
	return 0;
}

/* What is left to compare: old[a..a_end) with new[b..b_end). */
struct span {
	size_t a, a_end, b, b_end;
};

/* length[i][j]: of the longest common subsequence from (i, j) to the end. NULL: too large. */
static uint16_t *fill_table(const struct lines *old, const struct lines *new, struct span s)
{
	size_t rows = s.a_end - s.a, columns = s.b_end - s.b, width = columns + 1;
	uint16_t *t;

	if (rows >= UINT16_MAX || columns >= UINT16_MAX || (rows + 1) * width > TABLE_MAX)
		return NULL;
	t = calloc((rows + 1) * width, sizeof(*t));
	for (size_t i = rows; t && i-- > 0;)
		for (size_t j = columns; j-- > 0;)
			t[i * width + j] =
			    same(old->line[s.a + i], new->line[s.b + j])
				? (uint16_t)(t[(i + 1) * width + j + 1] + 1)
				: MAX_OF(t[(i + 1) * width + j], t[i * width + j + 1]);
	return t;
}

/* Without a table: all of the old, then all of the new. */
static int compare_span(struct rows *rows, const struct lines *old, const struct lines *new,
			struct span s)
{
	size_t width = s.b_end - s.b + 1, a = s.a, b = s.b;
	auto_free uint16_t *t = fill_table(old, new, s);
	int r = 0;

	while (r == 0 && (a < s.a_end || b < s.b_end)) {
		bool both = a < s.a_end && b < s.b_end;
		const uint16_t *at = t ? t + (a - s.a) * width + (b - s.b) : NULL;

		if (t && both && same(old->line[a], new->line[b])) {
			r = add(rows, ' ', old->line[a], a, b);
			a++;
			b++;
		} else if (a < s.a_end && (!both || !t || at[width] >= at[1])) {
			r = add(rows, '-', old->line[a], a, b);
			a++;
		} else {
			r = add(rows, '+', new->line[b], a, b);
			b++;
		}
	}
	return r;
}

static int compare(struct rows *rows, const struct lines *old, const struct lines *new)
{
	struct span s = { 0, old->n, 0, new->n };
	int r = 0;

	for (; r == 0 && s.a < s.a_end && s.b < s.b_end && same(old->line[s.a], new->line[s.b]);
	     s.a++, s.b++)
		r = add(rows, ' ', old->line[s.a], s.a, s.b);
	while (s.a_end > s.a && s.b_end > s.b &&
	       same(old->line[s.a_end - 1], new->line[s.b_end - 1])) {
		s.a_end--;
		s.b_end--;
	}
	if (r == 0)
		r = compare_span(rows, old, new, s);
	for (size_t i = 0; r == 0 && s.a_end + i < old->n; i++)
		r = add(rows, ' ', old->line[s.a_end + i], s.a_end + i, s.b_end + i);
	return r;
}

/* "12,3": where a side of a hunk begins and how long it is. An empty side stands behind the line
 * before it. */
static void add_range(struct text *out, char mark, size_t at, size_t n)
{
	text_addf(out, "%c%zu", mark, n ? at + 1 : at);
	if (n != 1)
		text_addf(out, ",%zu", n);
}

static void add_hunk(struct text *out, const struct row *row, size_t n)
{
	size_t n_old = 0, n_new = 0;

	for (size_t i = 0; i < n; i++) {
		n_old += row[i].mark != '+';
		n_new += row[i].mark != '-';
	}
	text_add(out, "@@ ");
	add_range(out, '-', row[0].old_at, n_old);
	text_add(out, " ");
	add_range(out, '+', row[0].new_at, n_new);
	text_add(out, " @@\n");
	for (size_t i = 0; i < n; i++) {
		text_add_n(out, &row[i].mark, 1);
		text_add_n(out, row[i].line.s, row[i].line.n);
		text_add(out, "\n");
	}
}

/* Changes that at most twice the context lies between share a hunk. */
static void add_hunks(struct text *out, const struct rows *rows)
{
	size_t i = 0;

	while (i < rows->n) {
		size_t first = i, last, gap = 0;

		while (first < rows->n && rows->row[first].mark == ' ')
			first++;
		if (first == rows->n)
			return;
		last = first;
		for (size_t k = first; k < rows->n && gap <= 2 * CONTEXT; k++) {
			gap = rows->row[k].mark == ' ' ? gap + 1 : 0;
			last = gap ? last : k;
		}
		first = first - i > CONTEXT ? first - CONTEXT : i;
		i = MIN_OF(last + 1 + CONTEXT, rows->n);
		add_hunk(out, rows->row + first, i - first);
	}
}

void diff_unified(struct text *out, const char *old_name, const char *old, const char *new_name,
		  const char *new)
{
	struct lines a = { 0 }, b = { 0 };
	struct rows rows = { 0 };

	if (strcmp(old, new) != 0) {
		text_addf(out, "--- %s\n+++ %s\n", old_name, new_name);
		if (split(old, &a) == 0 && split(new, &b) == 0 && compare(&rows, &a, &b) == 0)
			add_hunks(out, &rows);
		else
			out->failed = true;
	}
	free(a.line);
	free(b.line);
	free(rows.row);
}
