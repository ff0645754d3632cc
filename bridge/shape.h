/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shape.h — bandwidth: how fast a network's guests as a whole may receive and send, how fast one of
 * them may, and how much one of them is sure to receive.
 *
 * What guests receive from elsewhere leaves by the bridge: HTB on the bridge, a class 1:1 with the
 * limit and below it 1:2 for all traffic. What they send elsewhere arrives at the bridge: it is
 * redirected to an ifb, which has the same. Frames from guest to guest pass neither, as with
 * libvirt. A floor is a class 1:ID beside 1:2, chosen by the MAC that a frame goes to.
 *
 * A port's own limits are set in the same way at the port, so they hold between guests too. The
 * number of its HTB tells that it is ours; a discipline that somebody else has put there (libvirt's
 * drivers do) is left alone.
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

/* What `rate` octets per second to a guest are guaranteed by. */
#define SHAPE_CLASS_MAX 4095
struct shape_floor {
	struct mac mac;    /* the guest's */
	uint32_t class_id; /* 3..SHAPE_CLASS_MAX */
	uint64_t rate;
};
struct shape_floors { /* by class_id */
	struct shape_floor *floor;
	size_t n;
};

/* What a <bandwidth> means: libvirt's inbound is what guests receive. */
void shape_of(const struct bandwidth *b, struct shape_row *ret);
/* Of the definition. */
void shape_wanted(const struct network *n, struct shape_row *ret);
static inline bool shape_is_empty(const struct shape_row *s)
{
	return !s->to_guests.rate && !s->from_guests.rate;
}
bool shape_equal(const struct shape_row *a, const struct shape_row *b);
bool shape_floor_equal(const struct shape_floor *a, const struct shape_floor *b);
bool shape_floors_equal(const struct shape_floors *a, const struct shape_floors *b);
/* One line for each direction with a limit: "limit virbr0 to guests to 1000000 octets/s". */
void shape_text(const struct shape_row *s, const char *link, struct text *out);
/* One line for each: "guarantee virbr0 100000 octets/s to 52:54:00:00:00:01". */
void shape_floors_text(const struct shape_floors *fs, const char *bridge, struct text *out);

#define SHAPE_TROUBLE_MAX 128
struct shape_result {
	uint32_t ifb; /* ifindex, 0: none */
	bool foreign; /* a port that somebody else limits; nothing of ours is there */
	char trouble_to[SHAPE_TROUBLE_MAX],
	    trouble_from[SHAPE_TROUBLE_MAX]; /* why a direction is not limited, or "" */
};

struct shape_want {
	struct shape_row row;
	struct shape_floors floors;
	const struct shape_floors *had; /* the floors that we left there; NULL: unknown */
};
/* Make bridge `ifindex` (0: it is gone, only the ifb is dealt with) hold exactly `want`, whatever
 * it had. Blocking; repeating it changes nothing. */
void bridge_shape(struct kernel_socket *ks, const struct uuid *network, uint32_t ifindex,
		  const struct shape_want *want, struct shape_result *ret);
/* The same for one port; `gone`: the link is no more. */
void bridge_shape_port(struct kernel_socket *ks, uint32_t ifindex, bool gone,
		       const struct shape_row *want, struct shape_result *ret);

/* An ifb of ours bears this name's beginning and this alias. */
#define SHAPE_IFB       "netd"
#define SHAPE_IFB_ALIAS "netd:ifb"
void bridge_shape_remove_ifb(struct kernel_socket *ks, const char *name);

#endif
