/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netctl-xpath EXPRESSION [wrap] — the parts of the document on standard input that an XPath
 * expression names, as virsh's --xpath and --wrap print them. A program of its own, so that netctl
 * links no XML library: every call would pay for it.
 *
 * Exit status 0 also when nothing is named or the expression is none, which is libvirt's way; 1
 * without a document; 3 when the expression names no parts but is a text or a number. */
#include "base/util.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <stdio.h>
#include <string.h>

#define DOCUMENT_MAX (32 * 1024 * 1024)
enum { NO_DOCUMENT = 1, NO_NODES = 3 };

static xmlDoc *read_document(void)
{
	size_t n = 0, cap = 65536;
	char *text = malloc(cap);
	xmlDoc *doc = NULL;

	for (size_t got; text && (got = fread(text + n, 1, cap - n, stdin)) > 0;) {
		n += got;
		if (n < cap)
			continue;
		char *more = cap < DOCUMENT_MAX ? realloc(text, cap * 2) : NULL;
		if (!more) {
			free(text);
			return NULL;
		}
		text = more;
		cap *= 2;
	}
	if (text)
		doc = xmlReadMemory(text, (int)n, NULL, NULL,
				    XML_PARSE_NONET | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS);
	free(text);
	return doc;
}

static void print_node(xmlDoc *doc, xmlNode *node)
{
	xmlBuffer *b = xmlBufferCreate();

	if (b && xmlNodeDump(b, doc, node, 0, 1) >= 0)
		printf("%s\n", (const char *)xmlBufferContent(b));
	xmlBufferFree(b);
}

static void print_wrapped(const xmlNodeSet *set)
{
	xmlDoc *doc = xmlNewDoc(BAD_CAST "1.0");
	xmlNode *root = doc ? xmlNewNode(NULL, BAD_CAST "nodes") : NULL;

	if (root) {
		xmlDocSetRootElement(doc, root);
		for (int i = 0; set && i < set->nodeNr; i++) {
			xmlNode *copy = xmlDocCopyNode(set->nodeTab[i], doc, 1);
			if (copy && !xmlAddChild(root, copy))
				xmlFreeNode(copy);
		}
		print_node(doc, root);
	}
	xmlFreeDoc(doc);
}

int main(int argc, char **argv)
{
	bool wrap = argc > 2 && strcmp(argv[2], "wrap") == 0;
	xmlDoc *doc = argc > 1 ? read_document() : NULL;
	xmlXPathContext *context = doc ? xmlXPathNewContext(doc) : NULL;
	int status = context ? 0 : NO_DOCUMENT;

	if (context) {
		context->node = xmlDocGetRootElement(doc);
		xmlXPathObject *found = xmlXPathEval(BAD_CAST argv[1], context);
		if (found && found->type != XPATH_NODESET)
			status = NO_NODES;
		else if (found && wrap)
			print_wrapped(found->nodesetval);
		for (int i = 0; !status && !wrap && found && found->nodesetval &&
				i < found->nodesetval->nodeNr;
		     i++)
			print_node(doc, found->nodesetval->nodeTab[i]);
		xmlXPathFreeObject(found);
	}
	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
	xmlCleanupParser();
	return fflush(stdout) ? NO_DOCUMENT : status;
}
