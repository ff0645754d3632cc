/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-network.c — the procedures of networks: lists and lookups from the backend's facts,
 * everything else handed on. */
#include "netd/door/door-internal.h"

/* ---- lists ---- */

/* A list in the making: counted in a first walk, written in a second. */
struct listing {
	uint32_t flags;
	uint32_t max; /* no more than so many */
	uint32_t n;
	size_t room;
	struct wr *w; /* NULL: count only */
	void (*put)(struct wr *w, const struct door_network *n);
};

static bool list_one(void *ctx, const struct door_network *n)
{
	struct listing *l = ctx;

	if (!rpc_list_matches(l->flags, n->active, n->persistent, n->autostart))
		return true;
	if (l->n == l->max)
		return false;
	l->n++;
	l->room += strlen(n->name) + 8 + sizeof(n->uuid);
	if (l->w)
		l->put(l->w, n);
	return true;
}

static struct listing count_networks(struct door_call *call, uint32_t flags, uint32_t max)
{
	struct listing l = { .flags = flags, .max = max };

	door_each(call, list_one, &l);
	return l;
}

/* Answer with the array of what `l` counted, and its count after it if `with_count`. */
static void reply_list(struct door_call *call, struct listing l, bool with_count,
		       void (*put)(struct wr *w, const struct door_network *n))
{
	struct listing second = { .flags = l.flags, .max = l.n, .put = put };
	struct wr w;

	if (!door_reply_begin(call, 8 + l.room, &w))
		return;
	wr_u32(&w, call->count_only ? 0 : l.n);
	second.w = &w;
	if (!call->count_only)
		door_each(call, list_one, &second);
	if (with_count)
		wr_u32(&w, l.n);
	door_reply_end(call, &w);
}

static void put_ref(struct wr *w, const struct door_network *n)
{
	rpc_put_net(w, n->name, &n->uuid);
}

static void put_name(struct wr *w, const struct door_network *n)
{
	xdr_put_string(w, n->name);
}

static void list_all(struct door_call *call, struct rd *args)
{
	call->count_only = !xdr_get_bool(args);
	uint32_t flags = rd_u32(args);

	if (!door_args_ok(call, args) || !door_flags_ok(call, flags, RPC_LIST_ALL_FLAGS))
		return;
	reply_list(call, count_networks(call, flags, RPC_NETWORKS_MAX), true, put_ref);
}

static void list_names(struct door_call *call, struct rd *args, uint32_t flags)
{
	int32_t max = xdr_get_i32(args);

	if (!door_args_ok(call, args))
		return;
	if (max < 0 || max > (int32_t)RPC_NETWORKS_MAX)
		return door_fail_in(call, RPC_DOMAIN_RPC, ERR_RPC,
				    "maxnames %d is not within 0..%u", max, RPC_NETWORKS_MAX);
	reply_list(call, count_networks(call, flags, (uint32_t)max), false, put_name);
}

static void list_active(struct door_call *call, struct rd *args)
{
	list_names(call, args, RPC_LIST_ACTIVE);
}

static void list_defined(struct door_call *call, struct rd *args)
{
	list_names(call, args, RPC_LIST_INACTIVE);
}

static void count_active(struct door_call *call, struct rd *args)
{
	door_reply_i32(call, (int32_t)count_networks(call, RPC_LIST_ACTIVE, RPC_NETWORKS_MAX).n);
}

static void count_defined(struct door_call *call, struct rd *args)
{
	door_reply_i32(call, (int32_t)count_networks(call, RPC_LIST_INACTIVE, RPC_NETWORKS_MAX).n);
}

/* ---- facts of one network ---- */

static void lookup_by_name(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct xdr_str s = xdr_get_string(args, RPC_STRING_MAX);
	char name[RPC_NAME_MAX + 1] = "";
	struct door_network n;

	if (!door_args_ok(call, args))
		return;
	memcpy(name, s.p, MIN_OF(s.n, sizeof(name) - 1));
	if (s.n >= sizeof(name) || !b->find(b->data, name, NULL, &n))
		return door_failf(call, ERR_NO_NETWORK, "no network with matching name '%s'", name);
	door_reply_net(call, n.name, &n.uuid);
}

static void lookup_by_uuid(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct uuid uuid = xdr_get_uuid(args);
	char text[UUID_TEXT_MAX];
	struct door_network n;

	if (!door_args_ok(call, args))
		return;
	if (!b->find(b->data, NULL, &uuid, &n))
		return door_failf(call, ERR_NO_NETWORK, "no network with matching uuid '%s'",
				  uuid_format(&uuid, text));
	door_reply_net(call, n.name, &n.uuid);
}

/* The arguments are a network and nothing else, and it is there. */
static bool known_network(struct door_call *call, struct rd *args, struct door_network *ret)
{
	struct rpc_net net;

	rpc_get_net(args, &net);
	return door_args_ok(call, args) && door_find_network(call, &net, ret);
}

static void get_bridge_name(struct door_call *call, struct rd *args)
{
	struct door_network n;

	if (!known_network(call, args, &n))
		return;
	if (!n.bridge)
		return door_failf(call, ERR_INTERNAL, "network '%s' does not have a bridge name.",
				  n.name);
	door_reply_text(call, n.bridge);
}

static void get_autostart(struct door_call *call, struct rd *args)
{
	struct door_network n;

	if (known_network(call, args, &n))
		door_reply_i32(call, n.autostart);
}

static void is_active(struct door_call *call, struct rd *args)
{
	struct door_network n;

	if (known_network(call, args, &n))
		door_reply_i32(call, n.active);
}

static void is_persistent(struct door_call *call, struct rd *args)
{
	struct door_network n;

	if (known_network(call, args, &n))
		door_reply_i32(call, n.persistent);
}

/* ---- definitions ---- */

typedef void xml_fn(void *data, struct door_call *call, const char *xml, size_t n, bool validate);

static void hand_on_xml(struct door_call *call, struct rd *args, bool with_flags, xml_fn *fn)
{
	struct xdr_str s = xdr_get_string(args, RPC_STRING_MAX);
	uint32_t flags = with_flags ? rd_u32(args) : 0;

	if (!door_args_ok(call, args) || !door_flags_ok(call, flags, RPC_DEFINE_VALIDATE))
		return;
	if (!fn)
		return door_fail_unsupported(call);
	auto_free char *xml = door_take_xml(call, s);
	if (xml)
		fn(backend_of(call)->data, call, xml, s.n, flags & RPC_DEFINE_VALIDATE);
}

static void define_xml(struct door_call *call, struct rd *args)
{
	hand_on_xml(call, args, false, backend_of(call)->define_xml);
}

static void define_xml_flags(struct door_call *call, struct rd *args)
{
	hand_on_xml(call, args, true, backend_of(call)->define_xml);
}

static void create_xml(struct door_call *call, struct rd *args)
{
	hand_on_xml(call, args, false, backend_of(call)->create_xml);
}

static void create_xml_flags(struct door_call *call, struct rd *args)
{
	hand_on_xml(call, args, true, backend_of(call)->create_xml);
}

/* ---- life cycle ---- */

typedef void net_fn(void *data, struct door_call *call, const struct rpc_net *net);

static void hand_on_net(struct door_call *call, struct rd *args, net_fn *fn)
{
	struct rpc_net net;

	rpc_get_net(args, &net);
	if (!door_args_ok(call, args))
		return;
	if (!fn)
		return door_fail_unsupported(call);
	fn(backend_of(call)->data, call, &net);
}

static void start(struct door_call *call, struct rd *args)
{
	hand_on_net(call, args, backend_of(call)->start);
}

static void destroy(struct door_call *call, struct rd *args)
{
	hand_on_net(call, args, backend_of(call)->destroy);
}

static void undefine(struct door_call *call, struct rd *args)
{
	hand_on_net(call, args, backend_of(call)->undefine);
}

static void set_autostart(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	bool on = xdr_get_bool(args);
	if (!door_args_ok(call, args))
		return;
	if (!b->set_autostart)
		return door_fail_unsupported(call);
	b->set_autostart(b->data, call, &net, on);
}

/* ---- the document, its parts, the leases ---- */

static void get_xml_desc(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	uint32_t flags = rd_u32(args);
	if (!door_args_ok(call, args) || !door_flags_ok(call, flags, RPC_XML_INACTIVE))
		return;
	if (!b->get_xml)
		return door_fail_unsupported(call);
	b->get_xml(b->data, call, &net, flags & RPC_XML_INACTIVE);
}

static void get_dhcp_leases(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;
	struct mac mac;

	rpc_get_net(args, &net);
	struct xdr_str mac_text = xdr_get_optional(args, RPC_STRING_MAX);
	call->count_only = !xdr_get_bool(args);
	uint32_t flags = rd_u32(args);
	if (!door_args_ok(call, args) || !door_flags_ok(call, flags, 0))
		return;
	if (!b->leases)
		return door_fail_unsupported(call);
	if (mac_text.p && !door_get_mac(mac_text, &mac))
		return door_failf(call, ERR_INVALID_MAC, "%.*s", (int)MIN_OF(mac_text.n, 40u),
				  mac_text.p);
	b->leases(b->data, call, &net, mac_text.p ? &mac : NULL);
}

static void update(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	uint32_t command = rd_u32(args);
	uint32_t section = rd_u32(args);
	int32_t parent_index = xdr_get_i32(args);
	struct xdr_str s = xdr_get_string(args, RPC_STRING_MAX);
	uint32_t flags = rd_u32(args);
	if (!door_args_ok(call, args) ||
	    !door_flags_ok(call, flags, RPC_AFFECT_LIVE | RPC_AFFECT_CONFIG))
		return;
	if (!b->update)
		return door_fail_unsupported(call);
	auto_free char *xml = door_take_xml(call, s);
	if (xml)
		b->update(b->data, call, &net, command, section, parent_index, xml, flags);
}

/* A type of metadata that there is; otherwise the call has been failed. */
static bool metadata_type_ok(struct door_call *call, int32_t type)
{
	bool ok = type >= RPC_METADATA_DESCRIPTION && type <= RPC_METADATA_ELEMENT;

	if (!ok)
		door_failf(call, ERR_INVALID_ARG, "unknown metadata type '%d'", type);
	return ok;
}

static void set_metadata(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	int32_t type = xdr_get_i32(args);
	struct xdr_str text_s = xdr_get_optional(args, DOOR_XML_MAX);
	struct xdr_str key_s = xdr_get_optional(args, RPC_STRING_MAX);
	struct xdr_str uri_s = xdr_get_optional(args, RPC_STRING_MAX);
	uint32_t flags = rd_u32(args);
	if (!door_args_ok(call, args) || !metadata_type_ok(call, type) ||
	    !door_flags_ok(call, flags, RPC_AFFECT_LIVE | RPC_AFFECT_CONFIG))
		return;
	if (!b->set_metadata)
		return door_fail_unsupported(call);
	auto_free char *text = xdr_str_dup(text_s);
	auto_free char *key = xdr_str_dup(key_s);
	auto_free char *uri = xdr_str_dup(uri_s);
	if ((text_s.p && !text) || (key_s.p && !key) || (uri_s.p && !uri))
		return door_failf(call, ERR_NO_MEMORY, "for a metadata element");
	b->set_metadata(b->data, call, &net, (enum rpc_metadata_type)type, text, key, uri, flags);
}

static void get_metadata(struct door_call *call, struct rd *args)
{
	const struct door_backend *b = backend_of(call);
	struct rpc_net net;

	rpc_get_net(args, &net);
	int32_t type = xdr_get_i32(args);
	struct xdr_str uri_s = xdr_get_optional(args, RPC_STRING_MAX);
	uint32_t flags = rd_u32(args);
	if (!door_args_ok(call, args) || !metadata_type_ok(call, type) ||
	    !door_flags_ok(call, flags, RPC_AFFECT_LIVE | RPC_AFFECT_CONFIG))
		return;
	if (!b->get_metadata)
		return door_fail_unsupported(call);
	auto_free char *uri = xdr_str_dup(uri_s);
	if (uri_s.p && !uri)
		return door_failf(call, ERR_NO_MEMORY, "for a metadata element");
	b->get_metadata(b->data, call, &net, (enum rpc_metadata_type)type, uri, flags);
}

static const struct door_proc procs[] = {
	/* clang-format off */
	{ RPC_CONNECT_LIST_ALL_NETWORKS,       0, "virConnectListAllNetworks", list_all },
	{ RPC_CONNECT_LIST_NETWORKS,           0, "virConnectListNetworks", list_active },
	{ RPC_CONNECT_LIST_DEFINED_NETWORKS,   0, "virConnectListDefinedNetworks", list_defined },
	{ RPC_CONNECT_NUM_OF_NETWORKS,         0, "virConnectNumOfNetworks", count_active },
	{ RPC_CONNECT_NUM_OF_DEFINED_NETWORKS, 0, "virConnectNumOfDefinedNetworks", count_defined },
	{ RPC_NETWORK_LOOKUP_BY_NAME,          0, "virNetworkLookupByName", lookup_by_name },
	{ RPC_NETWORK_LOOKUP_BY_UUID,          0, "virNetworkLookupByUUID", lookup_by_uuid },
	{ RPC_NETWORK_GET_BRIDGE_NAME,         0, "virNetworkGetBridgeName", get_bridge_name },
	{ RPC_NETWORK_GET_AUTOSTART,           0, "virNetworkGetAutostart", get_autostart },
	{ RPC_NETWORK_IS_ACTIVE,               0, "virNetworkIsActive", is_active },
	{ RPC_NETWORK_IS_PERSISTENT,           0, "virNetworkIsPersistent", is_persistent },
	{ RPC_NETWORK_DEFINE_XML,       DOOR_WRITE, "virNetworkDefineXML", define_xml },
	{ RPC_NETWORK_DEFINE_XML_FLAGS, DOOR_WRITE, "virNetworkDefineXMLFlags", define_xml_flags },
	{ RPC_NETWORK_CREATE_XML,       DOOR_WRITE, "virNetworkCreateXML", create_xml },
	{ RPC_NETWORK_CREATE_XML_FLAGS, DOOR_WRITE, "virNetworkCreateXMLFlags", create_xml_flags },
	{ RPC_NETWORK_CREATE,           DOOR_WRITE, "virNetworkCreate", start },
	{ RPC_NETWORK_DESTROY,          DOOR_WRITE, "virNetworkDestroy", destroy },
	{ RPC_NETWORK_UNDEFINE,         DOOR_WRITE, "virNetworkUndefine", undefine },
	{ RPC_NETWORK_SET_AUTOSTART,    DOOR_WRITE, "virNetworkSetAutostart", set_autostart },
	{ RPC_NETWORK_UPDATE,           DOOR_WRITE, "virNetworkUpdate", update },
	{ RPC_NETWORK_SET_METADATA,     DOOR_WRITE, "virNetworkSetMetadata", set_metadata },
	{ RPC_NETWORK_GET_METADATA,            0, "virNetworkGetMetadata", get_metadata },
	{ RPC_NETWORK_GET_XML_DESC,            0, "virNetworkGetXMLDesc", get_xml_desc },
	{ RPC_NETWORK_GET_DHCP_LEASES,         0, "virNetworkGetDHCPLeases", get_dhcp_leases },
	/* clang-format on */
};
const struct door_procs door_network_procs = { procs, ARRAY_LEN(procs) };
