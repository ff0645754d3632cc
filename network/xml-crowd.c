/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-crowd.c — a document with many elements of one name in a place, a few of them at a time.
 *
 * The time that the engine of the schema takes grows with the square of the number of children of
 * one element: seconds for a megabyte of <host>. But which of them there are beside each other
 * makes no difference to the schema: where it allows a hundred it allows any number. So all but a
 * piece of each crowd are taken out of the tree, and the document is judged once for each piece.
 * Comments, which the schema doesn't see, keep the places. */
#include "network/xml-crowd.h"

#include <errno.h>
#include <stdlib.h>

#define PIECE 128U /* elements of one name below one parent; more than that are a crowd */

struct crowd {
	xmlNode **nodes; /* elements, but comments for those that are not shown */
	xmlNode **hidden;
	size_t n, cap, from; /* shown are PIECE of them, beginning here */
};

void crowds_done(struct crowds *c)
{
	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->crowd[i].n; k++)
			xmlFreeNode(c->crowd[i].hidden[k]); /* NULL: it stands in the tree */
		free(c->crowd[i].nodes);
		free(c->crowd[i].hidden);
	}
	free(c->crowd);
	*c = (struct crowds){ NULL };
}

static int append(struct crowd *c, xmlNode *node)
{
	if (GROW(c->nodes, c->cap, c->n + 1) < 0)
		return -ENOMEM;
	c->nodes[c->n++] = node;
	return 0;
}

/* Take element `i` out; a comment stays in its place. */
static int hide(struct crowd *c, size_t i)
{
	xmlNode *place = xmlNewComment(BAD_CAST "");

	if (!place)
		return -ENOMEM;
	c->hidden[i] = xmlReplaceNode(c->nodes[i], place);
	c->nodes[i] = place;
	return 0;
}

static void show(struct crowd *c, size_t i)
{
	xmlNode *place = c->nodes[i];

	xmlFreeNode(xmlReplaceNode(place, c->hidden[i]));
	c->nodes[i] = c->hidden[i];
	c->hidden[i] = NULL;
}

/* Of the elements of one name, which became `crowd`, leave the first piece in the tree. */
static int keep(struct crowds *all, struct crowd *crowd)
{
	int err = 0;

	crowd->hidden = calloc(crowd->n, sizeof(*crowd->hidden));
	if (!crowd->hidden || GROW(all->crowd, all->cap, all->n + 1) < 0) {
		free(crowd->nodes);
		free(crowd->hidden);
		return -ENOMEM;
	}
	all->crowd[all->n++] = *crowd;
	for (size_t i = PIECE; i < crowd->n && err == 0; i++)
		err = hide(&all->crowd[all->n - 1], i);
	return err;
}

/* All siblings of the name of `first`, if it is the first of them and they are a crowd. */
static int gather(struct crowds *all, xmlNode *first)
{
	struct crowd crowd = { NULL };
	int err = 0;

	for (xmlNode *s = first; s && err == 0; s = s->next)
		if (s->type == XML_ELEMENT_NODE && xmlStrEqual(s->name, first->name))
			err = append(&crowd, s);
	if (err == 0 && crowd.n > PIECE)
		return keep(all, &crowd);
	free(crowd.nodes);
	return err;
}

#define NAMES_MAX 64U /* of the children of one element; the schema has fewer */

/* Each name once: whatever has more names is refused by the schema soon enough. */
static int gather_below(struct crowds *all, xmlNode *parent)
{
	const xmlChar *names[NAMES_MAX];
	size_t n = 0;
	int err = 0;

	for (xmlNode *child = parent->children; child && err == 0; child = child->next) {
		size_t i = 0;
		if (child->type != XML_ELEMENT_NODE)
			continue;
		while (i < n && !xmlStrEqual(names[i], child->name))
			i++;
		if (i == n && n < NAMES_MAX) {
			names[n++] = child->name;
			err = gather(all, child);
		}
	}
	return err;
}

int crowds_hide(struct crowds *all, xmlNode *node)
{
	int err = 0;

	/* The children first: they may leave the tree with their parents. */
	for (xmlNode *child = node->children; child && err == 0; child = child->next)
		if (child->type == XML_ELEMENT_NODE && child->children)
			err = crowds_hide(all, child);
	return err < 0 ? err : gather_below(all, node);
}

int crowds_next(struct crowds *all)
{
	bool more = false;

	for (size_t i = 0; i < all->n; i++) {
		struct crowd *c = &all->crowd[i];
		size_t end = MIN_OF(c->from + PIECE, c->n);
		if (end == c->n)
			continue;
		more = true;
		for (size_t k = c->from; k < end; k++)
			if (hide(c, k) < 0)
				return -ENOMEM;
		c->from = end;
		for (size_t k = end; k < MIN_OF(end + PIECE, c->n); k++)
			show(c, k);
	}
	return more;
}
