/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-lease.c — the part of netd's own program that is about leases. */
#include "netd/door/door-internal.h"

/* The address in *ret; otherwise the call has been failed. */
static bool take_address(struct door_call *call, struct xdr_str s, struct ip *ret)
{
	char text[IP_TEXT_MAX] = "";

	if (s.n < sizeof(text) && s.p)
		memcpy(text, s.p, s.n);
	if (ip_parse(text, ret) == 0)
		return true;
	door_failf(call, ERR_INVALID_ARG, "'%.*s' is not an IP address", (int)MIN_OF(s.n, 40u),
		   s.p ? s.p : "");
	return false;
}

static void lease_list(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	if (!door_args_ok(call, args))
		return;
	if (!b->lease_list)
		return door_fail_unsupported(call);
	b->lease_list(b->data, call, &net);
}

static void lease_release(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;
	struct ip ip;

	rpc_get_net(args, &net);
	struct xdr_str address = xdr_get_string(args, RPC_STRING_MAX);
	if (!door_args_ok(call, args) || !take_address(call, address, &ip))
		return;
	if (!b->lease_release)
		return door_fail_unsupported(call);
	b->lease_release(b->data, call, &net, &ip);
}

static void lease_pin(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;
	struct ip ip;

	rpc_get_net(args, &net);
	struct xdr_str address = xdr_get_string(args, RPC_STRING_MAX);
	if (!door_args_ok(call, args) || !take_address(call, address, &ip))
		return;
	if (!b->lease_pin)
		return door_fail_unsupported(call);
	b->lease_pin(b->data, call, &net, &ip);
}

static void lease_history(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;
	struct mac mac;
	struct ip ip;

	rpc_get_net(args, &net);
	struct xdr_str address = xdr_get_optional(args, RPC_STRING_MAX);
	struct xdr_str mac_text = xdr_get_optional(args, RPC_STRING_MAX);
	uint32_t max = rd_u32(args);
	if (!door_args_ok(call, args) || (address.p && !take_address(call, address, &ip)))
		return;
	if (mac_text.p && !door_get_mac(mac_text, &mac))
		return door_failf(call, ERR_INVALID_MAC, "%.*s", (int)MIN_OF(mac_text.n, 40u),
				  mac_text.p);
	if (!b->lease_history)
		return door_fail_unsupported(call);
	b->lease_history(b->data, call, &net, address.p ? &ip : NULL, mac_text.p ? &mac : NULL,
			 MIN_OF(max, RPC_LEASES_MAX));
}

static const struct door_proc procs[] = {
	/* clang-format off */
	{ RPC_NETD_LEASE_LIST,     0, "netdLeaseList", lease_list },
	{ RPC_NETD_LEASE_RELEASE,  DOOR_WRITE, "netdLeaseRelease", lease_release },
	{ RPC_NETD_LEASE_PIN,      DOOR_WRITE, "netdLeasePin", lease_pin },
	{ RPC_NETD_LEASE_HISTORY,  0, "netdLeaseHistory", lease_history },
	/* clang-format on */
};
const struct door_procs door_lease_procs = { procs, ARRAY_LEN(procs) };
