/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-agree.h — our reading of a query beside that of ldns: what we take, ldns must take too, and
 * see the same in it. (The other way round it doesn't hold: ldns is lax.) */
#ifndef TESTS_DNS_AGREE_H
#define TESTS_DNS_AGREE_H

#include "dns/dns-message.h"

#include <ldns/ldns.h>

static inline bool agree_question(const struct dns_request *q, const ldns_pkt *p)
{
	const ldns_rr_list *questions = ldns_pkt_question(p);

	if (ldns_rr_list_rr_count(questions) != 1)
		return false;
	const ldns_rr *one = ldns_rr_list_rr(questions, 0);
	const ldns_rdf *owner = ldns_rr_owner(one);
	return (unsigned)ldns_rr_get_type(one) == q->type &&
	       (unsigned)ldns_rr_get_class(one) == q->class && ldns_rdf_size(owner) == q->name.n &&
	       memcmp(ldns_rdf_data(owner), q->name.wire, q->name.n) == 0;
}

static inline bool agree_edns(const struct dns_request *q, const ldns_pkt *p)
{
	return ldns_pkt_edns(p) == q->edns && (!q->edns || ldns_pkt_edns_do(p) == q->dnssec_ok);
}

/* False: they differ. */
static inline bool dns_agree(const uint8_t *bytes, size_t n)
{
	struct dns_request q;
	ldns_pkt *p = NULL;

	if (dns_request_parse(&q, bytes, n) != DNS_PARSE_ANSWER || q.rcode == DNS_FORMERR ||
	    !q.has_question)
		return true;
	if (ldns_wire2pkt(&p, bytes, n) != LDNS_STATUS_OK)
		return false;
	bool same = ldns_pkt_id(p) == q.id && ldns_pkt_rd(p) == !!(q.flags & DNS_RD) &&
		    ldns_pkt_cd(p) == !!(q.flags & DNS_CD) && agree_question(&q, p) &&
		    agree_edns(&q, p);
	ldns_pkt_free(p);
	return same;
}

#endif
