/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans about uplinks, word for word, from states of a fake kernel; and the text in which the
 * host's rows are kept. */
#include "bridge/fake.h"
#include "bridge/host-rows.h"

#include "definition.h"

#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cmocka.h>

#define MARK "netd:11111111-2222-3333-4444-555555555555"

static struct definition d;
static char eth1[] = "eth1", eth2[] = "eth2";
static struct fake_kernel *k;
static struct mirror *m;
static struct kernel_socket *ks;
static struct err e;
static struct uplink_want known; /* what the daemon would remember */
static bool running;

static int setup(void **state)
{
	definition_init(&d);
	err_clear(&e);
	d.n.forward.mode = FORWARD_BRIDGE;
	d.n.has_mac = false;
	d.n.options.uplink = (struct netd_uplink){ .dev = eth1 };
	known = (struct uplink_want){ 0 };
	running = true;
	k = fake_kernel_new();
	return !k || mirror_open_fake(&m, k, &e) < 0 || kernel_socket_open_fake(&ks, k, &e) < 0;
}

static int teardown(void **state)
{
	mirror_free(m);
	kernel_socket_free(ks);
	fake_kernel_free(k);
	return 0;
}

static uint32_t device(const char *name, unsigned last, const char *address)
{
	struct link_row row = { .mac = { { 2, 0, 0, 0, 0, (uint8_t)last } }, .mtu = 1400 };
	struct addr_row a = { .prefix = 24 };
	struct route_row r = { .destination = { .family = AF_INET }, .proto = 3 };

	copy_text(row.name, sizeof(row.name), name);
	uint32_t ifindex = fake_add_link(k, &row, LINK_OTHER, true);
	assert_int_not_equal(ifindex, 0);
	if (!address)
		return ifindex;
	assert_int_equal(ip_parse(address, &a.address), 0);
	assert_int_equal(fake_add_addr(k, ifindex, &a), 0);
	r.gateway = a.address;
	r.gateway.v4 ^= 0xf;
	r.metric = last;
	assert_int_equal(fake_add_route(k, ifindex, &r), 0);
	return ifindex;
}

static int make(struct bridge_plan *ret)
{
	struct bridge_want w;

	assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
	if (running)
		assert_int_equal(bridge_wanted(&d.n, &w, &e), 0);
	else
		bridge_wanted_nothing(&d.n.uuid, d.n.bridge, &w);
	copy_text(w.uplink.row.dev, sizeof(w.uplink.row.dev), d.n.options.uplink.dev);
	w.uplink.row.vlan = d.n.options.uplink.vlan;
	w.uplink.held = known.held;
	w.uplink.before = known.before;
	assert_int_equal(bridge_want_as_uplink(m, &w), 0);
	int r = bridge_plan_make(m, &w, ret, &e);
	bridge_want_done(&w);
	return r;
}

/* What is planned, and then done. */
static void expect(const char *expected)
{
	struct bridge_plan p;
	struct bridge_result result;
	struct text t = { 0 };

	assert_int_equal(make(&p), 0);
	bridge_plan_text(&p, &t);
	auto_free char *s = text_take(&t);
	assert_string_equal(s, expected);
	if (bridge_apply(ks, &p, &result, &e) < 0)
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < p.n_steps; i++) {
		if (p.steps[i].op != BRIDGE_TAKE_UPLINK)
			continue;
		known.held = p.steps[i].ifindex;
		copy_text(known.before.dev, sizeof(known.before.dev), d.n.options.uplink.dev);
		known.before.vlan = d.n.options.uplink.vlan;
	}
	bridge_plan_done(&p);
}

static const struct mirror_link *link_of(const char *name)
{
	assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
	return mirror_by_name(m, name);
}

#define MADE(mac) "add link virbr7 bridge mac " mac " mtu 1400 stp off delay 0\n"
#define APART                                                                                      \
	"set sysctl net/ipv6/conf/virbr7/accept_ra 0\n"                                            \
	"set sysctl net/ipv6/conf/virbr7/autoconf 0\n"                                             \
	"set sysctl net/ipv6/conf/virbr7/disable_ipv6 1\n"
#define AS_BEFORE                                                                                  \
	"set sysctl net/ipv6/conf/virbr7/accept_ra 1\n"                                            \
	"set sysctl net/ipv6/conf/virbr7/autoconf 1\n"                                             \
	"set sysctl net/ipv6/conf/virbr7/disable_ipv6 0\n"
#define UP "set link virbr7 up alias " MARK " mtu 1400\n"

static void there_and_back(void **state)
{
	device("eth1", 1, "192.0.2.5");
	expect(MADE("02:00:00:00:00:01") AS_BEFORE UP
	       "attach uplink eth1 to virbr7, move addresses and routes of eth1 to virbr7\n");
	expect("");
	assert_true(list_is_empty(&link_of("eth1")->addrs));
	assert_false(list_is_empty(&link_of("virbr7")->routes));
	running = false;
	struct bridge_plan p;
	assert_int_equal(make(&p), 0);
	assert_int_equal(p.steps[0].op, BRIDGE_GIVE_UPLINK);
	bridge_plan_done(&p);
}

static void comes_later(void **state)
{
	expect("add link virbr7 bridge mac 52:54:00:04:54:65 mtu 1500 stp off delay 0\n"
	       "set sysctl net/ipv6/conf/virbr7/accept_ra 0\n"
	       "set sysctl net/ipv6/conf/virbr7/autoconf 0\n"
	       "set sysctl net/ipv6/conf/virbr7/disable_ipv6 0\n"
	       "set link virbr7 up alias " MARK " mtu 1500\n");
	expect("");
	device("eth1", 1, NULL);
	expect("change link virbr7 mac 02:00:00:00:00:01 mtu 1400\n"
	       "attach uplink eth1 to virbr7, move addresses and routes of eth1 to virbr7\n");
	expect("");
}

static void vlan(void **state)
{
	device("eth1", 1, "192.0.2.5");
	d.n.options.uplink.vlan = 100;
	expect(MADE("02:00:00:00:00:01") APART UP "add link eth1.100 vlan 100\n");
	expect("attach uplink eth1.100 to virbr7, move addresses and routes of eth1.100 to "
	       "virbr7\n");
	expect("");
	assert_false(
	    list_is_empty(&link_of("eth1")->addrs)); /* the host's own stay where they are */
	running = false;
	struct bridge_plan p;
	assert_int_equal(make(&p), 0);
	assert_int_equal(p.steps[0].op, BRIDGE_GIVE_UPLINK);
	assert_int_equal(p.steps[1].op, BRIDGE_REMOVE_VLAN);
	bridge_plan_done(&p);
}

static void vlan_of_another_name(void **state)
{
	struct link_row row = { .name = "eth1.100", .mtu = 1500 };

	device("eth1", 1, NULL);
	assert_int_not_equal(fake_add_link(k, &row, LINK_OTHER, true), 0);
	d.n.options.uplink.vlan = 100;
	expect(MADE("02:00:00:00:00:01") APART UP "add link vl1.100 vlan 100\n");
}

static void another_device(void **state)
{
	device("eth1", 1, "192.0.2.5");
	device("eth2", 2, "198.51.100.5");
	expect(MADE("02:00:00:00:00:01") AS_BEFORE UP
	       "attach uplink eth1 to virbr7, move addresses and routes of eth1 to virbr7\n");
	d.n.options.uplink.dev = eth2;
	expect("release uplink eth1 from virbr7, move addresses and routes to it\n"
	       "change link virbr7 mac 02:00:00:00:00:02\n"
	       "attach uplink eth2 to virbr7, move addresses and routes of eth2 to virbr7\n");
	assert_false(list_is_empty(&link_of("eth1")->addrs));
	assert_int_equal(link_of("eth1")->master, 0);
}

static void port_of_another(void **state)
{
	struct link_row row = { .name = "br9", .mtu = 1500 };
	uint32_t dev = device("eth1", 1, NULL), other = fake_add_link(k, &row, LINK_BRIDGE, true);
	struct bridge_plan p;

	assert_int_equal(fake_set_master(k, dev, other), 0);
	assert_true(make(&p) < 0);
	assert_non_null(strstr(e.msg, "the uplink 'eth1' is a port of 'br9' already"));
}

/* Rows as text. */

static void text_of_rows(void **state)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg a;
	} row = { { sizeof(row), RTM_NEWADDR, 0, 0, 0 }, { AF_INET, 24, 0, 0, 7 } };
	struct host_rows h = { .bytes = (uint8_t *)&row, .len = sizeof(row), .n = 1 }, again;

	auto_free char *text = host_rows_text(&h);
	assert_int_equal(strlen(text), 2 * sizeof(row) + 1);
	assert_int_equal(host_rows_parse(text, 7, 0, &again), 0);
	assert_int_equal(again.n, 1);
	assert_memory_equal(again.bytes, &row, sizeof(row));
	host_rows_done(&again);
	/* Of another link; cut short; no hexadecimal; empty. */
	assert_int_equal(host_rows_parse(text, 8, 0, &again), 0);
	assert_int_equal(again.n, 0);
	for (size_t len = strlen(text) - 2; len > 0; len--) {
		text[len] = '\0';
		assert_int_equal(host_rows_parse(text, 7, 0, &again), 0);
		assert_int_equal(again.n, 0);
	}
	assert_int_equal(host_rows_parse("xy\n\nabc\n", 7, 0, &again), 0);
	assert_int_equal(again.n, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(there_and_back), T(comes_later),     T(vlan),         T(vlan_of_another_name),
		T(another_device), T(port_of_another), T(text_of_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
