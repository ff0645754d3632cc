/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cursor.h"
#include "tests/unit/test.h"

static void reads_in_order(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	struct rd r = rd_over(bytes, sizeof(bytes));

	assert_int_equal(rd_u8(&r), 1);
	assert_int_equal(rd_u16(&r), 0x0203);
	assert_int_equal(rd_u32(&r), 0x04050607);
	assert_true(rd_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
	assert_false(r.bad);
	assert_int_equal(rd_left(&r), 0);
}

static void failure_sticks(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct rd r = rd_over(bytes, sizeof(bytes));

	assert_int_equal(rd_u32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(rd_u8(&r), 0);
	assert_null(rd_bytes(&r, 0));
	assert_int_equal(rd_left(&r), 0);
}

static void sub_cursor_confines(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4 };
	struct rd r = rd_over(bytes, sizeof(bytes));
	struct rd sub = rd_sub(&r, 2);

	assert_int_equal(rd_u16(&sub), 0x0102);
	assert_int_equal(rd_u8(&sub), 0);
	assert_true(sub.bad);
	assert_false(r.bad);
	assert_int_equal(rd_u8(&r), 3);
	sub = rd_sub(&r, 2);
	assert_true(sub.bad && r.bad);
}

static void copies_or_zeroes(void **state)
{
	static const uint8_t bytes[] = { 9, 9 };
	uint8_t out[3] = { 7, 7, 7 };
	struct rd r = rd_over(bytes, sizeof(bytes));

	rd_copy(&r, out, 3);
	assert_true(r.bad);
	assert_memory_equal(out, "\0\0\0", 3);
}

static void writer_stops_at_its_end(void **state)
{
	uint8_t buf[6] = { 0 };
	struct wr w = wr_over(buf, sizeof(buf));

	wr_u32(&w, 0x01020304);
	wr_u32(&w, 0xffffffff); /* doesn't fit: nothing of it is written */
	wr_u8(&w, 9);           /* would fit, but the failure sticks */
	assert_true(w.bad);
	assert_int_equal(wr_len(&w), 4);
	assert_memory_equal(buf, "\1\2\3\4\0\0", 6);
	wr_patch_u16(&w, 0, 0xabcd);
	wr_patch_u16(&w, 3, 0xabcd); /* past what was written */
	assert_memory_equal(buf, "\xab\xcd\3\4\0\0", 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_in_order),      cmocka_unit_test(failure_sticks),
		cmocka_unit_test(sub_cursor_confines), cmocka_unit_test(copies_or_zeroes),
		cmocka_unit_test(writer_stops_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
