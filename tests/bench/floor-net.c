/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "floor-net.h"

#include "bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#define TABLE    "floor"
#define SOCKETS  6
#define NETS_MAX 4096
#define COMMENT  "as long as a reason in words"

struct net {
	unsigned ifindex;
	int fd[SOCKETS];
};

static struct net nets[NETS_MAX];
static struct mnl_socket *rtnl, *nft;
static uint32_t seq = 1;
static struct floor_steps steps;

static uint32_t subnet(unsigned i)
{
	return htonl(0x0a800000 + (i << 8));
}

static struct mnl_socket *open_socket(int bus)
{
	struct mnl_socket *s = mnl_socket_open(bus);

	if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0)
		die_errno("netlink socket");
	int on = 1;
	mnl_socket_setsockopt(s, NETLINK_CAP_ACK, &on, sizeof(on));
	return s;
}

/* Wait for the acknowledgement of `last`; whatever failed before it ends the program. */
static void wait_ack(struct mnl_socket *s, uint32_t last, const char *what)
{
	char buf[16384];

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(s, buf, sizeof(buf));
		if (n < 0)
			die_errno(what);
		int left = (int)n;
		for (struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
			if (e->error)
				die("%s: %s", what, strerror(-e->error));
			if (h->nlmsg_seq == last)
				return;
		}
	}
}

/* ---- links ---- */

static struct nlmsghdr *put(char *at, uint16_t type, uint16_t flags, const void *body, size_t n)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(at);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = seq++;
	memcpy(mnl_nlmsg_put_extra_header(h, n), body, n);
	return h;
}

static void put_bridge(struct nlmsghdr *h, unsigned i, unsigned mtu)
{
	const uint8_t mac[6] = { 0x52, 0x54, 0, 0xf0, (uint8_t)(i >> 8), (uint8_t)i };

	mnl_attr_put(h, IFLA_ADDRESS, sizeof(mac), mac);
	mnl_attr_put_u32(h, IFLA_MTU, mtu);
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_str(h, IFLA_INFO_KIND, "bridge");
	struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	mnl_attr_put_u32(h, IFLA_BR_FORWARD_DELAY, 200);
	mnl_attr_put_u32(h, IFLA_BR_STP_STATE, 1);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
}

static void put_name(struct nlmsghdr *h, const char *prefix, unsigned i)
{
	char name[IF_NAMESIZE];

	snprintf(name, sizeof(name), "%s%u", prefix, i);
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
}

static void send_links(char *buf, const struct nlmsghdr *last, const char *what)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(uintptr_t)last;

	h->nlmsg_flags |= NLM_F_ACK;
	size_t n = (size_t)((char *)h - buf) + NLMSG_ALIGN(h->nlmsg_len);
	if (mnl_socket_sendto(rtnl, buf, n) < 0)
		die_errno(what);
	wait_ack(rtnl, h->nlmsg_seq, what);
}

/* The ifindex is not asked for: without IPv6 rows it is needed for the address only, and a name is
 * turned into one by an ioctl of a microsecond. */
static void make_link(unsigned i)
{
	char buf[2048], name[IF_NAMESIZE];
	struct ifinfomsg ifi = { 0 };
	struct nlmsghdr *h = put(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi, sizeof(ifi));

	put_name(h, "fb", i);
	put_bridge(h, i, 1501); /* an MTU sticks to a bridge when it changes after creation */
	send_links(buf, h, "making a bridge");
	snprintf(name, sizeof(name), "fb%u", i);
	nets[i].ifindex = if_nametoindex(name);
}

static void change_link(unsigned i)
{
	char buf[2048];
	struct ifinfomsg ifi = { .ifi_index = (int)nets[i].ifindex };
	struct nlmsghdr *h = put(buf, RTM_NEWLINK, 0, &ifi, sizeof(ifi));

	put_name(h, "fb", i);
	put_bridge(h, i, 1501);
	send_links(buf, h, "changing a bridge");
}

static void raise_link(unsigned i)
{
	char buf[2048];
	struct ifinfomsg ifi = { .ifi_index = (int)nets[i].ifindex,
				 .ifi_flags = IFF_UP,
				 .ifi_change = IFF_UP };
	struct ifaddrmsg ifa = { .ifa_family = AF_INET,
				 .ifa_prefixlen = 24,
				 .ifa_index = nets[i].ifindex };
	uint32_t address = subnet(i) | htonl(1), broadcast = subnet(i) | htonl(255);
	struct nlmsghdr *h = put(buf, RTM_SETLINK, 0, &ifi, sizeof(ifi));

	mnl_attr_put_u32(h, IFLA_MTU, 1500);
	mnl_attr_put_strz(h, IFLA_IFALIAS, "floor:00000000-0000-0000-0000-000000000000");
	h = put(buf + NLMSG_ALIGN(h->nlmsg_len), RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &ifa,
		sizeof(ifa));
	mnl_attr_put_u32(h, IFA_LOCAL, address);
	mnl_attr_put_u32(h, IFA_ADDRESS, address);
	mnl_attr_put_u32(h, IFA_BROADCAST, broadcast);
	send_links(buf, h, "setting a bridge up");
}

static void park_link(unsigned i)
{
	char buf[2048];
	struct ifinfomsg down = { .ifi_index = (int)nets[i].ifindex, .ifi_change = IFF_UP };
	struct ifinfomsg same = { .ifi_index = (int)nets[i].ifindex };
	struct ifaddrmsg ifa = { .ifa_family = AF_INET,
				 .ifa_prefixlen = 24,
				 .ifa_index = nets[i].ifindex };
	struct nlmsghdr *h = put(buf, RTM_DELADDR, 0, &ifa, sizeof(ifa));

	mnl_attr_put_u32(h, IFA_LOCAL, subnet(i) | htonl(1));
	h = put(mnl_nlmsg_get_payload_tail(h), RTM_SETLINK, 0, &down, sizeof(down));
	mnl_attr_put_strz(h, IFLA_IFALIAS, "floor:parked");
	h = put(mnl_nlmsg_get_payload_tail(h), RTM_NEWLINK, 0, &same, sizeof(same));
	put_name(h, "parked", i);
	send_links(buf, h, "parking a bridge");
}

static void write_sysctls(unsigned i)
{
	static const struct {
		const char *key, *value;
	} all[] = { { "accept_ra", "0" }, { "autoconf", "0" }, { "disable_ipv6", "1" } };
	char path[128];

	for (size_t k = 0; k < ARRAY_LEN(all); k++) {
		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/fb%u/%s", i, all[k].key);
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, all[k].value, 1) != 1)
			die_errno(path);
		close(fd);
	}
}

/* ---- rules ---- */

static char batch_buf[1 << 17];
static struct mnl_nlmsg_batch *batch;
static struct nlmsghdr *last_message;

static struct nlmsghdr *begin(uint16_t type, uint16_t flags)
{
	last_message =
	    nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch), type, NFPROTO_INET, flags, seq++);
	return last_message;
}

static void end(void)
{
	mnl_nlmsg_batch_next(batch);
}

static void batch_begin(void)
{
	batch = mnl_nlmsg_batch_start(batch_buf, sizeof(batch_buf));
	nftnl_batch_begin(mnl_nlmsg_batch_current(batch), seq++);
	end();
}

static void batch_commit(const char *what)
{
	uint32_t last = last_message->nlmsg_seq;

	last_message->nlmsg_flags |= NLM_F_ACK;
	nftnl_batch_end(mnl_nlmsg_batch_current(batch), seq++);
	end();
	if (mnl_socket_sendto(nft, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch)) < 0)
		die_errno(what);
	wait_ack(nft, last, what);
	mnl_nlmsg_batch_stop(batch);
}

static struct nftnl_expr *add(struct nftnl_rule *r, const char *kind)
{
	struct nftnl_expr *x = nftnl_expr_alloc(kind);

	nftnl_rule_add_expr(r, x);
	return x;
}

static struct nftnl_rule *rule(const char *chain)
{
	struct nftnl_rule *r = nftnl_rule_alloc();

	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, TABLE);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_set_data(r, NFTNL_RULE_USERDATA, COMMENT, sizeof(COMMENT));
	return r;
}

static void put_rule(struct nftnl_rule *r)
{
	nftnl_rule_nlmsg_build_payload(begin(NFT_MSG_NEWRULE, NLM_F_APPEND | NLM_F_CREATE), r);
	end();
	nftnl_rule_free(r);
}

static void compare(struct nftnl_rule *r, uint32_t op, const void *value, uint32_t n)
{
	struct nftnl_expr *x = add(r, "cmp");

	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(x, NFTNL_EXPR_CMP_DATA, value, n);
}

static void meta(struct nftnl_rule *r, uint32_t key)
{
	struct nftnl_expr *x = add(r, "meta");

	nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void is_ipv4(struct nftnl_rule *r)
{
	uint8_t four = NFPROTO_IPV4;

	meta(r, NFT_META_NFPROTO);
	compare(r, NFT_CMP_EQ, &four, 1);
}

static void payload(struct nftnl_rule *r, uint32_t offset, uint32_t n)
{
	struct nftnl_expr *x = add(r, "payload");

	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_LEN, n);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
}

/* Source at 12, destination at 16; a /24 compares three octets. */
static void in_subnet(struct nftnl_rule *r, uint32_t offset, unsigned i)
{
	uint32_t net = subnet(i);

	payload(r, offset, 3);
	compare(r, NFT_CMP_EQ, &net, 3);
}

static void l4(struct nftnl_rule *r, uint8_t protocol)
{
	meta(r, NFT_META_L4PROTO);
	compare(r, NFT_CMP_EQ, &protocol, 1);
}

static void verdict(struct nftnl_rule *r, int code)
{
	struct nftnl_expr *x = add(r, "immediate");

	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
}

static void reject(struct nftnl_rule *r)
{
	struct nftnl_expr *x = add(r, "reject");

	nftnl_expr_set_u32(x, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
	nftnl_expr_set_u8(x, NFTNL_EXPR_REJECT_CODE, NFT_REJECT_ICMPX_PORT_UNREACH);
}

static void masquerade(struct nftnl_rule *r, bool ports)
{
	const uint16_t port[2] = { htons(1024), htons(65535) };

	for (uint32_t k = 0; ports && k < 2; k++) {
		struct nftnl_expr *x = add(r, "immediate");
		nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, NFT_REG_3 + k);
		nftnl_expr_set(x, NFTNL_EXPR_IMM_DATA, &port[k], 2);
	}
	struct nftnl_expr *x = add(r, "masq");
	if (!ports)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_MASQ_REG_PROTO_MIN, NFT_REG_3);
	nftnl_expr_set_u32(x, NFTNL_EXPR_MASQ_REG_PROTO_MAX, NFT_REG_4);
	nftnl_expr_set_u32(x, NFTNL_EXPR_MASQ_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
}

static void established(struct nftnl_rule *r)
{
	uint32_t bits = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
	uint32_t zero = 0;
	struct nftnl_expr *ct = add(r, "ct"), *mask = add(r, "bitwise");

	nftnl_expr_set_u32(ct, NFTNL_EXPR_CT_KEY, NFT_CT_STATE);
	nftnl_expr_set_u32(ct, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_LEN, 4);
	nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_MASK, &bits, 4);
	nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_XOR, &zero, 4);
	compare(r, NFT_CMP_NEQ, &zero, 4);
}

static void chain_name(char buf[static 32], const char *prefix, unsigned i)
{
	snprintf(buf, 32, "%s_%u", prefix, i);
}

static void edit_chain(uint16_t type, const char *name)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, TABLE);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, name);
	nftnl_chain_nlmsg_build_payload(begin(type, type == NFT_MSG_NEWCHAIN ? NLM_F_CREATE : 0),
					c);
	end();
	nftnl_chain_free(c);
}

static void flush_rules(const char *chain)
{
	struct nftnl_rule *r = nftnl_rule_alloc();

	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, TABLE);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_nlmsg_build_payload(begin(NFT_MSG_DELRULE, 0), r);
	end();
	nftnl_rule_free(r);
}

static void add_key(struct nftnl_set *s, const void *key, uint32_t n, const char *chain)
{
	struct nftnl_set_elem *x = nftnl_set_elem_alloc();
	uint32_t range_end = NFT_SET_ELEM_INTERVAL_END;

	nftnl_set_elem_set(x, NFTNL_SET_ELEM_KEY, key, n);
	if (chain) {
		nftnl_set_elem_set_u32(x, NFTNL_SET_ELEM_VERDICT, (uint32_t)NFT_JUMP);
		nftnl_set_elem_set_str(x, NFTNL_SET_ELEM_CHAIN, chain);
	} else {
		nftnl_set_elem_set_u32(x, NFTNL_SET_ELEM_FLAGS, range_end);
	}
	nftnl_set_elem_add(s, x);
}

static void put_elements(struct nftnl_set *s, uint16_t type)
{
	nftnl_set_elems_nlmsg_build_payload(
	    begin(type, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0), s);
	end();
	nftnl_set_free(s);
}

static struct nftnl_set *set(const char *name)
{
	struct nftnl_set *s = nftnl_set_alloc();

	nftnl_set_set_str(s, NFTNL_SET_TABLE, TABLE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, name);
	return s;
}

static void edit_elements(uint16_t type, unsigned i, char chain[3][32])
{
	char iface[IFNAMSIZ] = "";
	uint32_t first = subnet(i), after = subnet(i + 1);
	static const char *const by_name[] = { "to_net", "from_net" };
	struct nftnl_set *s;

	snprintf(iface, sizeof(iface), "fb%u", i);
	for (size_t k = 0; k < 2; k++) {
		s = set(by_name[k]);
		add_key(s, iface, sizeof(iface), chain[k]);
		put_elements(s, type);
	}
	s = set("nat4");
	add_key(s, &first, 4, chain[2]);
	add_key(s, &after, 4, NULL);
	put_elements(s, type);
}

static void rules_in(const char *chain, unsigned i)
{
	char iface[IFNAMSIZ] = "";
	struct nftnl_rule *r = rule(chain);

	snprintf(iface, sizeof(iface), "fb%u", i);
	meta(r, NFT_META_IIFNAME);
	compare(r, NFT_CMP_EQ, iface, sizeof(iface));
	add(r, "counter");
	verdict(r, NF_ACCEPT);
	put_rule(r);
	r = rule(chain);
	is_ipv4(r);
	in_subnet(r, 16, i);
	established(r);
	add(r, "counter");
	verdict(r, NF_ACCEPT);
	put_rule(r);
	r = rule(chain);
	is_ipv4(r);
	add(r, "counter");
	reject(r);
	put_rule(r);
}

static void rules_out(const char *chain, unsigned i)
{
	struct nftnl_rule *r = rule(chain);

	is_ipv4(r);
	in_subnet(r, 12, i);
	add(r, "counter");
	verdict(r, NF_ACCEPT);
	put_rule(r);
	r = rule(chain);
	is_ipv4(r);
	add(r, "counter");
	reject(r);
	put_rule(r);
}

static void rules_nat(const char *chain, unsigned i)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, 0 };
	struct nftnl_rule *r = rule(chain);

	is_ipv4(r);
	in_subnet(r, 12, i);
	in_subnet(r, 16, i);
	add(r, "counter");
	verdict(r, NFT_RETURN);
	put_rule(r);
	for (size_t k = 0; k < ARRAY_LEN(protocols); k++) {
		r = rule(chain);
		if (protocols[k])
			l4(r, protocols[k]);
		is_ipv4(r);
		in_subnet(r, 12, i);
		add(r, "counter");
		masquerade(r, protocols[k] != 0);
		put_rule(r);
	}
}

static void chains_of(unsigned i, char chain[3][32])
{
	chain_name(chain[0], "in", i);
	chain_name(chain[1], "out", i);
	chain_name(chain[2], "nat", i);
}

static void add_rules(unsigned i)
{
	char chain[3][32];

	chains_of(i, chain);
	batch_begin();
	for (size_t k = 0; k < 3; k++)
		edit_chain(NFT_MSG_NEWCHAIN, chain[k]);
	rules_in(chain[0], i);
	rules_out(chain[1], i);
	rules_nat(chain[2], i);
	edit_elements(NFT_MSG_NEWSETELEM, i, chain);
	batch_commit("adding rules");
}

static void remove_rules(unsigned i)
{
	char chain[3][32];

	chains_of(i, chain);
	batch_begin();
	edit_elements(NFT_MSG_DELSETELEM, i, chain);
	for (size_t k = 0; k < 3; k++) {
		flush_rules(chain[k]);
		edit_chain(NFT_MSG_DELCHAIN, chain[k]);
	}
	batch_commit("removing rules");
}

static void base_chain(const char *name, const char *type, uint32_t hook, int32_t priority)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, TABLE);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, name);
	nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, type);
	nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, hook);
	nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, priority);
	nftnl_chain_nlmsg_build_payload(begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE), c);
	end();
	nftnl_chain_free(c);
}

static void make_map(const char *name, uint32_t id, uint32_t type, uint32_t n, uint32_t flags)
{
	struct nftnl_set *s = set(name);

	nftnl_set_set_u32(s, NFTNL_SET_ID, id);
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, NFT_SET_MAP | flags);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, type);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, n);
	nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
	nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, 0);
	if (!flags)
		nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, 8192);
	nftnl_set_nlmsg_build_payload(begin(NFT_MSG_NEWSET, NLM_F_CREATE), s);
	end();
	nftnl_set_free(s);
}

static void lookup(const char *chain, uint32_t key, const char *map)
{
	struct nftnl_rule *r = rule(chain);

	if (key) {
		meta(r, key);
	} else {
		is_ipv4(r);
		payload(r, 12, 4);
	}
	struct nftnl_expr *x = add(r, "lookup");
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_str(x, NFTNL_EXPR_LOOKUP_SET, map);
	put_rule(r);
}

static void make_table(void)
{
	struct nftnl_table *t = nftnl_table_alloc();

	batch_begin();
	nftnl_table_set_str(t, NFTNL_TABLE_NAME, TABLE);
	nftnl_table_nlmsg_build_payload(begin(NFT_MSG_NEWTABLE, NLM_F_CREATE), t);
	end();
	nftnl_table_free(t);
	make_map("to_net", 1, 41 /* ifname */, IFNAMSIZ, 0);
	make_map("from_net", 2, 41, IFNAMSIZ, 0);
	make_map("nat4", 3, 7 /* ipv4_addr */, 4, NFT_SET_INTERVAL);
	base_chain("forward", "filter", NF_INET_FORWARD, 0);
	base_chain("post", "nat", NF_INET_POST_ROUTING, 100);
	lookup("forward", NFT_META_OIFNAME, "to_net");
	lookup("forward", NFT_META_IIFNAME, "from_net");
	lookup("post", 0, "nat4");
	batch_commit("making the table");
}

/* ---- sockets ---- */

static int inet_socket(unsigned i, int type, uint16_t port, const char *device)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device)) < 0)
		die_errno("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (type == SOCK_DGRAM)
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	if (port == 67)
		setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	else
		a.sin_addr.s_addr = subnet(i) | htonl(1);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die_errno("bind");
	if (type == SOCK_STREAM && listen(fd, 128) < 0)
		die_errno("listen");
	return fd;
}

static void open_sockets(unsigned i)
{
	char device[IF_NAMESIZE];
	int *fd = nets[i].fd;
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_ifindex = (int)nets[i].ifindex };

	snprintf(device, sizeof(device), "fb%u", i);
	fd[0] = inet_socket(i, SOCK_DGRAM, 67, device);
	fd[1] = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd[1] < 0 || bind(fd[1], (struct sockaddr *)&ll, sizeof(ll)) < 0)
		die_errno("packet socket");
	fd[2] = inet_socket(i, SOCK_DGRAM, 53, device);
	fd[3] = inet_socket(i, SOCK_STREAM, 53, device);
	fd[4] = inet_socket(i, SOCK_DGRAM, 53, "lo");
	fd[5] = inet_socket(i, SOCK_STREAM, 53, "lo");
}

/* ---- the whole ---- */

void floor_open(void)
{
	rtnl = open_socket(NETLINK_ROUTE);
	nft = open_socket(NETLINK_NETFILTER);
	make_table();
}

static void start(unsigned i, void (*link)(unsigned i))
{
	double t[6] = { now_us() };

	add_rules(i);
	t[1] = now_us();
	link(i);
	t[2] = now_us();
	write_sysctls(i);
	t[3] = now_us();
	raise_link(i);
	t[4] = now_us();
	open_sockets(i);
	t[5] = now_us();
	steps =
	    (struct floor_steps){ t[1] - t[0], t[2] - t[1], t[3] - t[2], t[4] - t[3], t[5] - t[4] };
}

void floor_start(unsigned i)
{
	start(i, make_link);
}

void floor_restart(unsigned i)
{
	start(i, change_link);
}

void floor_stop(unsigned i)
{
	park_link(i);
	remove_rules(i);
}

void floor_close(unsigned i)
{
	for (size_t k = 0; k < SOCKETS; k++)
		close(nets[i].fd[k]);
}

void floor_remove(unsigned i)
{
	char buf[256];
	struct ifinfomsg ifi = { .ifi_index = (int)nets[i].ifindex };

	send_links(buf, put(buf, RTM_DELLINK, 0, &ifi, sizeof(ifi)), "removing a bridge");
}

struct floor_steps floor_steps(void)
{
	return steps;
}
