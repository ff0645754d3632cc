/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dns-tcp.c — clients' connections (RFC 7766): many queries on one, answers in the order in
 * which they are ready.
 *
 * A connection may hold a little memory and ROLE_DNS_IDLE_SEC of time: only a whole query or a
 * wholly written answer renews it, so that neither silence nor an octet now and then keeps it open.
 * When a network has too many, the one that is idle longest makes room. Who doesn't read its
 * answers isn't read from either. */
#include "netd/worker/role-dns-internal.h"

#include <errno.h>
#include <string.h>

#define ACCEPT_ONCE   64
#define OUT_PAUSE     (64 * 1024) /* octets not yet taken by the client: read no further query */
#define OUT_MAX       (512 * 1024)
#define PREFIX_OCTETS 2

struct connection {
	struct table_node table; /* by token */
	struct list link;        /* in net->by_age */
	struct dns_net *net;
	struct dns_client client;
	int fd;
	bool ended;     /* the client sends no more */
	bool broken;    /* to be closed at the next flush */
	unsigned asked; /* queries without an answer yet */
	uint32_t events;
	usec_t until;
	size_t n_in;
	uint8_t *out;
	size_t out_from, out_to, out_cap;
	uint8_t in[PREFIX_OCTETS + ROLE_DNS_TCP_QUERY_MAX];
};

static void connection_free(struct connection *c)
{
	worker_unwatch(c->net->role->w, c->fd);
	close_fd(&c->fd);
	table_remove(&c->net->connections, &c->table);
	list_remove(&c->link);
	free(c->out);
	free(c);
}

void role_dns_tcp_close_all(struct dns_net *net)
{
	struct connection *c;

	list_foreach (c, &net->by_age, struct connection, link)
		connection_free(c);
}

static void renew(struct connection *c, usec_t now)
{
	c->until = now + ROLE_DNS_IDLE_SEC * USEC_PER_SEC;
	list_remove(&c->link);
	list_add_tail(&c->net->by_age, &c->link);
}

usec_t role_dns_tcp_deadline(const struct dns_net *net)
{
	const struct connection *c = list_first(&net->by_age, struct connection, link);
	return c ? c->until : USEC_INFINITY;
}

void role_dns_tcp_tick(struct dns_net *net, usec_t now)
{
	struct connection *c;

	while ((c = list_first(&net->by_age, struct connection, link)) && c->until <= now)
		connection_free(c);
}

/* Write what waits. */
static void write_out(struct connection *c, usec_t now)
{
	while (!c->broken && c->out_from < c->out_to) {
		ssize_t n =
		    send(c->fd, c->out + c->out_from, c->out_to - c->out_from, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			c->broken = true;
		else
			c->out_from += (size_t)n;
	}
	if (c->out_to)
		renew(c, now);
	c->out_from = c->out_to = 0;
}

static bool may_read(const struct connection *c)
{
	return !c->ended && c->asked < ROLE_DNS_PIPELINE_MAX && c->out_to - c->out_from < OUT_PAUSE;
}

static bool is_done(const struct connection *c)
{
	return c->broken || (c->ended && c->asked == 0 && c->out_from == c->out_to);
}

static bool out_append(struct connection *c, const uint8_t *bytes, size_t n)
{
	uint8_t prefix[PREFIX_OCTETS] = { (uint8_t)(n >> 8), (uint8_t)n };

	if (c->out_from) {
		memmove(c->out, c->out + c->out_from, c->out_to - c->out_from);
		c->out_to -= c->out_from;
		c->out_from = 0;
	}
	if (c->out_to + sizeof(prefix) + n > OUT_MAX ||
	    GROW(c->out, c->out_cap, c->out_to + sizeof(prefix) + n) < 0)
		return false;
	memcpy(c->out + c->out_to, prefix, sizeof(prefix));
	memcpy(c->out + c->out_to + sizeof(prefix), bytes, n);
	c->out_to += sizeof(prefix) + n;
	return true;
}

/* The connection may be gone by the time its answer is there. */
void role_dns_tcp_reply(struct dns_net *net, const struct dns_action *a)
{
	uint64_t token = a->client->token;
	struct table_node *t = table_find(&net->connections, &token, sizeof(token));

	if (!t)
		return;
	struct connection *c = container_of(t, struct connection, table);
	if (c->asked)
		c->asked--;
	if (!out_append(c, a->bytes, a->n))
		c->broken = true;
}

/* One whole query from the front of the buffer; false: there is none, or no more is to be served
 * now. */
static bool serve_one(struct connection *c, struct rd *r, usec_t now)
{
	if (c->broken || c->asked >= ROLE_DNS_PIPELINE_MAX || c->out_to - c->out_from >= OUT_PAUSE)
		return false;
	struct rd at = *r;
	size_t n = rd_u16(&at);
	if (!at.bad && n > ROLE_DNS_TCP_QUERY_MAX)
		c->broken = true;
	const uint8_t *bytes = rd_bytes(&at, n);
	if (!bytes || at.bad || c->broken)
		return false;
	*r = at;
	c->asked++;
	renew(c, now);
	enum dns_counter outcome =
	    dns_query(c->net->server, &c->client, bytes, n, now, &c->net->out);
	/* What isn't answered at all isn't DNS: there is no use in reading on. */
	if (outcome == DNS_N_DROP_SHORT || outcome == DNS_N_DROP_RESPONSE ||
	    outcome == DNS_N_DROP_SOURCE || outcome == DNS_N_DROP_LONG)
		c->broken = true;
	if (outcome == DNS_N_DROP_REPEATED)
		c->asked--;
	return true;
}

/* Serve what has come as far as it may be; returns whether anything was. */
static bool on_data(struct connection *c, usec_t now)
{
	struct rd r = rd_over(c->in, c->n_in);

	while (serve_one(c, &r, now))
		;
	size_t left = (size_t)(r.end - r.p);
	bool served = left < c->n_in;
	memmove(c->in, r.p, left);
	c->n_in = left;
	return served;
}

/* Serve, write, close if that was all, otherwise wait for what can come next. */
static void connection_settle(struct connection *c, usec_t now)
{
	bool served;

	do {
		served = on_data(c, now);
		write_out(c, now);
	} while (served && !c->broken);
	if (is_done(c)) {
		connection_free(c);
		return;
	}
	uint32_t events = (may_read(c) ? (uint32_t)EPOLLIN : 0) |
			  (c->out_from < c->out_to ? (uint32_t)EPOLLOUT : 0);
	if (events == c->events)
		return;
	c->events = events;
	if (worker_rewatch(c->net->role->w, c->fd, events) < 0)
		connection_free(c);
}

void role_dns_tcp_flush(struct dns_net *net, usec_t now)
{
	struct connection *c;

	list_foreach (c, &net->by_age, struct connection, link)
		if ((c->out_from < c->out_to || c->n_in || c->broken || c->ended))
			connection_settle(c, now);
}

static void read_in(struct connection *c)
{
	ssize_t n;

	do
		n = recv(c->fd, c->in + c->n_in, sizeof(c->in) - c->n_in, 0);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		c->ended = true;
	else if (n > 0)
		c->n_in += (size_t)n;
	else if (errno != EAGAIN)
		c->broken = true;
}

static void connection_ready(void *data, int fd, uint32_t events, usec_t now)
{
	struct connection *c = data;
	struct dns_net *net = c->net;

	worker_serving(net->role->w, net->id);
	/* Both directions are shut: we never shut ours alone, so the client has reset it. */
	if (events & (EPOLLERR | EPOLLHUP))
		c->broken = true;
	else if (events & EPOLLIN && may_read(c) && c->n_in < sizeof(c->in))
		read_in(c);
	connection_settle(c, now); /* c may be gone now */
	role_dns_settle(net, now);
	worker_serving(net->role->w, 0);
}

static unsigned count_of(const struct dns_net *net, const struct ip *address)
{
	const struct connection *c;
	unsigned n = 0;

	list_foreach (c, &net->by_age, struct connection, link)
		n += ip_equal(&c->client.address, address);
	return n;
}

static void connection_new(struct dns_socket_slot *slot, int fd,
			   const struct sockaddr_storage *peer, usec_t now)
{
	struct dns_net *net = slot->net;
	auto_close int keep = fd;
	struct connection *c = calloc(1, sizeof(*c));

	if (!c || role_dns_address(peer, &c->client.address, &c->client.port) < 0 ||
	    count_of(net, &c->client.address) >= ROLE_DNS_PER_CLIENT_MAX) {
		free(c);
		return;
	}
	if (net->connections.count >= ROLE_DNS_CONNECTIONS_MAX)
		connection_free(list_first(&net->by_age, struct connection, link));
	c->net = net;
	c->client.tcp = true;
	c->client.host = slot->kind == DNS_SOCKET_HOST_TCP;
	c->client.token = ++net->role->last_token;
	c->events = EPOLLIN;
	if (worker_watch(net->role->w, fd, EPOLLIN, connection_ready, c) < 0) {
		free(c);
		return;
	}
	c->fd = take_fd(&keep);
	if (table_add(&net->connections, &c->table, &c->client.token, sizeof(c->client.token)) <
	    0) {
		worker_unwatch(net->role->w, c->fd);
		close_fd(&c->fd);
		free(c);
		return;
	}
	list_init(&c->link);
	renew(c, now);
}

void role_dns_tcp_ready(void *data, int fd, uint32_t events, usec_t now)
{
	struct dns_socket_slot *slot = data;

	worker_serving(slot->net->role->w, slot->net->id);
	for (unsigned i = 0; i < ACCEPT_ONCE; i++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		int conn = accept4(fd, (struct sockaddr *)(void *)&peer, &len,
				   SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (conn < 0)
			break;
		connection_new(slot, conn, &peer, now);
	}
	role_dns_settle(slot->net, now);
	worker_serving(slot->net->role->w, 0);
}
