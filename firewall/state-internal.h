/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state-internal.h — the objects of struct fw_state, for the planner. */
#ifndef FIREWALL_STATE_INTERNAL_H
#define FIREWALL_STATE_INTERNAL_H

#include "base/diff.h"
#include "base/list.h"
#include "base/table.h"
#include "firewall/firewall-internal.h"

/* Who must be there before whom. */
enum fw_rank { FW_RANK_TABLE, FW_RANK_MAP, FW_RANK_CHAIN, FW_RANK_ELEMENT };

struct fw_object {
	struct table_node node;
	char key[DIFF_KEY_MAX];
	enum fw_rank rank;
	uint64_t hash;
	bool misshapen;     /* can't be made right by changing it: the table must be replaced */
	bool foreign_rules; /* a chain with rules that don't bear our hash: they may refer to other
			       objects */
	enum fw_hook hook;
	char name[256]; /* chain or map, whole */
	struct fw_element element;
	struct list elements; /* of a chain: those that jump to it, by of_chain */
	struct list of_chain;
	struct list of_nat;
};

struct fw_state {
	struct table objects;
	struct list nat; /* elements of nat4 and nat6 */
	uint32_t generation;
};

struct fw_object *fw_state_find(const struct fw_state *s, const char *key);

void fw_named_key(const char *kind, const char *name, char key[static DIFF_KEY_MAX]);
void fw_element_key(const struct fw_element *element, char key[static DIFF_KEY_MAX]);
uint64_t fw_element_hash(const struct fw_element *element);
uint64_t fw_chain_hash_start(enum fw_hook hook);
uint64_t fw_chain_hash_add(uint64_t h, uint64_t rule);
int fw_chain_hash(const struct fw_chain *c, uint64_t *ret) mustcheck;

#endif
