/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When there is something to reconcile without anybody having asked: others changed the kernel,
 * events were lost, time has passed. */
#include "netd/kernel/guard.h"
#include "netd/kernel/reconcile-internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "netd/controller/conditions.h"
#include "netd/controller/ports-device.h"
#include "netd/kernel/attached.h"
#include "netd/kernel/blocked.h"
#include "netd/kernel/conflicts.h"
#include "netd/kernel/foreign.h"
#include "netd/kernel/redirect.h"
#include "netd/kernel/uplinks.h"

#include <errno.h>
#include <string.h>

#define AUDIT_USEC (600 * USEC_PER_SEC) /* interfaces' sysctls change without an event */

/* ---- what others do to the kernel ---- */

void reconcile_rules(struct reconcile *r)
{
	if (!r->rules_turns && repairs_may(r->repairs, 0))
		reconcile_enqueue(r, 0, NULL, NULL);
}

void reconcile_look(struct reconcile *r, const struct net *n)
{
	if (!n->n_turns && repairs_may(r->repairs, n->id))
		reconcile_enqueue(r, n->id, NULL, NULL);
}

/* `all`: also what can only be known by events. */
static void repair_all(struct reconcile *r, bool all)
{
	struct net *n;

	registry_foreach(n, &r->c->registry)
	{
		if (n->state != NET_ACTIVE)
			continue;
		if (all)
			shaping_forget(n);
		reconcile_look(r, n);
	}
}

/* Whether the event is about network `n`: its bridge, or (`port`) a port of it that waits for
 * nothing but us. Other events about guests' ports and foreign links are none's. */
static bool concerns(struct net *n, const struct mirror_change *change,
		     const struct mirror_link *port)
{
	if (n->state != NET_ACTIVE)
		return false;
	bool shape = shaping_heard(n, change);
	if (shape || change->what == MIRROR_SHAPE)
		return shape;
	return (uint32_t)n->ifindex == change->ifindex ||
	       (port && (uint32_t)n->ifindex == port->master) ||
	       (n->live && n->live->bridge && strcmp(n->live->bridge, change->name) == 0);
}

/* ---- forwarding ---- */

#define FORWARDS_USEC (10 * USEC_PER_SEC) /* on for so long: it is over */

static bool needs_forwarding(const struct net *n, int family)
{
	if (n->state != NET_ACTIVE || !network_owns_bridge(n->live) ||
	    n->live->forward.mode == FORWARD_NONE)
		return false;
	for (size_t i = 0; i < n->live->n_ips; i++)
		if (n->live->ips[i].address.family == family)
			return true;
	return false;
}

static void judge_family(struct reconcile *r, int family, bool on)
{
	const char *name = family == AF_INET ? "ipv4" : "ipv6";
	struct net *n;

	registry_foreach(n, &r->c->registry)
	{
		if (on || !needs_forwarding(n, family))
			continue;
		conditions_raise(r->c->conditions, NULL, CONDITION_FORWARDING_OFF, name,
				 "somebody has switched %s forwarding off, which network '%s' "
				 "needs; netd switches it on again",
				 family == AF_INET ? "IPv4" : "IPv6", n->name);
		return;
	}
}

static void judge_forwarding(struct reconcile *r, const struct mirror_change *change)
{
	judge_family(r, AF_INET, mirror_forwards_ipv4(r->c->mirror));
	judge_family(r, AF_INET6, mirror_forwards_ipv6(r->c->mirror));
	sd_event_source_set_time_relative(r->forwards, FORWARDS_USEC);
	sd_event_source_set_enabled(r->forwards, SD_EVENT_ONESHOT);
}

/* Also when nobody needs it any more. */
static int forwards(sd_event_source *s, uint64_t usec, void *data)
{
	struct reconcile *r = data;

	conditions_clear(r->c->conditions, NULL, CONDITION_FORWARDING_OFF, NULL);
	judge_family(r, AF_INET, mirror_forwards_ipv4(r->c->mirror));
	judge_family(r, AF_INET6, mirror_forwards_ipv6(r->c->mirror));
	return 0;
}

static void tell(struct reconcile *r, struct net *n, const struct mirror_change *change,
		 const struct mirror_link *port)
{
	if (!n || !concerns(n, change, port))
		return;
	if (!r->running) /* else it may be an event of our own */
		repairs_note_sender(r->repairs, n->id, change->sender);
	reconcile_look(r, n);
}

/* A thousand networks make ten thousand events while they start: only those are asked that may be
 * concerned. */
void reconcile_link_changed(void *data, const struct mirror_change *change)
{
	struct reconcile *r = data;
	struct registry *nets = &r->c->registry;
	struct net *n;

	attached_heard(r->c->attached, change);
	conflicts_heard(r->c->conflicts, change);
	port_devices_heard(r->c, change);
	uplinks_heard(r->c->uplinks, change);
	if (change->what == MIRROR_FORWARD)
		judge_forwarding(r, change);
	foreign_heard(r->c->foreign, change);
	if (change->what == MIRROR_RESYNC || change->what == MIRROR_FORWARD) {
		repair_all(r, change->what == MIRROR_RESYNC);
		return;
	}
	const struct mirror_link *port = mirror_by_ifindex(r->c->mirror, change->ifindex);
	if (port && !mirror_is_waiting(port))
		port = NULL;
	tell(r, registry_find_ifindex(nets, change->ifindex), change, port);
	tell(r, registry_find_bridge(nets, change->name), change, port);
	if (port)
		tell(r, registry_find_ifindex(nets, port->master), change, port);
	list_foreach (n, &nets->shaped, struct net, shaped)
		tell(r, n, change, port);
}

static int links_ready(sd_event_source *s, int fd, uint32_t revents, void *data)
{
	struct reconcile *r = data;
	struct err e = { 0 };

	if (mirror_read(r->c->mirror, reconcile_link_changed, r, &e) < 0)
		log_err("%s", e.msg);
	return 0;
}

static int rules_ready(sd_event_source *s, int fd, uint32_t revents, void *data)
{
	struct reconcile *r = data;
	enum fw_event event = fw_events(r->rules_watch);

	if (fw_watch_others(r->rules_watch))
		blocked_look_soon(r->c->blocked);
	if (event != FW_EVENT_FOREIGN && event != FW_EVENT_OVERFLOW)
		return 0;
	const char *who = fw_watch_who(r->rules_watch);
	repairs_note(r->repairs, 0, who);
	if (event == FW_EVENT_FOREIGN)
		log_warning("firewall: %s changed our table; reading it again",
			    *who ? who : "somebody");
	else
		log_warning("firewall: events were lost; reading our table again");
	r->rules_touched++;
	reconcile_forget_rules(r);
	reconcile_rules(r);
	guard_repair(r->c->guard);
	redirect_repair(r->c->redirect);
	return 0;
}

/* ---- audit ---- */

void reconcile_audit(struct reconcile *r)
{
	struct err e = { 0 };
	struct mirror_change all = { .what = MIRROR_RESYNC };

	if (mirror_resync(r->c->mirror, &e) < 0)
		log_err("%s", e.msg);
	reconcile_link_changed(r, &all);
	r->rules_touched++;
	reconcile_forget_rules(r);
	reconcile_rules(r);
	blocked_look_soon(r->c->blocked);
	guard_repair(r->c->guard);
	redirect_repair(r->c->redirect);
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

	bool failed = w->err.code;

	r->sweeping = false;
	reconcile_refresh_after(r, w);
	if (failed)
		log_warning("%s", w->err.msg);
	reconcile_work_free(w);
	reconcile_next_turn(r);
	/* As long as it stays quiet the next one follows soon, with room for others in between. */
	if (!failed && list_is_empty(&r->waiting))
		sd_event_source_set_time_relative(r->quiet, SWEEP_GAP_USEC);
}

static int quiet(sd_event_source *s, uint64_t usec, void *data)
{
	struct reconcile *r = data;
	struct work *w = r->running || r->sweeping ? NULL : reconcile_work_new(r, sweep_done);

	if (!w)
		return 0;
	if (bridge_plan_remove_parked(r->c->mirror, 0, 1, &w->links, &w->err) == 0 &&
	    !bridge_plan_is_empty(&w->links)) {
		r->sweeping = true;
		jobs_push(r->c->kernel, &w->job);
	} else {
		reconcile_work_free(w);
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

/* The table serves running networks; without one it goes. Where it would go with our socket, it
 * becomes a table without an owner, in one transaction. */
static void leave_table(struct reconcile *r)
{
	struct fw_rows rows = { 0 };
	struct err e = { 0 };
	bool replace = fw_lives_by_socket(r->rules, &r->fw);

	if (replace)
		r->fw.owner = false;
	if (reconcile_want_all_rules(r, &rows, &e) == 0 && (replace || !rows.base) &&
	    fw_sync(r->rules, &rows, NULL, NULL, &e) < 0)
		log_warning("%s", e.msg);
	fw_rows_done(&rows);
}

void reconcile_leave(struct reconcile *r)
{
	reconcile_read_mirror(r);
	remove_parked(r);
	leave_table(r);
}

/* ---- opening ---- */

static void look_again(void *data, uint32_t net_id)
{
	struct reconcile *r = data;
	struct net *n = registry_find_id(&r->c->registry, net_id);

	if (n)
		reconcile_look(r, n);
	else if (!net_id)
		reconcile_rules(r);
}

int reconcile_watch_open(struct reconcile *r, struct err *e)
{
	struct controller *c = r->c;
	int result;

	if ((result = sd_event_add_io(c->loop, &r->links_source, mirror_fd(c->mirror), EPOLLIN,
				      links_ready, r)) < 0 ||
	    (result = sd_event_add_io(c->loop, &r->rules_source, fw_watch_fd(r->rules_watch),
				      EPOLLIN, rules_ready, r)) < 0)
		return err_sys(e, -result, "cannot watch the kernel");
	result =
	    sd_event_add_time_relative(c->loop, &r->quiet, CLOCK_BOOTTIME, QUIET_USEC, 0, quiet, r);
	if (result >= 0)
		result = sd_event_add_time_relative(c->loop, &r->audit, CLOCK_BOOTTIME, AUDIT_USEC,
						    0, audit, r);
	if (result >= 0)
		result = sd_event_add_time_relative(c->loop, &r->forwards, CLOCK_BOOTTIME,
						    FORWARDS_USEC, 0, forwards, r);
	if (result < 0)
		return err_sys(e, -result, "cannot make a timer");
	r->repairs = repairs_new(c, look_again, r, e);
	return r->repairs ? 0 : -ENOMEM;
}

void reconcile_watch_close(struct reconcile *r)
{
	sd_event_source_disable_unref(r->quiet);
	sd_event_source_disable_unref(r->audit);
	sd_event_source_disable_unref(r->forwards);
	repairs_free(r->repairs);
	r->repairs = NULL;
	sd_event_source_disable_unref(r->links_source);
	sd_event_source_disable_unref(r->rules_source);
}
