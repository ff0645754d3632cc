/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/process/keeper-link.h"

#include "netd/messages/messages-keeper.h"
#include "netd/messages/messages.h"
#include "netd/worker/worker-page.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define KEEPER_FD        3
#define LOCK_FD          4 /* inherited open, so that the lock lasts as long as this process */
#define MESSAGES_AT_ONCE 256

struct keeper_link {
	struct channel *channel;
	struct keeper_events events;
	void *data;
	int failure; /* of a send, until keeper_link_process() reports it */
};

int keeper_link_open(struct keeper_link **ret, const struct keeper_events *events, void *data,
		     struct err *e)
{
	int type = 0;
	socklen_t n = sizeof(type);

	if (getsockopt(KEEPER_FD, SOL_SOCKET, SO_TYPE, &type, &n) < 0 || type != SOCK_SEQPACKET)
		return err_set(
		    e, ERR_OPERATION_INVALID,
		    "this program is started by netd, not by hand: there is no line to the keeper");
	auto_free struct keeper_link *l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	/* Nothing that the controller may execute is to keep either of them. */
	if (fcntl(KEEPER_FD, F_SETFD, FD_CLOEXEC) < 0 || fcntl(LOCK_FD, F_SETFD, FD_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot use the line to the keeper");
	l->channel = channel_new(KEEPER_FD);
	if (!l->channel)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	l->events = *events;
	l->data = data;
	*ret = take_ptr(l);
	return 0;
}

void keeper_link_free(struct keeper_link *l)
{
	if (l)
		channel_free(l->channel);
	free(l);
}

int keeper_link_fd(const struct keeper_link *l)
{
	return channel_fd(l->channel);
}

uint32_t keeper_link_wants(const struct keeper_link *l)
{
	return channel_wants_write(l->channel) ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

static void say(struct keeper_link *l, const struct keeper_message *m, const int *fds, size_t n_fds)
{
	int r = keeper_send(l->channel, m, fds, n_fds);

	if (r < 0 && l->failure == 0)
		l->failure = r;
}

/* Hand one message on. The keeper is our parent: what it sends is checked for its form like
 * anybody's. */
static int handle(struct keeper_link *l, const struct channel_message *in)
{
	const struct keeper_events *ev = &l->events;
	struct keeper_message m;

	if (!keeper_decode(in, &m))
		return -EPROTO;
	if (m.type == MSG_HELD)
		ev->held(l->data, m.name, in->fds[0]);
	else if (m.type == MSG_HELLO)
		ev->hello(l->data, m.text, (unsigned)m.number);
	else if (m.type == MSG_SPAWNED)
		ev->spawned(l->data, m.id, m.number, in->fds[0], in->fds[1]);
	else if (m.type == MSG_DIED)
		ev->died(l->data, m.id, m.number);
	else if (m.type == MSG_RELOAD)
		ev->reload(l->data);
	else if (m.type == MSG_STOP)
		ev->stop(l->data);
	else if (m.type == MSG_PING)
		say(l, &(struct keeper_message){ .type = MSG_PONG, .cookie = m.cookie }, NULL, 0);
	else
		return -EPROTO;
	return 0;
}

int keeper_link_process(struct keeper_link *l)
{
	struct channel_message m;
	int r = channel_flush(l->channel);

	for (int i = 0; r == 0 && i < MESSAGES_AT_ONCE; i++) {
		r = channel_receive(l->channel, &m);
		if (r == 0)
			break;
		if (r == 1)
			r = handle(l, &m);
	}
	return r < 0 ? r : l->failure;
}

/* A message of `type` with `name`; one that the keeper would refuse is our own mistake. */
static void say_name(struct keeper_link *l, uint32_t type, uint32_t id, const char *name,
		     const int *fd)
{
	struct keeper_message m = { .type = type, .id = id };

	if (!copy_text(m.name, sizeof(m.name), name) || !keeper_name_is_valid(m.name)) {
		l->failure = -EINVAL;
		return;
	}
	say(l, &m, fd, fd ? 1 : 0);
}

void keeper_link_store(struct keeper_link *l, const char *name, int fd)
{
	say_name(l, MSG_STORE, 0, name, &fd);
}

void keeper_link_drop(struct keeper_link *l, const char *name)
{
	say_name(l, MSG_DROP, 0, name, NULL);
}

void keeper_link_spawn(struct keeper_link *l, uint32_t worker, const char *role)
{
	say_name(l, MSG_SPAWN, worker, role, NULL);
}

void keeper_link_kill(struct keeper_link *l, uint32_t worker)
{
	say(l, &(struct keeper_message){ .type = MSG_KILL, .id = worker }, NULL, 0);
}

static void say_text(struct keeper_link *l, uint32_t type, const char *text)
{
	struct keeper_message m = { .type = type };

	copy_text(m.text, sizeof(m.text), text);
	say(l, &m, NULL, 0);
}

void keeper_link_ready(struct keeper_link *l, const char *status)
{
	say_text(l, MSG_READY, status);
}

void keeper_link_failed(struct keeper_link *l, const char *why)
{
	say_text(l, MSG_FAILED, why);
}

const struct worker_page *worker_page_map(int page_fd)
{
	void *p = mmap(NULL, WORKER_PAGE_SIZE, PROT_READ, MAP_SHARED, page_fd, 0);

	close(page_fd);
	return p == MAP_FAILED ? NULL : p;
}

void worker_page_unmap(const struct worker_page *p)
{
	if (p)
		munmap((void *)(uintptr_t)p, WORKER_PAGE_SIZE);
}
