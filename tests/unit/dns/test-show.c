/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages as text: what is shown of a record is what ldns reads as that record. */
#include "dns-fixture.h"

#include "dns/dns-show.h"

struct seen {
	char text[4096];
	unsigned n, stop_after;
};

static bool note(void *data, const struct dns_shown *r)
{
	struct seen *s = data;
	char type[DNS_TYPE_TEXT_MAX];
	size_t n = strlen(s->text);

	for (const char *c = r->data; *c; c++)
		assert_in_range(*c, ' ', '~');
	snprintf(s->text + n, sizeof(s->text) - n, "%s%u %s %u %s %s", n ? "; " : "", r->section,
		 r->name, r->ttl_sec, dns_type_name(r->type, type), r->data);
	return ++s->n != s->stop_after;
}

/* Each as a zone file has it; ldns makes the wire form. `shown` NULL: the same. */
static const struct {
	const char *type, *data, *shown;
} records[] = {
	{ "A", "192.0.2.1", NULL },
	{ "AAAA", "2001:db8::1", NULL },
	{ "NS", "ns.example.com.", NULL },
	{ "CNAME", "a\\.b.example.com.", NULL },
	{ "PTR", ".", NULL },
	{ "DNAME", "example.net.", NULL },
	{ "MX", "10 mail.example.com.", NULL },
	{ "SRV", "1 2 3 host.example.com.", NULL },
	{ "SOA", "ns.example.com. me.example.com. 1 2 3 4 5", NULL },
	{ "HINFO", "\"x86\" \"linux\"", NULL },
	{ "TXT", "\"one\" \"t\\\"w\\\\o\" \"\\001\\255\"", NULL },
	{ "CAA", "0 issue \"ca.example.net\"", NULL },
	{ "NAPTR", "1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .", NULL },
	{ "URI", "10 1 \"https://example.com/\"", NULL },
	{ "TLSA", "3 1 1 00ff", "\\# 5 03010100ff" },
	{ "TYPE65280", "\\# 3 010203", NULL },
};

static void data_is_what_ldns_reads(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		struct seen s = { .n = 0 };
		struct dns_shown_flags flags;
		ldns_rr *rr = NULL;
		ldns_pkt *p = ldns_pkt_new();
		uint8_t *wire;
		size_t n;
		char line[512], want[512];

		snprintf(line, sizeof(line), "x.example.com. 300 IN %s %s", records[i].type,
			 records[i].data);
		assert_int_equal(ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL), LDNS_STATUS_OK);
		ldns_pkt_push_rr(p, LDNS_SECTION_ANSWER, rr);
		ldns_pkt_set_aa(p, true);
		assert_int_equal(ldns_pkt2wire(&wire, p, &n), LDNS_STATUS_OK);
		assert_true(dns_show_message(wire, n, &flags, note, &s));
		snprintf(want, sizeof(want), "1 x.example.com 300 %s %s", records[i].type,
			 records[i].shown ? records[i].shown : records[i].data);
		assert_string_equal(s.text, want);
		assert_true(flags.aa && !flags.tc && !flags.ad);
		/* cut anywhere it is no message */
		for (size_t cut = 0; cut < n; cut++) {
			uint8_t *exact = memcpy(malloc(cut + 1), wire, cut);
			s = (struct seen){ .n = 0 };
			if (cut >= 12)
				assert_false(dns_show_message(exact, cut, &flags, note, &s));
			free(exact);
		}
		free(wire);
		ldns_pkt_free(p);
	}
}

/* Data that isn't what its type says: the octets. */
static void malformed_data_is_hexadecimal(void **state)
{
	static const struct {
		uint16_t type;
		uint8_t n, data[8];
		const char *shown;
	} rows[] = {
		{ 1, 3, { 1, 2, 3 }, "\\# 3 010203" },
		{ 1, 5, { 1, 2, 3, 4, 5 }, "\\# 5 0102030405" },
		{ 16, 2, { 5, 'a' }, "\\# 2 0561" },
		{ 16, 0, { 0 }, "\\# 0" },
		{ 5, 2, { 0xc0, 0xff }, "\\# 2 c0ff" },
		{ 15, 1, { 1 }, "\\# 1 01" },
		{ 257, 4, { 0, 1, '"', 'x' }, "\\# 4 00012278" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t buf[64];
		struct wr w = wr_over(buf, sizeof(buf));
		struct seen s = { .n = 0 };
		struct dns_shown_flags flags;

		wr_u32(&w, DNS_QR);
		wr_u32(&w, 1);
		wr_u32(&w, 0);
		wr_u8(&w, 0);
		wr_u16(&w, rows[i].type);
		wr_u16(&w, 1);
		wr_u32(&w, 0);
		wr_u16(&w, rows[i].n);
		wr_bytes(&w, rows[i].data, rows[i].n);
		assert_true(dns_show_message(buf, wr_len(&w), &flags, note, &s));
		assert_non_null(strstr(s.text, rows[i].shown));
		assert_string_equal(strstr(s.text, rows[i].shown), rows[i].shown);
	}
}

static void long_data_is_cut(void **state)
{
	static uint8_t buf[65000];
	struct wr w = wr_over(buf, sizeof(buf));
	struct dns_shown_flags flags;
	static struct seen s;

	wr_u32(&w, DNS_QR);
	wr_u32(&w, 1);
	wr_u32(&w, 0);
	wr_u8(&w, 0);
	wr_u16(&w, DNS_TXT);
	wr_u16(&w, 1);
	wr_u32(&w, 0);
	wr_u16(&w, 200 * 256);
	for (unsigned i = 0; i < 200; i++) {
		wr_u8(&w, 255);
		wr_zero(&w, 255);
	}
	assert_true(dns_show_message(buf, wr_len(&w), &flags, note, &s));
	assert_true(strlen(s.text) < DNS_DATA_TEXT_MAX + 20);
	assert_string_equal(s.text + strlen(s.text) - 3, "...");
}

static void types_and_codes(void **state)
{
	static const char *const none[] = { "",          "QQ",     "TYPE", "TYPE-1",
					    "TYPE65536", "TYPE1x", "A ",   "TYPE 1" };
	char buf[DNS_TYPE_TEXT_MAX];
	uint16_t type;

	for (unsigned t = 0; t <= UINT16_MAX; t++) {
		assert_int_equal(dns_type_parse(dns_type_name((uint16_t)t, buf), &type), 0);
		assert_int_equal(type, t);
	}
	assert_int_equal(dns_type_parse("aaaa", &type), 0);
	assert_int_equal(type, DNS_AAAA);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_true(dns_type_parse(none[i], &type) < 0);
	assert_string_equal(dns_rcode_name(3), "NXDOMAIN");
	assert_null(dns_rcode_name(13));
	assert_null(dns_rcode_name(4000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_is_what_ldns_reads),
		cmocka_unit_test(malformed_data_is_hexadecimal),
		cmocka_unit_test(long_data_is_cut),
		cmocka_unit_test(types_and_codes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
