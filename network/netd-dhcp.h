/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netd-dhcp.h — <netd:dhcp>: which guests are told what by DHCP, beyond what libvirt's <dhcp> says.
 *
 * Options, lease times and boot files are for everybody, for one host, or for a class of clients.
 * Of what is said to one client, a host's counts before a class's and that before what everybody is
 * told; among hosts, and among classes, the first in the document. */
#ifndef NETWORK_NETD_DHCP_H
#define NETWORK_NETD_DHCP_H

#include "base/addr.h"

#define NETD_DHCP_ARCHS_MAX    16U
#define NETD_RELAYED_MAX       64U
#define NETD_RELAYED_RANGE_MAX 65536U

enum netd_identity { IDENTITY_MAC, IDENTITY_CLIENT_ID, IDENTITY_BOTH };

struct netd_dhcp_option { /* <netd:option>, its value in the wire's form */
	unsigned line;
	int family;
	uint16_t code;
	bool force;
	bool absent; /* value='': never sent */
	uint8_t *value;
	size_t n;
};
struct netd_dhcp_lease { /* <netd:lease>, in seconds; UINT32_MAX for ever */
	unsigned line;   /* 0: not given */
	uint32_t sec;
	uint32_t renew_sec, rebind_sec; /* 0, 0: not given */
};
struct netd_dhcp_boot { /* <netd:boot> */
	unsigned line;  /* 0: not given */
	char *file;     /* "" for none at all; or NULL and a */
	char *url;
	struct ip server; /* where the file is; not set: the bridge's */
	char *params;     /* for what is loaded, separated by blanks; IPv6 */
};

enum { NETD_IP4, NETD_IP6, NETD_FAMILIES };

struct netd_dhcp_rule {
	unsigned line;
	enum { NETD_DHCP_ALL, NETD_DHCP_HOST, NETD_DHCP_CLASS } kind;
	/* of a host: one of these */
	bool has_mac, has_uuid;
	struct mac mac;
	struct uuid uuid;
	char *name;
	/* of a class: all that is given */
	char *vendor, *user;
	unsigned ipxe; /* enum tristate */
	uint16_t archs[NETD_DHCP_ARCHS_MAX];
	size_t n_archs;

	struct netd_dhcp_option *options;
	size_t n_options;
	struct netd_dhcp_lease lease[NETD_FAMILIES];
	struct netd_dhcp_boot boot[NETD_FAMILIES];
};
struct netd_relayed { /* <netd:relayed>: a subnet behind a relay */
	unsigned line;
	struct ip address; /* of its router, which its clients are told */
	unsigned prefix;
	struct ip via; /* the relay's address on the network itself */
	struct ip
	    relay; /* what the relay calls itself (giaddr); that of the router, if not given */
	struct ip start, end;
};
struct netd_dhcp {
	unsigned line; /* 0: no <netd:dhcp> */
	enum netd_identity identity;
	unsigned rapid_commit;        /* enum tristate */
	struct netd_dhcp_rule *rules; /* the first is for everybody */
	size_t n_rules;
	struct netd_relayed *relayed;
	size_t n_relayed;
};
void netd_dhcp_done(struct netd_dhcp *d);

#endif
