/* SPDX-License-Identifier: GPL-2.0-or-later */
/* messages.h — the types of the messages between netd's processes. Bodies are XDR; each group's
 * structs, encoders and decoders are in the header named beside it. A network is named by a net_id:
 * a number the controller gives it, never 0, never used twice in one life of the controller. */
#ifndef NETD_MESSAGES_H
#define NETD_MESSAGES_H

enum message_type {
	/* keeper <-> controller: netd/messages/messages-keeper.h */
	MSG_HELD = 1, /* keeper: a descriptor held since before; name + 1 fd */
	MSG_HELLO,    /* keeper: all held descriptors have been sent; paths and options */
	MSG_STORE,    /* controller: hold this; name + 1 fd (replaces one of the same name) */
	MSG_DROP,     /* controller: close what is held under name */
	MSG_SPAWN,    /* controller: start a worker; worker id, role */
	MSG_SPAWNED,  /* keeper: worker id, pid + channel fd + shared memory fd */
	MSG_DIED,     /* keeper: worker id, wait status */
	MSG_KILL,     /* controller: kill the worker with this id */
	MSG_READY,    /* controller: serving; status text */
	MSG_STOP,     /* keeper: leave in good order (networks stay) */
	MSG_RELOAD,   /* keeper: somebody sent SIGHUP */
	MSG_FAILED,   /* controller: cannot serve, and why; it ends after this */

	/* every line */
	MSG_PING = 20, /* u64, to be returned in */
	MSG_PONG,

	/* controller -> dhcp worker: netd/messages/messages-dhcp.h */
	MSG_DHCP_NAMES = 39, /* net_id, what guests are called, for those that send no name; of both
				families */
	MSG_DHCP4_CONFIG = 40, /* add or replace a network's address service */
	MSG_DHCP4_SOCKETS, /* net_id + [UDP socket bound to bridge and port 67, packet socket for
			      send()] */
	MSG_DHCP4_RESTORE, /* bindings and declined addresses from the store; before the sockets */
	MSG_DHCP4_COMMITTED, /* token, what the store says */
	MSG_DHCP4_REMOVE,    /* net_id: forget, close */
	MSG_DHCP4_FREE,      /* net_id, address: release a binding on an administrator's word */
	/* dhcp worker -> controller */
	MSG_DHCP4_BINDING,  /* net_id, token (0: no answer wanted), what happened, the binding */
	MSG_DHCP4_COUNTERS, /* net_id, counters */
	/* controller -> dhcp worker */
	MSG_DHCP4_HOSTS, /* net_id, some static hosts of its config in the place of others */
	/* dhcp worker -> controller */
	MSG_DHCP4_ROUTE, /* net_id, address, port, payload: a reply that isn't for the network's own
			    link, to be sent by the kernel's routes */

	/* controller -> dhcp worker: netd/messages/messages-dhcp6.h */
	MSG_RA_CONFIG = 50, /* add or replace a network's router advertisements */
	MSG_DHCP6_CONFIG,   /* add or replace its DHCPv6 service */
	MSG_IP6_SOCKETS,    /* net_id + [packet socket for both] */
	MSG_DHCP6_RESTORE,  /* bindings and declined addresses from the store; before the sockets */
	MSG_DHCP6_COMMITTED, /* token, what the store says */
	MSG_IP6_REMOVE,      /* net_id: forget both, close */
	/* dhcp worker -> controller */
	MSG_DHCP6_BINDING, /* net_id, token (0: no answer wanted), what happened, the binding */
	MSG_IP6_COUNTERS,  /* net_id, counters of both */
	/* controller -> dhcp worker */
	MSG_DHCP6_FREE = 58, /* net_id, address: as MSG_DHCP4_FREE */
	MSG_DHCP_PORT_GONE,  /* net_id, port: of both families */

	/* controller -> dns worker: netd/messages/messages-dns.h */
	MSG_DNS_CONFIG = 60, /* add or replace a network's name service */
	MSG_DNS_SOCKETS, /* net_id, which + [UDP, TCP listener on the bridge, the same two on lo, …
			    for IPv6] */
	MSG_DNS_LEASE,   /* net_id, add or remove, name, address */
	MSG_DNS_UPSTREAMS, /* the host's resolvers */
	MSG_DNS_REMOVE,    /* net_id */
	/* dns worker -> controller */
	MSG_DNS_COUNTERS,
	/* controller -> dns worker */
	MSG_DNS_HOSTS, /* net_id, names of its config that go and that come */
	/* netd/messages/messages-dns-ask.h */
	MSG_DNS_ASK = 70, /* net_id, token, a question about the name service itself */
	/* dns worker -> controller */
	MSG_DNS_TOLD, /* net_id, token, its answer */

	/* controller -> files worker: netd/messages/messages-files.h */
	MSG_FILES_SERVE =
	    80, /* net_id, MTU + [root folder, UDP 69, UDP for data …, TCP listener]; once */
	/* files worker -> controller */
	MSG_FILES_COUNTERS,
};

#endif
