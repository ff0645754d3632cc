/* SPDX-License-Identifier: GPL-2.0-or-later */
/* format-internal.h — the writer that definitions and ports are printed with, and the elements that
 * both have. */
#ifndef NETWORK_FORMAT_INTERNAL_H
#define NETWORK_FORMAT_INTERNAL_H

#include "base/text.h"
#include "network/xml.h"

/* For network_format(): without the <host> elements of <dhcp> (copy.c). */
#define NETWORK_FORMAT_NO_HOSTS 0x100u

/* What is being written: the text, the depth of indentation, and what network_format() was asked
 * for. */
struct out {
	struct text text;
	unsigned depth, flags;
	const unsigned *users; /* of each of forward.interfaces, or NULL */
};

void out_start(struct out *o, const char *name);
void out_open(struct out *o);
void out_close(struct out *o, const char *name);
void out_end_empty(struct out *o);
void out_attr(struct out *o, const char *name, const char *value);
void out_attr_ull(struct out *o, const char *name, uint64_t value);
void out_attr_yes_no(struct out *o, const char *name, enum tristate t);
void out_attr_address(struct out *o, const char *name, const struct ip *a);
void out_attr_uuid(struct out *o, const char *name, const struct uuid *u);
void out_element_text(struct out *o, const char *name, const char *content);

/* Each writes nothing when there is nothing to say. */
void format_vlan(struct out *o, const struct vlan *v);
void format_bandwidth(struct out *o, const struct bandwidth *b,
		      uint32_t class_id); /* class_id 0: none */
void format_virtualport(struct out *o, const struct virtualport *v);
void format_portgroup(struct out *o, const struct portgroup *g);
void format_port(struct out *o, enum tristate isolated);

#endif
