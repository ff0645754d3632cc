/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-relay.c — which link a request is from, and whether its relay may speak for it. */
#include "dhcp/dhcp4-relay.h"
#include "dhcp/dhcp4-options.h"

#define RELAY_OPTION_MAX 512 /* octets; a reply has room for as much */

enum {                              /* sub-options of option 82 */
       SUB_LINK_SELECTION = 5,      /* RFC 3527 */
       SUB_SERVER_ID_OVERRIDE = 11, /* RFC 5107 */
       SUB_ADDRESS_SIZE = 4,
};

void dhcp4_relay_read(struct dhcp4_span option, struct dhcp4_relay_info *ret)
{
	struct rd r = rd_over(option.p, option.n);

	*ret = (struct dhcp4_relay_info){ 0 };
	while (rd_left(&r) >= 2 && !r.bad) {
		uint8_t code = rd_u8(&r), n = rd_u8(&r);
		struct rd sub = rd_sub(&r, n);
		if (n != SUB_ADDRESS_SIZE || sub.bad)
			continue;
		if (code == SUB_LINK_SELECTION)
			ret->link = rd_u32(&sub);
		else if (code == SUB_SERVER_ID_OVERRIDE)
			ret->server_id = rd_u32(&sub);
	}
}

bool dhcp4_where(const struct dhcp4_dgram *in, struct dhcp4_where *ret)
{
	struct rd r = rd_over(in->payload, in->n);
	struct dhcp4_relay_info info;
	struct dhcp4_message m;

	rd_skip(&r, DHCP4_GIADDR_AT);
	*ret = (struct dhcp4_where){ .giaddr = rd_u32(&r), .link = in->src };
	if (r.bad || in->truncated)
		return false;
	if (!ret->giaddr)
		return in->src != 0;
	ret->link = ret->giaddr;
	if (dhcp4_decode(in->payload, in->n, &m) == DHCP4_DROP_NONE && m.relay.p) {
		dhcp4_relay_read(m.relay, &info);
		ret->link = info.link ? info.link : ret->giaddr;
	}
	return true;
}

enum dhcp4_drop dhcp4_relay_check(const struct dhcp4_config *c, const struct dhcp4_message *m,
				  const struct dhcp4_dgram *in)
{
	if (m->relay.n > RELAY_OPTION_MAX)
		return DHCP4_DROP_OPTION_LENGTH;
	if (m->giaddr)
		return m->giaddr == c->relay && (in->src == c->relay || in->src == c->via)
			   ? DHCP4_DROP_NONE
			   : DHCP4_DROP_RELAY;
	if (m->relay.p)
		return DHCP4_DROP_RELAY;
	/* What reaches us without the relay was sent by who has an address already. */
	if (c->relay && (!m->ciaddr || in->src != m->ciaddr))
		return DHCP4_DROP_SOURCE;
	return DHCP4_DROP_NONE;
}
