/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-dispatch.c — from a frame to a handler: is the header one of a call, is there such a
 * procedure, may this client call it, and only then its arguments. The refusals are worded as
 * libvirtd's, because its clients act on them: "unknown procedure" makes them try an older one. */
#include "netd/door/door-internal.h"

#include <stdio.h>

/* Procedures that libvirt knows and a network daemon doesn't offer, by the names clients expect to
 * read. */
static const struct {
	int32_t number;
	const char *name;
} not_offered[] = {
	{ RPC_CONNECT_GET_VERSION, "virConnectGetVersion" },
	{ RPC_CONNECT_GET_CAPABILITIES, "virConnectGetCapabilities" },
	{ RPC_CONNECT_NUM_OF_DOMAINS, "virConnectNumOfDomains" },
};

static const struct door_proc *find_in(const struct door_procs *procs, int32_t number)
{
	for (size_t i = 0; i < procs->n; i++)
		if (procs->proc[i].number == number)
			return &procs->proc[i];
	return NULL;
}

static const struct door_proc *find_proc(uint32_t program, int32_t number)
{
	static const struct {
		uint32_t program;
		const struct door_procs *procs;
	} tables[] = {
		{ RPC_PROGRAM_REMOTE, &door_auth_procs },
		{ RPC_PROGRAM_REMOTE, &door_connect_procs },
		{ RPC_PROGRAM_REMOTE, &door_network_procs },
		{ RPC_PROGRAM_REMOTE, &door_port_procs },
		{ RPC_PROGRAM_REMOTE, &door_event_procs },
		{ RPC_PROGRAM_NETD, &door_netd_procs },
		{ RPC_PROGRAM_NETD, &door_guest_procs },
		{ RPC_PROGRAM_NETD, &door_lease_procs },
		{ RPC_PROGRAM_NETD, &door_dns_procs },
	};
	const struct door_proc *p = NULL;

	for (size_t i = 0; i < ARRAY_LEN(tables) && !p; i++)
		if (tables[i].program == program)
			p = find_in(tables[i].procs, number);
	return p;
}

static void refuse_unknown(struct door_call *call)
{
	int32_t number = call->h.procedure;

	if (call->h.program != RPC_PROGRAM_REMOTE || number < 1 || number > RPC_PROC_LAST)
		return door_fail_in(call, RPC_DOMAIN_RPC, ERR_RPC, "unknown procedure: %d", number);
	for (size_t i = 0; i < ARRAY_LEN(not_offered); i++)
		if (not_offered[i].number == number)
			return door_failf(call, ERR_NO_SUPPORT, "%s", not_offered[i].name);
	door_failf(call, ERR_NO_SUPPORT, "procedure %d", number);
}

/* Take the descriptors that came with the frame out of the connection's; the first goes to the
 * call. False: fewer came than were announced. */
static bool claim_fds(struct door_conn *c, uint32_t n, struct door_call *call)
{
	if (n > c->n_fds)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0)
			call->fd = c->fds[i];
		else
			close(c->fds[i]);
	}
	c->n_fds -= n;
	memmove(c->fds, c->fds + n, c->n_fds * sizeof(c->fds[0]));
	return true;
}

static struct door_call *call_new(struct door_conn *c, const struct rpc_header *h)
{
	struct door_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->conn = c;
	call->h = *h;
	call->peer = c->peer;
	memcpy(call->on_behalf, c->on_behalf, sizeof(call->on_behalf));
	call->fd = -1;
	list_add_tail(&c->calls, &call->node);
	c->n_calls++;
	return call;
}

/* Whether this client may make this call now; otherwise it has been refused. */
static bool may_call(struct door_call *call, uint32_t n_fds)
{
	const struct door_proc *p = call->proc;

	if (!(p->flags & DOOR_BEFORE) && !call->conn->opened) {
		door_fail_in(call, RPC_DOMAIN_RPC, ERR_INTERNAL, "connection not open");
		return false;
	}
	if ((p->flags & DOOR_WRITE) && call->peer.read_only) {
		door_failf(call, ERR_OPERATION_DENIED, "read only access prevents %s", p->name);
		return false;
	}
	if (n_fds > 1 || (p->flags & DOOR_FD && !n_fds) ||
	    (!(p->flags & (DOOR_FD | DOOR_FD_MAYBE)) && n_fds)) {
		door_fail_in(call, RPC_DOMAIN_RPC, ERR_RPC, "%s takes %s file descriptor", p->name,
			     p->flags & (DOOR_FD | DOOR_FD_MAYBE) ? "one" : "no");
		return false;
	}
	return true;
}

static void run_call(struct door_conn *c, struct frame *f)
{
	struct door_call *call = call_new(c, &f->h);

	if (!call)
		return conn_drop(c, "gets no memory for its call");
	if (!claim_fds(c, f->n_fds, call)) {
		door_call_free(call);
		return conn_drop(c, "announces descriptors that it doesn't send");
	}
	call->proc = find_proc(f->h.program, f->h.procedure);
	/* Whoever isn't in yet learns nothing, not even what there is. */
	if (!c->authenticated && !(call->proc && call->proc->flags & DOOR_OUTSIDE))
		return door_fail_in(call, RPC_DOMAIN_RPC, ERR_RPC, "authentication required");
	if (!call->proc)
		return refuse_unknown(call);
	if (may_call(call, f->n_fds))
		door_access(call, &f->body);
}

static void keepalive(struct door_conn *c, const struct rpc_header *h)
{
	struct wr w;

	if (h->type != RPC_MESSAGE || h->version != RPC_VERSION)
		return conn_drop(c, "sends a strange keepalive");
	if (h->procedure == RPC_KEEPALIVE_PING &&
	    door_message_begin(c, RPC_PROGRAM_KEEPALIVE, RPC_KEEPALIVE_PONG, 0, 0, &w))
		door_message_end(c, &w);
}

void door_dispatch(struct door_conn *c, struct frame *f)
{
	const struct rpc_header *h = &f->h;

	if (h->program == RPC_PROGRAM_KEEPALIVE && f->n_fds == 0)
		return keepalive(c, h);
	if (h->type != RPC_CALL && h->type != RPC_CALL_WITH_FDS)
		return conn_drop(c, "sends something else than calls");
	if ((h->program != RPC_PROGRAM_REMOTE && h->program != RPC_PROGRAM_NETD) ||
	    h->version != RPC_VERSION)
		door_refuse(c, h, "Cannot find program %d version %d", (int)h->program,
			    (int)h->version);
	else if (h->status != RPC_OK)
		door_refuse(c, h, "Unexpected message status %u", h->status);
	else
		return run_call(c, f);
	/* Descriptors of a refused call stay unclaimed; what can't be told apart any more is
	 * dropped. */
	if (f->n_fds)
		conn_drop(c, "sends descriptors to an unknown program");
}

/* ---- what handlers share ---- */

bool door_args_ok(struct door_call *call, const struct rd *args)
{
	if (args->bad)
		door_fail_in(call, RPC_DOMAIN_RPC, ERR_RPC, "Unable to decode message payload");
	return !args->bad;
}

bool door_flags_ok(struct door_call *call, uint32_t flags, uint32_t known)
{
	uint32_t unknown = flags & ~known;

	if (unknown)
		door_failf(call, ERR_INVALID_ARG, "unsupported flags (0x%x) in function %s",
			   unknown, call->proc->name);
	return !unknown;
}

char *door_take_xml(struct door_call *call, struct xdr_str s)
{
	if (s.n > DOOR_XML_MAX) {
		door_failf(call, ERR_XML, "the document has %zu octets; at most %d are accepted",
			   s.n, DOOR_XML_MAX);
		return NULL;
	}
	char *xml = xdr_str_dup(s);
	if (!xml)
		door_failf(call, ERR_NO_MEMORY, "for a document of %zu octets", s.n);
	return xml;
}

void door_fail_unsupported(struct door_call *call)
{
	door_failf(call, ERR_NO_SUPPORT, "%s", call->proc->name);
}

bool door_get_mac(struct xdr_str s, struct mac *ret)
{
	char text[MAC_TEXT_MAX] = "";

	if (s.n >= sizeof(text))
		return false;
	memcpy(text, s.p, s.n);
	return mac_parse(text, ret) == 0;
}

bool door_find_network(struct door_call *call, const struct rpc_net *net, struct door_network *ret)
{
	const struct door_backend *b = backend_of(call);

	if (b->find(b->data, NULL, &net->uuid, ret))
		return true;
	door_fail_no_network(call, net);
	return false;
}

const struct door_peer *door_call_peer(const struct door_call *call)
{
	return &call->peer;
}

const char *door_call_who(const struct door_call *call)
{
	static char text[96];
	int n = snprintf(text, sizeof(text), "uid %u pid %d", call->peer.uid, (int)call->peer.pid);

	if (call->on_behalf[0] && n > 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, " for user '%s'", call->on_behalf);
	return text;
}

void door_call_set_data(struct door_call *call, void *data)
{
	call->data = data;
}

void *door_call_data(const struct door_call *call)
{
	return call->data;
}

bool door_call_wanted(const struct door_call *call)
{
	return call->conn && !call->conn->dead;
}
