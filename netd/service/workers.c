/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/workers.h"

#include "base/cursor.h"
#include "base/log.h"
#include "netd/controller/conditions.h"
#include "netd/messages/messages.h"
#include "netd/process/keeper-link.h"
#include "netd/process/restart-pace.h"
#include "netd/worker/worker-page.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#define PING_USEC       (1 * USEC_PER_SEC)
#define MESSAGES_A_TURN 64

static const char *const role_name[WORKER_KINDS] = {
	[WORKER_DHCP] = "dhcp", [WORKER_DNS] = "dns", [WORKER_FILES] = "files"
};

struct worker_proc {
	struct list node;
	struct workers *ws;
	enum worker_kind kind;
	uint32_t only_net;
	uint32_t id; /* of the process; also while it is being started */
	pid_t pid;
	struct channel *channel; /* NULL: not there (yet) */
	const struct worker_page *page;
	sd_event_source *io, *again;
	usec_t pinged; /* the oldest unanswered ping, 0 for none */
	struct restart_pace pace;
	unsigned restarts;
	bool hung; /* killed because it didn't answer */
};

struct workers {
	struct controller *c;
	struct worker_events events;
	void *data;
	struct list procs;
	uint32_t last_id;
	sd_event_source *ping;
};

/* ---- speaking ---- */

static void kill_worker(struct worker_proc *p, const char *why)
{
	log_warning("the %s worker (pid %d) %s; it is killed", role_name[p->kind], (int)p->pid,
		    why);
	keeper_link_kill(p->ws->c->keeper, p->id);
}

static void want_write(struct worker_proc *p)
{
	uint32_t events = EPOLLIN | (channel_wants_write(p->channel) ? EPOLLOUT : 0);

	(void)!sd_event_source_set_io_events(p->io, events);
}

void worker_post(struct worker_proc *p, uint32_t type, const void *body, size_t n, const int *fds,
		 size_t n_fds)
{
	if (!p->channel)
		return;
	int r = channel_send(p->channel, type, body, n, fds, n_fds);
	if (r == 0)
		want_write(p);
	else if (r == -EMSGSIZE)
		log_err("a message of %zu octets to the %s worker is too large", n,
			role_name[p->kind]);
	else if (r != -EPIPE) /* then its death is about to be reported; else the next one is told
				 everything */
		kill_worker(p, r == -ENOBUFS ? "doesn't read what it is told"
					     : "can't be told what it has to know");
}

static void take_pong(struct worker_proc *p, struct channel_message *m)
{
	channel_message_close_fds(m);
	p->pinged = 0;
}

static int channel_ready(sd_event_source *s, int fd, uint32_t events, void *data)
{
	struct worker_proc *p = data;
	struct channel_message m;
	int r = 1;

	if (events & EPOLLOUT && channel_flush(p->channel) == 0)
		want_write(p);
	for (unsigned i = 0; i < MESSAGES_A_TURN && (r = channel_receive(p->channel, &m)) == 1;
	     i++) {
		if (m.type == MSG_PONG) {
			take_pong(p, &m);
		} else if (!p->ws->events.message(p->ws->data, p, &m)) {
			r = -EPROTO;
			break;
		}
		if (!p->channel)
			return 0;
	}
	if (r >= 0)
		return 0;
	(void)!sd_event_source_set_enabled(p->io, SD_EVENT_OFF);
	if (r == -EPROTO)
		kill_worker(p, "said something impossible");
	return 0;
}

static int ping_all(sd_event_source *s, uint64_t usec, void *data)
{
	struct workers *ws = data;
	struct worker_proc *p;
	usec_t now = clock_boottime();
	uint8_t body[8] = { 0 };

	list_foreach (p, &ws->procs, struct worker_proc, node) {
		if (!p->channel)
			continue;
		if (p->pinged && now - p->pinged > WORKER_HANG_USEC) {
			kill_worker(p, "doesn't answer");
			p->hung = true;
			p->pinged = now;
			continue;
		}
		if (!p->pinged)
			p->pinged = now;
		worker_post(p, MSG_PING, body, sizeof(body), NULL, 0);
	}
	(void)!sd_event_source_set_time_relative(ws->ping, PING_USEC);
	return sd_event_source_set_enabled(ws->ping, SD_EVENT_ONESHOT);
}

/* ---- coming and going ---- */

static void start_process(struct worker_proc *p)
{
	p->id = ++p->ws->last_id;
	keeper_link_spawn(p->ws->c->keeper, p->id, role_name[p->kind]);
}

static int start_again(sd_event_source *s, uint64_t usec, void *data)
{
	struct worker_proc *p = data;

	p->again = sd_event_source_disable_unref(p->again);
	start_process(p);
	return 0;
}

struct worker_proc *workers_find(struct workers *ws, uint32_t id)
{
	struct worker_proc *p;

	list_foreach (p, &ws->procs, struct worker_proc, node)
		if (p->id == id)
			return p;
	return NULL;
}

static void forget_process(struct worker_proc *p)
{
	p->io = sd_event_source_disable_unref(p->io);
	channel_free(p->channel);
	p->channel = NULL;
	worker_page_unmap(p->page);
	p->page = NULL;
	p->id = 0;
	p->pid = 0;
	p->pinged = 0;
	p->hung = false;
}

static bool take_process(struct worker_proc *p, int channel_fd, int page_fd)
{
	p->page = worker_page_map(page_fd);
	p->channel = channel_new(channel_fd);
	return p->channel &&
	       sd_event_add_io(p->ws->c->loop, &p->io, channel_fd, EPOLLIN, channel_ready, p) >= 0;
}

void workers_spawned(struct workers *ws, uint32_t id, pid_t pid, int channel_fd, int page_fd)
{
	struct worker_proc *p = workers_find(ws, id);

	if (!p || p->channel) { /* its place has gone meanwhile */
		close_fd(&channel_fd);
		close_fd(&page_fd);
		keeper_link_kill(ws->c->keeper, id);
		return;
	}
	p->pid = pid;
	if (!take_process(p, channel_fd, page_fd)) {
		kill_worker(p, "cannot be spoken to");
		return;
	}
	log_debug("the %s worker is pid %d", role_name[p->kind], (int)pid);
	conditions_clear(ws->c->conditions, NULL, CONDITION_SERVICE_DOWN, role_name[p->kind]);
	ws->events.up(ws->data, p);
}

static bool is_crash(int wait_status)
{
	return !(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) &&
	       !(WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL);
}

void workers_died(struct workers *ws, uint32_t id, int wait_status)
{
	struct worker_proc *p = workers_find(ws, id);

	if (!p)
		return;
	uint32_t serving = p->page ? atomic_load(&p->page->serving) : 0;
	usec_t wait = restart_wait(&p->pace, clock_boottime());
	log_warning("the %s worker (pid %d) has ended (%s %d); another one is started",
		    role_name[p->kind], (int)p->pid, WIFSIGNALED(wait_status) ? "signal" : "status",
		    WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status));
	bool hung = p->hung;
	forget_process(p);
	p->restarts++;
	if ((is_crash(wait_status) || hung) && serving)
		ws->events.crashed(ws->data, p, serving);
	if (wait) /* with a pause: it keeps ending */
		conditions_raise(ws->c->conditions, NULL, CONDITION_SERVICE_DOWN,
				 role_name[p->kind],
				 "the %s worker keeps ending; another one is started in %u ms",
				 role_name[p->kind], (unsigned)(wait / USEC_PER_MSEC));
	if (!wait || sd_event_add_time_relative(ws->c->loop, &p->again, CLOCK_BOOTTIME, wait, 0,
						start_again, p) < 0)
		start_process(p);
}

struct worker_proc *workers_get(struct workers *ws, enum worker_kind kind, uint32_t only_net)
{
	struct worker_proc *p;
	size_t n = 0;

	list_foreach (p, &ws->procs, struct worker_proc, node) {
		if (p->kind == kind && p->only_net == only_net)
			return p;
		n++;
	}
	p = n < WORKERS_MAX ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return NULL;
	p->ws = ws;
	p->kind = kind;
	p->only_net = only_net;
	list_add_tail(&ws->procs, &p->node);
	start_process(p);
	return p;
}

void workers_drop(struct worker_proc *p)
{
	p->again = sd_event_source_disable_unref(p->again);
	if (p->id) /* its death, when it is reported, is nobody's */
		keeper_link_kill(p->ws->c->keeper, p->id);
	forget_process(p);
	list_remove(&p->node);
	free(p);
}

struct worker_proc *workers_next(struct workers *ws, struct worker_proc *p)
{
	struct list *next = p ? p->node.next : ws->procs.next;

	return next == &ws->procs ? NULL : container_of(next, struct worker_proc, node);
}

enum worker_kind worker_kind(const struct worker_proc *p)
{
	return p->kind;
}

uint32_t worker_only_net(const struct worker_proc *p)
{
	return p->only_net;
}

uint32_t worker_id(const struct worker_proc *p)
{
	return p->channel ? p->id : 0;
}

void workers_visit(const struct workers *ws, workers_visit_fn *visit, void *data)
{
	struct worker_proc *p;

	list_foreach (p, &ws->procs, struct worker_proc, node)
		visit(data, role_name[p->kind], p->pid, p->restarts);
}

struct workers *workers_new(struct controller *c, const struct worker_events *events, void *data)
{
	struct workers *ws = calloc(1, sizeof(*ws));

	if (!ws)
		return NULL;
	*ws = (struct workers){ .c = c, .events = *events, .data = data };
	list_init(&ws->procs);
	if (sd_event_add_time_relative(c->loop, &ws->ping, CLOCK_BOOTTIME, PING_USEC, 0, ping_all,
				       ws) < 0) {
		free(ws);
		return NULL;
	}
	return ws;
}

void workers_free(struct workers *ws)
{
	struct worker_proc *p;

	if (!ws)
		return;
	list_foreach (p, &ws->procs, struct worker_proc, node) {
		sd_event_source_disable_unref(p->again);
		forget_process(p);
		free(p);
	}
	sd_event_source_disable_unref(ws->ping);
	free(ws);
}
