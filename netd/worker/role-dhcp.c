/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dhcp.c — the worker that hands out addresses: moves bytes between guests and the engines
 * (dhcp/), and bindings between the engines and the controller. Decides nothing. What it
 * sends is in role-dhcp-out.c, what the controller says in role-dhcp-control.c, IPv6 in
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
#include "netd/worker/role-dhcp-parts.h"

#include <string.h>

#define BATCHES_AT_ONCE   2 /* then sockets are looked at again */
#define TICKS_AT_ONCE     8
#define TICK_ACTIONS      64
#define SOCKET_ERRORS_MAX 64 /* in a row, then the socket is left alone until it is replaced */

/* ---- what arrives from guests ---- */

/* The one drop that somebody must act on. The others are counted. */
static void warn_pool_empty(struct dhcp_net *net, const struct dhcp_link *link)
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

static void serve_datagram(struct dhcp_net *net, const struct datagram *d, usec_t now)
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
	role_dhcp_perform(net, link, actions, n, now);
	if (dhcp4_last_drop(engine) == DHCP4_DROP_POOL_EMPTY)
		warn_pool_empty(net, link);
	role_dhcp_after(net, now);
}

/* Some of what waits, of whatever network; the rest when the sockets were looked at again. */
static void serve_waiting(struct role *role, usec_t now)
{
	for (int i = 0; i < ROLE_DHCP_BATCH * BATCHES_AT_ONCE; i++) {
		struct datagram *d = intake_next(role->intake);
		if (!d)
			break;
		struct dhcp_net *net = role_dhcp_find(role, d->net_id);
		if (net) /* or it was removed since */
			serve_datagram(net, d, now);
		intake_served(role->intake, d);
		if (i % ROLE_DHCP_BATCH == ROLE_DHCP_BATCH - 1)
			role_dhcp_flush(role);
	}
	role_dhcp_flush(role);
	worker_serving(role->w, 0);
	if (!intake_is_empty(role->intake))
		role_dhcp_wake_at(role, now);
}

/* More comes than can be served, and most of it by this port. */
static void lost(void *data, const struct datagram *d)
{
	struct role *role = data;
	struct dhcp_net *net = role_dhcp_find(role, d->net_id);
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
static void note_socket_error(struct dhcp_net *net, int errnum)
{
	log_debug("network %u: receiving: %s", net->id, strerror(errnum));
	if (++net->socket_errors >= SOCKET_ERRORS_MAX)
		worker_unwatch(net->role->w, net->udp);
}

void role_dhcp_readable(void *data, int fd, uint32_t events, usec_t now)
{
	struct dhcp_net *net = data;
	int n = intake_read(net->role->intake, fd, net->id);

	if (n < 0)
		note_socket_error(net, -n);
	else
		net->socket_errors = 0;
	serve_waiting(net->role, now);
}

static bool message(void *data, struct channel_message *m)
{
	struct role *role = data;
	bool ok = role_dhcp_obey(role, m, clock_boottime());

	channel_message_close_fds(m);
	return ok;
}

/* ---- time ---- */

static void send_counters(struct dhcp_net *net)
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

static void tick_link(struct dhcp_net *net, const struct dhcp_link *link, usec_t now)
{
	struct dhcp4 *engine = link ? link->engine : net->engine;
	struct dhcp4_action actions[TICK_ACTIONS];

	for (int i = 0; i < TICKS_AT_ONCE && dhcp4_deadline(engine) <= now; i++)
		role_dhcp_perform(net, link, actions,
				  dhcp4_tick(engine, now, actions, TICK_ACTIONS), now);
}

/* Not more than a share for each network: what is left over is due at once again. */
static void tick_network(struct dhcp_net *net, usec_t now)
{
	worker_serving(net->role->w, net->id);
	tick_link(net, NULL, now);
	for (size_t i = 0; i < net->links.n; i++)
		tick_link(net, &net->links.link[i], now);
	role_dhcp_after(net, now);
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
		struct dhcp_net *net = container_of(n, struct dhcp_net, by_id);
		if (role_dhcp_deadline(net) <= now)
			tick_network(net, now);
		if (send && net->counters_moved)
			send_counters(net);
		usec_t at = role_dhcp_deadline(net);
		role->deadline = MIN_OF(role->deadline, at);
	}
	role_dhcp_flush(role);
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
