/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a port gets beside its bridge: VLANs, and a fixed MAC address. All of it is lost with the
 * bridge, and set again as a whole. */
#include "bridge/apply-internal.h"
#include "bridge/port.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

#define VID_MAX 4094

static struct nl_msg *bridge_message(int type, uint32_t ifindex)
{
	struct ifinfomsg ifi = { .ifi_family = AF_BRIDGE, .ifi_index = (int)ifindex };

	return rtnl_message(type, 0, &ifi, sizeof(ifi));
}

static int put_vid(struct nl_msg *m, unsigned vid, unsigned flags)
{
	struct bridge_vlan_info info = { .flags = (uint16_t)flags, .vid = (uint16_t)vid };

	return nla_put(m, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
}

/* `from` to `to`, or with both the same that one. */
static struct nl_msg *vlan_message(int type, uint32_t ifindex, unsigned from, unsigned to,
				   unsigned flags)
{
	struct nl_msg *m = bridge_message(type, ifindex);
	struct nlattr *spec = m ? nla_nest_start(m, IFLA_AF_SPEC) : NULL;
	int r = spec ? 0 : -1;

	if (spec && from == to)
		r = put_vid(m, from, flags);
	else if (spec)
		r = put_vid(m, from, flags | BRIDGE_VLAN_INFO_RANGE_BEGIN) |
		    put_vid(m, to, flags | BRIDGE_VLAN_INFO_RANGE_END);
	if (r == 0) {
		nla_nest_end(m, spec);
		return m;
	}
	nlmsg_free(m);
	return NULL;
}

/* As libvirt has it: one tag is the guest's whole world, which knows nothing of it; several are a
 * trunk, of which one may be what comes untagged (native), and goes so or not. */
static unsigned flags_of(const struct vlan *v, const struct vlan_tag *tag)
{
	bool trunk = v->n_tags > 1 || v->trunk == TRI_YES;

	if (!trunk || tag->native == VLAN_NATIVE_UNTAGGED)
		return BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED;
	return tag->native == VLAN_NATIVE_TAGGED ? BRIDGE_VLAN_INFO_PVID : 0;
}

static int set_vlans(struct kernel_socket *ks, const struct bridge_port *port, const struct vlan *v,
		     struct err *e)
{
	char words[RTNL_WORDS_MAX];
	int r = rtnl_request(ks->fd, &ks->seq,
			     vlan_message(RTM_DELLINK, port->ifindex, 1, VID_MAX, 0), words);

	for (size_t i = 0; i < v->n_tags && r == 0; i++)
		r = rtnl_request(ks->fd, &ks->seq,
				 vlan_message(RTM_SETLINK, port->ifindex, v->tags[i].id,
					      v->tags[i].id, flags_of(v, &v->tags[i])),
				 words);
	if (r == -EOPNOTSUPP)
		return err_sys(e, EOPNOTSUPP,
			       "port '%s': bridges of this kernel have no VLANs "
			       "(CONFIG_BRIDGE_VLAN_FILTERING)",
			       port->name);
	return r < 0 ? rtnl_err(e, -r, words, "port '%s': setting its VLANs", port->name) : 0;
}

int bridge_port_trunk(struct kernel_socket *ks, uint32_t ifindex, struct err *e)
{
	char words[RTNL_WORDS_MAX];
	int r = rtnl_request(ks->fd, &ks->seq, vlan_message(RTM_SETLINK, ifindex, 2, VID_MAX, 0),
			     words);

	if (r == -EOPNOTSUPP)
		return err_sys(e, EOPNOTSUPP,
			       "<vlan> needs VLANs on bridges, which this kernel doesn't have "
			       "(CONFIG_BRIDGE_VLAN_FILTERING)");
	return r < 0 ? rtnl_err(e, -r, words, "letting all VLANs pass the uplink") : 0;
}

/* Nothing is learned there, and nothing unknown sent there. */
static struct nl_msg *quiet_message(uint32_t ifindex)
{
	struct ifinfomsg ifi = { .ifi_index = (int)ifindex };
	struct nl_msg *m = rtnl_message(RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	struct nlattr *info = m ? nla_nest_start(m, IFLA_LINKINFO) : NULL;
	int r = info ? nla_put_string(m, IFLA_INFO_SLAVE_KIND, "bridge") : -1;
	struct nlattr *data = info ? nla_nest_start(m, IFLA_INFO_SLAVE_DATA) : NULL;

	if (data && (r | nla_put_u8(m, IFLA_BRPORT_LEARNING, 0) |
		     nla_put_u8(m, IFLA_BRPORT_UNICAST_FLOOD, 0)) == 0) {
		nla_nest_end(m, data);
		nla_nest_end(m, info);
		return m;
	}
	nlmsg_free(m);
	return NULL;
}

static struct nl_msg *mac_message(uint32_t ifindex, const struct mac *mac)
{
	struct ndmsg nd = { .ndm_family = AF_BRIDGE,
			    .ndm_ifindex = (int)ifindex,
			    .ndm_state = NUD_NOARP,
			    .ndm_flags = NTF_MASTER };
	struct nl_msg *m =
	    rtnl_message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &nd, sizeof(nd));

	if (m && nla_put(m, NDA_LLADDR, sizeof(mac->b), mac->b) == 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

static int fix_mac(struct kernel_socket *ks, const struct bridge_port *port, const struct mac *mac,
		   struct err *e)
{
	char words[RTNL_WORDS_MAX];
	int r = rtnl_request(ks->fd, &ks->seq, quiet_message(port->ifindex), words);

	if (r == 0)
		r = rtnl_request(ks->fd, &ks->seq, mac_message(port->ifindex, mac), words);
	return r < 0 ? rtnl_err(e, -r, words, "port '%s': fixing its MAC address", port->name) : 0;
}

int bridge_port_settle(struct kernel_socket *ks, const struct bridge_port *port,
		       const struct port_settings *s, struct err *e)
{
	int r = 0;

	if (ks->fake)
		return 0;
	if (s->vlan.n_tags)
		r = set_vlans(ks, port, &s->vlan, e);
	if (r == 0 && !mac_is_zero(&s->fixed_mac))
		r = fix_mac(ks, port, &s->fixed_mac, e);
	return r;
}
