/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ip6-frame.h — IPv6 packets as whole Ethernet frames, both ways: so the sender's MAC is known, and
 * a guest is reached without neighbour discovery by a process that can do nothing but put frames on
 * one bridge. Extension headers and fragments are not looked into (RFC 6980, RFC 7113). */
#ifndef DHCP_IP6_FRAME_H
#define DHCP_IP6_FRAME_H

#include "base/addr.h"

#define IP6_FRAME_OVERHEAD (14 + 40 + 8)
#define IP6_PROTO_UDP      17
#define IP6_PROTO_ICMPV6   58

struct ip6_packet {
	struct mac from, to;
	struct ip src, dst;
	uint8_t hop_limit;
	uint8_t protocol;            /* IP6_PROTO_* */
	uint16_t src_port, dst_port; /* UDP */
	const uint8_t *payload;      /* of UDP; the whole message of ICMPv6 */
	size_t n;
};

/* Take a received frame apart. `checksum_known`: the kernel vouches for it, or has not computed it
 * yet because the frame never left this machine. False: nothing for us. */
bool ip6_frame_parse(const uint8_t *frame, size_t n, bool checksum_known, struct ip6_packet *ret)
    mustcheck;

/* Make a frame of all of p; of an ICMPv6 message the checksum field is filled in. Returns its
 * length, 0 if it doesn't fit. */
size_t ip6_frame_make(uint8_t *buf, size_t cap, const struct ip6_packet *p);

/* fe80::/64 and the modified EUI-64 of the MAC (RFC 4291 appendix A): the address of our bridges.
 */
struct ip ip6_link_local(const struct mac *m);
/* Where a multicast address is sent on Ethernet (RFC 2464 §7). */
struct mac ip6_multicast_mac(const struct ip *group);

#endif
