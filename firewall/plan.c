/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan.c — from what is wanted and what is there to the steps of one transaction.
 *
 * Order in the batch: elements go first, so that nothing jumps to what goes next; chains that hold
 * what isn't ours are flushed before any chain or map is deleted, since their rules may refer to
 * it; then everything that is wanted comes from the roots up, elements last. */
#include "firewall/state-internal.h"

#include <stdio.h>
#include <string.h>

/* A wanted row behind a diff_row. */
struct wanted {
	const struct fw_rows *rows; /* the table */
	const struct fw_chain *chain;
	const struct fw_element *element;
	enum fw_map map;
};

/* Both sides of the difference. */
struct sides {
	struct diff_row *want, *have;
	struct wanted *wanted;
	size_t n_want, n_have, cap_have;
};

static void sides_done(struct sides *s)
{
	free(s->want);
	free(s->have);
	free(s->wanted);
}

void fw_plan_free(struct fw_plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		free(p->steps[i].chain.rules);
	free(p->steps);
	free(p);
}

int fw_plan_append(struct fw_plan *p, struct fw_plan *from)
{
	if (GROW(p->steps, p->cap, p->n + from->n) < 0)
		return -ENOMEM;
	memcpy(p->steps + p->n, from->steps, from->n * sizeof(*from->steps));
	p->n += from->n;
	from->n = 0;
	return 0;
}

/* --- the wanted side --- */

static struct diff_row *next_want(struct sides *s, enum fw_rank rank, const struct wanted *w)
{
	struct diff_row *row = &s->want[s->n_want];

	s->wanted[s->n_want] = *w;
	*row = (struct diff_row){ .rank = rank, .object = &s->wanted[s->n_want++] };
	return row;
}

static void want_base(struct sides *s, const struct fw_rows *rows)
{
	struct diff_row *row = next_want(s, FW_RANK_TABLE, &(struct wanted){ .rows = rows });

	copy_text(row->key, sizeof(row->key), "table");
	for (unsigned m = 0; m < fw_map_count(rows); m++) {
		row = next_want(s, FW_RANK_MAP, &(struct wanted){ .map = (enum fw_map)m });
		fw_named_key("map", fw_map_name((enum fw_map)m), row->key);
	}
}

static int want_rows(struct sides *s, const struct fw_rows *rows)
{
	int rc = 0;

	if (rows->base)
		want_base(s, rows);
	for (size_t i = 0; i < rows->n_chains && rc == 0; i++) {
		struct diff_row *row =
		    next_want(s, FW_RANK_CHAIN, &(struct wanted){ .chain = &rows->chains[i] });
		fw_named_key("chain", rows->chains[i].name, row->key);
		rc = fw_chain_hash(&rows->chains[i], &row->hash);
	}
	for (size_t i = 0; i < rows->n_elements; i++) {
		const struct fw_element *element = &rows->elements[i];
		struct diff_row *row =
		    next_want(s, FW_RANK_ELEMENT, &(struct wanted){ .element = element });
		fw_element_key(element, row->key);
		row->hash = fw_element_hash(element);
	}
	return rc;
}

static int sides_reserve(struct sides *s, const struct fw_rows *a, const struct fw_rows *b)
{
	size_t n = 1 + FW_MAPS;

	n += a ? a->n_chains + a->n_elements : 0;
	n += b ? b->n_chains + b->n_elements : 0;
	s->want = calloc(n, sizeof(*s->want));
	s->wanted = calloc(n, sizeof(*s->wanted));
	return s->want && s->wanted ? 0 : -ENOMEM;
}

/* --- the side that is there --- */

static int have_object(struct sides *s, const struct fw_object *o)
{
	if (GROW(s->have, s->cap_have, s->n_have + 1) < 0)
		return -ENOMEM;
	struct diff_row *row = &s->have[s->n_have++];
	*row = (struct diff_row){ .hash = o->hash, .rank = o->rank, .ours = true, .object = o };
	copy_text(row->key, sizeof(row->key), o->key);
	return 0;
}

static int have_all(struct sides *s, const struct fw_state *had)
{
	int rc = 0;

	table_foreach (n, &had->objects) {
		rc = have_object(s, container_of(n, struct fw_object, node));
		if (rc < 0)
			break;
	}
	return rc;
}

/* --- from the difference to steps --- */

static struct fw_step *add_step(struct fw_plan *p, enum fw_op op)
{
	if (GROW(p->steps, p->cap, p->n + 1) < 0)
		return NULL;
	struct fw_step *step = &p->steps[p->n++];
	*step = (struct fw_step){ .op = op };
	return step;
}

static int add_named_step(struct fw_plan *p, enum fw_op op, const char *name)
{
	struct fw_step *step = add_step(p, op);

	if (!step)
		return -ENOMEM;
	copy_text(step->name, sizeof(step->name), name);
	return 0;
}

static int add_element_step(struct fw_plan *p, enum fw_op op, const struct fw_element *element)
{
	struct fw_step *step = add_step(p, op);

	if (!step)
		return -ENOMEM;
	step->element = *element;
	return 0;
}

static int add_chain_step(struct fw_plan *p, const struct fw_chain *chain)
{
	struct fw_step *step = add_step(p, FW_ADD_CHAIN);

	if (!step)
		return -ENOMEM;
	step->chain = *chain;
	step->chain.rules = NULL;
	step->chain.n_rules = step->chain.cap = 0;
	return 0;
}

static int add_rules_step(struct fw_plan *p, const struct fw_chain *chain)
{
	struct fw_step *step = add_step(p, FW_ADD_RULES);

	if (!step)
		return -ENOMEM;
	step->chain = *chain;
	step->chain.rules = malloc(chain->n_rules * sizeof(*chain->rules));
	if (!step->chain.rules) {
		p->n--;
		return -ENOMEM;
	}
	memcpy(step->chain.rules, chain->rules, chain->n_rules * sizeof(*chain->rules));
	step->chain.cap = chain->n_rules;
	return 0;
}

static int step_out(struct fw_plan *p, const struct fw_object *o, enum fw_op op)
{
	bool element = op == FW_DELETE_ELEMENT;

	return element ? add_element_step(p, op, &o->element) : add_named_step(p, op, o->name);
}

/* Which step, if any, the pass `op` takes for this difference: what goes or changes. */
static bool goes_in_pass(const struct diff_step *d, enum fw_op op)
{
	const struct fw_object *o = d->have ? d->have->object : NULL;

	if (!o || o->rank == FW_RANK_TABLE)
		return false;
	if (op == FW_FLUSH_CHAIN)
		return o->rank == FW_RANK_CHAIN && (d->op == DIFF_CHANGE || o->foreign_rules);
	if (op == FW_DELETE_ELEMENT)
		return o->rank == FW_RANK_ELEMENT;
	return d->op == DIFF_DELETE &&
	       o->rank == (op == FW_DELETE_CHAIN ? FW_RANK_CHAIN : FW_RANK_MAP);
}

static int step_in(struct fw_plan *p, const struct diff_step *d)
{
	const struct wanted *w = d->want->object;
	int rc = 0;

	if (w->element)
		return add_element_step(p, FW_ADD_ELEMENT, w->element);
	if (w->chain) {
		if (d->op == DIFF_ADD)
			rc = add_chain_step(p, w->chain);
		return rc < 0 || !w->chain->n_rules ? rc : add_rules_step(p, w->chain);
	}
	enum fw_op table = d->op == DIFF_ADD ? FW_ADD_TABLE : FW_ADOPT_TABLE;
	struct fw_step *step = add_step(p, w->rows ? table : FW_ADD_MAP);
	if (!step)
		return -ENOMEM;
	step->owner = w->rows && w->rows->owner;
	step->map = w->map;
	return 0;
}

static int steps_from(struct fw_plan *p, const struct diff_step *diff, size_t n)
{
	static const enum fw_op out[] = { FW_DELETE_ELEMENT, FW_FLUSH_CHAIN, FW_DELETE_CHAIN,
					  FW_DELETE_MAP };
	int rc = 0;

	for (size_t pass = 0; pass < ARRAY_LEN(out); pass++)
		for (size_t i = 0; i < n && rc == 0; i++)
			if (goes_in_pass(&diff[i], out[pass]))
				rc = step_out(p, diff[i].have->object, out[pass]);
	for (size_t i = 0; i < n && rc == 0; i++)
		if (diff[i].want)
			rc = step_in(p, &diff[i]);
	return rc;
}

static int plan_sides(struct fw_plan *p, struct sides *s)
{
	auto_free struct diff_step *diff = calloc(s->n_want + s->n_have + 1, sizeof(*diff));

	if (!diff)
		return -ENOMEM;
	diff_sort(s->want, s->n_want);
	diff_sort(s->have, s->n_have);
	return steps_from(p, diff, diff_plan(s->want, s->n_want, s->have, s->n_have, diff));
}

/* --- the whole table --- */

/* Something has the name of one of ours and another nature, such as a base chain on another hook:
 * only a new table helps. */
static bool must_be_replaced(const struct fw_state *had, const struct fw_rows *want)
{
	char key[DIFF_KEY_MAX];

	if (!want->base)
		return true;
	for (size_t i = 0; i < want->n_chains; i++) {
		fw_named_key("chain", want->chains[i].name, key);
		const struct fw_object *o = fw_state_find(had, key);
		if (o && (o->misshapen || o->hook != want->chains[i].hook))
			return true;
	}
	for (unsigned m = 0; m < fw_map_count(want); m++) {
		fw_named_key("map", fw_map_name((enum fw_map)m), key);
		const struct fw_object *o = fw_state_find(had, key);
		if (o && o->misshapen)
			return true;
	}
	return fw_state_find(had, "table")->misshapen;
}

static int plan_all(struct fw_plan *p, const struct fw_state *had, const struct fw_rows *want,
		    struct sides *s)
{
	int rc = sides_reserve(s, want, NULL);

	if (rc < 0)
		return rc;
	if (fw_state_has_table(had) && must_be_replaced(had, want))
		rc = add_step(p, FW_DELETE_TABLE) ? 0 : -ENOMEM;
	else
		rc = have_all(s, had);
	if (rc == 0 && want->base)
		rc = want_rows(s, want);
	return rc < 0 ? rc : plan_sides(p, s);
}

int fw_plan_all(const struct fw_state *had, const struct fw_rows *want, struct fw_plan **ret,
		struct err *e)
{
	struct sides s = { 0 };
	struct fw_plan *p = calloc(1, sizeof(*p));
	int rc = p ? plan_all(p, had, want, &s) : -ENOMEM;

	sides_done(&s);
	if (rc < 0) {
		fw_plan_free(p);
		return err_sys(e, -rc, "firewall: cannot plan");
	}
	p->generation = had->generation;
	*ret = p;
	return 0;
}

/* --- one network --- */

/* A chain, the elements that jump to it, and what its bridge has in the set. */
static int have_chain(struct sides *s, const struct fw_state *had, const struct fw_object *chain)
{
	char key[DIFF_KEY_MAX];
	struct fw_object *element, *in_set;
	int rc = have_object(s, chain);

	list_foreach (element, &chain->elements, struct fw_object, of_chain) {
		struct fw_element isolated = { .map = FW_ISOLATED };
		if (rc == 0)
			rc = have_object(s, element);
		copy_text(isolated.iface, sizeof(isolated.iface), element->element.iface);
		fw_element_key(&isolated, key);
		if (element->element.map == FW_FROM_NET && (in_set = fw_state_find(had, key)) &&
		    rc == 0)
			rc = have_object(s, in_set);
	}
	return rc;
}

/* What is there of the network whose chains end in `stem`. */
static int have_network(struct sides *s, const struct fw_state *had, const char *stem)
{
	static const char *const kinds[] = { "in", "out", "nat", "hin", "hout" };
	char key[DIFF_KEY_MAX];

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		snprintf(key, sizeof(key), "chain/%s_%s", kinds[i], stem);
		struct fw_object *chain = fw_state_find(had, key);
		int rc = chain ? have_chain(s, had, chain) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool belongs_to(const struct fw_object *o, const char *stem)
{
	const char *u = strchr(o->element.chain, '_');

	return u && strcmp(u + 1, stem) == 0;
}

/* A map has one answer for each key. */
static int refuse_conflict(const struct fw_state *had, const char *name, const char *stem,
			   const struct fw_element *wanted, struct err *e)
{
	char key[DIFF_KEY_MAX];
	struct fw_object *o;
	int rc = 0;

	if (fw_map_desc[wanted->map].set)
		return 0;
	if (fw_map_desc[wanted->map].key == FW_KEY_IFACE) {
		fw_element_key(wanted, key);
		o = fw_state_find(had, key);
		return o && !belongs_to(o, stem) ? fw_refuse_conflict(name, wanted, &o->element, e)
						 : 0;
	}
	list_foreach (o, &had->nat, struct fw_object, of_nat) {
		/* All networks are asked: first what is quick to answer. */
		if (fw_ranges_overlap(wanted, &o->element) && !belongs_to(o, stem))
			rc = fw_refuse_conflict(name, wanted, &o->element, e);
		if (rc < 0)
			break;
	}
	return rc;
}

static int plan_network(struct fw_plan *p, const struct fw_state *had, const char *stem,
			const struct fw_rows *want, const struct fw_options *o)
{
	struct fw_rows base = { 0 };
	struct sides s = { 0 };
	bool create = !fw_state_has_table(had) && want && want->n_chains;
	int rc = create ? fw_want_base(o, &base) : 0;

	if (rc == 0)
		rc = sides_reserve(&s, &base, want);
	if (rc == 0 && create)
		rc = want_rows(&s, &base);
	if (rc == 0 && want)
		rc = want_rows(&s, want);
	if (rc == 0)
		rc = have_network(&s, had, stem);
	if (rc == 0)
		rc = plan_sides(p, &s);
	sides_done(&s);
	fw_rows_done(&base);
	return rc;
}

int fw_plan_network(const struct fw_state *had, const char *name, const struct uuid *uuid,
		    const struct fw_rows *want, const struct fw_options *o, struct fw_plan **ret,
		    struct err *e)
{
	char stem[FW_CHAIN_MAX];
	int rc;

	fw_chain_stem(name, uuid, stem);
	for (size_t i = 0; want && i < want->n_elements; i++) {
		rc = refuse_conflict(had, name, stem, &want->elements[i], e);
		if (rc < 0)
			return rc;
	}
	struct fw_plan *p = calloc(1, sizeof(*p));
	rc = p ? plan_network(p, had, stem, want, o) : -ENOMEM;
	if (rc < 0) {
		fw_plan_free(p);
		return err_sys(e, -rc, "network '%s': cannot plan its firewall rules", name);
	}
	*ret = p;
	return 0;
}
