/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reconcile-work.c — what the kernel thread does for one network: rules before links at a start,
 * after them at a stop, and the note of what runs. */
#include "netd/kernel/reconcile-internal.h"

#include "base/log.h"
#include "netd/controller/definitions.h"
#include "netd/kernel/uplinks.h"

#include <stdlib.h>

static int work_rules(struct work *w)
{
	int r = 0;

	if (w->sync) {
		size_t steps = 0;
		r = fw_sync(w->r->rules, &w->all, &w->had, &steps, &w->err);
		if (r == 0 && steps)
			log_info("firewall: the table was brought back in %zu steps", steps);
	} else if (w->rules && w->rules->n) {
		r = fw_apply(w->r->rules, w->rules, &w->err);
		w->rules_stale = r < 0;
	}
	w->rules_done = r == 0;
	return r;
}

static int work_links(struct work *w)
{
	if (bridge_plan_is_empty(&w->links))
		return 0;
	if (w->note) {
		int r = uplink_note_run(w->note, w->r->links, &w->err);
		if (r < 0)
			return r;
	}
	return bridge_apply(w->r->links, &w->links, &w->result, &w->err);
}

uint32_t reconcile_work_bridge(const struct work *w)
{
	return w->result.ifindex ? w->result.ifindex : w->links.ifindex;
}

/* A bridge that comes from another network may have kept that one's when a stop was cut short. */
static void work_shape(struct work *w)
{
	if (shaping_is_due(&w->shape) || w->result.recycled)
		shaping_run(w->r->links, &w->shape, reconcile_work_bridge(w), w->result.recycled);
}

static int work_file(struct work *w)
{
	if (!w->file)
		return 0;
	const struct paths *p = &w->r->c->paths;
	return w->running_xml ? definitions_save_running(p, w->name, w->running_xml, &w->err)
			      : definitions_remove_running(p, w->name, w->stop_asked, &w->err);
}

static void work_run(struct job *j)
{
	struct work *w = container_of(j, struct work, job);
	int r;

	if (w->wanted) {
		(void)((r = work_rules(w)) < 0 || (r = work_links(w)) < 0 ||
		       (work_shape(w), r = work_file(w)) < 0);
	} else {
		/* Stopping goes as far as it can: what is left would be in the next start's way. */
		(void)work_file(w);
		work_shape(w);
		(void)work_links(w);
		(void)work_rules(w);
	}
}

struct work *reconcile_work_new(struct reconcile *r, void (*done)(struct job *j))
{
	struct work *w = calloc(1, sizeof(*w));

	if (w)
		*w = (struct work){ .job = { .run = work_run, .done = done },
				    .r = r,
				    .wanted = true,
				    .rules_touched = r->rules_touched };
	return w;
}

void reconcile_work_free(struct work *w)
{
	bridge_plan_done(&w->links);
	uplink_note_free(w->note);
	fw_plan_free(w->rules);
	fw_rows_done(&w->all);
	shaping_work_done(&w->shape);
	fw_state_free(w->had);
	free(w->name);
	free(w->running_xml);
	free(w);
}
