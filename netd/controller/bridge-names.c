/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/bridge-names.h"

#include <stdio.h>
#include <string.h>

struct bridge_name {
	struct table_node by_name;
	struct list uses;
	char text[];
};

void bridge_names_init(struct bridge_names *b)
{
	*b = (struct bridge_names){ 0 };
	table_init(&b->by_name);
}

void bridge_names_done(struct bridge_names *b)
{
	table_done(&b->by_name);
}

void bridge_use_init(struct bridge_use *u, struct net *n, bool live)
{
	*u = (struct bridge_use){ .net = n, .live = live };
	list_init(&u->of_name);
}

static struct bridge_name *find(const struct bridge_names *b, const char *name)
{
	struct table_node *node = table_find(&b->by_name, name, strlen(name));

	return node ? container_of(node, struct bridge_name, by_name) : NULL;
}

static struct bridge_name *find_or_add(struct bridge_names *b, const char *name)
{
	struct bridge_name *n = find(b, name);
	size_t len = strlen(name);

	if (n)
		return n;
	n = calloc(1, sizeof(*n) + len + 1);
	if (!n)
		return NULL;
	list_init(&n->uses);
	memcpy(n->text, name, len + 1);
	if (table_add(&b->by_name, &n->by_name, n->text, len) < 0) {
		free(n);
		return NULL;
	}
	return n;
}

/* ---- templates ---- */

bool bridge_name_fill(char buf[static BRIDGE_TEMPLATE_MAX], const char *template, unsigned number)
{
	const char *mark = strstr(template, "%d");
	int n = snprintf(buf, BRIDGE_TEMPLATE_MAX, "%.*s%u%s", (int)(mark - template), template,
			 number, mark + 2);

	return n >= 0 && n < BRIDGE_TEMPLATE_MAX;
}

bool bridge_name_number(const char *name, const char *template, unsigned *ret)
{
	const char *mark = strstr(template, "%d");
	size_t before = mark ? (size_t)(mark - template) : 0, len = strlen(name);
	size_t after = mark ? strlen(mark + 2) : 0;
	char digits[8];
	uint32_t number;

	if (!mark || len <= before + after || len - before - after >= sizeof(digits) ||
	    strncmp(name, template, before) != 0 || strcmp(name + len - after, mark + 2) != 0)
		return false;
	memcpy(digits, name + before, len - before - after);
	digits[len - before - after] = '\0';
	if ((digits[0] == '0' && digits[1]) || parse_u32(digits, 0, BRIDGE_NUMBER_MAX, &number) < 0)
		return false;
	*ret = number;
	return true;
}

/* The one that is remembered, or the place of the one that was remembered first. */
static size_t template_slot(struct bridge_names *b, const char *template)
{
	for (size_t i = 0; i < BRIDGE_TEMPLATES; i++)
		if (strcmp(b->template[i].text, template) == 0)
			return i;
	size_t i = b->next_template++ % BRIDGE_TEMPLATES;
	copy_text(b->template[i].text, sizeof(b->template[i].text), template);
	b->template[i].from = 0;
	b->template[i].n_holes = 0;
	return i;
}

/* Links of the host come and go without a word to us: those that stood in the way are asked for
 * each time, and others are none of a network's. */
unsigned bridge_names_lowest(struct bridge_names *b, const char *template, bridge_exists_fn *exists,
			     void *data)
{
	__typeof__(b->template[0]) *t = &b->template[template_slot(b, template)];
	char name[BRIDGE_TEMPLATE_MAX];

	for (size_t i = 0; i < t->n_holes; i++)
		if (bridge_name_fill(name, template, t->hole[i]) && !find(b, name) &&
		    !exists(data, name))
			return t->hole[i];
	for (; t->from <= BRIDGE_NUMBER_MAX && bridge_name_fill(name, template, t->from);
	     t->from++) {
		if (find(b, name))
			continue;
		if (t->n_holes == BRIDGE_HOLES || !exists(data, name))
			break;
		t->hole[t->n_holes++] = t->from;
	}
	return t->from;
}

static void forget_name(struct bridge_names *b, struct bridge_name *n)
{
	unsigned number;

	for (size_t i = 0; i < BRIDGE_TEMPLATES; i++) {
		__typeof__(b->template[0]) *t = &b->template[i];
		if (!bridge_name_number(n->text, t->text, &number) || number >= t->from)
			continue;
		t->from = number;
		while (t->n_holes && t->hole[t->n_holes - 1] >= number) /* they are in order */
			t->n_holes--;
	}
	table_remove(&b->by_name, &n->by_name);
	free(n);
}

/* ---- uses ---- */

void bridge_names_use(struct bridge_names *b, struct bridge_use *u, const char *name)
{
	struct bridge_name *before = u->name;

	if (before && name && strcmp(before->text, name) == 0)
		return;
	list_remove(&u->of_name);
	u->name = name ? find_or_add(b, name) : NULL;
	if (u->name)
		list_add_tail(&u->name->uses, &u->of_name);
	if (before && list_is_empty(&before->uses))
		forget_name(b, before);
}

struct net *bridge_names_owner(const struct bridge_names *b, const struct net *self,
			       const char *name)
{
	const struct bridge_name *n = find(b, name);
	struct bridge_use *u;

	if (!n)
		return NULL;
	list_foreach (u, &n->uses, struct bridge_use, of_name)
		if (u->net != self)
			return u->net;
	return NULL;
}

struct net *bridge_names_running(const struct bridge_names *b, const char *name)
{
	const struct bridge_name *n = find(b, name);
	struct bridge_use *u;

	if (!n)
		return NULL;
	list_foreach (u, &n->uses, struct bridge_use, of_name)
		if (u->live)
			return u->net;
	return NULL;
}
