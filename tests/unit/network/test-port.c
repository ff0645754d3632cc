/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-port.c — <networkport>: what is accepted and printed, and what is refused with libvirt's
 * class and origin. */
#include "network/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
