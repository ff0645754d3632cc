/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's octets to a server with names of every kind. What is sent back must be a message that
 * ldns can read, no longer than the transport allows, with the query's id; and what we can read of
 * the query is what ldns reads. */
#include "dns/dns-message.h"
#include "dns/dns.h"
#include "tests/unit/dns/dns-agree.h"

#include <ldns/ldns.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t limit;

static void check(void *data, const struct dns_action *a)
{
	ldns_pkt *p = NULL;

	if (a->kind != DNS_REPLY)
		return;
	if (a->n > limit || a->n < DNS_HEADER_OCTETS || memcmp(a->bytes, input, 2) != 0 ||
	    ldns_wire2pkt(&p, a->bytes, a->n) != LDNS_STATUS_OK)
		abort();
	ldns_pkt_free(p);
}

static struct dns_server *make_server(void)
{
	struct dns_config *c = dns_config_new("lab.test");
	struct ip gw = ip_from_v4(0xc0a87a01), web = ip_from_v4(0xc0a87a0a),
		  six = { AF_INET6, .v6 = { 0xfd } };
	char big[601];
	int r = 0;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	r |= dns_config_add_subnet(c, &gw, 24);
	r |= dns_config_add_host(c, "web", &web, true);
	r |= dns_config_add_host(c, "web", &gw, true);
	r |= dns_config_add_host(c, "web", &six, true);
	r |= dns_config_add_txt(c, "big.lab.test", big);
	r |= dns_config_add_srv(c, "_ldap._tcp", "web", 389, 1, 1);
	struct dns_server *s = dns_server_new(c, NULL);
	dns_config_free(c);
	if (r < 0 || !s || dns_lease_add(s, "vm", &web, USEC_INFINITY) < 0)
		abort();
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_server *s;
	struct dns_client c = { .address = { AF_INET, .v4 = 0xc0a87a32 }, .port = 4000 };
	const struct dns_out out = { check, NULL };

	if (!s)
		s = make_server();
	if (!dns_agree(data, size))
		abort();
	input = data;
	limit = DNS_UDP_MAX;
	(void)dns_query(s, &c, data, size, USEC_PER_SEC, &out);
	c.tcp = true;
	limit = DNS_TCP_MAX;
	(void)dns_query(s, &c, data, size, USEC_PER_SEC, &out);
	return 0;
}
