/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of the configuration that libvirt doesn't know: aliases, mail, wildcards. */
#include "dns-fixture.h"

static void add(struct dns_config *c, const char *name, uint16_t type, uint32_t ttl,
		const char *target)
{
	struct dns_name n;

	assert_int_equal(dns_name_parse(target, &n), 0);
	assert_int_equal(dns_config_add_record(c, name, type, ttl, n.wire, n.n), 0);
}

static void add_address(struct dns_config *c, const char *name, uint32_t ttl, uint32_t v4)
{
	uint8_t rdata[4];
	struct wr w = wr_over(rdata, sizeof(rdata));

	wr_u32(&w, v4);
	assert_int_equal(dns_config_add_record(c, name, DNS_A, ttl, rdata, sizeof(rdata)), 0);
}

static struct dns_config *records_config(void)
{
	struct dns_config *c = lab_config();
	static const uint8_t mx[] = "\0\012\4mail\3lab\4test";
	static const uint8_t caa[] = "\0\5issueca.example";

	add(c, "docs", DNS_CNAME, 300, "www.lab.test");
	add(c, "manual", DNS_CNAME, 60, "docs.lab.test");
	add(c, "vm", DNS_CNAME, 60, "guest.lab.test");
	add(c, "round", DNS_CNAME, 60, "about.lab.test");
	add(c, "about", DNS_CNAME, 60, "round.lab.test");
	assert_int_equal(dns_config_add_record(c, "", DNS_MX, 600, mx, sizeof(mx)), 0);
	assert_int_equal(dns_config_add_record(c, "www", DNS_CAA, 60, caa, sizeof(caa) - 1), 0);
	add_address(c, "*.apps.lab.test", 120, 0xc0a87a63);
	add_address(c, "shop.apps.lab.test", 60, 0xc0a87a62);
	add_address(c, "a.b.apps.lab.test", 60, 0xc0a87a61);
	return c;
}

static const struct {
	const char *name;
	uint16_t type;
	int rcode;
	const char *answer;
	bool soa;
} rows[] = {
	{ "docs.lab.test", 1, 0,
	  "docs.lab.test. 300 IN CNAME www.lab.test.; www.lab.test. 60 IN A 192.168.122.10",
	  false },
	{ "docs", 1, 0, "docs. 300 IN CNAME www.lab.test.; www.lab.test. 60 IN A 192.168.122.10",
	  false },
	{ "docs.lab.test", 5, 0, "docs.lab.test. 300 IN CNAME www.lab.test.", false },
	{ "docs.lab.test", 28, 0, "docs.lab.test. 300 IN CNAME www.lab.test.", true },
	{ "docs.lab.test", 255, 0, "docs.lab.test. 300 IN CNAME www.lab.test.", false },
	{ "manual.lab.test", 1, 0,
	  "manual.lab.test. 60 IN CNAME docs.lab.test.; docs.lab.test. 300 IN CNAME www.lab.test.; "
	  "www.lab.test. 60 IN A 192.168.122.10",
	  false },
	/* a guest that isn't there yet */
	{ "vm.lab.test", 1, 3, "vm.lab.test. 60 IN CNAME guest.lab.test.", true },
	{ "lab.test", 15, 0, "lab.test. 600 IN MX 10 mail.lab.test.", false },
	{ "www.lab.test", 257, 0, "www.lab.test. 60 IN CAA 0 issue \"ca.example\"", false },
	{ "x.apps.lab.test", 1, 0, "x.apps.lab.test. 120 IN A 192.168.122.99", false },
	{ "y.x.apps.lab.test", 1, 0, "y.x.apps.lab.test. 120 IN A 192.168.122.99", false },
	{ "*.apps.lab.test", 1, 0, "*.apps.lab.test. 120 IN A 192.168.122.99", false },
	{ "x.apps.lab.test", 28, 0, "", true },
	{ "shop.apps.lab.test", 1, 0, "shop.apps.lab.test. 60 IN A 192.168.122.98", false },
	/* what exists stops the wildcard, and so does what is above it (RFC 4592 2.2.1) */
	{ "shop.apps.lab.test", 28, 0, "", true },
	{ "x.shop.apps.lab.test", 1, 3, "", true },
	{ "b.apps.lab.test", 1, 0, "", true },
	{ "c.b.apps.lab.test", 1, 3, "", true },
	{ "apps.lab.test", 1, 0, "", true },
};

static void answers(void **state)
{
	struct dns_config *cfg = records_config();
	struct fixture *f = fixture_new(cfg);
	struct dns_client c = client_of("192.168.122.50", 4000);
	char text[4096];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fixture_forget(f);
		assert_int_equal(ask(f, &c, 1, rows[i].name, rows[i].type, 1232), DNS_N_LOCAL);
		check_reply(f, 0, rows[i].rcode, rows[i].answer, NULL);
		ldns_pkt *p = decoded(f, 0);
		assert_true(ldns_pkt_aa(p));
		rrs_text(ldns_pkt_authority(p), text, sizeof(text));
		assert_int_equal(strstr(text, "SOA") != NULL, rows[i].soa);
		ldns_pkt_free(p);
	}
	fixture_free(f);
	dns_config_free(cfg);
}

/* A circle ends; a guest that comes is found by its alias; one that calls itself like an alias
 * doesn't get the name. */
static void aliases_and_guests(void **state)
{
	struct dns_config *cfg = records_config();
	struct fixture *f = fixture_new(cfg);
	struct dns_client c = client_of("192.168.122.50", 4000);
	struct ip ip = ip_of("192.168.122.77");

	assert_int_equal(ask(f, &c, 1, "round.lab.test", 1, 1232), DNS_N_LOCAL);
	ldns_pkt *p = decoded(f, 0);
	assert_in_range(ldns_rr_list_rr_count(ldns_pkt_answer(p)), 2, 12);
	ldns_pkt_free(p);
	fixture_forget(f);
	assert_int_equal(dns_lease_add(f->s, "guest", &ip, USEC_INFINITY), 0);
	assert_int_equal(dns_lease_add(f->s, "docs", &ip, USEC_INFINITY), 0);
	ask(f, &c, 2, "vm.lab.test", 1, 1232);
	check_reply(f, 0, 0,
		    "vm.lab.test. 60 IN CNAME guest.lab.test.; guest.lab.test. 60 IN A "
		    "192.168.122.77",
		    "");
	fixture_forget(f);
	ask(f, &c, 3, "docs", 1, 1232);
	check_reply(f, 0, 0,
		    "docs. 300 IN CNAME www.lab.test.; www.lab.test. 60 IN A 192.168.122.10", "");
	fixture_free(f);
	dns_config_free(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(aliases_and_guests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
