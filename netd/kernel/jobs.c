/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/jobs.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

struct jobs {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct list queued, finished; /* under the lock */
	bool ending;                  /* under the lock */
	int finished_fd;              /* eventfd */
	size_t pending;               /* the loop's own */
	bool ended;                   /* likewise: there is no thread any more */
};

static struct job *next_job(struct jobs *js)
{
	struct job *j = NULL;

	pthread_mutex_lock(&js->lock);
	while (list_is_empty(&js->queued) && !js->ending)
		pthread_cond_wait(&js->wake, &js->lock);
	j = list_first(&js->queued, struct job, node);
	if (j)
		list_remove(&j->node);
	pthread_mutex_unlock(&js->lock);
	return j;
}

static void hand_back(struct jobs *js, struct job *j)
{
	uint64_t one = 1;

	pthread_mutex_lock(&js->lock);
	list_add_tail(&js->finished, &j->node);
	pthread_mutex_unlock(&js->lock);
	/* Fails only when the counter is full, and then the loop is being woken already. */
	if (write(js->finished_fd, &one, sizeof(one)) < 0)
		return;
}

static void *run_jobs(void *data)
{
	struct jobs *js = data;

	for (struct job *j; (j = next_job(js));) {
		j->run(j);
		hand_back(js, j);
	}
	return NULL;
}

/* The thread must not take the signals that the loop waits for. */
static int start_thread(struct jobs *js, const char *name)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int r = pthread_create(&js->thread, NULL, run_jobs, js);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r == 0)
		pthread_setname_np(js->thread, name);
	return r;
}

struct jobs *jobs_new(const char *name, struct err *e)
{
	auto_free struct jobs *js = calloc(1, sizeof(*js));

	if (!js) {
		err_sys(e, ENOMEM, "cannot start the thread '%s'", name);
		return NULL;
	}
	list_init(&js->queued);
	list_init(&js->finished);
	pthread_mutex_init(&js->lock, NULL);
	pthread_cond_init(&js->wake, NULL);
	js->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (js->finished_fd < 0) {
		err_sys(e, errno, "cannot make an eventfd for the thread '%s'", name);
		return NULL;
	}
	int r = start_thread(js, name);
	if (r) {
		close(js->finished_fd);
		err_sys(e, r, "cannot start the thread '%s'", name);
		return NULL;
	}
	return take_ptr(js);
}

void jobs_free(struct jobs *js)
{
	if (!js)
		return;
	pthread_mutex_lock(&js->lock);
	js->ending = true;
	pthread_cond_signal(&js->wake);
	pthread_mutex_unlock(&js->lock);
	pthread_join(js->thread, NULL);
	js->ended = true;
	jobs_collect(js);
	close(js->finished_fd);
	pthread_mutex_destroy(&js->lock);
	pthread_cond_destroy(&js->wake);
	free(js);
}

void jobs_push(struct jobs *js, struct job *j)
{
	js->pending++;
	if (js->ended) {
		j->run(j);
		hand_back(js, j);
		return;
	}
	pthread_mutex_lock(&js->lock);
	list_add_tail(&js->queued, &j->node);
	pthread_cond_signal(&js->wake);
	pthread_mutex_unlock(&js->lock);
}

int jobs_fd(const struct jobs *js)
{
	return js->finished_fd;
}

void jobs_collect(struct jobs *js)
{
	uint64_t count;

	if (read(js->finished_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	for (;;) {
		pthread_mutex_lock(&js->lock);
		struct job *j = list_first(&js->finished, struct job, node);
		if (j)
			list_remove(&j->node);
		pthread_mutex_unlock(&js->lock);
		if (!j)
			return;
		js->pending--;
		j->done(j);
	}
}

size_t jobs_pending(const struct jobs *js)
{
	return js->pending;
}
