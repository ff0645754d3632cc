/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-port.c — <networkport>: what is accepted and printed, what a port gets from its network, and
 * what is refused with libvirt's class and origin. */
#include "network/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define UUID         "<uuid>5f1a2b3c-0000-4000-8000-00000000000a</uuid>"
#define OWNER        "<owner><name>vm</name>" UUID "</owner>"
#define MAC          "<mac address='52:54:00:00:00:bb'/>"
#define PORT(inside) "<networkport>" inside "</networkport>"
#define WITH(inside) PORT(UUID OWNER MAC inside)

/* clang-format off */
static const struct {
	const char *xml;
	enum err_class class; /* ERR_NONE: accepted */
	enum err_from from;
	const char *part; /* of the message, or of what is printed */
} rows[] = {
	{ WITH(""), 0, 0, "<mac address='52:54:00:00:00:bb'/>" },
	{ "<port/>", ERR_XML, ERR_FROM_XML, "unexpected root element <port>" },
	{ PORT(OWNER MAC), ERR_INTERNAL, 0, "uuid" },
	{ PORT(UUID MAC), ERR_INTERNAL, 0, "owner name" },
	{ PORT(UUID OWNER), ERR_INTERNAL, 0, "mac" },
	{ PORT(UUID OWNER "<mac address='x'/>"), ERR_INTERNAL, 0, "<mac address='x'>" },
	{ WITH("<group>p1</group>"), 0, 0, "<group>p1</group>" },
	{ WITH("<port isolated='yes'/>"), 0, 0, "<port isolated='yes'/>" },
	{ WITH("<port isolated='x'/>"), ERR_XML, ERR_FROM_XML, "<port isolated='x'>" },
	{ WITH("<rxfilters trustGuest='no'/>"), 0, 0, "<rxfilters trustGuest='no'/>" },
	{ WITH("<bandwidth><inbound average='9' floor='7'/></bandwidth>"), 0, 0, "floor='7'" },
	{ WITH("<bandwidth><outbound floor='7'/></bandwidth>"), ERR_CONFIG_UNSUPPORTED, ERR_FROM_NONE, "floor" },
	{ WITH("<vlan><tag id='7'/></vlan>"), 0, 0, "<tag id='7'/>" },
	{ WITH("<virtualport type='x'/>"), ERR_CONFIG_UNSUPPORTED, ERR_FROM_NONE, "<virtualport type='x'>" },
	{ WITH("<plug/>"), 0, 0, NULL },
	{ WITH("<plug type='hostdev-pci' managed='no'><driver model='m'/><address bus='1'/></plug>"), 0, 0, "<driver model='m'/>" },
	{ WITH("<plug type='x'/>"), ERR_XML, ERR_FROM_XML, "<plug type='x'>" },
	{ WITH("<plug type='network'/>"), ERR_XML, 0, "Missing network port bridge name" },
	{ WITH("<plug type='direct' mode='vepa'/>"), ERR_XML, 0, "Missing network port link device name" },
	{ WITH("<plug type='hostdev-pci'/>"), ERR_XML, 0, "Missing network port PCI address" },
	{ WITH("<plug type='network' bridge='virbr7' macTableManager='libvirt'/>"), 0, 0, "<plug type='network' bridge='virbr7' macTableManager='libvirt'/>" },
	{ WITH("<plug type='direct' dev='eth0' mode='vepa'/>"), 0, 0, "<plug type='direct' dev='eth0' mode='vepa'/>" },
	{ WITH("<plug type='hostdev-pci' managed='yes'><driver name='vfio'/><address domain='0x0' bus='1' slot='0x2' function='3'/></plug>"), 0, 0, "bus='0x01' slot='0x02' function='0x3'" },
};
/* clang-format on */

/* What was printed is read again and printed the same. */
static void check_printed(const struct network_port *p, const char *part)
{
	auto_free char *text = network_port_format(p);
	struct network_port *again = NULL;

	assert_non_null(text);
	if (part && !strstr(text, part))
		fail_msg("'%s' is not in\n%s", part, text);
	assert_int_equal(network_port_parse(text, strlen(text), 0, &again, NULL, NULL), 0);
	auto_free char *second = network_port_format(again);
	assert_string_equal(second, text);
	network_port_free(again);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network_port *p = NULL;
		struct err e = { 0 };

		if (network_port_parse(rows[i].xml, strlen(rows[i].xml), 0, &p, NULL, &e) == 0)
			check_printed(p, rows[i].part);
		else if (!strstr(e.msg, rows[i].part ? rows[i].part : ""))
			fail_msg("%s: '%s'", rows[i].xml, e.msg);
		if (e.class != rows[i].class || e.from != rows[i].from)
			fail_msg("%s: error %u from %u '%s'", rows[i].xml, e.class, e.from, e.msg);
		network_port_free(p);
	}
}

/* What a port gets from its network, and what it is refused for there. */

#define NETWORK(inside) "<network><name>n</name>" inside "</network>"
#define ISOLATED        NETWORK("<bridge name='virbr7'/>")
#define ON_BRIDGE       NETWORK("<forward mode='bridge'/><bridge name='br0'/>")
#define MACVTAP(inside) NETWORK("<forward mode='vepa'><interface dev='eth1'/></forward>" inside)
#define HOSTDEV         NETWORK("<forward mode='hostdev'><interface dev='eth1'/></forward>")
#define QBG(parameters) "<virtualport type='802.1Qbg'><parameters " parameters "/></virtualport>"
#define QBG_WHOLE       QBG("managerid='11' typeid='7' typeidversion='2'")
#define GROUPS                                                                                     \
	"<port isolated='yes'/><portgroup name='a' default='yes' trustGuestRxFilters='yes'>"       \
	"<bandwidth><inbound average='5'/></bandwidth></portgroup><portgroup name='b'/>"

/* clang-format off */
static const struct {
	const char *network, *port;
	enum err_class class;
	enum err_from from;
	const char *part;
} wishes[] = {
	{ NETWORK("<bridge name='virbr7'/>" GROUPS), "", 0, 0, "<inbound average='5'/>" },
	{ NETWORK("<bridge name='virbr7'/>" GROUPS), "", 0, 0, "<port isolated='yes'/>" },
	{ NETWORK("<bridge name='virbr7'/>" GROUPS), "<port isolated='no'/>", 0, 0, "<port isolated='no'/>" },
	{ NETWORK("<bridge name='virbr7'/>" GROUPS), "<bandwidth><inbound average='6'/></bandwidth>", 0, 0, "<inbound average='6'/>" },
	{ NETWORK("<bridge name='virbr7'/>" GROUPS), "<group>b</group>", 0, 0, "<group>b</group>" },
	{ ISOLATED, "<vlan><tag id='7'/></vlan>", 0, 0, "<tag id='7'/>" },
	{ ISOLATED, "<virtualport/>", ERR_CONFIG_UNSUPPORTED, 0, "<virtualport type='none'> not supported" },
	{ ISOLATED, QBG_WHOLE, ERR_CONFIG_UNSUPPORTED, 0, "IP forwarding" },
	{ ON_BRIDGE, QBG_WHOLE, ERR_CONFIG_UNSUPPORTED, 0, "a bridge device" },
	{ ON_BRIDGE, "<virtualport type='openvswitch'/>", 0, 0, "<parameters interfaceid='" },
	{ ON_BRIDGE, "<virtualport type='midonet'/>", ERR_CONFIG_UNSUPPORTED, 0, "midonet" },
	{ MACVTAP(""), "<virtualport type='openvswitch'/>", ERR_CONFIG_UNSUPPORTED, 0, "a macvtap device" },
	{ MACVTAP(""), QBG_WHOLE, 0, 0, "typeidversion='2' instanceid='" },
	{ MACVTAP(""), QBG("managerid='11'"), ERR_XML, ERR_FROM_NET, "missing typeid in" },
	{ MACVTAP(""), "<virtualport type='802.1Qbh'/>", ERR_XML, ERR_FROM_NET, "missing profileid in" },
	{ MACVTAP(QBG_WHOLE), "", 0, 0, "managerid='11' typeid='7'" },
	{ MACVTAP(QBG_WHOLE), QBG("managerid='11'"), 0, 0, "typeid='7'" },
	{ MACVTAP(QBG_WHOLE), QBG("managerid='12'"), ERR_XML, ERR_FROM_NET, "mismatched managerids ('12' of the port, '11'" },
	{ MACVTAP(QBG_WHOLE), "<virtualport type='802.1Qbh'><parameters profileid='p'/></virtualport>", ERR_XML, ERR_FROM_NET, "mismatched types" },
	{ HOSTDEV, "<virtualport type='802.1Qbh'><parameters profileid='p'/></virtualport>", 0, 0, "profileid='p'" },
	{ HOSTDEV, QBG_WHOLE, ERR_CONFIG_UNSUPPORTED, 0, "PCI passthrough" },
};
/* clang-format on */

static void test_wishes(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
		char text[2048];
		struct network *n = NULL;
		struct network_port *p = NULL;
		struct err e = { 0 };

		snprintf(text, sizeof(text), WITH("%s"), wishes[i].port);
		assert_int_equal(network_parse(wishes[i].network, strlen(wishes[i].network),
					       NETWORK_PARSE_STORED, &n, NULL, NULL),
				 0);
		assert_int_equal(network_port_parse(text, strlen(text), 0, &p, NULL, NULL), 0);
		int r = network_port_inherit(p, n, &e);
		if (r == 0)
			r = network_port_settle_virtualport(p, n, &e);
		if (r == 0)
			check_printed(p, wishes[i].part);
		else if (!strstr(e.msg, wishes[i].part))
			fail_msg("%s: '%s'", wishes[i].port, e.msg);
		if (e.class != wishes[i].class || e.from != wishes[i].from)
			fail_msg("%s on %s: error %u from %u '%s'", wishes[i].port,
				 wishes[i].network, e.class, e.from, e.msg);
		network_port_free(p);
		network_free(n);
	}
}

static void test_floor(void **state)
{
	static const char limited[] =
	    NETWORK("<bridge name='virbr7'/><bandwidth><inbound average='9'/></bandwidth>");
	static const char xml[] = WITH("<bandwidth><inbound average='9' floor='7'/></bandwidth>");
	struct network *with = NULL, *without = NULL;
	struct network_port *p = NULL;
	struct err e = { 0 };

	assert_int_equal(network_parse(limited, strlen(limited), 0, &with, NULL, NULL), 0);
	assert_int_equal(network_parse(ISOLATED, strlen(ISOLATED), 0, &without, NULL, NULL), 0);
	assert_int_equal(network_port_parse(xml, strlen(xml), 0, &p, NULL, NULL), 0);
	assert_int_equal(network_port_check_floor(p, with, &e), 0);
	assert_true(network_port_check_floor(p, without, &e) < 0);
	assert_int_equal(e.class, ERR_OPERATION_UNSUPPORTED);
	network_port_free(p);
	network_free(with);
	network_free(without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_floor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
