/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/ports-device.h"
#include "netd/controller/ports-internal.h"

#include <jansson.h>

static const char *state_of(const struct mirror_link *l)
{
	static const char *const names[] = { [PORT_DISABLED] = "down",
					     [PORT_LISTENING] = "listening",
					     [PORT_LEARNING] = "learning",
					     [PORT_FORWARDING] = "forwarding",
					     [PORT_BLOCKING] = "blocking" };

	return l ? l->master ? names[l->port_state] : "detached" : NULL;
}

static const char *type_of(const struct mirror_link *l)
{
	if (!l)
		return NULL;
	return l->kind == LINK_TUN ? "tap" : l->kind_text[0] ? l->kind_text : "device";
}

static const struct mirror_link *link_of(const struct controller *c, const struct net *n,
					 const struct port *port)
{
	if (port->ifindex)
		return mirror_by_ifindex(c->mirror, port->ifindex);
	return n->ifindex ? ports_link(c, &port->p->mac, (uint32_t)n->ifindex) : NULL;
}

static json_t *port_row(const struct controller *c, const struct net *n, const struct port *port)
{
	const struct mirror_link *l = link_of(c, n, port);
	const struct network_port *p = port->p;
	char uuid[UUID_TEXT_MAX], mac[MAC_TEXT_MAX];

	return json_pack("{s:s?, s:s?, s:s, s:s, s:s?, s:s?, s:b, s:s?, s:b}", "interface",
			 l ? l->row.name : p->plug.dev, "type",
			 l                                  ? type_of(l)
			 : p->plug.type == PLUG_HOSTDEV_PCI ? "hostdev"
							    : NULL,
			 "mac", mac_format(&p->mac, mac), "uuid", uuid_format(&p->uuid, uuid),
			 "portgroup", p->group, "owner", p->owner_name, "isolated",
			 l ? l->port_isolated : p->isolated == TRI_YES, "state", state_of(l),
			 "made-by-netd", p->device != PORT_DEVICE_NONE);
}

/* A link that nobody has asked a port for. */
static json_t *link_row_of(const struct mirror_link *l)
{
	return json_pack("{s:s, s:s, s:n, s:n, s:n, s:n, s:b, s:s, s:b}", "interface", l->row.name,
			 "type", type_of(l), "mac", "uuid", "portgroup", "owner", "isolated",
			 l->port_isolated, "state", state_of(l), "made-by-netd",
			 strncmp(l->row.alias, LINK_MARK_PORT, strlen(LINK_MARK_PORT)) == 0);
}

static bool has_port(const struct controller *c, const struct net *n, const struct mirror_link *l)
{
	struct port *port;

	ports_foreach(port, c)
	{
		if (uuid_equal(&port->net, &n->uuid) && link_of(c, n, port) == l)
			return true;
	}
	return false;
}

char *ports_list_json(const struct controller *c, const struct net *n)
{
	json_t *list = json_array(), *o;
	struct port *port;

	ports_foreach(port, c)
	{
		if (!port->hidden && uuid_equal(&port->net, &n->uuid))
			json_array_append_new(list, port_row(c, n, port));
	}
	for (const struct mirror_link *l = NULL;
	     n->ifindex && (l = mirror_next_port(c->mirror, (uint32_t)n->ifindex, l));)
		if (!has_port(c, n, l))
			json_array_append_new(list, link_row_of(l));
	o = json_pack("{s:s, s:s?, s:b, s:o}", "network", n->name, "bridge",
		      n->live ? n->live->bridge : NULL, "active", net_is_active(n), "ports", list);
	char *text = o ? json_dumps(o, 0) : NULL;
	json_decref(o);
	return text;
}
