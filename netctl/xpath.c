// SPDX-License-Identifier: GPL-2.0-or-later
/* xpath.c — hands a document to netctl-xpath, which lies beside netctl or where netd's programs do.
 */
#include "netctl/xpath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define PROGRAM "netctl-xpath"
enum { NO_NODES = 3, NO_PROGRAM = 127 }; /* exit status; network/xml-xpath.c */

static void become_program(const char *expression, bool wrap)
{
	char self[PATH_MAX] = "", path[PATH_MAX + sizeof(PROGRAM) + 1];
	const char *const folders[] = { self, NETD_LIBEXECDIR };
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[MAX_OF(n, 0)] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		snprintf(path, sizeof(path), "%s/" PROGRAM, folders[i]);
		execl(path, PROGRAM, expression, wrap ? "wrap" : NULL, NULL);
	}
	_exit(NO_PROGRAM);
}

static pid_t start_program(const char *expression, bool wrap, int *ret_pipe)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[0], STDIN_FILENO);
		become_program(expression, wrap);
	}
	close(ends[0]);
	if (pid < 0)
		close(ends[1]);
	*ret_pipe = ends[1];
	return pid;
}

static void write_all(int fd, const char *text)
{
	for (size_t left = strlen(text); left;) {
		ssize_t n = write(fd, text, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return; /* it has ended, and its status says why */
		text += n;
		left -= (size_t)n;
	}
}

static int filtered(struct ctl *ctl, const char *expression, bool wrap, const char *xml)
{
	int pipe_end, status;

	fflush(stdout);
	pid_t pid = start_program(expression, wrap, &pipe_end);
	if (pid < 0)
		return fail(ctl, "cannot start " PROGRAM ": %s", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	write_all(pipe_end, xml);
	close(pipe_end);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM)
		return fail(ctl, "the program " PROGRAM " is not installed");
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_NODES)
		err_set(&ctl->err, ERR_INTERNAL, "internal error: Incorrect xpath '%s'",
			expression);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

int xpath_print(struct ctl *ctl, const struct args *a, const char *xml)
{
	const char *expression = args_text(a, "xpath");

	if (expression && !*expression)
		return 1; /* as virsh: without a word */
	if (expression)
		return filtered(ctl, expression, args_has(a, "wrap"), xml);
	fputs(xml, stdout);
	return 0;
}
