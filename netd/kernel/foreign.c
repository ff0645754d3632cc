/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports bear the network's UUID in their alias, so nothing need be remembered: a link so marked
 * that is on no bridge is missing on that network's. */
#include "netd/kernel/foreign.h"

#include "base/log.h"
#include "bridge/port.h"
#include "netd/kernel/attached.h"
#include "netd/kernel/reconcile.h"

#include <errno.h>
#include <string.h>

struct foreign {
	struct controller *c;
	sd_event_source *look; /* timer: who has left had a moment to go elsewhere */
};

const struct mirror_link *foreign_bridge(const struct controller *c, const struct net *n)
{
	const struct mirror_link *l;

	if (network_makes_bridge(n->live))
		return mirror_by_ifindex(c->mirror, (uint32_t)n->ifindex);
	l = network_uses_bridge(n->live) ? mirror_by_name(c->mirror, n->live->bridge) : NULL;
	return l && l->kind == LINK_BRIDGE ? l : NULL;
}

/* The running network whose port the link is, if that has a foreign bridge. */
static struct net *net_of(const struct foreign *f, const struct mirror_link *l)
{
	struct uuid u;
	struct net *n;

	if (strncmp(l->row.alias, LINK_MARK_PORT, strlen(LINK_MARK_PORT)) != 0 ||
	    uuid_parse(l->row.alias + strlen(LINK_MARK_PORT), &u) < 0)
		return NULL;
	n = registry_find_uuid(&f->c->registry, &u);
	return n && n->state == NET_ACTIVE && network_uses_bridge(n->live) ? n : NULL;
}

/* ---- attaching ---- */

struct attach {
	struct job job;
	struct kernel_socket *kernel;
	uint32_t bridge, ifindex;
	char name[LINK_NAME_MAX];
	bool isolated;
	struct err err;
};

static void attach_run(struct job *j)
{
	struct attach *a = container_of(j, struct attach, job);

	(void)!bridge_port_attach(a->kernel, a->bridge, a->ifindex, a->name, a->isolated, &a->err);
}

static void attach_done(struct job *j)
{
	struct attach *a = container_of(j, struct attach, job);

	if (a->err.code)
		log_warning("port '%s' cannot be attached again: %s", a->name, a->err.msg);
	free(a);
}

static void attach(struct foreign *f, const struct net *n, const struct mirror_link *l)
{
	const struct mirror_link *bridge = foreign_bridge(f->c, n);
	struct attach *a = bridge ? calloc(1, sizeof(*a)) : NULL;

	if (!a)
		return;
	*a = (struct attach){ .job = { .run = attach_run, .done = attach_done },
			      .kernel = reconcile_kernel_socket(f->c->reconcile),
			      .bridge = bridge->ifindex,
			      .ifindex = l->ifindex,
			      .isolated = n->live->port_isolated == TRI_YES };
	copy_text(a->name, sizeof(a->name), l->row.name);
	log_info("network '%s': attaching port '%s' to '%s'", n->name, a->name, bridge->row.name);
	jobs_push(f->c->kernel, &a->job);
}

static int look(sd_event_source *s, uint64_t usec, void *data)
{
	struct foreign *f = data;

	for (const struct mirror_link *l = NULL; (l = mirror_next(f->c->mirror, l));) {
		const struct net *n = !l->master && l->kind != LINK_OTHER ? net_of(f, l) : NULL;
		if (n)
			attach(f, n, l);
	}
	return 0;
}

static bool is_foreign_bridge(const struct mirror_link *l)
{
	return l->kind == LINK_BRIDGE && !l->ours && !l->parked;
}

void foreign_heard(struct foreign *f, const struct mirror_change *change)
{
	const struct mirror_link *l = mirror_by_ifindex(f->c->mirror, change->ifindex);

	if (change->what != MIRROR_RESYNC &&
	    (change->what != MIRROR_LINK || !l ||
	     !(is_foreign_bridge(l) || (!l->master && net_of(f, l)))))
		return;
	sd_event_source_set_time_relative(f->look, ATTACHED_GRACE_USEC);
	sd_event_source_set_enabled(f->look, SD_EVENT_ONESHOT);
}

struct foreign *foreign_new(struct controller *c, struct err *e)
{
	struct foreign *f = calloc(1, sizeof(*f));

	if (!f) {
		err_sys(e, ENOMEM, "cannot watch bridges of others");
		return NULL;
	}
	f->c = c;
	/* Once at the start: nobody was there to see what happened. */
	if (sd_event_add_time_relative(c->loop, &f->look, CLOCK_BOOTTIME, USEC_PER_SEC, 1, look,
				       f) < 0) {
		err_sys(e, ENOMEM, "cannot make a timer");
		free(f);
		return NULL;
	}
	return f;
}

void foreign_free(struct foreign *f)
{
	if (f)
		sd_event_source_disable_unref(f->look);
	free(f);
}
