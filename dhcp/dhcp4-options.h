/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-options.h — the bytes of a DHCPv4 message (RFC 2131 §2, RFC 2132): whole messages decoded
 * into a struct, replies written option by option. Knows the format, not what a server does with
 * it. */
#ifndef DHCP_DHCP4_OPTIONS_H
#define DHCP_DHCP4_OPTIONS_H

#include "base/cursor.h"
#include "dhcp/dhcp4.h"

#define DHCP4_FIXED_SIZE     240 /* up to and with the magic cookie */
#define DHCP4_REPLY_MIN_SIZE 300 /* RFC 1542 §2.1: shorter BOOTP replies are discarded by some */
#define DHCP4_COOKIE         UINT32_C(0x63825363)
#define DHCP4_FLAG_BROADCAST 0x8000
#define DHCP4_PORT_SERVER    67
#define DHCP4_PORT_CLIENT    68

enum dhcp4_type { /* option 53; 0: BOOTP */
		  DHCP4_TYPE_BOOTP = 0,
		  DHCP4_TYPE_DISCOVER = 1,
		  DHCP4_TYPE_OFFER,
		  DHCP4_TYPE_REQUEST,
		  DHCP4_TYPE_DECLINE,
		  DHCP4_TYPE_ACK,
		  DHCP4_TYPE_NAK,
		  DHCP4_TYPE_RELEASE,
		  DHCP4_TYPE_INFORM,
};

enum { /* option codes that the engine uses, their names are in base/dhcp-options.h */
       DHCP4_OPT_PAD = 0,
       DHCP4_OPT_SUBNET_MASK = 1,
       DHCP4_OPT_ROUTER = 3,
       DHCP4_OPT_DNS = 6,
       DHCP4_OPT_HOST_NAME = 12,
       DHCP4_OPT_DOMAIN_NAME = 15,
       DHCP4_OPT_MTU = 26,
       DHCP4_OPT_BROADCAST = 28,
       DHCP4_OPT_REQUESTED = 50,
       DHCP4_OPT_LEASE_TIME = 51,
       DHCP4_OPT_OVERLOAD = 52,
       DHCP4_OPT_TYPE = 53,
       DHCP4_OPT_SERVER_ID = 54,
       DHCP4_OPT_PARAMETER_LIST = 55,
       DHCP4_OPT_MESSAGE = 56,
       DHCP4_OPT_MAX_SIZE = 57,
       DHCP4_OPT_T1 = 58,
       DHCP4_OPT_T2 = 59,
       DHCP4_OPT_VENDOR_CLASS = 60,
       DHCP4_OPT_CLIENT_ID = 61,
       DHCP4_OPT_TFTP_SERVER = 66,
       DHCP4_OPT_BOOT_FILE = 67,
       DHCP4_OPT_USER_CLASS = 77,
       DHCP4_OPT_RAPID_COMMIT = 80,
       DHCP4_OPT_FQDN = 81,
       DHCP4_OPT_RELAY = 82,
       DHCP4_OPT_ARCH = 93,
       DHCP4_OPT_UUID = 97,
       DHCP4_OPT_ROUTES = 121, /* RFC 3442 */
       DHCP4_OPT_IPXE = 175,
       DHCP4_OPT_MS_ROUTES = 249,
       DHCP4_OPT_END = 255,
};

struct dhcp4_span {
	const uint8_t *p; /* NULL: the option is absent */
	uint16_t n;
};

/* One decoded request. Spans point into the datagram or into `joined`. Numbers are 0 when absent.
 */
struct dhcp4_message {
	uint8_t htype, hlen, hops;
	uint32_t xid;
	uint16_t flags;
	uint32_t ciaddr, giaddr;
	uint8_t chaddr[16];

	uint8_t type; /* enum dhcp4_type or any other number; DHCP4_TYPE_BOOTP without option 53 */
	bool has_type, rapid_commit;
	uint32_t requested, server_id, lease_sec;
	uint32_t as_server; /* set by who accepts option 82: RFC 5107's address, or 0 */
	uint16_t max_size;
	struct dhcp4_span parameter_list, client_id, host_name, fqdn, relay;
	struct dhcp4_span vendor_class, user_class, arch, uuid, ipxe;

	uint8_t joined[DHCP4_PAYLOAD_MAX]; /* bodies of options that came in pieces (RFC 3396) */
};

/* Decode a whole request: options in pieces are joined, overloaded fields (option 52) read once,
 * every known option checked. DHCP4_DROP_NONE, or why the datagram is nothing to act on. */
enum dhcp4_drop dhcp4_decode(const uint8_t *p, size_t n, struct dhcp4_message *m) mustcheck;

/* A reply being written. Options that don't fit below `limit` go to the fields file and sname if
 * these are unused (overload). */
struct dhcp4_writer {
	struct wr main, file, sname;
	size_t kept;      /* octets of the options field for what comes last */
	uint8_t overload; /* bit 0: file, bit 1: sname */
	bool file_free, overload_written;
};
struct dhcp4_reply_head {
	uint32_t ciaddr, yiaddr, siaddr;
	uint16_t flags;
	const char *boot_file; /* "" for none */
};
/* xid, htype, hlen, giaddr and chaddr are the request's. `limit` is in DHCP4_REPLY_MIN_SIZE ..
 * DHCP4_PAYLOAD_MAX. */
void dhcp4_write_head(struct dhcp4_writer *w, uint8_t buf[static DHCP4_PAYLOAD_MAX], size_t limit,
		      const struct dhcp4_message *m, const struct dhcp4_reply_head *h);
/* False when there is no room left for it; nothing is written then. More than 255 octets are split
 * (RFC 3396). */
bool dhcp4_write_option(struct dhcp4_writer *w, uint8_t code, const void *value, size_t n);
bool dhcp4_write_option_u8(struct dhcp4_writer *w, uint8_t code, uint8_t v);
bool dhcp4_write_option_u32(struct dhcp4_writer *w, uint8_t code, uint32_t v);
/* Keep room for an option of `n` octets, before any other is written; and write it, after them. */
void dhcp4_write_keep(struct dhcp4_writer *w, size_t n);
void dhcp4_write_last(struct dhcp4_writer *w, uint8_t code, const void *value, size_t n);
/* Close and pad. The size of the payload. */
size_t dhcp4_write_end(struct dhcp4_writer *w);

#endif
