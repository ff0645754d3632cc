/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update-internal.h — what the sections of net-update share.
 *
 * An update has two definitions in hand: the one that is being changed, and a scratch one that
 * holds nothing but the element that the caller sent. To add is to move the element from the
 * scratch definition into the other, to modify is to exchange two, to delete is to move one out:
 * whatever is left over is freed with the scratch definition. Lists keep their order. */
#ifndef NETWORK_UPDATE_INTERNAL_H
#define NETWORK_UPDATE_INTERNAL_H

#include "network/report.h"
#include "network/update.h"

struct change {
	struct report *r;
	enum network_update_command command;
	int parent_index;
	struct network *def;  /* is changed */
	struct network *part; /* the element: in the place where it stands in a definition, alone */
};

/* Both add commands. */
bool change_adds(const struct change *c);

/* libvirt's class for what doesn't fit the definition as it is. */
int change_refuse(const struct change *c, const char *fmt, ...) printflike(2, 3);

struct list {
	void *array_ptr; /* pointer to the pointer to the elements */
	size_t *n, size;
};
#define LIST(array, count) ((struct list){ &(array), &(count), sizeof(*(array)) })

/* `from` has one element, which is added first or last, or changes places with element `i` of `to`.
 * list_remove() moves that one behind it. */
int list_add(const struct change *c, struct list to, struct list from) mustcheck;
void list_replace(struct list to, size_t i, struct list from);
int list_remove(const struct change *c, struct list to, size_t i, struct list from) mustcheck;

/* Exchange the contents of two objects of one type. */
#define EXCHANGE(a, b)                                                                             \
	do {                                                                                       \
		__typeof__(a) exchanged = (a);                                                     \
		(a) = (b);                                                                         \
		(b) = exchanged;                                                                   \
	} while (0)

/* The sections. */
int update_bridge(const struct change *c); /* update-link.c */
int update_domain(const struct change *c);
int update_ip(const struct change *c); /* update-ip.c */
int update_dhcp_host(const struct change *c);
int update_dhcp_range(const struct change *c);
int update_forward(const struct change *c); /* update-forward.c */
int update_forward_interface(const struct change *c);
int update_forward_pf(const struct change *c);
int update_portgroup(const struct change *c);
int update_dns_host(const struct change *c); /* update-dns.c */
int update_dns_txt(const struct change *c);
int update_dns_srv(const struct change *c);

/* Read the element of a section into the empty definition `part` (xml-fragment.c). */
int fragment_read(struct report *r, enum network_section section, const char *xml, size_t n,
		  const char *network_name, struct network *part) mustcheck;

/* The text of a printed <metadata> (NULL: none) with the element of namespace `uri` replaced by
 * `xml`, or removed (NULL); NULL in *ret when nothing is left (xml-metadata.c). */
int metadata_set(struct report *r, const char *metadata, const char *xml, const char *uri,
		 const char *key, char **ret) mustcheck;
/* The element of namespace `uri`, without that namespace's prefix; NULL in *ret when absent. */
int metadata_get(struct report *r, const char *metadata, const char *uri, char **ret) mustcheck;

/* From a definition that was changed to one that is valid, as if its text had been defined; its
 * static hosts move there. When the old one is of the kind that is only loaded from disk, the new
 * one is judged like it. `warnings` gets what was not said of the old one. */
int update_settle(const struct network *old, struct network *changed, struct network **ret,
		  struct network_warnings *warnings, struct err *e) mustcheck;

#endif
