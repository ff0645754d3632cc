/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene.h"

#include "dhcp/dhcp4-names.h"

/* "350101 ff" to bytes; blanks are ignored. */
static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = 0, digits = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		unsigned v = (unsigned)(*hex <= '9' ? *hex - '0' : *hex - 'a' + 10);
		if (digits++ % 2)
			out[n - 1] = (uint8_t)(out[n - 1] | v);
		else
			out[n++] = (uint8_t)(v << 4);
	}
	return n;
}

struct vector {
	const char *name, *options, *file, *sname; /* hex */
	enum dhcp4_drop want;
	uint8_t type;
	const char *client_id; /* expected, hex; NULL: absent */
	uint32_t requested;
};

static const struct vector vectors[] = {
	{ "nothing but an end", "ff" },
	{ "nothing at all", "" },
	{ "discover", "350101 ff", .type = 1 },
	{ "request", "350103 32040a4d000a 36040a4d0001 ff", .type = 3, .requested = NET + 10 },
	{ "pads between", "00 00 350101 00 ff", .type = 1 },
	{ "no end", "350101", .type = 1 },
	{ "rubbish after the end", "350101 ff 3501", .type = 1 },
	{ "unknown options are skipped", "350101 e0050102030405 ff", .type = 1 },
	{ "length past the end", "3d0901", .want = DHCP4_DROP_SHORT },
	{ "code without a length", "350101 3d", .want = DHCP4_DROP_SHORT },
	{ "type of length 0", "3500 ff", .want = DHCP4_DROP_OPTION_LENGTH },
	{ "type of length 2", "35020101 ff", .want = DHCP4_DROP_OPTION_LENGTH },
	{ "two types", "350101 350103 ff", .want = DHCP4_DROP_OPTION_LENGTH },
	{ "requested of length 0", "350103 3200 ff", .want = DHCP4_DROP_OPTION_LENGTH },
	{ "requested of length 3", "350103 3203000000 ff", .want = DHCP4_DROP_OPTION_LENGTH },
	{ "server id of length 3", "3603000000 ff", .want = DHCP4_DROP_OPTION_LENGTH },
	{ "server id of length 5", "36050000000000 ff", .want = DHCP4_DROP_OPTION_LENGTH },
	{ "lease time of length 3", "3303000000 ff", .want = DHCP4_DROP_OPTION_LENGTH },
	{ "client id", "350101 3d03010203 ff", .type = 1, .client_id = "010203" },
	{ "client id of length 0", "350101 3d00 ff", .type = 1 },
	{ "client id of length 1", "350101 3d0101 ff", .type = 1 },
	{ "client id in two pieces", "3d020102 350101 3d0203 04 ff", .type = 1,
	  .client_id = "01020304" },
	{ "requested in pieces", "350103 32020a4d 3202000a ff", .type = 3, .requested = NET + 10 },
	{ "overload 1: more in file", "350101 340101 ff", .file = "3d020506 ff", .type = 1,
	  .client_id = "0506" },
	{ "overload 2: more in sname", "350101 340102 ff", .sname = "3d020708", .type = 1,
	  .client_id = "0708" },
	{ "overload 3: file before sname", "350101 340103 3d0101 ff", .file = "3d0102 ff",
	  .sname = "3d0103 ff", .type = 1, .client_id = "010203" },
	{ "file isn't read without overload", "350101 ff", .file = "3d020506 ff", .type = 1 },
	{ "overload 0", "350101 340100 ff", .file = "3d020506 ff", .type = 1 },
	{ "overload 4", "350101 340104 ff", .file = "3d020506 ff", .type = 1 },
	{ "overload 255", "350101 3401ff ff", .file = "3d020506 ff", .type = 1 },
	{ "overload of length 2", "350101 34020101 ff", .file = "3d020506 ff", .type = 1 },
	{ "overload twice", "350101 340101 340101 ff", .file = "3d020506 ff", .type = 1 },
	{ "overload inside file", "350101 340101 ff", .file = "340102 3d020506 ff",
	  .sname = "3d0107", .type = 1, .client_id = "0506" },
	{ "the type in the file field", "340101 ff", .file = "350101 ff", .type = 1 },
	{ "arch of odd length", "350101 5d03000700 ff", .type = 1 },
	{ "uuid of wrong length", "350101 6104000000 00 ff", .type = 1 },
	{ "max size of wrong length", "350101 390102 ff", .type = 1 },
	{ "fqdn too short", "350101 510200ff ff", .type = 1 },
};

static void put_field(struct wr *w, const char *hex, size_t size)
{
	uint8_t b[512] = { 0 };

	if (hex)
		unhex(hex, b);
	wr_bytes(w, b, size);
}

static void build(struct packet *p, const struct vector *v)
{
	struct mac m = client(1);
	uint8_t b[512];

	packet_open(p, &m);
	p->w.p = p->w.start + AT_SNAME;
	put_field(&p->w, v->sname, 64);
	put_field(&p->w, v->file, 128);
	wr_u32(&p->w, DHCP4_COOKIE);
	wr_bytes(&p->w, b, unhex(v->options, b));
}

static void check(const struct vector *v)
{
	static struct dhcp4_message m;
	struct packet p;
	uint8_t id[512], *exact;

	build(&p, v);
	size_t n = wr_len(&p.w);
	exact = malloc(n);
	assert_non_null(exact);
	memcpy(exact, p.b, n);
	enum dhcp4_drop drop = dhcp4_decode(exact, n, &m);
	if (drop != v->want)
		fail_msg("%s: verdict %u, wanted %u", v->name, drop, v->want);
	if (drop == DHCP4_DROP_NONE) {
		size_t n_id = v->client_id ? unhex(v->client_id, id) : 0;
		if (m.type != v->type || m.has_type != (v->type != 0) ||
		    m.requested != v->requested || m.client_id.n != n_id ||
		    (n_id && memcmp(m.client_id.p, id, n_id) != 0))
			fail_msg("%s: decoded to something else", v->name);
		assert_null(m.arch.p);
		assert_null(m.uuid.p);
		assert_null(m.fqdn.p);
		assert_int_equal(m.max_size, 0);
	}
	free(exact);
}

static void test_decode(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
		check(&vectors[i]);
}

static void test_long_client_ids(void **state)
{
	static struct dhcp4_message m;
	uint8_t id[255];
	struct packet p;
	struct mac mac = client(1);

	memset(id, 7, sizeof(id));
	packet_dhcp(&p, &mac, 1);
	packet_option(&p, 61, id, 255);
	assert_int_equal(dhcp4_decode(p.b, wr_len(&p.w), &m), DHCP4_DROP_NONE);
	assert_int_equal(m.client_id.n, 255);
	packet_option(&p, 61, id, 255);
	assert_int_equal(dhcp4_decode(p.b, wr_len(&p.w), &m), DHCP4_DROP_OPTION_LENGTH);
}

static void test_many_pieces(void **state)
{
	static struct dhcp4_message m;
	struct packet p;
	struct mac mac = client(1);
	const uint8_t c = 12;

	/* The worst that fits: every option in pieces of one octet, interleaved. */
	packet_dhcp(&p, &mac, 1);
	while (wr_len(&p.w) + 6 <= DHCP4_PAYLOAD_MAX) {
		packet_option(&p, 55, &c, 1);
		packet_option(&p, 61, &c, 1);
	}
	size_t n = (wr_len(&p.w) - 243) / 6;
	assert_int_equal(dhcp4_decode(p.b, wr_len(&p.w), &m), DHCP4_DROP_NONE);
	assert_int_equal(m.client_id.n, n);
	assert_int_equal(m.parameter_list.n, n);
	assert_int_equal(m.parameter_list.p[n - 1], 12);
}

static void test_header(void **state)
{
	static const struct {
		const char *name;
		size_t at, n;
		uint8_t v;
		enum dhcp4_drop want;
	} rows[] = {
		{ "a reply", AT_OP, 240, 2, DHCP4_DROP_OP },
		{ "op 0", AT_OP, 240, 0, DHCP4_DROP_OP },
		{ "wrong cookie", AT_COOKIE, 240, 0, DHCP4_DROP_COOKIE },
		{ "one octet short", AT_OP, 239, 1, DHCP4_DROP_SHORT },
		{ "empty", AT_OP, 0, 1, DHCP4_DROP_SHORT },
		{ "too long", AT_OP, DHCP4_PAYLOAD_MAX + 1, 1, DHCP4_DROP_LONG },
		{ "the longest", AT_OP, DHCP4_PAYLOAD_MAX, 1, DHCP4_DROP_NONE },
	};
	static struct dhcp4_message m;
	struct mac mac = client(1);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct packet p;
		packet_open(&p, &mac);
		memset(p.w.p, 0, (size_t)(p.w.end - p.w.p));
		p.b[rows[i].at] = rows[i].v;
		if (dhcp4_decode(p.b, rows[i].n, &m) != rows[i].want)
			fail_msg("%s", rows[i].name);
	}
}

static const struct dhcp4_message request_message = { .htype = 1, .hlen = 6, .xid = 0x01020304 };

static void test_overloaded_reply(void **state)
{
	static uint8_t buf[DHCP4_PAYLOAD_MAX];
	static const struct dhcp4_reply_head head = { .yiaddr = NET + 9, .boot_file = "" };
	static struct dhcp4_message m;
	uint8_t big[255];
	struct dhcp4_writer w;

	/* 548 octets: one long option in the options field, the next ones in file and sname. */
	memset(big, 'x', sizeof(big));
	dhcp4_write_head(&w, buf, 548, &request_message, &head);
	assert_true(dhcp4_write_option_u8(&w, 53, 2));
	assert_true(dhcp4_write_option(&w, 61, big, 250));
	assert_true(dhcp4_write_option(&w, 12, big, 100)); /* file */
	assert_true(dhcp4_write_option(&w, 60, big, 60));  /* sname */
	assert_false(dhcp4_write_option(&w, 77, big, 60));
	assert_true(dhcp4_write_option_u32(&w, 50, NET + 9)); /* small ones still fit */
	size_t n = dhcp4_write_end(&w);
	assert_in_range(n, 300, 548);
	buf[0] = 1; /* to be read back as a request */
	assert_int_equal(dhcp4_decode(buf, n, &m), DHCP4_DROP_NONE);
	assert_int_equal(m.type, 2);
	assert_int_equal(m.client_id.n, 250);
	assert_int_equal(m.host_name.n, 100);
	assert_int_equal(m.vendor_class.n, 60);
	assert_int_equal(m.requested, NET + 9);
	assert_null(m.user_class.p);
}

static void test_boot_file_is_not_overloaded(void **state)
{
	static uint8_t buf[DHCP4_PAYLOAD_MAX];
	static const struct dhcp4_reply_head head = { .boot_file = "pxelinux.0" };
	uint8_t big[255] = { 0 };
	struct dhcp4_writer w;

	dhcp4_write_head(&w, buf, 548, &request_message, &head);
	assert_true(dhcp4_write_option(&w, 61, big, 250));
	assert_false(dhcp4_write_option(&w, 12, big, 100));
	assert_true(dhcp4_write_option(&w, 12, big, 60)); /* sname */
	dhcp4_write_end(&w);
	assert_string_equal((char *)buf + AT_FILE, "pxelinux.0");
}

static void test_reply_is_padded(void **state)
{
	static uint8_t buf[DHCP4_PAYLOAD_MAX];
	static const struct dhcp4_reply_head head = { .boot_file = "" };
	struct dhcp4_writer w;

	memset(buf, 0xee, sizeof(buf));
	dhcp4_write_head(&w, buf, 548, &request_message, &head);
	dhcp4_write_option_u8(&w, 53, 5);
	assert_int_equal(dhcp4_write_end(&w), 300);
	assert_int_equal(buf[243], 255);
	for (size_t i = 244; i < 300; i++)
		assert_int_equal(buf[i], 0);
	assert_int_equal(buf[300], 0xee);
}

static void test_fqdn(void **state)
{
	static const struct {
		const char *hex, *name; /* name NULL: refused */
	} rows[] = {
		{ "000000 766d31", "vm1" },         /* ASCII */
		{ "000000 564d312e6c6162", "vm1" }, /* VM1.lab */
		{ "040000 03766d31 036c6162 00", "vm1" },
		{ "040000 03766d31", "vm1" },       /* partial */
		{ "040000 03766d31 036c61", NULL }, /* cut */
		{ "040000 c00c", NULL },            /* compression pointer */
		{ "040000 03766d31 c003", NULL },
		{ "040000 40766d31", NULL },
		{ "040000 00", NULL },
		{ "040000 03766d31 00 6162", NULL }, /* more after the root */
		{ "000000", NULL },
		{ "000000 2e2e2f", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t b[64];
		char name[DHCP4_NAME_MAX];
		struct dhcp4_span s = { b, (uint16_t)unhex(rows[i].hex, b) };
		bool ok = dhcp4_fqdn_name(s, name);
		if (ok != (rows[i].name != NULL))
			fail_msg("%s", rows[i].hex);
		assert_string_equal(name, ok ? rows[i].name : "");
	}
}

static void test_fqdn_reply(void **state)
{
	static const struct {
		uint8_t flags;
		const char *domain, *hex;
	} rows[] = {
		{ 1, "lab", "01ffff 766d312e6c6162" },       /* S: as asked */
		{ 0, "lab", "03ffff 766d312e6c6162" },       /* we do it nevertheless: S and O */
		{ 8, "lab", "08ffff 766d312e6c6162" },       /* N: not at all */
		{ 5, "lab", "05ffff 03766d31 036c6162 00" }, /* E */
		{ 5, "", "05ffff 03766d31" },                /* partial */
		{ 5, "a.b", "05ffff 03766d31 0161 0162 00" },
		{ 0xf5, "", "05ffff 03766d31" }, /* undefined bits aren't returned */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t want[64], got[255];
		size_t n = unhex(rows[i].hex, want);
		assert_int_equal(dhcp4_fqdn_reply(rows[i].flags, "vm1", rows[i].domain, got), n);
		assert_memory_equal(got, want, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_long_client_ids),
		cmocka_unit_test(test_many_pieces),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_overloaded_reply),
		cmocka_unit_test(test_boot_file_is_not_overloaded),
		cmocka_unit_test(test_reply_is_padded),
		cmocka_unit_test(test_fqdn),
		cmocka_unit_test(test_fqdn_reply),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
