/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft-foreign.c — others' rules as a struct fw_foreign. Both nft's own expressions and xtables'
 * matches within nftables (iptables-nft) are read. */
#include "firewall/foreign.h"
#include "firewall/nft-internal.h"

#include "base/cursor.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* ---- one rule ---- */

/* What the register holds that the next comparison looks at. */
enum loaded {
	LOADED_OTHER,
	LOADED_IN,
	LOADED_OUT,
	LOADED_PROTO,
	LOADED_FAMILY,
	LOADED_PORT,
	LOADED_CT
};

/* NF_CT_STATE_BIT of established and related; of new */
#define CT_REPLIES 6U
#define CT_NEW     8U

struct reading {
	struct fw_foreign_rule r;
	enum loaded loaded;
	uint32_t ct_mask; /* 0: no mask */
};

static enum loaded meta_of(const struct nftnl_expr *x)
{
	switch (nftnl_expr_get_u32(x, NFTNL_EXPR_META_KEY)) {
	case NFT_META_IIFNAME:
		return LOADED_IN;
	case NFT_META_OIFNAME:
		return LOADED_OUT;
	case NFT_META_L4PROTO:
		return LOADED_PROTO;
	case NFT_META_NFPROTO:
		return LOADED_FAMILY;
	default:
		return LOADED_OTHER;
	}
}

static enum loaded payload_of(const struct nftnl_expr *x)
{
	uint32_t base = nftnl_expr_get_u32(x, NFTNL_EXPR_PAYLOAD_BASE);
	uint32_t at = nftnl_expr_get_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET);
	uint32_t len = nftnl_expr_get_u32(x, NFTNL_EXPR_PAYLOAD_LEN);

	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && at == 2 && len == 2)
		return LOADED_PORT;
	return base == NFT_PAYLOAD_NETWORK_HEADER && at == 9 && len == 1 ? LOADED_PROTO
									 : LOADED_OTHER;
}

static void take_interface(struct fw_foreign_interface *i, const void *name, uint32_t n,
			   bool inverted)
{
	size_t len = strnlen(name, n);

	len = MIN_OF(len, (size_t)IF_NAMESIZE - 1);
	memcpy(i->name, name, len);
	/* Compared without the end of the name: it only begins so. */
	copy_text(i->name + len, sizeof(i->name) - len,
		  n && len == n && n < IF_NAMESIZE ? "*" : "");
	i->inverted = inverted;
}

static void take_cmp(struct reading *rd, const struct nftnl_expr *x)
{
	uint32_t n = 0, op = nftnl_expr_get_u32(x, NFTNL_EXPR_CMP_OP);
	const uint8_t *b = nftnl_expr_get(x, NFTNL_EXPR_CMP_DATA, &n);
	struct fw_foreign_rule *r = &rd->r;
	bool equal = op == NFT_CMP_EQ, known = b && (equal || op == NFT_CMP_NEQ);

	if (known && (rd->loaded == LOADED_IN || rd->loaded == LOADED_OUT)) {
		take_interface(rd->loaded == LOADED_IN ? &r->in : &r->out, b, n, !equal);
	} else if (known && equal && rd->loaded == LOADED_PROTO && n >= 1) {
		r->proto = b[0];
	} else if (known && equal && rd->loaded == LOADED_FAMILY && n >= 1) {
		r->family = b[0] == NFPROTO_IPV4 ? AF_INET : AF_INET6;
	} else if (known && equal && rd->loaded == LOADED_PORT && n >= 2) {
		r->port_first = r->port_last = (uint16_t)(b[0] << 8 | b[1]);
	} else if (known && !equal && rd->loaded == LOADED_CT && rd->ct_mask & CT_NEW) {
		; /* also new ones: no condition for a first packet */
	} else if (known && !equal && rd->loaded == LOADED_CT && rd->ct_mask & CT_REPLIES) {
		r->replies = true; /* any of those bits */
	} else {
		r->unknown = true;
	}
}

static void take_bitwise(struct reading *rd, const struct nftnl_expr *x)
{
	uint32_t n = 0;
	const void *mask = nftnl_expr_get(x, NFTNL_EXPR_BITWISE_MASK, &n);

	if (rd->loaded == LOADED_CT && mask && n == sizeof(rd->ct_mask))
		memcpy(&rd->ct_mask, mask, n);
	else
		rd->loaded = LOADED_OTHER;
}

/* A set, of which only who asks is known; with a verdict of its own for each element a map. */
static void take_lookup(struct reading *rd, const struct nftnl_expr *x)
{
	bool map = nftnl_expr_is_set(x, NFTNL_EXPR_LOOKUP_DREG);

	if (rd->loaded == LOADED_CT) {
		rd->r.replies = true;
		if (map)
			rd->r.verdict = FW_FOREIGN_ACCEPT;
	} else if (map || rd->loaded == LOADED_OTHER) {
		rd->r.unknown = true;
	} else {
		rd->r.maybe = true;
	}
}

static enum fw_foreign_verdict verdict_of(uint32_t v)
{
	switch ((int)v) {
	case NF_ACCEPT:
		return FW_FOREIGN_ACCEPT;
	case NF_DROP:
		return FW_FOREIGN_DROP;
	case NFT_JUMP:
		return FW_FOREIGN_JUMP;
	case NFT_GOTO:
		return FW_FOREIGN_GOTO;
	case NFT_RETURN:
		return FW_FOREIGN_RETURN;
	default:
		return FW_FOREIGN_CONTINUE;
	}
}

static void take_immediate(struct reading *rd, const struct nftnl_expr *x)
{
	if (!nftnl_expr_is_set(x, NFTNL_EXPR_IMM_VERDICT))
		return;
	const char *chain = nftnl_expr_get_str(x, NFTNL_EXPR_IMM_CHAIN);
	rd->r.verdict = verdict_of(nftnl_expr_get_u32(x, NFTNL_EXPR_IMM_VERDICT));
	copy_text(rd->r.target, sizeof(rd->r.target), chain ? chain : "");
}

/* xt_udp and xt_tcp begin with two pairs of ports in host order: source, destination. */
static void take_ports(struct fw_foreign_rule *r, const void *info, uint32_t n)
{
	uint16_t pair[4];

	if (!info || n < sizeof(pair)) {
		r->unknown = true;
		return;
	}
	memcpy(pair, info, sizeof(pair));
	if (pair[0] != 0 || pair[1] != UINT16_MAX)
		r->unknown = true;
	if (pair[2] != 0 || pair[3] != UINT16_MAX) {
		r->port_first = pair[2];
		r->port_last = pair[3];
	}
}

static void take_match(struct reading *rd, const struct nftnl_expr *x)
{
	const char *name = nftnl_expr_get_str(x, NFTNL_EXPR_MT_NAME);
	uint32_t n = 0;
	const void *info = nftnl_expr_get(x, NFTNL_EXPR_MT_INFO, &n);

	if (strcmp(name, "conntrack") == 0 || strcmp(name, "state") == 0)
		rd->r.replies = rd->r.maybe = true; /* most often established and related */
	else if (strcmp(name, "udp") == 0 || strcmp(name, "tcp") == 0)
		take_ports(&rd->r, info, n);
	else if (strcmp(name, "multiport") == 0)
		rd->r.maybe = true;
	else if (strcmp(name, "comment") != 0)
		rd->r.unknown = true;
}

static int take_expr(struct nftnl_expr *x, void *data)
{
	struct reading *rd = data;
	const char *name = nftnl_expr_get_str(x, NFTNL_EXPR_NAME);

	if (strcmp(name, "meta") == 0)
		rd->loaded = meta_of(x);
	else if (strcmp(name, "payload") == 0)
		rd->loaded = payload_of(x);
	else if (strcmp(name, "ct") == 0)
		rd->loaded = nftnl_expr_get_u32(x, NFTNL_EXPR_CT_KEY) == NFT_CT_STATE
				 ? LOADED_CT
				 : LOADED_OTHER;
	else if (strcmp(name, "bitwise") == 0)
		take_bitwise(rd, x);
	else if (strcmp(name, "cmp") == 0)
		take_cmp(rd, x);
	else if (strcmp(name, "lookup") == 0)
		take_lookup(rd, x);
	else if (strcmp(name, "immediate") == 0)
		take_immediate(rd, x);
	else if (strcmp(name, "match") == 0)
		take_match(rd, x);
	else if (strcmp(name, "reject") == 0 ||
		 (strcmp(name, "target") == 0 &&
		  strcmp(nftnl_expr_get_str(x, NFTNL_EXPR_TG_NAME), "REJECT") == 0))
		rd->r.verdict = FW_FOREIGN_DROP;
	else if (strcmp(name, "counter") != 0 && strcmp(name, "log") != 0 &&
		 strcmp(name, "target") != 0)
		rd->r.unknown = true;
	return 0;
}

/* ---- dumps ---- */

static int family_of(uint32_t nfproto)
{
	return nfproto == NFPROTO_IPV4 ? AF_INET : nfproto == NFPROTO_IPV6 ? AF_INET6 : 0;
}

static bool is_ip(uint32_t nfproto)
{
	return nfproto == NFPROTO_IPV4 || nfproto == NFPROTO_IPV6 || nfproto == NFPROTO_INET;
}

static enum fw_foreign_hook hook_of(const struct nftnl_chain *c)
{
	const char *type = nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE);

	if (!nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM) || !type || strcmp(type, "filter") != 0)
		return FW_FOREIGN_REGULAR;
	switch (nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM)) {
	case NF_INET_FORWARD:
		return FW_FOREIGN_FORWARD;
	case NF_INET_LOCAL_IN:
		return FW_FOREIGN_INPUT;
	default:
		return FW_FOREIGN_REGULAR;
	}
}

static int take_chain(void *data, const struct nlmsghdr *h)
{
	struct fw_foreign *f = data;
	struct nftnl_chain *c = nftnl_chain_alloc();
	struct fw_foreign_chain to = { 0 };

	if (!c)
		return -ENOMEM;
	if (nftnl_chain_nlmsg_parse(h, c) == 0 && nftnl_chain_is_set(c, NFTNL_CHAIN_NAME) &&
	    is_ip(nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY)) &&
	    !fw_is_our_table(nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE))) {
		to.family = family_of(nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY));
		to.hook = hook_of(c);
		to.policy_drop = to.hook != FW_FOREIGN_REGULAR &&
				 nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY) == NF_DROP;
		copy_text(to.table, sizeof(to.table), nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE));
		copy_text(to.name, sizeof(to.name), nftnl_chain_get_str(c, NFTNL_CHAIN_NAME));
		fw_foreign_add_chain(f, &to);
	}
	nftnl_chain_free(c);
	return 0;
}

/* The comment is ours. */
static bool is_marked(const struct nftnl_rule *r)
{
	uint32_t n = 0;
	const uint8_t *b = nftnl_rule_get_data(r, NFTNL_RULE_USERDATA, &n);

	return b && n == 2 + sizeof(FW_FOREIGN_MARK) && b[0] == 0 &&
	       b[1] == sizeof(FW_FOREIGN_MARK) &&
	       memcmp(b + 2, FW_FOREIGN_MARK, sizeof(FW_FOREIGN_MARK)) == 0;
}

static int take_rule(void *data, const struct nlmsghdr *h)
{
	struct fw_foreign *f = data;
	struct nftnl_rule *r = nftnl_rule_alloc();
	struct reading rd = { 0 };
	int rc = 0;

	if (!r)
		return -ENOMEM;
	if (nftnl_rule_nlmsg_parse(h, r) == 0 && nftnl_expr_foreach(r, take_expr, &rd) == 0) {
		rd.r.handle = is_marked(r) ? nftnl_rule_get_u64(r, NFTNL_RULE_HANDLE) : 0;
		rc = fw_foreign_add_rule(f, family_of(nftnl_rule_get_u32(r, NFTNL_RULE_FAMILY)),
					 nftnl_rule_get_str(r, NFTNL_RULE_TABLE),
					 nftnl_rule_get_str(r, NFTNL_RULE_CHAIN), &rd.r);
	}
	nftnl_rule_free(r);
	return rc;
}

/* The rules of one table of one family. */
static int read_rules(struct fw_kernel *k, struct fw_foreign *f,
		      const struct fw_foreign_chain *base)
{
	uint8_t buf[MESSAGE_MAX];
	uint16_t nfproto = base->family == AF_INET    ? NFPROTO_IPV4
			   : base->family == AF_INET6 ? NFPROTO_IPV6
						      : NFPROTO_INET;
	struct nlmsghdr *h =
	    nftnl_nlmsg_build_hdr((char *)buf, NFT_MSG_GETRULE, nfproto, NLM_F_DUMP, ++k->seq);

	mnl_attr_put_strz(h, NFTA_RULE_TABLE, base->table);
	return fw_ask(k, h, take_rule, f);
}

static bool same_table(const struct fw_foreign_chain *a, const struct fw_foreign_chain *b)
{
	return a->family == b->family && strcmp(a->table, b->table) == 0;
}

/* Whether the chain is the first of its table in which guests' packets may end. */
static bool is_first(const struct fw_foreign *f, size_t i)
{
	if (f->chains[i].hook == FW_FOREIGN_REGULAR)
		return false;
	for (size_t k = 0; k < i; k++)
		if (f->chains[k].hook != FW_FOREIGN_REGULAR &&
		    same_table(&f->chains[k], &f->chains[i]))
			return false;
	return true;
}

static int read_once(struct fw_kernel *k, struct fw_foreign *f)
{
	uint8_t buf[MESSAGE_MAX];
	int rc = fw_ask(k,
			nftnl_nlmsg_build_hdr((char *)buf, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC,
					      NLM_F_DUMP, ++k->seq),
			take_chain, f);

	for (size_t i = 0; i < f->n && rc == 0; i++)
		if (is_first(f, i))
			rc = read_rules(k, f, &f->chains[i]);
	return rc;
}

int fw_foreign_read(struct fw_kernel *k, struct fw_foreign *ret, struct err *e)
{
	int rc = -EINTR;

	*ret = (struct fw_foreign){ 0 };
	for (unsigned i = 0; i < TRIES && rc == -EINTR; i++) {
		fw_foreign_done(ret);
		rc = read_once(k, ret);
	}
	return rc < 0 ? err_sys(e, -rc, "firewall: cannot read others' rules") : 0;
}
