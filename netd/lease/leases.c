/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/lease/leases-internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "dhcp/dhcp-ports.h"
#include "netd/door/door.h"
#include "netd/lease/lease-files.h"
#include "netd/service/services.h"

#include <errno.h>
#include <string.h>

/* Of one network: more than guests on it, and less than what a captured worker could make us
 * remember. */
#define LEASES_MAX 262144

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

struct lease *leases_keep(struct leases *l, const struct uuid *net, const struct lease_binding *b,
			  usec_t expires)
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
	if (!lease->since_wall || lease->declined || !mac_equal(&lease->b.mac, &b->mac))
		lease->since_wall = leases_now();
	lease->declined = false;
	lease->b = *b;
	lease->expires = expires;
	return lease;
}

int64_t leases_now(void)
{
	return (int64_t)(clock_wall() / USEC_PER_SEC);
}

/* Rounded, so that what was read from the store is shown as it was. */
int64_t leases_wall(usec_t boottime)
{
	usec_t now = clock_boottime(), wall = clock_wall() + USEC_PER_SEC / 2;

	if (boottime == USEC_INFINITY)
		return INT64_MAX;
	if (boottime < now)
		return (int64_t)((wall - MIN_OF(wall, now - boottime)) / USEC_PER_SEC);
	return (int64_t)((wall + MIN_OF(boottime - now, UINT32_MAX * USEC_PER_SEC)) / USEC_PER_SEC);
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
	l->store = leases_open_store(l, e);
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
	if (!l)
		return;
	lease_store_close(l->store);
	for (struct table_node *n; (n = table_next(&l->by_uuid, NULL));)
		drop_net(l, container_of(n, struct lease_net, by_uuid));
	leases_drop_pending(l);
	table_done(&l->by_uuid);
	table_done(&l->by_address);
	free(l);
}

/* ---- what the worker reports ---- */

static bool is_of_network(const struct network *def, const struct network_ip *own,
			  const struct ip *ip)
{
	const struct netd_relayed *l = network_relayed(def, ip);

	if (l)
		return !ip_equal(ip, &l->address) && !ip_equal(ip, &l->relay);
	return ip_in_prefix(ip, &own->address, own->prefix) && !ip_equal(ip, &own->address);
}

/* What no honest worker says: an address outside the network or its own, a client that isn't one.
 */
static bool is_plausible(const struct net *n, const struct lease_binding *b)
{
	const struct network_ip *ip = n->live ? network_dhcp_ip(n->live, b->ip.family) : NULL;

	return ip && is_of_network(n->live, ip, &b->ip) && !mac_is_zero(&b->mac) &&
	       !mac_is_multicast(&b->mac);
}

static void tell_dns(struct leases *l, const struct net *n, const struct lease_binding *b, bool add,
		     usec_t expires)
{
	if (b->name[0])
		services_dns_lease(l->c->services, n, b->name, &b->ip, add, expires);
}

static void tell_clients(struct leases *l, struct net *n, enum dhcp4_change change,
			 const struct lease_binding *b, usec_t expires)
{
	char ip[IP_TEXT_MAX], mac[MAC_TEXT_MAX];
	const struct rpc_lease_event ev = {
		.change = (uint32_t)change,
		.ip = ip_format(&b->ip, ip),
		.mac = mac_format(&b->mac, mac),
		.hostname = b->name,
		.expiry_sec = expires == USEC_INFINITY ? 0 : leases_wall(expires),
	};

	lease_files_changed(l->c->lease_files, n);
	if (l->c->door)
		door_emit_lease(l->c->door, n->name, &n->uuid, &ev);
}

static void end_lease(struct leases *l, struct net *n, enum dhcp4_change change,
		      struct lease *lease)
{
	if (!lease->declined) {
		tell_dns(l, n, &lease->b, false, 0);
		tell_clients(l, n, change, &lease->b, lease->expires);
	}
	drop_lease(l, lease); /* the files are written later */
}

static bool apply_end(struct leases *l, struct net *n, const struct lease_report *r,
		      struct lease *lease)
{
	if (lease)
		end_lease(l, n, r->change, lease);
	leases_store(l, n, r, NULL);
	return true;
}

static void complain_full(const struct net *n)
{
	static struct log_limit limit = { .burst = 5, .per_sec = 1 };
	unsigned dropped;

	if (log_allowed(&limit, &dropped))
		log_err("a lease of network '%s' is not kept: it has %d, or memory is short",
			n->name, LEASES_MAX);
}

/* Quarantines that are over; there are few. */
static void sweep_declined(struct leases *l, const struct net *n)
{
	struct lease_net *ln = find_net(l, &n->uuid);
	usec_t now = clock_boottime();
	struct lease *lease;

	if (!ln)
		return;
	list_foreach (lease, &ln->leases, struct lease, of_net) {
		if (!lease->declined || lease->expires > now)
			continue;
		(void)!lease_store_remove(l->store, &n->uuid, &lease->b.ip, 0);
		drop_lease(l, lease);
	}
}

/* Remembered for the next worker and the next life: the address stays out of service. */
static bool apply_decline(struct leases *l, struct net *n, const struct lease_report *r,
			  struct lease *lease)
{
	struct lease_binding b = r->b;

	if (lease && !mac_equal(&lease->b.mac, &r->b.mac))
		return false;
	if (lease)
		end_lease(l, n, r->change, lease);
	sweep_declined(l, n);
	b.name[0] = '\0';
	lease = leases_keep(l, &n->uuid, &b, r->expires);
	if (lease)
		lease->declined = true;
	else
		complain_full(n);
	leases_store(l, n, r, lease);
	return true;
}

static bool apply_binding(struct leases *l, struct net *n, const struct lease_report *r,
			  struct lease *lease)
{
	bool held = lease && !lease->declined;

	/* An address changes hands only after its release or expiry has been reported. */
	if (held && !mac_equal(&lease->b.mac, &r->b.mac))
		return false;
	if (held && strcmp(lease->b.name, r->b.name) != 0)
		tell_dns(l, n, &lease->b, false, 0);
	lease = leases_keep(l, &n->uuid, &r->b, r->expires);
	if (!lease) {
		complain_full(n);
		leases_answer(l, n, r, leases_policy(l));
		return true;
	}
	tell_dns(l, n, &r->b, true, r->expires);
	tell_clients(l, n, r->change, &r->b, r->expires);
	leases_store(l, n, r, lease);
	return true;
}

/* It may have been true a moment ago, when the worker hadn't heard of the network's change yet. By
 * now nobody is to have this address. */
static bool apply_outdated(struct leases *l, struct net *n, const struct lease_report *r)
{
	if (!services_changed_lately(n))
		return false;
	leases_answer(l, n, r, DHCP4_REFUSED);
	services_free_lease(l->c->services, n, &r->b.ip);
	return true;
}

bool leases_apply(struct leases *l, struct net *n, const struct lease_report *r)
{
	struct lease *lease = find_lease(l, &n->uuid, &r->b.ip);

	switch (r->change) {
	case DHCP4_GRANT:
	case DHCP4_EXTEND:
	case DHCP4_RENAME:
		if (is_plausible(n, &r->b))
			return apply_binding(l, n, r, lease);
		return apply_outdated(l, n, r);
	case DHCP4_DECLINE:
		if (is_plausible(n, &r->b))
			return apply_decline(l, n, r, lease);
		return apply_end(l, n, r, lease);
	/* The end of any: a stored lease may be from before a change of the network's subnet. */
	case DHCP4_RELEASE:
	case DHCP4_EXPIRE:
		return apply_end(l, n, r, lease);
	}
	return false;
}

/* ---- what people ask for ---- */

const struct lease *leases_find(const struct leases *l, const struct net *n, const struct ip *ip)
{
	return find_lease(l, &n->uuid, ip);
}

/* The worker will report the end of it as well, which changes nothing any more: here it is gone at
 * once, be there a worker or not. */
bool leases_release(struct leases *l, struct net *n, const struct ip *ip)
{
	struct lease *lease = find_lease(l, &n->uuid, ip);
	const struct lease_report r = { .change = DHCP4_RELEASE, .b = { .ip = *ip } };

	if (!lease)
		return false;
	apply_end(l, n, &r, lease);
	services_free_lease(l->c->services, n, ip);
	return true;
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

void leases_port_gone(struct leases *l, struct net *n, uint32_t port)
{
	usec_t end = clock_boottime() + DHCP_PORT_GRACE_SEC * USEC_PER_SEC;
	struct lease_net *ln = find_net(l, &n->uuid);
	struct lease *lease;

	if (!ln)
		return;
	list_foreach (lease, &ln->leases, struct lease, of_net) {
		if (lease->b.port != port)
			continue;
		lease->b.port = 0;
		lease->expires = MIN_OF(lease->expires, end);
		lease_files_changed(l->c->lease_files, n);
	}
}

struct lease_store *leases_disk(const struct leases *l)
{
	return l->store;
}

void leases_forget(struct leases *l, const struct net *n)
{
	struct lease_net *ln = find_net(l, &n->uuid);

	if (ln)
		drop_net(l, ln);
	lease_files_forget(l->c->lease_files, n);
	if (lease_store_forget_network(l->store, &n->uuid, 0) < 0)
		log_warning("the stored leases of network '%s' could not be forgotten", n->name);
}
