/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-conn.c — one connection: bytes in, bytes out, its deadlines.
 *
 * A client is not read while policy.requests_max of its calls are unanswered or more than
 * DOOR_QUEUE_PAUSE octets wait for it, so what it can make netd hold is bounded; what still grows
 * past the hard limits ends the connection. */
#include "base/log.h"
#include "netd/door/door-internal.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define KEEP_CAP 65536u /* a larger queue isn't kept once it is empty */

void conn_pump(struct door_conn *c)
{
	if (c->serving)
		return; /* it is being flushed, and freed when dead, anyway */
	c->wants_pump = true;
	if (c->door->pump)
		(void)sd_event_source_set_enabled(c->door->pump, SD_EVENT_ONESHOT);
}

void conn_gone(struct door_conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	conn_pump(c);
}

void conn_drop(struct door_conn *c, const char *why)
{
	static struct log_limit limit = { .burst = 20, .per_sec = 10 };
	unsigned dropped;

	if (c->dead)
		return;
	if (log_allowed(&limit, &dropped))
		log_warning("the client uid %u pid %d is dropped: it %s", c->peer.uid,
			    (int)c->peer.pid, why);
	conn_gone(c);
}

/* ---- bytes out ---- */

/* What all clients together let wait, by the room it takes. Only asked for large answers. */
static size_t room_taken(const struct door *d)
{
	struct door_conn *c;
	size_t n = 0;

	list_foreach (c, &d->conns, struct door_conn, node)
		n += c->out_cap;
	return n;
}

uint8_t *conn_reserve(struct door_conn *c, size_t n)
{
	if (c->dead)
		return NULL;
	if (n > DOOR_QUEUE_PAUSE && room_taken(c->door) + n > DOOR_QUEUES_MAX) {
		conn_drop(c, "wants more than all clients may let wait");
		return NULL;
	}
	if (conn_queued(c) + n > DOOR_QUEUE_MAX) {
		conn_drop(c, "doesn't take its answers");
		return NULL;
	}
	if (c->out_cap - c->out_n >= n)
		return c->out + c->out_n;
	if (c->out_at) {
		memmove(c->out, c->out + c->out_at, conn_queued(c));
		c->out_n -= c->out_at;
		c->out_at = 0;
	}
	size_t cap = c->out_cap ? c->out_cap : 4096;
	while (cap - c->out_n < n)
		cap *= 2;
	uint8_t *out = cap > c->out_cap ? realloc(c->out, cap) : c->out;
	if (!out) {
		conn_drop(c, "gets no memory for its answer");
		return NULL;
	}
	c->out = out;
	c->out_cap = cap;
	return out + c->out_n;
}

static void conn_flush(struct door_conn *c)
{
	while (!c->dead && c->fd >= 0 && conn_queued(c)) {
		ssize_t n =
		    send(c->fd, c->out + c->out_at, conn_queued(c), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			return conn_gone(c);
		c->out_at += (size_t)n;
		c->progress_at = clock_boottime();
	}
	if (conn_queued(c))
		return;
	c->out_at = c->out_n = 0;
	if (c->out_cap > KEEP_CAP) {
		free(take_ptr(c->out));
		c->out_cap = 0;
	}
}

/* It has its answer to CONNECT_CLOSE. Whoever closes second is told of it by an end of file, which
 * libvirtd and virtqemud log as an error; so let the client be first. */
static bool lingers(const struct door_conn *c)
{
	return c->closing && !conn_queued(c);
}

/* ---- bytes in ---- */

static bool may_read(const struct door_conn *c)
{
	return !c->closing && !c->held && c->n_calls < c->door->policy.requests_max &&
	       conn_queued(c) < DOOR_QUEUE_PAUSE;
}

/* Keep the descriptors that came; false when they are too many. */
static bool take_fds(struct door_conn *c, struct msghdr *m)
{
	bool fit = !(m->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		int fds[DOOR_FDS_MAX];
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(h), MIN_OF(n, DOOR_FDS_MAX) * sizeof(int));
		for (size_t i = 0; i < MIN_OF(n, DOOR_FDS_MAX); i++) {
			if (c->n_fds < DOOR_FDS_MAX) {
				c->fds[c->n_fds++] = fds[i];
			} else {
				close(fds[i]);
				fit = false;
			}
		}
	}
	return fit;
}

static void conn_read(struct door_conn *c)
{
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(DOOR_FDS_MAX * sizeof(int))];
	} control;
	uint8_t *at;
	size_t room;

	if (frame_reader_space(&c->in, &at, &room) < 0)
		return conn_drop(c, "gets no memory for its call");
	struct iovec iov = { at, room };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.b,
			    .msg_controllen = sizeof(control.b) };
	ssize_t n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0)
		return conn_gone(c);
	if (n == 0)
		c->eof = true;
	frame_reader_added(&c->in, (size_t)n);
	c->heard_at = clock_boottime();
	c->unanswered = 0;
	if (!take_fds(c, &m))
		conn_drop(c, "sends too many descriptors");
}

void conn_process(struct door_conn *c)
{
	struct frame f;

	while (!c->dead && may_read(c)) {
		int r = frame_reader_next(&c->in, &f);
		if (r < 0)
			return conn_drop(c, "breaks the framing");
		if (r == 0)
			break;
		door_dispatch(c, &f);
	}
	if (!c->dead && c->n_fds && frame_reader_is_empty(&c->in))
		conn_drop(c, "sends descriptors that no call announced");
}

/* ---- deadlines ---- */

static usec_t keepalive_usec(const struct door_conn *c)
{
	return c->door->policy.keepalive_sec * USEC_PER_SEC;
}

static usec_t deadline_of(const struct door_conn *c)
{
	usec_t at = USEC_INFINITY;

	if (!c->opened && !c->held)
		at = c->accepted_at + DOOR_OPEN_SEC * USEC_PER_SEC;
	if (conn_queued(c))
		at = MIN_OF(at, c->progress_at + DOOR_STALL_SEC * USEC_PER_SEC);
	if (lingers(c))
		at = MIN_OF(at, c->progress_at + DOOR_LINGER_MSEC * USEC_PER_MSEC);
	if (c->keepalive && keepalive_usec(c))
		at = MIN_OF(at, c->heard_at + (c->unanswered + 1) * keepalive_usec(c));
	return at;
}

static void keepalive_tick(struct door_conn *c, usec_t now)
{
	struct wr w;

	if (!may_read(c)) {
		/* Its pongs are not read either, so its silence says nothing. */
		c->heard_at = now;
		c->unanswered = 0;
		return;
	}
	if (now < c->heard_at + (c->unanswered + 1) * keepalive_usec(c))
		return;
	if (c->unanswered >= c->door->policy.keepalive_count)
		return conn_drop(c, "doesn't answer keepalive");
	c->unanswered++;
	if (door_message_begin(c, RPC_PROGRAM_KEEPALIVE, RPC_KEEPALIVE_PING, 0, 0, &w))
		door_message_end(c, &w);
}

static void conn_tick(struct door_conn *c, usec_t now)
{
	if (!c->opened && !c->held && now >= c->accepted_at + DOOR_OPEN_SEC * USEC_PER_SEC)
		return conn_drop(c, "has not opened in time");
	if (conn_queued(c) && now >= c->progress_at + DOOR_STALL_SEC * USEC_PER_SEC)
		return conn_drop(c, "takes nothing");
	if (lingers(c) && now >= c->progress_at + DOOR_LINGER_MSEC * USEC_PER_MSEC)
		return conn_gone(c);
	if (c->keepalive && keepalive_usec(c))
		keepalive_tick(c, now);
}

/* ---- the loop ---- */

/* The timer is moved only to an earlier time: a deadline that moved away is seen when the timer
 * fires. */
static void arm_timer(struct door_conn *c)
{
	usec_t at = deadline_of(c);

	if (at >= c->timer_at)
		return;
	if (sd_event_source_set_time(c->timer, at) < 0 ||
	    sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT) < 0)
		return conn_drop(c, "gets no timer");
	c->timer_at = at;
}

/* Do what can be done now, then wait for what is missing. Frees a dead connection. */
static void conn_serve(struct door_conn *c)
{
	bool paused;

	c->wants_pump = false;
	c->serving = true;
	do {
		conn_process(c);
		paused = !may_read(c);
		conn_flush(c);
		/* A flush may lift the pause under which messages wait in our own buffer. */
	} while (!c->dead && paused && may_read(c));
	c->serving = false;
	/* It has said all that it wanted to say, and has its answers. */
	if (c->eof && !c->n_calls && !conn_queued(c))
		conn_gone(c);
	if (!c->dead && c->fd >= 0) {
		uint32_t events =
		    (may_read(c) && !c->eof ? EPOLLIN : 0) | (conn_queued(c) ? EPOLLOUT : 0);
		if (events != c->io_events && sd_event_source_set_io_events(c->io, events) < 0)
			conn_drop(c, "cannot be waited for");
		c->io_events = events;
		arm_timer(c);
	}
	if (c->dead)
		conn_free(c);
}

static int on_io(sd_event_source *s, int fd, uint32_t events, void *data)
{
	struct door_conn *c = data;

	if (!c->dead && (events & EPOLLIN) && !c->eof)
		conn_read(c);
	if (events & (EPOLLHUP | EPOLLERR) && (c->eof || !(events & EPOLLIN)))
		conn_gone(c);
	conn_serve(c);
	return 0;
}

static int on_timer(sd_event_source *s, uint64_t at, void *data)
{
	struct door_conn *c = data;

	c->timer_at = USEC_INFINITY;
	if (!c->dead)
		conn_tick(c, clock_boottime());
	conn_serve(c);
	return 0;
}

int door_on_pump(sd_event_source *s, void *data)
{
	struct door *d = data;
	struct door_conn *c;

	list_foreach (c, &d->conns, struct door_conn, node)
		if (c->wants_pump)
			conn_serve(c);
	return 0;
}

/* ---- coming and going ---- */

static int watch(struct door_conn *c)
{
	sd_event *loop = c->door->loop;

	c->io_events = EPOLLIN;
	int r = sd_event_add_io(loop, &c->io, c->fd, c->io_events, on_io, c);
	if (r < 0)
		return r;
	r = sd_event_add_time(loop, &c->timer, CLOCK_BOOTTIME,
			      c->accepted_at + DOOR_OPEN_SEC * USEC_PER_SEC, 100 * USEC_PER_MSEC,
			      on_timer, c);
	c->timer_at = c->accepted_at + DOOR_OPEN_SEC * USEC_PER_SEC;
	return r;
}

struct door_conn *conn_new(struct door *d, int fd, const struct door_peer *peer)
{
	struct door_conn *c = calloc(1, sizeof(*c));

	if (!c) {
		close_fd(&fd);
		return NULL;
	}
	c->door = d;
	c->fd = fd;
	c->peer = *peer;
	c->authenticated = true;
	c->subject = (struct door_subject){ .pid = peer->pid, .uid = peer->uid, .gid = peer->gid };
	frame_reader_init(&c->in, peer->read_only ? DOOR_READ_ONLY_CALL_MAX : RPC_CALL_MAX);
	list_init(&c->calls);
	list_add_tail(&d->conns, &c->node);
	d->n_conns++;
	c->accepted_at = c->heard_at = c->progress_at = clock_boottime();
	if (fd >= 0 && watch(c) < 0) {
		conn_free(c);
		return NULL;
	}
	return c;
}

/* Calls that are still unanswered live on without their client. */
static void orphan_calls(struct door_conn *c)
{
	struct door_call *call;

	list_foreach (call, &c->calls, struct door_call, node) {
		list_remove(&call->node);
		if (call->wait) {
			door_wait_cancel(call);
			call->conn = NULL;
			door_call_free(call);
			continue;
		}
		call->conn = NULL;
	}
}

void conn_free(struct door_conn *c)
{
	orphan_calls(c);
	list_remove(&c->node);
	c->door->n_conns--;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	for (size_t i = 0; i < c->n_fds; i++)
		close(c->fds[i]);
	close_fd(&c->fd);
	frame_reader_done(&c->in);
	free(c->out);
	free(c->callbacks);
	free(c->subject.groups);
	free(c);
}
