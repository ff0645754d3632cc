/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a start and a stop cost beside their floor, in one run: the floor is a hand-written message
 * that makes the bridge up with all options, three sysctls and one address. Ours is everything from
 * the definition to the mirror that knows the result. Prints min / median / max in microseconds.
 * Needs root. */
#include "base/clock.h"
#include "base/file.h"
#include "bridge/apply.h"
#include "bridge/port.h"
#include "bridge/rtnl.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ROUNDS 100

static struct mirror *m;
static struct kernel_socket *ks;
static int raw_fd;
static uint32_t raw_seq;
static struct err e;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, e.msg);
	exit(1);
}

static void raw_send(struct nl_msg *msg)
{
	char words[RTNL_WORDS_MAX];

	if (rtnl_request(raw_fd, &raw_seq, msg, words) < 0)
		die(words);
}

static void raw_link(const char *name, unsigned i)
{
	struct ifinfomsg up = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct nl_msg *msg = rtnl_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &up, sizeof(up));
	uint8_t mac[6] = { 0x52, 0x54, 0, 0xff, (uint8_t)(i >> 8), (uint8_t)i };

	nla_put_string(msg, IFLA_IFNAME, name);
	nla_put(msg, IFLA_ADDRESS, 6, mac);
	nla_put_u32(msg, IFLA_MTU, 1500);
	struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, "bridge");
	struct nlattr *data = nla_nest_start(msg, IFLA_INFO_DATA);
	nla_put_u32(msg, IFLA_BR_FORWARD_DELAY, 200);
	nla_put_u32(msg, IFLA_BR_STP_STATE, 1);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	raw_send(msg);
}

static void raw_start(unsigned i)
{
	static const char *const sysctls[][2] = { { "disable_ipv6", "1" },
						  { "accept_ra", "0" },
						  { "autoconf", "0" } };
	char name[16], path[80];

	snprintf(name, sizeof(name), "raw%u", i);
	raw_link(name, i);
	for (size_t s = 0; s < ARRAY_LEN(sysctls); s++) {
		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", name, sysctls[s][0]);
		if (file_write_proc(path, sysctls[s][1]) < 0)
			die(path);
	}
	struct ifaddrmsg ifa = { .ifa_family = AF_INET,
				 .ifa_prefixlen = 24,
				 .ifa_index = if_nametoindex(name) };
	struct nl_msg *msg =
	    rtnl_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &ifa, sizeof(ifa));
	uint32_t a = htonl(0x0b000001 + (i << 8));
	nla_put_u32(msg, IFA_LOCAL, a);
	nla_put_u32(msg, IFA_ADDRESS, a);
	raw_send(msg);
}

static void reconcile(const struct network *n, bool running)
{
	struct bridge_want w;
	struct bridge_plan p;
	struct bridge_result r;

	if (!running)
		bridge_wanted_nothing(&n->uuid, n->bridge, &w);
	else if (bridge_wanted(n, &w, &e) < 0)
		die("wanted");
	if (bridge_plan_make(m, &w, &p, &e) < 0 || bridge_apply(ks, &p, &r, &e) < 0 ||
	    mirror_read(m, NULL, NULL, &e) < 0)
		die("apply");
	if (r.needs_refresh && mirror_refresh_link(m, r.ifindex, &e) < 0)
		die("refresh");
	bridge_plan_done(&p);
	bridge_want_done(&w);
}

static double timed(const struct network *n, bool running)
{
	double start = now();

	reconcile(n, running);
	return now() - start;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double report(const char *what, double *t)
{
	qsort(t, ROUNDS, sizeof(*t), by_value);
	printf("%-28s %7.0f %7.0f %7.0f\n", what, t[0], t[ROUNDS / 2], t[ROUNDS - 1]);
	return t[ROUNDS / 2];
}

static void add_port(const struct network *n)
{
	const struct mirror_link *l = mirror_by_uuid(m, &n->uuid);
	struct port_spec spec = { .network = n->uuid, .bridge = l ? l->ifindex : 0 };
	struct bridge_port port;
	auto_close int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char guest[16];

	snprintf(guest, sizeof(guest), "g%u", l ? l->ifindex : 0);
	if (bridge_port_veth(ks, &spec, guest, ns, &port, &e) < 0)
		die("port");
}

int main(void)
{
	static double floor_us[ROUNDS], start_us[ROUNDS], stop_us[ROUNDS], again_us[ROUNDS],
	    same_us[ROUNDS], port_us[ROUNDS];
	struct network_ip ip = { .prefix = 24 };
	char bridge[16];
	struct network n = { .stp = true, .ips = &ip, .n_ips = 1, .bridge = bridge };

	if (unshare(CLONE_NEWNET) < 0)
		return 77;
	raw_fd = rtnl_open(NULL, &e);
	if (raw_fd < 0 || mirror_open(&m, 0, &e) < 0 || kernel_socket_open(&ks, &e) < 0)
		die("open");
	n.forward.mode = FORWARD_NAT;
	for (unsigned i = 0; i < ROUNDS; i++) {
		double t = now();
		raw_start(i);
		floor_us[i] = now() - t;
		if (mirror_read(m, NULL, NULL, &e) < 0)
			die("read");
		n.uuid = uuid_random();
		ip.address = ip_from_v4(0x0a000001 + (i << 8));
		snprintf(bridge, sizeof(bridge), "virbr%u", i);
		start_us[i] = timed(&n, true);
		same_us[i] = timed(&n, true);
		t = now();
		add_port(&n);
		port_us[i] = now() - t;
		if (mirror_read(m, NULL, NULL, &e) < 0)
			die("read");
		stop_us[i] = timed(&n, false);
		again_us[i] = timed(&n, true);
	}
	double base = report("floor: start", floor_us);
	double ours = report("start, new bridge", start_us);
	double again = report("start, parked bridge", again_us);
	report("nothing to do", same_us);
	report("stop with one port", stop_us);
	report("veth port", port_us);
	printf("start / floor: %.2f new, %.2f parked\n", ours / base, again / base);
	mirror_free(m);
	kernel_socket_free(ks);
	close(raw_fd);
	return 0;
}
