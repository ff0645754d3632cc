/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backend-internal.h — what the files of the backend share. */
#ifndef NETD_BACKEND_INTERNAL_H
#define NETD_BACKEND_INTERNAL_H

#include "netd/controller/backend-controller.h"
#include "netd/controller/controller.h"
#include "netd/door/door.h"

/* The network that is meant, or NULL: the call has been failed then. */
struct net *backend_net(struct controller *c, struct door_call *call, const struct rpc_net *ref);
/* The definition in a document, or NULL: the call has been failed then. */
struct network *backend_parse(struct door_call *call, const char *xml, size_t n, unsigned flags);
/* A lifecycle_done_fn: `data` is the call. */
void backend_replied_void(void *data, const struct net *n, const struct err *e);

/* backend-apply.c */
void backend_apply(void *data, struct door_call *call, const char *xml, size_t n,
		   const char *source, uint32_t flags);
void backend_applied(void *data, struct door_call *call, const char *source);
void backend_history(void *data, struct door_call *call, const char *name);
void backend_history_get(void *data, struct door_call *call, const char *name, uint32_t number);

/* backend-dns.c */
void backend_dns_lookup(void *data, struct door_call *call, const struct rpc_net *ref,
			const char *name, const char *type);
void backend_dns_cache(void *data, struct door_call *call, const struct rpc_net *ref,
		       uint64_t after);
void backend_dns_flush(void *data, struct door_call *call, const struct rpc_net *ref);
void backend_dns_stats(void *data, struct door_call *call, const struct rpc_net *ref);
void backend_dns_log(void *data, struct door_call *call, const struct rpc_net *ref, uint64_t after);

/* backend-lease.c */
void backend_leases(void *data, struct door_call *call, const struct rpc_net *ref,
		    const struct mac *mac);
void backend_lease_list(void *data, struct door_call *call, const struct rpc_net *ref);
void backend_lease_release(void *data, struct door_call *call, const struct rpc_net *ref,
			   const struct ip *ip);
void backend_lease_pin(void *data, struct door_call *call, const struct rpc_net *ref,
		       const struct ip *ip);
void backend_lease_history(void *data, struct door_call *call, const struct rpc_net *ref,
			   const struct ip *ip, const struct mac *mac, uint32_t max);

/* backend-change.c */
/* A change as net-update makes it; `flags` as for lifecycle_change(). Answers the call. */
void backend_change_section(struct controller *c, struct net *n, struct door_call *call,
			    uint32_t command, uint32_t section, int32_t parent_index,
			    const char *xml, unsigned flags);
void backend_update(void *data, struct door_call *call, const struct rpc_net *ref, uint32_t command,
		    uint32_t section, int32_t parent_index, const char *xml, uint32_t flags);
void backend_set_metadata(void *data, struct door_call *call, const struct rpc_net *ref,
			  enum rpc_metadata_type type, const char *text, const char *key,
			  const char *uri, uint32_t flags);
void backend_get_metadata(void *data, struct door_call *call, const struct rpc_net *ref,
			  enum rpc_metadata_type type, const char *uri, uint32_t flags);

/* backend-port.c */
void backend_port_list(void *data, struct door_call *call, const struct rpc_net *ref);
void backend_port_lookup(void *data, struct door_call *call, const struct rpc_net *ref,
			 const struct uuid *u);
void backend_port_create(void *data, struct door_call *call, const struct rpc_net *ref,
			 const char *xml, size_t len, uint32_t flags);
void backend_port_get_xml(void *data, struct door_call *call, const struct rpc_port *ref);
void backend_port_delete(void *data, struct door_call *call, const struct rpc_port *ref);
void backend_port_get_params(void *data, struct door_call *call, const struct rpc_port *ref);
void backend_port_add(void *data, struct door_call *call, const struct rpc_net *ref,
		      const struct door_port_wish *wish);
void backend_ports(void *data, struct door_call *call, const struct rpc_net *ref);
void backend_port_remove(void *data, struct door_call *call, const struct rpc_net *ref,
			 const char *which);
void backend_port_set_params(void *data, struct door_call *call, const struct rpc_port *ref,
			     const struct rpc_param *list, size_t count);

#endif
