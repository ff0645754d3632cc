/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-cache.h — answers from upstream, by question, bounded by octets.
 *
 * An entry holds what follows the question in a reply, as dns-relay.c wrote it: its compression
 * pointers stay right because an equal question has the same length. Least recently used entries go
 * first; negative answers and failures have a list and a share of their own, so that random names
 * push out only each other. */
#ifndef DNS_DNS_CACHE_H
#define DNS_DNS_CACHE_H

#include "base/clock.h"
#include "base/list.h"
#include "base/table.h"
#include "dns/dns-name.h"
#include "dns/dns-relay.h"

/* lower-cased name, type, DO and CD: class is always IN */
#define DNS_KEY_MAX (DNS_NAME_MAX + 3)
enum { DNS_KEY_CD = 1, DNS_KEY_DO = 2 };
struct dns_key {
	uint16_t n;
	uint8_t bytes[DNS_KEY_MAX];
};

struct dns_cache_entry {
	struct table_node table;
	struct list lru;
	struct list aged; /* in the cache's `by_age` */
	uint64_t number;  /* in order of storing */
	usec_t stored, expires;
	usec_t stale_until; /* expired, but to be served while the upstream is silent */
	bool negative;      /* NXDOMAIN, NODATA or a failure */
	bool ad;
	uint8_t rcode;
	uint16_t counts[2]; /* answer, authority */
	uint16_t body_n;
	uint16_t key_n;
	uint8_t bytes[]; /* key, body */
};

struct dns_cache {
	struct table table;
	struct list positive, negative; /* oldest first */
	struct list by_age;             /* all, in order of storing: for paging */
	uint64_t last_number;
	size_t bytes, negative_bytes, max_bytes;
	uint64_t evicted;
};

/* What is asked for in the last tenth of its life is worth asking for anew. */
#define DNS_PREFETCH_SHARE   10
#define DNS_PREFETCH_MIN_SEC 10 /* of the TTL: what lives shorter isn't prefetched */
bool dns_cache_ends_soon(const struct dns_cache_entry *e, usec_t now);

#define DNS_CACHE_BODY_MAX   16384
#define DNS_TTL_MAX_SEC      86400
#define DNS_NEGATIVE_MAX_SEC 10800 /* RFC 2308 §5 */
#define DNS_FAILURE_SEC      5     /* RFC 9520 §3.2 */
#define DNS_STALE_TTL_SEC    30    /* RFC 8767 §5 */
#define DNS_STALE_MAX_SEC    86400

void dns_cache_init(struct dns_cache *c, size_t max_bytes);
void dns_cache_done(struct dns_cache *c);

/* The entry, moved to the young end; expired ones too (compare `expires`). Valid until the next
 * call that changes the cache. */
struct dns_cache_entry *dns_cache_find(struct dns_cache *c, const struct dns_key *key);
/* Store or replace; silently nothing when the answer isn't to be kept or memory is short. */
void dns_cache_store(struct dns_cache *c, const struct dns_key *key, const struct dns_answer *a,
		     usec_t now);
/* Forget negative answers and failures: another server may know better. */
void dns_cache_drop_negative(struct dns_cache *c);
void dns_cache_clear(struct dns_cache *c);
/* The entry stored next after number `after` (0: the first); NULL: none. */
const struct dns_cache_entry *dns_cache_after(const struct dns_cache *c, uint64_t after);

#endif
