/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preloaded into the controller by test_every_step.py and test_missing.py: counts what it sends to
 * the kernel by netlink and what it does to files, and at one of these calls kills the process or
 * has the call fail. Or it asks for kernel parts by names that no kernel has, so that the kernel
 * itself says that they are missing: for as long as the mode is one of the NO_....
 *
 * The test writes its wish into the file FAULT_FILE, which is mapped: struct fault below. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KILL_BEFORE, KILL_AFTER, FAIL, NO_HTB, NO_INGRESS, NO_IFB, NO_MIRRED };

struct fault {
	_Atomic int32_t at;   /* the call, counted from 0; -1: none */
	_Atomic int32_t mode; /* one of the above */
	_Atomic int32_t errnum;
	_Atomic int32_t count; /* of calls since the test set it to 0 */
};
static struct fault *fault;

static void __attribute__((constructor)) begin(void)
{
	const char *path = getenv("FAULT_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	void *p = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		fault = p;
}

/* Whether this is the call; once. */
static int is_it(void)
{
	if (!fault)
		return 0;
	int32_t n = atomic_fetch_add(&fault->count, 1), at = n;

	return atomic_compare_exchange_strong(&fault->at, &at, -1);
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

#define FAULTY(real_call)                                                                          \
	do {                                                                                       \
		if (!is_it())                                                                      \
			return real_call;                                                          \
		if (fault->mode == KILL_BEFORE)                                                    \
			die();                                                                     \
		if (fault->mode == FAIL) {                                                         \
			errno = fault->errnum;                                                     \
			return -1;                                                                 \
		}                                                                                  \
		(void)!real_call;                                                                  \
		die();                                                                             \
		return -1;                                                                         \
	} while (0)

#define REAL(name)                                                                                 \
	static __typeof__(&name) real;                                                             \
	if (!real)                                                                                 \
	real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* The tree hides what isn't asked for. */
#pragma GCC visibility push(default)

static int is_netlink(int fd)
{
	int domain = 0;
	socklen_t n = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_NETLINK;
}

static const char *missing(void)
{
	static const char *const part[] = {
		[NO_HTB] = "htb", [NO_INGRESS] = "ingress", [NO_IFB] = "ifb", [NO_MIRRED] = "mirred"
	};
	int mode = fault ? atomic_load(&fault->mode) : 0;

	return mode >= 0 && (size_t)mode < sizeof(part) / sizeof(*part) ? part[mode] : NULL;
}

/* An attribute is its text with the NUL, and the request is the caller's own buffer. */
static void spoil(void *bytes, size_t n)
{
	const char *name = missing();
	char *at = name ? memmem(bytes, n, name, strlen(name) + 1) : NULL;

	if (at)
		*at = 'X';
}

ssize_t sendto(int fd, const void *bytes, size_t n, int flags, __CONST_SOCKADDR_ARG to,
	       socklen_t to_len)
{
	REAL(sendto);
	if (!is_netlink(fd))
		return real(fd, bytes, n, flags, to, to_len);
	FAULTY(real(fd, bytes, n, flags, to, to_len));
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	REAL(sendmsg);
	if (!is_netlink(fd))
		return real(fd, m, flags);
	for (size_t i = 0; i < m->msg_iovlen; i++)
		spoil(m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
	FAULTY(real(fd, m, flags));
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	REAL(send);
	if (!is_netlink(fd))
		return real(fd, bytes, n, flags);
	FAULTY(real(fd, bytes, n, flags));
}

int rename(const char *from, const char *to)
{
	REAL(rename);
	FAULTY(real(from, to));
}

int unlink(const char *path)
{
	REAL(unlink);
	FAULTY(real(path));
}

int fsync(int fd)
{
	REAL(fsync);
	FAULTY(real(fd));
}
