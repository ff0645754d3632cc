/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the controller tells the dns worker: there and back, cut anywhere, and from a definition. */
#include "netd/messages/messages-dns.h"
#include "network/xml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ip ip_of(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

static struct dns_config *full_config(void)
{
	struct dns_config *c = dns_config_new("lab.test");
	struct ip gw = ip_of("192.168.122.1"), v6 = ip_of("fd00::1"), none = { 0 };
	int r = 0;

	c->local_only = c->rebind_protection = true;
	c->forward_plain_names = false;
	r |= dns_config_add_subnet(c, &gw, 24);
	r |= dns_config_add_subnet(c, &v6, 64);
	r |= dns_config_add_forwarder(c, &gw, 5353, NULL);
	r |= dns_config_add_forwarder(c, &none, 0, "corp.example.com");
	r |= dns_config_add_host(c, "web", &gw, true);
	r |= dns_config_add_host(c, "web6", &v6, false);
	r |= dns_config_add_txt(c, "t.lab.test", "some text");
	r |= dns_config_add_srv(c, "_a._tcp", NULL, 1, 2, 3);
	assert_int_equal(r, 0);
	return c;
}

static void config_there_and_back(void **state)
{
	struct dns_config *c = full_config(), *d;
	uint8_t *body;
	uint32_t id;
	size_t n;

	assert_int_equal(message_dns_config_encode(9, c, &body, &n), 0);
	assert_int_equal(message_dns_config_decode(body, n, &id, &d), 0);
	assert_int_equal(id, 9);
	assert_string_equal(d->domain, "lab.test");
	assert_true(d->local_only && d->forward && !d->forward_plain_names && d->rebind_protection);
	assert_int_equal(d->n_subnets, 2);
	assert_true(ip_equal(&d->subnets[1].gateway, &c->subnets[1].gateway));
	assert_int_equal(d->subnets[1].prefix, 64);
	assert_int_equal(d->n_forwarders, 2);
	assert_int_equal(d->forwarders[0].port, 5353);
	assert_null(d->forwarders[0].domain);
	assert_false(ip_is_set(&d->forwarders[1].address));
	assert_string_equal(d->forwarders[1].domain, "corp.example.com");
	assert_int_equal(d->n_hosts, 2);
	assert_string_equal(d->hosts[1].name, "web6");
	assert_true(d->hosts[0].ptr && !d->hosts[1].ptr);
	assert_string_equal(d->txts[0].value, "some text");
	assert_int_equal(d->srvs[0].weight, 3);
	dns_config_free(d);
	/* every shorter body, and a longer one, is none */
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *exact = memcpy(malloc(cut + 1), body, cut);
		assert_int_equal(message_dns_config_decode(exact, cut, &id, &d), -EPROTO);
		free(exact);
	}
	uint8_t *longer = calloc(1, n + 4);
	memcpy(longer, body, n);
	assert_int_equal(message_dns_config_decode(longer, n + 4, &id, &d), -EPROTO);
	longer[3] = 0; /* network 0 */
	assert_int_equal(message_dns_config_decode(longer, n, &id, &d), -EPROTO);
	free(longer);
	free(body);
	dns_config_free(c);
}

static void hosts_come_and_go(void **state)
{
	struct dns_config *c = dns_config_new("lab");
	struct message_dns_hosts m = { 7, dns_config_new(NULL), dns_config_new(NULL) }, d;
	struct ip one = ip_of("10.0.0.1"), two = ip_of("10.0.0.2"), three = ip_of("10.0.0.3");
	uint8_t *body;
	size_t n;

	assert_int_equal(dns_config_add_host(c, "one", &one, true), 0);
	assert_int_equal(dns_config_add_host(c, "two", &two, true), 0);
	assert_int_equal(dns_config_add_host(c, "one", &one, true), 0); /* of a static host */
	assert_int_equal(dns_config_add_host(m.gone, "one", &one, true), 0);
	assert_int_equal(dns_config_add_host(m.come, "three", &three, true), 0);
	assert_int_equal(message_dns_hosts_encode(&m, &body, &n), 0);
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *exact = memcpy(malloc(cut + 1), body, cut);
		assert_int_equal(message_dns_hosts_decode(exact, cut, &d), -EPROTO);
		free(exact);
	}
	assert_int_equal(message_dns_hosts_decode(body, n, &d), 0);
	assert_int_equal(d.net_id, 7);
	assert_int_equal(message_dns_hosts_apply(&d, c), 0);
	assert_int_equal(c->n_hosts, 3);
	assert_string_equal(c->hosts[0].name, "one");
	assert_string_equal(c->hosts[2].name, "three");
	assert_int_equal(message_dns_hosts_apply(&d, c), 0);
	assert_int_equal(message_dns_hosts_apply(&d, c), -EPROTO); /* there is none any more */
	message_dns_hosts_done(&d);
	message_dns_hosts_done(&m);
	free(body);
	dns_config_free(c);
}

static void small_bodies(void **state)
{
	uint8_t buf[DNS_MESSAGE_SMALL];
	struct message_dns_lease lease = { 5, true, "vm1", ip_of("10.0.0.7"), 123456789 }, lease2;
	struct message_dns_upstreams up = { 2,
					    { { ip_of("10.0.0.1"), 53 },
					      { ip_of("fd00::1"), 5353 } } },
				     up2;
	struct message_dns_counters counters = { .net_id = 5 }, counters2;
	uint32_t id, mask;
	struct wr w = wr_over(buf, sizeof(buf));

	message_dns_lease_encode(&w, &lease);
	assert_int_equal(message_dns_lease_decode(buf, wr_len(&w), &lease2), 0);
	assert_string_equal(lease2.name, "vm1");
	assert_true(lease2.add && lease2.net_id == 5 && lease2.expires == 123456789);
	assert_true(ip_equal(&lease.ip, &lease2.ip));
	for (size_t n = 0; n < wr_len(&w); n++)
		assert_int_equal(message_dns_lease_decode(buf, n, &lease2), -EPROTO);
	memset(lease.name, 'a', sizeof(lease.name) - 1);
	w = wr_over(buf, sizeof(buf));
	message_dns_lease_encode(&w, &lease);
	assert_int_equal(message_dns_lease_decode(buf, wr_len(&w), &lease2), 0);
	assert_int_equal(strlen(lease2.name), 255);

	w = wr_over(buf, sizeof(buf));
	message_dns_upstreams_encode(&w, &up);
	assert_int_equal(message_dns_upstreams_decode(buf, wr_len(&w), &up2), 0);
	assert_int_equal(up2.n, 2);
	assert_int_equal(up2.server[1].port, 5353);
	for (size_t n = 0; n < wr_len(&w); n++)
		assert_int_equal(message_dns_upstreams_decode(buf, n, &up2), -EPROTO);
	buf[3] = DNS_UPSTREAMS_MAX + 1;
	assert_int_equal(message_dns_upstreams_decode(buf, sizeof(buf), &up2), -EPROTO);

	for (unsigned i = 0; i < DNS_COUNTER_COUNT; i++)
		counters.counter[i] = i * UINT64_C(10000000000);
	w = wr_over(buf, sizeof(buf));
	message_dns_counters_encode(&w, &counters);
	assert_false(w.bad);
	assert_int_equal(message_dns_counters_decode(buf, wr_len(&w), &counters2), 0);
	assert_memory_equal(counters.counter, counters2.counter, sizeof(counters.counter));
	assert_int_equal(message_dns_counters_decode(buf, wr_len(&w) - 8, &counters2), -EPROTO);

	w = wr_over(buf, sizeof(buf));
	message_dns_net_encode(&w, 77);
	assert_int_equal(message_dns_net_decode(buf, wr_len(&w), &id), 0);
	assert_int_equal(id, 77);
	assert_int_equal(message_dns_net_decode(buf, 3, &id), -EPROTO);
	w = wr_over(buf, sizeof(buf));
	message_dns_sockets_encode(&w, 77, 0x33);
	assert_int_equal(message_dns_sockets_decode(buf, wr_len(&w), &id, &mask), 0);
	assert_int_equal(mask, 0x33);
	assert_int_equal(message_dns_sockets_decode(buf, 7, &id, &mask), -EPROTO);
	w = wr_over(buf, sizeof(buf));
	message_dns_sockets_encode(&w, 77, 1u << DNS_SOCKET_COUNT);
	assert_int_equal(message_dns_sockets_decode(buf, wr_len(&w), &id, &mask), -EPROTO);
}

static const char document[] =
    "<network><name>lab</name><forward mode='nat'/><bridge name='virbr7'/>"
    "<domain name='lab.example' localOnly='yes'/>"
    "<dns forwardPlainNames='no'>"
    "<forwarder addr='192.0.2.1'/><forwarder domain='corp.example'/>"
    "<txt name='t' value='v'/>"
    "<host ip='10.7.0.5'><hostname>web</hostname><hostname>www.elsewhere.example</hostname></host>"
    "<srv service='ldap' protocol='tcp' target='web'/>"
    "<srv service='x' protocol='udp' domain='d.example' target='a.b' port='99' priority='1' "
    "weight='2'/>"
    "<srv service='none' protocol='tcp'/>"
    "</dns>"
    "<ip address='10.7.0.1' netmask='255.255.255.0'><dhcp>"
    "<host mac='52:54:00:00:00:01' name='vm1' ip='10.7.0.9'/>"
    "<host mac='52:54:00:00:00:02' ip='10.7.0.10'/>"
    "</dhcp></ip></network>";

static void from_a_definition(void **state)
{
	struct err e = { 0 };
	struct network *n = NULL;

	if (network_parse(document, strlen(document), 0, &n, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	struct dns_config *c = dns_config_from_network(n);
	assert_string_equal(c->domain, "lab.example");
	assert_true(c->local_only && c->forward && !c->forward_plain_names &&
		    !c->rebind_protection);
	assert_int_equal(c->n_subnets, 1);
	assert_int_equal(c->subnets[0].prefix, 24);
	assert_int_equal(c->n_hosts, 3);
	assert_string_equal(c->hosts[0].name, "web");
	assert_true(c->hosts[0].ptr);
	assert_false(c->hosts[1].ptr);
	assert_string_equal(c->hosts[2].name, "vm1");
	assert_int_equal(c->n_forwarders, 2);
	assert_string_equal(c->forwarders[1].domain, "corp.example");
	assert_int_equal(c->n_srvs, 3);
	assert_string_equal(c->srvs[0].owner, "_ldap._tcp");
	assert_int_equal(c->srvs[0].port, 1); /* as dnsmasq has it */
	assert_string_equal(c->srvs[1].owner, "_x._udp.d.example");
	assert_int_equal(c->srvs[1].port, 99);
	assert_int_equal(c->srvs[2].port, 0);
	struct dns_server *s = dns_server_new(c, &e);
	if (!s)
		fail_msg("%s", e.msg);
	dns_server_free(s);
	dns_config_free(c);
	n->forward.mode = FORWARD_NONE;
	c = dns_config_from_network(n);
	assert_false(c->forward);
	dns_config_free(c);
	network_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_there_and_back),
		cmocka_unit_test(hosts_come_and_go),
		cmocka_unit_test(small_bodies),
		cmocka_unit_test(from_a_definition),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
