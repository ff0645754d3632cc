/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shape.h — the bandwidth of a network: how fast its guests as a whole may receive and send.
 *
 * What guests receive from elsewhere leaves by the bridge: HTB on the bridge, a class 1:1 with the
 * limit and below it 1:2 for all traffic. What they send elsewhere arrives at the bridge: it is
 * redirected to an ifb, which has the same. Frames from guest to guest pass neither, as with
 * libvirt.
 *
 * Kernels lack parts of this. What can't be had is left out and told; no network fails for it. */
#ifndef BRIDGE_SHAPE_H
#define BRIDGE_SHAPE_H

#include "bridge/apply.h"
#include "network/network.h"

struct shape_rate {
	uint64_t rate,
	    peak;       /* octets per second, of frames with their Ethernet header; 0: no limit */
	uint64_t burst; /* octets that may go at `peak`; 0: a small default */
};
struct shape_row {
	struct shape_rate to_guests, from_guests;
};

/* Of the definition: libvirt's inbound is what guests receive. */
void shape_wanted(const struct network *n, struct shape_row *ret);
/* Of one port, whose link bridge_shape() takes as well as a bridge: it too sends what guests
 * receive. */
void shape_of(const struct bandwidth *b, struct shape_row *ret);
static inline bool shape_is_empty(const struct shape_row *s)
{
	return !s->to_guests.rate && !s->from_guests.rate;
}
bool shape_equal(const struct shape_row *a, const struct shape_row *b);
/* One line for each direction with a limit: "limit virbr0 to guests to 1000000 octets/s". */
void shape_text(const struct shape_row *s, const char *bridge, struct text *out);

struct shape_result {
	uint32_t ifb;                            /* ifindex, 0: none */
	char trouble_to[128], trouble_from[128]; /* why a direction is not limited, or "" */
};
/* Make bridge `ifindex` (0: it is gone, only the ifb is dealt with) hold exactly `want`, whatever
 * it had. Blocking; repeating it changes nothing. */
void bridge_shape(struct kernel_socket *ks, const struct uuid *network, uint32_t ifindex,
		  const struct shape_row *want, struct shape_result *ret);

#endif
