/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/ip6-frame.h"

#include "base/cursor.h"

#define ETHERTYPE_IPV6   0x86dd
#define ETHER_SIZE       14
#define IP_SIZE          40
#define UDP_SIZE         8
#define UDP_CHECKSUM_AT  6
#define ICMP_CHECKSUM_AT 2
#define CLASS_CONTROL    0xc0 /* traffic class of internetwork control, as in our DHCPv4 replies */

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

/* With the pseudo header of RFC 8200 §8.1; `body` is all after the IPv6 header. */
static uint16_t checksum(const struct ip *src, const struct ip *dst, uint8_t protocol,
			 const uint8_t *body, size_t n)
{
	uint32_t s = sum((uint32_t)n + protocol, src->v6, sizeof(src->v6));

	s = sum(s, dst->v6, sizeof(dst->v6));
	s = sum(s, body, n);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static struct ip read_ip(struct rd *r)
{
	struct ip ip = { .family = AF_INET6 };

	rd_copy(r, ip.v6, sizeof(ip.v6));
	return ip;
}

static bool parse_body(struct rd *r, bool checksum_known, struct ip6_packet *p)
{
	p->n = rd_left(r);
	p->payload = r->p;
	if (!checksum_known && checksum(&p->src, &p->dst, p->protocol, p->payload, p->n) != 0)
		return false;
	if (p->protocol != IP6_PROTO_UDP)
		return p->protocol == IP6_PROTO_ICMPV6;
	p->src_port = rd_u16(r);
	p->dst_port = rd_u16(r);
	uint16_t udp_len = rd_u16(r);
	rd_skip(r, 2);
	if (r->bad || udp_len < UDP_SIZE || udp_len > p->n)
		return false;
	p->n = udp_len - UDP_SIZE;
	p->payload = r->p;
	return true;
}

bool ip6_frame_parse(const uint8_t *frame, size_t n, bool checksum_known, struct ip6_packet *ret)
{
	struct rd r = rd_over(frame, n);
	struct ip6_packet p = { 0 };

	rd_copy(&r, p.to.b, sizeof(p.to.b));
	rd_copy(&r, p.from.b, sizeof(p.from.b));
	uint16_t ethertype = rd_u16(&r);
	uint32_t first = rd_u32(&r);
	uint16_t len = rd_u16(&r);
	p.protocol = rd_u8(&r);
	p.hop_limit = rd_u8(&r);
	p.src = read_ip(&r);
	p.dst = read_ip(&r);
	struct rd body = rd_sub(&r, len); /* short frames are padded */
	if (r.bad || ethertype != ETHERTYPE_IPV6 || first >> 28 != 6)
		return false;
	if (!parse_body(&body, checksum_known, &p))
		return false;
	*ret = p;
	return true;
}

size_t ip6_frame_make(uint8_t *buf, size_t cap, const struct ip6_packet *p)
{
	struct wr w = wr_over(buf, cap);
	bool udp = p->protocol == IP6_PROTO_UDP;
	size_t n = p->n + (udp ? UDP_SIZE : 0);
	size_t at = ETHER_SIZE + IP_SIZE + (udp ? UDP_CHECKSUM_AT : ICMP_CHECKSUM_AT);

	if (n > UINT16_MAX)
		return 0;
	wr_bytes(&w, p->to.b, sizeof(p->to.b));
	wr_bytes(&w, p->from.b, sizeof(p->from.b));
	wr_u16(&w, ETHERTYPE_IPV6);
	wr_u32(&w, UINT32_C(6) << 28 | CLASS_CONTROL << 20);
	wr_u16(&w, (uint16_t)n);
	wr_u8(&w, p->protocol);
	wr_u8(&w, p->hop_limit);
	wr_bytes(&w, p->src.v6, sizeof(p->src.v6));
	wr_bytes(&w, p->dst.v6, sizeof(p->dst.v6));
	if (udp) {
		wr_u16(&w, p->src_port);
		wr_u16(&w, p->dst_port);
		wr_u16(&w, (uint16_t)n);
		wr_u16(&w, 0);
	}
	wr_bytes(&w, p->payload, p->n);
	if (w.bad)
		return 0;
	wr_patch_u16(&w, at, 0);
	uint16_t check = checksum(&p->src, &p->dst, p->protocol, buf + ETHER_SIZE + IP_SIZE, n);
	wr_patch_u16(&w, at, check || !udp ? check : 0xffff);
	return wr_len(&w);
}

struct ip ip6_link_local(const struct mac *m)
{
	return (struct ip){ .family = AF_INET6,
			    .v6 = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, m->b[0] ^ 2, m->b[1], m->b[2],
				    0xff, 0xfe, m->b[3], m->b[4], m->b[5] } };
}

struct mac ip6_multicast_mac(const struct ip *group)
{
	return (struct mac){ { 0x33, 0x33, group->v6[12], group->v6[13], group->v6[14],
			       group->v6[15] } };
}
