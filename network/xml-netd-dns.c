/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-netd-dns.c — <netd:dns>, see network/netd-dns.h. */
#include "network/xml-internal.h"

static const struct word order_words[] = { { "fastest", NETD_DNS_FASTEST },
					   { "strict", NETD_DNS_STRICT },
					   { NULL, 0 } };

struct flags { /* as written */
	enum netd_dns_order order;
	enum tristate rebind_protection;
};

static const struct attr dns_attrs[] = {
	ATTR("order", attr_word, struct flags, order, .words = order_words),
	ATTR_YES_NO("rebindProtection", struct flags, rebind_protection),
};

int read_netd_dns(struct report *r, xmlNode *node, void *options)
{
	struct netd_dns *d = &((struct netd_options *)options)->dns;
	struct flags f = { NETD_DNS_FASTEST, TRI_ABSENT };
	int err = READ_ATTRS(r, node, dns_attrs, &f);

	d->line = line_of(node);
	d->order = f.order;
	d->rebind_protection = f.rebind_protection == TRI_YES;
	return err < 0 ? err : read_no_children(r, node);
}
