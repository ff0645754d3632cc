/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/blocked.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "firewall/foreign.h"
#include "netd/controller/conditions.h"
#include "netd/kernel/reconcile.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define SOON_USEC (50 * USEC_PER_MSEC) /* firewalls change rules in many steps */

struct blocked {
	struct controller *c;
	sd_event_source *soon; /* timer */
	bool reading, again;
	bool accepted; /* foreign_accept, as of the last look */
};

struct look {
	struct job job;
	struct blocked *b;
	struct fw_kernel *kernel;
	struct fw_foreign foreign;
	struct fw_foreign_opening *openings; /* to be made */
	size_t n_openings, cap_openings;
	bool may_open;           /* for the chain and network at hand */
	bool bridged4, bridged6; /* chains of forward see what one bridge's guests say each other */
	struct err err;
};

static void look_free(struct look *l)
{
	fw_foreign_done(&l->foreign);
	free(l->openings);
	free(l);
}

static void object_of(const struct fw_foreign_chain *c, char buf[static CONDITION_OBJECT_MAX])
{
	const char *family = c->family == AF_INET ? "ip" : c->family == AF_INET6 ? "ip6" : "inet";

	snprintf(buf, CONDITION_OBJECT_MAX, "%s %.27s %.27s", family, c->table, c->name);
}

/* ---- what a network needs ---- */

static bool has_family(const struct network *def, int family)
{
	for (size_t i = 0; i < def->n_ips; i++)
		if (def->ips[i].address.family == family)
			return true;
	return false;
}

/* Guests can send to other networks, as far as this network is concerned. */
static bool goes_out(const struct network *def)
{
	return def->forward.mode == FORWARD_NAT || def->forward.mode == FORWARD_ROUTE ||
	       def->forward.mode == FORWARD_OPEN;
}

struct service {
	const char *name;
	int family; /* 0: each */
	uint8_t proto;
	uint16_t port;
};
static const struct service services[] = {
	{ "DHCP (udp 67)", AF_INET, IPPROTO_UDP, 67 },
	{ "DHCPv6 (udp 547)", AF_INET6, IPPROTO_UDP, 547 },
	{ "DNS (udp 53)", 0, IPPROTO_UDP, 53 },
	{ "DNS (tcp 53)", 0, IPPROTO_TCP, 53 },
};

static bool is_served(const struct network *def, const struct service *s)
{
	if (s->port == 53)
		return def->dns.enable != TRI_NO && def->n_ips;
	return network_dhcp_ip(def, s->family) != NULL;
}

/* ---- accepts of ours ---- */

#define OPENINGS_MAX 512 /* at once; the rest follows */

static struct fw_foreign_opening *add_opening(struct look *l, const struct fw_foreign_chain *c)
{
	if (l->n_openings >= OPENINGS_MAX ||
	    GROW(l->openings, l->cap_openings, l->n_openings + 1) < 0)
		return NULL;
	struct fw_foreign_opening *o = &l->openings[l->n_openings++];
	*o = (struct fw_foreign_opening){ .family = c->family };
	copy_text(o->table, sizeof(o->table), c->table);
	copy_text(o->chain, sizeof(o->chain), c->name);
	return o;
}

static void want_opening(struct look *l, const struct fw_foreign_chain *base, const char *bridge,
			 bool outgoing, const struct service *s)
{
	struct fw_foreign_opening *o = l->b->c->config.foreign_accept && l->may_open
					   ? add_opening(l, fw_foreign_place(&l->foreign, base))
					   : NULL;

	if (!o)
		return;
	copy_text(o->bridge, sizeof(o->bridge), bridge);
	o->outgoing = outgoing;
	o->proto = s ? s->proto : 0;
	o->port = s ? s->port : 0;
}

static void open_run(struct job *j)
{
	struct look *l = container_of(j, struct look, job);

	(void)!fw_foreign_open(l->openings, l->n_openings, &l->err);
}

static void open_done(struct job *j)
{
	struct look *l = container_of(j, struct look, job);

	if (l->err.code)
		log_warning("%s", l->err.msg);
	look_free(l);
}

/* ---- judging ---- */

static const int families[] = { AF_INET, AF_INET6 };

/* Which of what guests send (out) and get (in) is dropped. */
static void forward_trouble(const struct fw_foreign *f, const struct fw_foreign_chain *base,
			    const struct network *def, bool *ret_out, bool *ret_in)
{
	bool out = false, in = false;

	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const struct fw_foreign_packet sent = { .family = families[i], .in = def->bridge },
					       got = { .family = families[i],
						       .out = def->bridge,
						       .reply = true };
		if (!has_family(def, families[i]))
			continue;
		out |= fw_foreign_drops(f, base, &sent);
		in |= fw_foreign_drops(f, base, &got);
	}
	*ret_out = out;
	*ret_in = in;
}

static const char *why(const struct fw_foreign_chain *base)
{
	return base->policy_drop ? "policy drop" : "a rule";
}

#define BRIDGED "what guests of the bridge send each other (net.bridge.bridge-nf-call-iptables)"

static const char *forward_words(bool out, bool in, bool among)
{
	if (!out && !in)
		return BRIDGED;
	if (among)
		return out && in ? "what guests send and what is sent back, and " BRIDGED
		       : out     ? "what guests send, and " BRIDGED
				 : "what is sent back to guests, and " BRIDGED;
	return out && in ? "what guests send and what is sent back"
	       : out     ? "what guests send"
			 : "what is sent back to guests";
}

/* With br_netfilter also frames that never leave a bridge; guests need no address of the host's for
 * them. */
static bool drops_bridged(const struct look *l, const struct fw_foreign_chain *base,
			  const struct network *def)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const struct fw_foreign_packet p = { .family = families[i],
						     .in = def->bridge,
						     .out = def->bridge };
		if ((families[i] == AF_INET ? l->bridged4 : l->bridged6) &&
		    fw_foreign_drops(&l->foreign, base, &p))
			return true;
	}
	return false;
}

static void judge_forward(struct look *l, const struct fw_foreign_chain *base, const struct net *n,
			  const char *object)
{
	struct conditions *cs = l->b->c->conditions;
	bool out = false, in = false, among = drops_bridged(l, base, n->live);

	if (goes_out(n->live))
		forward_trouble(&l->foreign, base, n->live, &out, &in);
	if (out || among)
		want_opening(l, base, n->live->bridge, false, NULL);
	if (in)
		want_opening(l, base, n->live->bridge, true, NULL);
	if (out || in || among)
		conditions_raise(cs, n, CONDITION_RULES_BLOCKED, object,
				 "chain '%s' (%s) drops %s: bridge '%s'", object, why(base),
				 forward_words(out, in, among), n->live->bridge);
	else
		conditions_clear(cs, n, CONDITION_RULES_BLOCKED, object);
}

static bool drops_service(const struct fw_foreign *f, const struct fw_foreign_chain *base,
			  const struct network *def, const struct service *s)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const struct fw_foreign_packet p = {
			.family = families[i], .in = def->bridge, .proto = s->proto, .port = s->port
		};
		if ((!s->family || s->family == families[i]) && has_family(def, families[i]) &&
		    fw_foreign_drops(f, base, &p))
			return true;
	}
	return false;
}

/* The services that don't get through, or "". */
static void input_trouble(struct look *l, const struct fw_foreign_chain *base,
			  const struct network *def, char buf[static 128])
{
	const struct fw_foreign *f = &l->foreign;
	size_t n = 0;

	*buf = '\0';
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (is_served(def, &services[i]) && drops_service(f, base, def, &services[i])) {
			n += (size_t)snprintf(buf + n, 128 - n, "%s%s", n ? ", " : "",
					      services[i].name);
			want_opening(l, base, def->bridge, false, &services[i]);
		}
}

static void judge_chain(struct look *l, const struct fw_foreign_chain *base, const struct net *n)
{
	struct conditions *cs = l->b->c->conditions;
	char object[CONDITION_OBJECT_MAX], missing[128];

	object_of(base, object);
	/* An accept of ours that didn't help is not made again. */
	l->may_open = !conditions_is_raised(
	    cs, n,
	    base->hook == FW_FOREIGN_INPUT ? CONDITION_SERVICE_BLOCKED : CONDITION_RULES_BLOCKED,
	    object);
	if (base->hook == FW_FOREIGN_INPUT) {
		input_trouble(l, base, n->live, missing);
		if (*missing)
			conditions_raise(cs, n, CONDITION_SERVICE_BLOCKED, object,
					 "chain '%s' (%s) drops what guests on bridge '%s' ask the "
					 "host for: %s",
					 object, why(base), n->live->bridge, missing);
		else
			conditions_clear(cs, n, CONDITION_SERVICE_BLOCKED, object);
	} else if (base->hook == FW_FOREIGN_FORWARD) {
		judge_forward(l, base, n, object);
	}
}

static bool is_there(const struct fw_foreign *f, const char *object)
{
	char text[CONDITION_OBJECT_MAX];

	for (size_t i = 0; i < f->n; i++) {
		object_of(&f->chains[i], text);
		if (f->chains[i].hook != FW_FOREIGN_REGULAR && strcmp(text, object) == 0)
			return true;
	}
	return false;
}

/* Of chains that are no more. */
static void clear_gone(struct blocked *b, const struct fw_foreign *f)
{
	const struct condition *k = conditions_next(b->c->conditions, NULL);

	while (k) {
		char object[CONDITION_OBJECT_MAX];
		enum condition_kind kind = k->kind;
		struct net *n = registry_find_id(&b->c->registry, k->net_id);
		copy_text(object, sizeof(object), k->object);
		k = conditions_next(b->c->conditions, k);
		if ((kind == CONDITION_RULES_BLOCKED || kind == CONDITION_SERVICE_BLOCKED) && n &&
		    !is_there(f, object))
			conditions_clear(b->c->conditions, n, kind, object);
	}
}

/* Accepts of ours for bridges that need none any more. */
static void close_stale(struct look *l)
{
	for (size_t i = 0; i < l->foreign.n; i++) {
		const struct fw_foreign_chain *c = &l->foreign.chains[i];
		for (size_t k = 0; k < c->n_rules; k++) {
			const struct fw_foreign_rule *r = &c->rules[k];
			const char *bridge = *r->in.name ? r->in.name : r->out.name;
			const struct net *n = registry_find_bridge(&l->b->c->registry, bridge);
			struct fw_foreign_opening *o;
			if (!r->handle || (n && l->b->c->config.foreign_accept) ||
			    !(o = add_opening(l, c)))
				continue;
			o->remove = r->handle;
		}
	}
}

static void judge(struct look *l)
{
	struct blocked *b = l->b;
	const struct fw_foreign *f = &l->foreign;
	struct net *n;

	if (b->c->conditions)
		clear_gone(b, f);
	if (b->c->config.foreign_accept && !b->accepted)
		registry_foreach(n, &b->c->registry)
		{
			conditions_clear(b->c->conditions, n, CONDITION_RULES_BLOCKED, NULL);
			conditions_clear(b->c->conditions, n, CONDITION_SERVICE_BLOCKED, NULL);
		}
	b->accepted = b->c->config.foreign_accept;
	for (size_t i = 0; i < f->n; i++) {
		if (f->chains[i].hook == FW_FOREIGN_REGULAR)
			continue;
		registry_foreach(n, &b->c->registry) if (n->state == NET_ACTIVE &&
							 network_owns_bridge(n->live))
		    judge_chain(l, &f->chains[i], n);
	}
}

/* ---- looking ---- */

/* A kernel without br_netfilter doesn't have it. */
static bool is_on(const char *sysctl)
{
	char text[8];

	return file_read_proc(sysctl, text, sizeof(text)) == 0 && *text == '1';
}

static void look_run(struct job *j)
{
	struct look *l = container_of(j, struct look, job);

	l->bridged4 = is_on("/proc/sys/net/bridge/bridge-nf-call-iptables");
	l->bridged6 = is_on("/proc/sys/net/bridge/bridge-nf-call-ip6tables");
	(void)!fw_foreign_read(l->kernel, &l->foreign, &l->err);
}

static void look_done(struct job *j)
{
	struct look *l = container_of(j, struct look, job);
	struct blocked *b = l->b;

	if (l->err.code) {
		log_warning("%s", l->err.msg);
	} else if (l->foreign.too_many) {
		log_debug("firewall: others have too many rules to judge");
	} else {
		judge(l);
		close_stale(l);
	}
	b->reading = false;
	if (l->n_openings && !l->err.code) {
		l->job = (struct job){ .run = open_run, .done = open_done };
		jobs_push(b->c->kernel, &l->job);
	} else {
		look_free(l);
	}
	if (b->again)
		blocked_look_soon(b);
}

static int look(sd_event_source *s, uint64_t usec, void *data)
{
	struct blocked *b = data;
	struct look *l = calloc(1, sizeof(*l));

	b->again = b->reading || !l;
	if (b->reading || !l) {
		free(l);
		return 0;
	}
	*l = (struct look){ .job = { .run = look_run, .done = look_done },
			    .b = b,
			    .kernel = reconcile_rules_kernel(b->c->reconcile) };
	b->reading = true;
	jobs_push(b->c->kernel, &l->job);
	return 0;
}

void blocked_look_soon(struct blocked *b)
{
	int on = SD_EVENT_OFF;

	if (!b || (sd_event_source_get_enabled(b->soon, &on) >= 0 && on != SD_EVENT_OFF))
		return;
	sd_event_source_set_time_relative(b->soon, SOON_USEC);
	sd_event_source_set_enabled(b->soon, SD_EVENT_ONESHOT);
}

struct blocked *blocked_new(struct controller *c, struct err *e)
{
	struct blocked *b = calloc(1, sizeof(*b));

	if (b)
		b->c = c;
	if (!b || sd_event_add_time_relative(c->loop, &b->soon, CLOCK_BOOTTIME, SOON_USEC, 1, look,
					     b) < 0) {
		err_sys(e, ENOMEM, "cannot watch others' rules");
		free(b);
		return NULL;
	}
	return b;
}

void blocked_free(struct blocked *b)
{
	if (!b)
		return;
	sd_event_source_disable_unref(b->soon);
	free(b);
}
