/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-files-tftp.c — datagrams in and out, many by one system call. Content is read from the file
 * into the packet. */
#include "netd/worker/role-files-internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH         64   /* a window */
#define BATCHES_ONCE  4    /* per wake-up and socket */
#define REQUEST_MAX   1024 /* octets; what is longer is cut, and refused for it */
#define OUT_OCTETS    (256 * 1024)
#define SEGMENTS_MAX  64    /* Linux 4.18 */
#define SEGMENTED_MAX 65000 /* octets of an IPv4 packet, generously */

/* One datagram, or several of one length (but for the last) to one client, which the kernel cuts
 * apart as late as it can: a whole window costs little more than a block. */
struct outgoing {
	struct sockaddr_in to;
	struct iovec iov;
	uint16_t segment; /* octets of the first datagram */
	unsigned n;       /* datagrams */
	uint8_t control[CMSG_SPACE(sizeof(uint16_t))] __attribute__((aligned(sizeof(size_t))));
};

struct files_tftp {
	struct mmsghdr in[BATCH];
	struct iovec in_iov[BATCH];
	struct sockaddr_in from[BATCH];
	uint8_t request[BATCH][REQUEST_MAX];
	struct mmsghdr out[BATCH];
	struct outgoing what[BATCH];
	unsigned n_out;
	int out_fd; /* all that wait leave through this one */
	size_t used, room_at;
	uint8_t octets[OUT_OCTETS];
};

_Static_assert(OUT_OCTETS >= TFTP_MTU_MAX, "any packet fits");

/* ---- out ---- */

static void set_message(struct mmsghdr *m, struct outgoing *o, struct iovec *iov)
{
	*m = (struct mmsghdr){ .msg_hdr = { .msg_name = &o->to,
					    .msg_namelen = sizeof(o->to),
					    .msg_iov = iov,
					    .msg_iovlen = 1 } };
}

/* Where segments are not to be had (a bridge with ports of another MTU). */
static void send_apart(int fd, struct outgoing *o)
{
	struct iovec rest = o->iov, one;
	struct mmsghdr m;

	while (rest.iov_len) {
		one = (struct iovec){ rest.iov_base, MIN_OF(rest.iov_len, (size_t)o->segment) };
		set_message(&m, o, &one);
		if (sendmmsg(fd, &m, 1, 0) < 0 && errno == EAGAIN)
			return;
		rest.iov_base = (uint8_t *)rest.iov_base + one.iov_len;
		rest.iov_len -= one.iov_len;
	}
}

static void flush(struct files_tftp *p)
{
	unsigned sent = 0;

	while (sent < p->n_out) {
		int r = sendmmsg(p->out_fd, &p->out[sent], p->n_out - sent, 0);
		if (r > 0) {
			sent += (unsigned)r;
		} else if (errno == EAGAIN) {
			break;               /* the timer repeats it */
		} else if (errno != EINTR) { /* this one can't be sent, or not like this */
			if (p->what[sent].n > 1)
				send_apart(p->out_fd, &p->what[sent]);
			sent++;
		}
	}
	p->n_out = 0;
}

static uint8_t *make_room(void *data, size_t n)
{
	struct files_tftp *p = ((struct files_role *)data)->packets;

	if (p->n_out == BATCH || p->used + n > sizeof(p->octets)) {
		flush(p);
		p->used = 0;
	}
	p->room_at = p->used;
	return p->octets + p->room_at;
}

/* Append to the datagrams that wait, when it is one more of the same. */
static bool join(struct files_tftp *p, const struct sockaddr_in *to, const uint8_t *bytes, size_t n)
{
	struct outgoing *o = p->n_out ? &p->what[p->n_out - 1] : NULL;

	if (!o || o->to.sin_port != to->sin_port || o->to.sin_addr.s_addr != to->sin_addr.s_addr ||
	    (uint8_t *)o->iov.iov_base + o->iov.iov_len != bytes)
		return false;
	if (n > o->segment || o->iov.iov_len != (size_t)o->n * o->segment || o->n == SEGMENTS_MAX ||
	    o->iov.iov_len + n > SEGMENTED_MAX)
		return false;
	o->iov.iov_len += n;
	if (++o->n > 2)
		return true;
	struct msghdr *h = &p->out[p->n_out - 1].msg_hdr;
	h->msg_control = o->control;
	h->msg_controllen = sizeof(o->control);
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(o->segment));
	memcpy(CMSG_DATA(c), &o->segment, sizeof(o->segment));
	return true;
}

static void send_packet(void *data, const struct tftp_peer *peer, size_t n)
{
	struct files_role *role = data;
	struct files_tftp *p = role->packets;
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(peer->port),
				  .sin_addr.s_addr = htonl(peer->ip) };
	uint8_t *bytes = p->octets + p->room_at;
	int fd = role->data[peer->socket];

	if (p->n_out && fd != p->out_fd)
		flush(p);
	p->out_fd = fd;
	p->used = p->room_at + n;
	if (join(p, &to, bytes, n))
		return;
	struct outgoing *o = &p->what[p->n_out];
	*o = (struct outgoing){ .to = to, .iov = { bytes, n }, .segment = (uint16_t)n, .n = 1 };
	set_message(&p->out[p->n_out++], o, &o->iov);
}

static void flush_all(struct files_role *role)
{
	flush(role->packets);
	role->packets->used = 0;
}

/* ---- files: a handle is a descriptor ---- */

static int open_file(void *data, const char *path, uint64_t *ret_size)
{
	struct stat st;
	int fd = role_files_open(data, path, &st);

	if (fd >= 0)
		*ret_size = (uint64_t)st.st_size;
	return fd;
}

/* Files of /proc give less at once than they have. */
static ssize_t read_file(void *data, int file, uint64_t offset, uint8_t *to, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(file, to + got, n - got, (off_t)(offset + got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

static void close_file(void *data, int file)
{
	close(file);
}

/* ---- in ---- */

/* The kernel overwrites the lengths of what it fills. */
static void make_ready(struct files_tftp *p, unsigned i)
{
	p->in_iov[i] = (struct iovec){ p->request[i], sizeof(p->request[i]) };
	p->in[i].msg_hdr = (struct msghdr){ .msg_name = &p->from[i],
					    .msg_namelen = sizeof(p->from[i]),
					    .msg_iov = &p->in_iov[i],
					    .msg_iovlen = 1 };
}

static void take(struct files_role *role, int fd, unsigned i, usec_t now)
{
	const struct files_tftp *p = role->packets;
	struct tftp_peer peer = { .ip = ntohl(p->from[i].sin_addr.s_addr),
				  .port = ntohs(p->from[i].sin_port) };
	size_t n = p->in[i].msg_len;

	if (p->from[i].sin_family != AF_INET)
		return;
	if (fd == role->requests) {
		(void)tftp_request(role->tftp, peer.ip, peer.port, p->request[i], n, now);
		return;
	}
	while (peer.socket < FILES_DATA_SOCKETS && role->data[peer.socket] != fd)
		peer.socket++;
	(void)tftp_input(role->tftp, &peer, p->request[i], n, now);
}

void role_files_tftp_ready(void *data, int fd, uint32_t events, usec_t now)
{
	struct files_role *role = data;
	int n = BATCH;

	worker_serving(role->w, role->net_id);
	for (unsigned round = 0; round < BATCHES_ONCE && n == BATCH; round++) {
		n = recvmmsg(fd, role->packets->in, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			take(role, fd, (unsigned)i, now);
			make_ready(role->packets, (unsigned)i);
		}
		flush_all(role);
	}
	role_files_settle(role, now);
	worker_serving(role->w, 0);
}

void role_files_tftp_tick(struct files_role *role, usec_t now)
{
	if (!role->tftp || tftp_deadline(role->tftp) > now)
		return;
	tftp_tick(role->tftp, now);
	flush_all(role);
}

bool role_files_tftp_start(struct files_role *role, unsigned mtu)
{
	const struct tftp_io io = {
		role, open_file, read_file, close_file, make_room, send_packet
	};

	role->packets = calloc(1, sizeof(*role->packets));
	role->tftp = tftp_new(mtu, FILES_DATA_SOCKETS, &io);
	for (unsigned i = 0; role->packets && i < BATCH; i++)
		make_ready(role->packets, i);
	return role->packets && role->tftp;
}
