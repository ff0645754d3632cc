/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dns-internal.h — what the files of the dns role share.
 *
 * role-dns.c: networks and messages; -udp.c: datagrams of clients; -tcp.c: connections of clients;
 * -upstream.c: sockets towards resolvers; -ask.c and -log.c: what an administrator wants to know.
 * The engine's actions come back through role_dns_act(), which must not call the engine: a failure
 * to send upstream is put on a list and told to the engine after it has returned
 * (role_dns_settle()). */
#ifndef NETD_ROLE_DNS_INTERNAL_H
#define NETD_ROLE_DNS_INTERNAL_H

#include "base/list.h"
#include "base/table.h"
#include "dns/dns.h"
#include "netd/messages/messages-dns-ask.h"
#include "netd/messages/messages-dns.h"
#include "netd/worker/worker.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#define ROLE_DNS_CONNECTIONS_MAX 64 /* per network */
#define ROLE_DNS_PER_CLIENT_MAX  8
#define ROLE_DNS_PIPELINE_MAX    100 /* queries of a connection that wait for an answer */
#define ROLE_DNS_IDLE_SEC        10
#define ROLE_DNS_TCP_QUERY_MAX   4096 /* octets; no honest query is half as long */

struct dns_role;
struct dns_net;

struct dns_socket_slot {
	struct dns_net *net;
	enum dns_socket kind;
	int fd; /* -1: none */
};

struct dns_net {
	struct table_node table;
	struct list link;
	struct dns_role *role;
	uint32_t id;
	struct dns_server *server;
	struct dns_config *config; /* as the controller has said it */
	struct dns_out out;
	struct dns_socket_slot socket[DNS_SOCKET_COUNT];
	struct table connections; /* by token */
	struct list by_age;       /* connections, the longest idle first */
	struct table exchanges;   /* upstream sockets, by exchange */
	struct list failed;       /* of them, those that the engine must be told about */
	uint64_t told[DNS_COUNTER_COUNT];
	struct dns_log *log; /* NULL: nobody listens */
	uint64_t logged;     /* the number of the query that was logged last; begins with 1 */
};

struct dns_udp; /* receive and send batches */

struct dns_role {
	struct worker *w;
	struct table by_id;
	struct list nets;
	struct message_dns_upstreams upstreams;
	struct dns_udp *udp;
	uint64_t last_token;
	usec_t deadline;    /* what the frame was told */
	usec_t counters_at; /* USEC_INFINITY: nothing has moved */
	uint8_t packet[DNS_TCP_MAX + 1];
};

/* role-dns.c */
/* After every use of the engine: failures are told, replies leave, the deadline is set. */
void role_dns_settle(struct dns_net *net, usec_t now);
int role_dns_address(const struct sockaddr_storage *from, struct ip *ret_ip, uint16_t *ret_port)
    mustcheck;
socklen_t role_dns_sockaddr(const struct ip *ip, uint16_t port, struct sockaddr_storage *ret);

/* role-dns-udp.c */
struct dns_udp *role_dns_udp_new(void);
worker_ready_fn role_dns_udp_ready; /* data: struct dns_socket_slot */
int role_dns_udp_prepare(int fd) mustcheck;
void role_dns_udp_reply(struct dns_net *net, const struct dns_action *a);
void role_dns_udp_flush(struct dns_role *role);

/* role-dns-tcp.c */
worker_ready_fn role_dns_tcp_ready; /* a listener; data: struct dns_socket_slot */
void role_dns_tcp_reply(struct dns_net *net, const struct dns_action *a);
void role_dns_tcp_flush(struct dns_net *net, usec_t now); /* writes, closes what is to be closed */
void role_dns_tcp_close_all(struct dns_net *net);
usec_t role_dns_tcp_deadline(const struct dns_net *net);
void role_dns_tcp_tick(struct dns_net *net, usec_t now);

/* role-dns-upstream.c */
void role_dns_upstream_send(struct dns_net *net, const struct dns_action *a);
void role_dns_upstream_end(struct dns_net *net, uint32_t exchange);
/* The next exchange that could not be sent; false: none. It is closed. */
bool role_dns_upstream_failed(struct dns_net *net, uint32_t *ret_exchange);
void role_dns_upstream_close_all(struct dns_net *net);

/* role-dns-ask.c */
#define ROLE_DNS_ASK_TOKEN (1ull << 63) /* in a client's token: a lookup, the rest is its own */
/* Answer, now or later. */
void role_dns_ask(struct dns_role *role, struct dns_net *net, const struct message_dns_ask *ask,
		  usec_t now);
void role_dns_ask_reply(struct dns_net *net, const struct dns_action *a);
/* An answer in the making: rows are put into *w, then it is sent. */
struct role_dns_told {
	uint8_t body[DNS_TOLD_MAX];
	struct wr w;
};
void role_dns_told_begin(struct role_dns_told *t, const struct dns_net *net, uint64_t token,
			 enum dns_ask_what what);
void role_dns_told_send(struct role_dns_told *t, struct dns_net *net);

/* role-dns-log.c: the last queries, kept while somebody listens */
void role_dns_log_ask(struct dns_net *net, const struct message_dns_ask *ask, usec_t now);
void role_dns_log_add(struct dns_net *net, const struct dns_action *a);
usec_t role_dns_log_deadline(const struct dns_net *net);
void role_dns_log_tick(struct dns_net *net, usec_t now);
void role_dns_log_free(struct dns_net *net);

#endif
