/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local answers, judged through ldns: records, NODATA and NXDOMAIN with SOA, routes, clients,
 * leases. */
#include "dns-fixture.h"

static const struct row {
	const char *name;
	uint16_t type;
	int rcode;
	bool aa;
	const char *answer; /* NULL: whatever */
	const char *soa;    /* owner of the SOA in authority; NULL: none there */
} rows[] = {
	/* names of the configuration, alone and below the domain, any case */
	{ "web", 1, 0, true, NULL, NULL },
	{ "www.lab.test", 1, 0, true, "www.lab.test. 60 IN A 192.168.122.10", NULL },
	{ "www", 1, 0, true, "www. 60 IN A 192.168.122.10", NULL },
	{ "WwW.LaB.tESt", 1, 0, true, "WwW.LaB.tESt. 60 IN A 192.168.122.10", NULL },
	{ "six.lab.test", 28, 0, true, "six.lab.test. 60 IN AAAA fd00::10", NULL },
	/* no data, at once */
	{ "www.lab.test", 28, 0, true, "", "lab.test." },
	{ "www", 28, 0, true, "", "www." },
	{ "six.lab.test", 1, 0, true, "", "lab.test." },
	{ "www.lab.test", 15, 0, true, "", "lab.test." },
	{ "info.lab.test", 1, 0, true, "", "lab.test." },
	{ "_tcp.lab.test", 1, 0, true, "", "lab.test." }, /* empty non-terminal */
	{ "lab.test", 1, 0, true, "", "lab.test." },
	{ "lab.test", 6, 0, true, NULL, NULL },
	{ "lab.test", 2, 0, true, "lab.test. 60 IN NS _gateway.lab.test.", NULL },
	/* no such name */
	{ "nope.lab.test", 1, 3, true, "", "lab.test." },
	{ "a.b.c.lab.test", 28, 3, true, "", "lab.test." },
	{ "x.www.lab.test", 1, 3, true, "", "lab.test." },
	/* gateway */
	{ "_gateway", 1, 0, true, "_gateway. 60 IN A 192.168.122.1", NULL },
	{ "_gateway.lab.test", 1, 0, true, "_gateway.lab.test. 60 IN A 192.168.122.1", NULL },
	{ "host.lab.test", 1, 0, true, "host.lab.test. 60 IN A 192.168.122.1", NULL },
	{ "1.122.168.192.in-addr.arpa", 12, 0, true,
	  "1.122.168.192.in-addr.arpa. 60 IN PTR _gateway.lab.test.", NULL },
	/* addresses back to names: the first one given */
	{ "10.122.168.192.in-addr.arpa", 12, 0, true,
	  "10.122.168.192.in-addr.arpa. 60 IN PTR web.lab.test.", NULL },
	{ "7.8.9.10.in-addr.arpa", 12, 0, true, "7.8.9.10.in-addr.arpa. 60 IN PTR web.lab.test.",
	  NULL },
	{ "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", 12, 0, true,
	  "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa. 60 IN PTR "
	  "six.lab.test.",
	  NULL },
	{ "99.122.168.192.in-addr.arpa", 12, 3, true, "", "122.168.192.in-addr.arpa." },
	{ "122.168.192.in-addr.arpa", 12, 0, true, "", "122.168.192.in-addr.arpa." },
	{ "168.192.in-addr.arpa", 12, 0, true, "", "168.192.in-addr.arpa." },
	{ "1.2.3.10.in-addr.arpa", 12, 3, true, "", "10.in-addr.arpa." },
	{ "1.0.0.127.in-addr.arpa", 12, 0, true, "1.0.0.127.in-addr.arpa. 60 IN PTR localhost.",
	  NULL },
	/* other types */
	{ "info.lab.test", 16, 0, true, "info.lab.test. 60 IN TXT \"hello world\"", NULL },
	{ "_ldap._tcp.lab.test", 33, 0, true,
	  "_ldap._tcp.lab.test. 60 IN SRV 10 20 389 web.lab.test.", NULL },
	{ "_none._udp.lab.test", 33, 0, true, "_none._udp.lab.test. 60 IN SRV 0 0 0 .", NULL },
	{ "info.lab.test", 255, 0, true, "info.lab.test. 60 IN TXT \"hello world\"", NULL },
	{ "override.example.com", 1, 0, true, "override.example.com. 60 IN A 203.0.113.9", NULL },
	{ "override.example.com", 28, 0, true, "", "override.example.com." },
	{ "9.113.0.203.in-addr.arpa", 12, 0, true,
	  "9.113.0.203.in-addr.arpa. 60 IN PTR override.example.com.", NULL },
	/* special-use names */
	{ "localhost", 1, 0, true, "localhost. 60 IN A 127.0.0.1", NULL },
	{ "x.localhost", 28, 0, true, "x.localhost. 60 IN AAAA ::1", NULL },
	{ "localhost", 15, 0, true, "", "localhost." },
	{ "x.invalid", 1, 3, true, "", "invalid." },
	{ "other.test", 1, 3, true, "", "test." },
	{ "secret.onion", 1, 3, true, "", "onion." },
	{ "printer.local", 1, 3, true, "", "local." },
	{ "tv.home.arpa", 1, 3, true, "", "home.arpa." },
	{ "_dns.resolver.arpa", 64, 0, true, "", "resolver.arpa." },
	/* not ours, no servers known */
	{ "www.example.com", 1, 2, false, "", NULL },
	{ "override.example.com", 15, 2, false, "", NULL },
	{ "www.example.com", 255, 0, false, "www.example.com. 86400 IN HINFO \"RFC8482\" \"\"",
	  NULL },
};

static void check_row(struct fixture *f, const struct row *r)
{
	char text[4096];
	struct dns_client c = client_of("192.168.122.50", 4000);

	fixture_forget(f);
	ask(f, &c, 0x1234, r->name, r->type, 1232);
	assert_int_equal(f->n, 1);
	check_reply(f, 0, r->rcode, r->answer, NULL);
	ldns_pkt *p = decoded(f, 0);
	assert_int_equal(ldns_pkt_id(p), 0x1234);
	assert_int_equal(ldns_pkt_aa(p), r->aa);
	assert_true(ldns_pkt_rd(p));
	assert_true(ldns_pkt_ra(p));
	assert_false(ldns_pkt_tc(p));
	assert_true(ldns_pkt_edns(p));
	assert_int_equal(ldns_pkt_edns_udp_size(p), 1232);
	rrs_text(ldns_pkt_authority(p), text, sizeof(text));
	if (!r->soa) {
		assert_string_equal(text, "");
	} else {
		ldns_rr *soa = ldns_rr_list_rr(ldns_pkt_authority(p), 0);
		assert_int_equal(ldns_rr_list_rr_count(ldns_pkt_authority(p)), 1);
		assert_int_equal(ldns_rr_get_type(soa), LDNS_RR_TYPE_SOA);
		char *owner = ldns_rdf2str(ldns_rr_owner(soa));
		assert_string_equal(owner, r->soa);
		free(owner);
	}
	ldns_pkt_free(p);
}

static void local_answers(void **state)
{
	struct dns_config *cfg = lab_config();
	struct fixture *f = fixture_new(cfg);

	cfg->local_only = true;
	assert_int_equal(dns_server_configure(f->s, cfg, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(f, &rows[i]);
	fixture_free(f);
	dns_config_free(cfg);
}

/* What doesn't fit is left out whole, with TC; over TCP it comes. */
static void truncation(void **state)
{
	static const struct {
		uint16_t size;
		bool tcp, truncated;
	} cases[] = { { 0, false, true },     { 512, false, true },    { 100, false, true },
		      { 1232, false, false }, { 65535, false, false }, { 0, true, false } };
	struct dns_config *cfg = lab_config();
	struct fixture *f = fixture_new(cfg);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct dns_client c = client_of("192.168.122.50", 4000);
		c.tcp = cases[i].tcp;
		ask(f, &c, 7, "big.lab.test", 16, cases[i].size);
		ldns_pkt *p = decoded(f, 0);
		assert_int_equal(ldns_pkt_tc(p), cases[i].truncated);
		assert_int_equal(ldns_pkt_ancount(p), cases[i].truncated ? 0 : 1);
		assert_int_equal(ldns_pkt_edns(p), cases[i].size != 0);
		ldns_pkt_free(p);
		fixture_forget(f);
	}
	fixture_free(f);
	dns_config_free(cfg);
}

/* Both addresses come, the one in the asker's own network first whatever the turn. */
static void address_order(void **state)
{
	struct dns_config *cfg = lab_config();
	struct fixture *f = fixture_new(cfg);
	struct dns_client c = client_of("192.168.122.50", 4000);

	for (unsigned i = 0; i < 4; i++) {
		ask(f, &c, 7, "web.lab.test", 1, 0);
		check_reply(f, 0, 0,
			    "web.lab.test. 60 IN A 192.168.122.10; web.lab.test. 60 IN A 10.9.8.7",
			    "");
		fixture_forget(f);
	}
	ask(f, &c, 7, "_ldap._tcp.lab.test", 33, 0);
	ldns_pkt *p = decoded(f, 0);
	assert_int_equal(ldns_pkt_arcount(p), 2);
	ldns_pkt_free(p);
	fixture_free(f);
	dns_config_free(cfg);
}

static void leases(void **state)
{
	struct dns_config *cfg = lab_config();
	struct fixture *f = fixture_new(cfg);
	struct dns_client c = client_of("192.168.122.50", 4000);
	struct ip a = ip_of("192.168.122.77"), b = ip_of("192.168.122.78"),
		  evil = ip_of("192.168.122.66");

#define ASK(name, type, rcode, answer)                                                             \
	do {                                                                                       \
		fixture_forget(f);                                                                 \
		ask(f, &c, 1, name, type, 0);                                                      \
		check_reply(f, 0, rcode, answer, NULL);                                            \
	} while (0)
	assert_int_equal(dns_lease_add(f->s, "VM1", &a, f->now + 3600 * USEC_PER_SEC), 0);
	ASK("vm1.lab.test", 1, 0, "vm1.lab.test. 60 IN A 192.168.122.77");
	ASK("vm1", 1, 0, "vm1. 60 IN A 192.168.122.77");
	ASK("77.122.168.192.in-addr.arpa", 12, 0,
	    "77.122.168.192.in-addr.arpa. 60 IN PTR vm1.lab.test.");
	ASK("vm1.lab.test", 28, 0, "");
	/* the TTL shrinks with the lease; at its end the name is gone */
	f->now += 3540 * USEC_PER_SEC;
	ASK("vm1.lab.test", 1, 0, "vm1.lab.test. 30 IN A 192.168.122.77");
	f->now += 60 * USEC_PER_SEC;
	cfg->local_only = true;
	assert_int_equal(dns_server_configure(f->s, cfg, NULL), 0);
	ASK("vm1.lab.test", 1, 0, "");
	/* extended; the newer of two wins, and gives the name back; FQDNs are cut */
	assert_int_equal(dns_lease_add(f->s, "vm1", &a, f->now + 3600 * USEC_PER_SEC), 0);
	ASK("vm1.lab.test", 1, 0, "vm1.lab.test. 60 IN A 192.168.122.77");
	assert_int_equal(dns_lease_add(f->s, "vm1.Lab.Test.", &b, USEC_INFINITY), 0);
	ASK("vm1.lab.test", 1, 0, "vm1.lab.test. 60 IN A 192.168.122.78");
	dns_lease_remove(f->s, "vm1", &b);
	ASK("vm1.lab.test", 1, 0, "vm1.lab.test. 60 IN A 192.168.122.77");
	dns_lease_remove(f->s, "vm1", &a);
	ASK("vm1.lab.test", 1, 3, "");
	ASK("77.122.168.192.in-addr.arpa", 12, 3, "");
	/* no guest takes a name of the definition */
	assert_int_equal(dns_lease_add(f->s, "www", &evil, USEC_INFINITY), 0);
	assert_int_equal(dns_lease_add(f->s, "_gateway", &evil, USEC_INFINITY), 0);
	assert_int_equal(dns_lease_add(f->s, "host", &evil, USEC_INFINITY), 0);
	ASK("www.lab.test", 1, 0, "www.lab.test. 60 IN A 192.168.122.10");
	ASK("_gateway", 1, 0, "_gateway. 60 IN A 192.168.122.1");
	ASK("host.lab.test", 1, 0, "host.lab.test. 60 IN A 192.168.122.1");
	assert_int_equal(dns_lease_add(f->s, "localhost", &evil, USEC_INFINITY), -EINVAL);
	assert_int_equal(dns_lease_add(f->s, "a.b", &evil, USEC_INFINITY), -EINVAL);
	assert_int_equal(dns_lease_add(f->s, "", &evil, USEC_INFINITY), -EINVAL);
	/* leases move to a new domain, at once */
	assert_int_equal(dns_lease_add(f->s, "vm2", &b, USEC_INFINITY), 0);
	free(cfg->domain);
	cfg->domain = strdup("moved");
	assert_int_equal(dns_server_configure(f->s, cfg, NULL), 0);
	ASK("vm2.moved", 1, 0, "vm2.moved. 60 IN A 192.168.122.78");
	ASK("vm2.lab.test", 1, 3, "");
	/* and with none at all */
	free(cfg->domain);
	cfg->domain = NULL;
	assert_int_equal(dns_server_configure(f->s, cfg, NULL), 0);
	ASK("vm2", 1, 0, "vm2. 60 IN A 192.168.122.78");
	ASK("78.122.168.192.in-addr.arpa", 12, 0, "78.122.168.192.in-addr.arpa. 60 IN PTR vm2.");
#undef ASK
	fixture_free(f);
	dns_config_free(cfg);
}

/* Many leases of one name cost nothing, and come and go in any order. */
static void many_leases(void **state)
{
	struct dns_config *cfg = lab_config();
	struct fixture *f = fixture_new(cfg);
	struct dns_client c = client_of("192.168.122.50", 4000);
	char name[32];

	for (unsigned i = 0; i < 5000; i++) {
		struct ip ip = ip_from_v4(0x0a000000 + i);
		snprintf(name, sizeof(name), i % 2 ? "ubuntu" : "vm%u", i);
		assert_int_equal(dns_lease_add(f->s, name, &ip, USEC_INFINITY), 0);
	}
	ask(f, &c, 1, "ubuntu.lab.test", 1, 0);
	check_reply(f, 0, 0, "ubuntu.lab.test. 60 IN A 10.0.19.135", NULL);
	for (unsigned i = 5000; i-- > 0;) {
		struct ip ip = ip_from_v4(0x0a000000 + i);
		snprintf(name, sizeof(name), i % 2 ? "ubuntu" : "vm%u", i);
		dns_lease_remove(f->s, name, &ip);
	}
	fixture_forget(f);
	ask(f, &c, 1, "ubuntu", 1, 0);
	check_reply(f, 0, 2, "", NULL); /* forwarded now, and there is no server */
	fixture_free(f);
	dns_config_free(cfg);
}

/* Isolated: nothing leaves, and what isn't ours is refused, not denied. */
static void isolated(void **state)
{
	struct dns_config *cfg = lab_config();
	cfg->forward = false;
	struct fixture *f = fixture_new(cfg);
	struct dns_client c = client_of("192.168.122.50", 4000);
	struct dns_upstream u = { ip_of("192.0.2.1"), 53 };
	static const struct {
		const char *name;
		int rcode;
	} cases[] = {
		{ "www.example.com", 5 }, { "com", 5 },          { "nope", 5 },
		{ "nope.lab.test", 3 },   { "www.lab.test", 0 }, { "9.9.9.9.in-addr.arpa", 5 },
		{ "x.test", 3 }
	};

	dns_server_set_upstreams(f->s, &u, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fixture_forget(f);
		ask(f, &c, 1, cases[i].name, 1, 0);
		assert_int_equal(f->n, 1);
		check_reply(f, 0, cases[i].rcode, NULL, NULL);
		ldns_pkt *p = decoded(f, 0);
		assert_false(ldns_pkt_ra(p));
		ldns_pkt_free(p);
	}
	fixture_free(f);
	dns_config_free(cfg);
}

static void who_may_ask(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
		bool tcp, host, answered;
	} cases[] = {
		{ "192.168.122.50", 4000, false, false, true },
		{ "192.168.122.1", 4000, false, false, true },
		{ "192.168.123.50", 4000, false, false, false },
		{ "8.8.8.8", 4000, false, false, false },
		{ "8.8.8.8", 4000, true, false, false },
		{ "10.0.0.1", 4000, false, true, true },
		{ "192.168.122.255", 4000, false, false, false },
		{ "255.255.255.255", 4000, false, false, false },
		{ "224.0.0.1", 4000, false, false, false },
		{ "0.0.0.0", 4000, false, false, false },
		{ "fe80::1", 4000, false, false, false },
		{ "192.168.122.50", 53, false, false, false },
		{ "192.168.122.50", 0, false, false, false },
		{ "192.168.122.50", 7, false, false, false },
		{ "192.168.122.50", 19, false, false, false },
		{ "192.168.122.50", 53, true, false, true },
	};
	struct dns_config *cfg = lab_config();
	struct fixture *f = fixture_new(cfg);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct dns_client c = client_of(cases[i].address, cases[i].port);
		c.tcp = cases[i].tcp;
		c.host = cases[i].host;
		fixture_forget(f);
		enum dns_counter r = ask(f, &c, 1, "www.lab.test", 1, 0);
		assert_int_equal(f->n, cases[i].answered);
		assert_int_equal(r, cases[i].answered ? DNS_N_LOCAL : DNS_N_DROP_SOURCE);
	}
	assert_int_equal(dns_counters(f->s)[DNS_N_DROP_SOURCE], 12);
	fixture_free(f);
	dns_config_free(cfg);
}

static void bad_configurations(void **state)
{
	struct dns_config *good = lab_config();
	struct fixture *f = fixture_new(good);
	struct dns_client c = client_of("192.168.122.50", 4000);
	struct ip ip = ip_of("10.0.0.1");
	char label[65] = { 0 };
	struct err e;

	memset(label, 'a', 64);
	for (unsigned i = 0; i < 6; i++) {
		struct dns_config *bad = dns_config_new(i == 0   ? "a..b"
							: i == 1 ? label
								 : "ok.test");
		int r = 0;
		if (i == 2)
			r = dns_config_add_host(bad, "", &ip, true);
		if (i == 3)
			r = dns_config_add_host(bad, label, &ip, true);
		if (i == 4)
			r = dns_config_add_srv(bad, "a..b", NULL, 1, 1, 1);
		if (i == 5)
			r = dns_config_add_subnet(bad, &ip, 33);
		assert_int_equal(r, 0);
		err_clear(&e);
		assert_true(dns_server_configure(f->s, bad, &e) < 0);
		assert_true(e.msg[0]);
		dns_config_free(bad);
	}
	/* the old one is in force */
	ask(f, &c, 1, "www.lab.test", 1, 0);
	check_reply(f, 0, 0, "www.lab.test. 60 IN A 192.168.122.10", NULL);
	fixture_free(f);
	dns_config_free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(local_answers), cmocka_unit_test(truncation),
		cmocka_unit_test(address_order), cmocka_unit_test(leases),
		cmocka_unit_test(many_leases),   cmocka_unit_test(isolated),
		cmocka_unit_test(who_may_ask),   cmocka_unit_test(bad_configurations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
