/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-metadata.c — <metadata>, which is kept as text: read, printed as libvirt prints it, and
 * changed element by element. */
#include "network/update-internal.h"
#include "network/xml-internal.h"

#include "base/text.h"

#include <libxml/tree.h>
#include <libxml/valid.h>
#include <string.h>

#define METADATA_MAX 256U /* elements in <metadata>, not counting those inside them */

/* libvirt keeps the children that have a namespace, one for each. */
static void keep_one_for_each_namespace(xmlNode *metadata)
{
	for (xmlNode *child = metadata->children, *next; child; child = next) {
		bool keep = child->type == XML_ELEMENT_NODE && child->ns && child->ns->href;
		next = child->next;
		for (xmlNode *other = metadata->children; keep && other != child;
		     other = other->next)
			keep = !xmlStrEqual(other->ns->href, child->ns->href);
		if (!keep) {
			xmlUnlinkNode(child);
			xmlFreeNode(child);
		}
	}
}

/* `level`: how deep the node is indented. */
static int serialise(struct report *r, xmlDoc *doc, xmlNode *node, int level, char **ret)
{
	xmlBuffer *buf = xmlBufferCreate();
	int indent = xmlIndentTreeOutput;

	/* libxml2 keeps this for each thread. */
	xmlIndentTreeOutput = 1;
	if (buf && xmlNodeDump(buf, doc, node, level, 1) >= 0)
		*ret = strdup((const char *)xmlBufferContent(buf));
	xmlIndentTreeOutput = indent;
	xmlBufferFree(buf);
	return *ret ? 0 : report_no_memory(r);
}

static int metadata_text(struct report *r, xmlNode *node, char **ret)
{
	xmlDoc *doc = xmlNewDoc(BAD_CAST "1.0");
	/* The copy declares the namespaces that <network> had declared for it. */
	xmlNode *copy = doc ? xmlDocCopyNode(node, doc, 1) : NULL;
	int err = 0;

	if (!copy) {
		xmlFreeDoc(doc);
		return report_no_memory(r);
	}
	xmlDocSetRootElement(doc, copy);
	keep_one_for_each_namespace(copy);
	if (copy->children)
		err = serialise(r, doc, copy, 1, ret);
	xmlFreeDoc(doc);
	return err;
}

/* The tree of a printed <metadata>, which stands in it as in a stored network. NULL and the error.
 */
static xmlDoc *printed_tree(struct report *r, const char *text, xmlNode **ret_metadata)
{
	struct text document = { 0 };
	xmlDoc *doc = NULL;

	text_addf(&document, "<network>\n  %s\n</network>", text);
	if (document.failed)
		report_no_memory(r);
	else
		doc = document_read(r, document.s, document.len);
	text_done(&document);
	if (doc)
		*ret_metadata = xmlFirstElementChild(xmlDocGetRootElement(doc));
	return doc;
}

static int failed(struct report *r)
{
	return r->e && r->e->code ? -r->e->code : report_no_memory(r);
}

/* Print `text` and read it, as a stored network is, and print it again. */
static int metadata_again(struct report *r, const char *text, char **ret)
{
	xmlNode *metadata;
	xmlDoc *doc = printed_tree(r, text, &metadata);
	int err;

	if (!doc)
		return failed(r);
	err = metadata_text(r, metadata, ret);
	xmlFreeDoc(doc);
	return err;
}

/* libxml2 guesses which blanks between elements are layout. Where they are mixed with text the
 * guess may be another one when the printed form is read; then that one is kept, so that a
 * definition stays the same however often it is read and printed. */
#define ROUNDS_MAX 8

static int settle(struct report *r, char **text)
{
	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		auto_free char *again = NULL;
		int err = metadata_again(r, *text, &again);
		if (err < 0)
			return err;
		if (again && !strcmp(again, *text))
			break;
		free(*text);
		*text = take_ptr(again);
		if (!*text)
			break;
	}
	return 0;
}

int metadata_read(struct report *r, xmlNode *node, char **ret)
{
	unsigned line = line_of(node);
	int err;

	if (xmlChildElementCount(node) > METADATA_MAX)
		return report_refuse(r, ERR_XML, line, "<metadata> holds more than %u elements",
				     METADATA_MAX);
	err = metadata_text(r, node, ret);
	if (err == 0 && *ret)
		err = settle(r, ret);
	if (err == 0 && !*ret)
		report_doubt(r, line,
			     "<metadata> holds no element with a namespace and is ignored");
	return err;
}

/* One element for the caller, and from the caller. */

static xmlNode *find_child(const xmlNode *metadata, const char *uri)
{
	for (xmlNode *child = metadata->children; child; child = child->next)
		if (child->ns && xmlStrEqual(child->ns->href, BAD_CAST uri))
			return child;
	return NULL;
}

/* Call for `node` and all elements below. Their depth was bounded when they were read. */
static void set_namespace(xmlNode *node, xmlNs *from, xmlNs *to)
{
	if (node->type != XML_ELEMENT_NODE)
		return;
	if (node->ns == from)
		node->ns = to;
	for (xmlNode *child = node->children; child; child = child->next)
		set_namespace(child, from, to);
}

/* Take the declaration of `uri` from `node`, and the prefix from what is in that namespace: the
 * caller knows which one it asked for. */
static void strip_namespace(xmlNode *node, const char *uri)
{
	for (xmlNs **link = &node->nsDef; *link; link = &(*link)->next) {
		xmlNs *ns = *link;
		if (!xmlStrEqual(ns->href, BAD_CAST uri))
			continue;
		set_namespace(node, ns, NULL);
		*link = ns->next;
		xmlFreeNs(ns);
		return;
	}
}

int metadata_get(struct report *r, const char *metadata, const char *uri, char **ret)
{
	xmlNode *root, *child;
	xmlDoc *doc = printed_tree(r, metadata, &root);
	int err = 0;

	if (!doc)
		return failed(r);
	child = find_child(root, uri);
	xmlNode *copy = child ? xmlDocCopyNode(child, doc, 1) : NULL;
	if (copy) {
		strip_namespace(copy, uri);
		err = serialise(r, doc, copy, 0, ret);
	} else if (child) {
		err = report_no_memory(r);
	}
	xmlFreeNode(copy);
	xmlFreeDoc(doc);
	return err;
}

/* Declare `uri` with the prefix `key`, and put into it what is in no namespace. */
static int inject_namespace(struct report *r, xmlNode *node, const char *uri, const char *key)
{
	xmlNs *ns;

	if (!key || xmlValidateNCName(BAD_CAST key, 0) != 0)
		return report_refuse(
		    r, ERR_INTERNAL, 0,
		    "failed to validate prefix for a new XML namespace: '%.100s' is not a name",
		    key ? key : "");
	ns = xmlNewNs(node, BAD_CAST uri, BAD_CAST key);
	if (!ns)
		ns = xmlSearchNs(node->doc, node, BAD_CAST key);
	if (!ns || !xmlStrEqual(ns->href, BAD_CAST uri))
		return report_refuse(r, ERR_INTERNAL, 0,
				     "failed to create a new XML namespace: the prefix '%.100s' "
				     "stands for another one; choose another key",
				     key);
	set_namespace(node, NULL, ns);
	if (!xmlStrEqual(node->ns->href, BAD_CAST uri))
		return report_refuse(r, ERR_XML, 0,
				     "the element <%.100s> is in the namespace '%.200s', not in "
				     "'%.200s', by which it would be kept",
				     (const char *)node->name, (const char *)node->ns->href, uri);
	return 0;
}

static int add_element(struct report *r, xmlNode *metadata, const char *xml, const char *uri,
		       const char *key)
{
	xmlDoc *doc = document_read(r, xml, strlen(xml));
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL, *copy;
	int err;

	if (!root)
		return failed(r);
	err = inject_namespace(r, root, uri, key);
	if (err == 0) {
		copy = xmlDocCopyNode(root, metadata->doc, 1);
		if (!copy || !xmlAddChild(metadata, copy))
			err = report_no_memory(r);
	}
	xmlFreeDoc(doc);
	return err;
}

int metadata_set(struct report *r, const char *metadata, const char *xml, const char *uri,
		 const char *key, char **ret)
{
	xmlNode *root, *old;
	xmlDoc *doc;
	int err = 0;

	xmlResetLastError();
	doc = printed_tree(r, metadata ? metadata : "<metadata/>", &root);
	if (!doc)
		return failed(r);
	while ((old = find_child(root, uri))) {
		xmlUnlinkNode(old);
		xmlFreeNode(old);
	}
	if (xml)
		err = add_element(r, root, xml, uri, key);
	if (err == 0)
		err = metadata_text(r, root, ret);
	xmlFreeDoc(doc);
	return document_is_torn() ? report_no_memory(r) : err;
}
