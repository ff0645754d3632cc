/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/process/paths.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

static const struct {
	const char *root, *etc, *door;
} vectors[] = {
	{ NULL, "/etc/netd", "/run/libvirt/virtnetworkd-sock" },
	{ "", "/etc/netd", "/run/libvirt/virtnetworkd-sock" },
	{ "/", "/etc/netd", "/run/libvirt/virtnetworkd-sock" },
	{ "/srv/lab1", "/srv/lab1/etc/netd", "/srv/lab1/run/libvirt/virtnetworkd-sock" },
	{ "/srv/lab1///", "/srv/lab1/etc/netd", "/srv/lab1/run/libvirt/virtnetworkd-sock" },
};

static void roots(void **state)
{
	struct paths p;

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		assert_int_equal(paths_init(&p, vectors[i].root, NULL), 0);
		assert_string_equal(p.etc, vectors[i].etc);
		assert_string_equal(p.door_rw, vectors[i].door);
	}
}

static void longest_root(void **state)
{
	char root[PATHS_ROOT_MAX + 2];
	struct paths p;
	struct err e;

	memset(root, 'r', sizeof(root));
	root[0] = '/';
	root[PATHS_ROOT_MAX + 1] = '\0';
	assert_int_equal(paths_init(&p, root, &e), -EINVAL);
	root[PATHS_ROOT_MAX] = '\0';
	assert_int_equal(paths_init(&p, root, &e), 0);
	assert_in_range(strlen(p.door_ro), PATHS_ROOT_MAX,
			sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	assert_string_equal(strrchr(p.door_ro, '/'), "/virtnetworkd-sock-ro");
	assert_string_equal(strrchr(p.autostart, '/'), "/autostart");
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void folders(void **state)
{
	char root[] = "/tmp/netd-paths-XXXXXX", command[64];
	struct paths p;
	struct err e = { 0 };

	assert_non_null(mkdtemp(root));
	assert_int_equal(paths_init(&p, root, &e), 0);
	assert_int_equal(paths_make(&p, &e), 0);
	assert_int_equal(paths_make(&p, &e), 0); /* again */
	assert_int_equal(mode_of(p.networks), 0700);
	assert_int_equal(mode_of(p.lib), 0700);
	assert_int_equal(mode_of(p.run), 0755);
	assert_int_equal(mode_of(p.empty), 0555);

	assert_int_equal(chmod(p.lib, 0750), 0); /* an administrator's choice */
	assert_int_equal(paths_make(&p, &e), 0);
	assert_int_equal(mode_of(p.lib), 0750);
	assert_int_equal(chmod(p.lib, 0777), 0); /* a danger */
	assert_int_equal(paths_make(&p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, p.lib));

	snprintf(command, sizeof(command), "rm -rf %s", root);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots),
		cmocka_unit_test(longest_root),
		cmocka_unit_test(folders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
