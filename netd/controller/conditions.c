/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/conditions.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct conditions {
	struct table by_key;
	struct list in_order;
	condition_told_fn *told;
	void *data;
	struct log_limit limit; /* what comes and goes fast shall not fill the log */
};

static const struct {
	const char *name, *to_do;
} kinds[] = {
	// clang-format off
	[CONDITION_RULES_BLOCKED] = { "rules-blocked",
		"accept the bridge's traffic in that chain (for Docker: in DOCKER-USER), or let netd do so: "
		"foreign_accept = yes in netd.conf" },
	[CONDITION_SERVICE_BLOCKED] = { "service-blocked",
		"accept udp 67, 547 and 53 and tcp 53 from the bridge in that chain, or let netd do so: "
		"foreign_accept = yes in netd.conf" },
	[CONDITION_SUBNET_CONFLICT] = { "subnet-conflict",
		"give the network or the host's interface another subnet" },
	[CONDITION_FORWARDING_OFF] = { "forwarding-off",
		"find what sets the sysctl (sysctl.d, another daemon) and have it leave forwarding on" },
	[CONDITION_PORT_MTU] = { "port-mtu",
		"give the port the network's MTU, or the network a smaller <mtu size=.../>" },
	[CONDITION_REPAIR_LOOP] = { "repair-loop",
		"find who changes it and have it leave what is netd's alone" },
	[CONDITION_SERVICE_DOWN] = { "service-down",
		"see the log of netd; the service is tried again by itself" },
	[CONDITION_LEASES_NOT_KEPT] = { "leases-not-kept",
		"make room, or make the file system writable again; nothing else needs to be done" },
	[CONDITION_UPLINK_MISSING] = { "uplink-missing",
		"bring the interface back, or name another one" },
	[CONDITION_BANDWIDTH] = { "bandwidth",
		"load the kernel modules sch_htb, sch_ingress, cls_u32, act_mirred and ifb; everything else "
		"of the network works" },
	[CONDITION_ROGUE_SERVER] = { "rogue-server",
		"stop the server in that guest, or trust its port with <netd:trusted-port dev='...'/>" },
	[CONDITION_NOT_REPAIRED] = { "not-repaired",
		"remove what is in the way; netd tries again at each change, and every ten minutes" },
	[CONDITION_ZONE_MISSING] = { "zone-missing",
		"install netd's zone for firewalld, /usr/lib/firewalld/zones/netd.xml, and reload it; or name a zone in "
		"<bridge zone=...>" },
	[CONDITION_OWN_RULES] = { "own-rules",
		"correct the file and reload netd (SIGHUP), or set the rules by netctl net-rules --set" },
	[CONDITION_NAMES_NOT_REGISTERED] = { "names-not-registered",
		"start systemd-resolved, or tell the host's own resolver what /run/netd/resolvers says (netd(8), HOST NAMES)" },
	[CONDITION_NO_RESOLVERS] = { "no-resolvers",
		"let the file name the host's name servers; netd reads it again as soon as it changes" },
	[CONDITION_DNS_REDIRECTED] = { "dns-redirected",
		"guests are served; to have port 53 back, bind the other resolver to addresses of its own ('ss -lntup sport = :53' "
		"names it) and reload netd (SIGHUP)" },
	[CONDITION_ZONE_FILE] = { "zone-file",
		"correct the file; netd reads it again as soon as it changes" },
	// clang-format on
};
_Static_assert(ARRAY_LEN(kinds) == CONDITION_KINDS, "every kind has its row");

const char *condition_kind_name(enum condition_kind kind)
{
	return kinds[kind].name;
}

const char *condition_to_do(enum condition_kind kind)
{
	return kinds[kind].to_do;
}

struct conditions *conditions_new(condition_told_fn *told, void *data)
{
	struct conditions *cs = calloc(1, sizeof(*cs));

	if (!cs)
		return NULL;
	*cs = (struct conditions){ .told = told, .data = data, .limit = { 60, 60 } };
	table_init(&cs->by_key);
	list_init(&cs->in_order);
	return cs;
}

void conditions_free(struct conditions *cs)
{
	struct condition *k;

	if (!cs)
		return;
	list_foreach (k, &cs->in_order, struct condition, in_order)
		free(k);
	table_done(&cs->by_key);
	free(cs);
}

/* ---- one of them ---- */

static size_t key_of(uint8_t key[static 8 + CONDITION_OBJECT_MAX], uint32_t net_id,
		     enum condition_kind kind, const char *object)
{
	size_t n = strnlen(object, CONDITION_OBJECT_MAX - 1);
	uint32_t k = kind;

	memcpy(key, &net_id, 4);
	memcpy(key + 4, &k, 4);
	memcpy(key + 8, object, n);
	return 8 + n;
}

static struct condition *find(const struct conditions *cs, const struct net *n,
			      enum condition_kind kind, const char *object)
{
	uint8_t key[8 + CONDITION_OBJECT_MAX];
	size_t len = key_of(key, n ? n->id : 0, kind, object);
	struct table_node *node = table_find(&cs->by_key, key, len);

	return node ? container_of(node, struct condition, by_key) : NULL;
}

static void log_it(struct conditions *cs, const struct condition *k, bool raised)
{
	enum log_level level = raised ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
	const char *of = *k->network ? k->network : "the host";
	const char *quote = *k->network ? "'" : "", *word = *k->network ? "network " : "";
	unsigned dropped;

	if (!log_allowed(&cs->limit, &dropped))
		return;
	if (dropped)
		log_warning("%u lines about conditions were left out", dropped);
	if (raised)
		log_line(level, "%s%s%s%s: %s (%s)", word, quote, of, quote, k->text,
			 kinds[k->kind].name);
	else
		log_line(level, "%s%s%s%s: %s of %s is over", word, quote, of, quote,
			 kinds[k->kind].name, k->object);
}

static void tell(struct conditions *cs, const struct condition *k, bool raised)
{
	log_it(cs, k, raised);
	if (cs->told)
		cs->told(cs->data, k, raised);
}

static struct condition *add(struct conditions *cs, const struct net *n, enum condition_kind kind,
			     const char *object)
{
	struct condition *k = cs->by_key.count < CONDITIONS_MAX ? calloc(1, sizeof(*k)) : NULL;

	if (!k)
		return NULL;
	k->kind = kind;
	k->since = clock_wall();
	copy_text(k->object, sizeof(k->object), object);
	if (n) {
		k->net_id = n->id;
		k->uuid = n->uuid;
		copy_text(k->network, sizeof(k->network), n->name);
	}
	if (table_add(&cs->by_key, &k->by_key, k->key, key_of(k->key, k->net_id, kind, object)) <
	    0) {
		free(k);
		return NULL;
	}
	list_add_tail(&cs->in_order, &k->in_order);
	return k;
}

void conditions_raise(struct conditions *cs, const struct net *n, enum condition_kind kind,
		      const char *object, const char *fmt, ...)
{
	struct condition *k = cs ? find(cs, n, kind, object) : NULL;
	bool known = k;
	va_list ap;

	if (cs && !k)
		k = add(cs, n, kind, object);
	if (!k)
		return;
	va_start(ap, fmt);
	vsnprintf(k->text, sizeof(k->text), fmt, ap);
	va_end(ap);
	if (!known)
		tell(cs, k, true);
}

static void drop(struct conditions *cs, struct condition *k)
{
	table_remove(&cs->by_key, &k->by_key);
	list_remove(&k->in_order);
	tell(cs, k, false);
	free(k);
}

/* ---- more of them ---- */

void conditions_clear(struct conditions *cs, const struct net *n, enum condition_kind kind,
		      const char *object)
{
	uint32_t id = n ? n->id : 0;
	struct condition *k;

	if (!cs || list_is_empty(&cs->in_order))
		return;
	if (object) {
		k = find(cs, n, kind, object);
		if (k)
			drop(cs, k);
		return;
	}
	list_foreach (k, &cs->in_order, struct condition, in_order)
		if (k->kind == kind && k->net_id == id)
			drop(cs, k);
}

bool conditions_is_raised(const struct conditions *cs, const struct net *n,
			  enum condition_kind kind, const char *object)
{
	return cs && find(cs, n, kind, object);
}

void conditions_forget(struct conditions *cs, const struct net *n)
{
	struct condition *k;

	if (!cs)
		return;
	list_foreach (k, &cs->in_order, struct condition, in_order)
		if (k->net_id == n->id)
			drop(cs, k);
}

const struct condition *conditions_next(const struct conditions *cs, const struct condition *k)
{
	struct list *next = k ? k->in_order.next : cs->in_order.next;

	return next == &cs->in_order ? NULL : container_of(next, struct condition, in_order);
}

json_t *conditions_json(const struct conditions *cs)
{
	json_t *list = json_array();

	for (const struct condition *k = cs ? conditions_next(cs, NULL) : NULL; k;
	     k = conditions_next(cs, k)) {
		time_t t = (time_t)(k->since / USEC_PER_SEC);
		char since[32];
		struct tm tm;
		strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
		json_array_append_new(list, json_pack("{s:s?, s:s, s:s, s:s, s:s, s:s}", "network",
						      *k->network ? k->network : NULL, "kind",
						      kinds[k->kind].name, "object", k->object,
						      "since", since, "text", k->text, "to-do",
						      kinds[k->kind].to_do));
	}
	return list;
}
