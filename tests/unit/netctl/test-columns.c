// SPDX-License-Identifier: GPL-2.0-or-later
/* The table that people and scripts read: virsh's layout to the byte. */
#include "netctl/columns.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const titles[] = { "Name", "State", "Autostart", "Persistent", NULL };

/* What columns_print() writes to standard output. */
static void printed(const struct columns *c, bool header, char *buf, size_t cap)
{
	FILE *f = tmpfile();
	int saved = dup(STDOUT_FILENO);
	size_t n;

	assert_non_null(f);
	fflush(stdout);
	dup2(fileno(f), STDOUT_FILENO);
	assert_int_equal(columns_print(c, header), 0);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(f);
	n = fread(buf, 1, cap - 1, f);
	buf[n] = '\0';
	fclose(f);
}

static const struct vector {
	const char *name, *rows[3][4];
	size_t n;
	bool header;
	const char *want;
} vectors[] = {
	{ "empty",
	  { { NULL } },
	  0,
	  true,
	  " Name   State   Autostart   Persistent\n----------------------------------------\n" },
	{ "empty and quiet", { { NULL } }, 0, false, "" },
	{ "cells wider and narrower than titles",
	  { { "default", "active", "no", "yes" }, { "a", "inactive", "yes", "no" } },
	  2,
	  true,
	  " Name      State      Autostart   Persistent\n"
	  "----------------------------------------------\n"
	  " default   active     no          yes\n"
	  " a         inactive   yes         no\n" },
	{ "quiet: titles don't count",
	  { { "default", "active", "no", "yes" } },
	  1,
	  false,
	  " default   active   no   yes\n" },
	{ "missing cell", { { "x", NULL, "no", NULL } }, 1, false, " x   -   no   -\n" },
	{ "what a terminal would obey",
	  { { "\033[2J", "a\nb", "", "" } },
	  1,
	  false,
	  " \\x1b[2J   a\\x0ab      \n" },
};

static void test_layout(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct columns *c = columns_new(titles);
		char got[1024];

		assert_non_null(c);
		for (size_t k = 0; k < v->n; k++)
			columns_add(c, v->rows[k]);
		printed(c, v->header, got, sizeof(got));
		columns_free(c);
		if (strcmp(got, v->want) != 0)
			fail_msg("%s: got\n%s\nwant\n%s", v->name, got, v->want);
	}
}

static void test_width_is_cells(void **state)
{
	const char *cells[] = { "n\xc3\xa9t", "x", "y", "z" };
	struct columns *c = columns_new(titles);
	char got[256];

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	columns_add(c, cells);
	printed(c, true, got, sizeof(got));
	columns_free(c);
	assert_non_null(strstr(got, "\n n\xc3\xa9t    x       y           z\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_width_is_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
