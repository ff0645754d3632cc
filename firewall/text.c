/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c — rows as nft would be told them: for people, golden files and dry runs. The text of a
 * rule holds all of it, so its hash is the rule's identity (firewall-internal.h). */
#include "firewall/firewall-internal.h"

#include "base/diff.h"

#include <string.h>

const struct fw_map_desc fw_map_desc[FW_MAPS] = {
	[FW_TO_NET] = { "to_net", "oifname", FW_KEY_IFACE },
	[FW_FROM_NET] = { "from_net", "iifname", FW_KEY_IFACE },
	[FW_NAT4_24] = { "nat4_24", "ip saddr & 255.255.255.0", FW_KEY_IP4_NET },
	[FW_NAT6_64] = { "nat6_64", "ip6 saddr & ffff:ffff:ffff:ffff::", FW_KEY_IP6_NET },
	[FW_NAT4] = { "nat4", "ip saddr", FW_KEY_IP4 },
	[FW_NAT6] = { "nat6", "ip6 saddr", FW_KEY_IP6 },
	[FW_ISOLATED] = { "isolated", "iifname", FW_KEY_IFACE, .set = true },
	[FW_HOST_IN] = { "host_in", "iifname", FW_KEY_IFACE },
	[FW_HOST_OUT] = { "host_out", "oifname", FW_KEY_IFACE },
};

const struct fw_hook_desc fw_hook_desc[] = {
	[FW_FORWARD] = { "filter", "forward", NF_INET_FORWARD, 0 },
	[FW_POST] = { "nat", "postrouting", NF_INET_POST_ROUTING, 100 },
	[FW_INPUT] = { "filter", "input", NF_INET_LOCAL_IN, 0 },
	[FW_OUTPUT] = { "filter", "output", NF_INET_LOCAL_OUT, 0 },
};

const char *fw_map_name(enum fw_map map)
{
	return fw_map_desc[map].name;
}

static void add_prefix(struct text *t, const char *side, const struct fw_prefix *p)
{
	char ip[IP_TEXT_MAX];

	if (!ip_is_set(&p->net))
		return;
	text_addf(t, "%s %s %s", p->net.family == AF_INET ? "ip" : "ip6", side,
		  ip_format(&p->net, ip));
	if (p->len < (p->net.family == AF_INET ? 32u : 128u))
		text_addf(t, "/%u", p->len);
	text_add(t, " ");
}

static const char *l4_name(uint8_t l4)
{
	return l4 == IPPROTO_TCP    ? "tcp"
	       : l4 == IPPROTO_UDP  ? "udp"
	       : l4 == IPPROTO_ICMP ? "icmp"
				    : "ipv6-icmp";
}

static void add_matches(struct text *t, const struct fw_rule *r)
{
	if (r->iif[0])
		text_addf(t, "iifname \"%s\" ", r->iif);
	if (r->oif[0])
		text_addf(t, "oifname \"%s\" ", r->oif);
	if (r->from_isolated)
		text_addf(t, "iifname @%s ", fw_map_desc[FW_ISOLATED].name);
	if (r->family && r->verdict != FW_VMAP && !ip_is_set(&r->saddr.net) &&
	    !ip_is_set(&r->daddr.net))
		text_addf(t, "meta nfproto %s ", r->family == AF_INET ? "ipv4" : "ipv6");
	if (r->l4 && !r->dport)
		text_addf(t, "meta l4proto %s ", l4_name(r->l4));
	if (r->dport)
		text_addf(t, "%s dport %u", l4_name(r->l4), r->dport);
	if (r->dport_max)
		text_addf(t, "-%u", r->dport_max);
	if (r->dport)
		text_add(t, " ");
	if (!r->saddr_known)
		add_prefix(t, "saddr", &r->saddr);
	add_prefix(t, "daddr", &r->daddr);
	if (r->dnat)
		text_add(t, "ct status dnat ");
	if (r->established)
		text_add(t, "ct state established,related ");
	if (r->counter)
		text_add(t, "counter ");
}

static void add_ports(struct text *t, const struct fw_rule *r, const char *before)
{
	if (r->port_min && r->port_min == r->port_max)
		text_addf(t, "%s:%u", before, r->port_min);
	else if (r->port_min)
		text_addf(t, "%s:%u-%u", before, r->port_min, r->port_max);
}

static void add_verdict(struct text *t, const struct fw_rule *r)
{
	char ip[IP_TEXT_MAX];

	switch (r->verdict) {
	case FW_ACCEPT:
		text_add(t, "accept");
		break;
	case FW_REJECT:
		text_add(t, "reject with icmpx port-unreachable");
		break;
	case FW_DROP:
		text_add(t, "drop");
		break;
	case FW_RETURN:
		text_add(t, "return");
		break;
	case FW_MASQUERADE:
		text_add(t, "masquerade");
		add_ports(t, r, " to ");
		break;
	case FW_SNAT:
		text_addf(t, "snat ip to %s", ip_format(&r->to_min, ip));
		if (!ip_equal(&r->to_min, &r->to_max))
			text_addf(t, "-%s", ip_format(&r->to_max, ip));
		add_ports(t, r, "");
		break;
	case FW_VMAP:
		text_addf(t, "%s vmap @%s", fw_map_desc[r->map].field, fw_map_desc[r->map].name);
		break;
	}
}

void fw_rule_text(const struct fw_rule *r, struct text *t)
{
	add_matches(t, r);
	add_verdict(t, r);
	text_addf(t, " comment \"%s\"", r->why);
}

int fw_rule_hash(const struct fw_rule *r, uint64_t *ret)
{
	struct text t = { 0 };

	if (r->hash) {
		*ret = r->hash;
		return 0;
	}
	fw_rule_text(r, &t);
	if (t.failed)
		return -ENOMEM;
	*ret = diff_hash(FW_ROW_VERSION, t.s, t.len);
	if (*ret == 0) /* that means "not ours" */
		*ret = 1;
	text_done(&t);
	return 0;
}

/* --- commands --- */

static void add_map_command(struct text *t, enum fw_map map)
{
	static const char *const shape[] = {
		[FW_KEY_IFACE] = "type ifname : verdict; size 8192;",
		[FW_KEY_IP4] = "type ipv4_addr : verdict; flags interval;",
		[FW_KEY_IP6] = "type ipv6_addr : verdict; flags interval;",
		[FW_KEY_IP4_NET] = "type ipv4_addr : verdict; size 8192;",
		[FW_KEY_IP6_NET] = "type ipv6_addr : verdict; size 8192;",
	};

	if (fw_map_desc[map].set)
		text_addf(t, "add set inet " FW_TABLE " %s { type ifname; size 8192; }\n",
			  fw_map_desc[map].name);
	else
		text_addf(t, "add map inet " FW_TABLE " %s { %s }\n", fw_map_desc[map].name,
			  shape[fw_map_desc[map].key]);
}

static void add_chain_command(struct text *t, const struct fw_chain *c)
{
	const struct fw_hook_desc *h = &fw_hook_desc[c->hook];

	text_addf(t, "add chain inet " FW_TABLE " %s {", c->name);
	if (c->hook != FW_REGULAR)
		text_addf(t, " type %s hook %s priority %d; policy accept;", h->type, h->name,
			  h->priority);
	text_addf(t, " comment \"%s\"; }\n", c->why);
}

static void add_rule_commands(struct text *t, const struct fw_chain *c)
{
	for (size_t i = 0; i < c->n_rules; i++) {
		text_addf(t, "add rule inet " FW_TABLE " %s ", c->name);
		fw_rule_text(&c->rules[i], t);
		text_add(t, "\n");
	}
}

/* The prefix length of first..last, or -1 when that is no prefix. */
static int prefix_of_range(const struct ip *first, const struct ip *last)
{
	unsigned bits = first->family == AF_INET ? 32 : 128;

	for (unsigned len = 0; len <= bits; len++) {
		struct fw_prefix p = { *first, len };
		struct ip start = ip_network(first, len), end = fw_prefix_last(&p);
		if (ip_equal(&start, first) && ip_equal(&end, last))
			return (int)len;
	}
	return -1;
}

static void add_range(struct text *t, const struct fw_element *element)
{
	char ip[IP_TEXT_MAX];
	int len = prefix_of_range(&element->first, &element->last);

	text_add(t, ip_format(&element->first, ip));
	if (!fw_key_is_interval(fw_map_desc[element->map].key))
		return;
	if (len < 0)
		text_addf(t, "-%s", ip_format(&element->last, ip));
	else
		text_addf(t, "/%d", len);
}

static void add_element_command(struct text *t, const char *verb, const struct fw_element *element)
{
	text_addf(t, "%s element inet " FW_TABLE " %s { ", verb, fw_map_desc[element->map].name);
	if (fw_map_desc[element->map].key == FW_KEY_IFACE) {
		text_add(t, "\"");
		text_add_escaped(t, element->iface, strlen(element->iface), IFNAMSIZ);
		text_add(t, "\"");
	} else {
		add_range(t, element);
	}
	if (verb[0] == 'a' && !fw_map_desc[element->map].set)
		text_addf(t, " : jump %s", element->chain);
	text_add(t, " }\n");
}

static void add_table_command(struct text *t, bool owner)
{
	text_addf(t, "add table inet " FW_TABLE "%s\n", owner ? " { flags owner, persist; }" : "");
}

void fw_rows_text(const struct fw_rows *r, struct text *t)
{
	if (r->base) {
		add_table_command(t, r->owner);
		for (unsigned m = 0; m < fw_map_count(r); m++)
			add_map_command(t, (enum fw_map)m);
	}
	for (size_t i = 0; i < r->n_chains; i++) {
		add_chain_command(t, &r->chains[i]);
		add_rule_commands(t, &r->chains[i]);
	}
	for (size_t i = 0; i < r->n_elements; i++)
		add_element_command(t, "add", &r->elements[i]);
}

static void add_named(struct text *t, const char *command, const char *name)
{
	text_addf(t, "%s inet " FW_TABLE " ", command);
	text_add_escaped(t, name, strlen(name), 255);
	text_add(t, "\n");
}

void fw_step_text(const struct fw_step *s, struct text *t)
{
	switch (s->op) {
	case FW_DELETE_TABLE:
		text_add(t, "delete table inet " FW_TABLE "\n");
		break;
	case FW_DELETE_ELEMENT:
		add_element_command(t, "delete", &s->element);
		break;
	case FW_FLUSH_CHAIN:
		add_named(t, "flush chain", s->name);
		break;
	case FW_DELETE_CHAIN:
		add_named(t, "delete chain", s->name);
		break;
	case FW_DELETE_MAP:
		add_named(t, "delete map", s->name);
		break;
	case FW_ADD_TABLE:
	case FW_ADOPT_TABLE:
		add_table_command(t, s->owner);
		break;
	case FW_ADD_MAP:
		add_map_command(t, s->map);
		break;
	case FW_ADD_CHAIN:
		add_chain_command(t, &s->chain);
		break;
	case FW_ADD_RULES:
		add_rule_commands(t, &s->chain);
		break;
	case FW_ADD_ELEMENT:
		add_element_command(t, "add", &s->element);
		break;
	}
}

void fw_plan_text(const struct fw_plan *p, struct text *t)
{
	for (size_t i = 0; i < p->n; i++)
		fw_step_text(&p->steps[i], t);
}
