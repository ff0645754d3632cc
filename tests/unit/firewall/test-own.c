/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An administrator's own rules: what each line becomes, and what each mistake is told as. */
#include "firewall/own.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_taken(void **state)
{
	static const struct {
		const char *line, *rule;
		bool out;
	} vectors[] = {
		{ "in accept", "counter accept comment \"own rule, line 1\"" },
		{ "  in\ttcp dport 22 accept # ssh\r", "tcp dport 22 counter accept" },
		{ "in udp dport 1000-2000 ip saddr 198.51.100.7 drop",
		  "udp dport 1000-2000 ip saddr 198.51.100.7 counter drop" },
		{ "in udp dport 7-7 reject", "udp dport 7 counter reject" },
		{ "in ip saddr 10.1.2.3/8 ip daddr 192.0.2.0/24 accept",
		  "ip saddr 10.0.0.0/8 ip daddr 192.0.2.0/24 counter accept" },
		{ "in ip saddr 0.0.0.0/0 accept", "ip saddr 0.0.0.0/0 counter accept" },
		{ "in ct status dnat accept", "ct status dnat counter accept" },
		{ "in ct state related,established accept",
		  "ct state established,related counter accept" },
		{ "in iifname up0 accept", "iifname \"up0\" counter accept" },
		{ "out oifname \"up0\" drop", "oifname \"up0\" counter drop", true },
		{ "out ip6 daddr 2001:db8::/32 meta l4proto icmpv6 reject",
		  "meta l4proto ipv6-icmp ip6 daddr 2001:db8::/32 counter reject", true },
		{ "out meta l4proto icmp accept comment \"let's # ping\"",
		  "meta l4proto icmp counter accept comment \"let's # ping\"", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct fw_own *o = NULL;
		struct err e = { 0 };
		struct text t = { 0 };
		if (fw_own_parse(vectors[i].line, &o, &e) < 0)
			fail_msg("%s: %s", vectors[i].line, e.msg);
		assert_int_equal(o->n_in, !vectors[i].out);
		assert_int_equal(o->n_out, vectors[i].out);
		fw_rule_text(vectors[i].out ? &o->out[0] : &o->in[0], &t);
		if (strncmp(t.s, vectors[i].rule, strlen(vectors[i].rule)) != 0)
			fail_msg("%s: %s", vectors[i].line, t.s);
		text_done(&t);
		fw_own_free(o);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} vectors[] = {
		{ "forward accept",
		  "line 1: a rule begins with 'in' or 'out', not with 'forward'" },
		{ "\n\nin", "line 3: the verdict is missing" },
		{ "in accept\nin tcp dport 22", "line 2: the verdict is missing" },
		{ "in permit", "'permit' is no match and no verdict" },
		{ "in tcp sport 7 accept", "'tcp' is no match" },
		{ "in tcp dport", "'tcp dport' lacks its value" },
		{ "in tcp dport 0 accept", "'0' is no port" },
		{ "in tcp dport 65536 accept", "'65536' is no port" },
		{ "in tcp dport 9-7 accept", "'9-7' is no port" },
		{ "in tcp dport 7- accept", "'7-' is no port" },
		{ "in tcp dport 1-2-3 accept", "no port" },
		{ "in tcp dport 7 udp dport 8 accept", "'protocol' is there twice" },
		{ "in ip saddr 10.0.0.0/33 accept", "no IPv4 address" },
		{ "in ip saddr 10.1 accept", "no IPv4 address" },
		{ "in ip saddr 2001:db8::1 accept", "no IPv4 address" },
		{ "in ip6 saddr 10.0.0.1 accept", "no IPv6 address" },
		{ "in ip saddr 10.0.0.1 ip saddr 10.0.0.2 accept", "there twice" },
		{ "in ip saddr 10.0.0.1 ip6 daddr ::1 accept", "IPv4 and an IPv6" },
		{ "in ip saddr 10.0.0.1 meta l4proto icmpv6 accept", "ICMP of the other" },
		{ "in meta l4proto sctp accept", "none of tcp, udp, icmp, icmpv6" },
		{ "in ct state new accept", "'established,related' only" },
		{ "in ct status snat accept", "'dnat' only" },
		{ "in oifname virbr0 accept", "that is their bridge" },
		{ "out iifname virbr0 accept", "that is their bridge" },
		{ "in iifname up* accept", "no name of an interface" },
		{ "in iifname \"\" accept", "no name of an interface" },
		{ "in iifname sixteencharacter accept", "no name of an interface" },
		{ "in accept drop", "'drop' behind the verdict" },
		{ "in accept comment", "'comment' behind the verdict" },
		{ "in accept comment \"open", "a quote is not closed" },
		{ "in accept comment \"a\\\"b\"", "unexpected character '\\x5c'" },
		{ "in acc\x01pt", "unexpected character '\\x01'" },
	};

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct fw_own *o = NULL;
		struct err e = { 0 };
		assert_int_equal(fw_own_parse(vectors[i].text, &o, &e), -EINVAL);
		assert_null(o);
		if (!strstr(e.msg, vectors[i].says))
			fail_msg("%s: %s", vectors[i].text, e.msg);
	}
}

static void test_bounds(void **state)
{
	struct text t = { 0 };
	struct fw_own *o = NULL;
	struct err e = { 0 };

	for (unsigned i = 0; i < FW_OWN_MAX; i++)
		text_add(&t, i % 2 ? "in accept\n" : "# nothing\nout drop\n");
	assert_int_equal(fw_own_parse(t.s, &o, &e), 0);
	assert_int_equal(o->n_in + o->n_out, FW_OWN_MAX);
	fw_own_free(o);
	text_add(&t, "in accept");
	assert_int_equal(fw_own_parse(t.s, &o, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "line 385: more than 256 rules"));
	text_done(&t);
	for (unsigned i = 0; i < FW_OWN_LINE_MAX; i++)
		text_add(&t, "x");
	assert_int_equal(fw_own_parse(t.s, &o, &e), -EINVAL);
	text_done(&t);
	for (unsigned i = 0; i < FW_OWN_WORDS_MAX + 1; i++)
		text_add(&t, "x ");
	assert_int_equal(fw_own_parse(t.s, &o, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "more than 32 words"));
	text_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
