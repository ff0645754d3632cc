/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char dir[] = "/tmp/netd-test-file-XXXXXX";
static char path[64], path_new[72];

static int set_up(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/x", dir);
	snprintf(path_new, sizeof(path_new), "%s.new", path);
	return 0;
}

static int tear_down(void **state)
{
	(void)unlink(path);
	return rmdir(dir);
}

static void writes_whole_or_not_at_all(void **state)
{
	struct err e = { 0 };
	char *text = NULL;
	size_t n;
	struct stat st;

	assert_int_equal(file_write_atomic(path, 0600, "one", 3, &e), 0);
	assert_int_equal(file_write_atomic(path, 0640, "two!", 4, &e), 0);
	assert_int_equal(file_read(path, 100, &text, &n, &e), 0);
	assert_string_equal(text, "two!");
	free(text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* A name that can't be written leaves the old content. */
	assert_int_equal(mkdir(path_new, 0700), 0);
	assert_int_equal(file_write_atomic(path, 0600, "three", 5, &e), -EEXIST);
	assert_int_equal(file_read(path, 100, &text, &n, &e), 0);
	assert_string_equal(text, "two!");
	free(text);
	assert_int_equal(rmdir(path_new), 0);
}

static void refuses_what_is_too_large_or_no_file(void **state)
{
	struct err e = { 0 };
	char *text = NULL;

	assert_int_equal(file_write_replace(path, 0600, "12345", 5, &e), 0);
	assert_int_equal(file_read(path, 4, &text, NULL, &e), -EFBIG);
	assert_int_equal(file_read(dir, 100, &text, NULL, &e), -EINVAL);
	assert_int_equal(file_read("/nonexistent/x", 100, &text, NULL, &e), -ENOENT);
	assert_null(text);
	assert_int_equal(file_remove(path, &e), 0);
	assert_int_equal(file_remove(path, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_whole_or_not_at_all),
		cmocka_unit_test(refuses_what_is_too_large_or_no_file),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
