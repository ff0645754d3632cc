// SPDX-License-Identifier: GPL-2.0-or-later
/* A verb's words: places, options in every spelling, what is refused. */
#include "netctl/verb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct opt opts[] = {
	{ "network", OPT_WORD, "" }, { "mac", OPT_TEXT, "" },     { "count", OPT_NUMBER, "" },
	{ "all", OPT_FLAG, "" },     { "command", OPT_REST, "" }, { NULL },
};
static const struct verb verb = { "test-verb", "", "", opts, NULL };

#define WORDS_MAX 8
static const struct vector {
	const char *name, *words[WORDS_MAX];
	int want;
	const char *network, *mac, *rest; /* rest: its first word */
	bool all;
} vectors[] = {
	{ "place", { "lab" }, 0, "lab" },
	{ "named", { "--network", "lab" }, 0, "lab" },
	{ "named with =", { "--network=lab" }, 0, "lab" },
	{ "flag behind", { "lab", "--all" }, 0, "lab", NULL, NULL, true },
	{ "flag in front", { "--all", "lab" }, 0, "lab", NULL, NULL, true },
	{ "text option", { "lab", "--mac", "52:54:00:00:00:01" }, 0, "lab", "52:54:00:00:00:01" },
	{ "= in the value", { "lab", "--mac=a=b" }, 0, "lab", "a=b" },
	{ "words behind --", { "lab", "--", "ls", "--all" }, 0, "lab", NULL, "ls" },
	{ "words behind the last place", { "lab", "ls", "--all" }, 0, "lab", NULL, "ls" },
	{ "common option", { "lab", "--json" }, 0, "lab" },
	{ "missing place", { NULL }, -1 },
	{ "empty place", { "" }, -1 },
	{ "unknown option", { "lab", "--nosuch" }, -1 },
	{ "prefix of an option", { "lab", "--al" }, -1 },
	{ "flag with a value", { "lab", "--all=1" }, -1 },
	{ "option without its value", { "lab", "--mac" }, -1 },
	{ "common option without its value", { "lab", "--root" }, -1 },
	{ "option twice", { "lab", "--mac", "a", "--mac", "b" }, -1 },
};

static void same(const char *name, const char *got, const char *want)
{
	if (!want != !got || (want && strcmp(got, want) != 0))
		fail_msg("%s: got '%s', want '%s'", name, got ? got : "(none)",
			 want ? want : "(none)");
}

static void test_words(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct ctl ctl = { .root = "", .quiet = true };
		char *argv[WORDS_MAX + 1] = { NULL };
		struct args a;
		int argc = 0;

		for (; argc < WORDS_MAX && v->words[argc]; argc++)
			argv[argc] = (char *)v->words[argc];
		if (args_parse(&ctl, &verb, argc, argv, &a) != v->want)
			fail_msg("%s: wrong result", v->name);
		if (v->want < 0)
			continue;
		same(v->name, args_text(&a, "network"), v->network);
		same(v->name, args_text(&a, "mac"), v->mac);
		same(v->name, a.rest ? a.rest[0] : NULL, v->rest);
		assert_int_equal(args_has(&a, "all"), v->all);
	}
}

static void test_common(void **state)
{
	struct ctl ctl = { .root = "" };
	const char *argv[] = { "lab", "--root", "/tmp/x", "-q", "--json", "--connect=/s", NULL };
	struct args a;

	assert_int_equal(args_parse(&ctl, &verb, 6, (char *const *)argv, &a), 0);
	assert_string_equal(ctl.root, "/tmp/x");
	assert_string_equal(ctl.socket, "/s");
	assert_true(ctl.quiet && ctl.json);
}

static void test_number(void **state)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = { { "1", 0 },  { "9", 0 }, { "0", -1 }, { "10", -1 },
		     { "x", -1 }, { "", -1 }, { "-1", -1 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct args a = { .opts = opts, .value = { "lab", NULL, rows[i].text } };
		uint32_t n = 5;

		assert_int_equal(args_number(&a, "count", 1, 9, &n), rows[i].want);
		assert_int_equal(n, rows[i].want ? 5 : (uint32_t)(rows[i].text[0] - '0'));
	}
}

static void test_joined_words(void **state)
{
	static const struct opt desc_opts[] = { { "network", OPT_WORD, "" },
						{ "title", OPT_FLAG, "" },
						{ "text", OPT_WORDS, "" },
						{ NULL } };
	static const struct verb desc = { "test-desc", "", "", desc_opts, NULL };
	static const struct {
		const char *words[6], *want;
		size_t n;
	} rows[] = {
		{ { "lab" }, NULL, 0 },
		{ { "lab", "one" }, "one", 1 },
		{ { "lab", "one", "--title", "two" }, "one two", 2 },
		{ { "lab", "--text", "one", "--text=two" }, "one two", 2 },
		{ { "lab", "one", "", "two" }, "one  two", 3 },
		{ { "lab", "--", "--title" }, "--title", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ctl ctl = { .root = "", .quiet = true };
		char *argv[7] = { NULL };
		struct args a;
		int argc = 0;

		for (; rows[i].words[argc]; argc++)
			argv[argc] = (char *)(uintptr_t)rows[i].words[argc];
		assert_int_equal(args_parse(&ctl, &desc, argc, argv, &a), 0);
		assert_int_equal(a.n_words, rows[i].n);
		same(rows[i].words[1] ? rows[i].words[1] : "none", a.words.s, rows[i].want);
		args_done(&a);
	}
}

static void test_integer(void **state)
{
	static const struct opt number_opts[] = { { "n", OPT_NUMBER, "" }, { NULL } };
	static const struct {
		const char *text;
		int r;
		int32_t want;
	} rows[] = { { "0", 0, 0 },
		     { "-1", 0, -1 },
		     { "2147483647", 0, 2147483647 },
		     { "--1", -1, 7 },
		     { "", -1, 7 },
		     { "1x", -1, 7 },
		     { "-2147483648", -1, 7 },
		     { "4294967296", -1, 7 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct args a = { .opts = number_opts, .value = { rows[i].text } };
		int32_t got = 7;

		assert_int_equal(args_integer(&a, "n", &got), rows[i].r);
		assert_int_equal(got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),   cmocka_unit_test(test_common),
		cmocka_unit_test(test_number),  cmocka_unit_test(test_joined_words),
		cmocka_unit_test(test_integer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
