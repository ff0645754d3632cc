/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/resolvers-file.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "netd/service/services.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SOON_USEC (50 * USEC_PER_MSEC) /* many networks start at once */

struct resolvers_file {
	struct controller *c;
	sd_event_source *soon; /* timer */
	bool due;
	char *text; /* as written last; NULL: not in this life */
};

struct file_job {
	struct job job;
	char path[PATHS_MAX + 16];
	char *text;
	struct err err;
};

static char *whole_text(const struct controller *c)
{
	struct text t = { 0 };
	struct net *n;

	text_add(&t, "# NAME SERVER PORT NETWORK: written by netd, see netd(8), HOST NAMES\n");
	registry_foreach(n, &c->registry)
	{
		struct host_names h;
		if (services_host_names(n, &h))
			host_names_lines(&h, n->name, &t);
		host_names_done(&h);
	}
	return text_take(&t);
}

static void file_run(struct job *j)
{
	struct file_job *f = container_of(j, struct file_job, job);

	(void)!file_write_replace(f->path, 0644, f->text, strlen(f->text), &f->err);
}

static void file_done(struct job *j)
{
	struct file_job *f = container_of(j, struct file_job, job);

	if (f->err.code)
		log_warning("%s; the host's resolver may ask the wrong servers", f->err.msg);
	free(f->text);
	free(f);
}

/* False when out of memory. */
static bool push(struct resolvers_file *f, const char *text)
{
	struct file_job *job = calloc(1, sizeof(*job));

	if (!job || !(job->text = strdup(text))) {
		free(job);
		return false;
	}
	job->job = (struct job){ .run = file_run, .done = file_done };
	snprintf(job->path, sizeof(job->path), "%s/resolvers", f->c->paths.run);
	jobs_push(f->c->files, &job->job);
	return true;
}

static int write_now(sd_event_source *source, uint64_t usec, void *data)
{
	struct resolvers_file *f = data;
	auto_free char *text = whole_text(f->c);

	f->due = false;
	if (text && f->text && strcmp(text, f->text) == 0)
		return 0;
	if (!text || !push(f, text)) {
		log_warning("out of memory: the list of resolvers is not written");
		return 0;
	}
	free(f->text);
	f->text = take_ptr(text);
	return 0;
}

void resolvers_file_changed(struct resolvers_file *f)
{
	if (f && !f->due)
		f->due = sd_event_source_set_time_relative(f->soon, SOON_USEC) >= 0 &&
			 sd_event_source_set_enabled(f->soon, SD_EVENT_ONESHOT) >= 0;
}

struct resolvers_file *resolvers_file_new(struct controller *c, struct err *e)
{
	struct resolvers_file *f = calloc(1, sizeof(*f));

	if (f)
		f->due = true; /* whatever an earlier life has left there */
	if (!f || sd_event_add_time_relative(c->loop, &f->soon, CLOCK_BOOTTIME, SOON_USEC, 0,
					     write_now, f) < 0) {
		free(f);
		err_sys(e, ENOMEM, "cannot write the list of resolvers");
		return NULL;
	}
	f->c = c;
	return f;
}

void resolvers_file_free(struct resolvers_file *f)
{
	if (!f)
		return;
	sd_event_source_disable_unref(f->soon);
	free(f->text);
	free(f);
}
