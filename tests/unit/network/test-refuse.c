/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-refuse.c — what is refused at define, in which class and with which words; what is only
 * warned of; and that a stored document of the second kind is still loaded. */
#include "base/text.h"
#include "network/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A document around the piece that matters. */
#define NET(inside)   "<network>\n<name>t</name>\n" inside "\n</network>"
#define IP_ATTRS      "address='10.99.1.1' netmask='255.255.255.0'"
#define IP(inside)    "<ip " IP_ATTRS ">" inside "</ip>"
#define IN_IP(inside) NET(IP(inside))
#define DHCP(inside)  NET(IP("<dhcp>\n" inside "\n</dhcp>"))
#define DHCP6(inside)                                                                              \
	NET("<ip family='ipv6' address='2001:db8::1' prefix='64'><dhcp>" inside "</dhcp></ip>")
#define NAT(inside)        NET("<forward mode='nat'>" inside "</forward>" IP(""))
#define MODE(mode, inside) NET("<forward mode='" mode "'/>" inside)
#define DNS(inside)        NET("<dns>" inside "</dns>")
#define ROUTE(attrs)       NET(IP("") "<route " attrs "/>")
#define X40                "0123456789012345678901234567890123456789"
#define X300               X40 X40 X40 X40 X40 X40 X40 "01234567890123456789"

enum verdict {
	REFUSED, /* always, also from disk */
	UNWISE,  /* at define; from disk a warning */
	WARNED,
	FINE,
};

struct row {
	const char *name, *xml;
	enum verdict verdict;
	enum err_class class;
	const char *part; /* of the message or warning */
};

/* clang-format off */
static const struct row rows[] = {
	/* Names. */
	{ "no name", "<network/>", REFUSED, ERR_NO_NAME, "line 1: <network> has no <name>" },
	{ "empty name", "<network><name/></network>", REFUSED, ERR_NO_NAME, "line 1: <network> has no <name>" },
	{ "name with a slash", "<network><name>a/b</name></network>", REFUSED, ERR_XML_DETAIL, "'/'" },
	{ "name with a line break", "<network><name>a\nb</name></network>", REFUSED, ERR_XML_DETAIL, "line break" },
	{ "name like an option", "<network><name>-rf</name></network>", UNWISE, ERR_XML_DETAIL, "'-rf'" },
	{ "name of 300", "<network><name>" X300 "</name></network>", REFUSED, ERR_SYSTEM, "too long" },
	{ "name of 200 with blanks and dots", "<network><name>.. " X40 X40 X40 X40 "</name></network>", FINE },
	{ "other root", "<net/>", REFUSED, ERR_XML, "unexpected root element <net>" },
	{ "default namespace", "<network xmlns='urn:x'><name>t</name></network>", REFUSED, ERR_NO_NAME, "has no <name>" },
	{ "uuid", NET("<uuid>12345</uuid>"), REFUSED, ERR_INTERNAL, "malformed uuid element" },
	{ "uuid zero", NET("<uuid>00000000-0000-0000-0000-000000000000</uuid>"), FINE },
	{ "title of two lines", NET("<title>a\nb</title>"), REFUSED, ERR_XML, "<title>" },

	/* The document itself. */
	{ "empty", "", REFUSED, ERR_XML_DETAIL, "at line 1: " },
	{ "text", "not xml", REFUSED, ERR_XML_DETAIL, "Start tag expected" },
	{ "not closed", "<network>\n<name>t\n</network>", REFUSED, ERR_XML_DETAIL, "at line 3: Opening and ending tag mismatch" },
	{ "doctype", "<!DOCTYPE network SYSTEM 'file:///etc/passwd'>" NET(""), REFUSED, ERR_XML_DETAIL, "DOCTYPE" },
	{ "external entity", "<!DOCTYPE n [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><network><name>&x;</name></network>", REFUSED, ERR_XML_DETAIL, "DOCTYPE" },
	{ "entity bomb", "<!DOCTYPE n [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]><network><name>&b;</name></network>", REFUSED, ERR_XML_DETAIL, "DOCTYPE" },
	{ "unknown entity", "<network><name>&x;</name></network>", REFUSED, ERR_XML_DETAIL, "Entity 'x' not defined" },
	{ "not utf-8", "<network><name>\xff\xfe</name></network>", REFUSED, ERR_XML_DETAIL, "at line " },
	{ "control character", "<network><name>a&#1;b</name></network>", REFUSED, ERR_XML_DETAIL, "at line " },
	{ "unknown element", NET("<frobnicate/>"), WARNED, 0, "line 3: " },
	{ "typo in an attribute", NET("<bridge nam='virbr1'/>"), WARNED, 0, "attribute 'nam' is not known in <bridge> and is ignored; probably 'name' is meant" },
	{ "typo in an element", NET("<brigde name='virbr1'/>"), WARNED, 0, "'brigde' is not known in <network> and is ignored; probably 'bridge' is meant" },
	{ "case of an attribute", NET("<domain name='d' localonly='yes'/>"), WARNED, 0, "probably 'localOnly' is meant" },
	{ "typo in what is required", DHCP("<range strat='10.99.1.9' end='10.99.1.10'/>"), REFUSED, ERR_XML, "<range> has no attribute 'start', but 'strat', which is probably meant" },
	{ "undeclared prefix", NET("<dnsmasq:options/>"), WARNED, 0, "the element 'dnsmasq:options' is not known" },
	{ "undeclared prefix in metadata", NET("<metadata><a:b/></metadata>"), WARNED, 0, "<metadata> holds no element" },
	{ "attribute twice", NET("<bridge name='a' name='b'/>"), REFUSED, ERR_XML_DETAIL, "Attribute name redefined" },
	{ "stray text", NET("hello"), WARNED, 0, "the text '" },
	{ "a second bridge", NET("<bridge name='a'/>\n<bridge name='b'/>"), WARNED, 0, "line 4: a second <bridge>" },
	{ "metadata without namespace", NET("<metadata><a/></metadata>"), WARNED, 0, "<metadata> holds no element" },

	/* yes or no */
	{ "ipv6", "<network ipv6='maybe'><name>t</name></network>", REFUSED, ERR_XML, "<network ipv6='maybe'>" },
	{ "trust", "<network trustGuestRxFilters='on'><name>t</name></network>", REFUSED, ERR_XML, "'yes' or 'no'" },
	{ "localPtr", NET("<ip " IP_ATTRS " localPtr='true'/>"), REFUSED, ERR_XML, "<ip localPtr='true'>" },
	{ "isolated", NET("<port isolated='1'/>"), REFUSED, ERR_XML, "<port isolated='1'>" },
	{ "nat ipv6", NAT("<nat ipv6='on'/>"), REFUSED, ERR_XML, "<nat ipv6='on'>" },
	{ "dns enable", NET("<dns enable='off'/>"), REFUSED, ERR_XML, "<dns enable='off'>" },

	/* The link. */
	{ "register without localOnly", NET("<domain name='d' register='yes'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "localOnly='yes'" },
	{ "delay fast", NET("<bridge delay='fast'/>"), REFUSED, ERR_XML, "<bridge delay='fast'> is not a number" },
	{ "delay -1", NET("<bridge delay='-1'/>"), REFUSED, ERR_XML, "<bridge delay='-1'>" },
	{ "mtu big", NET("<mtu size='big'/>"), REFUSED, ERR_XML, "<mtu size='big'>" },
	{ "mac table", NET("<bridge macTableManager='default'/>"), REFUSED, ERR_XML, "'kernel' or 'libvirt'" },
	{ "mac short", NET("<mac address='52:54:00:12:34'/>"), REFUSED, ERR_XML, "is not a MAC address" },
	{ "mac multicast", NET("<mac address='01:54:00:12:34:56'/>"), REFUSED, ERR_XML, "multicast" },
	{ "mac zero", NET("<mac address='00:00:00:00:00:00'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "00:00:00:00:00:00" },
	{ "mtu 67", NET("<mtu size='67'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<mtu size='67'>" },
	{ "mtu 70000", NET("<mtu size='70000'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "68 to 65535" },
	{ "mtu -1", NET("<mtu size='-1'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "4294967295" },
	{ "mtu 0", NET("<mtu size='0'/>"), FINE },
	{ "bridge name of 16", NET("<bridge name='abcdefghijklmnop'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "more than 15 characters" },
	{ "bridge name of 15", NET("<bridge name='abcdefghijklmno'/>"), FINE },
	{ "bridge name with slash", NET("<bridge name='br/0'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "'br/0'" },
	{ "bridge name with blank", NET("<bridge name='br 0'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "'br 0'" },
	{ "bridge name -rf", NET("<bridge name='-rf'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "'-rf'" },
	{ "bridge template", NET("<bridge name='lab%d'/>"), FINE },
	{ "bridge template twice", NET("<bridge name='lab%d%d'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "'lab%d%d'" },
	{ "stp yes", NET("<bridge stp='yes'/>"), WARNED, 0, "read as 'on'" },
	{ "zone", NET("<bridge zone='public'/>"), WARNED, 0, "firewalld" },
	{ "domain with blank", NET("<domain name='a_b c'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<domain name='a_b c'>" },
	{ "domain with path", NET("<domain name='../x'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "is not a name of DNS" },
	{ "domain without name", NET("<domain localOnly='yes'/>"), WARNED, 0, "<domain> without name" },

	/* Forward modes. */
	{ "mode", MODE("masquerade", ""), REFUSED, ERR_CONFIG_UNSUPPORTED, "<forward mode='masquerade'>" },
	{ "nat without ip", MODE("nat", ""), REFUSED, ERR_XML, "nat forwarding requested, but no IP address provided" },
	{ "route without ip", MODE("route", ""), REFUSED, ERR_XML, "route forwarding requested" },
	{ "no mode is nat", NET("<forward mode=''/>"), REFUSED, ERR_XML, "nat forwarding requested" },
	{ "mode none", MODE("none", ""), WARNED, 0, "the same as no <forward>" },
	{ "open without ip", MODE("open", ""), FINE },
	{ "open with dev", NET("<forward mode='open' dev='eth0'/>" IP("")), REFUSED, ERR_XML, "mode='open'" },
	{ "nat with two interfaces", NAT("<interface dev='a'/><interface dev='b'/>"), REFUSED, ERR_XML, "one interface only" },
	{ "interface twice", NET("<forward mode='bridge'><interface dev='a'/><interface dev='b'/><interface dev='a'/></forward>"), REFUSED, ERR_XML, "is there twice" },
	{ "interface without dev", NAT("<interface/>"), REFUSED, ERR_XML, "<interface> has no attribute 'dev'" },
	{ "dev is not the first interface", NET("<forward dev='b'><interface dev='a'/></forward>" IP("")), REFUSED, ERR_XML, "'b'" },
	{ "pf in nat", NAT("<pf dev='a'/>"), WARNED, 0, "<pf dev='a'> has no effect" },
	{ "dev with pci", NET("<forward mode='hostdev' dev='a'><address type='pci' bus='1'/></forward>"), REFUSED, ERR_XML, "<forward dev='a'> and <address>" },
	{ "dev with pf", NET("<forward mode='passthrough' dev='a'><pf dev='b'/></forward>"), REFUSED, ERR_XML, "<pf dev='b'>" },
	{ "two pf", NET("<forward mode='passthrough'><pf dev='a'/><pf dev='b'/></forward>"), REFUSED, ERR_XML, "one <pf> only" },
	{ "pf without dev", NET("<forward mode='passthrough'><pf/></forward>"), REFUSED, ERR_XML, "<pf> has no attribute 'dev'" },
	{ "interface and pf", NET("<forward mode='passthrough'><interface dev='a'/><pf dev='b'/></forward>"), WARNED, 0, "<pf dev='b'> is ignored" },
	{ "hostdev by name", NET("<forward mode='hostdev'><interface dev='a'/></forward>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<interface dev='a'>" },
	{ "pci in nat", NAT("<address type='pci' bus='4'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "hostdev" },
	{ "address of usb", NET("<forward mode='hostdev'><address type='usb'/></forward>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "type='usb'" },
	{ "pci twice", NET("<forward mode='hostdev'><address type='pci' bus='4'/><address type='pci' bus='0x4'/></forward>"), REFUSED, ERR_XML, "is there twice" },
	{ "two pci", NET("<forward mode='hostdev'><address type='pci' bus='4'/><address type='pci' bus='5'/><address type='pci' bus='5' slot='1'/><address type='pci' bus='5' slot='1' function='1'/></forward>"), FINE },
	{ "pci bus 256", NET("<forward mode='hostdev'><address type='pci' bus='256'/></forward>"), REFUSED, ERR_XML, "0 to 255" },
	{ "address without type", NET("<forward mode='hostdev'><address bus='4'/></forward>"), REFUSED, ERR_XML, "'type'" },
	{ "hostdev driver", NET("<forward mode='hostdev'><driver name='uio'/></forward>"), REFUSED, ERR_XML, "<driver name='uio'>" },
	{ "managed", NET("<forward mode='hostdev' managed='x'/>"), WARNED, 0, "read as 'no'" },
	{ "nat in route", NET("<forward mode='route'><nat/></forward>" IP("")), REFUSED, ERR_XML, "<nat> is allowed in" },
	{ "two nat", NAT("<nat/><nat/>"), REFUSED, ERR_XML, "one <nat> only" },
	{ "two nat addresses", NAT("<nat><address start='1.2.3.4' end='1.2.3.4'/><address start='1.2.3.4' end='1.2.3.4'/></nat>"), REFUSED, ERR_XML, "one <address> only" },
	{ "two nat ports", NAT("<nat><port start='1' end='2'/><port start='1' end='2'/></nat>"), REFUSED, ERR_XML, "one <port> only" },
	{ "nat address without end", NAT("<nat><address start='1.2.3.4'/></nat>"), REFUSED, ERR_XML, "'end'" },
	{ "nat address of IPv6", NAT("<nat><address start='2001:db8::1' end='2001:db8::2'/></nat>"), REFUSED, ERR_XML, "IPv4" },
	{ "nat address reversed", NAT("<nat><address start='1.2.3.9' end='1.2.3.4'/></nat>"), REFUSED, ERR_INTERNAL, "swap" },
	{ "nat address too wide", NAT("<nat><address start='1.2.0.0' end='1.3.0.0'/></nat>"), REFUSED, ERR_INTERNAL, "65536" },
	{ "nat port reversed", NAT("<nat><port start='9' end='4'/></nat>"), REFUSED, ERR_XML_DETAIL, "start='9'" },
	{ "nat port too large", NAT("<nat><port start='9' end='70000'/></nat>"), REFUSED, ERR_XML_DETAIL, "65535" },
	{ "nat port without end", NAT("<nat><port start='9'/></nat>"), REFUSED, ERR_XML_DETAIL, "'end'" },
	{ "nat port 0-0", NAT("<nat><port start='0' end='0'/></nat>"), WARNED, 0, "the same as no <port>" },
	{ "bridge name in private", MODE("private", "<bridge name='a'/>"), REFUSED, ERR_XML, "<bridge>" },
	{ "stp in bridge", MODE("bridge", "<bridge name='a' stp='on'/>"), REFUSED, ERR_XML, "stp" },
	{ "zone in bridge", MODE("bridge", "<bridge name='a' zone='b'/>"), REFUSED, ERR_XML, "zone" },
	{ "mtu in bridge", MODE("bridge", "<bridge name='a'/><mtu size='1500'/>"), REFUSED, ERR_XML, "<mtu>" },
	{ "bridge name and interface", NET("<forward mode='bridge'><interface dev='x'/></forward><bridge name='a'/>"), REFUSED, ERR_XML, "exclude each other" },
	{ "ip in bridge", MODE("bridge", "<bridge name='a'/>" IP("")), UNWISE, ERR_CONFIG_UNSUPPORTED, "<ip>" },
	{ "mac in bridge", MODE("bridge", "<bridge name='a'/><mac address='52:54:00:12:34:56'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<mac>" },
	{ "dns host in bridge", MODE("bridge", "<bridge name='a'/><dns><host ip='1.2.3.4'><hostname>h</hostname></host></dns>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<dns>" },
	{ "domain in bridge", MODE("bridge", "<bridge name='a'/><domain name='d'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<domain>" },
	{ "host bridge", MODE("bridge", "<bridge name='br0'/>"), FINE },

	/* <ip> */
	{ "ip without address", NET("<ip netmask='255.255.255.0'/>"), REFUSED, ERR_XML, "<ip> has no attribute 'address'" },
	{ "ip 256", NET("<ip address='10.99.1.256'/>"), REFUSED, ERR_XML, "<ip address='10.99.1.256'> is not an IP address" },
	{ "ip by name", NET("<ip address='gw.example.org'/>"), REFUSED, ERR_XML, "is not an IP address" },
	{ "ip with length", NET("<ip address='10.99.1.1/24'/>"), REFUSED, ERR_XML, "without prefix length" },
	{ "short ip", NET("<ip address='10.99.1' prefix='24'/>"), UNWISE, ERR_XML, "would be read as 10.99.0.1" },
	{ "both masks", NET("<ip " IP_ATTRS " prefix='24'/>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "remove one" },
	{ "prefix 33", NET("<ip address='10.99.1.1' prefix='33'/>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "prefix='33'" },
	{ "prefix 129", NET("<ip family='ipv6' address='2001:db8::1' prefix='129'/>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "128" },
	{ "prefix -1", NET("<ip address='10.99.1.1' prefix='-1'/>"), REFUSED, ERR_XML, "<ip prefix='-1'>" },
	{ "prefix /24", NET("<ip address='10.99.1.1' prefix='/24'/>"), REFUSED, ERR_XML, "<ip prefix='/24'>" },
	{ "prefix empty", NET("<ip address='10.99.1.1' prefix=''/>"), REFUSED, ERR_XML, "<ip prefix=''>" },
	{ "prefix +24", NET("<ip address='10.99.1.1' prefix='+24'/>"), FINE },
	{ "prefix 0", NET("<ip address='10.99.1.1' prefix='0'/>"), WARNED, 0, "prefix='0'" },
	{ "no mask", NET("<ip address='10.99.1.1'/>"), WARNED, 0, "prefix='8'" },
	{ "IPv6 without family", NET("<ip address='2001:db8::1' prefix='64'/>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "family='ipv6'" },
	{ "IPv4 as ipv6", NET("<ip family='ipv6' address='10.99.1.1'/>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "family='ipv4'" },
	{ "IPv6 as ipv4", NET("<ip family='ipv4' address='2001:db8::1'/>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "family='ipv6'" },
	{ "IPv6 with netmask", NET("<ip family='ipv6' address='2001:db8::1' netmask='255.0.0.0'/>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "netmask not allowed" },
	{ "IPv4 with IPv6 mask", NET("<ip address='10.99.1.1' netmask='ffff::'/>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "netmask='ffff::'" },
	{ "family inet", NET("<ip family='inet' address='10.99.1.1'/>"), REFUSED, ERR_XML, "<ip family='inet'>" },
	{ "short netmask", NET("<ip address='10.99.1.1' netmask='255.255.255'/>"), UNWISE, ERR_XML, "255.255.0.255" },
	{ "netmask with a hole", NET("<ip address='10.99.1.1' netmask='255.0.255.0'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "255.0.255.0" },
	{ "netmask inverted", NET("<ip address='10.99.1.1' netmask='0.0.0.255'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "0.0.0.255" },
	{ "same ip twice", NET(IP("") "\n" IP("")), UNWISE, ERR_CONFIG_UNSUPPORTED, "line 4: <ip address='10.99.1.1'> is there twice (line 3 too)" },
	{ "overlapping subnets", NET(IP("") "<ip address='10.99.2.1' prefix='16'/>"), WARNED, 0, "overlap" },
	{ "two subnets", NET(IP("") "<ip address='10.99.2.1' prefix='24'/>"), FINE },
	{ "localPtr of prefix 20", NET("<ip address='10.99.1.1' prefix='20' localPtr='yes'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "multiple of 8" },
	{ "localPtr of prefix 66", NET("<ip family='ipv6' address='2001:db8::1' prefix='66' localPtr='yes'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "multiple of 4" },
	{ "network address", NET("<ip address='10.99.1.0' prefix='24'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "subnet itself" },
	{ "broadcast address", NET("<ip address='10.99.1.255' prefix='24'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "broadcast" },
	{ "multicast address", NET("<ip address='224.1.1.1' prefix='24'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "multicast" },
	{ "no address", NET("<ip address='0.0.0.0' prefix='24'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "0.0.0.0" },
	{ "loopback address", NET("<ip address='127.5.5.5' prefix='24'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "loopback" },
	{ "IPv6 multicast", NET("<ip family='ipv6' address='ff02::1' prefix='64'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "multicast" },
	{ "IPv6 loopback", NET("<ip family='ipv6' address='::1' prefix='64'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "loopback" },
	{ "IPv6 none", NET("<ip family='ipv6' address='::' prefix='64'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "not the address of a host" },
	{ "point to point", NET("<ip address='10.99.1.0' prefix='31'/>"), FINE },
	{ "tftp in IPv6", NET("<ip family='ipv6' address='2001:db8::1' prefix='64'><tftp root='/x'/></ip>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "<tftp>" },
	{ "tftp without root", IN_IP("<tftp/>"), WARNED, 0, "<tftp> without root" },
	{ "tftp relative", IN_IP("<tftp root='x'/>"), WARNED, 0, "absolute" },

	/* <dhcp> */
	{ "range of the wrong subnet", NET("<ip address='127.16.10.1' netmask='255.255.255.0'>\n<dhcp>\n<range start='172.16.10.101' end='172.16.10.199'/></dhcp></ip>"), REFUSED, ERR_INTERNAL,
	  "line 5: <range start='172.16.10.101'> is outside the network's subnet 127.16.10.0/24 (<ip address='127.16.10.1'>, line 3); probably <ip address='172.16.10.1'> is meant" },
	{ "range of quite another subnet", DHCP("<range start='192.168.5.10' end='192.168.5.20'/>"), REFUSED, ERR_INTERNAL, "either <ip address='192.168.5.1'> is meant, or a range within 10.99.1.1 to 10.99.1.254" },
	{ "range one digit off", DHCP("<range start='10.98.1.10' end='10.98.1.20'/>"), REFUSED, ERR_INTERNAL, "probably <ip address='10.98.1.1'> is meant, or a range within" },
	{ "range into the next subnet", DHCP("<range start='10.99.1.10' end='10.99.2.20'/>"), REFUSED, ERR_INTERNAL, "line 4: <range end='10.99.2.20'> is outside" },
	{ "range reversed", DHCP("<range start='10.99.1.20' end='10.99.1.10'/>"), REFUSED, ERR_INTERNAL, "swap" },
	{ "range from .0", DHCP("<range start='10.99.1.0' end='10.99.1.10'/>"), REFUSED, ERR_INTERNAL, "subnet itself" },
	{ "range to .255", DHCP("<range start='10.99.1.10' end='10.99.1.255'/>"), REFUSED, ERR_INTERNAL, "broadcast" },
	{ "range in /31", NET("<ip address='10.99.1.0' prefix='31'><dhcp><range start='10.99.1.1' end='10.99.1.1'/></dhcp></ip>"), REFUSED, ERR_INTERNAL, "31 or 32" },
	{ "range of mixed families", DHCP("<range start='10.99.1.10' end='2001:db8::9'/>"), REFUSED, ERR_INTERNAL, "IPv4" },
	{ "range of IPv6 in IPv4", DHCP("<range start='2001:db8::1' end='2001:db8::9'/>"), REFUSED, ERR_INTERNAL, "IPv4" },
	{ "range of 65537", NET("<ip address='10.0.0.1' prefix='8'><dhcp><range start='10.1.0.0' end='10.2.0.0'/></dhcp></ip>"), REFUSED, ERR_INTERNAL, "65536" },
	{ "range of 65536", NET("<ip address='10.0.0.1' prefix='8'><dhcp><range start='10.1.0.0' end='10.1.255.255'/></dhcp></ip>"), FINE },
	{ "IPv6 range too wide", DHCP6("<range start='2001:db8::1' end='2001:db8::1:1'/>"), REFUSED, ERR_INTERNAL, "16 bits" },
	{ "IPv6 range reversed", DHCP6("<range start='2001:db8::9' end='2001:db8::2'/>"), REFUSED, ERR_INTERNAL, "swap" },
	{ "IPv6 range outside", DHCP6("<range start='2001:db9::9' end='2001:db9::20'/>"), REFUSED, ERR_INTERNAL, "from 2001:db8::1 to 2001:db8::ffff:ffff:ffff:ffff" },
	{ "range without end", DHCP("<range start='10.99.1.10'/>"), REFUSED, ERR_XML, "<range> has no attribute 'end'" },
	{ "range start with a letter", DHCP("<range start='10.99.1.a' end='10.99.1.9'/>"), REFUSED, ERR_SYSTEM, "<range start='10.99.1.a'>" },
	{ "ranges overlap", DHCP("<range start='10.99.1.10' end='10.99.1.20'/>\n<range start='10.99.1.20' end='10.99.1.30'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "line 5: <range start='10.99.1.20' end='10.99.1.30'> overlaps the <range> in line 4" },
	{ "range twice", DHCP("<range start='10.99.1.10' end='10.99.1.20'/><range start='10.99.1.10' end='10.99.1.20'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "overlaps" },
	{ "range holds the bridge", DHCP("<range start='10.99.1.1' end='10.99.1.20'/>"), WARNED, 0, "line 4: <range> holds the address of the bridge" },
	{ "lease of 119 seconds", DHCP("<range start='10.99.1.10' end='10.99.1.20'><lease expiry='119' unit='seconds'/></range>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "two minutes" },
	{ "lease of a minute", DHCP("<range start='10.99.1.10' end='10.99.1.20'><lease expiry='1'/></range>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "two minutes" },
	{ "lease of 120 seconds", DHCP("<range start='10.99.1.10' end='10.99.1.20'><lease expiry='120' unit='seconds'/></range>"), FINE },
	{ "lease without end", DHCP("<range start='10.99.1.10' end='10.99.1.20'><lease expiry='0'/></range>"), FINE },
	{ "lease of nothing", DHCP("<range start='10.99.1.10' end='10.99.1.20'><lease unit='hours'/></range>"), WARNED, 0, "<lease> without" },
	{ "lease in days", DHCP("<range start='10.99.1.10' end='10.99.1.20'><lease expiry='1' unit='days'/></range>"), REFUSED, ERR_XML, "'seconds', 'minutes' or 'hours'" },
	{ "lease of -5", DHCP("<range start='10.99.1.10' end='10.99.1.20'><lease expiry='-5'/></range>"), REFUSED, ERR_XML, "<lease expiry='-5'>" },
	{ "lease of ages", DHCP("<range start='10.99.1.10' end='10.99.1.20'><lease expiry='99999999999' unit='hours'/></range>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "136 years" },
	{ "dhcp in two IPv4", NET(IP("<dhcp><range start='10.99.1.10' end='10.99.1.20'/></dhcp>") "\n<ip address='10.99.2.1' prefix='24'><dhcp><range start='10.99.2.10' end='10.99.2.20'/></dhcp></ip>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "line 4: <dhcp> is in two <ip>" },
	{ "dhcp in both families", NET(IP("<dhcp><range start='10.99.1.10' end='10.99.1.20'/></dhcp>") "<ip family='ipv6' address='2001:db8::1' prefix='64'><dhcp><range start='2001:db8::10' end='2001:db8::20'/></dhcp></ip>"), FINE },

	/* Reservations. */
	{ "host mac of five octets", DHCP("<host mac='52:54:00:12:34' ip='10.99.1.9'/>"), REFUSED, ERR_XML, "<host mac='52:54:00:12:34'> is not a MAC address" },
	{ "host mac multicast", DHCP("<host mac='03:54:00:12:34:56' ip='10.99.1.9'/>"), REFUSED, ERR_XML, "multicast" },
	{ "host mac broadcast", DHCP("<host mac='ff:ff:ff:ff:ff:ff' ip='10.99.1.9'/>"), REFUSED, ERR_XML, "multicast" },
	{ "host without ip", DHCP("<host mac='52:54:00:12:34:56'/>"), REFUSED, ERR_XML, "<host> has no attribute 'ip'" },
	{ "host without mac and name", DHCP("<host ip='10.99.1.9'/>"), REFUSED, ERR_XML, "does not say for whom" },
	{ "host ip 500", DHCP("<host name='a' ip='10.99.1.500'/>"), REFUSED, ERR_XML, "10.99.1.500" },
	{ "host name _x", DHCP("<host name='_x' ip='10.99.1.9'/>"), REFUSED, ERR_XML, "'_x'" },
	{ "IPv6 host with mac", DHCP6("<host mac='52:54:00:12:34:56' ip='2001:db8::9'/>"), REFUSED, ERR_XML, "DUID" },
	{ "IPv6 host without id", DHCP6("<host ip='2001:db8::9'/>"), REFUSED, ERR_XML, "id='…'" },
	{ "IPv6 host id", DHCP6("<host id='0:1:xx' ip='2001:db8::9'/>"), REFUSED, ERR_XML, "<host id='0:1:xx'> is not a DUID" },
	{ "host mac twice", DHCP("<host mac='52:54:00:12:34:56' ip='10.99.1.9'/>\n<host mac='52:54:0:12:34:56' ip='10.99.1.10'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "line 5: <host ip='10.99.1.10'> has the same mac as the <host> in line 4" },
	{ "host ip twice", DHCP("<host name='a' ip='10.99.1.9'/><host name='b' ip='10.99.1.9'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "the same ip" },
	{ "host name twice", DHCP("<host name='a' ip='10.99.1.9'/><host name='A' ip='10.99.1.8'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "the same name" },
	{ "host outside the subnet", DHCP("<host name='a' ip='10.99.2.9'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<host ip='10.99.2.9'> is outside" },
	{ "host of the other family", DHCP("<host name='a' ip='2001:db8::9'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "is outside" },
	{ "host is the bridge", DHCP("<host name='a' ip='10.99.1.1'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "the bridge itself" },
	{ "host ip short", DHCP("<host name='a' ip='10.99.1'/>"), UNWISE, ERR_XML, "10.99.0.1" },
	{ "host name with blank", DHCP("<host name='a b' ip='10.99.1.9'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "'a b'" },
	{ "host name with comma", DHCP("<host name='a,b' ip='10.99.1.9'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "'a,b'" },
	{ "bootp without file", DHCP("<range start='10.99.1.10' end='10.99.1.20'/><bootp server='10.99.1.2'/>"), REFUSED, ERR_XML, "<bootp> has no attribute 'file'" },
	{ "bootp server by name", DHCP("<range start='10.99.1.10' end='10.99.1.20'/><bootp file='x' server='pxe'/>"), REFUSED, ERR_SYSTEM, "<bootp server='pxe'>" },
	{ "bootp alone", DHCP("<bootp file='x'/>"), WARNED, 0, "<bootp> without" },
	{ "bootp in IPv6", DHCP6("<range start='2001:db8::10' end='2001:db8::20'/><bootp file='x'/>"), WARNED, 0, "<bootp> in an IPv6" },

	/* <dns> */
	{ "dns off with children", NET("<dns enable='no'><forwarder addr='8.8.8.8'/></dns>"), REFUSED, ERR_XML, "<dns enable='no'>" },
	{ "forwarder empty", DNS("<forwarder/>"), REFUSED, ERR_XML, "<forwarder> needs" },
	{ "forwarder by name", DNS("<forwarder addr='dns.example.org'/>"), REFUSED, ERR_XML, "<forwarder addr='dns.example.org'>" },
	{ "forwarder with port", DNS("<forwarder addr='8.8.8.8#53'/>"), REFUSED, ERR_XML, "8.8.8.8#53" },
	{ "txt without name", DNS("<txt value='x'/>"), REFUSED, ERR_XML_DETAIL, "'name'" },
	{ "txt without value", DNS("<txt name='x'/>"), REFUSED, ERR_XML_DETAIL, "'value'" },
	{ "txt name with blank", DNS("<txt name='a b' value='x'/>"), REFUSED, ERR_XML_DETAIL, "<txt name='a b'>" },
	{ "txt name with comma", DNS("<txt name='a,b' value='x'/>"), REFUSED, ERR_XML_DETAIL, "<txt name='a,b'>" },
	{ "txt twice", DNS("<txt name='a' value='x'/>\n<txt name='a' value='y'/>"), WARNED, 0, "line 4: <txt name='a'> is there twice" },
	{ "txt value of two lines", DNS("<txt name='a' value='x&#10;y'/>"), REFUSED, ERR_XML_DETAIL, "holds a line break" },
	{ "srv target of two lines", DNS("<srv service='a' protocol='tcp' target='x&#10;y'/>"), REFUSED, ERR_XML_DETAIL, "holds a line break" },
	{ "forwarder with an empty address", DNS("<forwarder domain='d' addr=''/>"), REFUSED, ERR_XML, "<forwarder addr=''>" },
	{ "dns host without ip", DNS("<host><hostname>a</hostname></host>"), REFUSED, ERR_XML_DETAIL, "'ip'" },
	{ "dns host without hostname", DNS("<host ip='10.99.1.9'/>"), REFUSED, ERR_XML_DETAIL, "no <hostname>" },
	{ "dns host with empty hostname", DNS("<host ip='10.99.1.9'><hostname/></host>"), REFUSED, ERR_XML_DETAIL, "<hostname> is empty" },
	{ "dns host with blanks", DNS("<host ip='10.99.1.9'><hostname>a b</hostname></host>"), WARNED, 0, "'a b' is not a name" },
	{ "dns host twice", DNS("<host ip='10.99.1.9'><hostname>a</hostname></host><host ip='10.99.1.9'><hostname>b</hostname></host>"), WARNED, 0, "<host ip='10.99.1.9'> is there twice" },
	{ "srv without service", DNS("<srv protocol='tcp'/>"), REFUSED, ERR_XML_DETAIL, "'service'" },
	{ "srv without protocol", DNS("<srv service='ldap'/>"), REFUSED, ERR_XML_DETAIL, "'protocol'" },
	{ "srv service with dot", DNS("<srv service='a.b' protocol='tcp'/>"), REFUSED, ERR_XML_DETAIL, "<srv service='a.b'>" },
	{ "srv service too long", DNS("<srv service='" X300 X300 "' protocol='tcp'/>"), REFUSED, ERR_XML_DETAIL, "at most 482" },
	{ "srv protocol with underscore", DNS("<srv service='a' protocol='_tcp'/>"), REFUSED, ERR_XML_DETAIL, "<srv protocol='_tcp'>" },
	{ "srv port without target", DNS("<srv service='a' protocol='tcp' port='1'/>"), REFUSED, ERR_XML_DETAIL, "target='…'" },
	{ "srv port 0", DNS("<srv service='a' protocol='tcp' target='t' port='0'/>"), REFUSED, ERR_XML_DETAIL, "<srv port='0'>" },
	{ "srv port 65536", DNS("<srv service='a' protocol='tcp' target='t' port='65536'/>"), REFUSED, ERR_XML_DETAIL, "<srv port='65536'>" },
	{ "srv priority 65536", DNS("<srv service='a' protocol='tcp' target='t' priority='65536'/>"), REFUSED, ERR_XML_DETAIL, "priority" },
	{ "srv weight -1", DNS("<srv service='a' protocol='tcp' target='t' weight='-1'/>"), REFUSED, ERR_XML_DETAIL, "weight" },

	/* Ports. */
	{ "group without name", NET("<portgroup/>"), REFUSED, ERR_XML, "<portgroup> has no attribute 'name'" },
	{ "two default groups", NET("<portgroup name='a' default='yes'/><portgroup name='b' default='yes'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "both the default" },
	{ "group twice", NET("<portgroup name='a'/><portgroup name='a'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<portgroup name='a'> is there twice" },
	{ "group default maybe", NET("<portgroup name='a' default='maybe'/>"), WARNED, 0, "read as 'no'" },
	{ "vlan in nat", NET("<forward/>" IP("") "<vlan><tag id='1'/></vlan>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<vlan> is not supported in mode 'nat'" },
	{ "vlan isolated", NET("<vlan><tag id='1'/></vlan>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<vlan>" },
	{ "vlan in a nat group", NET("<forward/>" IP("") "<portgroup name='a'><vlan><tag id='1'/></vlan></portgroup>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<vlan>" },
	{ "vlan on a host bridge", MODE("bridge", "<bridge name='br0'/><vlan><tag id='1'/></vlan>"), FINE },
	{ "vlan on Open vSwitch", MODE("bridge", "<bridge name='br0'/><vlan><tag id='1'/></vlan><virtualport type='openvswitch'/>"), FINE },
	{ "vlan on 802.1Qbh", MODE("bridge", "<bridge name='br0'/><vlan><tag id='1'/></vlan><virtualport type='802.1Qbh'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<vlan>" },
	{ "vlan in a group of Open vSwitch", MODE("bridge", "<bridge name='br0'/><virtualport type='openvswitch'/><portgroup name='a'><vlan><tag id='1'/></vlan><virtualport><parameters profileid='p'/></virtualport></portgroup>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "must have type='openvswitch'" },
	{ "vlan without tag", MODE("hostdev", "<vlan/>"), REFUSED, ERR_XML, "<vlan> has no <tag" },
	{ "tag 4096", MODE("hostdev", "<vlan><tag id='4096'/></vlan>"), REFUSED, ERR_XML, "<tag id='4096'>" },
	{ "tag without id", MODE("hostdev", "<vlan><tag/></vlan>"), REFUSED, ERR_XML, "<tag> has no attribute 'id'" },
	{ "trunk no with two", MODE("hostdev", "<vlan trunk='no'><tag id='1'/><tag id='2'/></vlan>"), REFUSED, ERR_XML, "trunk='no'" },
	{ "trunk x", MODE("hostdev", "<vlan trunk='x'><tag id='1'/></vlan>"), REFUSED, ERR_XML, "<vlan trunk='x'>" },
	{ "two native", MODE("hostdev", "<vlan><tag id='1' nativeMode='tagged'/><tag id='2' nativeMode='tagged'/></vlan>"), REFUSED, ERR_XML, "nativeMode" },
	{ "native x", MODE("hostdev", "<vlan><tag id='1' nativeMode='x'/></vlan>"), REFUSED, ERR_XML, "'tagged' or 'untagged'" },
	{ "trunk YES", MODE("hostdev", "<vlan trunk='YES'><tag id='1'/></vlan>"), FINE },
	{ "group bandwidth in vepa", MODE("vepa", "<portgroup name='a'><bandwidth><inbound average='1'/></bandwidth></portgroup>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<bandwidth>" },
	{ "bandwidth of nothing in vepa", MODE("vepa", "<bandwidth/>"), FINE },
	{ "tag 0", MODE("hostdev", "<vlan><tag id='0'/></vlan>"), WARNED, 0, "<tag id='0'> is reserved" },
	{ "tag 4095", MODE("hostdev", "<vlan><tag id='4095'/></vlan>"), WARNED, 0, "<tag id='4095'> is reserved" },
	{ "tag twice", MODE("hostdev", "<vlan><tag id='7'/><tag id='7'/></vlan>"), WARNED, 0, "<tag id='7'> is there twice" },
	{ "bandwidth without average", NET("<bandwidth><inbound peak='1'/></bandwidth>"), REFUSED, ERR_XML_DETAIL, "average" },
	{ "peak without average", NET("<bandwidth><inbound floor='1' peak='1'/></bandwidth>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "without average" },
	{ "peak below average", NET("<bandwidth><inbound average='9' peak='1'/></bandwidth>"), WARNED, 0, "below the average" },
	{ "classID", NET("<bandwidth classID='2'><inbound average='1'/></bandwidth>"), REFUSED, ERR_XML_DETAIL, "classID" },
	{ "network floor", NET("<bandwidth><inbound average='1' floor='1'/></bandwidth>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "floor" },
	{ "outbound floor", NET("<bandwidth><outbound average='1' floor='1'/></bandwidth>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "floor" },
	{ "average -5", NET("<bandwidth><inbound average='-5'/></bandwidth>"), REFUSED, ERR_XML, "<inbound average='-5'>" },
	{ "average 1M", NET("<bandwidth><inbound average='1M'/></bandwidth>"), REFUSED, ERR_XML, "<inbound average='1M'>" },
	{ "average too large", NET("<bandwidth><inbound average='18014398509481985'/></bandwidth>"), UNWISE, ERR_OVERFLOW, "18014398509481984" },
	{ "burst too large", NET("<bandwidth><inbound average='1' burst='4194304'/></bandwidth>"), UNWISE, ERR_OVERFLOW, "4194303" },
	{ "average 0", NET("<bandwidth><inbound average='0'/></bandwidth>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "average='0'" },
	{ "bandwidth in private", MODE("private", "<bandwidth><inbound average='1'/></bandwidth>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<bandwidth>" },
	{ "group bandwidth in hostdev", MODE("hostdev", "<portgroup name='a'><bandwidth><inbound average='1'/></bandwidth></portgroup>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<bandwidth>" },
	{ "virtualport without type", MODE("bridge", "<virtualport/>"), REFUSED, ERR_XML, "type='…'" },
	{ "virtualport type", MODE("bridge", "<virtualport type='x'/>"), REFUSED, ERR_CONFIG_UNSUPPORTED, "<virtualport type='x'>" },
	{ "managerid of Open vSwitch", MODE("bridge", "<virtualport type='openvswitch'><parameters managerid='1'/></virtualport>"), REFUSED, ERR_XML, "'managerid'" },
	{ "managerid 256", MODE("bridge", "<virtualport type='802.1Qbg'><parameters managerid='256'/></virtualport>"), REFUSED, ERR_XML, "<parameters managerid='256'>" },
	{ "profileid of 40", MODE("bridge", "<virtualport type='802.1Qbh'><parameters profileid='" X40 "'/></virtualport>"), REFUSED, ERR_XML, "at most 39" },
	{ "virtualport of a nat group", NET("<forward/>" IP("") "<portgroup name='g'><virtualport type='openvswitch'/></portgroup>"), WARNED, 0, "every port of the group 'g'" },
	{ "virtualport on nat", NET("<forward/>" IP("") "<virtualport type='openvswitch'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "<virtualport>" },

	/* <route> */
	{ "route without address", ROUTE("gateway='10.99.1.2'"), REFUSED, ERR_XML, "'address'" },
	{ "route without gateway", ROUTE("address='10.5.0.0' prefix='16'"), REFUSED, ERR_XML, "'gateway'" },
	{ "route with host bits", ROUTE("address='10.5.0.1' prefix='16' gateway='10.99.1.2'"), REFUSED, ERR_XML, "not the address of a subnet" },
	{ "route with both masks", ROUTE("address='10.5.0.0' prefix='16' netmask='255.255.0.0' gateway='10.99.1.2'"), REFUSED, ERR_XML, "remove one" },
	{ "route prefix 33", ROUTE("address='10.5.0.0' prefix='33' gateway='10.99.1.2'"), REFUSED, ERR_XML, "prefix='33'" },
	{ "route without mask", ROUTE("address='10.5.0.0' gateway='10.99.1.2'"), REFUSED, ERR_XML, "prefix 0" },
	{ "route netmask with a hole", ROUTE("address='10.0.0.0' netmask='255.0.255.0' gateway='10.99.1.2'"), UNWISE, ERR_XML, "not a netmask" },
	{ "route metric 0", ROUTE("address='10.5.0.0' prefix='16' gateway='10.99.1.2' metric='0'"), REFUSED, ERR_XML, "metric='0'" },
	{ "route of IPv6 without family", ROUTE("address='2001:db8:5::' prefix='48' gateway='2001:db8::2'"), REFUSED, ERR_XML, "family='ipv6'" },
	{ "route of IPv6 with netmask", ROUTE("family='ipv6' address='2001:db8:5::' netmask='255.0.0.0' gateway='2001:db8::2'"), REFUSED, ERR_XML, "netmask" },
	{ "route with a mask of IPv6", ROUTE("address='10.5.0.0' netmask='ffff::' gateway='10.99.1.2'"), REFUSED, ERR_XML, "netmask" },
	{ "route of two families", ROUTE("address='10.5.0.0' prefix='16' gateway='2001:db8::2'"), REFUSED, ERR_XML, "not of one family" },
	{ "route family x", ROUTE("family='x' address='10.5.0.0' prefix='16' gateway='10.99.1.2'"), REFUSED, ERR_XML, "<route family='x'>" },
	{ "route gateway elsewhere", ROUTE("address='10.5.0.0' prefix='16' gateway='10.98.1.2'"), REFUSED, ERR_CONFIG_UNSUPPORTED, "gateway='10.98.1.2'" },
	{ "default route", ROUTE("address='0.0.0.0' prefix='0' gateway='10.99.1.2'"), UNWISE, ERR_CONFIG_UNSUPPORTED, "default route" },
	{ "route to itself", ROUTE("address='10.5.0.0' prefix='16' gateway='10.99.1.1'"), UNWISE, ERR_CONFIG_UNSUPPORTED, "the bridge itself" },
	{ "route", ROUTE("address='10.5.0.0' prefix='16' gateway='10.99.1.2'"), FINE },

	/* dnsmasq's own options */
#define DNSMASQ(inside) "<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'><name>t</name><dnsmasq:options>" inside "</dnsmasq:options></network>"
	{ "option without value", DNSMASQ("<dnsmasq:option/>"), REFUSED, ERR_INTERNAL, "'value'" },
	{ "option with line break", DNSMASQ("<dnsmasq:option value='a&#10;b'/>"), UNWISE, ERR_CONFIG_UNSUPPORTED, "line break" },
	{ "option", DNSMASQ("<dnsmasq:option value='foo=bar'/>"), WARNED, 0, "'foo=bar'" },
};
/* clang-format on */

static bool is_warned(const struct network_warnings *w, const char *part)
{
	for (size_t i = 0; i < w->n; i++)
		if (!part || strstr(w->line[i], part))
			return true;
	return false;
}

static void fail_row(const struct row *row, const char *what, const struct err *e,
		     const struct network_warnings *w)
{
	fail_msg("%s: %s; class %u, message \"%s\", %zu warnings, the first \"%s\"", row->name,
		 what, e->class, e->msg, w->n, w->n ? w->line[0] : "");
}

static void check_define(const struct row *row)
{
	struct network_warnings w = { 0 };
	struct network *n = NULL;
	struct err e = { 0 };
	int err = network_parse(row->xml, strlen(row->xml), 0, &n, &w, &e);

	if (row->verdict == REFUSED || row->verdict == UNWISE) {
		if (err == 0 || n || e.class != row->class || !strstr(e.msg, row->part))
			fail_row(row, "should be refused", &e, &w);
	} else if (err != 0) {
		fail_row(row, "should be accepted", &e, &w);
	} else if (is_warned(&w, row->part) != (row->verdict == WARNED)) {
		fail_row(row, "other warnings expected", &e, &w);
	}
	network_free(n);
	network_warnings_done(&w);
}

static void check_stored(const struct row *row)
{
	struct network_warnings w = { 0 };
	struct network *n = NULL;
	struct err e = { 0 };
	int err = network_parse(row->xml, strlen(row->xml), NETWORK_PARSE_STORED, &n, &w, &e);

	if ((err != 0) != (row->verdict == REFUSED))
		fail_row(row, "a stored document fares otherwise", &e, &w);
	if (row->verdict == UNWISE && !is_warned(&w, row->part))
		fail_row(row, "a stored document should be warned of", &e, &w);
	network_free(n);
	network_warnings_done(&w);
}

static void test_define(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_define(&rows[i]);
}

static void test_stored(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_stored(&rows[i]);
}

/* No caller is forced to listen. */
static void test_silent(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network *n = NULL;
		int err = network_parse(rows[i].xml, strlen(rows[i].xml), 0, &n, NULL, NULL);
		assert_int_equal(err != 0, rows[i].verdict <= UNWISE);
		network_free(n);
	}
}

static const struct {
	const char *name, *xml, *part;
} schema_rows[] = {
	{ "unknown element", NET("<frobnicate/>"), "line 3: the element 'frobnicate'" },
	{ "unknown attribute", NET("<bridge nam='x'/>"), "attribute 'nam'" },
	{ "stray text", NET("hello"), "text '" },
	{ "repeated element", NET("<bridge name='a'/><bridge name='b'/>"), "a second <bridge>" },
	{ "stp", NET("<bridge stp='yes'/>"), "<bridge stp='yes'>" },
	{ "no number", NET("<bridge delay='fast'/>"), "<bridge delay='fast'>" },
	{ "no attribute", DHCP("<range start='10.99.1.9'/>"), "'end'" },
	{ "mode none", MODE("none", ""), "mode='none'" },
	{ "ports 0 to 0", NAT("<nat><port start='0' end='0'/></nat>"), "end='0'" },
	{ "domain without name", NET("<domain/>"), "<domain>" },
};

static void test_schema(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(schema_rows); i++) {
		const char *xml = schema_rows[i].xml;
		struct network *n = NULL;
		struct err e = { 0 };
		int err = network_parse(xml, strlen(xml), NETWORK_PARSE_VALIDATE, &n, NULL, &e);
		if (err == 0 || e.class != ERR_XML_INVALID_SCHEMA ||
		    !strstr(e.msg, schema_rows[i].part))
			fail_msg("%s: class %u, message \"%s\"", schema_rows[i].name, e.class,
				 e.msg);
	}
}

/* Documents that are large rather than wrong. */

static const struct {
	const char *head, *piece;
	unsigned times;
	const char *tail, *part; /* NULL: accepted */
} large_rows[] = {
	{ "<network>", "<a>", 1000, "", "32 deep" },
	{ "<network>", "<a/>", 70000, "</network>", "65536 elements" },
	{ "<network><name>", "aaaaaaaa", 140000, "</name></network>", "largest is 1048576" },
	{ "<network ", "a", 100000, "='x'/>", "at line " },
	{ "<network ", "a='=' ", 100000, "/>", "more than 64 attributes" },
	{ "<network ", "xmlns:a='=' ", 80000, "/>", "more than 64 attributes" },
	{ "<network><name>t</name><!--", " a=''", 1000, "--></network>", NULL },
	{ "<network><name>t</name><description><![CDATA[<a ", " a=''", 1000,
	  "]]></description></network>", NULL },
	{ "<?x ", " a=''", 1000, "?><network><name>t</name></network>", NULL },
	{ "<network><name>t</name><metadata>", "<a:b xmlns:a='u'/>", 257, "</metadata></network>",
	  "<metadata>" },
	{ "<network><name>t</name><metadata>", "<a:b xmlns:a='u'/>", 256, "</metadata></network>",
	  NULL },
	{ "<network><name>t</name><description>", "''''''''''", 60000, "</description></network>",
	  "is printed with" },
	{ "<network><name>t</name>", "<ip address='10.1.1.1'/>", 1025, "</network>",
	  "at most 1024 <ip>" },
};

static void test_large(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(large_rows); i++) {
		struct text xml = { 0 };
		struct network *n = NULL;
		struct err e = { 0 };

		text_add(&xml, large_rows[i].head);
		for (unsigned k = 0; k < large_rows[i].times; k++)
			text_add(&xml, large_rows[i].piece);
		text_add(&xml, large_rows[i].tail);
		int err = network_parse(xml.s, xml.len, 0, &n, NULL, &e);
		if ((err == 0) == !!large_rows[i].part ||
		    !strstr(e.msg, large_rows[i].part ? large_rows[i].part : ""))
			fail_msg("row %zu: \"%s\"", i, e.msg);
		network_free(n);
		text_done(&xml);
	}
}

/* Warnings are bounded as well. */
static void test_many_warnings(void **state)
{
	struct network_warnings w = { 0 };
	struct network *n = NULL;
	char xml[20000], *p = stpcpy(xml, "<network><name>t</name>");

	for (unsigned i = 0; i < 1000; i++)
		p = stpcpy(p, "<unknown/>");
	p = stpcpy(p, "</network>");
	assert_int_equal(network_parse(xml, (size_t)(p - xml), 0, &n, &w, NULL), 0);
	assert_int_equal(w.n, 101);
	network_free(n);
	network_warnings_done(&w);
}

/* What a document says is never passed on as terminal control. */
static void test_clean_messages(void **state)
{
	static const char xml[] = NET("<ip address='&#9;&#10;&#155;31m\xc3\xa9'/>");
	struct network *n = NULL;
	struct err e = { 0 };

	assert_int_not_equal(network_parse(xml, sizeof(xml) - 1, 0, &n, NULL, &e), 0);
	for (const unsigned char *c = (const unsigned char *)e.msg; *c; c++)
		assert_true(*c >= 0x20 && *c != 0x9b);
	assert_non_null(strstr(e.msg, "\xc3\xa9"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_define),         cmocka_unit_test(test_stored),
		cmocka_unit_test(test_silent),         cmocka_unit_test(test_schema),
		cmocka_unit_test(test_large),          cmocka_unit_test(test_many_warnings),
		cmocka_unit_test(test_clean_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
