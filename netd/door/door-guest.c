/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-guest.c — netd's own program: interfaces for guests, and the ports that go with them. */
#include "netd/door/door-internal.h"

#include <net/if.h>

/* The name of an interface in buf; otherwise the call has been failed. */
static bool take_interface(struct door_call *call, struct xdr_str s, char buf[static IF_NAMESIZE])
{
	if (!s.n || s.n >= IF_NAMESIZE) {
		door_failf(call, ERR_INVALID_ARG,
			   "'%.*s' can't be the name of an interface: it must have 1..%d octets",
			   (int)MIN_OF(s.n, 40u), s.p ? s.p : "", IF_NAMESIZE - 1);
		return false;
	}
	memcpy(buf, s.p, s.n);
	buf[s.n] = '\0';
	return true;
}

static void guest_attach(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	auto_close int netns = take_fd(&call->fd);
	char interface[IF_NAMESIZE];
	struct rpc_net net;
	struct mac mac;

	rpc_get_net(args, &net);
	struct xdr_str name = xdr_get_string(args, RPC_STRING_MAX);
	struct xdr_str mac_text = xdr_get_optional(args, RPC_STRING_MAX);
	if (!door_args_ok(call, args) || !take_interface(call, name, interface))
		return;
	if (mac_text.p && !door_get_mac(mac_text, &mac))
		return door_failf(call, ERR_INVALID_MAC, "%.*s", (int)MIN_OF(mac_text.n, 40u),
				  mac_text.p);
	if (!b->guest_attach)
		return door_fail_unsupported(call);
	b->guest_attach(b->data, call, &net, interface, mac_text.p ? &mac : NULL, netns);
}

/* A text that may be absent, at most `max` octets long: *ret is new or NULL. Otherwise the call has
 * been failed. */
static bool take_optional(struct door_call *call, struct xdr_str s, size_t max, const char *what,
			  char **ret)
{
	*ret = NULL;
	if (s.n > max)
		door_failf(call, ERR_INVALID_ARG, "%s has at most %zu octets, not %zu", what, max,
			   s.n);
	else if (s.p && !(*ret = xdr_str_dup(s)))
		door_failf(call, ERR_NO_MEMORY, "for a port");
	else
		return true;
	return false;
}

struct port_add {
	struct xdr_str interface, guest_interface, mac, group, owner;
	struct door_port_wish wish;
	struct rpc_param params[RPC_PORT_PARAMS_MAX];
};

static void get_port_add(struct rd *r, struct port_add *a)
{
	a->interface = xdr_get_optional(r, RPC_STRING_MAX);
	a->guest_interface = xdr_get_optional(r, RPC_STRING_MAX);
	a->mac = xdr_get_optional(r, RPC_STRING_MAX);
	a->group = xdr_get_optional(r, RPC_STRING_MAX);
	a->owner = xdr_get_optional(r, RPC_STRING_MAX);
	a->wish.uid = rd_u32(r);
	a->wish.gid = rd_u32(r);
	a->wish.flags = rd_u32(r);
	a->wish.params = a->params;
	a->wish.n_params = rpc_get_params(r, a->params, ARRAY_LEN(a->params));
}

/* Names, address and descriptor as they can be. */
static bool port_add_ok(struct door_call *call, const struct port_add *a, struct mac *mac,
			char interface[static IF_NAMESIZE], char guest[static IF_NAMESIZE])
{
	if ((a->interface.p && !take_interface(call, a->interface, interface)) ||
	    (a->guest_interface.p && !take_interface(call, a->guest_interface, guest)))
		return false;
	if (a->mac.p && !door_get_mac(a->mac, mac)) {
		door_failf(call, ERR_INVALID_MAC, "%.*s", (int)MIN_OF(a->mac.n, 40u), a->mac.p);
		return false;
	}
	if (!a->guest_interface.p == (call->fd < 0))
		return true;
	door_failf(call, ERR_INVALID_ARG,
		   "the guest's end of a veth pair and a network namespace go together");
	return false;
}

static void port_add(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	char interface[IF_NAMESIZE], guest[IF_NAMESIZE];
	auto_free char *group = NULL, *owner = NULL;
	struct port_add a = { 0 };
	struct rpc_net net;
	struct mac mac;

	rpc_get_net(args, &net);
	get_port_add(args, &a);
	if (!door_args_ok(call, args) ||
	    !door_flags_ok(call, a.wish.flags, RPC_PORT_ADD_ALL_FLAGS) ||
	    !port_add_ok(call, &a, &mac, interface, guest) ||
	    !take_optional(call, a.group, RPC_NAME_MAX, "a portgroup's name", &group) ||
	    !take_optional(call, a.owner, RPC_NAME_MAX, "an owner's name", &owner))
		return;
	if (!b->port_add)
		return door_fail_unsupported(call);
	auto_close int netns = take_fd(&call->fd);
	a.wish.interface = a.interface.p ? interface : NULL;
	a.wish.guest_interface = a.guest_interface.p ? guest : NULL;
	a.wish.netns_fd = netns;
	a.wish.mac = a.mac.p ? &mac : NULL;
	a.wish.group = group;
	a.wish.owner = owner;
	b->port_add(b->data, call, &net, &a.wish);
}

static void port_list(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	if (!door_args_ok(call, args))
		return;
	if (!b->ports)
		return door_fail_unsupported(call);
	b->ports(b->data, call, &net);
}

static void port_remove(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	auto_free char *which = NULL;
	struct rpc_net net;

	rpc_get_net(args, &net);
	struct xdr_str s = xdr_get_string(args, RPC_STRING_MAX);
	if (!door_args_ok(call, args) ||
	    !take_optional(call, s, UUID_TEXT_MAX - 1, "an interface or uuid", &which))
		return;
	if (!b->port_remove)
		return door_fail_unsupported(call);
	b->port_remove(b->data, call, &net, which);
}

static const struct door_proc procs[] = {
	/* clang-format off */
	{ RPC_NETD_GUEST_ATTACH, DOOR_WRITE | DOOR_FD, "netdGuestAttach", guest_attach },
	{ RPC_NETD_PORT_ADD,     DOOR_WRITE | DOOR_FD_MAYBE, "netdPortAdd", port_add },
	{ RPC_NETD_PORT_LIST,    0, "netdPortList", port_list },
	{ RPC_NETD_PORT_REMOVE,  DOOR_WRITE, "netdPortRemove", port_remove },
	/* clang-format on */
};
const struct door_procs door_guest_procs = { procs, ARRAY_LEN(procs) };
