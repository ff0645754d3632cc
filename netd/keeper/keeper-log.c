/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/keeper/keeper-log.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

#define LOG_FILE_MAX (8 << 20)

static bool in_file;

/* Make fd the standard output and error. */
static void use(int fd)
{
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

/* base/log.h writes priorities when JOURNAL_STREAM is set; the programs we start inherit it. */
static bool use_journal(void)
{
	char stream[64];
	struct stat st;
	auto_close int fd = sd_journal_stream_fd("netd", LOG_LEVEL_INFO, 1);

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	use(fd);
	return true;
}

int keeper_log_to_background(const struct paths *p, struct err *e)
{
	char folder[PATHS_MAX];

	if (!*p->root && use_journal())
		return 0;
	copy_text(folder, sizeof(folder), p->log);
	*strrchr(folder, '/') = '\0';
	int r = file_make_dirs(folder, 0755, e);
	if (r < 0)
		return r;
	auto_close int fd =
	    open(p->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
	if (fd < 0)
		return err_sys(e, errno, "cannot open the log %s", p->log);
	unsetenv("JOURNAL_STREAM");
	setenv("NETD_LOG_STAMPS", "1", 1);
	use(fd);
	in_file = true;
	return 0;
}

/* Copied and cut rather than renamed: the other programs hold the same file, and all append. A line
 * written in between is lost, which a log bears. */
void keeper_log_bound(const struct paths *p)
{
	char old[PATHS_MAX + 2];
	struct stat st;

	if (!in_file || fstat(STDERR_FILENO, &st) < 0 || st.st_size <= LOG_FILE_MAX)
		return;
	snprintf(old, sizeof(old), "%s.1", p->log);
	(void)unlink(old);
	auto_close int from = open(p->log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	auto_close int to = open(old, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	while (from >= 0 && to >= 0 && sendfile(to, from, NULL, LOG_FILE_MAX) > 0)
		;
	if (ftruncate(STDERR_FILENO, 0) < 0)
		log_warning("cannot shorten the log %s: %s", p->log, strerror(errno));
}
