/* SPDX-License-Identifier: GPL-2.0-or-later */
/* port-wishes.c — what a port gets from its network and its portgroup, and whether it can be on a
 * network of that kind. The rules, classes and origins of refusals are libvirt 11.3's. */
#include "network/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct portgroup *network_portgroup(const struct network *n, const char *name)
{
	for (size_t i = 0; i < n->n_portgroups; i++) {
		const struct portgroup *g = &n->portgroups[i];
		if (name ? strcmp(g->name, name) == 0 : g->is_default)
			return g;
	}
	return NULL;
}

static int inherit_vlan(struct vlan *to, const struct vlan *from)
{
	if (to->n_tags || !from->n_tags)
		return 0;
	to->tags = calloc(from->n_tags, sizeof(*to->tags));
	if (!to->tags)
		return -ENOMEM;
	memcpy(to->tags, from->tags, from->n_tags * sizeof(*to->tags));
	to->n_tags = from->n_tags;
	to->trunk = from->trunk;
	return 0;
}

/* ---- <virtualport> ---- */

static const char *const virtualport_names[] = {
	[VPORT_NONE] = "none",        [VPORT_8021QBG] = "802.1Qbg",
	[VPORT_8021QBH] = "802.1Qbh", [VPORT_OPENVSWITCH] = "openvswitch",
	[VPORT_MIDONET] = "midonet",
};

static int refuse_merge(struct err *e, const char *what, const char *own, const char *other)
{
	int r = err_set(e, ERR_XML,
			"attempt to merge virtualports with mismatched %s ('%.100s' of the port, "
			"'%.100s' of its network or portgroup)",
			what, own, other);

	if (e)
		e->from = ERR_FROM_NET;
	return r;
}

/* A number that both name must be the same. */
static int merge_number(bool *has, uint32_t *own, bool other_has, uint32_t other, const char *what,
			struct err *e)
{
	char a[16], b[16];

	if (*has && other_has && *own != other) {
		snprintf(a, sizeof(a), "%u", *own);
		snprintf(b, sizeof(b), "%u", other);
		return refuse_merge(e, what, a, b);
	}
	if (other_has)
		*own = other;
	*has |= other_has;
	return 0;
}

static int merge_uuid(bool *has, struct uuid *own, bool other_has, const struct uuid *other,
		      const char *what, struct err *e)
{
	char a[UUID_TEXT_MAX], b[UUID_TEXT_MAX];

	if (*has && other_has && !uuid_equal(own, other))
		return refuse_merge(e, what, uuid_format(own, a), uuid_format(other, b));
	if (other_has)
		*own = *other;
	*has |= other_has;
	return 0;
}

static int merge_profile(char **own, const char *other, struct err *e)
{
	if (!other)
		return 0;
	if (*own)
		return strcmp(*own, other) ? refuse_merge(e, "profileids", *own, other) : 0;
	*own = strdup(other);
	return *own ? 0 : err_sys(e, ENOMEM, "cannot set up a port");
}

static int merge_qbg(struct virtualport *to, const struct virtualport *from, struct err *e)
{
	uint32_t manager = to->managerid, version = to->typeidversion;
	int r = merge_number(&to->has_managerid, &manager, from->has_managerid, from->managerid,
			     "managerids", e);

	if (r == 0)
		r = merge_number(&to->has_typeid, &to->typeid, from->has_typeid, from->typeid,
				 "typeids", e);
	if (r == 0)
		r = merge_number(&to->has_typeidversion, &version, from->has_typeidversion,
				 from->typeidversion, "typeidversions", e);
	to->managerid = (uint8_t)manager;
	to->typeidversion = (uint8_t)version;
	if (r == 0)
		r = merge_uuid(&to->has_instanceid, &to->instanceid, from->has_instanceid,
			       &from->instanceid, "instanceids", e);
	return r;
}

static int inherit_virtualport(struct virtualport *to, const struct virtualport *from,
			       struct err *e)
{
	if (!from->given)
		return 0;
	if (to->type != VPORT_NONE && from->type != VPORT_NONE && to->type != from->type)
		return refuse_merge(e, "types", virtualport_names[to->type],
				    virtualport_names[from->type]);
	int r = merge_qbg(to, from, e);
	if (r == 0)
		r = merge_uuid(&to->has_interfaceid, &to->interfaceid, from->has_interfaceid,
			       &from->interfaceid, "interfaceids", e);
	if (r == 0)
		r = merge_profile(&to->profileid, from->profileid, e);
	if (from->type != VPORT_NONE)
		to->type = from->type;
	to->given = true;
	return r;
}

/* What a guest's interface is on a network of that kind, for the message. */
static const char *connects_by(const struct network *n)
{
	if (network_owns_bridge(n))
		return "IP forwarding";
	if (n->forward.mode == FORWARD_HOSTDEV)
		return "an SR-IOV Virtual Function via PCI passthrough";
	return n->bridge ? "a bridge device" : "a macvtap device";
}

static bool virtualport_works(const struct network *n, enum virtualport_type type)
{
	if (network_owns_bridge(n))
		return false;
	if (n->forward.mode == FORWARD_HOSTDEV)
		return type == VPORT_8021QBH;
	if (n->bridge)
		return type == VPORT_OPENVSWITCH;
	return type == VPORT_8021QBG || type == VPORT_8021QBH;
}

static const char *missing_parameter(const struct virtualport *v)
{
	switch (v->type) {
	case VPORT_8021QBG:
		return !v->has_managerid       ? "managerid"
		       : !v->has_typeid        ? "typeid"
		       : !v->has_typeidversion ? "typeidversion"
					       : NULL;
	case VPORT_8021QBH:
		return v->profileid ? NULL : "profileid";
	case VPORT_MIDONET:
		return v->has_interfaceid ? NULL : "interfaceid";
	case VPORT_OPENVSWITCH:
	case VPORT_NONE:
		break;
	}
	return NULL;
}

/* Each port has an identity of its own at the switch. */
static void choose_identity(struct virtualport *v)
{
	if (v->type == VPORT_8021QBG && !v->has_instanceid) {
		v->instanceid = uuid_random();
		v->has_instanceid = true;
	}
	if (v->type == VPORT_OPENVSWITCH && !v->has_interfaceid) {
		v->interfaceid = uuid_random();
		v->has_interfaceid = true;
	}
}

int network_port_settle_virtualport(struct network_port *p, const struct network *n, struct err *e)
{
	struct virtualport *v = &p->virtualport;

	if (!v->given)
		return 0;
	if (!virtualport_works(n, v->type))
		return err_set(
		    e, ERR_CONFIG_UNSUPPORTED,
		    "<virtualport type='%s'> not supported for network '%s' which uses %s",
		    virtualport_names[v->type], n->name, connects_by(n));
	const char *missing = missing_parameter(v);
	if (missing) {
		int r = err_set(e, ERR_XML, "missing %s in <virtualport type='%s'>", missing,
				virtualport_names[v->type]);
		if (e)
			e->from = ERR_FROM_NET;
		return r;
	}
	choose_identity(v);
	return 0;
}

/* ---- everything ---- */

static int inherit_group(struct network_port *p, const struct portgroup *g, struct err *e)
{
	if (!p->bandwidth.given)
		p->bandwidth = g->bandwidth;
	if (p->trust_guest_rx_filters == TRI_ABSENT)
		p->trust_guest_rx_filters = g->trust_guest_rx_filters;
	if (inherit_vlan(&p->vlan, &g->vlan) < 0)
		return err_sys(e, ENOMEM, "cannot set up a port");
	return inherit_virtualport(&p->virtualport, &g->virtualport, e);
}

int network_port_inherit(struct network_port *p, const struct network *n, struct err *e)
{
	const struct portgroup *g = network_portgroup(n, p->group);
	int r = g ? inherit_group(p, g, e) : 0;

	if (r < 0)
		return r;
	if (p->trust_guest_rx_filters == TRI_ABSENT)
		p->trust_guest_rx_filters = n->trust_guest_rx_filters;
	if (p->isolated == TRI_ABSENT)
		p->isolated = n->port_isolated;
	if (inherit_vlan(&p->vlan, &n->vlan) < 0)
		return err_sys(e, ENOMEM, "cannot set up a port");
	return inherit_virtualport(&p->virtualport, &n->virtualport, e);
}

int network_port_check_floor(const struct network_port *p, const struct network *n, struct err *e)
{
	if (!p->bandwidth.inbound.floor || (network_owns_bridge(n) && n->bandwidth.inbound.average))
		return 0;
	return err_set(e, ERR_OPERATION_UNSUPPORTED,
		       "Invalid use of 'floor' on interface with MAC address "
		       "%02x:%02x:%02x:%02x:%02x:%02x - network '%s' has no inbound QoS set",
		       p->mac.b[0], p->mac.b[1], p->mac.b[2], p->mac.b[3], p->mac.b[4], p->mac.b[5],
		       n->name);
}
