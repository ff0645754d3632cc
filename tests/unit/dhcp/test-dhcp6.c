/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DHCPv6 engine: scripts of messages and time, and what must come back. */
#include "dhcp/dhcp-ports.h"
#include "scene6.h"

static void assert_ip(struct ip a, struct ip b)
{
	assert_true(ip_equal(&a, &b));
}

static void test_four_messages(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	packet6_make(&p, 1, DHCP6_TYPE_SOLICIT, NULL);
	assert_int_equal(scene6_send(&c, &p), DHCP6_DROP_NONE);
	assert_int_equal(c.n, 1); /* nothing is stored for a question */
	const struct dhcp6_action *a = sent6(&c);
	assert_int_equal(a->payload[0], DHCP6_TYPE_ADVERTISE);
	assert_memory_equal(a->payload + 1, "\x12\x34\x56", 3);
	struct rd r = option6(a, DHCP6_OPT_PREFERENCE, 0);
	assert_int_equal(rd_u8(&r), 255);
	struct told6 offer = told6(a, 0);
	assert_true(ip_is_set(&offer.ip));
	assert_int_equal(offer.valid, DHCP6_LEASE_DEFAULT);
	assert_int_equal(offer.t1, DHCP6_LEASE_DEFAULT / 2);
	assert_int_equal(offer.t2, DHCP6_LEASE_DEFAULT * 4 / 5);
	r = option6(a, DHCP6_OPT_DNS, 0);
	assert_memory_equal(rd_bytes(&r, 16), host6(1).v6, 16);
	r = option6(a, DHCP6_OPT_DOMAIN_LIST, 0);
	assert_int_equal(rd_left(&r), 10);
	assert_memory_equal(rd_bytes(&r, 10), "\3lab\4test", 10);

	packet6_make(&p, 1, DHCP6_TYPE_REQUEST, &offer.ip);
	assert_int_equal(scene6_send(&c, &p), DHCP6_DROP_NONE);
	assert_null(sent6(&c)); /* not before it is stored */
	const struct dhcp6_action *b = binding6(&c, DHCP4_GRANT);
	assert_non_null(b);
	assert_true(b->token != 0);
	assert_ip(b->binding->ip, offer.ip);
	assert_int_equal(b->binding->iaid, 1);
	commit6(&c, true);
	assert_int_equal(sent6(&c)->payload[0], DHCP6_TYPE_REPLY);
	assert_true(mac_equal(&sent6(&c)->to_mac, &p.from));
	assert_ip(told6(sent6(&c), 0).ip, offer.ip);
	scene6_close(&c);
}

static void test_rapid_commit(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	packet6_make(&p, 1, DHCP6_TYPE_SOLICIT, NULL);
	dhcp6_write_option(&p.w, DHCP6_OPT_RAPID_COMMIT, NULL, 0);
	scene6_send(&c, &p);
	assert_non_null(binding6(&c, DHCP4_GRANT));
	commit6(&c, true);
	assert_int_equal(sent6(&c)->payload[0], DHCP6_TYPE_REPLY);
	assert_false(option6(sent6(&c), DHCP6_OPT_RAPID_COMMIT, 0).bad);
	scene6_close(&c);
}

static void test_renew_extends_at_once(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	struct ip ip = bind6(&c, 1);
	c.now += 3600 * USEC_PER_SEC;
	packet6_make(&p, 1, DHCP6_TYPE_RENEW, &ip);
	scene6_send(&c, &p);
	assert_non_null(sent6(&c));
	assert_non_null(binding6(&c, DHCP4_EXTEND));
	assert_ip(told6(sent6(&c), 0).ip, ip);
	scene6_send(&c, &p); /* again at once: answered, not reported */
	assert_non_null(sent6(&c));
	assert_null(binding6(&c, DHCP4_EXTEND));
	scene6_close(&c);
}

static void test_renew_of_the_unknown(void **state)
{
	struct scene6 c;
	struct packet6 p;
	struct ip ip = host6(0x103), taken, foreign = ip6("fd99::5");

	scene6_open(&c, 16);
	packet6_make(&p, 1, DHCP6_TYPE_RENEW, &ip); /* we have lost our memory */
	scene6_send(&c, &p);
	commit6(&c, true);
	assert_ip(told6(sent6(&c), 0).ip, ip);
	taken = ip;
	packet6_make(&p, 2, DHCP6_TYPE_RENEW, &taken);
	scene6_send(&c, &p);
	assert_int_equal(told6(sent6(&c), 0).status, DHCP6_STATUS_NO_BINDING);
	packet6_make(&p, 3, DHCP6_TYPE_REBIND, &foreign); /* moved here: a new address */
	scene6_send(&c, &p);
	commit6(&c, true);
	struct rd ia = option6(sent6(&c), DHCP6_OPT_IA_NA, 0);
	rd_skip(&ia, 12);
	struct rd gone = option6_in(ia, DHCP6_OPT_IA_ADDRESS, 1);
	assert_memory_equal(rd_bytes(&gone, 16), foreign.v6, 16);
	rd_skip(&gone, 4);
	assert_int_equal(rd_u32(&gone), 0);
	assert_false(gone.bad);
	assert_true(told6(sent6(&c), 0).valid > 0);
	scene6_close(&c);
}

static void test_request_of_another_link(void **state)
{
	struct scene6 c;
	struct packet6 p;
	struct ip foreign = ip6("fd99::5");

	scene6_open(&c, 16);
	packet6_make(&p, 1, DHCP6_TYPE_REQUEST, &foreign);
	scene6_send(&c, &p);
	assert_int_equal(told6(sent6(&c), 0).status, DHCP6_STATUS_NOT_ON_LINK);
	scene6_close(&c);
}

static void test_confirm(void **state)
{
	struct scene6 c;
	struct packet6 p;
	struct ip here = host6(0x105), foreign = ip6("fd99::5");

	scene6_open(&c, 16);
	packet6_make(&p, 1, DHCP6_TYPE_CONFIRM, &here);
	scene6_send(&c, &p);
	assert_int_equal(status6(sent6(&c)), DHCP6_STATUS_SUCCESS);
	packet6_make(&p, 1, DHCP6_TYPE_CONFIRM, &foreign);
	scene6_send(&c, &p);
	assert_int_equal(status6(sent6(&c)), DHCP6_STATUS_NOT_ON_LINK);
	packet6_make(&p, 1, DHCP6_TYPE_CONFIRM, NULL);
	assert_int_equal(scene6_send(&c, &p), DHCP6_DROP_CANNOT_TELL);
	scene6_close(&c);
}

static void test_release_and_return(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	struct ip ip = bind6(&c, 1);
	packet6_make(&p, 2, DHCP6_TYPE_RELEASE, &ip); /* somebody else's */
	scene6_send(&c, &p);
	assert_null(binding6(&c, DHCP4_RELEASE));
	assert_int_equal(told6(sent6(&c), 0).status, DHCP6_STATUS_NO_BINDING);
	packet6_make(&p, 1, DHCP6_TYPE_RELEASE, &ip);
	scene6_send(&c, &p);
	assert_non_null(binding6(&c, DHCP4_RELEASE));
	assert_int_equal(status6(sent6(&c)), DHCP6_STATUS_SUCCESS);
	assert_ip(bind6(&c, 1), ip); /* kept for it */
	scene6_close(&c);
}

static void test_decline(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 8);
	struct ip ip = bind6(&c, 1);
	packet6_make(&p, 1, DHCP6_TYPE_DECLINE, &ip);
	scene6_send(&c, &p);
	assert_non_null(binding6(&c, DHCP4_DECLINE));
	assert_int_equal(status6(sent6(&c)), DHCP6_STATUS_SUCCESS);
	struct ip other = bind6(&c, 1);
	assert_false(ip_equal(&ip, &other));
	for (unsigned i = 2; i < 8; i++) { /* nobody gets it */
		struct ip more = bind6(&c, i);
		assert_false(ip_equal(&ip, &more));
	}
	packet6_make(&p, 9, DHCP6_TYPE_SOLICIT, NULL);
	scene6_send(&c, &p);
	assert_int_equal(told6(sent6(&c), 0).status, DHCP6_STATUS_NO_ADDRS);
	c.now += 601 * USEC_PER_SEC;
	dhcp6_tick(c.s, c.now, c.out, ARRAY_LEN(c.out));
	assert_ip(bind6(&c, 9), ip);
	scene6_close(&c);
}

/* Firmware without an UUID: the same DUID and IAID on every machine. */
static void test_shared_duid(void **state)
{
	static const uint8_t zero_uuid[18] = { 0, 4 };
	struct scene6 c;
	struct packet6 p;
	struct ip got[3];

	scene6_open(&c, 16);
	for (unsigned i = 0; i < 3; i++) {
		packet6_open(&p, i + 1, DHCP6_TYPE_SOLICIT);
		dhcp6_write_option(&p.w, DHCP6_OPT_CLIENT_ID, zero_uuid, sizeof(zero_uuid));
		dhcp6_write_option(&p.w, DHCP6_OPT_RAPID_COMMIT, NULL, 0);
		packet6_ia(&p, 7, NULL, 0);
		scene6_send(&c, &p);
		commit6(&c, true);
		got[i] = told6(sent6(&c), 0).ip;
		for (unsigned k = 0; k < i; k++)
			assert_false(ip_equal(&got[i], &got[k]));
	}
	scene6_close(&c);
}

static void test_static_host(void **state)
{
	struct scene6 c;
	struct packet6 p;
	uint8_t duid[10] = { 0, 3, 0, 1 };

	scene6_open(&c, 16);
	memcpy(duid + 4, client6(1).b, 6);
	struct ip dynamic = bind6(&c, 1);
	c.hosts[0] = (struct dhcp6_host){ .duid_len = 10, .name = "db", .ip = host6(0x50) };
	memcpy(c.hosts[0].duid, duid, sizeof(duid));
	c.hosts[1] = (struct dhcp6_host){ .name = "web", .ip = host6(0x102) };
	c.c.n_hosts = 2;
	scene6_configure(&c);
	packet6_make(&p, 1, DHCP6_TYPE_RENEW, &dynamic); /* moves, and gives the old one up */
	scene6_send(&c, &p);
	assert_ip(binding6(&c, DHCP4_RELEASE)->binding->ip, dynamic);
	assert_string_equal(binding6(&c, DHCP4_GRANT)->binding->name, "db");
	commit6(&c, true);
	assert_ip(told6(sent6(&c), 0).ip, host6(0x50));
	packet6_make(&p, 2, DHCP6_TYPE_SOLICIT, NULL);
	packet6_fqdn(&p, "web");
	scene6_send(&c, &p);
	assert_ip(told6(sent6(&c), 0).ip, host6(0x102));
	for (unsigned i = 3; i < 18; i++) { /* the rest of the range, but never that one */
		struct ip ip = bind6(&c, i);
		assert_false(ip_equal(&ip, &c.hosts[1].ip));
	}
	scene6_close(&c);
}

static void test_names(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	packet6_make(&p, 1, DHCP6_TYPE_SOLICIT, NULL);
	packet6_fqdn(&p, "Guest1.lab.test");
	dhcp6_write_option(&p.w, DHCP6_OPT_RAPID_COMMIT, NULL, 0);
	scene6_send(&c, &p);
	assert_string_equal(binding6(&c, DHCP4_GRANT)->binding->name, "guest1");
	commit6(&c, true);
	struct rd r = option6(sent6(&c), DHCP6_OPT_FQDN, 0);
	rd_skip(&r, 1);
	assert_memory_equal(rd_bytes(&r, 17), "\6guest1\3lab\4test", 17);
	/* another machine can't have it */
	packet6_make(&p, 2, DHCP6_TYPE_SOLICIT, NULL);
	packet6_fqdn(&p, "guest1");
	dhcp6_write_option(&p.w, DHCP6_OPT_RAPID_COMMIT, NULL, 0);
	scene6_send(&c, &p);
	assert_string_equal(binding6(&c, DHCP4_GRANT)->binding->name, "");
	commit6(&c, true);
	/* it is told by DHCPv4 later */
	struct mac mac = client6(2);
	assert_int_equal(dhcp6_name_station(c.s, &mac, "guest2", c.out, ARRAY_LEN(c.out)), 1);
	assert_string_equal(c.out[0].binding->name, "guest2");
	assert_int_equal(c.out[0].change, DHCP4_RENAME);
	/* or knew before */
	c.known_name = "guest3";
	packet6_make(&p, 3, DHCP6_TYPE_SOLICIT, NULL);
	dhcp6_write_option(&p.w, DHCP6_OPT_RAPID_COMMIT, NULL, 0);
	scene6_send(&c, &p);
	assert_string_equal(binding6(&c, DHCP4_GRANT)->binding->name, "guest3");
	scene6_close(&c);
}

static void test_several_ias_wait_together(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	packet6_make(&p, 1, DHCP6_TYPE_REQUEST, NULL);
	packet6_ia(&p, 2, NULL, 0);
	packet6_ia(&p, 2, NULL, 0); /* the same once more: not looked at */
	scene6_send(&c, &p);
	assert_int_equal(c.n, 2);
	uint64_t first = c.out[0].token, second = c.out[1].token;
	struct ip a = c.out[0].binding->ip, b = c.out[1].binding->ip;
	assert_false(ip_equal(&a, &b));
	/* asked again meanwhile: nothing new to store */
	scene6_send(&c, &p);
	assert_int_equal(c.n, 0);
	assert_int_equal(dhcp6_committed(c.s, first, true, c.out, 1), 0);
	assert_int_equal(dhcp6_committed(c.s, first, true, c.out, 1), 0);
	assert_int_equal(dhcp6_committed(c.s, second, true, c.out, 1), 1);
	c.n = 1;
	assert_ip(told6(sent6(&c), 0).ip, a);
	assert_ip(told6(sent6(&c), 1).ip, b);
	scene6_close(&c);
}

static void test_store_fails(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	packet6_make(&p, 1, DHCP6_TYPE_REQUEST, NULL);
	scene6_send(&c, &p);
	commit6(&c, false);
	struct told6 t = told6(sent6(&c), 0);
	assert_int_equal(t.valid, DHCP6_LEASE_UNSTORED);
	assert_int_equal(t.preferred, DHCP6_LEASE_UNSTORED);
	assert_int_equal(t.t1, DHCP6_LEASE_UNSTORED / 2);
	packet6_make(&p, 1, DHCP6_TYPE_RENEW, &t.ip); /* tried again */
	scene6_send(&c, &p);
	assert_true(binding6(&c, DHCP4_GRANT)->token != 0);
	commit6(&c, true);
	assert_int_equal(told6(sent6(&c), 0).valid, DHCP6_LEASE_DEFAULT);
	scene6_close(&c);
}

/* A new client gets no answer, and nobody a binding; who has one is answered. */
static void test_store_fails_and_refuses(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	packet6_make(&p, 1, DHCP6_TYPE_REQUEST, NULL);
	scene6_send(&c, &p);
	const struct ip ip = binding6(&c, DHCP4_GRANT)->binding->ip;
	judge6(&c, DHCP4_REFUSED);
	assert_null(sent6(&c));
	assert_true(ip_equal(&binding6(&c, DHCP4_RELEASE)->binding->ip, &ip));
	struct dhcp6_usage u;
	dhcp6_get_usage(c.s, &u);
	assert_int_equal(u.bound + u.idle, 0);
	scene6_send(&c, &p);
	commit6(&c, true);
	struct told6 t = told6(sent6(&c), 0);
	packet6_make(&p, 1, DHCP6_TYPE_RENEW, &t.ip);
	scene6_send(&c, &p);
	assert_int_equal(told6(sent6(&c), 0).valid, DHCP6_LEASE_DEFAULT);
	scene6_close(&c);
}

static void test_ports(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	c.port = 7;
	packet6_make(&p, 1, DHCP6_TYPE_REQUEST, NULL);
	scene6_send(&c, &p);
	assert_int_equal(binding6(&c, DHCP4_GRANT)->binding->port, 7);
	commit6(&c, true);
	const struct ip ip = told6(sent6(&c), 0).ip;
	c.port = 8; /* even with the right MAC, DUID and IAID */
	packet6_make(&p, 1, DHCP6_TYPE_RELEASE, &ip);
	scene6_send(&c, &p);
	assert_null(binding6(&c, DHCP4_RELEASE));
	packet6_make(&p, 1, DHCP6_TYPE_DECLINE, &ip);
	scene6_send(&c, &p);
	assert_null(binding6(&c, DHCP4_DECLINE));
	dhcp6_port_gone(c.s, 7, c.now);
	c.now += (DHCP_PORT_GRACE_SEC + 1) * USEC_PER_SEC;
	c.n = dhcp6_tick(c.s, c.now, c.out, ARRAY_LEN(c.out));
	assert_true(ip_equal(&binding6(&c, DHCP4_EXPIRE)->binding->ip, &ip));
	scene6_close(&c);
}

static unsigned gated_by(struct scene6 *c, uint32_t port, unsigned first)
{
	struct packet6 p;
	unsigned n = 0;

	c->port = port;
	for (unsigned i = first; i < first + 2 * DHCP6_GATED_MAX; i++) {
		packet6_make(&p, i, DHCP6_TYPE_REQUEST, NULL);
		if (scene6_send(c, &p) == DHCP6_DROP_GATE_FULL)
			break;
		n += binding6(c, DHCP4_GRANT) != NULL;
	}
	return n;
}

static void test_share_of_gate(void **state)
{
	struct scene6 c;

	scene6_open(&c, 16384);
	assert_int_equal(gated_by(&c, 7, 0), DHCP6_GATED_MAX * 7 / 8);
	assert_int_equal(gated_by(&c, 8, 2000), DHCP6_GATED_MAX / 16);
	c.now += DHCP6_GATE_SEC * USEC_PER_SEC;
	dhcp6_tick(c.s, c.now, c.out, ARRAY_LEN(c.out));
	assert_int_equal(gated_by(&c, 7, 4000), DHCP6_GATED_MAX * 7 / 8);
	scene6_close(&c);
}

static void test_store_is_silent(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	packet6_make(&p, 1, DHCP6_TYPE_REQUEST, NULL);
	scene6_send(&c, &p);
	uint64_t token = c.out[0].token;
	assert_true(dhcp6_deadline(c.s) == c.now + DHCP6_GATE_SEC * USEC_PER_SEC);
	c.now += DHCP6_GATE_SEC * USEC_PER_SEC;
	dhcp6_tick(c.s, c.now, c.out, ARRAY_LEN(c.out));
	assert_int_equal(dhcp6_committed(c.s, token, true, c.out, 1), 0);
	scene6_close(&c);
}

static void test_expiry_and_restore(void **state)
{
	struct scene6 c;
	struct dhcp6_binding b = { .ip = host6(0x104),
				   .mac = client6(4),
				   .iaid = 1,
				   .duid = { 0, 3, 0, 1, 0x52, 0x54, 0, 0, 0, 4 },
				   .duid_len = 10,
				   .name = "old",
				   .lease_sec = 600 };
	struct dhcp6_binding other;

	scene6_open(&c, 16);
	assert_int_equal(dhcp6_restore(c.s, &b, c.now), 0);
	assert_int_equal(dhcp6_restore(c.s, &b, c.now), -EEXIST);
	other = b;
	other.ip = host6(0x105);
	assert_int_equal(dhcp6_restore(c.s, &other, c.now), -ENOTUNIQ);
	other.ip = ip6("fd99::1");
	assert_int_equal(dhcp6_restore(c.s, &other, c.now), -EINVAL);
	assert_ip(bind6(&c, 4), b.ip);
	c.now += DHCP6_LEASE_DEFAULT * USEC_PER_SEC + 1;
	c.n = dhcp6_tick(c.s, c.now, c.out, ARRAY_LEN(c.out));
	assert_ip(binding6(&c, DHCP4_EXPIRE)->binding->ip, b.ip);
	scene6_close(&c);
}

/* One station that forges identities leaves room for others. */
static void test_fair_share(void **state)
{
	struct scene6 c;
	struct packet6 p;
	unsigned got = 0;

	scene6_open(&c, 64);
	for (uint8_t i = 0; i < 64; i++) {
		const uint8_t duid[] = { 0, 4, i, 1 };
		packet6_open(&p, 1, DHCP6_TYPE_SOLICIT);
		dhcp6_write_option(&p.w, DHCP6_OPT_CLIENT_ID, duid, sizeof(duid));
		dhcp6_write_option(&p.w, DHCP6_OPT_RAPID_COMMIT, NULL, 0);
		packet6_ia(&p, 1, NULL, 0);
		scene6_send(&c, &p);
		got += binding6(&c, DHCP4_GRANT) != NULL;
		commit6(&c, true);
	}
	assert_in_range(got, 48, 50);
	for (unsigned i = 2; i < 10; i++)
		bind6(&c, i);
	scene6_close(&c);
}

static void test_information_request(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	packet6_open(&p, 1, DHCP6_TYPE_INFORMATION_REQUEST);
	dhcp6_write_option(&p.w, DHCP6_OPT_ORO, "\0\27\0\40", 4);
	assert_int_equal(scene6_send(&c, &p), DHCP6_DROP_NONE);
	assert_false(option6(sent6(&c), DHCP6_OPT_DNS, 0).bad);
	assert_false(option6(sent6(&c), DHCP6_OPT_REFRESH_TIME, 0).bad);
	assert_true(option6(sent6(&c), DHCP6_OPT_DOMAIN_LIST, 0).bad); /* not asked for */
	packet6_ia(&p, 1, NULL, 0);
	assert_int_equal(scene6_send(&c, &p), DHCP6_DROP_NO_IA);
	scene6_close(&c);
}

static void test_unicast(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 16);
	packet6_make(&p, 1, DHCP6_TYPE_REQUEST, NULL);
	p.dst = host6(1);
	assert_int_equal(scene6_send(&c, &p), DHCP6_DROP_NONE);
	assert_int_equal(status6(sent6(&c)), DHCP6_STATUS_USE_MULTICAST);
	assert_null(binding6(&c, DHCP4_GRANT));
	packet6_make(&p, 1, DHCP6_TYPE_SOLICIT, NULL);
	p.dst = host6(1);
	assert_int_equal(scene6_send(&c, &p), DHCP6_DROP_UNICAST);
	scene6_close(&c);
}

static void test_bad_configurations(void **state)
{
	struct scene6 c;
	struct err e = { 0 };

	scene6_open(&c, 16);
	c.ranges[0].end = ip6("fd77:0:0:1::");
	assert_true(dhcp6_configure(c.s, &c.c, &e) < 0);
	c.ranges[0].end = ip6("fd77::ffff:ffff:ffff");
	assert_true(dhcp6_configure(c.s, &c.c, &e) < 0);
	c.ranges[0].end = host6(0x110);
	c.c.duid_len = 2;
	assert_true(dhcp6_configure(c.s, &c.c, &e) < 0);
	bind6(&c, 1); /* the old one is in force */
	scene6_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_four_messages),
		cmocka_unit_test(test_rapid_commit),
		cmocka_unit_test(test_renew_extends_at_once),
		cmocka_unit_test(test_renew_of_the_unknown),
		cmocka_unit_test(test_request_of_another_link),
		cmocka_unit_test(test_confirm),
		cmocka_unit_test(test_release_and_return),
		cmocka_unit_test(test_decline),
		cmocka_unit_test(test_shared_duid),
		cmocka_unit_test(test_static_host),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_several_ias_wait_together),
		cmocka_unit_test(test_store_fails),
		cmocka_unit_test(test_store_fails_and_refuses),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_share_of_gate),
		cmocka_unit_test(test_store_is_silent),
		cmocka_unit_test(test_expiry_and_restore),
		cmocka_unit_test(test_fair_share),
		cmocka_unit_test(test_information_request),
		cmocka_unit_test(test_unicast),
		cmocka_unit_test(test_bad_configurations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
