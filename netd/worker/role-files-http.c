/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-files-http.c — connections: a request is read, its head and then the file are sent, the next
 * one is read.
 *
 * While an answer is on its way nothing is read, so a client can't pile up requests. A connection
 * has a time for its next request and one for taking some of its answer; octets that complete
 * nothing renew neither. When all places are taken the one that waits longest for a request makes
 * room; who is being sent a file is never put out. */
#include "netd/worker/role-files-internal.h"

#include "base/addr.h"
#include "tftp/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#define ACCEPT_ONCE  32
#define SEND_ONCE    (1024 * 1024) /* octets in a turn: others wait */
#define LINGER_SEC   2
#define ANSWERS_ONCE 16

enum state {
	READING,
	ANSWERING,
	LEAVING, /* all is sent; what the client still sends is thrown away, or its RST would take
		    the answer along */
};

struct connection {
	struct list link; /* in role->connections; the one that came into its state first, first */
	struct files_role *role;
	int fd, file; /* file -1: none */
	struct ip client;
	enum state state;
	uint32_t events;
	usec_t until;
	struct http_answer answer;
	size_t head_sent;
	uint64_t offset, left; /* of the file */
	size_t n_in;
	uint8_t in[HTTP_HEAD_MAX];
};

static void connection_free(struct connection *c)
{
	worker_unwatch(c->role->w, c->fd);
	close_fd(&c->fd);
	close_fd(&c->file);
	list_remove(&c->link);
	c->role->n_connections--;
	free(c);
}

static void set_state(struct connection *c, enum state state, unsigned sec, usec_t now)
{
	c->state = state;
	c->until = now + sec * USEC_PER_SEC;
	list_remove(&c->link);
	list_add_tail(&c->role->connections, &c->link);
}

/* ---- answers ---- */

static void begin_answer(struct connection *c, const struct http_request *q, usec_t now)
{
	struct http_file file = { 0 };
	struct stat st;
	int fd = q->status ? -ENOENT : role_files_open(c->role, q->path, &st);

	if (fd >= 0)
		file = (struct http_file){ (uint64_t)st.st_size, st.st_mtime };
	http_answer(q, MIN_OF(fd, 0), &file, (int64_t)(clock_wall() / USEC_PER_SEC), &c->answer);
	c->file = fd >= 0 ? fd : -1;
	c->head_sent = 0;
	c->offset = c->answer.offset;
	c->left = c->answer.length;
	c->role->n_http++;
	set_state(c, ANSWERING, FILES_STUCK_SEC, now);
}

/* The number of octets sent, 0 when the client takes none now, or -1. */
static ssize_t send_some(struct connection *c)
{
	off_t at = (off_t)c->offset;
	ssize_t n;

	do {
		if (c->head_sent < c->answer.n)
			n = send(c->fd, c->answer.head + c->head_sent, c->answer.n - c->head_sent,
				 MSG_NOSIGNAL | (c->left ? MSG_MORE : 0));
		else
			n = sendfile(c->fd, c->file, &at,
				     (size_t)MIN_OF(c->left, (uint64_t)SEND_ONCE));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	if (c->head_sent < c->answer.n) {
		c->head_sent += (size_t)n;
		return n;
	}
	c->offset += (uint64_t)n;
	c->left -= (uint64_t)n;
	return n ? n : -1; /* the file has been cut: the length that was promised can't be kept */
}

/* False: the connection is to be ended at once. */
static bool send_answer(struct connection *c, usec_t now)
{
	size_t total = 0;
	ssize_t n = 1;

	while ((c->head_sent < c->answer.n || c->left) && n > 0 && total < SEND_ONCE) {
		n = send_some(c);
		total += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return false;
	if (total)
		c->until = now + FILES_STUCK_SEC * USEC_PER_SEC;
	if (c->head_sent < c->answer.n || c->left)
		return true;
	close_fd(&c->file);
	if (c->answer.close && shutdown(c->fd, SHUT_WR) < 0)
		return false;
	set_state(c, c->answer.close ? LEAVING : READING,
		  c->answer.close ? LINGER_SEC : FILES_HEAD_SEC, now);
	return true;
}

/* The next request, when it is here. */
static bool next_request(struct connection *c, usec_t now)
{
	struct http_request q;
	size_t n = http_request_parse(c->in, c->n_in, &q);

	if (n == 0)
		return false;
	c->n_in -= n;
	memmove(c->in, c->in + n, c->n_in);
	begin_answer(c, &q, now);
	return true;
}

/* ---- the connection ---- */

static void wait_for_more(struct connection *c)
{
	uint32_t events = c->state == ANSWERING ? EPOLLOUT : EPOLLIN;

	if (events == c->events)
		return;
	c->events = events;
	if (worker_rewatch(c->role->w, c->fd, events) < 0)
		connection_free(c);
}

/* c may be gone afterwards. */
static void go_on(struct connection *c, usec_t now)
{
	for (unsigned i = 0;; i++) {
		if (c->state == READING && !next_request(c, now))
			break;
		/* After so many the next answer waits until epoll says what is known already:
		 * others come first. */
		if (c->state == LEAVING || i == ANSWERS_ONCE)
			break;
		if (!send_answer(c, now)) {
			connection_free(c);
			return;
		}
		if (c->state == ANSWERING)
			break;
	}
	wait_for_more(c);
}

/* False: the client has gone, or has no more to ask. */
static bool read_in(struct connection *c)
{
	static uint8_t thrown_away[16 * 1024];
	bool reading = c->state == READING;
	uint8_t *to = reading ? c->in + c->n_in : thrown_away;
	ssize_t n;

	do
		n = recv(c->fd, to, reading ? sizeof(c->in) - c->n_in : sizeof(thrown_away), 0);
	while (n < 0 && errno == EINTR);
	if (n > 0 && reading)
		c->n_in += (size_t)n;
	return n > 0 || (n < 0 && errno == EAGAIN);
}

static void connection_ready(void *data, int fd, uint32_t events, usec_t now)
{
	struct connection *c = data;
	struct files_role *role = c->role;

	worker_serving(role->w, role->net_id);
	if (events & (EPOLLERR | EPOLLHUP) ||
	    (events & EPOLLIN && c->state != ANSWERING && !read_in(c)))
		connection_free(c);
	else
		go_on(c, now);
	role_files_settle(role, now);
	worker_serving(role->w, 0);
}

static bool has_room(struct files_role *role, const struct ip *client)
{
	struct connection *c, *idle = NULL;
	unsigned n = 0;

	list_foreach (c, &role->connections, struct connection, link) {
		n += ip_equal(&c->client, client);
		if (!idle && c->state != ANSWERING)
			idle = c;
	}
	if (n >= FILES_PER_CLIENT_MAX)
		return false;
	if (role->n_connections < FILES_CONNECTIONS_MAX)
		return true;
	if (idle)
		connection_free(idle);
	return idle != NULL;
}

static void connection_new(struct files_role *role, int fd, const struct ip *client, usec_t now)
{
	auto_close int keep = fd;
	struct connection *c = has_room(role, client) ? malloc(sizeof(*c)) : NULL;

	if (!c)
		return;
	*c = (struct connection){
		.role = role, .fd = fd, .file = -1, .client = *client, .events = EPOLLIN
	};
	if (worker_watch(role->w, fd, EPOLLIN, connection_ready, c) < 0) {
		free(c);
		return;
	}
	(void)take_fd(&keep);
	list_init(&c->link);
	role->n_connections++;
	set_state(c, READING, FILES_HEAD_SEC, now);
}

union peer {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static struct ip ip_of(const union peer *peer)
{
	struct ip ip = { .family = AF_INET6 };

	if (peer->any.sa_family == AF_INET)
		return ip_from_v4(ntohl(peer->v4.sin_addr.s_addr));
	memcpy(ip.v6, &peer->v6.sin6_addr, sizeof(ip.v6));
	return ip;
}

void role_files_http_ready(void *data, int fd, uint32_t events, usec_t now)
{
	struct files_role *role = data;

	worker_serving(role->w, role->net_id);
	for (unsigned i = 0; i < ACCEPT_ONCE; i++) {
		union peer peer = { .v6 = { 0 } };
		socklen_t len = sizeof(peer);
		int conn = accept4(fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (conn < 0)
			break;
		struct ip client = ip_of(&peer);
		connection_new(role, conn, &client, now);
	}
	role_files_settle(role, now);
	worker_serving(role->w, 0);
}

usec_t role_files_http_deadline(const struct files_role *role)
{
	const struct connection *c;
	usec_t first = USEC_INFINITY;

	list_foreach (c, &role->connections, struct connection, link)
		first = MIN_OF(first, c->until);
	return first;
}

void role_files_http_tick(struct files_role *role, usec_t now)
{
	struct connection *c;

	list_foreach (c, &role->connections, struct connection, link)
		if (c->until <= now)
			connection_free(c);
}
