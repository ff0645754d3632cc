/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-zone-text.h — records from the text of a zone file (RFC 1035 §5), read by ldns.
 *
 * A module of its own (netd/service/service-zone.c loads it when a network has such a file),
 * because ldns comes with libcrypto. The file is an administrator's: its records are trusted, its
 * syntax isn't. */
#ifndef DNS_DNS_ZONE_TEXT_H
#define DNS_DNS_ZONE_TEXT_H

#include "dns/dns.h"

#define DNS_ZONE_TEXT_MAX    (1024 * 1024) /* octets */
#define DNS_ZONE_RECORDS_MAX 60000

/* Told of what is left out; the text is for one call only. */
typedef void dns_zone_doubt_fn(void *data, const char *text);

/* Add the records of `text` to `c`, whose domain is the origin: names are below it. $ORIGIN and
 * $TTL are known; $INCLUDE is refused, as are names elsewhere, classes but IN, and an alias beside
 * anything else of its name, in `c` too. What the server says by itself or can't do (SOA, NS,
 * DNAME, DNSSEC) is left out, and `doubt` (NULL: nobody) told. After a failure *e names `file` and
 * the line, and `c` holds some of the records: it is of no use. */
typedef int dns_zone_text_fn(struct dns_config *c, const char *file, const char *text, size_t n,
			     dns_zone_doubt_fn *doubt, void *data, struct err *e);
__attribute__((visibility("default"))) mustcheck dns_zone_text_fn dns_zone_text_add;
#define DNS_ZONE_TEXT_SYMBOL "dns_zone_text_add"
#define DNS_ZONE_TEXT_MODULE "netd-zone.so" /* beside the programs */

#endif
