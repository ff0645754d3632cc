/* SPDX-License-Identifier: GPL-2.0-or-later */
/* messages-dns.h — bodies of the messages between the controller and the dns worker.
 *
 * Encoders return a new buffer (the caller frees it) or, where the body is small, write to a
 * cursor. Decoders take a whole body: what is short, too long, out of range or followed by more
 * octets is -EPROTO. */
#ifndef NETD_MESSAGES_DNS_H
#define NETD_MESSAGES_DNS_H

#include "base/cursor.h"
#include "dns/dns.h"
#include "network/network.h"

#define DNS_MESSAGE_SMALL 1024 /* octets that hold any body but MSG_DNS_CONFIG */

/* The order of the descriptors of MSG_DNS_SOCKETS; its mask has bit 1 << DNS_SOCKET_X for those
 * that are there. HOST: on lo. The two with a 6 are for a second address, IPv6. */
enum dns_socket {
	DNS_SOCKET_UDP,
	DNS_SOCKET_TCP,
	DNS_SOCKET_HOST_UDP,
	DNS_SOCKET_HOST_TCP,
	DNS_SOCKET_UDP6,
	DNS_SOCKET_TCP6,
	DNS_SOCKET_COUNT
};

/* The name service that a definition asks for: domain, <dns>, static DHCP hosts' names, gateways.
 * NULL when out of memory. Not for networks with <dns enable='no'> or without an <ip>. */
struct dns_config *dns_config_from_network(const struct network *n) mustcheck;

/* MSG_DNS_CONFIG */
int message_dns_config_encode(uint32_t net_id, const struct dns_config *c, uint8_t **ret,
			      size_t *ret_n) mustcheck;
int message_dns_config_decode(const uint8_t *body, size_t n, uint32_t *ret_net_id,
			      struct dns_config **ret) mustcheck;

/* MSG_DNS_HOSTS: names of static DHCP hosts, with their addresses. Those that go are in the config;
 * more of either than DNS_HOSTS_CHANGE_MAX are said by a new config. */
#define DNS_HOSTS_CHANGE_MAX 256
struct message_dns_hosts {
	uint32_t net_id;
	struct dns_config *gone, *come; /* their `hosts` alone count */
};
/* The names among the hosts that a change concerns. -ENOMEM or 0; end with
 * message_dns_hosts_done(). */
int message_dns_hosts_from_change(const struct network_ip *before, const struct network_ip *now,
				  const struct hosts_change *change, struct message_dns_hosts *ret)
    mustcheck;
void message_dns_hosts_done(struct message_dns_hosts *m);
int message_dns_hosts_encode(const struct message_dns_hosts *m, uint8_t **ret, size_t *ret_n)
    mustcheck;
int message_dns_hosts_decode(const uint8_t *body, size_t n, struct message_dns_hosts *ret)
    mustcheck;
/* -EPROTO when a name that goes isn't there. */
int message_dns_hosts_apply(const struct message_dns_hosts *m, struct dns_config *c) mustcheck;

/* MSG_DNS_LEASE */
struct message_dns_lease {
	uint32_t net_id;
	bool add;       /* or extend; false: remove */
	char name[256]; /* as the guest gave it, checked by the dhcp engine; without domain */
	struct ip ip;
	usec_t expires; /* CLOCK_BOOTTIME; USEC_INFINITY: never; ignored when removing */
};
void message_dns_lease_encode(struct wr *w, const struct message_dns_lease *m);
int message_dns_lease_decode(const uint8_t *body, size_t n, struct message_dns_lease *ret)
    mustcheck;

/* MSG_DNS_UPSTREAMS: for all networks */
struct message_dns_upstreams {
	size_t n;
	struct dns_upstream server[DNS_UPSTREAMS_MAX];
};
void message_dns_upstreams_encode(struct wr *w, const struct message_dns_upstreams *m);
int message_dns_upstreams_decode(const uint8_t *body, size_t n, struct message_dns_upstreams *ret)
    mustcheck;

/* MSG_DNS_SOCKETS: with as many descriptors as the mask has bits */
void message_dns_sockets_encode(struct wr *w, uint32_t net_id, uint32_t mask);
int message_dns_sockets_decode(const uint8_t *body, size_t n, uint32_t *ret_net_id,
			       uint32_t *ret_mask) mustcheck;

/* MSG_DNS_REMOVE: a net_id alone */
void message_dns_net_encode(struct wr *w, uint32_t net_id);
int message_dns_net_decode(const uint8_t *body, size_t n, uint32_t *ret_net_id) mustcheck;

/* MSG_DNS_COUNTERS: sent every 10 s for each network whose counters moved */
struct message_dns_counters {
	uint32_t net_id;
	uint64_t counter[DNS_COUNTER_COUNT];
};
void message_dns_counters_encode(struct wr *w, const struct message_dns_counters *m);
int message_dns_counters_decode(const uint8_t *body, size_t n, struct message_dns_counters *ret)
    mustcheck;

#endif
