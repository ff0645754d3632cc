/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-uplink.c — <netd:uplink>: what is accepted and refused, and whose the bridge is. */
#include "network/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NET(uplink, more)                                                                          \
	"<network><name>t</name>\n<metadata><netd:network xmlns:netd='urn:netd:network:1'>\n"      \
	"<netd:uplink " uplink "/></netd:network></metadata>" more "</network>"
#define BRIDGE "<forward mode='bridge'/><bridge name='br0'/>"
#define IP     "<ip address='192.168.7.1' prefix='24'/>"
#define OWN    ERR_CONFIG_UNSUPPORTED

/* clang-format off */
static const struct {
	const char *xml;
	enum err_class class; /* ERR_NONE: accepted */
	const char *part;     /* of the message */
} rows[] = {
	{ NET("dev='eth1'", BRIDGE), 0, NULL },
	{ NET("dev='eth1' vlan='1'", BRIDGE), 0, NULL },
	{ NET("dev='eth1' vlan='4094'", "<forward mode='bridge'/>"), 0, NULL },
	{ NET("dev='eth1'", "<forward mode='bridge'/><bridge name='lan%d'/>"), 0, NULL },
	{ NET("vlan='5'", BRIDGE), ERR_XML, "line 3: <uplink> has no attribute 'dev'" },
	{ NET("dev='eth1' vlan='0'", BRIDGE), ERR_XML, "not the number of a VLAN, 1 to 4094" },
	{ NET("dev='eth1' vlan='4095'", BRIDGE), ERR_XML, "not the number of a VLAN" },
	{ NET("dev='eth1' vlan='x'", BRIDGE), ERR_XML, "not the number of a VLAN" },
	{ NET("dev='a b'", BRIDGE), ERR_XML, "holds a blank" },
	{ NET("dev='abcdefghijklmnop'", BRIDGE), ERR_XML, "more than 15 characters" },
	{ NET("dev='eth1' vln='5'", BRIDGE), ERR_XML, "probably 'vlan' is meant" },
	{ NET("dev='br0'", BRIDGE), OWN, "line 3: <netd:uplink dev='br0'> cannot be the bridge as well" },
	{ NET("dev='eth1'", IP), OWN, "needs <forward mode='bridge'/>" },
	{ NET("dev='eth1'", "<forward mode='nat'/>" IP), OWN, "needs <forward mode='bridge'/>" },
	{ NET("dev='eth1'", "<forward mode='vepa' dev='eth1'/>"), OWN, "needs <forward mode='bridge'/>" },
	{ NET("dev='eth1'", "<forward mode='bridge' dev='eth2'/>"), OWN, "exclude each other" },
	{ NET("dev='eth1'", BRIDGE "<virtualport type='openvswitch'/>"), OWN, "<virtualport> exclude each other" },
};
/* clang-format on */

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network *n = NULL;
		struct err e = { 0 };
		int r = network_parse(rows[i].xml, strlen(rows[i].xml), 0, &n, NULL, &e);

		if (e.class != rows[i].class || (r < 0 && !strstr(e.msg, rows[i].part)))
			fail_msg("%s: error %u '%s'", rows[i].xml, e.class, e.msg);
		if (r == 0)
			assert_true(network_makes_bridge(n) && !network_owns_bridge(n));
		network_free(n);
	}
}

/* The schema knows the same. */
static void test_schema(void **state)
{
	static const struct {
		const char *xml;
		bool valid;
	} all[] = {
		{ NET("dev='eth1' vlan='100'", BRIDGE), true },
		{ NET("dev='eth1'", BRIDGE), true },
		{ NET("vlan='100'", BRIDGE), false },
		{ NET("dev='eth1' vlan='4095'", BRIDGE), false },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct network *n = NULL;
		int r = network_parse(all[i].xml, strlen(all[i].xml), NETWORK_PARSE_VALIDATE, &n,
				      NULL, NULL);
		assert_int_equal(r == 0, all[i].valid);
		network_free(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows),
					    cmocka_unit_test(test_schema) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
