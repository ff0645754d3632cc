/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/stations.h"

#include "base/clock.h"
#include "bridge/fdb.h"
#include "netd/controller/ports-known.h"
#include "netd/kernel/reconcile.h"

#include <errno.h>

#define FIRST_USEC (100 * USEC_PER_MSEC)
#define MOST_USEC  (5 * USEC_PER_SEC)
#define FOUND_MAX  65536

struct stations {
	struct controller *c;
	sd_event_source *timer;
	usec_t wait;
	bool asking;
	uint32_t last; /* network that was asked for */
};

struct station {
	uint32_t port;
	struct mac mac;
};
struct query {
	struct job job;
	struct stations *s;
	struct kernel_socket *ks;
	uint32_t net_id, bridge;
	struct station *found;
	size_t n, cap;
};

/* It wants a limit, and no link of it is known. */
static bool waits(const struct controller *c, const struct port *port)
{
	const struct bandwidth *b = &port->p->bandwidth;

	return (b->inbound.average || b->outbound.average) && !port->shaped_by_owner &&
	       !mirror_by_ifindex(c->mirror, port->link);
}

static bool any_waits(const struct controller *c, const struct net *n)
{
	struct port *port;

	if (n->state != NET_ACTIVE || !n->ports || !n->ifindex)
		return false;
	list_foreach (port, &n->ports->ports, struct port, in_net)
		if (waits(c, port))
			return true;
	return false;
}

static void take_station(void *data, uint32_t port, const struct mac *mac)
{
	struct query *q = data;

	if (q->n < FOUND_MAX && GROW(q->found, q->cap, q->n + 1) == 0)
		q->found[q->n++] = (struct station){ port, *mac };
}

static void query_run(struct job *j)
{
	struct query *q = container_of(j, struct query, job);

	(void)!bridge_stations(q->ks, q->bridge, take_station, q);
}

static void arm(struct stations *s)
{
	sd_event_source_set_time_relative(s->timer, s->wait);
	sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
	s->wait = MIN_OF(2 * s->wait, (usec_t)MOST_USEC);
}

static void query_done(struct job *j)
{
	struct query *q = container_of(j, struct query, job);
	struct controller *c = q->s->c;
	struct net *n = registry_find_id(&c->registry, q->net_id);
	bool news = false;

	for (size_t i = 0; n && i < q->n; i++) {
		struct port *port = ports_known_mac(n, &q->found[i].mac, false);
		if (!port || !waits(c, port) || !mirror_by_ifindex(c->mirror, q->found[i].port))
			continue;
		port->link = q->found[i].port;
		n->ports->n_behind++;
		news = true;
	}
	if (news)
		reconcile_look(c->reconcile, n);
	q->s->asking = false;
	arm(q->s);
	free(q->found);
	free(q);
}

/* The networks take turns. */
static struct net *next_waiting(const struct stations *s)
{
	struct net *n, *first = NULL;

	registry_foreach(n, &s->c->registry)
	{
		if ((n->id <= s->last && first) || !any_waits(s->c, n))
			continue;
		if (n->id > s->last)
			return n;
		first = n;
	}
	return first;
}

static int look(sd_event_source *source, uint64_t usec, void *data)
{
	struct stations *s = data;
	struct net *n = s->asking ? NULL : next_waiting(s);
	struct query *q = n ? calloc(1, sizeof(*q)) : NULL;

	if (!q)
		return 0;
	*q = (struct query){ .job = { .run = query_run, .done = query_done },
			     .s = s,
			     .ks = reconcile_kernel_socket(s->c->reconcile),
			     .net_id = n->id,
			     .bridge = (uint32_t)n->ifindex };
	s->asking = true;
	s->last = n->id;
	jobs_push(s->c->kernel, &q->job);
	return 0;
}

void stations_look(struct stations *s)
{
	if (!s)
		return;
	s->wait = FIRST_USEC;
	if (!s->asking)
		arm(s);
}

struct stations *stations_new(struct controller *c, struct err *e)
{
	struct stations *s = calloc(1, sizeof(*s));

	if (s)
		*s = (struct stations){ .c = c, .wait = FIRST_USEC };
	if (!s || sd_event_add_time_relative(c->loop, &s->timer, CLOCK_BOOTTIME, FIRST_USEC, 0,
					     look, s) < 0) {
		err_sys(e, ENOMEM, "cannot look for stations");
		free(s);
		return NULL;
	}
	return s;
}

void stations_free(struct stations *s)
{
	if (!s)
		return;
	sd_event_source_disable_unref(s->timer);
	free(s);
}
