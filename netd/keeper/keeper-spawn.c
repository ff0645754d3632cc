/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/keeper/keeper-spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* What the programs may see of our environment. The rest, be it LD_PRELOAD or an address of
 * systemd's, isn't theirs. */
static const char *const kept[] = {
	"NETD_LOG",     "NETD_LOG_STAMPS", "NETD_SECCOMP",  "JOURNAL_STREAM",          "TZ",
	"ASAN_OPTIONS", "LSAN_OPTIONS",    "UBSAN_OPTIONS", "DBUS_SYSTEM_BUS_ADDRESS",
};

int spawn_find(char *path, size_t cap, const char *name, struct err *e)
{
	char self[PATH_MAX];
	const char *const folders[] = { self, NETD_LIBEXECDIR };
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return err_sys(e, errno, "cannot tell where this program is");
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		int len = snprintf(path, cap, "%s/%s", folders[i], name);
		if (len >= 0 && (size_t)len < cap && access(path, X_OK) == 0)
			return 0;
	}
	return err_sys(e, ENOENT, "cannot find the program %s, neither in %s nor in %s", name, self,
		       NETD_LIBEXECDIR);
}

/* Pointers into our own environment suffice: they are read by execve() only. */
static void clean_environment(char *env[static ARRAY_LEN(kept) + 2])
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	size_t n = 0;

	env[n++] = path;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		char *value = getenv(kept[i]);
		if (value)
			env[n++] = value - strlen(kept[i]) - 1;
	}
	env[n] = NULL;
}

static void execute(char *const argv[], int first, int second) __attribute__((noreturn));
static void execute(char *const argv[], int first, int second)
{
	char *env[ARRAY_LEN(kept) + 2];
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid(); /* an interrupt from the terminal is for the keeper, which passes it on */
	/* Out of the way first: either may be 3 or 4 itself. */
	int a = fcntl(first, F_DUPFD, 5), b = fcntl(second, F_DUPFD, 5);
	if (a >= 0 && b >= 0 && dup2(a, 3) == 3 && dup2(b, 4) == 4 && close_range(5, ~0U, 0) == 0) {
		clean_environment(env);
		execve(argv[0], argv, env);
	}
	fprintf(stderr, "netd: cannot execute %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

pid_t spawn_program(char *const argv[], int first, int second, struct err *e)
{
	pid_t pid = fork();

	if (pid == 0)
		execute(argv, first, second);
	return pid < 0 ? err_sys(e, errno, "cannot start %s", argv[0]) : pid;
}
