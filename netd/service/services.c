/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/service-names.h"
#include "netd/service/services-internal.h"

#include "base/log.h"
#include "netd/kernel/guard.h"
#include "netd/lease/leases.h"
#include "netd/messages/messages-dns.h"
#include "netd/messages/messages.h"
#include "netd/service/service-dhcp.h"
#include "netd/service/service-dns-ask.h"
#include "netd/service/service-files.h"
#include "netd/service/service-hosts.h"
#include "netd/service/service-relay.h"
#include "netd/service/upstreams.h"

#include <errno.h>
#include <string.h>

#define CRASHES_ALONE 2 /* a network whose packets killed a worker so often gets one of its own */

/* ---- telling the workers ---- */

static void post_dns_sockets(struct worker_proc *p, const struct net *n)
{
	uint8_t body[8];
	struct wr w = wr_over(body, sizeof(body));
	int fds[DNS_SOCKET_COUNT];
	size_t count = 0;
	uint32_t mask = 0;

	for (unsigned i = 0; i < DNS_SOCKET_COUNT; i++) {
		if (n->service->fd[DNS_FIRST + i] < 0)
			continue;
		fds[count++] = n->service->fd[DNS_FIRST + i];
		mask |= 1u << i;
	}
	message_dns_sockets_encode(&w, n->id, mask);
	worker_post(p, MSG_DNS_SOCKETS, body, wr_len(&w), fds, count);
}

static int tell_dhcp(struct services *s, struct worker_proc *p, const struct net *n, bool anew)
{
	const struct net_service *sv = n->service;
	int r = 0;

	if (anew)
		service_names_tell(p, n, s->c);
	if (sv->dhcp4)
		r = service_dhcp4_tell(p, n, s->c->leases, anew, sv->fd + DHCP4_UDP);
	if (r == 0 && sv->ip6)
		r = service_ip6_tell(p, n, s->c->leases, anew, sv->fd[IP6_FRAMES]);
	return r;
}

struct name_target {
	struct worker_proc *p;
	uint32_t net_id;
};

static void post_name(void *data, const struct lease *lease)
{
	const struct name_target *t = data;
	struct message_dns_lease m = {
		.net_id = t->net_id, .add = true, .expires = USEC_INFINITY, .ip = lease->b.ip
	};

	if (!lease->b.name[0] || lease->declined)
		return;
	copy_text(m.name, sizeof(m.name), lease->b.name);
	m.expires = lease->expires;
	service_post_dns_lease(t->p, &m);
}

static int tell_dns(struct services *s, struct worker_proc *p, const struct net *n, bool anew)
{
	struct dns_config *dc = dns_config_from_network(n->live);
	auto_free uint8_t *body = NULL;
	size_t len = 0;
	int r = dc ? service_zone_add(s->zones, n, dc) : -ENOMEM;

	if (r == 0)
		r = message_dns_config_encode(n->id, dc, &body, &len);

	dns_config_free(dc);
	if (r < 0)
		return r;
	worker_post(p, MSG_DNS_CONFIG, body, len, NULL, 0);
	if (!anew)
		return 0;
	leases_visit(s->c->leases, n, post_name, &(struct name_target){ p, n->id });
	post_dns_sockets(p, n);
	return 0;
}

static void note_told(struct net_service *sv, enum worker_kind kind, struct network *def)
{
	network_free(sv->told[kind]);
	sv->told[kind] = def ? network_share(def) : NULL;
}

static void post_upstreams(struct services *s, struct worker_proc *p)
{
	struct message_dns_upstreams m = { 0 };
	uint8_t body[DNS_MESSAGE_SMALL];
	struct wr w = wr_over(body, sizeof(body));
	size_t n;
	const struct ip *servers = upstreams_list(s->c->upstreams, &n);

	for (; m.n < MIN_OF(n, (size_t)DNS_UPSTREAMS_MAX); m.n++)
		m.server[m.n] = (struct dns_upstream){ .address = servers[m.n], .port = DNS_PORT };
	message_dns_upstreams_encode(&w, &m);
	worker_post(p, MSG_DNS_UPSTREAMS, body, wr_len(&w), NULL, 0);
}

/* `anew`: the worker knows nothing of this network yet; else only its definition has changed. */
static void tell(struct services *s, struct worker_proc *p, const struct net *n, bool anew)
{
	int r = 0;

	if (!anew && service_tell_hosts(p, n, n->service->told[worker_kind(p)])) {
		note_told(n->service, worker_kind(p), n->live);
		return;
	}
	switch (worker_kind(p)) {
	case WORKER_DHCP:
		r = tell_dhcp(s, p, n, anew);
		break;
	case WORKER_DNS:
		r = tell_dns(s, p, n, anew);
		break;
	case WORKER_FILES: /* nothing that it knows changes without other sockets */
		if (anew)
			service_files_tell(p, n->id, n->live, n->service->fd + FILES_FIRST);
		break;
	case WORKER_KINDS:
		break;
	}
	if (worker_kind(p) == WORKER_DNS && anew && r == 0)
		dns_asks_post(s->dns_asks, p, n);
	note_told(n->service, worker_kind(p), r < 0 ? NULL : n->live);
	if (r < 0)
		log_err("network '%s' is not served: %s", n->name, strerror(-r));
}

static void untell(struct worker_proc *p, const struct net *n)
{
	uint8_t body[8];
	struct wr w = wr_over(body, sizeof(body));

	wr_u32(&w, n->id);
	if (worker_kind(p) == WORKER_DNS)
		worker_post(p, MSG_DNS_REMOVE, body, wr_len(&w), NULL, 0);
	else if (n->service->dhcp4)
		worker_post(p, MSG_DHCP4_REMOVE, body, wr_len(&w), NULL, 0);
	if (worker_kind(p) == WORKER_DHCP && n->service->ip6)
		worker_post(p, MSG_IP6_REMOVE, body, wr_len(&w), NULL, 0);
}

/* ---- what the workers say ---- */

static void worker_up(void *data, struct worker_proc *p)
{
	struct services *s = data;
	struct net *n;

	if (worker_kind(p) == WORKER_DNS)
		post_upstreams(s, p);
	registry_foreach(
	    n, &s->c->registry) if (n->service && n->service->worker[worker_kind(p)] == p &&
				    list_is_empty(&n->service->untold)) tell(s, p, n, true);
}

/* A network that this worker really serves; what it says about others (or one just stopped) doesn't
 * count. */
static struct net *served_net(struct services *s, struct worker_proc *p, uint32_t net_id)
{
	struct net *n = registry_find_id(&s->c->registry, net_id);

	return n && n->service && n->service->worker[worker_kind(p)] == p ? n : NULL;
}

static bool take_bindings(struct services *s, struct worker_proc *p,
			  const struct channel_message *m)
{
	static struct service_report report[MSG_DHCP_RECORDS_MAX];
	int count = service_dhcp_reports(m, report);

	for (int i = 0; i < count; i++) {
		struct net *n = served_net(s, p, report[i].net_id);
		if (n && !leases_apply(s->c->leases, n, &report[i].r)) {
			log_err("network '%s': the dhcp worker reported a lease that can't be",
				n->name);
			return false;
		}
	}
	return count >= 0;
}

static bool route_reply(struct services *s, struct worker_proc *p, const struct channel_message *m)
{
	struct msg_dhcp4_route route;

	if (msg_get_dhcp4_route(m->body, m->n, &route) < 0)
		return false;
	const struct net *n = served_net(s, p, route.net_id);
	if (n && n->live)
		service_relay_send(n, n->service->fd[DHCP4_UDP], &route);
	return true;
}

static bool worker_said(void *data, struct worker_proc *p, struct channel_message *m)
{
	struct services *s = data;

	channel_message_close_fds(m); /* no worker has any to give */
	if (worker_kind(p) == WORKER_DHCP &&
	    (m->type == MSG_DHCP4_BINDING || m->type == MSG_DHCP6_BINDING))
		return take_bindings(s, p, m);
	if (worker_kind(p) == WORKER_DHCP && m->type == MSG_DHCP4_ROUTE)
		return route_reply(s, p, m);
	if (worker_kind(p) == WORKER_DNS && m->type == MSG_DNS_TOLD)
		return dns_asks_told(s->dns_asks, p, m);
	return m->type == MSG_DHCP4_COUNTERS || m->type == MSG_IP6_COUNTERS ||
	       m->type == MSG_DNS_COUNTERS || m->type == MSG_FILES_COUNTERS;
}

/* Give the network a worker of its own when its packets have killed one too often. */
static void worker_crashed(void *data, struct worker_proc *p, uint32_t serving)
{
	struct services *s = data;
	struct net *n = served_net(s, p, serving);
	enum worker_kind kind = worker_kind(p);

	if (!n)
		return;
	log_err("the worker died while it served network '%s'", n->name);
	if (++n->service->crashes[kind] < CRASHES_ALONE || worker_only_net(p))
		return;
	struct worker_proc *own = workers_get(s->workers, kind, n->id);
	if (!own)
		return;
	log_warning("network '%s' gets a worker of its own", n->name);
	n->service->worker[kind] = own;
	if (worker_id(own))
		tell(s, own, n, true);
}

/* ---- beginning ---- */

static int choose_workers(struct services *s, struct net *n, struct err *e)
{
	struct net_service *sv = n->service;

	for (unsigned i = 0; i < WORKER_KINDS; i++) {
		if (!sv->wanted[i])
			continue;
		sv->worker[i] = workers_get(s->workers, i, i == WORKER_FILES ? n->id : 0);
		if (!sv->worker[i])
			return err_set(
			    e, ERR_OPERATION_FAILED,
			    "network '%s': cannot start another worker; memory is short, "
			    "or there are %d already, one for each network with <tftp>: "
			    "stop one of these, or take <tftp> out",
			    n->name, WORKERS_MAX);
	}
	return 0;
}

/* In the turn of the loop after the next, when whoever asked for a start has the reply: the sockets
 * are open, so nothing that guests send is lost meanwhile, and waking three processes takes a fifth
 * of a start's time. */
static int tell_others(sd_event_source *source, void *data)
{
	struct services *s = data;
	struct net_service *sv;

	if (!s->replied) {
		s->replied = true;
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	list_foreach (sv, &s->untold, struct net_service, untold) {
		list_remove(&sv->untold);
		service_sockets_store(s, sv->net);
		for (unsigned i = 0; i < WORKER_KINDS; i++)
			if (sv->worker[i] && worker_id(sv->worker[i]))
				tell(s, sv->worker[i], sv->net, true);
	}
	return 0;
}

static void tell_others_soon(struct services *s, struct net_service *sv)
{
	list_add_tail(&s->untold, &sv->untold);
	s->replied = false;
	(void)sd_event_source_set_enabled(s->tell, SD_EVENT_ONESHOT);
}

/* The address that DHCP tells guests to ask; without DHCP the first IPv4 one, else the first. */
static struct ip service_address(const struct network *def)
{
	const struct network_ip *ip = network_dhcp_ip(def, AF_INET);

	for (size_t i = 0; !ip && i < def->n_ips; i++)
		if (def->ips[i].address.family == AF_INET)
			ip = &def->ips[i];
	return ip ? ip->address : def->ips[0].address;
}

/* The IPv6 one, if that is another. */
static struct ip second_address(const struct network *def)
{
	struct ip first = service_address(def), second = service_dns6(def);

	return ip_equal(&first, &second) ? (struct ip){ 0 } : second;
}

static void fill_wanted(const struct network *def, bool wanted[static WORKER_KINDS])
{
	wanted[WORKER_DHCP] = service_wants_dhcp4(def) || service_wants_ip6(def);
	wanted[WORKER_DNS] = service_wants_dns(def);
	wanted[WORKER_FILES] = service_files_root(def) != NULL;
}

static int take_root(struct net *n, struct err *e)
{
	const char *root = service_files_root(n->live);

	n->service->http = n->live->options.http;
	n->service->http6 = service_address6(n->live);
	if (root && !(n->service->root = strdup(root)))
		return err_sys(e, ENOMEM, "network '%s': cannot serve it", n->name);
	return 0;
}

void services_stop_quietly(struct services *s, struct net *n)
{
	struct net_service *sv = n->service;

	if (!sv)
		return;
	for (unsigned i = 0; i < WORKER_KINDS; i++) {
		if (sv->worker[i] && worker_only_net(sv->worker[i])) /* it has nothing else to do */
			workers_drop(sv->worker[i]);
		else if (sv->worker[i] && list_is_empty(&sv->untold))
			untell(sv->worker[i], n);
	}
	dns_asks_end(s->dns_asks, n);
	service_zone_forget(s->zones, n);
	service_sockets_close(s, n);
	guard_changed(s->c->guard);
	list_remove(&sv->untold);
	for (unsigned i = 0; i < WORKER_KINDS; i++)
		network_free(sv->told[i]);
	free(sv->root);
	free(sv);
	n->service = NULL;
	service_host_tell(s, n);
}

int services_check(const struct net *n, struct err *e)
{
	if (!network_owns_bridge(n->live) ||
	    (service_files_check(n->live, e) == 0 && service_zone_check(n->live, e) == 0))
		return 0;
	return err_in(e, "network '%s'", n->name);
}

int services_start(struct services *s, struct net *n, struct err *e)
{
	const struct network *def = n->live;

	if (!network_owns_bridge(def) || def->n_ips == 0)
		return 0;
	struct net_service *sv = calloc(1, sizeof(*sv));
	if (!sv)
		return err_sys(e, ENOMEM, "network '%s': cannot serve it", n->name);
	for (unsigned i = 0; i < SERVICE_SOCKETS; i++)
		sv->fd[i] = -1;
	list_init(&sv->untold);
	sv->net = n;
	sv->by = def;
	sv->ifindex = n->ifindex;
	sv->address = service_address(def);
	sv->address6 = second_address(def);
	fill_wanted(def, sv->wanted);
	sv->dhcp4 = service_wants_dhcp4(def);
	sv->ip6 = service_wants_ip6(def);
	sv->dhcp6 = service_wants_dhcp6(def);
	n->service = sv;
	int r = take_root(n, e);
	if (r == 0)
		r = service_sockets_open(s, n, e);
	if (r == 0)
		r = choose_workers(s, n, e);
	if (r == 0)
		service_zone_update(s->zones, n);
	if (r < 0)
		services_stop_quietly(s, n);
	else
		tell_others_soon(s, sv);
	service_host_tell(s, n);
	guard_changed(s->c->guard);
	return r;
}

/* Whether the sockets that are open are those that `def` needs. */
static bool sockets_fit(const struct net *n)
{
	const struct net_service *sv = n->service;
	const struct network *def = n->live;
	bool serves = network_owns_bridge(def) && def->n_ips > 0;

	if (!sv)
		return !serves;
	if (!serves || sv->ifindex != n->ifindex)
		return false;
	bool wanted[WORKER_KINDS];
	fill_wanted(def, wanted);
	if (memcmp(wanted, sv->wanted, sizeof(wanted)) != 0 ||
	    sv->dhcp4 != service_wants_dhcp4(def) || sv->ip6 != service_wants_ip6(def) ||
	    sv->dhcp6 != service_wants_dhcp6(def))
		return false;
	/* Not told by what is wanted: a folder that had gone is remembered, but not served. */
	const char *root = service_files_root(def);
	if (!root != !sv->root ||
	    (root && (strcmp(sv->root, root) != 0 || sv->http != def->options.http)))
		return false;
	struct ip http6 = service_address6(def);
	if (sv->root && sv->http && !ip_equal(&http6, &sv->http6))
		return false;
	struct ip now = service_address(def), now6 = second_address(def);
	if (!ip_equal(&now6, &sv->address6))
		return false;
	return (!sv->wanted[WORKER_DNS] && !sv->root) || ip_equal(&now, &sv->address);
}

/* Its file is read again, unless static hosts alone have changed. */
static void update_zone(struct services *s, struct net *n)
{
	const struct network *told = n->service ? n->service->told[WORKER_DNS] : NULL;

	if (!n->service ||
	    (told && told->options.dns.zone_file && network_equal_but_hosts(told, n->live)))
		return;
	service_zone_update(s->zones, n);
}

int services_update(struct services *s, struct net *n, struct err *e)
{
	if (!sockets_fit(n)) {
		services_stop_quietly(s, n);
		int r = services_start(s, n, e);
		if (n->service)
			n->service->changed = clock_boottime();
		return r;
	}
	service_host_tell(s, n);
	update_zone(s, n);
	if (n->service && !list_is_empty(&n->service->untold))
		return 0; /* what they are told soon is the new definition */
	if (n->service) {
		n->service->changed = clock_boottime();
		n->service->by = n->live;
	}
	guard_changed(s->c->guard);
	for (unsigned i = 0; n->service && i < WORKER_KINDS; i++) {
		struct worker_proc *p = n->service->worker[i];
		if (p && worker_id(p))
			tell(s, p, n, false);
	}
	return 0;
}

void services_stop(struct services *s, struct net *n)
{
	if (n->service && n->service->fd[IP6_FRAMES] >= 0)
		service_ip6_end(n->live, n->service->fd[IP6_FRAMES]);
	services_stop_quietly(s, n);
}

/* ---- the rest ---- */

void services_worker_spawned(struct services *s, uint32_t worker, pid_t pid, int channel_fd,
			     int page_fd)
{
	workers_spawned(s->workers, worker, pid, channel_fd, page_fd);
}

void services_worker_died(struct services *s, uint32_t worker, int wait_status)
{
	workers_died(s->workers, worker, wait_status);
}

/* A zone file has been changed. */
static void zone_changed(void *data, struct net *n)
{
	struct services *s = data;
	struct worker_proc *p = n->service ? n->service->worker[WORKER_DNS] : NULL;

	if (!p || !worker_id(p) || !list_is_empty(&n->service->untold))
		return;
	int r = tell_dns(s, p, n, false);
	if (r < 0)
		log_err("network '%s': its zone file: %s", n->name, strerror(-r));
	else
		log_info("network '%s': its zone file has been read again", n->name);
}

void services_upstreams_changed(struct services *s)
{
	struct worker_proc *p = NULL;

	while ((p = workers_next(s->workers, p)))
		if (worker_kind(p) == WORKER_DNS)
			post_upstreams(s, p);
}

void services_visit_workers(const struct services *s, services_worker_fn *visit, void *data)
{
	workers_visit(s->workers, visit, data);
}

struct services *services_new(struct controller *c, struct err *e)
{
	static const struct worker_events events = { .up = worker_up,
						     .message = worker_said,
						     .crashed = worker_crashed };
	struct services *s = calloc(1, sizeof(*s));

	if (s) {
		s->c = c;
		list_init(&s->untold);
		s->workers = workers_new(c, &events, s);
	}
	if (s) {
		s->dns_asks = dns_asks_new(c->loop);
		s->zones = service_zones_new(c, zone_changed, s);
	}
	if (!s || !s->workers || !s->dns_asks || !s->zones ||
	    sd_event_add_defer(c->loop, &s->tell, tell_others, s) < 0 ||
	    sd_event_source_set_enabled(s->tell, SD_EVENT_OFF) < 0) {
		services_free(s);
		err_sys(e, ENOMEM, "cannot prepare the guest services");
		return NULL;
	}
	return s;
}

void services_free(struct services *s)
{
	if (!s)
		return;
	sd_event_source_disable_unref(s->tell);
	dns_asks_free(s->dns_asks);
	service_zones_free(s->zones);
	workers_free(s->workers);
	free(s);
}
