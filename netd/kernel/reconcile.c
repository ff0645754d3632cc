/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks wait in one line for their turn. A turn reads the mirror up to now, plans links and
 * rules, and hands both plans to the kernel thread as one job; while it works nobody else's plan is
 * made, so every plan starts from what is really there. When the job is back the network is looked
 * at again, until nothing is left to do. The job is in reconcile-work.c.
 *
 * Starting, rules go before links; stopping, after them: no packet passes a bridge without its
 * rules. */
#include "netd/kernel/reconcile-internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "netd/controller/conditions.h"
#include "netd/kernel/attached.h"
#include "netd/kernel/own-rules.h"
#include "netd/kernel/uplinks.h"
#include "netd/process/keeper-link.h"
#include "netd/service/services.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define ROUNDS_MAX                                                                                 \
	4 /* somebody who undoes our work at once wins after that, until the next event */

/* A repair that nobody waits for has ended. */
static void tell_repaired(struct reconcile *r, const struct task *t)
{
	const struct net *n = t->net_id ? registry_find_id(&r->c->registry, t->net_id) : NULL;

	if (t->net_id && (!n || n->state != NET_ACTIVE)) {
		if (t->err.code)
			log_err("repair: %s", t->err.msg);
	} else if (t->err.code) {
		conditions_raise(r->c->conditions, n, CONDITION_NOT_REPAIRED,
				 n ? "network" : "rules", "%s", t->err.msg);
	} else {
		conditions_clear(r->c->conditions, n, CONDITION_NOT_REPAIRED, NULL);
	}
}

static void forget_stopped(struct reconcile *r, uint32_t net_id)
{
	const struct net *n = net_id ? registry_find_id(&r->c->registry, net_id) : NULL;

	if (net_id && (!n || !net_is_wanted(n)))
		repairs_forget(r->repairs, net_id);
}

static void task_finish(struct reconcile *r, struct task *t)
{
	r->running = NULL;
	if (t->done)
		t->done(t->data, &t->err);
	else
		tell_repaired(r, t);
	forget_stopped(r, t->net_id);
	free(t);
	reconcile_next_turn(r);
}

/* Take in every event that the kernel has queued for us: those of our own changes are among them,
 * for it queues them before it acknowledges. */
void reconcile_read_mirror(struct reconcile *r)
{
	struct pollfd p = { .fd = mirror_fd(r->c->mirror), .events = POLLIN };
	struct err e = { 0 };

	for (unsigned i = 0; i < 1000 && poll(&p, 1, 0) > 0; i++) {
		if (mirror_read(r->c->mirror, reconcile_link_changed, r, &e) < 0) {
			log_err("%s", e.msg);
			return;
		}
	}
}

/* A job makes a dozen events. While a bridge is made, to be woken for each of them costs the kernel
 * thread more than to read all when it is done, and nothing is decided before. (One that is taken
 * down waits for RCU: then it is free.) */
static void listen_to_kernel(struct reconcile *r, bool on)
{
	int state = on ? SD_EVENT_ON : SD_EVENT_OFF;

	(void)!sd_event_source_set_enabled(r->links_source, state);
	(void)!sd_event_source_set_enabled(r->rules_source, state);
}

void reconcile_refresh_after(struct reconcile *r, const struct work *w)
{
	struct err e = { 0 };

	reconcile_read_mirror(r);
	if (w->result.needs_refresh && w->result.ifindex &&
	    mirror_refresh_link(r->c->mirror, w->result.ifindex, &e) < 0)
		log_warning("%s", e.msg);
}

void reconcile_forget_rules(struct reconcile *r)
{
	fw_state_free(r->rules_had);
	r->rules_had = NULL;
}

static void take_rules(struct reconcile *r, struct work *w)
{
	r->unshared |= w->shared && w->rules_stale;
	/* Somebody changed the table while the job ran: before its dump or after it, nobody knows.
	 */
	if (w->rules_touched != r->rules_touched) {
		reconcile_forget_rules(r);
	} else if (w->shared && w->rules_done) {
		return;
	} else if (w->sync && w->rules_done) {
		fw_state_free(r->rules_had);
		r->rules_had = take_ptr(w->had);
	} else if (w->rules_stale ||
		   (w->rules_done && w->rules && fw_state_commit(r->rules_had, w->rules) < 0)) {
		reconcile_forget_rules(r);
	}
}

static void run_task(struct reconcile *r, struct task *t);

static void shape_is_done(struct reconcile *r, const struct task *t, struct work *w)
{
	struct net *n = t->net_id ? registry_find_id(&r->c->registry, t->net_id) : NULL;

	if (n && shaping_is_due(&w->shape) && (!w->wanted || !w->err.code))
		shaping_done(r->c, n, reconcile_work_bridge(w), &w->shape);
}

static void uplink_is_done(struct reconcile *r, const struct task *t, const struct work *w)
{
	struct net *n = t->net_id ? registry_find_id(&r->c->registry, t->net_id) : NULL;

	if (n && !w->err.code && !bridge_plan_is_empty(&w->links))
		uplinks_done(r->c->uplinks, n, &w->links, w->result.ifindex);
}

static void work_done(struct job *j)
{
	struct work *w = container_of(j, struct work, job);
	struct reconcile *r = w->r;
	struct task *t = r->running;

	take_rules(r, w);
	reconcile_refresh_after(r, w);
	listen_to_kernel(r, true);
	attached_tried(r->c->attached, &w->links);
	shape_is_done(r, t, w);
	uplink_is_done(r, t, w);
	/* What somebody else changed meanwhile is looked at again, and what a stop could not
	 * remove, for nobody will ask for that again; other failures are the caller's affair, if
	 * there is one. */
	bool again =
	    !w->err.code || (t->rounds < ROUNDS_MAX && (w->rules_stale || !t->done || !w->wanted));
	if (!again)
		t->err = w->err;
	reconcile_work_free(w);
	if (again)
		run_task(r, t);
	else
		task_finish(r, t);
}

static int plan_links(struct reconcile *r, const struct net *n, bool wanted,
		      struct bridge_plan *ret, struct err *e)
{
	struct bridge_want want;
	int result = 0;

	if (wanted)
		result = bridge_wanted(n->live, &want, e);
	else
		bridge_wanted_nothing(&n->uuid, n->live && n->live->bridge ? n->live->bridge : "",
				      &want);
	if (result < 0)
		return result;
	want.ifindex = (uint32_t)n->ifindex;
	if (uplinks_want(r->c->uplinks, n, &want) < 0 ||
	    attached_want(r->c->attached, n, &want) < 0)
		result = err_sys(e, ENOMEM, "the ports of network '%s'", n->name);
	else
		result = bridge_plan_make(r->c->mirror, &want, ret, e);
	bridge_want_done(&want);
	return result;
}

static int plan_rules(struct reconcile *r, const struct net *n, bool wanted, struct fw_plan **ret,
		      struct err *e)
{
	struct fw_options o = reconcile_rules_options(r, n->name);
	struct fw_rows rows = { 0 };
	int result = wanted ? fw_want_network(n->live, &o, &rows, e) : 0;

	if (result == 0)
		result = fw_plan_network(r->rules_had, n->name, &n->uuid, &rows, &o, ret, e);
	fw_rows_done(&rows);
	return result;
}

/* Nothing of it is in the kernel yet, and whatever its rules are, the others' don't depend on them.
 */
static bool waits_for_start(const struct net *n)
{
	return n->state == NET_STARTING && !n->taking_up && n->n_turns;
}

int reconcile_want_all_rules(struct reconcile *r, struct fw_rows *rows, struct err *e)
{
	struct net *n;
	int result = 0;
	bool any = false;

	registry_foreach(n, &r->c->registry)
	{
		if (result < 0 || !net_is_wanted(n) || !network_owns_bridge(n->live) ||
		    waits_for_start(n))
			continue;
		if (!any)
			result = fw_want_base(&r->fw, rows);
		any = true;
		struct fw_options o = reconcile_rules_options(r, n->name);
		if (result == 0)
			result = fw_want_network(n->live, &o, rows, e);
	}
	return result;
}

/* The rules aren't known: bring the whole table in order first, this task's network included. */
static int plan_sync(struct reconcile *r, struct work *w)
{
	w->sync = true;
	return reconcile_want_all_rules(r, &w->all, &w->err);
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

static int plan_note(struct reconcile *r, const struct net *n, struct work *w)
{
	if (uplinks_note(r->c->uplinks, n, &w->links, &w->note) < 0)
		return err_sys(&w->err, ENOMEM, "cannot take the uplink of network '%s'", n->name);
	return 0;
}

/* Everything that is to be done for one network now. Networks on bridges of others have nothing in
 * the kernel, those with an uplink have no rules. */
static int plan_network(struct reconcile *r, struct net *n, bool first_round, struct work *w)
{
	int result = plan_file(n, w, first_round);

	if (result < 0 || !n->live || !network_makes_bridge(n->live))
		return result;
	if (shaping_due(r->c, n, w->wanted, &w->shape) < 0)
		return err_sys(&w->err, ENOMEM, "the bandwidth of network '%s'", n->name);
	result = plan_links(r, n, w->wanted, &w->links, &w->err);
	if (result == 0)
		result = plan_note(r, n, w);
	if (result == 0 && network_owns_bridge(n->live))
		result = r->rules_had ? plan_rules(r, n, w->wanted, &w->rules, &w->err)
				      : plan_sync(r, w);
	return result;
}

static bool work_is_empty(const struct work *w)
{
	return bridge_plan_is_empty(&w->links) && (!w->rules || !w->rules->n) && !w->sync &&
	       !w->file && !shaping_is_due(&w->shape);
}

static void note_ifindex(struct reconcile *r, struct net *n)
{
	const struct mirror_link *l =
	    net_is_wanted(n) ? mirror_by_uuid(r->c->mirror, &n->uuid) : NULL;
	int before = n->ifindex;

	registry_set_ifindex(&r->c->registry, n, l ? (int)l->ifindex : 0);
	/* A bridge that was made anew, at once or after a time without any: sockets on the old one
	 * are deaf. */
	if (n->state == NET_ACTIVE && n->ifindex && before != n->ifindex) {
		struct err e = { 0 };
		services_stop(r->c->services, n);
		if (services_start(r->c->services, n, &e) < 0)
			conditions_raise(r->c->conditions, n, CONDITION_SERVICE_DOWN, "all", "%s",
					 e.msg);
		else
			conditions_clear(r->c->conditions, n, CONDITION_SERVICE_DOWN, "all");
	}
}

/* Letting guests' ports forward, and limiting them as they come, is daily work and no repair. */
static bool is_daily(const struct work *w)
{
	for (size_t i = 0; i < w->links.n_steps; i++)
		if (w->links.steps[i].op != BRIDGE_FORWARD_PORT)
			return false;
	return (w->links.n_steps || (shaping_is_due(&w->shape) && !w->shape.repair)) &&
	       (!w->rules || !w->rules->n) && !w->sync && !w->file;
}

static void log_plan(const struct net *n, const struct work *w, const struct task *t)
{
	struct text text = { 0 };

	if (t->done || !log_wants(LOG_LEVEL_INFO) || is_daily(w))
		return;
	bridge_plan_text(&w->links, &text);
	shaping_text(&w->shape, n->live && n->live->bridge ? n->live->bridge : "", &text);
	if (w->rules)
		fw_plan_text(w->rules, &text);
	auto_free char *s = text_take(&text);
	if (s && *s) /* what reading the table again found is told by work_rules() */
		log_info("network '%s': repairing: %s", n->name, s);
}

/* A port has one attempt, whatever comes of it: STP does without us, only later. */
static void note_tried(struct reconcile *r, const struct work *w)
{
	usec_t now = clock_boottime();

	for (size_t i = 0; i < w->links.n_steps; i++)
		if (w->links.steps[i].op == BRIDGE_FORWARD_PORT)
			mirror_port_tried(r->c->mirror, w->links.steps[i].ifindex, now);
}

/* ---- the rules of many ---- */

#define SHARE_MAX 128 /* networks; the first waits for all of them */

/* Add what `n` lacks to the transaction, as if those before it were done. */
static int share_with(struct reconcile *r, struct fw_plan *all, const struct net *n)
{
	struct fw_plan *p = NULL;
	struct err e = { 0 };

	/* What is wrong with its rules is told in its own turn. */
	if (plan_rules(r, n, true, &p, &e) < 0)
		return 0;
	int result = fw_state_commit(r->rules_had, p);
	if (result == 0)
		result = fw_plan_append(all, p);
	fw_plan_free(p);
	return result;
}

/* The kernel checks the whole table at the end of each transaction, so that a thousand of them, one
 * for each network, cost a thousand times a thousand. Networks that wait in the line to be started
 * therefore get their rules together with the first one: rules go before links in any case. If it
 * fails, for whatever network's sake, each goes on alone. */
static void share_rules(struct reconcile *r, struct work *w)
{
	struct task *t;
	unsigned n_shared = 0;
	int result;

	if (!w->rules || !w->rules->n || !w->wanted || r->unshared || list_is_empty(&r->waiting))
		return;
	w->shared = true;
	result = fw_state_commit(r->rules_had, w->rules);
	list_foreach (t, &r->waiting, struct task, node) {
		const struct net *n =
		    t->net_id ? registry_find_id(&r->c->registry, t->net_id) : NULL;
		if (result < 0 || n_shared >= SHARE_MAX)
			break;
		if (n && waits_for_start(n) && network_owns_bridge(n->live)) {
			result = share_with(r, w->rules, n);
			n_shared++;
		}
	}
	/* What is in rules_had and not in the plan is found by the sync that follows. */
	if (result < 0)
		r->rules_touched++;
}

/* Push the job and return true, or return false when nothing is left to do or t->err says why it
 * can't be. */
static bool begin_work(struct reconcile *r, struct task *t, struct net *n)
{
	struct work *w = reconcile_work_new(r, work_done);

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
		if (!t->done && t->rounds == 1 && !is_daily(w))
			repairs_count(r->repairs, n);
		listen_to_kernel(r, !w->wanted);
		share_rules(r, w);
		jobs_push(r->c->kernel, &w->job);
		return true;
	}
	if (!t->err.code && !work_is_empty(w))
		err_set(&t->err, ERR_INTERNAL,
			"%s%s: the kernel doesn't keep what was set; somebody else changes it",
			n ? "network " : "the rules", n ? n->name : "");
	reconcile_work_free(w);
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
	if (n) {
		note_ifindex(r, n);
		uplinks_tell(r->c->uplinks, n);
	}
	task_finish(r, t);
}

static void count_turn(struct reconcile *r, const struct task *t, bool waits)
{
	struct net *n = t->net_id ? registry_find_id(&r->c->registry, t->net_id) : NULL;
	unsigned *turns = n ? &n->n_turns : &r->rules_turns;

	if (n || !t->net_id)
		*turns = waits ? *turns + 1 : *turns - 1;
}

static int take_turn(sd_event_source *s, void *data)
{
	struct reconcile *r = data;
	struct task *t = list_first(&r->waiting, struct task, node);

	r->turn = sd_event_source_disable_unref(r->turn);
	if (r->running || r->sweeping || !t)
		return 0;
	list_remove(&t->node);
	count_turn(r, t, false);
	r->running = t;
	reconcile_read_mirror(r);
	run_task(r, t);
	return 0;
}

void reconcile_next_turn(struct reconcile *r)
{
	if (list_is_empty(&r->waiting)) {
		r->unshared = false;
		sd_event_source_set_time_relative(r->quiet, QUIET_USEC);
		sd_event_source_set_enabled(r->quiet, SD_EVENT_ONESHOT);
		return;
	}
	if (!r->turn && !r->running && !r->sweeping &&
	    sd_event_add_defer(r->c->loop, &r->turn, take_turn, r) < 0)
		log_err("out of memory: the kernel's state waits for the next event");
}

void reconcile_enqueue(struct reconcile *r, uint32_t net_id, reconcile_done_fn *done, void *data)
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
	count_turn(r, t, true);
	reconcile_next_turn(r);
}

void reconcile_network(struct reconcile *r, struct net *n, reconcile_done_fn *done, void *data)
{
	reconcile_enqueue(r, n->id, done, data);
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

struct fw_options reconcile_rules_options(const struct reconcile *r, const char *network)
{
	struct fw_options o = r->fw;

	o.own = own_rules_of(r->c->own_rules, network);
	return o;
}

/* ---- asking ---- */

/* `def` may be another definition than the one that it runs by. */
static void add_shape_text(const struct reconcile *r, const struct network *def, struct text *text)
{
	struct net *n = registry_find_uuid(&r->c->registry, &def->uuid);
	struct net none = { .uuid = def->uuid };
	struct net like = n ? *n : none;
	struct shaping_work w;

	like.live = (struct network *)(uintptr_t)def;
	if (shaping_due(r->c, &like, true, &w) == 0)
		shaping_text(&w, def->bridge ? def->bridge : "", text);
	shaping_work_done(&w);
}

char *reconcile_plan_text(struct reconcile *r, const struct network *def)
{
	const struct net *now = registry_find_uuid(&r->c->registry, &def->uuid);
	struct net n = { .name = def->name,
			 .uuid = def->uuid,
			 .uplink = now ? now->uplink : NULL,
			 .live = (struct network *)(uintptr_t)def };
	struct bridge_plan links = { 0 };
	struct fw_plan *rules = NULL;
	struct text text = { 0 };
	struct err e = { 0 };

	if (network_makes_bridge(def)) {
		if (plan_links(r, &n, true, &links, &e) < 0 ||
		    (r->rules_had && network_owns_bridge(def) &&
		     plan_rules(r, &n, true, &rules, &e) < 0))
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

#define RULES_SOCKET "rules" /* what the keeper holds it by */

void reconcile_configure(struct reconcile *r)
{
	const struct netd_config *config = &r->c->config;

	r->fw = (struct fw_options){ .owner = config->table_owner,
				     .host_chains = config->host_rules,
				     .open_isolated = config->libvirt_isolated };
	/* An owned table is its socket's: the next controller needs the same. */
	if (r->fw.owner)
		keeper_link_store(r->c->keeper, RULES_SOCKET, fw_kernel_fd(r->rules));
}

static int open_kernel(struct reconcile *r, struct err *e)
{
	struct controller *c = r->c;
	int result;

	if ((result = mirror_open(&c->mirror, 0, e)) < 0 ||
	    (result = kernel_socket_open(&r->links, e)) < 0 ||
	    (result = fw_kernel_open(controller_take_held(c, RULES_SOCKET), &r->rules, e)) < 0)
		return result;
	reconcile_configure(r);
	if ((result = fw_watch_open(fw_kernel_port(r->rules), &r->rules_watch, e)) < 0)
		return result;
	return reconcile_watch_open(r, e);
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
	struct net *n;

	if (!r)
		return;
	list_foreach (t, &r->waiting, struct task, node)
		free(t);
	free(r->running);
	registry_foreach(n, &r->c->registry) shaping_free(n);
	sd_event_source_disable_unref(r->turn);
	reconcile_watch_close(r);
	fw_watch_free(r->rules_watch);
	fw_kernel_free(r->rules);
	fw_state_free(r->rules_had);
	kernel_socket_free(r->links);
	mirror_free(r->c->mirror);
	r->c->mirror = NULL;
	free(r);
}
