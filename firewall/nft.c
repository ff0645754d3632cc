/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft.c — rows to nf_tables messages and back; the one file that knows libnftnl and libmnl.
 *
 * A plan becomes one batch in one sendmsg(): the kernel answers during the call, so that all errors
 * are in the socket when it returns. Each message has a sequence number of its own, by which an
 * error finds its object; the last one asks for an acknowledgement, which comes after the commit.
 */
#include "firewall/nft.h"

#include "base/cursor.h"
#include "firewall/firewall-internal.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BUFFER       65536      /* octets of one receive */
#define MESSAGE_MAX  4096       /* no message of ours is longer */
#define SOCKET_SPACE (64 << 20) /* a whole ruleset of 10000 networks in one batch */
#define TRIES        8          /* against a ruleset that others keep changing */

struct fw_kernel {
	struct mnl_socket *nl;
	uint32_t seq;
	uint8_t *out; /* the batch; kept for the next */
	size_t out_cap;
	uint8_t in[BUFFER];
};

/* --- sockets --- */

static void set_option(const struct mnl_socket *nl, int level, int option, int value)
{
	/* All of them improve matters where the kernel has them; none is needed. */
	(void)!setsockopt(mnl_socket_get_fd(nl), level, option, &value, sizeof(value));
}

static void tune(const struct mnl_socket *nl)
{
	set_option(nl, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	set_option(nl, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	set_option(nl, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_SPACE);
	set_option(nl, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_SPACE / 8);
}

static struct mnl_socket *writer_socket(int fd)
{
	if (fd >= 0)
		return mnl_socket_fdopen(fd);
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int saved = errno;
		mnl_socket_close(nl);
		errno = saved;
		return NULL;
	}
	return nl;
}

int fw_kernel_open(int fd, struct fw_kernel **ret, struct err *e)
{
	struct fw_kernel *k = calloc(1, sizeof(*k));

	if (!k) {
		close_fd(&fd);
		return err_sys(e, ENOMEM, "firewall");
	}
	k->nl = writer_socket(fd);
	if (!k->nl) {
		int saved = errno;
		close_fd(&fd);
		free(k);
		return err_sys(e, saved, "firewall: cannot open a netfilter socket");
	}
	tune(k->nl);
	random_bytes(&k->seq, sizeof(k->seq));
	*ret = k;
	return 0;
}

void fw_kernel_free(struct fw_kernel *k)
{
	if (!k)
		return;
	mnl_socket_close(k->nl);
	free(k->out);
	free(k);
}

int fw_kernel_fd(const struct fw_kernel *k)
{
	return mnl_socket_get_fd(k->nl);
}

uint32_t fw_kernel_port(const struct fw_kernel *k)
{
	return mnl_socket_get_portid(k->nl);
}

/* --- the batch --- */

/* Where a message came from: the step, and which of its rules. */
struct origin {
	const struct fw_step *step;
	size_t rule;
};

struct batch {
	struct fw_kernel *k;
	size_t len;
	uint32_t first_seq; /* of origin[0] */
	struct origin *origin;
	size_t n, cap;
	size_t last; /* offset of the newest message */
	const struct fw_step *step;
	size_t rule;
	bool failed;
};

static uint8_t *batch_room(struct batch *b)
{
	struct fw_kernel *k = b->k;
	size_t need = b->len + MESSAGE_MAX;

	if (!b->failed && GROW(k->out, k->out_cap, need) < 0)
		b->failed = true;
	return b->failed ? NULL : k->out + b->len;
}

/* Start a message; NULL sticks. */
static struct nlmsghdr *message(struct batch *b, uint16_t type, uint16_t flags)
{
	uint8_t *room = batch_room(b);

	if (!room || GROW(b->origin, b->cap, b->n + 1) < 0) {
		b->failed = true;
		return NULL;
	}
	b->origin[b->n] = (struct origin){ b->step, b->rule };
	b->last = b->len;
	return nftnl_nlmsg_build_hdr((char *)room, type, NFPROTO_INET, flags,
				     b->first_seq + (uint32_t)b->n++);
}

static void message_end(struct batch *b, const struct nlmsghdr *h)
{
	if (h)
		b->len += MNL_ALIGN(h->nlmsg_len);
}

/* The begin or end of the batch. */
static void batch_edge(struct batch *b, uint16_t type, uint32_t seq, uint32_t generation)
{
	uint8_t *room = batch_room(b);

	if (!room)
		return;
	struct nlmsghdr *h = mnl_nlmsg_put_header(room);
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST;
	h->nlmsg_seq = seq;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	g->res_id = htons(NFNL_SUBSYS_NFTABLES);
	if (generation)
		mnl_attr_put_u32(h, NFNL_BATCH_GENID, htonl(generation));
	message_end(b, h);
}

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

static void match_family(struct making *m, int family)
{
	uint8_t proto = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;

	if (!family || m->known_family == family)
		return;
	load_meta(m, NFT_META_NFPROTO);
	compare(m, NFT_CMP_EQ, &proto, 1);
	m->known_family = family;
}

/* Wire order of an address; returns its length. */
static uint32_t address_bytes(const struct ip *a, uint8_t out[static 16])
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
	uint32_t whole = address_bytes(&p->net, net), len = p->len / 8;
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

	if (!r->l4)
		return;
	load_meta(m, NFT_META_L4PROTO);
	compare(m, NFT_CMP_EQ, &r->l4, 1);
	if (!r->dport)
		return;
	load_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	compare(m, NFT_CMP_EQ, port, sizeof(port));
}

static void match_established(struct making *m)
{
	uint32_t states = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED),
		 none = 0;
	struct nftnl_expr *x = expr(m, "ct");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_CT_KEY, NFT_CT_STATE);
	nftnl_expr_set_u32(x, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	mask(m, &states, sizeof(states));
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
	uint32_t len = address_bytes(&r->to_min, min);

	address_bytes(&r->to_max, max);
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
		load_payload(m, NFT_PAYLOAD_NETWORK_HEADER, 12, 4);
		break;
	case FW_NAT6:
		load_payload(m, NFT_PAYLOAD_NETWORK_HEADER, 8, 16);
		break;
	case FW_MAPS:
		break;
	}
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

#define UDATA_HASH 200 /* far from the types that nft may give a meaning */

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

static uint64_t hash_in_userdata(const void *bytes, size_t n)
{
	struct rd r = rd_over(bytes, n);
	uint64_t hash = 0;

	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r), len = rd_u8(&r);
		struct rd value = rd_sub(&r, len);
		if (type == UDATA_HASH && rd_left(&value) == sizeof(hash))
			hash = rd_u64(&value);
	}
	return r.bad ? 0 : hash;
}

/* --- rows to messages --- */

static void put_rule(struct batch *b, const struct fw_chain *chain, const struct fw_rule *r)
{
	struct making m = { .rule = nftnl_rule_alloc() };

	if (!m.rule) {
		b->failed = true;
		return;
	}
	nftnl_rule_set_str(m.rule, NFTNL_RULE_TABLE, FW_TABLE);
	nftnl_rule_set_str(m.rule, NFTNL_RULE_CHAIN, chain->name);
	match_iface(&m, NFT_META_IIFNAME, r->iif);
	match_iface(&m, NFT_META_OIFNAME, r->oif);
	match_family(&m, r->family);
	match_l4(&m, r);
	match_address(&m, &r->saddr, true);
	match_address(&m, &r->daddr, false);
	if (r->established)
		match_established(&m);
	if (r->counter)
		expr(&m, "counter");
	act(&m, r);
	put_userdata(&m, r);
	struct nlmsghdr *h = message(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	if (h)
		nftnl_rule_nlmsg_build_payload(h, m.rule);
	message_end(b, h);
	b->failed |= m.failed;
	nftnl_rule_free(m.rule);
}

/* A message that only names the table and, with `attr`, an object in it. */
static void put_name(struct batch *b, uint16_t type, uint16_t attr, const char *name)
{
	struct nlmsghdr *h = message(b, type, 0);

	if (!h)
		return;
	mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, FW_TABLE); /* 1 in every kind of message */
	if (name)
		mnl_attr_put_strz(h, attr, name);
	message_end(b, h);
}

static void put_table(struct batch *b, bool owner)
{
	struct nlmsghdr *h = message(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);

	if (!h)
		return;
	mnl_attr_put_strz(h, NFTA_TABLE_NAME, FW_TABLE);
	mnl_attr_put_u32(h, NFTA_TABLE_FLAGS, htonl(owner ? NFT_TABLE_F_OWNER : 0));
	message_end(b, h);
}

static void put_chain_comment(struct nftnl_chain *c, const char *why)
{
	uint8_t buf[FW_WHY_MAX + 2];
	struct wr w = wr_over(buf, sizeof(buf));
	size_t n = strlen(why) + 1;

	wr_u8(&w, NFTNL_UDATA_CHAIN_COMMENT);
	wr_u8(&w, (uint8_t)n);
	wr_bytes(&w, why, n);
	nftnl_chain_set_data(c, NFTNL_CHAIN_USERDATA, buf, (uint32_t)wr_len(&w));
}

static void put_chain(struct batch *b, const struct fw_chain *chain)
{
	const struct fw_hook_desc *hook = &fw_hook_desc[chain->hook];
	struct nftnl_chain *c = nftnl_chain_alloc();
	struct nlmsghdr *h = message(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);

	if (c && h) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, FW_TABLE);
		nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, chain->name);
		put_chain_comment(c, chain->why);
	}
	if (c && h && chain->hook != FW_REGULAR) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, hook->type);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, hook->number);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, hook->priority);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	}
	if (c && h)
		nftnl_chain_nlmsg_build_payload(h, c);
	message_end(b, h);
	b->failed |= !c;
	if (c)
		nftnl_chain_free(c);
}

/* nft's own numbers of types and byte orders, by which it knows how to show a key. */
static const struct {
	uint32_t type, byteorder, len, flags;
} key_shape[] = {
	[FW_KEY_IFACE] = { 41, 1, IFNAMSIZ, NFT_SET_MAP },
	[FW_KEY_IP4] = { 7, 2, 4, NFT_SET_MAP | NFT_SET_INTERVAL },
	[FW_KEY_IP6] = { 8, 2, 16, NFT_SET_MAP | NFT_SET_INTERVAL },
};

static void put_byteorder(struct nftnl_set *s, uint32_t byteorder)
{
	uint8_t udata[2 + sizeof(byteorder)] = { NFTNL_UDATA_SET_KEYBYTEORDER, sizeof(byteorder) };

	memcpy(udata + 2, &byteorder, sizeof(byteorder)); /* in host order: nft reads it so */
	nftnl_set_set_data(s, NFTNL_SET_USERDATA, udata, sizeof(udata));
}

static void put_map(struct batch *b, enum fw_map map)
{
	enum fw_key key = fw_map_desc[map].key;
	struct nftnl_set *s = nftnl_set_alloc();
	struct nlmsghdr *h = message(b, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);

	if (s && h) {
		nftnl_set_set_str(s, NFTNL_SET_TABLE, FW_TABLE);
		nftnl_set_set_str(s, NFTNL_SET_NAME, fw_map_name(map));
		nftnl_set_set_u32(s, NFTNL_SET_ID, (uint32_t)map + 1);
		nftnl_set_set_u32(s, NFTNL_SET_FLAGS, key_shape[key].flags);
		nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, key_shape[key].type);
		nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, key_shape[key].len);
		nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
		nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, 16);
		put_byteorder(s, key_shape[key].byteorder);
		if (key ==
		    FW_KEY_IFACE) /* with a size and no timeout the kernel takes the fixed hash */
			nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, FW_MAP_SIZE);
		nftnl_set_nlmsg_build_payload(h, s);
	}
	message_end(b, h);
	b->failed |= !s;
	if (s)
		nftnl_set_free(s);
}

/* One past the address; false after the very last one. */
static bool next_address(uint8_t *bytes, uint32_t len)
{
	while (len-- > 0)
		if (++bytes[len])
			return true;
	return false;
}

static bool add_elem(struct nftnl_set *s, const void *key, uint32_t len, uint32_t flags,
		     const char *chain)
{
	struct nftnl_set_elem *x = nftnl_set_elem_alloc();

	if (!x)
		return false;
	nftnl_set_elem_set(x, NFTNL_SET_ELEM_KEY, key, len);
	if (flags)
		nftnl_set_elem_set_u32(x, NFTNL_SET_ELEM_FLAGS, flags);
	if (chain) {
		nftnl_set_elem_set_u32(x, NFTNL_SET_ELEM_VERDICT, (uint32_t)NFT_JUMP);
		nftnl_set_elem_set_str(x, NFTNL_SET_ELEM_CHAIN, chain);
	}
	nftnl_set_elem_add(s, x);
	return true;
}

/* An interval is two elements: its first key, and the key after its last. */
static bool add_keys(struct nftnl_set *s, const struct fw_element *element, const char *chain)
{
	uint8_t key[16];

	if (fw_map_desc[element->map].key == FW_KEY_IFACE)
		return add_elem(s, element->iface, IFNAMSIZ, 0, chain);
	uint32_t len = address_bytes(&element->first, key);
	if (!add_elem(s, key, len, 0, chain))
		return false;
	address_bytes(&element->last, key);
	return !next_address(key, len) || add_elem(s, key, len, NFT_SET_ELEM_INTERVAL_END, NULL);
}

static void put_element(struct batch *b, const struct fw_element *element, bool add)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct nlmsghdr *h = message(b, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
				     add ? NLM_F_CREATE | NLM_F_EXCL : 0);

	if (s && h) {
		nftnl_set_set_str(s, NFTNL_SET_TABLE, FW_TABLE);
		nftnl_set_set_str(s, NFTNL_SET_NAME, fw_map_name(element->map));
		b->failed |= !add_keys(s, element, add ? element->chain : NULL);
		nftnl_set_elems_nlmsg_build_payload(h, s);
	}
	message_end(b, h);
	b->failed |= !s;
	if (s)
		nftnl_set_free(s);
}

static void put_rules(struct batch *b, const struct fw_chain *chain)
{
	for (size_t i = 0; i < chain->n_rules; i++) {
		b->rule = i;
		put_rule(b, chain, &chain->rules[i]);
	}
}

static void put_step(struct batch *b, const struct fw_step *step)
{
	b->step = step;
	b->rule = 0;
	switch (step->op) {
	case FW_DELETE_TABLE:
		put_name(b, NFT_MSG_DELTABLE, 0, NULL);
		break;
	case FW_DELETE_ELEMENT:
	case FW_ADD_ELEMENT:
		put_element(b, &step->element, step->op == FW_ADD_ELEMENT);
		break;
	case FW_FLUSH_CHAIN:
		put_name(b, NFT_MSG_DELRULE, NFTA_RULE_CHAIN, step->name);
		break;
	case FW_DELETE_CHAIN:
		put_name(b, NFT_MSG_DELCHAIN, NFTA_CHAIN_NAME, step->name);
		break;
	case FW_DELETE_MAP:
		put_name(b, NFT_MSG_DELSET, NFTA_SET_NAME, step->name);
		break;
	case FW_ADD_TABLE:
		put_table(b, step->owner);
		break;
	case FW_ADD_MAP:
		put_map(b, step->map);
		break;
	case FW_ADD_CHAIN:
		put_chain(b, &step->chain);
		break;
	case FW_ADD_RULES:
		put_rules(b, &step->chain);
		break;
	}
}

/* --- answers to a batch --- */

struct answer {
	const struct batch *b;
	struct err *e;
	int error; /* the first, positive */
	unsigned more;
	bool acknowledged;
};

/* The kernel's own words in an extended acknowledgement, or NULL. */
static const char *words_of(const struct nlmsghdr *h)
{
	const struct nlattr *a;
	size_t at = sizeof(struct nlmsgerr);

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || h->nlmsg_len < NLMSG_HDRLEN + at)
		return NULL;
	mnl_attr_for_each(a, h, at)
	{
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			return mnl_attr_get_str(a);
	}
	return NULL;
}

static void describe(const struct origin *o, struct text *t)
{
	if (o->step->op != FW_ADD_RULES) {
		fw_step_text(o->step, t);
		if (t->len && !t->failed)
			t->s[--t->len] = '\0'; /* the newline */
		return;
	}
	text_addf(t, "add rule inet " FW_TABLE " %s ", o->step->chain.name);
	fw_rule_text(&o->step->chain.rules[o->rule], t);
}

static void take_error(struct answer *a, const struct nlmsghdr *h, int error)
{
	uint32_t i = h->nlmsg_seq - a->b->first_seq;
	const char *words = words_of(h);
	struct text t = { 0 };

	a->more += a->error != 0;
	if (a->error)
		return;
	a->error = error;
	if (i < a->b->n)
		describe(&a->b->origin[i], &t);
	err_sys(a->e, error, "firewall: cannot %s%s%s%s", t.s ? t.s : "commit the rules",
		words ? " (the kernel says \"" : "", words ? words : "", words ? "\")" : "");
	text_done(&t);
}

static void take_answer(struct answer *a, const struct nlmsghdr *h)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(h);
	uint32_t i =
	    h->nlmsg_seq - (a->b->first_seq - 1); /* the begin message has the number before */

	if (h->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(h) < sizeof(error->error) ||
	    i > a->b->n + 1)
		return;
	if (error->error)
		take_error(a, h, -error->error);
	else
		a->acknowledged = true;
}

/* Everything is in the socket already. */
static int read_answers(struct fw_kernel *k, struct answer *a)
{
	for (;;) {
		ssize_t got = recv(fw_kernel_fd(k), k->in, sizeof(k->in), MSG_DONTWAIT | MSG_TRUNC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return 0;
		if (got < 0)
			return err_sys(a->e, errno, "firewall: cannot read the kernel's answer");
		int left = (int)MIN_OF((size_t)got, sizeof(k->in));
		for (const struct nlmsghdr *h = (void *)k->in; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left))
			take_answer(a, h);
	}
}

static int send_batch(const struct batch *b, struct err *e)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct fw_kernel *k = b->k;

	/* Stale answers can't be there, but a dump that was given up may have left some. */
	while (recv(fw_kernel_fd(k), k->in, sizeof(k->in), MSG_DONTWAIT) >= 0 || errno == EINTR)
		;
	while (sendto(fw_kernel_fd(k), k->out, b->len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		if (errno != EINTR)
			return err_sys(e, errno,
				       "firewall: cannot send a transaction of %zu octets", b->len);
	return 0;
}

static int commit(struct batch *b, const struct fw_plan *p, struct err *e)
{
	struct answer a = { .b = b, .e = e };

	batch_edge(b, NFNL_MSG_BATCH_BEGIN, b->first_seq - 1, p->generation);
	for (size_t i = 0; i < p->n; i++)
		put_step(b, &p->steps[i]);
	if (!b->failed)
		((struct nlmsghdr *)(void *)(b->k->out + b->last))->nlmsg_flags |= NLM_F_ACK;
	batch_edge(b, NFNL_MSG_BATCH_END, b->first_seq + (uint32_t)b->n, 0);
	if (b->failed)
		return err_sys(e, ENOMEM, "firewall: cannot build the transaction");
	int rc = send_batch(b, e);
	if (rc == 0)
		rc = read_answers(b->k, &a);
	b->k->seq = b->first_seq + (uint32_t)b->n;
	if (a.error)
		return -a.error;
	if (rc == 0 && !a.acknowledged)
		rc = err_sys(e, EIO, "firewall: the kernel did not answer");
	return rc;
}

int fw_apply(struct fw_kernel *k, const struct fw_plan *p, struct err *e)
{
	struct batch b = { .k = k, .first_seq = k->seq + 2 };

	if (p->n == 0)
		return 0;
	int rc = commit(&b, p, e);
	free(b.origin);
	return rc;
}

/* --- dumps --- */

typedef int take_fn(void *data, const struct nlmsghdr *h);

static struct nlmsghdr *ask_for(struct fw_kernel *k, uint8_t buf[static MESSAGE_MAX], uint16_t type,
				bool dump)
{
	return nftnl_nlmsg_build_hdr((char *)buf, type, NFPROTO_INET, dump ? NLM_F_DUMP : 0,
				     ++k->seq);
}

/* One message of an answer. 1: the answer is complete; 0: more follows; else -errno. */
static int take_one(const struct nlmsghdr *request, const struct nlmsghdr *h, take_fn *take,
		    void *data, bool *interrupted)
{
	if (h->nlmsg_seq != request->nlmsg_seq)
		return 0; /* left from a request that was given up */
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		*interrupted = true;
	if (h->nlmsg_type == NLMSG_DONE)
		return 1;
	if (h->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = mnl_nlmsg_get_payload(h);
		return error->error ? error->error : 1;
	}
	int rc = take(data, h);
	return rc < 0 ? rc : !(h->nlmsg_flags & NLM_F_MULTI);
}

/* Send the request and hand each message of the answer to `take`. -EINTR: the ruleset changed
 * during the dump. */
static int ask(struct fw_kernel *k, const struct nlmsghdr *request, take_fn *take, void *data)
{
	bool interrupted = false;
	int rc = 0;

	if (mnl_socket_sendto(k->nl, request, request->nlmsg_len) < 0)
		return -errno;
	while (rc == 0) {
		ssize_t got = mnl_socket_recvfrom(k->nl, k->in, sizeof(k->in));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		int left = (int)got;
		for (const struct nlmsghdr *h = (void *)k->in; rc == 0 && mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left))
			rc = take_one(request, h, take, data, &interrupted);
	}
	return rc < 0 ? rc : interrupted ? -EINTR : 0;
}

static int take_generation(void *data, const struct nlmsghdr *h)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(a) == NFTA_GEN_ID && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			*(uint32_t *)data = ntohl(mnl_attr_get_u32(a));
	}
	return 0;
}

static int get_generation(struct fw_kernel *k, uint32_t *ret)
{
	uint8_t buf[MESSAGE_MAX];

	return ask(k, ask_for(k, buf, NFT_MSG_GETGEN, false), take_generation, ret);
}

struct dump {
	struct fw_kernel *k;
	struct fw_state *state;
	bool owner; /* the table should be owned */
	uint32_t generation;
	bool shaped[FW_MAPS]; /* maps that are there in their right shape: their elements can be
				 read */
};

static int take_table(void *data, const struct nlmsghdr *h)
{
	struct dump *d = data;
	struct nftnl_table *t = nftnl_table_alloc();

	if (!t)
		return -ENOMEM;
	int rc = nftnl_table_nlmsg_parse(h, t) < 0 ? -EBADMSG : 0;
	if (rc == 0) {
		uint32_t flags = nftnl_table_get_u32(t, NFTNL_TABLE_FLAGS);
		rc = fw_state_table(d->state, flags == (d->owner ? NFT_TABLE_F_OWNER : 0),
				    d->generation);
	}
	nftnl_table_free(t);
	return rc;
}

/* Which of our base chains this is; FW_REGULAR when it is none. */
static enum fw_hook hook_of(const struct nftnl_chain *c)
{
	static const struct {
		enum fw_hook hook;
		const char *name;
	} ours[] = {
		{ FW_FORWARD, "forward" },
		{ FW_POST, "post" },
		{ FW_INPUT, "input" },
		{ FW_OUTPUT, "output" },
	};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		const struct fw_hook_desc *hook = &fw_hook_desc[ours[i].hook];
		if (strcmp(nftnl_chain_get_str(c, NFTNL_CHAIN_NAME), ours[i].name) == 0 &&
		    nftnl_chain_is_set(c, NFTNL_CHAIN_TYPE) &&
		    strcmp(nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE), hook->type) == 0 &&
		    nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM) == hook->number &&
		    nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO) == hook->priority &&
		    nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY) == NF_ACCEPT)
			return ours[i].hook;
	}
	return FW_REGULAR;
}

static bool is_ours(const char *table)
{
	return table && strcmp(table, FW_TABLE) == 0;
}

static int take_chain(void *data, const struct nlmsghdr *h)
{
	struct dump *d = data;
	struct nftnl_chain *c = nftnl_chain_alloc();
	int rc = 0;

	if (!c)
		return -ENOMEM;
	if (nftnl_chain_nlmsg_parse(h, c) < 0 || !nftnl_chain_is_set(c, NFTNL_CHAIN_NAME)) {
		rc = -EBADMSG;
	} else if (is_ours(nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE))) {
		enum fw_hook hook = hook_of(c);
		bool base = nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM);
		rc = fw_state_chain(d->state, nftnl_chain_get_str(c, NFTNL_CHAIN_NAME), hook,
				    !base || hook != FW_REGULAR);
	}
	nftnl_chain_free(c);
	return rc;
}

/* Parsed by hand: of a rule only its place and its userdata matter, not its expressions. */
static int take_rule(void *data, const struct nlmsghdr *h)
{
	struct dump *d = data;
	const char *table = NULL, *chain = NULL;
	uint64_t hash = 0;
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
	{
		uint16_t type = mnl_attr_get_type(a);
		if (type == NFTA_RULE_USERDATA)
			hash =
			    hash_in_userdata(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
		else if (type == NFTA_RULE_TABLE && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			table = mnl_attr_get_str(a);
		else if (type == NFTA_RULE_CHAIN && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			chain = mnl_attr_get_str(a);
	}
	if (is_ours(table) && chain)
		fw_state_rule(d->state, chain, hash);
	return 0;
}

static bool shape_right(const struct nftnl_set *s, enum fw_map map)
{
	enum fw_key key = fw_map_desc[map].key;

	return nftnl_set_get_u32(s, NFTNL_SET_FLAGS) == key_shape[key].flags &&
	       nftnl_set_get_u32(s, NFTNL_SET_KEY_LEN) == key_shape[key].len &&
	       nftnl_set_get_u32(s, NFTNL_SET_DATA_TYPE) == NFT_DATA_VERDICT;
}

static int take_map(void *data, const struct nlmsghdr *h)
{
	struct dump *d = data;
	struct nftnl_set *s = nftnl_set_alloc();
	bool right = false;
	int rc = 0;

	if (!s)
		return -ENOMEM;
	if (nftnl_set_nlmsg_parse(h, s) < 0 || !nftnl_set_is_set(s, NFTNL_SET_NAME)) {
		rc = -EBADMSG;
	} else if (is_ours(nftnl_set_get_str(s, NFTNL_SET_TABLE)) &&
		   !(nftnl_set_get_u32(s, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS)) {
		const char *name = nftnl_set_get_str(s, NFTNL_SET_NAME);
		for (unsigned m = 0; m < FW_MAPS; m++)
			if (strcmp(name, fw_map_name((enum fw_map)m)) == 0)
				right = d->shaped[m] = shape_right(s, (enum fw_map)m);
		rc = fw_state_map(d->state, name, right);
	}
	nftnl_set_free(s);
	return rc;
}

/* --- elements --- */

struct key {
	struct fw_element element;
	uint8_t bytes[16];
	bool is_end, is_jump;
};

struct keys {
	enum fw_map map;
	struct key *key;
	size_t n, cap;
	struct nftnl_set *set;
};

static int take_elements(void *data, const struct nlmsghdr *h)
{
	struct keys *keys = data;

	return nftnl_set_elems_nlmsg_parse(h, keys->set) < 0 ? -EBADMSG : 0;
}

static int take_element(struct nftnl_set_elem *x, void *data)
{
	struct keys *keys = data;
	uint32_t len = 0;
	const void *bytes = nftnl_set_elem_get(x, NFTNL_SET_ELEM_KEY, &len);

	if (GROW(keys->key, keys->cap, keys->n + 1) < 0)
		return -1;
	struct key *key = &keys->key[keys->n++];
	*key = (struct key){ .element = { .map = keys->map } };
	if (bytes)
		memcpy(key->bytes, bytes, MIN_OF(len, sizeof(key->bytes)));
	if (nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_FLAGS))
		key->is_end =
		    nftnl_set_elem_get_u32(x, NFTNL_SET_ELEM_FLAGS) & NFT_SET_ELEM_INTERVAL_END;
	if (nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_CHAIN))
		key->is_jump = copy_text(key->element.chain, sizeof(key->element.chain),
					 nftnl_set_elem_get_str(x, NFTNL_SET_ELEM_CHAIN)) &&
			       (int)nftnl_set_elem_get_u32(x, NFTNL_SET_ELEM_VERDICT) == NFT_JUMP;
	return 0;
}

/* By address; where one interval ends and the next begins, the end first. */
static int by_address(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int c = memcmp(x->bytes, y->bytes, sizeof(x->bytes));

	return c ? c : (int)y->is_end - (int)x->is_end;
}

static struct ip address_of(const struct key *key)
{
	struct ip a = { .family =
			    fw_map_desc[key->element.map].key == FW_KEY_IP4 ? AF_INET : AF_INET6 };
	struct rd r = rd_over(key->bytes, sizeof(key->bytes));

	if (a.family == AF_INET)
		a.v4 = rd_u32(&r);
	else
		rd_copy(&r, a.v6, sizeof(a.v6));
	return a;
}

static struct ip address_before(const struct key *key)
{
	struct ip a = address_of(key);

	if (a.family == AF_INET)
		a.v4--;
	else
		for (size_t i = sizeof(a.v6); i-- > 0 && a.v6[i]-- == 0;)
			;
	return a;
}

/* Pair the keys of an interval map: each begin runs up to the key that follows it. */
static int record_ranges(struct dump *d, struct keys *keys)
{
	int rc = 0;

	if (keys->n)
		qsort(keys->key, keys->n, sizeof(*keys->key), by_address);
	for (size_t i = 0; i < keys->n && rc == 0; i++) {
		struct key *key = &keys->key[i];
		if (key->is_end)
			continue;
		struct fw_prefix all = { .net = address_of(key), .len = 0 };
		key->element.first = all.net;
		key->element.last =
		    i + 1 < keys->n ? address_before(key + 1) : fw_prefix_last(&all);
		rc = fw_state_element(d->state, &key->element, key->is_jump);
	}
	return rc;
}

static int record_ifaces(struct dump *d, struct keys *keys)
{
	int rc = 0;

	for (size_t i = 0; i < keys->n && rc == 0; i++) {
		struct key *key = &keys->key[i];
		memcpy(key->element.iface, key->bytes, IFNAMSIZ - 1);
		rc = fw_state_element(d->state, &key->element, key->is_jump);
	}
	return rc;
}

static int dump_elements(struct dump *d, enum fw_map map)
{
	uint8_t buf[MESSAGE_MAX];
	struct keys keys = { .map = map, .set = nftnl_set_alloc() };
	struct nlmsghdr *h = ask_for(d->k, buf, NFT_MSG_GETSETELEM, true);

	if (!keys.set)
		return -ENOMEM;
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, FW_TABLE);
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, fw_map_name(map));
	int rc = ask(d->k, h, take_elements, &keys);
	if (rc == 0 && nftnl_set_elem_foreach(keys.set, take_element, &keys) < 0)
		rc = -ENOMEM;
	if (rc == 0)
		rc = fw_map_desc[map].key == FW_KEY_IFACE ? record_ifaces(d, &keys)
							  : record_ranges(d, &keys);
	free(keys.key);
	nftnl_set_free(keys.set);
	return rc;
}

static int dump_kind(struct dump *d, uint16_t type, bool dump, take_fn *take)
{
	uint8_t buf[MESSAGE_MAX];
	struct nlmsghdr *h = ask_for(d->k, buf, type, dump);

	/* Kernels that can't filter show all tables; attribute 1 is the table's name in every kind.
	 */
	mnl_attr_put_strz(h, NFTA_TABLE_NAME, FW_TABLE);
	return ask(d->k, h, take, d);
}

static int dump_table(struct dump *d)
{
	int rc = get_generation(d->k, &d->generation);

	if (rc == 0)
		rc = dump_kind(d, NFT_MSG_GETTABLE, false, take_table);
	if (rc == -ENOENT) {
		fw_state_no_table(d->state, d->generation);
		return 0;
	}
	if (rc == 0)
		rc = dump_kind(d, NFT_MSG_GETCHAIN, true, take_chain);
	if (rc == 0)
		rc = dump_kind(d, NFT_MSG_GETRULE, true, take_rule);
	if (rc == 0)
		rc = dump_kind(d, NFT_MSG_GETSET, true, take_map);
	for (unsigned m = 0; m < FW_MAPS && rc == 0; m++)
		if (d->shaped[m])
			rc = dump_elements(d, (enum fw_map)m);
	uint32_t generation = 0;
	if (rc == 0)
		rc = get_generation(d->k, &generation);
	return rc == 0 && generation != d->generation ? -EINTR : rc;
}

int fw_have(struct fw_kernel *k, const struct fw_options *o, struct fw_state **ret, struct err *e)
{
	int rc = -EINTR;

	for (unsigned i = 0; i < TRIES && (rc == -EINTR || rc == -ENOENT); i++) {
		struct dump d = { .k = k, .state = fw_state_new(), .owner = o->owner };
		rc = d.state ? dump_table(&d) : -ENOMEM;
		if (rc == 0) {
			*ret = d.state;
			return 0;
		}
		fw_state_free(d.state);
	}
	return err_sys(e, -rc, "firewall: cannot read table inet " FW_TABLE);
}

/* One round. `*ret_had` is set on success only. */
static int sync_once(struct fw_kernel *k, const struct fw_rows *want, struct fw_state **ret_had,
		     size_t *ret_steps, struct err *e)
{
	struct fw_options o = { .owner = want->owner, .host_chains = want->host_chains };
	struct fw_state *had = NULL;
	struct fw_plan *p = NULL;
	int rc = fw_have(k, &o, &had, e);

	if (rc == 0)
		rc = fw_plan_all(had, want, &p, e);
	if (rc == 0)
		rc = fw_apply(k, p, e);
	if (rc == 0 && fw_state_commit(had, p) < 0)
		rc = err_sys(e, ENOMEM, "firewall");
	if (rc == 0) {
		*ret_steps = p->n;
		*ret_had = take_ptr(had);
	}
	fw_plan_free(p);
	fw_state_free(had);
	return rc;
}

int fw_sync(struct fw_kernel *k, const struct fw_rows *want, struct fw_state **ret_had,
	    size_t *ret_steps, struct err *e)
{
	struct fw_state *had = NULL;
	size_t steps = 0;
	int rc = -ERESTART;

	for (unsigned i = 0; i < TRIES && rc == -ERESTART; i++) {
		err_clear(e);
		rc = sync_once(k, want, &had, &steps, e);
	}
	if (rc < 0)
		return rc;
	if (ret_steps)
		*ret_steps = steps;
	if (ret_had)
		*ret_had = take_ptr(had);
	fw_state_free(had);
	return 0;
}

/* --- events --- */

struct fw_watch {
	struct mnl_socket *nl;
	uint32_t own_port;
	uint8_t in[BUFFER];
};

int fw_watch_open(uint32_t own_port, struct fw_watch **ret, struct err *e)
{
	struct fw_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return err_sys(e, ENOMEM, "firewall");
	w->own_port = own_port;
	w->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!w->nl || mnl_socket_bind(w->nl, 1 << (NFNLGRP_NFTABLES - 1), MNL_SOCKET_AUTOPID) < 0) {
		int saved = errno;
		fw_watch_free(w);
		return err_sys(e, saved, "firewall: cannot listen to nftables events");
	}
	set_option(w->nl, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_SPACE / 8);
	*ret = w;
	return 0;
}

void fw_watch_free(struct fw_watch *w)
{
	if (!w)
		return;
	if (w->nl)
		mnl_socket_close(w->nl);
	free(w);
}

int fw_watch_fd(const struct fw_watch *w)
{
	return mnl_socket_get_fd(w->nl);
}

static enum fw_event event_of(const struct fw_watch *w, const struct nlmsghdr *h)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*g) || g->nfgen_family != NFPROTO_INET ||
	    h->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || (h->nlmsg_type & 0xff) == NFT_MSG_NEWGEN)
		return FW_EVENT_NONE;
	mnl_attr_for_each(a, h, sizeof(*g))
	{
		if (mnl_attr_get_type(a) == NFTA_TABLE_NAME &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 && is_ours(mnl_attr_get_str(a)))
			return h->nlmsg_pid == w->own_port ? FW_EVENT_OWN : FW_EVENT_FOREIGN;
	}
	return FW_EVENT_NONE;
}

enum fw_event fw_events(struct fw_watch *w)
{
	enum fw_event gravest = FW_EVENT_NONE;

	for (;;) {
		ssize_t got = recv(fw_watch_fd(w), w->in, sizeof(w->in), 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != ENOBUFS)
			return gravest;
		if (got < 0) {
			gravest = FW_EVENT_OVERFLOW;
			continue;
		}
		int left = (int)got;
		for (const struct nlmsghdr *h = (void *)w->in; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			enum fw_event event = event_of(w, h);
			gravest = MAX_OF(gravest, event);
		}
	}
}
