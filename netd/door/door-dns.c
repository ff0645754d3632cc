/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-dns.c — the part of netd's own program that is about a network's name service. */
#include "netd/door/door-internal.h"

#define NAME_MAX_OCTETS 1024 /* with escapes */
#define TYPE_MAX_OCTETS 32

static void lookup(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	char name[NAME_MAX_OCTETS], type[TYPE_MAX_OCTETS];
	struct rpc_net net;

	rpc_get_net(args, &net);
	xdr_get_text(args, name, sizeof(name));
	xdr_get_text(args, type, sizeof(type));
	if (!door_args_ok(call, args))
		return;
	if (!b->dns_lookup)
		return door_fail_unsupported(call);
	b->dns_lookup(b->data, call, &net, name, type);
}

static void cache(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	uint64_t after = rd_u64(args);
	if (!door_args_ok(call, args))
		return;
	if (!b->dns_cache)
		return door_fail_unsupported(call);
	b->dns_cache(b->data, call, &net, after);
}

static void flush(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	if (!door_args_ok(call, args))
		return;
	if (!b->dns_flush)
		return door_fail_unsupported(call);
	b->dns_flush(b->data, call, &net);
}

static void stats(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	if (!door_args_ok(call, args))
		return;
	if (!b->dns_stats)
		return door_fail_unsupported(call);
	b->dns_stats(b->data, call, &net);
}

static void follow(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	uint64_t after = rd_u64(args);
	if (!door_args_ok(call, args))
		return;
	if (!b->dns_log)
		return door_fail_unsupported(call);
	b->dns_log(b->data, call, &net, after);
}

/* Who asks for which names is for those who rule the network, not for every reader. */
static const struct door_proc procs[] = {
	/* clang-format off */
	{ RPC_NETD_DNS_LOOKUP, 0, "netdDnsLookup", lookup },
	{ RPC_NETD_DNS_CACHE,  DOOR_WRITE, "netdDnsCache", cache },
	{ RPC_NETD_DNS_FLUSH,  DOOR_WRITE, "netdDnsFlush", flush },
	{ RPC_NETD_DNS_STATS,  0, "netdDnsStats", stats },
	{ RPC_NETD_DNS_LOG,    DOOR_WRITE, "netdDnsLog", follow },
	/* clang-format on */
};
const struct door_procs door_dns_procs = { procs, ARRAY_LEN(procs) };
