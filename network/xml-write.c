/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-write.c — elements and attributes as libvirt writes them: two blanks a level, single quotes.
 */
#include "network/format-internal.h"

#include <inttypes.h>
#include <string.h>

static void out_indent(struct out *o)
{
	static const char blanks[] = "                                ";

	for (unsigned left = o->depth; left;) {
		unsigned n = MIN_OF(left, (unsigned)(sizeof(blanks) - 1) / 2);
		text_add_n(&o->text, blanks, 2 * n);
		left -= n;
	}
}

/* Start an element: "<name"; its attributes follow. */
void out_start(struct out *o, const char *name)
{
	out_indent(o);
	text_add(&o->text, "<");
	text_add(&o->text, name);
}

/* End the start tag; what is written until out_close() is inside. */
void out_open(struct out *o)
{
	text_add(&o->text, ">\n");
	o->depth++;
}

void out_close(struct out *o, const char *name)
{
	o->depth--;
	out_indent(o);
	text_add(&o->text, "</");
	text_add(&o->text, name);
	text_add(&o->text, ">\n");
}

void out_end_empty(struct out *o)
{
	text_add(&o->text, "/>\n");
}

/* Line breaks and tabs as references: written raw, a reader would turn them into blanks. */
void out_attr(struct out *o, const char *name, const char *value)
{
	if (!value)
		return;
	text_add(&o->text, " ");
	text_add(&o->text, name);
	text_add(&o->text, "='");
	for (size_t n; (n = strcspn(value, "\t\n\r")), value[n]; value += n + 1) {
		auto_free char *plain = strndup(value, n);
		if (plain)
			text_add_xml(&o->text, plain);
		else
			o->text.failed = true;
		text_addf(&o->text, "&#%d;", value[n]);
	}
	text_add_xml(&o->text, value);
	text_add(&o->text, "'");
}

void out_attr_ull(struct out *o, const char *name, uint64_t value)
{
	text_addf(&o->text, " %s='%" PRIu64 "'", name, value);
}

void out_attr_yes_no(struct out *o, const char *name, enum tristate t)
{
	if (t != TRI_ABSENT)
		out_attr(o, name, t == TRI_YES ? "yes" : "no");
}

void out_attr_address(struct out *o, const char *name, const struct ip *a)
{
	char buf[IP_TEXT_MAX];

	if (ip_is_set(a))
		out_attr(o, name, ip_format(a, buf));
}

void out_attr_uuid(struct out *o, const char *name, const struct uuid *u)
{
	char buf[UUID_TEXT_MAX];

	out_attr(o, name, uuid_format(u, buf));
}

/* <name>content</name>; nothing for NULL. */
void out_element_text(struct out *o, const char *name, const char *content)
{
	if (!content)
		return;
	out_start(o, name);
	text_add(&o->text, ">");
	for (const char *cr; (cr = strchr(content, '\r')); content = cr + 1) {
		auto_free char *plain = strndup(content, (size_t)(cr - content));
		text_add_xml(&o->text, plain ? plain : "");
		text_add(&o->text, "&#13;");
		o->text.failed |= !plain;
	}
	text_add_xml(&o->text, content);
	text_addf(&o->text, "</%s>\n", name);
}
