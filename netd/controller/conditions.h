/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conditions.h — what is wrong now, in one table: with which network and object, since when, and
 * what can be done about it. Shown by `netctl status`, told as events, logged once when it comes
 * and once when it goes.
 *
 * A condition is a state, not an event: whoever finds it raises it, as often as it likes, and
 * clears it when it is over. Its key is (network, kind, object); raising a key that is there
 * already changes no more than its text. Memory is bounded by CONDITIONS_MAX. Only from the loop
 * thread. */
#ifndef NETD_CONDITIONS_H
#define NETD_CONDITIONS_H

#include "base/clock.h"
#include "base/table.h"
#include "netd/controller/registry.h"
#include "rpc/protocol.h"

#include <jansson.h>

#define CONDITIONS_MAX       1024 /* more are counted, and not kept */
#define CONDITION_OBJECT_MAX 64
#define CONDITION_TEXT_MAX   256

/* Each has a row in conditions.c: its name, and what to do. */
enum condition_kind {
	CONDITION_RULES_BLOCKED,   /* another's rules drop guests' traffic; object: their chain */
	CONDITION_SERVICE_BLOCKED, /* … or what guests ask the host for; object: their chain */
	CONDITION_SUBNET_CONFLICT, /* object: our subnet */
	CONDITION_FORWARDING_OFF,  /* object: ipv4 or ipv6 */
	CONDITION_PORT_MTU,        /* less than the network's; object: the port */
	CONDITION_REPAIR_LOOP,     /* undone again and again; object: what */
	CONDITION_SERVICE_DOWN,    /* object: dhcp, dns, files */
	CONDITION_LEASES_NOT_KEPT, /* the store fails; object: the file */
	CONDITION_UPLINK_MISSING,  /* object: the interface */
	CONDITION_BANDWIDTH,    /* is not limited as wanted; object: inbound, outbound, or a port */
	CONDITION_ROGUE_SERVER, /* a guest plays server; object: the port and what it plays */
	CONDITION_NOT_REPAIRED, /* the kernel refuses what is wanted; object: what */
	CONDITION_ZONE_MISSING, /* firewalld has no zone for a bridge; object: the bridge */
	CONDITION_OWN_RULES,    /* can't be read; object: their file below /etc/netd */
	CONDITION_NAMES_NOT_REGISTERED, /* with the host; object: the domain */
	CONDITION_NO_RESOLVERS, /* of the host; object: the file that should name them */
	CONDITION_DNS_REDIRECTED, /* port 53 is another's; object: 53 */
	CONDITION_ZONE_FILE,            /* can't be read; object: the file */
	CONDITION_KINDS,
};

struct condition {
	struct table_node by_key;
	struct list in_order; /* of coming */
	enum condition_kind kind;
	uint32_t net_id; /* 0: the host as a whole */
	char network[RPC_NAME_MAX + 1];
	struct uuid uuid; /* of the network */
	char object[CONDITION_OBJECT_MAX];
	char text[CONDITION_TEXT_MAX]; /* what is wrong and why, in one line */
	usec_t since;                  /* wall clock */
	uint8_t key[8 + CONDITION_OBJECT_MAX];
};

struct conditions; /* heap */

/* Told of each one that comes (`raised`) or goes; may be NULL. */
typedef void condition_told_fn(void *data, const struct condition *k, bool raised);
/* NULL without memory. */
struct conditions *conditions_new(condition_told_fn *told, void *data) mustcheck;
void conditions_free(struct conditions *cs);

/* In all of these `cs` may be NULL: then nothing happens. `n` NULL: the host as a whole. `object`
 * is copied, and cut. */

void conditions_raise(struct conditions *cs, const struct net *n, enum condition_kind kind,
		      const char *object, const char *fmt, ...) printflike(5, 6);
/* Nothing happens when it isn't there. `object` NULL: whatever is known of that kind. */
void conditions_clear(struct conditions *cs, const struct net *n, enum condition_kind kind,
		      const char *object);
bool conditions_is_raised(const struct conditions *cs, const struct net *n,
			  enum condition_kind kind, const char *object);
/* The network has stopped or is gone: so is all that was wrong with it. */
void conditions_forget(struct conditions *cs, const struct net *n);

const char *condition_kind_name(enum condition_kind kind); /* "port-mtu" */
const char *condition_to_do(enum condition_kind kind);
/* In the order of their coming: start with NULL, NULL ends. */
const struct condition *conditions_next(const struct conditions *cs, const struct condition *k);
/* An array of {network: name or null, kind, object, since: "2026-11-20T17:00:00Z", text, to-do}. */
json_t *conditions_json(const struct conditions *cs);

#endif
