/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edge ports of a bridge with spanning tree forward at once.
 *
 * With STP on, the kernel lets a port that comes up listen and learn for the forward delay each:
 * 4 s at least, which every new guest would wait for its lease. Bridges that know RSTP have edge
 * ports for that (IEEE 802.1D-2004 §17.3: "PortFast"); Linux has none, and refuses to have a port's
 * state set while its STP runs (EBUSY). It does take the state while STP is off, and keeps it when
 * STP goes on: so for some microseconds it is off. Blocked ports stay blocked meanwhile.
 *
 * What the forward delay is for is to find a loop before it carries frames. That is done here in
 * another way, in milliseconds: each port of the bridge sends the configuration BPDU that the
 * kernel itself sends each hello time. A listening port takes BPDUs in; where there is a loop one
 * of them comes back, and the kernel blocks a port of it. Only what is listening still after that
 * is set forwarding.
 *
 * The BPDUs are needed for another reason too: switching STP on begins the kernel's hello time
 * anew, so that many guests coming one after the other would keep it from saying hello ever. So
 * every switch is preceded by a hello.
 *
 * A loop that is closed later, behind ports that forward, is found by the kernel's next hello as
 * before. */
#include "bridge/apply-internal.h"

#include "base/cursor.h"
#include "base/log.h"
#include "bridge/mirror.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define ANSWER_BUF        65536
#define DUMP_TRIES        3
/* How long BPDUs may take to come back: through another namespace the kernel has forwarded them
 * when the system call returns, if it isn't busy; a virtual machine has to be scheduled first. */
#define REFLECT_VETH_NSEC 100000
#define REFLECT_TAP_NSEC  10000000

struct stp_port {
	uint32_t ifindex;
	enum port_state state;
	bool is_tap;
	uint16_t id;
	uint8_t mac[6];
};

struct stp_bridge {
	uint32_t ifindex;
	bool kernel_stp;
	uint8_t root[8], id[8];
	uint32_t cost;
	uint32_t max_age_cs, hello_cs, delay_cs;
	struct stp_port *ports;
	size_t n_ports, cap_ports;
	bool out_of_memory;
};

/* Reading */

static uint32_t get_u32(const struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

/* The attributes of a link and those below IFLA_LINKINFO; false: not a whole message. */
static bool parse_link(const struct nlmsghdr *nlh, struct nlattr **link, struct nlattr **info)
{
	static const struct nla_policy nested[IFLA_MAX + 1] = {
		[IFLA_MASTER] = { .type = NLA_U32 },
		[IFLA_LINKINFO] = { .type = NLA_NESTED },
	};
	static const struct nla_policy policy[IFLA_INFO_MAX + 1] = {
		[IFLA_INFO_KIND] = { .type = NLA_STRING, .minlen = 1 },
	};

	return nlh->nlmsg_type == RTM_NEWLINK &&
	       nlmsg_parse((struct nlmsghdr *)(uintptr_t)nlh, sizeof(struct ifinfomsg), link,
			   IFLA_MAX, nested) == 0 &&
	       link[IFLA_LINKINFO] &&
	       nla_parse_nested(info, IFLA_INFO_MAX, link[IFLA_LINKINFO], policy) == 0;
}

static void take_bridge(void *data, const struct nlmsghdr *nlh)
{
	static const struct nla_policy policy[IFLA_BR_MAX + 1] = {
		[IFLA_BR_STP_STATE] = { .type = NLA_U32 },
		[IFLA_BR_ROOT_PATH_COST] = { .type = NLA_U32 },
		[IFLA_BR_MAX_AGE] = { .type = NLA_U32 },
		[IFLA_BR_HELLO_TIME] = { .type = NLA_U32 },
		[IFLA_BR_FORWARD_DELAY] = { .type = NLA_U32 },
		[IFLA_BR_ROOT_ID] = { .minlen = 8 },
		[IFLA_BR_BRIDGE_ID] = { .minlen = 8 },
	};
	struct nlattr *link[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1], *tb[IFLA_BR_MAX + 1];
	struct stp_bridge *b = data;

	if (!parse_link(nlh, link, info) || !info[IFLA_INFO_DATA] ||
	    nla_parse_nested(tb, IFLA_BR_MAX, info[IFLA_INFO_DATA], policy) < 0 ||
	    !tb[IFLA_BR_ROOT_ID] || !tb[IFLA_BR_BRIDGE_ID])
		return;
	b->kernel_stp = get_u32(tb[IFLA_BR_STP_STATE]) == 1;
	memcpy(b->root, nla_data(tb[IFLA_BR_ROOT_ID]), sizeof(b->root));
	memcpy(b->id, nla_data(tb[IFLA_BR_BRIDGE_ID]), sizeof(b->id));
	b->cost = get_u32(tb[IFLA_BR_ROOT_PATH_COST]);
	b->max_age_cs = get_u32(tb[IFLA_BR_MAX_AGE]);
	b->hello_cs = get_u32(tb[IFLA_BR_HELLO_TIME]);
	b->delay_cs = get_u32(tb[IFLA_BR_FORWARD_DELAY]);
}

static void take_port(void *data, const struct nlmsghdr *nlh)
{
	static const struct nla_policy policy[IFLA_BRPORT_MAX + 1] = {
		[IFLA_BRPORT_STATE] = { .type = NLA_U8 },
		[IFLA_BRPORT_ID] = { .type = NLA_U16 },
	};
	struct nlattr *link[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1], *tb[IFLA_BRPORT_MAX + 1];
	struct stp_bridge *b = data;

	if (!parse_link(nlh, link, info) || !info[IFLA_INFO_SLAVE_DATA] ||
	    nla_parse_nested(tb, IFLA_BRPORT_MAX, info[IFLA_INFO_SLAVE_DATA], policy) < 0 ||
	    get_u32(link[IFLA_MASTER]) != b->ifindex || !tb[IFLA_BRPORT_STATE] ||
	    !tb[IFLA_BRPORT_ID] || !link[IFLA_ADDRESS] || nla_len(link[IFLA_ADDRESS]) != 6)
		return;
	if (GROW(b->ports, b->cap_ports, b->n_ports + 1) < 0) {
		b->out_of_memory = true;
		return;
	}
	struct stp_port *p = &b->ports[b->n_ports++];
	*p = (struct stp_port){ .ifindex =
				    (uint32_t)((struct ifinfomsg *)NLMSG_DATA(nlh))->ifi_index,
				.state = nla_get_u8(tb[IFLA_BRPORT_STATE]),
				.id = nla_get_u16(tb[IFLA_BRPORT_ID]),
				.is_tap = info[IFLA_INFO_KIND] &&
					  !strcmp(nla_get_string(info[IFLA_INFO_KIND]), "tun") };
	memcpy(p->mac, nla_data(link[IFLA_ADDRESS]), sizeof(p->mac));
}

/* Ask for link `ifindex`, or (0) for all ports of `master`. */
static int ask(struct kernel_socket *ks, uint32_t ifindex, uint32_t master, rtnl_message_fn *fn,
	       struct stp_bridge *b)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct nl_msg *q =
	    rtnl_message(RTM_GETLINK, ifindex ? NLM_F_ACK : NLM_F_DUMP, &ifi, sizeof(ifi));
	auto_free uint8_t *buf = malloc(ANSWER_BUF);
	int r = q && buf ? 0 : -ENOMEM;

	if (q && (nla_put_u32(q, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0 ||
		  (master && nla_put_u32(q, IFLA_MASTER, master) < 0)))
		r = -ENOMEM;
	if (r == 0) {
		nlmsg_hdr(q)->nlmsg_seq = ++ks->seq;
		if (send(ks->fd, nlmsg_hdr(q), nlmsg_hdr(q)->nlmsg_len, 0) < 0)
			r = -errno;
	}
	nlmsg_free(q);
	return r < 0 ? r : rtnl_read_answers(ks->fd, ks->seq, buf, ANSWER_BUF, fn, b);
}

static int read_ports(struct kernel_socket *ks, uint32_t bridge, struct stp_bridge *b)
{
	int r = -EAGAIN;

	for (unsigned i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
		b->n_ports = 0;
		r = ask(ks, 0, bridge, take_port, b);
	}
	if (b->out_of_memory)
		return -ENOMEM;
	return r == -EAGAIN ? 0 : r; /* links come and go; a port twice or missed does no harm */
}

/* Hello */

#define BPDU_FRAME 60 /* octets, padded: the least that Ethernet has */

/* Times in a BPDU are in 1/256 s. */
static uint16_t bpdu_time(uint32_t cs)
{
	return (uint16_t)MIN_OF(cs * 256ULL / 100, 65535ULL);
}

/* IEEE 802.1D-1998 §9.3.1 in an IEEE 802.3 frame with LLC: word for word what the kernel sends. */
static void write_hello(const struct stp_bridge *b, const struct stp_port *p,
			uint8_t frame[static BPDU_FRAME])
{
	static const uint8_t group[6] = { 0x01, 0x80, 0xc2, 0, 0, 0 };
	struct wr w = wr_over(frame, BPDU_FRAME);
	bool is_root = !memcmp(b->root, b->id, sizeof(b->root));

	wr_bytes(&w, group, sizeof(group));
	wr_bytes(&w, p->mac, sizeof(p->mac));
	wr_u16(&w, 3 + 35);
	wr_u8(&w, 0x42); /* DSAP and SSAP of spanning tree, unnumbered information */
	wr_u8(&w, 0x42);
	wr_u8(&w, 0x03);
	wr_u16(&w, 0); /* protocol */
	wr_u8(&w, 0);  /* version */
	wr_u8(&w, 0);  /* type: configuration */
	wr_u8(&w, 0);  /* flags */
	wr_bytes(&w, b->root, sizeof(b->root));
	wr_u32(&w, b->cost);
	wr_bytes(&w, b->id, sizeof(b->id));
	wr_u16(&w, p->id);
	wr_u16(&w, is_root ? 0 : bpdu_time(100)); /* message age */
	wr_u16(&w, bpdu_time(b->max_age_cs));
	wr_u16(&w, bpdu_time(b->hello_cs));
	wr_u16(&w, bpdu_time(b->delay_cs));
	wr_zero(&w, BPDU_FRAME - (size_t)(w.p - frame));
}

static int say_hello(struct kernel_socket *ks, const struct stp_bridge *b)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	uint8_t frame[BPDU_FRAME];

	if (ks->packet_fd < 0) /* protocol 0: it receives nothing */
		ks->packet_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ks->packet_fd < 0)
		return -errno;
	for (size_t i = 0; i < b->n_ports; i++) {
		const struct stp_port *p = &b->ports[i];
		if (p->state == PORT_DISABLED || p->state == PORT_BLOCKING)
			continue;
		write_hello(b, p, frame);
		to.sll_ifindex = (int)p->ifindex;
		/* A port that went down meanwhile, or a full queue: as with any hello. */
		(void)sendto(ks->packet_fd, frame, sizeof(frame), 0, (struct sockaddr *)&to,
			     sizeof(to));
	}
	return 0;
}

static bool is_listed(uint32_t ifindex, const uint32_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == ifindex)
			return true;
	return false;
}

static void await_reflection(const struct stp_bridge *b, const uint32_t *ports, size_t n)
{
	struct timespec reflect = { .tv_nsec = REFLECT_VETH_NSEC };

	for (size_t i = 0; i < b->n_ports; i++)
		if (b->ports[i].is_tap && is_listed(b->ports[i].ifindex, ports, n))
			reflect.tv_nsec = REFLECT_TAP_NSEC;
	(void)nanosleep(&reflect, NULL);
}

/* Switching */

/* Change one option of a bridge (IFLA_INFO_KIND, IFLA_INFO_DATA) or of a port (…_SLAVE_…). */
static struct nl_msg *option_message(uint32_t ifindex, int kind, int data, int option,
				     const void *value, int n)
{
	struct ifinfomsg ifi = { .ifi_index = (int)ifindex };
	struct nl_msg *m = rtnl_message(RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	struct nlattr *info = m ? nla_nest_start(m, IFLA_LINKINFO) : NULL, *nest;

	if (info && nla_put_string(m, kind, "bridge") == 0 && (nest = nla_nest_start(m, data)) &&
	    nla_put(m, option, n, value) == 0) {
		nla_nest_end(m, nest);
		nla_nest_end(m, info);
		return m;
	}
	nlmsg_free(m);
	return NULL;
}

static struct nl_msg *stp_message(uint32_t bridge, uint32_t on)
{
	return option_message(bridge, IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_BR_STP_STATE, &on,
			      sizeof(on));
}

static struct nl_msg *forward_message(uint32_t port)
{
	const uint8_t forwarding = PORT_FORWARDING;

	return option_message(port, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA, IFLA_BRPORT_STATE,
			      &forwarding, sizeof(forwarding));
}

/* Off, ports, on: one system call, and what comes after a failed message is taken nevertheless. A
 * port that fails has gone, or lost its carrier. */
static int switch_ports(struct kernel_socket *ks, uint32_t bridge, const uint32_t *ports, size_t n)
{
	struct rtnl_batch *batch = &ks->batch;
	int r;

	rtnl_batch_add(batch, stp_message(bridge, 0), 0);
	for (size_t i = 0; i < n; i++)
		rtnl_batch_add(batch, forward_message(ports[i]), 0);
	rtnl_batch_add(batch, stp_message(bridge, 1), 0);
	r = rtnl_batch_send(ks->fd, &ks->seq, batch);
	if (r == 0)
		r = batch->results[0];
	if (r == 0)
		r = batch->results[n + 1];
	rtnl_batch_reset(batch);
	return r;
}

/* Of `wish` those that listen or learn still, up to `max`. Returns how many. */
static size_t still_waiting(const struct stp_bridge *b, const uint32_t *wish, size_t n,
			    uint32_t *ret, size_t max)
{
	size_t found = 0;

	for (size_t i = 0; i < b->n_ports && found < max; i++) {
		const struct stp_port *p = &b->ports[i];
		if ((p->state == PORT_LISTENING || p->state == PORT_LEARNING) &&
		    is_listed(p->ifindex, wish, n))
			ret[found++] = p->ifindex;
	}
	return found;
}

int bridge_stp_forward(struct kernel_socket *ks, uint32_t bridge, const uint32_t *ports, size_t n)
{
	struct stp_bridge b = { .ifindex = bridge };
	uint32_t go[STP_PORTS_MAX];
	int r = ask(ks, bridge, 0, take_bridge, &b);

	if (r == 0 && b.kernel_stp) {
		r = read_ports(ks, bridge, &b);
		if (r == 0)
			r = say_hello(ks, &b);
		if (r == 0) {
			await_reflection(&b, ports, n);
			r = read_ports(ks, bridge, &b);
		}
		size_t n_go = r == 0 ? still_waiting(&b, ports, n, go, ARRAY_LEN(go)) : 0;
		if (n_go)
			r = switch_ports(ks, bridge, go, n_go);
	}
	free(b.ports);
	return r == -ENODEV ? 0 : r;
}
