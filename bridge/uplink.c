/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way out of a bridge, in the kernel.
 *
 * A device that becomes a port no longer receives for the host: what the host has on it must be on
 * the bridge. Everything is put there first, in the same batch in which the device joins, and only
 * when the kernel has taken all of it, it is taken from the device. So at every moment each address
 * is on one of the two, and connections stay: to the host an address is local wherever it is. The
 * way back is the same. Whoever is interrupted in the middle begins again: what is there already is
 * as good. */
#include "bridge/apply-internal.h"
#include "bridge/host-rows.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>

static struct nl_msg *link_message(uint32_t ifindex, int type, int flags, bool up)
{
	struct ifinfomsg ifi = { .ifi_index = (int)ifindex,
				 .ifi_flags = up ? IFF_UP : 0,
				 .ifi_change = up ? IFF_UP : 0 };

	return rtnl_message(type, flags, &ifi, sizeof(ifi));
}

static struct nl_msg *master_message(uint32_t ifindex, uint32_t master)
{
	struct nl_msg *m = link_message(ifindex, RTM_SETLINK, 0, master != 0);

	if (m && nla_put_u32(m, IFLA_MASTER, master) == 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

static int set_master(struct kernel_socket *ks, const struct host_place *uplink, uint32_t master,
		      struct err *e)
{
	char words[RTNL_WORDS_MAX];
	int r = rtnl_request(ks->fd, &ks->seq, master_message(uplink->ifindex, master), words);

	return r < 0 ? rtnl_err(e, -r, words, "uplink '%s': %s the bridge", uplink->name,
				master ? "joining" : "leaving")
		     : 0;
}

static struct host_place place_of(uint32_t ifindex)
{
	struct host_place p = { .ifindex = ifindex };

	if (!if_indextoname(ifindex, p.name))
		p.name[0] = '\0';
	return p;
}

/* `attach`: the device joins the bridge, and is set up; else only what it has got since is moved.
 */
static int take(struct kernel_socket *ks, uint32_t bridge, uint32_t uplink, bool attach,
		struct err *e)
{
	struct host_place from = place_of(uplink), to = place_of(bridge);
	struct host_rows rows;
	int r = host_rows_read(ks, uplink, &rows, e);

	if (r < 0)
		return r;
	if (attach)
		r = set_master(ks, &from, bridge, e);
	if (r == 0)
		r = host_rows_put(ks, &rows, &to, false, e);
	if (r == 0)
		r = host_rows_drop(ks, &rows, e);
	if (r < 0)
		err_in(e, "moving what '%s' has to '%s'", from.name, to.name);
	host_rows_done(&rows);
	return r;
}

/* Everything that the host has on the bridge goes to the device, which leaves the bridge. */
static int give(struct kernel_socket *ks, uint32_t bridge, uint32_t uplink, struct err *e)
{
	struct host_place to = place_of(uplink);
	struct host_rows rows;
	int r;

	if (!to.name[0])
		return 0; /* gone, and what it had with it */
	r = host_rows_read(ks, bridge, &rows, e);
	if (r < 0)
		return r;
	/* A row that the device doesn't take must not keep the others from it. */
	r = host_rows_put(ks, &rows, &to, true, e);
	if (r == 0)
		r = set_master(ks, &to, 0, e);
	if (r == 0)
		r = host_rows_drop(ks, &rows, e);
	host_rows_done(&rows);
	return r;
}

static int restore(struct kernel_socket *ks, const struct bridge_plan *plan, uint32_t link,
		   struct err *e)
{
	struct host_place to = place_of(link);
	struct host_rows rows;
	int r = host_rows_parse(plan->lost, plan->lost_from, plan->since, &rows);

	if (r < 0)
		return err_sys(e, -r, "bringing back what '%s' had", to.name);
	r = host_rows_put(ks, &rows, &to, true, e);
	host_rows_done(&rows);
	return r;
}

/* VLANs */

static int put_vlan(struct nl_msg *m, uint16_t vlan)
{
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	int r = info ? nla_put_string(m, IFLA_INFO_KIND, "vlan") : -1;
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);

	if (!info || !data)
		return -1;
	r |= nla_put_u16(m, IFLA_VLAN_ID, vlan);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	return r;
}

static struct nl_msg *vlan_message(uint32_t parent, const struct link_row *row, uint16_t vlan)
{
	struct nl_msg *m = link_message(0, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, false);

	if (m && (nla_put_string(m, IFLA_IFNAME, row->name) | nla_put_u32(m, IFLA_LINK, parent) |
		  put_vlan(m, vlan)) == 0)
		return m;
	nlmsg_free(m);
	return NULL;
}

/* The parent must be up for the VLAN to be. */
static int mark_vlan(struct kernel_socket *ks, uint32_t parent, const struct link_row *row,
		     struct err *e)
{
	uint32_t ifindex = if_nametoindex(row->name);
	struct nl_msg *m = link_message(ifindex, RTM_SETLINK, 0, false);
	char words[RTNL_WORDS_MAX];
	int r = -ENOMEM;

	if (m && nla_put(m, IFLA_IFALIAS, (int)strlen(row->alias), row->alias) == 0)
		r = rtnl_request(ks->fd, &ks->seq, m, words);
	else
		nlmsg_free(m);
	if (r == 0)
		r = rtnl_request(ks->fd, &ks->seq, link_message(parent, RTM_SETLINK, 0, true),
				 words);
	return r < 0 ? rtnl_err(e, -r, words, "VLAN '%s'", row->name) : 0;
}

static int vlan_add(struct kernel_socket *ks, uint32_t parent, const struct link_row *row,
		    uint16_t vlan, struct err *e)
{
	char words[RTNL_WORDS_MAX];
	struct host_place p = place_of(parent);
	int r = rtnl_request(ks->fd, &ks->seq, vlan_message(parent, row, vlan), words);

	if (r == -EOPNOTSUPP)
		return err_sys(
		    e, EOPNOTSUPP,
		    "making VLAN %u of '%s': this kernel has no VLANs (CONFIG_VLAN_8021Q, "
		    "module 8021q)",
		    vlan, p.name);
	if (r < 0)
		return rtnl_err(e, -r, words, "making VLAN %u of '%s'", vlan, p.name);
	return mark_vlan(ks, parent, row, e);
}

static int vlan_remove(struct kernel_socket *ks, uint32_t ifindex, struct err *e)
{
	char words[RTNL_WORDS_MAX];
	int r = rtnl_request(ks->fd, &ks->seq, link_message(ifindex, RTM_DELLINK, 0, false), words);

	return r < 0 && r != -ENODEV ? rtnl_err(e, -r, words, "removing a VLAN") : 0;
}

int bridge_uplink_step(struct kernel_socket *ks, const struct bridge_plan *plan,
		       const struct bridge_step *s, uint32_t bridge, struct err *e)
{
	int r;

	switch ((int)s->op) {
	case BRIDGE_ADD_VLAN:
		return vlan_add(ks, s->ifindex, &s->link, s->vlan, e);
	case BRIDGE_REMOVE_VLAN:
		return vlan_remove(ks, s->ifindex, e);
	case BRIDGE_TAKE_UPLINK:
		r = take(ks, bridge, s->ifindex, s->change & PORT_CHANGE_BRIDGE, e);
		return r == 0 && s->trunk ? bridge_port_trunk(ks, s->ifindex, e) : r;
	case BRIDGE_GIVE_UPLINK:
		return give(ks, bridge, s->ifindex, e);
	case BRIDGE_RESTORE_UPLINK:
		return restore(ks, plan, s->ifindex ? s->ifindex : bridge, e);
	}
	return 0;
}
