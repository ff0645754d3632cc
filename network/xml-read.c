/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-read.c — the machinery behind the tables: walk the attributes and the children of an element,
 * and read a value into a member. */
#include "network/xml-internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libxml/parser.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct word words_yes_no[] = { { "yes", TRI_YES }, { "no", TRI_NO }, { NULL, 0 } };

unsigned line_of(const xmlNode *node)
{
	long line = xmlGetLineNo(node);

	return line > 0 ? (unsigned)line : 0;
}

static enum err_class value_class(const struct attr *row)
{
	return row->class ? row->class : ERR_XML;
}

int spot_refuse(struct report *r, const struct spot *at, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return report_refuse(r, value_class(at->row), line_of(at->node), "<%s %s='%.200s'> %s",
			     (const char *)at->node->name, at->row->name, at->value, text);
}

void *append_zeroed(struct report *r, void *array_ptr, size_t *n, size_t size)
{
	char **array = array_ptr;

	if ((*n & (*n - 1)) == 0) {
		char *bigger = reallocarray(*array, *n ? *n * 2 : 1, size);
		if (!bigger) {
			report_no_memory(r);
			return NULL;
		}
		*array = bigger;
	}
	return memset(*array + (*n)++ * size, 0, size);
}

/* Typing errors. */

#define NAME_LEN_MAX 32

/* How many letters must be inserted, removed, replaced or swapped with their neighbour to make `b`
 * of `a` (optimal string alignment). */
static unsigned distance(const char *a, const char *b)
{
	unsigned d[NAME_LEN_MAX + 1][NAME_LEN_MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > NAME_LEN_MAX || m > NAME_LEN_MAX)
		return UINT_MAX;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++)
		for (size_t j = 1; j <= m; j++) {
			unsigned best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			best = MIN_OF(best, d[i - 1][j] + 1);
			best = MIN_OF(best, d[i][j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN_OF(best, d[i - 2][j - 2] + 1);
			d[i][j] = best;
		}
	return d[n][m];
}

static bool is_slip(const char *written, const char *meant)
{
	return !strcasecmp(written, meant) ||
	       distance(written, meant) <= (strlen(meant) > 4 ? 2 : 1);
}

/* The name in the table (rows that begin with their name) that was probably meant, or NULL. */
static const char *meant_name(const char *written, const void *rows, size_t n, size_t row_size)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = *(const char *const *)((const char *)rows + i * row_size);
		if (is_slip(written, name))
			return name;
	}
	return NULL;
}

bool is_netd_element(const xmlNode *node)
{
	return node->type == XML_ELEMENT_NODE && node->ns &&
	       !strcmp((const char *)node->ns->href, NETD_NAMESPACE);
}

/* What no table names. libvirt's users may have anything in a definition; in what is netd's own it
 * can only be a mistake. */
static int unknown(struct report *r, unsigned line, const xmlNode *parent, const char *what,
		   const char *name, const char *meant)
{
	if (is_netd_element(parent))
		return report_unwise(r, ERR_XML, line,
				     "the %s '%.200s' is not known in <netd:%s>%s%s%s", what, name,
				     (const char *)parent->name, meant ? "; probably '" : "",
				     meant ? meant : "", meant ? "' is meant" : "");
	return report_loose(
	    r, line, "the %s '%.200s' is not known in <%s>%s%s%s%s", what, name,
	    (const char *)parent->name, r->flags & NETWORK_PARSE_VALIDATE ? "" : " and is ignored",
	    meant ? "; probably '" : "", meant ? meant : "", meant ? "' is meant" : "");
}

/* Attributes. */

static const xmlAttr *find_attr(const xmlNode *node, const char *name)
{
	for (const xmlAttr *a = node->properties; a; a = a->next)
		if (!a->ns && !strcmp((const char *)a->name, name))
			return a;
	return NULL;
}

static bool has_row(const struct attr *rows, size_t n, const xmlAttr *a)
{
	for (size_t i = 0; !a->ns && i < n; i++)
		if (!strcmp((const char *)a->name, rows[i].name))
			return true;
	return false;
}

static int read_value(struct report *r, const struct spot *at, void *object)
{
	int err = at->row->read(r, at, (char *)object + at->row->offset);

	if (err < 0)
		return err;
	if (at->row->given)
		*(bool *)((char *)object + at->row->given - 1) = true;
	return 0;
}

static int refuse_missing(struct report *r, const xmlNode *node, const struct attr *row)
{
	const char *element = (const char *)node->name, *slip = NULL;

	if (row->from != ERR_FROM_XML) /* only those readers ask for it themselves */
		r->from = ERR_FROM_USUAL;
	for (const xmlAttr *a = node->properties; a && !slip; a = a->next)
		if (is_slip((const char *)a->name, row->name) &&
		    strcmp((const char *)a->name, row->name))
			slip = (const char *)a->name;
	if (slip)
		return report_refuse(
		    r, row->missing, line_of(node),
		    "<%s> has no attribute '%s', but '%s', which is probably meant to "
		    "be it; correct the name",
		    element, row->name, slip);
	return report_refuse(r, row->missing, line_of(node),
			     "<%s> has no attribute '%s'; add %s='…'", element, row->name,
			     row->name);
}

static int read_attr(struct report *r, const xmlNode *node, const struct attr *row, void *object)
{
	const xmlAttr *a = find_attr(node, row->name);
	xmlChar *value = a ? xmlNodeListGetString(node->doc, a->children, 1) : NULL;
	struct spot at = { node, row, value ? (const char *)value : "" };
	int err = 0;

	r->from = row->from;
	if (a && (*at.value || row->empty_counts))
		err = read_value(r, &at, object);
	else if (row->missing && !r->partial)
		err = refuse_missing(r, node, row);
	r->from = ERR_FROM_USUAL;
	xmlFree(value);
	return err;
}

int read_attrs(struct report *r, const xmlNode *node, const struct attr *rows, size_t n,
	       void *object)
{
	int err;

	for (const xmlAttr *a = node->properties; a; a = a->next) {
		if (has_row(rows, n, a))
			continue;
		const char *name = (const char *)a->name;
		err = unknown(r, line_of(node), node, "attribute", name,
			      a->ns ? NULL : meant_name(name, rows, n, sizeof(*rows)));
		if (err < 0)
			return err;
	}
	for (size_t i = 0; i < n; i++) {
		err = read_attr(r, node, &rows[i], object);
		if (err < 0)
			return err;
	}
	return 0;
}

int read_no_attrs(struct report *r, const xmlNode *node)
{
	return read_attrs(r, node, NULL, 0, NULL);
}

/* Children. */

static bool matches(const struct element *row, const xmlNode *node)
{
	const char *ns = node->ns ? (const char *)node->ns->href : NULL;

	return !strcmp((const char *)node->name, row->name) &&
	       (row->ns ? ns && !strcmp(ns, row->ns) : !ns);
}

static bool is_stray_text(const xmlNode *node)
{
	return node->type == XML_CDATA_SECTION_NODE ||
	       (node->type == XML_TEXT_NODE && !xmlIsBlankNode(node));
}

static int second_child(struct report *r, const xmlNode *node)
{
	if (is_netd_element(node))
		return report_unwise(r, ERR_XML, line_of(node),
				     "a second <netd:%s>; there may be one only",
				     (const char *)node->name);
	return report_loose(r, line_of(node), "a second <%s> is ignored; the first one counts",
			    (const char *)node->name);
}

static int unknown_child(struct report *r, const xmlNode *node, const struct element *rows,
			 size_t n)
{
	const char *name = (const char *)node->name;
	bool ours = is_netd_element(node);

	if (is_netd_element(node->parent) && !ours)
		return report_unwise(
		    r, ERR_XML, line_of(node),
		    "the element '%.200s' in <netd:%s> is not in the namespace '%s'; give it the "
		    "same prefix",
		    name, (const char *)node->parent->name, NETD_NAMESPACE);
	return unknown(r, line_of(node), node->parent, "element", name,
		       node->ns && !ours ? NULL : meant_name(name, rows, n, sizeof(*rows)));
}

static int read_child(struct report *r, xmlNode *node, const struct element *rows, size_t n,
		      uint64_t *seen, void *parent)
{
	for (size_t i = 0; i < n; i++) {
		if (!matches(&rows[i], node))
			continue;
		if (!rows[i].many && *seen & UINT64_C(1) << i)
			return second_child(r, node);
		*seen |= UINT64_C(1) << i;
		return rows[i].read(r, node, parent);
	}
	return unknown_child(r, node, rows, n);
}

int read_children(struct report *r, const xmlNode *node, const struct element *rows, size_t n,
		  void *parent)
{
	uint64_t seen = 0; /* one bit for each row */
	int err = 0;

	for (xmlNode *child = node->children; child && err == 0; child = child->next) {
		if (child->type == XML_ELEMENT_NODE)
			err = read_child(r, child, rows, n, &seen, parent);
		else if (is_stray_text(child))
			err = unknown(r, line_of(child), node, "text", (const char *)child->content,
				      NULL);
	}
	return err;
}

int read_no_children(struct report *r, const xmlNode *node)
{
	return read_children(r, node, NULL, 0, NULL);
}

int read_content(struct report *r, const xmlNode *node, char **ret)
{
	xmlChar *content = xmlNodeGetContent(node);
	char *copy = content ? strdup((const char *)content) : NULL;

	xmlFree(content);
	if (!copy)
		return report_no_memory(r);
	if (!*copy) {
		free(copy);
		copy = NULL;
	}
	free(*ret);
	*ret = copy;
	return 0;
}

/* Values. */

int attr_ignore(struct report *r, const struct spot *at, void *field)
{
	return 0;
}

int attr_text(struct report *r, const struct spot *at, void *field)
{
	char **text = field;

	free(*text);
	*text = strdup(at->value);
	return *text ? 0 : report_no_memory(r);
}

static int refuse_word(struct report *r, const struct spot *at)
{
	char list[200] = "";
	size_t n = 0;

	for (const struct word *w = at->row->words; w->text && n < sizeof(list); w++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s'%s'",
				      w == at->row->words ? ""
				      : w[1].text         ? ", "
							  : " or ",
				      w->text);
	return spot_refuse(r, at, "is not understood; write %s", list);
}

int attr_word(struct report *r, const struct spot *at, void *field)
{
	for (const struct word *w = at->row->words; w->text; w++)
		if (!strcmp(w->text, at->value)) {
			memcpy(field, &w->value, sizeof(w->value));
			return 0;
		}
	return refuse_word(r, at);
}

/* The word without the blanks around it, which the schema doesn't see, is one of two. */
static bool is_padded(const char *value, const char *yes, const char *no)
{
	const char *word = value + strspn(value, " \t\n\r");
	size_t n = strcspn(word, " \t\n\r");
	bool is_one = (n == strlen(yes) && !strncmp(word, yes, n)) ||
		      (n == strlen(no) && !strncmp(word, no, n));

	return is_one && !word[n + strspn(word + n, " \t\n\r")];
}

/* A word that libvirt takes for a no (or for an on), whatever its writer meant. */
static int loose_word(struct report *r, const struct spot *at, const char *read_as, const char *yes,
		      const char *no)
{
	char text[512];

	snprintf(text, sizeof(text), "<%s %s='%.200s'> is read as '%s'; write '%s' or '%s'",
		 (const char *)at->node->name, at->row->name, at->value, read_as, yes, no);
	if (!is_padded(at->value, yes, no))
		return report_loose(r, line_of(at->node), "%s", text);
	report_doubt(r, line_of(at->node), "%s", text);
	return 0;
}

int attr_on_off(struct report *r, const struct spot *at, void *field)
{
	bool off = !strcmp(at->value, "off");

	*(bool *)field = !off;
	return off || !strcmp(at->value, "on") ? 0 : loose_word(r, at, "on", "on", "off");
}

int attr_yes_else(struct report *r, const struct spot *at, void *field)
{
	bool yes = !strcasecmp(at->value, "yes");

	*(enum tristate *)field = yes ? TRI_YES : TRI_NO;
	return yes || !strcasecmp(at->value, "no") ? 0 : loose_word(r, at, "no", "yes", "no");
}

static void store_number(void *field, size_t size, uint64_t v)
{
	switch (size) {
	case sizeof(uint8_t):
		*(uint8_t *)field = (uint8_t)v;
		break;
	case sizeof(uint16_t):
		*(uint16_t *)field = (uint16_t)v;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)field = (uint32_t)v;
		break;
	default:
		*(uint64_t *)field = v;
	}
}

/* A limit narrower than the 32 bits that libvirt's reader takes is watched by somebody else. */
static void blame_limit(struct report *r, const struct attr *row, uint64_t v)
{
	if (row->max && v <= UINT32_MAX && r->from == ERR_FROM_XML)
		r->from = ERR_FROM_NONE;
}

int attr_number(struct report *r, const struct spot *at, void *field)
{
	size_t size = at->row->size;
	uint64_t max = at->row->max ? at->row->max : UINT64_MAX >> (64 - 8 * size);
	const char *digits = at->value + strspn(at->value, " \t\n\r");
	uint64_t v;

	digits += digits[0] == '+';
	switch (parse_u64(digits, 0, max, &v)) {
	case 0:
		store_number(field, size, v);
		return 0;
	case -ERANGE:
		blame_limit(r, at->row, strtoull(digits, NULL, 10));
		return spot_refuse(r, at, "is too large; the largest number here is %llu",
				   (unsigned long long)max);
	default:
		return spot_refuse(r, at,
				   "is not a number; write a decimal number without sign or unit");
	}
}

int attr_c_number(struct report *r, const struct spot *at, void *field)
{
	char *end;

	errno = 0;
	unsigned long long v = strtoull(at->value, &end, 0);
	if (errno || *end || end == at->value || strchr(at->value, '-') || v > at->row->max) {
		if (!errno && !*end && end != at->value && !strchr(at->value, '-'))
			blame_limit(r, at->row, v);
		return spot_refuse(r, at, "is not a number from 0 to %llu (0x%llx)",
				   (unsigned long long)at->row->max,
				   (unsigned long long)at->row->max);
	}
	store_number(field, at->row->size, v);
	return 0;
}

/* "10.99.1", which the C library (and libvirt) reads as 10.99.0.1; octal and hexadecimal forms too.
 */
static int read_short_ip(struct report *r, const struct spot *at, struct ip *ret)
{
	char full[IP_TEXT_MAX];
	struct in_addr v4;

	if (strpbrk(at->value, " \t\n\r") || !inet_aton(at->value, &v4))
		return spot_refuse(r, at,
				   "is not an IP address; write a numeric address, such as "
				   "192.168.122.1, without prefix length, port or name");
	*ret = ip_from_v4(ntohl(v4.s_addr));
	return report_unwise(r, value_class(at->row), line_of(at->node),
			     "<%s %s='%.200s'> would be read as %s; write all four decimal numbers",
			     (const char *)at->node->name, at->row->name, at->value,
			     ip_format(ret, full));
}

int attr_ip(struct report *r, const struct spot *at, void *field)
{
	return ip_parse(at->value, field) == 0 ? 0 : read_short_ip(r, at, field);
}

/* libvirt passes over blanks behind it. */
static int parse_mac(const char *text, struct mac *ret)
{
	char buf[MAC_TEXT_MAX];
	size_t n = strlen(text);

	while (n && strchr(" \t\n\r", text[n - 1]))
		n--;
	if (n >= sizeof(buf))
		return -EINVAL;
	snprintf(buf, sizeof(buf), "%.*s", (int)n, text);
	return mac_parse(buf, ret);
}

int attr_mac(struct report *r, const struct spot *at, void *field)
{
	struct mac m;

	if (parse_mac(at->value, &m) < 0)
		return spot_refuse(r, at,
				   "is not a MAC address; write six octets, such as "
				   "52:54:00:12:34:56");
	if (mac_is_multicast(&m))
		return spot_refuse(r, at,
				   "is a multicast address; the first octet of a station's "
				   "address must be even");
	*(struct mac *)field = m;
	return 0;
}

int attr_uuid(struct report *r, const struct spot *at, void *field)
{
	return uuid_parse(at->value, field) == 0 ? 0
						 : spot_refuse(r, at,
							       "is not a UUID; write 32 "
							       "hexadecimal digits");
}
