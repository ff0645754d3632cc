/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-schema.c — what --validate refuses beyond a plain definition, and what it leaves to the
 * other judges. The verdicts on values are those of libvirt's schema. */
#include "base/text.h"
#include "network/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NET(inside)  "<network>\n<name>t</name>\n" inside "\n</network>"
#define IP(inside)   NET("<ip address='10.99.1.1' netmask='255.255.255.0'>" inside "</ip>")
#define DHCP(inside) IP("<dhcp>\n" inside "\n</dhcp>")
#define SCHEMA       ERR_XML_INVALID_SCHEMA
#define OWN          ERR_CONFIG_UNSUPPORTED

/* clang-format off */
static const struct {
	const char *name, *xml;
	enum err_class class; /* with --validate; ERR_NONE: accepted */
	const char *part;
} rows[] = {
	{ "least", NET(""), 0 },
	{ "no name", "<network/>", SCHEMA, "<network> has no <name>" },
	{ "another root", "<net/>", ERR_XML, "unexpected root element" },
	{ "unknown element", NET("<frobnicate/>"), SCHEMA, "line 3: the element 'frobnicate' is not known in <network>" },
	{ "unknown attribute", NET("<bridge nam='virbr1'/>"), SCHEMA, "line 3: the attribute 'nam'" },
	{ "unknown attribute below", DHCP("<range start='10.99.1.2' end='10.99.1.3' x='y'/>"), SCHEMA, "line 4: the attribute 'x' is not known in <range>" },
	{ "text", NET("hello"), SCHEMA, "the text '" },
	{ "second bridge", NET("<bridge name='a'/>\n<bridge name='b'/>"), SCHEMA, "line 4: a second <bridge>" },
	{ "bridge name of 16", NET("<bridge name='abcdefghijklmnop'/>"), OWN, "more than 15" },
	{ "bridge name with slash", NET("<bridge name='br/0'/>"), OWN, "'br/0'" },
	{ "bridge name with blank", NET("<bridge name='br 0'/>"), SCHEMA, "line 3: <bridge name='br 0'>" },
	{ "mac zero", NET("<mac address='00:00:00:00:00:00'/>"), OWN, "00:00:00" },
	{ "mtu 67", NET("<mtu size='67'/>"), OWN, "<mtu size='67'>" },
	{ "mtu -1", NET("<mtu size='-1'/>"), SCHEMA, "line 3: <mtu size='4294967295'>" },
	{ "mtu 70000", NET("<mtu size='70000'/>"), SCHEMA, "line 3: <mtu size='70000'>" },
	{ "netmask short", NET("<ip address='10.99.1.1' netmask='255.255.255'/>"), SCHEMA, "<ip netmask='255.255.255'>" },
	{ "netmask with holes", NET("<ip address='10.99.1.1' netmask='255.0.255.0'/>"), OWN, "not a netmask" },
	{ "ip twice", NET("<ip address='10.1.1.1' prefix='24'/><ip address='10.1.1.1' prefix='24'/>"), OWN, "is there twice" },
	{ "localPtr", NET("<ip address='10.1.1.1' prefix='20' localPtr='yes'/>"), OWN, "multiple of 8" },
	{ "tftp relative", IP("<tftp root='x'/>"), 0 },
	{ "domain with underscore", NET("<domain name='a_b'/>"), SCHEMA, "line 3: <domain name='a_b'>: expected is a name of letters, digits, dots and dashes" },
	{ "domain register", NET("<domain name='d' localOnly='yes' register='yes'/>"), 0 },
	{ "stp yes", NET("<bridge stp='yes'/>"), SCHEMA, "write 'on' or 'off'" },
	{ "mode none", NET("<forward mode='none'/>"), SCHEMA, "the same as no <forward>" },
	{ "mode", NET("<forward mode='masquerade'/>"), SCHEMA, "<forward mode='masquerade'>" },
	{ "nat without ip", NET("<forward mode='nat'/>"), ERR_XML, "no IP address provided" },
	{ "range elsewhere", DHCP("<range start='10.98.1.2' end='10.98.1.3'/>"), ERR_INTERNAL, "outside the network's subnet" },
	{ "host without mac and name", DHCP("<host ip='10.99.1.2'/>"), SCHEMA, "does not say for whom" },
	{ "duid", NET("<ip family='ipv6' address='fd00::1' prefix='64'><dhcp><host id='0:1:0:1:18:aa:62:fe:0:16:3e:44:55:66' ip='fd00::2'/></dhcp></ip>"), 0 },
	{ "duid of no type", NET("<ip family='ipv6' address='fd00::1' prefix='64'><dhcp><host id='0:9:1' ip='fd00::2'/></dhcp></ip>"), SCHEMA, "line 3: <host id='0:9:1'>: expected is a DUID" },
	{ "sctp", NET("<dns><srv service='x' protocol='sctp'/></dns>"), SCHEMA, "line 3: <srv protocol='sctp'>: expected is tcp, udp" },
	{ "vlan trunk no", NET("<forward mode='bridge'/><bridge name='b'/><vlan trunk='no'><tag id='5'/></vlan>"), SCHEMA, "line 3: <vlan trunk='no'>: expected is yes" },
	{ "bandwidth 0", NET("<bandwidth><inbound average='0'/></bandwidth>"), SCHEMA, "limits nothing" },
	{ "metadata of others", NET("<metadata><a/><b:c xmlns:b='urn:x' d='e'>text<f/></b:c></metadata>"), 0 },
	{ "dnsmasq options", "<network xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'><name>t</name><d:options><d:option value='x'/></d:options></network>", 0 },
	{ "portgroup name", NET("<portgroup name='a b'/>"), SCHEMA, "<portgroup name='a b'>: expected is a name of letters" },
	{ "something missing", NET("<forward mode='bridge'/><bridge name='b'/><virtualport type='midonet'/>"), SCHEMA, "<virtualport>: something that belongs to it is missing" },
	{ "deep", NET("<dns>\n<host ip='10.1.1.1'><hostname>a</hostname></host>\n<host ip='10.1.1.2'>\n<hostname>a b</hostname></host></dns>"), SCHEMA, "line 6: <hostname>: expected is a name of letters, digits, dots and dashes" },
	{ "blanks around a number", NET("<bridge delay=' 3 '/>"), ERR_XML, "<bridge delay=' 3 '>" },
	{ "blank before a number", NET("<bridge delay=' 3'/>"), 0 },
	{ "blank around a word", NET("<bridge stp=' off'/>"), 0 },
	{ "IPv6 with three colons", NET("<dns><forwarder addr='fd00:99:::9'/></dns>"), SCHEMA, "fd00:99:::9" },
	{ "title behind port", NET("<port isolated='no'/><title>T</title><forward mode='open'/><uuid>5f1a2b3c-0000-4000-8000-000000000001</uuid>"), 0 },
	{ "malformed", "<network", ERR_XML_DETAIL, "at line 1: " },
};
/* clang-format on */

static void test_verdicts(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network *n = NULL;
		struct err e = { 0 };

		if (network_parse(rows[i].xml, strlen(rows[i].xml), NETWORK_PARSE_VALIDATE, &n,
				  NULL, &e) == 0)
			e.class = ERR_NONE;
		if (e.class != rows[i].class || (rows[i].part && !strstr(e.msg, rows[i].part)))
			fail_msg("%s: error %u '%s'", rows[i].name, e.class, e.msg);
		network_free(n);
	}
}

/* A crowd of hosts, of which only one has a flaw, is looked through to the end. */
static void test_crowd(void **state)
{
	static const struct {
		unsigned flaw; /* which host has it; 0: none */
		enum err_class class;
	} crowds[] = { { 0, ERR_NONE }, { 1, SCHEMA }, { 700, SCHEMA }, { 999, SCHEMA } };

	for (size_t i = 0; i < ARRAY_LEN(crowds); i++) {
		struct text t = { 0 };
		struct network *n = NULL;
		struct err e = { 0 };
		char line[20];

		text_add(&t, "<network><name>t</name><dns>");
		for (unsigned k = 1; k < 1000; k++)
			text_addf(&t, "\n<host ip='10.1.%u.%u'><hostname>h%s</hostname></host>",
				  k / 250, k % 250, k == crowds[i].flaw ? "&apos;" : "");
		text_add(&t, "</dns></network>");
		assert_false(t.failed);
		if (network_parse(t.s, t.len, NETWORK_PARSE_VALIDATE, &n, NULL, &e) == 0)
			e.class = ERR_NONE;
		assert_int_equal(e.class, crowds[i].class);
		snprintf(line, sizeof(line), "line %u: ", crowds[i].flaw + 1);
		assert_true(e.class == ERR_NONE || !strncmp(e.msg, line, strlen(line)));
		network_free(n);
		text_done(&t);
	}
}

static void test_silent(void **state)
{
	static const char flawed[] = NET("<mtu size='70000'/>");
	struct network *n = NULL;

	assert_true(network_parse(flawed, strlen(flawed), NETWORK_PARSE_VALIDATE, &n, NULL, NULL) <
		    0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
