/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forward-fixture.h — the forwarder under test: scripts of (time, message in) -> actions out.
 * Upstream answers are built by ldns from text, and then bent where the test is about hostile ones.
 */
#ifndef TESTS_FORWARD_FIXTURE_H
#define TESTS_FORWARD_FIXTURE_H

#include "dns-fixture.h"

#define S1 "192.0.2.1"
#define S2 "192.0.2.2"

static inline struct fixture *two_servers(struct dns_config *cfg)
{
	struct fixture *f = fixture_new(cfg);
	struct dns_upstream u[] = { { ip_of(S1), 53 }, { ip_of(S2), 5353 } };

	dns_server_set_upstreams(f->s, u, 2);
	return f;
}

struct world {
	struct dns_config *cfg;
	struct fixture *f;
	struct dns_client c;
};

static inline int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	w->cfg = lab_config();
	w->cfg->strict_order = true;
	w->f = two_servers(w->cfg);
	w->c = client_of("192.168.122.50", 4000);
	*state = w;
	return 0;
}

static inline int teardown(void **state)
{
	struct world *w = *state;
	fixture_free(w->f);
	dns_config_free(w->cfg);
	free(w);
	return 0;
}

/* The i-th of the actions caught of one kind. */
static inline struct caught *nth(struct fixture *f, enum dns_action_kind kind, unsigned i)
{
	for (size_t k = 0; k < f->n; k++)
		if (f->caught[k].kind == kind && i-- == 0)
			return &f->caught[k];
	return NULL;
}

static inline unsigned count(struct fixture *f, enum dns_action_kind kind)
{
	unsigned n = 0;
	while (nth(f, kind, n))
		n++;
	return n;
}

static inline void push(ldns_pkt *p, ldns_pkt_section section, const char *rrs)
{
	char *copy = strdup(rrs), *rest = copy, *one;

	while ((one = strsep(&rest, ";"))) {
		ldns_rr *rr = NULL;
		one += strspn(one, " ");
		if (*one == '\0')
			continue;
		assert_int_equal(ldns_rr_new_frm_str(&rr, one, 0, NULL, NULL), LDNS_STATUS_OK);
		assert_true(ldns_pkt_push_rr(p, section, rr));
	}
	free(copy);
}

/* The server's answer to a query that was sent; the caller frees. */
static inline uint8_t *answer_to(const struct caught *sent, int rcode, const char *answer,
				 const char *authority, const char *additional, size_t *ret_n)
{
	ldns_pkt *p = NULL;
	uint8_t *wire = NULL;

	assert_int_equal(ldns_wire2pkt(&p, sent->bytes, sent->n), LDNS_STATUS_OK);
	ldns_pkt_set_qr(p, true);
	ldns_pkt_set_ra(p, true);
	ldns_pkt_set_rcode(p, (uint8_t)rcode);
	push(p, LDNS_SECTION_ANSWER, answer);
	push(p, LDNS_SECTION_AUTHORITY, authority);
	push(p, LDNS_SECTION_ADDITIONAL, additional);
	assert_int_equal(ldns_pkt2wire(&wire, p, ret_n), LDNS_STATUS_OK);
	ldns_pkt_free(p);
	return wire;
}

/* Let the server answer `sent`. Actions caught before are forgotten. */
static inline void deliver(struct fixture *f, const struct caught *sent, int rcode,
			   const char *answer, const char *authority)
{
	size_t n;
	uint8_t *wire = answer_to(sent, rcode, answer, authority, "", &n);
	uint32_t exchange = sent->exchange;

	fixture_forget(f);
	dns_upstream_reply(f->s, exchange, wire, n, f->now, &f->out);
	free(wire);
}

static inline void ask_again(struct world *w, uint16_t id, const char *name, uint16_t type)
{
	fixture_forget(w->f);
	ask(w->f, &w->c, id, name, type, 1232);
}

static inline void advance(struct fixture *f, unsigned msec)
{
	f->now += msec * USEC_PER_MSEC;
	fixture_forget(f);
	dns_tick(f->s, f->now, &f->out);
}

#define WWW_A "www.example.com. 300 IN A 203.0.113.5"
#define SOA   "example.com. 900 IN SOA ns.example.com. root.example.com. 1 2 3 4 600"

#endif
