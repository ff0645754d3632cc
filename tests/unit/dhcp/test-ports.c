/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the port of the bridge, by which a message came, decides: whose a lease is, how many a port
 * can have, and when they end. */
#include "dhcp/dhcp-ports.h"
#include "scene.h"

static uint32_t dora_by(struct scene *c, uint32_t port, unsigned i)
{
	c->port = port;
	return dora(c, client(i), NULL);
}

/* An eighth stays for others, and half of the rest for those after them. */
static void test_share(void **state)
{
	struct scene c;
	unsigned n = 0, i = 0;

	scene_open(&c, 64);
	while (dora_by(&c, 7, i++))
		n++;
	assert_int_equal(n, 56);
	assert_int_equal(c.drop, DHCP4_DROP_SHARE);
	assert_int_equal(request(&c, client(900), NET + 70, NULL), DHCP4_DROP_SHARE);
	assert_int_equal(init_reboot(&c, client(901), NET + 71), DHCP4_DROP_SHARE);
	for (n = 0; dora_by(&c, 8, 100 + i++);)
		n++;
	assert_int_equal(n, 4);
	assert_int_not_equal(dora_by(&c, 9, 500), 0);
	assert_int_not_equal(dora_by(&c, 0, 501), 0); /* not known: not judged */
	/* Who has an address keeps it. */
	c.port = 7;
	assert_int_equal(renew(&c, client(0), dora(&c, client(0), NULL)), DHCP4_DROP_NONE);
	scene_close(&c);
}

/* Offers that nobody takes count as well: 10,000 made-up clients leave others their share. */
static void test_offers_count(void **state)
{
	struct scene c;

	scene_open(&c, 64);
	c.port = 7;
	for (unsigned i = 0; i < 10000; i++)
		discover(&c, client(i), NULL);
	struct dhcp4_usage u;
	dhcp4_get_usage(c.s, &u);
	assert_int_equal(u.offered, 56);
	for (unsigned i = 0; i < 4; i++)
		assert_int_not_equal(dora_by(&c, 8, 20000 + i), 0);
	/* Offers lapse, and the share is free again. */
	scene_tick(&c, DHCP4_OFFER_SEC + 1);
	assert_int_not_equal(dora_by(&c, 7, 30000), 0);
	scene_close(&c);
}

static void test_small_pool(void **state)
{
	struct scene c;

	scene_open(&c, 2);
	assert_int_not_equal(dora_by(&c, 7, 1), 0);
	assert_int_equal(dora_by(&c, 7, 2), 0);
	assert_int_not_equal(dora_by(&c, 8, 3), 0);
	scene_close(&c);
}

static void test_other_port(void **state)
{
	struct scene c;

	scene_open(&c, 64);
	uint32_t ip = dora_by(&c, 7, 1);
	c.port = 8;
	assert_int_equal(give_up(&c, client(1), DHCP4_TYPE_RELEASE, ip), DHCP4_DROP_OTHER_PORT);
	assert_int_equal(give_up(&c, client(1), DHCP4_TYPE_DECLINE, ip), DHCP4_DROP_OTHER_PORT);
	/* It may renew, as the other leg of a bond would, but neither take the lease over nor
	 * rename it. */
	struct packet p;
	struct mac m = client(1);
	packet_dhcp(&p, &m, DHCP4_TYPE_REQUEST);
	wr_patch_u32(&p.w, AT_CIADDR, ip);
	packet_text(&p, DHCP4_OPT_HOST_NAME, "mine");
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_NONE);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	assert_string_equal(dhcp4_name_of(c.s, &m), "");
	assert_int_equal(give_up(&c, client(1), DHCP4_TYPE_RELEASE, ip), DHCP4_DROP_OTHER_PORT);
	c.port = 7;
	assert_int_equal(give_up(&c, client(1), DHCP4_TYPE_RELEASE, ip), DHCP4_DROP_NONE);
	scene_close(&c);
}

static void test_port_gone(void **state)
{
	struct scene c;

	scene_open(&c, 64);
	uint32_t ip = dora_by(&c, 7, 1), kept = dora_by(&c, 8, 2), back = dora_by(&c, 7, 3);
	dhcp4_port_gone(c.s, 7, c.now);
	dhcp4_port_gone(c.s, 99, c.now);
	/* One comes back by another port, which is its own from now on. */
	c.port = 9;
	assert_int_equal(renew(&c, client(3), back), DHCP4_DROP_NONE);
	assert_non_null(action_binding(&c, DHCP4_EXTEND));
	assert_int_equal(action_binding(&c, DHCP4_EXTEND)->binding->port, 9);
	scene_tick(&c, DHCP_PORT_GRACE_SEC + 1);
	assert_int_equal(action_binding(&c, DHCP4_EXPIRE)->binding->ip, ip);
	assert_int_equal(c.n, 1);
	c.port = 8;
	assert_int_equal(renew(&c, client(2), kept), DHCP4_DROP_NONE);
	c.port = 7; /* the number may be another's by now */
	assert_int_equal(give_up(&c, client(3), DHCP4_TYPE_RELEASE, back), DHCP4_DROP_OTHER_PORT);
	scene_close(&c);
}

static void test_restored_with_port(void **state)
{
	struct scene c;
	struct dhcp4_binding b = { .ip = NET + 20, .mac = client(1), .lease_sec = 600, .port = 7 };

	scene_open(&c, 64);
	assert_int_equal(dhcp4_restore(c.s, &b, c.now), 0);
	c.port = 8;
	assert_int_equal(give_up(&c, client(1), DHCP4_TYPE_RELEASE, NET + 20),
			 DHCP4_DROP_OTHER_PORT);
	scene_close(&c);
}

static void test_refused(void **state)
{
	struct scene c;
	uint64_t token;

	scene_open(&c, 64);
	uint32_t ip = discover(&c, client(1), NULL);
	request(&c, client(1), ip, NULL);
	token = action_binding(&c, DHCP4_GRANT)->token;
	c.n = dhcp4_committed(c.s, token, DHCP4_REFUSED, c.now, c.out, ARRAY_LEN(c.out));
	assert_null(action_send(&c));
	assert_int_equal(action_binding(&c, DHCP4_RELEASE)->binding->ip, ip);
	assert_int_equal(dora(&c, client(2), NULL) != 0, true);
	/* Who has a binding is answered, whatever becomes of its new name. */
	request(&c, client(2), dora(&c, client(2), NULL), "vm2");
	token = action_binding(&c, DHCP4_RENAME)->token;
	c.n = dhcp4_committed(c.s, token, DHCP4_REFUSED, c.now, c.out, ARRAY_LEN(c.out));
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	scene_close(&c);
}

/* So many replies to REQUESTs by `port` come to wait for the store. */
static unsigned gated_by(struct scene *c, uint32_t port, unsigned first)
{
	unsigned n = 0;

	c->port = port;
	for (unsigned i = first; i < first + 2 * DHCP4_GATED_MAX; i++) {
		init_reboot(c, client(i), NET + 256 + i);
		if (c->drop == DHCP4_DROP_GATE_FULL)
			break;
		n += action_binding(c, DHCP4_GRANT) != NULL;
	}
	return n;
}

/* Nor can one have all the room that there is for replies that wait for the store. */
static void test_share_of_gate(void **state)
{
	struct scene c;

	scene_open(&c, 1);
	c.c.prefix = 16;
	c.ranges[0] = (struct dhcp4_range){ NET + 256, NET + 65000, 0 };
	scene_configure(&c);
	assert_int_equal(gated_by(&c, 7, 0), DHCP4_GATED_MAX * 7 / 8);
	assert_int_equal(gated_by(&c, 8, 10000), DHCP4_GATED_MAX / 16);
	assert_int_equal(gated_by(&c, 9, 20000), DHCP4_GATED_MAX / 32);
	/* What was answered makes room. */
	scene_tick(&c, DHCP4_GATE_SEC);
	assert_int_equal(gated_by(&c, 7, 30000), DHCP4_GATED_MAX * 7 / 8);
	scene_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_share),      cmocka_unit_test(test_offers_count),
		cmocka_unit_test(test_small_pool), cmocka_unit_test(test_other_port),
		cmocka_unit_test(test_port_gone),  cmocka_unit_test(test_restored_with_port),
		cmocka_unit_test(test_refused),    cmocka_unit_test(test_share_of_gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
