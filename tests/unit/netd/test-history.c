/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which definitions are kept on disk, and for how long. */
#include "netd/controller/history.h"

#include "base/file.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct paths paths;

static int setup(void **state)
{
	char *folder = strdup("/tmp/netd-test-history-XXXXXX");

	*state = folder;
	if (!mkdtemp(folder) || paths_init(&paths, folder, NULL) < 0)
		return -1;
	return file_make_dirs(paths.lib, 0700, NULL);
}

static int teardown(void **state)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -r %s", (char *)*state);
	free(*state);
	return system(command);
}

/* The text of an entry, "" when it isn't there. Static buffer. */
static const char *entry(const char *sub, const char *name, unsigned number)
{
	static char text[64];
	auto_free char *got = NULL;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/%s.d/%u.xml", paths.lib, sub, name, number);
	text[0] = '\0';
	if (file_read(path, sizeof(text) - 1, &got, NULL, NULL) == 0)
		copy_text(text, sizeof(text), got);
	return text;
}

static void numbered(void **state)
{
	static const char *const added[] = { "a", "b", "b", "a" };

	for (size_t i = 0; i < ARRAY_LEN(added); i++)
		history_add(&paths, "n", added[i]);
	assert_string_equal(entry("history", "n", 1), "a");
	assert_string_equal(entry("history", "n", 2), "b");
	assert_string_equal(entry("history", "n", 3), "a");
	assert_string_equal(entry("history", "n", 4), "");
}

static void bounded(void **state)
{
	char text[16];

	for (unsigned i = 1; i <= HISTORY_MAX + 5; i++) {
		snprintf(text, sizeof(text), "%u", i);
		history_add(&paths, "bounded", text);
	}
	assert_string_equal(entry("history", "bounded", 5), "");
	assert_string_equal(entry("history", "bounded", 6), "6");
	assert_string_equal(entry("history", "bounded", HISTORY_MAX + 5), text);
}

static void undefined_and_back(void **state)
{
	history_add(&paths, "back", "a");
	history_retire(&paths, "back");
	assert_string_equal(entry("history", "back", 1), "");
	assert_string_equal(entry("undefined", "back", 1), "a");
	history_add(&paths, "back", "b");
	assert_string_equal(entry("history", "back", 1), "a");
	assert_string_equal(entry("history", "back", 2), "b");
	history_retire(&paths, "back");
	history_retire(&paths, "never defined");
}

static void undefined_are_bounded(void **state)
{
	char name[16];

	for (unsigned i = 0; i < HISTORY_UNDEFINED_MAX + 3; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		history_add(&paths, name, "x");
		history_retire(&paths, name);
		usleep(1000); /* so that their times differ */
	}
	assert_string_equal(entry("undefined", "u2", 1), "");
	assert_string_equal(entry("undefined", "u3", 1), "x");
	assert_string_equal(entry("undefined", name, 1), "x");
}

/* Names are libvirt's: nearly anything but a slash. */
static void odd_names(void **state)
{
	static const char *const names[] = { ".", "..", "a b", "-", "x.d", "ü" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		history_add(&paths, names[i], "x");
		assert_string_equal(entry("history", names[i], 1), "x");
	}
	history_add(&paths, "../up", "x");
	assert_string_equal(entry("history", "../up", 1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbered),           cmocka_unit_test(bounded),
		cmocka_unit_test(undefined_and_back), cmocka_unit_test(undefined_are_bounded),
		cmocka_unit_test(odd_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
