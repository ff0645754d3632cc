// SPDX-License-Identifier: GPL-2.0-or-later
/* guest-inside.c — the guest's first process.
 *
 * It is process 1 of its pid namespace: when it ends the kernel ends everything in the guest, so no
 * client or forgotten background process can keep the namespace and its interface alive. */
#include "netctl/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define RESOLV_CONF "/etc/resolv.conf"

struct inside {
	struct guest *g;
	struct err err;
	const char *client; /* NULL: none */
	pid_t client_pid, command_pid;
	int signals, leases; /* descriptors: signalfd, the FIFO of the hook */
	sigset_t old_mask;
};

void guest_time(const struct guest *g, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	if (!g->times)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	fprintf(stderr, "netctl: guest '%s': %s after %.1f ms\n", g->name, what,
		(double)(clock_boottime() - g->begin) / 1000.0);
}

/* The guest's own resolv.conf, over the one that the host's name resolution reads. */
static int make_resolv_conf(struct inside *in)
{
	int fd = open(GUEST_FILES "/resolv.conf", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(&in->err, errno, "cannot make the guest's resolv.conf");
	close(fd);
	if (mount(GUEST_FILES "/resolv.conf", RESOLV_CONF, NULL, MS_BIND, NULL) < 0)
		fprintf(stderr,
			"netctl: warning: guest '%s' sees the host's name servers: cannot mount "
			"over " RESOLV_CONF ": %s\n",
			in->g->name, strerror(errno));
	return 0;
}

static int make_private_files(struct inside *in)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(&in->err, errno, "cannot make the guest's mounts private");
	/* /proc of the new pid namespace, /sys of the new network namespace. */
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return err_sys(&in->err, errno, "cannot mount the guest's /proc");
	if (mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		guest_time(in->g, "cannot mount /sys (%s), going on without,", strerror(errno));
	if (mount("netctl-guest", GUEST_PRIVATE_DIR, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") <
	    0)
		return err_sys(&in->err, errno, "cannot mount the guest's " GUEST_PRIVATE_DIR);
	if (mkdir(GUEST_FILES, 0755) < 0)
		return err_sys(&in->err, errno, "cannot make the guest's folder " GUEST_FILES);
	return make_resolv_conf(in);
}

static int interface_up(struct inside *in, const char *name)
{
	struct ifreq ifr = { 0 };
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	copy_text(ifr.ifr_name, sizeof(ifr.ifr_name), name);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return err_sys(&in->err, errno, "the guest has no interface %s", name);
	ifr.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		return err_sys(&in->err, errno, "cannot bring %s up in the guest", name);
	return 0;
}

static int open_signals(struct inside *in)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &in->old_mask);
	signal(SIGINT, SIG_IGN); /* the command decides what ^C means */
	signal(SIGQUIT, SIG_IGN);
	in->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return in->signals < 0 ? err_sys(&in->err, errno, "cannot watch the guest's processes") : 0;
}

static void child_signals(const struct inside *in)
{
	sigprocmask(SIG_SETMASK, &in->old_mask, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
}

static int start_client(struct inside *in, const char *interface)
{
	if (guest_client_prepare(in->client, &in->err) < 0)
		return -1;
	/* Read and write, so that the hook never waits for a reader and we never see the end of
	 * file. */
	in->leases = open(GUEST_LEASE_FIFO, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	in->client_pid = in->leases < 0 ? -1 : fork();
	if (in->client_pid == 0) {
		int null = open("/dev/null", O_RDWR);

		child_signals(in);
		setpgid(0, 0); /* ^C is for the command */
		dup2(null, 0);
		dup2(null, 1);
		if (!getenv("NETCTL_GUEST_DEBUG"))
			dup2(null, 2);
		guest_client_exec(in->client, interface, in->g->name);
		_exit(127);
	}
	return in->client_pid < 0
		   ? err_sys(&in->err, errno, "cannot start the DHCP client %s", in->client)
		   : 0;
}

static int start_command(struct inside *in)
{
	in->command_pid = fork();
	if (in->command_pid < 0)
		return err_sys(&in->err, errno, "cannot start %s", in->g->command[0]);
	if (in->command_pid == 0) {
		child_signals(in);
		execvp(in->g->command[0], in->g->command);
		fprintf(stderr, "error: cannot run '%s' in guest '%s': %s\n", in->g->command[0],
			in->g->name, strerror(errno));
		_exit(errno == ENOENT ? GUEST_NOT_FOUND : GUEST_CANNOT_RUN);
	}
	return 0;
}

/* Collect whatever ended; process 1 inherits orphans too. Returns the command's exit status once it
 * has ended, otherwise -1. */
static int reap(struct inside *in)
{
	int status, result = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == in->client_pid)
			in->client_pid = 0;
		if (pid == in->command_pid)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return result;
}

/* The signals that came. Returns the exit status when the guest is to end, otherwise -1. */
static int take_signals(struct inside *in)
{
	struct signalfd_siginfo si;

	while (read(in->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			continue;
		if (in->command_pid <= 0)
			return 128 + (int)si.ssi_signo;
		kill(in->command_pid, (int)si.ssi_signo);
	}
	return reap(in); /* last, so that no SIGCHLD is read without being followed */
}

/* One line of the hook. */
static bool take_lease(struct inside *in)
{
	char line[256], address[64], server[64], router[64], seconds[32];
	ssize_t n = read(in->leases, line, sizeof(line) - 1);

	if (n <= 0)
		return false;
	line[n] = '\0';
	if (sscanf(line, "%63s %63s %63s %31s", address, server, router, seconds) != 4)
		return false;
	if (in->command_pid == 0)
		guest_time(in->g, "leased %s from %s, router %s, for %s s (%s)", address, server,
			   router, seconds, in->client);
	return true;
}

/* Wait for the first lease. 0; -1 with the reason in in->err; or an exit status when told to end.
 */
static int wait_lease(struct inside *in)
{
	usec_t until = clock_boottime() + in->g->timeout_sec * USEC_PER_SEC;
	struct pollfd fd[] = { { .fd = in->signals, .events = POLLIN },
			       { .fd = in->leases, .events = POLLIN } };

	for (usec_t now; (now = clock_boottime()) < until;) {
		int status;

		poll(fd, ARRAY_LEN(fd), (int)((until - now) / USEC_PER_MSEC) + 1);
		status = take_signals(in);
		if (status >= 0)
			return status;
		if (take_lease(in))
			return 0;
		if (in->client_pid == 0) {
			err_set(&in->err, ERR_OPERATION_FAILED,
				"%s gave up without a lease; set NETCTL_GUEST_DEBUG=1 to see what "
				"it says",
				in->client);
			return -1;
		}
	}
	err_set(&in->err, ERR_OPERATION_FAILED,
		"no DHCP lease from network '%s' within %u s: has it an <ip> with <dhcp>? "
		"--client none runs the command without a lease",
		in->g->network, in->g->timeout_sec);
	return -1;
}

static int wait_command(struct inside *in)
{
	struct pollfd fd[] = { { .fd = in->signals, .events = POLLIN },
			       { .fd = in->leases, .events = POLLIN } };

	for (;;) {
		int status;

		poll(fd, in->leases < 0 ? 1 : 2, -1);
		status = take_signals(in);
		if (status >= 0)
			return status;
		if (in->leases >= 0)
			take_lease(in);
	}
}

/* Let the client give its lease back (udhcpc does), at most 300 ms. */
static void stop_client(struct inside *in)
{
	struct pollfd fd = { .fd = in->signals, .events = POLLIN };
	usec_t until = clock_boottime() + 300 * USEC_PER_MSEC;

	if (in->client_pid <= 0)
		return;
	kill(in->client_pid, SIGTERM);
	while (in->client_pid > 0 && clock_boottime() < until) {
		poll(&fd, 1, 50);
		take_signals(in);
	}
}

static int run(struct inside *in, const char *interface)
{
	int status;

	if (interface_up(in, interface) < 0)
		return -1;
	if (in->client) {
		if (start_client(in, interface) < 0)
			return -1;
		status = wait_lease(in);
		if (status)
			return status;
	}
	if (start_command(in) < 0)
		return -1;
	status = wait_command(in);
	stop_client(in);
	return status;
}

int guest_inside(struct guest *g)
{
	struct inside in = { .g = g, .signals = -1, .leases = -1 };
	struct guest_go go = { 0 };
	int status = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!g->client || strcmp(g->client, "none") != 0)
		in.client = guest_client_find(g->client);
	if (make_private_files(&in) == 0 && open_signals(&in) == 0 &&
	    interface_up(&in, "lo") == 0) {
		if (sethostname(g->name, strlen(g->name)) < 0)
			guest_time(g, "cannot set the host name (%s), going on,", strerror(errno));
		/* Ready for the interface; the other side hangs up when it can't be had and has
		 * said why. */
		if (send(g->line, "", 1, MSG_NOSIGNAL) != 1 ||
		    recv(g->line, &go, sizeof(go), 0) != (ssize_t)sizeof(go))
			return GUEST_FAILED;
		status = run(&in, go.interface);
	}
	if (status >= 0)
		return status;
	fprintf(stderr, "error: guest '%s': %s\n", g->name, in.err.msg);
	return GUEST_FAILED;
}
