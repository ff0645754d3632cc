/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-event.c — registrations for events, and the events themselves: one message for each
 * registration that matches. A client that lets more than DOOR_QUEUE_EVENTS_MAX octets wait is
 * dropped, not waited for. */
#include "netd/door/door-internal.h"

#define EVENT_SERIAL 1 /* libvirtd's; nobody looks at it */

static const struct door_callback *find_callback(const struct door_conn *c,
						 const struct door_callback *like)
{
	for (size_t i = 0; i < c->n_callbacks; i++) {
		const struct door_callback *cb = &c->callbacks[i];
		if (cb->event == like->event && cb->filtered == like->filtered &&
		    (!cb->filtered || uuid_equal(&cb->uuid, &like->uuid)))
			return cb;
	}
	return NULL;
}

/* Each program has its own events. */
static bool is_event_of(uint32_t program, int32_t event)
{
	return program == RPC_PROGRAM_NETD
		   ? event == RPC_EVENT_CONDITION || event == RPC_EVENT_LEASE
		   : event == RPC_EVENT_LIFECYCLE || event == RPC_EVENT_METADATA_CHANGE;
}

void door_event_register(struct door_call *call, struct rd *args)
{
	struct door_conn *c = call->conn;
	int32_t event = xdr_get_i32(args);
	struct rpc_net net;
	bool filtered = rpc_get_optional_net(args, &net);

	if (!door_args_ok(call, args))
		return;
	if (!is_event_of(call->h.program, event))
		return door_fail_in(call, RPC_DOMAIN_RPC, ERR_INTERNAL,
				    "unsupported network event ID %d", event);
	struct door_callback cb = { .event = (enum rpc_event_id)event, .filtered = filtered };
	if (filtered)
		cb.uuid = net.uuid;
	if (find_callback(c, &cb))
		return door_failf(call, ERR_INVALID_ARG, "event callback already tracked");
	if (c->n_callbacks == DOOR_CALLBACKS_MAX)
		return door_failf(call, ERR_OPERATION_INVALID,
				  "at most %d event registrations for a client",
				  DOOR_CALLBACKS_MAX);
	if (GROW(c->callbacks, c->cap_callbacks, c->n_callbacks + 1) < 0)
		return door_failf(call, ERR_NO_MEMORY, "for an event registration");
	cb.id = c->door->next_callback;
	c->door->next_callback = cb.id == INT32_MAX ? 0 : cb.id + 1;
	c->callbacks[c->n_callbacks++] = cb;
	door_reply_i32(call, cb.id);
}

void door_event_deregister(struct door_call *call, struct rd *args)
{
	struct door_conn *c = call->conn;
	int32_t id = xdr_get_i32(args);

	if (!door_args_ok(call, args))
		return;
	for (size_t i = 0; i < c->n_callbacks; i++) {
		if (c->callbacks[i].id != id)
			continue;
		c->callbacks[i] = c->callbacks[--c->n_callbacks];
		return door_reply_void(call);
	}
	door_fail_in(call, RPC_DOMAIN_RPC, ERR_INTERNAL, "network event callback %d not registered",
		     id);
}

/* An event in the making: what follows the callback's number is the same for every client. */
struct event {
	enum rpc_event_id id;
	uint32_t program;
	int32_t procedure;
	const struct uuid *uuid;
	const struct wr *body;
};

static void emit_to(struct door_conn *c, int32_t callback, const struct event *ev)
{
	struct wr w;

	if (conn_queued(c) > DOOR_QUEUE_EVENTS_MAX)
		return conn_drop(c, "doesn't take its events");
	if (!door_message_begin(c, ev->program, ev->procedure, EVENT_SERIAL, 4 + wr_len(ev->body),
				&w))
		return;
	xdr_put_i32(&w, callback);
	wr_bytes(&w, ev->body->start, wr_len(ev->body));
	door_message_end(c, &w);
}

static void emit(struct door *d, const struct event *ev)
{
	struct rd body = rd_over(ev->body->start, wr_len(ev->body));
	struct door_conn *c;
	struct rpc_net net;

	rpc_get_net(&body, &net);
	list_foreach (c, &d->conns, struct door_conn, node) {
		if (c->n_callbacks && !door_sees(c, net.name))
			continue;
		for (size_t i = 0; i < c->n_callbacks && !c->dead && !c->closing; i++) {
			const struct door_callback *cb = &c->callbacks[i];
			if (cb->event == ev->id &&
			    (!cb->filtered || uuid_equal(&cb->uuid, ev->uuid)))
				emit_to(c, cb->id, ev);
		}
	}
}

#define CONDITION_BODY_MAX 2048
#define BODY_MAX           1024 /* a network and two numbers, or a network, a number and a namespace */

void door_emit_lifecycle(struct door *d, const char *name, const struct uuid *uuid,
			 enum rpc_lifecycle event)
{
	uint8_t b[BODY_MAX];
	struct wr w = wr_over(b, sizeof(b));
	struct event ev = { RPC_EVENT_LIFECYCLE, RPC_PROGRAM_REMOTE, RPC_NETWORK_EVENT_LIFECYCLE,
			    uuid, &w };

	rpc_put_net(&w, name, uuid);
	xdr_put_i32(&w, (int32_t)event);
	xdr_put_i32(&w, 0); /* detail: there is none for networks */
	if (!w.bad)
		emit(d, &ev);
}

void door_emit_metadata_change(struct door *d, const char *name, const struct uuid *uuid,
			       enum rpc_metadata_type type, const char *uri)
{
	uint8_t b[BODY_MAX];
	struct wr w = wr_over(b, sizeof(b));
	struct event ev = { RPC_EVENT_METADATA_CHANGE, RPC_PROGRAM_REMOTE,
			    RPC_NETWORK_EVENT_METADATA_CHANGE, uuid, &w };

	rpc_put_net(&w, name, uuid);
	xdr_put_i32(&w, (int32_t)type);
	xdr_put_optional(&w, uri);
	if (!w.bad)
		emit(d, &ev);
}

void door_emit_condition(struct door *d, const struct door_condition *k)
{
	uint8_t b[CONDITION_BODY_MAX];
	struct wr w = wr_over(b, sizeof(b));
	struct event ev = { RPC_EVENT_CONDITION, RPC_PROGRAM_NETD, RPC_NETD_EVENT_CONDITION,
			    &k->uuid, &w };

	rpc_put_net(&w, k->network, &k->uuid);
	xdr_put_i32(&w, k->raised ? RPC_CONDITION_RAISED : RPC_CONDITION_CLEARED);
	xdr_put_string(&w, k->kind);
	xdr_put_string(&w, k->object);
	xdr_put_i64(&w, k->since_sec);
	xdr_put_string(&w, k->text);
	xdr_put_string(&w, k->to_do);
	if (!w.bad)
		emit(d, &ev);
}

void door_emit_lease(struct door *d, const char *name, const struct uuid *uuid,
		     const struct rpc_lease_event *lease)
{
	uint8_t b[BODY_MAX];
	struct wr w = wr_over(b, sizeof(b));
	struct event ev = { RPC_EVENT_LEASE, RPC_PROGRAM_NETD, RPC_NETD_EVENT_LEASE, uuid, &w };

	rpc_put_net(&w, name, uuid);
	xdr_put_i32(&w, (int32_t)lease->change);
	xdr_put_string(&w, lease->ip);
	xdr_put_string(&w, lease->mac);
	xdr_put_string(&w, lease->hostname);
	xdr_put_i64(&w, lease->expiry_sec);
	if (!w.bad)
		emit(d, &ev);
}

static const struct door_proc procs[] = {
	/* clang-format off */
	{ RPC_CONNECT_NETWORK_EVENT_REGISTER_ANY,   0, "virConnectNetworkEventRegisterAny", door_event_register },
	{ RPC_CONNECT_NETWORK_EVENT_DEREGISTER_ANY, 0, "virConnectNetworkEventDeregisterAny", door_event_deregister },
	/* clang-format on */
};
const struct door_procs door_event_procs = { procs, ARRAY_LEN(procs) };
