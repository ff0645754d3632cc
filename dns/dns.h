/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns.h — the name service of one network: local answers, forwarding, cache. Bytes in, actions out.
 *
 * A server knows the network's own names (leases, hosts, the gateway), answers for them with
 * authority and, where the network may, forwards everything else to upstream resolvers. It opens no
 * socket and asks no clock: the caller feeds datagrams (or TCP messages without their length
 * prefix) and performs the actions that are handed to its dns_act_fn.
 *
 * Not thread safe. Times are CLOCK_BOOTTIME microseconds and must not go backwards. Names in text
 * form are without trailing dot, octets other than printable ASCII as \DDD (RFC 1035 §5.1). Guests'
 * and upstreams' bytes are hostile; nothing in them can fail an assertion, allocate without bound
 * or keep a query for ever.
 *
 * Words: *local* is what this server knows by itself; an *exchange* is one message to one upstream
 * server and the wait for its answer; a *waiter* is a client whose query waits for an exchange. */
#ifndef DNS_DNS_H
#define DNS_DNS_H

#include "base/addr.h"
#include "base/clock.h"
#include "base/err.h"

#define DNS_PORT 53
#define DNS_UDP_MAX                                                                                \
	1232 /* octets: largest datagram sent or taken (no fragments over IPv6's 1280) */
#define DNS_TCP_MAX       65535 /* octets of a message over TCP */
#define DNS_TEXT_MAX      1024  /* a name as text, with escapes and the terminating NUL */
#define DNS_RDATA_MAX     4096  /* octets of one record of ours */
#define DNS_UPSTREAMS_MAX 16    /* servers in one list */
#define DNS_LEASE_TTL_SEC 60   /* a lease's name lives min(this, half of what the lease has left) */
#define DNS_IN_FLIGHT_MAX 2048 /* questions asked upstream at a time, per network */
#define DNS_PER_CLIENT_MAX                                                                         \
	150 /* queries that may wait for an upstream at a time, per client address */
#define DNS_CACHE_MAX_BYTES (4u << 20)

/* What the network's definition says. Built by dns_config_new() and dns_config_add_*(), which copy
 * all text. */
struct dns_config_subnet { /* an <ip>: clients come from it, its reverse zone is ours */
	struct ip gateway; /* or the subnet's own address: one in which we have none */
	unsigned prefix;
};
struct dns_config_forwarder { /* as <forwarder>: addr without domain replaces the host's resolvers
			       */
	struct ip address;    /* not set: the default servers, for `domain` */
	uint16_t port;
	char *domain; /* NULL: everything */
};
struct dns_config_host { /* a name of <dns><host> or of a static DHCP host */
	char *name;      /* without a dot it is known both alone and below the domain */
	struct ip ip;
	bool ptr; /* the address resolves to this name; the first such wins */
};
struct dns_config_txt {
	char *name, *value;
};
struct dns_config_srv {
	char *owner;  /* "_service._protocol", with or without a domain: without a dot after the
		       * protocol  the network's domain is added */
	char *target; /* NULL or "": "." (service decidedly not there) */
	uint16_t port, priority, weight;
};
struct dns_config_record { /* any other record */
	char
	    *name; /* of one label: below the network's domain; "" or "*": its apex, its wildcard */
	uint16_t type;
	uint32_t ttl_sec;
	uint8_t *rdata; /* wire form, names whole */
	size_t n;       /* 1..DNS_RDATA_MAX */
};
struct dns_config {
	char *domain;             /* NULL: none */
	bool local_only;          /* names below the domain are never forwarded */
	bool forward;             /* false (isolated networks): REFUSED for all that isn't local */
	bool forward_plain_names; /* names of one label may be asked upstream */
	bool rebind_protection;   /* private addresses in upstream answers are refused */
	bool strict_order;        /* upstream servers in the order given; otherwise the quickest */
	struct dns_config_subnet *subnets;
	struct dns_config_forwarder *forwarders;
	struct dns_config_host *hosts;
	struct dns_config_txt *txts;
	struct dns_config_srv *srvs;
	struct dns_config_record *records;
	size_t n_subnets, n_forwarders, n_hosts, n_txts, n_srvs, n_records;
	size_t cap_subnets, cap_forwarders, cap_hosts, cap_txts, cap_srvs, cap_records;
};

/* domain may be NULL or empty. NULL when out of memory. forward and forward_plain_names start true.
 */
struct dns_config *dns_config_new(const char *domain) mustcheck;
void dns_config_free(struct dns_config *c); /* NULL is fine */
/* 0 or -ENOMEM (of a record also -EINVAL for its length). What is no name or out of range is found
 * by dns_server_configure(). */
int dns_config_add_subnet(struct dns_config *c, const struct ip *gateway, unsigned prefix)
    mustcheck;
int dns_config_add_forwarder(struct dns_config *c, const struct ip *address, uint16_t port,
			     const char *domain) mustcheck;
int dns_config_add_host(struct dns_config *c, const char *name, const struct ip *ip, bool ptr)
    mustcheck;
int dns_config_add_txt(struct dns_config *c, const char *name, const char *value) mustcheck;
int dns_config_add_srv(struct dns_config *c, const char *owner, const char *target, uint16_t port,
		       uint16_t priority, uint16_t weight) mustcheck;
int dns_config_add_record(struct dns_config *c, const char *name, uint16_t type, uint32_t ttl_sec,
			  const void *rdata, size_t n) mustcheck;

struct dns_upstream {
	struct ip address;
	uint16_t port; /* host order; 0: 53 */
};

/* Who asked. The server keeps a copy while the query waits for an upstream. */
struct dns_client {
	struct ip address;
	uint16_t port;
	bool tcp;
	bool host;       /* came over the host's loopback device: its address is not checked */
	struct ip local; /* the caller's: the address that was asked */
	uint64_t token;  /* the caller's: which socket or connection */
};

/* From where an answer came. */
#define DNS_SOURCES(X)                                                                             \
	X(DNS_FROM_NOWHERE, "none")  /* an error, a refusal */                                     \
	X(DNS_FROM_RECORD, "record") /* a record of the configuration */                           \
	X(DNS_FROM_LEASE, "lease")   /* a guest's name */                                          \
	X(DNS_FROM_ZONE, "zone")     /* a zone of ours, by itself: there is no such name … */    \
	X(DNS_FROM_CACHE, "cache")                                                                 \
	X(DNS_FROM_STALE, "stale-cache") /* expired, because no upstream answers */                \
	X(DNS_FROM_UPSTREAM, "upstream")
enum dns_source {
#define DNS_SOURCE_ENUM(id, text) id,
	DNS_SOURCES(DNS_SOURCE_ENUM)
#undef DNS_SOURCE_ENUM
	    DNS_SOURCE_COUNT
};
const char *dns_source_name(enum dns_source s);

struct dns_request; /* dns/dns-message.h */

enum dns_action_kind {
	DNS_REPLY,         /* send bytes to `client` */
	DNS_SEND_UPSTREAM, /* send bytes to `server` and wait, in the name of `exchange` */
	DNS_END_UPSTREAM,  /* `exchange` is over: close its socket, no call for it any more */
};
struct dns_action {
	enum dns_action_kind kind;
	const uint8_t *bytes; /* the server's buffer: valid during the call only */
	size_t n;
	const struct dns_client *client;
	uint32_t exchange;          /* unique among those of this server that are open */
	struct dns_upstream server; /* of a reply: who answered, of DNS_FROM_UPSTREAM */
	/* Of a reply, for whoever keeps a log: */
	const struct dns_request *request;
	enum dns_source source;
	unsigned rcode; /* the whole one */
	usec_t took;    /* since the query came */
	bool tcp;       /* of the exchange; the length prefix is the caller's */
};
/* Called once for each action, in order; must not call the server. */
typedef void dns_act_fn(void *data, const struct dns_action *a);
struct dns_out {
	dns_act_fn *act;
	void *data;
};

/* Every outcome has a counter: rows of (enum, name as shown). */
#define DNS_COUNTERS(X)                                                                            \
	X(DNS_N_QUERIES_UDP, "queries-udp")                                                        \
	X(DNS_N_QUERIES_TCP, "queries-tcp")                                                        \
	X(DNS_N_LOCAL, "answers-local")                                                            \
	X(DNS_N_CACHE_HIT, "answers-cache")                                                        \
	X(DNS_N_FORWARDED, "answers-forwarded")                                                    \
	X(DNS_N_STALE, "answers-stale")                                                            \
	X(DNS_N_NXDOMAIN, "answers-nxdomain")                                                      \
	X(DNS_N_TRUNCATED, "answers-truncated")                                                    \
	X(DNS_N_FORMERR, "errors-format")                                                          \
	X(DNS_N_NOTIMP, "errors-not-implemented")                                                  \
	X(DNS_N_REFUSED, "errors-refused")                                                         \
	X(DNS_N_SERVFAIL, "errors-server-failure")                                                 \
	X(DNS_N_BADVERS, "errors-edns-version")                                                    \
	X(DNS_N_DROP_SHORT, "drops-short")                                                         \
	X(DNS_N_DROP_LONG, "drops-long")                                                           \
	X(DNS_N_DROP_RESPONSE, "drops-response")                                                   \
	X(DNS_N_DROP_SOURCE, "drops-source")                                                       \
	X(DNS_N_DROP_REPEATED, "drops-repeated")                                                   \
	X(DNS_N_LOOP, "refused-loop")                                                              \
	X(DNS_N_DROP_OVERLOAD, "drops-overload")                                                   \
	X(DNS_N_OVER_QUOTA, "refused-over-quota")                                                  \
	X(DNS_N_PREFETCH, "upstream-prefetched")                                                   \
	X(DNS_N_UPSTREAM_CASE, "upstream-lost-case")                                               \
	X(DNS_N_COALESCED, "queries-coalesced")                                                    \
	X(DNS_N_UPSTREAM_SENT, "upstream-sent")                                                    \
	X(DNS_N_UPSTREAM_TCP, "upstream-sent-tcp")                                                 \
	X(DNS_N_UPSTREAM_RETRY, "upstream-retries")                                                \
	X(DNS_N_UPSTREAM_FAILED, "upstream-failures")                                              \
	X(DNS_N_UPSTREAM_MISMATCH, "upstream-mismatched")                                          \
	X(DNS_N_UPSTREAM_MALFORMED, "upstream-malformed")                                          \
	X(DNS_N_UPSTREAM_REBIND, "upstream-private-address")                                       \
	X(DNS_N_CACHE_EVICTED, "cache-evicted")
enum dns_counter {
#define DNS_COUNTER_ENUM(id, text) id,
	DNS_COUNTERS(DNS_COUNTER_ENUM)
#undef DNS_COUNTER_ENUM
	    DNS_COUNTER_COUNT
};
const char *dns_counter_name(enum dns_counter c);

struct dns_server;

/* The configuration is copied. NULL and *e on bad names or no memory. */
struct dns_server *dns_server_new(const struct dns_config *c, struct err *e) mustcheck;
void dns_server_free(struct dns_server *s); /* NULL is fine; open exchanges are not told */

/* Replace the configuration; lease names, cache and waiting queries stay (the cache goes when the
 * explicit forwarders change). After a failure the old one is in force. */
int dns_server_configure(struct dns_server *s, const struct dns_config *c, struct err *e) mustcheck;

/* The host's resolvers in order of preference; at most DNS_UPSTREAMS_MAX are taken, addresses of
 * our own are left out. Negative and failure entries of the cache are forgotten. */
void dns_server_set_upstreams(struct dns_server *s, const struct dns_upstream *u, size_t n);

/* A lease's name: one label, or a name below the network's domain. Adding the pair (name, ip) again
 * sets the expiry (USEC_INFINITY: never). Names of the configuration win over leases, a newer lease
 * over an older one of the same name. 0, -EINVAL (no such name), -ENOSPC (over 65536 of them),
 * -ENOMEM. */
int dns_lease_add(struct dns_server *s, const char *name, const struct ip *ip, usec_t expires)
    mustcheck;
void dns_lease_remove(struct dns_server *s, const char *name, const struct ip *ip);

/* One query. Returns the counter under which it was counted. DNS_N_UPSTREAM_SENT and
 * DNS_N_COALESCED: the reply comes later. DNS_N_DROP_*: nothing will ever be sent for it; a TCP
 * connection should be closed, but for DNS_N_DROP_REPEATED, where the same query waits already. All
 * others: the reply was handed over. */
enum dns_counter dns_query(struct dns_server *s, const struct dns_client *client,
			   const uint8_t *bytes, size_t n, usec_t now, const struct dns_out *out);

/* A message arrived for an open exchange, from the address it was sent to. It may be a forgery: the
 * exchange stays open until DNS_END_UPSTREAM. Unknown exchanges are ignored. */
void dns_upstream_reply(struct dns_server *s, uint32_t exchange, const uint8_t *bytes, size_t n,
			usec_t now, const struct dns_out *out);
/* The exchange can't succeed: no socket, port unreachable, connection closed. */
void dns_upstream_failed(struct dns_server *s, uint32_t exchange, usec_t now,
			 const struct dns_out *out);

/* The earliest time at which dns_tick() has work; USEC_INFINITY: none. */
usec_t dns_deadline(const struct dns_server *s);
void dns_tick(struct dns_server *s, usec_t now, const struct dns_out *out);

/* DNS_COUNTER_COUNT numbers, by enum dns_counter; the server's. */
const uint64_t *dns_counters(const struct dns_server *s);

#endif
