/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake.c — one array of objects. A transaction works on a copy, which takes the original's place
 * when all went well. */
#include "firewall/fake.h"

#include "firewall/state-internal.h"

#include <string.h>

enum kind { CHAIN, MAP, RULE, ELEMENT };

struct thing {
	enum kind kind;
	char name[256]; /* of the chain or map; RULE: the chain it is in */
	enum fw_hook hook;
	bool misshapen;            /* CHAIN, MAP */
	uint64_t hash;             /* RULE: 0 for a stranger's */
	char to[256];              /* RULE: the chain that it jumps to, or "" */
	bool looks[FW_MAPS];       /* RULE: the maps that it looks into */
	struct fw_element element; /* ELEMENT */
	bool is_jump;
};

struct fw_fake {
	bool exists, owner;
	enum fw_fit fit; /* RIGHT: it depends on who owns it */
	struct thing *thing;
	size_t n, cap;
	uint32_t generation;
	size_t countdown;
	int errnum;
};

struct fw_fake *fw_fake_new(void)
{
	struct fw_fake *f = calloc(1, sizeof(*f));

	if (f)
		f->generation = 1;
	return f;
}

void fw_fake_free(struct fw_fake *f)
{
	if (!f)
		return;
	free(f->thing);
	free(f);
}

void fw_fake_fail_step(struct fw_fake *f, size_t countdown, int errnum)
{
	f->countdown = countdown;
	f->errnum = errnum;
}

/* --- looking --- */

static struct thing *find(const struct fw_fake *f, enum kind kind, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->thing[i].kind == kind && strcmp(f->thing[i].name, name) == 0)
			return &f->thing[i];
	return NULL;
}

static bool same_key(const struct fw_element *a, const struct fw_element *b)
{
	if (a->map != b->map)
		return false;
	if (fw_map_desc[a->map].key == FW_KEY_IFACE)
		return strcmp(a->iface, b->iface) == 0;
	return ip_equal(&a->first, &b->first) && ip_equal(&a->last, &b->last);
}

/* What can't stand beside each other in one map. */
static bool collide(const struct fw_element *a, const struct fw_element *b)
{
	if (a->map != b->map || !fw_key_is_interval(fw_map_desc[a->map].key))
		return same_key(a, b);
	return ip_compare(&a->first, &b->last) <= 0 && ip_compare(&b->first, &a->last) <= 0;
}

static struct thing *find_element(const struct fw_fake *f, const struct fw_element *element,
				  bool (*equal)(const struct fw_element *,
						const struct fw_element *))
{
	for (size_t i = 0; i < f->n; i++)
		if (f->thing[i].kind == ELEMENT && equal(&f->thing[i].element, element))
			return &f->thing[i];
	return NULL;
}

/* --- changing --- */

static struct thing *add(struct fw_fake *f, enum kind kind, const char *name)
{
	if (GROW(f->thing, f->cap, f->n + 1) < 0)
		return NULL;
	struct thing *t = &f->thing[f->n++];
	*t = (struct thing){ .kind = kind };
	copy_text(t->name, sizeof(t->name), name);
	return t;
}

static void take_out(struct fw_fake *f, struct thing *t)
{
	size_t i = (size_t)(t - f->thing);

	memmove(t, t + 1, (--f->n - i) * sizeof(*t));
}

static void take_out_rules(struct fw_fake *f, const char *chain)
{
	for (struct thing *t; (t = find(f, RULE, chain));)
		take_out(f, t);
}

static int add_rules(struct fw_fake *f, const struct fw_chain *chain)
{
	if (!find(f, CHAIN, chain->name))
		return -ENOENT;
	for (size_t i = 0; i < chain->n_rules; i++) {
		const struct fw_rule *r = &chain->rules[i];
		struct thing *t = add(f, RULE, chain->name);
		if (!t || fw_rule_hash(r, &t->hash) < 0)
			return -ENOMEM;
		if (r->verdict == FW_VMAP)
			t->looks[r->map] = true;
		if (r->from_isolated)
			t->looks[FW_ISOLATED] = true;
		for (unsigned m = 0; m < FW_MAPS; m++)
			if (t->looks[m] && !find(f, MAP, fw_map_name((enum fw_map)m)))
				return -ENOENT;
	}
	return 0;
}

static int add_element(struct fw_fake *f, const struct fw_element *element)
{
	bool jumps = !fw_map_desc[element->map].set;

	if (!find(f, MAP, fw_map_name(element->map)) || (jumps && !find(f, CHAIN, element->chain)))
		return -ENOENT;
	if (find_element(f, element, collide))
		return -EEXIST;
	struct thing *t = add(f, ELEMENT, fw_map_name(element->map));
	if (!t)
		return -ENOMEM;
	t->element = *element;
	t->is_jump = jumps;
	return 0;
}

static int remove_chain(struct fw_fake *f, const char *name)
{
	if (!find(f, CHAIN, name))
		return -ENOENT;
	take_out_rules(f, name);
	for (size_t i = 0; i < f->n; i++) {
		const struct thing *t = &f->thing[i];
		if ((t->kind == RULE && strcmp(t->to, name) == 0) ||
		    (t->kind == ELEMENT && t->is_jump && strcmp(t->element.chain, name) == 0))
			return -EBUSY;
	}
	take_out(f, find(f, CHAIN, name));
	return 0;
}

static int remove_map(struct fw_fake *f, const char *name)
{
	if (!find(f, MAP, name))
		return -ENOENT;
	for (unsigned m = 0; m < FW_MAPS; m++)
		for (size_t i = 0; i < f->n && strcmp(name, fw_map_name((enum fw_map)m)) == 0; i++)
			if (f->thing[i].kind == RULE && f->thing[i].looks[m])
				return -EBUSY;
	for (struct thing *t; (t = find(f, ELEMENT, name));)
		take_out(f, t);
	take_out(f, find(f, MAP, name));
	return 0;
}

static int add_named(struct fw_fake *f, enum kind kind, const char *name, enum fw_hook hook)
{
	if (find(f, kind, name))
		return -EEXIST;
	struct thing *t = add(f, kind, name);
	if (!t)
		return -ENOMEM;
	t->hook = hook;
	return 0;
}

static int step_table(struct fw_fake *f, const struct fw_step *s)
{
	bool add_it = s->op == FW_ADD_TABLE;

	if (f->exists == add_it)
		return add_it ? -EEXIST : -ENOENT;
	f->exists = s->op != FW_DELETE_TABLE;
	f->fit = FW_FIT_RIGHT;
	f->owner = s->owner;
	if (!f->exists)
		f->n = 0;
	return 0;
}

static int step(struct fw_fake *f, const struct fw_step *s)
{
	const struct thing *t;

	if (s->op == FW_ADD_TABLE || s->op == FW_ADOPT_TABLE || s->op == FW_DELETE_TABLE)
		return step_table(f, s);
	if (!f->exists)
		return -ENOENT;
	switch (s->op) {
	case FW_DELETE_ELEMENT:
		t = find_element(f, &s->element, same_key);
		return t ? (take_out(f, (struct thing *)(uintptr_t)t), 0) : -ENOENT;
	case FW_FLUSH_CHAIN:
		take_out_rules(f, s->name);
		return find(f, CHAIN, s->name) ? 0 : -ENOENT;
	case FW_DELETE_CHAIN:
		return remove_chain(f, s->name);
	case FW_DELETE_MAP:
		return remove_map(f, s->name);
	case FW_ADD_MAP:
		return add_named(f, MAP, fw_map_name(s->map), FW_REGULAR);
	case FW_ADD_CHAIN:
		return add_named(f, CHAIN, s->chain.name, s->chain.hook);
	case FW_ADD_RULES:
		return add_rules(f, &s->chain);
	case FW_ADD_ELEMENT:
		return add_element(f, &s->element);
	case FW_ADD_TABLE:
	case FW_ADOPT_TABLE:
	case FW_DELETE_TABLE:
		break;
	}
	return 0;
}

static int faulty_step(struct fw_fake *f, const struct fw_step *s)
{
	if (f->errnum && f->countdown-- == 0) {
		int errnum = f->errnum;
		f->errnum = 0;
		return -errnum;
	}
	return step(f, s);
}

int fw_fake_apply(struct fw_fake *f, const struct fw_plan *p, struct err *e)
{
	struct fw_fake old = *f;
	int rc = 0;

	if (p->n == 0)
		return 0;
	if (p->generation && p->generation != f->generation)
		return err_sys(e, ERESTART, "the ruleset has changed");
	f->thing = malloc((f->n + 1) * sizeof(*f->thing));
	if (!f->thing) {
		*f = old;
		return err_sys(e, ENOMEM, "the fake");
	}
	if (f->n)
		memcpy(f->thing, old.thing, f->n * sizeof(*f->thing));
	f->cap = f->n + 1;
	for (size_t i = 0; i < p->n && rc == 0; i++) {
		struct text t = { 0 };
		rc = faulty_step(f, &p->steps[i]);
		fw_step_text(&p->steps[i], &t);
		if (rc < 0)
			err_sys(e, -rc, "cannot %s", t.s);
		text_done(&t);
	}
	if (rc < 0) {
		free(f->thing);
		old.errnum = f->errnum;
		*f = old;
		return rc;
	}
	free(old.thing);
	f->generation++;
	return 0;
}

/* --- the dump --- */

static int have_thing(struct fw_state *s, const struct thing *t)
{
	switch (t->kind) {
	case CHAIN:
		return fw_state_chain(s, t->name, t->hook, !t->misshapen);
	case MAP:
		return fw_state_map(s, t->name, !t->misshapen);
	case RULE:
		fw_state_rule(s, t->name, t->hash);
		return 0;
	case ELEMENT:
		return fw_state_element(s, &t->element, t->is_jump);
	}
	return 0;
}

static enum fw_fit fit_of(const struct fw_fake *f, const struct fw_options *o)
{
	if (f->fit == FW_FIT_ADOPT && o->owner)
		return FW_FIT_ADOPT;
	return f->fit == FW_FIT_RIGHT && f->owner == o->owner ? FW_FIT_RIGHT : FW_FIT_WRONG;
}

static int have_all(const struct fw_fake *f, const struct fw_options *o, struct fw_state *s)
{
	int rc = f->exists ? fw_state_table(s, fit_of(f, o), f->generation) : 0;

	if (!f->exists)
		fw_state_no_table(s, f->generation);
	for (unsigned kind = CHAIN; kind <= ELEMENT; kind++)
		for (size_t i = 0; i < f->n && rc == 0; i++)
			if (f->thing[i].kind == kind)
				rc = have_thing(s, &f->thing[i]);
	return rc;
}

int fw_fake_have(const struct fw_fake *f, const struct fw_options *o, struct fw_state **ret,
		 struct err *e)
{
	struct fw_state *s = fw_state_new();

	if (!s || have_all(f, o, s) < 0) {
		fw_state_free(s);
		return err_sys(e, ENOMEM, "the fake");
	}
	*ret = s;
	return 0;
}

/* --- strangers --- */

/* The i-th of its kind, counted round. */
static struct thing *nth(struct fw_fake *f, enum kind kind, size_t i)
{
	size_t count = 0;

	for (size_t k = 0; k < f->n; k++)
		count += f->thing[k].kind == kind;
	i = count ? i % count : 0;
	for (size_t k = 0; k < f->n; k++)
		if (f->thing[k].kind == kind && i-- == 0)
			return &f->thing[k];
	return NULL;
}

void fw_fake_flush_ruleset(struct fw_fake *f)
{
	f->exists = false;
	f->n = 0;
	f->generation++;
}

void fw_fake_flush_chain(struct fw_fake *f, size_t i)
{
	char name[256];
	const struct thing *t = nth(f, CHAIN, i);

	if (t && copy_text(name, sizeof(name), t->name))
		take_out_rules(f, name);
	f->generation++;
}

void fw_fake_remove_element(struct fw_fake *f, size_t i)
{
	struct thing *t = nth(f, ELEMENT, i);

	if (t)
		take_out(f, t);
	f->generation++;
}

void fw_fake_turn_element(struct fw_fake *f, size_t i)
{
	struct thing *t = nth(f, ELEMENT, i);

	if (t && t->is_jump) {
		t->is_jump = false;
		t->element.chain[0] = '\0';
	}
	f->generation++;
}

int fw_fake_add_rule(struct fw_fake *f, size_t i, size_t to)
{
	const struct thing *chain = nth(f, CHAIN, i), *target = nth(f, CHAIN, to);
	char name[256];

	f->generation++;
	if (!chain || !copy_text(name, sizeof(name), chain->name))
		return 0;
	char target_name[256] = "";
	if (to != SIZE_MAX && target->hook == FW_REGULAR)
		copy_text(target_name, sizeof(target_name), target->name);
	struct thing *t = add(f, RULE, name);
	if (!t)
		return -ENOMEM;
	copy_text(t->to, sizeof(t->to), target_name);
	return 0;
}

int fw_fake_add_chain(struct fw_fake *f, const char *name)
{
	f->generation++;
	return !f->exists || find(f, CHAIN, name) || add(f, CHAIN, name) ? 0 : -ENOMEM;
}

int fw_fake_add_map(struct fw_fake *f, const char *name)
{
	f->generation++;
	return !f->exists || find(f, MAP, name) || add(f, MAP, name) ? 0 : -ENOMEM;
}

void fw_fake_bend_chain(struct fw_fake *f, size_t i)
{
	struct thing *t = nth(f, CHAIN, i);

	if (t)
		t->misshapen = true;
	f->generation++;
}

void fw_fake_set_fit(struct fw_fake *f, enum fw_fit fit)
{
	f->fit = fit;
	f->generation++;
}
