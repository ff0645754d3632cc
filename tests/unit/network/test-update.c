/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-update.c — every section of net-update with every command: what the definition says
 * afterwards, and what is refused, in which class and with which words. */
#include "base/text.h"
#include "network/update.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The definitions that are changed. */
static const char nat[] =
    "<network><name>t</name><forward mode='nat'/><bridge name='virbr7' stp='off' delay='2'/>"
    "<domain name='old' localOnly='yes'/>"
    "<dns><txt name='t1' value='v1'/>"
    "<host ip='10.99.1.5'><hostname>a</hostname><hostname>b</hostname></host>"
    "<host ip='10.99.1.6'><hostname>c</hostname></host>"
    "<srv service='ldap' protocol='tcp' domain='d' target='.'/>"
    "<srv service='sip' protocol='udp' domain='d' target='s1'/>"
    "<srv service='sip' protocol='udp' domain='d' target='s2'/></dns>"
    "<ip address='10.99.1.1' netmask='255.255.255.0'><dhcp>"
    "<range start='10.99.1.100' end='10.99.1.150'/>"
    "<host mac='52:54:00:00:00:01' name='one' ip='10.99.1.10'/>"
    "<host mac='52:54:00:00:00:02' name='two' ip='10.99.1.11'/>"
    "<host name='nomac' ip='10.99.1.12'/></dhcp></ip>"
    "<ip address='10.98.1.1' netmask='255.255.255.0'/>"
    "<ip family='ipv6' address='fd00:99::1' prefix='64'><dhcp>"
    "<host id='00:01:aa' ip='fd00:99::10'/></dhcp></ip>"
    "<portgroup name='p1' default='yes'/><portgroup name='p2'/></network>";
static const char isolated[] = "<network><name>t</name></network>";
static const char plain6[] =
    "<network><name>t</name><ip family='ipv6' address='fd00:99::1' prefix='64'/></network>";
static const char six_first[] =
    "<network><name>t</name><ip family='ipv6' address='fd00:99::1' prefix='64'/>"
    "<ip address='10.1.1.1' prefix='24'/><ip address='10.1.2.1' prefix='24'/></network>";
static const char six_dhcp[] =
    "<network><name>t</name><ip address='10.1.1.1' prefix='24'/>"
    "<ip family='ipv6' address='fd00:99::1' prefix='64'><dhcp>"
    "<range start='fd00:99::100' end='fd00:99::1ff'/></dhcp></ip></network>";
static const char host_bridge[] =
    "<network><name>t</name><forward mode='bridge'/><bridge name='br0'/></network>";
static const char pool[] = "<network><name>t</name><forward mode='passthrough'>"
			   "<interface dev='a'/><interface dev='b'/></forward></network>";
static const char pf[] =
    "<network><name>t</name><forward mode='passthrough'><pf dev='a'/></forward></network>";
static const char dns_off[] = "<network><name>t</name><dns enable='no'/></network>";

struct row {
	const char *name, *document;
	enum network_update_command command;
	enum network_section section;
	int index;
	const char *xml;
	enum err_class class; /* of the refusal; 0: accepted */
	const char *part;     /* of the message, or of the new definition without its indentation */
	const char *gone;     /* is in the new definition no more */
};

#define ADD    NETWORK_UPDATE_ADD_LAST
#define FIRST  NETWORK_UPDATE_ADD_FIRST
#define MODIFY NETWORK_UPDATE_MODIFY
#define DELETE NETWORK_UPDATE_DELETE

#define HOST      NETWORK_SECTION_IP_DHCP_HOST, -1
#define HOST_AT   NETWORK_SECTION_IP_DHCP_HOST
#define RANGE     NETWORK_SECTION_IP_DHCP_RANGE, -1
#define RANGE_AT  NETWORK_SECTION_IP_DHCP_RANGE
#define INTERFACE NETWORK_SECTION_FORWARD_INTERFACE, -1
#define PF        NETWORK_SECTION_FORWARD_PF, -1
#define FORWARD   NETWORK_SECTION_FORWARD, -1
#define GROUP     NETWORK_SECTION_PORTGROUP, -1
#define DNS_HOST  NETWORK_SECTION_DNS_HOST, -1
#define TXT       NETWORK_SECTION_DNS_TXT, -1
#define SRV       NETWORK_SECTION_DNS_SRV, -1
#define BRIDGE    NETWORK_SECTION_BRIDGE, -1
#define DOMAIN    NETWORK_SECTION_DOMAIN, -1
#define IP        NETWORK_SECTION_IP, -1
#define IP_AT     NETWORK_SECTION_IP

#define INVALID     ERR_OPERATION_INVALID
#define UNSUPPORTED ERR_OPERATION_UNSUPPORTED

#define ONE   "<host mac='52:54:00:00:00:01' name='one' ip='10.99.1.10'/>\n"
#define TWO   "<host mac='52:54:00:00:00:02' name='two' ip='10.99.1.11'/>\n"
#define THREE "<host mac='52:54:00:00:00:03' name='three' ip='10.99.1.13'/>\n"
#define NOMAC "<host name='nomac' ip='10.99.1.12'/>\n"
#define R1    "<range start='10.99.1.100' end='10.99.1.150'/>\n"
#define R2    "<range start='10.99.1.160' end='10.99.1.170'/>\n"
#define T1    "<txt name='t1' value='v1'/>\n"
#define T2    "<txt name='t2' value='v2'/>\n"
#define D5    "<host ip='10.99.1.5'>\n<hostname>a</hostname>\n<hostname>b</hostname>\n</host>\n"
#define D6    "<host ip='10.99.1.6'>\n<hostname>c</hostname>\n</host>\n"
#define D7    "<host ip='10.99.1.7'>\n<hostname>a</hostname>\n</host>\n"
#define LDAP  "<srv service='ldap' protocol='tcp' domain='d' target='.'/>\n"
#define SIP2  "<srv service='sip' protocol='udp' domain='d' target='s2'/>\n"
#define WEB   "<srv service='http' protocol='tcp' domain='d' target='.'/>\n"

/* clang-format off */
static const struct row rows[] = {
	/* The request. */
	{ "no such command", nat, 7, HOST, ONE, UNSUPPORTED, "unrecognized network update command code 7" },
	{ "no such section", nat, ADD, 13, -1, ONE, UNSUPPORTED, "can't update unrecognized section" },
	{ "section 0", nat, ADD, 0, -1, ONE, UNSUPPORTED, "can't update unrecognized section" },
	{ "another element", nat, ADD, HOST, R2, ERR_XML, "unexpected element <range>, expecting <host>, while updating network 't'" },
	{ "an element of a namespace", nat, ADD, HOST, "<host xmlns='urn:x'/>", ERR_XML, "unexpected element <host>" },
	{ "malformed", nat, ADD, HOST, "<host", ERR_XML_DETAIL, "at line 1: " },
	{ "empty", nat, ADD, HOST, "", ERR_XML_DETAIL, "at line 1: Document is empty" },
	{ "a doctype", nat, ADD, HOST, "<!DOCTYPE host>" THREE, ERR_XML_DETAIL, "DOCTYPE" },

	/* ip-dhcp-host */
	{ "host add", nat, ADD, HOST, THREE, 0, NOMAC THREE },
	{ "host add-first", nat, FIRST, HOST, THREE, 0, THREE ONE },
	{ "host add, mac exists", nat, ADD, HOST, "<host mac='52:54:00:00:00:01' name='x' ip='10.99.1.20'/>", INVALID, "there is an existing dhcp host entry in network 't' that matches \"<host mac='52:54:00:00:00:01' name='x' ip='10.99.1.20'/>\"" },
	{ "host add, name exists", nat, ADD, HOST, "<host name='one' ip='10.99.1.20'/>", INVALID, "matches \"<host mac='unknown' name='one' ip='10.99.1.20'/>\"" },
	{ "host add, ip exists", nat, FIRST, HOST, "<host mac='52:54:00:00:00:03' ip='10.99.1.10'/>", INVALID, "there is an existing dhcp host entry" },
	{ "host add without ip", nat, ADD, HOST, "<host mac='52:54:00:00:00:03'/>", ERR_XML, "<host> has no attribute 'ip'" },
	{ "host add for nobody", nat, ADD, HOST, "<host ip='10.99.1.20'/>", ERR_XML, "the changed definition: line" },
	{ "host add outside of the subnet", nat, ADD, HOST, "<host mac='52:54:00:00:00:03' ip='10.77.1.20'/>", ERR_CONFIG_UNSUPPORTED, "is outside the network's subnet 10.99.1.0/24" },
	{ "host add, bad ip", nat, ADD, HOST, "<host name='x' ip='10.99.1'/>", ERR_XML, "write all four decimal numbers" },
	{ "host add to another ip", nat, ADD, HOST_AT, 1, "<host name='x' ip='10.98.1.20'/>", INVALID, "dhcp is supported only for a single IPv4 address on each network" },
	{ "host add to no ip", nat, ADD, HOST_AT, 3, THREE, INVALID, "couldn't update dhcp host entry - no <ip> element found at index 3 in network 't'" },
	{ "host add without any ip", isolated, ADD, HOST, THREE, INVALID, "couldn't update dhcp host entry - no <ip> element found in network 't'" },
	{ "host add to IPv6", nat, ADD, HOST_AT, 2, "<host id='00:02' name='six' ip='fd00:99::12'/>", 0, "<host id='00:01:aa' ip='fd00:99::10'/>\n<host id='00:02' name='six' ip='fd00:99::12'/>\n" },
	{ "host add to IPv6, the same id", nat, ADD, HOST_AT, 2, "<host id='00:01:aa' ip='fd00:99::12'/>", 0, "<host id='00:01:aa' ip='fd00:99::12'/>\n" },
	{ "host add, only IPv6 there", plain6, ADD, HOST, "<host id='00:02' ip='fd00:99::12'/>", 0, "<dhcp>\n<host id='00:02' ip='fd00:99::12'/>\n</dhcp>\n" },
	{ "host add, IPv4 comes second", six_first, ADD, HOST, "<host name='x' ip='10.1.1.9'/>", 0, "<ip address='10.1.1.1' prefix='24'>\n<dhcp>\n<host name='x' ip='10.1.1.9'/>\n" },
	{ "host add, DHCP is in IPv6", six_dhcp, ADD, HOST, "<host id='00:02' ip='fd00:99::9'/>", 0, "<host id='00:02' ip='fd00:99::9'/>\n" },
	{ "host add with lease", nat, ADD, HOST, "<host name='x' ip='10.99.1.20'><lease expiry='2' unit='hours'/></host>", 0, "<host name='x' ip='10.99.1.20'>\n<lease expiry='2' unit='hours'/>\n</host>\n" },
	{ "host modify by mac", nat, MODIFY, HOST, "<host mac='52:54:00:00:00:01' name='uno' ip='10.99.1.20'/>", 0, "<host mac='52:54:00:00:00:01' name='uno' ip='10.99.1.20'/>\n" TWO, ONE },
	{ "host modify by name", nat, MODIFY, HOST, "<host name='two' ip='10.99.1.20'/>", 0, ONE "<host name='two' ip='10.99.1.20'/>\n" NOMAC, TWO },
	{ "host modify by ip", nat, MODIFY, HOST, "<host mac='52:54:00:00:00:09' ip='10.99.1.12'/>", 0, TWO "<host mac='52:54:00:00:00:09' ip='10.99.1.12'/>\n", NOMAC },
	{ "host modify by id", nat, MODIFY, HOST_AT, 2, "<host id='00:01:aa' ip='fd00:99::20'/>", 0, "<host id='00:01:aa' ip='fd00:99::20'/>\n", "fd00:99::10" },
	{ "host modify, none", nat, MODIFY, HOST, "<host mac='52:54:00:00:00:09' name='x' ip='10.99.1.20'/>", INVALID, "couldn't locate an existing dhcp host entry with \"mac='52:54:00:00:00:09'\" \"name='x'\" \"ip='10.99.1.20'\" in network 't'" },
	{ "host modify into a twin", nat, MODIFY, HOST, "<host mac='52:54:00:00:00:01' name='two' ip='10.99.1.20'/>", ERR_CONFIG_UNSUPPORTED, "has the same name" },
	{ "host modify without ip", nat, MODIFY, HOST, "<host mac='52:54:00:00:00:01'/>", ERR_XML, "<host> has no attribute 'ip'" },
	{ "host delete by mac", nat, DELETE, HOST, "<host mac='52:54:00:00:00:01'/>", 0, R1 TWO, ONE },
	{ "host delete by name", nat, DELETE, HOST, "<host name='two'/>", 0, ONE NOMAC, TWO },
	{ "host delete by ip", nat, DELETE, HOST, "<host ip='10.99.1.12'/>", 0, TWO "</dhcp>\n", NOMAC },
	{ "host delete by id", nat, DELETE, HOST_AT, 2, "<host id='00:01:aa'/>", 0, "prefix='64'>\n</ip>\n", "00:01:aa" },
	{ "host delete by all", nat, DELETE, HOST, ONE, 0, R1 TWO, ONE },
	{ "host delete, the entry has no mac", nat, DELETE, HOST, "<host mac='52:54:00:00:00:09' name='nomac'/>", 0, TWO "</dhcp>\n", NOMAC },
	{ "host delete, another mac", nat, DELETE, HOST, "<host mac='52:54:00:00:00:09'/>", INVALID, "couldn't locate a matching dhcp host entry in network 't'" },
	{ "host delete, not all agree", nat, DELETE, HOST, "<host mac='52:54:00:00:00:01' ip='10.99.1.11'/>", INVALID, "couldn't locate a matching dhcp host entry" },
	{ "host delete of nothing", nat, DELETE, HOST, "<host/>", ERR_XML, "At least one of name, mac, or ip attribute must be specified for static host definition in network 't'" },

	/* ip-dhcp-range */
	{ "range add", nat, ADD, RANGE, R2, 0, R1 R2 },
	{ "range add-first", nat, FIRST, RANGE, R2, 0, R2 R1 },
	{ "range add, exists", nat, ADD, RANGE, R1, INVALID, "there is an existing dhcp range entry in network 't' that matches \"<range start='10.99.1.100' end='10.99.1.150'/>\"" },
	{ "range add, overlaps", nat, ADD, RANGE, "<range start='10.99.1.140' end='10.99.1.155'/>", ERR_CONFIG_UNSUPPORTED, "overlaps the <range>" },
	{ "range add elsewhere", nat, ADD, RANGE, "<range start='10.98.1.100' end='10.98.1.150'/>", ERR_INTERNAL, "is outside the network's subnet" },
	{ "range add to another ip", nat, ADD, RANGE_AT, 1, "<range start='10.98.1.100' end='10.98.1.150'/>", INVALID, "dhcp is supported only for a single IPv4" },
	{ "range add to IPv6", plain6, ADD, RANGE_AT, 0, "<range start='fd00:99::100' end='fd00:99::1ff'/>", 0, "<dhcp>\n<range start='fd00:99::100' end='fd00:99::1ff'/>\n</dhcp>\n" },
	{ "range add without end", nat, ADD, RANGE, "<range start='10.99.1.100'/>", ERR_XML, "<range> has no attribute 'end'" },
	{ "range modify", nat, MODIFY, RANGE, R1, UNSUPPORTED, "dhcp ranges cannot be modified, only added or deleted" },
	{ "range delete", nat, DELETE, RANGE, R1, 0, "<dhcp>\n" ONE, R1 },
	{ "range delete, no such", nat, DELETE, RANGE, R2, INVALID, "couldn't locate a matching dhcp range entry in network 't'" },
	{ "range delete, the same start", nat, DELETE, RANGE, "<range start='10.99.1.100' end='10.99.1.149'/>", INVALID, "couldn't locate a matching dhcp range entry" },
	{ "range delete without end", nat, DELETE, RANGE, "<range start='10.99.1.100'/>", ERR_XML, "<range> has no attribute 'end'" },

	/* forward-interface */
	{ "interface add", nat, ADD, INTERFACE, "<interface dev='eth0'/>", 0, "<forward dev='eth0' mode='nat'>\n<interface dev='eth0'/>\n</forward>\n" },
	{ "interface add to a pool", pool, ADD, INTERFACE, "<interface dev='c'/>", 0, "<forward dev='a' mode='passthrough'>\n<interface dev='a'/>\n<interface dev='b'/>\n<interface dev='c'/>\n" },
	{ "interface add-first", pool, FIRST, INTERFACE, "<interface dev='c'/>", 0, "<forward dev='c' mode='passthrough'>\n<interface dev='c'/>\n<interface dev='a'/>\n" },
	{ "interface add, exists", pool, ADD, INTERFACE, "<interface dev='b'/>", INVALID, "there is an existing interface entry in network 't' that matches \"<interface dev='b'>\"" },
	{ "interface add beside pf", pf, ADD, INTERFACE, "<interface dev='b'/>", INVALID, "<pf dev='a'>" },
	{ "interface add, isolated", isolated, ADD, INTERFACE, "<interface dev='b'/>", INVALID, "has no <forward>" },
	{ "interface add beside a bridge", host_bridge, ADD, INTERFACE, "<interface dev='b'/>", ERR_XML, "exclude each other" },
	{ "interface without dev", nat, ADD, INTERFACE, "<interface/>", ERR_XML, "<interface> has no attribute 'dev'" },
	{ "interface modify", pool, MODIFY, INTERFACE, "<interface dev='a'/>", UNSUPPORTED, "forward interface entries cannot be modified, only added or deleted" },
	{ "interface delete", pool, DELETE, INTERFACE, "<interface dev='a'/>", 0, "<forward dev='b' mode='passthrough'>\n<interface dev='b'/>\n", "'a'" },
	{ "interface delete, no such", pool, DELETE, INTERFACE, "<interface dev='c'/>", INVALID, "couldn't find an interface entry in network 't' matching <interface dev='c'>" },
	{ "interface delete, isolated", isolated, DELETE, INTERFACE, "<interface dev='c'/>", INVALID, "couldn't find an interface entry" },

	/* forward-pf */
	{ "pf modify", pf, MODIFY, PF, "<pf dev='b'/>", 0, "<pf dev='b'/>\n", "'a'" },
	{ "pf delete", pf, DELETE, PF, "<pf dev='a'/>", 0, "<forward mode='passthrough'/>\n", "<pf" },
	{ "pf delete, another", pf, DELETE, PF, "<pf dev='b'/>", INVALID, "couldn't find a pf entry in network 't' matching <pf dev='b'>" },
	{ "pf delete, none", pool, DELETE, PF, "<pf dev='b'/>", INVALID, "couldn't find a pf entry" },
	{ "pf add, exists", pf, ADD, PF, "<pf dev='b'/>", INVALID, "there is an existing pf entry" },
	{ "pf add beside interfaces", pool, ADD, PF, "<pf dev='b'/>", INVALID, "one by one" },
	{ "pf add, isolated", isolated, ADD, PF, "<pf dev='b'/>", INVALID, "has no <forward>" },
	{ "pf without dev", pf, DELETE, PF, "<pf/>", ERR_XML, "<pf> has no attribute 'dev'" },

	/* forward */
	{ "forward add", isolated, ADD, FORWARD, "<forward mode='open'/>", 0, "<forward mode='open'/>\n" },
	{ "forward add, needs an ip", isolated, ADD, FORWARD, "<forward/>", ERR_XML, "nat forwarding requested, but no IP address provided" },
	{ "forward add, exists", nat, ADD, FORWARD, "<forward mode='route'/>", INVALID, "there is an existing forward entry in network 't'" },
	{ "forward modify", nat, MODIFY, FORWARD, "<forward dev='eth1' mode='route'/>", 0, "<forward dev='eth1' mode='route'>\n<interface dev='eth1'/>\n</forward>\n", "'nat'" },
	{ "forward modify, none", isolated, MODIFY, FORWARD, "<forward mode='open'/>", INVALID, "couldn't find a forward entry in network 't'" },
	{ "forward modify, cannot be", nat, MODIFY, FORWARD, "<forward mode='passthrough'/>", ERR_XML, "the changed definition" },
	{ "forward delete", nat, DELETE, FORWARD, "<forward/>", 0, "<bridge name='virbr7'", "<forward" },
	{ "forward delete by mode", nat, DELETE, FORWARD, "<forward mode='nat'/>", 0, "<bridge name='virbr7'", "<forward" },
	{ "forward delete, another mode", nat, DELETE, FORWARD, "<forward mode='route'/>", INVALID, "couldn't find a forward entry" },
	{ "forward delete by dev", pool, DELETE, FORWARD, "<forward dev='a'/>", 0, "<bridge", "<forward" },
	{ "forward delete, another dev", pool, DELETE, FORWARD, "<forward dev='b'/>", INVALID, "couldn't find a forward entry" },
	{ "forward delete, it has no dev", nat, DELETE, FORWARD, "<forward dev='b'/>", INVALID, "couldn't find a forward entry" },
	{ "forward delete, none", isolated, DELETE, FORWARD, "<forward/>", INVALID, "couldn't find a forward entry" },

	/* portgroup */
	{ "portgroup add", nat, ADD, GROUP, "<portgroup name='p3'/>", 0, "<portgroup name='p2'>\n</portgroup>\n<portgroup name='p3'>\n" },
	{ "portgroup add-first", nat, FIRST, GROUP, "<portgroup name='p3'/>", 0, "<portgroup name='p3'>\n</portgroup>\n<portgroup name='p1' default='yes'>\n" },
	{ "portgroup add, exists", nat, ADD, GROUP, "<portgroup name='p1'/>", INVALID, "there is an existing portgroup entry in network 't' that matches \"<portgroup name='p1'>\"" },
	{ "portgroup add, second default", nat, ADD, GROUP, "<portgroup name='p3' default='yes'/>", INVALID, "a different portgroup entry in network 't' is already set as the default. Only one default is allowed." },
	{ "portgroup add with vlan", nat, ADD, GROUP, "<portgroup name='p3'><vlan><tag id='3'/></vlan></portgroup>", ERR_CONFIG_UNSUPPORTED, "<vlan> is not supported in mode 'nat'" },
	{ "portgroup modify", nat, MODIFY, GROUP, "<portgroup name='p2'><bandwidth><inbound average='9'/></bandwidth></portgroup>", 0, "<portgroup name='p2'>\n<bandwidth>\n<inbound average='9'/>\n" },
	{ "portgroup modify the default", nat, MODIFY, GROUP, "<portgroup name='p1'/>", 0, "<portgroup name='p1'>\n", "default=" },
	{ "portgroup modify, still the default", nat, MODIFY, GROUP, "<portgroup name='p1' default='yes' trustGuestRxFilters='no'/>", 0, "<portgroup name='p1' default='yes' trustGuestRxFilters='no'>\n" },
	{ "portgroup modify, second default", nat, MODIFY, GROUP, "<portgroup name='p2' default='yes'/>", INVALID, "is already set as the default" },
	{ "portgroup modify, no such", nat, MODIFY, GROUP, "<portgroup name='p9'/>", INVALID, "couldn't find a portgroup entry in network 't' matching <portgroup name='p9'>" },
	{ "portgroup delete", nat, DELETE, GROUP, "<portgroup name='p1'/>", 0, "<portgroup name='p2'>\n", "'p1'" },
	{ "portgroup delete, no such", nat, DELETE, GROUP, "<portgroup name='p9'/>", INVALID, "couldn't find a portgroup entry" },
	{ "portgroup without name", nat, DELETE, GROUP, "<portgroup/>", ERR_XML, "<portgroup> has no attribute 'name'" },

	/* dns-host */
	{ "dns host add", nat, ADD, DNS_HOST, D7, 0, D6 D7 },
	{ "dns host add-first", nat, FIRST, DNS_HOST, D7, 0, D7 D5 },
	{ "dns host add to none", isolated, ADD, DNS_HOST, D7, 0, "<dns>\n" D7 "</dns>\n" },
	{ "dns host add, ip exists", nat, ADD, DNS_HOST, "<host ip='10.99.1.5'><hostname>z</hostname></host>", INVALID, "there is already at least one DNS HOST record with a matching field in network t" },
	{ "dns host add without name", nat, ADD, DNS_HOST, "<host ip='10.99.1.8'/>", ERR_XML_DETAIL, "has no <hostname>" },
	{ "dns host add without ip", nat, ADD, DNS_HOST, "<host><hostname>z</hostname></host>", ERR_XML_DETAIL, "<host> has no attribute 'ip'" },
	{ "dns host add, dns off", dns_off, ADD, DNS_HOST, D7, ERR_XML, "<dns enable='no'> has children" },
	{ "dns host modify", nat, MODIFY, DNS_HOST, "<host ip='10.99.1.5'><hostname>z</hostname></host>", 0, "<host ip='10.99.1.5'>\n<hostname>z</hostname>\n</host>\n" D6, "<hostname>a" },
	{ "dns host modify, no such", nat, MODIFY, DNS_HOST, D7, INVALID, "couldn't locate a matching DNS HOST record in network t" },
	{ "dns host delete by ip", nat, DELETE, DNS_HOST, "<host ip='10.99.1.5'/>", 0, D6, D5 },
	{ "dns host delete by name", nat, DELETE, DNS_HOST, "<host><hostname>b</hostname></host>", 0, D6, D5 },
	{ "dns host delete, none", nat, DELETE, DNS_HOST, "<host><hostname>z</hostname></host>", INVALID, "couldn't locate a matching DNS HOST record in network t" },
	{ "dns host delete, two", nat, DELETE, DNS_HOST, "<host ip='10.99.1.6'><hostname>a</hostname></host>", INVALID, "multiple matching DNS HOST records were found in network t" },
	{ "dns host delete of nothing", nat, DELETE, DNS_HOST, "<host/>", ERR_XML_DETAIL, "Missing ip and hostname in network 't' DNS HOST record" },

	/* dns-txt */
	{ "txt add", nat, ADD, TXT, T2, 0, T1 T2 },
	{ "txt add-first", nat, FIRST, TXT, T2, 0, T2 T1 },
	{ "txt add, exists", nat, ADD, TXT, "<txt name='t1' value='x'/>", INVALID, "there is already a DNS TXT record with name 't1' in network t" },
	{ "txt add without value", nat, ADD, TXT, "<txt name='t2'/>", ERR_XML_DETAIL, "<txt> has no attribute 'value'" },
	{ "txt modify", nat, MODIFY, TXT, "<txt name='t1' value='v9'/>", 0, "<txt name='t1' value='v9'/>\n", T1 },
	{ "txt modify without value", nat, MODIFY, TXT, "<txt name='t1'/>", ERR_OPERATION_INVALID, "missing value of modifying DNS TXT record" },
	{ "txt modify, no such", nat, MODIFY, TXT, T2, INVALID, "couldn't locate a matching DNS TXT record in network t" },
	{ "txt delete", nat, DELETE, TXT, "<txt name='t1'/>", 0, "<dns>\n" LDAP, T1 },
	{ "txt delete, no such", nat, DELETE, TXT, "<txt name='t2'/>", INVALID, "couldn't locate a matching DNS TXT record in network t" },
	{ "txt delete of nothing", nat, DELETE, TXT, "<txt/>", ERR_XML_DETAIL, "missing required name attribute in DNS TXT record of network t" },

	/* dns-srv */
	{ "srv add", nat, ADD, SRV, WEB, 0, SIP2 WEB },
	{ "srv add-first", nat, FIRST, SRV, WEB, 0, WEB LDAP },
	{ "srv add, exists", nat, ADD, SRV, LDAP, INVALID, "there is already at least one DNS SRV record matching all specified fields in network t" },
	{ "srv add, what is given exists", nat, ADD, SRV, "<srv service='ldap' protocol='tcp'/>", INVALID, "there is already at least one DNS SRV record" },
	{ "srv add, another target", nat, ADD, SRV, "<srv service='ldap' protocol='tcp' target='x'/>", 0, "<srv service='ldap' protocol='tcp' target='x'/>\n" },
	{ "srv modify", nat, MODIFY, SRV, LDAP, UNSUPPORTED, "DNS SRV records cannot be modified, only added or deleted" },
	{ "srv delete", nat, DELETE, SRV, "<srv service='ldap'/>", 0, T1 "<srv service='sip'", "ldap" },
	{ "srv delete by target", nat, DELETE, SRV, "<srv target='s1'/>", 0, LDAP SIP2, "'s1'" },
	{ "srv delete, two", nat, DELETE, SRV, "<srv service='sip'/>", INVALID, "multiple DNS SRV records matching all specified fields were found in network t" },
	{ "srv delete, not all agree", nat, DELETE, SRV, "<srv service='ldap' protocol='udp'/>", INVALID, "couldn't locate a matching DNS SRV record" },
	{ "srv delete, none", nat, DELETE, SRV, "<srv service='nope'/>", INVALID, "couldn't locate a matching DNS SRV record in network t" },

	/* bridge, domain, ip: beyond libvirt */
	{ "bridge modify", nat, MODIFY, BRIDGE, "<bridge stp='on'/>", 0, "<bridge name='virbr7' stp='on' delay='0'/>\n" },
	{ "bridge modify, another name", nat, MODIFY, BRIDGE, "<bridge name='x'/>", 0, "<bridge name='x' stp='on' delay='0'/>\n" },
	{ "bridge modify, no such name", nat, MODIFY, BRIDGE, "<bridge name='a b'/>", ERR_CONFIG_UNSUPPORTED, "<bridge name='a b'>" },
	{ "bridge add, exists", nat, ADD, BRIDGE, "<bridge name='x'/>", INVALID, "there is an existing bridge entry in network 't'" },
	{ "bridge delete, ours", nat, DELETE, BRIDGE, "<bridge/>", INVALID, "cannot be deleted" },
	{ "bridge delete, the host's", host_bridge, DELETE, BRIDGE, "<bridge name='br0'/>", 0, "<forward mode='bridge'/>\n", "br0" },
	{ "bridge delete, another", host_bridge, DELETE, BRIDGE, "<bridge name='br1'/>", INVALID, "couldn't find a bridge entry" },
	{ "bridge add to a pool", pool, ADD, BRIDGE, "<bridge name='br1'/>", ERR_XML, "<bridge> is not allowed" },
	{ "domain add", isolated, ADD, DOMAIN, "<domain name='new'/>", 0, "<domain name='new'/>\n" },
	{ "domain add, exists", nat, ADD, DOMAIN, "<domain name='new'/>", INVALID, "there is an existing domain entry in network 't'" },
	{ "domain add without name", isolated, ADD, DOMAIN, "<domain/>", ERR_XML, "<domain> has no attribute 'name'" },
	{ "domain modify", nat, MODIFY, DOMAIN, "<domain name='new'/>", 0, "<domain name='new'/>\n", "old" },
	{ "domain modify, none", isolated, MODIFY, DOMAIN, "<domain name='new'/>", INVALID, "couldn't find a domain entry" },
	{ "domain delete", nat, DELETE, DOMAIN, "<domain/>", 0, "<dns>", "<domain" },
	{ "domain delete, another", nat, DELETE, DOMAIN, "<domain name='x'/>", INVALID, "couldn't find a domain entry in network 't' matching <domain name='x'>" },
	{ "ip add", nat, ADD, IP, "<ip address='10.97.1.1' prefix='24'/>", 0, "<ip family='ipv6' address='fd00:99::1' prefix='64'>\n<dhcp>\n<host id='00:01:aa' ip='fd00:99::10'/>\n</dhcp>\n</ip>\n<ip address='10.97.1.1' prefix='24'>\n</ip>\n" },
	{ "ip add-first", nat, FIRST, IP, "<ip address='10.97.1.1' prefix='24'/>", 0, "<ip address='10.97.1.1' prefix='24'>\n</ip>\n<ip address='10.99.1.1'" },
	{ "ip add, exists", nat, ADD, IP, "<ip address='10.99.1.1' prefix='16'/>", INVALID, "there is an existing ip entry in network 't' that matches \"<ip address='10.99.1.1'>\"" },
	{ "ip add, second dhcp", nat, ADD, IP, "<ip address='10.97.1.1' prefix='24'><dhcp><range start='10.97.1.2' end='10.97.1.3'/></dhcp></ip>", ERR_CONFIG_UNSUPPORTED, "<dhcp> is in two <ip> of the same family" },
	{ "ip modify", nat, MODIFY, IP, "<ip address='10.98.1.1' prefix='16'/>", 0, "<ip address='10.98.1.1' prefix='16'>\n</ip>\n<ip family='ipv6'" },
	{ "ip modify by index", nat, MODIFY, IP_AT, 1, "<ip address='10.90.1.1' prefix='24'/>", 0, "<ip address='10.90.1.1' prefix='24'>\n</ip>\n<ip family='ipv6'", "10.98" },
	{ "ip modify, no such", nat, MODIFY, IP, "<ip address='10.90.1.1' prefix='24'/>", INVALID, "couldn't find an ip entry in network 't' matching <ip address='10.90.1.1'>" },
	{ "ip delete", nat, DELETE, IP, "<ip address='10.98.1.1'/>", 0, "<ip family='ipv6'", "10.98" },
	{ "ip delete by index", nat, DELETE, IP_AT, 2, "<ip/>", 0, "<ip address='10.98.1.1'", "ipv6" },
	{ "ip delete, index is another", nat, DELETE, IP_AT, 2, "<ip address='10.98.1.1'/>", INVALID, "does not match" },
	{ "ip delete by index 0", plain6, DELETE, IP_AT, 0, "<ip/>", 0, "<bridge", "<ip" },
	{ "ip delete of nothing", nat, DELETE, IP, "<ip/>", ERR_XML, "has no address" },
	{ "ip delete, no such index", nat, DELETE, IP_AT, 3, "<ip/>", INVALID, "couldn't find an ip entry" },
};
/* clang-format on */

static struct network *parse(const char *xml, unsigned flags)
{
	struct network *n = NULL;
	struct err e = { 0 };

	if (network_parse(xml, strlen(xml), flags, &n, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	return n;
}

/* The printed form without the blanks at the beginnings of lines. */
static char *print_flat(const struct network *n)
{
	auto_free char *xml = network_format(n, 0, 0);
	struct text t = { 0 };

	for (const char *line = xml; line && *line;) {
		line += strspn(line, " ");
		size_t len = strcspn(line, "\n") + 1;
		text_add_n(&t, line, len);
		line += len;
	}
	return text_take(&t);
}

static void check_refused(const struct row *row, const struct err *e)
{
	if (e->class != row->class || !strstr(e->msg, row->part))
		fail_msg("%s: error %u '%s', expected %u with '%s'", row->name, e->class, e->msg,
			 row->class, row->part);
}

static void check_done(const struct row *row, const struct network *n)
{
	auto_free char *text = print_flat(n);

	if (!strstr(text, row->part))
		fail_msg("%s: '%s' is not in\n%s", row->name, row->part, text);
	if (row->gone && strstr(text, row->gone))
		fail_msg("%s: '%s' is still in\n%s", row->name, row->gone, text);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct network *old = parse(row->document, 0), *n = NULL;
		auto_free char *before = network_format(old, 0, 0);
		struct err e = { 0 };
		int err = network_update(old, row->command, row->section, row->index, row->xml,
					 strlen(row->xml), &n, NULL, &e);

		if ((err < 0) != (row->class != ERR_NONE))
			fail_msg("%s: %s", row->name, err < 0 ? e.msg : "is accepted");
		if (err < 0)
			check_refused(row, &e);
		else
			check_done(row, n);
		auto_free char *after = network_format(old, 0, 0);
		assert_string_equal(before, after);
		network_free(n);
		network_free(old);
	}
}

/* A definition with a flaw that is only loaded from disk can be changed, be it to mend it. */
static void test_stored(void **state)
{
	static const char flawed[] =
	    "<network><name>t</name><ip address='10.1.1.1' prefix='24'><dhcp>"
	    "<range start='10.1.1.5' end='10.1.1.9'/><range start='10.1.1.8' end='10.1.1.12'/>"
	    "</dhcp></ip></network>";
	static const char host[] = "<host name='h' ip='10.1.1.1'/>",
			  range[] = "<range start='10.1.1.8' end='10.1.1.12'/>",
			  other[] = "<range start='10.1.1.20' end='10.1.1.21'/>";
	struct network *old = parse(flawed, NETWORK_PARSE_STORED), *n = NULL, *mended = NULL;
	struct network_warnings w = { 0 };
	struct err e = { 0 };

	assert_int_equal(network_update(old, ADD, HOST, host, strlen(host), &n, &w, &e), 0);
	assert_int_equal(w.n, 1); /* the new flaw, not the old one */
	assert_non_null(strstr(w.line[0], "is the address of the bridge itself"));
	assert_int_equal(network_update(old, DELETE, RANGE, range, strlen(range), &mended, &w, &e),
			 0);
	assert_int_equal(w.n, 1);
	/* What was said of the old one is not said again because its lines have moved. */
	network_free(n);
	assert_int_equal(network_update(old, FIRST, RANGE, other, strlen(other), &n, &w, &e), 0);
	assert_int_equal(w.n, 1);
	network_warnings_done(&w);
	network_free(mended);
	network_free(n);
	network_free(old);
}

/* NULL is allowed where the caller doesn't want to know. */
static void test_silent(void **state)
{
	struct network *old = parse(nat, 0), *n = NULL;

	assert_true(network_update(old, ADD, HOST, "<x/>", 4, &n, NULL, NULL) < 0);
	assert_true(network_update(old, ADD, HOST, "<", 1, &n, NULL, NULL) < 0);
	assert_true(network_update(old, ADD, HOST, ONE, strlen(ONE), &n, NULL, NULL) < 0);
	assert_int_equal(network_update(old, ADD, HOST, THREE, strlen(THREE), &n, NULL, NULL), 0);
	network_free(n);
	network_free(old);
}

/* Title, description, metadata. */

#define TITLE       NETWORK_METADATA_TITLE
#define DESCRIPTION NETWORK_METADATA_DESCRIPTION
#define ELEMENT     NETWORK_METADATA_ELEMENT

static const char kept[] = "<network><name>t</name><title>T</title><description>D</description>"
			   "<metadata><o:old xmlns:o='urn:o'/></metadata></network>";

/* clang-format off */
static const struct {
	const char *name;
	enum network_metadata_type type;
	const char *text, *key, *uri;
	enum err_class class;
	const char *part; /* of the message, or of the new definition, as it stands */
	const char *got;  /* NULL: nothing is there then */
} sets[] = {
	{ "title", TITLE, "new", NULL, NULL, 0, "  <title>new</title>\n", "new" },
	{ "title <&>", TITLE, "a <&> b", NULL, NULL, 0, "  <title>a &lt;&amp;&gt; b</title>\n", "a <&> b" },
	{ "no title", TITLE, NULL, NULL, NULL, 0, "<description>D<" },
	{ "empty title", TITLE, "", NULL, NULL, 0, "<description>D<" },
	{ "title of two lines", TITLE, "a\nb", NULL, NULL, ERR_XML, "must be one line" },
	{ "title with a control character", TITLE, "a\x01", NULL, NULL, ERR_XML_DETAIL, "the changed definition" },
	{ "description", DESCRIPTION, "a\nb", NULL, NULL, 0, "  <description>a\nb</description>\n", "a\nb" },
	{ "no description", DESCRIPTION, NULL, NULL, NULL, 0, "<title>T<" },
	{ "element", ELEMENT, "<a/>", "k", "urn:x", 0, "  <metadata>\n    <o:old xmlns:o=\"urn:o\"/>\n    <k:a xmlns:k=\"urn:x\"/>\n  </metadata>\n", "<a/>" },
	{ "element with children", ELEMENT, "<a b='1'><c>t</c><d/></a>", "k", "urn:x", 0, "    <k:a xmlns:k=\"urn:x\" b=\"1\">\n      <k:c>t</k:c>\n      <k:d/>\n    </k:a>\n", "<a b=\"1\">\n  <c>t</c>\n  <d/>\n</a>" },
	{ "mixed with text", ELEMENT, "<a><b><c/></b>text</a>", "k", "urn:x", 0, "    <k:a xmlns:k=\"urn:x\"><k:b><k:c/></k:b>text</k:a>\n", "<a><b><c/></b>text</a>" },
	{ "prefix of its own", ELEMENT, "<z:a xmlns:z='urn:x'><z:b/></z:a>", "k", "urn:x", 0, "    <z:a xmlns:z=\"urn:x\" xmlns:k=\"urn:x\">\n      <z:b/>\n    </z:a>\n", "<a xmlns:k=\"urn:x\">\n  <b/>\n</a>" },
	{ "the key is declared already", ELEMENT, "<k:a xmlns:k='urn:x'><k:b/></k:a>", "k", "urn:x", 0, "    <k:a xmlns:k=\"urn:x\">\n      <k:b/>\n    </k:a>\n", "<a>\n  <b/>\n</a>" },
	{ "default namespace", ELEMENT, "<a xmlns='urn:x'><b/></a>", "k", "urn:x", 0, "    <a xmlns=\"urn:x\" xmlns:k=\"urn:x\">\n      <b/>\n    </a>\n", "<a xmlns:k=\"urn:x\">\n  <b/>\n</a>" },
	{ "replaced", ELEMENT, "<new/>", "n", "urn:o", 0, "  <metadata>\n    <n:new xmlns:n=\"urn:o\"/>\n  </metadata>\n", "<new/>" },
	{ "removed", ELEMENT, NULL, NULL, "urn:o", 0, "  <description>D</description>\n  <bridge" },
	{ "removed what isn't there", ELEMENT, NULL, NULL, "urn:x", 0, "<o:old" },
	{ "in another namespace", ELEMENT, "<z:a xmlns:z='urn:y'/>", "k", "urn:x", ERR_XML, "is in the namespace 'urn:y'" },
	{ "the key is another namespace's", ELEMENT, "<a xmlns:k='urn:y'/>", "k", "urn:x", ERR_INTERNAL, "failed to create a new XML namespace" },
	{ "no key", ELEMENT, "<a/>", NULL, "urn:x", ERR_INTERNAL, "failed to validate prefix for a new XML namespace" },
	{ "bad key", ELEMENT, "<a/>", "1k", "urn:x", ERR_INTERNAL, "failed to validate prefix for a new XML namespace" },
	{ "no namespace", ELEMENT, "<a/>", "k", NULL, ERR_INVALID_ARG, "URI" },
	{ "malformed", ELEMENT, "<a", "k", "urn:x", ERR_XML_DETAIL, "at line 1: " },
	{ "empty text", ELEMENT, "", "k", "urn:x", ERR_XML_DETAIL, "at line 1: Document is empty" },
	{ "doctype", ELEMENT, "<!DOCTYPE a><a/>", "k", "urn:x", ERR_XML_DETAIL, "DOCTYPE" },
	{ "no such type", 3, "x", NULL, NULL, ERR_INVALID_ARG, "unknown metadata type '3'" },
};
/* clang-format on */

static void check_get(const struct network *n, size_t i)
{
	struct err e = { 0 };
	auto_free char *text = NULL;
	int err = network_get_metadata(n, sets[i].type, sets[i].uri, &text, &e);

	if (!sets[i].got) {
		assert_true(err < 0);
		assert_int_equal(e.class, ERR_NO_NETWORK_METADATA);
		assert_null(text);
		return;
	}
	assert_int_equal(err, 0);
	assert_string_equal(text, sets[i].got);
}

static void test_metadata(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		struct network *old = parse(kept, 0), *n = NULL;
		struct err e = { 0 };
		int err = network_set_metadata(old, sets[i].type, sets[i].text, sets[i].key,
					       sets[i].uri, &n, &e);
		auto_free char *xml = err == 0 ? network_format(n, 0, 0) : NULL;

		if (e.class != sets[i].class || !strstr(xml ? xml : e.msg, sets[i].part))
			fail_msg("%s: error %u '%s', or\n%s", sets[i].name, e.class, e.msg,
				 xml ? xml : "");
		if (xml)
			check_get(n, i);
		network_free(n);
		network_free(old);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_stored),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
