/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-relay.c — a link behind a relay: who may bring its requests, and what goes back. */
#include "dhcp/dhcp4-relay.h"

#include "scene.h"

#define FAR   0x0a090000u /* 10.9.0.0/24 */
#define RELAY (FAR + 1)
#define VIA   (NET + 9) /* the relay on our own link */

static const uint8_t circuit[] = { 1, 4, 0, 0, 0xab, 0xcd };

static void scene_far(struct scene *c)
{
	scene_open(c, 5);
	c->ranges[0] = (struct dhcp4_range){ FAR + 50, FAR + 54, 0 };
	c->c.router = c->c.subnet = c->c.relay = RELAY;
	c->c.via = VIA;
	scene_configure(c);
}

static void relayed(struct packet *p, unsigned who, uint8_t type)
{
	struct mac mac = client(who);

	packet_dhcp(p, &mac, type);
	wr_patch_u32(&p->w, AT_GIADDR, RELAY);
	p->src = VIA;
	p->dst = SERVER;
}

/* By the relay, with option 82; the address. */
static uint32_t far_lease(struct scene *c, unsigned who)
{
	struct packet p;

	relayed(&p, who, DHCP4_TYPE_DISCOVER);
	packet_option(&p, 82, circuit, sizeof(circuit));
	assert_int_equal(scene_send(c, &p), DHCP4_DROP_NONE);
	uint32_t ip = reply_yiaddr(c);
	relayed(&p, who, DHCP4_TYPE_REQUEST);
	packet_u32(&p, DHCP4_OPT_SERVER_ID, SERVER);
	packet_u32(&p, DHCP4_OPT_REQUESTED, ip);
	packet_option(&p, 82, circuit, sizeof(circuit));
	assert_int_equal(scene_send(c, &p), DHCP4_DROP_NONE);
	scene_commit(c, true);
	assert_int_equal(reply_type(c), DHCP4_TYPE_ACK);
	return ip;
}

static void assert_to(const struct scene *c, uint32_t ip, unsigned port)
{
	const struct dhcp4_action *a = action_send(c);

	assert_non_null(a);
	assert_true(a->routed);
	assert_int_equal(a->to_ip, ip);
	assert_int_equal(a->to_port, port);
}

/* The last option of the reply, before its end. */
static void assert_last(const struct scene *c, const uint8_t *value, size_t n)
{
	const struct dhcp4_action *a = action_send(c);
	size_t end = a->n;

	while (end && a->payload[end - 1] == 0)
		end--;
	assert_true(end > n + 3);
	assert_int_equal(a->payload[end - 1], 255);
	assert_int_equal(a->payload[end - 1 - n - 2], 82);
	assert_int_equal(a->payload[end - 1 - n - 1], n);
	assert_memory_equal(a->payload + end - 1 - n, value, n);
}

static void test_served(void **state)
{
	struct scene c;

	scene_far(&c);
	uint32_t ip = far_lease(&c, 1);
	assert_in_range(ip, FAR + 50, FAR + 54);
	assert_to(&c, RELAY, 67);
	assert_last(&c, circuit, sizeof(circuit));
	const struct dhcp4_action *a = action_send(&c);
	assert_int_equal(reply_u32(a, DHCP4_OPT_ROUTER), RELAY);
	assert_int_equal(reply_u32(a, DHCP4_OPT_SUBNET_MASK), 0xffffff00);
	assert_int_equal(reply_u32(a, DHCP4_OPT_BROADCAST), FAR + 255);
	assert_int_equal(reply_u32(a, DHCP4_OPT_SERVER_ID), SERVER);
	assert_int_equal(be32_at(a->payload, AT_GIADDR), RELAY);
	scene_close(&c);
}

/* Whoever sends it: a relay that isn't the link's, somebody who claims to be it, a guest with 82.
 */
static void test_not_from_the_relay(void **state)
{
	static const struct {
		uint32_t giaddr, src;
		bool option;
		enum dhcp4_drop drop;
	} rows[] = {
		{ RELAY, VIA, false, DHCP4_DROP_NONE },
		{ RELAY, RELAY, true, DHCP4_DROP_NONE },
		{ RELAY, VIA + 1, false, DHCP4_DROP_RELAY },
		{ RELAY, 0, false, DHCP4_DROP_RELAY },
		{ RELAY, SERVER, false, DHCP4_DROP_RELAY },
		{ RELAY + 1, VIA, true, DHCP4_DROP_RELAY },
		{ 0, VIA, true, DHCP4_DROP_RELAY },
		{ 0, 0, false, DHCP4_DROP_SOURCE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct packet p;
		struct scene c;
		scene_far(&c);
		relayed(&p, 1, DHCP4_TYPE_DISCOVER);
		wr_patch_u32(&p.w, AT_GIADDR, rows[i].giaddr);
		p.src = rows[i].src;
		if (rows[i].option)
			packet_option(&p, 82, circuit, sizeof(circuit));
		assert_int_equal(scene_send(&c, &p), rows[i].drop);
		scene_close(&c);
	}
}

/* Without the relay: what a client sends that has an address. */
static void test_direct(void **state)
{
	struct mac mac = client(1);
	struct packet p;
	struct scene c;

	scene_far(&c);
	uint32_t ip = far_lease(&c, 1);
	assert_int_equal(renew(&c, mac, ip), DHCP4_DROP_NONE);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	assert_to(&c, ip, 68);
	assert_int_equal(renew(&c, mac, FAR + 200), DHCP4_DROP_NONE);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK); /* a broadcast would not get there */
	assert_to(&c, FAR + 200, 68);
	packet_dhcp(&p, &mac, DHCP4_TYPE_RELEASE);
	packet_u32(&p, DHCP4_OPT_SERVER_ID, SERVER);
	wr_patch_u32(&p.w, AT_CIADDR, ip);
	p.src = ip;
	p.dst = SERVER;
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_NONE);
	assert_non_null(action_binding(&c, DHCP4_RELEASE));
	scene_close(&c);
}

static void test_nak(void **state)
{
	struct packet p;
	struct scene c;

	scene_far(&c);
	relayed(&p, 1, DHCP4_TYPE_REQUEST);
	packet_u32(&p, DHCP4_OPT_REQUESTED, NET + 10);
	packet_option(&p, 82, circuit, sizeof(circuit));
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_NONE);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	assert_to(&c, RELAY, 67);
	assert_int_equal(action_send(&c)->payload[AT_FLAGS], 0x80);
	assert_last(&c, circuit, sizeof(circuit));
	scene_close(&c);
}

/* RFC 5107: the client is told the relay's address, and answers with it. */
static void test_server_override(void **state)
{
	uint8_t option[6] = {
		11, 4, RELAY >> 24, RELAY >> 16 & 255, RELAY >> 8 & 255, RELAY & 255
	};
	struct packet p;
	struct scene c;

	scene_far(&c);
	relayed(&p, 1, DHCP4_TYPE_DISCOVER);
	packet_option(&p, 82, option, sizeof(option));
	scene_send(&c, &p);
	assert_int_equal(reply_u32(action_send(&c), DHCP4_OPT_SERVER_ID), RELAY);
	uint32_t ip = reply_yiaddr(&c);
	relayed(&p, 1, DHCP4_TYPE_REQUEST);
	packet_u32(&p, DHCP4_OPT_SERVER_ID, RELAY);
	packet_u32(&p, DHCP4_OPT_REQUESTED, ip);
	scene_send(&c, &p);
	assert_null(action_binding(&c, DHCP4_GRANT)); /* without the sub-option: somebody else */
	relayed(&p, 1, DHCP4_TYPE_DISCOVER);
	packet_option(&p, 82, option, sizeof(option));
	scene_send(&c, &p);
	relayed(&p, 1, DHCP4_TYPE_REQUEST);
	packet_u32(&p, DHCP4_OPT_SERVER_ID, RELAY);
	packet_u32(&p, DHCP4_OPT_REQUESTED, ip);
	packet_option(&p, 82, option, sizeof(option));
	scene_send(&c, &p);
	assert_non_null(action_binding(&c, DHCP4_GRANT));
	scene_close(&c);
}

/* The option is whole in every reply, however much else there is to say; too long a one is
 * nobody's. */
static void test_long_option(void **state)
{
	uint8_t value[255];
	struct packet p;
	struct scene c;

	scene_far(&c);
	memset(value, 'x', sizeof(value));
	for (unsigned pieces = 1; pieces <= 3; pieces++) {
		relayed(&p, pieces, DHCP4_TYPE_DISCOVER);
		for (unsigned i = 0; i < pieces; i++)
			packet_option(&p, 82, value, sizeof(value));
		assert_int_equal(scene_send(&c, &p),
				 pieces < 3 ? DHCP4_DROP_NONE : DHCP4_DROP_OPTION_LENGTH);
		if (pieces < 3)
			assert_last(&c, value, sizeof(value));
	}
	scene_close(&c);
}

static void test_where(void **state)
{
	static const uint8_t selection[] = { 5, 4, 10, 9, 7, 0 }, cut[] = { 5, 4, 10, 9 };
	struct dhcp4_where w;
	struct packet p;

	relayed(&p, 1, DHCP4_TYPE_DISCOVER);
	wr_u8(&p.w, 255);
	struct dhcp4_dgram in = { .payload = p.b, .n = wr_len(&p.w), .src = VIA };
	assert_true(dhcp4_where(&in, &w));
	assert_int_equal(w.giaddr, RELAY);
	assert_int_equal(w.link, RELAY);
	p.w.p--;
	packet_option(&p, 82, selection, sizeof(selection));
	wr_u8(&p.w, 255);
	in.n = wr_len(&p.w);
	assert_true(dhcp4_where(&in, &w));
	assert_int_equal(w.link, 0x0a090700); /* RFC 3527 */
	struct dhcp4_relay_info info;
	dhcp4_relay_read((struct dhcp4_span){ cut, sizeof(cut) }, &info);
	assert_int_equal(info.link, 0);
	wr_patch_u32(&p.w, AT_GIADDR, 0);
	in.src = 0;
	assert_false(dhcp4_where(&in, &w));
	in.n = 20;
	assert_false(dhcp4_where(&in, &w));
}

static void test_release_all(void **state)
{
	unsigned released = 0;
	struct scene c;

	scene_far(&c);
	for (unsigned i = 1; i <= 5; i++)
		far_lease(&c, i);
	for (size_t n; (n = dhcp4_release_all(c.s, c.now, c.out, ARRAY_LEN(c.out)));)
		released += (unsigned)n;
	assert_int_equal(released, 5);
	assert_int_equal(far_lease(&c, 9) != 0, true);
	scene_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_served),          cmocka_unit_test(test_not_from_the_relay),
		cmocka_unit_test(test_direct),          cmocka_unit_test(test_nak),
		cmocka_unit_test(test_server_override), cmocka_unit_test(test_long_option),
		cmocka_unit_test(test_where),           cmocka_unit_test(test_release_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
