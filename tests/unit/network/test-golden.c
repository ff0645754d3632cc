/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-golden.c — the printed form to the byte: tests/golden/network/NAME.in.xml is parsed and must
 * print as NAME.out.xml; that, parsed again, must print the same. A NAME.live.xml is the running
 * form with two ports.
 *
 * `test-network-golden --write` writes the expected files anew; review the difference. */
#include "base/file.h"
#include "network/xml.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DIRECTORY "tests/golden/network"
#define PORTS     2

static bool writing;

static char *path_of(const char *name, size_t n, const char *suffix, char buf[static 512])
{
	snprintf(buf, 512, DIRECTORY "/%.*s%s", (int)n, name, suffix);
	return buf;
}

static char *read_whole(const char *path)
{
	struct err e = { 0 };
	char *text;
	size_t len;

	if (file_read(path, NETWORK_XML_MAX, &text, &len, &e) < 0)
		fail_msg("%s", e.msg);
	return text;
}

static struct network *parse(const char *path, const char *xml)
{
	struct network *n = NULL;
	struct err e = { 0 };

	if (network_parse(xml, strlen(xml), 0, &n, NULL, &e) < 0)
		fail_msg("%s: %s", path, e.msg);
	return n;
}

static void compare_with(const char *path, const char *text)
{
	if (writing) {
		FILE *f = fopen(path, "w");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
		return;
	}
	auto_free char *wanted = read_whole(path);
	if (strcmp(text, wanted) != 0)
		fail_msg("%s differs; this is printed:\n%s", path, text);
}

/* Printing what was printed changes nothing, and a copy is the same. */
static void check_stable(const char *path, const struct network *n, const char *text)
{
	struct network *again = parse(path, text), *copy = network_copy(n);
	auto_free char *second = network_format(again, 0, 0);

	assert_non_null(copy);
	assert_string_equal(second, text);
	assert_true(network_equal(n, again));
	assert_true(network_equal(n, copy));
	network_free(again);
	network_free(copy);
}

static void check_document(const char *name, size_t len)
{
	char path[512];
	auto_free char *xml = read_whole(path_of(name, len, ".in.xml", path));
	struct network *n = parse(path, xml);
	auto_free char *text = network_format(n, 0, 0),
		       *live = network_format(n, NETWORK_FORMAT_LIVE, PORTS);

	compare_with(path_of(name, len, ".out.xml", path), text);
	check_stable(path, n, text);
	if (access(path_of(name, len, ".live.xml", path), F_OK) == 0)
		compare_with(path, live);
	network_free(n);
}

static void test_golden(void **state)
{
	DIR *d = opendir(DIRECTORY);
	unsigned documents = 0;

	assert_non_null(d);
	for (struct dirent *entry; (entry = readdir(d));) {
		const char *suffix = strstr(entry->d_name, ".in.xml");
		if (!suffix)
			continue;
		check_document(entry->d_name, (size_t)(suffix - entry->d_name));
		documents++;
	}
	closedir(d);
	assert_true(documents > 20);
}

/* What we show to newcomers is accepted, or refused with the words that they shall read. */
static void test_examples(void **state)
{
	static const struct {
		const char *path, *message; /* NULL: accepted without a warning */
	} examples[] = {
		{ "examples/default.xml", NULL },
		{ "examples/isolated.xml", NULL },
		{ "examples/private1.xml", NULL },
		{ "examples/pxe.xml", NULL },
		{ "examples/private1-mistake.xml", "probably <ip address='172.16.10.1'> is meant" },
	};

	for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
		auto_free char *xml = read_whole(examples[i].path);
		struct network_warnings w = { 0 };
		struct network *n = NULL;
		struct err e = { 0 };
		int err = network_parse(xml, strlen(xml), NETWORK_PARSE_VALIDATE, &n, &w, &e);
		if ((err == 0) != !examples[i].message || w.n ||
		    (examples[i].message && !strstr(e.msg, examples[i].message)))
			fail_msg("%s: %s", examples[i].path, e.msg);
		network_free(n);
		network_warnings_done(&w);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_examples),
	};

	writing = argc > 1 && !strcmp(argv[1], "--write");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
