/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-port.c — the procedures of network ports, which libvirt's QEMU driver lives on: all handed
 * on. */
#include "netd/door/door-internal.h"

static void list_all_ports(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	call->count_only = !xdr_get_bool(args);
	uint32_t flags = rd_u32(args);
	if (!door_args_ok(call, args) || !door_flags_ok(call, flags, 0))
		return;
	if (!b->port_list)
		return door_fail_unsupported(call);
	b->port_list(b->data, call, &net);
}

static void lookup_by_uuid(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_port port;

	rpc_get_port(args, &port);
	if (!door_args_ok(call, args))
		return;
	if (!b->port_lookup)
		return door_fail_unsupported(call);
	b->port_lookup(b->data, call, &port.net, &port.uuid);
}

static void create_xml(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	struct xdr_str s = xdr_get_string(args, RPC_STRING_MAX);
	uint32_t flags = rd_u32(args);
	if (!door_args_ok(call, args) ||
	    !door_flags_ok(call, flags, RPC_PORT_RECLAIM | RPC_PORT_VALIDATE))
		return;
	if (!b->port_create)
		return door_fail_unsupported(call);
	auto_free char *xml = door_take_xml(call, s);
	if (xml)
		b->port_create(b->data, call, &net, xml, s.n, flags);
}

typedef void port_fn(void *data, struct door_call *call, const struct rpc_port *port);

/* A port and flags, of which there are none. */
static void hand_on_port(struct door_call *call, struct rd *args, port_fn *fn)
{
	struct rpc_port port;

	rpc_get_port(args, &port);
	uint32_t flags = rd_u32(args);
	if (!door_args_ok(call, args) || !door_flags_ok(call, flags, 0))
		return;
	if (!fn)
		return door_fail_unsupported(call);
	fn(backend_of(call)->data, call, &port);
}

static void get_xml_desc(struct door_call *call, struct rd *args)
{
	hand_on_port(call, args, backend_of(call)->port_get_xml);
}

static void delete_port(struct door_call *call, struct rd *args)
{
	hand_on_port(call, args, backend_of(call)->port_delete);
}

static void get_parameters(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_port port;

	rpc_get_port(args, &port);
	xdr_get_i32(args); /* nparams: some clients leave it unset; libvirt ignores it too */
	uint32_t flags = rd_u32(args);
	if (!door_args_ok(call, args) || !door_flags_ok(call, flags, 0))
		return;
	if (!b->port_get_params)
		return door_fail_unsupported(call);
	b->port_get_params(b->data, call, &port);
}

static void set_parameters(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_param params[RPC_PORT_PARAMS_MAX];
	struct rpc_port port;

	rpc_get_port(args, &port);
	size_t n = rpc_get_params(args, params, ARRAY_LEN(params));
	uint32_t flags = rd_u32(args);
	if (!door_args_ok(call, args) || !door_flags_ok(call, flags, 0))
		return;
	if (!b->port_set_params)
		return door_fail_unsupported(call);
	b->port_set_params(b->data, call, &port, params, n);
}

static const struct door_proc procs[] = {
	/* clang-format off */
	{ RPC_NETWORK_LIST_ALL_PORTS,      0, "virNetworkListAllPorts", list_all_ports },
	{ RPC_NETWORK_PORT_LOOKUP_BY_UUID, 0, "virNetworkPortLookupByUUID", lookup_by_uuid },
	{ RPC_NETWORK_PORT_CREATE_XML,     DOOR_WRITE, "virNetworkPortCreateXML", create_xml },
	{ RPC_NETWORK_PORT_GET_PARAMETERS, 0, "virNetworkPortGetParameters", get_parameters },
	{ RPC_NETWORK_PORT_SET_PARAMETERS, DOOR_WRITE, "virNetworkPortSetParameters", set_parameters },
	{ RPC_NETWORK_PORT_GET_XML_DESC,   0, "virNetworkPortGetXMLDesc", get_xml_desc },
	{ RPC_NETWORK_PORT_DELETE,         DOOR_WRITE, "virNetworkPortDelete", delete_port },
	/* clang-format on */
};
const struct door_procs door_port_procs = { procs, ARRAY_LEN(procs) };
