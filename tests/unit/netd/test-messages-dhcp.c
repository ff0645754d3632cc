/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/messages/messages-dhcp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_config(void **state)
{
	struct dhcp4_range ranges[] = { { 1, 2, 3 }, { 4, 5, 6 } };
	struct dhcp4_host hosts[] = { { true, { { 2, 0, 0, 0, 0, 1 } }, "web", 7, 8 },
				      { .name = "db", .ip = 9 } };
	struct dhcp4_name reserved[] = { { "gw" } };
	struct dhcp_rule rules[] = { { .has_mac = true,
				       .mac = { { 2, 0, 0, 0, 0, 9 } },
				       .vendor = "PXEClient",
				       .ipxe = DHCP_RULE_NOT_IPXE,
				       .arch = { 7, 9 },
				       .n_arch = 2,
				       .lease_sec = 300,
				       .has_boot = true,
				       .boot = "x.efi",
				       .n_options = 1 },
				     { .name = "db", .first_option = 1, .n_options = 1 } };
	struct dhcp_rule_option options[] = { { .code = 42, .n = 4 },
					      { .code = 17, .force = true, .n = 2, .at = 3 } };
	uint8_t bytes[] = { 1, 2, 3, 4, 5 };
	struct dhcp4_config c = { .server = 0x0a000001,
				  .prefix = 24,
				  .router = 1,
				  .dns = 2,
				  .domain = "lab",
				  .mtu = 9000,
				  .default_lease_sec = 10,
				  .boot_file = "pxe",
				  .next_server = 3,
				  .authoritative = true,
				  .subnet = 5,
				  .relay = 6,
				  .via = 7,
				  .ranges = ranges,
				  .n_ranges = 2,
				  .hosts = hosts,
				  .n_hosts = 2,
				  .reserved = reserved,
				  .n_reserved = 1,
				  .rules = { rules, 2, options, 2, bytes, sizeof(bytes) },
				  .http = true,
				  .bridge_mac = { { 2, 1, 2, 3, 4, 5 } } };
	struct dhcp4_config d;
	uint8_t buf[8192];
	struct wr w = wr_over(buf, MIN_OF(sizeof(buf), msg_dhcp4_config_size(&c)));
	uint32_t net_id = 0;

	msg_put_dhcp4_config(&w, 77, &c);
	assert_false(w.bad);
	assert_int_equal(msg_get_dhcp4_config(buf, wr_len(&w), &net_id, &d), 0);
	assert_int_equal(net_id, 77);
	assert_int_equal(d.server, c.server);
	assert_int_equal(d.mtu, 9000);
	assert_string_equal(d.domain, "lab");
	assert_string_equal(d.boot_file, "pxe");
	assert_true(d.authoritative);
	assert_true(d.subnet == 5 && d.relay == 6 && d.via == 7 && !d.links);
	assert_true(mac_equal(&d.bridge_mac, &c.bridge_mac));
	assert_int_equal(d.n_ranges, 2);
	assert_memory_equal(d.ranges, ranges, sizeof(ranges));
	assert_int_equal(d.n_hosts, 2);
	assert_true(d.hosts[0].has_mac);
	assert_string_equal(d.hosts[0].name, "web");
	assert_int_equal(d.hosts[1].ip, 9);
	assert_string_equal(d.reserved[0].s, "gw");
	assert_true(d.http && !d.rapid_commit);
	assert_int_equal(d.rules.n, 2);
	assert_string_equal(d.rules.rule[0].vendor, "PXEClient");
	assert_int_equal(d.rules.rule[0].arch[1], 9);
	assert_int_equal(d.rules.rule[0].ipxe, DHCP_RULE_NOT_IPXE);
	assert_string_equal(d.rules.rule[0].boot, "x.efi");
	assert_string_equal(d.rules.rule[1].name, "db");
	assert_memory_equal(d.rules.option, options, sizeof(options));
	assert_memory_equal(d.rules.bytes, bytes, sizeof(bytes));
	dhcp4_config_done(&d);
	/* Nothing shorter, nothing longer. */
	for (size_t n = 0; n < wr_len(&w); n++)
		assert_int_equal(msg_get_dhcp4_config(buf, n, &net_id, &d), -EPROTO);
	assert_int_equal(msg_get_dhcp4_config(buf, wr_len(&w) + 4, &net_id, &d), -EPROTO);
	/* No value outside of the octets, no option outside of the array. */
	options[1].at = 4;
	w = wr_over(buf, sizeof(buf));
	msg_put_dhcp4_config(&w, 77, &c);
	assert_int_equal(msg_get_dhcp4_config(buf, wr_len(&w), &net_id, &d), -EPROTO);
	options[1].at = 3;
	rules[1].n_options = 2;
	w = wr_over(buf, sizeof(buf));
	msg_put_dhcp4_config(&w, 77, &c);
	assert_int_equal(msg_get_dhcp4_config(buf, wr_len(&w), &net_id, &d), -EPROTO);
}

static struct msg_dhcp4_record record(void)
{
	struct msg_dhcp4_record m = {
		.net_id = 3,
		.token = UINT64_C(1) << 40,
		.change = DHCP4_RENAME,
		.expires_wall = INT64_MAX,
		.binding = { .ip = 0x0a000005,
			     .mac = { { 2, 0, 0, 0, 0, 9 } },
			     .client_id_len = 255,
			     .name = "vm-1",
			     .lease_sec = 3600,
			     .expires = USEC_INFINITY },
	};

	memset(m.binding.client_id, 0xa5, 255);
	memset(m.binding.name, 'x', DHCP4_NAME_MAX - 1);
	return m;
}

static void test_records(void **state)
{
	static struct msg_dhcp4_record in[MSG_DHCP_RECORDS_MAX], out[MSG_DHCP_RECORDS_MAX];
	static uint8_t buf[MSG_DHCP_BATCH_MAX];
	struct wr w = wr_over(buf, sizeof(buf));

	for (size_t i = 0; i < MSG_DHCP_RECORDS_MAX; i++) {
		in[i] = record();
		in[i].token += i;
	}
	msg_put_dhcp4_records(&w, in, MSG_DHCP_RECORDS_MAX);
	assert_false(w.bad); /* the largest batch of the largest records */
	assert_int_equal(msg_get_dhcp4_records(buf, wr_len(&w), out), MSG_DHCP_RECORDS_MAX);
	assert_int_equal(out[63].token, (UINT64_C(1) << 40) + 63);
	assert_int_equal(out[63].change, DHCP4_RENAME);
	assert_true(out[63].expires_wall == INT64_MAX);
	assert_true(out[63].binding.expires == USEC_INFINITY);
	assert_memory_equal(&out[63].binding, &in[63].binding, sizeof(in[63].binding));
	assert_int_equal(msg_get_dhcp4_records(buf, wr_len(&w) - 4, out), -EPROTO);
}

static void test_bad_records(void **state)
{
	static const char *const names[] = { "UPPER", "a.b", "a b", "-a", "a-", "\x1b" };
	struct msg_dhcp4_record m, out[MSG_DHCP_RECORDS_MAX];
	uint8_t buf[1024];

	for (size_t i = 0; i < ARRAY_LEN(names) + 7; i++) {
		struct wr w = wr_over(buf, sizeof(buf));
		m = record();
		if (i < ARRAY_LEN(names))
			(void)copy_text(m.binding.name, sizeof(m.binding.name), names[i]);
		else if (i == ARRAY_LEN(names))
			m.binding.ip = 0;
		else if (i == ARRAY_LEN(names) + 1)
			m.binding.mac = (struct mac){ { 0 } };
		else if (i == ARRAY_LEN(names) + 2)
			m.binding.mac = (struct mac){ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
		else if (i == ARRAY_LEN(names) + 3)
			m.net_id = 0;
		else if (i == ARRAY_LEN(names) + 4)
			m.expires_wall = INT64_MIN;
		else if (i == ARRAY_LEN(names) + 5)
			m.expires_wall = INT64_MAX - 1;
		msg_put_dhcp4_records(&w, &m, 1);
		int n = msg_get_dhcp4_records(buf, wr_len(&w), out);
		assert_int_equal(n, i == ARRAY_LEN(names) + 6 ? 1 : -EPROTO);
	}
	struct wr w = wr_over(buf, sizeof(buf));
	wr_u32(&w, 0);
	assert_int_equal(msg_get_dhcp4_records(buf, wr_len(&w), out), -EPROTO);
	wr_patch_u32(&w, 0, MSG_DHCP_RECORDS_MAX + 1);
	assert_int_equal(msg_get_dhcp4_records(buf, wr_len(&w), out), -EPROTO);
}

static void test_short_ones(void **state)
{
	struct msg_dhcp4_verdict v[2] = { { 1, 2, true }, { 3, 4, false } },
				 got[MSG_DHCP_RECORDS_MAX];
	struct dhcp4_usage u = { .pool = 90, .bound = 3 }, u2;
	uint8_t buf[MSG_DHCP_COUNTERS_MAX];
	uint32_t net_id, ip;

	struct wr w = wr_over(buf, sizeof(buf));
	msg_put_dhcp4_verdicts(&w, v, 2);
	assert_int_equal(msg_get_dhcp4_verdicts(buf, wr_len(&w), got), 2);
	assert_int_equal(got[1].token, 4);
	assert_int_equal(got[1].verdict, DHCP4_UNSTORED);
	assert_int_equal(got[0].verdict, DHCP4_STORED);

	u.count[DHCP4_COUNTER_N - 1] = UINT64_MAX;
	w = wr_over(buf, sizeof(buf));
	msg_put_dhcp4_counters(&w, 5, &u);
	assert_false(w.bad);
	assert_int_equal(msg_get_dhcp4_counters(buf, wr_len(&w), &net_id, &u2), 0);
	assert_memory_equal(&u, &u2, sizeof(u));

	w = wr_over(buf, sizeof(buf));
	msg_put_dhcp4_free(&w, 5, 0x0a000009);
	assert_int_equal(msg_get_dhcp4_free(buf, wr_len(&w), &net_id, &ip), 0);
	assert_int_equal(ip, 0x0a000009);
	assert_int_equal(msg_get_net_id(buf, wr_len(&w), &net_id), -EPROTO);
	assert_int_equal(msg_get_net_id(buf, 4, &net_id), 0);
	assert_int_equal(net_id, 5);
}

static void test_hosts(void **state)
{
	struct dhcp4_host hosts[] = { { true, { { 2, 0, 0, 0, 0, 1 } }, "web", 7, 8 },
				      { .name = "db", .ip = 9 } };
	struct msg_dhcp4_hosts m = { .net_id = 5,
				     .of = 10,
				     .first = 3,
				     .n_before = 1,
				     .hosts = hosts,
				     .n_hosts = 2 },
			       d;
	uint8_t buf[512];
	struct wr w = wr_over(buf, msg_dhcp4_hosts_size(&m));

	msg_put_dhcp4_hosts(&w, &m);
	assert_false(w.bad);
	assert_int_equal(msg_get_dhcp4_hosts(buf, wr_len(&w), &d), 0);
	assert_int_equal(d.of, 10);
	assert_int_equal(d.first + d.n_before, 4);
	assert_int_equal(d.n_hosts, 2);
	assert_string_equal(d.hosts[0].name, "web");
	assert_int_equal(d.hosts[1].ip, 9);
	free(d.hosts);
	for (size_t n = 0; n < wr_len(&w); n++)
		assert_int_equal(msg_get_dhcp4_hosts(buf, n, &d), -EPROTO);
	/* What can't be a part of so many. */
	static const uint32_t bad[][4] = { { 0, 10, 3, 1 },
					   { 5, 10, 11, 0 },
					   { 5, 10, 3, 8 },
					   { 5, 10, 3, UINT32_MAX },
					   { 5, DHCP4_HOSTS_MAX, 0, 1 },
					   { 5, DHCP4_HOSTS_MAX + 1, 0, 3 } };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		m.net_id = bad[i][0];
		m.of = bad[i][1];
		m.first = bad[i][2];
		m.n_before = bad[i][3];
		w = wr_over(buf, sizeof(buf));
		msg_put_dhcp4_hosts(&w, &m);
		assert_int_equal(msg_get_dhcp4_hosts(buf, wr_len(&w), &d), -EPROTO);
	}
}

/* A reply for a relay or for a client behind one, and nothing else. */
static void test_route(void **state)
{
	static const uint8_t payload[300];
	static uint8_t buf[MSG_DHCP4_ROUTE_MAX + 1];
	struct msg_dhcp4_route m = {
		.net_id = 3, .to_ip = 4, .to_port = 67, .payload = payload, .n = sizeof(payload)
	};
	struct msg_dhcp4_route d;
	struct wr w = wr_over(buf, sizeof(buf));

	msg_put_dhcp4_route(&w, &m);
	assert_int_equal(msg_get_dhcp4_route(buf, wr_len(&w), &d), 0);
	assert_true(d.net_id == 3 && d.to_ip == 4 && d.to_port == 67 && d.n == sizeof(payload));
	assert_ptr_equal(d.payload, buf + 12);
	for (size_t n = 0; n <= 12; n++)
		assert_int_equal(msg_get_dhcp4_route(buf, n, &d), -EPROTO);
	assert_int_equal(msg_get_dhcp4_route(buf, sizeof(buf), &d), -EPROTO);
	m.to_port = 53;
	w = wr_over(buf, sizeof(buf));
	msg_put_dhcp4_route(&w, &m);
	assert_int_equal(msg_get_dhcp4_route(buf, wr_len(&w), &d), -EPROTO);
}

static void test_names(void **state)
{
	struct msg_dhcp_name rows[MSG_DHCP_NAMES_MAX + 1], got[MSG_DHCP_NAMES_MAX];
	uint8_t body[MSG_DHCP_NAMES_BYTES + 200];
	uint32_t id;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		rows[i].mac = (struct mac){ { 2, 0, 0, 0, 0, (uint8_t)i } };
		memset(rows[i].name, 'a', sizeof(rows[i].name) - 1);
		rows[i].name[sizeof(rows[i].name) - 1] = '\0';
	}
	struct wr w = wr_over(body, MSG_DHCP_NAMES_BYTES);
	msg_put_dhcp_names(&w, 5, rows, MSG_DHCP_NAMES_MAX);
	assert_false(w.bad);
	assert_int_equal(msg_get_dhcp_names(body, wr_len(&w), &id, got), MSG_DHCP_NAMES_MAX);
	assert_int_equal(id, 5);
	assert_string_equal(got[63].name, rows[63].name);
	for (size_t n = 0; n < wr_len(&w); n++)
		assert_int_equal(msg_get_dhcp_names(body, n, &id, got), -EPROTO);
	assert_int_equal(msg_get_dhcp_names(body, wr_len(&w) + 4, &id, got), -EPROTO);
	w = wr_over(body, sizeof(body));
	msg_put_dhcp_names(&w, 5, rows, ARRAY_LEN(rows));
	assert_int_equal(msg_get_dhcp_names(body, wr_len(&w), &id, got), -EPROTO);
	static const char *const bad[] = { "A", "a b", "-a", "a.b", "\xc3" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		(void)copy_text(rows[0].name, sizeof(rows[0].name), bad[i]);
		w = wr_over(body, sizeof(body));
		msg_put_dhcp_names(&w, 5, rows, 1);
		assert_int_equal(msg_get_dhcp_names(body, wr_len(&w), &id, got), -EPROTO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),      cmocka_unit_test(test_records),
		cmocka_unit_test(test_bad_records), cmocka_unit_test(test_short_ones),
		cmocka_unit_test(test_hosts),       cmocka_unit_test(test_route),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
