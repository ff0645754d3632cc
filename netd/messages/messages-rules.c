/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/messages/messages-rules.h"

#include "netd/messages/messages-dhcp.h"
#include "rpc/xdr.h"

#include <errno.h>

/* Octets on the wire, at least (arrays are allocated by their count) and at most. */
#define RULE_MIN_SIZE 72
#define RULE_MAX_SIZE                                                                              \
	(RULE_MIN_SIZE + 16 + DHCP_RULE_NAME_MAX + 3 * DHCP_RULE_TEXT_MAX + 4 * DHCP_RULE_ARCHS_MAX)
#define OPTION_SIZE 20

size_t msg_rules_size(const struct dhcp_rules *r)
{
	return 16 + r->n * RULE_MAX_SIZE + r->n_options * OPTION_SIZE + r->n_bytes;
}

static void put_rule(struct wr *w, const struct dhcp_rule *u)
{
	xdr_put_bool(w, u->has_mac);
	xdr_put_mac(w, &u->mac);
	xdr_put_bool(w, u->has_uuid);
	xdr_put_uuid(w, &u->uuid);
	xdr_put_string(w, u->name);
	xdr_put_string(w, u->vendor);
	xdr_put_string(w, u->user);
	wr_u32(w, u->ipxe);
	wr_u32(w, u->n_arch);
	for (size_t i = 0; i < u->n_arch; i++)
		wr_u32(w, u->arch[i]);
	wr_u32(w, u->lease_sec);
	wr_u32(w, u->t1_sec);
	wr_u32(w, u->t2_sec);
	xdr_put_bool(w, u->has_boot);
	xdr_put_string(w, u->boot);
	wr_u32(w, u->boot_server);
	wr_u32(w, u->first_option);
	wr_u32(w, u->n_options);
}

void msg_put_rules(struct wr *w, const struct dhcp_rules *r)
{
	wr_u32(w, (uint32_t)r->n);
	for (size_t i = 0; i < r->n; i++)
		put_rule(w, &r->rule[i]);
	wr_u32(w, (uint32_t)r->n_options);
	for (size_t i = 0; i < r->n_options; i++) {
		wr_u32(w, r->option[i].code);
		xdr_put_bool(w, r->option[i].force);
		xdr_put_bool(w, r->option[i].absent);
		wr_u32(w, r->option[i].n);
		wr_u32(w, r->option[i].at);
	}
	xdr_put_opaque(w, r->bytes, r->n_bytes);
}

static uint16_t get_u16(struct rd *r)
{
	uint32_t v = rd_u32(r);

	r->bad |= v > UINT16_MAX;
	return (uint16_t)v;
}

static void get_rule(struct rd *r, struct dhcp_rule *u)
{
	u->has_mac = xdr_get_bool(r);
	u->mac = xdr_get_mac(r);
	u->has_uuid = xdr_get_bool(r);
	u->uuid = xdr_get_uuid(r);
	xdr_get_text(r, u->name, sizeof(u->name));
	xdr_get_text(r, u->vendor, sizeof(u->vendor));
	xdr_get_text(r, u->user, sizeof(u->user));
	uint32_t ipxe = rd_u32(r);
	r->bad |= ipxe > DHCP_RULE_NOT_IPXE;
	u->ipxe = ipxe;
	u->n_arch = (uint8_t)xdr_get_count(r, DHCP_RULE_ARCHS_MAX);
	for (size_t i = 0; i < u->n_arch && !r->bad; i++)
		u->arch[i] = get_u16(r);
	u->lease_sec = rd_u32(r);
	u->t1_sec = rd_u32(r);
	u->t2_sec = rd_u32(r);
	u->has_boot = xdr_get_bool(r);
	xdr_get_text(r, u->boot, sizeof(u->boot));
	u->boot_server = rd_u32(r);
	u->first_option = get_u16(r);
	u->n_options = get_u16(r);
}

static int get_options(struct rd *r, struct dhcp_rules *ret)
{
	int err = msg_get_array(r, DHCP_RULE_OPTIONS_MAX, OPTION_SIZE, sizeof(*ret->option),
				&ret->option, &ret->n_options);

	for (size_t i = 0; !err && i < ret->n_options; i++) {
		ret->option[i].code = get_u16(r);
		ret->option[i].force = xdr_get_bool(r);
		ret->option[i].absent = xdr_get_bool(r);
		ret->option[i].n = get_u16(r);
		ret->option[i].at = rd_u32(r);
	}
	return err;
}

int msg_get_rules(struct rd *r, struct dhcp_rules *ret)
{
	int err = msg_get_array(r, DHCP_RULES_MAX, RULE_MIN_SIZE, sizeof(*ret->rule), &ret->rule,
				&ret->n);

	for (size_t i = 0; !err && i < ret->n && !r->bad; i++)
		get_rule(r, &ret->rule[i]);
	if (!err)
		err = get_options(r, ret);
	if (err)
		return err;
	uint32_t n = xdr_get_count(r, DHCP_RULE_BYTES_MAX);
	struct rd bytes = rd_sub(r, n);
	rd_skip(r, -n & 3);
	if (r->bad)
		return -EPROTO;
	ret->bytes = malloc(n ? n : 1);
	if (!ret->bytes)
		return -ENOMEM;
	rd_copy(&bytes, ret->bytes, n);
	ret->n_bytes = n;
	r->bad |= !dhcp_rules_are_sound(ret);
	return r->bad ? -EPROTO : 0;
}
