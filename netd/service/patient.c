/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/patient.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* Shared by who asks and the thread that waits; the last to look at it frees it. */
struct opening {
	pthread_mutex_t lock;
	pthread_cond_t done_or_not;
	bool done, abandoned;
	int fd, error; /* fd -1: error says why */
	struct stat status;
	char path[];
};

static atomic_uint stuck;

static void opening_free(struct opening *o)
{
	close_fd(&o->fd);
	pthread_cond_destroy(&o->done_or_not);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

static void *open_it(void *data)
{
	struct opening *o = data;
	int fd = open(o->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fstat(fd, &o->status) < 0 ? errno : 0;

	if (error)
		close_fd(&fd);
	pthread_mutex_lock(&o->lock);
	o->fd = fd;
	o->error = error;
	o->done = true;
	bool mine = o->abandoned;
	pthread_cond_signal(&o->done_or_not);
	pthread_mutex_unlock(&o->lock);
	if (mine) {
		opening_free(o);
		atomic_fetch_sub(&stuck, 1);
	}
	return NULL;
}

static struct opening *opening_new(const char *path)
{
	size_t n = strlen(path) + 1;
	struct opening *o = calloc(1, sizeof(*o) + n);
	pthread_condattr_t attr;

	if (!o)
		return NULL;
	o->fd = -1;
	memcpy(o->path, path, n);
	pthread_mutex_init(&o->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&o->done_or_not, &attr);
	pthread_condattr_destroy(&attr);
	return o;
}

/* Signals are the loop's business. */
static int start_thread(struct opening *o)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&thread, &attr, open_it, o);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}

static struct timespec soon(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += PATIENT_MSEC * 1000000L;
	t.tv_sec += t.tv_nsec / 1000000000L;
	t.tv_nsec %= 1000000000L;
	return t;
}

/* True: the thread has answered, and has nothing more to do with it. */
static bool wait_for(struct opening *o)
{
	struct timespec until = soon();
	int r = 0;

	pthread_mutex_lock(&o->lock);
	while (!o->done && r == 0)
		r = pthread_cond_timedwait(&o->done_or_not, &o->lock, &until);
	bool done = o->done;
	if (!done) {
		o->abandoned = true;
		atomic_fetch_add(&stuck, 1);
	}
	pthread_mutex_unlock(&o->lock);
	return done;
}

int patient_open_folder(const char *path, struct stat *ret)
{
	if (atomic_load(&stuck) >= PATIENT_STUCK_MAX)
		return -ETIMEDOUT;
	struct opening *o = opening_new(path);
	if (!o)
		return -ENOMEM;
	int r = start_thread(o);
	if (r < 0) {
		opening_free(o);
		return r;
	}
	if (!wait_for(o))
		return -ETIMEDOUT;
	r = o->error ? -o->error : take_fd(&o->fd);
	*ret = o->status;
	opening_free(o);
	return r;
}
