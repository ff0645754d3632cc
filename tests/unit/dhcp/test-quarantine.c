/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Declined addresses: how long they stay out of service, who may have how many, and that another
 * life goes on where this one ended. */
#include "dhcp/dhcp-quarantine.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define POOL 4000

static const struct mac guest = { { 0x52, 0x54, 0, 0, 0, 1 } };

static struct ip at(uint32_t i)
{
	return ip_from_v4(0x0a000000 + i);
}

static void test_longer_each_time(void **state)
{
	struct dhcp_quarantine q;
	struct ip ip = at(1), over;
	usec_t now = USEC_PER_SEC;

	dhcp_quarantine_init(&q);
	assert_false(dhcp_quarantine_take_over(&q, now, &over));
	for (uint32_t want = 600, i = 0; i < 10; i++, want = MIN_OF(want * 2, 86400U)) {
		assert_int_equal(dhcp_quarantine_add(&q, &ip, &guest, POOL, now), want);
		assert_true(dhcp_quarantine_has(&q, &ip));
		now += want * USEC_PER_SEC;
		assert_false(dhcp_quarantine_take_over(&q, now - 1, &over));
		assert_true(dhcp_quarantine_take_over(&q, now, &over));
		assert_true(ip_equal(&over, &ip));
		assert_false(dhcp_quarantine_has(&q, &ip));
		now += 3600 * USEC_PER_SEC;
	}
	assert_int_equal(q.n, 0);
}

static void test_caps(void **state)
{
	struct dhcp_quarantine q;
	struct mac other = guest;
	usec_t now = USEC_PER_SEC;

	dhcp_quarantine_init(&q);
	for (uint32_t i = 0; i < 20; i++) {
		struct ip ip = at(i);
		assert_int_equal(dhcp_quarantine_add(&q, &ip, &guest, POOL, now) > 0,
				 i < DHCP_QUARANTINE_CLIENT);
	}
	dhcp_quarantine_init(&q);
	for (uint32_t i = 0; i < 20; i++) { /* a quarter of the pool */
		struct ip ip = at(i);
		other.b[5] = (uint8_t)i;
		assert_int_equal(dhcp_quarantine_add(&q, &ip, &other, 40, now) > 0, i < 10);
	}
	dhcp_quarantine_init(&q);
	for (uint32_t i = 0; i < DHCP_QUARANTINE_MAX + 5; i++) { /* and what there is room for */
		struct ip ip = at(i);
		other.b[5] = (uint8_t)i;
		assert_int_equal(dhcp_quarantine_add(&q, &ip, &other, POOL, now) > 0,
				 i < DHCP_QUARANTINE_MAX);
	}
}

static void test_restored(void **state)
{
	struct dhcp_quarantine q;
	struct ip ip = at(1), over;
	usec_t now = 5 * USEC_PER_SEC;

	dhcp_quarantine_init(&q);
	assert_false(dhcp_quarantine_restore(&q, &ip, &guest, 600, 0, now));
	assert_true(dhcp_quarantine_restore(&q, &ip, &guest, 1200, 100, now));
	assert_true(dhcp_quarantine_has(&q, &ip));
	now += 100 * USEC_PER_SEC;
	assert_true(dhcp_quarantine_take_over(&q, now, &over));
	/* It had been declined twice: the third time counts. */
	assert_int_equal(dhcp_quarantine_add(&q, &ip, &guest, POOL, now), 2400);
	assert_true(dhcp_quarantine_lift(&q, &ip));
	assert_false(dhcp_quarantine_lift(&q, &ip));
	assert_false(dhcp_quarantine_has(&q, &ip));
	/* Numbers that no honest file has. */
	ip = at(2);
	assert_true(dhcp_quarantine_restore(&q, &ip, &guest, UINT32_MAX, UINT32_MAX, now));
	assert_true(dhcp_quarantine_take_over(&q, now + 86400 * USEC_PER_SEC, &over));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longer_each_time),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
