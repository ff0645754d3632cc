/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zone files: what is read, what is left out, what is refused and where. */
#include "dns-fixture.h"

#include "dns/dns-zone-text.h"

static char doubts[1024];

static void doubt(void *data, const char *text)
{
	size_t n = strlen(doubts);

	snprintf(doubts + n, sizeof(doubts) - n, "%s|", text);
}

static int read_text(struct dns_config *c, const char *text, struct err *e)
{
	char *exact = malloc(strlen(text) + 1);
	size_t n = strlen(text);

	memcpy(exact, text, n);
	doubts[0] = '\0';
	int r = dns_zone_text_add(c, "/z", exact, n, doubt, NULL, e);
	free(exact);
	return r;
}

#define SOA_NS "@ IN SOA ns me (\n 1 2 3\n 4 5 )\n\tNS ns\n"

static void served(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		const char *answer;
	} rows[] = {
		{ "pub.lab.test", 1, NULL },
		{ "PUB.lab.test", 28, "PUB.lab.test. 300 IN AAAA 2001:db8::1" },
		{ "lab.test", 15, "lab.test. 300 IN MX 10 mail.lab.test." },
		{ "ftp.lab.test", 1, NULL },
		{ "a.sub.lab.test", 16, "a.sub.lab.test. 7 IN TXT \"one\" \"two\"" },
		{ "any.apps.lab.test", 1, "any.apps.lab.test. 300 IN A 192.0.2.9" },
		{ "_s._tcp.lab.test", 33, "_s._tcp.lab.test. 300 IN SRV 1 2 3 pub.lab.test." },
		{ "x.lab.test", 65280, "x.lab.test. 300 IN TYPE65280 \\# 3 010203" },
		/* a service of its own alone has the alias, the name server its own SOA */
		{ "lab.test", 2, "lab.test. 60 IN NS _gateway.lab.test." },
	};
	struct dns_config *c = lab_config();
	struct dns_client client = client_of("192.168.122.50", 4000);
	struct err e = { 0 };

	int r = read_text(c,
			  "; a comment\n\n$TTL 300\n" SOA_NS "pub A 192.0.2.1\n"
			  "    A 192.0.2.2\n    AAAA 2001:db8::1\n@ MX 10 mail\n"
			  "ftp CNAME pub\n*.apps.lab.test. A 192.0.2.9\n"
			  "_s._tcp SRV 1 2 3 pub\nx TYPE65280 \\# 3 010203\n"
			  "$ORIGIN sub.lab.test.\na 7 IN TXT \"one\" \"two\"",
			  &e);
	if (r < 0)
		fail_msg("%s", e.msg);
	assert_non_null(strstr(doubts, "/z line 4: records of type SOA are left out"));
	assert_non_null(strstr(doubts, "type NS"));
	struct fixture *f = fixture_new(c);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fixture_forget(f);
		ask(f, &client, 1, rows[i].name, rows[i].type, 1232);
		if (i == 0) { /* two, in turn */
			ldns_pkt *p = decoded(f, 0);
			assert_int_equal(ldns_rr_list_rr_count(ldns_pkt_answer(p)), 2);
			ldns_pkt_free(p);
			continue;
		}
		check_reply(f, 0, 0, rows[i].answer, NULL);
	}
	fixture_free(f);
	dns_config_free(c);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "a A 192.0.2.1\nb A 192.0.2.300\n", "/z line 2: " },
		{ "\n\na QQ x\n", "/z line 3: " },
		{ "$INCLUDE /etc/passwd\n", "$INCLUDE isn't allowed" },
		{ "a A 192.0.2.1\nb.example.com. A 192.0.2.1\n",
		  "/z line 2: the name isn't below" },
		{ "a CH TXT x\n", "class" },
		{ "a CNAME b\na A 192.0.2.1\n",
		  "/z line 2: an alias (CNAME) can have nothing else" },
		{ "a A 192.0.2.1\na CNAME b\n", "used in line 1 too" },
		{ "a CNAME b\na CNAME c\n", "used in line 1 too" },
		{ "web CNAME b\n", "the network's definition has the name too" },
		{ "info TXT ok\ninfo CNAME b\n", "/z line 2" },
		{ "a A \\# 3 010203\n", "/z line 1" },
		{ "a TYPE255 \\# 1 00\n", "/z line 1" },
		{ "$ORIGIN sub\n", "/z line 1: $ORIGIN" },
		{ "$ORIGIN example.com.\n", "/z line 1: $ORIGIN" },
		{ "a A 192.0.2.1\nb QQ", "/z line 2" },
		{ "a QQ x\n\n\n; more\n", "/z line 1" },
		{ "( a A 192.0.2.1\n", "/z line" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_config *c = lab_config();
		struct err e = { 0 };
		if (read_text(c, rows[i].text, &e) == 0)
			fail_msg("accepted: %s", rows[i].text);
		if (!strstr(e.msg, rows[i].why))
			fail_msg("'%s' says: %s", rows[i].text, e.msg);
		dns_config_free(c);
	}
	struct dns_config *none = dns_config_new(NULL);
	struct err e = { 0 };
	assert_true(read_text(none, "a A 192.0.2.1\n", &e) < 0);
	assert_non_null(strstr(e.msg, "<domain"));
	dns_config_free(none);
}

static void bounds(void **state)
{
	struct dns_config *c = lab_config();
	struct err e = { 0 };
	char *big = malloc(DNS_ZONE_TEXT_MAX + 2);
	size_t n = 0, count = 0;

	while (n + 16 < DNS_ZONE_TEXT_MAX && ++count <= DNS_ZONE_RECORDS_MAX + 1)
		n += (size_t)sprintf(big + n, "a A 1.%zu.%zu.%zu\n", count >> 16, count >> 8 & 255,
				     count & 255);
	assert_true(dns_zone_text_add(c, "/z", big, n, NULL, NULL, &e) < 0);
	assert_non_null(strstr(e.msg, "more than 60000 records"));
	assert_true(dns_zone_text_add(c, "/z", big, DNS_ZONE_TEXT_MAX + 1, NULL, NULL, &e) < 0);
	assert_non_null(strstr(e.msg, "1 MiB"));
	assert_true(dns_zone_text_add(c, "/z", "a\0b", 3, NULL, NULL, &e) < 0);
	assert_int_equal(dns_zone_text_add(c, "/z", "", 0, NULL, NULL, &e), 0);
	free(big);
	dns_config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(served),
		cmocka_unit_test(refused),
		cmocka_unit_test(bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
