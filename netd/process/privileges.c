/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/process/privileges.h"

#include "base/file.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* In the order in which they are kept: by the keeper itself, by the controller, by a worker until
 * it has dropped all. */
static const unsigned keeper_caps[] = { CAP_KILL };
static const unsigned controller_caps[] = { CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE };
static const unsigned start_caps[] = { CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_SYS_CHROOT };

static void add_caps(capng_type_t where, const unsigned *caps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		capng_update(CAPNG_ADD, where, caps[i]);
}
#define ADD_CAPS(where, caps) add_caps(where, caps, ARRAY_LEN(caps))

static int apply_caps(capng_select_t what, struct err *e)
{
	int r = capng_apply(what);

	if (r < 0)
		return err_sys(e, errno ? errno : EPERM, "cannot give up capabilities (step %d)",
			       -r);
	return 0;
}

void privileges_die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void privileges_many_fds(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
}

int privileges_keeper(struct err *e)
{
	if (geteuid() != 0)
		return err_set(e, ERR_OPERATION_DENIED, "netd must be started by root");
	capng_clear(CAPNG_SELECT_BOTH);
	ADD_CAPS(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET, keeper_caps);
	ADD_CAPS(CAPNG_BOUNDING_SET, controller_caps);
	ADD_CAPS(CAPNG_BOUNDING_SET, start_caps);
	return apply_caps(CAPNG_SELECT_BOTH, e);
}

gid_t privileges_door_group(void)
{
	struct group *g;
	gid_t found = (gid_t)-1;
	FILE *f = fopen("/etc/group", "re");

	while (f && found == (gid_t)-1 && (g = fgetgrent(f)))
		if (strcmp(g->gr_name, PRIVILEGES_DOOR_GROUP) == 0)
			found = g->gr_gid;
	if (f)
		fclose(f);
	return found;
}

int privileges_controller(struct err *e)
{
	gid_t group = privileges_door_group();

	if (setgroups(group == (gid_t)-1 ? 0 : 1, &group) < 0)
		return err_sys(e, errno, "cannot leave root's groups");
	capng_clear(CAPNG_SELECT_BOTH);
	ADD_CAPS(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET, controller_caps);
	int r = apply_caps(CAPNG_SELECT_BOTH, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(controller_caps); i++)
		if (!capng_have_capability(CAPNG_EFFECTIVE, controller_caps[i]))
			return err_set(e, ERR_OPERATION_DENIED, "the capability %s is missing",
				       capng_capability_to_name(controller_caps[i]));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "cannot set no_new_privs");
	privileges_die_with_parent();
	return 0;
}

/* Look the worker's user up in the local file only: name services over the net have no place here.
 */
static void find_worker_user(uid_t *uid, gid_t *gid)
{
	struct passwd *p;
	FILE *f = fopen("/etc/passwd", "re");

	*uid = *gid = PRIVILEGES_NOBODY;
	if (!f)
		return;
	while ((p = fgetpwent(f)))
		if (strcmp(p->pw_name, PRIVILEGES_WORKER_USER) == 0 && p->pw_uid != 0) {
			*uid = p->pw_uid;
			*gid = p->pw_gid;
			break;
		}
	fclose(f);
}

static int become(uid_t uid, gid_t gid, struct err *e)
{
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return err_sys(e, errno, "cannot become user %u, group %u", uid, gid);
	return 0;
}

/* Landlock's ABI by number, because the headers of Debian 12 end at version 2: 13 file rights, then
 * one more each with 2, 3 and 5; TCP bind and connect with 4; abstract sockets and signals with 6.
 */
struct landlock_attr {
	uint64_t fs, net, scoped;
};
struct landlock_beneath {
	uint64_t allowed;
	int32_t dir;
} __attribute__((packed));
#define LANDLOCK_VERSION      1
#define LANDLOCK_READ_FILE    4
#define LANDLOCK_BIND_TCP     1
#define LANDLOCK_CONNECT_TCP  2
#define LANDLOCK_PATH_BENEATH 1

static long landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
}

/* Everything that Landlock knows is forbidden, since no rule allows any of it. A kernel without it
 * is no error: the system call filter forbids the same once more. */
static int lock_land(unsigned needs, struct err *e)
{
	static const unsigned char fs_bits[] = { 0, 13, 14, 15, 15, 16 };
	long abi = landlock_abi();
	struct landlock_attr a = { 0 };

	if (abi < 1)
		return 0;
	a.fs = (UINT64_C(1) << fs_bits[MIN_OF(abi, 5)]) - 1;
	if (needs & PRIVILEGES_READ)
		a.fs &= ~(uint64_t)LANDLOCK_READ_FILE;
	a.net = LANDLOCK_BIND_TCP | (needs & PRIVILEGES_CONNECT ? 0 : LANDLOCK_CONNECT_TCP);
	a.scoped = 3;
	size_t size = abi < 4 ? sizeof(a.fs) : abi < 6 ? 2 * sizeof(a.fs) : sizeof(a);
	auto_close int fd = (int)syscall(SYS_landlock_create_ruleset, &a, size, 0);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return err_sys(e, errno, "cannot forbid all files by Landlock (ABI %ld)", abi);
	return 0;
}

int privileges_read_beneath(int dir, struct err *e)
{
	struct landlock_attr a = { .fs = LANDLOCK_READ_FILE };
	struct landlock_beneath rule = { .allowed = LANDLOCK_READ_FILE, .dir = dir };

	if (landlock_abi() < 1)
		return 0;
	auto_close int fd = (int)syscall(SYS_landlock_create_ruleset, &a, sizeof(a.fs), 0);
	if (fd < 0 || syscall(SYS_landlock_add_rule, fd, LANDLOCK_PATH_BENEATH, &rule, 0) < 0 ||
	    syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return err_sys(e, errno, "cannot forbid all files but those of a folder");
	return 0;
}

int privileges_worker(const char *empty, unsigned needs, struct err *e)
{
	static const struct rlimit no_core = { 0, 0 };
	uid_t uid;
	gid_t gid;

	find_worker_user(&uid, &gid);
	/* When memory runs out a worker, which is started again, ends before the keeper does. */
	(void)!file_write_proc("/proc/self/oom_score_adj", "0");
	if (chroot(empty) < 0 || chdir("/") < 0)
		return err_sys(e, errno, "cannot make %s the root folder", empty);
	capng_clear(CAPNG_SELECT_BOTH);
	int r = apply_caps(CAPNG_SELECT_BOUNDS, e);
	if (r == 0)
		r = become(uid, gid, e);
	if (r == 0)
		r = apply_caps(CAPNG_SELECT_CAPS, e);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(e, errno, "cannot give up privileges");
	privileges_die_with_parent();
	return lock_land(needs, e);
}
