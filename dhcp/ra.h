/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ra.h — router advertisements of one network (RFC 4861 §6.2, RFC 8106) as an engine without I/O:
 * solicitations and time in, actions out.
 *
 * Advertisements go to all nodes: a few soon after the start and after every change, then every few
 * minutes, never two within RA_MIN_DELAY. A solicitation is answered to its sender alone and at
 * once (RFC 7772; the random delay of RFC 4861 §6.2.6 is for links with several routers); one
 * without a source address, or one too many, is answered by the next advertisement to all, which
 * then comes soon. What a network no longer has is advertised with lifetime 0 until every guest
 * knows.
 *
 * `now` is CLOCK_BOOTTIME in microseconds and must not go backwards. Nothing here blocks,
 * allocates, logs or asks a clock. Solicitations are hostile. */
#ifndef DHCP_RA_H
#define DHCP_RA_H

#include "base/addr.h"
#include "base/clock.h"
#include "dhcp/dhcp4.h"

#define RA_PREFIXES_MAX    16
#define RA_MESSAGE_MAX     1232
#define RA_INTERVAL_MAX    600 /* s; MaxRtrAdvInterval */
#define RA_INTERVAL_MIN    198 /* 0.33 of it */
#define RA_INITIAL         3   /* advertisements after the start or a change … */
#define RA_INITIAL_SEC     16  /* … at most so far apart */
#define RA_MIN_DELAY       3   /* s between two to all nodes */
#define RA_ANSWER_MSEC     500 /* an answer to all comes after a random part of it */
#define RA_ANSWERS_PER_SEC 100 /* to single nodes; further ones wait for the answer to all */
#define RA_ROUTER_LIFETIME 1800
#define RA_DNS_LIFETIME    (3 * RA_INTERVAL_MAX)
#define RA_WITHDRAWN_SEC                                                                           \
	7200            /* how long a withdrawn prefix is still mentioned, RFC 4862 §5.5.3 e */
#define RA_FINAL     3  /* last words when a network ends, RFC 4861 §6.2.5 */
#define RA_HOP_LIMIT 64 /* for guests' own packets */

struct ra_prefix {
	struct ip prefix;
	unsigned length;
	bool autonomous;           /* guests make addresses of it (SLAAC); only with length 64 */
	uint32_t valid, preferred; /* s; UINT32_MAX: for ever */
};
struct ra_config {
	struct mac mac;           /* the bridge's */
	struct ip link_local;     /* our address there */
	uint32_t mtu;             /* 0: not mentioned */
	bool managed;             /* addresses, and so all else, by DHCPv6 */
	bool other;               /* all else by DHCPv6, addresses by SLAAC */
	uint16_t router_lifetime; /* s; 0: no default router (isolated network) */
	struct ip dns;            /* not set: none */
	char domain[DHCP4_DOMAIN_MAX];
	struct ra_prefix prefix[RA_PREFIXES_MAX];
	size_t n_prefixes;
};

struct ra_solicit {
	const uint8_t *message; /* ICMPv6, from its type on */
	size_t n;
	struct ip src;
	struct mac from; /* Ethernet source */
	uint8_t hop_limit;
};

/* What the caller must send, from config.link_local with hop limit 255. */
struct ra_action {
	struct mac to_mac;
	struct ip to_ip;
	const uint8_t *message; /* ICMPv6 without its checksum; the engine's, valid until the next
				   call */
	size_t n;
};

#define RA_COUNTERS(X)                                                                             \
	X(RX_SOLICIT, "rx-solicit")                                                                \
	X(TX_UNICAST, "tx-unicast")                                                                \
	X(TX_MULTICAST, "tx-multicast")                                                            \
	X(DROP_SHORT, "drop-short")         /* or an option of length 0, or past the end */        \
	X(DROP_TYPE, "drop-type")           /* not a solicitation */                               \
	X(DROP_HOP_LIMIT, "drop-hop-limit") /* not from this link */                               \
	X(DROP_SOURCE, "drop-source") /* not link-local, ours, or :: with a link-layer address */  \
	X(DROP_RATE, "drop-rate")     /* left for the answer to all */

/* clang-format off */
enum ra_counter {
#define X(id, text) RA_COUNT_##id,
	RA_COUNTERS(X)
#undef X
	RA_COUNTER_N
};
/* clang-format on */
const char *ra_counter_name(enum ra_counter c);

struct ra; /* the engine; heap */

struct ra *ra_new(uint64_t seed) mustcheck; /* NULL when out of memory; silent until configured */
void ra_free(struct ra *s);
/* Copy and use a configuration; may be repeated. What has changed is advertised soon; one that is
 * the same byte for byte changes nothing. */
void ra_configure(struct ra *s, const struct ra_config *c, usec_t now);

/* Feed one ICMPv6 message. Returns the number of actions, 0 or 1. */
size_t ra_input(struct ra *s, const struct ra_solicit *in, usec_t now, struct ra_action *out);
usec_t ra_deadline(const struct ra *s);
/* Returns the number of actions, 0 or 1. */
size_t ra_tick(struct ra *s, usec_t now, struct ra_action *out);
const uint64_t *ra_counters(const struct ra *s); /* RA_COUNTER_N of them */

/* The last word of a network that ends (RFC 4861 §6.2.5): all lifetimes 0, to be said
 * RA_FINAL times. Writes the ICMPv6 message without its checksum and returns its length. */
size_t ra_final(const struct ra_config *c, uint8_t buf[static RA_MESSAGE_MAX]);

#endif
