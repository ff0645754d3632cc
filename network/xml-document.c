/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-document.c — a document of an untrusted writer to a tree.
 *
 * libxml2 expands entities, reads DTDs and opens files when a document asks for it. None of that is
 * needed here, so the first DOCTYPE ends the reading, before anything it declares is looked at.
 * Depth and number of elements are bounded while reading, so that no document makes a large tree.
 * The encoding is UTF-8 whatever the document declares: others would be converted by iconv, which
 * loads modules from disk. */
#include "network/xml-internal.h"

#include "base/cursor.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX      32U
#define ELEMENTS_MAX   65536U
#define ATTRIBUTES_MAX 64U /* of one element */

struct reading {
	struct report *report;
	unsigned depth, elements;
	bool failed; /* the error is set; what libxml2 says afterwards only follows from it */
};

static struct reading *reading_of(void *ctx)
{
	return ((xmlParserCtxt *)ctx)->_private;
}

static void stop(xmlParserCtxt *p, const char *why)
{
	struct reading *g = p->_private;

	if (!g->failed)
		report_refuse(g->report, ERR_XML_DETAIL, (unsigned)xmlSAX2GetLineNumber(p), "%s",
			      why);
	g->failed = true;
	xmlStopParser(p);
}

static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *public_id,
		       const xmlChar *system_id)
{
	stop(ctx, "a DOCTYPE (DTD, entities) is not accepted; remove it");
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
		     int n_namespaces, const xmlChar **namespaces, int n_attributes,
		     int n_defaulted, const xmlChar **attributes)
{
	struct reading *g = reading_of(ctx);

	if (g->failed)
		return;
	if (++g->depth > DEPTH_MAX)
		stop(ctx, "elements are nested more than 32 deep");
	else if (++g->elements > ELEMENTS_MAX)
		stop(ctx, "the document has more than 65536 elements");
	else
		xmlSAX2StartElementNs(ctx, name, prefix, uri, n_namespaces, namespaces,
				      n_attributes, n_defaulted, attributes);
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reading *g = reading_of(ctx);

	if (g->failed)
		return;
	g->depth--;
	xmlSAX2EndElementNs(ctx, name, prefix, uri);
}

#define QUOTE_MAX 79

/* The line in which the parser stands, and a caret below the column: what libvirt shows as well. */
static void quote_place(const xmlParserCtxt *p, char *buf, size_t cap)
{
	static const char dashes[QUOTE_MAX + 1] = "----------------------------------------"
						  "---------------------------------------";
	const xmlParserInput *in = p->input;

	buf[0] = '\0';
	if (!in || !in->cur || !in->base || in->base == in->end)
		return;
	const char *base = (const char *)in->base, *cur = (const char *)in->cur;
	const char *line = cur;
	while (line > base && strchr("\r\n", *line)) /* the end of the document counts as well */
		line--;
	while (line > base && !strchr("\r\n", line[-1]) && cur - line < QUOTE_MAX)
		line--;
	size_t n = strcspn(line, "\r\n");
	snprintf(buf, cap, "\n%.*s", (int)MIN_OF(n, QUOTE_MAX), line);
	report_clean(buf + 1);
	size_t used = strlen(buf);
	snprintf(buf + used, cap - used, "\n%.*s^", (int)MIN_OF(cur - line, QUOTE_MAX), dashes);
}

/* Malformed XML. libvirt's own form, because people know it and tools look for it:
 * "at line LINE: why", the line, and a caret. */
static void on_error(void *ctx, xmlError *error)
{
	xmlParserCtxt *p = ctx;
	struct reading *g = p->_private;
	char why[256], place[192];

	if (error->level < XML_ERR_FATAL || g->failed)
		return;
	snprintf(why, sizeof(why), "%s", error->message ? error->message : "malformed XML");
	why[strcspn(why, "\n")] = '\0';
	report_clean(why);
	quote_place(p, place, sizeof(place));
	err_set(g->report->e, ERR_XML_DETAIL, "at line %d: %s%s", error->line, why, place);
	g->failed = true;
	xmlStopParser(p);
}

/* Before libxml2 sees the document: it compares each attribute of a tag with all before it, so that
 * a megabyte of attributes would keep it busy for minutes. What is malformed is passed over here;
 * libxml2 will say what is wrong with it. */

static bool skip_prefix(struct rd *r, const char *prefix)
{
	size_t n = strlen(prefix);

	if (rd_left(r) < n || memcmp(r->p, prefix, n) != 0)
		return false;
	rd_skip(r, n);
	return true;
}

static void skip_past(struct rd *r, const char *end)
{
	const uint8_t *found = memmem(r->p, rd_left(r), end, strlen(end));

	rd_skip(r, found ? (size_t)(found - r->p) + strlen(end) : rd_left(r));
}

static unsigned count_attributes(struct rd *r)
{
	unsigned equals_signs = 0;
	uint8_t quote = 0;

	while (rd_left(r)) {
		uint8_t c = rd_u8(r);
		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '=')
			equals_signs++;
		else if (c == '>')
			break;
	}
	return equals_signs;
}

static bool has_giant_tag(const char *xml, size_t n)
{
	struct rd r = rd_over(xml, n);

	while (rd_left(&r)) {
		skip_past(&r, "<");
		if (skip_prefix(&r, "!--"))
			skip_past(&r, "-->");
		else if (skip_prefix(&r, "![CDATA["))
			skip_past(&r, "]]>");
		else if (skip_prefix(&r, "?"))
			skip_past(&r, "?>");
		else if (count_attributes(&r) > ATTRIBUTES_MAX)
			return true;
	}
	return false;
}

static xmlParserCtxt *parser_new(struct reading *g)
{
	xmlParserCtxt *p = xmlNewParserCtxt();

	if (!p)
		return NULL;
	p->_private = g;
	p->sax->internalSubset = on_doctype;
	p->sax->startElementNs = on_start;
	p->sax->endElementNs = on_end;
	p->sax->serror = on_error;
	return p;
}

xmlDoc *document_read(struct report *r, const char *xml, size_t n)
{
	struct reading g = { .report = r };

	if (n > NETWORK_XML_MAX) {
		report_refuse(r, ERR_XML, 0, "the document has %zu octets; the largest is %u", n,
			      (unsigned)NETWORK_XML_MAX);
		return NULL;
	}
	if (has_giant_tag(xml, n)) {
		report_refuse(r, ERR_XML_DETAIL, 0, "an element has more than %u attributes",
			      ATTRIBUTES_MAX);
		return NULL;
	}
	xmlParserCtxt *p = parser_new(&g);
	if (!p) {
		report_no_memory(r);
		return NULL;
	}
	xmlDoc *doc = xmlCtxtReadMemory(p, n ? xml : "", (int)n, NULL, "UTF-8",
					XML_PARSE_NONET | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS |
					    XML_PARSE_IGNORE_ENC | XML_PARSE_BIG_LINES);
	if (doc && (g.failed || !p->wellFormed)) {
		xmlFreeDoc(doc);
		doc = NULL;
	}
	xmlFreeParserCtxt(p);
	if (!doc && !g.failed)
		err_set(r->e, ERR_XML_DETAIL, "at line 1: Document is empty");
	return doc;
}

bool document_is_torn(void)
{
	const xmlError *last = xmlGetLastError();

	return last && last->code == XML_ERR_NO_MEMORY;
}
