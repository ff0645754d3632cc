/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client-dns.c — the procedures about a network's name service. */
#include "rpc/client.h"

#include <errno.h>

#define ARGS_MAX 4096 /* a network, a name, a type, a number */

static int call(struct rpc_client *c, int32_t procedure, const struct wr *args, char **ret,
		struct err *e)
{
	struct rd reply;

	if (args->bad)
		return err_set(e, ERR_INVALID_ARG, "the name is too long");
	int r = client_call(c, RPC_PROGRAM_NETD, procedure, args, NULL, 0, &reply, e);
	if (r < 0)
		return r;
	struct xdr_str s = xdr_get_string(&reply, RPC_REPLY_MAX);
	if (reply.bad)
		return err_set(e, ERR_RPC, "the daemon's reply could not be decoded");
	*ret = xdr_str_dup(s);
	return *ret ? 0 : err_set(e, ERR_NO_MEMORY, "no memory for the reply");
}

int client_dns_lookup(struct rpc_client *c, const struct rpc_net *net, const char *name,
		      const char *type, char **ret_json, struct err *e)
{
	uint8_t buf[ARGS_MAX];
	struct wr w = wr_over(buf, sizeof(buf));

	rpc_put_net(&w, net->name, &net->uuid);
	xdr_put_string(&w, name);
	xdr_put_string(&w, type);
	return call(c, RPC_NETD_DNS_LOOKUP, &w, ret_json, e);
}

static int call_net(struct rpc_client *c, int32_t procedure, const struct rpc_net *net,
		    char **ret_json, struct err *e)
{
	uint8_t buf[ARGS_MAX];
	struct wr w = wr_over(buf, sizeof(buf));

	rpc_put_net(&w, net->name, &net->uuid);
	return call(c, procedure, &w, ret_json, e);
}

static int call_after(struct rpc_client *c, int32_t procedure, const struct rpc_net *net,
		      uint64_t after, char **ret_json, struct err *e)
{
	uint8_t buf[ARGS_MAX];
	struct wr w = wr_over(buf, sizeof(buf));

	rpc_put_net(&w, net->name, &net->uuid);
	wr_u64(&w, after);
	return call(c, procedure, &w, ret_json, e);
}

int client_dns_cache(struct rpc_client *c, const struct rpc_net *net, uint64_t after,
		     char **ret_json, struct err *e)
{
	return call_after(c, RPC_NETD_DNS_CACHE, net, after, ret_json, e);
}

int client_dns_flush(struct rpc_client *c, const struct rpc_net *net, char **ret_json,
		     struct err *e)
{
	return call_net(c, RPC_NETD_DNS_FLUSH, net, ret_json, e);
}

int client_dns_stats(struct rpc_client *c, const struct rpc_net *net, char **ret_json,
		     struct err *e)
{
	return call_net(c, RPC_NETD_DNS_STATS, net, ret_json, e);
}

int client_dns_log(struct rpc_client *c, const struct rpc_net *net, uint64_t after, char **ret_json,
		   struct err *e)
{
	return call_after(c, RPC_NETD_DNS_LOG, net, after, ret_json, e);
}
