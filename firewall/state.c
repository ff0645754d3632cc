/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state.c — the table as it is: objects by key. Filled from a dump, then kept current by what was
 * committed, so that starting one network among a thousand needs neither a dump nor a look at the
 * others. */
#include "firewall/state-internal.h"

#include <stdio.h>
#include <string.h>

struct fw_state *fw_state_new(void)
{
	struct fw_state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	table_init(&s->objects);
	list_init(&s->nat);
	return s;
}

static void object_remove(struct fw_state *s, struct fw_object *o)
{
	struct fw_object *element;

	list_foreach (element, &o->elements, struct fw_object, of_chain)
		list_remove(&element->of_chain);
	list_remove(&o->of_chain);
	list_remove(&o->of_nat);
	table_remove(&s->objects, &o->node);
	free(o);
}

static void state_clear(struct fw_state *s)
{
	for (struct table_node *next, *n = table_next(&s->objects, NULL); n; n = next) {
		next = table_next(&s->objects, n);
		object_remove(s, container_of(n, struct fw_object, node));
	}
}

void fw_state_free(struct fw_state *s)
{
	if (!s)
		return;
	state_clear(s);
	table_done(&s->objects);
	free(s);
}

struct fw_object *fw_state_find(const struct fw_state *s, const char *key)
{
	struct table_node *n = table_find(&s->objects, key, strlen(key));

	return n ? container_of(n, struct fw_object, node) : NULL;
}

bool fw_state_has_table(const struct fw_state *s)
{
	return fw_state_find(s, "table") != NULL;
}

/* Find or make. */
static struct fw_object *object_at(struct fw_state *s, enum fw_rank rank, const char *key)
{
	struct fw_object *o = fw_state_find(s, key);

	if (o)
		return o;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->rank = rank;
	copy_text(o->key, sizeof(o->key), key);
	list_init(&o->elements);
	list_init(&o->of_chain);
	list_init(&o->of_nat);
	if (table_add(&s->objects, &o->node, o->key, strlen(o->key)) < 0) {
		free(o);
		return NULL;
	}
	return o;
}

/* --- keys and hashes, the same for what is wanted and what is there --- */

void fw_named_key(const char *kind, const char *name, char key[static DIFF_KEY_MAX])
{
	if (strlen(name) < 120)
		snprintf(key, DIFF_KEY_MAX, "%s/%s", kind, name);
	else /* not one of ours */
		snprintf(key, DIFF_KEY_MAX, "%s/%.100s~%016llx", kind, name,
			 (unsigned long long)diff_hash(DIFF_HASH_START, name, strlen(name)));
}

void fw_element_key(const struct fw_element *element, char key[static DIFF_KEY_MAX])
{
	char first[IP_TEXT_MAX], last[IP_TEXT_MAX];
	const char *map = fw_map_desc[element->map].name;

	if (fw_map_desc[element->map].key == FW_KEY_IFACE)
		snprintf(key, DIFF_KEY_MAX, "element/%s/%s", map, element->iface);
	else
		snprintf(key, DIFF_KEY_MAX, "element/%s/%s-%s", map,
			 ip_format(&element->first, first), ip_format(&element->last, last));
}

uint64_t fw_element_hash(const struct fw_element *element)
{
	return diff_hash(DIFF_HASH_START, element->chain, strlen(element->chain));
}

uint64_t fw_chain_hash_start(enum fw_hook hook)
{
	uint8_t octet = (uint8_t)hook;

	return diff_hash(DIFF_HASH_START, &octet, 1);
}

uint64_t fw_chain_hash_add(uint64_t h, uint64_t rule)
{
	return diff_hash(h, &rule, sizeof(rule));
}

int fw_chain_hash(const struct fw_chain *c, uint64_t *ret)
{
	uint64_t h = fw_chain_hash_start(c->hook), rule;

	for (size_t i = 0; i < c->n_rules; i++) {
		int rc = fw_rule_hash(&c->rules[i], &rule);
		if (rc < 0)
			return rc;
		h = fw_chain_hash_add(h, rule);
	}
	*ret = h;
	return 0;
}

/* --- recording --- */

int fw_state_table(struct fw_state *s, enum fw_fit fit, uint32_t generation)
{
	struct fw_object *o = object_at(s, FW_RANK_TABLE, "table");

	if (!o)
		return -ENOMEM;
	o->misshapen = fit == FW_FIT_WRONG;
	o->hash = fit == FW_FIT_ADOPT;
	s->generation = generation;
	return 0;
}

void fw_state_no_table(struct fw_state *s, uint32_t generation)
{
	s->generation = generation;
}

int fw_state_map(struct fw_state *s, const char *name, bool shape_right)
{
	char key[DIFF_KEY_MAX];

	fw_named_key("map", name, key);
	struct fw_object *o = object_at(s, FW_RANK_MAP, key);
	if (!o)
		return -ENOMEM;
	copy_text(o->name, sizeof(o->name), name);
	o->misshapen = !shape_right;
	return 0;
}

int fw_state_chain(struct fw_state *s, const char *name, enum fw_hook hook, bool shape_right)
{
	char key[DIFF_KEY_MAX];

	fw_named_key("chain", name, key);
	struct fw_object *o = object_at(s, FW_RANK_CHAIN, key);
	if (!o)
		return -ENOMEM;
	copy_text(o->name, sizeof(o->name), name);
	o->hook = hook;
	o->misshapen = !shape_right;
	o->hash = fw_chain_hash_start(hook);
	o->foreign_rules = false;
	return 0;
}

void fw_state_rule(struct fw_state *s, const char *chain, uint64_t hash)
{
	char key[DIFF_KEY_MAX];

	fw_named_key("chain", chain, key);
	struct fw_object *o = fw_state_find(s, key);
	if (!o)
		return;
	o->hash = fw_chain_hash_add(o->hash, hash);
	o->foreign_rules |= hash == 0;
}

int fw_state_element(struct fw_state *s, const struct fw_element *element, bool is_jump)
{
	char key[DIFF_KEY_MAX], chain_key[DIFF_KEY_MAX];

	fw_element_key(element, key);
	struct fw_object *o = object_at(s, FW_RANK_ELEMENT, key);
	if (!o)
		return -ENOMEM;
	o->element = *element;
	o->hash = is_jump || fw_map_desc[element->map].set ? fw_element_hash(element) : 0;
	list_remove(&o->of_chain);
	list_remove(&o->of_nat);
	fw_named_key("chain", element->chain, chain_key);
	struct fw_object *chain = fw_state_find(s, chain_key);
	if (chain)
		list_add_tail(&chain->elements, &o->of_chain);
	if (fw_map_desc[element->map].key != FW_KEY_IFACE)
		list_add_tail(&s->nat, &o->of_nat);
	return 0;
}

/* --- following a plan --- */

static int record_rules(struct fw_state *s, const struct fw_chain *chain)
{
	char key[DIFF_KEY_MAX];

	fw_named_key("chain", chain->name, key);
	struct fw_object *o = fw_state_find(s, key);
	return o ? fw_chain_hash(chain, &o->hash) : 0;
}

static void forget(struct fw_state *s, const char *key)
{
	struct fw_object *o = fw_state_find(s, key);

	if (o)
		object_remove(s, o);
}

static void record_flush(struct fw_state *s, const char *key)
{
	struct fw_object *o = fw_state_find(s, key);

	if (!o)
		return;
	o->hash = fw_chain_hash_start(o->hook);
	o->foreign_rules = false;
}

static int record_step(struct fw_state *s, const struct fw_step *step)
{
	char key[DIFF_KEY_MAX];

	switch (step->op) {
	case FW_DELETE_TABLE:
		state_clear(s);
		return 0;
	case FW_DELETE_ELEMENT:
		fw_element_key(&step->element, key);
		forget(s, key);
		return 0;
	case FW_FLUSH_CHAIN:
		fw_named_key("chain", step->name, key);
		record_flush(s, key);
		return 0;
	case FW_DELETE_CHAIN:
		fw_named_key("chain", step->name, key);
		forget(s, key);
		return 0;
	case FW_DELETE_MAP:
		fw_named_key("map", step->name, key);
		forget(s, key);
		return 0;
	case FW_ADD_TABLE:
	case FW_ADOPT_TABLE:
		return fw_state_table(s, FW_FIT_RIGHT, 0);
	case FW_ADD_MAP:
		return fw_state_map(s, fw_map_name(step->map), true);
	case FW_ADD_CHAIN:
		return fw_state_chain(s, step->chain.name, step->chain.hook, true);
	case FW_ADD_RULES:
		return record_rules(s, &step->chain);
	case FW_ADD_ELEMENT:
		return fw_state_element(s, &step->element, true);
	}
	return 0;
}

int fw_state_commit(struct fw_state *had, const struct fw_plan *p)
{
	int rc = 0;

	for (size_t i = 0; i < p->n && rc == 0; i++)
		rc = record_step(had, &p->steps[i]);
	if (p->n)
		had->generation =
		    0; /* others may have committed since: nothing is known of the present one */
	return rc;
}
