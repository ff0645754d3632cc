/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/ports-known.h"

#include <errno.h>
#include <string.h>

struct port *ports_known(const struct controller *c, const struct uuid *u)
{
	struct table_node *node = table_find(&c->ports_by_uuid, u->b, sizeof(u->b));

	return node ? container_of(node, struct port, by_uuid) : NULL;
}

static void key_of(const struct mac *mac, uint8_t key[static 6])
{
	memcpy(key, mac->b, 6);
	key[0] = 0;
}

struct port *ports_known_mac(const struct net *n, const struct mac *mac, bool tap)
{
	uint8_t key[6];

	key_of(mac, key);
	struct table_node *node = n->ports ? table_find(&n->ports->by_mac, key, 6) : NULL;
	struct port *port = node ? container_of(node, struct port, by_mac) : NULL;

	return port && (tap || mac_equal(&port->p->mac, mac)) ? port : NULL;
}

/* ---- classes and floors ---- */

static uint32_t free_class(const struct net *n)
{
	for (size_t i = 0; i < (CLASS_ID_MAX + 1) / 64; i++) {
		uint64_t used = n->ports ? n->ports->classes[i] : 0;
		if (i == 0)
			used |= (UINT64_C(1) << CLASS_ID_FIRST) - 1;
		if (~used)
			return (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(~used);
	}
	return 0;
}

static bool is_free(const struct net *n, uint32_t id)
{
	return id >= CLASS_ID_FIRST && id <= CLASS_ID_MAX &&
	       (!n->ports || !(n->ports->classes[id / 64] >> id % 64 & 1));
}

static void take_class(struct net_ports *ports, uint32_t id)
{
	if (id <= CLASS_ID_MAX)
		ports->classes[id / 64] |= UINT64_C(1) << id % 64;
}

static void release_class(struct net_ports *ports, uint32_t id)
{
	if (id <= CLASS_ID_MAX)
		ports->classes[id / 64] &= ~(UINT64_C(1) << id % 64);
}

int ports_choose_class(const struct net *n, struct network_port *p, struct err *e)
{
	if (!p->bandwidth.inbound.floor || is_free(n, p->class_id))
		return 0;
	p->class_id = free_class(n);
	return p->class_id
		   ? 0
		   : err_set(e, ERR_OPERATION_INVALID,
			     "network '%s' has %d ports with a floor, the most there can be",
			     n->name, CLASS_ID_MAX - CLASS_ID_FIRST + 1);
}

uint64_t ports_other_floors(const struct controller *c, const struct net *n,
			    const struct network_port *p)
{
	const struct port *own = ports_known(c, &p->uuid);
	uint64_t all = n->ports ? n->ports->floors : 0;

	return own && own->owner == n ? all - own->p->bandwidth.inbound.floor : all;
}

/* ---- coming and going ---- */

static struct net_ports *ports_of(struct net *n)
{
	if (n->ports)
		return n->ports;
	n->ports = calloc(1, sizeof(*n->ports));
	if (n->ports) {
		list_init(&n->ports->ports);
		table_init(&n->ports->by_mac);
	}
	return n->ports;
}

static void free_empty(struct net *n)
{
	if (!n->ports || n->ports->n)
		return;
	table_done(&n->ports->by_mac);
	free(n->ports);
	n->ports = NULL;
}

/* The newest of its MAC stands in the table. */
static int add_mac(struct net_ports *ports, struct port *port)
{
	struct table_node *before = table_find(&ports->by_mac, port->mac_key, 6);

	if (before) {
		table_remove(&ports->by_mac, before);
		container_of(before, struct port, by_mac)->shadowed = true;
	}
	return table_add(&ports->by_mac, &port->by_mac, port->mac_key, 6);
}

static void remove_mac(struct net_ports *ports, struct port *port)
{
	struct port *other, *next = NULL;

	if (port->shadowed)
		return;
	table_remove(&ports->by_mac, &port->by_mac);
	list_foreach (other, &ports->ports, struct port, in_net)
		if (other->shadowed && memcmp(other->mac_key, port->mac_key, 6) == 0)
			next = other;
	if (next)
		next->shadowed = table_add(&ports->by_mac, &next->by_mac, next->mac_key, 6) < 0;
}

int ports_know(struct controller *c, struct net *n, struct port *port)
{
	struct net_ports *ports = ports_of(n);
	const struct uuid *u = &port->p->uuid;

	if (!ports || ports_known(c, u) ||
	    table_add(&c->ports_by_uuid, &port->by_uuid, u->b, sizeof(u->b)) < 0) {
		free_empty(n);
		return -ENOMEM;
	}
	port->owner = n;
	key_of(&port->p->mac, port->mac_key);
	port->shadowed = add_mac(ports, port) < 0;
	list_add_tail(&ports->ports, &port->in_net);
	ports->n++;
	ports->floors += port->p->bandwidth.inbound.floor;
	if (port->p->bandwidth.inbound.floor)
		take_class(ports, port->p->class_id);
	return 0;
}

void ports_unknow(struct controller *c, struct port *port)
{
	struct net_ports *ports = port->owner->ports;

	table_remove(&c->ports_by_uuid, &port->by_uuid);
	list_remove(&port->in_net);
	remove_mac(ports, port);
	ports->n--;
	ports->floors -= port->p->bandwidth.inbound.floor;
	if (port->p->bandwidth.inbound.floor)
		release_class(ports, port->p->class_id);
	free_empty(port->owner);
}

void ports_replace_bandwidth(struct port *port, const struct bandwidth *b)
{
	struct net_ports *ports = port->owner->ports;

	ports->floors += b->inbound.floor - port->p->bandwidth.inbound.floor;
	if (port->p->bandwidth.inbound.floor)
		release_class(ports, port->p->class_id);
	port->p->bandwidth = *b;
	if (b->inbound.floor)
		take_class(ports, port->p->class_id);
}
