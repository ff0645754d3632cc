/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host is told of names, and of who has their port. */
#include "netd/service/holder.h"
#include "netd/service/host-names.h"
#include "tests/unit/test.h"

#include <string.h>

static void expect_zones(const char *address, unsigned prefix, size_t n, const char *first,
			 const char *last)
{
	struct network_ip ip = { .prefix = prefix };
	struct network def = { .ips = &ip, .n_ips = 1 };
	struct host_names h;

	assert_int_equal(ip_parse(address, &ip.address), 0);
	assert_int_equal(host_names_init(&h, &def), 0);
	assert_int_equal(h.n_zones, n);
	assert_string_equal(h.zone[0], first);
	assert_string_equal(h.zone[n - 1], last);
	host_names_done(&h);
}

static void zones_end_at_labels(void **state)
{
	expect_zones("192.168.50.1", 24, 1, "50.168.192.in-addr.arpa", "50.168.192.in-addr.arpa");
	expect_zones("10.1.2.3", 8, 1, "10.in-addr.arpa", "10.in-addr.arpa");
	expect_zones("10.77.0.1", 15, 2, "76.10.in-addr.arpa", "77.10.in-addr.arpa");
	expect_zones("192.168.50.129", 30, 4, "128.50.168.192.in-addr.arpa",
		     "131.50.168.192.in-addr.arpa");
	expect_zones("192.168.50.129", 25, 128, "128.50.168.192.in-addr.arpa",
		     "255.50.168.192.in-addr.arpa");
	expect_zones("fd50::1", 64, 1, "0.0.0.0.0.0.0.0.0.0.0.0.0.5.d.f.ip6.arpa",
		     "0.0.0.0.0.0.0.0.0.0.0.0.0.5.d.f.ip6.arpa");
	expect_zones("fd50::1", 62, 4, "0.0.0.0.0.0.0.0.0.0.0.0.0.5.d.f.ip6.arpa",
		     "3.0.0.0.0.0.0.0.0.0.0.0.0.5.d.f.ip6.arpa");
}

static void lines_of_local_domains(void **state)
{
	char domain[] = "lab";
	struct network_ip ip = { .prefix = 24 };
	struct network def = { .ips = &ip, .n_ips = 1, .domain = domain };
	struct text t = { 0 };
	struct host_names h;

	assert_int_equal(ip_parse("192.168.50.1", &ip.address), 0);
	assert_int_equal(host_names_init(&h, &def), 0);
	h.server = ip.address;
	h.port = 53;
	host_names_lines(&h, "net 1", &t);
	assert_int_equal(t.len, 0);
	h.local_only = true;
	host_names_lines(&h, "net 1", &t);
	auto_free char *text = text_take(&t);
	assert_string_equal(text, "lab 192.168.50.1 53 net 1\n"
				  "50.168.192.in-addr.arpa 192.168.50.1 53 net 1\n");
	host_names_done(&h);
}

static void holders(void **state)
{
	static const struct {
		const char *line;
		bool found;
	} rows[] = {
		{ "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt",
		  false },
		{ " 1084: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   "
		  "104 "
		  "       0 3245 2 0000000000000000 0",
		  true },
		{ " 1084: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   "
		  "104 "
		  "       0 3245 2 0000000000000000 0",
		  false },
		{ " 1084: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000   "
		  "104 "
		  "       0 3245 2 0000000000000000 0",
		  false },
		{ "    0: 00000000000000000000000000000000:0035 "
		  "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 "
		  "  "
		  "104        0 3245 1 0000000000000000 100 0 0 10 0",
		  true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned uid = 0;
		unsigned long inode = 0;
		assert_int_equal(holder_parse(rows[i].line, 53, &uid, &inode), rows[i].found);
		if (rows[i].found) {
			assert_int_equal(uid, 104);
			assert_int_equal(inode, 3245);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_end_at_labels),
		cmocka_unit_test(lines_of_local_domains),
		cmocka_unit_test(holders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
