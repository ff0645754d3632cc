/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/uplinks.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "bridge/host-rows.h"
#include "netd/controller/conditions.h"
#include "netd/kernel/attached.h"
#include "netd/kernel/reconcile.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* Removing a bridge takes its addresses away first, and 40 ms later the bridge: what is gone and
 * what was taken away by the host can't be told apart before. */
#define SETTLE_USEC (300 * USEC_PER_MSEC)
#define FILE_MAX    (8 * 1024 * 1024)

/* Somebody who puts addresses on the device as fast as we move them has his way for a while. */
#define MOVES_MAX  10
#define MOVES_USEC (10 * USEC_PER_SEC)

struct net_uplink {
	struct list node; /* of uplinks.all */
	struct net *net;
	struct uplink_row row; /* by which `held` was taken */
	uint32_t held;         /* ifindex; 0: nothing is taken */
	char *rows;            /* what the host had on link rows_of, told at rows_since; or NULL */
	uint32_t rows_of;
	usec_t rows_since;
	bool unsaved;
	unsigned moves; /* since moves_since */
	usec_t moves_since;
};

struct uplinks {
	struct controller *c;
	struct list all;         /* of struct net_uplink: of networks that run, or run no more */
	sd_event_source *settle; /* timer: what is unsaved is to be read */
	sd_event_source *again;  /* timer: whoever was left alone is looked at again */
};

static struct net_uplink *uplink_of(struct uplinks *u, struct net *n)
{
	if (n->uplink || !(n->uplink = calloc(1, sizeof(*n->uplink))))
		return n->uplink;
	n->uplink->net = n;
	list_add_tail(&u->all, &n->uplink->node);
	return n->uplink;
}

static void forget(struct net *n)
{
	if (!n->uplink)
		return;
	list_remove(&n->uplink->node);
	free(n->uplink->rows);
	free(n->uplink);
	n->uplink = NULL;
}

static void arm(sd_event_source *timer, usec_t usec)
{
	sd_event_source_set_time_relative(timer, usec);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static bool has_uplink(const struct net *n)
{
	return n->live && !network_owns_bridge(n->live) && network_makes_bridge(n->live);
}

static struct uplink_row row_of(const struct network *def)
{
	struct uplink_row row = { .vlan = def->options.uplink.vlan };

	copy_text(row.dev, sizeof(row.dev), def->options.uplink.dev);
	return row;
}

/* ---- on disk ----
 *
 *	boot … netns …
 *	uplink DEV VLAN IFINDEX
 *	rows IFINDEX MICROSECONDS
 *	HEXADECIMAL
 */

static void path_of(const struct uplinks *u, const struct uuid *uuid, char buf[static PATH_MAX])
{
	char text[UUID_TEXT_MAX];

	snprintf(buf, PATH_MAX, "%s/uplinks/%s", u->c->paths.lib, uuid_format(uuid, text));
}

struct uplink_note {
	struct job job; /* of a note on its own */
	struct uplinks *u;
	uint32_t net_id;
	struct kernel_socket *ks;
	char path[PATH_MAX], head[256];
	uint32_t link; /* whose rows are noted */
	char *rows;    /* out */
	usec_t since;
	struct err err;
};

static struct uplink_note *note_new(const struct uplinks *u, const struct net *n,
				    const struct uplink_row *row, uint32_t held, uint32_t link)
{
	struct uplink_note *note = calloc(1, sizeof(*note));
	char valid[160];

	if (!note)
		return NULL;
	note->link = link;
	note->net_id = n->id;
	path_of(u, &n->uuid, note->path);
	attached_validity(valid, sizeof(valid));
	snprintf(note->head, sizeof(note->head), "%s\nuplink %s %u %u\n", valid, row->dev,
		 row->vlan, held);
	return note;
}

void uplink_note_free(struct uplink_note *note)
{
	if (note)
		free(note->rows);
	free(note);
}

static int write_note(struct uplink_note *note, struct err *e)
{
	struct text t = { 0 };

	text_addf(&t, "%srows %u %" PRIu64 "\n%s", note->head, note->link, (uint64_t)note->since,
		  note->rows);
	size_t len = t.len;
	auto_free char *all = text_take(&t);
	return all ? file_write_atomic(note->path, 0600, all, len, e)
		   : err_sys(e, ENOMEM, "cannot write %s", note->path);
}

int uplink_note_run(struct uplink_note *note, struct kernel_socket *ks, struct err *e)
{
	struct host_rows rows;
	int r = host_rows_read(ks, note->link, &rows, e);

	if (r < 0)
		return r;
	note->since = rows.since;
	note->rows = host_rows_text(&rows);
	host_rows_done(&rows);
	if (!note->rows)
		return err_sys(e, ENOMEM, "cannot write %s", note->path);
	return write_note(note, e);
}

static void remove_file(const struct uplinks *u, const struct uuid *uuid)
{
	char path[PATH_MAX];

	path_of(u, uuid, path);
	if (unlink(path) < 0 && errno != ENOENT)
		log_warning("cannot remove %s: %s", path, strerror(errno));
}

/* ---- a look at what the host has now ---- */

static void settle_run(struct job *j)
{
	struct uplink_note *note = container_of(j, struct uplink_note, job);
	char name[IF_NAMESIZE];

	/* The bridge may be on its way out: then what is known is better. */
	(void)!uplink_note_run(note, note->ks, &note->err);
	if (!if_indextoname(note->link, name) && !note->err.code)
		err_sys(&note->err, ENODEV, "the bridge has gone");
}

static void settle_done(struct job *j)
{
	struct uplink_note *note = container_of(j, struct uplink_note, job);
	struct net *n = registry_find_id(&note->u->c->registry, note->net_id);

	if (note->err.code) {
		log_warning("what the host has on a bridge is not kept: %s", note->err.msg);
	} else if (n && n->uplink && n->uplink->held) {
		free(n->uplink->rows);
		n->uplink->rows = take_ptr(note->rows);
		n->uplink->rows_of = note->link;
		n->uplink->rows_since = note->since;
	}
	uplink_note_free(note);
}

static void settle_one(struct uplinks *u, struct net *n)
{
	const struct mirror_link *bridge = mirror_by_uuid(u->c->mirror, &n->uuid);
	struct net_uplink *up = n->uplink;

	up->unsaved = false;
	if (n->state != NET_ACTIVE || !up->held || !bridge || !(bridge->flags & IFF_UP) ||
	    (up->rows && up->rows_of != bridge->ifindex))
		return;
	struct uplink_note *note = note_new(u, n, &up->row, up->held, bridge->ifindex);
	if (!note)
		return;
	note->job = (struct job){ .run = settle_run, .done = settle_done };
	note->u = u;
	note->ks = reconcile_kernel_socket(u->c->reconcile);
	jobs_push(u->c->kernel, &note->job);
}

static int settle(sd_event_source *s, uint64_t usec, void *data)
{
	struct uplinks *u = data;
	struct net_uplink *up;

	list_foreach (up, &u->all, struct net_uplink, node)
		if (up->unsaved)
			settle_one(u, up->net);
	return 0;
}

static void unsettle(struct uplinks *u, struct net *n)
{
	n->uplink->unsaved = true;
	arm(u->settle, SETTLE_USEC);
}

/* ---- what is wanted ---- */

static bool may_move(const struct net_uplink *up)
{
	return up->moves < MOVES_MAX || clock_boottime() - up->moves_since > MOVES_USEC;
}

/* What was on the bridge is lost when it is another one now, or was set down. */
static int want_lost(const struct net_uplink *up, const struct mirror_link *bridge,
		     struct uplink_want *w)
{
	if (!up->rows || !*up->rows)
		return 0;
	if (bridge && bridge->ifindex == up->rows_of && bridge->flags & IFF_UP)
		return 0;
	w->lost = strdup(up->rows);
	w->lost_from = up->rows_of;
	w->since = up->rows_since;
	return w->lost ? 0 : -ENOMEM;
}

int uplinks_want(const struct uplinks *u, const struct net *n, struct bridge_want *want)
{
	const struct net_uplink *up = n->uplink;
	int r = 0;

	if (!has_uplink(n))
		return 0;
	want->uplink.row = row_of(n->live);
	if (up) {
		want->uplink.held = up->held;
		want->uplink.before = up->row;
		want->uplink.leave_rows = !may_move(up);
		r = want_lost(up, mirror_by_uuid(u->c->mirror, &n->uuid), &want->uplink);
	}
	return r < 0 ? r : bridge_want_as_uplink(u->c->mirror, want);
}

static const struct bridge_step *step_of(const struct bridge_plan *plan, enum bridge_op op)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].op == op)
			return &plan->steps[i];
	return NULL;
}

int uplinks_note(const struct uplinks *u, const struct net *n, const struct bridge_plan *plan,
		 struct uplink_note **ret)
{
	const struct bridge_step *take = step_of(plan, BRIDGE_TAKE_UPLINK);

	*ret = NULL;
	/* While something is lost, what is known of it is worth more. */
	if (!take || !(take->change & PORT_CHANGE_BRIDGE) || plan->lost)
		return 0;
	struct uplink_row row = row_of(n->live);
	*ret = note_new(u, n, &row, take->ifindex, take->ifindex);
	return *ret ? 0 : -ENOMEM;
}

/* ---- what has come of it ---- */

static void was_taken(struct uplinks *u, struct net *n, const struct bridge_step *take)
{
	struct net_uplink *up = uplink_of(u, n);

	if (!up)
		return;
	up->row = row_of(n->live);
	up->held = take->ifindex;
	if (take->change & PORT_CHANGE_BRIDGE) {
		log_info("network '%s': '%s' is its uplink now", n->name, take->link.name);
		return;
	}
	usec_t now = clock_boottime();
	if (now - up->moves_since > MOVES_USEC) {
		up->moves = 0;
		up->moves_since = now;
	}
	if (++up->moves < MOVES_MAX)
		return;
	log_warning("network '%s': somebody keeps putting addresses on the uplink '%s'; they are "
		    "left there for %u s. Tell that program to use bridge '%s'",
		    n->name, take->link.name, (unsigned)(MOVES_USEC / USEC_PER_SEC),
		    n->live->bridge);
	arm(u->again, MOVES_USEC + USEC_PER_SEC);
}

void uplinks_done(struct uplinks *u, struct net *n, const struct bridge_plan *plan, uint32_t bridge)
{
	if (!has_uplink(n))
		return;
	const struct bridge_step *take = step_of(plan, BRIDGE_TAKE_UPLINK),
				 *give = step_of(plan, BRIDGE_GIVE_UPLINK);

	if (give && !take) {
		log_info("network '%s': '%s' is its uplink no more", n->name, give->link.name);
		uplinks_forget(u, n);
	}
	if (take)
		was_taken(u, n, take);
	if (!n->uplink)
		return;
	if (!bridge) { /* parked */
		uplinks_forget(u, n);
		return;
	}
	if (take || plan->lost) {
		n->uplink->rows_of = bridge;
		unsettle(u, n);
	}
}

/* ---- what is to be looked at ---- */

static bool concerns(const struct uplinks *u, const struct net *n,
		     const struct mirror_change *change)
{
	if (n->state != NET_ACTIVE || !has_uplink(n) || change->what == MIRROR_SHAPE)
		return false;
	if (n->uplink->held == change->ifindex ||
	    strcmp(change->name, n->live->options.uplink.dev) == 0)
		return true;
	struct uplink_row row = row_of(n->live);
	const struct mirror_link *l = bridge_find_uplink(u->c->mirror, &row);
	return l && l->ifindex == change->ifindex;
}

static bool is_of_bridge(const struct net *n, const struct mirror_change *change)
{
	return n->uplink->held && n->ifindex &&
	       (change->what == MIRROR_RESYNC ||
		((change->what == MIRROR_ADDR || change->what == MIRROR_ROUTE) &&
		 (uint32_t)n->ifindex == change->ifindex));
}

void uplinks_heard(struct uplinks *u, const struct mirror_change *change)
{
	struct net_uplink *up;

	list_foreach (up, &u->all, struct net_uplink, node) {
		if (is_of_bridge(up->net, change))
			unsettle(u, up->net);
		if (concerns(u, up->net, change))
			reconcile_look(u->c->reconcile, up->net);
	}
}

bool uplinks_is_one(const struct uplinks *u, const struct net *n, const struct mirror_link *l)
{
	struct uplink_row row;

	if (n->uplink && n->uplink->held == l->ifindex)
		return true;
	if (!has_uplink(n))
		return false;
	row = row_of(n->live);
	return bridge_find_uplink(u->c->mirror, &row) == l;
}

static void tell(const struct uplinks *u, const struct net *n, const struct uplink_row *row)
{
	const struct mirror_link *l = bridge_find_uplink(u->c->mirror, row), *master;

	master = l && l->master ? mirror_by_ifindex(u->c->mirror, l->master) : NULL;
	if (!l)
		conditions_raise(u->c->conditions, n, CONDITION_UPLINK_MISSING, row->dev,
				 "the uplink '%s' is missing; it is taken as soon as it appears",
				 row->dev);
	else if (master && (int)master->ifindex != n->ifindex)
		conditions_raise(u->c->conditions, n, CONDITION_UPLINK_MISSING, row->dev,
				 "the uplink '%s' is a port of '%s'", l->row.name,
				 master->row.name);
	else
		conditions_clear(u->c->conditions, n, CONDITION_UPLINK_MISSING, NULL);
}

void uplinks_tell(struct uplinks *u, struct net *n)
{
	struct uplink_row row;

	if (!has_uplink(n) || !net_is_wanted(n))
		return;
	if (!uplink_of(u, n))
		log_warning("network '%s': out of memory: its uplink is not watched", n->name);
	row = row_of(n->live);
	tell(u, n, &row);
}

void uplinks_forget(struct uplinks *u, struct net *n)
{
	if (!n->uplink)
		return;
	forget(n);
	remove_file(u, &n->uuid);
}

static int look_again(sd_event_source *s, uint64_t usec, void *data)
{
	struct uplinks *u = data;
	struct net_uplink *up;

	list_foreach (up, &u->all, struct net_uplink, node)
		if (up->net->state == NET_ACTIVE)
			reconcile_look(u->c->reconcile, up->net);
	return 0;
}

/* ---- start and end ---- */

static bool parse_head(const char *text, struct net_uplink *up, const char **ret_rows)
{
	char head[160], dev[LINK_NAME_MAX];
	unsigned vlan, held, rows_of;
	uint64_t since;
	int end = 0;

	attached_validity(head, sizeof(head));
	size_t len = strlen(head);
	if (strncmp(text, head, len) != 0 || text[len] != '\n' ||
	    sscanf(text + len, "\nuplink %15s %u %u\nrows %u %" SCNu64 "%n", dev, &vlan, &held,
		   &rows_of, &since, &end) != 5 ||
	    vlan > UINT16_MAX || text[len + (size_t)end] != '\n')
		return false;
	copy_text(up->row.dev, sizeof(up->row.dev), dev);
	up->row.vlan = (uint16_t)vlan;
	up->held = held;
	up->rows_of = rows_of;
	up->rows_since = since;
	*ret_rows = text + len + end + 1;
	return true;
}

static void load(struct uplinks *u, struct net *n)
{
	auto_free char *text = NULL;
	const char *rows;
	char path[PATH_MAX];
	struct err e = { 0 };
	size_t len;

	path_of(u, &n->uuid, path);
	if (access(path, F_OK) < 0 || file_read(path, FILE_MAX, &text, &len, &e) < 0)
		return;
	if (!n->live || !uplink_of(u, n))
		return;
	if (!parse_head(text, n->uplink, &rows) || !(n->uplink->rows = strdup(rows)))
		forget(n);
}

/* Files of networks that don't run. */
static void sweep(struct uplinks *u, const char *dir)
{
	DIR *d = opendir(dir);

	for (struct dirent *entry; d && (entry = readdir(d));) {
		struct uuid uuid;
		struct net *n = uuid_parse(entry->d_name, &uuid) == 0
				    ? registry_find_uuid(&u->c->registry, &uuid)
				    : NULL;
		if (entry->d_name[0] != '.' && (!n || !n->uplink))
			(void)unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		closedir(d);
}

void uplinks_load(struct uplinks *u)
{
	char dir[PATH_MAX];
	struct err e = { 0 };
	struct net *n;

	snprintf(dir, sizeof(dir), "%s/uplinks", u->c->paths.lib);
	if (file_make_dirs(dir, 0700, &e) < 0)
		log_warning("%s", e.msg);
	registry_foreach(n, &u->c->registry) load(u, n);
	sweep(u, dir);
}

struct uplinks *uplinks_new(struct controller *c, struct err *e)
{
	struct uplinks *u = calloc(1, sizeof(*u));

	if (!u) {
		err_sys(e, ENOMEM, "cannot remember uplinks");
		return NULL;
	}
	u->c = c;
	list_init(&u->all);
	if (sd_event_add_time_relative(c->loop, &u->settle, CLOCK_BOOTTIME, 0, 0, settle, u) < 0 ||
	    sd_event_add_time_relative(c->loop, &u->again, CLOCK_BOOTTIME, 0, 0, look_again, u) <
		0) {
		err_sys(e, ENOMEM, "cannot make a timer");
		uplinks_free(u);
		return NULL;
	}
	sd_event_source_set_enabled(u->settle, SD_EVENT_OFF);
	sd_event_source_set_enabled(u->again, SD_EVENT_OFF);
	return u;
}

void uplinks_free(struct uplinks *u)
{
	struct net_uplink *up;

	if (!u)
		return;
	list_foreach (up, &u->all, struct net_uplink, node)
		forget(up->net);
	sd_event_source_disable_unref(u->settle);
	sd_event_source_disable_unref(u->again);
	free(u);
}
