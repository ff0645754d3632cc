/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-zone.h — what the server knows by itself: records by name, from the configuration and from
 * leases.
 *
 * Nodes exist for every name with records and for all names above it (empty non-terminals, RFC
 * 8020), so that "the name exists" is one lookup. Where the configuration gives a name an address,
 * leases of that name are kept but not answered: no guest takes over another's name by asking for
 * it. */
#ifndef DNS_DNS_ZONE_H
#define DNS_DNS_ZONE_H

#include "base/clock.h"
#include "base/list.h"
#include "base/table.h"
#include "dns/dns-name.h"
#include "dns/dns.h"

#define DNS_LOCAL_TTL_SEC 60 /* names of the configuration that don't say another */
#define DNS_RRSET_MAX     64 /* records of one name and type that are answered */

struct dns_node {
	struct table_node table;
	struct dns_node *parent; /* NULL below the root */
	struct list records;
	unsigned children;
	bool fixed; /* the configuration gives it an address, or an alias */
	uint8_t n;
	uint8_t key[];
};

struct dns_record {
	struct list link;
	struct dns_node *node;
	usec_t expires; /* of a lease; USEC_INFINITY otherwise */
	bool lease;
	uint16_t type;
	uint16_t n;
	uint32_t ttl_sec; /* of the configuration's */
	uint8_t rdata[];  /* wire form, names not compressed */
};

struct dns_zone {
	struct table nodes;
	uint32_t serial;
};

void dns_zone_init(struct dns_zone *z);
void dns_zone_done(struct dns_zone *z);

/* Add one record; a second equal one of the configuration is swallowed (then *ret is NULL). Newer
 * leases stand before older ones. The record stays the zone's. 0 or -ENOMEM. */
int dns_zone_add(struct dns_zone *z, const struct dns_name *key, uint16_t type, const void *rdata,
		 size_t n, bool lease, usec_t expires, struct dns_record **ret) mustcheck;
void dns_zone_remove(struct dns_zone *z, struct dns_record *r);

/* A, AAAA and PTR from plain values. */
int dns_zone_add_address(struct dns_zone *z, const struct dns_name *key, const struct ip *ip,
			 bool lease, usec_t expires, struct dns_record **ret) mustcheck;
int dns_zone_add_ptr(struct dns_zone *z, const struct ip *ip, const struct dns_name *target,
		     bool lease, usec_t expires, struct dns_record **ret) mustcheck;

struct dns_node *dns_zone_find(const struct dns_zone *z, const struct dns_name *key);
/* The wildcard that stands for a name that does not exist (RFC 4592 §3.3.1); NULL: none. */
struct dns_node *dns_zone_find_wildcard(const struct dns_zone *z, const struct dns_name *key);
/* The records of `type` to answer with, at most DNS_RRSET_MAX: all of the configuration, or the
 * newest lease. */
size_t dns_node_select(const struct dns_node *node, uint16_t type, usec_t now,
		       const struct dns_record *ret[static DNS_RRSET_MAX]);
/* The name has an address of either family. */
bool dns_node_has_address(const struct dns_node *node, usec_t now);
/* The type of the first record that is answered; 0: none. */
uint16_t dns_node_first_type(const struct dns_node *node, usec_t now);

/* Lease names: each is known alone, below `domain` (NULL: none), and by its address. */
struct dns_lease {
	struct table_node table; /* key: id */
	struct list link;        /* oldest first */
	struct dns_name label;   /* the part before the domain, lower case */
	struct ip ip;
	usec_t expires;
	struct dns_record *record[3];
	uint8_t id_n;
	uint8_t id[DNS_LABEL_MAX + 2 + 17];
};
struct dns_leases {
	struct table by_id;
	struct list all;
};
#define DNS_LEASES_MAX 65536

void dns_leases_init(struct dns_leases *l);
void dns_leases_done(struct dns_leases *l); /* the records are the zone's, and stay */
int dns_leases_add(struct dns_leases *l, struct dns_zone *z, const struct dns_name *domain,
		   const struct dns_name *label, const struct ip *ip, usec_t expires) mustcheck;
void dns_leases_remove(struct dns_leases *l, struct dns_zone *z, const struct dns_name *label,
		       const struct ip *ip);

#endif
