/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hostile and odd datagrams to port 69: octets in, the one right answer out. */
#include "stage.h"

#define R      "\0\1" /* read request */
#define O      "\0octet\0"
#define TEN(x) x x x x x x x x x x

static const struct vector {
	const char *name, *bytes;
	size_t n;
	const char *answer;
	enum tftp_counter counter;
} vectors[] = {
#define V(name, bytes, answer, counter)                                                            \
	{                                                                                          \
		name, bytes, sizeof(bytes) - 1, answer, TFTP_N_##counter                           \
	}
	V("no octet", "", "-", DROP_SHORT),
	V("one octet", "\0", "-", DROP_SHORT),
	V("opcode 0", "\0\0small" O, "-", DROP_OPCODE),
	V("opcode 7", "\0\7small" O, "-", DROP_OPCODE),
	V("opcode 256", "\1\0small" O, "-", DROP_OPCODE),
	V("DATA", "\0\3\0\1abc", "-", DROP_NO_REQUEST),
	V("ACK", "\0\4\0\1", "-", DROP_NO_REQUEST),
	V("OACK", "\0\6blksize\0512\0", "-", DROP_NO_REQUEST),
	V("ERROR is never answered", "\0\5\0\1no\0", "-", DROP_NO_REQUEST),
	V("no NUL", R "small", "e4", REFUSED_NAME),
	V("nothing behind the opcode", R, "e4", REFUSED_NAME),
	V("name only", R "small\0", "e4", REFUSED_MODE),
	V("empty name", R O, "e1", REFUSED_ABSENT),
	V("mode without NUL", R "small\0octet", "e4", REFUSED_MODE),
	V("mode mail", R "small\0mail\0", "e4", REFUSED_MODE),
	V("mode empty", R "small\0\0", "e4", REFUSED_MODE),
	V("mode of 500 octets", R "small\0" TEN(TEN("mmmmm")) "\0", "e4", REFUSED_MODE),
	V("mode in mixed case", R "small\0OcTeT\0", "d1:100", STARTED),
	V("netascii in mixed case", R "text\0NetASCII\0", "d1:32", STARTED),
	V("write", "\0\2small" O, "e2", REFUSED_WRITE),
	V("write without anything", "\0\2", "e2", REFUSED_WRITE),
	V("up", R "../small" O, "e2", REFUSED_ACCESS),
	V("down and up", R "a/../../small" O, "e2", REFUSED_ACCESS),
	V("up at the end", R "dir/.." O, "e2", REFUSED_ACCESS),
	V("root and up", R "/srv/tftp/../small" O, "e2", REFUSED_ACCESS),
	V("up with backslashes", R "..\\..\\small" O, "e2", REFUSED_ACCESS),
	V("absolute", R "/small" O, "d1:100", STARTED),
	V("absolute and absent", R "/etc/passwd" O, "e1", REFUSED_ABSENT),
	V("backslashes", R "\\dir\\sub\\file" O, "d1:100", STARTED),
	V("slashes and dots", R "//dir/./sub///file" O, "d1:100", STARTED),
	V("four dots", R "....//small" O, "e1", REFUSED_ABSENT),
	V("percent is a letter", R "etc/passwd%2f" O, "d1:100", STARTED),
	V("percent is no slash", R "..%2fsmall" O, "e1", REFUSED_ABSENT),
	V("long slash", R "..\xc0\xafsmall" O, "e1", REFUSED_ABSENT),
	V("root", R "/" O, "e2", REFUSED_ACCESS),
	V("dot", R "." O, "e2", REFUSED_ACCESS),
	V("not readable", R "secret" O, "e2", REFUSED_ACCESS),
	V("link out of the root", R "outside" O, "e2", REFUSED_ACCESS),
	V("loop of links", R "loop" O, "e1", REFUSED_ABSENT),
	V("below a file", R "small/x" O, "e1", REFUSED_ABSENT),
	V("broken disk", R "broken" O, "e0", REFUSED_FILE),
	V("no descriptor left", R "crowded" O, "e0", REFUSED_FILE),
	V("name of 255", R TEN(TEN("xx")) TEN("xxxxx") "xxxxx" O, "e1", REFUSED_ABSENT),
	V("name of 256", R TEN(TEN("xx")) TEN("xxxxx") "xxxxxx" O, "e4", REFUSED_NAME),
	V("name of 2000", R TEN(TEN("xxxxxxxxxxxxxxxxxxxx")) O, "e4", REFUSED_NAME),
	V("name of 1400 without NUL", R TEN(TEN("xxxxxxxxxxxxxx")), "e4", REFUSED_NAME),
	V("control characters", R "\033[2Jsm\nall" O, "e1", REFUSED_ABSENT),
	V("0xff behind the name", R "small\xff" O, "d1:100", STARTED),
	V("rubbish behind the mode", R "small" O "\xff\xff\xff\xff", "d1:100", STARTED),
	V("value missing", R "small" O "blksize\0", "d1:100", STARTED),
	V("value without NUL",
	  R "small" O "blksize\0"
	    "1024",
	  "d1:100", STARTED),
	V("option without NUL", R "small" O "blksize", "d1:100", STARTED),
	V("repeated: the first counts",
	  R "small" O "blksize\0"
	    "1024\0blksize\0"
	    "600\0",
	  "o blksize=1024", STARTED),
	V("unknown options", R "small" O TEN(TEN("x\0y\0")), "d1:100", STARTED),
	V("known behind a few unknown ones",
	  R "small" O "x\0y\0x\0y\0tsize\0"
	    "0\0",
	  "o tsize=100", STARTED),
	V("known behind 100 unknown ones",
	  R "small" O TEN(TEN("x\0y\0")) "tsize\0"
					 "0\0",
	  "d1:100", STARTED),
	V("unknown and known",
	  R "small" O "multicast\0\0tsize\0"
	    "0\0",
	  "o tsize=100", STARTED),
	V("case of an option",
	  R "small" O "TSize\0"
	    "0\0",
	  "o tsize=100", STARTED),
	V("all",
	  R "small" O "tsize\0"
	    "0\0windowsize\0"
	    "4\0timeout\0"
	    "3\0blksize\0"
	    "1024\0",
	  "o blksize=1024 timeout=3 tsize=100 windowsize=4", STARTED),
#define OPTION(option, value, answer)                                                              \
	V(option " " value, R "small" O option "\0" value "\0", answer, STARTED)
	OPTION("blksize", "0", "d1:100"),
	OPTION("blksize", "1", "d1:100"),
	OPTION("blksize", "7", "d1:100"),
	OPTION("blksize", "8", "o blksize=8"),
	OPTION("blksize", "-1", "d1:100"),
	OPTION("blksize", "100000000000000000000", "d1:100"),
	OPTION("blksize", "65465", "d1:100"),
	OPTION("blksize", "0x10", "d1:100"),
	OPTION("blksize", " 512", "d1:100"),
	OPTION("blksize", "512 ", "d1:100"),
	OPTION("blksize", "+512", "d1:100"),
	OPTION("blksize", "", "d1:100"),
	OPTION("blksize", "1468", "o blksize=1468"),
	OPTION("blksize", "1469", "o blksize=1468"),
	OPTION("blksize", "65464", "o blksize=1468"),
	OPTION("windowsize", "0", "d1:100"),
	OPTION("windowsize", "1", "o windowsize=1"),
	OPTION("windowsize", "65", "o windowsize=64"),
	OPTION("windowsize", "65535", "o windowsize=64"),
	OPTION("windowsize", "65536", "d1:100"),
	OPTION("timeout", "0", "d1:100"),
	OPTION("timeout", "1", "o timeout=1"),
	OPTION("timeout", "255", "o timeout=255"),
	OPTION("timeout", "256", "d1:100"),
	OPTION("tsize", "0", "o tsize=100"),
	OPTION("tsize", "18446744073709551616", "o tsize=100"),
	OPTION("tsize", "", "d1:100"),
	OPTION("tsize", "x", "d1:100"),
	V("size of what says 0 and isn't",
	  R "proc" O "tsize\0"
	    "0\0",
	  "d1:512", STARTED),
	V("size of nothing",
	  R "empty" O "tsize\0"
	    "0\0",
	  "o tsize=0", STARTED),
	V("size of text",
	  R "text\0netascii\0tsize\0"
	    "0\0",
	  "d1:32", STARTED),
	V("window of text",
	  R "text\0netascii\0windowsize\0"
	    "9\0",
	  "o windowsize=1", STARTED),
};

static void table(void **state)
{
	static struct stage s;

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		stage_set(&s, 1500);
		uint8_t *exact = malloc(v->n ? v->n : 1);
		memcpy(exact, v->bytes, v->n);
		enum tftp_counter c = tftp_request(s.server, CLIENT, 2000, exact, v->n, s.now);
		free(exact);
		const char *answer = stage_wire(&s);
		if (c != v->counter || strcmp(answer, v->answer) != 0)
			fail_msg("%s: \"%s\" (%s)", v->name, answer, tftp_counter_name(c));
		for (unsigned k = 0; k < TFTP_COUNTER_COUNT; k++)
			if (k != TFTP_N_BLOCKS)
				assert_int_equal(tftp_counters(s.server)[k], k == v->counter);
		stage_end(&s);
	}
}

/* Exactly the octets that are there, so that a sanitizer sees a read past them. */
static enum tftp_counter hand_over(struct stage *s, const uint8_t *bytes, size_t n, uint16_t port)
{
	uint8_t *exact = malloc(n ? n : 1);

	memcpy(exact, bytes, n);
	enum tftp_counter c = port ? tftp_request(s->server, CLIENT, port, exact, n, s->now)
				   : tftp_input(s->server, &s->last, exact, n, s->now);
	free(exact);
	return c;
}

/* Each datagram of the table cut at every octet and with every octet changed, some of it to a
 * server that is in the middle of a transfer: one answer at most, nothing kept that doesn't end,
 * and the next honest client is served. */
static void mutilated(void **state)
{
	static struct stage s;
	uint8_t bytes[4096];

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		assert_true(v->n <= sizeof(bytes));
		memcpy(bytes, v->bytes, v->n);
		stage_set(&s, 1500);
		for (size_t k = 0; k < 2 * v->n; k++) {
			size_t at = k / 2;
			uint8_t flip = k % 2 ? 0xff : 0;
			bytes[at] ^= flip;
			enum tftp_counter c = hand_over(&s, bytes, flip ? v->n : at, 3000);
			bytes[at] ^= flip;
			const char *answer = stage_wire(&s);
			if (strchr(answer, ' ') && answer[0] != 'o')
				fail_msg("%s: more than one answer: \"%s\"", v->name, answer);
			if (c >= TFTP_N_DROP_SHORT && strcmp(answer, "-") != 0)
				fail_msg("%s: dropped, but answered", v->name);
			/* The same octets to the socket of the transfer that may have begun. */
			hand_over(&s, bytes, at, 0);
			assert_true(tftp_active(s.server) <= 1);
			stage_wire(&s);
		}
		stage_request(&s, CLIENT + 1, 2000, "small");
		assert_string_equal(stage_wire(&s), "d1:100");
		stage_wait(&s, s.now + 2 * TFTP_QUIET_MAX);
		assert_int_equal(tftp_active(s.server), 0);
		stage_end(&s);
	}
}

/* What a client may say in a transfer, of every length and with every value of every octet: the
 * transfer goes on, or is ended by an ERROR, and leaks no file. */
static void mutilated_answers(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} said[] = { { "\0\4\0\1", 4 }, { "\0\4\0\2xyz", 7 }, { "\0\5\0\0bye\0", 8 } };
	static struct stage s;
	uint8_t bytes[16];

	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		stage_set(&s, 1500);
		for (size_t at = 0; at < said[i].n; at++) {
			memcpy(bytes, said[i].bytes, said[i].n);
			for (unsigned value = 0; value < 256; value++) {
				stage_request(&s, CLIENT, 2000, "ten windowsize 4");
				bytes[at] = (uint8_t)value;
				hand_over(&s, bytes, said[i].n, 0);
				hand_over(&s, bytes, at, 0);
				assert_true(tftp_active(s.server) <= 1);
				stage_wire(&s);
			}
		}
		stage_wait(&s, s.now + 2 * TFTP_QUIET_MAX);
		assert_int_equal(tftp_active(s.server), 0);
		stage_end(&s);
	}
}

static void mtu(void **state)
{
	static const struct {
		unsigned mtu;
		const char *answer;
	} rows[] = {
		{ 1500, "o blksize=1468" },   { 9000, "o blksize=8968" },
		{ 65496, "o blksize=65464" }, { 70000, "o blksize=65464" },
		{ 68, "o blksize=544" },      { 0, "o blksize=544" },
	};
	static struct stage s;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		stage_set(&s, rows[i].mtu);
		stage_request(&s, CLIENT, 2000, "small blksize 65464");
		assert_string_equal(stage_wire(&s), rows[i].answer);
		stage_end(&s);
	}
}

static void source_port(void **state)
{
	static struct stage s;

	stage_set(&s, 1500);
	assert_int_equal(stage_request(&s, CLIENT, 0, "small"), TFTP_N_DROP_SOURCE);
	assert_string_equal(stage_wire(&s), "-");
	stage_end(&s);
}

static void names_of_counters(void **state)
{
	for (unsigned i = 0; i < TFTP_COUNTER_COUNT; i++)
		assert_non_null(tftp_counter_name(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(mutilated),
		cmocka_unit_test(mutilated_answers),
		cmocka_unit_test(mtu),
		cmocka_unit_test(source_port),
		cmocka_unit_test(names_of_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
