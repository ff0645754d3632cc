/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp6-options.h — the bytes of a DHCPv6 message (RFC 8415 §8, §21): whole messages decoded into a
 * struct, replies written option by option. Knows the format, not what a server does with it. */
#ifndef DHCP_DHCP6_OPTIONS_H
#define DHCP_DHCP6_OPTIONS_H

#include "base/cursor.h"
#include "dhcp/dhcp6.h"

enum dhcp6_type {
	DHCP6_TYPE_SOLICIT = 1,
	DHCP6_TYPE_ADVERTISE,
	DHCP6_TYPE_REQUEST,
	DHCP6_TYPE_CONFIRM,
	DHCP6_TYPE_RENEW,
	DHCP6_TYPE_REBIND,
	DHCP6_TYPE_REPLY,
	DHCP6_TYPE_RELEASE,
	DHCP6_TYPE_DECLINE,
	DHCP6_TYPE_RECONFIGURE,
	DHCP6_TYPE_INFORMATION_REQUEST,
	DHCP6_TYPE_RELAY_FORW,
	DHCP6_TYPE_RELAY_REPL,
};

enum { /* option codes, their names are in base/dhcp-options.h */
       DHCP6_OPT_CLIENT_ID = 1,
       DHCP6_OPT_SERVER_ID = 2,
       DHCP6_OPT_IA_NA = 3,
       DHCP6_OPT_IA_TA = 4,
       DHCP6_OPT_IA_ADDRESS = 5,
       DHCP6_OPT_ORO = 6,
       DHCP6_OPT_PREFERENCE = 7,
       DHCP6_OPT_RELAY_MESSAGE = 9,
       DHCP6_OPT_STATUS = 13,
       DHCP6_OPT_RAPID_COMMIT = 14,
       DHCP6_OPT_USER_CLASS = 15,
       DHCP6_OPT_VENDOR_CLASS = 16,
       DHCP6_OPT_DNS = 23,
       DHCP6_OPT_DOMAIN_LIST = 24,
       DHCP6_OPT_IA_PD = 25,
       DHCP6_OPT_IA_PREFIX = 26,
       DHCP6_OPT_REFRESH_TIME = 32,
       DHCP6_OPT_FQDN = 39,
       DHCP6_OPT_BOOT_URL = 59,
       DHCP6_OPT_BOOT_PARAM = 60,
       DHCP6_OPT_ARCH = 61,
       DHCP6_OPT_N = 64, /* larger codes are skipped */
};

enum dhcp6_status {
	DHCP6_STATUS_SUCCESS = 0,
	DHCP6_STATUS_NO_ADDRS = 2,
	DHCP6_STATUS_NO_BINDING = 3,
	DHCP6_STATUS_NOT_ON_LINK = 4,
	DHCP6_STATUS_USE_MULTICAST = 5,
	DHCP6_STATUS_NO_PREFIX = 6,
};

struct dhcp6_span {
	const uint8_t *p; /* NULL: the option is absent */
	uint16_t n;
};

#define DHCP6_IA_ADDRESSES_MAX 4 /* of one IA; further ones are not looked at */

struct dhcp6_ia {
	uint32_t iaid;
	struct {
		struct ip ip;
		uint32_t preferred, valid;
	} address[DHCP6_IA_ADDRESSES_MAX];
	size_t n;
};
struct dhcp6_other_ia { /* of a kind that is not served */
	uint16_t code;
	uint32_t iaid;
};

/* One decoded request. Spans point into the datagram. */
struct dhcp6_message {
	uint8_t type;
	uint32_t xid; /* 24 bits */
	bool rapid_commit, has_ia;
	struct dhcp6_span client_id, server_id, oro, fqdn, arch, vendor_class, user_class;
	struct dhcp6_ia ia[DHCP6_IAS_MAX];
	size_t n_ia;
	struct dhcp6_other_ia other[DHCP6_IAS_MAX];
	size_t n_other;
};

/* Decode a whole request; every known option is checked, also those inside others, to the depth
 * that the format has. DHCP6_DROP_NONE, or why the datagram is nothing to act on. */
enum dhcp6_drop dhcp6_decode(const uint8_t *p, size_t n, struct dhcp6_message *m) mustcheck;
/* The client asks for this option. */
bool dhcp6_wants(const struct dhcp6_message *m, uint16_t code);
/* The first label of the name in a client-fqdn option (RFC 4704 §4), cleaned. */
bool dhcp6_fqdn_name(struct dhcp6_span fqdn, char buf[static DHCP6_NAME_MAX]);

/* ---- replies ---- */

void dhcp6_write_head(struct wr *w, enum dhcp6_type type, uint32_t xid);
void dhcp6_write_option(struct wr *w, uint16_t code, const void *value, size_t n);
/* An option whose length is not known yet: returns where it began, for dhcp6_write_close(). */
size_t dhcp6_write_open(struct wr *w, uint16_t code);
void dhcp6_write_close(struct wr *w, size_t at);
void dhcp6_write_status(struct wr *w, enum dhcp6_status status);
void dhcp6_write_address(struct wr *w, const struct ip *ip, uint32_t preferred, uint32_t valid);
/* `text`'s labels in wire format (RFC 1035 §3.1), compressed nowhere; `end` adds the root. */
void dhcp6_write_labels(struct wr *w, const char *text, bool end);

#endif
