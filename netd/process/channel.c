/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/process/channel.h"

#include "base/cursor.h"
#include "base/list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* On the wire: type, length of the body, and the body unless it is larger than CHANNEL_INLINE_MAX:
 * then the datagram ends here and its last descriptor is the memfd. */
#define HEADER_SIZE  8
#define DATAGRAM_MAX (HEADER_SIZE + CHANNEL_INLINE_MAX)
#define WIRE_FDS_MAX (CHANNEL_FDS_MAX + 1)
#define BODY_SEALS   (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* A datagram that the socket didn't take. Owns its descriptors. */
struct waiting {
	struct list on_queue;
	size_t n, n_fds;
	int fds[WIRE_FDS_MAX];
	uint8_t datagram[];
};

struct channel {
	int fd;
	struct list queue;
	size_t queued;  /* octets of datagrams and memfds */
	uint8_t *large; /* the last body that came in a memfd */
	uint8_t out[DATAGRAM_MAX];
	uint8_t in[DATAGRAM_MAX + 1]; /* one more, to notice what is too long */
};

int channel_pair(int ret_fd[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fd) < 0)
		return err_sys(e, errno, "cannot make a socket pair");
	return 0;
}

struct channel *channel_new(int fd)
{
	struct channel *c = malloc(sizeof(*c));

	if (!c) {
		close(fd);
		return NULL;
	}
	c->fd = fd;
	c->queued = 0;
	c->large = NULL;
	list_init(&c->queue);
	return c;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close_fd(&fds[i]);
}

static void waiting_free(struct waiting *w)
{
	list_remove(&w->on_queue);
	close_all(w->fds, w->n_fds);
	free(w);
}

void channel_free(struct channel *c)
{
	struct waiting *w;

	if (!c)
		return;
	list_foreach (w, &c->queue, struct waiting, on_queue)
		waiting_free(w);
	free(c->large);
	close_fd(&c->fd);
	free(c);
}

int channel_fd(const struct channel *c)
{
	return c->fd;
}

/* One datagram to the socket. send() where it serves: a worker's filter knows no sendmsg(). */
static int put(int fd, const void *datagram, size_t n, const int *fds, size_t n_fds)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec io = { .iov_base = (void *)(uintptr_t)datagram, .iov_len = n };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
	ssize_t r;

	if (n_fds) {
		size_t bytes = sizeof(int) * n_fds;
		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(bytes);
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(bytes);
		memcpy(CMSG_DATA(h), fds, bytes);
	}
	do
		r = n_fds ? sendmsg(fd, &m, MSG_NOSIGNAL) : send(fd, datagram, n, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r >= 0)
		return 0;
	return errno == ECONNRESET || errno == ENOTCONN ? -EPIPE : -errno;
}

static bool is_full(int r)
{
	return r == -EAGAIN || r == -ENOBUFS;
}

/* Keep what didn't go. `weight` is what it costs of CHANNEL_QUEUE_MAX. */
static int enqueue(struct channel *c, size_t n, const int *fds, size_t n_fds, size_t weight)
{
	if (weight > CHANNEL_QUEUE_MAX - c->queued)
		return -ENOBUFS;
	struct waiting *w = malloc(sizeof(*w) + n);
	if (!w)
		return -ENOMEM;
	list_init(&w->on_queue);
	memcpy(w->datagram, c->out, n);
	w->n = n;
	for (w->n_fds = 0; w->n_fds < n_fds; w->n_fds++) {
		int copy = fcntl(fds[w->n_fds], F_DUPFD_CLOEXEC, 0);
		if (copy < 0) {
			int r = -errno;
			waiting_free(w);
			return r;
		}
		w->fds[w->n_fds] = copy;
	}
	list_add_tail(&c->queue, &w->on_queue);
	c->queued += weight;
	return 0;
}

/* What a queued datagram costs: its octets and those of its memfd, which are the length it
 * announces. */
static size_t weight_of(const uint8_t *datagram, size_t n)
{
	struct rd r = rd_over(datagram, n);

	rd_skip(&r, 4);
	return sizeof(struct waiting) + HEADER_SIZE + rd_u32(&r);
}

static int send_datagram(struct channel *c, size_t n, const int *fds, size_t n_fds)
{
	if (list_is_empty(&c->queue)) {
		int r = put(c->fd, c->out, n, fds, n_fds);
		if (!is_full(r))
			return r;
	}
	return enqueue(c, n, fds, n_fds, weight_of(c->out, n));
}

/* A sealed memfd with the body in it, or -errno. */
static int body_in_memfd(const uint8_t *body, size_t n)
{
	auto_close int fd = memfd_create("netd-message", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < n;) {
		ssize_t r = pwrite(fd, body + done, n - done, (off_t)done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		done += (size_t)r;
	}
	if (fcntl(fd, F_ADD_SEALS, BODY_SEALS | F_SEAL_SEAL) < 0)
		return -errno;
	return take_fd(&fd);
}

int channel_send(struct channel *c, uint32_t type, const void *body, size_t n, const int *fds,
		 size_t n_fds)
{
	struct wr w = wr_over(c->out, sizeof(c->out));
	int all[WIRE_FDS_MAX];

	if (n > CHANNEL_BODY_MAX || n_fds > CHANNEL_FDS_MAX)
		return -EMSGSIZE;
	wr_u32(&w, type);
	wr_u32(&w, (uint32_t)n);
	if (n <= CHANNEL_INLINE_MAX) {
		wr_bytes(&w, body, n);
		return send_datagram(c, wr_len(&w), fds, n_fds);
	}
	auto_close int memfd = body_in_memfd(body, n);
	if (memfd < 0)
		return memfd;
	if (n_fds)
		memcpy(all, fds, n_fds * sizeof(*fds));
	all[n_fds] = memfd;
	return send_datagram(c, wr_len(&w), all, n_fds + 1);
}

bool channel_wants_write(const struct channel *c)
{
	return !list_is_empty(&c->queue);
}

int channel_flush(struct channel *c)
{
	struct waiting *w;

	list_foreach (w, &c->queue, struct waiting, on_queue) {
		int r = put(c->fd, w->datagram, w->n, w->fds, w->n_fds);
		if (is_full(r))
			return 0;
		if (r < 0)
			return r;
		c->queued -= weight_of(w->datagram, w->n);
		waiting_free(w);
	}
	return 0;
}

void channel_message_close_fds(struct channel_message *m)
{
	close_all(m->fds, m->n_fds);
	m->n_fds = 0;
}

/* Take the descriptors out of the control data; false when there were more than anybody of ours
 * sends. The kernel has closed those that found no room. */
static bool take_fds(struct msghdr *h, int *fds, size_t *n_fds)
{
	for (struct cmsghdr *k = CMSG_FIRSTHDR(h); k; k = CMSG_NXTHDR(h, k)) {
		if (k->cmsg_level != SOL_SOCKET || k->cmsg_type != SCM_RIGHTS)
			continue;
		size_t bytes = k->cmsg_len - CMSG_LEN(0);
		memcpy(fds + *n_fds, CMSG_DATA(k), bytes); /* fits: sized for WIRE_FDS_MAX in all */
		*n_fds += bytes / sizeof(int);
	}
	return !(h->msg_flags & MSG_CTRUNC);
}

/* Copy a body out of its memfd. That the file has seals tells that it is memory, so that reading
 * cannot block; that it is a copy tells that it doesn't change under the decoder. */
static int read_memfd(struct channel *c, int fd, size_t n)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & BODY_SEALS) != BODY_SEALS)
		return -EPROTO;
	if (lseek(fd, 0, SEEK_END) != (off_t)n)
		return -EPROTO;
	c->large = malloc(n);
	if (!c->large)
		return -ENOMEM;
	for (size_t done = 0; done < n;) {
		ssize_t r = pread(fd, c->large + done, n - done, (off_t)done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -EPROTO;
		done += (size_t)r;
	}
	return 0;
}

/* Fill *m from a datagram of n octets in c->in. m->fds may hold a memfd more than the caller is to
 * see. */
static int parse(struct channel *c, size_t n, int *fds, size_t n_fds, struct channel_message *m)
{
	struct rd r = rd_over(c->in, n);
	int ret = 0;

	m->type = rd_u32(&r);
	m->n = rd_u32(&r);
	if (r.bad || m->n > CHANNEL_BODY_MAX)
		return -EPROTO;
	if (m->n <= CHANNEL_INLINE_MAX) {
		m->body = rd_bytes(&r, m->n);
		if (r.bad)
			return -EPROTO;
	} else {
		if (n_fds == 0)
			return -EPROTO;
		n_fds--;
		ret = read_memfd(c, fds[n_fds], m->n);
		close_fd(&fds[n_fds]);
		m->body = c->large;
	}
	if (rd_left(&r) || n_fds > CHANNEL_FDS_MAX || ret < 0)
		return ret < 0 ? ret : -EPROTO;
	memcpy(m->fds, fds, n_fds * sizeof(*fds));
	m->n_fds = n_fds;
	return 1;
}

int channel_receive(struct channel *c, struct channel_message *m)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec io = { .iov_base = c->in, .iov_len = sizeof(c->in) };
	struct msghdr h = { .msg_iov = &io,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	int fds[WIRE_FDS_MAX + 1]; /* the space's alignment lets the kernel fit one more */
	size_t n_fds = 0;
	ssize_t n;

	free(take_ptr(c->large));
	*m = (struct channel_message){ 0 };
	do
		n = recvmsg(c->fd, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	int r = -EPROTO;
	if (take_fds(&h, fds, &n_fds) && !(h.msg_flags & MSG_TRUNC))
		r = n == 0 && n_fds == 0 ? -EPIPE : parse(c, (size_t)n, fds, n_fds, m);
	if (r != 1) {
		close_all(fds, n_fds);
		m->n_fds = 0;
	}
	return r;
}
