/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc/types.h"

#include <errno.h>

void rpc_get_cut(struct rd *r, char *buf, size_t cap)
{
	struct xdr_str s = xdr_get_string(r, RPC_STRING_MAX);
	size_t n = MIN_OF(s.n, cap - 1);

	if (n)
		memcpy(buf, s.p, n);
	buf[n] = '\0';
}

void rpc_put_net(struct wr *w, const char *name, const struct uuid *uuid)
{
	xdr_put_string(w, name);
	xdr_put_uuid(w, uuid);
}

void rpc_get_net(struct rd *r, struct rpc_net *ret)
{
	rpc_get_cut(r, ret->name, sizeof(ret->name));
	ret->uuid = xdr_get_uuid(r);
}

bool rpc_get_optional_net(struct rd *r, struct rpc_net *ret)
{
	if (!xdr_get_bool(r))
		return false;
	rpc_get_net(r, ret);
	return !r->bad;
}

void rpc_put_port(struct wr *w, const struct rpc_port *p)
{
	rpc_put_net(w, p->net.name, &p->net.uuid);
	xdr_put_uuid(w, &p->uuid);
}

void rpc_get_port(struct rd *r, struct rpc_port *ret)
{
	rpc_get_net(r, &ret->net);
	ret->uuid = xdr_get_uuid(r);
}

void rpc_put_lease(struct wr *w, const struct rpc_lease *l)
{
	xdr_put_string(w, l->interface);
	xdr_put_i64(w, l->expiry_sec);
	wr_u32(w, l->type);
	xdr_put_optional(w, l->mac);
	xdr_put_optional(w, l->iaid);
	xdr_put_string(w, l->ip);
	wr_u32(w, l->prefix);
	xdr_put_optional(w, l->hostname);
	xdr_put_optional(w, l->client_id);
}

/* A slice of the packet as a terminated string in the arena, whose next free octet is *at. */
static const char *keep(char **at, struct xdr_str s)
{
	char *text = *at;

	if (!s.p)
		return NULL;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	*at += s.n + 1;
	return text;
}

static void get_lease(struct rd *r, char **at, struct rpc_lease *l)
{
	l->interface = keep(at, xdr_get_string(r, RPC_STRING_MAX));
	l->expiry_sec = xdr_get_i64(r);
	l->type = (enum rpc_lease_type)rd_u32(r);
	l->mac = keep(at, xdr_get_optional(r, RPC_STRING_MAX));
	l->iaid = keep(at, xdr_get_optional(r, RPC_STRING_MAX));
	l->ip = keep(at, xdr_get_string(r, RPC_STRING_MAX));
	l->prefix = rd_u32(r);
	l->hostname = keep(at, xdr_get_optional(r, RPC_STRING_MAX));
	l->client_id = keep(at, xdr_get_optional(r, RPC_STRING_MAX));
}

/* Octets of the smallest lease: two empty strings, four absent ones, expiry, type and prefix. */
#define LEASE_SIZE_MIN 40u

int rpc_get_leases(struct rd *r, struct rpc_leases *ret)
{
	uint32_t n = xdr_get_count(r, RPC_LEASES_MAX);
	size_t left = rd_left(r);

	if (r->bad || n > left / LEASE_SIZE_MIN)
		return -EPROTO;
	/* Each text is preceded on the wire by its length of 4 octets, of which its terminator
	 * takes one. */
	struct rpc_leases l = { .n = n };
	l.text = malloc(left + 1);
	l.lease = calloc(n ? n : 1, sizeof(*l.lease));
	if (!l.text || !l.lease) {
		rpc_leases_done(&l);
		return -ENOMEM;
	}
	char *at = l.text;
	for (uint32_t i = 0; i < n && !r->bad; i++)
		get_lease(r, &at, &l.lease[i]);
	if (r->bad) {
		rpc_leases_done(&l);
		return -EPROTO;
	}
	*ret = l;
	return 0;
}

void rpc_leases_done(struct rpc_leases *l)
{
	free(l->lease);
	free(l->text);
	*l = (struct rpc_leases){ 0 };
}

void rpc_put_param(struct wr *w, const struct rpc_param *p)
{
	xdr_put_string(w, p->field);
	wr_u32(w, p->type);
	switch (p->type) {
	case RPC_PARAM_INT:
	case RPC_PARAM_UINT:
	case RPC_PARAM_BOOLEAN:
		wr_u32(w, (uint32_t)p->number);
		break;
	case RPC_PARAM_LLONG:
	case RPC_PARAM_ULLONG:
	case RPC_PARAM_DOUBLE:
		wr_u64(w, p->number);
		break;
	case RPC_PARAM_STRING:
		xdr_put_opaque(w, p->text.p, p->text.n);
		break;
	}
}

static void get_param(struct rd *r, struct rpc_param *p)
{
	*p = (struct rpc_param){ 0 };
	xdr_get_text(r, p->field, sizeof(p->field));
	p->type = (enum rpc_param_type)rd_u32(r);
	switch (p->type) {
	case RPC_PARAM_INT:
		p->number = (uint64_t)(int64_t)xdr_get_i32(r);
		return;
	case RPC_PARAM_UINT:
	case RPC_PARAM_BOOLEAN:
		p->number = rd_u32(r);
		return;
	case RPC_PARAM_LLONG:
	case RPC_PARAM_ULLONG:
	case RPC_PARAM_DOUBLE:
		p->number = rd_u64(r);
		return;
	case RPC_PARAM_STRING:
		p->text = xdr_get_string(r, RPC_STRING_MAX);
		return;
	}
	r->bad = true;
}

size_t rpc_get_params(struct rd *r, struct rpc_param *out, size_t max)
{
	uint32_t n = xdr_get_count(r, (uint32_t)max);

	for (uint32_t i = 0; i < n; i++)
		get_param(r, &out[i]);
	return r->bad ? 0 : n;
}

void rpc_put_row(struct wr *w, const struct rpc_row *row)
{
	uint32_t state = (row->active ? RPC_LIST_ACTIVE : 0) |
			 (row->persistent ? RPC_LIST_PERSISTENT : 0) |
			 (row->autostart ? RPC_LIST_AUTOSTART : 0);

	rpc_put_net(w, row->net.name, &row->net.uuid);
	wr_u32(w, state);
	xdr_put_optional(w, row->bridge[0] ? row->bridge : NULL);
	xdr_put_optional(w, row->title[0] ? row->title : NULL);
}

void rpc_get_row(struct rd *r, struct rpc_row *ret)
{
	*ret = (struct rpc_row){ 0 };
	rpc_get_net(r, &ret->net);
	uint32_t state = rd_u32(r);
	ret->active = state & RPC_LIST_ACTIVE;
	ret->persistent = state & RPC_LIST_PERSISTENT;
	ret->autostart = state & RPC_LIST_AUTOSTART;
	if (xdr_get_bool(r))
		rpc_get_cut(r, ret->bridge, sizeof(ret->bridge));
	if (xdr_get_bool(r))
		rpc_get_cut(r, ret->title, sizeof(ret->title));
}

/* One pair of filters: neither or both set lets everything through. */
static bool pair_matches(uint32_t flags, uint32_t yes, uint32_t no, bool value)
{
	return !(flags & (yes | no)) || (flags & (value ? yes : no));
}

bool rpc_list_matches(uint32_t flags, bool active, bool persistent, bool autostart)
{
	return pair_matches(flags, RPC_LIST_ACTIVE, RPC_LIST_INACTIVE, active) &&
	       pair_matches(flags, RPC_LIST_PERSISTENT, RPC_LIST_TRANSIENT, persistent) &&
	       pair_matches(flags, RPC_LIST_AUTOSTART, RPC_LIST_NO_AUTOSTART, autostart);
}
