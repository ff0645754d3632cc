/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An upstream's octets as the answer to a question. Input: flags (1: DO, 2: TCP client, 4:
 * rebinding protection), type, then a reply without its id (which is filled in, for it can't be
 * guessed). The name asked is the reply's own first name where there is one. What the client gets,
 * at once and from the cache, must be whole records up to its end. (ldns would also judge the rdata
 * of types that pass through unread.) */
#include "dns/dns-message.h"
#include "dns/dns-name.h"
#include "dns/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REPLY_MAX 65535

static uint32_t exchange;
static uint16_t id;
static bool sent;
static size_t limit;
static usec_t now = 1000 * USEC_PER_SEC;

static bool readable(const uint8_t *bytes, size_t n)
{
	struct rd r = rd_over(bytes, n);
	struct dns_name name;
	unsigned counts[4];

	rd_skip(&r, 4);
	for (unsigned i = 0; i < ARRAY_LEN(counts); i++)
		counts[i] = rd_u16(&r);
	for (; counts[0]; counts[0]--) {
		if (!dns_name_read(&r, bytes, n, &name))
			return false;
		rd_skip(&r, 4);
	}
	for (unsigned left = counts[1] + counts[2] + counts[3]; left; left--) {
		if (!dns_name_read(&r, bytes, n, &name))
			return false;
		rd_skip(&r, 8);
		rd_skip(&r, rd_u16(&r));
	}
	return !r.bad && rd_left(&r) == 0;
}

static void act(void *data, const struct dns_action *a)
{
	if (a->kind == DNS_SEND_UPSTREAM) {
		struct rd r = rd_over(a->bytes, a->n);
		id = rd_u16(&r);
		exchange = a->exchange;
		sent = true;
	}
	if (a->kind != DNS_REPLY)
		return;
	if (a->n > limit || !readable(a->bytes, a->n))
		abort();
}

/* The query whose question the reply repeats. */
static size_t make_query(uint8_t *buf, size_t cap, const uint8_t *reply, size_t n, uint16_t type,
			 bool dnssec)
{
	struct wr w = wr_over(buf, cap);
	struct rd r = rd_over(reply, n);
	struct dns_name name = { .n = 1 };

	rd_skip(&r, DNS_HEADER_OCTETS);
	if (!dns_name_read(&r, reply, n, &name))
		name = (struct dns_name){ .n = 3, .labels = 1, .wire = { 1, 'a', 0 } };
	wr_u32(&w, 0x12340100);
	wr_u32(&w, 0x00010000);
	wr_u32(&w, 1);
	wr_bytes(&w, name.wire, name.n);
	wr_u16(&w, type);
	wr_u16(&w, 1);
	wr_u8(&w, 0);
	wr_u16(&w, DNS_OPT);
	wr_u16(&w, 1232);
	wr_u32(&w, dnssec ? 0x8000 : 0);
	wr_u16(&w, 0);
	return wr_len(&w);
}

static struct dns_server *make_server(bool rebind)
{
	struct dns_config *c = dns_config_new("lab.test");
	struct ip gw = ip_from_v4(0xc0a87a01);
	struct dns_upstream u[] = { { ip_from_v4(0x01010101), 53 },
				    { ip_from_v4(0x02020202), 53 } };

	if (!c || dns_config_add_subnet(c, &gw, 24) < 0)
		abort();
	c->rebind_protection = rebind;
	struct dns_server *s = dns_server_new(c, NULL);
	dns_config_free(c);
	dns_server_set_upstreams(s, u, 2);
	return s;
}

static void ask_twice(struct dns_server *s, const struct dns_client *c, const uint8_t *q,
		      size_t q_n, const uint8_t *reply, size_t n)
{
	const struct dns_out out = { act, NULL };

	for (unsigned attempt = 0; attempt < 2; attempt++) {
		sent = false;
		(void)dns_query(s, c, q, q_n, now, &out);
		while (sent) {
			uint8_t *bytes = malloc(n);
			if (!bytes)
				abort();
			memcpy(bytes, reply, n);
			bytes[0] = (uint8_t)(id >> 8);
			bytes[1] = (uint8_t)id;
			sent = false;
			dns_upstream_reply(s, exchange, bytes, n, now, &out);
			free(bytes);
		}
		while (dns_deadline(s) != USEC_INFINITY)
			dns_tick(s, now = dns_deadline(s), &out);
		now += USEC_PER_SEC;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_client c = { .address = { AF_INET, .v4 = 0xc0a87a32 }, .port = 4000 };
	static struct dns_server *servers[2];
	uint8_t q[512];

	if (size < 2 + DNS_HEADER_OCTETS || size > REPLY_MAX)
		return 0;
	const uint8_t *reply = data + 2;
	size_t n = size - 2, q_n = make_query(q, sizeof(q), reply, n, data[1], data[0] & 1);
	struct dns_server **s = &servers[data[0] >> 2 & 1];
	if (!*s)
		*s = make_server(data[0] & 4);
	c.tcp = data[0] & 2;
	limit = c.tcp ? DNS_TCP_MAX : DNS_UDP_MAX;
	ask_twice(*s, &c, q, q_n, reply, n);
	now += 7 * 86400 * USEC_PER_SEC; /* nothing in the cache is of use any more */
	return 0;
}
