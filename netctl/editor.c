// SPDX-License-Identifier: GPL-2.0-or-later
/* editor.c — running the editor, and asking what to do with what it left. Texts are virsh's. */
#include "netctl/editor.h"

#include "base/file.h"
#include "rpc/protocol.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>

#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_.:@"

static const char *editor_name(void)
{
	const char *name = getenv("VISUAL");

	if (!name)
		name = getenv("EDITOR");
	return name ? name : "vi";
}

static int write_all(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t r = write(fd, text, n);
		if (r < 0 && errno != EINTR)
			return -1;
		text += MAX_OF(r, 0);
		n -= (size_t)MAX_OF(r, 0);
	}
	return 0;
}

static int write_temporary(const char *text, char path[static PATH_MAX], struct err *e)
{
	const char *folder = getenv("TMPDIR");
	auto_close int fd = -1;

	if (snprintf(path, PATH_MAX, "%s/netctlXXXXXX.xml", folder && *folder ? folder : "/tmp") >=
	    PATH_MAX)
		return err_sys(e, ENAMETOOLONG, "$TMPDIR is too long");
	fd = mkostemps(path, strlen(".xml"), O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "failed to create temporary file");
	if (write_all(fd, text, strlen(text)) == 0)
		return 0;
	err_sys(e, errno, "cannot write %s", path);
	unlink(path);
	return -e->code;
}

/* An editor given with options or shell syntax goes through the shell. `shown` is for messages. */
static pid_t spawn(const char *editor, const char *path, char shown[static 512])
{
	bool plain = strspn(editor, PLAIN) == strlen(editor);
	auto_free char *command = NULL;
	pid_t pid;

	if (asprintf(&command, "%s %s", editor, path) < 0)
		return -1;
	snprintf(shown, 512, plain ? "%s" : "sh -c '%s'", command);
	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (plain)
		execlp(editor, editor, path, (char *)NULL);
	else
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	fprintf(stderr, "error: cannot execute binary %s: %s\n", editor, strerror(errno));
	_exit(127);
}

static int wait_for_editor(pid_t pid, const char *shown, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, errno, "cannot wait for the editor");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, ERR_INTERNAL, "internal error: Child process (%s) unexpected %s %d",
		       shown, WIFEXITED(status) ? "exit status" : "fatal signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* Ctrl-C in the editor is the editor's. */
static int edit_file(const char *path, struct err *e)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old_int, old_quit;
	char shown[512];
	pid_t pid;
	int r;

	sigaction(SIGINT, &ignore, &old_int);
	sigaction(SIGQUIT, &ignore, &old_quit);
	pid = spawn(editor_name(), path, shown);
	r = pid < 0 ? err_sys(e, errno, "cannot start the editor") : wait_for_editor(pid, shown, e);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGQUIT, &old_quit, NULL);
	return r;
}

int editor_run(struct ctl *ctl, const char *text, char **ret)
{
	char path[PATH_MAX];
	size_t n;
	int r = write_temporary(text, path, &ctl->err);

	if (r < 0)
		return -1;
	r = edit_file(path, &ctl->err);
	if (r == 0)
		r = file_read(path, RPC_CALL_MAX, ret, &n, &ctl->err);
	unlink(path);
	return r < 0 ? -1 : 0;
}

/* ---- again? ---- */

static void print_answers(void)
{
	fputs("\r\n"
	      "y - yes, start editor again\r\n"
	      "n - no, throw away my changes\r\n"
	      "f - force, try to redefine again\r\n"
	      "? - print this help\r\n",
	      stdout);
}

static int read_answer(const char *msg)
{
	for (;;) {
		int c;

		printf("\r%s Try again? [y,n,f,?]: ", msg);
		fflush(stdout);
		c = getchar();
		if (c == EOF)
			return 'n';
		c = tolower(c);
		if (c == 'y' || c == 'n' || c == 'f')
			return c;
		if (c == '?')
			print_answers();
	}
}

/* 'y': edit again, 'f': try the same again, 'n': give up; 0: there is nobody to ask. */
static int ask(struct ctl *ctl, const char *msg)
{
	struct termios before, raw;
	int c;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
		return 0;
	if (ctl->err.msg[0])
		fail(ctl, "%s", ctl->err.msg);
	err_clear(&ctl->err);
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	c = read_answer(msg);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputs("\r\n", stdout);
	return c;
}

/* Put `text` in place unless the original is no longer *doc. What goes wrong is returned in words,
 * NULL: nothing. *doc becomes what is there now. */
static const char *put(struct ctl *ctl, const struct edit *edit, char **doc, const char *text)
{
	char *now = edit->get(ctl, edit->data);
	bool same = now && strcmp(now, *doc) == 0;

	if (!now)
		return "Failed.";
	free(*doc);
	*doc = now;
	if (!same)
		return "The XML configuration was changed by another user.";
	return edit->put(ctl, edit->data, text) < 0 ? "Failed." : NULL;
}

enum edit_result editor_edit(struct ctl *ctl, const struct edit *edit)
{
	auto_free char *doc = edit->get(ctl, edit->data), *text = doc ? strdup(doc) : NULL;
	int answer = 'y';

	while (text) {
		const char *failed;

		if (answer == 'y') {
			char *edited;
			if (editor_run(ctl, text, &edited) < 0)
				return EDIT_FAILED;
			free(text);
			text = edited;
			if (strcmp(doc, text) == 0)
				return EDIT_UNCHANGED;
		}
		failed = put(ctl, edit, &doc, text);
		if (!failed)
			return EDIT_CHANGED;
		answer = ask(ctl, failed);
		if (!answer)
			fail(ctl, "%s", failed);
		if (answer != 'y' && answer != 'f')
			return EDIT_FAILED;
	}
	return EDIT_FAILED;
}
