/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene.h"

#include "dhcp/dhcp4-pool.h"

static void open_pool(struct dhcp4_pool *p, uint32_t start, uint32_t end)
{
	const struct dhcp4_range r = { start, end, 0 };

	dhcp4_pool_init(p);
	assert_int_equal(dhcp4_pool_set_ranges(p, &r, 1, 3600), 0);
	dhcp4_pool_settle(p);
}

/* What dnsmasq gives these MACs from an empty range 10.77.0.100 - 10.77.0.150, by its published
 * algorithm. */
static void test_hash(void **state)
{
	static const struct {
		const char *mac;
		uint32_t offset;
	} rows[] = {
		{ "52:54:00:12:34:56", 11 }, { "52:54:00:00:00:01", 0 },
		{ "52:54:00:00:00:02", 1 },  { "02:00:00:ff:ff:ff", 44 },
		{ "fe:54:00:aa:bb:cc", 28 }, { "00:16:3e:5e:6c:00", 43 },
	};
	struct dhcp4_pool p;
	enum dhcp4_lease_state victim;

	open_pool(&p, NET + 100, NET + 150);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mac m;
		assert_int_equal(mac_parse(rows[i].mac, &m), 0);
		assert_int_equal(dhcp4_pool_pick(&p, &m, &victim), NET + 100 + rows[i].offset);
		assert_int_equal(victim, DHCP4_LEASE_NEW);
	}
	dhcp4_pool_done(&p);
}

/* A slow model of the same: the first address from the hash on that nobody has. */
static void test_probe_against_model(void **state)
{
	enum { N = 200 };
	bool taken[N] = { false };
	struct dhcp4_pool p;
	enum dhcp4_lease_state victim;

	open_pool(&p, NET + 20, NET + 20 + N - 1);
	for (unsigned i = 0; i < N; i += 7) {
		dhcp4_pool_fix(&p, NET + 20 + i);
		taken[i] = true;
	}
	for (unsigned i = 0; i < N - (N + 6) / 7; i++) {
		struct mac m = client(i * 37 % 1000);
		uint32_t h = 0;
		for (unsigned j = 0; j < 6; j++)
			h = m.b[j] + (h << 6) + (h << 16) - h;
		h %= N;
		while (taken[h])
			h = (h + 1) % N;
		taken[h] = true;
		assert_int_equal(dhcp4_pool_pick(&p, &m, &victim), NET + 20 + h);
		assert_non_null(dhcp4_pool_add(&p, &m, NULL, 0, NET + 20 + h));
	}
	struct mac m = client(5000);
	assert_int_equal(dhcp4_pool_pick(&p, &m, &victim), 0);
	dhcp4_pool_done(&p);
}

static void test_class_c_ends(void **state)
{
	struct scene c;

	/* A /22 across 192.168.0.0: .255 and .0 in its middle aren't given, elsewhere they are. */
	for (int wide = 0; wide < 2; wide++) {
		uint32_t net = wide ? 0x0a4d0000 : 0xc0a80000;
		scene_open(&c, 0);
		c.c.server = net + 1;
		c.c.prefix = 22;
		c.ranges[0] = (struct dhcp4_range){ net + 254, net + 257, 0 };
		c.c.n_ranges = 1;
		scene_configure(&c);
		struct dhcp4_usage u;
		dhcp4_get_usage(c.s, &u);
		assert_int_equal(u.pool, wide ? 4 : 2);
		scene_close(&c);
	}
}

static void test_fixed_addresses(void **state)
{
	struct scene c;
	struct dhcp4_usage u;

	/* The range covers the whole prefix: network, broadcast, server, router, DNS and a host are
	 * left out. */
	scene_open(&c, 0);
	c.c.router = NET + 2;
	c.c.dns = NET + 3;
	c.ranges[0] = (struct dhcp4_range){ NET, NET + 255, 0 };
	c.c.n_ranges = 1;
	c.hosts[0] = (struct dhcp4_host){ true, client(1), "", NET + 77, 0 };
	c.c.n_hosts = 1;
	scene_configure(&c);
	dhcp4_get_usage(c.s, &u);
	assert_int_equal(u.pool, 250);
	for (unsigned i = 0; i < 250; i++) {
		uint32_t ip = dora(&c, client(i + 10), NULL);
		assert_in_range(ip, NET + 4, NET + 254);
		assert_int_not_equal(ip, NET + 77);
	}
	assert_int_equal(dora(&c, client(400), NULL), 0);
	assert_int_equal(dora(&c, client(1), NULL), NET + 77);
	scene_close(&c);
}

static void test_several_ranges(void **state)
{
	struct scene c;

	scene_open(&c, 0);
	c.ranges[0] = (struct dhcp4_range){ NET + 10, NET + 11, 100 };
	c.ranges[1] = (struct dhcp4_range){ NET + 11, NET + 13, 200 }; /* shares an address */
	c.c.n_ranges = 2;
	scene_configure(&c);
	bool got[4] = { false };
	for (unsigned i = 0; i < 4; i++) {
		uint32_t ip = dora(&c, client(i), NULL);
		assert_in_range(ip, NET + 10, NET + 13);
		assert_false(got[ip - NET - 10]);
		got[ip - NET - 10] = true;
		assert_int_equal(reply_u32(action_send(&c), 51), i < 2 ? 100 : 200);
	}
	assert_int_equal(dora(&c, client(9), NULL), 0);
	scene_close(&c);
}

static void test_heap(void **state)
{
	enum { N = 500 };
	static struct dhcp_timer t[N];
	struct dhcp_heap h = { 0 };
	uint32_t seed = 1;
	usec_t last = 0;
	unsigned n = 0;

	assert_int_equal(dhcp_heap_reserve(&h, N), 0);
	for (unsigned i = 0; i < 4 * N; i++) {
		seed = seed * 1103515245 + 12345;
		struct dhcp_timer *one = &t[(seed >> 8) % N];
		if (seed >> 30)
			dhcp_heap_set(&h, one, (seed >> 4) % 10000);
		else
			dhcp_heap_stop(&h, one);
	}
	for (unsigned i = 0; i < N; i++)
		n += t[i].place != 0;
	assert_int_equal(h.n, n);
	for (struct dhcp_timer *first; (first = dhcp_heap_first(&h)); n--) {
		assert_true(first->at >= last);
		last = first->at;
		dhcp_heap_stop(&h, first);
		assert_int_equal(first->place, 0);
	}
	assert_int_equal(n, 0);
	dhcp_heap_done(&h);
}

/* Many clients that come and go at random; every address has one holder at most, and the counts
 * agree. */
static void test_random_life(void **state)
{
	enum { CLIENTS = 300 };
	static uint32_t held[CLIENTS];
	struct scene c;
	uint32_t seed = 7;

	scene_open(&c, 200);
	memset(held, 0, sizeof(held));
	for (unsigned step = 0; step < 20000; step++) {
		seed = seed * 1103515245 + 12345;
		unsigned who = (seed >> 8) % CLIENTS;
		c.now += 100 * USEC_PER_MSEC;
		switch ((seed >> 20) % 5) {
		case 0:
		case 1:
			held[who] = dora(&c, client(who), (seed >> 24) % 2 ? "same" : NULL);
			break;
		case 2:
			if (held[who])
				give_up(&c, client(who), DHCP4_TYPE_RELEASE, held[who]);
			held[who] = 0;
			break;
		case 3:
			discover(&c, client(who + CLIENTS), NULL);
			break;
		default:
			renew(&c, client(who), held[who] ? held[who] : NET + 10 + who % 200);
			scene_commit(&c, true);
			held[who] = reply_type(&c) == DHCP4_TYPE_ACK ? reply_yiaddr(&c) : 0;
			break;
		}
		if (step % 500 == 0) {
			bool taken[256] = { false };
			unsigned n = 0;
			for (unsigned i = 0; i < CLIENTS; i++) {
				if (!held[i])
					continue;
				assert_false(taken[held[i] - NET]);
				taken[held[i] - NET] = true;
				n++;
			}
			struct dhcp4_usage u;
			dhcp4_get_usage(c.s, &u);
			assert_true(u.bound >= n);
			assert_true(u.bound + u.offered + u.released + u.expired <= u.pool);
		}
	}
	scene_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),           cmocka_unit_test(test_probe_against_model),
		cmocka_unit_test(test_class_c_ends),   cmocka_unit_test(test_fixed_addresses),
		cmocka_unit_test(test_several_ranges), cmocka_unit_test(test_heap),
		cmocka_unit_test(test_random_life),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
