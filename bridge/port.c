/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/port.h"

#include "bridge/apply-internal.h"
#include "bridge/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define VNET_MAX 100000 /* names looked at before giving up */

/* Marks */

static struct nl_msg *link_request(int type, int flags, uint32_t ifindex, bool up)
{
	struct ifinfomsg ifi = { .ifi_index = (int)ifindex,
				 .ifi_flags = up ? IFF_UP : 0,
				 .ifi_change = up ? IFF_UP : 0 };

	return rtnl_message(type, flags, &ifi, sizeof(ifi));
}

static void take_alias(void *data, const struct nlmsghdr *nlh)
{
	static const struct nla_policy policy[IFLA_MAX + 1] = {
		[IFLA_IFALIAS] = { .type = NLA_STRING, .minlen = 1 },
	};
	struct nlattr *tb[IFLA_MAX + 1];

	if (nlh->nlmsg_type == RTM_NEWLINK &&
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)nlh, sizeof(struct ifinfomsg), tb, IFLA_MAX,
			policy) == 0 &&
	    tb[IFLA_IFALIAS])
		copy_text(data, LINK_ALIAS_MAX, nla_get_string(tb[IFLA_IFALIAS]));
}

static int read_alias(struct kernel_socket *ks, uint32_t ifindex, char alias[static LINK_ALIAS_MAX])
{
	uint8_t buf[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nl_msg *m;
	int r = -ENOMEM;

	alias[0] = '\0';
	if (ks->fake)
		return fake_alias(ks->fake, ifindex, alias) ? 0 : -ENODEV;
	m = link_request(RTM_GETLINK, NLM_F_ACK, ifindex, false);
	if (m) {
		struct nlmsghdr *nlh = nlmsg_hdr(m);
		nlh->nlmsg_seq = ++ks->seq;
		r = send(ks->fd, nlh, nlh->nlmsg_len, 0) < 0 ? -errno : 0;
		nlmsg_free(m);
	}
	return r < 0 ? r : rtnl_read_answers(ks->fd, ks->seq, buf, sizeof(buf), take_alias, alias);
}

/* The bridge may have been parked, and taken by another network, since the caller looked: only the
 * thread that we are in does either, so looking again is enough. */
static int check_bridge(struct kernel_socket *ks, const struct port_spec *spec, struct err *e)
{
	char alias[LINK_ALIAS_MAX];
	struct uuid owner;
	int r = spec->foreign ? 0 : read_alias(ks, spec->bridge, alias);

	if (spec->foreign)
		return 0; /* the kernel tells when it has gone */
	if (r == 0 && link_alias_parse(alias, &owner) && uuid_equal(&owner, &spec->network))
		return 0;
	return err_set(e, ERR_OPERATION_INVALID, "the network is not active any more");
}

/* Names */

/* The next vnetN that no link has. Numbers go up, as libvirt's do: a name that was just freed may
 * still be in somebody's mind. */
static int next_vnet(struct kernel_socket *ks, char name[static LINK_NAME_MAX], struct err *e)
{
	for (unsigned i = 0; i < VNET_MAX; i++) {
		snprintf(name, LINK_NAME_MAX, "vnet%u", ks->next_vnet);
		ks->next_vnet = (ks->next_vnet + 1) % VNET_MAX;
		if (ks->fake || !if_nametoindex(name))
			return 0;
	}
	return err_sys(e, EEXIST, "no vnetN is free");
}

int bridge_port_named(struct kernel_socket *ks, const char *wish, bridge_make_fn *make, void *how,
		      char name[static LINK_NAME_MAX], struct err *e)
{
	int r = -EEXIST;

	if (wish && !link_name_valid(wish))
		return err_set(e, ERR_INVALID_ARG, "'%s' cannot be the name of an interface", wish);
	if (wish) {
		copy_text(name, LINK_NAME_MAX, wish);
		return make(ks, name, how, e);
	}
	for (unsigned i = 0; i < 100 && r == -EEXIST; i++) {
		err_clear(e);
		r = next_vnet(ks, name, e);
		if (r == 0)
			r = make(ks, name, how, e);
	}
	return r;
}

static struct mac host_mac(const struct mac *guest)
{
	struct mac m = mac_is_zero(guest) ? mac_random() : *guest;

	m.b[0] = 0xfe;
	return m;
}

/* One message about a link */

/* Free `m` and return NULL if a put failed: sending NULL is "out of memory". */
static struct nl_msg *if_whole(struct nl_msg *m, int puts)
{
	if (puts >= 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

static int put_isolated(struct nl_msg *m, bool isolated)
{
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	int r = info ? nla_put_string(m, IFLA_INFO_SLAVE_KIND, "bridge") : -1;
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_SLAVE_DATA);

	if (!info || !data)
		return -1;
	r |= nla_put_u8(m, IFLA_BRPORT_ISOLATED, isolated);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	return r;
}

static struct nl_msg *alias_message(uint32_t ifindex, const struct uuid *network)
{
	struct nl_msg *m = link_request(RTM_SETLINK, 0, ifindex, false);
	char alias[LINK_ALIAS_MAX];

	link_alias_port(network, alias);
	return m ? if_whole(m, nla_put(m, IFLA_IFALIAS, (int)strlen(alias), alias)) : NULL;
}

struct nl_msg *bridge_isolated_message(uint32_t ifindex, bool isolated)
{
	struct nl_msg *m = link_request(RTM_NEWLINK, 0, ifindex, false);

	return m ? if_whole(m, put_isolated(m, isolated)) : NULL;
}

static struct nl_msg *up_message(uint32_t ifindex)
{
	return link_request(RTM_SETLINK, 0, ifindex, true);
}

/* Send the batch of the socket; the first failure is told of port `name`. */
static int send_batch(struct kernel_socket *ks, const char *doing, const char *name, struct err *e)
{
	struct rtnl_batch *b = &ks->batch;
	int r = rtnl_batch_send(ks->fd, &ks->seq, b);
	const char *words = NULL;

	for (size_t i = 0; i < b->n && r == 0; i++) {
		r = b->results[i];
		words = b->words[i];
	}
	if (r < 0)
		rtnl_err(e, -r, words, "port '%s': %s", name, doing);
	rtnl_batch_reset(b);
	return r;
}

/* Remove what could not be finished. */
static void remove_link(struct kernel_socket *ks, uint32_t ifindex)
{
	char words[RTNL_WORDS_MAX];

	(void)rtnl_request(ks->fd, &ks->seq, link_request(RTM_DELLINK, 0, ifindex, false), words);
}

/* veth */

struct veth_how {
	const struct port_spec *spec;
	const char *guest_name;
	int netns_fd;
	uint32_t mtu;
};

static int put_peer(struct nl_msg *m, const struct veth_how *how)
{
	struct ifinfomsg none = { 0 };
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	int r = info ? nla_put_string(m, IFLA_INFO_KIND, "veth") : -1;
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);
	struct nlattr *peer = data ? nla_nest_start(m, VETH_INFO_PEER) : NULL;

	if (!peer || nlmsg_append(m, &none, sizeof(none), NLMSG_ALIGNTO) < 0)
		return -1;
	r |= nla_put_string(m, IFLA_IFNAME, how->guest_name);
	r |= nla_put_u32(m, IFLA_NET_NS_FD, (uint32_t)how->netns_fd);
	r |= nla_put_u32(m, IFLA_MTU, how->mtu);
	if (!mac_is_zero(&how->spec->mac))
		r |= nla_put(m, IFLA_ADDRESS, 6, how->spec->mac.b);
	nla_nest_end(m, peer);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	return r;
}

static int make_veth(struct kernel_socket *ks, const char *name, void *data, struct err *e)
{
	struct veth_how *how = data;
	/* An isolated port must not be up before it is isolated. */
	struct nl_msg *m =
	    link_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, !how->spec->isolated);
	struct mac mac = host_mac(&how->spec->mac);
	char words[RTNL_WORDS_MAX];
	int r;

	if (m)
		m = if_whole(
		    m, nla_put_string(m, IFLA_IFNAME, name) | nla_put(m, IFLA_ADDRESS, 6, mac.b) |
			   nla_put_u32(m, IFLA_MTU, how->mtu) |
			   nla_put_u32(m, IFLA_MASTER, how->spec->bridge) | put_peer(m, how));
	r = rtnl_request(ks->fd, &ks->seq, m, words);
	if (r == -EEXIST && !if_nametoindex(name)) /* no other name here would help */
		return err_set(e, ERR_OPERATION_FAILED,
			       "interface '%s' exists already in the guest's network namespace; "
			       "remove it, or choose another name (--ifname)",
			       how->guest_name);
	return r < 0 ? rtnl_err(e, -r, words, "creating the veth pair '%s' and '%s'", name,
				how->guest_name)
		     : 0;
}

/* Mark and isolate a port that was just made; without the mark it would be nobody's, so then it
 * goes. */
static int finish_port(struct kernel_socket *ks, const struct port_spec *spec,
		       const struct bridge_port *port, struct err *e)
{
	int r;

	rtnl_batch_add(&ks->batch, alias_message(port->ifindex, &spec->network), 0);
	if (spec->isolated) {
		rtnl_batch_add(&ks->batch, bridge_isolated_message(port->ifindex, true), 0);
		rtnl_batch_add(&ks->batch, up_message(port->ifindex), 0);
	}
	r = send_batch(ks, "marking it", port->name, e);
	if (r < 0)
		remove_link(ks, port->ifindex);
	return r;
}

static int add_fake(struct kernel_socket *ks, const struct port_spec *spec, enum link_kind kind,
		    struct bridge_port *ret, struct err *e)
{
	struct link_row row = { .mac = host_mac(&spec->mac),
				.mtu = spec->mtu ? spec->mtu : BRIDGE_MTU_DEFAULT };
	struct bridge_port port = { 0 };
	int r = -EEXIST;

	link_alias_port(&spec->network, row.alias);
	for (unsigned i = 0; i < VNET_MAX && r == -EEXIST; i++) {
		if (spec->name)
			copy_text(row.name, sizeof(row.name), spec->name);
		else if (next_vnet(ks, row.name, e) < 0)
			return -EEXIST;
		r = fake_add_port(ks->fake, &row, kind, spec->bridge, spec->isolated,
				  &port.ifindex);
		if (spec->name)
			break;
	}
	if (r < 0)
		return err_sys(e, -r, "creating port '%s'", row.name);
	memcpy(port.name, row.name, sizeof(port.name));
	*ret = port;
	return 0;
}

int bridge_port_veth(struct kernel_socket *ks, const struct port_spec *spec, const char *guest_name,
		     int netns_fd, struct bridge_port *ret, struct err *e)
{
	struct veth_how how = { spec, guest_name, netns_fd,
				spec->mtu ? spec->mtu : BRIDGE_MTU_DEFAULT };
	struct bridge_port port = { 0 };
	int r;

	if (!link_name_valid(guest_name))
		return err_set(e, ERR_INVALID_ARG, "'%s' cannot be the name of an interface",
			       guest_name);
	r = check_bridge(ks, spec, e);
	if (r < 0)
		return r;
	if (ks->fake)
		return add_fake(ks, spec, LINK_VETH, ret, e);
	r = bridge_port_named(ks, spec->name, make_veth, &how, port.name, e);
	if (r < 0)
		return r;
	port.ifindex = if_nametoindex(port.name);
	if (!port.ifindex)
		return err_sys(e, errno, "port '%s'", port.name);
	r = finish_port(ks, spec, &port, e);
	if (r == 0)
		*ret = port;
	return r;
}

/* tap */

struct tap_how {
	const struct tap_spec *tap;
	int fd; /* out: the first queue */
};

static int configure_tap(int fd, const struct tap_spec *tap)
{
	if (tap->has_owner && ioctl(fd, TUNSETOWNER, (unsigned long)tap->owner) < 0)
		return -errno;
	if (tap->has_group && ioctl(fd, TUNSETGROUP, (unsigned long)tap->group) < 0)
		return -errno;
	return ioctl(fd, TUNSETPERSIST, 1UL) < 0 ? -errno : 0;
}

static int make_tap(struct kernel_socket *ks, const char *name, void *data, struct err *e)
{
	struct tap_how *how = data;
	struct ifreq req = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL };
	auto_close int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0)
		return err_sys(e, errno, "cannot open /dev/net/tun");
	copy_text(req.ifr_name, sizeof(req.ifr_name), name);
	if (how->tap->vnet_hdr)
		req.ifr_flags |= IFF_VNET_HDR;
	if (how->tap->multi_queue)
		req.ifr_flags |= IFF_MULTI_QUEUE;
	if (ioctl(fd, TUNSETIFF, &req) < 0)
		/* EBUSY: the name is taken by a tap. Said as for every other link. */
		return err_sys(e, errno == EBUSY ? EEXIST : errno, "creating the tap '%s'", name);
	r = configure_tap(fd, how->tap);
	if (r < 0)
		return err_sys(e, -r, "setting up the tap '%s'", name);
	how->fd = take_fd(&fd);
	return 0;
}

/* MAC, MTU, mark, bridge and up. */
static int join_tap(struct kernel_socket *ks, const struct port_spec *spec,
		    const struct bridge_port *port, struct err *e)
{
	struct nl_msg *m = link_request(RTM_SETLINK, 0, port->ifindex, false);
	struct mac mac = host_mac(&spec->mac);
	char alias[LINK_ALIAS_MAX];
	int r;

	link_alias_port(&spec->network, alias);
	if (m)
		m = if_whole(
		    m, nla_put(m, IFLA_ADDRESS, 6, mac.b) |
			   nla_put_u32(m, IFLA_MTU, spec->mtu ? spec->mtu : BRIDGE_MTU_DEFAULT) |
			   nla_put(m, IFLA_IFALIAS, (int)strlen(alias), alias) |
			   nla_put_u32(m, IFLA_MASTER, spec->bridge));
	rtnl_batch_add(&ks->batch, m, 0);
	if (spec->isolated)
		rtnl_batch_add(&ks->batch, bridge_isolated_message(port->ifindex, true), 0);
	rtnl_batch_add(&ks->batch, up_message(port->ifindex), 0);
	r = send_batch(ks, "attaching it to the bridge", port->name, e);
	if (r < 0)
		remove_link(ks, port->ifindex);
	return r;
}

int bridge_port_tap(struct kernel_socket *ks, const struct port_spec *spec,
		    const struct tap_spec *tap, struct bridge_port *ret, int *ret_fd, struct err *e)
{
	struct tap_how how = { tap, -1 };
	struct bridge_port port = { 0 };
	int r = check_bridge(ks, spec, e);

	if (r < 0)
		return r;
	if (ks->fake) {
		if (ret_fd)
			*ret_fd = -1;
		return add_fake(ks, spec, LINK_TUN, ret, e);
	}
	r = bridge_port_named(ks, spec->name, make_tap, &how, port.name, e);
	if (r < 0)
		return r;
	auto_close int fd = how.fd;
	port.ifindex = if_nametoindex(port.name);
	if (!port.ifindex)
		return err_sys(e, errno, "port '%s'", port.name);
	r = join_tap(ks, spec, &port, e);
	if (r < 0)
		return r;
	if (ret_fd)
		*ret_fd = take_fd(&fd);
	*ret = port;
	return 0;
}

/* Links that exist */

int bridge_port_attach(struct kernel_socket *ks, uint32_t bridge, uint32_t ifindex,
		       const char *name, bool isolated, struct err *e)
{
	struct nl_msg *m;

	if (ks->fake) {
		int r = fake_attach(ks->fake, ifindex, bridge, isolated);
		return r < 0 ? err_sys(e, -r, "port '%s': attaching it to the bridge", name) : 0;
	}
	m = link_request(RTM_SETLINK, 0, ifindex, false);
	if (m)
		m = if_whole(m, nla_put_u32(m, IFLA_MASTER, bridge));
	rtnl_batch_add(&ks->batch, m, 0);
	rtnl_batch_add(&ks->batch, bridge_isolated_message(ifindex, isolated), 0);
	rtnl_batch_add(&ks->batch, up_message(ifindex), 0);
	return send_batch(ks, "attaching it to the bridge", name, e);
}

int bridge_port_detach(struct kernel_socket *ks, uint32_t ifindex, const char *name, struct err *e)
{
	struct nl_msg *m;
	char words[RTNL_WORDS_MAX];
	int r;

	if (ks->fake) {
		r = fake_attach(ks->fake, ifindex, 0, false);
		words[0] = '\0';
	} else {
		m = link_request(RTM_SETLINK, 0, ifindex, false);
		if (m)
			m = if_whole(m, nla_put_u32(m, IFLA_MASTER, 0));
		r = rtnl_request(ks->fd, &ks->seq, m, words);
	}
	return r < 0 && r != -ENODEV ? rtnl_err(e, -r, words, "port '%s': detaching it", name) : 0;
}

int bridge_port_delete(struct kernel_socket *ks, uint32_t ifindex, const char *name, struct err *e)
{
	char alias[LINK_ALIAS_MAX], words[RTNL_WORDS_MAX] = "";
	int r = read_alias(ks, ifindex, alias);

	if (r == 0 && strncmp(alias, LINK_MARK_PORT, strlen(LINK_MARK_PORT)))
		return err_set(e, ERR_OPERATION_DENIED, "port '%s' was not made by netd", name);
	if (r == 0 && ks->fake)
		fake_delete_link(ks->fake, ifindex);
	else if (r == 0)
		r = rtnl_request(ks->fd, &ks->seq, link_request(RTM_DELLINK, 0, ifindex, false),
				 words);
	return r < 0 && r != -ENODEV ? rtnl_err(e, -r, words, "removing port '%s'", name) : 0;
}
