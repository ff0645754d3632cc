/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks wait in one line for their turn. A turn reads the mirror up to now, plans links and rules, and hands both plans
 * to the kernel thread as one job; while it works nobody else's plan is made, so every plan starts from what is really
 * there. When the job is back the network is looked at again, until nothing is left to do.
 *
 * Starting, rules go before links; stopping, after them: no packet passes a bridge without its rules. */
#include "netd/reconcile.h"

#include "base/clock.h"
#include "base/log.h"
#include "bridge/apply.h"
#include "bridge/port.h"
#include "firewall/nft.h"
#include "netd/attached.h"
#include "netd/definitions.h"
#include "netd/services.h"
#include "netd/shaping.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define ROUNDS_MAX 4 /* somebody who undoes our work at once wins after that, until the next event */
#define AUDIT_USEC (600 * USEC_PER_SEC) /* interfaces' sysctls change without an event */
#define QUIET_USEC (3 * USEC_PER_SEC) /* without a change: then parked bridges are removed */

struct task {
	struct list node; /* of reconcile.waiting */
	uint32_t net_id;  /* 0: the whole table of rules */
	reconcile_done_fn *done; /* NULL: a repair, nobody waits */
	void *data;
	unsigned rounds;
	struct err err;
};

struct reconcile {
	struct controller *c;
	struct kernel_socket *links; /* the kernel thread's while a job is on its way */
	struct fw_kernel *rules;     /* likewise */
	struct fw_watch *rules_watch;
	struct fw_state *rules_had; /* as we left the table; NULL: unknown, sync before the next plan */
	unsigned rules_touched;      /* how often others have changed the table */
	struct fw_options fw;
	struct list waiting;
	struct task *running;
	bool sweeping;          /* a parked bridge is being removed */
	sd_event_source *turn;  /* begins the next task from the loop */
	sd_event_source *links_source, *rules_source; /* what the kernel tells; not heard while a job is on its way */
	sd_event_source *quiet; /* timer */
	sd_event_source *audit; /* timer */
};

/* One job of the kernel thread. */
struct work {
	struct job job;
	struct reconcile *r;
	bool wanted;              /* start or repair; false: stop */
	struct bridge_plan links;
	struct fw_plan *rules;
	bool sync;                /* the whole table: `all` is wanted, rules_had comes out */
	struct fw_rows all;
	struct fw_state *had;
	char *name, *running_xml; /* the file in /run: to be written, or (NULL xml) removed */
	bool file, stop_asked;
	bool shape;               /* bandwidth is to be set */
	struct uuid network;
	struct shape_row bandwidth;
	struct shape_result shaped;
	struct bridge_result result;
	bool rules_done, rules_stale;
	unsigned rules_touched; /* when this was planned */
	struct err err;
};

static void next_turn(struct reconcile *r);

/* ---- the kernel thread's side ---- */

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
	return bridge_apply(w->r->links, &w->links, &w->result, &w->err);
}

static uint32_t work_bridge(const struct work *w)
{
	return w->result.ifindex ? w->result.ifindex : w->links.ifindex;
}

/* A bridge that comes from another network may have kept that one's when a stop was cut short. */
static void work_shape(struct work *w)
{
	if (w->shape || w->result.recycled)
		bridge_shape(w->r->links, &w->network, work_bridge(w), &w->bandwidth, &w->shaped);
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
		(void)((r = work_rules(w)) < 0 || (r = work_links(w)) < 0 || (work_shape(w), r = work_file(w)) < 0);
	} else {
		/* Stopping goes as far as it can: what is left would be in the next start's way. */
		(void)work_file(w);
		work_shape(w);
		(void)work_links(w);
		(void)work_rules(w);
	}
}

/* ---- the loop's side ---- */

static void work_free(struct work *w)
{
	bridge_plan_done(&w->links);
	fw_plan_free(w->rules);
	fw_rows_done(&w->all);
	fw_state_free(w->had);
	free(w->name);
	free(w->running_xml);
	free(w);
}

static void task_finish(struct reconcile *r, struct task *t)
{
	r->running = NULL;
	if (t->done)
		t->done(t->data, &t->err);
	else if (t->err.code)
		log_err("repair: %s", t->err.msg);
	free(t);
	next_turn(r);
}

/* Take in every event that the kernel has queued for us: those of our own changes are among them, for it queues them
 * before it acknowledges. */
static void link_changed(void *data, const struct mirror_change *change);

void reconcile_read_mirror(struct reconcile *r)
{
	struct pollfd p = { .fd = mirror_fd(r->c->mirror), .events = POLLIN };
	struct err e = { 0 };

	for (unsigned i = 0; i < 1000 && poll(&p, 1, 0) > 0; i++) {
		if (mirror_read(r->c->mirror, link_changed, r, &e) < 0) {
			log_err("%s", e.msg);
			return;
		}
	}
}

/* A job makes a dozen events. While a bridge is made, to be woken for each of them costs the kernel thread more than to
 * read all when it is done, and nothing is decided before. (One that is taken down waits for RCU: then it is free.) */
static void listen_to_kernel(struct reconcile *r, bool on)
{
	int state = on ? SD_EVENT_ON : SD_EVENT_OFF;

	(void)!sd_event_source_set_enabled(r->links_source, state);
	(void)!sd_event_source_set_enabled(r->rules_source, state);
}

static void refresh_after(struct reconcile *r, const struct work *w)
{
	struct err e = { 0 };

	reconcile_read_mirror(r);
	if (w->result.needs_refresh && w->result.ifindex &&
	    mirror_refresh_link(r->c->mirror, w->result.ifindex, &e) < 0)
		log_warning("%s", e.msg);
}

static void forget_rules(struct reconcile *r)
{
	fw_state_free(r->rules_had);
	r->rules_had = NULL;
}

static void take_rules(struct reconcile *r, struct work *w)
{
	/* Somebody changed the table while the job ran: before its dump or after it, nobody knows. */
	if (w->rules_touched != r->rules_touched) {
		forget_rules(r);
	} else if (w->sync && w->rules_done) {
		fw_state_free(r->rules_had);
		r->rules_had = take_ptr(w->had);
	} else if (w->rules_stale || (w->rules_done && w->rules && fw_state_commit(r->rules_had, w->rules) < 0)) {
		forget_rules(r);
	}
}

static void run_task(struct reconcile *r, struct task *t);

static void shape_is_done(struct reconcile *r, const struct task *t, const struct work *w)
{
	struct net *n = t->net_id ? registry_find_id(&r->c->registry, t->net_id) : NULL;

	if (n && w->shape && (!w->wanted || !w->err.code))
		shaping_done(r->c, n, work_bridge(w), &w->bandwidth, &w->shaped);
}

static void work_done(struct job *j)
{
	struct work *w = container_of(j, struct work, job);
	struct reconcile *r = w->r;
	struct task *t = r->running;

	take_rules(r, w);
	refresh_after(r, w);
	listen_to_kernel(r, true);
	attached_tried(r->c->attached, &w->links);
	shape_is_done(r, t, w);
	/* What somebody else changed meanwhile is looked at again; other failures are the caller's affair, if there is
	 * one. */
	bool again = !w->err.code || (t->rounds < ROUNDS_MAX && (w->rules_stale || !t->done));
	if (!again)
		t->err = w->err;
	work_free(w);
	if (again)
		run_task(r, t);
	else
		task_finish(r, t);
}

static struct work *work_new(struct reconcile *r)
{
	struct work *w = calloc(1, sizeof(*w));

	if (w)
		*w = (struct work){ .job = { .run = work_run, .done = work_done }, .r = r, .wanted = true,
		                    .rules_touched = r->rules_touched };
	return w;
}

static int plan_links(struct reconcile *r, const struct net *n, bool wanted, struct bridge_plan *ret, struct err *e)
{
	struct bridge_want want;
	int result = 0;

	if (wanted)
		result = bridge_wanted(n->live, &want, e);
	else
		bridge_wanted_nothing(&n->uuid, n->live && n->live->bridge ? n->live->bridge : "", &want);
	if (result < 0)
		return result;
	want.ifindex = (uint32_t)n->ifindex;
	if (attached_want(r->c->attached, n, &want) < 0)
		result = err_sys(e, ENOMEM, "the ports of network '%s'", n->name);
	else
		result = bridge_plan_make(r->c->mirror, &want, ret, e);
	bridge_want_done(&want);
	return result;
}

static int plan_rules(struct reconcile *r, const struct net *n, bool wanted, struct fw_plan **ret, struct err *e)
{
	struct fw_rows rows = { 0 };
	int result = wanted ? fw_want_network(n->live, &r->fw, &rows, e) : 0;

	if (result == 0)
		result = fw_plan_network(r->rules_had, n->name, &n->uuid, &rows, &r->fw, ret, e);
	fw_rows_done(&rows);
	return result;
}

static int want_all_rules(struct reconcile *r, struct fw_rows *rows, struct err *e)
{
	struct net *n;
	int result = 0;
	bool any = false;

	registry_foreach (n, &r->c->registry) {
		if (result < 0 || !net_is_wanted(n) || !network_owns_bridge(n->live))
			continue;
		if (!any)
			result = fw_want_base(&r->fw, rows);
		any = true;
		if (result == 0)
			result = fw_want_network(n->live, &r->fw, rows, e);
	}
	return result;
}

/* The rules aren't known: bring the whole table in order first, this task's network included. */
static int plan_sync(struct reconcile *r, struct work *w)
{
	w->sync = true;
	return want_all_rules(r, &w->all, &w->err);
}

static int plan_file(struct net *n, struct work *w, bool first_round)
{
	w->stop_asked = n->state == NET_STOPPING && n->config;
	w->file = first_round && (n->state == NET_STARTING || n->live_changed || !w->wanted);
	n->live_changed = false;
	if (!w->file)
		return 0;
	w->name = strdup(n->name);
	w->running_xml = w->wanted ? network_format(n->live, 0, 0) : NULL;
	if (!w->name || (w->wanted && !w->running_xml))
		return err_sys(&w->err, ENOMEM, "cannot note that network '%s' runs", n->name);
	return 0;
}

/* Everything that is to be done for one network now. Networks on bridges of others have nothing in the kernel. */
static int plan_network(struct reconcile *r, struct net *n, bool first_round, struct work *w)
{
	int result = plan_file(n, w, first_round);

	if (result < 0 || !n->live || !network_owns_bridge(n->live))
		return result;
	w->network = n->uuid;
	w->shape = shaping_due(r->c, n, w->wanted, &w->bandwidth);
	result = plan_links(r, n, w->wanted, &w->links, &w->err);
	if (result == 0)
		result = r->rules_had ? plan_rules(r, n, w->wanted, &w->rules, &w->err) : plan_sync(r, w);
	return result;
}

static bool work_is_empty(const struct work *w)
{
	return bridge_plan_is_empty(&w->links) && (!w->rules || !w->rules->n) && !w->sync && !w->file && !w->shape;
}

static void note_ifindex(struct reconcile *r, struct net *n)
{
	const struct mirror_link *l = net_is_wanted(n) ? mirror_by_uuid(r->c->mirror, &n->uuid) : NULL;
	int before = n->ifindex;

	n->ifindex = l ? (int)l->ifindex : 0;
	/* A bridge that was made anew: sockets on the old one are deaf. */
	if (n->state == NET_ACTIVE && n->ifindex && before && before != n->ifindex) {
		struct err e = { 0 };
		services_stop(r->c->services, n);
		if (services_start(r->c->services, n, &e) < 0)
			log_err("network '%s': %s", n->name, e.msg);
	}
}

/* Letting guests' ports forward is daily work, and no repair. */
static bool is_daily(const struct work *w)
{
	for (size_t i = 0; i < w->links.n_steps; i++)
		if (w->links.steps[i].op != BRIDGE_FORWARD_PORT)
			return false;
	return w->links.n_steps && (!w->rules || !w->rules->n) && !w->sync && !w->file;
}

static void log_plan(const struct net *n, const struct work *w, const struct task *t)
{
	struct text text = { 0 };

	if (t->done || !log_wants(LOG_LEVEL_INFO) || is_daily(w))
		return;
	bridge_plan_text(&w->links, &text);
	if (w->rules)
		fw_plan_text(w->rules, &text);
	auto_free char *s = text_take(&text);
	log_info("network '%s': repairing: %s", n->name, s ? s : "");
}

/* A port has one attempt, whatever comes of it: STP does without us, only later. */
static void note_tried(struct reconcile *r, const struct work *w)
{
	usec_t now = clock_boottime();

	for (size_t i = 0; i < w->links.n_steps; i++)
		if (w->links.steps[i].op == BRIDGE_FORWARD_PORT)
			mirror_port_tried(r->c->mirror, w->links.steps[i].ifindex, now);
}

/* Push the job and return true, or return false when nothing is left to do or t->err says why it can't be. */
static bool begin_work(struct reconcile *r, struct task *t, struct net *n)
{
	struct work *w = work_new(r);

	if (!w) {
		err_sys(&t->err, ENOMEM, "cannot reconcile");
		return false;
	}
	w->wanted = !n || net_is_wanted(n);
	if (n)
		(void)plan_network(r, n, t->rounds == 0, w);
	else if (!r->rules_had)
		(void)plan_sync(r, w);
	t->err = w->err;
	/* Guests may keep coming, and that is no sign of somebody undoing our work. */
	if (!t->err.code && !work_is_empty(w) && (is_daily(w) || t->rounds++ < ROUNDS_MAX)) {
		if (n)
			log_plan(n, w, t);
		note_tried(r, w);
		listen_to_kernel(r, !w->wanted);
		jobs_push(r->c->kernel, &w->job);
		return true;
	}
	if (!t->err.code && !work_is_empty(w))
		err_set(&t->err, ERR_INTERNAL, "%s%s: the kernel doesn't keep what was set; somebody else changes it",
		        n ? "network " : "the rules", n ? n->name : "");
	work_free(w);
	return false;
}

static void run_task(struct reconcile *r, struct task *t)
{
	struct net *n = t->net_id ? registry_find_id(&r->c->registry, t->net_id) : NULL;

	if (t->net_id && !n) { /* gone meanwhile: nothing of it was left in the kernel */
		task_finish(r, t);
		return;
	}
	if (begin_work(r, t, n))
		return;
	if (n)
		note_ifindex(r, n);
	task_finish(r, t);
}

static int take_turn(sd_event_source *s, void *data)
{
	struct reconcile *r = data;
	struct task *t = list_first(&r->waiting, struct task, node);

	r->turn = sd_event_source_disable_unref(r->turn);
	if (r->running || r->sweeping || !t)
		return 0;
	list_remove(&t->node);
	r->running = t;
	reconcile_read_mirror(r);
	run_task(r, t);
	return 0;
}

static void next_turn(struct reconcile *r)
{
	if (list_is_empty(&r->waiting)) {
		sd_event_source_set_time_relative(r->quiet, QUIET_USEC);
		sd_event_source_set_enabled(r->quiet, SD_EVENT_ONESHOT);
		return;
	}
	if (!r->turn && !r->running && !r->sweeping && sd_event_add_defer(r->c->loop, &r->turn, take_turn, r) < 0)
		log_err("out of memory: the kernel's state waits for the next event");
}

static void enqueue(struct reconcile *r, uint32_t net_id, reconcile_done_fn *done, void *data)
{
	struct task *t = calloc(1, sizeof(*t));

	if (!t) {
		struct err e = { 0 };
		err_sys(&e, ENOMEM, "cannot reconcile");
		if (done)
			done(data, &e);
		return;
	}
	*t = (struct task){ .net_id = net_id, .done = done, .data = data };
	list_add_tail(&r->waiting, &t->node);
	next_turn(r);
}

void reconcile_network(struct reconcile *r, struct net *n, reconcile_done_fn *done, void *data)
{
	enqueue(r, n->id, done, data);
}

/* ---- what others do to the kernel ---- */

static bool is_waiting(const struct reconcile *r, uint32_t net_id)
{
	struct task *t;

	list_foreach (t, &r->waiting, struct task, node)
		if (t->net_id == net_id)
			return true;
	return false;
}

static void want_repair(struct reconcile *r, uint32_t net_id)
{
	if (!is_waiting(r, net_id))
		enqueue(r, net_id, NULL, NULL);
}

void reconcile_rules(struct reconcile *r)
{
	want_repair(r, 0);
}

void reconcile_look(struct reconcile *r, const struct net *n)
{
	want_repair(r, n->id);
}

static void repair_all(struct reconcile *r)
{
	struct net *n;

	registry_foreach (n, &r->c->registry)
		if (n->state == NET_ACTIVE)
			want_repair(r, n->id);
}

/* Whether the event is about network `n`: its bridge, or (`port`) a port of it that waits for nothing but us. Other
 * events about guests' ports and foreign links are none's. */
static bool concerns(struct net *n, const struct mirror_change *change, const struct mirror_link *port)
{
	if (n->state != NET_ACTIVE)
		return false;
	bool shape = shaping_heard(n, change);
	if (shape || change->what == MIRROR_SHAPE)
		return shape;
	return (uint32_t)n->ifindex == change->ifindex || (port && (uint32_t)n->ifindex == port->master) ||
	       (n->live && n->live->bridge && strcmp(n->live->bridge, change->name) == 0);
}

static void link_changed(void *data, const struct mirror_change *change)
{
	struct reconcile *r = data;
	struct net *n;

	attached_heard(r->c->attached, change);
	if (change->what == MIRROR_RESYNC || change->what == MIRROR_FORWARD) {
		repair_all(r);
		return;
	}
	const struct mirror_link *port = mirror_by_ifindex(r->c->mirror, change->ifindex);
	if (port && !mirror_is_waiting(port))
		port = NULL;
	registry_foreach (n, &r->c->registry)
		if (concerns(n, change, port))
			want_repair(r, n->id);
}

static int links_ready(sd_event_source *s, int fd, uint32_t revents, void *data)
{
	struct reconcile *r = data;
	struct err e = { 0 };

	if (mirror_read(r->c->mirror, link_changed, r, &e) < 0)
		log_err("%s", e.msg);
	return 0;
}

static int rules_ready(sd_event_source *s, int fd, uint32_t revents, void *data)
{
	struct reconcile *r = data;
	enum fw_event event = fw_events(r->rules_watch);

	if (event != FW_EVENT_FOREIGN && event != FW_EVENT_OVERFLOW)
		return 0;
	log_warning("firewall: %s; reading the table again",
	            event == FW_EVENT_FOREIGN ? "somebody changed our table" : "events were lost");
	r->rules_touched++;
	forget_rules(r);
	want_repair(r, 0);
	return 0;
}

/* ---- audit ---- */

void reconcile_audit(struct reconcile *r)
{
	struct err e = { 0 };
	struct mirror_change all = { .what = MIRROR_RESYNC };

	if (mirror_resync(r->c->mirror, &e) < 0)
		log_err("%s", e.msg);
	link_changed(r, &all);
	r->rules_touched++;
	forget_rules(r);
	want_repair(r, 0);
}

static int audit(sd_event_source *s, uint64_t usec, void *data)
{
	struct reconcile *r = data;

	reconcile_audit(r);
	sd_event_source_set_time_relative(s, AUDIT_USEC);
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

/* ---- quiet moments ---- */

static void sweep_done(struct job *j)
{
	struct work *w = container_of(j, struct work, job);
	struct reconcile *r = w->r;

	r->sweeping = false;
	refresh_after(r, w);
	if (w->err.code)
		log_warning("%s", w->err.msg);
	work_free(w);
	next_turn(r);
}

static int quiet(sd_event_source *s, uint64_t usec, void *data)
{
	struct reconcile *r = data;
	struct work *w = r->running || r->sweeping ? NULL : work_new(r);

	if (!w)
		return 0;
	w->job.done = sweep_done;
	if (bridge_plan_remove_parked(r->c->mirror, 0, 1, &w->links, &w->err) == 0 &&
	    !bridge_plan_is_empty(&w->links)) {
		r->sweeping = true;
		jobs_push(r->c->kernel, &w->job);
	} else {
		work_free(w);
	}
	return 0;
}

static void remove_parked(struct reconcile *r)
{
	struct bridge_plan plan;
	struct bridge_result result;
	struct err e = { 0 };

	if (bridge_plan_remove_parked(r->c->mirror, 0, SIZE_MAX, &plan, &e) < 0)
		return;
	if (bridge_apply(r->links, &plan, &result, &e) < 0)
		log_warning("%s", e.msg);
	bridge_plan_done(&plan);
}

/* The table serves running networks; without one it goes. */
static void remove_idle_table(struct reconcile *r)
{
	struct fw_rows rows = { 0 };
	struct err e = { 0 };

	if (want_all_rules(r, &rows, &e) == 0 && !rows.base && fw_sync(r->rules, &rows, NULL, NULL, &e) < 0)
		log_warning("%s", e.msg);
	fw_rows_done(&rows);
}

void reconcile_leave(struct reconcile *r)
{
	reconcile_read_mirror(r);
	remove_parked(r);
	remove_idle_table(r);
}

/* ---- for other jobs of the kernel thread ---- */

struct kernel_socket *reconcile_kernel_socket(struct reconcile *r)
{
	return r->links;
}

struct fw_kernel *reconcile_rules_kernel(struct reconcile *r)
{
	return r->rules;
}

const struct fw_options *reconcile_rules_options(const struct reconcile *r)
{
	return &r->fw;
}

/* ---- asking ---- */

static void add_shape_text(const struct reconcile *r, const struct network *def, struct text *text)
{
	const struct net *n = registry_find_uuid(&r->c->registry, &def->uuid);
	struct shape_row row;

	if (!n || !shaping_due(r->c, n, true, &row))
		return;
	shape_wanted(def, &row);
	shape_text(&row, def->bridge ? def->bridge : "", text);
}

char *reconcile_plan_text(struct reconcile *r, const struct network *def)
{
	struct net n = { .name = def->name, .uuid = def->uuid, .live = (struct network *)(uintptr_t)def };
	struct bridge_plan links = { 0 };
	struct fw_plan *rules = NULL;
	struct text text = { 0 };
	struct err e = { 0 };

	if (network_owns_bridge(def)) {
		if (plan_links(r, &n, true, &links, &e) < 0 ||
		    (r->rules_had && plan_rules(r, &n, true, &rules, &e) < 0))
			text_addf(&text, "error: %s\n", e.msg);
		bridge_plan_text(&links, &text);
		add_shape_text(r, def, &text);
		if (rules)
			fw_plan_text(rules, &text);
	}
	bridge_plan_done(&links);
	fw_plan_free(rules);
	return text_take(&text);
}

/* ---- opening ---- */

static int open_kernel(struct reconcile *r, struct err *e)
{
	struct controller *c = r->c;
	int result;

	if ((result = mirror_open(&c->mirror, 0, e)) < 0 || (result = kernel_socket_open(&r->links, e)) < 0 ||
	    (result = fw_kernel_open(-1, &r->rules, e)) < 0)
		return result;
	if ((result = fw_watch_open(fw_kernel_port(r->rules), &r->rules_watch, e)) < 0)
		return result;
	if ((result = sd_event_add_io(c->loop, &r->links_source, mirror_fd(c->mirror), EPOLLIN, links_ready, r)) < 0 ||
	    (result = sd_event_add_io(c->loop, &r->rules_source, fw_watch_fd(r->rules_watch), EPOLLIN, rules_ready, r)) <
	        0)
		return err_sys(e, -result, "cannot watch the kernel");
	result = sd_event_add_time_relative(c->loop, &r->quiet, CLOCK_BOOTTIME, QUIET_USEC, 0, quiet, r);
	if (result >= 0)
		result = sd_event_add_time_relative(c->loop, &r->audit, CLOCK_BOOTTIME, AUDIT_USEC, 0, audit, r);
	return result < 0 ? err_sys(e, -result, "cannot make a timer") : 0;
}

struct reconcile *reconcile_new(struct controller *c, struct err *e)
{
	struct reconcile *r = calloc(1, sizeof(*r));

	if (!r) {
		err_sys(e, ENOMEM, "cannot open the kernel");
		return NULL;
	}
	r->c = c;
	list_init(&r->waiting);
	if (open_kernel(r, e) < 0) {
		reconcile_free(r);
		return NULL;
	}
	return r;
}

void reconcile_free(struct reconcile *r)
{
	struct task *t;

	if (!r)
		return;
	list_foreach (t, &r->waiting, struct task, node)
		free(t);
	free(r->running);
	sd_event_source_disable_unref(r->turn);
	sd_event_source_disable_unref(r->quiet);
	sd_event_source_disable_unref(r->links_source);
	sd_event_source_disable_unref(r->rules_source);
	sd_event_source_disable_unref(r->audit);
	fw_watch_free(r->rules_watch);
	fw_kernel_free(r->rules);
	fw_state_free(r->rules_had);
	kernel_socket_free(r->links);
	mirror_free(r->c->mirror);
	r->c->mirror = NULL;
	free(r);
}
