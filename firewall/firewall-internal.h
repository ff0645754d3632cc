/* SPDX-License-Identifier: GPL-2.0-or-later */
/* firewall-internal.h — what the files of this room share: what maps and hooks are, and what a
 * row's identity is. */
#ifndef FIREWALL_FIREWALL_INTERNAL_H
#define FIREWALL_FIREWALL_INTERNAL_H

#include "firewall/firewall.h"

#include <errno.h>
#include <linux/netfilter.h>

enum fw_key { FW_KEY_IFACE, FW_KEY_IP4, FW_KEY_IP6, FW_KEY_IP4_NET, FW_KEY_IP6_NET };

/* Prefix lengths of the subnets in the maps that are keyed by a whole subnet. */
#define FW_NET4_LEN 24
#define FW_NET6_LEN 64

struct fw_map_desc {
	const char *name;
	const char *field; /* of the packet, in nft's words */
	enum fw_key key;
	bool set; /* its elements have no verdict */
};
extern const struct fw_map_desc fw_map_desc[FW_MAPS];

struct fw_hook_desc {
	const char *type, *name;
	unsigned number;
	int priority; /* libvirt's, so that other tables stand to ours as they stood to libvirt's */
};
extern const struct fw_hook_desc fw_hook_desc[];

static inline bool fw_key_is_interval(enum fw_key key)
{
	return key == FW_KEY_IP4 || key == FW_KEY_IP6;
}

/* Of a key that is an address. */
static inline int fw_key_family(enum fw_key key)
{
	return key == FW_KEY_IP4 || key == FW_KEY_IP4_NET ? AF_INET : AF_INET6;
}

/* The maps that these rows' table has are the first so many of enum fw_map. */
static inline unsigned fw_map_count(const struct fw_rows *r)
{
	return r->host_chains ? FW_MAPS : FW_HOST_IN;
}

/* Raise it when the same text is turned into other expressions: all rules are then written anew. */
#define FW_ROW_VERSION UINT64_C(0x6e657464000001)

/* Over the text of the rule; never 0. 0 or -ENOMEM. */
int fw_rule_hash(const struct fw_rule *r, uint64_t *ret) mustcheck;

/* The last address of a prefix. */
struct ip fw_prefix_last(const struct fw_prefix *p);

/* Whether two elements of maps by address have an address in common. */
bool fw_ranges_overlap(const struct fw_element *a, const struct fw_element *b);

/* Whether an element of network `name` and another network's can't stand in one map. 0 or -EINVAL.
 */
int fw_refuse_conflict(const char *name, const struct fw_element *wanted,
		       const struct fw_element *there, struct err *e) mustcheck;

/* Enter the elements from `from` on into the index. -EINVAL and a reason when one of them and one
 * that was there can't stand in one map. After a failure the elements from `from` on must go, and
 * no more may come when it was -ENOMEM. */
int fw_index_elements(struct fw_rows *r, size_t from, const char *name, struct err *e) mustcheck;

void fw_step_text(const struct fw_step *s, struct text *t);

#endif
