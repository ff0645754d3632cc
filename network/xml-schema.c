/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-schema.c — a definition against network.rng, for those who ask for it with --validate.
 *
 * The schema gives the verdict. The words are those of the tables and of validate_network()
 * wherever these find something, too: their remedy is the better one. Where they don't, the flaw is
 * looked for here, because what the schema's engine says of it ("Extra element bridge in
 * interleave") helps nobody: element by element, from the root down, each against its own part of
 * the schema. */
#include "network/schema.h"
#include "network/xml-crowd.h"
#include "network/xml-internal.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <stdio.h>
#include <string.h>

struct flaw {
	unsigned line;
	char text[400];
};

static void silent(void *data, xmlError *error)
{
}

/* Judging. */

static xmlRelaxNG *compile(xmlDoc *grammar)
{
	xmlRelaxNGParserCtxt *p = xmlRelaxNGNewDocParserCtxt(grammar); /* copies it */
	xmlRelaxNG *schema = NULL;

	if (p) {
		xmlRelaxNGSetParserStructuredErrors(p, silent, NULL);
		schema = xmlRelaxNGParse(p);
	}
	xmlRelaxNGFreeParserCtxt(p);
	return schema;
}

/* 1: valid, 0: not; negative: no memory. */
static int judge(xmlRelaxNG *schema, xmlDoc *doc)
{
	xmlRelaxNGValidCtxt *v = schema ? xmlRelaxNGNewValidCtxt(schema) : NULL;
	int result = -1;

	if (v) {
		xmlRelaxNGSetValidStructuredErrors(v, silent, NULL);
		result = xmlRelaxNGValidateDoc(v, doc);
	}
	xmlRelaxNGFreeValidCtxt(v);
	return result < 0 ? -ENOMEM : result == 0;
}

/* The schema as a tree: patterns are its elements. */

static bool is_pattern(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name);
}

static bool has_value(const xmlNode *pattern, const char *attr, const char *value)
{
	xmlChar *text = xmlGetNoNsProp(pattern, BAD_CAST attr);
	bool same = !strcmp(text ? (const char *)text : "", value);

	xmlFree(text);
	return same;
}

static xmlNode *definition(const xmlNode *ref)
{
	xmlChar *name = xmlGetNoNsProp(ref, BAD_CAST "name");
	xmlNode *define = xmlFirstElementChild(xmlDocGetRootElement(ref->doc));

	while (define && !has_value(define, "name", (const char *)name))
		define = xmlNextElementSibling(define);
	xmlFree(name);
	return define;
}

/* What is looked for inside of an element's pattern: those of a child or an attribute, of which
 * there may be several. */
struct search {
	const char *kind, *name, *ns;
	unsigned skip; /* that many of them */
};

static const xmlNode *find_pattern(const xmlNode *inside, struct search *s)
{
	for (const xmlNode *p = inside->children; p; p = p->next) {
		const xmlNode *found = NULL;
		if (is_pattern(p, s->kind) && has_value(p, "name", s->name) &&
		    has_value(p, "ns", s->ns) && s->skip-- == 0)
			return p;
		if (is_pattern(p, "ref") && (found = definition(p)))
			found = find_pattern(found, s);
		else if (p->type == XML_ELEMENT_NODE && !is_pattern(p, "element") &&
			 !is_pattern(p, "attribute"))
			found = find_pattern(p, s);
		if (found)
			return found;
	}
	return NULL;
}

static const xmlNode *pattern_of(const xmlNode *inside, const xmlNode *node, unsigned skip)
{
	struct search s = { node->type == XML_ATTRIBUTE_NODE ? "attribute" : "element",
			    (const char *)node->name,
			    node->ns && node->ns->href ? (const char *)node->ns->href : "", skip };

	return find_pattern(inside, &s);
}

/* The whole grammar, with another beginning: the pattern of an element, or any element with the
 * attribute of a pattern. */
static xmlRelaxNG *compile_part(const xmlNode *pattern)
{
	xmlDoc *grammar = xmlCopyDoc(pattern->doc, 1);
	xmlNode *start = grammar ? xmlDocGetRootElement(grammar)->children : NULL, *element;
	xmlRelaxNG *schema = NULL;

	while (start && !is_pattern(start, "start"))
		start = start->next;
	if (start) {
		xmlFreeNodeList(start->children);
		start->children = start->last = NULL;
		element = start;
		if (is_pattern(pattern, "attribute")) {
			element = xmlNewChild(start, start->ns, BAD_CAST "element", NULL);
			xmlNewChild(element, start->ns, BAD_CAST "anyName", NULL);
		}
		xmlAddChild(element, xmlDocCopyNode((xmlNode *)pattern, grammar, 1));
		schema = compile(grammar);
	}
	xmlFreeDoc(grammar);
	return schema;
}

/* Whether an element, or an attribute by itself, is what the compiled pattern describes. Yes when
 * out of memory: then nothing is found wrong with it. */
static bool fits(xmlRelaxNG *schema, const xmlNode *node)
{
	bool is_attribute = node->type == XML_ATTRIBUTE_NODE, yes = true;
	xmlDoc *doc = xmlNewDoc(BAD_CAST "1.0");
	xmlNode *copy = NULL;

	if (doc && is_attribute)
		copy = xmlNewDocNode(doc, NULL, BAD_CAST "any", NULL);
	else if (doc)
		copy = xmlDocCopyNode((xmlNode *)node, doc, 1);
	if (copy) {
		xmlChar *value = is_attribute ? xmlNodeGetContent(node) : NULL;
		xmlDocSetRootElement(doc, copy);
		if (value)
			xmlNewProp(copy, node->name, value);
		xmlFree(value);
		yes = judge(schema, doc) != 0;
	}
	xmlFreeDoc(doc);
	return yes;
}

/* Searching. */

#define PATTERNS_MAX 64U /* more than any path through the schema meets */

struct search_state {
	const xmlNode *pattern[PATTERNS_MAX];
	xmlRelaxNG *schema[PATTERNS_MAX];
	size_t n;
	struct flaw *flaw;
};

static xmlRelaxNG *compiled(struct search_state *s, const xmlNode *pattern)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->pattern[i] == pattern)
			return s->schema[i];
	if (s->n == PATTERNS_MAX)
		return NULL;
	s->pattern[s->n] = pattern;
	s->schema[s->n] = compile_part(pattern);
	return s->schema[s->n++];
}

/* Whether the pattern of the element around `node` allows it; else the pattern that it comes
 * closest to, or NULL. */
static bool is_allowed(struct search_state *s, const xmlNode *around, const xmlNode *node,
		       const xmlNode **ret_closest)
{
	const xmlNode *p;

	*ret_closest = NULL;
	for (unsigned i = 0; (p = pattern_of(around, node, i)); i++) {
		if (!*ret_closest)
			*ret_closest = p;
		if (fits(compiled(s, p), node))
			return true;
	}
	return false;
}

/* What an attribute's pattern expects, in words: its documentation, or the values it lists. */
static void describe(const xmlNode *pattern, char *buf, size_t cap)
{
	for (const xmlNode *p = pattern->children; p; p = p->next) {
		size_t used = strlen(buf);
		xmlChar *text = NULL;
		if (is_pattern(p, "documentation") || is_pattern(p, "value"))
			text = xmlNodeGetContent(p);
		if (text)
			snprintf(buf + used, cap - used, "%s%s", used ? ", " : "",
				 (const char *)text);
		xmlFree(text);
		if (is_pattern(p, "documentation"))
			return;
		if (is_pattern(p, "ref") && definition(p))
			describe(definition(p), buf, cap);
		else if (is_pattern(p, "choice"))
			describe(p, buf, cap);
	}
}

static void tell_attribute(struct flaw *f, const xmlNode *attr, const xmlNode *pattern)
{
	const char *element = (const char *)attr->parent->name, *name = (const char *)attr->name;
	xmlChar *value = xmlNodeGetContent(attr);
	char expected[200] = "";

	if (pattern)
		describe(pattern, expected, sizeof(expected));
	if (!pattern)
		snprintf(f->text, sizeof(f->text), "<%.60s> has no attribute '%.60s'", element,
			 name);
	else
		snprintf(f->text, sizeof(f->text), "<%.60s %.60s='%.60s'>: expected is %s", element,
			 name, value ? (const char *)value : "",
			 *expected ? expected : "another value");
	xmlFree(value);
}

/* Nothing in `node` is wrong by itself. */
static void tell_element(struct flaw *f, const xmlNode *pattern, const xmlNode *node)
{
	bool is_text = !node->properties && !xmlFirstElementChild((xmlNode *)node);
	char expected[200] = "";

	if (is_text)
		describe(pattern, expected, sizeof(expected));
	if (*expected)
		snprintf(f->text, sizeof(f->text), "<%.60s>: expected is %s",
			 (const char *)node->name, expected);
	else
		snprintf(f->text, sizeof(f->text),
			 "<%.60s>: something that belongs to it is missing, is there twice, or "
			 "excludes something else",
			 (const char *)node->name);
}

/* `node` is not what its `pattern` says: tell why. As deep as the schema, in which only the
 * elements of <metadata> are nested without end, and they are not looked into. */
static void explain(struct search_state *s, const xmlNode *pattern, const xmlNode *node)
{
	struct flaw *f = s->flaw;
	const xmlNode *closest;

	f->line = line_of(node);
	for (const xmlNode *child = node->children; child; child = child->next) {
		if (child->type != XML_ELEMENT_NODE || is_allowed(s, pattern, child, &closest))
			continue;
		if (closest) {
			explain(s, closest, child);
			return;
		}
		f->line = line_of(child);
		snprintf(f->text, sizeof(f->text), "<%.60s> is not expected in <%.60s>",
			 (const char *)child->name, (const char *)node->name);
		return;
	}
	for (const xmlAttr *a = node->properties; a; a = a->next)
		if (!is_allowed(s, pattern, (const xmlNode *)a, &closest)) {
			tell_attribute(f, (const xmlNode *)a, closest);
			return;
		}
	tell_element(f, pattern, node);
}

static void find_flaw(xmlDoc *grammar, const xmlDoc *doc, struct flaw *ret)
{
	const xmlNode *root = xmlDocGetRootElement(doc),
		      *start = xmlDocGetRootElement(grammar)->children;
	struct search_state s = { .flaw = ret };

	while (start && !is_pattern(start, "start"))
		start = start->next;
	const xmlNode *pattern = start ? pattern_of(start, root, 0) : NULL;
	if (pattern)
		explain(&s, pattern, root);
	for (size_t i = 0; i < s.n; i++)
		xmlRelaxNGFree(s.schema[i]);
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
			if (child->type != XML_ELEMENT_NODE || is_netd_element(child))
				continue;
			xmlUnlinkNode(child);
			xmlFreeNode(child);
		}
	}
}

static int refuse(struct report *r, xmlDoc *grammar, const xmlDoc *doc, int err)
{
	struct flaw f = { .text = "the definition is not written as its schema has it" };

	if (err < 0) { /* and has been told already */
		if (r->e) {
			r->e->class = ERR_XML_INVALID_SCHEMA;
			r->e->from = ERR_FROM_USUAL;
		}
		return err;
	}
	find_flaw(grammar, doc, &f);
	return report_refuse(r, ERR_XML_INVALID_SCHEMA, f.line, "%s", f.text);
}

/* As judge(), crowd by crowd; after a 0 the flaw is in what is left in the tree. */
static int judge_in_pieces(xmlRelaxNG *schema, xmlDoc *doc, struct crowds *crowds)
{
	int valid, more = crowds_hide(crowds, xmlDocGetRootElement(doc));

	if (more < 0)
		return more;
	do {
		valid = judge(schema, doc);
		more = valid == 1 ? crowds_next(crowds) : 0;
	} while (more > 0);
	return more < 0 ? more : valid;
}

int schema_check(struct report *r, xmlDoc *doc, int err)
{
	const xmlNode *root = xmlDocGetRootElement(doc);
	struct crowds crowds = { NULL };
	xmlDoc *grammar;
	xmlRelaxNG *schema;
	int valid;

	if (!root || strcmp((const char *)root->name, "network") != 0 || err == -ENOMEM)
		return err;
	drop_foreign_metadata(root);
	grammar = xmlReadMemory(network_rng, (int)network_rng_len, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_NOBLANKS);
	schema = grammar ? compile(grammar) : NULL;
	valid = judge_in_pieces(schema, doc, &crowds);
	if (valid < 0)
		err = report_no_memory(r);
	else if (!valid)
		err = refuse(r, grammar, doc, err);
	crowds_done(&crowds);
	xmlRelaxNGFree(schema);
	xmlFreeDoc(grammar);
	return err;
}
