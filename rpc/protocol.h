/* SPDX-License-Identifier: GPL-2.0-or-later */
/* protocol.h — the numbers of the wire: programs, procedures, limits, flags.
 *
 * One socket carries three programs. `remote` is libvirt's own, so that virsh, its bindings and the
 * QEMU driver are clients unchanged; `keepalive` is libvirt's too; `netd` is ours, for what libvirt
 * has no procedure for. All share the framing (rpc/frame.h) and the codec (rpc/xdr.h).
 *
 * Beside each procedure of ours stand its arguments and reply in the words of RFC 4506; `net` is
 * {string name; opaque uuid[16]}, `type?` an optional. libvirt's shapes are libvirt's. */
#ifndef RPC_PROTOCOL_H
#define RPC_PROTOCOL_H

#define RPC_PROGRAM_REMOTE    0x20008086u
#define RPC_PROGRAM_KEEPALIVE 0x6b656570u
#define RPC_PROGRAM_NETD      0x6e657464u /* "netd" */
#define RPC_VERSION           1u          /* of each of the three */

/* The URI of the connection; CONNECT_OPEN accepts nothing else. */
#define RPC_URI "network:///system"

enum rpc_type {
	RPC_CALL = 0,
	RPC_REPLY = 1,
	RPC_MESSAGE = 2, /* an event or a keepalive: not answered by a reply */
	RPC_STREAM = 3,
	RPC_CALL_WITH_FDS = 4,
	RPC_REPLY_WITH_FDS = 5,
	RPC_STREAM_HOLE = 6,
};
enum rpc_status { RPC_OK = 0, RPC_ERROR = 1, RPC_CONTINUE = 2 };

/* Octets. A message includes its own length word. */
#define RPC_HEADER_SIZE     28u
#define RPC_MESSAGE_MAX     33554432u /* what libvirt accepts today */
#define RPC_CALL_MAX        4194304u  /* what netd accepts from a client */
#define RPC_REPLY_MAX       16777216u /* what older libvirts accept from us */
#define RPC_STRING_MAX      4194304u
#define RPC_NAME_MAX        255u /* a network's or an interface's name; longer ones match nothing */
#define RPC_FDS_MAX         32u
#define RPC_NETWORKS_MAX    16384u
#define RPC_PORTS_MAX       16384u
#define RPC_LEASES_MAX      65536u
#define RPC_PORT_PARAMS_MAX 16u
#define RPC_IDENTITY_MAX    20u
#define RPC_PARAM_FIELD_MAX 80u
#define RPC_AUTH_TYPES_MAX  20u

enum rpc_proc {
	RPC_CONNECT_OPEN = 1,
	RPC_CONNECT_CLOSE = 2,
	RPC_CONNECT_GET_TYPE = 3,
	RPC_CONNECT_GET_VERSION = 4,
	RPC_CONNECT_GET_CAPABILITIES = 7,
	RPC_CONNECT_LIST_DEFINED_NETWORKS = 36,
	RPC_CONNECT_LIST_NETWORKS = 38,
	RPC_NETWORK_CREATE = 39,
	RPC_NETWORK_CREATE_XML = 40,
	RPC_NETWORK_DEFINE_XML = 41,
	RPC_NETWORK_DESTROY = 42,
	RPC_NETWORK_GET_XML_DESC = 43,
	RPC_NETWORK_GET_AUTOSTART = 44,
	RPC_NETWORK_GET_BRIDGE_NAME = 45,
	RPC_NETWORK_LOOKUP_BY_NAME = 46,
	RPC_NETWORK_LOOKUP_BY_UUID = 47,
	RPC_NETWORK_SET_AUTOSTART = 48,
	RPC_NETWORK_UNDEFINE = 49,
	RPC_CONNECT_NUM_OF_DEFINED_NETWORKS = 50,
	RPC_CONNECT_NUM_OF_DOMAINS = 51,
	RPC_CONNECT_NUM_OF_NETWORKS = 52,
	RPC_CONNECT_GET_HOSTNAME = 59,
	RPC_CONNECT_SUPPORTS_FEATURE = 60,
	RPC_AUTH_LIST = 66,
	RPC_AUTH_SASL_INIT = 67,
	RPC_AUTH_SASL_START = 68,
	RPC_AUTH_SASL_STEP = 69,
	RPC_AUTH_POLKIT = 70,
	RPC_CONNECT_GET_URI = 110,
	RPC_CONNECT_IS_SECURE = 149,
	RPC_NETWORK_IS_ACTIVE = 152,
	RPC_NETWORK_IS_PERSISTENT = 153,
	RPC_CONNECT_GET_LIB_VERSION = 157,
	RPC_CONNECT_LIST_ALL_NETWORKS = 283,
	RPC_NETWORK_UPDATE = 291,
	RPC_CONNECT_NETWORK_EVENT_REGISTER_ANY = 313,
	RPC_CONNECT_NETWORK_EVENT_DEREGISTER_ANY = 314,
	RPC_NETWORK_EVENT_LIFECYCLE = 315,
	RPC_NETWORK_GET_DHCP_LEASES = 341,
	RPC_CONNECT_REGISTER_CLOSE_CALLBACK = 360,
	RPC_CONNECT_UNREGISTER_CLOSE_CALLBACK = 361,
	RPC_CONNECT_EVENT_CONNECTION_CLOSED = 362,
	RPC_NETWORK_LIST_ALL_PORTS = 404,
	RPC_NETWORK_PORT_LOOKUP_BY_UUID = 405,
	RPC_NETWORK_PORT_CREATE_XML = 406,
	RPC_NETWORK_PORT_GET_PARAMETERS = 407,
	RPC_NETWORK_PORT_SET_PARAMETERS = 408,
	RPC_NETWORK_PORT_GET_XML_DESC = 409,
	RPC_NETWORK_PORT_DELETE = 410,
	RPC_CONNECT_SET_IDENTITY = 419,
	RPC_NETWORK_DEFINE_XML_FLAGS = 432,
	RPC_NETWORK_CREATE_XML_FLAGS = 437,
	RPC_NETWORK_SET_METADATA = 444,
	RPC_NETWORK_GET_METADATA = 445,
	RPC_NETWORK_EVENT_METADATA_CHANGE = 446,
	/* The last that is known of libvirt's: a higher number is an unknown procedure, which makes
	 * its clients try an older one. */
	RPC_PROC_LAST = RPC_NETWORK_EVENT_METADATA_CHANGE,
};

/* Program RPC_PROGRAM_NETD. */
enum rpc_netd_proc {
	RPC_NETD_STATUS = 1, /* - -> string: a JSON object with version, networks, processes */
	RPC_NETD_GUEST_ATTACH = 2, /* net, string interface, string? mac + [netns] -> string
				    * host_interface, string mac, string bridge */
	/* 3 was a tap without a port */
	RPC_NETD_PORT_REMOVE = 4,   /* net, string which: an interface or a port's uuid -> - */
	RPC_NETD_NETWORK_PLAN = 5,  /* net, u32 what -> string */
	RPC_NETD_NETWORK_RULES = 6, /* net -> string: a JSON object with network, bridge, rules */
	RPC_NETD_CHECK = 7,         /* u32 flags -> string */
	RPC_NETD_LIST = 8,    /* u32 flags -> row<>, row = {net, u32 state, string? bridge, string?
			       * title}:    all that net-list shows, in one round trip */
	RPC_NETD_HISTORY = 9, /* string name -> string: JSON {network, definitions: [{number, time,
			       * octets}]}, oldest first; also of a network that was undefined */
	RPC_NETD_HISTORY_GET = 10, /* string name, u32 number -> string: XML */
	RPC_NETD_APPLY =
	    11, /* string xml, string? source, u32 flags -> string: JSON {network, uuid,
		 * definition: defined|changed|unchanged,
		 * running: no|started|changed|unchanged|pending, pending: why or null};
		 * of a dry run also {before, after: XML, plan: text} */
	RPC_NETD_APPLIED = 12, /* string source -> string: JSON {networks: [name]} */
	RPC_NETD_PORT_ADD =
	    13, /* net, string? interface, string? guest_interface, string? mac, string? portgroup,
		 * string? owner, u32 uid, u32 gid, u32 flags, param<16> bandwidth, with
		 * guest_interface + [netns] -> string: JSON {network, uuid, interface, type:
		 * tap|veth, mac, bridge, portgroup or null} */
	RPC_NETD_PORT_LIST = 14, /* net -> string: JSON {network, bridge, active, ports:
				  * [{interface, type, mac, uuid, portgroup, owner, isolated, state,
				  * made-by-netd}]}, what isn't known is null */
	RPC_NETD_EVENT_REGISTER =
	    40, /* i32 event (an enum rpc_event_id of ours), net? -> i32 callback */
	RPC_NETD_EVENT_DEREGISTER = 41, /* i32 callback -> - */
	RPC_NETD_EVENT_CONDITION = 42,  /* a message: i32 callback, net (name "": the host as a
					 * whole),  i32 change (enum rpc_condition_change), string
					 * kind, string  object, i64 since (seconds since 1970),
					 * string text, string  to_do */
	RPC_NETD_OWN_RULES = 50,     /* net -> string: the network's own rules (firewall/own.h) */
	RPC_NETD_OWN_RULES_SET = 51, /* net, string text -> -; "" removes them */
	RPC_NETD_LEASE_LIST = 60, /* net -> string: JSON {network, bridge, pools: [{protocol, size,
				   * bound, declined, free}], leases: [{protocol, ip-address,
				   * prefix, mac-address, hostname, client-id, iaid, state:
				   * bound|declined, static, since, expiry-time, port}]}, a guest's
				   * leases one after the other; expiry-time null: never */
	RPC_NETD_LEASE_RELEASE = 61, /* net, string address -> - */
	RPC_NETD_LEASE_PIN = 62,     /* net, string address -> -: the lease becomes a static host */
	RPC_NETD_LEASE_HISTORY =
	    63, /* net, string? address, string? mac, u32 max -> string: JSON {network, history:
		 * [{protocol, ip-address, mac-address, hostname, client-id, from, until}]}, newest
		 * first; until null: still held */
	RPC_NETD_EVENT_LEASE = 64, /* a message: i32 callback, net, i32 change (enum
				    * rpc_lease_change), string address, string mac, string
				    * hostname, i64 expiry (seconds since 1970, 0: never) */
	/* What a network's name server answers, keeps and is asked; `source`: record, lease, zone,
	 * cache, stale-cache, upstream or none; `status`: NOERROR, NXDOMAIN, …; server null: none.
	 */
	RPC_NETD_DNS_LOOKUP =
	    100, /* net, string name, string type -> string: JSON {network, name, type, status,
		  * source, server, authoritative, authenticated, took-usec, complete, answer,
		  * authority, additional: [{name, type, ttl, data}]} */
	RPC_NETD_DNS_CACHE =
	    101, /* net, u64 after (0: from the beginning) -> string: JSON {network, entries,
		  * octets, octets-max, next: for `after` of the next page, null: none; cache:
		  * [{name, type, status, ttl, expired, negative, dnssec, checking-disabled,
		  * octets}]} */
	RPC_NETD_DNS_FLUSH = 102, /* net -> string: JSON {network, removed} */
	RPC_NETD_DNS_STATS =
	    103, /* net -> string: JSON {network, status: {name: replies}, source: {name: replies},
		  * counters: {name: n}, cache: {entries, octets, octets-max}, in-flight, clients:
		  * [{address, queries, at-least}], the busiest first; upstreams: [{server,
		  * rtt-usec, silent}]} */
	RPC_NETD_DNS_LOG =
	    104, /* net, u64 after (0: from now on) -> string: JSON {network, next, lost, queries:
		  * [{time-usec, client, transport, name, type, status, answers, source, server,
		  * took-usec}]}; waits for a query, about a second */
};

enum rpc_keepalive_proc { RPC_KEEPALIVE_PING = 1, RPC_KEEPALIVE_PONG = 2 };

#define RPC_OPEN_READONLY 1u /* CONNECT_OPEN flags */

/* CONNECT_SUPPORTS_FEATURE */
enum rpc_feature {
	RPC_FEATURE_FD_PASSING = 8,
	RPC_FEATURE_TYPED_PARAM_STRING = 9,
	RPC_FEATURE_KEEPALIVE = 10, /* the only one that may be asked before CONNECT_OPEN */
	RPC_FEATURE_EVENT_FILTERING = 14,
	RPC_FEATURE_CLOSE_CALLBACK = 15,
	RPC_FEATURE_UPDATE_ORDER =
	    16, /* without it clients swap command and section in NETWORK_UPDATE */
};

enum rpc_auth { RPC_AUTH_NONE = 0, RPC_AUTH_SASL = 1, RPC_AUTH_TYPE_POLKIT = 2 };

/* LIST_ALL_NETWORKS and RPC_NETD_LIST flags, and a row's state (the positive bits). None of a pair:
 * the pair doesn't filter. */
enum rpc_list_flags {
	RPC_LIST_INACTIVE = 1,
	RPC_LIST_ACTIVE = 2,
	RPC_LIST_PERSISTENT = 4,
	RPC_LIST_TRANSIENT = 8,
	RPC_LIST_AUTOSTART = 16,
	RPC_LIST_NO_AUTOSTART = 32,
	RPC_LIST_ALL_FLAGS = 63,
};

#define RPC_DEFINE_VALIDATE 1u /* DEFINE_XML_FLAGS, CREATE_XML_FLAGS */
#define RPC_XML_INACTIVE    1u /* GET_XML_DESC */

enum rpc_update_command {
	RPC_UPDATE_MODIFY = 1,
	RPC_UPDATE_DELETE = 2,
	RPC_UPDATE_ADD_LAST = 3,
	RPC_UPDATE_ADD_FIRST = 4,
};
enum rpc_update_section {
	RPC_SECTION_BRIDGE = 1,
	RPC_SECTION_DOMAIN = 2,
	RPC_SECTION_IP = 3,
	RPC_SECTION_IP_DHCP_HOST = 4,
	RPC_SECTION_IP_DHCP_RANGE = 5,
	RPC_SECTION_FORWARD = 6,
	RPC_SECTION_FORWARD_INTERFACE = 7,
	RPC_SECTION_FORWARD_PF = 8,
	RPC_SECTION_PORTGROUP = 9,
	RPC_SECTION_DNS_HOST = 10,
	RPC_SECTION_DNS_TXT = 11,
	RPC_SECTION_DNS_SRV = 12,
};
/* NETWORK_UPDATE, SET_METADATA, GET_METADATA: 0 means what the network runs with now. */
#define RPC_AFFECT_LIVE   1u
#define RPC_AFFECT_CONFIG 2u

enum rpc_metadata_type {
	RPC_METADATA_DESCRIPTION = 0,
	RPC_METADATA_TITLE = 1,
	RPC_METADATA_ELEMENT = 2,
};

enum rpc_event_id {
	RPC_EVENT_LIFECYCLE = 0,
	RPC_EVENT_METADATA_CHANGE = 1,
	/* Ours, which RPC_NETD_EVENT_REGISTER takes; libvirt's numbers stay free. */
	RPC_EVENT_CONDITION = 1000,
	RPC_EVENT_LEASE = 1001,
};
enum rpc_lease_change {
	RPC_LEASE_GRANTED = 0,
	RPC_LEASE_EXTENDED = 1,
	RPC_LEASE_RENAMED = 2,
	RPC_LEASE_RELEASED = 3,
	RPC_LEASE_DECLINED = 4,
	RPC_LEASE_EXPIRED = 5,
};
enum rpc_condition_change { RPC_CONDITION_RAISED = 0, RPC_CONDITION_CLEARED = 1 };
enum rpc_lifecycle {
	RPC_LIFECYCLE_DEFINED = 0,
	RPC_LIFECYCLE_UNDEFINED = 1,
	RPC_LIFECYCLE_STARTED = 2,
	RPC_LIFECYCLE_STOPPED = 3,
};

#define RPC_PORT_RECLAIM  1u /* NETWORK_PORT_CREATE_XML flags */
#define RPC_PORT_VALIDATE 2u

enum rpc_lease_type { RPC_LEASE_IPV4 = 0, RPC_LEASE_IPV6 = 1 };

/* RPC_NETD_NETWORK_PLAN: which part of the plan. */
enum rpc_plan_what {
	RPC_PLAN_ALL = 0,
	RPC_PLAN_LINKS = 1,
	RPC_PLAN_FIREWALL = 2,
	RPC_PLAN_SERVICES = 3
};

/* RPC_NETD_APPLY flags */
#define RPC_APPLY_DRY_RUN   1u /* tell, and do nothing */
#define RPC_APPLY_START     2u /* start the network unless it runs */
#define RPC_APPLY_AUTOSTART 4u /* mark it as autostarted */
#define RPC_APPLY_VALIDATE  8u /* check the schema */
#define RPC_APPLY_KEEP_UUID                                                                        \
	16u                  /* an existing network keeps its uuid, whatever the definition says */
#define RPC_APPLY_CONFIG 32u /* leave the running network alone */
#define RPC_APPLY_STORED                                                                           \
	64u /* a file that another daemon has run: what is merely unwise is a warning */
#define RPC_APPLY_ALL_FLAGS 127u

/* RPC_NETD_PORT_ADD flags */
#define RPC_TAP_VNET_HDR       1u
#define RPC_TAP_MULTI_QUEUE    2u
#define RPC_PORT_ADD_ISOLATED  4u
#define RPC_PORT_ADD_ALL_FLAGS 7u

#endif
