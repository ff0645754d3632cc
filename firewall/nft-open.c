/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft-open.c — accepts of ours at the head of others' chains, where an administrator wants them.
 * They consist of what iptables-nft itself makes of `-i virbr1 -j ACCEPT`, so that it can list
 * them. A socket of its own is used: to the rest of netd this is somebody else's change, to be
 * looked at. */
#include "firewall/foreign.h"
#include "firewall/nft-internal.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH_MAX     (256 * 1024)
#define ANSWER_SEC    2
#define UDATA_COMMENT 0 /* nft's: shown as the rule's comment */

static int add_expr(struct nftnl_rule *r, struct nftnl_expr *x)
{
	if (!x)
		return -ENOMEM;
	nftnl_rule_add_expr(r, x);
	return 0;
}

static int add_load(struct nftnl_rule *r, const char *kind, uint32_t key)
{
	struct nftnl_expr *x = nftnl_expr_alloc(kind);

	if (x) {
		nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, key);
		nftnl_expr_set_u32(x, NFTNL_EXPR_META_DREG, NFT_REG_1);
	}
	return add_expr(r, x);
}

static int add_port(struct nftnl_rule *r)
{
	struct nftnl_expr *x = nftnl_expr_alloc("payload");

	if (x) {
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET, 2);
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_LEN, 2);
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	}
	return add_expr(r, x);
}

static int add_equal(struct nftnl_rule *r, const void *value, size_t n)
{
	struct nftnl_expr *x = nftnl_expr_alloc("cmp");

	if (x) {
		nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
		nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
		nftnl_expr_set(x, NFTNL_EXPR_CMP_DATA, value, (uint32_t)n);
	}
	return add_expr(r, x);
}

static int add_accept(struct nftnl_rule *r)
{
	struct nftnl_expr *x = nftnl_expr_alloc("immediate");

	if (x) {
		nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
		nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT);
	}
	int rc = add_expr(r, nftnl_expr_alloc("counter"));
	return rc < 0 ? rc : add_expr(r, x);
}

static int add_exprs(struct nftnl_rule *r, const struct fw_foreign_opening *o)
{
	const uint16_t port = htons(o->port);
	uint32_t key = o->outgoing ? NFT_META_OIFNAME : NFT_META_IIFNAME;
	int rc = add_load(r, "meta", key);

	if (rc == 0)
		rc = add_equal(r, o->bridge, strlen(o->bridge) + 1);
	if (rc == 0 && o->proto)
		rc = add_load(r, "meta", NFT_META_L4PROTO);
	if (rc == 0 && o->proto)
		rc = add_equal(r, &o->proto, 1);
	if (rc == 0 && o->port)
		rc = add_port(r);
	if (rc == 0 && o->port)
		rc = add_equal(r, &port, sizeof(port));
	return rc < 0 ? rc : add_accept(r);
}

static uint16_t nfproto_of(int family)
{
	return family == AF_INET ? NFPROTO_IPV4 : family == AF_INET6 ? NFPROTO_IPV6 : NFPROTO_INET;
}

static int fill_rule(struct nftnl_rule *r, const struct fw_foreign_opening *o)
{
	uint8_t mark[2 + sizeof(FW_FOREIGN_MARK)] = { UDATA_COMMENT, sizeof(FW_FOREIGN_MARK) };

	nftnl_rule_set_u32(r, NFTNL_RULE_FAMILY, nfproto_of(o->family));
	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, o->table);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, o->chain);
	if (o->remove) {
		nftnl_rule_set_u64(r, NFTNL_RULE_HANDLE, o->remove);
		return 0;
	}
	memcpy(mark + 2, FW_FOREIGN_MARK, sizeof(FW_FOREIGN_MARK));
	nftnl_rule_set_data(r, NFTNL_RULE_USERDATA, mark, sizeof(mark));
	return add_exprs(r, o);
}

/* Inserted at the head: without NLM_F_APPEND. */
static int put_rule(uint8_t *at, const struct fw_foreign_opening *o, uint32_t seq, size_t *ret_len)
{
	struct nftnl_rule *r = nftnl_rule_alloc();
	int rc = r ? fill_rule(r, o) : -ENOMEM;

	if (rc == 0) {
		struct nlmsghdr *h =
		    nftnl_nlmsg_build_hdr((char *)at, o->remove ? NFT_MSG_DELRULE : NFT_MSG_NEWRULE,
					  nfproto_of(o->family), o->remove ? 0 : NLM_F_CREATE, seq);
		nftnl_rule_nlmsg_build_payload(h, r);
		*ret_len = h->nlmsg_len;
	}
	nftnl_rule_free(r);
	return rc;
}

static int build(uint8_t *buf, const struct fw_foreign_opening *list, size_t n, size_t *ret_len)
{
	uint32_t seq = 1;
	size_t len = nftnl_batch_begin((char *)buf, seq++)->nlmsg_len;

	for (size_t i = 0; i < n && len + 2 * MESSAGE_MAX < BATCH_MAX; i++) {
		size_t more;
		int rc = put_rule(buf + len, &list[i], seq++, &more);
		if (rc < 0)
			return rc;
		len += more;
	}
	struct nlmsghdr *end = nftnl_batch_end((char *)buf + len, seq);
	end->nlmsg_flags |= NLM_F_ACK;
	*ret_len = len + end->nlmsg_len;
	return 0;
}

/* The first failure, or the acknowledgement of the end. */
static int answer(struct mnl_socket *nl)
{
	alignas(struct nlmsghdr) uint8_t in[8192];
	ssize_t got = mnl_socket_recvfrom(nl, in, sizeof(in));

	if (got < 0)
		return -errno;
	const struct nlmsghdr *h = (const void *)in;
	int left = (int)got;
	if (!mnl_nlmsg_ok(h, left) || h->nlmsg_type != NLMSG_ERROR)
		return 0;
	return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error;
}

static int send_and_hear(const uint8_t *buf, size_t len)
{
	const struct timeval patience = { .tv_sec = ANSWER_SEC };
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int rc;

	if (!nl)
		return -errno;
	(void)!setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &patience,
			  sizeof(patience));
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 || mnl_socket_sendto(nl, buf, len) < 0)
		rc = -errno;
	else
		rc = answer(nl);
	mnl_socket_close(nl);
	return rc;
}

int fw_foreign_open(const struct fw_foreign_opening *list, size_t n, struct err *e)
{
	auto_free uint8_t *buf = calloc(1, BATCH_MAX);
	size_t len = 0;
	int rc = buf ? build(buf, list, n, &len) : -ENOMEM;

	if (rc == 0)
		rc = send_and_hear(buf, len);
	return rc < 0 ? err_sys(e, -rc, "firewall: cannot change chain '%s' of table '%s'",
				list[0].chain, list[0].table)
		      : 0;
}
