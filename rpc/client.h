/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client.h — a blocking client of netd's sockets (and, for libvirt's procedures, of libvirt's own
 * daemons).
 *
 * Every call returns 0 or -errno and fills the err: for an error that the daemon sent, `class` is
 * its code and msg the whole text that libvirt's tools would print ("Network not found: no network
 * with matching name 'x'"); for a broken line, class is ERR_RPC or ERR_SYSTEM. Strings in ret_… are
 * new, the caller frees them. A client is not thread safe. A call waits RPC_CALL_TIMEOUT_SEC at
 * most. */
#ifndef RPC_CLIENT_H
#define RPC_CLIENT_H

#include "rpc/types.h"

#define RPC_CALL_TIMEOUT_SEC 120

struct rpc_client; /* opaque; heap */

/* Connect and open network:///system. One round trip. */
int client_open(const char *socket_path, bool read_only, struct rpc_client **ret, struct err *e)
    mustcheck;
/* A client on a connected socket whose other end wants no greeting; takes the socket over in any
 * case. NULL when out of memory. */
struct rpc_client *client_adopt(int fd) mustcheck;
/* Hangs up. NULL is fine. */
void client_free(struct rpc_client *c);
int client_fd(const struct rpc_client *c);

/* The networks that match the flags (enum rpc_list_flags, 0: all), sorted by name; one round trip.
 */
int client_list(struct rpc_client *c, uint32_t flags, struct rpc_row **ret_rows, size_t *ret_n,
		struct err *e) mustcheck;

/* As virsh does: 36 characters are tried as a UUID first, then everything is tried as a name. */
int client_lookup(struct rpc_client *c, const char *name_or_uuid, struct rpc_net *ret,
		  struct err *e) mustcheck;
int client_lookup_name(struct rpc_client *c, const char *name, struct rpc_net *ret, struct err *e)
    mustcheck;
int client_lookup_uuid(struct rpc_client *c, const struct uuid *uuid, struct rpc_net *ret,
		       struct err *e) mustcheck;

/* `flags`: RPC_DEFINE_VALIDATE or 0. client_create_xml makes a transient network and starts it. */
int client_define_xml(struct rpc_client *c, const char *xml, uint32_t flags, struct rpc_net *ret,
		      struct err *e) mustcheck;
int client_create_xml(struct rpc_client *c, const char *xml, uint32_t flags, struct rpc_net *ret,
		      struct err *e) mustcheck;
int client_start(struct rpc_client *c, const struct rpc_net *net, struct err *e) mustcheck;
int client_destroy(struct rpc_client *c, const struct rpc_net *net, struct err *e) mustcheck;
int client_undefine(struct rpc_client *c, const struct rpc_net *net, struct err *e) mustcheck;

/* `flags`: RPC_XML_INACTIVE or 0. */
int client_get_xml(struct rpc_client *c, const struct rpc_net *net, uint32_t flags, char **ret,
		   struct err *e) mustcheck;
/* Fails with ERR_INTERNAL for a network without a bridge. */
int client_get_bridge(struct rpc_client *c, const struct rpc_net *net, char **ret, struct err *e)
    mustcheck;
int client_get_autostart(struct rpc_client *c, const struct rpc_net *net, bool *ret, struct err *e)
    mustcheck;
int client_set_autostart(struct rpc_client *c, const struct rpc_net *net, bool on, struct err *e)
    mustcheck;
int client_is_active(struct rpc_client *c, const struct rpc_net *net, bool *ret, struct err *e)
    mustcheck;
int client_is_persistent(struct rpc_client *c, const struct rpc_net *net, bool *ret, struct err *e)
    mustcheck;

/* mac NULL: all. The caller ends with rpc_leases_done(). */
int client_get_leases(struct rpc_client *c, const struct rpc_net *net, const char *mac,
		      struct rpc_leases *ret, struct err *e) mustcheck;

/* parent_index -1: not given. `flags`: RPC_AFFECT_*. */
int client_update(struct rpc_client *c, const struct rpc_net *net, enum rpc_update_command command,
		  enum rpc_update_section section, int32_t parent_index, const char *xml,
		  uint32_t flags, struct err *e) mustcheck;
/* `uri` only for RPC_METADATA_ELEMENT. */
int client_get_metadata(struct rpc_client *c, const struct rpc_net *net,
			enum rpc_metadata_type type, const char *uri, uint32_t flags, char **ret,
			struct err *e) mustcheck;
/* text NULL: remove. */
int client_set_metadata(struct rpc_client *c, const struct rpc_net *net,
			enum rpc_metadata_type type, const char *text, const char *key,
			const char *uri, uint32_t flags, struct err *e) mustcheck;

/* ---- ports ---- */
int client_port_list(struct rpc_client *c, const struct rpc_net *net, struct uuid **ret,
		     size_t *ret_n, struct err *e) mustcheck;
int client_port_lookup(struct rpc_client *c, const struct rpc_net *net, const struct uuid *uuid,
		       struct rpc_port *ret, struct err *e) mustcheck;
int client_port_create(struct rpc_client *c, const struct rpc_net *net, const char *xml,
		       uint32_t flags, struct rpc_port *ret, struct err *e) mustcheck;
int client_port_get_xml(struct rpc_client *c, const struct rpc_port *port, char **ret,
			struct err *e) mustcheck;
int client_port_delete(struct rpc_client *c, const struct rpc_port *port, struct err *e) mustcheck;
int client_port_get_params(struct rpc_client *c, const struct rpc_port *port,
			   struct rpc_param ret[static RPC_PORT_PARAMS_MAX], size_t *ret_n,
			   struct err *e) mustcheck;
int client_port_set_params(struct rpc_client *c, const struct rpc_port *port,
			   const struct rpc_param *params, size_t n, struct err *e) mustcheck;

/* ---- events ---- */
struct rpc_event {
	enum rpc_event_id id;
	struct rpc_net net;
	int32_t event; /* lifecycle: enum rpc_lifecycle; metadata: enum rpc_metadata_type */
	char uri[256]; /* metadata: the namespace, "" if none; longer ones are cut */
	/* Condition: `event` is an enum rpc_condition_change, net.name "" the host as a whole. */
	char kind[32], object[64], text[256], to_do[256];
	int64_t since_sec;
	/* Lease: `event` is an enum rpc_lease_change; hostname "" if none. */
	char ip[IP_TEXT_MAX], mac[MAC_TEXT_MAX], hostname[64];
	int64_t expiry_sec; /* since 1970; 0: never */
};
/* net NULL: of all networks. Deregister with the same id. */
int client_event_register(struct rpc_client *c, enum rpc_event_id id, const struct rpc_net *net,
			  int32_t *ret_callback, struct err *e) mustcheck;
int client_event_deregister(struct rpc_client *c, enum rpc_event_id id, int32_t callback,
			    struct err *e) mustcheck;
/* The next event, also one that came while a call waited. 1: *ret is filled; 0: `timeout_ms` (-1:
 * never) passed, or a signal came; -errno. */
int client_event_wait(struct rpc_client *c, int timeout_ms, struct rpc_event *ret, struct err *e)
    mustcheck;

/* ---- netd's own program; a libvirt daemon answers ERR_RPC "Cannot find program …" ---- */
int client_status(struct rpc_client *c, char **ret_json, struct err *e) mustcheck;
int client_check(struct rpc_client *c, uint32_t flags, char **ret, struct err *e) mustcheck;
int client_plan(struct rpc_client *c, const struct rpc_net *net, enum rpc_plan_what what,
		char **ret, struct err *e) mustcheck;
int client_rules(struct rpc_client *c, const struct rpc_net *net, char **ret, struct err *e)
    mustcheck;

/* The administrator's own rules of a network; "" : there are none, and, set, removes them. */
int client_own_rules(struct rpc_client *c, const struct rpc_net *net, char **ret, struct err *e)
    mustcheck;
int client_own_rules_set(struct rpc_client *c, const struct rpc_net *net, const char *text,
			 struct err *e) mustcheck;

/* The definitions that a network had, as JSON; and one of them as XML. */
int client_history(struct rpc_client *c, const char *name, char **ret_json, struct err *e)
    mustcheck;
int client_history_get(struct rpc_client *c, const char *name, uint32_t number, char **ret,
		       struct err *e) mustcheck;

/* `source` may be NULL; `flags`: RPC_APPLY_*. The reply is JSON. */
int client_apply(struct rpc_client *c, const char *xml, const char *source, uint32_t flags,
		 char **ret_json, struct err *e) mustcheck;
/* The networks that were applied from `source`, as JSON. */
int client_applied(struct rpc_client *c, const char *source, char **ret_json, struct err *e)
    mustcheck;

struct rpc_attached {
	char host_interface[16], mac[18], bridge[16];
};
/* Give the namespace `netns_fd` an interface on the network. mac NULL: netd chooses. The caller
 * keeps the fd. */
int client_guest_attach(struct rpc_client *c, const struct rpc_net *net, const char *interface,
			const char *mac, int netns_fd, struct rpc_attached *ret, struct err *e)
    mustcheck;
/* A port with its interface; what is NULL is netd's to choose, or left out. */
struct rpc_port_wish {
	const char *interface; /* on the host */
	const char
	    *guest_interface; /* a veth pair, its other end so named in netns_fd; NULL: a tap */
	int netns_fd;         /* the caller keeps it */
	const char *mac, *group, *owner;
	uint32_t uid, gid; /* who may open the tap; UINT32_MAX: nobody in particular */
	uint32_t flags;    /* RPC_TAP_*, RPC_PORT_ADD_* */
	const struct rpc_param *params;
	size_t n_params; /* at most RPC_PORT_PARAMS_MAX */
};
int client_port_add(struct rpc_client *c, const struct rpc_net *net,
		    const struct rpc_port_wish *wish, char **ret_json, struct err *e) mustcheck;
/* Who hangs on the network, as JSON. */
int client_ports(struct rpc_client *c, const struct rpc_net *net, char **ret_json, struct err *e)
    mustcheck;
/* `which`: an interface, or the uuid of a port. */
int client_port_remove(struct rpc_client *c, const struct rpc_net *net, const char *which,
		       struct err *e) mustcheck;

/* Leases: JSON as rpc/protocol.h says. `address` and `mac` of the history may be NULL. */
int client_lease_list(struct rpc_client *c, const struct rpc_net *net, char **ret_json,
		      struct err *e) mustcheck;
int client_lease_release(struct rpc_client *c, const struct rpc_net *net, const char *address,
			 struct err *e) mustcheck;
int client_lease_pin(struct rpc_client *c, const struct rpc_net *net, const char *address,
		     struct err *e) mustcheck;
int client_lease_history(struct rpc_client *c, const struct rpc_net *net, const char *address,
			 const char *mac, uint32_t max, char **ret_json, struct err *e) mustcheck;

/* A network's name service (rpc/client-dns.c): JSON as rpc/protocol.h says. */
int client_dns_lookup(struct rpc_client *c, const struct rpc_net *net, const char *name,
		      const char *type, char **ret_json, struct err *e) mustcheck;
int client_dns_cache(struct rpc_client *c, const struct rpc_net *net, uint64_t after,
		     char **ret_json, struct err *e) mustcheck;
int client_dns_flush(struct rpc_client *c, const struct rpc_net *net, char **ret_json,
		     struct err *e) mustcheck;
int client_dns_stats(struct rpc_client *c, const struct rpc_net *net, char **ret_json,
		     struct err *e) mustcheck;
int client_dns_log(struct rpc_client *c, const struct rpc_net *net, uint64_t after, char **ret_json,
		   struct err *e) mustcheck;

/* ---- any other call ----
 * `args` is what the call carries, `reply` becomes a cursor over what came back, valid until the
 * next call on this client. The fds are sent with the call and stay the caller's. */
int client_call(struct rpc_client *c, uint32_t program, int32_t procedure, const struct wr *args,
		const int *fds, size_t n_fds, struct rd *reply, struct err *e) mustcheck;

#endif
