/* SPDX-License-Identifier: GPL-2.0-or-later */
/* validate-dhcp.c — ranges and reservations against the subnet they are in. */
#include "network/validate.h"

#include "base/table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define RANGE_MAX 65536 /* addresses; libvirt's limit */

/* What the messages about one <ip> say of it. */
struct subnet_text {
	char addr[IP_TEXT_MAX], net[IP_TEXT_MAX];
};

static struct subnet_text text_of(const struct network_ip *ip)
{
	struct ip net = ip_network(&ip->address, ip->prefix);
	struct subnet_text t;

	ip_format(&ip->address, t.addr);
	ip_format(&net, t.net);
	return t;
}

static bool is_inside(const struct network_ip *ip, const struct ip *a)
{
	return a->family == ip->address.family && ip_in_prefix(a, &ip->address, ip->prefix);
}

/* A range that is wholly elsewhere: probably a slip of the pen in the bridge's address. Find the
 * address that would contain the range and that shares as many of its octets as possible with the
 * written one. */
static bool likely_address(const struct network_ip *ip, const struct dhcp_range *range,
			   struct ip *ret, unsigned *ret_octets)
{
	if (ip->address.family != AF_INET || !ip_in_prefix(&range->end, &range->start, ip->prefix))
		return false;
	uint32_t mask = ip4_mask(ip->prefix);
	uint32_t likely = (range->start.v4 & mask) | (ip->address.v4 & ~mask);
	if (!(likely & ~mask) || (likely | mask) == UINT32_MAX)
		return false;
	*ret = ip_from_v4(likely);
	*ret_octets = 0;
	for (unsigned shift = 0; shift < 32; shift += 8)
		*ret_octets += (likely >> shift & 255) != (ip->address.v4 >> shift & 255);
	return true;
}

static void first_and_last(const struct network_ip *ip, char first[static IP_TEXT_MAX],
			   char last[static IP_TEXT_MAX])
{
	struct ip a = ip_network(&ip->address, ip->prefix), b = a;

	if (a.family == AF_INET) {
		a.v4++;
		b.v4 = (b.v4 | ~ip4_mask(ip->prefix)) - 1;
	} else {
		a.v6[15] |= 1;
		for (unsigned bit = ip->prefix; bit < 128; bit++)
			b.v6[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	}
	ip_format(&a, first);
	ip_format(&b, last);
}

#define REMEDY_MAX (3 * IP_TEXT_MAX + 100)

static void remedy_for(const struct network_ip *ip, const struct dhcp_range *range,
		       char remedy[static REMEDY_MAX])
{
	char guess[IP_TEXT_MAX], first[IP_TEXT_MAX], last[IP_TEXT_MAX];
	bool loopback = ip->address.family == AF_INET && ip->address.v4 >> 24 == 127;
	struct ip likely;
	unsigned octets;

	first_and_last(ip, first, last);
	if (is_inside(ip, &range->start) || !likely_address(ip, range, &likely, &octets)) {
		snprintf(remedy, REMEDY_MAX, "choose addresses from %s to %s", first, last);
		return;
	}
	ip_format(&likely, guess);
	if (loopback) /* which cannot be what was meant */
		snprintf(remedy, REMEDY_MAX, "probably <ip address='%s'> is meant", guess);
	else
		snprintf(remedy, REMEDY_MAX,
			 "%s <ip address='%s'> is meant, or a range within %s to %s",
			 octets == 1 ? "probably" : "either", guess, first, last);
}

static int refuse_outside(struct report *r, const struct network_ip *ip,
			  const struct dhcp_range *range, const char *what, const struct ip *where)
{
	struct subnet_text t = text_of(ip);
	char at[IP_TEXT_MAX], remedy[REMEDY_MAX];

	remedy_for(ip, range, remedy);
	return report_from(
	    r, ERR_FROM_NONE,
	    report_refuse(
		r, ERR_INTERNAL, range->line,
		"<range %s='%s'> is outside the network's subnet %s/%u (<ip address='%s'>, "
		"line %u); %s",
		what, ip_format(where, at), t.net, ip->prefix, t.addr, ip->line, remedy));
}

/* libvirt's class for all that is wrong with a range is "internal error". */
static int refuse_range(struct report *r, const struct dhcp_range *range, const char *why)
{
	char start[IP_TEXT_MAX], end[IP_TEXT_MAX];

	return report_from(
	    r, ERR_FROM_NONE,
	    report_refuse(r, ERR_INTERNAL, range->line, "<range start='%s' end='%s'>: %s",
			  ip_format(&range->start, start), ip_format(&range->end, end), why));
}

static bool is_too_wide(const struct dhcp_range *range)
{
	if (range->start.family == AF_INET)
		return range->end.v4 - range->start.v4 >= RANGE_MAX;
	return memcmp(range->start.v6, range->end.v6, 14) != 0;
}

static int validate_range(struct report *r, const struct network_ip *ip,
			  const struct dhcp_range *range)
{
	bool v4 = ip->address.family == AF_INET;
	uint32_t host = v4 ? ~ip4_mask(ip->prefix) : 0;

	if (range->start.family != ip->address.family || range->end.family != ip->address.family)
		return refuse_range(r, range,
				    v4 ? "both must be IPv4 addresses, as that of the <ip>"
				       : "both must be IPv6 addresses, as that of the <ip>");
	if (v4 && ip->prefix >= 31)
		return refuse_range(r, range,
				    "a subnet of prefix 31 or 32 has no address to give away; "
				    "use a shorter prefix");
	if (!is_inside(ip, &range->start))
		return refuse_outside(r, ip, range, "start", &range->start);
	if (!is_inside(ip, &range->end))
		return refuse_outside(r, ip, range, "end", &range->end);
	if (ip_compare(&range->start, &range->end) > 0)
		return refuse_range(r, range, "end comes before start; swap them");
	if (v4 && (range->start.v4 & host) == 0)
		return refuse_range(
		    r, range, "it starts at the address of the subnet itself; start one later");
	if (v4 && (range->end.v4 & host) == host)
		return refuse_range(
		    r, range, "it ends at the broadcast address of the subnet; end one earlier");
	if (is_too_wide(range))
		return refuse_range(r, range,
				    v4 ? "it holds more than 65536 addresses; make it shorter"
				       : "start and end differ above their last 16 bits; make "
					 "it shorter");
	if (ip_compare(&range->start, &ip->address) <= 0 &&
	    ip_compare(&ip->address, &range->end) <= 0)
		report_doubt(r, range->line,
			     "<range> holds the address of the bridge itself (line %u), "
			     "which is not given away",
			     ip->line);
	return 0;
}

static int compare_ranges(const void *a, const void *b)
{
	return ip_compare(&((const struct dhcp_range *)a)->start,
			  &((const struct dhcp_range *)b)->start);
}

/* Ordered by start, an overlap shows between neighbours. */
static bool ranges_overlap(const void *a, const void *b)
{
	return ip_compare(&((const struct dhcp_range *)b)->start,
			  &((const struct dhcp_range *)a)->end) <= 0;
}

static int validate_ranges(struct report *r, const struct network_ip *ip)
{
	struct pair p;
	int err = 0;

	for (size_t i = 0; i < ip->n_ranges && err == 0; i++)
		err = validate_range(r, ip, &ip->ranges[i]);
	if (err == 0)
		err = find_pair(r, ip->ranges, ip->n_ranges, sizeof(*ip->ranges), compare_ranges,
				ranges_overlap, &p);
	if (err < 0 || !p.second)
		return err;
	const struct dhcp_range *x = p.first, *y = p.second;
	char start[IP_TEXT_MAX], end[IP_TEXT_MAX];
	return report_unwise(
	    r, ERR_CONFIG_UNSUPPORTED, y->line,
	    "<range start='%s' end='%s'> overlaps the <range> in line %u; join them or "
	    "set them apart",
	    ip_format(&y->start, start), ip_format(&y->end, end), x->line);
}

/* Reservations. */

/* For whom it is. */
static int validate_host_identity(struct report *r, const struct network_ip *ip,
				  const struct dhcp_host *host)
{
	bool v6 = ip->address.family == AF_INET6;
	char addr[IP_TEXT_MAX], mac[MAC_TEXT_MAX];

	if (v6 ? !host->has_mac && (host->id || host->name) : host->has_mac || host->name)
		return 0;
	ip_format(&host->ip, addr);
	if (v6 && host->has_mac)
		return report_refuse(
		    r, ERR_XML, host->line,
		    "<host mac='%.50s' ip='%s'>: DHCPv6 knows clients by DUID or name; write "
		    "id='…' or name='…' instead of mac",
		    dhcp_host_mac(host, mac), addr);
	return report_refuse(r, ERR_XML, host->line,
			     "<host ip='%s'> does not say for whom; add %s='…' or name='…'", addr,
			     v6 ? "id" : "mac");
}

static bool has_blank_or_comma(const char *name)
{
	for (; *name; name++)
		if (*name == ',' || isspace((unsigned char)*name))
			return true;
	return false;
}

static int refuse_host_outside(struct report *r, const struct network_ip *ip,
			       const struct dhcp_host *host)
{
	struct subnet_text t = text_of(ip);
	char addr[IP_TEXT_MAX];

	return report_unwise(r, ERR_CONFIG_UNSUPPORTED, host->line,
			     "<host ip='%s'> is outside the network's subnet %s/%u (<ip "
			     "address='%s'>, line %u), so that it could never be given away; "
			     "correct it",
			     ip_format(&host->ip, addr), t.net, ip->prefix, t.addr, ip->line);
}

static int validate_host(struct report *r, const struct network_ip *ip,
			 const struct dhcp_host *host)
{
	char addr[IP_TEXT_MAX];
	int err = validate_host_identity(r, ip, host);

	if (err < 0)
		return err;
	if (host->name && has_blank_or_comma(host->name))
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, host->line,
		    "<host name='%.200s'> holds a blank or a comma; write one name", host->name);
	if (!is_inside(ip, &host->ip))
		return refuse_host_outside(r, ip, host);
	if (ip_equal(&host->ip, &ip->address))
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, host->line,
		    "<host ip='%s'> is the address of the bridge itself (line %u); choose "
		    "another",
		    ip_format(&host->ip, addr), ip->line);
	return 0;
}

/* Twins are found by their keys in a hash table: the hosts of a large network are judged each time
 * that one of them changes. */

struct key {
	uint8_t octets[17];
	size_t n; /* 0: the host has none */
};

static struct key mac_key(const struct dhcp_host *h)
{
	struct key k = { .n = h->has_mac ? sizeof(h->mac.b) : 0 };

	memcpy(k.octets, h->mac.b, sizeof(h->mac.b));
	return k;
}

static struct key ip_key(const struct dhcp_host *h)
{
	struct key k = { .octets = { h->ip.family == AF_INET6 }, .n = 17 };

	if (h->ip.family == AF_INET6)
		memcpy(k.octets + 1, h->ip.v6, sizeof(h->ip.v6));
	else
		memcpy(k.octets + 1, &h->ip.v4, sizeof(h->ip.v4));
	return k;
}

/* Names may be long: the key is a digest, and twins are compared. */
static struct key name_key(const struct dhcp_host *h)
{
	static const uint8_t secret[16]; /* only for digests of equal text to be equal */
	char lower[256];
	size_t n = 0;
	struct key k = { 0 };

	if (!h->name)
		return k;
	for (; h->name[n] && n < sizeof(lower); n++)
		lower[n] = (char)tolower((unsigned char)h->name[n]);
	uint64_t digest = siphash24(lower, n, secret);
	memcpy(k.octets, &digest, sizeof(digest));
	k.n = sizeof(digest);
	return k;
}

static bool always(const struct dhcp_host *a, const struct dhcp_host *b)
{
	return true;
}

static bool same_name(const struct dhcp_host *a, const struct dhcp_host *b)
{
	return strcasecmp(a->name, b->name) == 0;
}

static const struct twin_kind {
	const char *what;
	struct key (*key)(const struct dhcp_host *h);
	bool (*same)(const struct dhcp_host *a, const struct dhcp_host *b);
} twin_kinds[] = {
	{ "mac", mac_key, always },
	{ "ip", ip_key, always },
	{ "name", name_key, same_name },
};

struct twin_slot {
	const struct dhcp_host *host;
	struct key key;
};

/* Whoever writes a definition doesn't know the secret, and a flood of collisions costs no more than
 * their own time. */
static uint64_t place_of(const struct key *k, const uint8_t secret[static 16])
{
	uint64_t x[2], s[2];

	memcpy(x, k->octets, sizeof(x));
	memcpy(s, secret, sizeof(s));
	__uint128_t m = (__uint128_t)(x[0] ^ s[0]) * (x[1] ^ s[1] ^ k->octets[16] ^ 1);
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* The host before `h` with the same key; without one `h` gets a place. */
static const struct dhcp_host *find_twin(struct twin_slot *slots, size_t mask,
					 const uint8_t secret[static 16],
					 const struct twin_kind *kind, const struct dhcp_host *h)
{
	struct key k = kind->key(h);

	if (!k.n)
		return NULL;
	size_t i = place_of(&k, secret) & mask;
	for (; slots[i].host; i = (i + 1) & mask)
		if (slots[i].key.n == k.n && memcmp(slots[i].key.octets, k.octets, k.n) == 0 &&
		    kind->same(slots[i].host, h))
			return slots[i].host;
	slots[i] = (struct twin_slot){ h, k };
	return NULL;
}

/* The first pair in the order of the document. */
static int find_twins(struct report *r, const struct network_ip *ip, const struct twin_kind *kind,
		      struct pair *ret)
{
	size_t cap = 2;
	uint8_t secret[16];

	*ret = (struct pair){ NULL, NULL };
	while (cap < 2 * ip->n_hosts)
		cap *= 2;
	auto_free struct twin_slot *slots = calloc(cap, sizeof(*slots));
	if (!slots)
		return report_no_memory(r);
	random_bytes(secret, sizeof(secret));
	for (size_t i = 0; i < ip->n_hosts && !ret->first; i++) {
		ret->first = find_twin(slots, cap - 1, secret, kind, &ip->hosts[i]);
		ret->second = ret->first ? &ip->hosts[i] : NULL;
	}
	return 0;
}

static int validate_host_twins(struct report *r, const struct network_ip *ip)
{
	for (size_t i = 0; i < ARRAY_LEN(twin_kinds) && ip->n_hosts > 1; i++) {
		struct pair p;
		int err = find_twins(r, ip, &twin_kinds[i], &p);
		if (err < 0)
			return err;
		if (!p.second)
			continue;
		const struct dhcp_host *x = p.first, *y = p.second;
		char addr[IP_TEXT_MAX];
		err = report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, y->line,
		    "<host ip='%s'> has the same %s as the <host> in line %u; a client can "
		    "have one reservation, and an address one client",
		    ip_format(&y->ip, addr), twin_kinds[i].what, x->line);
		if (err < 0)
			return err;
	}
	return 0;
}

int validate_dhcp(struct report *r, const struct network_ip *ip)
{
	int err = validate_ranges(r, ip);

	for (size_t i = 0; i < ip->n_hosts && err == 0; i++)
		err = validate_host(r, ip, &ip->hosts[i]);
	return err < 0 ? err : validate_host_twins(r, ip);
}
