/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-dnsmasq.c — lines for dnsmasq: what they mean to netd, and which are only kept. */
#include "network/dnsmasq.h"

#include "network/xml.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#define LINES_MAX 8

static struct network *read_lines(const char *const *lines, struct network_warnings *w)
{
	char xml[4096];
	struct network *n = NULL;
	struct err e = { 0 };
	size_t used = (size_t)snprintf(
	    xml, sizeof(xml),
	    "<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'><name>t</name>"
	    "<domain name='lab'/><dns><host ip='10.0.0.9'><hostname>www.lab</hostname></host></dns>"
	    "<ip address='10.0.0.1' prefix='24'><dhcp><range start='10.0.0.2' end='10.0.0.8'/>"
	    "<host mac='52:54:00:00:00:01' name='db' ip='10.0.0.7'/></dhcp></ip>"
	    "<ip family='ipv6' address='fd00::1' prefix='64'><dhcp><range start='fd00::2' "
	    "end='fd00::9'/></dhcp></ip><dnsmasq:options>");

	for (size_t i = 0; i < LINES_MAX && lines[i]; i++)
		used += (size_t)snprintf(xml + used, sizeof(xml) - used,
					 "<dnsmasq:option value='%s'/>", lines[i]);
	used += (size_t)snprintf(xml + used, sizeof(xml) - used, "</dnsmasq:options></network>");
	if (network_parse(xml, used, 0, &n, w, &e) < 0)
		fail_msg("%s: %s", xml, e.msg);
	return n;
}

/* One rule in words: "tags: option=hex …". */
static void describe_rule(const struct netd_dhcp_rule *u, char *buf, size_t cap)
{
	size_t n = 0;
	char mac[MAC_TEXT_MAX], ip[IP_TEXT_MAX];

#define SAY(...) n += (size_t)snprintf(buf + n, cap - n, __VA_ARGS__)
	if (u->vendor)
		SAY("vendor=%s ", u->vendor);
	if (u->user)
		SAY("user=%s ", u->user);
	for (size_t i = 0; i < u->n_archs; i++)
		SAY("arch=%u ", u->archs[i]);
	if (u->ipxe)
		SAY("ipxe=%s ", u->ipxe == TRI_YES ? "yes" : "no");
	if (u->has_mac)
		SAY("mac=%s ", mac_format(&u->mac, mac));
	SAY(":");
	for (size_t i = 0; i < u->n_options; i++) {
		const struct netd_dhcp_option *o = &u->options[i];
		SAY(" %s%u%s=", o->family == AF_INET6 ? "6-" : "", o->code, o->force ? "!" : "");
		for (size_t k = 0; k < o->n; k++)
			SAY("%02x", o->value[k]);
		if (o->absent)
			SAY("none");
	}
	for (unsigned f = 0; f < NETD_FAMILIES; f++)
		if (u->boot[f].line)
			SAY(" boot%s=%s%s%s", f == NETD_IP6 ? "6" : "",
			    u->boot[f].file ? u->boot[f].file : u->boot[f].url,
			    ip_is_set(&u->boot[f].server) ? "@" : "",
			    ip_is_set(&u->boot[f].server) ? ip_format(&u->boot[f].server, ip) : "");
#undef SAY
}

/* clang-format off */
static const struct {
	const char *lines[LINES_MAX];
	const char *rules; /* without the first one's ":" when it is empty */
	const char *warning;
} rows[] = {
	{ { "dhcp-option=42,10.0.0.5" }, ": 42=0a000005;" },
	{ { "dhcp-option=option:ntp-server,10.0.0.5,10.0.0.6" }, ": 42=0a0000050a000006;" },
	{ { "dhcp-option=option:ntp-server,0.0.0.0" }, ": 42=0a000001;" },
	{ { "dhcp-option=3" }, ": 3=none;" },
	{ { "dhcp-option=option:router" }, ": 3=none;" },
	{ { "dhcp-option=6,1.1.1.1", "dhcp-option=6,2.2.2.2" }, ": 6=02020202;" },
	{ { "dhcp-option=option:domain-search,a.lab,lab" }, ": 119=0161036c616200c002;" },
	{ { "dhcp-option=121,10.1.0.0/16,10.0.0.2" }, ": 121=100a010a000002;" },
	{ { "dhcp-option=252,&quot;http://w/wpad.dat&quot;" }, ": 252=687474703a2f2f772f777061642e646174;" },
	{ { "dhcp-option=224,5" }, ": 224=05;" },
	{ { "dhcp-option=224,1000" }, ": 224=03e8;" },
	{ { "dhcp-option=224,01:0a" }, ": 224=010a;" },
	{ { "dhcp-option=224,word" }, ": 224=776f7264;" },
	{ { "dhcp-option-force=26,1400" }, ": 26!=0578;" },
	{ { "dhcp-option=option6:dns-server,[fd00::53],[::]" }, ": 6-23=fd000000000000000000000000000053fd000000000000000000000000000001;" },
	{ { "dhcp-option=option6:59,tftp://[fd00::1]/x" }, ": boot6=tftp://[fd00::1]/x;" },
	{ { "dhcp-option=54,10.0.0.5" }, ":;", "is set by the definition" },
	{ { "dhcp-option=option:nonsense,1" }, ":;", "doesn't know the option" },
	{ { "dhcp-option=tag:nobody,42,10.0.0.5" }, ":;" },
	{ { "dhcp-boot=pxelinux.0" }, ": boot=pxelinux.0;" },
	{ { "dhcp-boot=pxelinux.0,boothost,10.0.0.5" }, ": boot=pxelinux.0@10.0.0.5;" },
	{ { "dhcp-boot=http://10.0.0.1/x.efi" }, ": boot=http://10.0.0.1/x.efi;" },
	{ { "dhcp-boot=x,host,server.lab" }, ":;", "by its IPv4 address" },
	{ { "dhcp-option=67,x.efi" }, ": boot=x.efi;" },
	/* The usual chain */
	{ { "dhcp-match=set:ipxe,175", "dhcp-match=set:bios,option:client-arch,0", "dhcp-match=set:efi64,option:client-arch,7",
	    "dhcp-match=set:efi64,option:client-arch,9", "dhcp-boot=tag:ipxe,boot.ipxe", "dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe",
	    "dhcp-boot=tag:!ipxe,tag:efi64,snponly.efi" },
	  ":;arch=7 ipxe=no : boot=snponly.efi;arch=9 ipxe=no : boot=snponly.efi;arch=0 ipxe=no : boot=undionly.kpxe;ipxe=yes : boot=boot.ipxe;" },
	{ { "dhcp-match=set:http,option:client-arch,16", "dhcp-option-force=tag:http,60,HTTPClient", "dhcp-boot=tag:http,http://h/x" },
	  ":;arch=16 : boot=http://h/x;arch=16 : 60!=48545450436c69656e74;" },
	{ { "dhcp-vendorclass=set:v,PXEClient", "dhcp-userclass=set:u,lab", "dhcp-option=tag:v,tag:u,42,10.0.0.5" }, ":;vendor=PXEClient user=lab : 42=0a000005;" },
	{ { "dhcp-userclass=set:ipxe,iPXE", "dhcp-boot=tag:ipxe,b" }, ":;ipxe=yes : boot=b;" },
	{ { "dhcp-mac=set:m,52:54:00:00:00:09", "dhcp-option=net:m,42,10.0.0.5" }, ":;mac=52:54:00:00:00:09 : 42=0a000005;" },
	{ { "dhcp-mac=set:m,52:54:00:*:*:*" }, ":;", "only whole MAC" },
	{ { "dhcp-vendorclass=set:v,x", "dhcp-option=tag:!v,42,10.0.0.5" }, ":;", "only tags that iPXE sets" },
	{ { "dhcp-match=set:a,option:client-arch,0", "dhcp-match=set:b,option:client-arch,7", "dhcp-boot=tag:a,tag:b,x" }, ":;" },
	{ { "dhcp-match=x" }, ":;", "sets no tag" },
	{ { "dhcp-match=set:x,option:rubbish" }, ":;", "netd matches" },
	/* Others */
	{ { "no-ping", "log-dhcp", "dhcp-authoritative", "bind-dynamic", "cache-size=1000" }, ":;" },
	{ { "ptr-record=a,b" }, ":;", "netd makes PTR records of addresses itself" },
	{ { "bogus-priv", "strict-order", "domain-needed" }, ":;" },
	{ { "all-servers" }, ":;", "netd asks one server at a time" },
	{ { "dhcp-ignore=tag:x" }, ":;", "netd serves every client" },
	{ { "mx-host=lab,mail.lab,50", "caa-record=lab,0,issue,ca.example", "address=/apps.lab/10.0.0.5" }, ":;" },
	{ { "mx-host=lab" }, ":;", "only NAME,TARGET and" },
	{ { "mx-host=lab,mail,70000" }, ":;", "only NAME,TARGET and" },
	{ { "caa-record=lab,0,issue" }, ":;", "only NAME,FLAGS,TAG,VALUE is understood" },
	{ { "caa-record=lab,0,is-sue,x" }, ":;", "only NAME,FLAGS,TAG,VALUE" },
	{ { "address=/#/10.0.0.5" }, ":;", "only /NAME/ADDRESS is understood" },
	{ { "address=/a/" }, ":;", "only /NAME/ADDRESS" },
	{ { "conf-file=/etc/x" }, ":;", "netd has nothing like it" },
	{ { "foo=bar" }, ":;", "'foo=bar' is kept, but not obeyed: dnsmasq has no such option" },
};
/* clang-format on */

static void test_rules(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network_warnings w = { 0 };
		struct network *n = read_lines(rows[i].lines, &w);
		char all[2048] = "", one[512];

		for (size_t k = 0; k < n->dnsmasq.dhcp.n_rules; k++) {
			describe_rule(&n->dnsmasq.dhcp.rules[k], one, sizeof(one));
			strncat(all, one, sizeof(all) - strlen(all) - 2);
			strcat(all, ";");
		}
		if (strcmp(all, rows[i].rules) != 0)
			fail_msg("%s: %s", rows[i].lines[0], all);
		const char *said = w.n ? w.line[0] : NULL;
		if (!said != !rows[i].warning || (said && !strstr(said, rows[i].warning)))
			fail_msg("%s: %s", rows[i].lines[0], said ? said : "no warning");
		network_free(n);
		network_warnings_done(&w);
	}
}

static void test_names(void **state)
{
	static const char *const lines[LINES_MAX] = {
		"cname=mail.lab,www.lab",
		"host-record=a.lab,a,10.0.0.20,fd00::20",
		"txt-record=t.lab,&quot;x, y&quot;,z",
		"srv-host=_sip._udp.lab,a.lab,5060,1,2",
		"server=/corp/10.9.9.9",
		"server=10.8.8.8#53",
		"cname=base,db",
		"no-resolv",
	};
	struct network_warnings w = { 0 };
	struct network *n = read_lines(lines, &w);
	const struct network_dns *dns = &n->dnsmasq.dns;

	assert_int_equal(w.n, 0);
	assert_true(n->dnsmasq.no_resolv);
	assert_int_equal(dns->n_hosts, 2);
	assert_string_equal(dns->hosts[0].names[1], "a");
	assert_int_equal(dns->hosts[0].ip.v4, 0x0a000014);
	assert_int_equal(dns->hosts[1].ip.family, AF_INET6);
	assert_int_equal(n->dnsmasq.names.n_records, 2);
	assert_string_equal(n->dnsmasq.names.records[0].name, "mail.lab");
	assert_string_equal(n->dnsmasq.names.records[1].target, "db");
	assert_string_equal(dns->txts[0].value, "x, yz");
	assert_string_equal(dns->srvs[0].service, "sip");
	assert_string_equal(dns->srvs[0].domain, "lab");
	assert_int_equal(dns->srvs[0].weight, 2);
	assert_int_equal(dns->n_forwarders, 2);
	assert_string_equal(dns->forwarders[0].domain, "corp");
	assert_null(dns->forwarders[1].domain);
	network_free(n);
}

/* What libvirt's <dns> has no element for. */
static void test_records(void **state)
{
	static const char *const lines[LINES_MAX] = {
		"address=/apps.lab/b/10.0.0.21",
		"mx-host=lab,mail.lab",
		"mx-host=lab,mail2.lab,50",
		"caa-record=lab,128,issue,&quot;ca.example; x=1&quot;",
		"strict-order",
		"domain-needed",
	};
	struct network_warnings w = { 0 };
	struct network *n = read_lines(lines, &w);
	const struct netd_dns *d = &n->dnsmasq.names;

	assert_int_equal(w.n, 0);
	assert_true(n->dnsmasq.domain_needed);
	assert_int_equal(d->order, NETD_DNS_STRICT);
	assert_int_equal(d->n_records, 5);
	assert_int_equal(d->records[0].kind, NETD_DNS_WILDCARD);
	assert_string_equal(d->records[1].name, "b");
	assert_int_equal(d->records[1].ip.v4, 0x0a000015);
	assert_int_equal(n->dnsmasq.dns.n_hosts, 2); /* the names themselves */
	assert_int_equal(d->records[2].preference, 1);
	assert_string_equal(d->records[3].target, "mail2.lab");
	assert_int_equal(d->records[4].flags, 128);
	assert_string_equal(d->records[4].target, "ca.example; x=1");
	network_free(n);
}

static void test_unknown(void **state)
{
	static const char *const good[LINES_MAX] = { "ptr-record=a,b", "no-ping" },
				 *const bad[LINES_MAX] = { "no-ping", "dhcp-optio=3" };
	struct network *n = read_lines(good, NULL);

	assert_null(dnsmasq_unknown_option(n));
	network_free(n);
	n = read_lines(bad, NULL);
	assert_string_equal(dnsmasq_unknown_option(n)->value, "dhcp-optio=3");
	network_free(n);
	assert_true(dnsmasq_has_option("version", 7));
	assert_false(dnsmasq_has_option("vers", 4));
	assert_false(dnsmasq_has_option("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
