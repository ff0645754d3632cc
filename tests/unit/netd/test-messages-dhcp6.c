/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the controller and the dhcp worker say to each other of IPv6: there and back, and never by
 * halves. */
#include "netd/messages/messages-dhcp6.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ip ip6(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

static void test_ra_config(void **state)
{
	struct ra_config c, d;
	uint8_t buf[MSG_RA_CONFIG_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	uint32_t id;

	memset(&c, 0, sizeof(c));
	c.mac = (struct mac){ { 0x52, 0x54, 0, 1, 2, 3 } };
	c.link_local = ip6("fe80::1");
	c.mtu = 1400;
	c.managed = true;
	c.other = true;
	c.router_lifetime = 1800;
	c.dns = ip6("fd00::1");
	memset(c.domain, 'a', sizeof(c.domain) - 1);
	c.n_prefixes = RA_PREFIXES_MAX;
	for (size_t i = 0; i < c.n_prefixes; i++) {
		c.prefix[i].prefix = ip6("fd00::");
		c.prefix[i].length = 128;
		c.prefix[i].valid = UINT32_MAX;
	}
	msg_put_ra_config(&w, 7, &c);
	assert_false(w.bad); /* the largest fits */
	assert_int_equal(msg_get_ra_config(buf, wr_len(&w), &id, &d), 0);
	assert_int_equal(id, 7);
	assert_memory_equal(&c, &d, sizeof(c));
	for (size_t n = 0; n < wr_len(&w); n++)
		assert_int_equal(msg_get_ra_config(buf, n, &id, &d), -EPROTO);
	c.prefix[0].length = 129;
	w = wr_over(buf, sizeof(buf));
	msg_put_ra_config(&w, 7, &c);
	assert_int_equal(msg_get_ra_config(buf, wr_len(&w), &id, &d), -EPROTO);
}

static void test_dhcp_config(void **state)
{
	struct dhcp6_range range = { ip6("fd00::10"), ip6("fd00::20"), 600 };
	struct dhcp6_host host = {
		.duid = { 0, 4, 9 }, .duid_len = 3, .name = "web", .ip = ip6("fd00::5")
	};
	struct dhcp4_name reserved = { "gw" };
	struct dhcp6_config c = { .server = ip6("fd00::1"),
				  .prefix = 64,
				  .duid = { 0, 4, 1, 2 },
				  .duid_len = 4,
				  .domain = "lab",
				  .ranges = &range,
				  .n_ranges = 1,
				  .hosts = &host,
				  .n_hosts = 1,
				  .reserved = &reserved,
				  .n_reserved = 1 };
	struct dhcp6_config d;
	size_t cap = msg_dhcp6_config_size(&c);
	uint8_t *buf = malloc(cap);
	uint32_t id;

	assert_non_null(buf);
	struct wr w = wr_over(buf, cap);
	msg_put_dhcp6_config(&w, 9, &c);
	assert_false(w.bad);
	assert_int_equal(msg_get_dhcp6_config(buf, wr_len(&w), &id, &d), 0);
	assert_int_equal(id, 9);
	assert_true(ip_equal(&d.ranges[0].end, &range.end));
	assert_string_equal(d.hosts[0].name, "web");
	assert_int_equal(d.hosts[0].duid_len, 3);
	assert_false(ip_is_set(&d.dns));
	assert_string_equal(d.reserved[0].s, "gw");
	dhcp6_config_done(&d);
	for (size_t n = 0; n < wr_len(&w); n++)
		assert_int_equal(msg_get_dhcp6_config(buf, n, &id, &d), -EPROTO);
	c.server = ip_from_v4(1); /* the other family */
	w = wr_over(buf, cap);
	msg_put_dhcp6_config(&w, 9, &c);
	assert_int_equal(msg_get_dhcp6_config(buf, wr_len(&w), &id, &d), -EPROTO);
	free(buf);
}

static void fill(struct msg_dhcp6_record *m)
{
	memset(m, 0, sizeof(*m));
	m->net_id = 3;
	m->token = 99;
	m->change = DHCP4_GRANT;
	m->binding.ip = ip6("fd00::77");
	m->binding.mac = (struct mac){ { 0x52, 0x54, 0, 0, 0, 1 } };
	m->binding.iaid = 0xdeadbeef;
	m->binding.duid_len = DHCP6_DUID_MAX;
	memset(m->binding.duid, 0xaa, DHCP6_DUID_MAX);
	memset(m->binding.name, 'n', DHCP6_NAME_MAX - 1);
	m->binding.expires = USEC_INFINITY;
	m->expires_wall = INT64_MAX;
}

static void test_records(void **state)
{
	static struct msg_dhcp6_record in[MSG_DHCP_RECORDS_MAX], out[MSG_DHCP_RECORDS_MAX];
	static uint8_t buf[MSG_DHCP6_BATCH_MAX];
	struct wr w = wr_over(buf, sizeof(buf));

	for (size_t i = 0; i < MSG_DHCP_RECORDS_MAX; i++)
		fill(&in[i]);
	msg_put_dhcp6_records(&w, in, MSG_DHCP_RECORDS_MAX);
	assert_false(w.bad); /* the largest fit */
	assert_int_equal(msg_get_dhcp6_records(buf, wr_len(&w), out), MSG_DHCP_RECORDS_MAX);
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(msg_get_dhcp6_records(buf, wr_len(&w) - 1, out), -EPROTO);
	assert_int_equal(msg_get_dhcp6_records("\0\0\0\0", 4, out), -EPROTO);
}

static void test_records_that_lie(void **state)
{
	struct msg_dhcp6_record m, out[MSG_DHCP_RECORDS_MAX];
	uint8_t buf[1024];

	for (unsigned i = 0; i < 6; i++) {
		struct wr w = wr_over(buf, sizeof(buf));
		fill(&m);
		switch (i) {
		case 0:
			m.net_id = 0;
			break;
		case 1:
			m.binding.ip = ip_from_v4(0x0a000001);
			break;
		case 2:
			m.binding.mac.b[0] = 1;
			break;
		case 3:
			m.binding.duid_len = 2;
			break;
		case 4:
			m.binding.name[0] = '/';
			break;
		default:
			m.change = DHCP4_EXPIRE + 1;
			break;
		}
		msg_put_dhcp6_records(&w, &m, 1);
		assert_int_equal(msg_get_dhcp6_records(buf, wr_len(&w), out), -EPROTO);
	}
}

static void test_counters(void **state)
{
	struct dhcp6_usage u = { .pool = 1, .bound = 2, .count = { 5 } }, v;
	uint64_t ra[RA_COUNTER_N] = { 7 }, rb[RA_COUNTER_N];
	uint8_t buf[MSG_IP6_COUNTERS_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	uint32_t id;

	msg_put_ip6_counters(&w, 4, &u, ra);
	assert_false(w.bad);
	assert_int_equal(msg_get_ip6_counters(buf, wr_len(&w), &id, &v, rb), 0);
	assert_int_equal(v.count[0], 5);
	assert_int_equal(rb[0], 7);
	assert_int_equal(msg_get_ip6_counters(buf, wr_len(&w) - 8, &id, &v, rb), -EPROTO);
}

static void test_lease_given_up(void **state)
{
	uint8_t buf[64];
	struct wr w = wr_over(buf, sizeof(buf));
	struct ip ip, six = { .family = AF_INET6, .v6 = { 0xfd, [15] = 9 } };
	uint32_t net_id;

	msg_put_dhcp6_free(&w, 5, &six);
	assert_int_equal(msg_get_dhcp6_free(buf, wr_len(&w), &net_id, &ip), 0);
	assert_int_equal(net_id, 5);
	assert_true(ip_equal(&ip, &six));
	for (size_t n = 0; n < wr_len(&w); n++)
		assert_int_equal(msg_get_dhcp6_free(buf, n, &net_id, &ip), -EPROTO);
	w = wr_over(buf, sizeof(buf));
	six = ip_from_v4(1);
	msg_put_dhcp6_free(&w, 5, &six);
	assert_int_equal(msg_get_dhcp6_free(buf, wr_len(&w), &net_id, &ip), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lease_given_up),   cmocka_unit_test(test_ra_config),
		cmocka_unit_test(test_dhcp_config),      cmocka_unit_test(test_records),
		cmocka_unit_test(test_records_that_lie), cmocka_unit_test(test_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
