/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-port.c — what a guest's port on the network is given: <vlan>, <bandwidth>, <virtualport>, and
 * <portgroup>, which holds all three. */
#include "network/xml-internal.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* <vlan> */

static const struct word native_modes[] = { { "tagged", VLAN_NATIVE_TAGGED },
					    { "untagged", VLAN_NATIVE_UNTAGGED },
					    { NULL, 0 } };
static const struct attr tag_attrs[] = {
	ATTR("id", attr_number, struct vlan_tag, id, .max = 4095, .missing = ERR_XML,
	     .empty_counts = true, .from = ERR_FROM_XML),
	ATTR("nativeMode", attr_word, struct vlan_tag, native, .words = native_modes,
	     .empty_counts = true, .from = ERR_FROM_XML),
};

static int read_tag(struct report *r, xmlNode *node, void *parent)
{
	struct vlan *v = parent;
	struct vlan_tag *tag = APPEND(r, v->tags, v->n_tags);
	int err;

	if (!tag)
		return -ENOMEM;
	err = READ_ATTRS(r, node, tag_attrs, tag);
	if (err < 0)
		return err;
	if (tag->id == 0 || tag->id == 4095)
		report_doubt(r, line_of(node), "<tag id='%u'> is reserved; VLANs are 1 to 4094",
			     tag->id);
	for (size_t i = 0; i + 1 < v->n_tags && v->n_tags <= 4096; i++)
		if (v->tags[i].id == tag->id) {
			report_doubt(r, line_of(node), "<tag id='%u'> is there twice", tag->id);
			break;
		}
	return read_no_children(r, node);
}

/* Unlike elsewhere, libvirt takes these words in any case. */
static int attr_trunk(struct report *r, const struct spot *at, void *field)
{
	bool yes = !strcasecmp(at->value, "yes"), no = !strcasecmp(at->value, "no");

	if (!yes && !no)
		return spot_refuse(r, at, "is not understood; write 'yes' or 'no'");
	*(enum tristate *)field = yes ? TRI_YES : TRI_NO;
	return 0;
}

static const struct attr vlan_attrs[] = { ATTR("trunk", attr_trunk, struct vlan, trunk,
					       .from = ERR_FROM_NONE) };
static const struct element vlan_children[] = { { "tag", read_tag, .many = true } };

static unsigned count_native(const struct vlan *v)
{
	unsigned native = 0;

	for (size_t i = 0; i < v->n_tags; i++)
		native += v->tags[i].native != VLAN_NATIVE_NONE;
	return native;
}

static int check_vlan(struct report *r, const struct vlan *v)
{
	unsigned line = v->line, native = count_native(v);

	if (!v->n_tags)
		return report_refuse(r, ERR_XML, line,
				     "<vlan> has no <tag id='…'/>; add at least one");
	if (native > 1)
		return report_refuse(r, ERR_XML, line,
				     "<vlan> has two tags with a nativeMode; one can "
				     "be native only");
	if (v->trunk == TRI_NO && (v->n_tags > 1 || native))
		return report_refuse(r, ERR_XML, line,
				     "<vlan trunk='no'> with more than one tag or a "
				     "nativeMode; write trunk='yes'");
	return 0;
}

int read_vlan(struct report *r, const xmlNode *node, struct vlan *v)
{
	int err;

	v->line = line_of(node);
	err = READ_ATTRS(r, node, vlan_attrs, v);
	if (err == 0)
		err = READ_CHILDREN(r, node, vlan_children, v);
	if (err == 0)
		err = report_from(r, ERR_FROM_NONE, check_vlan(r, v));
	if (err == 0 && v->n_tags > 1)
		v->trunk = TRI_YES;
	return err;
}

/* <bandwidth> */

#define RATE_MAX  (UINT64_C(1) << 54) /* libvirt's limits, in kilobytes per second and KiB */
#define BURST_MAX 4194303U

static int attr_class_id(struct report *r, const struct spot *at, void *field)
{
	uint32_t number;

	if (parse_u32(at->value, 0, UINT32_MAX, &number) < 0)
		return spot_refuse(r, at, "is not a number, and is assigned by netd; remove it");
	r->from = ERR_FROM_NONE;
	return report_refuse(r, ERR_XML_DETAIL, line_of(at->node),
			     "<bandwidth classID='%.200s'> is assigned by netd; remove it",
			     at->value);
}

#define LIMIT(attr_name, member, ...)                                                              \
	ATTR(attr_name, attr_number, struct bandwidth_limit, member, .empty_counts = true,         \
	     .from = ERR_FROM_XML, __VA_ARGS__)

static const struct attr limit_attrs[] = {
	LIMIT("average", average, .given = GIVEN(struct bandwidth_limit, has_average)),
	LIMIT("peak", peak),
	LIMIT("burst", burst),
	LIMIT("floor", floor, .given = GIVEN(struct bandwidth_limit, has_floor)),
};

static int check_limit(struct report *r, const xmlNode *node, const struct bandwidth_limit *l,
		       bool floor_allowed)
{
	const char *name = (const char *)node->name;
	unsigned line = line_of(node);

	if (!l->has_average && !l->has_floor)
		return report_refuse(r, ERR_XML_DETAIL, line, "<%s> has no average='…'; add it",
				     name);
	if (!l->has_average && (l->peak || l->burst))
		return report_refuse(r, ERR_CONFIG_UNSUPPORTED, line,
				     "<%s> has a peak or burst without average='…'; add it", name);
	if (l->has_floor && !floor_allowed)
		return report_refuse(
		    r, ERR_CONFIG_UNSUPPORTED, line,
		    "<%s floor='%llu'>: a floor is for the interface of one guest; "
		    "remove it here",
		    name, (unsigned long long)l->floor);
	if (l->average > RATE_MAX || l->peak > RATE_MAX || l->burst > BURST_MAX)
		return report_unwise(
		    r, ERR_OVERFLOW, line,
		    "<%s>: the largest average and peak is %llu kilobytes per second, "
		    "the largest burst %u KiB",
		    name, (unsigned long long)RATE_MAX, BURST_MAX);
	if (!l->average && !l->has_floor)
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, line,
		    "<%s average='0'> limits nothing; write kilobytes per second or "
		    "remove it",
		    name);
	if (l->peak && l->peak < l->average)
		report_doubt(r, line, "<%s>: the peak is below the average", name);
	return 0;
}

static int read_limit(struct report *r, xmlNode *node, struct bandwidth_limit *l,
		      bool floor_allowed)
{
	int err = READ_ATTRS(r, node, limit_attrs, l);

	if (err == 0)
		err = report_from(r, ERR_FROM_NONE, check_limit(r, node, l, floor_allowed));
	l->given = true;
	return err < 0 ? err : read_no_children(r, node);
}

static int read_inbound(struct report *r, xmlNode *node, void *parent)
{
	return read_limit(r, node, &((struct bandwidth *)parent)->inbound, false);
}

static int read_outbound(struct report *r, xmlNode *node, void *parent)
{
	return read_limit(r, node, &((struct bandwidth *)parent)->outbound, false);
}

static const struct attr bandwidth_attrs[] = {
	ATTR("classID", attr_class_id, struct bandwidth, given, .empty_counts = true,
	     .from = ERR_FROM_XML),
};
static const struct element bandwidth_children[] = {
	{ "inbound", read_inbound },
	{ "outbound", read_outbound },
};

int read_bandwidth(struct report *r, const xmlNode *node, struct bandwidth *b)
{
	int err;

	b->given = true;
	b->line = line_of(node);
	err = READ_ATTRS(r, node, bandwidth_attrs, b);
	return err < 0 ? err : READ_CHILDREN(r, node, bandwidth_children, b);
}

/* The <bandwidth> of one port: its inbound part may have a floor, and a class that netd gave it. */

static int read_port_inbound(struct report *r, xmlNode *node, void *parent)
{
	return read_limit(r, node, &((struct port_bandwidth *)parent)->bandwidth.inbound, true);
}

static int read_port_outbound(struct report *r, xmlNode *node, void *parent)
{
	return read_limit(r, node, &((struct port_bandwidth *)parent)->bandwidth.outbound, false);
}

static const struct attr port_bandwidth_attrs[] = {
	ATTR("classID", attr_number, struct port_bandwidth, class_id),
};
static const struct element port_bandwidth_children[] = {
	{ "inbound", read_port_inbound },
	{ "outbound", read_port_outbound },
};

int read_port_bandwidth(struct report *r, const xmlNode *node, struct port_bandwidth *b)
{
	int err;

	b->bandwidth.given = true;
	b->bandwidth.line = line_of(node);
	err = READ_ATTRS(r, node, port_bandwidth_attrs, b);
	return err < 0 ? err : READ_CHILDREN(r, node, port_bandwidth_children, b);
}

/* <virtualport> */

#define PROFILE_ID_MAX 39U

static const struct word virtualport_types[] = {
	{ "802.1Qbg", VPORT_8021QBG },
	{ "802.1Qbh", VPORT_8021QBH },
	{ "openvswitch", VPORT_OPENVSWITCH },
	{ "midonet", VPORT_MIDONET },
	{ NULL, 0 },
};

static int attr_profile_id(struct report *r, const struct spot *at, void *field)
{
	if (strlen(at->value) > PROFILE_ID_MAX)
		return spot_refuse(r, at, "is too long; at most %u octets fit", PROFILE_ID_MAX);
	return attr_text(r, at, field);
}

#define PARAMETER(attr_name, reader, member, ...)                                                  \
	ATTR(attr_name, reader, struct virtualport, member,                                        \
	     .given = GIVEN(struct virtualport, has_##member), .empty_counts = true,               \
	     .from = ERR_FROM_NONE, __VA_ARGS__)

static const struct attr parameter_attrs[] = {
	PARAMETER("managerid", attr_c_number, managerid, .max = 255),
	PARAMETER("typeid", attr_c_number, typeid, .max = 0xffffff),
	PARAMETER("typeidversion", attr_c_number, typeidversion, .max = 255),
	PARAMETER("instanceid", attr_uuid, instanceid),
	PARAMETER("interfaceid", attr_uuid, interfaceid),
	ATTR("profileid", attr_profile_id, struct virtualport, profileid, .from = ERR_FROM_NONE),
};

static int read_parameters(struct report *r, xmlNode *node, void *parent)
{
	int err = READ_ATTRS(r, node, parameter_attrs, parent);

	return err < 0 ? err : read_no_children(r, node);
}

/* Which parameters a type has. */
static const struct {
	const char *name;
	bool qbg, interface, profile;
} vport_has[] = {
	[VPORT_NONE] = { "", true, true, true },
	[VPORT_8021QBG] = { "802.1Qbg", .qbg = true },
	[VPORT_8021QBH] = { "802.1Qbh", .profile = true },
	[VPORT_OPENVSWITCH] = { "openvswitch", .interface = true, .profile = true },
	[VPORT_MIDONET] = { "midonet", .interface = true },
};

static void drop_midonet_extras(struct report *r, struct virtualport *v)
{
	bool extra = v->has_managerid || v->has_typeid || v->has_typeidversion ||
		     v->has_instanceid || v->profileid;

	if (extra)
		report_doubt(r, v->line,
			     "<virtualport type='midonet'> has the parameter 'interfaceid' only; "
			     "the others are ignored");
	v->has_managerid = v->has_typeid = v->has_typeidversion = v->has_instanceid = false;
	free(take_ptr(v->profileid));
}

static int check_parameters(struct report *r, struct virtualport *v)
{
	const char *extra = NULL;

	/* libvirt looks at the others only. */
	if (v->type == VPORT_MIDONET)
		drop_midonet_extras(r, v);

	if (!vport_has[v->type].qbg)
		extra = v->has_managerid       ? "managerid"
			: v->has_typeid        ? "typeid"
			: v->has_typeidversion ? "typeidversion"
			: v->has_instanceid    ? "instanceid"
					       : NULL;
	if (v->has_interfaceid && !vport_has[v->type].interface)
		extra = "interfaceid";
	if (v->profileid && !vport_has[v->type].profile)
		extra = "profileid";
	if (!extra)
		return 0;
	return report_refuse(r, ERR_XML, v->line,
			     "<virtualport type='%s'> does not have the parameter '%s'; remove it",
			     vport_has[v->type].name, extra);
}

static const struct attr virtualport_attrs[] = {
	ATTR("type", attr_word, struct virtualport, type, .words = virtualport_types,
	     .class = ERR_CONFIG_UNSUPPORTED, .empty_counts = true, .from = ERR_FROM_NONE),
};
static const struct element virtualport_children[] = { { "parameters", read_parameters } };

int read_virtualport(struct report *r, const xmlNode *node, struct virtualport *v)
{
	int err;

	v->given = true;
	v->line = line_of(node);
	err = READ_ATTRS(r, node, virtualport_attrs, v);
	if (err == 0)
		err = READ_CHILDREN(r, node, virtualport_children, v);
	return err < 0 ? err : report_from(r, ERR_FROM_NET, check_parameters(r, v));
}

/* <portgroup> */

static int read_group_vlan(struct report *r, xmlNode *node, void *group)
{
	return read_vlan(r, node, &((struct portgroup *)group)->vlan);
}

static int read_group_bandwidth(struct report *r, xmlNode *node, void *group)
{
	return read_bandwidth(r, node, &((struct portgroup *)group)->bandwidth);
}

static int read_group_virtualport(struct report *r, xmlNode *node, void *group)
{
	return read_virtualport(r, node, &((struct portgroup *)group)->virtualport);
}

static int attr_default_group(struct report *r, const struct spot *at, void *field)
{
	enum tristate yes = TRI_ABSENT;
	int err = attr_yes_else(r, at, &yes);

	*(bool *)field = yes == TRI_YES;
	return err;
}

static const struct attr portgroup_attrs[] = {
	ATTR("name", attr_text, struct portgroup, name, .missing = ERR_XML),
	ATTR("default", attr_default_group, struct portgroup, is_default),
	ATTR_YES_NO("trustGuestRxFilters", struct portgroup, trust_guest_rx_filters),
};
static const struct element portgroup_children[] = {
	{ "vlan", read_group_vlan },
	{ "bandwidth", read_group_bandwidth },
	{ "virtualport", read_group_virtualport },
};

int read_portgroup(struct report *r, xmlNode *node, void *network)
{
	struct network *n = network;
	struct portgroup *g = APPEND(r, n->portgroups, n->n_portgroups);
	int err;

	if (!g)
		return -ENOMEM;
	g->line = line_of(node);
	err = READ_ATTRS(r, node, portgroup_attrs, g);
	return err < 0 ? err : READ_CHILDREN(r, node, portgroup_children, g);
}
