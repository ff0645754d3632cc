/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows.c — what is wanted: from a definition to chains, rules and elements.
 *
 * The rules answer every packet as libvirt's do; where they differ in form it is because a chain
 * here is reached for one bridge only, so that what libvirt matches (oif BR, iif BR) is known
 * already. */
#include "firewall/firewall-internal.h"

#include "base/diff.h"
#include "firewall/own.h"

#include <stdio.h>
#include <string.h>

/* Rows being built; the first failure to allocate sticks. */
struct build {
	struct fw_rows *rows;
	bool failed;
};

void fw_rows_done(struct fw_rows *r)
{
	for (size_t i = 0; i < r->n_chains; i++)
		free(r->chains[i].rules);
	free(r->chains);
	free(r->elements);
	free(r->index.slot);
	free(r->index.nat);
	*r = (struct fw_rows){ 0 };
}

static void add_chain(struct build *b, enum fw_hook hook, const char *name, const char *why)
{
	struct fw_rows *r = b->rows;

	if (b->failed || GROW(r->chains, r->cap_chains, r->n_chains + 1) < 0) {
		b->failed = true;
		return;
	}
	struct fw_chain *c = &r->chains[r->n_chains++];
	*c = (struct fw_chain){ .hook = hook };
	copy_text(c->name, sizeof(c->name), name);
	copy_text(c->why, sizeof(c->why), why);
}

/* Append to the chain that was added last. */
static void add_rule(struct build *b, const struct fw_rule *rule)
{
	if (b->failed)
		return;
	struct fw_chain *c = &b->rows->chains[b->rows->n_chains - 1];
	if (GROW(c->rules, c->cap, c->n_rules + 1) < 0) {
		b->failed = true;
		return;
	}
	struct fw_rule *to = &c->rules[c->n_rules++];
	*to = *rule;
	b->failed = fw_rule_hash(rule, &to->hash) < 0;
}

static void add_element(struct build *b, const struct fw_element *element)
{
	struct fw_rows *r = b->rows;

	if (b->failed || GROW(r->elements, r->cap_elements, r->n_elements + 1) < 0) {
		b->failed = true;
		return;
	}
	r->elements[r->n_elements++] = *element;
}

static void add_vmap(struct build *b, int family, enum fw_map map, const char *why)
{
	struct fw_rule rule = { .family = family, .verdict = FW_VMAP, .map = map };

	copy_text(rule.why, sizeof(rule.why), why);
	add_rule(b, &rule);
}

static struct fw_prefix prefix_of(const char *address, unsigned len)
{
	struct fw_prefix p = { .len = len };

	if (ip_parse(address, &p.net) < 0)
		p.net.family = 0;
	return p;
}

/* What must never be translated, whoever sends it: link-local multicast stays on its link, and
 * strict DHCP clients refuse a broadcast reply whose port was rewritten. */
static void add_kept(struct build *b, int family)
{
	static const struct {
		const char *address;
		unsigned len;
		const char *why;
	} kept[] = {
		{ "224.0.0.0", 24, "link-local multicast stays as it is" },
		{ "255.255.255.255", 32, "DHCP clients want the server's own port" },
		{ "ff02::", 16, "link-local multicast stays as it is" },
	};

	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		struct fw_rule rule = {
			.daddr = prefix_of(kept[i].address, kept[i].len),
			.verdict = FW_RETURN,
		};
		if (rule.daddr.net.family != family)
			continue;
		copy_text(rule.why, sizeof(rule.why), kept[i].why);
		add_rule(b, &rule);
	}
}

/* One family after the other: the other one's rules cost a packet least when it is done before. */
static void add_post(struct build *b)
{
	static const char why[] = "by the subnet of the sender";

	add_chain(b, FW_POST, "post", "netd: address translation");
	add_kept(b, AF_INET);
	add_vmap(b, AF_INET, FW_NAT4_24, why);
	add_vmap(b, AF_INET, FW_NAT4, why);
	add_kept(b, AF_INET6);
	add_vmap(b, AF_INET6, FW_NAT6_64, why);
	add_vmap(b, AF_INET6, FW_NAT6, why);
}

int fw_want_base(const struct fw_options *o, struct fw_rows *rows)
{
	struct build b = { .rows = rows };

	rows->base = true;
	rows->owner = o->owner;
	rows->host_chains = o->host_chains;
	add_chain(&b, FW_FORWARD, "forward", "netd: packets between networks");
	/* The target's word counts first: only what goes elsewhere is judged by its source. */
	add_vmap(&b, 0, FW_TO_NET, "by the bridge the packet goes to");
	add_vmap(&b, 0, FW_FROM_NET, "by the bridge the packet came from");
	add_post(&b);
	if (o->host_chains) {
		add_chain(&b, FW_INPUT, "input", "netd: counts what guests send to this host");
		add_vmap(&b, 0, FW_HOST_IN, "by the bridge the packet came from");
		add_chain(&b, FW_OUTPUT, "output", "netd: counts what this host sends to guests");
		add_vmap(&b, 0, FW_HOST_OUT, "by the bridge the packet goes to");
	}
	return b.failed ? -ENOMEM : 0;
}

/* --- one network --- */

static bool has_hash_suffix(const char *name, size_t n)
{
	return n > 9 && name[n - 9] == '.' && strspn(name + n - 8, "0123456789abcdef") == 8;
}

const char *fw_chain_stem(const char *name, const struct uuid *uuid, char buf[static FW_CHAIN_MAX])
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t n = strlen(name), keep = MIN_OF(n, 40u);

	if (n > 0 && n <= 40 && strspn(name, plain) == n && !has_hash_suffix(name, n)) {
		memcpy(buf, name, n + 1);
		return buf;
	}
	for (size_t i = 0; i < keep; i++)
		buf[i] = strchr(plain, name[i]) ? name[i] : '_';
	uint64_t h = diff_hash(DIFF_HASH_START, uuid->b, sizeof(uuid->b));
	snprintf(buf + keep, FW_CHAIN_MAX - keep, ".%08x", (unsigned)(h ^ h >> 32));
	return buf;
}

/* What the rules of one network depend on. */
struct subject {
	struct build b;
	const struct network *n;
	const struct fw_options *o;
	const char *dev; /* the only way out, or NULL */
	char stem[FW_CHAIN_MAX];
	int family; /* of the closing rejects: IPv6 of a network that has none is not ours to judge
		     */
};

static bool has_ipv6(const struct network *n)
{
	for (size_t i = 0; i < n->n_ips; i++)
		if (n->ips[i].address.family == AF_INET6)
			return true;
	return n->ipv6 == TRI_YES;
}

static bool translates(const struct network *n, int family)
{
	return n->forward.mode == FORWARD_NAT &&
	       (family == AF_INET || n->forward.nat.ipv6 == TRI_YES);
}

static struct fw_prefix subnet(const struct network_ip *ip)
{
	return (struct fw_prefix){ ip_network(&ip->address, ip->prefix), ip->prefix };
}

/* A chain of this network: `kind` and the stem. */
static void chain_name(const struct subject *s, const char *kind, char buf[static FW_CHAIN_MAX])
{
	snprintf(buf, FW_CHAIN_MAX, "%s_%.*s", kind, FW_CHAIN_MAX - 8, s->stem);
}

static void add_own_chain(struct subject *s, const char *kind, const char *what)
{
	char name[FW_CHAIN_MAX], why[FW_WHY_MAX];

	chain_name(s, kind, name);
	snprintf(why, sizeof(why), "network '%.60s': %s", s->n->name, what);
	for (char *p = why; *p; p++) /* nft knows no escapes */
		if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ')
			*p = '_';
	add_chain(&s->b, FW_REGULAR, name, why);
}

static void add_own_rule(struct subject *s, struct fw_rule rule, const char *why)
{
	rule.counter = true;
	copy_text(rule.why, sizeof(rule.why), why);
	add_rule(&s->b, &rule);
}

/* The bridge's element in a map, or (`kind` NULL) in a set. */
static void add_jump(struct subject *s, enum fw_map map, const char *kind)
{
	struct fw_element element = { .map = map };

	copy_text(element.iface, sizeof(element.iface), s->n->bridge);
	if (kind)
		chain_name(s, kind, element.chain);
	add_element(&s->b, &element);
}

static void put_dev(char field[static IFNAMSIZ], const char *dev)
{
	if (dev)
		copy_text(field, IFNAMSIZ, dev);
}

/* Whether somebody outside may begin to talk to this subnet. */
static bool is_open(const struct network *n, const struct network_ip *ip)
{
	return n->forward.mode != FORWARD_NONE && !translates(n, ip->address.family);
}

static bool has_open_subnet(const struct network *n)
{
	for (size_t i = 0; i < n->n_ips; i++)
		if (is_open(n, &n->ips[i]))
			return true;
	return false;
}

/* The subnets that take replies only, or the others. */
static void add_accepts(struct subject *s, bool established)
{
	const struct network *n = s->n;

	for (size_t i = n->forward.mode == FORWARD_NONE ? 0 : n->n_ips; i-- > 0;) {
		struct fw_rule rule = { .daddr = subnet(&n->ips[i]),
					.established = established,
					.verdict = FW_ACCEPT };
		if (is_open(n, &n->ips[i]) == established)
			continue;
		put_dev(rule.iif, s->dev);
		add_own_rule(s, rule, established ? "replies to guests" : "to guests");
	}
}

static void add_in(struct subject *s)
{
	const struct network *n = s->n;
	struct fw_rule isolated = { .from_isolated = true, .verdict = FW_REJECT };
	struct fw_rule cross = { .verdict = FW_ACCEPT },
		       rest = { .family = s->family, .verdict = FW_REJECT };

	add_own_chain(s, "in", "to its guests");
	put_dev(cross.iif, n->bridge);
	add_own_rule(s, cross, "between guests of this network");
	for (size_t i = 0; s->o->own && i < s->o->own->n_in; i++)
		add_rule(&s->b, &s->o->own->in[i]);
	add_accepts(s, true);
	if (has_open_subnet(n) && !s->o->open_isolated)
		add_own_rule(s, isolated, "nothing from isolated networks");
	add_accepts(s, false);
	add_own_rule(s, rest, "nothing else to guests");
	add_jump(s, FW_TO_NET, "in");
}

static void add_out(struct subject *s)
{
	const struct network *n = s->n;
	struct fw_rule rest = { .family = s->family, .verdict = FW_REJECT };

	add_own_chain(s, "out", "from its guests");
	for (size_t i = 0; s->o->own && i < s->o->own->n_out; i++)
		add_rule(&s->b, &s->o->own->out[i]);
	for (size_t i = n->forward.mode == FORWARD_NONE ? 0 : n->n_ips; i-- > 0;) {
		struct fw_rule rule = { .saddr = subnet(&n->ips[i]), .verdict = FW_ACCEPT };
		put_dev(rule.oif, s->dev);
		add_own_rule(s, rule, "guests out");
	}
	add_own_rule(s, rest, "nothing else from guests");
	add_jump(s, FW_FROM_NET, "out");
	if (n->forward.mode == FORWARD_NONE && !s->o->open_isolated)
		add_jump(s, FW_ISOLATED, NULL);
}

static size_t translated_subnets(const struct network *n)
{
	size_t count = 0;

	for (size_t i = 0; i < n->n_ips; i++)
		count += translates(n, n->ips[i].address.family);
	return count;
}

/* DHCP's replies to relays, which are to come from its port, and all else that the network has with
 * the clients behind them. */
static void add_relayed(struct subject *s, struct fw_rule rule)
{
	const struct netd_dhcp *d = &s->n->options.dhcp;

	for (size_t i = 0; i < d->n_relayed && rule.saddr.net.family == AF_INET; i++) {
		const struct netd_relayed *l = &d->relayed[i];
		rule.daddr = (struct fw_prefix){ ip_network(&l->address, l->prefix), l->prefix };
		add_own_rule(s, rule, "subnet behind a relay");
		if (ip_in_prefix(&l->relay, &l->address, l->prefix))
			continue;
		rule.daddr = (struct fw_prefix){ l->relay, 32 };
		add_own_rule(s, rule, "relay");
	}
}

/* Unprivileged ports only, unless the user has said otherwise: servers that trust low ports (NFS)
 * must not take a guest for root on this host. */
static void add_nat_subnet(struct subject *s, const struct fw_prefix *net)
{
	const struct nat_options *nat = &s->n->forward.nat;
	bool known = translated_subnets(s->n) == 1; /* then the map has looked already */
	struct fw_rule inside = {
		.saddr = *net, .daddr = *net, .saddr_known = known, .verdict = FW_RETURN
	};
	struct fw_rule rule = { .saddr = *net, .saddr_known = known, .verdict = FW_MASQUERADE };

	add_own_rule(s, inside, "own subnet stays as it is");
	add_relayed(s, inside);
	put_dev(rule.oif, s->dev);
	if (nat->address_start && net->net.family == AF_INET) {
		rule.verdict = FW_SNAT;
		rule.to_min = ip_from_v4(nat->address_start);
		rule.to_max = ip_from_v4(nat->address_end ? nat->address_end : nat->address_start);
	}
	struct fw_rule ports = rule;
	ports.port_min = nat->port_start ? nat->port_start : 1024;
	ports.port_max = nat->port_end ? nat->port_end : 65535;
	ports.l4 = IPPROTO_TCP;
	add_own_rule(s, ports, "nat tcp");
	ports.l4 = IPPROTO_UDP;
	add_own_rule(s, ports, "nat udp");
	add_own_rule(s, rule, "nat everything else");
}

/* Whether another subnet of the same network, of the same size with a lower index or wider, holds
 * this one: both lead to the same chain, and a map takes no overlaps. */
static bool is_covered(const struct network *n, size_t i)
{
	for (size_t j = 0; j < n->n_ips; j++) {
		const struct network_ip *a = &n->ips[i], *b = &n->ips[j];
		bool first = b->prefix < a->prefix || (b->prefix == a->prefix && j < i);
		if (j != i && first && a->address.family == b->address.family &&
		    ip_in_prefix(&a->address, &b->address, b->prefix))
			return true;
	}
	return false;
}

struct ip fw_prefix_last(const struct fw_prefix *p)
{
	struct ip last = p->net;

	if (last.family == AF_INET)
		last.v4 |= ~ip4_mask(p->len);
	else
		for (unsigned bit = p->len; bit < 128; bit++)
			last.v6[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return last;
}

static enum fw_map nat_map(const struct fw_prefix *net)
{
	if (net->net.family == AF_INET)
		return net->len == FW_NET4_LEN ? FW_NAT4_24 : FW_NAT4;
	return net->len == FW_NET6_LEN ? FW_NAT6_64 : FW_NAT6;
}

static void add_nat(struct subject *s)
{
	const struct network *n = s->n;
	bool any = false;

	for (size_t i = n->n_ips; i-- > 0;) {
		struct fw_prefix net = subnet(&n->ips[i]);
		struct fw_element element = {
			.map = nat_map(&net),
			.first = net.net,
			.last = fw_prefix_last(&net),
		};
		if (!translates(n, net.net.family))
			continue;
		if (!any)
			add_own_chain(s, "nat", "address translation");
		any = true;
		add_nat_subnet(s, &net);
		chain_name(s, "nat", element.chain);
		if (!is_covered(n, i))
			add_element(&s->b, &element);
	}
}

/* --- the host's services, counted --- */

enum service_need { NEED_DHCP4, NEED_DHCP6, NEED_DNS, NEED_TFTP, NEED_IPV6 };

static bool needs(const struct network *n, enum service_need need)
{
	switch (need) {
	case NEED_DHCP4:
		return network_dhcp_ip(n, AF_INET) != NULL;
	case NEED_DHCP6:
		return network_dhcp_ip(n, AF_INET6) != NULL;
	case NEED_DNS:
		return n->n_ips > 0 && n->dns.enable != TRI_NO;
	case NEED_TFTP:
		for (size_t i = 0; i < n->n_ips; i++)
			if (n->ips[i].tftp_root)
				return true;
		return false;
	case NEED_IPV6:
		return has_ipv6(n);
	}
	return false;
}

static void add_services(struct subject *s, bool to_host)
{
	static const struct {
		enum service_need need;
		uint8_t l4;
		uint16_t in,
		    out; /* destination port to the host, to the guests; 0 and UDP: no rule */
		const char *why;
	} services[] = {
		{ NEED_DHCP4, IPPROTO_UDP, 67, 68, "DHCP" },
		{ NEED_DNS, IPPROTO_UDP, 53, 53, "DNS over UDP" },
		{ NEED_DNS, IPPROTO_TCP, 53, 53, "DNS over TCP" },
		{ NEED_TFTP, IPPROTO_UDP, 69, 0, "TFTP requests" },
		{ NEED_DHCP6, IPPROTO_UDP, 547, 546, "DHCPv6" },
		{ NEED_IPV6, IPPROTO_ICMPV6, 0, 0, "ICMPv6" },
	};

	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		struct fw_rule rule = { .verdict = FW_ACCEPT, .l4 = services[i].l4 };
		rule.dport = to_host ? services[i].in : services[i].out;
		if (needs(s->n, services[i].need) && (rule.dport || rule.l4 == IPPROTO_ICMPV6))
			add_own_rule(s, rule, services[i].why);
	}
	add_own_rule(s, (struct fw_rule){ .verdict = FW_ACCEPT }, "everything else");
}

static void add_host_chains(struct subject *s)
{
	add_own_chain(s, "hin", "to this host");
	add_services(s, true);
	add_jump(s, FW_HOST_IN, "hin");
	add_own_chain(s, "hout", "from this host");
	add_services(s, false);
	add_jump(s, FW_HOST_OUT, "hout");
}

static void take_back(struct fw_rows *rows, size_t chains, size_t elements)
{
	while (rows->n_chains > chains)
		free(rows->chains[--rows->n_chains].rules);
	rows->n_elements = elements;
}

int fw_want_network(const struct network *n, const struct fw_options *o, struct fw_rows *rows,
		    struct err *e)
{
	struct subject s = {
		.b = { .rows = rows },
		.n = n,
		.o = o,
		.dev = n->forward.dev            ? n->forward.dev
		       : n->forward.n_interfaces ? n->forward.interfaces[0].dev
						 : NULL,
		.family = has_ipv6(n) ? 0 : AF_INET,
	};

	if (!network_owns_bridge(n) || n->forward.mode == FORWARD_OPEN)
		return 0;
	if (!n->bridge || strchr(n->bridge, '%') || strlen(n->bridge) >= IFNAMSIZ || !n->has_uuid)
		return err_set(e, ERR_INVALID_NETWORK,
			       "network '%s': the firewall needs the bridge's name and the uuid",
			       n->name);
	size_t chains = rows->n_chains, elements = rows->n_elements;
	fw_chain_stem(n->name, &n->uuid, s.stem);
	add_in(&s);
	add_out(&s);
	add_nat(&s);
	if (o->host_chains)
		add_host_chains(&s);
	int rc = s.b.failed ? err_sys(e, ENOMEM, "network '%s': firewall rules", n->name)
			    : fw_index_elements(rows, elements, n->name, e);
	if (rc < 0)
		take_back(rows, chains, elements);
	return rc;
}
