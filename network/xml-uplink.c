/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-uplink.c — <netd:uplink>: netd makes the host's bridge of a network in mode 'bridge', with
 * one of the host's devices, or a VLAN of it, as the way out. */
#include "network/xml-internal.h"

#include "network/validate.h"

#include <string.h>

#define VLAN_MAX 4094U /* IEEE 802.1Q §9.6: 0 and 4095 have other meanings */

static int attr_device(struct report *r, const struct spot *at, void *field)
{
	const char *flaw = device_name_flaw(at->value, false);

	if (flaw)
		return spot_refuse(r, at, "%s, which Linux does not allow", flaw);
	return attr_text(r, at, field);
}

static int attr_vlan(struct report *r, const struct spot *at, void *field)
{
	uint32_t id;

	if (parse_u32(at->value, 1, VLAN_MAX, &id) < 0)
		return spot_refuse(r, at, "is not the number of a VLAN, 1 to %u", VLAN_MAX);
	*(uint16_t *)field = (uint16_t)id;
	return 0;
}

static const struct attr uplink_attrs[] = {
	ATTR("dev", attr_device, struct netd_uplink, dev, .missing = ERR_XML),
	ATTR("vlan", attr_vlan, struct netd_uplink, vlan),
};

int read_netd_uplink(struct report *r, xmlNode *node, void *options)
{
	struct netd_uplink *u = &((struct netd_options *)options)->uplink;
	int err;

	u->line = line_of(node);
	err = READ_ATTRS(r, node, uplink_attrs, u);
	return err < 0 ? err : read_no_children(r, node);
}
