/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-internal.h — what the files of the door share.
 *
 * door.c         listening sockets, clients coming and going
 * door-conn.c    one connection: bytes in, bytes out, its deadlines
 * door-dispatch.c from a frame to a handler: programs, procedures, who may
 * door-reply.c   answers and errors
 * door-auth.c    who may come in
 * door-access.c  who may do what; polkit.c asks polkit, policy.c knows the settings
 * door-connect.c, door-network.c, door-port.c, door-event.c, door-netd.c, door-guest.c,
 * door-lease.c, door-dns.c: the handlers, a table in each
 *
 * A connection is never freed while a handler runs: conn_drop() marks it dead, and it is freed from
 * the loop. Bytes are only queued by handlers and replies; they leave from the loop as well
 * ("pump"). */
#ifndef NETD_DOOR_INTERNAL_H
#define NETD_DOOR_INTERNAL_H

#include "base/list.h"
#include "netd/door/door.h"
#include "netd/door/polkit.h"
#include "rpc/frame.h"

#define DOOR_FDS_MAX 8 /* descriptors of one client that no call has taken yet */

struct door {
	sd_event *loop;
	const struct door_backend *backend;
	struct door_policy policy;
	struct polkit *polkit;
	sd_event_source *pump; /* deferred: runs when a connection asked for it */
	sd_event_source *listener[2];
	int listen_fd[2];
	size_t n_listeners;
	struct list conns;
	size_t n_conns;
	int spare_fd;          /* given up to accept and refuse when descriptors run out */
	int32_t next_callback; /* event registrations are numbered over all clients */
};

struct door_callback {
	int32_t id;
	enum rpc_event_id event;
	bool filtered; /* only the network `uuid` */
	struct uuid uuid;
};

struct door_conn {
	struct list node;
	struct door *door;
	int fd; /* -1: none, bytes are fed by a test */
	sd_event_source *io, *timer;
	uint32_t io_events;
	usec_t timer_at; /* when `timer` will fire; USEC_INFINITY: not armed */

	struct door_peer peer;
	struct door_subject subject;
	struct door_subject forwarded; /* whom a forwarding daemon speaks for, when is_forwarded */
	bool is_forwarded;
	char on_behalf[40]; /* the user that a forwarding daemon named, "" if none */
	bool authenticated; /* let in */
	unsigned auth_failures;
	bool held;      /* one of its calls waits for polkit; nothing else is read meanwhile */
	bool opened;    /* CONNECT_OPEN succeeded */
	bool keepalive; /* the client asked for feature 10 */
	bool closing;   /* CONNECT_CLOSE: gone when the queue is empty and the client has closed */
	bool eof;       /* nothing more will come; answers may still go */
	bool dead;
	bool wants_pump;
	bool serving; /* inside conn_serve() */

	struct frame_reader in;
	int fds[DOOR_FDS_MAX];
	size_t n_fds;
	uint8_t *out; /* octets out_at..out_n wait to be sent */
	size_t out_at, out_n, out_cap;

	struct list calls;
	size_t n_calls;
	struct door_callback *callbacks;
	size_t n_callbacks, cap_callbacks;

	usec_t accepted_at;
	usec_t heard_at;     /* the last bytes came, or reading went on */
	usec_t progress_at;  /* the client took bytes, or the queue was empty */
	unsigned unanswered; /* pings */
};

struct door_proc;
struct door_wait;
struct door_call {
	struct list node;       /* in conn->calls, or alone */
	struct door_conn *conn; /* NULL: the client has gone */
	struct rpc_header h;
	const struct door_proc *proc;
	struct door_peer peer;
	char on_behalf[40];
	bool count_only;        /* need_results was 0 */
	struct door_wait *wait; /* for polkit; NULL: none */
	uint8_t *args;          /* a copy, while it waits */
	size_t n_args;
	struct uuid *visible; /* the networks that a list may show; NULL: door_sees() decides */
	size_t n_visible;
	int fd; /* the descriptor that came with the call, or -1; closed when the handler returns */
	void *data;
};

enum door_proc_flags {
	DOOR_WRITE = 1,    /* refused to read-only clients */
	DOOR_BEFORE = 2,   /* allowed before CONNECT_OPEN */
	DOOR_FD = 4,       /* comes with one descriptor */
	DOOR_FD_MAYBE = 8, /* … with one or none */
	DOOR_OUTSIDE = 16, /* allowed before the client was let in */
};
struct door_proc {
	int32_t number;
	unsigned flags;
	const char *name; /* libvirt's function, as its messages name it */
	void (*run)(struct door_call *call, struct rd *args);
};
struct door_procs {
	const struct door_proc *proc;
	size_t n;
};
extern const struct door_procs door_auth_procs, door_connect_procs, door_network_procs,
    door_port_procs, door_event_procs, door_netd_procs, door_guest_procs, door_lease_procs,
    door_dns_procs;

/* ---- door-conn.c ---- */

/* NULL when out of memory. Takes fd over in any case; -1: a connection without a socket, for tests.
 */
struct door_conn *conn_new(struct door *d, int fd, const struct door_peer *peer) mustcheck;
void conn_free(struct door_conn *c);
/* End it as soon as the loop allows: the client has gone, or is done. */
void conn_gone(struct door_conn *c);
/* The same because of what the client did, which is logged: "it …". */
void conn_drop(struct door_conn *c, const char *why);
/* Have the loop process and flush this connection soon. */
void conn_pump(struct door_conn *c);
/* Handle the messages that have come, as far as the limits allow. */
void conn_process(struct door_conn *c);
static inline size_t conn_queued(const struct door_conn *c)
{
	return c->out_n - c->out_at;
}
/* Room for n octets at the end of the queue; NULL when the connection is or has to be dropped. The
 * caller adds what it wrote to out_n. */
uint8_t *conn_reserve(struct door_conn *c, size_t n) mustcheck;
int door_on_pump(sd_event_source *s, void *data);

void door_dispatch(struct door_conn *c, struct frame *f);

/* ---- door-access.c ---- */

/* Run the call, now or when it is allowed to, or refuse it. */
void door_access(struct door_call *call, struct rd *args);
/* The subject whose rights count. */
static inline const struct door_subject *conn_subject(const struct door_conn *c)
{
	return c->is_forwarded ? &c->forwarded : &c->subject;
}
/* Called once; w NULL: the client has gone, and the call with it. */
typedef void door_wait_fn(struct door_call *call, struct door_wait *w, void *data);
/* Ask polkit about the client itself, who may have to type a password. False: no memory. */
bool door_ask_polkit(struct door_call *call, const char *action, door_wait_fn *done) mustcheck;
enum polkit_answer door_wait_answer(const struct door_wait *w, const char **ret_why);
/* The client has gone. */
void door_wait_cancel(struct door_call *call);
/* backend->each(), without what the client may not see. */
void door_each(const struct door_call *call, bool (*visit)(void *ctx, const struct door_network *n),
	       void *ctx);
/* By rules: whether events of this network are the client's business. */
bool door_sees(const struct door_conn *c, const char *network);

/* ---- door-dispatch.c ---- */

static inline const struct door_backend *backend_of(const struct door_call *call)
{
	return call->conn->door->backend;
}
/* The arguments were read to their end; otherwise the call has been failed. */
bool door_args_ok(struct door_call *call, const struct rd *args) mustcheck;
/* No bits but `known`; otherwise the call has been failed. */
bool door_flags_ok(struct door_call *call, uint32_t flags, uint32_t known) mustcheck;
/* A new terminated copy of a document; NULL: too large or no memory, and the call has been failed.
 */
char *door_take_xml(struct door_call *call, struct xdr_str s) mustcheck;
void door_fail_unsupported(struct door_call *call);
/* A MAC address as text from the wire; false: it is none. */
bool door_get_mac(struct xdr_str s, struct mac *ret) mustcheck;
/* The network of the call among the backend's; otherwise the call has been failed. */
bool door_find_network(struct door_call *call, const struct rpc_net *net, struct door_network *ret)
    mustcheck;

/* ---- door-event.c: the same for libvirt's events and ours, by the call's program ---- */

void door_event_register(struct door_call *call, struct rd *args);
void door_event_deregister(struct door_call *call, struct rd *args);

/* ---- door-reply.c ---- */

/* An answer is written between these two. `room` octets are enough for it. False: nobody wants it,
 * and the call is freed. door_reply_end() frees the call. */
bool door_reply_begin(struct door_call *call, size_t room, struct wr *w) mustcheck;
void door_reply_end(struct door_call *call, struct wr *w);
/* As door_fail(), naming another part of libvirt than the usual one for the class. */
void door_fail_in(struct door_call *call, enum rpc_domain domain, enum err_class class,
		  const char *fmt, ...) printflike(4, 5);
/* An error for a header that no call was made of. */
void door_refuse(struct door_conn *c, const struct rpc_header *h, const char *fmt, ...)
    printflike(3, 4);
/* A message that nobody asked for: an event or a keepalive. `room` octets of payload. */
bool door_message_begin(struct door_conn *c, uint32_t program, int32_t procedure, uint32_t serial,
			size_t room, struct wr *w) mustcheck;
void door_message_end(struct door_conn *c, struct wr *w);
void door_call_free(struct door_call *call);

#endif
