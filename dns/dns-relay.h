/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-relay.h — an upstream's answer, taken apart and written anew.
 *
 * Nothing of the upstream's octets is passed on unread: every record is parsed, and only those that
 * answer the question are kept: the chain of CNAMEs from the name that was asked, the records of
 * the type at its end, and for negative answers the SOA (with DO also the DNSSEC proofs). Names
 * beside that chain can't get into the cache. */
#ifndef DNS_DNS_RELAY_H
#define DNS_DNS_RELAY_H

#include "dns/dns-message.h"

#define DNS_CHAIN_MAX 12 /* CNAMEs in one answer */

struct dns_answer {
	uint8_t rcode;
	bool ad, negative;
	uint16_t counts[2];  /* answer, authority */
	uint32_t ttl_sec;    /* 0: not to be kept */
	const uint8_t *body; /* what follows the question of a message that begins with it */
	size_t n;
};

enum dns_relay {
	DNS_RELAY_OK,
	DNS_RELAY_MISMATCH,  /* not an answer to this query: a forgery or a late one; go on waiting
			      */
	DNS_RELAY_CASE,      /* all is right but the case of the letters: ask in another way */
	DNS_RELAY_MALFORMED, /* the server is not to be believed */
	DNS_RELAY_TRUNCATED, /* ask again over TCP */
	DNS_RELAY_NO_EDNS,   /* the server doesn't know EDNS; ask without */
	DNS_RELAY_FAILED,    /* the server refuses or fails; ask another */
	DNS_RELAY_REBIND,    /* a private address; only with `rebind_protection` */
};

/* What of a query its answer must repeat. */
struct dns_relay_sent {
	uint16_t id;
	bool tcp;
	uint64_t mix; /* the case of the question's letters, see dns_name_mix_case() */
};

struct dns_relay_rules {
	bool rebind_protection;
	/* A name (a key) about which only we answer: a chain of aliases ends at it. */
	bool (*is_ours)(void *data, const struct dns_name *key);
	void *data;
};

/* Judge the answer `bytes` to question q that was sent so. On DNS_RELAY_OK *ret is filled, its body
 * in `buf` of DNS_TCP_MAX octets. */
enum dns_relay dns_relay_read(const struct dns_request *q, const struct dns_relay_sent *sent,
			      const struct dns_relay_rules *rules, const uint8_t *bytes, size_t n,
			      uint8_t *buf, struct dns_answer *ret);

/* Lower every TTL in a body written by dns_relay_read() by `age_sec`, or set all to `fixed_sec` if
 * that isn't 0. `records` is answer plus authority; `from` the body's octets in a whole message. */
void dns_relay_age(uint8_t *message, size_t n, size_t from, unsigned records, uint32_t age_sec,
		   uint32_t fixed_sec);

/* The query to send upstream. Returns its length. */
size_t dns_relay_query(const struct dns_request *q, const struct dns_relay_sent *sent, bool edns,
		       uint8_t *buf, size_t cap);

#endif
