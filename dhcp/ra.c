/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/ra.h"

#include "dhcp/dhcp6-options.h"
#include "dhcp/ip6-frame.h"

#include <string.h>

#define TYPE_SOLICITATION  133
#define TYPE_ADVERTISEMENT 134
#define SOLICITATION_MAX   1452
#define FLAG_MANAGED       0x80
#define FLAG_OTHER         0x40
#define PREFIX_ON_LINK     0x80
#define PREFIX_AUTONOMOUS  0x40

enum { /* options of neighbour discovery */
       OPT_SOURCE_LINK_LAYER = 1,
       OPT_PREFIX = 3,
       OPT_MTU = 5,
       OPT_RDNSS = 25,
       OPT_DNSSL = 31,
};

static const struct ip all_nodes = { .family = AF_INET6, .v6 = { 0xff, 0x02, [15] = 1 } };

struct withdrawn {
	struct ra_prefix prefix;
	usec_t until; /* 0: empty */
};

struct ra {
	bool configured;
	struct ra_config c;
	struct withdrawn withdrawn[RA_PREFIXES_MAX];
	struct ip withdrawn_dns; /* not set: none */
	char withdrawn_domain[DHCP4_DOMAIN_MAX];
	usec_t dns_until, domain_until;

	uint64_t random;
	usec_t last_to_all; /* 0: never */
	usec_t next_to_all;
	unsigned initial;     /* advertisements of the first ones still to come */
	usec_t answers_since; /* window for `answers` */
	unsigned answers;

	uint64_t count[RA_COUNTER_N];
	uint8_t message[RA_MESSAGE_MAX];
};

const char *ra_counter_name(enum ra_counter c)
{
	/* clang-format off */
	static const char *const name[RA_COUNTER_N] = {
#define X(id, text) [RA_COUNT_##id] = text,
		RA_COUNTERS(X)
#undef X
	};
	/* clang-format on */
	return c < RA_COUNTER_N ? name[c] : "?";
}

struct ra *ra_new(uint64_t seed)
{
	struct ra *s = calloc(1, sizeof(*s));

	if (s) {
		s->random = seed | 1;
		s->next_to_all = USEC_INFINITY;
	}
	return s;
}

void ra_free(struct ra *s)
{
	free(s);
}

/* xorshift64: spreading in time needs no more. */
static uint64_t random_below(struct ra *s, uint64_t n)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random % n;
}

/* ---- the message ---- */

static void put_prefix(struct wr *w, const struct ra_prefix *p, uint32_t valid, uint32_t preferred)
{
	bool autonomous = p->autonomous && p->length == 64;
	struct ip network = ip_network(&p->prefix, p->length);

	wr_u8(w, OPT_PREFIX);
	wr_u8(w, 4);
	wr_u8(w, (uint8_t)p->length);
	wr_u8(w, PREFIX_ON_LINK | (autonomous ? PREFIX_AUTONOMOUS : 0));
	wr_u32(w, valid);
	wr_u32(w, preferred);
	wr_u32(w, 0);
	wr_bytes(w, network.v6, sizeof(network.v6));
}

static void put_rdnss(struct wr *w, const struct ip *dns, uint32_t lifetime)
{
	if (!ip_is_set(dns))
		return;
	wr_u8(w, OPT_RDNSS);
	wr_u8(w, 3);
	wr_u16(w, 0);
	wr_u32(w, lifetime);
	wr_bytes(w, dns->v6, sizeof(dns->v6));
}

static void put_dnssl(struct wr *w, const char *domain, uint32_t lifetime)
{
	uint8_t names[DHCP4_DOMAIN_MAX + 16];
	struct wr n = wr_over(names, sizeof(names));

	if (!domain[0])
		return;
	dhcp6_write_labels(&n, domain, true);
	while (wr_len(&n) % 8)
		wr_u8(&n, 0);
	if (n.bad)
		return;
	wr_u8(w, OPT_DNSSL);
	wr_u8(w, (uint8_t)(1 + wr_len(&n) / 8));
	wr_u16(w, 0);
	wr_u32(w, lifetime);
	wr_bytes(w, names, wr_len(&n));
}

static void put_head(struct wr *w, const struct ra_config *c, uint16_t lifetime)
{
	wr_u8(w, TYPE_ADVERTISEMENT);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u8(w, RA_HOP_LIMIT);
	wr_u8(w, c->managed ? FLAG_MANAGED | FLAG_OTHER : c->other ? FLAG_OTHER : 0);
	wr_u16(w, lifetime);
	wr_u32(w, 0); /* reachable and retransmission times: the guest's own */
	wr_u32(w, 0);
	wr_u8(w, OPT_SOURCE_LINK_LAYER);
	wr_u8(w, 1);
	wr_bytes(w, c->mac.b, sizeof(c->mac.b));
	if (c->mtu) {
		wr_u8(w, OPT_MTU);
		wr_u8(w, 1);
		wr_u16(w, 0);
		wr_u32(w, c->mtu);
	}
}

/* RFC 4862 §5.5.3 e: a guest shortens no lifetime below two hours, so that is what is left of a
 * withdrawn prefix; preferred 0 stops its use for new connections. */
static size_t build(struct ra *s, usec_t now)
{
	struct wr w = wr_over(s->message, sizeof(s->message));

	put_head(&w, &s->c, s->c.router_lifetime);
	for (size_t i = 0; i < s->c.n_prefixes; i++)
		put_prefix(&w, &s->c.prefix[i], s->c.prefix[i].valid, s->c.prefix[i].preferred);
	put_rdnss(&w, &s->c.dns, RA_DNS_LIFETIME);
	put_dnssl(&w, s->c.domain, RA_DNS_LIFETIME);
	if (s->dns_until > now)
		put_rdnss(&w, &s->withdrawn_dns, 0);
	if (s->domain_until > now)
		put_dnssl(&w, s->withdrawn_domain, 0);
	struct wr before = w;
	for (size_t i = 0; i < RA_PREFIXES_MAX && !w.bad; i++) {
		const struct withdrawn *old = &s->withdrawn[i];
		before = w;
		if (old->until > now)
			put_prefix(&w, &old->prefix, (uint32_t)((old->until - now) / USEC_PER_SEC),
				   0);
	}
	if (w.bad) /* there is no room for the oldest */
		w = before;
	return wr_len(&w);
}

size_t ra_final(const struct ra_config *c, uint8_t buf[static RA_MESSAGE_MAX])
{
	struct wr w = wr_over(buf, RA_MESSAGE_MAX);

	put_head(&w, c, 0);
	for (size_t i = 0; i < MIN_OF(c->n_prefixes, (size_t)RA_PREFIXES_MAX); i++)
		put_prefix(&w, &c->prefix[i], 0, 0);
	put_rdnss(&w, &c->dns, 0);
	put_dnssl(&w, c->domain, 0);
	return wr_len(&w);
}

/* ---- configuration ---- */

static bool same_prefix(const struct ra_prefix *a, const struct ra_prefix *b)
{
	return a->length == b->length && ip_in_prefix(&a->prefix, &b->prefix, a->length);
}

static bool has_prefix(const struct ra_config *c, const struct ra_prefix *p)
{
	for (size_t i = 0; i < c->n_prefixes; i++)
		if (same_prefix(&c->prefix[i], p))
			return true;
	return false;
}

static void withdraw(struct ra *s, const struct ra_prefix *p, usec_t now)
{
	struct withdrawn *place = &s->withdrawn[0];

	for (size_t i = 1; i < RA_PREFIXES_MAX; i++)
		if (s->withdrawn[i].until < place->until)
			place = &s->withdrawn[i];
	*place = (struct withdrawn){ *p, now + RA_WITHDRAWN_SEC * USEC_PER_SEC };
}

static void note_withdrawn(struct ra *s, const struct ra_config *c, usec_t now)
{
	for (size_t i = 0; i < s->c.n_prefixes; i++)
		if (!has_prefix(c, &s->c.prefix[i]))
			withdraw(s, &s->c.prefix[i], now);
	for (size_t i = 0; i < RA_PREFIXES_MAX; i++)
		if (has_prefix(c, &s->withdrawn[i].prefix))
			s->withdrawn[i].until = 0; /* it is back */
	if (ip_is_set(&s->c.dns) && !ip_equal(&s->c.dns, &c->dns)) {
		s->withdrawn_dns = s->c.dns;
		s->dns_until = now + RA_DNS_LIFETIME * USEC_PER_SEC;
	}
	if (ip_equal(&s->withdrawn_dns, &c->dns))
		s->dns_until = 0;
	if (strcmp(s->withdrawn_domain, c->domain) == 0)
		s->domain_until = 0;
	if (s->c.domain[0] && strcmp(s->c.domain, c->domain) != 0) {
		copy_text(s->withdrawn_domain, sizeof(s->withdrawn_domain), s->c.domain);
		s->domain_until = now + RA_DNS_LIFETIME * USEC_PER_SEC;
	}
}

/* Not earlier than RA_MIN_DELAY after the last one; an earlier plan stays. */
static void plan_to_all(struct ra *s, usec_t at)
{
	if (s->last_to_all)
		at = MAX_OF(at, s->last_to_all + RA_MIN_DELAY * USEC_PER_SEC);
	s->next_to_all = MIN_OF(s->next_to_all, at);
}

void ra_configure(struct ra *s, const struct ra_config *c, usec_t now)
{
	struct ra_config copy = *c;

	copy.n_prefixes = MIN_OF(c->n_prefixes, (size_t)RA_PREFIXES_MAX);
	copy.domain[sizeof(copy.domain) - 1] = '\0';
	if (s->configured && memcmp(&copy, &s->c, sizeof(copy)) == 0)
		return; /* other parts of the definition changed */
	if (s->configured)
		note_withdrawn(s, &copy, now);
	s->c = copy;
	s->configured = true;
	s->initial = RA_INITIAL;
	plan_to_all(s, now);
}

/* ---- solicitations ---- */

static bool is_link_local(const struct ip *ip)
{
	return ip->v6[0] == 0xfe && (ip->v6[1] & 0xc0) == 0x80;
}

static bool is_unspecified(const struct ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip->v6, zero, sizeof(zero)) == 0;
}

/* RFC 4861 §6.1.1. RX_SOLICIT when it is a good one, else why not. */
static enum ra_counter judge(const struct ra *s, const struct ra_solicit *in)
{
	struct rd r = rd_over(in->message, in->n);
	uint8_t type = rd_u8(&r), code = rd_u8(&r);

	rd_skip(&r, 6); /* checksum, reserved */
	if (r.bad || in->n > SOLICITATION_MAX)
		return RA_COUNT_DROP_SHORT;
	if (type != TYPE_SOLICITATION || code != 0)
		return RA_COUNT_DROP_TYPE;
	if (in->hop_limit != 255)
		return RA_COUNT_DROP_HOP_LIMIT;
	bool anonymous = is_unspecified(&in->src);
	if ((!anonymous && !is_link_local(&in->src)) || mac_is_zero(&in->from) ||
	    mac_is_multicast(&in->from) || mac_equal(&in->from, &s->c.mac))
		return RA_COUNT_DROP_SOURCE;
	while (rd_left(&r)) {
		uint8_t option = rd_u8(&r), units = rd_u8(&r);
		if (!units)
			return RA_COUNT_DROP_SHORT;
		rd_skip(&r, units * 8U - 2);
		if (r.bad)
			return RA_COUNT_DROP_SHORT;
		if (option == OPT_SOURCE_LINK_LAYER && anonymous)
			return RA_COUNT_DROP_SOURCE;
	}
	return RA_COUNT_RX_SOLICIT;
}

static bool may_answer(struct ra *s, usec_t now)
{
	if (now - s->answers_since >= USEC_PER_SEC) {
		s->answers_since = now;
		s->answers = 0;
	}
	return s->answers++ < RA_ANSWERS_PER_SEC;
}

size_t ra_input(struct ra *s, const struct ra_solicit *in, usec_t now, struct ra_action *out)
{
	if (!s->configured)
		return 0;
	enum ra_counter verdict = judge(s, in);
	s->count[verdict]++;
	if (verdict != RA_COUNT_RX_SOLICIT)
		return 0;
	if (is_unspecified(&in->src) || !may_answer(s, now)) {
		if (!is_unspecified(&in->src))
			s->count[RA_COUNT_DROP_RATE]++;
		plan_to_all(s, now + random_below(s, RA_ANSWER_MSEC * USEC_PER_MSEC));
		return 0;
	}
	s->count[RA_COUNT_TX_UNICAST]++;
	*out = (struct ra_action){ in->from, in->src, s->message, build(s, now) };
	return 1;
}

/* ---- time ---- */

usec_t ra_deadline(const struct ra *s)
{
	return s->next_to_all;
}

size_t ra_tick(struct ra *s, usec_t now, struct ra_action *out)
{
	uint64_t spread = (RA_INTERVAL_MAX - RA_INTERVAL_MIN) * USEC_PER_SEC;
	usec_t wait = RA_INTERVAL_MIN * USEC_PER_SEC + random_below(s, spread);

	if (s->next_to_all > now)
		return 0;
	if (s->initial && --s->initial)
		wait = RA_INITIAL_SEC * USEC_PER_SEC;
	s->last_to_all = now;
	s->next_to_all = now + wait;
	s->count[RA_COUNT_TX_MULTICAST]++;
	*out = (struct ra_action){ ip6_multicast_mac(&all_nodes), all_nodes, s->message,
				   build(s, now) };
	return 1;
}

const uint64_t *ra_counters(const struct ra *s)
{
	return s->count;
}
