/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transfers as scripts: at that time this comes in; this has gone out since, timers first. */
#include "stage.h"

struct step {
	unsigned at; /* ms */
	const char *in;
	const char *out;
};

#define STEPS 32
static const struct script {
	const char *name;
	struct step step[STEPS];
} scripts[] = {
	{ "one block", { { 0, "get small", "d1:100" }, { 5, "ack 1", "-" }, { 9000, "", "-" } } },
	{ "two blocks",
	  { { 0, "get two", "d1:512" },
	    { 5, "ack 1", "d2:188" },
	    { 9, "ack 2", "-" },
	    { 9000, "", "-" } } },
	{ "nothing", { { 0, "get empty", "d1:0" }, { 5, "ack 1", "-" }, { 9000, "", "-" } } },
	{ "a whole block, then an empty one",
	  { { 0, "get block", "d1:512" },
	    { 5, "ack 1", "d2:0" },
	    { 9, "ack 2", "-" },
	    { 9000, "", "-" } } },
	{ "size unknown",
	  { { 0, "get proc", "d1:512" }, { 5, "ack 1", "d2:188" }, { 9, "ack 2", "-" } } },
	{ "options, then ACK 0",
	  { { 0, "get two blksize 600", "o blksize=600" },
	    { 5, "ack 0", "d1:600" },
	    { 6, "ack 1", "d2:100" },
	    { 7, "ack 2", "-" },
	    { 9000, "", "-" } } },
	{ "ACK 0 without options", { { 0, "get two", "d1:512" }, { 5, "ack 0", "-" } } },
	{ "a block before the options are acknowledged",
	  { { 0, "get two blksize 600", "o blksize=600" },
	    { 5, "ack 1", "-" },
	    { 6, "ack 0", "d1:600" } } },
	{ "never heard: once and three times more",
	  { { 0, "get ten", "d1:512" },
	    { 999, "", "-" },
	    { 1000, "", "d1:512" },
	    { 2999, "", "-" },
	    { 3000, "", "d1:512" },
	    { 7000, "", "d1:512" },
	    { 7999, "", "-" },
	    { 90000, "active 0", "-" } } },
	{ "options never acknowledged",
	  { { 0, "get ten tsize 0", "o tsize=10000" },
	    { 90000, "", "o tsize=10000 o tsize=10000 o tsize=10000" } } },
	{ "heard, then gone: freed within 30 s",
	  { { 0, "get ten", "d1:512" },
	    { 10, "ack 1", "d2:512" },
	    { 109, "", "-" },
	    { 110, "", "d2:512" },
	    { 1110, "", "d2:512" },
	    { 3110, "", "d2:512" },
	    { 7110, "", "d2:512" },
	    { 15110, "", "d2:512" },
	    { 23110, "", "d2:512" },
	    { 24109, "active 1", "-" },
	    { 24111, "active 0", "-" },
	    { 90000, "", "-" } } },
	{ "a lost window is sent again soon, and later when that came too early",
	  { { 0, "get ten windowsize 2", "o windowsize=2" },
	    { 2, "ack 0", "d1:512 d2:512" },
	    { 101, "", "-" },
	    { 102, "", "d1:512 d2:512" },
	    { 103, "ack 2", "d3:512 d4:512" },
	    { 302, "", "-" },
	    { 310, "", "d3:512 d4:512" } } },
	{ "not before the client's own time",
	  { { 0, "get ten timeout 3", "o timeout=3" },
	    { 2, "ack 0", "d1:512" },
	    { 3001, "", "-" },
	    { 3002, "", "d1:512" } } },
	{ "the timer begins anew with each block",
	  { { 0, "get ten", "d1:512" },
	    { 900, "ack 1", "d2:512" },
	    { 1800, "ack 2", "d3:512" },
	    { 2799, "", "-" },
	    { 2800, "", "d3:512" },
	    { 2801, "ack 3", "d4:512" },
	    { 3801, "", "d4:512" } } },
	{ "the client's timeout",
	  { { 0, "get ten timeout 3", "o timeout=3" },
	    { 2999, "", "-" },
	    { 3000, "", "o timeout=3" },
	    { 3001, "ack 0", "d1:512" },
	    { 6000, "", "-" },
	    { 6001, "", "d1:512" } } },
	{ "no timeout outlives a minute",
	  { { 0, "get ten timeout 255", "o timeout=255" },
	    { 59999, "active 1", "-" },
	    { 60001, "active 0", "-" } } },
	{ "sorcerer's apprentice: an ACK that comes twice moves nothing",
	  { { 0, "get ten", "d1:512" },
	    { 1, "ack 1", "d2:512" },
	    { 2, "ack 1", "-" },
	    { 3, "ack 1", "-" },
	    { 4, "ack 2", "d3:512" },
	    { 5, "ack 2", "-" },
	    { 6, "ack 1", "-" },
	    { 7, "ack 3", "d4:512" } } },
	{ "ACK 0 for ever: by the timer only",
	  { { 0, "get ten blksize 512", "o blksize=512" },
	    { 1, "ack 0", "d1:512" },
	    { 2, "ack 0", "-" },
	    { 101, "ack 0", "d1:512" },
	    { 500, "ack 0", "-" },
	    { 1101, "ack 0", "d1:512" },
	    { 3101, "ack 0", "d1:512" } } },
	{ "ACK of a block not sent",
	  { { 0, "get ten", "d1:512" },
	    { 1, "ack 2", "-" },
	    { 2, "ack 65535", "-" },
	    { 3, "ack 32769", "-" },
	    { 4, "ack 1", "d2:512" } } },
	{ "windows of three",
	  { { 0, "get ten blksize 1400 windowsize 3", "o blksize=1400 windowsize=3" },
	    { 1, "ack 0", "d1:1400 d2:1400 d3:1400" },
	    { 2, "ack 3", "d4:1400 d5:1400 d6:1400" },
	    { 3, "ack 6", "d7:1400 d8:200" },
	    { 4, "ack 8", "-" },
	    { 9000, "", "-" } } },
	{ "a loss inside a window",
	  { { 0, "get ten blksize 1400 windowsize 3", "o blksize=1400 windowsize=3" },
	    { 1, "ack 0", "d1:1400 d2:1400 d3:1400" },
	    { 2, "ack 1", "d2:1400 d3:1400 d4:1400" },
	    { 3, "ack 4", "d5:1400 d6:1400 d7:1400" },
	    { 4, "ack 7", "d8:200" },
	    { 5, "ack 8", "-" } } },
	{ "a whole window lost",
	  { { 0, "get ten blksize 1400 windowsize 3", "o blksize=1400 windowsize=3" },
	    { 1, "ack 0", "d1:1400 d2:1400 d3:1400" },
	    { 2, "ack 0", "-" },
	    { 1001, "", "d1:1400 d2:1400 d3:1400" },
	    { 1002, "ack 3", "d4:1400 d5:1400 d6:1400" } } },
	{ "an ACK overtaken by a later one",
	  { { 0, "get ten blksize 1400 windowsize 3", "o blksize=1400 windowsize=3" },
	    { 1, "ack 0", "d1:1400 d2:1400 d3:1400" },
	    { 2, "ack 3", "d4:1400 d5:1400 d6:1400" },
	    { 3, "ack 2", "-" },
	    { 4, "ack 6", "d7:1400 d8:200" } } },
	{ "the end lost in the last window",
	  { { 0, "get ten blksize 1400 windowsize 8", "o blksize=1400 windowsize=8" },
	    { 1, "ack 0", "d1:1400 d2:1400 d3:1400 d4:1400 d5:1400 d6:1400 d7:1400 d8:200" },
	    { 2, "ack 6", "d7:1400 d8:200" },
	    { 1002, "", "d7:1400 d8:200" },
	    { 1003, "ack 8", "-" } } },
	{ "an ERROR ends it, unanswered",
	  { { 0, "get ten tsize 0", "o tsize=10000" },
	    { 1, "error 8", "-" },
	    { 2, "active 0", "-" },
	    { 90000, "", "-" } } },
	{ "firmware asks for the size, aborts, asks again from the same port",
	  { { 0, "get two tsize 0", "o tsize=700" },
	    { 1, "error 8", "-" },
	    { 2, "get two blksize 1000", "o blksize=1000" },
	    { 3, "ack 0", "d1:700" },
	    { 4, "ack 1", "-" } } },
	{ "the same request twice",
	  { { 0, "get two", "d1:512" }, { 1, "get two", "-" }, { 2, "ack 1", "d2:188" } } },
	{ "another request from the same port",
	  { { 0, "get two", "d1:512" },
	    { 1, "get ten", "d1:512" },
	    { 2, "ack 1", "d2:512" },
	    { 3, "active 1", "-" } } },
	{ "a rebooted client asks again in the middle",
	  { { 0, "get ten", "d1:512" },
	    { 1, "ack 1", "d2:512" },
	    { 2, "get ten", "d1:512" },
	    { 3, "active 1", "-" } } },
	{ "another port is another transfer: the stranger gets an ERROR",
	  { { 0, "get ten", "d1:512" },
	    { 1, "stranger ack 1", "e5" },
	    { 2, "stranger error 5", "-" },
	    { 3, "ack 1", "d2:512" } } },
	{ "late ACKs are not answered at once",
	  { { 0, "get small", "d1:100" },
	    { 1, "ack 1", "-" },
	    { 2, "ack 1", "-" },
	    { 900, "ack 1", "-" },
	    { 1500, "ack 1", "e5" } } },
	{ "the last block is repeated, yet doesn't count",
	  { { 0, "get two", "d1:512" },
	    { 1, "ack 1", "d2:188" },
	    { 2, "active 0", "-" },
	    { 1001, "", "d2:188" },
	    { 1002, "ack 2", "-" },
	    { 90000, "", "-" } } },
	{ "cut during the transfer",
	  { { 0, "get cut", "d1:512" },
	    { 1, "ack 1", "e0" },
	    { 2, "active 0", "-" },
	    { 90000, "", "-" } } },
	{ "grown during the transfer", { { 0, "get grown", "d1:512" }, { 1, "ack 1", "e0" } } },
	{ "opcodes that don't belong here",
	  { { 0, "get ten", "d1:512" },
	    { 1, "op 1", "-" },
	    { 2, "op 3", "-" },
	    { 3, "op 6", "-" },
	    { 4, "op 0", "-" },
	    { 5, "op 9", "-" },
	    { 6, "ack 1", "d2:512" } } },
};

static void do_step(struct stage *s, struct tftp_peer *peer, const char *in)
{
	struct tftp_peer stranger = *peer;
	uint32_t number = 0;

	stranger.port++;
	if (strncmp(in, "get ", 4) == 0) {
		if (stage_request(s, CLIENT, 2000, in + 4) == TFTP_N_STARTED)
			*peer = s->last;
	} else if (sscanf(in, "ack %u", &number) == 1) {
		stage_packet(s, peer, 4, (uint16_t)number);
	} else if (sscanf(in, "error %u", &number) == 1) {
		stage_packet(s, peer, 5, (uint16_t)number);
	} else if (sscanf(in, "op %u", &number) == 1) {
		stage_packet(s, peer, (uint16_t)number, 1);
	} else if (sscanf(in, "stranger ack %u", &number) == 1) {
		stage_packet(s, &stranger, 4, (uint16_t)number);
	} else if (sscanf(in, "stranger error %u", &number) == 1) {
		stage_packet(s, &stranger, 5, (uint16_t)number);
	} else if (sscanf(in, "active %u", &number) == 1) {
		assert_int_equal(tftp_active(s->server), number);
	} else {
		assert_string_equal(in, "");
	}
}

static void run_scripts(void **state)
{
	static struct stage s;

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		struct tftp_peer peer = { .ip = CLIENT, .port = 2000 };
		stage_set(&s, 1500);
		usec_t begin = s.now;
		for (const struct step *step = scripts[i].step; step->in; step++) {
			stage_wait(&s, begin + step->at * USEC_PER_MSEC);
			do_step(&s, &peer, step->in);
			const char *wire = stage_wire(&s);
			if (strcmp(wire, step->out) != 0)
				fail_msg("%s: at %u ms, %s: \"%s\" instead of \"%s\"",
					 scripts[i].name, step->at, step->in, wire, step->out);
		}
		stage_end(&s);
	}
}

/* ---- whole files ---- */

/* Fetch as a client would. */
static void fetch(struct stage *s, const char *request, bool oack)
{
	s->collecting = true;
	s->next_block = 1;
	assert_int_equal(stage_request(s, CLIENT, 2000, request), TFTP_N_STARTED);
	struct tftp_peer peer = s->last;
	if (oack)
		stage_packet(s, &peer, 4, 0);
	for (uint64_t before = 0; before != s->next_block;) {
		before = s->next_block;
		stage_packet(s, &peer, 4, (uint16_t)(s->next_block - 1));
	}
	assert_int_equal(tftp_counters(s->server)[TFTP_N_FINISHED], 1);
}

static void expect_content(const struct stage *s, const char *name)
{
	const struct made_up_file *f = files;

	while (strcmp(f->name, name) != 0)
		f++;
	assert_int_equal(s->received.len, f->size);
	for (uint64_t i = 0; i < f->size; i++)
		if ((uint8_t)s->received.s[i] != content(f, i))
			fail_msg("%s: octet %llu differs", name, (unsigned long long)i);
}

static void whole_files(void **state)
{
	static const struct {
		const char *request, *file;
		bool oack;
	} rows[] = {
		{ "two", "two", false },
		{ "block", "block", false },
		{ "empty", "empty", false },
		{ "proc", "proc", false },
		{ "ten blksize 8 windowsize 64", "ten", true },
		{ "ten blksize 1000", "ten", true }, /* ends at a block's end */
		{ "ten blksize 1000 windowsize 10", "ten", true },
		{ "ten blksize 65464 windowsize 64", "ten", true },
		{ "big", "big", false }, /* 81,920 blocks of 512: the number wraps */
		{ "mid blksize 16 windowsize 7", "mid", true },
		{ "mid blksize 8 windowsize 64", "mid", true }, /* wraps three times */
		{ "mid blksize 65464 windowsize 65535", "mid", true },
	};
	static struct stage s;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		stage_set(&s, 1500);
		fetch(&s, rows[i].request, rows[i].oack);
		expect_content(&s, rows[i].file);
		stage_end(&s);
	}
}

/* A lossy wire: every packet may vanish, in both directions; timers bring it home. */
static void lossy(void **state)
{
	static struct stage s;
	unsigned dice = 1;

	stage_set(&s, 1500);
	s.collecting = true;
	s.next_block = 1;
	stage_request(&s, CLIENT, 2000, "ten blksize 100 windowsize 5");
	struct tftp_peer peer = s.last;
	stage_packet(&s, &peer, 4, 0);
	while (!tftp_counters(s.server)[TFTP_N_FINISHED]) {
		dice = dice * 1103515245 + 12345;
		if (dice >> 16 & 1)
			stage_packet(&s, &peer, 4, (uint16_t)(s.next_block - 1));
		else
			stage_wait(&s, tftp_deadline(s.server));
		assert_int_equal(tftp_counters(s.server)[TFTP_N_TIMED_OUT], 0);
	}
	expect_content(&s, "ten");
	stage_end(&s);
}

static void netascii(void **state)
{
	static const struct {
		const char *request, *file;
	} rows[] = {
		{ "text:text", "text" },
		{ "text:text blksize 8", "text" },
		{ "text:text blksize 9", "text" },
		{ "text:crs blksize 9", "crs" },
		{ "text:crs", "crs" },
		{ "text:lines blksize 11", "lines" },
		{ "text:lines", "lines" },
		{ "text:small blksize 16", "small" },
		{ "text:ten blksize 600", "ten" },
	};
	static struct stage s;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct made_up_file *f = files;
		struct text want = { 0 };
		while (strcmp(f->name, rows[i].file) != 0)
			f++;
		for (uint64_t k = 0; k < f->size; k++) {
			char c = (char)content(f, k);
			if (c == '\n')
				text_add_n(&want, "\r\n", 2);
			else
				text_add_n(&want, &c, 1);
			if (c == '\r')
				text_add_n(&want, "\0", 1);
		}
		stage_set(&s, 1500);
		fetch(&s, rows[i].request, strchr(rows[i].request, ' ') != NULL);
		assert_int_equal(s.received.len, want.len);
		assert_memory_equal(s.received.s, want.s, want.len);
		text_done(&want);
		stage_end(&s);
	}
}

/* A block of text that is sent again is the same block. */
static void netascii_repeated(void **state)
{
	static struct stage s;
	uint8_t first[12];

	stage_set(&s, 1500);
	stage_request(&s, CLIENT, 2000, "text:crs blksize 9");
	struct tftp_peer peer = s.last;
	stage_packet(&s, &peer, 4, 0);
	for (uint16_t block = 1; block < 5; block++) {
		memcpy(first, s.packet, sizeof(first));
		stage_wait(&s, s.now + 2 * USEC_PER_SEC);
		assert_memory_equal(first, s.packet, sizeof(first));
		stage_packet(&s, &peer, 4, block);
	}
	stage_end(&s);
}

/* ---- limits ---- */

static void one_client(void **state)
{
	static struct stage s;

	stage_set(&s, 1500);
	for (uint16_t i = 0; i < 1000; i++)
		assert_int_equal(stage_request(&s, CLIENT, (uint16_t)(2000 + i), "ten"),
				 i < TFTP_PER_CLIENT_MAX ? TFTP_N_STARTED
							 : TFTP_N_REFUSED_CLIENT_BUSY);
	assert_int_equal(s.open_files, TFTP_PER_CLIENT_MAX);
	stage_wire(&s);
	assert_int_equal(stage_request(&s, CLIENT + 1, 2000, "ten"), TFTP_N_STARTED);
	/* All of them vanish. */
	stage_wait(&s, s.now + 30 * USEC_PER_SEC);
	assert_int_equal(s.open_files, 0);
	assert_int_equal(tftp_deadline(s.server), USEC_INFINITY);
	stage_end(&s);
}

/* Small files whose last block is never acknowledged: no client may fill all places. */
static void one_client_last_blocks(void **state)
{
	static struct stage s;
	unsigned started = 0;

	stage_set(&s, 1500);
	for (uint16_t i = 0; i < 1000; i++) {
		started += stage_request(&s, CLIENT, (uint16_t)(2000 + i), "two") == TFTP_N_STARTED;
		stage_packet(&s, &s.last, 4, 1);
	}
	assert_in_range(started, 2 * TFTP_PER_CLIENT_MAX, 64);
	stage_wait(&s, s.now + 30 * USEC_PER_SEC);
	assert_int_equal(s.open_files, 0);
	stage_end(&s);
}

static void forged_clients(void **state)
{
	static struct stage s;

	stage_set(&s, 1500);
	stage_request(&s, CLIENT, 2000, "ten");
	struct tftp_peer honest = s.last;
	stage_packet(&s, &honest, 4, 1);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(stage_request(&s, CLIENT + 1 + i, 2000, i % 2 ? "ten" : "small"),
				 TFTP_N_STARTED);
	assert_true(tftp_active(s.server) <= TFTP_ACTIVE_MAX);
	/* Who has been heard goes on, and newcomers come in. */
	assert_int_equal(stage_packet(&s, &honest, 4, 2), TFTP_N_ACKS);
	stage_wire(&s);
	assert_int_equal(stage_request(&s, CLIENT, 2001, "two"), TFTP_N_STARTED);
	assert_int_equal(stage_packet(&s, &s.last, 4, 1), TFTP_N_ACKS);
	uint64_t blocks = tftp_counters(s.server)[TFTP_N_BLOCKS];
	stage_wait(&s, s.now + 60 * USEC_PER_SEC);
	/* Three times more for each of those that are left, five for the two others. */
	assert_true(tftp_counters(s.server)[TFTP_N_BLOCKS] - blocks <= 3 * TFTP_ACTIVE_MAX + 10);
	assert_int_equal(s.open_files, 0);
	stage_end(&s);
}

static void all_busy(void **state)
{
	static struct stage s;

	stage_set(&s, 1500);
	for (uint32_t i = 0; i < TFTP_ACTIVE_MAX; i++) {
		assert_int_equal(stage_request(&s, CLIENT + i / 8, (uint16_t)(2000 + i), "ten"),
				 TFTP_N_STARTED);
		stage_packet(&s, &s.last, 4, 1);
	}
	stage_wire(&s);
	assert_int_equal(stage_request(&s, CLIENT + 1000, 2000, "ten"), TFTP_N_REFUSED_BUSY);
	assert_string_equal(stage_wire(&s), "e0");
	assert_int_equal(tftp_active(s.server), TFTP_ACTIVE_MAX);
	stage_end(&s);
}

/* Dozens of small files in a row, all from one port, as boot loaders ask for them. */
static void one_after_the_other(void **state)
{
	static struct stage s;

	stage_set(&s, 1500);
	for (unsigned i = 0; i < 2000; i++) {
		assert_int_equal(stage_request(&s, CLIENT, 2070, "small"), TFTP_N_STARTED);
		assert_int_equal(stage_packet(&s, &s.last, 4, 1), TFTP_N_ACKS);
		assert_int_equal(stage_request(&s, CLIENT, 2070, "absent"), TFTP_N_REFUSED_ABSENT);
	}
	assert_int_equal(tftp_counters(s.server)[TFTP_N_FINISHED], 2000);
	stage_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_scripts),
		cmocka_unit_test(whole_files),
		cmocka_unit_test(lossy),
		cmocka_unit_test(netascii),
		cmocka_unit_test(netascii_repeated),
		cmocka_unit_test(one_client),
		cmocka_unit_test(one_client_last_blocks),
		cmocka_unit_test(forged_clients),
		cmocka_unit_test(all_busy),
		cmocka_unit_test(one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
