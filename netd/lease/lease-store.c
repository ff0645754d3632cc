/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lease-store.c — the queue between the loop thread and the thread that waits for the disk.
 *
 * The loop thread owns nothing of the file once the thread runs; both meet only under `lock`, which
 * nobody holds while waiting for anything. A batch is whatever has gathered while the last one was
 * being committed. */
#include "netd/lease/lease-store.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "netd/lease/lease-db.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#define CHECKPOINT_IDLE                                                                            \
	1000 /* pages of write-ahead log that are moved when nothing else is to be done */
#define CHECKPOINT_MUST 16000 /* … whatever is to be done: 64 MiB */
#define REOPEN_USEC     USEC_PER_SEC

enum kind { KIND_PUT, KIND_REMOVE, KIND_FORGET };

struct item {
	struct list link;
	enum kind kind;
	bool durable;
	uint64_t token;
	struct lease_record r; /* KIND_REMOVE: network and address; KIND_FORGET: network */
};

struct lease_store {
	char *path;
	uint64_t history_max;
	usec_t snapshot_usec;
	int event_fd;
	pthread_t thread;
	bool running;

	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t wake;
	bool stop;
	struct list queued, done;
	size_t taken; /* queued, in flight or done and not collected */
	struct lease_store_health health;

	/* The store thread's own, once it runs. */
	struct lease_db *db; /* NULL: couldn't be opened */
	usec_t reopen_at, snapshot_at;
};

static uint64_t wall_sec(void)
{
	return clock_wall() / USEC_PER_SEC;
}

/* --- health --- */

static void wake_loop(struct lease_store *s)
{
	uint64_t one = 1;

	(void)!write(s->event_fd, &one, sizeof(one));
}

static void report(struct lease_store *s, const struct err *e)
{
	pthread_mutex_lock(&s->lock);
	bool news = s->health.writing || strcmp(s->health.problem, e->msg) != 0;
	s->health.writing = false;
	copy_text(s->health.problem, sizeof(s->health.problem), e->msg);
	pthread_mutex_unlock(&s->lock);
	if (!news)
		return;
	wake_loop(s);
	log_err("%s; leases are not durable until this is solved", e->msg);
}

static void report_well(struct lease_store *s)
{
	pthread_mutex_lock(&s->lock);
	bool news = !s->health.writing;
	s->health.writing = true;
	pthread_mutex_unlock(&s->lock);
	if (!news)
		return;
	wake_loop(s);
	log_info("lease store %s: writing", s->path);
}

/* --- opening --- */

static int replace_damaged(struct lease_store *s, struct err *e)
{
	log_err("%s; it is kept as %s.damaged, the last snapshot takes its place", e->msg, s->path);
	err_clear(e);
	int rc = lease_db_set_aside(s->path, e);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&s->lock);
	s->health.replaced++;
	pthread_mutex_unlock(&s->lock);
	rc = lease_db_open(s->path, s->history_max, &s->db, e);
	if (rc != -EBADMSG)
		return rc;
	/* The snapshot is no better. Without it there is an empty store, which guests' renewals
	 * fill. */
	log_err("%s; starting with an empty one", e->msg);
	err_clear(e);
	rc = lease_db_set_aside_all(s->path, e);
	return rc < 0 ? rc : lease_db_open(s->path, s->history_max, &s->db, e);
}

static void open_db(struct lease_store *s)
{
	struct err e = { 0 };
	int rc = lease_db_open(s->path, s->history_max, &s->db, &e);

	if (rc == -EBADMSG)
		rc = replace_damaged(s, &e);
	if (rc < 0)
		report(s, &e);
	else
		report_well(s);
	s->reopen_at = clock_boottime() + REOPEN_USEC;
}

static void plan_snapshot(struct lease_store *s)
{
	uint64_t last = lease_db_snapshot_time(s->path), now = wall_sec();
	usec_t age = last && last <= now ? (now - last) * USEC_PER_SEC : s->snapshot_usec;

	s->snapshot_at = clock_boottime() + s->snapshot_usec - MIN_OF(age, s->snapshot_usec);
}

/* --- the store thread --- */

static int apply_item(struct lease_db *db, const struct item *i, uint64_t now, struct err *e)
{
	switch (i->kind) {
	case KIND_PUT:
		return lease_db_put(db, &i->r, now, e);
	case KIND_REMOVE:
		return lease_db_remove(db, &i->r.network, &i->r.address, now, e);
	case KIND_FORGET:
		return lease_db_forget(db, &i->r.network, now, e);
	}
	return 0;
}

static int write_batch(struct lease_db *db, struct list *batch, struct err *e)
{
	uint64_t now = wall_sec();
	struct item *i;
	int rc = lease_db_begin(db, e);

	if (rc < 0)
		return rc;
	list_foreach (i, batch, struct item, link) {
		rc = apply_item(db, i, now, e);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = lease_db_commit(db, e);
	if (rc < 0)
		lease_db_rollback(db);
	return rc;
}

/* After a failed fsync the kernel may have dropped the data and call it clean: only a new
 * connection, which reads the file again, knows what is there. Where there is just no room (or no
 * right) to write, the old one serves. */
static bool spoils_connection(int rc)
{
	return rc == -EIO || rc == -EBADMSG;
}

static bool commit_batch(struct lease_store *s, struct list *batch)
{
	struct err e = { 0 };

	if (!s->db && clock_boottime() >= s->reopen_at)
		open_db(s);
	if (!s->db)
		return false;
	int rc = write_batch(s->db, batch, &e);
	if (rc == 0) {
		if (lease_db_changed(s->db))
			report_well(s);
		return true;
	}
	report(s, &e);
	if (spoils_connection(rc)) {
		lease_db_close(s->db);
		s->db = NULL;
		s->reopen_at = clock_boottime();
	}
	return false;
}

/* Takes at most a batch off the queue; under the lock. */
static size_t take_batch(struct lease_store *s, struct list *batch)
{
	size_t n = 0;

	list_init(batch);
	for (struct item *i;
	     n < LEASE_STORE_BATCH && (i = list_first(&s->queued, struct item, link)); n++) {
		list_remove(&i->link);
		list_add_tail(batch, &i->link);
	}
	return n;
}

/* Under the lock. */
static void finish_batch(struct lease_store *s, struct list *batch, size_t n, bool durable)
{
	bool tell = false;
	struct item *i;

	s->health.commits += durable;
	s->health.records += durable ? n : 0;
	s->health.failed += durable ? 0 : n;
	list_foreach (i, batch, struct item, link) {
		list_remove(&i->link);
		i->durable = durable;
		if (i->token) {
			list_add_tail(&s->done, &i->link);
			tell = true;
		} else {
			s->taken--;
			free(i);
		}
	}
	if (tell)
		wake_loop(s);
}

static bool snapshot_wanted(const struct lease_store *s)
{
	return s->db && (lease_db_in_snapshot(s->db) || clock_boottime() >= s->snapshot_at);
}

/* One piece of the work that nobody waits for. Returns whether there is more of it. */
static bool upkeep(struct lease_store *s, bool idle)
{
	struct err e = { 0 };

	if (!s->db)
		return false;
	lease_db_checkpoint(s->db, idle ? CHECKPOINT_IDLE : CHECKPOINT_MUST);
	if (!snapshot_wanted(s))
		return false;
	int rc = lease_db_snapshot(s->db, &e);
	if (rc == 0)
		return true;
	s->snapshot_at = clock_boottime() + s->snapshot_usec;
	if (rc < 0) {
		log_warning("%s; the next try is in %llu s", e.msg,
			    (unsigned long long)(s->snapshot_usec / USEC_PER_SEC));
		return false;
	}
	pthread_mutex_lock(&s->lock);
	s->health.snapshot = wall_sec();
	pthread_mutex_unlock(&s->lock);
	return false;
}

/* Until something is queued, the store closes or a snapshot is due; under the lock. */
static void wait_for_work(struct lease_store *s)
{
	usec_t now = clock_boottime(), until = s->db ? s->snapshot_at : USEC_INFINITY;
	struct timespec ts;

	if (until == USEC_INFINITY) {
		pthread_cond_wait(&s->wake, &s->lock);
		return;
	}
	usec_t wait = until > now ? until - now : 0;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += (time_t)(wait / USEC_PER_SEC);
	ts.tv_nsec += (long)(wait % USEC_PER_SEC) * 1000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	pthread_cond_timedwait(&s->wake, &s->lock, &ts);
}

static void *store_thread(void *data)
{
	struct lease_store *s = data;
	struct list batch;
	bool more = true; /* upkeep to be done when idle */

	pthread_mutex_lock(&s->lock);
	for (;;) {
		size_t n = take_batch(s, &batch);
		if (n == 0 && s->stop)
			break;
		if (n == 0 && !more && !snapshot_wanted(s)) {
			wait_for_work(s);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		bool durable = n && commit_batch(s, &batch);
		if (n) {
			pthread_mutex_lock(&s->lock);
			finish_batch(s, &batch, n, durable);
			pthread_mutex_unlock(&s->lock);
		}
		more = upkeep(s, n == 0) || n > 0;
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* --- the loop thread's side --- */

int lease_store_open(const struct lease_store_options *o, struct lease_store **ret, struct err *e)
{
	struct lease_store *s = calloc(1, sizeof(*s));
	pthread_condattr_t attr;

	if (!s)
		return err_sys(e, ENOMEM, "lease store");
	s->path = strdup(o->path);
	s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!s->path || s->event_fd < 0) {
		int saved = s->path ? errno : ENOMEM;
		close_fd(&s->event_fd);
		free(s->path);
		free(s);
		return err_sys(e, saved, "lease store %s", o->path);
	}
	s->history_max = o->history_max ? o->history_max : 100000;
	s->snapshot_usec = (o->snapshot_secs ? o->snapshot_secs : 3600) * USEC_PER_SEC;
	list_init(&s->queued);
	list_init(&s->done);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	s->health.writing =
	    true; /* so that the first trouble is news, and the first success isn't */
	open_db(s);
	plan_snapshot(s);
	*ret = s;
	return 0;
}

ssize_t lease_store_load(struct lease_store *s, lease_store_record_fn *record, void *data,
			 struct err *e)
{
	struct lease_db *db;

	if (s->db)
		return lease_db_load(s->db, record, data, e);
	int rc = lease_db_open_readonly(s->path, &db, e);
	if (rc < 0)
		return rc;
	ssize_t n = lease_db_load(db, record, data, e);
	lease_db_close(db);
	return n;
}

int lease_store_start(struct lease_store *s, struct err *e)
{
	sigset_t all, old;

	/* Signals are the loop thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&s->thread, NULL, store_thread, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return err_sys(e, rc, "lease store %s: cannot start its thread", s->path);
	s->running = true;
	(void)pthread_setname_np(s->thread, "lease-store");
	return 0;
}

static void free_items(struct list *items)
{
	for (struct item *i; (i = list_first(items, struct item, link));) {
		list_remove(&i->link);
		free(i);
	}
}

void lease_store_close(struct lease_store *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (s->running)
		pthread_join(s->thread, NULL);
	lease_db_close(s->db);
	free_items(&s->queued);
	free_items(&s->done);
	close_fd(&s->event_fd);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}

static int queue(struct lease_store *s, enum kind kind, const struct lease_record *r,
		 uint64_t token)
{
	struct item *i = malloc(sizeof(*i));
	int rc = 0;

	if (!i)
		return -ENOMEM;
	i->kind = kind;
	i->durable = false;
	i->token = token;
	i->r = *r;
	list_init(&i->link);
	pthread_mutex_lock(&s->lock);
	if (s->taken >= LEASE_STORE_QUEUE) {
		rc = -ENOBUFS;
	} else {
		s->taken++;
		list_add_tail(&s->queued, &i->link);
		pthread_cond_signal(&s->wake);
	}
	pthread_mutex_unlock(&s->lock);
	if (rc < 0)
		free(i);
	return rc;
}

int lease_store_put(struct lease_store *s, const struct lease_record *r, uint64_t token)
{
	return queue(s, KIND_PUT, r, token);
}

int lease_store_remove(struct lease_store *s, const struct uuid *network, const struct ip *address,
		       uint64_t token)
{
	struct lease_record r = { .network = *network, .address = *address };

	return queue(s, KIND_REMOVE, &r, token);
}

int lease_store_forget_network(struct lease_store *s, const struct uuid *network, uint64_t token)
{
	struct lease_record r = { .network = *network };

	return queue(s, KIND_FORGET, &r, token);
}

int lease_store_fd(const struct lease_store *s)
{
	return s->event_fd;
}

void lease_store_completed(struct lease_store *s, lease_store_completed_fn *done, void *data)
{
	uint64_t count;
	struct list mine;
	size_t n = 0;

	list_init(&mine);
	(void)!read(s->event_fd, &count, sizeof(count));
	pthread_mutex_lock(&s->lock);
	for (struct item *i; (i = list_first(&s->done, struct item, link)); n++) {
		list_remove(&i->link);
		list_add_tail(&mine, &i->link);
	}
	s->taken -= n;
	pthread_mutex_unlock(&s->lock);
	/* Outside the lock: the callback may queue more. */
	for (struct item *i; (i = list_first(&mine, struct item, link));) {
		list_remove(&i->link);
		done(data, i->token, i->durable);
		free(i);
	}
}

void lease_store_health(struct lease_store *s, struct lease_store_health *ret)
{
	pthread_mutex_lock(&s->lock);
	*ret = s->health;
	ret->waiting = s->taken;
	pthread_mutex_unlock(&s->lock);
}

ssize_t lease_store_history(struct lease_store *s, const struct uuid *network,
			    const struct ip *address, size_t max, lease_store_history_fn *row,
			    void *data, struct err *e)
{
	struct lease_db *db;
	int rc = lease_db_open_readonly(s->path, &db, e);

	if (rc < 0)
		return rc;
	ssize_t n = lease_db_history(db, network, address, max, row, data, e);
	lease_db_close(db);
	return n;
}
