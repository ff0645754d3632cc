/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netd-dns.h — <netd:dns>: what the name service does beyond libvirt's <dns>. */
#ifndef NETWORK_NETD_DNS_H
#define NETWORK_NETD_DNS_H

enum netd_dns_order {
	NETD_DNS_FASTEST, /* the upstream server that answers soonest is asked */
	NETD_DNS_STRICT,  /* the first one is, as long as it answers */
};

struct netd_dns {
	unsigned line; /* 0: not given */
	enum netd_dns_order order;
	bool rebind_protection; /* private addresses in answers from outside are left out */
};

#endif
