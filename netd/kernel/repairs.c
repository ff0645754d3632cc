/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/repairs.h"

#include "base/clock.h"
#include "base/file.h"
#include "netd/controller/conditions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct counted {
	struct table_node by_net;
	uint32_t net_id;
	usec_t since, last;
	unsigned n;
	bool loops, held;
	char who[48];
};

struct repairs {
	struct controller *c;
	struct table by_net;
	sd_event_source *held, *calm; /* timers */
	void (*look)(void *data, uint32_t net_id);
	void *data;
};

static struct counted *find(const struct repairs *rs, uint32_t net_id)
{
	struct table_node *node = table_find(&rs->by_net, &net_id, sizeof(net_id));

	return node ? container_of(node, struct counted, by_net) : NULL;
}

static struct counted *find_or_add(struct repairs *rs, uint32_t net_id)
{
	struct counted *k = find(rs, net_id);

	if (k || !(k = calloc(1, sizeof(*k))))
		return k;
	k->net_id = net_id;
	if (table_add(&rs->by_net, &k->by_net, &k->net_id, sizeof(k->net_id)) < 0) {
		free(k);
		return NULL;
	}
	return k;
}

static void drop(struct repairs *rs, struct counted *k)
{
	table_remove(&rs->by_net, &k->by_net);
	free(k);
}

void repairs_note(struct repairs *rs, uint32_t net_id, const char *who)
{
	struct counted *k = *who ? find_or_add(rs, net_id) : NULL;

	if (k)
		copy_text(k->who, sizeof(k->who), who);
}

void repairs_note_sender(struct repairs *rs, uint32_t net_id, uint32_t sender)
{
	char path[64], name[24] = "", who[48];

	if (!sender || sender == (uint32_t)getpid() || sender > INT32_MAX)
		return;
	snprintf(path, sizeof(path), "/proc/%u/comm", sender);
	if (file_read_proc(path, name, sizeof(name)) < 0)
		snprintf(who, sizeof(who), "pid %u, which has ended", sender);
	else
		snprintf(who, sizeof(who), "%.*s (pid %u)", (int)strcspn(name, "\n"), name, sender);
	repairs_note(rs, net_id, who);
}

/* ---- loops ---- */

static const char *object_of(const struct net *n)
{
	return n ? (n->live && n->live->bridge ? n->live->bridge : n->name) : "table inet netd";
}

static void arm(sd_event_source *timer, usec_t usec)
{
	int on = SD_EVENT_OFF;

	if (sd_event_source_get_enabled(timer, &on) >= 0 && on != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(timer, usec);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

void repairs_count(struct repairs *rs, const struct net *n)
{
	struct counted *k = find_or_add(rs, n ? n->id : 0);
	usec_t now = clock_boottime();

	if (!k)
		return;
	if (now - k->since > REPAIRS_WINDOW_USEC) {
		k->since = now;
		k->n = 0;
	}
	k->last = now;
	if (++k->n <= REPAIRS_MAX)
		return;
	k->loops = true;
	conditions_raise(rs->c->conditions, n, CONDITION_REPAIR_LOOP, object_of(n),
			 "%s was repaired more than %d times within a minute, for somebody changes "
			 "it again and again: %s",
			 object_of(n), REPAIRS_MAX, *k->who ? k->who : "it isn't known who");
	arm(rs->calm, REPAIRS_WINDOW_USEC);
}

bool repairs_may(struct repairs *rs, uint32_t net_id)
{
	struct counted *k = find(rs, net_id);
	usec_t now = clock_boottime();

	if (!k || !k->loops || now - k->last >= REPAIRS_HOLD_USEC)
		return true;
	k->held = true;
	arm(rs->held, k->last + REPAIRS_HOLD_USEC - now);
	return false;
}

void repairs_forget(struct repairs *rs, uint32_t net_id)
{
	struct counted *k = find(rs, net_id);

	if (k)
		drop(rs, k);
}

static int hold_over(sd_event_source *s, uint64_t usec, void *data)
{
	struct repairs *rs = data;

	/* look() may come back to repairs_may(): one that is held again has its own time. */
	table_foreach (node, &rs->by_net) {
		struct counted *k = container_of(node, struct counted, by_net);
		if (!k->held)
			continue;
		k->held = false;
		rs->look(rs->data, k->net_id);
	}
	return 0;
}

static int look_if_calm(sd_event_source *s, uint64_t usec, void *data)
{
	struct repairs *rs = data;
	struct table_node *node = table_next(&rs->by_net, NULL);
	usec_t now = clock_boottime();
	bool more = false;

	while (node) {
		struct counted *k = container_of(node, struct counted, by_net);
		struct net *n = registry_find_id(&rs->c->registry, k->net_id);
		node = table_next(&rs->by_net, node);
		if (k->loops && now - k->last < REPAIRS_WINDOW_USEC) {
			more = true;
			continue;
		}
		if (k->loops && (n || !k->net_id))
			conditions_clear(rs->c->conditions, n, CONDITION_REPAIR_LOOP, NULL);
		drop(rs, k);
	}
	if (more)
		arm(rs->calm, REPAIRS_WINDOW_USEC / 6);
	return 0;
}

struct repairs *repairs_new(struct controller *c, void (*look)(void *data, uint32_t net_id),
			    void *data, struct err *e)
{
	struct repairs *rs = calloc(1, sizeof(*rs));

	if (!rs) {
		err_sys(e, ENOMEM, "cannot count repairs");
		return NULL;
	}
	*rs = (struct repairs){ .c = c, .look = look, .data = data };
	table_init(&rs->by_net);
	if (sd_event_add_time_relative(c->loop, &rs->held, CLOCK_BOOTTIME, 0, 1, hold_over, rs) <
		0 ||
	    sd_event_add_time_relative(c->loop, &rs->calm, CLOCK_BOOTTIME, 0, 0, look_if_calm, rs) <
		0) {
		err_sys(e, ENOMEM, "cannot make a timer");
		repairs_free(rs);
		return NULL;
	}
	sd_event_source_set_enabled(rs->held, SD_EVENT_OFF);
	sd_event_source_set_enabled(rs->calm, SD_EVENT_OFF);
	return rs;
}

void repairs_free(struct repairs *rs)
{
	struct table_node *node;

	if (!rs)
		return;
	while ((node = table_next(&rs->by_net, NULL)))
		drop(rs, container_of(node, struct counted, by_net));
	table_done(&rs->by_net);
	sd_event_source_disable_unref(rs->held);
	sd_event_source_disable_unref(rs->calm);
	free(rs);
}
