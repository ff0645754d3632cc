/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties over random definitions and random kernels: one plan is enough, a second is empty, a
 * failure at any step is made up for by one more plan, undo leaves nothing, and nobody else's
 * things change. */
#include "bridge/fake.h"

#include "definition.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cmocka.h>

#define ROUNDS 400
#define PORTS  3

static struct err e;
static uint64_t seed;

/* Repeatable: the numbers depend on the seed alone. */
static unsigned pick(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % n;
}

struct world {
	struct fake_kernel *k;
	struct mirror *m;
	struct kernel_socket *ks;
	uint32_t foreign;   /* a link that nobody may touch */
	uint32_t elsewhere; /* the administrator's bridge */
	struct port_row ports[PORTS];
};

static void open_world(struct world *w)
{
	struct link_row eth = { .name = "eth0", .mtu = 1400, .alias = "the administrator's" };
	struct link_row br = { .name = "br0", .mtu = 1500 }, port = { .mtu = 1500 };
	struct addr_row a = { .prefix = 24 };
	struct route_row ra = { .metric = 1024, .proto = 9, .destination.family = AF_INET6 };

	w->k = fake_kernel_new();
	assert_non_null(w->k);
	w->foreign = fake_add_link(w->k, &eth, LINK_OTHER, true);
	assert_int_equal(ip_parse("172.16.0.1", &a.address), 0);
	assert_int_equal(fake_add_addr(w->k, w->foreign, &a), 0);
	assert_int_equal(fake_add_route(w->k, w->foreign, &ra), 0);
	w->elsewhere = fake_add_link(w->k, &br, LINK_BRIDGE, true);
	for (unsigned i = 0; i < PORTS; i++) {
		snprintf(port.name, sizeof(port.name), "vnet%u", i);
		w->ports[i] =
		    (struct port_row){ .ifindex = fake_add_link(w->k, &port, LINK_TUN, true),
				       .isolated = pick(2) };
		memcpy(w->ports[i].name, port.name, sizeof(port.name));
	}
	assert_int_equal(mirror_open_fake(&w->m, w->k, &e), 0);
	assert_int_equal(kernel_socket_open_fake(&w->ks, w->k, &e), 0);
}

static void close_world(struct world *w)
{
	mirror_free(w->m);
	kernel_socket_free(w->ks);
	fake_kernel_free(w->k);
}

static void random_definition(struct definition *d)
{
	static const struct {
		const char *address, *to, *via;
		unsigned prefix, to_prefix;
	} rows[] = {
		{ "10.1.0.1", "10.100.0.0", "10.1.0.9", 24, 16 },
		{ "10.1.0.2", "10.101.0.0", "10.1.0.8", 24, 16 },
		{ "10.2.0.1", "10.102.0.0", "10.2.0.9", 16, 24 },
		{ "fd01::1", "fd10::", "fd01::9", 64, 48 },
		{ "fd02::1", "fd11::", "fd02::9", 48, 64 },
		{ "10.1.0.3", "10.103.0.0", "10.1.0.7", 24, 16 },
	};
	static const uint32_t mtus[] = { 0, 1500, 9000, 1280, 1400 };

	definition_init(d);
	d->n.forward.mode = pick(2) ? FORWARD_NAT : FORWARD_NONE;
	d->n.stp = pick(2);
	d->n.has_delay = pick(2);
	d->n.delay_sec = pick(40);
	d->n.mtu = mtus[pick(ARRAY_LEN(mtus))];
	d->n.mac.b[5] = (uint8_t)pick(3);
	for (size_t i = 0; i < ARRAY_LEN(rows) && d->n.n_ips < DEFINITION_ROWS; i++) {
		if (!pick(2))
			continue;
		definition_ip(d, rows[i].address, rows[i].prefix);
		if (pick(2))
			definition_route(d, rows[i].to, rows[i].to_prefix, rows[i].via);
	}
}

static int plan(struct world *w, const struct definition *d, bool running, struct bridge_plan *ret)
{
	struct bridge_want want;

	assert_int_equal(mirror_read(w->m, NULL, NULL, &e), 0);
	if (running)
		assert_int_equal(bridge_wanted(&d->n, &want, &e), 0);
	else
		bridge_wanted_nothing(&d->n.uuid, d->n.bridge, &want);
	want.ports = malloc(sizeof(w->ports));
	assert_non_null(want.ports);
	memcpy(want.ports, w->ports, sizeof(w->ports));
	want.n_ports = PORTS;
	int r = bridge_plan_make(w->m, &want, ret, &e);
	bridge_want_done(&want);
	return r;
}

static void show(const struct bridge_plan *p)
{
	struct text t = { 0 };

	bridge_plan_text(p, &t);
	auto_free char *s = text_take(&t);
	print_message("%s\n", s ? s : "");
}

static int run(struct world *w, const struct definition *d, bool running, size_t *ret_steps)
{
	struct bridge_plan p;
	struct bridge_result result;

	int r = plan(w, d, running, &p);
	if (r < 0)
		fail_msg("plan: %s", e.msg);
	r = bridge_apply(w->ks, &p, &result, &e);
	*ret_steps = p.n_steps;
	bridge_plan_done(&p);
	return r;
}

static void assert_settled(struct world *w, const struct definition *d, bool running)
{
	struct bridge_plan p;

	assert_int_equal(plan(w, d, running, &p), 0);
	if (!bridge_plan_is_empty(&p)) {
		show(&p);
		fail_msg("one plan was not enough");
	}
	bridge_plan_done(&p);
}

/* Ports that are there and nobody else's hang on the bridge, as isolated as they were. */
static void assert_ports_attached(struct world *w, bool running)
{
	const struct mirror_link *b = mirror_by_name(w->m, "virbr7");

	for (unsigned i = 0; i < PORTS; i++) {
		const struct mirror_link *l = mirror_by_ifindex(w->m, w->ports[i].ifindex);
		if (!l || l->master == w->elsewhere || strcmp(l->row.name, w->ports[i].name))
			continue;
		assert_int_equal(l->master, running ? b->ifindex : 0);
		if (running)
			assert_int_equal(l->port_isolated, w->ports[i].isolated);
	}
}

static void assert_foreign_untouched(struct world *w)
{
	const struct mirror_link *l = mirror_by_ifindex(w->m, w->foreign);

	assert_non_null(l);
	assert_string_equal(l->row.name, "eth0");
	assert_string_equal(l->row.alias, "the administrator's");
	assert_int_equal(l->row.mtu, 1400);
	assert_false(list_is_empty(&l->addrs));
	assert_false(list_is_empty(&l->routes)); /* also the one from an advertisement */
}

/* What other people and accidents do to the bridge. */
static void damage(struct world *w)
{
	const struct mirror_link *l = mirror_by_name(w->m, "virbr7");
	struct mirror_addr *a;
	struct addr_row row = { .prefix = 24, .proto = pick(2) ? BRIDGE_RTPROTO : 0 };
	struct sysctl_row s = { SYSCTL_ACCEPT_RA, "virbr7", 1 };

	for (unsigned i = 0; i < PORTS; i++) {
		uint32_t port = w->ports[i].ifindex;
		if (pick(4) == 0 && mirror_by_ifindex(w->m, port))
			assert_int_equal(fake_set_master(w->k, port, pick(2) ? w->elsewhere : 0),
					 0);
		if (pick(12) == 0)
			fake_delete_link(w->k, port);
	}
	if (!l)
		return;
	uint32_t ifindex = l->ifindex;
	if (pick(4) == 0)
		assert_int_equal(fake_set_up(w->k, ifindex, false), 0);
	list_foreach (a, &l->addrs, struct mirror_addr, on_link) {
		struct addr_row gone = a->row;
		if (pick(3) == 0)
			(void)!fake_delete_addr(w->k, ifindex, &gone);
	}
	row.address = ip_from_v4(0x0a010000 + 10 + pick(3));
	if (pick(3) == 0)
		assert_int_equal(fake_add_addr(w->k, ifindex, &row), 0);
	if (pick(3) == 0)
		(void)!fake_set_sysctl(w->k, &s);
	if (pick(8) == 0)
		fake_delete_link(w->k, ifindex);
}

static void one_plan_is_enough(void **state)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct world w;
		struct definition d;
		size_t n;

		seed = round;
		open_world(&w);
		/* One network lives through changes of its definition, damage and stops. */
		for (unsigned turn = 0; turn < 6; turn++) {
			bool running = pick(4) != 0;
			random_definition(&d);
			if (run(&w, &d, running, &n) < 0)
				fail_msg("round %u: %s", round, e.msg);
			assert_settled(&w, &d, running);
			assert_ports_attached(&w, running);
			assert_foreign_untouched(&w);
			damage(&w);
		}
		close_world(&w);
	}
}

/* From the same start, fail at step `at`; false when the plan has fewer steps. */
static bool fail_at(unsigned round, size_t at, bool undo)
{
	struct world w;
	struct definition d;
	size_t n;

	seed = round;
	open_world(&w);
	for (unsigned turn = pick(3); turn > 0; turn--) {
		random_definition(&d);
		assert_int_equal(run(&w, &d, pick(3) != 0, &n), 0);
		assert_int_equal(mirror_read(w.m, NULL, NULL, &e), 0);
		damage(&w);
	}
	random_definition(&d);
	bool running = pick(3) != 0;
	fake_fail_step(w.k, at, ENOMEM);
	int r = run(&w, &d, running, &n);
	assert_int_equal(r, at < n ? -ENOMEM : 0);
	bool failed = r < 0;
	if (failed) {
		if (undo)
			running = false;
		if (run(&w, &d, running, &n) < 0)
			fail_msg("round %u, step %zu: %s", round, at, e.msg);
		assert_settled(&w, &d, running);
		assert_ports_attached(&w, running);
		assert_foreign_untouched(&w);
		if (!running)
			assert_null(mirror_by_name(w.m, "virbr7"));
	}
	close_world(&w);
	return failed;
}

static void failures_are_made_up_for(void **state)
{
	for (unsigned round = 0; round < ROUNDS; round++)
		for (size_t at = 0; fail_at(round, at, false); at++)
			;
}

/* The process dies between two steps of a start: nobody marks what was half made, and the next start
 * knows only what the kernel shows. */
static bool dies_after(unsigned round, size_t at)
{
	struct world w;
	struct definition d;
	struct bridge_plan p;
	struct bridge_result result;
	size_t n;

	seed = round;
	open_world(&w);
	for (unsigned turn = pick(3); turn > 0; turn--) {
		random_definition(&d);
		assert_int_equal(run(&w, &d, pick(3) != 0, &n), 0);
		assert_int_equal(mirror_read(w.m, NULL, NULL, &e), 0);
		damage(&w);
	}
	random_definition(&d);
	assert_int_equal(plan(&w, &d, true, &p), 0);
	bool more = at < p.n_steps;
	p.n_steps = MIN_OF(at, p.n_steps);
	assert_int_equal(bridge_apply(w.ks, &p, &result, &e), 0);
	bridge_plan_done(&p);
	if (run(&w, &d, true, &n) < 0)
		fail_msg("round %u, step %zu: %s", round, at, e.msg);
	assert_settled(&w, &d, true);
	assert_ports_attached(&w, true);
	assert_foreign_untouched(&w);
	close_world(&w);
	return more;
}

static void deaths_are_made_up_for(void **state)
{
	for (unsigned round = 0; round < ROUNDS; round++)
		for (size_t at = 0; dies_after(round, at); at++)
			;
}

static void failures_are_undone(void **state)
{
	for (unsigned round = 0; round < ROUNDS; round++)
		for (size_t at = 0; fail_at(round, at, true); at++)
			;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_plan_is_enough),
		cmocka_unit_test(failures_are_made_up_for),
		cmocka_unit_test(failures_are_undone),
		cmocka_unit_test(deaths_are_made_up_for),
	};

	return cmocka_run_group_tests_name("bridge/converge", tests, NULL, NULL);
}
