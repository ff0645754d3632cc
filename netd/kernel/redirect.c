/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/redirect.h"

#include "base/log.h"
#include "firewall/nft-redirect.h"
#include "netd/service/services.h"

#include <errno.h>
#include <string.h>

#define RETRY_USEC    (5 * USEC_PER_SEC)
#define PATIENCE      10
#define PATIENCE_USEC (50 * USEC_PER_MSEC)

struct redirect {
	struct controller *c;
	sd_event_source *write; /* timer */
	struct fw_redirect_row *wanted, *written;
	size_t n_wanted, cap_wanted, n_written, cap_written;
	bool known;       /* what was written is what there is; a table of an earlier life isn't */
	unsigned patient; /* looks that waited for networks of that life */
	/* The job; the thread owns these while it is on its way. */
	struct job job;
	struct fw_redirect *kernel;
	struct fw_redirect_row *rows;
	size_t n_rows, cap_rows;
	struct err err;
	bool busy, again, complained;
};

static void collect(struct redirect *r)
{
	struct net *n;

	r->n_wanted = 0;
	registry_foreach(n, &r->c->registry)
	{
		struct fw_redirect_row row[2];
		size_t count = services_redirects(n, row);
		if (!count || GROW(r->wanted, r->cap_wanted, r->n_wanted + count) < 0)
			continue;
		memcpy(r->wanted + r->n_wanted, row, count * sizeof(*row));
		r->n_wanted += count;
	}
}

/* Networks are being taken up: their rules of before shall not be missing meanwhile. */
static bool is_incomplete(const struct redirect *r)
{
	struct net *n;

	registry_foreach(n,
			 &r->c->registry) if (n->state == NET_STARTING && !n->service) return true;
	return false;
}

static bool is_same(const struct fw_redirect_row *a, const struct fw_redirect_row *b)
{
	return a->ifindex == b->ifindex && ip_equal(&a->address, &b->address) &&
	       a->from == b->from && a->to == b->to;
}

static bool is_written(const struct redirect *r)
{
	if (!r->known || r->n_wanted != r->n_written)
		return false;
	for (size_t i = 0; i < r->n_wanted; i++)
		if (!is_same(&r->wanted[i], &r->written[i]))
			return false;
	return true;
}

static void run(struct job *job)
{
	struct redirect *r = container_of(job, struct redirect, job);

	if (!r->kernel && fw_redirect_open(&r->kernel, &r->err) < 0)
		return;
	(void)!fw_redirect_write(r->kernel, r->rows, r->n_rows, &r->err);
}

static void arm(struct redirect *r, usec_t after)
{
	(void)!sd_event_source_set_time_relative(r->write, after);
	(void)!sd_event_source_set_enabled(r->write, SD_EVENT_ONESHOT);
}

static void done(struct job *job)
{
	struct redirect *r = container_of(job, struct redirect, job);
	bool failed = r->err.code != 0;

	r->busy = false;
	r->known = !failed && GROW(r->written, r->cap_written, r->n_rows) == 0;
	if (r->known && r->n_rows)
		memcpy(r->written, r->rows, r->n_rows * sizeof(*r->rows));
	r->n_written = r->n_rows;
	if (failed && !r->complained)
		log_warning("%s; guests whose gateway's port 53 is another's don't reach their "
			    "name server",
			    r->err.msg);
	r->complained = failed;
	if (failed)
		arm(r, RETRY_USEC);
	else if (r->again)
		arm(r, 0);
	r->again = false;
}

static int time_to_write(sd_event_source *s, uint64_t usec, void *data)
{
	struct redirect *r = data;

	r->again = r->busy;
	if (r->busy)
		return 0;
	if (!r->known && r->patient < PATIENCE && is_incomplete(r)) {
		r->patient++;
		arm(r, PATIENCE_USEC);
		return 0;
	}
	collect(r);
	if (is_written(r) || GROW(r->rows, r->cap_rows, r->n_wanted) < 0)
		return 0;
	if (r->n_wanted)
		memcpy(r->rows, r->wanted, r->n_wanted * sizeof(*r->rows));
	r->n_rows = r->n_wanted;
	err_clear(&r->err);
	r->busy = true;
	jobs_push(r->c->kernel, &r->job);
	return 0;
}

void redirect_changed(struct redirect *r)
{
	if (r)
		arm(r, 0);
}

void redirect_repair(struct redirect *r)
{
	if (!r || (r->known && !r->n_written)) /* nothing of ours is missing */
		return;
	r->known = false;
	redirect_changed(r);
}

struct redirect *redirect_new(struct controller *c, struct err *e)
{
	struct redirect *r = calloc(1, sizeof(*r));

	if (!r || sd_event_add_time_relative(c->loop, &r->write, CLOCK_BOOTTIME, 0, 1,
					     time_to_write, r) < 0) {
		free(r);
		err_sys(e, ENOMEM, "cannot redirect guests' DNS");
		return NULL;
	}
	(void)!sd_event_source_set_enabled(r->write, SD_EVENT_OFF);
	r->c = c;
	r->job = (struct job){ .run = run, .done = done };
	return r;
}

void redirect_free(struct redirect *r)
{
	if (!r)
		return;
	sd_event_source_disable_unref(r->write);
	fw_redirect_free(r->kernel);
	free(r->wanted);
	free(r->written);
	free(r->rows);
	free(r);
}
