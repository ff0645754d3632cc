/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bridge room against the real kernel, each test in a network namespace of its own. Needs root
 * (or a user namespace with CAP_NET_ADMIN); skipped otherwise. */
#include "bridge/apply.h"
#include "bridge/mirror-internal.h"
#include "bridge/port.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static struct mirror *m;
static struct kernel_socket *ks;
static struct err e;

/* A definition as the parser would leave it. */
static struct network_ip ips[2];
static struct network_route route;
static char net_name[] = "lab", bridge_name[] = "virbr7";
static struct network net;

static void define(void)
{
	net = (struct network){
		.name = net_name, .bridge = bridge_name, .stp = true, .has_mac = true
	};
	net.forward.mode = FORWARD_NAT;
	assert_int_equal(uuid_parse("11111111-2222-3333-4444-555555555555", &net.uuid), 0);
	assert_int_equal(mac_parse("52:54:00:aa:bb:cc", &net.mac), 0);
	memset(ips, 0, sizeof(ips));
	assert_int_equal(ip_parse("10.77.0.1", &ips[0].address), 0);
	ips[0].prefix = 24;
	assert_int_equal(ip_parse("fd77::1", &ips[1].address), 0);
	ips[1].prefix = 64;
	net.ips = ips;
	net.n_ips = 1;
	route = (struct network_route){ .prefix = 24 };
	assert_int_equal(ip_parse("10.78.0.0", &route.address), 0);
	assert_int_equal(ip_parse("10.77.0.9", &route.gateway), 0);
	net.routes = &route;
}

static int setup(void **state)
{
	if (unshare(CLONE_NEWNET) < 0)
		return 0; /* each test skips */
	define();
	err_clear(&e);
	assert_int_equal(mirror_open(&m, 0, &e), 0);
	assert_int_equal(kernel_socket_open(&ks, &e), 0);
	return 0;
}

static int teardown(void **state)
{
	mirror_free(m);
	kernel_socket_free(ks);
	m = NULL;
	ks = NULL;
	return 0;
}

#define NEED_ROOT()                                                                                \
	do {                                                                                       \
		if (!m)                                                                            \
			skip();                                                                    \
	} while (0)

static void sh(const char *command)
{
	int r = system(command);

	if (r != 0)
		fail_msg("%s: %d", command, r);
}

/* One call reads a bounded number of events. */
static void read_events(void)
{
	struct pollfd p = { mirror_fd(m), POLLIN, 0 };

	while (poll(&p, 1, 0) > 0)
		assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
}

static struct bridge_plan plan_now(bool running)
{
	struct bridge_want w;
	struct bridge_plan p = { 0 };

	read_events();
	if (running)
		assert_int_equal(bridge_wanted(&net, &w, &e), 0);
	else
		bridge_wanted_nothing(&net.uuid, net.bridge, &w);
	int r = bridge_plan_make(m, &w, &p, &e);
	if (r < 0)
		fail_msg("plan: %s", e.msg);
	bridge_want_done(&w);
	return p;
}

static int apply_now(bool running, struct bridge_result *ret)
{
	struct bridge_plan p = plan_now(running);
	int r = bridge_apply(ks, &p, ret, &e);

	read_events();
	if (ret->needs_refresh && ret->ifindex)
		assert_int_equal(mirror_refresh_link(m, ret->ifindex, NULL), 0);
	bridge_plan_done(&p);
	return r;
}

static struct bridge_result must_apply(bool running)
{
	struct bridge_result r = { 0 };

	if (apply_now(running, &r) < 0)
		fail_msg("apply: %s", e.msg);
	return r;
}

static void assert_plan(bool running, const char *expected)
{
	struct bridge_plan p = plan_now(running);
	struct text t = { 0 };

	bridge_plan_text(&p, &t);
	auto_free char *s = text_take(&t);
	assert_string_equal(s, expected);
	bridge_plan_done(&p);
}

/* Nothing is left to do, by the mirror that events kept and by a new one. */
static void assert_settled(void)
{
	assert_plan(true, "");
	assert_int_equal(mirror_resync(m, &e), 0);
	assert_plan(true, "");
}

static void start_makes_everything(void **state)
{
	NEED_ROOT();
	net.n_ips = 2;
	net.n_routes = 1;
	struct bridge_result r = must_apply(true);
	assert_true(r.created);
	const struct mirror_link *l = mirror_by_name(m, "virbr7");
	assert_non_null(l);
	assert_int_equal(l->ifindex, r.ifindex);
	assert_true(l->ours && l->flags & IFF_UP);
	assert_int_equal(l->row.mtu, 1500);
	assert_int_equal(l->disable_ipv6, 0);
	assert_int_equal(l->accept_ra, 0);
	assert_true(mirror_forwards_ipv4(m) && mirror_forwards_ipv6(m));
	assert_settled();
	sh("test $(ip -6 addr show dev virbr7 tentative | wc -l) = 0");
	sh("test $(ip -6 addr show dev virbr7 | grep -c inet6) = 2");
	sh("ip route show proto 110 | grep -q '10.78.0.0/24 via 10.77.0.9 dev virbr7 metric 1'");
	sh("ip addr show dev virbr7 | grep -q 'inet 10.77.0.1/24 brd 10.77.0.255 .*virbr7'");
}

static void no_ipv6_means_none(void **state)
{
	NEED_ROOT();
	net.stp =
	    false; /* then the bridge has carrier, and the kernel would make a link-local address */
	must_apply(true);
	sh("test $(ip -6 addr show dev virbr7 | wc -l) = 0");
	sh("test $(cat /proc/sys/net/ipv6/conf/virbr7/disable_ipv6) = 1");
	assert_settled();
}

static void mtu_and_mac_stay(void **state)
{
	struct port_spec spec = { .network = net.uuid, .mtu = 1300 };
	struct bridge_port port;

	NEED_ROOT();
	spec.bridge = must_apply(true).ifindex;
	auto_close int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(bridge_port_veth(ks, &spec, "g0", ns, &port, &e), 0);
	assert_string_equal(port.name, "vnet0");
	assert_settled();
	assert_int_equal(mirror_by_name(m, "virbr7")->row.mtu, 1500);
	assert_int_equal(mirror_by_name(m, "vnet0")->row.mtu, 1300);
}

static void drift_is_repaired(void **state)
{
	static const struct {
		const char *damage, *plan;
	} rows[] = {
		{ "ip link set virbr7 down",
		  "set link virbr7 up\n"
		  "add address fd77::1/64 dev virbr7\n"
		  "add address fe80::5054:ff:feaa:bbcc/64 dev virbr7\n"
		  "add route 10.78.0.0/24 via 10.77.0.9 metric 1 dev virbr7\n" },
		{ "ip link set virbr7 address 02:00:00:00:00:01",
		  "change link virbr7 mac 52:54:00:aa:bb:cc\n" },
		{ "ip link set virbr7 mtu 1400", "change link virbr7 mtu 1500\n" },
		{ "ip link set virbr7 type bridge stp_state 0", "change link virbr7 stp on\n" },
		{ "ip link set virbr7 down; ip link set virbr7 name other; ip link set other up",
		  "change link virbr7 name virbr7\n"
		  "add address fd77::1/64 dev virbr7\n"
		  "add address fe80::5054:ff:feaa:bbcc/64 dev virbr7\n"
		  "add route 10.78.0.0/24 via 10.77.0.9 metric 1 dev virbr7\n" },
		{ "ip addr flush dev virbr7",
		  "add address 10.77.0.1/24 dev virbr7\n"
		  "add address fd77::1/64 dev virbr7\n"
		  "add address fe80::5054:ff:feaa:bbcc/64 dev virbr7\n"
		  "add route 10.78.0.0/24 via 10.77.0.9 metric 1 dev virbr7\n" },
		{ "ip addr add 10.79.0.1/24 dev virbr7; ip addr add 10.77.0.5/24 dev virbr7", "" },
		{ "ip route replace 10.78.0.0/24 via 10.77.0.8 metric 1 proto 110",
		  "replace route 10.78.0.0/24 via 10.77.0.9 metric 1 dev virbr7\n" },
		{ "ip route del 10.78.0.0/24",
		  "add route 10.78.0.0/24 via 10.77.0.9 metric 1 dev virbr7\n" },
		{ "echo 0 >/proc/sys/net/ipv4/ip_forward", "set sysctl net/ipv4/ip_forward 1\n" },
	};

	NEED_ROOT();
	net.n_ips = 2;
	net.n_routes = 1;
	must_apply(true);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("# %s\n", rows[i].damage);
		sh(rows[i].damage);
		assert_plan(true, rows[i].plan);
		must_apply(true);
		assert_settled();
	}
}

static void deleted_bridge_is_rebuilt(void **state)
{
	NEED_ROOT();
	must_apply(true);
	sh("ip link del virbr7");
	assert_true(must_apply(true).created);
	assert_settled();
}

static void stop_parks_and_start_recycles(void **state)
{
	struct port_spec spec = { .network = net.uuid };
	struct bridge_port port;
	struct bridge_plan p;
	struct bridge_result r;

	NEED_ROOT();
	net.n_ips = 2;
	net.n_routes = 1;
	uint32_t first = spec.bridge = must_apply(true).ifindex;
	auto_close int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(bridge_port_veth(ks, &spec, "g0", ns, &port, &e), 0);
	sh("ip addr add 10.99.0.1/24 dev virbr7");
	r = must_apply(false);
	assert_int_equal(r.ifindex, 0);
	assert_null(mirror_by_name(m, "virbr7"));
	assert_true(mirror_by_ifindex(m, first)->parked);
	assert_int_equal(mirror_by_ifindex(m, port.ifindex)->master, 0);
	assert_true(list_is_empty(&mirror_by_ifindex(m, first)->addrs));
	assert_plan(false, "");
	/* Another network of other values takes it. */
	net.uuid.b[0] ^= 1;
	net.mac.b[5] ^= 1;
	net.stp = false;
	net.n_ips = 1;
	net.mtu = 9000;
	r = must_apply(true);
	assert_true(r.recycled);
	assert_int_equal(r.ifindex, first);
	assert_settled();
	must_apply(false);
	assert_int_equal(bridge_plan_remove_parked(m, 0, 10, &p, &e), 0);
	assert_int_equal(p.n_steps, 1);
	assert_int_equal(bridge_apply(ks, &p, &r, &e), 0);
	bridge_plan_done(&p);
	assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
	assert_null(mirror_by_ifindex(m, first));
}

static void stale_recycle_hint_is_harmless(void **state)
{
	struct bridge_plan stale;
	struct bridge_result r;

	NEED_ROOT();
	uint32_t first = must_apply(true).ifindex;
	must_apply(false);
	stale = plan_now(true); /* wants the parked one … */
	assert_int_equal(stale.steps[0].recycle, first);
	struct uuid saved = net.uuid;
	char other[] = "virbr8";
	net.uuid.b[0] ^= 1;
	net.bridge = other;
	net.mac.b[5] ^= 1;
	assert_int_equal(ip_parse("10.90.0.1", &ips[0].address), 0);
	assert_int_equal(must_apply(true).ifindex, first); /* … but another was quicker */
	assert_int_equal(bridge_apply(ks, &stale, &r, &e), 0);
	bridge_plan_done(&stale);
	assert_true(r.created && r.ifindex != first);
	assert_settled();
	define();
	net.uuid = saved;
	assert_settled();
}

static void live_change(void **state)
{
	NEED_ROOT();
	net.n_routes = 1;
	must_apply(true);
	/* The only address of the link changes: the kernel drops its routes in silence. */
	assert_int_equal(ip_parse("10.77.0.2", &ips[0].address), 0);
	assert_plan(true, "delete address 10.77.0.1/24 dev virbr7\n"
			  "add address 10.77.0.2/24 dev virbr7\n"
			  "replace route 10.78.0.0/24 via 10.77.0.9 metric 1 dev virbr7\n");
	must_apply(true);
	assert_settled();
	/* The primary goes, the secondary stays. */
	net.n_ips = 2;
	assert_int_equal(ip_parse("10.77.0.3", &ips[1].address), 0);
	ips[1].prefix = 24;
	must_apply(true);
	assert_settled();
	ips[0] = ips[1];
	net.n_ips = 1;
	assert_plan(true, "delete address 10.77.0.2/24 dev virbr7\n"
			  "add address 10.77.0.3/24 dev virbr7\n"
			  "replace route 10.78.0.0/24 via 10.77.0.9 metric 1 dev virbr7\n");
	must_apply(true);
	assert_settled();
	net.stp = false;
	net.mtu = 1400;
	must_apply(true);
	assert_settled();
}

static void foreign_link_is_refused(void **state)
{
	struct bridge_want w;
	struct bridge_plan p;

	NEED_ROOT();
	sh("ip link add virbr7 type bridge");
	assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
	assert_int_equal(bridge_wanted(&net, &w, &e), 0);
	assert_int_equal(bridge_plan_make(m, &w, &p, &e), -EEXIST);
	assert_int_equal(e.class, ERR_SYSTEM);
	assert_non_null(strstr(e.msg, "error creating bridge interface virbr7"));
	assert_non_null(strstr(e.msg, ": File exists"));
	bridge_want_done(&w);
}

static void killed_start_goes_on(void **state)
{
	struct bridge_result r;
	struct bridge_plan p;

	NEED_ROOT();
	p = plan_now(true);
	p.n_steps = 1; /* killed after the first message */
	assert_int_equal(bridge_apply(ks, &p, &r, &e), 0);
	p.n_steps = 5;
	bridge_plan_done(&p);
	must_apply(true);
	assert_settled();
}

static void kernel_words_reach_the_user(void **state)
{
	struct bridge_result r;

	NEED_ROOT();
	net.mtu = 67;
	assert_int_equal(apply_now(true, &r), -EINVAL);
	assert_non_null(strstr(e.msg, "the kernel says \""));
	print_message("# %s\n", e.msg);
	/* What failed half way is found again and undone by the next plan. */
	must_apply(false);
	assert_null(mirror_by_name(m, "virbr7"));
	net.mtu = 1500;
	must_apply(true);
	uint32_t first = mirror_by_name(m, "virbr7")->ifindex;
	assert_int_equal(bridge_port_attach(ks, first, first, "virbr7", false, &e), -ELOOP);
	print_message("# %s\n", e.msg);
	assert_non_null(strstr(e.msg, "port 'virbr7'"));
	assert_non_null(strstr(e.msg, "Can not enslave a bridge to a bridge"));
	/* A gateway that can't be reached. */
	net.n_routes = 1;
	assert_int_equal(ip_parse("192.0.2.1", &route.gateway), 0);
	assert_true(apply_now(true, &r) < 0);
	print_message("# %s\n", e.msg);
	assert_non_null(strstr(e.msg, "bridge 'virbr7': adding route 10.78.0.0/24 via 192.0.2.1"));
}

struct heard {
	unsigned links, addrs, resyncs;
	uint32_t bridge, bridge_before;
	bool gone;
};

static void hear(void *data, const struct mirror_change *c)
{
	struct heard *h = data;

	h->links += c->what == MIRROR_LINK;
	h->addrs += c->what == MIRROR_ADDR;
	h->resyncs += c->what == MIRROR_RESYNC;
	if (c->bridge)
		h->bridge = c->bridge;
	if (c->bridge_before)
		h->bridge_before = c->bridge_before;
	h->gone |= c->gone && c->what == MIRROR_LINK;
}

static struct heard listen_once(void)
{
	struct heard h = { 0 };
	struct pollfd p = { mirror_fd(m), POLLIN, 0 };

	assert_int_equal(poll(&p, 1, 1000), 1);
	assert_int_equal(mirror_read(m, hear, &h, &e), 0);
	return h;
}

static void events_tell_what_changed(void **state)
{
	NEED_ROOT();
	uint32_t br = must_apply(true).ifindex;
	sh("ip link add p0 type veth peer name p1");
	assert_true(listen_once().links >= 2);
	sh("ip link set p0 master virbr7");
	struct heard h = listen_once();
	assert_int_equal(h.bridge, br);
	sh("ip link set p0 nomaster");
	h = listen_once();
	assert_int_equal(h.bridge_before, br);
	assert_false(h.gone);
	sh("ip addr del 10.77.0.1/24 dev virbr7");
	h = listen_once();
	assert_int_equal(h.addrs, 1);
	assert_int_equal(h.bridge, br);
	sh("ip link del virbr7");
	h = listen_once();
	assert_true(h.gone);
	assert_int_equal(h.bridge, br);
}

static void lost_events_are_made_up_for(void **state)
{
	struct mirror *small;
	struct heard h = { 0 };
	char name[LINK_NAME_MAX];

	NEED_ROOT();
	assert_int_equal(mirror_open(&small, 2048, &e), 0);
	sh("for i in $(seq 200); do echo link add d$i type bridge; done | ip -batch -");
	sh("ip link del d7");
	assert_int_equal(mirror_read(small, hear, &h, &e), 0);
	assert_int_equal(h.resyncs, 1);
	for (unsigned i = 1; i <= 200; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		assert_int_equal(mirror_by_name(small, name) != NULL, i != 7);
	}
	mirror_free(small);
}

static void ports(void **state)
{
	struct port_spec spec = { .network = net.uuid, .isolated = true };
	struct tap_spec tap = { .vnet_hdr = true, .has_owner = true, .owner = 12345 };
	struct bridge_port a, b;
	int fd = -1;

	NEED_ROOT();
	spec.bridge = must_apply(true).ifindex;
	assert_int_equal(mac_parse("52:54:00:00:00:09", &spec.mac), 0);
	sh("ip link add vnet0 type veth peer name x0"); /* the first name is taken */
	auto_close int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(bridge_port_veth(ks, &spec, "g0", ns, &a, &e), 0);
	assert_string_equal(a.name, "vnet1");
	int r = bridge_port_tap(ks, &spec, &tap, &b, &fd, &e);
	if (r < 0)
		print_message("# no tap: %s\n", e.msg);
	assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
	const struct mirror_link *l = mirror_by_ifindex(m, a.ifindex);
	assert_true(l->port_isolated && l->flags & IFF_UP && l->master == spec.bridge);
	assert_int_equal(l->row.mac.b[0], 0xfe);
	assert_int_equal(l->row.mac.b[5], 9);
	assert_string_equal(l->row.alias, "netd:port:11111111-2222-3333-4444-555555555555");
	if (r == 0) {
		l = mirror_by_ifindex(m, b.ifindex);
		assert_int_equal(l->kind, LINK_TUN);
		assert_true(l->port_isolated && l->flags & IFF_UP && l->master == spec.bridge);
		close(fd);
		assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
		assert_non_null(mirror_by_ifindex(m, b.ifindex)); /* persistent */
		assert_int_equal(bridge_port_delete(ks, b.ifindex, b.name, &e), 0);
	}
	spec.name = "vnet1";
	assert_int_equal(bridge_port_veth(ks, &spec, "g1", ns, &b, &e), -EEXIST);
	assert_non_null(strstr(e.msg, "File exists"));
	assert_int_equal(bridge_port_detach(ks, a.ifindex, a.name, &e), 0);
	assert_int_equal(bridge_port_attach(ks, spec.bridge, a.ifindex, a.name, false, &e), 0);
	assert_int_equal(bridge_port_delete(ks, if_nametoindex("vnet0"), "vnet0", &e), -EPERM);
	assert_int_equal(bridge_port_delete(ks, a.ifindex, a.name, &e), 0);
	assert_int_equal(bridge_port_delete(ks, a.ifindex, a.name, &e), 0);
	assert_int_equal(if_nametoindex("vnet1"), 0);
}

static void subnet_conflicts(void **state)
{
	struct mirror_conflict c;
	struct ip n;

	NEED_ROOT();
	must_apply(true);
	sh("ip link add d0 type bridge; ip link set d0 up; ip addr add 10.50.1.1/24 dev d0;"
	   "ip route add 10.60.0.0/16 via 10.50.1.9; ip route add 0.0.0.0/1 via 10.50.1.9;"
	   "ip route add default via 10.50.1.9");
	assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
	static const struct {
		const char *net, *text;
		unsigned prefix;
	} rows[] = {
		{ "10.50.1.0", "the address 10.50.1.1/24 on d0", 24 },
		{ "10.50.0.0", "the address 10.50.1.1/24 on d0", 16 },
		{ "10.60.5.0", "the route to 10.60.0.0/16 on d0", 24 },
		{ "10.77.0.0", "the address 10.77.0.1/24 on virbr7", 24 },
		{ "10.99.0.0", NULL, 24 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(ip_parse(rows[i].net, &n), 0);
		bool hit = mirror_subnet_conflict(m, &n, rows[i].prefix, NULL, &c);
		assert_int_equal(hit, rows[i].text != NULL);
		if (hit)
			assert_string_equal(c.text, rows[i].text);
	}
	assert_int_equal(ip_parse("10.77.0.0", &n), 0);
	assert_false(mirror_subnet_conflict(m, &n, 24, &net.uuid, &c));
}

static void ra_uplinks_keep_their_routes(void **state)
{
	NEED_ROOT();
	net.n_ips = 2;
	sh("ip link add up0 type veth peer name up1; ip link set up0 up; ip link set up1 up;"
	   "ip -6 route add default via fe80::1 dev up0 proto ra");
	assert_int_equal(mirror_read(m, NULL, NULL, &e), 0);
	struct bridge_plan p = plan_now(true);
	struct text t = { 0 };
	bridge_plan_text(&p, &t);
	auto_free char *s = text_take(&t);
	const char *uplink = strstr(s, "set sysctl net/ipv6/conf/up0/accept_ra 2\n");
	const char *forward = strstr(s, "set sysctl net/ipv6/conf/all/forwarding 1\n");
	assert_true(uplink && forward && uplink < forward);
	bridge_plan_done(&p);
	must_apply(true);
	assert_settled();
	sh("ip -6 route show default | grep -q up0");
}

static void port_reaches_into_a_guest(void **state)
{
	struct port_spec spec = { .network = net.uuid, .mtu = 1400 };
	struct bridge_port port;

	NEED_ROOT();
	spec.bridge = must_apply(true).ifindex;
	assert_int_equal(mac_parse("52:54:00:00:00:09", &spec.mac), 0);
	auto_close int host = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	auto_close int guest = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(setns(host, CLONE_NEWNET), 0);
	assert_int_equal(bridge_port_veth(ks, &spec, "eth0", guest, &port, &e), 0);
	assert_int_equal(if_nametoindex("eth0"), 0);
	assert_int_equal(setns(guest, CLONE_NEWNET), 0);
	sh("ip link show eth0 | grep -q 'link/ether 52:54:00:00:00:09'");
	sh("ip link show eth0 | grep -q 'mtu 1400'");
	assert_int_equal(setns(host, CLONE_NEWNET), 0);
}

/* More messages than one batch holds. */
static void many_addresses(void **state)
{
	static struct network_ip many[200];

	NEED_ROOT();
	for (unsigned i = 0; i < ARRAY_LEN(many); i++)
		many[i] =
		    (struct network_ip){ .address = ip_from_v4(0x0a640001 + i), .prefix = 16 };
	net.ips = many;
	net.n_ips = ARRAY_LEN(many);
	must_apply(true);
	assert_settled();
	/* Its first address is the primary of all others. */
	net.ips++;
	net.n_ips--;
	must_apply(true);
	assert_settled();
	must_apply(false);
	assert_plan(false, "");
}

static unsigned pick(unsigned n)
{
	static uint64_t seed;

	if (!seed)
		seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : 20;
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % n;
}

static void random_definition(void)
{
	static const struct {
		const char *address;
		unsigned prefix;
	} rows[] = {
		{ "10.1.0.1", 24 }, { "10.1.0.2", 24 }, { "10.1.0.3", 24 }, { "10.2.0.1", 16 },
		{ "fd01::1", 64 },  { "fd01::1", 48 },  { "fd02::1", 64 },  { "10.1.0.1", 16 },
	};
	static const uint32_t mtus[] = { 0, 1280, 1400, 9000 };
	static struct network_ip some[3];
	static struct network_route to[2];

	define();
	net.stp = pick(2);
	net.has_delay = pick(2);
	net.delay_sec = pick(35);
	net.mtu = mtus[pick(ARRAY_LEN(mtus))];
	net.mac.b[5] = (uint8_t)pick(3);
	net.ips = some;
	net.n_ips = pick(4);
	for (size_t i = 0; i < net.n_ips; i++) {
		size_t row = pick(i ? ARRAY_LEN(rows) : 2);
		assert_int_equal(ip_parse(rows[row].address, &some[i].address), 0);
		some[i].prefix = rows[row].prefix;
	}
	if (net.n_ips && pick(2)) { /* to behind the first, which is 10.1.0.1 or 10.1.0.2 */
		to[0] = (struct network_route){ .address = ip_from_v4(0x0a090000),
						.prefix = 16,
						.gateway = ip_from_v4(0x0a010009 + pick(2)) };
		net.routes = to;
		net.n_routes = 1;
	}
}

static void random_damage(void)
{
	static const char *const rows[] = {
		"ip link set virbr7 down",
		"ip link del virbr7",
		"ip addr flush dev virbr7",
		"ip -6 addr flush dev virbr7",
		"ip addr add 10.1.0.77/24 dev virbr7",
		"ip addr del 10.1.0.1/24 dev virbr7",
		"ip addr add fd03::1/64 dev virbr7",
		"ip route flush dev virbr7 proto 110",
		"ip link set virbr7 type bridge stp_state 1",
		"ip link set virbr7 type bridge stp_state 0",
		"ip link set virbr7 mtu 1300",
		"ip link set virbr7 down; ip link set virbr7 name x7",
		"ip link set virbr7 alias x; ip link del virbr7",
	};
	char command[160];

	snprintf(command, sizeof(command), "(%s) 2>/dev/null || true", rows[pick(ARRAY_LEN(rows))]);
	sh(command);
}

/* The same as against the fake kernel: whatever comes after whatever, one plan is enough. */
static void random_walk(void **state)
{
	NEED_ROOT();
	for (unsigned turn = 0; turn < 200; turn++) {
		bool running = pick(5) != 0;
		random_definition();
		must_apply(running);
		assert_plan(running, "");
		assert_int_equal(mirror_resync(m, &e), 0);
		assert_plan(running, "");
		if (pick(2))
			random_damage();
	}
}

#define LIVE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE(start_makes_everything),
		LIVE(no_ipv6_means_none),
		LIVE(mtu_and_mac_stay),
		LIVE(drift_is_repaired),
		LIVE(deleted_bridge_is_rebuilt),
		LIVE(stop_parks_and_start_recycles),
		LIVE(stale_recycle_hint_is_harmless),
		LIVE(live_change),
		LIVE(foreign_link_is_refused),
		LIVE(killed_start_goes_on),
		LIVE(kernel_words_reach_the_user),
		LIVE(events_tell_what_changed),
		LIVE(lost_events_are_made_up_for),
		LIVE(ports),
		LIVE(port_reaches_into_a_guest),
		LIVE(many_addresses),
		LIVE(random_walk),
		LIVE(subnet_conflicts),
		LIVE(ra_uplinks_keep_their_routes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bridge/kernel", tests, NULL, NULL);
}
