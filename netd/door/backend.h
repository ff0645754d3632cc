/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backend.h — what the door asks of the controller: the policy behind the sockets, as a table of
 * functions.
 *
 * The door has decoded the arguments, checked flags and sizes, and refused writes on read-only
 * connections before it calls. Facts are asked for and answered at once. Every other function gets
 * a `struct door_call`, must not block, and answers it exactly once, at once or later, by a
 * door_reply_…() that fits the procedure or by door_fail() (netd/door/door.h). Strings and structs
 * passed in are valid only during the call: copy what is needed later.
 *
 * A network that is not there is the backend's to report: door_fail_no_network() words it as
 * libvirt does. A function pointer may be NULL: the door then answers ERR_NO_SUPPORT. */
#ifndef NETD_BACKEND_H
#define NETD_BACKEND_H

#include "rpc/types.h"

struct door_call;

/* What the door tells about a network by itself: lists, lookups, net-info. */
struct door_network {
	const char *name;
	struct uuid uuid;
	bool active, persistent, autostart;
	const char *bridge; /* NULL: none */
	const char *title;  /* NULL: none */
};

/* A port that is to be made with its interface. NULL, where it may be: netd's choice, or none. */
struct door_port_wish {
	const char *interface;       /* on the host, or NULL */
	const char *guest_interface; /* a veth pair, its other end so named in netns_fd; NULL: a
					tap */
	int netns_fd;          /* closed by the door when the function returns: dup it for later */
	const struct mac *mac; /* or NULL */
	const char *group;     /* portgroup, or NULL: the default one */
	const char *owner;     /* whose it is, for people; or NULL */
	uint32_t uid, gid;     /* who may open the tap; UINT32_MAX: nobody in particular */
	uint32_t flags;        /* RPC_TAP_*, RPC_PORT_ADD_* */
	const struct rpc_param *params; /* bandwidth, as in port_set_params */
	size_t n_params;
};

struct door_backend {
	void *data; /* first argument of each function */

	/* Facts. The pointers in *ret need to be valid until the door returns to the loop. */

	/* Call `visit` for each network, in order of name, while it returns true. */
	void (*each)(void *data, bool (*visit)(void *ctx, const struct door_network *n), void *ctx);
	/* By name, or by uuid when name is NULL. False: there is none. */
	bool (*find)(void *data, const char *name, const struct uuid *uuid,
		     struct door_network *ret);

	/* Actions: reply as noted. Flags have been checked against the bits that libvirt knows. */

	/* door_reply_net(). The XML is terminated, without NUL inside, of at most DOOR_XML_MAX
	 * octets. */
	void (*define_xml)(void *data, struct door_call *call, const char *xml, size_t n,
			   bool validate);
	void (*create_xml)(void *data, struct door_call *call, const char *xml, size_t n,
			   bool validate);
	/* door_reply_void() */
	void (*start)(void *data, struct door_call *call, const struct rpc_net *net);
	void (*destroy)(void *data, struct door_call *call, const struct rpc_net *net);
	void (*undefine)(void *data, struct door_call *call, const struct rpc_net *net);
	void (*set_autostart)(void *data, struct door_call *call, const struct rpc_net *net,
			      bool on);
	/* door_reply_text() */
	void (*get_xml)(void *data, struct door_call *call, const struct rpc_net *net,
			bool inactive);
	/* door_reply_leases(); mac NULL: all */
	void (*leases)(void *data, struct door_call *call, const struct rpc_net *net,
		       const struct mac *mac);
	/* door_reply_void(); `flags` are RPC_AFFECT_* */
	void (*update)(void *data, struct door_call *call, const struct rpc_net *net,
		       uint32_t command, uint32_t section, int32_t parent_index, const char *xml,
		       uint32_t flags);
	/* door_reply_void(); text NULL: remove. key and uri only for RPC_METADATA_ELEMENT, else
	 * NULL */
	void (*set_metadata)(void *data, struct door_call *call, const struct rpc_net *net,
			     enum rpc_metadata_type type, const char *text, const char *key,
			     const char *uri, uint32_t flags);
	/* door_reply_text() */
	void (*get_metadata)(void *data, struct door_call *call, const struct rpc_net *net,
			     enum rpc_metadata_type type, const char *uri, uint32_t flags);

	/* door_reply_ports() */
	void (*port_list)(void *data, struct door_call *call, const struct rpc_net *net);
	/* door_reply_port() */
	void (*port_lookup)(void *data, struct door_call *call, const struct rpc_net *net,
			    const struct uuid *uuid);
	/* door_reply_port(); `flags`: RPC_PORT_* */
	void (*port_create)(void *data, struct door_call *call, const struct rpc_net *net,
			    const char *xml, size_t n, uint32_t flags);
	/* door_reply_text() */
	void (*port_get_xml)(void *data, struct door_call *call, const struct rpc_port *port);
	/* door_reply_void() */
	void (*port_delete)(void *data, struct door_call *call, const struct rpc_port *port);
	/* door_reply_params() */
	void (*port_get_params)(void *data, struct door_call *call, const struct rpc_port *port);
	/* door_reply_void() */
	void (*port_set_params)(void *data, struct door_call *call, const struct rpc_port *port,
				const struct rpc_param *params, size_t n);

	/* netd's own program. */

	void (*status)(void *data, struct door_call *call); /* door_reply_text(): JSON */
	void (*check)(void *data, struct door_call *call, uint32_t flags); /* door_reply_text() */
	void (*plan)(void *data, struct door_call *call, const struct rpc_net *net,
		     uint32_t what); /* text */
	void (*rules)(void *data, struct door_call *call,
		      const struct rpc_net *net); /* text: JSON, netd/kernel/rules.h */
	void (*own_rules)(void *data, struct door_call *call, const struct rpc_net *net); /* text */
	/* door_reply_void(); an empty text removes them */
	void (*own_rules_set)(void *data, struct door_call *call, const struct rpc_net *net,
			      const char *text);
	/* door_reply_text(); by name, because it outlives the network */
	void (*history)(void *data, struct door_call *call, const char *name);
	void (*history_get)(void *data, struct door_call *call, const char *name, uint32_t number);
	/* door_reply_text(): what was done. source NULL: none; `flags`: RPC_APPLY_* */
	void (*apply)(void *data, struct door_call *call, const char *xml, size_t n,
		      const char *source, uint32_t flags);
	void (*applied)(void *data, struct door_call *call, const char *source); /* text: JSON */
	/* door_reply_attached(); mac NULL: choose one. netns_fd is closed by the door when the
	 * function returns: dup it for later. */
	void (*guest_attach)(void *data, struct door_call *call, const struct rpc_net *net,
			     const char *interface, const struct mac *mac, int netns_fd);
	/* text: JSON, as rpc/protocol.h says */
	void (*lease_list)(void *data, struct door_call *call, const struct rpc_net *net);
	/* door_reply_void() */
	void (*lease_release)(void *data, struct door_call *call, const struct rpc_net *net,
			      const struct ip *ip);
	void (*lease_pin)(void *data, struct door_call *call, const struct rpc_net *net,
			  const struct ip *ip);
	/* text: JSON; ip and mac NULL: all */
	void (*lease_history)(void *data, struct door_call *call, const struct rpc_net *net,
			      const struct ip *ip, const struct mac *mac, uint32_t max);
	/* text: JSON; `type` is as the client wrote it */
	void (*dns_lookup)(void *data, struct door_call *call, const struct rpc_net *net,
			   const char *name, const char *type);
	void (*dns_cache)(void *data, struct door_call *call, const struct rpc_net *net,
			  uint64_t after);
	void (*dns_flush)(void *data, struct door_call *call, const struct rpc_net *net);
	void (*dns_stats)(void *data, struct door_call *call, const struct rpc_net *net);
	void (*dns_log)(void *data, struct door_call *call, const struct rpc_net *net,
			uint64_t after);
	/* door_reply_text(): JSON, see rpc/protocol.h */
	void (*port_add)(void *data, struct door_call *call, const struct rpc_net *net,
			 const struct door_port_wish *wish);
	/* door_reply_text(): JSON */
	void (*ports)(void *data, struct door_call *call, const struct rpc_net *net);
	/* door_reply_void(); `which` is an interface or a port's uuid */
	void (*port_remove)(void *data, struct door_call *call, const struct rpc_net *net,
			    const char *which);
};

#endif
