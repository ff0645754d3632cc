/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/process/paths.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The root as an absolute path without slashes at its end. */
static int set_root(struct paths *p, const char *root, struct err *e)
{
	char here[PATH_MAX] = "", whole[2 * PATH_MAX];

	if (!root || !*root)
		root = "/";
	if (*root != '/' && !getcwd(here, sizeof(here)))
		return err_sys(e, errno, "cannot tell the current folder");
	int n = snprintf(whole, sizeof(whole), "%s%s%s", here, *here ? "/" : "", root);
	while (n > 0 && whole[n - 1] == '/')
		whole[--n] = '\0';
	if (n < 0 || n > PATHS_ROOT_MAX || !copy_text(p->root, sizeof(p->root), whole))
		return err_set(
		    e, ERR_INVALID_ARG,
		    "the root folder '%s' is longer than %d characters: sockets below it could "
		    "not be named",
		    root, PATHS_ROOT_MAX);
	return 0;
}

int paths_init(struct paths *p, const char *root, struct err *e)
{
	const struct {
		char *to;
		const char *below;
	} all[] = {
		{ p->etc, "/etc/netd" },
		{ p->conf, "/etc/netd/netd.conf" },
		{ p->rules, "/etc/netd/rules" },
		{ p->networks, "/etc/netd/networks" },
		{ p->autostart, "/etc/netd/autostart" },
		{ p->lib, "/var/lib/netd" },
		{ p->leases, "/var/lib/netd/leases.db" },
		{ p->log, "/var/log/netd.log" },
		{ p->run, "/run/netd" },
		{ p->lock, "/run/netd/lock" },
		{ p->empty, "/run/netd/empty" },
		{ p->run_libvirt, "/run/libvirt" },
		{ p->door_rw, "/run/libvirt/virtnetworkd-sock" },
		{ p->door_ro, "/run/libvirt/virtnetworkd-sock-ro" },
	};
	int r = set_root(p, root, e);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(all); i++)
		snprintf(all[i].to, PATHS_MAX, "%s%s", p->root, all[i].below);
	return r;
}

/* A folder into which others may write, or that another user owns, could be exchanged under our
 * hands. */
static int check_folder(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_sys(e, errno, "cannot look at %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_sys(e, ENOTDIR, "cannot use %s", path);
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return err_set(
		    e, ERR_OPERATION_FAILED,
		    "the folder %s is owned by user %u with mode %04o; it must belong to user %u "
		    "and be writable by nobody else",
		    path, st.st_uid, st.st_mode & 07777U, geteuid());
	return 0;
}

/* An existing folder keeps the mode that an administrator gave it; the way to it is open. */
static int make_folder(const char *path, mode_t mode, struct err *e)
{
	char parent[PATHS_MAX];

	copy_text(parent, sizeof(parent), path);
	*strrchr(parent, '/') = '\0';
	int r = file_make_dirs(parent, 0755, e);
	return r < 0 ? r : file_make_dirs(path, mode, e);
}

int paths_make(const struct paths *p, struct err *e)
{
	const struct {
		const char *path;
		mode_t mode;
		bool ours; /* checked: nobody else puts files there */
	} all[] = {
		{ p->etc, 0755, true },          { p->networks, 0700, true },
		{ p->autostart, 0700, true },    { p->lib, 0700, true },
		{ p->run, 0755, true },          { p->empty, 0555, true },
		{ p->run_libvirt, 0755, false },
	};
	mode_t old = umask(022);
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(all); i++) {
		r = make_folder(all[i].path, all[i].mode, e);
		if (r == 0 && all[i].ours)
			r = check_folder(all[i].path, e);
	}
	umask(old);
	return r;
}
