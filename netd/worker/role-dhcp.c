/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dhcp.c — the worker that hands out addresses: moves bytes between guests and the engines
 * (dhcp/), and bindings between the engines and the controller. Decides nothing. IPv6 is in
 * role-dhcp6.c.
 *
 * Two sockets for each network. Requests are read from a UDP socket that is bound to the bridge.
 * Replies are whole frames, sent into a packet socket that is bound to the bridge and receives
 * nothing: so a guest without an address is reached without ARP, and the filter can forbid every
 * call that takes an address.
 *
 * Datagrams are taken in as they come and served in turn by port (intake.h). What a batch of them
 * brings about leaves together, after it: first the bindings, in one
 * message to the controller, which makes them durable in one commit; then the frames. */
#include "base/log.h"
#include "base/table.h"
#include "dhcp/dhcp-guests.h"
#include "dhcp/dhcp4-frame.h"
#include "netd/messages/messages-dhcp.h"
#include "netd/messages/messages.h"
#include "netd/worker/intake.h"
#include "netd/worker/role-dhcp-internal.h"
#include "netd/worker/role-dhcp-links.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BATCH             32 /* datagrams served before what they bring about leaves */
#define BATCHES_AT_ONCE   2  /* then sockets are looked at again */
#define TICKS_AT_ONCE     8
#define TICK_ACTIONS      64
#define NETWORKS_MAX      16384
#define SOCKET_ERRORS_MAX 64 /* in a row, then the socket is left alone until it is replaced */
#define COUNTERS_EVERY    (5 * USEC_PER_SEC)

struct network {
	struct role *role;
	uint32_t id;
	struct table_node by_id;
	struct dhcp4 *engine;       /* of its own link */
	struct dhcp_links links;    /* behind relays */
	struct dhcp4_config config; /* as the controller has said it, for changes of its hosts */
	uint32_t server;
	struct mac bridge_mac;
	int udp, packet; /* -1 until MSG_DHCP4_SOCKETS */
	unsigned socket_errors;
	bool counters_moved;
	struct log_limit pool_empty, crowded;
};

struct frame {
	int fd;
	size_t n;
	uint8_t bytes[DHCP4_FRAME_MAX];
};

struct role {
	struct worker *w;
	struct role6 *six;
	struct table networks;
	struct dhcp_guests guests;
	usec_t deadline, counters_at;

	struct intake *intake;

	/* to be sent */
	struct frame frames[BATCH];
	size_t n_frames;
	struct msg_dhcp4_record records[MSG_DHCP_RECORDS_MAX];
	size_t n_records;
	uint8_t body[MSG_DHCP_BATCH_MAX];

	struct msg_dhcp4_record restored[MSG_DHCP_RECORDS_MAX];
};

/* ---- what leaves ---- */

static void flush_records(struct role *role)
{
	struct wr w = wr_over(role->body, sizeof(role->body));

	if (!role->n_records)
		return;
	msg_put_dhcp4_records(&w, role->records, role->n_records);
	role->n_records = 0;
	worker_send(role->w, MSG_DHCP4_BINDING, role->body, wr_len(&w));
}

/* A frame that the device doesn't take is lost like any other on a network: the client asks again.
 */
static void flush_frames(struct role *role)
{
	for (size_t i = 0; i < role->n_frames; i++)
		(void)!send(role->frames[i].fd, role->frames[i].bytes, role->frames[i].n,
			    MSG_DONTWAIT);
	role->n_frames = 0;
}

static void flush(struct role *role)
{
	flush_records(role);
	flush_frames(role);
}

int64_t role_dhcp_wall_seconds(usec_t boottime, usec_t now)
{
	usec_t wall = clock_wall();

	if (boottime == USEC_INFINITY)
		return INT64_MAX;
	wall = boottime >= now ? wall + (boottime - now) : wall - (now - boottime);
	return (int64_t)(wall / USEC_PER_SEC);
}

uint32_t role_dhcp_seconds_left(int64_t wall, uint32_t term)
{
	int64_t now = (int64_t)(clock_wall() / USEC_PER_SEC);

	return wall <= now ? 0 : (uint32_t)MIN_OF(wall - now, (int64_t)term);
}

static void add_record(struct network *net, const struct dhcp_link *link,
		       const struct dhcp4_action *a, usec_t now)
{
	struct role *role = net->role;

	if (role->n_records == MSG_DHCP_RECORDS_MAX)
		flush_records(role);
	role->records[role->n_records++] = (struct msg_dhcp4_record){
		.net_id = net->id,
		.token = dhcp_link_token(link, a->token),
		.change = a->change,
		.binding = *a->binding,
		.expires_wall = role_dhcp_wall_seconds(a->binding->expires, now),
	};
}

static void add_frame(struct network *net, const struct dhcp4_action *a)
{
	struct role *role = net->role;

	if (net->packet < 0)
		return;
	if (role->n_frames == ARRAY_LEN(role->frames))
		flush(role);
	struct frame *f = &role->frames[role->n_frames];
	f->fd = net->packet;
	f->n = dhcp4_frame(f->bytes, sizeof(f->bytes), &net->bridge_mac, net->server, a);
	if (f->n)
		role->n_frames++;
}

/* Not for the network's own link: the controller has it sent, after the bindings. */
static void route(struct network *net, const struct dhcp4_action *a)
{
	uint8_t body[MSG_DHCP4_ROUTE_MAX];
	struct wr w = wr_over(body, sizeof(body));
	const struct msg_dhcp4_route m = { .net_id = net->id,
					   .to_ip = a->to_ip,
					   .to_port = a->to_port,
					   .payload = a->payload,
					   .n = a->n };

	flush_records(net->role);
	msg_put_dhcp4_route(&w, &m);
	worker_send(net->role->w, MSG_DHCP4_ROUTE, body, wr_len(&w));
}

/* `link`: whose engine says so, NULL for the network's own. */
static void perform(struct network *net, const struct dhcp_link *link,
		    const struct dhcp4_action *actions, size_t n, usec_t now)
{
	for (size_t i = 0; i < n; i++) {
		switch (actions[i].kind) {
		case DHCP4_SEND:
			if (actions[i].routed)
				route(net, &actions[i]);
			else
				add_frame(net, &actions[i]);
			break;
		case DHCP4_BINDING:
			add_record(net, link, &actions[i], now);
			if (actions[i].change <= DHCP4_RENAME && actions[i].binding->name[0])
				role_dhcp6_named(net->role->six, net->id, &actions[i].binding->mac,
						 actions[i].binding->name, now);
			break;
		}
	}
}

/* The loop's deadline only moves towards us here; tick() finds the true next one. */
void role_dhcp_wake_at(struct role *role, usec_t at)
{
	if (at >= role->deadline)
		return;
	role->deadline = at;
	worker_set_deadline(role->w, at);
}

static usec_t deadline_of(const struct network *net)
{
	usec_t links = dhcp_links_deadline(&net->links);

	return MIN_OF(links, dhcp4_deadline(net->engine));
}

static void after(struct network *net, usec_t now)
{
	if (!net->counters_moved) {
		net->counters_moved = true;
		if (net->role->counters_at == USEC_INFINITY)
			net->role->counters_at = now + COUNTERS_EVERY;
		role_dhcp_wake_at(net->role, net->role->counters_at);
	}
	role_dhcp_wake_at(net->role, deadline_of(net));
}

/* ---- what arrives from guests ---- */

/* The one drop that somebody must act on. The others are counted. */
static void warn_pool_empty(struct network *net, const struct dhcp_link *link)
{
	struct dhcp4_usage u;
	char ip[IP_TEXT_MAX];
	unsigned more;

	if (!log_allowed(&net->pool_empty, &more))
		return;
	dhcp4_get_usage(link ? link->engine : net->engine, &u);
	log_warning(
	    "the network of %s has no free address for a guest: %u of %u are in use, %u declined; "
	    "enlarge its range or shorten its leases",
	    ip4_format(link ? link->subnet : net->server, ip), u.bound, u.pool, u.quarantined);
}

static struct network *find(const struct role *role, uint32_t id)
{
	struct table_node *n = table_find(&role->networks, &id, sizeof(id));

	return n ? container_of(n, struct network, by_id) : NULL;
}

static void serve_datagram(struct network *net, const struct datagram *d, usec_t now)
{
	struct dhcp4_action actions[DHCP4_ACTIONS_MAX];
	struct dhcp4_dgram in = {
		.payload = d->bytes,
		.n = d->n,
		.src = d->src,
		.dst = d->dst,
		.port = d->port,
		.truncated = d->truncated,
	};
	const struct dhcp_link *link = dhcp_links_of(&net->links, &in);
	struct dhcp4 *engine = link ? link->engine : net->engine;

	if (link) /* all of its clients come by the relay's */
		in.port = 0;
	worker_serving(net->role->w, net->id);
	size_t n = dhcp4_input(engine, &in, now, actions, ARRAY_LEN(actions));
	perform(net, link, actions, n, now);
	if (dhcp4_last_drop(engine) == DHCP4_DROP_POOL_EMPTY)
		warn_pool_empty(net, link);
	after(net, now);
}

/* Some of what waits, of whatever network; the rest when the sockets were looked at again. */
static void serve_waiting(struct role *role, usec_t now)
{
	for (int i = 0; i < BATCH * BATCHES_AT_ONCE; i++) {
		struct datagram *d = intake_next(role->intake);
		if (!d)
			break;
		struct network *net = find(role, d->net_id);
		if (net) /* or it was removed since */
			serve_datagram(net, d, now);
		intake_served(role->intake, d);
		if (i % BATCH == BATCH - 1)
			flush(role);
	}
	flush(role);
	worker_serving(role->w, 0);
	if (!intake_is_empty(role->intake))
		role_dhcp_wake_at(role, now);
}

/* More comes than can be served, and most of it by this port. */
static void lost(void *data, const struct datagram *d)
{
	struct role *role = data;
	struct network *net = find(role, d->net_id);
	char ip[IP_TEXT_MAX];
	unsigned more;

	if (!net)
		return;
	dhcp4_note_drop(net->engine, DHCP4_DROP_CROWD);
	if (log_allowed(&net->crowded, &more))
		log_warning("port %u (ifindex) of the network of %s asks for addresses faster "
			    "than they can be given; some of what it sends is dropped",
			    d->port, ip4_format(net->server, ip));
}

/* An error of the socket (the bridge went down or away) is reported once and then gone. One that
 * stays would keep the loop busy for nothing. */
static void note_socket_error(struct network *net, int errnum)
{
	log_debug("network %u: receiving: %s", net->id, strerror(errnum));
	if (++net->socket_errors >= SOCKET_ERRORS_MAX)
		worker_unwatch(net->role->w, net->udp);
}

static void on_readable(void *data, int fd, uint32_t events, usec_t now)
{
	struct network *net = data;
	int n = intake_read(net->role->intake, fd, net->id);

	if (n < 0)
		note_socket_error(net, -n);
	else
		net->socket_errors = 0;
	serve_waiting(net->role, now);
}

/* ---- networks ---- */

struct dhcp4 *role_dhcp_engine4(const struct role *role, uint32_t net_id)
{
	struct network *net = find(role, net_id);

	return net ? net->engine : NULL;
}

static bool taken_in_v4(const struct network *net, const struct mac *mac, const char *name)
{
	return dhcp4_name_taken(net->engine, mac, name) ||
	       dhcp_links_name_taken(&net->links, mac, name);
}

bool role_dhcp_name_taken(const struct role *role, uint32_t net_id, const struct mac *mac,
			  const char *name)
{
	const struct network *net = find(role, net_id);

	return net && taken_in_v4(net, mac, name);
}

/* By another machine, on any link. */
static bool taken_elsewhere(void *data, const struct mac *mac, const char *name)
{
	const struct network *net = data;

	if (taken_in_v4(net, mac, name) ||
	    role_dhcp6_name_taken(net->role->six, net->id, mac, name))
		return true;
	/* Who has had the name before the other one's VM manager spoke of it keeps it. */
	return strcmp(dhcp4_name_of(net->engine, mac), name) != 0 &&
	       role_dhcp_is_others_name(net->role, net->id, mac, name);
}

/* ---- what VM managers call their guests ---- */

const char *role_dhcp_guest_name(const struct role *role, uint32_t net_id, const struct mac *mac)
{
	return dhcp_guests_name(&role->guests, net_id, mac);
}

bool role_dhcp_is_others_name(const struct role *role, uint32_t net_id, const struct mac *mac,
			      const char *name)
{
	return dhcp_guests_is_others(&role->guests, net_id, mac, name);
}

void role_dhcp_forget_guests(struct role *role, uint32_t net_id)
{
	dhcp_guests_forget(&role->guests, net_id);
}

static const char *known_name(void *data, const struct mac *mac)
{
	const struct network *net = data;

	return role_dhcp_guest_name(net->role, net->id, mac);
}

static bool on_names(struct role *role, const struct channel_message *m)
{
	struct msg_dhcp_name rows[MSG_DHCP_NAMES_MAX];
	uint32_t id;
	int n = m->n_fds ? -EPROTO : msg_get_dhcp_names(m->body, m->n, &id, rows);

	for (int i = 0; i < n; i++)
		if (dhcp_guests_set(&role->guests, id, &rows[i].mac, rows[i].name) < 0)
			log_warning("network %u: no room for another guest's name", id);
	return n > 0;
}

static void close_sockets(struct network *net)
{
	if (net->udp >= 0)
		worker_unwatch(net->role->w, net->udp);
	close_fd(&net->udp);
	close_fd(&net->packet);
}

static void network_free(struct network *net)
{
	close_sockets(net);
	dhcp4_config_done(&net->config);
	dhcp4_free(net->engine);
	dhcp_links_done(&net->links);
	free(net);
}

static struct network *network_new(struct role *role, uint32_t id)
{
	if (role->networks.count >= NETWORKS_MAX)
		return NULL;
	struct network *net = calloc(1, sizeof(*net));
	if (!net)
		return NULL;
	*net = (struct network){ .role = role,
				 .id = id,
				 .udp = -1,
				 .packet = -1,
				 .pool_empty = { .burst = 1, .per_sec = 60 },
				 .crowded = { .burst = 1, .per_sec = 60 } };
	net->engine = dhcp4_new();
	if (!net->engine ||
	    table_add(&role->networks, &net->by_id, &net->id, sizeof(net->id)) < 0) {
		network_free(net);
		return NULL;
	}
	dhcp4_set_name_check(net->engine, taken_elsewhere, net);
	dhcp4_set_known_names(net->engine, known_name, net);
	return net;
}

/* ---- what the controller says: false when it isn't one of ours ---- */

/* Use net->config; false without memory. */
static bool configure(struct network *net, usec_t now)
{
	struct err e = { 0 };
	int r = dhcp4_configure(net->engine, &net->config, now, &e);

	if (r == 0) {
		net->server = net->config.server;
		net->bridge_mac = net->config.bridge_mac;
		after(net, now);
	} else {
		log_err("network %u: %s", net->id, e.msg);
	}
	return r != -ENOMEM;
}

/* Its clients aren't served any more, and another link may have its addresses now. */
static void end_links(struct network *net, usec_t now)
{
	struct dhcp4_action actions[DHCP4_ACTIONS_MAX];
	struct dhcp_link *link;
	size_t n;

	while ((link = dhcp_links_gone(&net->links))) {
		while ((n = dhcp4_release_all(link->engine, now, actions, ARRAY_LEN(actions))))
			perform(net, link, actions, n, now);
		dhcp_links_drop(&net->links, link);
	}
	flush(net->role);
}

static bool configure_link(struct network *net, const struct dhcp4_config *c, usec_t now)
{
	struct dhcp_link *link = dhcp_links_take(&net->links, c);
	struct err e = { 0 };

	if (!link)
		return false;
	dhcp4_set_name_check(link->engine, taken_elsewhere, net);
	int r = dhcp4_configure(link->engine, c, now, &e);
	if (r < 0)
		log_err("network %u: %s", net->id, e.msg);
	end_links(net, now);
	after(net, now);
	return r != -ENOMEM;
}

static bool on_config(struct role *role, const struct channel_message *m, usec_t now)
{
	struct dhcp4_config c;
	uint32_t id;

	if (m->n_fds || msg_get_dhcp4_config(m->body, m->n, &id, &c) < 0)
		return false;
	struct network *net = find(role, id);
	if (c.relay) {
		bool ok = net && configure_link(net, &c, now);
		dhcp4_config_done(&c);
		return ok;
	}
	if (!net)
		net = network_new(role, id);
	if (!net) {
		dhcp4_config_done(&c);
		return false;
	}
	dhcp4_config_done(&net->config);
	net->config = c;
	dhcp_links_begin(&net->links, c.links);
	end_links(net, now);
	return configure(net, now);
}

/* Put `m->hosts` in the place of those that they replace. */
static int splice_hosts(struct dhcp4_config *c, const struct msg_dhcp4_hosts *m)
{
	size_t n = c->n_hosts - m->n_before + m->n_hosts, behind = m->first + m->n_before;
	struct dhcp4_host *hosts = calloc(n ? n : 1, sizeof(*hosts));

	if (!hosts)
		return -ENOMEM;
	memcpy(hosts, c->hosts, m->first * sizeof(*hosts));
	memcpy(hosts + m->first, m->hosts, m->n_hosts * sizeof(*hosts));
	memcpy(hosts + m->first + m->n_hosts, c->hosts + behind,
	       (c->n_hosts - behind) * sizeof(*hosts));
	free(c->hosts);
	c->hosts = hosts;
	c->n_hosts = n;
	return 0;
}

static bool on_hosts(struct role *role, const struct channel_message *m, usec_t now)
{
	struct msg_dhcp4_hosts change;

	if (m->n_fds || msg_get_dhcp4_hosts(m->body, m->n, &change) < 0)
		return false;
	struct network *net = find(role, change.net_id);
	bool ok =
	    net && change.of == net->config.n_hosts && splice_hosts(&net->config, &change) == 0;
	free(change.hosts);
	return ok && configure(net, now);
}

static bool on_sockets(struct role *role, struct channel_message *m)
{
	uint32_t id;

	if (m->n_fds != 2 || msg_get_net_id(m->body, m->n, &id) < 0)
		return false;
	struct network *net = find(role, id);
	if (!net)
		return false;
	close_sockets(net);
	net->udp = take_fd(&m->fds[0]);
	net->packet = take_fd(&m->fds[1]);
	m->n_fds = 0;
	net->socket_errors = 0;
	return worker_watch(role->w, net->udp, EPOLLIN, on_readable, net) == 0;
}

/* Both sides must agree on who has what: a binding that the engine can't take is given up (after a
 * change of the network's subnet, for instance). */
static void give_up(struct network *net, const struct dhcp4_binding *b, int failed, usec_t now)
{
	const struct dhcp4_action a = { .kind = DHCP4_BINDING,
					.change = DHCP4_RELEASE,
					.binding = b };
	char ip[IP_TEXT_MAX];

	if (failed == -EEXIST) /* told twice */
		return;
	log_debug("network %u: the stored binding of %s is given up: %s", net->id,
		  ip4_format(b->ip, ip), strerror(-failed));
	perform(net, NULL, &a, 1, now);
}

static bool on_restore(struct role *role, const struct channel_message *m, usec_t now)
{
	int n = m->n_fds ? -EPROTO : msg_get_dhcp4_records(m->body, m->n, role->restored);

	for (int i = 0; i < n; i++) {
		const struct dhcp4_binding *b = &role->restored[i].binding;
		struct network *net = find(role, role->restored[i].net_id);
		if (!net)
			return false;
		const struct dhcp_link *link = dhcp_links_at(&net->links, b->ip);
		struct dhcp4 *engine = link ? link->engine : net->engine;
		if (role->restored[i].change == DHCP4_DECLINE) {
			dhcp4_restore_declined(
			    engine, b,
			    role_dhcp_seconds_left(role->restored[i].expires_wall, b->lease_sec),
			    now);
			after(net, now);
			continue;
		}
		int r = dhcp4_restore(engine, b, now);
		if (r == -ENOMEM)
			return false;
		if (r < 0)
			give_up(net, b, r, now);
		after(net, now);
	}
	flush(role);
	return n > 0;
}

static bool on_committed(struct role *role, const struct channel_message *m, usec_t now)
{
	struct msg_dhcp4_verdict verdicts[MSG_DHCP_RECORDS_MAX];
	struct dhcp4_action action;
	int n = m->n_fds ? -EPROTO : msg_get_dhcp4_verdicts(m->body, m->n, verdicts);

	for (int i = 0; i < n; i++) {
		struct network *net = find(role, verdicts[i].net_id);
		if (!net) /* removed since */
			continue;
		uint64_t token = verdicts[i].token;
		struct dhcp_link *link;
		if (!dhcp_links_token(&net->links, &token, &link))
			continue;
		size_t done = dhcp4_committed(link ? link->engine : net->engine, token,
					      verdicts[i].verdict, now, &action, 1);
		perform(net, link, &action, done, now);
		after(net, now);
	}
	flush(role);
	return n > 0;
}

static bool on_remove(struct role *role, const struct channel_message *m)
{
	uint32_t id;

	if (m->n_fds || msg_get_net_id(m->body, m->n, &id) < 0)
		return false;
	struct network *net = find(role, id);
	if (net) {
		table_remove(&role->networks, &net->by_id);
		network_free(net);
	}
	role_dhcp_forget_guests(role, id);
	return true;
}

static bool on_free(struct role *role, const struct channel_message *m, usec_t now)
{
	struct dhcp4_action action;
	uint32_t id, ip;

	if (m->n_fds || msg_get_dhcp4_free(m->body, m->n, &id, &ip) < 0)
		return false;
	struct network *net = find(role, id);
	if (net) {
		const struct dhcp_link *link = dhcp_links_at(&net->links, ip);
		struct dhcp4 *engine = link ? link->engine : net->engine;
		perform(net, link, &action, dhcp4_release(engine, ip, now, &action, 1), now);
		flush(role);
		after(net, now);
	}
	return true;
}

static bool on_port_gone(struct role *role, const struct channel_message *m, usec_t now)
{
	uint32_t id, port;

	if (m->n_fds || msg_get_dhcp_port(m->body, m->n, &id, &port) < 0)
		return false;
	struct network *net = find(role, id);
	if (net) {
		dhcp4_port_gone(net->engine, port, now);
		after(net, now);
	}
	role_dhcp6_port_gone(role->six, id, port, now);
	return true;
}

static bool message(void *data, struct channel_message *m)
{
	struct role *role = data;
	usec_t now = clock_boottime();
	bool ok = false;

	switch (m->type) {
	case MSG_DHCP4_CONFIG:
		ok = on_config(role, m, now);
		break;
	case MSG_DHCP4_HOSTS:
		ok = on_hosts(role, m, now);
		break;
	case MSG_DHCP4_SOCKETS:
		ok = on_sockets(role, m);
		break;
	case MSG_DHCP4_RESTORE:
		ok = on_restore(role, m, now);
		break;
	case MSG_DHCP4_COMMITTED:
		ok = on_committed(role, m, now);
		break;
	case MSG_DHCP4_REMOVE:
		ok = on_remove(role, m);
		break;
	case MSG_DHCP4_FREE:
		ok = on_free(role, m, now);
		break;
	case MSG_DHCP_NAMES:
		ok = on_names(role, m);
		break;
	case MSG_DHCP_PORT_GONE:
		ok = on_port_gone(role, m, now);
		break;
	default:
		ok = role_dhcp6_message(role->six, m, now);
		break;
	}
	channel_message_close_fds(m);
	return ok;
}

/* ---- time ---- */

static void send_counters(struct network *net)
{
	struct dhcp4_usage u;
	uint8_t body[MSG_DHCP_COUNTERS_MAX];
	struct wr w = wr_over(body, sizeof(body));

	dhcp4_get_usage(net->engine, &u);
	dhcp_links_add_usage(&net->links, &u);
	msg_put_dhcp4_counters(&w, net->id, &u);
	worker_send(net->role->w, MSG_DHCP4_COUNTERS, body, wr_len(&w));
	net->counters_moved = false;
}

static void tick_link(struct network *net, const struct dhcp_link *link, usec_t now)
{
	struct dhcp4 *engine = link ? link->engine : net->engine;
	struct dhcp4_action actions[TICK_ACTIONS];

	for (int i = 0; i < TICKS_AT_ONCE && dhcp4_deadline(engine) <= now; i++)
		perform(net, link, actions, dhcp4_tick(engine, now, actions, TICK_ACTIONS), now);
}

/* Not more than a share for each network: what is left over is due at once again. */
static void tick_network(struct network *net, usec_t now)
{
	worker_serving(net->role->w, net->id);
	tick_link(net, NULL, now);
	for (size_t i = 0; i < net->links.n; i++)
		tick_link(net, &net->links.link[i], now);
	after(net, now);
	worker_serving(net->role->w, 0);
}

static void tick(void *data, usec_t now)
{
	struct role *role = data;

	serve_waiting(role, now);
	bool send = role->counters_at <= now;
	if (send)
		role->counters_at = USEC_INFINITY;
	role->deadline = role->counters_at;
	table_foreach (n, &role->networks) {
		struct network *net = container_of(n, struct network, by_id);
		if (deadline_of(net) <= now)
			tick_network(net, now);
		if (send && net->counters_moved)
			send_counters(net);
		usec_t at = deadline_of(net);
		role->deadline = MIN_OF(role->deadline, at);
	}
	flush(role);
	usec_t six = role_dhcp6_tick(role->six, now);
	role->deadline = MIN_OF(role->deadline, six);
	if (!intake_is_empty(role->intake))
		role->deadline = MIN_OF(role->deadline, now);
	worker_set_deadline(role->w, role->deadline);
}

static void *start(struct worker *w)
{
	struct role *role = calloc(1, sizeof(*role));

	if (!role)
		return NULL;
	role->w = w;
	role->deadline = role->counters_at = USEC_INFINITY;
	table_init(&role->networks);
	dhcp_guests_init(&role->guests);
	role->intake = intake_new(DHCP4_PAYLOAD_MAX + 1, lost, role); /* to notice a longer one */
	role->six = role->intake ? role_dhcp6_new(role, w) : NULL;
	if (!role->six) {
		free(role);
		return NULL;
	}
	return role;
}

/* The packet sockets forbid bind, connect, sendto with an address, sendmsg and sendmmsg. */
static const char *const syscalls[] = { "recvmmsg", NULL };

const struct worker_role role_dhcp = {
	.name = "dhcp",
	.syscalls = syscalls,
	.start = start,
	.message = message,
	.tick = tick,
};
