/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-netd-dhcp.c — <netd:dhcp>: what is read, and what is refused or warned of, with its line. */
#include "network/xml.h"
#include "tests/unit/test.h"

#include <string.h>

#define IP4                                                                                        \
	"<ip address='192.168.7.1' prefix='24'><dhcp><range start='192.168.7.2' "                  \
	"end='192.168.7.9'/></dhcp></ip>"
#define IP6                                                                                        \
	"<ip family='ipv6' address='fd00::1' prefix='64'><dhcp><range start='fd00::2' "            \
	"end='fd00::9'/></dhcp></ip>"
#define NETD(inside)                                                                               \
	"<network><name>t</name><metadata><netd:network xmlns:netd='urn:netd:network:1'>" inside   \
	"</netd:network></metadata>" IP4 IP6 "</network>"
#define DHCP(inside) NETD("<netd:dhcp>\n" inside "</netd:dhcp>")

static struct network *parse(const char *xml, unsigned flags, struct network_warnings *w,
			     struct err *e)
{
	struct network *n = NULL;

	return network_parse(xml, strlen(xml), flags, &n, w, e) < 0 ? NULL : n;
}

/* clang-format off */
static const struct {
	const char *xml;
	enum err_class class; /* ERR_NONE: accepted */
	const char *part;     /* of the message, or of the one warning; NULL: none */
} rows[] = {
	{ NETD("<netd:dhcp/>"), 0 },
	{ NETD("<netd:dhcp identity='client-id'/>"), 0 },
	{ NETD("<netd:dhcp identity='duid'/>"), ERR_XML, "<dhcp identity='duid'> is not understood; write 'mac', 'client-id' or 'both'" },
	{ DHCP("<netd:option name='ntp-servers' value='192.168.7.3 192.168.7.4'/>"), 0 },
	{ DHCP("<netd:option code='42' value='192.168.7.3' force='yes'/>"), 0 },
	{ DHCP("<netd:option code='224' type='hex' value='01ff'/>"), 0 },
	{ DHCP("<netd:option code='43' type='text' value='x'/>"), 0 },
	{ DHCP("<netd:option code='225' type='empty'/>"), 0 },
	{ DHCP("<netd:option family='ipv6' name='dns-servers' value='fd00::53'/>"), 0 },
	{ DHCP("<netd:option family='ipv6' code='65000' type='number16' value='1'/>"), 0 },
	{ DHCP("<netd:option name='domain-name' value=''/>"), 0 },
	{ DHCP("<netd:option/>"), ERR_XML, "line 2: <netd:option> needs the name of the option, or its code" },
	{ DHCP("<netd:option name='ntp-servers' code='42' value='1.2.3.4'/>"), ERR_XML, "one of both" },
	{ DHCP("\n<netd:option name='ntp-server' value='1.2.3.4'/>"), ERR_XML, "line 3: <netd:option name='ntp-server'>: this option is called 'ntp-servers' here" },
	{ DHCP("<netd:option name='nonsense' value='1'/>"), ERR_XML, "no option of IPv4 is called so" },
	{ DHCP("<netd:option family='ipv6' name='wpad-url' value='1'/>"), ERR_XML, "no option of IPv6 is called so" },
	{ DHCP("<netd:option code='255' type='text' value='x'/>"), ERR_XML, "have the codes 1 to 254" },
	{ DHCP("<netd:option code='0' type='text' value='x'/>"), ERR_XML, "have the codes 1 to 254" },
	{ DHCP("<netd:option code='224' value='x'/>"), ERR_XML, "has no name, so its type must be given" },
	{ DHCP("<netd:option name='wpad-url' type='text' value='x'/>"), ERR_XML, "has its type, which is text; leave it out" },
	{ DHCP("<netd:option code='224' type='string' value='x'/>"), ERR_XML, "<netd:option type='string'> is not a type" },
	{ DHCP("<netd:option name='ntp-servers'/>"), ERR_XML, "has no attribute 'value'" },
	{ DHCP("<netd:option name='ntp-servers' value='ntp.lab'/>"), ERR_XML, "<netd:option value='ntp.lab'>: 'ntp.lab' is not an IPv4 address" },
	{ DHCP("<netd:option code='53' value='1'/>"), ERR_XML, "the DHCP option 53, 'message-type', is set by the protocol itself" },
	{ DHCP("<netd:option name='bootfile-name' value='x'/>"), ERR_XML, "is set by <netd:boot>" },
	{ DHCP("<netd:option name='lease-time' value='9'/>"), ERR_XML, "is set by <netd:lease>" },
	{ DHCP("<netd:option code='42' value='1.2.3.4'/>\n<netd:option name='ntp-servers' value='1.2.3.4'/>"), ERR_CONFIG_UNSUPPORTED, "line 3: the DHCP option 42 is there twice (line 2 too)" },
	{ DHCP("<netd:option nam='x'/>"), ERR_XML, "the attribute 'nam' is not known in <netd:option>; probably 'name' is meant" },
	{ DHCP("<netd:relayed address='10.9.0.1' prefix='24' via='192.168.7.5' start='10.9.0.50' end='10.9.0.99'/>"), 0, "line 2: <netd:relayed> has no <route> to its clients, who would not be answered; add <route address='10.9.0.0' prefix='24' gateway='192.168.7.5'/>" },
	{ "<network><name>t</name><metadata><netd:network xmlns:netd='urn:netd:network:1'><netd:dhcp><netd:relayed address='10.9.0.1' prefix='24' via='192.168.7.5' start='10.9.0.50' end='10.9.0.99' relay='172.16.0.1'/></netd:dhcp></netd:network></metadata><route address='10.0.0.0' prefix='8' gateway='192.168.7.5'/>" IP4 "</network>", 0 },
	{ DHCP("<netd:relayed address='10.9.0.1' prefix='24' start='10.9.0.50' end='10.9.0.99'/>"), ERR_XML, "via" },
	{ DHCP("<netd:relayed address='10.9.0.1' prefix='31' via='192.168.7.5' start='10.9.0.50' end='10.9.0.99'/>"), ERR_CONFIG_UNSUPPORTED, "<netd:relayed prefix='31'>: a subnet with clients has a prefix of 8 to 30" },
	{ DHCP("<netd:relayed address='10.9.0.0' prefix='24' via='192.168.7.5' start='10.9.0.50' end='10.9.0.99'/>"), ERR_CONFIG_UNSUPPORTED, "<netd:relayed address='10.9.0.0'>: it must be the IPv4 address of the subnet's router" },
	{ DHCP("<netd:relayed address='10.9.0.1' prefix='24' via='192.168.8.5' start='10.9.0.50' end='10.9.0.99'/>"), ERR_CONFIG_UNSUPPORTED, "<netd:relayed via='192.168.8.5'>: it must be the relay's address in this network's own <ip>" },
	{ DHCP("<netd:relayed address='10.9.0.1' prefix='24' via='192.168.7.1' start='10.9.0.50' end='10.9.0.99'/>"), ERR_CONFIG_UNSUPPORTED, "<netd:relayed via='192.168.7.1'>: it must be" },
	{ DHCP("<netd:relayed address='10.9.0.1' prefix='24' via='192.168.7.5' start='10.9.1.50' end='10.9.0.99'/>"), ERR_CONFIG_UNSUPPORTED, "<netd:relayed start='10.9.1.50'>: it is no address for a client of this subnet" },
	{ DHCP("<netd:relayed address='10.9.0.1' prefix='24' via='192.168.7.5' start='10.9.0.50' end='10.9.0.255'/>"), ERR_CONFIG_UNSUPPORTED, "<netd:relayed end='10.9.0.255'>: it is no address for a client" },
	{ DHCP("<netd:relayed address='10.9.0.1' prefix='24' via='192.168.7.5' start='10.9.0.50' end='10.9.0.49'/>"), ERR_CONFIG_UNSUPPORTED, "it comes before start; swap them" },
	{ DHCP("<netd:relayed address='192.168.7.1' prefix='24' via='192.168.7.5' start='192.168.7.50' end='192.168.7.99'/>"), ERR_CONFIG_UNSUPPORTED, "its subnet overlaps an <ip> of this network" },
	{ DHCP("<netd:relayed address='10.9.0.1' prefix='24' via='192.168.7.5' start='10.9.0.50' end='10.9.0.99'/>\n<netd:relayed address='10.9.0.1' prefix='16' via='192.168.7.5' start='10.9.0.50' end='10.9.0.99'/>"), ERR_CONFIG_UNSUPPORTED, "line 3: <netd:relayed address='10.9.0.1'>: its subnet overlaps that of an earlier" },
	{ DHCP("<netd:lease expiry='30'/>"), 0 },
	{ DHCP("<netd:lease expiry='0'/>"), 0 },
	{ DHCP("<netd:lease expiry='10' renew='2' rebind='9'/><netd:lease family='ipv6' expiry='2' unit='hours'/>"), 0 },
	{ DHCP("<netd:lease/>"), ERR_XML, "has no attribute 'expiry'" },
	{ DHCP("<netd:lease expiry='60' unit='seconds'/>"), ERR_XML, "shorter than two minutes" },
	{ DHCP("<netd:lease expiry='2000000' unit='hours'/>"), ERR_XML, "longer than 136 years" },
	{ DHCP("<netd:lease expiry='10' renew='5'/>"), ERR_XML, "given together" },
	{ DHCP("<netd:lease expiry='10' renew='9' rebind='5'/>"), ERR_XML, "must come in this order" },
	{ DHCP("<netd:lease expiry='10' renew='5' rebind='10'/>"), ERR_XML, "before the end of the lease" },
	{ DHCP("<netd:lease expiry='0' renew='5' rebind='10'/>"), ERR_XML, "never renewed" },
	{ DHCP("<netd:lease expiry='10'/><netd:lease expiry='20'/>"), ERR_XML, "a second <netd:lease> of IPv4" },
	{ DHCP("<netd:boot file='x.efi'/>"), 0 },
	{ DHCP("<netd:boot file='x.efi' server='192.168.7.5'/>"), 0 },
	{ DHCP("<netd:boot file=''/>"), 0 },
	{ DHCP("<netd:boot url='http://192.168.7.1/x'/>"), 0 },
	{ DHCP("<netd:boot family='ipv6' url='tftp://[fd00::1]/x' params='a b'/>"), 0 },
	{ DHCP("<netd:boot/>"), ERR_XML, "needs a file (by TFTP), or a url" },
	{ DHCP("<netd:boot file='x' url='http://a/b'/>"), ERR_XML, "one of both" },
	{ DHCP("<netd:boot url='x'/>"), ERR_XML, "<boot url='x'> is not a URL" },
	{ DHCP("<netd:boot family='ipv6' file='x'/>"), ERR_XML, "needs a url" },
	{ DHCP("<netd:boot file='x' params='y'/>"), ERR_XML, "DHCPv4 has no parameters" },
	{ DHCP("<netd:boot file='x' server='fd00::1'/>"), ERR_XML, "the IPv4 address of the machine" },
	{ DHCP("<netd:boot file='a'/>\n<netd:boot file='b'/>"), ERR_XML, "line 3: a second <netd:boot> of IPv4 (line 2 has one)" },
	{ DHCP("<netd:class arch='x64-uefi, arm64-uefi 38'><netd:boot file='a'/></netd:class>"), 0 },
	{ DHCP("<netd:class ipxe='no' vendor='PXEClient' user='x'><netd:boot file='a'/></netd:class>"), 0 },
	{ DHCP("<netd:class><netd:boot file='a'/></netd:class>"), ERR_XML, "<netd:class> needs a vendor, a user, an arch or ipxe" },
	{ DHCP("<netd:class arch='amiga'><netd:boot file='a'/></netd:class>"), ERR_XML, "has 'amiga', which is no architecture" },
	{ DHCP("<netd:class ipxe='maybe'/>"), ERR_XML, "is not understood; write 'yes' or 'no'" },
	{ DHCP("<netd:class ipxe='yes'/>"), 0, "<netd:class> says nothing" },
	{ DHCP("<netd:class ipxe='yes'><netd:class ipxe='yes'/></netd:class>"), ERR_XML, "the element 'class' is not known in <netd:class>" },
	{ DHCP("<netd:host mac='52:54:00:00:00:01'><netd:lease expiry='5'/></netd:host>"), 0 },
	{ DHCP("<netd:host name='Web'><netd:lease expiry='5'/></netd:host>"), 0 },
	{ DHCP("<netd:host><netd:lease expiry='5'/></netd:host>"), ERR_XML, "<netd:host> needs a mac, a name or a uuid" },
	{ DHCP("<netd:host name='a' mac='52:54:00:00:00:01'/>"), ERR_XML, "one of them" },
	{ DHCP("<netd:host name='a.b'/>"), ERR_XML, "is not the name of a host" },
	{ DHCP("<netd:host mac='x'/>"), ERR_XML, "is not a MAC address" },
	{ "<network><name>t</name><metadata><n:network xmlns:n='urn:netd:network:1'><n:dhcp>"
	  "<n:lease expiry='9'/></n:dhcp></n:network></metadata></network>", 0, "says something for IPv4, in which this network serves no DHCP" },
	{ "<network><name>t</name><metadata><n:network xmlns:n='urn:netd:network:1'><n:dhcp/></n:network></metadata>"
	  "<forward mode='bridge'/><bridge name='br0'/></network>", ERR_CONFIG_UNSUPPORTED, "<netd:dhcp> needs a bridge that is made for the network" },
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
			fail_msg("%s: error %u '%s'", rows[i].xml, e.class, said ? said : "");
		network_free(n);
		network_warnings_done(&w);
		/* The schema accepts what the tables accept. */
		n = parse(rows[i].xml, NETWORK_PARSE_VALIDATE, NULL, &e);
		if (!n != (rows[i].class != ERR_NONE))
			fail_msg("%s: validated: %s", rows[i].xml, e.msg);
		network_free(n);
	}
}

static void test_model(void **state)
{
	struct err e = { 0 };
	struct network *n =
	    parse(DHCP("<netd:option name='time-offset' value='-1'/>"
		       "<netd:option family='ipv6' code='24' value='lab' force='yes'/>"
		       "<netd:lease expiry='3' renew='1' rebind='2'/>"
		       "<netd:host name='WEB'><netd:boot file='web.efi'/></netd:host>"
		       "<netd:class arch='x64-uefi 38'><netd:boot family='ipv6' "
		       "url='http://h/x'/></netd:class>"),
		  0, NULL, &e);

	assert_non_null(n);
	const struct netd_dhcp *d = &n->options.dhcp;
	assert_int_equal(d->n_rules, 3);
	assert_int_equal(d->rules[0].kind, NETD_DHCP_ALL);
	assert_int_equal(d->rules[0].n_options, 2);
	assert_memory_equal(d->rules[0].options[0].value, "\xff\xff\xff\xff", 4);
	assert_int_equal(d->rules[0].options[1].family, AF_INET6);
	assert_true(d->rules[0].options[1].force);
	assert_memory_equal(d->rules[0].options[1].value, "\003lab", 5);
	assert_int_equal(d->rules[0].lease[NETD_IP4].sec, 180);
	assert_int_equal(d->rules[0].lease[NETD_IP4].renew_sec, 60);
	assert_int_equal(d->rules[0].lease[NETD_IP6].line, 0);
	assert_string_equal(d->rules[1].name, "web");
	assert_string_equal(d->rules[1].boot[NETD_IP4].file, "web.efi");
	assert_int_equal(d->rules[2].n_archs, 3);
	assert_int_equal(d->rules[2].archs[1], 9);
	assert_string_equal(d->rules[2].boot[NETD_IP6].url, "http://h/x");
	network_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
