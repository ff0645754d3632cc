/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-askers.h — who asks most: a count of queries for each client address, in a table of fixed
 * size.
 *
 * A new client takes the place of the one with the least queries and goes on from its count, so
 * that whoever asks much is never missed; by how much a count may be too high is kept beside it
 * ("space saving", Metwally et al. 2005, in sets). */
#ifndef DNS_DNS_ASKERS_H
#define DNS_DNS_ASKERS_H

#include "base/addr.h"

#define DNS_ASKERS_SETS 16 /* a power of two */
#define DNS_ASKERS_WAYS 4
#define DNS_ASKERS_MAX  (DNS_ASKERS_SETS * DNS_ASKERS_WAYS)

struct dns_asker {
	struct ip address;
	uint64_t queries; /* 0: the place is free */
	uint64_t surplus; /* of them, at most so many were others' */
};
struct dns_askers {
	struct dns_asker set[DNS_ASKERS_SETS][DNS_ASKERS_WAYS];
	struct dns_asker *last; /* whom the previous query was from, or NULL */
	uint8_t secret[16];
};

void dns_askers_init(struct dns_askers *a);
void dns_askers_count(struct dns_askers *a, const struct ip *address);
/* All that are known, the busiest first; returns how many. */
size_t dns_askers_list(const struct dns_askers *a, struct dns_asker ret[static DNS_ASKERS_MAX]);

#endif
