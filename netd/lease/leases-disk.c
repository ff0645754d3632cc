/* SPDX-License-Identifier: GPL-2.0-or-later */
/* leases-disk.c — leases on their way to the store and back. */
#include "base/clock.h"
#include "base/log.h"
#include "netd/controller/conditions.h"
#include "netd/lease/leases-internal.h"
#include "netd/messages/messages-dhcp.h"
#include "netd/service/services.h"

#include <errno.h>
#include <string.h>

/* A change on its way to the disk. The store completes in the order of queueing. */
struct pending {
	struct list node;
	uint32_t net_id, worker_id;
	int family;
	uint64_t token; /* the dhcp worker's */
};

static void to_record(const struct lease *lease, struct lease_record *r)
{
	const struct lease_binding *b = &lease->b;
	bool forever = lease->expires == USEC_INFINITY;

	*r = (struct lease_record){ .network = lease->key.net,
				    .address = b->ip,
				    .mac = b->mac,
				    .iaid = b->iaid,
				    .n_client_id = b->n_client_id,
				    .state = lease->declined ? LEASE_RECORD_DECLINED
							     : LEASE_RECORD_BOUND };
	memcpy(r->client_id, b->client_id, b->n_client_id);
	copy_text(r->hostname, sizeof(r->hostname), b->name);
	r->expiry = forever ? 0 : (uint64_t)leases_wall(lease->expires);
	r->start = forever ? (uint64_t)leases_now() : r->expiry - b->lease_sec;
	r->first_seen = (uint64_t)lease->since_wall;
}

/* Until when a stored lease is shown: as recorded, if the clock hasn't been set meanwhile. The
 * engine keeps it for its client a full term longer (dhcp4_restore()). */
static usec_t restored_end(const struct lease_record *r)
{
	usec_t now = clock_wall(), end = r->expiry * USEC_PER_SEC;

	if (!r->expiry)
		return USEC_INFINITY;
	return clock_boottime() +
	       MIN_OF(end - MIN_OF(end, now), (r->expiry - r->start) * USEC_PER_SEC);
}

/* A lease that ended longer ago than one term can't have been extended without our knowing; one
 * that was declined is out of service until its end and no longer. */
static void loaded(void *data, const struct lease_record *r)
{
	struct leases *l = data;
	struct lease_binding b = {
		.ip = r->address, .mac = r->mac, .iaid = r->iaid, .n_client_id = r->n_client_id
	};
	bool declined = r->state == LEASE_RECORD_DECLINED;

	if (r->state == LEASE_RECORD_RELEASED || r->expiry > INT64_MAX || r->expiry < r->start ||
	    !msg_is_time((int64_t)r->expiry))
		return; /* no lease of ours */
	memcpy(b.client_id, r->client_id, r->n_client_id);
	copy_text(b.name, sizeof(b.name), r->hostname);
	b.lease_sec = r->expiry ? (uint32_t)(r->expiry - r->start) : DHCP4_LEASE_INFINITE;
	if (r->expiry && (int64_t)r->expiry + (declined ? 0 : (int64_t)b.lease_sec) < leases_now())
		return;
	struct lease *lease = leases_keep(l, &r->network, &b, restored_end(r));
	if (!lease) {
		log_err("out of memory: a stored lease is not restored");
		return;
	}
	lease->declined = declined;
	lease->since_wall = (int64_t)r->first_seen;
}

enum dhcp4_verdict leases_policy(const struct leases *l)
{
	return l->c->config.refuse_unstored ? DHCP4_REFUSED : DHCP4_UNSTORED;
}

static void complete(void *data, uint64_t token, bool durable)
{
	struct leases *l = data;
	struct pending *p = list_first(&l->pending, struct pending, node);

	(void)token;
	if (!p)
		return;
	list_remove(&p->node);
	services_lease_verdict(l->c->services, p->worker_id, p->family, p->net_id, p->token,
			       durable ? DHCP4_STORED : leases_policy(l));
	free(p);
}

static void tell_health(struct leases *l)
{
	struct lease_store_health health;

	lease_store_health(l->store, &health);
	if (health.writing)
		conditions_clear(l->c->conditions, NULL, CONDITION_LEASES_NOT_KEPT,
				 l->c->paths.leases);
	else
		conditions_raise(l->c->conditions, NULL, CONDITION_LEASES_NOT_KEPT,
				 l->c->paths.leases, "%s; until this is mended %s", health.problem,
				 leases_policy(l) == DHCP4_REFUSED ? "new guests get no address"
								   : "guests get short leases");
}

/* A damaged file was set aside while we ran: what took its place lacks what guests have been
 * promised since. */
static void put_all_again(struct leases *l)
{
	struct lease_store_health health;

	lease_store_health(l->store, &health);
	if (health.replaced == l->replaced)
		return;
	for (struct table_node *n = NULL; (n = table_next(&l->by_address, n));) {
		struct lease_record record;
		to_record(container_of(n, struct lease, by_address), &record);
		if (lease_store_put(l->store, &record, 0) < 0)
			return; /* the queue is full: all of it again, after the next completion */
	}
	l->replaced = health.replaced;
}

static void store_ready(void *data)
{
	struct leases *l = data;

	lease_store_completed(l->store, complete, l);
	services_flush_verdicts(l->c->services);
	tell_health(l);
	put_all_again(l);
}

struct lease_store *leases_open_store(struct leases *l, struct err *e)
{
	struct lease_store_options o = { .path = l->c->paths.leases };
	struct lease_store *store;

	if (lease_store_open(&o, &store, e) < 0)
		return NULL;
	ssize_t n = lease_store_load(store, loaded, l, e);
	if (n < 0)
		log_err("%s; starting without the stored leases", e->msg);
	struct lease_store_health health;
	lease_store_health(store, &health);
	l->replaced = health.replaced;
	if (lease_store_start(store, e) < 0 ||
	    controller_watch(l->c, lease_store_fd(store), store_ready, l, e) < 0) {
		lease_store_close(store);
		return NULL;
	}
	l->store = store;
	tell_health(l);
	return store;
}

void leases_drop_pending(struct leases *l)
{
	struct pending *p;

	list_foreach (p, &l->pending, struct pending, node)
		free(p);
}

void leases_answer(struct leases *l, const struct net *n, const struct lease_report *r,
		   enum dhcp4_verdict verdict)
{
	if (!r->token)
		return;
	services_lease_verdict(l->c->services, services_dhcp_worker(l->c->services, n),
			       r->b.ip.family, n->id, r->token, verdict);
	services_flush_verdicts(l->c->services);
}

void leases_store(struct leases *l, const struct net *n, const struct lease_report *r,
		  const struct lease *lease)
{
	struct pending *p = r->token ? malloc(sizeof(*p)) : NULL;
	int err = -ENOMEM;

	if (p || !r->token) {
		struct lease_record record;
		if (lease)
			to_record(lease, &record);
		err = lease ? lease_store_put(l->store, &record, r->token ? 1 : 0)
			    : lease_store_remove(l->store, &n->uuid, &r->b.ip, r->token ? 1 : 0);
	}
	uint32_t worker = services_dhcp_worker(l->c->services, n);
	if (p && err == 0) {
		*p = (struct pending){ .net_id = n->id,
				       .worker_id = worker,
				       .family = r->b.ip.family,
				       .token = r->token };
		list_add_tail(&l->pending, &p->node);
		return;
	}
	free(p);
	leases_answer(l, n, r, leases_policy(l));
}
