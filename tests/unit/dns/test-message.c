/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hostile queries: octets in, the one right reaction out. Rows are written as they stand on the
 * wire. */
#include "dns-fixture.h"

#include <ctype.h>

#define HEAD     "1234 0100 0001 0000 0000 0000 "
#define HEAD_OPT "1234 0100 0001 0000 0000 0001 "
#define WWW      "03777777 036c6162 0474657374 00 " /* www.lab.test */
#define A_IN     "0001 0001 "
#define OPT      "00 0029 04d0 00000000 "

enum { DROP = -1 };

static const struct vector {
	const char *name, *hex;
	int rcode; /* DROP: no reply */
} vectors[] = {
	{ "good", HEAD WWW A_IN, 0 },
	{ "good with OPT", HEAD_OPT WWW A_IN OPT "0000", 0 },
	{ "no octet", "", DROP },
	{ "header cut", "1234 0100 0001 0000 0000 00", DROP },
	{ "header alone", HEAD, 1 },
	{ "a response", "1234 8100 0001 0000 0000 0000 " WWW A_IN, DROP },
	{ "no question", "1234 0100 0000 0000 0000 0000", 1 },
	{ "no question with a name", "1234 0100 0000 0000 0000 0000 " WWW A_IN, 1 },
	{ "two questions", "1234 0100 0002 0000 0000 0000 " WWW A_IN WWW A_IN, 1 },
	{ "65535 questions", "1234 0100 ffff 0000 0000 0000 " WWW A_IN, 1 },
	{ "an answer in the query",
	  "1234 0100 0001 0001 0000 0000 " WWW A_IN WWW A_IN "00000000 0000", 1 },
	{ "authority in the query",
	  "1234 0100 0001 0000 0001 0000 " WWW A_IN WWW A_IN "00000000 0000", 1 },
	{ "opcode 1", "1234 0900 0001 0000 0000 0000 " WWW A_IN, 4 },
	{ "opcode 4, notify", "1234 2100 0001 0000 0000 0000 " WWW A_IN, 4 },
	{ "opcode 5, update", "1234 2900 0001 0000 0000 0000 " WWW A_IN, 4 },
	{ "opcode 15", "1234 7900 0001 0000 0000 0000 " WWW A_IN, 4 },
	{ "pointer to itself", HEAD "c00c " A_IN, 1 },
	{ "pointer forward", HEAD "c010 " A_IN "0000", 1 },
	{ "pointer beyond the end", HEAD "ffff " A_IN, 1 },
	{ "loop of two", HEAD "0161 c010 0162 c00c " A_IN, 1 },
	{ "pointer into the header", HEAD "c000 " A_IN, 1 },
	{ "pointer to the id", HEAD "0161 c004 " A_IN, 1 },
	{ "pointer cut", HEAD "c0", 1 },
	{ "label type 01", HEAD "4161 00 " A_IN, 1 },
	{ "label type 10", HEAD "8161 00 " A_IN, 1 },
	{ "label of 64",
	  HEAD "40"
	       "61616161616161616161616161616161"
	       "61616161616161616161616161616161"
	       "61616161616161616161616161616161"
	       "61616161616161616161616161616161"
	       "00" A_IN,
	  1 },
	{ "no root label", HEAD "03777777", 1 },
	{ "label past the end", HEAD "3f777777", 1 },
	{ "type cut", HEAD WWW "00", 1 },
	{ "class missing", HEAD WWW "0001", 1 },
	{ "class cut", HEAD WWW "0001 00", 1 },
	{ "one octet behind", HEAD WWW A_IN "00", 1 },
	{ "nine octets behind", HEAD WWW A_IN "000102030405060708", 1 },
	{ "additional announced, not there", HEAD_OPT WWW A_IN, 1 },
	{ "OPT there, not announced", HEAD WWW A_IN OPT "0000", 1 },
	{ "two OPT", "1234 0100 0001 0000 0000 0002 " WWW A_IN OPT "0000" OPT "0000", 1 },
	{ "OPT with a name", HEAD_OPT WWW A_IN "0161 " OPT "0000", 1 },
	{ "OPT named by a pointer", HEAD_OPT WWW A_IN "c00c 0029 04d0 00000000 0000", 1 },
	{ "EDNS 1", HEAD_OPT WWW A_IN "00 0029 04d0 00010000 0000", 16 },
	{ "EDNS 255", HEAD_OPT WWW A_IN "00 0029 04d0 00ff0000 0000", 16 },
	{ "OPT size 0", HEAD_OPT WWW A_IN "00 0029 0000 00000000 0000", 0 },
	{ "OPT size 65535", HEAD_OPT WWW A_IN "00 0029 ffff 00000000 0000", 0 },
	{ "OPT longer than the message", HEAD_OPT WWW A_IN OPT "0004", 1 },
	{ "option longer than OPT", HEAD_OPT WWW A_IN OPT "0006 fde9 0003 0102", 1 },
	{ "option cut", HEAD_OPT WWW A_IN OPT "0003 fde9 00", 1 },
	{ "unknown option", HEAD_OPT WWW A_IN OPT "0006 fde9 0002 0102", 0 },
	{ "ECS of no family", HEAD_OPT WWW A_IN OPT "0008 0008 0004 ffff ff00", 0 },
	{ "ECS too long for its family",
	  HEAD_OPT WWW A_IN OPT "000d 0008 0009 0001 ff00 0102030405", 0 },
	{ "cookie of 8", HEAD_OPT WWW A_IN OPT "000c 000a 0008 0102030405060708", 0 },
	{ "cookie of 3", HEAD_OPT WWW A_IN OPT "0007 000a 0003 010203", 1 },
	{ "cookie of 9", HEAD_OPT WWW A_IN OPT "000d 000a 0009 010203040506070809", 1 },
	{ "cookie of 41",
	  HEAD_OPT WWW A_IN OPT "002d 000a 0029 "
				"0102030405060708090a"
				"0102030405060708090a"
				"0102030405060708090a"
				"0102030405060708090a"
				"0b",
	  1 },
	{ "TSIG", HEAD_OPT WWW A_IN "0161 00 00fa 00ff 00000000 0000", 9 },
	{ "additional of five", "1234 0100 0001 0000 0000 0005 " WWW A_IN, 1 },
	{ "class CH", HEAD "0776657273696f6e 0462696e64 00 0010 0003", 5 },
	{ "class HS", HEAD WWW "0001 0004", 5 },
	{ "class NONE", HEAD WWW "0001 00fe", 5 },
	{ "class ANY", HEAD WWW "0001 00ff", 5 },
	{ "class 0", HEAD WWW "0001 0000", 5 },
	{ "type 0", HEAD WWW "0000 0001", 4 },
	{ "type OPT", HEAD WWW "0029 0001", 4 },
	{ "type TKEY", HEAD WWW "00f9 0001", 4 },
	{ "type TSIG", HEAD WWW "00fa 0001", 4 },
	{ "type IXFR", HEAD WWW "00fb 0001", 5 },
	{ "type AXFR", HEAD WWW "00fc 0001", 5 },
	{ "type MAILB", HEAD WWW "00fd 0001", 4 },
	{ "type MAILA", HEAD WWW "00fe 0001", 4 },
	{ "type ANY", HEAD WWW "00ff 0001", 0 },
	{ "type 65535", HEAD WWW "ffff 0001", 0 },
	{ "octets of any kind in a label", HEAD "05 00 20 ff 41 2e 036c6162 0474657374 00 " A_IN,
	  3 },
	{ "upper case", HEAD "03575757 034c4142 0454455354 00 " A_IN, 0 },
	{ "not a letter but 32 away from one", HEAD "035b7777 036c6162 0474657374 00 " A_IN, 3 },
};

static size_t unhex(const char *hex, uint8_t *buf, size_t cap)
{
	size_t n = 0;

	for (; *hex; hex++) {
		unsigned v = 0;
		if (isspace((unsigned char)*hex))
			continue;
		assert_true(n < cap && sscanf(hex, "%2x", &v) == 1);
		buf[n++] = (uint8_t)v;
		hex++;
	}
	return n;
}

static void check_vector(struct fixture *f, const struct vector *v, bool tcp)
{
	uint8_t buf[1024];
	size_t n = unhex(v->hex, buf, sizeof(buf));
	struct dns_client c = client_of("192.168.122.50", 4000);

	c.tcp = tcp;
	fixture_forget(f);
	feed(f, &c, buf, n);
	if (v->rcode == DROP) {
		assert_int_equal(f->n, 0);
		return;
	}
	if (f->n != 1)
		fail_msg("%s: %zu actions", v->name, f->n);
	struct rd r = rd_over(f->caught[0].bytes, f->caught[0].n);
	assert_int_equal(rd_u16(&r), 0x1234);
	unsigned flags = rd_u16(&r);
	assert_true(flags & DNS_QR);
	if ((flags & DNS_RCODE) != (unsigned)(v->rcode & 0xf))
		fail_msg("%s: rcode %u", v->name, flags & DNS_RCODE);
	ldns_pkt *p = decoded(f, 0); /* what we send is well-formed, whatever came */
	if (v->rcode == 16)
		assert_int_equal(ldns_pkt_edns_extended_rcode(p), 1);
	/* nobody's error is amplified */
	if (v->rcode != 0 && v->rcode != 3)
		assert_true(f->caught[0].n <= n);
	ldns_pkt_free(p);
}

static void hostile_queries(void **state)
{
	struct dns_config *cfg = lab_config();
	cfg->local_only = true;
	struct fixture *f = fixture_new(cfg);

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		check_vector(f, &vectors[i], false);
		check_vector(f, &vectors[i], true);
	}
	fixture_free(f);
	dns_config_free(cfg);
}

/* Every prefix and every single changed octet of a good query: no crash, and what is answered
 * decodes. */
static void mutated_queries(void **state)
{
	struct dns_config *cfg = lab_config();
	struct fixture *f = fixture_new(cfg);
	struct dns_client c = client_of("192.168.122.50", 4000);
	uint8_t good[128], bad[128];
	size_t n =
	    unhex(HEAD_OPT WWW A_IN OPT "000c 000a 0008 0102030405060708", good, sizeof(good));

	for (size_t at = 0; at < n; at++) {
		for (unsigned value = 0; value < 256; value++) {
			memcpy(bad, good, n);
			bad[at] = (uint8_t)value;
			fixture_forget(f);
			feed(f, &c, bad, n);
			feed(f, &c, bad, at);
			for (size_t i = 0; i < f->n; i++)
				ldns_pkt_free(decoded(f, i));
		}
	}
	fixture_free(f);
	dns_config_free(cfg);
}

static void too_long(void **state)
{
	struct dns_config *cfg = lab_config();
	struct fixture *f = fixture_new(cfg);
	struct dns_client c = client_of("192.168.122.50", 4000);
	uint8_t *big = calloc(1, DNS_TCP_MAX);

	assert_int_equal(feed(f, &c, big, DNS_UDP_MAX + 1), DNS_N_DROP_LONG);
	c.tcp = true;
	assert_int_equal(feed(f, &c, big, DNS_TCP_MAX), DNS_N_FORMERR);
	free(big);
	fixture_free(f);
	dns_config_free(cfg);
}

/* A name of 255 octets is a name, one of 256 isn't; 127 labels are, 128 can't be. */
static void long_names(void **state)
{
	static const struct {
		unsigned labels, size, last, rcode;
	} cases[] = { { 3, 63, 61, 3 }, { 3, 63, 62, 1 }, { 126, 1, 1, 3 }, { 127, 1, 1, 1 } };
	struct dns_config *cfg = lab_config();
	struct fixture *f = fixture_new(cfg);
	struct dns_client c = client_of("192.168.122.50", 4000);

	cfg->forward_plain_names = false;
	free(cfg->domain);
	cfg->domain = strdup("a");
	cfg->local_only = true;
	assert_int_equal(dns_server_configure(f->s, cfg, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t buf[512], label[63];
		struct wr w = wr_over(buf, sizeof(buf));
		memset(label, 'a', sizeof(label));
		wr_u32(&w, 0x12340100);
		wr_u32(&w, 0x00010000);
		wr_u32(&w, 0);
		for (unsigned k = 0; k <= cases[i].labels; k++) {
			unsigned size = k < cases[i].labels ? cases[i].size : cases[i].last;
			wr_u8(&w, (uint8_t)size);
			wr_bytes(&w, label, size);
		}
		wr_u8(&w, 0);
		wr_u32(&w, 0x00010001);
		/* the 61-octet last label is no domain of ours: forwarded without servers */
		fixture_forget(f);
		feed(f, &c, buf, wr_len(&w));
		assert_int_equal(f->n, 1);
		assert_int_equal(f->caught[0].bytes[3] & DNS_RCODE,
				 cases[i].rcode == 3 && cases[i].last != 1 ? 2 : cases[i].rcode);
	}
	fixture_free(f);
	dns_config_free(cfg);
}

static void name_text(void **state)
{
	static const struct {
		const char *text, *back; /* NULL: no name */
	} cases[] = {
		{ "www.example.com", "www.example.com" },
		{ "www.example.com.", "www.example.com" },
		{ ".", "." },
		{ "", "." },
		{ "a\\.b.c", "a\\.b.c" },
		{ "a\\032b", "a\\032b" },
		{ "\\097", "a" },
		{ "\\256", NULL },
		{ "\\25", NULL },
		{ "a\\", NULL },
		{ "a..b", NULL },
		{ ".a", NULL },
		{ "..", NULL },
		{ "\xff", "\\255" },
	};
	char buf[DNS_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct dns_name n;
		int r = dns_name_parse(cases[i].text, &n);
		if (!cases[i].back) {
			assert_true(r < 0);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(dns_name_text(&n, buf, sizeof(buf)), cases[i].back);
		ldns_rdf *theirs = ldns_dname_new_frm_str(cases[i].text[0] ? cases[i].text : ".");
		assert_int_equal(ldns_rdf_size(theirs), n.n);
		assert_memory_equal(ldns_rdf_data(theirs), n.wire, n.n);
		ldns_rdf_deep_free(theirs);
	}
}

static void name_text_is_bounded(void **state)
{
	struct dns_name n = { 0 };
	char text[DNS_TEXT_MAX], small[20];

	n.labels = 4;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t len = i < 3 ? 63 : 61;
		n.wire[n.n++] = len;
		memset(&n.wire[n.n], 1, len);
		n.n = (uint8_t)(n.n + len);
	}
	n.wire[n.n++] = 0;
	assert_int_equal(strlen(dns_name_text(&n, text, sizeof(text))), 250 * 4 + 3);
	assert_true(strlen(dns_name_text(&n, small, sizeof(small))) < sizeof(small));
	struct dns_name again;
	assert_int_equal(dns_name_parse(text, &again), 0);
	assert_true(dns_name_equal(&n, &again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_queries), cmocka_unit_test(mutated_queries),
		cmocka_unit_test(too_long),        cmocka_unit_test(long_names),
		cmocka_unit_test(name_text),       cmocka_unit_test(name_text_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
