/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/nft-redirect.h"

#include "base/util.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

#define CHAIN    "guests"
#define PRIORITY (-110) /* just before others' translation of targets, which would see port 53 */
#define ROOM     2048   /* octets that no message of ours exceeds */

struct fw_redirect {
	struct mnl_socket *nl;
	uint32_t seq;
	uint8_t *out;
	size_t n, cap, last;
	bool failed;
	alignas(struct nlmsghdr) uint8_t in[65536];
};

int fw_redirect_open(struct fw_redirect **ret, struct err *e)
{
	struct fw_redirect *f = calloc(1, sizeof(*f));

	if (!f)
		return err_sys(e, ENOMEM, "redirection of guests' DNS");
	f->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!f->nl || mnl_socket_bind(f->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int saved = errno;
		fw_redirect_free(f);
		return err_sys(e, saved, "cannot open a netfilter socket");
	}
	(void)!setsockopt(mnl_socket_get_fd(f->nl), SOL_SOCKET, SO_SNDBUFFORCE, &(int){ 16 << 20 },
			  sizeof(int));
	random_bytes(&f->seq, sizeof(f->seq));
	*ret = f;
	return 0;
}

void fw_redirect_free(struct fw_redirect *f)
{
	if (!f)
		return;
	if (f->nl)
		mnl_socket_close(f->nl);
	free(f->out);
	free(f);
}

/* ---- the batch ---- */

static char *room(struct fw_redirect *f)
{
	if (!f->failed && GROW(f->out, f->cap, f->n + ROOM) < 0)
		f->failed = true;
	return f->failed ? NULL : (char *)f->out + f->n;
}

static struct nlmsghdr *message(struct fw_redirect *f, uint16_t type, uint16_t flags)
{
	char *at = room(f);

	f->last = f->n;
	return at ? nftnl_nlmsg_build_hdr(at, type, NFPROTO_INET, flags, ++f->seq) : NULL;
}

static void message_end(struct fw_redirect *f, const struct nlmsghdr *h)
{
	if (h)
		f->n += MNL_ALIGN(h->nlmsg_len);
}

static void edge(struct fw_redirect *f, bool begin)
{
	char *at = room(f);

	if (at)
		message_end(f, begin ? nftnl_batch_begin(at, ++f->seq)
				     : nftnl_batch_end(at, ++f->seq));
}

static void put_table(struct fw_redirect *f, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = message(f, type, flags);

	if (h)
		mnl_attr_put_strz(h, NFTA_TABLE_NAME, FW_REDIRECT_TABLE);
	message_end(f, h);
}

static void put_chain(struct fw_redirect *f)
{
	struct nftnl_chain *c = nftnl_chain_alloc();
	struct nlmsghdr *h = message(f, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	f->failed |= !c;
	if (c && h) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, FW_REDIRECT_TABLE);
		nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, CHAIN);
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "nat");
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, NF_INET_PRE_ROUTING);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, PRIORITY);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		nftnl_chain_nlmsg_build_payload(h, c);
	}
	message_end(f, h);
	if (c)
		nftnl_chain_free(c);
}

/* ---- one rule ---- */

struct making {
	struct nftnl_rule *rule;
	bool failed;
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

static void match(struct making *m, const void *value, uint32_t n)
{
	struct nftnl_expr *x = expr(m, "cmp");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
	nftnl_expr_set(x, NFTNL_EXPR_CMP_DATA, value, n);
}

static void match_meta(struct making *m, uint32_t key, const void *value, uint32_t n)
{
	struct nftnl_expr *x = expr(m, "meta");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_DREG, NFT_REG_1);
	match(m, value, n);
}

static void match_payload(struct making *m, uint32_t base, uint32_t offset, const void *value,
			  uint32_t n)
{
	struct nftnl_expr *x = expr(m, "payload");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_LEN, n);
	match(m, value, n);
}

static void load(struct making *m, uint32_t reg, const void *value, uint32_t n)
{
	struct nftnl_expr *x = expr(m, "immediate");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, reg);
	nftnl_expr_set(x, NFTNL_EXPR_IMM_DATA, value, n);
}

/* To the same address: a redirect would take the bridge's first one. */
static void translate(struct making *m, uint32_t family, const void *address, uint32_t n,
		      uint16_t port)
{
	uint16_t to = htons(port);

	load(m, NFT_REG_1, address, n);
	load(m, NFT_REG_2, &to, sizeof(to));
	struct nftnl_expr *x = expr(m, "nat");
	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_FAMILY, family);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_ADDR_MAX, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_PROTO_MIN, NFT_REG_2);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_PROTO_MAX, NFT_REG_2);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
}

static void make_rule(struct making *m, const struct fw_redirect_row *r, uint8_t l4)
{
	bool six = r->address.family == AF_INET6;
	uint8_t family = six ? NFPROTO_IPV6 : NFPROTO_IPV4;
	uint32_t v4 = htonl(r->address.v4), n = six ? 16 : 4;
	const void *address = six ? (const void *)r->address.v6 : &v4;
	uint16_t from = htons(r->from);

	nftnl_rule_set_str(m->rule, NFTNL_RULE_TABLE, FW_REDIRECT_TABLE);
	nftnl_rule_set_str(m->rule, NFTNL_RULE_CHAIN, CHAIN);
	match_meta(m, NFT_META_IIF, &r->ifindex, sizeof(r->ifindex));
	match_meta(m, NFT_META_NFPROTO, &family, sizeof(family));
	match_payload(m, NFT_PAYLOAD_NETWORK_HEADER, six ? 24 : 16, address, n);
	match_meta(m, NFT_META_L4PROTO, &l4, sizeof(l4));
	match_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 2, &from, sizeof(from));
	expr(m, "counter");
	translate(m, family, address, n, r->to);
}

static void put_rule(struct fw_redirect *f, const struct fw_redirect_row *r, uint8_t l4)
{
	struct making m = { .rule = nftnl_rule_alloc() };
	struct nlmsghdr *h = message(f, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	if (m.rule)
		make_rule(&m, r, l4);
	if (!m.rule || m.failed)
		f->failed = true;
	else if (h)
		nftnl_rule_nlmsg_build_payload(h, m.rule);
	message_end(f, h);
	if (m.rule)
		nftnl_rule_free(m.rule);
}

/* ---- to the kernel ---- */

static int answer(struct fw_redirect *f, struct err *e)
{
	int fd = mnl_socket_get_fd(f->nl), error = 0;
	bool acknowledged = false;
	ssize_t got;

	while ((got = recv(fd, f->in, sizeof(f->in), MSG_DONTWAIT)) >= 0 || errno == EINTR) {
		int left = (int)got;
		for (const struct nlmsghdr *h = (void *)f->in; got > 0 && mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			const struct nlmsgerr *m = mnl_nlmsg_get_payload(h);
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			acknowledged |= !m->error;
			if (m->error && !error)
				error = -m->error;
		}
	}
	if (!error && !acknowledged)
		error = EIO;
	return error ? err_sys(e, error, "cannot write the table inet " FW_REDIRECT_TABLE) : 0;
}

static int transact(struct fw_redirect *f, struct err *e)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	if (!f->failed)
		((struct nlmsghdr *)(void *)(f->out + f->last))->nlmsg_flags |= NLM_F_ACK;
	edge(f, false);
	if (f->failed)
		return err_sys(e, ENOMEM, "cannot build the table inet " FW_REDIRECT_TABLE);
	while (sendto(mnl_socket_get_fd(f->nl), f->out, f->n, 0, (struct sockaddr *)&to,
		      sizeof(to)) < 0)
		if (errno != EINTR)
			return err_sys(e, errno, "cannot write the table inet " FW_REDIRECT_TABLE);
	return answer(f, e);
}

int fw_redirect_write(struct fw_redirect *f, const struct fw_redirect_row *rows, size_t n,
		      struct err *e)
{
	f->n = 0;
	f->failed = false;
	edge(f, true);
	/* Deleting what isn't there is an error, making what is there isn't: so first the one. */
	put_table(f, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	put_table(f, NFT_MSG_DELTABLE, 0);
	if (n) {
		put_table(f, NFT_MSG_NEWTABLE, NLM_F_CREATE);
		put_chain(f);
	}
	for (size_t i = 0; i < n; i++) {
		put_rule(f, &rows[i], IPPROTO_UDP);
		put_rule(f, &rows[i], IPPROTO_TCP);
	}
	return transact(f, e);
}
