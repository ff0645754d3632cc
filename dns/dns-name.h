/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-name.h — domain names (RFC 1035 §3.1, §4.1.4): wire form, text form, comparison.
 *
 * A struct dns_name is always a whole name in uncompressed wire form: labels of 1..63 octets, the
 * root label last, at most 255 octets. Octets are binary; only A-Z and a-z are the same (RFC 4343).
 * A *key* is a name in lower case, compared octet by octet. */
#ifndef DNS_DNS_NAME_H
#define DNS_DNS_NAME_H

#include "base/addr.h"
#include "base/cursor.h"

#define DNS_NAME_MAX   255
#define DNS_LABEL_MAX  63
#define DNS_LABELS_MAX 127

struct dns_name {
	uint8_t n;      /* octets of wire, 1..255 */
	uint8_t labels; /* without the root, 0..127 */
	uint8_t wire[DNS_NAME_MAX];
};

/* Read a name at r inside the message `msg`. A pointer must lead to an octet before the part of the
 * name that holds it and behind the header, so that no name can loop. False, and r->bad, for what
 * is no name. */
bool dns_name_read(struct rd *r, const uint8_t *msg, size_t msg_n, struct dns_name *ret) mustcheck;

/* Text form, trailing dot optional, \DDD and \X escapes; "" and "." are the root. 0 or -EINVAL. */
int dns_name_parse(const char *text, struct dns_name *ret) mustcheck;
/* Without trailing dot, the root is "."; octets other than printable ASCII as \DDD, dots inside a
 * label as \. */
const char *dns_name_text(const struct dns_name *name, char *buf, size_t cap);

void dns_name_lower(struct dns_name *name);
/* Give each letter the case that the next bit of `bits` says, over and over; 0 changes nothing. */
void dns_name_mix_case(struct dns_name *name, uint64_t bits);
bool dns_name_equal(const struct dns_name *a, const struct dns_name *b); /* whatever the case */
/* Both keys: `name` is `apex` or below it. */
bool dns_name_is_below(const struct dns_name *name, const struct dns_name *apex);
/* The part of `name` without its first `skip` labels. */
struct dns_name dns_name_suffix(const struct dns_name *name, unsigned skip);
/* Octets of wire before the label with index `label`. */
size_t dns_name_offset(const struct dns_name *name, unsigned label);
/* name.suffix; -EINVAL if too long. */
int dns_name_append(struct dns_name *name, const struct dns_name *suffix) mustcheck;

/* in-addr.arpa and ip6.arpa name of the first `bits` bits of an address; bits is a multiple of 8
 * (IPv4) or 4 (IPv6). */
struct dns_name dns_name_reverse(const struct ip *ip, unsigned bits);

/* Upper to lower case for one octet. */
static inline uint8_t dns_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

#endif
