/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-message.h — messages on the wire (RFC 1035 §4, RFC 6891): strict reading of queries, writing
 * of replies.
 *
 * A query is judged whole before anything is done for it: wrong counts, octets behind the end,
 * names that point anywhere, two OPT records are FORMERR (most servers are lax here; every lax rule
 * was somebody's CVE). */
#ifndef DNS_DNS_MESSAGE_H
#define DNS_DNS_MESSAGE_H

#include "dns/dns-name.h"

#define DNS_HEADER_OCTETS 12

enum dns_flag {
	DNS_QR = 0x8000,
	DNS_OPCODE = 0x7800,
	DNS_AA = 0x0400,
	DNS_TC = 0x0200,
	DNS_RD = 0x0100,
	DNS_RA = 0x0080,
	DNS_AD = 0x0020,
	DNS_CD = 0x0010,
	DNS_RCODE = 0x000f,
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_NOTAUTH = 9,
	DNS_BADVERS = 16, /* the upper eight bits travel in OPT */
};

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_HINFO = 13,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_DNAME = 39,
	DNS_OPT = 41,
	DNS_DS = 43,
	DNS_RRSIG = 46,
	DNS_NSEC = 47,
	DNS_DNSKEY = 48,
	DNS_NSEC3 = 50,
	DNS_SVCB = 64,
	DNS_HTTPS = 65,
	DNS_TKEY = 249,
	DNS_TSIG = 250,
	DNS_IXFR = 251,
	DNS_AXFR = 252,
	DNS_ANY = 255,
	DNS_CAA = 257,
};
enum dns_class { DNS_IN = 1 };

/* Extended errors (RFC 8914 §4). */
enum dns_ede {
	DNS_EDE_NONE = -1,
	DNS_EDE_OTHER = 0,
	DNS_EDE_STALE = 3,
	DNS_EDE_CACHED_ERROR = 13,
	DNS_EDE_BLOCKED = 15,
	DNS_EDE_PROHIBITED = 18,
	DNS_EDE_NO_AUTHORITY = 22, /* no upstream could be reached */
	DNS_EDE_NETWORK = 23,
};

struct dns_request {
	uint16_t id, flags;
	bool has_question;    /* the four below are valid */
	struct dns_name name; /* as asked, for the reply's question */
	struct dns_name key;
	uint16_t type, class;
	bool edns, dnssec_ok;
	uint16_t udp_size; /* the largest datagram that the client takes: 512..DNS_UDP_MAX */
	uint8_t rcode;     /* DNS_NOERROR, or the error to answer with */
};

enum dns_parse {
	DNS_PARSE_ANSWER,   /* go on by request->rcode */
	DNS_PARSE_SHORT,    /* no header: never answered */
	DNS_PARSE_RESPONSE, /* QR set: never answered, or two servers could play ping-pong */
};
enum dns_parse dns_request_parse(struct dns_request *ret, const uint8_t *bytes, size_t n);

/* A message under construction. Names are compressed against all names written through
 * dns_put_name(). */
#define DNS_COMPRESS_MAX 48
struct dns_writer {
	struct wr w;
	uint16_t at[DNS_COMPRESS_MAX]; /* offsets of labels that later names may point to */
	uint8_t n_at;
	uint8_t counts_of; /* section being written: 1 answer, 2 authority, 3 additional */
	uint16_t counts[4];
};

/* Header (counts are filled in by dns_write_end()) and the client's question, its case untouched.
 */
void dns_write_begin(struct dns_writer *m, void *buf, size_t cap, const struct dns_request *q,
		     unsigned flags);
void dns_put_name(struct dns_writer *m, const struct dns_name *name);
void dns_put_name_whole(struct dns_writer *m,
			const struct dns_name *name); /* rdata of newer types */
/* Owner, type, class IN, TTL and a place for RDLENGTH; returns the offset for dns_put_rr_end(). */
size_t dns_put_rr(struct dns_writer *m, const struct dns_name *owner, uint16_t type, uint32_t ttl);
void dns_put_rr_end(struct dns_writer *m, size_t at);
/* The OPT record of a reply to q, if q had one. `rcode` is the whole one. */
void dns_put_opt(struct dns_writer *m, const struct dns_request *q, unsigned rcode,
		 enum dns_ede ede);
/* Returns the length; 0 when something didn't fit. */
size_t dns_write_end(struct dns_writer *m);

#define DNS_OPT_OCTETS     11 /* without options */
#define DNS_OPT_EDE_OCTETS (DNS_OPT_OCTETS + 6)

#endif
