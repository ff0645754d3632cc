/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/keeper/keeper.h"

#include "base/clock.h"
#include "base/log.h"
#include "netd/keeper/keeper-log.h"
#include "netd/keeper/keeper-spawn.h"
#include "netd/messages/messages.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>

#define PING_EVERY       (500 * USEC_PER_MSEC)
#define PINGS_UNANSWERED 5 /* 2.5 s: hung */
#define START_PATIENCE   (90 * USEC_PER_SEC)
#define STOP_PATIENCE    (10 * USEC_PER_SEC)
#define FIRST_TRIES      5 /* crashes before the first READY */
#define LOG_CHECK_TICKS  120
#define MESSAGES_AT_ONCE 256

static int start_controller(struct keeper *k, struct err *e);

static uint64_t now_of(struct keeper *k)
{
	uint64_t now = 0;

	(void)sd_event_now(k->event, CLOCK_MONOTONIC, &now);
	return now;
}

/* Tell whoever waits for netd to be ready: NULL when it is. */
static void report(struct keeper *k, const char *failure)
{
	if (k->report_fd >= 0)
		(void)!write(k->report_fd, failure ? failure : "R", failure ? strlen(failure) : 1);
	close_fd(&k->report_fd);
}

static void give_up(struct keeper *k, const char *why)
{
	log_err("%s", why);
	report(k, why);
	(void)sd_notifyf(0, "STATUS=%s", why);
	(void)sd_event_exit(k->event, 1);
}

static void set_timer(sd_event_source *s, uint64_t in)
{
	(void)sd_event_source_set_time_relative(s, in);
	(void)sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static void clear_timer(sd_event_source *s)
{
	(void)sd_event_source_set_enabled(s, SD_EVENT_OFF);
}

static void kill_controller(struct keeper *k, const char *why)
{
	log_err("the controller is killed: %s", why);
	if (k->child)
		(void)sd_event_source_send_child_signal(k->child, SIGKILL, NULL, 0);
}

void keeper_tell(struct keeper *k, const struct keeper_message *m, const int *fds, size_t n_fds)
{
	if (!k->channel)
		return;
	int r = keeper_send(k->channel, m, fds, n_fds);
	if (r < 0 && r != -EPIPE) /* -EPIPE: its end will be reported */
		kill_controller(k, strerror(-r));
	if (channel_wants_write(k->channel))
		(void)sd_event_source_set_io_events(k->io, EPOLLIN | EPOLLOUT);
}

/* Hand over what is held, no faster than the line takes it, then say hello. */
static void hand_over(struct keeper *k)
{
	while (k->handed < k->held.n && !channel_wants_write(k->channel)) {
		const struct held_one *one = k->held.list[k->handed++];
		struct keeper_message m = { .type = MSG_HELD };
		copy_text(m.name, sizeof(m.name), one->name);
		keeper_tell(k, &m, &one->fd, 1);
	}
	if (k->greeted || k->handed < k->held.n)
		return;
	struct keeper_message m = { .type = MSG_HELLO, .number = (int32_t)k->starts - 1 };
	copy_text(m.text, sizeof(m.text), k->paths->root);
	k->greeted = true;
	keeper_tell(k, &m, NULL, 0);
}

/* In a message to systemd a line of its own would be an assignment of its own. */
static void one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ')
			*text = ' ';
}

static void on_ready(struct keeper *k, const char *status)
{
	k->ready = k->was_ready = true;
	k->unanswered = 0;
	if (!k->stopping)
		clear_timer(k->patience);
	set_timer(k->ping, PING_EVERY);
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
	report(k, NULL);
}

static void on_store(struct keeper *k, const char *name, int *fd)
{
	int r = held_put(&k->held, name, take_fd(fd));

	if (r < 0)
		log_warning("'%s' will not survive a restart: %s", name, strerror(-r));
}

/* One message. A false return: no controller of ours sends it. */
static bool handle(struct keeper *k, struct channel_message *in)
{
	struct keeper_message m;

	if (!k->greeted || !keeper_decode(in, &m))
		return false;
	one_line(m.text);
	if (m.type == MSG_STORE)
		on_store(k, m.name, &in->fds[0]);
	else if (m.type == MSG_DROP)
		held_drop(&k->held, m.name);
	else if (m.type == MSG_SPAWN)
		return keeper_spawn_worker(k, m.id, m.name) == 0;
	else if (m.type == MSG_KILL)
		keeper_kill_worker(k, m.id);
	else if (m.type == MSG_READY)
		on_ready(k, m.text);
	else if (m.type == MSG_FAILED)
		copy_text(k->why, sizeof(k->why), m.text);
	else if (m.type == MSG_PONG)
		k->unanswered = 0;
	else
		return false;
	return true;
}

static void receive(struct keeper *k)
{
	struct channel_message m;
	int r = 1;

	for (int i = 0; r == 1 && i < MESSAGES_AT_ONCE; i++) {
		r = channel_receive(k->channel, &m);
		if (r != 1)
			break;
		bool ok = handle(k, &m);
		channel_message_close_fds(&m);
		if (!ok)
			r = -EPROTO;
	}
	if (r < 0 && r != -EPIPE)
		kill_controller(k, r == -EPROTO ? "it sent what isn't a message of ours"
						: strerror(-r));
	if (r < 0)
		(void)sd_event_source_set_enabled(k->io, SD_EVENT_OFF); /* its end comes next */
}

static int on_io(sd_event_source *s, int fd, uint32_t events, void *data)
{
	struct keeper *k = data;

	if (events & EPOLLOUT) {
		if (channel_flush(k->channel) < 0)
			return 0; /* its end comes next */
		hand_over(k);
		if (!channel_wants_write(k->channel))
			(void)sd_event_source_set_io_events(s, EPOLLIN);
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(k);
	return 0;
}

/* Counted in pings rather than in seconds: when the whole machine stood still, nobody is to blame.
 */
static int on_ping(sd_event_source *s, uint64_t usec, void *data)
{
	struct keeper *k = data;
	struct keeper_message m = { .type = MSG_PING, .cookie = usec };
	static unsigned ticks;

	if (++ticks % LOG_CHECK_TICKS == 0)
		keeper_log_bound(k->paths);
	if (!k->ready || !k->channel || k->stopping) /* a stop has its own patience */
		return 0;
	if (k->unanswered >= PINGS_UNANSWERED) {
		kill_controller(k, "it has hung for 2.5 s");
		return 0;
	}
	k->unanswered++;
	keeper_tell(k, &m, NULL, 0);
	set_timer(s, PING_EVERY);
	return 0;
}

static int on_impatience(sd_event_source *s, uint64_t usec, void *data)
{
	struct keeper *k = data;

	kill_controller(k, k->stopping ? "it doesn't leave" : "it isn't ready after 90 s");
	return 0;
}

static void forget_controller(struct keeper *k)
{
	k->child = sd_event_source_disable_unref(k->child);
	k->io = sd_event_source_disable_unref(k->io);
	channel_free(take_ptr(k->channel));
	clear_timer(k->ping);
	clear_timer(k->patience);
	keeper_orphan_workers(k);
}

static void plan_restart(struct keeper *k)
{
	k->failures++;
	(void)sd_notify(0, "STATUS=The controller has ended and is started again.");
	set_timer(k->restart, restart_wait(&k->pace, now_of(k)));
}

static int on_death(sd_event_source *s, const siginfo_t *si, void *data)
{
	struct keeper *k = data;
	char how[64];

	if (k->channel)
		receive(k); /* its last words */
	snprintf(how, sizeof(how), si->si_code == CLD_EXITED ? "exit status %d" : "signal %d",
		 si->si_status);
	forget_controller(k);
	if (k->stopping) {
		(void)sd_event_exit(k->event, 0);
		return 0;
	}
	log_err("the controller has ended: %s%s%s", how, *k->why ? ": " : "", k->why);
	if (!k->was_ready && (si->si_code == CLD_EXITED || k->failures >= FIRST_TRIES)) {
		char why[sizeof(k->why) + 96];
		snprintf(why, sizeof(why), "%s%s",
			 *k->why ? k->why : "the controller cannot start: ", *k->why ? "" : how);
		give_up(k, why);
		return 0;
	}
	plan_restart(k);
	return 0;
}

static int on_restart(sd_event_source *s, uint64_t usec, void *data)
{
	struct keeper *k = data;
	struct err e = { 0 };

	if (k->stopping || start_controller(k, &e) == 0)
		return 0;
	forget_controller(k);
	if (!k->was_ready) {
		give_up(k, e.msg);
		return 0;
	}
	log_err("%s", e.msg);
	plan_restart(k);
	return 0;
}

static int start_controller(struct keeper *k, struct err *e)
{
	char *const argv[] = { k->controller_path, NULL };
	int ends[2];

	int r = channel_pair(ends, e);
	if (r < 0)
		return r;
	auto_close int its = ends[1];
	k->channel = channel_new(ends[0]);
	if (!k->channel)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	k->handed = 0;
	k->greeted = k->ready = false;
	k->why[0] = '\0';
	k->starts++;
	pid_t pid = spawn_program(argv, its, k->lock_fd, e);
	if (pid < 0)
		return pid;
	r = sd_event_add_child(k->event, &k->child, pid, WEXITED, on_death, k);
	if (r < 0)
		kill(pid, SIGKILL);
	else
		r = sd_event_add_io(k->event, &k->io, channel_fd(k->channel), EPOLLIN, on_io, k);
	if (r < 0)
		return err_sys(e, -r, "cannot watch the controller");
	set_timer(k->patience, START_PATIENCE);
	hand_over(k);
	return 0;
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *data)
{
	struct keeper *k = data;

	if (si->ssi_signo == SIGHUP) {
		keeper_tell(k, &(struct keeper_message){ .type = MSG_RELOAD }, NULL, 0);
		return 0;
	}
	if (k->stopping)
		return 0;
	log_info("stopping on signal %u; networks stay as they are", si->ssi_signo);
	k->stopping = true;
	(void)sd_notify(0, "STOPPING=1");
	if (!k->channel) {
		(void)sd_event_exit(k->event, 0);
		return 0;
	}
	keeper_tell(k, &(struct keeper_message){ .type = MSG_STOP }, NULL, 0);
	set_timer(k->patience, STOP_PATIENCE);
	return 0;
}

static int add_timer(struct keeper *k, sd_event_source **ret, sd_event_time_handler_t handler)
{
	int r = sd_event_add_time(k->event, ret, CLOCK_MONOTONIC, 0, 1, handler, k);

	return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

static int make_loop(struct keeper *k, struct err *e)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t blocked;
	int r;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
	r = sd_event_new(&k->event);
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(signals); i++)
		r = sd_event_add_signal(k->event, NULL, signals[i], on_signal, k);
	if (r >= 0)
		r = add_timer(k, &k->ping, on_ping);
	if (r >= 0)
		r = add_timer(k, &k->restart, on_restart);
	if (r >= 0)
		r = add_timer(k, &k->patience, on_impatience);
	if (r >= 0)
		r = sd_event_set_watchdog(k->event, true);
	return r < 0 ? err_sys(e, -r, "cannot make the event loop") : 0;
}

/* A socket file that nobody listens on sends libvirt's clients the wrong way: they take its
 * existence for a daemon. Under systemd the sockets are the manager's, and may outlive us. */
static void close_doors(const struct keeper *k)
{
	if (!k->stopping || getenv("INVOCATION_ID"))
		return;
	(void)unlink(k->paths->door_rw);
	(void)unlink(k->paths->door_ro);
}

static void finish(struct keeper *k)
{
	struct keeper_worker *w;

	close_doors(k);
	if (k->event)
		forget_controller(k);
	list_foreach (w, &k->workers, struct keeper_worker, in_keeper) {
		sd_event_source_disable_unref(w->child);
		free(w);
	}
	sd_event_source_unref(k->ping);
	sd_event_source_unref(k->restart);
	sd_event_source_unref(k->patience);
	sd_event_unref(k->event);
	held_done(&k->held);
	close_fd(&k->report_fd);
}

int keeper_run(const struct paths *paths, int lock_fd, int report_fd)
{
	struct keeper k = { .paths = paths, .lock_fd = lock_fd, .report_fd = report_fd };
	struct err e = { 0 };
	int status = 1;

	list_init(&k.workers);
	held_init(&k.held);
	held_take_passed(&k.held);
	int r = spawn_find(k.controller_path, sizeof(k.controller_path), "netd-controller", &e);
	if (r == 0)
		r = spawn_find(k.worker_path, sizeof(k.worker_path), "netd-worker", &e);
	if (r == 0)
		r = make_loop(&k, &e);
	if (r == 0)
		r = start_controller(&k, &e);
	if (r == 0) {
		status = sd_event_loop(k.event);
	} else {
		log_err("%s", e.msg);
		report(&k, e.msg);
	}
	finish(&k);
	return status < 0 ? 1 : status;
}
