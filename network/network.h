/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network.h — the definition of a virtual network: libvirt's <network> document as a struct.
 *
 * This header is the model that every other room reads. It holds what the user wrote (so that it
 * can be formatted back byte for byte), never what the kernel has or what a service learned.
 * Strings are owned by the definition; NULL means "not given" everywhere.
 *
 * A parsed definition is valid: who holds one may rely on every rule in docs/XML.md without
 * checking again. One that was parsed with NETWORK_PARSE_STORED keeps only the rules of the kind
 * "refused": it may hold overlapping ranges or an address that no bridge can have, for example. To
 * have such a definition refused at start, with the reason, format it and parse it again without
 * that flag.
 *
 * `line` tells where an element began in the document, for messages; 0 when it came from elsewhere.
 *
 * Parsing, validation and formatting: network/xml.h. Naming of the parts follows libvirt's
 * document. */
#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H

#include "base/addr.h"
#include "network/netd-dhcp.h"
#include "network/netd-dns.h"

enum tristate { TRI_ABSENT, TRI_YES, TRI_NO };

enum forward_mode {
	FORWARD_NONE, /* isolated: no <forward> */
	FORWARD_NAT,
	FORWARD_ROUTE,
	FORWARD_OPEN,
	FORWARD_BRIDGE,
	FORWARD_PRIVATE,
	FORWARD_VEPA,
	FORWARD_PASSTHROUGH,
	FORWARD_HOSTDEV,
};

struct pci_address {
	uint32_t domain;
	uint8_t bus, slot, function;
};
struct forward_interface { /* <interface dev=> or <address type='pci'> */
	unsigned line;
	char *dev;
	bool is_pci;
	struct pci_address pci;
};

struct nat_options { /* <nat>, only in mode nat */
	bool given, port_given;
	enum tristate ipv6;
	uint32_t address_start, address_end; /* 0, 0: masquerade */
	uint16_t port_start, port_end; /* 0, 0: not given (1024-65535 is used and shown live) */
};

struct forward {
	unsigned line;
	enum forward_mode mode;
	bool given;            /* a <forward> element was written (mode='none' too) */
	char *dev;             /* forward@dev; also interfaces[0] */
	enum tristate managed; /* hostdev */
	char *driver_name;     /* kvm, vfio, xen */
	char *driver_model;
	char *pf; /* <pf dev=> */
	struct forward_interface *interfaces;
	size_t n_interfaces;
	struct nat_options nat;
};

struct bandwidth_limit { /* kilobytes per second, burst in KiB; 0: not given */
	bool given;
	bool has_average, has_floor; /* written, be it as 0 */
	uint64_t average, peak, burst, floor;
};
struct bandwidth {
	unsigned line;
	bool given;
	struct bandwidth_limit inbound, outbound;
};

struct vlan_tag {
	uint16_t id;
	enum { VLAN_NATIVE_NONE, VLAN_NATIVE_TAGGED, VLAN_NATIVE_UNTAGGED } native;
};
struct vlan {
	unsigned line;
	enum tristate trunk;
	struct vlan_tag *tags;
	size_t n_tags; /* 0: no <vlan> */
};

enum virtualport_type {
	VPORT_NONE,
	VPORT_8021QBG,
	VPORT_8021QBH,
	VPORT_OPENVSWITCH,
	VPORT_MIDONET
};
struct virtualport {
	unsigned line;
	bool given;
	enum virtualport_type type;
	bool has_managerid, has_typeid, has_typeidversion, has_instanceid, has_interfaceid;
	uint8_t managerid, typeidversion;
	uint32_t typeid;
	struct uuid instanceid, interfaceid;
	char *profileid;
};

struct portgroup {
	unsigned line;
	char *name;
	bool is_default;
	enum tristate trust_guest_rx_filters;
	struct virtualport virtualport;
	struct bandwidth bandwidth;
	struct vlan vlan;
};

struct lease_time { /* <lease expiry= unit=> as written; absent: one hour (IPv4), one day (IPv6) */
	bool given;
	uint64_t expiry; /* in `unit`; 0: infinite */
	enum { LEASE_SECONDS, LEASE_MINUTES, LEASE_HOURS } unit;
};
/* Seconds, UINT32_MAX for infinite; `otherwise` when not given. */
uint32_t lease_time_seconds(const struct lease_time *t, uint32_t otherwise);

struct dhcp_range {
	unsigned line;
	struct ip start, end; /* inclusive, same family as the <ip> */
	struct lease_time lease;
};
struct dhcp_host {
	unsigned line;
	bool has_mac;
	struct mac mac;
	char *mac_text; /* as written, where that isn't what mac_format() makes of it */
	char *id;       /* DUID as hex text, IPv6 */
	char *name;
	struct ip ip;
	struct lease_time lease;
};

/* The MAC address as it was written; "" without one. */
const char *dhcp_host_mac(const struct dhcp_host *h, char buf[static MAC_TEXT_MAX]);

struct network_ip { /* one <ip> */
	unsigned line;
	struct ip address;
	char *family;      /* as written: NULL, "ipv4", "ipv6" */
	struct ip netmask; /* as written, or not set */
	bool has_prefix;
	unsigned prefix_text; /* as written */
	unsigned prefix;      /* the effective one, from netmask, prefix or the default */
	enum tristate local_ptr;
	char *tftp_root;
	bool has_dhcp; /* a <dhcp> element was written */
	struct dhcp_range *ranges;
	size_t n_ranges;
	struct dhcp_host *hosts;
	size_t n_hosts;
	char *bootp_file;
	struct ip bootp_server;
};

struct network_route { /* one <route> */
	unsigned line;
	char *family;
	struct ip address, netmask, gateway;
	bool has_prefix, has_metric;
	unsigned prefix_text, prefix;
	uint32_t metric;
};

struct dns_forwarder {
	unsigned line;
	struct ip addr; /* or not set */
	char *domain;   /* or NULL */
};
struct dns_txt {
	unsigned line;
	char *name, *value;
};
struct dns_host {
	unsigned line;
	struct ip ip;
	char **names;
	size_t n_names;
};
struct dns_srv {
	unsigned line;
	char *service, *protocol, *domain, *target;
	bool has_port, has_priority, has_weight;
	uint16_t port, priority, weight;
};
struct network_dns {
	unsigned line;
	bool given;
	enum tristate enable, forward_plain_names;
	struct dns_forwarder *forwarders;
	size_t n_forwarders;
	struct dns_txt *txts;
	size_t n_txts;
	struct dns_host *hosts;
	size_t n_hosts;
	struct dns_srv *srvs;
	size_t n_srvs;
};

/* What libvirt doesn't have: <netd:network> in <metadata>. It is kept as the metadata's text; this
 * is what it says. */
struct netd_subnet { /* <netd:subnet>: an <ip> that is chosen when the network is defined */
	unsigned line;
	struct ip from; /* out of this subnet; its family is that of the <ip> */
	unsigned from_prefix, prefix;
};
struct netd_uplink { /* <netd:uplink>: the bridge of mode 'bridge' is netd's to make */
	unsigned line;
	char *dev;     /* NULL: there is none */
	uint16_t vlan; /* 1 to 4094; 0: the device itself */
};
struct netd_trusted { /* <netd:trusted-port>: may be a DHCP server or router beside netd */
	unsigned line;
	char *dev;
};
/* <dnsmasq:options>, and what they mean: network/dnsmasq.h. */
struct dnsmasq_option {
	unsigned line;
	char *value;
};
struct dnsmasq_meaning {
	struct netd_dhcp dhcp;  /* after <netd:dhcp> */
	struct network_dns dns; /* beside <dns> */
	struct netd_dns
	    names;          /* after <netd:dns>: order, records, protection; names aren't judged */
	bool no_resolv;     /* the host's resolvers aren't asked */
	bool domain_needed; /* names without a dot aren't asked of others */
};

struct netd_options {
	unsigned line; /* 0: no <netd:network> */
	struct netd_subnet *subnets;
	size_t n_subnets;
	bool http;             /* <netd:http/>: boot files by HTTP as well */
	struct netd_dhcp dhcp; /* <netd:dhcp> */
	struct netd_uplink uplink;
	struct netd_dns dns; /* <netd:dns> */
	struct netd_trusted *trusted;
	size_t n_trusted;
};

struct network {
	unsigned more_owners; /* see network_share() */
	unsigned line, bridge_line, mtu_line, mac_line, domain_line;
	char *name;
	struct uuid uuid;
	bool has_uuid; /* written by the user, or chosen by network_complete() */
	enum tristate ipv6, trust_guest_rx_filters;
	char *title, *description;
	char *metadata; /* the whole <metadata> element, serialised, or NULL */
	struct netd_options options;

	struct forward forward;

	/* <bridge> */
	char *bridge; /* name; may be NULL or hold one %d until the registry has chosen */
	bool stp, has_stp, has_delay; /* stp is on unless it was switched off */
	uint32_t delay_sec;
	enum { MAC_TABLE_DEFAULT, MAC_TABLE_KERNEL, MAC_TABLE_LIBVIRT } mac_table_manager;
	char *zone;

	uint32_t mtu; /* octets, 0: not given */
	bool has_mac;
	struct mac mac;

	char *domain;
	enum tristate domain_local_only, domain_register;

	struct network_dns dns;
	struct vlan vlan;
	struct bandwidth bandwidth;
	enum tristate port_isolated;
	struct network_ip *ips;
	size_t n_ips;
	struct network_route *routes;
	size_t n_routes;
	struct virtualport virtualport;
	struct portgroup *portgroups;
	size_t n_portgroups;
	struct dnsmasq_option *dnsmasq_options;
	size_t n_dnsmasq_options;
	struct dnsmasq_meaning dnsmasq;
};

void network_free(struct network *n); /* NULL is fine */

/* The same definition for one more owner, each of whom frees it. A shared definition is only read;
 * who wants another one changes a network_copy(). Owners live in one thread. */
struct network *network_share(struct network *n) mustcheck;

/* The bridge is ours with all that is on it: isolated, nat, route and open. */
bool network_owns_bridge(const struct network *n);
/* The bridge is ours to make: those, and mode bridge with <netd:uplink>. On the bridge of an uplink
 * netd serves and filters nothing: guests are on the uplink's network. */
bool network_makes_bridge(const struct network *n);
/* The bridge is somebody else's: mode bridge with a name and without <netd:uplink>. */
bool network_uses_bridge(const struct network *n);

/* The address of the first <ip> of `family` that serves DHCP (a <dhcp> with range or host), or
 * NULL. */
const struct network_ip *network_dhcp_ip(const struct network *n, int family);

/* The subnet behind a relay that has this address, or NULL; and the prefix length of the subnet in
 * which DHCP gives this address out, 0 for none. */
const struct netd_relayed *network_relayed(const struct network *n, const struct ip *ip);
unsigned network_dhcp_prefix(const struct network *n, const struct ip *ip);
/* The first IPv6 <ip> of a network whose guests make their own addresses and are told by DHCPv6
 * what <netd:dhcp> says for IPv6 (stateless DHCPv6): no <dhcp> there has a range or host. Else
 * NULL. */
const struct network_ip *network_stateless_ip(const struct network *n);

/* The prefix length that netmask, prefix, or their absence (64; classful 8, 16, 24) stand for. Of a
 * mask with holes, only the leading ones count. */
unsigned network_effective_prefix(const struct network_ip *ip);

/* Fill in what libvirt fills in at define: uuid, MAC (bridges of ours). Not the bridge's name: that
 * is chosen among all networks, by the registry. */
void network_complete(struct network *n);

/* Both say the same: they are formatted to the same text. False when out of memory. */
bool network_equal(const struct network *a, const struct network *b);
bool dhcp_host_equal(const struct dhcp_host *a, const struct dhcp_host *b);
/* They differ in nothing but their static hosts, if at all. */
bool network_equal_but_hosts(const struct network *a, const struct network *b);

/* From `first` on, `n_before` hosts of one <ip> were replaced by `n_now` others; the rest is equal.
 * Both 0: nothing differs. */
struct hosts_change {
	size_t first, n_before, n_now;
};
struct hosts_change network_hosts_change(const struct network_ip *before,
					 const struct network_ip *now);

#endif
