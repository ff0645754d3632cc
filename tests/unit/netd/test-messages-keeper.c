/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/messages/messages-keeper.h"
#include "netd/messages/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
	struct keeper_message m;
	size_t n_fds, length;
} rows[] = {
	{ { .type = MSG_HELD, .name = "door-rw" }, 1, 12 },
	{ { .type = MSG_HELLO, .number = 3, .text = "/srv/lab1" }, 0, 20 },
	{ { .type = MSG_HELLO, .text = "" }, 0, 8 },
	{ { .type = MSG_STORE, .name = "dhcp4/61c8a7a5-8c2c-4a8e-9a1c-0d2b5f6f7a11" }, 1, 48 },
	{ { .type = MSG_DROP, .name = "x" }, 0, 8 },
	{ { .type = MSG_SPAWN, .id = 7, .name = "dhcp" }, 0, 12 },
	{ { .type = MSG_SPAWNED, .id = 0xffffffff, .number = 4194304 }, 2, 8 },
	{ { .type = MSG_DIED, .id = 7, .number = 0x8b }, 0, 8 },
	{ { .type = MSG_DIED, .id = 7, .number = -1 }, 0, 8 },
	{ { .type = MSG_KILL, .id = 7 }, 0, 4 },
	{ { .type = MSG_READY, .text = "12 networks" }, 0, 16 },
	{ { .type = MSG_FAILED, .text = "caf\xc3\xa9" }, 0, 12 },
	{ { .type = MSG_STOP }, 0, 0 },
	{ { .type = MSG_RELOAD }, 0, 0 },
	{ { .type = MSG_PING, .cookie = UINT64_C(0x0123456789abcdef) }, 0, 8 },
	{ { .type = MSG_PONG, .cookie = 1 }, 0, 8 },
};

static struct channel_message as_received(uint32_t type, const uint8_t *body, size_t n,
					  size_t n_fds)
{
	return (struct channel_message){ .type = type, .body = body, .n = n, .n_fds = n_fds };
}

static void round_trip(void **state)
{
	uint8_t body[KEEPER_BODY_MAX];
	struct keeper_message out;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		size_t n = keeper_encode(&r->m, body);
		assert_int_equal(n, r->length);
		struct channel_message in = as_received(r->m.type, body, n, r->n_fds);
		assert_true(keeper_decode(&in, &out));
		assert_memory_equal(&out, &r->m, sizeof(out));
	}
}

/* One octet less or more, one descriptor less or more: refused. */
static void exact(void **state)
{
	uint8_t body[KEEPER_BODY_MAX + 1] = { 0 };
	struct keeper_message out;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		size_t n = keeper_encode(&r->m, body);
		for (size_t less = 0; less < n; less++) {
			struct channel_message in = as_received(r->m.type, body, less, r->n_fds);
			assert_false(keeper_decode(&in, &out));
		}
		struct channel_message longer = as_received(r->m.type, body, n + 4, r->n_fds);
		assert_false(keeper_decode(&longer, &out));
		struct channel_message more = as_received(r->m.type, body, n, r->n_fds + 1);
		assert_false(keeper_decode(&more, &out));
		struct channel_message fewer = as_received(r->m.type, body, n, r->n_fds - 1);
		assert_false(keeper_decode(&fewer, &out));
	}
	struct channel_message unknown = as_received(MSG_DHCP4_CONFIG, body, 0, 0);
	assert_false(keeper_decode(&unknown, &out));
}

static void names(void **state)
{
	char longest[KEEPER_NAME_MAX + 2];

	memset(longest, 'n', sizeof(longest));
	longest[KEEPER_NAME_MAX + 1] = '\0';
	assert_false(keeper_name_is_valid(longest));
	longest[KEEPER_NAME_MAX] = '\0';
	assert_true(keeper_name_is_valid(longest));
	assert_true(keeper_name_is_valid("dns-udp/virbr0"));
	assert_false(keeper_name_is_valid(""));
	assert_false(keeper_name_is_valid("a:b"));
	assert_false(keeper_name_is_valid("a\nFDSTORE=1"));
	assert_false(keeper_name_is_valid("caf\xc3\xa9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(exact),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
