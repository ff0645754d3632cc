/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-netd.c — netd's own program: what libvirt has no procedure for. */
#include "netd/door/door-internal.h"

#include <limits.h>

static void status(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);

	if (!b->status)
		return door_fail_unsupported(call);
	b->status(b->data, call);
}

static void check(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	uint32_t flags = rd_u32(args);

	if (!door_args_ok(call, args))
		return;
	if (!b->check)
		return door_fail_unsupported(call);
	b->check(b->data, call, flags);
}

static void plan(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	uint32_t what = rd_u32(args);
	if (!door_args_ok(call, args))
		return;
	if (!b->plan)
		return door_fail_unsupported(call);
	b->plan(b->data, call, &net, what);
}

static void rules(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	if (!door_args_ok(call, args))
		return;
	if (!b->rules)
		return door_fail_unsupported(call);
	b->rules(b->data, call, &net);
}

static void own_rules(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	if (!door_args_ok(call, args))
		return;
	if (!b->own_rules)
		return door_fail_unsupported(call);
	b->own_rules(b->data, call, &net);
}

static void own_rules_set(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	struct xdr_str text_s = xdr_get_string(args, RPC_STRING_MAX);
	if (!door_args_ok(call, args))
		return;
	if (!b->own_rules_set)
		return door_fail_unsupported(call);
	if (memchr(text_s.p, '\0', text_s.n))
		return door_failf(call, ERR_INVALID_ARG, "the rules hold a NUL character");
	auto_free char *text = xdr_str_dup(text_s);
	if (!text)
		return door_failf(call, ERR_NO_MEMORY, "for own rules");
	b->own_rules_set(b->data, call, &net, text);
}

/* ---- earlier definitions ---- */

/* The name of a network in buf; otherwise the call has been failed. */
static bool take_name(struct door_call *call, struct xdr_str s, char buf[static RPC_NAME_MAX + 1])
{
	if (!s.n || s.n > RPC_NAME_MAX) {
		door_failf(call, ERR_NO_NETWORK, "no network with matching name '%.*s'",
			   (int)MIN_OF(s.n, 40u), s.p ? s.p : "");
		return false;
	}
	memcpy(buf, s.p, s.n);
	buf[s.n] = '\0';
	return true;
}

static void history(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct xdr_str name_s = xdr_get_string(args, RPC_STRING_MAX);
	char name[RPC_NAME_MAX + 1];

	if (!door_args_ok(call, args) || !take_name(call, name_s, name))
		return;
	if (!b->history)
		return door_fail_unsupported(call);
	b->history(b->data, call, name);
}

static void history_get(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct xdr_str name_s = xdr_get_string(args, RPC_STRING_MAX);
	uint32_t number = rd_u32(args);
	char name[RPC_NAME_MAX + 1];

	if (!door_args_ok(call, args) || !take_name(call, name_s, name))
		return;
	if (!b->history_get)
		return door_fail_unsupported(call);
	b->history_get(b->data, call, name, number);
}

/* ---- whole definitions ---- */

/* A new copy; the call has been failed when it returns false. An absent text is NULL. */
static bool take_source(struct door_call *call, struct xdr_str s, char **ret)
{
	*ret = NULL;
	if (s.n >= PATH_MAX)
		door_failf(call, ERR_INVALID_ARG, "the name of a source has at most %d octets",
			   PATH_MAX - 1);
	else if (s.p && !(*ret = xdr_str_dup(s)))
		door_failf(call, ERR_NO_MEMORY, "for the name of a source");
	else
		return true;
	return false;
}

static void apply(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct xdr_str xml_s = xdr_get_string(args, RPC_STRING_MAX);
	struct xdr_str source_s = xdr_get_optional(args, RPC_STRING_MAX);
	uint32_t flags = rd_u32(args);
	auto_free char *xml = NULL, *source = NULL;

	if (!door_args_ok(call, args) || !door_flags_ok(call, flags, RPC_APPLY_ALL_FLAGS) ||
	    !take_source(call, source_s, &source))
		return;
	if (!b->apply)
		return door_fail_unsupported(call);
	xml = door_take_xml(call, xml_s);
	if (xml)
		b->apply(b->data, call, xml, xml_s.n, source, flags);
}

static void applied(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct xdr_str source_s = xdr_get_string(args, RPC_STRING_MAX);
	auto_free char *source = NULL;

	if (!door_args_ok(call, args) || !take_source(call, source_s, &source))
		return;
	if (!b->applied)
		return door_fail_unsupported(call);
	b->applied(b->data, call, source ? source : "");
}

/* ---- everything that net-list shows ---- */

struct listing {
	uint32_t flags;
	uint32_t n;
	size_t room;
	struct wr *w; /* NULL: count only */
};

static bool list_one(void *ctx, const struct door_network *n)
{
	struct listing *l = ctx;

	if (!rpc_list_matches(l->flags, n->active, n->persistent, n->autostart))
		return true;
	if (l->n == RPC_NETWORKS_MAX)
		return false;
	l->n++;
	if (!l->w) {
		l->room += sizeof(struct rpc_row) + 32;
		return true;
	}
	struct rpc_row row = { .net.uuid = n->uuid,
			       .active = n->active,
			       .persistent = n->persistent,
			       .autostart = n->autostart };
	copy_text(row.net.name, sizeof(row.net.name), n->name);
	copy_text(row.bridge, sizeof(row.bridge), n->bridge ? n->bridge : "");
	copy_text(row.title, sizeof(row.title), n->title ? n->title : "");
	rpc_put_row(l->w, &row);
	return true;
}

static void list(struct door_call *call, struct rd *args)
{
	struct listing count = { .flags = rd_u32(args) };
	struct wr w;

	if (!door_args_ok(call, args) || !door_flags_ok(call, count.flags, RPC_LIST_ALL_FLAGS))
		return;
	door_each(call, list_one, &count);
	if (!door_reply_begin(call, 4 + count.room, &w))
		return;
	struct listing write = { .flags = count.flags, .w = &w };
	wr_u32(&w, count.n);
	door_each(call, list_one, &write);
	door_reply_end(call, &w);
}

static const struct door_proc procs[] = {
	/* clang-format off */
	{ RPC_NETD_STATUS,        0, "netdStatus", status },
	{ RPC_NETD_LIST,          0, "netdList", list },
	{ RPC_NETD_CHECK,         0, "netdCheck", check },
	{ RPC_NETD_NETWORK_PLAN,  0, "netdNetworkPlan", plan },
	{ RPC_NETD_NETWORK_RULES, 0, "netdNetworkRules", rules },
	{ RPC_NETD_OWN_RULES,     0, "netdOwnRules", own_rules },
	{ RPC_NETD_OWN_RULES_SET, DOOR_WRITE, "netdOwnRulesSet", own_rules_set },
	{ RPC_NETD_HISTORY,       0, "netdHistory", history },
	{ RPC_NETD_HISTORY_GET,   0, "netdHistoryGet", history_get },
	{ RPC_NETD_APPLY,         DOOR_WRITE, "netdApply", apply },
	{ RPC_NETD_APPLIED,       0, "netdApplied", applied },
	{ RPC_NETD_EVENT_REGISTER,   0, "netdEventRegister", door_event_register },
	{ RPC_NETD_EVENT_DEREGISTER, 0, "netdEventDeregister", door_event_deregister },
	/* clang-format on */
};
const struct door_procs door_netd_procs = { procs, ARRAY_LEN(procs) };
