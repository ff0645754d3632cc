/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-options.c — <netd:network> in <metadata>: what is refused, and automatic subnets. */
#include "network/options.h"
#include "network/update.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NETD(inside)                                                                               \
	"<metadata>\n<netd:network xmlns:netd='urn:netd:network:1'>" inside                        \
	"</netd:network></metadata>"
#define NET(inside)   "<network><name>t</name>" inside "</network>"
#define SUBNET(attrs) NET(NETD("\n<netd:subnet " attrs "/>"))
#define NAT           "<forward mode='nat'/>"
#define IP4           "<ip address='192.168.7.1' prefix='24'/>"
#define OWN           ERR_CONFIG_UNSUPPORTED

static struct network *parse(const char *xml, unsigned flags, struct network_warnings *w,
			     struct err *e)
{
	struct network *n = NULL;

	return network_parse(xml, strlen(xml), flags, &n, w, e) < 0 ? NULL : n;
}

/* clang-format off */
static const struct {
	const char *name, *xml;
	enum err_class class; /* ERR_NONE: accepted */
	const char *part;     /* of the message, or of the one warning */
} rows[] = {
	{ "empty", NET(NETD("")), 0 },
	{ "subnet", SUBNET("prefix='24' from='10.64.0.0/10'"), 0 },
	{ "subnet by default", SUBNET(""), 0 },
	{ "subnet of nat", NET(NAT NETD("<netd:subnet/>")), 0 },
	{ "another prefix of the namespace", NET("<metadata><x:network xmlns:x='urn:netd:network:1'><x:subnet/></x:network></metadata>"), 0 },
	{ "the default namespace", NET("<metadata><network xmlns='urn:netd:network:1'><subnet/></network></metadata>"), 0 },
	{ "both families", NET(NETD("<netd:subnet/><netd:subnet from='fd00:1::/48'/>")), 0 },
	{ "nat without ip or subnet", NET(NAT NETD("")), ERR_XML, "no IP address provided" },
	{ "unknown element", NET(NETD("\n<netd:subnt/>")), ERR_XML, "line 3: the element 'subnt' is not known in <netd:network>; probably 'subnet' is meant" },
	{ "unknown attribute", SUBNET("prefx='24'"), ERR_XML, "line 3: the attribute 'prefx' is not known in <netd:subnet>; probably 'prefix' is meant" },
	{ "unknown attribute of the root", NET("<metadata><netd:network xmlns:netd='urn:netd:network:1' a='b'/></metadata>"), ERR_XML, "the attribute 'a' is not known in <netd:network>" },
	{ "dns", NET(NETD("<netd:dns order='strict' rebindProtection='yes'/>")), 0 },
	{ "dns order", NET(NETD("\n<netd:dns order='random'/>")), ERR_XML, "line 3: <dns order='random'>" },
	{ "dns records", NET(NETD("<netd:dns><netd:alias name='www' of='web' ttl='5'/><netd:mx exchange='m' name='x' preference='0'/><netd:caa tag='issue' value='' name='y' flags='128'/><netd:wildcard name='apps' ip='fd00::1'/></netd:dns>") "<domain name='lab'/>"), 0 },
	{ "alias of nothing", NET(NETD("\n<netd:dns><netd:alias name='www'/></netd:dns>")), ERR_XML, "line 3" },
	{ "alias of others", NET(NETD("\n<netd:dns><netd:alias name='www' of='www.example.org'/></netd:dns>") "<domain name='lab'/>"), OWN, "must be of a name of this network" },
	{ "alias of the domain's", NET(NETD("<netd:dns><netd:alias name='www' of='web.lab'/></netd:dns>") "<domain name='lab'/>"), 0 },
	{ "alias of itself", NET(NETD("<netd:dns><netd:alias name='www' of='www.LAB'/></netd:dns>") "<domain name='lab'/>"), OWN, "alias of itself" },
	{ "alias and host", NET(NETD("<netd:dns><netd:alias name='www.lab' of='web'/></netd:dns>") "<domain name='lab'/>\n<dns><host ip='192.168.7.9'><hostname>www</hostname></host></dns>"), OWN, "has an address already (line 3)" },
	{ "alias twice", NET(NETD("<netd:dns><netd:alias name='a' of='b'/>\n<netd:mx name='A' exchange='c'/></netd:dns>")), OWN, "is used in line 3 too" },
	{ "alias with a bad name", NET(NETD("<netd:dns><netd:alias name='a..b' of='b'/></netd:dns>")), ERR_XML, "is not a domain name" },
	{ "mx without a domain", NET(NETD("<netd:dns><netd:mx exchange='m'/></netd:dns>")), OWN, "there is no <domain>" },
	{ "mx preference", NET(NETD("<netd:dns><netd:mx exchange='m' preference='65536'/></netd:dns>") "<domain name='lab'/>"), ERR_XML, "preference='65536'" },
	{ "caa tag", NET(NETD("<netd:dns><netd:caa tag='is-sue' value='x'/></netd:dns>") "<domain name='lab'/>"), ERR_XML, "is not a property" },
	{ "wildcard without address", NET(NETD("<netd:dns><netd:wildcard name='apps'/></netd:dns>")), ERR_XML, "ip" },
	{ "ttl", NET(NETD("<netd:dns><netd:alias name='a' of='b' ttl='86401'/></netd:dns>")), ERR_XML, "ttl='86401'" },
	{ "zone", NET(NETD("<netd:dns><netd:zone file='/etc/z'/></netd:dns>") "<domain name='lab'/>"), 0 },
	{ "zone without a domain", NET(NETD("\n<netd:dns><netd:zone file='/etc/z'/></netd:dns>")), OWN, "there is no <domain>" },
	{ "zone elsewhere", NET(NETD("<netd:dns><netd:zone file='z'/></netd:dns>") "<domain name='lab'/>"), ERR_XML, "is not an absolute path" },
	{ "zone twice", NET(NETD("<netd:dns><netd:zone file='/z'/><netd:zone file='/y'/></netd:dns>") "<domain name='lab'/>"), ERR_XML, "zone" },
	{ "dns twice", NET(NETD("<netd:dns/><netd:dns/>")), ERR_XML, "dns" },
	{ "no prefix", NET(NETD("<subnet/>")), ERR_XML, "give it the same prefix" },
	{ "text", NET(NETD("x")), ERR_XML, "the text 'x' is not known in <netd:network>" },
	{ "something inside", NET(NETD("<netd:subnet><netd:subnet/></netd:subnet>")), ERR_XML, "is not known in <netd:subnet>" },
	{ "another root", NET("<metadata><netd:subnet xmlns:netd='urn:netd:network:1'/></metadata>"), ERR_XML, "must stand inside of <netd:network>" },
	{ "two roots", NET("<metadata><n:network xmlns:n='urn:netd:network:1'/><n:network xmlns:n='urn:netd:network:1'/></metadata>"), ERR_XML, "is there twice" },
	{ "another version", NET("<metadata><n:network xmlns:n='urn:netd:network:2'/></metadata>"), OWN, "'urn:netd:network:2' is not known" },
	{ "outside of metadata", NET("<n:network xmlns:n='urn:netd:network:1'/>"), 0, "the element 'network' is not known" },
	{ "no number", SUBNET("prefix='/24'"), ERR_XML, "<subnet prefix='/24'> is not a number" },
	{ "no subnet", SUBNET("from='10.64.0.0'"), ERR_XML, "is not a subnet" },
	{ "no address", SUBNET("from='x/8'"), ERR_XML, "is not a subnet" },
	{ "no length", SUBNET("from='10.0.0.0/33'"), ERR_XML, "is not a subnet" },
	{ "bits behind the prefix", SUBNET("from='10.64.0.1/10'"), ERR_XML, "write 10.64.0.0/10" },
	{ "shorter than from", SUBNET("prefix='9'"), OWN, "the prefix must be from 10 to 30" },
	{ "too long", SUBNET("prefix='31'"), OWN, "the prefix must be from 10 to 30" },
	{ "too long for IPv6", SUBNET("prefix='65' from='fd00::/48'"), OWN, "from 48 to 64" },
	{ "loopback", SUBNET("from='127.0.0.0/8'"), OWN, "no bridge can have" },
	{ "multicast", SUBNET("from='ff00::/8'"), OWN, "no bridge can have" },
	{ "everything", SUBNET("from='0.0.0.0/0'"), OWN, "no bridge can have" },
	{ "twice", NET(NETD("<netd:subnet/>\n<netd:subnet/>")), OWN, "line 3: <netd:subnet> is there twice for one family (line 2 too)" },
	{ "a bridge of the host", NET("<forward mode='bridge'/><bridge name='br0'/>" NETD("<netd:subnet/>")), OWN, "needs a bridge that is made for the network" },
	{ "another ip", NET(NETD("<netd:subnet/>") IP4), 0, "has no effect: the network has <ip address='192.168.7.1'>" },
	{ "the chosen ip", NET(NETD("<netd:subnet from='192.168.0.0/16'/>") IP4), 0 },
};
/* clang-format on */

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network_warnings w = { 0 };
		struct err e = { 0 };
		struct network *n = parse(rows[i].xml, 0, &w, &e);
		const char *said = !n ? e.msg : w.n ? w.line[0] : NULL;

		if (e.class != rows[i].class || !said != !rows[i].part ||
		    (said && !strstr(said, rows[i].part)))
			fail_msg("%s: error %u '%s'", rows[i].name, e.class, said ? said : "");
		network_free(n);
		network_warnings_done(&w);
		/* None of this keeps a stored network from being loaded, but what libvirt refuses.
		 */
		n = parse(rows[i].xml, NETWORK_PARSE_STORED, NULL, &e);
		if (rows[i].class == OWN)
			assert_non_null(n);
		network_free(n);
	}
}

/* The schema knows the same. */
static void test_schema(void **state)
{
	struct err e = { 0 };
	struct network *n = parse(SUBNET("from='fd00:1::/48'"), NETWORK_PARSE_VALIDATE, NULL, &e);

	assert_non_null(n);
	network_free(n);
	assert_null(parse(NET(NETD("<netd:subnt/>")), NETWORK_PARSE_VALIDATE, NULL, &e));
	assert_int_equal(e.class, ERR_XML_INVALID_SCHEMA);
}

static void test_apply(void **state)
{
	static const struct {
		const char *attrs;
		uint64_t index;
		const char *ip;
	} all[] = {
		{ "prefix='24' from='10.64.0.0/10'", 0,
		  "  <ip address='10.64.0.1' netmask='255.255.255.0'>\n    <dhcp>\n"
		  "      <range start='10.64.0.2' end='10.64.0.254'/>\n    </dhcp>\n  </ip>\n" },
		{ "prefix='24' from='10.64.0.0/10'", 16383,
		  "  <ip address='10.127.255.1' netmask='255.255.255.0'>\n    <dhcp>\n"
		  "      <range start='10.127.255.2' end='10.127.255.254'/>\n" },
		{ "prefix='30' from='10.1.0.0/16'", 1,
		  "  <ip address='10.1.0.5' netmask='255.255.255.252'>\n    <dhcp>\n"
		  "      <range start='10.1.0.6' end='10.1.0.6'/>\n" },
		{ "prefix='12' from='10.0.0.0/8'", 1,
		  "  <ip address='10.16.0.1' netmask='255.240.0.0'>\n    <dhcp>\n"
		  "      <range start='10.16.0.2' end='10.17.0.1'/>\n" },
		{ "from='fd00:1:2::/48'", 0x1ff,
		  "  <ip family='ipv6' address='fd00:1:2:1ff::1' prefix='64'>\n  </ip>\n" },
		{ "from='fd00:1:2:3::/64'", 0,
		  "  <ip family='ipv6' address='fd00:1:2:3::1' prefix='64'>\n  </ip>\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char xml[512];
		snprintf(xml, sizeof(xml), NET(NAT NETD("<netd:subnet %s/>")), all[i].attrs);
		struct network *n = parse(xml, 0, NULL, NULL);
		assert_non_null(n);
		const struct netd_subnet *s = network_open_subnet(n);
		assert_non_null(s);
		assert_true(all[i].index < network_subnet_count(s));
		struct ip net = network_subnet_at(s, all[i].index);
		assert_int_equal(network_apply_subnet(n, &net, s->prefix), 0);
		assert_null(network_open_subnet(n));
		auto_free char *text = network_format(n, 0, 0);
		assert_non_null(strstr(text, all[i].ip));
		assert_non_null(strstr(text, "<netd:subnet "));
		network_free(n);
		n = parse(text, 0, NULL, NULL); /* is valid, and the same when it is read again */
		assert_non_null(n);
		assert_null(network_open_subnet(n));
		network_free(n);
	}
}

static void test_count(void **state)
{
	static const struct netd_subnet subnets[] = {
		{ .from = { .family = AF_INET }, .from_prefix = 10, .prefix = 24 },
		{ .from = { .family = AF_INET }, .from_prefix = 24, .prefix = 24 },
		{ .from = { .family = AF_INET }, .from_prefix = 24, .prefix = 16 },
		{ .from = { .family = AF_INET }, .from_prefix = 10, .prefix = 31 },
		{ .from = { .family = AF_INET6 }, .from_prefix = 48, .prefix = 64 },
		{ .from = { .family = AF_INET6 }, .from_prefix = 0, .prefix = 64 },
	};
	static const uint64_t counts[] = { 16384, 1, 0, 0, 65536, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_LEN(subnets); i++)
		assert_int_equal(network_subnet_count(&subnets[i]), counts[i]);
}

/* net-metadata is a way to write the element; what it says is judged as in a definition. */
static void test_set(void **state)
{
	struct network *old = parse(NET(IP4), 0, NULL, NULL), *n = NULL;
	struct err e = { 0 };

	assert_int_equal(network_set_metadata(old, NETWORK_METADATA_ELEMENT,
					      "<network><subnet prefix='24'/></network>", "netd",
					      "urn:netd:network:1", &n, &e),
			 0);
	assert_int_equal(n->options.n_subnets, 1);
	network_free(n);
	assert_true(network_set_metadata(old, NETWORK_METADATA_ELEMENT,
					 "<network><subnt/></network>", "netd",
					 "urn:netd:network:1", &n, &e) < 0);
	assert_int_equal(e.class, ERR_XML);
	assert_non_null(strstr(e.msg, "probably 'subnet' is meant"));
	network_free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),  cmocka_unit_test(test_schema),
		cmocka_unit_test(test_apply), cmocka_unit_test(test_count),
		cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
