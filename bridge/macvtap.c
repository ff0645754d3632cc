/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A macvtap: a guest directly on a device of the host, without a bridge. What it reads and writes
 * is /dev/tapN, N being its interface index, a node that root owns. */
#include "bridge/apply-internal.h"
#include "bridge/bridge.h"
#include "bridge/port.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <string.h>

static uint32_t kernel_mode(enum forward_mode mode)
{
	switch ((int)mode) {
	case FORWARD_PRIVATE:
		return MACVLAN_MODE_PRIVATE;
	case FORWARD_VEPA:
		return MACVLAN_MODE_VEPA;
	case FORWARD_PASSTHROUGH:
		return MACVLAN_MODE_PASSTHRU;
	}
	return MACVLAN_MODE_BRIDGE;
}

static int put_macvtap(struct nl_msg *m, enum forward_mode mode)
{
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	int r = info ? nla_put_string(m, IFLA_INFO_KIND, "macvtap") : -1;
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);

	if (!info || !data)
		return -1;
	r |= nla_put_u32(m, IFLA_MACVLAN_MODE, kernel_mode(mode));
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	return r;
}

static struct nl_msg *create_message(const struct port_spec *spec, const char *name, uint32_t lower,
				     enum forward_mode mode)
{
	struct ifinfomsg ifi = { 0 };
	struct nl_msg *m = rtnl_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi, sizeof(ifi));
	int r = m ? nla_put_string(m, IFLA_IFNAME, name) | nla_put_u32(m, IFLA_LINK, lower) |
			nla_put(m, IFLA_ADDRESS, 6, spec->mac.b) | put_macvtap(m, mode)
		  : -1;

	if (r >= 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

/* Marked and up. */
static struct nl_msg *finish_message(const struct port_spec *spec, uint32_t ifindex)
{
	struct ifinfomsg ifi = { .ifi_index = (int)ifindex,
				 .ifi_flags = IFF_UP,
				 .ifi_change = IFF_UP };
	struct nl_msg *m = rtnl_message(RTM_SETLINK, 0, &ifi, sizeof(ifi));
	char alias[LINK_ALIAS_MAX];

	link_alias_port(&spec->network, alias);
	if (m && nla_put(m, IFLA_IFALIAS, (int)strlen(alias), alias) == 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

struct macvtap_how {
	const struct port_spec *spec;
	const struct macvtap_spec *macvtap;
};

static int make(struct kernel_socket *ks, const char *name, void *data, struct err *e)
{
	const struct macvtap_how *how = data;
	char words[RTNL_WORDS_MAX];
	int r = rtnl_request(
	    ks->fd, &ks->seq,
	    create_message(how->spec, name, how->macvtap->lower, how->macvtap->mode), words);

	if (r == -EOPNOTSUPP)
		return err_sys(e, EOPNOTSUPP,
			       "creating '%s': this kernel has no macvtap (CONFIG_MACVTAP, module "
			       "macvtap)",
			       name);
	return r < 0 ? rtnl_err(e, -r, words, "creating the macvtap '%s' on '%s'", name,
				how->macvtap->lower_name)
		     : 0;
}

int bridge_port_macvtap(struct kernel_socket *ks, const struct port_spec *spec,
			const struct macvtap_spec *macvtap, struct bridge_port *ret, struct err *e)
{
	struct macvtap_how how = { spec, macvtap };
	struct bridge_port port = { 0 };
	char words[RTNL_WORDS_MAX];
	int r = bridge_port_named(ks, spec->name, make, &how, port.name, e);

	if (r < 0)
		return r;
	port.ifindex = if_nametoindex(port.name);
	r = port.ifindex ? rtnl_request(ks->fd, &ks->seq, finish_message(spec, port.ifindex), words)
			 : -ENODEV;
	if (r < 0) {
		struct ifinfomsg ifi = { .ifi_index = (int)port.ifindex };
		rtnl_err(e, -r, words, "setting up the macvtap '%s'", port.name);
		(void)rtnl_request(ks->fd, &ks->seq,
				   rtnl_message(RTM_DELLINK, 0, &ifi, sizeof(ifi)), words);
		return r;
	}
	*ret = port;
	return 0;
}
