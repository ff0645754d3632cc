/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mac_parse(const char *text, struct mac *ret)
{
	struct mac m;

	for (size_t i = 0; i < 6; i++) {
		int high = hex_digit((unsigned char)*text);
		if (high < 0)
			return -EINVAL;
		text++;
		int low = hex_digit((unsigned char)*text);
		if (low >= 0)
			text++;
		m.b[i] = (uint8_t)(low >= 0 ? high << 4 | low : high);
		if (*text != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		text++;
	}
	*ret = m;
	return 0;
}

const char *mac_format(const struct mac *m, char buf[static MAC_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	char *p = buf;

	for (unsigned i = 0; i < sizeof(m->b); i++) {
		*p++ = digits[m->b[i] >> 4];
		*p++ = digits[m->b[i] & 15];
		*p++ = ':';
	}
	p[-1] = '\0';
	return buf;
}

bool mac_equal(const struct mac *a, const struct mac *b)
{
	return memcmp(a->b, b->b, 6) == 0;
}

bool mac_is_zero(const struct mac *m)
{
	return mac_equal(m, &(struct mac){ { 0 } });
}

bool mac_is_multicast(const struct mac *m)
{
	return m->b[0] & 1;
}

struct mac mac_random(void)
{
	struct mac m = { { 0x52, 0x54, 0x00 } };

	random_bytes(m.b + 3, 3);
	return m;
}

int ip_parse(const char *text, struct ip *ret)
{
	struct ip a = { 0 };

	if (strchr(text, ':')) {
		a.family = AF_INET6;
		if (inet_pton(AF_INET6, text, a.v6) != 1)
			return -EINVAL;
	} else {
		struct in_addr v4;
		a.family = AF_INET;
		if (inet_pton(AF_INET, text, &v4) != 1)
			return -EINVAL;
		a.v4 = ntohl(v4.s_addr);
	}
	*ret = a;
	return 0;
}

const char *ip_format(const struct ip *a, char buf[static IP_TEXT_MAX])
{
	buf[0] = '\0';
	if (a->family == AF_INET)
		return ip4_format(a->v4, buf);
	if (a->family == AF_INET6)
		inet_ntop(AF_INET6, a->v6, buf, IP_TEXT_MAX);
	return buf;
}

/* By hand, because definitions and leases hold tens of thousands: a tenth of snprintf()'s time. */
const char *ip4_format(uint32_t v, char buf[static IP_TEXT_MAX])
{
	char *p = buf;

	for (int shift = 24; shift >= 0; shift -= 8) {
		unsigned octet = v >> shift & 255;
		if (octet >= 100)
			*p++ = (char)('0' + octet / 100);
		if (octet >= 10)
			*p++ = (char)('0' + octet / 10 % 10);
		*p++ = (char)('0' + octet % 10);
		*p++ = '.';
	}
	p[-1] = '\0';
	return buf;
}

int ip4_parse(const char *text, uint32_t *ret)
{
	struct ip a;

	if (ip_parse(text, &a) < 0 || a.family != AF_INET)
		return -EINVAL;
	*ret = a.v4;
	return 0;
}

int ip_compare(const struct ip *a, const struct ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->family == AF_INET)
		return a->v4 < b->v4 ? -1 : a->v4 > b->v4;
	return a->family == AF_INET6 ? memcmp(a->v6, b->v6, 16) : 0;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return ip_compare(a, b) == 0;
}

bool ip_is_set(const struct ip *a)
{
	return a->family != AF_UNSPEC;
}

struct ip ip_from_v4(uint32_t host_order)
{
	return (struct ip){ .family = AF_INET, .v4 = host_order };
}

uint32_t ip4_mask(unsigned prefix)
{
	return prefix == 0 ? 0 : prefix >= 32 ? UINT32_MAX : UINT32_MAX << (32 - prefix);
}

int ip4_mask_prefix(uint32_t mask)
{
	unsigned prefix = (unsigned)__builtin_popcount(mask);

	return ip4_mask(prefix) == mask ? (int)prefix : -EINVAL;
}

struct ip ip_network(const struct ip *a, unsigned prefix)
{
	struct ip net = *a;

	if (a->family == AF_INET)
		net.v4 &= ip4_mask(prefix);
	for (unsigned i = 0; a->family == AF_INET6 && i < 16; i++) {
		unsigned kept = prefix > i * 8 ? MIN_OF(prefix - i * 8, 8) : 0;
		net.v6[i] &= (uint8_t)(0xff00 >> kept);
	}
	return net;
}

bool ip_is_loopback(const struct ip *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	return a->family == AF_INET ? a->v4 >> 24 == 127
				    : a->family == AF_INET6 && !memcmp(a->v6, one, sizeof(one));
}

bool ip_in_prefix(const struct ip *a, const struct ip *net, unsigned prefix)
{
	struct ip x = ip_network(a, prefix), y = ip_network(net, prefix);

	return ip_is_set(a) && ip_equal(&x, &y);
}

bool ip_prefix_overlap(const struct ip *a, unsigned a_prefix, const struct ip *b, unsigned b_prefix)
{
	return ip_in_prefix(a, b, MIN_OF(a_prefix, b_prefix));
}

int uuid_parse(const char *text, struct uuid *ret)
{
	struct uuid u;

	for (size_t i = 0; i < 32; i++) {
		/* Between whole octets only, as libvirt. */
		while (i % 2 == 0 && (*text == '-' || isspace((unsigned char)*text)))
			text++;
		int d = hex_digit((unsigned char)*text++);
		if (d < 0)
			return -EINVAL;
		u.b[i / 2] = (uint8_t)(i % 2 ? u.b[i / 2] | d : d << 4);
	}
	while (isspace((unsigned char)*text))
		text++;
	if (*text)
		return -EINVAL;
	*ret = u;
	return 0;
}

const char *uuid_format(const struct uuid *u, char buf[static UUID_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	char *p = buf;

	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[u->b[i] >> 4];
		*p++ = digits[u->b[i] & 15];
	}
	*p = '\0';
	return buf;
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->b, b->b, 16) == 0;
}

bool uuid_is_zero(const struct uuid *u)
{
	return uuid_equal(u, &(struct uuid){ { 0 } });
}

struct uuid uuid_random(void)
{
	struct uuid u;

	random_bytes(u.b, 16);
	u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x40);
	u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
	return u;
}
