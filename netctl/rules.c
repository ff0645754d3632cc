// SPDX-License-Identifier: GPL-2.0-or-later
/* rules.c — net-rules: a network's firewall rules in libvirt's terms.
 *
 * The daemon sends them as JSON (netd/kernel/rules.h). They are printed as a table, or as `iptables
 * -L -v -n` and `ip6tables -L -v -n` would print libvirt's chains. The own rules of a network are
 * shown and set here, too. */
#include "netctl/columns.h"
#include "netctl/connect.h"
#include "netctl/document.h"

#include <stdio.h>
#include <string.h>

static const char *field(const json_t *rule, const char *name, const char *otherwise)
{
	const char *s = json_string_value(json_object_get(rule, name));

	return s ? s : otherwise;
}

/* "-" for a rule that the kernel doesn't have now. */
static const char *count(const json_t *rule, const char *name, char buf[static 24])
{
	const json_t *v = json_object_get(rule, name);

	if (!json_is_integer(v))
		return "-";
	snprintf(buf, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return buf;
}

static int print_table(const json_t *rules, bool counters, bool header)
{
	static const char *const plain[] = { "Chain",   "Target", "Family", "Protocol",
					     "In",      "Out",    "Source", "Destination",
					     "Options", "Why",    NULL };
	static const char *const counted[] = { "Packets", "Bytes",       "Chain",   "Target",
					       "Family",  "Protocol",    "In",      "Out",
					       "Source",  "Destination", "Options", "Why",
					       NULL };
	struct columns *c = columns_new(counters ? counted : plain);
	json_t *rule;
	size_t i;
	int r;

	json_array_foreach(rules, i, rule)
	{
		char packets[24], bytes[24];
		const char *options = field(rule, "options", "");
		const char *cells[] = {
			count(rule, "packets", packets),
			count(rule, "bytes", bytes),
			field(rule, "chain", "-"),
			field(rule, "target", "-"),
			field(rule, "family", "-"),
			field(rule, "protocol", "all"),
			field(rule, "in", "*"),
			field(rule, "out", "*"),
			field(rule, "source", "anywhere"),
			field(rule, "destination", "anywhere"),
			*options ? options : "-",
			field(rule, "comment", "-"),
		};
		if (c)
			columns_add(c, counters ? cells : cells + 2);
	}
	r = c ? columns_print(c, header) : -1;
	columns_free(c);
	return r;
}

/* As iptables shortens its counters: at most five characters. */
static const char *shortened(const json_t *v, char buf[static 24])
{
	static const char units[] = " KMGT";
	json_int_t n = json_integer_value(v);
	size_t unit = 0;

	while (unit < 4 && n > (unit ? 9999 : 99999)) {
		n = (n + 500) / 1000;
		unit++;
	}
	snprintf(buf, 24, "%" JSON_INTEGER_FORMAT "%.*s", n, unit ? 1 : 0, units + unit);
	return buf;
}

static void print_as_iptables(const json_t *rule, bool ipv6)
{
	const char *any = ipv6 ? "::/0" : "0.0.0.0/0", *options = field(rule, "options", "");
	char packets[24], bytes[24];

	/* A reject for both families is one rule in nftables. */
	if (ipv6 && strcmp(options, "reject-with icmp-port-unreachable") == 0)
		options = "reject-with icmp6-port-unreachable";
	printf("%5s %5s %-10s %-4s %-3s %-7s %-7s %-20s %-20s %s\n",
	       shortened(json_object_get(rule, "packets"), packets),
	       shortened(json_object_get(rule, "bytes"), bytes), field(rule, "target", ""),
	       field(rule, "protocol", "all"), ipv6 ? "" : "--", field(rule, "in", "*"),
	       field(rule, "out", "*"), field(rule, "source", any), field(rule, "destination", any),
	       options);
}

static bool is_of(const json_t *rule, const char *table, const char *chain, bool ipv6)
{
	return strcmp(field(rule, "table", ""), table) == 0 &&
	       (!chain || strcmp(field(rule, "chain", ""), chain) == 0) &&
	       strcmp(field(rule, "family", ""), ipv6 ? "ipv4" : "ipv6") != 0;
}

static void print_chain(const json_t *rules, const char *table, const char *chain, bool ipv6)
{
	json_t *rule;
	bool any = false;
	size_t i;

	json_array_foreach(rules, i, rule)
	{
		if (!is_of(rule, table, chain, ipv6))
			continue;
		if (!any)
			printf("\nChain %s (1 references)\n pkts bytes target     prot opt in      "
			       "out     "
			       "source               destination\n",
			       chain);
		any = true;
		print_as_iptables(rule, ipv6);
	}
}

/* Rules of one family only; those of both stand in each. */
static bool has_own(const json_t *rules, const char *table, bool ipv6)
{
	json_t *rule;
	size_t i;

	json_array_foreach(rules, i, rule)
	{
		if (is_of(rule, table, NULL, ipv6) &&
		    (!ipv6 || strcmp(field(rule, "chain", ""), "LIBVIRT_FWX") != 0))
			return true;
	}
	return false;
}

static void print_iptables(const json_t *rules)
{
	static const char *const filter[] = { "LIBVIRT_INP", "LIBVIRT_FWX", "LIBVIRT_FWI",
					      "LIBVIRT_FWO", "LIBVIRT_OUT" };
	bool first = true;

	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		for (int nat = 0; nat < 2; nat++) {
			const char *table = nat ? "nat" : "filter";
			if (!has_own(rules, table, ipv6))
				continue;
			printf("%s# %s -t %s -L -v -n\n", first ? "" : "\n",
			       ipv6 ? "ip6tables" : "iptables", table);
			first = false;
			for (size_t i = 0; !nat && i < ARRAY_LEN(filter); i++)
				print_chain(rules, table, filter[i], ipv6);
			if (nat)
				print_chain(rules, table, "LIBVIRT_PRT", ipv6);
		}
	}
}

static int print_rules(struct ctl *ctl, const struct args *a, const json_t *all)
{
	const json_t *rules = json_object_get(all, "rules");

	if (json_array_size(rules) == 0)
		say(ctl, "Network %s has no firewall rules\n", field(all, "network", ""));
	else if (args_text(a, "as"))
		print_iptables(rules);
	else if (print_table(rules, args_has(a, "counters"), !ctl->quiet) < 0)
		return fail(ctl, "out of memory");
	return 0;
}

static int run_listing(struct ctl *ctl, const struct args *a)
{
	auto_free char *text = NULL;
	const char *as = args_text(a, "as");
	struct rpc_net net;
	json_error_t why;

	if (as && strcmp(as, "iptables") != 0)
		return fail(ctl, "--as knows 'iptables' only, not '%s'", as);
	if (ctl_network(ctl, a, ACCESS_READ, &net) < 0 ||
	    client_rules(ctl->client, &net, &text, &ctl->err) < 0)
		return 1;
	json_t *all = json_loads(text, 0, &why);
	if (!json_is_object(all)) {
		json_decref(all);
		return fail(
		    ctl,
		    "netd's rules are not JSON (%s): netctl and netd are of different versions",
		    why.text);
	}
	if (ctl->json)
		return say_json(ctl, all);
	int r = print_rules(ctl, a, all);
	json_decref(all);
	return r;
}

/* ---- own rules ---- */

static int show_own(struct ctl *ctl, const struct rpc_net *net)
{
	auto_free char *text = NULL;

	if (client_own_rules(ctl->client, net, &text, &ctl->err) < 0)
		return 1;
	if (ctl->json)
		return say_json(ctl, json_pack("{s:s, s:s}", "network", net->name, "own", text));
	fputs(text, stdout);
	if (*text && text[strlen(text) - 1] != '\n')
		putchar('\n');
	return 0;
}

static int set_own(struct ctl *ctl, const struct rpc_net *net, const char *path)
{
	auto_free char *text = path ? document_read(ctl, path) : strdup("");

	if (!text || client_own_rules_set(ctl->client, net, text, &ctl->err) < 0)
		return 1;
	say(ctl, *text ? "Own rules of network %s set\n" : "Own rules of network %s removed\n",
	    net->name);
	return 0;
}

/* Whether the verb was called for them; *ret_status is how that ended. */
static bool run_own(struct ctl *ctl, const struct args *a, int *ret_status)
{
	bool set = args_has(a, "set"), unset = args_has(a, "unset");
	struct rpc_net net;

	if (!set && !unset && !args_has(a, "own"))
		return false;
	*ret_status = 1;
	if (!args_exclusive(ctl, a, "set", "unset") || !args_exclusive(ctl, a, "set", "own") ||
	    !args_exclusive(ctl, a, "unset", "own") ||
	    ctl_network(ctl, a, set || unset ? ACCESS_WRITE : ACCESS_READ, &net) < 0)
		return true;
	*ret_status = set || unset ? set_own(ctl, &net, args_text(a, "set")) : show_own(ctl, &net);
	return true;
}

static int run_rules(struct ctl *ctl, const struct args *a)
{
	int status;

	if (run_own(ctl, a, &status))
		return status;
	return run_listing(ctl, a);
}

static const struct opt rules_opts[] = {
	OPT_NETWORK,
	{ "counters", OPT_FLAG, "show packets and bytes too" },
	{ "as", OPT_TEXT, "\"iptables\": in the shape of iptables -L -v -n" },
	{ "own", OPT_FLAG, "print the own rules alone, as they were set" },
	{ "set", OPT_TEXT, "set the own rules, from a file or - for standard input" },
	{ "unset", OPT_FLAG, "remove the own rules" },
	{ NULL },
};

// clang-format off
const struct verb rules_verbs[] = {
	{ "net-rules", "a network's firewall rules, in libvirt's terms",
	  "The rules of a running network under the names of libvirt's chains. The kernel holds them in the nftables\n"
	  "    table inet netd; --json shows each in nft's words too. --set gives the network rules of your own, which stand\n"
	  "    before netd's: netctl(1) says how they are written.",
	  rules_opts, run_rules },
	{ NULL },
};
// clang-format on
