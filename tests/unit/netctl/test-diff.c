// SPDX-License-Identifier: GPL-2.0-or-later
/* Differences of texts: what changed, what stands around it, and where. */
#include "netctl/diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEN "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"

static const struct {
	const char *name, *old, *new, *want; /* want: without the two lines of names */
} vectors[] = {
	{ "equal", TEN, TEN, NULL },
	{ "both empty", "", "", NULL },
	{ "from nothing", "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n" },
	{ "to nothing", "a\n", "", "@@ -1 +0,0 @@\n-a\n" },
	{ "in the middle", TEN, "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n",
	  "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n" },
	{ "at the start", TEN, "0\n" TEN, "@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n" },
	{ "at the end", TEN, TEN "11\n", "@@ -8,3 +8,4 @@\n 8\n 9\n 10\n+11\n" },
	{ "near ones share a hunk", TEN, "one\n2\n3\n4\n5\n6\n7\neight\n9\n10\n",
	  "@@ -1,10 +1,10 @@\n-1\n+one\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+eight\n 9\n 10\n" },
	{ "far ones don't", TEN, "one\n2\n3\n4\n5\n6\n7\n8\nnine\n10\n",
	  "@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n@@ -6,5 +6,5 @@\n 6\n 7\n 8\n-9\n+nine\n 10\n" },
	{ "moved", "a\nb\nc\n", "b\nc\na\n", "@@ -1,3 +1,3 @@\n-a\n b\n c\n+a\n" },
	{ "the same line several times", "x\nx\n", "x\nx\nx\n", "@@ -1,2 +1,3 @@\n x\n x\n+x\n" },
	{ "no newline at the end", "a\nb", "a\nc", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n" },
};

static void test_vectors(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct text out = { 0 };
		const char *got;

		diff_unified(&out, "old", vectors[i].old, "new", vectors[i].new);
		assert_false(out.failed);
		got = out.s;
		if (got && strncmp(got, "--- old\n+++ new\n", 16) == 0)
			got += 16;
		if (!got != !vectors[i].want || (got && strcmp(got, vectors[i].want) != 0))
			fail_msg("%s: got\n%s", vectors[i].name, got ? got : "(nothing)");
		text_done(&out);
	}
}

/* Too much for a table: told as replaced, but told. */
static void test_large(void **state)
{
	struct text old = { 0 }, new = { 0 }, out = { 0 };
	size_t lines = 0;

	for (unsigned i = 0; i < 20000; i++) {
		text_addf(&old, "a%u\n", i);
		text_addf(&new, "b%u\n", i);
	}
	diff_unified(&out, "old", old.s, "new", new.s);
	assert_false(out.failed);
	for (const char *s = out.s; *s; s++)
		lines += *s == '\n';
	assert_int_equal(lines, 3 + 40000);
	text_done(&old);
	text_done(&new);
	text_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
