/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door.h — the server side of netd's sockets: connections, authorisation, dispatch, events. No
 * policy: what is asked is answered by a struct door_backend (netd/door/backend.h).
 *
 * Runs on the controller's sd-event loop and never blocks. Whatever a client sends or fails to read
 * costs at most that client its connection: see the limits below. Not thread safe: call from the
 * loop's thread only. */
#ifndef NETD_DOOR_H
#define NETD_DOOR_H

#include "base/clock.h"
#include "netd/door/backend.h"
#include "netd/door/policy.h"

#include <systemd/sd-event.h>

#define DOOR_XML_MAX           (1024 * 1024) /* octets of a document in a call */
#define DOOR_CLIENTS_ROOT_ONLY 32            /* of all clients, kept for uid 0 */
#define DOOR_CALLBACKS_MAX     64            /* event registrations of one client */
#define DOOR_OPEN_SEC          10            /* from accept to CONNECT_OPEN */
#define DOOR_STALL_SEC         30   /* a reader that takes nothing for so long is dropped */
#define DOOR_LINGER_MSEC       1000 /* for the client to close first, after CONNECT_CLOSE */
#define DOOR_QUEUE_PAUSE       (256u * 1024)       /* octets not taken: no further calls are read */
#define DOOR_QUEUE_EVENTS_MAX  (1024u * 1024)      /* … an event finds: the client is dropped */
#define DOOR_QUEUE_MAX         (32u * 1024 * 1024) /* … with a reply: the client is dropped */
#define DOOR_QUEUES_MAX                                                                            \
	(128u * 1024 * 1024) /* … of all clients together: who wants more is dropped */
#define DOOR_READ_ONLY_CALL_MAX                                                                    \
	(256u * 1024) /* one message on the read-only socket: no document                          \
		       */

struct door; /* opaque; heap */

/* Bind a listening stream socket (CLOEXEC, non-blocking) at `path` with `mode` and group `gid`
 * ((gid_t)-1: keep). A socket file that nobody listens on is replaced; -EADDRINUSE when somebody
 * does, -EEXIST when the path is no socket. The file never exists with wider permission than
 * `mode`. */
int door_listen(const char *path, mode_t mode, gid_t gid, int *ret_fd, struct err *e) mustcheck;

/* `backend` must outlive the door. NULL when out of memory. */
struct door *door_new(sd_event *loop, const struct door_backend *backend) mustcheck;
/* Drops every connection. Calls that are still unanswered may be answered afterwards, to nobody. */
void door_free(struct door *d);

/* Who may come in and do what, and how much; copied. Holds for clients that come from now on, and
 * access also for those that are there. Without it: door_policy_defaults(). */
void door_set_policy(struct door *d, const struct door_policy *policy);

/* Serve a listening socket; takes it over. */
int door_add_listener(struct door *d, int fd, bool read_only, struct err *e) mustcheck;
/* Serve one connected socket as if it had been accepted; takes it over. */
int door_add_client(struct door *d, int fd, bool read_only, struct err *e) mustcheck;
/* Stop accepting (before shutdown); connections go on. */
void door_stop_listening(struct door *d);

size_t door_clients(const struct door *d);

/* To every client that registered for this event of this network. */
void door_emit_lifecycle(struct door *d, const char *name, const struct uuid *uuid,
			 enum rpc_lifecycle event);
/* uri NULL: none. */
void door_emit_metadata_change(struct door *d, const char *name, const struct uuid *uuid,
			       enum rpc_metadata_type type, const char *uri);
/* The strings are read during the call. */
struct rpc_lease_event {
	uint32_t change; /* enum rpc_lease_change */
	const char *ip, *mac, *hostname;
	int64_t expiry_sec; /* since 1970; 0: never */
};
void door_emit_lease(struct door *d, const char *name, const struct uuid *uuid,
		     const struct rpc_lease_event *ev);

/* Something began or ceased to be wrong. */
struct door_condition {
	const char
	    *network; /* "": the host as a whole; then only clients that want all hear of it */
	struct uuid uuid;
	bool raised;
	const char *kind, *object, *text, *to_do;
	int64_t since_sec; /* since 1970 */
};
void door_emit_condition(struct door *d, const struct door_condition *k);

/* ---- of one call ---- */

struct door_peer {
	pid_t pid; /* by SO_PEERCRED, at connect */
	uid_t uid;
	gid_t gid;
	bool read_only;
};
const struct door_peer *door_call_peer(const struct door_call *call);
/* Who the call is for, for logs: "uid 0 pid 12", with the user that a forwarding daemon named.
 * Static buffer. */
const char *door_call_who(const struct door_call *call);
/* Whether the client may do what it has called for to the network of that name, which was found in
 * a document; uuid NULL: it isn't known. `fn` is called once, at once or later; unless `yes` the
 * call has been failed, or has gone, and must not be touched. */
typedef void door_permit_fn(void *data, struct door_call *call, bool yes);
void door_call_permit(struct door_call *call, const char *name, const struct uuid *uuid,
		      door_permit_fn *fn, void *data);
/* Remember a pointer with the call; not touched by the door. */
void door_call_set_data(struct door_call *call, void *data);
void *door_call_data(const struct door_call *call);
/* False once the client has gone: the answer will be thrown away. */
bool door_call_wanted(const struct door_call *call);

/* Each of these answers the call and frees it: use `call` no more. */
void door_reply_void(struct door_call *call);
void door_reply_text(struct door_call *call, const char *text);
void door_reply_i32(struct door_call *call, int32_t v);
void door_reply_net(struct door_call *call, const char *name, const struct uuid *uuid);
void door_reply_leases(struct door_call *call, const struct rpc_lease *leases, size_t n);
void door_reply_port(struct door_call *call, const struct rpc_port *port);
void door_reply_ports(struct door_call *call, const struct rpc_net *net, const struct uuid *uuids,
		      size_t n);
void door_reply_params(struct door_call *call, const struct rpc_param *params, size_t n);
void door_reply_attached(struct door_call *call, const char *host_interface, const struct mac *mac,
			 const char *bridge);
/* e->class and e->msg as base/err.h has them: the class's opening words are added here. */
void door_fail(struct door_call *call, const struct err *e);
void door_failf(struct door_call *call, enum err_class class, const char *fmt, ...)
    printflike(3, 4);
/* "Network not found: no network with matching uuid '…' (name)" */
void door_fail_no_network(struct door_call *call, const struct rpc_net *net);

#endif
