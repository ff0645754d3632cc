/* SPDX-License-Identifier: GPL-2.0-or-later */
/* firewall.h — from a network's definition to the rows of the nftables table `inet netd`, and from
 * what is wanted and what is there to a plan. Pure: no kernel here, see firewall/nft.h.
 *
 * The table holds verdict maps, so that a packet costs the same with one network and with a
 * thousand:
 *
 * - chain forward: oifname vmap @to_net, then iifname vmap @from_net (this order decides, see
 * below)
 * - chain post: link-local multicast and broadcast return; vmaps by the sender's subnet
 * - chain in_NET: from the same bridge accept; to the guests' subnets accept; else reject
 * - chain out_NET: from the guests' subnets accept; else reject
 * - chain nat_NET (mode nat only): masquerade or snat
 * - with fw_options.host_chains: chains input and output, maps host_in and host_out, chains hin_NET
 *   and hout_NET, which only count what guests and the host's services say to each other
 *
 * A packet to a managed bridge is judged by that bridge's in_NET alone; only what goes elsewhere is
 * judged by its source's out_NET. Open networks have no rows.
 *
 * Each rule carries the reason (`why`, shown by nft as its comment) and the hash of its row. The
 * unit of comparison is the chain: one whose rules aren't exactly the wanted ones in order is
 * refilled as a whole, in the transaction that repairs the rest, so no packet sees it half full.
 * What equals is not touched, and its counters live on.
 *
 * Stricter than libvirt's rules in two points: rules are by the bridge's name, not by its number,
 * so that a bridge made anew is guarded; and a guest of an isolated network reaches no routed
 * network, which libvirt's rules refuse only on the way back (open_isolated: as they do).
 *
 * Functions return 0 or -errno; -ENOMEM only, where nothing else is said. */
#ifndef FIREWALL_FIREWALL_H
#define FIREWALL_FIREWALL_H

#include "base/err.h"
#include "base/text.h"
#include "network/network.h"

#include <net/if.h>

#define FW_TABLE     "netd" /* of family inet */
#define FW_CHAIN_MAX 64     /* octets of a chain name of ours with its NUL */
#define FW_WHY_MAX   112    /* octets of a comment with its NUL; nft's own limit is 128 */
#define FW_MAP_SIZE  8192   /* networks per host; the kernel walks all buckets at each start */

enum fw_map {
	FW_TO_NET,
	FW_FROM_NET,
	FW_NAT4_24, /* by the sender's subnet: a hash for what nearly all have … */
	FW_NAT6_64,
	FW_NAT4, /* … and intervals for the rest */
	FW_NAT6,
	FW_ISOLATED, /* a set: bridges of isolated networks */
	FW_HOST_IN,
	FW_HOST_OUT,
	FW_MAPS
};

enum fw_verdict {
	FW_ACCEPT,
	FW_REJECT, /* ICMP or ICMPv6 port unreachable */
	FW_DROP,
	FW_RETURN,
	FW_MASQUERADE,
	FW_SNAT,
	FW_VMAP, /* look the packet up in `map` */
};

struct fw_prefix {
	struct ip net; /* not set: no match on this address */
	unsigned len;
};

/* One rule. A member that is zero matches everything. */
struct fw_rule {
	int family; /* AF_INET, AF_INET6; implied by saddr and daddr */
	char iif[IFNAMSIZ], oif[IFNAMSIZ];
	struct fw_prefix saddr, daddr;
	bool saddr_known;          /* no other packets come here: shown, not matched */
	uint8_t l4;                /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6 */
	uint16_t dport, dport_max; /* dport_max 0: dport alone */
	bool established;          /* conntrack state established or related */
	bool dnat;                 /* conntrack status: its target was translated */
	bool from_isolated;        /* came from a bridge in the set FW_ISOLATED */
	bool counter;
	enum fw_verdict verdict;
	enum fw_map map;             /* FW_VMAP */
	uint16_t port_min, port_max; /* FW_MASQUERADE, FW_SNAT; 0: ports are left to the kernel */
	struct ip to_min, to_max;    /* FW_SNAT */
	char why[FW_WHY_MAX];
	uint64_t hash; /* of all above, noted once the rule is complete; 0: not yet counted */
};

enum fw_hook { FW_REGULAR, FW_FORWARD, FW_POST, FW_INPUT, FW_OUTPUT };

struct fw_chain {
	char name[FW_CHAIN_MAX];
	char why[FW_WHY_MAX];
	enum fw_hook hook;
	struct fw_rule *rules;
	size_t n_rules, cap;
};

/* A map's element: packets whose key is within jump to `chain`. A set's has none. */
struct fw_element {
	enum fw_map map;
	char iface[IFNAMSIZ];  /* maps keyed by interface */
	struct ip first, last; /* nat…: inclusive */
	char chain[FW_CHAIN_MAX];
};

/* Which element has which key; firewall/conflict.c. */
struct fw_index {
	uint32_t *slot; /* of the elements of FW_TO_NET, by bridge and by chain: 1 + their place, 0:
			   free */
	size_t n_slots, n_used;
	uint32_t *nat; /* places of the subnets that are translated */
	size_t n_nat, cap_nat;
};

/* Wanted rows: values only, may be handed to another thread. Zero-initialise. */
struct fw_rows {
	bool base; /* the table itself, its maps and base chains */
	bool owner, host_chains;
	struct fw_chain *chains;
	size_t n_chains, cap_chains;
	struct fw_element *elements;
	size_t n_elements, cap_elements;
	struct fw_index index;
};
void fw_rows_done(struct fw_rows *r);

struct fw_own;
struct fw_options {
	bool owner;       /* only our socket can change the table; see firewall/nft.h */
	bool host_chains; /* count what guests send to the host's services and back */
	const struct fw_own
	    *own; /* fw_want_network(): the network's own rules (firewall/own.h), or NULL */
	bool open_isolated; /* as libvirt has it: isolated guests may send to routed networks */
};

/* Append the table, its maps and base chains. Wanted once for the whole table. */
int fw_want_base(const struct fw_options *o, struct fw_rows *rows) mustcheck;

/* Append the rows of one network (nothing for modes without rules). The definition must have its
 * bridge's name and its uuid. Refused (-EINVAL) when it hasn't, or when its bridge or a NAT subnet
 * of it is, in part too, that of a network whose rows are there already: one refused network must
 * not cost the others their rules. After a failure `rows` are as before. */
int fw_want_network(const struct network *n, const struct fw_options *o, struct fw_rows *rows,
		    struct err *e) mustcheck;

/* The name that chains of this network end in: the network's own when that is a plain identifier of
 * at most 40 characters, else what can be kept of it, a dot and eight hex digits that depend on the
 * uuid. */
const char *fw_chain_stem(const char *name, const struct uuid *uuid, char buf[static FW_CHAIN_MAX]);

/* --- text: each row as a line that `nft -f` takes --- */

/* `ip saddr 10.0.0.0/24 counter accept comment "…"` */
void fw_rule_text(const struct fw_rule *r, struct text *t);
/* All rows as add commands, in an order in which nft can run them. */
void fw_rows_text(const struct fw_rows *r, struct text *t);
const char *fw_map_name(enum fw_map map);

/* --- what is there --- */

/* The table as the kernel has it, or as we have left it there: built by fw_have() from a dump, kept
 * current by fw_state_commit(). Belongs to one thread at a time. */
struct fw_state;

struct fw_state *fw_state_new(void) mustcheck; /* no table there */
void fw_state_free(struct fw_state *s);
bool fw_state_has_table(const struct fw_state *s);

/* For providers: record what a dump has shown, parents first. Chain and map names may be foreign,
 * of any length. */
enum fw_fit {
	FW_FIT_RIGHT,
	FW_FIT_ADOPT, /* its owner has gone and left it: it can be ours as it is */
	FW_FIT_WRONG, /* it must be replaced */
};
int fw_state_table(struct fw_state *s, enum fw_fit fit, uint32_t generation) mustcheck;
void fw_state_no_table(struct fw_state *s, uint32_t generation);
int fw_state_map(struct fw_state *s, const char *name, bool shape_right) mustcheck;
/* `shape_right`: no base chain, or one of ours with type, hook, priority and policy as they should
 * be. */
int fw_state_chain(struct fw_state *s, const char *name, enum fw_hook hook, bool shape_right)
    mustcheck;
/* The chain's next rule: the hash that it carries, 0 for a rule that carries none. */
void fw_state_rule(struct fw_state *s, const char *chain, uint64_t hash);
/* `is_jump`: the element's verdict is a jump to element->chain and nothing else. */
int fw_state_element(struct fw_state *s, const struct fw_element *element, bool is_jump) mustcheck;

/* --- the plan --- */

enum fw_op {
	FW_DELETE_TABLE,
	FW_DELETE_ELEMENT,
	FW_FLUSH_CHAIN,
	FW_DELETE_CHAIN,
	FW_DELETE_MAP,
	FW_ADD_TABLE,
	FW_ADOPT_TABLE, /* become its owner */
	FW_ADD_MAP,
	FW_ADD_CHAIN, /* without its rules */
	FW_ADD_RULES, /* all rules of the chain, in order */
	FW_ADD_ELEMENT,
};

struct fw_step {
	enum fw_op op;
	char name[256];        /* chain or map */
	bool owner;            /* FW_ADD_TABLE, FW_ADOPT_TABLE */
	struct fw_chain chain; /* FW_ADD_CHAIN: no rules; FW_ADD_RULES: the rules are the step's */
	struct fw_element element;
	enum fw_map map; /* FW_ADD_MAP */
};

/* Steps in the order of the batch: self-contained, may be handed to another thread. */
struct fw_plan {
	struct fw_step *steps;
	size_t n, cap;
	uint32_t generation; /* the ruleset generation this was planned against; 0: any */
};
void fw_plan_free(struct fw_plan *p);
/* Move the steps of `from` behind those of `p`, to be one transaction; `from` is empty after it. */
int fw_plan_append(struct fw_plan *p, struct fw_plan *from) mustcheck;
void fw_plan_text(const struct fw_plan *p, struct text *t);

/* What makes the whole table equal to `want`; anything else in it goes. With want->base unset the
 * table itself goes. Equal states give an empty plan (n == 0). The plan is bound to the state's
 * generation. */
int fw_plan_all(const struct fw_state *had, const struct fw_rows *want, struct fw_plan **ret,
		struct err *e) mustcheck;

/* What makes one network's rows equal to `want` (rows of fw_want_network() only; none, or NULL:
 * remove the network), creating the table by `o` when it isn't there. Needs no dump. Refuses
 * (-EINVAL) a NAT subnet that overlaps another network's, and a chain name or bridge that another
 * network has. */
int fw_plan_network(const struct fw_state *had, const char *name, const struct uuid *uuid,
		    const struct fw_rows *want, const struct fw_options *o, struct fw_plan **ret,
		    struct err *e) mustcheck;

/* The plan was applied: make `had` say so. The next network is planned after that, or the plan will
 * not fit. After a failure (-ENOMEM) `had` must be dumped anew. */
int fw_state_commit(struct fw_state *had, const struct fw_plan *p) mustcheck;

#endif
