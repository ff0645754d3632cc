/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp-options.h — the options of DHCPv4 and DHCPv6: their numbers, names and types as IANA's
 * registries and RFC 2132 ff. have them, and their values from text to octets.
 *
 * The one table for all who speak of options: definitions name them, the engines know what they
 * read by it, netctl lists it. */
#ifndef BASE_DHCP_OPTIONS_H
#define BASE_DHCP_OPTIONS_H

#include "base/err.h"

#define DHCP_OPTION_VALUE_MAX 1024 /* octets of one value; over 255 it is split (RFC 3396) */

enum dhcp_kind {
	DHCP_HEX, /* octets: "0a:1b" or "0a1b" */
	DHCP_TEXT,
	DHCP_EMPTY, /* the option's presence is all it says */
	DHCP_BOOL,  /* one octet: yes, no */
	DHCP_NUMBER8,
	DHCP_NUMBER16,
	DHCP_NUMBER32,
	DHCP_SIGNED32,
	DHCP_NUMBERS8, /* one or more */
	DHCP_NUMBERS16,
	DHCP_ADDRESS, /* of the option's family */
	DHCP_ADDRESSES,
	DHCP_NAMES,  /* domain names; of DHCPv4 compressed (RFC 3397) */
	DHCP_ROUTES, /* "SUBNET/PREFIX GATEWAY, …" (RFC 3442) */
	DHCP_NTP,    /* addresses or names of time servers in DHCPv6 (RFC 5908) */
	DHCP_KIND_N
};
const char *dhcp_kind_name(enum dhcp_kind k); /* "hex", "number8", … */
/* 0 or -EINVAL. */
int dhcp_kind_parse(const char *name, enum dhcp_kind *ret) mustcheck;

struct dhcp_option {
	uint16_t code;
	const char *name;
	enum dhcp_kind kind;
	const char *dnsmasq; /* what dnsmasq calls it, where that is another name; or NULL */
	const char *owner;   /* what says it in place of a free option; NULL: it is free */
};

/* Of AF_INET or AF_INET6, by rising code. */
const struct dhcp_option *dhcp_options(int family, size_t *ret_n);
/* NULL when there is none. */
const struct dhcp_option *dhcp_option_by_code(int family, unsigned code);
/* By IANA's name; with `dnsmasq` by dnsmasq's as well. */
const struct dhcp_option *dhcp_option_by_name(int family, const char *name, bool dnsmasq);

/* A value's octets out of its text. Several are separated by commas or blanks. The number of
 * octets, or -EINVAL and the reason ("'x' is not an IPv4 address"). */
int dhcp_value_encode(enum dhcp_kind kind, int family, const char *text,
		      uint8_t buf[static DHCP_OPTION_VALUE_MAX], struct err *e) mustcheck;

#endif
