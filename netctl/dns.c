// SPDX-License-Identifier: GPL-2.0-or-later
/* dns.c — what a network's name server answers, keeps and is asked: dns-lookup, dns-cache,
 * dns-stats. */
#include "netctl/columns.h"
#include "netctl/connect.h"

#include "base/addr.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static json_int_t number_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *number_text(json_int_t v, char buf[static 24])
{
	snprintf(buf, 24, "%" JSON_INTEGER_FORMAT, v);
	return buf;
}

static int print(const struct ctl *ctl, struct columns *c)
{
	int r = c ? columns_print(c, !ctl->quiet) : -1;

	columns_free(c);
	return r < 0 ? fail(ctl, "Out of memory") : 0;
}

/* ---- dns-lookup ---- */

static void add_records(struct columns *c, const json_t *list, const char *section)
{
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		char ttl[24];
		columns_add(c, (const char *[]){ section, text_of(o, "name"), text_of(o, "type"),
						 number_text(number_of(o, "ttl"), ttl),
						 text_of(o, "data") });
	}
}

static void say_lookup(const struct ctl *ctl, const json_t *o)
{
	static const struct {
		const char *source, *text;
	} sources[] = {
		{ "record", "a record of the network" },
		{ "lease", "a guest's lease" },
		{ "zone", "a zone of the network's own" },
		{ "cache", "the cache" },
		{ "stale-cache", "the cache, expired: no upstream answers" },
		{ "upstream", "upstream" },
		{ "none", "the server itself" },
	};
	const char *source = text_of(o, "source"), *status = text_of(o, "status"),
		   *server = text_of(o, "server"), *from = source;

	if (!status) {
		say(ctl, "No answer: the server drops this question\n");
		return;
	}
	for (size_t i = 0; source && i < ARRAY_LEN(sources); i++)
		if (strcmp(sources[i].source, source) == 0)
			from = sources[i].text;
	say(ctl, "%s from %s%s%s, %.1f ms%s%s%s\n", status, from, server ? " " : "",
	    server ? server : "", (double)number_of(o, "took-usec") / 1000,
	    json_is_true(json_object_get(o, "authoritative")) ? ", authoritative" : "",
	    json_is_true(json_object_get(o, "authenticated")) ? ", authenticated" : "",
	    json_is_true(json_object_get(o, "complete")) ? "" : ", cut: too many records to show");
}

static int lookup_table(const struct ctl *ctl, const json_t *reply)
{
	static const char *const titles[] = { "Section", "Name", "Type", "TTL", "Data", NULL };
	static const char *const sections[] = { "answer", "authority", "additional" };
	struct columns *c = columns_new(titles);
	size_t n = 0;

	say_lookup(ctl, reply);
	for (size_t i = 0; c && i < ARRAY_LEN(sections); i++) {
		const json_t *list = json_object_get(reply, sections[i]);
		n += json_array_size(list);
		add_records(c, list, sections[i]);
	}
	if (n)
		return print(ctl, c);
	columns_free(c);
	return 0;
}

/* "192.0.2.1" -> "1.2.0.192.in-addr.arpa" */
static void reverse_name(const struct ip *ip, char *buf, size_t cap)
{
	size_t n = 0;

	if (ip->family == AF_INET) {
		snprintf(buf, cap, "%u.%u.%u.%u.in-addr.arpa", ip->v4 & 255, ip->v4 >> 8 & 255,
			 ip->v4 >> 16 & 255, ip->v4 >> 24);
		return;
	}
	for (size_t i = sizeof(ip->v6); i-- > 0;)
		n += (size_t)snprintf(buf + n, cap - n, "%x.%x.", ip->v6[i] & 15u,
				      (unsigned)ip->v6[i] >> 4);
	snprintf(buf + n, cap - n, "ip6.arpa");
}

static int run_lookup(struct ctl *ctl, const struct args *a)
{
	const char *name = args_text(a, "name"), *type = args_text(a, "type");
	auto_free char *text = NULL;
	char reverse[96];
	struct rpc_net net;
	struct ip ip;

	if (ip_parse(name, &ip) == 0) {
		reverse_name(&ip, reverse, sizeof(reverse));
		name = reverse;
		type = type ? type : "PTR";
	}
	if (ctl_network(ctl, a, ACCESS_READ, &net) < 0)
		return 1;
	if (client_dns_lookup(ctl->client, &net, name, type ? type : "A", &text, &ctl->err) < 0)
		return fail(ctl, "Failed to look %s up in network %s", name, net.name);
	json_t *reply = json_loads(text, 0, NULL);
	if (ctl->json)
		return say_json(ctl, reply);
	int r = lookup_table(ctl, reply);
	json_decref(reply);
	return r;
}

/* ---- dns-cache ---- */

/* Add the next page's entries to those of `whole`, which becomes the first page. 0: that was all.
 */
static int add_page(struct ctl *ctl, const struct rpc_net *net, json_t **whole, uint64_t *after)
{
	auto_free char *text = NULL;

	if (client_dns_cache(ctl->client, net, *after, &text, &ctl->err) < 0)
		return -1;
	json_t *page = json_loads(text, 0, NULL);
	const json_t *next = json_object_get(page, "next");
	bool more = json_is_integer(next);

	*after = (uint64_t)json_integer_value(next);
	if (!*whole) {
		*whole = page;
		(void)!json_object_del(page, "next");
		return more;
	}
	json_array_extend(json_object_get(*whole, "cache"), json_object_get(page, "cache"));
	json_decref(page);
	return more;
}

static int cache_table(const struct ctl *ctl, const json_t *reply)
{
	static const char *const titles[] = { "Name", "Type", "TTL", "Status", "Octets", NULL };
	struct columns *c = columns_new(titles);
	const json_t *o;
	size_t i;

	json_array_foreach(json_object_get(reply, "cache"), i, o)
	{
		char ttl[24], octets[24], type[64];
		snprintf(type, sizeof(type), "%s%s%s", text_of(o, "type"),
			 json_is_true(json_object_get(o, "dnssec")) ? " +do" : "",
			 json_is_true(json_object_get(o, "checking-disabled")) ? " +cd" : "");
		columns_add(c, (const char *[]){ text_of(o, "name"), type,
						 json_is_true(json_object_get(o, "expired"))
						     ? "expired"
						     : number_text(number_of(o, "ttl"), ttl),
						 text_of(o, "status"),
						 number_text(number_of(o, "octets"), octets) });
	}
	int r = print(ctl, c);
	say(ctl,
	    "%" JSON_INTEGER_FORMAT " entries, %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
	    " octets\n",
	    number_of(reply, "entries"), number_of(reply, "octets"),
	    number_of(reply, "octets-max"));
	return r;
}

static int flush_cache(struct ctl *ctl, const struct rpc_net *net)
{
	auto_free char *text = NULL;

	if (client_dns_flush(ctl->client, net, &text, &ctl->err) < 0)
		return fail(ctl, "Failed to empty the cache of network %s", net->name);
	json_t *reply = json_loads(text, 0, NULL);
	if (ctl->json)
		return say_json(ctl, reply);
	say(ctl, "Cache of network %s emptied: %" JSON_INTEGER_FORMAT " entries removed\n",
	    net->name, number_of(reply, "removed"));
	json_decref(reply);
	return 0;
}

static int run_cache(struct ctl *ctl, const struct args *a)
{
	struct rpc_net net;
	json_t *whole = NULL;
	uint64_t after = 0;
	int r;

	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return 1;
	if (args_has(a, "flush"))
		return flush_cache(ctl, &net);
	while ((r = add_page(ctl, &net, &whole, &after)) > 0)
		;
	if (r < 0) {
		json_decref(whole);
		return fail(ctl, "Failed to list the cache of network %s", net.name);
	}
	if (ctl->json)
		return say_json(ctl, whole);
	r = cache_table(ctl, whole);
	json_decref(whole);
	return r;
}

/* ---- dns-stats ---- */

static void add_numbers(struct columns *c, const char *what, json_t *object)
{
	const char *key;
	json_t *v;

	json_object_foreach(object, key, v)
	{
		char text[24];
		if (json_integer_value(v))
			columns_add(c, (const char *[]){
					   what, key, number_text(json_integer_value(v), text) });
	}
}

static void add_clients(struct columns *c, const json_t *list)
{
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		char text[64];
		json_int_t all = number_of(o, "queries"), sure = number_of(o, "at-least");
		snprintf(text, sizeof(text),
			 sure == all ? "%" JSON_INTEGER_FORMAT
				     : "%" JSON_INTEGER_FORMAT " (at least %" JSON_INTEGER_FORMAT
				       ")",
			 all, sure);
		columns_add(c, (const char *[]){ "queries of", text_of(o, "address"), text });
	}
}

static void add_upstreams(struct columns *c, const json_t *list)
{
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		bool known = json_is_integer(json_object_get(o, "rtt-usec"));
		char text[64] = "not asked yet";
		if (json_is_true(json_object_get(o, "silent")))
			snprintf(text, sizeof(text), "doesn't answer");
		else if (known)
			snprintf(text, sizeof(text), "%.1f ms",
				 (double)number_of(o, "rtt-usec") / 1000);
		columns_add(c, (const char *[]){ "upstream", text_of(o, "server"), text });
	}
}

static int stats_table(const struct ctl *ctl, const json_t *o)
{
	static const char *const titles[] = { "What", "Which", "How many", NULL };
	struct columns *c = columns_new(titles);
	const json_t *cache = json_object_get(o, "cache");

	if (!c)
		return fail(ctl, "Out of memory");
	add_numbers(c, "replies", json_object_get(o, "status"));
	add_numbers(c, "replies from", json_object_get(o, "source"));
	add_numbers(c, "counter", json_object_get(o, "counters"));
	add_clients(c, json_object_get(o, "clients"));
	add_upstreams(c, json_object_get(o, "upstreams"));
	int r = print(ctl, c);
	say(ctl,
	    "Cache: %" JSON_INTEGER_FORMAT " entries, %" JSON_INTEGER_FORMAT
	    " of %" JSON_INTEGER_FORMAT " octets; %" JSON_INTEGER_FORMAT " questions in flight\n",
	    number_of(cache, "entries"), number_of(cache, "octets"), number_of(cache, "octets-max"),
	    number_of(o, "in-flight"));
	return r;
}

static int run_stats(struct ctl *ctl, const struct args *a)
{
	auto_free char *text = NULL;
	struct rpc_net net;

	if (ctl_network(ctl, a, ACCESS_READ, &net) < 0)
		return 1;
	if (client_dns_stats(ctl->client, &net, &text, &ctl->err) < 0)
		return fail(ctl, "Failed to get the statistics of network %s", net.name);
	json_t *reply = json_loads(text, 0, NULL);
	if (ctl->json)
		return say_json(ctl, reply);
	int r = stats_table(ctl, reply);
	json_decref(reply);
	return r;
}

static const struct opt
    lookup_opts[] = { OPT_NETWORK,
		      { "name", OPT_WORD, "the name to look up, or an address" },
		      { "type", OPT_MAYBE, "type of record (default: A; of an address: PTR)" },
		      { NULL } },
    cache_opts[] = { OPT_NETWORK, { "flush", OPT_FLAG, "empty it instead" }, { NULL } },
    stats_opts[] = { OPT_NETWORK, { NULL } };

// clang-format off
const struct verb dns_verbs[] = {
	{ "dns-lookup", "what a guest is told about a name",
	  "Ask the network's name server as a guest would, and say where the answer comes from.", lookup_opts, run_lookup },
	{ "dns-cache", "what the name server remembers",
	  "List the answers of upstream servers that the network's name server keeps, or forget them.", cache_opts, run_cache },
	{ "dns-stats", "what the name server has done",
	  "Count the name server's replies by status and source, its clients' queries, and all it has dropped.", stats_opts, run_stats },
	{ NULL },
};
// clang-format on
