/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/lease/leases.h"

#include "base/clock.h"
#include "base/log.h"
#include "netd/lease/lease-store.h"
#include "netd/messages/messages-dhcp.h"
#include "netd/service/services.h"

#include <errno.h>
#include <string.h>

/* Of one network: more than guests on it, and less than what a captured worker could make us
 * remember. */
#define LEASES_MAX 262144

/* The leases of one network; kept also while the network is unknown (a broken file comes back one
 * day). */
struct lease_net {
	struct table_node by_uuid;
	struct uuid uuid;
	struct list leases;
	size_t n;
};

/* A change on its way to the disk. The store completes in the order of queueing. */
struct pending {
	struct list node;
	uint32_t net_id, worker_id;
	int family;
	uint64_t token; /* the dhcp worker's */
};

struct leases {
	struct controller *c;
	struct lease_store *store;
	struct table by_uuid;    /* struct lease_net */
	struct table by_address; /* struct lease */
	struct list pending;
	bool complained;   /* the store's failure has been logged */
	uint64_t replaced; /* how often the store's file had been replaced when all leases were last
			      put into it */
};

/* ---- memory ---- */

static struct lease_net *find_net(const struct leases *l, const struct uuid *u)
{
	struct table_node *node = table_find(&l->by_uuid, u->b, sizeof(u->b));

	return node ? container_of(node, struct lease_net, by_uuid) : NULL;
}

static struct lease_net *find_or_add_net(struct leases *l, const struct uuid *u)
{
	struct lease_net *ln = find_net(l, u);

	if (ln)
		return ln;
	ln = calloc(1, sizeof(*ln));
	if (!ln)
		return NULL;
	ln->uuid = *u;
	list_init(&ln->leases);
	if (table_add(&l->by_uuid, &ln->by_uuid, ln->uuid.b, sizeof(ln->uuid.b)) < 0) {
		free(ln);
		return NULL;
	}
	return ln;
}

/* As bytes, without what a union or padding may hold. */
static struct lease_key make_key(const struct uuid *net, const struct ip *ip)
{
	struct lease_key k;

	memset(&k, 0, sizeof(k));
	k.net = *net;
	k.family = ip->family;
	memcpy(k.ip, ip->v6, ip->family == AF_INET6 ? sizeof(ip->v6) : sizeof(ip->v4));
	return k;
}

static struct lease *find_lease(const struct leases *l, const struct uuid *net, const struct ip *ip)
{
	struct lease_key key = make_key(net, ip);
	struct table_node *node = table_find(&l->by_address, &key, sizeof(key));

	return node ? container_of(node, struct lease, by_address) : NULL;
}

static void drop_lease(struct leases *l, struct lease *lease)
{
	struct lease_net *ln = find_net(l, &lease->key.net);

	if (ln)
		ln->n--;
	table_remove(&l->by_address, &lease->by_address);
	list_remove(&lease->of_net);
	free(lease);
}

/* Add or replace. NULL when out of memory, or when the network has LEASES_MAX. */
static struct lease *keep_lease(struct leases *l, const struct uuid *net,
				const struct lease_binding *b, int64_t expires_wall)
{
	struct lease *lease = find_lease(l, net, &b->ip);

	if (!lease) {
		struct lease_net *ln = find_or_add_net(l, net);
		lease = ln && ln->n < LEASES_MAX ? calloc(1, sizeof(*lease)) : NULL;
		if (!lease)
			return NULL;
		lease->key = make_key(net, &b->ip);
		if (table_add(&l->by_address, &lease->by_address, &lease->key, sizeof(lease->key)) <
		    0) {
			free(lease);
			return NULL;
		}
		list_add_tail(&ln->leases, &lease->of_net);
		ln->n++;
	}
	lease->b = *b;
	lease->expires_wall = expires_wall;
	return lease;
}

static int64_t now_wall(void)
{
	return (int64_t)(clock_wall() / USEC_PER_SEC);
}

/* ---- the store ---- */

static void to_record(const struct lease *lease, struct lease_record *r)
{
	const struct lease_binding *b = &lease->b;
	bool forever = lease->expires_wall == INT64_MAX;

	*r = (struct lease_record){ .network = lease->key.net,
				    .address = b->ip,
				    .mac = b->mac,
				    .iaid = b->iaid,
				    .n_client_id = b->n_client_id,
				    .state = LEASE_RECORD_BOUND };
	memcpy(r->client_id, b->client_id, b->n_client_id);
	copy_text(r->hostname, sizeof(r->hostname), b->name);
	r->expiry = forever ? 0 : (uint64_t)lease->expires_wall;
	r->start = forever ? (uint64_t)now_wall() : r->expiry - b->lease_sec;
	r->first_seen = r->start;
}

/* A lease that ended longer ago than one term can't have been extended without our knowing. */
static void loaded(void *data, const struct lease_record *r)
{
	struct leases *l = data;
	struct lease_binding b = {
		.ip = r->address, .mac = r->mac, .iaid = r->iaid, .n_client_id = r->n_client_id
	};
	int64_t expires = r->expiry ? (int64_t)r->expiry : INT64_MAX;

	if (r->state != LEASE_RECORD_BOUND)
		return;
	if (!msg_is_time(expires))
		return; /* no lease of ours */
	memcpy(b.client_id, r->client_id, r->n_client_id);
	copy_text(b.name, sizeof(b.name), r->hostname);
	b.lease_sec = r->expiry ? (uint32_t)(r->expiry - r->start) : DHCP4_LEASE_INFINITE;
	if (r->expiry && expires + (int64_t)b.lease_sec < now_wall())
		return;
	if (!keep_lease(l, &r->network, &b, expires))
		log_err("out of memory: a stored lease is not restored");
}

static void complete(void *data, uint64_t token, bool durable)
{
	struct leases *l = data;
	struct pending *p = list_first(&l->pending, struct pending, node);

	(void)token;
	if (!durable && !l->complained) {
		struct lease_store_health health;
		lease_store_health(l->store, &health);
		log_err("leases are not being stored: %s; guests are served with short leases "
			"until this is mended",
			health.problem);
	}
	l->complained = !durable;
	if (!p)
		return;
	list_remove(&p->node);
	services_lease_verdict(l->c->services, p->worker_id, p->family, p->net_id, p->token,
			       durable);
	free(p);
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
	put_all_again(l);
}

static struct lease_store *open_store(struct leases *l, struct err *e)
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
	return store;
}

struct leases *leases_new(struct controller *c, struct err *e)
{
	struct leases *l = calloc(1, sizeof(*l));

	if (!l) {
		err_sys(e, ENOMEM, "cannot open the lease store");
		return NULL;
	}
	l->c = c;
	table_init(&l->by_uuid);
	table_init(&l->by_address);
	list_init(&l->pending);
	l->store = open_store(l, e);
	if (!l->store) {
		leases_free(l);
		return NULL;
	}
	return l;
}

static void drop_net(struct leases *l, struct lease_net *ln)
{
	struct lease *lease;

	list_foreach (lease, &ln->leases, struct lease, of_net)
		drop_lease(l, lease);
	table_remove(&l->by_uuid, &ln->by_uuid);
	free(ln);
}

void leases_free(struct leases *l)
{
	struct pending *p;

	if (!l)
		return;
	lease_store_close(l->store);
	for (struct table_node *n; (n = table_next(&l->by_uuid, NULL));)
		drop_net(l, container_of(n, struct lease_net, by_uuid));
	list_foreach (p, &l->pending, struct pending, node)
		free(p);
	table_done(&l->by_uuid);
	table_done(&l->by_address);
	free(l);
}

/* ---- what the worker reports ---- */

/* What no honest worker says: an address outside the network or its own, a client that isn't one.
 */
static bool is_plausible(const struct net *n, const struct lease_binding *b)
{
	const struct network_ip *ip = n->live ? network_dhcp_ip(n->live, b->ip.family) : NULL;

	return ip && ip_in_prefix(&b->ip, &ip->address, ip->prefix) &&
	       !ip_equal(&b->ip, &ip->address) && !mac_is_zero(&b->mac) &&
	       !mac_is_multicast(&b->mac);
}

/* Whoever asked waits for an answer. */
static void refuse(struct leases *l, const struct net *n, const struct lease_report *r)
{
	if (!r->token)
		return;
	services_lease_verdict(l->c->services, services_dhcp_worker(l->c->services, n),
			       r->b.ip.family, n->id, r->token, false);
	services_flush_verdicts(l->c->services);
}

/* Have it stored; without a place in the queue the answer is "not durable" at once. */
static void store(struct leases *l, const struct net *n, const struct lease_report *r,
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
	refuse(l, n, r);
}

static void tell_dns(struct leases *l, const struct net *n, const struct lease_binding *b, bool add,
		     int64_t expires_wall)
{
	usec_t expires = USEC_INFINITY;

	if (!b->name[0])
		return;
	if (expires_wall != INT64_MAX) {
		int64_t left = MAX_OF(expires_wall - now_wall(), 0);
		expires = clock_boottime() + (usec_t)left * USEC_PER_SEC;
	}
	services_dns_lease(l->c->services, n, b->name, &b->ip, add, expires);
}

static bool apply_end(struct leases *l, struct net *n, const struct lease_report *r,
		      struct lease *lease)
{
	if (lease) {
		tell_dns(l, n, &lease->b, false, 0);
		drop_lease(l, lease);
	}
	store(l, n, r, NULL);
	return true;
}

static bool apply_binding(struct leases *l, struct net *n, const struct lease_report *r,
			  struct lease *lease)
{
	/* An address changes hands only after its release or expiry has been reported. */
	if (lease && !mac_equal(&lease->b.mac, &r->b.mac))
		return false;
	if (lease && strcmp(lease->b.name, r->b.name) != 0)
		tell_dns(l, n, &lease->b, false, 0);
	lease = keep_lease(l, &n->uuid, &r->b, r->expires_wall);
	if (!lease) {
		static struct log_limit limit = { .burst = 5, .per_sec = 1 };
		unsigned dropped;
		if (log_allowed(&limit, &dropped))
			log_err(
			    "a lease of network '%s' is not kept: it has %d, or memory is short",
			    n->name, LEASES_MAX);
		refuse(l, n, r);
		return true;
	}
	tell_dns(l, n, &r->b, true, r->expires_wall);
	store(l, n, r, lease);
	return true;
}

bool leases_apply(struct leases *l, struct net *n, const struct lease_report *r)
{
	struct lease *lease = find_lease(l, &n->uuid, &r->b.ip);

	switch (r->change) {
	case DHCP4_GRANT:
	case DHCP4_EXTEND:
	case DHCP4_RENAME:
		return is_plausible(n, &r->b) && apply_binding(l, n, r, lease);
	/* The end of any: a stored lease may be from before a change of the network's subnet. */
	case DHCP4_RELEASE:
	case DHCP4_DECLINE:
	case DHCP4_EXPIRE:
		return apply_end(l, n, r, lease);
	}
	return false;
}

void leases_visit(const struct leases *l, const struct net *n, leases_visit_fn *visit, void *data)
{
	struct lease_net *ln = find_net(l, &n->uuid);
	struct lease *lease;

	if (!ln)
		return;
	list_foreach (lease, &ln->leases, struct lease, of_net)
		visit(data, lease);
}

void leases_forget(struct leases *l, const struct net *n)
{
	struct lease_net *ln = find_net(l, &n->uuid);

	if (ln)
		drop_net(l, ln);
	if (lease_store_forget_network(l->store, &n->uuid, 0) < 0)
		log_warning("the stored leases of network '%s' could not be forgotten", n->name);
}
