/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-connect.c — the procedures of the connection itself: authentication, open, features,
 * identity. */
#include "netd/door/door-internal.h"

#include <ctype.h>

/* The libvirt whose behaviour netd offers, as clients count it: 11.3.0. */
#define EMULATED_LIBVIRT UINT64_C(11003000)

#define OPEN_NO_ALIASES 2u /* a flag of the client library that travels along */

static void supports_feature(struct door_call *call, struct rd *args)
{
	static const enum rpc_feature yes[] = {
		RPC_FEATURE_FD_PASSING,     RPC_FEATURE_TYPED_PARAM_STRING,
		RPC_FEATURE_KEEPALIVE,      RPC_FEATURE_EVENT_FILTERING,
		RPC_FEATURE_CLOSE_CALLBACK, RPC_FEATURE_UPDATE_ORDER
	};
	int32_t feature = xdr_get_i32(args);
	bool has = false;

	if (!door_args_ok(call, args))
		return;
	if (feature == RPC_FEATURE_KEEPALIVE)
		call->conn->keepalive = true;
	else if (!call->conn->opened)
		return door_fail_in(call, RPC_DOMAIN_RPC, ERR_INTERNAL, "connection not open");
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		has = has || feature == (int32_t)yes[i];
	door_reply_i32(call, has);
}

static void open_connection(struct door_call *call, struct rd *args)
{
	struct xdr_str uri = xdr_get_optional(args, RPC_STRING_MAX);
	uint32_t flags = rd_u32(args);
	struct door_conn *c = call->conn;

	if (!door_args_ok(call, args))
		return;
	if (c->opened)
		return door_fail_in(call, RPC_DOMAIN_RPC, ERR_INTERNAL, "connection already open");
	if (uri.n && !xdr_str_equal(uri, RPC_URI))
		return door_failf(call, ERR_INTERNAL, "unexpected network URI '%.*s', try " RPC_URI,
				  (int)MIN_OF(uri.n, 200u), uri.p);
	if (!door_flags_ok(call, flags, RPC_OPEN_READONLY | OPEN_NO_ALIASES))
		return;
	c->opened = true;
	if (flags & RPC_OPEN_READONLY)
		c->peer.read_only = true;
	door_reply_void(call);
}

static void close_connection(struct door_call *call, struct rd *args)
{
	call->conn->closing = true;
	door_reply_void(call);
}

static void get_type(struct door_call *call, struct rd *args)
{
	door_reply_text(call, "network");
}

static void get_uri(struct door_call *call, struct rd *args)
{
	door_reply_text(call, RPC_URI);
}

static void get_hostname(struct door_call *call, struct rd *args)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) < 0)
		return door_fail_unsupported(call);
	door_reply_text(call, name);
}

static void is_secure(struct door_call *call, struct rd *args)
{
	door_reply_i32(call, 1);
}

static void get_lib_version(struct door_call *call, struct rd *args)
{
	struct wr w;

	if (!door_reply_begin(call, 8, &w))
		return;
	wr_u64(&w, EMULATED_LIBVIRT);
	door_reply_end(call, &w);
}

/* The end of the connection is all the notice a client gets. */
static void close_callback(struct door_call *call, struct rd *args)
{
	door_reply_void(call);
}

/* For logs only, so anything that isn't an ordinary user name is not shown. */
static void remember_user(struct door_conn *c, struct xdr_str s)
{
	size_t n = MIN_OF(s.n, sizeof(c->on_behalf) - 1);

	for (size_t i = 0; i < n; i++)
		c->on_behalf[i] =
		    isalnum((unsigned char)s.p[i]) || strchr("._-", s.p[i]) ? s.p[i] : '?';
	c->on_behalf[n] = '\0';
}

static const struct rpc_param *find_param(const struct rpc_param *params, size_t n,
					  const char *field, bool text)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(params[i].field, field) == 0 &&
		    (params[i].type == RPC_PARAM_STRING) == text)
			return &params[i];
	return NULL;
}

static uint64_t number_of(const struct rpc_param *params, size_t n, const char *field,
			  uint64_t otherwise)
{
	const struct rpc_param *p = find_param(params, n, field, false);

	return p ? p->number : otherwise;
}

/* A forwarding daemon names its own client. Believed from root only, and never to gain a right:
 * what that client may not do, root doesn't do for it. */
static void set_identity(struct door_call *call, struct rd *args)
{
	struct rpc_param params[RPC_IDENTITY_MAX];
	size_t n = rpc_get_params(args, params, ARRAY_LEN(params));
	uint32_t flags = rd_u32(args);
	struct door_conn *c = call->conn;

	if (!door_args_ok(call, args) || !door_flags_ok(call, flags, 0))
		return;
	const struct rpc_param *name = find_param(params, n, "user-name", true);
	uint64_t uid = number_of(params, n, "unix-user-id", 0);
	if (c->peer.uid == 0 && name)
		remember_user(c, name->text);
	if (c->peer.uid == 0) {
		c->is_forwarded = uid != 0;
		c->forwarded = (struct door_subject){
			.pid = (pid_t)number_of(params, n, "process-id", 0),
			.start_time = number_of(params, n, "process-time", 0),
			.uid = (uid_t)uid,
			.gid = (gid_t)number_of(params, n, "unix-group-id", UINT32_MAX),
		};
	}
	door_reply_void(call);
}

static const struct door_proc procs[] = {
	/* clang-format off */
	{ RPC_CONNECT_SUPPORTS_FEATURE, DOOR_BEFORE, "virDrvSupportsFeature", supports_feature },
	{ RPC_CONNECT_OPEN,             DOOR_BEFORE, "virConnectOpen", open_connection },
	{ RPC_CONNECT_CLOSE,            DOOR_BEFORE, "virConnectClose", close_connection },
	{ RPC_CONNECT_GET_TYPE,         0, "virConnectGetType", get_type },
	{ RPC_CONNECT_GET_URI,          0, "virConnectGetURI", get_uri },
	{ RPC_CONNECT_GET_HOSTNAME,     0, "virConnectGetHostname", get_hostname },
	{ RPC_CONNECT_IS_SECURE,        0, "virConnectIsSecure", is_secure },
	{ RPC_CONNECT_GET_LIB_VERSION,  0, "virConnectGetLibVersion", get_lib_version },
	{ RPC_CONNECT_REGISTER_CLOSE_CALLBACK, 0, "virConnectRegisterCloseCallback", close_callback },
	{ RPC_CONNECT_UNREGISTER_CLOSE_CALLBACK, 0, "virConnectUnregisterCloseCallback", close_callback },
	{ RPC_CONNECT_SET_IDENTITY,     0, "virConnectSetIdentity", set_identity },
	/* clang-format on */
};
const struct door_procs door_connect_procs = { procs, ARRAY_LEN(procs) };
