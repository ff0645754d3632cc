/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-identity.c — what tells clients apart: MAC, client identifier, or both; rapid commit. */
#include "scene.h"

static void scene_identity(struct scene *c, enum dhcp4_identity identity)
{
	c->c.identity = identity;
	scene_configure(c);
}

/* DISCOVER to ACK with a client identifier; the address, 0 if there was none. */
static uint32_t dora_as(struct scene *c, struct mac mac, const char *id)
{
	struct packet p;

	packet_dhcp(&p, &mac, DHCP4_TYPE_DISCOVER);
	if (id)
		packet_text(&p, DHCP4_OPT_CLIENT_ID, id);
	scene_send(c, &p);
	uint32_t ip = reply_yiaddr(c);
	packet_dhcp(&p, &mac, DHCP4_TYPE_REQUEST);
	packet_u32(&p, DHCP4_OPT_SERVER_ID, SERVER);
	packet_u32(&p, DHCP4_OPT_REQUESTED, ip);
	if (id)
		packet_text(&p, DHCP4_OPT_CLIENT_ID, id);
	scene_send(c, &p);
	bool moved = action_binding(c, DHCP4_RELEASE) != NULL;
	scene_commit(c, true);
	if (reply_type(c) != DHCP4_TYPE_ACK)
		return 0;
	return moved ? reply_yiaddr(c) | 1u << 31 : reply_yiaddr(c);
}

static void test_by_mac(void **state)
{
	struct scene c;

	scene_open(&c, 20);
	uint32_t ip = dora_as(&c, client(1), "firmware");
	assert_int_equal(dora_as(&c, client(1), "system"), ip);
	assert_int_equal(dora_as(&c, client(1), NULL), ip);
	assert_int_not_equal(dora_as(&c, client(2), "system"), ip);
	scene_close(&c);
}

static void test_by_client_id(void **state)
{
	struct scene c;

	scene_open(&c, 20);
	scene_identity(&c, DHCP4_BY_CLIENT_ID);
	uint32_t ip = dora_as(&c, client(1), "system");
	assert_int_not_equal(dora_as(&c, client(1), "other"), ip);
	assert_int_equal(dora_as(&c, client(1), "system"), ip);
	/* Another card of the same client: who looks after leases hears that the first has ended.
	 */
	assert_int_equal(dora_as(&c, client(2), "system"), ip | 1u << 31);
	uint32_t plain = dora_as(&c, client(3), NULL);
	assert_int_equal(dora_as(&c, client(3), NULL), plain);
	assert_int_not_equal(plain, ip);
	scene_close(&c);
}

/* On bridge ports that are known: another card is at another port, and keeps its identifier. */
static void test_other_port(void **state)
{
	struct scene c;

	scene_open(&c, 20);
	scene_identity(&c, DHCP4_BY_CLIENT_ID);
	c.port = 5;
	uint32_t ip = dora_as(&c, client(1), "system");
	c.port = 6;
	assert_int_equal(dora_as(&c, client(2), "system"), ip | 1u << 31);
	assert_int_equal(dora_as(&c, client(2), "system"), ip);
	/* The same card at another port is a stranger by its MAC, but the same client. */
	c.port = 7;
	assert_int_equal(dora_as(&c, client(2), "system"), ip);
	assert_int_not_equal(dora_as(&c, client(2), NULL), ip);
	scene_close(&c);
}

static void test_by_both(void **state)
{
	struct scene c;

	scene_open(&c, 20);
	scene_identity(&c, DHCP4_BY_BOTH);
	uint32_t ip = dora_as(&c, client(1), "system"), other = dora_as(&c, client(1), "other"),
		 cloned = dora_as(&c, client(2), "system"), plain = dora_as(&c, client(1), NULL);
	assert_true(ip != other && ip != cloned && ip != plain && other != cloned);
	assert_int_equal(dora_as(&c, client(1), "system"), ip);
	assert_int_equal(dora_as(&c, client(2), "system"), cloned);
	scene_close(&c);
}

/* A change of the policy on a live network: everybody keeps what is found by the new one. */
static void test_change(void **state)
{
	struct scene c;

	scene_open(&c, 20);
	scene_identity(&c, DHCP4_BY_BOTH);
	uint32_t a = dora_as(&c, client(1), "system"), b = dora_as(&c, client(1), "other");
	scene_identity(&c, DHCP4_BY_MAC);
	uint32_t now = dora_as(&c, client(1), "system");
	assert_true(now == a || now == b);
	scene_tick(&c, 2 * DHCP4_LEASE_DEFAULT);
	struct dhcp4_usage u;
	dhcp4_get_usage(c.s, &u);
	assert_int_equal(u.bound, 0);
	scene_identity(&c, DHCP4_BY_CLIENT_ID);
	assert_true(dora_as(&c, client(5), "x") != 0);
	scene_close(&c);
}

/* From the store: two leases of one MAC are both taken where the policy knows them apart. */
static void test_restore(void **state)
{
	struct dhcp4_binding a = { .ip = NET + 10, .mac = client(1), .lease_sec = 600 },
			     b = { .ip = NET + 11, .mac = client(1), .lease_sec = 600 };
	struct scene c;

	memcpy(a.client_id, "one", a.client_id_len = 3);
	memcpy(b.client_id, "two", b.client_id_len = 3);
	scene_open(&c, 20);
	assert_int_equal(dhcp4_restore(c.s, &a, c.now), 0);
	assert_int_equal(dhcp4_restore(c.s, &b, c.now), -ENOTUNIQ);
	scene_close(&c);
	scene_open(&c, 20);
	scene_identity(&c, DHCP4_BY_BOTH);
	assert_int_equal(dhcp4_restore(c.s, &a, c.now), 0);
	assert_int_equal(dhcp4_restore(c.s, &b, c.now), 0);
	assert_int_equal(dora_as(&c, client(1), "two"), NET + 11);
	assert_int_equal(dora_as(&c, client(1), "one"), NET + 10);
	scene_close(&c);
}

static void test_rapid_commit(void **state)
{
	struct scene c;
	struct packet p;
	struct mac mac = client(1);

	scene_open(&c, 20);
	c.c.rapid_commit = true;
	scene_configure(&c);
	packet_dhcp(&p, &mac, DHCP4_TYPE_DISCOVER);
	packet_option(&p, DHCP4_OPT_RAPID_COMMIT, NULL, 0);
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_NONE);
	assert_null(action_send(&c)); /* not before the store has it */
	assert_non_null(action_binding(&c, DHCP4_GRANT));
	scene_commit(&c, true);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	assert_non_null(reply_option(action_send(&c), DHCP4_OPT_RAPID_COMMIT, NULL));
	packet_dhcp(&p, &mac, DHCP4_TYPE_DISCOVER);
	scene_send(&c, &p);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_OFFER);
	assert_null(reply_option(action_send(&c), DHCP4_OPT_RAPID_COMMIT, NULL));
	scene_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_mac),       cmocka_unit_test(test_by_client_id),
		cmocka_unit_test(test_other_port),   cmocka_unit_test(test_by_both),
		cmocka_unit_test(test_change),       cmocka_unit_test(test_restore),
		cmocka_unit_test(test_rapid_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
