/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-model.c — what the struct holds after parsing, and the helpers beside it. */
#include "network/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct network *parse(const char *xml)
{
	struct network *n = NULL;
	struct err e = { 0 };

	if (network_parse(xml, strlen(xml), 0, &n, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	return n;
}

static const char document[] =
    "<network>\n"
    "  <name>t</name>\n"
    "  <forward dev='eth0'><nat><port start='1' end='2'/></nat></forward>\n"
    "  <bridge name='virbr9'/>\n"
    "  <ip address='10.1.1.1' netmask='255.255.255.128'>\n"
    "    <dhcp>\n"
    "      <range start='10.1.1.10' end='10.1.1.20'><lease expiry='3' unit='hours'/></range>\n"
    "      <host mac='52:54:00:0A:0b:0c' name='h' ip='10.1.1.30'/>\n"
    "    </dhcp>\n"
    "  </ip>\n"
    "  <ip family='ipv6' address='2001:db8::1'/>\n"
    "  <route address='10.2.0.0' netmask='255.254.0.0' gateway='10.1.1.9'/>\n"
    "</network>\n";

static void test_struct(void **state)
{
	struct network *n = parse(document);
	const struct network_ip *ip = &n->ips[0];

	assert_string_equal(n->name, "t");
	assert_false(n->has_uuid);
	assert_true(n->stp);
	assert_false(n->has_stp);
	assert_int_equal(n->forward.mode, FORWARD_NAT);
	assert_string_equal(n->forward.interfaces[0].dev, "eth0");
	assert_int_equal(n->forward.nat.port_end, 2);
	assert_int_equal(n->n_ips, 2);
	assert_int_equal(ip->line, 5);
	assert_int_equal(ip->address.v4, 0x0a010101);
	assert_int_equal(ip->prefix, 25);
	assert_int_equal(ip->ranges[0].line, 7);
	assert_int_equal(lease_time_seconds(&ip->ranges[0].lease, 3600), 3 * 3600);
	assert_int_equal(ip->hosts[0].mac.b[3], 0x0a);
	assert_string_equal(ip->hosts[0].mac_text, "52:54:00:0A:0b:0c"); /* capitals */
	assert_int_equal(n->ips[1].prefix, 64);
	assert_int_equal(n->routes[0].prefix, 15);
	assert_ptr_equal(network_dhcp_ip(n, AF_INET), ip);
	assert_null(network_dhcp_ip(n, AF_INET6));
	network_free(n);
	network_free(NULL);
}

/* The declared encoding is not obeyed: converters would be loaded from disk for it. */
static void test_encoding(void **state)
{
	struct network *n =
	    parse("<?xml version='1.0' encoding='UTF-7'?><network><name>+AGE-</name></network>");

	assert_string_equal(n->name, "+AGE-");
	network_free(n);
}

static void test_complete(void **state)
{
	struct network *n = parse(document), *other = parse(document);

	network_complete(n);
	network_complete(other);
	assert_true(n->has_uuid && n->has_mac);
	assert_false(uuid_equal(&n->uuid, &other->uuid));
	assert_memory_equal(n->mac.b, ((uint8_t[]){ 0x52, 0x54, 0x00 }), 3);
	assert_false(network_equal(n, other));

	struct uuid uuid = n->uuid;
	network_complete(n);
	assert_true(uuid_equal(&n->uuid, &uuid));
	network_free(n);
	network_free(other);
}

static void test_owns_bridge(void **state)
{
	static const struct {
		const char *xml;
		bool ours;
	} rows[] = {
		{ "<network><name>t</name></network>", true },
		{ "<network><name>t</name><forward mode='open'/></network>", true },
		{ "<network><name>t</name><forward mode='bridge'/><bridge name='br0'/></network>",
		  false },
		{ "<network><name>t</name><forward mode='hostdev'/></network>", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network *n = parse(rows[i].xml);
		assert_int_equal(network_owns_bridge(n), rows[i].ours);
		network_complete(n);
		assert_int_equal(n->has_mac, rows[i].ours);
		network_free(n);
	}
}

static void test_lease_time(void **state)
{
	static const struct {
		struct lease_time t;
		uint32_t seconds;
	} rows[] = {
		{ { .given = false }, 42 },
		{ { .given = true, .expiry = 0 }, UINT32_MAX },
		{ { .given = true, .expiry = 120, .unit = LEASE_SECONDS }, 120 },
		{ { .given = true, .expiry = 2, .unit = LEASE_MINUTES }, 120 },
		{ { .given = true, .expiry = UINT64_MAX, .unit = LEASE_HOURS }, UINT32_MAX },
		{ { .given = true, .expiry = 1193046, .unit = LEASE_HOURS }, 4294965600U },
		{ { .given = true, .expiry = 1193047, .unit = LEASE_HOURS }, UINT32_MAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(lease_time_seconds(&rows[i].t, 42), rows[i].seconds);
}

/* The running form; what was written wins over the default ports. */
static void test_live(void **state)
{
	struct network *n = parse(
	    "<network><name>t</name><forward/><ip address='10.1.1.1' prefix='24'/></network>");
	auto_free char *live = network_format(n, NETWORK_FORMAT_LIVE, 3);
	auto_free char *idle = network_format(n, NETWORK_FORMAT_LIVE, 0);
	auto_free char *inactive = network_format(n, 0, 3);

	assert_non_null(strstr(live, "<network connections='3'>\n"));
	assert_non_null(strstr(
	    live, "  <forward mode='nat'>\n    <nat>\n      <port start='1024' end='65535'/>\n"
		  "    </nat>\n  </forward>\n"));
	assert_null(strstr(idle, "connections"));
	assert_null(strstr(inactive, "connections"));
	assert_non_null(strstr(inactive, "  <forward mode='nat'/>\n"));
	network_free(n);

	n = parse(document);
	auto_free char *written = network_format(n, NETWORK_FORMAT_LIVE, 0);
	assert_non_null(strstr(written, "<port start='1' end='2'/>"));
	network_free(n);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_struct),     cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_complete),   cmocka_unit_test(test_owns_bridge),
		cmocka_unit_test(test_lease_time), cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
