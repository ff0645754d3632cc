/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-show.h — messages in the words of zone files (RFC 1035 §5.1, RFC 3597 §5), for people.
 *
 * All text is printable ASCII, whatever the octets. Data of types that aren't known here, or that
 * isn't what its type says, is shown as \# and hexadecimal digits. */
#ifndef DNS_DNS_SHOW_H
#define DNS_DNS_SHOW_H

#include "base/text.h"
#include "base/util.h"

#define DNS_TYPE_TEXT_MAX 12   /* "TYPE65535" and its NUL */
#define DNS_DATA_TEXT_MAX 2048 /* characters of a record's data; what is longer ends in "..." */

/* "AAAA", or "TYPE65280". */
const char *dns_type_name(uint16_t type, char buf[static DNS_TYPE_TEXT_MAX]);
/* Whatever the case. 0 or -EINVAL. */
int dns_type_parse(const char *text, uint16_t *ret) mustcheck;
bool dns_is_name(const char *text);
/* "NXDOMAIN"; NULL for one without a name. */
const char *dns_rcode_name(unsigned rcode);

enum dns_section { DNS_ANSWER = 1, DNS_AUTHORITY = 2, DNS_ADDITIONAL = 3 };
struct dns_shown {
	enum dns_section section;
	const char *name;
	uint16_t type;
	uint32_t ttl_sec;
	const char *data;
};
struct dns_shown_flags {
	bool aa, tc, ad;
	unsigned counts[4];
};
/* Walk the records of a message, OPT left out, while `visit` returns true. False when the message
 * is cut or malformed, or memory is short; what came before that was visited. */
typedef bool dns_shown_fn(void *data, const struct dns_shown *r);
bool dns_show_message(const uint8_t *bytes, size_t n, struct dns_shown_flags *ret,
		      dns_shown_fn *visit, void *data);

#endif
