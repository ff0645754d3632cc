/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client.c — the line to the daemon: connect, send a call, wait for its reply, keep the events that
 * come between. What the calls mean is in client-calls.c. */
#include "rpc/client.h"

#include "base/clock.h"
#include "rpc/frame.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define EVENTS_MAX 1024u /* kept while nobody asks for them; then the oldest is forgotten */

struct rpc_client {
	int fd;
	uint32_t serial;
	struct frame_reader in;
	struct rpc_event *events;
	size_t n_events, cap_events;
};

static int broken(struct err *e, const char *what)
{
	return err_set(e, ERR_RPC, "the daemon's answer makes no sense: %s", what);
}

/* ---- bytes ---- */

static int send_all(struct rpc_client *c, const uint8_t *b, size_t n, struct err *e)
{
	while (n) {
		ssize_t sent = send(c->fd, b, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return err_sys(e, errno, "cannot send to the daemon");
		b += sent;
		n -= (size_t)sent;
	}
	return 0;
}

/* Each descriptor rides on one octet of its own, after the message. */
static int send_fd(struct rpc_client *c, int fd, struct err *e)
{
	char octet = 0;
	struct iovec iov = { &octet, 1 };
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.b,
			    .msg_controllen = sizeof(control.b) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	for (;;) {
		if (sendmsg(c->fd, &m, MSG_NOSIGNAL) == 1)
			return 0;
		if (errno != EINTR)
			return err_sys(e, errno, "cannot pass a descriptor to the daemon");
	}
}

/* Read what there is, waiting until `deadline`. 1: something came; 0: the time has passed or a
 * signal came. */
static int receive_some(struct rpc_client *c, usec_t deadline, struct err *e)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	usec_t now = clock_boottime();
	int wait_ms = deadline == USEC_INFINITY ? -1
		      : deadline <= now         ? 0
						: (int)((deadline - now + 999) / USEC_PER_MSEC);
	uint8_t *at;
	size_t room;

	int r = poll(&p, 1, wait_ms);
	if (r < 0 && errno != EINTR)
		return err_sys(e, errno, "cannot wait for the daemon");
	if (r <= 0)
		return 0;
	if (frame_reader_space(&c->in, &at, &room) < 0)
		return err_set(e, ERR_NO_MEMORY, "no memory for the daemon's answer");
	ssize_t n = recv(c->fd, at, room, 0);
	if (n < 0 && errno != EINTR)
		return err_sys(e, errno, "cannot read from the daemon");
	if (n == 0)
		return err_sys(e, ECONNRESET, "the daemon has closed the connection");
	if (n > 0)
		frame_reader_added(&c->in, (size_t)n);
	return 1;
}

/* ---- messages that nobody asked for ---- */

static void keep_event(struct rpc_client *c, const struct rpc_event *ev)
{
	if (c->n_events == EVENTS_MAX) {
		memmove(c->events, c->events + 1, (EVENTS_MAX - 1) * sizeof(*c->events));
		c->n_events--;
	}
	if (GROW(c->events, c->cap_events, c->n_events + 1) == 0)
		c->events[c->n_events++] = *ev;
}

static bool take_condition(const struct rpc_header *h, struct rd *r, struct rpc_event *ev)
{
	if (h->procedure != RPC_NETD_EVENT_CONDITION)
		return false;
	ev->id = RPC_EVENT_CONDITION;
	rpc_get_cut(r, ev->kind, sizeof(ev->kind));
	rpc_get_cut(r, ev->object, sizeof(ev->object));
	ev->since_sec = xdr_get_i64(r);
	rpc_get_cut(r, ev->text, sizeof(ev->text));
	rpc_get_cut(r, ev->to_do, sizeof(ev->to_do));
	return !r->bad;
}

static bool take_lease(const struct rpc_header *h, struct rd *r, struct rpc_event *ev)
{
	if (h->procedure != RPC_NETD_EVENT_LEASE)
		return false;
	ev->id = RPC_EVENT_LEASE;
	rpc_get_cut(r, ev->ip, sizeof(ev->ip));
	rpc_get_cut(r, ev->mac, sizeof(ev->mac));
	rpc_get_cut(r, ev->hostname, sizeof(ev->hostname));
	ev->expiry_sec = xdr_get_i64(r);
	return !r->bad;
}

static void take_event(struct rpc_client *c, const struct rpc_header *h, struct rd *r)
{
	struct rpc_event ev = { 0 };

	(void)xdr_get_i32(
	    r); /* the callback: each registration gets its own message, which is enough */
	rpc_get_net(r, &ev.net);
	ev.event = xdr_get_i32(r);
	if (h->program == RPC_PROGRAM_NETD) {
		if (take_condition(h, r, &ev) || take_lease(h, r, &ev))
			keep_event(c, &ev);
		return;
	}
	switch (h->procedure) {
	case RPC_NETWORK_EVENT_LIFECYCLE:
		ev.id = RPC_EVENT_LIFECYCLE;
		break;
	case RPC_NETWORK_EVENT_METADATA_CHANGE: {
		struct xdr_str uri = xdr_get_optional(r, RPC_STRING_MAX);
		ev.id = RPC_EVENT_METADATA_CHANGE;
		if (uri.n)
			memcpy(ev.uri, uri.p, MIN_OF(uri.n, sizeof(ev.uri) - 1));
		break;
	}
	default:
		return;
	}
	if (!r->bad)
		keep_event(c, &ev);
}

static int answer_ping(struct rpc_client *c, struct err *e)
{
	struct rpc_header h = { .program = RPC_PROGRAM_KEEPALIVE,
				.version = RPC_VERSION,
				.procedure = RPC_KEEPALIVE_PONG,
				.type = RPC_MESSAGE };
	uint8_t b[RPC_HEADER_SIZE];
	struct wr w = wr_over(b, sizeof(b));

	frame_end(&w, frame_begin(&w, &h, 0));
	return send_all(c, b, wr_len(&w), e);
}

static int take_message(struct rpc_client *c, struct frame *f, struct err *e)
{
	if (f->h.program == RPC_PROGRAM_KEEPALIVE && f->h.procedure == RPC_KEEPALIVE_PING)
		return answer_ping(c, e);
	if (f->h.program == RPC_PROGRAM_REMOTE || f->h.program == RPC_PROGRAM_NETD)
		take_event(c, &f->h, &f->body);
	return 0;
}

/* The next frame: 1; 0: the time has passed. */
static int next_frame(struct rpc_client *c, usec_t deadline, struct frame *ret, struct err *e)
{
	for (;;) {
		int r = frame_reader_next(&c->in, ret);
		if (r < 0)
			return broken(e, "bad framing");
		if (r > 0)
			return 1;
		r = receive_some(c, deadline, e);
		if (r < 0)
			return r;
		if (r == 0 && clock_boottime() >= deadline)
			return 0;
	}
}

/* ---- calls ---- */

static int wait_reply(struct rpc_client *c, uint32_t serial, struct rd *reply, struct err *e)
{
	usec_t deadline = clock_boottime() + RPC_CALL_TIMEOUT_SEC * USEC_PER_SEC;
	struct frame f;

	for (;;) {
		int r = next_frame(c, deadline, &f, e);
		if (r < 0)
			return r;
		if (r == 0)
			return err_sys(e, ETIMEDOUT, "the daemon has not answered for %d seconds",
				       RPC_CALL_TIMEOUT_SEC);
		if (f.h.type == RPC_MESSAGE) {
			r = take_message(c, &f, e);
			if (r < 0)
				return r;
		} else if (f.h.type != RPC_REPLY && f.h.type != RPC_REPLY_WITH_FDS) {
			return broken(e, "neither a reply nor an event");
		} else if (f.h.serial == serial) {
			break;
		}
	}
	if (f.h.status == RPC_ERROR) {
		struct err theirs = { 0 };
		rpc_get_error(&f.body, &theirs);
		if (e)
			*e = theirs;
		return -theirs.code;
	}
	*reply = f.body;
	return 0;
}

static void put_call(struct wr *w, uint32_t program, int32_t procedure, uint32_t serial,
		     const struct wr *args, size_t n_fds)
{
	struct rpc_header h = { .program = program,
				.version = RPC_VERSION,
				.procedure = procedure,
				.type = n_fds ? RPC_CALL_WITH_FDS : RPC_CALL,
				.serial = serial };
	size_t at = frame_begin(w, &h, (uint32_t)n_fds);

	if (args)
		wr_bytes(w, args->start, wr_len(args));
	frame_end(w, at);
}

int client_call(struct rpc_client *c, uint32_t program, int32_t procedure, const struct wr *args,
		const int *fds, size_t n_fds, struct rd *reply, struct err *e)
{
	size_t cap = RPC_HEADER_SIZE + 4 + (args ? wr_len(args) : 0);
	auto_free uint8_t *b = malloc(cap);
	uint32_t serial = c->serial++;

	if (!b || (args && args->bad))
		return err_set(e, ERR_NO_MEMORY, "no memory for a call");
	struct wr w = wr_over(b, cap);
	put_call(&w, program, procedure, serial, args, n_fds);
	int r = send_all(c, b, wr_len(&w), e);
	for (size_t i = 0; i < n_fds && r == 0; i++)
		r = send_fd(c, fds[i], e);
	return r < 0 ? r : wait_reply(c, serial, reply, e);
}

/* ---- open and close ---- */

static int connect_to(const char *path, int *ret_fd, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = RPC_CALL_TIMEOUT_SEC };
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, errno, "cannot open a socket");
	if (!copy_text(a.sun_path, sizeof(a.sun_path), path))
		return err_set(e, ERR_INVALID_ARG, "the socket's path '%s' is too long", path);
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		return err_sys(e, errno, "Failed to connect socket to '%s'", path);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	*ret_fd = take_fd(&fd);
	return 0;
}

/* The first way of those that the daemon offers that we know. */
static int auth_of(struct rd *reply, enum rpc_auth *ret, struct err *e)
{
	uint32_t n = xdr_get_count(reply, RPC_AUTH_TYPES_MAX);

	for (uint32_t i = 0; i < n && !reply->bad; i++) {
		uint32_t type = rd_u32(reply);
		if (reply->bad || (type != RPC_AUTH_NONE && type != RPC_AUTH_TYPE_POLKIT))
			continue;
		*ret = (enum rpc_auth)type;
		return 0;
	}
	return reply->bad ? broken(e, "its ways to authenticate could not be decoded")
			  : err_set(e, ERR_ACCESS_DENIED,
				    "the daemon wants authentication of a kind that is not known; "
				    "use a socket you may open directly");
}

static int call_open(struct rpc_client *c, bool read_only, struct err *e)
{
	uint8_t args[64];
	struct wr a = wr_over(args, sizeof(args));
	struct rd reply;

	xdr_put_optional(&a, RPC_URI);
	wr_u32(&a, read_only ? RPC_OPEN_READONLY : 0);
	return client_call(c, RPC_PROGRAM_REMOTE, RPC_CONNECT_OPEN, &a, NULL, 0, &reply, e);
}

/* Somebody may have to type a password before this is answered. */
static int call_polkit(struct rpc_client *c, struct err *e)
{
	struct wr a = wr_over(NULL, 0);
	struct rd reply;

	return client_call(c, RPC_PROGRAM_REMOTE, RPC_AUTH_POLKIT, &a, NULL, 0, &reply, e);
}

/* Both calls go out together: the second doesn't depend on what the first says, unless polkit is to
 * be asked in between. */
static int greet(struct rpc_client *c, bool read_only, struct err *e)
{
	uint8_t args[64], out[192];
	struct wr a = wr_over(args, sizeof(args)), w = wr_over(out, sizeof(out));
	enum rpc_auth auth = RPC_AUTH_NONE;
	struct err required = { 0 };
	struct rd reply;

	xdr_put_optional(&a, RPC_URI);
	wr_u32(&a, read_only ? RPC_OPEN_READONLY : 0);
	put_call(&w, RPC_PROGRAM_REMOTE, RPC_AUTH_LIST, c->serial, NULL, 0);
	put_call(&w, RPC_PROGRAM_REMOTE, RPC_CONNECT_OPEN, c->serial + 1, &a, 0);
	c->serial += 2;
	int r = send_all(c, out, wr_len(&w), e);
	if (r == 0)
		r = wait_reply(c, c->serial - 2, &reply, e);
	if (r == 0)
		r = auth_of(&reply, &auth, e);
	if (r < 0 || auth == RPC_AUTH_NONE)
		return r < 0 ? r : wait_reply(c, c->serial - 1, &reply, e);
	(void)!wait_reply(c, c->serial - 1, &reply, &required);
	r = call_polkit(c, e);
	return r < 0 ? r : call_open(c, read_only, e);
}

struct rpc_client *client_adopt(int fd)
{
	struct rpc_client *c = calloc(1, sizeof(*c));

	if (!c) {
		close_fd(&fd);
		return NULL;
	}
	c->fd = fd;
	frame_reader_init(&c->in, RPC_MESSAGE_MAX);
	return c;
}

int client_open(const char *socket_path, bool read_only, struct rpc_client **ret, struct err *e)
{
	auto_close int fd = -1;

	int r = connect_to(socket_path, &fd, e);
	if (r < 0)
		return r;
	struct rpc_client *c = client_adopt(take_fd(&fd));
	if (!c)
		return err_set(e, ERR_NO_MEMORY, "no memory for a connection");
	r = greet(c, read_only, e);
	if (r < 0) {
		client_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void client_free(struct rpc_client *c)
{
	if (!c)
		return;
	close_fd(&c->fd);
	frame_reader_done(&c->in);
	free(c->events);
	free(c);
}

int client_fd(const struct rpc_client *c)
{
	return c->fd;
}

/* ---- events ---- */

int client_event_wait(struct rpc_client *c, int timeout_ms, struct rpc_event *ret, struct err *e)
{
	usec_t deadline =
	    timeout_ms < 0 ? USEC_INFINITY : clock_boottime() + (usec_t)timeout_ms * USEC_PER_MSEC;
	struct frame f;

	while (!c->n_events) {
		int r = frame_reader_next(&c->in, &f);
		if (r < 0)
			return broken(e, "bad framing");
		if (r == 0) {
			r = receive_some(c, deadline, e);
			if (r <= 0)
				return r;
			continue;
		}
		if (f.h.type == RPC_MESSAGE) {
			r = take_message(c, &f, e);
			if (r < 0)
				return r;
		}
	}
	*ret = c->events[0];
	c->n_events--;
	memmove(c->events, c->events + 1, c->n_events * sizeof(*c->events));
	return 1;
}
