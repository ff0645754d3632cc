/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/nft-guard.h"

#include "base/util.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/icmp6.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

#define CHAIN        "guests"
#define PRIORITY     (-300) /* before anybody else looks, and before the bridge decides */
#define ROOM         8192   /* octets that no message of ours exceeds */
#define ELEMENTS_MAX 128    /* in one message */

/* nft's own numbers of types and byte orders, by which it knows how to show a key. */
#define TYPE_ETHER   9
#define TYPE_MARK    19
#define TYPE_IFINDEX 20
#define FLOOD_MSEC   10000
#define ORDER_HOST   1

/* The key of the rogue sets: ifindex, then the MAC in two words. */
#define ROGUE_KEY 12

static const char *const rogue_set[] = { [FW_ROGUE_DHCP4] = "rogue_dhcp4",
					 [FW_ROGUE_DHCP6] = "rogue_dhcp6",
					 [FW_ROGUE_ROUTER] = "rogue_router" };

struct fw_guard {
	struct mnl_socket *nl;
	uint32_t seq;
	bool there; /* as far as we know, and saying this: */
	struct fw_guard_port *ports;
	size_t n_ports, cap_ports;
	uint8_t *out;
	size_t n, cap, last;
	bool failed;
	alignas(struct nlmsghdr) uint8_t in[65536];
};

int fw_guard_open(struct fw_guard **ret, struct err *e)
{
	struct fw_guard *g = calloc(1, sizeof(*g));

	if (!g)
		return err_sys(e, ENOMEM, "guard of the guests' ports");
	g->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!g->nl || mnl_socket_bind(g->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int saved = errno;
		fw_guard_free(g);
		return err_sys(e, saved, "cannot open a netfilter socket");
	}
	(void)!setsockopt(mnl_socket_get_fd(g->nl), SOL_SOCKET, SO_SNDBUFFORCE, &(int){ 16 << 20 },
			  sizeof(int));
	random_bytes(&g->seq, sizeof(g->seq));
	*ret = g;
	return 0;
}

void fw_guard_free(struct fw_guard *g)
{
	if (!g)
		return;
	if (g->nl)
		mnl_socket_close(g->nl);
	free(g->out);
	free(g->ports);
	free(g);
}

/* ---- the batch ---- */

static char *room(struct fw_guard *g)
{
	if (!g->failed && GROW(g->out, g->cap, g->n + ROOM) < 0)
		g->failed = true;
	return g->failed ? NULL : (char *)g->out + g->n;
}

static struct nlmsghdr *message(struct fw_guard *g, uint16_t type, uint16_t flags)
{
	char *at = room(g);

	g->last = g->n;
	return at ? nftnl_nlmsg_build_hdr(at, type, NFPROTO_BRIDGE, flags, ++g->seq) : NULL;
}

static void message_end(struct fw_guard *g, const struct nlmsghdr *h)
{
	if (h)
		g->n += MNL_ALIGN(h->nlmsg_len);
}

static void edge(struct fw_guard *g, bool begin)
{
	char *at = room(g);

	if (!at)
		return;
	struct nlmsghdr *h =
	    begin ? nftnl_batch_begin(at, ++g->seq) : nftnl_batch_end(at, ++g->seq);
	message_end(g, h);
}

/* A message that names the table and nothing else, or one thing in it. */
static void name_only(struct fw_guard *g, uint16_t type, uint16_t flags, const char *name)
{
	struct nlmsghdr *h = message(g, type, flags);

	if (!h)
		return;
	mnl_attr_put_strz(h, NFTA_TABLE_NAME, FW_GUARD_TABLE); /* 1 in every kind of message */
	if (name)
		mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, name);
	message_end(g, h);
}

/* ---- sets ---- */

struct set {
	const char *name;
	uint32_t flags, type, len, data_type, timeout_msec, size;
	bool counter;
};

#define ROGUE(n)                                                                                   \
	{                                                                                          \
		n, NFT_SET_EVAL | NFT_SET_TIMEOUT, TYPE_IFINDEX << 6 | TYPE_ETHER, ROGUE_KEY, 0,   \
		    FW_GUARD_ROGUE_MSEC, FW_GUARD_ROGUES_MAX, true                                 \
	}

static const struct set sets[] = {
	{ "port", NFT_SET_MAP, TYPE_IFINDEX, 4, TYPE_MARK, 0, 0, false },
	{ "guard4", 0, TYPE_IFINDEX, 4, 0, 0, 0, false },
	{ "guard6", 0, TYPE_IFINDEX, 4, 0, 0, 0, false },
	{ "flood", NFT_SET_EVAL | NFT_SET_TIMEOUT, TYPE_IFINDEX, 4, 0, FLOOD_MSEC,
	  FW_GUARD_PORTS_MAX, false },
	ROGUE("rogue_dhcp4"),
	ROGUE("rogue_dhcp6"),
	ROGUE("rogue_router"),
};

static void put_counter(struct fw_guard *g, struct nftnl_set *s)
{
	struct nftnl_expr *x = nftnl_expr_alloc("counter");

	g->failed |= !x;
	if (x)
		nftnl_set_add_expr(s, x);
}

/* How nft shows keys and marks: without it a ruleset that it saved would say others. */
struct udata {
	uint8_t type, len;
	uint32_t value; /* in host order: nft reads it so */
} __attribute__((packed));

static void put_set(struct fw_guard *g, const struct set *from, uint32_t id)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct nlmsghdr *h = message(g, NFT_MSG_NEWSET, NLM_F_CREATE);
	struct udata udata[] = { { NFTNL_UDATA_SET_KEYBYTEORDER, sizeof(uint32_t), ORDER_HOST },
				 { NFTNL_UDATA_SET_DATABYTEORDER, sizeof(uint32_t), ORDER_HOST } };

	g->failed |= !s;
	if (s && h) {
		nftnl_set_set_str(s, NFTNL_SET_TABLE, FW_GUARD_TABLE);
		nftnl_set_set_str(s, NFTNL_SET_NAME, from->name);
		nftnl_set_set_u32(s, NFTNL_SET_ID, id);
		nftnl_set_set_u32(s, NFTNL_SET_FLAGS, from->flags);
		nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, from->type);
		nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, from->len);
		if (from->flags & NFT_SET_MAP) {
			nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, from->data_type);
			nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, sizeof(uint32_t));
		}
		if (from->timeout_msec)
			nftnl_set_set_u64(s, NFTNL_SET_TIMEOUT, from->timeout_msec);
		if (from->size)
			nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, from->size);
		if (from->counter)
			put_counter(g, s);
		else
			nftnl_set_set_data(s, NFTNL_SET_USERDATA, udata,
					   from->data_type ? sizeof(udata) : sizeof(udata[0]));
		nftnl_set_nlmsg_build_payload(h, s);
	}
	message_end(g, h);
	if (s)
		nftnl_set_free(s);
}

static bool is_in(const struct fw_guard_port *p, unsigned set)
{
	return set == 0 || (set == 1 ? p->guard4 : p->guard6);
}

/* At most ELEMENTS_MAX from ports[*i] on. */
static void put_some(struct fw_guard *g, unsigned set, const struct fw_guard_port *ports, size_t n,
		     size_t *i)
{
	struct nftnl_set *s = nftnl_set_alloc();
	unsigned count = 0;

	g->failed |= !s;
	for (; s && *i < n && count < ELEMENTS_MAX; (*i)++) {
		struct nftnl_set_elem *x = is_in(&ports[*i], set) ? nftnl_set_elem_alloc() : NULL;
		if (!x)
			continue;
		nftnl_set_elem_set(x, NFTNL_SET_ELEM_KEY, &ports[*i].ifindex, sizeof(uint32_t));
		if (set == 0)
			nftnl_set_elem_set(x, NFTNL_SET_ELEM_DATA, &ports[*i].ifindex,
					   sizeof(uint32_t));
		nftnl_set_elem_add(s, x);
		count++;
	}
	struct nlmsghdr *h = count ? message(g, NFT_MSG_NEWSETELEM, NLM_F_CREATE) : NULL;
	if (h) {
		nftnl_set_set_str(s, NFTNL_SET_TABLE, FW_GUARD_TABLE);
		nftnl_set_set_str(s, NFTNL_SET_NAME, sets[set].name);
		nftnl_set_elems_nlmsg_build_payload(h, s);
	}
	message_end(g, h);
	if (s)
		nftnl_set_free(s);
}

static void put_elements(struct fw_guard *g, const struct fw_guard_port *ports, size_t n)
{
	for (unsigned set = 0; set < 3; set++) {
		name_only(g, NFT_MSG_DELSETELEM, 0, sets[set].name); /* all of them */
		for (size_t i = 0; i < n && !g->failed;)
			put_some(g, set, ports, n, &i);
	}
}

/* ---- rules ---- */

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

static void meta(struct making *m, uint32_t key)
{
	struct nftnl_expr *x = expr(m, "meta");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void payload(struct making *m, uint32_t reg, uint32_t base, uint32_t at, uint32_t len)
{
	struct nftnl_expr *x = expr(m, "payload");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_DREG, reg);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET, at);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_LEN, len);
}

static void equals(struct making *m, const void *value, uint32_t len)
{
	struct nftnl_expr *x = expr(m, "cmp");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
	nftnl_expr_set_data(x, NFTNL_EXPR_CMP_DATA, value, len);
}

static void lookup(struct making *m, const char *set, bool map)
{
	struct nftnl_expr *x = expr(m, "lookup");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(x, NFTNL_EXPR_LOOKUP_SET, set);
	if (map)
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_1);
}

static void set_mark(struct making *m)
{
	struct nftnl_expr *x = expr(m, "meta");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

static void drop(struct making *m)
{
	struct nftnl_expr *x = expr(m, "immediate");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_VERDICT, NF_DROP);
}

static struct nftnl_expr *over_limit(struct making *m)
{
	struct nftnl_expr *x = nftnl_expr_alloc("limit");

	m->failed |= !x;
	if (!x)
		return NULL;
	nftnl_expr_set_u64(x, NFTNL_EXPR_LIMIT_RATE, FW_GUARD_RATE);
	nftnl_expr_set_u64(x, NFTNL_EXPR_LIMIT_UNIT, 1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_LIMIT_BURST, FW_GUARD_BURST);
	nftnl_expr_set_u32(x, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(x, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
	return x;
}

/* Update the element of what is in the register; with `limit`, go on only above it. */
static void remember(struct making *m, const char *set, bool limit)
{
	struct nftnl_expr *x = expr(m, "dynset");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	nftnl_expr_set_u32(x, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_str(x, NFTNL_EXPR_DYNSET_SET_NAME, set);
	struct nftnl_expr *over = limit ? over_limit(m) : NULL;
	if (over)
		nftnl_expr_add_expr(x, NFTNL_EXPR_DYNSET_EXPRESSIONS, over);
}

/* Ports in host order; `from` 0: any. */
static void match_udp(struct making *m, uint16_t ether_type, uint16_t from, uint16_t to)
{
	uint16_t type = htons(ether_type), ports[2] = { htons(from), htons(to) };
	uint8_t udp = IPPROTO_UDP;

	meta(m, NFT_META_PROTOCOL);
	equals(m, &type, sizeof(type));
	meta(m, NFT_META_L4PROTO);
	equals(m, &udp, sizeof(udp));
	if (from)
		payload(m, NFT_REG_1, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 4);
	else
		payload(m, NFT_REG_1, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	equals(m, from ? ports : &ports[1], from ? 4 : 2);
}

static void match_icmp6(struct making *m, uint8_t icmp_type)
{
	uint16_t type = htons(0x86dd);
	uint8_t icmp6 = IPPROTO_ICMPV6;

	meta(m, NFT_META_PROTOCOL);
	equals(m, &type, sizeof(type));
	meta(m, NFT_META_L4PROTO);
	equals(m, &icmp6, sizeof(icmp6));
	payload(m, NFT_REG_1, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
	equals(m, &icmp_type, sizeof(icmp_type));
}

static void from_port_in(struct making *m, const char *set)
{
	meta(m, NFT_META_IIF);
	lookup(m, set, false);
}

/* Remember port and MAC, then drop. */
static void drop_rogue(struct making *m, enum fw_rogue kind)
{
	meta(m, NFT_META_IIF);
	payload(m, NFT_REG32_01, NFT_PAYLOAD_LL_HEADER, 6, 6);
	remember(m, rogue_set[kind], false);
	drop(m);
}

static void mark_client(struct making *m, bool flood)
{
	meta(m, NFT_META_IIF);
	if (flood) {
		lookup(m, "port", false);
		meta(m, NFT_META_IIF);
		remember(m, "flood", true);
		drop(m);
		return;
	}
	lookup(m, "port", true);
	set_mark(m);
}

enum { ETHER_IP4 = 0x0800, ETHER_IP6 = 0x86dd };

/* False: there are no more. */
static bool make_rule(struct making *m, unsigned i)
{
	switch (i) {
	case 0:
	case 1:
		match_udp(m, ETHER_IP4, 0, 67);
		mark_client(m, i == 0);
		return true;
	case 6:
	case 7:
		match_udp(m, ETHER_IP6, 0, 547);
		mark_client(m, i == 6);
		return true;
	case 2:
		match_udp(m, ETHER_IP4, 67, 68);
		from_port_in(m, "guard4");
		drop_rogue(m, FW_ROGUE_DHCP4);
		return true;
	case 3:
		match_udp(m, ETHER_IP6, 547, 546);
		from_port_in(m, "guard6");
		drop_rogue(m, FW_ROGUE_DHCP6);
		return true;
	case 4:
	case 5:
		match_icmp6(m, i == 4 ? ND_ROUTER_ADVERT : ND_REDIRECT);
		from_port_in(m, "guard6");
		drop_rogue(m, FW_ROGUE_ROUTER);
		return true;
	default:
		return false;
	}
}

static bool put_rule(struct fw_guard *g, unsigned i)
{
	struct making m = { .rule = nftnl_rule_alloc() };
	bool made = m.rule && make_rule(&m, i);

	g->failed |= !m.rule || m.failed;
	struct nlmsghdr *h =
	    made && !g->failed ? message(g, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND) : NULL;
	if (h) {
		nftnl_rule_set_str(m.rule, NFTNL_RULE_TABLE, FW_GUARD_TABLE);
		nftnl_rule_set_str(m.rule, NFTNL_RULE_CHAIN, CHAIN);
		nftnl_rule_nlmsg_build_payload(h, m.rule);
	}
	message_end(g, h);
	if (m.rule)
		nftnl_rule_free(m.rule);
	return made && !g->failed;
}

static void put_chain(struct fw_guard *g)
{
	struct nftnl_chain *c = nftnl_chain_alloc();
	struct nlmsghdr *h = message(g, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	g->failed |= !c;
	if (c && h) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, FW_GUARD_TABLE);
		nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, CHAIN);
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, NF_INET_PRE_ROUTING);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, PRIORITY);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		nftnl_chain_nlmsg_build_payload(h, c);
	}
	message_end(g, h);
	if (c)
		nftnl_chain_free(c);
}

/* ---- to the kernel ---- */

static int answer(struct fw_guard *g, struct err *e)
{
	int fd = mnl_socket_get_fd(g->nl), error = 0;
	bool acknowledged = false;
	ssize_t got;

	while ((got = recv(fd, g->in, sizeof(g->in), MSG_DONTWAIT)) >= 0 || errno == EINTR) {
		int left = (int)got;
		for (const struct nlmsghdr *h = (void *)g->in; got > 0 && mnl_nlmsg_ok(h, left);
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
	return error ? err_sys(e, error,
			       "cannot write the guard of the guests' ports (table "
			       "bridge " FW_GUARD_TABLE ")")
		     : 0;
}

static int transact(struct fw_guard *g, struct err *e)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	if (!g->failed)
		((struct nlmsghdr *)(void *)(g->out + g->last))->nlmsg_flags |= NLM_F_ACK;
	edge(g, false);
	if (g->failed)
		return err_sys(e, ENOMEM, "cannot build the guard of the guests' ports");
	while (sendto(mnl_socket_get_fd(g->nl), g->out, g->n, 0, (struct sockaddr *)&to,
		      sizeof(to)) < 0)
		if (errno != EINTR)
			return err_sys(e, errno, "cannot write the guard of the guests' ports");
	return answer(g, e);
}

static void begin(struct fw_guard *g)
{
	g->n = 0;
	g->failed = false;
	edge(g, true);
}

/* Deleting what isn't there is an error, making what is there isn't: so first the one. */
static void put_no_table(struct fw_guard *g)
{
	name_only(g, NFT_MSG_NEWTABLE, NLM_F_CREATE, NULL);
	name_only(g, NFT_MSG_DELTABLE, 0, NULL);
}

static void put_table(struct fw_guard *g)
{
	put_no_table(g);
	name_only(g, NFT_MSG_NEWTABLE, NLM_F_CREATE, NULL);
	for (unsigned i = 0; i < ARRAY_LEN(sets); i++)
		put_set(g, &sets[i], i + 1);
	put_chain(g);
	for (unsigned i = 0; put_rule(g, i); i++)
		;
}

static bool is_said(const struct fw_guard *g, const struct fw_guard_port *ports, size_t n)
{
	if (g->there != (n > 0) || g->n_ports != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (g->ports[i].ifindex != ports[i].ifindex ||
		    g->ports[i].guard4 != ports[i].guard4 || g->ports[i].guard6 != ports[i].guard6)
			return false;
	return true;
}

/* Without memory for it the next writing is one more than needed. */
static void note_said(struct fw_guard *g, const struct fw_guard_port *ports, size_t n)
{
	g->there = n > 0;
	g->n_ports = n && GROW(g->ports, g->cap_ports, n) == 0 ? n : 0;
	if (g->n_ports)
		memcpy(g->ports, ports, n * sizeof(*ports));
}

int fw_guard_sync(struct fw_guard *g, const struct fw_guard_port *ports, size_t n, bool anew,
		  struct err *e)
{
	int r = -ENOENT;

	if (!anew && is_said(g, ports, n))
		return 0;
	if (g->there && n && !anew) {
		struct err gone = { 0 };
		begin(g);
		put_elements(g, ports, n);
		r = transact(g, &gone);
	}
	if (r < 0) {
		begin(g);
		if (n) {
			put_table(g);
			put_elements(g, ports, n);
		} else {
			put_no_table(g);
		}
		r = transact(g, e);
	}
	if (r == 0)
		note_said(g, ports, n);
	else
		g->there = false;
	return r;
}

/* ---- who was dropped ---- */

struct telling {
	fw_guard_rogue_fn *rogue;
	void *data;
	enum fw_rogue kind;
	ssize_t n;
};

static void tell_one(struct telling *t, const struct nftnl_set_elem *x)
{
	uint32_t len = 0, ifindex, n = 0;
	const uint8_t *key =
	    nftnl_set_elem_get((struct nftnl_set_elem *)x, NFTNL_SET_ELEM_KEY, &len);
	const struct nftnl_expr *counter =
	    nftnl_set_elem_get((struct nftnl_set_elem *)x, NFTNL_SET_ELEM_EXPR, &n);
	struct mac mac;

	if (!key || len < ROGUE_KEY)
		return;
	memcpy(&ifindex, key, sizeof(ifindex));
	memcpy(mac.b, key + 4, sizeof(mac.b));
	t->rogue(t->data, t->kind, ifindex, &mac,
		 counter ? nftnl_expr_get_u64(counter, NFTNL_EXPR_CTR_PACKETS) : 0);
	t->n++;
}

static int on_elements(const struct nlmsghdr *h, void *data)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct nftnl_set_elems_iter *i = NULL;

	if (s && nftnl_set_elems_nlmsg_parse(h, s) == 0)
		i = nftnl_set_elems_iter_create(s);
	for (struct nftnl_set_elem *x; i && (x = nftnl_set_elems_iter_next(i));)
		tell_one(data, x);
	if (i)
		nftnl_set_elems_iter_destroy(i);
	if (s)
		nftnl_set_free(s);
	return MNL_CB_OK;
}

static int dump(struct fw_guard *g, struct telling *t, struct err *e)
{
	int r = MNL_CB_OK;
	ssize_t got = 0;

	begin(g);
	g->n = 0; /* no batch */
	name_only(g, NFT_MSG_GETSETELEM, NLM_F_DUMP, rogue_set[t->kind]);
	if (g->failed || mnl_socket_sendto(g->nl, g->out, g->n) < 0)
		return err_sys(e, g->failed ? ENOMEM : errno, "cannot ask for rogue servers");
	while (r > MNL_CB_STOP && (got = mnl_socket_recvfrom(g->nl, g->in, sizeof(g->in))) > 0)
		r = mnl_cb_run(g->in, (size_t)got, g->seq, mnl_socket_get_portid(g->nl),
			       on_elements, t);
	return r < 0 || got < 0 ? err_sys(e, errno, "cannot read rogue servers") : 0;
}

ssize_t fw_guard_rogues(struct fw_guard *g, fw_guard_rogue_fn *rogue, void *data, struct err *e)
{
	struct telling t = { .rogue = rogue, .data = data };
	int r = 0;

	for (unsigned kind = 0; kind < FW_ROGUES && r == 0 && g->there; kind++) {
		t.kind = (enum fw_rogue)kind;
		r = dump(g, &t, e);
	}
	if (r < 0)
		g->there = false; /* whatever it was: the next writing is a whole one */
	return r < 0 ? r : t.n;
}
