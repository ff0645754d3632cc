/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types.h — the shapes that travel as arguments and replies, used by both sides: encode, decode.
 *
 * Decoders read from the cursor and set r->bad as it does; encoders set w->bad when there is no
 * room. */
#ifndef RPC_TYPES_H
#define RPC_TYPES_H

#include "base/err.h"
#include "rpc/protocol.h"
#include "rpc/xdr.h"

/* A reference to a network. The uuid decides; the name is for messages. */
struct rpc_net {
	char name[RPC_NAME_MAX + 1];
	struct uuid uuid;
};
void rpc_put_net(struct wr *w, const char *name, const struct uuid *uuid);
/* A name longer than RPC_NAME_MAX is cut: it can't be one of ours, and the uuid decides. */
void rpc_get_net(struct rd *r, struct rpc_net *ret);
/* net?: returns whether it is there. */
bool rpc_get_optional_net(struct rd *r, struct rpc_net *ret);

/* A reference to a port of a network. */
struct rpc_port {
	struct rpc_net net;
	struct uuid uuid;
};
void rpc_put_port(struct wr *w, const struct rpc_port *p);
void rpc_get_port(struct rd *r, struct rpc_port *ret);

/* One DHCP lease. Absent texts are NULL; the texts belong to whoever made the struct. */
struct rpc_lease {
	const char *interface; /* the bridge */
	int64_t expiry_sec;    /* wall clock since 1970, 0: never */
	enum rpc_lease_type type;
	const char *mac;  /* or NULL */
	const char *iaid; /* decimal, IPv6 only, or NULL */
	const char *ip;
	uint32_t prefix;
	const char *hostname;  /* or NULL */
	const char *client_id; /* colon hex: client identifier (IPv4) or DUID (IPv6), or NULL */
};
void rpc_put_lease(struct wr *w, const struct rpc_lease *l);

/* Decoded leases with their texts. */
struct rpc_leases {
	struct rpc_lease *lease;
	size_t n;
	char *text; /* holds every text of the leases */
};
/* lease<RPC_LEASES_MAX>. 0, -ENOMEM or -EPROTO. */
int rpc_get_leases(struct rd *r, struct rpc_leases *ret) mustcheck;
void rpc_leases_done(struct rpc_leases *l);

enum rpc_param_type {
	RPC_PARAM_INT = 1,
	RPC_PARAM_UINT = 2,
	RPC_PARAM_LLONG = 3,
	RPC_PARAM_ULLONG = 4,
	RPC_PARAM_DOUBLE = 5,
	RPC_PARAM_BOOLEAN = 6,
	RPC_PARAM_STRING = 7,
};
struct rpc_param {
	char field[RPC_PARAM_FIELD_MAX];
	enum rpc_param_type type;
	uint64_t number;     /* every type but STRING; negative ones in two's complement, doubles by
				their bits */
	struct xdr_str text; /* STRING: a slice of the packet */
};
void rpc_put_param(struct wr *w, const struct rpc_param *p);
/* param<max> into out[max]; returns the number. */
size_t rpc_get_params(struct rd *r, struct rpc_param *out, size_t max);

/* One row of RPC_NETD_LIST. */
struct rpc_row {
	struct rpc_net net;
	bool active, persistent, autostart;
	char bridge[16]; /* "" if none */
	char title[256]; /* "" if none; longer ones are cut */
};
void rpc_put_row(struct wr *w, const struct rpc_row *row);
void rpc_get_row(struct rd *r, struct rpc_row *ret);
/* A string into a terminated buffer; what doesn't fit is cut. */
void rpc_get_cut(struct rd *r, char *buf, size_t cap);
/* Whether the list flags (rpc_list_flags) let a network of this state through. */
bool rpc_list_matches(uint32_t flags, bool active, bool persistent, bool autostart);

/* The parts of libvirt that an error may come from. */
enum rpc_domain {
	RPC_DOMAIN_XML = 5,
	RPC_DOMAIN_RPC = 7,
	RPC_DOMAIN_NETWORK = 19,
	RPC_DOMAIN_DOMAIN = 20,
	RPC_DOMAIN_ACCESS = 55,
	RPC_DOMAIN_POLKIT = 60,
};

/* The error object of a failed call: "class words: detail", and libvirt's other fields as libvirt
 * fills them. e->msg is the detail alone (base/err.h). `domain` 0 picks the one that libvirt uses
 * for the class. */
void rpc_put_error(struct wr *w, const struct err *e, enum rpc_domain domain);
/* Decode one into *e: class, and in msg the whole text as libvirt's clients print it. */
void rpc_get_error(struct rd *r, struct err *e);
/* "Network not found: no network with matching name 'x'", as a new string; NULL when out of memory.
 */
char *rpc_error_text(const struct err *e) mustcheck;

#endif
