/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc/frame.h"
#include "wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define AUTH_LIST "0000001c 20008086 00000001 00000042 00000000 00000000 00000000"
#define FEATURE   "00000020 20008086 00000001 0000003c 00000000 00000001 00000000 0000000a"
#define WITH_FDS  "00000024 6e657464 00000001 00000002 00000004 00000007 00000000 00000002 0a0b0c0d"

static const struct vector {
	const char *name, *hex;
	int r; /* of the first frame_reader_next() */
	int32_t procedure;
	uint32_t serial, n_fds;
	size_t payload;
} vectors[] = {
	{ "nothing", "", 0 },
	{ "half a length", "0000", 0 },
	{ "a length", "0000001c", 0 },
	{ "one octet short", "0000001c 20008086 00000001 00000042 00000000 00000000 000000", 0 },
	{ "no payload", AUTH_LIST, 1, 66, 0, 0, 0 },
	{ "payload", FEATURE, 1, 60, 1, 0, 4 },
	{ "two at once", AUTH_LIST FEATURE, 1, 66, 0, 0, 0 },
	{ "descriptors not here yet", WITH_FDS, 0 },
	{ "one of two descriptors", WITH_FDS "00", 0 },
	{ "descriptors", WITH_FDS "0000", 1, 2, 7, 2, 4 },
	{ "too many descriptors",
	  "00000020 6e657464 00000001 00000002 00000004 00000007 00000000 00000021", -EPROTO },
	{ "no room for the count", "0000001c 6e657464 00000001 00000002 00000004 00000007 00000000",
	  -EPROTO },
	{ "length below the header", "0000001b", -EPROTO },
	{ "length 0", "00000000", -EPROTO },
	{ "largest length", "00400000", 0 },
	{ "over the largest length", "00400001", -EPROTO },
	{ "a negative length", "ffffffff", -EPROTO },
};

static void feed(struct frame_reader *fr, const uint8_t *b, size_t n)
{
	uint8_t *at;
	size_t room;

	assert_int_equal(frame_reader_space(fr, &at, &room), 0);
	assert_true(room >= n);
	memcpy(at, b, n);
	frame_reader_added(fr, n);
}

static void check(const struct vector *v, struct frame_reader *fr)
{
	struct frame f;

	assert_int_equal(frame_reader_next(fr, &f), v->r);
	if (v->r != 1)
		return;
	assert_int_equal(f.h.procedure, v->procedure);
	assert_int_equal(f.h.serial, v->serial);
	assert_int_equal(f.n_fds, v->n_fds);
	assert_int_equal(rd_left(&f.body), v->payload);
}

static void test_vectors(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct frame_reader fr;
		uint8_t b[256];

		print_message("# %s\n", vectors[i].name);
		frame_reader_init(&fr, RPC_CALL_MAX);
		feed(&fr, b, unhex(vectors[i].hex, b, sizeof(b)));
		check(&vectors[i], &fr);
		frame_reader_done(&fr);
	}
}

/* However the stream is cut, the same messages come out. */
static void test_octet_by_octet(void **state)
{
	struct frame_reader fr;
	struct frame f;
	uint8_t b[256];
	size_t n = unhex(AUTH_LIST FEATURE WITH_FDS "0000" AUTH_LIST, b, sizeof(b)), frames = 0;
	static const int32_t want[] = { 66, 60, 2, 66 };

	frame_reader_init(&fr, RPC_CALL_MAX);
	for (size_t i = 0; i < n; i++) {
		feed(&fr, b + i, 1);
		while (frame_reader_next(&fr, &f) == 1)
			assert_int_equal(f.h.procedure, want[frames++]);
	}
	assert_int_equal(frames, ARRAY_LEN(want));
	assert_true(frame_reader_is_empty(&fr));
	frame_reader_done(&fr);
}

/* A claimed length alone takes no memory, and a large buffer is given back. */
static void test_memory(void **state)
{
	struct frame_reader fr;
	struct frame f;
	uint8_t b[4096] = { 0x00, 0x3f, 0xff, 0xff };
	size_t sent = 0;

	frame_reader_init(&fr, RPC_CALL_MAX);
	feed(&fr, b, sizeof(b));
	assert_int_equal(frame_reader_next(&fr, &f), 0);
	assert_true(fr.cap <= 16384);
	memset(b, 0, sizeof(b));
	for (sent = sizeof(b); sent + sizeof(b) < 0x3fffff; sent += sizeof(b)) {
		feed(&fr, b, sizeof(b));
		assert_int_equal(frame_reader_next(&fr, &f), 0);
	}
	assert_true(fr.cap <= 2 * RPC_CALL_MAX);
	feed(&fr, b, 0x3fffff - sent);
	assert_int_equal(frame_reader_next(&fr, &f), 1);
	feed(&fr, b, 1);
	assert_true(fr.cap <= 65536);
	frame_reader_done(&fr);
}

static void test_write(void **state)
{
	struct rpc_header h = { RPC_PROGRAM_REMOTE, 1, 60, RPC_CALL, 1, RPC_OK };
	uint8_t b[128], want[64];
	struct wr w = wr_over(b, sizeof(b));

	size_t at = frame_begin(&w, &h, 0);
	wr_u32(&w, 10);
	frame_end(&w, at);
	assert_int_equal(wr_len(&w), unhex(FEATURE, want, sizeof(want)));
	assert_memory_equal(b, want, wr_len(&w));

	h = (struct rpc_header){ RPC_PROGRAM_NETD, 1, 2, RPC_CALL_WITH_FDS, 7, RPC_OK };
	at = frame_begin(&w, &h, 2);
	wr_u32(&w, 0x0a0b0c0d);
	frame_end(&w, at);
	assert_false(w.bad);
	assert_int_equal(wr_len(&w) - at, unhex(WITH_FDS, want, sizeof(want)));
	assert_memory_equal(b + at, want, wr_len(&w) - at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_octet_by_octet),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
