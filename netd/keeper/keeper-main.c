/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netd: the keeper's main program. Options, folders, the lock, the way into the background; then
 * keeper.c. */
#include "base/clock.h"
#include "base/log.h"
#include "netd/keeper/keeper-log.h"
#include "netd/keeper/keeper.h"
#include "netd/process/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#define LOCK_PATIENCE (1 * USEC_PER_SEC)
#define LOCK_RETRY    (20 * USEC_PER_MSEC)

static const char help[] =
    "Usage: netd [OPTION]...\n"
    "Virtual networks for this host: bridges, addresses, NAT, DHCP and DNS, for virsh and netctl.\n"
    "\n"
    "  --root DIR     keep all files below DIR instead of /\n"
    "  --foreground   don't go into the background; log to standard error\n"
    "  --help         show this\n"
    "  --version      show the version\n"
    "\n"
    "See netd(8).\n";

struct options {
	const char *root;
	bool foreground;
};

/* -1: go on; otherwise the exit status. */
static int read_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "root", required_argument, NULL, 'r' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'r')
			o->root = optarg;
		else if (c == 'f')
			o->foreground = true;
		else if (c == 'h')
			return fputs(help, stdout) < 0;
		else if (c == 'V')
			return printf("netd %s\n", NETD_VERSION) < 0;
		else
			return 2;
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "netd: unexpected argument '%s'; see netd --help\n", argv[optind]);
	return 2;
}

/* Descriptors 0 to 2 exist, so that nothing else takes their place. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close_fd(&fd);
}

static int refuse_second(const struct paths *p, int fd, struct err *e)
{
	char holder[16] = "";

	(void)!pread(fd, holder, sizeof(holder) - 1, 0);
	return err_set(
	    e, ERR_OPERATION_INVALID,
	    "another netd (process %.*s) already serves the root folder %s: it holds the lock %s",
	    (int)strspn(holder, "0123456789"), holder, *p->root ? p->root : "/", p->lock);
}

/* The lock alone tells who serves this root; the number inside is for people. It is inherited by
 * the controller, so after a keeper's violent death there may be a moment to wait for. */
static int take_lock(const struct paths *p, struct err *e)
{
	auto_close int fd = open(p->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	usec_t until = clock_boottime() + LOCK_PATIENCE;

	if (fd < 0)
		return err_sys(e, errno, "cannot open %s", p->lock);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, errno, "cannot lock %s", p->lock);
		if (clock_boottime() >= until)
			return refuse_second(p, fd, e);
		usleep(LOCK_RETRY);
	}
	return take_fd(&fd);
}

static void sign_lock(int fd)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) < 0)
		log_warning("cannot write into the lock: %s", strerror(errno));
}

/* What the child reports decides the exit status of the command that started it. */
static int wait_for_report(int fd)
{
	char text[KEEPER_TEXT_MAX + 128];
	size_t n = 0;
	ssize_t r;

	while ((r = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)r;
	text[n] = '\0';
	if (strcmp(text, "R") == 0)
		return 0;
	fprintf(stderr, "netd: %s\n", n ? text : "ended before it was ready; its log tells more");
	return 1;
}

/* Returns in the child, with the descriptor to report on. */
static int go_to_background(const struct paths *p, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot make a pipe");
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(e, errno, "cannot go into the background");
	if (pid > 0) {
		close(ends[1]);
		_exit(wait_for_report(ends[0]));
	}
	close(ends[0]);
	auto_close int report = ends[1];
	setsid();
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || chdir("/") < 0)
		return err_sys(e, errno, "cannot go into the background");
	int r = keeper_log_to_background(p, e);
	if (r < 0)
		return r;
	log_open("netd");
	return take_fd(&report);
}

static int prepare(struct paths *p, const struct options *o, int *ret_lock, int *ret_report,
		   struct err *e)
{
	int r = paths_init(p, o->root, e);

	if (r < 0)
		return r;
	if (geteuid() != 0)
		return err_set(e, ERR_OPERATION_DENIED, "netd must be started by root");
	r = paths_make(p, e);
	if (r < 0)
		return r;
	*ret_lock = take_lock(p, e);
	if (*ret_lock < 0)
		return *ret_lock;
	if (!o->foreground && !getenv("NOTIFY_SOCKET")) {
		*ret_report = go_to_background(p, e);
		if (*ret_report < 0)
			return *ret_report;
	}
	sign_lock(*ret_lock);
	privileges_many_fds();
	return privileges_keeper(e);
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct paths p;
	struct err e = { 0 };
	auto_close int lock = -1;
	int report = -1;

	int status = read_options(&o, argc, argv);
	if (status >= 0)
		return status;
	fill_standard_fds();
	log_open("netd");
	if (prepare(&p, &o, &lock, &report, &e) < 0) {
		fprintf(stderr, "netd: %s\n", e.msg);
		if (report >= 0)
			(void)!write(report, e.msg, strlen(e.msg));
		return 1;
	}
	return keeper_run(&p, lock, report);
}
