/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system call filter of the workers: what the frame needs, what the role lists, and for some
 * calls which arguments. Everything else ends the process.
 *
 * The rules by argument keep promises that no other fence keeps. A packet socket reaches every
 * interface of the host if sendto() may name an address, or bind() another interface: so sendto()
 * is send(), and a role that holds packet sockets lists none of bind, connect, sendmsg and
 * sendmmsg. A role that opens sockets opens UDP and TCP ones only. No memory becomes executable. */
#include "netd/worker/worker-frame.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* The frame: the line, the loop, memory, the log, the end. sysinfo is qsort()'s. */
static const char *const frame_calls[] = {
	"brk",
	"clock_gettime",
	"close",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_wait",
	"exit",
	"exit_group",
	"futex",
	"getpid",
	"getrandom",
	"gettid",
	"lseek",
	"madvise",
	"mremap",
	"munmap",
	"pread64",
	"read",
	"readv",
	"recvfrom",
	"recvmsg",
	"restart_syscall",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sysinfo",
	"timerfd_settime",
	"write",
	"writev",
	/* by argument, see below */
	"fcntl",
	"mmap",
	"mprotect",
	"sendto",
	"tgkill",
};

/* One way in which a call is allowed: all comparisons hold. */
struct allowed {
	const char *name;
	unsigned n;
	struct scmp_arg_cmp arg[3];
};

#define IS(i, value)                                                                               \
	{                                                                                          \
		.arg = (i), .op = SCMP_CMP_EQ, .datum_a = (value)                                  \
	}
#define BITS(i, mask, value)                                                                       \
	{                                                                                          \
		.arg = (i), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = (value)        \
	}
#define INT_BITS  0xffffffffU
#define TYPE_BITS (INT_BITS & ~(unsigned)(SOCK_CLOEXEC | SOCK_NONBLOCK))
#define SOCKET(family, type)                                                                       \
	{                                                                                          \
		"socket", 2,                                                                       \
		{                                                                                  \
			IS(0, family), BITS(1, TYPE_BITS, type)                                    \
		}                                                                                  \
	}
#define OPTION(call, level, o)                                                                     \
	{                                                                                          \
		call, 2,                                                                           \
		{                                                                                  \
			IS(1, level), IS(2, o)                                                     \
		}                                                                                  \
	}
#define SET(level, o) OPTION("setsockopt", level, o)

static const struct allowed by_argument[] = {
	{ "fcntl", 1, { IS(1, F_GET_SEALS) } }, /* a large message */
	{ "fcntl", 1, { IS(1, F_GETFL) } },
	{ "fcntl", 1, { IS(1, F_SETFL) } },
	{ "mmap", 1, { BITS(2, PROT_EXEC, 0) } },
	{ "mprotect", 1, { BITS(2, PROT_EXEC, 0) } },
	{ "sendto", 2, { IS(4, 0), IS(5, 0) } },
	SOCKET(AF_INET, SOCK_DGRAM),
	SOCKET(AF_INET, SOCK_STREAM),
	SOCKET(AF_INET6, SOCK_DGRAM),
	SOCKET(AF_INET6, SOCK_STREAM),
	OPTION("getsockopt", SOL_SOCKET, SO_ERROR),
	SET(SOL_SOCKET, SO_RCVBUF),
	SET(SOL_SOCKET, SO_SNDBUF),
	SET(SOL_SOCKET, SO_KEEPALIVE),
	SET(SOL_SOCKET, SO_LINGER),
	SET(IPPROTO_IP, IP_PKTINFO),
	SET(IPPROTO_IP, IP_MTU_DISCOVER),
	SET(IPPROTO_IP, IP_RECVERR),
	SET(IPPROTO_IPV6, IPV6_V6ONLY),
	SET(IPPROTO_IPV6, IPV6_RECVPKTINFO),
	SET(IPPROTO_IPV6, IPV6_MTU_DISCOVER),
	SET(IPPROTO_IPV6, IPV6_RECVERR),
	SET(IPPROTO_TCP, TCP_NODELAY),
	SET(IPPROTO_TCP, TCP_USER_TIMEOUT),
};

static int add_rule(scmp_filter_ctx ctx, const char *name, unsigned n,
		    const struct scmp_arg_cmp *args, struct err *e)
{
	int nr = seccomp_syscall_resolve_name(name);

	if (nr == __NR_SCMP_ERROR)
		return err_set(e, ERR_INTERNAL, "libseccomp doesn't know the system call '%s'",
			       name);
	int r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, n, args);
	return r < 0 ? err_sys(e, -r, "cannot allow the system call '%s'", name) : 0;
}

/* Every way in which `name` is allowed: those of the table, or any. */
static int allow(scmp_filter_ctx ctx, const char *name, struct err *e)
{
	bool found = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(by_argument); i++) {
		const struct allowed *a = &by_argument[i];
		if (strcmp(a->name, name) != 0)
			continue;
		found = true;
		r = add_rule(ctx, name, a->n, a->arg, e);
	}
	return found || r < 0 ? r : add_rule(ctx, name, 0, NULL, e);
}

/* abort() and __stack_chk_fail() may kill this process, and no other. */
static int allow_own_end(scmp_filter_ctx ctx, struct err *e)
{
	const struct scmp_arg_cmp self = IS(0, (scmp_datum_t)getpid());

	return add_rule(ctx, "tgkill", 1, &self, e);
}

static int fill(scmp_filter_ctx ctx, const struct worker_role *role, struct err *e)
{
	int r = allow_own_end(ctx, e);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(frame_calls); i++)
		if (strcmp(frame_calls[i], "tgkill") != 0)
			r = allow(ctx, frame_calls[i], e);
	for (const char *const *s = role->syscalls; r == 0 && s && *s; s++)
		r = allow(ctx, *s, e);
	return r;
}

/* For tests: name the call, then end as the filter would have ended the process. */
static void on_trap(int sig, siginfo_t *info, void *context)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, info->si_syscall);

	log_err("the filter doesn't allow the system call %s (%d)", name ? name : "?",
		info->si_syscall);
	_exit(128 + SIGSYS);
}

static int set_trap(struct err *e)
{
	const struct sigaction a = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	return sigaction(SIGSYS, &a, NULL) < 0 ? err_sys(e, errno, "cannot catch SIGSYS") : 0;
}

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

int worker_seccomp(const struct worker_role *role, bool trap, struct err *e)
{
	if (NETD_SANITIZED)
		return 0; /* their run-time libraries make calls of their own */
	__attribute__((cleanup(release))) scmp_filter_ctx ctx =
	    seccomp_init(trap ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS);
	if (!ctx)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	/* A call by another architecture's numbers (i386, x32) ends the process as well; the tree
	 * keeps a call cheap. */
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		return err_sys(e, -r, "cannot prepare the system call filter");
	r = trap ? set_trap(e) : 0;
	if (r == 0)
		r = fill(ctx, role, e);
	if (r < 0)
		return r;
	r = seccomp_load(ctx);
	return r < 0 ? err_sys(e, -r, "cannot install the system call filter") : 0;
}
