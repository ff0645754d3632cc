/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From rtnetlink messages to the mirror's facts. Attributes are checked by libnl's policies; what
 * is malformed is passed over, what is missing is zero. Host byte order, but for addresses. */
#include "bridge/mirror-internal.h"

#include "base/cursor.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#ifndef IFA_PROTO
#define IFA_PROTO 11 /* Linux 5.18 */
#endif

static uint32_t get_u32(const struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

static struct ip get_ip(const struct nlattr *a, int family)
{
	struct ip ip = { .family = family };

	if (a && family == AF_INET && nla_len(a) == 4) {
		struct rd r = rd_over(nla_data(a), 4);
		ip.v4 = rd_u32(&r);
	} else if (a && family == AF_INET6 && nla_len(a) == 16) {
		memcpy(ip.v6, nla_data(a), 16);
	} else {
		return (struct ip){ 0 };
	}
	return ip;
}

/* Links */

static void decode_bridge_data(struct nlattr *data, struct mirror_link *l)
{
	static const struct nla_policy policy[IFLA_BR_MAX + 1] = {
		[IFLA_BR_FORWARD_DELAY] = { .type = NLA_U32 },
		[IFLA_BR_HELLO_TIME] = { .type = NLA_U32 },
		[IFLA_BR_STP_STATE] = { .type = NLA_U32 },
		[IFLA_BR_VLAN_FILTERING] = { .type = NLA_U8 },
		[IFLA_BR_ROOT_ID] = { .minlen = 8 },
		[IFLA_BR_BRIDGE_ID] = { .minlen = 8 },
	};
	struct nlattr *tb[IFLA_BR_MAX + 1];

	if (nla_parse_nested(tb, IFLA_BR_MAX, data, policy) < 0)
		return;
	l->row.stp = get_u32(tb[IFLA_BR_STP_STATE]) != 0;
	l->kernel_stp = get_u32(tb[IFLA_BR_STP_STATE]) == 1; /* 2: a daemon's */
	l->row.forward_delay_cs = get_u32(tb[IFLA_BR_FORWARD_DELAY]);
	/* A kernel without them tells only that they are off. */
	l->knows_vlans = tb[IFLA_BR_VLAN_FILTERING] && tb[IFLA_BR_VLAN_DEFAULT_PVID];
	l->row.vlan_filtering = l->knows_vlans && nla_get_u8(tb[IFLA_BR_VLAN_FILTERING]);
	l->row.hello_cs = get_u32(tb[IFLA_BR_HELLO_TIME]);
	l->foreign_root =
	    l->row.stp && tb[IFLA_BR_ROOT_ID] && tb[IFLA_BR_BRIDGE_ID] &&
	    memcmp(nla_data(tb[IFLA_BR_ROOT_ID]), nla_data(tb[IFLA_BR_BRIDGE_ID]), 8) != 0;
}

static void decode_port_data(struct nlattr *data, struct mirror_link *l)
{
	static const struct nla_policy policy[IFLA_BRPORT_MAX + 1] = {
		[IFLA_BRPORT_ISOLATED] = { .type = NLA_U8 },
		[IFLA_BRPORT_STATE] = { .type = NLA_U8 },
	};
	struct nlattr *tb[IFLA_BRPORT_MAX + 1];

	if (nla_parse_nested(tb, IFLA_BRPORT_MAX, data, policy) < 0)
		return;
	if (tb[IFLA_BRPORT_ISOLATED])
		l->port_isolated = nla_get_u8(tb[IFLA_BRPORT_ISOLATED]) != 0;
	if (tb[IFLA_BRPORT_STATE] && nla_get_u8(tb[IFLA_BRPORT_STATE]) <= PORT_BLOCKING)
		l->port_state = nla_get_u8(tb[IFLA_BRPORT_STATE]);
}

static void decode_vlan_data(struct nlattr *data, struct mirror_link *l)
{
	static const struct nla_policy policy[IFLA_VLAN_MAX + 1] = {
		[IFLA_VLAN_ID] = { .type = NLA_U16 },
	};
	struct nlattr *tb[IFLA_VLAN_MAX + 1];

	if (nla_parse_nested(tb, IFLA_VLAN_MAX, data, policy) == 0 && tb[IFLA_VLAN_ID])
		l->vlan = nla_get_u16(tb[IFLA_VLAN_ID]);
}

static void decode_link_info(struct nlattr *info, struct mirror_link *l)
{
	static const struct nla_policy policy[IFLA_INFO_MAX + 1] = {
		[IFLA_INFO_KIND] = { .type = NLA_STRING, .minlen = 1 },
		[IFLA_INFO_SLAVE_KIND] = { .type = NLA_STRING, .minlen = 1 },
	};
	struct nlattr *tb[IFLA_INFO_MAX + 1];

	if (nla_parse_nested(tb, IFLA_INFO_MAX, info, policy) < 0)
		return;
	if (tb[IFLA_INFO_KIND])
		copy_text(l->kind_text, sizeof(l->kind_text), nla_get_string(tb[IFLA_INFO_KIND]));
	l->kind = !strcmp(l->kind_text, "bridge") ? LINK_BRIDGE
		  : !strcmp(l->kind_text, "veth") ? LINK_VETH
		  : !strcmp(l->kind_text, "tun")  ? LINK_TUN
		  : !strcmp(l->kind_text, "vlan") ? LINK_VLAN
						  : LINK_OTHER;
	if (l->kind == LINK_BRIDGE && tb[IFLA_INFO_DATA])
		decode_bridge_data(tb[IFLA_INFO_DATA], l);
	if (l->kind == LINK_VLAN && tb[IFLA_INFO_DATA])
		decode_vlan_data(tb[IFLA_INFO_DATA], l);
	if (tb[IFLA_INFO_SLAVE_KIND] && tb[IFLA_INFO_SLAVE_DATA] &&
	    !strcmp(nla_get_string(tb[IFLA_INFO_SLAVE_KIND]), "bridge"))
		decode_port_data(tb[IFLA_INFO_SLAVE_DATA], l);
}

/* IFLA_INET6_CONF is an array of int, indexed by DEVCONF_*; it grows with the kernel. */
static int conf_value(const struct nlattr *conf, size_t index)
{
	int v = 0;

	if ((size_t)nla_len(conf) >= (index + 1) * sizeof(v))
		memcpy(&v, (const uint8_t *)nla_data(conf) + index * sizeof(v), sizeof(v));
	return v;
}

static void decode_af_spec(struct nlattr *spec, struct mirror_link *l)
{
	static const struct nla_policy policy[IFLA_INET6_MAX + 1] = {
		[IFLA_INET6_ADDR_GEN_MODE] = { .type = NLA_U8 },
	};
	struct nlattr *families[AF_INET6 + 1], *tb[IFLA_INET6_MAX + 1];

	if (nla_parse_nested(families, AF_INET6, spec, NULL) < 0 || !families[AF_INET6] ||
	    nla_parse_nested(tb, IFLA_INET6_MAX, families[AF_INET6], policy) < 0 ||
	    !tb[IFLA_INET6_CONF])
		return;
	l->has_ipv6 = true;
	l->disable_ipv6 = conf_value(tb[IFLA_INET6_CONF], DEVCONF_DISABLE_IPV6);
	l->accept_ra = conf_value(tb[IFLA_INET6_CONF], DEVCONF_ACCEPT_RA);
	l->autoconf = conf_value(tb[IFLA_INET6_CONF], DEVCONF_AUTOCONF);
	if (tb[IFLA_INET6_ADDR_GEN_MODE])
		l->addr_gen_mode = nla_get_u8(tb[IFLA_INET6_ADDR_GEN_MODE]);
}

/* A message of family AF_BRIDGE. A port's spanning tree state changes without any other. That the
 * port leaves its bridge is told in this family too (RTM_DELLINK), but that has another event. */
static void feed_port(struct mirror *m, struct nlmsghdr *nlh)
{
	static const struct nla_policy policy[IFLA_PROTINFO + 1] = {
		[IFLA_MASTER] = { .type = NLA_U32 },
		[IFLA_PROTINFO] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IFLA_PROTINFO + 1];
	const struct ifinfomsg *ifi = nlmsg_data(nlh);
	struct mirror_link port = { .port_state = PORT_DISABLED };

	if (nlh->nlmsg_type != RTM_NEWLINK || ifi->ifi_index <= 0 ||
	    nlmsg_parse(nlh, sizeof(*ifi), tb, IFLA_PROTINFO, policy) < 0 || !tb[IFLA_MASTER] ||
	    !tb[IFLA_PROTINFO])
		return;
	decode_port_data(tb[IFLA_PROTINFO], &port);
	mirror_put_port_state(m, (uint32_t)ifi->ifi_index, port.port_state);
	mirror_put_port_isolated(m, (uint32_t)ifi->ifi_index, port.port_isolated);
}

static void feed_link(struct mirror *m, struct nlmsghdr *nlh)
{
	static const struct nla_policy policy[IFLA_MAX + 1] = {
		[IFLA_IFNAME] = { .type = NLA_STRING, .minlen = 2, .maxlen = LINK_NAME_MAX },
		[IFLA_IFALIAS] = { .type = NLA_STRING, .minlen = 1 },
		[IFLA_MTU] = { .type = NLA_U32 },
		[IFLA_MASTER] = { .type = NLA_U32 },
		[IFLA_LINK] = { .type = NLA_U32 },
		[IFLA_CARRIER] = { .type = NLA_U8 },
		[IFLA_LINKINFO] = { .type = NLA_NESTED },
		[IFLA_AF_SPEC] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IFLA_MAX + 1];
	struct mirror_link l = { 0 };

	if (nlmsg_parse(nlh, sizeof(struct ifinfomsg), tb, IFLA_MAX, policy) < 0)
		return;
	const struct ifinfomsg *ifi = nlmsg_data(nlh);
	if (ifi->ifi_family == AF_BRIDGE)
		feed_port(m, nlh);
	if (ifi->ifi_family != AF_UNSPEC || ifi->ifi_index <= 0)
		return;
	if (nlh->nlmsg_type == RTM_DELLINK) {
		mirror_drop_link(m, (uint32_t)ifi->ifi_index);
		return;
	}
	if (!tb[IFLA_IFNAME])
		return;
	l.ifindex = (uint32_t)ifi->ifi_index;
	l.flags = ifi->ifi_flags;
	l.master = get_u32(tb[IFLA_MASTER]);
	l.carrier = tb[IFLA_CARRIER] && nla_get_u8(tb[IFLA_CARRIER]);
	l.row.mtu = get_u32(tb[IFLA_MTU]);
	copy_text(l.row.name, sizeof(l.row.name), nla_get_string(tb[IFLA_IFNAME]));
	if (tb[IFLA_IFALIAS])
		copy_text(l.row.alias, sizeof(l.row.alias), nla_get_string(tb[IFLA_IFALIAS]));
	if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == sizeof(l.row.mac.b))
		memcpy(l.row.mac.b, nla_data(tb[IFLA_ADDRESS]), sizeof(l.row.mac.b));
	if (tb[IFLA_LINKINFO])
		decode_link_info(tb[IFLA_LINKINFO], &l);
	l.lower = l.kind == LINK_VLAN ? get_u32(tb[IFLA_LINK]) : 0;
	l.peer_elsewhere = l.kind == LINK_VETH && tb[IFLA_LINK_NETNSID];
	if (tb[IFLA_AF_SPEC])
		decode_af_spec(tb[IFLA_AF_SPEC], &l);
	mirror_put_link(m, &l);
}

/* Addresses */

static void feed_addr(struct mirror *m, struct nlmsghdr *nlh)
{
	static const struct nla_policy policy[IFA_PROTO + 1] = {
		[IFA_FLAGS] = { .type = NLA_U32 },
		[IFA_PROTO] = { .type = NLA_U8 },
	};
	struct nlattr *tb[IFA_PROTO + 1];
	struct addr_row row = { 0 };

	if (nlmsg_parse(nlh, sizeof(struct ifaddrmsg), tb, IFA_PROTO, policy) < 0)
		return;
	const struct ifaddrmsg *ifa = nlmsg_data(nlh);
	int family = ifa->ifa_family;
	/* IFA_ADDRESS is the peer's on point-to-point links; IPv6 has IFA_LOCAL only there. */
	row.address = get_ip(tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS], family);
	row.prefix = ifa->ifa_prefixlen;
	if (!ip_is_set(&row.address) || row.prefix > (family == AF_INET ? 32 : 128))
		return;
	if (family == AF_INET && tb[IFA_BROADCAST])
		row.broadcast = get_ip(tb[IFA_BROADCAST], family).v4;
	uint32_t flags = tb[IFA_FLAGS] ? nla_get_u32(tb[IFA_FLAGS]) : ifa->ifa_flags;
	row.proto = tb[IFA_PROTO] ? nla_get_u8(tb[IFA_PROTO]) : 0;
	row.nodad = family == AF_INET6 && flags & IFA_F_NODAD;
	row.secondary = family == AF_INET && flags & IFA_F_SECONDARY;
	if (nlh->nlmsg_type == RTM_DELADDR)
		mirror_drop_addr(m, ifa->ifa_index, &row);
	else
		mirror_put_addr(m, ifa->ifa_index, &row,
				family == AF_INET6 && !(flags & IFA_F_PERMANENT));
}

/* Routes */

static const struct nla_policy route_policy[RTA_MAX + 1] = {
	[RTA_OIF] = { .type = NLA_U32 },
	[RTA_PRIORITY] = { .type = NLA_U32 },
	[RTA_TABLE] = { .type = NLA_U32 },
};

/* Of several next hops the first counts. */
static uint32_t first_hop(struct nlattr **tb, int family, struct ip *ret_gateway)
{
	struct nlattr *hop[RTA_MAX + 1];
	struct rtnexthop nh;

	if (tb[RTA_OIF] || !tb[RTA_MULTIPATH]) {
		*ret_gateway = get_ip(tb[RTA_GATEWAY], family);
		return get_u32(tb[RTA_OIF]);
	}
	if ((size_t)nla_len(tb[RTA_MULTIPATH]) < sizeof(nh))
		return 0;
	memcpy(&nh, nla_data(tb[RTA_MULTIPATH]), sizeof(nh));
	if (nh.rtnh_len < sizeof(nh) || nh.rtnh_len > nla_len(tb[RTA_MULTIPATH]) ||
	    nh.rtnh_ifindex <= 0)
		return 0;
	struct nlattr *first =
	    (struct nlattr *)((uint8_t *)nla_data(tb[RTA_MULTIPATH]) + sizeof(nh));
	if (nla_parse(hop, RTA_MAX, first, nh.rtnh_len - (int)sizeof(nh), route_policy) == 0)
		*ret_gateway = get_ip(hop[RTA_GATEWAY], family);
	return (uint32_t)nh.rtnh_ifindex;
}

static void feed_route(struct mirror *m, struct nlmsghdr *nlh)
{
	struct nlattr *tb[RTA_MAX + 1];
	struct route_row row = { 0 };

	if (nlmsg_parse(nlh, sizeof(struct rtmsg), tb, RTA_MAX, route_policy) < 0)
		return;
	const struct rtmsg *rtm = nlmsg_data(nlh);
	uint32_t table = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) : rtm->rtm_table;
	int family = rtm->rtm_family;
	if (table != RT_TABLE_MAIN || rtm->rtm_type != RTN_UNICAST ||
	    rtm->rtm_flags & RTM_F_CLONED || (family != AF_INET && family != AF_INET6) ||
	    rtm->rtm_dst_len > (family == AF_INET ? 32 : 128))
		return;
	row.destination =
	    tb[RTA_DST] ? get_ip(tb[RTA_DST], family) : (struct ip){ .family = family };
	row.prefix = rtm->rtm_dst_len;
	row.metric = get_u32(tb[RTA_PRIORITY]);
	row.proto = rtm->rtm_protocol;
	uint32_t ifindex = first_hop(tb, family, &row.gateway);
	if (!ip_is_set(&row.destination) || !ifindex)
		return;
	if (nlh->nlmsg_type == RTM_NEWROUTE && nlh->nlmsg_flags & NLM_F_REPLACE)
		mirror_replace_route(m, &row);
	if (nlh->nlmsg_type == RTM_DELROUTE)
		mirror_drop_route(m, ifindex, &row);
	else
		mirror_put_route(m, ifindex, &row,
				 family == AF_INET ? get_ip(tb[RTA_PREFSRC], family).v4 : 0);
}

/* Forwarding */

static void feed_netconf(struct mirror *m, struct nlmsghdr *nlh)
{
	static const struct nla_policy policy[NETCONFA_MAX + 1] = {
		[NETCONFA_IFINDEX] = { .type = NLA_U32 },
		[NETCONFA_FORWARDING] = { .type = NLA_U32 },
	};
	struct nlattr *tb[NETCONFA_MAX + 1];

	if (nlmsg_parse(nlh, sizeof(struct netconfmsg), tb, NETCONFA_MAX, policy) < 0 ||
	    !tb[NETCONFA_IFINDEX] || !tb[NETCONFA_FORWARDING])
		return;
	const struct netconfmsg *nc = nlmsg_data(nlh);
	if (nla_get_u32(tb[NETCONFA_IFINDEX]) == (uint32_t)NETCONFA_IFINDEX_ALL &&
	    (nc->ncm_family == AF_INET || nc->ncm_family == AF_INET6))
		mirror_put_forward(m, nc->ncm_family, nla_get_u32(tb[NETCONFA_FORWARDING]) != 0);
}

static void feed_shape(struct mirror *m, const struct nlmsghdr *nlh)
{
	const struct tcmsg *tc = NLMSG_DATA(nlh);

	if (nlh->nlmsg_len >= NLMSG_LENGTH(sizeof(*tc)) && tc->tcm_ifindex > 0)
		mirror_put_shape(m, (uint32_t)tc->tcm_ifindex);
}

void mirror_feed_message(struct mirror *m, const struct nlmsghdr *nlh)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(uintptr_t)nlh; /* libnl's parsers only read */

	m->sender = h->nlmsg_pid;

	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		feed_link(m, h);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		feed_addr(m, h);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		feed_route(m, h);
		break;
	case RTM_NEWNETCONF:
		feed_netconf(m, h);
		break;
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
	case RTM_NEWTCLASS:
	case RTM_DELTCLASS:
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
		feed_shape(m, h);
		break;
	}
}

void mirror_feed(struct mirror *m, const void *buf, size_t n)
{
	int left = (int)n;

	for (const struct nlmsghdr *h = buf; nlmsg_ok(h, left);
	     h = nlmsg_next((struct nlmsghdr *)(uintptr_t)h, &left))
		mirror_feed_message(m, h);
}
