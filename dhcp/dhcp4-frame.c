/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp4-frame.h"

#include "base/cursor.h"

#define ETHERTYPE_IPV4  0x0800
#define ETHER_SIZE      14
#define IP_SIZE         20
#define UDP_SIZE        8
#define TOS_CONTROL     0xc0
#define DONT_FRAGMENT   0x4000
#define TTL             64
#define PROTOCOL_UDP    17
#define PORT_SERVER     67
#define PORT_CLIENT     68
#define IP_CHECKSUM_AT  (ETHER_SIZE + 10)
#define UDP_CHECKSUM_AT (ETHER_SIZE + IP_SIZE + 6)

/* The Internet checksum's sum (RFC 1071), not folded. */
static uint32_t sum(uint32_t s, const uint8_t *p, size_t n)
{
	struct rd r = rd_over(p, n);

	while (rd_left(&r) >= 2)
		s += rd_u16(&r);
	if (rd_left(&r))
		s += (uint32_t)rd_u8(&r) << 8;
	return s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

/* Everything before the payload; both checksums are 0. */
static void put_headers(struct wr *w, const struct mac *from_mac, uint32_t server,
			const struct dhcp4_action *a)
{
	uint16_t udp_len = (uint16_t)(UDP_SIZE + a->n);

	wr_bytes(w, a->to_mac.b, sizeof(a->to_mac.b));
	wr_bytes(w, from_mac->b, sizeof(from_mac->b));
	wr_u16(w, ETHERTYPE_IPV4);
	wr_u8(w, 0x45);
	wr_u8(w, TOS_CONTROL);
	wr_u16(w, (uint16_t)(IP_SIZE + udp_len));
	wr_u16(w, 0);
	wr_u16(w, DONT_FRAGMENT);
	wr_u8(w, TTL);
	wr_u8(w, PROTOCOL_UDP);
	wr_u16(w, 0);
	wr_u32(w, server);
	wr_u32(w, a->to_ip);
	wr_u16(w, PORT_SERVER);
	wr_u16(w, PORT_CLIENT);
	wr_u16(w, udp_len);
	wr_u16(w, 0);
}

size_t dhcp4_frame(uint8_t *buf, size_t cap, const struct mac *from_mac, uint32_t server,
		   const struct dhcp4_action *a)
{
	struct wr w = wr_over(buf, cap);

	put_headers(&w, from_mac, server, a);
	wr_bytes(&w, a->payload, a->n);
	if (w.bad || a->n > DHCP4_PAYLOAD_MAX)
		return 0;
	const uint8_t *ip = buf + ETHER_SIZE, *udp = ip + IP_SIZE;
	size_t udp_len = UDP_SIZE + a->n;
	wr_patch_u16(&w, IP_CHECKSUM_AT, fold(sum(0, ip, IP_SIZE)));
	/* The pseudo header: both addresses, the protocol, the length. */
	uint32_t s = sum(PROTOCOL_UDP + (uint32_t)udp_len, ip + 12, 8);
	uint16_t check = fold(sum(s, udp, udp_len));
	wr_patch_u16(&w, UDP_CHECKSUM_AT, check ? check : 0xffff);
	return wr_len(&w);
}
