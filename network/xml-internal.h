/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-internal.h — from elements and attributes to struct members, by tables.
 *
 * Each element of the document has a table of its attributes and one of its children, beside the
 * function that reads it. A row of struct attr is one attribute: its name, the reader of its value,
 * and the member that takes it; a row of struct element is one child and the function that reads
 * it. What no row names is reported by name and line. Here a value is judged only by itself; how
 * values fit together is validate.c's business, after the whole document was read. */
#ifndef NETWORK_XML_INTERNAL_H
#define NETWORK_XML_INTERNAL_H

#include "network/report.h"

#include <libxml/tree.h>

#define DNSMASQ_NAMESPACE "http://libvirt.org/schemas/network/dnsmasq/1.0"

bool is_netd_element(const xmlNode *node);

struct word { /* one word of an enumeration; a table ends with a NULL text */
	const char *text;
	unsigned value;
};
extern const struct word words_yes_no[]; /* enum tristate */

struct attr;
struct spot { /* an attribute that is being read */
	const xmlNode *node;
	const struct attr *row;
	const char *value;
};

typedef int attr_reader(struct report *r, const struct spot *at, void *field);
struct attr {
	const char *name;
	attr_reader *read;
	size_t offset, size;      /* of the member */
	size_t given;             /* GIVEN(): a bool that becomes true; 0: none */
	const struct word *words; /* attr_word */
	uint64_t max;             /* attr_number; 0: whatever the member holds */
	enum err_class class;     /* of a bad value; ERR_NONE: ERR_XML */
	enum err_class missing;   /* of an absent one; ERR_NONE: it may be absent */
	enum err_from from;       /* of both */
	bool empty_counts;        /* '' is a value; else it is the same as absent */
};
#define GIVEN(type, member) (offsetof(type, member) + 1)
#define ATTR(attr_name, reader, type, member, ...)                                                 \
	{                                                                                          \
		.name = (attr_name), .read = (reader), .offset = offsetof(type, member),           \
		.size = sizeof(((type *)NULL)->member), __VA_ARGS__                                \
	}
#define ATTR_YES_NO(attr_name, type, member)                                                       \
	ATTR(attr_name, attr_word, type, member, .words = words_yes_no, .empty_counts = true,      \
	     .from = ERR_FROM_XML)

attr_reader attr_ignore;   /* known, without meaning on input */
attr_reader attr_text;     /* char * */
attr_reader attr_word;     /* an enum, by .words */
attr_reader attr_on_off;   /* bool; as libvirt, any word but "off" is on */
attr_reader attr_yes_else; /* enum tristate; as libvirt, any word but "yes" is no */
attr_reader attr_number;   /* an unsigned integer of any size */
attr_reader attr_c_number; /* the same, up to .max; hexadecimal with 0x, as libvirt reads it */
attr_reader attr_ip;       /* struct ip */
attr_reader attr_mac;      /* struct mac, of one station */
attr_reader attr_uuid;     /* struct uuid */

/* "<range start='x'> " and the rest, refused in the row's class. */
int spot_refuse(struct report *r, const struct spot *at, const char *fmt, ...) printflike(3, 4);

struct element {
	const char *name;
	int (*read)(struct report *r, xmlNode *node, void *parent);
	bool many;      /* may be repeated; else the first one counts, as libvirt has it */
	const char *ns; /* its namespace; NULL: none */
};

/* Read the attributes of `node` into the struct at `object`. */
int read_attrs(struct report *r, const xmlNode *node, const struct attr *rows, size_t n,
	       void *object) mustcheck;
/* Call each child's reader with `parent`, in the order of the document. */
int read_children(struct report *r, const xmlNode *node, const struct element *rows, size_t n,
		  void *parent) mustcheck;
#define READ_ATTRS(r, node, rows, object)    read_attrs(r, node, rows, ARRAY_LEN(rows), object)
#define READ_CHILDREN(r, node, rows, parent) read_children(r, node, rows, ARRAY_LEN(rows), parent)
/* An element that has attributes only, or nothing but children. */
int read_no_children(struct report *r, const xmlNode *node) mustcheck;
int read_no_attrs(struct report *r, const xmlNode *node) mustcheck;

unsigned line_of(const xmlNode *node);

/* The text inside an element, new; NULL in *ret when it is empty. */
int read_content(struct report *r, const xmlNode *node, char **ret) mustcheck;

/* A new zeroed element at the end of an array whose capacity is the next power of two. NULL and the
 * error set when out of memory. */
void *append_zeroed(struct report *r, void *array_ptr, size_t *n, size_t size);
#define APPEND(r, array, n) ((__typeof__(array))append_zeroed(r, &(array), &(n), sizeof(*(array))))

/* The readers of the elements of <network>; parent is the struct that holds them. */
int read_forward(struct report *r, xmlNode *node, void *network);
int read_ip(struct report *r, xmlNode *node, void *network);
int read_route(struct report *r, xmlNode *node, void *network);
int read_dns(struct report *r, xmlNode *node, void *network);
int read_portgroup(struct report *r, xmlNode *node, void *network);
int read_bridge(struct report *r, xmlNode *node, void *network);
int read_domain(struct report *r, xmlNode *node, void *network);
int read_forward_interface(struct report *r, xmlNode *node, void *forward);
int read_forward_pf(struct report *r, xmlNode *node, void *forward);
int read_dhcp_range(struct report *r, xmlNode *node, void *ip);
int read_dhcp_host(struct report *r, xmlNode *node, void *ip);
int read_dns_host(struct report *r, xmlNode *node, void *dns);
int read_dns_txt(struct report *r, xmlNode *node, void *dns);
int read_dns_srv(struct report *r, xmlNode *node, void *dns);
/* These have more than one kind of parent: they take their own struct. */
int read_vlan(struct report *r, const xmlNode *node, struct vlan *v) mustcheck;
int read_bandwidth(struct report *r, const xmlNode *node, struct bandwidth *b) mustcheck;
int read_virtualport(struct report *r, const xmlNode *node, struct virtualport *v) mustcheck;
struct port_bandwidth {
	struct bandwidth bandwidth;
	uint32_t class_id;
};
int read_port_bandwidth(struct report *r, const xmlNode *node, struct port_bandwidth *b) mustcheck;

/* A document of an untrusted writer as a tree, or NULL and the error: no DOCTYPE, no network, no
 * file, bounded in size, depth and number of elements. The caller frees it with xmlFreeDoc(). */
xmlDoc *document_read(struct report *r, const char *xml, size_t n);

/* libxml2 ran out of memory since xmlResetLastError(), and may have left out nodes or text. */
bool document_is_torn(void);

/* Elements of <netd:network>; parent is the struct netd_options. */
int read_netd_uplink(struct report *r, xmlNode *node, void *options);
int read_netd_dns(struct report *r, xmlNode *node, void *options);

/* Read the elements of <metadata> that are netd's own. */
int read_netd_options(struct report *r, xmlNode *metadata, struct netd_options *ret) mustcheck;

/* Fill in what the lines for dnsmasq mean, after the whole document was read (dnsmasq.c). */
int dnsmasq_translate(struct report *r, struct network *n) mustcheck;

int read_netd_dhcp(struct report *r, xmlNode *node, void *options) mustcheck; /* xml-dhcp.c */
int read_relayed(struct report *r, xmlNode *node, void *dhcp) mustcheck;      /* xml-relayed.c */

/* A definition against network.rng, after it was read and judged with the result `err`, which is
 * returned when the schema has nothing to add; else an error of class ERR_XML_INVALID_SCHEMA. The
 * document can only be freed afterwards: much has been taken out of it. */
int schema_check(struct report *r, xmlDoc *doc, int err) mustcheck;

/* The <metadata> element as libvirt keeps it, serialised. NULL in *ret when nothing is left of it.
 */
int metadata_read(struct report *r, xmlNode *node, char **ret) mustcheck;

#endif
