/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client-calls.c — one function for each procedure: its arguments out, its reply in. */
#include "rpc/client.h"

#include <errno.h>

/* The arguments of one call, being written. */
struct args {
	struct wr w;
	uint8_t *buf; /* NULL: no memory; nothing is written then and the call fails */
};

/* Room for the fixed parts of any call (a network, a uuid, some numbers, short names) and `text`
 * octets more. */
static struct args args_new(size_t text)
{
	size_t cap = 1024 + text;
	uint8_t *buf = malloc(cap);

	return (struct args){ wr_over(buf, buf ? cap : 0), buf };
}

static struct args args_net(const struct rpc_net *net, size_t text)
{
	struct args a = args_new(text);

	rpc_put_net(&a.w, net->name, &net->uuid);
	return a;
}

static size_t length(const char *text)
{
	return text ? strlen(text) : 0;
}

static int run_fd(struct rpc_client *c, uint32_t program, int32_t procedure, struct args *a, int fd,
		  struct rd *reply, struct err *e)
{
	int r = client_call(c, program, procedure, &a->w, &fd, fd >= 0, reply, e);

	free(take_ptr(a->buf));
	return r;
}

static int run(struct rpc_client *c, int32_t procedure, struct args *a, struct rd *reply,
	       struct err *e)
{
	return run_fd(c, RPC_PROGRAM_REMOTE, procedure, a, -1, reply, e);
}

static int run_netd(struct rpc_client *c, int32_t procedure, struct args *a, struct rd *reply,
		    struct err *e)
{
	return run_fd(c, RPC_PROGRAM_NETD, procedure, a, -1, reply, e);
}

static int whole(const struct rd *reply, struct err *e)
{
	return reply->bad ? err_set(e, ERR_RPC, "the daemon's reply could not be decoded") : 0;
}

static int take_text(struct rd *reply, char **ret, struct err *e)
{
	struct xdr_str s = xdr_get_string(reply, RPC_MESSAGE_MAX);
	int r = whole(reply, e);

	if (r < 0)
		return r;
	char *text = xdr_str_dup(s);
	if (!text)
		return err_set(e, ERR_NO_MEMORY, "no memory for the daemon's reply");
	*ret = text;
	return 0;
}

static int take_net(struct rd *reply, struct rpc_net *ret, struct err *e)
{
	struct rpc_net net;

	rpc_get_net(reply, &net);
	int r = whole(reply, e);
	if (r == 0)
		*ret = net;
	return r;
}

static int take_port(struct rd *reply, struct rpc_port *ret, struct err *e)
{
	struct rpc_port port;

	rpc_get_port(reply, &port);
	int r = whole(reply, e);
	if (r == 0)
		*ret = port;
	return r;
}

/* ---- shapes that several procedures share ---- */

static int net_to_void(struct rpc_client *c, int32_t procedure, const struct rpc_net *net,
		       struct err *e)
{
	struct args a = args_net(net, 0);
	struct rd reply;

	return run(c, procedure, &a, &reply, e);
}

static int net_to_bool(struct rpc_client *c, int32_t procedure, const struct rpc_net *net,
		       bool *ret, struct err *e)
{
	struct args a = args_net(net, 0);
	struct rd reply;

	int r = run(c, procedure, &a, &reply, e);
	if (r < 0)
		return r;
	bool v = xdr_get_bool(&reply);
	r = whole(&reply, e);
	if (r == 0)
		*ret = v;
	return r;
}

static int args_to_text(struct rpc_client *c, uint32_t program, int32_t procedure, struct args *a,
			char **ret, struct err *e)
{
	struct rd reply;
	int r = run_fd(c, program, procedure, a, -1, &reply, e);

	return r < 0 ? r : take_text(&reply, ret, e);
}

static int xml_to_net(struct rpc_client *c, int32_t plain, int32_t with_flags, const char *xml,
		      uint32_t flags, struct rpc_net *ret, struct err *e)
{
	struct args a = args_new(strlen(xml));
	struct rd reply;

	xdr_put_string(&a.w, xml);
	if (flags)
		wr_u32(&a.w, flags);
	int r = run(c, flags ? with_flags : plain, &a, &reply, e);
	return r < 0 ? r : take_net(&reply, ret, e);
}

/* ---- networks ---- */

static int compare_rows(const void *a, const void *b)
{
	const struct rpc_row *x = a, *y = b;

	return strcmp(x->net.name, y->net.name);
}

#define ROW_SIZE_MIN 32u /* octets of a row with an empty name and neither bridge nor title */

int client_list(struct rpc_client *c, uint32_t flags, struct rpc_row **ret_rows, size_t *ret_n,
		struct err *e)
{
	struct args a = args_new(0);
	struct rd reply;

	wr_u32(&a.w, flags);
	int r = run_netd(c, RPC_NETD_LIST, &a, &reply, e);
	if (r < 0)
		return r;
	uint32_t n = xdr_get_count(&reply, RPC_NETWORKS_MAX);
	if (n > rd_left(&reply) / ROW_SIZE_MIN)
		reply.bad = true;
	auto_free struct rpc_row *rows = reply.bad ? NULL : calloc(n ? n : 1, sizeof(*rows));
	if (!reply.bad && !rows)
		return err_set(e, ERR_NO_MEMORY, "no memory for %u networks", n);
	for (uint32_t i = 0; i < n && !reply.bad; i++)
		rpc_get_row(&reply, &rows[i]);
	r = whole(&reply, e);
	if (r < 0)
		return r;
	qsort(rows, n, sizeof(*rows), compare_rows);
	*ret_rows = take_ptr(rows);
	*ret_n = n;
	return 0;
}

int client_lookup_name(struct rpc_client *c, const char *name, struct rpc_net *ret, struct err *e)
{
	struct args a = args_new(strlen(name));
	struct rd reply;

	xdr_put_string(&a.w, name);
	int r = run(c, RPC_NETWORK_LOOKUP_BY_NAME, &a, &reply, e);
	return r < 0 ? r : take_net(&reply, ret, e);
}

int client_lookup_uuid(struct rpc_client *c, const struct uuid *uuid, struct rpc_net *ret,
		       struct err *e)
{
	struct args a = args_new(0);
	struct rd reply;

	xdr_put_uuid(&a.w, uuid);
	int r = run(c, RPC_NETWORK_LOOKUP_BY_UUID, &a, &reply, e);
	return r < 0 ? r : take_net(&reply, ret, e);
}

int client_lookup(struct rpc_client *c, const char *name_or_uuid, struct rpc_net *ret,
		  struct err *e)
{
	struct err first = { 0 };
	struct uuid uuid;

	if (strlen(name_or_uuid) == UUID_TEXT_MAX - 1 && uuid_parse(name_or_uuid, &uuid) == 0) {
		int r = client_lookup_uuid(c, &uuid, ret, &first);
		if (r == 0)
			return 0;
		if (first.class != ERR_NO_NETWORK) {
			if (e)
				*e = first;
			return r;
		}
	}
	return client_lookup_name(c, name_or_uuid, ret, e);
}

int client_define_xml(struct rpc_client *c, const char *xml, uint32_t flags, struct rpc_net *ret,
		      struct err *e)
{
	return xml_to_net(c, RPC_NETWORK_DEFINE_XML, RPC_NETWORK_DEFINE_XML_FLAGS, xml, flags, ret,
			  e);
}

int client_create_xml(struct rpc_client *c, const char *xml, uint32_t flags, struct rpc_net *ret,
		      struct err *e)
{
	return xml_to_net(c, RPC_NETWORK_CREATE_XML, RPC_NETWORK_CREATE_XML_FLAGS, xml, flags, ret,
			  e);
}

int client_start(struct rpc_client *c, const struct rpc_net *net, struct err *e)
{
	return net_to_void(c, RPC_NETWORK_CREATE, net, e);
}

int client_destroy(struct rpc_client *c, const struct rpc_net *net, struct err *e)
{
	return net_to_void(c, RPC_NETWORK_DESTROY, net, e);
}

int client_undefine(struct rpc_client *c, const struct rpc_net *net, struct err *e)
{
	return net_to_void(c, RPC_NETWORK_UNDEFINE, net, e);
}

int client_get_xml(struct rpc_client *c, const struct rpc_net *net, uint32_t flags, char **ret,
		   struct err *e)
{
	struct args a = args_net(net, 0);

	wr_u32(&a.w, flags);
	return args_to_text(c, RPC_PROGRAM_REMOTE, RPC_NETWORK_GET_XML_DESC, &a, ret, e);
}

int client_get_bridge(struct rpc_client *c, const struct rpc_net *net, char **ret, struct err *e)
{
	struct args a = args_net(net, 0);

	return args_to_text(c, RPC_PROGRAM_REMOTE, RPC_NETWORK_GET_BRIDGE_NAME, &a, ret, e);
}

int client_get_autostart(struct rpc_client *c, const struct rpc_net *net, bool *ret, struct err *e)
{
	return net_to_bool(c, RPC_NETWORK_GET_AUTOSTART, net, ret, e);
}

int client_set_autostart(struct rpc_client *c, const struct rpc_net *net, bool on, struct err *e)
{
	struct args a = args_net(net, 0);
	struct rd reply;

	xdr_put_bool(&a.w, on);
	return run(c, RPC_NETWORK_SET_AUTOSTART, &a, &reply, e);
}

int client_is_active(struct rpc_client *c, const struct rpc_net *net, bool *ret, struct err *e)
{
	return net_to_bool(c, RPC_NETWORK_IS_ACTIVE, net, ret, e);
}

int client_is_persistent(struct rpc_client *c, const struct rpc_net *net, bool *ret, struct err *e)
{
	return net_to_bool(c, RPC_NETWORK_IS_PERSISTENT, net, ret, e);
}

int client_get_leases(struct rpc_client *c, const struct rpc_net *net, const char *mac,
		      struct rpc_leases *ret, struct err *e)
{
	struct args a = args_net(net, length(mac));
	struct rd reply;

	xdr_put_optional(&a.w, mac);
	xdr_put_i32(&a.w, 1); /* the leases, not only their number */
	wr_u32(&a.w, 0);
	int r = run(c, RPC_NETWORK_GET_DHCP_LEASES, &a, &reply, e);
	if (r < 0)
		return r;
	r = rpc_get_leases(&reply, ret);
	if (r == -ENOMEM)
		return err_set(e, ERR_NO_MEMORY, "no memory for the leases");
	return r < 0 ? err_set(e, ERR_RPC, "the daemon's list of leases could not be decoded") : 0;
}

int client_update(struct rpc_client *c, const struct rpc_net *net, enum rpc_update_command command,
		  enum rpc_update_section section, int32_t parent_index, const char *xml,
		  uint32_t flags, struct err *e)
{
	struct args a = args_net(net, strlen(xml));
	struct rd reply;

	wr_u32(&a.w, command);
	wr_u32(&a.w, section);
	xdr_put_i32(&a.w, parent_index);
	xdr_put_string(&a.w, xml);
	wr_u32(&a.w, flags);
	return run(c, RPC_NETWORK_UPDATE, &a, &reply, e);
}

int client_get_metadata(struct rpc_client *c, const struct rpc_net *net,
			enum rpc_metadata_type type, const char *uri, uint32_t flags, char **ret,
			struct err *e)
{
	struct args a = args_net(net, length(uri));

	xdr_put_i32(&a.w, (int32_t)type);
	xdr_put_optional(&a.w, uri);
	wr_u32(&a.w, flags);
	return args_to_text(c, RPC_PROGRAM_REMOTE, RPC_NETWORK_GET_METADATA, &a, ret, e);
}

int client_set_metadata(struct rpc_client *c, const struct rpc_net *net,
			enum rpc_metadata_type type, const char *text, const char *key,
			const char *uri, uint32_t flags, struct err *e)
{
	struct args a = args_net(net, length(text) + length(key) + length(uri));
	struct rd reply;

	xdr_put_i32(&a.w, (int32_t)type);
	xdr_put_optional(&a.w, text);
	xdr_put_optional(&a.w, key);
	xdr_put_optional(&a.w, uri);
	wr_u32(&a.w, flags);
	return run(c, RPC_NETWORK_SET_METADATA, &a, &reply, e);
}

/* ---- ports ---- */

#define PORT_SIZE_MIN 36u /* octets of a port whose network's name is empty */

int client_port_list(struct rpc_client *c, const struct rpc_net *net, struct uuid **ret,
		     size_t *ret_n, struct err *e)
{
	struct args a = args_net(net, 0);
	struct rd reply;

	xdr_put_i32(&a.w, 1);
	wr_u32(&a.w, 0);
	int r = run(c, RPC_NETWORK_LIST_ALL_PORTS, &a, &reply, e);
	if (r < 0)
		return r;
	uint32_t n = xdr_get_count(&reply, RPC_PORTS_MAX);
	if (n > rd_left(&reply) / PORT_SIZE_MIN)
		reply.bad = true;
	auto_free struct uuid *uuids = reply.bad ? NULL : calloc(n ? n : 1, sizeof(*uuids));
	if (!reply.bad && !uuids)
		return err_set(e, ERR_NO_MEMORY, "no memory for %u ports", n);
	for (uint32_t i = 0; i < n && !reply.bad; i++) {
		struct rpc_port port;
		rpc_get_port(&reply, &port);
		uuids[i] = port.uuid;
	}
	r = whole(&reply, e);
	if (r < 0)
		return r;
	*ret = take_ptr(uuids);
	*ret_n = n;
	return 0;
}

int client_port_lookup(struct rpc_client *c, const struct rpc_net *net, const struct uuid *uuid,
		       struct rpc_port *ret, struct err *e)
{
	struct args a = args_net(net, 0);
	struct rd reply;

	xdr_put_uuid(&a.w, uuid);
	int r = run(c, RPC_NETWORK_PORT_LOOKUP_BY_UUID, &a, &reply, e);
	return r < 0 ? r : take_port(&reply, ret, e);
}

int client_port_create(struct rpc_client *c, const struct rpc_net *net, const char *xml,
		       uint32_t flags, struct rpc_port *ret, struct err *e)
{
	struct args a = args_net(net, strlen(xml));
	struct rd reply;

	xdr_put_string(&a.w, xml);
	wr_u32(&a.w, flags);
	int r = run(c, RPC_NETWORK_PORT_CREATE_XML, &a, &reply, e);
	return r < 0 ? r : take_port(&reply, ret, e);
}

static struct args args_port(const struct rpc_port *port)
{
	struct args a = args_new(0);

	rpc_put_port(&a.w, port);
	wr_u32(&a.w, 0);
	return a;
}

int client_port_get_xml(struct rpc_client *c, const struct rpc_port *port, char **ret,
			struct err *e)
{
	struct args a = args_port(port);

	return args_to_text(c, RPC_PROGRAM_REMOTE, RPC_NETWORK_PORT_GET_XML_DESC, &a, ret, e);
}

int client_port_delete(struct rpc_client *c, const struct rpc_port *port, struct err *e)
{
	struct args a = args_port(port);
	struct rd reply;

	return run(c, RPC_NETWORK_PORT_DELETE, &a, &reply, e);
}

static void put_params(struct wr *w, const struct rpc_param *params, size_t n)
{
	wr_u32(w, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		rpc_put_param(w, &params[i]);
}

int client_port_get_params(struct rpc_client *c, const struct rpc_port *port,
			   struct rpc_param ret[static RPC_PORT_PARAMS_MAX], size_t *ret_n,
			   struct err *e)
{
	struct args a = args_new(0);
	struct rd reply;

	rpc_put_port(&a.w, port);
	xdr_put_i32(&a.w, (int32_t)RPC_PORT_PARAMS_MAX);
	wr_u32(&a.w, 0);
	int r = run(c, RPC_NETWORK_PORT_GET_PARAMETERS, &a, &reply, e);
	if (r < 0)
		return r;
	*ret_n = rpc_get_params(&reply, ret, RPC_PORT_PARAMS_MAX);
	return whole(&reply, e);
}

int client_port_set_params(struct rpc_client *c, const struct rpc_port *port,
			   const struct rpc_param *params, size_t n, struct err *e)
{
	struct args a = args_new(n * sizeof(struct rpc_param));
	struct rd reply;

	rpc_put_port(&a.w, port);
	put_params(&a.w, params, n);
	wr_u32(&a.w, 0);
	return run(c, RPC_NETWORK_PORT_SET_PARAMETERS, &a, &reply, e);
}

/* ---- events ---- */

static bool is_ours(enum rpc_event_id id)
{
	return id == RPC_EVENT_CONDITION || id == RPC_EVENT_LEASE;
}

int client_event_register(struct rpc_client *c, enum rpc_event_id id, const struct rpc_net *net,
			  int32_t *ret_callback, struct err *e)
{
	struct args a = args_new(0);
	struct rd reply;

	xdr_put_i32(&a.w, (int32_t)id);
	xdr_put_bool(&a.w, net != NULL);
	if (net)
		rpc_put_net(&a.w, net->name, &net->uuid);
	int r = is_ours(id) ? run_netd(c, RPC_NETD_EVENT_REGISTER, &a, &reply, e)
			    : run(c, RPC_CONNECT_NETWORK_EVENT_REGISTER_ANY, &a, &reply, e);
	if (r < 0)
		return r;
	int32_t callback = xdr_get_i32(&reply);
	r = whole(&reply, e);
	if (r == 0 && ret_callback)
		*ret_callback = callback;
	return r;
}

int client_event_deregister(struct rpc_client *c, enum rpc_event_id id, int32_t callback,
			    struct err *e)
{
	struct args a = args_new(0);
	struct rd reply;

	xdr_put_i32(&a.w, callback);
	return is_ours(id) ? run_netd(c, RPC_NETD_EVENT_DEREGISTER, &a, &reply, e)
			   : run(c, RPC_CONNECT_NETWORK_EVENT_DEREGISTER_ANY, &a, &reply, e);
}

/* ---- netd's own program ---- */

int client_status(struct rpc_client *c, char **ret_json, struct err *e)
{
	struct args a = args_new(0);

	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_STATUS, &a, ret_json, e);
}

int client_check(struct rpc_client *c, uint32_t flags, char **ret, struct err *e)
{
	struct args a = args_new(0);

	wr_u32(&a.w, flags);
	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_CHECK, &a, ret, e);
}

int client_plan(struct rpc_client *c, const struct rpc_net *net, enum rpc_plan_what what,
		char **ret, struct err *e)
{
	struct args a = args_net(net, 0);

	wr_u32(&a.w, what);
	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_NETWORK_PLAN, &a, ret, e);
}

int client_rules(struct rpc_client *c, const struct rpc_net *net, char **ret, struct err *e)
{
	struct args a = args_net(net, 0);

	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_NETWORK_RULES, &a, ret, e);
}

int client_own_rules(struct rpc_client *c, const struct rpc_net *net, char **ret, struct err *e)
{
	struct args a = args_net(net, 0);

	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_OWN_RULES, &a, ret, e);
}

int client_own_rules_set(struct rpc_client *c, const struct rpc_net *net, const char *text,
			 struct err *e)
{
	struct args a = args_net(net, strlen(text));
	struct rd reply;

	xdr_put_string(&a.w, text);
	return run_netd(c, RPC_NETD_OWN_RULES_SET, &a, &reply, e);
}

int client_history(struct rpc_client *c, const char *name, char **ret_json, struct err *e)
{
	struct args a = args_new(strlen(name));

	xdr_put_string(&a.w, name);
	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_HISTORY, &a, ret_json, e);
}

int client_history_get(struct rpc_client *c, const char *name, uint32_t number, char **ret,
		       struct err *e)
{
	struct args a = args_new(strlen(name));

	xdr_put_string(&a.w, name);
	wr_u32(&a.w, number);
	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_HISTORY_GET, &a, ret, e);
}

int client_apply(struct rpc_client *c, const char *xml, const char *source, uint32_t flags,
		 char **ret_json, struct err *e)
{
	struct args a = args_new(strlen(xml) + length(source));

	xdr_put_string(&a.w, xml);
	xdr_put_optional(&a.w, source);
	wr_u32(&a.w, flags);
	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_APPLY, &a, ret_json, e);
}

int client_applied(struct rpc_client *c, const char *source, char **ret_json, struct err *e)
{
	struct args a = args_new(strlen(source));

	xdr_put_string(&a.w, source);
	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_APPLIED, &a, ret_json, e);
}

int client_guest_attach(struct rpc_client *c, const struct rpc_net *net, const char *interface,
			const char *mac, int netns_fd, struct rpc_attached *ret, struct err *e)
{
	struct args a = args_net(net, strlen(interface) + length(mac));
	struct rpc_attached got;
	struct rd reply;

	xdr_put_string(&a.w, interface);
	xdr_put_optional(&a.w, mac);
	int r = run_fd(c, RPC_PROGRAM_NETD, RPC_NETD_GUEST_ATTACH, &a, netns_fd, &reply, e);
	if (r < 0)
		return r;
	xdr_get_text(&reply, got.host_interface, sizeof(got.host_interface));
	xdr_get_text(&reply, got.mac, sizeof(got.mac));
	xdr_get_text(&reply, got.bridge, sizeof(got.bridge));
	r = whole(&reply, e);
	if (r == 0)
		*ret = got;
	return r;
}

int client_port_add(struct rpc_client *c, const struct rpc_net *net,
		    const struct rpc_port_wish *wish, char **ret_json, struct err *e)
{
	struct args a =
	    args_net(net, length(wish->interface) + length(wish->guest_interface) +
			      length(wish->mac) + length(wish->group) + length(wish->owner) +
			      wish->n_params * sizeof(struct rpc_param));
	struct rd reply;

	xdr_put_optional(&a.w, wish->interface);
	xdr_put_optional(&a.w, wish->guest_interface);
	xdr_put_optional(&a.w, wish->mac);
	xdr_put_optional(&a.w, wish->group);
	xdr_put_optional(&a.w, wish->owner);
	wr_u32(&a.w, wish->uid);
	wr_u32(&a.w, wish->gid);
	wr_u32(&a.w, wish->flags);
	put_params(&a.w, wish->params, wish->n_params);
	int r = run_fd(c, RPC_PROGRAM_NETD, RPC_NETD_PORT_ADD, &a,
		       wish->guest_interface ? wish->netns_fd : -1, &reply, e);
	return r < 0 ? r : take_text(&reply, ret_json, e);
}

int client_ports(struct rpc_client *c, const struct rpc_net *net, char **ret_json, struct err *e)
{
	struct args a = args_net(net, 0);

	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_PORT_LIST, &a, ret_json, e);
}

int client_port_remove(struct rpc_client *c, const struct rpc_net *net, const char *which,
		       struct err *e)
{
	struct args a = args_net(net, strlen(which));
	struct rd reply;

	xdr_put_string(&a.w, which);
	return run_netd(c, RPC_NETD_PORT_REMOVE, &a, &reply, e);
}

/* ---- leases ---- */

int client_lease_list(struct rpc_client *c, const struct rpc_net *net, char **ret_json,
		      struct err *e)
{
	struct args a = args_net(net, 0);

	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_LEASE_LIST, &a, ret_json, e);
}

static int lease_call(struct rpc_client *c, int32_t procedure, const struct rpc_net *net,
		      const char *address, struct err *e)
{
	struct args a = args_net(net, strlen(address));
	struct rd reply;

	xdr_put_string(&a.w, address);
	return run_netd(c, procedure, &a, &reply, e);
}

int client_lease_release(struct rpc_client *c, const struct rpc_net *net, const char *address,
			 struct err *e)
{
	return lease_call(c, RPC_NETD_LEASE_RELEASE, net, address, e);
}

int client_lease_pin(struct rpc_client *c, const struct rpc_net *net, const char *address,
		     struct err *e)
{
	return lease_call(c, RPC_NETD_LEASE_PIN, net, address, e);
}

int client_lease_history(struct rpc_client *c, const struct rpc_net *net, const char *address,
			 const char *mac, uint32_t max, char **ret_json, struct err *e)
{
	struct args a = args_net(net, length(address) + length(mac));

	xdr_put_optional(&a.w, address);
	xdr_put_optional(&a.w, mac);
	wr_u32(&a.w, max);
	return args_to_text(c, RPC_PROGRAM_NETD, RPC_NETD_LEASE_HISTORY, &a, ret_json, e);
}
