/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp6.h — the DHCPv6 server of one network (RFC 8415) as an engine without I/O: datagrams and
 * time in, actions out. Addresses only: prefixes are not delegated, relays not served.
 *
 * Words. A *binding* ties an address to a client's identity association. A *client* is the triple
 * of DUID, IAID and Ethernet source: cloned disks and firmware without an UUID share DUIDs, the MAC
 * tells them apart. A *station* is all clients behind one MAC; limits count stations. An ADVERTISE
 * promises nothing and is not remembered: a REQUEST that comes too late gets another address. A
 * REPLY that makes, moves or renames bindings is *gated*: it leaves when dhcp6_committed() has said
 * for each of them that it is stored. A mere extension is answered at once.
 *
 * `now` is CLOCK_BOOTTIME in microseconds and must not go backwards. Nothing here blocks, logs or
 * asks a clock; memory grows with the number of bindings (bounded by the ranges and static hosts),
 * not per packet. Not thread safe. Datagrams are hostile: no input can make the engine fail. */
#ifndef DHCP_DHCP6_H
#define DHCP_DHCP6_H

#include "base/addr.h"
#include "base/clock.h"
#include "base/err.h"
#include "dhcp/dhcp4.h"

#define DHCP6_PORT_CLIENT    546
#define DHCP6_PORT_SERVER    547
#define DHCP6_NAME_MAX       DHCP4_NAME_MAX
#define DHCP6_DOMAIN_MAX     DHCP4_DOMAIN_MAX
#define DHCP6_DUID_MIN       3
#define DHCP6_DUID_MAX       130 /* type and 128 octets, RFC 8415 §11.1 */
#define DHCP6_IAS_MAX        4   /* of one message; further ones are not looked at */
#define DHCP6_RANGES_MAX     64
#define DHCP6_HOSTS_MAX      65536
#define DHCP6_POOL_MAX       (1u << 20) /* addresses in all ranges */
#define DHCP6_PAYLOAD_MAX    1452       /* octets of UDP payload received */
#define DHCP6_REPLY_MAX      1232       /* sent: what every IPv6 link carries in one packet */
#define DHCP6_GATE_SEC       10
#define DHCP6_GATED_MAX      592 /* 518 of them for one port */
#define DHCP6_STATION_FAIR   16  /* bindings of one station that are never too many */
#define DHCP6_LEASE_MIN_SEC  120
#define DHCP6_LEASE_DEFAULT  86400 /* as libvirt's users know it */
#define DHCP6_LEASE_UNSTORED 300
#define DHCP6_LEASE_INFINITE UINT32_MAX
#define DHCP6_ACTIONS_MAX    16 /* that one dhcp6_input() can return */

struct dhcp6_range {
	struct ip start, end; /* inclusive, inside the prefix, with the same upper 64 bits */
	uint32_t lease_sec;   /* 0: the default */
};
struct dhcp6_host { /* a static host: by DUID, or without one by the name that the client sends */
	uint8_t duid[DHCP6_DUID_MAX];
	uint8_t duid_len;          /* 0: by name */
	char name[DHCP6_NAME_MAX]; /* "" for none; what follows a dot is ignored */
	struct ip ip;
	uint32_t lease_sec; /* 0: the default */
};

struct dhcp6_config {
	struct ip server; /* our address on the link */
	unsigned prefix;  /* 1..128 */
	struct mac bridge_mac;
	uint8_t duid[DHCP6_DUID_MAX]; /* the server's */
	uint8_t duid_len;
	struct ip dns;                 /* option 23; not set: none */
	char domain[DHCP6_DOMAIN_MAX]; /* option 24 and names in option 39; "" for none */
	uint32_t default_lease_sec;    /* 0: DHCP6_LEASE_DEFAULT */

	struct dhcp6_range *ranges;
	size_t n_ranges;
	struct dhcp6_host *hosts;
	size_t n_hosts;
	struct dhcp4_name *reserved; /* names no client can take */
	size_t n_reserved;
	struct dhcp_rules rules;
};
void dhcp6_config_done(struct dhcp6_config *c); /* frees the arrays, if owned by the caller */

struct dhcp6_binding {
	struct ip ip;
	struct mac mac;
	uint32_t iaid;
	uint8_t duid[DHCP6_DUID_MAX];
	uint8_t duid_len;
	char name[DHCP6_NAME_MAX];
	uint32_t lease_sec; /* as told to the client; DHCP6_LEASE_INFINITE */
	usec_t expires;     /* CLOCK_BOOTTIME, USEC_INFINITY for never */
	uint32_t port;      /* of the bridge, by which its client is reached; 0: not known */
};

/* What the caller must do, in this order. */
struct dhcp6_action {
	enum { DHCP6_SEND, DHCP6_BINDING } kind;
	/* DHCP6_SEND: UDP from port 547 of our link-local address to port 546 */
	struct mac to_mac;
	struct ip to_ip;
	const uint8_t *payload; /* the engine's; valid until the next call */
	size_t n;
	/* DHCP6_BINDING: as in DHCPv4; changes have the same meaning */
	uint64_t token;
	enum dhcp4_change change;
	const struct dhcp6_binding *binding; /* the engine's; valid until the next call */
};

struct dhcp6_dgram {
	const uint8_t *payload; /* of UDP */
	size_t n;
	struct ip src, dst;
	struct mac from; /* Ethernet source */
	uint32_t port;   /* of the bridge, by which it came in; 0 when unknown */
	const char
	    *known_name; /* what the station is called already (DHCPv4); NULL or "" if unknown */
	bool truncated;
};

/* Why a datagram got no answer. Each has a counter of the same name. */
#define DHCP6_DROPS(X)                                                                             \
	X(LONG, "long")                                                                            \
	X(SHORT, "short")         /* less than a header, or an option passes the end */            \
	X(TYPE, "type")           /* not a message from a client to a server */                    \
	X(RELAY, "relay")         /* no relays are configured */                                   \
	X(SOURCE, "source")       /* not a link-local address, or a MAC that can't send */         \
	X(UNICAST, "unicast")     /* to one of our addresses instead of all servers */             \
	X(CLIENT_ID, "client-id") /* missing, twice, or of a length that no DUID has */            \
	X(SERVER_ID, "server-id") /* present or missing against the rules, or twice */             \
	X(OTHER_SERVER, "other-server")                                                            \
	X(OPTION_LENGTH, "option-length")                                                          \
	X(NO_IA, "no-ia")             /* nothing that we serve is asked for */                     \
	X(CANNOT_TELL, "cannot-tell") /* CONFIRM without an address */                             \
	X(GATE_FULL, "gate-full")                                                                  \
	X(CROWD, "crowd") /* never read: its port sends more than can be served */                 \
	X(RATE, "rate")   /* this station changes its bindings too often */                        \
	X(MEMORY, "memory")

/* clang-format off */
enum dhcp6_drop {
	DHCP6_DROP_NONE,
#define X(id, text) DHCP6_DROP_##id,
	DHCP6_DROPS(X)
#undef X
	DHCP6_DROP_N
};
/* clang-format on */

#define DHCP6_EVENTS(X)                                                                            \
	X(RX_SOLICIT, "rx-solicit")                                                                \
	X(RX_REQUEST, "rx-request")                                                                \
	X(RX_CONFIRM, "rx-confirm")                                                                \
	X(RX_RENEW, "rx-renew")                                                                    \
	X(RX_REBIND, "rx-rebind")                                                                  \
	X(RX_RELEASE, "rx-release")                                                                \
	X(RX_DECLINE, "rx-decline")                                                                \
	X(RX_INFORMATION_REQUEST, "rx-information-request")                                        \
	X(TX_ADVERTISE, "tx-advertise")                                                            \
	X(TX_REPLY, "tx-reply")                                                                    \
	X(EXPIRED, "expired")                                                                      \
	X(RECLAIMED, "reclaimed")   /* an expired or released address changed hands */             \
	X(NO_ADDRS, "no-addresses") /* the pool is empty for this client */                        \
	X(QUARANTINED, "quarantined")                                                              \
	X(QUARANTINE_FULL, "quarantine-full")                                                      \
	X(NAME_REFUSED, "name-refused")                                                            \
	X(GATE_LAPSED, "gate-lapsed")                                                              \
	X(UNSTORED, "unstored")                                                                    \
	X(REFUSED, "refused")

/* clang-format off */
enum dhcp6_counter {
#define X(id, text) DHCP6_COUNT_##id,
	DHCP6_EVENTS(X)
#undef X
#define X(id, text) DHCP6_COUNT_DROP_##id,
	DHCP6_DROPS(X)
#undef X
	DHCP6_COUNTER_N
};
/* clang-format on */
/* "tx-reply", "drop-short", … */
const char *dhcp6_counter_name(enum dhcp6_counter c);

struct dhcp6_usage {
	uint32_t pool; /* addresses in the ranges, without static and own ones */
	uint32_t bound, idle, quarantined;
	uint64_t count[DHCP6_COUNTER_N];
};

struct dhcp6; /* the engine; heap */

struct dhcp6 *dhcp6_new(void) mustcheck; /* NULL when out of memory; silent until configured */
void dhcp6_free(struct dhcp6 *s);        /* NULL is fine */

/* Copy and use a configuration; may be repeated on a live engine: bindings stay, and those that no
 * longer fit are replaced when their clients renew. -EINVAL (said in e) or -ENOMEM leave the old
 * one in force. */
int dhcp6_configure(struct dhcp6 *s, const struct dhcp6_config *c, struct err *e) mustcheck;

/* Who else has a name: `taken` is asked before a client gets one (the network's DHCPv4 server
 * knows). NULL: nobody. */
typedef bool dhcp6_name_taken_fn(void *data, const struct mac *mac, const char *name);
void dhcp6_set_name_check(struct dhcp6 *s, dhcp6_name_taken_fn *taken, void *data);
/* Another station than `mac` is called so. */
bool dhcp6_name_taken(const struct dhcp6 *s, const struct mac *mac, const char *name);
/* The station got a name elsewhere (DHCPv4): its bindings without one take it. */
size_t dhcp6_name_station(struct dhcp6 *s, const struct mac *mac, const char *name,
			  struct dhcp6_action *out, size_t cap);

/* A binding from the store, before the first datagram; it gets a full lease_sec from now. -EINVAL,
 * -EEXIST (the address has a binding), -ENOTUNIQ (the client has another one), -ENOSPC, -ENOMEM. */
int dhcp6_restore(struct dhcp6 *s, const struct dhcp6_binding *b, usec_t now) mustcheck;

/* An address that was declined in an earlier life, as dhcp4_restore_declined(). */
void dhcp6_restore_declined(struct dhcp6 *s, const struct dhcp6_binding *b, uint32_t left,
			    usec_t now);

/* Feed one datagram. Writes at most `cap` actions (DHCP6_ACTIONS_MAX are enough). */
size_t dhcp6_input(struct dhcp6 *s, const struct dhcp6_dgram *in, usec_t now,
		   struct dhcp6_action *out, size_t cap);
enum dhcp6_drop dhcp6_last_drop(const struct dhcp6 *s);
/* The caller dropped a datagram before it came here. */
void dhcp6_note_drop(struct dhcp6 *s, enum dhcp6_drop why);

/* The store's answer to a token; the reply leaves with the last one, unless one of its bindings was
 * refused. Returns the number of actions, 0 or 1. */
size_t dhcp6_committed(struct dhcp6 *s, uint64_t token, enum dhcp4_verdict verdict,
		       struct dhcp6_action *out, size_t cap);

/* Give an address up on an administrator's word, one that was declined too. */
size_t dhcp6_release(struct dhcp6 *s, const struct ip *ip, struct dhcp6_action *out, size_t cap);

/* As dhcp4_port_gone(). */
void dhcp6_port_gone(struct dhcp6 *s, uint32_t port, usec_t now);

usec_t dhcp6_deadline(const struct dhcp6 *s);
/* At most `cap` actions; call again while dhcp6_deadline() <= now. */
size_t dhcp6_tick(struct dhcp6 *s, usec_t now, struct dhcp6_action *out, size_t cap);

void dhcp6_get_usage(const struct dhcp6 *s, struct dhcp6_usage *ret);

#endif
