/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Golden plans: what is planned, word for word, from states of a fake kernel. */
#include "bridge/fake.h"
#include "bridge/port.h"

#include "definition.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cmocka.h>

static struct definition d;
static struct fake_kernel *k;
static struct mirror *m;
static struct kernel_socket *ks;
static struct err e;

static int setup(void **state)
{
	definition_init(&d);
	err_clear(&e);
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

static int make(bool running, struct bridge_plan *ret)
{
	struct bridge_want w;

	assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
	if (running)
		assert_int_equal(bridge_wanted(&d.n, &w, &e), 0);
	else
		bridge_wanted_nothing(&d.n.uuid, d.n.bridge, &w);
	int r = bridge_plan_make(m, &w, ret, &e);
	bridge_want_done(&w);
	return r;
}

static void expect(bool running, const char *expected)
{
	struct bridge_plan p;
	struct text t = { 0 };

	assert_int_equal(make(running, &p), 0);
	bridge_plan_text(&p, &t);
	auto_free char *s = text_take(&t);
	assert_string_equal(s, expected);
	bridge_plan_done(&p);
}

static struct bridge_result apply(bool running)
{
	struct bridge_plan p;
	struct bridge_result r;

	assert_int_equal(make(running, &p), 0);
	if (bridge_apply(ks, &p, &r, &e) < 0)
		fail_msg("%s", e.msg);
	bridge_plan_done(&p);
	expect(running, "");
	return r;
}

static void start_of_the_default_network(void **state)
{
	definition_ip(&d, "192.168.122.1", 24);
	expect(true, "add link virbr7 bridge mac 52:54:00:aa:bb:cc mtu 1500 stp on delay 2\n"
		     "set sysctl net/ipv6/conf/virbr7/accept_ra 0\n"
		     "set sysctl net/ipv6/conf/virbr7/autoconf 0\n"
		     "set sysctl net/ipv6/conf/virbr7/disable_ipv6 1\n"
		     "set link virbr7 up alias netd:11111111-2222-3333-4444-555555555555 mtu 1500\n"
		     "add address 192.168.122.1/24 dev virbr7\n"
		     "set sysctl net/ipv4/ip_forward 1\n");
	apply(true);
}

static void start_with_both_families_and_routes(void **state)
{
	definition_ip(&d, "10.0.0.1", 16);
	definition_ip(&d, "fd00:1::1", 64);
	definition_route(&d, "10.9.0.0", 16, "10.0.0.2");
	definition_route(&d, "fd00:9::", 48, "fd00:1::2");
	d.routes[1].has_metric = true;
	d.routes[1].metric = 7;
	d.n.stp = false;
	d.n.has_delay = true;
	d.n.delay_sec = 5;
	d.n.mtu = 9000;
	expect(true, "add link virbr7 bridge mac 52:54:00:aa:bb:cc mtu 9000 stp off delay 5\n"
		     "set sysctl net/ipv6/conf/virbr7/accept_ra 0\n"
		     "set sysctl net/ipv6/conf/virbr7/addr_gen_mode 1\n"
		     "set sysctl net/ipv6/conf/virbr7/autoconf 0\n"
		     "set sysctl net/ipv6/conf/virbr7/disable_ipv6 0\n"
		     "set link virbr7 up alias netd:11111111-2222-3333-4444-555555555555 mtu 9000\n"
		     "add address 10.0.0.1/16 dev virbr7\n"
		     "add address fd00:1::1/64 dev virbr7\n"
		     "add address fe80::5054:ff:feaa:bbcc/64 dev virbr7\n"
		     "add route 10.9.0.0/16 via 10.0.0.2 metric 1 dev virbr7\n"
		     "add route fd00:9::/48 via fd00:1::2 metric 7 dev virbr7\n"
		     "set sysctl net/ipv4/ip_forward 1\n"
		     "set sysctl net/ipv6/conf/all/forwarding 1\n");
	apply(true);
}

static void isolated_without_address(void **state)
{
	d.n.forward.mode = FORWARD_NONE;
	d.n.mtu = 1000; /* no IPv6 on such a link, so no sysctls of it */
	expect(true,
	       "add link virbr7 bridge mac 52:54:00:aa:bb:cc mtu 1000 stp on delay 2\n"
	       "set link virbr7 up alias netd:11111111-2222-3333-4444-555555555555 mtu 1000\n");
	apply(true);
}

static void mac_of_its_own(void **state)
{
	struct bridge_want a, b;

	d.n.has_mac = false;
	assert_int_equal(bridge_wanted(&d.n, &a, &e), 0);
	assert_int_equal(bridge_wanted(&d.n, &b, &e), 0);
	assert_true(mac_equal(&a.link.mac, &b.link.mac));
	assert_int_equal(a.link.mac.b[0], 0x52);
	assert_int_equal(a.link.mac.b[1], 0x54);
	bridge_want_done(&a);
	bridge_want_done(&b);
}

static void drift(void **state)
{
	struct addr_row a = { .prefix = 24, .proto = BRIDGE_RTPROTO };

	definition_ip(&d, "10.0.0.1", 24);
	definition_route(&d, "10.9.0.0", 16, "10.0.0.2");
	uint32_t br = apply(true).ifindex;
	assert_int_equal(fake_set_up(k, br, false), 0);
	expect(true, "set link virbr7 up\n"
		     "add route 10.9.0.0/16 via 10.0.0.2 metric 1 dev virbr7\n");
	apply(true);
	assert_int_equal(ip_parse("10.3.0.1", &a.address), 0);
	assert_int_equal(fake_add_addr(k, br, &a), 0);
	expect(true, "delete address 10.3.0.1/24 dev virbr7\n");
	a.proto = 0; /* somebody else's */
	apply(true);
	assert_int_equal(fake_add_addr(k, br, &a), 0);
	expect(true, "");
	struct sysctl_row s = { SYSCTL_ACCEPT_RA, "virbr7", 1 };
	assert_int_equal(fake_set_sysctl(k, &s), 0);
	expect(true, "set sysctl net/ipv6/conf/virbr7/accept_ra 0\n");
	apply(true);
}

static void last_address_takes_routes_along(void **state)
{
	definition_ip(&d, "10.0.0.1", 24);
	definition_route(&d, "10.9.0.0", 16, "10.0.0.2");
	apply(true);
	assert_int_equal(ip_parse("10.0.0.3", &d.ips[0].address), 0);
	expect(true, "delete address 10.0.0.1/24 dev virbr7\n"
		     "add address 10.0.0.3/24 dev virbr7\n"
		     "replace route 10.9.0.0/16 via 10.0.0.2 metric 1 dev virbr7\n");
	apply(true);
}

static void primary_takes_secondaries_along(void **state)
{
	definition_ip(&d, "10.0.0.1", 24);
	definition_ip(&d, "10.0.0.2", 24);
	definition_ip(&d, "10.0.1.1", 24);
	apply(true);
	d.ips[0] = d.ips[2];
	d.n.n_ips = 2;
	expect(true, "delete address 10.0.0.1/24 dev virbr7\n"
		     "add address 10.0.0.2/24 dev virbr7\n");
	apply(true);
}

static void conflicts(void **state)
{
	struct link_row row = { .name = "virbr7", .mtu = 1500 };
	struct addr_row a = { .prefix = 48 };
	struct route_row t = { .prefix = 16, .metric = 1 };
	struct bridge_plan p;

	assert_int_not_equal(fake_add_link(k, &row, LINK_OTHER, true), 0);
	assert_int_equal(make(true, &p), -EEXIST);
	assert_int_equal(e.class, ERR_SYSTEM);
	assert_string_equal(e.msg,
			    "error creating bridge interface virbr7: a link of this name, dummy "
			    "with ifindex 1, was not made by netd; remove it or choose another "
			    "bridge name: File exists");
	fake_delete_link(k, 1);
	copy_text(row.alias, sizeof(row.alias), "netd:99999999-2222-3333-4444-555555555555");
	assert_int_not_equal(fake_add_link(k, &row, LINK_BRIDGE, true), 0);
	assert_int_equal(make(true, &p), -EEXIST);
	assert_string_equal(
	    e.msg, "error creating bridge interface virbr7: it is the bridge of the network "
		   "with UUID 99999999-2222-3333-4444-555555555555: File exists");
	fake_delete_link(k, 2);
	row.alias[0] = '\0';
	definition_ip(&d, "fd00:1::1", 64);
	definition_ip(&d, "10.0.0.1", 24);
	apply(true);
	/* An address in the way of one that is added later. */
	definition_ip(&d, "fd00:2::1", 64);
	assert_int_equal(ip_parse("fd00:2::1", &a.address), 0);
	assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
	uint32_t br = mirror_by_name(m, "virbr7")->ifindex;
	assert_int_equal(fake_add_addr(k, br, &a), 0);
	assert_int_equal(make(true, &p), -EEXIST);
	assert_string_equal(e.msg,
			    "bridge 'virbr7': adding address fd00:2::1/64: somebody else has put "
			    "fd00:2::1/48 there: File exists");
	assert_int_equal(fake_delete_addr(k, br, &a), 0);
	/* A route to the same place by another link. */
	copy_text(row.name, sizeof(row.name), "eth0");
	uint32_t eth = fake_add_link(k, &row, LINK_OTHER, true);
	assert_int_equal(ip_parse("10.9.0.0", &t.destination), 0);
	assert_int_equal(fake_add_route(k, eth, &t), 0);
	definition_route(&d, "10.9.0.0", 16, "10.0.0.2");
	assert_int_equal(make(true, &p), -EEXIST);
	assert_string_equal(
	    e.msg, "bridge 'virbr7': adding route 10.9.0.0/16 via 10.0.0.2 metric 1: there "
		   "is the route 10.9.0.0/16 metric 1 on eth0: File exists");
}

static void foreign_rows_that_are_right_serve(void **state)
{
	struct addr_row a = { .prefix = 24 };

	definition_ip(&d, "10.0.0.1", 24);
	uint32_t br = apply(true).ifindex;
	definition_ip(&d, "10.1.0.1", 24);
	assert_int_equal(ip_parse("10.1.0.1", &a.address), 0);
	assert_int_equal(fake_add_addr(k, br, &a), 0);
	expect(true, "");
}

static void stop_and_recycle(void **state)
{
	struct bridge_plan p;
	struct bridge_result r;
	struct link_row port = { .name = "vnet0", .mtu = 1500 };

	definition_ip(&d, "10.0.0.1", 24);
	definition_route(&d, "10.9.0.0", 16, "10.0.0.2");
	uint32_t br = apply(true).ifindex, tap = fake_add_link(k, &port, LINK_TUN, true);
	assert_int_equal(fake_set_master(k, tap, br), 0);
	expect(false, "delete route 10.9.0.0/16 via 10.0.0.2 metric 1 dev virbr7\n"
		      "delete address 10.0.0.1/24 dev virbr7\n"
		      "release port vnet0 from virbr7\n"
		      "park link virbr7 as netdp1\n");
	assert_int_equal(apply(false).ifindex, 0);
	/* Forwarding stays on. Another network takes the bridge. */
	d.n.uuid.b[0] = 0xee;
	d.n.mac.b[5] = 0x01;
	copy_text(d.bridge, sizeof(d.bridge), "virbr9");
	d.n.n_routes = 0;
	expect(true, "add link virbr9 bridge mac 52:54:00:aa:bb:01 mtu 1500 stp on delay 2 "
		     "recycling netdp1\n"
		     "set sysctl net/ipv6/conf/virbr9/accept_ra 0\n"
		     "set sysctl net/ipv6/conf/virbr9/autoconf 0\n"
		     "set sysctl net/ipv6/conf/virbr9/disable_ipv6 1\n"
		     "set link virbr9 up alias netd:ee111111-2222-3333-4444-555555555555 mtu 1500\n"
		     "add address 10.0.0.1/24 dev virbr9\n");
	r = apply(true);
	assert_true(r.recycled);
	assert_int_equal(r.ifindex, br);
	apply(false);
	assert_int_equal(bridge_plan_remove_parked(m, 1, 9, &p, &e), 0);
	assert_true(bridge_plan_is_empty(&p));
	bridge_plan_done(&p);
	assert_int_equal(bridge_plan_remove_parked(m, 0, 9, &p, &e), 0);
	struct text t = { 0 };
	bridge_plan_text(&p, &t);
	auto_free char *s = text_take(&t);
	assert_string_equal(s, "remove link netdp1\n");
	assert_int_equal(bridge_apply(ks, &p, &r, &e), 0);
	bridge_plan_done(&p);
	assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
	assert_null(mirror_by_ifindex(m, br));
}

/* A port that was made up by `name` on the bridge `br`; it listens where there is STP. */
static uint32_t add_port(const char *name, enum link_kind kind, uint32_t br)
{
	struct link_row row = { .mtu = 1500 };

	copy_text(row.name, sizeof(row.name), name);
	uint32_t port = fake_add_link(k, &row, kind, true);
	assert_int_equal(fake_set_master(k, port, br), 0);
	return port;
}

static void edge_ports_do_not_wait(void **state)
{
	uint32_t br = apply(true).ifindex, tap = add_port("vnet0", LINK_TUN, br);
	struct port_spec spec = { .network = d.n.uuid, .bridge = br, .name = "vnet1" };
	struct bridge_port veth;

	expect(true, "forward port vnet0 of virbr7\n");
	apply(true);
	/* A veth into a guest; not one that ends in our own namespace, nor a physical port. */
	assert_int_equal(bridge_port_veth(ks, &spec, "eth0", -1, &veth, &e), 0);
	uint32_t wire = add_port("wire", LINK_VETH, br), eth = add_port("eth1", LINK_OTHER, br);
	expect(true, "forward port vnet1 of virbr7\n");
	apply(true);
	assert_int_equal(mirror_by_ifindex(m, wire)->port_state, PORT_LISTENING);
	assert_int_equal(mirror_by_ifindex(m, eth)->port_state, PORT_LISTENING);
	/* Carrier goes and comes. */
	assert_int_equal(fake_set_up(k, tap, false), 0);
	expect(true, "");
	assert_int_equal(fake_set_up(k, tap, true), 0);
	expect(true, "forward port vnet0 of virbr7\n");
	/* One attempt. */
	mirror_port_tried(m, tap, 1);
	expect(true, "");
	assert_int_equal(fake_set_port_state(k, tap, PORT_LEARNING), 0);
	expect(true, "");
	/* Another bridge, and back. */
	assert_int_equal(fake_set_master(k, tap, 0), 0);
	expect(true, "");
	assert_int_equal(fake_set_master(k, tap, br), 0);
	expect(true, "forward port vnet0 of virbr7\n");
}

static void ports_in_a_loop_are_left_to_stp(void **state)
{
	uint32_t br = apply(true).ifindex, tap = add_port("vnet0", LINK_TUN, br);

	static const enum port_state story[] = { PORT_BLOCKING,   PORT_LISTENING, PORT_LEARNING,
						 PORT_FORWARDING, PORT_BLOCKING,  PORT_LISTENING };
	for (size_t i = 0; i < ARRAY_LEN(story); i++) {
		assert_int_equal(fake_set_port_state(k, tap, story[i]), 0);
		expect(true, "");
	}
	assert_int_equal(fake_set_up(k, tap, false), 0);
	expect(true, "");
	assert_int_equal(fake_set_up(k, tap, true), 0);
	expect(true, "forward port vnet0 of virbr7\n");
}

static void restless_ports_are_left_to_stp(void **state)
{
	uint32_t br = apply(true).ifindex, tap = add_port("vnet0", LINK_TUN, br);
	usec_t now = USEC_PER_SEC;

	for (unsigned i = 0; i < 20; i++) {
		expect(true, i < MIRROR_TRIES_MAX ? "forward port vnet0 of virbr7\n" : "");
		if (i < MIRROR_TRIES_MAX)
			mirror_port_tried(m, tap, now++);
		assert_int_equal(fake_set_up(k, tap, false), 0);
		expect(true, "");
		assert_int_equal(fake_set_up(k, tap, true), 0);
	}
	/* The kernel lets it forward: it begins anew. */
	expect(true, "");
	assert_int_equal(fake_set_port_state(k, tap, PORT_LEARNING), 0);
	expect(true, "");
	assert_int_equal(fake_set_port_state(k, tap, PORT_FORWARDING), 0);
	expect(true, "");
	assert_int_equal(fake_set_up(k, tap, false), 0);
	expect(true, "");
	/* Seldom enough is never too often. */
	for (unsigned i = 0; i < 20; i++) {
		now += MIRROR_TRIES_USEC / 3;
		assert_int_equal(fake_set_up(k, tap, true), 0);
		expect(true, "forward port vnet0 of virbr7\n");
		mirror_port_tried(m, tap, now);
		assert_int_equal(fake_set_up(k, tap, false), 0);
		expect(true, "");
	}
}

static void without_stp_nobody_waits(void **state)
{
	d.n.stp = false;
	uint32_t br = apply(true).ifindex, tap = add_port("vnet0", LINK_TUN, br);
	expect(true, "");
	assert_int_equal(fake_set_port_state(k, tap, PORT_LISTENING), 0); /* as a leftover */
	expect(true, "");
}

static void renamed_bridge_is_followed(void **state)
{
	struct link_row row = {
		.name = "other", .mtu = 1500, .stp = true, .forward_delay_cs = 200
	};
	uint32_t br;

	row.mac = d.n.mac;
	link_alias_bridge(&d.n.uuid, row.alias);
	br = fake_add_link(k, &row, LINK_BRIDGE, true);
	d.n.mtu = 1400;
	d.n.stp = false;
	expect(true, "change link virbr7 name virbr7 mtu 1400 stp off delay 0\n"
		     "set sysctl net/ipv6/conf/virbr7/accept_ra 0\n"
		     "set sysctl net/ipv6/conf/virbr7/autoconf 0\n"
		     "set sysctl net/ipv6/conf/virbr7/disable_ipv6 1\n");
	assert_int_equal(apply(true).ifindex, br);
}

static void half_made_bridge_is_taken(void **state)
{
	struct link_row row = {
		.name = "virbr7", .mtu = 1501, .stp = true, .forward_delay_cs = 200
	};
	struct bridge_plan p;

	row.mac = d.n.mac;
	uint32_t br = fake_add_link(k, &row, LINK_BRIDGE, false);
	assert_int_equal(apply(true).ifindex, br);
	/* The same, but somebody uses it. */
	apply(false);
	br = fake_add_link(k, &row, LINK_BRIDGE, false);
	assert_int_equal(fake_set_up(k, br, true), 0);
	assert_int_equal(make(true, &p), -EEXIST);
}

/* Who stops a network may have forgotten its bridge's name. */
static void stop_without_a_name(void **state)
{
	definition_ip(&d, "10.0.0.1", 24);
	apply(true);
	d.bridge[0] = '\0';
	expect(false, "delete address 10.0.0.1/24 dev virbr7\n"
		      "park link virbr7 as netdp1\n");
}

static void names_of_interfaces(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "virbr0", true }, { "a", true },    { "fifteen-octets-", true },
		{ "br0.5", true },  { "", false },    { "sixteen-octets-x", false },
		{ "a/b", false },   { "a b", false }, { "lab%d", false },
		{ "a:1", false },   { ".", false },   { "..", false },
		{ "a\tb", false },
	};
	struct bridge_want w;
	char long_name[] = "sixteen-octets-x";

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(link_name_valid(rows[i].name), rows[i].valid);
	d.n.bridge = long_name;
	assert_int_equal(bridge_wanted(&d.n, &w, &e), -EINVAL);
	assert_int_equal(e.class, ERR_SYSTEM);
}

static void aliases(void **state)
{
	struct uuid u;

	assert_true(link_alias_parse("netd:11111111-2222-3333-4444-555555555555", &u));
	assert_true(uuid_equal(&u, &d.n.uuid));
	assert_false(link_alias_parse("netd:parked", &u));
	assert_false(link_alias_parse("netd:port:11111111-2222-3333-4444-555555555555", &u));
	assert_false(link_alias_parse("netd:11111111222233334444555555555555", &u));
	assert_false(link_alias_parse("", &u));
}

#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KERNEL(start_of_the_default_network),
		WITH_KERNEL(start_with_both_families_and_routes),
		WITH_KERNEL(isolated_without_address),
		WITH_KERNEL(mac_of_its_own),
		WITH_KERNEL(drift),
		WITH_KERNEL(last_address_takes_routes_along),
		WITH_KERNEL(primary_takes_secondaries_along),
		WITH_KERNEL(conflicts),
		WITH_KERNEL(foreign_rows_that_are_right_serve),
		WITH_KERNEL(stop_and_recycle),
		WITH_KERNEL(edge_ports_do_not_wait),
		WITH_KERNEL(ports_in_a_loop_are_left_to_stp),
		WITH_KERNEL(restless_ports_are_left_to_stp),
		WITH_KERNEL(without_stp_nobody_waits),
		WITH_KERNEL(renamed_bridge_is_followed),
		WITH_KERNEL(half_made_bridge_is_taken),
		WITH_KERNEL(stop_without_a_name),
		WITH_KERNEL(names_of_interfaces),
		WITH_KERNEL(aliases),
	};

	return cmocka_run_group_tests_name("bridge/plan", tests, NULL, NULL);
}
