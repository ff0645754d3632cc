// SPDX-License-Identifier: GPL-2.0-or-later
/* columns.c — the table that people read. Widths are counted in terminal cells, not in bytes. */
#include "netctl/columns.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

struct cell {
	char *text;
	size_t width;
};
struct columns {
	size_t n_column, n_cell, cap;
	struct cell *cell; /* row by row, the header first */
	bool failed;
};

/* Copy, escape what isn't printable, and count the terminal's cells. */
static char *printable(const char *s, size_t *ret_width)
{
	struct text out = { 0 };
	mbstate_t state = { 0 };
	wchar_t wc;

	*ret_width = 0;
	for (size_t left = strlen(s), n; left; s += n, left -= n) {
		n = mbrtowc(&wc, s, left, &state);
		if (n == 0 || n > left || wcwidth(wc) < 0) {
			text_addf(&out, "\\x%02x", (unsigned)(unsigned char)*s);
			*ret_width += 4;
			memset(&state, 0, sizeof(state));
			n = 1;
		} else {
			text_add_n(&out, s, n);
			*ret_width += (size_t)wcwidth(wc);
		}
	}
	return text_take(&out);
}

void columns_add(struct columns *c, const char *const cells[])
{
	for (size_t i = 0; i < c->n_column && !c->failed; i++) {
		struct cell cell = { 0 };

		cell.text = printable(cells[i] ? cells[i] : "-", &cell.width);
		if (!cell.text || GROW(c->cell, c->cap, c->n_cell + 1) < 0) {
			free(cell.text);
			c->failed = true;
			return;
		}
		c->cell[c->n_cell++] = cell;
	}
}

struct columns *columns_new(const char *const titles[])
{
	struct columns *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	while (titles[c->n_column])
		c->n_column++;
	columns_add(c, titles);
	return c;
}

void columns_free(struct columns *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_cell; i++)
		free(c->cell[i].text);
	free(c->cell);
	free(c);
}

static size_t column_width(const struct columns *c, size_t column, bool header)
{
	size_t width = 0;

	for (size_t i = column + (header ? 0 : c->n_column); i < c->n_cell; i += c->n_column)
		width = MAX_OF(width, c->cell[i].width);
	return width;
}

static void print_row(const struct columns *c, size_t row, bool header)
{
	for (size_t i = 0; i < c->n_column; i++) {
		const struct cell *cell = &c->cell[row * c->n_column + i];
		size_t fill =
		    i + 1 < c->n_column ? column_width(c, i, header) - cell->width + 2 : 0;

		printf(" %s%*s", cell->text, (int)fill, "");
	}
	putchar('\n');
}

int columns_print(const struct columns *c, bool header)
{
	if (c->failed)
		return -1;
	if (header) {
		size_t dashes = 0;

		print_row(c, 0, header);
		for (size_t i = 0; i < c->n_column; i++)
			dashes += column_width(c, i, header) + 3;
		while (dashes--)
			putchar('-');
		putchar('\n');
	}
	for (size_t row = 1; row < c->n_cell / c->n_column; row++)
		print_row(c, row, header);
	return 0;
}
