/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/upstreams.h"
#include "tests/unit/test.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char dir[] = "/tmp/netd-test-upstreams-XXXXXX";

static void path_in(char buf[128], const char *name)
{
	snprintf(buf, 128, "%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
	char path[128], temp[128];

	path_in(path, name);
	path_in(temp, "temp");
	FILE *f = fopen(temp, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(rename(temp, path), 0);
}

static void parses_what_glibc_would(void **state)
{
	struct ip got[3];
	char text[IP_TEXT_MAX];

	size_t n = upstreams_parse(
	    "# nameserver 9.9.9.9\nsearch example.org\n nameserver\t10.0.0.1 # first\n"
	    "nameserver fe80::1%eth0\nnameserver 2001:db8::1\nnameservers 1.2.3.4\n"
	    "nameserver host\nnameserver 10.0.0.2\nnameserver 10.0.0.3",
	    got, 3);
	assert_int_equal(n, 3);
	assert_string_equal(ip_format(&got[0], text), "10.0.0.1");
	assert_string_equal(ip_format(&got[1], text), "2001:db8::1");
	assert_string_equal(ip_format(&got[2], text), "10.0.0.2");
	assert_int_equal(upstreams_parse("", got, 3), 0);
}

static bool changed_within(struct upstreams *u, int msec)
{
	struct pollfd p = { .fd = upstreams_fd(u), .events = POLLIN };

	while (poll(&p, 1, msec) > 0)
		if (upstreams_read(u))
			return true;
	return false;
}

static void expect(const struct upstreams *u, const char *first)
{
	char text[IP_TEXT_MAX];
	size_t n;
	const struct ip *list = upstreams_list(u, &n);

	assert_int_equal(n, 1);
	assert_string_equal(ip_format(&list[0], text), first);
}

static void follows_renames_and_links(void **state)
{
	char conf[128], target[128];
	struct err e = { 0 };

	assert_non_null(mkdtemp(dir));
	path_in(conf, "resolv.conf");
	path_in(target, "target");
	put("resolv.conf", "nameserver 10.0.0.1\n");
	struct upstreams *u = upstreams_new(conf, &e);
	assert_non_null(u);
	expect(u, "10.0.0.1");

	put("resolv.conf", "nameserver 10.0.0.2\n");
	assert_true(changed_within(u, 1000));
	expect(u, "10.0.0.2");

	/* Replaced by a link, then the link's target by another file; a missing file keeps what was
	 * known. */
	put("target", "nameserver 10.0.0.3\n");
	assert_int_equal(unlink(conf), 0);
	assert_false(changed_within(u, 50));
	expect(u, "10.0.0.2");
	assert_int_equal(symlink("target", conf), 0);
	assert_true(changed_within(u, 1000));
	expect(u, "10.0.0.3");
	put("target", "nameserver 10.0.0.4\n");
	assert_true(changed_within(u, 1000));
	expect(u, "10.0.0.4");
	put("target", "# nothing\n");
	assert_false(changed_within(u, 50));
	expect(u, "10.0.0.4");
	assert_non_null(strstr(upstreams_problem(u), "names no server"));

	upstreams_free(u);
	unlink(conf);
	unlink(target);
	rmdir(dir);
}

/* As with systemd-resolved: a link to a file in a folder that comes, goes and comes again. */
static void waits_for_a_folder(void **state)
{
	char conf[128], inner[128], outer[128], aside[128];
	struct err e = { 0 };

	strcpy(strrchr(dir, '-') + 1, "XXXXXX");
	assert_non_null(mkdtemp(dir));
	path_in(conf, "resolv.conf");
	path_in(outer, "run");
	path_in(inner, "run/resolve");
	path_in(aside, "aside");
	assert_int_equal(symlink("run/resolve/stub", conf), 0);
	struct upstreams *u = upstreams_new(conf, &e);
	assert_non_null(u);
	assert_non_null(upstreams_problem(u));
	for (unsigned round = 1; round <= 3; round++) {
		char text[128], first[16];
		snprintf(first, sizeof(first), "10.0.1.%u", round);
		snprintf(text, sizeof(text), "nameserver %s\n", first);
		assert_int_equal(mkdir(outer, 0755), 0);
		assert_false(changed_within(u, 20));
		assert_int_equal(mkdir(inner, 0755), 0);
		assert_false(changed_within(u, 20));
		put("run/resolve/stub", text);
		assert_true(changed_within(u, 1000));
		expect(u, first);
		assert_null(upstreams_problem(u));
		/* The link is swapped for a moment, then all of it is taken away. */
		put("aside", "nameserver 10.0.2.1\n");
		path_in(text, "link");
		assert_int_equal(symlink("aside", text), 0);
		assert_int_equal(rename(text, conf), 0);
		assert_true(changed_within(u, 1000));
		expect(u, "10.0.2.1");
		assert_int_equal(symlink("run/resolve/stub", text), 0);
		assert_int_equal(rename(text, conf), 0);
		assert_true(changed_within(u, 1000));
		path_in(text, "run/resolve/stub");
		assert_int_equal(unlink(text), 0);
		assert_int_equal(rmdir(inner), 0);
		assert_int_equal(rmdir(outer), 0);
		assert_false(changed_within(u, 20));
		assert_non_null(upstreams_problem(u));
		expect(u, first);
	}
	upstreams_free(u);
	unlink(conf);
	unlink(aside);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_what_glibc_would),
		cmocka_unit_test(follows_renames_and_links),
		cmocka_unit_test(waits_for_a_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
