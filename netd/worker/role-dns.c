/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dns.c — the dns worker: one engine per network, fed from the sockets that the controller
 * hands over. */
#include "netd/worker/role-dns-internal.h"

#include "base/log.h"
#include "netd/messages/messages.h"

#include <errno.h>
#include <string.h>

#define COUNTERS_SEC 10

static void act(void *data, const struct dns_action *a)
{
	struct dns_net *net = data;

	switch (a->kind) {
	case DNS_REPLY:
		if (a->client->token & ROLE_DNS_ASK_TOKEN) {
			role_dns_ask_reply(net, a);
			break;
		}
		if (net->log)
			role_dns_log_add(net, a);
		if (a->client->tcp)
			role_dns_tcp_reply(net, a);
		else
			role_dns_udp_reply(net, a);
		break;
	case DNS_SEND_UPSTREAM:
		role_dns_upstream_send(net, a);
		break;
	case DNS_END_UPSTREAM:
		role_dns_upstream_end(net, a->exchange);
		break;
	}
}

static void wake_at(struct dns_role *role, usec_t at)
{
	if (at >= role->deadline)
		return;
	role->deadline = at;
	worker_set_deadline(role->w, at);
}

void role_dns_settle(struct dns_net *net, usec_t now)
{
	struct dns_role *role = net->role;
	uint32_t exchange;

	do { /* room in a connection lets its next queries in, and those may fail again */
		while (role_dns_upstream_failed(net, &exchange))
			dns_upstream_failed(net->server, exchange, now, &net->out);
		role_dns_udp_flush(role);
		role_dns_tcp_flush(net, now);
	} while (!list_is_empty(&net->failed));
	if (role->counters_at == USEC_INFINITY)
		role->counters_at = now + COUNTERS_SEC * USEC_PER_SEC;
	wake_at(role, role->counters_at);
	wake_at(role, dns_deadline(net->server));
	wake_at(role, role_dns_tcp_deadline(net));
	wake_at(role, role_dns_log_deadline(net));
}

int role_dns_address(const struct sockaddr_storage *from, struct ip *ret_ip, uint16_t *ret_port)
{
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)from;
		*ret_ip = ip_from_v4(ntohl(in->sin_addr.s_addr));
		*ret_port = ntohs(in->sin_port);
	} else if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)from;
		ret_ip->family = AF_INET6;
		memcpy(ret_ip->v6, &in6->sin6_addr, sizeof(ret_ip->v6));
		*ret_port = ntohs(in6->sin6_port);
	} else {
		return -EAFNOSUPPORT;
	}
	return 0;
}

socklen_t role_dns_sockaddr(const struct ip *ip, uint16_t port, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (ip->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)(void *)ret;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		in->sin_addr.s_addr = htonl(ip->v4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)ret;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, ip->v6, sizeof(ip->v6));
	return sizeof(*in6);
}

static struct dns_net *net_find(struct dns_role *role, uint32_t id)
{
	struct table_node *t = table_find(&role->by_id, &id, sizeof(id));
	return t ? container_of(t, struct dns_net, table) : NULL;
}

static void close_sockets(struct dns_net *net)
{
	for (unsigned i = 0; i < DNS_SOCKET_COUNT; i++) {
		worker_unwatch(net->role->w, net->socket[i].fd);
		close_fd(&net->socket[i].fd);
	}
}

static void net_free(struct dns_net *net)
{
	close_sockets(net);
	role_dns_tcp_close_all(net);
	role_dns_upstream_close_all(net);
	role_dns_log_free(net);
	table_done(&net->connections);
	table_done(&net->exchanges);
	dns_server_free(net->server);
	dns_config_free(net->config);
	table_remove(&net->role->by_id, &net->table);
	list_remove(&net->link);
	free(net);
}

static struct dns_net *net_new(struct dns_role *role, uint32_t id, const struct dns_config *c,
			       struct err *e)
{
	struct dns_net *net = calloc(1, sizeof(*net));

	if (!net) {
		err_set(e, ERR_NO_MEMORY, "out of memory");
		return NULL;
	}
	net->id = id;
	net->server = dns_server_new(c, e);
	if (!net->server || table_add(&role->by_id, &net->table, &net->id, sizeof(net->id)) < 0) {
		dns_server_free(net->server);
		free(net);
		return NULL;
	}
	net->role = role;
	net->logged = 1;
	net->out = (struct dns_out){ act, net };
	list_add_tail(&role->nets, &net->link);
	table_init(&net->connections);
	table_init(&net->exchanges);
	list_init(&net->by_age);
	list_init(&net->failed);
	for (unsigned i = 0; i < DNS_SOCKET_COUNT; i++)
		net->socket[i] = (struct dns_socket_slot){ net, i, -1 };
	dns_server_set_upstreams(net->server, role->upstreams.server, role->upstreams.n);
	return net;
}

/* For changes of its hosts; `net` may be NULL. */
static void keep_config(struct dns_net *net, struct dns_config *c)
{
	if (!net) {
		dns_config_free(c);
		return;
	}
	dns_config_free(net->config);
	net->config = c;
}

static bool on_config(struct dns_role *role, const struct channel_message *m)
{
	struct dns_config *c;
	struct err e = { 0 };
	uint32_t id;
	int r = message_dns_config_decode(m->body, m->n, &id, &c);

	if (r < 0)
		return r == -ENOMEM;
	struct dns_net *net = net_find(role, id);
	if (net) {
		r = dns_server_configure(net->server, c, &e);
	} else {
		net = net_new(role, id, c, &e);
		r = net ? 0 : -1;
	}
	if (r < 0)
		log_warning("network %u: name service: %s", id, e.msg);
	keep_config(net, c);
	return true;
}

/* Some static hosts have come and gone. */
static bool on_hosts(struct dns_role *role, const struct channel_message *m)
{
	struct message_dns_hosts change;
	struct err e = { 0 };
	int r = message_dns_hosts_decode(m->body, m->n, &change);

	if (r < 0)
		return r == -ENOMEM;
	struct dns_net *net = net_find(role, change.net_id);
	/* Without one its configuration was refused. */
	r = net ? message_dns_hosts_apply(&change, net->config) : 0;
	if (r == 0 && net && dns_server_configure(net->server, net->config, &e) < 0)
		log_warning("network %u: name service: %s", net->id, e.msg);
	message_dns_hosts_done(&change);
	return r == 0;
}

static bool on_sockets(struct dns_role *role, struct channel_message *m)
{
	uint32_t id, mask;
	unsigned next = 0;

	if (message_dns_sockets_decode(m->body, m->n, &id, &mask) < 0 ||
	    m->n_fds != (unsigned)__builtin_popcount(mask)) {
		channel_message_close_fds(m);
		return false;
	}
	struct dns_net *net = net_find(role, id);
	if (!net) { /* its configuration was refused */
		channel_message_close_fds(m);
		return true;
	}
	close_sockets(net);
	for (unsigned i = 0; i < DNS_SOCKET_COUNT; i++) {
		bool tcp = i == DNS_SOCKET_TCP || i == DNS_SOCKET_HOST_TCP || i == DNS_SOCKET_TCP6;
		struct dns_socket_slot *slot = &net->socket[i];
		if (!(mask & 1u << i))
			continue;
		slot->fd = m->fds[next++];
		int r = tcp ? 0 : role_dns_udp_prepare(slot->fd);
		if (r == 0)
			r = worker_watch(role->w, slot->fd, EPOLLIN,
					 tcp ? role_dns_tcp_ready : role_dns_udp_ready, slot);
		if (r < 0) {
			log_warning("network %u: name service: cannot watch a socket: %s", id,
				    strerror(-r));
			close_fd(&slot->fd);
		}
	}
	return true;
}

static bool on_lease(struct dns_role *role, const struct channel_message *m)
{
	struct message_dns_lease lease;

	if (message_dns_lease_decode(m->body, m->n, &lease) < 0)
		return false;
	struct dns_net *net = net_find(role, lease.net_id);
	/* Guests choose their names: what is no name for us is no fault of the controller's. */
	if (net && lease.add)
		(void)!dns_lease_add(net->server, lease.name, &lease.ip, lease.expires);
	else if (net)
		dns_lease_remove(net->server, lease.name, &lease.ip);
	return true;
}

static bool on_upstreams(struct dns_role *role, const struct channel_message *m)
{
	struct dns_net *net;

	if (message_dns_upstreams_decode(m->body, m->n, &role->upstreams) < 0)
		return false;
	list_foreach (net, &role->nets, struct dns_net, link)
		dns_server_set_upstreams(net->server, role->upstreams.server, role->upstreams.n);
	return true;
}

static bool on_remove(struct dns_role *role, const struct channel_message *m)
{
	uint32_t id;

	if (message_dns_net_decode(m->body, m->n, &id) < 0)
		return false;
	struct dns_net *net = net_find(role, id);
	if (net)
		net_free(net);
	return true;
}

static bool on_ask(struct dns_role *role, const struct channel_message *m)
{
	struct message_dns_ask ask;

	if (message_dns_ask_decode(m->body, m->n, &ask) < 0)
		return false;
	role_dns_ask(role, net_find(role, ask.net_id), &ask, clock_boottime());
	return true;
}

static bool message(void *data, struct channel_message *m)
{
	struct dns_role *role = data;

	if (m->type == MSG_DNS_SOCKETS)
		return on_sockets(role, m);
	if (m->n_fds) {
		channel_message_close_fds(m);
		return false;
	}
	switch (m->type) {
	case MSG_DNS_CONFIG:
		return on_config(role, m);
	case MSG_DNS_HOSTS:
		return on_hosts(role, m);
	case MSG_DNS_LEASE:
		return on_lease(role, m);
	case MSG_DNS_UPSTREAMS:
		return on_upstreams(role, m);
	case MSG_DNS_ASK:
		return on_ask(role, m);
	case MSG_DNS_REMOVE:
		return on_remove(role, m);
	default:
		return false;
	}
}

static void send_counters(struct dns_role *role)
{
	struct message_dns_counters m;
	uint8_t buf[DNS_MESSAGE_SMALL];
	struct dns_net *net;

	list_foreach (net, &role->nets, struct dns_net, link) {
		const uint64_t *counter = dns_counters(net->server);
		struct wr w = wr_over(buf, sizeof(buf));
		if (memcmp(counter, net->told, sizeof(net->told)) == 0)
			continue;
		memcpy(net->told, counter, sizeof(net->told));
		m.net_id = net->id;
		memcpy(m.counter, counter, sizeof(m.counter));
		message_dns_counters_encode(&w, &m);
		worker_send(role->w, MSG_DNS_COUNTERS, buf, wr_len(&w));
	}
	role->counters_at = USEC_INFINITY;
}

static void tick(void *data, usec_t now)
{
	struct dns_role *role = data;
	struct dns_net *net;

	role->deadline = USEC_INFINITY;
	if (role->counters_at <= now)
		send_counters(role);
	wake_at(role, role->counters_at);
	list_foreach (net, &role->nets, struct dns_net, link) {
		if (dns_deadline(net->server) <= now || role_dns_tcp_deadline(net) <= now) {
			worker_serving(role->w, net->id);
			role_dns_tcp_tick(net, now);
			dns_tick(net->server, now, &net->out);
			role_dns_settle(net, now);
			worker_serving(role->w, 0);
		}
		role_dns_log_tick(net, now);
		wake_at(role, dns_deadline(net->server));
		wake_at(role, role_dns_tcp_deadline(net));
		wake_at(role, role_dns_log_deadline(net));
	}
}

static void *start(struct worker *w)
{
	struct dns_role *role = calloc(1, sizeof(*role));

	if (!role)
		return NULL;
	role->w = w;
	role->udp = role_dns_udp_new();
	if (!role->udp)
		return NULL;
	role->deadline = role->counters_at = USEC_INFINITY;
	table_init(&role->by_id);
	list_init(&role->nets);
	return role;
}

static const char *const syscalls[] = {
	"accept4",  "bind",    "connect",    "getsockopt", "recvmmsg",
	"sendmmsg", "sendmsg", "setsockopt", "socket",     NULL,
};

const struct worker_role role_dns = {
	.name = "dns",
	.syscalls = syscalls,
	.start = start,
	.message = message,
	.tick = tick,
};
