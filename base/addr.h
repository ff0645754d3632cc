/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addr.h — MAC addresses, IPv4 and IPv6 addresses, prefixes, UUIDs: parse, format, compare.
 *
 * IPv4 addresses are uint32_t in host order everywhere in memory (10.0.0.1 is 0x0a000001), so that
 * ranges are plain arithmetic; the cursor puts them in wire order. */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include "base/util.h"

#include <netinet/in.h>

struct mac {
	uint8_t b[6];
};
#define MAC_TEXT_MAX  18
#define IP_TEXT_MAX   46
#define UUID_TEXT_MAX 37

/* "52:54:00:12:34:56", hex of either case, one or two digits a group. Returns 0 or -EINVAL. */
int mac_parse(const char *text, struct mac *ret) mustcheck;
const char *mac_format(const struct mac *m, char buf[static MAC_TEXT_MAX]);
bool mac_equal(const struct mac *a, const struct mac *b);
bool mac_is_zero(const struct mac *m);
bool mac_is_multicast(const struct mac *m); /* includes broadcast */
/* 52:54:00 followed by three random octets: QEMU's and libvirt's range. */
struct mac mac_random(void);

/* An address of either family, or none. */
struct ip {
	int family; /* AF_INET, AF_INET6 or AF_UNSPEC (0) for "not given" */
	union {
		uint32_t v4; /* host order */
		uint8_t v6[16];
	};
};

/* Full dotted quad or IPv6 text, no prefix, no scope. Returns 0 or -EINVAL. Short IPv4 forms such
 * as "10.1" are refused: they never mean what their writer thinks. */
int ip_parse(const char *text, struct ip *ret) mustcheck;
const char *ip_format(const struct ip *a, char buf[static IP_TEXT_MAX]);
/* Order: family, then numerically. */
int ip_compare(const struct ip *a, const struct ip *b);
bool ip_equal(const struct ip *a, const struct ip *b);
bool ip_is_set(const struct ip *a);
struct ip ip_from_v4(uint32_t host_order);
const char *ip4_format(uint32_t host_order, char buf[static IP_TEXT_MAX]);
int ip4_parse(const char *text, uint32_t *ret) mustcheck;

/* 0..32 -> mask in host order. */
uint32_t ip4_mask(unsigned prefix);
/* The prefix length of a contiguous mask, or -EINVAL. */
int ip4_mask_prefix(uint32_t mask);
/* `a` with all bits after `prefix` cleared. */
struct ip ip_network(const struct ip *a, unsigned prefix);
bool ip_is_loopback(const struct ip *a); /* 127.0.0.0/8, ::1 */
bool ip_in_prefix(const struct ip *a, const struct ip *net, unsigned prefix);
/* Both prefixes share at least one address. False for different families. */
bool ip_prefix_overlap(const struct ip *a, unsigned a_prefix, const struct ip *b,
		       unsigned b_prefix);

struct uuid {
	uint8_t b[16];
};
/* 32 hex digits, dashes and blanks anywhere between them ignored, as libvirt does. 0 or -EINVAL. */
int uuid_parse(const char *text, struct uuid *ret) mustcheck;
const char *uuid_format(const struct uuid *u, char buf[static UUID_TEXT_MAX]);
bool uuid_equal(const struct uuid *a, const struct uuid *b);
bool uuid_is_zero(const struct uuid *u);
struct uuid uuid_random(void); /* RFC 9562 version 4 */

#endif
