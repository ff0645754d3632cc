/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a definition's <bandwidth> means in octets, and in which direction. */
#include "bridge/shape.h"

#include "definition.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void directions_and_units(void **state)
{
	struct definition d;
	struct shape_row row;

	definition_init(&d);
	d.n.bandwidth.inbound =
	    (struct bandwidth_limit){ .average = 1000, .peak = 2000, .burst = 64 };
	d.n.bandwidth.outbound = (struct bandwidth_limit){ .average = UINT64_C(1) << 54 };
	shape_wanted(&d.n, &row);
	assert_int_equal(row.to_guests.rate, 1000000);
	assert_int_equal(row.to_guests.peak, 2000000);
	assert_int_equal(row.to_guests.burst, 65536);
	assert_true(row.from_guests.rate == (UINT64_C(1) << 54) * 1000);
	assert_int_equal(row.from_guests.peak, 0);
}

static void empty_and_equal(void **state)
{
	struct shape_row a = { 0 }, b = { 0 };

	assert_true(shape_is_empty(&a));
	assert_true(shape_equal(&a, &b));
	b.from_guests = (struct shape_rate){ .rate = 1 };
	assert_false(shape_is_empty(&b));
	assert_false(shape_equal(&a, &b));
	a = b;
	a.from_guests.burst = 1;
	assert_false(shape_equal(&a, &b));
	/* A peak or burst alone limits nothing. */
	assert_true(shape_is_empty(&(struct shape_row){ .to_guests = { .peak = 9, .burst = 9 } }));
}

static void text(void **state)
{
	struct shape_row row = { .to_guests = { .rate = 1000, .peak = 3000, .burst = 1024 },
				 .from_guests = { .rate = 5 } };
	struct text t = { 0 };

	shape_text(&row, "virbr7", &t);
	auto_free char *s = text_take(&t);
	assert_string_equal(
	    s, "limit virbr7 to guests to 1000 octets/s, peak 3000, burst 1024 octets\n"
	       "limit virbr7 from guests to 5 octets/s\n");
}

static void floors(void **state)
{
	struct shape_floor a[] = { { { { 0x52, 0x54, 0, 0, 0, 1 } }, 3, 1000 },
				   { { { 0x52, 0x54, 0, 0, 0, 2 } }, 5, 2000 } };
	struct shape_floor b[] = { a[0], a[1] };
	struct shape_floors x = { a, 2 }, y = { b, 2 };
	struct text t = { 0 };

	assert_true(shape_floors_equal(&x, &y));
	b[1].mac.b[5] = 3;
	assert_false(shape_floors_equal(&x, &y));
	b[1] = a[1];
	b[0].rate++;
	assert_false(shape_floors_equal(&x, &y));
	b[0] = a[0];
	y.n = 1;
	assert_false(shape_floors_equal(&x, &y));
	shape_floors_text(&x, "virbr7", &t);
	auto_free char *s = text_take(&t);
	assert_string_equal(s, "guarantee virbr7 1000 octets/s to 52:54:00:00:00:01\n"
			       "guarantee virbr7 2000 octets/s to 52:54:00:00:00:02\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directions_and_units),
		cmocka_unit_test(empty_and_equal),
		cmocka_unit_test(text),
		cmocka_unit_test(floors),
	};

	return cmocka_run_group_tests_name("bridge/shape", tests, NULL, NULL);
}
