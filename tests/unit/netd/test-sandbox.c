/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a worker can no longer do. The program is its own worker: roles with the shape of the real
 * ones carry out, on the test's word, one deed each; a forbidden one must end the process by
 * SIGSYS, an allowed one must succeed. */
#include "worker-child.h"

#include "netd/messages/messages-files.h"
#include "netd/messages/messages.h"
#include "netd/process/privileges.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/openat2.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#define FRAME_SIZE 60

/* Each deed gets the packet socket that came with the message; returns 0 or -1 and errno. */
static long deed_nothing(int fd)
{
	return 0;
}
static long deed_send(int fd)
{
	uint8_t frame[FRAME_SIZE] = { 0 };
	return send(fd, frame, sizeof(frame), 0) == FRAME_SIZE ? 0 : -1;
}
static int by_size(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(int));
}
static long deed_memory(int fd)
{
	int *numbers = calloc(4 * 1024 * 1024, sizeof(int));

	if (!numbers)
		return -1;
	for (int i = 0; i < 100000; i++)
		numbers[i] = i * 7919 % 100003;
	qsort(numbers, 100000, sizeof(int), by_size);
	numbers = realloc(numbers, (size_t)32 << 20);
	free(numbers);
	random_bytes(&numbers, sizeof(numbers));
	return 0;
}
static long deed_open(int fd)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}
static long deed_create(int fd)
{
	return open("/x", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}
static long deed_packet_socket(int fd)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}
static long deed_udp_socket(int fd)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}
static long deed_tcp6_socket(int fd)
{
	return socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
static long deed_unix_socket(int fd)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
static long deed_netlink_socket(int fd)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}
static long deed_raw_socket(int fd)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}
static struct sockaddr_ll other_interface(void)
{
	return (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_ifindex = 2, .sll_halen = 6 };
}
static long deed_bind(int fd)
{
	struct sockaddr_ll to = other_interface();
	return bind(fd, (struct sockaddr *)&to, sizeof(to));
}
static long deed_sendto_elsewhere(int fd)
{
	struct sockaddr_ll to = other_interface();
	uint8_t frame[FRAME_SIZE] = { 0 };
	return sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to));
}
static long deed_sendmsg_elsewhere(int fd)
{
	struct sockaddr_ll to = other_interface();
	uint8_t frame[FRAME_SIZE] = { 0 };
	struct iovec io = { frame, sizeof(frame) };
	struct msghdr m = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &io, .msg_iovlen = 1
	};
	return sendmsg(fd, &m, 0);
}
static long deed_sendmmsg(int fd)
{
	struct mmsghdr m = { 0 };
	return sendmmsg(fd, &m, 0, 0);
}
static long deed_ioctl(int fd)
{
	struct ifreq r = { 0 };
	return ioctl(fd, SIOCGIFINDEX, &r);
}
static long deed_execve(int fd)
{
	char *const none[] = { NULL };
	return execve("/bin/true", none, none);
}
static long deed_fork(int fd)
{
	return fork();
}
static long deed_ptrace(int fd)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static long deed_kill(int fd)
{
	return kill(getpid(), 0);
}
static long deed_tgkill_other(int fd)
{
	return syscall(SYS_tgkill, 1, 1, 0);
}
static long deed_mmap_exec(int fd)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		       MAP_FAILED
		   ? -1
		   : 0;
}
static long deed_mprotect_exec(int fd)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}
static long deed_io_uring(int fd)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}
static long deed_bpf(int fd)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}
static long deed_unshare(int fd)
{
	return unshare(CLONE_NEWUSER);
}
static long deed_setuid(int fd)
{
	return setuid(0);
}
static long deed_memfd(int fd)
{
	return memfd_create("x", MFD_CLOEXEC);
}
static long deed_pidfd_getfd(int fd)
{
	return syscall(SYS_pidfd_getfd, fd, 0, 0);
}
static long deed_prctl(int fd)
{
	return prctl(PR_SET_DUMPABLE, 1);
}
#ifdef __x86_64__
static long deed_x32(int fd)
{
	return syscall(0x40000000 | SYS_getpid);
}
static long deed_i386(int fd)
{
	long r = 20; /* getpid there */
	__asm__ volatile("int $0x80" : "+a"(r)::"memory", "r8", "r9", "r10", "r11");
	return r;
}
#endif
static long deed_udp_connect(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(53),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	long s = deed_udp_socket(fd);
	return connect((int)s, (struct sockaddr *)&to, sizeof(to));
}
static long deed_tcp_connect(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(53),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return connect(s, (struct sockaddr *)&to, sizeof(to)) < 0 && errno == ECONNREFUSED ? 0 : -1;
}
static long deed_socket_error(int fd)
{
	int error;
	socklen_t n = sizeof(error);
	return getsockopt((int)deed_udp_socket(fd), SOL_SOCKET, SO_ERROR, &error, &n);
}
static long deed_bind_to_device(int fd)
{
	return setsockopt((int)deed_udp_socket(fd), SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
}
static long deed_attach_filter(int fd)
{
	struct sock_fprog p = { 0 };
	return setsockopt((int)deed_udp_socket(fd), SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p));
}

/* ---- deeds of the reader: fd is the folder that it was given ---- */

static long open_at(int dir, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC };
	struct open_how creating = { .flags = flags | O_CLOEXEC, .mode = 0600 };
	return syscall(SYS_openat2, dir, path, flags & O_CREAT ? &creating : &how, sizeof(how));
}
static bool lock(int dir)
{
	struct err e = { 0 };
	return privileges_read_beneath(dir, &e) == 0;
}
/* Being refused is how it must end. */
static long refused(long fd)
{
	if (fd < 0 && (errno == EACCES || errno == ENOENT))
		return 0;
	errno = fd < 0 ? errno : EEXIST;
	return -1;
}
static long deed_read_inside(int fd)
{
	char text[8];
	long file = lock(fd) ? open_at(fd, "inside/file", O_RDONLY) : -1;
	return file >= 0 && pread((int)file, text, sizeof(text), 0) == 4 ? 0 : -1;
}
static long deed_read_above(int fd)
{
	return lock(fd) ? refused(open_at(fd, "../outside", O_RDONLY)) : -1;
}
static long deed_read_by_link(int fd)
{
	return lock(fd) ? refused(open_at(fd, "link", O_RDONLY)) : -1;
}
static long deed_write_inside(int fd)
{
	return lock(fd) ? refused(open_at(fd, "inside/file", O_WRONLY)) : -1;
}
static long deed_create_inside(int fd)
{
	return lock(fd) ? refused(open_at(fd, "new", O_WRONLY | O_CREAT)) : -1;
}
static long deed_write_before(int fd)
{
	return refused(open_at(fd, "inside/file", O_WRONLY));
}
static long deed_list(int fd)
{
	return refused(open_at(fd, "inside", O_RDONLY | O_DIRECTORY));
}
static long deed_widen(int fd)
{
	long above = open_at(fd, "..", O_PATH | O_DIRECTORY);
	return lock(fd) && lock((int)above) ? refused(open_at((int)above, "outside", O_RDONLY))
					    : -1;
}
static long deed_narrow(int fd)
{
	long below = open_at(fd, "inside", O_PATH | O_DIRECTORY);
	bool locked = lock(fd) && lock((int)below);
	return locked && refused(open_at(fd, "other", O_RDONLY)) == 0
		   ? open_at(fd, "inside/file", O_RDONLY)
		   : -1;
}

enum outcome { WORKS, DIES };
#define ALL(deed, outcome)                                                                         \
	{                                                                                          \
#deed, deed_##deed, outcome, outcome, outcome                                      \
	}
static const struct deed {
	const char *name;
	long (*act)(int fd);
	enum outcome as_packets, as_resolver, as_reader;
} deeds[] = {
	ALL(nothing, WORKS),
	ALL(send, WORKS),
	ALL(memory, WORKS),
	ALL(open, DIES),
	ALL(create, DIES),
	ALL(packet_socket, DIES),
	ALL(unix_socket, DIES),
	ALL(netlink_socket, DIES),
	ALL(raw_socket, DIES),
	{ "udp_socket", deed_udp_socket, DIES, WORKS, DIES },
	{ "tcp6_socket", deed_tcp6_socket, DIES, WORKS, DIES },
	{ "udp_connect", deed_udp_connect, DIES, WORKS, DIES },
	{ "tcp_connect", deed_tcp_connect, DIES, WORKS, DIES },
	{ "socket_error", deed_socket_error, DIES, WORKS, DIES },
	ALL(bind, DIES),
	ALL(sendto_elsewhere, DIES),
	{ "sendmsg_elsewhere", deed_sendmsg_elsewhere, DIES, WORKS,
	  DIES }, /* the resolver has no such socket */
	{ "sendmmsg", deed_sendmmsg, DIES, WORKS, WORKS },
	ALL(bind_to_device, DIES),
	ALL(attach_filter, DIES),
	ALL(ioctl, DIES),
	ALL(execve, DIES),
	ALL(fork, DIES),
	ALL(ptrace, DIES),
	ALL(kill, DIES),
	ALL(tgkill_other, DIES),
	ALL(mmap_exec, DIES),
	ALL(mprotect_exec, DIES),
	ALL(io_uring, DIES),
	ALL(bpf, DIES),
	ALL(unshare, DIES),
	ALL(setuid, DIES),
	ALL(memfd, DIES),
	ALL(pidfd_getfd, DIES),
	ALL(prctl, DIES),
#ifdef __x86_64__
	ALL(x32, DIES),
	ALL(i386, DIES),
#endif
};

static const struct {
	const char *name;
	long (*act)(int fd);
} reader_deeds[] = {
#define READER(deed)                                                                               \
	{                                                                                          \
#deed, deed_##deed                                                                 \
	}
	READER(read_inside),  READER(read_above),    READER(read_by_link),
	READER(write_inside), READER(create_inside), READER(list),
	READER(write_before), READER(widen),         READER(narrow),
};

/* --- the worker's side --- */

#define MSG_DEED   100
#define MSG_READER 101

static void *role_start(struct worker *w)
{
	return w;
}
static bool role_message(void *role, struct channel_message *m)
{
	if ((m->type != MSG_DEED && m->type != MSG_READER) || m->n != 4 || m->n_fds != 1)
		return false;
	long (*act)(int fd) =
	    m->type == MSG_DEED ? deeds[m->body[3]].act : reader_deeds[m->body[3]].act;
	uint8_t result = act(m->fds[0]) < 0 ? (uint8_t)errno : 0;
	worker_serving(role, 7);
	worker_send(role, MSG_DEED, &result, 1);
	channel_message_close_fds(m);
	return true;
}
static void role_tick(void *role, usec_t now)
{
}
static const char *const resolver_calls[] = { "socket",     "connect",    "accept4",
					      "sendmsg",    "sendmmsg",   "recvmmsg",
					      "getsockopt", "setsockopt", NULL };
static const char *const packets_calls[] = { "recvmmsg", NULL };
static const struct worker_role packets = { "packets", packets_calls, role_start, role_message,
					    role_tick };
static struct worker_role reader = { "reader", NULL, role_start, role_message, role_tick };
static const struct worker_role resolver = { "resolver", resolver_calls, role_start, role_message,
					     role_tick };

/* --- the test's side --- */

/* A packet socket bound to lo of the test's own namespace. */
static int packet_socket(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_ifindex = 1,
				  .sll_protocol = htons(ETH_P_IP) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void try_deed(const char *role, size_t i, enum outcome want)
{
	struct child c = start_worker(role);
	uint8_t number[4] = { 0, 0, 0, (uint8_t)i };
	struct channel_message m;
	int fd = packet_socket();

	assert_int_equal(channel_send(c.line, MSG_DEED, number, 4, &fd, 1), 0);
	bool alive = wait_message(&c, &m);
	int result = alive && m.n ? m.body[0] : -1;
	uint32_t serving = c.page->serving;
	int status = end_worker(&c);
	close(fd);
	if (want == WORKS && (!alive || result || status || serving != 7))
		fail_msg("%s cannot %s: errno %d, wait status 0x%x", role, deeds[i].name, result,
			 (unsigned)status);
	if (want == DIES && (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS))
		fail_msg("%s survives %s: errno %d, wait status 0x%x", role, deeds[i].name, result,
			 (unsigned)status);
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void filter_of_packets(void **state)
{
	need_root();
	for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
		if (!NETD_SANITIZED || deeds[i].as_packets == WORKS)
			try_deed("packets", i, deeds[i].as_packets);
}

static void filter_of_resolver(void **state)
{
	need_root();
	for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
		if ((!NETD_SANITIZED || deeds[i].as_resolver == WORKS) &&
		    deeds[i].act != deed_sendmsg_elsewhere)
			try_deed("resolver", i, deeds[i].as_resolver);
}

static void filter_of_reader(void **state)
{
	need_root();
	for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
		if (!NETD_SANITIZED || deeds[i].as_reader == WORKS)
			try_deed("reader", i, deeds[i].as_reader);
}

static void make_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	assert_int_equal(write(fd, "text", 4), 4);
	assert_int_equal(fchmod(fd, 0666), 0);
	close(fd);
}

/* TOP/outside, TOP/root/{inside/file,other,link}; everybody may do everything. */
static int make_folder(const char *top)
{
	static const char *const folders[] = { ".", "root", "root/inside" };
	int dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		(void)mkdirat(dir, folders[i], 0777);
		assert_int_equal(fchmodat(dir, folders[i], 0777, 0), 0);
	}
	make_file(dir, "outside");
	make_file(dir, "root/inside/file");
	make_file(dir, "root/other");
	assert_int_equal(symlinkat("../outside", dir, "root/link"), 0);
	int root = openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	close(dir);
	return root;
}

static void remove_folder(const char *top)
{
	static const char *const names[] = { "root/link", "root/other", "root/inside/file",
					     "outside" };
	int dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlinkat(dir, names[i], 0);
	unlinkat(dir, "root/inside", AT_REMOVEDIR);
	unlinkat(dir, "root", AT_REMOVEDIR);
	close(dir);
	rmdir(top);
}

/* What a reader gets out of its folder, and that it gets nothing else however it asks. */
static void landlock_of_reader(void **state)
{
	char top[] = "/tmp/netd-folder-XXXXXX";

	need_root();
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1)
		skip();
	assert_non_null(mkdtemp(top));
	int root = make_folder(top);
	for (size_t i = 0; i < ARRAY_LEN(reader_deeds); i++) {
		struct child c = start_worker("reader");
		uint8_t number[4] = { 0, 0, 0, (uint8_t)i };
		struct channel_message m;
		assert_int_equal(channel_send(c.line, MSG_READER, number, 4, &root, 1), 0);
		bool alive = wait_message(&c, &m);
		int result = alive && m.n ? m.body[0] : -1;
		int status = end_worker(&c);
		if (!alive || result || status)
			fail_msg("reader, %s: errno %d, wait status 0x%x", reader_deeds[i].name,
				 result, (unsigned)status);
	}
	close(root);
	remove_folder(top);
}

/* The same without the filter: each fence holds alone. */
static int look_around(void)
{
	struct err e = { 0 };

	if (privileges_worker(empty, PRIVILEGES_CONNECT, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	if (getuid() == 0 || geteuid() == 0 || getgid() == 0 || getgroups(0, NULL) != 0)
		return 2;
	if (setuid(0) == 0 || setgid(0) == 0)
		return 3;
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ||
	    open("/proc/self/status", O_RDONLY) >= 0)
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE) != 0)
		return 5;
	for (int cap = 0; cap < 40; cap++)
		if (prctl(PR_CAPBSET_READ, cap) > 0)
			return 6;
	if (socket(AF_PACKET, SOCK_RAW, 0) >= 0)
		return 7;
	return 0;
}

static void privileges_without_filter(void **state)
{
	int status;

	need_root();
	pid_t pid = fork();
	if (pid == 0)
		_exit(look_around());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void end_of_line(void **state)
{
	static const uint8_t cookie[8] = "12345678";
	struct channel_message m;

	need_root();
	struct child c = start_worker("packets");
	assert_int_equal(channel_send(c.line, MSG_PING, cookie, 8, NULL, 0), 0);
	assert_true(wait_message(&c, &m));
	assert_int_equal(m.type, MSG_PONG);
	assert_int_equal(memcmp(m.body, cookie, 8), 0);
	assert_int_equal(end_worker(&c), 0); /* the controller is gone: in good order */

	c = start_worker("packets");
	assert_int_equal(channel_send(c.line, 77, "", 0, NULL, 0), 0);
	assert_false(wait_message(&c, &m));
	assert_int_equal(WEXITSTATUS(end_worker(&c)), 1); /* not a message of ours */

	c = start_worker("unknown");
	assert_false(wait_message(&c, &m));
	assert_int_equal(WEXITSTATUS(end_worker(&c)), 2);
}

/* The files worker serves one network for all its life; what is no such order ends it. */
static void orders_to_a_files_worker(void **state)
{
	static const struct {
		uint32_t net_id;
		unsigned n_fds[2]; /* of the first and the second order; 0: none */
		int status;
	} rows[] = {
		{ 7, { FILES_FD_COUNT, 0 }, 0 },
		{ 7, { FILES_FD_HTTP, 0 }, 0 },
		{ 7, { FILES_FD_HTTP - 1, 0 }, 1 },
		{ 0, { FILES_FD_COUNT, 0 }, 1 },
		{ 7, { FILES_FD_COUNT, FILES_FD_COUNT }, 1 },
	};

	need_root();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct child c = start_worker("files");
		const struct message_files_serve m = { rows[i].net_id, 1500 };
		int fds[FILES_FD_COUNT];
		uint8_t body[FILES_MESSAGE_MAX];
		struct wr w = wr_over(body, sizeof(body));
		message_files_serve_encode(&w, &m);
		fds[FILES_FD_ROOT] = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		for (unsigned k = FILES_FD_REQUESTS; k < FILES_FD_COUNT; k++)
			fds[k] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		for (unsigned k = 0; k < 2 && rows[i].n_fds[k]; k++)
			assert_int_equal(channel_send(c.line, MSG_FILES_SERVE, body, wr_len(&w),
						      fds, rows[i].n_fds[k]),
					 0);
		for (unsigned k = 0; k < FILES_FD_COUNT; k++)
			close(fds[k]);
		int status = end_worker(&c);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != rows[i].status)
			fail_msg("row %zu: wait status 0x%x", i, (unsigned)status);
	}
}

static void trap_names_the_call(void **state)
{
	uint8_t number[4] = { 0 };
	struct channel_message m;
	char text[256] = "";
	int out[2];

	if (NETD_SANITIZED)
		skip();
	need_root();
	while (deeds[number[3]].act != deed_ptrace)
		number[3]++;
	assert_int_equal(pipe(out), 0);
	int stderr_copy = dup(2);
	dup2(out[1], 2);
	setenv("NETD_SECCOMP", "trap", 1);
	struct child c = start_worker("packets");
	unsetenv("NETD_SECCOMP");
	dup2(stderr_copy, 2);
	close(stderr_copy);
	close(out[1]);
	int fd = packet_socket();
	assert_int_equal(channel_send(c.line, MSG_DEED, number, 4, &fd, 1), 0);
	close(fd);
	assert_false(wait_message(&c, &m));
	int status = end_worker(&c);
	assert_true(read(out[0], text, sizeof(text) - 1) > 0);
	close(out[0]);
	assert_non_null(strstr(text, "ptrace"));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGSYS);
}

/* A network namespace of our own, with lo up: packets of the tests go nowhere. */
static int enter_namespace(void **state)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (geteuid() != 0)
		return 0;
	if (!mkdtemp(empty) || unshare(CLONE_NEWNET) < 0)
		return -1;
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return ioctl(fd, SIOCSIFFLAGS, &r);
}

static int leave_namespace(void **state)
{
	rmdir(empty);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct worker_role *const roles[] = { &packets, &resolver, &reader,
							   &role_files, NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter_of_packets),         cmocka_unit_test(filter_of_resolver),
		cmocka_unit_test(filter_of_reader),          cmocka_unit_test(landlock_of_reader),
		cmocka_unit_test(privileges_without_filter), cmocka_unit_test(end_of_line),
		cmocka_unit_test(orders_to_a_files_worker),  cmocka_unit_test(trap_names_the_call),
	};

	reader.syscalls = role_files.syscalls; /* the very ones */
	if (argc > 1)
		return worker_main(roles, argc, argv);
	return cmocka_run_group_tests(tests, enter_namespace, leave_namespace);
}
