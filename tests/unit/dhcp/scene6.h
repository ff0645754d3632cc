/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scene6.h — one DHCPv6 engine, a fake clock and clients that speak in single lines, for the
 * engine's tests. */
#ifndef TESTS_DHCP_SCENE6_H
#define TESTS_DHCP_SCENE6_H

#include "dhcp/dhcp6-options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct mac bridge_mac6 = { { 0x52, 0x54, 0x00, 0xff, 0xff, 0x01 } };
static const uint8_t server_duid[] = { 0, 4, 's', 'e', 'r', 'v', 'e', 'r' };

struct scene6 {
	struct dhcp6 *s;
	usec_t now;
	struct dhcp6_config c;
	struct dhcp6_range ranges[2];
	struct dhcp6_host hosts[4];
	struct dhcp4_name reserved[2];
	struct dhcp6_action out[32];
	size_t n; /* actions of the last call */
	enum dhcp6_drop drop;
	const char *known_name;
	uint32_t port; /* of the bridge, that clients speak by; 0: not known */
};

/* A client message under construction. */
struct packet6 {
	uint8_t b[2048];
	struct wr w;
	struct mac from;
	struct ip src, dst;
};

static inline struct ip ip6(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

static inline struct ip host6(unsigned i)
{
	char text[32];

	snprintf(text, sizeof(text), "fd77::%x", i);
	return ip6(text);
}

static inline struct mac client6(unsigned i)
{
	return (struct mac){ { 0x52, 0x54, 0x00, 0x00, (uint8_t)(i >> 8), (uint8_t)i } };
}

static inline void scene6_configure(struct scene6 *c)
{
	struct err e = { 0 };

	if (dhcp6_configure(c->s, &c->c, &e) < 0)
		fail_msg("%s", e.msg);
}

/* fd77::1/64 with a range fd77::100 and so many addresses (0: none). */
static inline void scene6_open(struct scene6 *c, unsigned addresses)
{
	memset(c, 0, sizeof(*c));
	c->now = 1000 * USEC_PER_SEC;
	c->ranges[0] = (struct dhcp6_range){ host6(0x100), host6(0x100 + addresses - 1), 0 };
	c->c = (struct dhcp6_config){
		.server = host6(1),
		.prefix = 64,
		.bridge_mac = bridge_mac6,
		.dns = host6(1),
		.domain = "lab.test",
		.ranges = c->ranges,
		.n_ranges = addresses ? 1 : 0,
		.hosts = c->hosts,
		.reserved = c->reserved,
	};
	memcpy(c->c.duid, server_duid, sizeof(server_duid));
	c->c.duid_len = sizeof(server_duid);
	c->s = dhcp6_new();
	assert_non_null(c->s);
	scene6_configure(c);
}

static inline void scene6_close(struct scene6 *c)
{
	dhcp6_free(c->s);
}

static inline void packet6_open(struct packet6 *p, unsigned client, enum dhcp6_type type)
{
	p->from = client6(client);
	p->src = ip6("fe80::5054:ff:fe00:1");
	p->dst = ip6("ff02::1:2");
	p->w = wr_over(p->b, sizeof(p->b));
	dhcp6_write_head(&p->w, type, 0x123456);
}

/* DUID-LL of the client, unless a test writes its own. */
static inline void packet6_client_id(struct packet6 *p, unsigned client)
{
	uint8_t duid[10] = { 0, 3, 0, 1 };

	memcpy(duid + 4, client6(client).b, 6);
	dhcp6_write_option(&p->w, DHCP6_OPT_CLIENT_ID, duid, sizeof(duid));
}

static inline void packet6_server_id(struct packet6 *p)
{
	dhcp6_write_option(&p->w, DHCP6_OPT_SERVER_ID, server_duid, sizeof(server_duid));
}

static inline void packet6_ia(struct packet6 *p, uint32_t iaid, const struct ip *ip, uint32_t valid)
{
	size_t at = dhcp6_write_open(&p->w, DHCP6_OPT_IA_NA);

	wr_u32(&p->w, iaid);
	wr_zero(&p->w, 8);
	if (ip)
		dhcp6_write_address(&p->w, ip, valid, valid);
	dhcp6_write_close(&p->w, at);
}

static inline void packet6_fqdn(struct packet6 *p, const char *name)
{
	size_t at = dhcp6_write_open(&p->w, DHCP6_OPT_FQDN);

	wr_u8(&p->w, 1);
	dhcp6_write_labels(&p->w, name, false);
	dhcp6_write_close(&p->w, at);
}

/* A whole message: needs the server's identifier when the type does. */
static inline void packet6_make(struct packet6 *p, unsigned client, enum dhcp6_type type,
				const struct ip *ip)
{
	packet6_open(p, client, type);
	packet6_client_id(p, client);
	if (type == DHCP6_TYPE_REQUEST || type == DHCP6_TYPE_RENEW || type == DHCP6_TYPE_RELEASE ||
	    type == DHCP6_TYPE_DECLINE)
		packet6_server_id(p);
	packet6_ia(p, 1, ip, 0);
}

/* Hand over exactly the bytes that are there, so that a sanitizer sees a read past them. */
static inline enum dhcp6_drop scene6_bytes(struct scene6 *c, const struct packet6 *p,
					   const uint8_t *b, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);

	assert_non_null(exact);
	memcpy(exact, b, n);
	struct dhcp6_dgram in = { .payload = exact,
				  .n = n,
				  .src = p->src,
				  .dst = p->dst,
				  .from = p->from,
				  .port = c->port,
				  .known_name = c->known_name };
	c->n = dhcp6_input(c->s, &in, c->now, c->out, ARRAY_LEN(c->out));
	c->drop = dhcp6_last_drop(c->s);
	free(exact);
	return c->drop;
}

static inline enum dhcp6_drop scene6_send(struct scene6 *c, const struct packet6 *p)
{
	return scene6_bytes(c, p, p->b, wr_len(&p->w));
}

static inline const struct dhcp6_action *sent6(const struct scene6 *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->out[i].kind == DHCP6_SEND)
			return &c->out[i];
	return NULL;
}

static inline const struct dhcp6_action *binding6(const struct scene6 *c, enum dhcp4_change change)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->out[i].kind == DHCP6_BINDING && c->out[i].change == change)
			return &c->out[i];
	return NULL;
}

/* The store's verdict on all that the last call asked for; then n and out are the answer. */
static inline void judge6(struct scene6 *c, enum dhcp4_verdict verdict)
{
	uint64_t token[DHCP6_ACTIONS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->out[i].kind == DHCP6_BINDING && c->out[i].token)
			token[n++] = c->out[i].token;
	c->n = 0;
	for (size_t i = 0; i < n; i++)
		c->n += dhcp6_committed(c->s, token[i], verdict, c->out + c->n, 1);
}

static inline void commit6(struct scene6 *c, bool durable)
{
	judge6(c, durable ? DHCP4_STORED : DHCP4_UNSTORED);
}

/* The `nth` option `code` among `all`; bad when absent. */
static inline struct rd option6_in(struct rd all, uint16_t code, unsigned nth)
{
	while (rd_left(&all)) {
		uint16_t found = rd_u16(&all);
		struct rd value = rd_sub(&all, rd_u16(&all));
		if (found == code && nth-- == 0)
			return value;
	}
	return (struct rd){ .bad = true };
}

static inline struct rd option6(const struct dhcp6_action *a, uint16_t code, unsigned nth)
{
	struct rd r = rd_over(a->payload, a->n);

	rd_skip(&r, 4);
	return option6_in(r, code, nth);
}

/* What a reply says of its `nth` IA. */
struct told6 {
	struct ip ip; /* not set: none */
	uint32_t t1, t2, preferred, valid;
	int status; /* -1: none */
};

static inline struct told6 told6(const struct dhcp6_action *a, unsigned nth)
{
	struct told6 t = { .status = -1 };
	struct rd ia = option6(a, DHCP6_OPT_IA_NA, nth);

	rd_skip(&ia, 4);
	t.t1 = rd_u32(&ia);
	t.t2 = rd_u32(&ia);
	struct rd address = option6_in(ia, DHCP6_OPT_IA_ADDRESS, 0);
	struct rd status = option6_in(ia, DHCP6_OPT_STATUS, 0);
	if (!status.bad)
		t.status = rd_u16(&status);
	if (!address.bad) {
		t.ip.family = AF_INET6;
		rd_copy(&address, t.ip.v6, 16);
		t.preferred = rd_u32(&address);
		t.valid = rd_u32(&address);
	}
	return t;
}

static inline int status6(const struct dhcp6_action *a)
{
	struct rd r = option6(a, DHCP6_OPT_STATUS, 0);

	return r.bad ? -1 : rd_u16(&r);
}

/* SOLICIT and REQUEST to the end; the address. */
static inline struct ip bind6(struct scene6 *c, unsigned client)
{
	struct packet6 p;

	packet6_make(&p, client, DHCP6_TYPE_SOLICIT, NULL);
	assert_int_equal(scene6_send(c, &p), DHCP6_DROP_NONE);
	struct ip ip = told6(sent6(c), 0).ip;
	packet6_make(&p, client, DHCP6_TYPE_REQUEST, &ip);
	assert_int_equal(scene6_send(c, &p), DHCP6_DROP_NONE);
	if (!sent6(c)) /* else it has it already */
		commit6(c, true);
	assert_non_null(sent6(c));
	return told6(sent6(c), 0).ip;
}

#endif
