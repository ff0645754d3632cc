/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door as a client sees it, octet by octet: a recorded session of virsh 9.0, and what a client
 * must not do. */
#include "fake-backend.h"
#include "rpc/frame.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

struct room {
	struct fake fake;
	struct door_backend backend;
	sd_event *loop;
	int fd; /* the client's end */
};

static int connect_client(struct room *t, bool read_only)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
			 0);
	assert_int_equal(door_add_client(t->fake.door, pair[0], read_only, NULL), 0);
	return pair[1];
}

static int set_up(void **state)
{
	struct room *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	fake_init(&t->fake, &t->backend);
	fake_add_usual(&t->fake);
	assert_true(sd_event_new(&t->loop) >= 0);
	t->fake.door = door_new(t->loop, &t->backend);
	assert_non_null(t->fake.door);
	t->fd = connect_client(t, false);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	struct room *t = *state;

	door_free(t->fake.door);
	fake_release(&t->fake); /* an answer to a client that has gone with its door */
	sd_event_unref(t->loop);
	fake_done(&t->fake);
	close_fd(&t->fd);
	free(t);
	return 0;
}

static void run_loop(struct room *t)
{
	while (sd_event_run(t->loop, 0) > 0)
		;
}

static void send_bytes(int fd, const uint8_t *b, size_t n)
{
	assert_int_equal(send(fd, b, n, MSG_NOSIGNAL), n);
}

static void send_hex(int fd, const char *hex)
{
	uint8_t b[4096];

	send_bytes(fd, b, unhex(hex, b, sizeof(b)));
}

/* What came back by now, as hex: "" for nothing, "end" when the door has hung up. */
static const char *received(int fd)
{
	static char text[65536 * 2 + 1];
	static uint8_t b[65536];
	ssize_t n = recv(fd, b, sizeof(b), 0);

	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return "end";
	return tohex(b, n < 0 ? 0 : (size_t)n, text);
}

static size_t put_call(uint8_t *b, size_t cap, uint32_t program, int32_t procedure, uint32_t type,
		       const char *args_hex)
{
	struct rpc_header h = { program, 1, procedure, type, 5, RPC_OK };
	struct wr w = wr_over(b, cap);
	uint8_t args[2048];

	size_t n = unhex(args_hex, args, sizeof(args));
	size_t at = frame_begin(&w, &h, 1);
	wr_bytes(&w, args, n);
	frame_end(&w, at);
	assert_false(w.bad);
	return wr_len(&w);
}

/* Make a call and take the one reply: its error class and message, or 0 and "". */
static int32_t call(struct room *t, uint32_t program, int32_t procedure, const char *args_hex,
		    char text[256])
{
	uint8_t b[4096];
	struct rd r;

	send_bytes(t->fd, b, put_call(b, sizeof(b), program, procedure, RPC_CALL, args_hex));
	run_loop(t);
	ssize_t n = recv(t->fd, b, sizeof(b), 0);
	assert_true(n >= (ssize_t)RPC_HEADER_SIZE);
	r = rd_over(b, (size_t)n);
	assert_int_equal(rd_u32(&r), n);
	assert_int_equal(rd_u32(&r), program);
	rd_skip(&r, 4);
	assert_int_equal(rd_u32(&r), (uint32_t)procedure);
	assert_int_equal(rd_u32(&r), RPC_REPLY);
	assert_int_equal(rd_u32(&r), 5);
	text[0] = '\0';
	if (rd_u32(&r) == RPC_OK)
		return 0;
	int32_t class = xdr_get_i32(&r);
	rd_skip(&r, 8);
	xdr_get_text(&r, text, 256);
	return class;
}

#define AUTH        "0000001c20008086000000010000004200000000 00000000 00000000"
#define OPEN        "0000003c20008086000000010000000100000000 00000002 00000000" OPEN_ARGS
#define OPEN_ARGS   "00000001000000116e6574776f726b3a2f2f2f73797374656d00000000000000"
#define DEFAULT_NET "0000000764656661756c740064656661756c74111111111111111111"
#define LATE_NET    "00000004 6c617465 6c617465111111111111111111111111"
#define NOSUCH_NET  "0000000478787878 00000000000000000000000000000000"

static void open_it(struct room *t)
{
	char text[256];

	assert_int_equal(call(t, RPC_PROGRAM_REMOTE, RPC_CONNECT_OPEN, OPEN_ARGS, text), 0);
}

/* `virsh net-list --all`, then a lookup that fails. */
static const char *const session[][2] = {
	{ "0000001c200080860000000100000042000000000000000000000000",
	  "000000242000808600000001000000420000000100000000000000000000000100000000" },
	{ "0000002020008086000000010000003c0000000000000001000000000000000a",
	  "0000002020008086000000010000003c00000001000000010000000000000001" },
	{ "0000003c20008086000000010000000100000000000000020000000000000001000000116e6574776f726b3a"
	  "2f2f2f7379"
	  "7374656d00000000000000",
	  "0000001c200080860000000100000001000000010000000200000000" },
	{ "0000002020008086000000010000003c0000000000000003000000000000000e",
	  "0000002020008086000000010000003c00000001000000030000000000000001" },
	{ "0000002020008086000000010000003c0000000000000004000000000000000f",
	  "0000002020008086000000010000003c00000001000000040000000000000001" },
	{ "0000001c200080860000000100000168000000000000000500000000",
	  "0000001c200080860000000100000168000000010000000500000000" },
	{ "0000002420008086000000010000011b0000000000000006000000000000000100000003",
	  "0000005820008086000000010000011b00000001000000060000000000000002000000076465666175"
	  "6c740064656661756c74111111111111111111000000036c6162006c61621111111111111111111111"
	  "111100000002" },
	{ "0000003820008086000000010000002c0000000000000007000000000000000764656661756c740064656661"
	  "756c74111111"
	  "111111111111",
	  "0000002020008086000000010000002c00000001000000070000000000000001" },
	{ "0000002820008086000000010000002e000000000000000600000000000000066e6f737563680000",
	  "000000d020008086000000010000002e0000000100000006000000010000002b000000130000000100000039"
	  "4e6574776f72"
	  "6b206e6f7420666f756e643a206e6f206e6574776f726b2077697468206d61746368696e67206e616d652027"
	  "6e6f73756368"
	  "27000000000000020000000000000001000000174e6574776f726b206e6f7420666f756e643a202531247300"
	  "000000010000"
	  "00266e6f206e6574776f726b2077697468206d61746368696e67206e616d6520276e6f737563682700000000"
	  "0000ffffffffffffffff00000000" },
	{ "0000001c200080860000000100000169000000000000000d00000000",
	  "0000001c200080860000000100000169000000010000000d00000000" },
	{ "0000001c200080860000000100000002000000000000000e00000000",
	  "0000001c200080860000000100000002000000010000000e00000000" },
};

static void test_session(void **state)
{
	struct room *t = *state;

	for (size_t i = 0; i < ARRAY_LEN(session); i++) {
		send_hex(t->fd, session[i][0]);
		run_loop(t);
		assert_string_equal(received(t->fd), session[i][1]);
	}
	assert_string_equal(received(t->fd), ""); /* the client may close first */
	close_fd(&t->fd);
	run_loop(t);
	assert_int_equal(door_clients(t->fake.door), 0);
}

/* A client that asked for the end and doesn't close isn't waited for long, nor heard any more. */
static void test_closing(void **state)
{
	struct room *t = *state;
	int msec = 0;

	send_hex(t->fd, "0000001c200080860000000100000002000000000000000e00000000");
	send_hex(t->fd, session[0][0]);
	run_loop(t);
	assert_string_equal(received(t->fd),
			    "0000001c200080860000000100000002000000010000000e00000000");
	for (; door_clients(t->fake.door) && msec < 5000; msec += 10) {
		usleep(10 * 1000);
		run_loop(t);
	}
	assert_true(msec < 5000);
	assert_string_equal(received(t->fd), "end");
}

/* The same in one write is answered in order, by the same octets. */
static void test_pipelined(void **state)
{
	struct room *t = *state;
	char want[8192] = "";

	for (size_t i = 0; i < ARRAY_LEN(session); i++) {
		send_hex(t->fd, session[i][0]);
		strcat(want, session[i][1]);
	}
	run_loop(t);
	assert_string_equal(received(t->fd), want);
}

/* terraform's client writes optional flags the other way round. */
static void test_odd_optional(void **state)
{
	struct room *t = *state;
	char text[256];

	assert_int_equal(call(t, RPC_PROGRAM_REMOTE, RPC_CONNECT_OPEN,
			      "01000000 00000011 6e6574776f726b3a2f2f2f73797374656d000000 00000000",
			      text),
			 0);
}

static const struct refusal {
	const char *name;
	uint32_t program;
	int32_t procedure;
	const char *args;
	int32_t class;
	const char *text;
} before_open[] = {
	{ "lookup", RPC_PROGRAM_REMOTE, 46, "00000000", 1, "internal error: connection not open" },
	{ "feature 14", RPC_PROGRAM_REMOTE, 60, "0000000e", 1, "internal error: connection not open" },
	{ "own program", RPC_PROGRAM_NETD, 1, "", 1, "internal error: connection not open" },
	{ "feature 10", RPC_PROGRAM_REMOTE, 60, "0000000a", 0, "" },
	{ "another URI", RPC_PROGRAM_REMOTE, 1, "00000001 0000000e 71656d753a2f2f2f73797374656d0000 00000000", 1,
	  "internal error: unexpected network URI 'qemu:///system', try network:///system" },
	{ "unknown open flags", RPC_PROGRAM_REMOTE, 1, "00000000 00000080", 8,
	  "invalid argument: unsupported flags (0x80) in function virConnectOpen" },
}, after_open[] = {
	{ "second open", RPC_PROGRAM_REMOTE, 1, OPEN_ARGS, 1, "internal error: connection already open" },
	{ "still usable", RPC_PROGRAM_REMOTE, 3, "", 0, "" },
	{ "unknown procedure", RPC_PROGRAM_REMOTE, 9999, "", 39, "unknown procedure: 9999" },
	{ "procedure 0", RPC_PROGRAM_REMOTE, 0, "", 39, "unknown procedure: 0" },
	{ "one beyond libvirt's last", RPC_PROGRAM_REMOTE, 447, "", 39, "unknown procedure: 447" },
	{ "libvirt's last, from a client", RPC_PROGRAM_REMOTE, 446, "", 3,
	  "this function is not supported by the connection driver: procedure 446" },
	{ "negative procedure", RPC_PROGRAM_REMOTE, -1, "", 39, "unknown procedure: -1" },
	{ "unknown own procedure", RPC_PROGRAM_NETD, 99, "", 39, "unknown procedure: 99" },
	{ "not offered", RPC_PROGRAM_REMOTE, 51, "", 3,
	  "this function is not supported by the connection driver: virConnectNumOfDomains" },
	{ "unknown program", 0x20008087, 1, "", 39, "Cannot find program 536903815 version 1" },
	{ "short arguments", RPC_PROGRAM_REMOTE, 46, "00000005 6162", 39, "Unable to decode message payload" },
	{ "a NUL in a name", RPC_PROGRAM_REMOTE, 46, "00000002 61000000", 39,
	  "Unable to decode message payload" },
	{ "a huge name", RPC_PROGRAM_REMOTE, 46, "ffffffff 61000000", 39, "Unable to decode message payload" },
	{ "trailing octets", RPC_PROGRAM_REMOTE, 46, "00000003 6c616200 00000000", 0, "" },
	{ "unknown flags", RPC_PROGRAM_REMOTE, 43, DEFAULT_NET "00000080", 8,
	  "invalid argument: unsupported flags (0x80) in function virNetworkGetXMLDesc" },
	{ "no such network", RPC_PROGRAM_REMOTE, 43, NOSUCH_NET "00000000", 43,
	  "Network not found: no network with matching uuid '00000000-0000-0000-0000-000000000000' (xxxx)" },
	{ "no such uuid", RPC_PROGRAM_REMOTE, 47, "00000000000000000000000000000000", 43,
	  "Network not found: no network with matching uuid '00000000-0000-0000-0000-000000000000'" },
	{ "bad mac", RPC_PROGRAM_REMOTE, 341, DEFAULT_NET "00000001 00000002 7a7a0000 00000001 00000000", 44,
	  "invalid MAC address: zz" },
	{ "event 0", RPC_PROGRAM_REMOTE, 313, "00000000 00000000", 0, "" },
	{ "event 0 again", RPC_PROGRAM_REMOTE, 313, "00000000 00000000", 8,
	  "invalid argument: event callback already tracked" },
	{ "event 0 of one network", RPC_PROGRAM_REMOTE, 313, "00000000 00000001" DEFAULT_NET, 0, "" },
	{ "event 2", RPC_PROGRAM_REMOTE, 313, "00000002 00000000", 1,
	  "internal error: unsupported network event ID 2" },
	{ "libvirt has no such event", RPC_PROGRAM_REMOTE, 313, "000003e8 00000000", 1,
	  "internal error: unsupported network event ID 1000" },
	{ "a condition's event", RPC_PROGRAM_NETD, 40, "000003e8 00000000", 0, "" },
	{ "libvirt's event is not ours", RPC_PROGRAM_NETD, 40, "00000000 00000000", 1,
	  "internal error: unsupported network event ID 0" },
	{ "deregister another of ours", RPC_PROGRAM_NETD, 41, "00000063", 1,
	  "internal error: network event callback 99 not registered" },
	{ "deregister another", RPC_PROGRAM_REMOTE, 314, "00000063", 1,
	  "internal error: network event callback 99 not registered" },
	{ "identity", RPC_PROGRAM_REMOTE, 419,
	  "00000001 00000009 757365722d6e616d65000000 00000007 00000003 6a6f6500 00000000", 0, "" },
	{ "too many names", RPC_PROGRAM_REMOTE, 38, "00004001", 39, "maxnames 16385 is not within 0..16384" },
	{ "a descriptor is missing", RPC_PROGRAM_NETD, 2, "", 39, "netdGuestAttach takes one file descriptor" },
};

static void check_refusals(struct room *t, const struct refusal *list, size_t n)
{
	char text[256];

	for (size_t i = 0; i < n; i++) {
		print_message("# %s\n", list[i].name);
		assert_int_equal(call(t, list[i].program, list[i].procedure, list[i].args, text),
				 list[i].class);
		assert_string_equal(text, list[i].text);
	}
}

static void test_refusals(void **state)
{
	struct room *t = *state;

	check_refusals(t, before_open, ARRAY_LEN(before_open));
	open_it(t);
	check_refusals(t, after_open, ARRAY_LEN(after_open));
}

static const int32_t writes[] = { 39, 40, 437, 41, 432, 42, 49, 48, 291, 444, 406, 408, 410 };

static const int32_t own_writes[] = { RPC_NETD_GUEST_ATTACH, RPC_NETD_PORT_REMOVE, RPC_NETD_APPLY,
				      RPC_NETD_PORT_ADD };

/* Refused before the arguments are looked at, and so before any XML is. */
static void check_read_only(struct room *t)
{
	char text[256];

	for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
		assert_int_equal(call(t, RPC_PROGRAM_REMOTE, writes[i], "ffffffff", text),
				 ERR_OPERATION_DENIED);
		assert_non_null(strstr(text, "operation forbidden: read only access prevents vir"));
	}
	for (size_t i = 0; i < ARRAY_LEN(own_writes); i++)
		assert_int_equal(call(t, RPC_PROGRAM_NETD, own_writes[i], "", text),
				 ERR_OPERATION_DENIED);
	assert_int_equal(t->fake.handed_on, 0);
	assert_int_equal(call(t, RPC_PROGRAM_REMOTE, 419, "00000000 00000000", text), 0);
	assert_int_equal(call(t, RPC_PROGRAM_REMOTE, 42, DEFAULT_NET, text), ERR_OPERATION_DENIED);
	assert_int_equal(call(t, RPC_PROGRAM_REMOTE, 43, DEFAULT_NET "00000000", text), 0);
}

static void test_read_only_flag(void **state)
{
	struct room *t = *state;
	char text[256];

	assert_int_equal(call(t, RPC_PROGRAM_REMOTE, RPC_CONNECT_OPEN, "00000000 00000001", text),
			 0);
	check_read_only(t);
}

static void test_read_only_socket(void **state)
{
	struct room *t = *state;

	close(t->fd);
	t->fd = connect_client(t, true);
	open_it(t);
	check_read_only(t);
}

/* A forwarding daemon's word is for logs. From anybody but root it counts for nothing. */
static void test_identity(void **state)
{
	struct room *t = *state;
	uint8_t b[256];
	char text[256];

	open_it(t);
	assert_int_equal(
	    call(t, RPC_PROGRAM_REMOTE, RPC_CONNECT_SET_IDENTITY,
		 "00000001 00000009 757365722d6e616d65000000 00000007 00000004 6a6f0a65 00000000",
		 text),
	    0);
	t->fake.hold_starts = true;
	fake_add(&t->fake, "late", "virbr1", false);
	send_bytes(
	    t->fd, b,
	    put_call(b, sizeof(b), RPC_PROGRAM_REMOTE, RPC_NETWORK_CREATE, RPC_CALL, LATE_NET));
	run_loop(t);
	assert_non_null(t->fake.held);
	const char *who = door_call_who(t->fake.held);
	assert_ptr_equal(strstr(who, "uid "), who);
	assert_int_equal(strstr(who, " for user 'jo?e'") != NULL, getuid() == 0);
	assert_int_equal(door_call_peer(t->fake.held)->uid, getuid());
	fake_release(&t->fake);
}

/* ---- what ends a connection ---- */

static const struct {
	const char *name, *hex;
} fatal[] = {
	{ "length 27", "0000001b 20008086" },
	{ "length 0", "00000000" },
	{ "length of 4 MiB and one", "00400001" },
	{ "a reply", "0000001c20008086000000010000004200000001 00000000 00000000" },
	{ "an event", "0000001c20008086000000010000004200000002 00000000 00000000" },
	{ "a stream", "0000001c20008086000000010000004200000003 00000000 00000000" },
	{ "descriptors announced and not sent",
	  "00000020 6e657464 00000001 00000002 00000004 00000000 00000000 00000001 00" },
	{ "a keepalive call", "0000001c 6b656570 00000001 00000001 00000000 00000000 00000000" },
};

static void test_fatal(void **state)
{
	struct room *t = *state;

	for (size_t i = 0; i < ARRAY_LEN(fatal); i++) {
		print_message("# %s\n", fatal[i].name);
		int fd = connect_client(t, false);
		send_hex(fd, fatal[i].hex);
		run_loop(t);
		assert_string_equal(received(fd), "end");
		close(fd);
	}
	/* Nobody else noticed. */
	open_it(t);
	assert_int_equal(door_clients(t->fake.door), 1);
}

static void test_bad_status(void **state)
{
	struct room *t = *state;

	send_hex(t->fd, "0000001c20008086000000010000004200000000 00000005 00000001");
	run_loop(t);
	assert_non_null(strstr(received(t->fd), "556e6578706563746564")); /* "Unexpected" */
}

static void test_ping(void **state)
{
	struct room *t = *state;

	send_hex(t->fd, "0000001c 6b656570 00000001 00000001 00000002 00000000 00000000");
	run_loop(t);
	assert_string_equal(received(t->fd), "0000001c6b656570000000010000000200000002"
					     "0000000000000000");
}

/* ---- descriptors ---- */

static void send_with_fds(int fd, const uint8_t *b, size_t n, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(16 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)b, n };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.b,
			    .msg_controllen = CMSG_SPACE(n_fds * sizeof(int)) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(h), fds, n_fds * sizeof(int));
	assert_int_equal(sendmsg(fd, &m, MSG_NOSIGNAL), n);
}

static size_t open_fds(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#define ATTACH_ARGS DEFAULT_NET "00000004 65746830 00000000"

static void test_descriptors(void **state)
{
	struct room *t = *state;
	auto_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	uint8_t b[1024];

	open_it(t);
	size_t before = open_fds();
	size_t n = put_call(b, sizeof(b), RPC_PROGRAM_NETD, RPC_NETD_GUEST_ATTACH,
			    RPC_CALL_WITH_FDS, ATTACH_ARGS);
	send_bytes(t->fd, b, n);
	run_loop(t);
	assert_string_equal(received(t->fd), ""); /* the descriptor is missing */
	send_with_fds(t->fd, (const uint8_t *)"", 1, &null, 1);
	run_loop(t);
	assert_int_equal(t->fake.netns_fds, 1);
	assert_non_null(strstr(received(t->fd), "766e657430")); /* "vnet0" */

	/* libvirt's program has no procedure with descriptors. */
	n = put_call(b, sizeof(b), RPC_PROGRAM_REMOTE, RPC_CONNECT_GET_TYPE, RPC_CALL_WITH_FDS, "");
	send_bytes(t->fd, b, n);
	send_with_fds(t->fd, (const uint8_t *)"", 1, &null, 1);
	run_loop(t);
	assert_non_null(strstr(received(t->fd), "74616b6573206e6f")); /* "takes no" */
	assert_int_equal(open_fds(), before);
}

/* Descriptors that nobody announced, or more than fit, are closed with the connection. */
static void test_descriptor_flood(void **state)
{
	struct room *t = *state;
	auto_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fds[12];

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = null;
	size_t before = open_fds();
	for (size_t n = 1; n <= ARRAY_LEN(fds); n += 11) {
		int fd = connect_client(t, false);
		uint8_t b[64];
		send_with_fds(fd, b, unhex(AUTH, b, sizeof(b)), fds, n);
		run_loop(t);
		close(fd);
		run_loop(t);
		assert_int_equal(open_fds(), before);
	}
	assert_int_equal(door_clients(t->fake.door), 1);
}

/* ---- answers that come later ---- */

/* A client with DOOR_CALLS_MAX unanswered calls isn't read any more, until one is answered. */
static void test_calls_in_flight(void **state)
{
	struct room *t = *state;
	uint8_t b[256];

	open_it(t);
	t->fake.hold_starts = true;
	for (unsigned i = 0; i < 5; i++)
		fake_add(&t->fake, (const char[]){ 'n', (char)('0' + i), 0 }, "virbr1", false);
	struct door_call *held[5];
	for (unsigned i = 0; i < 5; i++) {
		struct rpc_header h = { RPC_PROGRAM_REMOTE, 1, RPC_NETWORK_CREATE, RPC_CALL, i, 0 };
		struct wr w = wr_over(b, sizeof(b));
		struct door_network net;
		char name[3] = { 'n', (char)('0' + i), 0 };
		assert_true(t->backend.find(&t->fake, name, NULL, &net));
		size_t at = frame_begin(&w, &h, 0);
		rpc_put_net(&w, name, &net.uuid);
		frame_end(&w, at);
		send_bytes(t->fd, b, wr_len(&w));
		run_loop(t);
		held[i] = t->fake.held;
		assert_non_null(held[i]);
	}
	send_hex(t->fd, AUTH);
	run_loop(t);
	assert_string_equal(received(t->fd), "");
	door_reply_void(held[3]);
	run_loop(t);
	assert_string_equal(
	    received(t->fd),
	    "0000001c200080860000000100000027000000010000000300000000"
	    "000000242000808600000001000000420000000100000000000000000000000100000000");
	for (unsigned i = 0; i < 5; i++)
		if (i != 3)
			door_reply_void(held[i]);
	t->fake.held = NULL;
}

static void test_client_gone(void **state)
{
	struct room *t = *state;
	uint8_t b[256];

	open_it(t);
	t->fake.hold_starts = true;
	fake_add(&t->fake, "late", "virbr1", false);
	send_bytes(
	    t->fd, b,
	    put_call(b, sizeof(b), RPC_PROGRAM_REMOTE, RPC_NETWORK_CREATE, RPC_CALL, LATE_NET));
	run_loop(t);
	assert_non_null(t->fake.held);
	assert_true(door_call_wanted(t->fake.held));
	close_fd(&t->fd);
	run_loop(t);
	assert_int_equal(door_clients(t->fake.door), 0);
	assert_false(door_call_wanted(t->fake.held));
	fake_release(&t->fake);
}

/* ---- readers that don't read ---- */

static void test_event_flood(void **state)
{
	struct room *t = *state;
	struct uuid uuid = { { 0 } };
	int slow = connect_client(t, false);
	uint8_t b[64];

	open_it(t);
	send_hex(slow, OPEN);
	send_bytes(slow, b,
		   put_call(b, sizeof(b), RPC_PROGRAM_REMOTE, 313, RPC_CALL, "00000000 00000000"));
	run_loop(t);
	for (unsigned i = 0; i < 100000 && door_clients(t->fake.door) == 2; i++) {
		door_emit_lifecycle(t->fake.door, "default", &uuid, RPC_LIFECYCLE_STARTED);
		if (i % 64 == 0)
			run_loop(t);
	}
	run_loop(t);
	assert_int_equal(door_clients(t->fake.door), 1);
	close(slow);
}

/* Calls whose answers nobody reads are not read either. */
static void test_slow_reader(void **state)
{
	struct room *t = *state;
	uint8_t b[128];
	size_t n = put_call(b, sizeof(b), RPC_PROGRAM_REMOTE, RPC_NETWORK_GET_XML_DESC, RPC_CALL,
			    DEFAULT_NET "00000000");
	unsigned sent = 0;

	open_it(t);
	for (; sent < 100000 && send(t->fd, b, n, MSG_NOSIGNAL) == (ssize_t)n; sent++)
		if (sent % 16 == 0)
			run_loop(t);
	assert_true(sent < 100000);
	assert_int_equal(door_clients(t->fake.door), 1);
	/* … and all are answered once it reads. */
	run_loop(t);
	for (unsigned i = 0; i < 100000 && t->fake.handed_on < sent; i++) {
		static uint8_t sink[65536];
		(void)!recv(t->fd, sink, sizeof(sink), 0);
		run_loop(t);
	}
	assert_true(t->fake.handed_on >= sent);
}

/* ---- binding ---- */

static void test_listen(void **state)
{
	char dir[] = "/tmp/test-door-XXXXXX", path[64];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct stat st;
	struct err e = { 0 };
	int fd, other;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	assert_int_equal(door_listen(path, 0660, (gid_t)-1, &fd, &e), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(door_listen(path, 0660, (gid_t)-1, &other, &e), -EADDRINUSE);
	copy_text(a.sun_path, sizeof(a.sun_path), path);
	auto_close int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (const struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	assert_int_equal(door_listen(path, 0666, (gid_t)-1, &fd, &e), 0); /* stale now */
	close(fd);
	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(door_listen(path, 0666, (gid_t)-1, &fd, &e), -EEXIST);
	unlink(path);
	rmdir(dir);
}

#define WITH_DOOR(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DOOR(test_session),
		WITH_DOOR(test_closing),
		WITH_DOOR(test_pipelined),
		WITH_DOOR(test_odd_optional),
		WITH_DOOR(test_refusals),
		WITH_DOOR(test_read_only_flag),
		WITH_DOOR(test_read_only_socket),
		WITH_DOOR(test_identity),
		WITH_DOOR(test_fatal),
		WITH_DOOR(test_bad_status),
		WITH_DOOR(test_ping),
		WITH_DOOR(test_descriptors),
		WITH_DOOR(test_descriptor_flood),
		WITH_DOOR(test_calls_in_flight),
		WITH_DOOR(test_client_gone),
		WITH_DOOR(test_event_flood),
		WITH_DOOR(test_slow_reader),
		cmocka_unit_test(test_listen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
