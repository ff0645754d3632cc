/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netd-dns.h — <netd:dns>: what the name service does beyond libvirt's <dns>. */
#ifndef NETWORK_NETD_DNS_H
#define NETWORK_NETD_DNS_H

#include "base/addr.h"

enum netd_dns_order {
	NETD_DNS_FASTEST, /* the upstream server that answers soonest is asked */
	NETD_DNS_STRICT,  /* the first one is, as long as it answers */
};

enum netd_dns_kind { NETD_DNS_ALIAS, NETD_DNS_MX, NETD_DNS_CAA, NETD_DNS_WILDCARD };

/* Names of one label are the network's. */
struct netd_dns_record {
	unsigned line;
	enum netd_dns_kind kind;
	char *name;          /* NULL (mx, caa, wildcard): the network's domain itself */
	char *target;        /* alias: of; mx: exchange; caa: value */
	char *tag;           /* caa */
	struct ip ip;        /* wildcard */
	uint16_t preference; /* mx */
	uint8_t flags;       /* caa */
	uint32_t ttl_sec;
};

struct netd_dns {
	unsigned line; /* 0: not given */
	enum netd_dns_order order;
	struct netd_dns_record *records;
	size_t n_records;
	char *zone_file; /* with further records; NULL: none */
	unsigned zone_line;
	bool rebind_protection; /* private addresses in answers from outside are left out */
};

#define NETD_DNS_TTL_SEC     60
#define NETD_DNS_TTL_MAX_SEC 86400

void netd_dns_free(struct netd_dns *d);

#endif
