/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-golden.c — the rules of a definition: tests/golden/firewall/NAME.xml must give NAME.txt;
 * names that begin with "host-" with host chains. NAME.view is how people are shown them. table.txt
 * is the table itself.
 *
 * `test-firewall-golden --write` writes the expected files anew; review the difference. */
#include "base/file.h"
#include "firewall/view.h"
#include "network/xml.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DIRECTORY "tests/golden/firewall"

static bool writing;

static void compare_text(const char *name, size_t n, const char *ending, struct text *t)
{
	struct err e = { 0 };
	char path[512];
	size_t len;

	snprintf(path, sizeof(path), DIRECTORY "/%.*s.%s", (int)n, name, ending);
	text_add(t, "");
	auto_free char *got = text_take(t), *wanted = NULL;
	assert_non_null(got);
	if (writing) {
		FILE *f = fopen(path, "w");
		assert_non_null(f);
		fputs(got, f);
		fclose(f);
		return;
	}
	if (file_read(path, 1 << 20, &wanted, &len, &e) < 0)
		fail_msg("%s", e.msg);
	if (strcmp(got, wanted) != 0)
		fail_msg("%s differs; these are the rules:\n%s", path, got);
}

static void compare_with(const char *name, size_t n, const struct fw_rows *rows)
{
	struct text t = { 0 };

	fw_rows_text(rows, &t);
	compare_text(name, n, "txt", &t);
}

static const char *or_any(const char *s)
{
	return *s ? s : "*";
}

static void compare_view(const char *name, size_t n, const struct fw_rows *rows, const char *bridge)
{
	struct text t = { 0 };
	struct fw_view_row v;

	for (size_t i = 0; i < rows->n_chains; i++)
		for (size_t k = 0; k < rows->chains[i].n_rules; k++) {
			assert_true(fw_view(&rows->chains[i], k, bridge, &v));
			text_addf(
			    &t, "%s %s %s %s %s in %s out %s from %s to %s%s%s\n", v.table, v.chain,
			    v.family == AF_INET    ? "ipv4"
			    : v.family == AF_INET6 ? "ipv6"
						   : "any",
			    v.target, v.protocol, or_any(v.in), or_any(v.out), or_any(v.source),
			    or_any(v.destination), *v.options ? " " : "", v.options);
		}
	compare_text(name, n, "view", &t);
}

static void check_document(const char *name, size_t n)
{
	struct fw_options o = { .host_chains = strncmp(name, "host-", 5) == 0 };
	struct fw_rows rows = { 0 };
	struct network *network = NULL;
	struct err e = { 0 };
	auto_free char *xml = NULL;
	char path[512];
	size_t len;

	snprintf(path, sizeof(path), DIRECTORY "/%.*s.xml", (int)n, name);
	if (file_read(path, NETWORK_XML_MAX, &xml, &len, &e) < 0 ||
	    network_parse(xml, len, NETWORK_PARSE_STORED, &network, NULL, &e) < 0 ||
	    fw_want_network(network, &o, &rows, &e) < 0)
		fail_msg("%s: %s", path, e.msg);
	compare_with(name, n, &rows);
	compare_view(name, n, &rows, network->bridge);
	fw_rows_done(&rows);
	network_free(network);
}

static void test_documents(void **state)
{
	DIR *d = opendir(DIRECTORY);
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *entry; (entry = readdir(d));) {
		const char *end = strstr(entry->d_name, ".xml");
		if (!end || end[4])
			continue;
		check_document(entry->d_name, (size_t)(end - entry->d_name));
		n++;
	}
	closedir(d);
	assert_true(n >= 20);
}

static void test_table(void **state)
{
	struct fw_rows rows = { 0 };

	assert_int_equal(
	    fw_want_base(&(struct fw_options){ .host_chains = true, .owner = true }, &rows), 0);
	compare_with("table", 5, &rows);
	fw_rows_done(&rows);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_table),
	};

	writing = argc > 1 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
