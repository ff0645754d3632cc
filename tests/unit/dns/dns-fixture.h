/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-fixture.h — a server under test: its actions are caught, its replies decoded by ldns (which
 * knows nothing of our code) and compared as text. */
#ifndef TESTS_DNS_FIXTURE_H
#define TESTS_DNS_FIXTURE_H

#include "dns/dns-message.h"
#include "dns/dns-view.h"
#include "dns/dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include <cmocka.h>
#include <ldns/ldns.h>

#define CAUGHT_MAX 256
struct caught {
	enum dns_action_kind kind;
	uint8_t *bytes; /* exact size, so that a sanitizer sees the first octet past it */
	size_t n;
	struct dns_client client;
	uint32_t exchange;
	struct dns_upstream server;
	bool tcp;
	enum dns_source source;
	unsigned rcode;
	usec_t took;
};

struct fixture {
	struct dns_server *s;
	usec_t now;
	struct caught caught[CAUGHT_MAX];
	size_t n;
	struct dns_out out;
};

static inline void fixture_catch(void *data, const struct dns_action *a)
{
	struct fixture *f = data;
	assert_true(f->n < CAUGHT_MAX);
	struct caught *c = &f->caught[f->n++];
	*c = (struct caught){ .kind = a->kind,
			      .n = a->n,
			      .exchange = a->exchange,
			      .server = a->server,
			      .tcp = a->tcp,
			      .source = a->source,
			      .rcode = a->rcode,
			      .took = a->took };
	if (a->client)
		c->client = *a->client;
	c->bytes = malloc(a->n ? a->n : 1);
	if (a->n)
		memcpy(c->bytes, a->bytes, a->n);
}

static inline void fixture_ignore(void *data, const struct dns_action *a)
{
}

static inline void fixture_forget(struct fixture *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->caught[i].bytes);
	f->n = 0;
}

static inline struct ip ip_of(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

static inline struct dns_client client_of(const char *address, uint16_t port)
{
	return (struct dns_client){ .address = ip_of(address), .port = port };
}

/* A query in wire form: RD set, EDNS with `size` unless 0, DO by `dnssec`. */
static inline size_t make_query(uint8_t *buf, size_t cap, uint16_t id, const char *name,
				uint16_t type, uint16_t size, bool dnssec)
{
	struct wr w = wr_over(buf, cap);
	struct dns_name n;

	assert_int_equal(dns_name_parse(name, &n), 0);
	wr_u16(&w, id);
	wr_u16(&w, DNS_RD);
	wr_u16(&w, 1);
	wr_u32(&w, 0);
	wr_u16(&w, size != 0);
	wr_bytes(&w, n.wire, n.n);
	wr_u16(&w, type);
	wr_u16(&w, 1);
	if (size) {
		wr_u8(&w, 0);
		wr_u16(&w, DNS_OPT);
		wr_u16(&w, size);
		wr_u32(&w, dnssec ? 0x8000 : 0);
		wr_u16(&w, 0);
	}
	assert_false(w.bad);
	return wr_len(&w);
}

static inline enum dns_counter feed(struct fixture *f, const struct dns_client *c,
				    const uint8_t *bytes, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	if (n)
		memcpy(exact, bytes, n);
	enum dns_counter r = dns_query(f->s, c, exact, n, f->now, &f->out);
	free(exact);
	return r;
}

static inline enum dns_counter ask(struct fixture *f, const struct dns_client *c, uint16_t id,
				   const char *name, uint16_t type, uint16_t size)
{
	uint8_t q[512];
	return feed(f, c, q, make_query(q, sizeof(q), id, name, type, size, false));
}

/* The i-th action caught must be a reply; decode it with ldns (the caller frees). */
static inline ldns_pkt *decoded(const struct fixture *f, size_t i)
{
	ldns_pkt *p = NULL;
	assert_true(i < f->n);
	assert_int_equal(f->caught[i].kind, DNS_REPLY);
	assert_int_equal(ldns_wire2pkt(&p, f->caught[i].bytes, f->caught[i].n), LDNS_STATUS_OK);
	return p;
}

/* "owner ttl type rdata" lines, "; "-separated, trailing dots as ldns prints them. */
static inline void rrs_text(const ldns_rr_list *list, char *buf, size_t cap)
{
	buf[0] = '\0';
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		char *text = ldns_rr2str(ldns_rr_list_rr(list, i));
		text[strcspn(text, "\n")] = '\0';
		for (char *t = text; *t; t++)
			if (*t == '\t')
				*t = ' ';
		size_t n = strlen(buf);
		snprintf(buf + n, cap - n, "%s%s", n ? "; " : "", text);
		free(text);
	}
}

static inline void check_reply(const struct fixture *f, size_t i, int rcode, const char *answer,
			       const char *authority)
{
	char text[16384];
	ldns_pkt *p = decoded(f, i);

	assert_true(ldns_pkt_qr(p));
	assert_int_equal(ldns_pkt_get_rcode(p), rcode);
	rrs_text(ldns_pkt_answer(p), text, sizeof(text));
	if (answer)
		assert_string_equal(text, answer);
	rrs_text(ldns_pkt_authority(p), text, sizeof(text));
	if (authority)
		assert_string_equal(text, authority);
	ldns_pkt_free(p);
}

static inline struct fixture *fixture_new(const struct dns_config *c)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = { 0 };

	f->s = dns_server_new(c, &e);
	if (!f->s)
		fail_msg("%s", e.msg);
	f->now = 1000 * USEC_PER_SEC;
	f->out = (struct dns_out){ fixture_catch, f };
	return f;
}

static inline void fixture_free(struct fixture *f)
{
	fixture_forget(f);
	dns_server_free(f->s);
	free(f);
}

/* The network 'lab': 192.168.122.1/24, domain lab.test, some names of each kind. */
static inline struct dns_config *lab_config(void)
{
	struct dns_config *c = dns_config_new("lab.test");
	struct ip gw = ip_of("192.168.122.1"), web = ip_of("192.168.122.10"),
		  web2 = ip_of("10.9.8.7"), six = ip_of("fd00::10"), other = ip_of("203.0.113.9");
	char big[601];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(dns_config_add_subnet(c, &gw, 24), 0);
	assert_int_equal(dns_config_add_host(c, "web", &web, true), 0);
	assert_int_equal(dns_config_add_host(c, "www", &web, true), 0);
	assert_int_equal(dns_config_add_host(c, "web", &web2, true), 0);
	assert_int_equal(dns_config_add_host(c, "six", &six, true), 0);
	assert_int_equal(dns_config_add_host(c, "override.example.com", &other, true), 0);
	assert_int_equal(dns_config_add_txt(c, "info.lab.test", "hello world"), 0);
	assert_int_equal(dns_config_add_txt(c, "big.lab.test", big), 0);
	assert_int_equal(dns_config_add_srv(c, "_ldap._tcp", "web", 389, 10, 20), 0);
	assert_int_equal(dns_config_add_srv(c, "_none._udp", NULL, 0, 0, 0), 0);
	return c;
}

#endif
