/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dns-upstream.c — one socket for each exchange with a resolver: connected, so that only the
 * resolver's datagrams come in and its ICMP errors are seen at once, and bound to a random port, so
 * that a forger has to guess it. */
#include "netd/worker/role-dns-internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define PORT_FIRST    10000
#define PORT_COUNT    (65536 - PORT_FIRST)
#define PORT_TRIES    4
#define IN_FIRST      2048 /* octets of a TCP answer to begin with */
#define QUERY_MAX     512
#define PREFIX_OCTETS 2

struct upstream {
	struct table_node table; /* by exchange */
	struct list failed;      /* in net->failed */
	struct dns_net *net;
	uint32_t exchange;
	int fd;
	bool tcp;
	uint8_t out[PREFIX_OCTETS + QUERY_MAX];
	size_t out_from, out_to;
	uint8_t *in; /* TCP: prefix and answer */
	size_t n_in, in_cap;
};

static void upstream_free(struct upstream *u)
{
	worker_unwatch(u->net->role->w, u->fd);
	close_fd(&u->fd);
	table_remove(&u->net->exchanges, &u->table);
	list_remove(&u->failed);
	free(u->in);
	free(u);
}

static struct upstream *upstream_find(const struct dns_net *net, uint32_t exchange)
{
	struct table_node *t = table_find(&net->exchanges, &exchange, sizeof(exchange));
	return t ? container_of(t, struct upstream, table) : NULL;
}

void role_dns_upstream_end(struct dns_net *net, uint32_t exchange)
{
	struct upstream *u = upstream_find(net, exchange);

	if (u)
		upstream_free(u);
}

void role_dns_upstream_close_all(struct dns_net *net)
{
	struct table_node *t;

	while ((t = table_next(&net->exchanges, NULL)))
		upstream_free(container_of(t, struct upstream, table));
}

bool role_dns_upstream_failed(struct dns_net *net, uint32_t *ret_exchange)
{
	struct upstream *u = list_first(&net->failed, struct upstream, failed);

	if (!u)
		return false;
	*ret_exchange = u->exchange;
	upstream_free(u);
	return true;
}

static void fail(struct upstream *u)
{
	list_remove(&u->failed);
	list_add_tail(&u->net->failed, &u->failed);
}

/* The kernel would choose from 15 bits or less; we choose from 55536 ports. */
static void bind_random_port(int fd, int family)
{
	struct sockaddr_storage any;
	struct ip ip = { .family = family };
	uint32_t random;

	for (unsigned i = 0; i < PORT_TRIES; i++) {
		random_bytes(&random, sizeof(random));
		socklen_t len =
		    role_dns_sockaddr(&ip, (uint16_t)(PORT_FIRST + random % PORT_COUNT), &any);
		if (bind(fd, (struct sockaddr *)(void *)&any, len) == 0 || errno != EADDRINUSE)
			return;
	}
}

static int open_socket(const struct dns_upstream *server, bool tcp)
{
	struct sockaddr_storage to;
	socklen_t len = role_dns_sockaddr(&server->address, server->port, &to);
	int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
	auto_close int fd = socket(server->address.family, type, 0);

	if (fd < 0)
		return -errno;
	if (!tcp)
		bind_random_port(fd, server->address.family);
	if (connect(fd, (struct sockaddr *)(void *)&to, len) < 0 && errno != EINPROGRESS)
		return -errno;
	return take_fd(&fd);
}

/* False: broken. */
static bool write_out(struct upstream *u)
{
	while (u->out_from < u->out_to) {
		ssize_t n =
		    send(u->fd, u->out + u->out_from, u->out_to - u->out_from, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || (u->tcp && errno == ENOTCONN);
		u->out_from += (size_t)n;
	}
	return true;
}

static void deliver(struct upstream *u, const uint8_t *bytes, size_t n, usec_t now)
{
	struct dns_net *net = u->net;
	dns_upstream_reply(net->server, u->exchange, bytes, n, now, &net->out); /* u may be gone */
}

static void udp_ready(struct upstream *u, usec_t now)
{
	struct dns_role *role = u->net->role;
	ssize_t n = recv(u->fd, role->packet, sizeof(role->packet), 0);

	if (n >= 0)
		deliver(u, role->packet, (size_t)n, now);
	else if (errno != EAGAIN && errno != EINTR)
		fail(u);
}

/* Room for more, in proportion to what has come: a length alone takes no memory. */
static bool make_room(struct upstream *u)
{
	if (u->n_in < u->in_cap)
		return true;
	size_t cap =
	    u->in_cap ? MIN_OF(2 * u->in_cap, (size_t)PREFIX_OCTETS + DNS_TCP_MAX) : IN_FIRST;
	if (cap == u->in_cap)
		return false;
	uint8_t *in = realloc(u->in, cap);
	if (!in)
		return false;
	u->in = in;
	u->in_cap = cap;
	return true;
}

static void tcp_ready(struct upstream *u, uint32_t events, usec_t now)
{
	if (u->out_from < u->out_to) {
		if (!write_out(u) || (u->out_from == u->out_to &&
				      worker_rewatch(u->net->role->w, u->fd, EPOLLIN) < 0))
			fail(u);
		return;
	}
	ssize_t n = make_room(u) ? recv(u->fd, u->in + u->n_in, u->in_cap - u->n_in, 0) : 0;
	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			fail(u);
		return;
	}
	u->n_in += (size_t)n;
	struct rd r = rd_over(u->in, u->n_in);
	size_t len = rd_u16(&r);
	const uint8_t *bytes = rd_bytes(&r, len);
	if (r.bad)
		return;
	if (!rd_left(&r))
		deliver(u, bytes, len, now);
	else
		fail(u); /* we asked one thing only */
}

static void upstream_ready(void *data, int fd, uint32_t events, usec_t now)
{
	struct upstream *u = data;
	struct dns_net *net = u->net;

	worker_serving(net->role->w, net->id);
	if (u->tcp)
		tcp_ready(u, events, now);
	else
		udp_ready(u, now);
	role_dns_settle(net, now);
	worker_serving(net->role->w, 0);
}

void role_dns_upstream_send(struct dns_net *net, const struct dns_action *a)
{
	struct upstream *u = calloc(1, sizeof(*u));

	/* Without memory the engine's clock finds out. */
	if (!u)
		return;
	u->net = net;
	u->exchange = a->exchange;
	u->tcp = a->tcp;
	u->fd = -1;
	list_init(&u->failed);
	if (table_add(&net->exchanges, &u->table, &u->exchange, sizeof(u->exchange)) < 0) {
		free(u);
		return;
	}
	struct wr w = wr_over(u->out, sizeof(u->out));
	if (a->tcp)
		wr_u16(&w, (uint16_t)a->n);
	wr_bytes(&w, a->bytes, a->n);
	u->out_to = wr_len(&w);
	u->fd = open_socket(&a->server, a->tcp);
	uint32_t events = a->tcp ? EPOLLOUT : EPOLLIN;
	if (w.bad || u->fd < 0 ||
	    worker_watch(net->role->w, u->fd, events, upstream_ready, u) < 0 ||
	    (!a->tcp && (!write_out(u) || u->out_from < u->out_to)))
		fail(u);
}
