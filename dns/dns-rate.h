/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-rate.h — how many questions a client may have asked upstream in a second.
 *
 * A token bucket for each address, in a table of fixed size that forgets the one that was quiet
 * longest: whoever asks from many addresses at once is bounded by what may be in flight
 * (DNS_IN_FLIGHT_MAX), not here. */
#ifndef DNS_DNS_RATE_H
#define DNS_DNS_RATE_H

#include "base/addr.h"
#include "base/clock.h"
#include "base/util.h"

#define DNS_RATE_PER_SEC 1000
#define DNS_RATE_BURST   2000

struct dns_rate_bucket;
struct dns_rate {
	struct dns_rate_bucket *bucket; /* NULL before the first question */
	uint8_t secret[16];
};

void dns_rate_init(struct dns_rate *r);
void dns_rate_done(struct dns_rate *r);
/* Take one token of `client`'s; false: there is none. Without memory there is no limit. */
bool dns_rate_take(struct dns_rate *r, const struct ip *client, usec_t now);

#endif
