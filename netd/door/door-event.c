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

static void register_any(struct door_call *call, struct rd *args)
{
	struct door_conn *c = call->conn;
	int32_t event = xdr_get_i32(args);
	struct rpc_net net;
	bool filtered = rpc_get_optional_net(args, &net);

	if (!door_args_ok(call, args))
		return;
	if (event != RPC_EVENT_LIFECYCLE && event != RPC_EVENT_METADATA_CHANGE)
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

static void deregister_any(struct door_call *call, struct rd *args)
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
	int32_t procedure;
	const struct uuid *uuid;
	const struct wr *body;
};

static void emit_to(struct door_conn *c, int32_t callback, const struct event *ev)
{
	struct wr w;

	if (conn_queued(c) > DOOR_QUEUE_EVENTS_MAX)
		return conn_drop(c, "doesn't take its events");
	if (!door_message_begin(c, RPC_PROGRAM_REMOTE, ev->procedure, EVENT_SERIAL,
				4 + wr_len(ev->body), &w))
		return;
	xdr_put_i32(&w, callback);
	wr_bytes(&w, ev->body->start, wr_len(ev->body));
	door_message_end(c, &w);
}

static void emit(struct door *d, const struct event *ev)
{
	struct door_conn *c;

	list_foreach (c, &d->conns, struct door_conn, node) {
		for (size_t i = 0; i < c->n_callbacks && !c->dead && !c->closing; i++) {
			const struct door_callback *cb = &c->callbacks[i];
			if (cb->event == ev->id &&
			    (!cb->filtered || uuid_equal(&cb->uuid, ev->uuid)))
				emit_to(c, cb->id, ev);
		}
	}
}

#define BODY_MAX 1024 /* a network and two numbers, or a network, a number and a namespace */

void door_emit_lifecycle(struct door *d, const char *name, const struct uuid *uuid,
			 enum rpc_lifecycle event)
{
	uint8_t b[BODY_MAX];
	struct wr w = wr_over(b, sizeof(b));
	struct event ev = { RPC_EVENT_LIFECYCLE, RPC_NETWORK_EVENT_LIFECYCLE, uuid, &w };

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
	struct event ev = { RPC_EVENT_METADATA_CHANGE, RPC_NETWORK_EVENT_METADATA_CHANGE, uuid,
			    &w };

	rpc_put_net(&w, name, uuid);
	xdr_put_i32(&w, (int32_t)type);
	xdr_put_optional(&w, uri);
	if (!w.bad)
		emit(d, &ev);
}

static const struct door_proc procs[] = {
	/* clang-format off */
	{ RPC_CONNECT_NETWORK_EVENT_REGISTER_ANY,   0, "virConnectNetworkEventRegisterAny", register_any },
	{ RPC_CONNECT_NETWORK_EVENT_DEREGISTER_ANY, 0, "virConnectNetworkEventDeregisterAny", deregister_any },
	/* clang-format on */
};
const struct door_procs door_event_procs = { procs, ARRAY_LEN(procs) };
