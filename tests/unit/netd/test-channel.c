/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line between two processes: whole messages, descriptors, large bodies, back-pressure, and a
 * peer that lies. */
#include "netd/process/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

struct pair {
	struct channel *a, *b;
};

static struct pair make_pair(void)
{
	int fd[2];
	struct pair p;

	assert_int_equal(channel_pair(fd, NULL), 0);
	p.a = channel_new(fd[0]);
	p.b = channel_new(fd[1]);
	assert_non_null(p.a);
	assert_non_null(p.b);
	return p;
}

static void free_pair(struct pair *p)
{
	channel_free(p->a);
	channel_free(p->b);
}

static unsigned open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static uint8_t *pattern(size_t n)
{
	uint8_t *b = malloc(n + 1);

	assert_non_null(b);
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(i * 7 + i / 251);
	return b;
}

static void bodies_of_every_size(void **state)
{
	static const size_t sizes[] = { 0,
					1,
					4,
					CHANNEL_INLINE_MAX - 1,
					CHANNEL_INLINE_MAX,
					CHANNEL_INLINE_MAX + 1,
					CHANNEL_BODY_MAX };
	unsigned before = open_fds();
	struct pair p = make_pair();
	struct channel_message m;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		uint8_t *body = pattern(sizes[i]);
		assert_int_equal(channel_send(p.a, 40 + (uint32_t)i, body, sizes[i], NULL, 0), 0);
		assert_int_equal(channel_receive(p.b, &m), 1);
		assert_int_equal(m.type, 40 + i);
		assert_int_equal(m.n, sizes[i]);
		assert_int_equal(m.n_fds, 0);
		assert_int_equal(memcmp(m.body, body, sizes[i]), 0);
		free(body);
	}
	assert_int_equal(channel_send(p.a, 1, "", CHANNEL_BODY_MAX + 1, NULL, 0), -EMSGSIZE);
	assert_int_equal(channel_receive(p.b, &m), 0);
	free_pair(&p);
	assert_int_equal(open_fds(), before);
}

static void descriptors_travel(void **state)
{
	unsigned before = open_fds();
	struct pair p = make_pair();
	struct channel_message m;
	struct stat want, got;
	int fds[CHANNEL_FDS_MAX + 1];
	uint8_t *large = pattern(CHANNEL_INLINE_MAX + 9);

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = memfd_create("x", MFD_CLOEXEC);
	assert_int_equal(channel_send(p.a, 2, "abc", 3, fds, CHANNEL_FDS_MAX), 0);
	assert_int_equal(channel_send(p.a, 3, large, CHANNEL_INLINE_MAX + 9, fds, CHANNEL_FDS_MAX),
			 0);
	assert_int_equal(channel_send(p.a, 4, "", 0, fds, CHANNEL_FDS_MAX + 1), -EMSGSIZE);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(channel_receive(p.b, &m), 1);
		assert_int_equal(m.n_fds, CHANNEL_FDS_MAX);
		for (size_t i = 0; i < m.n_fds; i++) {
			assert_int_equal(fstat(fds[i], &want), 0);
			assert_int_equal(fstat(m.fds[i], &got), 0);
			assert_int_equal(want.st_ino, got.st_ino);
			assert_int_equal(fcntl(m.fds[i], F_GETFD), FD_CLOEXEC);
		}
		channel_message_close_fds(&m);
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	free(large);
	free_pair(&p);
	assert_int_equal(open_fds(), before);
}

/* What doesn't fit waits, in order, with its descriptors, although the sender closes its own at
 * once. */
static void queue_keeps_order(void **state)
{
	unsigned before = open_fds();
	struct pair p = make_pair();
	struct channel_message m;
	uint32_t sent = 0, received = 0;
	uint8_t *body = pattern(3000);

	while (sent < 500) {
		int fd = memfd_create("x", MFD_CLOEXEC);
		assert_int_equal(channel_send(p.a, sent, body, 3000, &fd, 1), 0);
		close(fd);
		sent++;
	}
	assert_true(channel_wants_write(p.a));
	while (received < sent) {
		int r = channel_receive(p.b, &m);
		if (r == 0) {
			assert_int_equal(channel_flush(p.a), 0);
			continue;
		}
		assert_int_equal(r, 1);
		assert_int_equal(m.type, received);
		assert_int_equal(m.n_fds, 1);
		assert_int_equal(memcmp(m.body, body, 3000), 0);
		channel_message_close_fds(&m);
		received++;
	}
	assert_false(channel_wants_write(p.a));
	free(body);
	free_pair(&p);
	assert_int_equal(open_fds(), before);
}

static void queue_is_bounded(void **state)
{
	unsigned before = open_fds();
	struct pair p = make_pair();
	uint8_t *body = pattern(CHANNEL_INLINE_MAX);
	size_t n = 0;
	int r;

	while ((r = channel_send(p.a, 1, body, CHANNEL_INLINE_MAX, NULL, 0)) == 0)
		n++;
	assert_int_equal(r, -ENOBUFS);
	assert_in_range(n, CHANNEL_QUEUE_MAX / CHANNEL_INLINE_MAX - 16,
			CHANNEL_QUEUE_MAX / CHANNEL_INLINE_MAX + 64);
	free(body);
	free_pair(&p); /* with a full queue */
	assert_int_equal(open_fds(), before);
}

static void other_side_gone(void **state)
{
	struct pair p = make_pair();
	struct channel_message m;

	assert_int_equal(channel_send(p.b, 9, "last", 4, NULL, 0), 0);
	channel_free(take_ptr(p.b));
	assert_int_equal(channel_receive(p.a, &m), 1);
	assert_int_equal(m.type, 9);
	assert_int_equal(channel_receive(p.a, &m), -EPIPE);
	assert_int_equal(channel_send(p.a, 1, "", 0, NULL, 0), -EPIPE);
	free_pair(&p);
}

/* A raw datagram with `n_fds` copies of fd. */
static void send_raw(int to, const void *bytes, size_t n, int fd, size_t n_fds)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * 64)];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec io = { (void *)(uintptr_t)bytes, n };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };

	if (n_fds) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		for (size_t i = 0; i < n_fds; i++)
			memcpy(CMSG_DATA(h) + i * sizeof(int), &fd, sizeof(int));
	}
	assert_int_equal(sendmsg(to, &m, 0), n);
}

static int memfd_of(size_t n, unsigned seals)
{
	int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, (off_t)n), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

#define ALL_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define HEADER(n)                                                                                  \
	{                                                                                          \
		0, 0, 0, 1, (n) >> 24 & 255, (n) >> 16 & 255, (n) >> 8 & 255, (n)&255              \
	}
#define LARGE (CHANNEL_INLINE_MAX + 100)

static const struct hostile {
	const char *name;
	uint8_t header[8];
	size_t n; /* octets of the datagram: the header and zeros */
	enum { NO_FD, MEMFD, MEMFD_SHORT, MEMFD_UNSEALED, PIPE } what;
	size_t n_fds;
	int want;
} hostile[] = {
	{ "header alone is too short", HEADER(0), 7, NO_FD, 0, -EPROTO },
	{ "one octet", HEADER(0), 1, NO_FD, 0, -EPROTO },
	{ "announces more than it has", HEADER(5), 12, NO_FD, 0, -EPROTO },
	{ "announces less than it has", HEADER(3), 12, NO_FD, 0, -EPROTO },
	{ "longer than any datagram of ours", HEADER(CHANNEL_INLINE_MAX),
	  8 + CHANNEL_INLINE_MAX + 1, NO_FD, 0, -EPROTO },
	{ "far longer", HEADER(CHANNEL_INLINE_MAX), 8 + CHANNEL_INLINE_MAX + 5000, NO_FD, 0,
	  -EPROTO },
	{ "4 GiB", HEADER(0xffffffffU), 8, MEMFD, 1, -EPROTO },
	{ "large without a memfd", HEADER(LARGE), 8, NO_FD, 0, -EPROTO },
	{ "large and inline octets as well", HEADER(LARGE), 12, MEMFD, 1, -EPROTO },
	{ "memfd of another size", HEADER(LARGE), 8, MEMFD_SHORT, 1, -EPROTO },
	{ "memfd that could change", HEADER(LARGE), 8, MEMFD_UNSEALED, 1, -EPROTO },
	{ "a pipe in its place", HEADER(LARGE), 8, PIPE, 1, -EPROTO },
	{ "9 descriptors", HEADER(0), 8, PIPE, 9, -EPROTO },
	{ "10 descriptors", HEADER(0), 8, PIPE, 10, -EPROTO },
	{ "60 descriptors", HEADER(0), 8, PIPE, 60, -EPROTO },
	{ "descriptors with nothing else", HEADER(0), 1, PIPE, 3, -EPROTO },
	{ "an ordinary one", HEADER(4), 12, PIPE, 8, 1 },
	{ "an ordinary large one", HEADER(LARGE), 8, MEMFD, 1, 1 },
};

static void hostile_peer(void **state)
{
	static uint8_t datagram[8 + CHANNEL_INLINE_MAX + 5000];

	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		const struct hostile *h = &hostile[i];
		unsigned before = open_fds();
		struct pair p = make_pair();
		struct channel_message m;
		int end[2];

		assert_int_equal(pipe2(end, O_CLOEXEC), 0);
		int fd = h->what == MEMFD            ? memfd_of(LARGE, ALL_SEALS)
			 : h->what == MEMFD_SHORT    ? memfd_of(LARGE - 1, ALL_SEALS)
			 : h->what == MEMFD_UNSEALED ? memfd_of(LARGE, F_SEAL_GROW)
						     : dup(end[0]);
		memcpy(datagram, h->header, 8);
		send_raw(channel_fd(p.a), datagram, h->n, fd, h->n_fds);
		int r = channel_receive(p.b, &m);
		if (r != h->want)
			fail_msg("%s: got %d, want %d", h->name, r, h->want);
		channel_message_close_fds(&m);
		close(fd);
		close(end[0]);
		close(end[1]);
		free_pair(&p);
		if (open_fds() != before)
			fail_msg("%s: descriptors leaked", h->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_of_every_size), cmocka_unit_test(descriptors_travel),
		cmocka_unit_test(queue_keeps_order),    cmocka_unit_test(queue_is_bounded),
		cmocka_unit_test(other_side_gone),      cmocka_unit_test(hostile_peer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
