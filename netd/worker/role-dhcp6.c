/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dhcp6.c — IPv6 in the worker that hands out addresses: DHCPv6 and router advertisements.
 * Moves bytes between guests and the engines (dhcp/), and bindings between the engines and the
 * controller. Decides nothing.
 *
 * One socket for each network, a packet socket that is bound to the bridge: the kernel's filter in
 * it lets nothing in but DHCPv6 for servers and router solicitations, and whole frames leave by it.
 * So the sender's MAC is known whatever its IPv6 address looks like, and the system call filter
 * stays as tight as for IPv4. Order is kept as there: first the bindings of a batch, then its
 * frames. */
#include "base/log.h"
#include "base/table.h"
#include "dhcp/ip6-frame.h"
#include "netd/messages/messages-dhcp6.h"
#include "netd/messages/messages.h"
#include "netd/worker/intake.h"
#include "netd/worker/role-dhcp-internal.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BATCH             32 /* frames served before what they bring about leaves */
#define BATCHES_AT_ONCE   2  /* then sockets are looked at again */
#define TICK_ACTIONS      64
#define TICKS_AT_ONCE     8
#define NETWORKS_MAX      16384
#define SOCKET_ERRORS_MAX 64 /* in a row, then the socket is left alone until it is replaced */
#define COUNTERS_EVERY    (5 * USEC_PER_SEC)
#define RECEIVE_MAX       (IP6_FRAME_OVERHEAD + DHCP6_PAYLOAD_MAX)
#define SEND_MAX          (IP6_FRAME_OVERHEAD + DHCP6_REPLY_MAX)
#define HOP_LIMIT_ND      255 /* RFC 4861: proves that it comes from the link */
#define HOP_LIMIT         64

struct network6 {
	struct role6 *r6;
	uint32_t id;
	struct table_node by_id;
	struct ra *ra;
	struct dhcp6 *dhcp; /* NULL: no addresses are handed out */
	struct mac bridge_mac;
	struct ip link_local;
	int fd; /* -1 until MSG_IP6_SOCKETS */
	unsigned socket_errors;
	bool counters_moved;
};

struct frame {
	int fd;
	size_t n;
	uint8_t bytes[SEND_MAX];
};

struct role6 {
	struct role *role;
	struct worker *w;
	struct table networks;
	usec_t counters_at;

	struct intake *intake;

	/* to be sent */
	struct frame frames[BATCH];
	size_t n_frames;
	struct msg_dhcp6_record records[MSG_DHCP_RECORDS_MAX];
	size_t n_records;
	uint8_t body[MSG_DHCP6_BATCH_MAX];

	struct msg_dhcp6_record restored[MSG_DHCP_RECORDS_MAX];
};

/* ---- what leaves ---- */

static void flush_records(struct role6 *r6)
{
	struct wr w = wr_over(r6->body, sizeof(r6->body));

	if (!r6->n_records)
		return;
	msg_put_dhcp6_records(&w, r6->records, r6->n_records);
	r6->n_records = 0;
	worker_send(r6->w, MSG_DHCP6_BINDING, r6->body, wr_len(&w));
}

/* A frame that the device doesn't take is lost like any other on a network: the guest asks again.
 */
static void flush(struct role6 *r6)
{
	flush_records(r6);
	for (size_t i = 0; i < r6->n_frames; i++)
		(void)!send(r6->frames[i].fd, r6->frames[i].bytes, r6->frames[i].n, MSG_DONTWAIT);
	r6->n_frames = 0;
}

static void add_record(struct network6 *net, const struct dhcp6_action *a, usec_t now)
{
	struct role6 *r6 = net->r6;

	if (r6->n_records == MSG_DHCP_RECORDS_MAX)
		flush_records(r6);
	r6->records[r6->n_records++] = (struct msg_dhcp6_record){
		.net_id = net->id,
		.token = a->token,
		.change = a->change,
		.binding = *a->binding,
		.expires_wall = role_dhcp_wall_seconds(a->binding->expires, now),
	};
}

static void add_frame(struct network6 *net, const struct ip6_packet *p)
{
	struct role6 *r6 = net->r6;

	if (net->fd < 0)
		return;
	if (r6->n_frames == ARRAY_LEN(r6->frames))
		flush(r6);
	struct frame *f = &r6->frames[r6->n_frames];
	f->fd = net->fd;
	f->n = ip6_frame_make(f->bytes, sizeof(f->bytes), p);
	if (f->n)
		r6->n_frames++;
}

static void perform(struct network6 *net, const struct dhcp6_action *actions, size_t n, usec_t now)
{
	for (size_t i = 0; i < n; i++) {
		const struct dhcp6_action *a = &actions[i];
		if (a->kind == DHCP6_BINDING) {
			add_record(net, a, now);
			continue;
		}
		add_frame(net, &(struct ip6_packet){
				   .from = net->bridge_mac,
				   .to = a->to_mac,
				   .src = net->link_local,
				   .dst = a->to_ip,
				   .hop_limit = HOP_LIMIT,
				   .protocol = IP6_PROTO_UDP,
				   .src_port = DHCP6_PORT_SERVER,
				   .dst_port = DHCP6_PORT_CLIENT,
				   .payload = a->payload,
				   .n = a->n,
			       });
	}
}

static void advertise(struct network6 *net, const struct ra_action *a)
{
	add_frame(net, &(struct ip6_packet){
			   .from = net->bridge_mac,
			   .to = a->to_mac,
			   .src = net->link_local,
			   .dst = a->to_ip,
			   .hop_limit = HOP_LIMIT_ND,
			   .protocol = IP6_PROTO_ICMPV6,
			   .payload = a->message,
			   .n = a->n,
		       });
}

static usec_t deadline(const struct network6 *net)
{
	usec_t dhcp = net->dhcp ? dhcp6_deadline(net->dhcp) : USEC_INFINITY;

	return MIN_OF(dhcp, ra_deadline(net->ra));
}

static void after(struct network6 *net, usec_t now)
{
	struct role6 *r6 = net->r6;

	if (!net->counters_moved) {
		net->counters_moved = true;
		if (r6->counters_at == USEC_INFINITY)
			r6->counters_at = now + COUNTERS_EVERY;
		role_dhcp_wake_at(r6->role, r6->counters_at);
	}
	role_dhcp_wake_at(r6->role, deadline(net));
}

/* ---- what arrives from guests ---- */

static void serve_dhcp(struct network6 *net, const struct ip6_packet *p, uint32_t port, usec_t now)
{
	struct dhcp6_action actions[DHCP6_ACTIONS_MAX];
	const struct dhcp4 *v4 = role_dhcp_engine4(net->r6->role, net->id);
	const char *known = v4 ? dhcp4_name_of(v4, &p->from) : "";
	const struct dhcp6_dgram in = {
		.payload = p->payload,
		.n = p->n,
		.src = p->src,
		.dst = p->dst,
		.from = p->from,
		.port = port,
		.known_name =
		    known[0] ? known : role_dhcp_guest_name(net->r6->role, net->id, &p->from),
	};

	perform(net, actions, dhcp6_input(net->dhcp, &in, now, actions, ARRAY_LEN(actions)), now);
}

static void serve_solicitation(struct network6 *net, const struct ip6_packet *p, usec_t now)
{
	const struct ra_solicit in = { .message = p->payload,
				       .n = p->n,
				       .src = p->src,
				       .from = p->from,
				       .hop_limit = p->hop_limit };
	struct ra_action action;

	if (ra_input(net->ra, &in, now, &action))
		advertise(net, &action);
}

static struct network6 *find(const struct role6 *r6, uint32_t id)
{
	struct table_node *n = table_find(&r6->networks, &id, sizeof(id));

	return n ? container_of(n, struct network6, by_id) : NULL;
}

static void serve_frame(struct network6 *net, const struct datagram *d, usec_t now)
{
	struct ip6_packet p;

	/* What was too long for the buffer has no end and is nothing. */
	if (!ip6_frame_parse(d->bytes, d->n, d->checksum_known, &p))
		return;
	worker_serving(net->r6->w, net->id);
	if (p.protocol == IP6_PROTO_ICMPV6)
		serve_solicitation(net, &p, now);
	else if (p.dst_port == DHCP6_PORT_SERVER && net->dhcp)
		serve_dhcp(net, &p, d->port, now);
	after(net, now);
}

/* Some of what waits, of whatever network; the rest when the sockets were looked at again. */
static void serve_waiting(struct role6 *r6, usec_t now)
{
	for (int i = 0; i < BATCH * BATCHES_AT_ONCE; i++) {
		struct datagram *d = intake_next(r6->intake);
		if (!d)
			break;
		struct network6 *net = find(r6, d->net_id);
		if (net) /* or it was removed since */
			serve_frame(net, d, now);
		intake_served(r6->intake, d);
		if (i % BATCH == BATCH - 1)
			flush(r6);
	}
	flush(r6);
	worker_serving(r6->w, 0);
	if (!intake_is_empty(r6->intake))
		role_dhcp_wake_at(r6->role, now);
}

/* More comes than can be served, and most of it by this port. */
static void lost(void *data, const struct datagram *d)
{
	const struct role6 *r6 = data;
	struct network6 *net = find(r6, d->net_id);

	if (net && net->dhcp)
		dhcp6_note_drop(net->dhcp, DHCP6_DROP_CROWD);
}

static void note_socket_error(struct network6 *net, int errnum)
{
	log_debug("network %u: receiving IPv6: %s", net->id, strerror(errnum));
	if (++net->socket_errors >= SOCKET_ERRORS_MAX)
		worker_unwatch(net->r6->w, net->fd);
}

static void on_readable(void *data, int fd, uint32_t events, usec_t now)
{
	struct network6 *net = data;
	int n = intake_read(net->r6->intake, fd, net->id);

	if (n < 0)
		note_socket_error(net, -n);
	else
		net->socket_errors = 0;
	serve_waiting(net->r6, now);
}

/* ---- networks ---- */

static void close_socket(struct network6 *net)
{
	if (net->fd >= 0)
		worker_unwatch(net->r6->w, net->fd);
	close_fd(&net->fd);
}

static void network_free(struct network6 *net)
{
	close_socket(net);
	dhcp6_free(net->dhcp);
	ra_free(net->ra);
	free(net);
}

static struct network6 *network_new(struct role6 *r6, uint32_t id)
{
	uint64_t seed;

	if (r6->networks.count >= NETWORKS_MAX)
		return NULL;
	struct network6 *net = calloc(1, sizeof(*net));
	if (!net)
		return NULL;
	*net = (struct network6){ .r6 = r6, .id = id, .fd = -1 };
	random_bytes(&seed, sizeof(seed));
	net->ra = ra_new(seed);
	if (!net->ra || table_add(&r6->networks, &net->by_id, &net->id, sizeof(net->id)) < 0) {
		network_free(net);
		return NULL;
	}
	return net;
}

/* ---- what the controller says: false when it isn't one of ours ---- */

static bool on_ra_config(struct role6 *r6, const struct channel_message *m, usec_t now)
{
	struct ra_config c;
	uint32_t id;

	if (m->n_fds || msg_get_ra_config(m->body, m->n, &id, &c) < 0)
		return false;
	struct network6 *net = find(r6, id);
	if (!net)
		net = network_new(r6, id);
	if (!net)
		return false;
	net->bridge_mac = c.mac;
	net->link_local = c.link_local;
	ra_configure(net->ra, &c, now);
	after(net, now);
	return true;
}

/* Names belong to machines: who has one in IPv4 has it in IPv6. */
static bool taken_in_v4(void *data, const struct mac *mac, const char *name)
{
	const struct network6 *net = data;

	return role_dhcp_name_taken(net->r6->role, net->id, mac, name) ||
	       role_dhcp_is_others_name(net->r6->role, net->id, mac, name);
}

static bool on_dhcp_config(struct role6 *r6, const struct channel_message *m, usec_t now)
{
	struct dhcp6_config c;
	struct err e = { 0 };
	uint32_t id;

	if (m->n_fds || msg_get_dhcp6_config(m->body, m->n, &id, &c) < 0)
		return false;
	struct network6 *net = find(r6, id); /* MSG_RA_CONFIG has made it */
	if (net && !net->dhcp) {
		net->dhcp = dhcp6_new();
		if (net->dhcp)
			dhcp6_set_name_check(net->dhcp, taken_in_v4, net);
	}
	int r = !net ? -EPROTO : net->dhcp ? dhcp6_configure(net->dhcp, &c, &e) : -ENOMEM;
	if (r == 0)
		after(net, now);
	else if (net)
		log_err("network %u: %s", id, e.msg);
	dhcp6_config_done(&c);
	return r != -ENOMEM && r != -EPROTO;
}

static bool on_sockets(struct role6 *r6, struct channel_message *m)
{
	uint32_t id;

	if (m->n_fds != 1 || msg_get_net_id(m->body, m->n, &id) < 0)
		return false;
	struct network6 *net = find(r6, id);
	if (!net)
		return false;
	close_socket(net);
	net->fd = take_fd(&m->fds[0]);
	m->n_fds = 0;
	net->socket_errors = 0;
	return worker_watch(r6->w, net->fd, EPOLLIN, on_readable, net) == 0;
}

/* Both sides must agree on who has what: a binding that the engine can't take is given up. */
static void give_up(struct network6 *net, const struct dhcp6_binding *b, int failed, usec_t now)
{
	const struct dhcp6_action a = { .kind = DHCP6_BINDING,
					.change = DHCP4_RELEASE,
					.binding = b };
	char ip[IP_TEXT_MAX];

	if (failed == -EEXIST) /* told twice */
		return;
	log_debug("network %u: the stored binding of %s is given up: %s", net->id,
		  ip_format(&b->ip, ip), strerror(-failed));
	perform(net, &a, 1, now);
}

static bool on_restore(struct role6 *r6, const struct channel_message *m, usec_t now)
{
	int n = m->n_fds ? -EPROTO : msg_get_dhcp6_records(m->body, m->n, r6->restored);

	for (int i = 0; i < n; i++) {
		const struct dhcp6_binding *b = &r6->restored[i].binding;
		struct network6 *net = find(r6, r6->restored[i].net_id);
		if (!net || !net->dhcp)
			return false;
		if (r6->restored[i].change == DHCP4_DECLINE) {
			dhcp6_restore_declined(
			    net->dhcp, b,
			    role_dhcp_seconds_left(r6->restored[i].expires_wall, b->lease_sec),
			    now);
			after(net, now);
			continue;
		}
		int r = dhcp6_restore(net->dhcp, b, now);
		if (r == -ENOMEM)
			return false;
		if (r < 0)
			give_up(net, b, r, now);
		after(net, now);
	}
	flush(r6);
	return n > 0;
}

static bool on_committed(struct role6 *r6, const struct channel_message *m, usec_t now)
{
	struct msg_dhcp4_verdict verdicts[MSG_DHCP_RECORDS_MAX];
	struct dhcp6_action action;
	int n = m->n_fds ? -EPROTO : msg_get_dhcp4_verdicts(m->body, m->n, verdicts);

	for (int i = 0; i < n; i++) {
		struct network6 *net = find(r6, verdicts[i].net_id);
		if (!net || !net->dhcp) /* removed since */
			continue;
		size_t done =
		    dhcp6_committed(net->dhcp, verdicts[i].token, verdicts[i].verdict, &action, 1);
		perform(net, &action, done, now);
		after(net, now);
	}
	flush(r6);
	return n > 0;
}

static bool on_remove(struct role6 *r6, const struct channel_message *m)
{
	uint32_t id;

	if (m->n_fds || msg_get_net_id(m->body, m->n, &id) < 0)
		return false;
	struct network6 *net = find(r6, id);
	if (net) {
		table_remove(&r6->networks, &net->by_id);
		network_free(net);
	}
	role_dhcp_forget_guests(r6->role, id);
	return true;
}

static bool on_free(struct role6 *r6, const struct channel_message *m, usec_t now)
{
	struct dhcp6_action action;
	uint32_t id;
	struct ip ip;

	if (m->n_fds || msg_get_dhcp6_free(m->body, m->n, &id, &ip) < 0)
		return false;
	struct network6 *net = find(r6, id);
	if (net && net->dhcp) {
		perform(net, &action, dhcp6_release(net->dhcp, &ip, &action, 1), now);
		flush(r6);
		after(net, now);
	}
	return true;
}

void role_dhcp6_port_gone(struct role6 *r6, uint32_t net_id, uint32_t port, usec_t now)
{
	struct network6 *net = find(r6, net_id);

	if (!net || !net->dhcp)
		return;
	dhcp6_port_gone(net->dhcp, port, now);
	after(net, now);
}

bool role_dhcp6_message(struct role6 *r6, struct channel_message *m, usec_t now)
{
	switch (m->type) {
	case MSG_RA_CONFIG:
		return on_ra_config(r6, m, now);
	case MSG_DHCP6_CONFIG:
		return on_dhcp_config(r6, m, now);
	case MSG_IP6_SOCKETS:
		return on_sockets(r6, m);
	case MSG_DHCP6_RESTORE:
		return on_restore(r6, m, now);
	case MSG_DHCP6_COMMITTED:
		return on_committed(r6, m, now);
	case MSG_IP6_REMOVE:
		return on_remove(r6, m);
	case MSG_DHCP6_FREE:
		return on_free(r6, m, now);
	default:
		return false;
	}
}

/* ---- names ---- */

void role_dhcp6_named(struct role6 *r6, uint32_t net_id, const struct mac *mac, const char *name,
		      usec_t now)
{
	struct network6 *net = find(r6, net_id);
	struct dhcp6_action actions[DHCP6_ACTIONS_MAX];

	if (!net || !net->dhcp)
		return;
	perform(net, actions, dhcp6_name_station(net->dhcp, mac, name, actions, ARRAY_LEN(actions)),
		now);
	flush_records(r6);
}

bool role_dhcp6_name_taken(struct role6 *r6, uint32_t net_id, const struct mac *mac,
			   const char *name)
{
	const struct network6 *net = find(r6, net_id);

	return net && net->dhcp && dhcp6_name_taken(net->dhcp, mac, name);
}

/* ---- time ---- */

static void send_counters(struct network6 *net)
{
	struct dhcp6_usage u = { 0 };
	uint8_t body[MSG_IP6_COUNTERS_MAX];
	struct wr w = wr_over(body, sizeof(body));

	if (net->dhcp)
		dhcp6_get_usage(net->dhcp, &u);
	msg_put_ip6_counters(&w, net->id, &u, ra_counters(net->ra));
	worker_send(net->r6->w, MSG_IP6_COUNTERS, body, wr_len(&w));
	net->counters_moved = false;
}

/* Not more than a share for each network: what is left over is due at once again. */
static void tick_network(struct network6 *net, usec_t now)
{
	struct dhcp6_action actions[TICK_ACTIONS];
	struct ra_action action;

	worker_serving(net->r6->w, net->id);
	if (ra_tick(net->ra, now, &action))
		advertise(net, &action);
	for (int i = 0; i < TICKS_AT_ONCE && net->dhcp && dhcp6_deadline(net->dhcp) <= now; i++)
		perform(net, actions, dhcp6_tick(net->dhcp, now, actions, TICK_ACTIONS), now);
	after(net, now);
	worker_serving(net->r6->w, 0);
}

usec_t role_dhcp6_tick(struct role6 *r6, usec_t now)
{
	usec_t next;

	serve_waiting(r6, now);
	bool send_now = r6->counters_at <= now;
	if (send_now)
		r6->counters_at = USEC_INFINITY;
	table_foreach (n, &r6->networks) {
		struct network6 *net = container_of(n, struct network6, by_id);
		if (deadline(net) <= now)
			tick_network(net, now);
		if (send_now && net->counters_moved)
			send_counters(net);
	}
	next = intake_is_empty(r6->intake) ? r6->counters_at : now;
	table_foreach (n, &r6->networks)
		next = MIN_OF(next, deadline(container_of(n, struct network6, by_id)));
	flush(r6);
	return next;
}

struct role6 *role_dhcp6_new(struct role *role, struct worker *w)
{
	struct role6 *r6 = calloc(1, sizeof(*r6));

	if (!r6)
		return NULL;
	r6->role = role;
	r6->w = w;
	r6->counters_at = USEC_INFINITY;
	table_init(&r6->networks);
	r6->intake = intake_new(RECEIVE_MAX + 1, lost, r6); /* to notice a longer one */
	if (r6->intake)
		return r6;
	free(r6);
	return NULL;
}
