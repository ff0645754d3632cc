/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "base/util.h"
#include "tests/unit/test.h"

#include <errno.h>

static void builds(void **state)
{
	struct text t = { 0 };

	for (unsigned i = 0; i < 300; i++)
		text_addf(&t, "%u,", i % 10);
	assert_int_equal(t.len, 600);
	text_done(&t);
	text_add(&t, "<a b='");
	text_add_xml(&t, "x<y & 'z' \"");
	text_add(&t, "'/>");
	char *s = text_take(&t);
	assert_string_equal(s, "<a b='x&lt;y &amp; &apos;z&apos; &quot;'/>");
	free(s);
	s = text_take(&t); /* empty is a string, too */
	assert_string_equal(s, "");
	free(s);
}

static void escapes_what_a_terminal_would_obey(void **state)
{
	struct text t = { 0 };

	text_add_escaped(&t, "a\x1b[31m\\\n\xff", 9, 100);
	char *s = text_take(&t);
	assert_string_equal(s, "a\\x1b[31m\\x5c\\x0a\\xff");
	free(s);
	text_add_escaped(&t, "abcdef", 6, 3);
	s = text_take(&t);
	assert_string_equal(s, "abc…");
	free(s);
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t want;
	} rows[] = {
		{ "0", 0, 0 },          { "42", 0, 42 },
		{ "100", 0, 100 },      { "101", -ERANGE, 0 },
		{ "", -EINVAL, 0 },     { "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },   { " 1", -EINVAL, 0 },
		{ "1x", -EINVAL, 0 },   { "99999999999999999999", -ERANGE, 0 },
		{ "0x10", -EINVAL, 0 }, { "18446744073709551616", -ERANGE, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t v = 0;
		assert_int_equal(parse_u64(rows[i].text, 0, 100, &v), rows[i].r);
		assert_true(v == rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds),
		cmocka_unit_test(escapes_what_a_terminal_would_obey),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
