/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-schema.c — a definition against network.rng, for those who ask for it with --validate.
 *
 * The schema only gives a verdict. What its engine says of a flaw is seldom of use ("Extra element
 * bridge in interleave"), so that the words are those of the tables and of validate_network()
 * wherever these find something, too; their remedy is the better one. */
#include "network/schema.h"
#include "network/xml-internal.h"

#include <errno.h>
#include <libxml/relaxng.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct flaw { /* the first that the engine told of */
	bool found;
	unsigned line;
	char element[64], text[200];
};

static void on_flaw(void *data, xmlError *error)
{
	struct flaw *f = data;
	const xmlNode *node = error->node;

	if (f->found)
		return;
	f->found = true;
	f->line = node ? line_of(node) : 0;
	if (node && node->type == XML_ELEMENT_NODE)
		snprintf(f->element, sizeof(f->element), "%s", (const char *)node->name);
	snprintf(f->text, sizeof(f->text), "%s", error->message ? error->message : "");
	f->text[strcspn(f->text, "\n")] = '\0';
}

/* An "extra" element is one that fits nowhere: because of its name, or of something in it. The
 * engine names it, but points to its parent or to nothing. */
static void find_extra(const xmlNode *root, struct flaw *f)
{
	char name[64];

	if (sscanf(f->text, "Extra element %63s in interleave", name) != 1)
		return;
	for (const xmlNode *child = root->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE && !strcmp((const char *)child->name, name)) {
			f->line = line_of(child);
			snprintf(f->element, sizeof(f->element), "%s", name);
			snprintf(f->text, sizeof(f->text),
				 "it, an attribute or an element in it is not expected, or has a "
				 "value that is not");
			return;
		}
}

/* The elements of others in <metadata> may hold anything; the engine takes its time to find that.
 */
static void drop_foreign_metadata(const xmlNode *root)
{
	for (xmlNode *m = root->children; m; m = m->next) {
		if (m->type != XML_ELEMENT_NODE || strcmp((const char *)m->name, "metadata") != 0)
			continue;
		for (xmlNode *child = m->children, *next; child; child = next) {
			next = child->next;
			if (is_netd_element(child))
				continue;
			xmlUnlinkNode(child);
			xmlFreeNode(child);
		}
	}
}

static void silent(void *data, xmlError *error)
{
}

static xmlRelaxNG *schema_new(void)
{
	xmlRelaxNGParserCtxt *p = xmlRelaxNGNewMemParserCtxt(network_rng, (int)network_rng_len);
	xmlRelaxNG *schema = NULL;

	if (p) {
		xmlRelaxNGSetParserStructuredErrors(p, silent, NULL);
		schema = xmlRelaxNGParse(p);
	}
	xmlRelaxNGFreeParserCtxt(p);
	return schema;
}

/* 1: valid, 0: not, and why; negative: no memory. */
static int judge(xmlDoc *doc, struct flaw *f)
{
	xmlRelaxNG *schema = schema_new();
	xmlRelaxNGValidCtxt *v = schema ? xmlRelaxNGNewValidCtxt(schema) : NULL;
	int result = -1;

	if (v) {
		xmlRelaxNGSetValidStructuredErrors(v, on_flaw, f);
		result = xmlRelaxNGValidateDoc(v, doc);
	}
	xmlRelaxNGFreeValidCtxt(v);
	xmlRelaxNGFree(schema);
	return result < 0 ? -ENOMEM : result == 0;
}

int schema_check(struct report *r, xmlDoc *doc, int err)
{
	const xmlNode *root = xmlDocGetRootElement(doc);
	struct flaw f = { 0 };
	int valid;

	drop_foreign_metadata(root);
	valid = judge(doc, &f);
	if (valid < 0)
		return report_no_memory(r);
	if (valid)
		return err;
	if (err < 0) {
		if (r->e)
			r->e->class = ERR_XML_INVALID_SCHEMA;
		return err;
	}
	find_extra(root, &f);
	return report_refuse(r, ERR_XML_INVALID_SCHEMA, f.line,
			     "<%s> is not written as network.rng has it: %s",
			     *f.element ? f.element : "network", f.text);
}
