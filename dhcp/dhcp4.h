/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4.h — the DHCPv4 and BOOTP server of one network (RFC 2131, 2132, 951, 1534) as an engine
 * without I/O: datagrams and time in, actions out.
 *
 * Words. A *binding* ties an address to a client; a client is a MAC address, unless the network's
 * policy says otherwise (its client identifier is kept and echoed, RFC 6842, but one NIC has one
 * address however many identifiers its firmware, boot loader and system use). An *offer* is a soft
 * reservation in memory for DHCP4_OFFER_SEC: the first REQUEST wins. A reply that makes, moves or
 * renames a binding is *gated*: it leaves when dhcp4_committed() says that the binding is stored. A
 * mere extension is answered at once.
 *
 * Addresses are host order. `now` is CLOCK_BOOTTIME in microseconds and must not go backwards.
 * Nothing here blocks, logs or asks a clock; memory grows with the number of clients (bounded by
 * the pool), not per packet. Not thread safe. Datagrams are hostile: no input can make the engine
 * fail. */
#ifndef DHCP_DHCP4_H
#define DHCP_DHCP4_H

#include "base/addr.h"
#include "base/clock.h"
#include "base/err.h"
#include "dhcp/dhcp-rules.h"

#define DHCP4_NAME_MAX      64 /* one label and its end; lower case, letters, digits, '-' and '_' */
#define DHCP4_CLIENT_ID_MAX 255
#define DHCP4_DOMAIN_MAX    254
#define DHCP4_BOOT_FILE_MAX 128 /* BOOTP's field, with its end */
#define DHCP4_RANGES_MAX    64
#define DHCP4_HOSTS_MAX     65536
#define DHCP4_RESERVED_MAX  4096
#define DHCP4_LINKS_MAX     64
#define DHCP4_POOL_MAX      (1u << 24) /* addresses in all ranges */
#define DHCP4_PAYLOAD_MAX   1472       /* octets of UDP payload, both ways */
#define DHCP4_OFFER_SEC     60
#define DHCP4_GATE_SEC                                                                             \
	10 /* a gated reply nobody released by then is dropped: the client asks again */
#define DHCP4_GATED_MAX      1184 /* replies that wait, 1036 of them for one port */
#define DHCP4_LEASE_MIN_SEC  120  /* what a client may ask for at least */
#define DHCP4_LEASE_DEFAULT  3600
#define DHCP4_LEASE_UNSTORED 300 /* given when the store has failed */
#define DHCP4_LEASE_INFINITE UINT32_MAX
#define DHCP4_ACTIONS_MAX    4 /* that one dhcp4_input() can return */

enum dhcp4_identity { /* what tells one client from another */
		      DHCP4_BY_MAC,
		      DHCP4_BY_CLIENT_ID, /* RFC 2131 §4.2; without one, by MAC */
		      DHCP4_BY_BOTH,      /* each identifier of each MAC is a client of its own */
};

struct dhcp4_range {
	uint32_t start, end; /* inclusive, inside the prefix */
	uint32_t lease_sec;  /* 0: the default */
};
struct dhcp4_host { /* a static host: by MAC, or without one by the name that the client sends */
	bool has_mac;
	struct mac mac;
	char name[DHCP4_NAME_MAX]; /* "" for none; what follows a dot is ignored */
	uint32_t ip;               /* 0: only the name is fixed */
	uint32_t lease_sec;        /* 0: the default */
};
struct dhcp4_name {
	char s[DHCP4_NAME_MAX];
};

struct dhcp4_config {
	uint32_t server; /* our address: server identifier and, if boot_file is set, TFTP server */
	unsigned prefix; /* 1..31 */
	/* Of a link behind a relay (dhcp4-relay.h), whose `subnet` isn't that of `server`; else 0.
	 */
	uint32_t subnet; /* any address of it */
	uint32_t relay;  /* giaddr: where replies go */
	uint32_t via;    /* the relay's address on our own link: what it may send from, too */
	uint32_t links;  /* not the engine's business: how many links behind relays there are */
	enum dhcp4_identity identity;
	struct mac bridge_mac;               /* our own; a client that claims it is dropped */
	uint32_t router;                     /* 0: no option 3 (isolated network) */
	uint32_t dns;                        /* 0: no option 6 */
	char domain[DHCP4_DOMAIN_MAX];       /* option 15; "" for none */
	uint32_t mtu;                        /* option 26; 0 for none */
	uint32_t default_lease_sec;          /* 0: DHCP4_LEASE_DEFAULT */
	char boot_file[DHCP4_BOOT_FILE_MAX]; /* "" for none */
	uint32_t next_server;                /* siaddr; 0: `server` */
	bool http;                           /* boot files of ours are given by HTTP, too */
	bool rapid_commit;                   /* RFC 4039: for clients that ask for it */
	bool authoritative; /* the only DHCP server of its link: unknown clients are NAKed, not
			       ignored */

	struct dhcp4_range *ranges; /* none: static hosts only, others get silence */
	size_t n_ranges;
	struct dhcp4_host *hosts;
	size_t n_hosts;
	struct dhcp4_name
	    *reserved; /* names no client can take: the gateway's, those of <dns><host> */
	size_t n_reserved;
	struct dhcp_rules rules;
};
void dhcp4_config_done(struct dhcp4_config *c); /* frees the arrays, if owned by the caller */

struct dhcp4_binding {
	uint32_t ip;
	struct mac
	    mac; /* directly before the client identifier: dhcp4-pool.c finds both by one key */
	uint8_t client_id[DHCP4_CLIENT_ID_MAX];
	uint8_t client_id_len; /* 0: none was sent */
	char name[DHCP4_NAME_MAX];
	uint32_t lease_sec; /* as told to the client; DHCP4_LEASE_INFINITE */
	usec_t expires;     /* CLOCK_BOOTTIME, USEC_INFINITY for never */
	uint32_t port;      /* of the bridge, by which its client is reached; 0: not known */
};

enum dhcp4_change {
	DHCP4_GRANT,   /* new, or moved here: a RELEASE of the old address comes before it */
	DHCP4_EXTEND,  /* same client, same address, later end */
	DHCP4_RENAME,  /* other name or other client identifier */
	DHCP4_RELEASE, /* by the client, or because it moved */
	DHCP4_DECLINE, /* the client found the address in use; it is not given to anybody for
			  lease_sec, until `expires` */
	DHCP4_EXPIRE,
};
const char *dhcp4_change_name(enum dhcp4_change c);

/* What became of a binding that waited for the store. */
enum dhcp4_verdict {
	DHCP4_UNSTORED, /* not stored, and served all the same: for DHCP4_LEASE_UNSTORED at most */
	DHCP4_STORED,   /* the reply leaves */
	DHCP4_REFUSED,  /* a new client gets no answer and no binding; one that renews its own does
			 */
	DHCP4_VERDICT_N
};

/* What the caller must do, in this order. */
struct dhcp4_action {
	enum { DHCP4_SEND, DHCP4_BINDING } kind;
	/* DHCP4_SEND: UDP from port 67 of our address to port 68 */
	bool routed;            /* not on our link: the kernel finds the way, to_mac is not set */
	uint16_t to_port;       /* 68, or 67 of a relay */
	struct mac to_mac;      /* the Ethernet destination */
	uint32_t to_ip;         /* the IPv4 destination, may be 255.255.255.255 */
	const uint8_t *payload; /* the engine's; valid until the next call */
	size_t n;
	/* DHCP4_BINDING: make it known and durable. token 0: nobody waits; else dhcp4_committed()
	 * must follow */
	uint64_t token;
	enum dhcp4_change change;
	const struct dhcp4_binding *binding; /* the engine's; valid until the next call */
};

struct dhcp4_dgram {
	const uint8_t *payload; /* of UDP */
	size_t n;
	uint32_t src, dst;      /* dst 0 when unknown */
	const struct mac *from; /* Ethernet source, NULL when unknown; must then equal chaddr */
	uint32_t port;          /* of the bridge, by which it came in; 0 when unknown */
	bool truncated;         /* longer than the caller's buffer */
};

/* Why a datagram got no answer. Each has a counter of the same name, see dhcp4_counter_name(). */
#define DHCP4_DROPS(X)                                                                             \
	X(LONG, "long")   /* truncated or more than DHCP4_PAYLOAD_MAX */                           \
	X(SHORT, "short") /* less than the fixed part, or an option passes the end */              \
	X(OP, "op")       /* not a BOOTREQUEST: a rogue server, or rubbish */                      \
	X(COOKIE, "cookie")                                                                        \
	X(HARDWARE, "hardware") /* not Ethernet */                                                 \
	X(CHADDR, "chaddr")     /* zero, multicast, or the bridge's own */                         \
	X(SPOOFED, "spoofed")   /* chaddr isn't the sender of the frame */                         \
	X(HOPS, "hops")                                                                            \
	X(RELAY, "relay") /* giaddr or option 82, not from a relay that is configured */           \
	X(OPTION_LENGTH, "option-length")                                                          \
	X(TYPE, "type") /* not a message to a server */                                            \
	X(BOOTP_UNKNOWN, "bootp-unknown")                                                          \
	X(NO_ADDRESS, "no-address") /* the message lacks the address it is about */                \
	X(OTHER_SERVER, "other-server")                                                            \
	X(UNKNOWN_CLIENT, "unknown-client") /* no range and no static host for it */               \
	X(NOT_HELD, "not-held")     /* RELEASE or DECLINE of what the client doesn't hold */       \
	X(SOURCE, "source")         /* IPv4 source doesn't fit the message */                      \
	X(OTHER_PORT, "other-port") /* RELEASE or DECLINE from another port than the client's */   \
	X(SHARE, "share")           /* its port has as many addresses as it can leave to others */ \
	X(POOL_EMPTY, "pool-empty")                                                                \
	X(GATE_FULL, "gate-full") /* too many replies wait for the store */                        \
	X(CROWD, "crowd")         /* never read: its port sends more than can be served */         \
	X(RATE, "rate")           /* this client changes its binding too often */                  \
	X(NAK_RATE, "nak-rate")                                                                    \
	X(MEMORY, "memory")

/* clang-format off */
enum dhcp4_drop {
	DHCP4_DROP_NONE,
#define X(id, text) DHCP4_DROP_##id,
	DHCP4_DROPS(X)
#undef X
	DHCP4_DROP_N
};
/* clang-format on */

#define DHCP4_EVENTS(X)                                                                            \
	X(RX_BOOTP, "rx-bootp")                                                                    \
	X(RX_DISCOVER, "rx-discover")                                                              \
	X(RX_REQUEST, "rx-request")                                                                \
	X(RX_DECLINE, "rx-decline")                                                                \
	X(RX_RELEASE, "rx-release")                                                                \
	X(RX_INFORM, "rx-inform")                                                                  \
	X(TX_BOOTP, "tx-bootp")                                                                    \
	X(TX_OFFER, "tx-offer")                                                                    \
	X(TX_ACK, "tx-ack")                                                                        \
	X(TX_NAK, "tx-nak")                                                                        \
	X(EXPIRED, "expired")                                                                      \
	X(OFFER_LAPSED, "offer-lapsed")                                                            \
	X(OFFER_TAKEN, "offer-taken") /* an offer gave way: the pool was full */                   \
	X(RECLAIMED, "reclaimed")     /* an expired or released address changed hands */           \
	X(QUARANTINED, "quarantined")                                                              \
	X(QUARANTINE_FULL, "quarantine-full") /* a DECLINE over the caps: freed instead */         \
	X(NAME_REFUSED, "name-refused")                                                            \
	X(GATE_LAPSED, "gate-lapsed") /* the store didn't answer in time */                        \
	X(UNSTORED, "unstored")       /* served though the store failed */                         \
	X(REFUSED, "refused")         /* not served because it did */

/* clang-format off */
enum dhcp4_counter {
#define X(id, text) DHCP4_COUNT_##id,
	DHCP4_EVENTS(X)
#undef X
#define X(id, text) DHCP4_COUNT_DROP_##id,
	DHCP4_DROPS(X)
#undef X
	DHCP4_COUNTER_N
};
/* "tx-ack", "drop-short", … */
const char *dhcp4_counter_name(enum dhcp4_counter c);

struct dhcp4_usage {   /* addresses by state, and the counters since dhcp4_new() */
	uint32_t pool; /* in the ranges, without static and own ones */
	uint32_t bound, offered, released, expired, quarantined;
	uint64_t count[DHCP4_COUNTER_N];
};

struct dhcp4; /* the engine; heap */

struct dhcp4 *dhcp4_new(void) mustcheck; /* NULL when out of memory; silent until configured */
void dhcp4_free(struct dhcp4 *s);        /* NULL is fine */

/* Copy and use a configuration; may be repeated on a live engine. Bindings stay; one that no longer
 * fits is NAKed when its client renews. -EINVAL (a bound broken, said in e) or -ENOMEM leave the
 * old one in force. */
int dhcp4_configure(struct dhcp4 *s, const struct dhcp4_config *c, usec_t now, struct err *e)
    mustcheck;

/* A binding from the store, after dhcp4_configure() and before the first datagram. `expires` is not
 * looked at: the last extension may not have reached the store, so the client keeps its address for a
 * full lease_sec from now. -EINVAL (not an address of this network, or not a client's MAC), -EEXIST (the
 * address has a binding), -ENOTUNIQ (the client has another one), -ENOSPC, -ENOMEM. */
int dhcp4_restore(struct dhcp4 *s, const struct dhcp4_binding *b, usec_t now) mustcheck;

/* An address that was declined in an earlier life (DHCP4_DECLINE): it stays out of service for what is
 * left of b->lease_sec, `left` seconds. When there is no place for it nothing happens. */
void dhcp4_restore_declined(struct dhcp4 *s, const struct dhcp4_binding *b, uint32_t left,
			    usec_t now);

/* Who else has a name: `taken` is asked before a client gets one (the network's DHCPv6 server knows).
 * NULL: nobody. */
typedef bool dhcp4_name_taken_fn(void *data, const struct mac *mac, const char *name);
void dhcp4_set_name_check(struct dhcp4 *s, dhcp4_name_taken_fn *taken, void *data);
/* What a client is called that sends no name: `known` says it, "" for nothing. NULL: nobody is asked. */
typedef const char *dhcp4_known_name_fn(void *data, const struct mac *mac);
void dhcp4_set_known_names(struct dhcp4 *s, dhcp4_known_name_fn *known, void *data);
/* What the machine with this MAC is called: by its binding, or as a static host; "" if by neither. */
const char *dhcp4_name_of(const struct dhcp4 *s, const struct mac *mac);
/* Another machine than `mac` is called so. */
bool dhcp4_name_taken(const struct dhcp4 *s, const struct mac *mac, const char *name);

/* Feed one datagram. Writes at most `cap` actions (DHCP4_ACTIONS_MAX are enough), returns how many.
 */
size_t dhcp4_input(struct dhcp4 *s, const struct dhcp4_dgram *in, usec_t now,
		   struct dhcp4_action *out, size_t cap);
/* The verdict on the last datagram. */
enum dhcp4_drop dhcp4_last_drop(const struct dhcp4 *s);
/* The caller dropped a datagram before it came here. */
void dhcp4_note_drop(struct dhcp4 *s, enum dhcp4_drop why);

/* The store's answer to a token. Unknown and outdated tokens are ignored. Returns the number of
 * actions, 0 or 1. */
size_t dhcp4_committed(struct dhcp4 *s, uint64_t token, enum dhcp4_verdict verdict, usec_t now,
		       struct dhcp4_action *out, size_t cap);

/* Give an address up on an administrator's word, one that was declined too. Returns the number of
 * actions, 0 if nobody holds it. */
size_t dhcp4_release(struct dhcp4 *s, uint32_t ip, usec_t now, struct dhcp4_action *out,
		     size_t cap);

/* The port is no more: its leases end within DHCP_PORT_GRACE_SEC unless their clients come back by
 * another one, which they may now. */
void dhcp4_port_gone(struct dhcp4 *s, uint32_t port, usec_t now);

/* Give all bindings up, `cap` at once: call it until it returns 0. Declined addresses and offers are
 * forgotten. */
size_t dhcp4_release_all(struct dhcp4 *s, usec_t now, struct dhcp4_action *out, size_t cap);

/* The earliest time at which dhcp4_tick() has work; USEC_INFINITY if none. */
usec_t dhcp4_deadline(const struct dhcp4 *s);
/* At most `cap` actions; call again while dhcp4_deadline() <= now. */
size_t dhcp4_tick(struct dhcp4 *s, usec_t now, struct dhcp4_action *out, size_t cap);

void dhcp4_get_usage(const struct dhcp4 *s, struct dhcp4_usage *ret);

#endif
