/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-internal.h — what the files of this room share: the server, and the ways from a request to a
 * reply. */
#ifndef DNS_DNS_INTERNAL_H
#define DNS_DNS_INTERNAL_H

#include "dns/dns-askers.h"
#include "dns/dns-cache.h"
#include "dns/dns-message.h"
#include "dns/dns-rate.h"
#include "dns/dns-relay.h"
#include "dns/dns-route.h"
#include "dns/dns-view.h"
#include "dns/dns-zone.h"
#include "dns/dns.h"

/* Attempts at one question, and how long each may take before the next one starts beside it: 5 s in
 * all. */
#define DNS_ATTEMPTS 5
#define DNS_ATTEMPT_MSEC                                                                           \
	{                                                                                          \
		400, 400, 800, 1200, 2200                                                          \
	}
#define DNS_STALE_ATTEMPT                                                                          \
	2 /* from this attempt on (0.8 s) an expired answer is better than none                    \
	   */
#define DNS_MISMATCH_MAX    20  /* forgeries seen before a question is asked over TCP */
#define DNS_FLIGHT_WAITERS  64  /* clients that wait for one question */
#define DNS_REFUSED_PER_SEC 500 /* answers to datagrams over quota; further ones are dropped */
#define DNS_NEGATIVE_TTL_SEC                                                                       \
	5 /* of our own: a guest that is being started is looked up before it has a name */

struct dns_attempt {
	bool open;
	struct dns_relay_sent sent;
	usec_t at;
};

/* One question on its way upstream. */
struct dns_flight {
	struct table_node table; /* by key */
	struct list timer;       /* in forward.timers[n_attempts - 1] */
	struct list waiters;
	unsigned n_waiters; /* 0: the cache's answer is made new before it expires */
	unsigned n_attempts, mismatches;
	uint32_t slot, generation;
	bool tcp, no_edns;
	bool again; /* the next attempt goes to `again_to`: it answered, but not as it should */
	struct dns_upstream again_to;
	usec_t due; /* when the newest attempt has taken too long */
	struct dns_attempt attempt[DNS_ATTEMPTS];
	struct dns_upstream asked[DNS_ATTEMPTS]; /* whom each attempt went to */
	const struct dns_upstream *answered_by;  /* of those; NULL: nobody yet */
	struct dns_request q;                    /* the first asker's */
	struct dns_key key;
};

struct dns_forward {
	struct table flights;
	struct table quotas; /* clients that wait, by address */
	struct dns_rate rate;
	struct list
	    timers[DNS_ATTEMPTS]; /* each in order of `due`, because its delay is constant */
	struct dns_flight **slot; /* DNS_IN_FLIGHT_MAX of them, from the first question on */
	uint32_t generation, next_slot;
	usec_t refused_since; /* the second in which `refused` clients over quota got an answer */
	unsigned refused;
	uint8_t random[256];
	size_t random_left;
};

struct dns_server {
	struct dns_zone zone;
	struct dns_leases leases;
	struct dns_routes routes;
	struct dns_cache cache;
	struct dns_forward forward;
	struct dns_group host_servers;
	bool rebind_protection, strict_order;
	uint64_t forwarders; /* hash of the explicit ones */
	bool has_domain;
	struct dns_name domain; /* key */
	struct dns_name soa_mname, soa_rname;
	struct dns_config_subnet *subnets;
	size_t n_subnets;
	unsigned rotation;
	uint64_t counter[DNS_COUNTER_COUNT], rcode[DNS_RCODES], source[DNS_SOURCE_COUNT];
	struct dns_askers askers;
};

/* What is being written, for one call at most; one for all servers of a thread, because there are
 * hundreds of them and it is large. */
struct dns_scratch {
	uint8_t out[DNS_TCP_MAX];   /* the reply */
	uint8_t relay[DNS_TCP_MAX]; /* the upstream's answer, written anew */
};
extern _Thread_local struct dns_scratch dns_scratch;

/* How a request is to be answered. */
struct dns_reply_to {
	const struct dns_client *client;
	const struct dns_request *q;
	usec_t now;
	const struct dns_out *out;
	usec_t since;                        /* when it came; 0: now */
	const struct dns_upstream *upstream; /* who has answered */
};

/* dns-answer.c: replies. Each writes into dns_scratch.out, emits DNS_REPLY and counts. */
void dns_reply_error(struct dns_server *s, const struct dns_reply_to *to, unsigned rcode,
		     enum dns_ede ede);
void dns_reply_relayed(struct dns_server *s, const struct dns_reply_to *to,
		       const struct dns_answer *a);
void dns_reply_cached(struct dns_server *s, const struct dns_reply_to *to,
		      const struct dns_cache_entry *e);
/* From records at `node`; false when the name has no answer here for this type. `route` is the
 * name's. */
bool dns_reply_local(struct dns_server *s, const struct dns_reply_to *to,
		     const struct dns_node *node);
void dns_reply_own(struct dns_server *s, const struct dns_reply_to *to,
		   const struct dns_route *route, bool exists);
void dns_reply_localhost(struct dns_server *s, const struct dns_reply_to *to,
			 const struct dns_route *route);
void dns_reply_hinfo(struct dns_server *s, const struct dns_reply_to *to);

/* dns-forward.c */
void dns_forward_init(struct dns_forward *f);
void dns_forward_done(struct dns_forward *f);
enum dns_counter dns_forward_query(struct dns_server *s, const struct dns_reply_to *to,
				   const struct dns_key *key);
/* An answer that is asked for is about to expire: ask for it anew, in nobody's name. */
void dns_forward_refresh(struct dns_server *s, const struct dns_reply_to *to,
			 const struct dns_key *key);

#endif
