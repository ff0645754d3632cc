/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-reply.c — answers and errors, from the backend's words to bytes in a client's queue. */
#include "netd/door/door-internal.h"

#include <stdarg.h>
#include <stdio.h>

#define ERROR_ROOM 4096u /* an error object: its message, its format and its detail */

void door_call_free(struct door_call *call)
{
	if (call->conn) {
		list_remove(&call->node);
		call->conn->n_calls--;
		conn_pump(call->conn);
	}
	close_fd(&call->fd);
	free(call->args);
	free(call->visible);
	free(call);
}

/* ---- messages into the queue ---- */

static bool begin(struct door_conn *c, const struct rpc_header *h, size_t room, struct wr *w)
{
	uint8_t *at = conn_reserve(c, RPC_HEADER_SIZE + room);

	if (!at)
		return false;
	*w = wr_over(at, RPC_HEADER_SIZE + room);
	(void)frame_begin(w, h, 0);
	return true;
}

static void end(struct door_conn *c, struct wr *w)
{
	if (w->bad)
		return conn_drop(c, "gets an answer larger than thought");
	frame_end(w, 0);
	if (!conn_queued(c))
		c->progress_at = clock_boottime();
	c->out_n += wr_len(w);
	conn_pump(c);
}

static struct rpc_header reply_to(const struct rpc_header *call, enum rpc_status status)
{
	struct rpc_header h = *call;

	h.type = RPC_REPLY;
	h.status = status;
	return h;
}

bool door_reply_begin(struct door_call *call, size_t room, struct wr *w)
{
	struct rpc_header h = reply_to(&call->h, RPC_OK);

	if (room > RPC_REPLY_MAX) {
		door_failf(call, ERR_RPC, "the answer of %zu octets is too large to be sent", room);
		return false;
	}
	if (call->conn && begin(call->conn, &h, room, w))
		return true;
	door_call_free(call);
	return false;
}

void door_reply_end(struct door_call *call, struct wr *w)
{
	end(call->conn, w);
	door_call_free(call);
}

bool door_message_begin(struct door_conn *c, uint32_t program, int32_t procedure, uint32_t serial,
			size_t room, struct wr *w)
{
	struct rpc_header h = { .program = program,
				.version = RPC_VERSION,
				.procedure = procedure,
				.type = RPC_MESSAGE,
				.serial = serial };

	return begin(c, &h, room, w);
}

void door_message_end(struct door_conn *c, struct wr *w)
{
	end(c, w);
}

/* ---- errors ---- */

static void send_error(struct door_conn *c, const struct rpc_header *to, const struct err *e,
		       enum rpc_domain domain)
{
	struct rpc_header h = reply_to(to, RPC_ERROR);
	struct wr w;

	if (!begin(c, &h, ERROR_ROOM, &w))
		return;
	rpc_put_error(&w, e, domain);
	end(c, &w);
}

void door_refuse(struct door_conn *c, const struct rpc_header *h, const char *fmt, ...)
{
	struct err e = { .class = ERR_RPC };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.msg, sizeof(e.msg), fmt, ap);
	va_end(ap);
	send_error(c, h, &e, RPC_DOMAIN_RPC);
}

static void fail(struct door_call *call, const struct err *e, enum rpc_domain domain)
{
	if (call->conn)
		send_error(call->conn, &call->h, e, domain);
	door_call_free(call);
}

void door_fail(struct door_call *call, const struct err *e)
{
	fail(call, e, 0);
}

void door_failf(struct door_call *call, enum err_class class, const char *fmt, ...)
{
	struct err e = { .class = class };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.msg, sizeof(e.msg), fmt, ap);
	va_end(ap);
	fail(call, &e, 0);
}

void door_fail_in(struct door_call *call, enum rpc_domain domain, enum err_class class,
		  const char *fmt, ...)
{
	struct err e = { .class = class };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.msg, sizeof(e.msg), fmt, ap);
	va_end(ap);
	fail(call, &e, domain);
}

void door_fail_no_network(struct door_call *call, const struct rpc_net *net)
{
	char uuid[UUID_TEXT_MAX];

	door_failf(call, ERR_NO_NETWORK, "no network with matching uuid '%s' (%s)",
		   uuid_format(&net->uuid, uuid), net->name);
}

/* ---- answers ---- */

/* Octets of a text on the wire, at most, with the flag of an optional one. */
static size_t text_room(const char *text)
{
	return 12 + (text ? strlen(text) : 0);
}

void door_reply_void(struct door_call *call)
{
	struct wr w;

	if (door_reply_begin(call, 0, &w))
		door_reply_end(call, &w);
}

void door_reply_i32(struct door_call *call, int32_t v)
{
	struct wr w;

	if (!door_reply_begin(call, 4, &w))
		return;
	xdr_put_i32(&w, v);
	door_reply_end(call, &w);
}

void door_reply_text(struct door_call *call, const char *text)
{
	struct wr w;

	if (!door_reply_begin(call, text_room(text), &w))
		return;
	xdr_put_string(&w, text);
	door_reply_end(call, &w);
}

void door_reply_net(struct door_call *call, const char *name, const struct uuid *uuid)
{
	struct wr w;

	if (!door_reply_begin(call, text_room(name) + sizeof(*uuid), &w))
		return;
	rpc_put_net(&w, name, uuid);
	door_reply_end(call, &w);
}

static size_t lease_room(const struct rpc_lease *l)
{
	return 16 + text_room(l->interface) + text_room(l->mac) + text_room(l->iaid) +
	       text_room(l->ip) + text_room(l->hostname) + text_room(l->client_id);
}

void door_reply_leases(struct door_call *call, const struct rpc_lease *leases, size_t n)
{
	size_t listed = call->count_only ? 0 : n;
	size_t room = 8;
	struct wr w;

	if (n > RPC_LEASES_MAX)
		return door_failf(call, ERR_INTERNAL,
				  "%zu leases are more than the protocol allows (%u)", n,
				  RPC_LEASES_MAX);
	for (size_t i = 0; i < listed; i++)
		room += lease_room(&leases[i]);
	if (!door_reply_begin(call, room, &w))
		return;
	wr_u32(&w, (uint32_t)listed);
	for (size_t i = 0; i < listed; i++)
		rpc_put_lease(&w, &leases[i]);
	wr_u32(&w, (uint32_t)n);
	door_reply_end(call, &w);
}

static size_t port_room(const struct rpc_net *net)
{
	return text_room(net->name) + 2 * sizeof(struct uuid);
}

void door_reply_port(struct door_call *call, const struct rpc_port *port)
{
	struct wr w;

	if (!door_reply_begin(call, port_room(&port->net), &w))
		return;
	rpc_put_port(&w, port);
	door_reply_end(call, &w);
}

void door_reply_ports(struct door_call *call, const struct rpc_net *net, const struct uuid *uuids,
		      size_t n)
{
	size_t listed = call->count_only ? 0 : n;
	struct wr w;

	if (n > RPC_PORTS_MAX)
		return door_failf(call, ERR_INTERNAL,
				  "%zu ports are more than the protocol allows (%u)", n,
				  RPC_PORTS_MAX);
	if (!door_reply_begin(call, 8 + listed * port_room(net), &w))
		return;
	wr_u32(&w, (uint32_t)listed);
	for (size_t i = 0; i < listed; i++) {
		rpc_put_net(&w, net->name, &net->uuid);
		xdr_put_uuid(&w, &uuids[i]);
	}
	wr_u32(&w, (uint32_t)n);
	door_reply_end(call, &w);
}

void door_reply_params(struct door_call *call, const struct rpc_param *params, size_t n)
{
	size_t listed = call->count_only ? 0 : n;
	size_t room = 8;
	struct wr w;

	if (n > RPC_PORT_PARAMS_MAX)
		return door_failf(call, ERR_INTERNAL,
				  "%zu parameters are more than the protocol allows (%u)", n,
				  RPC_PORT_PARAMS_MAX);
	for (size_t i = 0; i < listed; i++)
		room += text_room(params[i].field) + 16 + params[i].text.n;
	if (!door_reply_begin(call, room, &w))
		return;
	wr_u32(&w, (uint32_t)listed);
	for (size_t i = 0; i < listed; i++)
		rpc_put_param(&w, &params[i]);
	wr_u32(&w, (uint32_t)n);
	door_reply_end(call, &w);
}

void door_reply_attached(struct door_call *call, const char *host_interface, const struct mac *mac,
			 const char *bridge)
{
	char text[MAC_TEXT_MAX];
	struct wr w;

	if (!door_reply_begin(
		call, text_room(host_interface) + text_room(bridge) + 12 + sizeof(text), &w))
		return;
	xdr_put_string(&w, host_interface);
	xdr_put_string(&w, mac_format(mac, text));
	xdr_put_string(&w, bridge);
	door_reply_end(call, &w);
}
