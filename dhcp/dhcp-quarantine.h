/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp-quarantine.h — addresses that a client found in use (DECLINE), of either family: nobody gets
 * them for a while, longer each time. Guests say so, therefore it is capped: by network, by client
 * and hour, and by the memory there is. */
#ifndef DHCP_DHCP_QUARANTINE_H
#define DHCP_DHCP_QUARANTINE_H

#include "base/addr.h"
#include "base/clock.h"

#define DHCP_QUARANTINE_MAX     128 /* addresses remembered, those that are over included */
#define DHCP_QUARANTINE_SEC     600 /* doubled each time, up to a day */
#define DHCP_QUARANTINE_MAX_SEC 86400
#define DHCP_QUARANTINE_CLIENT  8 /* per client and hour */

struct dhcp_quarantined {
	struct ip ip; /* not set: empty */
	struct mac mac;
	usec_t since, until;
	unsigned times;
	bool active;
};

struct dhcp_quarantine {
	struct dhcp_quarantined place[DHCP_QUARANTINE_MAX];
	unsigned n; /* active */
	usec_t end; /* of the first; USEC_INFINITY: of none */
};

void dhcp_quarantine_init(struct dhcp_quarantine *q);
bool dhcp_quarantine_has(const struct dhcp_quarantine *q, const struct ip *ip);
/* `mac` declined `ip`, one of a pool of `pool_size`. For how many seconds it is out of service; 0:
 * a cap is reached, and it isn't. */
uint32_t dhcp_quarantine_add(struct dhcp_quarantine *q, const struct ip *ip, const struct mac *mac,
			     uint32_t pool_size, usec_t now);
/* One that another life has seen: it was to last `sec`, of which `left` are left. False when there
 * is no place, or nothing is left. */
bool dhcp_quarantine_restore(struct dhcp_quarantine *q, const struct ip *ip, const struct mac *mac,
			     uint32_t sec, uint32_t left, usec_t now);
/* Let it go before its time. False when it isn't there. */
bool dhcp_quarantine_lift(struct dhcp_quarantine *q, const struct ip *ip);
/* Take out one whose time is over by `now`. False when there is none (more). */
bool dhcp_quarantine_take_over(struct dhcp_quarantine *q, usec_t now, struct ip *ret);

#endif
