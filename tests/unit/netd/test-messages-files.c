/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the controller and a files worker say to each other: there and back, cut anywhere. */
#include "netd/messages/messages-files.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void serve(void **state)
{
	const struct message_files_serve m = { 7, 9000 };
	struct message_files_serve back;
	uint8_t body[FILES_MESSAGE_MAX];
	struct wr w = wr_over(body, sizeof(body));

	message_files_serve_encode(&w, &m);
	assert_false(w.bad);
	for (size_t n = 0; n <= wr_len(&w) + 1; n++)
		assert_int_equal(message_files_serve_decode(body, n, &back),
				 n == wr_len(&w) ? 0 : -EPROTO);
	assert_memory_equal(&m, &back, sizeof(m));
	memset(body, 0, 4); /* no network has the number 0 */
	assert_int_equal(message_files_serve_decode(body, wr_len(&w), &back), -EPROTO);
}

static void counters(void **state)
{
	struct message_files_counters m = { .net_id = 7, .http = UINT64_MAX }, back;
	uint8_t body[FILES_MESSAGE_MAX];
	struct wr w = wr_over(body, sizeof(body));

	for (unsigned i = 0; i < TFTP_COUNTER_COUNT; i++)
		m.tftp[i] = i * UINT64_C(10000000000);
	message_files_counters_encode(&w, &m);
	assert_false(w.bad);
	for (size_t n = 0; n <= wr_len(&w) + 1; n++)
		assert_int_equal(message_files_counters_decode(body, n, &back),
				 n == wr_len(&w) ? 0 : -EPROTO);
	assert_memory_equal(&m, &back, sizeof(m));
	body[7]++; /* another number of counters */
	assert_int_equal(message_files_counters_decode(body, wr_len(&w), &back), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serve),
		cmocka_unit_test(counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
