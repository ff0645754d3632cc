/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft-rule.c — one row to one nftables rule: expressions that do what the row's text says, and the
 * userdata that tell people why it is there and us whether it is still the same. */
#include "firewall/nft-internal.h"

#include "base/cursor.h"

#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>

/* --- expressions --- */

/* A rule being built; running out of memory sticks. */
struct making {
	struct nftnl_rule *rule;
	bool failed;
	int known_family; /* that the expressions so far have checked */
};

static struct nftnl_expr *expr(struct making *m, const char *name)
{
	struct nftnl_expr *x = m->failed ? NULL : nftnl_expr_alloc(name);

	if (x)
		nftnl_rule_add_expr(m->rule, x);
	else
		m->failed = true;
	return x;
}

static void load_meta(struct making *m, uint32_t key)
{
	struct nftnl_expr *x = expr(m, "meta");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void load_payload(struct making *m, uint32_t base, uint32_t offset, uint32_t len)
{
	struct nftnl_expr *x = expr(m, "payload");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_LEN, len);
}

static void mask(struct making *m, const void *bits, uint32_t len)
{
	static const uint8_t zero[16];
	struct nftnl_expr *x = expr(m, "bitwise");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set_data(x, NFTNL_EXPR_BITWISE_MASK, bits, len);
	nftnl_expr_set_data(x, NFTNL_EXPR_BITWISE_XOR, zero, len);
}

static void compare(struct making *m, uint32_t op, const void *value, uint32_t len)
{
	struct nftnl_expr *x = expr(m, "cmp");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set_data(x, NFTNL_EXPR_CMP_DATA, value, len);
}

static void match_iface(struct making *m, uint32_t key, const char name[static IFNAMSIZ])
{
	if (!name[0])
		return;
	load_meta(m, key);
	compare(m, NFT_CMP_EQ, name, IFNAMSIZ);
}

/* Whether what came from has its name in the set. */
static void match_isolated(struct making *m)
{
	load_meta(m, NFT_META_IIFNAME);
	struct nftnl_expr *x = expr(m, "lookup");
	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(x, NFTNL_EXPR_LOOKUP_SET, fw_map_name(FW_ISOLATED));
}

static void match_family(struct making *m, int family)
{
	uint8_t proto = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;

	if (!family || m->known_family == family)
		return;
	load_meta(m, NFT_META_NFPROTO);
	compare(m, NFT_CMP_EQ, &proto, 1);
	m->known_family = family;
}

uint32_t fw_address_bytes(const struct ip *a, uint8_t out[static 16])
{
	struct wr w = wr_over(out, 16);

	if (a->family == AF_INET)
		wr_u32(&w, a->v4);
	else
		wr_bytes(&w, a->v6, sizeof(a->v6));
	return (uint32_t)wr_len(&w);
}

/* A prefix of whole octets is compared as such, any other under a mask; so nft does, and shows both
 * as one. */
static void match_address(struct making *m, const struct fw_prefix *p, bool source)
{
	uint8_t net[16], bits[16] = { 0 };

	if (!ip_is_set(&p->net))
		return;
	uint32_t whole = fw_address_bytes(&p->net, net), len = p->len / 8;
	uint32_t offset = p->net.family == AF_INET ? (source ? 12 : 16) : (source ? 8 : 24);
	match_family(m, p->net.family);
	if (p->len == 0)
		return;
	if (p->len % 8 == 0) {
		load_payload(m, NFT_PAYLOAD_NETWORK_HEADER, offset, len);
		compare(m, NFT_CMP_EQ, net, len);
		return;
	}
	memset(bits, 0xff, len);
	bits[len] = (uint8_t)(0xff00 >> p->len % 8);
	load_payload(m, NFT_PAYLOAD_NETWORK_HEADER, offset, whole);
	mask(m, bits, whole);
	compare(m, NFT_CMP_EQ, net, whole);
}

static void match_l4(struct making *m, const struct fw_rule *r)
{
	uint8_t port[2] = { (uint8_t)(r->dport >> 8), (uint8_t)r->dport };
	uint8_t max[2] = { (uint8_t)(r->dport_max >> 8), (uint8_t)r->dport_max };

	if (!r->l4)
		return;
	load_meta(m, NFT_META_L4PROTO);
	compare(m, NFT_CMP_EQ, &r->l4, 1);
	if (!r->dport)
		return;
	load_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	compare(m, r->dport_max ? NFT_CMP_GTE : NFT_CMP_EQ, port, sizeof(port));
	if (r->dport_max)
		compare(m, NFT_CMP_LTE, max, sizeof(max));
}

/* Any of these bits of what connection tracking knows. */
static void match_tracked(struct making *m, uint32_t key, uint32_t bits)
{
	static const uint32_t none;
	struct nftnl_expr *x = expr(m, "ct");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	mask(m, &bits, sizeof(bits));
	compare(m, NFT_CMP_NEQ, &none, sizeof(none));
}

static void verdict(struct making *m, int code)
{
	struct nftnl_expr *x = expr(m, "immediate");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
}

static void load_immediate(struct making *m, uint32_t reg, const void *value, uint32_t len)
{
	struct nftnl_expr *x = expr(m, "immediate");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, reg);
	nftnl_expr_set_data(x, NFTNL_EXPR_IMM_DATA, value, len);
}

static void load_ports(struct making *m, const struct fw_rule *r)
{
	uint8_t min[2] = { (uint8_t)(r->port_min >> 8), (uint8_t)r->port_min };
	uint8_t max[2] = { (uint8_t)(r->port_max >> 8), (uint8_t)r->port_max };

	if (!r->port_min)
		return;
	load_immediate(m, NFT_REG_3, min, sizeof(min));
	load_immediate(m, NFT_REG_4, max, sizeof(max));
}

static void masquerade(struct making *m, const struct fw_rule *r)
{
	load_ports(m, r);
	struct nftnl_expr *x = expr(m, "masq");
	if (!x || !r->port_min)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_MASQ_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
	nftnl_expr_set_u32(x, NFTNL_EXPR_MASQ_REG_PROTO_MIN, NFT_REG_3);
	nftnl_expr_set_u32(x, NFTNL_EXPR_MASQ_REG_PROTO_MAX, NFT_REG_4);
}

static void snat(struct making *m, const struct fw_rule *r)
{
	uint8_t min[16], max[16];
	uint32_t len = fw_address_bytes(&r->to_min, min);

	fw_address_bytes(&r->to_max, max);
	load_immediate(m, NFT_REG_1, min, len);
	load_immediate(m, NFT_REG_2, max, len);
	load_ports(m, r);
	struct nftnl_expr *x = expr(m, "nat");
	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_TYPE, NFT_NAT_SNAT);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_FAMILY, NFPROTO_IPV4);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_ADDR_MAX, NFT_REG_2);
	if (!r->port_min)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_PROTO_MIN, NFT_REG_3);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_PROTO_MAX, NFT_REG_4);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
}

static void reject(struct making *m)
{
	struct nftnl_expr *x = expr(m, "reject");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
	nftnl_expr_set_u8(x, NFTNL_EXPR_REJECT_CODE, NFT_REJECT_ICMPX_PORT_UNREACH);
}

static void vmap(struct making *m, enum fw_map map)
{
	/* An IPv4 network of 24 bits looks like the begin of an IPv6 one but for its last octet. */
	const uint8_t net_bits[16] = { 0xff, 0xff, 0xff, map == FW_NAT4_24 ? 0 : 0xff,
				       0xff, 0xff, 0xff, 0xff };

	switch (map) {
	case FW_TO_NET:
	case FW_HOST_OUT:
		load_meta(m, NFT_META_OIFNAME);
		break;
	case FW_FROM_NET:
	case FW_HOST_IN:
		load_meta(m, NFT_META_IIFNAME);
		break;
	case FW_NAT4:
	case FW_NAT4_24:
		load_payload(m, NFT_PAYLOAD_NETWORK_HEADER, 12, 4);
		break;
	case FW_NAT6:
	case FW_NAT6_64:
		load_payload(m, NFT_PAYLOAD_NETWORK_HEADER, 8, 16);
		break;
	case FW_ISOLATED:
	case FW_MAPS:
		break;
	}
	if (map == FW_NAT4_24)
		mask(m, net_bits, 4);
	if (map == FW_NAT6_64)
		mask(m, net_bits, 16);
	struct nftnl_expr *x = expr(m, "lookup");
	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_str(x, NFTNL_EXPR_LOOKUP_SET, fw_map_name(map));
}

static void act(struct making *m, const struct fw_rule *r)
{
	switch (r->verdict) {
	case FW_ACCEPT:
		verdict(m, NF_ACCEPT);
		break;
	case FW_DROP:
		verdict(m, NF_DROP);
		break;
	case FW_RETURN:
		verdict(m, NFT_RETURN);
		break;
	case FW_REJECT:
		reject(m);
		break;
	case FW_MASQUERADE:
		masquerade(m, r);
		break;
	case FW_SNAT:
		snat(m, r);
		break;
	case FW_VMAP:
		vmap(m, r->map);
		break;
	}
}

/* --- userdata: {type, length, value}; the comment is nft's, the hash ours --- */

static void put_userdata(struct making *m, const struct fw_rule *r)
{
	uint8_t buf[NFT_USERDATA_MAXLEN];
	struct wr w = wr_over(buf, sizeof(buf));
	size_t n = strlen(r->why) + 1;
	uint64_t hash;

	if (fw_rule_hash(r, &hash) < 0) {
		m->failed = true;
		return;
	}
	wr_u8(&w, NFTNL_UDATA_RULE_COMMENT);
	wr_u8(&w, (uint8_t)n);
	wr_bytes(&w, r->why, n);
	wr_u8(&w, UDATA_HASH);
	wr_u8(&w, sizeof(hash));
	wr_u64(&w, hash);
	nftnl_rule_set_data(m->rule, NFTNL_RULE_USERDATA, buf, (uint32_t)wr_len(&w));
}
struct nftnl_rule *fw_nft_rule(const struct fw_chain *chain, const struct fw_rule *r)
{
	struct making m = { .rule = nftnl_rule_alloc() };

	if (!m.rule)
		return NULL;
	nftnl_rule_set_str(m.rule, NFTNL_RULE_TABLE, FW_TABLE);
	nftnl_rule_set_str(m.rule, NFTNL_RULE_CHAIN, chain->name);
	match_iface(&m, NFT_META_IIFNAME, r->iif);
	match_iface(&m, NFT_META_OIFNAME, r->oif);
	if (r->from_isolated)
		match_isolated(&m);
	match_family(&m, r->family);
	match_l4(&m, r);
	if (!r->saddr_known)
		match_address(&m, &r->saddr, true);
	match_address(&m, &r->daddr, false);
	if (r->dnat)
		match_tracked(&m, NFT_CT_STATUS, IPS_DST_NAT);
	if (r->established)
		match_tracked(&m, NFT_CT_STATE,
			      NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED));
	if (r->counter)
		expr(&m, "counter");
	act(&m, r);
	put_userdata(&m, r);
	if (!m.failed)
		return m.rule;
	nftnl_rule_free(m.rule);
	return NULL;
}
