/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scene.h — one engine, a fake clock and clients that speak in single lines, for the engine's
 * tests. */
#ifndef TESTS_DHCP_SCENE_H
#define TESTS_DHCP_SCENE_H

#include "dhcp/dhcp4-options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NET    0x0a4d0000u /* 10.77.0.0/24 */
#define SERVER (NET + 1)
#define BCAST  UINT32_MAX

static const struct mac bridge_mac = { { 0x52, 0x54, 0x00, 0xff, 0xff, 0x01 } };

struct scene {
	struct dhcp4 *s;
	usec_t now;
	struct dhcp4_config c;
	struct dhcp4_range ranges[4];
	struct dhcp4_host hosts[8];
	struct dhcp4_name reserved[2];
	struct dhcp4_action out[64];
	size_t n; /* actions of the last call */
	enum dhcp4_drop drop;
	uint32_t port; /* of the bridge, that clients speak by; 0: not known */
};

/* A client message under construction. */
struct packet {
	uint8_t b[4096];
	struct wr w;
	uint32_t src, dst;
};

static inline struct mac client(unsigned i)
{
	return (struct mac){ { 0x52, 0x54, 0x00, 0x00, (uint8_t)(i >> 8), (uint8_t)i } };
}

static inline void scene_configure(struct scene *c)
{
	struct err e = { 0 };

	if (dhcp4_configure(c->s, &c->c, c->now, &e) < 0)
		fail_msg("%s", e.msg);
}

/* 10.77.0.1/24 with a range .10 - .10+addresses-1 (0: none). */
static inline void scene_open(struct scene *c, unsigned addresses)
{
	memset(c, 0, sizeof(*c));
	c->now = 1000 * USEC_PER_SEC;
	c->ranges[0] = (struct dhcp4_range){ NET + 10, NET + 10 + addresses - 1, 0 };
	c->c = (struct dhcp4_config){
		.server = SERVER,
		.prefix = 24,
		.bridge_mac = bridge_mac,
		.router = SERVER,
		.dns = SERVER,
		.domain = "lab",
		.authoritative = true,
		.ranges = c->ranges,
		.n_ranges = addresses ? 1 : 0,
		.hosts = c->hosts,
		.reserved = c->reserved,
	};
	c->s = dhcp4_new();
	assert_non_null(c->s);
	scene_configure(c);
}

static inline void scene_close(struct scene *c)
{
	dhcp4_free(c->s);
}

static inline void packet_open(struct packet *p, const struct mac *mac)
{
	p->src = 0;
	p->dst = BCAST;
	p->w = wr_over(p->b, sizeof(p->b));
	wr_u8(&p->w, 1);
	wr_u8(&p->w, 1);
	wr_u8(&p->w, 6);
	wr_u8(&p->w, 0);
	wr_u32(&p->w, 0x12345678);
	wr_zero(&p->w, 20);
	wr_bytes(&p->w, mac->b, 6);
	wr_zero(&p->w, 10 + 64 + 128);
	wr_u32(&p->w, DHCP4_COOKIE);
}

static inline void packet_option(struct packet *p, uint8_t code, const void *v, size_t n)
{
	wr_u8(&p->w, code);
	wr_u8(&p->w, (uint8_t)n);
	wr_bytes(&p->w, v, n);
}

static inline void packet_u32(struct packet *p, uint8_t code, uint32_t v)
{
	wr_u8(&p->w, code);
	wr_u8(&p->w, 4);
	wr_u32(&p->w, v);
}

static inline void packet_text(struct packet *p, uint8_t code, const char *text)
{
	packet_option(p, code, text, strlen(text));
}

static inline void packet_dhcp(struct packet *p, const struct mac *mac, uint8_t type)
{
	packet_open(p, mac);
	packet_option(p, 53, &type, 1);
}

/* Fields of the fixed part, by their offset. */
enum {
	AT_OP = 0,
	AT_HTYPE = 1,
	AT_HLEN = 2,
	AT_HOPS = 3,
	AT_FLAGS = 10,
	AT_CIADDR = 12,
	AT_YIADDR = 16,
	AT_SIADDR = 20,
	AT_GIADDR = 24,
	AT_CHADDR = 28,
	AT_SNAME = 44,
	AT_FILE = 108,
	AT_COOKIE = 236
};

static inline uint32_t be32_at(const uint8_t *b, size_t at)
{
	struct rd r = rd_over(b + at, 4);
	return rd_u32(&r);
}

/* Hand over exactly the bytes that are there, so that a sanitizer sees a read past them. */
static inline enum dhcp4_drop scene_raw(struct scene *c, const struct packet *p)
{
	size_t n = wr_len(&p->w);
	uint8_t *exact = malloc(n ? n : 1);

	assert_non_null(exact);
	memcpy(exact, p->b, n);
	struct dhcp4_dgram in = {
		.payload = exact, .n = n, .src = p->src, .dst = p->dst, .port = c->port
	};
	c->n = dhcp4_input(c->s, &in, c->now, c->out, ARRAY_LEN(c->out));
	c->drop = dhcp4_last_drop(c->s);
	free(exact);
	return c->drop;
}

static inline enum dhcp4_drop scene_send(struct scene *c, struct packet *p)
{
	wr_u8(&p->w, 255);
	return scene_raw(c, p);
}

static inline const struct dhcp4_action *action_send(const struct scene *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->out[i].kind == DHCP4_SEND)
			return &c->out[i];
	return NULL;
}

static inline const struct dhcp4_action *action_binding(const struct scene *c,
							enum dhcp4_change change)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->out[i].kind == DHCP4_BINDING && c->out[i].change == change)
			return &c->out[i];
	return NULL;
}

/* An option of the reply; NULL when absent. */
static inline const uint8_t *reply_option(const struct dhcp4_action *a, uint8_t code, size_t *ret_n)
{
	struct rd r = rd_over(a->payload, a->n);

	rd_skip(&r, 240);
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);
		if (c == 255)
			break;
		if (c == 0)
			continue;
		size_t n = rd_u8(&r);
		const uint8_t *v = rd_bytes(&r, n);
		if (c == code) {
			if (ret_n)
				*ret_n = n;
			return v;
		}
	}
	return NULL;
}

static inline uint32_t reply_u32(const struct dhcp4_action *a, uint8_t code)
{
	size_t n = 0;
	const uint8_t *v = reply_option(a, code, &n);

	return v && n == 4 ? be32_at(v, 0) : 0;
}

static inline uint8_t reply_type(const struct scene *c)
{
	const struct dhcp4_action *a = action_send(c);
	const uint8_t *v = a ? reply_option(a, 53, NULL) : NULL;

	return v ? v[0] : 0;
}

static inline uint32_t reply_yiaddr(const struct scene *c)
{
	const struct dhcp4_action *a = action_send(c);

	return a ? be32_at(a->payload, AT_YIADDR) : 0;
}

static inline bool reply_text_is(const struct scene *c, uint8_t code, const char *text)
{
	const struct dhcp4_action *a = action_send(c);
	size_t n = 0;
	const uint8_t *v = a ? reply_option(a, code, &n) : NULL;

	return v && n == strlen(text) && memcmp(v, text, n) == 0;
}

/* The store's answer to what the last call asked it, if anything. */
static inline void scene_commit(struct scene *c, bool durable)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->out[i].kind == DHCP4_BINDING && c->out[i].token) {
			c->n = dhcp4_committed(c->s, c->out[i].token, durable, c->now, c->out,
					       ARRAY_LEN(c->out));
			return;
		}
	}
}

static inline uint32_t discover(struct scene *c, struct mac mac, const char *name)
{
	struct packet p;

	packet_dhcp(&p, &mac, DHCP4_TYPE_DISCOVER);
	if (name)
		packet_text(&p, DHCP4_OPT_HOST_NAME, name);
	scene_send(c, &p);
	return reply_type(c) == DHCP4_TYPE_OFFER ? reply_yiaddr(c) : 0;
}

/* SELECTING, without the store's answer. */
static inline enum dhcp4_drop request(struct scene *c, struct mac mac, uint32_t ip,
				      const char *name)
{
	struct packet p;

	packet_dhcp(&p, &mac, DHCP4_TYPE_REQUEST);
	packet_u32(&p, DHCP4_OPT_SERVER_ID, SERVER);
	packet_u32(&p, DHCP4_OPT_REQUESTED, ip);
	if (name)
		packet_text(&p, DHCP4_OPT_HOST_NAME, name);
	return scene_send(c, &p);
}

static inline enum dhcp4_drop init_reboot(struct scene *c, struct mac mac, uint32_t ip)
{
	struct packet p;

	packet_dhcp(&p, &mac, DHCP4_TYPE_REQUEST);
	packet_u32(&p, DHCP4_OPT_REQUESTED, ip);
	return scene_send(c, &p);
}

static inline enum dhcp4_drop renew(struct scene *c, struct mac mac, uint32_t ip)
{
	struct packet p;

	packet_dhcp(&p, &mac, DHCP4_TYPE_REQUEST);
	wr_patch_u32(&p.w, AT_CIADDR, ip);
	p.src = ip == SERVER ? 0 : ip; /* what claims to come from us is dropped before that */
	p.dst = SERVER;
	return scene_send(c, &p);
}

/* RELEASE or DECLINE. */
static inline enum dhcp4_drop give_up(struct scene *c, struct mac mac, uint8_t type, uint32_t ip)
{
	struct packet p;

	packet_dhcp(&p, &mac, type);
	packet_u32(&p, DHCP4_OPT_SERVER_ID, SERVER);
	if (type == DHCP4_TYPE_DECLINE) {
		packet_u32(&p, DHCP4_OPT_REQUESTED, ip);
	} else {
		wr_patch_u32(&p.w, AT_CIADDR, ip);
		p.src = ip;
	}
	return scene_send(c, &p);
}

/* DISCOVER to ACK; the address, 0 if there was none. */
static inline uint32_t dora(struct scene *c, struct mac mac, const char *name)
{
	uint32_t ip = discover(c, mac, name);

	if (!ip)
		return 0;
	request(c, mac, ip, name);
	scene_commit(c, true);
	return reply_type(c) == DHCP4_TYPE_ACK ? reply_yiaddr(c) : 0;
}

static inline void scene_tick(struct scene *c, uint32_t after_sec)
{
	c->now += after_sec * USEC_PER_SEC;
	c->n = 0;
	while (dhcp4_deadline(c->s) <= c->now)
		c->n = dhcp4_tick(c->s, c->now, c->out, ARRAY_LEN(c->out));
}

static inline uint64_t counter(const struct scene *c, enum dhcp4_counter i)
{
	struct dhcp4_usage u;

	dhcp4_get_usage(c->s, &u);
	return u.count[i];
}

#endif
