/* SPDX-License-Identifier: GPL-2.0-or-later */
/* messages-dns-ask.h — what an administrator asks about a network's name service, and what its
 * worker tells: MSG_DNS_ASK and MSG_DNS_TOLD.
 *
 * Every question has a token, never 0, and one answer with the same token. A worker's answer is as
 * untrusted as all that it says: numbers are checked for their range and texts are printable ASCII,
 * or the whole body is -EPROTO. Rows are written into a body while there is room; what doesn't fit
 * is asked for again with `after`, or is lost and said to be. */
#ifndef NETD_MESSAGES_DNS_ASK_H
#define NETD_MESSAGES_DNS_ASK_H

#include "base/cursor.h"
#include "dns/dns-view.h"
#include "dns/dns.h"

#define DNS_ASK_MAX       2048 /* octets that hold any MSG_DNS_ASK */
#define DNS_TOLD_MAX      (24 * 1024)
#define DNS_TOLD_TEXT_MAX 2100 /* a record's data, and its NUL */
#define DNS_TOLD_ROWS_MAX 1024

enum dns_ask_what {
	DNS_ASK_LOOKUP, /* what a guest would be answered */
	DNS_ASK_CACHE,  /* entries stored after number `after` */
	DNS_ASK_FLUSH,  /* empty the cache */
	DNS_ASK_STATS,
	DNS_ASK_LOG, /* queries after number `after` (0: from now on); waits for one, but not long
		      */
	DNS_ASK_COUNT
};
struct message_dns_ask {
	uint32_t net_id;
	uint64_t token;
	enum dns_ask_what what;
	char name[DNS_TEXT_MAX]; /* of a lookup */
	uint16_t type;
	uint64_t after;
};
void message_dns_ask_encode(struct wr *w, const struct message_dns_ask *m);
int message_dns_ask_decode(const uint8_t *body, size_t n, struct message_dns_ask *ret) mustcheck;

/* The head of each answer; then what the question's kind has, then rows, then the end. */
struct message_dns_told {
	uint32_t net_id;
	uint64_t token;
	enum dns_ask_what what;
	bool served; /* false: the worker doesn't serve that network, and nothing follows */
};
void message_dns_told_encode(struct wr *w, const struct message_dns_told *m);
int message_dns_told_decode(struct rd *r, struct message_dns_told *ret) mustcheck;

/* DNS_ASK_LOOKUP, then rows */
struct dns_told_lookup {
	uint32_t rcode;
	enum dns_source source;
	struct dns_upstream server; /* of DNS_FROM_UPSTREAM */
	bool aa, ad, whole;         /* whole: every record has a row */
	uint64_t took_usec;
	bool answered; /* false: no reply was made at all */
};
struct dns_told_record {
	uint32_t section; /* enum dns_section */
	uint16_t type;
	uint32_t ttl_sec;
	char name[DNS_TEXT_MAX], data[DNS_TOLD_TEXT_MAX];
};
/* DNS_ASK_CACHE, then rows */
struct dns_told_cache {
	uint64_t entries, bytes, max_bytes;
	bool more; /* there are entries after the last row */
};
struct dns_told_entry {
	uint64_t number;
	uint16_t type;
	bool dnssec_ok, checking_disabled, negative;
	uint32_t rcode, bytes;
	uint32_t ttl_sec; /* 0: expired, and kept for when no upstream answers */
	char name[DNS_TEXT_MAX];
};
/* DNS_ASK_FLUSH: a u64, how many entries there were */
/* DNS_ASK_STATS, without rows */
struct dns_told_stats {
	uint64_t counter[DNS_COUNTER_COUNT], rcode[DNS_RCODES], source[DNS_SOURCE_COUNT];
	uint64_t entries, bytes, max_bytes, in_flight;
	size_t n_askers, n_upstreams;
	struct dns_asker asker[DNS_ASKERS_MAX];
	struct dns_upstream_state upstream[DNS_UPSTREAMS_MAX];
};
/* DNS_ASK_LOG, then rows */
struct dns_told_log {
	uint64_t next; /* for `after` of the next question */
	uint64_t lost; /* queries between `after` and the first row that nobody kept */
};
struct dns_told_query {
	uint64_t ago_usec; /* when it was answered: so long before the message was sent */
	struct ip client;
	bool tcp, has_question;
	uint16_t type;
	uint32_t rcode, answers, took_usec;
	enum dns_source source;
	struct dns_upstream server;
	char name[DNS_TEXT_MAX];
};

void dns_told_put_lookup(struct wr *w, const struct dns_told_lookup *m);
void dns_told_put_cache(struct wr *w, const struct dns_told_cache *m);
void dns_told_put_stats(struct wr *w, const struct dns_told_stats *m);
void dns_told_put_log(struct wr *w, const struct dns_told_log *m);
/* -EPROTO: not such a part. */
int dns_told_get_lookup(struct rd *r, struct dns_told_lookup *ret) mustcheck;
int dns_told_get_cache(struct rd *r, struct dns_told_cache *ret) mustcheck;
int dns_told_get_stats(struct rd *r, struct dns_told_stats *ret) mustcheck;
int dns_told_get_log(struct rd *r, struct dns_told_log *ret) mustcheck;

/* A row: false when there is no room for it (and for the end); then nothing was written. */
bool dns_told_put_record(struct wr *w, const struct dns_told_record *m) mustcheck;
bool dns_told_put_entry(struct wr *w, const struct dns_told_entry *m) mustcheck;
bool dns_told_put_query(struct wr *w, const struct dns_told_query *m) mustcheck;
void dns_told_put_end(struct wr *w);
/* 1: a row; 0: the end, of the body too; -EPROTO. */
int dns_told_get_record(struct rd *r, struct dns_told_record *ret) mustcheck;
int dns_told_get_entry(struct rd *r, struct dns_told_entry *ret) mustcheck;
int dns_told_get_query(struct rd *r, struct dns_told_query *ret) mustcheck;

#endif
