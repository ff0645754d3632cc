/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-view.h — what an administrator can see of a running server: its cache, who asks, which
 * upstreams answer, what was answered how often. Nothing here changes an answer, but
 * dns_cache_flush(). */
#ifndef DNS_DNS_VIEW_H
#define DNS_DNS_VIEW_H

#include "dns/dns-askers.h"
#include "dns/dns.h"

#define DNS_RCODES 24 /* 0..22 and, in the last, all others */

/* DNS_RCODES numbers: replies by code. */
const uint64_t *dns_rcode_counts(const struct dns_server *s);
/* DNS_SOURCE_COUNT numbers: replies by where they came from. */
const uint64_t *dns_source_counts(const struct dns_server *s);
/* The busiest first. */
size_t dns_server_askers(const struct dns_server *s, struct dns_asker ret[static DNS_ASKERS_MAX]);

struct dns_cache_size {
	size_t entries, bytes, max_bytes;
	size_t in_flight; /* questions that are on their way upstream */
};
struct dns_cache_size dns_cache_size(const struct dns_server *s);

/* An answer in the cache. */
struct dns_cached {
	uint64_t number; /* grows from entry to entry; for paging */
	const char *name;
	uint16_t type;
	bool dnssec_ok, checking_disabled; /* such questions have entries of their own */
	bool negative;
	uint8_t rcode;
	size_t bytes;
	usec_t expires; /* passed: kept for when no upstream answers */
};
/* Those stored after number `after` (0: all), in order of storing, while `visit` returns true. */
typedef bool dns_cached_fn(void *data, const struct dns_cached *e);
void dns_cache_visit(const struct dns_server *s, uint64_t after, dns_cached_fn *visit, void *data);
/* Forget all; returns how many entries there were. */
size_t dns_cache_flush(struct dns_server *s);

/* The servers that are asked where no forwarder of a domain is. */
struct dns_upstream_state {
	struct dns_upstream upstream;
	usec_t rtt;  /* smoothed; 0: not known */
	bool silent; /* did not answer lately */
};
size_t dns_upstream_states(const struct dns_server *s, usec_t now,
			   struct dns_upstream_state ret[static DNS_UPSTREAMS_MAX]);

#endif
