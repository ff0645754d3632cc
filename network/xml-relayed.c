/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-relayed.c — <netd:relayed> in <netd:dhcp>: a subnet behind a DHCP relay. */
#include "network/xml-internal.h"

#include <errno.h>

static const struct attr relayed_attrs[] = {
	ATTR("address", attr_ip, struct netd_relayed, address, .missing = ERR_XML),
	ATTR("prefix", attr_number, struct netd_relayed, prefix, .missing = ERR_XML, .max = 32),
	ATTR("via", attr_ip, struct netd_relayed, via, .missing = ERR_XML),
	ATTR("relay", attr_ip, struct netd_relayed, relay),
	ATTR("start", attr_ip, struct netd_relayed, start, .missing = ERR_XML),
	ATTR("end", attr_ip, struct netd_relayed, end, .missing = ERR_XML),
};

int read_relayed(struct report *r, xmlNode *node, void *dhcp)
{
	struct netd_dhcp *d = dhcp;

	if (d->n_relayed == NETD_RELAYED_MAX)
		return report_refuse(r, ERR_XML, line_of(node), "more than %u <netd:relayed>",
				     NETD_RELAYED_MAX);
	struct netd_relayed *l = APPEND(r, d->relayed, d->n_relayed);
	if (!l)
		return -ENOMEM;
	l->line = line_of(node);
	int err = READ_ATTRS(r, node, relayed_attrs, l);
	if (err == 0 && !ip_is_set(&l->relay))
		l->relay = l->address;
	return err < 0 ? err : read_no_children(r, node);
}
